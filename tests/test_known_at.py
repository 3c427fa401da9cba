"""What was known at a moment: asked for later, every report says byte for byte what it said then, however something was written since.

`WRITE_PATHS` names the ways to write. Each of them is walked once alone, and random sequences of them are walked together.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from io import StringIO
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from budget.models import (
    Organisation,
    OrganisationKind,
    PassagePart,
    Programme,
    SourcePassage,
)
from kpis import explain, workflow
from kpis.choices import DeadlineKind, ReportState, Status
from kpis.exports import open_data
from kpis.models import OutcomeTarget, ProgressReport, TargetLink, YearlyMilestone
from tests.factories import (
    BudgetAmountFactory,
    ClosedMissFactory,
    EvidenceFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    YearlyMilestoneFactory,
)
from tests.write_paths import SOURCE_TEXT, WHY, WRITE_PATHS, NothingToDo, first

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
START = datetime(2026, 6, 1, 9, tzinfo=TOKYO)  # everything in `world` is recorded at this instant
INSTANT = timedelta(microseconds=1)
LATER = timedelta(minutes=5)
MODELS = [model for model in apps.get_models() if hasattr(model, "history")]


# --- The world ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _at_the_start(time_machine):
    """The clock stands still unless a test moves it: rows written at one instant differ in nothing but their order."""
    time_machine.move_to(START, tick=False)


@pytest.fixture
def world(_at_the_start, bureau, division, other_division, official, other_official, reviewer, administrator):
    """Two programmes of two divisions. Their targets stand in every state that a write path starts from; each is named for it."""
    OrganisationFactory(code="other-bureau", name="製造産業局", kind=OrganisationKind.BUREAU, parent=bureau.parent)
    document = SourceDocumentFactory(code="document", sha256=sha256(SOURCE_TEXT.encode()).hexdigest())
    own = ProgrammeFactory(code="p-1", lead=division, start_fiscal_year=2023, end_fiscal_year=2025)
    other = ProgrammeFactory(code="p-2", lead=other_division, start_fiscal_year=2023, end_fiscal_year=2026)
    for code, printed in (("budget", document), ("budget-too", SourceDocumentFactory(code="document-too"))):
        SourcePassageFactory(code=code, document=printed, programme=own, part=PassagePart.BUDGET)
    ProgrammeOrganisationFactory(programme=own, organisation=other_division, mark="(1)", printed_name="産業創造課")
    BudgetAmountFactory(programme=own)

    def target(code, programme=own, **terms):
        return OutcomeTargetFactory(code=code, programme=programme, **terms)

    def report(code, year=2025, by=official, **fields):
        on = fields.pop("target", None) or target(code)
        return ProgressReportFactory(target=on, fiscal_year=year, reported_by=by, reason="景気の後退による。", **fields)

    passage = SourcePassageFactory(code="statement", document=document, programme=own)
    target("unreported", passage=passage, accumulation_assumed=True)
    EvidenceFactory(report=report("draft"))
    report("submitted", submitted=True)
    report("submitted-too", target=target("submitted-too", other, deadline_year=2024), by=other_official, submitted=True)
    report("returned", state=ReportState.RETURNED, decided_by=reviewer, decided_at=timezone.now(), decision_note="根拠を示すこと。")
    report("taken-down", state=ReportState.TAKEN_DOWN, value=Decimal(59))
    report("accepted", accepted=True)
    report("missed", 2024, target=target("missed", deadline_year=2024), value=Decimal(12), accepted=True)
    report("closed", 2024, target=target("closed", other, deadline_year=2024), by=other_official, value=Decimal(1), accepted=True)
    ClosedMissFactory(target=OutcomeTarget.objects.get(code="closed"), fiscal_year=2024, closed_by=reviewer)
    report("grade", target=target("grade", other, qualitative=True, deadline_year=2026), value=None, grade=4, accepted=True)
    target("after", deadline_kind=DeadlineKind.AFTER_PROGRAMME, deadline_year=None, deadline_offset_years=0)
    target("each-year", each_year=True, deadline_year=None, passage=passage)
    path = target("path", other, deadline_year=2028)
    report("path", 2024, target=path, value=Decimal(30), accepted=True)
    for year, value in ((2023, 10), (2024, 40), (2026, 50)):
        YearlyMilestoneFactory(target=path, fiscal_year=year, value=Decimal(value))
    YearlyMilestone.objects.get(target=path, fiscal_year=2026).delete()
    TargetLink.objects.create(from_target=path, to_target=OutcomeTarget.objects.get(code="grade"))


# --- What is asked ------------------------------------------------------------------------------------------------------------------


EVERY_OVERDUE = [Status.MISSED.value, Status.UNREPORTED.value, Status.AWAITING.value]
PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "overdue": ("kpis:overdue", {"status": EVERY_OVERDUE}),
    "overdue of a bureau": ("kpis:overdue", {"sort": "-organisation"}),  # and `organisation`, by the code that it has
    "closed misses": ("kpis:closed_misses", {}),
    "targets": ("kpis:targets", {"sort": "status", "q": "60件"}),
    "revisions": ("kpis:revisions", {}),
}


@dataclass(frozen=True)
class Question:
    """What is asked: the open data files and some pages as CSV, of a day."""

    on: date
    pages: tuple[str, ...] = ("overdue", "closed misses")
    bureau: str = "bureau"


def days_around(today: date) -> list[date]:
    """Days before, at and after what decides: today, the ends of fiscal years, and the days by which results are due."""
    ends = [date(year, month, day) for year in (2025, 2026, 2027) for month, day in ((3, 31), (8, 31))]
    return [today, today - timedelta(days=1), *(end + timedelta(days=after) for end in ends for after in (0, 1)), date(2031, 1, 1)]


def answers(question: Question, folder: Path, known_at: datetime | None = None) -> dict[str, str]:
    """The files by their names; live without `known_at`."""
    day, moment = {"on": question.on.isoformat()}, {"known_at": written(known_at)} if known_at else {}
    found = {}
    for page in question.pages:
        name, narrowed = PAGES[page]
        bureau = {"organisation": question.bureau} if page == "overdue of a bureau" else {}
        response = Client().get(reverse(name), {"format": "csv"} | day | moment | narrowed | bureau)
        assert response.status_code == 200, (page, question, known_at)
        found[page] = response.getvalue().decode()
    call_command("export_open_data", folder, **day, **moment, stdout=StringIO())
    found |= {file.name: file.read_bytes().decode() for file in sorted(folder.iterdir())}
    if known_at:
        found["README.txt"] = without_the_line_of(known_at, found["README.txt"])
    return found


def without_the_line_of(moment: datetime, text: str) -> str:
    """A file's text without the one line that says which moment it is of."""
    lines = text.split("\r\n")
    (line,) = [line for line in lines if explain.moment(moment) in line]
    lines.remove(line)
    return "\r\n".join(lines)


