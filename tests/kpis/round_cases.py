"""Cases of the yearly round, each worked by hand from the rule at the head of `round_oracle` before any program was asked.

Unless a case says otherwise the round is that of FY2025 (2026-04-01 to 2027-03-31 as days to look on), its results are due by 2026-08-31,
a target is "at least 60", a level, and neither its document nor its programme's start is known. `DUE_2025` is due by 2026-03-31,
`DUE_2030` by 2031-03-31. `YEARLY` runs from FY2024 to FY2026. The second submission of a report is told in the reason alone: the rule
reads the first.

CASES: what the rule says. OPEN_CASES: the same, where the rule can be read in two ways; the reason names the other one.
OTHER_DUE_DAYS: where the results are due on another day than 31 August.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone

from tests.kpis.asked_oracle import Origin
from tests.kpis.oracle import Report, Target
from tests.kpis.round_oracle import TOKYO, Found, Place
from tests.kpis.status_cases import AT_LEAST, GRADED_YEARLY, QUALITATIVE, UNDATED, YEARLY, graded, result

IN_TIME, LATE, MISSING, TO_COME = Place.IN_TIME, Place.LATE, Place.MISSING, Place.TO_COME
EARLIER_YEAR, NOT_IN_ROUND = Place.EARLIER_YEAR, Place.NOT_IN_ROUND
RETURNED, WAITING = "returned", "waiting"
NOWHERE = Origin()


@dataclass(frozen=True)
class Case:
    """The place of a target in the round on a day, the note beside it (returned, waiting or none), and why."""

    id: str
    target: Target
    reports: tuple[Report, ...]
    first_submitted: Mapping[int, datetime] = field(hash=False)
    on: date
    place: Place
    note: str | None
    because: str
    origin: Origin = NOWHERE
    due: tuple[int, int] = (8, 31)

    @property
    def found(self) -> Found:
        """The expected answer in the shape of the oracle's."""
        return Found(self.place, returned=self.note == RETURNED, waiting=self.note == WAITING)


def tokyo(year: int, month: int, day: int, hour: int = 10, minute: int = 0, second: int = 0) -> datetime:
    """A moment by the clocks in Tokyo."""
    return datetime(year, month, day, hour, minute, second, tzinfo=TOKYO)


def utc(year: int, month: int, day: int, hour: int = 10, minute: int = 0, second: int = 0) -> datetime:
    """A moment by UTC, nine hours behind Tokyo."""
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


NEW_YORK = timezone(timedelta(hours=-4))

NEVER: Mapping[int, datetime] = {}
IN_JUNE = {2025: tokyo(2026, 6, 10)}
IN_SEPTEMBER = {2025: tokyo(2026, 9, 10)}
A_YEAR_BEFORE = {2024: tokyo(2025, 6, 10)}
YEAR_BEFORE_AND_IN_JUNE = {**A_YEAR_BEFORE, **IN_JUNE}

DUE_2025 = AT_LEAST
DUE_2030 = replace(AT_LEAST, due_on=date(2031, 3, 31), due_fy=2030)
CALENDAR_2026 = replace(AT_LEAST, due_on=date(2026, 12, 31), due_fy=2026)
TOTAL_2025 = replace(DUE_2025, accumulation="running_total")
OPEN_YEARLY = replace(YEARLY, last_year=None, due_on=None, due_fy=None)
UNDATED_GRADE = replace(QUALITATIVE, due_on=None, due_fy=None)
FOUR_TARGETS = (("deadlines_year", DUE_2025), ("deadline_ahead", DUE_2030), ("no_last_day", UNDATED), ("each_year", YEARLY))

# FY2024 is the last ended year on the first day, FY2025 on the second; FY2026 is on the last.
LAST_DAY, DAY_AFTER = date(2026, 3, 31), date(2026, 4, 1)
RESULTS_DUE, OVERDUE = date(2026, 8, 31), date(2026, 9, 1)
ROUND_ENDS, NEXT_ROUND = date(2027, 3, 31), date(2027, 4, 1)

THE_DAY = (
    Case("nothing_on_31_march_is_missing_in_the_round_of_the_year_before", DUE_2030, (), NEVER, LAST_DAY, MISSING, None,
         "FY2025 ends with 2026-03-31, so the round is FY2024's, due by 2025-08-31."),
    Case("nothing_on_1_april_is_still_to_come", DUE_2030, (), NEVER, DAY_AFTER, TO_COME, None,
         "FY2025 ended the day before: a new round opens, due by 2026-08-31."),
    Case("nothing_on_31_august_is_still_to_come", DUE_2030, (), NEVER, RESULTS_DUE, TO_COME, None, "2026-08-31 is the due day itself."),
    Case("nothing_on_1_september_is_missing", DUE_2030, (), NEVER, OVERDUE, MISSING, None, "The due day 2026-08-31 is over."),
    Case("nothing_on_31_december_is_missing", DUE_2030, (), NEVER, date(2026, 12, 31), MISSING, None, "FY2025 is the last ended year."),
    Case("nothing_on_1_january_is_missing", DUE_2030, (), NEVER, date(2027, 1, 1), MISSING, None,
         "FY2026 runs until 2027-03-31: the round is FY2025's still, and was due by 2026-08-31, not 2027-08-31."),
    Case("nothing_on_the_last_day_of_the_round_is_missing", DUE_2030, (), NEVER, ROUND_ENDS, MISSING, None,
         "FY2026 ends with 2027-03-31: the round is FY2025's to the last."),
    Case("nothing_on_the_first_day_of_the_next_round_is_to_come", DUE_2030, (), NEVER, NEXT_ROUND, TO_COME, None,
         "The round is FY2026's, due by 2027-08-31; that FY2025 never came is not counted of a target whose deadline lies ahead."),
    Case("deadlines_year_on_the_last_day", DUE_2025, (), NEVER, LAST_DAY, MISSING, None,
         "FY2025 has not ended: FY2024 is the year to report, due by 2025-08-31."),
    Case("deadlines_year_on_the_day_after", DUE_2025, (), NEVER, DAY_AFTER, TO_COME, None, "FY2025 is both deadline's year and L."),
    Case("deadlines_year_on_31_august", DUE_2025, (), NEVER, RESULTS_DUE, TO_COME, None, "2026-08-31 is the due day itself."),
    Case("deadlines_year_on_1_september", DUE_2025, (), NEVER, OVERDUE, MISSING, None, "The due day is over."),
    Case("deadlines_year_on_the_last_day_of_its_round", DUE_2025, (), NEVER, ROUND_ENDS, MISSING, None, "L is FY2025 still."),
    Case("deadlines_year_on_the_first_day_of_the_next_round", DUE_2025, (), NEVER, NEXT_ROUND, EARLIER_YEAR, None,
         "FY2025 is the year to report still and lies before FY2026, now the last ended year."),
    Case("handed_in_on_31_march_belongs_to_the_round_of_the_year_before", DUE_2030, (result(2024, "50"),), A_YEAR_BEFORE, LAST_DAY,
         IN_TIME, None, "FY2024's result came on 2025-06-10, due by 2025-08-31."),
    Case("handed_in_for_the_year_before_is_to_come_on_1_april", DUE_2030, (result(2024, "50"),), A_YEAR_BEFORE, DAY_AFTER, TO_COME, None,
         "FY2025's result is asked for now, and FY2024's does not hand it in."),
    Case("handed_in_for_the_running_year_is_missing_on_31_march", DUE_2030, (Report(2025, "submitted"),), {2025: tokyo(2026, 3, 20)},
         LAST_DAY, MISSING, None, "The round is FY2024's, and FY2025's early report does not hand it in."),
    Case("handed_in_before_its_year_ended_is_in_time", DUE_2030, (Report(2025, "submitted"),), {2025: tokyo(2026, 3, 20)}, DAY_AFTER,
         IN_TIME, WAITING, "2026-03-20 is before 2026-08-31, and no day is too early."),
    Case("handed_in_on_31_march_of_the_next_year_is_late", DUE_2030, (Report(2025, "submitted"),), {2025: tokyo(2027, 3, 31)}, ROUND_ENDS,
         LATE, WAITING, "2027-03-31 is after 2026-08-31, though before the 31 August that follows."),
    Case("handed_in_late_is_of_no_matter_in_the_next_round", DUE_2030, (result(2025, "50"), result(2026, "52")),
         {2025: tokyo(2026, 9, 1), 2026: tokyo(2027, 8, 31)}, date(2027, 9, 1), IN_TIME, None,
         "The round is FY2026's and its report came on its due day; FY2025's was late in another round."),
    Case("handed_in_in_time_does_not_excuse_the_next_round", DUE_2030, (result(2025, "50"), result(2026, "52")),
         {2025: tokyo(2026, 8, 31), 2026: tokyo(2027, 9, 1)}, date(2027, 9, 1), LATE, None, "2027-09-01 is after 2027-08-31."),
)  # fmt: skip

