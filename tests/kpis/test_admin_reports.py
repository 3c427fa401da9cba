"""The admin of progress reports: entering, submitting, deciding."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from kpis import workflow
from kpis.admin.entry import ReportForm
from kpis.choices import DeadlineKind, ReportState, Status
from kpis.models import OutcomeTarget, ProgressReport
from tests.factories import OutcomeTargetFactory, PostingFactory, ProgrammeFactory, ProgressReportFactory, YearlyMilestoneFactory
from tests.forms import errors, page_of, sent

REPORTS = reverse("admin:kpis_progressreport_changelist")
ADD = reverse("admin:kpis_progressreport_add")


def step_of(report, code) -> str:
    return reverse("admin:kpis_progressreport_step", args=(report.pk, code))


@pytest.fixture
def target(division):
    return OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), statement="令和7年度までに採択件数を60件とする。")


@pytest.fixture
def draft(target, official):
    return ProgressReportFactory(target=target, reported_by=official)


@pytest.fixture
def submitted(target, official):
    return ProgressReportFactory(target=target, reported_by=official, submitted=True)


def buttons(response) -> set[str]:
    """The buttons of the form by their names, and those of the steps by the step."""
    page = response.content.decode()
    named = {name for name in ("_save", "_submit", "_preview", "_continue", "_addanother") if f'name="{name}"' in page}
    return named | set(re.findall(r'formaction="[^"]*/steps/([a-z-]+)/"', page))


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


def entry_of(target, **more) -> str:
    return reverse("admin:kpis_progressreport_add", query={"target": target.pk, **more})


def test_the_page_shows_what_the_target_states_and_all_results_so_far(as_official, draft, target):
    YearlyMilestoneFactory(target=target, fiscal_year=2024, value=Decimal(45))
    ProgressReportFactory(target=target, fiscal_year=2023, value=Decimal(31), accepted=True)
    ProgressReportFactory(target=target, fiscal_year=2024, value=Decimal(48), accepted=True)
    response = as_official.get(page_of(draft))
    page = response.content.decode()
    for told in (target.statement, "令和8年3月31日（2026-03-31）", "令和6年度（2024年度）: 45件"):
        assert told in page
    assert [(result.report.fiscal_year, result.figure) for result in response.context["results"]] == [(2023, "31件"), (2024, "48件")]


def test_a_quantitative_target_asks_for_a_value_in_its_unit_and_a_qualitative_one_for_a_grade(as_official, draft, target):
    form = as_official.get(page_of(draft)).context["adminform"].form
    assert "grade" not in form.fields
    assert "件" in form.fields["value"].label
    graded = ProgressReportFactory(target=OutcomeTargetFactory(programme=target.programme, qualitative=True), value=None, grade=3)
    form = as_official.get(page_of(graded)).context["adminform"].form
    assert "value" not in form.fields
    assert "grade" in form.fields


def test_every_field_has_help_beside_it(as_official, target):
    page = as_official.get(entry_of(target))
    asked = page.context["adminform"].form.visible_fields()
    evidence = page.context["inline_admin_formsets"][0].formset.forms[0].visible_fields()
    assert {field.name for field in asked} >= {"fiscal_year", "value", "measured_on", "preliminary", "narrative", "reason"}
    assert [field.name for field in (*asked, *evidence) if not field.help_text] == []


@pytest.mark.parametrize(
    ("today", "year"),
    [
        ("2026-03-31", "令和6年度（2024年度）"),
        ("2026-04-01", "令和7年度（2025年度）"),
        ("2027-04-01", "令和7年度（2025年度）"),  # the deadline's year
    ],
)
def test_a_new_report_is_of_the_year_that_is_asked_for(client, official, target, time_machine, today, year):
    time_machine.move_to(f"{today} 10:00+09:00", tick=False)
    client.force_login(official)
    page = client.get(entry_of(target))
    assert page.context["adminform"].form["fiscal_year"].value() == year
    assert target.statement in page.content.decode()


def test_a_new_report_is_of_the_year_that_the_address_names(as_official, target):
    form = as_official.get(entry_of(target, fiscal_year=2023)).context["adminform"].form
    assert form["fiscal_year"].value() == "令和5年度（2023年度）"


def test_a_year_that_is_reported_already_opens_its_report(as_official, draft, target):
    assert as_official.get(entry_of(target, fiscal_year=2025)).headers["Location"] == page_of(draft)


def test_who_names_no_target_is_led_to_the_work_to_choose_one(as_official):
    assert as_official.get(ADD).headers["Location"] == reverse("kpis:work")


@pytest.mark.parametrize("named", ["0", "x", "9999999"])
def test_a_target_that_is_none_is_not_found(as_official, named):
    assert as_official.get(ADD, {"target": named}).status_code == 404


def test_nothing_is_entered_for_a_withdrawn_target(as_official, administrator, target):
    workflow.withdraw(target, by=administrator, reason="取下げ")
    assert as_official.get(entry_of(target)).status_code == 404


def test_a_report_on_a_target_that_was_withdrawn_is_only_read(as_official, administrator, draft):
    workflow.withdraw(draft.target, by=administrator, reason="取下げ")
    assert buttons(as_official.get(page_of(draft))) == set()
    assert as_official.post(page_of(draft), {"value": "1"}).status_code == 403


def test_a_new_report_is_told_with_its_author_and_evidence(as_official, official, target):
    page = as_official.get(entry_of(target))
    result = {"fiscal_year": "令和7年度", "value": "65", "evidence-0-citation": "業務統計"}
    response = as_official.post(entry_of(target), sent(page, **result))
    report = ProgressReport.objects.get()
    assert response.headers["Location"] == page_of(report)
    assert (report.target, report.value, report.reported_by, report.state) == (target, Decimal(65), official, ReportState.DRAFT)
    for row in (report.history.get(), report.evidence.get().history.get()):
        assert row.history_user == official
        assert row.history_change_reason


def test_whoever_enters_a_figure_is_its_reporter(as_official, official, target):
    report = ProgressReportFactory(target=target)
    as_official.post(page_of(report), sent(as_official.get(page_of(report)), value="61"))
    report.refresh_from_db()
    assert (report.value, report.reported_by) == (Decimal(61), official)


def test_zero_is_entered_and_is_not_blank(as_official, draft):
    as_official.post(page_of(draft), sent(as_official.get(page_of(draft)), value="0", reason="着手が遅れたため"))
    draft.refresh_from_db()
    assert draft.value == 0


@pytest.mark.parametrize("written", ["６５", "65.0", " 65 ", "65．0"])
def test_a_figure_is_read_as_people_write_it(as_official, draft, written):
    as_official.post(page_of(draft), sent(as_official.get(page_of(draft)), value=written))
    draft.refresh_from_db()
    assert draft.value == Decimal(65)


@pytest.mark.parametrize("written", ["1,25", "1250,", ",125", "65件", "NaN", "1e3x", "1e3", "1_000", "٣", "--5", "5①", "²"])
def test_what_is_no_figure_is_refused(as_official, draft, written):
    assert "value" in errors(as_official.post(page_of(draft), sent(as_official.get(page_of(draft)), value=written)))


@pytest.mark.parametrize("written", ["▲1250", "△1,250", "−１，２５０", "-1　250", " －1250.0"])
def test_a_figure_below_zero_is_read_as_tables_of_the_government_print_it(as_official, draft, written):
    as_official.post(page_of(draft), sent(as_official.get(page_of(draft)), value=written, reason="減少したため"))
    draft.refresh_from_db()
    assert draft.value == Decimal(-1250)


def test_a_figure_with_commas_is_read(as_official, target):
    large = OutcomeTargetFactory(programme=target.programme, value=Decimal(1_250_000), deadline_year=2040)
    report = ProgressReportFactory(target=large)
    as_official.post(page_of(report), sent(as_official.get(page_of(report)), value="１，２３４，５００．５"))
    report.refresh_from_db()
    assert report.value == Decimal("1234500.5")


def test_a_second_report_of_a_year_is_refused_in_the_form(as_official, target):
    page = as_official.get(entry_of(target))
    ProgressReportFactory(target=target, fiscal_year=2025)
    response = as_official.post(entry_of(target), sent(page, fiscal_year="R7", value="1", reason="不足"))
    constraint = next(c for c in ProgressReport._meta.constraints if c.name == "kpis_report_is_made_once_for_a_year")
    assert errors(response)["__all__"] == [constraint.violation_error_message]


def test_a_miss_in_the_deadlines_year_is_kept_as_a_draft_and_submitted_with_its_reason(as_official, draft):
    def send(**more):
        return as_official.post(page_of(draft), sent(as_official.get(page_of(draft)), value="59", **more))

    assert send().status_code == 302
    assert "reason" in errors(send(_submit="1"))
    assert send(_submit="1", reason="公募の時期を見直したため。").status_code == 302
    draft.refresh_from_db()
    assert draft.state == ReportState.SUBMITTED


@pytest.mark.parametrize(
    ("today", "entered", "refused"),
    [
        ("2026-03-31", {"fiscal_year": "R7"}, "measured_on"),  # the year ends today
        ("2026-03-31", {"fiscal_year": "R7", "measured_on": "R7.12.31"}, None),
        ("2026-04-01", {"fiscal_year": "R7"}, None),
        ("2026-04-01", {"fiscal_year": "R9"}, "fiscal_year"),
        ("2026-04-01", {"fiscal_year": "R7", "measured_on": "R8.4.1"}, None),
        ("2026-04-01", {"fiscal_year": "R7", "measured_on": "R8.4.2"}, "measured_on"),
        ("2026-04-01", {"fiscal_year": "R7", "measured_on": "R7.4.1"}, None),
        ("2026-04-01", {"fiscal_year": "R7", "measured_on": "R7.3.31"}, "measured_on"),  # a slip of one year
    ],
)
def test_a_result_that_cannot_be_known_yet_is_refused(as_official, target, time_machine, today, entered, refused):
    time_machine.move_to(f"{today} 10:00+09:00", tick=False)
    page = as_official.get(entry_of(target))
    response = as_official.post(entry_of(target), sent(page, value="65", **entered))
    assert ([refused] if refused else []) == (list(errors(response)) if response.status_code == 200 else [])


def test_an_official_of_another_division_reads_and_enters_nothing(client, other_official, draft, target):
    client.force_login(other_official)
    assert buttons(client.get(page_of(draft))) == set()
    assert client.post(page_of(draft), {"value": "1"}).status_code == 403
    assert client.get(entry_of(target)).status_code == 403
    assert client.post(entry_of(target), {"fiscal_year": "R7", "value": "1"}).status_code == 403


@pytest.mark.parametrize("state", ["submitted", "accepted"])
def test_a_report_that_is_submitted_or_accepted_is_only_read(as_official, target, state):
    report = ProgressReportFactory(target=target, **{state: True})
    assert not buttons(as_official.get(page_of(report))) & {"_save", "_submit", "_preview"}
    assert as_official.post(page_of(report), {"value": "1"}).status_code == 403


def test_reviewers_and_auditors_enter_nothing(client, reviewer, auditor, draft, target):
    for user in (reviewer, auditor):
        client.force_login(user)
        assert client.get(entry_of(target)).status_code == 403
        assert client.post(page_of(draft), {"value": "1"}).status_code == 403


# --- What is asked once -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def assumed(target):
    target.comparator_assumed = target.accumulation_assumed = True
    target.save()
    return target


def test_what_is_assumed_is_asked_and_no_draft_is_saved_without_an_answer(as_official, assumed):
    page = as_official.get(entry_of(assumed))
    assert page.context["adminform"].form["comparator"].value() is None
    response = as_official.post(entry_of(assumed), sent(page, value="65"))
    assert set(errors(response)) == {"comparator", "accumulation"}
    assert not ProgressReport.objects.exists()


def test_an_answer_settles_what_was_assumed_and_stands_in_the_history(as_official, official, assumed):
    page = as_official.get(entry_of(assumed))
    as_official.post(entry_of(assumed), sent(page, value="65", comparator="at_least", accumulation="running_total"))
    assumed.refresh_from_db()
    assert (assumed.comparator_assumed, assumed.accumulation_assumed) == (False, False)
    assert (assumed.comparator, assumed.accumulation) == ("at_least", "running_total")
    told = assumed.history.latest("history_date", "history_id")
    assert told.history_user == official
    assert "令和7年度（2025年度）" in told.history_change_reason
    assert "comparator" not in as_official.get(page_of(ProgressReport.objects.get())).context["adminform"].form.fields


def test_who_does_not_know_leaves_it_assumed(as_official, assumed):
    page = as_official.get(entry_of(assumed))
    as_official.post(entry_of(assumed), sent(page, value="65", comparator="not_known", accumulation="level"))
    assumed.refresh_from_db()
    assert (assumed.comparator_assumed, assumed.accumulation_assumed) == (True, False)


def test_what_was_asked_when_a_report_was_begun_may_be_answered_later(as_official, assumed):
    page = as_official.get(entry_of(assumed))
    as_official.post(entry_of(assumed), sent(page, value="65", comparator="not_known", accumulation="not_known"))
    report = ProgressReport.objects.get()
    as_official.post(page_of(report), sent(as_official.get(page_of(report)), value="66"))
    report.refresh_from_db()
    assert report.value == 66
    as_official.post(page_of(report), sent(as_official.get(page_of(report)), accumulation="level"))
    assumed.refresh_from_db()
    assert (assumed.comparator_assumed, assumed.accumulation_assumed) == (True, False)


def test_whether_a_reason_is_needed_is_judged_by_the_answer(as_official, assumed):
    page = as_official.get(entry_of(assumed))
    answers = {"value": "65", "comparator": "at_most", "accumulation": "level", "_submit": "1"}
    assert "reason" in errors(as_official.post(entry_of(assumed), sent(page, **answers)))


def test_the_event_that_a_deadline_counts_from_is_recorded_with_a_result(as_official, target, time_machine):
    time_machine.move_to("2026-04-01 10:00+09:00", tick=False)
    event = {"deadline_kind": "after_event", "deadline_year": None, "deadline_offset_years": 3}
    waiting = OutcomeTargetFactory(programme=target.programme, **event)
    page = as_official.get(entry_of(waiting))
    refused = as_official.post(entry_of(waiting), sent(page, value="1", deadline_event_on="R8.4.2"))
    assert list(errors(refused)) == ["deadline_event_on"]
    as_official.post(entry_of(waiting), sent(page, value="1", deadline_event_on="R6.10.1"))
    waiting.refresh_from_db()
    assert waiting.due_on == date(2027, 10, 1)


def test_what_a_colleague_settled_meanwhile_is_told_and_not_overwritten(as_official, official, assumed):
    page = as_official.get(entry_of(assumed))
    workflow.settle(assumed, by=official, reason="要綱による", comparator="at_least", accumulation="running_total")
    response = as_official.post(entry_of(assumed), sent(page, value="65", comparator="at_most", accumulation="level"))
    assert len(errors(response)["__all__"]) == 2
    assert response.context["adminform"].form["value"].value() == "65"
    assert not ProgressReport.objects.exists()
    assert as_official.post(entry_of(assumed), sent(response)).status_code == 302
    assumed.refresh_from_db()
    assert (assumed.comparator, assumed.accumulation) == ("at_least", "running_total")


def test_which_way_is_better_is_not_asked_of_a_range(as_official, target):
    ranged = OutcomeTargetFactory(programme=target.programme, comparator="within", value_max=Decimal(70), comparator_assumed=True)
    assert "comparator" not in as_official.get(entry_of(ranged)).context["adminform"].form.fields


def test_not_knowing_changes_no_report(as_official, assumed):
    report = ProgressReportFactory(target=assumed)
    before = report.history.count()
    as_official.post(page_of(report), sent(as_official.get(page_of(report)), comparator="not_known", accumulation="not_known"))
    assert report.history.count() == before


def test_who_was_overtaken_is_not_told_that_somebody_settled_what_nobody_did(as_official, target, monkeypatch):
    """Somebody entered the year's result between check and save. The second look begins with the target as it stands."""
    OutcomeTarget.objects.filter(pk=target.pk).update(
        deadline_kind=DeadlineKind.AFTER_EVENT, deadline_year=None, deadline_offset_years=2, due_on=None, due_fy=None
    )
    enter, calls = ReportForm.enter, []

    def overtaken(form, **options):
        calls.append(form)
        if len(calls) == 1:
            raise IntegrityError
        return enter(form, **options)

    monkeypatch.setattr(ReportForm, "enter", overtaken)
    answered = sent(as_official.get(entry_of(target)), value="50", deadline_event_on="2024-03-31")
    response = as_official.post(entry_of(target), answered)
    assert (response.status_code, len(calls)) == (302, 2)
    target.refresh_from_db()
    assert target.deadline_event_on == date(2024, 3, 31)


