"""Seals: each covers new rows of one history, is chained to the one before, and breaks when any of them is changed."""

from datetime import UTC, datetime
from hashlib import sha256
from io import StringIO
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from budget import append_only
from budget.models import Organisation
from kpis.audit import seals
from kpis.models import NO_SEAL_BEFORE, Seal
from tests.factories import OrganisationFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

NOW = datetime(2026, 9, 1, 3, tzinfo=UTC)
TABLE = "budget.historicalorganisation"


def sealed(by=None) -> list[Seal]:
    return seals.seal(by=by, now=NOW)


def broken() -> list[tuple[int, str]]:
    return [(found.seal.number, found.why) for found in seals.broken()]


def tampered(statement: str, *parameters) -> None:
    with append_only.lifted(connection), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def numbers() -> list[int]:
    return list(Organisation.history.order_by("history_id").values_list("history_id", flat=True))


def test_every_history_that_has_rows_is_sealed_once():
    user = UserFactory()
    OrganisationFactory.create_batch(3)
    first, second = sealed(by=user)
    assert [(seal.number, seal.history_table, seal.rows) for seal in (first, second)] == [(1, "accounts.historicaluser", 1), (2, TABLE, 3)]
    assert (first.first_id, second.last_id) == (1, numbers()[-1])
    assert (first.previous, second.previous) == (NO_SEAL_BEFORE, first.sha256)
    assert (first.sealed_by, first.sealed_at) == (user, NOW)
    assert seals.head() == second.sha256
    assert broken() == []


def test_nothing_new_is_no_seal():
    OrganisationFactory()
    assert len(sealed()) == 1
    assert sealed() == []
    assert seals.unsealed() == 0


def test_next_run_seals_what_came_since():
    organisation = OrganisationFactory()
    (before,) = sealed()
    organisation.name = "改称後の課"
    organisation.save()
    assert seals.unsealed() == 1
    (after,) = sealed()
    assert (after.first_id, after.rows, after.previous) == (before.last_id + 1, 1, before.sha256)
    assert broken() == []


def test_a_long_history_is_cut_into_seals():
    OrganisationFactory.create_batch(5)
    with patch.object(seals, "ROWS_OF_A_SEAL", 2):
        cut = sealed()
    assert [seal.rows for seal in cut] == [2, 2, 1]
    assert [seal.first_id for seal in cut[1:]] == [seal.last_id + 1 for seal in cut[:-1]]
    assert broken() == []


def test_same_rows_give_the_same_seals_whoever_looks():
    """The SHA-256 of the rows, as docs/audit.md tells how to reach it without this program."""
    organisation = OrganisationFactory(code="meti", name="経済産業省", kind="ministry")
    (seal,) = sealed()
    row = organisation.history.get()
    told = (
        f'{{"id":{organisation.pk},"code":"meti","name":"経済産業省","kind":"ministry","parent_id":null,"history_id":{row.pk},'
        f'"history_date":"{row.history_date.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}","history_change_reason":null,"history_type":"+",'
        '"history_user_id":null}\n'
    )
    assert set(seal.told) == {field.column for field in Organisation.history.model._meta.concrete_fields}
    in_its_order = "{" + ",".join(sorted(told[1:-2].split(","), key=lambda part: seal.told.index(part.split('"')[1]))) + "}\n"
    assert seal.rows_sha256 == sha256(in_its_order.encode()).hexdigest()


# --- What is found ------------------------------------------------------------------------------------------------------------------


def test_changed_row_is_named():
    OrganisationFactory.create_batch(3)
    sealed()
    middle = numbers()[1]
    tampered("UPDATE budget_historicalorganisation SET name = 'x' WHERE history_id = %s", middle)
    assert broken() == [(1, f"not as sealed: {middle}")]


def test_row_that_is_gone_is_told():
    OrganisationFactory.create_batch(3)
    sealed()
    middle = numbers()[1]
    tampered("DELETE FROM budget_historicalorganisation WHERE history_id = %s", middle)
    assert broken() == [(1, f"missing: 1 of 3 rows; their numbers: {middle}")]


def test_row_that_was_put_in_between_two_seals_is_named():
    OrganisationFactory.create_batch(2)
    first, second = numbers()
    tampered("UPDATE budget_historicalorganisation SET history_id = history_id + 5 WHERE history_id = %s", second)
    with patch.object(seals, "ROWS_OF_A_SEAL", 1):
        sealed()
    columns = [field.column for field in Organisation.history.model._meta.concrete_fields]
    copied = ", ".join(column if column != "history_id" else "history_id + 2" for column in columns)
    tampered(
        f"INSERT INTO budget_historicalorganisation ({', '.join(columns)})"
        f" SELECT {copied} FROM budget_historicalorganisation WHERE history_id = %s",
        first,
    )
    assert broken() == [(2, f"not as sealed: {first + 2}")]


def test_seal_that_was_changed_is_named():
    OrganisationFactory()
    sealed()
    tampered("UPDATE kpis_seal SET rows_sha256 = %s", "0" * 64)
    assert broken() == [(1, "the seal itself was changed.")]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Only SQLite stores what is no moment in a column of moments.")
def test_seal_whose_moment_is_none_is_named():
    OrganisationFactory()
    sealed()
    tampered("UPDATE kpis_seal SET sealed_at = 'soon'")
    assert broken() == [(1, "the seal itself was changed.")]


def test_seal_that_was_written_anew_breaks_the_next():
    UserFactory()
    OrganisationFactory()
    first, _second = sealed()
    first.rows = 9
    tampered("UPDATE kpis_seal SET rows = 9, sha256 = %s WHERE number = 1", first.digest())
    assert [number for number, _why in broken()] == [1, 2]
    assert broken()[1] == (2, "it is not chained to the seal before it.")


