"""Two clocks on every page, file and command: how a moment is written, what is refused, and that all of a page is of the past."""

import re
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from budget.forms import MomentField
from budget.known import ledgers
from kpis import asof, workflow
from kpis.asof import Clocks, as_known_at
from kpis.models import OutcomeTarget, TargetLink
from kpis.registry import REPORTS, TARGETS
from tests.factories import (
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgressReportFactory,
    SourcePassageFactory,
    YearlyMilestoneFactory,
)

pytestmark = pytest.mark.django_db

NOW = "2026-09-10 12:00:00+09:00"
BEFORE = "2026-09-05T00:00"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-09-01T12:00", (2026, 9, 1, 3, 0)),
        ("2026-09-01 12:00:05", (2026, 9, 1, 3, 0, 5)),
        ("2026-09-01T12:00:05.000001", (2026, 9, 1, 3, 0, 5, 1)),
        ("2026-09-01T12:00:05.5", (2026, 9, 1, 3, 0, 5, 500_000)),
        ("2026-09-01 9:00:05.5", (2026, 9, 1, 0, 0, 5, 500_000)),
        ("2026-09-01T12:00+09:00", (2026, 9, 1, 3, 0)),
        ("2026-09-01T03:00Z", (2026, 9, 1, 3, 0)),
        ("2026-09-01T03:00:00+00:00", (2026, 9, 1, 3, 0)),
        ("令和8年9月1日　１２：００", (2026, 9, 1, 3, 0)),
        ("R8.9.1 9:05", (2026, 9, 1, 0, 5)),
        ("2026-09-01 00:00", (2026, 8, 31, 15, 0)),
        ("2026-09-01", (2026, 9, 1, 14, 59, 59, 999_999)),
        ("令和8年9月1日（2026-09-01）", (2026, 9, 1, 14, 59, 59, 999_999)),
    ],
)
def test_moment_is_read_in_tokyo(written, read):
    assert MomentField().clean(written) == datetime(*read, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "soon",
        "12:00",
        "2026-09-01T25:00",
        "2026-09-01T12",
        "2026-13-01 12:00",
        "2026-09-01T12:00:00.0000001",
        "2026-09-01T12:00+99:00",
        "T12:00",
    ],
)
def test_what_is_no_moment_is_refused_with_a_sentence(written):
    with pytest.raises(ValidationError, match=r"2026-09-01 17:30"):
        MomentField().clean(written)


@pytest.mark.parametrize("zone", ["+23:59", "-23:59", "+09:00", "Z"])
def test_page_reads_a_moment_of_any_zone(client, zone):
    assert MomentField().clean(f"2020-01-01 10:00{zone}").utcoffset() == timedelta(0)  # PostgreSQL reads no offset beyond 16 hours
    assert client.get(reverse("kpis:dashboard"), {"known_at": f"2020-01-01 10:00{zone}"}).status_code == 200


def test_blank_is_no_moment():
    assert MomentField(required=False).clean("") is None


def test_clocks_stand_in_the_name_of_a_file():
    assert str(Clocks(date(2026, 9, 1))) == "2026-09-01"
    assert str(Clocks(date(2026, 9, 1), datetime(2026, 8, 31, 15, 0, 0, 7, UTC))) == "2026-09-01-known-at-20260901T000000.000007"


# --- The last minute ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (59, 400), (0, 400), (-3600, 400)])
def test_last_minute_is_refused_on_a_page(client, time_machine, seconds, status):
    time_machine.move_to(NOW, tick=False)
    moment = datetime(2026, 9, 10, 12, tzinfo=UTC) - timedelta(hours=9, seconds=seconds)
    answer = client.get(reverse("kpis:overdue"), {"known_at": moment.isoformat()})
    assert answer.status_code == status
    if status == 400:
        assert "2026-09-10 11:59:00" in answer.content.decode()


def test_last_minute_is_refused_by_commands(time_machine, tmp_path):
    time_machine.move_to(NOW, tick=False)
    for command in (("report", "overdue"), ("report", "closed-misses"), ("export_open_data", str(tmp_path / "out"))):
        with pytest.raises(CommandError, match=r"--known-at 2026-09-10T11:59:01: .*2026-09-10 11:59:00"):
            call_command(*command, known_at="2026-09-10T11:59:01")
        with pytest.raises(CommandError, match="--known-at soon: "):
            call_command(*command, known_at="soon")
    assert not (tmp_path / "out").exists()


