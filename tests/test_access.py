"""Who may open and who may send what: every address of the site against one table.

Reading what was promised and accepted is open to everybody. All else asks for a user with a posting in force today: officials enter the
results of programmes that their organisation, or one below it, answers for; reviewers decide; auditors read everything, users included,
and write nothing; administrators keep organisations, users, documents, programmes and targets, but no reports. Nobody deletes.

Each row of the table says what opening a page (GET) and sending an empty form (POST) is answered with. An address without a row fails,
and so does a row without an address. An empty form never leaves a trace; what a filled one does is said by the tables of steps below.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from types import SimpleNamespace
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, resolve, reverse
from django.utils import timezone

from accounts.roles import Role
from budget.models import OrganisationKind, SourceText
from kpis import registry, workflow
from kpis.choices import ReportState
from kpis.models import ProgressReport
from tests.factories import (
    EntryLockFactory,
    EvidenceFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeMatchFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SentReminderFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    TargetProposalFactory,
    UserFactory,
)
from tests.forms import page_of, sent

# --- How a row is written -----------------------------------------------------------------------------------------------------------

OPENS = "opens"  # 200; sent an empty form, the page comes back with its errors, or as it was where it takes no form
LOG_IN = "log in"  # 302 to the log-in
REFUSED = "refused"  # 403
NOT_ALLOWED = "not allowed"  # 405: a page that takes no form, or a button that is no page
LEADS_ON = "leads on"  # 302 to another page
NOT_FOUND = "not found"  # 404
CONFLICT = "conflict"  # 409: what was asked cannot be done any more; the page shows what was written
INCOMPLETE = "incomplete"  # 422: the page comes back with its errors

# `departed` is logged in, and the last posting ended yesterday. The objects are of the division of `official`, those named `other_…` of
# the division of `other_official`.
ROLES = ("anonymous", "departed", "official", "other_official", "reviewer", "auditor", "administrator")
OFFICIALS = ("official", "other_official")


def everybody(answer: str, **others: str) -> dict[str, str]:
    return dict.fromkeys(ROLES, answer) | others


def inside(answer: str, **others: str) -> dict[str, str]:
    """For who has a posting today; everybody else is asked to log in."""
    return everybody(answer, anonymous=LOG_IN, departed=LOG_IN, **others)


def only(*roles: str, answer: str = OPENS) -> dict[str, str]:
    """For these roles; the others are refused."""
    return inside(REFUSED, **dict.fromkeys(roles, answer))


@dataclass(frozen=True)
class Row:
    """One address: what stands in its place holders, what follows the question mark, and the answers by role."""

    at: tuple[str, ...]
    query: str
    get: dict[str, str]
    post: dict[str, str]


def row(get, post=None, at=(), query="") -> list[Row]:
    """`post` is the same as `get` where it is left out. `at` and `query` name objects of the world: `{target.pk}`."""
    return [Row((at,) if isinstance(at, str) else at, query, get, get if post is None else post)]


def pages(model: str, one: str, *, written_by=(), read_by=("official", "other_official", "reviewer", "auditor", "administrator")) -> dict:
    """The pages of a model in the admin, opened at `one` of its rows."""
    reads, writes = only(*read_by), only(*written_by)
    app, _, name = model.partition("_")
    return {
        f"admin:{model}_changelist": row(reads),
        f"admin:{model}_add": row(writes),
        f"admin:{model}_change": row(reads, writes, one),
        f"admin:{model}_history": row(reads, at=one),
        f"admin:{model}_delete": row(only(), at=one),
        f"admin/{app}/{name}/<path:object_id>/": row(inside(LEADS_ON), at=one),  # an old address of the page of the row
    }


def report_step(code: str, report: str, *takers: str) -> list[Row]:
    """The button of a step. Who may take it is led on; with an empty form, which shows no version, only to a message."""
    return row(inside(NOT_ALLOWED), only(*takers, answer=LEADS_ON), (report, code))


def target_step(target: str, taker: str) -> list[Row]:
    return row(only(taker), at=target)


# --- The table ----------------------------------------------------------------------------------------------------------------------

PUBLIC = {
    "kpis:home": row(everybody(LEADS_ON)),
    "kpis:reports": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:dashboard": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:search": [
        *row(everybody(OPENS), everybody(NOT_ALLOWED)),
        *row(everybody(OPENS), everybody(NOT_ALLOWED), query="q={target.indicator}"),
    ],
    "kpis:organisation": row(everybody(OPENS), everybody(NOT_ALLOWED), "{division.code}"),
    "kpis:overdue": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:awaiting_result": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:due_soon": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:behind": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:without_deadline_or_number": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:to_be_recorded": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:final_year": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:started_last_year": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:over_achieved": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:exactly_at_target": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:closed_misses": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:revisions": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:targets": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:target": [
        *row(everybody(OPENS), everybody(NOT_ALLOWED), "{target.code}"),
        *row(everybody(OPENS), everybody(NOT_ALLOWED), "{awaiting.code}"),
        *row(everybody(OPENS), everybody(NOT_ALLOWED), "{other_target.code}"),
        *row(everybody(OPENS), everybody(NOT_ALLOWED), "{withdrawn.code}"),
    ],
    "kpis:programmes": row(everybody(OPENS), everybody(NOT_ALLOWED)),
    "kpis:programme": row(everybody(OPENS), everybody(NOT_ALLOWED), "{programme.code}"),
    "kpis:source": row(everybody(OPENS), everybody(NOT_ALLOWED), "{document.code}", "from=1&to=1"),
    "set_language": row(everybody(LEADS_ON)),
}

# Pages of who is logged in. The log-out is open to everybody: who has no posting any more leaves by it too.
OWN = {
    "kpis:work": row(inside(OPENS), inside(NOT_ALLOWED)),
    "kpis:round": row(inside(OPENS), inside(NOT_ALLOWED)),
    "kpis:changes": row(inside(OPENS), inside(NOT_ALLOWED)),
    "admin:index": row(inside(OPENS)),
    "admin:login": row(everybody(LEADS_ON, anonymous=OPENS, departed=OPENS), everybody(OPENS)),
    "admin:logout": row(everybody(NOT_ALLOWED), everybody(OPENS)),
    "admin:password_change": row(inside(OPENS)),
    "admin:password_change_done": row(inside(OPENS), inside(NOT_ALLOWED)),
    "admin:jsi18n": row(inside(OPENS), inside(NOT_ALLOWED)),
    # What a field offers to choose from: for who may read it.
    "admin:autocomplete": [
        *row(inside(OPENS), inside(NOT_ALLOWED), query="app_label=budget&model_name=programme&field_name=lead"),
        *row(inside(OPENS), inside(NOT_ALLOWED), query="app_label=kpis&model_name=targetlink&field_name=to_target"),
        *row(only("auditor", "administrator"), inside(NOT_ALLOWED), query="app_label=accounts&model_name=posting&field_name=user"),
        *row(only(), inside(NOT_ALLOWED)),
    ],
    # The index of an app of which the user reads nothing is none.
    "admin:app_list": [
        *row(inside(OPENS), at="budget"),
        *row(inside(OPENS), at="kpis"),
        *row(inside(NOT_FOUND, auditor=OPENS, administrator=OPENS), at="accounts"),
    ],
    "admin:view_on_site": row(inside(NOT_FOUND), at=("{target_type.pk}", "{target.pk}")),
    "admin/(?P<url>.*)$": row(inside(NOT_FOUND), at="nothing/"),
}

# Administrators keep, everybody with a posting reads.
RECORDS = {
    **pages("budget_organisation", "{division.pk}", written_by=("administrator",)),
    **pages("budget_programme", "{programme.pk}", written_by=("administrator",)),
    **pages("budget_sourcedocument", "{document.pk}", written_by=("administrator",)),
    **pages("budget_sourcepassage", "{passage.pk}", written_by=("administrator",)),
}

# Administrators keep, auditors read; an official does not even read the own row.
USERS = {
    **pages("accounts_user", "{official.pk}", written_by=("administrator",), read_by=("auditor", "administrator")),
    **pages("accounts_posting", "{posting.pk}", written_by=("administrator",), read_by=("auditor", "administrator")),
    **pages("accounts_sentreminder", "{reminder.pk}", read_by=("auditor", "administrator")),
    "admin:kpis_seal_changelist": row(only("auditor", "administrator")),
    "admin:accounts_posting_reshuffle": row(only("administrator"), only("administrator", answer=INCOMPLETE)),
    "admin:auth_user_password_change": row(only("administrator"), at="{official.pk}"),
}

# Administrators keep the terms, reviewers close misses; a withdrawn target is written no more.
TARGETS = {
    **pages("kpis_outcometarget", "{target.pk}", written_by=("administrator",)),
    "admin:kpis_outcometarget_change": [
        *row(inside(OPENS), only("administrator"), "{target.pk}"),
        *row(inside(OPENS), only("administrator"), "{other_target.pk}"),
        *row(inside(OPENS), only(), "{withdrawn.pk}"),
    ],
    "admin:kpis_outcometarget_close-miss": [
        *target_step("{missed.pk}", "reviewer"),
        *row(only("reviewer", answer=LEADS_ON), at="{target.pk}"),  # it is not missed: nobody is asked why
    ],
    "admin:kpis_outcometarget_reopen-miss": target_step("{closed.pk}", "reviewer"),
    "admin:kpis_outcometarget_milestones": [
        *row(only("administrator", answer=LEADS_ON), at="{target.pk}"),  # no straight line leads to it
        *row(only(), at="{withdrawn.pk}"),
    ],
    "admin:kpis_outcometarget_withdraw": [*target_step("{target.pk}", "administrator"), *target_step("{other_target.pk}", "administrator")],
}

# Officials enter, and only what is in their hands: a draft or a returned report of a programme that their organisation answers for.
REPORTS = {
    **pages("kpis_progressreport", "{draft.pk}"),
    "admin:kpis_progressreport_workbook": row(only("official", "other_official"), only("official", "other_official", answer=INCOMPLETE)),
    "admin:kpis_progressreport_workbook_download": row(only("official", "other_official")),
    "admin:kpis_progressreport_add": [
        *row(only("official"), query="target={target.pk}&fiscal_year=2018"),
        *row(only("other_official"), query="target={other_target.pk}&fiscal_year=2018"),
        *row(only("official", answer=LEADS_ON), only("official"), query="target={target.pk}&fiscal_year=2021"),  # reported: see there
        *row(only(*OFFICIALS, answer=NOT_FOUND), query="target={withdrawn.pk}"),
        *row(only(*OFFICIALS, answer=LEADS_ON)),  # to the work, to choose a target
    ],
    "admin:kpis_progressreport_change": [
        *row(inside(OPENS), only("official"), "{draft.pk}"),
        *row(inside(OPENS), only("official"), "{returned.pk}"),
        *row(inside(OPENS), only("official"), "{reopened.pk}"),
        *row(inside(OPENS), only(), "{submitted.pk}"),
        *row(inside(OPENS), only(), "{accepted.pk}"),
        *row(inside(OPENS), only("other_official"), "{other_draft.pk}"),
    ],
    "admin:kpis_progressreport_history": [*row(inside(OPENS), at="{draft.pk}"), *row(inside(OPENS), at="{other_draft.pk}")],
    "admin:kpis_progressreport_step": [
        *report_step("submit", "{draft.pk}", "official"),
        *report_step("submit", "{other_draft.pk}", "other_official"),
        *report_step("recall", "{submitted.pk}", "official"),
        *report_step("accept", "{submitted.pk}", "reviewer"),
        *report_step("return", "{submitted.pk}", "reviewer"),
        *report_step("reopen", "{accepted.pk}", "official", "reviewer"),
        *report_step("take-down", "{draft.pk}", "official"),
        *report_step("take-down", "{accepted.pk}", "reviewer"),
        *row(inside(NOT_FOUND), at=("{draft.pk}", "nothing")),
    ],
}

# What importers propose: everybody with a posting reads; officials decide on their programmes, administrators on all.
PROPOSALS = {
    **pages("kpis_targetproposal", "{proposal.pk}"),
    "admin:kpis_targetproposal_review": [
        *row(inside(OPENS), only("official", "administrator", answer=NOT_FOUND), "{programme.code}"),  # an empty form names no proposal
        *row(inside(OPENS), only("other_official", "administrator", answer=NOT_FOUND), "{other_programme.code}"),
    ],
    "admin:kpis_targetproposal_read": row(only(*OFFICIALS, "administrator"), only(*OFFICIALS, "administrator", answer=INCOMPLETE)),
    "admin:kpis_targetproposal_import": row(only("administrator"), only("administrator", answer=INCOMPLETE)),
    **pages("kpis_entrylock", "{lock.pk}", written_by=("administrator",)),
    **pages("kpis_programmematch", "{match.pk}"),
    "admin:kpis_programmematch_decide": row(inside(NOT_ALLOWED), only("administrator", answer=LEADS_ON), "{match.pk}"),
}

TABLE = PUBLIC | OWN | RECORDS | USERS | TARGETS | REPORTS | PROPOSALS

# What the buttons do when they are pressed on the page as it stands, with a reason: who takes the step. `told_why` are those whose step it
# is, and who cannot take it as the report or the target stands: a message says why, and nothing happens. Everybody else is refused.
TAKEN, TOLD_WHY = "taken", "told why not"


def taken_by(*roles: str, told_why=()) -> dict[str, str]:
    return only(*roles, answer=TAKEN) | dict.fromkeys(told_why, TOLD_WHY)


REPORT_STEPS = {
    ("submit", "draft"): taken_by("official"),
    ("submit", "other_draft"): taken_by("other_official"),
    ("submit", "accepted"): taken_by(told_why=("official",)),
    ("recall", "submitted"): taken_by("official"),
    ("accept", "submitted"): taken_by("reviewer"),
    ("accept", "draft"): taken_by(told_why=("reviewer",)),
    ("return", "submitted"): taken_by("reviewer"),
    ("reopen", "accepted"): taken_by("official", "reviewer"),
    ("take-down", "draft"): taken_by("official"),
    ("take-down", "submitted"): taken_by(told_why=("official",)),
    ("take-down", "accepted"): taken_by("reviewer"),
}
TARGET_STEPS = {
    ("close-miss", "missed"): taken_by("reviewer"),
    ("close-miss", "target"): taken_by(told_why=("reviewer",)),
    ("reopen-miss", "closed"): taken_by("reviewer"),
    ("withdraw", "target"): taken_by("administrator"),
    ("withdraw", "withdrawn"): taken_by(told_why=("administrator",)),
}


# --- The world ----------------------------------------------------------------------------------------------------------------------

# Figures and words that occur nowhere else, in no random token either. Those that nobody accepted would meet the target.
UNACCEPTED, ACCEPTED = Decimal("61.7183"), Decimal("17.2946")
UNACCEPTED_TEXT = "未承認の説明"


def _cast(world) -> None:
    world.ministry = OrganisationFactory(kind=OrganisationKind.MINISTRY)
    world.bureau = OrganisationFactory(kind=OrganisationKind.BUREAU, parent=world.ministry)
    world.division, world.other_division = OrganisationFactory.create_batch(2, parent=world.bureau)
    yesterday = timezone.localdate() - timedelta(days=1)
    posted = {
        "official": (world.division, Role.OFFICIAL, None),
        "other_official": (world.other_division, Role.OFFICIAL, None),
        "reviewer": (world.ministry, Role.REVIEWER, None),
        "auditor": (world.ministry, Role.AUDITOR, None),
        "administrator": (world.ministry, Role.ADMINISTRATOR, None),
        "departed": (world.division, Role.OFFICIAL, yesterday),
    }
    world.sessions = {}
    for name, (organisation, role, to_on) in posted.items():
        user = UserFactory(username=name, password=None)
        world.posting = PostingFactory(user=user, organisation=organisation, role=role, to_on=to_on)
        setattr(world, name, user)
        browser = Client()
        browser.force_login(user)
        world.sessions[name] = browser.cookies[settings.SESSION_COOKIE_NAME].value


def _records(world) -> None:
    world.programme = ProgrammeFactory(lead=world.division)
    world.other_programme = ProgrammeFactory(lead=world.other_division)
    world.document = SourceDocumentFactory()
    SourceText.objects.create(document=world.document, text="令和3年度までに60件を目指す。")
    world.passage = SourcePassageFactory(document=world.document, programme=world.programme)
    for name in ("target", "awaiting", "missed", "closed", "withdrawn"):
        setattr(world, name, OutcomeTargetFactory(programme=world.programme, passage=world.passage, deadline_year=2021))
    world.other_target = OutcomeTargetFactory(programme=world.other_programme, deadline_year=2021)
    world.target_type = ContentType.objects.get_for_model(world.target)
    world.reminder = SentReminderFactory(user=world.official)
    world.proposal = TargetProposalFactory(programme=world.programme)
    world.lock = EntryLockFactory()
    world.match = ProgrammeMatchFactory(document=world.document, candidate=world.programme)
    workflow.withdraw(world.withdrawn, by=world.administrator, reason="重複")


def _reports(world) -> None:
    official, figure = world.official, {"value": UNACCEPTED, "narrative": UNACCEPTED_TEXT, "reason": UNACCEPTED_TEXT}
    by_official, decided = {"reported_by": official}, {"reported_by": official, "decided_by": world.reviewer, "accepted": True}
    world.draft = ProgressReportFactory(target=world.target, fiscal_year=2021, **figure, **by_official)
    world.accepted = ProgressReportFactory(target=world.target, fiscal_year=2019, value=ACCEPTED, **decided)
    world.reopened = ProgressReportFactory(target=world.target, fiscal_year=2020, value=ACCEPTED, **decided)
    world.reopened = workflow.reopen(world.reopened, by=official, reason="訂正")
    world.returned = ProgressReportFactory(target=world.awaiting, fiscal_year=2020, submitted=True, **figure, **by_official)
    world.returned = workflow.send_back(world.returned, by=world.reviewer, reason=UNACCEPTED_TEXT)
    world.submitted = ProgressReportFactory(target=world.awaiting, fiscal_year=2021, submitted=True, **figure, **by_official)
    world.other_draft = ProgressReportFactory(target=world.other_target, fiscal_year=2021, reported_by=world.other_official, **figure)
    for name, value in figure.items():
        setattr(world.reopened, name, value)
    world.reopened.save()
    for report in (world.draft, world.reopened, world.returned, world.submitted, world.other_draft):
        EvidenceFactory(report=report, citation=UNACCEPTED_TEXT)
    for target in (world.missed, world.closed):
        ProgressReportFactory(target=target, fiscal_year=2021, value=ACCEPTED, reason="申請の減少", **decided)
    workflow.close_miss(world.closed, by=world.reviewer, reason="事業の終了")


def make_world() -> SimpleNamespace:
    world = SimpleNamespace()
    for make in (_cast, _records, _reports):
        make(world)
    return world


@pytest.fixture(scope="module")
def _made_once(django_db_setup, django_db_blocker):
    """All tests share one world; each of them is rolled back to it, and at the end it is rolled back itself."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def world(_made_once, db):
    return _made_once


