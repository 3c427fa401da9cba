"""Target revisions: which history rows they are, how near the deadline, moved or eased; by the hand-worked cases and their oracle."""

import csv
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from itertools import count

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budget.history import explain
from kpis.asof import Clocks
from kpis.choices import Status
from kpis.models import OutcomeTarget
from kpis.revisions import TERMS, revisions, told
from tests.factories import OrganisationFactory, OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory, UserFactory
from tests.kpis import revision_cases as cases
from tests.kpis.revisions_oracle import revisions as by_oracle

pytestmark = pytest.mark.django_db

NUMBERS = count(10**6)


def is_storable(goal) -> bool:
    """An upper value lies above the lower one, and only a range has one; a case beyond says what the rule would be all the same."""
    return goal["value_max"] is None or (goal["comparator"] == "within" and goal["value_max"] >= goal["value"])


def stored(rows) -> tuple[int, dict[int, int]]:
    """The histories as rows of one target: its number, and the index of each row by the number of the history row."""
    key = next(NUMBERS)
    columns = dict.fromkeys(TERMS) | {"deadline_kind": "none", "deadline_through_nth_year": False, "each_year": False}
    index = {}
    for number, row in enumerate(rows):
        given = {name: row[name] for name in TERMS if name in row}
        told = OutcomeTarget.history.create(id=key, history_date=row["at"], history_type="~" if number else "+", **columns | given)
        index[told.history_id] = number
    return key, index


def answer(key, index, known_at=None) -> list[dict]:
    rows = revisions(known_at).filter(id=key).order_by("history_date", "history_id")
    return [
        {
            "index": index[row.history_id],
            "days": None if row.before_due_on is None else (row.revised_on - row.before_due_on).days,
            **{name: getattr(row, name) for name in ("moved", "eased", "close", "late")},
        }
        for row in rows
    ]


EASED = [case for case in cases.EASED if is_storable(case[0]) and is_storable(case[1])]


def test_goal_is_eased_where_something_meets_it_that_did_not_before():
    pairs = {}
    for before, after, expected in EASED:
        plain = {"at": datetime.fromisoformat(cases.START), "indicator": "件数"}
        # The indicator changes with the goal, so that every pair is a revision.
        key, _index = stored([plain | before, plain | after | {"at": datetime.fromisoformat("2025-04-01T09:00+09:00"), "indicator": "数"}])
        pairs[key] = before, after, expected
    found = dict(revisions().filter(id__in=pairs).values_list("id", "eased"))
    assert found.keys() == pairs.keys()
    assert [pair for key, pair in pairs.items() if found[key] is not pair[2]] == []
    assert len(EASED) > 100


@pytest.mark.parametrize(("name", "rows", "known_at", "expected"), cases.HISTORIES, ids=[case[0] for case in cases.HISTORIES])
def test_history_has_these_revisions(name, rows, known_at, expected):
    in_order = sorted(rows, key=lambda row: row["history_id"])
    assert answer(*stored(in_order), known_at) == expected
    assert by_oracle(rows, known_at) == expected


# --- What is shown ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def revised(time_machine, db):
    """At least 60 by the end of FY2024, reached 50; eased to 50 the day after the deadline."""
    time_machine.move_to("2023-04-01 09:00+09:00", tick=False)
    lead = OrganisationFactory(code="division", name="産業資金課")
    target = OutcomeTargetFactory(
        code="eased", programme=ProgrammeFactory(lead=lead, display_title="皮革産業振興"), value=60, deadline_year=2024, unit="件"
    )
    ProgressReportFactory(target=target, fiscal_year=2024, value=50, accepted=True)
    time_machine.move_to("2025-04-01 00:30+09:00", tick=False)
    target.value = Decimal(50)
    explain(target, reason="実勢に合わせる。", by=UserFactory(name="改定 花子"))
    target.save()
    time_machine.move_to("2026-09-10 12:00+09:00", tick=False)
    return target


def test_revision_tells_who_when_why_and_both_statuses(revised):
    (revision,) = told(revisions().select_related("history_user"), Clocks(date(2025, 9, 10)))
    assert (revision.days, revision.row.late, revision.row.eased, revision.row.moved) == (1, True, True, False)
    assert (revision.row.history_user.name, revision.row.history_change_reason) == ("改定 花子", "実勢に合わせる。")
    assert [(field.name, field.old, field.new) for field in revision.fields] == [("value", "60", "50")]
    assert (revision.original_status, revision.status) == (Status.MISSED, Status.ACHIEVED)
    assert revision.target.revised_after_deadline


