"""What a person says of a proposal and of a programme that was held back: who may, what it becomes, and what it leaves behind."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import translation

from accounts.roles import Role
from budget.history import explain
from budget.models import BudgetStage, PassagePart, Programme, ProgrammeSuccession, SourceDocument
from kpis.choices import Doubt, Kind, MatchDecision, MatchKind, ProposalState
from kpis.importers import review
from kpis.models import OutcomeTarget, ProgrammeMatch, TargetProposal
from tests.factories import (
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    SourcePassageFactory,
    UserFactory,
)
from tests.kpis.importers.documents import Printed, document, imported, lines_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("division")]

NOW = datetime(2026, 5, 1, 3, tzinfo=UTC)
REASON = "資料のとおり。"
RATE = "申請のオンライン化率を80%以上とする"
GOAL = f"令和9年度までに、次を目指す。\n\n- ・{RATE}。\n- ・届出のオンライン化率を\n90%以上とする。"
EVERYBODY = ("official", "other_official", "reviewer", "auditor", "administrator", "nobody", "departed")


@pytest.fixture(autouse=True)
def _the_clock_and_the_language():
    with time_machine.travel(NOW, tick=False), translation.override("en"):
        yield


@pytest.fixture
def text():
    return document(Printed(goal=GOAL))


@pytest.fixture
def proposals(text, administrator) -> list[TargetProposal]:
    """Two without doubts, of a programme that the official's division answers for."""
    imported(text, by=administrator)
    return list(TargetProposal.objects.all())


@pytest.fixture
def proposal(proposals):
    return proposals[0]


@pytest.fixture
def nobody():
    return UserFactory(username="nobody")


@pytest.fixture
def departed(division):
    return PostingFactory(organisation=division, role=Role.OFFICIAL, to_on=NOW.date().replace(month=4)).user


def told(row):
    return type(row).objects.values().get(pk=row.pk)


def counts() -> tuple[int, int, int, int]:
    return (OutcomeTarget.objects.count(), TargetProposal.history.count(), Programme.history.count(), ProgrammeMatch.history.count())


def refused(step, *arguments, **options) -> str:
    """The sentence that refuses; nothing is written."""
    before = counts()
    with pytest.raises(ValidationError) as said:
        step(*arguments, **options)
    assert counts() == before
    return " ".join(said.value.messages)


# --- Confirmed as read ------------------------------------------------------------------------------------------------------------------


def test_a_confirmed_proposal_becomes_a_target_as_it_was_read(proposal, official):
    target = review.confirm(proposal, by=official)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.target, proposal.decided_by, proposal.decided_at) == (ProposalState.CONFIRMED, target, official, NOW)
    assert (target.programme, target.value, target.unit, target.comparator) == (proposal.programme, Decimal(80), "%", "at_least")
    assert (target.deadline_kind, target.deadline_year, target.due_fy) == ("fiscal_year", 2027, 2027)
    assert {name: getattr(target, name) for name in TargetProposal.READ} == {name: getattr(proposal, name) for name in TargetProposal.READ}


def test_what_was_assumed_goes_on_to_be_assumed(official, administrator):
    imported(document(Printed()), by=administrator)
    proposal = TargetProposal.objects.get()
    assert proposal.doubts == Doubt.ACCUMULATION_ASSUMED
    target = review.confirm(proposal, by=official)
    assert (target.accumulation_assumed, target.comparator_assumed, target.programme_end_assumed) == (True, False, False)


def test_the_target_has_its_quote_and_the_lines_of_it(proposals, text, official):
    one, other = (review.confirm(proposal, by=official).passage for proposal in proposals)
    assert (one.document, one.programme, one.part) == (SourceDocument.objects.get(), Programme.objects.get(), PassagePart.STATEMENT)
    assert one.quote == RATE
    assert lines_of(text, one.line_from, one.line_to) == f"- ・{RATE}。"
    assert lines_of(text, other.line_from, other.line_to) == "- ・届出のオンライン化率を\n90%以上とする。"


def test_codes_of_targets_and_passages_count_on_within_the_programme(proposals, official):
    programme = Programme.objects.get()
    targets = [review.confirm(proposal, by=official) for proposal in proposals]
    assert [target.code for target in targets] == [f"{programme.code}-01", f"{programme.code}-02"]
    assert [target.passage.code for target in targets] == [f"{programme.code}-s01", f"{programme.code}-s02"]


