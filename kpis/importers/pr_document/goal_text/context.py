"""A sentence with its words of time and its terms, and what it takes over from its lead or the sentence before it.

A deadline or a term at the head of a list governs its items. A sentence that goes on (また、…) keeps the term of the one
before it, and its deadline where that stands at the head. (DOMAIN.md §4, docs/readings.md, conventions 4 and 7.)
"""

import re
from dataclasses import dataclass, replace
from functools import cached_property

from kpis.choices import Term
from kpis.importers.pr_document.goal_text.layout import Sentence
from kpis.importers.pr_document.goal_text.times import BLANK, Time, Use, blanked, times

_TERMS = {"短期": Term.SHORT, "中期": Term.MID, "長期": Term.LONG, "最終": Term.LONG}
_AS_FOR = r"(?:として)?(?:は、?|、|:)"
_TERM = re.compile(
    rf"""(?P<term>短期|中期|長期|最終)(?:
        的(?:な(?:成果)?目標{_AS_FOR}|には?、?|は、?)     # 短期的には、 長期的な成果目標として、
        | では、?
        | の?(?:成果)?目標{_AS_FOR} | アウトカム{_AS_FOR}
        | [)】:][\s:]*                                   # 【短期】 (中期):
    )""",
    re.VERBOSE,
)
_GOES_ON = re.compile(r"(?:また|加えて|さらに|更に|併せて|あわせて|同時に|その上で|かつ)[、に]?")
_HEAD = 6  # how far into a sentence its head reaches


@dataclass(frozen=True)
class TermWord:
    start: int
    end: int
    term: str


@dataclass(frozen=True)
class Due:
    """A deadline with its words, and whether they stand in the sentence itself."""

    time: Time
    words: str
    is_here: bool = True


class Context:
    """A sentence in its context. Places count in the sentence."""

    def __init__(self, sentence: Sentence, before: "Context | None" = None, lead: "Context | None" = None) -> None:
        self.sentence = sentence
        self.lead = lead
        self.times = times(sentence.plain)
        self.blanked = blanked(sentence.plain, self.times)
        self.terms = [TermWord(*found.span(), _TERMS[found["term"]]) for found in _TERM.finditer(sentence.plain)]
        goes_on = before is not None and bool(_GOES_ON.match(sentence.plain)) and before.sentence.label == sentence.label
        over = before if goes_on else None
        carried = over.last_term if over is not None else Term.UNSTATED
        self.inherited_term: str = lead.last_term if carried == Term.UNSTATED and lead is not None else carried
        self.inherited_due: Due | None = over.due_at_head if over is not None else None
        self.last_term: str = self.terms[-1].term if self.terms else self.inherited_term
        # What it hands on itself: to the items that it leads, to a sentence that goes on.
        first = next((time for time in self.times if time.use is Use.DEADLINE), None)
        of_lead = lead.due_of_items if lead is not None else None
        self.due_of_items: Due | None = self.due(first) if first is not None else of_lead
        self.due_at_head: Due | None = self.due(first) if first is not None and first.start < _HEAD else of_lead

    def within(self, start: int, end: int) -> list[Time]:
        return [time for time in self.times if start <= time.start < end]

    def term_at(self, place: int, start: int) -> str:
        """The term of a commitment: the last word before it, unless it begins anew from an end or an event (「支援から5年後には」)."""
        before = [word for word in self.terms if word.start <= place]
        if not before:
            return self.inherited_term
        anew = any(
            time.offset_years is not None and self.sentence.plain.endswith("には", 0, time.end) for time in self.within(start, place)
        )
        return Term.UNSTATED if anew and before[-1].start < start else before[-1].term

    def due(self, time: Time) -> Due:
        return Due(self._in_full(time), self.sentence.text[time.start : time.end].rstrip("、"))

    def _in_full(self, time: Time) -> Time:
        """「5年間で」 of a programme that runs for five years ends with it."""
        if time.years is None or time.year is not None:
            return time
        context: Context | None = self
        while context is not None:
            for period in context.times:
                if period.use is Use.PROGRAMME and period.year and period.first_year and period.year - period.first_year + 1 == time.years:
                    return replace(time, year=period.year)
            context = context.lead
        return time

    @cached_property
    def words(self) -> str:
        """The printed words, with terms and words of time blanked out, but for years to compare with."""
        kept = list(self.sentence.text)
        for time in self.times:
            if time.use in (Use.DEADLINE, Use.EACH_YEAR, Use.PROGRAMME):
                kept[time.start : time.end] = BLANK * (time.end - time.start)
        for word in self.terms:
            kept[word.start : word.end] = BLANK * (word.end - word.start)
        return "".join(kept)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The places in the whole text of what stands between two places of the sentence."""
        places = self.sentence.places
        return places[start], places[end - 1] + 1
