"""The reports: which targets each of them holds, on both sides of every boundary, and that page, files and command follow the registry."""

import csv
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.http import QueryDict
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook

from budget.history import explain
from kpis import status
from kpis.asof import Clocks
from kpis.choices import Comparator, DeadlineKind, Status
from kpis.exports.codes import CODE_TABLES
from kpis.marks import MARKS
from kpis.models import OutcomeTarget
from kpis.registry import REPORTS, TARGETS
from kpis.reports import NO_DEADLINE_COLUMN
from tests.factories import (
    ClosedMissFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgressReportFactory,
    SourcePassageFactory,
    UserFactory,
    YearlyMilestoneFactory,
)

pytestmark = pytest.mark.django_db

# The factory's target is due on 2026-03-31; its results are due by 2026-08-31.
LAST_DAY, DAY_AFTER, RESULTS_DUE, ON = date(2026, 3, 31), date(2026, 4, 1), date(2026, 8, 31), date(2026, 9, 1)
AFTER_EVENT = {"deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_year": None, "deadline_offset_years": 3}
AFTER_PROGRAMME = {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_year": None, "deadline_offset_years": 0}
every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))


def holds(code: str, on: date = ON, query: str = "") -> list[str]:
    """The codes of the targets in a report, in its order."""
    narrowed = REPORTS[code].narrowed(Clocks(on), QueryDict(query))
    assert narrowed.is_valid(), narrowed.errors
    return [target.code for target in narrowed.qs]


def result(figure, /, *, year=2025, **terms) -> OutcomeTarget:
    """A target whose accepted result of a year is this figure."""
    return ProgressReportFactory(accepted=True, target=OutcomeTargetFactory(**terms), fiscal_year=year, value=Decimal(figure)).target


# --- Awaiting their result ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("on", "is_in"), [(LAST_DAY, False), (DAY_AFTER, True), (RESULTS_DUE, True), (ON, False)])
def test_result_is_awaited_from_the_day_after_the_last_day_until_results_were_due(on, is_in):
    target = OutcomeTargetFactory()

    assert holds("awaiting-result", on) == [target.code] * is_in


def test_submitted_result_is_awaited_until_it_is_accepted():
    waiting = ProgressReportFactory(submitted=True).target
    result(60)

    assert holds("awaiting-result") == [waiting.code]


@pytest.mark.parametrize(("on", "is_in"), [(LAST_DAY, False), (DAY_AFTER, True), (RESULTS_DUE, True), (ON, False)])
def test_final_figure_is_awaited_after_a_preliminary_miss(on, is_in):
    target = ProgressReportFactory(accepted=True, value=Decimal(59), preliminary=True).target

    assert holds("awaiting-result", on) == [target.code] * is_in


def test_awaited_result_says_by_when_it_is_due():
    OutcomeTargetFactory()

    (target,) = REPORTS["awaiting-result"].narrowed(Clocks(DAY_AFTER), QueryDict()).qs

    assert REPORTS["awaiting-result"].own_columns[0].value(target) == RESULTS_DUE


# --- Due soon ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last_day", "is_in"),
    [
        (date(2026, 8, 31), False),
        (date(2026, 9, 1), True),
        (date(2026, 11, 30), True),  # 29 days of September, 31 of October and 30 of November: the 90th day
        (date(2026, 12, 1), False),
    ],
)
def test_last_day_within_ninety_days_is_soon(last_day, is_in):
    target = OutcomeTargetFactory(deadline_kind=DeadlineKind.DATE, deadline_year=None, deadline_on=last_day)

    assert holds("due-soon", ON) == [target.code] * is_in


def test_what_is_due_soon_stands_by_its_day_whatever_its_status():
    for code, day in (("late", 9), ("early", 3)):
        OutcomeTargetFactory(code=code, deadline_kind=DeadlineKind.DATE, deadline_year=None, deadline_on=date(2026, 10, day))
    result(60, code="achieved", deadline_kind=DeadlineKind.DATE, deadline_year=None, deadline_on=date(2026, 10, 4))

    assert holds("due-soon") == ["early", "achieved", "late"]
    assert holds("due-soon", query="status=achieved") == ["achieved"]


