"""Every code that the system stores, with its name.

The codes are the words of open data files and of fixtures: they never change. The names are the
vocabulary of the administrative project review (行政事業レビュー).
"""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Term(TextChoices):
    """When the outcome is expected, as the document words it; never derived from a date."""

    SHORT = "short", _("short term")
    MID = "mid", _("mid term")
    LONG = "long", _("long term")
    UNSTATED = "unstated", _("term not stated")


class Level(TextChoices):
    """What kind of effect a target speaks of."""

    OUTPUT = "output", _("output")
    OUTCOME = "outcome", _("outcome")


class Kind(TextChoices):
    """A quantitative target has a number; a qualitative one is judged by a grade."""

    QUANTITATIVE = "quantitative", _("quantitative")
    QUALITATIVE = "qualitative", _("qualitative")


class Comparator(TextChoices):
    """How a result is held against the target's value."""

    AT_LEAST = "at_least", _("at least")
    MORE_THAN = "more_than", _("more than")
    AT_MOST = "at_most", _("at most")
    LESS_THAN = "less_than", _("less than")
    WITHIN = "within", _("within the range")


class Accumulation(TextChoices):
    """A level is the figure of its year; a running total is the total so far."""

    LEVEL = "level", pgettext_lazy("accumulation", "level")
    RUNNING_TOTAL = "running_total", _("running total")


class DeadlineKind(TextChoices):
    """What the stated deadline counts from."""

    FISCAL_YEAR = "fiscal_year", _("fiscal year")
    CALENDAR_YEAR = "calendar_year", _("calendar year")
    DATE = "date", _("date")
    PLAN_PERIOD = "plan_period", _("plan period")
    AFTER_PROGRAMME = "after_programme", _("years after the programme's end")
    AFTER_EVENT = "after_event", _("years after an event")
    NONE = "none", _("none stated")


class NoDeadline(TextChoices):
    """Why a target has no last day."""

    NONE_STATED = "none_stated", _("no deadline stated")
    PROGRAMME_END_NOT_KNOWN = "programme_end_not_known", _("programme's end not known")
    EVENT_NOT_RECORDED = "event_not_recorded", _("event not recorded")


class Grade(IntegerChoices):
    """The government's five grades for a qualitative result; 1 and 2 meet the target."""

    EXCEEDED = 1, _("target exceeded")
    MET = 2, _("target met")
    CONSIDERABLE_PROGRESS = 3, _("considerable progress")
    LITTLE_PROGRESS = 4, _("little progress")
    NOT_TOWARDS_TARGET = 5, _("not moving towards the target")


class ReportState(TextChoices):
    """Where a progress report stands between its author and the reviewer."""

    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("submitted")
    ACCEPTED = "accepted", _("accepted")
    RETURNED = "returned", _("returned")
    TAKEN_DOWN = "taken_down", _("taken down")


class Status(TextChoices):
    """What a target's results say of it on a day."""

    ACHIEVED = "achieved", _("achieved")
    MISSED = "missed", _("missed")
    UNREPORTED = "unreported", _("unreported")
    AWAITING = "awaiting_result", _("awaiting result")
    NO_DEADLINE = "no_deadline", _("no deadline")
    NO_DATA = "no_data", _("no data")
    BEHIND = "behind", _("behind")
    IN_PROGRESS = "in_progress", _("in progress")
    ON_TRACK = "on_track", _("on track")


OVERDUE = (Status.MISSED, Status.UNREPORTED)


class ProposalState(TextChoices):
    """What became of a target that an importer read."""

    OPEN = "open", _("to be decided")
    CONFIRMED = "confirmed", _("confirmed as read")
    CORRECTED = "corrected", _("confirmed with corrections")
    DISCARDED = "discarded", _("discarded")
    SUPERSEDED = "superseded", _("no longer in the text")


Choices = tuple[tuple[str, object], ...]  # codes, and the words that stand for them in the language of whoever reads

# What an official answers of what the source leaves open (`OutcomeTarget.left_open`).
NOT_KNOWN = "not_known"
COMPARATORS: Choices = (
    (Comparator.AT_LEAST.value, _("at least the target value: more is better")),
    (Comparator.MORE_THAN.value, _("more than the target value")),
    (Comparator.AT_MOST.value, _("at most the target value: less is better")),
    (Comparator.LESS_THAN.value, _("less than the target value")),
    (NOT_KNOWN, _("cannot be said: leave it assumed")),
)
ACCUMULATIONS: Choices = (
    (Accumulation.LEVEL.value, _("that fiscal year alone")),
    (Accumulation.RUNNING_TOTAL.value, _("everything so far: a running total")),
    (NOT_KNOWN, _("cannot be said: leave it assumed")),
)


class Doubt(TextChoices):
    """Why a person should look at a proposal before it is confirmed."""

    NOTHING_READ = "nothing_read", _("no target could be read")
    INDICATOR_NOT_READ = "indicator_not_read", _("the indicator could not be read")
    VALUE_NOT_EXACT = "value_not_exact", _("no decimal says the value exactly")
    DOES_NOT_FIT = "does_not_fit", _("the value has more digits than can be stored")
    UNIT_NOT_READ = "unit_not_read", _("the unit could not be read")
    COMPARATOR_ASSUMED = "comparator_assumed", _("which way is better is assumed")
    ACCUMULATION_ASSUMED = "accumulation_assumed", _("whether it is a running total is assumed")
    DEADLINE_NOT_READ = "deadline_not_read", _("the deadline could not be read")
    PROGRAMME_END_ASSUMED = "programme_end_assumed", _("the end of the programme may be that of each project")
    RESEMBLES_TARGET = "resembles_target", _("a confirmed target says nearly the same")


class MatchDecision(TextChoices):
    """What a person said of a printed programme and a known one."""

    OPEN = "open", _("to be decided")
    SAME = "same", _("the same programme, renamed")
    SUCCESSOR = "successor", _("a new programme that goes on from it")
    UNRELATED = "unrelated", _("not related")


class MatchKind(TextChoices):
    """How a printed programme may go on from a known one."""

    RENAMED = "renamed", _("renamed")
    MERGED = "merged", _("merged from several")
    SPLIT = "split", _("split off")
