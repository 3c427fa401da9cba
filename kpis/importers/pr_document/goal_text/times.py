"""Words of time in a goal text: deadlines, each-year marks, the programme's own period, years to compare with.

Each is found with its place, so that its years are never read as figures of a target. A deadline is *firm* where the
words say so (までに, 年度に, 末, 時点で), else it is only a year that stands there. (DOMAIN.md §4.)
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from budget.fiscal import parse_year
from kpis.choices import DeadlineKind


class Use(Enum):
    DEADLINE = "deadline"
    EACH_YEAR = "each year"
    PROGRAMME = "the programme's own period"
    BASELINE = "a year whose result is told"
    OTHER = "a year to compare with, a duration"


@dataclass(frozen=True)
class Time:
    """Words of time from `start` to before `end`."""

    start: int
    end: int
    use: Use
    kind: str = DeadlineKind.NONE
    year: int | None = None
    first_year: int | None = None  # of the programme's own period
    day: date | None = None
    offset_years: int | None = None
    years: int | None = None  # how long a period is whose years are not printed: 5年間で
    through_nth_year: bool = False
    programme_end_assumed: bool = False
    firm: bool = True
    unread: bool = False  # a deadline that has no place among the kinds


# What stands in the place of words of time when the rest is read (`blanked`).
BLANK = "\0"
BLANK_RESULT = "\x01"

# --- The words that the patterns are made of ----------------------------------------------------------------------------------------

_ERA = r"(?:令和|平成|昭和|[RHS])"
_ERA_NUMBER = rf"{_ERA}\s?(?:元|\d{{1,2}})"
_ERA_YEAR = rf"{_ERA_NUMBER}(?:\(\d{{4}}(?:年度?)?\))?年(?:度(?!比)|(?!間))"  # 令和12(2030)年度
_WESTERN_YEAR = r"(?:FY)?(?<!\d)(?:19|20|21)\d\d年(?:度(?!比)|(?!間|代))|FY20\d\d"
_YEAR = rf"(?:{_ERA_YEAR}|{_WESTERN_YEAR})"
_NAMED = rf"{_YEAR}(?:\({_YEAR}\))?"  # 令和12年度(2030年度)

_TO = r"\s?(?:から|より|[~〜\-−–—])\s?"
_FROM_YEAR = rf"(?:{_NAMED}|{_ERA_NUMBER}(?:年度?)?)"
_SPAN = rf"{_FROM_YEAR}{_TO}(?:{_NAMED}|\d{{1,2}}年度?)(?:\({_YEAR}\))?"  # 令和5年度から9年度
_MONTHS_OR_YEARS = r"\d+(?:年間|[かヶカ]年)"
_TOTAL = r"(?:の?(?:累計|累積|合計))"
_PARTICLE = r"(?:においては?|には?|までには?|まで|で|の時点で|時点で)?"

# 「本補助事業の実施期間の終了」, 「委託研究開発終了」
_END = (
    r"(?:本事業(?:による|における|の))?(?:本|各|当該)?"
    r"(?:補助|委託|実証|支援|研究開発)?(?:事業|助成|補助|プロジェクト|研究開発)"
    r"(?:の?実施)?(?:期間)?の?(?:\([^()]{0,15}\))?(?:終了|完了)"
)
_COUNTED = r"(?:\d+\s?(?:年)?[~〜]\s?)?(?P<years>\d+)\s?(?:[かヶカ]年|年)間?"  # 3年, 3〜5年間

# Words that count occurrences within a year: 年10件.
_COUNTER_OF_A_YEAR = r"(?:件|回|社|人|名|者|か所|箇所|校|本|台|団体)"

# --- The patterns, the one that knows more before the one that would take a part of its words ----------------------------------------

_SOURCES = {
    # The programme's own period, which is no deadline: 「令和5年度から9年度までの5年間の事業であり、」
    "programme": rf"""
        (?: {_SPAN}(?:まで)?(?:の\d+年間)?の(?:継続)?事業
          | {_NAMED}から(?:終了予定年度なし|の(?:継続)?)の?事業
        )(?:\([^()]*\))?(?:であり|であるが|で)?、?
        | 終了(?:予定)?(?:年度|時期)(?:未定|なし)の事業(?:であり|であるが|で)?、?""",
    # A plan's period: 「第六期中期目標期間(令和5年度~令和8年度)に」, 「4年間(令和5年度~令和8年度)の累計で」
    "plan": rf"""
        (?:(?:第\S{{1,3}}期)?(?:中長?期)?(?:目標|計画)?期間中?\s?\({_SPAN}\)中?|(?<!\d)\d+年間\s?\({_SPAN}\))
        (?:まで)?(?:の{_MONTHS_OR_YEARS})?{_TOTAL}?(?:で|において|に|まで)?""",
    # A plan's period whose years are not printed: 「第5期科学技術基本計画期間中に」
    "plan_alone": r"第\S{1,3}?(?:期|次)[^、。\s\d()]{0,14}?(?:計画|目標)(?:の)?期間中?(?:まで)?に",
    # A span of years: 「令和5年度から令和9年度の5年間で」
    "span": rf"{_SPAN}(?:まで)?(?:の\d+年間|の?\d+[かヶカ]年|間|の期間|の間|における)?{_TOTAL}?(?:で|において|に|まで|中)?",
    # A span whose years are not printed: 「5年間の累計で」
    "length": rf"(?<!\d)(?P<length>\d+)(?:年間|[かヶカ]年)(?:{_TOTAL}(?:で|に|が)?|で)",
    # An end with its year: 「プロジェクト終了時(2024年度)までに」
    "printed": rf"(?:\(\d+\)の)?{_END}(?:時点?|年度)?\s?\((?P<printed>{_NAMED})\)(?:末)?{_PARTICLE}",
    # Years after the programme's end: 「事業終了後5年以内に」
    "after_end": rf"""
        {_END}(?:年度)?(?:後|から|より)?、?(?:向こう|概ね|おおむね)?\s?{_COUNTED}
        (?:以内|以降|経過(?:した)?(?:後|時点?)?|後|目)?(?:に於いて|{_PARTICLE})""",
    # The programme's end: 「事業終了時に」, 「事業最終年度末までに」
    "at_end": rf"""
        {_END}(?:年度末?|時点|時)(?:までには?|まで|においては?|での|には?|で|の)?
        | {_END}までには?
        | 事業最終年度(?:末)?(?:までには?|には?)""",
    # Years after another event: 「採択後3年目までに」, 「支援から5年後には」
    "after_event": rf"""
        [一-鿿ァ-ヶーA-Za-z]{{2,12}}?(?:後|から|の?終了後?|の?開始後?|の翌年度から)\s?{_COUNTED}
        (?:以内|以降|後|目までに?|目に?|経過(?:した)?(?:時点)?)(?:に於いて|{_PARTICLE})""",
    # An event: 「中間評価時で」
    "at_event": r"(?:中間評価|最終評価|事後評価)時点?(?:まで)?(?:で|に)",
    # A day or a month; 「令和5年4月に閣議決定した」 is no deadline
    "day": rf"""
        {_NAMED}\s?(?P<month>\d{{1,2}})月(?:(?P<day>\d{{1,2}})日|(?P<month_end>末)|中)?
        (?P<till>までには?|まで|に(?!閣議|策定|決定|改定|施行|公布|成立|発効|設立|開始)|時点で)?""",
    # Each year: 「毎年度」, 「年間10件」, 「年10件」
    "each": rf"""
        毎年度?(?:、(?=約?\d))?|毎会計年度|各年度?(?=において|に|で|、|の)|(?:年度?|1年)(?:ごと|毎)に?
        | (?<![一-鿿\d])年間(?=(?:、|約|で|に|延べ|のべ|計)?\s?\d)
        | (?<![一-鿿\d間前])年(?=約?\d[\d,]*(?:\.\d+)?[万千]?{_COUNTER_OF_A_YEAR}(?!度))""",
    # A year whose result is told: 「令和4年度実績」
    "baseline": rf"{_NAMED}(?:末|時点)?の?(?:実績|現在|現状)値?",
    # A year to compare with, or part of a name: 「2013年度比」, 「令和5年度補正」
    "compared": rf"""
        対?{_NAMED}\s?(?:度?比|対比|水準|と比較|に比べ|を基準|を?起点|以降|以後|から|より|当初
        |策定|発足|制定|改定|改訂|版|答申|法律|予算|補正)""",
    "ratio": r"(?:前|対前|昨)年度?比?(?=\d)|(?:前|昨|対前|同)年(?:度|同期)?(?:比|並み|以上|以下|より)?",
    # A year as a firm deadline: 「令和7年度末までに」, 「令和7年度において」
    "firm": rf"""
        (?:目標最終年度となる|目標年度(?:である|の))?{_NAMED}(?:の?(?:末|年末|度末|内|中|時点|終了時|までの間))*
        (?:までには?|迄に?|まで(?=[、。)]|$|約?\d)|においても?は?|においては?|には?|では?
        |を目(?:途|処|標)に|頃(?:まで)?に?|時点で?|末で?)""",
    # A year that stands there
    "weak": rf"{_NAMED}(?:末|中|頃|まで)?",
    # 「2030年代初期までに」: the decade's first year, for a person to look at
    "decade": r"(?P<decade>(?:19|20)\d\d)年代の?初(?:期|頭|め)?頃?(?:までには?|に)?",
    # A time that no kind of deadline holds: 「2030年代前半までに」, 「9年度までに」, 「5年後に」
    "unread": r"""
        (?:19|20)\d\d年代(?:[前中後]半?期?頃?)?(?:までには?|に)?
        | \d{1,2}年度末?までには?
        | (?<!\d)\d{1,2}年後(?:までには?|には?)?""",
    # 「(R12)」: a fiscal year or a calendar year
    "era_alone": rf"(?<=\(){_ERA}\d{{1,2}}(?=\))",
    "last_year": r"(?:目標)?最終年度(?:末)?(?:までには?|において|には?)",
    # Durations that are part of a name or a condition: 「3年連続」, 「過去5年の平均」
    "other": r"""
        (?<!\d)\d+年(?:以上|以下|未満)?(?:間)?(?:継続|連続|程度の|の(?=[一-鿿]))
        | 過去\d+[年か]年?間?(?:の平均)? | 今後\d+年間? | (?<!\d)\d+[かヶカ]年計画 | (?<!\d)\d+時間365日""",
}
_PATTERNS = {name: re.compile(source, re.VERBOSE) for name, source in _SOURCES.items()}

# A year of a span or alone, where no month, day or duration follows.
_NUMBERED = re.compile(rf"({_ERA})?\s?((?:19|20|21)\d\d|元|\d{{1,2}})(?:\(\d{{4}}(?:年度?)?\))?(年度?)?(?!\s?月|日|間|[かヶカ]年|年)")
_TO_ANOTHER = re.compile(_TO)
_OF_THE_PROGRAMME = ("本事業終了", "本事業の終了", "事業最終年度")
_MOST_YEARS = 99  # further from an end or an event is no deadline


def times(text: str) -> list[Time]:
    """The words of time of a plain text in their order; none overlaps another."""
    found: list[Time] = []
    taken = bytearray(len(text))
    for name, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(taken[start:end]):
                for time in _read(name, match):
                    found.append(time)
                    taken[start:end] = b"\1" * (end - start)
    return sorted(found, key=lambda time: time.start)


def blanked(text: str, found: list[Time] | None = None) -> str:
    """The plain text with a sign that no text holds for each character of its words of time."""
    signs = list(text)
    for time in times(text) if found is None else found:
        sign = BLANK_RESULT if time.use is Use.BASELINE else BLANK
        signs[time.start : time.end] = sign * (time.end - time.start)
    return "".join(signs)


def years_of(words: str) -> list[tuple[int, bool]]:
    """The years that the words name, in their order, each with whether it is a fiscal year. What no calendar has is left out.

    A number without an era takes that of the year before it: 令和5年度から9年度.
    """
    found, era = [], ""
    for match in _NUMBERED.finditer(words):
        printed_era, number, counted = match.groups()
        era = printed_era or ("" if len(number) == len("2030") else era)
        begins_a_span = bool(era) and len(number) <= len("10") and bool(_TO_ANOTHER.match(words, match.end()))
        if counted is None and printed_era is None and "FY" not in words and not begins_a_span:
            continue
        try:
            found.append((parse_year(f"{era}{number}年"), counted == "年度" or "FY" in words))
        except ValueError:
            continue
    return found


def _read(name: str, match: re.Match[str]) -> Iterator[Time]:
    """The time that a pattern found: none where its year is no year."""
    here = Time(match.start(), match.end(), Use.DEADLINE)
    match name:
        case "programme":
            yield _programme(here, match[0])
        case "each":
            yield replace(here, use=Use.EACH_YEAR)
        case "baseline":
            yield replace(here, use=Use.BASELINE)
        case "compared" | "ratio" | "other":
            yield replace(here, use=Use.OTHER)
        case "length":
            yield replace(here, kind=DeadlineKind.PLAN_PERIOD, years=_number(match["length"]))
        case "plan_alone":
            yield replace(here, kind=DeadlineKind.PLAN_PERIOD)
        case "plan" | "span":
            if years := years_of(match[0]):
                yield replace(here, kind=DeadlineKind.PLAN_PERIOD, year=years[-1][0])
        case "printed":
            yield from _stated(here, match["printed"])
        case "after_end":
            yield _counted_from(replace(here, kind=DeadlineKind.AFTER_PROGRAMME, programme_end_assumed=_assumed(match[0])), match["years"])
        case "at_end" | "last_year":
            yield replace(here, kind=DeadlineKind.AFTER_PROGRAMME, offset_years=0, programme_end_assumed=_assumed(match[0]))
        case "after_event":
            yield _counted_from(
                replace(here, kind=DeadlineKind.AFTER_EVENT, through_nth_year="年目まで" in match[0]),
                match["years"],
            )
        case "at_event":
            yield replace(here, kind=DeadlineKind.AFTER_EVENT, offset_years=0)
        case "day":
            yield from _day(here, match)
        case "firm" | "weak":
            yield from _stated(replace(here, firm=name == "firm"), match[0])
        case "era_alone":
            for year, _fiscal in years_of(f"{match[0]}年"):
                yield replace(here, kind=DeadlineKind.FISCAL_YEAR, year=year, firm=False, unread=True)
        case "decade":
            yield replace(here, kind=DeadlineKind.CALENDAR_YEAR, year=int(match["decade"]), firm=False, unread=True)
        case "unread":
            yield replace(here, unread=True)


def _assumed(words: str) -> bool:
    """Whether the end may be that of each supported project, and not the programme's."""
    return not words.startswith(_OF_THE_PROGRAMME)


