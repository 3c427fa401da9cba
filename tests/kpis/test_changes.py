"""The changes of a period: by person, kind and organisation, the unusual ones apart, as page and as CSV."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from budget.append_only import history_models
from budget.history import explain
from kpis import changes, workflow
from kpis.choices import Doubt
from kpis.models import OutcomeTarget
from tests.factories import (
    ClosedMissFactory,
    EvidenceFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgressReportFactory,
    TargetProposalFactory,
    YearlyMilestoneFactory,
)

pytestmark = pytest.mark.django_db

CHANGES = reverse("kpis:changes")
NOW = "2026-10-01 10:00+09:00"


@pytest.fixture(autouse=True)
def _the_clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def programme(division):
    return ProgrammeFactory(lead=division, display_title="皮革産業振興対策事業")


def saved(row, by=None, reason="見直し", at=None, **columns):
    """The row, changed by somebody at some moment."""
    for name, value in columns.items():
        setattr(row, name, value)
    explain(row, reason=reason, by=by)
    if at:
        row._history_date = at
    row.save()
    return row


def names(response) -> list[tuple[str, bool]]:
    """Of each change the kind of its object, and whether it was added."""
    return [(type(one.change.row).instance_type.__name__, one.change.created) for one in response.context["told"]]


def table(response) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(b"".join(response).decode("utf-8-sig"), newline="")))


# --- Whose page it is ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role.values)
def test_whoever_works_here_reads_the_changes(client, ministry, role):
    client.force_login(PostingFactory(organisation=ministry, role=role).user)
    assert client.get(CHANGES).status_code == 200


def test_nobody_else_does(client):
    assert client.get(CHANGES).headers["Location"].startswith(reverse("admin:login"))


def test_every_model_with_a_history_is_walked():
    assert set(changes.ORGANISATION_OF) == {model.instance_type for model in history_models()}


# --- What is told -------------------------------------------------------------------------------------------------------------------


def test_change_tells_what_old_new_who_when_and_why(as_auditor, administrator, programme):
    target = saved(OutcomeTargetFactory(programme=programme, deadline_year=2040), by=administrator, reason="計画の改定", value=Decimal(70))

    first = as_auditor.get(CHANGES, {"model": "kpis.outcometarget"}).context["told"][0]

    assert (first.kind, first.name, first.change.by, first.change.reason) == ("成果目標", str(target), administrator, "計画の改定")
    assert [(field.name, field.old, field.new) for field in first.change.fields] == [("value", "60", "70")]
    assert first.url == reverse("admin:kpis_outcometarget_history", args=[target.pk])


def test_newest_stands_first_across_models(as_auditor, programme):
    at = datetime(2026, 9, 20, tzinfo=UTC)
    target = OutcomeTargetFactory(programme=programme)
    saved(programme, purpose="振興", at=at)
    saved(target, note="要確認", at=at + timedelta(seconds=1))
    saved(programme.lead, name="生活製品課", at=at - timedelta(seconds=1))

    response = as_auditor.get(CHANGES, {"since": "2026-09-20", "until": "2026-09-20"})

    assert names(response) == [("OutcomeTarget", False), ("Programme", False), ("Organisation", False)]


@pytest.mark.parametrize(
    ("moment", "is_told"),
    [
        (datetime(2026, 9, 19, 14, 59, 59, tzinfo=UTC), False),  # the day before in Tokyo, at 23:59:59
        (datetime(2026, 9, 19, 15, tzinfo=UTC), True),
        (datetime(2026, 9, 21, 14, 59, 59, 999999, tzinfo=UTC), True),
        (datetime(2026, 9, 21, 15, tzinfo=UTC), False),
    ],
)
def test_both_days_of_the_period_count_in_the_time_of_tokyo(as_auditor, programme, moment, is_told):
    saved(programme, purpose="振興", at=moment)
    response = as_auditor.get(CHANGES, {"since": "R8.9.20", "until": "2026-09-21"})
    assert names(response) == [("Programme", False)] * is_told


def test_last_thirty_days_are_shown_where_no_day_is_asked_for(as_auditor, programme):
    for day, purpose in ((31, "先月"), (30, "今月")):
        saved(programme, purpose=purpose, at=datetime(2026, 10, 1, tzinfo=UTC) - timedelta(days=day))
    told = as_auditor.get(CHANGES, {"model": "budget.programme"}).context["told"]
    purposes = {field.new for one in told for field in one.change.fields if field.name == "purpose"}
    assert ("今月" in purposes, "先月" in purposes) == (True, False)


def test_each_change_is_held_against_the_row_before_it_also_before_the_period(as_auditor, programme):
    saved(programme, purpose="一", at=datetime(2025, 4, 1, tzinfo=UTC))
    saved(programme, purpose="二", at=datetime(2026, 9, 20, tzinfo=UTC))
    (one,) = as_auditor.get(CHANGES, {"since": "2026-09-20", "until": "2026-09-20"}).context["told"]
    assert [(field.old, field.new) for field in one.change.fields] == [("一", "二")]


# --- How it is narrowed -------------------------------------------------------------------------------------------------------------


def test_changes_of_a_person(as_auditor, administrator, programme):
    saved(programme, by=administrator, purpose="一")
    saved(programme, purpose="二")
    told = as_auditor.get(CHANGES, {"by": administrator.username}).context["told"]
    assert [one.change.by for one in told] == [administrator]


def test_changes_of_one_kind(as_auditor, programme):
    report = EvidenceFactory(report__target__programme=programme).report
    assert set(names(as_auditor.get(CHANGES, {"model": "kpis.evidence"}))) == {("Evidence", True)}
    assert set(names(as_auditor.get(CHANGES, {"model": "kpis.progressreport"}))) == {("ProgressReport", True)}
    assert report.evidence.exists()


def test_changes_of_an_organisation_and_all_below_it(as_auditor, bureau, programme):
    target = OutcomeTargetFactory(programme=programme)
    YearlyMilestoneFactory(target=target)
    EvidenceFactory(report__target=target)
    ClosedMissFactory(target=target)
    OutcomeTargetFactory(programme__lead=OrganisationFactory())

    told = names(as_auditor.get(CHANGES, {"organisation": bureau.code}))

    kinds = ("Organisation", "Programme", "OutcomeTarget", "YearlyMilestone", "ProgressReport", "Evidence", "ClosedMiss")
    assert {kind for kind, _added in told} == set(kinds)
    assert [kind for kind, _added in told].count("OutcomeTarget") == 1


@pytest.mark.parametrize(
    "query",
    [
        {"since": "soon"},
        {"since": "2026-10-01", "until": "2026-09-30"},
        {"by": "nobody"},
        {"model": "kpis.nothing"},
        {"organisation": "nix"},
        {"unusual": "odd"},
        {"format": "xlsx"},
        {"format": "csv", "page": "1"},
        {"page": "9"},
        {"who": "x"},
    ],
)
def test_what_cannot_be_read_is_refused(as_auditor, query):
    assert as_auditor.get(CHANGES, query).status_code == 400


# --- Unusual ones -------------------------------------------------------------------------------------------------------------------


def unusual(client, code) -> list[tuple[str, bool]]:
    return names(client.get(CHANGES, {"unusual": code}))


def test_terms_that_changed_after_the_last_day(as_auditor, programme):
    before, after = (
        OutcomeTargetFactory(programme=programme, deadline_year=2030),
        OutcomeTargetFactory(programme=programme, deadline_year=2024),
    )
    for target in (before, after):
        saved(target, value=Decimal(50))
    told = as_auditor.get(CHANGES, {"unusual": "after_deadline"}).context["told"]
    assert [one.name for one in told] == [str(OutcomeTarget.objects.get(pk=after.pk))]


def test_terms_changed_after_the_last_day_that_was_in_force_before(as_auditor, programme, time_machine):
    """Also of a deadline that was moved away from the past; a note is no term."""
    moved, noted = OutcomeTargetFactory.create_batch(2, programme=programme, deadline_year=2024)
    saved(moved, deadline_year=2027)
    saved(noted, note="原典を確認した。")
    told = as_auditor.get(CHANGES, {"unusual": "after_deadline"}).context["told"]
    assert [one.name for one in told] == [str(moved)]


def test_what_a_command_wrote(as_auditor, administrator, programme, tmp_path):
    saved(programme, by=administrator, purpose="一")
    file = tmp_path / "fixture.json"
    file.write_text('[{"model": "budget.organisation", "fields": {"code": "new", "name": "新設課", "kind": "division"}}]', encoding="utf-8")
    call_command("loaddata", str(file), verbosity=0)
    told = as_auditor.get(CHANGES, {"unusual": "command", "model": "budget.organisation"}).context["told"]
    assert [one.change.reason for one in told if one.change.reason.startswith("loaddata")] == [
        f"loaddata: fixture {tmp_path.name}/fixture.json"
    ]
    assert ("Programme", False) not in unusual(as_auditor, "command")


def test_what_administrators_changed(as_auditor, administrator, official, programme):
    saved(programme, by=official, purpose="一")
    saved(programme, by=administrator, purpose="二")
    (one,) = as_auditor.get(CHANGES, {"unusual": "administrator"}).context["told"]
    assert one.change.by == administrator


def test_results_that_were_reopened(as_auditor, official, reviewer, programme):
    report = ProgressReportFactory(target__programme=programme, reported_by=official, submitted=True)
    assert unusual(as_auditor, "reopened") == []
    workflow.reopen(workflow.accept(report, by=reviewer), by=official, reason="集計の誤り")
    (one,) = as_auditor.get(CHANGES, {"unusual": "reopened"}).context["told"]
    assert (one.change.by, one.change.reason) == (official, "集計の誤り")


# --- As a file, and what it costs ---------------------------------------------------------------------------------------------------


def test_file_has_a_row_for_each_field_that_changed(as_auditor, administrator, programme):
    saved(programme, by=administrator, reason="改称", display_title="新しい名称", purpose="振興\n育成")
    told = table(as_auditor.get(CHANGES, {"format": "csv", "by": administrator.username}))
    assert [(row["field"], row["old"], row["new"]) for row in told] == [
        ("display_title", "皮革産業振興対策事業", "新しい名称"),
        ("purpose", "", "振興 育成"),
    ]
    assert {(row["changed_at"], row["changed_by"], row["model"], row["key"], row["created"], row["reason"]) for row in told} == {
        ("2026-10-01T10:00:00+09:00", administrator.username, "budget.programme", str(programme.pk), "false", "改称")
    }


def test_what_was_read_and_doubted_of_a_proposal_is_told_in_words(as_auditor, programme):
    """Not as codes and numbers of places."""
    marks = {"value": [6, 9], "deadline": [0, 5]}
    goal_text = "令和７年度400件を目指す。"
    TargetProposalFactory(programme=programme, goal_text=goal_text, marks=marks, doubts="comparator_assumed unit_not_read")
    (one,) = as_auditor.get(CHANGES, {"model": "kpis.targetproposal"}).context["told"]
    told = {field.name: field.new for field in one.change.fields}
    assert told["marks"] == f"「{goal_text[0:5]}」, 「{goal_text[6:9]}」"
    assert told["doubts"] == f"{Doubt.COMPARATOR_ASSUMED.label}, {Doubt.UNIT_NOT_READ.label}"


def test_file_holds_all_pages(as_auditor, programme, monkeypatch):
    monkeypatch.setattr(changes, "AT_ONCE", 7)
    for number in range(60):
        saved(programme, purpose=f"目的{number}")
    told = table(as_auditor.get(CHANGES, {"format": "csv", "model": "budget.programme"}))
    assert [row["new"] for row in told if row["field"] == "purpose"] == [f"目的{number}" for number in reversed(range(60))]


@pytest.mark.parametrize("model", ["kpis.progressreport", "kpis.evidence", "kpis.outcometarget", "accounts.posting"])
def test_page_costs_the_same_for_any_number(as_auditor, programme, model):
    def add(number):
        for _n in range(number):
            report = EvidenceFactory(report__target__programme=programme).report
            saved(report, narrative="年度末の集計。", reported_by=PostingFactory().user)

    asked = []
    for number in (2, 20):
        add(number)
        with CaptureQueriesContext(connection) as queries:
            assert as_auditor.get(CHANGES, {"model": model}).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_all_kinds_together_cost_a_few_queries_each(as_auditor, programme):
    EvidenceFactory(report__target__programme=programme)
    with CaptureQueriesContext(connection) as queries:
        response = as_auditor.get(CHANGES)
    kinds = {kind for kind, _added in names(response)}
    # Of each kind its history, the names, and what two kinds of links are called. Besides: session, user, organisations, number, rows,
    # documents. No page of all kinds can stay below ten.
    assert len(queries) <= 6 + 4 * len(kinds)


# --- Of a programme -----------------------------------------------------------------------------------------------------------------


def test_changes_of_a_programme_are_those_of_all_that_belongs_to_it_from_its_first_day(as_auditor, division, time_machine):
    time_machine.move_to("2025-01-15 10:00+09:00")
    programme, other = ProgrammeFactory(code="programme", lead=division), ProgrammeFactory(code="other", lead=division)
    for one in (programme, other):
        target = OutcomeTargetFactory(programme=one)
        YearlyMilestoneFactory(target=target)
        EvidenceFactory(report=ProgressReportFactory(target=target))
    time_machine.move_to(NOW)

    response = as_auditor.get(CHANGES, {"programme": "programme"})

    assert response.context["form"].cleaned_data["since"].isoformat() == "2025-01-15"
    assert 'name="since" value="2025-01-15"' in response.text
    assert 'name="programme" value="programme"' in response.text
    assert sorted(names(response)) == [
        ("Evidence", True),
        ("OutcomeTarget", True),
        ("Programme", True),
        ("ProgressReport", True),
        ("YearlyMilestone", True),
    ]


@pytest.mark.parametrize("code", ["none", "\x00", "a\x00b"])
def test_unknown_programme_is_refused(as_auditor, code):
    response = as_auditor.get(CHANGES, {"programme": code})

    assert response.status_code == 400
    assert [problem.parameter for problem in response.context["problems"]] == ["programme"]
