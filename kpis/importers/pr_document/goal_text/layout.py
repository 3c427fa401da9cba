"""The sentences of a goal text, each with the item mark it stands under and the lead that governs it.

A line that no sentence ends goes on in the next one. Item marks are split off before anything is read as a number. A
lead is a heading (【令和4年度】) or an opening that states nothing itself (「令和10年度までに、以下を目指す。」); it governs the
items below it. A note (※) and an aside (なお) state nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from kpis.importers.pr_document.goal_text.figures import figures
from kpis.importers.pr_document.goal_text.times import blanked, times
from kpis.importers.pr_document.normalise import plain

# How long a sentence may be, and how many leads may govern it: far more than any text of a person, so that a text of
# any other making costs no more than its length.
LONGEST_SENTENCE = 400
DEEPEST_LEAD = 8

# --- Item marks ---------------------------------------------------------------------------------------------------------------------

_BULLETS = r"\-・●○■□◆◇▪•*‐–―>"
_MARK = r"""(?:
      \(\s?(?:\d{1,2}|[a-zA-Zア-ンivxⅰ-ⅹ]{1,3})\s?\)      # (1) (ア) (iv)
    | \d{1,2}\)                                           # 1)
    | [①-⑳㉑-㊿]
    | [ⅰ-ⅹⅠ-Ⅹ][.)] | \d{1,2}[.](?!\d) | [ア-ン][.)]        # Ⅰ. 1. ア.
    | \d{1,2}(?=[\s][^\d\s%A-Za-z])                       # 1 輸出の促進
)"""
_OPENING = re.compile(
    rf"(?P<bullet>[\s{_BULLETS}]*+)(?P<marks>(?:{_MARK}(?:[\s、,~〜]*+(?={_MARK}))?){{0,3}})[\s:、]*+",
    re.VERBOSE,
)
_BULLET = re.compile(rf"[{_BULLETS}]")
_OUTER_MARKS = re.compile(r"(?:[(（]\s?\d+\s?[)）]|\d+[.．])+")
_CIRCLED = re.compile(r"[①-⑳]")
# ① within a line, where it begins an item: not 「①、②及び③」.
_MARK_IN_LINE = re.compile(r"(?:(?<=[、。にはて:])|^)\s?(?P<mark>[①-⑳])(?![、,・および及と~〜])")

# --- What a line is -----------------------------------------------------------------------------------------------------------------

_NOTE = re.compile(r"[\s([]*+(?:※|\*\d?\s|注\s?\d?[):]|参考[):]|出典[:]|(?:目標値?(?:の?設定)?の?|算出)根拠)")
_ASIDE = re.compile(r"(?:なお|ただし|但し|参考[:)])")
_HEADING = re.compile(r"(?:\([^()]*\)|【[^】]*】|<[^<>]*>|〈[^〉]*〉|\[[^\]]*\])\s*")
_LONGEST_HEADING = 100
# The name of an item, which its line alone holds: 「港湾整備事業」, 「(1) 輸出の促進」.
_NAME = re.compile(
    r"[^。、]{2,60}(?:事業|関係|支援|対策|推進|強化|促進|分野|取組|整備|開発|研究|調査|プログラム|プロジェクト|提供|:|PJ)\s?:?"
)
_LONGEST_NAME = 70
_LEAD = re.compile(r"(?:^|[、。でにはの\s])(?:以下|次|下記)(?:の|を|に|が|、|$)|具体的には、?$|(?:まで|に|で|、)$|[:]$|について$")
_ENDS = ("。", "!", "！", "．", ":")
_AS_ROUND_BRACKETS = str.maketrans("[{「『【〈《]}」』】〉》", "(" * 7 + ")" * 7)


@dataclass(frozen=True, eq=False)
class Sentence:
    """One sentence: its words as printed and in one spelling, both without line breaks, and where each character stands."""

    text: str
    plain: str
    places: tuple[int, ...]
    label: str = ""
    lead: "Sentence | None" = None
    is_lead: bool = False

    def part(self, start: int, end: int) -> "Sentence":
        return replace(self, text=self.text[start:end], plain=self.plain[start:end], places=self.places[start:end])


@dataclass
class _Paragraph:
    """Lines that belong together: the places of their characters, without marks and line breaks."""

    marks: str
    bulleted: bool
    note: bool
    places: list[int]


def sentences(text: str) -> list[Sentence]:
    """The sentences of a goal text in their order, leads among them; notes are left out."""
    whole = plain(text)
    found: list[Sentence] = []
    label, listed = "", False
    lead: Sentence | None = None
    paragraphs = list(_paragraphs(text, whole))
    for number, paragraph in enumerate(paragraphs, 1):
        following = paragraphs[number] if number < len(paragraphs) else None
        if paragraph.note:
            continue
        if paragraph.marks:
            label = _under(label, paragraph.marks)
            lead = _governing(lead, label)
        elif listed and not paragraph.bulleted:
            lead = None
        listed = paragraph.bulleted
        made = [
            item
            for sentence in _split(text, whole, paragraph.places)
            if not _ASIDE.match(sentence.plain)
            for item in _items(replace(sentence, label=label, lead=lead))
        ]
        if made and (_is_lead(made[-1], alone=len(made) == 1) or _opens_a_list(paragraph, following, made[-1], whole)):
            made[-1] = lead = replace(made[-1], lead=_not_too_deep(made[-1].lead), is_lead=True)
            listed = False
        found += made
    return found


# --- Paragraphs ---------------------------------------------------------------------------------------------------------------------


def _paragraphs(text: str, whole: str) -> Iterator[_Paragraph]:
    current: _Paragraph | None = None
    start = 0
    for line in whole.split("\n"):
        body, end = line.strip(), start + len(line)
        opening = _OPENING.match(line)
        assert opening is not None  # all its parts are optional
        bulleted, note = bool(opening["marks"] or _BULLET.search(opening["bullet"])), bool(_NOTE.match(line))
        heading = _is_heading(body, goes_on=current is not None)
        if current is not None and (not body or bulleted or note or heading or _is_over(current, whole)):
            yield current
            current = None
        if body and current is None:
            marks = "".join(text[start + opening.start("marks") : start + opening.end("marks")].split())
            current = _Paragraph(marks, bulleted, note, list(range(start + opening.end(), end)))
        elif body and current is not None:
            current.places += range(start, end)
        if heading and current is not None:
            yield current
            current = None
        start = end + 1
    if current is not None:
        yield current


def _is_heading(body: str, *, goes_on: bool) -> bool:
    """Whether a line is one; brackets with a time go on with the paragraph before them: 「…とする\\n(令和7年度)」."""
    if len(body) > _LONGEST_HEADING or not _HEADING.fullmatch(body):
        return False
    return not (goes_on and body.startswith("(") and times(body))


def _is_over(paragraph: _Paragraph, whole: str) -> bool:
    """Whether the next line begins something new: a sentence ended, or the line is the name of an item."""
    words = "".join(whole[place] for place in paragraph.places[-_LONGEST_NAME:]).strip()
    is_name = bool(paragraph.marks) and len(paragraph.places) <= _LONGEST_NAME and bool(_NAME.fullmatch(words))
    return not paragraph.note and (words.endswith(_ENDS) or is_name)


# --- Labels and leads ---------------------------------------------------------------------------------------------------------------


def _under(label: str, marks: str) -> str:
    """The marks, below those before where they are of a lower kind: ① below (1)."""
    outer = _OUTER_MARKS.match(label)
    return outer[0] + marks if outer and _CIRCLED.fullmatch(marks) else marks


def _governing(lead: Sentence | None, label: str) -> Sentence | None:
    """The lead that still governs what stands under the label: one under a mark governs what lies below that mark."""
    while lead is not None and lead.label and not (label.startswith(lead.label) and label != lead.label):
        lead = lead.lead
    return lead


def _not_too_deep(lead: Sentence | None) -> Sentence | None:
    depth, outer = 0, lead
    while outer is not None:
        depth, outer = depth + 1, outer.lead
    return lead if depth < DEEPEST_LEAD else None


def _is_lead(sentence: Sentence, *, alone: bool) -> bool:
    if alone and (_HEADING.fullmatch(sentence.plain) or (sentence.label and _NAME.fullmatch(sentence.plain))):
        return True
    return bool(_LEAD.search(sentence.plain)) and not figures(blanked(sentence.plain))


def _opens_a_list(paragraph: _Paragraph, following: _Paragraph | None, last: Sentence, whole: str) -> bool:
    """Whether a paragraph without bullets names what the bullets below it are of: 「食料自給率\n・供給熱量ベース 45%」."""
    if following is None or paragraph.bulleted or not following.bulleted or following.marks or whole[paragraph.places[-1]] in _ENDS:
        return False
    return not figures(blanked(last.plain))


# --- Sentences ----------------------------------------------------------------------------------------------------------------------


def _split(text: str, whole: str, places: list[int]) -> Iterator[Sentence]:
    """The sentences of a paragraph. What follows in brackets belongs to the one before: 「…を目指す。(効率を1.5倍)。」"""
    begin = depth = 0
    for index, place in enumerate(places):
        sign = whole[place].translate(_AS_ROUND_BRACKETS)
        depth = max(depth + (sign == "(") - (sign == ")"), 0)
        follows = whole[places[index + 1]] if index + 1 < len(places) else ""
        is_end = sign == "。" and depth == 0 and follows != "("
        if is_end or index + 1 - begin == LONGEST_SENTENCE:
            yield from _sentence(text, whole, places[begin : index + 1])
            begin, depth = index + 1, 0
    yield from _sentence(text, whole, places[begin:])


def _sentence(text: str, whole: str, places: list[int]) -> Iterator[Sentence]:
    """The sentence at the places, without blanks and full stops around it; none where no word or figure is left."""
    first, last = 0, len(places)
    while last > first and (whole[places[last - 1]].isspace() or whole[places[last - 1]] == "。"):
        last -= 1
    while first < last and whole[places[first]].isspace():
        first += 1
    kept = places[first:last]
    if any(whole[place].isalnum() for place in kept):
        yield Sentence("".join(text[place] for place in kept), "".join(whole[place] for place in kept), tuple(kept))


def _items(sentence: Sentence) -> Iterator[Sentence]:
    """A sentence, cut at marks within it that count from ① on: what stands before the first governs all."""
    marks = list(_MARK_IN_LINE.finditer(sentence.plain))
    in_order = [match["mark"] for match in marks] == [chr(ord("①") + number) for number in range(len(marks))]
    if len(marks) < len("①②") or not in_order:
        yield sentence
        return
    lead = sentence.lead
    bounds = [*(match.start("mark") for match in marks), len(sentence.plain)]
    if bounds[0]:
        lead = replace(sentence.part(0, bounds[0]), lead=_not_too_deep(lead), is_lead=True)
        yield lead
    for match, (first, last) in zip(marks, pairwise(bounds), strict=True):
        yield replace(sentence.part(first + 1, last), label=_under(sentence.label, match["mark"]), lead=lead)