def written(moment: datetime) -> str:
    """A moment as people ask for it: in Asia/Tokyo."""
    return moment.astimezone(TOKYO).replace(tzinfo=None).isoformat()


def table(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "open-data").mkdir()
    return tmp_path / "open-data"


# --- Many writes, one after the other -------------------------------------------------------------------------------------------------

# Between two writes lies nothing, an instant, the time until midnight, or anything up to 200 days.
GAPS = [timedelta(0), INSTANT, 2 * INSTANT, timedelta(minutes=1), timedelta(hours=15)]


def some_gap(chance: Random) -> timedelta:
    return chance.choice([*GAPS, *(chance.random() ** 2 * timedelta(days=200) for _ in GAPS)])


def some_question(chance: Random, today: date) -> Question:
    on = chance.choice([today, chance.choice(days_around(today))])
    bureaus = list(Organisation.objects.values_list("code", flat=True))
    return Question(on, pages=(chance.choice(list(PAGES)),), bureau=chance.choice(bureaus))


@contextmanager
def rolled_back() -> Iterator[None]:
    """What is written within is not there afterwards."""
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:  # loaddata sets PostgreSQL's sequences to the last rows that it finds, and no rollback undoes that
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), MODELS):
                cursor.execute(statement)


def test_what_was_known_after_each_of_many_writes_is_told_later(world, time_machine, folder):
    # A seed stands for all draws: drawn one by one, hypothesis repeats a few of the write paths and hardly tries the others.
    @settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**64), steps=st.integers(1, 7))
    def walk(seed, steps):
        taken: dict[datetime, tuple[Question, dict[str, str]]] = {}
        clock = START
        with rolled_back():
            for chance in [Random(f"{seed} {step}") for step in range(steps)]:
                clock += some_gap(chance)
                time_machine.move_to(clock, tick=False)
                name = chance.choice(list(WRITE_PATHS))
                note(f"{written(clock)} {name}")
                with suppress(NothingToDo):
                    WRITE_PATHS[name](chance.choice, folder)
                question = some_question(chance, clock.date())
                taken[clock] = question, answers(question, folder)  # of many writes in one instant the last one stays
            time_machine.move_to(clock + 2 * LATER, tick=False)
            if seed % 2:  # what was known when follows from the history alone
                call_command("rebuild_known", stdout=StringIO())
            for moment, following in pairwise([*taken, clock + LATER]):
                question, told = taken[moment]
                assert answers(question, folder, known_at=moment) == told
                assert answers(question, folder, known_at=following - INSTANT) == told
            assert answers(question, folder) == told

    walk()


