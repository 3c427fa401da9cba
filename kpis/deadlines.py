"""When a target is due, and when its results are.

A stated deadline resolves to one last day: 31 March for a fiscal year or a plan period, 31 December for
a calendar year, the day itself for a day, and n years after the programme's end or after an event once
that is known. A target without a last day says why. The results of fiscal year N are due by 31 August
N+1. The deadline has passed, and results were due, from the day after. (DOMAIN.md §3 "Each year", §4.)
"""

from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from budget.fiscal import fiscal_year_of, last_day
from kpis.choices import DeadlineKind, NoDeadline

T = TypeVar("T")


@dataclass(frozen=True)
class Stated:
    """A deadline as its document states it. A part that the kind does not use is ignored."""

    kind: str  # a DeadlineKind
    year: int | None = None  # fiscal year, calendar year or the plan period's last fiscal year
    day: date | None = None
    offset_years: int | None = None  # after the programme's end (事業終了時 is 0) or after the event
    event_on: date | None = None  # None until somebody records it
    through_nth_year: bool = False  # 採択後n年目まで: the nth year counted from the event, so it ends a day sooner than n年後


@dataclass(frozen=True)
class Resolved:
    """The last day and the fiscal year that holds it; without them, a NoDeadline says why."""

    due_on: date | None
    due_fy: int | None
    missing: str | None


def resolve(stated: Stated, programme_end: int | None) -> Resolved:
    """The last day of a stated deadline (DOMAIN.md §4).

    programme_end is the programme's last fiscal year, None while open-ended or not known: a deadline that
    counts from it moves with it. The nth year after a programme ends on the same 31 March as n years
    after it, so through_nth_year speaks of events only. ValueError where the kind is unknown or lacks
    its part, or the offset is negative (n年目 begins at 1).
    """
    match stated.kind:
        case DeadlineKind.FISCAL_YEAR | DeadlineKind.PLAN_PERIOD:
            return _due(last_day(_part(stated, "year", stated.year)))
        case DeadlineKind.CALENDAR_YEAR:
            return _due(date(_part(stated, "year", stated.year), 12, 31))
        case DeadlineKind.DATE:
            return _due(_part(stated, "day", stated.day))
        case DeadlineKind.AFTER_PROGRAMME:
            years = _offset(stated)
            return _none(NoDeadline.PROGRAMME_END_NOT_KNOWN) if programme_end is None else _due(last_day(programme_end + years))
        case DeadlineKind.AFTER_EVENT:
            years = _offset(stated)
            return _none(NoDeadline.EVENT_NOT_RECORDED) if stated.event_on is None else _due(_after_event(stated, stated.event_on, years))
        case DeadlineKind.NONE:
            return _none(NoDeadline.NONE_STATED)
    raise ValueError(f"{stated.kind!r} is not a kind of deadline")


def each_year_run(
    stated: Stated, programme_start: int | None, programme_end: int | None, budget_year: int | None
) -> tuple[int | None, int | None]:
    """First and last fiscal year in which an each-year target (毎年度) is judged (DOMAIN.md §3).

    First: the later of the document's budget year and the programme's start, None where neither is known.
    Last: the fiscal year of the stated deadline, else the programme's end, else None, which is open.
    A run that ends before it begins is given back as it is. Raises what resolve raises.
    """
    first = max((year for year in (programme_start, budget_year) if year is not None), default=None)
    due_fy = resolve(stated, programme_end).due_fy
    return first, programme_end if due_fy is None else due_fy


def results_due_on(fiscal_year: int, month_day: tuple[int, int]) -> date:
    """The last day on which the year's results are in time: 31 August of the year after it begins."""
    return date(fiscal_year + 1, *month_day)


def last_due_year(on: date, month_day: tuple[int, int]) -> int:
    """The latest fiscal year whose results were due before the day: 2024 on 31 August 2026, 2025 on 1 September."""
    return on.year - 1 if results_due_on(on.year - 1, month_day) < on else on.year - 2


def last_ended_year(on: date) -> int:
    """The latest fiscal year whose 31 March lies before the day."""
    return fiscal_year_of(on) - 1


def _due(day: date) -> Resolved:
    return Resolved(due_on=day, due_fy=fiscal_year_of(day), missing=None)


def _none(why: NoDeadline) -> Resolved:
    return Resolved(due_on=None, due_fy=None, missing=why.value)


def _part(stated: Stated, name: str, part: T | None) -> T:
    if part is None:
        raise ValueError(f"a deadline of kind {stated.kind} lacks its {name}")
    return part


def _offset(stated: Stated) -> int:
    years = _part(stated, "offset_years", stated.offset_years)
    if years < (1 if stated.through_nth_year else 0):
        raise ValueError(f"a deadline cannot come {years} years after")
    return years


def _after_event(stated: Stated, event_on: date, years: int) -> date:
    year = event_on.year + years
    # An ordinary year has no 29 February: n年後 falls on the 28th, and n年目 ends on it too (民法 143条2項).
    if (event_on.month, event_on.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    anniversary = event_on.replace(year=year)
    return anniversary - timedelta(days=1) if stated.through_nth_year else anniversary
