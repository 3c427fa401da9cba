"""The programme's own period as its goal section states it: 「令和2年度から令和6年度までの5年間の事業」. A target's deadline is none."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from budget import fiscal
from kpis.importers.pr_document.normalise import YEAR, plain

_NO_END = r"終了(?:予定)?(?:年度|時期)?(?:は|が)?(?:なし|未定)"
_FROM = rf"(?P<start>{YEAR})(?:\((?P<western>[0-9]{{4}})\))?年度?"
_TO = rf"(?P<end>{YEAR}|[0-9]{{1,2}})(?:\([0-9]{{4}}\))?年度?"
_PROGRAMME = r"(?:継続)?事業(?:期間)?(?![一-龯])"  # not 事業者, not 事業化
_PERIODS = tuple(
    re.compile(words)
    for words in (
        rf"{_FROM}(?:から|[~〜-]){_TO}(?:まで)?の(?:(?P<years>[0-9]{{1,2}})年間の)?{_PROGRAMME}",
        rf"事業期間[:(は]?{_FROM}(?:から|[~〜-])(?:{_TO})?",
        rf"{_FROM}(?:から|[~〜])(?:{_NO_END})?の{_PROGRAMME}",
        rf"{_FROM}から[^。、0-9]{{0,20}}?(?:拠出|支出|出資|交付|実施|継続)(?:して(?:いる|おり|きた|き)|を行(?:い|って))",
        rf"(?<![0-9]){_TO}までの{_PROGRAMME}(?=であ|です|で、|\(|。|$)",
    )
)
_OPEN = re.compile(_NO_END + r"|終了予定なし")


@dataclass(frozen=True)
class Period:
    """Fiscal years of a programme as its goal section states them. Open-ended only where the words say that no end is planned."""

    start: int | None
    end: int | None
    open_ended: bool


def period_of(text: str) -> tuple[Period | None, list[str]]:
    """The programme's period that a goal text states: the earliest start and the latest end of its items."""
    rest = re.sub(r"\s", "", plain(text))
    spans: list[tuple[int | None, int | None]] = []
    doubts: list[str] = []
    open_ended = bool(_OPEN.search(rest))
    for pattern in _PERIODS:
        for found in pattern.finditer(rest):
            try:
                spans.append(_span(found.groupdict()))
            except ValueError:
                doubts.append(_("The period “%(text)s” cannot be read.") % {"text": found[0]})
        rest = pattern.sub("。", rest)
    starts = [start for start, _end in spans if start]
    ends = [end for _start, end in spans if end]
    if not spans and not open_ended:
        return None, doubts
    if open_ended and ends:
        doubts.append(_("The goal section states an end year as well as that no end is planned."))
    end = max(ends) if ends and len(ends) == len(spans) and not open_ended else None
    return Period(min(starts, default=None), end, open_ended), doubts


def _span(found: dict[str, str | None]) -> tuple[int | None, int | None]:
    """First and last fiscal year of the words of a period. ValueError where they name no year, or contradict one another."""
    start = fiscal.parse_year(first) if (first := found.get("start")) else None
    end = None
    if printed := found.get("end"):
        era = re.match(r"[^元0-9]*", first or "")  # 令和5年度から9年度まで
        end = fiscal.parse_year(era[0] + printed if era and len(printed) <= 2 and printed.isdigit() else printed)
    if found.get("western") and start != int(found["western"] or 0):
        raise ValueError("the two names of the first year differ")
    if start and end and (end < start or int(found.get("years") or end - start + 1) != end - start + 1):
        raise ValueError("the years do not make that span")
    return start, end
