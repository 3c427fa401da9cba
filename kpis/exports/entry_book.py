"""The workbook in which an official enters many results offline: its columns, and how it is written.

What is shown is locked, what is to be entered is not. Every cell is text, so that what is typed is what is read: 令和8年3月31日 and
１，２５０ stay as they are, and nothing turns into a formula, a date or a link. The first row, hidden, holds the columns' ASCII names:
`kpis.importers.entry_book` finds them again wherever the columns have gone.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from unicodedata import east_asian_width

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range, xl_range_abs
from xlsxwriter.worksheet import Worksheet

from kpis.choices import ACCUMULATIONS, COMPARATORS, Choices, Grade
from kpis.exports.xlsx import write_text

GRADES: Choices = tuple((str(grade.value), grade.label) for grade in Grade)
PRELIMINARY: Choices = (("yes", _("preliminary")), ("no", _("final")))


@dataclass(frozen=True)
class Column:
    """A column of the workbook. Its width is in characters; `help` says what is to be entered; words are lazy."""

    name: str
    title: object
    is_entry: bool
    width: int
    choices: Choices = ()
    help: object = ""


def _shown(name: str, title: object, width: int) -> Column:
    return Column(name, title, False, width)


def _entered(name: str, title: object, width: int, help: object, choices: Choices = ()) -> Column:
    return Column(name, title, True, width, choices, help)


VERSION = "version"  # the hidden column
COLUMNS = (
    _shown("target_code", _("code of the target"), 18),
    _shown("fiscal_year", _("fiscal year"), 8),
    _shown("programme", _("programme"), 26),
    _shown("indicator", _("indicator"), 26),
    _shown("statement", _("target as the source states it"), 48),
    _shown("goal", _("target value"), 16),
    _shown("deadline", _("deadline"), 18),
    _shown("unit", _("unit"), 8),
    _shown("previous_year", _("year of the last result"), 10),
    _shown("previous_result", _("last accepted result"), 14),
    _shown("state", _("state"), 10),
    _entered("value", _("result"), 14, _("Digits alone, in the indicator's unit. 0 is a result; leave it blank while it is not known.")),
    _entered("grade", _("grade"), 20, _("How far the target was met, in the government's five grades."), GRADES),
    _entered("measured_on", _("measured on"), 18, _("The day that the figure speaks of. Blank means the last day of the fiscal year.")),
    _entered("preliminary", _("preliminary or final"), 10, _("Whether a final figure is still to come. Blank means final."), PRELIMINARY),
    _entered(
        "narrative",
        _("narrative"),
        40,
        _("What was done and how the figure came about, for readers who do not know the programme."),
    ),
    _entered("reason", _("reason"), 30, _("Required for the deadline's year where the result misses, or exceeds 120 %.")),
    _entered("citation", _("statistic or document"), 28, _("Its name, as a stranger would look for it, with the page or table.")),
    _entered("url", _("URL"), 28, _("Where it can be read, if it is published.")),
    _entered(
        "comparator",
        _("which way is better"),
        26,
        _("The source does not say it, so that it is assumed. Your answer settles it and stands in the history."),
        COMPARATORS,
    ),
    _entered(
        "accumulation",
        _("what the figure counts"),
        26,
        _("The source does not say it, so that it is assumed. Your answer settles it and stands in the history."),
        ACCUMULATIONS,
    ),
    _entered(
        "deadline_event_on",
        _("day of the event that the deadline counts from"),
        20,
        _("Once it is known, the deadline is. Leave it blank while the event has not happened."),
    ),
    _shown(VERSION, _("version"), 10),
)
TITLES = "titles"  # stands in the hidden column of the row of titles and tells it from the data, wherever it has gone

_NAMES_ROW, _TITLES_ROW, _FIRST_ROW = 0, 1, 2
_LINE = 16  # points
_FROZEN = 4  # up to the indicator: which target a row is of stays in sight
# A file with the moment of its making would differ from one made a second later of the same rows.
_MADE_AT = datetime(2000, 1, 1, tzinfo=UTC)

_CELL = {"font_name": "Yu Gothic", "font_size": 10, "valign": "top", "text_wrap": True, "border": 1, "border_color": "#949494"}
_LOOKS: dict[str, dict[str, object]] = {
    "shown": {"bg_color": "#F2F2F2"},
    "entry": {"bg_color": "#FFFBE0", "locked": False, "num_format": 49},
    "not asked for": {"bg_color": "#BFBFBF"},
    "shown title": {"bold": True, "bg_color": "#E6E6E6", "valign": "vcenter"},
    "entry title": {"bold": True, "bg_color": "#0017C1", "font_color": "#FFFFFF", "valign": "vcenter"},
    "heading": {"bold": True, "font_size": 14, "border": 0, "text_wrap": False},
    "note": {"border": 0},
    "help": {},
}


def write(rows: Iterable[Mapping[str, str | None]], *, title: str, notes: Sequence[str]) -> bytes:
    """The workbook as the bytes of an XLSX file, in the active language. The same rows give the same bytes.

    A row maps the name of every column to its text: "" is blank. Columns with choices take the code and show its words. None is an entry
    that the row does not ask for: it is locked, grey and blank. `title` and `notes` open the sheet that says how to fill it in.
    """
    file = BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"title": title, "created": _MADE_AT})
        looks = {name: book.add_format(_CELL | look) for name, look in _LOOKS.items()}
        entry, how_to, lists = (
            book.add_worksheet(name) for name in (gettext("results to enter"), gettext("how to fill it in"), gettext("choices"))
        )
        last = _write_rows(entry, rows, looks)
        _write_how_to(how_to, title, notes, looks)
        _write_lists(lists, entry, last)
    return file.getvalue()


def _write_rows(sheet: Worksheet, rows: Iterable[Mapping[str, str | None]], looks: dict[str, Format]) -> int:
    """Write the sheet of results; give back the index of its last row."""
    for x, column in enumerate(COLUMNS):
        sheet.write_string(_NAMES_ROW, x, column.name)
        words = TITLES if column.name == VERSION else str(column.title)
        _write(sheet, _TITLES_ROW, x, words, looks["entry title" if column.is_entry else "shown title"])
        sheet.set_column(x, x, column.width, None, {"hidden": column.name == VERSION})
    last = _FIRST_ROW
    for last, row in enumerate(rows, start=_FIRST_ROW):
        sheet.set_row(last, _height(row))
        for x, column in enumerate(COLUMNS):
            text = row[column.name]
            look = "shown" if not column.is_entry else "not asked for" if text is None else "entry"
            _write(sheet, last, x, str(dict(column.choices).get(text or "", text or "")), looks[look])
    sheet.set_row(_NAMES_ROW, None, None, {"hidden": True})
    sheet.set_row(_TITLES_ROW, 36)
    sheet.freeze_panes(_FIRST_ROW, _FROZEN)
    sheet.autofilter(_TITLES_ROW, 0, last, len(COLUMNS) - 1)
    sheet.ignore_errors({"number_stored_as_text": xl_range(_NAMES_ROW, 0, last, len(COLUMNS) - 1)})
    # Without a password: it guards against slips, and whoever has to can lift it.
    sheet.protect("", {"format_columns": True, "format_rows": True, "autofilter": True})
    sheet.set_landscape()
    sheet.set_paper(8)  # A3
    sheet.fit_to_pages(2, 0)
    sheet.repeat_rows(_TITLES_ROW)
    sheet.repeat_columns(0, _FROZEN - 1)
    return last


def _height(row: Mapping[str, str | None]) -> int:
    """How high a row is, in points, to show all its text: not every program finds that out by itself."""
    lines = (
        sum(
            1 + sum(1 + (east_asian_width(sign) in "FWA") for sign in line) // column.width for line in (row[column.name] or "").split("\n")
        )
        for column in COLUMNS
        if column.name != VERSION
    )
    return min(_LINE * max(2, *lines) + 4, 400)


def _write(sheet: Worksheet, y: int, x: int, text: str, look: Format) -> None:
    """Write a cell as text, whatever it looks like; a blank one with its look."""
    if text:
        write_text(sheet, y, x, re.sub(r"\r\n?", "\n", text), look)
    else:
        sheet.write_blank(y, x, None, look)


def _write_how_to(sheet: Worksheet, title: str, notes: Sequence[str], looks: dict[str, Format]) -> None:
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 110)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    _write(sheet, 0, 0, title, looks["heading"])
    y = 2
    for note in notes:
        _write(sheet, y, 1, note, looks["note"])
        y += 1
    y += 1
    for column in COLUMNS:
        if column.is_entry:
            _write(sheet, y, 0, str(column.title), looks["entry title"])
            _write(sheet, y, 1, str(column.help), looks["help"])
            y += 1


def _write_lists(sheet: Worksheet, entry: Worksheet, last: int) -> None:
    """Let the columns with choices be chosen from lists. They stand on a hidden sheet: within a cell a list has at most 255 signs."""
    sheet.hide()
    for x, column in enumerate(COLUMNS):
        if not column.choices:
            continue
        for y, (_code, words) in enumerate(column.choices):
            sheet.write_string(y, x, str(words))
        entry.data_validation(
            _FIRST_ROW,
            x,
            last,
            x,
            {
                "validate": "list",
                "source": f"='{sheet.name}'!{xl_range_abs(0, x, len(column.choices) - 1, x)}",
                "error_title": str(column.title)[:32],
                "error_message": gettext("Choose one from the list, or leave the cell blank."),
            },
        )
