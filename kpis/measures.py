"""How a result is held against a target: units, comparators, attainment, the straight-line path.

All arithmetic is exact, on Decimals of at most 15 digits, 4 of them decimals (DOMAIN.md §3); more does not
fit and is kept verbatim elsewhere. A result is judged by the figures themselves, never by a percentage: an
attainment is cut, not rounded, so that it never looks better than it is, and 「超」 at exactly 100.0 is
not met. Comparisons with the path are cross-multiplied, so nothing is divided (DOMAIN.md §5).
"""

import unicodedata
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.utils.translation import get_language

from kpis.choices import Comparator, Grade

STEP = Decimal("0.0001")  # the smallest difference that is stored
LIMIT = Decimal(10) ** 11  # the first whole number that has too many digits
_MILLION, _HUNDRED_MILLION = 10**6, 10**8


def fits(value: Decimal) -> bool:
    """Whether the value can be stored unchanged: at most 11 digits before the point and 4 after; no NaN, no infinity."""
    return value.is_finite() and -LIMIT < value < LIMIT and value == value.quantize(STEP)


def normal_unit(text: str) -> str:
    """The unit in its one spelling: full-width letters and signs (％, ｋｇ) and half-width kana (ﾄﾝ) in their usual
    width, spaces trimmed and single. Signs that are units of their own (㎡, ℃, m²) stay; '' stays ''.
    """
    # Whole NFKC would also turn m² into m2.
    usual = (unicodedata.normalize("NFKC", sign) if _is_width_variant(sign) else sign for sign in text)
    return unicodedata.normalize("NFC", " ".join("".join(usual).split()))


def meets(comparator: str, value: Decimal, value_max: Decimal | None, result: Decimal) -> bool:
    """Whether the result meets the target. Both ends of a range are in it.

    ValueError for an unknown comparator, or a range without its upper value.
    """
    match comparator:
        case Comparator.AT_LEAST:
            return result >= value
        case Comparator.MORE_THAN:
            return result > value
        case Comparator.AT_MOST:
            return result <= value
        case Comparator.LESS_THAN:
            return result < value
        case Comparator.WITHIN if value_max is not None:
            return value <= result <= value_max
    raise ValueError(f"nothing can be held against {comparator!r} {value} to {value_max}")


def meets_grade(grade: int) -> bool:
    """Whether a qualitative result meets its target: grades 1 and 2 of 5 do. ValueError for another number."""
    return Grade(grade) in (Grade.EXCEEDED, Grade.MET)


def attainment(comparator: str, value: Decimal, baseline: Decimal | None, result: Decimal) -> Decimal | None:
    """達成率 in percent, cut down to one decimal; below zero where things got worse (DOMAIN.md §5).

    More is better, target above 0: result ÷ target. Less is better, baseline above target: the part of the
    way from baseline to target that is done. None where only met or not met can be said.
    """
    part, whole = _part_of_whole(comparator, value, baseline, result)
    return _percentage(part, whole, Decimal("0.1"), ROUND_FLOOR) if whole > 0 else None


def attains_more_than(percent: int, comparator: str, value: Decimal, baseline: Decimal | None, result: Decimal) -> bool:
    """Whether the attainment, before it is cut, exceeds so many percent: 1200.5 of 1000 exceeds 120, though 120.0 is shown. Nothing is
    divided. False where only met or not met can be said.
    """
    part, whole = _part_of_whole(comparator, value, baseline, result)
    return whole > 0 and part * 100 > whole * percent


def published_attainment(value: Decimal, result: Decimal) -> Decimal | None:
    """The figure that the RS system publishes: result ÷ target × 100 to 5 decimals, half up, also where less is
    better; None where the target is 0. For display and interchange only, it decides nothing.
    """
    return _percentage(result, value, Decimal("0.00001"), ROUND_HALF_UP) if value else None


def short_of(comparator: str, path_value: Decimal, result: Decimal) -> bool:
    """Whether the result is on the wrong side of a value on the path, such as a milestone. Equal is on the path, with
    超 and 未満 too. ValueError for a range, which has no path, and for an unknown comparator.
    """
    if _more_is_better(comparator):
        return result < path_value
    if _less_is_better(comparator):
        return result > path_value
    raise ValueError(f"no path leads to {comparator!r}")