def test_a_code_that_is_taken_is_passed_over(proposal, official):
    OutcomeTargetFactory(code=f"{proposal.programme.code}-01")
    SourcePassageFactory(code=f"{proposal.programme.code}-s02")
    target = review.confirm(proposal, by=official)
    assert (target.code, target.passage.code) == (f"{proposal.programme.code}-02", f"{proposal.programme.code}-s03")


def test_user_and_reason_are_in_the_history_of_all_that_is_written(proposal, official):
    target = review.confirm(proposal, by=official, reason=REASON)
    for row in (target, target.passage, proposal):
        newest = row.history.latest()
        assert (newest.history_user, newest.history_change_reason) == (official, REASON)


def test_without_a_reason_the_history_names_the_proposal(proposal, official):
    assert proposal.code in review.confirm(proposal, by=official).history.get().history_change_reason


def test_a_proposal_that_is_no_target_yet_is_not_confirmed_as_read(official, administrator):
    imported(document(Printed(goal="以下を参照。")), by=administrator)
    assert refused(review.confirm, TargetProposal.objects.get(), by=official)
    assert TargetProposal.objects.get().state == ProposalState.OPEN


# --- Corrected --------------------------------------------------------------------------------------------------------------------------


def test_what_was_read_stays_beside_what_was_corrected(proposal, official):
    target = review.confirm(proposal, by=official, reason=REASON, value=Decimal(85), indicator="電子申請の率")
    proposal.refresh_from_db()
    assert (proposal.state, proposal.target) == (ProposalState.CORRECTED, target)
    assert (target.value, target.indicator) == (Decimal(85), "電子申請の率")
    assert (proposal.value, proposal.indicator) == (Decimal(80), "申請のオンライン化率")


def test_a_correction_that_changes_nothing_is_confirmed_as_read(proposal, official):
    review.confirm(proposal, by=official, value=Decimal("80.0"), unit="%")
    proposal.refresh_from_db()
    assert proposal.state == ProposalState.CONFIRMED


def test_a_correction_of_what_was_assumed_is_a_correction(official, administrator):
    imported(document(Printed()), by=administrator)
    target = review.confirm(TargetProposal.objects.get(), by=official, accumulation_assumed=False)
    assert (target.accumulation_assumed, TargetProposal.objects.get().state) == (False, ProposalState.CORRECTED)


def test_a_text_in_which_nothing_was_read_becomes_a_target_by_correction(official, administrator):
    imported(document(Printed(goal="以下を参照。")), by=administrator)
    target = review.confirm(TargetProposal.objects.get(), by=official, kind=Kind.QUALITATIVE, indicator="港の使いやすさ")
    assert (target.indicator, target.statement) == ("港の使いやすさ", "以下を参照。")


@pytest.mark.parametrize("corrected", [{"comparator": ""}, {"deadline_year": None}, {"value": None}, {"value_max": Decimal(90)}])
def test_a_correction_that_makes_no_target_is_refused(proposal, official, corrected):
    assert refused(review.confirm, proposal, by=official, **corrected)
    assert told(proposal)["state"] == ProposalState.OPEN


# --- Discarded --------------------------------------------------------------------------------------------------------------------------


def test_what_is_discarded_keeps_why(proposal, official):
    review.discard(proposal, by=official, reason=f" {REASON} ")
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decision_note, proposal.decided_by, proposal.decided_at, proposal.target) == (
        ProposalState.DISCARDED,
        REASON,
        official,
        NOW,
        None,
    )
    newest = proposal.history.latest()
    assert (newest.history_user, newest.history_change_reason) == (official, REASON)


@pytest.mark.parametrize("reason", ["", " ", "　\n"])
def test_nothing_is_discarded_without_a_reason(proposal, official, reason):
    assert refused(review.discard, proposal, by=official, reason=reason)


# --- Who, and when ----------------------------------------------------------------------------------------------------------------------

