"""The ways to write, each by its name: forms, steps, commands, the bulk helpers, saves and deletions.

A way takes `pick`, which chooses among the rows that it may start from, and a folder for the files that it needs. The rows are those of
`tests/test_known_at.py`, or what other ways left of them. NothingToDo where none is in the state that it starts from.
"""

import json
from collections.abc import Callable, Sequence
from copy import copy
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

from django.core import serializers
from django.core.management import call_command
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from accounts.models import User
from budget.models import (
    BudgetAmount,
    Organisation,
    Programme,
    ProgrammeOrganisation,
    SourceDocument,
    SourcePassage,
)
from kpis import workflow
from kpis.choices import ReportState, Status
from kpis.importers import review
from kpis.models import ClosedMiss, Evidence, OutcomeTarget, ProgressReport, TargetLink, TargetProposal, YearlyMilestone
from tests.factories import (
    OutcomeTargetFactory,
)
from tests.forms import page_of, sent

WHY = "見直しによる。"
SOURCE_TEXT = "一行目\n二行目"

Pick = Callable[[Sequence], Any]


def first(options: Sequence):
    return options[0]


def user(username: str) -> User:
    return User.objects.get(username=username)


def logged_in(by: User) -> Client:
    client = Client()
    client.force_login(by)
    return client


def save_page(row: models.Model, by: User | None = None, **changes) -> None:
    """Open a row's page of the admin, change some fields and save it; as an administrator where nobody is named."""
    client = logged_in(by or user("administrator"))
    client.post(page_of(row), sent(client.get(page_of(row)), change_reason=WHY, **changes))


def add_page(model: type[models.Model], **filled) -> None:
    client, address = logged_in(user("administrator")), reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    client.post(address, sent(client.get(address), change_reason=WHY, **filled))


class NothingToDo(Exception):
    """No row is in the state that the write path starts from."""


def picked(pick: Pick, rows: Sequence):
    if not rows:
        raise NothingToDo
    return pick(rows)


def author_of(target: OutcomeTarget) -> User:
    """An official who reports on the target as things stand now."""
    officials = User.objects.filter(username__in=("official", "other-official"))
    return picked(first, [user for user in officials if _reports_on(user, target)])


def _reports_on(user: User, target: OutcomeTarget) -> bool:
    return OutcomeTarget.objects.reportable_by(user, timezone.localdate()).filter(pk=target.pk).exists()


def standing(**terms) -> list[OutcomeTarget]:
    return list(OutcomeTarget.objects.filter(withdrawn_at=None, **terms))


def programmes() -> list[Programme]:
    return list(Programme.objects.all())


def with_milestones() -> list[OutcomeTarget]:
    return list(OutcomeTarget.objects.filter(milestones__isnull=False).distinct())


def reports_in(*states) -> list[ProgressReport]:
    return list(ProgressReport.objects.filter(state__in=states, target__withdrawn_at=None).order_by("target__code", "fiscal_year"))


# A figure below, at and above what the targets ask for.
FIGURES = ["61", "59.9999", "60", "0", "1000"]
NAMES = ["改称その一", "改称その二", "=改称"]


# Forms of the admin


def enter_a_result(pick: Pick, folder: Path) -> None:
    # One that is new is entered for the first year without a report; what its target leaves open is settled with it.
    target = picked(pick, standing(kind="quantitative")[::-1])
    years = [year for year in (2025, 2024, 2026) if not target.reports.filter(fiscal_year=year).exists()]
    client = logged_in(author_of(target))
    address = reverse("admin:kpis_progressreport_add", query={"target": target.pk, "fiscal_year": picked(pick, years)})
    filled = {"value": pick(FIGURES), "reason": "景気の後退による。", "measured_on": "R8.5.31", "evidence-0-citation": "業務統計"}
    settled = {name: "level" for name in target.left_open if name == "accumulation"}
    client.post(address, sent(client.get(address), **filled, **settled, **pick([{"_submit": "1"}, {}])))


