from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget.fiscal import (
    WESTERN_YEARS,
    calendar_year_name,
    day_name,
    era_year_name,
    first_day,
    fiscal_year_in_two_lines,
    fiscal_year_name,
    fiscal_year_of,
    last_day,
    parse_day,
    parse_year,
)

years = st.sampled_from(WESTERN_YEARS)


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 3, 31), 2025),
        (date(2026, 4, 1), 2026),
        (date(2025, 12, 31), 2025),
        (date(2026, 1, 1), 2025),
        (date(2024, 2, 29), 2023),
    ],
    ids=str,
)
def test_fiscal_year_turns_on_the_first_of_april(day, year):
    assert fiscal_year_of(day) == year


def test_fiscal_year_runs_from_april_to_march():
    assert (first_day(2025), last_day(2025)) == (date(2025, 4, 1), date(2026, 3, 31))


@given(years)
def test_first_and_last_day_lie_in_their_year(year):
    assert fiscal_year_of(first_day(year)) == fiscal_year_of(last_day(year)) == year


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("令和7年度", 2025),
        ("令和7年", 2025),
        ("令和7", 2025),
        ("令和07年度", 2025),
        ("R7", 2025),
        ("r7年度", 2025),
        ("令和元年度", 2019),
        ("令和1年度", 2019),
        ("R元", 2019),
        ("平成31年度", 2019),
        ("H31", 2019),
        ("平成元年", 1989),
        ("S60", 1985),
        ("昭和63年度", 1988),
        ("昭和64", 1989),
        ("昭和元年", 1926),
        ("大正15年度", 1926),
        ("T1", 1912),
        ("明治45年", 1912),
        ("明治19年度", 1886),
        ("M1", 1868),
        ("2025", 2025),
        ("2025年", 2025),
        ("2025年度", 2025),
        ("FY2025", 2025),
        ("fy2025", 2025),
        ("令和７年度", 2025),
        ("Ｒ７", 2025),
        ("２０２５年度", 2025),
        ("ＦＹ２０２５", 2025),
        (" 令和 7 年度 ", 2025),
        ("\u3000令和\u30007\u3000年度\n", 2025),
        ("㋿7年度", 2025),
        ("㍻31年", 2019),
        ("平成32年度", 2020),  # written before 2019
        ("平成62年", 2050),
        ("令和82年", 2100),
        ("令和7年度（2025年度）", 2025),
        ("2030年 (令和12年)", 2030),
        ("平成31年度（令和元年度）", 2019),
        ("1868", 1868),
        ("2100", 2100),
    ],
)
def test_year_is_read(text, year):
    assert parse_year(text) == year


