"""A PR document cut into programmes and their parts.

The small documents are made up in the layout of such documents. Where SEIKA_SOURCE_DOCUMENT names the document
behind fixtures/meti2024, all that a careful reader took from it is looked up in what is read here.
"""

import contextlib
import json
import os
import random
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from budget.models import NoAmount
from kpis.importers.pr_document.normalise import decode
from kpis.importers.pr_document.segment import NotAPrDocument, Period, Section, segment

FIXTURES = sorted((Path(__file__).parents[3] / "fixtures" / "meti2024").glob("*.json"))

HEAD = "\n\n令和6年度予算案の事業概要 (PR資料：一般会計)\n\n令和5年12月\n\n"
BUDGET = "令和6年度予算案額 1.2億円（1.1億円）"
GOAL = "令和9年度までに、参加する企業の30%が設備を改めることを目指す。"


def programme(
    title="港湾設備改修事業", budget=BUDGET, organisations="", overview="港の設備を改める。", scheme="国から団体へ補助する。", goal=GOAL
):
    """A programme as the document prints it, two line feeds at its end."""
    header = "\n\n".join(filter(None, [title, budget, organisations]))
    return (
        f"{header}\n\n事業の内容\n\n事業目的\n\n港を使いやすくする。\n\n事業概要\n\n{overview}\n\n"
        f"事業スキーム（対象者、対象行為、補助率等）\n\n{scheme}\n\n成果目標\n\n{goal}\n\n"
    )


def edition(*programmes, head=HEAD):
    return segment(head + "".join(programmes))


def only(*args, **kwargs):
    """The programme of a document that has one."""
    (found,) = edition(programme(*args, **kwargs)).programmes
    return found


THREE = HEAD + (
    programme("港湾設備改修事業", "令和6年度予算案額 12億円（14億円）", "港湾局\n計画課")
    + programme("航路標識調査", "令和6年度予算案額 **2.5億円（新規）**", "(1) 海事局船員課")
    + programme("船員育成費補助金", "令和6年度予算案額 0.7億円（0.6億円） ※交付金を含む")
)
PRINTED = {(1_200_000_000, 1_400_000_000), (250_000_000, None), (70_000_000, 60_000_000)}


def figures(found):
    return {(each.draft.yen, each.previous.yen) for each in found.programmes}


# The head


def test_the_head_tells_title_month_of_issue_and_fiscal_year():
    found = edition(programme())
    assert (found.title, found.issued, found.fiscal_year) == ("令和6年度予算案の事業概要 (PR資料：一般会計)", "2023-12", 2024)
    assert found.doubts == ()


def test_next_years_edition_is_read_alike():
    found = segment(THREE.replace("令和6年度", "令和7年度").replace("令和5年12月", "令和6年12月"))
    assert (found.fiscal_year, found.issued, figures(found)) == (2025, "2024-12", PRINTED)


@pytest.mark.parametrize(
    "head", ["# 令和6年度予算案の\n事業概要\n令和5年12月22日\n国土交通省\n\n", "令和６年度 予算案 主要事業の概要\n（令和５年１２月）\n"]
)
def test_a_wrapped_or_full_width_head_with_the_ministry_below_is_read(head):
    found = edition(programme(), head=head)
    assert (found.fiscal_year, found.issued, found.programmes[0].title) == (2024, "2023-12", "港湾設備改修事業")
    assert found.doubts == ()


def test_without_a_head_the_year_is_that_of_the_budget_lines_and_told():
    found = edition(programme(), head="")
    assert (found.title, found.issued, found.fiscal_year, len(found.programmes)) == ("", "", 2024, 1)
    assert len(found.doubts) == 2


@pytest.mark.parametrize(
    "text",
    ["", "\n", "ご案内\n\n総会を開きます。", "令和6年度予算案額は増える見込みである。", "令和6年度予算案額 多額", "成果目標\n\n10件"],
)
def test_a_text_without_head_and_programme_is_no_such_document(text):
    with pytest.raises(NotAPrDocument):
        segment(text)


def test_a_head_without_any_programme_is_told():
    assert edition().programmes == ()
    assert len(edition().doubts) == 1


