"""Fills a migrated database without programmes with made-up targets and results: in every run the same.

    DATABASE_URL=sqlite:////tmp/seika-m.sqlite3 python manage.py migrate
    DATABASE_URL=sqlite:////tmp/seika-m.sqlite3 python benchmarks/generate.py --size M

Every row has its history. Results stand in the order in which they would have come in: year by year. They go up to FY2025.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, models, transaction  # noqa: E402

from accounts.models import Posting, User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from budget.fiscal import last_day  # noqa: E402
from budget.models import Organisation, OrganisationKind, Programme, SourceDocument, SourcePassage  # noqa: E402
from kpis.choices import Accumulation, Comparator, DeadlineKind, Kind, ReportState, Term  # noqa: E402
from kpis.models import ClosedMiss, OutcomeTarget, ProgressReport, YearlyMilestone  # noqa: E402


class Size(NamedTuple):
    programmes: int
    targets: int
    results: int


SIZES = {"S": Size(113, 266, 2_660), "M": Size(6_000, 20_000, 200_000)}
SEED = 20240401
MINISTRIES, BUREAUS, DIVISIONS = 4, 10, 20  # divisions: of each bureau
LAST_RESULT = 2025
DUE_YEARS = range(2021, 2033)
LOADED_AT = datetime(2024, 4, 1, tzinfo=UTC)
BATCH = 1_000

UPWARD = (Comparator.AT_LEAST, Comparator.MORE_THAN)


class Step(NamedTuple):
    """What a progress report looked like for a while: its history tells one row for each."""

    state: ReportState
    has_decision: bool
    has_accepted_figure: bool


DRAFT = Step(ReportState.DRAFT, False, False)
SUBMITTED = Step(ReportState.SUBMITTED, False, False)
ACCEPTED = Step(ReportState.ACCEPTED, True, True)
RETURNED = Step(ReportState.RETURNED, True, False)
REOPENED = Step(ReportState.RETURNED, True, True)
TAKEN_DOWN = Step(ReportState.TAKEN_DOWN, True, False)

# How often a report came to stand where it stands.
WAYS = {
    (DRAFT, SUBMITTED, ACCEPTED): 880,
    (DRAFT, SUBMITTED, RETURNED, SUBMITTED, ACCEPTED): 50,
    (DRAFT, SUBMITTED): 30,
    (DRAFT,): 10,
    (DRAFT, SUBMITTED, RETURNED): 10,
    (DRAFT, SUBMITTED, ACCEPTED, REOPENED): 10,
    (DRAFT, SUBMITTED, ACCEPTED, TAKEN_DOWN): 10,
}


def generate(size: Size) -> None:
    """All rows of a size in one transaction."""
    draw = Random(SEED)
    with transaction.atomic():
        divisions, officials, reviewer = _people(draw)
        programmes = _programmes(draw, size, divisions)
        targets = _targets(draw, size, programmes)
        _store(YearlyMilestone, _milestones(draw, targets))
        _store_reports(draw, _results(draw, size, targets), officials, reviewer)
        _store(ClosedMiss, _closed_misses(targets, reviewer))


def _people(draw: Random) -> tuple[list[Organisation], dict[int, User], User]:
    """The organisations, an official for each division by the division's id, and one reviewer."""
    kinds = OrganisationKind
    ministries = _store(Organisation, (Organisation(code=f"m{n}", name=f"第{n}省", kind=kinds.MINISTRY) for n in range(MINISTRIES)))
    bureaus = _store(
        Organisation,
        (
            Organisation(
                code=f"b{n:02}",
                name=f"第{n}局",
                kind=kinds.BUREAU,
                parent=ministries[n % MINISTRIES] if n < MINISTRIES else draw.choice(ministries),
            )
            for n in range(BUREAUS)
        ),
    )
    divisions = _store(
        Organisation,
        (
            Organisation(code=f"{bureau.code}-{n:02}", name=f"{bureau.name}第{n}課", kind=kinds.DIVISION, parent=bureau)
            for bureau in bureaus
            for n in range(DIVISIONS)
        ),
    )
    people = [
        User(username=f"official-{division.code}", name=f"{division.name}担当", password="!", joined_at=LOADED_AT) for division in divisions
    ]
    *officials, reviewer = _store(User, [*people, User(username="reviewer", name="審査者", password="!", joined_at=LOADED_AT)])
    posted = [(user, division, Role.OFFICIAL) for user, division in zip(officials, divisions, strict=True)]
    posted += [(reviewer, ministry, Role.REVIEWER) for ministry in ministries]
    _store(Posting, (Posting(user=user, organisation=place, role=role, from_on=date(2015, 4, 1)) for user, place, role in posted))
    return divisions, {division.pk: user for user, division, _ in posted[: len(divisions)]}, reviewer


