"""The page of the yearly round: for those who work here, each number leads to the list that it counts, the coming days are told."""

import csv
import re
from datetime import UTC, date, datetime
from html import unescape
from io import StringIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kpis import workflow
from kpis.reports import TARGET_COLUMNS
from tests.factories import OrganisationFactory, OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory

pytestmark = pytest.mark.django_db

ROUND = reverse("kpis:round")


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(datetime(2026, 9, 10, 3, tzinfo=UTC), tick=False):
        yield


def handed_in(lead, official, *, day):
    """A result of FY2025 that its official submits on a day, of a target due in FY2030."""
    report = ProgressReportFactory(target__programme__lead=lead, target__deadline_year=2030, fiscal_year=2025, reported_by=official)
    with time_machine.travel(day, tick=False):
        return workflow.submit(report, by=official)


@pytest.fixture
def round_of_two(division, other_division, official, other_official, reviewer):
    """産業資金課: one in time and accepted, one late, one returned, one missing. 産業創造課: one missing, and one from FY2024."""
    accepted = handed_in(division, official, day=datetime(2026, 8, 31, 14, 59, tzinfo=UTC))  # 23:59 in Tokyo
    workflow.accept(accepted, by=reviewer)
    handed_in(division, official, day=datetime(2026, 8, 31, 15, tzinfo=UTC))  # 0:00 of 1 September in Tokyo
    workflow.send_back(handed_in(division, official, day=datetime(2026, 8, 1, tzinfo=UTC)), by=reviewer, reason="出典を。")
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2030)
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=other_division), deadline_year=2025)
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=other_division), deadline_year=2024)


def numbers(page) -> list[tuple[str, list[int]]]:
    """The lines of the table: the name, and its numbers."""
    table = re.search(r'<table class="numbers round">.*?</table>', page.content.decode(), re.DOTALL)[0]
    rows = re.findall(r"<tr[^>]*><th[^>]*>(.*?)</th>(.*?)</tr>", table.split("</thead>")[1], re.DOTALL)
    return [(name, [int(re.sub("<[^>]*>", "", cell)) for cell in re.findall(r"<td>(.*?)</td>", cells)]) for name, cells in rows]


# asked, in time, late, missing, waiting, decided, returned, earlier
OF_TWO = [
    ("経済産業政策局", [5, 1, 1, 3, 1, 1, 1, 1]),
    ("産業資金課", [4, 1, 1, 2, 1, 1, 1, 0]),
    ("産業創造課", [1, 0, 0, 1, 0, 0, 0, 1]),
    ("すべて", [5, 1, 1, 3, 1, 1, 1, 1]),
]


def test_round_is_told_by_division_and_bureau(as_official, round_of_two):
    assert numbers(as_official.get(ROUND)) == OF_TWO


def test_every_number_leads_to_the_list_that_it_counts(as_official, round_of_two):
    page = as_official.get(ROUND)
    links = re.findall(r'<td><a href="(\?[^"]*)"[^>]*>(\d+)</a></td>', page.content.decode())
    # As many as there are numbers other than 0: 8 + 7 + 3 + 8.
    assert len(links) == 26
    for address, number in links:
        whole = as_official.get(ROUND + unescape(address))
        assert whole.context["page"].paginator.count == int(number), address


def test_round_is_narrowed_to_a_bureau(as_official, round_of_two, ministry):
    elsewhere = OrganisationFactory(code="z", name="別の局", kind="bureau", parent=ministry)
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=elsewhere), deadline_year=2025)
    assert numbers(as_official.get(ROUND))[-1] == ("すべて", [6, 1, 1, 4, 1, 1, 1, 1])
    assert numbers(as_official.get(ROUND, {"organisation": "bureau"})) == OF_TWO


def test_until_the_due_day_nothing_is_missing_but_to_come(as_official, division):
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2025)
    shown = as_official.get(ROUND, {"on": "2026-08-31"})
    assert [name for name, _title in shown.context["titles"]] == [
        "asked", "in_time", "late", "to_come", "waiting", "decided", "returned", "earlier",
    ]  # fmt: skip
    assert numbers(shown)[-1] == ("すべて", [1, 0, 0, 1, 0, 0, 0, 0])


