"""The admin of outcome targets: administrators keep their terms, reviewers close misses, all read them with their status of today."""

from contextlib import nullcontext

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from budget.admin.lists import FiscalYearFilter, OrganisationFilter, UncountedChangeList, UncountedPaginator, in_words
from budget.admin.records import OnlyShown, RecordAdmin, RecordInline
from budget.fiscal import calendar_year_name, day_name, fiscal_year_name
from budget.forms import ReasonForm
from kpis import workflow
from kpis.admin.milestones import MilestonesForm, proposed
from kpis.choices import DeadlineKind
from kpis.explain import goal, no_last_day
from kpis.models import ClosedMiss, OutcomeTarget, TargetLink, YearlyMilestone
from kpis.templatetags.seika import chip, marks


def last_day_in_words(target: OutcomeTarget) -> str:
    """The last day with its fiscal year, the years that an each-year target is judged in, or why there is none."""
    if target.each_year:
        first, last = (fiscal_year_name(year) if year else "" for year in (target.first_year, target.last_year))
        return f"{_('each year')} {first} – {last}"
    return f"{day_name(target.due_on)} {fiscal_year_name(target.due_fy)}" if target.due_on else no_last_day(target)


class TargetForm(ReasonForm):
    reasoned = (*OutcomeTarget.TERMS, "programme")

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        if self.instance.deadline_kind == DeadlineKind.CALENDAR_YEAR and self.instance.deadline_year:
            self.initial["deadline_year"] = calendar_year_name(self.instance.deadline_year)

    def _post_clean(self):
        """The last day follows from the parts together: what cannot be worked out is refused beside the fields."""
        super()._post_clean()
        if not self.errors:
            try:
                self.instance.derive()
            except ValueError:
                self.add_error("deadline_offset_years", _("No last day follows from these parts."))


_MARKED = [in_words(OutcomeTarget, name) for name in OutcomeTarget.MARKED]


class StepForm(forms.Form):
    required_css_class = "required"

    reason = forms.CharField(label=_("reason"), widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}))


class MilestoneInline(RecordInline):
    model = YearlyMilestone
    fields = ("fiscal_year", "value", "is_target_year")


class LinkInline(RecordInline):
    model = TargetLink
    fk_name = "from_target"
    autocomplete_fields = ("to_target",)
    fields = ("to_target",)


class JudgedPaginator(UncountedPaginator):
    """Pages of targets with their status of today. The rows of a page are found first: their statuses alone are computed."""

    def rows(self, first, last):
        page = super().rows(first, last)
        judged = OutcomeTarget.objects.filter(pk__in=page.values("pk")).with_status(timezone.localdate())
        return judged.select_related("programme__lead").order_by(*page.query.order_by)


class TargetChangeList(UncountedChangeList):
    """The list of standing targets; a page of its own opens for withdrawn ones too."""

    def get_queryset(self, request, **options):
        self.root_queryset = OutcomeTarget.objects.standing_on(timezone.localdate())
        return super().get_queryset(request, **options)


class ClosedMissInline(OnlyShown, RecordInline):
    """Told here, and written by the steps alone."""

    model = ClosedMiss
    extra = 0
    readonly_fields = (
        in_words(ClosedMiss, "fiscal_year"),
        "closed_by",
        "closed_at",
        "reason",
        "reopened_by",
        "reopened_at",
        "reopening_reason",
    )
    fields = readonly_fields