def short_of_line(
    comparator: str,
    baseline: Decimal | None,
    baseline_year: int | None,
    value: Decimal,
    due_fy: int | None,
    result: Decimal,
    result_year: int,
) -> bool | None:
    """Whether the result is short of the straight line from the baseline to the target. Equal is on it.

    None where no line can be drawn: a range, no baseline, no deadline, or not baseline year < result's year ≤ due year.
    """
    if comparator == Comparator.WITHIN or baseline is None or baseline_year is None or due_fy is None:
        return None
    if not baseline_year < result_year <= due_fy:
        return None
    done = (result - baseline) * (due_fy - baseline_year)
    planned = (value - baseline) * (result_year - baseline_year)
    return short_of(comparator, planned, done)


class OnLine(NamedTuple):
    """A figure on the straight line as it is shown, and whether it was rounded."""

    figure: Decimal
    is_rounded: bool


def on_line(
    comparator: str, baseline: Decimal | None, baseline_year: int | None, value: Decimal | None, due_fy: int | None, year: int
) -> OnLine | None:
    """The figure of a year on the straight line from the baseline to the target; None where `short_of_line` finds no line.

    Rounded against the results, to what is stored of them: up where more is better, down where less is. So it is just the results that
    are short of the line that are short of the figure.
    """
    if comparator == Comparator.WITHIN or baseline is None or baseline_year is None or value is None or due_fy is None:
        return None
    if not baseline_year < year <= due_fy:
        return None
    exact = (baseline * (due_fy - year) + value * (year - baseline_year)) / (due_fy - baseline_year)
    figure = exact.quantize(STEP, ROUND_CEILING if _more_is_better(comparator) else ROUND_FLOOR)
    return OnLine(figure, figure != exact)


def straight_line(
    comparator: str, baseline: Decimal | None, baseline_year: int | None, value: Decimal | None, due_fy: int | None
) -> dict[int, Decimal]:
    """The figure of each year on the straight line from the baseline, left out, to the target: what yearly milestones are proposed from.

    Rounded half up to the decimals that baseline and target are written with, whichever has more; the deadline's year is the target.
    Empty where no line can be drawn: a range, no baseline, no deadline, or a baseline not before it.
    """
    if comparator == Comparator.WITHIN or baseline is None or baseline_year is None or value is None or due_fy is None:
        return {}
    step = Decimal(1).scaleb(min(_exponent(baseline), _exponent(value)))
    years = range(baseline_year + 1, due_fy + 1)
    length = due_fy - baseline_year
    return {year: ((baseline * (due_fy - year) + value * (year - baseline_year)) / length).quantize(step, ROUND_HALF_UP) for year in years}


def _exponent(value: Decimal) -> int:
    """0 for 60, 60.0 and 600; -1 for 60.5."""
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return min(exponent, 0)


def format_value(value: Decimal | None, *, separators: bool = False) -> str:
    """The number without trailing zeros or an exponent: 65, 0, -1.5, with separators 1,234.5. '' for None."""
    if value is None:
        return ""
    text = f"{value or Decimal(0):{',' if separators else ''}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def hundred_millions(amount: int | Decimal) -> str:
    """Yen as a budget document reads them: 1.2億円, in English ¥120 million; without rounding."""
    in_english = get_language() == "en"
    number = format_value(Decimal(amount) / (_MILLION if in_english else _HUNDRED_MILLION), separators=True)
    return f"¥{number} million" if in_english else f"{number}億円"


def _part_of_whole(comparator: str, value: Decimal, baseline: Decimal | None, result: Decimal) -> tuple[Decimal, Decimal]:
    """What attainment is a ratio of: the result of the target, or the way done of the way from the baseline. 0 of 0 where there is none."""
    if _more_is_better(comparator):
        return result, value
    if _less_is_better(comparator) and baseline is not None:
        return baseline - result, baseline - value
    return Decimal(0), Decimal(0)


def _more_is_better(comparator: str) -> bool:
    return comparator in (Comparator.AT_LEAST, Comparator.MORE_THAN)


def _less_is_better(comparator: str) -> bool:
    return comparator in (Comparator.AT_MOST, Comparator.LESS_THAN)


def _is_width_variant(sign: str) -> bool:
    return unicodedata.decomposition(sign).startswith(("<wide>", "<narrow>", "<small>"))


def _percentage(part: Decimal, whole: Decimal, step: Decimal, rounding: str) -> Decimal:
    # The context's 28 digits settle every case: a ratio of two stored numbers either ends on a step (or half of one) or
    # lies too far from it to be rounded onto it.
    return (part * 100 / whole).quantize(step, rounding)