def test_target_of_each_year_is_not_due_on_the_day_its_run_ends():
    OutcomeTargetFactory(
        each_year=True, passage=SourcePassageFactory(), deadline_kind=DeadlineKind.DATE, deadline_year=None, deadline_on=date(2026, 10, 1)
    )

    assert holds("due-soon") == []


# --- Behind ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "is_in"), [("39.9999", True), ("40", False)])
def test_result_short_of_its_milestone_is_behind(value, is_in):
    target = result(value, deadline_year=2030)
    YearlyMilestoneFactory(target=target, fiscal_year=2025, value=Decimal(40))

    assert holds("behind") == [target.code] * is_in


@pytest.mark.parametrize(("value", "is_in"), [("29.9999", True), ("30", False)])
def test_result_short_of_the_straight_line_is_behind(value, is_in):
    target = result(value, deadline_year=2030, baseline_value=Decimal(0), baseline_year=2020)  # half of the years: half of 60

    assert holds("behind") == [target.code] * is_in


@pytest.mark.parametrize(("grade", "is_in"), [(3, False), (4, True)])
def test_grade_of_little_progress_is_behind(grade, is_in):
    target = OutcomeTargetFactory(qualitative=True, deadline_year=2030)
    ProgressReportFactory(accepted=True, target=target, value=None, grade=grade)

    assert holds("behind") == [target.code] * is_in


@pytest.mark.parametrize(("on", "is_in"), [(LAST_DAY, True), (DAY_AFTER, False)])
def test_nothing_is_behind_after_its_last_day(on, is_in):
    target = result(39, year=2024)
    YearlyMilestoneFactory(target=target, fiscal_year=2024, value=Decimal(40))

    assert holds("behind", on) == [target.code] * is_in


# --- Without deadline or number, to be recorded ---------------------------------------------------------------------------------------


def test_without_deadline_or_number_are_those_that_lack_one_of_them():
    OutcomeTargetFactory(code="both")
    OutcomeTargetFactory(code="no-deadline", deadline_year=None)
    OutcomeTargetFactory(code="no-event", **AFTER_EVENT)
    OutcomeTargetFactory(code="no-number", qualitative=True)
    OutcomeTargetFactory(code="yearly", each_year=True, deadline_year=None, passage=SourcePassageFactory())
    OutcomeTargetFactory(code="yearly-no-number", each_year=True, deadline_year=None, passage=SourcePassageFactory(), qualitative=True)

    assert set(holds("without-deadline-or-number")) == {"no-deadline", "no-event", "no-number", "yearly-no-number"}
    assert set(holds("without-deadline-or-number", query="kind=qualitative")) == {"no-number", "yearly-no-number"}
    assert holds("without-deadline-or-number", query="no_deadline=event_not_recorded") == ["no-event"]


def test_to_be_recorded_are_those_whose_last_day_waits_for_a_record():
    OutcomeTargetFactory(code="event", **AFTER_EVENT)
    OutcomeTargetFactory(code="event-recorded", **AFTER_EVENT, deadline_event_on=date(2024, 7, 1))
    OutcomeTargetFactory(code="end", **AFTER_PROGRAMME)
    OutcomeTargetFactory(code="end-recorded", **AFTER_PROGRAMME, programme__end_fiscal_year=2030)
    OutcomeTargetFactory(code="no-end-planned", **AFTER_PROGRAMME, programme__open_ended=True)
    OutcomeTargetFactory(code="none-stated", deadline_year=None)
    OutcomeTargetFactory(code="yearly", each_year=True, passage=SourcePassageFactory(), **AFTER_EVENT)

    assert holds("to-be-recorded") == ["event", "end", "no-end-planned"]
    assert holds("to-be-recorded", query="no_deadline=programme_end_not_known") == ["end", "no-end-planned"]


def test_reason_why_there_is_no_last_day_is_told_and_blank_where_there_is_one():
    tells = NO_DEADLINE_COLUMN.value

    assert tells(OutcomeTargetFactory(**AFTER_EVENT)) == "event_not_recorded"
    assert tells(OutcomeTargetFactory(**AFTER_PROGRAMME)) == "programme_end_not_known"
    assert tells(OutcomeTargetFactory(deadline_year=None)) == "none_stated"
    assert tells(OutcomeTargetFactory()) is None
    assert tells(OutcomeTargetFactory(each_year=True, deadline_year=None, passage=SourcePassageFactory())) is None


