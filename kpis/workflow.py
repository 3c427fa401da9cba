"""The way of a progress report: draft → submitted → accepted, or returned with a note and submitted again (DOMAIN §6).

The only writer of a report's state and of its accepted figure. Each step locks the row, asks whether it may be taken, and saves with
user and reason, in one transaction. A step that may not be taken raises ValidationError with the sentence that says why.
"""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from budget.history import explain
from kpis.choices import ReportState
from kpis.models import ProgressReport

MAY_BE_ENTERED = (ReportState.DRAFT, ReportState.RETURNED)


def may_be_entered(report: ProgressReport) -> bool:
    """Whether the figure may be written: not while a reviewer decides, nor once accepted."""
    return report.state in MAY_BE_ENTERED


@transaction.atomic
def submit(report: ProgressReport, *, by) -> ProgressReport:
    """Hand a draft or returned report to the reviewers. `by` is an official of an organisation that answers for the programme."""
    report = _locked(report)
    _refuse_unless(may_be_entered(report), _("Only a draft or a returned report can be submitted."))
    _refuse_unless(by.has_perm("kpis.submit_progressreport"), _("Only an official submits reports."))
    _refuse_unless(
        ProgressReport.objects.editable_by(by, timezone.localdate()).filter(pk=report.pk).exists(),
        _("This programme belongs to another organisation."),
    )
    _refuse_unless(report.has_figure, _("A report is submitted with a result: enter it first."))
    report.state = ReportState.SUBMITTED
    report.submitted_by, report.submitted_at = by, timezone.now()
    report.full_clean()
    return _saved(report, by, _("submitted"))


@transaction.atomic
def accept(report: ProgressReport, *, by) -> ProgressReport:
    """Let the reported figure count. `by` is a reviewer who never reported nor submitted it, nor an earlier figure of the report."""
    report = _locked(report)
    _refuse_unless(report.state == ReportState.SUBMITTED, _("Only a submitted report can be accepted or returned."))
    _refuse_unless(by.has_perm("kpis.decide_progressreport"), _("Only a reviewer decides reports."))
    _refuse_unless(not _has_reported(by, report), _("Nobody accepts what they reported."))
    report.state = ReportState.ACCEPTED
    report.decided_by, report.decided_at, report.decision_note = by, timezone.now(), ""
    report.accepted_value, report.accepted_grade = report.value, report.grade
    report.accepted_measured_on, report.accepted_preliminary = report.day_measured, report.preliminary
    return _saved(report, by, _("accepted"))


@transaction.atomic
def send_back(report: ProgressReport, *, by, note: str) -> ProgressReport:
    """Return a submitted report to its author with a note that says what is missing."""
    report = _locked(report)
    _refuse_unless(report.state == ReportState.SUBMITTED, _("Only a submitted report can be accepted or returned."))
    _refuse_unless(by.has_perm("kpis.decide_progressreport"), _("Only a reviewer decides reports."))
    _refuse_unless(bool(note.strip()), _("A report is returned with a note."))
    report.state = ReportState.RETURNED
    report.decided_by, report.decided_at, report.decision_note = by, timezone.now(), note.strip()
    return _saved(report, by, note.strip())


def _has_reported(user, report: ProgressReport) -> bool:
    """Whether the user is, or was at any time, the one who reported or submitted it."""
    return (
        user.pk in (report.reported_by_id, report.submitted_by_id)
        or report.history.filter(Q(reported_by=user) | Q(submitted_by=user)).exists()
    )


def _locked(report: ProgressReport) -> ProgressReport:
    return ProgressReport.objects.select_for_update(of=("self",)).select_related("target").get(pk=report.pk)


def _refuse_unless(allowed: bool, sentence: str) -> None:
    if not allowed:
        raise ValidationError(sentence)


def _saved(report: ProgressReport, by, reason: str) -> ProgressReport:
    explain(report, reason=str(reason), by=by)
    report.save()
    return report
