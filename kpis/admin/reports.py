"""The admin of progress reports: officials enter and submit, reviewers decide, everybody else reads.

A report's state is written by `kpis.workflow` alone; the buttons call it.
"""

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Select
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budget.admin import FiscalYearFilter, OrganisationFilter, RecordAdmin, RecordInline, in_words
from budget.fiscal import day_name, fiscal_year_name
from kpis import deadlines, workflow
from kpis.admin.targets import last_day_in_words, reportable_by
from kpis.choices import Kind, ReportState
from kpis.explain import figure, goal
from kpis.models import Evidence, OutcomeTarget, ProgressReport


def _who_and_when(user, moment) -> str:
    return f"{user} {localize(timezone.localtime(moment))}" if user else admin.site.empty_value_display


class EvidenceInline(RecordInline):
    model = Evidence
    fields = ("citation", "url")


@admin.register(ProgressReport)
class ProgressReportAdmin(RecordAdmin):
    list_display = (
        "target",
        "programme",
        in_words(ProgressReport, "fiscal_year"),
        "result",
        "preliminary",
        "state",
        "reported",
        "decided",
    )
    list_filter = (
        "state",
        FiscalYearFilter.by("fiscal_year"),
        OrganisationFilter.by("target__programme__lead"),
        "target__term",
        "preliminary",
    )
    search_fields = ("target__code", "target__indicator", "target__programme__code", "target__programme__display_title")
    autocomplete_fields = ("target",)
    inlines = (EvidenceInline,)
    readonly_fields = ("state", "reported", "submitted", "decided", "decision_note", "accepted_result")

    def get_queryset(self, request):
        reports = super().get_queryset(request).visible_to(request.user)
        return reports.select_related("target__programme", "reported_by", "submitted_by", "decided_by")

    # --- Who may do what ------------------------------------------------------------------------------------------------------------

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or self._may_be_entered_by(request.user, obj))

    def _may_be_entered_by(self, user, report):
        """Asked many times for a page, answered once for each report read."""
        if not hasattr(report, "_is_own"):
            report._is_own = ProgressReport.objects.editable_by(user, timezone.localdate()).filter(pk=report.pk).exists()
        return report._is_own and workflow.may_be_entered(report)

    # --- The form -------------------------------------------------------------------------------------------------------------------

    def _target(self, request, report):
        """The report's target; for a new report the one that the address names, where the user reports on it."""
        if report is not None:
            return report.target
        asked_for = request.GET.get("target", "")
        return reportable_by(request.user, OutcomeTarget.objects.filter(pk=asked_for)).first() if asked_for.isdecimal() else None

    def sections(self, request, obj=None):
        target = self._target(request, obj)
        figures = {None: ("value", "grade"), Kind.QUANTITATIVE: ("value",), Kind.QUALITATIVE: ("grade",)}[target and target.kind]
        result = (_("result"), {"fields": (*figures, "measured_on", "preliminary", "narrative", "reason")})
        if obj is None:
            return [(None, {"fields": ("target", "fiscal_year")}), result]
        return [result, (_("state"), {"fields": self.readonly_fields})]

    def _only_read(self, name):
        return "result" if name in ("value", "grade") else super()._only_read(name)

    def get_form(self, request, obj=None, change=False, **options):
        form = super().get_form(request, obj, change, **options)
        target = self._target(request, obj)
        if target and target.unit and "value" in form.base_fields:
            form.base_fields["value"].label = f"{capfirst(form.base_fields['value'].label)} ({target.unit})"
        return form

    def formfield_for_foreignkey(self, db_field, request, **options):
        if db_field.name == "target":
            target = self._target(request, None)
            if target:
                options |= {"queryset": OutcomeTarget.objects.filter(pk=target.pk), "widget": Select, "empty_label": None}
            else:
                options["queryset"] = reportable_by(request.user, OutcomeTarget.objects.all())
        return super().formfield_for_foreignkey(db_field, request, **options)

    def get_changeform_initial_data(self, request):
        return {"fiscal_year": deadlines.last_ended_year(timezone.localdate()), **super().get_changeform_initial_data(request)}

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        user, target = request.user, self._target(request, obj)
        submitted = obj is not None and obj.state == ReportState.SUBMITTED
        context |= {
            "show_save_and_add_another": False,
            "may_submit": user.has_perm("kpis.submit_progressreport") and (obj is None or self.has_change_permission(request, obj)),
            "may_decide": submitted and user.has_perm("kpis.decide_progressreport"),
        }
        if target:
            year = obj.fiscal_year if obj else _year_in(context["adminform"].form)
            context |= {
                "target": target,
                "target_value": goal(target),
                "target_deadline": last_day_in_words(target),
                "reported_year": fiscal_year_name(year) if year else "",
                "earlier": _earlier_result(target, year),
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # --- Saving and the way of a report ---------------------------------------------------------------------------------------------

    def save_model(self, request, obj, form, change):
        obj.reported_by, obj.reported_at = request.user, timezone.now()
        super().save_model(request, obj, form, change)

    def response_add(self, request, obj, post_url_continue=None):
        return self._submit(request, obj) if "_submit" in request.POST else super().response_add(request, obj, post_url_continue)

    def response_change(self, request, obj):
        return self._submit(request, obj) if "_submit" in request.POST else super().response_change(request, obj)

    def _submit(self, request, report):
        return self._step(request, report, _("The report is submitted."), workflow.submit)

    def decide_view(self, request, object_id):
        """Accept a submitted report, or return it with a note."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        report = self.get_object(request, unquote(object_id))
        if report is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not request.user.has_perm("kpis.decide_progressreport"):
            raise PermissionDenied
        if "_accept" in request.POST:
            return self._step(request, report, _("The report is accepted."), workflow.accept)
        return self._step(request, report, _("The report is returned."), workflow.send_back, note=request.POST.get("note", ""))

    def _step(self, request, report, done, step, **options):
        """Take a step of the workflow; where it may not be taken, a message says why."""
        try:
            step(report, by=request.user, **options)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            self.log_change(request, report, done)
            messages.success(request, done)
        return HttpResponseRedirect(reverse("admin:kpis_progressreport_change", args=(report.pk,)))

    def get_urls(self):
        view = self.admin_site.admin_view(self.decide_view)
        return [path("<path:object_id>/decide/", view, name="kpis_progressreport_decide"), *super().get_urls()]

    # --- Columns --------------------------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("programme"), ordering="target__programme__code")
    def programme(self, report):
        return report.target.programme

    @admin.display(description=gettext_lazy("result"))
    def result(self, report):
        return figure(report.value, report.grade, report.target.unit) or admin.site.empty_value_display

    @admin.display(description=gettext_lazy("accepted result"))
    def accepted_result(self, report):
        return figure(report.accepted_value, report.accepted_grade, report.target.unit) or admin.site.empty_value_display

    @admin.display(description=gettext_lazy("reported"), ordering="reported_at")
    def reported(self, report):
        return _who_and_when(report.reported_by, report.reported_at)

    @admin.display(description=gettext_lazy("submitted"), ordering="submitted_at")
    def submitted(self, report):
        return _who_and_when(report.submitted_by, report.submitted_at)

    @admin.display(description=gettext_lazy("decided"), ordering="decided_at")
    def decided(self, report):
        return _who_and_when(report.decided_by, report.decided_at)


def _year_in(form) -> int | None:
    """The fiscal year that the form of a new report shows; None where it cannot be read."""
    try:
        return form.fields["fiscal_year"].to_python(form["fiscal_year"].value())
    except ValidationError:
        return None


def _earlier_result(target: OutcomeTarget, year: int | None) -> str:
    """The latest accepted result before a fiscal year, with its year and day; blank where there is none."""
    earlier = year and target.reports.accepted_figures().filter(fiscal_year__lt=year).order_by("-fiscal_year").first()
    if not earlier:
        return ""
    told = figure(earlier.accepted_value, earlier.accepted_grade, target.unit)
    return f"{fiscal_year_name(earlier.fiscal_year)}: {told} ({day_name(earlier.accepted_measured_on)})"
