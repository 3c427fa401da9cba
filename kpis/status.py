"""The status of an outcome target on a day: the rule of DOMAIN §5 as one SQL expression, for live tables and for history alike.

Nothing is stored: a status follows from the target's terms, the accepted figures that count on the day, and the calendar. The rule is
read in three steps, each a common table expression with one row a target:

1. *judged*: the year that is judged, and the years whose results are read;
2. *rested*: the result that the status rests on, found by one look into the index of reports;
3. *standing*: the status: the first line of `_status` that applies wins. What only some targets need is looked up in the line itself.

Figures are compared as they are stored. Only the straight line needs arithmetic: it is cross-multiplied in whole units of 1/10,000, so
that SQLite and PostgreSQL give the same answer.
"""

from datetime import date

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    PositiveSmallIntegerField,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Round
from django.db.models.lookups import Exact, IsNull
from django.db.models.sql.constants import INNER, LOUTER
from django_cte import CTE, with_cte

from kpis import deadlines
from kpis.choices import Accumulation, Comparator, Kind, ReportState, Status

UPWARD = (Comparator.AT_LEAST, Comparator.MORE_THAN)
DOWNWARD = (Comparator.AT_MOST, Comparator.LESS_THAN)
GRADES_THAT_MEET = (1, 2)
GRADES_BEHIND = (4, 5)

_GOAL_COLUMNS = (
    "kind", "each_year", "comparator", "value", "value_max", "accumulation", "baseline_value", "baseline_year", "due_on", "due_fy",
)  # fmt: skip
_STANDING_COLUMNS = ("status", "judged_fy", "last_day_passed", "to_fy", "basis_fy", "meets")

# A result's key: its fiscal year, below it one bit that is set where it meets, above it one that is set where it decides and meets. The
# status rests on the result with the greatest key.
_MEETS = 1
_ALL_YEARS = 2**15 - 1  # as many as a column of years can hold
_DECIDES = 2**16


def may_be_overdue(on: date) -> Q:
    """What every overdue target fulfils: an index finds these before the rule is computed."""
    return Q(due_on__lt=on) | Q(each_year=True)


def annotate(
    targets: QuerySet,
    *,
    on: date,
    reports: QuerySet,
    milestones: QuerySet,
    evidence: QuerySet,
    closed_misses: QuerySet,
    results_due: tuple[int, int],
    shown: QuerySet | None = None,
) -> QuerySet:
    """`targets` with their status on a day.

    `targets`, `reports`, `milestones`, `evidence` and `closed_misses` (those closed on that day) are querysets over the live tables, or
    over history rows with the same columns. `results_due` is the month and day by which the results of the fiscal year before are due.
    Withdrawn targets are the caller's to leave out; `shown` gives more targets than these, the others with None for a status.

    Adds: `status` (a `Status` code) · `judged_fy`, the fiscal year whose results decide · `latest_fy`, the year of the latest counting
    result · `basis_fy`, `basis_value`, `basis_grade`, `basis_measured_on`: the result that the status rests on, all None where it rests
    on none · the marks `achieved_late`, `awaiting_acceptance`, `under_correction`, `preliminary`, `without_evidence`, `miss_closed`. The
    others of `kpis.marks` follow from columns of the target.
    """
    last_due = deadlines.last_due_year(on, results_due)
    counting = reports.filter(accepted_measured_on__lte=on).order_by()
    judged = CTE(_judged(targets, on, last_due, reports), name="status_judged", materialized=True)
    read = CTE(_read(judged, on), name="status_read")
    rested = CTE(_rested(read, counting), name="status_rested", materialized=True)
    weighed = CTE(_weighed(rested), name="status_weighed")
    pathed = CTE(_rows(weighed).annotate(**_path_columns(counting, milestones)), name="status_pathed")
    standing = _rows(pathed).annotate(status=_status(last_due, counting, reports)).values("id", *_STANDING_COLUMNS)
    standing = CTE(standing, name="status_standing", materialized=True)
    join = {"_join_type": INNER if shown is None else LOUTER}
    rows = standing.join(targets if shown is None else shown, id=standing.col.id, **join)
    annotated = rows.annotate(**{name: getattr(standing.col, name) for name in _STANDING_COLUMNS})
    told = annotated.annotate(**_shown(counting, reports, evidence, closed_misses))
    return with_cte(judged, read, rested, weighed, pathed, standing, select=told)


