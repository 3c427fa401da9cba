"""The admin of progress reports: entering, submitting, deciding."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kpis.choices import ReportState
from kpis.models import OutcomeTarget, ProgressReport
from tests.factories import OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory
from tests.forms import errors, sent

REPORTS = reverse("admin:kpis_progressreport_changelist")
ADD = reverse("admin:kpis_progressreport_add")


def page_of(report) -> str:
    return reverse("admin:kpis_progressreport_change", args=(report.pk,))


def decision_on(report) -> str:
    return reverse("admin:kpis_progressreport_decide", args=(report.pk,))


@pytest.fixture
def target(division):
    return OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), statement="令和7年度までに採択件数を60件とする。")


@pytest.fixture
def as_official(client, official):
    client.force_login(official)
    return client


@pytest.fixture
def draft(target, official):
    return ProgressReportFactory(target=target, reported_by=official)


@pytest.fixture
def submitted(target, official):
    return ProgressReportFactory(target=target, reported_by=official, submitted=True)


def buttons(response) -> set[str]:
    page = response.content.decode()
    return {name for name in ("_save", "_submit", "_accept", "_return") if f'name="{name}"' in page}


# --- The list -----------------------------------------------------------------------------------------------------------------------


def test_the_list_costs_the_same_for_any_number(as_official, division, django_assert_num_queries):
    def add(number):
        for _n in range(number):
            ProgressReportFactory(target__programme=ProgrammeFactory(lead=division), accepted=True)

    add(1)
    with CaptureQueriesContext(connection) as one:
        as_official.get(REPORTS)
    add(39)
    with django_assert_num_queries(len(one)):
        assert len(as_official.get(REPORTS).context["cl"].result_list) == 40


def test_the_list_is_narrowed_by_organisation_state_and_year(as_official, draft, bureau):
    ProgressReportFactory(fiscal_year=2023, submitted=True)
    for narrowed in ({"organisation": bureau.code}, {"state__exact": "draft"}, {"fiscal_year": "2025"}):
        assert list(as_official.get(REPORTS, narrowed).context["cl"].result_list) == [draft]


# --- Entering -----------------------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_the_target_states_and_the_last_accepted_result(as_official, draft, target):
    ProgressReportFactory(target=target, fiscal_year=2024, value=Decimal(48), accepted=True)
    page = as_official.get(page_of(draft)).content.decode()
    assert target.statement in page
    assert "令和8年3月31日（2026-03-31）" in page
    assert "令和6年度（2024年度）: 48" in page


def test_a_result_that_nobody_accepted_is_not_shown_as_accepted(as_official, draft, target):
    ProgressReportFactory(target=target, fiscal_year=2024, value=Decimal(48))
    assert as_official.get(page_of(draft)).context["earlier"] == ""


def test_a_quantitative_target_asks_for_a_value_in_its_unit_and_a_qualitative_one_for_a_grade(as_official, draft, target):
    form = as_official.get(page_of(draft)).context["adminform"].form
    assert "grade" not in form.fields
    assert "件" in form.fields["value"].label
    graded = ProgressReportFactory(target=OutcomeTargetFactory(programme=target.programme, qualitative=True), value=None, grade=3)
    form = as_official.get(page_of(graded)).context["adminform"].form
    assert "value" not in form.fields
    assert "grade" in form.fields


def test_a_new_report_asks_for_the_year_that_ended_last(as_official, target, time_machine):
    time_machine.move_to(date(2026, 4, 1))
    page = as_official.get(ADD, {"target": target.pk})
    assert page.context["adminform"].form["fiscal_year"].value() == "令和7年度（2025年度）"
    assert target.statement in page.content.decode()


def test_a_new_report_is_told_with_its_author_evidence_and_reason(as_official, official, target):
    page = as_official.get(ADD, {"target": target.pk})
    result = {"fiscal_year": "令和7年度", "value": "65", "evidence-0-citation": "業務統計", "change_reason": "集計が済んだため"}
    response = as_official.post(f"{ADD}?target={target.pk}", sent(page, target=target.pk, **result))
    assert response.status_code == 302
    report = ProgressReport.objects.get()
    assert (report.value, report.reported_by, report.state) == (Decimal(65), official, ReportState.DRAFT)
    for row in (report.history.get(), report.evidence.get().history.get()):
        assert (row.history_user, row.history_change_reason) == (official, "集計が済んだため")


def test_whoever_enters_a_figure_is_its_reporter(as_official, official, target):
    report = ProgressReportFactory(target=target)
    as_official.post(page_of(report), sent(as_official.get(page_of(report)), value="61"))
    report.refresh_from_db()
    assert (report.value, report.reported_by) == (Decimal(61), official)


def test_a_second_report_of_a_year_is_refused_in_the_form(as_official, draft, target):
    page = as_official.get(ADD, {"target": target.pk})
    response = as_official.post(ADD, sent(page, target=target.pk, fiscal_year="R7", value="1", reason="不足"))
    constraint = next(c for c in ProgressReport._meta.constraints if c.name == "kpis_report_is_made_once_for_a_year")
    assert errors(response)["__all__"] == [constraint.violation_error_message]


def test_a_miss_in_the_deadlines_year_asks_for_its_reason(as_official, draft):
    response = as_official.post(page_of(draft), sent(as_official.get(page_of(draft)), value="59"))
    assert "reason" in errors(response)


def test_a_figure_for_the_wrong_kind_is_refused_in_the_form(as_official, target):
    graded = OutcomeTargetFactory(programme=target.programme, qualitative=True)
    response = as_official.post(ADD, sent(as_official.get(ADD), target=graded.pk, fiscal_year="R7", value="1"))
    assert "value" in errors(response)


def test_an_official_of_another_division_reads_and_enters_nothing(client, other_official, draft, target):
    client.force_login(other_official)
    assert buttons(client.get(page_of(draft))) == set()
    assert client.post(page_of(draft), {"value": "1"}).status_code == 403
    response = client.post(ADD, sent(client.get(ADD), target=target.pk, fiscal_year="R7", value="1"))
    assert "target" in errors(response)
    assert client.get(ADD, {"target": target.pk}).context.get("target") is None


@pytest.mark.parametrize("state", ["submitted", "accepted"])
def test_a_report_that_is_submitted_or_accepted_is_only_read(as_official, target, state):
    report = ProgressReportFactory(target=target, **{state: True})
    assert buttons(as_official.get(page_of(report))) == set()
    assert as_official.post(page_of(report), {"value": "1"}).status_code == 403


def test_reviewers_and_auditors_enter_nothing(client, reviewer, auditor, draft):
    for user in (reviewer, auditor):
        client.force_login(user)
        assert client.get(ADD).status_code == 403
        assert client.post(page_of(draft), {"value": "1"}).status_code == 403


# --- Submitting and deciding --------------------------------------------------------------------------------------------------------


def test_a_result_is_saved_and_submitted_at_once(as_official, official, draft):
    page = as_official.get(page_of(draft))
    assert buttons(page) == {"_save", "_submit"}
    as_official.post(page_of(draft), sent(page, value="62", _submit="1"))
    draft.refresh_from_db()
    assert (draft.value, draft.state, draft.submitted_by) == (Decimal(62), ReportState.SUBMITTED, official)


def test_a_new_result_is_submitted_at_once(as_official, target):
    page = as_official.get(ADD, {"target": target.pk})
    as_official.post(ADD, sent(page, target=target.pk, fiscal_year="R7", value="62", _submit="1"))
    assert ProgressReport.objects.get().state == ReportState.SUBMITTED


def test_a_report_without_a_result_is_saved_and_not_submitted(as_official, draft):
    response = as_official.post(
        page_of(draft), sent(as_official.get(page_of(draft)), value="", narrative="集計中", _submit="1"), follow=True
    )
    draft.refresh_from_db()
    assert (draft.narrative, draft.state) == ("集計中", ReportState.DRAFT)
    assert [message.level_tag for message in response.context["messages"]] == ["error"]


def test_a_reviewer_accepts_and_the_figure_counts(client, reviewer, submitted):
    client.force_login(reviewer)
    page = client.get(page_of(submitted))
    assert buttons(page) == {"_accept", "_return"}
    assert f'formaction="{decision_on(submitted)}"' in page.content.decode()
    client.post(decision_on(submitted), {"_accept": "1"})
    submitted.refresh_from_db()
    assert (submitted.state, submitted.accepted_value, submitted.decided_by) == (ReportState.ACCEPTED, Decimal(60), reviewer)
    row = submitted.history.latest()
    assert row.history_user == reviewer
    assert row.history_change_reason


def test_a_reviewer_returns_with_a_note_and_not_without(client, reviewer, submitted):
    client.force_login(reviewer)
    response = client.post(decision_on(submitted), {"_return": "1", "note": " "}, follow=True)
    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    client.post(decision_on(submitted), {"_return": "1", "note": "出典を補うこと"})
    submitted.refresh_from_db()
    assert (submitted.state, submitted.decision_note) == (ReportState.RETURNED, "出典を補うこと")


def test_a_returned_report_is_entered_and_submitted_again(client, official, reviewer, submitted):
    client.force_login(reviewer)
    client.post(decision_on(submitted), {"_return": "1", "note": "出典を補うこと"})
    client.force_login(official)
    page = client.get(page_of(submitted))
    assert "出典を補うこと" in page.content.decode()
    client.post(page_of(submitted), sent(page, value="64", _submit="1"))
    submitted.refresh_from_db()
    assert (submitted.value, submitted.state) == (Decimal(64), ReportState.SUBMITTED)


def test_a_report_that_was_decided_meanwhile_gives_a_message(client, reviewer, submitted):
    client.force_login(reviewer)
    client.post(decision_on(submitted), {"_accept": "1"})
    response = client.post(decision_on(submitted), {"_accept": "1"}, follow=True)
    assert [message.level_tag for message in response.context["messages"]][-1] == "error"


def test_only_reviewers_decide_and_only_by_a_button(client, official, auditor, administrator, reviewer, submitted):
    for user in (official, auditor, administrator):
        client.force_login(user)
        assert client.post(decision_on(submitted), {"_accept": "1"}).status_code == 403
    client.force_login(reviewer)
    assert client.get(decision_on(submitted)).status_code == 405
    submitted.refresh_from_db()
    assert submitted.state == ReportState.SUBMITTED


def test_an_accepted_result_takes_the_target_off_the_overdue_list(client, official, reviewer, target, time_machine):
    time_machine.move_to(date(2026, 9, 1))
    assert target in OutcomeTarget.objects.overdue(date(2026, 9, 1))
    client.force_login(official)
    page = client.get(ADD, {"target": target.pk})
    client.post(ADD, sent(page, target=target.pk, fiscal_year="R7", value="62", _submit="1"))
    client.force_login(reviewer)
    client.post(decision_on(ProgressReport.objects.get()), {"_accept": "1"})
    assert target not in OutcomeTarget.objects.overdue(date(2026, 9, 1))


def test_the_history_page_tells_each_step_with_who_took_it(client, official, reviewer, draft):
    client.force_login(official)
    client.post(page_of(draft), sent(client.get(page_of(draft)), value="62", _submit="1", **{"evidence-0-citation": "業務統計"}))
    client.force_login(reviewer)
    client.post(decision_on(draft), {"_accept": "1"})
    told = client.get(reverse("admin:kpis_progressreport_history", args=(draft.pk,))).context["changes"]
    assert [change.by for _kind, _name, change in told] == [reviewer, official, official, official, None]
    assert all(change.reason for _kind, _name, change in told[:-1])
