"""Changes across all models: of a period, by a person, of one kind, for an organisation, or unusual ones; the newest first.

`budget.history.changes` alone reads what a history row changed; here is which rows are asked for, and in which order.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models
from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Value
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Posting, SentReminder, User
from accounts.roles import Role
from budget import history
from budget.models import (
    BudgetAmount,
    Organisation,
    Programme,
    ProgrammeOrganisation,
    ProgrammeSuccession,
    SourceDocument,
    SourcePassage,
    SourceText,
)
from budget.table import csv_lines
from kpis import revisions
from kpis.choices import ReportState
from kpis.marks import marks_of
from kpis.models import (
    ClosedMiss,
    EntryLock,
    Evidence,
    LockException,
    OutcomeTarget,
    ProgrammeMatch,
    ProgressReport,
    TargetLink,
    TargetProposal,
    YearlyMilestone,
)

# Every model with a history, and how its rows lead to the organisation that a change concerns; None where it concerns none.
ORGANISATION_OF: dict[type[models.Model], str | None] = {
    Programme: "lead",
    ProgrammeOrganisation: "programme__lead",
    ProgrammeSuccession: "successor__lead",
    BudgetAmount: "programme__lead",
    OutcomeTarget: "programme__lead",
    TargetLink: "from_target__programme__lead",
    YearlyMilestone: "target__programme__lead",
    ProgressReport: "target__programme__lead",
    Evidence: "report__target__programme__lead",
    ClosedMiss: "target__programme__lead",
    EntryLock: None,
    LockException: "organisation",
    TargetProposal: "programme__lead",
    ProgrammeMatch: "candidate__lead",
    SourceDocument: None,
    SourceText: None,
    SourcePassage: "programme__lead",
    Organisation: "id",
    User: None,
    Posting: "organisation",
    SentReminder: None,
}
MODELS = {model._meta.label_lower: model for model in ORGANISATION_OF}


@dataclass(frozen=True)
class Wanted:
    """Which changes are asked for. `since` and `until` are moments, the second one not included."""

    since: datetime
    until: datetime
    by: User | None = None
    model: str = ""
    organisation_ids: frozenset[int] | None = None
    programme: Programme | None = None
    unusual: str = ""


def _after_the_last_day(wanted: Wanted) -> Q:
    """Revisions of targets whose last day before them had passed. Read apart: a query with windows stands in no other. One query."""
    late = revisions.revisions().filter(before_due_on__lt=F("revised_on"), history_date__gte=wanted.since, history_date__lt=wanted.until)
    return Q(history_id__in=list(late.values_list("history_id", flat=True)))


_ADMINISTRATORS = Posting.objects.filter(user=OuterRef("history_user"), role=Role.ADMINISTRATOR)
# What an auditor looks at first: a title, the condition on history rows, and the models that it speaks of (all, where None).
UNUSUAL: dict[str, tuple[Any, Callable[[Wanted], Q], tuple[type[models.Model], ...] | None]] = {
    "after_deadline": (_("terms of a target changed after its last day"), _after_the_last_day, (OutcomeTarget,)),
    "command": (_("by a command, not by a person"), lambda wanted: Q(history_user=None), None),
    "administrator": (_("by somebody who is or was an administrator"), lambda wanted: Q(Exists(_ADMINISTRATORS)), None),
    "reopened": (
        _("a result under correction after it was accepted"),
        lambda wanted: Q(accepted_measured_on__isnull=False) & ~Q(state=ReportState.ACCEPTED),
        (ProgressReport,),
    ),
}


@dataclass(frozen=True)
class Told:
    """A change with what it changed: the kind of the object, its name, and the page of its history, where it has one."""

    kind: str
    name: str
    url: str
    change: history.Change


def rows_of(wanted: Wanted) -> QuerySet:
    """(model, moment, number) of the history rows that are asked for, the newest first. One query counts them, one reads a page."""
    parts = [part for label, model in MODELS.items() if (part := _rows_of(label, model, wanted)) is not None]
    if not parts:
        return Programme.history.none().values_list(Value(""), "history_date", "history_id")
    return parts[0].union(*parts[1:], all=True).order_by("-history_date", "-history_id")


def _rows_of(label: str, model: type[models.Model], wanted: Wanted) -> QuerySet | None:
    """The rows of one model, or None where none is asked for."""
    path = ORGANISATION_OF[model]
    if wanted.model not in ("", label) or (wanted.organisation_ids is not None and path is None):
        return None
    rows = model.history.filter(history_date__gte=wanted.since, history_date__lt=wanted.until)
    if wanted.by is not None:
        rows = rows.filter(history_user=wanted.by)
    if wanted.organisation_ids is not None:
        rows = rows.filter(**{f"{path}__in": wanted.organisation_ids})
    if wanted.programme is not None:
        if path is None or not path.endswith("lead"):
            return None
        rows = rows.filter(**{f"{path.removesuffix('lead')}id": wanted.programme.pk})
    if wanted.unusual:
        _title, condition, of = UNUSUAL[wanted.unusual]
        if of is not None and model not in of:
            return None
        rows = rows.filter(condition(wanted))
    return rows.order_by().annotate(of_model=Value(label)).values_list("of_model", "history_date", "history_id")


def first_day_of(programme: Programme) -> date | None:
    """The day from which there are changes of the programme, in Asia/Tokyo; None where no history tells of it."""
    first = programme.history.aggregate(first=Min("history_date"))["first"]
    return first and timezone.localtime(first).date()


def told(rows: Iterable[tuple]) -> list[Told]:
    """What the rows tell, in their order. As many queries for many rows as for one: a few for each model among them."""
    rows = list(rows)
    numbers: dict[str, list[int]] = {}
    for label, _at, number in rows:
        numbers.setdefault(label, []).append(number)
    found = {(label, one.change.row.history_id): one for label, of in numbers.items() for one in _told_of(MODELS[label], of)}
    return [found[label, number] for label, _at, number in rows]


def _told_of(model: type[models.Model], numbers: list[int]) -> Iterator[Told]:
    key = model._meta.pk.attname
    objects = model.history.filter(history_id__in=numbers).order_by().values(key)
    whole = model.history.filter(**{f"{key}__in": objects}).select_related("history_user").order_by("history_date", "history_id")
    told = history.changes(whole)
    links = [f.name for f in model._meta.fields if f.is_relation]
    named = model._base_manager.select_related(*links).in_bulk({getattr(change.row, key) for change in told})
    names, wanted = {pk: str(row) for pk, row in named.items()}, set(numbers)
    for change in told:
        if change.row.history_id in wanted:
            pk = getattr(change.row, key)
            yield Told(str(model._meta.verbose_name), names.get(pk, str(pk)), _history_page(model, pk), change)


def _history_page(model: type[models.Model], pk: Any) -> str:
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_history", args=(pk,))
    except NoReverseMatch:  # it is told on the page of what it belongs to
        return ""


# --- As a file ----------------------------------------------------------------------------------------------------------------------

COLUMNS = ("changed_at", "changed_by", "model", "key", "name", "created", "field", "old", "new", "reason", "marks")
AT_ONCE = 500


def csv_of(wanted: Wanted) -> Iterator[bytes]:
    """One row for each field that changed; a change that changed no field has one too."""
    return csv_lines(COLUMNS, _cells(rows_of(wanted)))


def _cells(rows: QuerySet) -> Iterator[list]:
    first = 0
    while some := list(rows[first : first + AT_ONCE]):
        for one in told(some):
            change = one.change
            model = change.row.instance_type
            about = [
                timezone.localtime(change.at).isoformat(),
                change.by.username if change.by else "",
                model._meta.label_lower,
                getattr(change.row, model._meta.pk.attname),
                one.name,
                change.created,
            ]
            marks = " ".join(mark.code for mark in marks_of(change.row))
            for field in change.fields or [None]:
                yield [*about, *((field.name, field.old, field.new) if field else ("", "", "")), change.reason, marks]
        first += AT_ONCE
