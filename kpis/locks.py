"""Whether the results of a fiscal year may be entered on a day (DOMAIN §6).

A locked year takes no more results: nothing of it is entered, submitted, recalled, reopened or taken down, by whomever, on a form or in
a workbook. An exception opens it, until a day, for the programmes that an organisation and those below it answer for. What waits is
still decided by reviewers. Locks and exceptions themselves are kept in the admin.
"""

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import FilteredRelation

from budget.models import Organisation, Programme, ProgrammeOrganisation, subtree_ids
from kpis.models import EntryLock, LockException
from kpis.models.locks import holds_on


@dataclass(frozen=True)
class Locks:
    """The years that are locked on a day, and the programmes excepted from each. Read once, asked of many results."""

    years: dict[int, EntryLock]
    excepted: dict[int, set[int]]

    def against(self, programme_id: int, fiscal_year: int) -> EntryLock | None:
        """The lock that keeps the programme's results of a year from being entered; None where they may be."""
        return None if programme_id in self.excepted.get(fiscal_year, ()) else self.years.get(fiscal_year)


def with_exceptions(on: date, **narrowed) -> dict[EntryLock, list[LockException]]:
    """What is locked, each lock with its exceptions of a day; `narrowed` by columns of the lock. One query."""
    of_the_day = FilteredRelation("exceptions", condition=holds_on(on, through="exceptions__"))
    read = (
        EntryLock.objects.filter(locked=True, **narrowed).annotate(excepted=of_the_day).select_related("set_by", "excepted__organisation")
    )
    locks: dict[EntryLock, list[LockException]] = {}
    for lock in read.order_by("-fiscal_year", "excepted__organisation"):
        exceptions = locks.setdefault(lock, [])
        if hasattr(lock, "excepted"):  # a lock without exceptions is read once, without one
            exceptions.append(lock.excepted)
    return locks


def in_force(on: date) -> Locks:
    """What is locked on a day, and for whom not. One query, and three more where there are exceptions."""
    keep_as_they_are()
    locks, excepted = with_exceptions(on), {}
    if any(locks.values()):
        tree = list(Organisation.objects.values_list("id", "parent_id"))
        answered_for = [
            *Programme.objects.values_list("lead", "pk"),
            *ProgrammeOrganisation.objects.values_list("organisation", "programme"),
        ]
        for lock, exceptions in locks.items():
            organisations = subtree_ids(tree, [exception.organisation_id for exception in exceptions])
            excepted[lock.fiscal_year] = {programme for organisation, programme in answered_for if organisation in organisations}
    return Locks({lock.fiscal_year: lock for lock in locks}, excepted)


def against(programme_id: int, fiscal_year: int, on: date) -> EntryLock | None:
    """The lock that keeps one programme's results of a year from being entered; None where they may be.

    One query, and two more where organisations are excepted.
    """
    keep_as_they_are()
    for lock, exceptions in with_exceptions(on, fiscal_year=fiscal_year).items():
        tree = Organisation.objects.values_list("id", "parent_id") if exceptions else ()
        excepted = subtree_ids(tree, [exception.organisation_id for exception in exceptions])
        if not Programme.objects.answered_for_by(excepted).filter(pk=programme_id).exists():
            return lock
    return None


def refuse_locked(programme_id: int, fiscal_year: int, on: date) -> None:
    """ValidationError, with who locked the year, when and why, where its results may not be entered on a day."""
    if lock := against(programme_id, fiscal_year, on):
        raise ValidationError(lock.in_words, code="locked")


# --- Locking and entering at the same moment ----------------------------------------------------------------------------------------

_ENTERING = 20_240_331  # of PostgreSQL's advisory locks: a number that nothing else here uses


def wait_for_entries() -> None:
    """Wait, in the transaction that changes a lock, for whoever is entering results: nobody saves by what a lock was before.

    No row that entering locks is touched, so that nobody waits in a circle. SQLite has one writer at a time anyway.
    """
    _take("pg_advisory_xact_lock")


def keep_as_they_are() -> None:
    """Let nobody change a lock until this transaction ends; whoever enters results asks for it before any row. Outside of one: nothing."""
    if connection.in_atomic_block:
        _take("pg_advisory_xact_lock_shared")


def _take(advisory_lock: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {advisory_lock}(%s)", [_ENTERING])
