"""Words: what is alike, what is not, and what is marked of a text as it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.words import folded, marked, words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＳＢＩＲ", "sbir"),
        ("ｽﾀｰﾄｱｯﾌﾟ", "スタートアップ"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        ("か\u3099", "が"),
        ("６０％", "60%"),
        ("（株）", "㈱"),
        ("①", "1"),
        ("Straße", "STRASSE"),
        ("METI-2024", "meti-2024"),
    ],
)
def test_width_and_case_do_not_count(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("すたーと", "スタート"), ("か", "が"), ("ハ", "パ"), ("件", "者"), ("つ", "っ")])
def test_everything_else_counts(one, other):
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("ｽﾀｰﾄｱｯﾌﾟ　支援", ("スタートアップ", "支援")),
        (" 支援  支援 ", ("支援",)),
        ("A a Ａ", ("a",)),
        ("", ()),
        (" 　\t", ()),
    ],
)
def test_words_are_parted_by_any_space_and_each_told_once(query, words):
    assert words_of(query) == words


@pytest.mark.parametrize(
    ("text", "query", "told"),
    [
        ("スタートアップを支援", "ｽﾀｰﾄ", "[スタート]アップを支援"),
        ("ｶﾞｲﾄﾞを配る", "ガイ", "[ｶﾞｲ]ﾄﾞを配る"),
        ("ＳＢＩＲ制度", "sbir", "[ＳＢＩＲ]制度"),
        ("㈱北斗", "株", "[㈱]北斗"),
        ("支援と支援", "支援", "[支援]と[支援]"),
        ("ああああ", "あああ", "[ああああ]"),
        ("大学発の支援", "支援 大学", "[大学]発の[支援]"),
        ("大学発", "支援", "大学発"),
        ("", "支援", ""),
    ],
)
def test_what_was_looked_for_is_marked_as_it_is_written(text, query, told):
    assert "".join(f"[{piece}]" if is_hit else piece for piece, is_hit in marked(text, words_of(query))) == told


WRITTEN = st.text(alphabet=st.sampled_from("あかｶﾞ\u3099ガABａｂß㈱①１0 İΣς각가ᄀ\u11a8\u0301éﾟ支援"), max_size=12)


@given(WRITTEN, WRITTEN)
def test_pieces_make_up_the_text_and_hold_a_mark_just_where_a_word_is_found(text, query):
    words = words_of(query)
    pieces = marked(text, words)

    assert "".join(piece for piece, _is_hit in pieces) == text
    assert any(is_hit for _piece, is_hit in pieces) == any(word in folded(text) for word in words)


@given(WRITTEN)
def test_folding_twice_changes_nothing(text):
    assert folded(folded(text)) == folded(text)
