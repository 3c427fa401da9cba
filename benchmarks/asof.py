"""Times the reports as known at moments of the past against the same reports as recorded now, in one run.

    DATABASE_URL=sqlite:////tmp/seika-m.sqlite3 python benchmarks/asof.py --plan

The database is one that `benchmarks/generate.py` filled. A moment after everything must give the report of now; of each moment the rows
are counted, because an old one knows fewer.
"""

import sys
import time
from datetime import date, datetime, timedelta
from statistics import median

from django.db import connection
from django.utils import timezone
from overdue import PAGE, run  # it sets Django up

from kpis import reports, revisions
from kpis.asof import Clocks, as_known_at
from kpis.models import start_of_day

# Everything was recorded by the first; then a year's results fewer and fewer. The targets themselves are of April 2024.
MOMENTS = {"recent": None, "a year ago": date(2025, 9, 1), "two years ago": date(2024, 9, 1), "before all": date(2020, 9, 1)}
AIMS = {"recent": 1.5}
OLD = 3.5


def overdue(on: date) -> tuple:
    rows = reports.overdue_targets(on)
    page = [(target.code, target.status, target.programme.lead.name) for target in rows[:PAGE]]
    return rows.count(), page, [(total.organisation.code, total.counts) for total in reports.totals_by_bureau(rows)]


def all_targets(on: date) -> tuple:
    rows = reports.targets_on(on).order_by("programme__code", "code")
    return rows.count(), [(target.code, target.status, target.programme.lead.name) for target in rows[:PAGE]]


def closed_misses(on: date) -> tuple:
    rows = reports.closed_misses(on)
    return rows.count(), [(target.code, target.closed_by) for target in rows[:PAGE]]


def revised(on: date) -> tuple:
    rows = revisions.revisions().select_related("history_user")
    return rows.count(), [(one.target.code, one.days) for one in revisions.told(rows[:PAGE], Clocks(on))]


REPORTS = {"overdue": overdue, "all targets": all_targets, "closed misses": closed_misses, "revisions": revised}


def moment_of(day: date | None) -> datetime:
    return start_of_day(day) if day else timezone.now() - timedelta(minutes=2)


def measure(on: date, repeat: int) -> None:
    """Each round asks for now and for every moment in turn, so that all of them meet the same machine."""
    print(f"{connection.vendor}, on {on}, median of {repeat}")
    for name, report in REPORTS.items():
        answers, times = {}, {}
        for _ in range(repeat + 1):  # the first round warms up
            for label, moment in {"now": None, **{label: moment_of(day) for label, day in MOMENTS.items()}}.items():
                with as_known_at(moment):
                    started = time.perf_counter()
                    answers[label] = report(on)
                    times.setdefault(label, []).append((time.perf_counter() - started) * 1000)
        if answers["recent"] != answers["now"]:
            sys.exit(f"{name}: what was recorded by now is another report than that of now")
        live, *past = ((label, median(taken[1:])) for label, taken in times.items())
        print(f"{name:14} now            {answers['now'][0]:>7,} rows {live[1]:>8.1f} ms")
        for label, ms in past:
            aim = AIMS.get(label, OLD)
            kept = "yes" if ms <= aim * live[1] else "NO"
            print(f"{'':14} {label:14} {answers[label][0]:>7,} rows {ms:>8.1f} ms {ms / live[1]:>6.2f} x, aimed {aim} x: {kept}")


def show_plans(on: date) -> None:
    options = {"analyze": True, "buffers": True} if connection.vendor == "postgresql" else {}
    for label, day in MOMENTS.items():
        with as_known_at(moment_of(day)):
            print(f"\n--- overdue, first page, {label}\n{reports.overdue_targets(on)[:PAGE].explain(**options)}")


if __name__ == "__main__":
    run("Time the reports of the past against those of now.", measure, show_plans)