def test_a_budget_of_another_year_than_the_heads_is_left_out_and_told():
    found = edition(programme(), programme("航路標識調査", "令和5年度予算案額 3億円（2億円）"))
    assert [each.title for each in found.programmes] == ["港湾設備改修事業"]
    assert "航路標識調査" in found.doubts[0]


def test_where_no_budget_line_agrees_with_the_head_the_lines_win_and_the_head_is_told():
    found = edition(programme(budget="令和7年度予算案額 3億円（2億円）"))
    assert (found.fiscal_year, len(found.programmes), len(found.doubts)) == (2025, 1, 1)


# Amounts


@pytest.mark.parametrize(
    ("printed", "yen"),
    [
        ("1.2億円", 120_000_000),
        ("0.07億円", 7_000_000),
        ("1.2 億円", 120_000_000),
        ("1,234億円", 123_400_000_000),
        ("１２．５億円", 1_250_000_000),
        ("350百万円", 350_000_000),
        ("1,200千円", 1_200_000),
        ("80万円", 800_000),
        ("1.5兆円", 1_500_000_000_000),
        ("2兆3,000億円", 2_300_000_000_000),
        ("3億5,000万円", 350_000_000),
        ("1,234,567円", 1_234_567),
        ("0億円", 0),
    ],
)
def test_an_amount_is_read_to_the_yen(printed, yen):
    found = only(budget=f"令和6年度予算案額 {printed}（{printed}）")
    assert (found.draft.yen, found.draft.printed, found.draft.no_amount) == (yen, printed, "")
    assert found.previous == found.draft


@pytest.mark.parametrize("printed", ["新規", "新 規"])
def test_a_new_programme_has_no_budget_of_the_year_before(printed):
    found = only(budget=f"令和6年度予算案額 3億円（{printed}）")
    assert (found.previous.yen, found.previous.no_amount, found.previous.printed) == (None, NoAmount.NEW.value, printed)


@pytest.mark.parametrize("printed", ["-億円", "－億円", "―", "-"])
def test_a_dash_is_no_amount(printed):
    found = only(budget=f"令和6年度予算案額 3億円（{printed}）")
    assert (found.previous.yen, found.previous.no_amount, found.previous.printed) == (None, NoAmount.DASH.value, printed)


@pytest.mark.parametrize(
    "line",
    [
        "令和6年度予算案額 **1.2億円（1.1億円）**",
        "令和6年度予算案額 **1.2億円**（1.1億円）",
        "**令和6年度予算案額** 1.2億円 (1.1億円)",
        "　令和６年度　予算案額　１．２億円（１．１億円）",
        "令和6年度当初予算案額：1.2億円（令和5年度予算額：1.1億円）",
        "2024年度予算案額 120百万円（前年度 110百万円）",
        "令和6年度予算案額（一般会計） 1.2億円（1.1億円）",
        "令和6年度予算案額\n1.2億円（1.1億円）",
        "令和6年度予算案額 1.2億円\n\n（1.1億円）",
    ],
)
def test_a_budget_line_is_read_however_it_is_set(line):
    found = only(budget=line)
    assert (found.draft.yen, found.previous.yen, found.title, found.doubts) == (120_000_000, 110_000_000, "港湾設備改修事業", ())


@pytest.mark.parametrize(
    "amounts",
    [
        "",
        "1.2億円",
        "1.2億円（",
        "1.2億円（1.1億円",
        "1.2億（1.1億円）",
        "1.2億円（1.1）",
        "1,2億円（1.1億円）",
        "12 3億円（1.1億円）",
        "1\n.2億円（1.1億円）",
        "△1.2億円（1.1億円）",
        "-1.2億円（1.1億円）",
        "1.2X億円（1.1億円）",
        "1.2億円の内数（1.1億円）",
        "1.2億円（1.1億円）3億円",
        "1.2億円（令和4年度 1.1億円）",
        "1.23456789億円（1.1億円）の",
        "0.000000001億円（1.1億円）",
        "新規（1.1億円）",
        "9999999999兆円（1.1億円）",
    ],
)
def test_a_budget_that_cannot_be_read_exactly_leaves_the_programme_out_and_is_told(amounts):
    found = edition(programme("航路標識調査", f"令和6年度予算案額 {amounts}"), programme())
    assert [each.title for each in found.programmes] == ["港湾設備改修事業"]
    assert len(found.doubts) == 1
    assert "航路標識調査" in found.doubts[0]


