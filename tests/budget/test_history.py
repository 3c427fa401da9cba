"""What changed, in words: labels, old and new values, who, when and why."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from accounts.models import User
from accounts.roles import Role
from budget.history import changes, changes_of, explain
from budget.models import BudgetAmount, NoAmount, Organisation
from kpis.choices import Comparator, DeadlineKind
from kpis.models import OutcomeTarget
from tests.factories import (
    BudgetAmountFactory,
    EvidenceFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgressReportFactory,
    SourcePassageFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english():
    """The words themselves are asserted, and the msgids are English."""
    with translation.override("en"):
        yield


def changed(instance, **values):
    """The newest change after `values` are saved: {field: (old, new)}."""
    for name, value in values.items():
        setattr(instance, name, value)
    instance.save()
    return {field.name: (field.old, field.new) for field in changes_of(instance)[0].fields}


def test_change_tells_who_when_and_why_the_newest_first():
    author, organisation = UserFactory(), OrganisationFactory(name="産業資金課")
    organisation.name = "産業資金室"
    explain(organisation, reason="組織改編", by=author)
    organisation.save()

    newest, oldest = changes_of(organisation)

    assert (newest.by, newest.reason, newest.created) == (author, "組織改編", False)
    assert newest.at == organisation.history.latest().history_date
    assert [(f.name, f.label, f.old, f.new) for f in newest.fields] == [("name", "name", "産業資金課", "産業資金室")]
    assert (oldest.by, oldest.reason, oldest.created) == (None, "", True)


def test_created_row_tells_what_was_entered_and_nothing_that_was_left_blank():
    organisation = OrganisationFactory(code="new", name="新しい課")

    (created,) = changes_of(organisation)

    assert created.created
    assert {f.name: (f.old, f.new) for f in created.fields} == {
        "code": ("", "new"),
        "name": ("", "新しい課"),
        "kind": ("", "division"),
    }


def test_created_row_tells_a_zero_for_0_is_a_value():
    amount = BudgetAmountFactory(amount_yen=0)

    (created,) = changes_of(amount)

    assert {f.name: f.new for f in created.fields}["amount_yen"] == "0"


def test_blank_and_zero_are_told_apart():
    amount = BudgetAmountFactory(amount_yen=0)

    assert changed(amount, amount_yen=None, no_amount=NoAmount.DASH) == {"amount_yen": ("0", ""), "no_amount": ("", "a dash")}


def test_link_is_told_by_name():
    old, new = OrganisationFactory(name="旧課"), OrganisationFactory(name="新課")
    programme = ProgrammeFactory(lead=old)

    assert changed(programme, lead=new) == {"lead": ("旧課", "新課")}


def test_link_taken_away_is_blank():
    child = OrganisationFactory(parent=OrganisationFactory(name="局"))

    assert changed(child, parent=None) == {"parent": ("局", "")}


def test_choice_is_told_by_its_label():
    assert changed(OutcomeTargetFactory(deadline_year=2090), comparator=Comparator.MORE_THAN) == {"comparator": ("at least", "more than")}


def test_code_that_is_no_choice_any_more_is_told_as_it_is():
    target = OutcomeTargetFactory(term="once")

    assert {f.name: f.new for f in changes_of(target)[0].fields}["term"] == "once"


def test_boolean_is_told_as_yes_and_no():
    assert changed(OutcomeTargetFactory(), approximate=True) == {"approximate": ("no", "yes")}


def test_figure_is_told_without_the_zeros_of_its_column():
    target = OutcomeTarget.objects.get(pk=OutcomeTargetFactory(value=Decimal("1200.5000"), deadline_year=2090).pk)

    assert changed(target, value=Decimal("0")) == {"value": ("1200.5", "0")}


def test_fiscal_year_is_told_by_its_name():
    assert changed(ProgrammeFactory(start_fiscal_year=2019), start_fiscal_year=2025) == {"start_fiscal_year": ("FY2019", "FY2025")}


def test_deadlines_year_is_a_fiscal_or_a_calendar_year_as_its_kind_says():
    target = OutcomeTargetFactory(deadline_year=2025)

    told = changed(target, deadline_kind=DeadlineKind.CALENDAR_YEAR, deadline_year=2030)

    assert told["deadline_year"] == ("FY2025", "2030")
    assert told["due_fy"] == ("FY2025", "FY2030")
    assert told["due_on"] == ("March 31, 2026", "Dec. 31, 2030")


def test_moment_is_told_in_the_time_of_tokyo():
    target = OutcomeTargetFactory()

    told = changed(
        target, withdrawn_by=UserFactory(name="山田"), withdrawn_at=datetime(2026, 3, 31, 15, 30, tzinfo=UTC), withdrawal_reason="中止"
    )

    assert told["withdrawn_by"] == ("", "山田")
    assert told["withdrawn_at"] == ("", "April 1, 2026, 12:30 a.m.")


def test_save_without_a_change_has_no_fields():
    assert changed(OrganisationFactory()) == {}


def test_words_are_those_of_the_reader():
    target = OutcomeTargetFactory()
    target.approximate = True
    target.save()

    with translation.override("ja"):
        (field,) = changes_of(target)[0].fields
        assert field.label == str(OutcomeTarget._meta.get_field("approximate").verbose_name)
        assert translation.gettext("yes") == field.new


def test_rows_of_one_instant_stand_in_the_order_in_which_they_were_written():
    organisation = OrganisationFactory.build(name="一")
    for name in ("一", "二", "三"):
        organisation.name, organisation._history_date = name, datetime(2026, 4, 1, tzinfo=UTC)
        organisation.save()

    told = [[(f.old, f.new) for f in change.fields if f.name == "name"] for change in changes_of(organisation)]

    assert told == [[("二", "三")], [("一", "二")], [("", "一")]]


def test_rows_of_many_objects_are_each_held_against_their_own_past():
    first, second = OrganisationFactory(name="甲"), OrganisationFactory(name="乙")
    changed(first, name="甲二")
    changed(second, name="乙二")

    told = changes(Organisation.history.order_by("history_date", "history_id"))

    assert [(f.old, f.new) for change in told for f in change.fields if f.name == "name"] == [
        ("", "甲"),
        ("", "乙"),
        ("甲", "甲二"),
        ("乙", "乙二"),
    ]


def test_no_rows_tell_nothing():
    assert changes([]) == []


def test_user_s_history_reads_without_what_it_leaves_out(django_assert_num_queries):
    user = UserFactory()
    user.name = "佐藤"
    user.save()

    with django_assert_num_queries(1):
        assert [f.name for f in changes_of(user)[0].fields] == ["name"]


def test_posting_is_told_by_names_and_days():
    posting = PostingFactory(user=UserFactory(name="山田"), from_on=date(2026, 4, 1), role=Role.REVIEWER)

    assert changed(posting, user=UserFactory(name="佐藤"), to_on=date(2027, 3, 31), role=Role.AUDITOR) == {
        "user": ("山田", "佐藤"),
        "to_on": ("", "March 31, 2027"),
        "role": ("reviewer", "auditor"),
    }


@pytest.mark.parametrize("count", [1, 12])
def test_history_costs_the_same_for_any_number_of_changes(count, django_assert_num_queries):
    programme = ProgrammeFactory()
    for _ in range(count):
        programme.lead = OrganisationFactory()
        explain(programme, reason="組織改編", by=UserFactory())
        programme.save()

    with django_assert_num_queries(2):  # rows with their users, organisations
        told = changes_of(programme)
        assert [str(change.by) for change in told]
    assert len(told) == count + 1


@pytest.mark.parametrize("count", [1, 12])
def test_links_that_are_called_after_others_cost_the_same_for_any_number(count, django_assert_num_queries):
    for _ in range(count):
        BudgetAmountFactory(passage=SourcePassageFactory())
        EvidenceFactory(report=ProgressReportFactory())

    with django_assert_num_queries(3):  # rows, programmes, passages with their documents
        assert len(changes(BudgetAmount.history.select_related("history_user"))) == count
    with django_assert_num_queries(2):  # rows, reports with their targets
        assert len(changes(EvidenceFactory._meta.model.history.select_related("history_user"))) == count


def test_change_made_by_nobody_known_has_no_author():
    assert [change.by for change in changes_of(User.objects.create_user("yamada", "a long password"))] == [None]