def test_who_begins_the_same_report_second_is_led_to_the_first(as_official, target):
    page = as_official.get(entry_of(target, fiscal_year=2025))
    first = ProgressReportFactory(target=target, fiscal_year=2025, value=Decimal(12))
    response = as_official.post(entry_of(target, fiscal_year=2025), sent(page, value="66", narrative="集計した。"))
    assert errors(response)
    assert f'href="{page_of(first)}"' in response.text
    assert response.context["adminform"].form["narrative"].value() == "集計した。"
    assert first.pk not in [result.report.pk for result in response.context["results"]]


# --- What a figure would give -------------------------------------------------------------------------------------------------------


def test_a_preview_argues_with_the_day_on_which_results_are_due_here(as_official, draft, time_machine, settings):
    settings.SEIKA_RESULTS_DUE = (6, 30)
    time_machine.move_to("2026-07-15 12:00+09:00", tick=False)
    response = as_official.post(page_of(draft), sent(as_official.get(page_of(draft)), value="1", preliminary="on", _preview="1"))
    assert "2026-06-30" in response.context["preview"].why
    assert "2026-08-31" not in response.context["preview"].why


def test_a_preview_tells_attainment_and_status_and_saves_nothing(as_official, draft, time_machine):
    time_machine.move_to("2026-04-01 10:00+09:00", tick=False)
    before = ProgressReport.history.count()
    response = as_official.post(page_of(draft), sent(as_official.get(page_of(draft)), value="66", _preview="1"))
    preview = response.context["preview"]
    assert (preview.figure, preview.attainment, preview.target.status) == ("66件", Decimal("110.0"), Status.ACHIEVED)
    assert not preview.target.under_correction
    assert response.context["adminform"].form["value"].value() == "66"
    assert errors(response) == {}
    draft.refresh_from_db()
    assert (draft.value, draft.accepted_value, ProgressReport.history.count()) == (60, None, before)


