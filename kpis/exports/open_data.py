"""The open data files: what stands in the database on a day, as a set of tables with their code tables and a description.

A column's name and place never change: readers depend on them. New columns go to the end.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.db.models import Model, Prefetch
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from budget.fiscal import day_name
from budget.models import BudgetAmount, NoAmount, Organisation, PassagePart, Programme, SourceDocument, SourcePassage, Tree
from budget.table import csv_lines
from kpis import explain
from kpis.asof import Clocks, as_known_at
from kpis.choices import ReportState
from kpis.exports.codes import CODE_TABLES, HEADER, Responsibility, code_rows
from kpis.exports.columns import Column
from kpis.marks import MARKS
from kpis.models import OutcomeTarget, ProgressReport, YearlyMilestone
from kpis.reports import BASELINE_COLUMNS, DEADLINE_TEXT_COLUMN, TARGET_COLUMNS, targets_on

README = "README.txt"


@dataclass(frozen=True)
class Table:
    """One file: its rows on a day, and its columns."""

    name: str
    title: Any
    rows: Callable[[date], Iterable[Any]]
    columns: tuple[Column, ...]


def export(directory: Path, clocks: Clocks) -> dict[str, int]:
    """Write the files into `directory`, which is made where it is missing; gives back each table's file and its number of rows.

    The files are finished beside their place and then moved there: an export that fails leaves those of the one before. OSError where
    the directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with as_known_at(clocks.known_at), tempfile.TemporaryDirectory(prefix=".export-", dir=directory) as unfinished:
        written = {}
        for table in TABLES:
            rows = [[column.value(row) for column in table.columns] for row in table.rows(clocks.on)]
            written[table.name] = _write(Path(unfinished, table.name), [column.name for column in table.columns], rows)
        written["codes.csv"] = _write(Path(unfinished, "codes.csv"), HEADER, list(code_rows()))
        Path(unfinished, README).write_text("\n".join(_description(clocks)), encoding="utf-8-sig", newline="\r\n")
        for name in (*written, README):
            Path(unfinished, name).replace(directory / name)
    return written


def _write(path: Path, header: Iterable[str], rows: list) -> int:
    with path.open("wb") as file:
        file.writelines(csv_lines(header, rows))
    return len(rows)


# --- Programmes ---------------------------------------------------------------------------------------------------------------------


def _programmes(on: date) -> Iterator[Programme]:
    tree = Tree()
    budget_passages = SourcePassage.objects.filter(part=PassagePart.BUDGET).select_related("document").order_by("line_from", "code")
    programmes = Programme.objects.select_related("lead").prefetch_related(
        Prefetch("passages", queryset=budget_passages, to_attr="budget_passages")
    )
    for programme in programmes.order_by("code"):
        programme.ministry = tree.path_to(tree[programme.lead_id])[0]
        programme.budget_passage = next(iter(programme.budget_passages), None)
        yield programme


PROGRAMME_COLUMNS = (
    Column("programme_code", _("programme code"), lambda p: p.code),
    Column("title", _("title as printed"), lambda p: p.title),
    Column("display_title", _("title"), lambda p: p.display_title),
    Column("ministry", _("ministry"), lambda p: p.ministry.name),
    Column("start_fiscal_year", _("first fiscal year"), lambda p: p.start_fiscal_year),
    Column("end_fiscal_year", _("last fiscal year"), lambda p: p.end_fiscal_year),
    Column("open_ended", _("no end planned"), lambda p: p.open_ended),
    Column("source_line", _("line of the budget in the source"), lambda p: p.budget_passage and p.budget_passage.line_from),
    Column("lead_organisation_code", _("code of the lead organisation"), lambda p: p.lead.code),
    Column("lead_organisation", _("lead organisation"), lambda p: p.lead.name),
    Column("lead_origin", _("origin of the lead"), lambda p: p.lead_origin),
    Column("rs_project_id", _("RS project ID"), lambda p: p.rs_project_id),
    Column("source_document", _("source document"), lambda p: p.budget_passage and p.budget_passage.document.code),
)


@dataclass(frozen=True)
class _Answers:
    """An organisation leads a programme, or answers for it."""

    programme: Programme
    path: list[Organisation]
    role: Responsibility
    mark: str
    printed_name: str


def _programme_organisations(on: date) -> Iterator[_Answers]:
    """The lead of each programme, then the others in the order in which they are printed."""
    tree = Tree()
    for programme in Programme.objects.prefetch_related("responsibilities").order_by("code"):
        named = sorted(programme.responsibilities.all(), key=lambda named: (named.position, named.mark, named.pk))
        lead = next((one for one in named if one.organisation_id == programme.lead_id and not one.mark), None)
        yield _Answers(programme, tree.path_to(tree[programme.lead_id]), Responsibility.LEAD, "", lead.printed_name if lead else "")
        for one in named:
            if one is not lead:
                yield _Answers(programme, tree.path_to(tree[one.organisation_id]), Responsibility.RESPONSIBLE, one.mark, one.printed_name)