@admin.register(OutcomeTarget)
class OutcomeTargetAdmin(RecordAdmin):
    form = TargetForm
    list_display = (
        "code",
        "indicator",
        "programme_title",
        "lead",
        "term",
        "target_value",
        "due",
        "status_today",
    )
    list_display_links = ("code", "indicator")
    list_filter = (
        OrganisationFilter.by("programme__lead"),
        "term",
        "kind",
        FiscalYearFilter.by("due_fy", _("fiscal year of the deadline")),
        "each_year",
    )
    search_fields = ("code__startswith", "programme__code__startswith")
    search_help_text = _("The beginning of a target's or a programme's code. Words and statuses are searched on the page of all targets.")
    sortable_by = ("code",)
    paginator = JudgedPaginator
    autocomplete_fields = ("programme", "passage")
    inlines = (MilestoneInline, LinkInline, ClosedMissInline)
    readonly_fields = ("last_day", *_MARKED)
    fieldsets = (
        (None, {"fields": ("code", "programme", "label", "level", "term", "statement", "passage")}),
        (
            _("measure"),
            {
                "fields": (
                    "kind",
                    "indicator",
                    ("comparator", "comparator_assumed", "approximate"),
                    ("value", "value_max", "unit"),
                    ("accumulation", "accumulation_assumed"),
                    ("baseline_value", "baseline_year"),
                )
            },
        ),
        (
            _("deadline"),
            {
                "fields": (
                    "deadline_text",
                    "each_year",
                    "deadline_kind",
                    ("deadline_year", "deadline_on"),
                    ("deadline_offset_years", "deadline_through_nth_year", "deadline_event_on"),
                    "programme_end_assumed",
                    "last_day",
                    *_MARKED,
                )
            },
        ),
        (_("note"), {"fields": ("note",)}),
    )

    def sections(self, request, obj=None):
        withdrawal = [(_("withdrawal"), {"fields": ("withdrawn_by", "withdrawn_at", "withdrawal_reason")})]
        return [*super().sections(request, obj), *(withdrawal if obj and obj.withdrawn_at else [])]

    def get_readonly_fields(self, request, obj=None):
        return (*super().get_readonly_fields(request, obj), "withdrawn_by", "withdrawn_at", "withdrawal_reason")

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not (obj and obj.withdrawn_at)

    def get_changelist(self, request, **options):
        return TargetChangeList

    def get_search_results(self, request, queryset, search_term):
        """What a field offers to choose from: standing targets."""
        if request.resolver_match.url_name == "autocomplete":
            queryset = queryset.standing_on(timezone.localdate())
        return super().get_search_results(request, queryset, search_term)

    def view_on_site(self, target):
        return reverse("kpis:target", args=(target.code,))

    @admin.display(description=_("programme"))
    def programme_title(self, target):
        return target.programme.display_title

    @admin.display(description=_("lead organisation"))
    def lead(self, target):
        return target.programme.lead

    @admin.display(description=_("target value"))
    def target_value(self, target):
        return goal(target)

    @admin.display(description=_("deadline"))
    def due(self, target):
        return last_day_in_words(target)

    @admin.display(description=_("last day"))
    def last_day(self, target):
        return last_day_in_words(target)

    @admin.display(description=_("status today"))
    def status_today(self, target):
        return format_html("{}{}", chip(target.status), marks(target))

    # --- Steps that take a reason ---------------------------------------------------------------------------------------------------

    def get_urls(self):
        steps = [
            path(
                f"<path:object_id>/{step.code}/",
                self.admin_site.admin_view(self.step_view),
                {"step": step},
                f"kpis_outcometarget_{step.code}",
            )
            for step in workflow.TARGET_STEPS
        ]
        milestones = path(
            "<path:object_id>/milestones/", self.admin_site.admin_view(self.milestones_view), name="kpis_outcometarget_milestones"
        )
        return [*steps, milestones, *super().get_urls()]

    def milestones_view(self, request, object_id):
        """Propose the straight line as milestones, and save those that the administrator keeps or writes."""
        with transaction.atomic() if request.method == "POST" else nullcontext():  # who only reads waits for no writer
            return self._milestones(request, object_id)

    def _milestones(self, request, object_id):
        target = self.get_object(request, unquote(object_id))
        if target is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_change_permission(request, target):
            raise PermissionDenied
        page = reverse("admin:kpis_outcometarget_change", args=(target.pk,))
        if not proposed(target):
            messages.error(
                request, _("No straight line leads to this target: it needs a baseline before its deadline. Enter milestones below.")
            )
            return HttpResponseRedirect(page)
        form = MilestonesForm(target, request.POST if request.method == "POST" else None)
        if form.is_valid():
            form.save(by=request.user)
            messages.success(request, _("The milestones are saved."))
            return HttpResponseRedirect(page)
        context = {**self.admin_site.each_context(request), "title": _("Propose milestones"), "opts": self.opts, "target": target}
        context["changes"] = [(YearlyMilestone._meta.verbose_name, change.row.fiscal_year, change) for change in form.changed_meanwhile]
        return TemplateResponse(
            request, "admin/kpis/outcometarget/milestones.html", {**context, "form": form}, status=422 if form.is_bound else 200
        )

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if change:
            user, judged = request.user, workflow.with_status_of_today(obj)
            context["steps"] = [step for step in workflow.TARGET_STEPS if step.is_open_to(user, judged)]
            context["may_propose_milestones"] = self.has_change_permission(request, obj) and bool(proposed(obj))
            context["may_report"] = OutcomeTarget.objects.reportable_by(user, timezone.localdate()).filter(pk=obj.pk).exists()
        return super().render_change_form(request, context, add, change, form_url, obj)

    def step_view(self, request, object_id, step):
        """Ask for the reason, then take the step."""
        target = self.get_object(request, unquote(object_id))
        if target is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        judged = workflow.with_status_of_today(target)
        step.refuse_strangers(request.user, judged)
        try:
            step.guard(judged, request.user)
        except ValidationError as error:  # nobody is asked why for what cannot be done
            messages.error(request, " ".join(error.messages))
            return HttpResponseRedirect(reverse("admin:kpis_outcometarget_change", args=(target.pk,)))
        form = StepForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                step.take(target, by=request.user, reason=form.cleaned_data["reason"])
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
            else:
                self.log_change(request, target, str(step.done))
                messages.success(request, step.done)
            return HttpResponseRedirect(reverse("admin:kpis_outcometarget_change", args=(target.pk,)))
        context = {**self.admin_site.each_context(request), "title": step.label, "opts": self.opts, "target": target, "step": step}
        return TemplateResponse(request, "admin/kpis/outcometarget/step.html", {**context, "form": form})
