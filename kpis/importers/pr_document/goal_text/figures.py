"""Figures in a goal text: a number with its unit and the words that say which way is better.

Numbers stand in digits, in kanji (二割) and in words (半数, 倍増). A number that is part of a name (5G, 第18条, 100kg級) is
no figure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from kpis.choices import Comparator
from kpis.importers.pr_document.goal_text.units import COUNTER, NUMBER, UNIT, scale_of, stored

Place = tuple[int, int]
NOWHERE: Place = (0, 0)


@dataclass(frozen=True)
class Figure:
    """A number from `start` to before `end` (its unit and 以上 included) of a plain text."""

    start: int
    end: int
    value: Decimal | None  # None where no decimal says it exactly (3分の1)
    value_max: Decimal | None = None
    unit: str = ""
    comparator: str = ""  # as written; "" where nothing is
    approximate: bool = False
    reduction: bool = False  # 半減: the value is the size of the reduction
    ordinal: bool = False  # 9件目: the value counts from the first one on
    unit_at: Place = NOWHERE
    comparator_at: Place = NOWHERE

    def moved(self, by: int) -> "Figure":
        """The same figure in a text that has so many characters more before it."""

        def further(place: Place) -> Place:
            return NOWHERE if place == NOWHERE else (place[0] + by, place[1] + by)

        return replace(
            self, start=self.start + by, end=self.end + by, unit_at=further(self.unit_at), comparator_at=further(self.comparator_at)
        )

    def marks(self) -> dict[str, Place]:
        """The places of value, unit and comparator, of those that are printed."""
        printed = {name: at for name, at in (("unit", self.unit_at), ("comparator", self.comparator_at)) if at != NOWHERE}
        return {"value": (self.start, min((start for start, _end in printed.values()), default=self.end)), **printed}


# --- Comparators --------------------------------------------------------------------------------------------------------------------

_ROUGHLY = r"程度|前後|ほど|強|弱"
_AFTER = (
    rf"(?:{_ROUGHLY})?(?:以上|以下|以内|未満|超(?:過|え)?"
    r"|を(?:超え(?:な[いく])?|超過|上回(?:る|り|らな[いく])?|下回(?:る|り|らな[いく])?|切(?:る|り|らな[いく])?)|程度)?"
)
_COMPARATORS = {
    "以上": Comparator.AT_LEAST,
    "以下": Comparator.AT_MOST,
    "以内": Comparator.AT_MOST,
    "未満": Comparator.LESS_THAN,
    "超": Comparator.MORE_THAN,
    "超え": Comparator.MORE_THAN,
    "を超え": Comparator.MORE_THAN,
    "を超": Comparator.MORE_THAN,
    "を超えない": Comparator.AT_MOST,
    "を上回": Comparator.MORE_THAN,
    "を上回らない": Comparator.AT_MOST,
    "を下回": Comparator.LESS_THAN,
    "を切": Comparator.LESS_THAN,
    "を下回らない": Comparator.AT_LEAST,
    "を切らない": Comparator.AT_LEAST,
}

_KANJI = "一二三四五六七八九十"

# --- Figures ------------------------------------------------------------------------------------------------------------------------

_APPROXIMATELY = r"(?<![成契制予規節要集条公婚解特])約|およそ|おおよそ|概ね|おおむね|ほぼ"  # not 契約, 予約
_FIGURE = re.compile(
    rf"""(?P<about>{_APPROXIMATELY})?\s?
        (?:[±]|最低|少なくとも|(?<![累合小])計|最大で?)?\s?
        (?:(?P<low>{NUMBER})\s?(?P<low_unit>{UNIT})?\s?[~〜]\s?)?   # 60~70
        (?P<number>{NUMBER})\s?(?P<unit>{UNIT})?
        (?:\([^()]{{1,24}}\)(?=以上|以下|以内|未満|超))?               # 1.9%(過去3年間の平均)以下
        (?P<after>{_AFTER})
        (?:の(?P<noun>{COUNTER})(?![一-鿿ァ-ヶー]))?                 # 100の機関""",
    re.VERBOSE,
)
_IN_WORDS = re.compile(
    rf"""(?P<over>過)?(?P<word>半数|半分|半減|倍増|ゼロ|皆無)(?P<after>{_AFTER})
        | (?P<of>\d{{1,9}})分の(?P<part>\d{{1,9}})(?P<after_part>{_AFTER})""",
    re.VERBOSE,
)
_IN_KANJI = re.compile(rf"(?<![一-鿿])(?P<about>約)?(?P<number>[{_KANJI}])(?P<unit>割|倍(?!増)|件|社(?!会)|か国|カ国)(?P<after>{_AFTER})")

