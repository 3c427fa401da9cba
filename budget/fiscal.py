"""Fiscal years and Japanese eras.

A fiscal year runs from 1 April to 31 March and is stored as the western year in which it begins
(財政法 11条). Year N of an era is the era's first western year + N − 1, and 元年 is year 1, for fiscal
and calendar years alike: the year in which an era begins carries the new era's name for the whole of
it, so fiscal year 2019 is read from 平成31年度 and 令和元年度 and printed as 令和元年度. A day carries the
era of that very day. What a text does not plainly say is refused, never guessed. (DOMAIN.md §4.)

Names are written in the language of the reader; in either they can be read again.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import NamedTuple, TypeVar

from django.utils.translation import get_language

T = TypeVar("T", int, date)


class Era(NamedTuple):
    """A row of the table of eras, the latest first."""

    name: str
    letter: str
    first_year: int
    first_day: date
    read_up_to: int  # the last western year that a text may count in this era


ERAS = (
    Era("令和", "R", 2019, date(2019, 5, 1), 2100),
    Era("平成", "H", 1989, date(1989, 1, 8), 2050),  # plans written before 2019 look ahead to 平成62年
    Era("昭和", "S", 1926, date(1926, 12, 25), 1989),
    Era("大正", "T", 1912, date(1912, 7, 30), 1926),
    Era("明治", "M", 1868, date(1873, 1, 1), 1912),  # days before 明治6年 followed the moon: no western date is computed for them
)
WESTERN_YEARS = range(1868, 2101)

_YEAR = rf"(?:(?P<era>{'|'.join(f'{era.name}|{era.letter}' for era in ERAS)})(?P<number>元|[0-9]{{1,2}})|(?P<western>[0-9]{{4}}))"
_YEAR_ALONE = re.compile(rf"(?:FY(?=[0-9]{{4}}\Z))?{_YEAR}(?:年度?)?", re.IGNORECASE)
_DAY = re.compile(
    rf"{_YEAR}(?:年(?P<month>[0-9]{{1,2}})月(?P<day>[0-9]{{1,2}})日|(?P<sep>[-/.])(?P<m>[0-9]{{1,2}})(?P=sep)(?P<d>[0-9]{{1,2}}))",
    re.IGNORECASE,
)


def fiscal_year_of(day: date) -> int:
    """The fiscal year that holds the day: 31 March 2026 is in 2025, 1 April 2026 in 2026."""
    return day.year if day.month >= 4 else day.year - 1


def first_day(year: int) -> date:
    """1 April of the fiscal year."""
    return date(year, 4, 1)


def last_day(year: int) -> date:
    """31 March that ends the fiscal year."""
    return date(year + 1, 3, 31)


def parse_year(text: str) -> int:
    """The western year that the whole text names, fiscal or calendar.

    Reads 令和7年度, 令和7年, 令和7, R7年度, 平成31年度, 元年, 2025年度, 2025, FY2025, full-width figures, spaces, and the
    printed form 令和7年度（2025年度）. An era may be counted past its end as far as documents of its time
    looked ahead: 平成32年度 is 2020, up to 平成62年度 (2050). ValueError for anything else: a year 0,
    昭和65年, a year outside 1868–2100, a labelled number (①), two names that disagree.
    """
    return _agreed(text, _year_alone)


def parse_day(text: str) -> date:
    """The day that the whole text names.

    Reads 令和7年3月31日, R7.3.31, 2025-03-31, 2025/3/31 and the printed form 令和7年3月31日（2025-03-31）.
    平成32年3月31日 is read like parse_year reads its year. ValueError for anything else: 3月末, a day that no
    calendar has, a day before its era began (令和元年3月31日 may be a slip for either 2019 or 2020).
    """
    return _agreed(text, _day_alone)


def era_year_name(year: int, suffix: str = "年度") -> str:
    """令和7年度; the bare western year with its suffix before Meiji."""
    era = next((era for era in ERAS if era.first_year <= year), None)
    return f"{_in_era(era, year) if era else year}{suffix}"


def fiscal_year_name(year: int) -> str:
    """令和7年度（2025年度）; 1867年度 before Meiji. FY2025 in English."""
    return f"FY{year}" if _in_english() else _both(era_year_name(year, "年度"), f"{year}年度")


def calendar_year_name(year: int) -> str:
    """令和12年（2030年）; 1867年 before Meiji. 2030 in English."""
    return str(year) if _in_english() else _both(era_year_name(year, "年"), f"{year}年")


def fiscal_year_in_two_lines(year: int) -> tuple[str, str]:
    """令和7 above 2025; FY above 2025 in English."""
    return "FY" if _in_english() else era_year_name(year, ""), str(year)


def day_name(day: date) -> str:
    """令和8年3月31日（2026-03-31）, by the era of that very day; the ISO date alone before 1873, and in English."""
    era = next((era for era in ERAS if era.first_day <= day and not _in_english()), None)
    return _both(f"{_in_era(era, day.year)}年{day.month}月{day.day}日" if era else day.isoformat(), day.isoformat())


def _in_english() -> bool:
    return get_language() == "en"


def _in_era(era: Era, year: int) -> str:
    number = year - era.first_year + 1
    return f"{era.name}{'元' if number == 1 else number}"


def _both(name: str, western: str) -> str:
    return name if name == western else f"{name}（{western}）"


def _agreed(text: str, read: Callable[[str], T]) -> T:
    """What the text names: once or, with a second name in brackets, twice alike."""
    plain = unicodedata.normalize("NFKC", text)
    names = re.fullmatch(r"([^()]*)(?:\(([^()]*)\))?", re.sub(r"\s", "", plain))
    # NFKC makes the label ① the number 1, and closing up "20 25" would make one year of two numbers.
    if not names or any(unicodedata.category(sign) == "No" for sign in text) or re.search(r"[0-9]\s+[0-9]", plain):
        raise ValueError(f"{text!r} cannot be read: a label, a broken number or a stray bracket")
    answers = {read(name) for name in names.groups() if name is not None}
    if len(answers) > 1:
        raise ValueError(f"{text!r} names two that differ")
    return answers.pop()


def _year_alone(text: str) -> int:
    if found := _YEAR_ALONE.fullmatch(text):
        return _western_year(found)
    raise ValueError(f"{text!r} is not a year such as 令和7年度, R7 or 2025")


def _day_alone(text: str) -> date:
    found = _DAY.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a day such as 令和7年3月31日, R7.3.31 or 2025-03-31")
    day = date(_western_year(found), int(found["month"] or found["m"]), int(found["day"] or found["d"]))
    if (era := _era_of(found)) and day < era.first_day:
        raise ValueError(f"{text!r} is before {era.name} began on {era.first_day}")
    return day


def _western_year(found: re.Match[str]) -> int:
    if era := _era_of(found):
        number = 1 if found["number"] == "元" else int(found["number"])
        years, year = range(era.first_year, era.read_up_to + 1), era.first_year + number - 1
    else:
        years, year = WESTERN_YEARS, int(found["western"])
    if year not in years:
        raise ValueError(f"{found[0]!r} is outside {years[0]}–{years[-1]}")
    return year


def _era_of(found: re.Match[str]) -> Era | None:
    return next((era for era in ERAS if (found["era"] or "").upper() in (era.name, era.letter)), None)
