"""A row in its canonical form: a JSON object whose bytes are the same on SQLite and PostgreSQL, and the way back.

The columns stand in the order of the model, without spaces. Figures are text without trailing zeros ("35.6"), days ISO, moments UTC with
six digits of a second ("2026-04-01T00:00:00.000000Z"), documents (JSON) with sorted keys. The database writes days, moments and figures
in this form itself: it is the faster of the two.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from operator import eq
from re import compile as pattern
from typing import Any, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.models import User

AT_ONCE, BYTES_AT_ONCE = 2_000, 8_000_000
T = TypeVar("T")
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr).encode  # repr: of what no column of ours holds

# What leaves no house: users go as stubs.
WITHHELD = {User: {"password": "!", "last_login": None}}

_TOLD = {
    "sqlite": {
        # The sign makes an expression of the column, which sqlite3 gives as it is stored.
        "DateField": "+{0}",
        "BooleanField": "+{0}",
        "DateTimeField": "substr({0}, 1, 10) || 'T' || substr({0}, 12, 8) || coalesce(nullif(substr({0}, 20), ''), '.000000') || 'Z'",
        # What is no number in a column of numbers is told as it is.
        "DecimalField": "CASE WHEN typeof({0}) IN ('integer', 'real')"
        " THEN rtrim(rtrim(printf('%.{1.decimal_places}f', {0}), '0'), '.') ELSE {0} END",
    },
    "postgresql": {
        "DateTimeField": """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
        "DateField": "to_char({0}, 'YYYY-MM-DD')",
        "DecimalField": "trim_scale({0})::text",
    },
}


def columns_of(model: type[models.Model]) -> list[str]:
    return [field.column for field in model._meta.concrete_fields]


