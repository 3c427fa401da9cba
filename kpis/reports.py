"""What reports show: their rows, their columns, their totals. `kpis.registry` says which report has which of them.

A report's rows are a queryset of outcome targets with their status on a day; a column takes its value from one such target.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import GreaterThan
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from budget.fiscal import fiscal_year_of
from budget.models import Organisation, Tree
from kpis import deadlines, explain
from kpis.choices import OVERDUE, Kind, NoDeadline, ReportState
from kpis.exports.columns import Column, Holds
from kpis.marks import marks_of
from kpis.measures import attainment, published_attainment
from kpis.models import ClosedMiss, OutcomeTarget, ProgressReport, falls_due, has_no_last_day
from kpis.status import DOWNWARD, UPWARD, whole

SOON = timedelta(days=90)


def _attainment(target: OutcomeTarget):
    if target.kind == Kind.QUALITATIVE or target.basis_value is None:
        return None
    return attainment(target.comparator, target.value, target.baseline_value, target.basis_value)


MARKS_COLUMN = Column(
    "marks",
    _("marks"),
    lambda t: " ".join(mark.code for mark in marks_of(t)),
    _("What a reader of the figures and of the status has to know besides: the names of the marks, with a space between them."),
    Holds.CODE,
    codes="mark",
)
TARGET_COLUMNS = (
    Column(
        "programme_code",
        _("programme code"),
        lambda t: t.programme.code,
        _("The code of the programme here. It never changes and leads to the programme's page."),
    ),
    Column(
        "target_code",
        _("target code"),
        lambda t: t.code,
        _("The code of the target here. It never changes and leads to the target's page."),
    ),
    Column(
        "status",
        _("status"),
        lambda t: t.status,
        _("What the accepted results say of the target on the day judged, by one rule for all targets. The target's page says why."),
        Holds.CODE,
        codes="status",
    ),
    MARKS_COLUMN,
    Column(
        "programme",
        _("programme"),
        lambda t: t.programme.display_title,
        _("The title of the programme, as its source prints it or, where it prints none, as it is known."),
    ),
    Column(
        "lead_organisation",
        _("lead organisation"),
        lambda t: t.programme.lead.name,
        _("The one organisation that leads the programme. Totals go by it; others may answer for the programme too."),
    ),
    Column("label", _("item mark"), lambda t: t.label, _("The number or sign before the target in the source, such as (1).")),
    Column(
        "term",
        _("term"),
        lambda t: t.term,
        _("Short, mid or long term, as the source words it. It is never derived from a date."),
        Holds.CODE,
        codes="term",
    ),
    Column(
        "kind",
        _("kind"),
        lambda t: t.kind,
        _("Quantitative: judged by a number. Qualitative: judged by a grade."),
        Holds.CODE,
        codes="kind",
    ),
    Column("statement", _("target statement"), lambda t: t.statement, _("The target word for word, as the source states it.")),
    Column("indicator", _("indicator"), lambda t: t.indicator, _("What is measured.")),
    Column(
        "comparator",
        _("comparator"),
        lambda t: t.comparator,
        _("How a result is held against the target value. Blank for a qualitative target. It may be assumed: the marks say so."),
        Holds.CODE,
        codes="comparator",
    ),
    Column(
        "value",
        _("target value"),
        lambda t: t.value,
        _("The number that is asked for; of a range its lower end. Blank for a qualitative target."),
        Holds.MEASURE,
    ),
    Column(
        "value_max", _("upper value"), lambda t: t.value_max, _("The upper end of a range, itself included; else blank."), Holds.MEASURE
    ),
    Column("unit", _("unit"), lambda t: t.unit, _("The unit of the target value and of the result.")),
    Column(
        "due_on",
        _("last day"),
        lambda t: t.due_on,
        _("The day that the stated deadline comes to. The deadline has passed from the day after. Blank where none can be told."),
        Holds.DAY,
    ),
    Column(
        "due_fiscal_year",
        _("fiscal year of the deadline"),
        lambda t: t.due_fy,
        _("The fiscal year that holds the last day."),
        Holds.YEAR,
    ),
    Column(
        "judged_fiscal_year",
        _("fiscal year judged"),
        lambda t: t.judged_fy,
        _("The fiscal year whose results decide: that of the deadline; of a target of each year the last one that can be judged."),
        Holds.YEAR,
    ),
    Column(
        "result_fiscal_year",
        _("fiscal year of the result"),
        lambda t: t.basis_fy,
        _("The fiscal year of the result beside it."),
        Holds.YEAR,
    ),
    Column(
        "result_value",
        _("result"),
        lambda t: t.basis_value,
        _("The accepted result that the status rests on, not always the newest one. Blank is not 0: there is none."),
        Holds.MEASURE,
    ),
    Column(
        "result_grade",
        _("grade"),
        lambda t: t.basis_grade,
        _("The accepted grade, from 1 to 5, that the status of a qualitative target rests on. 1 and 2 meet the target."),
        Holds.CODE,
        codes="grade",
    ),
    Column(
        "attainment_percent",
        _("attainment (%)"),
        _attainment,
        _(
            "Where more is better: result ÷ target value. Where less is better: the part of the way from the baseline to the target value"
            " that is done. Cut to one decimal, never rounded up; blank where only met or not met can be said. It decides no status."
        ),
        Holds.PERCENT,
    ),
    Column(
        "source_line_from",
        _("first line in the source"),
        lambda t: t.passage and t.passage.line_from,
        _("The first line of the source document that states the target, counted from 1."),
        Holds.COUNT,
    ),
    Column(
        "source_line_to",
        _("last line in the source"),
        lambda t: t.passage and t.passage.line_to,
        _("The last line of the source document that states the target."),
        Holds.COUNT,
    ),
)

# What single reports show besides.
CLOSING_COLUMNS = (
    Column(
        "closed_on",
        _("closed on"),
        lambda t: timezone.localtime(t.closed_at).date(),
        _("The day on which the miss was closed."),
        Holds.DAY,
    ),
    Column("closed_by", _("closed by"), lambda t: t.closed_by, _("The reviewer who closed the miss.")),
    Column("closing_reason", _("reason for closing"), lambda t: t.closing_reason, _("Why the miss needs no more follow-up.")),
)
RESULTS_DUE_COLUMN = Column(
    "results_due_on",
    _("results due by"),
    lambda t: deadlines.results_due_on(t.judged_fy, settings.SEIKA_RESULTS_DUE),
    _("The last day on which the results of the fiscal year judged are in time."),
    Holds.DAY,
)
NO_DEADLINE_COLUMN = Column(
    "no_deadline",
    _("no last day"),
    lambda t: _why_no_last_day(t),
    _("Why no last day can be told. Blank where there is one, and for a target of each year."),
    Holds.CODE,
    codes="no_deadline",
)
DEADLINE_TEXT_COLUMN = Column("deadline_text", _("deadline as stated"), lambda t: t.deadline_text, _("The deadline word for word."))
OPEN_ENDED_COLUMN = Column(
    "programme_open_ended",
    _("no end planned"),
    lambda t: t.programme.open_ended,
    _("True where the programme is planned without an end: then its end is recorded once it is decided."),
    Holds.FLAG,
)
PROGRAMME_START_COLUMN = Column(
    "programme_start_fiscal_year",
    _("programme's first fiscal year"),
    lambda t: t.programme.start_fiscal_year,
    _("The fiscal year in which the programme began. Blank where it is not known."),
    Holds.YEAR,
)
PROGRAMME_END_COLUMN = Column(
    "programme_end_fiscal_year",
    _("programme's last fiscal year"),
    lambda t: t.programme.end_fiscal_year,
    _("The fiscal year in which the programme ends. Blank where it is not known or no end is planned."),
    Holds.YEAR,
)
TARGET_END_COLUMN = Column(
    "target_last_fiscal_year",
    _("target's last fiscal year"),
    lambda t: t.last_year if t.each_year else t.due_fy,
    _("The fiscal year of the deadline; of a target of each year the last one that is judged."),
    Holds.YEAR,
)
BASELINE_COLUMNS = (
    Column(
        "baseline_value",
        _("baseline value"),
        lambda t: t.baseline_value,
        _("The figure that the target starts from. Blank where none is stated."),
        Holds.MEASURE,
    ),
    Column("baseline_fiscal_year", _("baseline year"), lambda t: t.baseline_year, _("The fiscal year of the baseline value."), Holds.YEAR),
)


def _why_no_last_day(target: OutcomeTarget) -> str | None:
    if target.due_on is not None or target.each_year:
        return None
    return deadlines.resolve(target.stated_deadline, target.programme.end_fiscal_year).missing


# --- The rows of the reports -----------------------------------------------------------------------------------------------------------

LONGEST_OVERDUE_FIRST = ("judged_fy", "programme__code", "code")


# Each of these chooses its rows `among` targets that carry no status yet: it is computed for these alone.


def targets_on(on: date, *, among=OutcomeTarget.objects) -> QuerySet[OutcomeTarget]:
    """All standing targets with their status, and what `TARGET_COLUMNS` reads."""
    return with_what_columns_read(among.with_status(on))


def overdue_targets(on: date, statuses: tuple[str, ...] = OVERDUE, *, among=OutcomeTarget.objects) -> QuerySet[OutcomeTarget]:
    """The overdue report: missed and unreported targets, on request those awaiting their result; the longest overdue first."""
    return with_what_columns_read(among.overdue(on, statuses)).order_by(*LONGEST_OVERDUE_FIRST)


def closed_misses(on: date, *, among=OutcomeTarget.objects) -> QuerySet[OutcomeTarget]:
    """Targets that missed, and whose miss a reviewer closed: `closed_at`, `closed_by` and `closing_reason`."""
    of_the_year = ClosedMiss.objects.closed_on(on).filter(target=OuterRef("pk"), fiscal_year=OuterRef("judged_fy"))
    last = of_the_year.order_by("-number")
    closed = among.closed_misses(on).annotate(
        closed_at=Subquery(last.values("closed_at")[:1]),
        closed_by=Subquery(last.values("closed_by__name")[:1]),
        closing_reason=Subquery(last.values("reason")[:1]),
    )
    return with_what_columns_read(closed)


def due_soon(on: date, *, among=OutcomeTarget.objects) -> QuerySet[OutcomeTarget]:
    """Targets whose last day is the day itself or one of the 90 days after it. Targets of each year have no such day."""
    return _narrowed(falls_due(on, on + SOON), on, among)


def without_deadline_or_number(on: date, *, among=OutcomeTarget.objects) -> QuerySet[OutcomeTarget]:
    """Targets that have no last day, each-year ones apart, and qualitative ones."""
    return _narrowed(has_no_last_day() | Q(kind=Kind.QUALITATIVE), on, among)


def to_be_recorded(on: date, *, among=OutcomeTarget.objects) -> QuerySet[OutcomeTarget]:
    """Targets that get a last day once somebody records the event that the deadline counts from, or the programme's end (DOMAIN §4)."""
    awaited = (NoDeadline.EVENT_NOT_RECORDED, NoDeadline.PROGRAMME_END_NOT_KNOWN)
    return with_what_columns_read(among.with_no_last_day().filter(no_deadline__in=awaited).with_status(on))


