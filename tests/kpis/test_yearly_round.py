"""The yearly round: the place of each target as the cases worked by hand and the oracle say, the numbers of divisions, what is ahead."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget.models import Tree
from kpis import yearly_round
from kpis.choices import ReportState
from kpis.models import OutcomeTarget, ProgressReport
from kpis.reports import totals
from tests.factories import OrganisationFactory, OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory
from tests.kpis import round_oracle
from tests.kpis.round_cases import CASES, OPEN_CASES, OTHER_DUE_DAYS
from tests.kpis.round_oracle import ASKED, TOKYO, Found, Place
from tests.kpis.test_asked import a_question, put, some_days

pytestmark = pytest.mark.django_db

PLACES = {
    "in_time": Place.IN_TIME,
    "late": Place.LATE,
    "missing": Place.MISSING,
    "to_come": Place.TO_COME,
    "earlier": Place.EARLIER_YEAR,
}
EVERY_CASE = (*CASES, *OPEN_CASES, *OTHER_DUE_DAYS)


def submit(targets: Sequence[OutcomeTarget], submissions: Sequence[Mapping[int, datetime]]) -> None:
    """Let the history tell when each report was submitted for the first time."""
    moments = {(target.pk, year): moment for target, told in zip(targets, submissions, strict=True) for year, moment in told.items()}
    history, rows = ProgressReport.history.model, []
    for report in ProgressReport.objects.filter(target__in=targets):
        if moment := moments.get((report.target_id, report.fiscal_year)):
            columns = {field.attname: getattr(report, field.attname) for field in history.tracked_fields}
            columns |= {"submitted_at": moment, "state": ReportState.SUBMITTED}
            rows.append(history(**columns, history_date=moment, history_type="~", history_change_reason="提出"))
    history.objects.bulk_create(rows)


def places(targets: Sequence[OutcomeTarget], on: date) -> list[Found]:
    placed = {target.pk: target for target in yearly_round.with_place(OutcomeTarget.objects.all(), on) if target.place}
    return [found(placed.get(target.pk)) for target in targets]


def found(target: OutcomeTarget | None) -> Found:
    if target is None:
        return Found(Place.NOT_IN_ROUND)
    handed_in = target.place in ("in_time", "late")
    return Found(
        PLACES[target.place],
        returned=target.place in ("missing", "to_come") and target.report_state == ReportState.RETURNED,
        waiting=handed_in and target.report_state == ReportState.SUBMITTED,
    )


def expected(question, submissions, on: date) -> Found:
    target, reports, origin = question
    return round_oracle.place(target, reports, submissions, on, origin)


# --- The place of a target ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("on", "due"), sorted({(case.on, case.due) for case in EVERY_CASE}), ids=str)
def test_place_is_the_one_worked_by_hand(on, due, settings):
    settings.SEIKA_RESULTS_DUE = due
    cases = [case for case in EVERY_CASE if (case.on, case.due) == (on, due)]
    targets = put([(case.target, case.reports, case.origin) for case in cases])
    submit(targets, [case.first_submitted for case in cases])
    told = zip(cases, places(targets, on), strict=True)
    assert [(case.id, place, case.because) for case, place in told if place != case.found] == []


def test_oracle_gives_the_place_worked_by_hand():
    for case in EVERY_CASE:
        for reports in (case.reports, case.reports[::-1]):
            told = round_oracle.place(case.target, reports, case.first_submitted, case.on, case.origin, case.due)
            assert told == case.found, (case.id, case.because)


def test_no_two_cases_share_an_id():
    assert [name for name, times in Counter(case.id for case in EVERY_CASE).items() if times > 1] == []


def a_submission(draw: Random, year: int) -> datetime:
    """A moment around the day on which the results of a year are due."""
    return datetime(year + 1, 8, 31, 15, tzinfo=TOKYO) + timedelta(hours=draw.choice([-2000, -24, -1, 0, 8, 9, 10, 24, 2000]))


def test_place_is_the_one_that_the_oracle_reads():
    seen = Counter()

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**64))
    def compare(seed):
        draw = Random(seed)
        questions = [a_question(draw) for _ in range(30)]
        submissions = [
            {report.fiscal_year: a_submission(draw, report.fiscal_year) for report in reports if draw.random() < 0.9}
            for _target, reports, _origin in questions
        ]
        days = some_days(draw, questions)
        days.append(date(draw.randint(2023, 2029), *draw.choice([(8, 31), (9, 1)])))
        with transaction.atomic():
            targets = put(questions)
            submit(targets, submissions)
            answers = [places(targets, on) for on in days]
            transaction.set_rollback(True)
        for on, told in zip(days, answers, strict=True):
            wanted = [expected(question, moments, on) for question, moments in zip(questions, submissions, strict=True)]
            seen.update(want.place for want in wanted)
            differing = [row for row in zip(questions, submissions, told, wanted, strict=True) if row[2] != row[3]]
            assert not differing, (on, differing[0])

    compare()
    assert {place for place in Place if seen[place] < 0.01 * seen.total()} == set()


def test_what_was_submitted_in_time_is_known_only_from_then_on():
    """Asked as of a moment before the submission was recorded, no submission in time is read."""
    report = ProgressReportFactory(target=OutcomeTargetFactory(deadline_year=2030), fiscal_year=2025, submitted=True)
    submit([report.target], [{2025: datetime(2026, 6, 10, tzinfo=UTC)}])
    targets, day = OutcomeTarget.objects.all(), date(2026, 9, 1)
    (after,) = yearly_round.with_place(targets, day, datetime(2026, 6, 11, tzinfo=UTC))
    (before,) = yearly_round.with_place(targets, day, datetime(2026, 6, 9, tzinfo=UTC))
    assert (after.place, before.place) == ("in_time", "late")


@pytest.mark.parametrize("times", [1, 3])
def test_the_round_costs_one_query_for_any_number(times, django_assert_num_queries):
    cases = [case for case in CASES if case.on == date(2026, 9, 1)]
    targets = put([(case.target, case.reports, case.origin) for case in cases] * times)
    submit(targets, [case.first_submitted for case in cases] * times)
    with django_assert_num_queries(1):
        placed = list(yearly_round.with_place(OutcomeTarget.objects.all(), date(2026, 9, 1)))
    assert sum(target.place is not None for target in placed) == times * sum(case.place != Place.NOT_IN_ROUND for case in cases)


# --- By division ----------------------------------------------------------------------------------------------------------------------


def reported(lead, moment, **state):
    """A result of FY2025 of a target due in FY2030, submitted at a moment."""
    report = ProgressReportFactory(target__programme__lead=lead, target__deadline_year=2030, fiscal_year=2025, **state)
    submit([report.target], [{2025: moment}])


IN_JUNE, IN_SEPTEMBER = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 9, 5, tzinfo=UTC)


def test_open_and_closed_items_are_counted_by_division_within_bureaus(division, other_division, ministry, django_assert_num_queries):
    reported(division, IN_JUNE, accepted=True)
    reported(division, IN_JUNE, submitted=True)
    reported(division, IN_SEPTEMBER, submitted=True)
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2030)  # nothing entered
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=other_division), deadline_year=2024)  # missing since the year before
    elsewhere = OrganisationFactory(code="z", parent=ministry, kind="bureau")
    ProgressReportFactory(target__programme__lead=elsewhere, target__deadline_year=2030, fiscal_year=2025)  # a draft
    with django_assert_num_queries(2):
        here, there = yearly_round.by_division(yearly_round.with_place(OutcomeTarget.objects.all(), date(2026, 9, 10)), Tree())

    assert (here.bureau, there.bureau) == (division.parent, elsewhere)
    assert [line.organisation for line in here.divisions] == [division, other_division]
    assert +here.divisions[0].counts == {"asked": 4, "in_time": 2, "late": 1, "missing": 1, "waiting": 2, "decided": 1}
    assert +here.divisions[1].counts == {"earlier": 1}
    assert +there.counts == {"asked": 1, "missing": 1}
    assert +totals([here, there]) == {
        "asked": 5,
        "in_time": 2,
        "late": 1,
        "missing": 2,
        "waiting": 2,
        "decided": 1,
        "earlier": 1,
    }


@pytest.mark.parametrize("day", [date(2026, 8, 31), date(2026, 9, 1), date(2027, 4, 1)])
def test_asked_is_always_the_sum_of_in_time_late_missing_and_to_come(day):
    cases = [case for case in CASES if case.due == (8, 31)]
    submit(put([(case.target, case.reports, case.origin) for case in cases]), [case.first_submitted for case in cases])
    (bureau,) = yearly_round.by_division(yearly_round.with_place(OutcomeTarget.objects.all(), day), Tree())
    told = bureau.counts
    assert told["asked"] > 100
    assert told["asked"] == told["in_time"] + told["late"] + told["missing"] + told["to_come"]
    assert told["in_time"] + told["late"] == told["waiting"] + told["decided"]
    assert {PLACES[name] for name in yearly_round.ASKED} == set(ASKED)


@pytest.mark.parametrize(("day", "shown", "hidden"), [(date(2026, 8, 31), "to_come", "missing"), (date(2026, 9, 1), "missing", "to_come")])
def test_what_is_not_handed_in_is_to_come_until_the_due_day_and_missing_from_the_next(day, shown, hidden):
    names = yearly_round.lists_shown(day)
    assert shown in names
    assert hidden not in names


# --- What is ahead --------------------------------------------------------------------------------------------------------------------


def test_what_the_coming_days_bring_is_told_before_it_happens(division):
    lead = ProgrammeFactory(lead=division)
    OutcomeTargetFactory(programme=lead, deadline_year=2025)  # unreported from 2026-09-01
    OutcomeTargetFactory(programme=lead, deadline_year=2025)
    OutcomeTargetFactory(programme=lead, deadline_year=2024)  # unreported since 2025-09-01
    OutcomeTargetFactory(programme=lead, deadline_year=2026)  # its last day is 2027-03-31
    OutcomeTargetFactory(programme=lead, deadline_year=2030)
    told = yearly_round.ahead(OutcomeTarget.objects.all(), date(2026, 7, 1))

    # FY2025 is asked of all but that of FY2024. On 2027-04-01 FY2026 is asked of those of FY2026 and FY2030; the others stay with theirs.
    assert [(change.on, change.what, change.number, change.year) for change in told] == [
        (date(2026, 8, 31), "will_be_due", 4, 2025),
        (date(2026, 9, 1), "will_be_unreported", 2, 2025),
        (date(2027, 4, 1), "will_be_asked", 2, 2026),
        (date(2027, 4, 1), "will_have_passed", 1, 2026),
    ]


@pytest.mark.parametrize(
    ("on", "days"),
    [
        (date(2026, 3, 31), [date(2026, 4, 1), date(2026, 4, 1), date(2026, 8, 31), date(2026, 9, 1)]),
        (date(2026, 4, 1), [date(2026, 8, 31), date(2026, 9, 1), date(2027, 4, 1), date(2027, 4, 1)]),
        (date(2026, 8, 31), [date(2026, 8, 31), date(2026, 9, 1), date(2027, 4, 1), date(2027, 4, 1)]),
        (date(2026, 9, 1), [date(2027, 4, 1), date(2027, 4, 1), date(2027, 8, 31), date(2027, 9, 1)]),
    ],
)
def test_the_next_of_each_day_is_told(on, days):
    assert [change.on for change in yearly_round.ahead(OutcomeTarget.objects.all(), on)] == days


def test_on_the_day_before_they_are_those_that_the_overdue_report_gains_the_next_day(division):
    for year in (2024, 2025, 2025):
        OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=year)
    before, after = (OutcomeTarget.objects.overdue(day).count() for day in (date(2026, 8, 31), date(2026, 9, 1)))
    (unreported,) = (c for c in yearly_round.ahead(OutcomeTarget.objects.all(), date(2026, 8, 31)) if c.what == "will_be_unreported")
    assert unreported.number == after - before == 2