def test_programmes_end_that_moves_a_deadline_is_a_revision_of_each(time_machine):
    time_machine.move_to("2024-04-01 09:00+09:00", tick=False)
    programme = ProgrammeFactory(start_fiscal_year=2020, end_fiscal_year=2024)
    terms = {"programme": programme, "deadline_kind": "after_programme", "deadline_year": None, "deadline_offset_years": 0}
    targets = [OutcomeTargetFactory(**terms), OutcomeTargetFactory(**terms)]
    time_machine.move_to("2025-03-01 09:00+09:00", tick=False)
    programme.end_fiscal_year = 2026
    explain(programme, reason="延長", by=UserFactory(name="担当"))
    programme.save()
    found = told(revisions().select_related("history_user"), Clocks(date(2025, 3, 2)))
    assert {one.row.id for one in found} == {target.pk for target in targets}
    assert {(one.days, one.row.moved, one.row.close, one.row.late) for one in found} == {(-30, True, True, False)}
    assert all("延長" in one.row.history_change_reason and one.row.history_user.name == "担当" for one in found)


def test_withdrawn_target_keeps_its_revisions_without_a_status(revised):
    OutcomeTarget.objects.filter(pk=revised.pk).update(
        withdrawn_at=datetime.fromisoformat("2026-01-01T09:00+09:00"), withdrawn_by=UserFactory(), withdrawal_reason="統合"
    )
    (revision,) = told(revisions(), Clocks(date(2026, 9, 10)))
    assert (revision.status, revision.original_status) == ("", "")


def rows_of(client, **asked) -> list[dict]:
    page = client.get(reverse("kpis:revisions"), {"format": "csv", **asked})
    assert page.status_code == 200, page.content.decode()
    return list(csv.DictReader(StringIO(b"".join(page).decode("utf-8-sig"))))


def test_report_is_narrowed_by_nearness_organisation_and_words(client, revised):
    early = OutcomeTargetFactory(code="early", deadline_year=2040)
    early.value = Decimal(1)
    early.save()
    assert [row["target_code"] for row in rows_of(client)] == ["early", "eased"]
    assert [row["target_code"] for row in rows_of(client, when="close")] == ["eased"]
    assert [row["target_code"] for row in rows_of(client, when="late")] == ["eased"]
    assert [row["target_code"] for row in rows_of(client, organisation="division")] == ["eased"]
    assert [row["target_code"] for row in rows_of(client, q="皮革")] == ["eased"]
    assert rows_of(client, known_at="2025-03-31") == []


def test_revision_stays_with_its_target_when_that_moves_to_another_programme(client, revised):
    other = ProgrammeFactory(lead=OrganisationFactory(code="other"))
    revised.programme = other
    revised.save()
    assert [row["target_code"] for row in rows_of(client, organisation="other")] == ["eased"]
    assert rows_of(client, organisation="division") == []


def test_page_file_and_command_tell_the_same(client, revised):
    (row,) = rows_of(client, on="2025-09-10")
    assert (row["days_from_deadline"], row["value_before"], row["value_after"], row["value_original"]) == ("1", "60", "50", "60")
    assert (row["status_original_terms"], row["status"], row["revised_by"]) == ("missed", "achieved", "改定 花子")
    out = StringIO()
    call_command("report", "revisions", on="2025-09-10", when="late", stdout=out)
    assert out.getvalue().encode() == b"".join(client.get(reverse("kpis:revisions"), {"format": "csv", "on": "2025-09-10", "when": "late"}))
    page = client.get(reverse("kpis:revisions"), {"on": "2025-09-10"}).content.decode()
    for words in ("改定 花子", "実勢に合わせる。", "期限日の1日後", "60", "50", "eased"):
        assert words in page
    target = client.get(reverse("kpis:target", args=["eased"]), {"on": "2025-09-10"}).content.decode()
    for words in ("改定 花子", "実勢に合わせる。", "期限日の1日後"):
        assert words in target
    assert "改定 花子" not in client.get(reverse("kpis:target", args=["eased"]), {"known_at": "2025-03-31"}).content.decode()


@pytest.mark.parametrize("format", ["", "csv"])
def test_report_costs_the_same_for_any_number(client, revised, format):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(reverse("kpis:revisions"), {"format": format})
            b"".join(answer)
        return len(queries)

    one = asked()
    for _n in range(30):
        target = OutcomeTargetFactory(deadline_year=2030)
        target.value = Decimal(1)
        explain(target, reason="見直し", by=UserFactory())
        target.save()
    assert asked() == one