THE_MOMENT = (
    *(
        Case(f"first_submitted_{told}", DUE_2025, (Report(2025, "submitted"),), {2025: moment}, date(2026, 9, 2), place, WAITING, because)
        for told, moment, place, because in (
            ("at_00_00_on_31_august_in_tokyo", tokyo(2026, 8, 31, 0, 0), IN_TIME, "The due day has just begun."),
            ("at_23_59_on_31_august_in_tokyo", tokyo(2026, 8, 31, 23, 59, 59), IN_TIME, "It is the due day to its last second."),
            ("at_00_00_on_1_september_in_tokyo", tokyo(2026, 9, 1, 0, 0), LATE, "The due day is over, though UTC writes 31 August."),
            ("at_23_59_on_1_september_in_tokyo", tokyo(2026, 9, 1, 23, 59), LATE, "It is the day after the due day."),
            ("at_15_00_on_30_august_by_utc", utc(2026, 8, 30, 15, 0), IN_TIME, "In Tokyo it is 00:00 on 31 August."),
            ("at_00_00_on_31_august_by_utc", utc(2026, 8, 31, 0, 0), IN_TIME, "In Tokyo it is 09:00 on 31 August."),
            ("at_14_59_on_31_august_by_utc", utc(2026, 8, 31, 14, 59, 59), IN_TIME, "In Tokyo it is 23:59:59 on 31 August."),
            ("at_15_00_on_31_august_by_utc", utc(2026, 8, 31, 15, 0), LATE, "In Tokyo it is 00:00 on 1 September."),
            ("at_23_59_on_31_august_by_utc", utc(2026, 8, 31, 23, 59), LATE, "In Tokyo it is 08:59 on 1 September."),
            ("at_00_00_on_1_september_by_utc", utc(2026, 9, 1, 0, 0), LATE, "In Tokyo it is 09:00 on 1 September."),
            ("at_10_59_on_31_august_in_new_york", datetime(2026, 8, 31, 10, 59, tzinfo=NEW_YORK), IN_TIME,
             "In Tokyo it is 23:59 on 31 August."),
            ("at_11_00_on_31_august_in_new_york", datetime(2026, 8, 31, 11, 0, tzinfo=NEW_YORK), LATE,
             "In Tokyo it is 00:00 on 1 September."),
        )
    ),
    Case("handed_in_on_the_due_day_looked_at_on_the_due_day", DUE_2025, (Report(2025, "submitted"),), {2025: tokyo(2026, 8, 31)},
         RESULTS_DUE, IN_TIME, WAITING, "It came on the due day."),
    Case("handed_in_on_1_september_looked_at_on_that_day", DUE_2025, (Report(2025, "submitted"),), {2025: tokyo(2026, 9, 1)},
         OVERDUE, LATE, WAITING, "It came the day after, so it is late and no longer missing."),
    Case("handed_in_in_time_stays_in_time", DUE_2025, (result(2025, "59"),), {2025: tokyo(2026, 8, 31)}, ROUND_ENDS, IN_TIME, None,
         "Seven months later the day of the first submission is the same."),
    Case("first_submissions_of_other_years_are_not_read", DUE_2030, (result(2024, "50"), Report(2025, "submitted")),
         {2024: tokyo(2025, 6, 10), 2025: tokyo(2026, 9, 1)}, date(2026, 10, 1), LATE, WAITING,
         "FY2025's report came on 2026-09-01; that FY2024's was in time is another round's."),
)  # fmt: skip

