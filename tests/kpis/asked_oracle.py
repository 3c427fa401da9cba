"""Which result is asked for on a day, read a second time from the rule alone: plain Python, no model, no query, no clock.

It extends "results due" (DOMAIN §4, §7) to single targets. L is the last ended fiscal year: the latest whose 31 March lies before the day.

1. The year asked for is, of a target of each year, the smaller of L and its last year, and none before its first year; of any other
   target whose deadline's year is at most L that year, always; of any other L, but none before the budget year of the document that it
   was read from, nor before its programme's start.
2. Nothing is asked of an achieved target once its last day has passed, nor of one without a last day. Of a target of each year every
   year is asked for, whatever the year before gave.
3. Nothing is asked once it is answered: by a report of that year that is submitted or accepted or has an accepted figure. Where the
   deadline's year is asked for, and the target is not of each year, a report of a later year answers as well.

Of a withdrawn target nothing is asked. It shares no code with the rule that it checks; the status comes from the other oracle. One
function reads one sentence and quotes it. Slow and exact on purpose.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kpis.choices import ReportState, Status
from tests.kpis.oracle import Report, Target, Verdict, last_day_of, verdict


class Why(StrEnum):
    """Why this year is asked for, or none."""

    EACH_YEAR = "it is a target of each year"
    DEADLINES_YEAR = "the deadline's year has ended"
    LAST_ENDED_YEAR = "the deadline's year has not ended, or there is no last day"
    WITHDRAWN = "the target is withdrawn"
    BEFORE_THE_FIRST_YEAR = "the first year judged has not ended"
    BEFORE_THE_BUDGET_YEAR = "the budget year of the document has not ended"
    BEFORE_THE_PROGRAMME = "the programme's first year has not ended"
    ACHIEVED = "the target is achieved for good"
    ANSWERED = "the result is there"


@dataclass(frozen=True)
class Origin:
    """Where a target comes from: the budget year of the document that it was read from, and its programme's start; None: not known."""

    budget_year: int | None = None
    programme_start: int | None = None


@dataclass(frozen=True)
class Asked:
    """The year asked for, None where nothing is asked, and why."""

    year: int | None
    why: Why


# Years


def last_ended_year(on: date) -> int:
    """L is the latest year whose 31 March lies before `on`."""
    return max(year for year in range(on.year - 3, on.year + 1) if last_day_of(year) < on)


def _year_of_each_year(target: Target, ended: int) -> Asked:
    """The smaller of L and its last year (L where that is None); nothing is asked where that is before its first year."""
    year = ended if target.last_year is None else min(ended, target.last_year)
    if target.first_year is not None and year < target.first_year:
        return Asked(None, Why.BEFORE_THE_FIRST_YEAR)
    return Asked(year, Why.EACH_YEAR)


def _year_before_the_deadline(origin: Origin, ended: int) -> Asked:
    """L; but nothing is asked where L is before the budget year of the document, or before the programme's start."""
    if origin.budget_year is not None and ended < origin.budget_year:
        return Asked(None, Why.BEFORE_THE_BUDGET_YEAR)
    if origin.programme_start is not None and ended < origin.programme_start:
        return Asked(None, Why.BEFORE_THE_PROGRAMME)
    return Asked(ended, Why.LAST_ENDED_YEAR)


def _year(target: Target, origin: Origin, on: date) -> Asked:
    """Any other target whose `due_fy` is known and at most L: its `due_fy`, always."""
    ended = last_ended_year(on)
    if target.each_year:
        return _year_of_each_year(target, ended)
    if target.due_fy is not None and target.due_fy <= ended:
        return Asked(target.due_fy, Why.DEADLINES_YEAR)
    return _year_before_the_deadline(origin, ended)


# What ends the asking


def _is_achieved_for_good(target: Target, told: Verdict, on: date) -> bool:
    """Achieved after its last day, or without one. A target of each year never is: the next year is judged on its own."""
    if told.status != Status.ACHIEVED or target.each_year:
        return False
    return target.due_on is None or target.due_on < on


def _answers(report: Report) -> bool:
    """Submitted or accepted, or with an accepted figure, whenever that was measured. Else a draft, a returned one, one taken down: no."""
    return report.state in (ReportState.SUBMITTED, ReportState.ACCEPTED) or report.accepted is not None


def _is_answered(asked: Asked, reports: Iterable[Report]) -> bool:
    """By a report of the year asked for; where that is the deadline's year, by one of a later year as well."""
    later_too = asked.why == Why.DEADLINES_YEAR
    return any(
        _answers(report) and (report.fiscal_year == asked.year or (later_too and report.fiscal_year > asked.year)) for report in reports
    )


def asked(target: Target, reports: Iterable[Report], on: date, origin: Origin) -> Asked:
    """The year whose result is asked for on a day. Where several sentences say that nothing is, the first of them is the reason."""
    reports = tuple(reports)
    told, wanted = verdict(target, reports, on), _year(target, origin, on)
    if told.status is None:
        return Asked(None, Why.WITHDRAWN)
    if wanted.year is None:
        return wanted
    if _is_achieved_for_good(target, told, on):
        return Asked(None, Why.ACHIEVED)
    return Asked(None, Why.ANSWERED) if _is_answered(wanted, reports) else wanted