# --- All of a page --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(time_machine, ministry):
    """What stood there until 5 September, and everything changed afterwards."""
    time_machine.move_to("2026-09-01 12:00+09:00", tick=False)
    bureau, other = (OrganisationFactory(name=name, kind="bureau") for name in ("前の局", "後の局"))
    lead = OrganisationFactory(name="前の課", parent=bureau)
    programme = ProgrammeFactory(display_title="前の事業", lead=lead)
    passage = SourcePassageFactory(programme=programme)
    target = OutcomeTargetFactory(programme=programme, passage=passage, indicator="前の指標", deadline_year=2023)
    follows = OutcomeTargetFactory(programme=programme, indicator="後続の指標", deadline_year=2030)
    link = TargetLink.objects.create(from_target=target, to_target=follows)
    YearlyMilestoneFactory(target=target, fiscal_year=2022, value=30)
    report = ProgressReportFactory(target=target, fiscal_year=2023, value=41, accepted=True)
    time_machine.move_to("2026-09-07 12:00+09:00", tick=False)
    reviewer = PostingFactory(organisation=ministry, role=Role.REVIEWER, from_on=date(2026, 9, 6)).user
    administrator = PostingFactory(organisation=ministry, role=Role.ADMINISTRATOR, from_on=date(2026, 9, 6)).user
    moved = ProgrammeFactory(display_title="後の事業", lead=lead)
    lead.name, lead.parent = "後の課", other
    bureau.name = "改称の局"
    programme.display_title = "改称の事業"
    target.programme, target.indicator = moved, "後の指標"
    for row in (lead, bureau, programme, target):
        row.save()
    link.delete()
    workflow.take_down(report, by=reviewer, reason="誤集計のため。")
    workflow.withdraw(follows, by=administrator, reason="統合のため。")
    time_machine.move_to(NOW, tick=False)
    return target


def pages(world) -> dict[str, str]:
    return {
        "dashboard": reverse("kpis:dashboard"),
        "overdue": reverse("kpis:overdue"),
        "closed": reverse("kpis:closed_misses"),
        "final": reverse("kpis:final_year"),
        "targets": reverse("kpis:targets"),
        "target": reverse("kpis:target", args=[world.code]),
        "programmes": reverse("kpis:programmes"),
        "organisation": reverse("kpis:organisation", args=[world.programme.lead.code]),
        "programme": reverse("kpis:programme", args=[OutcomeTarget.history.filter(id=world.pk).earliest().programme.code]),
    }


@pytest.mark.parametrize("page", ["dashboard", "overdue", "organisation", "targets", "target", "programmes", "programme"])
def test_page_of_the_past_shows_the_past_alone(client, world, page):
    then = client.get(pages(world)[page], {"known_at": BEFORE}).content.decode()
    assert "前の" in then
    assert not re.search("後の事業|後の課|後の指標|改称|統合のため", then)


def test_page_of_now_shows_the_present(client, world):
    now = client.get(pages(world)["overdue"]).content.decode()
    assert "後の指標" in now
    assert "前の" not in now


@pytest.mark.parametrize("page", ["dashboard", "overdue", "organisation", "closed", "targets", "target", "programmes", "programme"])
def test_page_says_both_clocks_and_links_carry_them(client, english, world, page):
    answer = client.get(pages(world)[page], {"on": "2026-08-01", "known_at": BEFORE}, headers={"accept-language": "en"}).content.decode()
    assert "令和8年8月1日（2026-08-01）" in answer
    assert "令和8年9月5日（2026-09-05） 00:00:00" in answer
    links = re.findall(r'href="([^"]*(?:/targets/|/programmes/|/organisations/)[\w-]+/[^"]*)"', answer)
    assert all("on=2026-08-01&amp;known_at=2026-09-05T00%3A00" in link for link in links if "/sources/" not in link)
    assert links or page == "closed"
    itself = re.findall(r'<p class="clocks">.*?</p>', answer, flags=re.DOTALL)[0]
    assert 'href="?on=2026-08-01"' in itself  # as recorded now
    assert "known_at=2026-08-01" in itself  # as recorded at the end of the day judged
    assert "known_at=2026-08-31" in itself  # as recorded at the end of last month


