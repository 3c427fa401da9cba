"""The reports there are. One entry is a whole report: its page, its place in the index and the navigation, CSV, XLSX and command follow.

A report chooses its rows for a day and what is asked, has a definition in plain words that its page shows, a list of columns, a set of
filters that narrow it, and an order. Its code is its address, its name in files and its name in the command: it never changes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from budget.fiscal import day_name, fiscal_year_name, fiscal_year_of
from kpis import reports, revisions
from kpis.asof import Clocks
from kpis.choices import OVERDUE, NoDeadline, Status
from kpis.exports.columns import Column
from kpis.filters import OVER, OutcomeTargetFilterSet, OverdueFilterSet, RevisionFilterSet, filters_of, no_deadline_of

_BY_PROGRAMME = ("programme__code", "code")
_OF_ANY_STATUS = filters_of(_("by programme"), without=("no_deadline",))


@dataclass(frozen=True)
class Report:
    """One report.

    `choose` gives the rows on the clocks and for what is asked, among targets that carry no status yet; `told` what the columns read of
    each row. `defaults` are the parameters that count where none of that name is given. The definition may name `day`, `until` (the end
    of the 90 days), `year` (the fiscal year of the day) and `last_year`.
    """

    code: str
    title: Any
    definition: Any
    choose: Callable[[Clocks, QueryDict, QuerySet], QuerySet]
    order: tuple[str, ...] = _BY_PROGRAMME
    columns: tuple[Column, ...] = reports.TARGET_COLUMNS
    filterset: type[django_filters.FilterSet] = _OF_ANY_STATUS
    defaults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    told: Callable[[Iterable, Clocks], Iterable] = lambda rows, clocks: rows

    @property
    def url_name(self) -> str:
        return self.code.replace("-", "_")

    @property
    def page(self) -> str:
        """The name of the page's address."""
        return f"kpis:{self.url_name}"

    @property
    def own_columns(self) -> tuple[Column, ...]:
        """The columns that lists of targets do not show anyway."""
        shown = (*reports.TARGET_COLUMNS, reports.NO_DEADLINE_COLUMN)
        return tuple(column for column in self.columns if column not in shown)

    def defined_on(self, on: date) -> str:
        """The definition with its days and years."""
        year = fiscal_year_of(on)
        return str(self.definition) % {
            "day": day_name(on),
            "until": day_name(on + reports.SOON),
            "year": fiscal_year_name(year),
            "last_year": fiscal_year_name(year - 1),
        }

    def narrowed(self, clocks: Clocks, asked: QueryDict) -> django_filters.FilterSet:
        """The rows in their order, behind the filters that are asked for; `qs` gives them where the filters are valid."""
        asked = asked.copy()
        for name, values in self.defaults.items():
            if not asked.getlist(name):
                asked.setlist(name, values)
        return self.filterset(asked, choose=lambda targets: self.choose(clocks, asked, targets).order_by(*self.order))


TARGETS = Report(
    "targets",
    _("All targets"),
    _("Outcome targets with their status on %(day)s. Withdrawn ones are left out."),
    lambda clocks, asked, targets: reports.targets_on(clocks.on, among=targets),
    filterset=OutcomeTargetFilterSet,
)

