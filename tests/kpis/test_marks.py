"""Honesty: whatever is assumed, preliminary, revised or without a source says so in words wherever its figure stands, files included."""

import csv
import re
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook

from budget.history import explain
from kpis import marks, reminders, workflow
from kpis.admin import entry_book
from kpis.asof import Clocks
from kpis.choices import DeadlineKind, ReportState
from kpis.exports import open_data
from kpis.marks import MARKS
from kpis.models import OutcomeTarget, ProgressReport, TargetLink
from kpis.registry import REPORTS, TARGETS
from tests.factories import (
    BudgetAmountFactory,
    ClosedMissFactory,
    EvidenceFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgressReportFactory,
    SourcePassageFactory,
    UserFactory,
    YearlyMilestoneFactory,
)

pytestmark = pytest.mark.django_db

ON = date(2026, 9, 1)  # the day after the results of FY2025 were due

# What a target carries, and what its result.
OF_TARGETS = {
    "approximate": "概数",
    "comparator_assumed": "比較は推定",
    "accumulation_assumed": "集計は推定",
    "programme_end_assumed": "事業終了は推定",
    "deadline_revised": "期限改定",
    "revised_after_deadline": "期限後改定",
    "without_source": "出典なし",
}
OF_RESULTS = {"preliminary": "速報", "without_evidence": "根拠資料なし"}
ALL = OF_TARGETS | OF_RESULTS


class Maker:
    """Makes targets that carry every mark, or none."""

    def __init__(self, is_marked: bool):
        self.is_marked = is_marked

    def target(self, **terms) -> OutcomeTarget:
        flags = dict.fromkeys(OF_TARGETS.keys() - {"without_source"}, self.is_marked)
        return OutcomeTargetFactory(passage=None if self.is_marked else SourcePassageFactory(), **flags, **terms)

    def result(self, figure, target: OutcomeTarget, *, year=2025, **report) -> ProgressReport:
        report = {"accepted": True} | report
        made = ProgressReportFactory(target=target, fiscal_year=year, value=Decimal(figure), preliminary=self.is_marked, **report)
        if not self.is_marked:
            EvidenceFactory(report=made)
        return made

    def with_result(self, figure, *, year=2025, **terms) -> OutcomeTarget:
        return self.result(figure, self.target(**terms), year=year).target


@pytest.fixture(params=[True, False], ids=["marked", "plain"])
def make(request, time_machine) -> Maker:
    time_machine.move_to("2026-09-01 12:00+09:00", tick=False)
    return Maker(request.param)


def on_day(day: date) -> dict:
    return {"deadline_kind": DeadlineKind.DATE, "deadline_year": None, "deadline_on": day}


def waiting(make):
    """The last day has passed, and the results of FY2026 are not due yet: a preliminary one that misses decides nothing, and a final one
    waits for its acceptance.
    """
    target = make.target(**on_day(date(2026, 6, 30)))
    if make.is_marked:
        make.result(59, target, year=2026, measured_on=date(2026, 6, 30))
    return target


def revised(make):
    target = make.with_result(40, deadline_year=2030)
    target.value = Decimal(50)
    explain(target, reason="見直し", by=UserFactory())
    target.save()
    return target


