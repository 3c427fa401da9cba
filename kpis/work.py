"""What is to be done, and by whom: the results that are asked of officials, and the reports that wait for a step.

Of each standing target one year's result is asked for on a day: of the deadline's year once it has ended, and before that of the last ended
fiscal year, from the budget year and the programme's first year on. A target of each year is asked for the last ended year of its run.
Nothing is asked where a report of that year is submitted or accepted (after the deadline's year one of a later year will do), nor of a
target that is achieved for good: after its last day, or where it has none and is not judged each year. (DOMAIN §4, §7.)
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, SmallIntegerField, Subquery, Value, When, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from budget.models import Tree
from kpis import deadlines
from kpis.choices import DeadlineKind, ReportState, Status
from kpis.models import OutcomeTarget, ProgressReport, has_no_last_day, is_overdue, programmes_reported_by
from kpis.reports import Line, lines
from kpis.status import flag

LAST_YEAR = 9999  # that a calendar has


def asked(on: date) -> QuerySet[OutcomeTarget]:
    """The targets of which a result is asked for on a day, with their status and `asked_fy`, the fiscal year asked for."""
    return with_year_asked(OutcomeTarget.objects.all(), on).filter(asked_fy__isnull=False)


def with_year_asked(targets: QuerySet[OutcomeTarget], on: date) -> QuerySet[OutcomeTarget]:
    """`targets` that stand on a day, with their status and `asked_fy`: the fiscal year whose result is asked for, None where none is."""
    asked = Case(
        When(has_begun=True, is_done=False, is_answered=False, then=F("year_to_report")),
        output_field=SmallIntegerField(),
    )
    return with_year_to_report(targets, on).annotate(asked_fy=asked)


def with_year_to_report(targets: QuerySet[OutcomeTarget], on: date) -> QuerySet[OutcomeTarget]:
    """`targets` that stand on a day, with their status, `year_to_report`, and what its asking depends on, to be used in conditions:
    whether that year `has_begun` to be asked for, the target `is_done` for good, and the year `is_answered`.
    """
    ended = deadlines.last_ended_year(on)
    year = Case(
        When(each_year=True, last_year__lt=ended, then=F("last_year")),
        When(each_year=False, due_fy__lt=ended, then=F("due_fy")),
        default=Value(ended),
        output_field=SmallIntegerField(),
    )
    # After the deadline's year a report of any later year answers it too.
    answered_to = Case(
        When(each_year=False, due_fy=F("year_to_report"), then=Value(LAST_YEAR)),
        default=F("year_to_report"),
        output_field=SmallIntegerField(),
    )
    begun = (
        Q(each_year=True) & (Q(first_year=None) | Q(first_year__lte=F("year_to_report")))
        | Q(each_year=False, due_fy__lte=ended)
        | Q(each_year=False)
        & (Q(passage=None) | Q(passage__document__budget_year__lte=ended))
        & (Q(programme__start_fiscal_year=None) | Q(programme__start_fiscal_year__lte=ended))
    )
    return (
        targets.with_status(on)
        .annotate(year_to_report=year)
        .alias(answered_to=answered_to)
        .alias(
            has_begun=flag(begun),
            is_done=flag(Q(status=Status.ACHIEVED, each_year=False) & (Q(last_day_passed=True) | Q(due_on=None))),
            is_answered=Exists(answers()),
        )
    )


def answers() -> QuerySet[ProgressReport]:
    """The reports that answer the year to report of an outer target: of that year, or, after the deadline's year, of a later one;
    submitted, accepted, or accepted once and under correction.
    """
    return ProgressReport.objects.filter(
        Q(state__in=(ReportState.SUBMITTED, ReportState.ACCEPTED)) | Q(accepted_measured_on__isnull=False),
        target=OuterRef("pk"),
        fiscal_year__range=(OuterRef("year_to_report"), OuterRef("answered_to")),
    )


# --- An official's work -------------------------------------------------------------------------------------------------------------

# What an official is shown, in the order in which it presses: lists of targets, and of reports by their state.
TARGETS_TO_REPORT = {
    "unreported": (_("Unreported"), Q(status=Status.UNREPORTED)),
    "due": (_("Results asked for"), Q(asked_fy__isnull=False) & ~Q(status=Status.UNREPORTED)),
    "behind": (_("Behind"), Q(status=Status.BEHIND)),
    "missed": (_("Missed"), is_overdue((Status.MISSED,))),
    # The programme's end is not known, or the event that the deadline counts from is not recorded: somebody has to (DOMAIN §4).
    "undated": (
        _("Deadline to be settled"),
        has_no_last_day() & Q(deadline_kind__in=(DeadlineKind.AFTER_PROGRAMME, DeadlineKind.AFTER_EVENT)),
    ),
}
REPORTS_IN_HAND = {
    "returned": (_("Returned"), ReportState.RETURNED),
    "draft": (_("Drafts"), ReportState.DRAFT),
    "submitted": (_("Waiting for a reviewer"), ReportState.SUBMITTED),
}
# The lists of an official, one after the other.
OFFICIALS_LISTS = ("returned", *TARGETS_TO_REPORT, "draft", "submitted")
# Since when a report waits where it is; the one that waits longest comes first.
_SINCE = Case(
    When(state=ReportState.SUBMITTED, then=F("submitted_at")),
    When(state=ReportState.RETURNED, then=F("decided_at")),
    default=F("reported_at"),
)
LONGEST_WAITING = (_SINCE.asc(nulls_last=True), "pk")


@dataclass(frozen=True)
class OfficialsWork:
    """What an official is to do on a day, for the programmes of the user's organisations; `organisation_ids` narrow it by the lead.

    What there is to do is read once: the numbers of every list, and which rows come first.
    """

    user: Any
    on: date
    organisation_ids: Collection[int] | None = None

    @cached_property
    def _programmes(self) -> QuerySet:
        programmes = programmes_reported_by(self.user, self.on)
        return programmes if self.organisation_ids is None else programmes.filter(lead__in=self.organisation_ids)

    @property
    def _targets(self) -> QuerySet[OutcomeTarget]:
        asked = with_year_asked(OutcomeTarget.objects.filter(programme__in=self._programmes), self.on)
        return asked.order_by(F("judged_fy").asc(nulls_last=True), "code")

    @cached_property
    def _overview(self) -> list[dict[str, Any]]:
        """Of every target, the earliest deadline first: its key, its lead, and by the name of each list how often it stands there."""
        told = {kind: flag(condition) for kind, (_title, condition) in TARGETS_TO_REPORT.items()}
        for kind, (_title, state) in REPORTS_IN_HAND.items():
            of_target = ProgressReport.objects.filter(target=OuterRef("pk"), state=state).order_by().values("target")
            told[kind] = Coalesce(Subquery(of_target.values(number=Count("pk"))), 0)
        return list(self._targets.values("pk", "programme__lead", **told))

    def by_division(self, tree: Tree) -> list[Line]:
        """The numbers of each kind of work by lead organisation, in the order of their codes."""
        return lines(((row["programme__lead"], kind, int(row[kind])) for row in self._overview for kind in OFFICIALS_LISTS), tree)

    def first_rows(self, number: int) -> dict[str, list]:
        """The first rows of every list. Three queries, whatever their number: what there is, the targets, the reports."""
        keys = {kind: [row["pk"] for row in self._overview if row[kind]][:number] for kind in TARGETS_TO_REPORT}
        targets = self._targets_told().in_bulk(set(chain.from_iterable(keys.values())))
        place = Window(RowNumber(), partition_by="state", order_by=LONGEST_WAITING)
        reports: dict[str, list] = {state: [] for _title, state in REPORTS_IN_HAND.values()}
        for report in self._reports_told(reports).annotate(place=place).filter(place__lte=number):
            reports[report.state].append(report)
        # One that was withdrawn since the overview was read is no longer there.
        first_targets = {kind: [targets[key] for key in keys[kind] if key in targets] for kind in TARGETS_TO_REPORT}
        return first_targets | {kind: reports[state] for kind, (_title, state) in REPORTS_IN_HAND.items()}

    def targets(self, kind: str) -> QuerySet[OutcomeTarget]:
        """The targets of one kind of work, the earliest deadline first, with `entry_fy`, the year to enter (None where none is asked for),
        the last accepted result before it, and the state of its report.
        """
        _title, condition = TARGETS_TO_REPORT[kind]
        return self._targets_told().filter(condition)

    def reports(self, kind: str) -> QuerySet[ProgressReport]:
        """The reports in one state, the one that waits longest first."""
        _title, state = REPORTS_IN_HAND[kind]
        return self._reports_told([state])

    def _targets_told(self) -> QuerySet[OutcomeTarget]:
        """The targets with what a row of `targets` tells. The year to enter of an unreported target is the one judged, which makes it
        overdue: of a target of each year another may be asked for already.
        """
        unreported = When(status=Status.UNREPORTED, then=F("judged_fy"))
        year = Case(unreported, default=F("year_to_report"), output_field=SmallIntegerField())
        earlier = ProgressReport.objects.accepted_figures().filter(target=OuterRef("pk"), fiscal_year__lt=OuterRef("year_shown"))
        last = earlier.order_by("-fiscal_year")
        of_the_year = ProgressReport.objects.filter(target=OuterRef("pk"), fiscal_year=OuterRef("year_shown"))
        return (
            self._targets.annotate(year_shown=year)
            .annotate(
                entry_fy=Case(unreported, default=F("asked_fy"), output_field=SmallIntegerField()),
                previous_fy=Subquery(last.values("fiscal_year")[:1]),
                previous_value=Subquery(last.values("accepted_value")[:1]),
                previous_grade=Subquery(last.values("accepted_grade")[:1]),
                previous_preliminary=Subquery(last.values("accepted_preliminary")[:1]),
                previous_without_evidence=Subquery(last.with_evidence_told().values("without_evidence")[:1]),
                report_state=Subquery(of_the_year.values("state")),
            )
            .select_related("programme__lead")
        )

    def _reports_told(self, states: Iterable[str]) -> QuerySet[ProgressReport]:
        """The reports in these states, the one that waits longest first, with what a row of `reports` tells."""
        found = ProgressReport.objects.of_standing_targets(self.on).filter(target__programme__in=self._programmes, state__in=states)
        return found.with_evidence_told().select_related("target__programme__lead", "submitted_by").order_by(*LONGEST_WAITING)


# --- A reviewer's work --------------------------------------------------------------------------------------------------------------


def to_decide(user, on: date, organisation_ids: Collection[int] | None = None) -> QuerySet[ProgressReport]:
    """The submitted reports on standing targets that a reviewer decides, the oldest first; narrowed by the lead of their programmes.

    Those that the user reported or submitted are others' to decide.
    """
    found = waiting(on).visible_to(user).exclude(reported_by=user).exclude(submitted_by=user)
    return found if organisation_ids is None else found.filter(target__programme__lead__in=organisation_ids)


def waiting(on: date) -> QuerySet[ProgressReport]:
    """The submitted reports on standing targets, the oldest first."""
    submitted = ProgressReport.objects.of_standing_targets(on).filter(state=ReportState.SUBMITTED)
    return submitted.with_evidence_told().select_related("target__programme__lead", "submitted_by").order_by("submitted_at", "pk")
