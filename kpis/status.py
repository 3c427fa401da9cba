"""The status of an outcome target on a day: the rule of DOMAIN §5 as one SQL expression, for live tables and for history alike.

Nothing is stored: a status follows from the target's terms, the accepted figures that count on the day, and the calendar. The rule is
read in three steps:

1. *facts*, one row a target: the year that is judged, the latest counting result, and which deciding results meet;
2. the *result* that the status rests on;
3. the *status*: the first line of `_status` that applies wins.

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
    F,
    Max,
    OuterRef,
    PositiveSmallIntegerField,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Round
from django_cte import CTE, with_cte

from kpis import deadlines
from kpis.choices import Accumulation, Comparator, Kind, ReportState, Status

UPWARD = (Comparator.AT_LEAST, Comparator.MORE_THAN)
DOWNWARD = (Comparator.AT_MOST, Comparator.LESS_THAN)
GRADES_THAT_MEET = (1, 2)
GRADES_BEHIND = (4, 5)

STANDING_COLUMNS = (
    "status", "judged_fy", "latest_fy", "basis_fy", "basis_value", "basis_grade", "basis_measured_on",
    "achieved_late", "awaits_decision", "under_correction", "preliminary",
)  # fmt: skip

_LEFT_JOIN = "LEFT OUTER JOIN"
_GOAL_COLUMNS = ("each_year", "comparator", "value", "value_max", "accumulation")
_RESULT_COLUMNS = (
    "target_id", "fiscal_year", "state", "accepted_value", "accepted_grade", "accepted_measured_on", "accepted_preliminary",
)  # fmt: skip


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
    judged = CTE(targets.order_by().values("id", *_GOAL_COLUMNS, judged_fy=_judged_year(on, last_due, reports)), name="status_judged")
    facts = _facts(judged, on, reports)
    result = CTE(reports.filter(accepted_measured_on__lte=on).order_by().values(*_RESULT_COLUMNS), name="status_result")
    standing = _standing(targets, judged, facts, result, on, last_due, milestones)
    annotated = standing.join(targets, id=standing.col.id).annotate(**{name: getattr(standing.col, name) for name in STANDING_COLUMNS})
    annotated = annotated.annotate(awaiting_acceptance=_flag(status=Status.AWAITING, awaits_decision__isnull=False))
    return with_cte(judged, facts, result, standing, select=annotated)


def _facts(judged: CTE, on: date, reports: QuerySet) -> CTE:
    """For each target that has reports: what they say of the judged year. None where no report says it."""
    goal = {f"goal_{column}": getattr(judged.col, column) for column in (*_GOAL_COLUMNS, "judged_fy")}
    told = judged.join(reports.order_by(), target_id=judged.col.id).annotate(**goal)
    of_its_years = Q(goal_each_year=False) | Q(fiscal_year=F("goal_judged_fy"))  # each year is judged on its own
    counts = of_its_years & Q(accepted_measured_on__lte=on)
    decides = counts & Q(fiscal_year__gte=F("goal_judged_fy"))
    meets = _meets("accepted_value", "accepted_grade", goal="goal_")
    older_total = Q(goal_each_year=False, goal_accumulation=Accumulation.RUNNING_TOTAL, goal_comparator__in=UPWARD)
    return CTE(
        told.values("target_id").annotate(
            latest_fy=Max("fiscal_year", filter=counts),
            met_fy=Max("fiscal_year", filter=decides & meets),
            met_in_year=Max("fiscal_year", filter=decides & meets & Q(fiscal_year=F("goal_judged_fy"))),
            met_before_fy=Max("fiscal_year", filter=counts & older_total & meets & Q(fiscal_year__lt=F("goal_judged_fy"))),
            decided_finally=Max("fiscal_year", filter=decides & Q(accepted_preliminary=False)),
            awaits_decision=Max("fiscal_year", filter=of_its_years & Q(state=ReportState.SUBMITTED, fiscal_year__gte=F("goal_judged_fy"))),
        ),
        name="status_facts",
    )


def _standing(targets: QuerySet, judged: CTE, facts: CTE, result: CTE, on: date, last_due: int, milestones: QuerySet) -> CTE:
    """One row a target: the result that its status rests on, the status, and its marks."""
    seen = judged.join(targets.order_by(), id=judged.col.id).annotate(judged_fy=judged.col.judged_fy)
    seen = facts.join(seen, id=facts.col.target_id, _join_type=_LEFT_JOIN).annotate(
        latest_fy=facts.col.latest_fy,
        met_fy=facts.col.met_fy,
        met_in_year=facts.col.met_in_year,
        met_before_fy=facts.col.met_before_fy,
        decided_finally=facts.col.decided_finally,
        awaits_decision=facts.col.awaits_decision,
        last_day_passed=_flag(Q(each_year=False, due_on__lt=on) | Q(each_year=True, judged_fy__isnull=False)),
        decided=_flag(latest_fy__gte=F("judged_fy")),
    )
    seen = seen.annotate(
        basis_fy=Case(
            When(last_day_passed=True, met_fy__isnull=False, then=F("met_fy")),
            When(last_day_passed=True, decided=True, then=F("latest_fy")),
            When(last_day_passed=True, then=F("met_before_fy")),
            default=F("latest_fy"),
            output_field=PositiveSmallIntegerField(),
        )
    )
    rested = result.join(seen, id=result.col.target_id, basis_fy=result.col.fiscal_year, _join_type=_LEFT_JOIN).annotate(
        basis_value=result.col.accepted_value,
        basis_grade=result.col.accepted_grade,
        basis_measured_on=result.col.accepted_measured_on,
        basis_state=result.col.state,
        basis_preliminary=result.col.accepted_preliminary,
    )
    rested = rested.annotate(meets=_flag(_meets("basis_value", "basis_grade")), **_path_columns(milestones))
    rested = rested.annotate(
        status=_status(last_due),
        achieved_late=_flag(last_day_passed=True, met_fy__isnull=False, met_in_year=None),
        under_correction=_flag(~Q(basis_state=ReportState.ACCEPTED), basis_state__isnull=False),
        preliminary=Coalesce(F("basis_preliminary"), Value(False), output_field=BooleanField()),
    )
    return CTE(rested.values("id", *STANDING_COLUMNS), name="status_standing")


def _judged_year(on: date, last_due: int, reports: QuerySet) -> Case:
    """The deadline's fiscal year; for each-year targets the last ended year once its result counts or is due, until then the one before.

    None where no year of an each-year target is to be judged yet.
    """
    last_ended = deadlines.last_ended_year(on)
    lines = [When(each_year=False, then=F("due_fy")), When(last_year__lt=last_ended, then=_in_run(F("last_year")))]
    if last_ended > last_due:
        reported = reports.filter(target_id=OuterRef("id"), fiscal_year=last_ended, accepted_measured_on__lte=on)
        lines += [When(~Exists(reported), then=_in_run(Value(last_ended - 1)))]
    return Case(*lines, default=_in_run(Value(last_ended)), output_field=PositiveSmallIntegerField())


def _in_run(year: F | Value) -> Case:
    """The year, or None where the each-year target was not judged yet."""
    return Case(When(first_year__gt=year, then=None), default=year, output_field=PositiveSmallIntegerField())


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


def _status(last_due: int) -> Case:
    """The rows of the table in DOMAIN §5, in its order."""
    passed, decided, meets = Q(last_day_passed=True), Q(decided=True), Q(meets=True)
    counts_as_achieved_early = Q(comparator__in=UPWARD) | Q(kind=Kind.QUALITATIVE) | Q(due_on=None)
    return Case(
        When(passed & Q(met_fy__isnull=False), then=Value(Status.ACHIEVED)),
        When(passed & ~decided & Q(met_before_fy__isnull=False), then=Value(Status.ACHIEVED)),
        When(~passed & Q(each_year=False) & meets & counts_as_achieved_early, then=Value(Status.ACHIEVED)),
        When(passed & decided & (Q(decided_finally__isnull=False) | Q(judged_fy__lte=last_due)), then=Value(Status.MISSED)),
        When(passed & ~decided & Q(judged_fy__lte=last_due, awaits_decision=None), then=Value(Status.UNREPORTED)),
        When(passed, then=Value(Status.AWAITING)),
        When(each_year=True, then=Value(Status.NO_DATA)),
        When(due_on=None, then=Value(Status.NO_DEADLINE)),
        When(latest_fy=None, then=Value(Status.NO_DATA)),
        When(basis_grade__in=GRADES_BEHIND, then=Value(Status.BEHIND)),
        When(~meets & _short_of_path(), then=Value(Status.BEHIND)),
        When(~meets & Q(kind=Kind.QUANTITATIVE) & _no_path(), then=Value(Status.IN_PROGRESS)),
        When(latest_fy__lt=last_due, then=Value(Status.IN_PROGRESS)),
        default=Value(Status.ON_TRACK),
        output_field=CharField(max_length=20),
    )


def _short_of_path() -> Q:
    """The latest result is short of its path; a result equal to the path is on it."""
    behind_milestone = Q(comparator__in=UPWARD, milestone__gt=F("basis_value")) | Q(comparator__in=DOWNWARD, milestone__lt=F("basis_value"))
    return behind_milestone | Q(on_straight_line=True, behind_line_by__gt=0)


def _no_path() -> Q:
    return Q(comparator=Comparator.WITHIN) | Q(milestone=None, on_straight_line=False)


def _path_columns(milestones: QuerySet) -> dict:
    """What `_short_of_path` and `_no_path` read.

    The milestone in force in the latest result's year. Where the target has no milestones at all: whether that year lies on the straight
    line from baseline to target, and how far the result is behind it (in no unit: a sign).
    """
    own = milestones.filter(target_id=OuterRef("id")).order_by()
    in_force = own.filter(fiscal_year__lte=OuterRef("latest_fy")).order_by("-fiscal_year")
    gained = (_whole("basis_value") - _whole("baseline_value")) * (F("due_fy") - F("baseline_year"))
    needed = (_whole("value") - _whole("baseline_value")) * (F("latest_fy") - F("baseline_year"))
    return {
        "on_straight_line": _flag(
            ~Exists(own), baseline_year__lt=F("latest_fy"), latest_fy__lte=F("due_fy"), comparator__in=UPWARD + DOWNWARD
        ),
        "milestone": Subquery(in_force.values("value")[:1]),
        "behind_line_by": Case(When(comparator__in=UPWARD, then=needed - gained), default=gained - needed, output_field=BigIntegerField()),
    }


def _whole(column: str) -> Cast:
    """A figure in whole units of 1/10,000: exact on both databases."""
    return Cast(Round(F(column) * 10_000), BigIntegerField())


def _flag(*conditions: Q, **lookups) -> Case:
    return Case(When(*conditions, **lookups, then=Value(True)), default=Value(False), output_field=BooleanField())
