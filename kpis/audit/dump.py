"""An audit fixture: everything that is recorded, live and history, as files that prove themselves.

One file of canonical lines for each table, in the order of the rows' numbers, the code tables, and `manifest.json`. All of it is of one
moment: one snapshot of the database. The same database, day and person give the same bytes, on SQLite and PostgreSQL alike.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max

from kpis.audit import canonical, manifest, seals
from kpis.exports.codes import HEADER, code_rows
from kpis.models import AuditCopy, Seal

CODES = "codes.jsonl"


def tables() -> dict[str, type[models.Model]]:
    """Every table that an audit fixture holds, by the name of its file: live rows, histories, seals."""
    told = [*seals.models_with_history(), *seals.histories(), Seal]
    return {f"{model._meta.label_lower}.jsonl": model for model in sorted(told, key=lambda model: model._meta.label_lower)}


def origin(*, by, on: date) -> dict[str, Any]:
    """Whose fixture it is: the site, the person, and the day that figures are judged on. A copy hands on what it was loaded with."""
    if copy := AuditCopy.objects.first():
        return manifest.origin_in(json.loads(copy.manifest))
    return {"site": settings.SEIKA_ADDRESS, "by": by and {"user": by.username, "name": by.name}, "on": on.isoformat()}


def dump(directory: Path, *, origin: dict[str, Any], progress: Callable[[Iterable], Iterable] = iter) -> dict[str, Any]:
    """Write a fixture into a directory that is not there yet or empty, and give back its manifest. A failed dump leaves nothing.

    OSError where it cannot be written.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        with _snapshot():
            files = {name: _write(made / name, rows) for name, rows in progress([*_contents()])}
            told = {"format": manifest.FORMAT, "version": settings.SEIKA_VERSION, **origin, **state(), "files": files}
        text = manifest.text_of(told)
        (made / manifest.MANIFEST).write_text(text, "utf-8")
        made.rename(directory)
    except BaseException:
        rmtree(made, ignore_errors=True)
        raise
    return told


@contextmanager
def _snapshot() -> Iterator[None]:
    """All that is read within is of one moment. Writers go on."""
    mode = getattr(connection, "transaction_mode", None)
    if connection.vendor == "sqlite":
        connection.transaction_mode = "DEFERRED"  # reads, and locks nobody out
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql" and len(connection.savepoint_ids) == 0:
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    finally:
        if connection.vendor == "sqlite":
            connection.transaction_mode = mode


def _contents() -> Iterator[tuple[str, Iterable[bytes]]]:
    yield CODES, codes()
    for name, model in tables().items():
        yield name, (row for _number, row in canonical.rows(model, canonical.columns_of(model), connection))


def codes() -> Iterator[bytes]:
    """The code tables, as rows."""
    return (canonical.encode(dict(zip(HEADER, row, strict=True))).encode() for row in code_rows())


def _write(file: Path, rows: Iterable[bytes]) -> dict[str, Any]:
    digest, number = sha256(), 0
    with file.open("wb") as out:
        for row in rows:
            line = manifest.line_of(row)
            digest.update(line)
            out.write(line)
            number += 1
    return {"rows": number, "sha256": digest.hexdigest()}


def state() -> dict[str, Any]:
    """What the rows tell all together: until when they know, by which migrations their columns stand, and the seals."""
    newest = [history.objects.aggregate(at=Max("history_date"))["at"] for history in seals.histories()]
    return {
        "known_until": _moment(max((at for at in newest if at), default=None)),
        "migrations": migrations(),
        "seals": Seal.objects.count(),
        "head": seals.head(),
    }


def _moment(at: datetime | None) -> str | None:
    return at and at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def migrations() -> list[str]:
    """The migrations of our own apps that are applied."""
    ours = {model._meta.app_label for model in tables().values()}
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations() if app in ours)