def correct_a_result(pick: Pick, folder: Path) -> None:
    # A look at what the figure would give comes first: it writes and rolls back.
    report = picked(pick, reports_in(ReportState.DRAFT, ReportState.RETURNED))
    figure = {"grade": pick(["1", "3", "5"])} if report.kind == "qualitative" else {"value": pick(FIGURES)}
    client = logged_in(author_of(report.target))
    page = client.get(page_of(report))
    filled = sent(page, **figure, narrative="四半期ごとの集計。", preliminary="on")
    client.post(page_of(report), filled | {"_preview": "1"})
    client.post(page_of(report), filled)


def cite_evidence(pick: Pick, folder: Path) -> None:
    report = picked(pick, reports_in(ReportState.DRAFT, ReportState.RETURNED))
    save_page(report, author_of(report.target), **{f"evidence-{report.evidence.count()}-citation": pick(["工業統計", "商業統計"])})


TERMS = [
    {"value": "70"},
    {"value": "1"},
    {"deadline_year": "R8"},
    {"deadline_year": "R5"},
    {"comparator": "at_most"},
    {"unit": "者", "label": "(2)"},
    {"statement": "令和8年度までに\n百者を目指す。", "indicator": "交付件数"},
    {"note": "原文に疑義がある。", "approximate": "on"},
    {"term": "long"},
]


def change_terms(pick: Pick, folder: Path) -> None:
    target = picked(pick, standing(kind="quantitative", deadline_kind="fiscal_year"))
    save_page(target, **pick(TERMS))


def change_milestones(pick: Pick, folder: Path) -> None:
    target = picked(pick, with_milestones())
    new, last = target.milestones.count(), target.milestones.count() - 1
    year = {f"milestones-{new}-fiscal_year": pick(["R7", "R8"]), f"milestones-{new}-value": "50"}
    save_page(target, **year, **{f"milestones-{last}-value": pick(["29.5", "31"])})


def link_targets(pick: Pick, folder: Path) -> None:
    start = picked(pick, standing(leads_to=None))
    end = picked(pick, [target for target in standing(programme=start.programme) if target != start])
    save_page(start, **{f"leads_to-{start.leads_to.count()}-to_target": end.pk})


def move_a_target(pick: Pick, folder: Path) -> None:
    target = picked(pick, standing(leads_to=None, follows_from=None))
    other = Programme.objects.exclude(pk=target.programme_id).order_by("code")
    save_page(target, programme=pick(list(other)).pk)


def change_a_programme(pick: Pick, folder: Path) -> None:
    # Deadlines that count from the programme's end follow it.
    programme = pick(programmes())
    leads = list(Organisation.objects.exclude(pk=programme.lead_id))
    changes = [
        {"end_fiscal_year": pick(["R10", "R6"])},
        {"end_fiscal_year": "", "open_ended": "on"},
        {"lead": pick(leads).pk},
        {"display_title": pick(NAMES), "title": ""},
    ]
    save_page(programme, **pick(changes))


def add_a_programme(pick: Pick, folder: Path) -> None:
    # With the division that leads it.
    number, before = Programme.objects.count(), pick(programmes())
    add_page(Organisation, code=f"division-{number}", name="新設課", kind="division", parent=pick(list(Organisation.objects.all())).pk)
    lead = Organisation.objects.order_by("pk").last().pk
    named = {"responsibilities-0-organisation": lead, "responsibilities-0-printed_name": "新設課", "origins-0-predecessor": before.pk}
    amount = {"budget_amounts-0-fiscal_year": "R6", "budget_amounts-0-stage": "draft", "budget_amounts-0-amount_yen": 1}
    add_page(Programme, code=f"p-{number + 1}", display_title="新規事業", lead=lead, lead_origin="entered", **named, **amount)


