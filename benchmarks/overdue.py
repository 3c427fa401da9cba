"""Times the overdue report and the page of all targets against SQL written by hand for the same rule, in one run.

    DATABASE_URL=sqlite:////tmp/seika-m.sqlite3 python benchmarks/overdue.py [--repeat 15] [--plan]

Both sides answer with the number of rows, the first fifty and (overdue) the totals by bureau; they take turns. Where one answer differs
from the other, the run fails. The aim at size M: at most twice the time of the SQL plus 5 ms.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("SEIKA_DEBUG", "false")  # a debugging connection keeps every query
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from kpis import deadlines, reports  # noqa: E402
from kpis.models import OutcomeTarget  # noqa: E402

ON = date(2026, 10, 1)
PAGE = 50

# --- SQL by hand ------------------------------------------------------------------------------------------------------------------------

STANDING = "(t.withdrawn_at IS NULL OR t.withdrawn_at >= %(day_after)s)"

JUDGED = """
    CASE WHEN NOT t.each_year THEN t.due_fy
         WHEN t.last_year < %(last_ended)s
             THEN CASE WHEN t.first_year IS NULL OR t.first_year <= t.last_year THEN t.last_year END
         WHEN %(last_ended)s <= %(last_due)s OR (
                SELECT e.fiscal_year FROM kpis_progressreport e
                WHERE e.target_id = t.id AND e.fiscal_year = %(last_ended)s AND e.accepted_measured_on <= %(on)s) IS NOT NULL
             THEN CASE WHEN t.first_year IS NULL OR t.first_year <= %(last_ended)s THEN %(last_ended)s END
         ELSE CASE WHEN t.first_year IS NULL OR t.first_year < %(last_ended)s THEN %(last_ended)s - 1 END
    END AS judged_fy"""


def meets(result: str) -> str:
    """Whether the accepted figure of `result` meets the terms of the target `d`."""
    return f"""({result}.accepted_grade <= 2 OR CASE d.comparator
        WHEN 'at_least' THEN {result}.accepted_value >= d.value
        WHEN 'more_than' THEN {result}.accepted_value > d.value
        WHEN 'at_most' THEN {result}.accepted_value <= d.value
        WHEN 'less_than' THEN {result}.accepted_value < d.value
        WHEN 'within' THEN {result}.accepted_value BETWEEN d.value AND d.value_max END)"""


DECIDING = "r.target_id = d.id AND r.fiscal_year >= d.judged_fy AND (NOT d.each_year OR r.fiscal_year = d.judged_fy)"

TOLD = f"""
    max(r.fiscal_year) FILTER (WHERE r.accepted_measured_on <= %(on)s) AS latest_fy,
    max(r.fiscal_year) FILTER (WHERE r.accepted_measured_on <= %(on)s AND {meets("r")}) AS met_fy,
    max(r.fiscal_year) FILTER (WHERE r.accepted_measured_on <= %(on)s AND NOT r.accepted_preliminary) AS final_fy,
    max(r.fiscal_year) FILTER (WHERE r.state = 'submitted') AS submitted_fy"""

# What the deciding years tell of each target: an index range a target. SQLite knows no LATERAL, but lets other columns stand in a group.
FACTS = {
    "postgresql": f"SELECT d.*, f.* FROM due d CROSS JOIN LATERAL (SELECT {TOLD} FROM kpis_progressreport r WHERE {DECIDING}) f",
    "sqlite": f"SELECT d.*, {TOLD} FROM due d LEFT JOIN kpis_progressreport r ON {DECIDING} GROUP BY d.id",
}

OVERDUE = f"""
WITH RECURSIVE due AS (
    SELECT t.id, t.code, t.programme_id, t.each_year, t.comparator, t.value, t.value_max, t.accumulation, {JUDGED}
    FROM kpis_outcometarget t
    WHERE (t.due_on < %(on)s OR t.each_year) AND {STANDING}
), facts AS (
    {FACTS[connection.vendor]}
), overdue AS (
    SELECT d.id, d.code, d.programme_id, d.each_year, d.judged_fy, d.latest_fy AS basis_fy,
        CASE WHEN d.latest_fy IS NULL THEN 'unreported' ELSE 'missed' END AS status
    FROM facts d
    WHERE CASE
        WHEN d.latest_fy IS NOT NULL THEN d.met_fy IS NULL AND (d.final_fy IS NOT NULL OR d.judged_fy <= %(last_due)s) AND NOT EXISTS (
                SELECT 1 FROM kpis_closedmiss c
                WHERE c.target_id = d.id AND c.fiscal_year = d.judged_fy
                    AND c.closed_at < %(day_after)s AND (c.reopened_at IS NULL OR c.reopened_at >= %(day_after)s))
        ELSE d.judged_fy <= %(last_due)s AND d.submitted_fy IS NULL AND NOT (
            d.accumulation = 'running_total' AND NOT d.each_year AND d.comparator IN ('at_least', 'more_than') AND EXISTS (
                SELECT 1 FROM kpis_progressreport o
                WHERE o.target_id = d.id AND o.fiscal_year < d.judged_fy AND o.accepted_measured_on <= %(on)s AND {meets("o")}))
        END
)"""

OVERDUE_COUNT = f"{OVERDUE} SELECT count(*) FROM overdue"

OVERDUE_PAGE = f"""{OVERDUE}, page AS (
    SELECT o.*, p.code AS programme_code FROM overdue o JOIN budget_programme p ON p.id = o.programme_id
    ORDER BY o.judged_fy, p.code, o.code LIMIT {PAGE}
)
SELECT o.code, o.status, o.judged_fy, (
        SELECT max(e.fiscal_year) FROM kpis_progressreport e
        WHERE e.target_id = o.id AND e.accepted_measured_on <= %(on)s AND (NOT o.each_year OR e.fiscal_year = o.judged_fy)
    ), o.basis_fy, r.accepted_value, r.accepted_grade, r.accepted_measured_on,
    false, false, coalesce(r.state <> 'accepted', false), coalesce(r.accepted_preliminary, false), t.*, p.*, l.*, s.*