def browser_of(world, role: str) -> Client:
    """A browser in which the user of that name is logged in. An error of the program is an answer too: HTTP 500."""
    browser = Client(raise_request_exception=False)
    if role in world.sessions:
        browser.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[role]
    return browser


def address_of(world, name: str, row: Row) -> str:
    """The address of a row. A pattern without a name is known by its route, and its place holders are filled in."""
    objects = vars(world)
    parts = [part.format_map(objects) for part in row.at]
    if ":" in name.partition("/")[0] or "/" not in name:
        path = reverse(name, args=parts)
    else:
        path = "/" + re.sub(r"<\w+:\w+>|\(\?P<\w+>.*\)\$", lambda _match: parts.pop(0), name)
    return f"{path}?{row.query.format_map(objects)}" if row.query else path


def answer(response) -> str:
    match response.status_code:
        case 200:
            return OPENS
        case 302:
            return LOG_IN if response.headers["Location"].partition("?")[0] == reverse("admin:login") else LEADS_ON
        case 403:
            return REFUSED
        case 404:
            return NOT_FOUND
        case 405:
            return NOT_ALLOWED
        case 409:
            return CONFLICT
        case 422:
            return INCOMPLETE
    return f"HTTP {response.status_code}"


HISTORIES = [model for model in apps.get_models() if hasattr(model, "instance_type")]


