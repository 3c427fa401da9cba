"""The organisations below a ministry, in which printed names are found; one that is not there is added."""

import re
from collections.abc import Callable

from django.db import models

from budget.models import Organisation, OrganisationKind, subtree_ids
from kpis.importers.pr_document.normalise import plain
from kpis.importers.pr_document.organisations import PrintedOrganisation


class OrganisationTree:
    """The tree below a ministry, in which a printed name finds its organisation; one that is not there is added."""

    _KINDS = (
        (re.compile(r"室$"), OrganisationKind.OFFICE),
        (re.compile(r"(?:部|事務局)$"), OrganisationKind.DEPARTMENT),
        (re.compile(r"(?:局|庁|グループ|G|官房|委員会)$"), OrganisationKind.BUREAU),
    )

    def __init__(self, ministry: Organisation, save: Callable[[models.Model], None]):
        self.ministry, self._save = ministry, save
        self.rows = {row.pk: row for row in Organisation.objects.all()}
        self.ids = subtree_ids([(row.pk, row.parent_id) for row in self.rows.values()], [ministry.pk])

    def of(self, printed: PrintedOrganisation) -> Organisation:
        """The organisation of a printed name: the units of its path, each somewhere below the one before it."""
        here = self.ministry
        for name in printed.path:
            here = self._below(here, name) or self._added(here, name)
        return here

    def _below(self, top: Organisation, name: str) -> Organisation | None:
        """The one organisation of that name below another, the nearest first; None where there is none, or more than one."""
        level = [row for row in self.rows.values() if row.parent_id == top.pk]
        while level:
            found = [row for row in level if _spelling(row.name) == _spelling(name)]
            if found:
                return found[0] if len(found) == 1 else None
            above = {row.pk for row in level}
            level = [row for row in self.rows.values() if row.parent_id in above]
        return None

    def _added(self, parent: Organisation, name: str) -> Organisation:
        kind = next((kind for pattern, kind in self._KINDS if pattern.search(name)), OrganisationKind.DIVISION)
        codes = {row.code for row in self.rows.values()}
        code = next(code for number in range(1, 100_000) if (code := f"{self.ministry.code}-{number:03}") not in codes)
        row = Organisation(code=code, name=name[:100], kind=kind, parent=parent)
        self._save(row)
        self.rows[row.pk] = row
        self.ids.add(row.pk)
        return row


def _spelling(name: str) -> str:
    """A name without what documents write now so and now so: G for グループ, white space, width."""
    return re.sub(r"G$", "グループ", re.sub(r"\s", "", plain(name)))
