from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget.fiscal import last_day, parse_year
from kpis.choices import DeadlineKind, NoDeadline
from kpis.deadlines import Resolved, Stated, each_year_run, last_due_year, last_ended_year, resolve, results_due_on

AUGUST = (8, 31)
FY, CALENDAR, DAY, PLAN = DeadlineKind.FISCAL_YEAR, DeadlineKind.CALENDAR_YEAR, DeadlineKind.DATE, DeadlineKind.PLAN_PERIOD
AFTER_PROGRAMME, AFTER_EVENT, NONE = DeadlineKind.AFTER_PROGRAMME, DeadlineKind.AFTER_EVENT, DeadlineKind.NONE


def after_event(event_on, years, *, through=False):
    return Stated(AFTER_EVENT, offset_years=years, event_on=event_on, through_nth_year=through)


@pytest.mark.parametrize(
    ("stated", "programme_end", "due_on", "due_fy"),
    [
        pytest.param(Stated(FY, year=parse_year("令和7年度")), None, date(2026, 3, 31), 2025, id="令和7年度末までに"),
        pytest.param(Stated(FY, year=parse_year("2025年度")), 2030, date(2026, 3, 31), 2025, id="2025年度中に"),
        pytest.param(Stated(FY, year=parse_year("平成31年度")), None, date(2020, 3, 31), 2019, id="平成31年度"),
        pytest.param(Stated(FY, year=parse_year("令和元年度")), None, date(2020, 3, 31), 2019, id="令和元年度"),
        pytest.param(Stated(CALENDAR, year=parse_year("令和9年")), None, date(2027, 12, 31), 2027, id="令和9年までに"),
        pytest.param(Stated(CALENDAR, year=2030), None, date(2030, 12, 31), 2030, id="2030年までに"),
        pytest.param(Stated(CALENDAR, year=2050), None, date(2050, 12, 31), 2050, id="2050年"),
        pytest.param(Stated(DAY, day=date(2026, 3, 31)), None, date(2026, 3, 31), 2025, id="the last day of a fiscal year"),
        pytest.param(Stated(DAY, day=date(2026, 4, 1)), None, date(2026, 4, 1), 2026, id="the first day of a fiscal year"),
        pytest.param(Stated(PLAN, year=2026), None, date(2027, 3, 31), 2026, id="第六期中期目標期間（令和5年度～令和8年度）に"),
        pytest.param(Stated(AFTER_PROGRAMME, offset_years=5), 2024, date(2030, 3, 31), 2029, id="事業終了後5年以内"),
        pytest.param(Stated(AFTER_PROGRAMME, offset_years=0), 2024, date(2025, 3, 31), 2024, id="助成終了時"),
        pytest.param(after_event(date(2023, 6, 1), 5), None, date(2028, 6, 1), 2028, id="支援から5年後"),
        pytest.param(after_event(date(2023, 6, 1), 3, through=True), None, date(2026, 5, 31), 2026, id="採択後3年目まで"),
        pytest.param(after_event(date(2023, 4, 1), 3), None, date(2026, 4, 1), 2026, id="3年後 of 1 April"),
        pytest.param(after_event(date(2023, 4, 1), 3, through=True), None, date(2026, 3, 31), 2025, id="3年目まで from 1 April"),
        pytest.param(after_event(date(2023, 1, 1), 1, through=True), None, date(2023, 12, 31), 2023, id="1年目まで from 1 January"),
        pytest.param(after_event(date(2023, 6, 1), 0), None, date(2023, 6, 1), 2023, id="the event itself"),
        pytest.param(after_event(date(2024, 2, 29), 1), None, date(2025, 2, 28), 2024, id="29 February, 1年後"),
        pytest.param(after_event(date(2024, 2, 29), 4), None, date(2028, 2, 29), 2027, id="29 February, 4年後"),
        pytest.param(after_event(date(2024, 2, 29), 1, through=True), None, date(2025, 2, 28), 2024, id="29 February, 1年目まで"),
        pytest.param(after_event(date(2024, 2, 29), 4, through=True), None, date(2028, 2, 28), 2027, id="29 February, 4年目まで"),
        pytest.param(after_event(date(2023, 3, 1), 1, through=True), None, date(2024, 2, 29), 2023, id="1 March, into a leap year"),
    ],
)
def test_stated_deadline_resolves_to_its_last_day(stated, programme_end, due_on, due_fy):
    assert resolve(stated, programme_end) == Resolved(due_on, due_fy, None)


@pytest.mark.parametrize(
    ("stated", "programme_end", "why"),
    [
        pytest.param(Stated(NONE), None, NoDeadline.NONE_STATED, id="nothing said"),
        pytest.param(Stated(NONE), 2024, NoDeadline.NONE_STATED, id="the programme's own period is no deadline"),
        pytest.param(Stated(AFTER_PROGRAMME, offset_years=5), None, NoDeadline.PROGRAMME_END_NOT_KNOWN, id="programme's end not known"),
        pytest.param(after_event(None, 3), 2024, NoDeadline.EVENT_NOT_RECORDED, id="event not recorded"),
    ],
)
def test_target_without_a_last_day_says_why(stated, programme_end, why):
    assert resolve(stated, programme_end) == Resolved(None, None, why)


def test_reason_is_the_plain_code():
    assert type(resolve(Stated(NONE), None).missing) is str


@pytest.mark.parametrize(("programme_end", "due_on"), [(2024, date(2028, 3, 31)), (2025, date(2029, 3, 31)), (None, None)])
def test_relative_deadline_moves_with_the_programmes_end(programme_end, due_on):
    assert resolve(Stated(AFTER_PROGRAMME, offset_years=3), programme_end).due_on == due_on