PROGRAMME_ORGANISATION_COLUMNS = (
    Column("programme_code", _("programme code"), lambda a: a.programme.code),
    Column("organisation_code", _("code of the organisation"), lambda a: a.path[-1].code),
    Column("organisation", _("organisation"), lambda a: a.path[-1].name),
    Column("path", _("way from the ministry to the organisation"), lambda a: "／".join(node.name for node in a.path)),
    Column("role", _("role"), lambda a: a.role),
    Column("mark", _("item mark"), lambda a: a.mark),
    Column("printed_name", _("name as printed"), lambda a: a.printed_name),
)

_PRINTED_INSTEAD = {NoAmount.NEW: "新規", NoAmount.DASH: "－"}


def _budget_amounts(on: date) -> Iterable[BudgetAmount]:
    return BudgetAmount.objects.select_related("programme", "passage").order_by("programme__code", "-fiscal_year", "stage")


def _budget_note(amount: BudgetAmount) -> str:
    return " ".join(part for part in (_PRINTED_INSTEAD.get(amount.no_amount), amount.note) if part)


BUDGET_AMOUNT_COLUMNS = (
    Column("programme_code", _("programme code"), lambda b: b.programme.code),
    Column("fiscal_year", _("fiscal year"), lambda b: b.fiscal_year),
    Column("stage", _("stage"), lambda b: b.stage),
    Column("amount_yen", _("amount (yen)"), lambda b: b.amount_yen),
    Column("note", _("note"), _budget_note),
    Column("printed", _("amount as printed"), lambda b: b.printed),
    Column("no_amount", _("printed instead of an amount"), lambda b: b.no_amount),
    Column("source_line", _("line of the budget in the source"), lambda b: b.passage and b.passage.line_from),
)


# --- Targets ------------------------------------------------------------------------------------------------------------------------


def _targets(on: date) -> Iterator[OutcomeTarget]:
    why_none = dict(OutcomeTarget.objects.with_no_last_day().values_list("pk", "no_deadline"))
    for target in targets_on(on).select_related("passage__document").order_by("programme__code", "code"):
        target.no_deadline = why_none.get(target.pk)
        yield target


_REPORTED = {column.name: column for column in TARGET_COLUMNS}


def _flag(name: str, title: Any) -> Column:
    return Column(name, title, lambda t: getattr(t, name))


def _marked(code: str) -> Column:
    mark = MARKS[code]
    return Column(code, mark.label, mark.stands_on, mark.meaning)


TARGET_FILE_COLUMNS = (
    _REPORTED["programme_code"],
    _REPORTED["target_code"],
    _REPORTED["label"],
    _REPORTED["term"],
    _REPORTED["kind"],
    _REPORTED["statement"],
    _REPORTED["indicator"],
    _REPORTED["comparator"],
    _marked("approximate"),
    _REPORTED["value"],
    _REPORTED["value_max"],
    _REPORTED["unit"],
    Column("accumulation", _("accumulation"), lambda t: t.accumulation),
    _flag("each_year", _("each year")),
    Column("deadline_kind", _("kind of deadline"), lambda t: t.deadline_kind),
    Column("deadline_year", _("deadline year"), lambda t: t.deadline_year),
    Column("deadline_offset_years", _("years after"), lambda t: t.deadline_offset_years),
    DEADLINE_TEXT_COLUMN,
    _REPORTED["due_on"],
    _REPORTED["due_fiscal_year"],
    _REPORTED["status"],
    _REPORTED["source_line_from"],
    _REPORTED["source_line_to"],
    Column("source_document", _("source document"), lambda t: t.passage and t.passage.document.code),
    Column("level", _("level"), lambda t: t.level),
    *BASELINE_COLUMNS,
    Column("deadline_on", _("deadline day"), lambda t: t.deadline_on),
    _flag("deadline_through_nth_year", _("through the nth year")),
    Column("deadline_event_on", _("day of the event"), lambda t: t.deadline_event_on),
    Column("no_deadline", _("no last day"), lambda t: t.no_deadline),
    Column("first_fiscal_year", _("first year judged"), lambda t: t.first_year),
    Column("last_fiscal_year", _("last year judged"), lambda t: t.last_year),
    _REPORTED["judged_fiscal_year"],
    _REPORTED["result_fiscal_year"],
    _REPORTED["result_value"],
    _REPORTED["result_grade"],
    Column("result_measured_on", _("measured on"), lambda t: t.basis_measured_on),
    _REPORTED["attainment_percent"],
    *(_marked(code) for code in ("achieved_late", "awaiting_acceptance", "under_correction", "preliminary")),
    *(_marked(code) for code in ("comparator_assumed", "accumulation_assumed", "programme_end_assumed", "revised_after_deadline")),
    Column("note", _("note"), lambda t: t.note),
    *(_marked(code) for code in ("miss_closed", "without_evidence", "deadline_revised", "without_source")),
)


def _milestones(on: date) -> Iterable[YearlyMilestone]:
    return _of_standing_targets(YearlyMilestone, on)