def _judged(targets: QuerySet, on: date, last_due: int, reports: QuerySet) -> QuerySet:
    """The terms of each target, and the year judged."""
    return targets.order_by().values("id", *_GOAL_COLUMNS, judged_fy=_judged_year(on, last_due, reports))


def _read(judged: CTE, on: date) -> QuerySet:
    """Whether the last day has passed, and the years whose results are read, from `from_fy` to `to_fy`.

    Each year is judged on its own. After the last day those from `deciding_fy` on decide; of a running total also older ones are read.
    """
    passed = flag(Q(each_year=False, due_on__lt=on) | Q(each_year=True, judged_fy__isnull=False))
    older_total = Q(accumulation=Accumulation.RUNNING_TOTAL, comparator__in=UPWARD)
    return (
        _rows(judged)
        .annotate(last_day_passed=passed)
        .annotate(
            deciding_fy=_year(When(last_day_passed=True, then=F("judged_fy"))),
            from_fy=_year(
                When(each_year=True, then=F("judged_fy")),
                When(Q(last_day_passed=False) | older_total, then=Value(0)),
                default=F("judged_fy"),
            ),
            to_fy=_year(When(each_year=True, then=F("judged_fy")), default=Value(_ALL_YEARS)),
        )
    )


def _rested(read: CTE, counting: QuerySet) -> QuerySet:
    """The key of the result that the status rests on.

    After the last day: of the deciding results the latest that meets, else the latest; where there is none, the latest older total that
    meets. Before it the latest result.
    """
    meets, year = _meets("accepted_value", "accepted_grade", goal=OuterRef), Cast("fiscal_year", IntegerField()) * 2
    key = Case(
        When(fiscal_year__gte=OuterRef("deciding_fy"), then=Case(When(meets, then=year + (_DECIDES + _MEETS)), default=year)),
        When(meets, then=year + _MEETS),
        When(fiscal_year__gte=Coalesce(OuterRef("deciding_fy"), 0), then=year),
        output_field=IntegerField(),
    )
    results = _with_comparator(_of_target(counting, fiscal_year__gte=OuterRef("from_fy"), fiscal_year__lte=OuterRef("to_fy")))
    greatest = results.annotate(key=Func(key, function="MAX", output_field=IntegerField())).values("key")
    return _rows(read).annotate(key=Subquery(greatest))


def _weighed(rested: CTE) -> QuerySet:
    """The key taken apart."""
    return _rows(rested).annotate(
        basis_fy=F("key").bitrightshift(1).bitand(_ALL_YEARS),
        meets=flag(Exact(F("key").bitand(_MEETS), _MEETS)),
    )


def _rows(cte: CTE) -> QuerySet:
    return cte.queryset().order_by()


def _shown(counting: QuerySet, reports: QuerySet, evidence: QuerySet, closed_misses: QuerySet) -> dict:
    """What is shown beside a status. Looked up last, so that a page looks it up for its own rows alone."""
    basis = _of_target(counting, fiscal_year=OuterRef("basis_fy"))
    # While a correction is worked on its evidence is a draft. A scalar, not Exists: for that PostgreSQL reads all reports.
    without_evidence = basis.filter(state=ReportState.ACCEPTED).values(lacks=~Exists(evidence.filter(report_id=OuterRef("id")).order_by()))
    met_in_year = _with_comparator(_of_target(counting, fiscal_year=OuterRef("judged_fy"))).filter(
        _meets("accepted_value", "accepted_grade", goal=OuterRef)
    )
    return {
        "latest_fy": _latest_year(counting),
        "basis_value": Subquery(basis.values("accepted_value")),
        "basis_grade": Subquery(basis.values("accepted_grade")),
        "basis_measured_on": Subquery(basis.values("accepted_measured_on")),
        "achieved_late": flag(Q(last_day_passed=True, meets=True, basis_fy__gt=F("judged_fy")) & ~Exists(met_in_year)),
        "awaiting_acceptance": flag(Q(status=Status.AWAITING) & Exists(_submitted(reports))),
        "under_correction": flag(Q(basis_fy__isnull=False) & Exists(basis.exclude(state=ReportState.ACCEPTED))),
        "preliminary": flag(Q(basis_fy__isnull=False) & Exists(basis.filter(accepted_preliminary=True))),
        "without_evidence": Coalesce(Subquery(without_evidence), False),
        "miss_closed": flag(Q(status=Status.MISSED) & Exists(_of_target(closed_misses, fiscal_year=OuterRef("judged_fy")))),
    }


