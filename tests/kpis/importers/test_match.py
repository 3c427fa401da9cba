"""Which printed programme is which known one: a table of editions."""

import pytest
from django.utils import translation

from kpis.choices import MatchKind
from kpis.importers.pr_document.match import Known, Matched, Printed, match

BUREAU = frozenset({"経済産業政策局産業資金課"})
OTHER = frozenset({"通商政策局総務課"})


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def known(*titles: str, organisations=frozenset(), amounts=frozenset()) -> list[Known]:
    """The programmes of the edition before, by their places: key 0 is the first."""
    return [Known(place, (title,), place, organisations, amounts) for place, title in enumerate(titles)]


def printed(*titles: str, organisations=frozenset(), amounts=frozenset()) -> list[Printed]:
    """The programmes of an edition: number 1 is the first."""
    return [Printed(number, title, number * 10, organisations, amounts) for number, title in enumerate(titles, 1)]


def candidates(found: Matched) -> dict[int, list[tuple[int, str]]]:
    return {number: [(each.key, each.kind) for each in several] for number, several in found.candidates.items()}


def test_the_same_titles_are_the_same_programmes_in_any_order():
    found = match(printed("丙事業", "甲事業", "乙事業"), known("甲事業", "乙事業", "丙事業"))
    assert (found.same, found.candidates, found.gone) == ({1: 2, 2: 0, 3: 1}, {}, [])


@pytest.mark.parametrize(
    "title", ["「港湾」設備改修（補助）事業", "港湾 設備改修(補助)事業", "**港湾設備改修「補助」事業", "港湾・設備改修補助事業"]
)
def test_marks_white_space_and_width_make_no_other_title(title):
    assert match(printed(title), known("港湾設備改修補助事業")).same == {1: 0}


def test_a_title_by_which_a_programme_is_also_known_ties_it():
    assert match(printed("航路調査"), [Known(7, ("航路標識調査", "航路調査"), 0)]).same == {1: 7}


def test_a_title_that_differs_is_never_taken_for_the_same():
    found = match(printed("経済統計の整備・提供"), known("経済統計の整備"))
    assert (found.same, candidates(found), found.gone) == ({}, {1: [(0, MatchKind.RENAMED)]}, [])


def test_one_character_is_difference_enough():
    found = match(printed("船員育成事業Ⅱ"), known("船員育成事業Ⅰ"))
    assert (found.same, list(found.candidates)) == ({}, [1])


def test_two_that_became_one_are_both_candidates():
    found = match(printed("港湾・空港設備改修事業"), known("港湾設備改修事業", "空港設備改修事業"))
    assert (found.same, candidates(found)) == ({}, {1: [(0, MatchKind.MERGED), (1, MatchKind.MERGED)]})


def test_one_that_became_two_is_the_candidate_of_both():
    found = match(printed("港湾設備改修事業（沿岸）", "港湾設備改修事業（離島）"), known("港湾設備改修事業"))
    assert (found.same, candidates(found)) == ({}, {1: [(0, MatchKind.SPLIT)], 2: [(0, MatchKind.SPLIT)]})


def test_a_lost_title_at_the_place_of_a_lost_title_is_the_same_programme():
    assert match(printed("甲事業", "", "乙事業"), known("甲事業", "", "乙事業")).same == {1: 0, 2: 1, 3: 2}


def test_a_lost_title_where_one_was_printed_is_asked():
    found = match(printed("甲事業", "", "乙事業", amounts=BUREAU), known("甲事業", "丙調査", "乙事業", amounts=BUREAU))
    assert (found.same, candidates(found)) == ({1: 0, 3: 2}, {2: [(1, MatchKind.RENAMED)]})


def test_a_lost_title_of_two_that_lost_it_is_not_guessed():
    found = match(printed("甲事業", "", "乙事業"), known("甲事業", "", "", "乙事業"))
    assert 2 not in found.same


def test_what_is_printed_no_more_is_gone():
    found = match(printed("甲事業", "丙調査"), known("甲事業", "魚礁設置費", "丙調査"))
    assert (found.same, found.candidates, found.gone) == ({1: 0, 2: 2}, {}, [1])


def test_what_was_printed_no_more_the_year_before_is_not_gone_again():
    found = match(printed("甲事業"), [*known("甲事業"), Known(9, ("魚礁設置費",), place=None)])
    assert (found.gone, found.candidates) == ([], {})


def test_what_was_printed_no_more_the_year_before_returns_under_its_title():
    assert match(printed("甲事業", "魚礁設置費"), [*known("甲事業"), Known(9, ("魚礁設置費",), place=None)]).same == {1: 0, 2: 9}


def test_a_new_programme_has_no_candidate():
    found = match(printed("甲事業", "深海ロボット開発"), known("甲事業"))
    assert (found.same, found.candidates, found.gone) == ({1: 0}, {}, [])


def test_two_with_one_title_are_not_guessed():
    for one, other in (
        (("甲事業", "甲事業"), ("甲事業",)),
        (("甲事業",), ("甲事業", "甲事業")),
        (("甲事業", "甲事業"), ("甲事業", "甲事業")),
    ):
        found = match(printed(*one), known(*other))
        assert found.same == {}
        assert {number: {each.key for each in several} for number, several in found.candidates.items()} == {
            number: set(range(len(other))) for number in range(1, len(one) + 1)
        }


def test_the_same_document_is_tied_by_its_lines_whatever_the_titles_became():
    before = [Known(5, ("乙事業",), 0, line=20), Known(6, ("甲事業",), 1, line=10)]
    assert match(printed("甲事業", "乙事業"), before).same == {1: 6, 2: 5}


def test_a_known_programme_is_tied_once():
    found = match(printed("甲事業", "乙事業"), [Known(5, ("乙事業", "甲事業"), 0, line=20)])
    assert found.same == {2: 5}


@pytest.mark.parametrize(
    ("one", "other", "speaks"),
    [
        ({"organisations": BUREAU}, {"organisations": BUREAU}, "the same organisation"),
        ({"amounts": frozenset({5})}, {"amounts": frozenset({5})}, "the same amounts"),
    ],
)
def test_organisation_and_amounts_speak_for_one_at_the_same_place(one, other, speaks):
    found = match(printed("深海調査", **one), known("魚礁設置費", **other))
    assert speaks in found.candidates[1][0].ground


def test_the_amount_of_the_year_before_speaks_for_one_beside_the_amount_of_the_next():
    found = match(printed("深海調査", amounts=frozenset({6, 5})), known("魚礁設置費", amounts=frozenset({5})))
    assert "the same amounts" in found.candidates[1][0].ground


def test_neither_another_organisation_nor_no_amount_speaks_for_it():
    assert match(printed("深海調査", organisations=BUREAU), known("魚礁設置費", organisations=OTHER)).candidates == {}


def test_at_another_place_an_amount_says_nothing():
    amounts = {"amounts": frozenset({5})}
    found = match(printed("深海調査", "甲事業", **amounts), known("甲事業", "魚礁設置費", **amounts))
    assert (found.candidates, found.gone) == ({}, [1])


def test_the_ground_tells_how_much_of_the_title_is_common():
    # Eight of 8 and 9 characters are common: 2 × 8 ÷ 17.
    assert match(printed("港湾設備改修事業費"), known("港湾設備改修事業")).candidates[1][0].ground.startswith("94 % of the title")
