"""An uploaded workbook (XLSX), read without trust: what stands in the cells of its sheets, as it was stored.

Nothing is believed before it is seen: the parts are counted and weighed while they are unpacked, and none may define entities. Only then
does openpyxl read them, row by row. Nothing is computed, and no link is followed.
"""

import re
import warnings
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, NamedTuple
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import error as DeflateError

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.formula import ArrayFormula

MEGABYTE = 1024 * 1024
LARGEST = 5 * MEGABYTE
LARGEST_UNPACKED = 50 * MEGABYTE
MOST_PARTS = 1_000
# Text that people write shrinks to a tenth; to a two-hundredth only what repeats itself.
MOST_TIMES, WITHOUT_WEIGHING = 200, 10 * MEGABYTE
# Tags of one part: whoever formats whole rows makes one for each of a sheet's 1,048,576; of texts there are some for each cell.
MOST_TAGS = {"xl/worksheets/": 2_500_000, "xl/sharedstrings": 1_000_000, "": 100_000}
MOST_SHEETS = 20
LONGEST_TEXT = 32_767  # of a cell: Excel itself holds no more
MOST_CELLS = 1_000_000  # that are looked at, with the blank ones before the last of each row
LAST_ROW = 1_048_576  # of a sheet
# Formats of days that Japanese Excel knows by number alone: 令和8年3月31日 is 58. openpyxl takes them for numbers.
JAPANESE_DAYS = (*range(27, 32), 36, *range(50, 59))


class Refused(ValueError):
    """Why the file is not read: one sentence for whoever sent it."""


class Stored(NamedTuple):
    """A cell as it was stored: what kind of thing, its text (of a number its digits, of a formula the formula), and its number format.

    Text has no blanks around it, a line feed at every line end, and no signs that nobody can see. A moment is in ISO; T10:30 has no day.
    """

    kind: str  # text, number, truth, error, formula or moment
    text: str
    format: str = ""


Bounds = tuple[int, int, int, int]  # of a range: first column and row, last column and row


@dataclass
class Sheet:
    """A sheet: its rows in the order of the file, each with its number and its cells by column, from 1. Blank cells are left out."""

    name: str
    rows: list[tuple[int, dict[int, Stored]]] = field(default_factory=list)
    merged: list[Bounds] = field(default_factory=list)  # ranges of cells that are one
    computed: list[Bounds] = field(default_factory=list)  # ranges that one formula fills


def sheets_of(content: bytes) -> list[Sheet]:
    """The sheets of a workbook. Refused where the file is none, or harmful."""
    parts = _unpack(content)
    for name, part in parts.items():
        _refuse_harmful(name, part)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what of a file openpyxl does not know is not asked of it here
        try:
            book = load_workbook(BytesIO(content), read_only=True, keep_links=False)
            styles = enumerate(book._cell_styles)
            book._date_formats |= {number for number, style in styles if style.numFmtId in JAPANESE_DAYS}
            named = {worksheet._worksheet_path.lstrip("/").lower(): worksheet for worksheet in book.worksheets}
            if len(named) != len(book.worksheets) or len(named) > MOST_SHEETS:
                raise _too_much()
            return [_sheet(worksheet, parts[name]) for name, worksheet in named.items()]
        except Refused:
            raise
        except Exception as error:  # a broken file breaks openpyxl in whatever way it is broken
            raise _broken() from error


def _sheet(worksheet: Any, part: bytes) -> Sheet:
    sheet, looked_at = Sheet(worksheet.title), 0
    worksheet.reset_dimensions()  # what the file says of its size is not believed
    for number, cells in enumerate(worksheet.rows, start=1):
        looked_at += len(cells)
        if number > LAST_ROW or looked_at > MOST_CELLS:
            raise _too_much()
        if found := {cell.column: stored for cell in cells if cell.value is not None and (stored := _stored(cell, sheet))}:
            sheet.rows.append((number, found))
    sheet.merged = [_bounds(ref) for ref in re.findall(r'<(?:\w+:)?mergeCell\s+ref="([A-Z0-9:]+)"', part.decode(errors="replace"))]
    return sheet


def _stored(cell: Any, sheet: Sheet) -> Stored | None:
    """The cell; None where it holds blanks alone."""
    match cell.value:
        case ArrayFormula(ref=ref, text=text):
            sheet.computed.append(_bounds(ref))
            return Stored("formula", text or "=")
        case bool(value):
            return Stored("truth", str(value).upper())
        case datetime() | date() as day:
            return Stored("moment", day.isoformat())
        case time() | timedelta() as moment:
            return Stored("moment", f"T{moment}")
        case int() as number:
            return Stored("number", str(number), cell.number_format or "")
        case str(text):
            kind = {"f": "formula", "e": "error"}.get(cell.data_type, "text")
            if len(text) > LONGEST_TEXT:
                raise _too_much()
            return Stored(kind, found, "") if (found := cleaned(text)) else None
        case number if cell.data_type == "n":  # the shortest digits that tell the stored number from all others
            return Stored("number", repr(number), cell.number_format or "")
    return Stored("formula", "=")  # a table of data, which a formula fills