# --- Final year, started last year ------------------------------------------------------------------------------------------------------


FINAL_IN_2025 = {
    "programme": {"deadline_year": 2030, "programme__end_fiscal_year": 2025},
    "target": {"deadline_year": 2025},
    "calendar year": {"deadline_kind": DeadlineKind.CALENDAR_YEAR, "deadline_year": 2025},  # its 31 December
    "last of each year": {"deadline_year": 2025, "each_year": True, "programme__start_fiscal_year": 2020},
}


@pytest.mark.parametrize("terms", FINAL_IN_2025.values(), ids=list(FINAL_IN_2025))
@pytest.mark.parametrize(
    ("on", "is_in"), [(date(2025, 3, 31), False), (date(2025, 4, 1), True), (date(2026, 3, 31), True), (date(2026, 4, 1), False)]
)
def test_final_year_lasts_from_april_to_march(terms, on, is_in):
    target = OutcomeTargetFactory(**terms)

    assert holds("final-year", on) == [target.code] * is_in


def test_calendar_year_ends_in_the_fiscal_year_of_its_december():
    OutcomeTargetFactory(deadline_kind=DeadlineKind.DATE, deadline_year=None, deadline_on=date(2026, 3, 31), code="march")
    OutcomeTargetFactory(deadline_kind=DeadlineKind.DATE, deadline_year=None, deadline_on=date(2026, 4, 1), code="april")

    assert (holds("final-year", LAST_DAY), holds("final-year", DAY_AFTER)) == (["march"], ["april"])


@pytest.mark.parametrize(
    ("on", "is_in"), [(date(2026, 3, 31), False), (date(2026, 4, 1), True), (date(2027, 3, 31), True), (date(2027, 4, 1), False)]
)
def test_started_last_year_lasts_through_the_year_after_the_first(on, is_in):
    target = OutcomeTargetFactory(programme__start_fiscal_year=2025, deadline_year=2030)
    OutcomeTargetFactory(deadline_year=2030)  # when its programme began is not known

    assert holds("started-last-year", on) == [target.code] * is_in


# --- Over-achieved, exactly at target ---------------------------------------------------------------------------------------------------

MORE, LESS = (Comparator.AT_LEAST, Comparator.MORE_THAN), (Comparator.AT_MOST, Comparator.LESS_THAN)
# Of a comparator: target value, baseline, result; whether the attainment exceeds 120 %, and 200 %.
ATTAINED = [
    *((one, "60", None, "72", False, False) for one in MORE),  # 72 ÷ 60 = 120 %
    *((one, "60", None, "72.0001", True, False) for one in MORE),  # shown as 120.0 %
    *((one, "60", None, "120", True, False) for one in MORE),  # 200 %
    *((one, "60", None, "120.0001", True, True) for one in MORE),
    *((one, "0.1", None, "0.12", False, False) for one in MORE),  # 120 %, which no binary fraction says
    (Comparator.AT_LEAST, "0.0001", None, "0.0002", True, False),
    (Comparator.AT_LEAST, "83333333333.3333", None, "99999999999.9999", False, False),  # 120 % is …99.99996
    (Comparator.AT_LEAST, "83333333333.3332", None, "99999999999.9999", True, False),  # 120 % is …99.99984
    (Comparator.AT_LEAST, "0", None, "10", False, False),  # nothing is a part of 0
    (Comparator.AT_LEAST, "-10", None, "10", False, False),
    *((one, "50", "100", "40", False, False) for one in LESS),  # 60 of 50: 120 %
    *((one, "50", "100", "39.9999", True, False) for one in LESS),
    *((one, "50", "100", "0", True, False) for one in LESS),  # 100 of 50: 200 %
    *((one, "50", "100", "-0.0001", True, True) for one in LESS),
    (Comparator.AT_MOST, "0", "100", "-20", False, False),
    (Comparator.AT_MOST, "0", "100", "-20.0001", True, False),
    (Comparator.AT_MOST, "50", None, "0", False, False),
    (Comparator.AT_MOST, "50", "50", "0", False, False),  # there is no way from baseline to target
    (Comparator.AT_MOST, "50", "40", "0", False, False),
]