def test_a_preview_of_a_new_report_makes_none(as_official, target, time_machine):
    time_machine.move_to("2026-04-01 10:00+09:00", tick=False)
    page = as_official.get(entry_of(target))
    response = as_official.post(entry_of(target), sent(page, value="30", _preview="1"))
    assert response.context["preview"].target.status == Status.MISSED
    assert not ProgressReport.objects.exists()


def test_a_preview_of_what_cannot_be_read_tells_the_errors(as_official, draft):
    response = as_official.post(page_of(draft), sent(as_official.get(page_of(draft)), value="たくさん", _preview="1"))
    assert response.context["preview"] is None
    assert "value" in errors(response)


# --- Submitting and deciding --------------------------------------------------------------------------------------------------------


def take(client, report, step, shown=None, **more):
    """Press the button of a step on the page of a report."""
    shown = shown or client.get(page_of(report))
    return client.post(step_of(report, step), {"version": shown.context["version"], **more}, follow=True)


def levels(response) -> list[str]:
    return [message.level_tag for message in response.context["messages"]]


def test_a_result_is_saved_and_submitted_at_once(as_official, official, draft):
    page = as_official.get(page_of(draft))
    assert buttons(page) == {"_save", "_submit", "_preview", "take-down"}
    response = as_official.post(page_of(draft), sent(page, value="62", _submit="1"), follow=True)
    assert response.redirect_chain[-1][0] == reverse("kpis:work")
    assert levels(response) == ["success"]
    draft.refresh_from_db()
    assert (draft.value, draft.state, draft.submitted_by) == (Decimal(62), ReportState.SUBMITTED, official)


