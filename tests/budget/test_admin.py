"""The admin of organisations, documents and programmes, and what every admin page keeps."""

from datetime import date

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budget.models import BudgetAmount, Organisation, Programme, ProgrammeOrganisation, SourceDocument, SourcePassage
from tests.factories import (
    BudgetAmountFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
)
from tests.forms import errors, page_of, sent

PROGRAMMES = reverse("admin:budget_programme_changelist")


def history_of(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_history", args=(row.pk,))


def message_of(model, name) -> str:
    return next(constraint.violation_error_message for constraint in model._meta.constraints if constraint.name == name)


@pytest.fixture
def programme(division):
    return ProgrammeFactory(lead=division, start_fiscal_year=2020, end_fiscal_year=2024)


# --- Lists --------------------------------------------------------------------------------------------------------------------------

LISTS = [
    (Organisation, lambda lead, n: OrganisationFactory.create_batch(n, parent=lead)),
    (SourceDocument, lambda lead, n: SourceDocumentFactory.create_batch(n)),
    (Programme, lambda lead, n: ProgrammeFactory.create_batch(n, lead=lead, start_fiscal_year=2024)),
    (SourcePassage, lambda lead, n: [SourcePassageFactory(programme=ProgrammeFactory(lead=lead)) for _ in range(n)]),
]


@pytest.mark.parametrize(("model", "rows"), LISTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_list_costs_the_same_for_any_number(as_administrator, division, django_assert_num_queries, model, rows):
    url = reverse(f"admin:budget_{model._meta.model_name}_changelist")
    rows(division, 1)
    with CaptureQueriesContext(connection) as one:
        as_administrator.get(url)
    rows(division, 39)
    with django_assert_num_queries(len(one)):
        assert as_administrator.get(url).status_code == 200


def test_a_list_is_narrowed_to_an_organisation_and_all_below_it(as_administrator, bureau, division):
    ProgrammeFactory(code="below", lead=division)
    ProgrammeFactory(code="elsewhere")
    rows = as_administrator.get(PROGRAMMES, {"organisation": bureau.code}).context["cl"].result_list
    assert [row.code for row in rows] == ["below"]


def test_a_list_is_narrowed_to_a_fiscal_year(as_administrator):
    ProgrammeFactory(code="ends", end_fiscal_year=2024)
    ProgrammeFactory(code="goes-on")
    rows = as_administrator.get(PROGRAMMES, {"end_fiscal_year": "2024"}).context["cl"].result_list
    assert [row.code for row in rows] == ["ends"]


def test_a_list_shows_years_in_both_ways_of_counting(as_administrator, programme):
    assert "令和6年度（2024年度）" in as_administrator.get(PROGRAMMES).content.decode()


def test_a_year_that_is_none_narrows_nothing(as_administrator, programme):
    assert list(as_administrator.get(PROGRAMMES, {"end_fiscal_year": "x"}).context["cl"].result_list) == [programme]


# --- Nothing is deleted -------------------------------------------------------------------------------------------------------------


def test_no_admin_page_and_no_inline_deletes():
    for page in admin.site._registry.values():
        assert not page.has_delete_permission(None)
        assert page.actions in (None, ("accept_selected",), ("confirm_selected",))
        for inline in page.inlines:
            assert not inline.can_delete
            assert not inline(page.model, admin.site).has_delete_permission(None)


def test_the_address_of_a_deletion_is_refused(as_administrator, programme):
    assert as_administrator.post(reverse("admin:budget_programme_delete", args=(programme.pk,)), {"post": "yes"}).status_code == 403
    assert Programme.objects.filter(pk=programme.pk).exists()


# --- Fields that read what people write ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["令和7年度", "R7", "2025", "２０２５年度", "令和7年度（2025年度）"])
def test_a_fiscal_year_is_read_as_people_write_it(as_administrator, programme, text):
    page = as_administrator.get(page_of(programme))
    as_administrator.post(page_of(programme), sent(page, end_fiscal_year=text, change_reason="延長"))
    programme.refresh_from_db()
    assert programme.end_fiscal_year == 2025


def test_what_is_no_fiscal_year_is_refused_with_the_ways_to_write_one(as_administrator, programme):
    page = as_administrator.get(page_of(programme))
    response = as_administrator.post(page_of(programme), sent(page, end_fiscal_year="令和七年ごろ"))
    assert "令和7年度" in errors(response)["end_fiscal_year"][0]
    assert "令和七年ごろ" in response.content.decode()


def test_a_form_shows_a_fiscal_year_in_both_ways_of_counting(as_administrator, programme):
    assert 'value="令和6年度（2024年度）"' in as_administrator.get(page_of(programme)).content.decode()


# --- Constraints speak in the form --------------------------------------------------------------------------------------------------


def test_a_programme_that_ends_before_it_starts_is_refused_in_the_form(as_administrator, programme):
    page = as_administrator.get(page_of(programme))
    response = as_administrator.post(page_of(programme), sent(page, end_fiscal_year="R1", change_reason="短縮"))
    assert errors(response)["__all__"] == [message_of(Programme, "budget_programme_does_not_end_before_it_starts")]


def test_an_amount_that_is_also_printed_as_a_dash_is_refused_in_the_inline(as_administrator, programme):
    page = as_administrator.get(page_of(programme))
    amount = {"fiscal_year": "R6", "stage": "draft", "amount_yen": 1, "no_amount": "dash"}
    response = as_administrator.post(
        page_of(programme), sent(page, **{f"budget_amounts-0-{name}": value for name, value in amount.items()})
    )
    (_responsible, amounts, _predecessors) = response.context["inline_admin_formsets"]
    message = message_of(BudgetAmount, "budget_amount_is_yen_or_says_what_stands_in_its_place")
    assert amounts.formset.forms[0].non_field_errors() == [message]


def test_an_organisation_named_twice_for_an_item_is_refused_in_the_inline(as_administrator, programme, division):
    ProgrammeOrganisationFactory(programme=programme, organisation=division)
    page = as_administrator.get(page_of(programme))
    response = as_administrator.post(page_of(programme), sent(page, **{"responsibilities-1-organisation": division.pk}))
    (responsible, _amounts, _predecessors) = response.context["inline_admin_formsets"]
    message = message_of(ProgrammeOrganisation, "budget_programme_names_an_organisation_once_for_an_item")
    assert responsible.formset.forms[1].non_field_errors() == [message]


def test_a_programme_that_succeeds_itself_is_refused_in_the_inline(as_administrator, programme):
    page = as_administrator.get(page_of(programme))
    response = as_administrator.post(page_of(programme), sent(page, **{"origins-0-predecessor": programme.pk}))
    (_responsible, _amounts, predecessors) = response.context["inline_admin_formsets"]
    assert predecessors.formset.forms[0].non_field_errors()


# --- Every write is told ------------------------------------------------------------------------------------------------------------


def test_a_change_is_told_with_its_reason_and_who_made_it(as_administrator, administrator, programme):
    page = as_administrator.get(page_of(programme))
    as_administrator.post(page_of(programme), sent(page, display_title="新しい名称", change_reason="名称の変更"))
    row = programme.history.latest()
    assert (row.display_title, row.history_user, row.history_change_reason) == ("新しい名称", administrator, "名称の変更")


def test_a_change_without_a_reason_says_that_it_was_entered_here(as_administrator, administrator, programme):
    page = as_administrator.get(page_of(programme))
    as_administrator.post(page_of(programme), sent(page, display_title="新しい名称"))
    row = programme.history.latest()
    assert row.history_user == administrator
    assert row.history_change_reason


def test_rows_of_inlines_are_told_with_the_same_reason(as_administrator, administrator, programme, division):
    page = as_administrator.get(page_of(programme))
    rows = {
        "responsibilities-0-organisation": division.pk,
        "responsibilities-0-position": 1,
        "budget_amounts-0-fiscal_year": "令和6年度",
        "budget_amounts-0-stage": "draft",
        "budget_amounts-0-amount_yen": 120_000_000,
        "origins-0-predecessor": ProgrammeFactory().pk,
    }
    assert as_administrator.post(page_of(programme), sent(page, **rows, change_reason="予算案の公表")).status_code == 302
    for row in (programme.responsibilities.get(), programme.budget_amounts.get(), programme.origins.get()):
        told = row.history.get()
        assert (told.history_user, told.history_change_reason) == (administrator, "予算案の公表")
    assert programme.history.count() == 1


def test_a_new_row_is_told_with_user_and_reason(as_administrator, administrator):
    url = reverse("admin:budget_organisation_add")
    as_administrator.post(url, {"code": "new", "name": "新設課", "kind": "division"})
    row = Organisation.objects.get(code="new").history.get()
    assert row.history_user == administrator
    assert row.history_change_reason


def test_a_form_that_changed_nothing_leaves_no_row_in_the_history(as_administrator, programme):
    as_administrator.post(page_of(programme), sent(as_administrator.get(page_of(programme)), change_reason="確認"))
    assert programme.history.count() == 1


def test_the_period_of_a_programme_moves_only_with_a_reason(as_administrator, programme):
    page = as_administrator.get(page_of(programme))
    assert "change_reason" in errors(as_administrator.post(page_of(programme), sent(page, end_fiscal_year="R8")))
    target = OutcomeTargetFactory(programme=programme, deadline_kind="after_programme", deadline_year=None, deadline_offset_years=1)
    as_administrator.post(page_of(programme), sent(page, end_fiscal_year="R8", change_reason="事業の延長"))
    target.refresh_from_db()
    assert target.due_on == date(2028, 3, 31)
    assert "事業の延長" in target.history.latest().history_change_reason


# --- History pages ------------------------------------------------------------------------------------------------------------------


def test_the_history_page_tells_old_and_new_of_each_field_the_newest_first(as_administrator, administrator, programme):
    page = as_administrator.get(page_of(programme))
    as_administrator.post(page_of(programme), sent(page, end_fiscal_year="R8", change_reason="延長"))
    newest, first = (change for _kind, _name, change in as_administrator.get(history_of(programme)).context["changes"])
    assert [(f.name, f.old, f.new) for f in newest.fields] == [("end_fiscal_year", "令和6年度（2024年度）", "令和8年度（2026年度）")]
    assert (newest.by, newest.reason) == (administrator, "延長")
    assert first.created


def test_the_history_page_tells_of_the_rows_of_inlines(as_administrator, programme, division):
    amount = BudgetAmountFactory(programme=programme)
    amount.amount_yen = 1
    amount.save()
    told = as_administrator.get(history_of(programme)).context["changes"]
    newest = told[0]
    assert newest[1] == str(amount)
    assert [f.new for f in newest[2].fields] == ["1"]


def test_the_history_page_costs_the_same_for_any_number_of_changes(as_administrator, programme, division, django_assert_num_queries):
    def change(times):
        for n in range(times):
            ProgrammeOrganisationFactory(programme=programme, organisation=OrganisationFactory())
            BudgetAmountFactory(programme=programme, fiscal_year=1990 + BudgetAmount.objects.count())
            programme.lead = OrganisationFactory()
            programme.display_title = f"名称{n}"
            programme.save()

    change(1)
    with CaptureQueriesContext(connection) as one:
        as_administrator.get(history_of(programme))
    change(39)
    with django_assert_num_queries(len(one)):
        as_administrator.get(history_of(programme))


def test_the_history_of_a_row_that_is_not_there_leads_to_the_index(as_administrator):
    assert as_administrator.get(reverse("admin:budget_programme_history", args=(0,))).status_code == 302


# --- Roles --------------------------------------------------------------------------------------------------------------------------


def test_the_index_shows_each_role_what_it_can_do(client, official, reviewer, auditor, administrator):
    def can(user):
        client.force_login(user)
        apps = client.get(reverse("admin:index")).context["app_list"]
        rows = [(model["object_name"], model["perms"]) for app in apps for model in app["models"]]
        return {name: "".join(action[0] for action in ("add", "change", "view") if perms[action]) for name, perms in rows}

    budget = dict.fromkeys(
        ("Organisation", "Programme", "SourceDocument", "SourcePassage", "TargetProposal", "ProgrammeMatch", "EntryLock"), "v"
    )
    assert can(official) == {**budget, "OutcomeTarget": "v", "ProgressReport": "acv"}
    assert can(reviewer) == {**budget, "OutcomeTarget": "v", "ProgressReport": "v"}
    accounts = {"User": "v", "Posting": "v", "SentReminder": "v"}
    assert can(auditor) == {**budget, **accounts, "OutcomeTarget": "v", "ProgressReport": "v", "Seal": "v"}
    written = dict.fromkeys(
        ("Organisation", "Programme", "SourceDocument", "SourcePassage", "OutcomeTarget", "EntryLock", "User", "Posting"), "acv"
    )
    assert can(administrator) == {**budget, **written, "ProgressReport": "v", "SentReminder": "v", "Seal": "v"}


def test_who_only_reads_sees_years_in_words_and_is_not_asked_why(client, auditor, programme):
    client.force_login(auditor)
    page = client.get(page_of(programme)).content.decode()
    assert "令和6年度（2024年度）" in page
    assert "change_reason" not in page
    assert client.post(page_of(programme), {"display_title": "x"}).status_code == 403


def test_pages_hold_no_inline_script_or_style(as_administrator, programme):
    for url in (reverse("admin:index"), PROGRAMMES, page_of(programme), history_of(programme)):
        page = as_administrator.get(url).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert page.count("<script") == page.count("<script src=") + page.count("<script id=")


def test_every_input_of_an_inline_has_a_label(as_administrator, programme):
    page = as_administrator.get(page_of(programme))
    for inline in page.context["inline_admin_formsets"]:
        for form in inline.formset.forms:
            assert all(field.is_hidden or field.field.widget.attrs["aria-label"] for field in form)


def test_a_save_is_logged_for_the_front_page(as_administrator, administrator, programme):
    page = as_administrator.get(page_of(programme))
    as_administrator.post(page_of(programme), sent(page, display_title="新しい名称"))
    assert LogEntry.objects.get().user == administrator