def _latest_year(counting: QuerySet) -> Case:
    """The year of the latest counting result, of an each-year target that of the judged year; mostly the status rests on it."""
    latest = _of_target(counting).order_by("-fiscal_year").values("fiscal_year")[:1]
    return _year(
        When(Q(last_day_passed=False) | Q(each_year=True) | Q(meets=False, basis_fy__isnull=False), then=F("basis_fy")),
        default=Subquery(latest),
    )


def _of_target(reports: QuerySet, **years) -> QuerySet:
    return reports.filter(target_id=OuterRef("id"), **years).order_by()


def _with_comparator(reports: QuerySet) -> QuerySet:
    return reports.annotate(comparator=ExpressionWrapper(OuterRef("comparator"), output_field=CharField()))


def _deciding(reports: QuerySet) -> QuerySet:
    return _of_target(reports, fiscal_year__gte=OuterRef("judged_fy"), fiscal_year__lte=OuterRef("to_fy"))


def _submitted(reports: QuerySet) -> QuerySet:
    return _deciding(reports).filter(state=ReportState.SUBMITTED)


def _judged_year(on: date, last_due: int, reports: QuerySet) -> Case:
    """The deadline's fiscal year; for each-year targets the last ended year once its result counts or is due, until then the one before.

    None where no year of an each-year target is to be judged yet.
    """
    last_ended = deadlines.last_ended_year(on)
    lines = [When(each_year=False, then=F("due_fy")), When(last_year__lt=last_ended, then=_in_run(F("last_year")))]
    if last_ended > last_due:
        reported = reports.filter(target_id=OuterRef("id"), fiscal_year=last_ended, accepted_measured_on__lte=on)
        # A scalar, not Exists: for that PostgreSQL reads all reports of the year to look only some up.
        lines += [When(IsNull(Subquery(reported.values("fiscal_year")), True), then=_in_run(Value(last_ended - 1)))]
    return Case(*lines, default=_in_run(Value(last_ended)), output_field=PositiveSmallIntegerField())


def _in_run(year: F | Value) -> Case:
    """The year, or None where the each-year target was not judged yet."""
    return Case(When(first_year__gt=year, then=None), default=year, output_field=PositiveSmallIntegerField())


def _meets(value: str, grade: str, goal=F) -> Q:
    """Whether a figure meets its target: `value` and `grade` name the figure's columns, `goal` makes a reference to the target's."""
    wanted, upper = goal("value"), goal("value_max")

    def judged_as(comparator: Comparator, **lookups) -> Q:
        return Q(comparator=comparator) & Q(**{f"{value}__{lookup}": bound for lookup, bound in lookups.items()})

    return (
        Q(**{f"{grade}__in": GRADES_THAT_MEET})
        | judged_as(Comparator.AT_LEAST, gte=wanted)
        | judged_as(Comparator.MORE_THAN, gt=wanted)
        | judged_as(Comparator.AT_MOST, lte=wanted)
        | judged_as(Comparator.LESS_THAN, lt=wanted)
        | judged_as(Comparator.WITHIN, gte=wanted, lte=upper)
    )