def rows(
    model: type[models.Model], columns: Sequence[str], connection: BaseDatabaseWrapper, *, first: int | None = None, last: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """The rows of a table from one number to another, in the order of their numbers: (number, canonical row). Memory stays flat."""
    fields = {field.column: field for field in model._meta.concrete_fields}
    withheld = WITHHELD.get(model, {})
    expressions = [_literal(withheld[column]) if column in withheld else _expression(fields[column], connection) for column in columns]
    key = connection.ops.quote_name(model._meta.pk.column)
    bounds = [f"{key} {sign} {int(bound)}" for sign, bound in ((">=", first), ("<=", last)) if bound is not None]
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    told = ", ".join([key, *expressions])
    mended = [(n, mend) for n, column in enumerate(columns) if (mend := _MENDED.get(fields[column].get_internal_type()))]
    # Whole documents are read one by one, all other rows many at a time.
    at_once = 1 if any(field.get_internal_type() == "TextField" and field.name == "text" for field in fields.values()) else AT_ONCE
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {told} FROM {connection.ops.quote_name(model._meta.db_table)}{where} ORDER BY {key}")
        while found := cursor.fetchmany(at_once):
            for number, *row in found:
                for n, mend in mended:
                    row[n] = mend(row[n])
                yield number, encode(dict(zip(columns, row, strict=True))).encode()


def slices(items: Iterable[T], size: Callable[[T], int], at_most: int = AT_ONCE) -> Iterator[list[T]]:
    """The items in lists of so many at most, shorter where they are large: no more than `BYTES_AT_ONCE`, or a single one that is larger."""
    some, weight = [], 0
    for item in items:
        if some and (len(some) == at_most or weight + size(item) > BYTES_AT_ONCE):
            yield some
            some, weight = [], 0
        some.append(item)
        weight += size(item)
    if some:
        yield some


def _expression(field: models.Field, connection: BaseDatabaseWrapper) -> str:
    return _TOLD[connection.vendor].get(field.get_internal_type(), "{0}").format(connection.ops.quote_name(field.column), field)


def _literal(value: str | None) -> str:
    return "NULL" if value is None else f"'{value}'"


def _truth(value: Any) -> Any:
    """SQLite stores 0 and 1; what is neither is told as it is."""
    return {0: False, 1: True}.get(value, value)


def _document(value: Any) -> Any:
    """The text of a JSON column, with its keys sorted; what is no JSON is told as it is."""
    try:
        return json.loads(json.dumps(json.loads(value), sort_keys=True))
    except (TypeError, ValueError):
        return value


_MENDED: dict[str, Callable[[Any], Any]] = {"BooleanField": _truth, "JSONField": _document}


# --- The way back -------------------------------------------------------------------------------------------------------------------

_MOMENT = pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_DAY = pattern(r"\d{4}-\d\d-\d\d")
_FIGURE = pattern(r"-?(0|[1-9]\d*)(\.\d*[1-9])?")
_WHOLE_NUMBERS = {
    "BigAutoField": 2**63 - 1,
    "AutoField": 2**31 - 1,
    "BigIntegerField": 2**63 - 1,
    "IntegerField": 2**31 - 1,
    "PositiveIntegerField": 2**31 - 1,
    "PositiveSmallIntegerField": 2**15 - 1,
}


def reads(field: models.Field) -> Callable[[Any], bool]:
    """Whether a value, as a line has it, can stand in the field's column."""
    if field.name in WITHHELD.get(field.model, {}):
        return partial(eq, WITHHELD[field.model][field.name])
    within = _within(field)
    return (lambda value: value is None or within(value)) if field.null else within


def expected_of(field: models.Field) -> str:
    """What can stand in the field's column, for a message."""
    if field.name in WITHHELD.get(field.model, {}):
        return encode(WITHHELD[field.model][field.name])
    kind = type(_stored(field)).__name__
    limit = getattr(field, "max_length", None)
    return kind + (f"({limit})" if limit else "") + (" | null" if field.null else "")


def _stored(field: models.Field) -> models.Field:
    """The field whose values the column holds: a link holds those of the key that it leads to."""
    while field.is_relation:
        field = field.target_field
    return field


def _within(field: models.Field) -> Callable[[Any], bool]:
    stored = _stored(field)
    kind = stored.get_internal_type()
    if kind in _WHOLE_NUMBERS:
        return partial(_is_number, most=_WHOLE_NUMBERS[kind], least=0 if kind.startswith("Positive") else -_WHOLE_NUMBERS[kind])
    if kind == "BooleanField":
        return lambda value: value is True or value is False
    if kind == "DateField":
        return is_day
    if kind == "DateTimeField":
        return is_moment
    if kind == "DecimalField":
        return partial(_is_figure, whole=stored.max_digits - stored.decimal_places, places=stored.decimal_places)
    if kind == "JSONField":
        return lambda value: True
    return partial(_is_text, length=stored.max_length)


def _is_number(value: Any, *, most: int, least: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_text(value: Any, *, length: int | None) -> bool:
    return type(value) is str and "\0" not in value and (length is None or len(value) <= length)


def is_day(value: Any) -> bool:
    return _is_time(value, _DAY, date.fromisoformat)


def is_moment(value: Any) -> bool:
    return _is_time(value, _MOMENT, datetime.fromisoformat)


def _is_time(value: Any, shape, read: Callable) -> bool:
    if type(value) is not str or not shape.fullmatch(value):
        return False
    try:
        read(value)
    except ValueError:
        return False
    return True


def _is_figure(value: Any, *, whole: int, places: int) -> bool:
    if type(value) is not str or not _FIGURE.fullmatch(value) or value == "-0":
        return False
    before, _point, after = value.lstrip("-").partition(".")
    return len(before) <= whole and len(after) <= places


def stored(field: models.Field, connection: BaseDatabaseWrapper) -> Callable[[Any], Any] | None:
    """How a value, as a line has it, goes into the field's column; None where it goes as it is."""
    kind = _stored(field).get_internal_type()
    if kind == "JSONField":
        return lambda value: None if value is None else json.dumps(value, ensure_ascii=False)
    if connection.vendor == "sqlite" and kind == "DateTimeField":
        return _moment_of_sqlite
    return None


def _moment_of_sqlite(value: str | None) -> str | None:
    """As Django's SQLite backend writes moments: they are compared as text."""
    return value and f"{value[:10]} {value[11:19]}{'' if value[19:26] == '.000000' else value[19:26]}"
