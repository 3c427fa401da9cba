"""Which result is asked for on a day: as the cases worked by hand say, and as the oracle says of random ones.

The rule stands at the head of `asked_oracle`. Unless a case says otherwise a target is "at least 60", a level, and neither its document
nor its programme's start is known. `DUE_2025` is due by 2026-03-31, `DUE_2030` by 2031-03-31. `YEARLY` runs from FY2024 to FY2026.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget.models import Programme, SourceDocument, SourcePassage
from kpis import work
from kpis.choices import Status
from kpis.models import OutcomeTarget
from tests.factories import ProgrammeFactory, SourcePassageFactory
from tests.kpis import asked_oracle, oracle
from tests.kpis.asked_oracle import Origin, Why
from tests.kpis.oracle import Report, Target
from tests.kpis.scenarios import MARKS, store
from tests.kpis.status_cases import AT_LEAST, QUALITATIVE, UNDATED, YEARLY, graded, result
from tests.kpis.test_status import a_day, a_target, some_reports

pytestmark = pytest.mark.django_db

Question = tuple[Target, Sequence[Report], Origin]
NOWHERE = Origin()


@dataclass(frozen=True)
class Case:
    """Which year's result is asked for on a day, None where none is, and why."""

    id: str
    target: Target
    reports: tuple[Report, ...]
    on: date
    asked: int | None
    because: str
    origin: Origin = NOWHERE


DUE_2025 = AT_LEAST
DUE_2030 = replace(AT_LEAST, due_on=date(2031, 3, 31), due_fy=2030)
CALENDAR_2030 = replace(AT_LEAST, due_on=date(2030, 12, 31), due_fy=2030)
CALENDAR_2026 = replace(AT_LEAST, due_on=date(2026, 12, 31), due_fy=2026)
OPEN_YEARLY = replace(YEARLY, last_year=None, due_on=None, due_fy=None)

# FY2024 is the last ended year on the first day, FY2025 on the second.
LAST_DAY, DAY_AFTER = date(2026, 3, 31), date(2026, 4, 1)

THE_YEAR = (
    Case("on_31_march_the_year_before_the_running_one_is_asked_for", DUE_2030, (), LAST_DAY, 2024,
         "FY2025 ends with 2026-03-31 and has not ended on that day; FY2024 ended with 2025-03-31."),
    Case("on_1_april_the_year_just_ended_is_asked_for", DUE_2030, (), DAY_AFTER, 2025,
         "2026-03-31, the end of FY2025, lies before 2026-04-01."),
    Case("on_31_december_the_year_that_ended_in_march_is_asked_for", DUE_2030, (), date(2026, 12, 31), 2025,
         "FY2026 runs until 2027-03-31."),
    Case("on_1_january_the_year_that_ended_last_march_is_asked_for", DUE_2030, (), date(2027, 1, 1), 2025,
         "FY2026 runs until 2027-03-31."),
    Case("31_august_changes_nothing", DUE_2025, (), date(2026, 8, 31), 2025, "Results are asked for from 1 April, not once they are due."),
    Case("1_september_changes_nothing", DUE_2025, (), date(2026, 9, 1), 2025, "An unreported result is asked for still."),
    Case("without_a_last_day_on_31_march", UNDATED, (), LAST_DAY, 2024, "Each year's result tells how far the target is."),
    Case("without_a_last_day_on_1_april", UNDATED, (), DAY_AFTER, 2025, "FY2025 ended the day before."),
    Case("without_a_last_day_asking_goes_on", UNDATED, (), date(2031, 4, 1), 2030, "There is no deadline's year at which to stop."),
    Case("on_the_last_day_the_deadlines_year_has_not_ended", DUE_2025, (), LAST_DAY, 2024, "FY2025 > FY2024, the last ended year."),
    Case("on_the_day_after_the_deadlines_year_is_asked_for", DUE_2025, (), DAY_AFTER, 2025, "FY2025 is the last ended year."),
    Case("a_year_later_still_the_deadlines_year", DUE_2025, (), date(2027, 4, 1), 2025, "FY2026 ended, but FY2025's result decides."),
    Case("years_later_still_the_deadlines_year", DUE_2025, (), date(2031, 4, 1), 2025, "FY2030 ended, but FY2025's result decides."),
    Case("a_gap_in_an_older_year_is_not_asked_for", DUE_2030, (result(2025, "50"),), DAY_AFTER, None,
         "FY2025 is there; that FY2024 is not, nobody asks about any more."),
    Case("a_grade_is_asked_for_like_a_figure", QUALITATIVE, (), DAY_AFTER, 2025, "FY2025 ended and has no grade."),
)  # fmt: skip

