"""The status of a target on a day, read a second time from DOMAIN §5 alone: plain Python, no model, no query, no clock.

It shares no code with the rule that it checks. One function reads one sentence of the page and quotes it. For each-year targets the
deadline year and "after the last day" are replaced once, in `_Reading`, and the rows are the same. Slow and exact on purpose.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from kpis.choices import Accumulation, Comparator, Kind, ReportState, Status


@dataclass(frozen=True)
class Figure:
    """An accepted figure: a value or a grade. Not measured on a stated day: measured on the last day of its fiscal year."""

    value: Decimal | None = None
    grade: int | None = None
    measured_on: date | None = None
    preliminary: bool = False


@dataclass(frozen=True)
class Report:
    """The report of one fiscal year and its last accepted figure, which stays while the report is reopened."""

    fiscal_year: int
    state: str
    accepted: Figure | None = None


@dataclass(frozen=True)
class Target:
    """What the rule needs to know of a target. A qualitative one has neither comparator, value nor accumulation."""

    kind: str
    comparator: str | None
    value: Decimal | None
    value_max: Decimal | None = None
    accumulation: str | None = "level"
    each_year: bool = False
    first_year: int | None = None
    last_year: int | None = None
    due_on: date | None = None
    due_fy: int | None = None
    baseline_value: Decimal | None = None
    baseline_year: int | None = None
    milestones: tuple[tuple[int, Decimal], ...] = ()
    withdrawn_on: date | None = None
    approximate: bool = False
    comparator_assumed: bool = False
    accumulation_assumed: bool = False
    programme_end_assumed: bool = False
    revised_after_deadline: bool = False


@dataclass(frozen=True)
class Verdict:
    """The status (None: withdrawn), its marks, and the years that it was read from."""

    status: str | None
    last_due_year: int
    achieved_late: bool = False
    awaiting_acceptance: bool = False
    under_correction: bool = False
    preliminary: bool = False
    approximate: bool = False
    comparator_assumed: bool = False
    accumulation_assumed: bool = False
    programme_end_assumed: bool = False
    revised_after_deadline: bool = False
    judged_year: int | None = None
    latest_fiscal_year: int | None = None


@dataclass(frozen=True)
class _Result:
    """A result that counts."""

    fiscal_year: int
    figure: Figure
    reopened: bool


@dataclass(frozen=True)
class _Reading:
    """What the rows of the table are read with: the ordinary target's facts, or those of an each-year target's judged year."""

    target: Target
    after_the_last_day: bool
    has_a_last_day: bool
    due_fy: int | None
    last_due_year: int
    latest: _Result | None
    deciding: tuple[_Result, ...]
    one_is_submitted: bool


# Years


def fiscal_year_of(day: date) -> int:
    """FY N = 1 April N – 31 March N+1."""
    return day.year if day.month >= 4 else day.year - 1


def last_day_of(fiscal_year: int) -> date:
    """FY N = 1 April N – 31 March N+1."""
    return date(fiscal_year + 1, 3, 31)


def last_due_year(on: date, results_due: tuple[int, int] = (8, 31)) -> int:
    """The last due year is the latest fiscal year whose results were due before `on`; those of FY N are due by 31 August N+1."""
    this_years_due_day_is_over = (on.month, on.day) > results_due
    return on.year - 1 if this_years_due_day_is_over else on.year - 2


def _due_fy(target: Target) -> int | None:
    """`due_fy` is the fiscal year that holds `due_on`."""
    if target.due_fy is None and target.due_on is not None:
        return fiscal_year_of(target.due_on)
    return target.due_fy


# Results


def _measured_on(report: Report, figure: Figure) -> date:
    """Measured on: the last day of its fiscal year unless stated."""
    return figure.measured_on if figure.measured_on is not None else last_day_of(report.fiscal_year)


def _is_a_value(target: Target, figure: Figure) -> bool:
    """0 is a value; blank is not."""
    return (figure.grade if target.kind == Kind.QUALITATIVE else figure.value) is not None


def _counting(target: Target, reports: Iterable[Report], on: date) -> tuple[_Result, ...]:
    """A result counts on `on` when it is accepted and measured on `on` or before.

    While an accepted report is reopened its last accepted figure goes on counting, until the new one is accepted or the report taken down.
    """
    return tuple(
        _Result(report.fiscal_year, report.accepted, _is_reopened(report))
        for report in reports
        if report.accepted is not None
        and report.state != ReportState.TAKEN_DOWN
        and _is_a_value(target, report.accepted)
        and _measured_on(report, report.accepted) <= on
    )


def _is_reopened(report: Report) -> bool:
    """While an accepted report is reopened its last accepted figure goes on counting, marked 訂正中."""
    return report.accepted is not None and report.state in (ReportState.DRAFT, ReportState.SUBMITTED, ReportState.RETURNED)


def _of_the_highest_year(results: Iterable[_Result]) -> _Result | None:
    """The latest counting result is that of the highest fiscal year."""
    return max(results, key=lambda result: result.fiscal_year, default=None)


def _meets(target: Target, result: _Result) -> bool:
    """At least · more than · at most · less than · within (ends included); grades 1 and 2 meet the target."""
    if target.kind == Kind.QUALITATIVE:
        return result.figure.grade in (1, 2)
    reached, wanted = result.figure.value, target.value
    assert reached is not None
    assert wanted is not None
    if target.comparator == Comparator.AT_LEAST:
        return reached >= wanted
    if target.comparator == Comparator.MORE_THAN:
        return reached > wanted
    if target.comparator == Comparator.AT_MOST:
        return reached <= wanted
    if target.comparator == Comparator.LESS_THAN:
        return reached < wanted
    assert target.comparator == Comparator.WITHIN
    assert target.value_max is not None
    return wanted <= reached <= target.value_max


def _more_is_better(target: Target) -> bool:
    """An at-least/more-than target."""
    return target.comparator in (Comparator.AT_LEAST, Comparator.MORE_THAN)


def _deciding(target: Target, counting: Iterable[_Result], due_fy: int) -> tuple[_Result, ...]:
    """After the last day the results that decide are those of `due_fy` or later."""
    in_time_or_later = tuple(result for result in counting if result.fiscal_year >= due_fy)
    return in_time_or_later or _deciding_older_totals(target, counting)


def _deciding_older_totals(target: Target, counting: Iterable[_Result]) -> tuple[_Result, ...]:
    """Where there is none, an older running total decides only if it meets an at-least/more-than target."""
    if target.accumulation != Accumulation.RUNNING_TOTAL or not _more_is_better(target):
        return ()
    return tuple(result for result in counting if _meets(target, result))


def _one_is_submitted(reports: Iterable[Report], due_fy: int) -> bool:
    """None submitted for `due_fy` or later."""
    return any(report.state == ReportState.SUBMITTED and report.fiscal_year >= due_fy for report in reports)


# The path


def _has_a_path(target: Target, result: _Result) -> bool:
    """Else no path; none for within."""
    return _milestone(target, result) is not None or _is_on_the_straight_line(target, result)


def _milestone(target: Target, result: _Result) -> Decimal | None:
    """Path: the latest milestone of a year at or before the result's year. A milestone of the deadline's year equals the target."""
    if target.comparator == Comparator.WITHIN or target.kind == Kind.QUALITATIVE:
        return None
    earlier = [(year, value) for year, value in target.milestones if year <= result.fiscal_year]
    if not earlier:
        return None
    year, value = max(earlier)
    return target.value if year == _due_fy(target) else value


def _is_on_the_straight_line(target: Target, result: _Result) -> bool:
    """Where the target has no milestones at all, the straight line from baseline to target if baseline year < result's year ≤ `due_fy`."""
    due_fy = _due_fy(target)
    if target.comparator == Comparator.WITHIN or target.kind == Kind.QUALITATIVE or target.milestones:
        return False
    if target.baseline_value is None or target.baseline_year is None or due_fy is None:
        return False
    return target.baseline_year < result.fiscal_year <= due_fy


