"""Deadlines follow the programme's period and the source document's budget year, and the history of each target says why."""

from datetime import date

import pytest
from django.db import connection

from budget.history import changes_of, explain
from kpis.choices import DeadlineKind
from kpis.models import OutcomeTarget
from tests.factories import OutcomeTargetFactory, ProgrammeFactory, SourceDocumentFactory, SourcePassageFactory, UserFactory

pytestmark = pytest.mark.django_db

AFTER_PROGRAMME = {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_year": None}


def saved(row, *, reason="", by=None, **values):
    """Save `values` with their reason, from a fresh look at the row."""
    row = type(row).objects.get(pk=row.pk)
    for name, value in values.items():
        setattr(row, name, value)
    if reason:
        explain(row, reason=reason, by=by)
    row.save()
    return row


def years(target):
    target = OutcomeTarget.objects.get(pk=target.pk)
    return target.due_on, target.due_fy, target.first_year, target.last_year


@pytest.fixture
def programme(db):
    return ProgrammeFactory(start_fiscal_year=2022, end_fiscal_year=2026)


def test_deadline_after_the_programme_moves_with_its_end(programme):
    at_the_end, later = (OutcomeTargetFactory(programme=programme, **AFTER_PROGRAMME, deadline_offset_years=n) for n in (0, 5))

    saved(programme, end_fiscal_year=2028)

    assert years(at_the_end) == (date(2029, 3, 31), 2028, None, None)
    assert years(later) == (date(2034, 3, 31), 2033, None, None)


def test_each_moved_target_tells_user_and_reason_of_the_programme(programme):
    targets = [OutcomeTargetFactory(programme=programme, **AFTER_PROGRAMME, deadline_offset_years=n) for n in (0, 1)]
    author = UserFactory()

    saved(programme, end_fiscal_year=2028, reason="事業の延長", by=author)

    for target in targets:
        newest = changes_of(target)[0]
        assert (newest.by, "事業の延長" in newest.reason) == (author, True)
        assert {field.name for field in newest.fields} == {"due_on", "due_fy", "deadline_revised"}


def test_move_without_a_reason_still_says_where_it_comes_from(programme):
    target = OutcomeTargetFactory(programme=programme, **AFTER_PROGRAMME, deadline_offset_years=0)

    saved(programme, end_fiscal_year=2028)

    assert changes_of(target)[0].reason.endswith("–")


def test_deadline_goes_when_the_programmes_end_is_no_longer_known(programme):
    target = OutcomeTargetFactory(programme=programme, **AFTER_PROGRAMME, deadline_offset_years=0)

    saved(programme, end_fiscal_year=None, open_ended=True)

    assert years(target) == (None, None, None, None)


def test_years_of_an_each_year_target_follow_the_programme(programme):
    passage = SourcePassageFactory(document=SourceDocumentFactory(budget_year=2024))
    target = OutcomeTargetFactory(programme=programme, passage=passage, each_year=True, deadline_year=None)
    assert years(target) == (None, None, 2024, 2026)

    saved(programme, start_fiscal_year=2025, end_fiscal_year=2030)

    assert years(target) == (None, None, 2025, 2030)


def test_targets_that_do_not_count_from_the_programme_are_left_alone(programme):
    own, others = (
        OutcomeTargetFactory(programme=programme, deadline_year=2025),
        OutcomeTargetFactory(**AFTER_PROGRAMME, deadline_offset_years=0),
    )

    saved(programme, end_fiscal_year=2028)

    assert [target.history.count() for target in (own, others)] == [1, 1]


def test_programme_that_keeps_its_period_moves_nothing(programme):
    target = OutcomeTargetFactory(programme=programme, **AFTER_PROGRAMME, deadline_offset_years=0)

    saved(programme, display_title="新しい名称", reason="名称の変更")

    assert target.history.count() == 1


def test_budget_year_of_the_document_moves_the_first_year():
    document = SourceDocumentFactory(budget_year=2024)
    target = OutcomeTargetFactory(passage=SourcePassageFactory(document=document), each_year=True, deadline_year=None)

    saved(document, budget_year=2025, reason="年度の誤り", by=(author := UserFactory()))

    assert years(target)[2] == 2025
    newest = changes_of(target)[0]
    assert (newest.by, "年度の誤り" in newest.reason) == (author, True)


def test_passage_of_another_document_moves_the_first_year():
    passage = SourcePassageFactory(document=SourceDocumentFactory(budget_year=2024))
    target = OutcomeTargetFactory(passage=passage, each_year=True, deadline_year=None)

    saved(passage, document=SourceDocumentFactory(budget_year=2023), reason="出典の訂正")

    assert years(target)[2] == 2023
    assert "出典の訂正" in changes_of(target)[0].reason


def test_document_and_passage_leave_other_targets_alone():
    passage = SourcePassageFactory()
    target = OutcomeTargetFactory(passage=passage, deadline_year=2025)

    saved(passage.document, budget_year=2020)
    saved(passage, document=SourceDocumentFactory(budget_year=2021))

    assert target.history.count() == 1


@pytest.mark.parametrize("count", [1, 12])
def test_programme_without_moved_targets_costs_the_same_for_any_number(programme, count, django_assert_max_num_queries):
    OutcomeTargetFactory.create_batch(count, programme=programme)
    savepoints = 2

    with django_assert_max_num_queries(3 + savepoints, connection=connection):  # programme, its history, targets
        programme.save()
