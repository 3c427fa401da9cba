"""What must always hold of organisations, programmes, money, sources and postings: allowed and refused, by the database and by forms."""

from datetime import date

import pytest

from accounts.roles import Role
from budget.models import BudgetStage, NoAmount, PassagePart, Programme, ProgrammeSuccession
from tests.constraints import Rule, check_allowed, check_refused, constraints_of
from tests.factories import (
    BudgetAmountFactory,
    OrganisationFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    SentReminderFactory,
    SourcePassageFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def a_second_posting():
    first = PostingFactory(from_on=date(2020, 4, 1))
    return PostingFactory(user=first.user, organisation=first.organisation, from_on=date(2022, 4, 1))


def a_second_project():
    ProgrammeFactory(rs_project_id="001234")
    return ProgrammeFactory(rs_project_id="005678")


def a_second_item():
    first = ProgrammeOrganisationFactory(mark="(1)")
    return ProgrammeOrganisationFactory(programme=first.programme, organisation=first.organisation, mark="(2)")


def a_second_succession():
    first = ProgrammeSuccession.objects.create(predecessor=ProgrammeFactory(), successor=ProgrammeFactory(code="first"))
    return ProgrammeSuccession.objects.create(predecessor=first.predecessor, successor=ProgrammeFactory())


def a_second_amount():
    first = BudgetAmountFactory(fiscal_year=2024)
    return BudgetAmountFactory(programme=first.programme, fiscal_year=2025)


RULES = (
    Rule(
        "accounts_posting_does_not_end_before_it_starts",
        lambda: PostingFactory(from_on=date(2020, 4, 1)),
        refused=[{"to_on": date(2020, 3, 31)}],
        allowed=[{"to_on": date(2020, 4, 1)}, {"to_on": None}],
    ),
    Rule(
        "accounts_posting_is_told_once",
        a_second_posting,
        refused=[{"from_on": date(2020, 4, 1)}],
        allowed=[{"from_on": date(2020, 4, 2)}, {"from_on": date(2020, 4, 1), "role": Role.REVIEWER}],
    ),
    Rule(
        "accounts_reminder_is_sent_once_a_day",
        lambda: SentReminderFactory(user=SentReminderFactory().user, sent_on=date(2026, 5, 15)),
        refused=[{"sent_on": date(2026, 4, 1)}],
        allowed=[{"sent_on": date(2026, 6, 15)}, {"sent_on": date(2026, 4, 1), "user": lambda _: UserFactory()}],
    ),
    Rule(
        "budget_organisation_is_not_its_own_parent",
        OrganisationFactory,
        refused=[{"parent": lambda organisation: organisation}],
        allowed=[{"parent": None}, {"parent": lambda _: OrganisationFactory()}],
    ),
    Rule(
        "budget_programme_does_not_end_before_it_starts",
        lambda: ProgrammeFactory(start_fiscal_year=2024),
        refused=[{"end_fiscal_year": 2023}],
        allowed=[{"end_fiscal_year": 2024}, {"end_fiscal_year": None}, {"start_fiscal_year": None, "end_fiscal_year": 2023}],
    ),
    Rule(
        "budget_programme_without_planned_end_has_no_last_year",
        lambda: ProgrammeFactory(end_fiscal_year=2024),
        refused=[{"open_ended": True}],
        allowed=[{"open_ended": True, "end_fiscal_year": None}, {"end_fiscal_year": None}],
    ),
    Rule(
        "budget_programme_rs_project_id_is_used_once",
        a_second_project,
        refused=[{"rs_project_id": "001234"}],
        allowed=[{"rs_project_id": "1234"}],
    ),
    Rule(
        "budget_programme_names_an_organisation_once_for_an_item",
        a_second_item,
        refused=[{"mark": "(1)"}],
        allowed=[{"mark": ""}, {"mark": "(1)", "organisation": lambda _: OrganisationFactory()}],
    ),
    Rule(
        "budget_succession_is_told_once",
        a_second_succession,
        refused=[{"successor": lambda _: Programme.objects.get(code="first")}],
        allowed=[{"successor": lambda _: ProgrammeFactory()}],
    ),
    Rule(
        "budget_programme_does_not_succeed_itself",
        a_second_succession,
        refused=[{"successor": lambda succession: succession.predecessor}],
        allowed=[{"successor": lambda _: ProgrammeFactory()}],
    ),
    Rule(
        "budget_passage_lines_count_from_one_and_do_not_run_backwards",
        lambda: SourcePassageFactory(line_from=5, line_to=7),
        refused=[{"line_to": 4}, {"line_from": 0}, {"line_from": 0, "line_to": 0}],
        allowed=[{"line_to": 5}, {"line_from": 1, "line_to": 1}],
    ),
    Rule(
        "budget_passage_of_a_target_statement_has_its_quote",
        lambda: SourcePassageFactory(part=PassagePart.STATEMENT, quote="60件を目指す。"),
        refused=[{"quote": ""}],
        allowed=[{"quote": "", "part": PassagePart.BUDGET}],
    ),
    Rule(
        "budget_amount_is_told_once_for_a_year_and_stage",
        a_second_amount,
        refused=[{"fiscal_year": 2024}],
        allowed=[{"fiscal_year": 2023}, {"fiscal_year": 2024, "stage": BudgetStage.INITIAL}],
    ),
    Rule(
        "budget_amount_is_yen_or_says_what_stands_in_its_place",
        lambda: BudgetAmountFactory(amount_yen=1),
        refused=[{"amount_yen": -1}, {"amount_yen": None}, {"no_amount": NoAmount.NEW}],
        allowed=[{"amount_yen": 0}, {"amount_yen": None, "no_amount": NoAmount.NEW}, {"amount_yen": None, "no_amount": NoAmount.DASH}],
    ),
)


def test_every_constraint_of_accounts_and_budget_is_in_the_table():
    assert {rule.constraint for rule in RULES} == set(constraints_of("accounts", "budget"))


@pytest.mark.parametrize(("rule", "change"), [case for rule in RULES for case in rule.cases_refused])
def test_constraint_refuses(rule, change):
    check_refused(rule, change)


@pytest.mark.parametrize(("rule", "change"), [case for rule in RULES for case in rule.cases_allowed])
def test_constraint_allows(rule, change):
    check_allowed(rule, change)


def test_programmes_without_an_rs_project_id_are_many():
    assert [ProgrammeFactory(rs_project_id="").rs_project_id for _ in range(2)] == ["", ""]