def _number(digits: str) -> int | None:
    """The number of years; None for more than any plan has."""
    return int(digits) if len(digits.lstrip("0")) <= len(str(_MOST_YEARS)) else None


def _counted_from(here: Time, digits: str) -> Time:
    years = _number(digits)
    return replace(here, kind=DeadlineKind.NONE, unread=True) if years is None else replace(here, offset_years=years)


def _programme(here: Time, words: str) -> Time:
    years = years_of(words)
    here = replace(here, use=Use.PROGRAMME, first_year=years[0][0] if years else None)
    return _of(here, *years[-1]) if len(years) > 1 else here


def _stated(here: Time, words: str) -> Iterator[Time]:
    if years := years_of(words):
        yield _of(here, *years[0])


def _of(here: Time, year: int, fiscal: bool) -> Time:
    """令和7年末 is the end of the calendar year, 令和7年度末 that of the fiscal year."""
    return replace(here, kind=DeadlineKind.FISCAL_YEAR if fiscal else DeadlineKind.CALENDAR_YEAR, year=year)


def _day(here: Time, match: re.Match[str]) -> Iterator[Time]:
    """A day or the end of a month that the words, or brackets around it, make a deadline; else a day of something else."""
    text = match.string
    in_brackets = bool(match["day"]) and text.endswith("(", 0, match.start()) and text.startswith(")", match.end())
    if match["till"] is None and match["month_end"] is None and not in_brackets:
        yield replace(here, use=Use.OTHER)
    elif years := years_of(match[0]):
        year, month = years[0][0], int(match["month"])
        try:
            day = date(year, month, int(match["day"]) if match["day"] else monthrange(year, month)[1])
        except ValueError:  # no calendar has it
            yield replace(here, unread=True)
        else:
            yield replace(here, kind=DeadlineKind.DATE, day=day, year=year)