def add_a_target(pick: Pick, folder: Path) -> None:
    number, programme = OutcomeTarget.objects.count(), pick(programmes())
    terms = {"kind": "quantitative", "comparator": "at_least", "accumulation": "level", "value": pick(FIGURES)}
    stated = {"statement": "50件を目指す。", "indicator": "件数", "deadline_kind": "fiscal_year", "deadline_year": pick(["R6", "R9"])}
    milestone = {"milestones-0-fiscal_year": "R5", "milestones-0-value": "40"}
    add_page(OutcomeTarget, code=f"added-{number}", programme=programme.pk, **terms, **stated, **milestone)


def change_who_answers_and_what_it_costs(pick: Pick, folder: Path) -> None:
    programme = pick(programmes())
    row, amount = programme.responsibilities.count(), programme.budget_amounts.count()
    named = {f"responsibilities-{row}-organisation": pick(list(Organisation.objects.all())).pk, f"responsibilities-{row}-mark": f"({row})"}
    year = {f"budget_amounts-{amount}-fiscal_year": pick(["R7", "R8"]), f"budget_amounts-{amount}-stage": "request"}
    yen = {f"budget_amounts-{amount}-amount_yen": 5_000_000}
    corrected = {"budget_amounts-0-amount_yen": 1, "budget_amounts-0-note": "補正を含む"} if amount else {}
    save_page(programme, **named, **year, **yen, **corrected)


def move_an_organisation(pick: Pick, folder: Path) -> None:
    moved = picked(pick, list(Organisation.objects.exclude(parent=None).order_by("-kind", "code")))
    below = moved.subtree_ids()
    parents = Organisation.objects.exclude(pk__in=below).exclude(pk=moved.parent_id).order_by("-code")
    save_page(moved, parent=pick([*(parent.pk for parent in parents), ""]))


def rename_an_organisation(pick: Pick, folder: Path) -> None:
    organisation = pick(list(Organisation.objects.order_by("-kind", "code")))
    save_page(organisation, **pick([{"name": name} for name in NAMES]))


def rename_a_user(pick: Pick, folder: Path) -> None:
    save_page(user("reviewer"), name=pick(NAMES))


def change_a_document(pick: Pick, folder: Path) -> None:
    # The years in which a target of each year is judged follow it.
    change = pick([{"budget_year": "R8"}, {"budget_year": "R5"}, {"title": "令和7年度予算案の事業概要", "issuer": "中小企業庁"}])
    save_page(pick(list(SourceDocument.objects.all())), **change)


def change_a_passage(pick: Pick, folder: Path) -> None:
    passage = pick(list(SourcePassage.objects.all()))
    save_page(passage, **pick([{"line_from": 2, "line_to": pick([3, 4])}, {"line_to": pick([5, 6])}, {"quote": pick(NAMES)}]))


# Steps


def step_on_a_report(code: str, username: str, *states) -> Callable[[Pick, Path], None]:
    """The step's button on the page of a report in one of the states; its official presses it where `username` names nobody."""

    def press(pick: Pick, folder: Path) -> None:
        report = picked(pick, reports_in(*states))
        client = logged_in(user(username) if username else author_of(report.target))
        version = client.get(page_of(report)).context["version"]
        client.post(reverse("admin:kpis_progressreport_step", args=(report.pk, code)), {"version": version, "reason": WHY})

    return press


def accept_many(pick: Pick, folder: Path) -> None:
    waiting = reports_in(ReportState.SUBMITTED)
    chosen = {"action": "accept_selected", "_selected_action": [report.pk for report in waiting], "index": 0}
    versions = {f"version-{report.pk}": f"submitted {report.submitted_at}" for report in waiting}
    logged_in(user("reviewer")).post(reverse("admin:kpis_progressreport_changelist"), {**versions, **chosen})


def judged(**terms) -> list[OutcomeTarget]:
    return list(OutcomeTarget.objects.with_status(timezone.localdate()).filter(**terms).order_by("code"))


def close_a_miss(pick: Pick, folder: Path) -> None:
    target = picked(pick, judged(status=Status.MISSED, miss_closed=False))
    logged_in(user("reviewer")).post(page_of(target, "close-miss"), {"reason": pick(["引継ぎ", "=所期の目的を達した。"])})


