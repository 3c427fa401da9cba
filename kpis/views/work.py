"""My work: the first page after the log-in, by role. What an official has to report, what a reviewer has to decide."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from accounts.roles import Role
from budget.forms import OrganisationField, OrganisationsForm
from kpis import locks, reports, work
from kpis.choices import NoDeadline, Status
from kpis.models import TargetProposal
from kpis.views.base import InsidePage, Problem, Refused, page_of, problems_of, turned

ROWS_SHOWN = 10


def home(request):
    """Who works with the system begins with the work; everybody else with the dashboard."""
    return HttpResponseRedirect(reverse("kpis:work" if request.user.is_authenticated and request.user.is_staff else "kpis:dashboard"))


class WorkForm(OrganisationsForm):
    """Which list to show whole, and of which organisation."""

    KINDS = (*work.REPORTS_IN_HAND, *work.TARGETS_TO_REPORT, "decide")

    show = forms.ChoiceField(choices=[("", ""), *((kind, kind) for kind in KINDS)], required=False)
    organisation = OrganisationField()


@dataclass(frozen=True)
class WorkList:
    """A list of things to do, of targets or of reports: its first rows among the other lists, all of them on a page of its own."""

    kind: str
    title: Any
    number: int
    rows: QuerySet
    of_reports: bool

    @property
    def first_rows(self):
        return self.rows[:ROWS_SHOWN] if self.number else []


class WorkPage(InsidePage):
    """What the user has to do today, by the roles of today's postings."""

    template_name = "kpis/work.html"
    extra_context = {"section": "work"}
    parameters = ("show", "organisation", "page")

    def problems(self):
        yield from super().problems()
        self.form = WorkForm(self.request.GET)
        yield from problems_of(self.form)
        if self.request.GET.get("page") and not self.request.GET.get("show"):
            yield Problem("page", gettext("Only a whole list has pages: say which by show."))

    def get_context_data(self, **kwargs):
        today = timezone.localdate()
        roles, asked = self.request.user.roles_on(today), self.form.cleaned_data
        organisation = asked["organisation"]
        context = super().get_context_data(on=today, roles=roles, organisation=organisation, **kwargs)
        narrowed = organisation and self.form.tree.below(organisation)
        lists = []
        if Role.OFFICIAL in roles:
            context["locks"] = locks.with_exceptions(today)
            context["divisions"], officials = self.of_an_official(today, narrowed)
            lists += officials
        if Role.REVIEWER in roles:
            waiting = work.to_decide(self.request.user, today, narrowed)
            lists.append(WorkList("decide", gettext("Reports to decide"), waiting.count(), waiting, of_reports=True))
            missed = reports.overdue_targets(today, statuses=(Status.MISSED,))
            context["open_misses"] = (missed if narrowed is None else missed.filter(programme__lead__in=narrowed)).count()
        if Role.ADMINISTRATOR in roles:
            context["no_last_day"] = [(reason, NoDeadline(reason).label, n) for reason, n in reports.no_last_day_counts(today).items()]
        if roles & {Role.OFFICIAL, Role.ADMINISTRATOR} and not asked["show"]:
            context["proposals"] = TargetProposal.objects.open().decidable_by(self.request.user, today).count()
        if asked["show"]:
            context["whole"] = whole = next((one for one in lists if one.kind == asked["show"]), None)
            if whole is None:
                raise Refused(Problem("show", gettext("Your postings of today have no such list.")))
            context |= turned(page_of(whole.rows, self.request))
        return context | {"lists": lists, "has_work": any(one.number for one in lists), "rows_shown": ROWS_SHOWN}

    def of_an_official(self, today, narrowed) -> tuple[list, list[WorkList]]:
        """The numbers of each division, and the lists of what is to be done. Beside a whole list nothing is counted."""
        todo = work.OfficialsWork(self.request.user, today, narrowed)
        divisions = [] if self.form.cleaned_data["show"] else todo.by_division(self.form.tree)
        numbers = reports.totals(divisions)
        in_hand = [
            WorkList(kind, title, numbers[kind], todo.reports(kind), of_reports=True)
            for kind, (title, _state) in work.REPORTS_IN_HAND.items()
        ]
        to_report = [
            WorkList(kind, title, numbers[kind], todo.targets(kind), of_reports=False)
            for kind, (title, _condition) in work.TARGETS_TO_REPORT.items()
        ]
        returned, *others = in_hand
        lists = [returned, *to_report, *others]
        return [(one.organisation, [(kind.kind, one.counts[kind.kind]) for kind in lists]) for one in divisions], lists
