"""The commitments that a goal text (成果目標) states: one indicator, one value, one deadline each (DOMAIN.md §3, §4).

A sentence is read in three steps: the words of time are found and blanked out (`times`), the figures that are left are
weighed (what is aimed at, what only describes: `weigh`), and each figure that is aimed at becomes a commitment with the
words around it. A clause that aims at something without a figure is a qualitative one. Nothing is guessed: what the text
does not plainly say stays blank, and a doubt says so.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from kpis.choices import DeadlineKind, Doubt, Kind, Term
from kpis.importers.pr_document.goal_text.clauses import Clause, commitments, whole
from kpis.importers.pr_document.goal_text.context import Context, Due
from kpis.importers.pr_document.goal_text.due import Deadlines, EachYear, run_of_programme
from kpis.importers.pr_document.goal_text.figures import Figure
from kpis.importers.pr_document.goal_text.indicators import aim_in_words, indicators
from kpis.importers.pr_document.goal_text.layout import Sentence, sentences
from kpis.importers.pr_document.goal_text.quantities import accumulation, comparator, unit
from kpis.importers.pr_document.goal_text.times import BLANK
from kpis.measures import fits, format_value

_TOLD = (
    "label", "term", "quote", "indicator", "kind", "comparator", "approximate", "value", "value_max", "unit", "accumulation", "each_year",
    "deadline_kind", "deadline_year", "deadline_offset_years", "deadline_text", "doubts",
)  # fmt: skip

# Between two figures of one indicator: 「令和7年に2兆円、令和12年に5兆円」.
_ANOTHER_TIME = re.compile(rf"[、,(（\s]*{BLANK}+[、:：には\s]*")


@dataclass(frozen=True)
class Reading:
    """One commitment as it was read. Blank is what could not be read; `doubts` say what a person should look at.

    `marks` are the places in the text of what was read: {"value": (start, end), ...}; `places` that of the quote.
    """

    quote: str
    label: str = ""
    term: str = Term.UNSTATED
    indicator: str = ""
    kind: str = Kind.QUALITATIVE
    comparator: str = ""
    approximate: bool = False
    value: Decimal | None = None
    value_max: Decimal | None = None
    unit: str = ""
    accumulation: str = ""
    each_year: bool = False
    deadline_kind: str = DeadlineKind.NONE
    deadline_year: int | None = None
    deadline_on: date | None = None
    deadline_offset_years: int | None = None
    deadline_through_nth_year: bool = False
    deadline_text: str = ""
    doubts: tuple[str, ...] = ()
    places: tuple[int, int] = (0, 0)
    marks: dict[str, tuple[int, int]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """What was read as JSON tells it: figures are strings of decimals, the year of a stated day is the deadline's year."""
        figures_told = {name: None if (value := getattr(self, name)) is None else format_value(value) for name in ("value", "value_max")}
        return {name: getattr(self, name) for name in _TOLD} | figures_told | {"doubts": list(self.doubts)}


def read(text: str) -> list[Reading]:
    """The commitments of a goal text in their order. Any text is read; one without a commitment gives none."""
    found: list[Reading] = []
    contexts: dict[Sentence, Context] = {}
    before: Context | None = None
    for sentence in sentences(text):
        lead = contexts[sentence.lead] if sentence.lead is not None else None
        before = contexts[sentence] = Context(sentence, before, lead)
        if not sentence.is_lead:
            found += _readings(before)
    return found or _first_as_a_whole(contexts.values())


def _first_as_a_whole(contexts: Iterable[Context]) -> list[Reading]:
    """A text in which nothing is aimed at in so many words names what it wants in its first sentence: 「離職率の低下」."""
    for context in contexts:
        if (named := whole(context)) is not None:
            return [_qualitative(context, named, Deadlines(context))]
    return []


def _readings(context: Context) -> Iterator[Reading]:
    deadlines, each_year = Deadlines(context), EachYear(context)
    for commitment in commitments(context):
        if not commitment.figures:
            yield _qualitative(context, commitment, deadlines)
        indicator = ""
        for number in range(len(commitment.figures)):
            for reading in _quantitative(context, commitment, number, deadlines, each_year, indicator):
                yield reading
                indicator = reading.indicator


def _qualitative(context: Context, commitment: Clause, deadlines: Deadlines) -> Reading:
    reading = Reading(
        quote=context.sentence.text[commitment.start : commitment.end],
        kind=Kind.QUALITATIVE,
        indicator=aim_in_words(context.words[commitment.start : commitment.end]),
    )
    return _placed(reading, context, commitment, commitment.end, deadlines.of(commitment))