# --- Every way to write, once alone ---------------------------------------------------------------------------------------------------

# What these write stands in no report, or not until somebody accepts it.
TOLD_NOWHERE = {"evidence is cited", "targets are linked", "attach_source", "a result is corrected", "take down what nobody accepted"}


def rows_of_everything() -> dict[str, list]:
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in MODELS}


@pytest.mark.parametrize("name", WRITE_PATHS)
@pytest.mark.usefixtures("world")
def test_what_was_known_before_and_after_one_write_is_told_later(time_machine, folder, name):
    question, moment = Question(on=date(2026, 9, 1)), START + timedelta(days=1)
    rows, before = rows_of_everything(), answers(question, folder)
    time_machine.move_to(moment, tick=False)
    WRITE_PATHS[name](first, folder)
    after = answers(question, folder)
    assert rows_of_everything() != rows, "this write path changes nothing any more"
    assert (after == before) == (name in TOLD_NOWHERE)

    time_machine.move_to(moment + LATER, tick=False)

    assert answers(question, folder, known_at=moment) == after
    assert answers(question, folder, known_at=moment - INSTANT) == before


# --- Some writes, told plainly --------------------------------------------------------------------------------------------------------

NEXT_DAY = START + timedelta(days=1)


@pytest.fixture
def tomorrow(world, time_machine):
    """The world a day after everything in it was recorded."""
    time_machine.move_to(NEXT_DAY, tick=False)


@pytest.fixture
def ask(client, time_machine):
    """Some minutes after the last write: the rows of a page by the codes of their targets, of a day after all deadlines have passed."""

    def rows(page, **parameters) -> dict[str, dict[str, str]]:
        time_machine.move_to(NEXT_DAY + LATER, tick=False)
        if "known_at" in parameters:
            parameters["known_at"] = written(parameters["known_at"])
        response = client.get(reverse(f"kpis:{page}"), {"format": "csv", "on": "2026-09-01"} | parameters)
        return {row["target_code"]: row for row in csv.DictReader(StringIO(response.getvalue().decode("utf-8-sig"), newline=""))}

    return rows


def target_named(code: str) -> OutcomeTarget:
    return OutcomeTarget.objects.get(code=code)


@pytest.mark.usefixtures("tomorrow")
def test_nothing_was_known_before_anything_was_recorded(time_machine, folder):
    time_machine.move_to(NEXT_DAY + LATER, tick=False)
    question = Question(date(2026, 9, 1), pages=("overdue", "closed misses", "targets"))
    found = answers(question, folder, known_at=START - INSTANT)
    lines = {name: len(table(text)) for name, text in found.items() if name not in ("README.txt", "codes.csv")}
    assert lines == dict.fromkeys([*question.pages, *(file.name for file in open_data.TABLES)], 1)


@pytest.mark.usefixtures("tomorrow")
def test_of_two_saves_in_one_instant_the_last_one_was_known(ask):
    target = target_named("missed")
    for target.value in (Decimal(70), Decimal(80)):
        target.save()
    values = [ask("overdue", known_at=moment)["missed"]["value"] for moment in (START, NEXT_DAY - INSTANT, NEXT_DAY, NEXT_DAY + INSTANT)]
    assert values == ["60", "60", "80", "80"]