@pytest.mark.parametrize(("address", "asked"), [("/search/", {"q": "前の", "show": "targets"}), ("/round/", {"show": "asked"})])
def test_list_that_is_asked_for_leads_to_the_same_on_another_day(client, world, reviewer, address, asked):
    client.force_login(reviewer)
    page = client.get(address, asked | {"on": "2026-08-01"}).text
    (form,) = re.findall(r'<form class="day" .*?</form>', page, flags=re.DOTALL)
    assert "令和8年8月1日（2026-08-01）" in page
    assert dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)) == asked
    assert 'name="on"' in form


def test_every_query_of_a_page_of_the_past_reads_the_ledgers(client, world, monkeypatch):
    tables = {f'"{ledger.known_of._meta.db_table}"' for ledger in ledgers()} - {'"accounts_posting"'}
    read_as_past = []

    def spied(reading, execute, *statement, read=asof._Reading.__call__):
        def executed(sql, *rest):
            if sql.startswith("WITH RECURSIVE") and "known_from <= " in sql:
                read_as_past.append(sql)
            return execute(sql, *rest)

        return read(reading, executed, *statement)

    monkeypatch.setattr(asof._Reading, "__call__", spied)
    for address in pages(world).values():
        read_as_past.clear()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address, {"known_at": BEFORE}).status_code == 200
        read = [query["sql"] for query in queries if any(table in query["sql"] for table in tables)]
        assert read
        assert len(read_as_past) == len(read)


@pytest.mark.parametrize("page", ["dashboard", "overdue", "organisation", "closed", "targets", "target", "programmes", "programme"])
def test_the_past_costs_as_many_queries_as_the_present(client, world, page):
    def asked(**clocks):
        with CaptureQueriesContext(connection) as queries:
            client.get(pages(world)[page], clocks)
        return len(queries)

    assert asked(known_at="2026-09-09") == asked()  # the same rows


def test_steps_are_taken_in_the_present_alone(client, world, administrator):
    client.force_login(administrator)
    address = pages(world)["target"]
    assert "withdraw" in client.get(address).content.decode()
    assert "withdraw" not in client.get(address, {"known_at": BEFORE}).content.decode()


def test_reader_stays_logged_in_with_the_rights_of_now(client, world, reviewer):
    client.force_login(reviewer)  # nobody had this posting on 5 September
    page = client.get(pages(world)["target"], {"known_at": BEFORE})
    assert page.wsgi_request.user == reviewer
    assert client.get(reverse("kpis:work")).status_code == 200


def test_what_was_not_there_yet_is_not_found(client, world):
    assert client.get(pages(world)["target"], {"known_at": "2026-08-01"}).status_code == 404


def test_organisation_that_was_not_there_yet_cannot_be_asked_for(client, world):
    new = OrganisationFactory(code="new")
    assert client.get(reverse("kpis:overdue"), {"organisation": new.code}).status_code == 200
    assert client.get(reverse("kpis:overdue"), {"organisation": new.code, "known_at": BEFORE}).status_code == 400


def test_file_and_command_give_the_same_of_the_past(client, world):
    answer = client.get(reverse("kpis:overdue"), {"known_at": BEFORE, "on": "2026-09-05", "format": "csv"})
    lines = b"".join(answer).decode()
    assert "前の指標" in lines
    assert 'filename="seika-overdue-2026-09-05-known-at-20260905T000000.000000.csv"' in answer["Content-Disposition"]
    out = StringIO()
    call_command("report", "overdue", on="2026-09-05", known_at=BEFORE, stdout=out)
    assert out.getvalue() == lines


def test_nothing_is_written_into_the_past(world):
    with as_known_at(datetime(2026, 9, 5, tzinfo=UTC)), pytest.raises(RuntimeError, match="read, not written"):
        OutcomeTarget.objects.filter(pk=0).update(indicator="x")


def test_within_one_moment_the_innermost_counts(world):
    def indicator():
        return OutcomeTarget.objects.get(pk=world.pk).indicator

    early, late = datetime(2026, 9, 5, tzinfo=UTC), datetime(2026, 9, 8, tzinfo=UTC)
    with as_known_at(late):
        assert indicator() == "後の指標"
        with as_known_at(early):
            assert indicator() == "前の指標"
            with as_known_at(None):
                assert indicator() == "後の指標"
            assert indicator() == "前の指標"
        assert indicator() == "後の指標"
    assert connection.execute_wrappers == []


