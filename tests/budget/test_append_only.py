"""History is append-only: its rows are written and never changed, on both databases."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.checks import run_checks
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from budget import append_only
from budget.models import KnownOrganisation, Organisation
from tests.factories import OrganisationFactory, UserFactory

pytestmark = pytest.mark.django_db

HISTORIES = append_only.history_models()
ROLES = Path(__file__).resolve().parent.parent.parent / "docs/roles.sql"
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="Only PostgreSQL has roles and TRUNCATE.")


def refused(statement: str, *parameters) -> str:
    """What the database says to a statement that it refuses."""
    with pytest.raises(IntegrityError) as said, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
    return str(said.value)


def test_every_model_with_history_is_among_them():
    assert {model.instance_type for model in HISTORIES} >= {User, Organisation}
    assert all(model._meta.db_table.split("_", 1)[1].startswith("historical") for model in HISTORIES)


@pytest.mark.parametrize("model", HISTORIES, ids=lambda model: model._meta.model_name)
def test_row_of_history_is_neither_changed_nor_deleted(model):
    table = model._meta.db_table
    names = {name for name in append_only.present(connection) if name.startswith(f"{table}_no_")}
    assert names == {name for name, (of, _how) in append_only.wanted(connection).items() if of == table}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE budget_historicalorganisation SET name = 'x'",
        "UPDATE budget_historicalorganisation SET history_change_reason = 'x' WHERE id = 0 OR 1 = 1",
        "DELETE FROM budget_historicalorganisation",
        "DELETE FROM budget_historicalorganisation WHERE history_type = '+'",
    ],
)
def test_tampering_is_refused_and_changes_nothing(statement):
    organisation = OrganisationFactory(name="産業資金課")
    assert "history is append-only: budget_historicalorganisation" in refused(statement)
    assert organisation.history.get().name == "産業資金課"


def test_orm_is_refused_as_well():
    row = OrganisationFactory().history.get()
    row.name = "x"
    for tampering in (row.save, row.delete, Organisation.history.all().delete, lambda: Organisation.history.update(name="x")):
        with pytest.raises(IntegrityError), transaction.atomic():
            tampering()
    assert Organisation.history.count() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Only SQLite has INSERT OR REPLACE.")
def test_row_is_not_replaced_by_one_of_the_same_number():
    OrganisationFactory()
    columns = ", ".join(field.column for field in Organisation.history.model._meta.concrete_fields)
    table = Organisation.history.model._meta.db_table
    assert "append-only" in refused(f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}")


@on_postgresql
def test_table_of_history_is_not_emptied_at_once():
    assert "append-only" in refused("TRUNCATE budget_historicalorganisation")


def test_rows_are_added():
    organisation = OrganisationFactory(name="一")
    organisation.name = "二"
    organisation.save()
    assert organisation.history.count() == 2


def test_user_who_changed_anything_cannot_be_deleted():
    user, organisation = UserFactory(), OrganisationFactory.build()
    organisation._history_user = user
    organisation.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        user.delete()
    assert organisation.history.get().history_user == user


# --- Putting the triggers in --------------------------------------------------------------------------------------------------------


def errors() -> list[str]:
    return [error.id for error in run_checks(databases=["default"], include_deployment_checks=True) if error.id == "budget.E001"]


def test_missing_trigger_is_told_by_the_check_and_put_in_by_migrate():
    name, (table, _how) = next(iter(append_only.wanted(connection).items()))
    assert errors() == []
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{f' ON {table}' if connection.vendor == 'postgresql' else ''}")
    assert errors() == ["budget.E001"]
    append_only.install_after_migrating("default")
    assert errors() == []


@on_postgresql
def test_trigger_that_is_switched_off_counts_as_missing():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE budget_historicalorganisation DISABLE TRIGGER USER")
    assert errors() == ["budget.E001"]


def test_triggers_are_lifted_for_a_while_alone():
    OrganisationFactory()
    with append_only.lifted(connection):
        Organisation.history.update(history_change_reason="x")
    assert errors() == []
    assert "append-only" in refused("UPDATE budget_historicalorganisation SET name = 'x'")


# --- Roles on PostgreSQL ------------------------------------------------------------------------------------------------------------


@on_postgresql
def test_role_of_the_application_writes_history_and_never_changes_it():
    """The documented SQL, in the test's own transaction: the roles are gone afterwards."""
    organisation = OrganisationFactory(name="産業資金課")
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(re.sub(r"\bseika_(owner|app)\b", r"seika_test_\1", ROLES.read_text(encoding="utf-8")))
        cursor.execute("SET LOCAL ROLE seika_test_app")
        organisation.name = "産業創造課"
        organisation.save()
        assert KnownOrganisation.objects.filter(id=organisation.pk, name="産業創造課").exists()
        for tampering in (
            "UPDATE budget_historicalorganisation SET name = 'x'",
            "DELETE FROM budget_historicalorganisation",
            "TRUNCATE budget_historicalorganisation",
            "ALTER TABLE budget_historicalorganisation DISABLE TRIGGER USER",
            "DROP TRIGGER budget_historicalorganisation_no_truncate ON budget_historicalorganisation",
            "DROP TABLE budget_historicalorganisation",
            "UPDATE budget_knownorganisation SET name = 'x'",
            "DELETE FROM budget_knownorganisation",
            "TRUNCATE budget_knownorganisation",
        ):
            with pytest.raises(Exception, match=r"permission denied|must be owner") as said, transaction.atomic():
                cursor.execute(tampering)
            assert isinstance(said.value.__cause__, psycopg.errors.InsufficientPrivilege)
        transaction.set_rollback(True)
    assert [row.name for row in organisation.history.order_by("history_id")] == ["産業資金課"]


def test_documented_roles_name_no_password_and_no_database():
    text = ROLES.read_text(encoding="utf-8")
    assert not re.search(r"PASSWORD\s+'", text)
    assert not urlsplit(text).netloc
