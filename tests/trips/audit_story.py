"""What happens on the empty database that DATABASE_URL names, in a process of its own: years of history, or an audit of them.

`python -m tests.trips.audit_story lived FOLDER` and `python -m tests.trips.audit_story audited FOLDER FIXTURE HEAD`. Both leave in the
folder what the reports said (`asked`) and a dump (`fixture`); the former also what they said on the day (`taken`) and the heads (`heads`).
"""

import sys
from io import StringIO
from pathlib import Path

import django
import time_machine
from django.core.management import call_command, execute_from_command_line

FIRST, SECOND, THIRD = MOMENTS = ("2026-09-02 18:00", "2026-10-05 18:00", "2026-11-02 18:00")
DUMPED = ("--on", "2027-02-28", "--by", "demo-auditor")


def at(moment: str, *command: str) -> None:
    """A command as from the console."""
    with time_machine.travel(f"{moment}+09:00", tick=False):
        execute_from_command_line(["manage.py", *command])


def head() -> str:
    out = StringIO()
    call_command("verify_history", "--head", stdout=out)
    return out.getvalue().strip()


def asked(folder: Path) -> None:
    """What was overdue at each of the moments, as it was known then."""
    folder.mkdir()
    for number, moment in enumerate(MOMENTS):
        at("2027-03-02 09:00", "report", "overdue", "--on", moment[:10], "--known-at", moment, "--output", str(folder / f"{number}.csv"))


def taken(folder: Path, moment: str) -> None:
    """What is overdue now."""
    folder.mkdir(exist_ok=True)
    at(moment, "report", "overdue", "--output", str(folder / f"{MOMENTS.index(moment)}.csv"))


def lived(folder: Path) -> None:
    from kpis.models import OutcomeTarget
    from tests.trips.test_audit_of_the_past import a_result_comes_in, everything_moves

    at("2026-08-20 09:00", "demo", "--verbosity", "0")
    taken(folder / "taken", FIRST)
    leather = OutcomeTarget.objects.get(code="meti-2024-064-04")
    with time_machine.travel("2026-09-20 10:00:00.000001+09:00", tick=False):
        a_result_comes_in(leather)
    taken(folder / "taken", SECOND)
    with time_machine.travel("2026-10-06 10:00:00.999999+09:00", tick=False):
        everything_moves(leather.programme)
        _a_bureau_is_renamed(leather.programme.lead)
    taken(folder / "taken", THIRD)
    at("2026-11-30 03:00", "seal_history")
    first = head()
    with time_machine.travel("2026-12-10 10:00+09:00", tick=False):
        _more_happens()
    at("2026-12-31 03:00", "seal_history", "--by", "demo-administrator")
    (folder / "heads").write_text(f"{first} {head()}")
    for name, moment in (("fixture", "2027-03-01 09:00"), ("again", "2027-03-01 17:00")):
        at(moment, "dump_audit_fixture", str(folder / name), *DUMPED)
    asked(folder / "asked")


def _a_bureau_is_renamed(bureau) -> None:
    from budget.history import explain

    bureau.name = "改称局"
    explain(bureau, reason="組織令の改正")
    bureau.save()


def _more_happens() -> None:
    """What is awkward to write down: two rows of one instant, a deletion, texts with every kind of character, figures of four decimals."""
    from decimal import Decimal

    from accounts.models import User
    from budget.history import explain
    from kpis.models import OutcomeTarget, ProgressReport, YearlyMilestone

    reviewer = User.objects.get(username="demo-reviewer")
    target = OutcomeTarget.objects.filter(kind="quantitative", due_on__gte="2027-04-01").first()
    for value in (Decimal("-0.0001"), Decimal("99999999999.9999")):
        target.value, target.note = value, '"引用"\\ 𠮟る\u2028改行\r\n\tタブ'
        explain(target, reason="訂正\n二行目", by=reviewer)
        target.save()
    milestone = YearlyMilestone.objects.create(target=target, fiscal_year=2026, value=Decimal(0))
    explain(milestone, reason="重複のため。", by=reviewer)
    milestone.delete()
    report = ProgressReport(target=target, fiscal_year=2024, value=Decimal("0.5"), narrative="① 〜 ～ ﾊﾝｶｸ")
    explain(report, reason="", by=reviewer)
    report.save()


def audited(folder: Path, fixture: str, first_head: str) -> None:
    at("2027-03-02 09:00", "load_audit_fixture", fixture)
    at("2027-03-02 10:00", "verify_audit_fixture", fixture, "--expect", first_head)
    asked(folder / "asked")
    at("2027-03-02 11:00", "dump_audit_fixture", str(folder / "fixture"), *DUMPED)


def main(step: str, folder: str, *arguments: str) -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    Path(folder).mkdir()
    {"lived": lived, "audited": audited}[step](Path(folder), *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
