"""The yearly round on screen: what is handed in and what is missing, by division, and what the coming days bring."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from budget.fiscal import day_name, fiscal_year_name
from budget.forms import OrganisationField, OrganisationsForm
from budget.table import csv_lines
from kpis import yearly_round
from kpis.deadlines import last_ended_year
from kpis.models import OutcomeTarget
from kpis.reports import TARGET_COLUMNS, totals, with_what_columns_read
from kpis.views.base import InsidePage, Problem, Refused, ReportPage, csv_file, page_of, problems_of, problems_of_format, turned

# What each day to come brings, in words.
AHEAD = {
    "will_be_asked": _("%(number)s results of %(year)s are asked for"),
    "will_have_passed": _("%(number)s targets have passed their deadline and are not achieved"),
    "will_be_due": _("%(number)s results of %(year)s are due and not handed in"),
    "will_be_unreported": _("%(number)s targets become unreported"),
}


class RoundForm(OrganisationsForm):
    """Of which organisation."""

    organisation = OrganisationField(label=_("organisation"), empty_label=_("all"))


class ListForm(OrganisationsForm):
    """Which of its lists to show, and whose."""

    show = forms.ChoiceField(choices=[("", ""), *((name, name) for name in (*yearly_round.LISTS, *AHEAD))], required=False)
    lead = OrganisationField()
    bureau = OrganisationField()


class RoundPage(InsidePage, ReportPage):
    """The results of the year that ended last, by the division that leads their programmes; one of its lists whole with `show`."""

    template_name = "kpis/yearly_round.html"
    extra_context = {"section": "round"}
    parameters = (*ReportPage.parameters, "organisation", "show", "lead", "bureau", "page", "format")

    def problems(self):
        yield from super().problems()
        self.form = RoundForm(self.request.GET)
        self.list_form = ListForm(self.request.GET, tree=self.form.tree)
        yield from problems_of(self.form)
        yield from problems_of(self.list_form)
        yield from problems_of_format(self.request)
        for name in ("lead", "bureau", "page", "format"):
            if self.request.GET.get(name) and not self.request.GET.get("show"):
                yield Problem(name, gettext("Only a whole list has it: say which by show."))

    def answer(self, **kwargs):
        if self.request.GET.get("format") != "csv":
            return super().answer(**kwargs)
        _title, rows = self.listed()
        cells = ([column.value(row) for column in TARGET_COLUMNS] for row in rows.iterator(2000))
        lines = csv_lines([column.name for column in TARGET_COLUMNS], cells)
        return csv_file(self.as_known(lines), f"seika-round-{self.list_form.cleaned_data['show']}-{self.clocks}.csv")

    def targets(self):
        """All targets, or those of the organisation that is asked for and of all below it."""
        targets, organisation = OutcomeTarget.objects.all(), self.form.cleaned_data["organisation"]
        return targets.filter(programme__lead__in=self.form.tree.below(organisation)) if organisation else targets

    def get_context_data(self, **kwargs):
        organisation, targets, names = self.form.cleaned_data["organisation"], self.targets(), yearly_round.lists_shown(self.on)
        context = super().get_context_data(
            filter={"form": self.form},
            organisation=organisation,
            year=last_ended_year(self.on),
            due_on=yearly_round.due_on(self.on),
            is_over=self.on > yearly_round.due_on(self.on),
            **kwargs,
        )
        if self.list_form.cleaned_data["show"]:
            title, rows = self.listed()
            lead = self.list_form.cleaned_data["lead"] or self.list_form.cleaned_data["bureau"]
            return context | {"title": title, "lead": lead, **turned(page_of(rows, self.request))}
        placed = yearly_round.with_place(targets, self.on, self.clocks.known_at)
        bureaus = yearly_round.by_division(placed, self.form.tree)

        def numbers(counts):
            return [(name, counts[name]) for name in names]

        return context | {
            "titles": [(name, yearly_round.LISTS[name].title) for name in names],
            "bureaus": [
                (one.bureau, numbers(one.counts), [(line.organisation, numbers(line.counts)) for line in one.divisions]) for one in bureaus
            ],
            "totals": numbers(totals(bureaus)),
            "ahead": [(change, in_words(change)) for change in yearly_round.ahead(targets, self.on)],
        }

    def listed(self):
        """The title and the rows of the list asked for: of a division where `lead` names it, of all divisions of a `bureau`."""
        show, lead, bureau = (self.list_form.cleaned_data[name] for name in ("show", "lead", "bureau"))
        targets = self.targets()
        if lead:
            targets = targets.filter(programme__lead=lead)
        if bureau:
            targets = targets.filter(programme__lead__in=self.form.tree.counted_for(bureau))
        if show in AHEAD:
            change = next(change for change in yearly_round.ahead(targets, self.on) if change.what == show)
            title, rows = f"{day_name(change.on)} {in_words(change)}", change.targets
        elif show in yearly_round.lists_shown(self.on):
            title, condition = yearly_round.LISTS[show].title, yearly_round.LISTS[show].condition
            rows = yearly_round.with_place(targets, self.on, self.clocks.known_at).filter(condition)
        else:
            raise Refused(Problem("show", gettext("There is no such list on this day.")))
        return title, with_what_columns_read(rows).order_by("programme__lead__code", "programme__code", "code")


def in_words(change: yearly_round.Change) -> str:
    return AHEAD[change.what] % {"number": change.number, "year": fiscal_year_name(change.year)}