def _programmes(draw: Random, size: Size, divisions: list[Organisation]) -> list[Programme]:
    def programme(number: int) -> Programme:
        open_ended = draw.random() < 0.3
        title = f"事業{number}の推進に必要な経費"
        return Programme(
            code=f"p-{number:05}",
            title=title,
            display_title=title,
            lead=draw.choice(divisions),
            lead_origin="document",
            start_fiscal_year=draw.randint(2008, 2018),
            end_fiscal_year=None if open_ended else draw.randint(2021, 2030),
            open_ended=open_ended,
            period_origin="document",
        )

    return _store(Programme, (programme(number) for number in range(1, size.programmes + 1)))


def _targets(draw: Random, size: Size, programmes: list[Programme]) -> list[OutcomeTarget]:
    """Each programme has one target or more; each target is quoted from a document of its time."""
    documents = _store(
        SourceDocument,
        (
            SourceDocument(
                code=f"d-{year}", title=f"{year}年度の事業概要", issuer="第0省", issued=str(year - 1), budget_year=year,
                sha256=sha256(str(year).encode()).hexdigest(),
            )
            for year in range(2016, 2025)
        ),
    )  # fmt: skip
    places = sorted([*range(len(programmes)), *(draw.randrange(len(programmes)) for _ in range(size.targets - len(programmes)))])
    targets = [_target(draw, number, programmes[place]) for number, place in enumerate(places, 1)]
    for target in targets:
        said_in = draw.choice([document for document in documents if document.budget_year <= min(target.deadline_year or 2024, 2024)])
        line = draw.randint(1, 5_000)
        target.passage = SourcePassage(
            code=f"s-{target.code}", document=said_in, programme=target.programme, part="statement", line_from=line, line_to=line + 1,
            quote=target.statement,
        )  # fmt: skip
    _store(SourcePassage, [target.passage for target in targets])
    for target in targets:
        target.passage = target.passage  # its key is known only now
        target.derive()
    return _store(OutcomeTarget, targets)


def _target(draw: Random, number: int, programme: Programme) -> OutcomeTarget:
    return OutcomeTarget(
        code=f"t-{number:06}",
        programme=programme,
        term=draw.choice(Term.values),
        statement=f"第{number}の成果目標について、所定の水準に到達することを目指す。",
        indicator=f"指標{number}",
        approximate=draw.random() < 0.05,
        **_goal(draw),
        **_deadline(draw),
    )


def _goal(draw: Random) -> dict:
    if draw.random() < 0.2:
        return {"kind": Kind.QUALITATIVE}
    comparator = draw.choices(Comparator.values, (70, 5, 15, 5, 5))[0]
    value = Decimal(draw.randint(50, 5_000)) / draw.choice((1, 1, 10))
    goal = {
        "kind": Kind.QUANTITATIVE,
        "comparator": comparator,
        "comparator_assumed": draw.random() < 0.2,
        "value": value,
        "value_max": value * 2 if comparator == Comparator.WITHIN else None,
        "unit": draw.choice(("件", "%", "者", "億円")),
        "accumulation": draw.choices(Accumulation.values, (70, 30))[0],
        "accumulation_assumed": draw.random() < 0.3,
    }
    if draw.random() < 0.5:
        goal |= {"baseline_value": value / 2 if comparator in UPWARD else value * 2, "baseline_year": draw.randint(2012, 2018)}
    return goal