def test_a_programme_that_is_left_out_keeps_its_number():
    found = edition(programme(budget="令和6年度予算案額 1.2"), programme("航路標識調査"))
    assert [(each.number, each.title) for each in found.programmes] == [(2, "航路標識調査")]


def test_a_programme_whose_budget_line_is_lost_is_told_and_takes_nothing_from_its_neighbours():
    found = edition(programme(), programme("航路標識調査", "", "海事局船員課"), programme("船員育成費補助金"))
    assert [each.title for each in found.programmes] == ["港湾設備改修事業", "船員育成費補助金"]
    assert [each.goal.text for each in found.programmes] == [GOAL, GOAL]
    assert "航路標識調査" in found.doubts[0]


def test_a_document_that_ends_within_a_budget_line_is_told():
    found = segment(HEAD + programme() + "航路標識調査\n\n令和6年度予")
    assert [each.goal.text for each in found.programmes] == [GOAL]
    assert "航路標識調査" in found.doubts[0]


def test_a_note_stands_behind_the_amounts_or_below_them():
    assert only(budget=f"{BUDGET} ※交付金を含む").note == "※交付金を含む"
    assert only(budget=f"**{BUDGET}** （※交付金を含む）").note == "（※交付金を含む）"
    assert only(organisations="※交付金を含む\n港湾局計画課").note == "※交付金を含む"


def test_a_supplementary_budget_is_told_and_not_taken_for_the_draft():
    found = only(organisations="令和5年度補正予算案額 30億円")
    assert (found.draft.yen, found.title) == (120_000_000, "港湾設備改修事業")
    assert "令和5年度補正予算案額" in found.doubts[0]


def test_prose_that_names_the_budget_begins_no_programme():
    found = only(overview="令和6年度予算案額の内訳は次のとおり。\n\n令和6年度予算案額は増える。")
    assert found.overview.text.startswith("令和6年度予算案額の内訳")


# Titles


@pytest.mark.parametrize(
    "header",
    [
        f"航路標識調査\n\n{BUDGET}",
        f"## **航路標識調査**\n{BUDGET}",
        f"航路標\n識調査\n\n{BUDGET}",
        f"航路標識\n\n調査\n\n{BUDGET}",
        f"{BUDGET}\n\n航路標識調査",
        f"{BUDGET}\n航路標識調査\n海事局船員課",
        f"航路標識調査\n\n海事局船員課\n\n{BUDGET}",
        f"海事局船員課\n航路標識調査\n\n{BUDGET}",
        f"航路標識調査 {BUDGET}",
        f"\f\n- 12 -\n\n航路標識調査\n \n\n\n{BUDGET}",
        f"令和6年度予算案の事業概要 (PR資料：一般会計)\n\n航路標識調査\n\n{BUDGET}",
    ],
)
def test_a_title_stands_before_or_after_the_budget_line(header):
    first, second = edition(programme(), programme(header, "")).programmes
    assert (second.title, second.doubts) == ("航路標識調査", ())
    assert (first.title, first.goal.text, first.doubts) == ("港湾設備改修事業", GOAL, ())


def test_a_title_may_stand_directly_below_a_goal():
    first, second = segment(HEAD + programme().rstrip() + "\n" + programme("航路標識調査")).programmes
    assert (first.goal.text, second.title) == (GOAL, "航路標識調査")


@pytest.mark.parametrize(
    "goal",
    [GOAL, "- ・港の安全の確保への貢献", "（※1 令和4年度現在3,782隻）", "満足度80%以上", "航路の\n調査を行う。", "件数を\n倍にする取組"],
)
def test_a_lost_title_is_a_doubt_and_takes_nothing_from_the_goal_before(goal):
    first, second = edition(programme(goal=goal), programme(title="")).programmes
    assert (first.goal.text, second.title, second.title_lines) == (goal, "", None)
    assert len(second.doubts) == 1


