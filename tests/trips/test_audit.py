"""An auditor's journey: a fixture that proves itself is taken home to another database, and whatever was tampered with is found and named.

What a fixture has to be is written down a second time in `tests/trips/forgery.py`; the program is held against that.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from io import StringIO
from pathlib import Path
from shutil import copytree
from zlib import crc32

import pytest
import time_machine
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, models, transaction
from django.test import override_settings
from django.utils import timezone, translation

from accounts.models import User
from accounts.roles import Role
from budget import append_only, known
from budget.history import explain
from budget.models import Organisation, OrganisationKind, ProgrammeSuccession, SourceText
from kpis.choices import Comparator, ReportState
from kpis.models import AuditCopy, OutcomeTarget, ProgressReport, Seal, TargetLink, YearlyMilestone
from tests.databases import NO_POSTGRES, POSTGRES, new_on_postgresql
from tests.factories import (
    BudgetAmountFactory,
    ClosedMissFactory,
    EvidenceFactory,
    LockExceptionFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeMatchFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SentReminderFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    TargetProposalFactory,
    UserFactory,
    YearlyMilestoneFactory,
)
from tests.trips import audit_story
from tests.trips.forgery import MANIFEST, Fixture, canonical, corruptions, history_of, line_of, sealed

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = [model for app in ("accounts", "budget", "kpis") for model in apps.get_app_config(app).get_models()]
SEALS, CODES = "kpis.seal.jsonl", "codes.jsonl"
TARGETS, REPORTS, PROGRAMMES = "kpis.outcometarget.jsonl", "kpis.progressreport.jsonl", "budget.programme.jsonl"
LOCKS = "kpis.lockexception.jsonl"
NOT_A_HEAD = "f" * 64

BEGUN, DUMPED = "2026-06-01 09:00+09:00", "2026-08-01 09:00+09:00"


# --- From one database to the other -------------------------------------------------------------------------------------------------


@contextmanager
def new_databases(folder: Path) -> Iterator[dict[str, list[str]]]:
    """Two of either kind, by their addresses."""
    with new_on_postgresql() as one, new_on_postgresql() as other:
        yield {"postgresql": [one, other], "sqlite": [f"sqlite:///{folder / name}.sqlite3" for name in ("one", "other")]}


def begun(step: str, folder: Path, *arguments: object, url: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.trips.audit_story", step, str(folder), *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen) -> None:
    told, _nothing = process.communicate(timeout=300)
    assert process.returncode == 0, told


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Only one run of the suite walks it: its databases are its own.")
@pytest.mark.skipif(not POSTGRES, reason=NO_POSTGRES)
def test_an_auditor_reproduces_every_report_on_the_other_database(tmp_path):
    """The two ways at once. The auditor's machine has another clock zone and another address than the ministry's."""
    ways = {"postgresql": "sqlite", "sqlite": "postgresql"}
    with new_databases(tmp_path) as urls:
        lives = [begun("lived", tmp_path / vendor, url=urls[vendor][0], SEIKA_ADDRESS="https://seika.example") for vendor in ways]
        for life in lives:
            ended(life)
        heads = {vendor: (tmp_path / vendor / "heads").read_text().split() for vendor in ways}
        audits = [
            begun(
                "audited",
                tmp_path / f"copy of {vendor}",
                tmp_path / vendor / "fixture",
                heads[vendor][0],
                url=urls[other][1],
                TZ="America/New_York",
            )
            for vendor, other in ways.items()
        ]
        for audit in audits:
            ended(audit)

    for vendor in ways:
        source, copy = tmp_path / vendor, tmp_path / f"copy of {vendor}"
        fixture = Fixture(source / "fixture")
        assert fixture.bytes_of_all() == Fixture(source / "again").bytes_of_all() == Fixture(copy / "fixture").bytes_of_all()
        assert fixture.manifest["site"] == "https://seika.example"
        assert fixture.manifest["head"] == heads[vendor][1] != heads[vendor][0]
        taken = Fixture(source / "taken").bytes_of_all()
        assert len(set(taken.values())) == len(audit_story.MOMENTS)
        assert taken == Fixture(source / "asked").bytes_of_all() == Fixture(copy / "asked").bytes_of_all()


# --- A small history, in the database of the tests ----------------------------------------------------------------------------------


def a_small_world() -> None:
    """At least one row in every table, and more than one version of some."""
    ministry = OrganisationFactory(code="ministry", name="経済産業省", kind=OrganisationKind.MINISTRY)
    division = OrganisationFactory(code="division", name="産業資金課", parent=ministry)
    official, reviewer, auditor = (UserFactory(username=name) for name in ("official", "reviewer", "auditor"))
    PostingFactory(user=official, organisation=division)
    PostingFactory(user=auditor, organisation=ministry, role=Role.AUDITOR, to_on=date(2030, 3, 31))
    SentReminderFactory(user=official, subject='"件名", \\ と\u2028𠮟る')
    text = "一行目\r\n\t二行目\n"
    document = SourceDocumentFactory(code="document", sha256=sha256(text.encode()).hexdigest())
    SourceText.objects.create(document=document, text=text)
    own = ProgrammeFactory(code="p-1", lead=division, rs_project_id="1", start_fiscal_year=2023, end_fiscal_year=2026)
    other = ProgrammeFactory(code="p-2", lead=ministry, rs_project_id="2", open_ended=True)
    ProgrammeSuccession.objects.create(predecessor=own, successor=other)
    ProgrammeOrganisationFactory(programme=own, organisation=ministry)
    passage = SourcePassageFactory(code="passage", document=document, programme=own)
    BudgetAmountFactory(programme=own, passage=passage)
    BudgetAmountFactory(programme=other, amount_yen=None, no_amount="dash", printed="－")
    plain = OutcomeTargetFactory(code="t-1", programme=own, passage=passage, deadline_year=2024)
    between = OutcomeTargetFactory(
        code="t-2", programme=own, comparator=Comparator.WITHIN, value=Decimal("-0.0001"), value_max=Decimal("99999999999.9999")
    )
    graded = OutcomeTargetFactory(code="t-3", programme=other, qualitative=True, deadline_year=None)
    TargetLink.objects.create(from_target=plain, to_target=between)
    for year, value in ((2023, 0), (2024, 60)):
        YearlyMilestoneFactory(target=plain, fiscal_year=year, value=Decimal(value))
    for year in (2023, 2024):
        ProgressReportFactory(
            target=plain, fiscal_year=year, value=Decimal("12.5"), reported_by=official, decided_by=reviewer, accepted=True
        )
    EvidenceFactory(report=ProgressReportFactory(target=between, reported_by=official, measured_on=date(2026, 3, 31)))
    ProgressReportFactory(target=graded, value=None, grade=3, reported_by=official, submitted=True)
    ClosedMissFactory(target=plain, fiscal_year=2024, closed_by=reviewer)
    LockExceptionFactory(lock__fiscal_year=2022, lock__set_by=reviewer, organisation=division, granted_by=reviewer)
    TargetProposalFactory(programme=own)
    TargetProposalFactory(programme=own, discarded=True, decided_by=reviewer)
    ProgrammeMatchFactory(document=document, candidate=own)


def it_changes() -> None:
    """A division is renamed, a target eased twice at one instant, a milestone deleted."""
    reviewer = User.objects.get(username="reviewer")
    division, target = Organisation.objects.get(code="division"), OutcomeTarget.objects.get(code="t-1")
    division.name = "産業金融課"
    explain(division, reason="組織令の改正", by=reviewer)
    division.save()
    for value in (50, 40):
        target.value = Decimal(value)
        explain(target, reason="見直しのため。\n二行目", by=reviewer)
        target.save()
    YearlyMilestone.objects.get(target=target, fiscal_year=2023).delete()


def more_happens() -> None:
    """A result comes in, and a division is renamed again."""
    target, official = OutcomeTarget.objects.get(code="t-2"), User.objects.get(username="official")
    report = ProgressReport.objects.get(target=target)
    report.value, report.narrative = Decimal("0.0001"), "実績"
    explain(report, reason="", by=official)
    report.save()
    division = Organisation.objects.get(code="division")
    division.name = "産業金融室"
    division.save()


def run(command: str, *arguments: object, **options: object) -> str:
    """What a command prints."""
    out = StringIO()
    call_command(command, *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def history_unfolds(folder: Path | None = None) -> None:
    """Two rounds of seals over everything; on the way a dump of before them, and at the end one of all, where a folder is given."""
    with time_machine.travel(BEGUN, tick=False):
        a_small_world()
    if folder:
        with time_machine.travel(DUMPED, tick=False):
            run("dump_audit_fixture", folder / "unsealed", by="auditor")
    with time_machine.travel("2026-06-10 09:00:00.123456+09:00", tick=False):
        it_changes()
    with time_machine.travel("2026-06-30 03:00+09:00", tick=False):
        run("seal_history")
    with time_machine.travel("2026-07-10 09:00+09:00", tick=False):
        more_happens()
    with time_machine.travel("2026-07-31 03:00+09:00", tick=False):
        run("seal_history", by="auditor")
    if folder:
        with time_machine.travel(DUMPED, tick=False):
            run("dump_audit_fixture", folder / "sealed", by="auditor")


@pytest.fixture(scope="module")
def dumped(django_db_setup, django_db_blocker, tmp_path_factory):
    """The folder of both fixtures. The history that they tell is rolled back: each test finds the database empty."""
    folder = tmp_path_factory.mktemp("dumped")
    with (
        django_db_blocker.unblock(),
        override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]),
        transaction.atomic(),
    ):
        history_unfolds(folder)
        transaction.set_rollback(True)
    return folder


@pytest.fixture
def fixture(dumped, tmp_path):
    """A fixture that may be tampered with: everything in it is sealed."""
    return Fixture(copytree(dumped / "sealed", tmp_path / "fixture"))


@pytest.fixture
def unsealed(dumped, tmp_path):
    """A fixture without seals, in which a forger only has to write the history alike."""
    return Fixture(copytree(dumped / "unsealed", tmp_path / "unsealed"))


@pytest.fixture(autouse=True)
def _at_the_auditors(time_machine, english):
    """The day on which the auditor loads what was dumped."""
    time_machine.move_to("2026-08-03 09:00+09:00", tick=False)


def rows_in_the_database() -> int:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT count(*) FROM {quote(model._meta.db_table)}" for model in OURS))
        return sum(number for (number,) in cursor.fetchall())


def what_is_wrong(command: str, *arguments: object, **options: object) -> list[str]:
    """The lines of a command that has to end on an error, the error's own last."""
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command(command, *map(str, arguments), stdout=out, **options)
    return [*out.getvalue().splitlines(), *str(error.value).splitlines()]


