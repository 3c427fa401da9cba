"""An audit fixture: everything, in files that prove themselves, the same bytes for the same database."""

import json
from datetime import date
from hashlib import sha256
from io import StringIO
from pathlib import Path
from zlib import crc32

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from budget.append_only import history_models
from budget.models import Organisation
from kpis.audit import dump, seals
from kpis.exports.codes import code_rows
from kpis.models import OutcomeTarget, Seal
from tests.factories import OrganisationFactory, UserFactory
from tests.kpis.audit.conftest import ORIGIN, everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def test_every_table_with_a_history_is_a_file_and_so_are_its_history_and_the_seals(taken):
    told = {model._meta.label_lower for history in history_models() for model in (history, history.instance_type)}
    assert {path.name for path in taken.iterdir()} == {f"{label}.jsonl" for label in told | {"kpis.seal", "codes"}} | {"manifest.json"}
    assert [path.name for path in taken.iterdir() if path.stat().st_size == 0] == []


def test_lines_are_the_rows_and_each_proves_itself(taken):
    for line in (taken / "budget.organisation.jsonl").read_bytes().splitlines():
        row, told = line[: line.index(b',"crc32":"')] + b"}", line[-10:-2]
        assert told == f"{crc32(row):08x}".encode()
    told = lines(taken / "budget.organisation.jsonl")
    assert {row["code"]: row["name"] for row in told}["meti"] == "経済産業省"
    assert [row["id"] for row in told] == sorted(row["id"] for row in told)
    assert [row["name"] for row in lines(taken / "budget.historicalorganisation.jsonl") if row["code"] == "division"] == [
        "産業資金課",
        "改称後の課",
    ]
    assert {row["password"] for row in lines(taken / "accounts.user.jsonl")} == {"!"}


def test_codes_are_those_of_the_open_data(taken):
    assert [tuple(row.values())[:-1] for row in lines(taken / "codes.jsonl")] == [tuple(row) for row in code_rows()]


def test_manifest_tells_every_file_whose_fixture_it_is_and_itself(taken):
    text = (taken / "manifest.json").read_text("utf-8")
    told = json.loads(text)
    assert {name: told[name] for name in ORIGIN} == ORIGIN
    for name, file in told["files"].items():
        content = (taken / name).read_bytes()
        assert (file["rows"], file["sha256"]) == (content.count(b"\n"), sha256(content).hexdigest())
    *_rest, (last, digest) = told.items()
    body = json.dumps({name: value for name, value in told.items() if name != "sha256"}, ensure_ascii=False, separators=(",", ":"))
    assert (last, digest) == ("sha256", sha256(body.encode()).hexdigest())
    sealed = lines(taken / "kpis.seal.jsonl")
    assert (told["seals"], told["head"]) == (len(sealed), sealed[-1]["sha256"])
    newest = max(row["history_date"] for path in taken.glob("*.historical*.jsonl") for row in lines(path))
    assert told["known_until"] == newest
    assert {"kpis.0001_initial", "budget.0001_initial", "accounts.0001_initial"} <= set(told["migrations"])


def test_same_database_gives_the_same_bytes(tmp_path):
    everything()
    for name in ("one", "other"):
        dump.dump(tmp_path / name, origin=ORIGIN)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


def test_empty_database_is_a_fixture_too(tmp_path):
    told = dump.dump(tmp_path / "empty", origin=ORIGIN)
    assert (told["known_until"], told["seals"], told["head"]) == (None, 0, "0" * 64)


def test_dump_costs_the_same_for_any_number_of_rows(tmp_path, django_assert_num_queries):
    histories = len(seals.histories())
    # A savepoint, each table, the newest row of each history, the migrations, the seals and their head.
    queries = 2 + len(dump.tables()) + histories + 3 + 1
    for count in (1, 30):
        OrganisationFactory.create_batch(count)
        with django_assert_num_queries(queries):
            dump.dump(tmp_path / str(count), origin=ORIGIN)
    assert Organisation.objects.count() == 31
    assert not Seal.objects.exists()
    assert not OutcomeTarget.objects.exists()


# --- The command --------------------------------------------------------------------------------------------------------------------


def ran(*arguments, **options) -> str:
    out = StringIO()
    call_command("dump_audit_fixture", *arguments, stdout=out, **options)
    return out.getvalue()


def test_command_tells_what_it_wrote_and_the_digest_of_the_manifest(tmp_path, settings):
    settings.SEIKA_ADDRESS = "https://seika.example"
    UserFactory(username="yamada", name="山田")
    place = tmp_path / "deep" / "fixture"
    out = ran(str(place), by="yamada", on="R8.9.1")
    manifest = (place / "manifest.json").read_bytes()
    assert f"SHA-256 of the manifest: {sha256(manifest).hexdigest()}" in out
    assert f"Head: {'0' * 64}" in out
    assert {name: json.loads(manifest)[name] for name in ORIGIN} == ORIGIN


def test_day_is_today_unless_it_is_given(tmp_path, time_machine):
    time_machine.move_to("2026-09-30 23:30+09:00")
    ran(str(tmp_path / "fixture"))
    assert json.loads((tmp_path / "fixture" / "manifest.json").read_text())["on"] == date(2026, 9, 30).isoformat()


def test_directory_with_files_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(CommandError, match="Nothing was written"):
        ran(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="Nothing was written"):
        ran(str(tmp_path / "file" / "fixture"))


def test_failed_dump_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(dump, "state", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        dump.dump(tmp_path / "fixture", origin=ORIGIN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="Only PostgreSQL tells the level of isolation.")
def test_all_of_it_is_read_in_one_snapshot():
    with dump._snapshot(), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("repeatable read",)
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("on",)
