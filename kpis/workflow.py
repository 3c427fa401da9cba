"""The steps that people take on progress reports and on targets: which may be taken, by whom, and what each leaves behind (DOMAIN §5, §6).

A report goes draft → submitted → accepted, or returned with a note and submitted again. Its author recalls it while nobody has decided; an
accepted one is corrected by reopening it; what should not stand is taken down. A missed target is closed by a reviewer, a target that no
longer stands is withdrawn, and what a source left open is settled by the official who first reports on it. Of a locked year nobody takes a
step but reviewers, who accept or return what waits.

The only writer of a report's state and of its accepted figure, of closed misses, and of withdrawals. Each step locks the row, asks whether
it may be taken, and saves with user and reason, in one transaction. A step that may not be taken raises ValidationError with the sentence
that says why: NotAllowed where it is not this user's to take.
"""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from budget.history import explain
from kpis import locks
from kpis.choices import ReportState, Status
from kpis.models import ClosedMiss, Evidence, OutcomeTarget, ProgressReport

Row = TypeVar("Row", bound=models.Model)


class NotAllowed(ValidationError):
    """The step is not this user's to take, whenever."""


MAY_BE_ENTERED = (ReportState.DRAFT, ReportState.RETURNED)


def may_be_entered(report: ProgressReport) -> bool:
    """Whether the figure may be written: not while a reviewer decides, nor once accepted."""
    return report.state in MAY_BE_ENTERED


# --- Reports: the official's steps --------------------------------------------------------------------------------------------------


def _may_submit(report: ProgressReport, by) -> None:
    _official_of(report, by, _("Only an official submits reports."))
    _refuse_unless(may_be_entered(report), _("Only a draft or a returned report can be submitted."))


@transaction.atomic
def submit(report: ProgressReport, *, by) -> ProgressReport:
    """Hand a draft or returned report to the reviewers. `by` is an official of an organisation that answers for the programme."""
    report = _locked(report)
    _may_submit(report, by)
    _refuse_unless(report.has_figure, _("A report is submitted with a result: enter it first."))
    report.state = ReportState.SUBMITTED
    report.submitted_by, report.submitted_at = by, _now()
    report.full_clean()
    return _saved(report, by, _("submitted"))


def _may_recall(report: ProgressReport, by) -> None:
    _official_of(report, by, _("Only an official recalls reports."))
    _refuse_unless(report.state == ReportState.SUBMITTED, _("Only a submitted report can be recalled: it is not submitted, or decided."))
    _allow(by.pk in report.author_ids, _("Only its author recalls a report."))


@transaction.atomic
def recall(report: ProgressReport, *, by) -> ProgressReport:
    """Take a submitted report back before a reviewer decides (引戻し): it is a draft again. `by` reported or submitted it."""
    report = _locked(report)
    _may_recall(report, by)
    report.state = ReportState.DRAFT
    report.submitted_by = report.submitted_at = None
    return _saved(report, by, _("recalled"))


# --- Reports: the reviewer's steps --------------------------------------------------------------------------------------------------


def _may_decide(report: ProgressReport, by) -> None:
    _allow(by.has_perm("kpis.decide_progressreport"), _("Only a reviewer decides reports."))
    _refuse_unless(report.state == ReportState.SUBMITTED, _("Only a submitted report can be accepted or returned."))
    _refuse_unless(report.target.withdrawn_at is None, _("The target of this report is withdrawn."))


def _may_accept(report: ProgressReport, by) -> None:
    _may_decide(report, by)
    _allow(not _has_reported(by, report), _("Nobody accepts what they reported."))


@transaction.atomic
def accept(report: ProgressReport, *, by) -> ProgressReport:
    """Let the reported figure count. `by` is a reviewer who never reported nor submitted it, nor an earlier figure of the report."""
    report = _locked_as_submitted(report)
    _may_accept(report, by)
    report.state = ReportState.ACCEPTED
    report.decided_by, report.decided_at, report.decision_note = by, _now(), ""
    _let_count(report)
    return _saved(report, by, _("accepted"))


@dataclass
class Acceptances:
    """What became of many reports that were to be accepted: those accepted, and those skipped, each with the sentence that says why."""

    accepted: list[ProgressReport] = field(default_factory=list)
    skipped: list[tuple[ProgressReport, str]] = field(default_factory=list)


