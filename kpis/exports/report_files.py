"""A report as a file, CSV or XLSX: the rows and columns that its page shows, all pages at once."""

import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import override

from budget.fiscal import day_name
from budget.table import csv_lines
from kpis import explain
from kpis.asof import Clocks
from kpis.exports import xlsx
from kpis.exports.codes import code_rows
from kpis.marks import MARKS
from kpis.registry import Report

FORMATS = ("csv", "xlsx")


def name_of(report: Report, clocks: Clocks, suffix: str) -> str:
    """The name of the file, such as seika-overdue-2026-09-01.csv."""
    return f"seika-{report.code}-{clocks}.{suffix}"


def csv_of(report: Report, rows: Iterable, clocks: Clocks) -> Iterator[bytes]:
    """The lines of the CSV file."""
    return csv_lines([column.name for column in report.columns], _cells(report, rows, clocks))


def xlsx_of(report: Report, rows: Iterable, clocks: Clocks, address: str) -> BinaryIO:
    """The workbook in a temporary file, open at its beginning. `address` is where the report stands with the same filters and clocks."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (whoever sends it closes it)
    xlsx.write(file, report.columns, _cells(report, rows, clocks), about=_about(report, clocks, address), codes=_codes(report))
    file.seek(0)
    return file


def address_of(path: str, asked: QueryDict, clocks: Clocks) -> str:
    """The page at `path` with the parameters asked for, and its day written out: opened on another day it shows the same."""
    query = asked.copy()
    for name in ("format", "page", "on"):
        query.pop(name, None)
    query["on"] = clocks.on.isoformat()
    return f"{path}?{query.urlencode()}"


def _cells(report: Report, rows: Iterable, clocks: Clocks) -> Iterator[list[Any]]:
    return ([column.value(row) for column in report.columns] for row in report.told(rows, clocks))


def _about(report: Report, clocks: Clocks, address: str) -> list[tuple[str, str]]:
    recorded = explain.moment(clocks.known_at) if clocks.known_at else _("what is recorded now")
    return [
        (_("report"), str(report.title)),
        (_("definition"), report.defined_on(clocks.on)),
        (_("day judged"), day_name(clocks.on)),
        (_("recorded by"), recorded),
        (_("address"), address),
    ]


def _codes(report: Report) -> Iterator[tuple[str, object, str, str]]:
    """The code tables that the report's columns name, the marks among them."""
    tables = {column.codes for column in report.columns}
    yield from (row for row in code_rows() if row[0] in tables)
    if "mark" in tables:
        for mark in MARKS.values():
            yield "mark", mark.code, _in("ja", mark.label), _in("en", mark.label)


def _in(language: str, words: object) -> str:
    with override(language):
        return str(words)
