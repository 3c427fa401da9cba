"""A sentence cut into clauses, and the clauses joined to commitments.

A clause in the 連用形 (…し、…) or with により/を通じて leads to the verb that follows and is part of it, unless it has a figure, a
term or a verb of aim (目指し) of its own. (docs/readings.md, convention 1.)
"""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from kpis.importers.pr_document.goal_text.context import Context
from kpis.importers.pr_document.goal_text.figures import Figure, figures
from kpis.importers.pr_document.goal_text.times import BLANK, Use
from kpis.importers.pr_document.goal_text.weigh import aimed_at, depth

# Where a clause ends.
_VERB_STEM = (
    r"目指し|目標とし|図り|とし|にし|[一-鿿ァ-ヶー](?:し|させ|され|せ)"
    r"|(?:高|強|深|広|進|求|始|定|努|認|改)め|増やし|減らし|繋げ|つなげ|上げ|下げ|[りきい]|[えけてっ]て"
)
_MEANS = r"ことにより|ことで|により|によって|を通じて?|を通して|として"
_BOUNDARY = re.compile(rf"(?:{_VERB_STEM}|{_MEANS}|ことや|こと)、|とともに、?|(?:する|行う|図る|ある)ほか、?|また、")
# A clause that ends so states an aim of its own.
_CLOSES_AN_AIM = re.compile(r"(?:目指し|目標とし|図ることとし)、$|とともに、?$|こと、$|ことや、?$|ほか、?$")
# Behind these a term governs what stands before it, too: 「支援した事業者のうち、短期的には」.
_GOVERNED_FROM_BEFORE = re.compile(r"(?:うち|について)、?$")

# --- What words without a figure state ----------------------------------------------------------------------------------------------

_AIM_IN_NOUNS = (
    r"実施|実現|達成|向上|増加|削減|減少|確保|促進|推進|強化|創出|整備|確立|拡大|改善|維持|普及|開始|貢献|発展|低減|解消|構築|公表|開発|導入|活用"
    r"|育成|定着|発信|化|等|数|率|額|度"
)
_AIM = re.compile(rf"目指|目標|図る|する$|こと$|高める|つなげ|繋げ|繋が|強める|抑える|[くぐすつぬぶむるう]$|(?:{_AIM_IN_NOUNS})$")
_STATE = re.compile(
    r"(?:である|であった|している|されている|ている|ない|だった|必要がある|のもの|ところ|場合|とおり|通り|を指す|参照|除く|含む|による)$"
)
_BACKGROUND = re.compile(r"(?:[しけっんいえじれめ]た|だった|であった|ている|ており|済みである|困難である|ものである|である)$")
_IS_THE_AIM = re.compile(r"(?:こと|目標|目標値|とおり|通り)(?:で(?:ある|あった|す))$|目標と(?:した|している)$|目指し(?:た|ている)$")
_NOUN = re.compile(r"[一-鿿ァ-ヶー]$")
_STOPS = "、。" + string.whitespace
_REMARK = re.compile(r"\([^()]*\)$")
_SHORTEST_AIM = len("普及促進")
_SHORTEST_AIM_BESIDE_A_YEAR = len("増加")  # 「前年度比増加」

_LEADING = re.compile(r"(?:また、|[、。\s])*")


@dataclass
class Clause:
    """A part of a sentence with the figures that it aims at. Places count in the sentence."""

    start: int
    end: int
    figures: list[Figure] = field(default_factory=list)


def commitments(context: Context) -> Iterator[Clause]:
    """The commitments of a sentence in their order: clauses joined, without the words that only link them. Background has none."""
    if _is_background(context):
        return
    for joined in _joined(context):
        start, end = _trimmed(context.sentence.plain, joined)
        if start < end:
            yield Clause(start, end, joined.figures)


def _clauses(context: Context) -> list[Clause]:
    text = context.blanked
    cuts = {0, len(text)}
    cuts.update(found.end() for found in _BOUNDARY.finditer(text) if not depth(text, found.start()))
    cuts.update(
        word.start for word in context.terms if not depth(text, word.start) and not _GOVERNED_FROM_BEFORE.search(text[: word.start])
    )
    cuts.update(time.end for time in context.times if time.use is Use.PROGRAMME)
    return [Clause(start, end, _figures_aimed_at(text, start, end)) for start, end in pairwise(sorted(cuts))]


def _figures_aimed_at(text: str, start: int, end: int) -> list[Figure]:
    clause = text[start:end]
    return [figure.moved(start) for figure in aimed_at(clause, figures(clause))]


def _joined(context: Context) -> Iterator[Clause]:
    """The clauses joined: one without a figure leads to the next, unless it aims at something itself."""
    periods = {time.end for time in context.times if time.use is Use.PROGRAMME}
    terms = {word.start for word in context.terms}
    start: int | None = None
    end = 0
    for clause in _clauses(context):
        if clause.end in periods:
            start = None
            continue
        if clause.start in terms:
            if start is not None and _states_an_aim(context, start, clause.start):
                yield Clause(start, clause.start)
            start = None
        if start is None:
            start = clause.start
        end = clause.end
        if clause.figures or _CLOSES_AN_AIM.search(context.blanked[clause.start : clause.end]):
            yield Clause(start, end, clause.figures)
            start = None
    if start is not None and _states_an_aim(context, start, end):
        yield Clause(start, end)


def whole(context: Context) -> Clause | None:
    """The sentence as one commitment without a figure, where it names something and does not say how things are: 「離職率の低下」."""
    is_compared = any(time.use is Use.OTHER for time in context.times)  # 「前年度以上」
    words = _without_end(context.sentence.plain if is_compared else context.blanked)
    is_named = len(words.replace(BLANK, "")) >= _SHORTEST_AIM_BESIDE_A_YEAR and bool(_NOUN.search(words))
    if not is_named or _STATE.search(words) or _is_background(context):
        return None
    start, end = _trimmed(context.sentence.plain, Clause(0, len(context.sentence.plain)))
    return Clause(start, end) if start < end else None


def _is_background(context: Context) -> bool:
    """Whether the sentence says how things are or were: 「…600件を実証済みである」, 「実績は75.3%であった」."""
    words = _without_end(context.blanked)
    return bool(_BACKGROUND.search(words)) and not _IS_THE_AIM.search(words)


def _states_an_aim(context: Context, start: int, end: int) -> bool:
    """Whether words without a figure state an aim, and not how things are."""
    words = _without_end(context.blanked[start:end])
    beside_a_year = any(time.use is Use.OTHER for time in context.within(start, end))
    shortest = _SHORTEST_AIM_BESIDE_A_YEAR if beside_a_year else _SHORTEST_AIM
    return len(words.replace(BLANK, "")) >= shortest and not _STATE.search(words) and bool(_AIM.search(words))


def _without_end(words: str) -> str:
    """The words without stops, words of time and remarks in brackets behind them."""
    while True:
        words = words.rstrip(_STOPS + BLANK)
        opening = words.rfind("(")
        if opening < 0 or not _REMARK.fullmatch(words, opening):
            return words
        words = words[:opening]


def _trimmed(plain: str, clause: Clause) -> tuple[int, int]:
    words = plain[clause.start : clause.end].rstrip(_STOPS)
    end = clause.start + len(words.removesuffix("とともに").rstrip(_STOPS))
    opening = _LEADING.match(plain, clause.start, end)
    return opening.end() if opening else clause.start, end
