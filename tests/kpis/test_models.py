"""What targets, milestones and reports derive when they are saved, and what their forms refuse."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from budget.history import explain
from budget.models import Programme
from kpis.choices import Comparator, DeadlineKind, Kind, NoDeadline
from kpis.models import OutcomeTarget, ProgressReport, TargetLink, YearlyMilestone
from tests.factories import (
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgressReportFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    UserFactory,
    YearlyMilestoneFactory,
)

pytestmark = pytest.mark.django_db

LAST_DAY, DAY_AFTER = date(2026, 3, 31), date(2026, 4, 1)


def at(day: date, hour: int = 9):
    """The clock stands at an hour of a day in Tokyo."""
    return time_machine.travel(datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo("Asia/Tokyo")), tick=False)


def refused(instance) -> dict:
    """What the form says, by field; {} where nothing is wrong."""
    try:
        instance.full_clean()
    except ValidationError as said:
        return said.message_dict
    return {}


def stored(instance):
    return type(instance).objects.get(pk=instance.pk)


# --- The last day ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "due_on", "due_fy"),
    [
        ({"deadline_kind": DeadlineKind.FISCAL_YEAR, "deadline_year": 2025}, date(2026, 3, 31), 2025),
        ({"deadline_kind": DeadlineKind.CALENDAR_YEAR, "deadline_year": 2030}, date(2030, 12, 31), 2030),
        ({"deadline_kind": DeadlineKind.DATE, "deadline_on": date(2026, 3, 1)}, date(2026, 3, 1), 2025),
        ({"deadline_kind": DeadlineKind.PLAN_PERIOD, "deadline_year": 2026}, date(2027, 3, 31), 2026),
        ({"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_offset_years": 5}, date(2034, 3, 31), 2033),
        (
            {"deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_offset_years": 3, "deadline_event_on": date(2024, 7, 1)},
            date(2027, 7, 1),
            2027,
        ),
        ({"deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_offset_years": 3}, None, None),
        ({"deadline_kind": DeadlineKind.NONE}, None, None),
    ],
    ids=lambda case: case["deadline_kind"] if isinstance(case, dict) else None,
)
def test_save_writes_the_last_day_and_its_fiscal_year(stated, due_on, due_fy):
    programme = ProgrammeFactory(end_fiscal_year=2028)
    target = OutcomeTargetFactory(programme=programme, **{"deadline_year": None, "deadline_kind": DeadlineKind.NONE} | stated)

    assert (stored(target).due_on, stored(target).due_fy) == (due_on, due_fy)


def test_last_day_cannot_be_set_by_hand():
    target = OutcomeTargetFactory(deadline_year=2025)
    target.due_on, target.due_fy = date(2099, 3, 31), 2098
    target.save()

    assert (stored(target).due_on, stored(target).due_fy) == (LAST_DAY, 2025)


def test_last_day_goes_when_the_deadline_does():
    target = OutcomeTargetFactory(deadline_year=2025)
    target.deadline_kind, target.deadline_year = DeadlineKind.NONE, None
    target.save()

    assert (stored(target).due_on, stored(target).due_fy) == (None, None)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ({"deadline_kind": DeadlineKind.NONE}, NoDeadline.NONE_STATED),
        ({"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_offset_years": 0}, NoDeadline.PROGRAMME_END_NOT_KNOWN),
        ({"deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_offset_years": 3}, NoDeadline.EVENT_NOT_RECORDED),
    ],
)
def test_target_without_a_last_day_says_why(stated, reason):
    OutcomeTargetFactory(deadline_year=2025)
    OutcomeTargetFactory(deadline_year=None, each_year=True)
    target = OutcomeTargetFactory(deadline_year=None, **stated)

    assert [(found.pk, found.no_deadline) for found in OutcomeTarget.objects.with_no_last_day()] == [(target.pk, reason)]


# --- Each-year targets -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget_year", "period", "stated", "years"),
    [
        (2024, (2020, 2028), {}, (2024, 2028)),
        (2024, (2026, None), {}, (2026, None)),
        (2024, (None, None), {}, (2024, None)),
        (None, (2020, 2028), {}, (2020, 2028)),
        (2024, (2020, 2028), {"deadline_kind": DeadlineKind.CALENDAR_YEAR, "deadline_year": 2032}, (2024, 2032)),
        (2024, (2020, 2028), {"deadline_kind": DeadlineKind.DATE, "deadline_on": date(2027, 3, 31)}, (2024, 2026)),
        (2024, (2020, 2028), {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_offset_years": 1}, (2024, 2029)),
        (None, (None, None), {}, (None, None)),
    ],
)
def test_each_year_target_is_judged_from_the_first_to_the_last_year(budget_year, period, stated, years):
    start, end = period
    target = OutcomeTargetFactory(
        each_year=True,
        programme=ProgrammeFactory(start_fiscal_year=start, end_fiscal_year=end),
        passage=SourcePassageFactory(document=SourceDocumentFactory(budget_year=budget_year)) if budget_year else None,
        **{"deadline_year": None, "deadline_kind": DeadlineKind.NONE} | stated,
    )

    assert (stored(target).first_year, stored(target).last_year) == years


def test_years_are_taken_away_with_each_year():
    target = OutcomeTargetFactory(each_year=True, passage=SourcePassageFactory(), deadline_year=None)
    target.each_year = False
    target.save()

    assert (stored(target).first_year, stored(target).last_year) == (None, None)


def test_form_asks_for_what_an_each_year_target_begins_with():
    target = OutcomeTargetFactory.build(each_year=True, programme=ProgrammeFactory(), deadline_year=None)
    assert list(refused(target)) == ["each_year"]

    target.programme.start_fiscal_year = 2024
    assert refused(target) == {}


# --- Revised after the deadline ----------------------------------------------------------------------------------------------------


def with_a_range(**options):
    return OutcomeTargetFactory(comparator=Comparator.WITHIN, value_max=Decimal(70), **options)


REVISIONS = [
    (OutcomeTargetFactory, {"value": Decimal(50)}),
    (OutcomeTargetFactory, {"value": Decimal("60.0001")}),
    (with_a_range, {"value_max": Decimal(80)}),
    (OutcomeTargetFactory, {"comparator": Comparator.MORE_THAN}),
    (OutcomeTargetFactory, {"deadline_year": 2027}),
    (OutcomeTargetFactory, {"deadline_year": 2024}),
    (OutcomeTargetFactory, {"deadline_kind": DeadlineKind.NONE, "deadline_year": None}),
    (OutcomeTargetFactory, {"kind": Kind.QUALITATIVE, "value": None, "comparator": "", "accumulation": ""}),
]
OTHER_CHANGES = [
    {"statement": "令和7年度までに、60件を目指す。"},
    {"indicator": "採択の件数"},
    {"note": "原文を確認"},
    {"unit": "件数"},
    {"approximate": True},
    {"value": Decimal("60.0000")},
    {"deadline_kind": DeadlineKind.DATE, "deadline_year": None, "deadline_on": LAST_DAY},
    {"baseline_value": Decimal(0), "baseline_year": 2020},
]


@pytest.mark.parametrize(("make", "change"), REVISIONS)
@pytest.mark.parametrize(("day", "hour", "marked"), [(LAST_DAY, 23, False), (DAY_AFTER, 0, True)])
def test_change_of_value_comparator_or_deadline_is_marked_from_the_day_after_the_last_day(make, change, day, hour, marked):
    target = make(deadline_year=2025)

    with at(day, hour):
        for name, value in change.items():
            setattr(target, name, value)
        target.save()

    assert stored(target).revised_after_deadline is marked


@pytest.mark.parametrize("change", OTHER_CHANGES)
def test_change_of_wording_is_not_marked(change):
    target = OutcomeTargetFactory(deadline_year=2025, value=Decimal(60))

    with at(DAY_AFTER):
        for name, value in change.items():
            setattr(target, name, value)
        target.save()

    assert not stored(target).revised_after_deadline


def test_mark_is_never_taken_back():
    target = OutcomeTargetFactory(deadline_year=2025, value=Decimal(60))
    with at(DAY_AFTER):
        stale = stored(target)
        target.value = Decimal(50)
        target.save()
        target.value, target.revised_after_deadline = Decimal(60), False
        target.save()
        assert stored(target).revised_after_deadline

        stale.note = "読み直し"
        stale.save()
        assert stored(target).revised_after_deadline


def test_mark_cannot_be_set_by_hand():
    target = OutcomeTargetFactory()
    target.revised_after_deadline = True
    target.save()

    assert not stored(target).revised_after_deadline


@pytest.mark.parametrize(
    ("before", "after", "is_marked"),
    [
        ({"deadline_year": 2025}, {"deadline_year": 2027}, True),
        ({"deadline_year": 2025}, {"deadline_year": 2024}, True),
        ({"deadline_year": 2025}, {"deadline_kind": DeadlineKind.NONE, "deadline_year": None}, True),
        ({"deadline_year": 2025}, {"deadline_kind": DeadlineKind.DATE, "deadline_year": None, "deadline_on": LAST_DAY}, False),
        ({"deadline_year": 2025}, {"value": Decimal(50)}, False),
        ({"deadline_year": None}, {"deadline_kind": DeadlineKind.FISCAL_YEAR, "deadline_year": 2025}, False),
    ],
)
def test_deadline_is_marked_as_revised_where_there_was_another_last_day(before, after, is_marked):
    target = OutcomeTargetFactory(**before)
    with at(date(2025, 4, 1)):  # long before the last day
        for name, value in after.items():
            setattr(target, name, value)
        target.save()

    assert (stored(target).deadline_revised, stored(target).revised_after_deadline) == (is_marked, False)


def test_deadline_that_is_moved_back_stays_marked_as_revised():
    target = OutcomeTargetFactory(deadline_year=2025)
    for year in (2027, 2025):
        target.deadline_year = year
        target.deadline_revised = False  # it is not written by hand
        target.save()

    assert stored(target).deadline_revised


def test_deadline_given_to_a_target_without_one_is_no_late_revision():
    target = OutcomeTargetFactory(deadline_year=None)
    with at(DAY_AFTER):
        target.deadline_kind, target.deadline_year = DeadlineKind.FISCAL_YEAR, 2020
        target.save()

    assert not stored(target).revised_after_deadline


def test_new_target_is_not_revised_whenever_it_is_entered():
    with at(DAY_AFTER):
        assert not OutcomeTargetFactory(deadline_year=2020).revised_after_deadline


def test_programme_that_is_prolonged_after_its_end_revises_the_target_late():
    programme = ProgrammeFactory(end_fiscal_year=2025)
    relative = {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_year": None, "deadline_offset_years": 0}
    target = OutcomeTargetFactory(programme=programme, **relative)
    with at(DAY_AFTER):
        programme.end_fiscal_year = 2027
        explain(programme, reason="事業の延長")
        programme.save()

    assert (stored(target).due_fy, stored(target).revised_after_deadline) == (2027, True)


# --- Withdrawal --------------------------------------------------------------------------------------------------------------------


def test_withdrawn_target_stands_on_the_days_before_its_withdrawal():
    target = OutcomeTargetFactory()
    with at(date(2026, 4, 1), hour=0):
        target.withdrawn_by, target.withdrawn_at, target.withdrawal_reason = UserFactory(), timezone.now(), "事業の中止"
        target.save()

    assert [OutcomeTarget.objects.standing_on(day).exists() for day in (LAST_DAY, DAY_AFTER, date(2026, 4, 2))] == [True, False, False]


# --- Links and milestones ----------------------------------------------------------------------------------------------------------


def test_link_stays_within_a_programme():
    first = OutcomeTargetFactory()
    assert refused(TargetLink(from_target=first, to_target=OutcomeTargetFactory(programme=first.programme))) == {}
    assert list(refused(TargetLink(from_target=first, to_target=OutcomeTargetFactory()))) == ["to_target"]


@pytest.mark.parametrize(("year", "value", "errors"), [(2025, 60, []), (2025, 59, ["value"]), (2024, 40, []), (2026, 70, [])])
def test_milestone_of_the_deadlines_year_is_the_target_value(year, value, errors):
    target = OutcomeTargetFactory(deadline_year=2025, value=Decimal(60))
    assert list(refused(YearlyMilestoneFactory.build(target=target, fiscal_year=year, value=Decimal(value)))) == errors


def test_qualitative_target_has_no_milestones():
    milestone = YearlyMilestone(target=OutcomeTargetFactory(qualitative=True), fiscal_year=2024, value=Decimal(1))
    assert list(refused(milestone)) == ["__all__"]


# --- Reports: value or grade -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("qualitative", "figure", "errors"),
    [
        (False, {"value": Decimal(60), "grade": None}, []),
        (False, {"value": Decimal(0), "grade": None, "reason": "未着手"}, []),
        (False, {"value": None, "grade": None}, []),
        (False, {"value": None, "grade": 2}, ["grade"]),
        (True, {"value": None, "grade": 2}, []),
        (True, {"value": None, "grade": None}, []),
        (True, {"value": Decimal(60), "grade": None}, ["value"]),
        (True, {"value": None, "grade": 6}, ["grade"]),
    ],
)
def test_result_is_a_value_or_a_grade_as_the_target_is_judged(qualitative, figure, errors):
    report = ProgressReportFactory(target=OutcomeTargetFactory(qualitative=qualitative), value=None)
    for name, value in figure.items():
        setattr(report, name, value)

    assert list(refused(report)) == errors


def test_report_has_the_kind_of_its_target():
    report = ProgressReportFactory(target=OutcomeTargetFactory(qualitative=True), value=None, grade=2)
    report.kind = Kind.QUANTITATIVE
    report.save()

    assert stored(report).kind == Kind.QUALITATIVE


def test_kind_of_a_target_stays_once_results_are_reported():
    qualitative = {"kind": Kind.QUALITATIVE, "value": None, "comparator": "", "accumulation": ""}
    target = OutcomeTargetFactory()
    for name, value in qualitative.items():
        setattr(target, name, value)
    assert refused(target) == {}

    ProgressReportFactory(target=stored(target))
    assert list(refused(target)) == ["kind"]


# --- Reports: the reason -----------------------------------------------------------------------------------------------------------

AT_MOST = {"comparator": Comparator.AT_MOST, "value": Decimal(50), "baseline_value": Decimal(150), "baseline_year": 2020}


@pytest.mark.parametrize(
    ("target", "result", "needed"),
    [
        ({"value": Decimal(100)}, "100", False),
        ({"value": Decimal(100)}, "99.9999", True),
        ({"value": Decimal(100)}, "120", False),
        ({"value": Decimal(100)}, "120.1", True),
        ({"value": Decimal(1000)}, "1200.5", True),  # shown as 120.0 %
        ({"value": Decimal(100), "comparator": Comparator.MORE_THAN}, "100", True),
        ({"value": Decimal(100), "comparator": Comparator.MORE_THAN}, "100.0001", False),
        ({"value": Decimal(0)}, "1000", False),
        ({"value": Decimal(0)}, "-0.0001", True),
        (AT_MOST, "50", False),
        (AT_MOST, "51", True),
        (AT_MOST, "30", False),
        (AT_MOST, "29", True),
        ({"value": Decimal(50), "comparator": Comparator.AT_MOST}, "0", False),
        ({"value": Decimal(50), "comparator": Comparator.LESS_THAN}, "50", True),
        ({"value": Decimal(60), "value_max": Decimal(70), "comparator": Comparator.WITHIN}, "70", False),
        ({"value": Decimal(60), "value_max": Decimal(70), "comparator": Comparator.WITHIN}, "70.0001", True),
    ],
)
def test_deadlines_year_that_misses_or_exceeds_120_percent_needs_a_reason(target, result, needed):
    report = ProgressReportFactory(
        submitted=True, target=OutcomeTargetFactory(deadline_year=2025, **target), fiscal_year=2025, value=Decimal(result)
    )
    assert list(refused(report)) == (["reason"] if needed else [])

    report.reason = "公募の時期を見直したため。"
    assert refused(report) == {}


@pytest.mark.parametrize(("grade", "needed"), [(1, False), (2, False), (3, True), (4, True), (5, True)])
def test_grade_that_does_not_meet_needs_a_reason_in_the_deadlines_year(grade, needed):
    report = ProgressReportFactory(submitted=True, target=OutcomeTargetFactory(qualitative=True), fiscal_year=2025, value=None, grade=grade)
    assert list(refused(report)) == (["reason"] if needed else [])


@pytest.mark.parametrize("year", [2024, 2026])
def test_another_year_needs_no_reason(year):
    assert (
        refused(ProgressReportFactory(submitted=True, target=OutcomeTargetFactory(deadline_year=2025), fiscal_year=year, value=Decimal(1)))
        == {}
    )


def test_target_without_a_deadline_needs_no_reason():
    assert refused(ProgressReportFactory(submitted=True, target=OutcomeTargetFactory(deadline_year=None), value=Decimal(1))) == {}


def test_every_year_of_an_each_year_target_needs_its_reason():
    target = OutcomeTargetFactory(each_year=True, passage=SourcePassageFactory(), deadline_year=None)
    assert list(refused(ProgressReportFactory(submitted=True, target=target, fiscal_year=2024, value=Decimal(59)))) == ["reason"]


@pytest.mark.parametrize("reason", ["", " ", "\n　"])
def test_blank_reason_is_none(reason):
    report = ProgressReportFactory(submitted=True, target=OutcomeTargetFactory(), fiscal_year=2025, value=Decimal(1), reason=reason)
    assert list(refused(report)) == ["reason"]


def test_draft_need_not_have_its_reason_yet():
    report = ProgressReportFactory(target=OutcomeTargetFactory(), fiscal_year=2025, value=Decimal(1))
    assert refused(report) == {}
    with pytest.raises(ValidationError):
        report.refuse_without_reason()


def test_draft_without_a_figure_needs_no_reason():
    assert refused(ProgressReportFactory(fiscal_year=2025, value=None)) == {}


# --- Reports: what stands beside the figure ----------------------------------------------------------------------------------------


def test_result_is_measured_on_the_last_day_of_its_year_unless_stated():
    assert ProgressReportFactory(fiscal_year=2025).day_measured == LAST_DAY
    assert ProgressReportFactory(fiscal_year=2025, measured_on=date(2025, 12, 31)).day_measured == date(2025, 12, 31)


@pytest.mark.parametrize(("value", "grade", "has"), [(Decimal(0), None, True), (None, 5, True), (None, None, False)])
def test_zero_is_a_figure_and_blank_is_none(value, grade, has):
    assert ProgressReport(value=value, grade=grade).has_figure is has


def test_accepted_figures_are_those_that_somebody_accepted():
    accepted = ProgressReportFactory(accepted=True)
    ProgressReportFactory(submitted=True)

    assert list(ProgressReport.objects.accepted_figures()) == [accepted]
    assert not accepted.is_reopened


def test_new_target_counts_from_the_programmes_period_as_it_is_recorded():
    """Not from what the programme was when somebody read it."""
    read_before = ProgrammeFactory(end_fiscal_year=2025)
    programme = Programme.objects.get(pk=read_before.pk)
    programme.end_fiscal_year = 2030
    programme.save()
    target = OutcomeTargetFactory(
        programme=read_before, deadline_kind=DeadlineKind.AFTER_PROGRAMME, deadline_year=None, deadline_offset_years=0
    )
    assert target.due_on == date(2031, 3, 31)