def _bounds(ref: str) -> Bounds:
    left, top, right, bottom = range_boundaries(ref)
    if None in (left, top, right, bottom):
        raise ValueError(f"{ref} is no range of cells")
    return left, top, right, bottom


def cleaned(text: str) -> str:
    """A text as a cell gives it back: one line feed at every line end, no signs that nobody can see, no blanks around it."""
    text = re.sub("_x000D_\n?", "\n", text, flags=re.IGNORECASE)  # how XML holds a carriage return
    text = re.sub(r"\r\n?|[\v\x85\u2028\u2029]", "\n", text)
    return re.sub(r"[\x00-\x08\f\x0e-\x1f\x7f]", "", text).strip()


# --- The package -------------------------------------------------------------------------------------------------------------------


def _unpack(content: bytes) -> dict[str, bytes]:
    """The parts by their names in small letters: names differ in more than that, or the package is broken."""
    if len(content) > LARGEST:
        raise Refused(_("The file is larger than %(limit)s MB. Send it in several files.") % {"limit": LARGEST // MEGABYTE})
    if not content.startswith(b"PK"):
        raise Refused(_what_it_is_instead(content))
    parts: dict[str, bytes] = {}
    left = LARGEST_UNPACKED
    try:
        with ZipFile(BytesIO(content)) as archive:
            if len(archive.infolist()) > MOST_PARTS:
                raise _too_much()
            for info in archive.infolist():
                name = info.filename.lstrip("/").lower()
                if name in parts or info.flag_bits & 1 or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                    raise _broken()
                parts[name] = _read(archive, info, left)
                left -= len(parts[name])
    except Refused:
        raise
    except (BadZipFile, DeflateError, EOFError, NotImplementedError, OSError, RuntimeError, ValueError) as error:
        raise _broken() from error
    if "[content_types].xml" not in parts:
        raise Refused(_what_the_package_is_instead(parts))
    if any(name.endswith("vbaproject.bin") for name in parts) or b"macroenabled" in parts["[content_types].xml"].lower():
        raise Refused(_("The workbook holds macros. Save it as an Excel workbook (.xlsx) without macros."))
    if "xl/workbook.bin" in parts:
        raise Refused(_("This is a binary workbook (.xlsb). Save it as an Excel workbook (.xlsx)."))
    return parts


def _read(archive: ZipFile, info: ZipInfo, left: int) -> bytes:
    """A part, unpacked bit by bit: what the package says of sizes is not believed."""
    pieces, size = [], 0
    with archive.open(info) as packed:
        while piece := packed.read(64 * 1024):
            pieces.append(piece)
            size += len(piece)
            if size > left or (size > WITHOUT_WEIGHING and size > MOST_TIMES * info.compress_size):
                raise _too_much()
    return b"".join(pieces)


def _too_much() -> Refused:
    return Refused(_("The file unpacks to far more than a filled-in workbook holds. Copy your entries into a workbook downloaded anew."))


def _broken() -> Refused:
    return Refused(_("The file is damaged or is no Excel workbook. Open it in Excel, save it as an Excel workbook (.xlsx), and send that."))


def _what_it_is_instead(content: bytes) -> str:
    if not content:
        return _("The file is empty.")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in content:
            return _("The workbook is protected with a password. Save it without one.")
        return _("This is a workbook of the old kind (.xls). Save it as an Excel workbook (.xlsx).")
    if b"\0" not in content[:4096] and not content.startswith(b"%PDF"):
        return _("This is a text file, such as CSV. Fill in the workbook (.xlsx) that you downloaded, and send that.")
    return str(_broken())


def _what_the_package_is_instead(parts: dict[str, bytes]) -> str:
    if parts.get("mimetype", b"").startswith(b"application/vnd.oasis.opendocument"):
        return _("This is an OpenDocument file (.ods). Save it as an Excel workbook (.xlsx).")
    return str(_broken())


def _refuse_harmful(name: str, part: bytes) -> None:
    """Refuse entities, by the parser that reads the part later: it knows every encoding in which they could hide."""

    def refuse(*_given: object) -> None:
        raise Refused(_("The file defines XML entities, which no workbook needs. It is not read."))

    if part.count(b"<") > next(most for beginning, most in MOST_TAGS.items() if name.startswith(beginning)):
        raise _too_much()
    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(part, True)
    except Refused:
        raise
    except (ExpatError, LookupError, ValueError) as error:
        if name.endswith((".xml", ".rels")):
            raise _broken() from error