def test_where_a_title_could_stand_on_both_sides_the_other_programmes_decide():
    below = [
        programme(f"{BUDGET}\n\n{title}", "", goal=goal)
        for title, goal in [("航路標識調査", GOAL), ("船員育成", "船員の育成"), ("灯台", GOAL)]
    ]
    found = edition(*below).programmes
    assert [each.title for each in found] == ["航路標識調査", "船員育成", "灯台"]
    assert found[1].goal.text == "船員の育成"


def test_lines_are_counted_from_one():
    found = only(organisations="港湾局計画課\n総務課")
    assert (found.title_lines, found.budget_line, found.organisation_lines) == ((7, 7), 9, (11, 12))
    assert [each.line for each in found.organisations] == [11, 12]


# Organisations


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("港湾局計画課", [("", "港湾局計画課", ("港湾局", "計画課"))]),
        ("港湾局\n計画課", [("", "港湾局計画課", ("港湾局", "計画課"))]),
        ("港湾局 計画課", [("", "港湾局 計画課", ("港湾局", "計画課"))]),
        (
            "港湾局\n計画課\n技術企画室\n環境課",
            [
                ("", "港湾局計画課", ("港湾局", "計画課")),
                ("", "技術企画室", ("港湾局", "技術企画室")),
                ("", "環境課", ("港湾局", "環境課")),
            ],
        ),
        ("港湾局計画課\n\n技術企画室", [("", "港湾局計画課技術企画室", ("港湾局", "計画課", "技術企画室"))]),
        (
            "港湾局\n\n計画課\n\n／技術企画室",
            [("", "港湾局計画課", ("港湾局", "計画課")), ("", "技術企画室", ("港湾局", "技術企画室"))],
        ),
        ("港湾局\n海事局船員課", [("", "港湾局", ("港湾局",)), ("", "海事局船員課", ("海事局", "船員課"))]),
        (
            "- (1) 海事・港湾グループ計画課、環境課\n- （2） 大臣官房広報室",
            [
                ("(1)", "海事・港湾グループ計画課", ("海事・港湾グループ", "計画課")),
                ("(1)", "環境課", ("海事・港湾グループ", "環境課")),
                ("（2）", "大臣官房広報室", ("大臣官房", "広報室")),
            ],
        ),
        (
            "(1)(2) 港湾局\n計画課\n② 海事局 船員課",
            [("(1)(2)", "港湾局計画課", ("港湾局", "計画課")), ("②", "海事局 船員課", ("海事局", "船員課"))],
        ),
        ("(1) (2)　港湾局計画課", [("(1) (2)", "港湾局計画課", ("港湾局", "計画課"))]),
        ("1. 港湾局計画課\n・海事局船員課", [("1.", "港湾局計画課", ("港湾局", "計画課")), ("", "海事局船員課", ("海事局", "船員課"))]),
        (
            "観光庁\n観光・交流部国際課\n総務課",
            [("", "観光庁観光・交流部国際課", ("観光庁", "観光・交流部", "国際課")), ("", "総務課", ("観光庁", "観光・交流部", "総務課"))],
        ),
        ("観光庁長官官房総務課", [("", "観光庁長官官房総務課", ("観光庁", "長官官房", "総務課"))]),
        ("船舶・港湾監視委員会事務局\n監視課", [("", "船舶・港湾監視委員会事務局監視課", ("船舶・港湾監視委員会", "事務局", "監視課"))]),
        ("国土交通省港湾局計画課", [("", "国土交通省港湾局計画課", ("港湾局", "計画課"))]),
        ("海事局船舶部品課", [("", "海事局船舶部品課", ("海事局", "船舶部品課"))]),
        ("海事局\n検査監理官付", [("", "海事局検査監理官付", ("海事局", "検査監理官付"))]),
        ("担当課：海事局船員課", [("", "海事局船員課", ("海事局", "船員課"))]),
        ("海事局鉍山課", [("", "海事局鉍山課", ("海事局", "鉱山課"))]),
    ],
)
def test_organisations_keep_mark_name_and_order_and_are_cut_into_units(printed, expected):
    found = only(organisations=printed)
    assert [(each.mark, each.name, each.path) for each in found.organisations] == expected
    assert found.doubts == ()


