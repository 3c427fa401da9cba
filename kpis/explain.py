"""Targets in words: the goal, the deadline and how it is resolved, why a target has its status on a day, and what would change it.

Nothing is decided here. The status is the one that `status.annotate` gave; the first sentence of why words the row of the rule (DOMAIN §5)
that applied, those after it name its inputs. What would change it follows from the same rows. No query, no clock.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from budget.fiscal import calendar_year_name, day_name, fiscal_year_name
from kpis import deadlines, measures
from kpis.choices import Accumulation, Comparator, DeadlineKind, Grade, Kind, NoDeadline, Status
from kpis.marks import MARKS
from kpis.status import GRADES_BEHIND, UPWARD

_GOALS = {
    Comparator.AT_LEAST: gettext_lazy("at least %(value)s"),
    Comparator.MORE_THAN: gettext_lazy("more than %(value)s"),
    Comparator.AT_MOST: gettext_lazy("at most %(value)s"),
    Comparator.LESS_THAN: gettext_lazy("less than %(value)s"),
    Comparator.WITHIN: gettext_lazy("from %(value)s to %(upper)s"),
}


def figure(value: Decimal | None, grade: int | None, unit: str) -> str:
    """1,200 件, or the grade with its name; '' where there is neither."""
    if grade is not None:
        return _("grade %(number)s: %(name)s") % {"number": grade, "name": Grade(grade).label}
    number = measures.format_value(value, separators=True)
    return _("%(number)s %(unit)s") % {"number": number, "unit": unit} if number and unit else number


def moment(at: datetime) -> str:
    """令和8年9月1日（2026-09-01） 17:30:00, in Asia/Tokyo; the part of a second only where there is one."""
    local = timezone.localtime(at)
    return f"{day_name(local.date())} {local:%H:%M:%S}" + (f".{local:%f}" if local.microsecond else "")


def goal(target) -> str:
    """What the target asks for: at least 60 件; a qualitative one asks for grade 1 or 2."""
    if target.kind == Kind.QUALITATIVE:
        return _("grade 1 or 2 of 5")
    return _GOALS[target.comparator] % {
        "value": figure(target.value, None, target.unit),
        "upper": figure(target.value_max, None, target.unit),
    }


def deadline(target) -> str:
    """The stated deadline in its own terms, before it is resolved to a day."""
    years = target.deadline_offset_years
    match target.deadline_kind:
        case DeadlineKind.FISCAL_YEAR:
            return fiscal_year_name(target.deadline_year)
        case DeadlineKind.CALENDAR_YEAR:
            return calendar_year_name(target.deadline_year)
        case DeadlineKind.DATE:
            return day_name(target.deadline_on)
        case DeadlineKind.PLAN_PERIOD:
            return _("plan period up to %(year)s") % {"year": fiscal_year_name(target.deadline_year)}
        case DeadlineKind.AFTER_PROGRAMME if years == 0:
            return _("the programme's end")
        case DeadlineKind.AFTER_PROGRAMME:
            return ngettext("%(n)s year after the programme's end", "%(n)s years after the programme's end", years) % {"n": years}
        case DeadlineKind.AFTER_EVENT:
            if target.deadline_through_nth_year:
                words = _("through year %(n)s after an event") % {"n": years}
            else:
                words = ngettext("%(n)s year after an event", "%(n)s years after an event", years) % {"n": years}
            return f"{words} ({day_name(target.deadline_event_on)})" if target.deadline_event_on else words
    return _("none stated")


def no_last_day(target) -> str:
    """Why the target has no last day; '' where it has one."""
    missing = deadlines.resolve(target.stated_deadline, target.programme.end_fiscal_year).missing
    return str(NoDeadline(missing).label) if missing and target.due_on is None else ""


def deadline_steps(target, results_due: tuple[int, int]) -> list[str]:
    """How the stated deadline becomes days, one step each: what the source says, what that is, its last day, the day by which results are
    due, and the day from which silence is unreported. Where a step cannot be taken, what is missing. (DOMAIN §4)"""
    told = [_("The source says 「%(text)s」.") % {"text": target.deadline_text}] if target.deadline_text else []
    told += _last_day_steps(target)
    year = target.due_fy
    if target.each_year:
        told.append(_run(target))
        year = getattr(target, "judged_fy", None) or target.first_year
    if year is None:
        return told
    due = deadlines.results_due_on(year, results_due)
    names = {"year": fiscal_year_name(year), "day": day_name(due), "from": day_name(due + timedelta(days=1))}
    return [
        *told,
        _("Results of %(year)s are due by %(day)s.") % names,
        _("Where none is accepted or submitted by then, the target is unreported from %(from)s.") % names,
        *_older_total(target),
    ]


def _last_day_steps(target) -> Iterable[str]:
    """What the stated deadline is, and its last day."""
    years, end = target.deadline_offset_years, target.programme.end_fiscal_year
    names = {"stated": deadline(target), "n": years}
    match target.deadline_kind:
        case DeadlineKind.NONE if target.each_year:
            yield _("No deadline is stated: the years judged end with the programme.")
            return
        case DeadlineKind.NONE:
            yield _("No deadline is stated: there is no last day, and the target can never be overdue.")
            return
        case DeadlineKind.AFTER_PROGRAMME:
            yield _("That is counted from the programme: %(stated)s.") % names
            if target.programme_end_assumed:
                yield str(MARKS["programme_end_assumed"].meaning)
            if end is None:
                yield _("The programme's end is not known. Once it is recorded, the last day is counted from its 31 March.")
            else:
                yield _("The programme ends with %(year)s.") % {"year": fiscal_year_name(end)}
        case DeadlineKind.AFTER_EVENT:
            yield _("That is counted from an event: %(stated)s.") % names
            if target.deadline_event_on is None:
                yield _("The day of the event is not recorded. Once it is, the last day is counted from it.")
            if target.deadline_through_nth_year:
                yield _("A year that is counted through ends on the day before the event's day returns.")
        case _:
            yield _("The deadline is %(stated)s.") % names
    if target.due_on is None:
        if not target.each_year:
            yield _("Until then there is no last day, and the target cannot be overdue.")
        return
    yield _("The last day is %(day)s.") % {"day": day_name(target.due_on)}
    if not target.each_year and target.deadline_kind in (DeadlineKind.CALENDAR_YEAR, DeadlineKind.DATE, DeadlineKind.AFTER_EVENT):
        yield _("It lies in %(year)s: the report of that year decides.") % {"year": fiscal_year_name(target.due_fy)}


def why(target, on: date, milestones: Sequence, results_due: tuple[int, int]) -> list[str]:
    """The sentences that explain the status of a target annotated by `status.annotate` for the day `on`."""
    told = [_rule(target, on, milestones, results_due), *_inputs(target, on, results_due)]
    return [sentence for sentence in told if sentence]


def _rule(target, on: date, milestones: Sequence, results_due: tuple[int, int]) -> str:
    """What has ended, where anything has, and the row of the rule that gave the status."""
    row = _row(target, on, milestones, results_due)
    if not _passed(target, on):
        return row
    if target.each_year:
        return _("The fiscal year judged, %(year)s, has ended.") % {"year": fiscal_year_name(target.judged_fy)} + " " + row
    return _("The last day has passed.") + " " + row


def _row(target, on: date, milestones: Sequence, results_due: tuple[int, int]) -> str:
    judged = {"years": _deciding_years(target)}
    if target.judged_fy is not None:
        judged |= {"year": fiscal_year_name(target.judged_fy), "day": day_name(deadlines.results_due_on(target.judged_fy, results_due))}
    match target.status:
        case Status.ACHIEVED if not _passed(target, on):
            return _("The latest accepted result meets the target.")
        case Status.ACHIEVED if target.basis_fy < target.judged_fy:
            return _("No result of the deadline's year is accepted yet, but an older running total already meets the target.")
        case Status.ACHIEVED if target.achieved_late:
            return _("A result of a later year meets the target.")
        case Status.ACHIEVED:
            return _("The result of the year judged meets the target.")
        case Status.MISSED:
            told = _("No accepted result of %(years)s meets the target.") % judged
            if target.preliminary and target.basis_fy == target.judged_fy:
                told += " " + _("The result is preliminary, but it was due by %(day)s: it is missed.") % judged
            return told
        case Status.UNREPORTED:
            return _("Results of %(year)s were due by %(day)s, and none of %(years)s is accepted or submitted.") % judged
        case Status.AWAITING if target.basis_fy is not None:
            return _("A preliminary result misses the target, and the final one is not due yet.")
        case Status.AWAITING if target.awaiting_acceptance:
            return _("A result is submitted and not yet accepted.")
        case Status.AWAITING:
            return _("The results of %(year)s are not due yet.") % judged
        case Status.NO_DEADLINE if target.latest_fy is None:
            return _("There is no last day, and no result is accepted.")
        case Status.NO_DEADLINE:
            return _("There is no last day, and the latest accepted result does not meet the target.")
        case Status.NO_DATA if target.each_year:
            return _("The first fiscal year to be judged has not ended.")
        case Status.NO_DATA:
            return _("The last day has not passed, and no result is accepted.")
        case Status.BEHIND if target.basis_grade in GRADES_BEHIND:
            return _("The latest accepted grade is 4 or 5.")
        case Status.BEHIND:
            return _("The latest accepted result is short of its path.") + _path(target, milestones)
        case Status.IN_PROGRESS if _falls_short_without_a_path(target, milestones):
            return _("The latest accepted result does not meet the target, and no path to it can be drawn.")
        case Status.IN_PROGRESS:
            return _("The latest accepted result is of %(year)s: results of %(due)s were due, so it does not show the present state.") % {
                "year": fiscal_year_name(target.latest_fy),
                "due": fiscal_year_name(deadlines.last_due_year(on, results_due)),
            }
        case _ if target.basis_grade is not None:
            return _("The latest accepted grade is 3: considerable progress.")
        case _ if _meets(target):
            return _("The latest accepted result meets the target; whether it stays so is judged after the last day.")
    return _("The latest accepted result is on its path or beyond.") + _path(target, milestones)


def _inputs(target, on: date, results_due: tuple[int, int]) -> Iterable[str]:
    """The days and figures that the rule was applied to."""
    yield _("Asked for: %(goal)s.") % {"goal": goal(target)}
    yield _calendar(target, on)
    if _passed(target, on):
        due = deadlines.results_due_on(target.judged_fy, results_due)
        sentence = _("Results of %(year)s were due by %(day)s.") if due < on else _("Results of %(year)s are due by %(day)s.")
        yield sentence % {"year": fiscal_year_name(target.judged_fy), "day": day_name(due)}
    if target.basis_fy is not None:
        yield _("Result it rests on: %(figure)s of %(year)s, measured on %(day)s.") % {
            "figure": figure(target.basis_value, target.basis_grade, target.unit),
            "year": fiscal_year_name(target.basis_fy),
            "day": day_name(target.basis_measured_on),
        }
    elif target.latest_fy is not None:
        if _reads_older_totals(target):
            sentence = _("The latest accepted result is of %(year)s: an older running total decides only where it meets the target.")
        else:
            sentence = _("The latest accepted result is of %(year)s: too early to decide.")
        yield sentence % {"year": fiscal_year_name(target.latest_fy)}
    else:
        yield _("No accepted result counts on this day.")


def _calendar(target, on: date) -> str:
    if target.each_year:
        sentence = _run(target)
        if target.judged_fy is None:
            return sentence
        return sentence + " " + _("On this day the year judged is %(year)s.") % {"year": fiscal_year_name(target.judged_fy)}
    if target.due_on is None:
        return _("No last day: %(reason)s.") % {"reason": no_last_day(target)}
    sentence = _("The last day, %(day)s, has passed.") if target.due_on < on else _("The last day is %(day)s.")
    return sentence % {"day": day_name(target.due_on)}


def _run(target) -> str:
    """The years in which an each-year target is judged."""
    first = fiscal_year_name(target.first_year) if target.first_year else _("the beginning")
    if target.last_year is None:
        return _("Each fiscal year is judged on its own, from %(first)s on, without a planned end.") % {"first": first}
    told = {"first": first, "last": fiscal_year_name(target.last_year)}
    return _("Each fiscal year is judged on its own, from %(first)s to %(last)s.") % told


def _passed(target, on: date) -> bool:
    return target.judged_fy is not None if target.each_year else target.due_on is not None and target.due_on < on


def _reads_older_totals(target) -> bool:
    """Whether an older running total decides, where no result of the deadline's year or later does and the total meets."""
    return target.accumulation == Accumulation.RUNNING_TOTAL and target.comparator in UPWARD and not target.each_year


