"""The list of closed misses: page, CSV and command; and every other page without them."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from kpis import reports
from kpis.models import OutcomeTarget
from tests.factories import ClosedMissFactory, OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory, UserFactory

pytestmark = pytest.mark.django_db

CLOSED = reverse("kpis:closed_misses")
OVERDUE = reverse("kpis:overdue")
ON = "2026-10-01"


def missed(code, programme, **more) -> OutcomeTarget:
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


@pytest.mark.parametrize(
    ("asked", "found"), [({"q": "first"}, ["first"]), ({"organisation": "bureau"}, ["last", "first"]), ({"term": "long"}, [])]
)
def test_page_is_narrowed_like_the_other_lists(client, asked, found):
    assert codes(client.get(CLOSED, {"on": ON, **asked})) == found


def test_status_is_no_filter_of_it(client):
    assert client.get(CLOSED, {"status": "missed"}).status_code == 400


def test_file_has_the_columns_of_all_reports_and_three_of_its_own(client):
    told = rows(b"".join(client.get(CLOSED, {"on": ON, "format": "csv"})).decode())
    assert list(told[0]) == [*(column.name for column in reports.TARGET_COLUMNS), "closed_on", "closed_by", "closing_reason"]
    last = told[0]
    assert (last["target_code"], last["status"], last["marks"]) == ("last", "missed", "miss_closed")
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


def test_overdue_report_and_its_totals_leave_them_out(client):
    response = client.get(OVERDUE, {"on": ON})
    assert codes(response) == ["open"]
    assert [total.counts for total, _counts in response.context["totals"]] == [{"missed": 1}]


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
    assert "対応終了" in client.get(reverse("kpis:target", args=["first"]), {"on": ON}).content.decode()
