"""The public pages. Reading is open to everybody; who does not work with the system sees accepted results alone.

Every page refuses a parameter that it does not know or cannot read, with a sentence and HTTP 400: an ignored filter is a wrong report.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import InvalidPage, Paginator
from django.db.models import Count, Prefetch
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from budget.fiscal import fiscal_year_name
from budget.forms import DayField
from budget.models import Organisation, Programme, SourceDocument, SourcePassage, SourceText
from kpis import explain, reports
from kpis.choices import OVERDUE, Kind, NoDeadline, ReportState
from kpis.exports.table import csv_lines
from kpis.filters import OutcomeTargetFilterSet, OverdueFilterSet, ProgrammeFilterSet
from kpis.measures import attainment, published_attainment
from kpis.models import Evidence, OutcomeTarget, ProgressReport

ROWS_PER_PAGE = 50
LINES_AROUND = 40
LINES_AT_ONCE = 500


@dataclass(frozen=True)
class Problem:
    """A parameter that cannot be read, and what is expected of it."""

    parameter: str
    expected: str


class Refused(Exception):
    """The request's parameters cannot be answered."""

    def __init__(self, *problems: Problem):
        self.problems = problems


class DayForm(forms.Form):
    """The day that a page is evaluated on."""

    on = DayField(label=gettext_lazy("day"), required=False, help_text=gettext_lazy("Such as 2026-09-01, R8.9.1 or 令和8年9月1日."))


class OpenPage(TemplateView):
    """A page that answers its own parameters and refuses all others."""

    parameters: tuple[str, ...] = ()
    repeatable: tuple[str, ...] = ()

    def get(self, request, **kwargs):
        try:
            self.refuse(self.problems())
            return self.answer(**kwargs)
        except Refused as refused:
            known = (*self.parameters, *self.repeatable)
            return render(request, "400.html", {"problems": refused.problems, "known": known, **self.beside_problems()}, status=400)

    def answer(self, **kwargs) -> HttpResponse:
        return self.render_to_response(self.get_context_data(**kwargs))

    def beside_problems(self) -> dict[str, Any]:
        """What the page of the refusal shows besides the problems."""
        return {}

    def problems(self) -> Iterable[Problem]:
        """All that is wrong with the parameters."""
        for name, values in self.request.GET.lists():
            if name not in self.parameters and name not in self.repeatable:
                yield Problem(name, _("This page does not know this parameter."))
            elif len(values) > 1 and name not in self.repeatable:
                yield Problem(name, _("Give it once."))

    def refuse(self, problems: Iterable[Problem]) -> None:
        if problems := tuple(problems):
            raise Refused(*problems)


class DayPage(OpenPage):
    """A page that is evaluated on a day: `on`, today by default."""

    parameters = ("on",)

    def problems(self):
        yield from super().problems()
        today = timezone.localdate()
        self.day_form = DayForm({"on": self.request.GET.get("on") or today.isoformat()})
        yield from problems_of(self.day_form)
        self.on = self.day_form.cleaned_data.get("on", today)

    def get_context_data(self, **kwargs):
        return super().get_context_data(on=self.on, day_form=self.day_form, asked_on=self.request.GET.get("on"), **kwargs)


def problems_of(form: forms.Form) -> list[Problem]:
    return [Problem(name, " ".join(errors)) for name, errors in form.errors.items()]