STEPS = {
    "confirm": lambda proposal, user: review.confirm(proposal, by=user),
    "correct": lambda proposal, user: review.confirm(proposal, by=user, value=Decimal(85)),
    "discard": lambda proposal, user: review.discard(proposal, by=user, reason=REASON),
    "confirm_each": lambda proposal, user: review.confirm_each([proposal], by=user),
    "propose_pasted": lambda proposal, user: review.propose_pasted(proposal.programme, "船員の育成を目指す。", by=user),
}


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_administrators_decide_on_all_and_officials_on_what_they_report_on(proposal, step, who, request):
    user, before = request.getfixturevalue(who), counts()
    if who in ("official", "administrator"):
        step(proposal, user)
        assert counts() != before
    else:
        with pytest.raises(PermissionDenied):
            step(proposal, user)
        assert counts() == before


def test_an_official_of_a_co_responsible_organisation_decides(proposal, other_official, other_division):
    ProgrammeOrganisationFactory(programme=proposal.programme, organisation=other_division)
    assert review.confirm(proposal, by=other_official)


@pytest.mark.parametrize("first", ["confirm", "correct", "discard"])
@pytest.mark.parametrize("second", ["confirm", "correct", "discard"])
def test_what_is_decided_is_not_decided_again(proposal, official, administrator, first, second):
    STEPS[first](proposal, official)
    assert "decided already" in refused(STEPS[second], proposal, administrator)


def test_what_is_superseded_is_not_decided(proposal, official, administrator):
    imported(document(Printed(goal="船員の育成を目指す。"), fiscal_year=2025), by=administrator)
    assert "no longer in the text" in refused(review.confirm, proposal, by=official)


# --- Many at once -----------------------------------------------------------------------------------------------------------------------


def test_those_without_doubts_are_confirmed_and_the_others_told(official, administrator):
    imported(document(Printed(goal=f"{GOAL}\n- ・設備を改めた企業の数を60社以上とする。")), by=administrator)
    outcome = review.confirm_each(TargetProposal.objects.all(), by=official)
    assert [target.value for target in outcome.targets] == [Decimal(80), Decimal(90)]
    ((skipped, why),) = outcome.skipped
    assert (skipped.value, why) == (Decimal(60), str(Doubt.ACCUMULATION_ASSUMED.label))
    assert list(TargetProposal.objects.open()) == [skipped]


def test_one_that_was_decided_meanwhile_does_not_hold_up_the_others(proposals, official):
    seen = list(TargetProposal.objects.open())
    review.discard(proposals[0], by=official, reason=REASON)
    outcome = review.confirm_each(seen, by=official)
    assert ([target.value for target in outcome.targets], [one for one, _why in outcome.skipped]) == ([Decimal(90)], [proposals[0]])


# --- A pasted text ----------------------------------------------------------------------------------------------------------------------


def test_a_pasted_text_proposes_targets_with_user_and_reason(division, official):
    programme = ProgrammeFactory(lead=division)
    outcome = review.propose_pasted(programme, GOAL.replace("\n", "\r\n"), by=official)
    assert [one.value for one in outcome.new] == [Decimal(80), Decimal(90)]
    newest = outcome.new[0].history.get()
    assert (newest.history_user, bool(newest.history_change_reason)) == (official, True)
    assert "\r" not in outcome.new[0].goal_text


def test_a_target_of_a_pasted_text_has_no_passage(division, official):
    programme = ProgrammeFactory(lead=division)
    (first, _second) = review.propose_pasted(programme, GOAL, by=official).new
    assert review.confirm(first, by=official).passage is None


# --- Programmes that were held back -----------------------------------------------------------------------------------------------------

BEFORE = Printed()
RENAMED = Printed("港湾設備等改修事業", draft="1.3億円", goal=GOAL)


def held_back(*printed, before=(BEFORE,), by, fiscal_year=2025) -> list[ProgrammeMatch]:
    imported(document(*before), by=by)
    imported(document(*printed, fiscal_year=fiscal_year), by=by)
    return list(ProgrammeMatch.objects.order_by("number", "candidate__code"))


def decide(match, decision, by, reason=REASON):
    return review.match(match, decision, by=by, reason=reason)


def test_the_same_programme_takes_the_new_title_its_amounts_and_its_proposals(administrator):
    (match,) = held_back(RENAMED, by=administrator)
    said = decide(match, MatchDecision.SAME, administrator)
    programme = Programme.objects.get()
    assert (said.programme, said.conflicts) == (programme, [])
    assert (programme.title, programme.display_title) == (RENAMED.title, RENAMED.title)
    assert programme.budget_amounts.get(fiscal_year=2025, stage=BudgetStage.DRAFT).amount_yen == 130_000_000
    assert {Decimal(80), Decimal(90)} <= {proposal.value for proposal in programme.proposals.open()}
    assert not ProgrammeSuccession.objects.exists()


