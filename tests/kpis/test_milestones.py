"""Milestones that are proposed: the straight line from baseline to target, kept or edited by an administrator."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kpis import explain
from kpis.choices import DeadlineKind, Status
from kpis.measures import straight_line
from kpis.models import OutcomeTarget, YearlyMilestone
from tests.factories import OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory, YearlyMilestoneFactory
from tests.forms import page_of

LINES = [
    # whole numbers stay whole: 10 + 50/3, 10 + 100/3
    (("at_least", "10", 2022, "60", 2025), {2023: "27", 2024: "43", 2025: "60"}),
    # the finer of the two says the decimals: 10.5 + 49.5/2 = 35.25, half up
    (("at_least", "10.5", 2023, "60", 2025), {2024: "35.3", 2025: "60"}),
    # downhill: 100 - 30, 100 - 60
    (("at_most", "100", 2022, "10", 2025), {2023: "70", 2024: "40", 2025: "10"}),
    (("at_most", "100.0000", 2024, "0.0000", 2026), {2025: "50", 2026: "0"}),
    (("more_than", "0", 2024, "5", 2025), {2025: "5"}),
    (("within", "10", 2022, "60", 2025), {}),
    (("at_least", None, None, "60", 2025), {}),
    (("at_least", "10", 2022, "60", None), {}),
    (("", None, None, None, 2025), {}),  # qualitative
    (("at_least", "10", 2025, "60", 2025), {}),
    (("at_least", "10", 2026, "60", 2025), {}),
]


@pytest.mark.parametrize(("target", "line"), LINES)
def test_straight_line_is_the_one_worked_by_hand(target, line):
    comparator, baseline, baseline_year, value, due_fy = target
    figures = [None if figure is None else Decimal(figure) for figure in (baseline, value)]
    found = straight_line(comparator, figures[0], baseline_year, figures[1], due_fy)
    assert found == {year: Decimal(figure) for year, figure in line.items()}


# --- The page -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def target(db):
    """From 10 in FY2023 to 60 in FY2026: 27, 43, 60 (10 + 50/3, 10 + 100/3)."""
    return OutcomeTargetFactory(value=Decimal(60), deadline_year=2026, baseline_value=Decimal(10), baseline_year=2023)


def proposing(target) -> str:
    return reverse("admin:kpis_outcometarget_milestones", args=(target.pk,))


def sent(page, **changes) -> dict:
    shown = {field.html_name: field.value() for field in page.context["form"]}
    return {name: value for name, value in {**shown, "change_reason": "直線による提案", **changes}.items() if value is not None}


def milestones(target) -> list[tuple]:
    return [(m.fiscal_year, m.value, m.is_target_year) for m in target.milestones.order_by("fiscal_year")]


def test_line_is_proposed_and_kept(as_administrator, administrator, target):
    page = as_administrator.get(proposing(target))
    assert not YearlyMilestone.objects.exists()
    assert as_administrator.post(proposing(target), sent(page)).status_code == 302
    assert milestones(target) == [(2024, 27, False), (2025, 43, False), (2026, 60, True)]
    for milestone in target.milestones.all():
        told = milestone.history.get()
        assert (told.history_user, told.history_change_reason) == (administrator, "直線による提案")


def test_figure_is_edited_and_a_year_left_out(as_administrator, target):
    page = as_administrator.get(proposing(target))
    as_administrator.post(proposing(target), sent(page, year_2024="２５．５", year_2025=""))
    assert milestones(target) == [(2024, Decimal("25.5"), False), (2026, 60, True)]


def test_milestone_that_stands_is_shown_beside_the_line_and_stays(as_administrator, target):
    standing = YearlyMilestoneFactory(target=target, fiscal_year=2024, value=Decimal(20))
    page = as_administrator.get(proposing(target))
    assert page.context["form"]["year_2024"].value() == "20"
    assert "直線では27" in page.content.decode()
    as_administrator.post(proposing(target), sent(page))
    assert milestones(target)[0] == (2024, 20, False)
    assert standing.history.count() == 1
    refused = as_administrator.post(proposing(target), sent(as_administrator.get(proposing(target)), year_2024=""))
    assert list(refused.context["form"].errors) == ["year_2024"]


def test_milestone_of_the_deadlines_year_is_the_target(as_administrator, target):
    page = as_administrator.get(proposing(target))
    refused = as_administrator.post(proposing(target), sent(page, year_2026="61"))
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["year_2026"]
    assert not YearlyMilestone.objects.exists()


@pytest.mark.parametrize("missing", [{"change_reason": ""}, {"year_2025": "多い"}, {"year_2025": "1.23456"}])
def test_nothing_is_saved_without_a_reason_or_with_what_is_no_figure(as_administrator, target, missing):
    page = as_administrator.get(proposing(target))
    refused = as_administrator.post(proposing(target), sent(page, **missing))
    assert list(refused.context["form"].errors) == list(missing)
    assert not YearlyMilestone.objects.exists()


def test_what_another_changed_meanwhile_is_not_overwritten(as_administrator, target):
    page = as_administrator.get(proposing(target))
    YearlyMilestoneFactory(target=target, fiscal_year=2024, value=Decimal(20))
    refused = as_administrator.post(proposing(target), sent(page, year_2024="27"))
    assert refused.status_code == 422
    assert milestones(target) == [(2024, 20, False)]
    again = {**sent(page, year_2024="27"), "version": refused.context["form"].data["version"]}
    assert as_administrator.post(proposing(target), again).status_code == 302
    assert milestones(target)[0] == (2024, 27, False)


def test_what_another_changed_is_shown_and_kept_where_the_page_left_it_alone(as_administrator, target):
    """One opens the page at 20; another writes 22 and 50; the first changes FY2026's alone and saves twice."""
    standing = YearlyMilestoneFactory(target=target, fiscal_year=2024, value=Decimal(20))
    page = as_administrator.get(proposing(target))
    standing.value = Decimal(22)
    standing.save()
    YearlyMilestoneFactory(target=target, fiscal_year=2025, value=Decimal(50))
    refused = as_administrator.post(proposing(target), sent(page))
    boxes = {name: refused.context["form"][name].value() for name in ("year_2024", "year_2025", "year_2026")}
    assert boxes == {"year_2024": "22", "year_2025": "50", "year_2026": "60"}
    assert [change[2].row.value for change in refused.context["changes"]] == [50, 22]
    assert as_administrator.post(proposing(target), sent(refused)).status_code == 302
    assert milestones(target) == [(2024, 22, False), (2025, 50, False), (2026, 60, True)]