def _older_total(target) -> Iterable[str]:
    if _reads_older_totals(target):
        sentence = _("Where no result of %(years)s is accepted, an older running total that meets the target decides: achieved.")
        yield sentence % {"years": _deciding_years(target)}


def _meets(target) -> bool:
    return measures.meets(target.comparator, target.value, target.value_max, target.basis_value)


def _falls_short_without_a_path(target, milestones: Sequence) -> bool:
    return _falls_short(target) and not _has_path(target, milestones)


def _falls_short(target) -> bool:
    return target.kind == Kind.QUANTITATIVE and not _meets(target)


def _has_path(target, milestones: Sequence) -> bool:
    return target.comparator != Comparator.WITHIN and bool(_path(target, milestones))


def _path(target, milestones: Sequence) -> str:
    """The milestone or the straight line that the latest result was held against."""
    in_force = max((m for m in milestones if m.fiscal_year <= target.latest_fy), key=lambda m: m.fiscal_year, default=None)
    if in_force is not None:
        value = target.value if in_force.fiscal_year == target.due_fy else in_force.value
        told = {"year": fiscal_year_name(in_force.fiscal_year), "value": figure(value, None, target.unit)}
        return " " + _("The milestone of %(year)s is %(value)s.") % told
    start, first, end, last = target.baseline_value, target.baseline_year, target.value, target.due_fy
    on_line = measures.on_line(target.comparator, start, first, end, last, target.latest_fy)
    if milestones or on_line is None:
        return ""
    on_path = figure(on_line.figure, None, target.unit)
    told = {
        "baseline": figure(start, None, target.unit),
        "baseline_year": fiscal_year_name(first),
        "value": figure(end, None, target.unit),
        "year": fiscal_year_name(last),
        "figure": _("about %(figure)s") % {"figure": on_path} if on_line.is_rounded else on_path,
        "of": fiscal_year_name(target.latest_fy),
    }
    sentence = _("The path is the straight line from %(baseline)s in %(baseline_year)s to %(value)s in %(year)s: %(figure)s in %(of)s.")
    return " " + sentence % told