def refused(fixture: Fixture) -> str:
    """What is said where a fixture is not loaded; nothing of it is."""
    with pytest.raises(CommandError) as error:
        run("load_audit_fixture", fixture.folder)
    assert rows_in_the_database() == 0
    return str(error.value)


def refused_or_found(fixture: Fixture) -> str:
    """What is said of a fixture every digest of which was made to fit: it is not loaded, or what was loaded is not verified."""
    with transaction.atomic():
        try:
            run("load_audit_fixture", fixture.folder)
        except CommandError as error:
            assert rows_in_the_database() == 0
            return str(error)
        said = what_is_wrong("verify_audit_fixture", fixture.folder)
        transaction.set_rollback(True)
    return "\n".join(said)


def names(said: str, *words: object) -> bool:
    """Whether all the words stand in what is said, each as a word of its own."""
    return all(re.search(rf"(?<![\w.]){re.escape(str(word))}(?![\w])", said) for word in words)


# --- What a fixture says of itself --------------------------------------------------------------------------------------------------


def test_every_table_is_in_the_fixture_and_none_is_empty(fixture):
    live = [model for model in OURS if not hasattr(model, "known_of") and model is not AuditCopy]
    assert fixture.names == sorted([*(f"{model._meta.label_lower}.jsonl" for model in live), CODES, MANIFEST])
    assert [name for name in fixture.names if not fixture.bytes_of(name)] == []


def test_every_line_is_canonical_and_carries_its_checksum(fixture):
    for name in fixture.names:
        if name != MANIFEST:
            content = fixture.bytes_of(name)
            assert content == b"".join(line_of(row) + b"\n" for row in fixture.rows(name))
            assert all(list(row)[-1] == "crc32" for row in fixture.rows(name))


def test_every_row_has_the_columns_of_its_table(fixture):
    for model in OURS:
        name = f"{model._meta.label_lower}.jsonl"
        if name in fixture.names:
            columns = [field.attname for field in model._meta.concrete_fields]
            assert {tuple(sorted(row)) for row in fixture.rows(name)} == {tuple(sorted([*columns, "crc32"]))}


def test_the_manifest_fits_the_files_and_itself(fixture):
    manifest = fixture.manifest
    assert fixture.bytes_of(MANIFEST).decode() == json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    assert list(manifest) == ["format", "version", "site", "by", "on", "known_until", "migrations", "seals", "head", "files", "sha256"]
    assert manifest == sealed(manifest)
    assert manifest["files"] == {
        name: {"rows": len(fixture.rows(name)), "sha256": sha256(fixture.bytes_of(name)).hexdigest()}
        for name in fixture.names
        if name != MANIFEST
    }
    seals = fixture.rows(SEALS)
    assert (manifest["seals"], manifest["head"]) == (len(seals), seals[-1]["sha256"])
    assert (manifest["on"], manifest["by"]["user"]) == ("2026-08-01", "auditor")
    assert manifest["known_until"] == "2026-07-10T00:00:00.000000Z"


def test_users_leave_without_their_passwords(fixture):
    assert {(row["password"], row["last_login"]) for row in fixture.rows("accounts.user.jsonl")} == {("!", None)}


def test_the_seals_can_be_worked_out_from_the_rows(fixture):
    """Chained, each over rows that follow those of its table's seal before, and over all of them."""
    seals, previous, last = fixture.rows(SEALS), "0" * 64, Counter()
    assert [seal["number"] for seal in seals] == list(range(1, len(seals) + 1))
    for seal in seals:
        rows = [
            {key: value for key, value in row.items() if key != "crc32"}
            for row in fixture.rows(f"{seal['history_table']}.jsonl")
            if seal["first_id"] <= row["history_id"] <= seal["last_id"]
        ]
        assert [rows[-1]["history_id"], len(rows)] == [seal["last_id"], seal["rows"]]
        assert seal["rows_sha256"] == sha256(b"".join(canonical(row) + b"\n" for row in rows)).hexdigest()
        assert seal["first_id"] == last[seal["history_table"]] + 1  # no number lies outside of all seals
        assert seal["previous"] == previous
        told = {key: value for key, value in seal.items() if key not in ("id", "sha256", "crc32")}
        told["sealed_at"] = told["sealed_at"].replace("Z", "+00:00")
        assert seal["sha256"] == sha256(canonical(told)).hexdigest()
        previous, last[seal["history_table"]] = seal["sha256"], seal["last_id"]
    histories = [name for name in fixture.names if name.split(".")[1].startswith("historical")]
    assert last == {name.removesuffix(".jsonl"): fixture.rows(name)[-1]["history_id"] for name in histories}


