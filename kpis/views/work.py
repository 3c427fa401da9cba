"""My work: the first page after the log-in, by role. What an official has to report, what a reviewer has to decide."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from accounts.roles import Role
from budget.forms import OrganisationField, OrganisationsForm
from kpis import locks, reports, work
from kpis.choices import NoDeadline, Status
from kpis.models import OutcomeTarget, TargetProposal
from kpis.views.base import InsidePage, Problem, Refused, page_of, problems_of, turned

ROWS_SHOWN = 10


def home(request):
    """Who works with the system begins with the work; everybody else with the dashboard."""
    return HttpResponseRedirect(reverse("kpis:work" if request.user.is_authenticated and request.user.is_staff else "kpis:dashboard"))


TITLES = {kind: title for kind, (title, _of) in (work.TARGETS_TO_REPORT | work.REPORTS_IN_HAND).items()}
TITLES["decide"] = gettext_lazy("Reports to decide")


class WorkForm(OrganisationsForm):
    """Which list to show whole, and of which organisation."""

    show = forms.ChoiceField(choices=[("", ""), *TITLES.items()], required=False)
    organisation = OrganisationField()


@dataclass(frozen=True)
class WorkList:
    """A list of things to do, of targets or of reports, among the other lists: how many there are, and the first rows."""

    kind: str
    number: int
    rows: Iterable

    @property
    def title(self):
        return TITLES[self.kind]

    @property
    def of_reports(self) -> bool:
        return self.kind not in work.TARGETS_TO_REPORT


class WorkPage(InsidePage):
    """What the user has to do today, by the roles of today's postings; or one list of it whole."""

    template_name = "kpis/work.html"
    extra_context = {"section": "work"}
    parameters = ("show", "organisation", "page")

    def problems(self):
        yield from super().problems()
        self.form = WorkForm(self.request.GET, tree=self.request.user.tree)
        yield from problems_of(self.form)
        if self.request.GET.get("page") and not self.request.GET.get("show"):
            yield Problem("page", gettext("Only a whole list has pages: say which by show."))

    def get_context_data(self, **kwargs):
        today = timezone.localdate()
        roles, organisation = self.request.user.roles_on(today), self.form.cleaned_data["organisation"]
        narrowed = organisation and self.form.tree.below(organisation)
        context = super().get_context_data(on=today, roles=roles, organisation=organisation, rows_shown=ROWS_SHOWN, **kwargs)
        if Role.OFFICIAL in roles:
            context["locks"] = closed = locks.with_exceptions(today)
            context["closed_years"] = {lock.fiscal_year for lock, exceptions in closed.items() if not exceptions}
        if kind := self.form.cleaned_data["show"]:
            return context | self.whole(kind, today, narrowed, roles)
        return context | self.all_lists(today, narrowed, roles)

    def whole(self, kind, today, narrowed, roles) -> dict[str, Any]:
        """One list, page by page. Refused where no posting of the user gives it."""
        if (Role.REVIEWER if kind == "decide" else Role.OFFICIAL) not in roles:
            raise Refused(Problem("show", gettext("Your postings of today have no such list.")))
        if kind == "decide":
            rows = work.to_decide(self.request.user, today, narrowed)
        else:
            todo = work.OfficialsWork(self.request.user, today, narrowed)
            rows = todo.targets(kind) if kind in work.TARGETS_TO_REPORT else todo.reports(kind)
        turning = turned(page_of(rows, self.request))
        return turning | {"whole": WorkList(kind, turning["page"].paginator.count, turning["page"].object_list)}

    def all_lists(self, today, narrowed, roles) -> dict[str, Any]:
        """The numbers and the first rows of every list, and what else a role looks after."""
        user, lists, context = self.request.user, [], {}
        targets, proposals = OutcomeTarget.objects.all(), TargetProposal.objects.open()
        if narrowed is not None:
            targets, proposals = (rows.filter(programme__lead__in=narrowed) for rows in (targets, proposals))
        if Role.OFFICIAL in roles:
            todo = work.OfficialsWork(user, today, narrowed)
            divisions, rows = todo.by_division(self.form.tree), todo.first_rows(ROWS_SHOWN)
            numbers = reports.totals(divisions)
            lists += [WorkList(kind, numbers[kind], rows[kind]) for kind in work.OFFICIALS_LISTS]
            context["divisions"] = [(one.organisation, [(kind, one.counts[kind]) for kind in work.OFFICIALS_LISTS]) for one in divisions]
        if Role.REVIEWER in roles:
            waiting = work.to_decide(user, today, narrowed)
            lists.append(WorkList("decide", waiting.count(), waiting[:ROWS_SHOWN]))
            context["open_misses"] = targets.overdue(today, (Status.MISSED,)).count()
        if Role.ADMINISTRATOR in roles:
            counts = reports.no_last_day_counts(today, among=targets)
            context["no_last_day"] = [(reason, NoDeadline(reason).label, number) for reason, number in counts.items()]
        if roles & {Role.OFFICIAL, Role.ADMINISTRATOR}:
            context["proposals"] = proposals.decidable_by(user, today).count()
        return context | {"lists": lists, "has_work": any(one.number for one in lists)}