# --- What would change a status -----------------------------------------------------------------------------------------------------


def what_would_change(target, on: date, milestones: Sequence, results_due: tuple[int, int]) -> list[str]:
    """The results, decisions and days that would give a target, annotated by `status.annotate` for the day `on`, another status.

    A revision of the target always can: it is not told.
    """
    return [
        *_results_that_change(target, on, milestones, results_due),
        *_corrections_that_change(target, on, milestones),
        *_days_that_change(target, on, results_due),
    ]


def _results_that_change(target, on: date, milestones: Sequence, results_due: tuple[int, int]) -> Iterable[str]:
    deciding = {"years": _deciding_years(target)}
    match target.status:
        case Status.ACHIEVED if target.due_on is None and not target.each_year:
            yield _("The accepted result of a later fiscal year that does not meet the target: without a last day the latest one counts.")
        case Status.ACHIEVED if not _passed(target, on):
            yield _("The accepted result of a later fiscal year that does not meet the target: until the last day the latest one counts.")
        case Status.ACHIEVED if target.basis_fy < target.judged_fy:
            yield (
                _("An accepted result of %(years)s that does not meet the target: it would decide in place of the older total.") % deciding
            )
        case Status.ACHIEVED:
            yield _("No later result. Only a correction, after which no accepted result of %(years)s meets the target.") % deciding
        case Status.MISSED:
            yield _("An accepted result of %(years)s that meets the target, also by a correction: achieved.") % deciding
            if not target.miss_closed:
                yield _("A reviewer may close the miss: it leaves the overdue report and stays missed.")
        case Status.UNREPORTED:
            yield _("A submitted result of %(years)s: awaiting result, until it is decided.") % deciding
            yield _("An accepted result of %(years)s: achieved where it meets the target, else missed.") % deciding
            yield from _older_total(target)
        case Status.AWAITING:
            yield _("An accepted result of %(years)s: achieved where it meets, missed where it does not and is final or due.") % deciding
            if target.basis_fy is None:
                yield from _older_total(target)
        case Status.NO_DEADLINE:
            yield _("An accepted result that meets the target, as the latest one: achieved.")
            yield _what_gives_a_last_day(target)
        case Status.NO_DATA if not target.each_year:
            yield _("Any accepted result: what it says of the target depends on its figure.")
        case Status.BEHIND if target.basis_grade is not None:
            yield _("A later accepted grade: 3 is on track, 1 or 2 is achieved.")
        case Status.BEHIND:
            yield _("A later accepted result on its path or beyond.")
        case Status.IN_PROGRESS if _falls_short_without_a_path(target, milestones):
            yield _("A later accepted result that meets the target.")
            if target.comparator != Comparator.WITHIN:
                yield _what_gives_a_path(target, milestones)
        case Status.IN_PROGRESS:
            year = fiscal_year_name(deadlines.last_due_year(on, results_due))
            yield _("An accepted result of %(year)s or later.") % {"year": year}
        case Status.ON_TRACK if target.basis_grade is not None:
            yield _("A later accepted grade: 4 or 5 is behind, 1 or 2 is achieved.")
        case Status.ON_TRACK:
            yield _("A later accepted result that does not meet the target, and is short of its path or has none.")


