"""Which figures of a clause are aimed at, and which only describe."""

import pytest

from kpis.choices import Comparator
from kpis.importers.pr_document.goal_text.figures import figures
from kpis.importers.pr_document.goal_text.times import blanked
from kpis.importers.pr_document.goal_text.weigh import aimed_at


def aims(clause):
    text = blanked(clause)
    return [figure.value for figure in aimed_at(text, figures(text))]


@pytest.mark.parametrize(
    "clause",
    [
        "登録を3件とする",
        "商談件数3件",
        "割合を3%以上に引き上げる",
        "3件の創出を目指す",
        "企業の3%が目標を達成する",
        "3件程度の成約を目指す",
        "3件増やす",
    ],
)
def test_the_figure_that_the_clause_acts_upon_is_the_aim(clause):
    assert aims(clause) == [3]


@pytest.mark.parametrize(
    "clause",
    [
        "売上が5%増加した企業の割合を3%とする",
        "10台の機体を操作できるシステムを3件とする",
        "企業100社のうち3社とする",
        "5件から3件に減らす",
        "現状5件を3件とする",
        "令和4年度実績5件から3件とする",
        "3件とする(現状5件)",
        "「5%削減計画」を策定した企業を3社とする",
        "5日間の研修を3回行う",
    ],
)
def test_a_condition_a_baseline_or_a_name_is_none(clause):
    assert aims(clause) == [3]


@pytest.mark.parametrize(
    ("clause", "values"),
    [
        ("商談4件、成約3件を目指す", [4, 3]),
        ("4件の採択と3件の応募を目指す", [4, 3]),
        ("4件とし、3件とする", [4, 3]),
        ("リチウム約10トン、レアアース(軽希土類約2トン、重希土類約1トン)を確保する", [10]),
    ],
)
def test_a_list_aims_at_each_of_its_figures(clause, values):
    assert aims(clause) == values


@pytest.mark.parametrize(("clause", "values"), [("省エネを目指す(効率を2倍)", [2]), ("就業率80%(女性は75%)を目指す", [80, 75])])
def test_a_figure_in_brackets_counts_where_it_is_all_or_has_a_subject(clause, values):
    assert aims(clause) == values


def test_brackets_that_say_what_a_halving_comes_to_replace_it():
    clause = "件数を半減する(100件)"
    (found,) = aimed_at(clause, figures(clause))
    assert (found.value, found.comparator) == (100, Comparator.AT_MOST)
