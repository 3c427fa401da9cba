"""The way of a result in a real browser: entered, submitted, returned, corrected, accepted, gone from the report; a miss is closed."""

from datetime import date

import pytest

from accounts.roles import Role
from budget.models import OrganisationKind
from kpis.choices import Status
from kpis.models import OutcomeTarget, ProgressReport
from tests.browser.conftest import findings, press
from tests.factories import (
    PASSWORD,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgressReportFactory,
    UserFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def overdue(transactional_db):
    """A target whose results fell due and none came, one that missed, and who works on them."""
    ministry = OrganisationFactory(code="ministry", name="経済産業省", kind=OrganisationKind.MINISTRY)
    division = OrganisationFactory(code="division", name="生活製品課", parent=ministry)
    PostingFactory(user=UserFactory(username="official", name="担当 花子"), organisation=division, from_on=date(2020, 4, 1))
    PostingFactory(user=UserFactory(username="reviewer", name="審査 太郎"), organisation=ministry, role=Role.REVIEWER)
    programme = ProgrammeFactory(display_title="皮革産業振興対策事業", lead=division)
    ProgressReportFactory(
        target=OutcomeTargetFactory(code="missed", programme=programme, deadline_year=2023, indicator="来場者数"),
        fiscal_year=2023,
        value=41,
        accepted=True,
    )
    return OutcomeTargetFactory(code="silent", programme=programme, deadline_year=2024, indicator="認定件数", accumulation_assumed=True)


def rows_of(page) -> list[str]:
    page.goto("/reports/overdue/")
    return page.locator("table.targets a.indicator").all_inner_texts()


def test_a_result_goes_its_way_and_the_target_leaves_the_overdue_report(overdue, enter):
    official = enter("official", "/reports/overdue/")
    assert rows_of(official) == ["来場者数", "認定件数"]
    official.goto("/work/")
    press(official, "a.enter")  # one click to enter
    assert findings(official) == []
    official.fill("#id_value", "５８")
    official.select_option("#id_accumulation", "running_total")
    official.fill("#id_evidence-0-citation", "業務統計")
    press(official, "[name=_preview]")
    assert official.locator("#preview .chip").inner_text() == Status.MISSED.label
    assert "96.6 %" in official.locator("#preview").inner_text()  # 58 of 60
    press(official, "[name=_submit]")  # a miss needs its reason first
    assert official.locator(".field-reason .errorlist").count() == 1
    official.fill("#id_reason", "審査が年度をまたいだため。")
    press(official, "[name=_submit]")
    official.wait_for_selector("ul.messages")
    assert findings(official) == []

    reviewer = enter("reviewer", "/work/")
    press(reviewer, "#decide >> xpath=ancestor::section >> a.indicator")
    assert findings(reviewer) == []
    reviewer.fill("#id_reason_of_step", "3月の認定を含めてください。")
    press(reviewer, "button[formaction*=return]")
    reviewer.wait_for_selector("ul.messages")

    official.goto("/work/")
    assert "3月の認定を含めてください。" in official.locator("#returned >> xpath=ancestor::section").inner_text()
    press(official, "#returned >> xpath=ancestor::section >> a.indicator")
    assert findings(official) == []
    official.fill("#id_value", "60")
    official.fill("#id_reason", "")
    press(official, "[name=_submit]")
    official.wait_for_selector("ul.messages")

    reviewer.goto("/work/")
    press(reviewer, "#decide >> xpath=ancestor::section >> a.indicator")
    press(reviewer, "button[formaction*=accept]")
    reviewer.wait_for_selector("ul.messages")

    assert rows_of(official) == ["来場者数"]
    report = ProgressReport.objects.get(target=overdue)
    assert (report.accepted_value, report.reported_by.username, report.decided_by.username) == (60, "official", "reviewer")
    assert OutcomeTarget.objects.get(pk=overdue.pk).accumulation_assumed is False


def test_a_miss_is_closed_and_stands_in_its_own_list(overdue, enter):
    reviewer = enter("reviewer", "/targets/missed/")
    press(reviewer, ".doors a[href*=close-miss]")
    assert findings(reviewer) == []
    reviewer.fill("[name=reason]", "後継事業の目標に引き継いだため。")
    press(reviewer, ".submit-row button")
    reviewer.wait_for_selector(".messagelist .success")
    assert findings(reviewer) == []

    assert rows_of(reviewer) == ["認定件数"]
    reviewer.goto("/reports/closed-misses/")
    told = reviewer.locator("table.targets tbody tr").inner_text()
    assert "来場者数" in told
    assert "審査 太郎" in told
    assert "後継事業の目標に引き継いだため。" in told


def test_a_result_is_entered_without_javascript(overdue, visit):
    page = visit("/admin/login/", javascript=False)
    page.fill("#id_username", "official")
    page.fill("#id_password", PASSWORD)
    press(page, "[type=submit]")
    press(page, "a.enter")
    page.fill("#id_value", "60")
    page.select_option("#id_accumulation", "level")
    press(page, "[name=_submit]")
    assert page.locator("ul.messages li").count() == 1
    assert ProgressReport.objects.get(target=overdue).state == "submitted"
