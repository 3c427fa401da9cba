"""Targets proposed from a goal text: what is read, apart from what is already confirmed or decided.

A commitment that a confirmed target states is not proposed again; one that states nearly the same is, with that target named beside it.
A reading that somebody decided on stays decided. An open proposal that the newest text no longer states is marked so.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from django.db import models

from budget.models import Programme, SourcePassage
from kpis.choices import DeadlineKind, Doubt, Kind, ProposalState
from kpis.importers.pr_document.extract import Reading, read
from kpis.importers.pr_document.match import alike_in_percent
from kpis.importers.pr_document.normalise import plain
from kpis.models import OutcomeTarget, TargetProposal

ALIKE = 75  # per cent that two statements without a figure have in common where they are one commitment
SOMEWHAT_ALIKE = 30  # … where their figures and deadlines are the same
TERMS = ("term", "deadline_kind", "deadline_year", "deadline_on", "deadline_offset_years", "deadline_through_nth_year", "each_year")


@dataclass
class Proposed:
    """What reading a text came to: new proposals, those that it no longer states, and targets that it states otherwise
    (target, its statement, what stands there now; "" for nothing).
    """

    new: list[TargetProposal] = field(default_factory=list)
    superseded: list[TargetProposal] = field(default_factory=list)
    conflicts: list[tuple[OutcomeTarget, str, str]] = field(default_factory=list)


def propose(programme: Programme, text: str, *, passage: SourcePassage | None, save: Callable[[models.Model], None]) -> Proposed:
    """Read a goal text and write what it proposes; `save` writes a row with its reason. `passage` are its lines, None for a pasted text."""
    targets = list(programme.targets.filter(withdrawn_at=None).order_by("code"))
    decided = list(programme.proposals.exclude(state=ProposalState.SUPERSEDED).select_related("resembles", "document").order_by("code"))
    told, taken, stated = Proposed(), set[int](), set[int]()
    readings = read(text) or [_nothing_read(text)]
    for reading in readings:
        proposal = _proposal(programme, reading, text, passage)
        before = next((one for one in decided if one.pk not in stated and _is_reading_of(one, proposal)), None)
        if before is not None:
            stated.add(before.pk)
            taken |= {before.target_id, before.resembles_id} - {None}
            if before.state == ProposalState.OPEN and before.resembles is not None:
                told.conflicts.append((before.resembles, before.resembles.statement, before.statement))
            continue
        same = next((target for target in targets if target.pk not in taken and _states(target, proposal)), None)
        if same is not None:
            taken.add(same.pk)
            continue
        near = next((target for target in targets if target.pk not in taken and _resembles(target, proposal)), None)
        if near is not None:
            taken.add(near.pk)
            proposal.resembles = near
            proposal.doubts = " ".join([*proposal.doubts.split(), Doubt.RESEMBLES_TARGET])
            told.conflicts.append((near, near.statement, proposal.statement))
        told.new.append(proposal)
    if passage is not None:
        whole = _bare(text)
        told.conflicts += [
            (target, target.statement, "")
            for target in targets
            if target.pk not in taken and target.passage_id and _bare(target.statement) not in whole
        ]
        told.superseded = [one for one in decided if one.state == ProposalState.OPEN and one.pk not in stated and _is_older(one, passage)]
    for number, proposal in enumerate(told.new, programme.proposals.count() + 1):
        proposal.code = f"{programme.code}-p{number:02}"
        save(proposal)
    for proposal in told.superseded:
        proposal.state = ProposalState.SUPERSEDED
        save(proposal)
    return told


def _nothing_read(text: str) -> Reading:
    """A text in which nothing could be read stands as a whole, for a person to read."""
    end = len(text.rstrip())
    start = len(text) - len(text.lstrip())
    return Reading(quote=text.strip(), kind="", doubts=(Doubt.NOTHING_READ,), places=(start, max(end, start + 1)))


def _proposal(programme: Programme, reading: Reading, text: str, passage: SourcePassage | None) -> TargetProposal:
    names = [name for name in TargetProposal.READ if name != "statement"]
    if reading.deadline_kind == DeadlineKind.DATE:  # its day says the year
        reading = replace(reading, deadline_year=None)
    return TargetProposal(
        programme=programme,
        document=passage.document if passage else None,
        passage=passage,
        goal_text=text,
        starts_at=reading.places[0],
        ends_at=reading.places[1],
        marks={name: list(place) for name, place in reading.marks.items()},
        statement=reading.quote,
        doubts=" ".join(reading.doubts),
        **{name: _cut(name, getattr(reading, name)) for name in names},
    )


def _cut(name: str, value):
    longest = TargetProposal._meta.get_field(name).max_length
    return value[:longest] if longest and isinstance(value, str) else value


# --- What is the same ----------------------------------------------------------------------------------------------------------------


def _bare(statement: str) -> str:
    return re.sub(r"[\s、。,.・「」『』()\[\]*\-]|また、|旨とする|目指す", "", plain(statement))


def _without_figures(statement: str) -> str:
    return re.sub(r"\d+", "#", re.sub(r"(?<=\d)[,.](?=\d)", "", plain(statement)))


def _figures(one: TargetProposal | OutcomeTarget) -> tuple:
    return one.value, one.value_max, plain(one.unit), one.comparator


def _is_reading_of(before: TargetProposal, now: TargetProposal) -> bool:
    """Whether a proposal that is there was read from the same words, with the term and deadline that the words around them give."""
    same_terms = all(getattr(before, name) == getattr(now, name) for name in TERMS)
    return _bare(before.statement) == _bare(now.statement) and _figures(before) == _figures(now) and same_terms


def _states(target: OutcomeTarget, proposal: TargetProposal) -> bool:
    """Whether a confirmed target is the commitment that was read."""
    if target.kind != proposal.kind:
        return False
    if target.kind == Kind.QUANTITATIVE:
        same_terms = all(getattr(target, name) == getattr(proposal, name) for name in TERMS)
        return _figures(target) == _figures(proposal) and same_terms and _alike(target, proposal) > SOMEWHAT_ALIKE
    return _alike(target, proposal) >= ALIKE


def _resembles(target: OutcomeTarget, proposal: TargetProposal) -> bool:
    """Whether a confirmed target says nearly what was read: the same words with other figures."""
    return target.kind == proposal.kind and (
        _bare(_without_figures(target.statement)) == _bare(_without_figures(proposal.statement)) or _alike(target, proposal) >= ALIKE
    )


def _alike(target: OutcomeTarget, proposal: TargetProposal) -> int:
    """How much both statements have in common, in per cent; one that holds the other is the same."""
    one, other = _bare(target.statement), _bare(proposal.statement)
    if one in other or other in one:
        return 100
    return alike_in_percent(one, other)


def _is_older(proposal: TargetProposal, passage: SourcePassage) -> bool:
    """Whether a proposal was read from another document than the one that is read now, and not from a later year's."""
    document = proposal.document
    return document is not None and document.pk != passage.document_id and document.budget_year <= passage.document.budget_year
