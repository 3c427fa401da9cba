"""Hand-worked cases of target revisions.

EASED: (before, after, expected). HISTORIES: (name, rows, known_at, [(index, days, moved, eased, close, late)]).
OPEN_*: the same, where the rule can be read in two ways; the comment says the other one.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.kpis.revisions_oracle import Goal, Revision, Row

EasedCase = tuple[Goal, Goal, bool]
History = tuple[str, list[Row], datetime | None, list[Revision]]


def goal(comparator: str, value: str | None, value_max: str | None = None, **other: Any) -> Goal:
    plain: dict[str, Any] = {"kind": "quantitative", "comparator": comparator, "unit": "件", "accumulation": "level"}
    numbers = {"value": value and Decimal(value), "value_max": value_max and Decimal(value_max)}
    return {**plain, **numbers, **other}  # type: ignore[typeddict-item]


def ge(value: str, **other: Any) -> Goal:
    return goal("at_least", value, **other)


def gt(value: str, **other: Any) -> Goal:
    return goal("more_than", value, **other)


def le(value: str, **other: Any) -> Goal:
    return goal("at_most", value, **other)


def lt(value: str, **other: Any) -> Goal:
    return goal("less_than", value, **other)


def within(low: str, high: str, **other: Any) -> Goal:
    return goal("within", low, high, **other)


GRADE = goal("", None, kind="qualitative", unit="", accumulation="")
TOTAL = {"accumulation": "running_total"}
LEAST, MOST = "-99999999999.9999", "99999999999.9999"  # 15 digits, 4 of them decimals

EASED: list[EasedCase] = [
    # at least → at least
    (ge("60"), ge("60"), False),
    (ge("60"), ge("60.0000"), False),
    (ge("60"), ge("59"), True),
    (ge("60"), ge("59.9999"), True),
    (ge("60"), ge("60.0001"), False),
    (ge("60"), ge("0"), True),  # 0 is a value
    (ge("0"), ge("-1"), True),
    (ge("-1"), ge("0"), False),
    (ge("9"), ge("10"), False),  # as numbers, not as text
    (ge(MOST), ge("99999999999.9998"), True),
    # at least → more than
    (ge("60"), gt("60"), False),  # 60 itself no longer meets: harder
    (ge("60"), gt("59"), True),  # 59.5
    (ge("60"), gt("59.9998"), True),  # 59.9999
    (ge("60"), gt("61"), False),
    # at least → at most: always eased, whatever the numbers (any result below both)
    (ge("60"), le("60"), True),
    (ge("60"), le("59"), True),
    (ge("60"), le("1000"), True),
    # at least → less than: always
    (ge("60"), lt("60"), True),
    (ge("60"), lt("61"), True),
    (ge("0"), lt("-5"), True),
    # at least → within
    (ge("60"), within("60", "70"), False),  # a cap was added: harder
    (ge("60"), within("60", "60"), False),
    (ge("60"), within("61", "70"), False),
    (ge("60"), within("59.9999", "70"), True),
    (ge("60"), within("50", "59"), True),
    (ge("60"), within("50", "60"), True),  # 50
    # more than → at least
    (gt("60"), ge("60"), True),  # 60 itself
    (gt("60"), ge("60.0001"), False),
    (gt("60"), ge("61"), False),
    (gt("60"), ge("59"), True),
    # more than → more than
    (gt("60"), gt("60"), False),
    (gt("60"), gt("59.9999"), True),  # 60 itself
    (gt("60"), gt("60.0001"), False),
    # more than → at most, less than: always
    (gt("60"), le("60"), True),
    (gt("60"), le("100"), True),
    (gt("60"), lt("60"), True),
    (gt("60"), lt("61"), True),
    # more than → within
    (gt("60"), within("60", "70"), True),  # 60 itself
    (gt("60"), within("60", "60"), True),
    (gt("60"), within("60.0001", "70"), False),
    (gt("60"), within("61", "70"), False),
    (gt("60"), within("50", "59"), True),
    # at most → at least, more than: always (any result above both)
    (le("60"), ge("60"), True),
    (le("60"), ge("-100"), True),
    (le("60"), gt("60"), True),
    (le("60"), gt("59"), True),
    # at most → at most
    (le("60"), le("60"), False),
    (le("60"), le("60.0001"), True),
    (le("60"), le("59.9999"), False),
    (le("-5"), le("-4"), True),
    (le("-4"), le("-5"), False),
    (le("0"), le("0.0000"), False),
    (le(LEAST), le("-99999999999.9998"), True),
    # at most → less than
    (le("60"), lt("60"), False),
    (le("60"), lt("60.0002"), True),  # 60.0001
    (le("60"), lt("61"), True),
    (le("60"), lt("59"), False),
    # at most → within
    (le("60"), within("50", "60"), False),
    (le("60"), within("60", "60"), False),
    (le("60"), within("50", "60.0001"), True),
    (le("60"), within("61", "70"), True),
    (le("0"), within("-5", "0"), False),
    # less than → at least, more than: always
    (lt("60"), ge("60"), True),
    (lt("60"), ge("59"), True),
    (lt("60"), gt("60"), True),
    (lt("60"), gt("-100"), True),
    # less than → at most
    (lt("60"), le("60"), True),  # 60 itself
    (lt("60"), le("59.9999"), False),
    (lt("60"), le("61"), True),
    (lt("60"), le("59"), False),
    # less than → less than
    (lt("60"), lt("60"), False),
    (lt("60"), lt("60.0001"), True),  # 60 itself
    (lt("60"), lt("59.9999"), False),
    # less than → within
    (lt("60"), within("50", "60"), True),  # 60 itself
    (lt("60"), within("60", "60"), True),
    (lt("60"), within("50", "59.9999"), False),
    (lt("60"), within("61", "70"), True),
    # within → a goal without one end: always
    (within("60", "70"), ge("60"), True),  # 71: the cap is gone
    (within("60", "70"), ge("71"), True),
    (within("60", "70"), gt("60"), True),
    (within("60", "70"), gt("70"), True),
    (within("60", "70"), le("70"), True),
    (within("60", "70"), le("59"), True),
    (within("60", "70"), lt("60"), True),
    (within("60", "70"), lt("71"), True),
    # within → within
    (within("60", "70"), within("60", "70"), False),
    (within("60", "70"), within("61", "69"), False),
    (within("60", "70"), within("59.9999", "70"), True),
    (within("60", "70"), within("60", "70.0001"), True),
    (within("60", "70"), within("59", "71"), True),
    (within("60", "70"), within("65", "75"), True),  # shifted: harder below, easier above
    (within("60", "70"), within("55", "65"), True),
    (within("60", "70"), within("70", "80"), True),
    (within("60", "70"), within("80", "90"), True),  # apart
    (within("60", "70"), within("60", "60"), False),
    (within("60", "70"), within("70", "70"), False),
    (within("60", "60"), within("60", "60"), False),
    (within("60", "60"), within("60", "60.0001"), True),
    (within("-10", "-5"), within("-9", "-6"), False),
    # unit: cannot be compared, though the number looks harder
    (ge("60"), ge("60", unit="者"), True),
    (ge("60"), ge("600", unit="者"), True),
    (le("60"), le("6", unit="者"), True),
    (ge("7", unit="兆円"), ge("70000", unit="億円"), True),  # the same money; the system does not convert
    (ge("60", unit=""), ge("60", unit="件"), True),
    (ge("60", unit="%"), ge("50", unit="%"), True),
    # kind
    (ge("60"), GRADE, True),
    (GRADE, ge("60"), True),
    (GRADE, le("0", unit="", accumulation="level"), True),
    (GRADE, GRADE, False),
    # accumulation
    (ge("60"), ge("60", **TOTAL), True),
    (ge("60", **TOTAL), ge("60"), True),
    (ge("60"), ge("600", **TOTAL), True),  # cannot be compared, though it looks harder
    (le("60", **TOTAL), le("6"), True),
    (ge("60", **TOTAL), ge("60", **TOTAL), False),
    (ge("60", **TOTAL), ge("70", **TOTAL), False),
    (ge("60", **TOTAL), ge("59", **TOTAL), True),
    # left-over upper value: only a range reads it
    (goal("at_least", "60", "70"), goal("at_least", "60", "80"), False),
    (goal("at_most", "60", "70"), goal("at_most", "60"), False),
]

OPEN_EASED: list[EasedCase] = [
    # Over the numbers that can be stored (4 decimals) these are the same goal, so False; as sets of numbers 59.99995 and 60.00005 are new.
    (ge("60"), gt("59.9999"), True),
    (le("60"), lt("60.0001"), True),
    # By DOMAIN §3 one unit, hence comparable; by the rule's letter the unit changed, hence True.
    (ge("60", unit="%"), ge("60", unit="％"), False),
    (ge("60", unit="％"), ge("70", unit="%"), False),
    # A unit on a grade says nothing: 'two qualitative goals are the same goal' before 'unit changed'.
    (GRADE, goal("", None, kind="qualitative", unit="段階", accumulation=""), False),
    # A range upside down is met by nothing: leaving it eases, coming to it does not.
    (within("70", "60"), ge("60"), True),
    (ge("60"), within("70", "60"), False),
]


def history(first_at: str, *later: tuple[str, dict[str, Any]], **first: Any) -> list[Row]:
    """At least 60 件 by the end of FY2025 from `first_at`; each later row is the one before it with these changes."""
    deadline = {"deadline_kind": "fiscal_year", "deadline_year": 2025, "deadline_on": None, "deadline_offset_years": None}
    event = {"deadline_through_nth_year": False, "deadline_event_on": None, "due_on": date(2026, 3, 31)}
    plain: dict[str, Any] = {"by": "職員1", "reason": "", "indicator": "採択件数", "each_year": False, **deadline, **event, **ge("60")}
    rows: list[Any] = [{**plain, "history_id": 1, "at": datetime.fromisoformat(first_at), **first}]
    for number, (at, changes) in enumerate(later, start=2):
        rows.append({**rows[-1], "history_id": number, "at": datetime.fromisoformat(at), "reason": "見直しのため。", **changes})
    return rows


def v(value: str) -> dict[str, Any]:
    return {"value": Decimal(value)}


START = "2024-04-01T09:00+09:00"
EASE, HARDEN = v("50"), v("70")
FY2026 = {"deadline_year": 2026, "due_on": date(2027, 3, 31)}
NONE = {"deadline_kind": "none", "deadline_year": None, "due_on": None}
AFTER_END: dict[str, Any] = {"deadline_kind": "after_programme_end", "deadline_year": None, "deadline_offset_years": 5}


def rev(days: int | None, flags: str, index: int = 1) -> Revision:
    """`flags`: those of moved, eased, close, late that hold."""
    said = flags.split()
    return Revision(index=index, days=days, moved="moved" in said, eased="eased" in said, close="close" in said, late="late" in said)


def one(name: str, at: str, changes: dict[str, Any], expected: Revision | None, /, **first: Any) -> History:
    """One later row; `expected` None where it is no revision."""
    return name, history(START, (at, changes), **first), None, [expected] if expected else []


EARLIER: dict[str, Any] = {"at": datetime.fromisoformat("2023-04-01T09:00+09:00")}
THREE = history(START, ("2026-01-01T12:00+09:00", EASE), ("2026-04-01T12:00+09:00", FY2026))
SECOND = rev(-89, "eased close")
THIRD = rev(1, "moved close late", index=2)
TIED = history(START, ("2026-04-01T12:00+09:00", EASE), ("2026-04-01T12:00+09:00", HARDEN))

HISTORIES: list[History] = [
    # 90 days before 2026-03-31: 31 to 28 Feb, 28 to 31 Jan (59), 31 to 31 Dec (90)
    one("91 days before", "2025-12-30T12:00+09:00", EASE, rev(-91, "eased")),
    one("90 days before", "2025-12-31T12:00+09:00", EASE, rev(-90, "eased close")),
    one("89 days before", "2026-01-01T12:00+09:00", EASE, rev(-89, "eased close")),
    one("91 days before, moved", "2025-12-30T12:00+09:00", FY2026, rev(-91, "moved")),
    one("90 days before, moved", "2025-12-31T12:00+09:00", FY2026, rev(-90, "moved close")),
    # 31 to 29 Feb, 29 to 31 Jan (60), 30 to 1 Jan (90)
    one("90 days before in a leap year", "2024-01-01T12:00+09:00", EASE, rev(-90, "eased close"), due_on=date(2024, 3, 31), **EARLIER),
    one("the day before", "2026-03-30T12:00+09:00", EASE, rev(-1, "eased close")),
    one("on the day", "2026-03-31T12:00+09:00", EASE, rev(0, "eased close")),
    one("the day after", "2026-04-01T12:00+09:00", EASE, rev(1, "eased close late")),
    one("the day after, moved", "2026-04-01T12:00+09:00", FY2026, rev(1, "moved close late")),
    one("the day after, moved and eased", "2026-04-01T12:00+09:00", EASE | FY2026, rev(1, "moved eased close late")),
    one("long after", "2027-03-31T12:00+09:00", EASE, rev(365, "eased close late")),  # close has no upper end
    one("after 29 February", "2024-03-01T12:00+09:00", EASE, rev(1, "eased close late"), due_on=date(2024, 2, 29), **EARLIER),
    # midnight in Tokyo is 15:00 UTC of the day before
    one("last moment of the 91st day before", "2025-12-30T14:59:59.999999+00:00", EASE, rev(-91, "eased")),
    one("first moment of the 90th day before", "2025-12-30T15:00+00:00", EASE, rev(-90, "eased close")),
    one("last moment of the day before", "2026-03-30T14:59:59.999999+00:00", EASE, rev(-1, "eased close")),
    one("first moment of the last day", "2026-03-30T15:00+00:00", EASE, rev(0, "eased close")),
    one("last moment of the last day", "2026-03-31T14:59:59.999999+00:00", EASE, rev(0, "eased close")),
    one("first moment after, still the last day in UTC", "2026-03-31T15:00+00:00", EASE, rev(1, "eased close late")),
    one("first moment after, morning in Los Angeles", "2026-03-31T08:00-07:00", EASE, rev(1, "eased close late")),
    # 14:00 UTC of 31 March
    one("the last day in Tokyo, the next in Kiribati", "2026-04-01T04:00+14:00", EASE, rev(0, "eased close")),
    # neither moved nor eased: in the ledger, in neither filter
    one("hardened after", "2026-04-01T12:00+09:00", HARDEN, rev(1, "")),
    one("hardened shortly before", "2026-03-01T12:00+09:00", HARDEN, rev(-30, "")),
    one(
        "kind of deadline changed, same day",
        "2026-04-01T12:00+09:00",
        {"deadline_kind": "date", "deadline_year": None, "deadline_on": date(2026, 3, 31)},
        rev(1, ""),
    ),
    one("two qualitative goals, renamed after", "2026-04-01T12:00+09:00", {"indicator": "進捗"}, rev(1, ""), **GRADE),
    # moved in either direction; brought forward: judged by the old day, so not late
    one(
        "brought forward to a day already past",
        "2026-01-10T12:00+09:00",
        {"deadline_kind": "calendar_year", "due_on": date(2025, 12, 31)},
        rev(-80, "moved close"),
    ),
    one("moved to a later day, hardened", "2026-04-02T12:00+09:00", HARDEN | FY2026, rev(2, "moved close late")),
    one(
        "programme's end moved, no other term",
        "2026-04-01T12:00+09:00",
        {"due_on": date(2027, 3, 31)},
        rev(1, "moved close late"),
        **AFTER_END,
    ),
    one(
        "date of the event recorded",
        "2026-04-01T12:00+09:00",
        {"deadline_event_on": date(2023, 4, 1), "due_on": date(2026, 4, 1)},
        rev(None, "moved"),
        deadline_kind="after_event",
        deadline_year=None,
        deadline_offset_years=3,
        due_on=None,
    ),
    # no last day
    one("no last day, eased", "2026-04-01T12:00+09:00", EASE, rev(None, "eased"), **NONE),
    one("no last day, hardened", "2026-04-01T12:00+09:00", HARDEN, rev(None, ""), **NONE),
    one(
        "a last day given, already past",
        "2026-06-01T12:00+09:00",
        {"deadline_kind": "fiscal_year", "deadline_year": 2025, "due_on": date(2026, 3, 31)},
        rev(None, "moved"),
        **NONE,
    ),
    one("last day removed after it", "2026-04-01T12:00+09:00", NONE, rev(1, "moved close late")),
    one("last day removed long before it", "2025-04-01T12:00+09:00", NONE, rev(-364, "moved")),
    # no revision
    ("no row", [], None, []),
    ("one row", history(START), None, []),
    one("nothing changed but who and why", "2026-04-01T12:00+09:00", {"by": "職員2"}, None),
    one("60 and 60.0000", "2026-04-01T12:00+09:00", v("60.0000"), None),
    (
        "a row between that changes nothing keeps its place",
        history(START, ("2026-03-01T12:00+09:00", {}), ("2026-04-01T12:00+09:00", EASE)),
        None,
        [rev(1, "eased close late", index=2)],
    ),
    # several: the row directly before counts, not the original
    (
        "eased and taken back",
        history(START, ("2026-04-01T12:00+09:00", EASE), ("2026-04-02T12:00+09:00", v("60"))),
        None,
        [rev(1, "eased close late"), rev(2, "", index=2)],
    ),
    (
        "hardened, then half taken back: easier than the row before",
        history(START, ("2026-01-01T12:00+09:00", v("80")), ("2026-04-01T12:00+09:00", HARDEN)),
        None,
        [rev(-89, ""), rev(1, "eased close late", index=2)],
    ),
    # 1 June 2026 to 1 March 2027 is 273 days, to 31 March 303
    (
        "moved, then eased: days run to the day then in force",
        history(START, ("2026-01-01T12:00+09:00", FY2026), ("2026-06-01T12:00+09:00", EASE)),
        None,
        [rev(-89, "moved close"), rev(-303, "eased", index=2)],
    ),
    (
        "removed, then set again",
        history(START, ("2026-04-01T12:00+09:00", NONE), ("2026-04-02T12:00+09:00", {"deadline_kind": "fiscal_year"} | FY2026)),
        None,
        [rev(1, "moved close late"), rev(None, "moved", index=2)],
    ),
    # order
    ("rows given newest first", THREE[::-1], None, [SECOND, THIRD]),
    ("at one moment: by history_id", TIED[::-1], None, [rev(1, "eased close late"), rev(1, "", index=2)]),
    # what was known
    ("known: everything", THREE, None, [SECOND, THIRD]),
    ("known at the moment of the third", THREE, THREE[2]["at"], [SECOND, THIRD]),
    ("known a microsecond before the third", THREE, THREE[2]["at"] - timedelta(microseconds=1), [SECOND]),
    ("known at the moment of the second", THREE, THREE[1]["at"], [SECOND]),
    ("known before the second", THREE, THREE[1]["at"] - timedelta(microseconds=1), []),
    ("known at the first", THREE, THREE[0]["at"], []),
    ("known before the first", THREE, THREE[0]["at"] - timedelta(microseconds=1), []),
    ("known at the moment of the third, said in UTC", THREE, datetime.fromisoformat("2026-04-01T03:00+00:00"), [SECOND, THIRD]),
    ("known at a moment two rows share", TIED, TIED[1]["at"], [rev(1, "eased close late"), rev(1, "", index=2)]),
]

OPEN_HISTORIES: list[History] = [
    # By DOMAIN §3 one unit, so perhaps no revision at all; by the letter a term differs. Moot if units are made one when saved.
    one("% and ％", "2026-04-01T12:00+09:00", {"unit": "％"}, rev(1, ""), unit="%"),
    # Another indicator is another yardstick: cannot be compared, so eased? The rule names only kind, unit and accumulation.
    one("indicator replaced after", "2026-04-01T12:00+09:00", {"indicator": "応募件数"}, rev(1, "")),
    # 'every year' given up, or taken on: the number is the same, the promise is not.
    one("each year given up after", "2026-04-01T12:00+09:00", {"each_year": False}, rev(1, ""), each_year=True),
    one("each year taken on after", "2026-04-01T12:00+09:00", {"each_year": True}, rev(1, "")),
    # An each-year target never reads due_on for its status (DOMAIN §5), yet is late by it here.
    one("each-year target eased after", "2026-04-01T12:00+09:00", EASE, rev(1, "eased close late"), each_year=True),
    # A left-over upper value, read by no comparator but within, still makes a row of the ledger.
    one("left-over upper value", "2026-04-01T12:00+09:00", {"value_max": Decimal(80)}, rev(1, "")),
]