def traces() -> dict[str, int]:
    """How many rows each history holds, and the admin's own log."""
    tables = [model._meta.db_table for model in (*HISTORIES, LogEntry)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f'(SELECT count(*) FROM "{table}")' for table in tables))
        return dict(zip(tables, cursor.fetchone(), strict=True))


# --- Every address has its row ------------------------------------------------------------------------------------------------------


def named_patterns(patterns, namespace="", route="") -> Iterator[str]:
    """The name of every pattern of the site, and the route of those that have none."""
    for found in patterns:
        if isinstance(found, URLPattern):
            yield f"{namespace}{found.name}" if found.name else f"{route}{found.pattern}"
        else:
            inner = f"{namespace}{found.namespace}:" if found.namespace else namespace
            yield from named_patterns(found.url_patterns, inner, f"{route}{found.pattern}")


ADDRESSES = list(named_patterns(get_resolver().url_patterns))
ROWS = [(name, row) for name, rows in TABLE.items() for row in rows]


def words_of(name: str, row: Row) -> str:
    return " ".join((name, *row.at, row.query)).replace("{", "").replace("}", "").strip()


every_row = pytest.mark.parametrize(("name", "row"), ROWS, ids=[words_of(*row) for row in ROWS])


def test_every_address_of_the_site_has_its_row():
    assert [name for name in ADDRESSES if name not in TABLE] == []


