"""The users of the demonstration have published passwords: production refuses them."""

import pytest
from django.contrib.auth import authenticate
from django.core.checks import run_checks

from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def _errors_before_going_to_work():
    found = run_checks(include_deployment_checks=True, databases=["default"])
    return [message.id for message in found if message.id.startswith("accounts.")]


@pytest.fixture
def demonstration_user():
    return UserFactory(username="demo-official")


def test_demonstration_user_logs_in_in_development(demonstration_user):
    assert authenticate(username="demo-official", password=PASSWORD) == demonstration_user


def test_demonstration_user_does_not_log_in_in_production(demonstration_user, settings):
    settings.PRODUCTION = True

    assert authenticate(username="demo-official", password=PASSWORD) is None


def test_session_of_a_demonstration_user_ends_in_production(demonstration_user, client, settings):
    client.force_login(demonstration_user)
    settings.PRODUCTION = True

    assert client.get("/admin/").status_code == 302


def test_other_users_log_in_in_production(settings):
    user = UserFactory(username="yamada")
    settings.PRODUCTION = True

    assert authenticate(username="yamada", password=PASSWORD) == user


def test_deployment_check_reports_a_demonstration_user(demonstration_user):
    assert _errors_before_going_to_work() == ["accounts.E001"]


def test_deployment_check_is_content_without_or_with_deactivated_ones():
    UserFactory(username="yamada")
    UserFactory(username="demo-official", is_active=False)

    assert _errors_before_going_to_work() == []