STATES = (
    *(
        Case(f"{name}_{told}_{when}", target, reports, moments, day, place, note, because)
        for name, target in FOUR_TARGETS
        for told, reports, moments, on_the_due_day, after_it, note, because in (
            ("in_draft", (Report(2025, "draft"),), NEVER, TO_COME, MISSING, None, "Nobody has submitted the draft."),
            ("recalled", (Report(2025, "draft"),), IN_JUNE, TO_COME, MISSING, None,
             "Its author took it back: a draft without an accepted figure hands nothing in, whenever it had been submitted."),
            ("returned", (Report(2025, "returned"),), IN_JUNE, TO_COME, MISSING, RETURNED, "The official has to submit it again."),
            ("taken_down", (Report(2025, "taken_down"),), IN_JUNE, TO_COME, MISSING, None, "There is no figure any more."),
            ("taken_down_and_opened_again", (Report(2025, "draft"),), IN_JUNE, TO_COME, MISSING, None, "It is a draft without a figure."),
            ("submitted", (Report(2025, "submitted"),), IN_JUNE, IN_TIME, IN_TIME, WAITING, "The reviewer has it since 2026-06-10."),
            ("accepted", (result(2025, "59"),), IN_JUNE, IN_TIME, IN_TIME, None, "It came on 2026-06-10 and is decided; 59 misses."),
            ("accepted_as_0", (result(2025, "0"),), IN_JUNE, IN_TIME, IN_TIME, None, "0 is a value."),
            ("accepted_as_preliminary", (result(2025, "59", preliminary=True),), IN_JUNE, IN_TIME, IN_TIME, None,
             "A preliminary figure is a figure."),
            ("reopened", (result(2025, "59", state="draft"),), IN_JUNE, IN_TIME, IN_TIME, None,
             "The accepted figure stays while the draft corrects it; nothing waits for the reviewer."),
            ("reopened_and_submitted", (result(2025, "59", state="submitted"),), IN_JUNE, IN_TIME, IN_TIME, WAITING,
             "The first submission counts, 2026-06-10, and the reviewer has the correction."),
            ("reopened_and_returned", (result(2025, "59", state="returned"),), IN_JUNE, IN_TIME, IN_TIME, None,
             "It is handed in, and of those one says only whether they wait: sent back is not waiting."),
            ("of_the_year_before_submitted", (Report(2024, "submitted"),), A_YEAR_BEFORE, TO_COME, MISSING, None,
             "FY2024's report is another year's, and what waits is not this round's."),
            ("of_the_year_before_returned", (Report(2024, "returned"),), A_YEAR_BEFORE, TO_COME, MISSING, None,
             "FY2024's report is another year's, and what was returned is not this round's."),
            ("of_the_year_before_accepted", (result(2024, "59"),), A_YEAR_BEFORE, TO_COME, MISSING, None,
             "FY2024's figure is another year's."),
        )
        for when, day, place in (("on_the_due_day", RESULTS_DUE, on_the_due_day), ("on_the_day_after", OVERDUE, after_it))
    ),
    *(
        Case(f"first_submitted_late_{told}", DUE_2025, (report,), IN_SEPTEMBER, date(2026, 10, 1), place, note, because)
        for told, report, place, note, because in (
            ("and_recalled", Report(2025, "draft"), MISSING, None, "Nothing is handed in any more."),
            ("and_returned", Report(2025, "returned"), MISSING, RETURNED, "The official has to submit it again."),
            ("and_taken_down", Report(2025, "taken_down"), MISSING, None, "There is no figure any more."),
            ("and_submitted", Report(2025, "submitted"), LATE, WAITING, "It came on 2026-09-10."),
            ("and_accepted", result(2025, "59"), LATE, None, "It came on 2026-09-10; a decision does not make it timely."),
            ("and_accepted_as_met", result(2025, "60"), LATE, None, "Achieved, but it came on 2026-09-10."),
            ("and_reopened", result(2025, "59", state="draft"), LATE, None, "The accepted figure stays and came on 2026-09-10."),
            ("reopened_and_submitted", result(2025, "59", state="submitted"), LATE, WAITING, "The reviewer has the correction."),
            ("reopened_and_returned", result(2025, "59", state="returned"), LATE, None, "Handed in and not waiting."),
        )
    ),
)  # fmt: skip

WAYS = (
    Case("recalled_in_june_and_submitted_again_in_july", DUE_2025, (Report(2025, "submitted"),), IN_JUNE, OVERDUE, IN_TIME, WAITING,
         "Both submissions were in time."),
    Case("recalled_in_june_and_submitted_again_in_october", DUE_2025, (Report(2025, "submitted"),), IN_JUNE, date(2026, 11, 1), IN_TIME,
         WAITING, "The first submission, 2026-06-10, is read; the second came on 2026-10-20."),
    Case("returned_in_july_and_submitted_again_in_october", DUE_2025, (Report(2025, "submitted"),), IN_JUNE, date(2026, 11, 1), IN_TIME,
         WAITING, "The first submission, 2026-06-10, is read; the second came on 2026-10-20."),
    Case("returned_in_july_submitted_again_and_accepted_in_october", DUE_2025, (result(2025, "59"),), IN_JUNE, date(2026, 11, 1), IN_TIME,
         None, "The first submission, 2026-06-10, is read, and it is decided."),
    Case("submitted_on_the_due_day_and_returned_the_day_after", DUE_2025, (Report(2025, "returned"),), {2025: tokyo(2026, 8, 31)},
         date(2026, 9, 2), MISSING, RETURNED, "It was in time, but nothing is handed in until it is submitted again."),
    Case("submitted_on_the_due_day_returned_and_submitted_again", DUE_2025, (Report(2025, "submitted"),), {2025: tokyo(2026, 8, 31)},
         date(2026, 9, 10), IN_TIME, WAITING, "The first submission was on the due day; the second came on 2026-09-09."),
    Case("submitted_on_the_due_day_and_recalled_that_day", DUE_2025, (Report(2025, "draft"),), {2025: tokyo(2026, 8, 31)}, RESULTS_DUE,
         TO_COME, None, "A recalled report is a draft, and the due day is not over."),
    Case("submitted_on_the_due_day_recalled_and_submitted_at_midnight", DUE_2025, (Report(2025, "submitted"),),
         {2025: tokyo(2026, 8, 31, 23, 50)}, OVERDUE, IN_TIME, WAITING, "First at 23:50 on the due day, again at 00:00 the day after."),
    Case("submitted_in_june_and_accepted_in_december", DUE_2025, (result(2025, "59"),), IN_JUNE, date(2026, 12, 20), IN_TIME, None,
         "The reviewer's day is not read."),
    Case("submitted_in_june_and_waiting_in_december", DUE_2025, (Report(2025, "submitted"),), IN_JUNE, date(2026, 12, 20), IN_TIME,
         WAITING, "It came in time however long the reviewer takes."),
    Case("accepted_in_july_and_its_correction_submitted_in_october", DUE_2025, (result(2025, "59", state="submitted"),), IN_JUNE,
         date(2026, 11, 1), IN_TIME, WAITING, "The correction is a later submission of a report first submitted on 2026-06-10."),
    Case("accepted_and_its_correction_accepted_in_october", DUE_2025, (result(2025, "61"),), IN_JUNE, date(2026, 11, 1), IN_TIME, None,
         "The report was first submitted on 2026-06-10."),
    Case("a_draft_begun_in_june_and_first_submitted_in_september", DUE_2025, (Report(2025, "submitted"),), IN_SEPTEMBER,
         date(2026, 10, 1), LATE, WAITING, "Writing is not submitting: 2026-09-10 is read."),
)  # fmt: skip

