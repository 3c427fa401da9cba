"""Gap-free: whichever way something is written, each row that changed has a history row that says who, or which command, and why."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from hashlib import sha256
from io import StringIO

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command, get_commands
from django.urls import reverse

from accounts.models import Posting, SentReminder, User
from accounts.postings_file import COLUMNS
from budget.models import (
    BudgetAmount,
    Organisation,
    Programme,
    ProgrammeOrganisation,
    ProgrammeSuccession,
    SourceDocument,
    SourcePassage,
    SourceText,
)
from kpis import workflow
from kpis.models import (
    ClosedMiss,
    EntryLock,
    Evidence,
    LockException,
    OutcomeTarget,
    ProgrammeMatch,
    ProgressReport,
    Seal,
    TargetLink,
    TargetProposal,
    YearlyMilestone,
)
from tests.factories import (
    PASSWORD,
    EntryLockFactory,
    EvidenceFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgressReportFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    UserFactory,
)
from tests.forms import page_of, sent
from tests.write_paths import PRINTED

pytestmark = pytest.mark.django_db

MODELS = [model for model in apps.get_models() if hasattr(model, "history")]
WHY = "見直しによる。"


def rows_of(model) -> dict:
    """What its history can tell of each row, by its key."""
    columns = [field.attname for field in model.history.model.tracked_fields]
    return {row["id"]: row for row in model._base_manager.values(*columns)}


@contextmanager
def everything_is_told(*changed, by=None, command="") -> Iterator[None]:
    """What is written within tells, of each row that is new or changed, the user or the command, and the reason. `changed`: the models."""
    before = {model: rows_of(model) for model in MODELS}
    newest = {model: model.history.order_by("-history_id").values_list("history_id", flat=True).first() or 0 for model in MODELS}
    yield
    found = set()
    for model in MODELS:
        for key, row in rows_of(model).items():
            if before[model].get(key) == row:
                continue
            found.add(model)
            told = model.history.filter(id=key, history_id__gt=newest[model]).order_by("-history_id").first()
            assert told is not None, f"{model.__name__} {key} changed without a history row"
            assert {name: getattr(told, name) for name in row} == row
            assert told.history_change_reason
            assert told.history_user == by
            if by is None:
                assert told.history_change_reason.startswith(command)
        assert before[model].keys() <= rows_of(model).keys()
    assert found == set(changed)


# --- The admin's forms --------------------------------------------------------------------------------------------------------------

ADDED = {
    Organisation: lambda world: {"code": "new", "name": "新設課", "kind": "division"},
    SourceDocument: lambda world: {
        "code": "new", "title": "令和7年度予算案", "issuer": "経済産業省", "issued": "2024-12", "budget_year": "R7", "sha256": "a" * 64,
    },
    SourcePassage: lambda world: {"code": "new", "document": world["document"].pk, "part": "goal", "line_from": 1, "line_to": 2},
    Programme: lambda world: {
        "code": "new", "display_title": "新規事業", "lead": world["division"].pk, "lead_origin": "entered",
        "responsibilities-0-organisation": world["division"].pk,
        "budget_amounts-0-fiscal_year": "R6", "budget_amounts-0-stage": "draft", "budget_amounts-0-amount_yen": 1,
        "origins-0-predecessor": world["programme"].pk,
    },
    OutcomeTarget: lambda world: {
        "code": "new", "programme": world["programme"].pk, "kind": "quantitative", "statement": "令和12年までに50件", "indicator": "件数",
        "comparator": "at_least", "accumulation": "level", "value": "50", "deadline_kind": "calendar_year", "deadline_year": "R12",
        "milestones-0-fiscal_year": "R8", "milestones-0-value": "40", "leads_to-0-to_target": world["target"].pk,
    },
    EntryLock: lambda world: {
        "fiscal_year": "R7", "locked": "on", "reason": WHY,
        "exceptions-0-organisation": world["division"].pk, "exceptions-0-until_on": "R22.3.31", "exceptions-0-reason": WHY,
    },
    User: lambda world: {
        "username": "new", "name": "新任", "password1": PASSWORD, "password2": PASSWORD,
        "postings-0-organisation": world["division"].pk, "postings-0-role": "official", "postings-0-from_on": "R8.4.1",
    },
    Posting: lambda world: {"user": world["user"].pk, "organisation": world["division"].pk, "role": "auditor", "from_on": "R8.4.1"},
}  # fmt: skip
CHANGED = {
    Organisation: {"name": "改称課"},
    SourceDocument: {"title": "改題"},
    SourcePassage: {"quote": "令和7年度までに70件"},
    Programme: {"display_title": "改称事業"},
    OutcomeTarget: {"value": "70"},
    EntryLock: {"locked": None, "reason": WHY},
    User: {"name": "改姓"},
    Posting: {"to_on": "R9.3.31"},
}


@pytest.fixture
def world(division):
    programme = ProgrammeFactory(lead=division)
    return {
        "division": division,
        "document": SourceDocumentFactory(),
        "programme": programme,
        "target": OutcomeTargetFactory(programme=programme, deadline_year=2040),
        "user": UserFactory(),
    }


# Reports are entered on a page of their own, below; what importers propose is decided by steps; what was sent is written by a command.
WITHOUT_FORM = {ProgressReport, TargetProposal, ProgrammeMatch, SentReminder, Seal}


def test_every_form_of_the_admin_is_walked():
    assert set(admin.site._registry) == set(ADDED) | WITHOUT_FORM == set(CHANGED) | WITHOUT_FORM


@pytest.mark.parametrize("model", ADDED, ids=lambda model: model._meta.model_name)
def test_what_a_form_adds_is_told(as_administrator, administrator, world, model):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    page = as_administrator.get(address)
    inlines = {inline.formset.model for inline in page.context["inline_admin_formsets"]} - {ClosedMiss}
    with everything_is_told(model, *inlines, by=administrator):
        assert as_administrator.post(address, sent(page, change_reason=WHY, **ADDED[model](world))).status_code == 302


ROWS = {
    Organisation: OrganisationFactory,
    SourceDocument: SourceDocumentFactory,
    SourcePassage: SourcePassageFactory,
    Programme: ProgrammeFactory,
    OutcomeTarget: lambda: OutcomeTargetFactory(deadline_year=2040),
    EntryLock: EntryLockFactory,
    User: UserFactory,
    Posting: PostingFactory,
}


@pytest.mark.parametrize("model", CHANGED, ids=lambda model: model._meta.model_name)
def test_what_a_form_changes_is_told(as_administrator, administrator, model):
    row = ROWS[model]()
    page = as_administrator.get(page_of(row))
    with everything_is_told(model, by=administrator):
        assert as_administrator.post(page_of(row), sent(page, change_reason=WHY, **CHANGED[model])).status_code == 302
    assert row.history.latest("history_date", "history_id").history_change_reason == WHY


def test_deadlines_that_follow_a_programme_are_told(as_administrator, administrator, division):
    programme = ProgrammeFactory(lead=division, end_fiscal_year=2030)
    OutcomeTargetFactory(programme=programme, deadline_kind="after_programme", deadline_year=None, deadline_offset_years=1)
    page = as_administrator.get(page_of(programme))
    with everything_is_told(Programme, OutcomeTarget, by=administrator):
        as_administrator.post(page_of(programme), sent(page, end_fiscal_year="R13", change_reason=WHY))


def test_years_that_follow_a_document_are_told(as_administrator, administrator):
    document = SourceDocumentFactory()
    OutcomeTargetFactory(each_year=True, deadline_year=None, passage=SourcePassageFactory(document=document))
    page = as_administrator.get(page_of(document))
    with everything_is_told(SourceDocument, OutcomeTarget, by=administrator):
        as_administrator.post(page_of(document), sent(page, budget_year="R7", change_reason=WHY))


def test_new_password_is_told_without_it(as_administrator, administrator):
    user = UserFactory()
    before = user.history.count()
    new = {"password1": "another password 1", "password2": "another password 1", "usable_password": "true", "set-password": "1"}
    as_administrator.post(reverse("admin:auth_user_password_change", args=(user.pk,)), new)
    told = user.history.latest("history_date", "history_id")
    assert user.history.count() == before + 1
    assert (told.history_user, bool(told.history_change_reason)) == (administrator, True)


def test_reshuffle_of_postings_is_told(as_administrator, administrator, division):
    PostingFactory(organisation=division)
    address = reverse("admin:accounts_posting_reshuffle")
    file = SimpleUploadedFile("postings.csv", f"{','.join(COLUMNS)}\nnew,新任,,official,{division.code},,,\n".encode())
    with everything_is_told():
        page = as_administrator.post(address, {"on": "R20.4.1", "scope": division.code, "file": file})
    with everything_is_told(User, Posting, by=administrator):
        assert as_administrator.post(address, {"_confirm": "1", "plan": page.context["held"]}).status_code == 302
    assert set(Posting.history.filter(history_user=administrator).values_list("history_type", flat=True)) == {"+", "~"}


# --- Entering and deciding ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def assumed(division):
    return OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2040, accumulation_assumed=True)


def test_new_result_its_evidence_and_what_it_settles_are_told(client, official, assumed):
    client.force_login(official)
    address = reverse("admin:kpis_progressreport_add", query={"target": assumed.pk})
    filled = {"value": "12", "accumulation": "level", "evidence-0-citation": "業務統計", "_submit": "1"}
    page = client.get(address)
    with everything_is_told(ProgressReport, Evidence, OutcomeTarget, by=official):
        client.post(address, sent(page, **filled))
    assert ProgressReport.objects.get().state == "submitted"


def test_result_and_evidence_that_are_corrected_are_told(client, official, assumed):
    client.force_login(official)
    report = EvidenceFactory(report=ProgressReportFactory(target=assumed, fiscal_year=2024)).report
    page = client.get(page_of(report))
    with everything_is_told(ProgressReport, Evidence, by=official):
        client.post(page_of(report), sent(page, value="61", **{"evidence-0-url": "https://example.go.jp/"}))


STEPS = [
    ("submit", {}, "official"),
    ("recall", {"submitted": True}, "official"),
    ("accept", {"submitted": True}, "reviewer"),
    ("return", {"submitted": True}, "reviewer"),
    ("reopen", {"accepted": True}, "official"),
    ("reopen", {"accepted": True}, "reviewer"),
    ("take-down", {}, "official"),
    ("take-down", {"accepted": True}, "reviewer"),
]


@pytest.mark.parametrize(("code", "state", "who"), STEPS)
def test_step_on_a_report_is_told(client, assumed, official, reviewer, code, state, who, request):
    user = request.getfixturevalue(who)
    report = ProgressReportFactory(target=assumed, fiscal_year=2024, reported_by=official, **state)
    client.force_login(user)
    version = client.get(page_of(report)).context["version"]
    with everything_is_told(ProgressReport, by=user):
        client.post(reverse("admin:kpis_progressreport_step", args=(report.pk, code)), {"version": version, "reason": WHY})


def test_every_step_on_a_report_is_walked():
    assert {code for code, _state, _who in STEPS} == {step.code for step in workflow.REPORT_STEPS}


def test_many_that_are_accepted_at_once_are_told_one_by_one(client, assumed, official, reviewer):
    reports = [ProgressReportFactory(target=assumed, fiscal_year=year, reported_by=official, submitted=True) for year in (2023, 2024)]
    client.force_login(reviewer)
    address = reverse("admin:kpis_progressreport_changelist")
    versions = {f"version-{report.pk}": f"submitted {report.submitted_at}" for report in ProgressReport.objects.all()}
    chosen = {"action": "accept_selected", "_selected_action": [report.pk for report in reports], "index": 0}
    with everything_is_told(ProgressReport, by=reviewer):
        client.post(address, {**versions, **chosen})
    assert set(ProgressReport.objects.values_list("state", flat=True)) == {"accepted"}


@pytest.mark.parametrize(
    ("code", "who", "changed"),
    [("withdraw", "administrator", OutcomeTarget), ("close-miss", "reviewer", ClosedMiss), ("reopen-miss", "reviewer", ClosedMiss)],
)
def test_step_on_a_target_is_told(client, reviewer, code, who, changed, request):
    user = request.getfixturevalue(who)
    target = ProgressReportFactory(target__deadline_year=2020, fiscal_year=2020, value=Decimal(1), accepted=True).target
    if code == "reopen-miss":
        workflow.close_miss(target, by=reviewer, reason=WHY)
    client.force_login(user)
    with everything_is_told(changed, by=user):
        client.post(page_of(target, code), {"reason": WHY})


# --- Commands -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def fixture_file(tmp_path):
    file = tmp_path / "new.json"
    file.write_text(
        json.dumps([{"model": "budget.organisation", "fields": {"code": "new", "name": "新設課", "kind": "division"}}]), encoding="utf-8"
    )
    return str(file)


def run(*arguments, **options) -> None:
    call_command(*arguments, stdout=StringIO(), **options)


def test_what_a_fixture_loads_is_told_by_the_command_or_by_who_runs_it(fixture_file, administrator):
    with everything_is_told(Organisation, command="loaddata: fixture"):
        run("loaddata", fixture_file, verbosity=0)
    other = fixture_file.replace("new.json", "other.json")
    with open(other, "w", encoding="utf-8") as file:
        json.dump([{"model": "budget.organisation", "fields": {"code": "other", "name": "別課", "kind": "division"}}], file)
    with everything_is_told(Organisation, by=administrator):
        run("loaddata", other, verbosity=0, by="administrator")


@pytest.mark.parametrize("by", [None, "administrator"])
def test_appointment_is_told(division, administrator, by):
    with everything_is_told(User, Posting, by=by and administrator, command="appoint"):
        run("appoint", "yamada", "official", division.code, name="山田", by=by)


@pytest.mark.parametrize("by", [None, "administrator"])
def test_text_that_is_attached_is_told(tmp_path, administrator, by):
    file = tmp_path / "document.txt"
    file.write_text("一行目\n二行目", encoding="utf-8")
    SourceDocumentFactory(sha256=sha256(file.read_bytes()).hexdigest())
    with everything_is_told(SourceText, by=by and administrator, command="attach_source"):
        run("attach_source", str(file), by=by)


@pytest.fixture
def pr_document(tmp_path, ministry):
    file = tmp_path / "pr.txt"
    file.write_text(PRINTED.format(title="新設の支援事業", amount="2.0", value="60"), encoding="utf-8")
    return str(file)


def test_document_that_is_imported_is_told(pr_document, administrator):
    loaded = (Organisation, SourceDocument, SourceText, Programme, ProgrammeOrganisation, BudgetAmount, SourcePassage, TargetProposal)
    with everything_is_told(*loaded, by=administrator):
        run("import_pr_document", pr_document, by="administrator", issuer="経済産業省", verbosity=0)
    with everything_is_told():
        run("import_pr_document", pr_document, by="administrator", issuer="経済産業省", verbosity=0)


@pytest.mark.parametrize(
    ("sent_form", "changed"),
    [
        ({"_confirm": "1"}, (OutcomeTarget, SourcePassage, TargetProposal)),
        ({"_confirm_all": "1"}, (OutcomeTarget, SourcePassage, TargetProposal)),
        ({"_discard": "1", "reason": WHY}, (TargetProposal,)),
    ],
)
def test_decision_on_a_proposal_is_told(as_administrator, administrator, pr_document, sent_form, changed):
    run("import_pr_document", pr_document, by="administrator", issuer="経済産業省", verbosity=0)
    proposal = TargetProposal.objects.get(value=60)
    with everything_is_told(*changed, by=administrator):
        as_administrator.post(
            reverse("admin:kpis_targetproposal_review", args=(proposal.programme.code,)), {"proposal": proposal.code, **sent_form}
        )


def test_pasted_text_that_is_read_is_told(as_administrator, administrator, world):
    text = "令和9年度までに交付件数を80件以上とする。"
    with everything_is_told(TargetProposal, by=administrator):
        as_administrator.post(reverse("admin:kpis_targetproposal_read"), {"programme": world["programme"].code, "text": text})


@pytest.mark.parametrize(
    ("decision", "changed"), [("same", ()), ("successor", (Programme, ProgrammeSuccession)), ("unrelated", (Programme,))]
)
def test_programme_that_was_held_back_is_told(as_administrator, administrator, pr_document, ministry, decision, changed):
    known = ProgrammeFactory(display_title="新設の支援等事業", lead=ministry)
    before = SourceDocumentFactory(issuer="経済産業省", budget_year=2024)
    SourcePassageFactory(document=before, programme=known, part="budget", line_from=5, line_to=5)
    run("import_pr_document", pr_document, by="administrator", issuer="経済産業省", verbosity=0)
    match = ProgrammeMatch.objects.get()
    loaded = {ProgrammeMatch, ProgrammeOrganisation, BudgetAmount, SourcePassage, TargetProposal, Organisation}
    with everything_is_told(*loaded, *(changed or (Programme,)), by=administrator):
        as_administrator.post(reverse("admin:kpis_programmematch_decide", args=(match.pk,)), {"decision": decision, "reason": WHY})


def test_example_data_is_told():
    loaded = set(MODELS) - {
        ClosedMiss,
        YearlyMilestone,
        SourceText,
        ProgrammeSuccession,
        TargetProposal,
        ProgrammeMatch,
        SentReminder,
        EntryLock,
        LockException,
    }
    with everything_is_told(*loaded, command="loaddata: fixture"):
        run("demo")
    assert TargetLink.objects.exists()


def test_reminder_that_is_sent_is_told(world):
    PostingFactory(organisation=world["division"], user__email="official@example.go.jp")
    OutcomeTargetFactory(programme=world["programme"], deadline_year=2025)
    with everything_is_told(SentReminder, command="send_reminders"):
        run("send_reminders", on="2026-04-01")


@pytest.mark.parametrize("by", ["nobody", "departed"])
@pytest.mark.usefixtures("english")
def test_who_is_nobody_runs_nothing(division, fixture_file, by):
    UserFactory(username="departed", is_active=False)
    for command in (("loaddata", fixture_file), ("appoint", "yamada", "official", division.code), ("attach_source", fixture_file)):
        with everything_is_told(), pytest.raises(CommandError, match="no active user of this name"):
            run(*command, by=by)


def test_every_command_that_writes_is_walked():
    ours = {name for name, app in get_commands().items() if app in ("accounts", "budget", "kpis")}
    only_read = {
        "report",
        "parse_goal_text",
        "export_open_data",
        "verify_history",
        "dump_audit_fixture",
        "verify_audit_fixture",
    }
    # What is derived, what seals the history, and a history as it was.
    of_history = {"rebuild_known", "seal_history", "load_audit_fixture"}
    assert ours == {"loaddata", "appoint", "attach_source", "demo", "import_pr_document", "send_reminders"} | only_read | of_history
