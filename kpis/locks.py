"""Whether the results of a fiscal year may be entered on a day (DOMAIN §6).

A locked year takes no more results: nothing of it is entered, submitted, recalled, reopened or taken down by an official, on a form or
in a workbook. An exception opens it, until a day, for the programmes that an organisation and those below it answer for. What waits is
still decided by reviewers. Locks and exceptions themselves are kept in the admin.
"""

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db.models import Prefetch

from budget.models import Organisation, Programme, subtree_ids
from kpis.models import EntryLock, LockException


@dataclass(frozen=True)
class Locks:
    """The years that are locked on a day, and the programmes excepted from each. Read once, asked of many results."""

    years: dict[int, EntryLock]
    excepted: dict[int, set[int]]

    def against(self, programme_id: int, fiscal_year: int) -> EntryLock | None:
        """The lock that keeps the programme's results of a year from being entered; None where they may be."""
        return None if programme_id in self.excepted.get(fiscal_year, ()) else self.years.get(fiscal_year)


def in_force(on: date) -> Locks:
    """The locks of a day with its exceptions. Two queries, and two more where there are exceptions."""
    exceptions = Prefetch("exceptions", LockException.objects.on(on).select_related("organisation"), to_attr="in_force")
    locks = list(EntryLock.objects.filter(locked=True).select_related("set_by").prefetch_related(exceptions))
    excepted = {}
    if any(lock.in_force for lock in locks):
        tree = list(Organisation.objects.values_list("id", "parent_id"))
        for lock in locks:
            organisations = subtree_ids(tree, [exception.organisation_id for exception in lock.in_force])
            if organisations:
                excepted[lock.fiscal_year] = set(Programme.objects.answered_for_by(organisations).values_list("pk", flat=True))
    return Locks({lock.fiscal_year: lock for lock in locks}, excepted)


def refuse_locked(programme_id: int, fiscal_year: int, on: date) -> None:
    """ValidationError, with who locked the year, when and why, where its results may not be entered on a day."""
    if lock := in_force(on).against(programme_id, fiscal_year):
        raise ValidationError(lock.in_words, code="locked")
