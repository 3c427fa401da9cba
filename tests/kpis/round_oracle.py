"""The place of a target in the yearly round on a day, read from the rule in words alone: plain Python, no model, no query, no clock.

It goes on from "results due" (DOMAIN §4, §7). L is the last ended fiscal year; the round is that of the results of L, and they are due by
31 August L+1 (`due`, a month and a day).

1. A target belongs to the round when it stands on the day, the year to report of it is L (`asked_oracle`, sentence 1, whether or not it is
   answered or achieved), and it is not achieved for good (sentence 2) unless the result of L is handed in.
2. The result of L is handed in by the report of L when that is submitted or accepted or has an accepted figure (also while that is being
   corrected); where the deadline's year is L and the target is not of each year, else by such a report of the next year there is.
3. A result handed in is in time when the report that hands it in was submitted for the first time, whatever became of that submission,
   on the due day or before, by the date in Asia/Tokyo; otherwise late.
4. A result not handed in is missing after the due day, and still to come on the due day and before. Beside it stands whether its report is
   returned.
5. Beside one handed in stands whether it waits for a decision (it is submitted); all others are decided.
6. A target whose year to report lies before L, that stands, is not achieved for good, and whose result of that year is not answered
   (sentence 3) is missing from an earlier year. It does not belong to the round and is counted beside it.

Of a division the asked ones are those in time, late, missing and still to come, always (`ASKED`); nothing is averaged. It shares no code
with the rule that it checks; the year, what is achieved and what answers come from the other oracle. One function reads one sentence and
quotes it. Slow and exact on purpose.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from kpis.choices import ReportState
from tests.kpis.asked_oracle import Origin, Why, asked, last_ended_year
from tests.kpis.oracle import Report, Target

TOKYO = ZoneInfo("Asia/Tokyo")


class Place(StrEnum):
    """Where a target stands in the round."""

    IN_TIME = "the result is handed in, in time"
    LATE = "the result is handed in, late"
    MISSING = "the result is not handed in, and its due day is over"
    TO_COME = "the result is not handed in, and its due day is not over"
    EARLIER_YEAR = "the result of an earlier year is missing; counted beside the round"
    NOT_IN_ROUND = "the round does not speak of it"


# Asked = in time + late + missing + still to come, always.
ASKED = (Place.IN_TIME, Place.LATE, Place.MISSING, Place.TO_COME)


@dataclass(frozen=True)
class Found:
    """The place of a target and what is said beside it: `returned` of one missing or to come, `waiting` of one in time or late."""

    place: Place
    returned: bool = False
    waiting: bool = False


# The due day


def _is_after_the_due_day(day: date, year: int, due: tuple[int, int]) -> bool:
    """The results of L are due by 31 August L+1: after the due day, not on it."""
    return (day.year, day.month, day.day) > (year + 1, *due)


def _day_in_tokyo(moment: datetime) -> date:
    """By the date in Asia/Tokyo."""
    assert moment.tzinfo is not None
    return moment.astimezone(TOKYO).date()


# The report of the year


def _report_of(year: int, reports: Iterable[Report]) -> Report | None:
    """One report per target and fiscal year."""
    of_the_year = [report for report in reports if report.fiscal_year == year]
    assert len(of_the_year) <= 1
    return of_the_year[0] if of_the_year else None


def _hands_in(report: Report) -> bool:
    """It is submitted or accepted or has an accepted figure (also while that is being corrected)."""
    return report.state in (ReportState.SUBMITTED, ReportState.ACCEPTED) or report.accepted is not None


def _what_hands_in(target: Target, year: int, reports: Iterable[Report]) -> Report | None:
    """The report of L; where the deadline's year is L and the target is not of each year, else one of the next year there is."""
    later_too = not target.each_year and target.due_fy == year
    able = [report for report in reports if _hands_in(report) and (report.fiscal_year == year or (later_too and report.fiscal_year > year))]
    return min(able, key=lambda report: report.fiscal_year, default=None)


def _is_in_time(report: Report, year: int, first_submitted: Mapping[int, datetime], due: tuple[int, int]) -> bool:
    """The report was submitted for the first time (whatever became of that submission) on the due day or before; otherwise late."""
    moment = first_submitted.get(report.fiscal_year)
    return moment is not None and not _is_after_the_due_day(_day_in_tokyo(moment), year, due)


def _is_returned(report: Report | None) -> bool:
    """Of those one says beside it whether its report is returned."""
    return report is not None and report.state == ReportState.RETURNED


def _is_waiting(report: Report | None) -> bool:
    """Waiting for a decision (state submitted), or decided (all others)."""
    return report is not None and report.state == ReportState.SUBMITTED


# The target


def _year_to_report(target: Target, on: date, origin: Origin) -> int | None:
    """The year asked for, whether or not it is answered or achieved: without any report nothing is. None as well where it is withdrawn."""
    return asked(target, (), on, origin).year


def _is_achieved_for_good(target: Target, reports: Iterable[Report], on: date, origin: Origin) -> bool:
    """It is achieved for good (`asked_oracle`, sentence 2)."""
    return asked(target, reports, on, origin).why == Why.ACHIEVED


def _is_missing_from_an_earlier_year(target: Target, reports: Iterable[Report], on: date, origin: Origin) -> bool:
    """It stands, is not achieved for good, and its result of that year is not answered: then that year is asked for still."""
    return asked(target, reports, on, origin).year is not None


# The places


def _of_one_handed_in(report: Report, year: int, first_submitted: Mapping[int, datetime], due: tuple[int, int]) -> Found:
    """A result handed in is in time or late."""
    return Found(Place.IN_TIME if _is_in_time(report, year, first_submitted, due) else Place.LATE, waiting=_is_waiting(report))


def _of_one_not_handed_in(report: Report | None, year: int, on: date, due: tuple[int, int]) -> Found:
    """A result not handed in is missing after the due day, and still to come on the due day and before."""
    return Found(Place.MISSING if _is_after_the_due_day(on, year, due) else Place.TO_COME, returned=_is_returned(report))


def _of_an_earlier_year(target: Target, reports: Iterable[Report], on: date, origin: Origin) -> Found:
    """Missing from an earlier year: it does not belong to the round and is counted beside it."""
    return Found(Place.EARLIER_YEAR if _is_missing_from_an_earlier_year(target, reports, on, origin) else Place.NOT_IN_ROUND)


def place(
    target: Target,
    reports: Iterable[Report],
    first_submitted: Mapping[int, datetime],
    on: date,
    origin: Origin,
    due: tuple[int, int] = (8, 31),
) -> Found:
    """The place of a target in the round of L; `first_submitted` holds the first submission's moment of each fiscal year's report."""
    reports, ended = tuple(reports), last_ended_year(on)
    year = _year_to_report(target, on, origin)
    if year is None:
        return Found(Place.NOT_IN_ROUND)
    if year < ended:
        return _of_an_earlier_year(target, reports, on, origin)
    if handed_in := _what_hands_in(target, ended, reports):
        return _of_one_handed_in(handed_in, ended, first_submitted, due)
    if _is_achieved_for_good(target, reports, on, origin):
        return Found(Place.NOT_IN_ROUND)
    return _of_one_not_handed_in(_report_of(ended, reports), ended, on, due)
