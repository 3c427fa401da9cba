"""A table as CSV that machines and Excel read alike (DOMAIN §9).

UTF-8 with BOM, lines end in CRLF, no line break inside a record, numbers without exponent, ISO dates, blank is not 0. A text that a
spreadsheet would take for a formula is made inert by a leading apostrophe; numbers stay numbers.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

_LINE_BREAK = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The lines of the file, one for each record; the first holds the byte order mark and the header."""
    writer = csv.writer(SimpleNamespace(write=str.encode), lineterminator="\r\n")  # writerow answers what write answers
    yield "\ufeff".encode() + writer.writerow([cell(name) for name in header])
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def cell(value: object) -> str:
    """How a value stands in a file: None is empty, 0 is 0, a Decimal has no exponent and no trailing zeros, true and false are words."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return _plain(value)
        case int():
            return f"{value:d}"
        case date():
            return value.isoformat()
    text = str(value)
    inert = text.startswith(_BEGINS_A_FORMULA) and not _NUMBER.fullmatch(text)
    return ("'" if inert else "") + _LINE_BREAK.sub(" ", text)


def text_of(cell: str) -> str:
    """The text of a cell that `cell` made inert, or that a person wrote: without that apostrophe and the spaces around it."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_BEGINS_A_FORMULA) else text


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
