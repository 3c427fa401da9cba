"""A fixture is loaded as it was written or not at all, and what differs is named: file, line, field."""

import json
from collections.abc import Callable
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from budget import append_only
from budget.models import KnownOrganisation, Organisation
from kpis.audit import canonical, dump, load, manifest, verify
from kpis.models import AuditCopy, OutcomeTarget
from tests.factories import OrganisationFactory
from tests.kpis.audit.conftest import ORIGIN, everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

ORGANISATIONS = "budget.organisation.jsonl"
TARGETS = "kpis.outcometarget.jsonl"


def refused(directory: Path) -> str:
    """Why the fixture is not loaded. The database stays empty."""
    with pytest.raises(CommandError) as said:
        call_command("load_audit_fixture", str(directory), stdout=StringIO())
    assert str(said.value).endswith("\nNothing was loaded.")
    assert [model for model in dump.tables().values() if model._base_manager.exists()] == []
    assert not AuditCopy.objects.exists()
    return str(said.value).removesuffix("\nNothing was loaded.")


def lines_of(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def changed(file: Path, line: int, old: bytes, new: bytes) -> None:
    """Change the bytes of one line and leave all digests as they were."""
    lines = lines_of(file)
    assert lines[line - 1].count(old) == 1
    lines[line - 1] = lines[line - 1].replace(old, new)
    file.write_bytes(b"".join(lines))


def forged(file: Path, change: Callable[[list[dict]], None]) -> None:
    """Change rows as somebody would who knows how digests are reckoned."""
    rows = [json.loads(line) for line in lines_of(file)]
    for row in rows:
        del row["crc32"]
    change(rows)
    file.write_bytes(b"".join(manifest.line_of(canonical.encode(row).encode()) for row in rows))
    told = json.loads((file.parent / "manifest.json").read_text("utf-8"))
    told["files"][file.name] = {"rows": len(rows), "sha256": sha256(file.read_bytes()).hexdigest()}
    (file.parent / "manifest.json").write_text(manifest.text_of(told), "utf-8")


def told_otherwise(directory: Path, **changes) -> None:
    told = json.loads((directory / "manifest.json").read_text("utf-8"))
    (directory / "manifest.json").write_text(manifest.text_of(told | changes), "utf-8")


# --- What was written is loaded -----------------------------------------------------------------------------------------------------


def test_what_was_written_is_there_and_gives_the_same_dump(taken, tmp_path):
    load.load(taken)
    dump.dump(tmp_path / "again", origin=ORIGIN)
    assert {path.name for path in (tmp_path / "again").iterdir()} == {path.name for path in taken.iterdir()}
    for path in taken.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name
    assert [found for _step, findings in verify.fixture(taken, expected_head=None) for found in findings] == []


def test_what_was_known_when_is_there_again(taken):
    load.load(taken)
    ranges = KnownOrganisation.objects.filter(code="division").order_by("known_from")
    assert [known.name for known in ranges] == ["産業資金課", "改称後の課"]
    assert ranges[0].known_to == ranges[1].known_from


def test_new_rows_would_be_numbered_above_all_that_were_ever_there(db, tmp_path):
    everything()
    last = OrganisationFactory()
    last_id = last.pk
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM budget_organisation WHERE id = %s", [last_id])  # its history stays
    newest = Organisation.history.latest("history_id").history_id
    dump.dump(tmp_path / "fixture", origin=ORIGIN)
    with connection.cursor() as cursor:
        _empty(cursor)
    load.load(tmp_path / "fixture")
    assert _next_number("budget_organisation", "id") == last_id + 1
    assert _next_number("budget_historicalorganisation", "history_id") == newest + 1


def _empty(cursor) -> None:
    with append_only.lifted(connection):
        names = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in dump.tables().values())
        if connection.vendor == "postgresql":
            connection.check_constraints()
            cursor.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        else:
            cursor.execute("PRAGMA defer_foreign_keys = ON")
            for name in names.split(", "):
                cursor.execute(f"DELETE FROM {name}")
            cursor.execute("UPDATE sqlite_sequence SET seq = 0")


def _next_number(table: str, key: str) -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, %s))", [table, key])
            return cursor.fetchone()[0]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        return cursor.fetchone()[0] + 1


def test_users_cannot_log_in(taken):
    load.load(taken)
    assert [user.has_usable_password() for user in User.objects.all()] == [False] * User.objects.count()


