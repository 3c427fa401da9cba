"""Why a target has its status: the sentences name the row of the rule that applied, and its inputs."""

import re
from collections import defaultdict
from datetime import UTC, date, datetime
from random import Random

import pytest
from django.utils import translation

from budget.models import Programme
from kpis import explain
from kpis.choices import Accumulation, Comparator, DeadlineKind, Kind, Status
from kpis.models import OutcomeTarget
from tests.factories import ClosedMissFactory, OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory, YearlyMilestoneFactory
from tests.kpis.scenarios import store
from tests.kpis.status_cases import CASES
from tests.kpis.test_status import a_day, a_target, some_reports

BY_ID = {case.id: case for case in CASES}
AUGUST = (8, 31)  # results are due


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def explained(target: OutcomeTarget, on: date) -> list[str]:
    target = OutcomeTarget.objects.with_status(on).get(pk=target.pk)
    return explain.why(target, on, list(target.milestones.all()), AUGUST)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("case", "begins"),
    [
        ("nothing_on_the_last_day_is_no_data", "The last day has not passed, and no result is accepted."),
        ("nothing_on_the_day_after_is_awaiting", "The last day has passed. The results of FY2025 are not due yet."),
        ("nothing_on_1_september_is_unreported", "The last day has passed. Results of FY2025 were due by"),
        (
            "shortfall_on_the_last_day_is_in_progress",
            "The latest accepted result does not meet the target, and no path to it",
        ),
        (
            "shortfall_on_the_day_after_is_missed",
            "The last day has passed. No accepted result of FY2025 or later meets the target.",
        ),
        ("reached_on_the_last_day_is_achieved", "The latest accepted result meets the target."),
        ("reached_on_the_day_after_is_achieved", "The last day has passed. The result of the year judged meets the target."),
        ("own_year_missing_and_a_later_year_meets_is_late", "The last day has passed. A result of a later year meets the target."),
        ("older_total_that_met_decides_on_the_day_after", "The last day has passed. No result of the deadline's year is accepted yet, but"),
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
        "2026-03-31, has passed",
        "2026-08-31",
        "59 of FY2025",
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
            sentence = re.split(" The (?:milestone|path) ", explain.why(target, on, list(target.milestones.all()), AUGUST)[0])[0]
            statuses[re.sub("[0-9]+", "#", sentence)].add(target.status)

    assert {status for found in statuses.values() for status in found} == set(Status)
    assert {sentence: found for sentence, found in statuses.items() if len(found) > 1} == {}


def until_2032(**terms) -> OutcomeTarget:
    """At least 60 in each fiscal year, from FY2023 until the end of 2032."""
    return OutcomeTargetFactory(
        programme__start_fiscal_year=2023, each_year=True, deadline_kind=DeadlineKind.CALENDAR_YEAR, deadline_year=2032, **terms
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("report", "on", "status", "row"),
    [
        (
            {"accepted": True, "value": 10},
            date(2026, 10, 1),
            Status.MISSED,
            "No accepted result of FY2025 meets the target.",
        ),
        ({"accepted": True, "value": 60}, date(2026, 10, 1), Status.ACHIEVED, "The result of the year judged meets the target."),
        (
            {},
            date(2026, 10, 1),
            Status.UNREPORTED,
            "Results of FY2025 were due by 2026-08-31, and none of FY2025 is accepted or submitted.",
        ),
        ({"submitted": True}, date(2026, 10, 1), Status.AWAITING, "A result is submitted and not yet accepted."),
        (
            {"accepted": True, "preliminary": True, "value": 10},
            date(2026, 8, 1),
            Status.AWAITING,
            "A preliminary result misses the target, and the final one is not due yet.",
        ),
    ],
    ids=lambda value: str(value.value) if isinstance(value, Status) else "",
)
def test_each_year_is_explained_by_the_year_judged_and_by_no_last_day(report, on, status, row):
    target = until_2032()
    ProgressReportFactory(target=target, fiscal_year=2025, **report)

    told = explained(target, on)

    assert OutcomeTarget.objects.with_status(on).get().status == status
    assert told[0] == f"The fiscal year judged, FY2025, has ended. {row}"
    assert [sentence for sentence in told if "last day" in sentence or "or later" in sentence] == []


@pytest.mark.django_db
def test_no_report_of_one_year_decides_each_year():
    assert [step for step in explain.deadline_steps(until_2032(), AUGUST) if "decides" in step] == []


@pytest.mark.django_db
def test_preliminary_miss_awaits_the_final_figure_though_a_later_result_is_submitted():
    target = OutcomeTargetFactory()
    ProgressReportFactory(target=target, accepted=True, preliminary=True, value=59)
    ProgressReportFactory(target=target, submitted=True, fiscal_year=2026)

    assert "A preliminary result misses the target" in explained(target, date(2026, 8, 1))[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("results", "is_told"),
    [
        ([{"preliminary": True}], True),
        ([{"preliminary": False}], False),
        # The final figure of FY2025 missed before; that of FY2026, on which the status rests, settles nothing.
        ([{"preliminary": False}, {"preliminary": True, "fiscal_year": 2026}], False),
    ],
)
def test_due_day_that_settles_a_preliminary_miss_is_told(results, is_told):
    target = OutcomeTargetFactory()
    for result in results:
        ProgressReportFactory(target=target, accepted=True, value=59, **result)

    rule = explained(target, date(2027, 4, 1))[0]

    assert rule.endswith("The result is preliminary, but it was due by 2026-08-31: it is missed.") == is_told


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("terms", "result", "status", "figure"),
    [
        # A third of the way from 0 to 100 in six years: 33.33…
        ({"baseline_value": 0, "value": 100}, 33, Status.BEHIND, "about 33.3334 件"),
        ({"baseline_value": 0, "value": 100}, 34, Status.ON_TRACK, "about 33.3334 件"),
        # From 100 down to 0: 66.66…
        ({"baseline_value": 100, "value": 0, "comparator": Comparator.AT_MOST}, 67, Status.BEHIND, "about 66.6666 件"),
        ({"baseline_value": 0, "value": 90}, 30, Status.ON_TRACK, "30 件"),
    ],
)
def test_figure_of_the_straight_line_is_told_rounded_against_the_result(terms, result, status, figure):
    target = OutcomeTargetFactory(baseline_year=2020, deadline_year=2026, **terms)
    ProgressReportFactory(target=target, accepted=True, fiscal_year=2022, value=result)

    assert OutcomeTarget.objects.with_status(date(2023, 8, 1)).get().status == status
    assert explained(target, date(2023, 8, 1))[0].endswith(f" in FY2026: {figure} in FY2022.")


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"deadline_kind": DeadlineKind.FISCAL_YEAR, "deadline_year": 2025}, "FY2025"),
        ({"deadline_kind": DeadlineKind.CALENDAR_YEAR, "deadline_year": 2030}, "2030"),
        ({"deadline_kind": DeadlineKind.DATE, "deadline_on": date(2026, 3, 31)}, "2026-03-31"),
        ({"deadline_kind": DeadlineKind.PLAN_PERIOD, "deadline_year": 2026}, "plan period up to FY2026"),
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


