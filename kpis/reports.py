"""What each report shows: its rows, its columns, its totals. Page, CSV and command read the same ones.

A report's rows are a queryset of outcome targets with their status on a day; a column takes its value from one such target.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Prefetch, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from budget.models import Organisation, bureau_ids
from kpis import explain
from kpis.choices import OVERDUE, Kind, NoDeadline, ReportState
from kpis.measures import attainment, published_attainment
from kpis.models import ClosedMiss, Evidence, OutcomeTarget, ProgressReport


@dataclass(frozen=True)
class Column:
    """One column: its ASCII name in files, its title on a page, and how a target answers it."""

    name: str
    title: Any
    value: Callable[[OutcomeTarget], Any]


def _attainment(target: OutcomeTarget):
    if target.kind == Kind.QUALITATIVE or target.basis_value is None:
        return None
    return attainment(target.comparator, target.value, target.baseline_value, target.basis_value)


def _marks(target: OutcomeTarget) -> str:
    return " ".join(name for name, _label in MARKS if getattr(target, name))


# The marks that go with a status everywhere (DOMAIN §5), in the order in which they are shown.
MARKS = (
    ("achieved_late", _("achieved after the deadline")),
    ("awaiting_acceptance", _("awaiting acceptance")),
    ("under_correction", _("under correction")),
    ("preliminary", _("preliminary")),
    ("miss_closed", _("miss closed")),
    ("approximate", _("approximate")),
    ("comparator_assumed", _("comparator assumed")),
    ("accumulation_assumed", _("accumulation assumed")),
    ("programme_end_assumed", _("programme's end assumed")),
    ("revised_after_deadline", _("revised after the deadline")),
)

TARGET_COLUMNS = (
    Column("programme_code", _("programme code"), lambda t: t.programme.code),
    Column("target_code", _("target code"), lambda t: t.code),
    Column("status", _("status"), lambda t: t.status),
    Column("marks", _("marks"), _marks),
    Column("programme", _("programme"), lambda t: t.programme.display_title),
    Column("lead_organisation", _("lead organisation"), lambda t: t.programme.lead.name),
    Column("label", _("item mark"), lambda t: t.label),
    Column("term", _("term"), lambda t: t.term),
    Column("kind", _("kind"), lambda t: t.kind),
    Column("statement", _("target statement"), lambda t: t.statement),
    Column("indicator", _("indicator"), lambda t: t.indicator),
    Column("comparator", _("comparator"), lambda t: t.comparator),
    Column("value", _("target value"), lambda t: t.value),
    Column("value_max", _("upper value"), lambda t: t.value_max),
    Column("unit", _("unit"), lambda t: t.unit),
    Column("due_on", _("last day"), lambda t: t.due_on),
    Column("due_fiscal_year", _("fiscal year of the deadline"), lambda t: t.due_fy),
    Column("judged_fiscal_year", _("fiscal year judged"), lambda t: t.judged_fy),
    Column("result_fiscal_year", _("fiscal year of the result"), lambda t: t.basis_fy),
    Column("result_value", _("result"), lambda t: t.basis_value),
    Column("result_grade", _("grade"), lambda t: t.basis_grade),
    Column("attainment_percent", _("attainment (%)"), _attainment),
    Column("source_line_from", _("first line in the source"), lambda t: t.passage and t.passage.line_from),
    Column("source_line_to", _("last line in the source"), lambda t: t.passage and t.passage.line_to),
)


CLOSED_MISS_COLUMNS = (
    *TARGET_COLUMNS,
    Column("closed_on", _("closed on"), lambda t: timezone.localtime(t.closed_at).date()),
    Column("closed_by", _("closed by"), lambda t: t.closed_by),
    Column("closing_reason", _("reason for closing"), lambda t: t.closing_reason),
)


def targets_on(on: date) -> QuerySet[OutcomeTarget]:
    """All standing targets with their status, and what `TARGET_COLUMNS` reads."""
    return with_what_columns_read(OutcomeTarget.objects.with_status(on))


def overdue_targets(on: date, statuses: tuple[str, ...] = OVERDUE) -> QuerySet[OutcomeTarget]:
    """The overdue report: missed and unreported targets, on request those awaiting their result; the longest overdue first."""
    return with_what_columns_read(OutcomeTarget.objects.overdue(on, statuses)).order_by("judged_fy", "programme__code", "code")


def closed_misses(on: date) -> QuerySet[OutcomeTarget]:
    """Targets that missed, and whose miss a reviewer closed: `closed_at`, `closed_by` and `closing_reason`. The last closed first."""
    of_the_year = ClosedMiss.objects.closed_on(on).filter(target=OuterRef("pk"), fiscal_year=OuterRef("judged_fy"))
    last = of_the_year.order_by("-number")
    closed = OutcomeTarget.objects.closed_misses(on).annotate(
        closed_at=Subquery(last.values("closed_at")[:1]),
        closed_by=Subquery(last.values("closed_by__name")[:1]),
        closing_reason=Subquery(last.values("reason")[:1]),
    )
    return with_what_columns_read(closed).order_by("-closed_at", "code")


def with_what_columns_read(targets: QuerySet[OutcomeTarget]) -> QuerySet[OutcomeTarget]:
    """`targets` with the rows that `TARGET_COLUMNS` names."""
    return targets.select_related("programme__lead", "passage")


@dataclass(frozen=True)
class BureauTotal:
    """How many targets of a bureau stand in each status. A programme's targets count for the bureau of its lead."""

    bureau: Organisation
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def totals_by_bureau(targets: QuerySet[OutcomeTarget]) -> list[BureauTotal]:
    """The rows of a report counted by bureau and status, by the bureaus' codes. Two queries."""
    counted = (
        targets.order_by()
        .values(lead=F("programme__lead"))
        .annotate(status=F("status"), number=Count("id"))
        .values_list("lead", "status", "number")
    )
    organisations = Organisation.objects.in_bulk()
    bureau_of = bureau_ids((node.id, node.parent_id, node.kind) for node in organisations.values())
    totals: dict[int, Counter] = {}
    for lead, found, number in counted:
        totals.setdefault(bureau_of[lead], Counter())[found] += number
    return sorted(
        (BureauTotal(organisations[bureau], dict(counts)) for bureau, counts in totals.items()), key=lambda total: total.bureau.code
    )