CALENDAR_YEARS = (
    Case("calendar_year_on_31_december_its_last_day", CALENDAR_2030, (), date(2030, 12, 31), 2029,
         "The last day 2030-12-31 lies in FY2030, which ends with 2031-03-31; FY2029 is the last ended year."),
    Case("calendar_year_on_1_january_the_last_day_has_passed_but_not_its_fiscal_year", CALENDAR_2030, (), date(2031, 1, 1), 2029,
         "FY2030 has three months to go."),
    Case("calendar_year_on_31_march", CALENDAR_2030, (), date(2031, 3, 31), 2029, "FY2030 ends with this day."),
    Case("calendar_year_on_1_april", CALENDAR_2030, (), date(2031, 4, 1), 2030, "FY2030, which holds the last day, ended the day before."),
    Case("calendar_year_a_year_later", CALENDAR_2030, (), date(2032, 4, 1), 2030, "FY2030's report holds the figure of 2030-12-31."),
    Case("fiscal_year_on_31_march", DUE_2030, (), date(2031, 3, 31), 2029, "FY2030 ends with this day."),
    Case("fiscal_year_on_1_april", DUE_2030, (), date(2031, 4, 1), 2030, "FY2030 ended the day before."),
    Case("fiscal_year_a_year_later", DUE_2030, (), date(2032, 4, 1), 2030, "FY2030's result decides."),
    Case("last_day_on_1_april_belongs_to_the_year_that_it_opens", replace(AT_LEAST, due_on=date(2026, 4, 1), due_fy=2026), (),
         date(2027, 3, 31), 2025, "2026-04-01 lies in FY2026, which ends with 2027-03-31: FY2025 is the last ended year."),
    Case("last_day_on_1_april_is_asked_for_a_year_on", replace(AT_LEAST, due_on=date(2026, 4, 1), due_fy=2026), (),
         date(2027, 4, 1), 2026, "FY2026 ended the day before."),
)  # fmt: skip

BEGINNINGS = (
    *(
        Case(f"{name}_{known}_{day:%d_%B}".lower(), target, (), day, asked, because, origin)
        for name, target in (("deadline_ahead", DUE_2030), ("no_last_day", UNDATED))
        for known, origin in (
            ("read_from_a_document_of_2025_on", Origin(budget_year=2025)),
            ("of_a_programme_from_2025_on", Origin(programme_start=2025)),
            ("both_of_2025_on", Origin(2025, 2025)),
            ("of_an_older_programme_newly_read_on", Origin(budget_year=2025, programme_start=2020)),
            ("of_a_new_programme_read_before_on", Origin(budget_year=2024, programme_start=2025)),
        )
        for day, asked, because in (
            (LAST_DAY, None, "FY2024 is the last ended year and before FY2025."),
            (DAY_AFTER, 2025, "FY2025 is the last ended year and not before FY2025."),
        )
    ),
    Case("document_of_the_next_year_asks_nothing_yet", DUE_2030, (), DAY_AFTER, None, "FY2025 < FY2026.", Origin(budget_year=2026)),
    Case("programme_of_the_next_year_asks_nothing_yet", DUE_2030, (), DAY_AFTER, None, "FY2025 < FY2026.", Origin(programme_start=2026)),
    Case("long_after_both_began", DUE_2030, (), DAY_AFTER, 2025, "FY2025 >= FY2024 and >= FY2010.", Origin(2024, 2010)),
    Case("deadlines_year_is_asked_for_though_before_the_document", DUE_2025, (), DAY_AFTER, 2025,
         "FY2025 is the deadline's year and ended: always, though the document is of FY2026.", Origin(budget_year=2026)),
    Case("deadlines_year_is_asked_for_though_before_the_programme", DUE_2025, (), DAY_AFTER, 2025,
         "FY2025 is the deadline's year and ended: always, though the programme begins in FY2026.", Origin(programme_start=2026)),
    Case("before_the_deadline_the_document_counts", DUE_2025, (), LAST_DAY, None,
         "FY2025 has not ended, and FY2024 is before the document's FY2026.", Origin(budget_year=2026)),
    Case("calendar_years_deadline_that_passed_still_reads_the_document", CALENDAR_2026, (), date(2027, 1, 1), None,
         "FY2026 has not ended, and FY2025 is before the document's FY2026.", Origin(budget_year=2026)),
    Case("each_year_reads_its_first_year_and_not_the_document", YEARLY, (), date(2025, 4, 1), 2024,
         "FY2024 is the first year; document and programme speak through it alone.", Origin(2026, 2026)),
)  # fmt: skip