def reopen_a_miss(pick: Pick, folder: Path) -> None:
    logged_in(user("reviewer")).post(page_of(picked(pick, judged(miss_closed=True)), "reopen-miss"), {"reason": WHY})


def withdraw_a_target(pick: Pick, folder: Path) -> None:
    logged_in(user("administrator")).post(page_of(picked(pick, standing()), "withdraw"), {"reason": WHY})


def settle_terms(pick: Pick, folder: Path) -> None:
    target = picked(pick, standing(accumulation_assumed=True))
    workflow.settle(target, by=author_of(target), reason=WHY, accumulation=pick(["running_total", "level"]))


# Commands


def as_fixture(row: models.Model, **changes) -> dict:
    """A row as a fixture states it; what is derived is left out."""
    (stated,) = json.loads(serializers.serialize("json", [row], use_natural_foreign_keys=True, use_natural_primary_keys=True))
    kept = {name: value for name, value in stated["fields"].items() if name not in OutcomeTarget.DERIVED}
    return stated | {"fields": kept | changes}


def load(folder: Path, *rows: dict) -> None:
    file = folder.parent / "facts.json"
    file.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    call_command("loaddata", str(file), verbosity=0, stdout=StringIO())


def load_what_changes(pick: Pick, folder: Path) -> None:
    programme = pick(programmes())
    target = pick(standing(kind="quantitative", deadline_kind="fiscal_year"))
    milestone = YearlyMilestone.objects.order_by("fiscal_year").first()
    load(
        folder,
        as_fixture(Organisation.objects.get(kind="ministry"), name=pick(NAMES)),
        as_fixture(programme, end_fiscal_year=pick([2027, 2024]), display_title=pick(NAMES)),
        as_fixture(target, value=pick(FIGURES), deadline_year=pick([2026, 2024])),
        *([as_fixture(milestone, value="33")] if milestone else []),
    )


def load_what_is_new(pick: Pick, folder: Path) -> None:
    number = OutcomeTarget.objects.count()
    target = OutcomeTarget(
        code=f"loaded-{number}", programme=pick(programmes()), kind="quantitative", statement="毎年60件", indicator="件数",
        comparator="at_least", accumulation="level", value=Decimal(60), deadline_kind="fiscal_year", deadline_year=pick([2024, 2026]),
    )  # fmt: skip
    author, decider = user("official"), user("reviewer")
    now = timezone.now()
    report = ProgressReport(
        target=target, kind="quantitative", fiscal_year=2024, value=Decimal(pick(FIGURES)), state=ReportState.ACCEPTED,
        reported_by=author, reported_at=now, submitted_by=author, submitted_at=now, decided_by=decider, decided_at=now,
        accepted_value=Decimal(pick(FIGURES)), accepted_measured_on=date(2025, 3, 31),
    )  # fmt: skip
    load(folder, as_fixture(target), as_fixture(report), as_fixture(YearlyMilestone(target=target, fiscal_year=2023, value=Decimal(20))))


def appoint(pick: Pick, folder: Path) -> None:
    ministry = Organisation.objects.filter(parent=None).first()
    call_command("appoint", "reviewer", "reviewer", ministry.code, name=pick(NAMES), stdout=StringIO())


def attach_a_text(pick: Pick, folder: Path) -> None:
    file = folder.parent / "source.txt"
    file.write_text(SOURCE_TEXT, encoding="utf-8")
    call_command("attach_source", str(file), stdout=StringIO())


# What importers propose

PRINTED = """令和7年度予算案の事業概要

令和6年12月

{title}

令和7年度予算案額 {amount}億円（1.0億円）

経済産業政策局産業資金課

事業の内容

事業目的

企業の資金調達を支える。

事業概要

補助を行う。

事業スキーム（対象者、対象行為、補助率等）

補助

成果目標

令和8年度までに、採択企業のうち増収となる企業の割合を{value}%以上とする。また、相談窓口の利用を促進する。
"""