def _corrections_that_change(target, on: date, milestones: Sequence) -> Iterable[str]:
    """What is recorded already, as far as no deciding result has settled the status."""
    if target.basis_fy is None or (_passed(target, on) and target.basis_fy >= target.judged_fy):
        return
    yield _("A correction of the result that the status rests on: what it says of the target depends on its figure.")
    if target.due_on is not None and not _passed(target, on) and _falls_short(target) and _has_path(target, milestones):
        yield _("A milestone that is added or changed: it can move the path.")


def _what_gives_a_path(target, milestones: Sequence) -> str:
    """Where there are milestones, there is no straight line."""
    if milestones:
        sentence = _("A milestone of %(year)s or earlier: then there is a path to hold the result against.")
    else:
        sentence = _(
            "A milestone of %(year)s or earlier, or a baseline of an earlier year: then there is a path to hold the result against."
        )
    return sentence % {"year": fiscal_year_name(target.latest_fy)}


def _days_that_change(target, on: date, results_due: tuple[int, int]) -> Iterable[str]:
    if target.status == Status.AWAITING:
        yield from _end_of_waiting(target, on, deadlines.results_due_on(target.judged_fy, results_due) + timedelta(days=1))
    if target.each_year:
        yield from _years_that_follow(target, results_due)
    elif target.due_on is not None and not _passed(target, on):
        if target.status == Status.ON_TRACK:
            stale_from = deadlines.results_due_on(target.latest_fy + 1, results_due) + timedelta(days=1)
            if on < stale_from <= target.due_on:
                yield _("From %(day)s: in progress, where no newer result is accepted by then.") % {"day": day_name(stale_from)}
        yield _("From %(day)s, the day after the last day, the results of %(years)s decide.") % {
            "day": day_name(target.due_on + timedelta(days=1)),
            "years": _deciding_years(target),
        }
        yield from _older_total(target)


