"""The search: what it finds, in which group and order, what it says where it finds nothing, and what it costs."""

import re

import pytest
from django.urls import reverse

from kpis import search, workflow
from tests.factories import OrganisationFactory, OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory

pytestmark = pytest.mark.django_db

SEARCH = "/search/"


def found(client, q, **query) -> dict[str, list[str]]:
    """The codes of what is shown, by kind; kinds of which there is nothing are left out."""
    groups = client.get(SEARCH, {"q": q, **query}).context["groups"]
    return {group.kind: [row.code for row in group.rows] for group in groups if group.number}


@pytest.fixture
def world(ministry, bureau, division):
    programme = ProgrammeFactory(
        code="meti-2024-032", display_title="ディープテック・スタートアップ支援", title="", rs_project_id="3512", lead=division
    )
    OutcomeTargetFactory(
        code="meti-2024-032-01",
        programme=programme,
        indicator="ＶＣから資金を得た者の割合",
        statement="５割以上が資金を確保する（㈱を含む）。",
    )
    OutcomeTargetFactory(code="other-01", programme__code="other", indicator="来場者数", statement="展示会に来場する者を増やす。")
    return programme


# --- What is found ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("ｽﾀｰﾄｱｯﾌﾟ", {"programmes": ["meti-2024-032"]}),
        ("3512", {"programmes": ["meti-2024-032"]}),
        ("３５１２", {"programmes": ["meti-2024-032"]}),
        ("METI-2024-032", {"programmes": ["meti-2024-032"], "targets": ["meti-2024-032-01"]}),
        ("vcから", {"targets": ["meti-2024-032-01"]}),
        ("5割以上", {"targets": ["meti-2024-032-01"]}),
        ("(株)", {"targets": ["meti-2024-032-01"]}),
        ("来場", {"targets": ["other-01"]}),
        ("産業資金", {"organisations": ["division"]}),
        ("経済産業", {"organisations": ["bureau", "ministry"]}),
        ("すたーと", {}),
        ("どこにもない", {}),
        ("100%_\\", {}),
    ],
)
def test_titles_indicators_quotes_names_and_codes_are_searched(client, world, q, expected):
    assert found(client, q) == expected


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("資金 割合", {"targets": ["meti-2024-032-01"]}),
        ("資金　来場", {}),
        # One word of its own is enough, where the others stand in what it belongs to.
        ("スタートアップ 割合", {"targets": ["meti-2024-032-01"]}),
        ("産業資金課 割合", {"targets": ["meti-2024-032-01"]}),
        ("経済産業省 ディープテック", {"programmes": ["meti-2024-032"]}),
        ("経済産業省 産業資金課", {"organisations": ["division"]}),
        ("割合 スタートアップ どこにもない", {}),
    ],
)
def test_every_word_is_required_there_or_in_what_it_belongs_to(client, world, q, expected):
    assert found(client, q) == expected


def test_withdrawn_target_is_not_found(client, world, administrator):
    workflow.withdraw(world.targets.get(), by=administrator, reason="重複")

    assert found(client, "割合") == {}


def test_search_of_the_past_finds_what_was_known_then(client, time_machine):
    time_machine.move_to("2026-09-01 12:00+09:00", tick=False)
    programme = ProgrammeFactory(display_title="水素の供給", title="")
    time_machine.move_to("2026-09-05 12:00+09:00", tick=False)
    programme.display_title = "アンモニアの供給"
    programme.save()
    time_machine.move_to("2026-09-09 12:00+09:00", tick=False)

    assert found(client, "水素", known_at="2026-09-02") == {"programmes": [programme.code]}
    assert found(client, "水素") == {}
    assert found(client, "アンモニア") == {"programmes": [programme.code]}


def test_a_new_title_is_found_at_once(client, world):
    assert found(client, "水素") == {}
    world.display_title = "水素の供給"
    world.save()

    assert found(client, "水素") == {"programmes": [world.code]}


# --- What is shown ------------------------------------------------------------------------------------------------------------------


def test_what_was_looked_for_is_marked_as_it_is_written(client, world):
    text = client.get(SEARCH, {"q": "vcから ５割"}).text

    assert "<mark>ＶＣから</mark>資金を得た者の割合" in text
    assert "<mark>５割</mark>以上" in text


def test_markup_in_texts_and_queries_stays_text(client):
    OutcomeTargetFactory(indicator="<b>割合</b>", statement="<script>割合</script>")

    text = client.get(SEARCH, {"q": "割合"}).text
    assert "&lt;b&gt;<mark>割合</mark>&lt;/b&gt;" in text
    assert "<script" not in text + client.get(SEARCH, {"q": "<script>x"}).text


def test_five_of_each_kind_are_shown_and_all_of_one_on_request(client):
    programme = ProgrammeFactory(display_title="まとめ")
    codes = [OutcomeTargetFactory(programme=programme, code=f"t-{number:02}", indicator="採択件数").code for number in range(52)]

    response = client.get(SEARCH, {"q": "採択件数"})
    (group,) = (group for group in response.context["groups"] if group.number)
    assert (group.kind, group.number, [row.code for row in group.rows]) == ("targets", 52, codes[:5])
    assert re.search(r'href="\?q=[^"]*&amp;show=targets"', response.text)

    pages = [found(client, "採択件数", show="targets", page=page)["targets"] for page in (1, 2)]
    assert (len(pages[0]), pages[0] + pages[1]) == (50, codes)