# Before a number: it is part of a name (第3, G7, レベル4), goes on from digits (2.5, 10-3), or counts a rank or a sample (上位10, n=50).
_PART_OF_NAME = re.compile(
    r"(?:[A-Za-z第№#][.\s\-]?|[A-Za-z]{2,}\s|レベル|フェーズ|ステージ|ver|Ver|No\.|上位|下位|トップ|[\d][.,\-/:]|[Nn]=)$"
)
_LONGEST_NAME_BEFORE = 12
# Behind a number or its unit: it is part of a name (5G, 18条, 100kg級, 65歳以上の), or what something is counted by (1人当たり).
_NAME_GOES_ON = re.compile(
    r"""/\d
      | 歳(?:まで(?!延|伸)|以上の|未満の|児|人口|で)
      | 級|期(?!間)|次(?![のに、。]|世)|条|項(?!目)|号|章|節|版|世代|段階|階|丁目|番(?!線|組)|世紀|シーズン|か年計画|学年|年生|月期
      | [DGKUPR](?![A-Za-z])
      | [人件日回台年校社]\s?(?:当た|あた|に?つき|毎|ごと)|[一-鿿ァ-ヶー]{0,20}(?:当たり|あたり)
      | 目(?!標|指|途|処|的|[)、。をにでと]|$)""",
    re.VERBOSE,
)
_NAME_WITH_ZERO = re.compile(r"[ァ-ヶーA-Za-z]")  # ゼロカーボン, ゼロエミッション
_NOUN_BEHIND = re.compile(r"[一-鿿ァ-ヶー]{1,8}")
_HOW_FAR_A_COUNTER_IS_NAMED = 40
_BOTH_ENDS = re.compile(r"[、,\s]?(?:かつ)?")


def figures(text: str) -> list[Figure]:
    """The figures of a plain text in their order. Words of time are to be blanked out before."""
    in_words = [*_in_words(text), *_in_kanji(text)]
    taken = {place for figure in in_words for place in range(figure.start, figure.end)}
    in_digits = [figure for figure in _in_digits(text) if figure.start not in taken and figure.end - 1 not in taken]
    reached = {figure.end for figure in in_digits}
    told_already = [figure for figure in in_words if figure.start - 1 in reached and text[figure.start - 1] in "にへ"]  # 12万人に倍増
    kept = [figure for figure in in_words if figure not in told_already]
    return list(_ranges_joined(text, sorted([*kept, *in_digits], key=lambda figure: figure.start)))


def comparator_of(after: str) -> str:
    """The comparator that the words behind a figure say; "" for none."""
    words = re.sub(r"なく$", "ない", re.sub(rf"{_ROUGHLY}|過$|[るり]$", "", after))
    return _COMPARATORS.get(words, "")


def _ranges_joined(text: str, found: list[Figure]) -> Iterator[Figure]:
    """「40%以上、60%以下」 is one range."""
    waiting: Figure | None = None
    for figure in found:
        if waiting is not None and _is_range(text, waiting, figure):
            yield replace(waiting, end=figure.end, value_max=figure.value, comparator=Comparator.WITHIN)
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        waiting = figure
    if waiting is not None:
        yield waiting


def _is_range(text: str, low: Figure, high: Figure) -> bool:
    return (
        (low.comparator, high.comparator) == (Comparator.AT_LEAST, Comparator.AT_MOST)
        and low.unit == high.unit
        and low.value is not None
        and high.value is not None
        and low.value < high.value
        and bool(_BOTH_ENDS.fullmatch(text, low.end, high.start))
    )