@pytest.mark.parametrize(
    "text",
    [
        "",
        "　",
        "令和",
        "大正",
        "年度",
        "元年度",
        "7年度",
        "25",
        "令和0年",
        "令和00年",
        "令和-1年",
        "令和83年",
        "令和99",
        "令和107年",
        "令和2025年",
        "平成63年",
        "昭和65年",
        "大正16年",
        "明治46年",
        "慶応3年",
        "令和七年度",
        "令和①年度",
        "①令和7年度",
        "R⑦",
        "令和7²",
        "202⑤",
        "20 25",
        "令和1 2年",
        "20255",
        "1867",
        "2101",
        "4048",
        "0000",
        "FY25",
        "FY2025年度",
        "FY令和7",
        "FYR7",
        "2025FY",
        "R7.3.31",
        "2025-03-31",
        "令和7年度末",
        "令和7年度まで",
        "令和5年度～令和8年度",
        "令和7年度（2026年度）",
        "令和7年度（",
        "令和7年度（）",
        "（2025年度）",
        "令和7年度（2025年度）（2025年度）",
        "２０２５．０",
        "٢٠٢٥",
        "X7",
    ],
)
def test_anything_else_is_no_year(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_year(text)


def test_refusal_says_what_would_do():
    with pytest.raises(ValueError, match="'令和7年度末' is not a year such as 令和7年度, R7 or 2025"):
        parse_year("令和7年度末")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("令和7年3月31日", date(2025, 3, 31)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("平成31年5月1日", date(2019, 5, 1)),  # written before the era's name was known
        ("平成32年3月31日", date(2020, 3, 31)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("明治6年1月1日", date(1873, 1, 1)),
        ("R7.3.31", date(2025, 3, 31)),
        ("r7/03/31", date(2025, 3, 31)),
        ("H31-4-1", date(2019, 4, 1)),
        ("2025-03-31", date(2025, 3, 31)),
        ("2025/3/31", date(2025, 3, 31)),
        ("2025.3.31", date(2025, 3, 31)),
        ("2025年3月31日", date(2025, 3, 31)),
        ("２０２５／３／３１", date(2025, 3, 31)),
        ("令和７年 ３月 ３１日", date(2025, 3, 31)),
        ("令和6年2月29日", date(2024, 2, 29)),
        ("令和8年3月31日（2026-03-31）", date(2026, 3, 31)),
    ],
)
def test_day_is_read(text, day):
    assert parse_day(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "令和7年3月末",
        "令和7年3月",
        "令和7年度",
        "2025",
        "3月31日",
        "令和7年2月29日",
        "令和7年13月1日",
        "2025-04-31",
        "2025-00-01",
        "2025-3/31",
        "20250331",
        "25-03-31",
        "令和7年3.31",
        "R7.3.31日",
        "令和元年3月31日",
        "令和元年4月30日",
        "平成元年1月7日",
        "明治5年12月31日",
        "令和0年3月31日",
        "4048-03-31",
        "令和7年3月③日",
        "2025-03-3 1",
        "令和8年3月31日（2026-03-30）",
        "2025-03-31T00:00",
    ],
)
def test_anything_else_is_no_day(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_day(text)


@pytest.mark.parametrize(
    ("year", "fiscal", "calendar"),
    [
        (2030, "令和12年度（2030年度）", "令和12年（2030年）"),
        (2025, "令和7年度（2025年度）", "令和7年（2025年）"),
        (2019, "令和元年度（2019年度）", "令和元年（2019年）"),
        (2018, "平成30年度（2018年度）", "平成30年（2018年）"),
        (1989, "平成元年度（1989年度）", "平成元年（1989年）"),
        (1988, "昭和63年度（1988年度）", "昭和63年（1988年）"),
        (1926, "昭和元年度（1926年度）", "昭和元年（1926年）"),
        (1912, "大正元年度（1912年度）", "大正元年（1912年）"),
        (1886, "明治19年度（1886年度）", "明治19年（1886年）"),
        (1868, "明治元年度（1868年度）", "明治元年（1868年）"),
        (1867, "1867年度", "1867年"),
    ],
)
def test_year_is_shown_in_both_calendars(year, fiscal, calendar):
    assert (fiscal_year_name(year), calendar_year_name(year)) == (fiscal, calendar)


@pytest.mark.parametrize(("suffix", "name"), [("年度", "令和7年度"), ("年", "令和7年"), ("", "令和7")])
def test_short_name_has_the_suffix_asked_for(suffix, name):
    assert era_year_name(2025, suffix) == name


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 3, 31), "令和8年3月31日（2026-03-31）"),
        (date(2019, 5, 1), "令和元年5月1日（2019-05-01）"),
        (date(2019, 4, 30), "平成31年4月30日（2019-04-30）"),
        (date(1989, 1, 8), "平成元年1月8日（1989-01-08）"),
        (date(1989, 1, 7), "昭和64年1月7日（1989-01-07）"),
        (date(1926, 12, 24), "大正15年12月24日（1926-12-24）"),
        (date(1912, 7, 29), "明治45年7月29日（1912-07-29）"),
        (date(1873, 1, 1), "明治6年1月1日（1873-01-01）"),
        (date(1872, 12, 31), "1872-12-31"),
    ],
    ids=str,
)
def test_day_is_shown_in_the_era_of_that_day(day, name):
    assert day_name(day) == name


@pytest.mark.usefixtures("english")
def test_english_names_are_western():
    assert (fiscal_year_name(2025), calendar_year_name(2030)) == ("FY2025", "2030")
    assert fiscal_year_in_two_lines(2025) == ("FY", "2025")
    assert day_name(date(2026, 3, 31)) == "2026-03-31"


@pytest.mark.usefixtures("english")
def test_english_names_are_read_back():
    assert (parse_year("FY2025"), parse_year("2030"), parse_day("2026-03-31")) == (2025, 2030, date(2026, 3, 31))


@given(years)
def test_printed_years_are_read_back(year):
    for name in (fiscal_year_name(year), calendar_year_name(year), era_year_name(year), era_year_name(year, "")):
        assert parse_year(name) == year


@given(st.dates(date(1868, 1, 1), date(2100, 12, 31)))
def test_printed_days_are_read_back(day):
    assert parse_day(day_name(day)) == parse_day(day.isoformat()) == day


@given(st.text(alphabet="令和平成昭大正明治元年度月日RHSTMFYfy0127９①（）()-/. 　"))
def test_any_text_gives_a_year_or_a_value_error(text):
    for parse in (parse_year, parse_day):
        try:
            parse(text)
        except ValueError:
            continue