# --- From the stated deadline to the day -------------------------------------------------------------------------------------------

FROM_2026 = (
    "The last day is 2026-03-31.",
    "Results of FY2025 are due by 2026-08-31.",
    "Where none is accepted or submitted by then, the target is unreported from 2026-09-01.",
)
IN_FISCAL_2030 = (
    "It lies in FY2030: the report of that year decides.",
    "Results of FY2030 are due by 2031-08-31.",
    "Where none is accepted or submitted by then, the target is unreported from 2031-09-01.",
)


@pytest.mark.parametrize(
    ("stated", "programme_end", "steps"),
    [
        (
            {"deadline_kind": DeadlineKind.FISCAL_YEAR, "deadline_year": 2025, "deadline_text": "令和7年度末までに"},
            None,
            ["The source says 「令和7年度末までに」.", "The deadline is FY2025.", *FROM_2026],
        ),
        (
            {"deadline_kind": DeadlineKind.PLAN_PERIOD, "deadline_year": 2025},
            None,
            ["The deadline is plan period up to FY2025.", *FROM_2026],
        ),
        (
            {"deadline_kind": DeadlineKind.CALENDAR_YEAR, "deadline_year": 2030, "deadline_text": "2030年までに"},
            None,
            [
                "The source says 「2030年までに」.",
                "The deadline is 2030.",
                "The last day is 2030-12-31.",
                *IN_FISCAL_2030,
            ],
        ),
        (
            {"deadline_kind": DeadlineKind.DATE, "deadline_on": date(2031, 3, 1)},
            None,
            ["The deadline is 2031-03-01.", "The last day is 2031-03-01.", *IN_FISCAL_2030],
        ),
        (
            {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_offset_years": 2, "programme_end_assumed": True},
            2023,
            [
                "That is counted from the programme: 2 years after the programme's end.",
                "The source may mean the end of each supported project: the programme's end is assumed.",
                "The programme ends with FY2023.",
                *FROM_2026,
            ],
        ),
        (
            {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_offset_years": 0},
            None,
            [
                "That is counted from the programme: the programme's end.",
                "The programme's end is not known. Once it is recorded, the last day is counted from its 31 March.",
                "Until then there is no last day, and the target cannot be overdue.",
            ],
        ),
        (
            {
                "deadline_kind": DeadlineKind.AFTER_EVENT,
                "deadline_offset_years": 3,
                "deadline_through_nth_year": True,
                "deadline_event_on": date(2027, 6, 1),
            },
            None,
            [
                "That is counted from an event: through year 3 after an event (2027-06-01).",
                "A year that is counted through ends on the day before the event's day returns.",
                "The last day is 2030-05-31.",
                *IN_FISCAL_2030,
            ],
        ),
        (
            {"deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_offset_years": 5},
            None,
            [
                "That is counted from an event: 5 years after an event.",
                "The day of the event is not recorded. Once it is, the last day is counted from it.",
                "Until then there is no last day, and the target cannot be overdue.",
            ],
        ),
        (
            {"deadline_kind": DeadlineKind.NONE},
            None,
            ["No deadline is stated: there is no last day, and the target can never be overdue."],
        ),
    ],
    ids=lambda value: str(value.get("deadline_kind")) if isinstance(value, dict) else None,
)
def test_steps_lead_from_the_words_of_the_source_to_the_day_of_silence(stated, programme_end, steps):
    target = OutcomeTarget(programme=Programme(end_fiscal_year=programme_end), **stated)
    target.derive()

    assert explain.deadline_steps(target, AUGUST) == steps


def test_each_year_names_its_run_and_the_days_of_the_year_judged():
    target = OutcomeTarget(programme=Programme(start_fiscal_year=2023, end_fiscal_year=2030), each_year=True)
    target.derive()
    target.judged_fy = 2025

    assert explain.deadline_steps(target, AUGUST) == [
        "No deadline is stated: the years judged end with the programme.",
        "Each fiscal year is judged on its own, from FY2023 to FY2030.",
        *FROM_2026[1:],
    ]


def test_steps_follow_the_day_that_the_setting_gives():
    target = OutcomeTarget(programme=Programme(), deadline_kind=DeadlineKind.FISCAL_YEAR, deadline_year=2025)
    target.derive()

    assert "unreported from 2026-08-01" in explain.deadline_steps(target, (7, 31))[-1]


@pytest.mark.django_db
def test_day_of_silence_is_the_first_one_on_which_the_status_is_unreported():
    target = OutcomeTargetFactory()

    assert "2026-09-01" in explain.deadline_steps(target, AUGUST)[-1]
    assert OutcomeTarget.objects.with_status(date(2026, 8, 31)).get().status == Status.AWAITING
    assert OutcomeTarget.objects.with_status(date(2026, 9, 1)).get().status == Status.UNREPORTED


# --- What would change a status ----------------------------------------------------------------------------------------------------


def changed_by(target: OutcomeTarget, on: date) -> list[str]:
    target = OutcomeTarget.objects.with_status(on).get(pk=target.pk)
    return explain.what_would_change(target, on, list(target.milestones.all()), AUGUST)


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_case_worked_by_hand_can_change(case):
    (target,) = store([(case.target, case.reports)])
    if case.status is not None:
        assert changed_by(target, case.on) != []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("case", "sentences"),
    [
        (
            "nothing_on_the_last_day_is_no_data",
            [
                "Any accepted result: what it says of the target depends on its figure.",
                "From 2026-04-01, the day after the last day, the results of FY2025 or later decide.",
            ],
        ),
        (
            "nothing_on_the_day_after_is_awaiting",
            [
                "An accepted result of FY2025 or later: achieved where it meets, missed where it does not and is final or due.",
                "From 2026-09-01: unreported, where no result is accepted or submitted by then.",
            ],
        ),
        (
            "nothing_on_1_september_is_unreported",
            [
                "A submitted result of FY2025 or later: awaiting result, until it is decided.",
                "An accepted result of FY2025 or later: achieved where it meets the target, else missed.",
            ],
        ),
        (
            "shortfall_on_the_day_after_is_missed",
            [
                "An accepted result of FY2025 or later that meets the target, also by a correction: achieved.",
                "A reviewer may close the miss: it leaves the overdue report and stays missed.",
            ],
        ),
        (
            "reached_on_the_day_after_is_achieved",
            ["No later result. Only a correction, after which no accepted result of FY2025 or later meets the target."],
        ),
    ],
)
def test_what_would_change_a_status_is_told(case, sentences):
    case = BY_ID[case]
    (target,) = store([(case.target, case.reports)])

    assert changed_by(target, case.on) == sentences


@pytest.mark.django_db
def test_day_on_which_figures_grow_stale_is_told():
    target = OutcomeTargetFactory(deadline_year=2030, baseline_value=0, baseline_year=2020)
    ProgressReportFactory(accepted=True, target=target, fiscal_year=2025, value=30)  # half way, and on its path

    assert "From 2027-09-01: in progress, where no newer result is accepted by then." in changed_by(target, date(2026, 9, 1))
    assert OutcomeTarget.objects.with_status(date(2027, 8, 31)).get().status == Status.ON_TRACK
    assert OutcomeTarget.objects.with_status(date(2027, 9, 1)).get().status == Status.IN_PROGRESS


@pytest.mark.django_db
def test_day_on_which_a_preliminary_miss_becomes_one_is_told():
    target = OutcomeTargetFactory()
    ProgressReportFactory(accepted=True, preliminary=True, target=target, value=59)

    assert changed_by(target, date(2026, 8, 31))[-1].startswith("From 2026-09-01: missed")
    assert OutcomeTarget.objects.with_status(date(2026, 8, 31)).get().status == Status.AWAITING
    assert OutcomeTarget.objects.with_status(date(2026, 9, 1)).get().status == Status.MISSED


@pytest.mark.django_db
def test_submitted_result_that_is_returned_leaves_silence():
    target = OutcomeTargetFactory()
    ProgressReportFactory(submitted=True, target=target)

    assert changed_by(target, date(2026, 9, 1))[-1].startswith("Where the submitted result is returned or recalled: unreported")


@pytest.mark.django_db
def test_closed_miss_is_not_to_be_closed_again():
    target = OutcomeTargetFactory()
    ProgressReportFactory(accepted=True, target=target, value=59)
    ClosedMissFactory(target=target, closed_at=datetime(2026, 4, 1, tzinfo=UTC))

    assert len(changed_by(target, date(2026, 9, 1))) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("last_year", "sentence"),
    [
        (
            2030,
            "FY2026 is judged next: once it has ended and a result of it counts, at the latest from 2027-09-01.",
        ),
        (2025, "No further year is judged: the verdict of the last one stays."),
    ],
)
def test_each_year_is_followed_by_the_next_of_its_run(last_year, sentence):
    programme = ProgrammeFactory(start_fiscal_year=2023, end_fiscal_year=last_year)
    target = OutcomeTargetFactory(programme=programme, each_year=True, deadline_year=None)
    ProgressReportFactory(accepted=True, target=target, fiscal_year=2025)

    assert changed_by(target, date(2026, 9, 1))[-1] == sentence
    assert OutcomeTarget.objects.with_status(date(2027, 8, 31)).get().judged_fy == 2025
    assert OutcomeTarget.objects.with_status(date(2027, 9, 1)).get().judged_fy == min(2026, last_year)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        ({"deadline_kind": DeadlineKind.NONE}, "No day: without a last day the target can never be overdue."),
        (
            {"deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_offset_years": 3},
            "The day of the event, once it is recorded: then there is a last day.",
        ),
        (
            {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_offset_years": 3},
            "The programme's end, once it is recorded: then there is a last day.",
        ),
    ],
)
def test_what_gives_a_last_day_is_told_where_there_is_none(stated, sentence):
    target = OutcomeTargetFactory(deadline_year=None, **stated)

    assert changed_by(target, date(2026, 9, 1))[-1] == sentence


