"""The header of every page: one line on a desktop, whoever is logged in."""

from itertools import product

import pytest

from accounts.roles import Role
from tests.factories import OrganisationFactory, PostingFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LINE = 72  # pixels: the bar above it and one line of links
NAMES = ("山田 花子", "省内取りまとめ担当（デモ）")


def test_header_is_one_line_at_1280_pixels_for_every_role(enter):
    ministry = OrganisationFactory(code="ministry", name="経済産業省", kind="ministry")
    for role, name in product(Role.values, NAMES):
        user = PostingFactory(user=UserFactory(name=name), organisation=ministry, role=role).user
        page = enter(user.username, "/work/")
        for address in ("/work/", "/targets/"):
            page.goto(address)
            assert page.locator(".site-header").bounding_box()["height"] <= LINE
            assert page.locator(".site-nav a:visible").count() == 7
            assert page.locator(".account-name").inner_text() == name
