"""A ministry's PR document (予算案の事業概要) cut into its programmes, and each programme into its parts.

A programme is told by its budget line (令和6年度予算案額 …). Its title and its organisations stand before that line or after
it, then come the headings 事業目的, 事業概要, 事業スキーム and 成果目標; a second 事業目的 or 事業概要 without a budget line before it
begins a programme whose budget line is lost. What a line is follows from its own form and its place, never from a name or a
number of a line. What cannot be read exactly is not read: a doubt says so, and a programme whose budget cannot be read is
left out and told among the doubts of the edition.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from budget import fiscal
from kpis.importers.pr_document.amounts import NEW, Amount, amount_of
from kpis.importers.pr_document.normalise import MARK, YEAR, plain
from kpis.importers.pr_document.organisations import LEADER, MINISTRY_NAME, PrintedOrganisation, names_organisations, organisations_of
from kpis.importers.pr_document.periods import Period, period_of

LONGEST_LINE = 120  # of a head, a title, a budget line or an organisation; what is longer is prose
LONGEST_CAPTION = 40
MOST_TITLE_LINES = 3
MOST_TITLE_SPAN = 8  # with the blank lines between
PICTURE = 2  # blank lines that a picture leaves behind, above those that are usual in the document


_HEAD = re.compile(rf"(?P<year>{YEAR})\s?年度(?!.*要求).*予算(?:.*(?:事業の?概要|PR資料)|案の概要)")
_ISSUED = re.compile(rf"\(?(?P<year>{YEAR})\s?年\s?(?P<month>1[0-2]|0?[1-9])\s?月(?:\s?[0-9]{{1,2}}\s?日)?(?:版|公表)?\)?")
_PAGE_NUMBER = re.compile(r"(?:[-–—]|[Pp]\.?)?\s?[0-9]{1,3}\s?[-–—]?")

_BUDGET = re.compile(
    rf"(?P<before>.*?)(?P<year>{YEAR})\s?年度\s?(?:当初)?\s?予算\s?(?:案|\(案\))\s?額\s?(?:\([^()0-9]{{1,12}}\))?:?\s*(?P<rest>.*)"
)
_CUT_SHORT = re.compile(r"令和[0-9元]{0,2}(?:年(?:度(?:予(?:算(?:案)?)?)?)?)?")  # a budget line of which the document ends
_OTHER_BUDGET = re.compile(rf"{YEAR}\s?年度.{{0,8}}予.{{0,8}}額|[0-9].{{0,20}}円\s?\([^()]{{1,20}}\)")  # supplementary, or broken
_FIGURES = re.compile(r"(?P<draft>[^()]*)\((?P<previous>[^()]*)\)\s*(?P<note>.*)")
_PREVIOUS = re.compile(rf"\s*(?:(?:前年度|(?P<year>{YEAR})\s?年度)\s?(?:当初)?\s?(?:予算)?額?\s?:?)?\s*(?P<amount>.*)")
FRAME, PURPOSE, OVERVIEW, SCHEME, GOAL, OTHER = "frame", "purpose", "overview", "scheme", "goal", "other"
_SECTIONS = {PURPOSE: "事業目的", OVERVIEW: "事業概要", SCHEME: "事業スキーム", GOAL: "成果目標"}
_HEADING = re.compile(
    rf"[■●◆◇○□▼▽<《【\[]*(?:{MARK}|[0-9]{{1,2}})?(?:"
    r"(?P<frame>事業の内容)|(?P<purpose>事業の?目的(?:・(?:事業)?概要)?)|(?P<overview>事業の?概要|事業内容)"
    r"|(?P<scheme>事業の?スキーム|スキーム|条件(?=\())|(?P<goal>成果の?目標|事業の?目標)|(?P<other>事業の?イメージ)"
    r")(?P<aside>\(.*)?[>》】\]]*(?P<inline>:.*)?"
)

_NOTE = re.compile(r"\(?(?:※|注[0-9:)])")
_PROSE = re.compile(r"[ぁ-ん]|.*。\Z")
_HIRAGANA = re.compile(r"[ぁ-ん]")
_LIST_ITEM = re.compile(rf"[-・•●○✓→※*]|\(?※|\(?注[0-9:)]|{MARK}")
_PREDICATE = re.compile(
    r"まで(?:に|の)|目指|[。、．:]$|(?:する|した|なる|図る|行う|以上|以下|未満|程度|達成|実現|向上|[0-9](?:%|割|件|社|人|者|回|倍))$"
)
_TITLE_END = re.compile(r"(?:事業|業務|費|金|調査|整備|推進|促進|支援|対策|プログラム|プロジェクト|等|\))$")
_GENERAL_WORDS = re.compile(
    r"(?:等|の|事業|業務|費|補助|委託|交付|拠出|分担|支援|推進|促進|対策|整備|調査|開発|研究|実証|プログラム|金|\(.*\))+"
)
_NO_BEGINNING = re.compile(r"[()・、]")
_UNFINISHED = re.compile(r"(?:[・のをにとや、「(]|及び|並びに|ための|向けた)$|\([^)]*$")

_OF_A_SCHEME = re.compile(
    r"補助|委託|請負|交付|拠出|出資|負担|融資|執行|スキーム|イメージ|民間|事業者|機構|法人|団体|協会|大学|自治体|市町村|都道府県|商工会|定額|→|/|\A国\Z"
)
_OF_A_PICTURE = re.compile(r"の様[子様]|写真|\A図\s?[0-9]|出典:|提供:")
_GROUP_OF_PICTURES = re.compile(r"(?:例|様子)$")


class NotAPrDocument(ValueError):
    """The text is not a PR document. The message says what was expected, for a person."""


@dataclass(frozen=True)
class Section:
    """Lines of the document, counted from 1, both ends included. The text is those lines, verbatim."""

    line_from: int
    line_to: int
    text: str


@dataclass(frozen=True)
class PrintedProgramme:
    """One programme. A part that the document does not print is "" or None; doubts are messages for a person."""

    number: int  # its place in the document, from 1; a programme that is left out keeps its number
    title: str
    title_lines: tuple[int, int] | None
    budget_line: int
    draft: Amount
    previous: Amount
    note: str
    organisations: tuple[PrintedOrganisation, ...]
    organisation_lines: tuple[int, int] | None
    period: Period | None
    purpose: Section | None
    overview: Section | None
    scheme: Section | None
    goal: Section | None
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class Edition:
    """The whole document. issued is YYYY-MM or ""; fiscal_year is that of the government draft."""

    title: str
    issued: str
    fiscal_year: int
    programmes: tuple[PrintedProgramme, ...]
    doubts: tuple[str, ...]


def segment(text: str) -> Edition:
    """The programmes of a document as decode() gives it.

    NotAPrDocument where the text has neither the head of such a document nor a programme with a readable
    budget. Without a head alone the fiscal year is that of the budget lines, and a doubt says so.
    """
    document = _Document(text)
    head = document.head
    years = Counter(start.year for start in document.starts if start.figures and start.year)
    if head.year is None and not years:
        raise NotAPrDocument(
            _(
                "This is not a ministry's PR document: it has neither a head such as 令和6年度予算案の事業概要 "
                "nor a budget line such as 令和6年度予算案額 1.2億円（1.1億円）."
            )
        )
    year = head.year if head.year and (head.year in years or not years) else years.most_common(1)[0][0]
    programmes, doubts = [], list(_doubts_of_head(head, year))
    for number, part in enumerate(document.parts(), 1):
        if part.start.figures and part.start.year == year:
            programmes.append(_programme(document, number, part, part.start.figures))
        else:
            doubts.append(_left_out(document, number, part, year))
    if not programmes:
        doubts.append(_("No programme could be read."))
    return Edition(head.title, head.issued, year, tuple(programmes), tuple(doubts))


@dataclass(frozen=True)
class _Head:
    title: str
    year: int | None
    issued: str
    last: int  # its last line, 0 for none


@dataclass(frozen=True)
class _Figures:
    draft: Amount
    previous: Amount
    note: str


@dataclass(frozen=True)
class _Start:
    """Where a programme is told: its budget line, or the heading that begins a programme without one."""

    line: int
    last: int  # the last line that the budget takes
    limit: int  # the last line that surely belongs to the programme before
    year: int | None = None
    figures: _Figures | None = None
    title: str = ""  # printed in the budget line itself


@dataclass(frozen=True)
class _Heading:
    kind: str
    line: int
    body: int  # the first line of its text


@dataclass(frozen=True)
class _Part:
    """The lines of one programme."""

    start: _Start
    first: int
    above: tuple[int, int] | None  # where a title could stand
    below: tuple[int, int] | None
    organisations: tuple[int, ...]
    notes: tuple[int, ...]
    unread: tuple[int, ...]
    title: tuple[int, int] | None = None
    last: int = 0


class _Document:
    """The lines of a document, counted from 1, with what each of them is."""

    def __init__(self, text: str) -> None:
        self.lines = ["", *text.split("\n")]
        self.texts = [line.replace("**", "").strip().lstrip("#").strip() for line in self.lines]  # without decoration
        self.bare = ["" if _PAGE_NUMBER.fullmatch(bare := plain(text)) else bare for text in self.texts]  # in one spelling
        self.end = max((line for line, bare in enumerate(self.bare) if bare), default=0)
        self.usual_gap = Counter(gap for gap, _first, _last in self._blocks(1, self.end)).most_common(1)[0][0] if self.end else 0
        self.headings = list(self._headings())
        self.head = self._head()
        self.starts = list(self._starts())

    def short(self, line: int) -> str:
        return self.bare[line] if line <= self.end and len(self.bare[line]) <= LONGEST_LINE else ""

    def filled(self, first: int, last: int) -> list[int]:
        """The lines of the span that hold text."""
        return [line for line in range(first, min(last, self.end) + 1) if self.bare[line]]

    def joined(self, span: tuple[int, int]) -> str:
        return "".join(self.texts[line] for line in self.filled(*span))

    def parts(self) -> Iterator[_Part]:
        """The programmes, each with its own lines."""
        parts = [self._part(place) for place in range(len(self.starts))]
        # Where a title could stand above as well as below, the programmes with one of both decide.
        prefers_below = sum((part.above is None) - (part.below is None) for part in parts) > 0
        following = self.end + 1
        settled = []
        for part in reversed(parts):
            title = part.below if part.below and (prefers_below or not part.above) else part.above
            unread = part.unread if title == part.below or not part.below else (*part.unread, *self.filled(*part.below))
            settled.append(replace(part, title=title, unread=unread, last=following - 1))
            following = min(part.first, title[0]) if title else part.first
        return reversed(settled)

    def _headings(self) -> Iterator[_Heading]:
        for line, bare in enumerate(self.bare):
            if found := _HEADING.fullmatch(re.sub(r"\s", "", bare)):
                aside, inline = found["aside"] or "", (found["inline"] or "")[1:]
                wrapped = aside.count("(") > aside.count(")") and self.short(line + 1).endswith(")")
                kind = next(kind for kind in (FRAME, PURPOSE, OVERVIEW, SCHEME, GOAL, OTHER) if found[kind])
                yield _Heading(kind, line, line if inline else line + 1 + wrapped)

    def _head(self) -> _Head:
        """The head above the first programme. A line that repeats its title further on is a running head and becomes blank."""
        end = next((line for line in range(1, self.end + 1) if _BUDGET.fullmatch(self.short(line))), self.end + 1)
        end = next((heading.line for heading in self.headings if heading.kind in (FRAME, PURPOSE) and heading.line < end), end)
        title, year, last, issued = "", None, 0, ""
        for line in range(1, end):
            for span in ((line, line), (line, min(line + 1, end - 1))):
                words = plain(self.joined(span))
                if not title and len(words) <= LONGEST_LINE and (found := _HEAD.search(words)):
                    title, year, last = self.joined(span), _western(found["year"]), span[1]
        for line in self.filled(last + 1, end - 1):
            found = _ISSUED.fullmatch(self.short(line))
            if found and not issued and (issued_in := _western(found["year"])):
                issued = f"{issued_in}-{int(found['month']):02}"
            elif not MINISTRY_NAME.fullmatch(self.short(line)):
                break
            last = line
        for line in self.filled(last + 1, self.end):
            if title and self.texts[line] == title:
                self.bare[line] = ""
        return _Head(title, year, issued, last)

    def _starts(self) -> Iterator[_Start]:
        headings = {heading.line: heading for heading in self.headings}
        seen, limit, taken = {PURPOSE, OVERVIEW}, self.head.last, self.head.last
        for line in range(self.head.last + 1, self.end + 1):
            heading = headings.get(line)
            if line > taken and (start := self._budget(line, limit)):
                seen, limit, taken = set(), start.last, start.last
                yield start
            elif heading and heading.kind in (PURPOSE, OVERVIEW) and heading.kind in seen:
                yield _Start(line, line - 1, limit)
                seen, limit = {heading.kind}, heading.body - 1
            elif heading and heading.kind != FRAME:
                seen.add(heading.kind)
                limit = heading.body - 1

    def _budget(self, line: int, limit: int) -> _Start | None:
        found = _BUDGET.fullmatch(self.short(line))
        if not found:
            return _Start(line, line, limit) if line == self.end and _CUT_SHORT.fullmatch(self.short(line)) else None
        year, last = _western(found["year"]), line
        title = LEADER.sub("", self.texts[line][: found.end("before")], count=1).strip()
        rest = self.texts[line][found.start("rest") :]
        following = next(iter(self.filled(line + 1, line + 2)), 0)
        if following and (not rest or amount_of(rest)):  # wrapped before the amounts or before the bracket, never within
            rest, last = rest + self.texts[following], following
        figures = _figures(rest, year)
        if (figures is None and (title or _PROSE.match(plain(rest)))) or (title and not _may_be_title(plain(title))):
            return None
        return _Start(line, last if figures else line, limit, year, figures, title)

    def _part(self, place: int) -> _Part:
        start = self.starts[place]
        following = self.starts[place + 1].line if place + 1 < len(self.starts) else self.end + 1
        inside = self.headings_in(start.last + 1, following - 1)
        part = self._above(start)
        part = self._below(part, inside[0].line if inside else following, headed=bool(inside))
        return replace(part, above=(start.line, start.line), below=(start.line, start.line)) if start.title else part

    def _above(self, start: _Start) -> _Part:
        frames = {heading.line for heading in self.headings_in(start.limit + 1, start.line - 1) if heading.kind == FRAME}
        first, title, organisations, unread = start.line, None, list[int](), list[int]()
        for line in reversed(self.filled(start.limit + 1, start.line - 1)):
            if title and line >= title[0]:
                continue
            if names_organisations(self.short(line)):
                organisations.insert(0, line)
            elif title:
                break
            elif _OTHER_BUDGET.match(self.short(line)):
                unread.insert(0, line)
            elif line not in frames:
                title = self._title_ending(line, start.limit)
                if title and self._after_text(start.limit):
                    continue
                break
            first = line
        return _Part(start, first, title, None, tuple(organisations), (), tuple(unread))

    def _after_text(self, limit: int) -> bool:
        """Whether the lines after the limit begin with the text of a section, or with what stands below the head."""
        return limit == self.head.last or bool(self.headings_in(limit - 1, limit + 1))

    def headings_in(self, first: int, last: int) -> list[_Heading]:
        low = bisect_right(self.headings, first - 1, key=lambda heading: heading.line)
        return self.headings[low : bisect_right(self.headings, last, key=lambda heading: heading.line)]

    def _title_ending(self, line: int, limit: int) -> tuple[int, int] | None:
        """The title whose last line is this one, if it can be a title at all and is no end of a goal."""
        if not _may_be_title(self.short(line)):
            return None
        first = line
        while first - 1 > limit and line - first < MOST_TITLE_LINES and self._is_title_above(first - 1):
            first -= 1
        over = self.bare[first - 1] if first - 1 > limit else ""
        all_of_a_goal = limit > self.head.last and self._after_text(limit) and not self.filled(limit + 1, first - 1)
        if all_of_a_goal or (over and not over.endswith("。")):  # it may as well be what a goal says, or the rest of it
            return (first, line) if _TITLE_END.search(self.bare[line]) else None
        return self._continued(first, line, limit)

    def _is_title_above(self, line: int) -> bool:
        """Whether the line goes on with the title in the next line; an organisation's name does where that is no new beginning."""
        bare, under = self.short(line), self.bare[line + 1]
        return _may_be_title(bare) or (names_organisations(bare) and bool(_NO_BEGINNING.match(under) or _GENERAL_WORDS.fullmatch(under)))

    def _continued(self, first: int, last: int, limit: int) -> tuple[int, int]:
        """The title with the lines above it that it continues, over blank lines."""
        while last - first < MOST_TITLE_SPAN and (upper := max(self.filled(max(limit, first - 4) + 1, first - 1), default=0)):
            continues = (
                _UNFINISHED.search(self.bare[upper]) or _NO_BEGINNING.match(self.bare[first]) or _GENERAL_WORDS.fullmatch(self.bare[first])
            )
            above_all = limit > self.head.last and not self.filled(limit + 1, upper - 1)
            if not continues or above_all or not _may_be_title(self.short(upper)):
                break
            first = upper
        return first, last

    def _below(self, part: _Part, bound: int, *, headed: bool) -> _Part:
        """The part with what stands below its budget line. Without a heading only organisations and notes are surely its own."""
        organisations, notes, unread, title = list(part.organisations), list[int](), list(part.unread), part.below
        for line in self.filled(part.start.last + 1, bound - 1):
            bare = self.short(line)
            if names_organisations(bare):
                organisations.append(line)
            elif _NOTE.match(bare):
                notes.append(line)
            elif not headed:
                break
            elif _may_be_title(bare) and (title is None or (line - title[1] <= 2 and line - 1 not in organisations)):
                title = (title[0] if title else line, line)
            else:
                unread.append(line)
        return replace(part, below=title, organisations=tuple(organisations), notes=tuple(notes), unread=tuple(unread))

    def section(self, first: int, last: int) -> Section | None:
        filled = self.filled(first, last)
        if not filled:
            return None
        return Section(filled[0], filled[-1], "\n".join(self.lines[filled[0] : filled[-1] + 1]))

    def without_captions(self, first: int, last: int) -> int:
        """The last line of the span that is no caption of pictures at its end.

        A caption is a short block below the gap that a picture leaves, without a sentence, a mark or a word of a
        scheme. One such block alone may be a statement: then it must be a bare name or speak of a picture.
        """
        blocks = list(self._blocks(first, last))
        kept = len(blocks)
        while kept and self._is_caption(*blocks[kept - 1]):
            kept -= 1
        captions = blocks[kept:]
        if len(captions) == 1 and not _OF_A_PICTURE.search(text := self.joined(captions[0][1:])) and _HIRAGANA.search(text):
            return last
        if captions and kept and _GROUP_OF_PICTURES.search(self.bare[blocks[kept - 1][1]]):
            kept -= 1
        return blocks[kept - 1][2] if kept else first - 1

    def _blocks(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """Adjacent lines of text: the blank lines above them, the first line and the last."""
        gap, start = 0, 0
        for line in range(first, last + 2):
            if line <= last and self.bare[line]:
                start = start or line
            elif start:
                yield gap, start, line - 1
                gap, start = 1, 0
            else:
                gap += 1

    def _is_caption(self, gap: int, first: int, last: int) -> bool:
        texts = self.bare[first : last + 1]
        return (
            gap >= self.usual_gap + PICTURE
            and not _LIST_ITEM.match(texts[0])
            and all(len(text) <= LONGEST_CAPTION and "。" not in text and not _OF_A_SCHEME.search(text) for text in texts)
        )


def _programme(document: _Document, number: int, part: _Part, figures: _Figures) -> PrintedProgramme:
    doubts = []
    title = part.start.title or (document.joined(part.title) if part.title else "")
    if not title:
        doubts.append(_("The title is lost."))
    doubts += [
        _("Line %(line)s is neither title nor organisation nor note: %(text)s") % {"line": line, "text": document.texts[line]}
        for line in part.unread
    ]
    sections = dict.fromkeys(_SECTIONS)
    headings = _once(document.headings_in(part.start.last + 1, part.last))
    for place, heading in enumerate(headings):
        last = headings[place + 1].line - 1 if place + 1 < len(headings) else part.last
        if heading.kind in (PURPOSE, OVERVIEW, SCHEME):
            last = document.without_captions(heading.body, last)
        if heading.kind in sections:
            sections[heading.kind] = document.section(heading.body, last)
            if not sections[heading.kind] and heading.kind != SCHEME:  # a scheme is often a drawing alone
                doubts.append(_("There is no text under the heading %(heading)s.") % {"heading": _SECTIONS[heading.kind]})
    missing = [name for kind, name in _SECTIONS.items() if kind not in {heading.kind for heading in headings}]
    doubts += [_("The heading %(heading)s is missing.") % {"heading": name} for name in missing]
    goal = sections[GOAL]
    period, period_doubts = period_of(goal.text) if goal else (None, [])
    organisations = part.organisations
    return PrintedProgramme(
        number=number,
        title=title,
        title_lines=part.title,
        budget_line=part.start.line,
        draft=figures.draft,
        previous=figures.previous,
        note=" ".join(filter(None, [figures.note, *(document.texts[line] for line in part.notes)])),
        organisations=organisations_of([(line, document.texts[line]) for line in organisations]),
        organisation_lines=(organisations[0], organisations[-1]) if organisations else None,
        period=period,
        purpose=sections[PURPOSE],
        overview=sections[OVERVIEW],
        scheme=sections[SCHEME],
        goal=goal,
        doubts=(*doubts, *period_doubts),
    )


def _once(headings: list[_Heading]) -> list[_Heading]:
    """The headings without those that repeat one: their line is text of the section."""
    first = {heading.kind: heading for heading in reversed(headings)}
    return [heading for heading in headings if heading.kind in (FRAME, OTHER) or heading is first[heading.kind]]


def _left_out(document: _Document, number: int, part: _Part, year: int) -> str:
    start = part.start
    told = {
        "number": number,
        "title": start.title or (document.joined(part.title) if part.title else ""),
        "line": start.line,
        "text": document.texts[start.line],
        "year": fiscal.fiscal_year_name(year),
    }
    if start.figures:
        return _("Programme %(number)s “%(title)s” is left out: its budget at line %(line)s is not of %(year)s: %(text)s") % told
    if start.last >= start.line:
        return _("Programme %(number)s “%(title)s” is left out: its budget at line %(line)s cannot be read: %(text)s") % told
    return _("Programme %(number)s “%(title)s” is left out: it has no budget line before line %(line)s.") % told


def _doubts_of_head(head: _Head, year: int) -> Iterator[str]:
    if not head.title:
        yield _("The head of the document is missing; its fiscal year is that of the budget lines, %(year)s.") % {
            "year": fiscal.fiscal_year_name(year)
        }
    elif head.year != year:
        yield _("The head “%(title)s” names another fiscal year than the budget lines, %(year)s.") % {
            "title": head.title,
            "year": fiscal.fiscal_year_name(year),
        }
    if not head.issued:
        yield _("The month of issue is missing.")


def _may_be_title(bare: str) -> bool:
    """Whether the line has the form of a title: no item, no sentence, no statement of an aim, no organisation."""
    return bool(
        re.search(r"\w", bare)
        and not _LIST_ITEM.match(bare)
        and not _PREDICATE.search(bare)
        and not _OTHER_BUDGET.match(bare)
        and not MINISTRY_NAME.fullmatch(bare)
        and not names_organisations(bare)
    )


def _figures(text: str, year: int | None) -> _Figures | None:
    """Both amounts of a budget line, or None where one of them or what follows cannot be read exactly."""
    found = _FIGURES.fullmatch(plain(text))
    if not found or year is None or (found["note"] and not _NOTE.match(found["note"])):
        return None
    labelled = _PREVIOUS.fullmatch(found["previous"])
    if not labelled or (labelled["year"] and _western(labelled["year"]) != year - 1):
        return None
    start = found.start("previous") + labelled.start("amount")
    draft, previous = amount_of(text[: found.end("draft")]), amount_of(text[start : found.end("previous")])
    if draft is None or previous is None or draft.no_amount == NEW:
        return None
    return _Figures(draft, previous, text[found.start("note") :].strip())


def _western(year: str) -> int | None:
    try:
        return fiscal.parse_year(year)
    except ValueError:
        return None