@pytest.mark.django_db
def test_the_same_database_day_and_user_give_the_same_bytes(tmp_path):
    """Whatever language is spoken, and however the rows lie in the database."""
    history_unfolds()
    for name, language in (("first", "en"), ("second", "ja")):
        with translation.override(language):
            run("dump_audit_fixture", tmp_path / name, on="2026-08-01", by="auditor")
        with connection.cursor() as cursor:  # on PostgreSQL a row that is written moves to the end
            cursor.execute("UPDATE kpis_outcometarget SET code = code WHERE code = 't-1'")
    assert Fixture(tmp_path / "first").bytes_of_all() == Fixture(tmp_path / "second").bytes_of_all()


@pytest.mark.django_db
@pytest.mark.parametrize("asked", [{"on": "2026-02-30"}, {"by": "nobody"}], ids=str)
def test_a_dump_for_no_day_or_nobody_is_refused(tmp_path, asked):
    with pytest.raises(CommandError):
        run("dump_audit_fixture", tmp_path / "fixture", **asked)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_a_dump_overwrites_nothing(tmp_path):
    history_unfolds()
    (tmp_path / "note.txt").write_text("")
    with pytest.raises(CommandError, match=re.escape(str(tmp_path))):
        run("dump_audit_fixture", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


# --- A copy -------------------------------------------------------------------------------------------------------------------------


@contextmanager
def as_superuser(*tables: str) -> Iterator:
    """A cursor that no trigger on these tables stops."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join(["%s"] * len(tables))
            cursor.execute(f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ({marks})", tables)
            triggers = cursor.fetchall()
            for name, _sql in triggers:
                cursor.execute(f"DROP TRIGGER {quote(name)}")
            yield cursor
            for _name, sql in triggers:
                cursor.execute(sql)
        else:
            connection.check_constraints()  # what is still to be looked at would lock the table
            for table in tables:
                cursor.execute(f"ALTER TABLE {quote(table)} DISABLE TRIGGER ALL")
            yield cursor
            connection.check_constraints()
            for table in tables:
                cursor.execute(f"ALTER TABLE {quote(table)} ENABLE TRIGGER ALL")


@pytest.mark.django_db
def test_a_loaded_copy_is_what_was_dumped(fixture, tmp_path):
    run("load_audit_fixture", fixture.folder)
    assert AuditCopy.objects.count() == 1
    run("verify_history", expect=fixture.rows(SEALS)[0]["sha256"])
    run("verify_audit_fixture", fixture.folder)
    run("dump_audit_fixture", tmp_path / "again", on="2026-08-01", by="auditor")
    assert Fixture(tmp_path / "again").bytes_of_all() == fixture.bytes_of_all()


@pytest.mark.django_db
def test_a_fixture_without_seals_is_loaded_too(unsealed):
    run("load_audit_fixture", unsealed.folder)
    run("verify_audit_fixture", unsealed.folder)
    assert NOT_A_HEAD in "".join(what_is_wrong("verify_audit_fixture", unsealed.folder, expect=NOT_A_HEAD))


@pytest.mark.django_db
def test_the_database_refuses_every_write_to_a_copy(fixture):
    run("load_audit_fixture", fixture.folder)
    connection.check_constraints()
    written = []
    for model in OURS:
        table, key = (connection.ops.quote_name(name) for name in (model._meta.db_table, model._meta.pk.column))
        for statement in (
            f"UPDATE {table} SET {key} = {key}",
            f"DELETE FROM {table}",
            f"INSERT INTO {table} SELECT * FROM {table}",
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}" if connection.vendor == "sqlite" else f"TRUNCATE {table} CASCADE",
        ):
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(statement)
            except DatabaseError as error:
                if re.search("UNIQUE|duplicate|constraint failed:", str(error)):
                    written.append((statement, str(error)))  # nothing but a row of the same number refused it
            else:
                written.append((statement, ""))
    assert written == []


@pytest.mark.django_db
def test_what_would_write_is_refused_on_a_copy(unsealed):
    run("load_audit_fixture", unsealed.folder)
    for write in (
        lambda: OrganisationFactory(),
        lambda: OutcomeTarget.objects.get(code="t-1").save(),
        lambda: run("load_audit_fixture", unsealed.folder),
        lambda: run("seal_history"),
    ):
        with pytest.raises((DatabaseError, CommandError)), transaction.atomic():
            write()


@pytest.mark.django_db
def test_a_changed_copy_is_found(fixture):
    run("load_audit_fixture", fixture.folder)
    with as_superuser("kpis_progressreport") as cursor:
        cursor.execute("UPDATE kpis_progressreport SET narrative = 'よい' WHERE fiscal_year = 2023")
    number = ProgressReport.objects.get(fiscal_year=2023).pk
    lines = what_is_wrong("verify_audit_fixture", fixture.folder)
    assert any(names(line, "kpis.progressreport", number, "narrative") for line in lines)


@pytest.mark.django_db
def test_a_fixture_is_held_against_the_copy_that_was_loaded_from_it(fixture, unsealed):
    run("load_audit_fixture", fixture.folder)
    what_is_wrong("verify_audit_fixture", unsealed.folder)
    fixture.write_rows(REPORTS, [row | {"narrative": "よい"} for row in fixture.rows(REPORTS)])
    assert REPORTS in "".join(what_is_wrong("verify_audit_fixture", fixture.folder))
    fixture.forge_manifest()
    what_is_wrong("verify_audit_fixture", fixture.folder)


@pytest.mark.django_db
def test_a_site_of_its_own_is_no_copy_of_its_fixture(fixture):
    what_is_wrong("verify_audit_fixture", fixture.folder)


@pytest.mark.django_db
def test_a_copy_that_does_not_go_through_the_head_noted_down_is_refused(fixture):
    run("load_audit_fixture", fixture.folder)
    for seal in fixture.rows(SEALS)[::12]:
        run("verify_audit_fixture", fixture.folder, expect=seal["sha256"])
    assert NOT_A_HEAD in "".join(what_is_wrong("verify_audit_fixture", fixture.folder, expect=NOT_A_HEAD))


# --- A fixture that was tampered with -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tampering:
    """What is done to a fixture, and what the refusal names: the file, the line, and one of the fields."""

    says: str
    do: Callable[[Fixture], object]
    file: str
    line: int | None = None
    fields: tuple[str, ...] = ()

    def __str__(self):
        return self.says


def replaced(name: str, old: bytes, new: bytes) -> Callable[[Fixture], None]:
    def do(fixture):
        assert old in fixture.bytes_of(name)
        fixture.write(name, fixture.bytes_of(name).replace(old, new, 1))

    return do


def and_checked_anew(do: Callable[[Fixture], object]) -> Callable[[Fixture], None]:
    """What a forger does after it."""

    def both(fixture):
        do(fixture)
        fixture.forge_manifest()

    return both


BYTES = (
    Tampering("a digit of a figure", replaced(REPORTS, b'"12.5"', b'"13.5"'), REPORTS, 1, ("value",)),
    Tampering("a digit of an old figure", replaced(history_of(REPORTS), b'"12.5"', b'"13.5"'), history_of(REPORTS), 1, ("value",)),
    Tampering("a byte of a letter", replaced(TARGETS, "採択件数".encode(), "採抟件数".encode()), TARGETS, 1, ("indicator",)),
    Tampering("a bit that leaves no text", replaced(TARGETS, "採".encode(), b"\xe6\x8e\xe1"), TARGETS, 1, ("statement", "indicator")),
    Tampering("a truth", replaced(TARGETS, b'"approximate":f', b'"approximate":g'), TARGETS, 1, ("approximate",)),
    Tampering("a link", replaced(TARGETS, b'"programme_id":', b'"programme_id":-'), TARGETS, 1),
    Tampering("a name", replaced("accounts.user.jsonl", b'"username":"o', b'"username":"u'), "accounts.user.jsonl", 1, ("username",)),
    Tampering("a column's name", replaced(TARGETS, b'"indicator"', b'"indicatox"'), TARGETS, 1, ("indicator",)),
    Tampering("a seal's table", replaced(SEALS, b'"history_table":"a', b'"history_table":"b'), SEALS, 1, ("history_table",)),
    Tampering("a code's name", replaced(CODES, b'"label_en":"s', b'"label_en":"t'), CODES, 1, ("label_en",)),
)


@pytest.mark.django_db
@pytest.mark.parametrize("tampering", BYTES, ids=str)
def test_a_changed_value_is_named_by_file_line_and_field(fixture, tampering):
    tampering.do(fixture)
    said = refused(fixture)
    assert names(said, tampering.file, tampering.line)
    assert not tampering.fields or any(names(said, field) for field in tampering.fields)


@pytest.mark.django_db
def test_a_changed_checksum_is_named(fixture):
    number, line = 2, fixture.lines(REPORTS)[1]
    lines = fixture.lines(REPORTS)
    lines[number - 1] = line[:-4] + (b"0" if line[-4:-3] != b"0" else b"1") + line[-3:]
    fixture.write(REPORTS, b"".join(lines))
    assert names(refused(fixture), REPORTS, number)


FILES = (
    Tampering("a file is missing", lambda fixture: (fixture.folder / REPORTS).unlink(), REPORTS),
    Tampering("a file is missing, the manifest forged", and_checked_anew(lambda f: (f.folder / REPORTS).unlink()), REPORTS),
    Tampering("the codes are missing, the manifest forged", and_checked_anew(lambda f: (f.folder / CODES).unlink()), CODES),
    Tampering("the manifest is missing", lambda fixture: (fixture.folder / MANIFEST).unlink(), MANIFEST),
    Tampering("a file is too many", lambda fixture: fixture.write("note.txt", b""), "note.txt"),
    Tampering("a file is too many, the manifest forged", and_checked_anew(lambda f: f.write("note.jsonl", b"")), "note.jsonl"),
    Tampering(
        "a ledger comes along, the manifest forged",
        and_checked_anew(lambda f: f.write("kpis.knownevidence.jsonl", b"")),
        "kpis.knownevidence.jsonl",
    ),
    Tampering("a hidden file is too many", lambda fixture: fixture.write(".DS_Store", b""), ".DS_Store"),
    Tampering("a folder is too many", lambda fixture: (fixture.folder / "more").mkdir(), "more"),
    Tampering("a folder stands in the place of a file", lambda f: ((f.folder / REPORTS).unlink(), (f.folder / REPORTS).mkdir()), REPORTS),
    Tampering("a file is empty", lambda fixture: fixture.write(REPORTS, b""), REPORTS),
    Tampering("a file is empty, the manifest forged", and_checked_anew(lambda f: f.write(REPORTS, b"")), "progressreport"),
    Tampering("the last line does not end", lambda f: f.write(REPORTS, f.bytes_of(REPORTS)[:-1]), REPORTS, 4),
    Tampering("it does not end, the manifest forged", and_checked_anew(lambda f: f.write(REPORTS, f.bytes_of(REPORTS)[:-1])), REPORTS, 4),
    Tampering("a blank line", and_checked_anew(lambda f: f.write(REPORTS, f.bytes_of(REPORTS) + b"\n")), REPORTS, 5),
    Tampering("Windows' line ends", and_checked_anew(replaced(REPORTS, b"\n", b"\r\n")), REPORTS, 1),
    Tampering("a byte order mark", and_checked_anew(lambda f: f.write(REPORTS, b"\xef\xbb\xbf" + f.bytes_of(REPORTS))), REPORTS, 1),
    Tampering("no UTF-8", and_checked_anew(lambda f: f.write(REPORTS, f.bytes_of(REPORTS) + b"\xff\n")), REPORTS, 5),
    Tampering("no JSON", and_checked_anew(lambda f: f.write(REPORTS, f.bytes_of(REPORTS) + b"{]\n")), REPORTS, 5),
    Tampering("no object", and_checked_anew(lambda f: f.write(REPORTS, f.bytes_of(REPORTS) + b"[]\n")), REPORTS, 5),
    Tampering("a long number", and_checked_anew(lambda f: f.write(REPORTS, f.bytes_of(REPORTS) + b"9" * 5000 + b"\n")), REPORTS, 5),
    Tampering("too deep", and_checked_anew(lambda f: f.write(REPORTS, f.bytes_of(REPORTS) + b"[" * 99999 + b"\n")), REPORTS, 5),
    Tampering("two lines change places", lambda f: f.write_rows(REPORTS, f.rows(REPORTS)[::-1]), REPORTS),
    Tampering("and the manifest is forged", and_checked_anew(lambda f: f.write_rows(REPORTS, f.rows(REPORTS)[::-1])), REPORTS),
    Tampering(
        "rows of the history change places, the manifest forged",
        and_checked_anew(lambda f: f.write_rows(history_of(REPORTS), f.rows(history_of(REPORTS))[::-1])),
        history_of(REPORTS),
    ),
    Tampering(
        "a line stands twice, the manifest forged",
        and_checked_anew(lambda f: f.write_rows(REPORTS, [*f.rows(REPORTS), f.rows(REPORTS)[-1]])),
        REPORTS,
        5,
    ),
)


@pytest.mark.django_db
@pytest.mark.parametrize("tampering", FILES, ids=str)
def test_a_folder_that_is_not_as_it_was_dumped_is_refused(fixture, tampering):
    tampering.do(fixture)
    said = refused(fixture)
    assert tampering.file in said
    assert tampering.line is None or names(said, tampering.line)


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["no folder", "a file"])
def test_what_is_no_folder_is_refused(tmp_path, place):
    folder = tmp_path / "fixture"
    if place == "a file":
        folder.write_text("")
    assert MANIFEST in refused(Fixture(folder))


def every_row(name: str, change: Callable[[dict], dict]) -> Callable[[Fixture], None]:
    return and_checked_anew(lambda fixture: fixture.write_rows(name, [change(row) for row in fixture.rows(name)]))


def one_row(name: str, change: Callable[[dict], dict], line: int = 2) -> Callable[[Fixture], None]:
    def do(fixture):
        rows = fixture.rows(name)
        rows[line - 1] = change(rows[line - 1])
        fixture.write_rows(name, rows)

    return and_checked_anew(do)


def renamed(row: dict) -> dict:
    return {"amount" if key == "value" else key: value for key, value in row.items()}


def left_out(row: dict) -> dict:
    return {key: value for key, value in row.items() if key != "value"}


def put_last(row: dict) -> dict:
    return {**left_out(row), "value": row["value"]}


def more(row: dict) -> dict:
    return {**row, "remark": ""}


COLUMNS = (
    Tampering("a renamed column", every_row(REPORTS, renamed), REPORTS, 1, ("amount", "value")),
    Tampering("a renamed column of history", every_row(history_of(REPORTS), renamed), history_of(REPORTS), 1, ("amount", "value")),
    Tampering("a column that is missing", every_row(REPORTS, left_out), REPORTS, 1, ("value",)),
    Tampering("columns in another order", every_row(REPORTS, put_last), REPORTS, 1, ("value",)),
    Tampering("a column too many", every_row(REPORTS, more), REPORTS, 1, ("remark",)),
    Tampering("a renamed column in one row", one_row(REPORTS, renamed), REPORTS, 2, ("amount", "value")),
    Tampering("a column that is missing in one row", one_row(REPORTS, left_out), REPORTS, 2, ("value",)),
    Tampering("a column too many in one row", one_row(REPORTS, more), REPORTS, 2, ("remark",)),
    Tampering("a renamed column of seals", every_row(SEALS, lambda row: {**row, "note": ""}), SEALS, 1, ("note",)),
    Tampering(
        "a column that stands twice",
        and_checked_anew(lambda f: f.write(REPORTS, f.bytes_of(REPORTS).replace(b'"value":', b'"value":"1","value":', 1))),
        REPORTS,
        1,
    ),
)


@pytest.mark.django_db
@pytest.mark.parametrize("tampering", COLUMNS, ids=str)
def test_columns_that_are_not_those_of_the_table_are_refused(fixture, tampering):
    tampering.do(fixture)
    said = refused(fixture)
    assert names(said, tampering.file, tampering.line)
    assert not tampering.fields or any(field in said for field in tampering.fields)


AMOUNTS, HISTORY = "budget.budgetamount.jsonl", history_of(REPORTS)
VALUES = (
    (TARGETS, "unit", "件" * 41),
    (history_of(TARGETS), "unit", "件" * 41),
    (history_of(TARGETS), "history_change_reason", 7),
    (history_of(TARGETS), "history_type", "deleted"),
    (TARGETS, "unit", None),
    (TARGETS, "unit", 7),
    (TARGETS, "unit", ["件"]),
    (TARGETS, "unit", "\u0000"),
    (TARGETS, "value", 60),
    (TARGETS, "value", 60.5),
    (TARGETS, "value", True),
    (TARGETS, "value", {}),
    (TARGETS, "value", ""),
    (TARGETS, "value", "60.0"),
    (TARGETS, "value", "060"),
    (TARGETS, "value", " 60"),
    (TARGETS, "value", "６０"),
    (TARGETS, "value", "6_0"),
    (TARGETS, "value", "6E+1"),
    (TARGETS, "value", "-0"),
    (TARGETS, "value", "NaN"),
    (TARGETS, "value", "Infinity"),
    (TARGETS, "value", "0.00001"),
    (TARGETS, "value", "100000000000"),
    (TARGETS, "deadline_year", "2025"),
    (TARGETS, "deadline_year", 2025.0),
    (TARGETS, "deadline_year", True),
    (TARGETS, "deadline_year", -1),
    (TARGETS, "deadline_year", 32768),
    (TARGETS, "deadline_year", 2**64),
    (history_of(TARGETS), "deadline_year", 32768),
    (TARGETS, "approximate", 1),
    (TARGETS, "approximate", "true"),
    (TARGETS, "approximate", None),
    (TARGETS, "due_on", "2026-02-30"),
    (TARGETS, "due_on", "2026-3-31"),
    (TARGETS, "due_on", "20260331"),
    (TARGETS, "due_on", "2026-03-31T00:00:00.000000Z"),
    (TARGETS, "due_on", 20260331),
    (REPORTS, "reported_at", "2026-06-01"),
    (REPORTS, "reported_at", "2026-06-01T00:00:00Z"),
    (REPORTS, "reported_at", "2026-06-01T00:00:00.000000"),
    (REPORTS, "reported_at", "2026-06-01T09:00:00.000000+09:00"),
    (REPORTS, "reported_at", "2026-06-01T25:00:00.000000Z"),
    (REPORTS, "reported_at", "0000-06-01T00:00:00.000000Z"),
    (REPORTS, "reported_by_id", "1"),
    (REPORTS, "reported_by_id", 2**63),
    (AMOUNTS, "amount_yen", 2**63),
    (AMOUNTS, "amount_yen", 1.5),
    (HISTORY, "history_id", None),
    (HISTORY, "history_id", "1"),
    (HISTORY, "history_date", None),
    (SEALS, "rows", -1),
    (SEALS, "rows", "1"),
    (SEALS, "sealed_at", None),
    (SEALS, "history_table", "x" * 101),
    (SEALS, "sha256", "0" * 65),
)


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "field", "value"), VALUES, ids=lambda value: repr(value)[:40])
def test_a_value_that_its_column_cannot_hold_is_refused(fixture, name, field, value):
    fixture.forge(name, 1, **{field: value})
    assert names(refused(fixture), name, 1, field)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("採択件数".encode(), rb"\\u63a1\\u629e\\u4ef6\\u6570"),
        ("採択件数".encode(), rb"\\ud83d\\ude00"),
        ("採択件数".encode(), rb"\\ud800"),
        ("採択件数".encode(), rb"\\u0000"),
        (b",", b", "),
        (rb'"id":(\d+)', rb'"id":0\1'),
        (rb'"id":(\d+)', rb'"id":\1e0'),
        (rb'"id":\d+', b'"id":-0'),
        (b'"value":null', b'"value":NaN'),
        (b'"value":null', b'"value":-Infinity'),
    ],
    ids=["escaped", "escaped pair", "half a pair", "NUL", "blank", "leading zero", "exponent", "minus zero", "NaN", "infinity"],
)
def test_a_line_that_is_not_canonical_is_refused(fixture, old, new):
    """Though its checksum is that of its bytes."""
    *before, line = fixture.lines(TARGETS)
    told = re.sub(rb',"crc32":"[0-9a-f]{8}"}\n$', b"}", re.sub(old, new, line, count=1))
    assert not line.startswith(told[:-1])
    fixture.write(TARGETS, b"".join([*before, told[:-1] + f',"crc32":"{crc32(told):08x}"}}\n'.encode()]))
    fixture.forge_manifest()
    assert names(refused(fixture), TARGETS, 3)


RULES = (
    Tampering("an upper value without a range", lambda f: f.forge_alike(TARGETS, 1, value_max="70"), TARGETS, 1, ("value_max",)),
    Tampering("a value for a grade", lambda f: f.forge_alike(TARGETS, 3, value="7"), TARGETS, 3, ("value",)),
    Tampering("a last day without its year", lambda f: f.forge_alike(TARGETS, 1, due_fy=None), TARGETS, 1, ("due_fy", "due_on")),
    Tampering(
        "nobody accepts what they reported",
        lambda f: f.forge_alike(REPORTS, 1, decided_by_id=f.rows(REPORTS)[0]["reported_by_id"]),
        REPORTS,
        1,
        ("decided_by",),
    ),
    Tampering("a sum below zero", lambda f: f.forge_alike(AMOUNTS, 1, amount_yen=-1), AMOUNTS, 1, ("amount_yen",)),
    Tampering("a year that is reported twice", lambda f: f.forge_alike(REPORTS, 2, fiscal_year=2023), REPORTS, 2, ("fiscal_year",)),
    Tampering("a code that is given twice", lambda f: f.forge_alike(PROGRAMMES, 2, code="p-1"), PROGRAMMES, 2, ("code",)),
    Tampering(
        "a project ID that is used twice", lambda f: f.forge_alike(PROGRAMMES, 2, rs_project_id="1"), PROGRAMMES, 2, ("rs_project_id",)
    ),
    Tampering("a lead that is nowhere", lambda f: f.forge_alike(PROGRAMMES, 2, lead_id=987654), PROGRAMMES, 2, ("lead_id", "lead")),
    Tampering(
        "a target that is nowhere",
        lambda f: f.forge_alike("kpis.yearlymilestone.jsonl", 1, target_id=987654),
        "kpis.yearlymilestone.jsonl",
        1,
        ("target",),
    ),
    Tampering(
        "an author of history that is nowhere",
        lambda f: f.forge(history_of(REPORTS), 1, history_user_id=987654),
        history_of(REPORTS),
        1,
        ("history_user",),
    ),
)


@pytest.mark.django_db
@pytest.mark.parametrize("tampering", RULES, ids=str)
def test_a_row_that_breaks_a_rule_of_the_database_is_refused(unsealed, tampering):
    """Its history says the same, no seal tells, and every checksum was made to fit."""
    tampering.do(unsealed)
    said = refused(unsealed)
    assert names(said, tampering.file, tampering.line)
    assert any(field in said for field in tampering.fields)


STORIES = (
    Tampering("a figure that its history does not tell", lambda f: f.forge(REPORTS, 1, narrative="よい"), REPORTS, None, ("narrative",)),
    Tampering("a last day that does not follow", lambda f: f.forge_alike(TARGETS, 1, due_on="2030-03-31"), TARGETS, None, ("due_on",)),
    Tampering("a row is missing", and_checked_anew(lambda f: f.write_rows(LOCKS, f.rows(LOCKS)[1:])), LOCKS),
    Tampering(
        "a row of the history is missing",
        and_checked_anew(lambda f: f.write_rows(history_of(TARGETS), f.rows(history_of(TARGETS))[:-1])),
        TARGETS,
    ),
    Tampering("a password", lambda f: f.forge("accounts.user.jsonl", 1, password="md5$1$0"), "accounts.user.jsonl", 1, ("password",)),
    Tampering("a code's name", lambda f: f.forge(CODES, 1, label_ja="長期"), CODES, 1, ("label_ja",)),
    Tampering("a code more", and_checked_anew(lambda f: f.write_rows(CODES, [*f.rows(CODES), f.rows(CODES)[0]])), CODES),
    Tampering("a code less", and_checked_anew(lambda f: f.write_rows(CODES, f.rows(CODES)[1:])), CODES),
)


@pytest.mark.django_db
@pytest.mark.parametrize("tampering", STORIES, ids=str)
def test_a_fixture_that_does_not_agree_with_itself_is_refused(unsealed, tampering):
    tampering.do(unsealed)
    said = refused_or_found(unsealed)
    assert tampering.file.removesuffix(".jsonl") in said
    assert tampering.line is None or names(said, tampering.line)
    assert not tampering.fields or any(field in said for field in tampering.fields)


MANIFESTS = (
    ("format", lambda f: f.forge_manifest(format=2)),
    ("format", lambda f: f.forge_manifest(format="1")),
    ("format", lambda f: f.forge_manifest(format=True)),
    ("version", lambda f: f.forge_manifest(version="0.0.0")),
    ("version", lambda f: f.forge_manifest(version=None)),
    ("on", lambda f: f.forge_manifest(on="2026-02-30")),
    ("on", lambda f: f.forge_manifest(on=20260801)),
    ("by", lambda f: f.forge_manifest(by="auditor")),
    ("by", lambda f: f.forge_manifest(by=[])),
    ("site", lambda f: f.forge_manifest(site=None)),
    ("known_until", lambda f: f.forge_manifest(known_until="2026-07-11T00:00:00.000000Z")),
    ("known_until", lambda f: f.forge_manifest(known_until=None)),
    ("known_until", lambda f: f.forge_manifest(known_until=5)),
    ("migrations", lambda f: f.forge_manifest(migrations=f.manifest["migrations"][:-1])),
    ("migrations", lambda f: f.forge_manifest(migrations=[*f.manifest["migrations"], "kpis.0099_more"])),
    ("migrations", lambda f: f.forge_manifest(migrations=None)),
    ("migrations", lambda f: f.forge_manifest(migrations=[[]])),
    ("seals", lambda f: f.forge_manifest(seals=f.manifest["seals"] - 1)),
    ("seals", lambda f: f.forge_manifest(seals="1")),
    ("head", lambda f: f.forge_manifest(head=NOT_A_HEAD)),
    ("head", lambda f: f.forge_manifest(head=None)),
    ("files", lambda f: f.forge_manifest(files=[])),
    ("files", lambda f: f.forge_manifest(files=None)),
    ("jsonl", lambda f: f.forge_manifest(files={})),
    ("../outside.jsonl", lambda f: f.forge_manifest(files=f.manifest["files"] | {"../outside.jsonl": {"rows": 0, "sha256": "0" * 64}})),
    ("files", lambda f: f.forge_manifest(files=f.manifest["files"] | {REPORTS: None})),
    ("files", lambda f: f.forge_manifest(files=f.manifest["files"] | {REPORTS: {"rows": 4}})),
    (REPORTS, lambda f: f.forge_manifest(files=f.manifest["files"] | {REPORTS: {**f.manifest["files"][REPORTS], "rows": 5}})),
    (REPORTS, lambda f: f.forge_manifest(files=f.manifest["files"] | {REPORTS: {**f.manifest["files"][REPORTS], "sha256": "0" * 64}})),
    ("files", lambda f: f.forge_manifest(files=dict(reversed(f.manifest["files"].items())))),
    ("more", lambda f: f.forge_manifest(more=1)),
    ("version", lambda f: f.write_manifest(sealed({key: value for key, value in f.manifest.items() if key != "version"}))),
    ("sha256", lambda f: f.write_manifest(f.manifest | {"sha256": "0" * 64})),
    ("sha256", lambda f: f.write_manifest(f.manifest | {"sha256": None})),
    ("", lambda f: f.write_manifest(dict(reversed(sealed(f.manifest).items())))),
    ("", lambda f: f.write(MANIFEST, canonical(f.manifest))),
    ("", lambda f: f.write(MANIFEST, f.bytes_of(MANIFEST).replace(b"\n", b"\r\n"))),
    ("", lambda f: f.write(MANIFEST, f.bytes_of(MANIFEST).replace(b"\n", b"\r"))),
    ("", lambda f: f.write(MANIFEST, f.bytes_of(MANIFEST).replace(b"\n ", b"\n\t"))),
    ("", lambda f: f.write(MANIFEST, f.bytes_of(MANIFEST) + b"\n")),
    ("", lambda f: f.write(MANIFEST, b"\xef\xbb\xbf" + f.bytes_of(MANIFEST))),
    ("", lambda f: f.write(MANIFEST, b"")),
    ("", lambda f: f.write(MANIFEST, b"[]")),
    ("", lambda f: f.write(MANIFEST, b"null\n")),
    ("", lambda f: f.write(MANIFEST, b"\xff")),
    ("", lambda f: f.write(MANIFEST, b"[" * 99999)),
    ("", lambda f: f.write(MANIFEST, b'{"format": ' + b"9" * 5000 + b"}")),
    ("", lambda f: f.forge_manifest(site="\ud800")),
)


@pytest.mark.django_db
@pytest.mark.parametrize(("word", "forge"), MANIFESTS, ids=[f"{word or 'whole'}-{number}" for number, (word, _) in enumerate(MANIFESTS)])
def test_a_manifest_that_is_not_of_its_fixture_is_refused(fixture, word, forge):
    forge(fixture)
    said = refused(fixture)
    assert MANIFEST in said or ".jsonl" in said
    assert word in said


def a_seal_goes(fixture: Fixture, place: int) -> None:
    rows = fixture.rows(SEALS)
    del rows[place]
    fixture.write_rows(SEALS, rows)
    fixture.forge_manifest(seals=len(rows), head=rows[-1]["sha256"])


SEALED = (
    Tampering("a sealed row", lambda f: f.forge_alike(REPORTS, 1, narrative="よい"), "kpis.historicalprogressreport"),
    Tampering("a row of old", lambda f: f.forge(history_of(TARGETS), 1, indicator="別"), "kpis.historicaloutcometarget"),
    Tampering(
        "an author of old",
        lambda f: f.forge(history_of(TARGETS), 1, history_user_id=f.rows("accounts.user.jsonl")[0]["id"]),
        "kpis.historicaloutcometarget",
    ),
    Tampering("a seal", lambda f: f.forge(SEALS, 2, rows_sha256="0" * 64), "Seal 2 "),
    Tampering("a seal's day", lambda f: f.forge(SEALS, 2, sealed_at="2026-06-29T00:00:00.000000Z"), "Seal 2 "),
    Tampering("the first seal goes", lambda f: a_seal_goes(f, 0), "seal 1 before it"),
    Tampering("a seal in the middle goes", lambda f: a_seal_goes(f, 5), "seal 6 before it"),
)


@pytest.mark.django_db
@pytest.mark.parametrize("tampering", SEALED, ids=str)
def test_a_forged_fixture_whose_seals_do_not_hold_is_refused(fixture, tampering):
    tampering.do(fixture)
    assert tampering.file in refused_or_found(fixture)


@pytest.mark.django_db
@pytest.mark.parametrize("make", [OrganisationFactory, UserFactory, SourceDocumentFactory], ids=lambda make: make.__name__)
def test_a_database_with_a_row_takes_no_fixture(fixture, make):
    made = make()
    before = rows_in_the_database()
    with pytest.raises(CommandError) as error:
        run("load_audit_fixture", fixture.folder)
    assert made._meta.model_name in str(error.value).lower()
    assert rows_in_the_database() == before


@pytest.mark.django_db
def test_two_hundred_corruptions_at_random_are_all_refused(fixture):
    """None is loaded, none raises anything else, each is told with the name of a file. Where every digest was made to fit and the rows can
    be, the verification finds what history and seals tell otherwise.
    """
    wrong, whole = [], fixture.names
    for number, told in enumerate(corruptions(fixture, 200, seed=20260801)):
        try:
            said = refused_or_found(fixture) if "every checksum was made to fit" in told else refused(fixture)
            if not any(name.removesuffix(".jsonl") in said for name in {*whole, *fixture.names}):
                wrong.append(f"{number}: {told}: no file is named: {said[:200]}")
        except (Exception, pytest.fail.Exception) as error:  # nothing else may be raised, whatever it is
            wrong.append(f"{number}: {told}: {type(error).__name__}: {error}"[:400])
        assert rows_in_the_database() == 0
    assert not wrong, "\n".join(wrong)
    assert append_only.wanted(connection).keys() <= append_only.present(connection)
    run("load_audit_fixture", fixture.folder)  # and what is whole is loaded


# --- A history that was tampered with -----------------------------------------------------------------------------------------------


def numbers_start_high(table: str) -> None:
    """The rows of a history count from 7001: no other number is taken for one of them, and there is room before the first."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, 7000)", [table])
        else:
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN history_id RESTART WITH 7001")


