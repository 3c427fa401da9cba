"""The list of closed misses: page, CSV and command; and every other page without them."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from kpis import reports
from kpis.models import ClosedMiss, OutcomeTarget
from tests.factories import ClosedMissFactory, OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory, UserFactory

pytestmark = pytest.mark.django_db

CLOSED = reverse("kpis:closed_misses")
OVERDUE = reverse("kpis:overdue")
ON = "2026-10-01"


def missed(code, programme) -> OutcomeTarget:
    target = OutcomeTargetFactory(code=code, programme=programme, deadline_year=2025)
    return ProgressReportFactory(target=target, fiscal_year=2025, value=Decimal(59), accepted=True).target


@pytest.fixture
def programme(division):
    return ProgrammeFactory(lead=division)


@pytest.fixture(autouse=True)
def _two_closed_and_one_open(programme):
    reviewer = UserFactory(name="審査 太郎")
    for code, day in (("first", 5), ("last", 20)):
        closed_at = datetime(2026, 9, day, 15, 30, tzinfo=UTC)  # the next day in Tokyo
        ClosedMissFactory(
            target=missed(code, programme), fiscal_year=2025, closed_by=reviewer, closed_at=closed_at, reason=f"引継ぎ {code}"
        )
    missed("open", programme)


def codes(response) -> list[str]:
    return [target.code for target in response.context["page"].object_list]


def rows(text: str) -> list[dict]:
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline="")))


def printed(*arguments) -> list[dict]:
    out = StringIO()
    call_command("report", "closed-misses", "--on", ON, *arguments, stdout=out)
    return rows(out.getvalue())


def test_page_lists_who_closed_when_and_why_the_last_first(client):
    response = client.get(CLOSED, {"on": ON})
    assert codes(response) == ["last", "first"]
    page = response.content.decode()
    for told in ("審査 太郎", "2026-09-21", "引継ぎ last"):
        assert told in page


def test_days_before_the_closing_do_not_know_of_it(client):
    assert codes(client.get(CLOSED, {"on": "2026-09-20"})) == ["first"]
    assert set(codes(client.get(OVERDUE, {"on": "2026-09-20"}))) == {"last", "open"}
    assert codes(client.get(CLOSED, {"on": "2026-09-05"})) == []
    assert set(codes(client.get(OVERDUE, {"on": "2026-09-05"}))) == {"first", "last", "open"}


def test_empty_list_names_its_day(client):
    client.post("/i18n/setlang/", {"language": "en"})

    assert "On 2026-09-05 no miss is closed that fits these filters." in client.get(CLOSED, {"on": "2026-09-05"}).text


def test_reopened_miss_is_on_the_overdue_report_again_from_the_day_of_reopening(client):
    ClosedMiss.objects.filter(target__code="last").update(
        reopened_by=UserFactory(), reopened_at=datetime(2026, 10, 5, 3, tzinfo=UTC), reopening_reason="引継ぎを確認できない。"
    )

    for on, closed, overdue in (("2026-10-04", ["last", "first"], ["open"]), ("2026-10-05", ["first"], ["last", "open"])):
        assert codes(client.get(CLOSED, {"on": on})) == closed
        assert codes(client.get(OVERDUE, {"on": on})) == overdue


def test_closed_miss_of_a_target_that_met_after_all_is_not_listed(client, programme):
    met = ProgressReportFactory(target__programme=programme, target__deadline_year=2025, accepted=True).target
    ClosedMissFactory(target=met, fiscal_year=2025, closed_at=datetime(2026, 9, 1, tzinfo=UTC))

    assert codes(client.get(CLOSED, {"on": ON})) == ["last", "first"]


def test_target_of_each_year_tells_the_closing_of_the_year_that_is_judged(client, programme):
    target = OutcomeTargetFactory(code="yearly", programme=programme, programme__start_fiscal_year=2024, each_year=True, deadline_year=None)
    for year in (2024, 2025):
        ProgressReportFactory(target=target, fiscal_year=year, value=Decimal(59), accepted=True)
        closed_at = datetime(year + 1, 9, 1, 3, tzinfo=UTC)
        ClosedMissFactory(target=target, fiscal_year=year, closed_at=closed_at, reason=f"{year}年度")

    def told(on):
        answer = rows(client.get(CLOSED, {"on": on, "q": "yearly", "format": "csv"}).getvalue().decode())
        return [(row["judged_fiscal_year"], row["closed_on"], row["closing_reason"]) for row in answer]

    assert told("2026-03-31") == [("2024", "2025-09-01", "2024年度")]
    assert told("2026-04-01") == []  # FY2025 is judged from here on, and nobody closed its miss yet
    assert told("2026-09-01") == [("2025", "2026-09-01", "2025年度")]


def test_those_closed_at_one_moment_stand_by_their_codes(client, programme):
    for code in ("b", "c", "a"):
        ClosedMissFactory(target=missed(code, programme), fiscal_year=2025, closed_at=datetime(2026, 9, 30, tzinfo=UTC))

    assert codes(client.get(CLOSED, {"on": ON})) == ["a", "b", "c", "last", "first"]


@pytest.mark.parametrize("sort", ["due", "-due", "programme", "organisation", "status"])
def test_list_is_sorted_on_request_like_the_other_lists(client, sort):
    assert codes(client.get(CLOSED, {"on": ON, "sort": sort})) == ["first", "last"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "first"}, ["first"]),
        ({"organisation": "bureau"}, ["last", "first"]),
        ({"organisation": "other-division"}, []),
        ({"term": "long"}, []),
        ({"term": "unstated"}, ["last", "first"]),
        ({"kind": "qualitative"}, []),
        ({"due_from": "R7", "due_to": "2025"}, ["last", "first"]),
        ({"due_from": "R8"}, []),
    ],
)
def test_page_file_and_command_are_narrowed_like_the_other_lists(client, other_division, asked, found):
    options = [f"--{name.replace('_', '-')}={value}" for name, value in asked.items()]

    assert codes(client.get(CLOSED, {"on": ON, **asked})) == found
    in_file = rows(client.get(CLOSED, {"on": ON, "format": "csv", **asked}).getvalue().decode())
    assert [row["target_code"] for row in in_file] == [row["target_code"] for row in printed(*options)] == found


@pytest.mark.parametrize("asked", [{"status": "missed"}, {"no_deadline": "none_stated"}, {"colour": "red"}])
def test_what_is_no_filter_of_it_is_refused_by_name(client, asked):
    response = client.get(CLOSED, asked)

    assert response.status_code == 400
    assert [problem.parameter for problem in response.context["problems"]] == list(asked)


def test_file_has_the_columns_of_all_reports_and_three_of_its_own(client):
    told = rows(b"".join(client.get(CLOSED, {"on": ON, "format": "csv"})).decode())
    assert list(told[0]) == [*(column.name for column in reports.TARGET_COLUMNS), "closed_on", "closed_by", "closing_reason"]
    last = told[0]
    assert (last["target_code"], last["status"], last["marks"]) == ("last", "missed", "without_evidence miss_closed without_source")
    assert (last["closed_on"], last["closed_by"], last["closing_reason"]) == ("2026-09-21", "審査 太郎", "引継ぎ last")


def test_command_prints_what_the_page_shows(client):
    assert printed() == rows(b"".join(client.get(CLOSED, {"on": ON, "format": "csv"})).decode())
    assert [row["target_code"] for row in printed("--q", "first")] == ["first"]


@pytest.mark.usefixtures("english")
def test_command_refuses_a_filter_that_the_report_has_not():
    with pytest.raises(CommandError, match="--status: this report has no such filter"):
        printed("--status", "missed")


def test_list_costs_the_same_for_any_number(client, programme, django_assert_num_queries):
    def closed(number):
        for n in range(number):
            closed_at = datetime(2026, 9, 1, tzinfo=UTC)
            ClosedMissFactory(target=missed(f"{number}-{n}", programme), fiscal_year=2025, closed_at=closed_at)

    with django_assert_num_queries(4):  # the documents of the footer, the organisations to choose from, the count, the page
        client.get(CLOSED, {"on": ON})
    closed(38)
    with django_assert_num_queries(4):
        assert len(codes(client.get(CLOSED, {"on": ON}))) == 40


def test_file_and_command_cost_one_query_for_any_number(client, programme, django_assert_num_queries):
    for more in (0, 38):
        for number in range(more):
            target = missed(f"more-{number}", programme)
            ClosedMissFactory(target=target, fiscal_year=2025, closed_at=datetime(2026, 9, 1, tzinfo=UTC))
        with django_assert_num_queries(1):
            assert len(rows(client.get(CLOSED, {"on": ON, "format": "csv"}).getvalue().decode())) == 2 + more
        with django_assert_num_queries(1):
            assert len(printed()) == 2 + more


def test_overdue_report_and_its_totals_leave_them_out(client):
    response = client.get(OVERDUE, {"on": ON})
    assert codes(response) == ["open"]
    assert [total.counts for total, _counts in response.context["totals"]] == [{"missed": 1}]
    assert [(code, number) for code, _label, number in response.context["sums"]] == [("missed", 1), ("unreported", 0)]
    in_file = rows(client.get(OVERDUE, {"on": ON, "format": "csv"}).getvalue().decode())
    assert [row["target_code"] for row in in_file] == ["open"]


def test_programme_counts_them_as_targets_but_not_as_overdue(client, programme):
    ((found, number, overdue),) = client.get(reverse("kpis:programmes"), {"on": ON}).context["rows"]
    assert (found, number, dict(overdue)) == (programme, 3, {"missed": 1, "unreported": 0})


def test_they_are_marked_wherever_the_status_stands(client):
    response = client.get(reverse("kpis:targets"), {"on": ON})
    assert {target.code: target.miss_closed for target in response.context["page"].object_list} == {
        "first": True,
        "last": True,
        "open": False,
    }
    for code, day, is_marked in (("first", ON, True), ("first", "2026-09-05", False), ("open", ON, False)):
        assert ("対応終了" in client.get(reverse("kpis:target", args=[code]), {"on": day}).text) is is_marked
