"""What a person says of what an importer proposed: the only writer of its decisions.

A confirmed proposal becomes an outcome target with its passage; one that is corrected becomes a target as corrected, and what was read
stays beside it; one that is discarded keeps why. A programme that was held back is loaded once a person said what it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from budget.history import explain
from budget.models import PassagePart, Programme, ProgrammeSuccession, SourcePassage
from kpis.choices import MatchDecision, ProposalState
from kpis.importers.pr_document.load import CannotLoad, load_one
from kpis.importers.pr_document.outcome import Difference
from kpis.importers.propose import Proposed, propose
from kpis.models import OutcomeTarget, ProgrammeMatch, TargetProposal, decides_for_all, programmes_reported_by


def _now():
    return timezone.now()


def may_decide(by, programme: Programme) -> bool:
    """Whether a person decides on the proposals of a programme: an administrator, or an official who reports on it."""
    if decides_for_all(by):
        return True
    reported = programmes_reported_by(by, timezone.localdate()).filter(pk=programme.pk)
    return by.has_perm("kpis.change_targetproposal") and reported.exists()


def _refuse_strangers(by, programme: Programme) -> None:
    if not may_decide(by, programme):
        raise PermissionDenied(_("Only an administrator, or an official who reports on the programme, decides on what is proposed."))


# --- Proposed targets ----------------------------------------------------------------------------------------------------------------


def terms_of(proposal: TargetProposal) -> dict[str, Any]:
    """The fields of the target that a proposal would become as it was read."""
    read = {name: getattr(proposal, name) for name in TargetProposal.READ}
    return read | {name: name in proposal.doubts.split() for name in TargetProposal.ASSUMED}


@transaction.atomic
def confirm(proposal: TargetProposal, *, by, reason: str = "", **corrected: Any) -> OutcomeTarget:
    """Make a target of an open proposal, as it was read or with `corrected` fields. ValidationError where it is none yet, or decided."""
    proposal = _locked(proposal, by)
    terms = terms_of(proposal)
    changed = {name: value for name, value in corrected.items() if terms[name] != value}
    reason = reason or _("%(proposal)s confirmed") % {"proposal": proposal.code}
    number = _free_number(proposal.programme)
    target = OutcomeTarget(code=f"{proposal.programme.code}-{number:02}", programme=proposal.programme, **(terms | changed))
    target.passage = _passage(proposal, number)
    target.full_clean(exclude=["passage"])
    for row in filter(None, (target.passage, target)):
        explain(row, reason=reason, by=by)
        row.save()
    _decide(proposal, ProposalState.CORRECTED if changed else ProposalState.CONFIRMED, by=by, note=reason, target=target)
    return target


@transaction.atomic
def discard(proposal: TargetProposal, *, by, reason: str) -> TargetProposal:
    """Put an open proposal away with the reason. ValidationError without one."""
    proposal = _locked(proposal, by)
    if not reason.strip():
        raise ValidationError(_("A proposal is discarded with a reason."))
    return _decide(proposal, ProposalState.DISCARDED, by=by, note=reason.strip())


@dataclass
class Confirmations:
    """What became of many proposals: the targets, and those skipped, each with the sentence that says why."""

    targets: list[OutcomeTarget] = field(default_factory=list)
    skipped: list[tuple[TargetProposal, str]] = field(default_factory=list)


def confirm_each(proposals: Iterable[TargetProposal], *, by, reason: str = "") -> Confirmations:
    """Confirm every proposal without doubts as it was read, each in a transaction of its own, and tell of the others why not."""
    told = Confirmations()
    for proposal in proposals:
        if proposal.doubts:
            told.skipped.append((proposal, "・".join(proposal.doubts_told)))
            continue
        try:
            told.targets.append(confirm(proposal, by=by, reason=reason))
        except ValidationError as error:
            told.skipped.append((proposal, " ".join(error.messages)))
    return told


@transaction.atomic
def propose_pasted(programme: Programme, text: str, *, by) -> Proposed:
    """Read a pasted goal text of a programme that was entered by hand, and write what it proposes."""
    _refuse_strangers(by, Programme.objects.select_for_update().get(pk=programme.pk))

    def save(row: models.Model) -> None:
        explain(row, reason=_("read from a pasted text"), by=by)
        row.save()

    return propose(programme, text.replace("\r\n", "\n"), passage=None, save=save)


def _locked(proposal: TargetProposal, by) -> TargetProposal:
    """The proposal as it is now. The programme is locked first, so that two confirmations do not take one code."""
    _refuse_strangers(by, Programme.objects.select_for_update().get(pk=proposal.programme_id))
    found = TargetProposal.objects.select_for_update(of=("self",)).select_related("programme", "passage", "document").get(pk=proposal.pk)
    if found.state != ProposalState.OPEN:
        raise ValidationError(_("This proposal is decided already: %(state)s.") % {"state": found.get_state_display()})
    return found


def _decide(proposal: TargetProposal, state: str, *, by, note: str, target: OutcomeTarget | None = None) -> TargetProposal:
    proposal.state, proposal.target, proposal.decision_note = state, target, note
    proposal.decided_by, proposal.decided_at = by, _now()
    explain(proposal, reason=note, by=by)
    proposal.save()
    return proposal


def _free_number(programme: Programme) -> int:
    taken = set(OutcomeTarget.objects.filter(code__startswith=f"{programme.code}-").values_list("code", flat=True))
    return next(number for number in range(1, 10_000) if f"{programme.code}-{number:02}" not in taken)


def _passage(proposal: TargetProposal, number: int) -> SourcePassage | None:
    """The lines of the document that state the target, with the quote; None for a pasted text."""
    if proposal.passage is None:
        return None
    first = proposal.passage.line_from + proposal.goal_text.count("\n", 0, proposal.starts_at)
    last = proposal.passage.line_from + proposal.goal_text.count("\n", 0, proposal.ends_at - 1)
    codes = set(SourcePassage.objects.filter(code__startswith=f"{proposal.programme.code}-s").values_list("code", flat=True))
    code = next(code for n in range(number, 10_000) if (code := f"{proposal.programme.code}-s{n:02}") not in codes)
    return SourcePassage(
        code=code,
        document=proposal.passage.document,
        programme=proposal.programme,
        part=PassagePart.STATEMENT,
        line_from=first,
        line_to=last,
        quote=proposal.statement,
    )


# --- Programmes that were held back --------------------------------------------------------------------------------------------------


def _retitled(proposed: ProgrammeMatch, *, by, reason: str) -> Programme:
    """The known programme with the printed title: a person said that it is the same."""
    programme = proposed.candidate
    if proposed.printed_title and proposed.printed_title != programme.title:
        if programme.title in ("", programme.display_title):
            programme.display_title = proposed.printed_title
        programme.title = proposed.printed_title
        explain(programme, reason=reason, by=by)
        programme.save()
    return programme


@dataclass
class Said:
    """What became of a printed programme: the one that was loaded, None while others are open, and what it kept otherwise than printed."""

    programme: Programme | None = None
    conflicts: list[Difference] = field(default_factory=list)


@transaction.atomic
def match(proposed: ProgrammeMatch, decision: str, *, by, reason: str) -> Said:
    """Say what a printed programme is to a known one; once it is plain what it is, it is loaded.

    SAME: it is the known one, which takes the new title. SUCCESSOR: a new programme that goes on from it. UNRELATED: it is not; a new
    programme once no candidate is left. ValidationError where it is decided, where a reason is missing, or where the document prints the
    known one elsewhere too.
    """
    if not decides_for_all(by):
        raise PermissionDenied(_("Only an administrator says which programme is which."))
    if not reason.strip():
        raise ValidationError(_("Give the reason."))
    siblings = list(
        ProgrammeMatch.objects.select_for_update(of=("self",))
        .filter(document=proposed.document, number=proposed.number)
        .select_related("document", "candidate")
    )
    proposed = next(one for one in siblings if one.pk == proposed.pk)
    if proposed.decision != MatchDecision.OPEN:
        raise ValidationError(_("This is decided already: %(decision)s.") % {"decision": proposed.get_decision_display()})
    if decision not in (MatchDecision.SAME, MatchDecision.SUCCESSOR, MatchDecision.UNRELATED):
        raise ValidationError(_("Choose what it is."))
    others = [one for one in siblings if one.pk != proposed.pk]
    loaded = next((one.programme for one in others if one.programme_id), None)
    if decision == MatchDecision.SAME and any(one.decision == MatchDecision.SUCCESSOR for one in others):
        raise ValidationError(_("It is already said to be a new programme that goes on from another one."))
    if decision == MatchDecision.SAME:
        proposed.candidate = Programme.objects.select_for_update().get(pk=proposed.candidate_id)
        _refuse_printed_twice(proposed)
    becomes = _retitled(proposed, by=by, reason=reason) if decision == MatchDecision.SAME else None
    still_open = [one for one in others if one.decision == MatchDecision.OPEN]
    conflicts: list[Difference] = []
    if loaded is None and (decision != MatchDecision.UNRELATED or not still_open):
        try:
            loaded, told = load_one(proposed.document, proposed.number, becomes, by=by, reason=reason)
        except CannotLoad as error:
            raise ValidationError(str(error)) from error
        conflicts = told.conflicts
    if decision == MatchDecision.SUCCESSOR:
        if loaded == proposed.candidate:
            raise ValidationError(_("It is known as the same programme by now."))
        succession = ProgrammeSuccession(predecessor=proposed.candidate, successor=loaded, note=proposed.get_kind_display())
        explain(succession, reason=reason, by=by)
        succession.save()
    decided = [(proposed, decision), *((one, MatchDecision.UNRELATED) for one in still_open if decision == MatchDecision.SAME)]
    for one, said in decided:
        one.decision, one.programme, one.decision_note = said, loaded, reason
        one.decided_by, one.decided_at = by, _now()
        explain(one, reason=reason, by=by)
        one.save()
    return Said(loaded, conflicts)


def _refuse_printed_twice(proposed: ProgrammeMatch) -> None:
    """Two programmes of one document are not the same known one: the second would take the place of the first."""
    if proposed.candidate.passages.filter(document=proposed.document, part=PassagePart.BUDGET).exists():
        raise ValidationError(_("The document prints this programme elsewhere too. Say that this one goes on from it."))
