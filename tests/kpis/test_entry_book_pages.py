"""Many results by a workbook: downloaded, filled in with openpyxl, sent, looked at, confirmed; whole or not at all."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from unittest import mock

import openpyxl
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budget.history import explain
from kpis import workflow
from kpis.admin import entry_book
from kpis.exports.entry_book import COLUMNS
from kpis.models import Evidence, OutcomeTarget, ProgressReport
from tests.factories import (
    EntryLockFactory,
    EvidenceFactory,
    LockExceptionFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgressReportFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:kpis_progressreport_workbook")
DOWNLOAD = reverse("admin:kpis_progressreport_workbook_download")
NOW = datetime(2026, 7, 1, 3, tzinfo=UTC)  # FY2025 is asked for


@pytest.fixture(autouse=True)
def july():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def programme(division):
    return ProgrammeFactory(lead=division)


@pytest.fixture
def targets(programme):
    """Three of the division: at least 60 件 by FY2030, at least 35 % by FY2025, and a grade."""
    return [
        OutcomeTargetFactory(code="a-60", programme=programme, deadline_year=2030, statement="令和12年度までに採択件数を60件とする。"),
        OutcomeTargetFactory(code="b-35", programme=programme, deadline_year=2025, value=Decimal(35), unit="%"),
        OutcomeTargetFactory(code="c-grade", programme=programme, deadline_year=2030, qualitative=True),
    ]


class Book:
    """A downloaded workbook, to be filled in by target code and column."""

    def __init__(self, client):
        self.book = openpyxl.load_workbook(BytesIO(client.get(DOWNLOAD).content))
        self.sheet = self.book.worksheets[0]
        self.columns = {cell.value: cell.column for cell in self.sheet[1]}
        self.rows = {self.sheet.cell(n, self.columns["target_code"]).value: n for n in range(3, self.sheet.max_row + 1)}

    def read(self, code, column):
        return self.sheet.cell(self.rows[code], self.columns[column]).value

    def fill(self, code, **entries):
        for column, value in entries.items():
            self.sheet.cell(self.rows[code], self.columns[column]).value = value
        return self

    def address(self, code, column):
        return self.sheet.cell(self.rows[code], self.columns[column]).coordinate

    def file(self, name="results.xlsx"):
        content = BytesIO()
        self.book.save(content)
        return SimpleUploadedFile(name, content.getvalue())


@pytest.fixture
def book(as_official, targets):
    return Book(as_official)


def send(client, book):
    return client.post(PAGE, {"file": book.file()})


def confirm(client, preview, button="_save"):
    return client.post(PAGE, {"payload": preview.context["payload"], button: "1"}, follow=True)


def refused(preview) -> list[tuple[str, str]]:
    """Address and sentence of each refused cell; nothing can be confirmed."""
    assert preview.status_code == 422
    assert preview.context["payload"] == ""
    problems = [problem for entry in preview.context["entries"] for problem in entry.problems]
    page = preview.content.decode()
    assert all(problem.address in page for problem in problems)
    return [(problem.address, problem.sentence) for problem in problems]


# --- The workbook that goes out -------------------------------------------------------------------------------------------------------


def test_it_holds_what_is_due_with_quote_deadline_unit_and_last_value(as_official, targets, programme, official, reviewer):
    ProgressReportFactory(target=targets[0], fiscal_year=2024, value=Decimal("41.5"), accepted=True)
    ProgressReportFactory(target__programme=programme, target__code="handed-in", fiscal_year=2025, submitted=True)
    OutcomeTargetFactory(code="of-others")
    book = Book(as_official)
    assert set(book.rows) == {"a-60", "b-35", "c-grade"}
    assert book.read("a-60", "statement") == "令和12年度までに採択件数を60件とする。"
    assert book.read("a-60", "deadline") == "令和13年3月31日（2031-03-31） 令和12年度（2030年度）"
    assert (book.read("a-60", "unit"), book.read("b-35", "unit")) == ("件", "%")
    assert (book.read("a-60", "previous_year"), book.read("a-60", "previous_result")) == ("2024", "41.5件（根拠資料なし）")
    assert book.read("a-60", "fiscal_year") == "2025"
    assert all(not book.read(code, column.name) for code in book.rows for column in COLUMNS if column.is_entry)


def test_a_draft_stands_in_its_cells(as_official, targets, official):
    ProgressReportFactory(target=targets[0], fiscal_year=2025, value=Decimal(12), narrative="途中", reported_by=official)
    book = Book(as_official)
    assert (book.read("a-60", "value"), book.read("a-60", "narrative"), book.read("a-60", "state")) == ("12", "途中", "下書き")


def test_results_of_a_locked_year_are_left_out_and_told(as_official, targets):
    EntryLockFactory(fiscal_year=2025)
    assert Book(as_official).rows == {}
    page = as_official.get(PAGE)
    assert (page.context["due"].targets, page.context["due"].locked) == ([], 3)


def test_what_was_taken_down_is_left_out_and_told(as_official, targets, official):
    workflow.take_down(ProgressReportFactory(target=targets[0], fiscal_year=2025, reported_by=official), by=official, reason="誤り")
    assert set(Book(as_official).rows) == {"b-35", "c-grade"}
    assert as_official.get(PAGE).context["due"].taken_down == 1


@pytest.mark.parametrize("what", [PAGE, DOWNLOAD])
def test_page_and_download_cost_the_same_for_any_number(as_official, targets, programme, what):
    asked = []
    for number in (1, 30):
        for _n in range(number):
            OutcomeTargetFactory(programme=programme, deadline_year=2030)
            ProgressReportFactory(target__programme=programme, target__deadline_year=2030, fiscal_year=2025)
        with CaptureQueriesContext(connection) as queries:
            as_official.get(what)
        asked.append(len(queries))
    assert asked[0] == asked[1], asked


# --- What comes back ------------------------------------------------------------------------------------------------------------------


def test_results_are_looked_at_then_saved_as_drafts(as_official, official, book, targets):
    book.fill("a-60", value="５１", narrative="順調に推移した。", citation="業務統計 表3", url="https://example.go.jp/3")
    book.fill("c-grade", grade="2 目標達成")
    preview = send(as_official, book)
    assert preview.status_code == 200
    assert not ProgressReport.objects.exists()

    confirm(as_official, preview)

    first, second = ProgressReport.objects.order_by("target__code")
    assert (first.value, first.fiscal_year, first.state, first.narrative) == (51, 2025, "draft", "順調に推移した。")
    assert (first.reported_by, first.reported_at) == (official, NOW)
    assert (second.target.code, second.grade) == ("c-grade", 2)
    evidence = Evidence.objects.get()
    assert (evidence.report, evidence.citation, evidence.url) == (first, "業務統計 表3", "https://example.go.jp/3")
    for row in (first, second, evidence):
        told = row.history.get()
        assert (told.history_user, told.history_change_reason) == (official, "実績入力表「results.xlsx」による入力")


def test_results_are_submitted_at_once(as_official, official, book):
    preview = send(as_official, book.fill("a-60", value=51).fill("b-35", value="36"))
    confirm(as_official, preview, "_submit")
    assert set(ProgressReport.objects.values_list("state", "submitted_by__username")) == {("submitted", "official")}


def test_a_miss_of_the_deadlines_year_is_submitted_only_with_its_reason(as_official, book):
    preview = send(as_official, book.fill("b-35", value="34"))
    assert b'name="_submit"' not in preview.content
    answer = confirm(as_official, preview, "_submit")  # by a page that was tampered with
    assert not ProgressReport.objects.exists()
    assert "理由" in answer.content.decode()
    preview = send(as_official, book.fill("b-35", reason="申請が減ったため。"))
    confirm(as_official, preview, "_submit")
    assert ProgressReport.objects.get().state == "submitted"


def test_a_workbook_that_is_sent_as_it_was_downloaded_says_nothing(as_official, targets, official):
    ProgressReportFactory(target=targets[0], fiscal_year=2025, value=Decimal(12), reported_by=official)
    preview = send(as_official, Book(as_official))
    assert preview.context["entries"] == []
    assert "記入された行がありません" in preview.content.decode()


def test_a_draft_is_changed_and_others_stay(as_official, targets, official):
    drafts = [ProgressReportFactory(target=target, fiscal_year=2025, value=Decimal(12), reported_by=official) for target in targets[:2]]
    confirm(as_official, send(as_official, Book(as_official).fill("a-60", value="13")))
    assert [draft.history.count() for draft in drafts] == [2, 1]
    assert ProgressReport.objects.get(target=targets[0]).value == 13


@pytest.mark.parametrize(("typed", "value"), [("35.6%", "35.6"), ("３５．６％", "35.6"), (35.6, "35.6"), ("35.6", "35.6")])
def test_per_cent_of_a_target_in_per_cent_is_read(as_official, book, typed, value):
    confirm(as_official, send(as_official, book.fill("b-35", value=typed)))
    assert ProgressReport.objects.get().value == Decimal(value)


def test_a_percentage_as_excel_stores_it_is_read(as_official, book):
    book.fill("b-35", value=0.356)
    book.sheet[book.address("b-35", "value")].number_format = "0.0%"
    confirm(as_official, send(as_official, book))
    assert ProgressReport.objects.get().value == Decimal("35.6")


def test_what_the_source_left_open_is_answered_as_on_the_form(as_official, programme, official):
    target = OutcomeTargetFactory(code="open", programme=programme, deadline_year=2030, comparator_assumed=True, accumulation_assumed=True)
    book = Book(as_official).fill("open", value="3")
    addresses = [address for address, _sentence in refused(send(as_official, book))]
    assert addresses == [book.address("open", "comparator"), book.address("open", "accumulation")]
    book.fill("open", comparator="分からない", accumulation="累計")
    book.fill("open", comparator="at_least", accumulation="running_total")
    confirm(as_official, send(as_official, book))
    target.refresh_from_db()
    assert (target.comparator_assumed, target.accumulation_assumed, target.accumulation) == (False, False, "running_total")
    assert target.history.latest("history_id").history_user == official


# --- What is refused ------------------------------------------------------------------------------------------------------------------


def test_every_bad_cell_is_told_with_its_address_and_nothing_can_be_saved(as_official, book):
    book.fill("a-60", value="多数", measured_on="去年").fill("b-35", value="36").fill("c-grade", grade="6")
    told = refused(send(as_official, book))
    assert {address for address, _sentence in told} == {
        book.address("a-60", "value"),
        book.address("a-60", "measured_on"),
        book.address("c-grade", "grade"),
    }
    assert not ProgressReport.objects.exists()


@pytest.mark.parametrize(
    ("column", "entry"),
    [
        ("value", "=50+1"),
        ("value", "1.23456"),
        ("value", "1" * 12),
        ("value", date(2026, 3, 4)),
        ("value", True),
        ("measured_on", "2027-01-01"),
        ("measured_on", "2025-03-31"),
        ("measured_on", 46112),
        ("url", "https://example.go.jp/"),
        ("grade", "2"),
        ("comparator", "at_least"),
        ("preliminary", "たぶん"),
    ],
)
def test_the_limits_are_those_of_the_form(as_official, book, column, entry):
    """A formula; too many digits; a date for a figure; days to come and before the year; evidence without a name; what is not asked."""
    book.fill("a-60", **{"value": "51", column: entry})
    (problem,) = refused(send(as_official, book))
    assert problem[0] == book.address("a-60", "citation" if column == "url" else column)
    assert not ProgressReport.objects.exists()


def test_a_row_of_somebody_elses_target_is_refused(as_official, client, book, other_official, other_division):
    OutcomeTargetFactory(code="of-others", programme=ProgrammeFactory(lead=other_division), deadline_year=2030)
    (problem,) = refused(send(as_official, book.fill("a-60", target_code="of-others", value="51")))
    assert problem == (book.address("a-60", "target_code"), "あなたが報告する目標ではないか、この番号の目標がありません。")


@pytest.mark.parametrize(
    ("column", "entry"),
    [
        ("statement", "目標は特にない。"),
        ("goal", "1件以上"),
        ("deadline", "いつか"),
        ("unit", "億円"),
        ("programme", "別の事業"),
        ("indicator", "別の指標"),
    ],
)
def test_an_altered_cell_is_refused(as_official, book, column, entry):
    (problem,) = refused(send(as_official, book.fill("a-60", value="51", **{column: entry})))
    assert problem[0] == book.address("a-60", column)
    assert "書き換えられているか" in problem[1]


@pytest.mark.parametrize(
    ("column", "entry"),
    [
        ("fiscal_year", "2024"),
        ("target_code", "b-35"),
        ("version", "x"),
        ("version", None),
        ("fiscal_year", "7年"),
        ("fiscal_year", "9999"),
        ("fiscal_year", "2030"),
        ("fiscal_year", "0000"),
    ],
)
def test_an_altered_code_year_or_version_is_refused(as_official, book, column, entry):
    (problem,) = refused(send(as_official, book.fill("a-60", value="51", **{column: entry})))
    assert problem[0] == book.address("a-60", "fiscal_year" if column == "fiscal_year" else "target_code")


def test_two_rows_of_one_result_are_refused(as_official, book):
    book.fill("a-60", value="51")
    for column in range(1, len(COLUMNS) + 1):
        book.sheet.cell(9, column).value = book.sheet.cell(book.rows["a-60"], column).value
    ((address, sentence),) = refused(send(as_official, book))
    assert address == "A9"
    assert f"{book.rows['a-60']}行目" in sentence


def test_a_stale_row_is_refused_with_who_changed_what(as_official, client, book, targets, division):

    colleague = PostingFactory(user=UserFactory(name="同僚 一郎"), organisation=division).user
    report = ProgressReport(target=targets[0], fiscal_year=2025, value=Decimal(40), reported_by=colleague, reported_at=NOW)

    explain(report, reason="速報による", by=colleague)
    report.save()
    preview = send(as_official, book.fill("a-60", value="51").fill("b-35", value="36"))
    ((address, sentence),) = refused(preview)
    assert address == book.address("a-60", "target_code")
    assert "ダウンロードの後に内容が変わりました" in sentence
    page = preview.content.decode()
    assert "同僚 一郎" in page
    assert "速報による" in page
    assert not ProgressReport.objects.filter(target=targets[1]).exists()


def test_a_stale_row_that_is_blank_stops_nobody(as_official, book, targets, official):
    ProgressReportFactory(target=targets[0], fiscal_year=2025, reported_by=official)
    confirm(as_official, send(as_official, book.fill("b-35", value="36")))
    assert ProgressReport.objects.get(target=targets[1]).value == 36


def test_terms_that_changed_since_make_a_row_stale(as_official, book, targets):
    targets[0].value = Decimal(70)
    targets[0].save()
    ((_address, sentence),) = refused(send(as_official, book.fill("a-60", value="51")))
    assert "ダウンロードの後に内容が変わりました" in sentence


def test_a_result_that_was_submitted_meanwhile_is_not_entered_again(as_official, targets, official):
    report = ProgressReportFactory(target=targets[0], fiscal_year=2025, value=Decimal(12), reported_by=official)
    book = Book(as_official)
    workflow.submit(report, by=official)
    ((address, _sentence),) = refused(send(as_official, book.fill("a-60", value="51")))
    assert address == book.address("a-60", "target_code")


def test_a_year_that_was_locked_meanwhile_is_refused_with_who_locked_it(as_official, book, programme):
    lock = EntryLockFactory(fiscal_year=2025)
    ((address, sentence),) = refused(send(as_official, book.fill("a-60", value="51")))
    assert address == book.address("a-60", "fiscal_year")
    assert str(lock.set_by) in sentence
    LockExceptionFactory(lock=lock, organisation=programme.lead)
    confirm(as_official, send(as_official, book))
    assert ProgressReport.objects.get().value == 51


# --- Drafts that nobody touched -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("narrative", ["一行目\r\n二行目", "一\u2028二", "_x0041_", "あ" * 10_001])
def test_a_draft_that_nobody_touched_stays_as_it_is(as_official, targets, official, narrative):
    draft = ProgressReportFactory(target=targets[0], fiscal_year=2025, narrative=narrative, reported_by=official)
    preview = send(as_official, Book(as_official).fill("b-35", value="36"))
    assert [entry.target.code for entry in preview.context["entries"]] == ["b-35"]
    confirm(as_official, preview, "_submit")
    draft.refresh_from_db()
    assert (draft.narrative, draft.state, draft.history.count()) == (narrative, "draft", 1)


def test_line_breaks_of_a_draft_stay_as_they_were_typed(as_official, targets, official):
    ProgressReportFactory(target=targets[0], fiscal_year=2025, value=Decimal(12), narrative="一\r\n二", reported_by=official)
    preview = send(as_official, Book(as_official).fill("a-60", value="13"))
    assert preview.context["entries"][0].changes == []
    confirm(as_official, preview)
    assert ProgressReport.objects.get().narrative == "一\r\n二"


def test_a_draft_that_a_colleague_changed_stops_nobody_who_left_it_alone(as_official, targets, official):
    draft = ProgressReportFactory(target=targets[0], fiscal_year=2025, value=Decimal(12), reported_by=official)
    book = Book(as_official)
    draft.value = Decimal(13)
    draft.save()
    confirm(as_official, send(as_official, book.fill("b-35", value="36")))
    assert set(ProgressReport.objects.values_list("target__code", "value")) == {("a-60", 13), ("b-35", 36)}


def test_the_same_workbook_is_filled_in_in_two_stages(as_official, targets, official):
    book = Book(as_official).fill("a-60", value="51", citation="業務統計", narrative="途中")
    confirm(as_official, send(as_official, book))
    preview = send(as_official, book.fill("b-35", value="36"))
    assert [entry.target.code for entry in preview.context["entries"]] == ["b-35"]
    confirm(as_official, preview)
    assert ProgressReport.objects.count() == 2


def test_the_preview_tells_what_else_is_changed_and_blanked(as_official, targets, official):
    ProgressReportFactory(
        target=targets[0], fiscal_year=2025, value=Decimal(12), narrative="途中", preliminary=True, reported_by=official,
        measured_on=date(2025, 12, 31),
    )  # fmt: skip
    book = Book(as_official).fill("a-60", value="13", narrative=None, measured_on=None, preliminary=None, citation="業務統計")
    preview = send(as_official, book)
    changes = {str(label): (old, new) for label, old, new in preview.context["entries"][0].changes}
    assert changes == {
        "実績の時点": ("令和7年12月31日（2025-12-31）", ""),
        "速報": ("はい", ""),
        "説明": ("途中", ""),
        "統計・資料の名称": ("", "業務統計"),
    }
    assert "空欄になります" in preview.content.decode()


# --- Between the preview and the saving -----------------------------------------------------------------------------------------------


def test_what_changed_since_the_preview_saves_nothing_and_is_told(as_official, book, targets):
    preview = send(as_official, book.fill("a-60", value="51").fill("b-35", value="36"))
    targets[1].note = "注記"
    targets[1].save()
    answer = confirm(as_official, preview)
    assert not ProgressReport.objects.exists()
    assert "保存できませんでした" in answer.content.decode()
    assert [entry.target.code for entry in answer.context["entries"] if entry.problems] == ["b-35"]


def test_a_failure_half_way_saves_nothing(as_official, book):
    preview = send(as_official, book.fill("a-60", value="51").fill("b-35", value="36"))
    submit, calls = workflow.submit, []

    def fail_the_second_time(report, *, by):
        calls.append(report)
        if len(calls) == 2:
            raise workflow.NotAllowed("途中で担当を外れました。")
        return submit(report, by=by)

    with mock.patch.object(entry_book.workflow, "submit", fail_the_second_time):
        answer = confirm(as_official, preview, "_submit")
    assert len(calls) == 2
    assert not ProgressReport.objects.exists()
    assert "途中で担当を外れました。" in answer.content.decode()


def test_two_years_that_answer_the_same_question_save_nothing_and_say_so(as_official, programme, official):
    """The first row settles it; the second finds it settled."""
    target = OutcomeTargetFactory(code="open", programme=programme, deadline_year=2030, accumulation_assumed=True)
    book = Book(as_official).fill("open", value="3", accumulation="level")
    version = entry_book._versions([target], {})(target.pk, 2024)
    for column in range(1, len(COLUMNS) + 1):
        book.sheet.cell(9, column).value = book.sheet.cell(book.rows["open"], column).value
    book.sheet.cell(9, book.columns["fiscal_year"]).value, book.sheet.cell(9, book.columns["version"]).value = "2024", version
    answer = confirm(as_official, send(as_official, book))
    assert not ProgressReport.objects.exists()
    assert "保存できませんでした" in answer.content.decode()


def test_a_preview_that_is_sent_twice_is_saved_once(as_official, book):
    preview = send(as_official, book.fill("a-60", value="51"))
    confirm(as_official, preview, "_submit")
    again = confirm(as_official, preview, "_submit")
    assert again.status_code == 200
    assert "既に保存されています" in again.content.decode()
    assert ProgressReport.objects.get().history.count() == 2  # entered and submitted


def test_a_preview_is_its_users_alone(as_official, client, book, official, other_official):
    preview = send(as_official, book.fill("a-60", value="51"))
    client.force_login(other_official)
    answer = confirm(client, preview)
    assert "あなたのものではないか" in answer.content.decode()
    assert not ProgressReport.objects.exists()


def test_an_altered_preview_is_refused(as_official, book):
    preview = send(as_official, book.fill("a-60", value="51"))
    answer = as_official.post(PAGE, {"payload": preview.context["payload"][:-1], "_save": "1"}, follow=True)
    assert "書き換えられています" in answer.content.decode()
    assert not ProgressReport.objects.exists()


def test_a_preview_is_good_for_an_hour(as_official, book, july):
    preview = send(as_official, book.fill("a-60", value="51"))
    july.shift(3601)
    answer = confirm(as_official, preview)
    assert "1時間が過ぎました" in answer.content.decode()
    assert not ProgressReport.objects.exists()


# --- Files that are none --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", "目標,値\n".encode()), ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), ("a.xlsx", b"PK\x03\x04")],
)
def test_a_file_that_is_no_workbook_is_refused_with_a_sentence(as_official, targets, name, content):
    answer = as_official.post(PAGE, {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]


def test_no_file_at_all_is_refused(as_official, targets):
    assert as_official.post(PAGE).status_code == 422


@pytest.mark.parametrize("who", ["reviewer", "auditor", "administrator"])
def test_only_officials_enter(client, who, request):
    client.force_login(request.getfixturevalue(who))
    for address in (PAGE, DOWNLOAD):
        assert client.get(address).status_code == 403
    assert client.post(PAGE, {"payload": "x", "_save": "1"}).status_code == 403


def test_evidence_that_is_cited_already_keeps_its_address(as_official, targets, official):
    report = ProgressReportFactory(target=targets[0], fiscal_year=2025, value=Decimal(12), reported_by=official)
    EvidenceFactory(report=report, citation="業務統計", url="https://example.go.jp/1")
    confirm(as_official, send(as_official, Book(as_official).fill("a-60", value="13", citation="業務統計")))
    assert Evidence.objects.get().url == "https://example.go.jp/1"
    assert ProgressReport.objects.get().value == 13


def test_each_day_is_read_as_it_is_typed_or_stored(as_official, book):
    book.fill("a-60", value="51", measured_on="令和7年12月31日")
    book.fill("b-35", value="36", measured_on=date(2025, 12, 31))
    confirm(as_official, send(as_official, book))
    assert set(ProgressReport.objects.values_list("measured_on", flat=True)) == {date(2025, 12, 31)}
    assert OutcomeTarget.objects.count() == 3
