from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kpis.choices import Comparator
from kpis.measures import (
    attainment,
    attains_more_than,
    fits,
    format_value,
    hundred_millions,
    meets,
    meets_grade,
    normal_unit,
    on_line,
    published_attainment,
    short_of,
    short_of_line,
)

AT_LEAST, MORE_THAN, AT_MOST, LESS_THAN, WITHIN = Comparator

stored = st.decimals(Decimal("-99999999999.9999"), Decimal("99999999999.9999"), places=4)
whole_years = st.integers(2000, 2060)


def number(text):
    return None if text is None else Decimal(text)


@pytest.mark.parametrize(
    ("text", "whether"),
    [
        ("0", True),
        ("-0", True),
        ("99999999999.9999", True),
        ("-99999999999.9999", True),
        ("1E+10", True),
        ("65.00000", True),
        ("0.0001", True),
        ("100000000000", False),
        ("-100000000000", False),
        ("0.00001", False),
        ("1.23450000000000000000000000000000000000001", False),
        ("99999999999.99999", False),
        ("1E+999999", False),
        ("1E-999999", False),
        ("NaN", False),
        ("Infinity", False),
    ],
)
def test_fifteen_digits_fit_four_of_them_decimals(text, whether):
    assert fits(Decimal(text)) is whether


@given(stored)
def test_every_stored_number_fits(value):
    assert fits(value)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("％", "%"),
        ("%", "%"),
        ("﹪", "%"),
        (" ％\u3000", "%"),
        ("", ""),
        ("\u3000", ""),
        ("件", "件"),
        ("兆円", "兆円"),
        ("ｋｇ", "kg"),
        ("ﾄﾝ", "トン"),
        ("ﾄﾞﾙ", "ドル"),
        ("件／年", "件/年"),
        ("万\u3000 人", "万 人"),
        ("㎡", "㎡"),
        ("m²", "m²"),
        ("ｍ²", "m²"),
        ("℃", "℃"),
        ("㌧", "㌧"),
        ("①", "①"),
    ],
)
def test_unit_has_one_spelling(text, unit):
    assert normal_unit(text) == unit


@given(st.text())
def test_unit_in_its_one_spelling_stays(text):
    assert normal_unit(normal_unit(text)) == normal_unit(text)


@pytest.mark.parametrize(
    ("comparator", "below", "equal", "above"),
    [
        (AT_LEAST, False, True, True),
        (MORE_THAN, False, False, True),
        (AT_MOST, True, True, False),
        (LESS_THAN, True, False, False),
    ],
)
def test_result_is_held_against_the_value(comparator, below, equal, above):
    results = [Decimal("64.9999"), Decimal("65"), Decimal("65.0001")]
    assert [meets(comparator, Decimal("65.0000"), None, result) for result in results] == [below, equal, above]


@pytest.mark.parametrize(("result", "met"), [("59.9999", False), ("60", True), ("65", True), ("70", True), ("70.0001", False)])
def test_both_ends_belong_to_the_range(result, met):
    assert meets(WITHIN, Decimal(60), Decimal(70), Decimal(result)) is met


def test_zero_is_a_value():
    assert meets(AT_MOST, Decimal(0), None, Decimal(0))
    assert not meets(AT_LEAST, Decimal(1), None, Decimal(0))


def test_comparison_is_exact():
    assert meets(AT_MOST, Decimal("0.3"), None, 3 * Decimal("0.1"))


@pytest.mark.parametrize("comparator", ["within", "about", ""])
def test_comparison_without_its_parts_is_refused(comparator):
    with pytest.raises(ValueError, match="nothing can be held against"):
        meets(comparator, Decimal(1), None, Decimal(1))


def test_grades_one_and_two_meet():
    assert [meets_grade(grade) for grade in (1, 2, 3, 4, 5)] == [True, True, False, False, False]


@pytest.mark.parametrize("grade", [0, 6])
def test_there_are_five_grades(grade):
    with pytest.raises(ValueError, match=str(grade)):
        meets_grade(grade)