def test_a_successor_is_a_new_programme_with_its_predecessor(administrator):
    (match,) = held_back(RENAMED, by=administrator)
    before = Programme.objects.get()
    successor = decide(match, MatchDecision.SUCCESSOR, administrator).programme
    assert (successor.title, [each.predecessor for each in successor.origins.all()], Programme.objects.count()) == (
        RENAMED.title,
        [before],
        2,
    )
    before.refresh_from_db()
    assert (before.title, before.budget_amounts.filter(fiscal_year=2025).exists()) == (BEFORE.title, False)
    newest = ProgrammeSuccession.objects.get().history.get()
    assert (newest.history_user, newest.history_change_reason) == (administrator, REASON)


def test_an_unrelated_programme_is_a_new_one_without_predecessor(administrator):
    (match,) = held_back(RENAMED, by=administrator)
    new = decide(match, MatchDecision.UNRELATED, administrator).programme
    assert (new.title, new.origins.count(), Programme.objects.count()) == (RENAMED.title, 0, 2)


@pytest.mark.parametrize("decision", [MatchDecision.SAME, MatchDecision.SUCCESSOR, MatchDecision.UNRELATED])
def test_a_decision_says_who_when_and_why(administrator, decision):
    (match,) = held_back(RENAMED, by=administrator)
    said = decide(match, decision, administrator)
    match.refresh_from_db()
    assert (match.decision, match.programme, match.decided_by, match.decided_at, match.decision_note) == (
        decision,
        said.programme,
        administrator,
        NOW,
        REASON,
    )
    newest = match.history.latest()
    assert (newest.history_user, newest.history_change_reason) == (administrator, REASON)


@pytest.mark.parametrize("decision", [MatchDecision.SAME, MatchDecision.SUCCESSOR, MatchDecision.UNRELATED])
def test_once_it_is_decided_the_same_document_again_changes_nothing(administrator, decision):
    (match,) = held_back(RENAMED, by=administrator)
    decide(match, decision, administrator)
    before = counts()
    outcome = imported(document(RENAMED, fiscal_year=2025), by=administrator)
    assert (outcome.changes_nothing, [told.became for told in outcome.programmes], counts()) == (True, ["known"], before)


def test_what_a_person_entered_is_kept_and_told_when_a_programme_is_loaded(administrator, official):
    (match,) = held_back(Printed(RENAMED.title, purpose="港を広げる。"), by=administrator)
    programme = Programme.objects.get()
    programme.purpose = "港を守る。"
    explain(programme, reason="entered in the admin", by=official)
    programme.save()
    said = decide(match, MatchDecision.SAME, administrator)
    programme.refresh_from_db()
    assert programme.purpose == "港を守る。"
    assert [(each.old, each.new) for each in said.conflicts] == [("港を守る。", "港を広げる。")]


MERGED = (Printed("港湾設備改修事業"), Printed("空港設備改修事業", organisations="経済産業政策局産業創造課"))


def test_a_merged_programme_waits_until_no_candidate_is_left(administrator):
    one, other = held_back(Printed("港湾・空港設備改修事業"), before=MERGED, by=administrator)
    assert (one.kind, other.kind) == (MatchKind.MERGED, MatchKind.MERGED)
    assert decide(one, MatchDecision.UNRELATED, administrator).programme is None
    assert Programme.objects.count() == 2
    assert decide(other, MatchDecision.UNRELATED, administrator).programme.title == "港湾・空港設備改修事業"


def test_a_merged_programme_has_both_as_predecessors(administrator):
    one, other = held_back(Printed("港湾・空港設備改修事業"), before=MERGED, by=administrator)
    new = decide(one, MatchDecision.SUCCESSOR, administrator).programme
    assert decide(other, MatchDecision.SUCCESSOR, administrator).programme == new
    assert {each.predecessor.title for each in new.origins.all()} == {each.title for each in MERGED}
    assert Programme.objects.count() == 3


