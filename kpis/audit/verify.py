"""Whether what stands in the database is what its history tells: every live row against its newest history row, and what is derived
against what it follows from: last days against their terms, the ledgers of what was known when against the histories. Nothing is
written, and memory stays flat: both sides are read in the order of their keys, or compared in the database.
"""

import filecmp
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connection, models
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from budget import known
from budget.known import NO_ROW, ROW
from kpis.audit import dump, manifest, seals
from kpis.models import AuditCopy, OutcomeTarget

AT_ONCE = 2_000


@dataclass(frozen=True)
class Difference:
    """A field of a row that says something else than it should: what stands there, and what its history or its terms give.

    Where a row has no history, or a history no row, `field` is blank; so it is where a ledger has no row, or one too many.
    """

    model: type[models.Model]
    key: Any
    field: str
    stands: Any
    expected: Any

    def __str__(self):
        place = f"{self.model._meta.label_lower} {self.key}"
        return f"{place}: {self.field}: {self.stands!r} ≠ {self.expected!r}" if self.field else f"{place}: {self.stands} ≠ {self.expected}"


HISTORY, NO_HISTORY = "a history", "no history"


def everything(expected_head: str | None = None) -> Iterator[Difference | seals.Broken | str]:
    """All that is not as it should be: seals first, then what `differences` tells. The seals have to go through an expected head."""
    if expected_head is not None and not seals.goes_through(expected_head):
        yield _("No seal has the SHA-256 %(head)s: the chain does not go through it.") % {"head": expected_head}
    yield from seals.broken()
    yield from seals.without_number()
    yield from differences()


def fixture(
    directory: Path, *, expected_head: str | None, progress: Callable[[Iterable], Iterable] = iter
) -> Iterator[tuple[str, Iterator]]:
    """The steps by which a fixture and the database that was loaded from it are checked: (what is looked at, what is not as it should be).

    NotAsWritten where the files are not what was written: then nothing else is looked at. OSError where they cannot be read.
    """
    told = manifest.read(directory)
    yield _("Files and manifest"), iter(())
    other = list(_other_than(told))
    yield _("The loaded copy"), iter(other)
    if other:
        return
    yield _("History, seals and terms"), everything(expected_head)
    yield _("A second dump"), _second_dump(directory, manifest.origin_in(told), progress)


def _other_than(told: dict[str, Any]) -> Iterator[str]:
    copy = AuditCopy.objects.first()
    if copy is None:
        yield _("This database is no copy: load the fixture into an empty database first.")
    elif copy.manifest != manifest.text_of(told):
        yield _("This database is a copy of another fixture.")


def _second_dump(directory: Path, origin: dict[str, Any], progress: Callable[[Iterable], Iterable]) -> Iterator[str]:
    """The files that a dump of this database writes otherwise."""
    with TemporaryDirectory() as place:
        again = Path(place) / "again"
        dump.dump(again, origin=origin, progress=progress)
        for name in sorted(path.name for path in again.iterdir()):
            number = _first_other_line(directory / name, again / name)
            if number:
                yield _("%(file)s, line %(line)s: the second dump differs.") % {"file": name, "line": number}


def _first_other_line(one: Path, other: Path) -> int | None:
    if filecmp.cmp(one, other, shallow=False):
        return None
    with one.open("rb") as lines, other.open("rb") as others:
        return next(number for number, (line, like) in enumerate(zip_longest(lines, others), 1) if line != like)


def differences() -> Iterator[Difference]:
    """Every difference once, model by model in the order of their keys."""
    told = set()
    for model in seals.models_with_history():
        for difference in _against_history(model):
            told.add(difference)
            yield difference
    yield from (difference for difference in _against_terms() if difference not in told)
    for ledger in known.ledgers():
        yield from (Difference(ledger, *found) for found in known.differences(ledger, connection))


def _against_history(model: type[models.Model]) -> Iterator[Difference]:
    key, history = model._meta.pk.attname, model.history.model
    columns = [field.attname for field in history.tracked_fields]
    latest = model.history.filter(**{key: OuterRef(key)}).order_by("-history_date", "-history_id").values("history_id")[:1]
    newest = model.history.filter(history_id=Subquery(latest)).exclude(history_type="-").order_by(key)
    told, rows = (_in_order(found.values(*columns), key) for found in (newest, model._base_manager.order_by(key)))
    live, past = next(rows, None), next(told, None)
    while live or past:
        if past is None or (live is not None and live[key] < past[key]):
            yield Difference(model, live[key], "", ROW, NO_HISTORY)
            live = next(rows, None)
        elif live is None or past[key] < live[key]:
            yield Difference(model, past[key], "", NO_ROW, HISTORY)
            past = next(told, None)
        else:
            for column in columns:
                if live[column] != past[column]:
                    yield Difference(model, live[key], column, live[column], past[column])
            live, past = next(rows, None), next(told, None)


def _in_order(rows: models.QuerySet, key: str) -> Iterator[dict]:
    """The rows a slice at a time: a cursor of SQLite would be lost to what is read beside it."""
    after = None
    while some := list((rows if after is None else rows.filter(**{f"{key}__gt": after}))[:AT_ONCE]):
        yield from some
        after = some[-1][key]


def _against_terms() -> Iterator[Difference]:
    """Last days and years judged against the terms, the programme and the document that they follow from (DOMAIN §3, §4)."""
    targets = OutcomeTarget.objects.select_related("programme", "passage__document").order_by("pk")
    for target in targets.iterator(AT_ONCE):
        stored = target.derived
        target.derive()
        for column, stands, expected in zip(OutcomeTarget.DERIVED, stored, target.derived, strict=True):
            if stands != expected:
                yield Difference(OutcomeTarget, target.pk, column, stands, expected)
