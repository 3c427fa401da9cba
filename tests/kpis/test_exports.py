"""Files that leave the system: one table a file, in the shape that machines and Excel both read."""

import csv
import io
import itertools
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from budget.models import BudgetStage, NoAmount, PassagePart
from budget.table import cell, csv_lines
from kpis.asof import Clocks
from kpis.choices import Accumulation, Comparator, DeadlineKind, Kind, NoDeadline, Status, Term
from kpis.exports import open_data
from kpis.exports.codes import CODE_TABLES, code_rows
from tests.factories import (
    BudgetAmountFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    UserFactory,
    YearlyMilestoneFactory,
)

ON = date(2026, 9, 1)


def read(path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


# --- One cell, one line ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        ("", ""),
        (0, "0"),
        (Decimal("0.0000"), "0"),
        (Decimal("-0.00"), "0"),
        (Decimal("60.0000"), "60"),
        (Decimal("7.5000"), "7.5"),
        (Decimal("1200"), "1200"),
        (Decimal("1.2E+8"), "120000000"),
        (Decimal("1E-4"), "0.0001"),
        (Decimal("-99999999999.9999"), "-99999999999.9999"),
        (-3, "-3"),
        (120_000_000, "120000000"),
        (True, "true"),
        (False, "false"),
        (date(2026, 3, 31), "2026-03-31"),
        (Term.SHORT, "short"),
        ("半数", "半数"),
        ("60～70件", "60～70件"),
        ("一行目\r\n二行目\n三行目\r四行目", "一行目 二行目 三行目 四行目"),
        ("前\u2028後", "前 後"),
        ("=1+1", "'=1+1"),
        ("+81 3", "'+81 3"),
        ("-・目標", "'-・目標"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'\t=1+1"),
        ("\r=1+1", "' =1+1"),
        ("-5", "-5"),
        ("+3.5", "+3.5"),
        ("-5%", "'-5%"),
        ("－", "－"),
        (" =1+1", " =1+1"),
        ("'=", "'="),
    ],
)
def test_cell_is_written_so_that_machines_and_spreadsheets_read_it_alike(value, written):
    assert cell(value) == written


def test_file_begins_with_a_byte_order_mark_and_ends_each_record_with_crlf():
    assert b"".join(csv_lines(["code", "value"], [("a", 1), ("b", None)])) == b"\xef\xbb\xbfcode,value\r\na,1\r\nb,\r\n"


def test_only_a_cell_with_a_comma_or_a_quote_is_quoted():
    assert list(csv_lines(["a"], [["x,y", "「z」", 'say "no"']]))[1] == '"x,y",「z」,"say ""no"""\r\n'.encode()


def test_record_with_line_breaks_in_its_cells_stays_one_line():
    assert list(csv_lines(["a", "b"], [["1\n2", "3\r\n4"]]))[1] == b"1 2,3 4\r\n"


def test_lines_are_made_one_by_one():
    lines = csv_lines(["a"], ([number] for number in itertools.count()))
    assert [next(lines), next(lines), next(lines)] == [b"\xef\xbb\xbfa\r\n", b"0\r\n", b"1\r\n"]


# --- Code tables ------------------------------------------------------------------------------------------------------------------------


def test_each_code_stands_once_in_its_table_with_names_in_both_languages():
    rows = list(code_rows())
    assert len({(table, code) for table, code, _ja, _en in rows}) == len(rows)
    assert all(japanese and english for _table, _code, japanese, english in rows)


def test_each_stored_choice_of_an_exported_column_has_its_code_table():
    told = {(table, code) for table, code, _ja, _en in code_rows()}
    assert {("status", code) for code in Status.values} <= told
    assert {("comparator", code) for code in Comparator.values} <= told
    assert {("grade", number) for number in range(1, 6)} <= told
    assert {("stage", code) for code in BudgetStage.values} <= told


def test_each_code_table_explains_a_column_of_some_file():
    columns = {column.name.removeprefix("result_") for table in open_data.TABLES for column in table.columns}
    assert set(CODE_TABLES) <= columns


# --- The set of files ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def out(tmp_path):
    return tmp_path / "open-data"


@pytest.fixture
def programme(division):
    return ProgrammeFactory(code="p-1", lead=division, start_fiscal_year=2022, end_fiscal_year=2026, rs_project_id="001234")


FILES = {
    "programmes.csv", "programme_organisations.csv", "budget_amounts.csv", "targets.csv", "milestones.csv", "results.csv",
    "codes.csv", "README.txt",
}  # fmt: skip