def _distance_from_the_path(target: Target, result: _Result) -> Fraction:
    """Compare (r−b)(due_fy−y0) with (t−b)(y−y0): no division. Positive: above the path; 0: on it."""
    assert result.figure.value is not None
    reached = Fraction(result.figure.value)
    milestone = _milestone(target, result)
    if milestone is not None:
        return reached - Fraction(milestone)
    due_fy = _due_fy(target)
    assert target.value is not None
    assert target.baseline_value is not None
    assert target.baseline_year is not None
    assert due_fy is not None
    wanted, baseline = Fraction(target.value), Fraction(target.baseline_value)
    return (reached - baseline) * (due_fy - target.baseline_year) - (wanted - baseline) * (result.fiscal_year - target.baseline_year)


def _is_short_of_the_path(target: Target, result: _Result) -> bool:
    """Equal to the path is on it."""
    if not _has_a_path(target, result):
        return False
    distance = _distance_from_the_path(target, result)
    return distance < 0 if _more_is_better(target) else distance > 0


# Each-year targets


def _last_ended_year(target: Target, on: date) -> int:
    """The last ended fiscal year; after the last year its verdict stays."""
    last_ended = fiscal_year_of(on) - 1
    return last_ended if target.last_year is None else min(last_ended, target.last_year)