def test_where_it_is_the_same_as_one_candidate_the_others_are_not(administrator):
    one, other = held_back(Printed("港湾・空港設備改修事業"), before=MERGED, by=administrator)
    decide(one, MatchDecision.SAME, administrator)
    other.refresh_from_db()
    assert (other.decision, other.decided_by, Programme.objects.count()) == (MatchDecision.UNRELATED, administrator, 2)


def test_a_new_programme_is_not_the_same_as_another_candidate(administrator):
    one, other = held_back(Printed("港湾・空港設備改修事業"), before=MERGED, by=administrator)
    decide(one, MatchDecision.SUCCESSOR, administrator)
    assert refused(decide, other, MatchDecision.SAME, administrator)


SPLIT = (Printed("港湾設備改修事業（沿岸）", "0.8億円"), Printed("港湾設備改修事業（離島）", "0.5億円"))


def test_of_a_split_programme_one_part_alone_is_the_same(administrator):
    one, other = held_back(*SPLIT, by=administrator)
    same = decide(one, MatchDecision.SAME, administrator).programme
    assert refused(decide, other, MatchDecision.SAME, administrator)
    new = decide(other, MatchDecision.SUCCESSOR, administrator).programme
    assert [programme.budget_amounts.get(fiscal_year=2025, stage=BudgetStage.DRAFT).amount_yen for programme in (same, new)] == [
        80_000_000,
        50_000_000,
    ]


@pytest.mark.parametrize("decision", [MatchDecision.SUCCESSOR, MatchDecision.UNRELATED])
def test_a_programme_that_two_editions_hold_back_becomes_one_programme(administrator, decision):
    (first,) = held_back(RENAMED, by=administrator)
    imported(document(RENAMED, fiscal_year=2026), by=administrator)
    (second,) = ProgrammeMatch.objects.exclude(pk=first.pk)
    loaded = decide(second, MatchDecision.UNRELATED, administrator).programme
    assert decide(first, decision, administrator).programme == loaded
    assert sorted(loaded.budget_amounts.values_list("fiscal_year", "stage")) == [
        (2024, BudgetStage.INITIAL),
        (2025, BudgetStage.DRAFT),
        (2025, BudgetStage.INITIAL),
        (2026, BudgetStage.DRAFT),
    ]
    assert Programme.objects.count() == 2


def test_what_became_another_programme_meanwhile_is_not_the_same(administrator):
    (first,) = held_back(RENAMED, by=administrator)
    imported(document(RENAMED, fiscal_year=2026), by=administrator)
    (second,) = ProgrammeMatch.objects.exclude(pk=first.pk)
    decide(second, MatchDecision.UNRELATED, administrator)
    imported(document(RENAMED, fiscal_year=2025), by=administrator)
    assert refused(decide, first, MatchDecision.SAME, administrator)
    assert Programme.objects.filter(title=RENAMED.title).count() == 1


def test_a_title_that_was_lost_is_shown_once_it_is_printed(administrator):
    (match,) = held_back(Printed("港湾設備等改修事業"), before=(Printed(""),), by=administrator)
    decide(match, MatchDecision.SAME, administrator)
    assert Programme.objects.get().display_title == "港湾設備等改修事業"


def test_what_is_matched_is_not_matched_again(administrator):
    (match,) = held_back(RENAMED, by=administrator)
    decide(match, MatchDecision.SAME, administrator)
    assert "decided already" in refused(decide, match, MatchDecision.SUCCESSOR, administrator)


@pytest.mark.parametrize(("decision", "reason"), [(MatchDecision.SAME, " "), (MatchDecision.OPEN, REASON), ("other", REASON)])
def test_a_match_is_decided_with_a_reason_and_by_one_of_three_answers(administrator, decision, reason):
    (match,) = held_back(RENAMED, by=administrator)
    assert refused(decide, match, decision, administrator, reason)


@pytest.mark.parametrize("who", EVERYBODY)
def test_only_administrators_say_which_programme_is_which(administrator, who, request):
    (match,) = held_back(RENAMED, by=administrator)
    user, before = request.getfixturevalue(who), counts()
    if who == "administrator":
        assert decide(match, MatchDecision.SAME, user).programme
    else:
        with pytest.raises(PermissionDenied):
            decide(match, MatchDecision.SAME, user)
        assert counts() == before