FIRST_COLUMNS = {
    "programmes.csv": "programme_code, title, display_title, ministry, start_fiscal_year, end_fiscal_year, open_ended, source_line",
    "programme_organisations.csv": "programme_code, organisation_code, organisation, path, role, mark, printed_name",
    "budget_amounts.csv": "programme_code, fiscal_year, stage, amount_yen, note, printed, no_amount",
    "targets.csv": "programme_code, target_code, label, term, kind, statement, indicator, comparator, approximate, value, value_max, unit, "
    "accumulation, each_year, deadline_kind, deadline_year, deadline_offset_years, deadline_text, due_on, due_fiscal_year, status, "
    "source_line_from, source_line_to",
    "milestones.csv": "programme_code, target_code, fiscal_year, value, unit",
    "results.csv": "programme_code, target_code, fiscal_year, value, unit, grade",
    "codes.csv": "table, code, label_ja, label_en",
}


@pytest.mark.django_db
def test_export_of_an_empty_database_writes_every_file_with_its_header(out):
    written = open_data.export(out, Clocks(ON))
    assert {path.name for path in out.iterdir()} == FILES
    assert all(written[name] == 0 for name in FILES - {"codes.csv", "README.txt"})
    for name, columns in FIRST_COLUMNS.items():
        header = (out / name).read_bytes().decode("utf-8-sig").split("\r\n")[0].split(",")
        assert header[: len(columns.split(", "))] == columns.split(", ")


def test_column_names_are_ascii_and_stand_once_in_a_file():
    for table in open_data.TABLES:
        names = [column.name for column in table.columns]
        assert all(name.isascii() and name.isidentifier() for name in names)
        assert len(set(names)) == len(names)


def test_programme_tells_its_ministry_and_the_line_of_its_budget(programme, ministry, division, out):
    document = SourceDocumentFactory(code="pr")
    SourcePassageFactory(document=document, programme=programme, part=PassagePart.GOAL, line_from=3, line_to=4)
    SourcePassageFactory(document=document, programme=programme, part=PassagePart.BUDGET, line_from=9, line_to=9)
    open_data.export(out, Clocks(ON))
    (row,) = read(out / "programmes.csv")
    assert row == {
        "programme_code": "p-1",
        "title": programme.title,
        "display_title": programme.display_title,
        "ministry": ministry.name,
        "start_fiscal_year": "2022",
        "end_fiscal_year": "2026",
        "open_ended": "false",
        "source_line": "9",
        "lead_organisation_code": division.code,
        "lead_organisation": division.name,
        "lead_origin": "entered",
        "rs_project_id": "001234",
        "source_document": "pr",
    }


def test_programme_without_a_source_or_a_period_leaves_blanks(ministry, out):
    ProgrammeFactory(lead=ministry, title="", open_ended=True)
    open_data.export(out, Clocks(ON))
    (row,) = read(out / "programmes.csv")
    blank = ("title", "start_fiscal_year", "end_fiscal_year", "source_line", "source_document", "rs_project_id")
    assert {row[name] for name in blank} == {""}
    assert (row["ministry"], row["open_ended"]) == (ministry.name, "true")


def test_lead_comes_before_those_who_answer_for_an_item(programme, division, other_division, out):
    ProgrammeOrganisationFactory(programme=programme, organisation=division, printed_name="産業資金課", position=1)
    ProgrammeOrganisationFactory(programme=programme, organisation=other_division, mark="(1)", printed_name="創造課", position=2)
    open_data.export(out, Clocks(ON))
    rows = [tuple(row.values()) for row in read(out / "programme_organisations.csv")]
    above = "経済産業省／経済産業政策局／"
    assert rows == [
        ("p-1", "division", "産業資金課", above + "産業資金課", "lead", "", "産業資金課"),
        ("p-1", "other-division", "産業創造課", above + "産業創造課", "responsible", "(1)", "創造課"),
    ]


def test_lead_that_no_source_names_stands_there_all_the_same(programme, out):
    open_data.export(out, Clocks(ON))
    assert [(row["organisation_code"], row["role"]) for row in read(out / "programme_organisations.csv")] == [("division", "lead")]


def test_lead_that_answers_for_an_item_has_a_row_for_each(programme, division, out):
    ProgrammeOrganisationFactory(programme=programme, organisation=division, mark="(2)")
    open_data.export(out, Clocks(ON))
    assert [(row["role"], row["mark"]) for row in read(out / "programme_organisations.csv")] == [("lead", ""), ("responsible", "(2)")]