@pytest.mark.parametrize(
    ("comparator", "value", "baseline", "result", "percent"),
    [
        # More is better: result ÷ target.
        pytest.param(AT_LEAST, "300", None, "350", "116.6", id="350/300 = 116.66…"),
        pytest.param(AT_LEAST, "65", "40", "65", "100.0", id="the baseline does not matter where more is better"),
        pytest.param(AT_LEAST, "10000", None, "9999", "99.9", id="99.99 is not rounded up"),
        pytest.param(AT_LEAST, "99999999999.9999", None, "99999999999.9998", "99.9", id="short by the smallest step of the largest number"),
        pytest.param(AT_LEAST, "0.0001", None, "99999999999.9999", "99999999999999900.0", id="the largest attainment"),
        pytest.param(AT_LEAST, "3", None, "0", "0.0", id="nothing reached"),
        pytest.param(AT_LEAST, "3", None, "-1", "-33.4", id="-33.33… is cut downwards"),
        pytest.param(MORE_THAN, "50", None, "50", "100.0", id="超 at exactly 100.0"),
        pytest.param(AT_LEAST, "0", None, "5", None, id="target 0"),
        pytest.param(AT_LEAST, "-5", None, "5", None, id="target below 0"),
        # Less is better: the part of the way from the baseline.
        pytest.param(AT_MOST, "40", "100", "70", "50.0", id="half the way"),
        pytest.param(AT_MOST, "0", "30", "20", "33.3", id="target 0 with a baseline, 10/30"),
        pytest.param(LESS_THAN, "40", "100", "40", "100.0", id="未満 at exactly 100.0"),
        pytest.param(AT_MOST, "40", "100", "10", "150.0", id="further than asked"),
        pytest.param(AT_MOST, "40", "100", "110", "-16.7", id="worse than the baseline, -10/60 = -16.66…"),
        pytest.param(AT_MOST, "0", "10000", "10000.5", "-0.1", id="-0.005 does not look like nothing lost"),
        pytest.param(AT_MOST, "-20", "10", "-5", "50.0", id="target below 0 with a baseline, 15/30"),
        pytest.param(AT_MOST, "40", "100", "100", "0.0", id="still at the baseline"),
        pytest.param(AT_MOST, "40", None, "30", None, id="no baseline"),
        pytest.param(AT_MOST, "40", "40", "30", None, id="baseline = target"),
        pytest.param(AT_MOST, "40", "30", "35", None, id="baseline already below the target"),
        pytest.param(WITHIN, "60", "40", "65", None, id="a range"),
    ],
)
def test_attainment(comparator, value, baseline, result, percent):
    found = attainment(comparator, Decimal(value), number(baseline), Decimal(result))
    assert str(found) == str(percent)


@pytest.mark.parametrize("comparator", [MORE_THAN, LESS_THAN])
def test_a_hundred_percent_is_not_met_where_the_value_must_be_passed(comparator):
    value, baseline = Decimal(50), Decimal(100)
    assert attainment(comparator, value, baseline, value) == 100
    assert not meets(comparator, value, None, value)


@given(st.sampled_from([AT_LEAST, AT_MOST]), stored, stored, stored)
@example(AT_LEAST, Decimal("99999999999.9999"), Decimal(0), Decimal("99999999999.9998"))
def test_attainment_is_the_exact_ratio_cut_down(comparator, value, baseline, result):
    part, whole = (result, value) if comparator == AT_LEAST else (baseline - result, baseline - value)
    expected = floor(1000 * Fraction(part) / Fraction(whole)) if whole > 0 else None
    found = attainment(comparator, value, baseline, result)
    assert (None if found is None else found * 10) == expected


@given(st.sampled_from([AT_LEAST, AT_MOST]), stored, stored, stored)
def test_a_hundred_percent_means_met(comparator, value, baseline, result):
    percent = attainment(comparator, value, baseline, result)
    assert percent is None or (percent >= 100) == meets(comparator, value, None, result)


@pytest.mark.parametrize(
    ("value", "result", "percent"),
    [
        pytest.param("15.5", "16.5", "106.45161", id="RS prints 106.45: target 15.5, actual 16.5, where less is better"),
        pytest.param("46", "35", "76.08696", id="RS prints 76.09: target 46, actual 35, where less is better"),
        pytest.param("300", "350", "116.66667", id="half up"),
        pytest.param("3200000", "1", "0.00003", id="0.00003125"),
        pytest.param("8000000", "1", "0.00001", id="0.0000125"),
        pytest.param("20000000", "1", "0.00001", id="exactly half of the last place goes up"),
        pytest.param("10", "250", "2500.00000", id="not capped"),
        pytest.param("-4", "2", "-50.00000", id="target below 0"),
        pytest.param("4", "0", "0.00000", id="0 is a value"),
        pytest.param("0", "4", None, id="target 0"),
    ],
)
def test_published_attainment_is_always_result_over_target(value, result, percent):
    assert str(published_attainment(Decimal(value), Decimal(result))) == str(percent)


