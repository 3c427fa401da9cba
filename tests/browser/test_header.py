"""The header of every page: one line on a desktop, whoever is logged in."""

import pytest

from accounts.roles import Role
from tests.browser.test_admin import enter
from tests.factories import OrganisationFactory, PostingFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

__all__ = ["enter"]  # the fixture

LINE = 72  # pixels: the bar above it and one line of links


@pytest.mark.parametrize("name", ["山田 花子", "省内取りまとめ担当（デモ）"])
@pytest.mark.parametrize("role", Role.values)
def test_header_is_one_line_at_1280_pixels_for_every_role(enter, live_server, role, name):
    ministry = OrganisationFactory(code="ministry", name="経済産業省", kind="ministry")
    PostingFactory(user=UserFactory(username=role, name=name), organisation=ministry, role=role)
    page = enter(role, 1280)
    for address in ("/work/", "/round/", "/dashboard/", "/targets/"):
        page.goto(live_server.url + address)
        assert page.locator(".site-header").bounding_box()["height"] <= LINE
        assert page.locator(".site-nav a:visible").count() == 7
        assert page.locator(".account-name").inner_text() == name
