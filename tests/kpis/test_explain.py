"""Why a target has its status: the sentences name the row of the rule that applied, and its inputs."""

from collections import defaultdict
from datetime import date
from random import Random
from types import SimpleNamespace

import pytest
from django.utils import translation

from kpis import explain
from kpis.choices import Comparator, DeadlineKind, Kind, Status
from kpis.models import OutcomeTarget
from kpis.reports import MARKS
from tests.kpis.scenarios import store
from tests.kpis.status_cases import CASES
from tests.kpis.test_status import a_day, a_target, some_reports

BY_ID = {case.id: case for case in CASES}


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def explained(target: OutcomeTarget, on: date) -> list[str]:
    target = OutcomeTarget.objects.with_status(on).get(pk=target.pk)
    return explain.why(target, on, list(target.milestones.all()))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("case", "begins"),
    [
        ("nothing_on_the_last_day_is_no_data", "The last day has not passed, and no result is accepted."),
        ("nothing_on_the_day_after_is_awaiting", "The last day has passed, but the results of the year judged are not due yet."),
        (
            "nothing_on_1_september_is_unreported",
            "The last day has passed, the results of 令和7年度（2025年度） were due by",
        ),
        (
            "shortfall_on_the_last_day_is_in_progress",
            "The latest accepted result does not meet the target, and no path to it",
        ),
        ("shortfall_on_the_day_after_is_missed", "The last day has passed, and no accepted result of the year judged or later meets"),
        ("reached_on_the_last_day_is_achieved", "The latest accepted result meets the target."),
        ("reached_on_the_day_after_is_achieved", "The last day has passed and the result of the year judged meets the target."),
        ("own_year_missing_and_a_later_year_meets_is_late", "The last day has passed and a result of a later year meets the target."),
    ],
)
def test_first_sentence_words_the_row_that_applied(case, begins):
    case = BY_ID[case]
    (target,) = store([(case.target, case.reports)])

    assert explained(target, case.on)[0].startswith(begins)


@pytest.mark.django_db
def test_sentences_name_the_last_day_the_due_day_and_the_result():
    case = BY_ID["shortfall_on_the_day_after_is_missed"]
    (target,) = store([(case.target, case.reports)])

    told = " ".join(explained(target, case.on))

    for input_ in (
        "at least 60",
        "令和8年3月31日（2026-03-31）, has passed",
        "令和8年8月31日（2026-08-31）",
        "59 of 令和7年度（2025年度）",
    ):
        assert input_ in told


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_case_worked_by_hand_is_explained(case):
    (target,) = store([(case.target, case.reports)])
    if case.status is not None:
        assert len(explained(target, case.on)) >= 3


@pytest.mark.django_db
def test_no_sentence_serves_two_statuses():
    draw, statuses = Random(5), defaultdict(set)
    scenarios = [(facts := a_target(draw), some_reports(draw, facts)) for _number in range(300)]
    stored = store(scenarios)
    for on in (a_day(draw) for _day in range(3)):
        for target in OutcomeTarget.objects.with_status(on).filter(pk__in=[one.pk for one in stored]).prefetch_related("milestones"):
            statuses[explain.why(target, on, list(target.milestones.all()))[0].split(" The ")[0]].add(target.status)

    assert {status for found in statuses.values() for status in found} == set(Status)
    assert {sentence: found for sentence, found in statuses.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"deadline_kind": DeadlineKind.FISCAL_YEAR, "deadline_year": 2025}, "令和7年度（2025年度）"),
        ({"deadline_kind": DeadlineKind.CALENDAR_YEAR, "deadline_year": 2030}, "令和12年（2030年）"),
        ({"deadline_kind": DeadlineKind.DATE, "deadline_on": date(2026, 3, 31)}, "令和8年3月31日（2026-03-31）"),
        ({"deadline_kind": DeadlineKind.PLAN_PERIOD, "deadline_year": 2026}, "plan period up to 令和8年度（2026年度）"),
        ({"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_offset_years": 0}, "the programme's end"),
        ({"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_offset_years": 5}, "5 years after the programme's end"),
        ({"deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_offset_years": 1}, "1 year after an event"),
        (
            {"deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_offset_years": 3, "deadline_through_nth_year": True},
            "through year 3 after an event",
        ),
        ({"deadline_kind": DeadlineKind.NONE}, "none stated"),
    ],
)
def test_deadline_is_told_in_the_terms_in_which_it_is_stated(terms, words):
    assert explain.deadline(OutcomeTarget(**terms)) == words


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"comparator": Comparator.AT_LEAST, "value": 1200}, "at least 1,200 件"),
        ({"comparator": Comparator.MORE_THAN, "value": 0}, "more than 0 件"),
        ({"comparator": Comparator.AT_MOST, "value": 5}, "at most 5 件"),
        ({"comparator": Comparator.LESS_THAN, "value": 5}, "less than 5 件"),
        ({"comparator": Comparator.WITHIN, "value": 60, "value_max": 70}, "from 60 件 to 70 件"),
    ],
)
def test_goal_is_told_with_its_comparator(terms, words):
    assert explain.goal(OutcomeTarget(kind=Kind.QUANTITATIVE, unit="件", **terms)) == words


def test_every_mark_has_a_meaning():
    assert list(explain.MARK_MEANINGS) == [name for name, _label in MARKS]
    assert len(explain.marks(SimpleNamespace(**dict.fromkeys(explain.MARK_MEANINGS, True)))) == len(MARKS)
