"""Targets proposed from a goal text: what is read anew, what is known, what somebody decided."""

import pytest

from kpis import workflow
from kpis.choices import DeadlineKind, Doubt, Kind, ProposalState
from kpis.importers import review
from kpis.importers.propose import Proposed, propose
from kpis.models import OutcomeTarget, TargetProposal
from tests.factories import OutcomeTargetFactory, ProgrammeFactory, SourceDocumentFactory, SourcePassageFactory

pytestmark = pytest.mark.django_db

COUNT = "令和8年度までに、設備を改めた企業の数を60社以上とする。"
RATE = "令和9年度までに、申請のオンライン化率を80%以上とする。"
VAGUE = "船員の育成を目指す。"


@pytest.fixture
def programme():
    return ProgrammeFactory()


def proposed(programme, text, passage=None) -> Proposed:
    return propose(programme, text, passage=passage, save=lambda row: row.save())


def passage_of(year=2024):
    return SourcePassageFactory(document=SourceDocumentFactory(budget_year=year), part="goal", line_from=100, line_to=120)


def target_of(proposal: TargetProposal, **changed) -> OutcomeTarget:
    """The target that a person would have entered from the words of the proposal."""
    terms = {name: getattr(proposal, name) for name in TargetProposal.READ}
    return OutcomeTargetFactory(**{"programme": proposal.programme, "passage": proposal.passage, **terms, **changed})


def test_each_commitment_is_a_proposal_with_its_place_in_the_text(programme):
    text = f"{COUNT}また、{RATE}"
    found = proposed(programme, text).new
    assert [(text[one.starts_at : one.ends_at].removeprefix("また、"), one.statement.removeprefix("また、")) for one in found] == [
        (COUNT.rstrip("。"), COUNT.rstrip("。")),
        (RATE.rstrip("。"), RATE.rstrip("。")),
    ]
    assert [{name: text[slice(*place)] for name, place in one.marks.items()} for one in found] == [
        {"value": "60", "unit": "社", "comparator": "以上", "deadline": "令和8年度までに"},
        {"value": "80", "unit": "%", "comparator": "以上", "deadline": "令和9年度までに"},
    ]


def test_codes_count_on_within_the_programme(programme):
    proposed(programme, COUNT)
    proposed(programme, RATE)
    assert list(programme.proposals.values_list("code", flat=True)) == [f"{programme.code}-p01", f"{programme.code}-p02"]


def test_a_proposal_is_no_target(programme):
    proposed(programme, COUNT)
    assert not OutcomeTarget.objects.exists()
    assert programme.proposals.get().state == ProposalState.OPEN


def test_a_pasted_text_has_neither_document_nor_passage(programme):
    (found,) = proposed(programme, COUNT).new
    assert (found.document, found.passage) == (None, None)


def test_the_passage_and_its_document_stay_with_the_proposal(programme):
    passage = passage_of()
    (found,) = proposed(programme, COUNT, passage).new
    assert (found.document, found.passage) == (passage.document, passage)


def test_a_stated_day_says_its_year(programme):
    (found,) = proposed(programme, "令和8年9月30日までに、申請のオンライン化率を80%以上とする。").new
    assert (found.deadline_kind, str(found.deadline_on), found.deadline_year) == (DeadlineKind.DATE, "2026-09-30", None)


@pytest.mark.parametrize("text", ["以下を参照。", "  \n以下を参照。\n", "、"])
def test_a_text_in_which_nothing_could_be_read_stands_as_a_whole(programme, text):
    (found,) = proposed(programme, text).new
    assert (found.statement, found.kind, found.doubts) == (text.strip(), "", Doubt.NOTHING_READ)
    assert text[found.starts_at : found.ends_at] == text.strip()


def test_the_same_text_again_proposes_nothing(programme):
    proposed(programme, COUNT)
    again = proposed(programme, COUNT)
    assert (again.new, again.superseded, again.conflicts) == ([], [], [])


def test_other_line_breaks_make_no_other_commitment(programme):
    proposed(programme, COUNT)
    assert proposed(programme, COUNT.replace("企業の数", "企業\nの数")).new == []


@pytest.mark.parametrize("state", [ProposalState.DISCARDED, ProposalState.CONFIRMED, ProposalState.CORRECTED])
def test_what_was_decided_stays_decided(programme, state, administrator):
    (found,) = proposed(programme, RATE).new
    match state:
        case ProposalState.DISCARDED:
            review.discard(found, by=administrator, reason="目標ではない。")
        case ProposalState.CONFIRMED:
            review.confirm(found, by=administrator)
        case ProposalState.CORRECTED:
            review.confirm(found, by=administrator, value=90)
    again = proposed(programme, RATE)
    assert (again.new, again.conflicts, programme.proposals.get().state) == ([], [], state)