def accept_each(reports: Iterable[ProgressReport], *, by) -> Acceptances:
    """Accept every report that may be accepted, each in a transaction of its own, and tell of the others why not."""
    told = Acceptances()
    for report in reports:
        try:
            told.accepted.append(accept(report, by=by))
        except ValidationError as error:
            told.skipped.append((report, " ".join(error.messages)))
    return told


@transaction.atomic
def send_back(report: ProgressReport, *, by, reason: str) -> ProgressReport:
    """Return a submitted report to its author with a note that says what is missing."""
    report = _locked_as_submitted(report)
    _may_decide(report, by)
    note = _given(reason, _("A report is returned with a note."))
    report.state = ReportState.RETURNED
    report.decided_by, report.decided_at, report.decision_note = by, _now(), note
    return _saved(report, by, note)


# --- Reports: correcting what was accepted, taking down what should not stand --------------------------------------------------------


def _may_reopen(report: ProgressReport, by) -> None:
    _refuse_locked(report)
    if report.state == ReportState.TAKEN_DOWN or not by.has_perm("kpis.decide_progressreport"):
        _official_of(report, by, _("Only an official reopens what was taken down; an accepted report, also a reviewer."))
    _refuse_unless(
        report.state in (ReportState.ACCEPTED, ReportState.TAKEN_DOWN), _("Only an accepted report, or one taken down, can be reopened.")
    )
    _refuse_unless(report.target.withdrawn_at is None, _("The target of this report is withdrawn."))


@transaction.atomic
def reopen(report: ProgressReport, *, by, reason: str) -> ProgressReport:
    """Open an accepted report for a correction. Its accepted figure goes on counting (訂正中) until the new one is accepted.

    In the hands of an official of the programme it is a draft again; a reviewer returns it to them with the reason as the note. A report
    that was taken down is opened again by an official alone.
    """
    report = _locked(report)
    _may_reopen(report, by)
    reason = _given(reason, _("A report is reopened with a reason."))
    report.submitted_by = report.submitted_at = None
    if _answers_for(by, report):
        report.state, report.decision_note = ReportState.DRAFT, ""
    else:
        report.state = ReportState.RETURNED
        report.decided_by, report.decided_at, report.decision_note = by, _now(), reason
    return _saved(report, by, reason)


def _may_take_down(report: ProgressReport, by) -> None:
    _refuse_locked(report)
    if report.accepted_measured_on is None:
        _official_of(report, by, _("Only an official takes down what nobody accepted."))
        _refuse_unless(may_be_entered(report), _("Only a draft, a returned or an accepted report can be taken down."))
    else:
        _allow(by.has_perm("kpis.decide_progressreport"), _("Only a reviewer takes down an accepted result."))
        _allow(not _has_reported(by, report), _("Nobody takes down an accepted result that they reported."))


@transaction.atomic
def take_down(report: ProgressReport, *, by, reason: str) -> ProgressReport:
    """Take a report away with a reason (取下げ): its figure counts no more. It stays, with its history, and can be reopened.

    What nobody accepted is taken down by an official of the programme; an accepted result by a reviewer who did not report it.
    """
    report = _locked(report)
    _may_take_down(report, by)
    reason = _given(reason, _("A report is taken down with a reason."))
    report.state = ReportState.TAKEN_DOWN
    report.decided_by, report.decided_at, report.decision_note = by, _now(), reason
    report.accepted_value = report.accepted_grade = report.accepted_measured_on = None
    report.accepted_preliminary = False
    return _saved(report, by, reason)


# --- Reports: what a figure would give ----------------------------------------------------------------------------------------------


def target_if_accepted(report: ProgressReport, on: date) -> OutcomeTarget | None:
    """The report's target with its status on a day as if the figure entered were accepted; None without a figure, or where the target
    is withdrawn. `report` may be unsaved, and so may terms settled on its target.

    Asked of the one rule: what is entered is written, the status read, and all of it rolled back.
    """
    if not report.has_figure:
        return None
    entered = copy(report)
    _let_count(entered)
    with transaction.atomic():
        for row in (report.target, entered):
            row.skip_history_when_saving = True
            try:
                row.save()
            finally:
                del row.skip_history_when_saving
        target = OutcomeTarget.objects.filter(pk=report.target_id).with_status(on).first()
        transaction.set_rollback(True)
    if target is not None:
        target.under_correction = False  # it would not be, once accepted
    return target


def _let_count(report: ProgressReport) -> None:
    report.accepted_value, report.accepted_grade = report.value, report.grade
    report.accepted_measured_on, report.accepted_preliminary = report.day_measured, report.preliminary