def _in_words(text: str) -> Iterator[Figure]:
    for match in _IN_WORDS.finditer(text):
        after = "after_part" if match["of"] else "after"
        comparator = comparator_of(match[after])
        figure = Figure(
            *match.span(), Decimal(50), unit="%", comparator=comparator, comparator_at=match.span(after) if comparator else NOWHERE
        )
        match match["word"]:
            case None:
                yield replace(figure, value=_part(int(match["of"]), int(match["part"])))
            case "倍増":
                yield replace(figure, value=Decimal(2), unit="倍")
            case "ゼロ" | "皆無":
                if not _NAME_WITH_ZERO.match(text, match.end()):
                    yield replace(figure, value=Decimal(0), unit="", comparator=Comparator.AT_MOST)
            case word:
                over = Comparator.MORE_THAN if match["over"] else comparator
                yield replace(figure, comparator=over, reduction=word == "半減")


def _part(of: int, part: int) -> Decimal | None:
    """4分の1 in per cent, where four decimals say it exactly."""
    return Decimal(part) * 100 / of if of and part * 10**6 % of == 0 else None


def _in_kanji(text: str) -> Iterator[Figure]:
    for match in _IN_KANJI.finditer(text):
        value, unit = stored(str(_KANJI.index(match["number"]) + 1), match["unit"])
        comparator = comparator_of(match["after"])
        yield Figure(
            *match.span(),
            value,
            unit=unit,
            comparator=comparator,
            approximate=bool(match["about"]),
            unit_at=match.span("unit"),
            comparator_at=match.span("after") if comparator else NOWHERE,
        )


def _in_digits(text: str) -> Iterator[Figure]:
    for match in _FIGURE.finditer(text):
        if _is_part_of_name(text, match):
            continue
        unit, unit_at = _unit_of(text, match)
        value, its_unit = stored(match["number"], unit)
        low = _low_of(match)
        is_range = low is not None and low < value
        comparator = comparator_of(match["after"])
        yield Figure(
            match.start(),
            max(match.end(), unit_at[1]),
            low if is_range else value,
            value if is_range else None,
            its_unit,
            Comparator.WITHIN if is_range else comparator,
            approximate=bool(match["about"] or re.search(_ROUGHLY, match["after"])),
            ordinal=unit.endswith("目"),
            unit_at=unit_at,
            comparator_at=match.span("after") if comparator else NOWHERE,
        )


def _is_part_of_name(text: str, match: re.Match[str]) -> bool:
    first = match.start("low") if match["low"] else match.start("number")
    return bool(
        _PART_OF_NAME.search(text[max(0, first - _LONGEST_NAME_BEFORE) : first])
        or _NAME_GOES_ON.match(text, match.end("number"))
        or (match["unit"] and _NAME_GOES_ON.match(text, match.end("unit")))
    )


def _unit_of(text: str, match: re.Match[str]) -> tuple[str, Place]:
    """The unit as printed and where: behind the number, behind its 以上の, or a counter that is named before it."""
    for name in ("unit", "noun"):
        if match[name]:
            return match[name], match.span(name)
    counter = _counter_named_before(text, match)
    return counter, (match.end("number"), match.end("number") + len(counter)) if counter else NOWHERE


def _counter_named_before(text: str, match: re.Match[str]) -> str:
    """A counter that no list holds, named before the number: 整備番線数を3,000番線."""
    following = _NOUN_BEHIND.match(text, match.end("number"))
    if not following:
        return ""
    before = text[max(0, match.start() - _HOW_FAR_A_COUNTER_IS_NAMED) : match.start()]
    names = (following[0][:length] for length in range(len(following[0]), 0, -1))
    return next((name for name in names if f"{name}数" in before), "")


def _low_of(match: re.Match[str]) -> Decimal | None:
    """The lower end of a range, which shares the scale of the upper one: 3~5万."""
    number = match["low"]
    if not number:
        return None
    if not scale_of(number):
        number += re.sub(r"[\d.,E-]", "", match["number"])
    return stored(number, match["unit"] or "")[0]
