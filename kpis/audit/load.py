"""Load an audit fixture into an empty database: everything as it was, or nothing.

The fixture's files first, then whether this program and its tables are those that wrote it, then all rows in one transaction. Every value
is checked before it goes in: SQLite would take a text for a number. What a constraint refuses is looked for row by row.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from django.utils.translation import gettext as _

from budget import known
from kpis.audit import canonical, copy, dump, manifest
from kpis.audit.manifest import MANIFEST, NotAsWritten
from kpis.models import AuditCopy


class NotEmpty(Exception):
    """The database has rows already; the text names the table."""


def load(directory: Path, *, progress: Callable[[Iterable], Iterable] = iter) -> dict[str, Any]:
    """Load the fixture and make the database its copy, which nothing writes any more. The manifest is given back.

    NotAsWritten where the fixture is not what was written, or not for this program; NotEmpty; OSError where a file cannot be read. Then
    nothing is loaded.
    """
    told = manifest.read(directory)
    _refuse_another_program(directory, told)
    with transaction.atomic():
        _refuse_rows()
        with known.paused(connection):
            for name, model in progress(list(dump.tables().items())):
                _load(directory / name, model, told["files"][name]["rows"])
            for name, model in dump.tables().items():
                _refuse_loose_ends(directory / name, model)
            _refuse_another_state(told)
            _count_on()
        copy.become(manifest.text_of(told))
    return told


def _refuse_another_program(directory: Path, told: dict[str, Any]) -> None:
    for field, ours in (("version", settings.SEIKA_VERSION), ("migrations", dump.migrations())):
        if told.get(field) != ours:
            stands, expected = _only_differing(told.get(field), ours)
            raise NotAsWritten(MANIFEST, None, field, stands, expected, _("It was written by another Seika than this one."))
    wanted = {dump.CODES, *dump.tables()}
    for name in sorted(wanted ^ told["files"].keys()):
        why = _("The manifest names no such file.") if name in wanted else _("This Seika has no such table.")
        raise NotAsWritten(name, why=why)
    if list(told["files"]) != (order := [dump.CODES, *dump.tables()]):
        raise NotAsWritten(MANIFEST, None, "files", list(told["files"]), order, _("The files are not in their order."))
    _refuse_other_codes(directory / dump.CODES, told["files"][dump.CODES]["rows"])


def _refuse_other_codes(file: Path, rows: int) -> None:
    with file.open("rb") as lines:
        for number, (line, row) in enumerate(zip_longest(lines, dump.codes(), fillvalue=b""), 1):
            if line != (ours := row and manifest.line_of(row)):
                stands, expected = (manifest.told_by(one) for one in (line, ours))
                field = next((name for name in expected if stands.get(name) != expected[name]), "")
                why = _("The codes are not those of this Seika.")
                raise NotAsWritten(file.name, number, field, stands.get(field, ""), expected.get(field, ""), why)
    _refuse_another_number(file, rows, number)


def _refuse_another_number(file: Path, told: int, found: int) -> None:
    if found != told:
        raise NotAsWritten(MANIFEST, None, file.name, told, found, _("The file has another number of rows."))


def _refuse_another_state(told: dict[str, Any]) -> None:
    """The manifest's words on all rows together, against the rows."""
    for field, found in dump.state().items():
        if told.get(field) != found:
            raise NotAsWritten(MANIFEST, None, field, told.get(field), found, _("The rows tell otherwise."))


def _only_differing(stands: Any, expected: Any) -> tuple[Any, Any]:
    if isinstance(stands, list) and isinstance(expected, list):
        return [one for one in stands if one not in expected], [one for one in expected if one not in stands]
    return stands, expected


def _refuse_rows() -> None:
    for model in [AuditCopy, *dump.tables().values()]:
        if model._base_manager.exists():
            raise NotEmpty(_("The database is not empty: %(table)s has rows.") % {"table": model._meta.db_table})


# --- One file -----------------------------------------------------------------------------------------------------------------------


class Column(NamedTuple):
    """A column of a file: how its values are checked, what is expected where they fail, and how they go into the database."""

    name: str
    reads: Callable[[Any], bool]
    expected: str
    stored: Callable[[Any], Any] | None


def _load(file: Path, model: type[models.Model], told: int) -> None:
    """Load a file, of which the manifest tells the number of rows."""
    columns = [
        Column(field.column, canonical.reads(field), canonical.expected_of(field), canonical.stored(field, connection))
        for field in model._meta.concrete_fields
    ]
    key = columns.index(next(column for column in columns if column.name == model._meta.pk.column))
    number, last = 1, 0
    with file.open("rb") as lines:
        for some in canonical.slices(lines, len):
            rows = [_values(file, n, line, columns) for n, line in enumerate(some, number)]
            for n, row in enumerate(rows, number):
                if row[key] <= last:
                    raise NotAsWritten(file.name, n, columns[key].name, row[key], f"> {last}", _("The lines are not in their order."))
                last = row[key]
            _insert(file, number, model, columns, rows)
            number += len(some)
    _refuse_another_number(file, told, number - 1)


