"""The dashboard: its numbers, worked out by hand, each leading to the list that it counts; what was otherwise at the end of last month."""

import re
from datetime import UTC, date, datetime
from html import unescape

import pytest

from budget.models import BudgetStage
from kpis import dashboard, workflow
from kpis.asof import Clocks
from kpis.choices import DeadlineKind, Status
from kpis.models import OutcomeTarget
from tests.factories import (
    BudgetAmountFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgressReportFactory,
)

pytestmark = pytest.mark.django_db

DASHBOARD = "/dashboard/"
# FY2025 ended on 31 March 2026; its results were due by 31 August.
TODAY = datetime(2026, 9, 10, 3, tzinfo=UTC)


@pytest.fixture
def today(time_machine):
    time_machine.move_to(TODAY, tick=False)


def on_day(day: date) -> dict:
    return {"deadline_kind": DeadlineKind.DATE, "deadline_year": None, "deadline_on": day}


@pytest.fixture
def in_august(time_machine):
    time_machine.move_to("2026-08-01 12:00+09:00", tick=False)


@pytest.fixture
def some_of_everything(time_machine, in_august, ministry, bureau, division, other_division, reviewer):
    """Recorded on 1 August, when FY2025 awaited its results: 3 targets due in FY2025, of which one misses and one's miss is closed in
    September; one due on 31 December 2026; three without a last day; all of them of programmes with or without a budget.
    """
    ours, others, above = (ProgrammeFactory(lead=lead) for lead in (division, other_division, ministry))
    BudgetAmountFactory(programme=ours, fiscal_year=2026, stage=BudgetStage.DRAFT, amount_yen=999)
    BudgetAmountFactory(programme=ours, fiscal_year=2026, stage=BudgetStage.INITIAL, amount_yen=120_000_000)
    BudgetAmountFactory(programme=above, fiscal_year=2025, stage=BudgetStage.DRAFT, amount_yen=7_000_000)
    OutcomeTargetFactory(programme=ours, code="silent")
    OutcomeTargetFactory(programme=above, code="silent-above")
    ProgressReportFactory(target=OutcomeTargetFactory(programme=ours, code="missed"), accepted=True, value=59)
    closed = OutcomeTargetFactory(programme=others, code="closed")
    ProgressReportFactory(target=closed, accepted=True, value=59)
    OutcomeTargetFactory(programme=others, code="due", **on_day(date(2026, 12, 9)))
    OutcomeTargetFactory(
        programme=others, code="later", deadline_kind=DeadlineKind.DATE, deadline_year=None, deadline_on=date(2026, 12, 10)
    )
    OutcomeTargetFactory.create_batch(2, programme=others, deadline_year=None)
    OutcomeTargetFactory(programme=others, deadline_year=None, deadline_kind=DeadlineKind.AFTER_EVENT, deadline_offset_years=3)
    silent = OutcomeTargetFactory(programme=others, code="silent-without-budget")
    time_machine.move_to(TODAY, tick=False)
    workflow.close_miss(closed, by=reviewer, reason="事業の終了")
    return silent


def numbers(response, name: str) -> dict[str, int]:
    return {code: number for code, _label, number in response.context[name]}


def test_statuses_are_counted_with_those_of_the_end_of_last_month(client, some_of_everything):
    counts = {code: (now, then, change) for code, now, then, change in client.get(DASHBOARD).context["statuses"]}

    assert counts["unreported"] == (3, 0, 3)  # on 31 August their results were not overdue yet
    assert counts["awaiting_result"] == (0, 3, -3)
    assert counts["missed"] == (2, 2, 0)  # the closed one is missed all the same
    assert counts["no_deadline"] == (3, 3, 0)
    assert counts["no_data"] == (2, 2, 0)
    assert set(counts) == set(Status.values)


def test_what_was_recorded_after_the_end_of_last_month_was_not_known_then(client, some_of_everything):
    OutcomeTargetFactory(deadline_year=None)

    context = client.get(DASHBOARD).context

    assert (context["number"], context["number_before"], context["difference"]) == (11, 10, 1)
    assert {code: change for code, _now, _then, change in context["statuses"]}["no_deadline"] == 1