EACH_YEAR = (
    Case("each_year_on_the_last_day_of_its_first_year", YEARLY, (), NEVER, date(2025, 3, 31), NOT_IN_ROUND, None,
         "The round is FY2023's, before FY2024, the first year."),
    Case("each_year_on_the_day_after_its_first_year", YEARLY, (), NEVER, date(2025, 4, 1), TO_COME, None, "FY2024 ended the day before."),
    Case("each_year_on_the_due_day_of_its_first_year", YEARLY, (), NEVER, date(2025, 8, 31), TO_COME, None, "FY2024 is due that day."),
    Case("each_year_on_the_day_after_the_due_day_of_its_first_year", YEARLY, (), NEVER, date(2025, 9, 1), MISSING, None, "It was due."),
    Case("each_year_early_report_of_its_first_year_is_in_no_round_yet", YEARLY, (Report(2024, "submitted"),), {2024: tokyo(2025, 3, 20)},
         date(2025, 3, 31), NOT_IN_ROUND, None, "The round is FY2023's and has no year to report."),
    Case("each_year_first_year_handed_in", YEARLY, (result(2024, "59"),), A_YEAR_BEFORE, LAST_DAY, IN_TIME, None,
         "On 2026-03-31 the round is FY2024's, and it came on 2025-06-10."),
    Case("each_year_first_year_achieved_does_not_end_the_asking", YEARLY, (result(2024, "60"),), A_YEAR_BEFORE, DAY_AFTER, TO_COME, None,
         "FY2024 met, but each year stands on its own."),
    Case("each_year_first_year_achieved_and_the_second_missing", YEARLY, (result(2024, "60"),), A_YEAR_BEFORE, OVERDUE, MISSING, None,
         "FY2025 was due by 2026-08-31."),
    Case("each_year_second_year_achieved", YEARLY, (result(2025, "60"),), IN_JUNE, OVERDUE, IN_TIME, None, "FY2025 is there."),
    Case("each_year_a_gap_in_an_older_year_is_counted_nowhere", YEARLY, (result(2025, "60"),), IN_JUNE, OVERDUE, IN_TIME, None,
         "The year to report is FY2025, so FY2024's gap is neither in the round nor beside it."),
    Case("each_year_gaps_in_both_years", YEARLY, (), NEVER, OVERDUE, MISSING, None, "FY2025 is missing; FY2024 is no more asked for."),
    Case("each_year_a_later_report_does_not_hand_in", YEARLY, (Report(2026, "submitted"),), {2026: tokyo(2026, 6, 10)}, OVERDUE, MISSING,
         None, "FY2026's report came early and is another year's."),
    Case("each_year_on_the_last_day_of_its_last_year", YEARLY, (), NEVER, ROUND_ENDS, MISSING, None, "The round is FY2025's still."),
    Case("each_year_on_the_day_after_its_last_year", YEARLY, (), NEVER, NEXT_ROUND, TO_COME, None, "FY2026 ended; due by 2027-08-31."),
    Case("each_year_last_year_handed_in_late", YEARLY, (result(2026, "60"),), {2026: tokyo(2027, 9, 1)}, date(2027, 9, 2), LATE, None,
         "2027-09-01 is after 2027-08-31."),
    Case("each_year_last_year_on_the_last_day_of_its_round", YEARLY, (), NEVER, date(2028, 3, 31), MISSING, None, "L is FY2026."),
    Case("each_year_last_year_missing_in_the_next_round", YEARLY, (), NEVER, date(2028, 4, 1), EARLIER_YEAR, None,
         "FY2026, the last year, stays the year to report and lies before FY2027."),
    Case("each_year_last_year_missing_years_later", YEARLY, (), NEVER, date(2031, 1, 1), EARLIER_YEAR, None, "FY2026 < FY2029."),
    *(
        Case(f"each_year_last_year_{told}_in_the_next_round", YEARLY, (report,), {2026: tokyo(2027, 6, 10)}, date(2028, 4, 1), place, None,
             because)
        for told, report, place, because in (
            ("in_draft", Report(2026, "draft"), EARLIER_YEAR, "Nobody has submitted FY2026's draft."),
            ("taken_down", Report(2026, "taken_down"), EARLIER_YEAR, "There is no figure any more."),
            ("submitted", Report(2026, "submitted"), NOT_IN_ROUND, "FY2026 is answered, and FY2027 is outside the run."),
            ("accepted", result(2026, "60"), NOT_IN_ROUND, "FY2026 is answered, and FY2027 is outside the run."),
            ("accepted_as_missed", result(2026, "59"), NOT_IN_ROUND, "A miss answers as well."),
            ("reopened", result(2026, "59", state="draft"), NOT_IN_ROUND, "The accepted figure answers while it is corrected."),
            ("reopened_and_returned", result(2026, "59", state="returned"), NOT_IN_ROUND, "The accepted figure answers still."),
        )
    ),
    Case("each_year_a_report_after_the_last_year_does_not_answer", YEARLY, (result(2027, "99"),), {2027: tokyo(2028, 4, 1)},
         date(2028, 4, 1), EARLIER_YEAR, None, "FY2026 is not answered: a later report answers only where a target is not of each year."),
    Case("each_year_missed_last_year_but_achieved_before", YEARLY, (result(2025, "60"),), IN_JUNE, date(2028, 4, 1), EARLIER_YEAR, None,
         "FY2025's 60 is another year's; FY2026 has no report."),
    Case("each_year_of_one_year_in_its_round", replace(YEARLY, last_year=2024), (), NEVER, date(2025, 4, 1), TO_COME, None,
         "FY2024 is first and last."),
    Case("each_year_of_one_year_in_the_next_round", replace(YEARLY, last_year=2024), (), NEVER, DAY_AFTER, EARLIER_YEAR, None,
         "FY2024 < FY2025, and it has no report."),
    Case("each_year_that_ends_before_it_begins", replace(YEARLY, last_year=2023), (), NEVER, DAY_AFTER, NOT_IN_ROUND, None,
         "FY2023, the last year, is before FY2024, the first: there is no year to report."),
    Case("each_year_without_an_end_goes_on", OPEN_YEARLY, (), NEVER, date(2031, 4, 1), TO_COME, None, "FY2030 ended, due by 2031-08-31."),
    Case("each_year_without_an_end_is_never_of_an_earlier_year", OPEN_YEARLY, (result(2024, "60"),), A_YEAR_BEFORE, date(2031, 9, 1),
         MISSING, None, "FY2030 is the year to report; the gaps between are not counted."),
    Case("each_year_whose_first_year_is_not_known", replace(YEARLY, first_year=None), (), NEVER, date(2020, 9, 1), MISSING, None,
         "FY2019 ended, was due by 2020-08-31, and no first year forbids to ask."),
    Case("each_year_does_not_read_the_deadline", replace(YEARLY, last_year=None), (), NEVER, date(2029, 4, 1), TO_COME, None,
         "The deadline's year is FY2026; the last year, which is read, is open: FY2028 is asked for."),
    Case("each_year_grade_to_come", GRADED_YEARLY, (graded(2024, 1),), A_YEAR_BEFORE, DAY_AFTER, TO_COME, None, "FY2025 has no grade."),
    Case("each_year_grade_handed_in", GRADED_YEARLY, (graded(2024, 1), graded(2025, 5)), YEAR_BEFORE_AND_IN_JUNE, OVERDUE, IN_TIME, None,
         "FY2025 has a grade, a bad one."),
)  # fmt: skip