def import_a_document(pick: Pick, folder: Path) -> None:
    file = folder.parent / "pr.txt"
    title = pick([*(programme.display_title for programme in programmes()), "新設の支援事業"])
    file.write_text(PRINTED.format(title=title, amount=pick(["2.0", "3.5"]), value=pick(["50", "60"])), encoding="utf-8")
    call_command("import_pr_document", str(file), by="administrator", issuer="経済産業省", verbosity=0, stdout=StringIO())


def confirm_proposals(pick: Pick, folder: Path) -> None:
    proposal = picked(pick, proposals())
    page = reverse("admin:kpis_targetproposal_review", args=(proposal.programme.code,))
    told = pick([{"_confirm": "1"}, {"_discard": "1", "reason": WHY}, {"_confirm_all": "1"}])
    logged_in(user("administrator")).post(page, {"proposal": proposal.code, **told})


def proposals() -> list[TargetProposal]:
    if not TargetProposal.objects.open().exists():
        review.propose_pasted(programmes()[0], "令和9年度までに交付件数を80件以上とする。", by=user("administrator"))
    return list(TargetProposal.objects.open().select_related("programme"))


# Code

MILESTONES = [Decimal("28"), Decimal("30.5")]
RESULTS = [Decimal(figure) for figure in FIGURES]
# Rows, one of their fields, and what may be written into it.
EDITS = [
    (lambda: standing(comparator="at_least"), "value", RESULTS),
    (lambda: standing(kind="quantitative"), "unit", ["者", "社"]),
    (lambda: list(YearlyMilestone.objects.all()), "value", MILESTONES),
    (lambda: list(ProgressReport.objects.exclude(accepted_value=None).order_by("target__code")), "accepted_value", RESULTS),
    (lambda: list(Organisation.objects.all()), "name", NAMES),
    (lambda: [user("reviewer")], "name", NAMES),
    (lambda: list(ClosedMiss.objects.all()), "reason", NAMES),
    (lambda: list(SourcePassage.objects.all()), "line_to", [5, 6]),
]


def save_a_row(pick: Pick, folder: Path) -> None:
    rows, field, value = pick(EDITS)
    row = picked(pick, rows())
    setattr(row, field, pick(value))
    row.save()


def update_in_bulk(pick: Pick, folder: Path) -> None:
    find, field, values = pick(EDITS)
    rows, value = find(), pick(values)
    for row in rows:
        setattr(row, field, value)
    bulk_update_with_history(rows, type(picked(pick, rows)), [field])


def move_targets_in_bulk(pick: Pick, folder: Path) -> None:
    here, there = pick([programmes(), programmes()[::-1]])[:2]
    targets = picked(lambda rows: rows, standing(programme=here, deadline_kind="fiscal_year"))
    for target in targets:
        target.programme = there
    bulk_update_with_history(targets, OutcomeTarget, ["programme"])


def save_a_row_twice(pick: Pick, folder: Path) -> None:
    # The first save is never seen; the second may bring back what stood before.
    target = picked(pick, standing(comparator="at_least"))
    before = target.value
    for target.value in (Decimal(7), pick([Decimal(8), before])):
        target.save()


ROWS_THAT_GO = (YearlyMilestone, Evidence, TargetLink, ClosedMiss, BudgetAmount, ProgrammeOrganisation)


def delete_a_row(pick: Pick, folder: Path) -> None:
    rows = [row for model in ROWS_THAT_GO for row in model.objects.order_by("pk")]
    reports = ProgressReport.objects.filter(evidence=None).order_by("target__code", "fiscal_year")
    targets = standing(reports=None, milestones=None, leads_to=None, follows_from=None, closed_misses=None)
    picked(pick, [*rows, *reports, *targets]).delete()


def delete_rows(pick: Pick, folder: Path) -> None:
    pick(ROWS_THAT_GO).objects.all().delete()