@pytest.mark.parametrize(("comparator", "value", "baseline", "figure", "over", "far_over"), ATTAINED)
def test_attainment_is_compared_exactly(comparator, value, baseline, figure, over, far_over):
    known = {"baseline_value": Decimal(baseline), "baseline_year": 2020} if baseline else {}
    target = result(figure, comparator=comparator, value=Decimal(value), **known)

    assert holds("over-achieved") == [target.code] * over
    assert holds("over-achieved", query="over=200") == [target.code] * far_over


def test_range_and_grade_are_never_over_achieved():
    result(1000, comparator=Comparator.WITHIN, value_max=Decimal(70))
    ProgressReportFactory(accepted=True, target=OutcomeTargetFactory(qualitative=True), value=None, grade=1)

    assert holds("over-achieved") == []


def test_over_achieved_is_judged_by_the_result_that_the_status_rests_on():
    target = result(1000, year=2024)
    ProgressReportFactory(accepted=True, target=target, fiscal_year=2025, value=Decimal(60))

    assert holds("over-achieved", LAST_DAY) == []  # measured on that day, FY2025 is the latest
    assert holds("over-achieved", date(2026, 3, 30)) == [target.code]


@pytest.mark.parametrize("comparator", [*MORE, *LESS])
@pytest.mark.parametrize(("figure", "is_in"), [("59.9999", False), ("60", True), ("60.0001", False)])
def test_exactly_at_target_is_the_same_to_the_last_digit(comparator, figure, is_in):
    target = result(figure, comparator=comparator)

    assert holds("exactly-at-target") == [target.code] * is_in


def test_zero_is_exactly_at_a_target_of_zero_and_no_result_is_not():
    zero = result(0, value=Decimal(0), comparator=Comparator.AT_MOST)
    OutcomeTargetFactory(value=Decimal(0), comparator=Comparator.AT_MOST)

    assert holds("exactly-at-target") == [zero.code]


def test_range_has_no_single_value_to_be_at():
    result(60, comparator=Comparator.WITHIN, value_max=Decimal(60))

    assert holds("exactly-at-target") == []


# --- All reports alike ------------------------------------------------------------------------------------------------------------------


def fill(number: int = 1) -> None:
    """So many targets for each report, on 1 September 2026."""
    passage = SourcePassageFactory()
    for _n in range(number):
        OutcomeTargetFactory(passage=passage)  # unreported
        ProgressReportFactory(submitted=True)
        soon = {"deadline_kind": DeadlineKind.DATE, "deadline_year": None, "deadline_on": date(2026, 10, 1)}
        OutcomeTargetFactory(statement="=SUM(A1)を目指す。", **soon)
        YearlyMilestoneFactory(target=result(39, deadline_year=2030), fiscal_year=2025)
        revised = OutcomeTargetFactory(deadline_year=2030)
        revised.value = Decimal(50)
        explain(revised, reason="見直し", by=UserFactory())
        revised.save()
        OutcomeTargetFactory(deadline_year=None)
        OutcomeTargetFactory(**AFTER_EVENT)
        OutcomeTargetFactory(deadline_year=2026)
        OutcomeTargetFactory(deadline_year=2030, programme=ProgrammeFactory(start_fiscal_year=2025))
        result("100.5", passage=passage)
        result(60)
        ClosedMissFactory(target=result(59))


def address(report) -> str:
    return reverse(f"kpis:{report.url_name}")


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


def workbook(response):
    return load_workbook(BytesIO(response.getvalue()))


@pytest.fixture
def at_noon(time_machine):
    time_machine.move_to("2026-09-01 12:00+09:00", tick=False)


@pytest.fixture
def settled(at_noon, time_machine):
    """What is recorded was recorded on 1 September 2026 at noon; now it is the next day."""
    fill()
    time_machine.move_to("2026-09-02 12:00+09:00", tick=False)