def test_every_row_has_its_address():
    assert [name for name in TABLE if name not in ADDRESSES] == []


def test_no_two_addresses_share_a_row():
    assert sorted(set(ADDRESSES)) == sorted(ADDRESSES)


@every_row
def test_row_is_asked_at_the_address_it_names(world, name, row):
    found = resolve(address_of(world, name, row).partition("?")[0])
    assert name in (found.view_name, found.route)


def test_history_of_every_model_is_watched():
    assert {model.instance_type for model in HISTORIES} == {model for model in apps.get_models() if hasattr(model, "history")}


# --- What each role is answered -----------------------------------------------------------------------------------------------------


@every_row
def test_everybody_is_answered_as_the_table_says_and_an_empty_form_leaves_no_trace(world, name, row):
    address, answers, traced = address_of(world, name, row), {}, {}
    for role in ROLES:
        browser, before = browser_of(world, role), traces()
        answers[role] = {"GET": answer(browser.get(address)), "POST": answer(browser.post(address, {}))}
        traced[role] = traces() != before
    assert answers == {role: {"GET": row.get[role], "POST": row.post[role]} for role in ROLES}
    assert traced == dict.fromkeys(ROLES, False)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "anonymous"])
def test_who_logs_out_is_logged_out(world, role):
    browser = browser_of(world, role)
    browser.post(reverse("admin:logout"))
    assert not browser.get(reverse("kpis:overdue")).context["user"].is_authenticated


