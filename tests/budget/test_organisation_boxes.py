"""Boxes that offer organisations: the tree, and of a large one the part that is open."""

import json
from pathlib import Path

import pytest
from django.urls import reverse

from accounts.roles import Role
from budget.admin.lists import OrganisationFilter
from budget.forms import OFFERED_WHOLE, OrganisationField, OrganisationsForm, organisation_choices
from budget.models import Tree
from tests.factories import OrganisationFactory, PostingFactory

pytestmark = pytest.mark.django_db


class Box(OrganisationsForm):
    organisation = OrganisationField(empty_label="all")


@pytest.fixture
def government():
    """Two ministries of two bureaus with two divisions each; the codes of a bureau do not sort below its ministry."""
    for ministry in ("a", "b"):
        above = OrganisationFactory(code=ministry, name=f"{ministry}省", kind="ministry", parent=None)
        for n in (1, 2):
            bureau = OrganisationFactory(code=f"{n}-{ministry}", name=f"{ministry}省{n}局", kind="bureau", parent=above)
            for division in ("x", "y"):
                OrganisationFactory(code=f"{division}-{n}-{ministry}", name="総務課", parent=bureau)


@pytest.fixture
def too_many(monkeypatch):
    monkeypatch.setattr("budget.forms.OFFERED_WHOLE", 13)  # the government has 14


def codes(chosen=None) -> list[str]:
    tree = Tree()
    return [code for code, _name in organisation_choices(tree, chosen and tree.of_code(chosen))]


def test_each_stands_below_the_one_above_it_and_is_set_in_from_it(government):
    assert organisation_choices(Tree())[:5] == [
        ("a", "a省"),
        ("1-a", "\u3000a省1局"),
        ("x-1-a", "\u3000\u3000総務課"),
        ("y-1-a", "\u3000\u3000総務課"),
        ("2-a", "\u3000a省2局"),
    ]
    assert len(codes()) == 14


def test_a_large_tree_offers_the_topmost_alone(government, too_many):
    assert codes() == ["a", "b"]


@pytest.mark.parametrize(
    ("chosen", "offered"),
    [
        ("b", ["a", "b", "1-b", "2-b"]),
        ("2-b", ["a", "b", "1-b", "2-b", "x-2-b", "y-2-b"]),
        ("y-2-b", ["a", "b", "1-b", "2-b", "x-2-b", "y-2-b"]),
    ],
)
def test_a_large_tree_is_opened_along_the_path_to_what_is_chosen(government, too_many, chosen, offered):
    assert codes(chosen) == offered


def test_a_single_ministry_is_open(government, monkeypatch):
    for code in ("x-1-b", "y-1-b", "x-2-b", "y-2-b", "1-b", "2-b", "b"):
        Tree().of_code(code).delete()
    monkeypatch.setattr("budget.forms.OFFERED_WHOLE", 6)
    assert codes() == ["a", "1-a", "2-a"]


def test_what_a_large_tree_does_not_offer_is_accepted_by_its_code(government, too_many):
    form = Box({"organisation": "y-2-b"})
    assert form.is_valid()
    assert form.cleaned_data["organisation"].code == "y-2-b"
    assert not Box({"organisation": "z"}).is_valid()
    assert Box({"organisation": ""}).is_valid()


def test_a_box_says_where_it_is_not_whole(government, monkeypatch):
    hint = "何かを選んで表示すると"
    assert hint not in str(Box({})["organisation"])
    monkeypatch.setattr("budget.forms.OFFERED_WHOLE", 13)
    opened = str(Box({"organisation": "1-b"})["organisation"])
    assert hint in opened
    assert 'value="1-b" selected' in opened
    assert 'value="x-1-b"' in opened
    assert 'value="x-1-a"' not in opened


def test_an_organisation_whose_parent_is_not_known_is_offered_at_the_top(government):
    tree = Tree([node for node in Tree() if node.code != "b"])
    assert [code for code, _name in organisation_choices(tree)][:3] == ["1-b", "x-1-b", "y-1-b"]


def test_filter_of_a_list_in_the_admin_is_opened_the_same_way(client, government, too_many):
    client.force_login(PostingFactory(organisation=Tree().of_code("a"), role=Role.ADMINISTRATOR).user)
    page = reverse("admin:budget_programme_changelist")

    def offered(**asked):
        found = next(spec for spec in client.get(page, asked).context["cl"].filter_specs if isinstance(spec, OrganisationFilter))
        return [code for code, _name in found.lookup_choices]

    assert offered() == ["a", "b"]
    assert offered(organisation="1-a") == ["a", "1-a", "x-1-a", "y-1-a", "2-a", "b"]
    assert offered(organisation="none") == ["a", "b"]


def test_organisations_of_the_first_document_are_offered_whole():
    assert len(json.loads(Path("fixtures/meti2024/01_organisations.json").read_text())) <= OFFERED_WHOLE