FROM page o
    JOIN kpis_outcometarget t ON t.id = o.id
    JOIN budget_programme p ON p.id = t.programme_id
    JOIN budget_organisation l ON l.id = p.lead_id
    LEFT JOIN budget_sourcepassage s ON s.id = t.passage_id
    LEFT JOIN kpis_progressreport r ON r.target_id = o.id AND r.fiscal_year = o.basis_fy
ORDER BY o.judged_fy, o.programme_code, o.code"""

OVERDUE_TOTALS = f"""{OVERDUE}, above (id, kind, parent_id, bureau) AS (
    SELECT id, kind, parent_id, code FROM budget_organisation
    UNION ALL
    SELECT a.id, o.kind, o.parent_id, o.code FROM above a JOIN budget_organisation o ON o.id = a.parent_id WHERE a.kind <> 'bureau'
)
SELECT a.bureau, o.status, count(*)
FROM overdue o
    JOIN budget_programme p ON p.id = o.programme_id
    JOIN above a ON a.id = p.lead_id AND (a.kind = 'bureau' OR a.parent_id IS NULL)
GROUP BY a.bureau, o.status"""

ALL_COUNT = f"SELECT count(*) FROM kpis_outcometarget t WHERE {STANDING}"

# Fifty targets first, then what their results say: the whole table of statuses.
ALL_PAGE = f"""
WITH page AS (
    SELECT t.*, {JUDGED} FROM kpis_outcometarget t WHERE {STANDING} ORDER BY t.code LIMIT {PAGE}
), d AS (
    SELECT page.*, CASE WHEN each_year THEN judged_fy IS NOT NULL ELSE coalesce(due_on < %(on)s, false) END AS passed FROM page
), told AS (
    SELECT d.id,
        max(r.fiscal_year) FILTER (WHERE r.accepted_measured_on <= %(on)s) AS latest_fy,
        max(r.fiscal_year) FILTER (WHERE r.accepted_measured_on <= %(on)s AND r.fiscal_year >= d.judged_fy AND {meets("r")}) AS met_fy,
        min(r.fiscal_year) FILTER (
            WHERE r.accepted_measured_on <= %(on)s AND r.fiscal_year >= d.judged_fy AND {meets("r")}
        ) AS first_met_fy,
        max(r.fiscal_year) FILTER (
            WHERE r.accepted_measured_on <= %(on)s AND r.fiscal_year < d.judged_fy AND {meets("r")}
            AND d.accumulation = 'running_total' AND NOT d.each_year AND d.comparator IN ('at_least', 'more_than')
        ) AS met_before_fy,
        max(r.fiscal_year) FILTER (
            WHERE r.accepted_measured_on <= %(on)s AND r.fiscal_year >= d.judged_fy AND NOT r.accepted_preliminary
        ) AS final_fy,
        max(r.fiscal_year) FILTER (WHERE r.state = 'submitted' AND r.fiscal_year >= d.judged_fy) AS submitted_fy
    FROM d LEFT JOIN kpis_progressreport r ON r.target_id = d.id AND (NOT d.each_year OR r.fiscal_year = d.judged_fy)
    GROUP BY d.id
), b AS (
    SELECT d.*, f.latest_fy, f.met_fy, f.first_met_fy, f.met_before_fy, f.final_fy, f.submitted_fy,
        CASE WHEN NOT d.passed OR (f.met_fy IS NULL AND f.latest_fy >= d.judged_fy) THEN f.latest_fy
             ELSE coalesce(f.met_fy, f.met_before_fy) END AS basis_fy,
        (SELECT m.value FROM kpis_yearlymilestone m WHERE m.target_id = d.id AND m.fiscal_year <= f.latest_fy
         ORDER BY m.fiscal_year DESC LIMIT 1) AS milestone,
        EXISTS (SELECT 1 FROM kpis_yearlymilestone m WHERE m.target_id = d.id) AS has_milestones
    FROM d JOIN told f ON f.id = d.id
), q AS (
    SELECT d.*, r.accepted_value, r.accepted_grade, r.accepted_measured_on, r.accepted_preliminary, r.state AS report_state,
        coalesce({meets("r")}, false) AS meets,
        CASE WHEN NOT d.has_milestones AND d.baseline_year < d.latest_fy AND d.latest_fy <= d.due_fy AND d.comparator <> 'within'
             THEN CASE WHEN d.comparator IN ('at_least', 'more_than') THEN 1 ELSE -1 END * (
                 (CAST(round(d.value * 10000) AS bigint) - CAST(round(d.baseline_value * 10000) AS bigint))
                 * (d.latest_fy - d.baseline_year)
                 - (CAST(round(r.accepted_value * 10000) AS bigint) - CAST(round(d.baseline_value * 10000) AS bigint))
                 * (d.due_fy - d.baseline_year))
        END AS behind_line_by
    FROM b d LEFT JOIN kpis_progressreport r ON r.target_id = d.id AND r.fiscal_year = d.basis_fy
), standing AS (
    SELECT q.*, CASE
        WHEN passed AND (met_fy IS NOT NULL OR meets) THEN 'achieved'
        WHEN passed AND basis_fy IS NOT NULL AND (final_fy IS NOT NULL OR judged_fy <= %(last_due)s) THEN 'missed'
        WHEN passed AND basis_fy IS NULL AND judged_fy <= %(last_due)s AND submitted_fy IS NULL THEN 'unreported'
        WHEN passed THEN 'awaiting_result'
        WHEN each_year THEN 'no_data'
        WHEN meets AND (kind = 'qualitative' OR comparator IN ('at_least', 'more_than') OR due_on IS NULL) THEN 'achieved'
        WHEN due_on IS NULL THEN 'no_deadline'
        WHEN latest_fy IS NULL THEN 'no_data'
        WHEN accepted_grade >= 4 OR (NOT meets AND (behind_line_by > 0
            OR (comparator IN ('at_least', 'more_than') AND accepted_value < milestone)
            OR (comparator IN ('at_most', 'less_than') AND accepted_value > milestone))) THEN 'behind'
        WHEN NOT meets AND kind = 'quantitative' AND (comparator = 'within' OR (milestone IS NULL AND behind_line_by IS NULL))
            THEN 'in_progress'
        WHEN latest_fy < %(last_due)s THEN 'in_progress'
        ELSE 'on_track' END AS status
    FROM q
)
SELECT o.code, o.status, o.judged_fy, o.latest_fy, o.basis_fy, o.accepted_value, o.accepted_grade, o.accepted_measured_on,
    o.passed AND coalesce(o.first_met_fy > o.judged_fy, false), o.status = 'awaiting_result' AND o.submitted_fy IS NOT NULL,
    coalesce(o.report_state <> 'accepted', false), coalesce(o.accepted_preliminary, false), o.*, p.*, l.*, s.*