def test_budget_amount_is_whole_yen_and_says_what_is_printed_where_there_is_none(programme, out):
    BudgetAmountFactory(programme=programme, fiscal_year=2024, amount_yen=120_000_000, printed="1.2億円")
    BudgetAmountFactory(
        programme=programme, fiscal_year=2023, stage=BudgetStage.INITIAL, amount_yen=None, no_amount=NoAmount.NEW, printed="新規"
    )
    BudgetAmountFactory(programme=programme, fiscal_year=2022, stage=BudgetStage.INITIAL, amount_yen=0, note="補正予算で措置")
    BudgetAmountFactory(
        programme=programme, fiscal_year=2021, stage=BudgetStage.INITIAL, amount_yen=None, no_amount=NoAmount.DASH, note="内数"
    )
    open_data.export(out, Clocks(ON))
    columns = ("fiscal_year", "stage", "amount_yen", "note", "no_amount")
    assert [tuple(row[column] for column in columns) for row in read(out / "budget_amounts.csv")] == [
        ("2024", "draft", "120000000", "", ""),
        ("2023", "initial", "", "新規", "new"),
        ("2022", "initial", "0", "補正予算で措置", ""),
        ("2021", "initial", "", "－ 内数", "dash"),
    ]


def test_target_is_told_with_its_terms_its_deadline_and_its_status(programme, out):
    passage = SourcePassageFactory(document=SourceDocumentFactory(code="pr"), line_from=282, line_to=283)
    OutcomeTargetFactory(
        code="t-1", programme=programme, passage=passage, label="(1)", term=Term.SHORT, statement="60～70件を\n目指す",
        comparator=Comparator.WITHIN, value=Decimal(60), value_max=Decimal(70), approximate=True, deadline_text="令和7年度までに",
        accumulation=Accumulation.RUNNING_TOTAL, accumulation_assumed=True, baseline_value=Decimal("0"), baseline_year=2021,
    )  # fmt: skip
    open_data.export(out, Clocks(ON))
    (row,) = read(out / "targets.csv")
    stated = {
        "programme_code": "p-1", "target_code": "t-1", "label": "(1)", "term": "short", "kind": "quantitative",
        "statement": "60～70件を 目指す", "indicator": "採択件数", "comparator": "within", "approximate": "true",
        "value": "60", "value_max": "70", "unit": "件", "accumulation": "running_total", "each_year": "false",
        "deadline_kind": "fiscal_year", "deadline_year": "2025", "deadline_offset_years": "", "deadline_text": "令和7年度までに",
        "due_on": "2026-03-31", "due_fiscal_year": "2025", "status": "unreported", "source_line_from": "282", "source_line_to": "283",
        "source_document": "pr", "baseline_value": "0", "baseline_fiscal_year": "2021", "no_deadline": "",
        "accumulation_assumed": "true", "comparator_assumed": "false", "judged_fiscal_year": "2025", "result_value": "",
    }  # fmt: skip
    assert {name: row[name] for name in stated} == stated


def test_qualitative_target_has_no_number_and_shows_the_grade_it_was_given(programme, out):
    target = OutcomeTargetFactory(programme=programme, qualitative=True)
    ProgressReportFactory(target=target, accepted=True, value=None, grade=2)
    open_data.export(out, Clocks(ON))
    (row,) = read(out / "targets.csv")
    assert row["kind"] == Kind.QUALITATIVE
    assert {row[name] for name in ("value", "comparator", "accumulation", "unit", "result_value", "attainment_percent")} == {""}
    assert (row["status"], row["result_grade"]) == (Status.ACHIEVED, "2")


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"deadline_year": None}, NoDeadline.NONE_STATED),
        ({"deadline_year": None, "deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_offset_years": 3}, NoDeadline.EVENT_NOT_RECORDED),
    ],
)
def test_target_without_a_last_day_says_why(programme, out, terms, why):
    OutcomeTargetFactory(programme=programme, **terms)
    open_data.export(out, Clocks(ON))
    (row,) = read(out / "targets.csv")
    assert (row["due_on"], row["no_deadline"]) == ("", why)


def test_target_of_each_year_tells_the_years_in_which_it_is_judged(programme, out):
    OutcomeTargetFactory(programme=programme, each_year=True, deadline_year=None)
    open_data.export(out, Clocks(ON))
    (row,) = read(out / "targets.csv")
    assert (row["each_year"], row["first_fiscal_year"], row["last_fiscal_year"], row["judged_fiscal_year"]) == (
        "true", "2022", "2026", "2025",
    )  # fmt: skip