def test_a_new_result_is_submitted_at_once(as_official, target):
    page = as_official.get(entry_of(target))
    as_official.post(entry_of(target), sent(page, fiscal_year="R7", value="62", _submit="1"))
    assert ProgressReport.objects.get().state == ReportState.SUBMITTED


def test_a_report_without_a_result_is_saved_and_not_submitted(as_official, draft):
    response = as_official.post(
        page_of(draft), sent(as_official.get(page_of(draft)), value="", narrative="集計中", _submit="1"), follow=True
    )
    draft.refresh_from_db()
    assert (draft.narrative, draft.state) == ("集計中", ReportState.DRAFT)
    assert levels(response) == ["error"]


def test_a_reviewer_accepts_and_the_figure_counts(client, reviewer, submitted):
    client.force_login(reviewer)
    page = client.get(page_of(submitted))
    assert buttons(page) == {"accept", "return"}
    take(client, submitted, "accept", page)
    submitted.refresh_from_db()
    assert (submitted.state, submitted.accepted_value, submitted.decided_by) == (ReportState.ACCEPTED, Decimal(60), reviewer)
    row = submitted.history.latest()
    assert row.history_user == reviewer
    assert row.history_change_reason


def test_a_reviewer_returns_with_a_note_and_not_without(client, reviewer, submitted):
    client.force_login(reviewer)
    assert levels(take(client, submitted, "return", reason=" ")) == ["error"]
    take(client, submitted, "return", reason="出典を補うこと")
    submitted.refresh_from_db()
    assert (submitted.state, submitted.decision_note) == (ReportState.RETURNED, "出典を補うこと")


