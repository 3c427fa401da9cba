"""Every page of the site, and who looks at it: the rows of the table of `tests/test_access.py`, which no address of the site is missing
from, and the states of pages that it does not hold.
"""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

from budget.history import explain
from budget.models import SourceText
from kpis.choices import DeadlineKind
from kpis.models import TargetLink
from kpis.registry import REPORTS
from tests.factories import (
    BudgetAmountFactory,
    ClosedMissFactory,
    EvidenceFactory,
    LockExceptionFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    YearlyMilestoneFactory,
)
from tests.test_access import OPENS, ROWS, Row, address_of, words_of

# Answers that are no pages.
DATA = ("admin:jsi18n", "admin:autocomplete", "admin:kpis_progressreport_workbook_download")
DAY = "on=2026-09-01"

# What refuses, refuses with its own page.
ANSWERS = {"parameters that are refused": 400, "page that is refused": 403, "page that is not there": 404}

# States of pages that the table does not hold: who looks, and where.
STATES = {
    "search that finds programmes": ("anonymous", f"/search/?{DAY}&q=資金"),
    "search that finds targets": ("anonymous", f"/search/?{DAY}&q=資金&show=targets"),
    "search that finds nothing": ("anonymous", "/search/?q=見つからない語"),
    "dashboard of a day": ("anonymous", f"/dashboard/?{DAY}"),
    "overdue and awaited": ("anonymous", f"/reports/overdue/?{DAY}&status=missed&status=unreported&status=awaiting_result"),
    "nothing overdue": ("anonymous", "/reports/overdue/?on=2020-09-01"),
    "parameters that are refused": ("anonymous", "/reports/overdue/?on=soon&colour=red"),
    "target with everything": ("anonymous", f"/targets/missed/?{DAY}"),
    "target, to who enters": ("official", "/targets/missed/"),
    "target, to who decides": ("reviewer", "/targets/missed/"),
    "target, to who keeps it": ("administrator", "/targets/missed/"),
    "programme with everything": ("anonymous", f"/programmes/everything/?{DAY}"),
    "lines of a source": ("anonymous", "/sources/everything/?from=50&to=52"),
    "page that is not there": ("anonymous", "/targets/none/"),
    "page that is refused": ("auditor", "/admin/kpis/progressreport/workbook/"),
    "work of a reviewer": ("reviewer", "/work/"),
    "work of an auditor": ("auditor", "/work/"),
    "work of an administrator": ("administrator", "/work/"),
    "work: drafts": ("official", "/work/?show=draft"),
    "round: what is missing": ("official", "/round/?show=missing"),
    "list to accept from": ("reviewer", "/admin/kpis/progressreport/"),
    "list of proposals to an administrator": ("administrator", "/admin/kpis/targetproposal/"),
}


def visitor_of(row: Row) -> str | None:
    """Who sees most of a page: who may fill it in, else who may read it. None where it is no page to open."""
    order = ("anonymous", "official", "administrator", "reviewer", "auditor")
    return next((role for answers in (row.post, row.get) for role in order if answers[role] == row.get[role] == OPENS), None)


_ROWS = {words_of(*one): one for one in ROWS if one[0] not in DATA and "other_" not in words_of(*one) and visitor_of(one[1])}
# What is asked for: a day on which every report has rows, and few of all changes.
_ASKED = dict.fromkeys((report.page for report in REPORTS.values()), DAY) | {"kpis:changes": "model=kpis.progressreport"}
PAGES = [*_ROWS, *STATES]


def looked_at(world: SimpleNamespace, name: str) -> tuple[str, str]:
    """Who looks at a page of PAGES, and its address."""
    if name in STATES:
        return STATES[name]
    pattern, row = _ROWS[name]
    return visitor_of(row), f"{address_of(world, pattern, row)}?{_ASKED[pattern]}" if pattern in _ASKED else address_of(world, pattern, row)


def something_of_everything(world: SimpleNamespace) -> None:
    """What the pages of the table have room for, and a programme with long names, a drawing, a revision and a target of every kind."""
    BudgetAmountFactory(programme=world.programme)
    ProgrammeOrganisationFactory(programme=world.programme, organisation=world.division)
    YearlyMilestoneFactory(target=world.target)
    LockExceptionFactory(lock=world.lock, organisation=world.division)
    document = SourceDocumentFactory(code="everything")
    SourceText.objects.create(document=document, text="\n".join(f"{number}行目の本文" for number in range(1, 101)))
    programme = ProgrammeFactory(code="everything", display_title="大学発スタートアップの創出を支援する補助事業" * 3, lead=world.division)
    passage = SourcePassageFactory(document=document, programme=programme, line_from=50, line_to=52)
    ProgrammeOrganisationFactory(programme=programme, organisation=world.division, mark="(1)", printed_name="産業資金課")
    BudgetAmountFactory(programme=programme, printed="1.2億円", passage=passage)
    BudgetAmountFactory(programme=programme, fiscal_year=2023, amount_yen=None, no_amount="new", printed="新規")
    shared = {"programme": programme, "passage": passage, "indicator": "支援を受けた企業のうち資金を調達した企業の割合" * 3}
    missed = OutcomeTargetFactory(code="missed", label="①", approximate=True, comparator_assumed=True, deadline_text="令和7年度", **shared)
    ProgressReportFactory(target=missed, accepted=True, fiscal_year=2024, value=Decimal(41))
    EvidenceFactory(report=ProgressReportFactory(target=missed, accepted=True, value=Decimal(59)), url="https://example.go.jp/statistics")
    YearlyMilestoneFactory(target=missed)
    missed.value, missed.deadline_year = Decimal(65), 2024
    explain(missed, reason="計画期間を見直したため。" * 3)
    missed.save()  # a revision
    closed = OutcomeTargetFactory(code="closed", **shared)
    ProgressReportFactory(target=closed, accepted=True, value=Decimal(59))
    ClosedMissFactory(target=closed, fiscal_year=2025, closed_at=datetime(2026, 4, 1, tzinfo=UTC))
    unreported = OutcomeTargetFactory(code="unreported", **shared)
    TargetLink.objects.create(from_target=missed, to_target=unreported)
    OutcomeTargetFactory(deadline_year=2026, **shared)
    OutcomeTargetFactory(deadline_year=None, **shared)
    OutcomeTargetFactory(deadline_year=None, deadline_kind=DeadlineKind.AFTER_EVENT, deadline_offset_years=3, **shared)
    OutcomeTargetFactory(qualitative=True, **shared)
    ProgressReportFactory(target=OutcomeTargetFactory(each_year=True, **shared), accepted=True, preliminary=True)
