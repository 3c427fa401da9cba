"""Printed amounts of money (1.2億円, 3億5,000万円, 新規, -億円) in whole yen. What is not exact is none."""

import re
from dataclasses import dataclass
from decimal import Decimal

from kpis.importers.pr_document.normalise import plain

MOST_YEN = 10**15
NEW, DASH = "new", "dash"  # as in budget.models.NoAmount

_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15})(?:\.[0-9]{1,8})?"
_MONEY = re.compile(
    rf"(?:(?P<trillions>{_NUMBER})\s?兆\s?)?(?:(?P<hundred_millions>{_NUMBER})\s?億\s?)?"
    rf"(?:(?P<rest>{_NUMBER})\s?(?P<scale>百万|千万|万|千)?\s?)?円"
)
_SCALES = {"千万": 7, "百万": 6, "万": 4, "千": 3, None: 0}
_NEW = re.compile(r"新\s?規")
_DASH = re.compile(r"[-‐–—―−ー]\s?(?:(?:億|百万|千万|万|千)?円)?")


@dataclass(frozen=True)
class Amount:
    """A printed amount in whole yen, or what is printed in its place (a budget.models.NoAmount): exactly one of both."""

    printed: str
    yen: int | None
    no_amount: str


def amount_of(text: str) -> Amount | None:
    """1.2億円, 3億5,000万円, 350百万円, 新規 or -億円; None for anything else, such as a part of a yen."""
    printed = text.strip()
    bare = plain(printed)
    if _NEW.fullmatch(bare):
        return Amount(printed, None, NEW)
    if _DASH.fullmatch(bare):
        return Amount(printed, None, DASH)
    found = _MONEY.fullmatch(bare)
    if not found or bare == "円":
        return None
    scales = {"trillions": 12, "hundred_millions": 8, "rest": _SCALES[found["scale"]]}
    yen = sum(Decimal(found[part].replace(",", "")).scaleb(scale) for part, scale in scales.items() if found[part])
    return Amount(printed, int(yen), "") if yen == int(yen) < MOST_YEN else None
