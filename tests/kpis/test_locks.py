"""A locked year: what officials can no longer do, who can after all, and what is said to whoever comes too late."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budget.fiscal import day_name
from kpis import locks, workflow
from kpis.choices import ReportState
from kpis.models import EntryLock, LockException, ProgressReport
from tests.factories import (
    EntryLockFactory,
    LockExceptionFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    UserFactory,
)
from tests.forms import errors, page_of, sent

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 10)
WHO_WHEN_WHY = "令和7年度（2025年度）の実績の入力は、2026年9月10日9:00に管理 花子が締め切りました。理由：公表資料を作成するため。"


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(datetime(2026, 9, 10, 3, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def target(division):
    return OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2027)


@pytest.fixture
def draft(target, official):
    return ProgressReportFactory(target=target, fiscal_year=2025, reported_by=official)


@pytest.fixture
def lock():
    """FY2025, at 9 in the morning of 10 September in Tokyo."""
    moment = datetime(2026, 9, 10, 0, tzinfo=UTC)
    return EntryLockFactory(fiscal_year=2025, set_by=UserFactory(name="管理 花子"), set_at=moment)


def refused_to(programme, fiscal_year=2025, on=TODAY) -> bool:
    """Asked of one result as of many."""
    one, many = locks.against(programme.pk, fiscal_year, on), locks.in_force(on).against(programme.pk, fiscal_year)
    assert one == many
    return one is not None


# --- The rule -----------------------------------------------------------------------------------------------------------------------


def test_a_lock_closes_its_year_alone(target, lock):
    assert refused_to(target.programme, 2025)
    assert not refused_to(target.programme, 2024)
    assert not refused_to(target.programme, 2026)


def test_a_year_that_is_opened_again_is_open(target):
    EntryLockFactory(fiscal_year=2025, locked=False)
    assert not refused_to(target.programme)


@pytest.mark.parametrize(("until_on", "refused"), [(date(2026, 9, 9), True), (TODAY, False), (date(2026, 9, 11), False)])
def test_an_exception_holds_until_its_last_day(target, lock, until_on, refused):
    LockExceptionFactory(lock=lock, organisation=target.programme.lead, until_on=until_on)
    assert refused_to(target.programme) is refused


def test_an_exception_reaches_all_below_its_organisation(target, lock, bureau, other_division):
    LockExceptionFactory(lock=lock, organisation=bureau)
    assert not refused_to(target.programme)
    assert not refused_to(ProgrammeFactory(lead=other_division))
    assert refused_to(ProgrammeFactory(lead=OrganisationFactory(parent=bureau.parent)))


def test_an_exception_reaches_programmes_that_the_organisation_answers_for_beside_others(lock, division, other_division):
    LockExceptionFactory(lock=lock, organisation=other_division)
    programme = ProgrammeFactory(lead=division)
    assert refused_to(programme)
    ProgrammeOrganisationFactory(programme=programme, organisation=other_division)
    assert not refused_to(programme)


def test_an_exception_of_another_year_opens_nothing(target, lock):
    LockExceptionFactory(lock=EntryLockFactory(fiscal_year=2024), organisation=target.programme.lead)
    assert refused_to(target.programme, 2025)


@pytest.mark.parametrize("count", [1, 30])
def test_locks_cost_the_same_for_any_number_of_years_and_exceptions(target, lock, count, django_assert_num_queries):
    for _n in range(count):
        LockExceptionFactory(lock=lock)
        LockExceptionFactory()
    numbers = 1 if connection.vendor == "postgresql" else 0  # the locks are kept as they are
    with django_assert_num_queries(4 + numbers):  # locks with exceptions, the tree, who leads and who answers for programmes
        assert locks.in_force(TODAY).against(target.programme_id, 2025)
    with django_assert_num_queries(3 + numbers):  # the year's lock with its exceptions, the tree, the programme
        assert locks.against(target.programme_id, 2025, TODAY)


def test_a_refusal_says_who_locked_the_year_when_and_why(target, lock):
    with pytest.raises(ValidationError, match=WHO_WHEN_WHY):
        locks.refuse_locked(target.programme_id, 2025, TODAY)


# --- The steps ----------------------------------------------------------------------------------------------------------------------

STEPS_OF_OFFICIALS = [
    ("submit", {}, lambda report, by: workflow.submit(report, by=by)),
    ("recall", {"submitted": True}, lambda report, by: workflow.recall(report, by=by)),
    ("take down", {}, lambda report, by: workflow.take_down(report, by=by, reason="誤り")),
]


def test_nobody_reopens_or_takes_down_a_result_of_a_locked_year(target, official, reviewer, lock):
    report = ProgressReportFactory(target=target, fiscal_year=2025, reported_by=official, accepted=True)
    for take in (workflow.reopen, workflow.take_down):
        with pytest.raises(ValidationError, match=WHO_WHEN_WHY):
            take(report, by=reviewer, reason="誤り")


@pytest.mark.parametrize(("state", "take"), [case[1:] for case in STEPS_OF_OFFICIALS], ids=[case[0] for case in STEPS_OF_OFFICIALS])
def test_officials_take_no_step_in_a_locked_year(target, official, lock, state, take):
    report = ProgressReportFactory(target=target, fiscal_year=2025, reported_by=official, **state)
    with pytest.raises(ValidationError, match=WHO_WHEN_WHY):
        take(report, official)
    LockExceptionFactory(lock=lock, organisation=target.programme.lead)
    take(report, official)


def test_reviewers_decide_what_waits_in_a_locked_year(target, official, reviewer, lock):
    accepted, returned = (
        ProgressReportFactory(target__programme=target.programme, fiscal_year=2025, reported_by=official, submitted=True) for _n in "12"
    )
    workflow.accept(accepted, by=reviewer)
    workflow.send_back(returned, by=reviewer, reason="出典を。")
    states = ProgressReport.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [ReportState.ACCEPTED, ReportState.RETURNED]


# --- The form -----------------------------------------------------------------------------------------------------------------------


def test_a_draft_of_a_locked_year_is_shown_with_who_locked_it(as_official, draft, lock):
    page = as_official.get(page_of(draft))
    assert WHO_WHEN_WHY in page.content.decode()
    assert b'name="value"' not in page.content


def test_a_save_that_comes_after_the_lock_says_who_locked_it_and_keeps_what_was_written(as_official, draft):
    page = as_official.get(page_of(draft))
    EntryLockFactory(fiscal_year=2025, set_by=UserFactory(name="管理 花子"), set_at=datetime(2026, 9, 10, 0, tzinfo=UTC))
    answer = as_official.post(page_of(draft), sent(page, value="61.5", narrative="書きかけの説明"))
    assert answer.status_code == 409
    assert WHO_WHEN_WHY in answer.content.decode()
    assert "61.5" in answer.content.decode()
    assert "書きかけの説明" in answer.content.decode()
    assert draft.history.count() == 1


def test_a_step_that_comes_after_the_lock_keeps_the_reason_that_was_written(as_official, draft):
    page = as_official.get(page_of(draft))
    EntryLockFactory(fiscal_year=2025, set_by=UserFactory(name="管理 花子"), set_at=datetime(2026, 9, 10, 0, tzinfo=UTC))
    sending = {"version": page.context["version"], "reason": "二重に入力したため。"}
    answer = as_official.post(reverse("admin:kpis_progressreport_step", args=(draft.pk, "take-down")), sending)
    assert answer.status_code == 409
    assert WHO_WHEN_WHY in answer.content.decode()
    assert "二重に入力したため。" in answer.content.decode()


def test_a_new_result_of_a_year_that_was_locked_meanwhile_is_refused_beside_the_year(as_official, target):
    address = reverse("admin:kpis_progressreport_add", query={"target": target.pk})
    page = as_official.get(address)
    EntryLockFactory(fiscal_year=2025, set_by=UserFactory(name="管理 花子"), set_at=datetime(2026, 9, 10, 0, tzinfo=UTC))
    answer = as_official.post(address, sent(page, value="61.5"))
    assert errors(answer) == {"fiscal_year": [WHO_WHEN_WHY]}
    assert not ProgressReport.objects.exists()


def test_who_comes_to_enter_a_locked_year_is_told_at_once(as_official, target, lock):
    answer = as_official.get(reverse("admin:kpis_progressreport_add", query={"target": target.pk}), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("kpis:work")
    assert WHO_WHEN_WHY in answer.content.decode()


def test_an_excepted_division_goes_on_entering(as_official, target, lock):
    LockExceptionFactory(lock=lock, organisation=target.programme.lead)
    address = reverse("admin:kpis_progressreport_add", query={"target": target.pk})
    as_official.post(address, sent(as_official.get(address), value="61.5"))
    assert ProgressReport.objects.get().fiscal_year == 2025


def test_an_official_of_another_division_reads_nothing_of_a_draft_that_comes_too_late(client, other_official, draft, lock):
    client.force_login(other_official)
    assert client.post(page_of(draft), {"version": "progressreport:1", "value": "1"}).status_code == 403


def test_my_work_tells_of_locks_and_exceptions(as_official, target, lock, division):
    LockExceptionFactory(lock=lock, organisation=division, until_on=date(2026, 9, 30))
    page = as_official.get(reverse("kpis:work")).content.decode()
    assert WHO_WHEN_WHY in page
    assert f"{division}は{day_name(date(2026, 9, 30))}まで入力できます。" in page


# --- The admin ----------------------------------------------------------------------------------------------------------------------


def test_an_administrator_locks_a_year_and_grants_an_exception(as_administrator, administrator, division):
    add = reverse("admin:kpis_entrylock_add")
    as_administrator.post(add, sent(as_administrator.get(add), fiscal_year="令和7年度", locked="on", reason="公表資料を作成するため。"))
    lock = EntryLock.objects.get()
    assert (lock.fiscal_year, lock.locked, lock.set_by) == (2025, True, administrator)
    granted = {"exceptions-0-organisation": division.pk, "exceptions-0-until_on": "R8.9.30", "exceptions-0-reason": "統計の遅れ"}
    as_administrator.post(page_of(lock), sent(as_administrator.get(page_of(lock)), **granted))
    exception = LockException.objects.get()
    assert (exception.organisation, exception.until_on, exception.granted_by) == (division, date(2026, 9, 30), administrator)
    told = exception.history.get()
    assert (told.history_user, told.history_change_reason) == (administrator, "統計の遅れ")
    assert lock.history.count() == 1


def test_a_year_is_opened_again_with_a_reason_of_its_own(as_administrator, administrator, lock):
    page = as_administrator.get(page_of(lock))
    refused = as_administrator.post(page_of(lock), sent(page, locked=None))
    assert list(errors(refused)) == ["reason"]
    as_administrator.post(page_of(lock), sent(page, locked=None, reason="訂正のため再開する。"))
    lock.refresh_from_db()
    assert (lock.locked, lock.set_by) == (False, administrator)
    told = lock.history.latest("history_id")
    assert (told.history_user, told.history_change_reason) == (administrator, "訂正のため再開する。")


def test_who_words_the_reason_anew_is_who_says_it(as_administrator, administrator, lock):
    as_administrator.post(page_of(lock), sent(as_administrator.get(page_of(lock)), reason="白書を作成するため。"))
    lock.refresh_from_db()
    assert (lock.set_by, lock.set_at, lock.reason) == (administrator, datetime(2026, 9, 10, 3, tzinfo=UTC), "白書を作成するため。")


def test_the_last_day_of_an_exception_moves_with_a_reason_of_its_own(as_administrator, lock, division):
    exception = LockExceptionFactory(lock=lock, organisation=division, until_on=TODAY)
    page = as_administrator.get(page_of(lock))
    refused = as_administrator.post(page_of(lock), sent(page, **{"exceptions-0-until_on": "R8.12.31"}))
    assert refused.context["inline_admin_formsets"][0].formset.errors[0].keys() == {"reason"}
    as_administrator.post(page_of(lock), sent(page, **{"exceptions-0-until_on": "R8.12.31", "exceptions-0-reason": "公表が延びた。"}))
    told = exception.history.latest("history_id")
    assert (told.until_on, told.history_change_reason) == (date(2026, 12, 31), "公表が延びた。")


def test_an_exception_until_a_day_that_has_passed_is_refused(as_administrator, lock, division):
    granted = {"exceptions-0-organisation": division.pk, "exceptions-0-until_on": "2026-09-09", "exceptions-0-reason": "公表の遅れ"}
    refused = as_administrator.post(page_of(lock), sent(as_administrator.get(page_of(lock)), **granted))
    assert refused.context["inline_admin_formsets"][0].formset.errors[0].keys() == {"until_on"}
    assert not lock.exceptions.exists()


def test_an_exception_stays_that_of_its_organisation(as_administrator, lock, division, other_division):
    LockExceptionFactory(lock=lock, organisation=division)
    page = as_administrator.get(page_of(lock))
    refused = as_administrator.post(page_of(lock), sent(page, **{"exceptions-0-organisation": other_division.pk}))
    assert refused.context["inline_admin_formsets"][0].formset.errors[0].keys() == {"organisation"}


def test_exceptions_end_when_the_year_is_opened_again(as_administrator, target, lock):
    """A later lock of the year is a new one."""
    exception = LockExceptionFactory(lock=lock, organisation=target.programme.lead)
    for locked, reason in ((None, "訂正のため再開する。"), ("on", "訂正が終わった。")):
        as_administrator.post(page_of(lock), sent(as_administrator.get(page_of(lock)), locked=locked, reason=reason))
    assert refused_to(target.programme)
    assert exception.history.latest("history_id").history_change_reason == "訂正のため再開する。"


def taken(queries) -> list[str]:
    """In their order: the advisory locks, the rows that are locked, the rows that are written."""
    told = {"pg_advisory_xact_lock(": "alone", "pg_advisory_xact_lock_shared(": "shared", "FOR UPDATE": "row", "INSERT INTO": "written"}
    return [word for query in queries for sign, word in told.items() if sign in query["sql"]]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="Only PostgreSQL has several writers at a time.")
def test_a_lock_waits_for_who_is_entering_before_it_touches_a_row(as_administrator):
    add = reverse("admin:kpis_entrylock_add")
    page = as_administrator.get(add)
    with CaptureQueriesContext(connection) as queries:
        as_administrator.post(add, sent(page, fiscal_year="2025", locked="on", reason="公表のため。"))
    assert taken(queries)[:2] == ["alone", "written"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="Only PostgreSQL has several writers at a time.")
@pytest.mark.parametrize("how", ["new", "changed", "step"])
def test_who_enters_keeps_the_locks_as_they_are_before_a_row_is_locked(as_official, official, target, how):
    """Otherwise one waits for the lock with a row in hand that another needs, for whom the lock waits."""
    report = None if how == "new" else ProgressReportFactory(target=target, fiscal_year=2025, reported_by=official)
    address = page_of(report) if report else f"{reverse('admin:kpis_progressreport_add')}?target={target.pk}&fiscal_year=2025"
    page = as_official.get(address)
    with CaptureQueriesContext(connection) as queries:
        if how == "step":
            workflow.submit(report, by=official)
        else:
            as_official.post(address, sent(page, value="70"))
    order = taken(queries)
    assert "row" in order
    assert order[0] == "shared"
    assert "alone" not in order


def test_an_exception_that_is_moved_while_its_year_is_opened_ends_all_the_same(as_administrator, lock, division):
    exception = LockExceptionFactory(lock=lock, organisation=division)
    page = as_administrator.get(page_of(lock))
    as_administrator.post(page_of(lock), sent(page, locked=None, reason="訂正のため。", **{"exceptions-0-until_on": "2040-03-31"}))
    exception.refresh_from_db()
    lock.refresh_from_db()
    assert not lock.locked
    assert exception.until_on < TODAY


def test_a_year_has_one_lock(as_administrator, lock):
    add = reverse("admin:kpis_entrylock_add")
    refused = as_administrator.post(add, sent(as_administrator.get(add), fiscal_year="2025", locked="on", reason="もう一度"))
    assert list(errors(refused)) == ["fiscal_year"]


@pytest.mark.parametrize("who", ["official", "reviewer", "auditor"])
def test_others_read_locks_and_change_none(client, who, lock, request):
    client.force_login(request.getfixturevalue(who))
    assert client.get(page_of(lock)).status_code == 200
    assert client.post(page_of(lock), {"reason": "x"}).status_code == 403
    assert client.get(reverse("admin:kpis_entrylock_add")).status_code == 403