def test_numbers_of_odd_trees_lead_to_what_they_count(as_official, division, ministry):
    """The ministry itself leads a programme beside its bureaus, a division stands alone, and the page is narrowed."""
    alone = OrganisationFactory(code="alone", name="独立室", kind="division")
    for lead in (ministry, division, alone):
        OutcomeTargetFactory(programme=ProgrammeFactory(lead=lead), deadline_year=2025)
    for narrowed in ({}, {"organisation": "bureau"}, {"organisation": "ministry"}):
        page = as_official.get(ROUND, narrowed)
        links = re.findall(r'<td><a href="(\?[^"]*)"[^>]*>(\d+)</a></td>', page.content.decode())
        assert links
        for address, number in links:
            assert as_official.get(ROUND + unescape(address)).context["page"].paginator.count == int(number), address


def test_what_the_coming_days_bring_is_told_and_leads_to_what_it_counts(as_official, division):
    for _n in range(43):
        OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2025)
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2024)  # unreported already
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2026)
    page = as_official.get(ROUND, {"on": "2026-08-01"}).content.decode()
    links = re.findall(r'<span class="when">([^<]*)</span> <a href="([^"]*)">([^<]*)</a>', page)
    # Asked for on 31 August: the 43 and that of FY2026. On 1 April 2027 FY2026 is asked of the latter, whose last day was the day before.
    assert [(day.partition("（")[0], words) for day, _address, words in links] == [
        ("令和8年8月31日", "令和7年度（2025年度）の実績44件が、提出されないまま報告期限を迎えます"),
        ("令和8年9月1日", "43件の目標が未報告になります"),
        ("令和9年4月1日", "令和8年度（2026年度）の実績1件の報告が求められます"),
        ("令和9年4月1日", "1件の目標が、達成されないまま期限を過ぎます"),
    ]
    counted = [as_official.get(ROUND + unescape(address)).context["page"].paginator.count for _day, address, _words in links]
    assert counted == [44, 43, 1, 1]


@pytest.mark.parametrize("what", ["", "missing"])
def test_page_costs_the_same_for_any_number(as_official, division, what):
    asked = []
    for number in (1, 20):
        for _n in range(number):
            OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2025)
            OutcomeTargetFactory(programme=ProgrammeFactory(lead=OrganisationFactory(parent=division.parent)), deadline_year=2025)
        with CaptureQueriesContext(connection) as queries:
            as_official.get(ROUND, {"show": what} if what else {})
        asked.append(len(queries))
    assert asked[0] == asked[1] < 20, asked


@pytest.mark.parametrize(
    "asked",
    [{"show": "none"}, {"show": "to_come"}, {"lead": "division"}, {"page": "2"}, {"organisation": "x"}, {"on": "x"}, {"sort": "due"}],
)
def test_what_cannot_be_answered_is_refused(as_official, division, asked):
    assert as_official.get(ROUND, asked).status_code == 400


def test_strangers_are_led_to_the_log_in(client, db):
    assert client.get(ROUND).status_code == 302


def test_round_of_the_past_is_told_as_it_was_known(as_official, round_of_two, division):
    """At the end of 5 September nobody had entered anything yet by the clock of the database: all was recorded on the 10th."""
    page = as_official.get(ROUND, {"on": date(2026, 9, 5).isoformat(), "known_at": "2026-09-05"})
    assert page.status_code == 200
    assert page.context["totals"][0] == ("asked", 0)


def test_list_of_the_round_is_taken_home_as_a_file(client, official, division, other_division):
    """All its pages, with the columns of the reports, in the order of the page."""
    client.force_login(official)
    OutcomeTargetFactory.create_batch(51, programme__lead=division, deadline_year=2030)
    OutcomeTargetFactory(programme__lead=other_division, deadline_year=2030)
    asked = {"on": "2026-09-01", "show": "missing", "lead": division.code}
    page = client.get(ROUND, asked)
    answer = client.get(ROUND, asked | {"format": "csv"})
    rows = list(csv.DictReader(StringIO(b"".join(answer).decode("utf-8-sig"), newline="")))
    assert [row["target_code"] for row in rows[:50]] == [target.code for target in page.context["page"].object_list]
    assert (len(rows), page.context["page"].paginator.count) == (51, 51)
    assert list(rows[0]) == [column.name for column in TARGET_COLUMNS]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="seika-round-missing-2026-09-01.csv"'
    assert "format=csv" in page.text


@pytest.mark.parametrize("asked", [{"format": "csv"}, {"show": "missing", "format": "xls"}, {"show": "late", "format": "csv", "page": "1"}])
def test_file_that_cannot_be_made_is_refused(client, official, asked):
    client.force_login(official)
    assert client.get(ROUND, {"on": "2026-09-01"} | asked).status_code == 400
