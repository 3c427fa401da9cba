"""The lists that are narrowed by filters: the reports and their index, all targets, programmes."""

from datetime import date

from django import forms
from django.db.models import Q, Sum
from django.http import FileResponse

from budget.fiscal import day_name, fiscal_year_name, fiscal_year_of
from budget.models import Organisation, Programme
from kpis import dashboard, reports
from kpis.choices import NoDeadline
from kpis.exports import report_files, xlsx
from kpis.filters import ProgrammeFilterSet
from kpis.models import OutcomeTarget
from kpis.registry import REPORTS, TARGETS, Report
from kpis.status import flag
from kpis.views.base import ReportPage, csv_file, page_of, problems_of, problems_of_format, turned


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

    def narrowed(self):
        """All rows of the list behind its filters."""
        raise NotImplementedError

    def problems(self):
        yield from super().problems()
        self.filter = self.narrowed()
        yield from problems_of(self.filter.form)

    def beside_problems(self):
        return {"filter": self.filter, "clocks_form": self.clocks_form}

    def page(self):
        return page_of(self.filter.qs, self.request)

    def get_context_data(self, **kwargs):
        page = self.page()
        return super().get_context_data(
            filter=self.filter,
            not_shown=page.end_index() - max(page.start_index(), 1) + 1 - len(page.object_list),
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
            case date() as day:
                words = day_name(day)
            case list() as codes:
                names = dict(field.choices)
                words = ", ".join(str(names[code]) for code in codes)
            case Organisation() as organisation:
                words = organisation.name
            case Programme() as programme:
                words = programme.code
            case text:
                words = str(dict(getattr(field, "choices", ())).get(text, text))
        told.append((field.label, words))
    return told


class ReportRows(FilteredList):
    """A report (`kpis.registry`) as a page, or as CSV or XLSX of all its rows."""

    report: Report | None = None
    format_names = ("format",)
    extra_context = {"section": "reports"}

    @property
    def filterset_class(self):
        return self.report.filterset

    def get_template_names(self):
        """The report's own template where it has one."""
        return [f"kpis/{self.report.url_name}.html", "kpis/report.html"]

    def narrowed(self):
        return self.report.narrowed(self.clocks, self.request.GET)

    def problems(self):
        yield from super().problems()
        yield from problems_of_format(self.request, report_files.FORMATS)

    def answer(self, **kwargs):
        match self.request.GET.get("format"):
            case "csv":
                name = report_files.name_of(self.report, self.clocks, "csv")
                return csv_file(self.as_known(report_files.csv_of(self.report, self.all_rows(), self.clocks)), name)
            case "xlsx":
                address = report_files.address_of(self.request.build_absolute_uri(self.request.path), self.request.GET, self.clocks)
                file = report_files.xlsx_of(self.report, self.all_rows(), self.clocks, address)
                name = report_files.name_of(self.report, self.clocks, "xlsx")
                return FileResponse(file, as_attachment=True, filename=name, content_type=xlsx.CONTENT_TYPE)
        return super().answer(**kwargs)

    def all_rows(self):
        return self.filter.qs.iterator(2000)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(report=self.report, definition=self.report.defined_on(self.on), **kwargs)
        return context | {"rows": self.report.told(context["page"].object_list, self.clocks)}


class OverdueReport(ReportRows):
    """The overdue report (期限超過), with its totals and what can never be in it."""

    extra_context = {"section": "overdue"}

    def get_context_data(self, **kwargs):
        totals = reports.totals_by_bureau(self.filter.qs, self.filter.form.tree)
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


class TargetList(ReportRows):
    """All standing targets with their status."""

    report = TARGETS
    extra_context = {"section": "targets"}


class ReportIndex(ReportPage):
    """All reports with their definitions."""

    template_name = "kpis/reports.html"
    extra_context = {"section": "reports"}

    def get_context_data(self, **kwargs):
        return super().get_context_data(told=[(report, report.defined_on(self.on)) for report in REPORTS.values()], **kwargs)


# Reports whose page shows more than their rows.
WITH_MORE = {"overdue": OverdueReport}


def page_of_report(report: Report):
    """The view of a report's page."""
    return WITH_MORE.get(report.code, ReportRows).as_view(report=report)


class ProgrammeList(FilteredList):
    """All programmes with the number of their targets and of those that are overdue, and their budgets with the sum."""

    template_name = "kpis/programmes.html"
    extra_context = {"section": "programmes"}
    filterset_class = ProgrammeFilterSet

    def narrowed(self):
        # Read apart: PostgreSQL takes no status query within another one.
        overdue = set(OutcomeTarget.objects.overdue(self.on).values_list("programme", flat=True)) if self.request.GET.get("overdue") else ()
        programmes = Programme.objects.with_budget(fiscal_year_of(self.on)).alias(has_overdue=flag(Q(pk__in=overdue)))
        return self.filterset_class(self.request.GET, queryset=programmes.select_related("lead").order_by("code"))

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["budget"] = self.filter.qs.order_by().aggregate(yen=Sum("budget_yen"))["yen"] or 0
        context["budget_year"] = fiscal_year_of(self.on)
        programmes = list(context["page"].object_list)
        counted = dashboard.groups(OutcomeTarget.objects.filter(programme__in=programmes), self.on, by_programme=True)
        context["rows"] = [
            (programme, *dashboard.numbers_of(group for group in counted if group.of_programme == programme.pk)) for programme in programmes
        ]
        return context
