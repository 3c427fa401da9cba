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
from kpis.models import EntryLock, LockException, OutcomeTarget, ProgressReport
from kpis.models.locks import holds_on


@dataclass(frozen=True)
class Locks:
    """The years that are locked on a day, and the programmes excepted from each. Read once, asked of many results."""

    years: dict[int, EntryLock]
    excepted: dict[int, set[int]]

    def against(self, programme_id: int, fiscal_year: int) -> EntryLock | None:
        """The lock that keeps the programme's results of a year from being entered; None where they may be."""
        return None if programme_id in self.excepted.get(fiscal_year, ()) else self.years.get(fiscal_year)


def with_exceptions(on: date) -> dict[EntryLock, list[LockException]]:
    """The locks of a day with the exceptions of that day. One query."""
    of_the_day = FilteredRelation("exceptions", condition=holds_on(on, through="exceptions__"))
    read = EntryLock.objects.filter(locked=True).annotate(excepted=of_the_day).select_related("set_by", "excepted__organisation")
    locks: dict[EntryLock, list[LockException]] = {}
    for lock in read.order_by("-fiscal_year", "excepted__organisation"):
        exceptions = locks.setdefault(lock, [])
        if hasattr(lock, "excepted"):  # a lock without exceptions is read once, without one
            exceptions.append(lock.excepted)
    return locks


def in_force(on: date) -> Locks:
    """What is locked on a day, and for whom not. One query, and three more where there are exceptions."""
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


def wait_for_entries() -> None:
    """Wait, in the transaction that locks a year, for whoever is entering a result: none of them is saved after the lock.

    Entering locks a target or a report first and asks for locks then. SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in (OutcomeTarget, ProgressReport))
            cursor.execute(f"LOCK TABLE {tables} IN EXCLUSIVE MODE")


def refuse_locked(programme_id: int, fiscal_year: int, on: date) -> None:
    """ValidationError, with who locked the year, when and why, where its results may not be entered on a day."""
    if lock := in_force(on).against(programme_id, fiscal_year):
        raise ValidationError(lock.in_words, code="locked")