EACH_YEAR = (
    Case("each_year_on_the_last_day_of_its_first_year", YEARLY, (), date(2025, 3, 31), None, "FY2023 < FY2024, the first year."),
    Case("each_year_on_the_day_after_its_first_year", YEARLY, (), date(2025, 4, 1), 2024, "FY2024 ended the day before."),
    Case("each_year_on_31_march_of_its_second_year", YEARLY, (), LAST_DAY, 2024, "FY2025 ends with this day."),
    Case("each_year_on_1_april_after_its_second_year", YEARLY, (), DAY_AFTER, 2025, "FY2025 ended; FY2024 is not asked for any more."),
    Case("each_year_on_the_last_day_of_its_last_year", YEARLY, (), date(2027, 3, 31), 2025, "FY2026 ends with this day."),
    Case("each_year_on_the_day_after_its_last_year", YEARLY, (), date(2027, 4, 1), 2026, "FY2026, the last, ended the day before."),
    Case("each_year_a_year_after_its_last", YEARLY, (), date(2028, 4, 1), 2026, "FY2026 < FY2027: the last year is the smaller."),
    Case("each_year_years_after_its_last", YEARLY, (), date(2031, 1, 1), 2026, "FY2026 < FY2029: the last year is the smaller."),
    Case("each_year_without_an_end_goes_on", OPEN_YEARLY, (), date(2031, 4, 1), 2030, "There is no last year, and FY2030 ended."),
    Case("each_year_without_an_end_begins_with_its_first_year", OPEN_YEARLY, (), date(2025, 3, 31), None, "FY2023 < FY2024."),
    Case("each_year_does_not_read_the_deadline", replace(YEARLY, last_year=None), (), date(2029, 4, 1), 2028,
         "The deadline's year is FY2026; the last year, which is read, is open."),
    Case("each_year_whose_first_year_is_not_known", replace(YEARLY, first_year=None), (), date(2020, 4, 1), 2019,
         "FY2019 ended, and no first year forbids to ask."),
    Case("each_year_whose_first_year_is_not_known_ends_all_the_same", replace(YEARLY, first_year=None), (), date(2028, 4, 1), 2026,
         "FY2026, the last year, is smaller than FY2027."),
    Case("each_year_that_ends_before_it_begins", replace(YEARLY, last_year=2023), (), date(2028, 4, 1), None,
         "FY2023, the last year, is before FY2024, the first."),
    Case("each_year_of_one_year_before_its_end", replace(YEARLY, last_year=2024), (), date(2025, 3, 31), None, "FY2023 < FY2024."),
    Case("each_year_of_one_year_after_its_end", replace(YEARLY, last_year=2024), (), date(2030, 4, 1), 2024, "FY2024 is first and last."),
    Case("each_year_a_gap_in_an_older_year_is_not_asked_for", YEARLY, (result(2025, "59"),), DAY_AFTER, None,
         "FY2025 is there; that FY2024 is not, nobody asks about any more."),
    Case("each_year_an_older_report_does_not_answer", YEARLY, (result(2024, "59"),), DAY_AFTER, 2025,
         "FY2025 is asked for and FY2024's figure, a miss, is another year's."),
    Case("each_year_a_later_report_does_not_answer", YEARLY, (Report(2025, "submitted"),), LAST_DAY, 2024,
         "FY2024 is asked for, each year on its own; FY2025's report came early."),
    Case("each_year_a_report_after_the_last_year_does_not_answer", YEARLY, (result(2027, "99"),), date(2028, 4, 1), 2026,
         "FY2026, the last year, has no report; FY2027 is outside the run."),
    Case("each_year_with_the_deadlines_year_asked_for_a_later_report_does_not_answer", YEARLY, (Report(2027, "submitted"),),
         date(2027, 4, 1), 2026, "FY2026 is the deadline's year too, but a later report answers only where a target is not of each year."),
)  # fmt: skip

