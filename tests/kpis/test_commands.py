"""The commands that print reports and write open data: same rows as the pages, and a sentence for whoever asks wrongly."""

import csv
import io
import sys
from datetime import date
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError

from kpis import reports
from kpis.choices import Term
from tests.factories import OrganisationFactory, OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

ON = date(2026, 9, 1)


def report(*arguments) -> list[dict[str, str]]:
    """The rows that `report overdue` prints."""
    out = StringIO()
    call_command("report", "overdue", *arguments, stdout=out)
    return list(csv.DictReader(io.StringIO(out.getvalue().removeprefix("\ufeff"), newline="")))


def codes(*arguments) -> list[str]:
    return [row["target_code"] for row in report("--on", "2026-09-01", *arguments)]


@pytest.fixture
def missed(division):
    target = OutcomeTargetFactory(code="missed", programme__lead=division, deadline_year=2024, term=Term.SHORT)
    return ProgressReportFactory(target=target, fiscal_year=2024, value=50, accepted=True).target


@pytest.fixture
def unreported(other_division):
    return OutcomeTargetFactory(code="unreported", programme__lead=other_division, deadline_year=2025, term=Term.LONG)


@pytest.fixture
def awaiting(division):
    target = OutcomeTargetFactory(code="awaiting", programme__lead=division, deadline_year=2025)
    return ProgressReportFactory(target=target, fiscal_year=2025, submitted=True).target


def test_report_prints_the_rows_and_columns_of_the_page(missed, unreported, awaiting):
    rows = report("--on", "2026-09-01")
    assert [row["target_code"] for row in rows] == [target.code for target in reports.overdue_targets(ON)] == ["missed", "unreported"]
    assert list(rows[0]) == [column.name for column in reports.TARGET_COLUMNS]
    assert list(rows[0])[:3] == ["programme_code", "target_code", "status"]
    assert [row["status"] for row in rows] == ["missed", "unreported"]


@pytest.mark.parametrize("day", ["2026-08-31", "令和8年8月31日", "R8.8.31"])
def test_report_is_of_the_day_that_is_asked_for(unreported, day):
    assert report("--on", day) == []


def test_report_without_a_day_is_of_today(unreported):
    with time_machine.travel("2026-08-31 12:00+09:00", tick=False):
        assert report() == []
    with time_machine.travel("2026-09-01 00:00+09:00", tick=False):
        assert [row["target_code"] for row in report()] == ["unreported"]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--organisation", "bureau"), ["missed", "unreported"]),
        (("--organisation", "division"), ["missed"]),
        (("--term", "long"), ["unreported"]),
        (("--term", "long", "--term", "short"), ["missed", "unreported"]),
        (("--status", "missed"), ["missed"]),
        (("--status", "awaiting_result"), ["awaiting"]),
        (("--status", "missed", "--status", "awaiting_result"), ["missed", "awaiting"]),
        (("--kind", "qualitative"), []),
        (("--due-from", "令和7年度"), ["unreported"]),
        (("--due-to", "R6"), ["missed"]),
        (("--q", "unrep"), ["unreported"]),
        (("--sort=-due",), ["unreported", "missed"]),
    ],
)
def test_report_is_narrowed_by_the_filters_of_the_page(missed, unreported, awaiting, arguments, found):
    assert codes(*arguments) == found


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("--on", "soon"), "--on"),
        (("--on", "2026-02-30"), "--on"),
        (("--organisation", "nowhere"), "--organisation"),
        (("--term", "eternal"), "--term"),
        (("--status", "achieved"), "--status"),
        (("--kind", "odd"), "--kind"),
        (("--due-from", "2O25"), "--due-from"),
        (("--sort", "colour"), "--sort"),
        (("--colour", "red"), "--colour"),
    ],
)
def test_report_refuses_what_it_does_not_understand_by_the_name_of_the_option(arguments, names):
    with pytest.raises(CommandError, match=names):
        report(*arguments)


def test_unknown_report_is_refused():
    with pytest.raises(CommandError, match="weather"):
        call_command("report", "weather")


def test_report_goes_to_standard_output_as_bytes(missed, capsysbinary):
    call_command("report", "overdue", "--on", "2026-09-01", stdout=sys.stdout)
    printed = capsysbinary.readouterr().out
    assert printed.startswith(b"\xef\xbb\xbfprogramme_code,target_code,status,")
    assert printed.count(b"\r\n") == printed.count(b"\n") == 2


def test_report_goes_into_a_file(missed, tmp_path):
    call_command("report", "overdue", "--on", "2026-09-01", "--output", str(tmp_path / "overdue.csv"), stdout=(out := StringIO()))
    assert (tmp_path / "overdue.csv").read_bytes().startswith(b"\xef\xbb\xbfprogramme_code,")
    assert out.getvalue() == ""


def test_report_into_a_place_that_cannot_be_written_is_refused_in_words(tmp_path):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("report", "overdue", "--output", str(tmp_path / "nowhere" / "overdue.csv"))


@pytest.mark.parametrize("count", [1, 40])
def test_report_costs_the_same_for_any_number(django_assert_num_queries, count):
    for _number in range(count):
        OutcomeTargetFactory(programme=ProgrammeFactory(lead=OrganisationFactory()), deadline_year=2020)
    with django_assert_num_queries(1):
        assert len(report("--on", "2026-09-01")) == count


def test_export_tells_how_many_rows_each_file_has(missed, unreported, tmp_path):
    call_command("export_open_data", str(tmp_path / "new" / "folder"), "--on", "令和8年9月1日", stdout=(out := StringIO()))
    assert "targets.csv: 2\n" in out.getvalue()
    assert "2026-09-01" in (tmp_path / "new" / "folder" / "README.txt").read_text()


def test_export_of_an_unreadable_day_is_refused(tmp_path):
    with pytest.raises(CommandError, match="--on"):
        call_command("export_open_data", str(tmp_path), "--on", "3月末")
    assert list(tmp_path.iterdir()) == []


def test_export_into_a_file_in_the_place_of_a_directory_is_refused_in_words(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(CommandError, match="Nothing was written"):
        call_command("export_open_data", str(tmp_path / "taken"))