def final_year(on: date, *, among=OutcomeTarget.objects) -> QuerySet[OutcomeTarget]:
    """Targets whose programme's last fiscal year, or whose own, is the fiscal year that holds the day."""
    year = fiscal_year_of(on)
    return _narrowed(Q(programme__end_fiscal_year=year) | Q(each_year=False, due_fy=year) | Q(each_year=True, last_year=year), on, among)


def started_last_year(on: date, *, among=OutcomeTarget.objects) -> QuerySet[OutcomeTarget]:
    """Targets of the programmes whose first fiscal year is the one before that of the day."""
    return _narrowed(Q(programme__start_fiscal_year=fiscal_year_of(on) - 1), on, among)


def over_achieved(on: date, *, among=OutcomeTarget.objects) -> QuerySet[OutcomeTarget]:
    """Targets whose attainment, by the result that the status rests on, exceeds 120 %."""
    return targets_on(on, among=among).filter(attains_more_than(120))


def exactly_at_target(on: date, *, among=OutcomeTarget.objects) -> QuerySet[OutcomeTarget]:
    """Targets whose result, that the status rests on, is the target value itself. A range has no single value."""
    return targets_on(on, among=among).filter(comparator__in=(*UPWARD, *DOWNWARD), basis_value=F("value"))


def attains_more_than(percent: int) -> Q:
    """Whether the attainment (`measures.attainment`), before it is cut, exceeds so many percent.

    Cross-multiplied in whole units of 1/10,000, so that nothing is divided (DOMAIN §5). Of targets that carry their status.
    """
    result, value, baseline = whole("basis_value"), whole("value"), whole("baseline_value")
    more = Q(comparator__in=UPWARD, value__gt=0) & GreaterThan(result * 100, value * percent)
    less = Q(comparator__in=DOWNWARD, baseline_value__gt=F("value")) & GreaterThan((baseline - result) * 100, (baseline - value) * percent)
    return more | less