def test_an_organisation_may_stand_around_the_budget_line():
    (found,) = segment(HEAD + programme("航路標識調査\n\n海事局", organisations="船員課")).programmes
    assert [(each.name, each.line) for each in found.organisations] == [("海事局船員課", 9)]
    assert found.organisation_lines == (9, 13)


def test_a_programme_without_an_organisation_has_none_and_no_doubt():
    assert (only().organisations, only().organisation_lines, only().doubts) == ((), None, ())


@pytest.mark.parametrize("title", ["世界港湾事務局分担金", "船舶部品調査", "省エネルギー設備支援", "課題解決に向けた学会の部"])
def test_a_title_that_holds_the_name_of_an_organisation_is_a_title(title):
    found = only(title)
    assert (found.title, found.organisations) == (title, ())


# Sections


def test_a_section_is_the_lines_between_its_headings_without_blank_ends():
    found = only(overview="\n- (1) 調査を行う。\n\n 記録する。\n \n")
    assert found.overview == Section(20, 22, "- (1) 調査を行う。\n\n 記録する。")
    assert found.purpose == Section(15, 15, "港を使いやすくする。")


@pytest.mark.parametrize(
    ("heading", "variant"),
    [
        ("事業目的", "■ 事業の目的"),
        ("事業目的", "【事業目的】"),
        ("事業目的", "**事業目的・概要**"),
        ("事業概要", "## 事業の概要"),
        ("事業概要", "（２） 事業概要"),
        ("事業スキーム（対象者、対象行為、補助率等）", "事業スキーム"),
        ("事業スキーム（対象者、対象行為、補助率等）", "条件（対象者、対象行為、補助率等）"),
        ("事業スキーム（対象者、対象行為、補助率等）", "事業スキーム（対象者、\n対象行為、補助率等）"),
        ("成果目標", "成 果 目 標"),
        ("成果目標", "④成果目標："),
        ("成果目標", "4. 成果目標"),
    ],
)
def test_a_heading_is_known_in_its_variants(heading, variant):
    (found,) = segment((HEAD + programme()).replace(heading, variant)).programmes
    assert [each.text for each in (found.purpose, found.overview, found.scheme, found.goal)] == [
        "港を使いやすくする。",
        "港の設備を改める。",
        "国から団体へ補助する。",
        GOAL,
    ]


def test_a_section_may_begin_in_the_line_of_its_heading():
    (found,) = segment((HEAD + programme()).replace("成果目標\n\n", "成果目標：")).programmes
    assert found.goal.text == f"成果目標：{GOAL}"


def test_a_missing_heading_is_a_doubt():
    (found,) = segment((HEAD + programme()).replace("事業概要\n", "概況\n")).programmes
    assert (found.overview, len(found.doubts)) == (None, 1)


def test_a_scheme_that_is_a_drawing_alone_is_none_without_a_doubt():
    found = only(scheme="\n\n")
    assert (found.scheme, found.doubts) == (None, ())


def test_a_goal_without_text_is_a_doubt():
    found = only(goal="")
    assert (found.goal, len(found.doubts)) == (None, 1)


def test_footnotes_belong_to_their_section():
    found = only(overview="港（※）の設備を改める。\n\n\n※港湾法の港をいう\n\n注1 離島を含む", goal=f"{GOAL}\n\n(※)中小企業を除く")
    assert found.overview.text.endswith("注1 離島を含む")
    assert found.goal.text.endswith("(※)中小企業を除く")


@pytest.mark.parametrize(
    "captions",
    [
        "\n\n港の岸壁\n\n\n\n改修後の岸壁（現在）",
        "\n\n岸壁の改修の様子\n※令和4年度",
        "改修の例\n((1) 関連)\n\n\n\n港の岸壁\n\n\n\n灯台",
    ],
)
def test_captions_of_pictures_are_no_part_of_a_section(captions):
    assert only(overview=f"港の設備を改める。\n\n{captions}").overview.text == "港の設備を改める。"


