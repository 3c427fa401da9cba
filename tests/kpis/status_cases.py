"""Cases of the status rule, each worked by hand from DOMAIN §5 before any program was asked.

`marks` is the whole set of marks that the verdict carries, so an empty set says that there are none. Unless a case says otherwise the
target is "at least 60", a level, due by the end of 令和7年度: last day 2026-03-31, deadline year FY2025, results due by 2026-08-31.
`judged_year` is of each-year targets alone.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from tests.kpis.oracle import Figure, Report, Target

MARKS = (
    "achieved_late",
    "awaiting_acceptance",
    "under_correction",
    "preliminary",
    "approximate",
    "comparator_assumed",
    "accumulation_assumed",
    "programme_end_assumed",
    "revised_after_deadline",
)


@dataclass(frozen=True)
class Case:
    """What a target and its reports say on a day, and why."""

    id: str
    target: Target
    reports: tuple[Report, ...]
    on: date
    status: str | None
    because: str
    marks: frozenset[str] = frozenset()
    judged_year: int | None = None


def result(year: int, value: str, *, state: str = "accepted", measured_on: date | None = None, preliminary: bool = False) -> Report:
    """A report with an accepted value; in another state than accepted it has been reopened."""
    return Report(year, state, Figure(value=Decimal(value), measured_on=measured_on, preliminary=preliminary))


def graded(year: int, grade: int) -> Report:
    """A report with an accepted grade."""
    return Report(year, "accepted", Figure(grade=grade))


def milestones(**values: str) -> tuple[tuple[int, Decimal], ...]:
    """`FY2024="40"` is the milestone 40 of FY2024."""
    return tuple((int(year.removeprefix("FY")), Decimal(value)) for year, value in values.items())


AT_LEAST = Target("quantitative", "at_least", Decimal(60), due_on=date(2026, 3, 31), due_fy=2025)
MORE_THAN = replace(AT_LEAST, comparator="more_than")
AT_MOST = replace(AT_LEAST, comparator="at_most")
LESS_THAN = replace(AT_LEAST, comparator="less_than")
WITHIN = replace(AT_LEAST, comparator="within", value_max=Decimal(70))
TOTAL = replace(AT_LEAST, accumulation="running_total")
QUALITATIVE = Target("qualitative", None, None, accumulation=None, due_on=date(2026, 3, 31), due_fy=2025)
CALENDAR = replace(AT_LEAST, due_on=date(2025, 12, 31))
UNDATED = replace(AT_LEAST, due_on=None, due_fy=None)
STEPS = replace(AT_LEAST, milestones=milestones(FY2023="20", FY2024="40", FY2025="60"))
STEPS_DOWN = replace(AT_MOST, milestones=milestones(FY2023="100", FY2024="80", FY2025="60"))
LINE = replace(AT_LEAST, baseline_value=Decimal(0), baseline_year=2020)
YEARLY = replace(AT_LEAST, each_year=True, first_year=2024, last_year=2026, due_on=date(2027, 3, 31), due_fy=2026)
GRADED_YEARLY = replace(QUALITATIVE, each_year=True, first_year=2024, last_year=2026, due_on=date(2027, 3, 31), due_fy=2026)

LAST_DAY, DAY_AFTER = date(2026, 3, 31), date(2026, 4, 1)
RESULTS_DUE, OVERDUE = date(2026, 8, 31), date(2026, 9, 1)
# FY2024's results were due on 2025-08-31, so on this day the last due year is 2024 and the deadline is six months off.
BEFORE = date(2025, 10, 1)

LATE = frozenset({"achieved_late"})
SUBMITTED = frozenset({"awaiting_acceptance"})
REOPENED = frozenset({"under_correction"})
PRELIMINARY = frozenset({"preliminary"})
TARGETS_MARKS = frozenset({"approximate", "comparator_assumed", "accumulation_assumed", "programme_end_assumed", "revised_after_deadline"})
FLAGGED = replace(
    AT_LEAST,
    approximate=True,
    comparator_assumed=True,
    accumulation_assumed=True,
    programme_end_assumed=True,
    revised_after_deadline=True,
)

AROUND_THE_LAST_DAY = (
    Case("nothing_on_the_last_day_is_no_data", AT_LEAST, (), LAST_DAY, "no_data",
         "2026-03-31 is the last day itself, so the deadline has not passed, and there is no result."),
    Case("nothing_on_the_day_after_is_awaiting", AT_LEAST, (), DAY_AFTER, "awaiting_result",
         "The deadline has passed, but FY2025's results are due by 2026-08-31: the last due year is 2024."),
    Case("nothing_on_31_august_is_awaiting", AT_LEAST, (), RESULTS_DUE, "awaiting_result",
         "Results due by 2026-08-31 were not due before 2026-08-31, so the last due year is still 2024."),
    Case("nothing_on_1_september_is_unreported", AT_LEAST, (), OVERDUE, "unreported",
         "On 2026-09-01 the last due year is 2025, the deadline year, and nothing came."),
    Case("shortfall_on_the_last_day_is_in_progress", AT_LEAST, (result(2025, "59"),), LAST_DAY, "in_progress",
         "59 < 60, measured 2026-03-31, counts on that day; the deadline has not passed and no path can be drawn."),
    Case("shortfall_on_the_day_after_is_missed", AT_LEAST, (result(2025, "59"),), DAY_AFTER, "missed",
         "The final 59 of FY2025 decides from 2026-04-01 and does not reach 60; nobody need wait for 31 August."),
    Case("reached_on_the_last_day_is_achieved", AT_LEAST, (result(2025, "60"),), LAST_DAY, "achieved",
         "60 >= 60 and the target is at least: achieved before the deadline has passed."),
    Case("reached_on_the_day_after_is_achieved", AT_LEAST, (result(2025, "60"),), DAY_AFTER, "achieved",
         "The deadline year's own 60 meets, so it is not late."),
    Case("level_met_a_year_early_is_achieved_until_the_last_day", AT_LEAST, (result(2024, "70"),), LAST_DAY, "achieved",
         "The latest counting result, FY2024's 70, meets an at-least target before its last day."),
    Case("level_met_a_year_early_no_longer_decides_on_the_day_after", AT_LEAST, (result(2024, "70"),), DAY_AFTER, "awaiting_result",
         "A level of FY2024 is older than FY2025 and no running total, so nothing decides; results are not due yet."),
    Case("level_met_a_year_early_is_unreported_on_1_september", AT_LEAST, (result(2024, "70"),), OVERDUE, "unreported",
         "The deadline year's results fell due on 2026-08-31 and only FY2024's level is there."),
    Case("met_once_but_latest_falls_short_is_not_achieved", AT_LEAST, (result(2023, "60"), result(2024, "50")), BEFORE, "in_progress",
         "Before the last day only the latest result speaks, FY2024's 50, and there is no path."),
    Case("calendar_year_nothing_on_31_december_is_no_data", CALENDAR, (), date(2025, 12, 31), "no_data",
         "2025-12-31 is the last day itself."),
    Case("calendar_year_nothing_on_1_january_is_awaiting", CALENDAR, (), date(2026, 1, 1), "awaiting_result",
         "The last day was 2025-12-31; it lies in FY2025, whose results are due by 2026-08-31."),
    Case("calendar_year_nothing_on_31_august_is_awaiting", CALENDAR, (), RESULTS_DUE, "awaiting_result",
         "A calendar-year deadline waits for its fiscal year's results as well: due_fy 2025 > last due year 2024."),
    Case("calendar_year_nothing_on_1_september_is_unreported", CALENDAR, (), OVERDUE, "unreported",
         "FY2025's results were due before 2026-09-01."),
    Case("calendar_year_figure_of_31_december_decides_on_1_january", CALENDAR, (result(2025, "60", measured_on=date(2025, 12, 31)),),
         date(2026, 1, 1), "achieved", "The figure of 2025-12-31 is FY2025's, counts and meets."),
    Case("calendar_year_figure_without_a_day_waits_for_31_march", CALENDAR, (result(2025, "59"),), date(2026, 3, 30), "awaiting_result",
         "With no stated day FY2025's 59 is measured on 2026-03-31, a day later, so nothing counts yet."),
    Case("calendar_year_figure_without_a_day_decides_on_31_march", CALENDAR, (result(2025, "59"),), LAST_DAY, "missed",
         "From 2026-03-31 the final 59 counts, after the last day 2025-12-31, and misses."),
)  # fmt: skip

LATER_RESULTS = (
    Case("own_year_missing_and_a_later_year_meets_is_late", AT_LEAST, (result(2026, "65"),), date(2027, 3, 31), "achieved",
         "FY2026's 65, measured 2027-03-31, decides and meets; the deadline year has no result of its own.", LATE),
    Case("own_year_short_and_a_later_year_meets_is_late", AT_LEAST, (result(2025, "59"), result(2026, "60")), date(2027, 3, 31), "achieved",
         "59 missed in FY2025, 60 meets in FY2026.", LATE),
    Case("own_year_short_and_the_later_year_not_over_is_missed", AT_LEAST, (result(2025, "59"), result(2026, "60")), date(2027, 3, 30),
         "missed", "FY2026's 60 is measured on 2027-03-31 and does not count on 2027-03-30; FY2025's 59 misses."),
    Case("own_year_meets_and_a_later_year_falls_short_stays_achieved", AT_LEAST, (result(2025, "60"), result(2026, "10")),
         date(2027, 4, 1), "achieved", "A later result never undoes FY2025's 60."),
    Case("own_year_and_a_later_year_meet_is_not_late", AT_LEAST, (result(2025, "60"), result(2026, "65")), date(2027, 4, 1), "achieved",
         "The deadline year's own 60 met."),
    Case("own_year_and_later_years_short_is_missed", AT_LEAST, (result(2025, "50"), result(2026, "59.9999")), date(2027, 4, 1), "missed",
         "Two deciding results, 50 and 59.9999, and neither reaches 60."),
    Case("at_most_met_by_a_later_year_is_late", AT_MOST, (result(2025, "61"), result(2026, "60")), date(2027, 4, 1), "achieved",
         "61 > 60 in FY2025, 60 <= 60 in FY2026.", LATE),
    Case("grade_met_by_a_later_year_is_late", QUALITATIVE, (graded(2025, 3), graded(2026, 2)), date(2027, 4, 1), "achieved",
         "Grade 3 in the deadline year does not meet, grade 2 a year on does.", LATE),
)  # fmt: skip

RUNNING_TOTALS = (
    Case("older_total_that_met_decides_on_the_day_after", TOTAL, (result(2024, "70"),), DAY_AFTER, "achieved",
         "A total of 70 at the end of FY2024 cannot fall below 60 by FY2025; it met before the deadline, so it is not late."),
    Case("older_total_that_met_is_not_unreported_on_1_september", TOTAL, (result(2024, "70"),), OVERDUE, "achieved",
         "The older total decides, so there is a deciding result although FY2025 has none."),
    Case("older_total_that_fell_short_does_not_decide", TOTAL, (result(2024, "59"),), DAY_AFTER, "awaiting_result",
         "59 < 60: an older total decides only if it meets, so this is no miss before FY2025 is reported."),
    Case("older_total_that_fell_short_is_unreported_on_1_september", TOTAL, (result(2024, "59"),), OVERDUE, "unreported",
         "No deciding result, and FY2025's results were due before 2026-09-01."),
    Case("older_total_at_most_does_not_decide_though_it_meets", replace(AT_MOST, accumulation="running_total"), (result(2024, "10"),),
         OVERDUE, "unreported", "A total of 10 can still grow past 60: only at-least and more-than targets are decided by an older total."),
    Case("older_total_exactly_at_more_than_does_not_decide", replace(MORE_THAN, accumulation="running_total"), (result(2024, "60"),),
         OVERDUE, "unreported", "60 is not more than 60, so the older total does not meet and does not decide."),
    Case("older_total_above_more_than_decides", replace(MORE_THAN, accumulation="running_total"), (result(2024, "60.0001"),),
         OVERDUE, "achieved", "60.0001 > 60, a running total and a more-than target."),
    Case("older_total_gives_way_to_the_deadline_years_own", TOTAL, (result(2024, "70"), result(2025, "55")), DAY_AFTER, "missed",
         "FY2025 has a result of its own, 55, so FY2024's 70 does not decide; 55 is final and misses."),
    Case("an_older_total_that_met_decides_though_a_newer_older_one_does_not", TOTAL, (result(2023, "70"), result(2024, "58")), OVERDUE,
         "achieved", "No result of FY2025 or later; FY2023's total of 70 meets and so decides, FY2024's 58 does not and so does not."),
    Case("later_total_decides_though_an_older_one_met", TOTAL, (result(2024, "70"), result(2026, "75")), date(2027, 4, 1), "achieved",
         "FY2026's 75 is the one deciding result, of a later year than the deadline's, whose own is missing.", LATE),
    Case("older_preliminary_total_carries_its_mark", TOTAL, (result(2024, "70", preliminary=True),), DAY_AFTER, "achieved",
         "The status rests on FY2024's 70, which is preliminary.", PRELIMINARY),
)  # fmt: skip

COMPARATORS = (
    Case("at_most_met_before_the_last_day_is_on_track", AT_MOST, (result(2024, "55"),), BEFORE, "on_track",
         "55 <= 60, but the figure can still rise until 2026-03-31: not achieved yet."),
    Case("at_most_met_after_the_last_day_is_achieved", AT_MOST, (result(2025, "60"),), DAY_AFTER, "achieved",
         "60 <= 60 in the deadline year."),
    Case("at_most_met_on_the_last_day_is_on_track", AT_MOST, (result(2025, "60"),), LAST_DAY, "on_track",
         "2026-03-31 is the last day itself, so an at-most target is not achieved before tomorrow."),
    Case("at_most_exceeded_without_a_path_is_in_progress", AT_MOST, (result(2024, "61"),), BEFORE, "in_progress",
         "61 > 60 and there is neither milestone nor baseline."),
    Case("less_than_met_before_the_last_day_is_on_track", LESS_THAN, (result(2024, "59.9999"),), BEFORE, "on_track",
         "59.9999 < 60, before the last day."),
    Case("less_than_at_exactly_the_value_is_missed", LESS_THAN, (result(2025, "60"),), DAY_AFTER, "missed",
         "60 is not less than 60."),
    Case("less_than_just_below_the_value_is_achieved", LESS_THAN, (result(2025, "59.9999"),), DAY_AFTER, "achieved",
         "59.9999 < 60."),
    Case("more_than_at_exactly_the_value_is_missed", MORE_THAN, (result(2025, "60"),), DAY_AFTER, "missed",
         "60 is not more than 60: attainment 100.0 is not met."),
    Case("more_than_just_above_the_value_is_achieved", MORE_THAN, (result(2025, "60.0001"),), DAY_AFTER, "achieved",
         "60.0001 > 60."),
    Case("more_than_at_exactly_the_value_before_the_last_day_is_in_progress", MORE_THAN, (result(2024, "60"),), BEFORE, "in_progress",
         "60 does not exceed 60 and there is no path."),
    Case("within_at_its_lower_end_is_achieved", WITHIN, (result(2025, "60"),), DAY_AFTER, "achieved",
         "60 to 70, ends included."),
    Case("within_at_its_upper_end_is_achieved", WITHIN, (result(2025, "70"),), DAY_AFTER, "achieved",
         "60 to 70, ends included."),
    Case("within_above_its_upper_end_is_missed", WITHIN, (result(2025, "70.0001"),), DAY_AFTER, "missed",
         "70.0001 > 70."),
    Case("within_below_its_lower_end_is_missed", WITHIN, (result(2025, "59.9999"),), DAY_AFTER, "missed",
         "59.9999 < 60."),
    Case("within_met_before_the_last_day_is_on_track", WITHIN, (result(2024, "65"),), BEFORE, "on_track",
         "65 lies in 60 to 70, but a range can be left again until the last day."),
    Case("within_has_no_path", replace(WITHIN, baseline_value=Decimal(0), baseline_year=2020), (result(2024, "10"),), BEFORE, "in_progress",
         "10 lies far below any line from 0 to 60, but there is none for within."),
    Case("within_older_total_does_not_decide", replace(WITHIN, accumulation="running_total"), (result(2024, "65"),), OVERDUE, "unreported",
         "65 lies within 60 to 70, but only at-least and more-than targets are decided by an older total."),
    Case("zero_is_a_result_before_the_last_day", AT_LEAST, (result(2024, "0"),), BEFORE, "in_progress",
         "0 is a value, so there is data; it does not meet and there is no path."),
    Case("zero_is_a_result_after_the_last_day", AT_LEAST, (result(2025, "0"),), OVERDUE, "missed",
         "0 is a value, so the target is missed and not unreported."),
    Case("at_most_zero_is_met_by_zero", replace(AT_MOST, value=Decimal(0)), (result(2025, "0"),), DAY_AFTER, "achieved",
         "0 <= 0."),
    Case("at_most_zero_is_missed_by_one", replace(AT_MOST, value=Decimal(0)), (result(2025, "1"),), DAY_AFTER, "missed",
         "1 > 0."),
    Case("at_least_zero_is_met_by_zero", replace(AT_LEAST, value=Decimal(0)), (result(2025, "0"),), DAY_AFTER, "achieved",
         "0 >= 0: a target of 0 is a value too."),
    Case("negative_value_is_met_from_above", replace(AT_LEAST, value=Decimal(-5)), (result(2025, "-4.9"),), DAY_AFTER, "achieved",
         "-4.9 >= -5."),
    Case("negative_value_is_missed_from_below", replace(AT_LEAST, value=Decimal(-5)), (result(2025, "-5.1"),), DAY_AFTER, "missed",
         "-5.1 < -5, although 5.1 > 5."),
    Case("trailing_zeros_make_no_difference", AT_LEAST, (result(2025, "60.0000"),), DAY_AFTER, "achieved",
         "60.0000 and 60 are one value."),
    Case("values_of_fifteen_digits_are_told_apart", replace(AT_LEAST, value=Decimal("99999999999.9999")),
         (result(2025, "99999999999.9998"),), DAY_AFTER, "missed", "99999999999.9998 is short by one in the last place."),
)  # fmt: skip

GRADES = (
    *(
        Case(f"grade_{grade}_before_the_last_day_is_{status}", QUALITATIVE, (graded(2024, grade),), BEFORE, status, because)
        for grade, status, because in (
            (1, "achieved", "Grade 1 meets, and a qualitative target may be achieved before its last day."),
            (2, "achieved", "Grade 2 meets, and a qualitative target may be achieved before its last day."),
            (3, "on_track", "Grade 3 is named under on track; FY2024's result is as new as the last due year, 2024."),
            (4, "behind", "Grade 4 is behind."),
            (5, "behind", "Grade 5 is behind."),
        )
    ),
    *(
        Case(f"grade_{grade}_after_the_last_day_is_{status}", QUALITATIVE, (graded(2025, grade),), DAY_AFTER, status, because)
        for grade, status, because in (
            (1, "achieved", "Grade 1 in the deadline year meets."),
            (2, "achieved", "Grade 2 in the deadline year meets."),
            (3, "missed", "Grade 3 in the deadline year does not meet: considerable progress is not the target."),
            (4, "missed", "Grade 4 in the deadline year does not meet."),
            (5, "missed", "Grade 5 in the deadline year does not meet."),
        )
    ),
    Case("grade_3_is_fresh_on_31_august", QUALITATIVE, (graded(2023, 3),), date(2025, 8, 31), "on_track",
         "The last due year is still 2023 on 2025-08-31, so FY2023's grade is not stale."),
    Case("grade_3_is_stale_on_1_september", QUALITATIVE, (graded(2023, 3),), date(2025, 9, 1), "in_progress",
         "On 2025-09-01 the last due year is 2024 and the latest grade is of FY2023."),
    Case("grade_of_an_older_year_does_not_decide", QUALITATIVE, (graded(2024, 1),), OVERDUE, "unreported",
         "A grade is no running total; FY2025 was due before 2026-09-01."),
)  # fmt: skip

PATHS = (
    Case("equal_to_the_milestone_is_on_track", STEPS, (result(2024, "40"),), BEFORE, "on_track",
         "FY2024's milestone is 40 and equal to the path is on it."),
    Case("below_the_milestone_is_behind", STEPS, (result(2024, "39.9999"),), BEFORE, "behind",
         "39.9999 < 40, FY2024's milestone."),
    Case("latest_milestone_at_or_before_the_results_year_counts",
         replace(AT_LEAST, milestones=milestones(FY2022="10", FY2023="20", FY2025="60")),
         (result(2024, "20"),), BEFORE, "on_track", "FY2024 has no milestone; the latest before it is FY2023's 20, and 20 is on it."),
    Case("latest_milestone_before_the_results_year_can_be_missed",
         replace(AT_LEAST, milestones=milestones(FY2022="10", FY2023="20", FY2025="60")),
         (result(2024, "19"),), BEFORE, "behind", "19 < 20, FY2023's milestone, though 19 > 10, FY2022's."),
    Case("no_milestone_at_or_before_leaves_no_path", replace(LINE, milestones=milestones(FY2025="60")), (result(2024, "1"),), BEFORE,
         "in_progress",
         "The only milestone is of FY2025; the line from 0 in 2020 is for targets without any milestone, so there is no path."),
    Case("at_most_above_the_milestone_is_behind", STEPS_DOWN, (result(2024, "80.0001"),), BEFORE, "behind",
         "80.0001 > 80, FY2024's milestone on the way down to 60."),
    Case("at_most_equal_to_the_milestone_is_on_track", STEPS_DOWN, (result(2024, "80"),), BEFORE, "on_track",
         "80 does not meet 60 yet and is on the path."),
    Case("meeting_an_at_most_target_is_never_behind", replace(AT_MOST, milestones=milestones(FY2024="50", FY2025="60")),
         (result(2024, "55"),), BEFORE, "on_track", "55 > 50, the milestone, but 55 <= 60 meets the target itself."),
    Case("path_ends_with_the_last_day", STEPS, (result(2025, "59"),), DAY_AFTER, "missed",
         "After the last day the target decides and no path."),
    Case("equal_to_the_straight_line_is_on_track", LINE, (result(2024, "48"),), BEFORE, "on_track",
         "From 0 in 2020 to 60 in 2025 the line stands at 48 in 2024: (48-0)x5 = (60-0)x4 = 240."),
    Case("below_the_straight_line_is_behind", LINE, (result(2024, "47.9999"),), BEFORE, "behind",
         "47.9999x5 = 239.9995 < 240."),
    Case("at_most_above_the_straight_line_is_behind", replace(AT_MOST, baseline_value=Decimal(100), baseline_year=2020),
         (result(2024, "69"),), BEFORE, "behind",
         "From 100 down to 60 the line stands at 68 in 2024: (69-100)x5 = -155 > (60-100)x4 = -160."),
    Case("at_most_equal_to_the_straight_line_is_on_track", replace(AT_MOST, baseline_value=Decimal(100), baseline_year=2020),
         (result(2024, "68"),), BEFORE, "on_track", "(68-100)x5 = -160 = (60-100)x4."),
    Case("straight_line_of_a_calendar_year_ends_in_its_fiscal_year", replace(CALENDAR, baseline_value=Decimal(0), baseline_year=2020),
         (result(2024, "48"),), BEFORE, "on_track", "2025-12-31 lies in FY2025, so the line is the same: 48 in 2024."),
    Case("more_than_equal_to_the_lines_end_is_on_track", replace(MORE_THAN, baseline_value=Decimal(0), baseline_year=2020),
         (result(2025, "60"),), LAST_DAY, "on_track", "60 is not more than 60, but the line ends at 60 and equal to the path is on it."),
    Case("baseline_of_the_results_year_gives_no_line", replace(AT_LEAST, baseline_value=Decimal(50), baseline_year=2024),
         (result(2024, "10"),), BEFORE, "in_progress", "The baseline year 2024 is not before the result's year 2024."),
    Case("baseline_after_the_results_year_gives_no_line", replace(AT_LEAST, baseline_value=Decimal(50), baseline_year=2025),
         (result(2024, "10"),), BEFORE, "in_progress", "The baseline year 2025 is after the result's year 2024."),
    Case("no_baseline_gives_no_line", AT_LEAST, (result(2024, "1"),), BEFORE, "in_progress",
         "Neither milestone nor baseline: no path."),
    Case("baseline_of_zero_is_a_baseline", replace(AT_LEAST, baseline_value=Decimal(0), baseline_year=2023), (result(2024, "29"),), BEFORE,
         "behind", "0 is a value: the line stands at 30 in 2024, and 29x2 = 58 < 60."),
    Case("a_third_of_the_way_is_not_rounded_down", replace(AT_LEAST, value=Decimal(100), baseline_value=Decimal(0), baseline_year=2022),
         (result(2023, "33.3333"),), date(2024, 10, 1), "behind", "33.3333x3 = 99.9999 < 100."),
    Case("a_third_of_the_way_is_passed", replace(AT_LEAST, value=Decimal(100), baseline_value=Decimal(0), baseline_year=2022),
         (result(2023, "33.3334"),), date(2024, 10, 1), "on_track", "33.3334x3 = 100.0002 >= 100."),
    Case("truncated_division_would_call_this_on_track",
         replace(AT_LEAST, value=Decimal("3.5"), baseline_value=Decimal(0), baseline_year=2022),
         (result(2023, "1.1666"),), date(2024, 10, 1), "behind", "350/300 is 1.1666..., not 1: 1.1666x3 = 3.4998 < 3.5."),
    Case("next_figure_after_350_in_300_is_on_track", replace(AT_LEAST, value=Decimal("3.5"), baseline_value=Decimal(0), baseline_year=2022),
         (result(2023, "1.1667"),), date(2024, 10, 1), "on_track", "1.1667x3 = 3.5001 >= 3.5."),
    Case("binary_fractions_would_call_this_behind_upwards",
         replace(AT_LEAST, value=Decimal("0.1"), baseline_value=Decimal(0), baseline_year=2021), (result(2024, "0.075"),), BEFORE,
         "on_track", "0.075x4 = 0.3 = 0.1x3 exactly, on the path; in floats 0.1*3 is above 0.3."),
    Case("binary_fractions_would_call_this_behind_downwards",
         replace(AT_MOST, value=Decimal("0.7"), baseline_value=Decimal(1), baseline_year=2022), (result(2023, "0.9"),), date(2024, 10, 1),
         "on_track", "(0.9-1)x3 = -0.3 = (0.7-1)x1 exactly, on the path; in floats the left is above the right."),
)  # fmt: skip

STALE = (
    Case("on_the_path_is_fresh_on_31_august", STEPS, (result(2023, "20"),), date(2025, 8, 31), "on_track",
         "On 2025-08-31 the last due year is 2023, the result's own; 20 is on FY2023's milestone."),
    Case("on_the_path_is_stale_on_1_september", STEPS, (result(2023, "20"),), date(2025, 9, 1), "in_progress",
         "On 2025-09-01 the last due year is 2024 and the latest result is of FY2023: stale figures are no good news."),
    Case("at_most_met_but_stale_is_in_progress", AT_MOST, (result(2023, "10"),), date(2025, 9, 1), "in_progress",
         "10 <= 60, but of FY2023, while FY2024's was due before 2025-09-01."),
    Case("within_met_but_stale_is_in_progress", WITHIN, (result(2023, "65"),), date(2025, 9, 1), "in_progress",
         "65 lies in the range, but of FY2023, while FY2024's was due before 2025-09-01."),
    Case("behind_though_stale_stays_behind", STEPS, (result(2023, "19"),), date(2025, 9, 1), "behind",
         "The row behind comes first: 19 < 20, FY2023's milestone."),
    Case("at_least_met_though_stale_is_achieved", AT_LEAST, (result(2023, "60"),), date(2025, 9, 1), "achieved",
         "The row achieved comes first and asks only for the latest counting result."),
)  # fmt: skip

STATES = (
    Case("submitted_before_results_are_due_is_awaiting_acceptance", AT_LEAST, (Report(2025, "submitted"),), DAY_AFTER, "awaiting_result",
         "Nothing counts until it is accepted; one is submitted.", SUBMITTED),
    Case("submitted_hides_unreported", AT_LEAST, (Report(2025, "submitted"),), OVERDUE, "awaiting_result",
         "FY2025 was due, but its report is submitted and waits for the reviewer.", SUBMITTED),
    Case("submitted_of_a_later_year_hides_unreported", AT_LEAST, (Report(2026, "submitted"),), date(2027, 4, 1), "awaiting_result",
         "Submitted for FY2026, later than the deadline year, and it may decide once accepted.", SUBMITTED),
    Case("submitted_of_an_older_year_does_not_hide_unreported", AT_LEAST, (Report(2024, "submitted"),), OVERDUE, "unreported",
         "FY2024 is before the deadline year."),
    Case("returned_does_not_hide_unreported", AT_LEAST, (Report(2025, "returned"),), OVERDUE, "unreported",
         "A returned report waits for the official, not for the reviewer."),
    Case("draft_does_not_hide_unreported", AT_LEAST, (Report(2025, "draft"),), OVERDUE, "unreported",
         "Nobody has submitted the draft."),
    Case("returned_before_results_are_due_is_awaiting_without_a_mark", AT_LEAST, (Report(2025, "returned"),), RESULTS_DUE,
         "awaiting_result", "Results are due by 2026-08-31; nothing is submitted."),
    Case("submitted_before_the_last_day_is_no_data", AT_LEAST, (Report(2024, "submitted"),), BEFORE, "no_data",
         "A submitted report does not count, and 承認待ち goes with awaiting result alone."),
    Case("submitted_does_not_hide_a_miss", AT_LEAST, (result(2025, "59"), Report(2026, "submitted")), OVERDUE, "missed",
         "FY2025's final 59 decides; the later report does not count yet."),
    Case("reopened_goes_on_counting", AT_LEAST, (result(2025, "60", state="draft"),), OVERDUE, "achieved",
         "The last accepted figure, 60, counts while the report is a draft again.", REOPENED),
    Case("reopened_and_returned_goes_on_counting", AT_LEAST, (result(2025, "59", state="returned"),), OVERDUE, "missed",
         "The last accepted figure, 59, counts while the correction is sent back.", REOPENED),
    Case("reopened_and_submitted_miss_stays_missed", AT_LEAST, (result(2025, "59", state="submitted"),), OVERDUE, "missed",
         "The last accepted figure, 59, is final and decides; 承認待ち goes with awaiting result alone.", REOPENED),
    Case("reopened_preliminary_and_submitted_is_awaiting", AT_LEAST, (result(2025, "59", state="submitted", preliminary=True),),
         RESULTS_DUE, "awaiting_result", "The preliminary 59 decides nothing until 2026-09-01, and its correction is submitted.",
         SUBMITTED | REOPENED | PRELIMINARY),
    Case("reopened_before_the_last_day_is_marked", STEPS, (result(2024, "40", state="draft"),), BEFORE, "on_track",
         "The latest counting result is the last accepted figure of a reopened report.", REOPENED),
    Case("reopened_report_on_which_nothing_rests_is_not_marked", AT_LEAST, (result(2025, "59", state="draft"), result(2026, "65")),
         date(2027, 4, 1), "achieved", "The status rests on FY2026's 65, which nobody reopened.", LATE),
    Case("taken_down_stops_counting_after_the_last_day", AT_LEAST, (Report(2025, "taken_down"),), OVERDUE, "unreported",
         "The report taken down has no accepted figure any more, and FY2025 was due."),
    Case("taken_down_stops_counting_before_the_last_day", AT_LEAST, (Report(2024, "taken_down"),), BEFORE, "no_data",
         "The only report was taken down."),
    Case("taken_down_lets_the_older_result_speak", STEPS, (result(2023, "20"), Report(2024, "taken_down")), date(2025, 8, 31), "on_track",
         "FY2023's 20 is the latest result that counts, fresh on 2025-08-31."),
)  # fmt: skip

MEASURED = (
    Case("measured_after_the_day_does_not_count", AT_LEAST, (result(2025, "60", measured_on=date(2026, 6, 30)),), date(2026, 6, 29),
         "awaiting_result", "The figure is of 2026-06-30, a day later."),
    Case("measured_on_the_day_counts", AT_LEAST, (result(2025, "60", measured_on=date(2026, 6, 30)),), date(2026, 6, 30), "achieved",
         "The figure of 2026-06-30 is FY2025's and counts on that day, so it is not late."),
    Case("unmeasured_before_its_years_end_does_not_count", AT_LEAST, (result(2025, "60"),), date(2026, 3, 30), "no_data",
         "Without a stated day FY2025's figure is of 2026-03-31."),
    Case("later_year_measured_early_counts", AT_LEAST, (result(2026, "60", measured_on=date(2026, 9, 30)),), date(2026, 9, 30), "achieved",
         "FY2026's figure of 2026-09-30 decides and meets, and is of a later year than the deadline's.", LATE),
    Case("later_year_measured_early_does_not_count_the_day_before", AT_LEAST, (result(2026, "60", measured_on=date(2026, 9, 30)),),
         date(2026, 9, 29), "unreported", "FY2025 was due on 2026-08-31 and nothing counts on 2026-09-29."),
    Case("measured_within_the_deadline_year_decides_after_it", AT_LEAST, (result(2025, "59", measured_on=date(2025, 7, 1)),), DAY_AFTER,
         "missed", "FY2025's only figure, final, is of 2025-07-01; it is the deadline year's and misses."),
)  # fmt: skip

PRELIMINARIES = (
    Case("preliminary_shortfall_is_awaiting_until_31_august", AT_LEAST, (result(2025, "59", preliminary=True),), RESULTS_DUE,
         "awaiting_result", "The only deciding result is preliminary and FY2025's results are not due before 2026-08-31.", PRELIMINARY),
    Case("preliminary_shortfall_is_missed_on_1_september", AT_LEAST, (result(2025, "59", preliminary=True),), OVERDUE, "missed",
         "FY2025's results were due before 2026-09-01, so the preliminary 59 misses.", PRELIMINARY),
    Case("preliminary_that_meets_is_achieved", AT_LEAST, (result(2025, "60", preliminary=True),), DAY_AFTER, "achieved",
         "A deciding result meets; that it is preliminary goes along as a mark.", PRELIMINARY),
    Case("one_final_shortfall_among_preliminary_ones_is_missed", AT_LEAST,
         (result(2025, "59", preliminary=True), result(2026, "58", measured_on=date(2026, 6, 30))), date(2026, 7, 1), "missed",
         "None meets and FY2026's 58 is final; the status rests on it, so it is not marked preliminary."),
    Case("final_shortfall_and_a_later_preliminary_one_is_marked", AT_LEAST,
         (result(2025, "59"), result(2026, "58", measured_on=date(2026, 6, 30), preliminary=True)), date(2026, 7, 1), "missed",
         "None meets and FY2025's 59 is final; the status rests on the highest year's, FY2026's preliminary 58.", PRELIMINARY),
    Case("achieved_rests_on_the_meeting_result_not_on_a_later_preliminary_one", AT_LEAST,
         (result(2025, "60"), result(2026, "10", preliminary=True)), date(2027, 4, 1), "achieved",
         "Of the deciding results FY2025's 60 meets, and that is final."),
    Case("preliminary_before_the_last_day_is_marked", STEPS, (result(2024, "39", preliminary=True),), BEFORE, "behind",
         "39 < 40; the latest counting result is preliminary.", PRELIMINARY),
    Case("older_preliminary_is_not_marked_once_nothing_rests_on_it", AT_LEAST, (result(2024, "50", preliminary=True),), OVERDUE,
         "unreported", "FY2024's level does not decide, so the status rests on no result."),
)  # fmt: skip

EACH_YEAR = (
    Case("each_year_before_the_first_year_ended_is_no_data", YEARLY, (result(2024, "60", measured_on=date(2024, 12, 31)),),
         date(2025, 3, 31), "no_data", "FY2024 ends with 2025-03-31, so no year of the run has ended on that day."),
    Case("each_year_first_year_ended_and_not_due_is_no_data", YEARLY, (), date(2025, 4, 1), "no_data",
         "FY2024 has ended but has no result and is due by 2025-08-31; the year before, 2023, is before the first."),
    Case("each_year_first_year_on_31_august_is_no_data", YEARLY, (), date(2025, 8, 31), "no_data",
         "FY2024's results are due by 2025-08-31 and so were not due before that day."),
    Case("each_year_first_year_on_1_september_is_unreported", YEARLY, (), date(2025, 9, 1), "unreported",
         "FY2024's results were due before 2025-09-01; due_on, 2027-03-31, is not read.", judged_year=2024),
    Case("each_year_first_year_with_a_result_is_judged_at_once", YEARLY, (result(2024, "60"),), date(2025, 4, 1), "achieved",
         "FY2024 has ended and its 60 counts.", judged_year=2024),
    Case("each_year_first_year_short_is_missed_at_once", YEARLY, (result(2024, "59"),), date(2025, 4, 1), "missed",
         "FY2024's final 59 misses; each year is judged on its own.", judged_year=2024),
    Case("each_year_until_due_the_year_before_is_judged", YEARLY, (result(2024, "60"),), date(2026, 8, 31), "achieved",
         "FY2025 has no result and is due by 2026-08-31, so FY2024's 60 is still the verdict.", judged_year=2024),
    Case("each_year_once_due_the_empty_year_is_judged", YEARLY, (result(2024, "60"),), date(2026, 9, 1), "unreported",
         "FY2025's results were due before 2026-09-01 and none came.", judged_year=2025),
    Case("each_year_a_new_result_moves_the_judged_year", YEARLY, (result(2024, "60"), result(2025, "59")), date(2026, 4, 1), "missed",
         "FY2025 has ended and has a counting result, 59; that FY2024 met does not help.", judged_year=2025),
    Case("each_year_result_of_the_running_year_is_not_judged", YEARLY,
         (result(2024, "60"), result(2025, "1", measured_on=date(2025, 9, 30))),
         date(2026, 3, 31), "achieved", "FY2025 ends with 2026-03-31; until then FY2024 is the last ended year.", judged_year=2024),
    Case("each_year_preliminary_shortfall_is_awaiting_until_due", YEARLY, (result(2025, "59", preliminary=True),), date(2026, 8, 31),
         "awaiting_result", "FY2025 is judged as it has a result; it is preliminary and not due yet.", PRELIMINARY, 2025),
    Case("each_year_preliminary_shortfall_is_missed_once_due", YEARLY, (result(2025, "59", preliminary=True),), date(2026, 9, 1), "missed",
         "FY2025's results were due before 2026-09-01.", PRELIMINARY, 2025),
    Case("each_year_submitted_hides_unreported", YEARLY, (result(2024, "60"), Report(2025, "submitted")), date(2026, 9, 1),
         "awaiting_result", "FY2025 is judged as its results are due; its report is submitted.", SUBMITTED, 2025),
    Case("each_year_submitted_does_not_move_the_judged_year", YEARLY, (result(2024, "59"), Report(2025, "submitted")), date(2026, 8, 31),
         "missed", "A submitted result does not count, so FY2024 is judged until FY2025 is due.", judged_year=2024),
    Case("each_year_submitted_of_another_year_does_not_hide_unreported", YEARLY, (Report(2025, "submitted"),), date(2026, 5, 1),
         "unreported", "FY2024 is judged, was due on 2025-08-31 and has nothing; FY2025's report could never decide on it.",
         judged_year=2024),
    Case("each_year_later_result_does_not_make_up_for_a_missing_year", YEARLY, (result(2024, "60"), result(2026, "60")), date(2027, 4, 1),
         "achieved", "FY2026 is judged by its own 60, on time; FY2025's gap is not its verdict.", judged_year=2026),
    Case("each_year_running_total_of_an_older_year_does_not_decide", replace(YEARLY, accumulation="running_total"), (result(2024, "70"),),
         date(2026, 9, 1), "unreported", "The judged year's result alone decides, and FY2025 has none.", judged_year=2025),
    Case("each_year_last_year_ended_and_not_due_judges_the_year_before", YEARLY, (result(2025, "60"),), date(2027, 4, 1), "achieved",
         "FY2026, the last, has ended without a result and is due by 2027-08-31; FY2025's 60 is judged.", judged_year=2025),
    Case("each_year_last_year_once_due_is_unreported", YEARLY, (result(2025, "60"),), date(2027, 9, 1), "unreported",
         "FY2026's results were due before 2027-09-01.", judged_year=2026),
    Case("each_year_after_the_last_year_its_verdict_stays", YEARLY, (result(2026, "59"),), date(2031, 1, 1), "missed",
         "The run ended with FY2026, whose 59 misses.", judged_year=2026),
    Case("each_year_result_after_the_last_year_decides_nothing", YEARLY, (result(2026, "59"), result(2027, "99")), date(2031, 1, 1),
         "missed", "FY2027 is outside the run; FY2026's 59 is the last verdict.", judged_year=2026),
    Case("each_year_open_run_goes_on", replace(YEARLY, last_year=None, due_on=None, due_fy=None), (result(2026, "60"),), date(2031, 4, 1),
         "unreported", "With no last year FY2030 ended yesterday and is not due, so FY2029 is judged; it was due on 2030-08-31.",
         judged_year=2029),
    Case("each_year_without_a_deadline_is_not_no_deadline", replace(YEARLY, last_year=None, due_on=None, due_fy=None),
         (result(2024, "61"),), date(2025, 4, 1), "achieved", "Each-year targets never read due_on; FY2024's 61 meets.", judged_year=2024),
    Case("each_year_at_most_is_achieved_as_its_year_is_over", replace(YEARLY, comparator="at_most"), (result(2024, "60"),),
         date(2025, 4, 1), "achieved", "FY2024 is over and 60 <= 60, though the run ends in 2027.", judged_year=2024),
    Case("each_year_shortfall_on_the_path_is_missed", replace(YEARLY, milestones=milestones(FY2024="50", FY2026="60")),
         (result(2024, "55"),), date(2025, 4, 1), "missed", "The judged year is after its last day, where no path is read: 55 < 60.",
         judged_year=2024),
    Case("each_year_grade_3_is_missed", GRADED_YEARLY, (graded(2024, 3),),
         date(2025, 4, 1), "missed", "Grade 3 does not meet, and the judged year is over.", judged_year=2024),
    Case("each_year_reopened_is_marked", YEARLY, (result(2024, "60", state="submitted"),), date(2025, 4, 1), "achieved",
         "FY2024's last accepted 60 counts while its report is reopened.", REOPENED, 2024),
    Case("each_year_taken_down_falls_back_to_the_year_before", YEARLY, (result(2024, "60"), Report(2025, "taken_down")), date(2026, 4, 1),
         "achieved", "FY2025 has no counting result any more and is not due, so FY2024 is judged.", judged_year=2024),
    Case("each_year_of_one_year", replace(YEARLY, last_year=2024, due_on=date(2025, 3, 31), due_fy=2024), (), date(2030, 1, 1),
         "unreported", "FY2024 is first and last; it was due on 2025-08-31.", judged_year=2024),
)  # fmt: skip

UNDATED_AND_WITHDRAWN = (
    Case("no_last_day_and_no_result_is_no_deadline", UNDATED, (), OVERDUE, "no_deadline",
         "There is no last day; the row comes before no data."),
    Case("no_last_day_and_met_is_achieved", UNDATED, (result(2024, "60"),), OVERDUE, "achieved",
         "The latest counting result meets."),
    Case("no_last_day_and_short_is_no_deadline", UNDATED, (result(2024, "59"),), OVERDUE, "no_deadline",
         "59 < 60 and there is no day by which it is missed."),
    Case("no_last_day_and_at_most_met_is_achieved", replace(AT_MOST, due_on=None, due_fy=None), (result(2024, "60"),), OVERDUE, "achieved",
         "The latest counting result meets and there is no last day to wait for."),
    Case("no_last_day_and_within_met_is_achieved", replace(WITHIN, due_on=None, due_fy=None), (result(2024, "65"),), OVERDUE, "achieved",
         "The latest counting result meets and there is no last day to wait for."),
    Case("no_last_day_and_latest_short_is_no_deadline", UNDATED, (result(2023, "60"), result(2024, "59")), OVERDUE, "no_deadline",
         "The latest counting result, FY2024's 59, does not meet, whatever FY2023's did."),
    Case("no_last_day_and_grade_5_is_no_deadline", replace(QUALITATIVE, due_on=None, due_fy=None), (graded(2024, 5),), OVERDUE,
         "no_deadline", "The row no deadline comes before behind."),
    Case("no_last_day_and_preliminary_is_marked", UNDATED, (result(2024, "59", preliminary=True),), OVERDUE, "no_deadline",
         "The latest counting result is preliminary.", PRELIMINARY),
    Case("no_last_day_and_submitted_has_no_mark", UNDATED, (Report(2025, "submitted"),), OVERDUE, "no_deadline",
         "承認待ち goes with awaiting result alone."),
    Case("withdrawn_later_is_judged_as_ever", replace(AT_LEAST, withdrawn_on=date(2026, 5, 2)), (result(2025, "59"),), date(2026, 5, 1),
         "missed", "On the day before its withdrawal the target has its status."),
    Case("withdrawn_on_the_day_has_no_status", replace(FLAGGED, withdrawn_on=date(2026, 5, 1)),
         (result(2025, "59", state="draft", preliminary=True),), date(2026, 5, 1), None,
         "From 2026-05-01 the target has no status and no mark."),
    Case("withdrawn_before_has_no_status", replace(AT_LEAST, withdrawn_on=date(2026, 4, 30)), (result(2025, "60"),), date(2026, 5, 1), None,
         "The target was withdrawn the day before."),
    Case("withdrawn_each_year_target_has_no_status", replace(YEARLY, withdrawn_on=date(2026, 5, 1)), (result(2025, "60"),),
         date(2026, 5, 1), None, "A withdrawn target has no status, each-year or not."),
)  # fmt: skip

TARGETS_OWN_MARKS = (
    Case("approximate_is_judged_strictly", replace(AT_LEAST, approximate=True), (result(2025, "59.9999"),), DAY_AFTER, "missed",
         "約60 is judged as 60: no tolerance is invented.", frozenset({"approximate"})),
    Case("targets_marks_go_with_no_data", FLAGGED, (), LAST_DAY, "no_data",
         "The marks of the target go with a status everywhere, with or without a result.", TARGETS_MARKS),
    Case("targets_marks_go_with_a_miss", FLAGGED, (result(2025, "59", preliminary=True),), OVERDUE, "missed",
         "The marks of the target stand beside those of the result.", TARGETS_MARKS | PRELIMINARY),
    Case("targets_marks_go_with_each_year_no_data", replace(YEARLY, comparator_assumed=True), (), date(2025, 4, 1), "no_data",
         "No year is judged yet; how the target was read is known all the same.", frozenset({"comparator_assumed"})),
)  # fmt: skip

CASES: tuple[Case, ...] = (
    *AROUND_THE_LAST_DAY,
    *LATER_RESULTS,
    *RUNNING_TOTALS,
    *COMPARATORS,
    *GRADES,
    *PATHS,
    *STALE,
    *STATES,
    *MEASURED,
    *PRELIMINARIES,
    *EACH_YEAR,
    *UNDATED_AND_WITHDRAWN,
    *TARGETS_OWN_MARKS,
)