def _end_of_waiting(target, on: date, overdue_from: date) -> Iterable[str]:
    """What comes of a target that awaits its result, where no result comes."""
    if on < overdue_from:
        if target.basis_fy is not None:
            yield _("From %(day)s: missed, where no accepted result meets the target by then.") % {"day": day_name(overdue_from)}
        else:
            yield _("From %(day)s: unreported, where no result is accepted or submitted by then.") % {"day": day_name(overdue_from)}
    elif target.awaiting_acceptance:
        yield _("Where the submitted result is returned or recalled: unreported, for results were due.")


def _years_that_follow(target, results_due: tuple[int, int]) -> Iterable[str]:
    """An each-year target is judged anew with each year of its run."""
    following = target.first_year if target.judged_fy is None else target.judged_fy + 1
    if following is None or (target.last_year is not None and following > target.last_year):
        if target.judged_fy is not None:
            yield _("No further year is judged: the verdict of the last one stays.")
        return
    yield _("%(year)s is judged next: once it has ended and a result of it counts, at the latest from %(day)s.") % {
        "year": fiscal_year_name(following),
        "day": day_name(deadlines.results_due_on(following, results_due) + timedelta(days=1)),
    }


def _deciding_years(target) -> str:
    """The years whose results decide after the last day: of an each-year target the judged year alone."""
    year = target.judged_fy if target.each_year else target.due_fy
    if year is None:
        return ""
    return fiscal_year_name(year) if target.each_year else _("%(year)s or later") % {"year": fiscal_year_name(year)}


def _what_gives_a_last_day(target) -> str:
    match deadlines.resolve(target.stated_deadline, target.programme.end_fiscal_year).missing:
        case NoDeadline.PROGRAMME_END_NOT_KNOWN:
            return _("The programme's end, once it is recorded: then there is a last day.")
        case NoDeadline.EVENT_NOT_RECORDED:
            return _("The day of the event, once it is recorded: then there is a last day.")
    return _("No day: without a last day the target can never be overdue.")