def bring_a_row_back(pick: Pick, folder: Path) -> None:
    # Under the key that it had.
    gone = YearlyMilestone.history.filter(history_type="-").order_by("fiscal_year", "history_id")
    there = {taken for one in YearlyMilestone.objects.all() for taken in (one.pk, (one.target_id, one.fiscal_year))}
    picked(pick, [row for row in gone if not there & {row.id, (row.target_id, row.fiscal_year)}]).instance.save()


def replace_a_row(pick: Pick, folder: Path) -> None:
    # Deleted and written anew in one instant, under its own key or under a new one.
    row = picked(pick, list(YearlyMilestone.objects.order_by("fiscal_year")))
    anew = copy(row)
    row.delete()
    anew.pk, anew.value = pick([anew.pk, None]), Decimal(pick(["28", "32"]))
    anew.save(force_insert=True)


def create_in_bulk(pick: Pick, folder: Path) -> None:
    number, programme = OutcomeTarget.objects.count(), pick(programmes())
    targets = [
        OutcomeTargetFactory.build(code=f"bulk-{number}-{year}", programme=programme, deadline_year=year) for year in (2024, 2025, 2027)
    ]
    for target in targets:
        target.derive()
    bulk_create_with_history(targets, OutcomeTarget)
    bulk_create_with_history([YearlyMilestone(target=target, fiscal_year=2023, value=Decimal(5)) for target in targets], YearlyMilestone)


WRITE_PATHS: dict[str, Callable[[Pick, Path], None]] = {
    "a PR document is imported": import_a_document,
    "a proposed target is decided on": confirm_proposals,
    "a result is entered": enter_a_result,
    "a result is corrected": correct_a_result,
    "evidence is cited": cite_evidence,
    "a target's terms change": change_terms,
    "milestones change": change_milestones,
    "targets are linked": link_targets,
    "a target moves to another programme": move_a_target,
    "a programme and its division are added": add_a_programme,
    "a target is added": add_a_target,
    "a programme changes": change_a_programme,
    "a programme's organisations and amounts change": change_who_answers_and_what_it_costs,
    "an organisation moves": move_an_organisation,
    "an organisation is renamed": rename_an_organisation,
    "a user is renamed": rename_a_user,
    "a document changes": change_a_document,
    "a passage changes": change_a_passage,
    "submit": step_on_a_report("submit", "", ReportState.DRAFT, ReportState.RETURNED),
    "recall": step_on_a_report("recall", "", ReportState.SUBMITTED),
    "accept": step_on_a_report("accept", "reviewer", ReportState.SUBMITTED),
    "return": step_on_a_report("return", "reviewer", ReportState.SUBMITTED),
    "reopen, by an official": step_on_a_report("reopen", "", ReportState.ACCEPTED, ReportState.TAKEN_DOWN),
    "reopen, by a reviewer": step_on_a_report("reopen", "reviewer", ReportState.ACCEPTED),
    "take down what nobody accepted": step_on_a_report("take-down", "", ReportState.DRAFT, ReportState.RETURNED),
    "take down what was accepted": step_on_a_report("take-down", "reviewer", ReportState.ACCEPTED),
    "accept many": accept_many,
    "close a miss": close_a_miss,
    "reopen a miss": reopen_a_miss,
    "withdraw": withdraw_a_target,
    "settle": settle_terms,
    "loaddata changes rows": load_what_changes,
    "loaddata adds rows": load_what_is_new,
    "appoint": appoint,
    "attach_source": attach_a_text,
    "a row is saved": save_a_row,
    "a row is saved twice in one instant": save_a_row_twice,
    "a row is deleted": delete_a_row,
    "rows are deleted": delete_rows,
    "a deleted row comes back": bring_a_row_back,
    "a row is replaced in one instant": replace_a_row,
    "bulk_create_with_history": create_in_bulk,
    "bulk_update_with_history": update_in_bulk,
    "bulk_update_with_history moves targets": move_targets_in_bulk,
}