def _deadline(draw: Random) -> dict:
    """15 in 100 each year, 20 without a last day, the others due in `DUE_YEARS`."""
    year = draw.choice(DUE_YEARS)
    due = draw.choices(("each_year", "without", "due"), (15, 20, 65))[0]
    if due == "each_year":
        return {"each_year": True, **({"deadline_kind": DeadlineKind.FISCAL_YEAR, "deadline_year": year} if draw.random() < 0.5 else {})}
    if due == "without":
        return {"deadline_kind": DeadlineKind.AFTER_EVENT, "deadline_offset_years": 3} if draw.random() < 0.2 else {}
    kind = draw.choices(
        (DeadlineKind.FISCAL_YEAR, DeadlineKind.PLAN_PERIOD, DeadlineKind.CALENDAR_YEAR, DeadlineKind.DATE), (65, 10, 20, 5)
    )[0]
    if kind == DeadlineKind.DATE:
        return {"deadline_kind": kind, "deadline_on": date(year, draw.randint(1, 12), 28)}
    return {"deadline_kind": kind, "deadline_year": year}


def _milestones(draw: Random, targets: list[OutcomeTarget]) -> Iterator[YearlyMilestone]:
    """Five years up to the deadline for half of all targets, which is five of eight that have a number."""
    for target in targets:
        if target.kind == Kind.QUANTITATIVE and draw.random() < 0.625:
            last = target.due_fy or target.last_year or LAST_RESULT
            for year in range(last - 4, last + 1):
                share = Decimal(100 - 10 * (last - year)) / 100
                value = target.value * (share if target.comparator in UPWARD else 2 - share)
                yield YearlyMilestone(target=target, fiscal_year=year, value=value, is_target_year=year == last)


def _closed_misses(targets: list[OutcomeTarget], reviewer: User) -> Iterator[ClosedMiss]:
    """One in ten of the targets due is closed for the case that it missed, two years after its deadline's year began."""
    for target in targets[::10]:
        if target.due_fy and target.due_fy < LAST_RESULT:
            closed_at = datetime(target.due_fy + 2, 4, 1, tzinfo=UTC)
            yield ClosedMiss(target=target, fiscal_year=target.due_fy, closed_by=reviewer, closed_at=closed_at, reason="後継事業に引継ぎ")


class Result(NamedTuple):
    fiscal_year: int
    target: OutcomeTarget
    value: Decimal | None
    grade: int | None


