"""The tree of organisations, programmes and their sources."""

import pytest
from django.core.exceptions import ValidationError

from budget.models import Organisation, OrganisationKind, Programme, SourceDocument, SourceText, bureau_ids, subtree_ids
from tests.factories import (
    BudgetAmountFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
)

# 1 is the root of 2 and 3, 2 of 4, 4 of 5; 6 stands alone.
TREE = ((1, None), (2, 1), (3, 1), (4, 2), (5, 4), (6, None))


@pytest.mark.parametrize(
    ("roots", "expected"),
    [
        ([1], {1, 2, 3, 4, 5}),
        ([2], {2, 4, 5}),
        ([5], {5}),
        ([6], {6}),
        ([3, 4], {3, 4, 5}),
        ([2, 4], {2, 4, 5}),
        ([], set()),
        ([99], {99}),
    ],
)
def test_subtree_is_the_roots_and_all_below(roots, expected):
    assert subtree_ids(TREE, roots) == expected


def test_subtree_reaches_any_depth():
    depth = 5_000
    assert subtree_ids([(node, node - 1 or None) for node in range(1, depth + 1)], [1]) == set(range(1, depth + 1))


@pytest.mark.parametrize("pairs", [[(1, 1)], [(1, 2), (2, 1)], [(1, 3), (2, 1), (3, 2), (4, 3)]])
def test_subtree_of_a_circle_ends(pairs):
    assert subtree_ids(pairs, [1]) == {node for node, _ in pairs}


def test_subtree_reads_pairs_once_and_from_any_iterable():
    assert subtree_ids(iter(TREE), iter([2])) == {2, 4, 5}


@pytest.mark.django_db
def test_subtree_of_former_days_is_drawn_from_the_history(ministry, bureau, division):
    before = [(row.id, row.parent_id) for row in Organisation.history.all()]
    division.parent = ministry
    division.save()

    assert division.pk in subtree_ids(before, [bureau.pk])
    assert division.pk not in subtree_ids(Organisation.objects.values_list("id", "parent_id"), [bureau.pk])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [(1, None, "ministry"), (2, 1, "bureau"), (3, 2, "department"), (4, 3, "division"), (5, 4, "office")],
            {1: 1, 2: 2, 3: 2, 4: 2, 5: 2},
        ),
        ([(1, None, "ministry"), (2, 1, "division")], {1: 1, 2: 1}),
        ([(1, None, "division")], {1: 1}),
        ([(1, None, "ministry"), (2, 1, "bureau"), (3, 2, "bureau"), (4, 3, "division")], {1: 1, 2: 2, 3: 3, 4: 3}),
        ([(2, 1, "division"), (1, None, "bureau")], {1: 1, 2: 1}),
        ([], {}),
    ],
    ids=["under a bureau", "straight under the ministry", "alone", "a bureau in a bureau", "children first", "nothing"],
)
def test_totals_are_drawn_up_for_the_nearest_bureau_else_the_topmost_organisation(rows, expected):
    assert bureau_ids(rows) == expected


def test_bureau_of_a_circle_ends():
    assert set(bureau_ids([(1, 2, "division"), (2, 1, "division")])) == {1, 2}


@pytest.mark.django_db
def test_organisation_lies_neither_under_itself_nor_under_what_is_below_it(ministry, bureau, division):
    for lower in (ministry, bureau, division):
        ministry.parent = lower
        with pytest.raises(ValidationError) as said:
            ministry.full_clean()
        assert "parent" in said.value.message_dict


@pytest.mark.django_db
def test_organisation_moves_to_another_parent(ministry, bureau, division):
    division.parent = ministry
    division.full_clean()


@pytest.mark.django_db
def test_new_organisation_needs_no_place_yet():
    Organisation(code="new", name="新しい課", kind=OrganisationKind.DIVISION).full_clean()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("amounts", "year", "told"),
    [
        ([], 2026, (None, None, None)),
        ([(2026, "draft", 5)], 2026, (5, 2026, "draft")),
        ([(2026, "draft", 5), (2026, "initial", 7)], 2026, (7, 2026, "initial")),
        ([(2026, "draft", 5), (2025, "initial", 7)], 2026, (5, 2026, "draft")),
        ([(2026, "draft", 0)], 2026, (0, 2026, "draft")),
        ([(2026, "draft", None), (2025, "draft", 7)], 2026, (None, 2026, "draft")),  # a dash: no money in that year
        ([(2026, "draft", 5), (2025, "draft", 7)], 2025, (7, 2025, "draft")),
        ([(2026, "draft", 5)], 2025, (None, None, None)),
        ([(2026, "request", 5), (2026, "supplementary", 6), (2026, "current", 7), (2026, "executed", 8)], 2026, (None, None, None)),
    ],
)
def test_budget_is_the_initial_one_of_the_latest_year_else_its_draft(amounts, year, told):
    programme = ProgrammeFactory()
    for fiscal_year, stage, yen in amounts:
        dash = {"amount_yen": None, "no_amount": "dash"} if yen is None else {"amount_yen": yen}
        BudgetAmountFactory(programme=programme, fiscal_year=fiscal_year, stage=stage, **dash)

    found = Programme.objects.with_budget(year).get()

    assert (found.budget_yen, found.budget_fy, found.budget_stage) == told


def test_programmes_are_answered_for_by_lead_and_co_responsible_organisations(division, other_division):
    led, shared, others = ProgrammeFactory(lead=division), ProgrammeFactory(), ProgrammeFactory(lead=other_division)
    for mark in ("(1)", "(2)"):
        ProgrammeOrganisationFactory(programme=shared, organisation=division, mark=mark)

    assert list(Programme.objects.answered_for_by([division.pk])) == [led, shared]
    assert list(Programme.objects.answered_for_by([other_division.pk])) == [others]
    assert not Programme.objects.answered_for_by([]).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("issued", ["2023", "2023-12", "2023-12-25"])
def test_date_of_issue_is_told_as_far_as_it_is_known(issued):
    SourceDocumentFactory.build(issued=issued).full_clean()


@pytest.mark.django_db
@pytest.mark.parametrize("issued", ["12/2023", "令和5年", "2023-1", "2023-12-25T00", ""])
def test_date_of_issue_in_another_form_is_refused(issued):
    with pytest.raises(ValidationError) as said:
        SourceDocumentFactory.build(issued=issued).full_clean()
    assert list(said.value.message_dict) == ["issued"]


@pytest.mark.django_db
@pytest.mark.parametrize("sha256", ["0" * 63, "G" * 64, "A" * 64])
def test_sha256_is_64_small_hexadecimal_digits(sha256):
    with pytest.raises(ValidationError) as said:
        SourceDocumentFactory.build(sha256=sha256).full_clean()
    assert "sha256" in said.value.message_dict


@pytest.mark.django_db
def test_two_documents_are_not_one_file():
    first = SourceDocumentFactory()
    with pytest.raises(ValidationError) as said:
        SourceDocumentFactory.build(sha256=first.sha256).full_clean()
    assert "sha256" in said.value.message_dict


@pytest.mark.django_db
def test_text_keeps_the_lines_that_passages_count():
    passage = SourcePassageFactory(line_from=2, line_to=3)
    SourceText.objects.create(document=passage.document, text="一\n\n三\n")

    lines = SourceDocument.objects.get().attached_text.lines()
    assert lines[passage.line_from - 1 : passage.line_to] == ["", "三"]