ACHIEVED = (
    Case("no_last_day_achieved_the_year_before_on_1_april", UNDATED, (result(2024, "60"),), A_YEAR_BEFORE, DAY_AFTER, NOT_IN_ROUND, None,
         "60 >= 60 without a last day is for good, and nothing of FY2025 is handed in."),
    Case("no_last_day_achieved_the_year_before_on_1_september", UNDATED, (result(2024, "60"),), A_YEAR_BEFORE, OVERDUE, NOT_IN_ROUND,
         None, "What was not asked for cannot be missing."),
    Case("no_last_day_achieved_the_year_before_in_its_own_round", UNDATED, (result(2024, "60"),), A_YEAR_BEFORE, LAST_DAY, IN_TIME, None,
         "On 2026-03-31 the round is FY2024's, and the result that achieves is its own."),
    Case("no_last_day_achieved_long_ago", UNDATED, (result(2020, "60"),), {2020: tokyo(2021, 6, 10)}, OVERDUE, NOT_IN_ROUND, None,
         "FY2020's 60 is the latest result and meets."),
    *(
        Case(f"no_last_day_achieved_before_and_this_years_{told}", UNDATED, (result(2024, "60"), report), YEAR_BEFORE_AND_IN_JUNE, OVERDUE,
             place, note, because)
        for told, report, place, note, because in (
            ("in_draft", Report(2025, "draft"), NOT_IN_ROUND, None, "Achieved; the draft need not be finished."),
            ("returned", Report(2025, "returned"), NOT_IN_ROUND, None, "Achieved; outside the round nothing is said beside it."),
            ("taken_down", Report(2025, "taken_down"), NOT_IN_ROUND, None, "FY2024's 60 is the latest result and meets."),
            ("submitted", Report(2025, "submitted"), IN_TIME, WAITING, "Achieved, but FY2025's result is handed in: then it belongs."),
            ("accepted_as_met", result(2025, "61"), IN_TIME, None, "Achieved, and FY2025's result is handed in."),
            ("accepted_as_missed", result(2025, "59"), IN_TIME, None, "FY2025's 59 is the latest: no longer achieved, and handed in."),
            ("reopened", result(2025, "61", state="draft"), IN_TIME, None, "The accepted 61 is handed in while it is corrected."),
        )
    ),
    Case("no_last_day_achieved_before_and_this_years_submitted_late", UNDATED, (result(2024, "60"), Report(2025, "submitted")),
         {**A_YEAR_BEFORE, **IN_SEPTEMBER}, date(2026, 10, 1), LATE, WAITING,
         "Nobody had asked, but it is handed in and so belongs, and 2026-09-10 is after the due day."),
    Case("no_last_day_achieved_by_this_years_own_result", UNDATED, (result(2025, "60"),), IN_JUNE, OVERDUE, IN_TIME, None,
         "Achieved for good by the very result that the round asks for."),
    Case("no_last_day_achieved_by_this_years_own_late_result", UNDATED, (result(2025, "60"),), IN_SEPTEMBER, date(2026, 10, 1), LATE, None,
         "It came on 2026-09-10."),
    Case("no_last_day_achieved_by_this_years_own_result_in_correction", UNDATED, (result(2025, "60", state="returned"),), IN_JUNE, OVERDUE,
         IN_TIME, None, "The accepted 60 stays while the correction is sent back."),
    Case("no_last_day_achieved_by_this_years_own_result_in_the_next_round", UNDATED, (result(2025, "60"),), IN_JUNE, NEXT_ROUND,
         NOT_IN_ROUND, None, "FY2026 is not asked of a target that FY2025 achieved."),
    Case("no_last_day_achieved_by_a_result_that_was_taken_down", UNDATED, (Report(2024, "taken_down"),), A_YEAR_BEFORE, OVERDUE, MISSING,
         None, "Nothing counts any more, so it is not achieved."),
    Case("no_last_day_no_longer_met", UNDATED, (result(2023, "60"), result(2024, "59")), {2023: tokyo(2024, 6, 10), **A_YEAR_BEFORE},
         DAY_AFTER, TO_COME, None, "The latest result, FY2024's 59, does not meet."),
    Case("no_last_day_and_short", UNDATED, (result(2024, "59.9999"),), A_YEAR_BEFORE, OVERDUE, MISSING, None, "59.9999 < 60."),
    Case("no_last_day_and_at_most_achieved", replace(UNDATED, comparator="at_most"), (result(2024, "60"),), A_YEAR_BEFORE, OVERDUE,
         NOT_IN_ROUND, None, "60 <= 60, and there is no last day to wait for."),
    Case("no_last_day_is_never_of_an_earlier_year", UNDATED, (), NEVER, date(2031, 9, 1), MISSING, None,
         "FY2030 is the year to report; the years before are not counted."),
    Case("no_last_day_met_by_a_later_figure_the_day_before_it_counts", UNDATED, (result(2026, "60", measured_on=date(2026, 6, 30)),),
         {2026: tokyo(2026, 6, 20)}, date(2026, 6, 29), TO_COME, None, "FY2026's figure of 2026-06-30 does not count yet."),
    Case("no_last_day_met_by_a_later_figure_once_it_counts", UNDATED, (result(2026, "60", measured_on=date(2026, 6, 30)),),
         {2026: tokyo(2026, 6, 20)}, date(2026, 6, 30), NOT_IN_ROUND, None,
         "Achieved for good by FY2026's figure, and FY2025's result is not handed in."),
    Case("own_figure_measured_later_is_handed_in", UNDATED, (result(2025, "60", measured_on=date(2026, 6, 30)),), IN_JUNE,
         date(2026, 6, 29), IN_TIME, None, "It does not count yet, but it is accepted, and that hands it in."),
    Case("deadline_ahead_achieved_early_is_to_come", DUE_2030, (result(2024, "70"),), A_YEAR_BEFORE, RESULTS_DUE, TO_COME, None,
         "A level can fall until 2031-03-31: achieved, not for good."),
    Case("deadline_ahead_total_achieved_early_is_missing", replace(DUE_2030, accumulation="running_total"), (result(2024, "70"),),
         A_YEAR_BEFORE, OVERDUE, MISSING, None, "The last day 2031-03-31 has not passed: achieved, not for good."),
    Case("level_achieved_early_is_asked_for_its_deadlines_year", DUE_2025, (result(2024, "70"),), A_YEAR_BEFORE, OVERDUE, MISSING, None,
         "A level of FY2024 decides nothing after 2026-03-31, so the target is not achieved."),
    Case("total_achieved_early_on_its_last_day", TOTAL_2025, (result(2024, "70"),), A_YEAR_BEFORE, LAST_DAY, IN_TIME, None,
         "The round is FY2024's and its result is handed in."),
    Case("total_achieved_early_after_its_last_day", TOTAL_2025, (result(2024, "70"),), A_YEAR_BEFORE, DAY_AFTER, NOT_IN_ROUND, None,
         "FY2024's 70 decides and meets, and the last day has passed."),
    Case("total_achieved_early_and_returned", TOTAL_2025, (result(2024, "70"), Report(2025, "returned")), YEAR_BEFORE_AND_IN_JUNE, OVERDUE,
         NOT_IN_ROUND, None, "Achieved for good, and nothing of FY2025 is handed in."),
    Case("total_achieved_early_and_handed_in", TOTAL_2025, (result(2024, "70"), Report(2025, "submitted")), YEAR_BEFORE_AND_IN_JUNE,
         OVERDUE, IN_TIME, WAITING, "Achieved for good, but FY2025's result is handed in."),
    Case("total_achieved_early_in_the_next_round", TOTAL_2025, (result(2024, "70"),), A_YEAR_BEFORE, NEXT_ROUND, NOT_IN_ROUND, None,
         "FY2025, the year to report, lies before FY2026, but the target is achieved for good."),
    Case("total_that_fell_short", TOTAL_2025, (result(2024, "59"),), A_YEAR_BEFORE, OVERDUE, MISSING, None, "59 < 60 decides nothing."),
    Case("achieved_in_its_deadlines_year", DUE_2025, (result(2025, "60"),), IN_JUNE, OVERDUE, IN_TIME, None,
         "Achieved for good by the result of L, which is handed in."),
    Case("achieved_by_the_running_year_without_its_deadlines_year", DUE_2025, (result(2026, "65", measured_on=date(2026, 6, 30)),),
         {2026: tokyo(2026, 7, 10)}, OVERDUE, IN_TIME, None,
         "FY2026's 65 counts from 2026-06-30, decides and meets: achieved for good, but its report hands FY2025's result in as well."),
)  # fmt: skip

