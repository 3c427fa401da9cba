"""The way of a report: which step leads from which state, who may take it, and what it leaves behind."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import translation

from accounts.roles import Role
from budget.history import changes_of, explain
from kpis import workflow
from kpis.choices import ReportState
from kpis.models import ProgressReport
from tests.factories import OutcomeTargetFactory, PostingFactory, ProgrammeFactory, ProgressReportFactory, UserFactory

NOTE = "出典を示してください。"
NOW = datetime(2026, 5, 1, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _the_clock_and_the_language():
    with time_machine.travel(NOW, tick=False), translation.override("en"):
        yield


@pytest.fixture
def target(division):
    return OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2025)


@pytest.fixture
def draft(target, official):
    return ProgressReportFactory(target=target, fiscal_year=2025, reported_by=official)


@pytest.fixture
def submitted(draft, official):
    return workflow.submit(draft, by=official)


@pytest.fixture
def returned(submitted, reviewer):
    return workflow.send_back(submitted, by=reviewer, reason=NOTE)


@pytest.fixture
def accepted(submitted, reviewer):
    return workflow.accept(submitted, by=reviewer)


@pytest.fixture
def taken_down(draft):
    ProgressReport.objects.filter(pk=draft.pk).update(state=ReportState.TAKEN_DOWN)
    return ProgressReport.objects.get()


def submit(report, user):
    return workflow.submit(report, by=user)


def accept(report, user):
    return workflow.accept(report, by=user)


def send_back(report, user):
    return workflow.send_back(report, by=user, reason=NOTE)


def told(report):
    """Every column of the row in the database."""
    return ProgressReport.objects.values().get(pk=report.pk)


def refused(step, report, *arguments, **options) -> str:
    """The sentence that refuses the step; the row and its history stay as they are."""
    before, rows = told(report), report.history.count()
    with pytest.raises(ValidationError) as said:
        step(report, *arguments, **options)
    assert (told(report), report.history.count()) == (before, rows)
    return " ".join(said.value.messages)


# --- States and steps --------------------------------------------------------------------------------------------------------------

LEADS_TO = {
    ("draft", submit): "submitted",
    ("returned", submit): "submitted",
    ("submitted", accept): "accepted",
    ("submitted", send_back): "returned",
}


@pytest.mark.parametrize("step", [submit, accept, send_back], ids=lambda step: step.__name__)
@pytest.mark.parametrize("state", ReportState.values)
def test_step_leads_from_its_states_and_from_no_other(state, step, request, official, reviewer):
    report = request.getfixturevalue(state)
    assert report.state == state
    user = official if step is submit else reviewer

    if (state, step) in LEADS_TO:
        assert step(report, user).state == told(report)["state"] == LEADS_TO[state, step]
    else:
        assert refused(step, report, user).startswith("Only a ")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "may"), [("draft", True), ("submitted", False), ("accepted", False), ("returned", True), ("taken_down", False)]
)
def test_figure_is_entered_while_nobody_decides_and_nothing_is_decided(state, may):
    assert workflow.may_be_entered(ProgressReport(state=state)) is may


# --- Who may -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["reviewer", "auditor", "administrator"])
def test_only_an_official_submits(draft, who, request):
    assert refused(submit, draft, request.getfixturevalue(who)) == "Only an official submits reports."


def test_official_of_another_division_does_not_submit(draft, other_official):
    assert refused(submit, draft, other_official) == "This programme belongs to another organisation."


def test_colleague_of_the_same_division_submits_what_another_entered(draft, division):
    colleague = PostingFactory(organisation=division, role=Role.OFFICIAL).user

    report = workflow.submit(draft, by=colleague)

    assert (report.reported_by, report.submitted_by) == (draft.reported_by, colleague)


def test_official_whose_posting_ended_does_not_submit(draft, official):
    official.postings.update(to_on=date(2026, 4, 30))

    assert refused(submit, draft, type(official).objects.get(pk=official.pk)) == "Only an official submits reports."


@pytest.mark.parametrize("step", [accept, send_back])
@pytest.mark.parametrize("who", ["official", "other_official", "auditor", "administrator"])
def test_only_a_reviewer_decides(submitted, step, who, request):
    assert refused(step, submitted, request.getfixturevalue(who)) == "Only a reviewer decides reports."


def test_reporter_who_became_a_reviewer_does_not_accept(submitted, official, ministry):
    PostingFactory(user=official, organisation=ministry, role=Role.REVIEWER)

    reviewer_now = type(official).objects.get(pk=official.pk)
    assert refused(accept, submitted, reviewer_now) == "Nobody accepts what they reported."


def test_submitter_does_not_accept(draft, division, ministry):
    colleague = PostingFactory(organisation=division, role=Role.OFFICIAL).user
    PostingFactory(user=colleague, organisation=ministry, role=Role.REVIEWER)
    report = workflow.submit(draft, by=colleague)

    assert refused(accept, report, colleague) == "Nobody accepts what they reported."


def test_who_reported_an_earlier_figure_does_not_accept_the_later_one(draft, official, division, ministry):
    PostingFactory(user=official, organisation=ministry, role=Role.REVIEWER)
    colleague = PostingFactory(organisation=division, role=Role.OFFICIAL).user
    draft.reported_by, draft.value = colleague, Decimal(61)
    draft.save()
    report = workflow.submit(draft, by=colleague)

    assert refused(accept, report, official) == "Nobody accepts what they reported."


def test_who_returned_a_report_accepts_it_later(returned, official, reviewer):
    assert workflow.accept(workflow.submit(returned, by=official), by=reviewer).decided_by == reviewer


# --- What a step needs -------------------------------------------------------------------------------------------------------------


def test_report_without_a_figure_is_not_submitted(draft, official):
    draft.value = None
    draft.save()

    assert refused(submit, draft, official) == "A report is submitted with a result: enter it first."


def test_report_that_does_not_say_who_reported_it_is_not_submitted(draft, official):
    draft.reported_by = draft.reported_at = None
    draft.save()

    assert refused(submit, draft, official) == "A report is submitted with a result, and says who reported it."


def test_zero_is_submitted(target, official):
    report = ProgressReportFactory(target=target, fiscal_year=2025, reported_by=official, value=Decimal(0), reason="未着手")

    assert workflow.accept(workflow.submit(report, by=official), by=_a_reviewer()).accepted_value == 0


def test_miss_in_the_deadlines_year_is_not_submitted_without_its_reason(draft, official):
    draft.value = Decimal(59)
    draft.save()
    assert "give the reason" in refused(submit, draft, official)

    draft.reason = "公募の時期を見直したため。"
    draft.save()
    assert workflow.submit(draft, by=official).state == ReportState.SUBMITTED


@pytest.mark.parametrize("note", ["", " ", "\n　"])
def test_report_is_not_returned_without_a_note(submitted, reviewer, note):
    assert refused(workflow.send_back, submitted, by=reviewer, reason=note) == "A report is returned with a note."


# --- What a step leaves behind -----------------------------------------------------------------------------------------------------


def test_submission_says_who_and_when(submitted, official):
    assert (submitted.submitted_by, submitted.submitted_at) == (official, NOW)
    assert (submitted.decided_by, submitted.accepted_measured_on) == (None, None)


@pytest.mark.parametrize(
    ("entered", "measured_on"),
    [({}, date(2026, 3, 31)), ({"measured_on": date(2025, 12, 31)}, date(2025, 12, 31)), ({"preliminary": True}, date(2026, 3, 31))],
)
def test_acceptance_writes_the_accepted_figure_with_the_day_it_was_measured(draft, official, reviewer, entered, measured_on):
    for name, value in entered.items():
        setattr(draft, name, value)
    draft.save()

    report = workflow.accept(workflow.submit(draft, by=official), by=reviewer)

    row = told(report)
    assert (row["accepted_value"], row["accepted_grade"], row["accepted_measured_on"]) == (60, None, measured_on)
    assert row["accepted_preliminary"] is entered.get("preliminary", False)
    assert (report.decided_by, report.decided_at, report.decision_note) == (reviewer, NOW, "")


def test_acceptance_writes_the_accepted_grade(official, reviewer, division):
    target = OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), qualitative=True)
    report = ProgressReportFactory(target=target, value=None, grade=2, reported_by=official)

    workflow.accept(workflow.submit(report, by=official), by=reviewer)

    assert (told(report)["accepted_value"], told(report)["accepted_grade"]) == (None, 2)


def test_accepted_figure_counts_from_its_acceptance_on(target, submitted, reviewer):
    def status():
        return type(target).objects.with_status(date(2026, 5, 1)).get().status

    assert status() == "awaiting_result"
    workflow.accept(submitted, by=reviewer)
    assert status() == "achieved"


def test_return_keeps_the_note_and_writes_no_accepted_figure(returned, reviewer):
    assert (returned.decided_by, returned.decided_at, returned.decision_note) == (reviewer, NOW, NOTE)
    assert returned.accepted_measured_on is None


def test_note_is_kept_while_the_answer_to_it_waits_and_cleared_by_acceptance(returned, official, reviewer):
    again = workflow.submit(returned, by=official)
    assert again.decision_note == NOTE
    assert workflow.accept(again, by=reviewer).decision_note == ""


def test_history_tells_each_step_with_user_and_reason(draft, official, reviewer):
    workflow.send_back(workflow.submit(draft, by=official), by=reviewer, reason=f" {NOTE}\n")
    draft.refresh_from_db()
    draft.narrative = "業務統計による。"
    explain(draft, reason="出典を追記", by=official)
    draft.save()
    workflow.accept(workflow.submit(draft, by=official), by=reviewer)

    steps = [(change.by, change.reason) for change in reversed(changes_of(draft))]
    assert steps[1:] == [
        (official, "submitted"),
        (reviewer, NOTE),
        (official, "出典を追記"),
        (official, "submitted"),
        (reviewer, "accepted"),
    ]
    states = [field.new for change in reversed(changes_of(draft)) for field in change.fields if field.name == "state"]
    assert states == ["draft", "submitted", "returned", "submitted", "accepted"]


def test_step_gives_back_the_row_as_it_was_saved(draft, official):
    report = workflow.submit(draft, by=official)

    assert {field.attname: getattr(report, field.attname) for field in ProgressReport._meta.concrete_fields} == told(draft)


# --- A look that is out of date ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [accept, send_back])
@pytest.mark.parametrize("first", [accept, send_back])
def test_second_decision_on_a_report_decided_meanwhile_is_refused(submitted, first, late):
    stale = ProgressReport.objects.get()
    first(submitted, _a_reviewer())

    assert stale.state == ReportState.SUBMITTED
    assert refused(late, stale, _a_reviewer()) == "Only a submitted report can be accepted or returned."


def test_second_submission_is_refused(draft, official):
    stale = ProgressReport.objects.get()
    workflow.submit(draft, by=official)

    assert refused(submit, stale, official) == "Only a draft or a returned report can be submitted."


def test_step_writes_nothing_that_a_stale_look_holds(draft, official):
    stale = ProgressReport.objects.get()
    draft.value = Decimal(65)
    draft.save()

    workflow.submit(stale, by=official)

    assert told(draft)["value"] == 65


def test_step_takes_nothing_that_was_not_saved(draft, official):
    draft.value = Decimal(9999)

    assert workflow.submit(draft, by=official).value == 60


def _a_reviewer():
    return PostingFactory(user=UserFactory(), role=Role.REVIEWER).user
