"""The document behind fixtures/meti2024, imported: on a fresh database it gives what a reader entered, over the fixtures nothing new.

The document's text is not shipped: SEIKA_SOURCE_DOCUMENT names the file.
"""

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest
from django.core.management import call_command

from budget.models import BudgetAmount, Programme, ProgrammeOrganisation, SourceDocument, SourcePassage
from kpis.changes import ORGANISATION_OF
from kpis.importers.pr_document.load import load
from kpis.importers.pr_document.normalise import decode
from kpis.importers.pr_document.outcome import Outcome
from kpis.models import OutcomeTarget
from tests.factories import UserFactory

FIXTURES = sorted((Path(__file__).parents[3] / "fixtures" / "meti2024").glob("*.json"))

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def content() -> bytes:
    path = os.environ.get("SEIKA_SOURCE_DOCUMENT")
    if not path:
        pytest.skip("SEIKA_SOURCE_DOCUMENT is not set")
    return Path(path).read_bytes()


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict]]:
    """The fixtures' fields by model name."""
    found = defaultdict(list)
    for path in FIXTURES:
        for row in json.loads(path.read_text(encoding="utf-8")):
            found[row["model"]].append(row["fields"])
    return found


def imported(content) -> Outcome:
    return load(content, decode(content), by=UserFactory())


def test_a_fresh_import_gives_programmes_amounts_and_periods_of_the_fixtures(content, rows):
    outcome = imported(content)
    assert (outcome.totals["added"], outcome.totals["held_back"], outcome.gone) == (113, 0, [])
    programmes = rows["budget.programme"]
    assert {one.code: one.title for one in Programme.objects.all()} == {row["code"]: row["title"] for row in programmes}
    names = ("programme__code", "fiscal_year", "stage", "amount_yen", "no_amount", "printed", "note")
    assert set(BudgetAmount.objects.values_list(*names)) == {
        (row["programme"][0], *(row[name] for name in names[1:])) for row in rows["budget.budgetamount"]
    }
    found = {one.code: one for one in Programme.objects.all()}
    for row in programmes:
        one = found[row["code"]]
        assert one.period_origin == ("document" if row["period_origin"] == "document" else ""), row["code"]
        if one.period_origin:
            assert one.start_fiscal_year in (row["start_fiscal_year"], None), row["code"]
            stated = one.end_fiscal_year is not None or one.open_ended
            assert not stated or (one.end_fiscal_year, one.open_ended) == (row["end_fiscal_year"], row["open_ended"]), row["code"]
    (document,) = rows["budget.sourcedocument"]
    assert list(SourceDocument.objects.values(*document)) == [document]


def test_a_fresh_import_gives_organisations_and_lines_of_the_fixtures(content, rows):
    imported(content)
    names = ("programme__code", "mark", "printed_name", "position")
    assert set(ProgrammeOrganisation.objects.values_list(*names)) == {
        (row["programme"][0], *(row[name] for name in names[1:])) for row in rows["budget.programmeorganisation"]
    }
    organisations = {row["code"]: row for row in rows["budget.organisation"]}

    def stated(code):
        above = organisations[code]["parent"]
        return (*(stated(above[0]) if above else ()), organisations[code]["name"])

    def read(organisation):
        return (*(read(organisation.parent) if organisation.parent else ()), organisation.name)

    paths = {(row["programme"][0], row["position"]): stated(row["organisation"][0]) for row in rows["budget.programmeorganisation"]}
    differ = [
        (row.programme.code, row.printed_name)
        for row in ProgrammeOrganisation.objects.select_related("programme", "organisation")
        if read(row.organisation) != paths[row.programme.code, row.position]
    ]
    assert differ == [("meti-2024-020", "経済連携課")]  # only the RS system tells its bureau: docs/readings.md, Organisations
    lines = {
        (row["programme"][0], row["part"]): (row["line_from"], row["line_to"])
        for row in rows["budget.sourcepassage"]
        if row["part"] != "statement"
    }
    found = {(one.programme.code, one.part): (one.line_from, one.line_to) for one in SourcePassage.objects.select_related("programme")}
    assert found == lines


def test_an_import_over_the_fixtures_changes_no_amount_title_organisation_period_or_target(content):
    call_command("loaddata", *map(str, FIXTURES), verbosity=0)

    def facts():
        texts = ("purpose", "overview", "scheme")
        kept = [field.name for field in Programme._meta.fields if field.name not in texts]
        return [
            list(Programme.objects.order_by("code").values(*kept)),
            *(list(model.objects.order_by("pk").values()) for model in (BudgetAmount, ProgrammeOrganisation, OutcomeTarget)),
            OutcomeTarget.history.count(),
        ]

    before = facts()
    outcome = imported(content)
    assert facts() == before
    assert (outcome.totals["known"], outcome.totals["added"], outcome.totals["held_back"], outcome.gone) == (113, 0, 0, [])
    assert [told.title for told in outcome.programmes if told.altered or told.conflicts] == []
    assert not Programme.objects.filter(purpose="").exists()

    history = {model: model.history.count() for model in ORGANISATION_OF}
    again = load(content, decode(content), by=UserFactory())
    history[type(UserFactory.build())] += 1
    assert again.changes_nothing
    assert {model: model.history.count() for model in ORGANISATION_OF} == history
