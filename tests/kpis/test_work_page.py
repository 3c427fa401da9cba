"""My work: the first page after the log-in, by role."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from kpis import work, workflow
from kpis.choices import ReportState
from kpis.models import OutcomeTarget
from tests.factories import (
    PASSWORD,
    EntryLockFactory,
    LockExceptionFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    TargetProposalFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

WORK = reverse("kpis:work")
# Results of FY2025 were due by 2026-08-31; those of FY2026 are asked for from 2027-04-01.
TODAY = "2026-10-01 10:00+09:00"


@pytest.fixture(autouse=True)
def _today(time_machine):
    time_machine.move_to(TODAY, tick=False)


@pytest.fixture
def programme(division):
    return ProgrammeFactory(lead=division)


def lists(response) -> dict[str, list]:
    """The rows of each list, by their target's code."""
    return {one.kind: [getattr(row, "code", None) or row.target.code for row in one.rows] for one in response.context["lists"]}


def numbers(response) -> dict[str, int]:
    return {one.kind: one.number for one in response.context["lists"]}


# --- The way there ------------------------------------------------------------------------------------------------------------------


def test_log_in_leads_to_the_work(client, official):
    login = reverse("admin:login")
    for asked in (login, f"{login}?next={reverse('admin:index')}"):
        page = client.get(asked)
        sent = {"username": official.username, "password": PASSWORD, "next": page.context["next"]}
        assert client.post(asked, sent).headers["Location"] == WORK
        client.logout()


def test_log_in_leads_back_to_the_page_that_asked_for_it(client, official):
    wanted = reverse("admin:kpis_outcometarget_changelist")
    page = client.get(client.get(wanted).headers["Location"])
    sent = {"username": official.username, "password": PASSWORD, "next": page.context["next"]}
    assert client.post(reverse("admin:login"), sent).headers["Location"] == wanted


@pytest.mark.parametrize("role", Role.values)
def test_home_is_the_work_of_everybody_who_works_here(client, ministry, role):
    client.force_login(PostingFactory(organisation=ministry, role=role).user)
    assert client.get("/").headers["Location"] == WORK
    assert client.get(WORK).status_code == 200


def test_who_is_not_logged_in_is_asked_to(client, db):
    assert client.get(WORK).headers["Location"] == f"{reverse('admin:login')}?next={WORK}"


def test_who_has_no_posting_today_has_no_work_here(client, official):
    client.force_login(official)
    official.postings.update(to_on=date(2026, 9, 30))
    assert client.get(WORK).status_code == 302


@pytest.mark.parametrize(
    "query", [{"shown": "due"}, {"show": "everything"}, {"organisation": "none"}, {"show": "due", "page": "9"}, {"page": "1"}]
)
def test_what_cannot_be_read_is_refused(as_official, programme, query):
    assert as_official.get(WORK, query).status_code == 400


def test_a_list_that_no_posting_gives_is_refused(as_official):
    assert as_official.get(WORK, {"show": "decide"}).status_code == 400


# --- An official's work -------------------------------------------------------------------------------------------------------------


def test_results_stand_in_the_list_of_what_is_to_be_done_with_them(as_official, programme, official, reviewer):
    OutcomeTargetFactory(code="unreported", programme=programme, deadline_year=2025)
    OutcomeTargetFactory(code="due", programme=programme, deadline_year=2030)
    for code, kind in (("event", "after_event"), ("end", "after_programme"), ("none", "none")):
        OutcomeTargetFactory(
            code=code, programme=programme, deadline_year=None, deadline_kind=kind, deadline_offset_years=None if kind == "none" else 3
        )
    ProgressReportFactory(target__code="behind", target__programme=programme, target__deadline_year=2030, value=Decimal(1), accepted=True,
                          target__baseline_value=Decimal(0), target__baseline_year=2020)  # fmt: skip
    ProgressReportFactory(target__code="missed", target__programme=programme, target__deadline_year=2025, value=Decimal(1), accepted=True)
    ProgressReportFactory(target__code="submitted", target__programme=programme, reported_by=official, submitted=True)
    ProgressReportFactory(target__code="draft", target__programme=programme, target__deadline_year=2030, reported_by=official)
    returned = ProgressReportFactory(target__code="returned", target__programme=programme, reported_by=official, submitted=True)
    workflow.send_back(returned, by=reviewer, reason="出典を補うこと")

    response = as_official.get(WORK)

    assert lists(response) == {
        "returned": ["returned"],
        "unreported": ["returned", "unreported"],  # a returned result is none yet
        "due": ["draft", "due", "end", "event", "none"],
        "behind": ["behind"],
        "missed": ["missed"],
        "undated": ["end", "event"],
        "draft": ["draft"],
        "submitted": ["submitted"],
    }
    assert "出典を補うこと" in response.content.decode()


