"""The public pages without a script: narrowed, in the other language, from the keyboard."""

import pytest

from tests.browser.conftest import press
from tests.factories import OutcomeTargetFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def overdue(visit, division):
    """The overdue report in a window without a script, on a day on which one target is overdue and another waits for its result."""
    OutcomeTargetFactory(programme__lead=division, deadline_year=2024)
    OutcomeTargetFactory(programme__lead=division, deadline_year=2025)
    return visit("/reports/overdue/?on=2026-04-01", javascript=False)


def test_report_is_narrowed(overdue):
    assert overdue.locator("table.targets tbody tr").count() == 1
    overdue.locator("input[value=awaiting_result]").check()
    press(overdue, "form.filter button")

    assert overdue.locator("table.targets tbody tr").count() == 2
    assert "status=awaiting_result" in overdue.url


def test_language_is_switched(overdue):
    press(overdue, "button:has-text('English')")

    assert overdue.locator("html").get_attribute("lang") == "en"
    assert overdue.url.endswith("/reports/overdue/?on=2026-04-01")