FROM standing o
    JOIN budget_programme p ON p.id = o.programme_id
    JOIN budget_organisation l ON l.id = p.lead_id
    LEFT JOIN budget_sourcepassage s ON s.id = o.passage_id
ORDER BY o.code"""

# --- Both sides' answers ------------------------------------------------------------------------------------------------------------------

COMPARED = (
    "code", "status", "judged_fy", "latest_fy", "basis_fy", "basis_value", "basis_grade", "basis_measured_on",
    "achieved_late", "awaiting_acceptance", "under_correction", "preliminary",
)  # fmt: skip
TRUTHS = COMPARED[8:]


class Answer(NamedTuple):
    """What a report shows: how many rows, its first page, and its totals as (bureau, status, number)."""

    count: int
    page: list
    totals: list


def overdue_by_product(on: date) -> Answer:
    rows = reports.overdue_targets(on)
    return Answer(rows.count(), list(rows[:PAGE]), reports.totals_by_bureau(rows))


def overdue_by_hand(on: date) -> Answer:
    known = _facts_of(on)
    return Answer(_fetched(OVERDUE_COUNT, known)[0][0], _fetched(OVERDUE_PAGE, known), _fetched(OVERDUE_TOTALS, known))


def all_by_product(on: date) -> Answer:
    rows = reports.targets_on(on)
    return Answer(rows.count(), list(rows[:PAGE]), [])


def all_by_hand(on: date) -> Answer:
    known = _facts_of(on)
    return Answer(_fetched(ALL_COUNT, known)[0][0], _fetched(ALL_PAGE, known), [])


REPORTS: dict[str, tuple[Callable[[date], Answer], Callable[[date], Answer]]] = {
    "overdue": (overdue_by_product, overdue_by_hand),
    "all targets": (all_by_product, all_by_hand),
}


def _facts_of(on: date) -> dict:
    midnight = datetime.combine(on + timedelta(days=1), datetime.min.time(), ZoneInfo(settings.TIME_ZONE))
    return {
        "on": connection.ops.adapt_datefield_value(on),
        "day_after": connection.ops.adapt_datetimefield_value(midnight),
        "last_due": deadlines.last_due_year(on, settings.SEIKA_RESULTS_DUE),
        "last_ended": deadlines.last_ended_year(on),
    }


def _fetched(sql: str, known: dict) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, known)
        return cursor.fetchall()


def comparable(answer: Answer) -> Answer:
    """The answer in one shape, whichever side it comes from."""
    rows = [row[: len(COMPARED)] if isinstance(row, tuple) else tuple(getattr(row, name) for name in COMPARED) for row in answer.page]
    totals = [
        [total] if isinstance(total, tuple) else [(total.organisation.code, status, number) for status, number in total.counts.items()]
        for total in answer.totals
    ]
    return Answer(answer.count, [_plain(row) for row in rows], sorted((b, str(s), n) for some in totals for b, s, n in some))


def _plain(row: tuple) -> tuple:
    told = dict(zip(COMPARED, row, strict=True))
    told["status"] = str(told["status"])
    told["basis_value"] = None if told["basis_value"] is None else Decimal(str(told["basis_value"])).quantize(Decimal("0.0001"))
    told["basis_measured_on"] = told["basis_measured_on"] and str(told["basis_measured_on"])
    return tuple(bool(value) if name in TRUTHS else value for name, value in told.items())


# --- The run ------------------------------------------------------------------------------------------------------------------------------


def measure(on: date, repeat: int) -> None:
    targets = OutcomeTarget.objects.count()
    print(f"{connection.vendor}, {targets:,} targets, on {on}, median of {repeat}")
    print(f"{'':12} {'rows':>7} {'product':>10} {'by hand':>10} {'ratio':>6}  at most 2 x + 5 ms")
    for name, (product, hand) in REPORTS.items():
        ours, theirs = comparable(product(on)), comparable(hand(on))
        for part in Answer._fields:
            if getattr(ours, part) != getattr(theirs, part):
                sys.exit(f"{name}: {part} differ\nproduct: {getattr(ours, part)}\nby hand: {getattr(theirs, part)}")
        taken: dict[Callable, list[float]] = {product: [], hand: []}
        for _ in range(repeat):
            for side in taken:
                started = time.perf_counter()
                side(on)
                taken[side].append((time.perf_counter() - started) * 1000)
        ms = [median(times) for times in taken.values()]
        kept = "yes" if ms[0] <= 2 * ms[1] + 5 else "NO"
        print(f"{name:12} {ours.count:>7,} {ms[0]:>7.1f} ms {ms[1]:>7.1f} ms {ms[0] / ms[1]:>6.2f}  {kept}")


def show_plans(on: date) -> None:
    options = {"analyze": True, "buffers": True} if connection.vendor == "postgresql" else {}
    explain = "EXPLAIN (ANALYZE, BUFFERS) " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    for name, rows, sql in (
        ("overdue", reports.overdue_targets(on), OVERDUE_PAGE),
        ("all targets", reports.targets_on(on), ALL_PAGE),
    ):
        print(f"\n--- {name}, first page, product\n{rows[:PAGE].explain(**options)}")
        print(f"\n--- {name}, first page, by hand")
        for row in _fetched(explain + sql, _facts_of(on)):
            print(*row)


def run(description: str, measure: Callable[[date, int], None], show_plans: Callable[[date], None]) -> None:
    """Read the command line, measure, and on request show the plans."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--on", type=date.fromisoformat, default=ON, help="the day to evaluate on (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--plan", action="store_true", help="also show how the database goes about the first pages")
    options = parser.parse_args()
    measure(options.on, options.repeat)
    if options.plan:
        show_plans(options.on)


if __name__ == "__main__":
    run("Time the reports against SQL written by hand.", measure, show_plans)
