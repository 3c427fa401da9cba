"""The status of an outcome target on a day: the rule of DOMAIN §5 as one SQL expression, for live tables and for history alike.

Nothing is stored: a status follows from the target's terms, the accepted figures that count on the day, and the calendar. The rule is
read in steps, each a common table expression:

1. *judged*: each target's terms, the fiscal year that decides, and the years whose results are read;
2. *rested*: the year of the result that the status rests on, found by one look into the index of reports for each target;
3. *weighed*: that result beside the terms: whether it meets, and how it lies to its path;
4. *standing*: the status, the first line of `_status` that applies.

Whatever few targets need (a final figure, a waiting submission, a milestone) is asked for within the line that needs it. Figures are
compared as they are stored. Only the straight line needs arithmetic: it is cross-multiplied in whole units of 1/10,000, so that SQLite
and PostgreSQL give the same answer.
"""

from datetime import date

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    OuterRef,
    PositiveSmallIntegerField,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Mod, Round
from django_cte import CTE, with_cte

from kpis import deadlines
from kpis.choices import Accumulation, Comparator, Kind, ReportState, Status

UPWARD = (Comparator.AT_LEAST, Comparator.MORE_THAN)
DOWNWARD = (Comparator.AT_MOST, Comparator.LESS_THAN)
GRADES_THAT_MEET = (1, 2)
GRADES_BEHIND = (4, 5)

_LEFT_JOIN = "LEFT OUTER JOIN"
_NO_LAST_YEAR = 9_999
# Added to the year of a deciding result that meets, so that the greatest year found is one that meets, where there is any.
_MEETS = 10_000

_TERMS = (
    "kind", "each_year", "comparator", "value", "value_max", "accumulation", "baseline_value", "baseline_year", "due_on", "due_fy",
)  # fmt: skip
_BASIS = {
    "basis_value": "accepted_value", "basis_grade": "accepted_grade", "basis_measured_on": "accepted_measured_on",
    "basis_state": "state", "basis_preliminary": "accepted_preliminary",
}  # fmt: skip
_STANDING = ("status", "judged_fy", "to_fy", "last_day_passed", "meets", "basis_fy", *_BASIS)


def may_be_overdue(on: date) -> Q:
    """What every overdue target fulfils: an index finds these before the rule is computed."""
    return Q(due_on__lt=on) | Q(each_year=True)


def annotate(targets: QuerySet, *, on: date, reports: QuerySet, milestones: QuerySet, results_due: tuple[int, int]) -> QuerySet:
    """`targets` with their status on a day.

    `targets`, `reports` and `milestones` are querysets over the live tables, or over history rows with the same columns. `results_due`
    is the month and day by which the results of the fiscal year before are due. Withdrawn targets are the caller's to leave out.

    Adds: `status` (a `Status` code) · `judged_fy`, the fiscal year whose results decide · `latest_fy`, the year of the latest counting
    result · `basis_fy`, `basis_value`, `basis_grade`, `basis_measured_on`: the result that the status rests on, all None where it rests
    on none · the marks `achieved_late`, `awaiting_acceptance`, `under_correction`, `preliminary`. The other marks are columns of the
    target: `approximate`, `comparator_assumed`, `accumulation_assumed`, `programme_end_assumed`, `revised_after_deadline`.
    """
    last_due = deadlines.last_due_year(on, results_due)
    counting = reports.filter(accepted_measured_on__lte=on).order_by()
    judged = CTE(_judged(targets, on, last_due, reports), name="status_judged")
    rested = CTE(_rested(judged, counting), name="status_rested", materialized=True)
    result = CTE(counting.values("target_id", "fiscal_year", *_BASIS.values()), name="status_result")
    weighed = CTE(_weighed(rested, result, milestones), name="status_weighed")
    standing = weighed.queryset().order_by().annotate(status=_status(last_due, counting, reports)).values("id", *_STANDING)
    standing = CTE(standing, name="status_standing", materialized=True)
    annotated = standing.join(targets, id=standing.col.id).annotate(**{name: getattr(standing.col, name) for name in _STANDING})
    return with_cte(judged, rested, result, weighed, standing, select=annotated.annotate(**_marks(counting, reports)))


def _judged(targets: QuerySet, on: date, last_due: int, reports: QuerySet) -> QuerySet:
    """The terms of each target, the fiscal year that decides, and from which year to which its results are read.

    Each year is judged on its own. After the last day only the deciding years are read, and for a running total the older ones.
    """
    told = targets.order_by().annotate(judged_fy=_judged_year(on, last_due, reports))
    told = told.annotate(last_day_passed=_flag(Q(each_year=False, due_on__lt=on) | Q(each_year=True, judged_fy__isnull=False)))
    return told.annotate(
        deciding_fy=_year(When(last_day_passed=True, then=F("judged_fy"))),
        from_fy=_year(
            When(each_year=True, then=F("judged_fy")),
            When(last_day_passed=False, then=Value(0)),
            When(accumulation=Accumulation.RUNNING_TOTAL, comparator__in=UPWARD, then=Value(0)),
            default=F("judged_fy"),
        ),
        to_fy=_year(When(each_year=True, then=F("judged_fy")), default=Value(_NO_LAST_YEAR)),
    ).values("id", *_TERMS, "judged_fy", "last_day_passed", "deciding_fy", "from_fy", "to_fy")