def _results(draw: Random, size: Size, targets: list[OutcomeTarget]) -> list[Result]:
    """Six to fourteen years of results a target, ten on average: 60 in 100 up to the year that decides, the others not so far."""
    told = []
    offset = 0
    for number, target in enumerate(targets):
        offset = draw.randint(-4, 4) if number % 2 == 0 else -offset
        judged = min(target.due_fy or target.last_year or LAST_RESULT, LAST_RESULT)
        last = judged + draw.choice((0, 0, 0, 1)) if draw.random() < 0.6 else judged - draw.randint(1, 2)
        last = min(last, LAST_RESULT)
        for year in range(last - size.results // size.targets - offset + 1, last + 1):
            told.append(Result(year, target, *_figure(draw, target, last - year)))
    return sorted(told, key=lambda result: (result.fiscal_year, result.target.pk))


def _figure(draw: Random, target: OutcomeTarget, years_ago: int) -> tuple[Decimal | None, int | None]:
    """A value that comes nearer to the target from year to year and in half of all cases reaches it; or a grade."""
    if target.kind == Kind.QUALITATIVE:
        return None, draw.choice((1, 2, 2, 3, 3, 4, 5))
    short = Decimal(draw.randint(-10, 10) + 4 * years_ago) / 100
    return (target.value * (1 - short if target.comparator in UPWARD else 1 + short)).quantize(Decimal("0.1")), None


def _store_reports(draw: Random, results: list[Result], officials: dict[int, User], reviewer: User) -> None:
    for some in _batches(results):
        reports = [_report(draw, result, officials[result.target.programme.lead_id], reviewer) for result in some]
        ways = draw.choices(list(WAYS), WAYS.values(), k=len(reports))
        told = []
        for report, way in zip(reports, ways, strict=True):
            steps = []
            for step in way:
                _take(report, step, reviewer)
                steps.append({**report.__dict__})
            told.append(steps)
        ProgressReport.objects.bulk_create(reports)
        rows = []
        for report, steps in zip(reports, told, strict=True):
            for number, step in enumerate(steps):
                row = _history_row(
                    ProgressReport, step | {"id": report.pk}, "~" if number else "+", report.reported_at.replace(day=1 + number)
                )
                row.history_user_id = step["decided_by_id"] or step["reported_by_id"]
                rows.append(row)
        ProgressReport.history.bulk_create(rows, batch_size=BATCH)


def _report(draw: Random, result: Result, official: User, reviewer: User) -> ProgressReport:
    return ProgressReport(
        target=result.target,
        kind=result.target.kind,
        fiscal_year=result.fiscal_year,
        value=result.value,
        grade=result.grade,
        preliminary=draw.random() < 0.05,
        narrative=f"{result.fiscal_year}年度の実績を調査により把握した。",
        reported_by=official,
        reported_at=datetime(result.fiscal_year + 1, 7, 1, tzinfo=UTC),
    )


def _take(report: ProgressReport, step: Step, reviewer: User) -> None:
    """Bring the report to a step of its way."""
    report.state = step.state
    if step.state == ReportState.SUBMITTED:
        report.submitted_by_id, report.submitted_at = report.reported_by_id, report.reported_at
    report.decided_by_id, report.decided_at = (reviewer.pk, report.reported_at) if step.has_decision else (None, None)
    report.decision_note = "確認のこと" if step.state in (ReportState.RETURNED, ReportState.TAKEN_DOWN) else ""
    accepted = step.has_accepted_figure
    report.accepted_value, report.accepted_grade = (report.value, report.grade) if accepted else (None, None)
    report.accepted_measured_on = last_day(report.fiscal_year) if accepted else None
    report.accepted_preliminary = accepted and report.preliminary


def _store(model: type[models.Model], rows: Iterable[models.Model]) -> list[models.Model]:
    """The rows, stored with the history that they were created."""
    rows = list(rows)
    for some in _batches(rows):
        model.objects.bulk_create(some)
        model.history.bulk_create([_history_row(model, row.__dict__, "+", LOADED_AT) for row in some], batch_size=BATCH)
    return rows


def _history_row(model: type[models.Model], columns: dict, kind: str, at: datetime) -> models.Model:
    history = model.history.model
    return history(
        history_type=kind,
        history_date=at,
        history_change_reason="benchmark",
        **{field.attname: columns[field.attname] for field in history.tracked_fields},
    )


def _batches(rows: Iterable) -> Iterator[list]:
    rows = iter(rows)
    while some := list(islice(rows, BATCH)):
        yield some


def main() -> None:
    parser = argparse.ArgumentParser(description="Fill a migrated database without programmes with made-up data.")
    parser.add_argument("--size", choices=SIZES, required=True)
    size = SIZES[parser.parse_args().size]
    if Programme.objects.exists() or Organisation.objects.exists() or User.objects.exists():
        sys.exit("This database is in use: name an empty one, migrated, in DATABASE_URL.")
    started = time.monotonic()
    generate(size)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    for model in (Programme, OutcomeTarget, YearlyMilestone, ProgressReport, ProgressReport.history.model):
        print(f"{model.objects.count():>9,} {model._meta.model_name}")
    print(f"{time.monotonic() - started:>9.0f} s")


if __name__ == "__main__":
    main()