CALENDAR_YEARS = (
    Case("calendar_year_on_its_last_day", CALENDAR_2026, (), NEVER, date(2026, 12, 31), MISSING, None,
         "FY2026 has not ended: FY2025 is the year to report, due by 2026-08-31."),
    Case("calendar_year_on_1_january", CALENDAR_2026, (), NEVER, date(2027, 1, 1), MISSING, None,
         "The last day has passed, but FY2026, which holds it, has not ended: FY2025 is missing."),
    Case("calendar_year_on_31_march", CALENDAR_2026, (), NEVER, ROUND_ENDS, MISSING, None, "FY2026 ends with this day."),
    Case("calendar_year_on_1_april", CALENDAR_2026, (), NEVER, NEXT_ROUND, TO_COME, None, "FY2026 ended; due by 2027-08-31."),
    Case("calendar_year_in_the_round_after_its_own", CALENDAR_2026, (), NEVER, date(2028, 4, 1), EARLIER_YEAR, None, "FY2026 < FY2027."),
    Case("calendar_year_achieved_by_its_own_figure_on_its_last_day", CALENDAR_2026, (result(2026, "60", measured_on=date(2026, 12, 31)),),
         {2026: tokyo(2026, 12, 31)}, date(2026, 12, 31), MISSING, None,
         "Achieved, but 2026-12-31 is the last day itself: FY2025's result is missing."),
    Case("calendar_year_achieved_by_its_own_figure_after_its_last_day",
         CALENDAR_2026, (result(2026, "60", measured_on=date(2026, 12, 31)),),
         {2026: tokyo(2026, 12, 31)}, date(2027, 1, 1), NOT_IN_ROUND, None,
         "FY2026's 60 decides and the last day has passed: achieved for good, and FY2025's result is not handed in."),
    Case("calendar_year_achieved_by_its_own_figure_with_the_year_before_handed_in",
         CALENDAR_2026, (Report(2025, "submitted"), result(2026, "60", measured_on=date(2026, 12, 31))),
         {**IN_JUNE, 2026: tokyo(2026, 12, 31)}, date(2027, 1, 1), IN_TIME, WAITING,
         "Achieved for good, but FY2025's result, that of L, is handed in."),
    Case("calendar_year_achieved_by_its_own_figure_in_its_own_round",
         CALENDAR_2026, (result(2026, "60", measured_on=date(2026, 12, 31)),),
         {2026: tokyo(2026, 12, 31)}, NEXT_ROUND, IN_TIME, None, "Now FY2026 is L, and it came long before 2027-08-31."),
    Case("calendar_year_missed_by_its_own_figure_after_its_last_day",
         CALENDAR_2026, (result(2026, "59", measured_on=date(2026, 12, 31)),),
         {2026: tokyo(2026, 12, 31)}, date(2027, 1, 1), MISSING, None, "Not achieved, and FY2025's result is not handed in."),
)  # fmt: skip

EARLIER_YEARS = (
    *(
        Case(f"deadlines_year_before_the_round_{told}", DUE_2025, reports, moments, NEXT_ROUND, place, None, because)
        for told, reports, moments, place, because in (
            ("in_draft", (Report(2025, "draft"),), NEVER, EARLIER_YEAR, "Nobody has submitted FY2025's draft."),
            ("recalled", (Report(2025, "draft"),), IN_JUNE, EARLIER_YEAR, "A draft does not answer, whenever it had been submitted."),
            ("taken_down", (Report(2025, "taken_down"),), IN_JUNE, EARLIER_YEAR, "There is no figure any more."),
            ("submitted", (Report(2025, "submitted"),), IN_JUNE, NOT_IN_ROUND, "FY2025 is answered, and its round is over."),
            ("submitted_late", (Report(2025, "submitted"),), {2025: tokyo(2027, 3, 31)}, NOT_IN_ROUND, "FY2025 is answered, however late."),
            ("submitted_in_this_round", (Report(2025, "submitted"),), {2025: tokyo(2027, 4, 1)}, NOT_IN_ROUND,
             "FY2025 is answered on the first day of the next round: late in no round, missing no more."),
            ("accepted_as_missed", (result(2025, "59"),), IN_JUNE, NOT_IN_ROUND, "FY2025 is answered, though it misses."),
            ("accepted_as_met", (result(2025, "60"),), IN_JUNE, NOT_IN_ROUND, "Achieved for good, and L is FY2026."),
            ("reopened", (result(2025, "59", state="draft"),), IN_JUNE, NOT_IN_ROUND, "The accepted figure answers."),
            ("reopened_and_returned", (result(2025, "59", state="returned"),), IN_JUNE, NOT_IN_ROUND, "The accepted figure answers."),
            ("and_an_older_level_that_meets", (result(2024, "70"),), A_YEAR_BEFORE, EARLIER_YEAR, "FY2024's level decides nothing."),
            ("and_an_older_report_submitted", (Report(2024, "submitted"),), A_YEAR_BEFORE, EARLIER_YEAR, "FY2024's is no later year."),
            ("and_a_later_report_in_draft", (Report(2026, "draft"),), NEVER, EARLIER_YEAR, "Nobody has submitted FY2026's draft."),
            ("and_a_later_report_returned", (Report(2026, "returned"),), {2026: tokyo(2027, 3, 10)}, EARLIER_YEAR,
             "The official has to submit FY2026's again."),
            ("and_a_later_report_taken_down", (Report(2026, "taken_down"),), {2026: tokyo(2027, 3, 10)}, EARLIER_YEAR,
             "There is no figure any more."),
            ("and_a_later_report_submitted", (Report(2026, "submitted"),), {2026: tokyo(2027, 3, 10)}, NOT_IN_ROUND,
             "FY2026's report answers FY2025; it is of L, but L is not the year to report."),
            ("and_a_later_report_accepted_as_missed", (result(2026, "59"),), {2026: tokyo(2027, 3, 10)}, NOT_IN_ROUND,
             "FY2026's report answers FY2025, though it misses."),
            ("and_a_later_report_accepted_as_met", (result(2026, "65"),), {2026: tokyo(2027, 3, 10)}, NOT_IN_ROUND,
             "Achieved late, for good; the result of L is handed in, but L is not the year to report."),
            ("and_a_later_report_reopened", (result(2026, "59", state="draft"),), {2026: tokyo(2027, 3, 10)}, NOT_IN_ROUND,
             "FY2026's accepted figure answers."),
            ("and_a_report_of_the_running_year", (Report(2027, "submitted"),), {2027: tokyo(2027, 4, 1)}, NOT_IN_ROUND,
             "FY2027 is later than FY2025 and answers, ended or not."),
            ("in_draft_and_a_later_report_submitted", (Report(2025, "draft"), Report(2026, "submitted")), {2026: tokyo(2027, 3, 10)},
             NOT_IN_ROUND, "FY2026's report answers, whatever becomes of FY2025's draft."),
        )
    ),
    Case("deadlines_year_before_the_round_after_the_due_day", DUE_2025, (), NEVER, date(2027, 9, 1), EARLIER_YEAR, None,
         "FY2025 is before FY2026 on every day of the round: no due day is read."),
    Case("deadlines_year_long_before_the_round", DUE_2025, (), NEVER, date(2031, 4, 1), EARLIER_YEAR, None, "FY2025 < FY2030."),
    Case("deadlines_year_before_the_round_of_a_grade", QUALITATIVE, (graded(2024, 1),), A_YEAR_BEFORE, NEXT_ROUND, EARLIER_YEAR, None,
         "FY2024's grade decides nothing after 2026-03-31; FY2025 has none."),
)  # fmt: skip

