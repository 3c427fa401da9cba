"""A workbook of results that an official filled in (`kpis.exports.entry_book`), as the texts that the form of a result would get.

Columns are found by the hidden row of their names: sheets may have been renamed, columns moved, rows sorted or deleted. What Excel made
of an entry is undone where it leaves no doubt what was typed, and is a problem of its cell where it does. Nothing is computed: a formula
is no entry.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import cache

from django.utils.translation import gettext as _
from django.utils.translation import override
from openpyxl.utils import get_column_letter

from kpis.exports.entry_book import COLUMNS, TITLES, VERSION, Column
from kpis.importers.workbook import Bounds, Refused, Sheet, Stored, sheets_of

__all__ = ["Cell", "Problem", "Refused", "Row", "read"]

MOST_ROWS = 2_000
LONGEST = 10_000  # signs of an entry
DAYS = ("measured_on", "deadline_event_on")
LANGUAGES = ("ja", "en")  # in which the words may have been chosen, whoever reads them now

_BY_NAME = {column.name: column for column in COLUMNS}
_NAMES_WITHIN = 20  # rows from the top
_ENOUGH_NAMES = 5  # that tell the row of names from one that holds such a word by chance


@dataclass(frozen=True)
class Cell:
    """A cell where the person sees it, and its text: of one with a problem what stands in it, which is no entry."""

    address: str
    text: str


@dataclass(frozen=True)
class Problem:
    """What is wrong with one cell, for whoever filled it in."""

    address: str
    column_title: str
    value: str
    sentence: str


@dataclass(frozen=True)
class Row:
    """A row by its number in the sheet: a cell for each column, by the column's name, and the problems of its entries."""

    number: int
    cells: dict[str, Cell]
    problems: list[Problem] = field(default_factory=list)


class _NoEntry(ValueError):
    """Why a cell is no entry: one sentence."""


def read(content: bytes) -> list[Row]:
    """The rows of a filled-in workbook that hold anything, in the order of the sheet. Refused where the file cannot be read as a whole."""
    found = [(sheet.name, rows) for sheet in sheets_of(content) if (rows := _rows_of(sheet)) is not None]
    if not found:
        raise Refused(_("No sheet has the hidden row that names the columns. Fill in the workbook that you downloaded, and send that."))
    if len(found) > 1:
        sheets = "、".join(name for name, _rows in found)
        raise Refused(_("Several sheets hold results: %(sheets)s. Leave only one of them.") % {"sheets": sheets})
    return found[0][1]


def _rows_of(sheet: Sheet) -> list[Row] | None:
    """The filled rows of a sheet; None of a sheet that is not one of results."""
    if (found := _places(sheet)) is None:
        return None
    names_row, places = found
    filled: dict[int, dict[str, Stored]] = {}
    for number, by_place in sheet.rows:
        cells = {name: by_place[place] for name, place in places.items() if place in by_place}
        if cells and number > names_row and not (VERSION in cells and cells[VERSION].text == TITLES):
            filled[number] = cells
            if len(filled) > MOST_ROWS:
                raise Refused(_("The sheet has more than %(most)s filled rows. Send them in several files.") % {"most": MOST_ROWS})
    entries = [places[column.name] for column in COLUMNS if column.is_entry]
    merged, computed = (_within(ranges, sorted(filled), entries) for ranges in (sheet.merged, sheet.computed))
    rows = []
    for number, cells in filled.items():
        row = Row(number, {})
        for column in COLUMNS:
            place = places[column.name]
            address, stored = f"{get_column_letter(place)}{number}", cells.get(column.name)
            shown = _shown(stored)
            row.cells[column.name] = Cell(address, shown)
            try:
                if column.is_entry:
                    _refuse_range((number, place), merged, computed)
                    row.cells[column.name] = Cell(address, _entry(column, stored))
            except _NoEntry as error:
                row.problems.append(Problem(address, str(column.title), _cut(shown), str(error)))
        rows.append(row)
    return rows


