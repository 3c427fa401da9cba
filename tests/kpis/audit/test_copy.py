"""A loaded copy is read by everybody as by an auditor, says whose copy of when it is, and takes nothing."""

from functools import cache
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from budget.models import Organisation
from kpis.audit import copy, dump, load
from kpis.models import AuditCopy, ProgressReport

pytestmark = pytest.mark.django_db
asked_once = copy.of_this_site


@pytest.fixture
def loaded(taken, monkeypatch):
    """A fixture's directory; the site is its copy."""
    load.load(taken)
    monkeypatch.setattr(copy, "of_this_site", cache(asked_once.__wrapped__))
    return taken


def test_database_takes_nothing(loaded):
    for model in [*dump.tables().values(), AuditCopy]:
        table, key = model._meta.db_table, model._meta.pk.column
        for statement in (
            f"DELETE FROM {table}",
            f"UPDATE {table} SET {key} = {key}",
            f"INSERT INTO {table} SELECT * FROM {table}",
        ):
            with pytest.raises(IntegrityError, match=r"only read|append-only"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


def test_every_page_says_whose_copy_of_when_it_is(loaded, client):
    for name in ("kpis:dashboard", "kpis:overdue", "admin:index", "admin:kpis_outcometarget_changelist"):
        page = client.get(reverse(name)).content.decode()
        assert "https://seika.example" in page
        assert "山田（yamada）" in page
        assert "2026-09-01" in page


def test_site_that_is_no_copy_says_nothing(client):
    assert "audit-copy" not in client.get(reverse("kpis:dashboard")).content.decode()


def test_everybody_reads_as_an_auditor(loaded, client):
    draft = ProgressReport.objects.first()
    for address in (
        reverse("admin:accounts_user_changelist"),
        reverse("admin:kpis_seal_changelist"),
        reverse("admin:kpis_progressreport_change", args=[draft.pk]),
        reverse("kpis:round"),
        reverse("kpis:changes"),
        reverse("kpis:work"),
    ):
        assert client.get(address).status_code == 200, address
    assert client.get(reverse("admin:budget_organisation_add")).status_code == 403


def test_nothing_is_sent(loaded, client):
    for address in (reverse("admin:login"), reverse("admin:budget_organisation_add"), reverse("admin:logout")):
        answer = client.post(address, {})
        assert answer.status_code == 403
        assert "監査用の写し" in answer.content.decode()


def test_language_is_still_chosen(loaded, client):
    assert client.post(reverse("set_language"), {"language": "en"}).status_code == 302
    assert "Audit copy, only read." in client.get(reverse("kpis:dashboard")).content.decode()


def test_command_that_writes_ends_in_words(loaded, tmp_path):
    (tmp_path / "rows.json").write_text('[{"model": "budget.organisation", "fields": {"code": "x", "name": "x", "kind": "ministry"}}]')
    with pytest.raises(CommandError, match="only read"):
        call_command("loaddata", str(tmp_path / "rows.json"), stdout=StringIO())
    assert not Organisation.objects.filter(code="x").exists()


def test_a_copy_of_the_copy_has_the_same_bytes(loaded, tmp_path):
    call_command("dump_audit_fixture", str(tmp_path / "again"), on="2030-01-01", stdout=StringIO())
    assert (tmp_path / "again" / "manifest.json").read_bytes() == (loaded / "manifest.json").read_bytes()


def test_verification_of_the_copy_tells_each_step(loaded):
    out = StringIO()
    call_command("verify_audit_fixture", str(loaded), stdout=out)
    assert [line.rpartition(" ")[2] for line in out.getvalue().splitlines()] == ["異常なし"] * 4


def test_verification_asks_for_the_copy(taken, tmp_path):
    with pytest.raises(CommandError):
        call_command("verify_audit_fixture", str(taken), stdout=StringIO())
    load.load(taken)
    dump.dump(tmp_path / "other", origin={"site": "https://other.example", "by": None, "on": "2026-09-01"})
    with pytest.raises(CommandError):
        call_command("verify_audit_fixture", str(tmp_path / "other"), stdout=StringIO())


def test_verification_finds_what_was_changed_in_the_copy(loaded):
    with connection.cursor() as cursor:
        for name in (f"budget_organisation_copy{suffix}" for suffix in ("_update",) if connection.vendor == "sqlite"):
            cursor.execute(f"DROP TRIGGER {name}")
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE budget_organisation DISABLE TRIGGER USER")
        cursor.execute("UPDATE budget_organisation SET name = '別の課' WHERE code = 'division'")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit_fixture", str(loaded), stdout=out)
    number = Organisation.objects.get(code="division").pk
    assert f"budget.organisation {number}: name: '別の課' ≠ '改称後の課'" in out.getvalue()
    assert "budget.organisation.jsonl" in out.getvalue()


def test_history_of_a_copy_is_not_sealed(loaded):
    with pytest.raises(CommandError, match="監査用の写し"):
        call_command("seal_history")
