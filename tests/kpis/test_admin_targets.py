"""The admin of outcome targets."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kpis.choices import Status
from kpis.models import OutcomeTarget, TargetLink, YearlyMilestone
from tests.factories import OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory, SourcePassageFactory, YearlyMilestoneFactory
from tests.forms import errors, page_of, sent

TARGETS = reverse("admin:kpis_outcometarget_changelist")
AUTOCOMPLETE = reverse("admin:autocomplete")


def message_of(model, name) -> str:
    return next(constraint.violation_error_message for constraint in model._meta.constraints if constraint.name == name)


@pytest.fixture
def target(division):
    return OutcomeTargetFactory(programme=ProgrammeFactory(lead=division, start_fiscal_year=2020), deadline_year=2020)


def test_the_list_costs_the_same_for_any_number(as_administrator, division, django_assert_num_queries):
    def add(number):
        for _n in range(number):
            target = OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2020)
            ProgressReportFactory(target=target, fiscal_year=2020, accepted=True)

    add(1)
    with CaptureQueriesContext(connection) as one:
        as_administrator.get(TARGETS)
    add(39)
    with django_assert_num_queries(len(one)):
        assert len(as_administrator.get(TARGETS).context["cl"].result_list) == 40


def test_the_list_shows_each_target_with_its_status_of_today(as_administrator, target):
    (row,) = as_administrator.get(TARGETS).context["cl"].result_list
    assert row.status == Status.UNREPORTED
    assert f'class="chip chip-{Status.UNREPORTED}"' in as_administrator.get(TARGETS).content.decode()


def test_the_list_is_narrowed_by_organisation_term_and_year_of_the_deadline(as_administrator, target, bureau):
    OutcomeTargetFactory(deadline_year=2021, term="short")
    for narrowed in ({"organisation": bureau.code}, {"term__exact": "unstated"}, {"due_fy": "2020"}):
        assert list(as_administrator.get(TARGETS, narrowed).context["cl"].result_list) == [target]


def test_the_list_is_searched_by_the_beginning_of_a_code(as_administrator, target):
    OutcomeTargetFactory(code="another")
    for begins in (target.code[:6], target.programme.code):
        assert list(as_administrator.get(TARGETS, {"q": begins}).context["cl"].result_list) == [target]


def test_terms_change_only_with_a_reason(as_administrator, target):
    page = as_administrator.get(page_of(target))
    assert "change_reason" in errors(as_administrator.post(page_of(target), sent(page, value="70")))
    as_administrator.post(page_of(target), sent(page, value="70", change_reason="計画の見直し"))
    target.refresh_from_db()
    assert target.value == Decimal(70)
    assert target.history.latest().history_change_reason == "計画の見直し"


@pytest.mark.parametrize("field", OutcomeTarget.TERMS)
def test_every_term_asks_for_a_reason(field):
    from kpis.admin.targets import TargetForm

    assert field in TargetForm.reasoned


def test_a_note_changes_without_a_reason(as_administrator, administrator, target):
    page = as_administrator.get(page_of(target))
    assert as_administrator.post(page_of(target), sent(page, note="要確認")).status_code == 302
    row = target.history.latest()
    assert (row.note, row.history_user) == ("要確認", administrator)
    assert row.history_change_reason


def test_a_new_target_needs_no_reason_and_resolves_its_last_day(as_administrator, target):
    url = reverse("admin:kpis_outcometarget_add")
    stated = {
        "code": "new",
        "programme": target.programme_id,
        "kind": "quantitative",
        "statement": "令和12年までに50件",
        "indicator": "件数",
        "comparator": "at_least",
        "accumulation": "level",
        "value": "50",
        "deadline_kind": "calendar_year",
        "deadline_year": "R12",
    }
    assert as_administrator.post(url, sent(as_administrator.get(url), **stated)).status_code == 302
    new = OutcomeTarget.objects.get(code="new")
    assert new.due_on == date(2030, 12, 31)
    assert 'value="令和12年（2030年）"' in as_administrator.get(page_of(new)).content.decode()


def test_figures_are_shown_as_they_were_written(as_administrator, target):
    assert as_administrator.get(page_of(target)).context["adminform"].form["value"].value() == "60"


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"value": ""}, "kpis_target_has_what_its_kind_is_judged_by_and_nothing_else"),
        ({"value_max": "70"}, "kpis_target_has_upper_value_only_within_a_range"),
        ({"baseline_value": "70"}, "kpis_target_baseline_has_both_value_and_year"),
        ({"deadline_year": ""}, "kpis_target_states_the_parts_that_its_kind_of_deadline_needs"),
        ({"deadline_event_on": "R7.4.1"}, "kpis_target_has_an_event_only_where_its_deadline_counts_from_it"),
    ],
)
def test_what_a_target_must_hold_is_said_in_the_form(as_administrator, target, changes, constraint):
    page = as_administrator.get(page_of(target))
    response = as_administrator.post(page_of(target), sent(page, **changes, change_reason="試し"))
    assert message_of(OutcomeTarget, constraint) in errors(response)["__all__"]


def test_parts_that_give_no_last_day_are_refused_in_the_form(as_administrator, target):
    page = as_administrator.get(page_of(target))
    event = {"deadline_kind": "after_event", "deadline_year": "", "deadline_event_on": "R7.4.1", "deadline_offset_years": "30000"}
    response = as_administrator.post(page_of(target), sent(page, **event, change_reason="試し"))
    assert "deadline_offset_years" in errors(response)


def test_milestones_and_links_are_told_with_user_and_reason(as_administrator, administrator, target):
    later = OutcomeTargetFactory(programme=target.programme)
    page = as_administrator.get(page_of(target))
    rows = {"milestones-0-fiscal_year": "R1", "milestones-0-value": "40", "leads_to-0-to_target": later.pk}
    assert as_administrator.post(page_of(target), sent(page, **rows, change_reason="見直し")).status_code == 302
    for row in (YearlyMilestone.objects.get(), TargetLink.objects.get()):
        told = row.history.get()
        assert (told.history_user, told.history_change_reason) == (administrator, "見直し")


def test_a_link_to_itself_or_to_another_programme_is_refused(as_administrator, target):
    page = as_administrator.get(page_of(target))

    def said(to_target):
        response = as_administrator.post(page_of(target), sent(page, **{"leads_to-0-to_target": to_target.pk}))
        return response.context["inline_admin_formsets"][1].formset.forms[0].errors

    assert said(target)["__all__"] == [message_of(TargetLink, "kpis_target_does_not_lead_to_itself")]
    assert "to_target" in said(OutcomeTargetFactory())


def test_a_milestone_of_the_deadlines_year_equals_the_target(as_administrator, target):
    page = as_administrator.get(page_of(target))
    response = as_administrator.post(page_of(target), sent(page, **{"milestones-0-fiscal_year": "R2", "milestones-0-value": "40"}))
    assert "value" in response.context["inline_admin_formsets"][0].formset.forms[0].errors


def test_an_official_reads_a_target_and_changes_none(client, official, target):
    client.force_login(official)
    page = client.get(page_of(target))
    assert "令和2年度（2020年度）" in page.content.decode()
    assert client.post(page_of(target), {"value": "1"}).status_code == 403


def test_an_official_is_offered_to_report_on_own_targets(client, official, other_official, target):
    link = reverse("admin:kpis_progressreport_add") + f"?target={target.pk}"
    client.force_login(official)
    assert link in client.get(page_of(target)).content.decode()
    client.force_login(other_official)
    assert link not in client.get(page_of(target)).content.decode()


# --- Withdrawal ---------------------------------------------------------------------------------------------------------------------


def withdrawal_of(target) -> str:
    return reverse("admin:kpis_outcometarget_withdraw", args=(target.pk,))


def test_a_target_is_withdrawn_with_a_reason_and_leaves_the_list(as_administrator, administrator, target):
    assert as_administrator.get(withdrawal_of(target)).status_code == 200
    as_administrator.post(withdrawal_of(target), {"reason": "事業の見直しにより取下げ"})
    target.refresh_from_db()
    assert (target.withdrawn_by, target.withdrawal_reason) == (administrator, "事業の見直しにより取下げ")
    row = target.history.latest()
    assert (row.history_user, row.history_change_reason) == (administrator, "事業の見直しにより取下げ")
    assert not as_administrator.get(TARGETS).context["cl"].result_list


def test_a_withdrawal_without_a_reason_is_refused(as_administrator, target):
    assert as_administrator.post(withdrawal_of(target), {"reason": " "}).context["form"].errors
    target.refresh_from_db()
    assert target.withdrawn_at is None


def test_a_withdrawn_target_is_read_and_changed_no_more(as_administrator, target):
    as_administrator.post(withdrawal_of(target), {"reason": "取下げ"})
    assert as_administrator.get(page_of(target)).status_code == 200
    assert as_administrator.get(reverse("admin:kpis_outcometarget_history", args=(target.pk,))).status_code == 200
    assert as_administrator.post(page_of(target), {}).status_code == 403
    again = as_administrator.post(withdrawal_of(target), {"reason": "再度"}, follow=True)
    assert [message.level_tag for message in again.context["messages"]] == ["error"]
    target.refresh_from_db()
    assert target.withdrawal_reason == "取下げ"


def test_only_administrators_withdraw(client, official, reviewer, auditor, target):
    for user in (official, reviewer, auditor):
        client.force_login(user)
        assert client.post(withdrawal_of(target), {"reason": "x"}).status_code == 403


# --- What fields offer --------------------------------------------------------------------------------------------------------------


def offered(client, **field) -> set[str]:
    found = client.get(AUTOCOMPLETE, {"app_label": "kpis", "term": "", **field}).json()["results"]
    return {row["id"] for row in found}


def test_a_link_is_offered_standing_targets_alone(as_administrator, administrator, target):
    withdrawn = OutcomeTargetFactory()
    as_administrator.post(withdrawal_of(withdrawn), {"reason": "取下げ"})
    assert offered(as_administrator, model_name="targetlink", field_name="to_target") == {str(target.pk)}


# --- History ------------------------------------------------------------------------------------------------------------------------


def test_the_history_page_tells_old_and_new_in_words(as_administrator, administrator, target):
    page = as_administrator.get(page_of(target))
    as_administrator.post(page_of(target), sent(page, value="70", deadline_year="R3", change_reason="見直し"))
    told = as_administrator.get(reverse("admin:kpis_outcometarget_history", args=(target.pk,))).context["changes"]
    newest = {field.name: (field.old, field.new) for field in told[0][2].fields}
    assert newest["value"] == ("60", "70")
    assert newest["deadline_year"] == ("令和2年度（2020年度）", "令和3年度（2021年度）")


def test_the_history_page_costs_the_same_for_any_number_of_changes(as_administrator, target, django_assert_num_queries):
    url = reverse("admin:kpis_outcometarget_history", args=(target.pk,))

    def change(times):
        for _n in range(times):
            YearlyMilestoneFactory(target=target, fiscal_year=1990 + target.milestones.count())
            TargetLink.objects.create(from_target=target, to_target=OutcomeTargetFactory(programme=target.programme))
            target.passage = SourcePassageFactory()
            target.save()

    change(1)
    with CaptureQueriesContext(connection) as one:
        as_administrator.get(url)
    change(39)
    with django_assert_num_queries(len(one)):
        assert as_administrator.get(url).status_code == 200
