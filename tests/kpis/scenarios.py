"""Puts what the oracle reads into the database, so that the rule in SQL can be asked the same question."""

from collections.abc import Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from accounts.models import User
from budget.fiscal import last_day
from budget.models import Organisation, Programme
from kpis.choices import DeadlineKind, ReportState
from kpis.models import OutcomeTarget, ProgressReport, YearlyMilestone
from tests.kpis import oracle

Scenario = tuple[oracle.Target, Sequence[oracle.Report]]
MARKS = (
    "achieved_late",
    "awaiting_acceptance",
    "under_correction",
    "preliminary",
    "approximate",
    "comparator_assumed",
    "accumulation_assumed",
    "programme_end_assumed",
    "revised_after_deadline",
)


def store(scenarios: Sequence[Scenario]) -> list[OutcomeTarget]:
    """One target for each scenario, with its reports and milestones; derived columns as the scenario gives them."""
    author, reviewer = (User.objects.get_or_create(username=name)[0] for name in ("author", "reviewer"))
    ministry, _ = Organisation.objects.get_or_create(code="m", defaults={"name": "省", "kind": "ministry"})
    programme, _ = Programme.objects.get_or_create(code="p", defaults={"display_title": "事業", "lead": ministry, "lead_origin": "entered"})
    midnight = datetime.combine(date(2024, 1, 1), time.min, ZoneInfo("Asia/Tokyo"))
    targets, reports, milestones = [], [], []
    for number, (facts, told) in enumerate(scenarios):
        target = OutcomeTarget(
            code=f"t{number}",
            programme=programme,
            kind=facts.kind,
            statement="文",
            indicator="指標",
            comparator=facts.comparator or "",
            value=facts.value,
            value_max=facts.value_max,
            accumulation=facts.accumulation or "",
            each_year=facts.each_year,
            first_year=facts.first_year,
            last_year=facts.last_year,
            deadline_kind=DeadlineKind.DATE if facts.due_on else DeadlineKind.NONE,
            deadline_on=facts.due_on,
            due_on=facts.due_on,
            due_fy=facts.due_fy,
            baseline_value=facts.baseline_value,
            baseline_year=facts.baseline_year,
            **{mark: getattr(facts, mark) for mark in MARKS[4:]},
        )
        if facts.withdrawn_on:
            target.withdrawn_by, target.withdrawal_reason = author, "終了"
            target.withdrawn_at = datetime.combine(facts.withdrawn_on, time(9), ZoneInfo("Asia/Tokyo"))
        targets.append(target)
        milestones += [YearlyMilestone(target=target, fiscal_year=year, value=value) for year, value in facts.milestones]
        for report in told:
            accepted = report.accepted
            working = accepted or oracle.Figure(grade=3) if facts.kind == "qualitative" else accepted or oracle.Figure(value=1)
            stored = ProgressReport(
                target=target,
                kind=facts.kind,
                fiscal_year=report.fiscal_year,
                state=report.state,
                value=working.value,
                grade=working.grade,
                reported_by=author,
                reported_at=midnight,
                submitted_by=author,
                submitted_at=midnight,
            )
            if report.state in (ReportState.ACCEPTED, ReportState.RETURNED):
                stored.decided_by, stored.decided_at, stored.decision_note = reviewer, midnight, "確認"
            if accepted:
                stored.accepted_value, stored.accepted_grade = accepted.value, accepted.grade
                stored.accepted_measured_on = accepted.measured_on or last_day(report.fiscal_year)
                stored.accepted_preliminary = accepted.preliminary
            reports.append(stored)
    OutcomeTarget.objects.bulk_create(targets)
    YearlyMilestone.objects.bulk_create(milestones)
    ProgressReport.objects.bulk_create(reports)
    return targets


def verdicts(targets: Sequence[OutcomeTarget], on: date) -> list[tuple]:
    """Status, marks, judged year (of each-year targets) and latest year of each target; the status is None where it stands no more."""
    found = {
        target.pk: (
            target.status,
            frozenset(mark for mark in MARKS if getattr(target, mark)),
            target.judged_fy if target.each_year else None,
            target.latest_fy,
        )
        for target in OutcomeTarget.objects.with_status(on)
    }
    return [found.get(target.pk, (None, frozenset(), None, None)) for target in targets]


def expected(scenario: Scenario, on: date) -> tuple:
    """The oracle's answer in the shape of `verdicts`."""
    told = oracle.verdict(*scenario, on)
    return told.status, frozenset(mark for mark in MARKS if getattr(told, mark)), told.judged_year, told.latest_fiscal_year
