"""The yearly round on screen: what is handed in and what is missing, by division, and what the coming days bring."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from budget.fiscal import fiscal_year_name
from budget.models import Organisation, OrganisationKind
from kpis import yearly_round
from kpis.deadlines import last_ended_year
from kpis.models import OutcomeTarget
from kpis.reports import with_what_columns_read
from kpis.views.base import InsidePage, Problem, Refused, ReportPage, page_of, problems_of, turned

# What each day to come brings, in words.
AHEAD = {
    "asked": _("%(number)s results of %(year)s are asked for"),
    "passed": _("%(number)s targets have passed their deadline and are not achieved"),
    "due": _("%(number)s results of %(year)s are due and not handed in"),
    "unreported": _("%(number)s targets become unreported"),
}


class RoundForm(forms.Form):
    """Of which organisation, and which of its lists to show."""

    organisation = forms.ModelChoiceField(
        Organisation.objects.exclude(kind__in=(OrganisationKind.DIVISION, OrganisationKind.OFFICE)),
        to_field_name="code",
        required=False,
        label=_("organisation"),
        empty_label=_("all"),
    )


class ListForm(forms.Form):
    show = forms.ChoiceField(choices=[("", ""), *((name, name) for name in yearly_round.LISTS)], required=False)
    lead = forms.ModelChoiceField(Organisation.objects.all(), to_field_name="code", required=False)


class RoundPage(InsidePage, ReportPage):
    """The results of the year that ended last, by the division that leads their programmes; one of its lists whole with `show`."""

    template_name = "kpis/yearly_round.html"
    extra_context = {"section": "round"}
    parameters = (*ReportPage.parameters, "organisation", "show", "lead", "page")

    def problems(self):
        yield from super().problems()
        self.form, self.list_form = RoundForm(self.request.GET), ListForm(self.request.GET)
        yield from problems_of(self.form)
        yield from problems_of(self.list_form)
        for name in ("lead", "page"):
            if self.request.GET.get(name) and not self.request.GET.get("show"):
                yield Problem(name, gettext("Only a whole list has it: say which by show."))

    def get_context_data(self, **kwargs):
        organisation, show = self.form.cleaned_data["organisation"], self.list_form.cleaned_data["show"]
        targets = OutcomeTarget.objects.all()
        if organisation:
            targets = targets.filter(programme__lead__in=organisation.subtree_ids())
        names = yearly_round.lists_shown(self.on)
        context = super().get_context_data(
            filter={"form": self.form},
            organisation=organisation,
            year=last_ended_year(self.on),
            due_on=yearly_round.due_on(self.on),
            is_over=self.on > yearly_round.due_on(self.on),
            **kwargs,
        )
        if show:
            return context | self.whole(targets, names, show)
        placed = yearly_round.with_place(targets, self.on, self.clocks.known_at)
        bureaus = yearly_round.by_division(placed)

        def numbers(counts):
            return [(name, counts[name]) for name in names]

        return context | {
            "titles": [(name, yearly_round.LISTS[name][0]) for name in names],
            "bureaus": [
                (one.bureau, numbers(one.counts), [(line.organisation, numbers(line.counts)) for line in one.divisions]) for one in bureaus
            ],
            "totals": numbers(yearly_round.total(bureaus)),
            "ahead": [
                (change, AHEAD[change.what] % {"number": change.number, "year": fiscal_year_name(change.year)})
                for change in yearly_round.ahead(targets, self.on)
            ],
        }

    def whole(self, targets, names, show):
        """One list with all its targets, of a division where `lead` names it."""
        if show not in names:
            raise Refused(Problem("show", gettext("There is no such list on this day.")))
        title, condition = yearly_round.LISTS[show]
        if lead := self.list_form.cleaned_data["lead"]:
            targets = targets.filter(programme__lead=lead)
        placed = yearly_round.with_place(targets, self.on, self.clocks.known_at).filter(condition)
        rows = with_what_columns_read(placed).order_by("programme__lead__code", "programme__code", "code")
        return {"title": title, "lead": lead, **turned(page_of(rows, self.request))}