def test_row_tells_deadline_last_years_value_and_leads_to_the_entry(as_official, programme):
    target = OutcomeTargetFactory(programme=programme, deadline_year=2025)
    ProgressReportFactory(target=target, fiscal_year=2023, value=Decimal(30), accepted=True)
    ProgressReportFactory(target=target, fiscal_year=2024, value=Decimal(41), accepted=True)
    page = as_official.get(WORK).content.decode()
    for told in ("令和7年度（2025年度）", "2026-03-31", "41件", "令和6年度（2024年度）", "2026-08-31"):
        assert told in page
    assert f"{reverse('admin:kpis_progressreport_add')}?target={target.pk}&amp;fiscal_year=2025" in page


def test_year_that_is_locked_is_told_in_place_of_the_link(as_official, programme, division):
    OutcomeTargetFactory(programme=programme, deadline_year=2025)
    entry = f"{reverse('admin:kpis_progressreport_add')}?"
    assert entry in as_official.get(WORK).text
    lock = EntryLockFactory(fiscal_year=2025)
    assert entry not in as_official.get(WORK).text
    LockExceptionFactory(lock=lock, organisation=division)
    assert entry in as_official.get(WORK).text


def test_unreported_target_of_each_year_is_entered_for_the_year_that_makes_it_overdue(client, official, programme, time_machine):
    """FY2025 is asked for from April on; until its results are due, FY2024 is judged."""
    time_machine.move_to("2026-04-01 10:00+09:00", tick=False)
    client.force_login(official)
    programme.start_fiscal_year = 2024
    programme.save()
    OutcomeTargetFactory(programme=programme, each_year=True, deadline_year=None)
    (row,) = next(one.rows for one in client.get(WORK).context["lists"] if one.kind == "unreported")
    assert (row.entry_fy, row.asked_fy) == (2024, 2025)


def test_work_is_that_of_the_own_subtree_and_of_programmes_answered_for_together(client, bureau, division, other_division):
    OutcomeTargetFactory(code="led", programme__lead=division, deadline_year=2025)
    OutcomeTargetFactory(code="others", programme__lead=other_division, deadline_year=2025)
    shared = OutcomeTargetFactory(code="shared", programme__lead=other_division, deadline_year=2025)
    ProgrammeOrganisationFactory(programme=shared.programme, organisation=division)
    OutcomeTargetFactory(code="elsewhere", deadline_year=2025)

    def unreported(organisation):
        client.force_login(PostingFactory(organisation=organisation).user)
        return set(lists(client.get(WORK))["unreported"])

    assert unreported(division) == {"led", "shared"}
    assert unreported(bureau) == {"led", "others", "shared"}


def test_withdrawn_target_is_nobodys_work(as_official, programme, administrator):
    target = OutcomeTargetFactory(programme=programme, deadline_year=2025)
    ProgressReportFactory(target=target)
    workflow.withdraw(target, by=administrator, reason="取下げ")
    assert not any(numbers(as_official.get(WORK)).values())


def test_unreported_is_what_the_overdue_report_says(as_official, programme):
    for year in (2023, 2024, 2025, 2026):
        OutcomeTargetFactory(programme=programme, deadline_year=year)
    overdue = OutcomeTarget.objects.overdue(timezone.localdate(), statuses=("unreported",))
    assert numbers(as_official.get(WORK))["unreported"] == overdue.count() == 3


def test_bureau_sees_the_numbers_of_each_division_and_each_leads_to_what_it_counts(client, bureau, division, other_division):
    client.force_login(PostingFactory(organisation=bureau).user)
    OutcomeTargetFactory.create_batch(2, programme__lead=division, deadline_year=2025)
    OutcomeTargetFactory.create_batch(3, programme__lead=other_division, deadline_year=2030)
    ProgressReportFactory(target__programme__lead=other_division, target__deadline_year=2030)

    response = client.get(WORK)

    told = {organisation.code: dict(counts) for organisation, counts in response.context["divisions"]}
    nothing = dict.fromkeys(numbers(response), 0)
    assert told == {"division": nothing | {"unreported": 2}, "other-division": nothing | {"due": 4, "draft": 1}}
    for code, counts in told.items():
        for kind, number in counts.items():
            whole = client.get(WORK, {"organisation": code, "show": kind})
            assert whole.context["page"].paginator.count == number