class FilteredList(DayPage):
    """A list that is narrowed by a filter set and turned page by page."""

    filterset_class: type
    format_names: tuple[str, ...] = ()

    @property
    def parameters(self):
        return (*(name for name in self.filterset_class.base_filters if name not in self.repeatable), "on", "page", *self.format_names)

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
        return {"filter": self.filter, "day_form": self.day_form}

    def page(self):
        paginator = Paginator(self.filter.qs, ROWS_PER_PAGE)
        try:
            return paginator.page(self.request.GET.get("page") or 1)
        except InvalidPage:
            raise Refused(Problem("page", _("A number from 1 to %(last)s.") % {"last": paginator.num_pages})) from None

    def get_context_data(self, **kwargs):
        page = self.page()
        return super().get_context_data(
            filter=self.filter,
            page=page,
            pages=page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
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
    """A list of targets with their status, as a page or as CSV of all its rows."""

    format_names = ("format",)
    file_name: str

    def problems(self):
        yield from super().problems()
        if self.request.GET.get("format", "") not in ("", "csv"):
            yield Problem("format", _("csv, or leave it out."))
        elif self.request.GET.get("format") and self.request.GET.get("page"):
            yield Problem("page", _("A file holds all pages: leave it out."))

    def answer(self, **kwargs):
        if self.request.GET.get("format") != "csv":
            return super().answer(**kwargs)
        rows = ([column.value(target) for column in reports.TARGET_COLUMNS] for target in self.filter.qs.iterator(2000))
        return StreamingHttpResponse(
            csv_lines([column.name for column in reports.TARGET_COLUMNS], rows),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="seika-{self.file_name}-{self.on.isoformat()}.csv"'},
        )


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


class TargetList(TargetRows):
    """All standing targets with their status."""

    template_name = "kpis/targets.html"
    extra_context = {"section": "targets"}
    filterset_class = OutcomeTargetFilterSet
    file_name = "targets"

    def rows(self, on):
        return reports.targets_on(on).order_by("programme__code", "code")


@dataclass(frozen=True)
class Result:
    """One progress report as a reader may see it: the accepted figure, and what is worked on where the reader may know it."""

    report: ProgressReport
    figure: str
    attainment: Any
    published_attainment: Any
    counts: bool
    worked_on: str
    shows_text: bool


class TargetPage(DayPage):
    """A target with all that is known of it, its status and why."""

    template_name = "kpis/target.html"

    def get_context_data(self, code, **kwargs):
        read = ("programme__lead", "passage__document", "withdrawn_by")
        target = OutcomeTarget.objects.with_status(self.on).select_related(*read).filter(code=code).first()
        standing = target is not None
        target = target or get_object_or_404(OutcomeTarget.objects.select_related(*read), code=code)
        milestones = list(target.milestones.all())
        linked = reports.targets_on(self.on)
        return super().get_context_data(
            target=target,
            standing=standing,
            why=explain.why(target, self.on, milestones, settings.SEIKA_RESULTS_DUE) if standing else [],
            marks=explain.marks(target),
            milestones=milestones,
            results=[self.result(target, report) for report in self.reports(target)],
            leads_to=linked.filter(pk__in=target.leads_to.values("to_target")).order_by("code"),
            follows_from=linked.filter(pk__in=target.follows_from.values("from_target")).order_by("code"),
            **kwargs,
        )

    def reports(self, target):
        return (
            ProgressReport.objects.visible_to(self.request.user)
            .filter(target=target)
            .prefetch_related(Prefetch("evidence", Evidence.objects.order_by("citation")))
            .order_by("fiscal_year")
        )

    def result(self, target: OutcomeTarget, report: ProgressReport) -> Result:
        accepted, told = report.accepted_value, target.kind == Kind.QUANTITATIVE and report.accepted_value is not None
        inside = self.request.user.has_perm("kpis.view_progressreport")
        return Result(
            report=report,
            figure=explain.figure(accepted, report.accepted_grade, target.unit),
            attainment=attainment(target.comparator, target.value, target.baseline_value, accepted) if told else None,
            published_attainment=published_attainment(target.value, accepted) if told else None,
            counts=report.accepted_measured_on is not None and report.accepted_measured_on <= self.on,
            worked_on=explain.figure(report.value, report.grade, target.unit) if inside and report.state != ReportState.ACCEPTED else "",
            # Text and evidence have no accepted copy: while a correction is worked on they are the author's alone.
            shows_text=inside or report.state == ReportState.ACCEPTED,
        )


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
        for programme, status, number in targets.values_list("programme", "status").annotate(Count("id")):
            numbers[programme][status] = number
        context["rows"] = [
            (programme, sum(numbers[programme.pk].values()), [(code, numbers[programme.pk].get(code, 0)) for code in OVERDUE])
            for programme in programmes
        ]
        return context


class ProgrammePage(DayPage):
    """A programme: who answers for it, its money, its targets, and where all that is printed."""

    template_name = "kpis/programme.html"

    def get_context_data(self, code, **kwargs):
        programme = get_object_or_404(Programme.objects.select_related("lead"), code=code)
        return super().get_context_data(
            programme=programme,
            lead_path=self.path_to(programme.lead_id),
            responsibilities=programme.responsibilities.select_related("organisation"),
            budgets=programme.budget_amounts.select_related("passage__document"),
            targets=reports.targets_on(self.on).filter(programme=programme).order_by("code"),
            passages=programme.passages.select_related("document"),
            predecessors=programme.origins.select_related("predecessor"),
            successors=programme.successions.select_related("successor"),
            **kwargs,
        )

    def path_to(self, organisation_id: int) -> list[Organisation]:
        """The organisation below those above it, the topmost first."""
        organisations, path = Organisation.objects.in_bulk(), []
        while organisation_id is not None:
            path.insert(0, organisations[organisation_id])
            organisation_id = organisations[organisation_id].parent_id
        return path


class LinesForm(forms.Form):
    """The lines of a document that a page opens at."""

    line_from = forms.IntegerField(min_value=1, required=False)
    line_to = forms.IntegerField(min_value=1, required=False)


class SourcePage(OpenPage):
    """The text of a source document around the lines of a passage, and what was read from them."""

    template_name = "kpis/source.html"
    parameters = ("from", "to")

    def get_context_data(self, code, **kwargs):
        document = get_object_or_404(SourceDocument, code=code)
        attached = SourceText.objects.filter(document=document).first()
        lines = attached.lines() if attached else []
        first, last = self.lines_asked(len(lines) if attached else None)
        start = max((first or 1) - LINES_AROUND, 1)
        end = (last or 1) + LINES_AROUND
        return super().get_context_data(
            document=document,
            attached=attached is not None,
            first=first,
            last=last,
            number_of_lines=len(lines),
            lines=[(number, text, bool(first) and first <= number <= last) for number, text in enumerate(lines[start - 1 : end], start)],
            passages=self.passages(document, first, last) if first else [],
            **kwargs,
        )

    def lines_asked(self, number_of_lines: int | None) -> tuple[int | None, int | None]:
        """First and last line to highlight; None where the request names none."""
        form = LinesForm({"line_from": self.request.GET.get("from"), "line_to": self.request.GET.get("to")})
        self.refuse(Problem(problem.parameter.removeprefix("line_"), problem.expected) for problem in problems_of(form))
        first, last = form.cleaned_data["line_from"], form.cleaned_data["line_to"]
        if first is None and last is None:
            return None, None
        first, last = first or last, last or first
        if last < first:
            raise Refused(Problem("to", _("Not before the first line.")))
        if last - first >= LINES_AT_ONCE:
            raise Refused(Problem("to", _("At most %(number)s lines at once.") % {"number": LINES_AT_ONCE}))
        if number_of_lines is not None and last > number_of_lines:
            raise Refused(Problem("to" if first <= number_of_lines else "from", _("The text has %(n)s lines.") % {"n": number_of_lines}))
        return first, last

    def passages(self, document, first, last):
        overlapping = SourcePassage.objects.filter(document=document, line_from__lte=last, line_to__gte=first)
        targets = OutcomeTarget.objects.order_by("code")
        return (
            overlapping.select_related("programme", "document").prefetch_related(Prefetch("targets", targets)).order_by("line_from", "code")
        )
