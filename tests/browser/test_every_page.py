"""Every page of the site in a real browser, as the visitor who sees most of it: accessible, narrow enough, self-contained, without errors.

Nothing is sent: all tests read one world, which is made once.
"""

import re
from contextlib import ExitStack

import pytest
from django.db import transaction
from django.test import TransactionTestCase, override_settings
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import findings, window
from tests.pages import ANSWERS, PAGES, looked_at, something_of_everything
from tests.test_access import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        with transaction.atomic():
            world = make_world()
            something_of_everything(world)
        yield world
        TransactionTestCase("__init__")._fixture_teardown()


@pytest.fixture(scope="module")
def window_of(world, chromium):
    """The window of a role. It is opened once: what all its pages load, they load once."""
    server = LiveServer("localhost")
    with override_settings(ALLOWED_HOSTS=["localhost"]), ExitStack() as windows:
        opened = {}

        def window_of_role(role):
            if role not in opened:
                opened[role] = windows.enter_context(window(chromium, server.url, session=world.sessions.get(role, "")))
            return opened[role]

        yield window_of_role
    server.stop()


# All histories are of one template, and so are the indexes of the apps: one of each.
OF_ONE_TEMPLATE = re.compile(r"admin:(?:app_list|\w+_history)\b(?! kpis$)(?<!outcometarget_history)")


@pytest.mark.parametrize("name", [name for name in PAGES if not OF_ONE_TEMPLATE.match(name)])
def test_page_is_accessible_and_fits_its_window(world, window_of, name):
    role, address = looked_at(world, name)
    page = window_of(role)
    answered = page.goto(address)
    assert (answered.status, findings(page)) == (ANSWERS.get(name, 200), [])