def _judged_year(target: Target, counting: Iterable[_Result], on: date, last_due: int) -> int | None:
    """The last ended fiscal year once it has a counting result or its results are due, until then the year before.

    Before the first year has ended: no data.
    """
    ended = _last_ended_year(target, on)
    has_a_result = any(result.fiscal_year == ended for result in counting)
    judged = ended if has_a_result or ended <= last_due else ended - 1
    return None if target.first_year is not None and judged < target.first_year else judged


def _reading_of_an_each_year_target(target: Target, reports: tuple[Report, ...], on: date, last_due: int, judged: int) -> _Reading:
    """The rows above apply with the judged year's result alone as deciding and the judged year as `due_fy`."""
    of_its_year = tuple(report for report in reports if report.fiscal_year == judged)
    counting = _counting(target, of_its_year, on)
    return _Reading(
        target=target,
        after_the_last_day=True,
        has_a_last_day=True,
        due_fy=judged,
        last_due_year=last_due,
        latest=_of_the_highest_year(counting),
        deciding=counting,
        one_is_submitted=_one_is_submitted(of_its_year, judged),
    )


def _reading_of_an_ordinary_target(target: Target, reports: tuple[Report, ...], on: date, last_due: int) -> _Reading:
    """The deadline has passed from the day after the last day."""
    counting = _counting(target, reports, on)
    due_fy = _due_fy(target)
    after = target.due_on is not None and target.due_on < on
    return _Reading(
        target=target,
        after_the_last_day=after,
        has_a_last_day=target.due_on is not None,
        due_fy=due_fy,
        last_due_year=last_due,
        latest=_of_the_highest_year(counting),
        deciding=_deciding(target, counting, due_fy) if after and due_fy is not None else (),
        one_is_submitted=due_fy is not None and _one_is_submitted(reports, due_fy),
    )


# The rows


def _results_are_due(reading: _Reading) -> bool:
    """`due_fy` ≤ the last due year."""
    return reading.due_fy is not None and reading.due_fy <= reading.last_due_year


def _achieved(reading: _Reading) -> bool:
    """After the last day: one of the deciding results meets.

    Otherwise: the latest counting result meets, and the target is at least/more than, or qualitative, or has no last day.
    """
    target = reading.target
    if reading.after_the_last_day:
        return any(_meets(target, result) for result in reading.deciding)
    may_be_achieved_early = _more_is_better(target) or target.kind == Kind.QUALITATIVE or not reading.has_a_last_day
    return reading.latest is not None and _meets(target, reading.latest) and may_be_achieved_early


def _missed(reading: _Reading) -> bool:
    """After the last day, deciding results exist, none meets, and one of them is final or `due_fy` ≤ the last due year."""
    if not reading.after_the_last_day or not reading.deciding:
        return False
    none_meets = not any(_meets(reading.target, result) for result in reading.deciding)
    one_is_final = any(not result.figure.preliminary for result in reading.deciding)
    return none_meets and (one_is_final or _results_are_due(reading))


def _unreported(reading: _Reading) -> bool:
    """After the last day, `due_fy` ≤ the last due year, no deciding result, and none submitted for `due_fy` or later."""
    return reading.after_the_last_day and _results_are_due(reading) and not reading.deciding and not reading.one_is_submitted


def _awaiting_result(reading: _Reading) -> bool:
    """Otherwise, after the last day."""
    return reading.after_the_last_day


def _no_deadline(reading: _Reading) -> bool:
    """There is no last day."""
    return not reading.has_a_last_day


def _no_data(reading: _Reading) -> bool:
    """No counting result at all."""
    return reading.latest is None


def _behind(reading: _Reading) -> bool:
    """The latest counting result does not meet and is short of the path; or its grade is 4 or 5."""
    target, latest = reading.target, reading.latest
    assert latest is not None
    if target.kind == Kind.QUALITATIVE:
        return latest.figure.grade in (4, 5)
    return not _meets(target, latest) and _is_short_of_the_path(target, latest)


