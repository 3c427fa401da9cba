"""A table as an XLSX workbook: the data on the first sheet, then the dictionary of its columns, then the codes that it uses.

Row by row in constant memory. Numbers and days are real ones, blank is not 0, text stays text whatever it begins with. What a spreadsheet
cannot hold unchanged, a number of more than 15 digits or a day before 1901, is written as text. The same rows give the same bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import BinaryIO

from django.utils.translation import gettext, override
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from kpis.exports.columns import Column, Holds

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DIGITS = 15
FIRST_YEAR = 1901  # spreadsheets count 29 February 1900, which never was
TEXT_LIMIT = 32_767  # signs that fit a cell

# A file with the moment of its making would differ from one made a second later of the same rows.
_MADE_AT = datetime(2000, 1, 1, tzinfo=UTC)
_WIDTHS = {Holds.TEXT: 28, Holds.CODE: 14, Holds.MOMENT: 34}
_WIDTH = 13
_FONT = {"font_name": "Yu Gothic", "font_size": 10, "valign": "top"}


def write(
    file: BinaryIO,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    *,
    about: Sequence[tuple[str, str]],
    codes: Iterable[Sequence[object]] = (),
) -> None:
    """Write the workbook into `file`. A row holds a value for each column.

    `about` are the lines above the dictionary: what the table is, of when, and where it came from. `codes` are rows of table, code,
    Japanese and English name.
    """
    with Workbook(file, {"constant_memory": True}) as book:
        book.set_properties({"title": about[0][1] if about else "", "created": _MADE_AT})
        plain, wrapped = book.add_format(_FONT), book.add_format(_FONT | {"text_wrap": True})
        head = book.add_format(_FONT | {"bold": True, "bg_color": "#E6E6E6", "bottom": 1})
        day = book.add_format(_FONT | {"num_format": "yyyy-mm-dd", "align": "left"})
        data, dictionary, explained = (book.add_worksheet(name) for name in ("data", "dictionary", "codes"))
        for x, column in enumerate(columns):
            data.set_column(x, x, max(_WIDTHS.get(column.holds, _WIDTH), len(column.name) + 4))
        _write_table(data, 0, [column.name for column in columns], rows, head, plain, day)
        _write_dictionary(dictionary, columns, about, head, plain, wrapped)
        explained.set_column(0, 3, 30)
        _write_table(explained, 0, ("table", "code", "label_ja", "label_en"), codes, head, plain, day)


def _write_table(
    sheet: Worksheet, top: int, header: Sequence[str], rows: Iterable[Sequence[object]], head: Format, plain: Format, day: Format
) -> None:
    """A header that stays in sight with a filter for each column, and the rows below it."""
    for x, name in enumerate(header):
        write_text(sheet, top, x, name, head)
    last = top
    for last, row in enumerate(rows, start=top + 1):
        for x, value in enumerate(row):
            _write_value(sheet, last, x, value, plain, day)
    sheet.freeze_panes(top + 1, 0)
    sheet.autofilter(top, 0, last, len(header) - 1)


def _write_dictionary(
    sheet: Worksheet, columns: Sequence[Column], about: Sequence[tuple[str, str]], head: Format, plain: Format, wrapped: Format
) -> None:
    for x, width in enumerate((26, 30, 30, 80, 36)):
        sheet.set_column(x, x, width)
    for y, (label, words) in enumerate(about):
        write_text(sheet, y, 0, label, head)
        write_text(sheet, y, 1, words, plain)
    top = len(about) + 1
    titles = (gettext("column"), gettext("title in Japanese"), gettext("title in English"), gettext("definition"), gettext("holds"))
    for x, title in enumerate(titles):
        write_text(sheet, top, x, title, head)
    for y, column in enumerate(columns, start=top + 1):
        names = [_in(language, column.title) for language in ("ja", "en")]
        for x, words in enumerate((column.name, *names, str(column.definition), _holds(column))):
            write_text(sheet, y, x, words, wrapped)


def _in(language: str, words: object) -> str:
    with override(language):
        return str(words)


def _holds(column: Column) -> str:
    words = str(column.holds.label)
    return f"{words} ({gettext('codes: %(table)s') % {'table': column.codes}})" if column.codes else words


def _write_value(sheet: Worksheet, y: int, x: int, value: object, plain: Format, day: Format) -> None:
    match value:
        case None | "":
            pass
        case bool():
            sheet.write_boolean(y, x, value, plain)
        case int() | Decimal() if _fits(value):
            sheet.write_number(y, x, value, plain)  # type: ignore[arg-type]  # it prints a Decimal as exactly as a float
        case Decimal():
            write_text(sheet, y, x, f"{value:f}", plain)
        case date() if value.year >= FIRST_YEAR and not isinstance(value, datetime):
            sheet.write_datetime(y, x, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001  (a day has no zone)
        case date():
            write_text(sheet, y, x, value.isoformat(), plain)
        case _:
            write_text(sheet, y, x, str(value), plain)


def _fits(number: int | Decimal) -> bool:
    return len(Decimal(number).normalize().as_tuple().digits) <= DIGITS


def fitting(text: str) -> str:
    """The text as far as a cell can hold it; one that is longer ends in an ellipsis."""
    if len(text.encode("utf-16-le")) // 2 <= TEXT_LIMIT:
        return text
    return text.encode("utf-16-le")[: 2 * (TEXT_LIMIT - 1)].decode("utf-16-le", errors="ignore") + "…"


def write_text(sheet: Worksheet, y: int, x: int, text: str, look: Format) -> None:
    """Write text as text: no formula, no link, no number, no markup; as far as it fits."""
    text = fitting(text)
    if text.startswith("<r>") and text.endswith("</r>"):
        # The writer takes this for markup that it made itself; in two pieces it is spelt out.
        sheet.write_rich_string(y, x, text[:1], look, text[1:], look)
    elif text:
        sheet.write_string(y, x, text, look)