@every_report
def test_page_csv_xlsx_and_command_tell_the_same_rows_in_the_same_order(client, settled, report):
    asked = {"on": ON.isoformat()}
    page = client.get(address(report), asked)
    on_page = [getattr(row, "target", row).code for row in page.context["rows"]]

    told = table(client.get(address(report), asked | {"format": "csv"}).getvalue())
    book = workbook(client.get(address(report), asked | {"format": "xlsx"}))
    out = StringIO()
    call_command("report", report.code, on=asked["on"], stdout=out)

    names = [column.name for column in report.columns]
    rows = [dict(zip(names, row, strict=True)) for row in book["data"].iter_rows(min_row=2, values_only=True)]
    assert on_page
    assert [row["target_code"] for row in told] == [row["target_code"] for row in rows] == on_page
    assert table(out.getvalue().encode()) == told
    assert [cell.value for cell in book["data"][1]] == list(told[0]) == names


@every_report
def test_report_of_the_past_is_told_as_it_was_then(client, settled, time_machine, report):
    asked = {"on": ON.isoformat(), "known_at": "2026-09-01 18:00"}

    def told():
        return [client.get(address(report), asked | {"format": form}).getvalue() for form in ("csv", "xlsx")]

    before = told()
    for target in OutcomeTarget.objects.all():
        target.indicator = "後の指標"
        target.save()
    fill()
    time_machine.move_to("2026-09-03 12:00+09:00", tick=False)

    assert told() == before
    assert "後の指標" not in client.get(address(report), asked).text


@every_report
def test_page_shows_the_definition_with_its_days_and_what_each_column_means(client, report):
    text = client.get(address(report), {"on": "2026-09-01"}, headers={"accept-language": "ja"}).text

    with translation.override("ja"):
        assert report.defined_on(ON) in text
        for column in report.columns:
            assert f'id="column-{column.name}"' in text
            assert str(column.definition) in text
    assert "%(" not in text
    assert "%%" not in text


@every_report
def test_headings_lead_to_definitions_that_are_there(client, settled, report):
    text = client.get(address(report), {"on": ON.isoformat()}).text
    linked = {part.partition('"')[0] for part in text.split('href="#column-')[1:]}

    assert linked
    assert linked <= {column.name for column in report.columns}


def test_definition_names_the_days_and_years_that_it_speaks_of(english):
    assert "from 2026-09-01 to 2026-11-30" in REPORTS["due-soon"].defined_on(ON)
    assert "FY2026" in REPORTS["final-year"].defined_on(ON)
    assert "FY2025" in REPORTS["started-last-year"].defined_on(ON)
    assert "exceeds 120 %," in REPORTS["over-achieved"].defined_on(ON)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_column_has_a_definition_and_knows_its_codes(language):
    columns = [column for report in (TARGETS, *REPORTS.values()) for column in report.columns]

    with translation.override(language):
        assert [column.name for column in columns if not str(column.definition).strip()] == []
    assert {column.codes for column in columns} - {""} <= {*CODE_TABLES, "mark"}


def test_codes_of_reports_are_addresses_and_stay_as_they_are():
    assert list(REPORTS) == [
        "overdue",
        "awaiting-result",
        "due-soon",
        "behind",
        "revisions",
        "without-deadline-or-number",
        "to-be-recorded",
        "final-year",
        "started-last-year",
        "over-achieved",
        "exactly-at-target",
        "closed-misses",
    ]
    assert [address(report) for report in REPORTS.values()] == [f"/reports/{code}/" for code in REPORTS]


def test_index_and_navigation_name_every_report_with_the_clocks(client, settled):
    asked = {"on": "2026-08-01", "known_at": "2026-09-01 18:00"}
    for page in (client.get("/reports/", asked), client.get("/reports/behind/", asked)):
        for report in REPORTS.values():
            assert f'href="{address(report)}?on=2026-08-01&amp;known_at=2026-09-01+18%3A00"' in page.text


@every_report
@pytest.mark.parametrize("asked", [{"colour": "red"}, {"format": "pdf"}, {"format": "xlsx", "page": "1"}, {"sort": "colour"}])
def test_what_a_report_does_not_know_is_refused_by_name(client, report, asked):
    response = client.get(address(report), asked)

    assert response.status_code == 400
    name = "sort" if "sort" in asked else list(asked)[-1]
    assert [problem.parameter for problem in response.context["problems"]] == [name]


