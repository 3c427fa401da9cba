"""Prints what the reports answer on the database that DATABASE_URL names, an empty one: `python -m tests.kpis.answers`.

The same targets, results and days wherever it runs, so that what is printed can be compared between databases.
"""

import json
import sys
from datetime import date
from random import Random

import django
from django.conf import settings

SEEDS = range(8)
DAYS = (date(2024, 4, 1), date(2026, 3, 31), date(2026, 4, 1), date(2026, 8, 31), date(2026, 9, 1), date(2028, 9, 1))
ORDERS = ("due", "-due", "programme", "-programme", "organisation", "-organisation", "status", "-status")


def main() -> None:
    settings.MIGRATION_MODULES = dict.fromkeys(("accounts", "budget", "kpis", "admin", "auth", "contenttypes", "sessions"))
    django.setup()
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    _seed()
    json.dump(_answers(), sys.stdout, ensure_ascii=False)


def _seed() -> None:
    """The cases worked by hand and random ones, spread over programmes and organisations whose codes sort in more than one way."""
    from budget.models import Organisation, Programme
    from kpis.models import OutcomeTarget
    from tests.kpis.scenarios import store
    from tests.kpis.status_cases import CASES
    from tests.kpis.test_status import a_target, some_reports

    scenarios = [(case.target, case.reports) for case in CASES]
    for seed in SEEDS:
        draw = Random(seed)
        drawn = [a_target(draw) for _ in range(30)]
        scenarios += [(target, some_reports(draw, target)) for target in drawn]
    targets = store(scenarios)

    ministry = Organisation.objects.get()
    bureaus = [Organisation.objects.create(code=code, name=code, kind="bureau", parent=ministry) for code in ("b-10", "b-9", "b_1", "B")]
    programmes = [
        Programme.objects.create(code=code, display_title="事業", lead=bureaus[number % len(bureaus)], lead_origin="entered")
        for number, code in enumerate(("p-2", "p-10", "p10", "P-1", "p_1", "pa"))
    ]
    for number, target in enumerate(targets):
        target.programme = programmes[number % len(programmes)]
    OutcomeTarget.objects.bulk_update(targets, ["programme"])


def _answers() -> dict[str, list]:
    from django.http import QueryDict

    from budget.table import csv_lines
    from kpis import reports
    from kpis.filters import OutcomeTargetFilterSet, OverdueFilterSet

    names = [column.name for column in reports.TARGET_COLUMNS]

    def lines(targets):
        rows = ([column.value(target) for column in reports.TARGET_COLUMNS] for target in targets)
        return [line.decode() for line in csv_lines(names, rows)]

    answers = {}
    for on in DAYS:
        overdue = reports.overdue_targets(on, ("missed", "unreported", "awaiting_result"))
        answers[f"statuses on {on}"] = lines(reports.targets_on(on).order_by("pk"))
        answers[f"totals on {on}"] = [
            [total.organisation.code, sorted(total.counts.items())] for total in reports.totals_by_bureau(overdue)
        ]
        answers[f"no last day on {on}"] = sorted(reports.no_last_day_counts(on).items())
        answers[f"overdue on {on}"] = lines(overdue)
        for order in ORDERS:
            asked = QueryDict(f"sort={order}")
            answers[f"overdue on {on} by {order}"] = [target.code for target in OverdueFilterSet(asked, queryset=overdue).qs]
            answers[f"list on {on} by {order}"] = [
                target.code for target in OutcomeTargetFilterSet(asked, queryset=reports.targets_on(on)).qs
            ]
    return answers


if __name__ == "__main__":
    main()