def _results(on: date) -> Iterable[ProgressReport]:
    """The accepted figures that count on the day."""
    return _of_standing_targets(ProgressReport, on).filter(accepted_measured_on__lte=on).with_evidence_told()


def _of_standing_targets(model: type[Model], on: date):
    """What the targets in targets.csv have; a withdrawn target is in no file."""
    rows = model.objects.filter(target__in=OutcomeTarget.objects.standing_on(on)).select_related("target__programme")
    return rows.order_by("target__programme__code", "target__code", "fiscal_year")


_OF_A_TARGETS_YEAR = (
    Column("programme_code", _("programme code"), lambda row: row.target.programme.code),
    Column("target_code", _("target code"), lambda row: row.target.code),
    Column("fiscal_year", _("fiscal year"), lambda row: row.fiscal_year),
)
MILESTONE_COLUMNS = (
    *_OF_A_TARGETS_YEAR,
    Column("value", _("milestone value"), lambda m: m.value),
    Column("unit", _("unit"), lambda m: m.target.unit),
    Column("is_target_year", _("a target year"), lambda m: m.is_target_year),
)
RESULT_COLUMNS = (
    *_OF_A_TARGETS_YEAR,
    Column("value", _("accepted result"), lambda r: r.accepted_value),
    Column("unit", _("unit"), lambda r: r.target.unit),
    Column("grade", _("grade"), lambda r: r.accepted_grade),
    Column("measured_on", _("measured on"), lambda r: r.accepted_measured_on),
    Column("preliminary", _("preliminary"), lambda r: r.accepted_preliminary),
    Column("under_correction", _("under correction"), lambda r: r.is_reopened),
    # While a figure is corrected, its narrative is a draft.
    Column("narrative", _("narrative"), lambda r: r.narrative if r.state == ReportState.ACCEPTED else None),
    Column(
        "without_evidence",
        MARKS["without_evidence"].label,
        lambda r: r.without_evidence if r.state == ReportState.ACCEPTED else None,
        MARKS["without_evidence"].meaning,
    ),
)

TABLES = (
    Table("programmes.csv", _("programmes"), _programmes, PROGRAMME_COLUMNS),
    Table("programme_organisations.csv", _("responsible organisations"), _programme_organisations, PROGRAMME_ORGANISATION_COLUMNS),
    Table("budget_amounts.csv", _("budget amounts"), _budget_amounts, BUDGET_AMOUNT_COLUMNS),
    Table("targets.csv", _("outcome targets with their status on the day"), _targets, TARGET_FILE_COLUMNS),
    Table("milestones.csv", _("yearly milestones"), _milestones, MILESTONE_COLUMNS),
    Table("results.csv", _("accepted results"), _results, RESULT_COLUMNS),
)


# --- Description --------------------------------------------------------------------------------------------------------------------


def _description(clocks: Clocks) -> list[str]:
    """README.txt, in Japanese: both clocks, the files and their columns, how to read them, where the facts come from."""
    documents = list(SourceDocument.objects.order_by("code"))
    with override("ja"):
        lines = [
            gettext("Outcome targets of government programmes: open data"),
            "",
            gettext("Status and results as of %(day)s.") % {"day": day_name(clocks.on)},
            *_recorded_by(clocks),
            "",
            gettext("Files are CSV in UTF-8 with BOM, lines end in CRLF. The first line names the columns."),
            gettext("A blank is not 0: nothing is known or stated."),
            gettext("Days are written YYYY-MM-DD, fiscal years by the western year in which they begin."),
            gettext("A text that begins with = + - @ has an apostrophe before it."),
            gettext("Codes are explained in codes.csv. Withdrawn targets are left out; results are accepted figures alone."),
        ]
        for table in TABLES:
            lines += ["", f"■ {table.name}  {table.title}", *(line for column in table.columns for line in _column_lines(column))]
        lines += ["", f"■ codes.csv  {gettext('code tables')}", *(f"  {name}" for name in HEADER)]
        lines += ["", f"■ {gettext('Source')}", *(f"  {_attribution(document)}" for document in documents)]
    return [*lines, ""]


def _recorded_by(clocks: Clocks) -> list[str]:
    if clocks.known_at is None:
        return []
    return [gettext("What was recorded by %(moment)s (Asia/Tokyo).") % {"moment": explain.moment(clocks.known_at)}]


def _column_lines(column: Column) -> Iterator[str]:
    """The column's names, and below them what it means where reports say it."""
    table = column.name.removeprefix("result_")
    codes = f" ({gettext('codes: %(table)s') % {'table': table}})" if table in CODE_TABLES else ""
    yield f"  {column.name}  {column.title}{codes}"
    if column.definition:
        yield f"      {column.definition}"


def _attribution(document: SourceDocument) -> str:
    """The words that the issuer asks for; a bracket behind the title only tells the volume."""
    return f"出典：{document.issuer}「{document.title.partition(' (')[0]}」を加工して作成"