def test_a_returned_report_is_entered_and_submitted_again(client, official, reviewer, submitted):
    client.force_login(reviewer)
    take(client, submitted, "return", reason="出典を補うこと")
    client.force_login(official)
    page = client.get(page_of(submitted))
    assert "出典を補うこと" in page.content.decode()
    client.post(page_of(submitted), sent(page, value="64", _submit="1"))
    submitted.refresh_from_db()
    assert (submitted.value, submitted.state) == (Decimal(64), ReportState.SUBMITTED)


def test_its_author_recalls_a_submitted_report(client, official, submitted):
    client.force_login(official)
    assert buttons(client.get(page_of(submitted))) == {"recall"}
    take(client, submitted, "recall")
    submitted.refresh_from_db()
    assert submitted.state == ReportState.DRAFT


def test_an_accepted_report_is_reopened_corrected_and_accepted_anew(client, official, reviewer, submitted):
    client.force_login(reviewer)
    take(client, submitted, "accept")
    client.force_login(official)
    take(client, submitted, "reopen", reason="集計の誤り")
    submitted.refresh_from_db()
    assert (submitted.state, submitted.accepted_value) == (ReportState.DRAFT, Decimal(60))
    client.post(page_of(submitted), sent(client.get(page_of(submitted)), value="61", _submit="1"))
    client.force_login(reviewer)
    take(client, submitted, "accept")
    submitted.refresh_from_db()
    assert submitted.accepted_value == Decimal(61)