def _in_progress(reading: _Reading) -> bool:
    """No path can be drawn and it does not meet; or the latest counting result is older than the last due year."""
    target, latest = reading.target, reading.latest
    assert latest is not None
    # A grade needs no path: "grade 3" is named under on track.
    without_a_path = target.kind == Kind.QUANTITATIVE and not _has_a_path(target, latest) and not _meets(target, latest)
    return without_a_path or latest.fiscal_year < reading.last_due_year


def _on_track(reading: _Reading) -> bool:
    """Otherwise (at most/less than/within that meets before its last day; on or beyond the path; grade 3)."""
    return True


ROWS = (
    (Status.ACHIEVED, _achieved),
    (Status.MISSED, _missed),
    (Status.UNREPORTED, _unreported),
    (Status.AWAITING, _awaiting_result),
    (Status.NO_DEADLINE, _no_deadline),
    (Status.NO_DATA, _no_data),
    (Status.BEHIND, _behind),
    (Status.IN_PROGRESS, _in_progress),
    (Status.ON_TRACK, _on_track),
)


def _status(reading: _Reading) -> str:
    """First row that applies wins."""
    return next(status.value for status, applies in ROWS if applies(reading))


# The marks


def _rests_on(reading: _Reading, status: str) -> _Result | None:
    """Achieved after the last day: the meeting deciding result of the highest fiscal year; before it: the latest counting result.

    Missed, and awaiting with a deciding result: the deciding result of the highest fiscal year. Unreported, and awaiting without one: none.
    """
    if not reading.after_the_last_day:
        return reading.latest
    if status == Status.ACHIEVED:
        return _of_the_highest_year(result for result in reading.deciding if _meets(reading.target, result))
    return _of_the_highest_year(reading.deciding)


def _is_achieved_late(reading: _Reading, status: str, rests_on: _Result | None) -> bool:
    """Marked 期限後達成 where the deadline year's own did not; a later result never undoes it."""
    if status != Status.ACHIEVED or not reading.after_the_last_day or rests_on is None or reading.due_fy is None:
        return False
    own_meets = any(result.fiscal_year == reading.due_fy and _meets(reading.target, result) for result in reading.deciding)
    return not own_meets and rests_on.fiscal_year > reading.due_fy


def _is_awaiting_acceptance(reading: _Reading, status: str) -> bool:
    """Awaiting result, marked 承認待ち where one is submitted."""
    return status == Status.AWAITING and reading.one_is_submitted


def _is_withdrawn(target: Target, on: date) -> bool:
    """A withdrawn target has no status and is in no list or count, except on days before its withdrawal."""
    return target.withdrawn_on is not None and target.withdrawn_on <= on


def _verdict(target: Target, status: str, last_due: int, reading: _Reading | None, judged: int | None) -> Verdict:
    """Marks that go with a status everywhere."""
    rests_on = _rests_on(reading, status) if reading else None
    return Verdict(
        status=status,
        last_due_year=last_due,
        achieved_late=reading is not None and _is_achieved_late(reading, status, rests_on),
        awaiting_acceptance=reading is not None and _is_awaiting_acceptance(reading, status),
        under_correction=rests_on is not None and rests_on.reopened,
        preliminary=rests_on is not None and rests_on.figure.preliminary,
        approximate=target.approximate,
        comparator_assumed=target.comparator_assumed,
        accumulation_assumed=target.accumulation_assumed,
        programme_end_assumed=target.programme_end_assumed,
        revised_after_deadline=target.revised_after_deadline,
        judged_year=judged,
        latest_fiscal_year=reading.latest.fiscal_year if reading and reading.latest else None,
    )


def verdict(target: Target, reports: Iterable[Report], on: date, results_due: tuple[int, int] = (8, 31)) -> Verdict:
    """The status of a target on a day. Each-year targets never read `due_on`."""
    reports, last_due = tuple(reports), last_due_year(on, results_due)
    if _is_withdrawn(target, on):
        return Verdict(status=None, last_due_year=last_due)
    if not target.each_year:
        reading = _reading_of_an_ordinary_target(target, reports, on, last_due)
        return _verdict(target, _status(reading), last_due, reading, None)
    judged = _judged_year(target, _counting(target, reports, on), on, last_due)
    if judged is None:
        return _verdict(target, Status.NO_DATA.value, last_due, None, None)
    reading = _reading_of_an_each_year_target(target, reports, on, last_due, judged)
    return _verdict(target, _status(reading), last_due, reading, judged)