def test_withdrawn_target_is_in_no_file(programme, out):
    kept = OutcomeTargetFactory(programme=programme)
    withdrawn = OutcomeTargetFactory(programme=programme)
    for target in (kept, withdrawn):
        YearlyMilestoneFactory(target=target)
        ProgressReportFactory(target=target, accepted=True)
    withdrawn.withdrawn_by, withdrawn.withdrawn_at, withdrawn.withdrawal_reason = UserFactory(), timezone.now(), "統合"
    withdrawn.save()
    open_data.export(out, Clocks(timezone.localdate()))
    for name in ("targets.csv", "milestones.csv", "results.csv"):
        assert {row["target_code"] for row in read(out / name)} == {kept.code}


def test_milestones_are_told_year_by_year_with_their_unit(programme, out):
    target = OutcomeTargetFactory(code="t-1", programme=programme)
    YearlyMilestoneFactory(target=target, fiscal_year=2024, value=Decimal(40))
    YearlyMilestoneFactory(target=target, fiscal_year=2023, value=Decimal("0"), is_target_year=True)
    open_data.export(out, Clocks(ON))
    assert [tuple(row.values()) for row in read(out / "milestones.csv")] == [
        ("p-1", "t-1", "2023", "0", "件", "true"),
        ("p-1", "t-1", "2024", "40", "件", "false"),
    ]


def test_results_are_the_accepted_figures_alone(programme, out):
    target = OutcomeTargetFactory(code="t-1", programme=programme)
    ProgressReportFactory(target=target, fiscal_year=2025, submitted=True, value=Decimal(9))
    ProgressReportFactory(target=target, fiscal_year=2023, value=Decimal(8))
    ProgressReportFactory(target=target, fiscal_year=2024, accepted=True, value=Decimal("0"), preliminary=True, narrative="例")
    open_data.export(out, Clocks(ON))
    assert [tuple(row.values()) for row in read(out / "results.csv")] == [
        ("p-1", "t-1", "2024", "0", "件", "", "2025-03-31", "true", "false", "例", "true")
    ]


def test_figure_under_correction_goes_on_counting_and_says_so_without_its_draft(programme, out):
    target = OutcomeTargetFactory(programme=programme)
    report = ProgressReportFactory(target=target, accepted=True, value=Decimal(60), narrative="下書き")
    report.state, report.value = "draft", Decimal(50)
    report.save()
    open_data.export(out, Clocks(ON))
    (row,) = read(out / "results.csv")
    assert (row["value"], row["under_correction"], row["narrative"]) == ("60", "true", "")


def test_figure_measured_after_the_day_is_not_told_yet(programme, out):
    ProgressReportFactory(target=OutcomeTargetFactory(programme=programme), fiscal_year=2025, accepted=True)
    open_data.export(out, Clocks(date(2026, 3, 30)))
    assert read(out / "results.csv") == []
    open_data.export(out, Clocks(date(2026, 3, 31)))
    assert len(read(out / "results.csv")) == 1


def test_readme_names_every_file_and_column_the_day_and_the_source(programme, out):
    SourceDocumentFactory(title="令和6年度予算案の事業概要 (PR資料：一般会計)")
    open_data.export(out, Clocks(ON))
    text = (out / "README.txt").read_bytes().decode("utf-8-sig")
    assert "令和8年9月1日（2026-09-01）" in text
    assert "出典：経済産業省「令和6年度予算案の事業概要」を加工して作成" in text
    for table in open_data.TABLES:
        assert table.name in text
        assert all(f"  {column.name}  " in text for column in table.columns)


def test_failed_export_leaves_the_files_of_the_one_before(programme, out, monkeypatch):
    open_data.export(out, Clocks(ON))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    ProgrammeFactory()

    def fails(on):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(open_data, "_description", fails)
    with pytest.raises(RuntimeError):
        open_data.export(out, Clocks(ON))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize("count", [1, 40])
def test_export_costs_the_same_for_any_number_of_targets(programme, out, django_assert_num_queries, count):
    for number in range(count):
        own = programme if count == 1 else ProgrammeFactory(lead=OrganisationFactory())
        passage = SourcePassageFactory(programme=own, part=PassagePart.BUDGET, line_from=number + 1, line_to=number + 1)
        ProgrammeOrganisationFactory(programme=own)
        BudgetAmountFactory(programme=own, passage=passage)
        target = OutcomeTargetFactory(programme=own, passage=passage)
        YearlyMilestoneFactory(target=target)
        ProgressReportFactory(target=target, accepted=True)
    # programmes 3 (organisations, programmes, passages), their organisations 3, budgets 1, targets 2, milestones 1, results 1, sources 1
    with django_assert_num_queries(12):
        open_data.export(out, Clocks(ON))


def test_directory_without_a_name_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=r"ディレクトリ|directory"):
        call_command("export_open_data", "")
    assert list(tmp_path.iterdir()) == []