AFTER_PROGRAMME = {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_year": None, "deadline_offset_years": 5}
# Of each report a target that is in it on the day.
IN_REPORT = {
    "overdue": lambda make: make.with_result(59),
    "awaiting-result": waiting,
    "due-soon": lambda make: make.with_result(40, **on_day(date(2026, 10, 1))),
    "behind": lambda make: YearlyMilestoneFactory(target=make.with_result(39, deadline_year=2030), fiscal_year=2025).target,
    "revisions": revised,
    "without-deadline-or-number": lambda make: make.with_result(40, deadline_year=None),
    "to-be-recorded": lambda make: make.with_result(40, **AFTER_PROGRAMME),
    "final-year": lambda make: make.with_result(40, deadline_year=2026),
    "started-last-year": lambda make: make.with_result(40, deadline_year=2030, programme=ProgrammeFactory(start_fiscal_year=2025)),
    "over-achieved": lambda make: make.with_result(100),
    "exactly-at-target": lambda make: make.with_result(60),
    "closed-misses": lambda make: ClosedMissFactory(target=make.with_result(59)).target,
    "targets": lambda make: make.with_result(59),
}


def told(text: str, words: dict[str, str]) -> set[str]:
    """The marks whose words stand on the page, as marks."""
    return {code for code, word in words.items() if f'<span class="mark">{word}</span>' in text}


def test_the_words_are_those_of_the_marks():
    with translation.override("ja"):
        assert {code: str(MARKS[code].label) for code in ALL} == ALL
        assert all(str(mark.label) and str(mark.meaning) for mark in MARKS.values())


def test_marks_are_told_in_their_order_behind_a_figure_in_a_text():
    target = OutcomeTarget(approximate=True, comparator_assumed=True, passage_id=1)
    with translation.override("ja"):
        assert marks.in_words(target) == "（概数・比較は推定）"
        assert marks.in_words(OutcomeTarget(passage_id=1)) == ""


def test_every_report_is_walked():
    assert IN_REPORT.keys() == {*REPORTS, TARGETS.code}


@pytest.mark.parametrize("code", IN_REPORT)
def test_report_tells_every_mark_of_its_figures_on_its_page_and_in_its_files(client, make, code):
    report = TARGETS if code == TARGETS.code else REPORTS[code]
    target = IN_REPORT[code](make)
    expected = set(ALL) if make.is_marked else set()

    page = client.get(reverse(report.page), {"on": ON.isoformat()})
    assert page.context["page"].paginator.count == 1
    assert told(page.text, ALL) == expected

    (row,) = csv.DictReader(StringIO(client.get(reverse(report.page), {"format": "csv"}).getvalue().decode("utf-8-sig")))
    assert row["target_code"] == target.code
    assert set(row["marks"].split()) & ALL.keys() == expected

    book = load_workbook(BytesIO(client.get(reverse(report.page), {"format": "xlsx"}).getvalue()))
    head, cells = book["data"].iter_rows(values_only=True)
    assert set((dict(zip(head, cells, strict=True))["marks"] or "").split()) & ALL.keys() == expected
    explained = {row[1]: row[2] for row in book["codes"].iter_rows(values_only=True) if row[0] == "mark"}
    assert {mark: explained[mark] for mark in ALL} == ALL


# --- The other pages ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(make, division):
    """Of one division: a target that falls due soon with a result; an unreported one with the result of the year before, which leads to
    the first; one whose result waits.
    """
    ours = {"programme": ProgrammeFactory(code="programme", lead=division)}
    if make.is_marked:
        BudgetAmountFactory(**ours)
    soon = make.with_result(40, code="soon", **on_day(date(2026, 10, 1)), **ours)
    late = make.target(code="late", **ours)
    make.result(30, late, year=2024)
    TargetLink.objects.create(from_target=late, to_target=soon)
    make.result(50, make.target(code="sent", deadline_year=2030, **ours), accepted=False, submitted=True)
    return make


# Of each page who sees it, and which marks stand there.
PAGES = {
    "/dashboard/": ("public", ALL),
    "/targets/": ("public", ALL),
    "/targets/soon/": ("public", ALL),
    "/targets/late/": ("public", ALL),
    "/programmes/programme/": ("public", ALL),
    "/search/?q=採択": ("public", ALL),
    "/round/?show=missing": ("official", OF_TARGETS),
    "/round/?show=late": ("official", ALL),
    "/work/": ("official", ALL),
    "/work/?show=unreported": ("official", ALL),
    "/work/?show=submitted": ("official", ALL),
    "/work/?show=decide": ("reviewer", ALL),
    "/changes/?model=kpis.outcometarget": ("auditor", OF_TARGETS),
    "/changes/?model=kpis.progressreport": ("auditor", {"preliminary": "速報"}),
    "/admin/kpis/outcometarget/": ("administrator", ALL),
    "/admin/kpis/progressreport/": ("administrator", ALL),
}


@pytest.mark.parametrize("address", PAGES)
def test_page_tells_every_mark_of_its_figures(client, request, world, address):
    who, words = PAGES[address]
    if who != "public":
        client.force_login(request.getfixturevalue(who))

    assert told(client.get(address).text, ALL) == (set(words) if world.is_marked else set())


def test_target_page_tells_each_mark_beside_what_it_speaks_of(client, world):
    facts = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", client.get("/targets/soon/").text)
    beside = {name: told(words, ALL) for name, words in facts if told(words, ALL)}

    assert beside == (
        {
            "目標": {"approximate", "comparator_assumed"},
            "期限日": {"programme_end_assumed", "deadline_revised", "revised_after_deadline"},
            "種別": {"accumulation_assumed"},
        }
        if world.is_marked
        else {}
    )


def test_chart_tells_the_marks_to_who_does_not_see_it(client, world):
    (words,) = re.findall(r'<desc id="chart-desc">(.*?)</desc>', client.get("/targets/soon/").text)

    assert {code for code, word in ALL.items() if word in words} == (set(ALL) if world.is_marked else set())


def test_withdrawn_target_keeps_the_marks_of_its_terms(client, world, administrator):
    workflow.withdraw(OutcomeTarget.objects.get(code="soon"), by=administrator, reason="統合")

    assert told(client.get("/targets/soon/").text, OF_TARGETS) == (set(OF_TARGETS) if world.is_marked else set())


@pytest.mark.parametrize("name", ["history", "change"])
def test_pages_of_a_report_in_the_admin_tell_the_marks(client, world, reviewer, name):
    report = ProgressReport.objects.get(state=ReportState.SUBMITTED)
    client.force_login(reviewer)

    found = told(client.get(reverse(f"admin:kpis_progressreport_{name}", args=(report.pk,))).text, ALL)

    assert found == ((set(ALL) if name == "change" else {"preliminary"}) if world.is_marked else set())


# --- Other files and mails --------------------------------------------------------------------------------------------------------------


def test_open_data_has_a_column_of_each_mark_that_its_description_explains(world, tmp_path):
    open_data.export(tmp_path, Clocks(ON))

    targets = {row["target_code"]: row for row in csv.DictReader(StringIO((tmp_path / "targets.csv").read_text("utf-8-sig")))}
    results = list(csv.DictReader(StringIO((tmp_path / "results.csv").read_text("utf-8-sig"))))
    assert {targets["soon"][code] for code in ALL} == {"true" if world.is_marked else "false"}
    assert {row[code] for row in results for code in OF_RESULTS} == {"true" if world.is_marked else "false"}
    readme = (tmp_path / "README.txt").read_text("utf-8-sig")
    assert all(f"  {code}  {word}" in readme for code, word in ALL.items())


def test_changes_as_csv_name_the_marks(client, world, auditor):
    client.force_login(auditor)

    rows = csv.DictReader(StringIO(client.get("/changes/?format=csv&model=kpis.outcometarget").getvalue().decode("utf-8-sig")))

    assert {row["marks"] for row in rows} == {" ".join(code for code in MARKS if code in OF_TARGETS) if world.is_marked else ""}


def test_workbook_tells_the_marks_behind_what_is_asked_for_and_behind_the_last_result(world, official):
    (row,) = entry_book.rows(entry_book.due(official, ON).targets)

    assert row["target_code"] == "late"
    assert row["goal"] == "60件以上" + (f"（{'・'.join(OF_TARGETS.values())}）" if world.is_marked else "")
    assert row["previous_result"] == "30件" + ("（速報・根拠資料なし）" if world.is_marked else "")


def test_reminder_of_a_deadline_tells_the_marks(world, official):
    (digest,) = reminders.digests(date(2026, 9, 1))

    assert ("速報" in digest.text, "期限改定" in digest.text) == (world.is_marked, world.is_marked)
