"""What changed, by whom, when and why: the one reading of the history tables.

Every page and file that tells of changes reads them here.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.dispatch import receiver
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext as _
from simple_history.signals import post_create_historical_record

from budget.fiscal import fiscal_year_name


@dataclass(frozen=True)
class FieldChange:
    """One field's old and new value, in words."""

    name: str
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Change:
    """One history row against the one before it; a first row has no old values."""

    row: models.Model
    at: datetime
    by: Any
    reason: str
    created: bool
    fields: list[FieldChange] = field(default_factory=list)


def explain(instance: models.Model, *, reason: str, by=None) -> None:
    """Say why the next save of `instance` happens; `by` where no request tells who."""
    instance._change_reason = reason
    if by is not None:
        instance._history_user = by


@dataclass(frozen=True)
class Version:
    """What a page shows of an object and of the rows that belong to it: the newest history row of each kind, by the kind's name.

    Every save writes a history row, so that a version is over as soon as anybody saved. As text: `progressreport:812 evidence:55`.
    """

    newest: dict[str, int]

    @classmethod
    def of(cls, instance: models.Model, belonging: Iterable[models.QuerySet] = ()) -> "Version":
        """The version of now; `belonging` are the histories of the rows that belong to the object. One query."""
        rows = [type(instance).history.filter(**{instance._meta.pk.name: instance.pk}), *belonging]
        histories = {_kind(one.model): one.order_by() for one in rows}
        first, *others = [
            one.annotate(of_kind=models.Value(kind))
            .values("of_kind")
            .annotate(newest=models.Max("history_id"))
            .values_list("of_kind", "newest")
            for kind, one in histories.items()
        ]
        newest = dict(first.union(*others, all=True))
        return cls({kind: newest.get(kind) or 0 for kind in histories})

    @classmethod
    def read(cls, text: str) -> "Version":
        """The version that a page sent back; of what cannot be read nothing was shown."""
        return cls({kind: int(number) for kind, number in re.findall(r"(\w+):([0-9]{1,18})(?!\S)", text)})

    def __str__(self):
        return " ".join(f"{kind}:{number}" for kind, number in self.newest.items())

    def is_older_than(self, row: models.Model) -> bool:
        """Whether the history row came after this version."""
        return row.history_id > self.newest.get(_kind(type(row)), 0)

    def shown(self, instance: models.Model) -> models.Model | None:
        """The object as this version shows it: a history row, or None where it was not there yet."""
        rows = type(instance).history.filter(**{instance._meta.pk.name: instance.pk})
        newest = self.newest.get(_kind(rows.model), 0)
        return rows.filter(history_id__lte=newest).order_by("-history_id").first()


def _kind(history: type[models.Model]) -> str:
    return history.instance_type._meta.model_name


@receiver(post_create_historical_record)
def _forget(instance, **_options) -> None:
    """A reason explains one save: the next one of the same instance is not told as if it had the same reason and author."""
    for told in ("_change_reason", "_history_user"):
        instance.__dict__.pop(told, None)


def gave_its_value(instance: models.Model, name: str) -> models.Model:
    """The history row that gave a column of the object the value which it has in the history now. One query."""
    attname = instance._meta.get_field(name).attname
    rows = iter(instance.history.order_by("-history_date", "-history_id"))
    found = next(rows)
    for row in rows:
        if getattr(row, attname) != getattr(found, attname):
            break
        found = row
    return found


def changes_of(instance: models.Model) -> list[Change]:
    """All changes of one object, the newest first. One query, and one for each model that changed links point to."""
    return changes(instance.history.select_related("history_user").order_by("history_date", "history_id"))[::-1]


def changes(rows: Iterable[models.Model]) -> list[Change]:
    """The changes that history rows of one model tell, in the order of the rows, each against the row of the same object before it."""
    rows = list(rows)
    if not rows:
        return []
    tracked = [f for f in rows[0].tracked_fields if not f.primary_key]
    key = rows[0].instance_type._meta.pk.attname
    before, differing = {}, []
    for row in rows:
        previous = before.get(getattr(row, key))
        differing.append([(f, previous, row) for f in tracked if _differs(f, previous, row)])
        before[getattr(row, key)] = row
    names = _names_of_links(differing)
    return [
        Change(
            row=row,
            at=row.history_date,
            by=row.history_user,
            reason=row.history_change_reason or "",
            created=row.history_type == "+",
            fields=[
                FieldChange(f.name, str(f.verbose_name), _in_words(f, previous, names), _in_words(f, row, names))
                for f, previous, row in found
            ],
        )
        for row, found in zip(rows, differing, strict=True)
    ]


def differences(before: Any, row: models.Model, names: Collection[str]) -> list[FieldChange]:
    """The columns of these names, none of them a link, in which a history row differs from what stood `before`, in words."""
    fields = [f for f in row.tracked_fields if f.name in names and _differs(f, before, row)]
    return [FieldChange(f.name, str(f.verbose_name), _in_words(f, before, {}), _in_words(f, row, {})) for f in fields]


def _differs(f: models.Field, previous: models.Model | None, row: models.Model) -> bool:
    new = getattr(row, f.attname)
    if previous is None:
        return not (new is None or new == "" or new is False)  # 0 is a value
    return getattr(previous, f.attname) != new


def _names_of_links(differing) -> dict[tuple[type, Any], str]:
    """The names of all linked objects, one query for each model."""
    wanted = defaultdict(set)
    for found in differing:
        for f, previous, row in found:
            if f.is_relation:
                wanted[f.related_model] |= {getattr(side, f.attname) for side in (previous, row) if side is not None} - {None}
    # With what they are called after: a report by its target, a passage by its document.
    found = {model: model._base_manager.select_related().in_bulk(keys) for model, keys in wanted.items()}
    return {(model, pk): str(linked) for model, linked_by_key in found.items() for pk, linked in linked_by_key.items()}


def _in_words(f: models.Field, row: models.Model | None, names: dict) -> str:
    value = None if row is None else getattr(row, f.attname)
    if value is None or value == "":
        return ""
    if f.is_relation:
        return names.get((f.related_model, value), str(value))
    if f.choices:
        return str(dict(f.flatchoices).get(value, value))
    if worded := getattr(row.instance_type, f"{f.name}_in_words", None):  # only another column says what it is
        return worded(row)
    match value:
        case bool():
            return _("yes") if value else _("no")
        case int() if f.name.endswith(("fiscal_year", "_fy", "_year")):
            return fiscal_year_name(value)
        case Decimal():
            return f"{value.normalize():f}"
        case datetime():
            return localize(timezone.localtime(value))
        case date():
            return localize(value)
    return str(value)