BEGINNINGS = (
    *(
        Case(f"{name}_{known}_{when}", target, (), NEVER, day, place, None, because, origin)
        for name, target in (("deadline_ahead", DUE_2030), ("no_last_day", UNDATED))
        for known, origin in (
            ("read_from_a_document_of_2025", Origin(budget_year=2025)),
            ("of_a_programme_from_2025", Origin(programme_start=2025)),
            ("of_an_older_programme_newly_read", Origin(budget_year=2025, programme_start=2020)),
            ("of_a_new_programme_read_before", Origin(budget_year=2024, programme_start=2025)),
        )
        for when, day, place, because in (
            ("on_31_march", LAST_DAY, NOT_IN_ROUND, "The round is FY2024's, before FY2025: not begun, so nothing is missing."),
            ("on_1_april", DAY_AFTER, TO_COME, "The round is FY2025's, and FY2025 is not before itself."),
        )
    ),
    Case("document_of_the_next_year", DUE_2030, (), NEVER, OVERDUE, NOT_IN_ROUND, None, "FY2025 < FY2026.", Origin(budget_year=2026)),
    Case("programme_of_the_next_year", DUE_2030, (), NEVER, OVERDUE, NOT_IN_ROUND, None, "FY2025 < FY2026.", Origin(programme_start=2026)),
    Case("handed_in_though_not_begun", DUE_2030, (Report(2025, "submitted"),), IN_JUNE, OVERDUE, NOT_IN_ROUND, None,
         "FY2025 is before the document's FY2026: there is no year to report, so no round for it either.", Origin(budget_year=2026)),
    Case("long_after_both_began", DUE_2030, (), NEVER, OVERDUE, MISSING, None, "FY2025 >= FY2024 and >= FY2010.", Origin(2024, 2010)),
    Case("deadlines_year_though_before_the_document", DUE_2025, (), NEVER, OVERDUE, MISSING, None,
         "FY2025 is the deadline's year and ended: always, though the document is of FY2026.", Origin(budget_year=2026)),
    Case("deadlines_year_though_before_the_programme", DUE_2025, (), NEVER, DAY_AFTER, TO_COME, None,
         "FY2025 is the deadline's year and ended: always, though the programme begins in FY2026.", Origin(programme_start=2026)),
    Case("earlier_deadlines_year_though_before_the_document", DUE_2025, (), NEVER, NEXT_ROUND, EARLIER_YEAR, None,
         "FY2025 is the year to report, always, though the document is of FY2027.", Origin(budget_year=2027)),
    Case("before_the_deadline_the_document_counts", DUE_2025, (), NEVER, LAST_DAY, NOT_IN_ROUND, None,
         "FY2025 has not ended, and FY2024 is before the document's FY2026.", Origin(budget_year=2026)),
    Case("each_year_reads_its_first_year_and_not_the_document", YEARLY, (), NEVER, date(2025, 9, 1), MISSING, None,
         "FY2024 is the first year; document and programme speak through it alone.", Origin(2026, 2026)),
)  # fmt: skip

GRADES = (
    Case("grade_to_come", QUALITATIVE, (), NEVER, RESULTS_DUE, TO_COME, None, "FY2025 has no grade, and the due day is not over."),
    Case("grade_missing", QUALITATIVE, (), NEVER, OVERDUE, MISSING, None, "FY2025 has no grade."),
    Case("grade_in_time", QUALITATIVE, (graded(2025, 4),), IN_JUNE, OVERDUE, IN_TIME, None, "A grade that does not meet is a result."),
    Case("grade_late", QUALITATIVE, (graded(2025, 2),), IN_SEPTEMBER, date(2026, 10, 1), LATE, None, "It came on 2026-09-10."),
    Case("grade_submitted", QUALITATIVE, (Report(2025, "submitted"),), IN_JUNE, OVERDUE, IN_TIME, WAITING, "The reviewer has it."),
    Case("grade_returned", QUALITATIVE, (Report(2025, "returned"),), IN_JUNE, OVERDUE, MISSING, RETURNED, "To be submitted again."),
    Case("grade_achieved_early_with_a_deadline_ahead", replace(QUALITATIVE, due_on=date(2031, 3, 31), due_fy=2030), (graded(2024, 1),),
         A_YEAR_BEFORE, OVERDUE, MISSING, None, "Grade 1 meets, but the last day has not passed: not for good."),
    Case("no_last_day_and_grade_2_before", UNDATED_GRADE, (graded(2024, 2),), A_YEAR_BEFORE, OVERDUE, NOT_IN_ROUND, None,
         "Grade 2 meets, and there is no last day."),
    Case("no_last_day_and_grade_3_before", UNDATED_GRADE, (graded(2024, 3),), A_YEAR_BEFORE, OVERDUE, MISSING, None,
         "Grade 3 does not meet."),
    Case("no_last_day_and_grade_2_by_its_own_result", UNDATED_GRADE, (graded(2025, 2),), IN_JUNE, OVERDUE, IN_TIME, None,
         "Achieved by the result that the round asks for."),
)  # fmt: skip

