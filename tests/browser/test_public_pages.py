"""The public pages in a real browser: accessible, narrow enough, self-contained, and in need of no script."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe

from budget.history import explain
from budget.models import SourceText
from kpis.choices import DeadlineKind
from kpis.models import TargetLink
from tests.browser.conftest import RULES, press
from tests.factories import (
    BudgetAmountFactory,
    ClosedMissFactory,
    EvidenceFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    YearlyMilestoneFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = {
    "dashboard": "/dashboard/?on=2026-09-01",
    "search": "/search/?on=2026-09-01&q=資金",
    "search_of_targets": "/search/?on=2026-09-01&q=資金&show=targets",
    "nothing_found": "/search/?q=見つからない語",
    "organisation": "/organisations/bureau/?on=2026-09-01",
    "overdue": "/reports/overdue/?on=2026-09-01&status=missed&status=unreported&status=awaiting_result",
    "nothing_overdue": "/reports/overdue/?on=2020-09-01",
    "closed_misses": "/reports/closed-misses/?on=2026-09-01",
    "reports": "/reports/?on=2026-09-01",
    "to_be_recorded": "/reports/to-be-recorded/?on=2026-09-01",
    "exactly_at_target": "/reports/exactly-at-target/?on=2026-09-01",
    "revisions": "/reports/revisions/?on=2026-09-01",
    "targets": "/targets/?on=2026-09-01",
    "target": "/targets/missed/?on=2026-09-01",
    "programme": "/programmes/programme/?on=2026-09-01",
    "programmes": "/programmes/?on=2026-09-01",
    "source": "/sources/document/?from=50&to=52",
    "refused": "/reports/overdue/?on=soon&colour=red",
    "not_found": "/targets/none/",
}
WIDTHS = [1280, 390]


@pytest.fixture(autouse=True)
def something_of_everything(division):
    document = SourceDocumentFactory(code="document")
    SourceText.objects.create(document=document, text="\n".join(f"{number}行目の本文" for number in range(1, 101)))
    programme = ProgrammeFactory(code="programme", display_title="大学発スタートアップの創出を支援する補助事業" * 3, lead=division)
    passage = SourcePassageFactory(document=document, programme=programme, line_from=50, line_to=52)
    ProgrammeOrganisationFactory(programme=programme, organisation=division, mark="(1)", printed_name="産業資金課")
    BudgetAmountFactory(programme=programme, printed="1.2億円", passage=passage)
    BudgetAmountFactory(programme=programme, fiscal_year=2023, amount_yen=None, no_amount="new", printed="新規")
    shared = {"programme": programme, "passage": passage, "indicator": "支援を受けた企業のうち資金を調達した企業の割合" * 3}
    missed = OutcomeTargetFactory(code="missed", label="①", approximate=True, comparator_assumed=True, deadline_text="令和7年度", **shared)
    ProgressReportFactory(target=missed, accepted=True, fiscal_year=2024, value=Decimal(41))
    EvidenceFactory(report=ProgressReportFactory(target=missed, accepted=True, value=Decimal(59)), url="https://example.go.jp/statistics")
    YearlyMilestoneFactory(target=missed)
    missed.value, missed.deadline_year = Decimal(65), 2024
    explain(missed, reason="計画期間を見直したため。" * 3)
    missed.save()  # a revision
    closed = OutcomeTargetFactory(code="closed", **shared)
    ProgressReportFactory(target=closed, accepted=True, value=Decimal(59))
    ClosedMissFactory(target=closed, fiscal_year=2025, closed_at=datetime(2026, 4, 1, tzinfo=UTC))
    unreported = OutcomeTargetFactory(code="unreported", **shared)
    TargetLink.objects.create(from_target=missed, to_target=unreported)
    OutcomeTargetFactory(deadline_year=2026, **shared)
    OutcomeTargetFactory(deadline_year=None, **shared)
    OutcomeTargetFactory(deadline_year=None, deadline_kind=DeadlineKind.AFTER_EVENT, deadline_offset_years=3, **shared)
    OutcomeTargetFactory(qualitative=True, **shared)
    ProgressReportFactory(target=OutcomeTargetFactory(each_year=True, **shared), accepted=True, preliminary=True)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_page_breaks_no_rule_of_accessibility(visit, name, width):
    with visit(PAGES[name], width=width) as page:
        violations = Axe().run(page, options=RULES).response["violations"]

    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations] == []


@pytest.mark.parametrize("name", PAGES)
def test_page_is_no_wider_than_its_window(visit, name):
    with visit(PAGES[name]) as page:
        for width in (320, 390, 768, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_no_request_leaves_the_server(visit, live_server, name):
    with visit(PAGES[name]) as page:
        outside = [url for url in page.requested if not url.startswith((live_server.url, "data:"))]

    assert outside == []
    assert len(page.requested) >= 2  # the page and its style


def test_report_is_narrowed_without_javascript(visit):
    with visit("/reports/overdue/?on=2026-04-01", javascript=False) as page:
        assert page.locator("table.targets tbody tr").count() == 1
        page.locator("input[value=awaiting_result]").check()
        press(page, "form.filter button")
        rows = page.locator("table.targets tbody tr").count()
        address = page.url

    assert rows > 1
    assert "status=awaiting_result" in address


@pytest.mark.parametrize("name", PAGES)
def test_page_has_its_content_without_javascript(visit, name):
    with visit(PAGES[name], javascript=False) as page:
        assert page.locator("main h1").is_visible()


def test_language_is_switched_without_javascript(visit):
    with visit(PAGES["overdue"], javascript=False) as page:
        press(page, "button:has-text('English')")

        assert page.locator("html").get_attribute("lang") == "en"
        assert page.url.endswith(PAGES["overdue"])


def test_first_tab_leads_past_the_header(visit):
    with visit(PAGES["overdue"]) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        assert page.evaluate("document.activeElement.id") == "main"