@pytest.mark.parametrize(
    ("comparator", "below", "equal", "above"),
    [
        (AT_LEAST, True, False, False),
        (MORE_THAN, True, False, False),
        (AT_MOST, False, False, True),
        (LESS_THAN, False, False, True),
    ],
)
def test_equal_to_the_path_is_on_it(comparator, below, equal, above):
    results = [Decimal("9.9999"), Decimal("10"), Decimal("10.0001")]
    assert [short_of(comparator, Decimal(10), result) for result in results] == [below, equal, above]


@pytest.mark.parametrize("comparator", [WITHIN, "about"])
def test_no_path_leads_to_a_range(comparator):
    with pytest.raises(ValueError, match="no path leads to"):
        short_of(comparator, Decimal(10), Decimal(10))


@pytest.mark.parametrize(
    ("comparator", "baseline", "baseline_year", "value", "due_fy", "result", "result_year", "short"),
    [
        # 40 in 2020 to 65 in 2025: 5 a year, 50 in 2022.
        pytest.param(AT_LEAST, "40", 2020, "65", 2025, "49.9999", 2022, True, id="below the line"),
        pytest.param(AT_LEAST, "40", 2020, "65", 2025, "50", 2022, False, id="on the line"),
        pytest.param(AT_LEAST, "40", 2020, "65", 2025, "50.0001", 2022, False, id="above the line"),
        pytest.param(AT_LEAST, "40", 2020, "65", 2025, "65", 2025, False, id="at its end the line is the target"),
        pytest.param(AT_LEAST, "40", 2020, "65", 2025, "64.9999", 2025, True, id="short at the end"),
        pytest.param(MORE_THAN, "40", 2020, "65", 2025, "65", 2025, False, id="超 on the line is not short of it"),
        # 100 in 2020 to 40 in 2023: 80 in 2021.
        pytest.param(AT_MOST, "100", 2020, "40", 2023, "80", 2021, False, id="less is better, on the line"),
        pytest.param(AT_MOST, "100", 2020, "40", 2023, "80.0001", 2021, True, id="less is better, above the line"),
        pytest.param(LESS_THAN, "100", 2020, "40", 2023, "79", 2021, False, id="less is better, below the line"),
        # 0 to 0.3 in 3 years and 0 to 1 in 3: floats go wrong, thirds do not end.
        pytest.param(AT_LEAST, "0", 2020, "0.3", 2023, "0.1", 2021, False, id="0.1 is a third of 0.3"),
        pytest.param(AT_LEAST, "0", 2020, "1", 2023, "0.3333", 2021, True, id="0.3333 is short of a third"),
        pytest.param(AT_LEAST, "0", 2020, "1", 2023, "0.3334", 2021, False, id="0.3334 is beyond a third"),
        # No line.
        pytest.param(AT_LEAST, "40", 2020, "65", 2025, "40", 2020, None, id="the baseline's own year"),
        pytest.param(AT_LEAST, "40", 2020, "65", 2025, "40", 2019, None, id="before the baseline"),
        pytest.param(AT_LEAST, "40", 2020, "65", 2025, "60", 2026, None, id="after the deadline's year"),
        pytest.param(AT_LEAST, "40", 2025, "65", 2025, "60", 2025, None, id="baseline in the deadline's year"),
        pytest.param(AT_LEAST, None, 2020, "65", 2025, "60", 2022, None, id="no baseline"),
        pytest.param(AT_LEAST, "40", None, "65", 2025, "60", 2022, None, id="no baseline year"),
        pytest.param(AT_LEAST, "40", 2020, "65", None, "60", 2022, None, id="no deadline"),
        pytest.param(WITHIN, "40", 2020, "60", 2025, "50", 2022, None, id="a range"),
    ],
)
def test_straight_line(comparator, baseline, baseline_year, value, due_fy, result, result_year, short):
    found = short_of_line(comparator, number(baseline), baseline_year, Decimal(value), due_fy, Decimal(result), result_year)
    assert found is short