@pytest.mark.parametrize(
    ("code", "parameter"),
    [
        ("awaiting-result", "status"),
        ("awaiting-result", "no_deadline"),
        ("behind", "status"),
        ("due-soon", "no_deadline"),
        ("due-soon", "over"),
        ("over-achieved", "no_deadline"),
    ],
)
def test_filter_that_says_nothing_of_a_report_is_none_of_it(client, code, parameter):
    response = client.get(address(REPORTS[code]), {parameter: "missed"})

    assert [problem.parameter for problem in response.context["problems"]] == [parameter]


@pytest.mark.parametrize(("parameter", "value"), [("over", "150"), ("over", "120")])
def test_other_percentages_are_refused(client, parameter, value):
    assert client.get("/reports/over-achieved/", {parameter: value}).status_code == 400


def test_reason_that_cannot_be_in_a_report_is_refused_there(client):
    assert client.get("/reports/to-be-recorded/", {"no_deadline": "none_stated"}).status_code == 400
    assert client.get("/reports/without-deadline-or-number/", {"no_deadline": "none_stated"}).status_code == 200


# Queries of the page, of the CSV and of the XLSX.
COSTS = dict.fromkeys(REPORTS, (4, 1, 1)) | {  # organisations to choose from, count, page, documents
    "overdue": (6, 1, 1),  # and the totals, no last day
    "revisions": (6, 3, 3),  # and the targets as they stand, and as they stood first
}


@pytest.mark.usefixtures("at_noon")
@pytest.mark.parametrize("number", [1, 20])
def test_every_report_costs_the_same_for_any_number(client, django_assert_num_queries, number, official):
    fill(number)
    for logged_in in (0, 2):  # the session, and the user with today's postings
        for code, costs in COSTS.items():
            for form, cost in zip(("", "csv", "xlsx"), costs, strict=True):
                with django_assert_num_queries(cost + logged_in):
                    client.get(address(REPORTS[code]), {"on": ON.isoformat(), "format": form}).getvalue()
        client.force_login(official)


def test_index_costs_one_query(client, django_assert_num_queries):
    with django_assert_num_queries(1):  # documents
        client.get("/reports/")


def test_page_of_many_says_on_paper_which_rows_it_shows(client):
    OutcomeTargetFactory.create_batch(51, programme=ProgrammeFactory())

    assert "全51件のうち1～50件目を示します。" in client.get("/targets/").text
    assert "全51件のうち51～51件目を示します。" in client.get("/targets/", {"page": 2}).text
    assert "件目を示します。" not in client.get("/targets/", {"status": "missed"}).text


# --- The workbook of a report -----------------------------------------------------------------------------------------------------------


