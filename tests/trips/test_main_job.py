"""The main job on the real document: what is overdue today, a result entered, submitted and accepted, one row fewer, and who did it."""

import csv
import json
from datetime import date

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse
from time_machine import travel

from accounts.models import User
from budget.history import changes_of
from kpis.choices import DeadlineKind, ReportState, Status
from kpis.models import OutcomeTarget, ProgressReport
from tests.forms import sent

pytestmark = pytest.mark.django_db

# Due in FY2024, led by the division of demo-official, and nobody reported: 日本エコレザー認定数（累計）1,250件.
CERTIFIED_LEATHER = "meti-2024-064-04"


THAT_DAY = "2026-11-23 10:00+09:00"


@pytest.fixture(scope="module")
def _demonstration(django_db_setup, django_db_blocker):
    """All tests share one demonstration; each of them is rolled back to it, and at the end it is rolled back itself."""
    with django_db_blocker.unblock(), transaction.atomic():
        with travel(THAT_DAY, tick=False):
            call_command("demo", verbosity=0)
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _demonstration_on_that_day(_demonstration, db, time_machine):
    time_machine.move_to(THAT_DAY, tick=False)


def _log_in(client, username):
    client.force_login(User.objects.get(username=username))


def _overdue(client, **parameters):
    """The codes in the CSV of the overdue report, each with its status."""
    answer = client.get(reverse("kpis:overdue"), {"format": "csv", **parameters})
    assert answer.status_code == 200
    lines = b"".join(answer).decode("utf-8-sig").splitlines()
    return {row["target_code"]: row["status"] for row in csv.DictReader(lines)}


def _examples():
    text = (settings.BASE_DIR / "fixtures/demo/03_reports.json").read_text(encoding="utf-8")
    return {row["fields"]["target"][0] for row in json.loads(text)}


def _enter(client, code, value, **more):
    """Fill in the entry page of a target and press a button; the page is opened first, as a person would."""
    address = reverse("admin:kpis_progressreport_add", query={"target": OutcomeTarget.objects.get(code=code).pk})
    page = client.get(address)
    return client.post(address, sent(page, value=value, **{"evidence-0-citation": "業務統計"}, **more))


def _page_of(report):
    return reverse("admin:kpis_progressreport_change", args=[report.pk])


def _take(client, report, step, **more):
    """Press the button of a step, as it stands on the report's page."""
    version = client.get(_page_of(report)).context["version"]
    return client.post(reverse("admin:kpis_progressreport_step", args=[report.pk, step]), {"version": version, **more})


def test_targets_due_up_to_fy2025_are_unreported_apart_from_the_examples(client):
    due = OutcomeTarget.objects.filter(each_year=False, due_fy__lte=2025)
    judged_each_year = OutcomeTarget.objects.filter(each_year=True, first_year__lte=2025)
    expected = {target.code for target in (*due, *judged_each_year)} - _examples()

    found = _overdue(client)

    assert {code: status for code, status in found.items() if code not in _examples()} == dict.fromkeys(expected, Status.UNREPORTED)
    assert {found[code] for code in _examples() & set(found)} == {Status.MISSED, Status.UNREPORTED}


def test_target_due_at_its_programmes_end_in_fy2024_is_overdue(client):
    target = OutcomeTarget.objects.get(deadline_kind=DeadlineKind.AFTER_PROGRAMME, due_on=date(2025, 3, 31))

    assert _overdue(client)[target.code] == Status.UNREPORTED


def test_nothing_was_overdue_before_the_first_results_were_due(client):
    assert _overdue(client, on="2024-08-31") == {}


def test_result_that_an_official_submits_and_a_reviewer_accepts_leaves_the_list(client):
    before = _overdue(client)
    assert before[CERTIFIED_LEATHER] == Status.UNREPORTED

    _log_in(client, "demo-official")
    _enter(client, CERTIFIED_LEATHER, "1250", _submit="1")
    report = ProgressReport.objects.get(target__code=CERTIFIED_LEATHER)
    assert (report.state, report.evidence.get().citation) == (ReportState.SUBMITTED, "業務統計")

    _log_in(client, "demo-reviewer")
    _take(client, report, "accept")

    assert set(before) - set(_overdue(client)) == {CERTIFIED_LEATHER}
    assert len(_overdue(client)) == len(before) - 1
    report.refresh_from_db()
    told = [(change.by.username, [field.name for field in change.fields if field.name == "state"]) for change in changes_of(report)]
    assert told == [("demo-reviewer", ["state"]), ("demo-official", ["state"]), ("demo-official", ["state"])]