def test_loading_costs_the_same_for_any_number_of_rows(tmp_path):
    counted = []
    for count in (1, 40):
        with transaction.atomic():
            OrganisationFactory.create_batch(count)
            dump.dump(tmp_path / str(count), origin=ORIGIN)
            transaction.set_rollback(True)
        with transaction.atomic():
            with CaptureQueriesContext(connection) as asked:
                load.load(tmp_path / str(count))
            assert Organisation.objects.count() == count
            transaction.set_rollback(True)
        counted.append(len(asked))
    assert counted[0] == counted[1]


# --- A file that was changed --------------------------------------------------------------------------------------------------------


def test_changed_byte_is_named_with_file_line_and_field_and_what_stood_there(taken):
    number = next(n for n, line in enumerate(lines_of(taken / TARGETS), 1) if b'"value":"35.6"' in line)
    changed(taken / TARGETS, number, b'"value":"35.6"', b'"value":"35.7"')
    assert refused(taken) == f"{TARGETS}, line {number}, value: The line was changed. 35.7 stands there, expected is 35.6."


def test_changed_name_of_a_column_is_named(taken):
    changed(taken / ORGANISATIONS, 1, b'"kind"', b'"kinb"')
    assert refused(taken) == f"{ORGANISATIONS}, line 1, kind: The line was changed."


def test_line_that_was_changed_in_more_than_a_byte_is_named(taken):
    changed(taken / ORGANISATIONS, 1, "経済産業省".encode(), "財務省".encode())
    assert refused(taken) == f"{ORGANISATIONS}, line 1: The line was changed."


def test_line_that_is_no_json_any_more_is_named(taken):
    changed(taken / ORGANISATIONS, 2, b'{"id"', b"{id")
    assert refused(taken).startswith(f"{ORGANISATIONS}, line 2")


def test_missing_line_is_named(taken):
    lines = lines_of(taken / ORGANISATIONS)
    (taken / ORGANISATIONS).write_bytes(b"".join(lines[:-1]))
    assert refused(taken) == f"{ORGANISATIONS}, line {len(lines)}: The line is missing: the manifest tells {len(lines)} lines."


def test_line_too_many_is_named(taken):
    lines = lines_of(taken / ORGANISATIONS)
    (taken / ORGANISATIONS).write_bytes(b"".join([*lines, lines[-1]]))
    assert refused(taken) == f"{ORGANISATIONS}, line {len(lines) + 1}: The manifest tells {len(lines)} lines."


def test_lines_in_another_order_are_told(taken):
    first, second, *rest = lines_of(taken / ORGANISATIONS)
    (taken / ORGANISATIONS).write_bytes(b"".join([second, first, *rest]))
    assert refused(taken) == f"{ORGANISATIONS}: Each line proves itself, but they are not the lines of the manifest, or not in its order."


@pytest.mark.parametrize("name", [ORGANISATIONS, "codes.jsonl", "manifest.json"])
def test_missing_file_is_named(taken, name):
    (taken / name).unlink()
    assert refused(taken) == f"{name}: The file is missing."


def test_file_too_many_is_named(taken):
    (taken / "notes.txt").touch()
    assert refused(taken) == "notes.txt: The manifest names no such file."


def test_directory_in_the_place_of_a_file_is_told(taken):
    (taken / ORGANISATIONS).unlink()
    (taken / ORGANISATIONS).mkdir()
    assert ORGANISATIONS in refused(taken)


def test_directory_that_is_not_there_is_told(tmp_path):
    assert refused(tmp_path / "nowhere").startswith("manifest.json")


# --- A manifest that was changed ----------------------------------------------------------------------------------------------------


def test_changed_line_of_the_manifest_is_named(taken):
    text = (taken / "manifest.json").read_text("utf-8")
    (taken / "manifest.json").write_text(text.replace("山田", "川田"), "utf-8")
    assert refused(taken).startswith("manifest.json, line")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b"null",
        b'{"format": 1}',
        b'{"format": 1, "files": []}',
        b'{"format": 1, "files": {"a": 1}}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_is_told(taken, content):
    (taken / "manifest.json").write_bytes(content)
    assert refused(taken).startswith("manifest.json")


@pytest.mark.parametrize(
    ("field", "value"), [("format", 2), ("version", "99.0"), ("migrations", ["kpis.0001_initial"]), ("migrations", None), ("version", None)]
)
def test_fixture_of_another_program_is_refused(taken, field, value):
    told_otherwise(taken, **{field: value})
    assert refused(taken).startswith(f"manifest.json, {field}: ")


@pytest.mark.parametrize(
    "changes", [{"site": 5}, {"by": "yamada"}, {"by": {"user": "yamada"}}, {"on": "soon"}, {"known_until": 5}, {"on": None}]
)
def test_manifest_that_does_not_say_whose_it_is_is_refused(taken, changes):
    told_otherwise(taken, **changes)
    (name,) = changes
    assert refused(taken).startswith(f"manifest.json, {name}: ")