def test_what_a_target_states_already_is_not_proposed(programme):
    target_of(proposed(ProgrammeFactory(), RATE).new[0], programme=programme)
    told = proposed(programme, RATE)
    assert (told.new, told.conflicts) == ([], [])


def test_a_target_that_is_withdrawn_states_nothing(programme, administrator):
    target = target_of(proposed(ProgrammeFactory(), RATE).new[0], programme=programme)
    workflow.withdraw(target, by=administrator, reason="重複")
    assert len(proposed(programme, RATE).new) == 1


@pytest.mark.parametrize(
    "changed",
    [
        RATE.replace("80", "90"),
        RATE.replace("以上", "以下"),
        RATE.replace("令和9年度", "令和10年度"),
        "中期的には、" + RATE,
    ],
    ids=["value", "comparator", "deadline", "term"],
)
def test_a_target_that_is_stated_otherwise_is_told_and_named_beside_the_proposal(programme, changed):
    target = target_of(proposed(ProgrammeFactory(), RATE).new[0], programme=programme)
    told = proposed(programme, changed)
    (found,) = told.new
    assert (found.resembles, Doubt.RESEMBLES_TARGET in found.doubts.split()) == (target, True)
    assert told.conflicts == [(target, target.statement, found.statement)]


def test_a_stated_day_that_changed_is_told(programme):
    stated = "令和8年9月30日までに、申請のオンライン化率を80%以上とする。"
    target = target_of(proposed(ProgrammeFactory(), stated).new[0], programme=programme)
    told = proposed(programme, stated.replace("9月30日", "10月31日"))
    assert [(kept, now) for kept, _was, now in told.conflicts] == [(target, told.new[0].statement)]


def test_another_commitment_resembles_no_target(programme):
    target_of(proposed(ProgrammeFactory(), RATE).new[0], programme=programme)
    (found,) = proposed(programme, COUNT).new
    assert (found.resembles, found.kind) == (None, Kind.QUANTITATIVE)


def test_a_target_is_the_commitment_of_one_sentence_alone(programme):
    target_of(proposed(ProgrammeFactory(), RATE).new[0], programme=programme)
    told = proposed(programme, f"{RATE}{RATE.replace('申請', '届出')}")
    assert [one.statement for one in told.new] == [RATE.replace("申請", "届出").rstrip("。")]


def test_a_commitment_whose_deadline_alone_changed_is_another_one(programme):
    lead = "令和{}年度までに、次を目指す。\n\n- ・設備を改めた企業60社"
    (first,) = proposed(programme, lead.format(8), passage_of(2024)).new
    told = proposed(programme, lead.format(10), passage_of(2025))
    assert [(one.statement, one.deadline_year) for one in told.new] == [(first.statement, 2028)]
    assert told.superseded == [first]


def test_an_open_proposal_that_a_newer_text_no_longer_states_is_superseded(programme):
    (first,) = proposed(programme, COUNT, passage_of(2024)).new
    told = proposed(programme, VAGUE, passage_of(2025))
    first.refresh_from_db()
    assert (told.superseded, first.state) == ([first], ProposalState.SUPERSEDED)


@pytest.mark.parametrize("newer", [None, 2023], ids=["a pasted text", "an older document"])
def test_an_open_proposal_is_not_superseded_by_what_is_not_newer(programme, newer):
    (first,) = proposed(programme, COUNT, passage_of(2024)).new
    proposed(programme, VAGUE, passage_of(newer) if newer else None)
    first.refresh_from_db()
    assert first.state == ProposalState.OPEN


def test_what_was_superseded_is_proposed_again_once_it_is_stated_again(programme):
    proposed(programme, COUNT, passage_of(2024))
    proposed(programme, VAGUE, passage_of(2025))
    assert [one.statement for one in proposed(programme, COUNT, passage_of(2026)).new] == [COUNT.rstrip("。")]


def test_a_target_of_a_document_that_is_stated_no_more_is_told(programme):
    (first,) = proposed(ProgrammeFactory(), RATE, passage_of()).new
    target = target_of(first, programme=programme)
    assert proposed(programme, VAGUE, passage_of(2025)).conflicts == [(target, target.statement, "")]


def test_a_target_without_a_document_is_not_told_to_be_missing_in_one(programme):
    target_of(proposed(ProgrammeFactory(), RATE).new[0], programme=programme)
    assert proposed(programme, VAGUE, passage_of(2025)).conflicts == []


def test_a_long_indicator_fits_its_column(programme):
    (found,) = proposed(programme, f"令和9年度までに、{'申請' * 400}のオンライン化率を80%以上とする。").new
    assert len(found.indicator) <= TargetProposal._meta.get_field("indicator").max_length
