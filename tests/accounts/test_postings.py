"""Permissions come from the postings of the day and the one table of roles; nobody may delete."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser, Permission

from accounts.models import Posting, User
from accounts.roles import PERMISSIONS, Role
from budget.models import OrganisationKind
from kpis.models import ProgressReport
from tests.constraints import models_of
from tests.factories import (
    PASSWORD,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

FROM, TO = date(2026, 4, 1), date(2027, 3, 31)
BUDGET = (
    "organisation",
    "programme",
    "programmeorganisation",
    "programmesuccession",
    "budgetamount",
    "sourcedocument",
    "sourcetext",
    "sourcepassage",
)
TARGETS = ("outcometarget", "targetlink", "yearlymilestone")
REPORTS = ("progressreport", "evidence")
LOCKS = ("entrylock", "lockexception")
PROPOSALS = ("targetproposal", "programmematch")


@pytest.fixture
def posted(division):
    return PostingFactory(organisation=division, role=Role.REVIEWER, from_on=FROM, to_on=TO).user


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC)  # 12:00 in Tokyo


def answers(user: User, moment: datetime) -> tuple[bool, bool, bool]:
    """What a fresh look at the user says at a moment: a permission, a module, the admin."""
    user = User.objects.get(pk=user.pk)
    with time_machine.travel(moment, tick=False):
        return user.has_perm("kpis.decide_progressreport"), user.has_module_perms("kpis"), user.is_staff


# --- The days of a posting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "in_force"),
    [(date(2026, 3, 31), False), (FROM, True), (date(2026, 10, 1), True), (TO, True), (date(2027, 4, 1), False)],
)
def test_permissions_hold_from_the_first_day_to_the_last(posted, day, in_force):
    assert answers(posted, noon(day)) == (in_force, in_force, in_force)
    assert Posting.objects.on(day).exists() is in_force
    assert posted.roles_on(day) == ({Role.REVIEWER} if in_force else set())


@pytest.mark.parametrize(
    ("moment", "in_force"),
    [
        (datetime(2026, 3, 31, 14, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 31, 15, tzinfo=UTC), True),
        (datetime(2027, 3, 31, 14, 59, 59, tzinfo=UTC), True),
        (datetime(2027, 3, 31, 15, tzinfo=UTC), False),
    ],
)
def test_a_posting_begins_and_ends_at_midnight_in_tokyo(posted, moment, in_force):
    assert answers(posted, moment) == (in_force, in_force, in_force)


def test_posting_without_a_last_day_goes_on(division):
    user = PostingFactory(organisation=division, role=Role.REVIEWER, from_on=FROM, to_on=None).user

    assert answers(user, noon(date(2060, 1, 1))) == (True, True, True)


def test_user_without_a_posting_may_nothing():
    assert answers(UserFactory(), noon(FROM)) == (False, False, False)


def test_who_is_deactivated_may_nothing_and_does_not_log_in(posted):
    posted.is_active = False
    posted.save()

    assert answers(posted, noon(FROM)) == (False, False, False)
    assert posted.organisation_ids_on(FROM, Role.REVIEWER) == set()
    assert authenticate(username=posted.username, password=PASSWORD) is None


def test_who_left_may_still_log_in_but_opens_no_admin(posted, client):
    with time_machine.travel(noon(date(2027, 4, 1)), tick=False):
        assert authenticate(username=posted.username, password=PASSWORD) == posted
        client.force_login(posted)
        assert client.get("/admin/").status_code == 302


def test_permissions_of_a_page_cost_one_query(posted, django_assert_num_queries):
    user = User.objects.get(pk=posted.pk)
    with time_machine.travel(noon(FROM), tick=False), django_assert_num_queries(1):
        assert user.is_staff
        assert user.has_perms(["kpis.decide_progressreport", "kpis.view_outcometarget"])
        assert user.has_module_perms("budget")


# --- The table of roles ------------------------------------------------------------------------------------------------------------

# What each role may besides reading budget and kpis.
BESIDES_READING = {
    Role.OFFICIAL: {f"kpis.{action}_{model}" for action in ("add", "change") for model in REPORTS}
    | {"kpis.submit_progressreport", "kpis.change_targetproposal"},
    Role.REVIEWER: {"kpis.decide_progressreport", "kpis.close_missed_target"},
    Role.AUDITOR: {"accounts.view_user", "accounts.view_posting", "accounts.view_sentreminder", "kpis.view_seal"},
    Role.ADMINISTRATOR: {f"budget.{action}_{model}" for action in ("add", "change") for model in BUDGET}
    | {f"kpis.{action}_{model}" for action in ("add", "change") for model in (*TARGETS, *LOCKS)}
    | {f"kpis.change_{model}" for model in PROPOSALS}
    | {f"accounts.{action}_{model}" for action in ("view", "add", "change") for model in ("user", "posting")}
    | {"accounts.view_sentreminder", "kpis.view_seal"},
}
READING = {f"budget.view_{model}" for model in BUDGET} | {
    f"kpis.view_{model}" for model in (*TARGETS, *REPORTS, *LOCKS, *PROPOSALS, "closedmiss")
}


@pytest.mark.parametrize("role", Role)
def test_role_may_exactly_what_its_row_says(role, division):
    user = PostingFactory(organisation=division, role=role).user

    assert user.get_all_permissions() == READING | BESIDES_READING[role]


def test_permissions_of_the_table_exist():
    known = {f"{app}.{code}" for app, code in Permission.objects.values_list("content_type__app_label", "codename")}

    assert set().union(*PERMISSIONS.values()) - known == set()


def test_everybody_who_works_here_may_read_every_model_of_budget_and_kpis():
    ours = {f"{model._meta.app_label}.view_{model._meta.model_name}" for model in models_of("budget", "kpis")}

    assert ours == READING


def test_nobody_may_delete():
    assert [permission for row in PERMISSIONS.values() for permission in row if ".delete_" in permission] == []


def test_nobody_both_reports_and_decides_in_one_role():
    assert [role for role, row in PERMISSIONS.items() if {"kpis.submit_progressreport", "kpis.decide_progressreport"} <= row] == []


def test_two_postings_at_once_give_what_both_roles_may(division, other_division):
    user = PostingFactory(organisation=division, role=Role.OFFICIAL).user
    PostingFactory(user=user, organisation=other_division, role=Role.AUDITOR)

    assert user.get_all_permissions() == READING | BESIDES_READING[Role.OFFICIAL] | BESIDES_READING[Role.AUDITOR]


def test_second_posting_ends_without_the_first(division):
    user = PostingFactory(organisation=division, role=Role.OFFICIAL, from_on=FROM).user
    PostingFactory(user=user, organisation=division, role=Role.REVIEWER, from_on=FROM, to_on=TO)

    assert user.roles_on(TO) == {Role.OFFICIAL, Role.REVIEWER}
    assert user.roles_on(date(2027, 4, 1)) == {Role.OFFICIAL}


# --- Which rows: the organisation and all below it ---------------------------------------------------------------------------------


def test_organisations_of_a_role_are_those_of_its_postings_and_all_below(ministry, bureau, division, other_division):
    office = OrganisationFactory(parent=division, kind=OrganisationKind.OFFICE)
    user = PostingFactory(organisation=division, role=Role.OFFICIAL).user
    PostingFactory(user=user, organisation=ministry, role=Role.AUDITOR)

    assert user.organisation_ids_on(FROM, Role.OFFICIAL) == {division.pk, office.pk}
    assert user.organisation_ids_on(FROM, Role.AUDITOR) == {ministry.pk, bureau.pk, division.pk, other_division.pk, office.pk}
    assert user.organisation_ids_on(FROM, Role.REVIEWER) == set()


def test_organisations_cost_nothing_where_there_is_no_posting_in_the_role(division, django_assert_num_queries):
    user = PostingFactory(organisation=division, role=Role.OFFICIAL).user

    with django_assert_num_queries(2):  # postings, organisations
        user.organisation_ids_on(FROM, Role.OFFICIAL)
    with django_assert_num_queries(0):
        user.organisation_ids_on(FROM, Role.REVIEWER)


@pytest.mark.parametrize(
    ("where", "lead", "responsible", "editable"),
    [
        ("division", "division", None, True),
        ("division", "other_division", None, False),
        ("division", "other_division", "division", True),
        ("bureau", "division", None, True),
        ("bureau", "other_ministry", "division", True),
        ("division", "bureau", None, False),
        ("division", "ministry", "bureau", False),
    ],
    ids=[
        "the lead edits",
        "another division does not",
        "a co-responsible division edits",
        "who is above the lead edits",
        "who is above a co-responsible one edits",
        "who is below the lead does not",
        "who is below a co-responsible one does not",
    ],
)
def test_reports_are_edited_by_the_organisations_that_answer_for_the_programme(
    where, lead, responsible, editable, ministry, bureau, division, other_division
):
    organisations = {
        "ministry": ministry,
        "bureau": bureau,
        "division": division,
        "other_division": other_division,
        "other_ministry": OrganisationFactory(kind=OrganisationKind.MINISTRY),
    }
    programme = ProgrammeFactory(lead=organisations[lead])
    if responsible:
        ProgrammeOrganisationFactory(programme=programme, organisation=organisations[responsible])
    report = ProgressReportFactory(target=OutcomeTargetFactory(programme=programme))
    user = PostingFactory(organisation=organisations[where], role=Role.OFFICIAL).user

    assert list(ProgressReport.objects.editable_by(user, FROM)) == ([report] if editable else [])


def test_report_is_edited_once_also_by_who_answers_for_it_twice(division):
    programme = ProgrammeFactory(lead=division)
    for mark in ("(1)", "(2)"):
        ProgrammeOrganisationFactory(programme=programme, organisation=division, mark=mark)
    report = ProgressReportFactory(target=OutcomeTargetFactory(programme=programme))
    user = PostingFactory(organisation=division, role=Role.OFFICIAL).user

    assert list(ProgressReport.objects.editable_by(user, FROM)) == [report]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_only_officials_edit_reports(role, division):
    ProgressReportFactory(target=OutcomeTargetFactory(programme=ProgrammeFactory(lead=division)))

    assert not ProgressReport.objects.editable_by(PostingFactory(organisation=division, role=role).user, FROM).exists()


def test_reports_are_edited_only_on_the_days_of_the_posting(division):
    ProgressReportFactory(target=OutcomeTargetFactory(programme=ProgrammeFactory(lead=division)))
    user = PostingFactory(organisation=division, role=Role.OFFICIAL, from_on=FROM, to_on=TO).user

    assert ProgressReport.objects.editable_by(user, TO).exists()
    assert not ProgressReport.objects.editable_by(user, date(2027, 4, 1)).exists()
    assert not ProgressReport.objects.editable_by(AnonymousUser(), TO).exists()


def test_who_is_outside_sees_accepted_figures_alone(division):
    accepted, draft = ProgressReportFactory(accepted=True), ProgressReportFactory()

    assert list(ProgressReport.objects.visible_to(AnonymousUser())) == [accepted]
    assert list(ProgressReport.objects.visible_to(UserFactory())) == [accepted]
    assert set(ProgressReport.objects.visible_to(PostingFactory(organisation=division).user)) == {accepted, draft}


# --- Users -------------------------------------------------------------------------------------------------------------------------


def test_history_of_a_user_holds_neither_password_nor_log_in(client):
    user = UserFactory(username="yamada")
    client.force_login(user)
    user.set_password("another long password")
    user.save()

    columns = {field.name for field in User.history.model._meta.get_fields()}
    assert {"password", "last_login"} & columns == set()
    assert [row.history_type for row in user.history.order_by("history_id")] == ["+", "~"]
    assert user.history.latest("history_id").history_change_reason


def test_user_is_called_by_name_else_by_user_name():
    assert str(User(username="yamada", name="山田")) == "山田"
    assert str(User(username="yamada")) == "yamada"
