"""The oracle gives what the cases say, and the cases touch every status and every mark."""

from collections import Counter
from datetime import date

import pytest

from kpis.choices import Status
from tests.kpis.oracle import fiscal_year_of, last_due_year, verdict
from tests.kpis.status_cases import CASES, MARKS, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_oracle_agrees_with_the_case_worked_by_hand(case: Case) -> None:
    found = verdict(case.target, case.reports, case.on)
    marks = frozenset(mark for mark in MARKS if getattr(found, mark))
    assert (found.status, marks, found.judged_year) == (case.status, case.marks, case.judged_year), case.because


def test_order_of_reports_and_milestones_does_not_matter() -> None:
    for case in CASES:
        assert verdict(case.target, case.reports, case.on) == verdict(case.target, case.reports[::-1], case.on), case.id


def test_every_status_and_every_mark_has_a_case() -> None:
    assert {case.status for case in CASES} == {*Status.values, None}
    assert {mark for case in CASES for mark in case.marks} == set(MARKS)


def test_no_two_cases_share_an_id() -> None:
    assert [name for name, times in Counter(case.id for case in CASES).items() if times > 1] == []


@pytest.mark.parametrize(
    ("day", "year"), [(date(2025, 3, 31), 2024), (date(2025, 4, 1), 2025), (date(2025, 12, 31), 2025), (date(2026, 1, 1), 2025)]
)
def test_fiscal_year_begins_on_1_april(day: date, year: int) -> None:
    assert fiscal_year_of(day) == year


@pytest.mark.parametrize(
    ("day", "results_due", "year"),
    [
        (date(2026, 8, 31), (8, 31), 2024),
        (date(2026, 9, 1), (8, 31), 2025),
        (date(2026, 12, 31), (8, 31), 2025),
        (date(2027, 1, 1), (8, 31), 2025),
        (date(2027, 8, 31), (8, 31), 2025),
        (date(2026, 6, 30), (6, 30), 2024),
        (date(2026, 7, 1), (6, 30), 2025),
    ],
)
def test_last_due_year_moves_on_the_day_after_results_were_due(day: date, results_due: tuple[int, int], year: int) -> None:
    assert last_due_year(day, results_due) == year