def test_the_present_is_back_after_an_error(world):
    with pytest.raises(LookupError), as_known_at(datetime(2026, 9, 5, tzinfo=UTC)):
        raise LookupError
    assert OutcomeTarget.objects.get(pk=world.pk).indicator == "後の指標"


# --- Before all of it was recorded ------------------------------------------------------------------------------------------------------


@pytest.fixture
def half_recorded(time_machine, ministry):
    """Two overdue targets whose programmes were recorded on 1 September: the organisation that leads one of them a day later, the bureau
    above it two days later.
    """
    time_machine.move_to("2026-09-03 12:00+09:00", tick=False)
    bureau = OrganisationFactory(code="late-bureau", name="遅い局", kind="bureau", parent=ministry)
    time_machine.move_to("2026-09-02 12:00+09:00", tick=False)
    lead = OrganisationFactory(code="late-lead", name="遅い課", parent=bureau)
    time_machine.move_to("2026-09-01 12:00+09:00", tick=False)
    OutcomeTargetFactory(programme__lead=lead, deadline_year=2023)
    OutcomeTargetFactory(programme__lead=OrganisationFactory(code="known", name="知られた課"), deadline_year=2023)
    time_machine.move_to(NOW, tick=False)


@pytest.mark.parametrize(
    ("known_at", "bureaus"),
    [
        ("2026-09-01", {"この時点では未登録の組織": 1, "知られた課": 1}),
        ("2026-09-02", {"遅い課": 1, "知られた課": 1}),
        ("2026-09-03", {"遅い局": 1, "知られた課": 1}),
    ],
)
def test_totals_count_what_an_organisation_leads_that_was_not_recorded_yet(client, half_recorded, reviewer, known_at, bureaus):
    client.force_login(reviewer)
    asked = {"known_at": known_at, "on": "2026-09-05"}
    dashboard, overdue, of_the_round = (client.get(reverse(f"kpis:{name}"), asked) for name in ("dashboard", "overdue", "round"))

    assert {line.organisation.name: line.total for line, _counts in dashboard.context["bureaus"]} == bureaus
    assert sum(line.total for line in dashboard.context["divisions"]) == 2
    assert {total.organisation.name: total.total for total, _counts in overdue.context["totals"]} == bureaus
    assert {bureau.name for bureau, _sums, _divisions in of_the_round.context["bureaus"]} == bureaus.keys()
    assert dict(of_the_round.context["totals"])["earlier"] == 2
    for page in (dashboard, overdue, of_the_round):
        links = re.findall(r'href="([^"]*(?:bureau|lead)=[^"]*)"', page.text)
        assert not [link for link in links if re.search("(bureau|lead)=(&|$)", link)]  # it would lead to all of them


def test_list_says_how_many_of_those_counted_it_does_not_show(client, half_recorded):
    page = client.get(reverse("kpis:overdue"), {"known_at": "2026-09-01", "on": "2026-09-05"})
    assert (page.context["page"].paginator.count, len(page.context["rows"])) == (2, 1)
    assert "うち1件は、この時点では事業またはその主担当組織が未登録のため" in page.text
    assert "未登録のため" not in client.get(reverse("kpis:overdue"), {"known_at": "2026-09-02", "on": "2026-09-05"}).text


@pytest.mark.parametrize("known_at", ["2026-09-01", "2026-09-02"])
def test_files_and_pages_open_before_all_of_it_was_recorded(client, half_recorded, known_at, tmp_path):
    for report in (*REPORTS.values(), TARGETS):
        for form in ("", "csv", "xlsx"):
            assert client.get(reverse(report.page), {"known_at": known_at, "format": form}).getvalue()
    for address, asked in (("/programmes/", {}), ("/organisations/known/", {}), ("/search/", {"q": "採択"})):
        assert client.get(address, asked | {"known_at": known_at}).status_code == 200
    call_command("export_open_data", str(tmp_path / "out"), known_at=known_at, on="2026-09-05", stdout=StringIO())