REPORTS = (
    *(
        Case(f"{name}_{told}", target, (report,), DAY_AFTER, asked, because)
        for name, target in (("deadlines_year", DUE_2025), ("deadline_ahead", DUE_2030), ("no_last_day", UNDATED), ("each_year", YEARLY))
        for told, report, asked, because in (
            ("in_draft_is_not_answered", Report(2025, "draft"), 2025, "Nobody has submitted the draft."),
            ("returned_is_not_answered", Report(2025, "returned"), 2025, "The official has to submit it again."),
            ("taken_down_is_not_answered", Report(2025, "taken_down"), 2025, "There is no figure any more."),
            ("submitted_is_answered", Report(2025, "submitted"), None, "The reviewer has it."),
            ("accepted_is_answered", result(2025, "59"), None, "FY2025's figure is there, though it misses."),
            ("accepted_as_preliminary_is_answered", result(2025, "59", preliminary=True), None, "A preliminary figure is a figure."),
            ("reopened_is_answered", result(2025, "59", state="draft"), None, "The accepted figure stays while the draft corrects it."),
            ("reopened_and_submitted_is_answered", result(2025, "59", state="submitted"), None, "The reviewer has the correction."),
            ("reopened_and_returned_is_answered", result(2025, "59", state="returned"), None,
             "The accepted figure stays while the correction is sent back."),
            ("measured_later_is_answered", result(2025, "59", measured_on=date(2026, 6, 30)), None,
             "It is accepted; that its figure is of 2026-06-30 does not matter here."),
            ("of_the_year_before_is_not_answered", Report(2024, "submitted"), 2025, "FY2024's report is another year's."),
            ("of_the_year_before_accepted_is_not_answered", result(2024, "59"), 2025, "FY2024's figure is another year's."),
        )
    ),
    *(
        Case(f"deadlines_year_and_a_later_report_{told}", DUE_2025, (report,), date(2027, 4, 1), asked, because)
        for told, report, asked, because in (
            ("in_draft_is_not_answered", Report(2026, "draft"), 2025, "Nobody has submitted FY2026's draft."),
            ("returned_is_not_answered", Report(2026, "returned"), 2025, "The official has to submit FY2026's again."),
            ("taken_down_is_not_answered", Report(2026, "taken_down"), 2025, "There is no figure any more."),
            ("submitted_is_answered", Report(2026, "submitted"), None, "FY2026 is later than FY2025 and decides as well, once accepted."),
            ("accepted_is_answered", result(2026, "59"), None, "FY2026's figure decides where FY2025 has none, though it misses."),
            ("reopened_is_answered", result(2026, "59", state="draft"), None, "FY2026's accepted figure stays."),
            ("reopened_and_returned_is_answered", result(2026, "59", state="returned"), None, "FY2026's accepted figure stays."),
            ("of_the_running_year_is_answered", Report(2027, "submitted"), None, "FY2027 is later than FY2025, ended or not."),
        )
    ),
    Case("deadlines_year_in_draft_and_a_later_report_submitted", DUE_2025, (Report(2025, "draft"), Report(2026, "submitted")),
         date(2027, 4, 1), None, "FY2026's report answers, whatever becomes of FY2025's draft."),
    Case("deadlines_year_submitted_and_a_later_report_in_draft", DUE_2025, (Report(2025, "submitted"), Report(2026, "draft")),
         date(2027, 4, 1), None, "FY2025's report answers."),
    Case("a_later_report_answers_on_the_first_day", DUE_2025, (Report(2026, "submitted"),), DAY_AFTER, None,
         "FY2025, the deadline's year, is asked for and FY2026 is later."),
    Case("before_the_deadline_a_report_of_the_deadlines_year_does_not_answer", DUE_2025, (Report(2025, "submitted"),), LAST_DAY, 2024,
         "FY2024 is asked for as the last ended year, and only its own report answers."),
    Case("deadline_ahead_a_later_report_does_not_answer", DUE_2030, (Report(2026, "submitted"),), DAY_AFTER, 2025,
         "FY2025 is no deadline's year, and only its own report answers."),
    Case("no_last_day_a_later_report_does_not_answer", UNDATED, (Report(2026, "submitted"),), DAY_AFTER, 2025,
         "FY2025 is no deadline's year, and only its own report answers."),
    Case("calendar_years_deadline_that_passed_with_a_miss_of_its_year",
         CALENDAR_2026, (result(2026, "59", measured_on=date(2026, 12, 31)),),
         date(2027, 1, 1), 2025, "FY2026 has not ended: FY2025 is asked for as the last ended year, and only its own report answers."),
    Case("answered_until_the_next_year_ends", UNDATED, (result(2024, "59"),), LAST_DAY, None, "FY2024 is asked for and there."),
    Case("asked_again_once_the_next_year_ended", UNDATED, (result(2024, "59"),), DAY_AFTER, 2025, "FY2025 ended the day before."),
)  # fmt: skip