def test_overdue_targets_are_told_by_bureau_without_closed_misses(client, some_of_everything):
    context = client.get(DASHBOARD).context

    assert [(line.organisation.code, dict(line.counts)) for line, _numbers in context["bureaus"]] == [
        ("bureau", {"unreported": 2, "missed": 1}),
        ("ministry", {"unreported": 1}),
    ]
    assert numbers(client.get(DASHBOARD), "overdue") == {"missed": 1, "unreported": 3}


def test_unreported_targets_are_told_by_the_organisation_that_leads_the_most_first(client, some_of_everything, division):
    OutcomeTargetFactory(programme__lead=division)

    lines = client.get(DASHBOARD).context["divisions"]

    assert [(line.organisation.code, line.total) for line in lines] == [("division", 2), ("ministry", 1), ("other-division", 1)]


def test_division_is_told_with_what_it_stands_below(client, today, ministry):
    for code in ("one", "other"):
        bureau = OrganisationFactory(name=f"第{code}局", kind="bureau", parent=ministry)
        OutcomeTargetFactory(programme__lead=OrganisationFactory(code=code, name="大学連携推進室", parent=bureau))
    OutcomeTargetFactory(programme__lead=ministry)

    text = client.get(DASHBOARD).text

    for code in ("one", "other"):
        assert f'/organisations/{code}/">大学連携推進室</a> <span class="fine">第{code}局</span></th>' in text
    assert '/organisations/ministry/">経済産業省</a></th><td>' in text


def test_what_falls_due_within_ninety_days_counts_both_ends(client, some_of_everything):
    context = client.get(DASHBOARD).context  # 90 days after 10 September: 20 + 31 + 30 + 9 December

    assert [target.code for target in context["due_rows"]] == ["due"]
    assert context["due_number"] == 1
    assert client.get(DASHBOARD, {"on": "2026-12-09"}).context["due_number"] == 2  # the last day itself still falls due
    assert client.get(DASHBOARD, {"on": "2026-12-10"}).context["due_number"] == 1


def test_target_of_each_year_never_falls_due(client, today):
    OutcomeTargetFactory(each_year=True, **on_day(date(2026, 9, 30)))

    assert client.get(DASHBOARD).context["due_number"] == 0


def test_budget_of_programmes_with_overdue_targets_counts_each_once(client, some_of_everything):
    money = client.get(DASHBOARD).context["money"]

    # ours, with two overdue targets: the initial budget of FY2026 once; above: the draft of FY2025; others: nothing recorded
    assert (money.programmes, money.yen, money.without_amount) == (3, 127_000_000, 1)


def test_targets_that_can_never_be_overdue_are_told_by_reason(client, some_of_everything):
    response = client.get(DASHBOARD)

    assert numbers(response, "never") == {"none_stated": 2, "programme_end_not_known": 0, "event_not_recorded": 1}
    assert response.context["never_total"] == 3


# --- Every number leads to its list -------------------------------------------------------------------------------------------------

LINKED = re.compile(r'<a (?:class="[^"]*" )?href="(/[^"]*)">(?:<strong>)?([0-9,]+)(円)?(?:</strong>)?')


def links_of(response) -> list[tuple[str, int, str]]:
    """The links of a page whose words begin with a number: where they lead, the number, and whether it is yen."""
    main = response.text.partition("<main")[2]
    return [(unescape(address), int(number.replace(",", "")), yen) for address, number, yen in LINKED.findall(main)]


@pytest.mark.parametrize("query", [{}, {"on": "2026-08-31"}, {"on": "2027-10-01"}, {"known_at": "2026-08-15"}], ids=str)
def test_every_number_leads_to_the_list_that_it_counts(client, some_of_everything, query):
    links = links_of(client.get(DASHBOARD, query))

    assert len(links) >= 9 * 2 + 2 + 3 + 4 + 3 + 3  # statuses twice with their sums, tiles, never, money, sums of bureaus
    for address, number, yen in links:
        listed = client.get(address).context
        assert (listed["budget"] if yen else listed["page"].paginator.count) == number, address


def test_table_has_a_link_for_each_of_its_numbers(client, some_of_everything):
    main = client.get(DASHBOARD).text.partition("<main")[2]
    cells = [cell for cell in re.findall(r"<td>(.*?)</td>", main, re.DOTALL) if re.fullmatch(r"\s*\d+\s*", re.sub("<[^>]*>", "", cell))]

    assert cells
    assert [cell for cell in cells if "<a " not in cell] == []