def test_a_draft_is_taken_down_with_a_reason(client, official, draft):
    client.force_login(official)
    assert levels(take(client, draft, "take-down", reason="")) == ["error"]
    take(client, draft, "take-down", reason="年度の取り違え")
    draft.refresh_from_db()
    assert draft.state == ReportState.TAKEN_DOWN


def test_a_report_that_was_decided_meanwhile_gives_a_message(client, reviewer, submitted):
    client.force_login(reviewer)
    page = client.get(page_of(submitted))
    take(client, submitted, "accept", page)
    assert levels(take(client, submitted, "accept", page)) == ["error"]


def test_what_a_reviewer_did_not_see_is_not_accepted(client, official, reviewer, submitted):
    client.force_login(reviewer)
    page = client.get(page_of(submitted))
    workflow.recall(submitted, by=official)
    submitted.refresh_from_db()
    submitted.value, submitted.reason = Decimal(99), "想定を超えた申請"
    submitted.save()
    workflow.submit(submitted, by=official)
    assert levels(take(client, submitted, "accept", page)) == ["error"]
    submitted.refresh_from_db()
    assert (submitted.state, submitted.accepted_value) == (ReportState.SUBMITTED, None)


def test_what_a_target_asks_for_belongs_to_what_a_reviewer_saw(client, reviewer, submitted, target):
    client.force_login(reviewer)
    page = client.get(page_of(submitted))
    target.value = Decimal(6000)
    target.save()
    assert levels(take(client, submitted, "accept", page)) == ["error"]
    submitted.refresh_from_db()
    assert submitted.state == ReportState.SUBMITTED


def test_who_wrote_while_a_colleague_submitted_keeps_what_they_wrote(as_official, official, division, draft):
    page = as_official.get(page_of(draft))
    workflow.submit(draft, by=PostingFactory(organisation=division).user)
    response = as_official.post(page_of(draft), sent(page, value="64", narrative="年度末の集計。"))
    assert response.status_code == 409
    told = response.content.decode()
    for words in ("64", "年度末の集計。", "提出"):
        assert words in told
    draft.refresh_from_db()
    assert draft.value == 60


def test_who_only_adds_evidence_does_not_accept(client, official, division, ministry, draft):
    helper = PostingFactory(organisation=division).user
    PostingFactory(user=helper, organisation=ministry, role=Role.REVIEWER)
    client.force_login(helper)
    client.post(page_of(draft), sent(client.get(page_of(draft)), **{"evidence-0-citation": "業務統計"}))
    report = workflow.submit(draft, by=official)
    assert report.reported_by == official
    with pytest.raises(ValidationError):
        workflow.accept(report, by=helper)


