"""The overdue report: which targets are in it on which day, in which order, and how they are counted."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from budget.models import OrganisationKind
from kpis import reports
from kpis.choices import Comparator, DeadlineKind, NoDeadline, Status
from kpis.models import OutcomeTarget
from tests.factories import (
    OrganisationFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SourcePassageFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

# The deadline is the end of FY2025; its results are due by 31 August 2026.
LAST_DAY, DAY_AFTER = date(2026, 3, 31), date(2026, 4, 1)
RESULTS_DUE, OVERDUE_FROM = date(2026, 8, 31), date(2026, 9, 1)
WITH_AWAITING = (Status.MISSED, Status.UNREPORTED, Status.AWAITING)


def rows(on, *statuses):
    found = reports.overdue_targets(on, statuses) if statuses else reports.overdue_targets(on)
    return [(target.code, target.status) for target in found]


def withdraw(target, day):
    target.withdrawn_by, target.withdrawal_reason = UserFactory(), "事業の中止"
    target.withdrawn_at = datetime(day.year, day.month, day.day, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
    target.save()


# --- Both sides of the boundary days -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "expected"),
    [(LAST_DAY, []), (DAY_AFTER, []), (RESULTS_DUE, []), (OVERDUE_FROM, [("t", "unreported")])],
)
def test_silence_is_overdue_from_the_day_after_the_results_were_due(on, expected):
    OutcomeTargetFactory(code="t")

    assert rows(on) == expected


@pytest.mark.parametrize(("on", "expected"), [(LAST_DAY, []), (DAY_AFTER, [("t", "missed")]), (OVERDUE_FROM, [("t", "missed")])])
def test_a_final_miss_is_overdue_from_the_day_after_the_last_day(on, expected):
    ProgressReportFactory(accepted=True, target=OutcomeTargetFactory(code="t"), fiscal_year=2025, value=Decimal(59))

    assert rows(on) == expected


@pytest.mark.parametrize(("on", "expected"), [(DAY_AFTER, []), (RESULTS_DUE, []), (OVERDUE_FROM, [("t", "missed")])])
def test_a_preliminary_miss_is_overdue_once_the_final_figure_was_due(on, expected):
    ProgressReportFactory(accepted=True, target=OutcomeTargetFactory(code="t"), fiscal_year=2025, value=Decimal(59), preliminary=True)

    assert rows(on) == expected


def test_achieved_target_is_not_overdue():
    ProgressReportFactory(accepted=True, target=OutcomeTargetFactory(), fiscal_year=2025, value=Decimal(60))

    assert rows(OVERDUE_FROM) == []


def test_submitted_result_waits_for_the_reviewer_and_is_not_overdue():
    ProgressReportFactory(submitted=True, target=OutcomeTargetFactory(code="t"), fiscal_year=2025)

    assert rows(OVERDUE_FROM) == []
    assert rows(OVERDUE_FROM, *WITH_AWAITING) == [("t", "awaiting_result")]


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (LAST_DAY, []),
        (DAY_AFTER, [("t", "awaiting_result")]),
        (RESULTS_DUE, [("t", "awaiting_result")]),
        (OVERDUE_FROM, [("t", "unreported")]),
    ],
)
def test_awaiting_is_in_the_report_only_when_asked_for(on, expected):
    OutcomeTargetFactory(code="t")

    assert rows(on, *WITH_AWAITING) == expected
    assert rows(on, Status.AWAITING) == [row for row in expected if row[1] == "awaiting_result"]


@pytest.mark.parametrize(("on", "expected"), [(date(2025, 8, 31), []), (date(2025, 9, 1), [("t", "unreported")])])
def test_each_year_target_is_overdue_for_each_year_that_was_due(on, expected):
    OutcomeTargetFactory(code="t", each_year=True, deadline_year=None, passage=SourcePassageFactory())  # from FY2024

    assert rows(on) == expected


def test_target_without_a_last_day_is_never_overdue():
    OutcomeTargetFactory(deadline_year=None)

    assert rows(date(2099, 1, 1), *WITH_AWAITING) == []


def test_withdrawn_target_is_in_no_report_from_its_withdrawal_on():
    withdraw(OutcomeTargetFactory(code="t"), date(2026, 10, 1))

    assert rows(date(2026, 9, 30)) == [("t", "unreported")]
    assert rows(date(2026, 10, 1)) == []
    assert not reports.targets_on(date(2026, 10, 1)).exists()


def test_queryset_and_report_name_the_same_targets():
    OutcomeTargetFactory(deadline_year=2020)
    OutcomeTargetFactory(deadline_year=2030)
    OutcomeTargetFactory(deadline_year=None, each_year=True, passage=SourcePassageFactory())

    assert set(OutcomeTarget.objects.overdue(OVERDUE_FROM)) == set(reports.overdue_targets(OVERDUE_FROM))
    every = reports.targets_on(OVERDUE_FROM).filter(status__in=(Status.MISSED, Status.UNREPORTED))
    assert set(every) == set(reports.overdue_targets(OVERDUE_FROM))


def test_longest_overdue_is_first_then_by_programme_and_code():
    first, second = ProgrammeFactory(code="p-1"), ProgrammeFactory(code="p-2")
    for code, programme, year in (("d", second, 2021), ("c", first, 2022), ("b", second, 2022), ("a", first, 2022)):
        OutcomeTargetFactory(code=code, programme=programme, deadline_year=year)

    assert [code for code, _ in rows(OVERDUE_FROM)] == ["d", "a", "c", "b"]


# --- Columns -----------------------------------------------------------------------------------------------------------------------


def values(target):
    return {column.name: column.value(target) for column in reports.TARGET_COLUMNS}


def test_columns_begin_with_the_codes_and_the_status_and_have_plain_names():
    names = [column.name for column in reports.TARGET_COLUMNS]

    assert names[:3] == ["programme_code", "target_code", "status"]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and name.replace("_", "").islower() for name in names)


def test_columns_of_a_missed_target_tell_the_result_that_decided():
    target = OutcomeTargetFactory(value=Decimal(60), passage=SourcePassageFactory(line_from=12, line_to=14))
    ProgressReportFactory(accepted=True, target=target, fiscal_year=2025, value=Decimal(45), preliminary=True)

    told = values(reports.overdue_targets(OVERDUE_FROM).get())

    assert (told["status"], told["marks"], told["value"], told["result_value"]) == ("missed", "preliminary without_evidence", 60, 45)
    assert (told["judged_fiscal_year"], told["result_fiscal_year"], told["due_on"]) == (2025, 2025, LAST_DAY)
    assert told["attainment_percent"] == 75  # 45 of 60
    assert (told["source_line_from"], told["source_line_to"]) == (12, 14)


def test_columns_of_a_target_without_a_result_are_blank_not_zero():
    OutcomeTargetFactory()

    told = values(reports.overdue_targets(OVERDUE_FROM).get())

    assert [told[name] for name in ("result_fiscal_year", "result_value", "result_grade", "attainment_percent")] == [None] * 4
    assert [told[name] for name in ("source_line_from", "source_line_to")] == [None, None]


def test_result_of_zero_is_zero():
    ProgressReportFactory(accepted=True, target=OutcomeTargetFactory(), fiscal_year=2025, value=Decimal(0))

    told = values(reports.overdue_targets(OVERDUE_FROM).get())

    assert (told["result_value"], told["attainment_percent"]) == (0, 0)


def test_grade_has_no_attainment():
    ProgressReportFactory(accepted=True, target=OutcomeTargetFactory(qualitative=True), fiscal_year=2025, value=None, grade=4)

    told = values(reports.overdue_targets(OVERDUE_FROM).get())

    assert (told["result_grade"], told["result_value"], told["attainment_percent"]) == (4, None, None)


def test_marks_are_named_in_their_order():
    OutcomeTargetFactory(approximate=True, comparator_assumed=True, accumulation_assumed=True, programme_end_assumed=True)

    assert values(reports.overdue_targets(OVERDUE_FROM).get())["marks"] == (
        "approximate comparator_assumed accumulation_assumed programme_end_assumed without_source"
    )


@pytest.mark.parametrize("count", [1, 30])
def test_report_with_all_its_columns_costs_one_query_for_any_number(count, django_assert_num_queries):
    for _ in range(count):
        target = OutcomeTargetFactory(passage=SourcePassageFactory())
        ProgressReportFactory(accepted=True, target=target, fiscal_year=2025, value=Decimal(1))

    with django_assert_num_queries(1):
        assert len([values(target) for target in reports.overdue_targets(OVERDUE_FROM)]) == count
    with django_assert_num_queries(1):
        assert len([values(target) for target in reports.targets_on(OVERDUE_FROM)]) == count


# --- Totals ------------------------------------------------------------------------------------------------------------------------


def totals(on=OVERDUE_FROM, *statuses):
    found = reports.overdue_targets(on, statuses) if statuses else reports.overdue_targets(on)
    return [(total.organisation.code, total.counts, total.total) for total in reports.totals_by_bureau(found)]


def test_totals_keep_missed_and_unreported_apart(bureau, division, other_division):
    for lead in (division, division, other_division):
        OutcomeTargetFactory(programme=ProgrammeFactory(lead=lead))
    missed = OutcomeTargetFactory(programme=ProgrammeFactory(lead=division))
    ProgressReportFactory(accepted=True, target=missed, fiscal_year=2025, value=Decimal(1))

    assert totals() == [("bureau", {"unreported": 3, "missed": 1}, 4)]


def test_totals_stand_by_the_code_of_the_bureau_and_know_the_ministry_s_own(ministry, bureau):
    another = OrganisationFactory(code="agency", kind=OrganisationKind.BUREAU, parent=ministry)
    for lead in (bureau, another, ministry, OrganisationFactory(parent=another)):
        OutcomeTargetFactory(programme=ProgrammeFactory(lead=lead))

    assert [(code, number) for code, _, number in totals()] == [("agency", 2), ("bureau", 1), ("ministry", 1)]


def test_totals_go_by_the_lead_alone(bureau, division):
    programme = ProgrammeFactory(lead=division)
    elsewhere = OrganisationFactory(kind=OrganisationKind.BUREAU)
    ProgrammeOrganisationFactory(programme=programme, organisation=elsewhere)
    ProgrammeOrganisationFactory(programme=programme, organisation=division)
    OutcomeTargetFactory(programme=programme)

    assert totals() == [("bureau", {"unreported": 1}, 1)]


def test_totals_count_what_the_report_shows(bureau, division):
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2025)
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2024)

    assert totals(RESULTS_DUE) == [("bureau", {"unreported": 1}, 1)]
    assert totals(RESULTS_DUE, *WITH_AWAITING) == [("bureau", {"unreported": 1, "awaiting_result": 1}, 2)]


def test_totals_of_nothing_are_none():
    assert totals() == []


@pytest.mark.parametrize("count", [1, 30])
def test_totals_cost_the_same_for_any_number(count, ministry, django_assert_num_queries):
    for _ in range(count):
        OutcomeTargetFactory(programme__lead__parent=ministry)

    with django_assert_num_queries(2):  # counts, organisations
        assert sum(total.total for total in reports.totals_by_bureau(reports.overdue_targets(OVERDUE_FROM))) == count


# --- What cannot be overdue --------------------------------------------------------------------------------------------------------


def test_targets_that_cannot_be_overdue_are_counted_by_their_reason(django_assert_num_queries):
    relative = {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_year": None, "deadline_offset_years": 0}
    event = {"deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_year": None, "deadline_offset_years": 3}
    OutcomeTargetFactory.create_batch(2, deadline_year=None)
    OutcomeTargetFactory(**relative)
    OutcomeTargetFactory(**event)
    # These have a last day, or years of their own.
    OutcomeTargetFactory(**relative, programme__end_fiscal_year=2025)
    OutcomeTargetFactory(**event, deadline_event_on=date(2024, 7, 1))
    OutcomeTargetFactory(deadline_year=2025)
    OutcomeTargetFactory(deadline_year=None, each_year=True, passage=SourcePassageFactory())

    with django_assert_num_queries(1):
        counts = reports.no_last_day_counts(OVERDUE_FROM)

    assert counts == {NoDeadline.NONE_STATED: 2, NoDeadline.PROGRAMME_END_NOT_KNOWN: 1, NoDeadline.EVENT_NOT_RECORDED: 1}


def test_each_reason_is_there_with_a_zero():
    assert reports.no_last_day_counts(OVERDUE_FROM) == dict.fromkeys(NoDeadline.values, 0)


def test_withdrawn_target_is_not_counted_from_its_withdrawal_on():
    withdraw(OutcomeTargetFactory(deadline_year=None), date(2026, 10, 1))

    assert [sum(reports.no_last_day_counts(day).values()) for day in (date(2026, 9, 30), date(2026, 10, 1))] == [1, 0]


def test_range_reports_no_attainment():
    target = OutcomeTargetFactory(comparator=Comparator.WITHIN, value_max=Decimal(70))
    ProgressReportFactory(accepted=True, target=target, fiscal_year=2025, value=Decimal(90))

    assert values(reports.overdue_targets(OVERDUE_FROM).get())["attainment_percent"] is None