@pytest.fixture
def history(db):
    numbers_start_high("kpis_historicaloutcometarget")
    history_unfolds()


def found() -> list[str]:
    """What `verify_history` finds; it has to find something."""
    return what_is_wrong("verify_history")


def seal_of(history: type[models.Model], number: int) -> Seal:
    return Seal.objects.get(history_table=history._meta.label_lower, first_id__lte=number, last_id__gte=number)


def names_the_seal(lines: list[str], seal: Seal) -> bool:
    return any(names(line, seal.number, seal.history_table, f"{seal.first_id}–{seal.last_id}") for line in lines)


def names_the_row(lines: list[str], seal: Seal, number: int) -> bool:
    """Beside the seal's own line; its first and last row are not told apart from it otherwise."""
    return any(names(line.replace(f"{seal.first_id}–{seal.last_id}", ""), seal.history_table, number) for line in lines)


@pytest.mark.django_db
def test_history_is_sealed_once(history):
    seals, head = Seal.objects.count(), run("verify_history", head=True).strip()
    assert head == Seal.objects.order_by("number").last().sha256
    assert head in run("seal_history", by="auditor")
    assert Seal.objects.count() == seals
    for seal in Seal.objects.order_by("number")[::12]:
        run("verify_history", expect=seal.sha256)
    with pytest.raises(CommandError):
        run("verify_history", expect=NOT_A_HEAD)
    assert set(Seal.objects.values_list("sealed_by__username", flat=True)) == {None, "auditor"}