# --- What the buttons do ------------------------------------------------------------------------------------------------------------


def pressed(world, role: str, address: str, **form) -> str:
    """What comes of a step: whether it is taken is told by the histories, and who is refused leaves none."""
    before = traces()
    answered = answer(browser_of(world, role).post(address, {"reason": "理由", **form}))
    if traces() != before:
        return TAKEN if answered == LEADS_ON else f"{answered}, and something was saved"
    return TOLD_WHY if answered in (LEADS_ON, CONFLICT) else answered


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("code", "report"), REPORT_STEPS, ids=map(" ".join, REPORT_STEPS))
def test_step_on_a_report_is_taken_by_those_whose_step_it_is(world, code, report, role):
    row = getattr(world, report)
    version = browser_of(world, "auditor").get(page_of(row)).context["version"]
    address = reverse("admin:kpis_progressreport_step", args=(row.pk, code))
    assert pressed(world, role, address, version=version) == REPORT_STEPS[code, report][role]


def test_who_reports_and_decides_too_decides_nothing_of_their_own(world):
    PostingFactory(user=world.official, organisation=world.ministry, role=Role.REVIEWER)
    for code, report in (("accept", world.submitted), ("take-down", world.accepted)):
        version = browser_of(world, "official").get(page_of(report)).context["version"]
        address = reverse("admin:kpis_progressreport_step", args=(report.pk, code))
        assert pressed(world, "official", address, version=version) == REFUSED
        assert pressed(world, "reviewer", address, version=version) == TAKEN
    address = reverse("admin:kpis_outcometarget_close-miss", args=(world.missed.pk,))
    assert pressed(world, "official", address) == REFUSED


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("code", "target"), TARGET_STEPS, ids=map(" ".join, TARGET_STEPS))
def test_step_on_a_target_is_taken_by_those_whose_step_it_is(world, code, target, role):
    address = reverse(f"admin:kpis_outcometarget_{code}", args=(getattr(world, target).pk,))
    assert pressed(world, role, address) == TARGET_STEPS[code, target][role]