# --- Targets ------------------------------------------------------------------------------------------------------------------------


@transaction.atomic
def settle(target: OutcomeTarget, *, by, reason: str, **terms) -> OutcomeTarget:
    """Settle what the source left open: `comparator` or `accumulation`, where it is assumed, and `deadline_event_on`, where it is not
    recorded. `by` is an official who reports on the target.
    """
    target = _locked(target)
    _allow(OutcomeTarget.objects.reportable_by(by, _today()).filter(pk=target.pk).exists(), _("You do not report on this target."))
    for name, value in terms.items():
        _refuse_unless(name in target.left_open, _("This is settled already."))
        setattr(target, name, value)
        if name != "deadline_event_on":
            setattr(target, f"{name}_assumed", False)
    target.full_clean()
    return _saved(target, by, _given(reason, _("Give the reason: what is laid down here changes.")))


def _may_withdraw(target: OutcomeTarget, by) -> None:
    _allow(by.has_perm("kpis.change_outcometarget"), _("Only an administrator withdraws targets."))
    _refuse_unless(target.withdrawn_at is None, _("This target is withdrawn already."))


@transaction.atomic
def withdraw(target: OutcomeTarget, *, by, reason: str) -> OutcomeTarget:
    """Take a target out of every list from today on. It stays, with its history; a second withdrawal is refused."""
    target = _locked(target)
    _may_withdraw(target, by)
    reason = _given(reason, _("A target is withdrawn with a reason."))
    target.withdrawn_by, target.withdrawn_at, target.withdrawal_reason = by, _now(), reason
    return _saved(target, by, reason)


def _may_follow_up_miss(target: OutcomeTarget, by, *, is_closed: bool, otherwise) -> None:
    """`target` carries its status of today, where it is not withdrawn."""
    _allow(by.has_perm("kpis.close_missed_target"), _("Only a reviewer closes or reopens a miss."))
    _refuse_unless(target.withdrawn_at is None and target.status == Status.MISSED, _("The target is not missed today."))
    _refuse_unless(target.miss_closed == is_closed, otherwise)
    own = ProgressReport.history.filter(Q(reported_by=by) | Q(submitted_by=by), target_id=target.pk)
    _allow(not own.exists(), _("Nobody closes the miss of a target that they reported on."))


def _may_close_miss(target: OutcomeTarget, by) -> None:
    _may_follow_up_miss(target, by, is_closed=False, otherwise=_("The miss of this year is closed already."))


@transaction.atomic
def close_miss(target: OutcomeTarget, *, by, reason: str) -> ClosedMiss:
    """Close the miss of the year judged today: the target leaves the overdue list and keeps its status (DOMAIN §5).

    `by` is a reviewer who reported none of the target's results.
    """
    target = with_status_of_today(_locked(target))
    _may_close_miss(target, by)
    reason = _given(reason, _("A miss is closed with a reason."))
    number = ClosedMiss.objects.filter(target=target, fiscal_year=target.judged_fy).count() + 1
    miss = ClosedMiss(target=target, fiscal_year=target.judged_fy, number=number, closed_by=by, closed_at=_now(), reason=reason)
    return _saved(miss, by, reason)


def _may_reopen_miss(target: OutcomeTarget, by) -> None:
    _may_follow_up_miss(target, by, is_closed=True, otherwise=_("The miss of this year is not closed."))


@transaction.atomic
def reopen_miss(target: OutcomeTarget, *, by, reason: str) -> ClosedMiss:
    """Put a closed miss back on the overdue list."""
    target = with_status_of_today(_locked(target))
    _may_reopen_miss(target, by)
    reason = _given(reason, _("A miss is reopened with a reason."))
    miss = ClosedMiss.objects.get(target=target, fiscal_year=target.judged_fy, reopened_at=None)
    miss.reopened_by, miss.reopened_at, miss.reopening_reason = by, _now(), reason
    return _saved(miss, by, reason)


def with_status_of_today(target: OutcomeTarget) -> OutcomeTarget:
    """The target with its status of today; as it is where it is withdrawn."""
    return OutcomeTarget.objects.filter(pk=target.pk).with_status(_today()).first() or target