_ALL = (
    Report(
        "overdue",
        _("Overdue targets"),
        _(
            "Targets whose deadline had passed on %(day)s with a miss, or in silence after their results were due."
            " A miss that a reviewer closed is left out."
        ),
        lambda clocks, asked, targets: reports.overdue_targets(clocks.on, tuple(asked.getlist("status")), among=targets),
        order=reports.LONGEST_OVERDUE_FIRST,
        filterset=OverdueFilterSet,
        defaults={"status": OVERDUE},
    ),
    Report(
        "awaiting-result",
        _("Awaiting their result"),
        _(
            "Targets whose deadline had passed on %(day)s without a verdict yet: their results are not due yet, or one is submitted and"
            " not accepted, or a preliminary one misses and the final one is not due yet. A target of each year awaits the year judged."
        ),
        lambda clocks, asked, targets: reports.overdue_targets(clocks.on, (Status.AWAITING,), among=targets),
        order=reports.LONGEST_OVERDUE_FIRST,
        columns=(*reports.TARGET_COLUMNS, reports.RESULTS_DUE_COLUMN),
        filterset=filters_of(_("earliest deadline first"), without=("status", "no_deadline")),
    ),
    Report(
        "due-soon",
        _("Due soon"),
        _(
            "Targets whose last day lies within 90 days: from %(day)s to %(until)s, both days included, whatever their status."
            " Targets of each year are judged by their years and are left out."
        ),
        lambda clocks, asked, targets: reports.due_soon(clocks.on, among=targets),
        order=("due_on", *_BY_PROGRAMME),
        filterset=filters_of(_("earliest deadline first"), without=("no_deadline",)),
    ),
    Report(
        "behind",
        _("Targets that are behind"),
        _(
            "Targets whose last day had not passed on %(day)s and whose latest accepted result does not meet them and is short of the"
            " path: of the latest yearly milestone, or without milestones of the straight line from the baseline; or whose latest grade"
            " is 4 or 5. A result equal to the path is not behind."
        ),
        lambda clocks, asked, targets: reports.targets_on(clocks.on, among=targets).filter(status=Status.BEHIND),
        order=("due_on", *_BY_PROGRAMME),
        filterset=filters_of(_("earliest deadline first"), without=("status", "no_deadline")),
    ),
    Report(
        "revisions",
        _("Target revisions"),
        _(
            "Each time that the value, the deadline or another term of a target changed after it was set: who, when and why, and how near"
            " the deadline that was."
        ),
        lambda clocks, asked, targets: revisions.revisions(clocks.known_at).select_related("history_user"),
        order=revisions.NEWEST_FIRST,
        columns=revisions.COLUMNS,
        filterset=RevisionFilterSet,
        told=revisions.told,
    ),
    Report(
        "without-deadline-or-number",
        _("Without deadline or number"),
        _(
            "Targets that have no last day, as none is stated or it cannot be told yet, and qualitative targets, which have no number."
            " A target of each year has its years for deadlines."
        ),
        lambda clocks, asked, targets: reports.without_deadline_or_number(clocks.on, among=targets),
        columns=(*reports.TARGET_COLUMNS, reports.NO_DEADLINE_COLUMN),
        filterset=OutcomeTargetFilterSet,
    ),
    Report(
        "to-be-recorded",
        _("Event or programme's end to be recorded"),
        _(
            "Targets whose deadline counts from an event whose day nobody recorded, or from the programme's end, which is not known."
            " Until somebody records it they have no last day and can never be overdue."
        ),
        lambda clocks, asked, targets: reports.to_be_recorded(clocks.on, among=targets),
        columns=(*reports.TARGET_COLUMNS, reports.NO_DEADLINE_COLUMN, reports.DEADLINE_TEXT_COLUMN, reports.OPEN_ENDED_COLUMN),
        filterset=filters_of(
            _("by programme"), no_deadline=no_deadline_of(NoDeadline.PROGRAMME_END_NOT_KNOWN, NoDeadline.EVENT_NOT_RECORDED)
        ),
    ),
    Report(
        "final-year",
        _("Final year this year"),
        _(
            "Targets of programmes whose last fiscal year is %(year)s, and targets whose own last year it is: the fiscal year of the"
            " deadline, of a target of each year the last one that is judged."
        ),
        lambda clocks, asked, targets: reports.final_year(clocks.on, among=targets),
        columns=(*reports.TARGET_COLUMNS, reports.PROGRAMME_END_COLUMN, reports.TARGET_END_COLUMN),
    ),
    Report(
        "started-last-year",
        _("Started last year"),
        _("Targets of programmes whose first fiscal year is %(last_year)s."),
        lambda clocks, asked, targets: reports.started_last_year(clocks.on, among=targets),
        columns=(*reports.TARGET_COLUMNS, reports.PROGRAMME_START_COLUMN),
    ),
    Report(
        "over-achieved",
        _("Over-achieved"),
        _(
            "Targets whose attainment exceeds 120 %%, by the accepted result that the status rests on. Exactly 120 %% is not in it; the"
            " exact figures decide, not the attainment shown, which is cut to one decimal. Only targets that have an attainment: at"
            " least or more than a value above 0, at most or less than a value below the baseline."
        ),
        lambda clocks, asked, targets: reports.over_achieved(clocks.on, among=targets),
        columns=(*reports.TARGET_COLUMNS, *reports.BASELINE_COLUMNS),
        filterset=filters_of(_("by programme"), without=("no_deadline",), over=OVER),
    ),
    Report(
        "exactly-at-target",
        _("Exactly at target"),
        _(
            "Targets whose accepted result, the one that the status rests on, is the target value to the last digit. More than and less"
            " than are not met by it. Ranges and grades have no single value and are left out."
        ),
        lambda clocks, asked, targets: reports.exactly_at_target(clocks.on, among=targets),
    ),
    Report(
        "closed-misses",
        _("Closed misses"),
        _("Targets that had missed by %(day)s, and whose miss a reviewer closed. They stay missed; the overdue report leaves them out."),
        lambda clocks, asked, targets: reports.closed_misses(clocks.on, among=targets),
        order=("-closed_at", "code"),
        columns=(*reports.TARGET_COLUMNS, *reports.CLOSING_COLUMNS),
        filterset=filters_of(_("last closed first"), without=("status", "no_deadline")),
    ),
)
REPORTS = {report.code: report for report in _ALL}