def _values(file: Path, number: int, line: bytes, columns: list[Column]) -> list[Any]:
    """The values of a line, each of which its column can hold."""
    try:
        told = manifest.row_in(line)
    except (ValueError, RecursionError) as error:
        raise NotAsWritten(file.name, number, why=_("It is no line of a fixture (%(error)s).") % {"error": error}) from error
    if told is None:
        raise NotAsWritten(file.name, number, why=_("The line does not prove itself."))
    names, wanted = list(told), [column.name for column in columns]
    if names != wanted:
        stands, expected = next((one, other) for one, other in zip([*names, ""], [*wanted, ""], strict=False) if one != other)
        raise NotAsWritten(file.name, number, expected or stands, stands, expected, _("The columns are not those of the table."))
    values = list(told.values())
    for column, value in zip(columns, values, strict=True):
        if not column.reads(value):
            raise NotAsWritten(file.name, number, column.name, value, column.expected)
    return values


def _insert(file: Path, number: int, model: type[models.Model], columns: list[Column], rows: list[list[Any]]) -> None:
    """Write rows; where the database refuses them, name the first that it refuses."""
    for n, column in enumerate(columns):
        if column.stored:
            for row in rows:
                row[n] = column.stored(row[n])
    try:
        with transaction.atomic():
            _write(model, columns, rows)
    except DatabaseError as error:
        for n, row in enumerate(rows, number):
            try:
                with transaction.atomic():
                    _write(model, columns, [row])
            except DatabaseError as refused:
                raise _refused(file, n, model, columns, row, refused) from refused
        raise NotAsWritten(file.name, number, why=str(error)) from error


def _write(model: type[models.Model], columns: list[Column], rows: list[list[Any]]) -> None:
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), ", ".join(quote(column.name) for column in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copied:
                for row in rows:
                    copied.write_row(row)
        else:
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})", rows)


def _refused(file: Path, number: int, model, columns: list[Column], row: list[Any], error: DatabaseError) -> NotAsWritten:
    """What the database refused, in the words of the constraint."""
    said = str(error).splitlines()[0]
    named = next((one for one in model._meta.constraints if one.name in said), None)
    if named is not None:
        names = list(getattr(named, "fields", ())) or sorted(_fields_in(named.condition))
        why, expected = str(named.violation_error_message), named.name
    else:
        names = [column.name for column in columns if f".{column.name}" in said or f"({column.name})" in said]
        why, expected = said, ""
    return NotAsWritten(file.name, number, ", ".join(names), _standing(names, columns, row), expected, why)


def _fields_in(condition: models.Q) -> set[str]:
    found = set()
    for child in condition.children:
        found |= _fields_in(child) if isinstance(child, models.Q) else {child[0].split("__")[0]} if isinstance(child, tuple) else set()
    return found


def _standing(names: list[str], columns: list[Column], row: list[Any]) -> str:
    by_name = dict(zip((column.name for column in columns), row, strict=True))
    return ", ".join(f"{name} = {by_name.get(name, by_name.get(f'{name}_id'))!r}" for name in names)


# --- All of it ----------------------------------------------------------------------------------------------------------------------


def _refuse_loose_ends(file: Path, model: type[models.Model]) -> None:
    """Links that lead nowhere. Both databases look at links when the transaction ends, and name no line."""
    quote = connection.ops.quote_name
    for field in model._meta.concrete_fields:
        if not field.is_relation or not field.db_constraint:
            continue
        words = {
            "key": quote(model._meta.pk.column), "column": quote(field.column), "table": quote(model._meta.db_table),
            "other": quote(field.related_model._meta.db_table), "other_key": quote(field.target_field.column),
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT one.{key}, one.{column} FROM {table} one LEFT JOIN {other} two ON two.{other_key} = one.{column}"
                " WHERE one.{column} IS NOT NULL AND two.{other_key} IS NULL ORDER BY one.{key} LIMIT 1".format(**words)
            )
            for key, value in cursor.fetchall():
                number = next(n for n, row in _keys(file, model) if row == key)
                expected = _("a row of %(table)s") % {"table": field.related_model._meta.label_lower}
                raise NotAsWritten(file.name, number, field.column, value, expected)


def _keys(file: Path, model: type[models.Model]) -> Iterator[tuple[int, int]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            yield number, json.loads(line)[model._meta.pk.column]


def _count_on() -> None:
    """New rows get numbers above those that are there, or were: a number that only the history knows is not given again."""
    for model in dump.tables().values():
        table, key = model._meta.db_table, model._meta.pk.column
        newest = model._base_manager.aggregate(last=models.Max("pk"))["last"] or 0
        if hasattr(model, "history"):
            newest = max(newest, model.history.aggregate(last=models.Max(model._meta.pk.attname))["last"] or 0)
        if not newest:
            continue
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [connection.ops.quote_name(table), key, newest])
            else:
                cursor.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = %s", [newest, table])