@pytest.mark.django_db
@pytest.mark.parametrize("ledger", [False, True], ids=["", "and of its ledger"])
@pytest.mark.parametrize("newest", [False, True], ids=["a row of old", "the newest row"])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("indicator", "別の指標"),
        ("value", "61"),
        ("history_date", "2026-06-01 08:59:59+00:00"),
        ("history_change_reason", "別の理由"),
        ("history_user_id", None),
        ("history_type", "-"),
        ("approximate", True),
    ],
)
def test_a_sealed_row_that_was_changed_is_named_with_its_seal(history, column, value, newest, ledger):
    """With the newest row the live row is changed alike, so that nothing but the seal tells."""
    rows = OutcomeTarget.history.filter(code="t-1").order_by("history_id")
    row = rows.last() if newest else rows.first()
    seal = seal_of(OutcomeTarget.history.model, row.history_id)
    if column == "history_user_id" and row.history_user_id is None:
        value = User.objects.get(username="auditor").pk
    with as_superuser("kpis_historicaloutcometarget") as cursor:
        cursor.execute(f"UPDATE kpis_historicaloutcometarget SET {column} = %s WHERE history_id = %s", [value, row.history_id])
        if newest and not column.startswith("history"):
            cursor.execute(f"UPDATE kpis_outcometarget SET {column} = %s WHERE code = 't-1'", [value])
    if ledger:
        for each in known.ledgers():
            known.rebuild(each, connection)
    lines = found()
    assert names_the_seal(lines, seal)
    assert names_the_row(lines, seal, row.history_id)


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["first", "middle", "last", "all"])
def test_sealed_rows_that_were_deleted_are_named_with_their_seal(history, place):
    seal = Seal.objects.filter(history_table="kpis.historicaloutcometarget").order_by("number").first()
    rows = list(OutcomeTarget.history.filter(history_id__range=(seal.first_id, seal.last_id)).order_by("history_id"))
    gone = {"first": rows[:1], "middle": rows[1:2], "last": rows[-1:], "all": rows}[place]
    with as_superuser("kpis_historicaloutcometarget") as cursor:
        for row in gone:
            cursor.execute("DELETE FROM kpis_historicaloutcometarget WHERE history_id = %s", [row.history_id])
    for ledger in known.ledgers():
        known.rebuild(ledger, connection)
    lines = found()
    assert names_the_seal(lines, seal)
    if place in ("middle", "last"):  # no other number can be the one that is missing
        assert names_the_row(lines, seal, gone[0].history_id)


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["before all", "within a seal", "between two seals"])
def test_a_row_that_was_slipped_in_is_named_with_its_seal(db, place):
    """Numbers are left out where a transaction is rolled back."""
    numbers_start_high("budget_historicalorganisation")
    with time_machine.travel(BEGUN, tick=False):
        organisation = OrganisationFactory(code="first")
    row = Organisation.history.get()
    first = row.history_id

    def renamed_as(number, name):
        row.history_id, row.history_type, row.history_date, row.name = number, "~", timezone.now(), name
        row.save(force_insert=True)
        Organisation.objects.filter(pk=organisation.pk).update(name=name)

    with time_machine.travel("2026-06-30 03:00+09:00", tick=False):
        renamed_as(first + 500, "一")
        run("seal_history")
    with time_machine.travel("2026-07-30 03:00+09:00", tick=False):
        renamed_as(first + 900, "二")
        run("seal_history")
    run("verify_history")
    number = {"before all": first - 1, "within a seal": first + 300, "between two seals": first + 700}[place]
    renamed_as(number, "三")
    seal, lines = seal_of(Organisation.history.model, number), found()
    assert names_the_seal(lines, seal)
    assert names_the_row(lines, seal, number)


