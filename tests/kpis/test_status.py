"""The rule in SQL gives what the cases worked by hand say, and what the oracle says of random ones."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpis.choices import Status
from kpis.models import OutcomeTarget
from tests.factories import EvidenceFactory
from tests.kpis import oracle
from tests.kpis.scenarios import expected, store, verdicts
from tests.kpis.status_cases import CASES

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("on", sorted({case.on for case in CASES}), ids=str)
def test_status_is_the_one_worked_by_hand(on):
    cases = [case for case in CASES if case.on == on]
    told = verdicts(store([(case.target, case.reports) for case in cases]), on)
    found = [(case, tuple(verdict[:3])) for case, verdict in zip(cases, told, strict=True)]
    wrong = [(case.id, verdict, case.because) for case, verdict in found if verdict != (case.status, case.marks, case.judged_year)]
    assert wrong == []


@pytest.mark.parametrize(
    ("state", "is_proven", "is_marked"),
    [("accepted", False, True), ("accepted", True, False), ("draft", False, False), ("submitted", False, False)],
)
def test_result_that_rests_on_no_evidence_is_marked_while_its_evidence_is_no_draft(state, is_proven, is_marked):
    """One that is accepted and not under correction."""
    facts = next(case.target for case in CASES if case.id == "reached_on_the_last_day_is_achieved")
    (target,) = store([(facts, [oracle.Report(2025, state, oracle.Figure(value=Decimal(60)))])])
    if is_proven:
        EvidenceFactory(report=target.reports.get())

    assert OutcomeTarget.objects.with_status(date(2026, 9, 1)).get(pk=target.pk).without_evidence is is_marked


def test_target_without_a_result_lacks_no_evidence():
    facts = next(case.target for case in CASES if case.id == "nothing_on_1_september_is_unreported")
    (target,) = store([(facts, [])])

    assert not OutcomeTarget.objects.with_status(date(2026, 9, 1)).get(pk=target.pk).without_evidence


def test_withdrawn_targets_have_no_status_where_they_are_asked_for_too():
    facts = next(case.target for case in CASES if case.id == "withdrawn_on_the_day_has_no_status")
    reports = [oracle.Report(2025, "accepted", oracle.Figure(value=Decimal(59), preliminary=True))]
    standing, withdrawn = store([(replace(facts, withdrawn_on=None), reports), (facts, reports)])
    found = OutcomeTarget.objects.with_status_where_standing(facts.withdrawn_on).in_bulk()

    assert (found[standing.pk].status, found[standing.pk].preliminary, found[standing.pk].basis_value) == (Status.AWAITING, True, 59)
    assert (found[withdrawn.pk].status, found[withdrawn.pk].preliminary, found[withdrawn.pk].basis_value) == (None, False, None)


# Random cases. A seed stands for thirty of them: drawn one by one, hypothesis keeps to the simplest, and rare statuses stay rare.

FIGURES = [Decimal(text) for text in ("-20", "-0.5", "0", "0.1", "0.2", "0.3", "0.3001", "30", "60", "70", "99.9999", "100", "300", "350")]
YEARS = range(2021, 2028)


def a_day(draw: Random) -> date:
    month, day = draw.choice([(3, 31), (4, 1), (8, 31), (9, 1), (12, 31), (1, 1), (draw.randint(1, 12), draw.randint(1, 28))])
    return date(draw.randint(2023, 2028), month, day)


def a_figure(draw: Random) -> Decimal:
    return draw.choice([*FIGURES, Decimal(draw.randint(-(10**6), 10**6)) / 10_000])


def a_target(draw: Random) -> oracle.Target:
    qualitative, each_year, running = draw.random() < 0.25, draw.random() < 0.2, draw.random() < 0.65
    comparator = None if qualitative else draw.choice(["at_least", "at_least", "more_than", "at_most", "less_than", "within"])
    value = None if qualitative else a_figure(draw)
    path = None if qualitative else draw.choice(["baseline", "baseline", "milestones", "both", None])
    due_on = date(draw.randint(2028, 2031), 3, 31) if running else draw.choice([None, a_day(draw), a_day(draw)])
    first_year = draw.randint(2020, 2027) if each_year else None
    baseline = path in ("baseline", "both")
    return oracle.Target(
        kind="qualitative" if qualitative else "quantitative",
        comparator=comparator,
        value=value,
        value_max=value + abs(a_figure(draw)) if comparator == "within" else None,
        accumulation=None if qualitative else draw.choice(["level", "running_total"]),
        each_year=each_year,
        first_year=first_year,
        last_year=draw.choice([None, draw.randint(first_year - 1, 2028)]) if each_year else None,
        due_on=due_on,
        due_fy=oracle.fiscal_year_of(due_on) if due_on else None,
        baseline_value=draw.choice([a_figure(draw), a_figure(draw), value]) if baseline else None,
        baseline_year=draw.randint(2018, 2024) if baseline else None,
        milestones=tuple(sorted({draw.choice(YEARS): a_figure(draw) for _ in range(3)}.items())) if path in ("milestones", "both") else (),
        withdrawn_on=a_day(draw) if draw.random() < 0.05 else None,
        approximate=draw.random() < 0.5,
    )


def some_reports(draw: Random, target: oracle.Target) -> tuple[oracle.Report, ...]:
    near = [value for value in (target.value, target.baseline_value, *(value for _, value in target.milestones)) if value is not None]
    told = []
    for year in draw.sample(YEARS, draw.choice([0, 1, 3, 4, 5, 6])):
        state = draw.choice(["accepted"] * 6 + ["submitted", "draft", "returned", "taken_down"])
        accepted = None
        if state == "accepted" or (state != "taken_down" and draw.random() < 0.5):
            qualitative = target.kind == "qualitative"
            accepted = oracle.Figure(
                value=None
                if qualitative
                else draw.choice([*near, *(figure + 1 for figure in near), *(figure - 1 for figure in near), a_figure(draw)]),
                grade=draw.randint(1, 5) if qualitative else None,
                measured_on=draw.choice([None, None, date(year, draw.randint(4, 12), 28)]),
                preliminary=draw.random() < 0.4,
            )
        told.append(oracle.Report(year, state, accepted))
    return tuple(told)


def test_status_is_the_one_that_the_oracle_reads():
    seen = Counter()

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**64), shift=st.sampled_from([None, None, 0, 1, 153, 154]))
    def compare(seed, shift):
        draw = Random(seed)
        drawn = [a_target(draw) for _ in range(30)]
        scenarios = [(target, some_reports(draw, target)) for target in drawn]
        edge = next((target.due_on for target in drawn if target.due_on), None)
        on = a_day(draw) if shift is None else edge + timedelta(days=shift)
        wanted = [expected(scenario, on) for scenario in scenarios]
        with transaction.atomic():
            found = verdicts(store(scenarios), on)
            transaction.set_rollback(True)
        seen.update(status for status, *_ in wanted)
        differing = [(scenario, told, want) for scenario, told, want in zip(scenarios, found, wanted, strict=True) if told != want]
        assert not differing, (on, differing[0])

    compare()
    shares = {status: seen[status] / seen.total() for status in Status.values}
    assert min(shares.values()) >= 0.03, sorted(f"{share:.3f} {status}" for status, share in shares.items())