def _narrowed(condition: Q, on: date, among) -> QuerySet[OutcomeTarget]:
    """The standing targets that fulfil a condition of their own terms: it is asked before the status is computed."""
    return targets_on(on, among=among.filter(condition))


def with_what_columns_read(targets: QuerySet[OutcomeTarget]) -> QuerySet[OutcomeTarget]:
    """`targets` with the rows that `TARGET_COLUMNS` names."""
    return targets.select_related("programme__lead", "passage")


@dataclass(frozen=True)
class Line:
    """How many targets or reports of each kind an organisation has."""

    organisation: Organisation
    counts: Counter

    @property
    def total(self) -> int:
        return self.counts.total()


def lines(counted: Iterable[tuple[int, str, int]], tree: Tree) -> list[Line]:
    """What is counted, as (organisation's id, kind, number), by organisation, in the order of their codes."""
    found: dict[int | None, Counter] = {}
    for organisation, kind, number in counted:
        found.setdefault(tree[organisation].pk, Counter())[kind] += number
    return sorted((Line(tree[key], counts) for key, counts in found.items()), key=lambda line: line.organisation.code)


def lines_by_bureau(counted: Iterable[tuple[int, str, int]], tree: Tree) -> list[Line]:
    """What is counted by lead organisation, by the bureau that its totals are drawn up for."""
    return lines(((tree.bureau_of(lead).pk, kind, number) for lead, kind, number in counted), tree)