@pytest.mark.django_db
def test_rows_that_changed_places_are_named_with_their_seal(history):
    one, other = OutcomeTarget.history.filter(code__in=("t-2", "t-3")).order_by("history_id").values_list("history_id", flat=True)
    with as_superuser("kpis_historicaloutcometarget") as cursor:
        for old, new in ((one, -1), (other, one), (-1, other)):
            cursor.execute("UPDATE kpis_historicaloutcometarget SET history_id = %s WHERE history_id = %s", [new, old])
    for ledger in known.ledgers():
        known.rebuild(ledger, connection)
    seal, lines = seal_of(OutcomeTarget.history.model, one), found()
    assert names_the_seal(lines, seal)
    assert names_the_row(lines, seal, one)
    assert names_the_row(lines, seal, other)


SEAL_COLUMNS = {
    "history_table": "kpis.historicalevidence",
    "columns": "id",
    "first_id": -1,
    "last_id": 987654,
    "rows": 0,
    "rows_sha256": NOT_A_HEAD,
    "row_marks": "00000000",
    "previous": NOT_A_HEAD,
    "sealed_by_id": None,
    "sealed_at": "2026-06-29 00:00:00+00:00",
    "sha256": NOT_A_HEAD,
    "number": 987654,
}


def test_every_column_of_a_seal_is_tampered_with():
    assert {*SEAL_COLUMNS, "id"} == {field.attname for field in Seal._meta.concrete_fields}