def test_ministry_that_leads_programmes_itself_is_counted_without_its_bureaus(client, some_of_everything):
    links = links_of(client.get(DASHBOARD))

    assert [number for address, number, _yen in links if "bureau=ministry" in address and "status=" not in address] == [1]


# --- Both clocks --------------------------------------------------------------------------------------------------------------------

SETTLED = datetime(2026, 9, 10, 3, tzinfo=UTC)
END_OF_AUGUST = datetime(2026, 8, 31, 14, 59, 59, 999999, tzinfo=UTC)  # in Tokyo


@pytest.mark.parametrize(
    ("clocks", "before"),
    [
        (Clocks(date(2026, 9, 10)), Clocks(date(2026, 8, 31), END_OF_AUGUST)),
        (Clocks(date(2026, 9, 1)), Clocks(date(2026, 8, 31), END_OF_AUGUST)),
        (Clocks(date(2026, 8, 31)), Clocks(date(2026, 7, 31), datetime(2026, 7, 31, 14, 59, 59, 999999, tzinfo=UTC))),
        (Clocks(date(2026, 1, 5)), Clocks(date(2025, 12, 31), datetime(2025, 12, 31, 14, 59, 59, 999999, tzinfo=UTC))),
        # What the page does not know, or nobody knows yet, is not known at the end of the month either.
        (Clocks(date(2026, 9, 10), datetime(2026, 8, 1, tzinfo=UTC)), Clocks(date(2026, 8, 31), datetime(2026, 8, 1, tzinfo=UTC))),
        (Clocks(date(2030, 1, 5)), Clocks(date(2029, 12, 31), None)),
    ],
)
def test_end_of_last_month_is_a_day_and_what_was_known_by_its_end(clocks, before):
    assert dashboard.end_of_last_month(clocks, settled=SETTLED) == before


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "令和8年8月31日（2026-08-31）時点の状況で、その日の終わりまでの記録によります。"),
        ({"on": "2030-01-05"}, "その時点がまだ来ていないため、現在の記録によります。"),
        ({"known_at": "2026-08-15 12:00"}, "令和8年8月15日（2026-08-15） 12:00:00までの記録によります。"),
    ],
    ids=str,
)
def test_page_says_what_the_second_column_knows(client, today, query, words):
    assert words in client.get(DASHBOARD, query).text


@pytest.mark.parametrize(("url", "query"), [(DASHBOARD, {"status": "missed"}), (DASHBOARD, {"on": "soon"}), (DASHBOARD, {"page": "2"})])
def test_what_cannot_be_answered_is_refused(client, url, query):
    assert client.get(url, query).status_code == 400


# --- Costs --------------------------------------------------------------------------------------------------------------------------


def crowd(number: int, ministry) -> None:
    for _n in range(number):
        bureau = OrganisationFactory(kind="bureau", parent=ministry)
        programme = ProgrammeFactory(lead=OrganisationFactory(parent=bureau))
        BudgetAmountFactory(programme=programme)
        OutcomeTargetFactory(programme=programme)
        OutcomeTargetFactory(programme=programme, **on_day(date(2026, 10, 1)))
        OutcomeTargetFactory(programme=programme, deadline_year=None)


def test_many_bureaus_and_divisions_make_no_heavy_page(client, today, ministry):
    crowd(50, ministry)

    assert len(client.get(DASHBOARD).content) < 150_000


def test_groups_by_programme_sum_up_to_those_by_lead(some_of_everything):
    targets, on = OutcomeTarget.objects.all(), date(2026, 9, 10)

    whole, each = dashboard.groups(targets, on), dashboard.groups(targets, on, by_programme=True)

    assert dashboard.by_status(whole) == dashboard.by_status(each)
    assert {group.of_programme for group in whole} == {None}
    assert {group.of_programme for group in each} == set(targets.values_list("programme", flat=True))


def test_withdrawn_target_is_in_no_number(client, some_of_everything, administrator):
    workflow.withdraw(some_of_everything, by=administrator, reason="重複")

    context = client.get(DASHBOARD).context

    assert context["number"] == 9
    assert numbers(client.get(DASHBOARD), "overdue")["unreported"] == 2
    assert context["money"].programmes == 2


def test_bars_have_no_inline_style(client, some_of_everything):
    text = client.get(DASHBOARD).text

    assert text.count('<svg class="bar"') == 2
    assert "style=" not in text
