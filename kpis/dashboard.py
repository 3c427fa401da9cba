"""The dashboard: how all targets stand on a day, in numbers, each of which has its list.

The numbers are sums over one table: the targets counted by lead organisation and by what the dashboard tells apart. A programme's targets
count for its lead, and for the lead's bureau. Money is counted once a programme, however many of its targets are overdue.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import BigIntegerField, Count, F, Q, QuerySet, Sum, Value

from budget.fiscal import fiscal_year_of
from budget.models import Programme, Tree
from kpis.asof import Clocks, as_known_at
from kpis.choices import OVERDUE, Status
from kpis.models import OutcomeTarget, falls_due, is_overdue, start_of_day
from kpis.reports import SOON, Line, lines, lines_by_bureau
from kpis.status import flag

DAYS_AHEAD = SOON.days


class Group(NamedTuple):
    """So many targets of a lead organisation, or of one of its programmes, that stand alike: `falls_due` within `DAYS_AHEAD`."""

    lead: int
    of_programme: int | None
    status: str
    is_overdue: bool
    falls_due: bool
    number: int


def groups(targets: QuerySet[OutcomeTarget], on: date, *, by_programme: bool = False) -> list[Group]:
    """`targets` that stand on a day, counted. One query."""
    counted = targets.with_status(on).annotate(
        lead=F("programme__lead"),
        of_programme=F("programme") if by_programme else Value(None, output_field=BigIntegerField()),
        is_overdue=flag(is_overdue()),
        falls_due=flag(falls_due(on, last_day_ahead(on))),
    )
    told = Group._fields[:-1]
    return [Group(*row) for row in counted.order_by().values_list(*told).annotate(number=Count("pk"))]


def last_day_ahead(on: date) -> date:
    return on + SOON


def by_status(counted: Iterable[Group]) -> Counter:
    """How many targets have each status; each status is there, with 0 where none has it. Closed misses are missed all the same."""
    numbers = Counter(dict.fromkeys(Status.values, 0))
    for group in counted:
        numbers[group.status] += group.number
    return numbers


def numbers_of(counted: Iterable[Group]) -> tuple[int, list[tuple[Status, int]]]:
    """How many targets, and how many of them are overdue, missed and unreported apart."""
    number, overdue = 0, Counter()
    for group in counted:
        number += group.number
        if group.is_overdue:
            overdue[group.status] += group.number
    return number, [(code, overdue[code]) for code in OVERDUE]


# --- Since the end of last month -----------------------------------------------------------------------------------------------------


def end_of_last_month(clocks: Clocks, settled: datetime) -> Clocks:
    """The end of the month before the day judged: that day, by what was recorded by its end.

    `settled` is the last moment that can be asked for. What the page itself does not know yet is not known then either: where the month
    ends after that, the day alone differs.
    """
    first = clocks.on.replace(day=1)
    day, moment = first - timedelta(days=1), start_of_day(first) - timedelta(microseconds=1)
    return Clocks(day, moment if moment <= (clocks.known_at or settled) else clocks.known_at)


def by_status_at(clocks: Clocks) -> Counter:
    """How many targets had each status at another moment. One query."""
    with as_known_at(clocks.known_at):
        return by_status(groups(OutcomeTarget.objects.all(), clocks.on))


# --- By organisation -----------------------------------------------------------------------------------------------------------------


def overdue_by_bureau(counted: Iterable[Group], tree: Tree) -> list[Line]:
    """The overdue targets of each bureau that has some, missed and unreported apart, in the order of their codes."""
    return lines_by_bureau(((group.lead, group.status, group.number) for group in counted if group.is_overdue), tree)


def unreported_by_lead(counted: Iterable[Group], tree: Tree) -> list[Line]:
    """The unreported targets of each organisation that leads their programmes, the most first."""
    unreported = ((group.lead, group.status, group.number) for group in counted if group.status == Status.UNREPORTED)
    return sorted(lines(unreported, tree), key=lambda line: -line.total)


# --- Money ---------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Money:
    """The budgets of the programmes that have an overdue target, in whole yen; so many of them have no amount recorded."""

    programmes: int
    without_amount: int
    yen: int


def money_of_overdue(counted: Iterable[Group], on: date) -> Money:
    """The programmes with an overdue target, and the sum of their budgets (`Programme.with_budget` of the day's year). One query.

    The targets are counted by programme.
    """
    overdue = {group.of_programme for group in counted if group.is_overdue}
    told = (
        Programme.objects.filter(pk__in=overdue)
        .with_budget(fiscal_year_of(on))
        .aggregate(programmes=Count("pk"), without_amount=Count("pk", filter=Q(budget_yen=None)), yen=Sum("budget_yen"))
    )
    return Money(told["programmes"], told["without_amount"], told["yen"] or 0)