@pytest.mark.django_db
@pytest.mark.parametrize("column", SEAL_COLUMNS)
def test_a_seal_that_was_changed_is_named(history, column):
    seal = Seal.objects.exclude(sealed_by=None).order_by("number").first()
    with as_superuser("kpis_seal") as cursor:
        cursor.execute(f"UPDATE kpis_seal SET {connection.ops.quote_name(column)} = %s WHERE id = %s", [SEAL_COLUMNS[column], seal.pk])
    assert any(names(line, seal.number) or names(line, 987654) for line in found())


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["rows_sha256", "sealed_at", "sealed_by_id", "previous"])
def test_a_seal_whose_own_sum_was_forged_too_breaks_the_one_after_it(history, column):
    seal = Seal.objects.exclude(sealed_by=None).order_by("number").first()
    setattr(seal, column, timezone.now() if column == "sealed_at" else SEAL_COLUMNS[column])
    value = getattr(seal, column)
    with as_superuser("kpis_seal") as cursor:
        cursor.execute(f"UPDATE kpis_seal SET {column} = %s, sha256 = %s WHERE id = %s", [value, seal.digest(), seal.pk])
    assert any(names(line, seal.number + 1) for line in found())


@pytest.mark.django_db
@pytest.mark.parametrize("place", [0, 5, -2])
def test_a_seal_that_is_missing_is_named(history, place):
    seals = list(Seal.objects.order_by("number"))
    gone = seals[place]
    with as_superuser("kpis_seal") as cursor:
        cursor.execute("DELETE FROM kpis_seal WHERE id = %s", [gone.pk])
    assert any(names(line, gone.number) or names(line, gone.number + 1) for line in found())