def test_whole_list_is_turned_page_by_page(as_official, programme):
    OutcomeTargetFactory.create_batch(51, programme=programme, deadline_year=2025)
    first, second = (as_official.get(WORK, {"show": "unreported", "page": page}).context["page"].object_list for page in (1, 2))
    assert (len(first), len(second)) == (50, 1)
    assert not {target.pk for target in first} & {target.pk for target in second}


def test_page_of_an_official_costs_the_same_for_any_number(as_official, programme, official, reviewer):
    def add(number):
        for _n in range(number):
            OutcomeTargetFactory(programme=programme, deadline_year=2025)
            OutcomeTargetFactory(programme=programme, deadline_year=2030)
            for _kind in range(2):
                ProgressReportFactory(target__programme=programme, value=Decimal(1), accepted=True)
            ProgressReportFactory(target__programme=programme, target__deadline_year=2030)
            ProgressReportFactory(target__programme=programme, submitted=True)
            back = ProgressReportFactory(target__programme=programme, submitted=True)
            workflow.send_back(back, by=reviewer, reason="不足")

    def cost(**asked):
        with CaptureQueriesContext(connection) as queries:
            assert as_official.get(WORK, asked).status_code == 200
        return len(queries)

    costs = []
    for number in (1, 12):
        add(number)
        lock = EntryLockFactory()
        LockExceptionFactory.create_batch(number, lock=lock)
        costs.append((cost(), cost(show="unreported"), cost(show="draft")))
    # Session, user with postings, organisations, locks; what there is to do, the first targets of all lists, the first reports; proposals
    # counted; documents. Of a whole list: session, user, organisations, locks, number, rows, documents.
    assert costs == [(9, 7, 7), (9, 7, 7)]


# --- The work of the others ---------------------------------------------------------------------------------------------------------


def test_reviewer_sees_what_waits_the_oldest_first(client, reviewer, division):
    client.force_login(reviewer)
    now = timezone.now()
    for code, days in (("new", 1), ("oldest", 30), ("old", 7)):
        ProgressReportFactory(target__code=code, target__programme__lead=division, submitted=True, submitted_at=now - timedelta(days=days))
    ProgressReportFactory(target__code="draft")
    ProgressReportFactory(target__code="accepted", accepted=True)

    assert lists(client.get(WORK)) == {"decide": ["oldest", "old", "new"]}
    assert client.get(WORK, {"show": "decide"}).context["page"].paginator.count == 3


def test_report_on_a_withdrawn_target_waits_for_nobody(client, reviewer, administrator):
    report = ProgressReportFactory(submitted=True)
    workflow.withdraw(report.target, by=administrator, reason="取下げ")
    client.force_login(reviewer)
    assert lists(client.get(WORK)) == {"decide": []}


def test_reviewer_sees_how_many_misses_are_open(client, reviewer):
    missed = ProgressReportFactory(value=Decimal(1), accepted=True).target
    ProgressReportFactory(value=Decimal(1), accepted=True)
    client.force_login(reviewer)
    assert client.get(WORK).context["open_misses"] == 2
    workflow.close_miss(missed, by=reviewer, reason="引継ぎ")
    assert client.get(WORK).context["open_misses"] == 1


@pytest.mark.parametrize("number", [1, 12])
@pytest.mark.parametrize(
    ("who", "cost"),
    # Session, user with postings, documents; reports to decide, counted and shown, and open misses; proposals, and what has no last day.
    [("reviewer", 6), ("administrator", 5), ("auditor", 3)],
)
def test_page_of_the_others_costs_the_same_for_any_number(client, request, who, cost, number, django_assert_num_queries):
    client.force_login(request.getfixturevalue(who))
    for _n in range(number):
        ProgressReportFactory(submitted=True)
        OutcomeTargetFactory(deadline_year=None)
    with django_assert_num_queries(cost):
        client.get(WORK)