TOTAL = {"accumulation": Accumulation.RUNNING_TOTAL, "deadline_year": 2024}
OLDER_TOTAL = "Where no result of FY2024 or later is accepted, an older running total that meets the target decides: achieved."


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("on", "status"),
    [(date(2025, 3, 31), Status.NO_DATA), (date(2025, 4, 1), Status.AWAITING), (date(2026, 9, 10), Status.UNREPORTED)],
)
def test_older_running_total_is_told_where_it_would_decide(on, status):
    target = OutcomeTargetFactory(**TOTAL)

    assert OutcomeTarget.objects.with_status(on).get().status == status
    assert OLDER_TOTAL in changed_by(target, on)
    assert explain.deadline_steps(target, AUGUST)[-1] == OLDER_TOTAL
    ProgressReportFactory(target=target, accepted=True, fiscal_year=2023, value=70)
    assert OutcomeTarget.objects.with_status(on).get().status == Status.ACHIEVED


@pytest.mark.django_db
@pytest.mark.parametrize(
    "terms",
    [{"accumulation": Accumulation.LEVEL}, {"comparator": Comparator.AT_MOST}, {"each_year": True, "programme__start_fiscal_year": 2024}],
)
def test_older_figure_that_would_not_decide_is_not_told(terms):
    target = OutcomeTargetFactory(**TOTAL | terms)

    told = changed_by(target, date(2026, 9, 10)) + explain.deadline_steps(target, AUGUST)

    assert [sentence for sentence in told if "running" in sentence] == []