def _status(last_due: int, counting: QuerySet, reports: QuerySet) -> Case:
    """The rows of the table in DOMAIN §5, in its order; what follows the last day comes first."""
    passed, none, meets, due = Q(last_day_passed=True), Q(basis_fy=None), Q(meets=True), Q(judged_fy__lte=last_due)
    final = Exists(_deciding(counting).filter(accepted_preliminary=False))
    counts_as_achieved_early = Q(comparator__in=UPWARD) | Q(kind=Kind.QUALITATIVE) | Q(due_on=None)
    return Case(
        When(passed & meets, then=Value(Status.ACHIEVED)),
        When(passed & none & due & ~Exists(_submitted(reports)), then=Value(Status.UNREPORTED)),
        When(passed & none, then=Value(Status.AWAITING)),
        When(passed & (due | final), then=Value(Status.MISSED)),
        When(passed, then=Value(Status.AWAITING)),
        When(each_year=True, then=Value(Status.NO_DATA)),
        When(meets & counts_as_achieved_early, then=Value(Status.ACHIEVED)),
        When(due_on=None, then=Value(Status.NO_DEADLINE)),
        When(none, then=Value(Status.NO_DATA)),
        When(latest_grade__in=GRADES_BEHIND, then=Value(Status.BEHIND)),
        When(Q(meets=False) & _short_of_path(), then=Value(Status.BEHIND)),
        When(Q(meets=False, kind=Kind.QUANTITATIVE) & _no_path(), then=Value(Status.IN_PROGRESS)),
        When(basis_fy__lt=last_due, then=Value(Status.IN_PROGRESS)),
        default=Value(Status.ON_TRACK),
        output_field=CharField(max_length=20),
    )


def _short_of_path() -> Q:
    """The latest result is short of its path; a result equal to the path is on it."""
    below = Q(comparator__in=UPWARD, milestone__gt=F("latest_value"))
    above = Q(comparator__in=DOWNWARD, milestone__lt=F("latest_value"))
    return below | above | Q(behind_line_by__gt=0)


def _no_path() -> Q:
    return Q(comparator=Comparator.WITHIN) | Q(milestone=None, behind_line_by=None)


def _path_columns(counting: QuerySet, milestones: QuerySet) -> dict:
    """What `_short_of_path` and `_no_path` read, of targets whose last day is to come and whose latest result does not meet.

    The latest figure and the milestone in force in its year; that of the deadline's year is the target, whatever stands there since the
    deadline moved. Where the target has no milestones at all and that year lies on the straight
    line from baseline to target: how far the figure is behind the line (in no unit: a sign).
    """
    asked = Q(last_day_passed=False, meets=False, basis_fy__isnull=False)
    latest = _of_target(counting, fiscal_year=OuterRef("basis_fy"))
    own = milestones.filter(target_id=OuterRef("id")).order_by()
    in_force = own.filter(fiscal_year__lte=OuterRef("basis_fy")).order_by("-fiscal_year")
    figure = Case(When(fiscal_year=OuterRef("due_fy"), then=OuterRef("value")), default=F("value"))
    on_line = asked & Q(comparator__in=UPWARD + DOWNWARD, baseline_year__lt=F("basis_fy"), basis_fy__lte=F("due_fy")) & ~Exists(own)
    way = Case(When(comparator__in=UPWARD, then=Value(1)), default=Value(-1))
    gained = (whole("latest_value") - whole("baseline_value")) * (F("due_fy") - F("baseline_year"))
    needed = (whole("value") - whole("baseline_value")) * (F("basis_fy") - F("baseline_year"))
    return {
        "latest_value": Case(When(asked, then=Subquery(latest.values("accepted_value")))),
        "latest_grade": Case(When(asked, then=Subquery(latest.values("accepted_grade")))),
        "milestone": Case(When(asked, then=Subquery(in_force.values(figure=figure)[:1]))),
        "behind_line_by": Case(When(on_line, then=(needed - gained) * way), output_field=BigIntegerField()),
    }


def _year(*lines: When, default=None) -> Case:
    return Case(*lines, default=default, output_field=PositiveSmallIntegerField())


def whole(column: str) -> Cast:
    """A figure in whole units of 1/10,000: exact on both databases."""
    return Cast(Round(F(column) * 10_000), BigIntegerField())


def flag(*conditions: Q, **lookups) -> Case:
    """True where the conditions hold, else false: also where they cannot be told."""
    return Case(When(*conditions, **lookups, then=Value(True)), default=Value(False), output_field=BooleanField())
