"""Oracle of target revisions (改定). Written from the rule in words alone; shares no code with the product.

`eased` follows the sentence of the rule, not interval algebra: it looks for a result that meets the new goal and did not meet the old one.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TypedDict
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")
SHORTLY_BEFORE = 90  # days


class Goal(TypedDict):
    kind: str  # quantitative, qualitative
    comparator: str  # at_least, more_than, at_most, less_than, within; "" for qualitative
    value: Decimal | None
    value_max: Decimal | None  # within only
    unit: str
    accumulation: str  # level, running_total; "" for qualitative


class Row(Goal):
    history_id: int
    at: datetime
    by: str
    reason: str
    indicator: str
    each_year: bool
    deadline_kind: str
    deadline_year: int | None
    deadline_on: date | None
    deadline_offset_years: int | None
    deadline_through_nth_year: bool
    deadline_event_on: date | None
    due_on: date | None


class Revision(TypedDict):
    index: int  # of the row among the rows known, oldest first; the first row is 0 and never a revision
    days: int | None
    moved: bool
    eased: bool
    close: bool
    late: bool


NOT_TERMS = {"history_id", "at", "by", "reason"}
TERMS = sorted(Row.__annotations__.keys() - NOT_TERMS)  # the terms and due_on


def ends(goal: Goal) -> list[Decimal]:
    """The numbers the goal names. A number it should name and does not, or a float, is outside the rule."""
    numbers = [goal["value"], goal["value_max"]] if goal["comparator"] == "within" else [goal["value"]]
    if not all(isinstance(number, Decimal) for number in numbers):
        raise ValueError(f"not a goal: {goal}")
    return [number for number in numbers if number is not None]


def meets(result: Decimal, goal: Goal) -> bool:
    low, high = ends(goal)[0], ends(goal)[-1]
    match goal["comparator"]:
        case "at_least":
            return result >= low
        case "more_than":
            return result > low
        case "at_most":
            return result <= low
        case "less_than":
            return result < low
        case "within":
            return low <= result <= high
    raise ValueError(f"no comparator: {goal}")


def comparable(before: Goal, after: Goal) -> bool:
    units = [goal["unit"].replace("％", "%") for goal in (before, after)]  # DOMAIN §3: ％ and % are one unit
    return before["kind"] == after["kind"] and units[0] == units[1] and before["accumulation"] == after["accumulation"]


def eased(before: Goal, after: Goal) -> bool:
    if before["kind"] == after["kind"] == "qualitative":
        return False
    if not comparable(before, after):
        return True
    # Between two neighbouring ends, and beyond the outermost, all results fare alike: the ends and one result of each gap stand for all.
    marks = sorted({*ends(before), *ends(after)})
    results = [marks[0] - 1, *marks, *((a + b) / 2 for a, b in pairwise(marks)), marks[-1] + 1]
    return any(meets(result, after) and not meets(result, before) for result in results)


def day_in_tokyo(at: datetime) -> date:
    if at.tzinfo is None:
        raise ValueError(f"naive: {at}")
    return at.astimezone(TOKYO).date()


def revisions(rows: Iterable[Row], known_at: datetime | None = None) -> list[Revision]:
    known = sorted((row for row in rows if known_at is None or row["at"] <= known_at), key=lambda row: (row["at"], row["history_id"]))
    found: list[Revision] = []
    for index, (before, after) in enumerate(pairwise(known), start=1):
        if all(before[term] == after[term] for term in TERMS):  # type: ignore[literal-required]
            continue
        days = None if before["due_on"] is None else (day_in_tokyo(after["at"]) - before["due_on"]).days
        moved, easier = before["due_on"] != after["due_on"], eased(before, after)
        close = (moved or easier) and days is not None and days >= -SHORTLY_BEFORE
        late = (moved or easier) and days is not None and days > 0
        found.append(Revision(index=index, days=days, moved=moved, eased=easier, close=close, late=late))
    return found
