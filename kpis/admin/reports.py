"""The admin of progress reports: officials enter and submit, reviewers decide, everybody else reads.

A new report is opened from a target: `?target=` names it, `&fiscal_year=` the year; a year that is reported already opens its report. A
report's state is written by `kpis.workflow` alone; the buttons call its steps.
"""

import re

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from budget.admin.lists import FiscalYearFilter, OrganisationFilter, who_and_when
from budget.admin.records import RecordAdmin, StackedRecordInline
from budget.history import Version, changes
from kpis import deadlines, explain, locks, work, workflow
from kpis.admin.entry import ReportForm
from kpis.admin.entry_book_pages import EntryBookPages
from kpis.admin.targets import last_day_in_words
from kpis.choices import Kind
from kpis.models import Evidence, OutcomeTarget, ProgressReport, YearlyMilestone, programmes_reported_by
from kpis.reports import results_of
from kpis.templatetags.seika import marks


class EvidenceInline(StackedRecordInline):
    model = Evidence
    fields = ("citation", "url")


@admin.register(ProgressReport)
class ProgressReportAdmin(EntryBookPages, RecordAdmin):
    form = ReportForm
    asks_why = False  # a report says its reason itself, and its steps ask for one
    actions = ("accept_selected",)
    list_display = (
        "target",
        "programme",
        "fiscal_year",
        "asked_for",
        "result",
        "preliminary",
        "state",
        "reported",
        "decided",
    )
    list_filter = (
        "state",
        FiscalYearFilter.by("fiscal_year", years_ahead=0),
        OrganisationFilter.by("target__programme__lead"),
        "target__term",
        "preliminary",
    )
    ordering = ("target_id", "fiscal_year")
    search_fields = ("target__code__startswith", "target__programme__code__startswith")
    search_help_text = gettext_lazy("The beginning of a target's or a programme's code.")
    inlines = (EvidenceInline,)
    readonly_fields = ("state", "reported", "submitted", "decided", "decision_note", "accepted_result")

    def get_queryset(self, request):
        reports = super().get_queryset(request).visible_to(request.user).with_evidence_told()
        return reports.select_related("target__programme", "reported_by", "submitted_by", "decided_by")

    # --- Who may do what ------------------------------------------------------------------------------------------------------------

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or self._may_be_entered_by(request.user, obj))

    def _may_be_entered_by(self, user, report):
        """Asked many times for a page, answered once for each report read."""
        if not hasattr(report, "_is_own"):
            report._is_own = ProgressReport.objects.editable_by(user, timezone.localdate()).filter(pk=report.pk).exists()
        return report._is_own and workflow.may_be_entered(report) and self._lock_of(report) is None

    def _lock_of(self, report):
        if not hasattr(report, "_lock"):
            report._lock = locks.against(report.target.programme_id, report.fiscal_year, timezone.localdate())
        return report._lock

    def has_accept_permission(self, request):
        return request.user.has_perm("kpis.decide_progressreport")

    # --- A new report ---------------------------------------------------------------------------------------------------------------

    def add_view(self, request, form_url="", extra_context=None):
        """The entry page of a target and a year. Who comes without a target chooses one first, from the work to be done."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if not request.GET.get("target"):
            messages.info(request, _("Choose the outcome target whose result you enter."))
            return HttpResponseRedirect(reverse("kpis:work"))
        request.target = self._target_named(request)
        request.fiscal_year = self._year_named(request)
        reported = request.target.reports.filter(fiscal_year=request.fiscal_year).first()
        if reported and request.method == "GET":
            return HttpResponseRedirect(_page_of(reported))
        if request.method == "GET":
            try:
                locks.refuse_locked(request.target.programme_id, request.fiscal_year, timezone.localdate())
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
                return HttpResponseRedirect(reverse("kpis:work"))
        return super().add_view(request, form_url, extra_context)

    def _target_named(self, request) -> OutcomeTarget:
        """The target that the address names. 404 where there is none, 403 where the user does not report on it."""
        asked, today = request.GET["target"], timezone.localdate()
        standing = OutcomeTarget.objects.standing_on(today).filter(pk=asked if asked.isdecimal() else None)
        target = get_object_or_404(standing.select_related("programme__lead", "passage__document"))
        if not standing.reportable_by(request.user, today).exists():
            raise PermissionDenied
        return target

    def _year_named(self, request) -> int:
        """The fiscal year that the address names, else the one whose result is asked for today, else the one that ended last."""
        if re.fullmatch(r"\d{4}", named := request.GET.get("fiscal_year", "")):
            return int(named)
        today = timezone.localdate()
        (asked,) = work.with_year_asked(OutcomeTarget.objects.filter(pk=request.target.pk), today)
        return asked.asked_fy or deadlines.last_ended_year(today)

    # --- The form -------------------------------------------------------------------------------------------------------------------

    def get_object(self, request, object_id, from_field=None):
        if request.method == "POST":
            locks.keep_as_they_are()
        return super().get_object(request, object_id, from_field)

    def sections(self, request, obj=None):
        target = self._target_of(request, obj)
        figure = "grade" if target.kind == Kind.QUALITATIVE else "value"
        year = () if obj else ("fiscal_year",)
        result = (_("result"), {"fields": (*year, figure, "measured_on", "preliminary", "narrative", "reason")})
        if obj is None or self.has_change_permission(request, obj):
            settled = [(_("to be settled once"), {"fields": target.left_open})] if target.left_open else []
        else:
            settled = []
        return [result, *settled, *([(_("state"), {"fields": self.readonly_fields})] if obj else [])]

    def _only_read(self, name):
        return "result" if name in ("value", "grade") else super()._only_read(name)

    def get_form(self, request, obj=None, change=False, **options):
        form = super().get_form(request, obj, change=change, **options)
        form.target, form.today = self._target_of(request, obj), timezone.localdate()
        return form

    def _target_of(self, request, obj) -> OutcomeTarget:
        """The report's target. While a form is being saved it is locked: what a first entry settles is settled once."""
        target = obj.target if obj else request.target
        if request.method != "POST" or not transaction.get_connection(router.db_for_write(self.model)).in_atomic_block:
            return target
        if not hasattr(request, "locked_target"):
            locks.keep_as_they_are()
            request.locked_target = OutcomeTarget.objects.select_for_update(of=("self",)).get(pk=target.pk)
        return request.locked_target

    def forget_what_was_locked(self, request):
        vars(request).pop("locked_target", None)

    # --- The version also covers what the result is held against -----------------------------------------------------------------------

    def version_of(self, request, obj):
        return Version.of(obj, [Evidence.history.filter(report_id=obj.pk), *_beside(obj)])

    def told_beside(self, request, obj):
        told = []
        for rows in _beside(obj):
            name = rows.model.instance_type._meta.verbose_name
            told += [(name, "", change) for change in changes(rows.select_related("history_user").order_by("history_date", "history_id"))]
        return told

    def is_within_reach(self, request, obj):
        reach = programmes_reported_by(request.user, timezone.localdate())
        return super().is_within_reach(request, obj) and reach.filter(pk=obj.target.programme_id).exists()

    def why_closed(self, request, obj):
        lock = self._lock_of(obj)
        return lock.in_words if lock and workflow.may_be_entered(obj) else ""

    def get_changeform_initial_data(self, request):
        return {"fiscal_year": request.fiscal_year}

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        form, user, today = context["adminform"].form, request.user, timezone.localdate()
        target = form.target
        steps = [step for step in workflow.REPORT_STEPS if obj and step.code != "submit" and step.is_open_to(user, obj)]
        made_meanwhile = None
        if add:
            context["title"] = _("Enter a result")
            if form.is_bound:  # a page that was opened before somebody else's was saved
                made_meanwhile = target.reports.filter(fiscal_year=form.cleaned_data.get("fiscal_year") or request.fiscal_year).first()
        context |= {
            "made_meanwhile": made_meanwhile,
            "may_enter": add or self.has_change_permission(request, obj),
            "why_closed": obj and self.why_closed(request, obj),
            "steps": steps,
            "steps_take_a_reason": any(step.takes_reason for step in steps),
            "version": form.version_now,
            "target": target,
            "target_deadline": last_day_in_words(target),
            "steps_in_words": "・".join(str(step.label) for step in steps),
            "milestones": target.milestones.all(),
            "results": [result for result in results_of(target, user, today) if result.report not in (obj, made_meanwhile)],
        }
        if form.is_previewed:
            context["preview"] = form.preview()
        return super().render_change_form(request, context, add, change, form_url, obj)

    # --- Saving and the way of a report ---------------------------------------------------------------------------------------------

    def save_model(self, request, obj, form, change):
        form.enter(by=request.user, reason=self.reason_of(form))

    def response_add(self, request, obj, post_url_continue=None):
        return self._after_saving(request, obj)

    def response_change(self, request, obj):
        return self._after_saving(request, obj)

    def _after_saving(self, request, report):
        if "_submit" in request.POST:
            return self._take(request, report, _step("submit"))
        messages.success(request, _("The draft is saved. It is not submitted yet."))
        return HttpResponseRedirect(_page_of(report))

    def step_view(self, request, object_id, code):
        """Take a step on a report as the page showed it."""
        step = _step(code)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        with transaction.atomic():
            report = self.get_object(request, unquote(object_id))
            if report is None:
                return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            step.refuse_strangers(request.user, report)
            if request.POST.get("version") != str(report.version):
                return self._refused_step(
                    request, report, _("The report was changed while you looked at it. This is how it stands now: look again, then decide.")
                )
            options = {"reason": request.POST.get("reason", "")} if step.takes_reason else {}
            return self._take(request, report, step, **options)

    def _take(self, request, report, step, **options):
        """Take a step of the workflow, and go on with the work; where it may not be taken, a message says why."""
        try:
            step.take(report, by=request.user, **options)
        except ValidationError as error:
            return self._refused_step(request, report, " ".join(error.messages))
        self.log_change(request, report, str(step.done))
        messages.success(request, format_html('{} <a href="{}">{}</a>', step.done, _page_of(report), report))
        return HttpResponseRedirect(reverse("kpis:work"))

    def _refused_step(self, request, report, why):
        """Say why on the report's page; where a reason was written, on a page that still shows it."""
        written = request.POST.get("reason", "").strip()
        if not written or "_submit" in request.POST:  # the form of the result holds a reason of its own, and saved it
            messages.error(request, why)
            return HttpResponseRedirect(_page_of(report))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Not done: what was asked cannot be done any more"),
            "opts": self.opts,
            "object": report,
            "why_closed": why,
            "changes": self._told_since(request, report, Version.read(request.POST.get("version", ""))),
            "written": [(_("note or reason"), written)],
        }
        return TemplateResponse(request, "admin/came_too_late.html", context, status=409)

    def get_urls(self):
        view = self.admin_site.admin_view(self.step_view)
        return [path("<path:object_id>/steps/<slug:code>/", view, name="kpis_progressreport_step"), *super().get_urls()]

    # --- Many at once ---------------------------------------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Accept the selected reports"), permissions=["accept"])
    def accept_selected(self, request, queryset):
        """Accept what may be accepted, as the list showed it, and tell of the rest why not."""
        shown = [report for report in queryset if request.POST.get(f"version-{report.pk}") == self._shown(report)]
        told = workflow.accept_each(shown, by=request.user)
        changed = _("It was changed since the list was shown.")
        skipped = [*told.skipped, *((report, changed) for report in queryset if report not in shown)]
        for report in told.accepted:
            self.log_change(request, report, str(_step("accept").done))
        if number := len(told.accepted):
            messages.success(request, ngettext("%(n)s report is accepted.", "%(n)s reports are accepted.", number) % {"n": number})
        for report, why in skipped:
            messages.warning(request, _("Not accepted: %(report)s. %(why)s") % {"report": report, "why": why})

    def action_checkbox(self, obj):
        """The box of a row, with the version of the report that the row shows."""
        box = super().action_checkbox(obj)
        return format_html('{}<input type="hidden" name="version-{}" value="{}">', box, obj.pk, self._shown(obj))

    def _shown(self, report) -> str:
        """Tells whether a report is still the one that a row of the list showed: nobody edits one while it is submitted."""
        return f"{report.state} {report.submitted_at}"

    # --- Columns --------------------------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("programme"))
    def programme(self, report):
        return report.target.programme

    @admin.display(description=gettext_lazy("asked for"))
    def asked_for(self, report):
        return format_html("{}{}", explain.goal(report.target), marks(report.target))

    @admin.display(description=gettext_lazy("result"))
    def result(self, report):
        figure = explain.figure(report.value, report.grade, report.target.unit)
        return format_html("{}{}", figure, marks(report)) if figure else admin.site.empty_value_display

    @admin.display(description=gettext_lazy("accepted result"))
    def accepted_result(self, report):
        figure = explain.figure(report.accepted_value, report.accepted_grade, report.target.unit)
        return format_html("{}{}", figure, marks(report, prefix="accepted_")) if figure else admin.site.empty_value_display

    @admin.display(description=gettext_lazy("reported"))
    def reported(self, report):
        return who_and_when(report.reported_by, report.reported_at)

    @admin.display(description=gettext_lazy("submitted"))
    def submitted(self, report):
        return who_and_when(report.submitted_by, report.submitted_at)

    @admin.display(description=gettext_lazy("decided"))
    def decided(self, report):
        return who_and_when(report.decided_by, report.decided_at)


def _beside(report: ProgressReport) -> list[QuerySet]:
    """The histories of the target and of its milestones."""
    return [OutcomeTarget.history.filter(id=report.target_id), YearlyMilestone.history.filter(target_id=report.target_id)]


def _page_of(report: ProgressReport) -> str:
    return reverse("admin:kpis_progressreport_change", args=(report.pk,))


def _step(code: str) -> workflow.Step:
    """The step of that name. 404 where there is none."""
    try:
        return next(step for step in workflow.REPORT_STEPS if step.code == code)
    except StopIteration:
        raise Http404 from None