def test_table_that_this_program_has_not_is_refused(taken):
    told = json.loads((taken / "manifest.json").read_text("utf-8"))
    (taken / "kpis.colour.jsonl").touch()
    told["files"]["kpis.colour.jsonl"] = {"rows": 0, "sha256": sha256(b"").hexdigest()}
    told_otherwise(taken, files=told["files"])
    assert refused(taken) == "kpis.colour.jsonl: This Seika has no such table."


def test_table_that_the_fixture_has_not_is_refused(taken):
    told = json.loads((taken / "manifest.json").read_text("utf-8"))
    (taken / ORGANISATIONS).unlink()
    del told["files"][ORGANISATIONS]
    told_otherwise(taken, files=told["files"])
    assert refused(taken) == f"{ORGANISATIONS}: The manifest names no such file."


def test_codes_of_another_program_are_refused(taken):
    forged(taken / "codes.jsonl", lambda rows: rows[3].update(label_ja="別の名"))
    assert refused(taken).startswith("codes.jsonl, line 4, label_ja: ")


# --- Rows that cannot be ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (ORGANISATIONS, {"name": 5}, "line 1, name: 5 stands there, expected is CharField(100)."),
        (ORGANISATIONS, {"name": "課" * 101}, "line 1, name: 課課"),
        (ORGANISATIONS, {"name": None}, "line 1, name: null stands there"),
        (ORGANISATIONS, {"parent_id": "1"}, "line 1, parent_id: 1 stands there, expected is BigAutoField | null."),
        (TARGETS, {"deadline_year": 40_000}, "line 1, deadline_year: 40000 stands there"),
        (TARGETS, {"due_on": "2026-02-30"}, "line 1, due_on: 2026-02-30 stands there, expected is DateField | null."),
        (TARGETS, {"value": 35.6}, "line 1, value: 35.6 stands there"),
        (TARGETS, {"each_year": 1}, "line 1, each_year: 1 stands there"),
        (ORGANISATIONS, {"id": True}, "line 1, id: true stands there"),
        # What constraints refuse
        (ORGANISATIONS, {"code": "division"}, "code"),
        (TARGETS, {"deadline_year": None}, "kpis_target_states_the_parts"),
        (TARGETS, {"programme_id": 10**6}, "line 1, programme_id: 1000000 stands there, expected is a row of budget.programme."),
        ("accounts.posting.jsonl", {"to_on": "1999-01-01"}, "accounts_posting_does_not_end_before_it_starts"),
    ],
)
def test_row_that_cannot_be_is_named(taken, file, change, said):
    forged(taken / file, lambda rows: rows[0].update(change))
    why = refused(taken)
    assert why.startswith(f"{file}, line "), why
    assert said in why, why


def test_history_of_nobody_is_named(taken):
    file = taken / "budget.historicalorganisation.jsonl"
    forged(file, lambda rows: rows[1].update(history_user_id=10**6))
    assert refused(taken).startswith("budget.historicalorganisation.jsonl, line 2, history_user_id: 1000000 stands there")


def _renamed(rows: list[dict]) -> None:
    for row in rows:
        row["colour"] = row.pop("kind")


def _left_out(rows: list[dict]) -> None:
    del rows[1]["kind"]


def _added(rows: list[dict]) -> None:
    rows[1]["colour"] = "red"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_renamed, "line 1, kind: "),
        (_left_out, "line 2, kind: "),
        (_added, "line 2, colour: "),
        (lambda rows: rows.reverse(), "line 2, id: "),
    ],
)
def test_columns_are_those_of_the_table_and_rows_in_their_order(taken, change, said):
    forged(taken / ORGANISATIONS, change)
    assert refused(taken).startswith(f"{ORGANISATIONS}, {said}")


def test_line_that_is_no_object_is_refused(taken):
    file = taken / ORGANISATIONS
    content = b'[1,"crc32"]\n'
    file.write_bytes(content)
    told = json.loads((taken / "manifest.json").read_text("utf-8"))
    told["files"][ORGANISATIONS] = {"rows": 1, "sha256": sha256(content).hexdigest()}
    told_otherwise(taken, files=told["files"])
    assert refused(taken).startswith(f"{ORGANISATIONS}, line 1: ")


def test_database_with_rows_is_refused(taken):
    OrganisationFactory()
    with pytest.raises(CommandError, match="budget_historicalorganisation has rows"):
        call_command("load_audit_fixture", str(taken), stdout=StringIO())
    assert Organisation.objects.count() == 1
    assert not OutcomeTarget.objects.exists()
