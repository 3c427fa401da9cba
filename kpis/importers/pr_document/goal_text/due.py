"""When a commitment is due: the deadline that governs it, and whether it holds for each year. (DOMAIN.md §3, §4.)"""

import re
from dataclasses import replace
from itertools import pairwise

from kpis.importers.pr_document.goal_text.clauses import Clause
from kpis.importers.pr_document.goal_text.context import Context, Due
from kpis.importers.pr_document.goal_text.figures import Figure, figures
from kpis.importers.pr_document.goal_text.times import Time, Use
from kpis.importers.pr_document.goal_text.weigh import depth

# Between a figure and a deadline right behind it: 「3件(令和7年度)」, 「3件【目標年度】令和7年度」.
_RIGHT_BEHIND = re.compile(r"[^\d、。()【】]{0,8}[(【]|[\s】)]*【?(?:目標|達成)(?:年度?|時期)】?[:\s]*(?:は、?)?")
_CLOSES_BEHIND = re.compile(r"(?:まで|末|時点)?\s?(?:[)】、]|$)")
_OF_A_START = re.compile(r"[)】]?\s?→")  # 「3バース(平成22年度)→12バース」


class Deadlines:
    """The deadlines of one sentence, and which of them commitments took already."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._all = [time for time in context.times if time.use is Use.DEADLINE]
        self._taken: set[int] = set()

    def of(self, commitment: Clause, figure: Figure | None = None, words_from: int = 0) -> Due | None:
        """The deadline of a commitment, or of one of its figures, whose own words begin at `words_from`.

        The one right behind the figure, else the firm one nearest before it, else after it. A figure without one takes that of the
        list it stands in, or an earlier one of the sentence that no other took. Else a lead's governs, else that of the sentence
        that goes on here, else a year stands there.
        """
        place = commitment.end if figure is None else figure.start
        nearest = self._nearest(commitment, place, words_from)
        chosen = self._stated(commitment, figure, nearest)
        if chosen is None and (handed_on := self._handed_on(figure, bool(nearest))):
            return replace(handed_on, is_here=False)
        if chosen is None and nearest:
            chosen = nearest[0]
        if chosen is None:
            return None
        self._taken.add(chosen.start)
        return self._context.due(chosen)

    def _nearest(self, commitment: Clause, place: int, words_from: int) -> list[Time]:
        """The deadlines of a commitment, those before the place from it backwards, then those after it."""
        text = self._context.blanked
        within = [time for time in self._all if commitment.start <= time.start < commitment.end and not _OF_A_START.match(text, time.end)]
        own = [time for time in within if time.start >= words_from] or within
        return [*(time for time in reversed(own) if time.start <= place), *(time for time in own if time.start > place)]

    def _stated(self, commitment: Clause, figure: Figure | None, nearest: list[Time]) -> Time | None:
        firm = next((time for time in nearest if time.firm), None)
        if figure is None:
            return firm
        text = self._context.blanked
        behind = (time for time in nearest if _is_right_behind(text, figure, time))
        earlier = (
            time
            for time in reversed(self._all)
            if time.firm and time.end <= figure.start and (time.start >= commitment.start or time.start not in self._taken)
        )
        return next(behind, None) or firm or next(earlier, None)

    def _handed_on(self, figure: Figure | None, has_a_year: bool) -> Due | None:
        lead = self._context.lead
        if lead is not None and has_a_year:
            return None
        of_lead = lead.due_of_items if lead is not None else None
        return of_lead or (self._context.inherited_due if figure is not None else None)


def _is_right_behind(text: str, figure: Figure, time: Time) -> bool:
    """Whether the deadline stands behind the figure; brackets with another figure in them (平成23年度3万人) tell of that one."""
    found = _RIGHT_BEHIND.fullmatch(text, figure.end, time.start) if time.start >= figure.end else None
    return found is not None and (not found[0].endswith(("(", "【")) or bool(_CLOSES_BEHIND.match(text, time.end)))


class EachYear:
    """What a sentence, or the lead that governs it, says of each year."""

    def __init__(self, context: Context) -> None:
        of_lead = context.lead.times if context.lead is not None else []
        self._of_lead = any(time.use is Use.EACH_YEAR for time in of_lead)
        self._here = [_EachYearWord(context.blanked, time) for time in context.times if time.use is Use.EACH_YEAR]

    def holds(self, commitment: Clause, figure: Figure) -> bool:
        here = (word for word in self._here if commitment.start <= word.start < commitment.end)
        return self._of_lead or any(word.is_about(figure) for word in here)


class _EachYearWord:
    """毎年度 or 年間. In brackets with a figure of their own (年間1,000万円以上規模) the words are about that one."""

    def __init__(self, text: str, time: Time) -> None:
        self.start = time.start
        self._is_about_all = depth(text, time.start) == 0
        if not self._is_about_all:
            self._opening, closing = text.rfind("(", 0, time.start), text.find(")", time.end)
            self._closing = closing if closing >= 0 else len(text)
            self._is_about_all = not figures(text[time.end : self._closing])

    def is_about(self, figure: Figure) -> bool:
        return self._is_about_all or self._opening < figure.start < self._closing


def run_of_programme(context: Context) -> Due | None:
    """「令和14年までの事業であり、毎年度」: the run of an each-year target ends with the programme."""
    for period, each in pairwise(context.times):
        if period.use is Use.PROGRAMME and period.year and each.use is Use.EACH_YEAR and period.end == each.start:
            return context.due(period)
    return None
