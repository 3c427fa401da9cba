"""The cast: a division and its official, a reviewer, an auditor, an administrator, and an official of another division; their browsers."""

from functools import cache

import pytest
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation

from accounts.roles import Role
from budget import append_only
from budget.models import OrganisationKind
from kpis import search
from kpis.audit import copy
from tests.factories import OrganisationFactory, PostingFactory, UserFactory


@pytest.fixture(autouse=True)
def _passwords_hash_quickly(settings):
    """The real hash takes a third of a second for each user on purpose. Those of fixtures are still read."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture(autouse=True)
def _search_forgets():
    """Each test is rolled back, and the next one's history has the same numbers."""
    search.forget()


@pytest.fixture(autouse=True)
def _this_site_is_no_copy(monkeypatch):
    """A process asks once, and remembers; in tests that count queries it would be one more. Tests of copies take this back."""
    monkeypatch.setattr(copy, "of_this_site", cache(lambda: None))


@pytest.fixture(autouse=True, scope="session")
def _history_may_be_emptied_between_tests():
    """Tests with transactions of their own end on `flush`, which append-only history refuses."""
    flush = TransactionTestCase._fixture_teardown

    def flush_history_too(self):
        with append_only.lifted(connection):
            flush(self)

    def delete(style, tables, **_options):
        return [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_history_too)
        if connection.vendor == "postgresql":  # TRUNCATE gives each table new files, which takes longer than the few rows of a test
            patch.setattr(connection.ops, "sql_flush", delete)
        yield


@pytest.fixture
def english():
    """For tests that read sentences: the msgids themselves."""
    with translation.override("en"):
        yield


@pytest.fixture
def ministry(db):
    return OrganisationFactory(code="ministry", name="経済産業省", kind=OrganisationKind.MINISTRY)


@pytest.fixture
def bureau(ministry):
    return OrganisationFactory(code="bureau", name="経済産業政策局", kind=OrganisationKind.BUREAU, parent=ministry)


@pytest.fixture
def division(bureau):
    return OrganisationFactory(code="division", name="産業資金課", parent=bureau)


@pytest.fixture
def other_division(bureau):
    return OrganisationFactory(code="other-division", name="産業創造課", parent=bureau)


def _posted(username, organisation, role):
    return PostingFactory(user=UserFactory(username=username), organisation=organisation, role=role).user


@pytest.fixture
def official(division):
    return _posted("official", division, Role.OFFICIAL)


@pytest.fixture
def other_official(other_division):
    return _posted("other-official", other_division, Role.OFFICIAL)


@pytest.fixture
def reviewer(ministry):
    return _posted("reviewer", ministry, Role.REVIEWER)


@pytest.fixture
def auditor(ministry):
    return _posted("auditor", ministry, Role.AUDITOR)


@pytest.fixture
def administrator(ministry):
    return _posted("administrator", ministry, Role.ADMINISTRATOR)


@pytest.fixture
def as_official(client, official):
    client.force_login(official)
    return client


@pytest.fixture
def as_auditor(client, auditor):
    client.force_login(auditor)
    return client


@pytest.fixture
def as_administrator(client, administrator):
    client.force_login(administrator)
    return client