# --- The steps as pages offer them --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A step on a report or a target: its address, its button, what is said once it is taken, and what it means.

    `guard` raises ValidationError where it may not be taken now, NotAllowed where not by this user. Not every step takes a reason.
    """

    code: str
    label: Any
    done: Any
    take: Callable[..., Any]
    guard: Callable[[Any, Any], None]
    takes_reason: bool = True
    meaning: Any = ""

    @property
    def url_name(self) -> str:
        """Of a target's step: the name of the page that asks for its reason."""
        return f"admin:kpis_outcometarget_{self.code}"

    def refuse_strangers(self, user, row) -> None:
        """PermissionDenied, with the sentence, where the step is not this user's to take."""
        try:
            self.guard(row, user)
        except NotAllowed as error:
            raise PermissionDenied(" ".join(error.messages)) from error
        except ValidationError:
            pass  # taking it will say so

    def is_open_to(self, user, row) -> bool:
        """Whether the user may take the step on a report, or on a target that carries its status of today."""
        try:
            self.guard(row, user)
        except ValidationError:
            return False
        return True


REPORT_STEPS = (
    Step("submit", _("Submit the result"), _("The report is submitted."), submit, _may_submit, takes_reason=False),
    Step("recall", _("Recall"), _("The report is recalled: it is a draft again."), recall, _may_recall, takes_reason=False),
    Step("accept", _("Accept"), _("The report is accepted."), accept, _may_accept, takes_reason=False),
    Step("return", _("Return"), _("The report is returned."), send_back, _may_decide),
    Step("reopen", _("Reopen for a correction"), _("The report is reopened."), reopen, _may_reopen),
    Step("take-down", _("Take down"), _("The report is taken down."), take_down, _may_take_down),
)
TARGET_STEPS = (
    Step(
        "close-miss",
        _("Close the miss"),
        _("The miss is closed."),
        close_miss,
        _may_close_miss,
        meaning=_("A closed miss leaves the overdue report and stands in the list of closed misses. The target stays missed."),
    ),
    Step(
        "reopen-miss",
        _("Reopen the miss"),
        _("The miss is reopened."),
        reopen_miss,
        _may_reopen_miss,
        meaning=_("A reopened miss is back on the overdue report."),
    ),
    Step(
        "withdraw",
        _("Withdraw the target"),
        _("The target is withdrawn."),
        withdraw,
        _may_withdraw,
        meaning=_("A withdrawn target leaves every list from today on. It and its history stay."),
    ),
)


# --- What the steps share -----------------------------------------------------------------------------------------------------------


def _official_of(report: ProgressReport, by, otherwise) -> None:
    _allow(by.has_perm("kpis.submit_progressreport"), otherwise)
    _allow(_answers_for(by, report), _("This programme belongs to another organisation, or the target is withdrawn."))
    _refuse_locked(report)


def _refuse_locked(report: ProgressReport) -> None:
    locks.refuse_locked(report.target.programme_id, report.fiscal_year, _today())


def _answers_for(user, report: ProgressReport) -> bool:
    return ProgressReport.objects.editable_by(user, _today()).filter(pk=report.pk).exists()


def _has_reported(user, report: ProgressReport) -> bool:
    """Whether the user is, or was at any time, the one who reported or submitted it, or wrote of its evidence."""
    return (
        user.pk in report.author_ids
        or report.history.filter(Q(reported_by=user) | Q(submitted_by=user)).exists()
        or Evidence.history.filter(report_id=report.pk, history_user=user).exists()
    )


def _now() -> datetime:
    return timezone.now()


def _today() -> date:
    return timezone.localdate()


def _locked(row: Row) -> Row:
    """The row as it stands now, locked until the transaction ends, as are the years whose results may be entered."""
    locks.keep_as_they_are()
    return type(row).objects.select_for_update(of=("self",)).get(pk=row.pk)


def _locked_as_submitted(report: ProgressReport) -> ProgressReport:
    """The report, locked. A decision speaks of the submission that its maker looked at, not of one that came later."""
    locked = _locked(report)
    anew = locked.state == ReportState.SUBMITTED and locked.submitted_at != report.submitted_at
    _refuse_unless(not anew, _("The report was submitted anew since it was shown."))
    return locked


def _given(reason: str, otherwise) -> str:
    """The reason without blanks around it; refused with a sentence where nothing is left."""
    _refuse_unless(bool(reason.strip()), otherwise)
    return reason.strip()


def _allow(allowed: bool, otherwise) -> None:
    if not allowed:
        raise NotAllowed(otherwise)


def _refuse_unless(allowed: bool, sentence) -> None:
    if not allowed:
        raise ValidationError(sentence)


def _saved(row: Row, by, reason) -> Row:
    explain(row, reason=str(reason), by=by)
    row.save()
    return row