def _judged_year(on: date, last_due: int, reports: QuerySet) -> Case:
    """The deadline's fiscal year; for each-year targets the last ended year once its result counts or is due, until then the one before.

    None where no year of an each-year target is to be judged yet.
    """
    last_ended = deadlines.last_ended_year(on)
    lines = [When(each_year=False, then=F("due_fy")), When(last_year__lt=last_ended, then=_in_run(F("last_year")))]
    if last_ended > last_due:
        reported = reports.filter(target_id=OuterRef("id"), fiscal_year=last_ended, accepted_measured_on__lte=on)
        lines += [When(~Exists(reported), then=_in_run(Value(last_ended - 1)))]
    return _year(*lines, default=_in_run(Value(last_ended)))


def _in_run(year: F | Value) -> Case:
    """The year, or None where the each-year target was not judged yet."""
    return _year(When(first_year__gt=year, then=None), default=year)


def _meets(value: str, grade: str, goal: str = "") -> Q:
    """Whether a figure meets its target: `value` and `grade` name the figure's columns, `goal` begins the names of the target's."""
    wanted, upper = F(f"{goal}value"), F(f"{goal}value_max")

    def judged_as(comparator: Comparator, **lookups) -> Q:
        return Q(**{f"{goal}comparator": comparator}, **{f"{value}__{lookup}": bound for lookup, bound in lookups.items()})

    return (
        Q(**{f"{grade}__in": GRADES_THAT_MEET})
        | judged_as(Comparator.AT_LEAST, gte=wanted)
        | judged_as(Comparator.MORE_THAN, gt=wanted)
        | judged_as(Comparator.AT_MOST, lte=wanted)
        | judged_as(Comparator.LESS_THAN, lt=wanted)
        | judged_as(Comparator.WITHIN, gte=wanted, lte=upper)
    )


def _rested(judged: CTE, counting: QuerySet) -> QuerySet:
    """Adds `basis_rank`, the year of the result that the status rests on, raised where it decides and meets.

    After the last day the latest deciding result that meets, else the latest deciding one, else the latest older total that meets;
    before it the latest result.
    """
    decides = Q(fiscal_year__gte=F("goal_deciding_fy"))
    meets = _meets("accepted_value", "accepted_grade", goal="goal_")
    read = (
        _within(counting, "from_fy", "to_fy")
        .annotate(**_goal("comparator", "value", "value_max", "deciding_fy"))
        .filter(decides | Q(goal_deciding_fy=None) | meets)
    )
    rank = Case(When(decides & meets, then=F("fiscal_year") + _MEETS), default=F("fiscal_year"), output_field=IntegerField())
    best = read.values("target_id").annotate(rank=Max(rank)).values("rank")
    return judged.queryset().order_by().annotate(basis_rank=Subquery(best, output_field=IntegerField()))


def _weighed(rested: CTE, result: CTE, milestones: QuerySet) -> QuerySet:
    """Adds the result that the status rests on, whether it meets, and how it lies to its path."""
    ranked = rested.queryset().order_by().annotate(basis_fy=Mod("basis_rank", _MEETS, output_field=PositiveSmallIntegerField()))
    beside = result.join(ranked, id=result.col.target_id, basis_fy=result.col.fiscal_year, _join_type=_LEFT_JOIN)
    beside = beside.annotate(**{name: getattr(result.col, column) for name, column in _BASIS.items()})
    return beside.annotate(meets=_flag(_meets("basis_value", "basis_grade"))).annotate(**_path(milestones))


def _status(last_due: int, counting: QuerySet, reports: QuerySet) -> Case:
    """The rows of the table in DOMAIN §5, in its order; each-year targets have left it before the path is asked for."""
    passed, meets = Q(last_day_passed=True), Q(meets=True)
    decided, due = Q(basis_fy__gte=F("judged_fy")), Q(judged_fy__lte=last_due)
    final = _within(counting, "judged_fy", "to_fy").filter(accepted_preliminary=False)
    achieved_early = Q(comparator__in=UPWARD) | Q(kind=Kind.QUALITATIVE) | Q(due_on=None)
    return Case(
        When(passed & meets, then=Value(Status.ACHIEVED)),
        When(passed & decided & due, then=Value(Status.MISSED)),
        When(passed & decided & Exists(final), then=Value(Status.MISSED)),
        When(passed & due & Q(basis_fy=None) & ~Exists(_waiting(reports)), then=Value(Status.UNREPORTED)),
        When(passed, then=Value(Status.AWAITING)),
        When(each_year=True, then=Value(Status.NO_DATA)),
        When(meets & achieved_early, then=Value(Status.ACHIEVED)),
        When(due_on=None, then=Value(Status.NO_DEADLINE)),
        When(basis_fy=None, then=Value(Status.NO_DATA)),
        When(basis_grade__in=GRADES_BEHIND, then=Value(Status.BEHIND)),
        When(Q(meets=False) & _short_of_path(), then=Value(Status.BEHIND)),
        When(Q(meets=False, kind=Kind.QUANTITATIVE) & _no_path(), then=Value(Status.IN_PROGRESS)),
        When(basis_fy__lt=last_due, then=Value(Status.IN_PROGRESS)),
        default=Value(Status.ON_TRACK),
        output_field=CharField(max_length=20),
    )