@pytest.mark.parametrize("programme_end", [None, 2024, 2030])
def test_stated_year_does_not_move_with_the_programmes_end(programme_end):
    assert resolve(Stated(FY, year=2025), programme_end).due_on == date(2026, 3, 31)


def test_plain_code_serves_as_kind():
    assert resolve(Stated("fiscal_year", year=2025), None).due_fy == 2025


def test_nth_year_after_the_programme_is_the_same_as_n_years_after():
    nth = Stated(AFTER_PROGRAMME, offset_years=5, through_nth_year=True)
    assert resolve(nth, 2024).due_on == date(2030, 3, 31)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (Stated(FY), "fiscal_year lacks its year"),
        (Stated(CALENDAR, day=date(2030, 1, 1)), "calendar_year lacks its year"),
        (Stated(PLAN), "plan_period lacks its year"),
        (Stated(DAY, year=2030), "date lacks its day"),
        (Stated(AFTER_PROGRAMME), "after_programme lacks its offset_years"),
        (Stated(AFTER_EVENT), "after_event lacks its offset_years"),
        (Stated(AFTER_EVENT, offset_years=-1), "-1 years after"),
        (Stated(AFTER_EVENT, offset_years=0, through_nth_year=True), "0 years after"),
        (Stated("someday"), "'someday' is not a kind of deadline"),
    ],
    ids=str,
)
def test_deadline_that_lacks_its_part_is_refused(stated, message):
    with pytest.raises(ValueError, match=message):
        resolve(stated, None)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.integers(1, 30))
def test_nth_year_ends_before_n_years_have_passed(event_on, years):
    through = resolve(after_event(event_on, years, through=True), None).due_on
    after = resolve(after_event(event_on, years), None).due_on
    assert after - through == timedelta(days=0 if (event_on.month, event_on.day) == (2, 29) and after.day == 28 else 1)


OPEN = Stated(NONE)


@pytest.mark.parametrize(
    ("stated", "start", "end", "budget_year", "run"),
    [
        pytest.param(OPEN, 2022, 2027, 2024, (2024, 2027), id="the budget year is later than the start"),
        pytest.param(OPEN, 2025, 2027, 2024, (2025, 2027), id="the start is later than the budget year"),
        pytest.param(OPEN, None, 2027, 2024, (2024, 2027), id="start not known"),
        pytest.param(OPEN, 2022, 2027, None, (2022, 2027), id="budget year not known"),
        pytest.param(OPEN, None, 2027, None, (None, 2027), id="neither known"),
        pytest.param(OPEN, 2022, None, 2024, (2024, None), id="open"),
        pytest.param(Stated(CALENDAR, year=parse_year("令和14年")), 2022, 2027, 2024, (2024, 2032), id="毎年度…令和14年まで"),
        pytest.param(Stated(FY, year=2025), 2022, 2027, 2024, (2024, 2025), id="stated before the programme's end"),
        pytest.param(Stated(DAY, day=date(2027, 3, 31)), 2022, None, 2024, (2024, 2026), id="a stated day"),
        pytest.param(Stated(AFTER_PROGRAMME, offset_years=2), 2022, 2027, 2024, (2024, 2029), id="after the programme's end"),
        pytest.param(Stated(AFTER_PROGRAMME, offset_years=2), 2022, None, 2024, (2024, None), id="after an end not known"),
        pytest.param(after_event(None, 3), 2022, 2027, 2024, (2024, 2027), id="event not recorded"),
        pytest.param(OPEN, 2022, 2023, 2024, (2024, 2023), id="an empty run is given back as it is"),
    ],
)
def test_each_year_run(stated, start, end, budget_year, run):
    assert each_year_run(stated, programme_start=start, programme_end=end, budget_year=budget_year) == run


def test_results_are_due_the_summer_after():
    assert results_due_on(2025, AUGUST) == date(2026, 8, 31)
    assert results_due_on(2025, (7, 31)) == date(2026, 7, 31)


@pytest.mark.parametrize(
    ("on", "year"),
    [
        (date(2026, 8, 31), 2024),
        (date(2026, 9, 1), 2025),
        (date(2026, 12, 31), 2025),
        (date(2027, 1, 1), 2025),
        (date(2027, 3, 31), 2025),
        (date(2027, 4, 1), 2025),
        (date(2027, 8, 31), 2025),
        (date(2027, 9, 1), 2026),
    ],
    ids=str,
)
def test_last_due_year_turns_the_day_after_the_results_were_due(on, year):
    assert last_due_year(on, AUGUST) == year


@pytest.mark.parametrize(("on", "year"), [(date(2026, 7, 31), 2024), (date(2026, 8, 1), 2025)], ids=str)
def test_last_due_year_follows_the_setting(on, year):
    assert last_due_year(on, (7, 31)) == year


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_last_due_year_is_the_latest_that_was_due(on):
    year = last_due_year(on, AUGUST)
    assert results_due_on(year, AUGUST) < on <= results_due_on(year + 1, AUGUST)


@pytest.mark.parametrize(("on", "year"), [(date(2026, 3, 31), 2024), (date(2026, 4, 1), 2025), (date(2026, 12, 31), 2025)], ids=str)
def test_last_ended_year_turns_on_the_first_of_april(on, year):
    assert last_ended_year(on) == year


def test_deadline_can_have_passed_before_its_results_were_due():
    due = resolve(Stated(FY, year=2025), None)
    for on in (date(2026, 4, 1), date(2026, 8, 31)):
        assert due.due_on < on
        assert due.due_fy > last_due_year(on, AUGUST)
    assert due.due_fy == last_due_year(date(2026, 9, 1), AUGUST)
    assert due.due_on == last_day(due.due_fy)