def test_accepted_result_that_misses_stays_in_the_list_as_missed(client):
    waiting = ProgressReport.objects.get(target__code="meti-2024-009-01")  # 58.4 of 60 %, submitted

    _log_in(client, "demo-reviewer")
    _take(client, waiting, "accept")

    assert _overdue(client)["meti-2024-009-01"] == Status.MISSED


def test_returned_result_is_unreported_until_it_is_submitted_again(client):
    waiting = ProgressReport.objects.get(target__code="meti-2024-064-05")

    _log_in(client, "demo-reviewer")
    _take(client, waiting, "return", reason="根拠資料の頁を示してください。")

    assert _overdue(client)["meti-2024-064-05"] == Status.UNREPORTED


def test_official_cannot_report_on_the_programme_of_another_division(client):
    _log_in(client, "demo-official")

    others = reverse("admin:kpis_progressreport_add", query={"target": OutcomeTarget.objects.get(code="meti-2024-001-01").pk})
    assert client.get(others).status_code == 403
    assert client.post(others, {"fiscal_year": "2025", "value": "400", "_submit": "1"}).status_code == 403
    assert not ProgressReport.objects.filter(target__code="meti-2024-001-01").exists()


@pytest.mark.parametrize("username", ["demo-official", "demo-coordinator", "demo-auditor", "demo-administrator"])
def test_who_is_no_reviewer_cannot_accept(client, username):
    waiting = ProgressReport.objects.get(target__code="meti-2024-064-05")

    _log_in(client, username)
    _take(client, waiting, "accept")

    waiting.refresh_from_db()
    assert waiting.state == ReportState.SUBMITTED


def _work(client):
    """What My work shows: how many rows each list has, and the codes of its first rows."""
    lists = client.get(reverse("kpis:work")).context["lists"]
    return {one.kind: (one.number, [getattr(row, "code", None) or row.target.code for row in one.rows]) for one in lists}


def test_result_goes_from_the_first_page_after_the_log_in_to_acceptance_over_a_return(client):
    """Enter → submit → return → correct → accept → gone from the overdue report, each found on My work."""
    _log_in(client, "demo-official")
    assert client.get("/").headers["Location"] == reverse("kpis:work")
    number, codes = _work(client)["unreported"]
    assert CERTIFIED_LEATHER in codes
    _enter(client, CERTIFIED_LEATHER, "1249", reason="認定の審査が年度をまたいだため。", _submit="1")
    report = ProgressReport.objects.get(target__code=CERTIFIED_LEATHER)
    assert _work(client)["unreported"][0] == number - 1
    assert CERTIFIED_LEATHER in _work(client)["submitted"][1]

    _log_in(client, "demo-reviewer")
    assert CERTIFIED_LEATHER in _work(client)["decide"][1]
    _take(client, report, "return", reason="3月の認定を含めてください。")
    assert CERTIFIED_LEATHER not in _work(client)["decide"][1]

    _log_in(client, "demo-official")
    assert CERTIFIED_LEATHER in _work(client)["returned"][1]
    page = client.get(_page_of(report))
    assert "3月の認定を含めてください。" in page.content.decode()
    client.post(_page_of(report), sent(page, value="1250", reason="", _submit="1"))

    _log_in(client, "demo-reviewer")
    _take(client, report, "accept")

    assert CERTIFIED_LEATHER not in _overdue(client)
    states = [field.new for change in reversed(changes_of(report)) for field in change.fields if field.name == "state"]
    assert states == ["下書き", "提出", "差戻し", "提出", "承認"]


def test_miss_is_closed_by_a_reviewer_and_leaves_the_report_for_a_list_of_its_own(client):
    (missed,) = [code for code, status in _overdue(client).items() if status == Status.MISSED]
    target = OutcomeTarget.objects.get(code=missed)
    step = reverse("admin:kpis_outcometarget_close-miss", args=[target.pk])

    _log_in(client, "demo-reviewer")
    assert step in client.get(reverse("kpis:target", args=[missed])).content.decode()
    client.post(step, {"reason": "後継事業の目標に引き継いだため。"})

    assert missed not in _overdue(client)
    assert OutcomeTarget.objects.with_status(date(2026, 11, 23)).get(code=missed).status == Status.MISSED
    closed = client.get(reverse("kpis:closed_misses"), {"format": "csv"})
    (row,) = csv.DictReader(b"".join(closed).decode("utf-8-sig").splitlines())
    assert (row["target_code"], row["closed_on"], row["closing_reason"]) == (missed, "2026-11-23", "後継事業の目標に引き継いだため。")

    client.post(reverse("admin:kpis_outcometarget_reopen-miss", args=[target.pk]), {"reason": "引継ぎを確認できなかったため。"})
    assert _overdue(client)[missed] == Status.MISSED