def _marks(counting: QuerySet, reports: QuerySet) -> dict:
    """The year of the latest counting result, and the marks that follow from the results."""
    latest = _within(counting, "only_fy", "to_fy").order_by("-fiscal_year").values("fiscal_year")[:1]
    in_its_year = _within(counting, "judged_fy", "judged_fy").annotate(**_goal("comparator", "value", "value_max"))
    met_in_its_year = in_its_year.filter(_meets("accepted_value", "accepted_grade", goal="goal_"))
    return {
        "only_fy": _year(When(each_year=True, then=F("judged_fy")), default=Value(0)),
        "latest_fy": Subquery(latest),
        "achieved_late": _flag(Q(last_day_passed=True, meets=True, basis_fy__gt=F("judged_fy")) & ~Exists(met_in_its_year)),
        "awaiting_acceptance": _flag(Q(status=Status.AWAITING) & Exists(_waiting(reports))),
        "under_correction": _flag(~Q(basis_state=ReportState.ACCEPTED), basis_state__isnull=False),
        "preliminary": Coalesce(F("basis_preliminary"), Value(False), output_field=BooleanField()),
    }


def _within(reports: QuerySet, first: str, last: str) -> QuerySet:
    """A target's own reports from one year to another; `first` and `last` name columns of the outer query."""
    return reports.order_by().filter(target_id=OuterRef("id"), fiscal_year__gte=OuterRef(first), fiscal_year__lte=OuterRef(last))


def _waiting(reports: QuerySet) -> QuerySet:
    """Reports submitted for the deadline's year or later; of an each-year target for the judged year alone."""
    return _within(reports, "judged_fy", "to_fy").filter(state=ReportState.SUBMITTED)


def _goal(*terms: str) -> dict:
    """Terms of the outer query's target as columns of a report, their names beginning with `goal_`."""
    fields = {"comparator": CharField(), "value": DecimalField(), "value_max": DecimalField(), "deciding_fy": IntegerField()}
    return {f"goal_{term}": ExpressionWrapper(OuterRef(term), output_field=fields[term]) for term in terms}


def _short_of_path() -> Q:
    """The latest result is short of its path; a result equal to the path is on it."""
    behind_milestone = Q(comparator__in=UPWARD, milestone__gt=F("basis_value")) | Q(comparator__in=DOWNWARD, milestone__lt=F("basis_value"))
    return behind_milestone | Q(on_straight_line=True, behind_line_by__gt=0)


def _no_path() -> Q:
    return Q(comparator=Comparator.WITHIN) | Q(milestone=None, on_straight_line=False)


def _path(milestones: QuerySet) -> dict:
    """What `_short_of_path` and `_no_path` read, of targets before their last day.

    The milestone in force in the latest result's year. Where the target has no milestones at all: whether that year lies on the straight
    line from baseline to target, and how far the result is behind it (in no unit: a sign).
    """
    own = milestones.filter(target_id=OuterRef("id")).order_by()
    in_force = own.filter(fiscal_year__lte=OuterRef("basis_fy")).order_by("-fiscal_year")
    gained = (_whole("basis_value") - _whole("baseline_value")) * (F("due_fy") - F("baseline_year"))
    needed = (_whole("value") - _whole("baseline_value")) * (F("basis_fy") - F("baseline_year"))
    open_and_short = Q(last_day_passed=False, meets=False)
    between = Q(baseline_year__lt=F("basis_fy"), basis_fy__lte=F("due_fy"), comparator__in=UPWARD + DOWNWARD)
    return {
        "on_straight_line": _flag(open_and_short & between & ~Exists(own)),
        "milestone": Case(When(open_and_short, then=Subquery(in_force.values("value")[:1]))),
        "behind_line_by": Case(When(comparator__in=UPWARD, then=needed - gained), default=gained - needed, output_field=BigIntegerField()),
    }


def _whole(column: str) -> Cast:
    """A figure in whole units of 1/10,000: exact on both databases."""
    return Cast(Round(F(column) * 10_000), BigIntegerField())


def _flag(*conditions: Q, **lookups) -> Case:
    return Case(When(*conditions, **lookups, then=Value(True)), default=Value(False), output_field=BooleanField())


def _year(*lines: When, default=None) -> Case:
    return Case(*lines, default=default, output_field=PositiveSmallIntegerField())