TOTAL_2025 = replace(DUE_2025, accumulation="running_total")
TOTAL_OF_CALENDAR_2026 = replace(CALENDAR_2026, accumulation="running_total")
AT_MOST_2025 = replace(DUE_2025, comparator="at_most")

ACHIEVED = (
    Case("achieved_early_is_asked_on_until_its_last_day", DUE_2030, (result(2024, "70"),), DAY_AFTER, 2025,
         "70 >= 60, achieved as it stands, but a level can fall until 2031-03-31."),
    Case("total_achieved_early_is_asked_on_until_its_last_day", replace(DUE_2030, accumulation="running_total"), (result(2024, "70"),),
         DAY_AFTER, 2025, "70 >= 60, but the last day 2031-03-31 has not passed."),
    Case("grade_achieved_early_is_asked_on_until_its_last_day", replace(QUALITATIVE, due_on=date(2031, 3, 31), due_fy=2030),
         (graded(2024, 1),), DAY_AFTER, 2025, "Grade 1 meets, but the last day 2031-03-31 has not passed."),
    Case("level_achieved_early_is_asked_for_its_deadlines_year", DUE_2025, (result(2024, "70"),), DAY_AFTER, 2025,
         "A level of FY2024 decides nothing after 2026-03-31, so the target is not achieved."),
    Case("total_achieved_early_is_not_asked_after_its_last_day", TOTAL_2025, (result(2024, "70"),), DAY_AFTER, None,
         "FY2024's total of 70 decides and meets: achieved, and the last day 2026-03-31 has passed."),
    Case("total_that_fell_short_is_asked_after_its_last_day", TOTAL_2025, (result(2024, "59"),), DAY_AFTER, 2025,
         "59 < 60, so nothing decides and the target awaits its result."),
    Case("total_achieved_early_and_in_draft_is_not_asked_after_its_last_day", TOTAL_2025, (result(2024, "70"), Report(2025, "draft")),
         DAY_AFTER, None, "Achieved; the draft need not be finished."),
    Case("total_of_a_calendar_year_on_its_last_day", TOTAL_OF_CALENDAR_2026, (result(2024, "70"),), date(2026, 12, 31), 2025,
         "Achieved, but 2026-12-31 is the last day itself."),
    Case("total_of_a_calendar_year_after_its_last_day", TOTAL_OF_CALENDAR_2026, (result(2024, "70"),), date(2027, 1, 1), None,
         "Achieved, and the last day has passed, though FY2026 has not ended."),
    Case("calendar_year_achieved_by_its_own_figure_on_its_last_day", CALENDAR_2026, (result(2026, "60", measured_on=date(2026, 12, 31)),),
         date(2026, 12, 31), 2025, "Achieved, but 2026-12-31 is the last day itself, and FY2025 has no report."),
    Case("calendar_year_achieved_by_its_own_figure_after_its_last_day",
         CALENDAR_2026, (result(2026, "60", measured_on=date(2026, 12, 31)),),
         date(2027, 1, 1), None, "FY2026's 60 decides and meets, and the last day has passed: FY2025's result would change nothing."),
    Case("at_most_that_meets_before_its_last_day_is_asked_on", replace(DUE_2030, comparator="at_most"), (result(2024, "10"),), DAY_AFTER,
         2025, "10 <= 60 can still rise: on track, not achieved."),
    Case("at_most_of_an_older_year_is_asked_for_its_deadlines_year", AT_MOST_2025, (result(2024, "10"),), DAY_AFTER, 2025,
         "FY2024's level decides nothing after 2026-03-31."),
    Case("achieved_in_its_deadlines_year", DUE_2025, (result(2025, "60"),), DAY_AFTER, None, "Achieved, and the result is there as well."),
    Case("achieved_late", DUE_2025, (result(2026, "65"),), date(2027, 4, 1), None, "FY2026's 65 decides and meets."),
    Case("no_last_day_and_achieved_is_not_asked", UNDATED, (result(2024, "60"),), DAY_AFTER, None,
         "60 >= 60, and there is no last day until which it could fall."),
    Case("no_last_day_and_achieved_long_ago_is_not_asked", UNDATED, (result(2020, "60"),), DAY_AFTER, None,
         "FY2020's 60 is the latest result and meets."),
    Case("no_last_day_and_at_most_achieved_is_not_asked", replace(UNDATED, comparator="at_most"), (result(2024, "60"),), DAY_AFTER, None,
         "60 <= 60, and there is no last day to wait for."),
    Case("no_last_day_and_grade_2_is_not_asked", replace(QUALITATIVE, due_on=None, due_fy=None), (graded(2024, 2),), DAY_AFTER, None,
         "Grade 2 meets."),
    Case("no_last_day_and_grade_3_is_asked", replace(QUALITATIVE, due_on=None, due_fy=None), (graded(2024, 3),), DAY_AFTER, 2025,
         "Grade 3 does not meet."),
    Case("no_last_day_and_short_is_asked", UNDATED, (result(2024, "59.9999"),), DAY_AFTER, 2025, "59.9999 < 60."),
    Case("no_last_day_and_no_longer_met_is_asked", UNDATED, (result(2023, "60"), result(2024, "59")), DAY_AFTER, 2025,
         "The latest result, FY2024's 59, does not meet, whatever FY2023's did."),
    Case("no_last_day_achieved_and_reopened_is_not_asked", UNDATED, (result(2024, "60", state="draft"),), DAY_AFTER, None,
         "The accepted 60 goes on counting while it is corrected."),
    Case("no_last_day_achieved_and_taken_down_is_asked", UNDATED, (Report(2024, "taken_down"),), DAY_AFTER, 2025,
         "Nothing counts any more."),
    Case("no_last_day_and_met_by_a_figure_measured_later_is_asked", UNDATED, (result(2026, "60", measured_on=date(2026, 6, 30)),),
         date(2026, 6, 29), 2025, "The figure of 2026-06-30 does not count the day before, and FY2025 has no report."),
    Case("no_last_day_and_met_by_a_figure_measured_today_is_not_asked", UNDATED, (result(2026, "60", measured_on=date(2026, 6, 30)),),
         date(2026, 6, 30), None, "FY2026's figure of 2026-06-30 counts on that day and meets."),
    Case("each_year_achieved_this_year_is_not_asked", YEARLY, (result(2025, "60"),), DAY_AFTER, None, "FY2025 is judged and there."),
    Case("each_year_missed_the_year_before_is_asked", YEARLY, (result(2024, "59"),), date(2026, 8, 31), 2025,
         "FY2024 is judged until FY2025 is due, and missed."),
    Case("each_year_achieved_the_year_before_is_asked_on_1_april", YEARLY, (result(2024, "60"),), DAY_AFTER, 2025,
         "FY2024 is achieved and judged still, but each year stands on its own: the results of FY2025 are asked for."),
    Case("each_year_achieved_the_year_before_is_asked_on_31_august", YEARLY, (result(2024, "60"),), date(2026, 8, 31), 2025,
         "FY2025 is due by 2026-08-31: asked for to the last day."),
    Case("each_year_achieved_the_year_before_is_asked_on_1_september", YEARLY, (result(2024, "60"),), date(2026, 9, 1), 2025,
         "FY2025 is the judged year once it was due, and unreported."),
)  # fmt: skip