def _quantitative(
    context: Context, commitment: Clause, number: int, deadlines: Deadlines, each_year: EachYear, before: str
) -> Iterator[Reading]:
    """The reading of a figure: two where the text says it of each of two indicators. `before` is the indicator of the figure before."""
    figure = commitment.figures[number]
    plain = context.sentence.plain
    words_from = commitment.figures[number - 1].end if number else commitment.start
    behind_from, behind_to = _behind(plain, commitment, number)
    around = (context.lead.sentence.plain if context.lead is not None else "") + plain[commitment.start : commitment.end]

    value, value_max, doubts = _value(figure)
    its_comparator, is_reduction = comparator(figure, plain[words_from : figure.start], plain[behind_from : commitment.end])
    is_each_year = each_year.holds(commitment, figure)
    due = deadlines.of(commitment, figure, words_from) or (run_of_programme(context) if is_each_year else None)
    goes_on = number > 0 and bool(_ANOTHER_TIME.fullmatch(context.words, words_from, figure.start))
    for own in indicators(
        context.words[words_from : figure.start],
        figure,
        context.words[behind_from:behind_to],
        is_reduction=is_reduction,
        is_listed=number > 0,
    ):
        indicator = own or (before if goes_on else "")
        its_unit = unit(figure, indicator)
        its_accumulation, assumed = accumulation(figure, around, indicator, its_unit, its_comparator, each_year=is_each_year)
        more = {
            Doubt.INDICATOR_NOT_READ: not indicator,
            Doubt.UNIT_NOT_READ: not its_unit and bool(value),
            Doubt.ACCUMULATION_ASSUMED: assumed,
        }
        reading = Reading(
            quote=context.sentence.text[commitment.start : commitment.end],
            kind=Kind.QUANTITATIVE,
            indicator=indicator,
            comparator=its_comparator,
            approximate=figure.approximate,
            value=value,
            value_max=value_max,
            unit=its_unit,
            accumulation=its_accumulation,
            each_year=is_each_year,
            doubts=(*doubts, *(doubt for doubt, there in more.items() if there)),
            marks={name: context.place(*place) for name, place in figure.marks().items()},
        )
        yield _placed(reading, context, commitment, figure.start, due)


def _value(figure: Figure) -> tuple[Decimal | None, Decimal | None, tuple[str, ...]]:
    """The value and upper value of a figure, and the doubts about them."""
    if figure.value is None:
        return None, None, (Doubt.VALUE_NOT_EXACT,)
    if fits(figure.value) and (figure.value_max is None or fits(figure.value_max)):
        return figure.value, figure.value_max, ()
    return None, None, (Doubt.DOES_NOT_FIT,)


def _behind(plain: str, commitment: Clause, number: int) -> tuple[int, int]:
    """The words behind a figure up to the next one; a list shares those behind its last one: 「66%、業務部門を51%削減する」."""
    figure, last = commitment.figures[number], commitment.figures[-1]
    if figure is last:
        return figure.end, commitment.end
    if figure.unit == last.unit and plain.startswith("、", figure.end):
        return last.end, commitment.end
    return figure.end, commitment.figures[number + 1].start


def _placed(reading: Reading, context: Context, commitment: Clause, place: int, due: Due | None) -> Reading:
    """The reading with its label, term and deadline, and the places of all in the text; `place` is where its figure stands."""
    marks, doubts = dict(reading.marks), list(reading.doubts)
    if due is not None:
        time = due.time
        if time.unread or (time.kind == DeadlineKind.PLAN_PERIOD and time.year is None):
            doubts.append(Doubt.DEADLINE_NOT_READ)
        if time.programme_end_assumed:
            doubts.append(Doubt.PROGRAMME_END_ASSUMED)
        if due.is_here:
            marks["deadline"] = context.place(time.start, time.end)
        reading = replace(
            reading,
            deadline_kind=time.kind,
            deadline_year=time.year,
            deadline_on=time.day,
            deadline_offset_years=time.offset_years,
            deadline_through_nth_year=time.through_nth_year,
            deadline_text=due.words,
        )
    for word in context.terms:
        if commitment.start <= word.start <= place:
            marks["term"] = context.place(word.start, word.end)
    return replace(
        reading,
        label=context.sentence.label,
        term=context.term_at(place, commitment.start),
        doubts=tuple(doubts),
        places=context.place(commitment.start, commitment.end),
        marks=marks,
    )