def test_the_tables_of_steps_hold_every_step():
    assert {code for code, _report in REPORT_STEPS} == {step.code for step in workflow.REPORT_STEPS}
    assert {code for code, _target in TARGET_STEPS} == {step.code for step in workflow.TARGET_STEPS}


@pytest.mark.parametrize("role", [role for role in ROLES if role != "reviewer"])
def test_only_a_reviewer_accepts_from_the_list(world, role):
    address, ticked = reverse("admin:kpis_progressreport_changelist"), {"action": "accept_selected", "index": 0}
    shown = browser_of(world, "reviewer").get(address).content.decode()
    versions = dict(re.findall(r'name="(version-\d+)" value="([^"]*)"', shown))
    form = {**versions, **ticked, "_selected_action": [world.submitted.pk]}
    before = traces()
    browser_of(world, role).post(address, form)
    assert traces() == before
    browser_of(world, "reviewer").post(address, form)
    assert ProgressReport.objects.get(pk=world.submitted.pk).state == ReportState.ACCEPTED


# --- Whose programmes an official reports on ----------------------------------------------------------------------------------------


def enters(user, report: ProgressReport, shown_to=None) -> str:
    """What comes of a new figure, sent with the form that the page shows to the user, or showed to somebody else."""
    browser, form = Client(), {}
    for reader in (shown_to or user, user):
        browser.force_login(reader)
        form = form or sent(browser.get(page_of(report)), value="62")
    before = traces()
    answered = answer(browser.post(page_of(report), form))
    saved = ProgressReport.objects.get(pk=report.pk).value == Decimal(62)
    assert saved == (traces() != before)
    return "saved" if saved else answered


