"""The yearly round (DOMAIN §7): which results of the year just ended are handed in, in time or late, and which are missing.

The round of a day is that of the last ended fiscal year. A target belongs to it when that year is the one to report (`work`), unless it is
achieved for good and the year's result is not handed in. A result is handed in by the report that answers the year: it is in time when
that was submitted for the first time, whatever became of that submission, by the day on which the results are due; otherwise late. What
is not handed in is still to come, and missing from the day after. Asked = in time + late + missing + to come, always: nothing is averaged,
and what is open counts beside what is closed. What is missing from earlier years is counted beside the round.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from budget.models import Organisation, Tree
from kpis import work
from kpis.choices import ReportState, Status
from kpis.deadlines import last_ended_year, results_due_on
from kpis.models import OutcomeTarget, ProgressReport, start_of_day
from kpis.reports import Line, lines, totals

IN_TIME, LATE, MISSING, TO_COME, EARLIER = "in_time", "late", "missing", "to_come", "earlier"
HANDED_IN, NOT_HANDED_IN = (IN_TIME, LATE), (MISSING, TO_COME)
ASKED = (*HANDED_IN, *NOT_HANDED_IN)


class RoundList(NamedTuple):
    """What a list of the round holds: its name, the places of its targets, and the states of their reports; None: whatever they are."""

    title: str
    places: tuple[str, ...]
    states: tuple[str, ...] | None = None

    @property
    def condition(self) -> Q:
        """On targets that carry their place."""
        return Q(place__in=self.places) & (Q() if self.states is None else Q(report_state__in=self.states))

    def holds(self, place: str | None, state: str | None) -> bool:
        return place in self.places and (self.states is None or state in self.states)


_DECIDED = tuple(state for state in ReportState if state != ReportState.SUBMITTED)
LISTS = {
    "asked": RoundList(_("results asked for"), ASKED),
    "in_time": RoundList(_("in time"), (IN_TIME,)),
    "late": RoundList(_("late"), (LATE,)),
    "missing": RoundList(_("missing"), (MISSING,)),
    "to_come": RoundList(_("still to come"), (TO_COME,)),
    "waiting": RoundList(_("waiting for a decision"), HANDED_IN, (ReportState.SUBMITTED,)),
    "decided": RoundList(_("decided on"), HANDED_IN, _DECIDED),
    "returned": RoundList(_("returned"), NOT_HANDED_IN, (ReportState.RETURNED,)),
    "earlier": RoundList(_("missing from earlier years"), (EARLIER,)),
}


def due_on(on: date) -> date:
    """The day by which the results of the round are due."""
    return results_due_on(last_ended_year(on), settings.SEIKA_RESULTS_DUE)


def lists_shown(on: date) -> tuple[str, ...]:
    """The lists that a day has: what is not handed in is still to come until the due day, and missing from then on."""
    return tuple(name for name in LISTS if name != ("to_come" if on > due_on(on) else "missing"))


def with_place(targets: QuerySet[OutcomeTarget], on: date, known_at: datetime | None = None) -> QuerySet[OutcomeTarget]:
    """The targets of which a year's result is asked for by a day, with their status, `place`, None where the round does not speak of it,
    and `report_state`: that of the report which hands the result in, else of the year's report; None where there is none. `known_at` is
    the moment by which what is read was recorded.
    """
    year, due = last_ended_year(on), due_on(on)
    submissions = ProgressReport.history.filter(
        target_id=OuterRef("target_id"), fiscal_year=OuterRef("fiscal_year"), submitted_at__lt=start_of_day(due + timedelta(days=1))
    )
    if known_at is not None:
        submissions = submissions.filter(history_date__lte=known_at)
    # Asked of the report, not of the target: a database would look for the report again with each of the target's submissions.
    handing_in = work.answers().annotate(in_time=Exists(submissions)).order_by("fiscal_year")
    of_the_year = ProgressReport.objects.filter(target=OuterRef("pk"), fiscal_year=OuterRef("year_to_report"))
    placed = work.with_year_to_report(targets, on).filter(has_begun=True).alias(in_time=Subquery(handing_in.values("in_time")[:1]))
    place = Case(
        When(year_to_report__lt=year, is_done=False, is_answered=False, then=Value(EARLIER)),
        When(year_to_report__lt=year, then=None),
        When(is_answered=True, in_time=True, then=Value(IN_TIME)),
        When(is_answered=True, then=Value(LATE)),
        When(is_done=True, then=None),
        default=Value(MISSING if on > due else TO_COME),
        output_field=CharField(),
    )
    state = Case(When(is_answered=True, then=Subquery(handing_in.values("state")[:1])), default=Subquery(of_the_year.values("state")))
    return placed.annotate(place=place, report_state=state)


# --- By division --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BureauLines:
    """The lines of the divisions that lead programmes within a bureau, and their sum."""

    bureau: Organisation
    divisions: list[Line] = field(default_factory=list)

    @property
    def counts(self) -> Counter:
        return totals(self.divisions)


# Targets alike in these stand in the same lists. They are counted together: a condition for each list would have the database work out
# each target's place as many times.
_ALIKE = ("place", "report_state")


def numbers(targets: QuerySet[OutcomeTarget]) -> Counter:
    """How many targets stand in each list. `targets` carry their place. One query."""
    found = Counter()
    for place, state, number in targets.order_by().values_list(*_ALIKE).annotate(Count("pk")):
        found.update(dict.fromkeys(_lists_with(place, state), number))
    return found


def by_division(targets: QuerySet[OutcomeTarget], tree: Tree) -> list[BureauLines]:
    """The numbers of each list by lead organisation, within their bureaus, both in the order of their codes. `targets` carry their
    place. One query, and the tree.
    """
    counted = targets.order_by().values_list("programme__lead", *_ALIKE).annotate(Count("pk"))
    found: dict[int | None, BureauLines] = {}
    for line in lines(((lead, name, number) for lead, place, state, number in counted for name in _lists_with(place, state)), tree):
        bureau = tree.bureau_of(line.organisation.pk)
        found.setdefault(bureau.pk, BureauLines(bureau)).divisions.append(line)
    return sorted(found.values(), key=lambda one: one.bureau.code)


def _lists_with(place: str | None, state: str | None) -> list[str]:
    """The lists that hold targets of this place whose report is in this state."""
    return [name for name, one in LISTS.items() if one.holds(place, state)]


# --- What changes, before it does -----------------------------------------------------------------------------------------------------


@dataclass
class Day:
    """A day to come: targets with their status of that day, and the conditions on those that it changes, by what it brings them."""

    on: date
    targets: QuerySet[OutcomeTarget]
    brings: dict[str, Q]

    @cached_property
    def numbers(self) -> dict[str, int]:
        """How many targets each change concerns. One query."""
        return self.targets.order_by().aggregate(**{what: Count("pk", filter=condition) for what, condition in self.brings.items()})


@dataclass(frozen=True)
class Change:
    """One of the things that a day to come brings, if nothing is entered until then."""

    day: Day
    what: str

    @property
    def on(self) -> date:
        return self.day.on

    @property
    def year(self) -> int:
        """The fiscal year whose results it speaks of."""
        return last_ended_year(self.on)

    @property
    def targets(self) -> QuerySet[OutcomeTarget]:
        return self.day.targets.filter(self.day.brings[self.what])

    @property
    def number(self) -> int:
        return self.day.numbers[self.what]


def ahead(targets: QuerySet[OutcomeTarget], on: date) -> list[Change]:
    """What the next 1 April, due day and day after it bring, by what is known now; the next one first.

    `will_be_asked`: results of the year that will have ended are asked for. `will_have_passed`: targets whose last day is 31 March and
    that are not achieved by then. `will_be_due`: results are due and not handed in. `will_be_unreported`: targets become unreported that
    are not so on `on`.
    """
    april = date(on.year if (on.month, on.day) < (4, 1) else on.year + 1, 4, 1)
    due = due_on(on) if on <= due_on(on) else due_on(april)
    after = due + timedelta(days=1)
    passing = Q(due_on=april - timedelta(days=1), each_year=False) & ~Q(status=Status.ACHIEVED)
    days = [
        Day(april, work.with_year_asked(targets, april), {"will_be_asked": _asked(april), "will_have_passed": passing}),
        Day(due, work.with_year_asked(targets, due), {"will_be_due": _asked(due)}),
        Day(after, _becoming_unreported(targets, after, on), {"will_be_unreported": Q(status=Status.UNREPORTED)}),
    ]
    return [Change(day, what) for day in sorted(days, key=lambda day: day.on) for what in day.brings]


def _asked(day: date) -> Q:
    return Q(asked_fy=last_ended_year(day))


def _becoming_unreported(targets: QuerySet[OutcomeTarget], day: date, on: date) -> QuerySet[OutcomeTarget]:
    before = targets.overdue(on, (Status.UNREPORTED,)).values_list("pk", flat=True)
    return targets.overdue(day, (Status.UNREPORTED,)).exclude(pk__in=list(before))
