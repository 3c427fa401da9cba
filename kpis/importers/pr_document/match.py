"""Which printed programme is which known one: by its title, else by what speaks for it, and then a person says.

A title that differs is never taken for the same programme on its own: title, organisations, amounts and the programmes around it
speak for a candidate, and a person confirms. Pure: no query.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.translation import gettext as _

from kpis.choices import MatchKind
from kpis.importers.pr_document.normalise import plain

ALIKE = 60  # the per cent of a title that two have in common for it to speak for them alone
SOMEWHAT_ALIKE = 30  # … together with their place in the document


@dataclass(frozen=True)
class Known:
    """What is known of a programme, from the edition before: its key, titles, place, organisations, and the amounts of its year."""

    key: Hashable
    titles: tuple[str, ...]
    place: int | None = None  # None for one that the edition before does not print
    organisations: frozenset[str] = frozenset()
    amounts: frozenset[int] = frozenset()
    line: int | None = None  # its budget line in the very document that is read, where it was read before


@dataclass(frozen=True)
class Printed:
    """What is printed of a programme."""

    number: int
    title: str
    line: int
    organisations: frozenset[str] = frozenset()
    amounts: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Candidate:
    key: Hashable
    kind: MatchKind
    ground: str


@dataclass(frozen=True)
class Matched:
    """For each printed number the key of the known programme that it is, or the candidates that a person looks at; both may be missing:
    the programme is new. `gone` are known programmes of the edition before that are printed no more, and are no candidates.
    """

    same: dict[int, Hashable]
    candidates: dict[int, list[Candidate]]
    gone: list[Hashable]


def bare(title: str) -> str:
    """A title without what editions print now so and now so: white space, marks, brackets of either width."""
    return re.sub(r"[\s・･,、。「」『』()\[\]*－—–−‐\-]", "", plain(title)).casefold()


def alike_in_percent(one: str, other: str) -> int:
    """How much two texts have in common, cut to whole per cent."""
    return int(SequenceMatcher(None, one, other, autojunk=False).ratio() * 100)


def match(printed: Sequence[Printed], known: Sequence[Known]) -> Matched:
    """Tie printed programmes to known ones. A known one is tied once."""
    same: dict[int, Hashable] = {}
    lines = {one.line: one.key for one in known if one.line is not None}
    for one in printed:
        if one.line in lines:
            same[one.number] = lines[one.line]
    titles: dict[str, set[Hashable]] = defaultdict(set)
    for other in known:
        for title in filter(None, map(bare, other.titles)):
            titles[title].add(other.key)
    often = Counter(bare(one.title) for one in printed)
    for one in printed:
        keys = titles[bare(one.title)] - set(same.values())
        if one.number not in same and len(keys) == 1 and often[bare(one.title)] == 1:
            same[one.number] = next(iter(keys))
    _tie_lost_titles(printed, known, same)
    tied = set(same.values())
    free = [other for other in known if other.key not in tied and other.place is not None]
    candidates = _candidates(printed, known, free, same)
    may_go_on = {candidate.key for found in candidates.values() for candidate in found}
    return Matched(same, candidates, [other.key for other in free if other.key not in may_go_on])


def _around(one: Printed, printed: Sequence[Printed], places: dict[Hashable, int | None], same: dict[int, Hashable]) -> tuple[int, int]:
    """The places of the known programmes before and after a printed one."""
    before = [places[same[other.number]] for other in printed if other.number < one.number and other.number in same]
    after = [places[same[other.number]] for other in printed if other.number > one.number and other.number in same]
    first = next((place for place in reversed(before) if place is not None), None)
    last = next((place for place in after if place is not None), None)
    return (-1 if first is None else first, 10**9 if last is None else last)


def _tie_lost_titles(printed: Sequence[Printed], known: Sequence[Known], same: dict[int, Hashable]) -> None:
    """A programme that lost its title is the one without a title at the same place."""
    places = {other.key: other.place for other in known}
    for one in printed:
        if one.title or one.number in same:
            continue
        first, last = _around(one, printed, places, same)
        there = [
            other.key
            for other in known
            if other.place is not None and first < other.place < last and not other.titles[0] and other.key not in same.values()
        ]
        if len(there) == 1:
            same[one.number] = there[0]


def _candidates(
    printed: Sequence[Printed], known: Sequence[Known], free: Sequence[Known], same: dict[int, Hashable]
) -> dict[int, list[Candidate]]:
    places = {other.key: other.place for other in known}
    grounds: dict[int, list[tuple[Hashable, str]]] = {}
    for one in printed:
        if one.number not in same:
            first, last = _around(one, printed, places, same)
            found = [
                (other.key, ground)
                for other in free
                if (ground := _ground(one, other, is_between=other.place is not None and first < other.place < last))
            ]
            if found:
                grounds[one.number] = found
    shared = Counter(key for found in grounds.values() for key, _ground_told in found)
    return {number: [Candidate(key, _kind(len(found), shared[key]), ground) for key, ground in found] for number, found in grounds.items()}


def _ground(one: Printed, other: Known, *, is_between: bool) -> str:
    """What speaks for it that both are one programme; "" where too little does."""
    alike = max((alike_in_percent(bare(one.title), bare(title)) for title in other.titles if title), default=0)
    organised = bool(one.organisations & other.organisations)
    paid = bool(other.amounts) and other.amounts <= one.amounts  # next year's edition prints the amount of the year before too
    speaks = alike >= ALIKE or (is_between and (alike >= SOMEWHAT_ALIKE or organised or paid)) or (organised and alike >= SOMEWHAT_ALIKE)
    if not speaks:
        return ""
    told = [_("%(percent)s %% of the title") % {"percent": alike}]
    told += [_("the same place between the programmes around it")] * is_between
    told += [_("the same organisation")] * organised
    told += [_("the same amounts")] * paid
    return " · ".join(told)


def _kind(candidates: int, claimed: int) -> MatchKind:
    if candidates > 1:
        return MatchKind.MERGED
    return MatchKind.SPLIT if claimed > 1 else MatchKind.RENAMED