WITHDRAWN = (
    *(
        Case(f"{name}_{told}", replace(target, withdrawn_on=date(2026, 5, 1)), (), NEVER, day, place, None, because)
        for name, target in FOUR_TARGETS
        for told, day, place, because in (
            ("on_the_day_before_its_withdrawal", date(2026, 4, 30), TO_COME, "On 2026-04-30 the target stands."),
            ("on_the_day_of_its_withdrawal", date(2026, 5, 1), NOT_IN_ROUND, "From 2026-05-01 the target is in no count."),
            ("after_its_withdrawal", OVERDUE, NOT_IN_ROUND, "The target is in no count any more, so nothing is missing."),
        )
    ),
    Case("withdrawn_in_the_year_before", replace(DUE_2030, withdrawn_on=date(2025, 5, 1)), (), NEVER, DAY_AFTER, NOT_IN_ROUND, None,
         "It was gone before the round opened."),
    Case("handed_in_on_the_day_before_its_withdrawal", replace(DUE_2030, withdrawn_on=date(2026, 7, 1)), (Report(2025, "submitted"),),
         IN_JUNE, date(2026, 6, 30), IN_TIME, WAITING, "On 2026-06-30 the target stands."),
    Case("handed_in_and_withdrawn", replace(DUE_2030, withdrawn_on=date(2026, 7, 1)), (Report(2025, "submitted"),), IN_JUNE,
         date(2026, 7, 1), NOT_IN_ROUND, None, "A withdrawn target is in no count, whatever it had handed in."),
    Case("withdrawn_on_the_day_after_the_due_day_looked_at_on_the_due_day", replace(DUE_2030, withdrawn_on=OVERDUE), (), NEVER,
         RESULTS_DUE, TO_COME, None, "On 2026-08-31 the target stands and the due day is not over."),
    Case("withdrawn_on_the_day_after_the_due_day", replace(DUE_2030, withdrawn_on=OVERDUE), (), NEVER, OVERDUE, NOT_IN_ROUND, None,
         "On the first day on which it would be missing it stands no more."),
    Case("earlier_year_on_the_day_before_its_withdrawal", replace(DUE_2025, withdrawn_on=date(2027, 5, 1)), (), NEVER, date(2027, 4, 30),
         EARLIER_YEAR, None, "On 2027-04-30 the target stands."),
    Case("earlier_year_on_the_day_of_its_withdrawal", replace(DUE_2025, withdrawn_on=date(2027, 5, 1)), (), NEVER, date(2027, 5, 1),
         NOT_IN_ROUND, None, "From 2027-05-01 the target is in no count, nor beside one."),
)  # fmt: skip

CASES = (
    *THE_DAY,
    *THE_MOMENT,
    *STATES,
    *WAYS,
    *EACH_YEAR,
    *ACHIEVED,
    *CALENDAR_YEARS,
    *EARLIER_YEARS,
    *BEGINNINGS,
    *GRADES,
    *WITHDRAWN,
)

OPEN_CASES = (
    Case("a_report_of_the_running_year_hands_in_the_deadlines_year", DUE_2025, (Report(2026, "submitted"),),
         {2026: tokyo(2026, 6, 10)}, RESULTS_DUE, IN_TIME, WAITING,
         "FY2025 is asked for no more once FY2026's report answers it. The other reading: sentence 2 wants a report of FY2025 itself."),
    Case("a_late_report_of_the_running_year_hands_in_the_deadlines_year_late", DUE_2025, (Report(2026, "submitted"),),
         {2026: tokyo(2026, 9, 10)}, date(2026, 11, 1), LATE, WAITING, "It was submitted after 2026-08-31, when FY2025's was due."),
    Case("an_accepted_miss_of_the_running_year_hands_in_the_deadlines_year", DUE_2025,
         (Report(2025, "draft"), result(2026, "59", measured_on=date(2026, 6, 30))), {2026: tokyo(2026, 7, 10)}, OVERDUE, IN_TIME, None,
         "59 decides and misses; the draft of FY2025 is asked for no more. The other reading: FY2025 is missing."),
    Case("a_report_of_the_running_year_hands_in_no_other_year_than_the_deadlines", DUE_2030, (Report(2026, "submitted"),),
         {2026: tokyo(2026, 6, 10)}, OVERDUE, MISSING, None, "The deadline's year is FY2030: FY2025 is asked for on its own."),
    Case("a_report_of_the_running_year_hands_in_no_other_year_of_an_each_year_target", YEARLY, (Report(2026, "submitted"),),
         {2026: tokyo(2026, 6, 10)}, OVERDUE, MISSING, None, "Every year is judged on its own."),
    Case("handed_in_after_the_day_and_in_time", DUE_2025, (Report(2025, "submitted"),), IN_JUNE, date(2026, 5, 1), IN_TIME, WAITING,
         "`on` moves the calendar, not the knowledge. The other reading: on 2026-05-01 it is still to come."),
    Case("handed_in_after_the_day_and_late", DUE_2025, (Report(2025, "submitted"),), IN_SEPTEMBER, date(2026, 7, 1), LATE, WAITING,
         "`on` moves the calendar, not the knowledge. The other reading: on 2026-07-01 it is still to come."),
    Case("handed_in_late_looked_at_on_the_due_day", DUE_2025, (result(2025, "59"),), IN_SEPTEMBER, RESULTS_DUE, LATE, None,
         "As the case before: late on a day when nothing can be late yet. The other reading: still to come."),
    Case("handed_in_late_looked_at_between_due_day_and_submission", DUE_2025, (result(2025, "59"),), IN_SEPTEMBER, OVERDUE, LATE, None,
         "It came on 2026-09-10. The other reading: on 2026-09-01 it is missing."),
    Case("accepted_without_a_known_first_submission", DUE_2025, (result(2025, "59"),), NEVER, RESULTS_DUE, LATE, None,
         "No submission on the due day or before is known, so \"otherwise late\". The other reading: the rule says nothing of it."),
    Case("submitted_in_time_taken_down_opened_again_and_submitted_late", DUE_2025, (Report(2025, "submitted"),), IN_JUNE,
         date(2026, 11, 1), IN_TIME, WAITING,
         "It is one report, first submitted on 2026-06-10, whatever became of that. The other reading: a report taken down begins anew."),
    Case("earlier_year_returned_has_no_note", DUE_2025, (Report(2025, "returned"),), IN_JUNE, NEXT_ROUND, EARLIER_YEAR, None,
         "Sentence 4 says \"returned\" of those in the round alone. The other reading: of those beside it as well."),
    Case("each_year_earlier_year_returned_has_no_note", YEARLY, (Report(2026, "returned"),), {2026: tokyo(2027, 6, 10)}, date(2028, 4, 1),
         EARLIER_YEAR, None, "As the case before."),
)  # fmt: skip

OTHER_DUE_DAYS = (
    Case("due_on_31_july_nothing_on_that_day", DUE_2025, (), NEVER, date(2026, 7, 31), TO_COME, None, "It is the due day.", due=(7, 31)),
    Case("due_on_31_july_nothing_on_the_day_after", DUE_2025, (), NEVER, date(2026, 8, 1), MISSING, None, "It is over.", due=(7, 31)),
    Case("due_on_31_july_handed_in_on_that_day", DUE_2025, (Report(2025, "submitted"),), {2025: tokyo(2026, 7, 31, 23, 59)},
         date(2026, 8, 1), IN_TIME, WAITING, "It came on the due day.", due=(7, 31)),
    Case("due_on_31_july_handed_in_on_the_day_after", DUE_2025, (Report(2025, "submitted"),), {2025: utc(2026, 7, 31, 15, 0)},
         date(2026, 8, 1), LATE, WAITING, "In Tokyo it is 00:00 on 1 August.", due=(7, 31)),
    Case("due_on_31_december_nothing_on_that_day", DUE_2025, (), NEVER, date(2026, 12, 31), TO_COME, None, "Due day.", due=(12, 31)),
    Case("due_on_31_december_nothing_on_the_day_after", DUE_2025, (), NEVER, date(2027, 1, 1), MISSING, None, "Over.", due=(12, 31)),
)  # fmt: skip