@pytest.mark.usefixtures("tomorrow")
def test_target_that_moved_was_known_under_the_programme_that_it_had(ask):
    target = target_named("missed")
    target.programme = Programme.objects.get(code="p-2")
    target.save()
    told = [ask("overdue", known_at=moment)["missed"] for moment in (START, NEXT_DAY)]
    assert [(row["programme_code"], row["lead_organisation"]) for row in told] == [("p-1", "産業資金課"), ("p-2", "産業創造課")]


@pytest.mark.usefixtures("tomorrow")
def test_division_that_moved_was_known_under_the_bureau_that_it_had(ask, division):
    division.parent = Organisation.objects.get(code="other-bureau")
    division.save()
    found = [
        [bureau for bureau in ("bureau", "other-bureau") if "missed" in ask("overdue", known_at=moment, organisation=bureau)]
        for moment in (START, NEXT_DAY)
    ]
    assert found == [["bureau"], ["other-bureau"]]


@pytest.mark.usefixtures("tomorrow")
def test_withdrawal_was_known_once_it_was_recorded_and_counts_from_its_day_on(ask, administrator):
    workflow.withdraw(target_named("missed"), by=administrator, reason=WHY)
    assert "missed" in ask("overdue", known_at=NEXT_DAY - INSTANT)
    assert "missed" not in ask("overdue", known_at=NEXT_DAY)
    assert "missed" in ask("overdue", known_at=NEXT_DAY, on=START.date().isoformat())


@pytest.mark.usefixtures("tomorrow")
def test_figure_that_was_taken_down_was_known_until_then(ask, reviewer):
    workflow.take_down(ProgressReport.objects.get(target__code="accepted"), by=reviewer, reason=WHY)
    told = [ask("targets", known_at=moment)["accepted"] for moment in (NEXT_DAY - INSTANT, NEXT_DAY)]
    assert [(row["status"], row["result_value"]) for row in told] == [("achieved", "60"), ("unreported", "")]
    assert "accepted" not in ask("overdue", known_at=NEXT_DAY - INSTANT)
    assert "accepted" in ask("overdue", known_at=NEXT_DAY)


@pytest.mark.usefixtures("tomorrow")
def test_milestone_that_was_deleted_was_known_until_then(ask):
    # The result of FY2024 is 30, its milestone 40.
    target_named("path").milestones.all().delete()
    told = [ask("targets", known_at=moment)["path"]["status"] for moment in (NEXT_DAY - INSTANT, NEXT_DAY)]
    assert told == ["behind", "in_progress"]


@pytest.mark.usefixtures("tomorrow")
def test_of_two_documents_that_tell_of_a_budget_on_the_same_line_the_same_one_was_known(time_machine, folder):
    passage = SourcePassage.objects.get(code="budget")
    passage.line_to = 2
    passage.save()
    question = Question(NEXT_DAY.date())
    told = answers(question, folder)
    time_machine.move_to(NEXT_DAY + LATER, tick=False)
    assert answers(question, folder, known_at=NEXT_DAY)["programmes.csv"] == told["programmes.csv"]


@pytest.mark.usefixtures("tomorrow")
@pytest.mark.parametrize(("report", "page"), [("overdue", "overdue"), ("closed-misses", "closed_misses"), ("revisions", "revisions")])
def test_command_prints_what_the_page_says_of_the_past(client, time_machine, report, page):
    for code in ("missed", "closed"):
        target = target_named(code)
        target.value = Decimal(70)
        target.save()
    time_machine.move_to(NEXT_DAY + LATER, tick=False)
    printed = []
    for moment in (START, NEXT_DAY):
        asked = {"on": "2026-09-01", "known_at": written(moment)}
        call_command("report", report, **asked, stdout=(out := StringIO()))
        assert out.getvalue() == client.get(reverse(f"kpis:{page}"), {"format": "csv"} | asked).getvalue().decode()
        printed.append(out.getvalue())
    assert printed[0] != printed[1]
