"""The way of a report: which step leads from which state, who may take it, and what it leaves behind."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import translation

from accounts.roles import Role
from budget.history import changes_of, explain
from kpis import workflow
from kpis.choices import ReportState
from kpis.models import OutcomeTarget, ProgressReport
from tests.constraints import OUR_APPS
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
def taken_down(draft, official):
    return workflow.take_down(draft, by=official, reason=NOTE)


@pytest.fixture
def reopened(accepted, official):
    return workflow.reopen(accepted, by=official, reason=NOTE)


@pytest.fixture
def resubmitted(reopened, official):
    return workflow.submit(reopened, by=official)


@pytest.fixture
def colleague(division):
    return PostingFactory(organisation=division, role=Role.OFFICIAL).user


@pytest.fixture
def one_who_left(division):
    return PostingFactory(organisation=division, role=Role.OFFICIAL, to_on=date(2026, 4, 30)).user


def submit(report, user):
    return workflow.submit(report, by=user)


def accept(report, user):
    return workflow.accept(report, by=user)


def send_back(report, user):
    return workflow.send_back(report, by=user, reason=NOTE)


def recall(report, user):
    return workflow.recall(report, by=user)


def reopen(report, user):
    return workflow.reopen(report, by=user, reason=NOTE)


def take_down(report, user):
    return workflow.take_down(report, by=user, reason=NOTE)


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

# Where each step leads from each state. A report that is reopened is a draft, one that is resubmitted waits for a decision: each with an
# accepted figure beside it.
LEADS_TO = {
    ("draft", submit): "submitted",
    ("returned", submit): "submitted",
    ("reopened", submit): "submitted",
    ("submitted", recall): "draft",
    ("submitted", accept): "accepted",
    ("submitted", send_back): "returned",
    ("resubmitted", recall): "draft",
    ("resubmitted", accept): "accepted",
    ("resubmitted", send_back): "returned",
    ("accepted", reopen): "draft",
    ("taken_down", reopen): "draft",
    ("draft", take_down): "taken_down",
    ("returned", take_down): "taken_down",
    ("accepted", take_down): "taken_down",
    ("reopened", take_down): "taken_down",
    ("resubmitted", take_down): "taken_down",
}
STEPS = (submit, recall, accept, send_back, reopen, take_down)
STATES = (*ReportState.values, "reopened", "resubmitted")
# Who takes each step; the official is the one who reported and submitted.
OFFICIALS = {"official", "colleague"}
MAY = {
    ("draft", "submit"): OFFICIALS,
    ("draft", "take-down"): OFFICIALS,
    ("submitted", "recall"): {"official"},
    ("submitted", "accept"): {"reviewer"},
    ("submitted", "return"): {"reviewer"},
    ("returned", "submit"): OFFICIALS,
    ("returned", "take-down"): OFFICIALS,
    ("accepted", "reopen"): OFFICIALS | {"reviewer"},
    ("accepted", "take-down"): {"reviewer"},
    ("taken_down", "reopen"): OFFICIALS,
    ("reopened", "submit"): OFFICIALS,
    ("reopened", "take-down"): {"reviewer"},
    ("resubmitted", "recall"): {"official"},
    ("resubmitted", "accept"): {"reviewer"},
    ("resubmitted", "return"): {"reviewer"},
    ("resubmitted", "take-down"): {"reviewer"},
}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
@pytest.mark.parametrize("state", STATES)
def test_step_leads_from_its_states_and_from_no_other(state, step, request, official, reviewer):
    report = request.getfixturevalue(state)
    decides = step in (accept, send_back) or (step is take_down and report.accepted_measured_on is not None)
    user = reviewer if decides else official

    if (state, step) in LEADS_TO:
        assert step(report, user).state == told(report)["state"] == LEADS_TO[state, step]
    else:
        assert refused(step, report, user).startswith("Only a")


@pytest.mark.parametrize("who", ["official", "colleague", "one_who_left", "other_official", "reviewer", "auditor", "administrator"])
@pytest.mark.parametrize("step", workflow.REPORT_STEPS, ids=lambda step: step.code)
@pytest.mark.parametrize("state", STATES)
def test_step_is_taken_and_offered_where_the_table_says_and_nowhere_else(state, step, who, request):
    report, user = request.getfixturevalue(state), request.getfixturevalue(who)
    options = {"by": user, **({"reason": NOTE} if step.takes_reason else {})}
    may = who in MAY.get((state, step.code), ())

    assert step.is_open_to(user, report) is may
    if may:
        step.take(report, **options)
    else:
        refused(step.take, report, **options)


@pytest.mark.parametrize("step", workflow.REPORT_STEPS, ids=lambda step: step.code)
def test_strangers_are_told_apart_from_those_who_come_at_the_wrong_time(step, accepted, other_official, auditor):
    for stranger in (other_official, auditor):
        with pytest.raises(PermissionDenied):
            step.refuse_strangers(stranger, accepted)


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
    assert refused(submit, draft, other_official) == "This programme belongs to another organisation, or the target is withdrawn."


def test_colleague_of_the_same_division_submits_what_another_entered(draft, colleague):
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


def test_submitter_does_not_accept(draft, colleague, ministry):
    PostingFactory(user=colleague, organisation=ministry, role=Role.REVIEWER)
    report = workflow.submit(draft, by=colleague)

    assert refused(accept, report, colleague) == "Nobody accepts what they reported."


def test_who_reported_an_earlier_figure_does_not_accept_the_later_one(draft, official, colleague, ministry):
    PostingFactory(user=official, organisation=ministry, role=Role.REVIEWER)
    draft.reported_by, draft.value = colleague, Decimal(61)
    draft.save()
    report = workflow.submit(draft, by=colleague)

    assert refused(accept, report, official) == "Nobody accepts what they reported."


def test_who_returned_a_report_accepts_it_later(returned, official, reviewer):
    assert workflow.accept(workflow.submit(returned, by=official), by=reviewer).decided_by == reviewer


# --- Recalling, reopening, taking down -----------------------------------------------------------------------------------------------


def test_recall_is_for_who_reported_or_submitted_and_for_nobody_else(draft, official, colleague, division, reviewer):
    third = PostingFactory(organisation=division, role=Role.OFFICIAL).user
    submitted = workflow.submit(draft, by=colleague)

    assert refused(recall, submitted, third) == "Only its author recalls a report."
    assert refused(recall, submitted, reviewer) == "Only an official recalls reports."
    assert recall(submitted, official).state == ReportState.DRAFT
    assert recall(workflow.submit(draft, by=colleague), colleague).state == ReportState.DRAFT


def test_author_who_left_the_division_does_not_recall(submitted, official):
    official.postings.update(to_on=date(2026, 4, 30))

    assert refused(recall, submitted, type(official).objects.get(pk=official.pk)) == "Only an official recalls reports."


def test_recalled_report_is_submitted_by_nobody(submitted, official):
    report = recall(submitted, official)

    assert (report.submitted_by, report.submitted_at, report.reported_by) == (None, None, official)


def test_author_of_a_recalled_report_still_does_not_accept_it(submitted, official, colleague, ministry):
    again = workflow.submit(recall(submitted, official), by=colleague)
    PostingFactory(user=official, organisation=ministry, role=Role.REVIEWER)

    assert refused(accept, again, type(official).objects.get(pk=official.pk)) == "Nobody accepts what they reported."


def test_reopening_by_an_official_gives_a_draft_and_by_a_reviewer_a_return_with_the_reason(accepted, official, reviewer):
    returned = reopen(accepted, reviewer)
    assert (returned.state, returned.decision_note, returned.decided_by) == (ReportState.RETURNED, NOTE, reviewer)

    accepted = workflow.accept(workflow.submit(returned, by=official), by=_a_reviewer())
    drafted = reopen(accepted, official)
    assert (drafted.state, drafted.decision_note, drafted.submitted_by) == (ReportState.DRAFT, "", None)


def test_accepted_figure_goes_on_counting_while_a_correction_is_worked_on(target, accepted, official):
    def standing():
        found = type(target).objects.with_status(date(2026, 5, 1)).get()
        return found.status, found.basis_value, found.under_correction

    assert standing() == ("achieved", 60, False)
    report = reopen(accepted, official)
    report.value, report.reason = Decimal(12), "二重計上"
    report.save()
    assert standing() == ("achieved", 60, True)
    report = workflow.submit(report, by=official)
    assert standing() == ("achieved", 60, True)
    workflow.accept(report, by=_a_reviewer())
    assert standing() == ("missed", 12, False)


@pytest.mark.parametrize("setback", [recall, send_back])
def test_correction_that_comes_to_nothing_leaves_the_accepted_figure_counting(target, reopened, official, reviewer, setback):
    reopened.value, reopened.reason = Decimal(12), "二重計上"
    reopened.save()
    report = setback(workflow.submit(reopened, by=official), official if setback is recall else reviewer)

    assert (report.value, report.accepted_value) == (12, 60)
    found = OutcomeTarget.objects.with_status(date(2026, 5, 1)).get()
    assert (found.status, found.basis_value, found.under_correction) == ("achieved", 60, True)


def test_status_falls_back_to_the_result_that_still_stands(target, accepted, reviewer):
    ProgressReportFactory(target=target, fiscal_year=2026, value=Decimal(59), accepted=True)
    on = date(2027, 4, 1)
    assert OutcomeTarget.objects.with_status(on).get().status == "achieved"

    take_down(accepted, reviewer)

    found = OutcomeTarget.objects.with_status(on).get()
    assert (found.status, found.basis_fy, found.basis_value) == ("missed", 2026, 59)


@pytest.mark.parametrize("preliminary", [False, True])
def test_result_that_is_taken_down_counts_no_more(target, draft, official, reviewer, preliminary):
    draft.preliminary = preliminary
    draft.save()
    report = take_down(workflow.accept(workflow.submit(draft, by=official), by=reviewer), reviewer)

    assert (report.accepted_value, report.accepted_measured_on, report.accepted_preliminary) == (None, None, False)
    assert (report.value, report.decided_by, report.decision_note) == (60, reviewer, NOTE)
    assert type(target).objects.with_status(date(2026, 9, 1)).get().status == "unreported"


def test_who_reported_does_not_take_down_what_was_accepted(accepted, official, ministry):
    PostingFactory(user=official, organisation=ministry, role=Role.REVIEWER)

    assert refused(take_down, accepted, type(official).objects.get(pk=official.pk)) == (
        "Nobody takes down an accepted result that they reported."
    )


def test_report_that_is_taken_down_is_reopened_by_an_official_alone(taken_down, official, reviewer):
    assert refused(reopen, taken_down, reviewer).startswith("Only an official reopens")
    assert reopen(taken_down, official).state == ReportState.DRAFT


def test_report_that_was_taken_down_goes_the_whole_way_again(taken_down, official, reviewer):
    report = workflow.accept(workflow.submit(reopen(taken_down, official), by=official), by=reviewer)

    assert (report.state, report.accepted_value, report.decision_note) == (ReportState.ACCEPTED, 60, "")


@pytest.mark.parametrize("reason", ["", " ", "\n　"])
@pytest.mark.parametrize(
    ("step", "state", "who", "sentence"),
    [
        (workflow.reopen, "accepted", "official", "A report is reopened with a reason."),
        (workflow.reopen, "accepted", "reviewer", "A report is reopened with a reason."),
        (workflow.reopen, "taken_down", "official", "A report is reopened with a reason."),
        (workflow.take_down, "draft", "official", "A report is taken down with a reason."),
        (workflow.take_down, "accepted", "reviewer", "A report is taken down with a reason."),
    ],
)
def test_what_was_decided_is_not_undone_without_a_reason(step, state, who, sentence, reason, request):
    report, user = request.getfixturevalue(state), request.getfixturevalue(who)

    assert refused(step, report, by=user, reason=reason) == sentence


def test_history_tells_recalling_reopening_and_taking_down_with_user_and_reason(accepted, official, reviewer):
    resubmitted = workflow.submit(workflow.reopen(accepted, by=official, reason=" 集計の誤り\n"), by=official)
    workflow.take_down(workflow.recall(resubmitted, by=official), by=reviewer, reason=" 対象外の実績 ")

    steps = [(change.by, change.reason) for change in changes_of(accepted)][:4]
    assert steps == [(reviewer, "対象外の実績"), (official, "recalled"), (official, "submitted"), (official, "集計の誤り")]


# --- Many at once -------------------------------------------------------------------------------------------------------------------


def test_many_are_accepted_and_the_skipped_are_told_with_the_sentence(submitted, official, reviewer, target):
    another = ProgressReportFactory(target=target, fiscal_year=2024, reported_by=official, submitted=True)
    own = ProgressReportFactory(target=target, fiscal_year=2023, reported_by=reviewer, submitted=True)
    draft = ProgressReportFactory(target=target, fiscal_year=2022, reported_by=official)

    told_of = workflow.accept_each([submitted, own, draft, another], by=reviewer)

    assert told_of.accepted == [submitted, another]
    assert told_of.skipped == [
        (own, "Nobody accepts what they reported."),
        (draft, "Only a submitted report can be accepted or returned."),
    ]


def test_report_submitted_anew_since_it_was_chosen_is_skipped_and_those_around_it_are_accepted(target, official, reviewer):
    years = (2023, 2024, 2025)
    chosen = [ProgressReportFactory(target=target, fiscal_year=year, reported_by=official, submitted=True) for year in years]
    with time_machine.travel(datetime(2026, 5, 2, tzinfo=UTC), tick=False):
        workflow.submit(recall(chosen[1], official), by=official)

    told_of = workflow.accept_each(chosen, by=reviewer)

    assert [told(report)["state"] for report in chosen] == ["accepted", "submitted", "accepted"]
    assert told_of.skipped == [(chosen[1], "The report was submitted anew since it was shown.")]


# --- What a figure would give -------------------------------------------------------------------------------------------------------


def everything():
    """All rows of all our tables, the history among them."""
    models = [model for label in OUR_APPS for model in apps.get_app_config(label).get_models()]
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models}


@pytest.mark.parametrize(("value", "status"), [("60", "achieved"), ("59.9", "missed")])
def test_figure_that_is_entered_tells_what_it_would_give_and_leaves_no_trace(draft, value, status):
    before = everything()
    draft.value = Decimal(value)

    found = workflow.target_if_accepted(draft, date(2026, 5, 1))

    assert (found.status, found.basis_value) == (status, Decimal(value))
    assert everything() == before
    assert (draft.accepted_value, draft.state) == (None, ReportState.DRAFT)


def test_figure_of_a_report_that_is_not_saved_tells_it_as_well(target):
    before = everything()
    new = ProgressReport(target=target, kind=target.kind, fiscal_year=2025, value=Decimal(61))

    assert workflow.target_if_accepted(new, date(2026, 5, 1)).status == "achieved"
    assert everything() == before
    assert (new.pk, new._state.adding, new.accepted_value) == (None, True, None)


def test_grade_that_is_entered_tells_it_as_well(division):
    graded = OutcomeTargetFactory(programme__lead=division, qualitative=True)
    new = ProgressReport(target=graded, kind=graded.kind, fiscal_year=2025, grade=3)

    found = workflow.target_if_accepted(new, date(2026, 5, 1))

    assert (found.status, found.basis_grade) == ("missed", 3)


def test_figure_that_is_measured_later_gives_nothing_yet(draft):
    draft.measured_on = date(2026, 5, 2)

    found = workflow.target_if_accepted(draft, date(2026, 5, 1))

    assert (found.status, found.basis_fy) == ("awaiting_result", None)


def test_correction_tells_what_it_would_give_in_the_place_of_the_accepted_figure(reopened):
    before = everything()
    reopened.value = Decimal(12)

    found = workflow.target_if_accepted(reopened, date(2026, 5, 1))

    assert (found.status, found.basis_value) == ("missed", 12)
    assert everything() == before


@pytest.mark.parametrize("value", ["0", "59.9999", "60", "1000"])
@pytest.mark.parametrize("preliminary", [False, True])
@pytest.mark.parametrize("on", [date(2026, 3, 31), date(2026, 4, 1), date(2026, 9, 1)])
def test_what_a_figure_would_give_is_what_it_gives(draft, official, reviewer, value, preliminary, on):
    draft.value, draft.preliminary, draft.reason = Decimal(value), preliminary, "公募の時期"
    draft.save()

    def standing(found):
        return found.status, found.judged_fy, found.latest_fy, found.basis_fy, found.basis_value, found.preliminary

    would = standing(workflow.target_if_accepted(draft, on))
    workflow.accept(workflow.submit(draft, by=official), by=reviewer)
    assert standing(OutcomeTarget.objects.with_status(on).get()) == would


def test_terms_that_are_being_settled_are_judged_by_and_not_kept(draft):
    before = everything()
    draft.target.comparator = "at_most"
    draft.value = Decimal(61)

    assert workflow.target_if_accepted(draft, date(2026, 5, 1)).status == "missed"
    assert everything() == before


def test_without_a_figure_nothing_can_be_told(draft):
    draft.value = None

    assert workflow.target_if_accepted(draft, date(2026, 5, 1)) is None


def test_of_a_withdrawn_target_nothing_can_be_told(draft, administrator):
    workflow.withdraw(draft.target, by=administrator, reason="事業の廃止")
    before = everything()

    assert workflow.target_if_accepted(ProgressReport.objects.get(), date(2026, 5, 1)) is None
    assert everything() == before


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


def test_decision_on_a_figure_that_was_recalled_changed_and_submitted_anew_since_the_look_is_refused(submitted, official, reviewer):
    looked_at = ProgressReport.objects.get()
    report = recall(submitted, official)
    report.value = Decimal(61)
    report.save()
    with time_machine.travel(datetime(2026, 5, 2, tzinfo=UTC), tick=False):
        workflow.submit(report, by=official)

    for decision in (accept, send_back):
        assert refused(decision, looked_at, reviewer) == "The report was submitted anew since it was shown."


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
