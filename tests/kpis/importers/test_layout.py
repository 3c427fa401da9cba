"""The layout of a goal text: sentences, item marks, leads and notes."""

import pytest

from kpis.importers.pr_document.goal_text.layout import DEEPEST_LEAD, LONGEST_SENTENCE, sentences


def texts(text):
    return [sentence.text for sentence in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3件とする。5件とする。", ["3件とする", "5件とする"]),
        ("令和7年度\nまでに3件とする。", ["令和7年度までに3件とする"]),
        ("3件とする\n\n5件とする", ["3件とする", "5件とする"]),
        ("省エネを目指す。（効率を1.5倍）。次を行う。", ["省エネを目指す。（効率を1.5倍）", "次を行う"]),
        ("「目指す。」とした。", ["「目指す。」とした"]),
        ("- 3件\n- 5件", ["3件", "5件"]),
        ("", []),
        ("。\n　\n", []),
    ],
)
def test_a_text_is_cut_into_sentences(text, expected):
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("(1) 3件とする。\n(2) 5件とする。", ["(1)", "(2)"]),
        ("（1）3件とする。", ["（1）"]),
        ("① 3件とする。\n② 5件とする。", ["①", "②"]),
        ("(1)\n① 3件とする。\n② 5件とする。", ["(1)①", "(1)②"]),
        ("1. 3件とする。", ["1."]),
        ("ア. 3件とする。", ["ア."]),
        ("1.5倍とする。", [""]),
        ("① 3件とする。5件とする。", ["①", "①"]),
    ],
)
def test_a_sentence_stands_under_its_item_mark(text, labels):
    assert [sentence.label for sentence in sentences(text)] == labels


def test_marks_within_a_line_make_items_of_it():
    lead, first, second = sentences("令和7年度までに、①商談を3件、②成約を5件とする。")
    assert (lead.text, lead.is_lead) == ("令和7年度までに、", True)
    assert [(item.label, item.text, item.lead) for item in (first, second)] == [("①", "商談を3件、", lead), ("②", "成約を5件とする", lead)]


@pytest.mark.parametrize(
    "opening", ["令和7年度までに、以下を目指す。", "【令和7年度】", "具体的には、", "(1) 輸出の促進", "令和7年度までに、"]
)
def test_an_opening_that_states_nothing_leads_what_follows(opening):
    lead, item = sentences(f"{opening}\n- 3件とする。")
    assert lead.is_lead
    assert item.lead is lead


def test_a_lead_under_a_mark_governs_what_lies_below_it_alone():
    lead, below, beside = sentences("(1) 輸出の促進\n① 3件とする。\n(2) 5件とする。")
    assert (below.lead, beside.lead) == (lead, None)


@pytest.mark.parametrize("note", ["※令和4年度は3件", "(注) 3件", "なお、昨年は3件であった。", "ただし、3件を除く。"])
def test_a_note_states_nothing(note):
    assert texts(f"5件とする。\n{note}") == ["5件とする"]


def test_places_lead_back_to_the_text():
    text = "(1) ３件と\nする。"
    (sentence,) = sentences(text)
    assert (sentence.text, sentence.plain) == ("３件とする", "3件とする")
    assert [text[place] for place in sentence.places] == list(sentence.text)


def test_no_sentence_is_longer_than_any_that_is_meant():
    assert {len(text) for text in texts("あ" * 3 * LONGEST_SENTENCE)} == {LONGEST_SENTENCE}


def test_leads_govern_each_other_to_a_depth():
    sentence = sentences("【あ】\n" * 3 * DEEPEST_LEAD + "3件とする。")[-1]
    depth = 0
    while sentence.lead is not None:
        sentence, depth = sentence.lead, depth + 1
    assert 0 < depth <= DEEPEST_LEAD
