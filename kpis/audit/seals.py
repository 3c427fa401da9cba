"""Seals on the history: what a seal covers cannot be changed without breaking it and every seal after it.

`seal` appends seals over the new rows of each history, a thousand at most each, chained to the seal before. They prove nothing alone: who
owns the database can write all of it anew. A head (the last seal's SHA-256) that left the house, on paper or by mail, is what holds: the
chain has to go through it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from hashlib import sha256
from zlib import crc32

from django.db import DatabaseError, connection, models, transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from budget.append_only import history_models
from kpis.audit import canonical
from kpis.models import NO_SEAL_BEFORE, Seal

ROWS_OF_A_SEAL = 1_000
PATIENCE = 10  # seconds


class DoesNotHold(Exception):
    """A seal does not hold; the text says which, and why."""


@dataclass(frozen=True)
class Broken:
    """A seal that does not hold, and why, in words."""

    seal: Seal
    why: str

    def __str__(self):
        seal = self.seal
        place = {"number": seal.number, "table": seal.history_table, "first": seal.first_id, "last": seal.last_id}
        return _("Seal %(number)s (%(table)s, rows %(first)s–%(last)s): %(why)s") % (place | {"why": self.why})


def histories() -> list[type[models.Model]]:
    """The models of all histories, in the order in which they are sealed."""
    return sorted(history_models(), key=lambda model: model._meta.label_lower)


def models_with_history() -> list[type[models.Model]]:
    return [history.instance_type for history in histories()]


def head() -> str:
    """The SHA-256 of the last seal; zeros before the first."""
    return Seal.objects.order_by("-number").values_list("sha256", flat=True).first() or NO_SEAL_BEFORE


def seal(*, by, now: datetime) -> list[Seal]:
    """Seal what has been recorded since the last seal, history by history. The new seals are given back; none where nothing has been.

    DoesNotHold where the last seal was changed: nothing is chained to it.
    """
    ends = _ends()
    with transaction.atomic():
        _lock(Seal, "EXCLUSIVE")  # two runs at once would chain to the same seal
        last = Seal.objects.order_by("-number").first()
        if last and last.digest() != last.sha256:
            raise DoesNotHold(str(Broken(last, _("the seal itself was changed."))))
        number, previous = (last.number, last.sha256) if last else (0, NO_SEAL_BEFORE)
        sealed, added = _sealed(), []
        for history in histories():
            label, columns = history._meta.label_lower, canonical.columns_of(history)
            first = sealed.get(label, 0) + 1  # not the first that is there: no row may come in between two seals
            rows = canonical.rows(history, columns, connection, first=first, last=ends[label])
            for some in canonical.slices(rows, lambda row: len(row[1]), ROWS_OF_A_SEAL):
                new = Seal(history_table=label, columns=" ".join(columns), previous=previous, sealed_by=by, sealed_at=now)
                new.number, new.first_id, new.last_id, new.rows = number + 1, first, some[-1][0], len(some)
                new.rows_sha256, new.row_marks = _digest(some), " ".join(_marks(some))
                new.sha256 = new.digest()
                new.save(force_insert=True)
                number, previous, first = new.number, new.sha256, new.last_id + 1
                added.append(new)
        return added


def _sealed() -> dict[str, int]:
    """The last row of each history that is sealed."""
    return dict(Seal.objects.order_by().values_list("history_table").annotate(Max("last_id")))


def _digest(rows: list[tuple[int, bytes]]) -> str:
    return sha256(b"".join(row + b"\n" for _number, row in rows)).hexdigest()


def _marks(rows: list[tuple[int, bytes]]) -> list[str]:
    return [f"{crc32(row):08x}" for _number, row in rows]


def _ends() -> dict[str, int]:
    """The last row of each history, below which no other can come any more.

    Numbers are drawn by writers that hold a lock on the table: once all of them are waited for, what they drew is there or never comes.
    The lock is given back at once, before the next table's is asked for: a writer who holds one and wants another would wait for ever. On
    SQLite writers come one after another anyway.
    """
    ends = {}
    for model in histories():
        with transaction.atomic():
            _lock(model, "SHARE ROW EXCLUSIVE")
            ends[model._meta.label_lower] = model.objects.aggregate(last=Max("pk"))["last"] or 0
    return ends


def _lock(model: type[models.Model], mode: str) -> None:
    """OperationalError where a writer keeps the table for long: whoever wants to write it queues behind us."""
    if connection.vendor == "postgresql":
        table = connection.ops.quote_name(model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}s'; LOCK TABLE {table} IN {mode} MODE")


def broken() -> Iterator[Broken]:
    """Every seal that does not hold, in the order of their numbers."""
    known = {model._meta.label_lower: canonical.columns_of(model) for model in histories()}
    number, previous, sealed = 0, NO_SEAL_BEFORE, dict.fromkeys(known, 0)
    for seal in Seal.objects.order_by("number").iterator(100):
        if seal.number != number + 1:
            yield Broken(seal, _("seal %(number)s before it is missing.") % {"number": number + 1})
        elif seal.previous != previous:
            yield Broken(seal, _("it is not chained to the seal before it."))
        if seal.digest() != seal.sha256:
            yield Broken(seal, _("the seal itself was changed."))
        elif seal.first_id != sealed.get(seal.history_table, 0) + 1:
            yield Broken(seal, _("rows before it are not sealed: it begins at %(first)s.") % {"first": seal.first_id})
        elif gone := sorted(set(seal.told) - set(known.get(seal.history_table, ()))):
            yield Broken(seal, _("the columns that it covers are gone: %(columns)s.") % {"columns": ", ".join(gone)})
        else:
            try:
                why = _differs(seal)
            except DatabaseError as error:
                why = _("its rows cannot be read (%(error)s).") % {"error": error}
            if why:
                yield Broken(seal, why)
        number, previous, sealed[seal.history_table] = seal.number, seal.sha256, seal.last_id


def _differs(seal: Seal) -> str:
    """Why the rows are not as they were sealed; blank where they are."""
    (history,) = (model for model in histories() if model._meta.label_lower == seal.history_table)
    rows = list(canonical.rows(history, seal.told, connection, first=seal.first_id, last=seal.last_id))
    if len(rows) == seal.rows and _digest(rows) == seal.rows_sha256:
        return ""
    return _where(seal, rows) or _("which row was changed cannot be said.")


def _where(seal: Seal, rows: list[tuple[int, bytes]]) -> str:
    """Which rows are not as they were sealed and how many are missing, by the marks of the rows; their numbers where no others fit."""
    was, now = seal.row_marks.split(" "), _marks(rows)
    numbers = [seal.first_id - 1, *(number for number, _row in rows), seal.last_id + 1]
    changed, missing, gone = [], [], 0
    for what, i, j, m, n in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        changed += numbers[m + 1 : n + 1]
        gone += max(0, (j - i) - (n - m))
        between = range(numbers[m] + 1, numbers[n + 1])
        if len(between) == j - i and m == n:
            missing += between
    told = [_("not as sealed: %(rows)s") % {"rows": ", ".join(map(str, changed))}] if changed else []
    told += [_("missing: %(n)s of %(all)s rows") % {"n": gone, "all": seal.rows}] if gone else []
    told += [_("their numbers: %(rows)s") % {"rows": ", ".join(map(str, missing))}] if missing else []
    return "; ".join(told)


def unsealed() -> int:
    """How many rows of history no seal covers yet, or never will: numbers below the first one are no history's."""
    sealed = Seal.objects.aggregate(rows=Sum("rows"))["rows"] or 0
    return sum(model.objects.count() for model in histories()) - sealed


def without_number() -> Iterator[str]:
    """Rows of history that no seal can cover: their numbers lie below those that the database gives."""
    for model in histories():
        for number in model.objects.filter(pk__lt=1).order_by("pk").values_list("pk", flat=True):
            yield _("%(table)s: row %(number)s has a number that the database never gives.") % {
                "table": model._meta.label_lower,
                "number": number,
            }


def goes_through(head: str) -> Seal | None:
    """The seal whose SHA-256 is a head that was once noted down; None where the chain does not go through it."""
    return Seal.objects.filter(sha256=head.strip().lower()).first()