def test_a_scheme_of_captions_alone_is_none():
    assert only(scheme="\n\n港の岸壁\n\n\n\n改修後の岸壁").scheme is None


@pytest.mark.parametrize(
    "scheme", ["国\n\n\n\n補助\n\n\n\n民間団体", "\n\n(スキームイメージ)", "\n\n(1) 港の改修\n\n\n\n(2) 灯台", "\n\n設備の改修に用いる"]
)
def test_words_of_a_scheme_are_no_captions_of_pictures(scheme):
    assert only(scheme=scheme).scheme.text == scheme.strip()


def test_nothing_of_a_goal_is_taken_for_a_caption():
    goal = "次の達成を目指す。\n\n\n\n港の利用\n\n\n\n船の数"
    assert only(goal=goal).goal.text == goal


# Periods


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("平成16年から終了予定年度なしの事業であり、", Period(2004, None, True)),
        ("令和5年から9年までの5年間の事業であり、", Period(2023, 2027, False)),
        ("令和元年度から6年度までの6年間の事業であり、", Period(2019, 2024, False)),
        ("令和２年度から令和６年度までの５年間の事業であり、", Period(2020, 2024, False)),
        ("平成30年度から令和9年度までの事業であり、", Period(2018, 2027, False)),
        ("令和5年度～令和9年度の事業であり、", Period(2023, 2027, False)),
        ("事業期間：令和5年度から令和9年度\n", Period(2023, 2027, False)),
        ("平成8年度から拠出しており、", Period(1996, None, False)),
        ("平成20年度から事務局に資金拠出を行い、", Period(2008, None, False)),
        ("昭和28（1953）年度からの事業であり、", Period(1953, None, False)),
        ("明治19年度からの継続事業であり、", Period(1886, None, False)),
        ("平成30年度からの事業（終了時期未定）であり、", Period(2018, None, True)),
        ("平成18年度からの事業（終了予定なし）であり、", Period(2006, None, True)),
        ("終了年度未定の事業であるが、", Period(None, None, True)),
        ("令和8年度までの事業であり、", Period(None, 2026, False)),
        ("2021年度から2025年度までの5年間の事業であり、", Period(2021, 2025, False)),
        ("令和2年度から\n令和6年度までの5\n年間の事業であり、", Period(2020, 2024, False)),
        ("- ①令和4年度から6年度までの3年間の事業。\n- ②令和3年度から7年度までの5年間の事業。\n", Period(2021, 2025, False)),
        ("①令和4年度から6年度までの事業。②令和3年度からの事業。", Period(2021, None, False)),
    ],
)
def test_the_goal_section_states_the_programmes_period(words, expected):
    found = only(goal=words + GOAL)
    assert (found.period, found.doubts) == (expected, ())


@pytest.mark.parametrize(
    "goal",
    [
        GOAL,
        "第六期中期目標期間（令和5年度～令和8年度）に10件とする。",
        "令和2年度から令和7年度の5年間で、10%増やす。",
        "令和8年度までに80件を目指す（令和5年度からの累計）。",
        "令和5年度から事業者の支援を始める。",
        "令和8年度までの事業化を目指す。",
        "事業終了後5年以内に30件とする。",
        "令和7年度から実施することを目指す。",
        "令和7年度から事業を始めることを目指す。",
    ],
)
def test_a_deadline_or_a_plan_period_is_no_period_of_the_programme(goal):
    assert only(goal=goal).period is None


def test_a_period_in_another_section_is_not_read():
    assert only(overview="令和2年度から令和6年度までの5年間の事業である。").period is None


@pytest.mark.parametrize(
    "words",
    ["令和6年度から令和2年度までの事業", "令和2年度から令和6年度までの4年間の事業", "昭和28（1954）年度からの事業", "令和0年度からの事業"],
)
def test_a_period_that_contradicts_itself_is_a_doubt(words):
    found = only(goal=f"{words}であり、{GOAL}")
    assert (found.period, len(found.doubts)) == (None, 1)