def test_links_carry_the_clocks_on(client, world):
    text = client.get(SEARCH, {"q": "割合", "on": "2026-09-01"}).text

    assert "/targets/meti-2024-032-01/?on=2026-09-01" in text
    assert '<input type="hidden" name="on" value="2026-09-01">' in text  # the box in the header


def test_box_stands_in_the_header_of_every_page(client):
    for name in ("dashboard", "overdue", "targets", "programmes", "search"):
        assert '<input id="search-box" type="search" name="q"' in client.get(reverse(f"kpis:{name}")).text
    assert 'id="search-box"' in client.get("/targets/none/").text


# --- What cannot be searched --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", ["", "  ", "　"])
def test_blank_query_is_answered_with_a_sentence(client, q):
    response = client.get(SEARCH, {"q": q})

    assert response.status_code == 200
    assert "探す語を入れてください" in response.text


@pytest.mark.parametrize("q", ["件", "a", "Ａ", "a b 件"])
def test_query_of_single_characters_is_answered_with_a_sentence(client, q):
    response = client.get(SEARCH, {"q": q})

    assert response.status_code == 200
    assert "2文字以上" in response.text


@pytest.mark.parametrize("q", ["ab", "㈱", "件 ab"])
def test_two_characters_of_one_word_are_enough(client, q):
    assert "2文字以上" not in client.get(SEARCH, {"q": q}).text


def test_nothing_found_is_said_with_what_may_help(client, world):
    assert "ひらがなとカタカナ" in client.get(SEARCH, {"q": "すたーと"}).text


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"q": "割合", "colour": "red"}, "colour"),
        ({"q": "割合", "show": "users"}, "show"),
        ({"q": "割合", "page": "2"}, "page"),
        ({"q": "割合", "show": "targets", "page": "2"}, "page"),
        ({"q": "", "show": "targets", "page": "2"}, "page"),
        ({"q": "件", "show": "targets", "page": "2"}, "page"),
        ({"q": "x" * 501}, "q"),
        ({"q": "a\x00b"}, "q"),
        ({"q": ["割合", "件数"]}, "q"),
        ({"q": "割合", "on": "soon"}, "on"),
    ],
)
def test_parameter_that_cannot_be_read_is_refused_by_name(client, query, parameter):
    response = client.get(SEARCH, query)

    assert response.status_code == 400
    assert [problem.parameter for problem in response.context["problems"]] == [parameter]


# --- Costs --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 40])
def test_search_costs_the_same_for_any_number(client, django_assert_num_queries, number):
    for _n in range(number):
        OutcomeTargetFactory(indicator="水素", programme__display_title="水素", programme__lead__name="水素課")
        OrganisationFactory(name="水素室", parent=OrganisationFactory())

    with django_assert_num_queries(7):  # what was recorded, the texts of each kind, programmes, targets, documents
        assert client.get(SEARCH, {"q": "水素"}).status_code == 200
    with django_assert_num_queries(4):  # the texts are known
        assert client.get(SEARCH, {"q": "水素"}).status_code == 200
    with django_assert_num_queries(3):  # what was recorded, targets, documents
        assert client.get(SEARCH, {"q": "水素", "show": "targets"}).status_code == 200


def test_query_that_cannot_be_searched_reads_no_texts(client, django_assert_num_queries):
    with django_assert_num_queries(1):  # documents
        client.get(SEARCH, {"q": "件"})


def test_texts_are_read_again_once_anything_searched_is_recorded_and_only_then(client, world, django_assert_num_queries):
    def costs(number):
        with django_assert_num_queries(number):
            client.get(SEARCH, {"q": "どこにもない"})

    costs(5)  # what was recorded, the texts of each kind, documents
    ProgressReportFactory(target=world.targets.get())
    costs(2)
    for row in (world.lead, world, world.targets.get()):
        row.save()
        costs(5)
        costs(2)


class Text(str):
    """A text that counts how often a word was looked for in any."""

    looked = 0

    def __contains__(self, word):
        Text.looked += 1
        return super().__contains__(word)


@pytest.mark.parametrize("words", [2, 166])
def test_nothing_is_looked_for_where_an_earlier_word_stands_nowhere(words):
    above = search._Kind([(1, None, Text("経済産業省"))])
    rows = search._Kind([(key, 1, Text("水素の供給")) for key in range(1000)], above)
    Text.looked = 0

    assert rows.holding(["アンモニア", *(f"水素{number}" for number in range(words - 1))]) == []
    assert Text.looked <= 1000 + 1  # each row for the first word, and what they belong to


def test_withdrawn_target_is_found_on_the_days_before(client, world, time_machine, administrator):
    time_machine.move_to("2026-09-05 12:00+09:00", tick=False)
    workflow.withdraw(world.targets.get(), by=administrator, reason="重複")
    time_machine.move_to("2026-09-09 12:00+09:00", tick=False)

    assert found(client, "割合") == {}
    assert found(client, "割合", on="2026-09-04") == {"targets": ["meti-2024-032-01"]}
    assert found(client, "割合", on="2026-09-05") == {}