def official_of(organisation, **posting):
    return PostingFactory(user=UserFactory(password=None), organisation=organisation, role=Role.OFFICIAL, **posting).user


def test_a_divisions_official_enters_its_reports(world):
    assert enters(world.official, world.draft) == "saved"


def test_an_official_does_not_enter_reports_of_another_division_with_whosever_form(world):
    assert enters(world.other_official, world.draft) == REFUSED
    assert enters(world.other_official, world.draft, shown_to=world.official) == REFUSED


def test_a_bureaus_official_enters_reports_of_the_divisions_below(world):
    above = official_of(world.bureau)
    assert enters(above, world.draft) == "saved"
    assert enters(above, world.other_draft) == "saved"


def test_a_divisions_official_does_not_enter_reports_of_its_bureau(world):
    above = official_of(world.bureau)
    report = ProgressReportFactory(target__programme=ProgrammeFactory(lead=world.bureau), reported_by=above)
    assert enters(world.official, report, shown_to=above) == REFUSED
    assert enters(above, report) == "saved"


def test_a_co_responsible_organisations_official_enters_the_reports_too(world):
    beside = official_of(OrganisationFactory(parent=world.ministry))
    assert enters(beside, world.draft, shown_to=world.official) == REFUSED
    ProgrammeOrganisationFactory(programme=world.programme, organisation=beside.postings.get().organisation)
    assert enters(beside, world.draft) == "saved"


@pytest.mark.parametrize("role", ["reviewer", "auditor", "administrator"])
def test_nobody_but_officials_enters_a_report_with_an_officials_form(world, role):
    assert enters(getattr(world, role), world.draft, shown_to=world.official) == REFUSED


# --- While a posting lasts ----------------------------------------------------------------------------------------------------------

TOKYO = ZoneInfo("Asia/Tokyo")
LAST_MINUTE, NEXT_DAY = datetime(2027, 3, 31, 23, 59, tzinfo=TOKYO), datetime(2027, 4, 1, 0, 0, tzinfo=TOKYO)


