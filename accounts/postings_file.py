"""The file of postings: who is posted where and as what, as CSV, one posting a line, written and read in one layout.

Only UTF-8 is read, with or without its mark: another encoding could be guessed, and a wrong guess is a wrong name. Nothing else is guessed
either: each cell that cannot be read is refused with its line, its column, what stands there and what was expected.
"""

import csv
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import StringIO

from django.utils.translation import gettext as _

from budget.fiscal import parse_day
from budget.table import text_of

# The organisation's name is for who reads the file: its code says which one it is.
COLUMNS = ("user_name", "name", "email", "role", "organisation", "organisation_name", "from_on", "to_on")
LARGEST = 1_000_000  # bytes
MOST_LINES = 5_000  # postings


@dataclass(frozen=True)
class Refusal:
    """Why a file is not read: the line, 0 for the file as a whole; the column, "" for the line; what stands there; what was expected."""

    line: int
    column: str
    value: str
    expected: str

    def __str__(self) -> str:
        place = [_("line %(line)s") % {"line": self.line}] if self.line else []
        place += [part for part in (self.column, self.value and f"「{self.value}」") if part]
        return f"{' '.join(place)}: {self.expected}" if place else self.expected


class Refused(ValueError):
    """The file is not applied, for each of these reasons."""

    def __init__(self, refusals: list[Refusal]):
        super().__init__(" ".join(map(str, refusals)))
        self.refusals = refusals


@dataclass(frozen=True)
class Line:
    """A posting as a line of the file states it; a day that is left blank is None."""

    number: int
    user_name: str
    name: str
    email: str
    role: str
    organisation: str
    from_on: date | None
    to_on: date | None


def lines_of(content: bytes) -> list[Line]:
    """The postings that a file states, in its order. Refused, with all reasons at once, where any of it cannot be read."""
    records = _records(_text(content))
    places = _places(next(records, (1, []))[1])
    lines: list[Line] = []
    refusals: list[Refusal] = []
    for number, cells in records:
        if not any(cell.strip() for cell in cells):  # Excel leaves rows of commas behind
            continue
        try:
            lines.append(_line(number, cells, places))
        except Refused as error:
            refusals += error.refusals
        if len(lines) + len(refusals) > MOST_LINES:
            raise Refused([Refusal(number, "", "", _("A file has at most %(most)s postings.") % {"most": MOST_LINES})])
    if refusals:
        raise Refused(refusals)
    if not lines:
        raise Refused([Refusal(0, "", "", _("The file holds no posting."))])
    return lines


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise _unreadable(_("The file is larger than %(bytes)s bytes.") % {"bytes": LARGEST})
    if content.startswith(b"PK\x03\x04"):
        raise _unreadable(_("This is an Excel workbook or another archive. Save the sheet as “CSV UTF-8 (comma delimited)”."))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable(_("The file is in UTF-16. Save it as “CSV UTF-8 (comma delimited)”."))
    if b"\0" in content or b"\x1b" in content:  # ISO-2022-JP would pass for UTF-8, but for its escapes
        raise _unreadable(_("The file is not a text in UTF-8: it is binary or in another encoding."))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = content.count(b"\n", 0, error.start) + 1
        expected = _("The file is not in UTF-8; it may be in Shift_JIS. Save it as “CSV UTF-8 (comma delimited)”.")
        raise Refused([Refusal(place, "", "", expected)]) from error


def _unreadable(why: str) -> Refused:
    return Refused([Refusal(0, "", "", why)])


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """The records of the file, each with the line on which it begins."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        expected = _("This is not CSV: a quotation mark stands alone, or a cell is too long.")
        raise Refused([Refusal(begins, "", "", expected)]) from error


def _places(header: list[str]) -> dict[str, int]:
    """Where each column stands."""
    names = [name.strip() for name in header]
    expected = _("Line 1 names the columns %(columns)s, each once, separated by commas.") % {"columns": ",".join(COLUMNS)}
    if not set(names) & set(COLUMNS):  # such as semicolons for commas: one thing is wrong, not each column
        raise Refused([Refusal(1, "", names[0][:100] if names else "", expected)])
    wrong = [Refusal(1, "", name[:100], expected) for place, name in enumerate(names) if name not in COLUMNS or name in names[:place]]
    wrong += [Refusal(1, name, "", expected) for name in COLUMNS if name not in names]
    if wrong:
        raise Refused(wrong)
    return {name: names.index(name) for name in COLUMNS}


def _line(number: int, cells: list[str], places: dict[str, int]) -> Line:
    if len(cells) != len(places):
        expected = _("%(wanted)s cells, as line 1 has columns; here are %(found)s.") % {"wanted": len(places), "found": len(cells)}
        raise Refused([Refusal(number, "", "", expected)])
    texts = {name: text_of(cells[place]) for name, place in places.items() if name != "organisation_name"}
    wrong = [
        Refusal(number, name, text, _("A text on one line, without control characters."))
        for name, text in texts.items()
        if any(unicodedata.category(sign) in ("Cc", "Zl", "Zp") for sign in text)
    ]
    wrong += [Refusal(number, name, "", _("This may not be blank.")) for name in ("user_name", "role", "organisation") if not texts[name]]
    days: dict[str, date | None] = {}
    for name in ("from_on", "to_on"):
        text = texts.pop(name)
        try:
            days[name] = parse_day(text) if text else None
        except ValueError:
            days[name] = None
            wrong.append(Refusal(number, name, text, _("Write a day such as 令和7年3月31日, R7.3.31 or 2025-03-31.")))
    from_on, to_on = days["from_on"], days["to_on"]
    if from_on and to_on and to_on < from_on:
        wrong.append(Refusal(number, "to_on", to_on.isoformat(), _("A posting cannot end before it starts.")))
    if wrong:
        raise Refused(wrong)
    return Line(number, **texts, from_on=from_on, to_on=to_on)
