"""What each page costs in queries, to every reader, where it shows one row of everything and where it shows many.

Whoever is logged in costs two more than the public: the session, and the user with today's postings. Every page asks for the documents
that its footer names.
"""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budget.history import explain
from budget.models import ProgrammeSuccession, SourceText
from kpis import search, workflow
from kpis.choices import DeadlineKind
from kpis.models import OutcomeTarget, TargetLink
from tests.factories import (
    BudgetAmountFactory,
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

pytestmark = pytest.mark.django_db

ON = "on=2026-09-01"  # a day after the results of FY2025 were due
READERS = ("public", "official", "reviewer", "administrator")
LIMIT = 10  # that a page stays below

# Of each page what it costs the public, an official, a reviewer, an administrator. None: it is not shown to them.
COSTS = {
    # Targets, the tree of organisations, targets of last month, money, due soon, documents.
    f"/dashboard/?{ON}": (7, 9, 9, 9),
    # The number of what was recorded, organisations, programmes, targets to search; programmes and targets found; documents.
    f"/search/?{ON}&q=crowd": (7, 9, 9, 9),
    f"/search/?{ON}&q=crowd&show=targets": (6, 8, 8, 8),
    # The organisations to choose from, the number of rows, a page of them, documents.
    f"/targets/?{ON}": (4, 6, 6, 6),
    f"/targets/?{ON}&organisation=bureau&lead=division&bureau=bureau": (4, 6, 6, 6),
    f"/targets/?{ON}&format=csv": (1, 3, 3, 3),
    # And the totals, and what has no last day.
    f"/reports/overdue/?{ON}": (6, 8, 8, 8),
    f"/reports/overdue/?{ON}&organisation=bureau&lead=division&bureau=bureau": (6, 8, 8, 8),
    f"/reports/overdue/?{ON}&format=csv": (1, 3, 3, 3),
    # Organisations, number, rows, their targets, what these were at first, documents; the programme that is asked for.
    f"/reports/revisions/?{ON}": (6, 8, 8, 8),
    f"/reports/revisions/?{ON}&organisation=bureau&programme=crowd": (7, 9, 9, 9),
    f"/reports/?{ON}": (1, 3, 3, 3),
    # Organisations, number, rows, numbers of targets, the sum of budgets, documents; the programmes with overdue targets.
    f"/programmes/?{ON}": (6, 8, 8, 8),
    f"/programmes/?{ON}&overdue=yes&organisation=bureau": (7, 9, 9, 9),
    # The programme with those before and after it, organisations, targets, links, budgets, passages, documents.
    f"/programmes/crowd/?{ON}": (7, 9, 9, 9),
    # The target with its chain, milestones, results, revisions, what it was at first, documents. An official: the tree of organisations.
    # A reviewer: whether the missed target is one that the reviewer reported on.
    f"/targets/crowd-0/?{ON}": (6, 9, 8, 8),
    "/targets/missed/": (6, 9, 9, 8),
    "/targets/withdrawn/": (6, 9, 8, 8),
    # Organisations, targets, programmes, their number, documents; the round.
    f"/organisations/bureau/?{ON}": (5, 8, 8, 8),
    # Document, text, passages, targets read from them, documents.
    "/sources/doc/?from=1&to=1": (5, 7, 7, 7),
    # Organisations, results by division, what three days to come bring and what is unreported before the last of them, documents.
    f"/round/?{ON}": (None, 9, 9, 9),
    f"/round/?{ON}&organisation=bureau": (None, 9, 9, 9),
    # What is unreported before the day to come, number, rows, documents; organisations, where one is asked for.
    f"/round/?{ON}&show=missing": (None, 5, 5, 5),
    f"/round/?{ON}&show=missing&lead=division": (None, 6, 6, 6),
    # An official: organisations, locks, what there is to do, targets, reports, proposals, documents. A reviewer: reports to decide, counted
    # and shown, open misses. An administrator: what has no last day, proposals. One list whole: its number and its rows.
    "/work/": (None, 9, 6, 5),
    "/work/?show=unreported": (None, 7, None, None),
    "/work/?show=decide": (None, None, 5, None),
}


@pytest.fixture(params=[1, 12])
def crowd(request, time_machine, division, other_division, bureau, reviewer):
    """One programme with `n` of everything that a page lists, and `n` programmes beside it."""
    time_machine.move_to("2026-09-01 12:00+09:00", tick=False)
    document = SourceDocumentFactory(code="doc")
    SourceText.objects.create(document=document, text="\n" * 200)
    programme = ProgrammeFactory(code="crowd", lead=division, display_title="crowd")
    terms = {"programme": programme, "passage": SourcePassageFactory(document=document, programme=programme)}
    for number in range(request.param):
        passage = SourcePassageFactory(document=document, line_from=1, line_to=1)
        OutcomeTargetFactory(programme=programme, code=f"crowd-{number}", passage=passage, deadline_year=2030)
        OutcomeTargetFactory(deadline_year=None, programme__lead=other_division)
        OutcomeTargetFactory(deadline_kind=DeadlineKind.DATE, deadline_year=None, deadline_on=date(2026, 10, 1), **terms)
        OutcomeTargetFactory(**terms)  # unreported
        ProgressReportFactory(target__programme=programme, submitted=True)
        OrganisationFactory(parent=bureau, name=f"crowd {number}")
        ProgrammeOrganisationFactory(programme=programme, organisation=OrganisationFactory(parent=bureau))
        BudgetAmountFactory(programme=programme, fiscal_year=2000 + number, passage=passage)
        for succession in ({"predecessor": programme, "successor": ProgrammeFactory()}, {"predecessor": ProgrammeFactory()}):
            ProgrammeSuccession.objects.create(**({"successor": programme} | succession))
    missed, withdrawn = (OutcomeTargetFactory(code=code, **terms) for code in ("missed", "withdrawn"))
    ProgressReportFactory(accepted=True, target=missed, value=1)
    for target in (OutcomeTarget.objects.get(code="crowd-0"), missed, withdrawn):
        for number in range(request.param):
            report = ProgressReportFactory(accepted=True, target=target, fiscal_year=1980 + number)
            for citation in ("業務統計", "年報") if number % 2 else ():
                EvidenceFactory(report=report, citation=citation)
            YearlyMilestoneFactory(target=target, fiscal_year=1980 + number)
            TargetLink.objects.create(from_target=target, to_target=OutcomeTargetFactory(**terms))
            target.value += 1
            explain(target, reason="見直し", by=reviewer)
            target.save()
        workflow.reopen(report, by=reviewer, reason="単位の誤り")
    withdrawn.withdrawn_by, withdrawn.withdrawn_at, withdrawn.withdrawal_reason = reviewer, missed.history.first().history_date, "統合"
    withdrawn.save()


@pytest.mark.usefixtures("crowd")
def test_every_page_costs_the_same_for_any_number_and_stays_below_ten_queries(client, request):
    wrong = {}
    for reader, costs in zip(READERS, zip(*COSTS.values(), strict=True), strict=True):
        if reader != "public":
            client.force_login(request.getfixturevalue(reader))
        for address, cost in zip(COSTS, costs, strict=True):
            search.forget()
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(address)
                b"".join(answer)
            found = len(queries) if answer.status_code == 200 else None
            if found != cost:
                wrong[reader, address] = found, cost
    assert wrong == {}
    assert max(cost or 0 for costs in COSTS.values() for cost in costs) < LIMIT
