"""What an audit fixture says of itself: `manifest.json`, and the lines of its files, each of which proves itself.

A line is a canonical row (`kpis.audit.canonical`) whose last key, `crc32`, is the CRC-32 of the row before it was added. The manifest tells
the rows and the SHA-256 of each file, and ends on the SHA-256 of itself.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any
from zlib import crc32

from django.utils.translation import gettext as _

from kpis.audit.canonical import encode, is_day, is_moment

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = ("format", "version", "site", "by", "on", "known_until", "migrations", "seals", "head", "files", "sha256")
_CRC = b',"crc32":"'
_TAIL = len(_CRC) + 8 + len('"}')


@dataclass
class NotAsWritten(Exception):
    """A fixture is not what was written: which file, which line, which field, what stands there, what was expected. Blank: all of it."""

    file: str
    line: int | None = None
    field: str = ""
    stands: Any = ""
    expected: Any = ""
    why: str = ""

    def __str__(self):
        place = self.file
        place += _(", line %(line)s") % {"line": self.line} if self.line else ""
        place += f", {self.field}" if self.field else ""
        told = [self.why] if self.why else []
        if self.stands != "" or self.expected != "":
            words = {"stands": _short(self.stands), "expected": _short(self.expected)}
            told.append(_("%(stands)s stands there, expected is %(expected)s.") % words)
        return f"{place}: {' '.join(told)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else encode(value)
    text = text.encode("utf-8", "backslashreplace").decode()  # half a character can be read from JSON, and not be printed
    return text if len(text) <= 120 else f"{text[:119]}…"


# --- Lines --------------------------------------------------------------------------------------------------------------------------


def line_of(row: bytes) -> bytes:
    return b'%s%s%08x"}\n' % (row[:-1], _CRC, crc32(row))


def row_in(line: bytes) -> dict[str, Any] | None:
    """The row that a line carries, by column; None where the line does not prove itself, or is not in canonical form.

    ValueError where it is no UTF-8 or no JSON object.
    """
    told = json.loads(line.decode("utf-8"))
    if not isinstance(told, dict):
        raise ValueError(type(told).__name__)
    told.pop("crc32", None)
    return told if line == line_of(encode(told).encode()) else None


def _proves_itself(line: bytes) -> bool:
    try:
        return row_in(line) is not None
    except (ValueError, RecursionError):
        return False


def mended(line: bytes) -> bytes | None:
    """The line with the one byte set right that differs from what was written; None where more than one does, or the line is long."""
    if not line.endswith(b'"}\n') or line[-_TAIL - 1 :][: len(_CRC)] != _CRC or len(line) > 5_000:
        return None
    body, after = line[: -_TAIL - 1], line[-_TAIL - 1 :]
    try:
        told = int(after[len(_CRC) : -3], 16)
    except ValueError:
        return None
    before = 0
    for n in range(len(body)):
        rest = body[n + 1 :] + b"}"
        for byte in range(32, 256):
            if byte != body[n] and crc32(rest, crc32(bytes((byte,)), before)) == told:
                return body[:n] + bytes((byte,)) + body[n + 1 :] + after
        before = crc32(body[n : n + 1], before)
    return None


# --- The manifest -------------------------------------------------------------------------------------------------------------------


def _is_person(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict) and value.keys() == {"user", "name"} and all(isinstance(v, str) for v in value.values())
    )


def _are_files(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(file, dict) and list(file) == ["rows", "sha256"] and type(file["rows"]) is int and isinstance(file["sha256"], str)
        for file in value.values()
    )


# What a reader relies on, and how it is told where it is otherwise.
_WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "site": (lambda value: isinstance(value, str), "https://…"),
    "by": (_is_person, '{"user": "…", "name": "…"} | null'),
    "on": (is_day, "YYYY-MM-DD"),
    "known_until": (lambda value: value is None or is_moment(value), "YYYY-MM-DDTHH:MM:SS.ffffffZ | null"),
    "files": (_are_files, '{"…": {"rows": 0, "sha256": "…"}}'),
}


def text_of(told: dict[str, Any]) -> str:
    """The manifest as its file has it, with its own SHA-256 at the end."""
    body = {name: value for name, value in told.items() if name != "sha256"}
    return json.dumps(body | {"sha256": sha256(encode(body).encode()).hexdigest()}, ensure_ascii=False, indent=1) + "\n"


def origin_in(told: dict[str, Any]) -> dict[str, Any]:
    """Whose fixture it is: the site, the person, and the day that figures are judged on."""
    return {name: told[name] for name in ("site", "by", "on")}


def read(directory: Path) -> dict[str, Any]:
    """The manifest of a fixture, once every file in the directory is what it says. NotAsWritten on the first that is not.

    OSError where a file cannot be read.
    """
    told = _manifest(directory)
    there = {path.name for path in directory.iterdir()} - {MANIFEST}
    for name in sorted(told["files"].keys() | there):
        if name not in there:
            raise NotAsWritten(name, why=_("The file is missing."))
        if name not in told["files"]:
            raise NotAsWritten(name, why=_("The manifest names no such file."))
    for name, file in told["files"].items():
        with (directory / name).open("rb") as content:
            found = file_digest(content, "sha256").hexdigest()
        if found != file["sha256"]:
            raise _first_difference(directory / name, rows=file["rows"])
    return told


def _manifest(directory: Path) -> dict[str, Any]:
    try:
        text = (directory / MANIFEST).read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise NotAsWritten(MANIFEST, why=_("The file is missing.")) from None
    except UnicodeDecodeError as error:
        raise NotAsWritten(MANIFEST, why=_("It is no UTF-8 text.")) from error
    try:
        told = json.loads(text)
        if type(told["format"]) is not int or told["format"] != FORMAT:
            raise NotAsWritten(MANIFEST, field="format", stands=told["format"], expected=FORMAT)
        for name, (reads, wanted) in _WANTED.items():
            if not reads(told[name]):
                raise NotAsWritten(MANIFEST, field=name, stands=told[name], expected=wanted)
        expected = text_of(told)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotAsWritten(MANIFEST, why=_("It is no manifest (%(error)s).") % {"error": error}) from error
    if tuple(told) != KEYS:
        raise NotAsWritten(MANIFEST, stands=list(told), expected=list(KEYS), why=_("It is no manifest of this form."))
    for number, (line, wanted) in enumerate(zip(text.splitlines(keepends=True), expected.splitlines(keepends=True), strict=False), 1):
        if line != wanted:
            raise NotAsWritten(MANIFEST, number, stands=line.strip(), expected=wanted.strip(), why=_("The manifest was changed."))
    if text != expected:
        raise NotAsWritten(MANIFEST, why=_("The manifest was changed."))
    return told


def _first_difference(file: Path, *, rows: int) -> NotAsWritten:
    """What differs first in a file whose SHA-256 is not that of the manifest."""
    number = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if number > rows:
                return NotAsWritten(file.name, number, why=_("The manifest tells %(rows)s lines.") % {"rows": rows})
            if not _proves_itself(line):
                return NotAsWritten(file.name, number, **_where(line), why=_("The line was changed."))
    if number < rows:
        return NotAsWritten(file.name, number + 1, why=_("The line is missing: the manifest tells %(rows)s lines.") % {"rows": rows})
    return NotAsWritten(file.name, why=_("Each line proves itself, but they are not the lines of the manifest, or not in its order."))


def _where(line: bytes) -> dict[str, Any]:
    """The field that was changed, what stands there and what stood there, as far as the line tells: a single byte is set right."""
    wanted = mended(line)
    if wanted is None:
        return {}
    place = next(n for n, (one, other) in enumerate(zip(line, wanted, strict=True)) if one != other)
    was = told_by(wanted)
    field = max((name for name in was if wanted.find(encode(name).encode() + b":") <= place), key=list(was).index, default="")
    found = told_by(line)
    return {"field": field} | ({"stands": found[field], "expected": was[field]} if field in found else {})


def told_by(line: bytes) -> dict[str, Any]:
    """What a line tells, as far as it can be read."""
    try:
        told = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