def no_last_day_counts(on: date) -> dict[str, int]:
    """How many standing targets cannot become overdue, by `NoDeadline` reason; each reason is there, with 0 where there are none."""
    targets = OutcomeTarget.objects.standing_on(on).with_no_last_day().order_by().values_list("no_deadline").annotate(Count("id"))
    return dict.fromkeys(NoDeadline.values, 0) | dict(targets)


@dataclass(frozen=True)
class Result:
    """One progress report as a reader may see it: the accepted figure, and what is worked on where the reader may know it.

    `accepted_by` and `accepted_at` tell who accepted the figure that counts. `lacks_evidence` is said where the reader sees what evidence
    there is.
    """

    report: ProgressReport
    figure: str
    attainment: Any
    published_attainment: Any
    counts: bool
    worked_on: str
    shows_text: bool
    lacks_evidence: bool
    accepted_by: Any
    accepted_at: datetime | None


def results_of(target: OutcomeTarget, reader, on: date, known_at: datetime | None = None) -> list[Result]:
    """The results of a target, by fiscal year, as `reader` may see them; whether each counts is said for a day. Two queries, and one more
    where an accepted figure is under correction."""
    inside = reader.has_perm("kpis.view_progressreport")
    told = ProgressReport.objects.visible_to(reader).filter(target=target).select_related("decided_by").order_by("fiscal_year")
    reports = list(told.prefetch_related(Prefetch("evidence", Evidence.objects.order_by("citation"))))
    accepted = {report.pk: report for report in reports if report.state == ReportState.ACCEPTED}
    accepted |= _last_acceptances([report.pk for report in reports if report.is_reopened], known_at)
    return [_result(target, report, on, inside, accepted.get(report.pk)) for report in reports]


def _last_acceptances(reopened: list[int], known_at: datetime | None) -> dict[int, Any]:
    """By the report, the history row of its last acceptance: once it is reopened, the report itself tells the last decision instead."""
    if not reopened:
        return {}
    rows = ProgressReport.history.filter(id__in=reopened, state=ReportState.ACCEPTED).select_related("decided_by")
    if known_at is not None:
        rows = rows.filter(history_date__lte=known_at)
    return {row.id: row for row in rows.order_by("history_date", "history_id")}


def _result(target: OutcomeTarget, report: ProgressReport, on: date, inside: bool, acceptance) -> Result:
    accepted, told = report.accepted_value, target.kind == Kind.QUANTITATIVE and report.accepted_value is not None
    # Text and evidence have no accepted copy: while a correction is worked on they are the author's alone.
    shows_text = inside or report.state == ReportState.ACCEPTED
    return Result(
        report=report,
        figure=explain.figure(accepted, report.accepted_grade, target.unit),
        attainment=attainment(target.comparator, target.value, target.baseline_value, accepted) if told else None,
        published_attainment=published_attainment(target.value, accepted) if told else None,
        counts=report.accepted_measured_on is not None and report.accepted_measured_on <= on,
        worked_on=explain.figure(report.value, report.grade, target.unit) if inside and report.state != ReportState.ACCEPTED else "",
        shows_text=shows_text,
        lacks_evidence=shows_text and (report.has_figure or report.accepted_measured_on is not None) and not report.evidence.all(),
        accepted_by=acceptance and acceptance.decided_by,
        accepted_at=acceptance and acceptance.decided_at,
    )