@pytest.mark.django_db
def test_only_a_head_that_was_noted_down_tells_that_the_last_seals_are_missing(history):
    seals = list(Seal.objects.order_by("number"))
    with as_superuser("kpis_seal") as cursor:
        cursor.execute("DELETE FROM kpis_seal WHERE id = %s", [seals[-1].pk])
    run("verify_history", expect=seals[-2].sha256)
    assert seals[-1].sha256 in "".join(what_is_wrong("verify_history", expect=seals[-1].sha256))


@pytest.mark.django_db
def test_only_a_head_that_was_noted_down_tells_that_everything_was_made_anew(history, tmp_path):
    """Who may do anything rewrites the history, its ledger and the live row, and seals it all again on the same days."""
    head = run("verify_history", head=True).strip()
    with as_superuser("kpis_historicaloutcometarget", "kpis_seal") as cursor:
        cursor.execute("UPDATE kpis_historicaloutcometarget SET indicator = '別の指標' WHERE code = 't-1'")
        cursor.execute("UPDATE kpis_outcometarget SET indicator = '別の指標' WHERE code = 't-1'")
        cursor.execute("DELETE FROM kpis_seal")
    for ledger in known.ledgers():
        known.rebuild(ledger, connection)
    run("seal_history", by="auditor")
    run("verify_history")
    assert head in "".join(what_is_wrong("verify_history", expect=head))


@pytest.mark.django_db
def test_what_is_not_sealed_yet_is_held_against_the_live_rows_alone(history):
    with time_machine.travel("2026-08-02 09:00+09:00", tick=False):
        report = ProgressReport.objects.get(state=ReportState.SUBMITTED)
        report.narrative = "まだ封印されていない。"
        report.save()
    run("verify_history")
    with as_superuser("kpis_historicalprogressreport") as cursor:
        number = report.history.latest().history_id
        cursor.execute("UPDATE kpis_historicalprogressreport SET narrative = '別' WHERE history_id = %s", [number])
    assert any(names(line, "kpis.progressreport", report.pk) and "narrative" in line for line in found())