WITHDRAWN = tuple(
    Case(f"{name}_{told}", replace(target, withdrawn_on=date(2026, 5, 1)), (), day, asked, because)
    for name, target in (("deadlines_year", DUE_2025), ("deadline_ahead", DUE_2030), ("no_last_day", UNDATED), ("each_year", YEARLY))
    for told, day, asked, because in (
        ("on_the_day_before_its_withdrawal", date(2026, 4, 30), 2025, "On 2026-04-30 the target stands."),
        ("on_the_day_of_its_withdrawal", date(2026, 5, 1), None, "From 2026-05-01 the target is in no list."),
        ("after_its_withdrawal", date(2027, 4, 1), None, "The target is in no list any more."),
    )
)

CASES = (*THE_YEAR, *CALENDAR_YEARS, *BEGINNINGS, *EACH_YEAR, *REPORTS, *ACHIEVED, *WITHDRAWN)


def put(questions: Sequence[Question]) -> list[OutcomeTarget]:
    """One target for each question, with its reports, its programme and the passage that it was read from."""
    targets = store([(facts, reports) for facts, reports, _ in questions])
    origins = [origin for *_, origin in questions]
    starts, budget_years = {origin.programme_start for origin in origins}, {origin.budget_year for origin in origins} - {None}
    lead = targets[0].programme.lead
    programmes = {start: ProgrammeFactory.build(lead=lead, start_fiscal_year=start) for start in starts}
    passages = {year: SourcePassageFactory.build(document__budget_year=year) for year in budget_years}
    Programme.objects.bulk_create(programmes.values())
    SourceDocument.objects.bulk_create([passage.document for passage in passages.values()])
    SourcePassage.objects.bulk_create(passages.values())
    for target, origin in zip(targets, origins, strict=True):
        target.programme, target.passage = programmes[origin.programme_start], passages.get(origin.budget_year)
    OutcomeTarget.objects.bulk_update(targets, ["programme", "passage"])
    return targets