@pytest.mark.django_db
def test_older_running_total_that_does_not_meet_is_not_called_too_early():
    target = OutcomeTargetFactory(**TOTAL)
    ProgressReportFactory(target=target, accepted=True, fiscal_year=2023, value=59)

    assert explained(target, date(2026, 9, 10))[-1] == (
        "The latest accepted result is of FY2023: an older running total decides only where it meets the target."
    )


@pytest.mark.django_db
def test_what_is_achieved_without_a_last_day_has_none_that_ends_it():
    target = OutcomeTargetFactory(deadline_year=None)
    ProgressReportFactory(target=target, accepted=True)

    assert changed_by(target, date(2026, 9, 10)) == [
        "The accepted result of a later fiscal year that does not meet the target: without a last day the latest one counts.",
        CORRECTION,
    ]


CORRECTION = "A correction of the result that the status rests on: what it says of the target depends on its figure."
MOVED_PATH = "A milestone that is added or changed: it can move the path."


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("terms", "value", "status", "sentences"),
    [
        ({}, 20, Status.IN_PROGRESS, {CORRECTION}),
        ({"baseline_value": 0, "baseline_year": 2020}, 20, Status.BEHIND, {CORRECTION, MOVED_PATH}),
        ({"baseline_value": 0, "baseline_year": 2020}, 50, Status.ON_TRACK, {CORRECTION, MOVED_PATH}),
        # What meets is held against no path.
        ({"comparator": Comparator.AT_MOST, "baseline_value": 100, "baseline_year": 2020}, 50, Status.ON_TRACK, {CORRECTION}),
        ({}, 60, Status.ACHIEVED, {CORRECTION}),
        ({"deadline_year": None}, 20, Status.NO_DEADLINE, {CORRECTION}),
    ],
)
def test_correction_and_milestones_change_what_the_last_day_has_not_settled(terms, value, status, sentences):
    target = OutcomeTargetFactory(**terms)
    ProgressReportFactory(target=target, accepted=True, fiscal_year=2024, value=value)

    assert OutcomeTarget.objects.with_status(date(2025, 8, 1)).get().status == status
    assert set(changed_by(target, date(2025, 8, 1))) & {CORRECTION, MOVED_PATH} == sentences


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("terms", "milestones", "sentence"),
    [
        (
            {},
            [],
            "A milestone of FY2023 or earlier, or a baseline of an earlier year: then there is a path to hold the result against.",
        ),
        # With milestones there is no straight line, whatever the baseline.
        (
            {"baseline_value": 0, "baseline_year": 2020},
            [2024],
            "A milestone of FY2023 or earlier: then there is a path to hold the result against.",
        ),
    ],
)
def test_what_gives_a_path_is_told(terms, milestones, sentence):
    target = OutcomeTargetFactory(**terms)
    for year in milestones:
        YearlyMilestoneFactory(target=target, fiscal_year=year)
    ProgressReportFactory(target=target, accepted=True, fiscal_year=2023, value=20)

    assert OutcomeTarget.objects.with_status(date(2024, 8, 1)).get().status == Status.IN_PROGRESS
    assert [said for said in changed_by(target, date(2024, 8, 1)) if "path" in said] == [sentence]