def test_two_postings_give_the_work_of_both(client, division, ministry):
    user = UserFactory()
    PostingFactory(user=user, organisation=division)
    PostingFactory(user=user, organisation=ministry, role=Role.REVIEWER)
    client.force_login(user)
    assert {"due", "decide"} <= set(numbers(client.get(WORK)))


@pytest.mark.parametrize("who", ["auditor", "administrator"])
def test_who_enters_and_decides_nothing_sees_what_to_read_or_to_keep(client, who, request):
    OutcomeTargetFactory(deadline_year=None)
    client.force_login(request.getfixturevalue(who))
    response = client.get(WORK)
    assert response.context["lists"] == []
    assert response.status_code == 200


# --- Numbers ------------------------------------------------------------------------------------------------------------------------


def test_numbers_of_an_official_cost_one_query_and_the_first_rows_two(official, programme, django_assert_num_queries):
    OutcomeTargetFactory.create_batch(3, programme=programme, deadline_year=2025)
    todo = work.OfficialsWork(official, timezone.localdate())
    official.organisation_ids_on(timezone.localdate(), Role.OFFICIAL)  # the postings are read once
    with django_assert_num_queries(1):
        assert [(one.organisation, one.counts["unreported"]) for one in todo.by_division(official.tree)] == [(programme.lead, 3)]
    with django_assert_num_queries(2):  # targets, reports
        assert len(todo.first_rows(2)["unreported"]) == 2


def test_reports_stand_in_the_order_in_which_they_wait_where_they_are(official, programme, reviewer):
    """Also what nobody is known to have reported, such as a draft from a fixture: last, on both databases."""
    times = [timezone.now() - timedelta(days=days) for days in (3, 2, 1)]
    for code, entered, submitted in (("first", times[1], times[1]), ("second", times[0], times[2])):
        ProgressReportFactory(target__code=code, target__programme=programme, submitted=True, reported_at=entered, submitted_at=submitted)
    for code, at, by in (("unknown", None, None), ("old", times[0], official), ("new", times[2], official)):
        ProgressReportFactory(target__code=code, target__programme=programme, reported_by=by, reported_at=at)
    todo = work.OfficialsWork(official, timezone.localdate())
    for kind, order in (("submitted", ["first", "second"]), ("draft", ["old", "new", "unknown"])):
        assert [report.target.code for report in todo.reports(kind)] == order
        assert [report.target.code for report in todo.first_rows(10)[kind]] == order


def test_who_reported_or_submitted_decides_elsewhere(client, division, ministry, official):
    user = PostingFactory(user=official, organisation=ministry, role=Role.REVIEWER).user
    client.force_login(user)
    ProgressReportFactory(target__code="own", target__programme__lead=division, submitted=True, reported_by=official)
    ProgressReportFactory(target__code="others", target__programme__lead=division, submitted=True)
    response = client.get(WORK)
    assert (lists(response)["decide"], numbers(response)["decide"]) == (["others"], 1)


def test_numbers_of_a_narrowed_page_are_those_of_the_organisation(client, ministry, division, other_division):
    user = PostingFactory(organisation=ministry, role=Role.ADMINISTRATOR).user
    client.force_login(PostingFactory(user=user, organisation=ministry, role=Role.REVIEWER).user)
    for lead in (division, other_division, other_division):
        OutcomeTargetFactory(programme__lead=lead, deadline_year=None)
        TargetProposalFactory(programme__lead=lead)
    page = client.get(WORK, {"organisation": "division"})
    assert sum(number for _reason, _label, number in page.context["no_last_day"]) == 1
    assert page.context["proposals"] == 1
    assert page.text.count("organisation=division") > 1
    assert client.get(WORK).context["proposals"] == 3


def test_target_that_is_withdrawn_between_two_queries_is_left_out(official, programme, administrator):
    gone, there = OutcomeTargetFactory.create_batch(2, programme=programme, deadline_year=2025)
    todo = work.OfficialsWork(official, timezone.localdate())
    todo.by_division(official.tree)
    workflow.withdraw(gone, by=administrator, reason="取下げ")
    assert todo.first_rows(10)["unreported"] == [there]


def test_lists_and_numbers_speak_of_every_state_that_waits_for_somebody():
    assert {state for _title, state in work.REPORTS_IN_HAND.values()} == {ReportState.RETURNED, ReportState.DRAFT, ReportState.SUBMITTED}
