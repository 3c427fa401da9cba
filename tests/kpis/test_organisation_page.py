"""The page of an organisation: where it stands, its numbers with their lists, its programmes, and the round for those who may see it."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.urls import reverse

from tests.factories import OrganisationFactory, OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory
from tests.kpis.test_dashboard import links_of

pytestmark = pytest.mark.django_db

ON = "2026-09-10"


def page_of(client, code, **query):
    return client.get(reverse("kpis:organisation", args=[code]), {"on": ON, **query})


@pytest.fixture
def today(time_machine):
    time_machine.move_to(datetime(2026, 9, 10, 3, tzinfo=UTC), tick=False)


@pytest.fixture
def world(today, ministry, bureau, division, other_division):
    """The bureau leads one target itself, the divisions below it two and one; the ministry leads one."""
    office = OrganisationFactory(code="office", name="資金室", parent=division, kind="office")
    for lead in (ministry, bureau, division, office):
        OutcomeTargetFactory(programme=ProgrammeFactory(code=f"of-{lead.code}", lead=lead))
    ProgressReportFactory(target__programme=ProgrammeFactory(code="of-other", lead=other_division), accepted=True, value=59)
    ProgrammeFactory(code="without-targets", lead=division)


def test_what_lies_above_and_below_is_linked(client, world):
    response = page_of(client, "bureau")

    assert [one.code for one in response.context["above"]] == ["ministry"]
    assert [child.code for child, _numbers in response.context["children"]] == ["division", "other-division"]
    for code in ("ministry", "division", "other-division"):
        assert f'href="/organisations/{code}/?on={ON}"' in response.text


def test_statuses_count_the_whole_subtree(client, world):
    counts = {code: n for code, n in page_of(client, "bureau").context["statuses"] if n}

    assert counts == {"unreported": 3, "missed": 1}
    assert {code: n for code, n in page_of(client, "office").context["statuses"] if n} == {"unreported": 1}


def test_numbers_below_add_up_to_the_whole(client, world):
    context = page_of(client, "bureau").context
    itself, children = context["itself"], {child.code: numbers for child, numbers in context["children"]}

    assert itself == (1, [("missed", 0), ("unreported", 1)])
    assert children == {"division": (2, [("missed", 0), ("unreported", 2)]), "other-division": (1, [("missed", 1), ("unreported", 0)])}
    assert itself[0] + sum(number for number, _overdue in children.values()) == context["number"]


@pytest.mark.parametrize("code", ["ministry", "bureau", "division", "office", "other-division"])
@pytest.mark.parametrize("inside", [False, True])
def test_every_number_leads_to_the_list_that_it_counts(client, world, reviewer, code, inside):
    if inside:
        client.force_login(reviewer)

    links = links_of(page_of(client, code))

    assert len(links) >= 9 + 1 + 2 + 4 * inside
    for address, number, _yen in links:
        assert client.get(address).context["page"].paginator.count == number, address


def test_programmes_of_the_subtree_are_listed_with_their_targets(client, world):
    context = page_of(client, "division").context

    assert [(programme.code, number) for programme, (number, _overdue) in context["programmes"]] == [
        ("of-division", 1),
        ("of-office", 1),
        ("without-targets", 0),
    ]


def test_twenty_programmes_are_shown_and_the_others_a_click_away(client, today, division):
    for number in range(21):
        ProgrammeFactory(code=f"p-{number:02}", lead=division)

    response = page_of(client, "division")

    assert len(response.context["programmes"]) == 20
    address = unescape(re.search(r'href="(/programmes/\?[^"]*organisation=division[^"]*)"', response.text)[1])
    assert client.get(address).context["page"].paginator.count == response.context["number_of_programmes"] == 21


# --- The round ----------------------------------------------------------------------------------------------------------------------


def test_round_is_told_to_those_who_work_here(client, world, reviewer):
    client.force_login(reviewer)

    numbers = {name: number for name, _title, number in page_of(client, "bureau").context["round"]}

    # The result of FY2025 is accepted and was submitted after 31 August; nothing else was handed in.
    assert numbers == {"asked": 4, "in_time": 0, "late": 1, "missing": 3}


def test_strangers_and_who_has_left_are_not_told_the_round(client, world, official):
    assert "round" not in page_of(client, "bureau").context
    official.postings.update(to_on="2026-09-09")
    client.force_login(official)

    response = page_of(client, "bureau")

    assert "round" not in response.context
    assert "/round/" not in response.text.partition("<main")[2]


# --- What is refused, and costs -----------------------------------------------------------------------------------------------------


def test_unknown_organisation_is_not_found(client):
    assert page_of(client, "nowhere").status_code == 404


def test_unknown_parameter_is_refused(client, division):
    assert page_of(client, "division", status="missed").status_code == 400


def test_circle_of_organisations_ends(client, today):
    one = OrganisationFactory(code="one")
    other = OrganisationFactory(code="other", parent=one)
    type(one).objects.filter(pk=one.pk).update(parent=other)

    assert [above.code for above in page_of(client, "one").context["above"]] == ["other"]
