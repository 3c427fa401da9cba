"""The main job by keyboard alone: from the overdue report to a target and why it is overdue, its result entered, and accepted."""

from datetime import date

import pytest

from accounts.roles import Role
from budget.models import OrganisationKind
from kpis.models import ProgressReport
from tests.factories import PASSWORD, OrganisationFactory, OutcomeTargetFactory, PostingFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FOCUS = """aim => {
    const here = document.activeElement, style = getComputedStyle(here), box = here.getBoundingClientRect();
    return {
        reached: here.matches(aim),
        seen: style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 3
            && box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        element: here.outerHTML.slice(0, 200),
    };
}"""


def tab_to(page, aim: str) -> None:
    """Press Tab until the element has the focus. On the way each element shows that it has it."""
    for _n in range(100):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS, aim)
        assert focus["seen"], focus["element"]
        if focus["reached"]:
            return
    pytest.fail(f"100 times Tab lead not to {aim}.")


def enter(page) -> None:
    """Press Enter where it leads to another page."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def past_the_header(page) -> None:
    """The first stop of a page leads over its navigation."""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def log_in(visit, username: str):
    """The focus waits in the box of the name; the log-in leads to the work."""
    page = visit("/admin/login/")
    page.wait_for_function("document.activeElement.id === 'id_username'")
    page.keyboard.type(username)
    tab_to(page, "#id_password")
    page.keyboard.type(PASSWORD)
    enter(page)
    assert page.url.endswith("/work/")
    past_the_header(page)
    return page


@pytest.fixture
def overdue(transactional_db):
    ministry = OrganisationFactory(name="経済産業省", kind=OrganisationKind.MINISTRY)
    division = OrganisationFactory(name="生活製品課", parent=ministry)
    PostingFactory(user=UserFactory(username="official"), organisation=division, from_on=date(2020, 4, 1))
    PostingFactory(user=UserFactory(username="reviewer"), organisation=ministry, role=Role.REVIEWER)
    OutcomeTargetFactory(code="other", programme__lead=ministry, deadline_year=2024)
    asked = {"indicator": "認定件数", "deadline_year": 2024, "accumulation_assumed": True}
    return OutcomeTargetFactory(code="silent", programme__lead=division, **asked)


def test_reader_finds_out_why_a_target_is_overdue(overdue, visit):
    page = visit("/reports/overdue/")
    past_the_header(page)
    tab_to(page, "input[name=q]")
    page.keyboard.type("認定")
    tab_to(page, "input[name=status][value=missed]")
    page.keyboard.press("Space")
    tab_to(page, "form.filter button")
    enter(page)
    assert "status=missed" not in page.url
    assert page.locator("table.targets tbody tr").count() == 1
    past_the_header(page)
    tab_to(page, "table.targets a.indicator")
    enter(page)
    assert page.url.partition("?")[0].endswith("/targets/silent/")
    assert page.locator(".why li").first.inner_text().startswith("期限日を過ぎ")


def test_official_enters_a_result_and_a_reviewer_accepts_it(overdue, visit):
    page = log_in(visit, "official")
    tab_to(page, "a.enter")
    enter(page)
    tab_to(page, "#id_value")
    page.keyboard.type("６０")
    tab_to(page, "#id_accumulation")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[name$=citation]")
    page.keyboard.type("業務統計")
    tab_to(page, "[name=_submit]")
    enter(page)
    assert page.locator("ul.messages li").count() == 1

    page = log_in(visit, "reviewer")
    tab_to(page, "#main section a.indicator")
    enter(page)
    tab_to(page, "button[formaction*=accept]")
    enter(page)
    assert page.locator("ul.messages li").count() == 1
    report = ProgressReport.objects.get(target=overdue)
    assert (report.state, report.accepted_value, report.decided_by.username) == ("accepted", 60, "reviewer")