def _places(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    """The row of names, and the place of each column by its name. None where the sheet names none, Refused where it lacks some or has some
    twice.
    """
    for number, stored in sheet.rows:
        if number > _NAMES_WITHIN:
            return None
        named = [(cell.text, place) for place, cell in stored.items() if cell.text in _BY_NAME]
        if len(dict(named)) >= _ENOUGH_NAMES:
            break
    else:
        return None
    times = Counter(name for name, _place in named)
    if missing := [column for column in COLUMNS if column.name not in times]:
        raise Refused(_("The workbook lacks these columns: %(columns)s. Fill in the workbook as downloaded.") % {"columns": _told(missing)})
    if twice := [column for column in COLUMNS if times[column.name] > 1]:
        raise Refused(_("The workbook has these columns more than once: %(columns)s. Leave each of them once.") % {"columns": _told(twice)})
    return number, dict(named)


def _told(columns: Iterable[Column]) -> str:
    return "、".join(f"{column.title} ({column.name})" for column in columns)


def _cut(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}…"


# --- Ranges ------------------------------------------------------------------------------------------------------------------------


def _within(ranges: Iterable[Bounds], rows: Sequence[int], columns: Sequence[int]) -> set[tuple[int, int]]:
    """Which cells of these rows and columns lie within one of the ranges of several cells."""
    found: set[tuple[int, int]] = set()
    looked_at = 0
    for left, top, right, bottom in set(ranges):
        down, across = range(top, bottom + 1), range(left, right + 1)
        if len(down) * len(across) > 1:
            inside = rows[bisect_left(rows, down.start) : bisect_left(rows, down.stop)]
            places = [(row, column) for column in columns if column in across for row in inside]
            found.update(places)
            looked_at += len(places)
        if looked_at > len(rows) * len(columns):  # honest ranges do not overlap; others are not worth the time
            break
    return found


def _refuse_range(place: tuple[int, int], merged: set[tuple[int, int]], computed: set[tuple[int, int]]) -> None:
    if place in merged:
        raise _NoEntry(_("This cell is merged with others. Unmerge them and write the entry of each row in its own cell."))
    if place in computed:
        raise _NoEntry(_no_formula())


# --- One cell ----------------------------------------------------------------------------------------------------------------------


def _shown(stored: Stored | None) -> str:
    """What stands in a cell, as text: numbers without exponent, days as ISO, 35 % as 35%."""
    match stored:
        case None:
            return ""
        case Stored("truth"):
            return stored.text
        case Stored("moment"):
            return stored.text.removesuffix("T00:00:00").removeprefix("T")
        case Stored("number"):
            return f"{_digits(stored.text, hundredfold=True)}%" if _is_percentage(stored.format) else _digits(stored.text)
    return stored.text


def _entry(column: Column, stored: Stored | None) -> str:
    """The text that the form gets. _NoEntry where the cell does not say it plainly."""
    if stored is None:
        return ""
    text = _shown(stored)
    if stored.kind == "formula":
        raise _NoEntry(_no_formula())
    if stored.kind == "error":
        raise _NoEntry(_("Excel shows an error here. Write the entry itself."))
    if stored.kind == "truth":
        if column.name == "preliminary":
            return "yes" if text == "TRUE" else "no"
        raise _NoEntry(_("TRUE or FALSE is no entry here."))
    if len(text) > LONGEST:
        raise _NoEntry(_("This text has more than %(most)s characters. Shorten it.") % {"most": LONGEST})
    if stored.kind == "moment":
        if column.name == "value" or column.choices:
            raise _NoEntry(
                _("Excel made a date or a time of what was typed here, as it does of 3/4. Make the cell a text cell and write it again.")
            )
        return _day(stored.text)
    if column.name in DAYS and stored.kind == "number":
        raise _NoEntry(_("A bare number is no day. Write a day such as 令和8年3月31日, R8.3.31 or 2026-03-31."))
    return _code(column, text) if column.choices else text


def _no_formula() -> str:
    return _("A formula is no entry. Write the figure or the words themselves.")


def _code(column: Column, text: str) -> str:
    """The code that the words stand for; a code stands for itself, and 2 or 2 目標達成 for a grade."""
    try:
        return _codes(column.name)[_folded(text)]
    except KeyError:
        words = "、".join(str(words) for _code, words in column.choices)
        raise _NoEntry(_("This is none of the choices: %(choices)s.") % {"choices": words}) from None


@cache
def _codes(name: str) -> dict[str, str]:
    """The codes of a column by what may be written for them, in whatever language the workbook was made."""
    choices = _BY_NAME[name].choices
    codes = {_folded(code): code for code, _words in choices}
    for language in LANGUAGES:
        with override(language):
            for code, words in choices:
                codes |= {_folded(str(words)): code, _folded(f"{code}{words}"): code}
    return codes


def _folded(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


def _digits(number: str, *, hundredfold: bool = False) -> str:
    """A number as a person would write it: 35.600000000000001 is 35.6, for Excel knows and shows 15 digits; 1E+15 has no exponent."""
    figure = Decimal(number) if number.lstrip("+-").isdecimal() else Context(prec=15).create_decimal(number)
    text = f"{figure.scaleb(2) if hundredfold else figure:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _is_percentage(number_format: str) -> bool:
    """Whether the format shows hundredths: it has a per cent sign outside words in quotes and brackets."""
    return "%" in re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", number_format)


def _day(moment: str) -> str:
    """The day that the cell shows, as ISO. _NoEntry where it is none, or has a time of day."""
    day, _t, time = moment.partition("T")
    if not day or time.strip("0:."):
        raise _NoEntry(_("A time of day stands here. Write the day alone, such as 令和8年3月31日, R8.3.31 or 2026-03-31."))
    return day