# Any text


@given(st.text())
def test_no_text_raises_anything_but_not_a_pr_document(text):
    with contextlib.suppress(NotAPrDocument):
        segment(text)


@given(
    st.lists(
        st.sampled_from(
            [
                *THREE.split("\n"),
                "事業の内容",
                "事業目的",
                "成果目標：",
                "令和6年度予算案額",
                "(1)",
                "※",
                "国",
                "経済局",
                "令和5年度から9年度までの事業",
                "\f",
                "(" * 50,
            ]
        ),
        max_size=40,
    )
)
@settings(max_examples=200)
def test_no_order_of_lines_raises_or_makes_a_budget_up(lines):
    try:
        found = segment("\n".join(lines))
    except NotAPrDocument:
        return
    assert figures(found) <= PRINTED


@given(st.integers(0, len(THREE)))
def test_a_document_cut_short_gives_the_programmes_before_the_cut(cut):
    assume(cut > len(HEAD))
    whole = segment(THREE).programmes
    found = segment(THREE[:cut]).programmes
    assert [(each.title, each.draft, each.previous) for each in found] == [
        (each.title, each.draft, each.previous) for each in whole[: len(found)]
    ]
    assert found[:-1] == whole[: len(found)][:-1]  # the last one may lack its end


@given(st.randoms(use_true_random=False))
def test_shuffled_lines_make_no_budget_up(shuffle):
    lines = THREE.split("\n")
    shuffle.shuffle(lines)
    assert figures(segment("\n".join(lines))) <= PRINTED


@given(st.integers(0, len(THREE) - 1), st.sampled_from("あX/-（）()。、*※:新\f\n \u3000①é"))
def test_a_stray_sign_gives_no_budget_that_is_not_printed(place, stray):
    found = segment(THREE[:place] + stray + THREE[place:])
    assert figures(found) <= PRINTED
    assert len(found.programmes) + len(found.doubts) >= 3


@given(st.integers(0, len(THREE) - 1), st.sampled_from("あXé■?□"))
def test_a_misread_sign_gives_no_budget_that_is_not_printed(place, misread):
    found = segment(THREE[:place] + misread + THREE[place + 1 :])
    assert figures(found) <= PRINTED


@pytest.mark.parametrize(
    "line",
    [
        "令和6年度予算案額 1億円（1億円）",
        "事業目的",
        "事業の内容",
        "事業\n",
        "港湾局計画課",
        "写真\n\n\n",
        "令和5年度から" * 10,
        "成果目標(" + ">" * 40,
        "(1)" * 40,
    ],
)
def test_the_work_grows_with_the_length_alone(line):
    """Calls are counted, not seconds: 16 times as many lines are 16 times the calls, and 256 times where each line looks at all others."""

    def calls(count):
        made = 0

        def counted(_frame, event, _function):
            nonlocal made
            made += event in ("call", "c_call")

        text, before = THREE + f"{line}\n" * count, sys.getprofile()
        sys.setprofile(counted)
        try:
            segment(text)
        finally:
            sys.setprofile(before)
        return made

    assert calls(4000) < 20 * calls(250)


# The document of fixtures/meti2024


@pytest.fixture(scope="module")
def document():
    path = os.environ.get("SEIKA_SOURCE_DOCUMENT")
    if not path:
        pytest.skip("SEIKA_SOURCE_DOCUMENT is not set")
    return decode(Path(path).read_bytes())


@pytest.fixture(scope="module")
def read(document):
    """The programmes by the code that the fixtures give them."""
    return {f"meti-2024-{each.number:03}": each for each in segment(document).programmes}


@pytest.fixture(scope="module")
def rows():
    """The fixtures' fields by model name."""
    found = defaultdict(list)
    for path in FIXTURES:
        for row in json.loads(path.read_text(encoding="utf-8")):
            found[row["model"]].append(row["fields"])
    return found


@pytest.fixture(scope="module")
def lines(rows):
    """The lines of each part of each programme."""
    found = defaultdict(dict)
    for row in rows["budget.sourcepassage"]:
        found[row["programme"][0]][row["part"]] = (row["line_from"], row["line_to"])
    return found


