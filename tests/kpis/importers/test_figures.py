"""Figures: value, unit and comparator as written (DOMAIN.md §3)."""

from decimal import Decimal

import pytest

from kpis.choices import Comparator
from kpis.importers.pr_document.goal_text.figures import comparator_of, figures
from kpis.measures import fits

AT_LEAST, AT_MOST, MORE_THAN = Comparator.AT_LEAST, Comparator.AT_MOST, Comparator.MORE_THAN
LESS_THAN, WITHIN = Comparator.LESS_THAN, Comparator.WITHIN


def only(text):
    (found,) = figures(text)
    return found


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("3件", "3", "件"),
        ("1,400件", "1400", "件"),
        ("40万者", "400000", "者"),
        ("1億5,000万人", "150000000", "人"),
        ("7兆円", "7", "兆円"),
        ("112.5億円", "112.5", "億円"),
        ("500万円", "500", "万円"),
        ("1億5,000万円", "1.5", "億円"),
        ("80%", "80", "%"),
        ("5割", "50", "%"),
        ("三割", "30", "%"),
        ("半数", "50", "%"),
        ("4分の1", "25", "%"),
        ("1.5倍", "1.5", "倍"),
        ("倍増", "2", "倍"),
        ("10万トン/年", "100000", "トン/年"),
        ("9件目", "9", "件"),
        ("14日間", "14", "日"),
        ("100以上の機関", "100", "機関"),
        ("450Wh/L", "450", "Wh/L"),
        ("ゼロ", "0", ""),
    ],
)
def test_a_figure_has_its_value_and_unit(text, value, unit):
    assert (only(text).value, only(text).unit) == (Decimal(value), unit)


@pytest.mark.parametrize(
    ("behind", "comparator"),
    [
        ("以上", AT_LEAST),
        ("を下回らない", AT_LEAST),
        ("超", MORE_THAN),
        ("超え", MORE_THAN),
        ("を超える", MORE_THAN),
        ("を上回る", MORE_THAN),
        ("以下", AT_MOST),
        ("以内", AT_MOST),
        ("を超えない", AT_MOST),
        ("未満", LESS_THAN),
        ("を下回る", LESS_THAN),
        ("程度", ""),
        ("", ""),
    ],
)
def test_the_comparator_is_the_words_behind_the_figure(behind, comparator):
    assert comparator_of(behind) == only(f"80%{behind}").comparator == comparator


@pytest.mark.parametrize("text", ["60~70件", "60件~70件", "60件以上、70件以下", "60件以上70件以下"])
def test_a_range_is_one_figure(text):
    found = only(text)
    assert (found.value, found.value_max, found.comparator) == (60, 70, WITHIN)


def test_the_lower_end_of_a_range_shares_the_scale():
    assert (only("3~5万人").value, only("3~5万人").value_max) == (30000, 50000)


@pytest.mark.parametrize("text", ["約100件", "100件程度", "おおむね100件", "100件前後"])
def test_words_for_roughly_make_it_approximate(text):
    assert only(text).approximate


@pytest.mark.parametrize("text", ["100件", "契約100件"])
def test_a_figure_is_exact_otherwise(text):
    assert not only(text).approximate


@pytest.mark.parametrize(
    "text", ["5G", "第18条", "100kg級", "65歳以上の者", "G7", "レベル4", "1人当たり", "ゼロカーボン", "3番目の", "2次"]
)
def test_a_number_that_is_part_of_a_name_is_no_figure(text):
    assert figures(text) == []


def test_half_as_a_reduction_is_the_size_of_it():
    assert only("半減").reduction
    assert not only("半数").reduction


def test_a_value_that_no_decimal_says_exactly_is_left_open():
    assert only("3分の1").value is None


@pytest.mark.parametrize("text", ["9" * 500 + "件", "1." + "0" * 40 + "1割", "1E99件", "0." + "0" * 30 + "1%"])
def test_a_number_of_any_length_fits_or_does_not_fit(text):
    assert not fits(only(text).value)


def test_the_marks_are_where_value_unit_and_comparator_stand():
    assert only("約1,400件以上").marks() == {"value": (0, 6), "unit": (6, 7), "comparator": (7, 9)}
    assert only("半数").marks() == {"value": (0, 2)}
    assert only("80%以上").moved(5).marks() == {"value": (5, 7), "unit": (7, 8), "comparator": (8, 10)}
