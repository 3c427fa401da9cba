"""The lists that are narrowed by filters: the overdue report, closed misses, all targets, programmes."""

from collections import defaultdict

from django import forms
from django.db.models import Count
from django.http import StreamingHttpResponse

from budget.fiscal import fiscal_year_name
from budget.models import Organisation, Programme
from budget.table import csv_lines
from kpis import asof, reports, revisions
from kpis.choices import OVERDUE, NoDeadline
from kpis.filters import ClosedMissFilterSet, OutcomeTargetFilterSet, OverdueFilterSet, ProgrammeFilterSet, RevisionFilterSet
from kpis.models import OutcomeTarget
from kpis.views.base import ReportPage, page_of, problems_of, problems_of_format, turned


class FilteredList(ReportPage):
    """A list that is narrowed by a filter set and turned page by page."""

    filterset_class: type
    format_names: tuple[str, ...] = ()

    @property
    def parameters(self):
        return (
            *(name for name in self.filterset_class.base_filters if name not in self.repeatable),
            *ReportPage.parameters,
            "page",
            *self.format_names,
        )

    @property
    def repeatable(self):
        fields = self.filterset_class.base_filters.items()
        return tuple(name for name, asked in fields if issubclass(asked.field_class, forms.MultipleChoiceField))

    def asked(self):
        """The parameters, with the defaults of the list filled in."""
        return self.request.GET.copy()

    def rows(self, on):
        """All rows of the list before it is narrowed."""
        raise NotImplementedError

    def problems(self):
        yield from super().problems()
        self.filter = self.filterset_class(self.asked(), queryset=self.rows(self.on), request=self.request)
        yield from problems_of(self.filter.form)

    def beside_problems(self):
        return {"filter": self.filter, "clocks_form": self.clocks_form}

    def page(self):
        return page_of(self.filter.qs, self.request)

    def get_context_data(self, **kwargs):
        page = self.page()
        return super().get_context_data(
            filter=self.filter,
            **turned(page),
            narrowed=in_words(self.filter.form),
            **kwargs,
        )


def in_words(form: forms.Form) -> list[tuple[str, str]]:
    """What a valid form asks for: label and value of each field that is filled in."""
    told = []
    for name, field in form.fields.items():
        match form.cleaned_data.get(name):
            case None | "" | []:
                continue
            case int() as year:
                words = fiscal_year_name(year)
            case list() as codes:
                names = dict(field.choices)
                words = ", ".join(str(names[code]) for code in codes)
            case Organisation() as organisation:
                words = organisation.name
            case text:
                words = str(dict(getattr(field, "choices", ())).get(text, text))
        told.append((field.label, words))
    return told


class TargetRows(FilteredList):
    """A list of targets with their status, or of what happened to them, as a page or as CSV of all its rows."""

    format_names = ("format",)
    columns = reports.TARGET_COLUMNS
    file_name: str

    def problems(self):
        yield from super().problems()
        yield from problems_of_format(self.request)

    def answer(self, **kwargs):
        if self.request.GET.get("format") != "csv":
            return super().answer(**kwargs)
        return StreamingHttpResponse(
            self.lines(),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="seika-{self.file_name}-{self.clocks}.csv"'},
        )

    def lines(self):
        with asof.as_known_at(self.clocks.known_at):  # they are read when the page itself is long answered
            rows = ([column.value(row) for column in self.columns] for row in self.told_rows())
            yield from csv_lines([column.name for column in self.columns], rows)

    def told_rows(self):
        """All rows, as the columns read them."""
        return self.filter.qs.iterator(2000)


class OverdueReport(TargetRows):
    """The overdue report (期限超過): missed and unreported targets; those awaiting their result on request."""

    template_name = "kpis/overdue.html"
    extra_context = {"section": "overdue"}
    filterset_class = OverdueFilterSet
    file_name = "overdue"

    def asked(self):
        data = super().asked()
        if not data.getlist("status"):
            data.setlist("status", OVERDUE)
        return data

    def rows(self, on):
        return reports.overdue_targets(on, statuses=tuple(self.asked().getlist("status")))

    def get_context_data(self, **kwargs):
        totals = reports.totals_by_bureau(self.filter.qs)
        shown = self.filter.form.cleaned_data["status"]
        columns = [(code, label) for code, label in self.filter.form.fields["status"].choices if code in shown]
        without_last_day = reports.no_last_day_counts(self.on)
        return super().get_context_data(
            totals=[(total, [total.counts.get(code, 0) for code, _label in columns]) for total in totals],
            sums=[(code, label, sum(total.counts.get(code, 0) for total in totals)) for code, label in columns],
            no_last_day=[(reason, NoDeadline(reason).label, number) for reason, number in without_last_day.items()],
            no_last_day_total=sum(without_last_day.values()),
            **kwargs,
        )


class ClosedMisses(TargetRows):
    """Targets that missed, and whose miss a reviewer closed: who, when and why."""

    template_name = "kpis/closed_misses.html"
    extra_context = {"section": "overdue"}
    filterset_class = ClosedMissFilterSet
    columns = reports.CLOSED_MISS_COLUMNS
    file_name = "closed-misses"

    def rows(self, on):
        return reports.closed_misses(on)


class Revisions(TargetRows):
    """Target revisions (改定): who changed what a target commits to, when, why, and how near its deadline."""

    template_name = "kpis/revisions.html"
    extra_context = {"section": "targets"}
    filterset_class = RevisionFilterSet
    columns = revisions.COLUMNS
    file_name = "revisions"

    def rows(self, on):
        return revisions.revisions(self.clocks.known_at).select_related("history_user")

    def told_rows(self):
        return revisions.told(self.filter.qs, self.clocks)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        return context | {"revisions": revisions.told(context["page"].object_list, self.clocks)}


class TargetList(TargetRows):
    """All standing targets with their status."""

    template_name = "kpis/targets.html"
    extra_context = {"section": "targets"}
    filterset_class = OutcomeTargetFilterSet
    file_name = "targets"

    def rows(self, on):
        return reports.targets_on(on).order_by("programme__code", "code")


class ProgrammeList(FilteredList):
    """All programmes with the number of their targets and of those that are overdue."""

    template_name = "kpis/programmes.html"
    extra_context = {"section": "programmes"}
    filterset_class = ProgrammeFilterSet

    def rows(self, on):
        return Programme.objects.select_related("lead").order_by("code")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        programmes = list(context["page"].object_list)
        numbers = defaultdict(dict)
        targets = OutcomeTarget.objects.filter(programme__in=programmes).with_status(self.on).order_by()
        # A closed miss is still a target of its programme, but no longer overdue.
        for programme, status, closed, number in targets.values_list("programme", "status", "miss_closed").annotate(Count("id")):
            numbers[programme][status, closed] = number
        context["rows"] = [
            (programme, sum(numbers[programme.pk].values()), [(code, numbers[programme.pk].get((code, False), 0)) for code in OVERDUE])
            for programme in programmes
        ]
        return context