def found(targets: Sequence[OutcomeTarget], on: date) -> list[tuple[int, str] | None]:
    """The year asked for and the status of each target, None where nothing is asked."""
    told = [(target.pk, (target.asked_fy, target.status)) for target in work.asked(on)]
    answers = dict(told)
    assert len(answers) == len(told), "a target is listed twice"
    return [answers.get(target.pk) for target in targets]


def expected(question: Question, on: date) -> tuple[tuple[int, str] | None, Why]:
    """The oracle's answer in the shape of `found`, and why."""
    target, reports, origin = question
    wanted = asked_oracle.asked(target, reports, on, origin)
    return None if wanted.year is None else (wanted.year, oracle.verdict(target, reports, on).status), wanted.why


# --- Cases worked by hand ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", sorted({case.on for case in CASES}), ids=str)
def test_year_asked_for_is_the_one_worked_by_hand(on):
    cases = [case for case in CASES if case.on == on]
    targets = put([(case.target, case.reports, case.origin) for case in cases])
    years = [told and told[0] for told in found(targets, on)]
    assert [(case.id, year, case.because) for case, year in zip(cases, years, strict=True) if year != case.asked] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_oracle_asks_for_the_year_worked_by_hand(case):
    assert asked_oracle.asked(case.target, case.reports, case.on, case.origin).year == case.asked, case.because
    assert asked_oracle.asked(case.target, case.reports[::-1], case.on, case.origin).year == case.asked, "the order does not matter"


def test_every_reason_to_ask_or_not_to_ask_has_a_case():
    assert {asked_oracle.asked(case.target, case.reports, case.on, case.origin).why for case in CASES} == set(Why)


def test_no_two_cases_share_an_id():
    assert [name for name, times in Counter(case.id for case in CASES).items() if times > 1] == []


