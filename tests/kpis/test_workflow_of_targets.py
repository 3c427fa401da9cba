"""The steps on targets: settling what a source left open, withdrawing, closing a miss and reopening it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import translation

from accounts.models import User
from accounts.roles import Role
from budget.history import changes_of
from kpis import workflow
from kpis.choices import DeadlineKind, Status
from kpis.models import ClosedMiss, OutcomeTarget
from tests.factories import OutcomeTargetFactory, PostingFactory, ProgrammeFactory, ProgressReportFactory

NOW = datetime(2026, 10, 1, 3, tzinfo=UTC)
TODAY = date(2026, 10, 1)
WHY = "後継事業の目標に引き継いだため。"


@pytest.fixture(autouse=True)
def _the_clock_and_the_language():
    with time_machine.travel(NOW, tick=False), translation.override("en"):
        yield


@pytest.fixture
def programme(division):
    return ProgrammeFactory(lead=division)


@pytest.fixture
def assumed(programme):
    return OutcomeTargetFactory(programme=programme, comparator_assumed=True, accumulation_assumed=True)


@pytest.fixture
def missed(programme):
    return ProgressReportFactory(target__programme=programme, target__deadline_year=2025, value=Decimal(59), accepted=True).target


def refused(step, target, **options) -> str:
    """The sentence that refuses the step; the target, its closed misses and its history stay as they are."""

    def all_of_it():
        misses = list(ClosedMiss.objects.values())
        return OutcomeTarget.objects.values().get(pk=target.pk), target.history.count(), misses, ClosedMiss.history.count()

    before = all_of_it()
    with pytest.raises(ValidationError) as said:
        step(target, **options)
    assert all_of_it() == before
    return " ".join(said.value.messages)


def anew(user) -> User:
    return User.objects.get(pk=user.pk)


# --- Settling -----------------------------------------------------------------------------------------------------------------------


def test_official_settles_what_is_assumed_with_user_and_reason(assumed, official):
    target = workflow.settle(assumed, by=official, reason="要綱による", comparator="at_most", accumulation="level")

    assert (target.comparator, target.comparator_assumed, target.accumulation_assumed) == ("at_most", False, False)
    change = changes_of(assumed)[0]
    assert (change.by, change.reason) == (official, "要綱による")


def test_one_question_is_settled_without_the_other(assumed, official):
    target = workflow.settle(assumed, by=official, reason="要綱による", accumulation="running_total")

    assert (target.comparator_assumed, target.accumulation_assumed) == (True, False)
    assert target.left_open == ["comparator"]


def test_day_of_the_event_gives_the_last_day(programme, official):
    target = OutcomeTargetFactory(programme=programme, deadline_year=None, deadline_kind=DeadlineKind.AFTER_EVENT, deadline_offset_years=3)
    assert target.left_open == ["deadline_event_on"]

    settled = workflow.settle(target, by=official, reason="採択日", deadline_event_on=date(2024, 7, 1))

    assert (settled.due_on, settled.left_open) == (date(2027, 7, 1), [])


def test_what_the_source_states_is_not_settled_by_an_official(programme, official):
    stated = OutcomeTargetFactory(programme=programme)
    for term in ({"comparator": "at_most"}, {"value": Decimal(1)}, {"deadline_event_on": date(2024, 7, 1)}):
        assert refused(workflow.settle, stated, by=official, reason="x", **term) == "This is settled already."


@pytest.mark.parametrize("who", ["other_official", "reviewer", "auditor", "administrator"])
def test_only_who_reports_on_the_target_settles(assumed, who, request):
    user = request.getfixturevalue(who)
    assert refused(workflow.settle, assumed, by=user, reason="x", comparator="at_most") == "You do not report on this target."


def test_settling_after_the_last_day_marks_the_target_where_its_terms_change(programme, official):
    same, other = (OutcomeTargetFactory(programme=programme, deadline_year=2024, comparator_assumed=True) for _n in range(2))

    assert not workflow.settle(same, by=official, reason="確認", comparator="at_least").revised_after_deadline
    assert workflow.settle(other, by=official, reason="確認", comparator="at_most").revised_after_deadline


# --- Withdrawing --------------------------------------------------------------------------------------------------------------------


def test_administrator_withdraws_a_target_once_with_a_reason(assumed, administrator):
    assert refused(workflow.withdraw, assumed, by=administrator, reason=" ") == "A target is withdrawn with a reason."
    target = workflow.withdraw(assumed, by=administrator, reason=" 事業の廃止 ")
    assert (target.withdrawn_by, target.withdrawn_at, target.withdrawal_reason) == (administrator, NOW, "事業の廃止")
    assert refused(workflow.withdraw, assumed, by=administrator, reason="再度") == "This target is withdrawn already."


@pytest.mark.parametrize("who", ["official", "reviewer", "auditor"])
def test_nobody_else_withdraws(assumed, who, request):
    assert refused(workflow.withdraw, assumed, by=request.getfixturevalue(who), reason="x") == "Only an administrator withdraws targets."


# --- Closing a miss -----------------------------------------------------------------------------------------------------------------


def is_overdue(target, on=TODAY) -> bool:
    return OutcomeTarget.objects.overdue(on).filter(pk=target.pk).exists()


def is_closed(target, on=TODAY) -> bool:
    return OutcomeTarget.objects.closed_misses(on).filter(pk=target.pk).exists()


def test_closed_miss_leaves_the_overdue_list_and_keeps_its_status(missed, reviewer):
    assert (is_overdue(missed), is_closed(missed)) == (True, False)

    miss = workflow.close_miss(missed, by=reviewer, reason=WHY)

    assert (miss.fiscal_year, miss.closed_by, miss.closed_at, miss.reason) == (2025, reviewer, NOW, WHY)
    assert (is_overdue(missed), is_closed(missed)) == (False, True)
    found = OutcomeTarget.objects.with_status(TODAY).get(pk=missed.pk)
    assert (found.status, found.miss_closed) == (Status.MISSED, True)
    told = miss.history.get()
    assert (told.history_user, told.history_change_reason) == (reviewer, WHY)


def test_miss_is_closed_from_the_day_on_which_it_was_closed(missed, reviewer):
    workflow.close_miss(missed, by=reviewer, reason=WHY)

    assert (is_overdue(missed, date(2026, 9, 30)), is_closed(missed, date(2026, 9, 30))) == (True, False)
    assert (is_overdue(missed, date(2027, 4, 1)), is_closed(missed, date(2027, 4, 1))) == (False, True)


def test_reopened_miss_is_back_from_the_day_on_which_it_was_reopened(missed, reviewer):
    workflow.close_miss(missed, by=reviewer, reason=WHY)
    with time_machine.travel(datetime(2026, 11, 5, tzinfo=UTC), tick=False):
        miss = workflow.reopen_miss(missed, by=reviewer, reason="引継ぎを確認できない。")

    assert (miss.reopened_by, miss.reopening_reason) == (reviewer, "引継ぎを確認できない。")
    assert [is_overdue(missed, day) for day in (date(2026, 11, 4), date(2026, 11, 5))] == [False, True]


def test_reopened_miss_is_closed_again(missed, reviewer):
    workflow.close_miss(missed, by=reviewer, reason=WHY)
    workflow.reopen_miss(missed, by=reviewer, reason="確認できない。")

    miss = workflow.close_miss(missed, by=reviewer, reason="確認できた。")

    assert (miss.reason, miss.reopened_at, miss.reopening_reason) == ("確認できた。", None, "")
    assert not is_overdue(missed)
    assert [row.history_change_reason for row in miss.history.order_by("history_id")] == [WHY, "確認できない。", "確認できた。"]


def test_target_of_each_year_that_misses_the_next_year_too_is_overdue_again(programme, reviewer):
    target = OutcomeTargetFactory(programme=programme, each_year=True, deadline_year=None, programme__start_fiscal_year=2024)
    ProgressReportFactory(target=target, fiscal_year=2025, value=Decimal(59), accepted=True)
    workflow.close_miss(target, by=reviewer, reason=WHY)
    ProgressReportFactory(target=target, fiscal_year=2026, value=Decimal(58), accepted=True)

    assert not is_overdue(target)
    assert (is_overdue(target, date(2027, 4, 1)), is_closed(target, date(2027, 4, 1))) == (True, False)


def test_miss_that_a_late_result_turned_into_an_achievement_is_in_no_list(missed, reviewer):
    workflow.close_miss(missed, by=reviewer, reason=WHY)
    ProgressReportFactory(target=missed, fiscal_year=2026, value=Decimal(60), accepted=True)

    on = date(2027, 4, 1)
    assert (is_overdue(missed, on), is_closed(missed, on)) == (False, False)
    assert not OutcomeTarget.objects.with_status(on).get(pk=missed.pk).miss_closed


def test_miss_is_not_closed_twice_nor_reopened_while_open(missed, reviewer):
    assert refused(workflow.reopen_miss, missed, by=reviewer, reason=WHY) == "The miss of this year is not closed."
    workflow.close_miss(missed, by=reviewer, reason=WHY)
    assert refused(workflow.close_miss, missed, by=reviewer, reason=WHY) == "The miss of this year is closed already."


def test_what_is_not_missed_today_is_not_closed(programme, reviewer, administrator):
    unreported = OutcomeTargetFactory(programme=programme, deadline_year=2025)
    withdrawn = workflow.withdraw(OutcomeTargetFactory(programme=programme), by=administrator, reason="廃止")
    for target in (unreported, withdrawn):
        for step in (workflow.close_miss, workflow.reopen_miss):
            assert refused(step, target, by=reviewer, reason=WHY) == "The target is not missed today."


@pytest.mark.parametrize("reason", ["", " ", "\n　"])
def test_miss_is_neither_closed_nor_reopened_without_a_reason(missed, reviewer, reason):
    assert refused(workflow.close_miss, missed, by=reviewer, reason=reason) == "A miss is closed with a reason."
    workflow.close_miss(missed, by=reviewer, reason=WHY)
    assert refused(workflow.reopen_miss, missed, by=reviewer, reason=reason) == "A miss is reopened with a reason."


@pytest.mark.parametrize("who", ["official", "auditor", "administrator"])
def test_only_a_reviewer_closes(missed, who, request):
    user = request.getfixturevalue(who)
    assert refused(workflow.close_miss, missed, by=user, reason=WHY) == "Only a reviewer closes or reopens a miss."


def test_who_reported_on_the_target_does_not_close_its_miss(programme, official, ministry):
    own = ProgressReportFactory(target__programme=programme, reported_by=official, value=Decimal(59), accepted=True).target
    PostingFactory(user=official, organisation=ministry, role=Role.REVIEWER)

    assert refused(workflow.close_miss, own, by=anew(official), reason=WHY) == "Nobody closes the miss of a target that they reported on."


@pytest.mark.parametrize("who", ["official", "reviewer", "auditor", "administrator"])
@pytest.mark.parametrize("step", workflow.TARGET_STEPS, ids=lambda step: step.code)
@pytest.mark.parametrize("closed", [False, True])
def test_button_is_offered_where_the_step_may_be_taken_and_nowhere_else(missed, reviewer, step, who, closed, request):
    if closed:
        workflow.close_miss(missed, by=reviewer, reason=WHY)
    user = request.getfixturevalue(who)
    if step.is_open_to(user, OutcomeTarget.objects.with_status(TODAY).get(pk=missed.pk)):
        step.take(missed, by=user, reason=WHY)
    else:
        refused(step.take, missed, by=user, reason=WHY)
