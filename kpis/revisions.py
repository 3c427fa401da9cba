"""Target revisions (改定): each time that what a target commits to changed after it was set, and how near its deadline that was.

A revision is a history row of a target whose terms or last day differ from those of the row before it; a programme's end that moves a
deadline is a revision of each target. It is *moved* where the last day is another one, and *eased* where some result would meet the new
goal that did not meet the old one; goals of another kind, unit or accumulation cannot be compared, and count as eased. Its days are
counted from the last day in force before it: below 0 before that day, above 0 after it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.db.models import BooleanField, Case, DateTimeField, ExpressionWrapper, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import Lag, RowNumber, TruncDate
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_cte import CTE, with_cte

from budget import history
from budget.history import FieldChange
from kpis.asof import Clocks
from kpis.choices import Comparator, Kind
from kpis.exports.columns import Column, Holds
from kpis.models import OutcomeTarget, with_status
from kpis.reports import MARKS_COLUMN, with_what_columns_read
from kpis.status import DOWNWARD, UPWARD, flag

SHORTLY_BEFORE = timedelta(days=90)
TERMS = (*OutcomeTarget.TERMS, "due_on")
NEWEST_FIRST = ("-history_date", "-history_id")


# --- Which history rows are revisions -----------------------------------------------------------------------------------------------


def revisions(known_at: datetime | None = None, of: Collection[int] | None = None) -> QuerySet:
    """The history rows that are revisions, of those recorded by a moment, of all targets or of those with these ids; the newest first.

    Adds: `before_…` for each of `TERMS`, what stood there before · `moved` · `eased` · `close`, moved or eased no earlier than 90 days
    before the last day of before · `late`, moved or eased after that day.
    """
    rows = _numbered(known_at, of).filter(number__gt=1, unchanged=False)
    soon = ExpressionWrapper(F("history_date") + SHORTLY_BEFORE, output_field=DateTimeField())
    weaker = Q(moved=True) | Q(eased=True)
    return (
        rows.annotate(moved=_unless(_same("due_on")), eased=_unless(_asks_no_less()), revised_on=TruncDate("history_date"))
        .annotate(
            close=flag(weaker & Q(before_due_on__lte=TruncDate(soon))),
            late=flag(weaker & Q(before_due_on__lt=F("revised_on"))),
        )
        .order_by(*NEWEST_FIRST)
    )


def originals(known_at: datetime | None, of: Collection[int]) -> QuerySet:
    """The first history row of each of these targets: what it committed to when it was set."""
    return _numbered(known_at, of).filter(number=1).order_by("id")


def _numbered(known_at: datetime | None, of: Collection[int] | None) -> QuerySet:
    """The history rows of each target in their order, each with the terms of the row before it."""
    rows = OutcomeTarget.history.order_by()
    if of is not None:
        rows = rows.filter(id__in=of)
    if known_at is not None:
        rows = rows.filter(history_date__lte=known_at)
    in_order = {"partition_by": F("id"), "order_by": ("history_date", "history_id")}
    before = {f"before_{name}": Window(Lag(name), **in_order) for name in TERMS}
    told = CTE(rows.values("history_id", number=Window(RowNumber(), **in_order), **before), name="revision_told", materialized=True)
    columns = {name: getattr(told.col, name) for name in ("number", *before)}
    unchanged = Q(*(_same(name) for name in TERMS))
    joined = told.join(OutcomeTarget.history.order_by(), history_id=told.col.history_id)
    return with_cte(told, select=joined.annotate(**columns)).annotate(unchanged=flag(unchanged))


def _same(name: str) -> Q:
    return Q(**{name: F(f"before_{name}")}) | Q(**{f"{name}__isnull": True, f"before_{name}__isnull": True})


def _asks_no_less() -> Q:
    """Whether every result that meets the new goal met the old one: its range begins no lower and ends no higher."""
    within, open_below, open_above = Comparator.WITHIN, Comparator.MORE_THAN, Comparator.LESS_THAN

    def inside(end: str, old_end: str, beyond: str, open_end: Comparator) -> Q:
        """The new end lies further in, or is the same and belongs to the range only where it did."""
        same_end = Q(**{end: F(old_end)}) & (~Q(before_comparator=open_end) | Q(comparator=open_end))
        return Q(**{f"{end}__{beyond}": F(old_end)}) | same_end

    begins = Q(before_comparator__in=DOWNWARD) | (Q(comparator__in=(*UPWARD, within)) & inside("value", "before_value", "gt", open_below))
    ends = Q(before_comparator__in=UPWARD)
    for old, old_end in ((Q(before_comparator__in=DOWNWARD), "before_value"), (Q(before_comparator=within), "before_value_max")):
        for new, end in ((Q(comparator__in=DOWNWARD), "value"), (Q(comparator=within), "value_max")):
            ends |= old & new & inside(end, old_end, "lt", open_above)
    of_grades = Q(kind=Kind.QUALITATIVE, before_kind=Kind.QUALITATIVE)
    return of_grades | (_same("kind") & _same("unit") & _same("accumulation") & begins & ends)


def _unless(condition: Q) -> Case:
    """Also where the condition cannot be told: what has no value is not the same as what has one."""
    return Case(When(condition, then=Value(False)), default=Value(True), output_field=BooleanField())


# --- What a revision shows ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Revision:
    """A revision with the target's status by its original terms and by those of now.

    `target` is the target as it stands, with None for a status where it is withdrawn; `original` its first history row, with the status.
    """

    row: Any
    target: OutcomeTarget
    original: Any

    @property
    def fields(self) -> list[FieldChange]:
        """The terms that it changed, in words."""
        before = SimpleNamespace(instance_type=OutcomeTarget, **{name: getattr(self.row, f"before_{name}") for name in TERMS})
        return history.differences(before, self.row, TERMS)

    @property
    def days(self) -> int | None:
        """From the last day in force before: below 0 before it, above 0 after it; None where there was none."""
        return None if self.row.before_due_on is None else (self.row.revised_on - self.row.before_due_on).days

    @property
    def days_in_words(self) -> str:
        """90 days before, on the last day, 1 day after; '' where there was no last day."""
        match self.days:
            case None:
                return ""
            case 0:
                return gettext("on the last day")
            case n if n < 0:
                return ngettext("%(n)s day before", "%(n)s days before", -n) % {"n": -n}
            case n:
                return ngettext("%(n)s day after", "%(n)s days after", n) % {"n": n}

    @property
    def status(self) -> str:
        return self.target.status or ""

    @property
    def original_status(self) -> str:
        return self.original.status if self.status else ""

    @property
    def marked(self) -> Any:
        """What carries the marks: the target with its status, or, where it is withdrawn, its terms after the revision."""
        return self.target if self.status else self.row


def told(rows: Iterable, clocks: Clocks) -> list[Revision]:
    """What revisions show, in their order. Two queries besides that of the rows, where there are any."""
    rows = list(rows)
    found = OutcomeTarget.objects.filter(pk__in={row.id for row in rows}).with_status_where_standing(clocks.on)
    return _told(rows, with_what_columns_read(found).in_bulk(), clocks)


def of_target(target: OutcomeTarget, clocks: Clocks) -> list[Revision]:
    """The revisions of one target, the oldest first. The target has its status, None where it is withdrawn. One query, and one more where
    there are any.
    """
    rows = list(revisions(clocks.known_at, of=[target.pk]).select_related("history_user"))
    return _told(rows, {target.pk: target}, clocks)[::-1]


def _told(rows: list, targets: Mapping[int, OutcomeTarget], clocks: Clocks) -> list[Revision]:
    first = {row.id: row for row in with_status(originals(clocks.known_at, {row.id for row in rows}), clocks.on)}
    return [Revision(row, targets[row.id], first[row.id]) for row in rows]


COLUMNS = (
    Column("programme_code", _("programme code"), lambda r: r.target.programme.code, _("The code of the programme as it stands.")),
    Column("target_code", _("target code"), lambda r: r.target.code, _("The code of the target that was revised.")),
    Column("programme", _("programme"), lambda r: r.target.programme.display_title, _("The title of the programme as it stands.")),
    Column(
        "lead_organisation",
        _("lead organisation"),
        lambda r: r.target.programme.lead.name,
        _("The organisation that leads the programme as it stands."),
    ),
    Column("indicator", _("indicator"), lambda r: r.row.indicator, _("What is measured, as it stood after the revision.")),
    Column(
        "revised_at",
        _("revised at"),
        lambda r: timezone.localtime(r.row.history_date).isoformat(),
        _("The moment at which the revision was saved."),
        Holds.MOMENT,
    ),
    Column("revised_by", _("revised by"), lambda r: r.row.history_user and r.row.history_user.name, _("Who saved the revision.")),
    Column("reason", _("reason"), lambda r: r.row.history_change_reason, _("Why the target was revised, as it was given then.")),
    Column(
        "days_from_deadline",
        _("days from the last day"),
        lambda r: r.days,
        _("From the last day in force before the revision: below 0 before that day, above 0 after it. Blank where there was none."),
        Holds.DAYS,
    ),
    Column("moved", _("deadline moved"), lambda r: r.row.moved, _("True where the revision changed the last day."), Holds.FLAG),
    Column(
        "eased",
        _("goal eased"),
        lambda r: r.row.eased,
        _("True where some result meets the new goal that did not meet the old one, or where both cannot be compared."),
        Holds.FLAG,
    ),
    Column("due_on_before", _("last day before"), lambda r: r.row.before_due_on, _("The last day before the revision."), Holds.DAY),
    Column("due_on_after", _("last day after"), lambda r: r.row.due_on, _("The last day after the revision."), Holds.DAY),
    Column(
        "comparator_before",
        _("comparator before"),
        lambda r: r.row.before_comparator,
        _("How a result was held against the target value before the revision."),
        Holds.CODE,
        codes="comparator",
    ),
    Column(
        "comparator_after",
        _("comparator after"),
        lambda r: r.row.comparator,
        _("How a result was held against the target value after the revision."),
        Holds.CODE,
        codes="comparator",
    ),
    Column(
        "value_before",
        _("target value before"),
        lambda r: r.row.before_value,
        _("The target value before the revision, in its unit of then."),
        Holds.MEASURE,
    ),
    Column(
        "value_after",
        _("target value after"),
        lambda r: r.row.value,
        _("The target value after the revision, in its unit of then."),
        Holds.MEASURE,
    ),
    Column(
        "value_max_before",
        _("upper value before"),
        lambda r: r.row.before_value_max,
        _("The upper end of a range before the revision."),
        Holds.MEASURE,
    ),
    Column(
        "value_max_after",
        _("upper value after"),
        lambda r: r.row.value_max,
        _("The upper end of a range after the revision."),
        Holds.MEASURE,
    ),
    Column("unit_before", _("unit before"), lambda r: r.row.before_unit, _("The unit before the revision.")),
    Column("unit_after", _("unit after"), lambda r: r.row.unit, _("The unit after the revision.")),
    Column(
        "due_on_original",
        _("original last day"),
        lambda r: r.original.due_on,
        _("The last day when the target was set."),
        Holds.DAY,
    ),
    Column(
        "value_original",
        _("original target value"),
        lambda r: r.original.value,
        _("The target value when the target was set."),
        Holds.MEASURE,
    ),
    Column(
        "status_original_terms",
        _("status by the original terms"),
        lambda r: r.original_status,
        _("The status on the day judged if the target had never been revised. Blank where it is withdrawn."),
        Holds.CODE,
        codes="status",
    ),
    Column(
        "status",
        _("status"),
        lambda r: r.status,
        _("The status on the day judged by the terms as they stand. Blank where the target is withdrawn."),
        Holds.CODE,
        codes="status",
    ),
    Column(
        "revised_after_deadline",
        _("revised after the deadline"),
        lambda r: r.target.revised_after_deadline,
        _("True where the value, the comparator or the deadline were ever changed after the last day."),
        Holds.FLAG,
    ),
    replace(MARKS_COLUMN, value=lambda r: MARKS_COLUMN.value(r.marked)),
)