def test_seal_that_is_gone_is_told():
    UserFactory()
    OrganisationFactory()
    sealed()
    tampered("DELETE FROM kpis_seal WHERE number = 1")
    assert broken() == [(2, "seal 1 before it is missing.")]


def test_last_seal_that_is_gone_is_found_by_the_head_that_left_the_house():
    UserFactory()
    OrganisationFactory()
    first, second = sealed()
    assert seals.goes_through(first.sha256)
    tampered("DELETE FROM kpis_seal WHERE number = 2")
    assert broken() == []
    assert not seals.goes_through(second.sha256)


def test_seal_that_leaves_rows_out_is_told():
    OrganisationFactory.create_batch(3)
    first = numbers()[0]
    told = {"history_table": TABLE, "columns": " ".join(seals.canonical.columns_of(Organisation.history.model)), "sealed_at": NOW}
    rows = list(seals.canonical.rows(Organisation.history.model, told["columns"].split(" "), connection, first=first + 2))
    seal = Seal(number=1, first_id=first + 2, last_id=first + 2, rows=1, previous=NO_SEAL_BEFORE, **told)
    seal.rows_sha256, seal.row_marks = seals._digest(rows), " ".join(seals._marks(rows))
    seal.sha256 = seal.digest()
    seal.save()
    assert broken() == [(1, f"rows before it are not sealed: it begins at {first + 2}.")]
    assert seals.unsealed() == 2


def test_row_with_a_number_below_all_others_is_told():
    OrganisationFactory()
    (number,) = numbers()
    tampered("UPDATE budget_historicalorganisation SET history_id = -7 WHERE history_id = %s", number)
    assert list(seals.without_number()) == [f"{TABLE}: row -7 has a number that the database never gives."]
    assert seals.unsealed() == 1


def test_nothing_is_chained_to_a_seal_that_does_not_hold():
    OrganisationFactory()
    sealed()
    tampered("UPDATE kpis_seal SET rows = 9")
    OrganisationFactory()
    with pytest.raises(CommandError, match="the seal itself was changed"):
        ran("seal_history")
    assert Seal.objects.count() == 1


def test_columns_that_are_gone_are_told():
    OrganisationFactory()
    (seal,) = sealed()
    seal.columns += " colour"
    tampered("UPDATE kpis_seal SET columns = %s, sha256 = %s", seal.columns, seal.digest())
    assert broken() == [(1, "the columns that it covers are gone: colour.")]


# --- The table of seals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", ["UPDATE kpis_seal SET rows = 2", "DELETE FROM kpis_seal"])
def test_seals_are_only_added(statement):
    OrganisationFactory()
    sealed()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [({"last_id": 0}, "kpis_seal_ends_at_or_after_its_first_row"), ({"number": 2}, "begins_once|history_table, kpis_seal.first_id")],
)
def test_seal_keeps_to_its_constraints(change, constraint):
    OrganisationFactory()
    (seal,) = sealed()
    seal.pk, seal.number = None, 2
    for name, value in change.items():
        setattr(seal, name, value)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        seal.save(force_insert=True)


# --- The commands -------------------------------------------------------------------------------------------------------------------


def ran(command: str, **options) -> str:
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def test_command_seals_and_prints_the_head():
    user = UserFactory(username="yamada")
    OrganisationFactory()
    assert ran("seal_history", by="yamada") == f"2 seals over 2 rows.\nHead: {seals.head()}\n"
    assert {seal.sealed_by for seal in Seal.objects.all()} == {user}
    assert ran("verify_history", head=True) == f"{seals.head()}\n"


def test_verify_tells_how_many_seals_hold_and_what_is_not_sealed():
    OrganisationFactory()
    ran("seal_history")
    OrganisationFactory()
    assert f"1 seals hold; 1 rows of history are not sealed yet. Head: {seals.head()}" in ran("verify_history")


def test_verify_names_a_broken_seal_and_ends_with_an_error():
    OrganisationFactory()
    ran("seal_history")
    (number,) = numbers()
    tampered("UPDATE budget_historicalorganisation SET history_change_reason = 'x'")
    out = StringIO()
    with pytest.raises(CommandError, match=r"^\d difference"):
        call_command("verify_history", stdout=out)
    assert f"Seal 1 ({TABLE}, rows 1–{number}): not as sealed: {number}" in out.getvalue()


def test_verify_asks_for_a_head_that_was_noted_down():
    OrganisationFactory()
    ran("seal_history")
    noted = seals.head()
    OrganisationFactory()
    ran("seal_history")
    assert f"The seals go through {noted}: seal 1 of " in ran("verify_history", expect=f" {noted.upper()}\n")
    for other in ("f" * 64, ""):
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("verify_history", expect=other, stdout=out)
        assert f"No seal has the SHA-256 {other}" in out.getvalue()


def test_sealing_costs_the_same_for_any_number_of_rows(django_assert_num_queries):
    with django_assert_num_queries(0):
        histories = len(seals.histories())
    UserFactory()
    for rows in (1, 40):
        OrganisationFactory.create_batch(rows)
        added = 2 if rows == 1 else 1
        # Of each history a savepoint, its end and its rows; a savepoint, the last seal, what is sealed, a seal for each that grew.
        locks = histories + 1 if connection.vendor == "postgresql" else 0
        with django_assert_num_queries(4 * histories + 2 + 2 + added + locks):
            assert len(sealed()) == added
    assert User.objects.count() == 1