def test_an_official_keeps_the_right_on_the_last_day_of_the_posting_and_loses_it_at_once_the_next(world, client, time_machine):
    time_machine.move_to(LAST_MINUTE, tick=False)
    client.force_login(official_of(world.division, to_on=date(2027, 3, 31)))
    page = page_of(world.draft)
    assert answer(client.post(page, sent(client.get(page), value="62"))) == LEADS_ON
    assert ProgressReport.objects.get(pk=world.draft.pk).value == Decimal(62)
    open_page = client.get(page)

    time_machine.move_to(NEXT_DAY, tick=False)
    before = traces()
    assert answer(client.post(page, sent(open_page, value="63"))) == LOG_IN
    assert traces() == before
    assert [answer(client.get(each)) for each in (page, reverse("admin:index"), reverse("kpis:work"))] == [LOG_IN] * 3
    assert answer(client.get(reverse("kpis:overdue"))) == OPENS


def test_an_official_has_no_right_before_the_first_day_of_the_posting(world, client, time_machine):
    time_machine.move_to(LAST_MINUTE, tick=False)
    client.force_login(official_of(world.division, from_on=date(2027, 4, 1)))
    assert answer(client.get(page_of(world.draft))) == LOG_IN
    time_machine.move_to(NEXT_DAY, tick=False)
    assert answer(client.get(page_of(world.draft))) == OPENS


def test_who_is_deactivated_while_logged_in_is_logged_out_at_once(world, client):
    leaving = official_of(world.division)
    client.force_login(leaving)
    assert answer(client.get(page_of(world.draft))) == OPENS
    leaving.is_active = False
    leaving.save()
    assert answer(client.get(page_of(world.draft))) == LOG_IN
    assert not client.get(reverse("kpis:overdue")).context["user"].is_authenticated


# --- What nobody accepted -----------------------------------------------------------------------------------------------------------

OPEN_ROWS = [(name, row) for name, row in ROWS if name.startswith("kpis:") and row.get["anonymous"] == OPENS]
FILES = ("kpis:overdue", "kpis:closed_misses", "kpis:targets")
EVERY_FILE = ("kpis:targets", *(report.page for report in registry.REPORTS.values()))


def is_hidden(text: str) -> bool:
    return str(UNACCEPTED) not in text and UNACCEPTED_TEXT not in text


@pytest.mark.parametrize("role", ["anonymous", "departed"])
@pytest.mark.parametrize(("name", "row"), OPEN_ROWS, ids=[words_of(*row) for row in OPEN_ROWS])
def test_no_open_page_shows_a_figure_that_nobody_accepted(world, name, row, role):
    assert is_hidden(browser_of(world, role).get(address_of(world, name, row)).content.decode())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", FILES)
def test_no_csv_holds_a_figure_that_nobody_accepted_whoever_asks(world, name, role):
    text = browser_of(world, role).get(reverse(name), {"format": "csv"}).getvalue().decode()
    assert is_hidden(text)
    assert str(ACCEPTED) in text


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("name", EVERY_FILE)
def test_no_file_of_a_report_holds_a_figure_that_nobody_accepted(world, name, form):
    content = browser_of(world, "anonymous").get(reverse(name), {"format": form}).getvalue()
    if form == "xlsx":
        with ZipFile(BytesIO(content)) as book:
            content = b"".join(book.read(part) for part in book.namelist())
    text = content.decode()
    assert "target_code" in text
    assert is_hidden(text)


@pytest.mark.parametrize("report", ["overdue", "closed-misses"])
def test_the_command_prints_no_figure_that_nobody_accepted(world, report):
    printed = StringIO()
    call_command("report", report, stdout=printed)
    assert is_hidden(printed.getvalue())
    assert str(ACCEPTED) in printed.getvalue()


def test_the_open_data_hold_no_figure_that_nobody_accepted(world, tmp_path):
    call_command("export_open_data", tmp_path, stdout=StringIO())
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.*"))
    assert is_hidden(written)
    assert str(ACCEPTED) in written


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("anonymous", "departed")])
def test_everybody_with_a_posting_reads_what_nobody_accepted_yet(world, role):
    for page in (page_of(world.draft), page_of(world.submitted), reverse("kpis:target", args=(world.target.code,))):
        text = browser_of(world, role).get(page).content.decode()
        assert str(UNACCEPTED) in text
        assert UNACCEPTED_TEXT in text