@pytest.mark.parametrize(
    ("day", "year"), [(date(2026, 1, 1), 2024), (LAST_DAY, 2024), (DAY_AFTER, 2025), (date(2026, 12, 31), 2025), (date(2027, 1, 1), 2025)]
)
def test_last_ended_year_moves_on_1_april(day, year):
    assert asked_oracle.last_ended_year(day) == year


# --- Random cases, thirty a seed as in test_status -----------------------------------------------------------------------------------


def a_question(draw: Random) -> Question:
    target = a_target(draw)
    if target.each_year and draw.random() < 0.1:
        target = replace(target, first_year=None)
    budget_year, start = (draw.choice([None, draw.randint(2020, 2028)]) for _ in range(2))
    return target, some_reports(draw, target), Origin(budget_year, start)


def some_days(draw: Random, questions: Sequence[Question]) -> list[date]:
    """A day at random, one at the turn of a fiscal year, and one at the last day of one of the targets."""
    last_days = [target.due_on for target, *_ in questions if target.due_on]
    turn = draw.choice([(3, 31), (4, 1)])
    return [
        a_day(draw),
        date(draw.randint(2023, 2029), *turn),
        draw.choice(last_days) + timedelta(days=draw.choice([0, 1])) if last_days else a_day(draw),
    ]


def test_year_asked_for_is_the_one_that_the_oracle_reads():
    seen, asked_by_status = Counter(), Counter()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**64))
    def compare(seed):
        draw = Random(seed)
        questions = [a_question(draw) for _ in range(30)]
        days = some_days(draw, questions)
        with transaction.atomic():
            targets = put(questions)
            answers = [found(targets, on) for on in days]
            transaction.set_rollback(True)
        for on, told in zip(days, answers, strict=True):
            wanted = [expected(question, on) for question in questions]
            seen.update(why for _, why in wanted)
            asked_by_status.update(want[1] for want, _ in wanted if want)
            differing = [
                (question, tell, want, why) for question, tell, (want, why) in zip(questions, told, wanted, strict=True) if tell != want
            ]
            assert not differing, (on, differing[0])

    compare()
    shares = {why: seen[why] / seen.total() for why in Why}
    assert min(shares.values()) >= 0.015, sorted(f"{share:.3f} {why}" for why, share in shares.items())
    assert set(asked_by_status) == set(Status.values)


# --- What is given back ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 5])
def test_asking_costs_one_query_for_any_number(times, django_assert_num_queries):
    put([(case.target, case.reports, case.origin) for case in CASES] * times)
    wanted = sum(asked_oracle.asked(case.target, case.reports, DAY_AFTER, case.origin).year is not None for case in CASES)

    with django_assert_num_queries(1):
        targets = list(work.asked(DAY_AFTER))

    assert len(targets) == wanted * times


def test_each_target_has_its_year_its_status_and_its_marks(django_assert_num_queries):
    put([(YEARLY, (result(2024, "59", state="draft"),), NOWHERE)])

    with django_assert_num_queries(1):
        (target,) = work.asked(DAY_AFTER)
        told = (target.asked_fy, target.status, target.judged_fy, target.latest_fy, target.basis_fy, target.basis_value)
        marks = {mark for mark in MARKS if getattr(target, mark)}

    assert told == (2025, Status.MISSED, 2024, 2024, 2024, 59)
    assert isinstance(target, OutcomeTarget)
    assert marks == {"under_correction"}


def test_what_is_asked_can_be_narrowed_counted_and_ordered():
    due, ahead, yearly = put([(DUE_2025, (), NOWHERE), (DUE_2030, (), Origin(2026)), (YEARLY, (), Origin(programme_start=2024))])
    asked = work.asked(date(2028, 4, 1))

    # FY2027 is the last ended year: the deadline's year 2025, FY2027 itself, the last year 2026.
    assert list(asked.order_by("asked_fy")) == [due, yearly, ahead]
    assert list(asked.filter(asked_fy__gte=2026).order_by("-asked_fy")) == [ahead, yearly]
    assert list(asked.filter(programme=yearly.programme)) == [yearly]
    assert list(asked.filter(passage__isnull=False)) == [ahead]
    assert asked.count() == 3
    assert asked.filter(asked_fy=2025).exists()


def test_nothing_is_asked_where_there_is_no_target():
    assert not work.asked(DAY_AFTER).exists()