def test_workbook_is_named_like_the_csv(client, settled):
    response = client.get("/reports/due-soon/", {"on": "2026-09-01", "format": "xlsx"})

    assert response.headers["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert response.headers["Content-Disposition"] == 'attachment; filename="seika-due-soon-2026-09-01.xlsx"'
    response.close()


def test_workbook_holds_real_numbers_and_days_and_text_as_text(client, settled):
    over = workbook(client.get("/reports/over-achieved/", {"on": "2026-09-01", "format": "xlsx"}))["data"]
    soon = workbook(client.get("/reports/due-soon/", {"on": "2026-09-01", "format": "xlsx"}))["data"]

    def cell(sheet, name):
        return sheet.cell(2, [head.value for head in sheet[1]].index(name) + 1)

    assert (cell(over, "result_value").value, cell(over, "result_value").data_type) == (100.5, "n")
    assert cell(over, "attainment_percent").value == 167.5  # 100.5 ÷ 60
    assert cell(soon, "due_on").value.date() == date(2026, 10, 1)
    assert cell(soon, "due_on").number_format == "yyyy-mm-dd"
    assert (cell(soon, "statement").value, cell(soon, "statement").data_type) == ("=SUM(A1)を目指す。", "s")
    assert cell(soon, "result_value").value is None


def test_workbook_says_what_it_is_of_when_and_where_it_came_from(client, settled):
    asked = {"on": "R8.9.1", "known_at": "2026-09-01 18:00", "q": "採択", "format": "xlsx"}

    sheet = workbook(client.get("/reports/behind/", asked, headers={"accept-language": "ja"}))["dictionary"]

    about = {sheet.cell(row, 1).value: sheet.cell(row, 2).value for row in range(1, 6)}
    assert about["報告"] == "遅れている成果目標"
    assert about["判定の日"] == "令和8年9月1日（2026-09-01）"
    assert about["記録の時点"] == "令和8年9月1日（2026-09-01） 18:00:00"
    told = QueryDict(about["アドレス"].partition("?")[2])
    assert about["アドレス"].startswith("http://testserver/reports/behind/?")
    assert told.dict() == {"on": "2026-09-01", "known_at": "2026-09-01 18:00", "q": "採択"}


def test_workbook_explains_its_columns_and_codes(client, settled):
    book = workbook(client.get("/reports/to-be-recorded/", {"format": "xlsx"}, headers={"accept-language": "ja"}))
    columns = {row[0]: row[1:] for row in book["dictionary"].iter_rows(min_row=7, values_only=True)}
    codes = {row[:2]: row[2:] for row in book["codes"].iter_rows(values_only=True)}

    assert columns["status"][:2] == ("状況", "status")
    assert columns["due_on"][3] == "日"
    assert set(columns) - {"列"} == {column.name for column in REPORTS["to-be-recorded"].columns}
    assert codes["status", "missed"] == ("未達成", "missed")
    assert codes["no_deadline", "event_not_recorded"][1] == "event not recorded"
    assert {code for table, code in codes if table == "mark"} == set(MARKS)
    assert "stage" not in {table for table, _code in codes}


def test_command_writes_the_workbook_of_the_page(client, settled, tmp_path):
    call_command("report", "over-achieved", on="2026-09-01", format="xlsx", output=tmp_path / "over.xlsx")
    asked = {"on": "2026-09-01", "format": "xlsx"}

    printed, downloaded = load_workbook(tmp_path / "over.xlsx"), workbook(client.get("/reports/over-achieved/", asked))

    assert list(printed["data"].values) == list(downloaded["data"].values)
    assert printed["dictionary"]["B5"].value == "/reports/over-achieved/?on=2026-09-01"


@pytest.mark.usefixtures("english")
def test_command_does_not_print_a_workbook_as_text():
    with pytest.raises(CommandError, match="--output"):
        call_command("report", "behind", format="xlsx", stdout=StringIO())


@pytest.mark.usefixtures("settled")
def test_command_knows_the_filters_of_each_report():
    out = StringIO()
    call_command("report", "over-achieved", on="2026-09-01", over="200", stdout=out)
    assert table(out.getvalue().encode()) == []
    with pytest.raises(CommandError, match="--over"):
        call_command("report", "behind", over="200", stdout=out)
    with pytest.raises(CommandError, match="--no-deadline"):
        call_command("report", "to-be-recorded", no_deadline="none_stated", stdout=out)


def test_list_of_all_targets_has_a_workbook_too(client, settled):
    sheet = workbook(client.get("/targets/", {"format": "xlsx", "status": Status.BEHIND.value, "on": "2026-09-01"}))["data"]

    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == holds("behind")


@pytest.mark.parametrize("report", [report for report in REPORTS.values() if report.code != "revisions"], ids=lambda report: report.code)
def test_status_is_computed_for_the_targets_alone_that_are_asked_for(at_noon, monkeypatch, report):
    """Twenty thousand are not judged to show the few of a division."""
    fill(2)
    every = list(report.narrowed(Clocks(ON, None), QueryDict()).qs)
    target, judged = every[0], []
    annotate = status.annotate
    monkeypatch.setattr(status, "annotate", lambda targets, **given: judged.extend(targets) or annotate(targets, **given))
    lead = target.programme.lead.code

    for query in (f"organisation={lead}", f"lead={lead}", f"bureau={lead}", f"q={target.code}"):
        judged.clear()
        found = list(report.narrowed(Clocks(ON, None), QueryDict(query)).qs)
        assert [one.pk for one in found] == [one.pk for one in judged] == [target.pk]
    assert len(every) > 1
