"""An auditor's trip: three past moments give what was exported then, tampering is refused, and a gap made by hand is found."""

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from accounts.models import User
from budget.history import explain
from budget.models import Organisation, Programme
from kpis import workflow
from kpis.models import OutcomeTarget, ProgressReport

pytestmark = pytest.mark.django_db

# Each day on which the report was taken home, and what is done after it.
FIRST, SECOND, THIRD = "2026-09-02 18:00+09:00", "2026-10-05 18:00+09:00", "2026-11-02 18:00+09:00"


@pytest.fixture(autouse=True)
def _demonstration(db, time_machine):
    time_machine.move_to("2026-08-20 09:00+09:00", tick=False)
    call_command("demo", verbosity=0)


def printed(**clocks) -> str:
    out = StringIO()
    call_command("report", "overdue", stdout=out, **clocks)
    return out.getvalue()


def downloaded(client, **clocks) -> str:
    answer = client.get(reverse("kpis:overdue"), {"format": "csv", **clocks})
    assert answer.status_code == 200
    return b"".join(answer).decode()


def a_result_comes_in(overdue: OutcomeTarget) -> None:
    """An official of its division reports, a reviewer accepts, and the target is no longer overdue."""
    official, reviewer = (User.objects.get(username=f"demo-{role}") for role in ("official", "reviewer"))
    report = ProgressReport(target=overdue, fiscal_year=overdue.due_fy, value=overdue.value, reason="目標を達成した。")
    explain(report, reason="実績の入力", by=official)
    report.reported_by, report.reported_at = official, overdue.history.latest().history_date
    report.save()
    report = workflow.submit(report, by=official)
    workflow.accept(report, by=reviewer)


def everything_moves(programme: Programme) -> None:
    """The programme goes to another bureau and is renamed, one target to another programme, one is withdrawn, one is eased."""
    administrator = User.objects.get(username="demo-administrator")
    elsewhere = Organisation.objects.filter(kind="bureau").exclude(pk__in=(programme.lead_id, programme.lead.parent_id)).first()
    programme.lead, programme.display_title = elsewhere, "改称後の事業"
    explain(programme, reason="組織の改編", by=administrator)
    programme.save()
    moved, withdrawn, eased = OutcomeTarget.objects.overdue(date(2026, 10, 6)).exclude(programme=programme).filter(kind="quantitative")[:3]
    moved.programme, eased.value = programme, Decimal("0.5")
    for target in (moved, eased):
        explain(target, reason="見直しのため。", by=administrator)
        target.save()
    workflow.withdraw(withdrawn, by=administrator, reason="統合のため。")


def test_auditor_reproduces_what_was_exported_and_finds_what_was_tampered_with(client, time_machine):
    leather = OutcomeTarget.objects.get(code="meti-2024-064-04")
    taken = {}
    time_machine.move_to(FIRST, tick=False)
    taken[FIRST] = printed()
    time_machine.move_to("2026-09-20 10:00+09:00", tick=False)
    a_result_comes_in(leather)
    time_machine.move_to(SECOND, tick=False)
    taken[SECOND] = printed()
    time_machine.move_to("2026-10-06 10:00+09:00", tick=False)
    everything_moves(leather.programme)
    time_machine.move_to(THIRD, tick=False)
    taken[THIRD] = printed()
    assert leather.code in taken[FIRST]
    assert leather.code not in taken[SECOND]
    assert len(set(taken.values())) == 3

    # Months later everything is still there, from the page and from the command.
    time_machine.move_to("2027-03-01 09:00+09:00", tick=False)
    auditor = User.objects.get(username="demo-auditor")
    client.force_login(auditor)
    for moment, lines in taken.items():
        clocks = {"on": moment[:10], "known_at": moment[:16]}
        assert printed(**clocks) == lines
        assert downloaded(client, **clocks) == lines
    assert printed(on=FIRST[:10]) not in taken.values()

    # The revision that came after its deadline stands in the report of revisions.
    revised = client.get(reverse("kpis:revisions"), {"when": "late"}).content.decode()
    assert "見直しのため。" in revised

    # History refuses to be rewritten.
    for tampering in ("UPDATE kpis_historicaloutcometarget SET value = 1", "DELETE FROM kpis_historicalprogressreport"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(tampering)

    # A row that was changed past its history, and a ledger that was, are named.
    call_command("verify_history", stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kpis_outcometarget SET value = 7 WHERE code = %s", [leather.code])
        cursor.execute("UPDATE kpis_knownprogressreport SET fiscal_year = 1999 WHERE target_id = %s", [leather.pk])
    found = StringIO()
    with pytest.raises(CommandError, match=r"^\d"):
        call_command("verify_history", stdout=found)
    assert f"kpis.outcometarget {leather.pk}: value: Decimal('7.0000') ≠ Decimal('1250.0000')" in found.getvalue()
    assert "kpis.knownprogressreport" in found.getvalue()
    assert "fiscal_year: 1999 ≠ 2024" in found.getvalue()