def totals(lines: Iterable[Any]) -> Counter:
    """The sum of lines, or of whatever has `counts`."""
    return sum((line.counts for line in lines), Counter())


def totals_by_bureau(targets: QuerySet[OutcomeTarget], tree: Tree | None = None) -> list[Line]:
    """The rows of a report counted by bureau and status. A programme's targets count for the bureau of its lead.

    One query, and one for the tree where none is given.
    """
    counted = (
        targets.order_by()
        .values(lead=F("programme__lead"))
        .annotate(status=F("status"), number=Count("id"))
        .values_list("lead", "status", "number")
    )
    return lines_by_bureau(counted, tree or Tree())


def no_last_day_counts(on: date, *, among=OutcomeTarget.objects) -> dict[str, int]:
    """How many standing targets cannot become overdue, by `NoDeadline` reason; each reason is there, with 0 where there are none."""
    targets = among.standing_on(on).with_no_last_day().order_by().values_list("no_deadline").annotate(Count("id"))
    return dict.fromkeys(NoDeadline.values, 0) | dict(targets)


class Citation(NamedTuple):
    """A piece of evidence as it is named."""

    citation: str
    url: str


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
    evidence: list[Citation]
    accepted_by: str | None
    accepted_at: datetime | None


def results_of(target: OutcomeTarget, reader, on: date, known_at: datetime | None = None) -> list[Result]:
    """The results of a target, by fiscal year, as `reader` may see them; whether each counts is said for a day. One query."""
    inside = reader.has_perm("kpis.view_progressreport")
    # Once an accepted report is reopened it tells the last decision instead: its history tells the last acceptance.
    acceptances = ProgressReport.history.filter(id=OuterRef("pk"), state=ReportState.ACCEPTED)
    if known_at is not None:
        acceptances = acceptances.filter(history_date__lte=known_at)
    last = acceptances.order_by("-history_date", "-history_id")
    told = (
        ProgressReport.objects.visible_to(reader)
        .filter(target=target)
        .annotate(
            accepted_by=Subquery(last.values("decided_by__name")[:1]),
            accepted_at=Subquery(last.values("decided_at")[:1]),
            citation=F("evidence__citation"),
            url=F("evidence__url"),
        )
        .order_by("fiscal_year", "citation")
    )
    # A report comes once for each piece of evidence.
    by_report = (list(rows) for _pk, rows in groupby(told, key=lambda row: row.pk))
    return [
        _result(target, rows[0], on, inside, [Citation(row.citation, row.url) for row in rows if row.citation is not None])
        for rows in by_report
    ]


def _result(target: OutcomeTarget, report: ProgressReport, on: date, inside: bool, evidence: list[Citation]) -> Result:
    accepted, told = report.accepted_value, target.kind == Kind.QUANTITATIVE and report.accepted_value is not None
    is_accepted = report.accepted_measured_on is not None
    # Text and evidence have no accepted copy: while a correction is worked on they are the author's alone.
    shows_text = inside or report.state == ReportState.ACCEPTED
    return Result(
        report=report,
        figure=explain.figure(accepted, report.accepted_grade, target.unit),
        attainment=attainment(target.comparator, target.value, target.baseline_value, accepted) if told else None,
        published_attainment=published_attainment(target.value, accepted) if told else None,
        counts=is_accepted and report.accepted_measured_on <= on,
        worked_on=explain.figure(report.value, report.grade, target.unit) if inside and report.state != ReportState.ACCEPTED else "",
        shows_text=shows_text,
        lacks_evidence=shows_text and (report.has_figure or is_accepted) and not evidence,
        evidence=evidence if shows_text else [],
        accepted_by=report.accepted_by if is_accepted else None,
        accepted_at=report.accepted_at if is_accepted else None,
    )