def test_report_on_a_withdrawn_target_is_not_decided(client, reviewer, administrator, submitted):
    workflow.withdraw(submitted.target, by=administrator, reason="廃止")
    client.force_login(reviewer)
    assert buttons(client.get(page_of(submitted))) == set()
    assert levels(take(client, submitted, "accept")) == ["error"]


def test_only_reviewers_decide_and_only_by_a_button(client, official, auditor, administrator, reviewer, submitted):
    for user in (official, auditor, administrator):
        client.force_login(user)
        assert client.post(step_of(submitted, "accept")).status_code == 403
    client.force_login(reviewer)
    assert client.get(step_of(submitted, "accept")).status_code == 405
    assert client.post(step_of(submitted, "nothing")).status_code == 404
    submitted.refresh_from_db()
    assert submitted.state == ReportState.SUBMITTED


def test_an_accepted_result_takes_the_target_off_the_overdue_list(client, official, reviewer, target, time_machine):
    time_machine.move_to(date(2026, 9, 1))
    assert target in OutcomeTarget.objects.overdue(date(2026, 9, 1))
    client.force_login(official)
    page = client.get(entry_of(target))
    client.post(entry_of(target), sent(page, fiscal_year="R7", value="62", _submit="1"))
    client.force_login(reviewer)
    take(client, ProgressReport.objects.get(), "accept")
    assert target not in OutcomeTarget.objects.overdue(date(2026, 9, 1))


def test_the_history_page_tells_each_step_with_who_took_it(client, official, reviewer, draft):
    client.force_login(official)
    client.post(page_of(draft), sent(client.get(page_of(draft)), value="62", _submit="1", **{"evidence-0-citation": "業務統計"}))
    client.force_login(reviewer)
    take(client, draft, "accept")
    told = client.get(reverse("admin:kpis_progressreport_history", args=(draft.pk,))).context["changes"]
    assert [change.by for _kind, _name, change in told] == [reviewer, official, official, official, None]
    assert all(change.reason for _kind, _name, change in told[:-1])


# --- Many at once -------------------------------------------------------------------------------------------------------------------


def accept_selected(client, shown, *reports):
    """Tick reports in the list that was shown, and accept them."""
    versions = dict(re.findall(r'name="(version-\d+)" value="([^"]*)"', shown.content.decode()))
    chosen = {"action": "accept_selected", "_selected_action": [report.pk for report in reports], "index": 0}
    return client.post(REPORTS, {**versions, **chosen}, follow=True)


def test_many_are_accepted_at_once_and_the_rest_is_told_with_the_reason(client, reviewer, official, submitted, target):
    own = ProgressReportFactory(target__programme=target.programme, reported_by=reviewer, submitted=True)
    other = ProgressReportFactory(target__programme=target.programme, reported_by=official, submitted=True)
    draft = ProgressReportFactory(target__programme=target.programme, reported_by=official)
    client.force_login(reviewer)
    response = accept_selected(client, client.get(REPORTS), submitted, own, other, draft)
    assert set(ProgressReport.objects.filter(state=ReportState.ACCEPTED)) == {submitted, other}
    assert levels(response) == ["success", "warning", "warning"]
    told = [str(message) for message in response.context["messages"]]
    assert "2件" in told[0]
    assert any(str(own) in sentence and "自分" in sentence for sentence in told[1:])


def test_what_changed_since_the_list_was_shown_is_skipped(client, reviewer, official, submitted):
    client.force_login(reviewer)
    shown = client.get(REPORTS)
    workflow.recall(submitted, by=official)
    workflow.submit(submitted, by=official)
    assert levels(accept_selected(client, shown, submitted)) == ["warning"]
    submitted.refresh_from_db()
    assert submitted.state == ReportState.SUBMITTED


def test_only_reviewers_are_offered_to_accept_many(client, official, auditor, administrator, submitted):
    for user in (official, auditor, administrator):
        client.force_login(user)
        shown = client.get(REPORTS)
        assert "accept_selected" not in shown.content.decode()
        accept_selected(client, shown, submitted)
    submitted.refresh_from_db()
    assert submitted.state == ReportState.SUBMITTED
