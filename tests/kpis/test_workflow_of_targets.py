"""The steps on targets: settling what a source left open, withdrawing, closing a miss and reopening it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import translation

from accounts.models import User
from accounts.roles import Role
from budget.history import changes_of
from kpis import workflow
from kpis.choices import DeadlineKind, Status
from kpis.models import ClosedMiss, OutcomeTarget
from tests.factories import (
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    UserFactory,
)

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


@pytest.fixture
def closed(missed, reviewer):
    workflow.close_miss(missed, by=reviewer, reason=WHY)
    return missed


@pytest.fixture
def unreported(programme):
    return OutcomeTargetFactory(programme=programme, deadline_year=2025)


@pytest.fixture
def achieved(programme):
    return ProgressReportFactory(target__programme=programme, target__deadline_year=2025, accepted=True).target


@pytest.fixture
def withdrawn(missed, administrator):
    return workflow.withdraw(missed, by=administrator, reason="事業の廃止")


@pytest.fixture
def one_who_left(division, ministry):
    """Was an official of the division, a reviewer and an administrator until yesterday."""
    user = UserFactory()
    for organisation, role in ((division, Role.OFFICIAL), (ministry, Role.REVIEWER), (ministry, Role.ADMINISTRATOR)):
        PostingFactory(user=user, organisation=organisation, role=role, to_on=date(2026, 9, 30))
    return user


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


@pytest.mark.parametrize("reason", ["", " ", "\n　"])
def test_nothing_is_settled_without_a_reason(assumed, official, reason):
    assert refused(workflow.settle, assumed, by=official, reason=reason, comparator="at_most") == (
        "Give the reason: what is laid down here changes."
    )


@pytest.mark.parametrize("terms", [{"comparator": "nonsense"}, {"comparator": ""}, {"comparator": "within"}, {"accumulation": ""}])
def test_nothing_is_settled_that_a_target_cannot_state(assumed, official, terms):
    assert refused(workflow.settle, assumed, by=official, reason="要綱による", **terms)


def test_what_is_settled_once_is_not_settled_again(assumed, official):
    workflow.settle(assumed, by=official, reason="要綱による", comparator="at_most")

    assert refused(workflow.settle, assumed, by=official, reason="x", comparator="at_least") == "This is settled already."


def test_official_of_a_co_responsible_organisation_settles(assumed, other_official, other_division):
    ProgrammeOrganisationFactory(programme=assumed.programme, organisation=other_division)

    assert not workflow.settle(assumed, by=other_official, reason="要綱による", comparator="at_least").comparator_assumed


def test_withdrawn_target_is_not_settled(assumed, official, administrator):
    workflow.withdraw(assumed, by=administrator, reason="事業の廃止")

    assert refused(workflow.settle, assumed, by=official, reason="x", comparator="at_most") == "You do not report on this target."


@pytest.mark.parametrize("who", ["one_who_left", "other_official", "reviewer", "auditor", "administrator"])
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


def test_withdrawn_target_leaves_every_list_from_the_day_of_its_withdrawal(missed, administrator):
    workflow.withdraw(missed, by=administrator, reason="事業の廃止")

    for on, standing in ((date(2026, 9, 30), True), (TODAY, False)):
        assert is_overdue(missed, on) is standing
        assert OutcomeTarget.objects.with_status(on).filter(pk=missed.pk).exists() is standing


def test_history_tells_a_withdrawal_with_user_and_reason(assumed, administrator):
    workflow.withdraw(assumed, by=administrator, reason=" 事業の廃止 ")

    change = changes_of(assumed)[0]
    assert (change.by, change.reason) == (administrator, "事業の廃止")


@pytest.mark.parametrize("who", ["one_who_left", "official", "reviewer", "auditor"])
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


@pytest.mark.parametrize(
    ("moment", "first_day"),
    [
        (datetime(2026, 10, 1, 14, 59, 59, 999999, tzinfo=UTC), date(2026, 10, 1)),
        (datetime(2026, 10, 1, 15, tzinfo=UTC), date(2026, 10, 2)),
    ],
)
def test_day_of_closing_begins_at_midnight_in_tokyo(missed, reviewer, moment, first_day):
    with time_machine.travel(moment, tick=False):
        workflow.close_miss(missed, by=reviewer, reason=WHY)

    assert [is_closed(missed, day) for day in (first_day - timedelta(days=1), first_day)] == [False, True]
    assert [is_overdue(missed, day) for day in (first_day - timedelta(days=1), first_day)] == [True, False]


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

    assert (miss.number, miss.reason, miss.reopened_at) == (2, "確認できた。", None)
    assert not is_overdue(missed)
    assert list(ClosedMiss.objects.values_list("number", "reason", "reopening_reason")) == [
        (1, WHY, "確認できない。"),
        (2, "確認できた。", ""),
    ]


def test_closing_again_leaves_the_lists_of_the_days_before_as_they_were(missed, reviewer):
    for day, step in ((1, workflow.close_miss), (10, workflow.reopen_miss), (20, workflow.close_miss)):
        with time_machine.travel(datetime(2026, 10, day, 3, tzinfo=UTC), tick=False):
            step(missed, by=reviewer, reason=WHY)

    overdue = [is_overdue(missed, date(2026, month, day)) for month, day in ((9, 30), (10, 5), (10, 15), (10, 25))]
    assert overdue == [True, False, True, False]


def test_target_of_each_year_that_misses_the_next_year_too_is_overdue_again(programme, reviewer):
    target = OutcomeTargetFactory(programme=programme, each_year=True, deadline_year=None, programme__start_fiscal_year=2024)
    ProgressReportFactory(target=target, fiscal_year=2025, value=Decimal(59), accepted=True)
    workflow.close_miss(target, by=reviewer, reason=WHY)
    ProgressReportFactory(target=target, fiscal_year=2026, value=Decimal(58), accepted=True)

    assert not is_overdue(target)
    assert (is_overdue(target, date(2027, 4, 1)), is_closed(target, date(2027, 4, 1))) == (True, False)


def test_target_of_each_year_is_closed_once_for_each_year_that_it_misses(programme, reviewer):
    target = OutcomeTargetFactory(programme=programme, each_year=True, deadline_year=None, programme__start_fiscal_year=2024)
    for year in (2025, 2026):
        ProgressReportFactory(target=target, fiscal_year=year, value=Decimal(59), accepted=True)
        with time_machine.travel(datetime(year + 1, 10, 1, 3, tzinfo=UTC), tick=False):
            assert workflow.close_miss(target, by=reviewer, reason=f"{year}年度").fiscal_year == year

    days = (date(2026, 9, 30), date(2026, 10, 1), date(2027, 3, 31), date(2027, 4, 1), date(2027, 9, 30), date(2027, 10, 1))
    assert [is_overdue(target, day) for day in days] == [True, False, False, True, True, False]


def test_miss_of_a_deadline_that_was_moved_is_overdue_again(closed):
    closed.deadline_year = 2026
    closed.save()
    ProgressReportFactory(target=closed, fiscal_year=2026, value=Decimal(59), accepted=True)

    assert (is_overdue(closed, date(2027, 4, 1)), is_closed(closed, date(2027, 4, 1))) == (True, False)


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


def test_what_is_not_missed_today_is_neither_closed_nor_reopened(unreported, achieved, withdrawn, reviewer):
    for target in (unreported, achieved, withdrawn):
        for step in (workflow.close_miss, workflow.reopen_miss):
            assert refused(step, target, by=reviewer, reason=WHY) == "The target is not missed today."


@pytest.mark.parametrize("reason", ["", " ", "\n　"])
def test_miss_is_neither_closed_nor_reopened_without_a_reason(missed, reviewer, reason):
    assert refused(workflow.close_miss, missed, by=reviewer, reason=reason) == "A miss is closed with a reason."
    workflow.close_miss(missed, by=reviewer, reason=WHY)
    assert refused(workflow.reopen_miss, missed, by=reviewer, reason=reason) == "A miss is reopened with a reason."


@pytest.mark.parametrize("who", ["one_who_left", "official", "auditor", "administrator"])
def test_only_a_reviewer_closes_or_reopens(missed, reviewer, who, request):
    user = request.getfixturevalue(who)
    assert refused(workflow.close_miss, missed, by=user, reason=WHY) == "Only a reviewer closes or reopens a miss."
    workflow.close_miss(missed, by=reviewer, reason=WHY)
    assert refused(workflow.reopen_miss, missed, by=user, reason=WHY) == "Only a reviewer closes or reopens a miss."


def test_who_reported_on_the_target_does_not_close_its_miss(programme, official, ministry):
    own = ProgressReportFactory(target__programme=programme, reported_by=official, value=Decimal(59), accepted=True).target
    PostingFactory(user=official, organisation=ministry, role=Role.REVIEWER)

    assert refused(workflow.close_miss, own, by=anew(official), reason=WHY) == "Nobody closes the miss of a target that they reported on."


def test_who_reported_an_earlier_figure_or_submitted_it_does_not_close_nor_reopen_the_miss(programme, reviewer, ministry, division):
    first, second, third = (PostingFactory(organisation=division, role=Role.OFFICIAL).user for _n in range(3))
    report = ProgressReportFactory(target__programme=programme, reported_by=first, value=Decimal(59), reason="募集の遅れ")
    report.reported_by = second
    report.save()
    workflow.accept(workflow.submit(report, by=third), by=reviewer)
    for user in (first, second, third):
        PostingFactory(user=user, organisation=ministry, role=Role.REVIEWER)

    own = "Nobody closes the miss of a target that they reported on."
    assert [refused(workflow.close_miss, report.target, by=anew(user), reason=WHY) for user in (first, second, third)] == [own] * 3
    workflow.close_miss(report.target, by=reviewer, reason=WHY)
    assert [refused(workflow.reopen_miss, report.target, by=anew(user), reason=WHY) for user in (first, second, third)] == [own] * 3


# --- Who may ------------------------------------------------------------------------------------------------------------------------

MAY = {
    ("missed", "close-miss"): {"reviewer"},
    ("closed", "reopen-miss"): {"reviewer"},
    **{(standing, "withdraw"): {"administrator"} for standing in ("missed", "closed", "unreported", "achieved")},
}


@pytest.mark.parametrize("who", ["official", "one_who_left", "other_official", "reviewer", "auditor", "administrator"])
@pytest.mark.parametrize("step", workflow.TARGET_STEPS, ids=lambda step: step.code)
@pytest.mark.parametrize("state", ["missed", "closed", "unreported", "achieved", "withdrawn"])
def test_step_is_taken_and_offered_where_the_table_says_and_nowhere_else(state, step, who, request):
    target, user = request.getfixturevalue(state), request.getfixturevalue(who)
    shown = OutcomeTarget.objects.with_status(TODAY).filter(pk=target.pk).first() or target
    may = who in MAY.get((state, step.code), ())

    assert step.is_open_to(user, shown) is may
    if may:
        step.take(target, by=user, reason=WHY)
    else:
        refused(step.take, target, by=user, reason=WHY)


@pytest.mark.parametrize("step", workflow.TARGET_STEPS, ids=lambda step: step.code)
def test_strangers_are_told_apart_from_those_who_come_at_the_wrong_time(step, withdrawn, reviewer, administrator, auditor):
    with pytest.raises(PermissionDenied):
        step.refuse_strangers(auditor, withdrawn)
    step.refuse_strangers(administrator if step.code == "withdraw" else reviewer, withdrawn)