def span(section):
    return section and (section.line_from, section.line_to)


def test_the_document_is_read_whole(document, rows, read):
    found = segment(document)
    (source,) = rows["budget.sourcedocument"]
    assert (found.title, found.issued, found.fiscal_year) == (source["title"], source["issued"], source["budget_year"])
    assert list(read) == [row["code"] for row in rows["budget.programme"]]
    assert found.doubts == ()


def test_only_the_lost_title_is_in_doubt(rows, read):
    assert [code for code, each in read.items() if each.doubts] == [row["code"] for row in rows["budget.programme"] if not row["title"]]


def test_every_title_and_its_lines_are_read(rows, lines, read):
    for row in rows["budget.programme"]:
        found = read[row["code"]]
        assert re.sub(r"\s", "", found.title) == re.sub(r"\s", "", row["title"])
        assert found.title_lines == lines[row["code"]].get("title")


def test_every_amount_is_read(rows, lines, read):
    for row in rows["budget.budgetamount"]:
        found = read[row["programme"][0]]
        amount = found.draft if row["stage"] == "draft" else found.previous
        assert (amount.yen, amount.no_amount, amount.printed) == (row["amount_yen"], row["no_amount"], row["printed"])
        assert found.note == row["note"]
        assert (found.budget_line, found.budget_line) == lines[row["programme"][0]]["budget"]


def test_every_organisation_is_read_in_order(rows, lines, read):
    printed = defaultdict(list)
    for row in rows["budget.programmeorganisation"]:
        printed[row["programme"][0]].append((row["mark"], row["printed_name"]))
    for code, found in read.items():
        assert [(each.mark, each.name) for each in found.organisations] == printed[code], code
        assert found.organisation_lines == lines[code].get("organisation"), code


def test_every_organisation_is_placed_below_its_bureau_but_for_one_that_the_rs_system_places(rows, read):
    organisations = {row["code"]: row for row in rows["budget.organisation"]}

    def path(code):
        above = organisations[code]["parent"]
        return (*path(above[0]), organisations[code]["name"]) if above else ()

    differ = [
        (row["programme"][0], row["printed_name"])
        for row in rows["budget.programmeorganisation"]
        if read[row["programme"][0]].organisations[row["position"] - 1].path != path(row["organisation"][0])
    ]
    assert differ == [("meti-2024-020", "経済連携課")]  # docs/readings.md, Organisations


def test_every_section_is_read_to_the_line(lines, read):
    differ = [
        (code, part, span(getattr(found, part)))
        for code, found in read.items()
        for part in ("purpose", "overview", "scheme", "goal")
        if span(getattr(found, part)) != lines[code].get(part)
    ]
    assert differ == []


def test_every_period_that_the_document_states_is_read_and_no_other(rows, read):
    for row in rows["budget.programme"]:
        period = read[row["code"]].period
        assert (period is not None) == (row["period_origin"] == "document"), row["code"]
        if period:
            assert period.start in (row["start_fiscal_year"], None), row["code"]
            stated = period.end is not None or period.open_ended
            assert not stated or (period.end, period.open_ended) == (row["end_fiscal_year"], row["open_ended"]), row["code"]


def test_a_lost_title_costs_its_programme_the_title_alone(document, read):
    for code in random.Random(1).sample(sorted(read), 20):
        if read[code].title:
            lines = document.split("\n")
            first, last = read[code].title_lines
            lines[first - 1 : last] = [""] * (last - first + 1)
            found = {f"meti-2024-{each.number:03}": each for each in segment("\n".join(lines)).programmes}
            assert {other for other in read if found[other] != read[other]} == {code}
            assert (found[code].title, found[code].goal) == ("", read[code].goal)


def test_the_document_cut_anywhere_gives_no_other_budget(document, read):
    for cut in random.Random(1).sample(range(len(document)), 40):
        for each in segment(document[:cut]).programmes:
            whole = read[f"meti-2024-{each.number:03}"]
            assert (each.title, each.draft, each.previous) == (whole.title, whole.draft, whole.previous)
