"""What must always hold of targets, milestones and reports: allowed and refused, by the database and by forms."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from budget.models import Organisation
from kpis.choices import Accumulation, Comparator, DeadlineKind, Kind, MatchDecision, ProposalState, ReportState
from kpis.models import OutcomeTarget, TargetLink
from tests.constraints import Rule, check_allowed, check_refused, constraints_of
from tests.factories import (
    ClosedMissFactory,
    EntryLockFactory,
    EvidenceFactory,
    LockExceptionFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgrammeMatchFactory,
    ProgressReportFactory,
    SourceDocumentFactory,
    TargetProposalFactory,
    UserFactory,
    YearlyMilestoneFactory,
)

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 31)
MOMENT = datetime(2026, 4, 1, tzinfo=UTC)
NO_MEASURE = {"value": None, "comparator": "", "accumulation": ""}
NO_DEADLINE_PARTS = {"deadline_year": None, "deadline_on": None, "deadline_offset_years": None}
NO_ACCEPTED_FIGURE = {"accepted_value": None, "accepted_grade": None, "accepted_measured_on": None}


def somebody(_row):
    return UserFactory()


def a_target(_row):
    return OutcomeTargetFactory()


DECIDED = {"decided_by": somebody, "decided_at": MOMENT}


def a_second_match():
    first = ProgrammeMatchFactory(number=1)
    return ProgrammeMatchFactory(document=first.document, candidate=first.candidate, number=2)


def a_second_link():
    programme = ProgrammeFactory()
    first, second, third = (OutcomeTargetFactory(programme=programme, code=code) for code in ("one", "two", "three"))
    TargetLink.objects.create(from_target=first, to_target=second)
    return TargetLink.objects.create(from_target=first, to_target=third)


def a_second_milestone():
    return YearlyMilestoneFactory(target=YearlyMilestoneFactory(fiscal_year=2023).target, fiscal_year=2024)


def a_second_report():
    return ProgressReportFactory(target=ProgressReportFactory(fiscal_year=2024).target, fiscal_year=2025)


def a_graded_report():
    return ProgressReportFactory(target=OutcomeTargetFactory(qualitative=True), value=None, grade=3)


def a_reopened_miss():
    return ClosedMissFactory(closed_at=MOMENT, reopened_by=UserFactory(), reopened_at=MOMENT, reopening_reason="確認できない。")


def a_second_evidence():
    return EvidenceFactory(report=EvidenceFactory(citation="業務統計").report, citation="工業統計")


TARGETS = (
    Rule(
        "kpis_target_has_what_its_kind_is_judged_by_and_nothing_else",
        OutcomeTargetFactory,
        refused=[
            {"value": None},
            {"comparator": ""},
            {"accumulation": ""},
            {"kind": Kind.QUALITATIVE},
            {"kind": "other"},
            {"kind": Kind.QUALITATIVE, **NO_MEASURE, "value": Decimal(0)},
            {"kind": Kind.QUALITATIVE, **NO_MEASURE, "comparator": Comparator.AT_LEAST},
            {"kind": Kind.QUALITATIVE, **NO_MEASURE, "accumulation": Accumulation.LEVEL},
            {"kind": Kind.QUALITATIVE, **NO_MEASURE, "baseline_value": Decimal(1), "baseline_year": 2023},
        ],
        allowed=[{"value": Decimal(0)}, {"value": Decimal("-0.5")}, {"kind": Kind.QUALITATIVE, **NO_MEASURE}],
    ),
    Rule(
        "kpis_target_has_upper_value_only_within_a_range",
        lambda: OutcomeTargetFactory(value=Decimal(60)),
        refused=[
            {"value_max": Decimal(70)},
            {"comparator": Comparator.WITHIN},
            {"comparator": Comparator.WITHIN, "value_max": Decimal("59.9999")},
        ],
        allowed=[
            {"comparator": Comparator.WITHIN, "value_max": Decimal(60)},
            {"comparator": Comparator.WITHIN, "value_max": Decimal(70)},
            {"comparator": Comparator.AT_MOST},
        ],
    ),
    Rule(
        "kpis_target_baseline_has_both_value_and_year",
        OutcomeTargetFactory,
        refused=[{"baseline_value": Decimal(0)}, {"baseline_year": 2023}],
        allowed=[{"baseline_value": Decimal(0), "baseline_year": 2023}, {"baseline_value": None, "baseline_year": None}],
    ),
    Rule(
        "kpis_target_states_the_parts_that_its_kind_of_deadline_needs",
        lambda: OutcomeTargetFactory(deadline_kind=DeadlineKind.FISCAL_YEAR, deadline_year=2025),
        refused=[
            {"deadline_year": None},
            {"deadline_on": DAY},
            {"deadline_offset_years": 1},
            {"deadline_kind": DeadlineKind.CALENDAR_YEAR, "deadline_year": None},
            {"deadline_kind": DeadlineKind.PLAN_PERIOD, "deadline_offset_years": 0},
            {"deadline_kind": DeadlineKind.DATE, "deadline_on": DAY},
            {"deadline_kind": DeadlineKind.DATE, "deadline_year": None},
            {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_year": None},
            {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_offset_years": 0},
            {"deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_year": None, "deadline_on": DAY, "deadline_offset_years": 3},
            {"deadline_kind": DeadlineKind.NONE},
            {"deadline_kind": "someday"},
        ],
        allowed=[
            {"deadline_kind": DeadlineKind.CALENDAR_YEAR},
            {"deadline_kind": DeadlineKind.PLAN_PERIOD},
            {"deadline_kind": DeadlineKind.DATE, **NO_DEADLINE_PARTS, "deadline_on": DAY},
            {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, **NO_DEADLINE_PARTS, "deadline_offset_years": 0},
            {"deadline_kind": DeadlineKind.AFTER_EVENT, **NO_DEADLINE_PARTS, "deadline_offset_years": 3},
            {"deadline_kind": DeadlineKind.NONE, **NO_DEADLINE_PARTS},
        ],
    ),
    Rule(
        "kpis_target_has_an_event_only_where_its_deadline_counts_from_it",
        OutcomeTargetFactory,
        refused=[{"deadline_event_on": DAY}, {"deadline_through_nth_year": True}],
        allowed=[
            {
                "deadline_kind": DeadlineKind.AFTER_EVENT,
                **NO_DEADLINE_PARTS,
                "deadline_offset_years": 3,
                "deadline_event_on": DAY,
                "deadline_through_nth_year": True,
            }
        ],
    ),
    Rule(
        "kpis_target_nth_year_after_an_event_counts_from_one",
        lambda: OutcomeTargetFactory(deadline_kind=DeadlineKind.AFTER_EVENT, deadline_year=None, deadline_offset_years=3),
        refused=[{"deadline_through_nth_year": True, "deadline_offset_years": 0}],
        allowed=[{"deadline_through_nth_year": True, "deadline_offset_years": 1}, {"deadline_offset_years": 0}],
    ),
    Rule(
        "kpis_target_deadline_comes_at_most_a_hundred_years_after",
        lambda: OutcomeTargetFactory(deadline_kind=DeadlineKind.AFTER_EVENT, deadline_year=None, deadline_offset_years=3),
        refused=[{"deadline_offset_years": 101}],
        allowed=[{"deadline_offset_years": 100}],
    ),
    Rule(
        "kpis_target_last_day_and_its_fiscal_year_stand_together",
        OutcomeTargetFactory,
        refused=[{"due_on": None}, {"due_fy": None}],
        allowed=[{"due_on": None, "due_fy": None}],
        derived=True,
    ),
    Rule(
        "kpis_target_has_judged_years_only_when_each_year",
        OutcomeTargetFactory,
        refused=[{"first_year": 2024}, {"last_year": 2024}],
        allowed=[{"each_year": True, "first_year": 2024}, {"each_year": True, "first_year": 2024, "last_year": 2026}],
        derived=True,
    ),
    Rule(
        "kpis_target_withdrawal_says_who_when_and_why",
        OutcomeTargetFactory,
        refused=[
            {"withdrawn_by": somebody},
            {"withdrawn_at": MOMENT},
            {"withdrawal_reason": "事業の中止"},
            {"withdrawn_by": somebody, "withdrawn_at": MOMENT},
            {"withdrawn_by": somebody, "withdrawal_reason": "事業の中止"},
            {"withdrawn_at": MOMENT, "withdrawal_reason": "事業の中止"},
        ],
        allowed=[{"withdrawn_by": somebody, "withdrawn_at": MOMENT, "withdrawal_reason": "事業の中止"}],
    ),
    Rule(
        "kpis_link_is_drawn_once",
        a_second_link,
        refused=[{"to_target": lambda _: OutcomeTarget.objects.get(code="two")}],
        allowed=[
            {"from_target": lambda _: OutcomeTarget.objects.get(code="two")},
            {"to_target": lambda link: OutcomeTargetFactory(programme=link.from_target.programme)},
        ],
    ),
    Rule(
        "kpis_target_does_not_lead_to_itself",
        a_second_link,
        refused=[{"to_target": lambda link: link.from_target}],
        allowed=[{"from_target": lambda _: OutcomeTarget.objects.get(code="two")}],
    ),
    Rule(
        "kpis_milestone_stands_once_in_a_year",
        a_second_milestone,
        refused=[{"fiscal_year": 2023}],
        allowed=[{"fiscal_year": 2022}, {"fiscal_year": 2023, "target": lambda _: OutcomeTargetFactory()}],
    ),
)

REPORTS = (
    Rule(
        "kpis_report_is_made_once_for_a_year",
        a_second_report,
        refused=[{"fiscal_year": 2024}],
        allowed=[{"fiscal_year": 2023}, {"fiscal_year": 2024, "target": lambda _: OutcomeTargetFactory()}],
    ),
    Rule(
        "kpis_report_has_a_value_or_a_grade_as_its_kind_asks",
        lambda: ProgressReportFactory(value=Decimal(0)),
        refused=[
            {"grade": 3},
            {"value": None, "grade": 3},
            {"accepted_grade": 3, "accepted_measured_on": DAY},
            {"kind": Kind.QUALITATIVE},
            {"kind": "other", "value": None},
            {"kind": Kind.QUALITATIVE, "value": None, "accepted_value": Decimal(0), "accepted_measured_on": DAY},
        ],
        allowed=[{"value": None}, {"kind": Kind.QUALITATIVE, "value": None, "grade": 3}, {"kind": Kind.QUALITATIVE, "value": None}],
        derived=True,
    ),
    Rule(
        "kpis_report_grade_is_one_of_five",
        a_graded_report,
        refused=[
            {"grade": 0},
            {"grade": 6},
            {"accepted_grade": 0, "accepted_measured_on": DAY},
            {"accepted_grade": 6, "accepted_measured_on": DAY},
        ],
        allowed=[{"grade": 1}, {"grade": 5}, {"accepted_grade": 1, "accepted_measured_on": DAY}],
    ),
    Rule(
        "kpis_report_says_who_reported_and_when",
        ProgressReportFactory,
        refused=[{"reported_by": None}, {"reported_at": None}],
        allowed=[{"reported_by": None, "reported_at": None}],
    ),
    Rule(
        "kpis_report_says_who_submitted_and_when",
        ProgressReportFactory,
        refused=[{"submitted_by": somebody}, {"submitted_at": MOMENT}],
        allowed=[{"submitted_by": somebody, "submitted_at": MOMENT}],
    ),
    Rule(
        "kpis_report_says_who_decided_and_when",
        ProgressReportFactory,
        refused=[{"decided_by": somebody}, {"decided_at": MOMENT}],
        allowed=[{"decided_by": somebody, "decided_at": MOMENT}],
    ),
    Rule(
        "kpis_report_submitted_has_a_figure_and_its_author",
        lambda: ProgressReportFactory(submitted=True),
        refused=[
            {"value": None},
            {"submitted_by": None, "submitted_at": None},
            {"reported_by": None, "reported_at": None},
            {
                "state": ReportState.ACCEPTED,
                "decided_by": somebody,
                "decided_at": MOMENT,
                "value": None,
                "accepted_value": Decimal(60),
                "accepted_measured_on": DAY,
            },
        ],
        allowed=[
            {"value": Decimal(0)},
            {"kind": Kind.QUALITATIVE, "value": None, "grade": 2},
            {"state": ReportState.DRAFT, "value": None, "submitted_by": None, "submitted_at": None},
        ],
    ),
    Rule(
        "kpis_report_accepted_figure_is_a_value_or_a_grade_with_its_day",
        ProgressReportFactory,
        refused=[
            {"accepted_value": Decimal(60)},
            {"kind": Kind.QUALITATIVE, "value": None, "accepted_grade": 2},
            {"accepted_measured_on": DAY},
            {"accepted_preliminary": True},
        ],
        allowed=[
            {"accepted_value": Decimal(0), "accepted_measured_on": DAY},
            {"accepted_value": Decimal(60), "accepted_measured_on": DAY, "accepted_preliminary": True},
            {"kind": Kind.QUALITATIVE, "value": None, "accepted_grade": 2, "accepted_measured_on": DAY},
        ],
    ),
    Rule(
        "kpis_report_accepted_has_a_figure_and_another_decider",
        lambda: ProgressReportFactory(accepted=True, submitted_by=UserFactory()),
        refused=[
            {"decided_by": lambda report: report.reported_by},
            {"decided_by": lambda report: report.submitted_by},
            {"decided_by": None, "decided_at": None},
            NO_ACCEPTED_FIGURE,
        ],
        allowed=[{"decided_by": somebody}],
    ),
    Rule(
        "kpis_report_returned_has_a_decider_and_a_note",
        lambda: ProgressReportFactory(submitted=True),
        refused=[
            {"state": ReportState.RETURNED},
            {"state": ReportState.RETURNED, "decided_by": somebody, "decided_at": MOMENT},
            {"state": ReportState.RETURNED, "decision_note": "出典は。"},
        ],
        allowed=[{"state": ReportState.RETURNED, "decided_by": somebody, "decided_at": MOMENT, "decision_note": "出典は。"}],
    ),
    Rule(
        "kpis_report_taken_down_has_no_accepted_figure",
        lambda: ProgressReportFactory(accepted=True),
        refused=[{"state": ReportState.TAKEN_DOWN}],
        allowed=[{"state": ReportState.TAKEN_DOWN, **NO_ACCEPTED_FIGURE}],
    ),
    Rule(
        "kpis_evidence_is_cited_once",
        a_second_evidence,
        refused=[{"citation": "業務統計"}],
        allowed=[{"citation": "業務統計（確報）"}, {"citation": "業務統計", "report": lambda _: ProgressReportFactory()}],
    ),
)
LOCKS = (
    Rule("kpis_lock_is_set_with_a_reason", EntryLockFactory, refused=[{"reason": ""}], allowed=[{"reason": "公表のため。"}]),
    Rule(
        "kpis_lock_excepts_an_organisation_once",
        lambda: LockExceptionFactory(lock=LockExceptionFactory(organisation__code="here").lock),
        refused=[{"organisation": lambda _: Organisation.objects.get(code="here")}],
        allowed=[{"organisation": lambda _: OrganisationFactory()}],
    ),
    Rule("kpis_lock_exception_has_a_reason", LockExceptionFactory, refused=[{"reason": ""}], allowed=[{"reason": "公表の遅れ"}]),
)
CLOSED_MISSES = (
    Rule(
        "kpis_miss_closings_of_a_year_are_counted",
        lambda: ClosedMissFactory(target=a_reopened_miss().target, number=2),
        refused=[{"number": 1}],
        allowed=[{"number": 3}, {"number": 1, "fiscal_year": 2024}, {"number": 1, "target": lambda _: OutcomeTargetFactory()}],
    ),
    Rule(
        "kpis_miss_is_closed_once_until_it_is_reopened",
        lambda: ClosedMissFactory(target=ClosedMissFactory(fiscal_year=2024).target, fiscal_year=2025, number=2),
        refused=[{"fiscal_year": 2024}],
        allowed=[
            {"fiscal_year": 2023},
            {"fiscal_year": 2024, "target": lambda _: OutcomeTargetFactory()},
            {
                "fiscal_year": 2024,
                "reopened_by": somebody,
                "reopened_at": lambda miss: miss.closed_at,
                "reopening_reason": "確認できない。",
            },
        ],
    ),
    Rule("kpis_miss_is_closed_with_a_reason", ClosedMissFactory, refused=[{"reason": ""}], allowed=[{"reason": "引継ぎ"}]),
    Rule(
        "kpis_miss_is_reopened_with_who_when_and_why",
        lambda: ClosedMissFactory(closed_at=MOMENT),
        refused=[
            {"reopened_by": somebody},
            {"reopened_at": MOMENT},
            {"reopening_reason": "確認できない。"},
            {"reopened_by": somebody, "reopened_at": MOMENT},
            {"reopened_by": somebody, "reopening_reason": "確認できない。"},
            {"reopened_at": MOMENT, "reopening_reason": "確認できない。"},
        ],
        allowed=[{"reopened_by": somebody, "reopened_at": MOMENT, "reopening_reason": "確認できない。"}],
    ),
    Rule(
        "kpis_miss_is_not_reopened_before_it_was_closed",
        lambda: ClosedMissFactory(closed_at=MOMENT, reopened_by=UserFactory(), reopened_at=MOMENT, reopening_reason="確認できない。"),
        refused=[{"reopened_at": MOMENT - timedelta(microseconds=1)}],
        allowed=[{"reopened_at": MOMENT}, {"reopened_at": MOMENT + timedelta(days=1)}],
    ),
)
PROPOSALS = (
    Rule(
        "kpis_proposal_became_a_target_only_where_it_is_confirmed",
        TargetProposalFactory,
        refused=[
            {"target": a_target},
            {"state": ProposalState.CONFIRMED, **DECIDED},
            {"state": ProposalState.CORRECTED, **DECIDED},
            {"state": ProposalState.DISCARDED, "target": a_target, "decision_note": "重複", **DECIDED},
            {"state": "other"},
        ],
        allowed=[
            {"state": ProposalState.CONFIRMED, "target": a_target, **DECIDED},
            {"state": ProposalState.CORRECTED, "target": a_target, **DECIDED},
            {"state": ProposalState.SUPERSEDED},
        ],
    ),
    Rule(
        "kpis_proposal_decision_says_who_and_when",
        TargetProposalFactory,
        refused=[
            DECIDED,
            {"state": ProposalState.SUPERSEDED, **DECIDED},
            {"state": ProposalState.DISCARDED, "decision_note": "重複", "decided_by": somebody},
            {"state": ProposalState.DISCARDED, "decision_note": "重複", "decided_at": MOMENT},
        ],
        allowed=[{"state": ProposalState.DISCARDED, "decision_note": "重複", **DECIDED}],
    ),
    Rule(
        "kpis_proposal_is_discarded_with_a_reason",
        lambda: TargetProposalFactory(discarded=True),
        refused=[{"decision_note": ""}],
        allowed=[{"decision_note": "重複"}],
    ),
    Rule(
        "kpis_proposal_has_its_place_in_the_text",
        TargetProposalFactory,
        refused=[{"starts_at": 23}, {"ends_at": 0}],
        allowed=[{"starts_at": 22}],
    ),
    Rule(
        "kpis_match_is_proposed_once",
        a_second_match,
        refused=[{"number": 1}],
        allowed=[{"number": 3}, {"number": 1, "document": lambda _: SourceDocumentFactory()}],
    ),
    Rule(
        "kpis_match_decision_says_who_and_when",
        ProgrammeMatchFactory,
        refused=[
            DECIDED,
            {"decision": MatchDecision.SAME},
            {"decision": MatchDecision.SAME, "decided_by": somebody},
            {"decision": MatchDecision.SAME, "decided_at": MOMENT},
            {"programme": lambda _: ProgrammeFactory()},
        ],
        allowed=[
            {"decision": MatchDecision.UNRELATED, **DECIDED},
            {"decision": MatchDecision.SAME, "programme": lambda _: ProgrammeFactory(), **DECIDED},
        ],
    ),
)
RULES = TARGETS + REPORTS + LOCKS + CLOSED_MISSES + PROPOSALS


def test_every_constraint_of_kpis_is_in_the_table():
    assert {rule.constraint for rule in RULES} == set(constraints_of("kpis"))


@pytest.mark.parametrize(("rule", "change"), [case for rule in RULES for case in rule.cases_refused])
def test_constraint_refuses(rule, change):
    check_refused(rule, change)


@pytest.mark.parametrize(("rule", "change"), [case for rule in RULES for case in rule.cases_allowed])
def test_constraint_allows(rule, change):
    check_allowed(rule, change)
