"""Words of time: what they are used for, and the year, day or count that they name (DOMAIN.md §4)."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.choices import DeadlineKind
from kpis.importers.pr_document.goal_text.times import Use, blanked, times, years_of

FY, CALENDAR, DAY, PLAN = DeadlineKind.FISCAL_YEAR, DeadlineKind.CALENDAR_YEAR, DeadlineKind.DATE, DeadlineKind.PLAN_PERIOD
AFTER_PROGRAMME, AFTER_EVENT, NONE = DeadlineKind.AFTER_PROGRAMME, DeadlineKind.AFTER_EVENT, DeadlineKind.NONE


def only(text):
    (found,) = times(text)
    return found


@pytest.mark.parametrize(
    ("words", "kind", "year"),
    [
        ("令和7年度末までに", FY, 2025),
        ("令和7年度に", FY, 2025),
        ("2025年度中に", FY, 2025),
        ("令和12年度(2030年度)までに", FY, 2030),
        ("平成31年度に", FY, 2019),
        ("令和元年度に", FY, 2019),
        ("R7年度に", FY, 2025),
        ("令和9年までに", CALENDAR, 2027),
        ("令和9年末までに", CALENDAR, 2027),
        ("2050年", CALENDAR, 2050),
        ("令和5年度から9年度までの間に", PLAN, 2027),
        ("第六期中期目標期間(令和5年度~令和8年度)に", PLAN, 2026),
        ("プロジェクト終了時(2024年度)までに", FY, 2024),
    ],
)
def test_a_deadline_names_its_year(words, kind, year):
    found = times(words + "3件とする")[0]
    assert (found.use, found.kind, found.year) == (Use.DEADLINE, kind, year)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("令和8年3月31日までに", date(2026, 3, 31)),
        ("令和8年2月末までに", date(2026, 2, 28)),
        ("2030年9月までに", date(2030, 9, 30)),
    ],
)
def test_a_stated_day_or_month_is_its_last_day(words, day):
    assert (only(words).kind, only(words).day) == (DAY, day)


@pytest.mark.parametrize("words", ["令和8年2月30日までに", "令和8年13月末までに", "令和8年0月までに"])
def test_a_day_that_no_calendar_has_is_not_read(words):
    assert (only(words).day, only(words).unread) == (None, True)


@pytest.mark.parametrize(
    ("words", "kind", "offset", "through"),
    [
        ("事業終了後5年以内に", AFTER_PROGRAMME, 5, False),
        ("助成終了時に", AFTER_PROGRAMME, 0, False),
        ("事業終了年度から向こう3年間に於いて", AFTER_PROGRAMME, 3, False),
        ("採択後3年目までに", AFTER_EVENT, 3, True),
        ("支援から5年後には", AFTER_EVENT, 5, False),
        ("中間評価時で", AFTER_EVENT, 0, False),
    ],
)
def test_years_are_counted_from_an_end_or_an_event(words, kind, offset, through):
    assert (only(words).kind, only(words).offset_years, only(words).through_nth_year) == (kind, offset, through)


@pytest.mark.parametrize(("words", "assumed"), [("本事業終了後5年以内に", False), ("事業終了後5年以内に", True), ("助成終了時に", True)])
def test_the_end_is_assumed_to_be_the_programmes_unless_it_says_so(words, assumed):
    assert only(words).programme_end_assumed is assumed


@pytest.mark.parametrize("words", ["事業終了後100年以内に", "採択後9999年以内に", "2030年代前半までに"])
def test_a_deadline_without_a_place_among_the_kinds_is_left_unread(words):
    assert (only(words).kind, only(words).unread) == (NONE, True)


@pytest.mark.parametrize("words", ["毎年度、3件", "毎年3件", "年間3件", "年3件", "年度ごとに3件"])
def test_each_year_is_no_deadline(words):
    assert times(words)[0].use is Use.EACH_YEAR


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("令和2年度から令和6年度までの5年間の事業であり、", 2020, 2024),
        ("平成16年から終了予定年度なしの事業であり、", 2004, None),
        ("終了時期未定の事業であり、", None, None),
    ],
)
def test_the_programmes_own_period_is_no_deadline(words, first, last):
    found = only(words)
    assert (found.use, found.first_year, found.year) == (Use.PROGRAMME, first, last)


@pytest.mark.parametrize("words", ["2013年度比", "前年度比", "令和5年度補正", "過去5年の平均", "令和5年4月に閣議決定"])
def test_a_year_to_compare_with_is_no_deadline(words):
    assert times(words)[0].use is Use.OTHER


def test_a_year_whose_result_is_told_is_a_baseline():
    assert only("令和4年度実績").use is Use.BASELINE


def test_a_span_without_years_keeps_its_length():
    assert (only("5年間の累計で").kind, only("5年間の累計で").years, only("5年間の累計で").year) == (PLAN, 5, None)


@pytest.mark.parametrize(
    ("words", "years"),
    [
        ("令和5年度から9年度", [(2023, True), (2027, True)]),
        ("2030年", [(2030, False)]),
        ("平成62年度", [(2050, True)]),
        ("令和99年度", []),
        ("令和0年", []),
    ],
)
def test_years_are_read_with_the_era_before_them(words, years):
    assert years_of(words) == years


def test_words_of_time_are_blanked_out_sign_for_sign():
    assert blanked("令和4年度実績3件を令和7年度に5件") == "\x01" * 7 + "3件を" + "\0" * 6 + "5件"


@given(st.text(alphabet="令和平成昭R0159年度月日から~までに末終了後事業期間()採択毎", max_size=60))
def test_no_words_of_time_overlap(text):
    found = times(text)
    assert all(0 <= time.start < time.end <= len(text) for time in found)
    assert all(first.end <= second.start for first, second in pairwise(found))