@pytest.mark.parametrize("without", [{"baseline_value": None, "baseline_year": None}, {"each_year": True}])
def test_nothing_is_proposed_where_no_line_leads(as_administrator, without):
    options = {"baseline_value": Decimal(10), "baseline_year": 2023, "deadline_year": 2026, "programme__start_fiscal_year": 2024}
    target = OutcomeTargetFactory(**options | without)
    answer = as_administrator.get(proposing(target), follow=True)
    assert answer.redirect_chain[-1][0] == page_of(target)
    assert "直線を引けません" in answer.content.decode()
    assert proposing(target) not in as_administrator.get(page_of(target)).content.decode()


def test_page_of_the_target_leads_to_the_proposal(as_administrator, target):
    assert proposing(target) in as_administrator.get(page_of(target)).content.decode()


def test_others_propose_none(as_official, target):
    assert as_official.get(proposing(target)).status_code == 403
    assert as_official.post(proposing(target), {"year_2024": "1"}).status_code == 403


def test_milestones_decide_the_path_from_then_on(as_administrator, target):
    """43 is short of the line at FY2025 (43⅓ cut to 43 is on the milestone): the milestone, once kept, is the path."""

    ProgressReportFactory(target=target, fiscal_year=2025, value=Decimal(43), accepted=True)
    on = date(2026, 10, 1)
    assert OutcomeTarget.objects.with_status(on).get().status == "behind"
    as_administrator.post(proposing(target), sent(as_administrator.get(proposing(target))))
    assert OutcomeTarget.objects.with_status(on).get().status == "on_track"


@pytest.mark.django_db
def test_milestone_that_a_moved_deadline_overtook_is_the_target_itself():
    """DOMAIN §5: a milestone of the deadline's year equals the target. The programme's end moved to the year of an older milestone."""
    programme = ProgrammeFactory(start_fiscal_year=2020, end_fiscal_year=2030)
    counting = {"deadline_kind": DeadlineKind.AFTER_PROGRAMME, "deadline_year": None, "deadline_offset_years": 0}
    target = OutcomeTargetFactory(programme=programme, value=Decimal(100), **counting)
    YearlyMilestoneFactory(target=target, fiscal_year=2026, value=Decimal(50))
    report = ProgressReportFactory(target=target, accepted=True, fiscal_year=2026, value=Decimal(60), measured_on=date(2026, 10, 1))
    told = OutcomeTarget.objects.with_status(date(2027, 1, 1))
    assert told.get().status != Status.BEHIND

    programme.end_fiscal_year = 2026
    programme.save()

    judged = told.get()
    assert (judged.due_fy, judged.status) == (report.fiscal_year, Status.BEHIND)
    why = explain.why(judged, date(2027, 1, 1), list(judged.milestones.all()), (8, 31))
    assert "100" in why[0]


def test_reading_the_proposal_opens_no_transaction(as_administrator, target):
    """On SQLite it would wait for whoever writes."""
    with CaptureQueriesContext(connection) as queries:
        assert as_administrator.get(reverse("admin:kpis_outcometarget_milestones", args=[target.pk])).status_code == 200
    assert not [query for query in queries if "SAVEPOINT" in query["sql"]]