@given(st.sampled_from([AT_LEAST, AT_MOST]), stored, stored, stored, st.tuples(whole_years, whole_years, whole_years))
def test_straight_line_agrees_with_fractions(comparator, baseline, value, result, years):
    start, year, end = sorted(years)
    found = short_of_line(comparator, baseline, start, value, end, result, year)
    if start == year:
        assert found is None
    else:
        line = Fraction(baseline) + (Fraction(value) - Fraction(baseline)) * (year - start) / (end - start)
        assert found is (Fraction(result) < line if comparator == AT_LEAST else Fraction(result) > line)


@pytest.mark.parametrize(
    ("comparator", "baseline", "value", "year", "figure", "is_rounded"),
    [
        # From 2020 to 2026: thirds of 100 are 33.33… and 66.66…
        (AT_LEAST, "0", "100", 2022, "33.3334", True),
        (MORE_THAN, "0", "100", 2024, "66.6667", True),
        (AT_MOST, "100", "0", 2022, "66.6666", True),
        (LESS_THAN, "100", "0", 2024, "33.3333", True),
        # Below 0 as well: up is -33.3333, down is -33.3334.
        (AT_LEAST, "-100", "0", 2024, "-33.3333", True),
        (AT_MOST, "0", "-100", 2022, "-33.3334", True),
        (AT_LEAST, "0", "90", 2022, "30", False),
        (AT_LEAST, "0", "100", 2026, "100", False),
    ],
)
def test_figure_on_the_line_is_rounded_against_the_result(comparator, baseline, value, year, figure, is_rounded):
    assert on_line(comparator, Decimal(baseline), 2020, Decimal(value), 2026, year) == (Decimal(figure), is_rounded)


@given(st.sampled_from([AT_LEAST, AT_MOST, WITHIN]), stored, stored, stored, st.tuples(whole_years, whole_years, whole_years))
def test_result_is_short_of_the_line_where_it_is_short_of_the_figure_shown(comparator, baseline, value, result, years):
    start, year, end = sorted(years)
    shown = on_line(comparator, baseline, start, value, end, year)
    short = short_of_line(comparator, baseline, start, value, end, result, year)
    assert short is (None if shown is None else short_of(comparator, shown.figure, result))


@pytest.mark.parametrize(
    ("value", "plain", "separated"),
    [
        ("65.0000", "65", "65"),
        ("0.5000", "0.5", "0.5"),
        ("0.0001", "0.0001", "0.0001"),
        ("0", "0", "0"),
        ("0.0000", "0", "0"),
        ("-0.0000", "0", "0"),
        ("0E-10", "0", "0"),
        ("100", "100", "100"),
        ("4E+5", "400000", "400,000"),
        ("1234567.8900", "1234567.89", "1,234,567.89"),
        ("-1500.5", "-1500.5", "-1,500.5"),
        ("99999999999.9999", "99999999999.9999", "99,999,999,999.9999"),
        (None, "", ""),
    ],
)
def test_number_is_shown_without_trailing_zeros(value, plain, separated):
    assert format_value(number(value)) == plain
    assert format_value(number(value), separators=True) == separated


@pytest.mark.parametrize(
    ("amount", "words"), [(120_000_000, "1.2億円"), (0, "0億円"), (1, "0.00000001億円"), (123_456_789_000_000, "1,234,567.89億円")]
)
def test_amount_is_read_in_hundred_millions_without_rounding(amount, words):
    assert hundred_millions(amount) == words


@given(stored)
def test_shown_number_is_the_number(value):
    assert Decimal(format_value(value)) == value


@pytest.mark.parametrize(
    ("comparator", "value", "baseline", "result", "exceeds"),
    [
        (Comparator.AT_LEAST, "1000", None, "1200", False),
        (Comparator.AT_LEAST, "1000", None, "1200.0001", True),
        (Comparator.MORE_THAN, "1000", None, "1200.5", True),
        (Comparator.AT_LEAST, "0", None, "5", False),
        (Comparator.AT_LEAST, "-10", None, "5", False),
        (Comparator.AT_MOST, "50", "150", "30", False),
        (Comparator.AT_MOST, "50", "150", "29.9999", True),
        (Comparator.AT_MOST, "50", None, "0", False),
        (Comparator.LESS_THAN, "50", "50", "0", False),
        (Comparator.WITHIN, "50", "10", "900", False),
    ],
)
def test_attainment_exceeds_by_the_exact_figures(comparator, value, baseline, result, exceeds):
    assert attains_more_than(120, comparator, Decimal(value), number(baseline), Decimal(result)) is exceeds
