"""The admin of outcome targets: administrators keep their terms, everybody reads them with their status of today."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from budget.admin import FiscalYearFilter, OrganisationFilter, RecordAdmin, RecordInline
from budget.fiscal import calendar_year_name, day_name, fiscal_year_name
from budget.forms import ReasonForm
from budget.history import explain
from budget.models import Programme
from kpis.choices import DeadlineKind, Status
from kpis.explain import goal, no_last_day
from kpis.models import OutcomeTarget, TargetLink, YearlyMilestone
from kpis.reports import MARKS
from kpis.templatetags.seika import chip


def last_day_in_words(target: OutcomeTarget) -> str:
    """The last day with its fiscal year, the years that an each-year target is judged in, or why there is none."""
    if target.each_year:
        first, last = (fiscal_year_name(year) if year else "" for year in (target.first_year, target.last_year))
        return f"{_('each year')} {first} – {last}"
    return f"{day_name(target.due_on)} {fiscal_year_name(target.due_fy)}" if target.due_on else no_last_day(target)


def reportable_by(user, targets: QuerySet[OutcomeTarget]) -> QuerySet[OutcomeTarget]:
    """Those of `targets` that stand today and that the user, as an official, reports on."""
    today = timezone.localdate()
    organisations = user.organisation_ids_on(today, Role.OFFICIAL)
    return targets.standing_on(today).filter(programme__in=Programme.objects.answered_for_by(organisations))


@transaction.atomic
def withdraw(target: OutcomeTarget, *, by, reason: str) -> None:
    """Take a target out of every list from today on. It stays, with its history; a second withdrawal raises ValidationError."""
    target = OutcomeTarget.objects.select_for_update(of=("self",)).get(pk=target.pk)
    if target.withdrawn_at:
        raise ValidationError(_("This target is withdrawn already."))
    target.withdrawn_by, target.withdrawn_at, target.withdrawal_reason = by, timezone.now(), reason
    explain(target, reason=reason, by=by)
    target.save()


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


class WithdrawalForm(forms.Form):
    reason = forms.CharField(label=_("reason of the withdrawal"), widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}))


class MilestoneInline(RecordInline):
    model = YearlyMilestone
    fields = ("fiscal_year", "value", "is_target_year")


class LinkInline(RecordInline):
    model = TargetLink
    fk_name = "from_target"
    autocomplete_fields = ("to_target",)
    fields = ("to_target",)


class StatusFilter(admin.SimpleListFilter):
    """Targets by their status of today."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request, model_admin):
        return Status.choices

    def queryset(self, request, queryset):
        return queryset.filter(status=self.value()) if self.value() else queryset


class TargetChangeList(ChangeList):
    """The list alone computes statuses, of standing targets; a page of its own opens for withdrawn ones too."""

    def get_queryset(self, request, **options):
        self.root_queryset = OutcomeTarget.objects.with_status(timezone.localdate())
        return super().get_queryset(request, **options)


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
    list_select_related = ("programme__lead",)
    list_filter = (
        OrganisationFilter.by("programme__lead"),
        StatusFilter,
        "term",
        "kind",
        FiscalYearFilter.by("due_fy", _("fiscal year of the deadline")),
        "each_year",
    )
    search_fields = ("code", "indicator", "statement", "programme__code", "programme__display_title")
    autocomplete_fields = ("programme", "passage")
    inlines = (MilestoneInline, LinkInline)
    readonly_fields = ("last_day", "revised_after_deadline")
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
                    "revised_after_deadline",
                )
            },
        ),
        (_("note"), {"fields": ("note",)}),
    )

    def sections(self, request, obj=None):
        withdrawal = [(_("withdrawal"), {"fields": ("withdrawn_by", "withdrawn_at", "withdrawal_reason")})]
        return [*super().sections(request, obj), *(withdrawal if obj and obj.withdrawn_at else [])]

    def get_readonly_fields(self, request, obj=None):
        return (*self.readonly_fields, "withdrawn_by", "withdrawn_at", "withdrawal_reason")

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not (obj and obj.withdrawn_at)

    def get_changelist(self, request, **options):
        return TargetChangeList

    def get_search_results(self, request, queryset, search_term):
        """What a field offers to choose from: standing targets; for a report those that the user reports on."""
        if request.resolver_match.url_name == "autocomplete":
            queryset = queryset.standing_on(timezone.localdate())
            if request.GET.get("model_name") == "progressreport":
                queryset = reportable_by(request.user, queryset)
        return super().get_search_results(request, queryset, search_term)

    def view_on_site(self, target):
        return reverse("kpis:target", args=(target.code,))

    @admin.display(description=_("programme"), ordering="programme__display_title")
    def programme_title(self, target):
        return target.programme.display_title

    @admin.display(description=_("lead organisation"), ordering="programme__lead__code")
    def lead(self, target):
        return target.programme.lead

    @admin.display(description=_("target value"), ordering="value")
    def target_value(self, target):
        return goal(target)

    @admin.display(description=_("deadline"), ordering="due_on")
    def due(self, target):
        return last_day_in_words(target)

    @admin.display(description=_("last day"))
    def last_day(self, target):
        return last_day_in_words(target)

    @admin.display(description=_("status today"), ordering="status")
    def status_today(self, target):
        marks = "・".join(str(label) for name, label in MARKS if getattr(target, name))
        return format_html("{} {}", chip(target.status), marks)

    def get_urls(self):
        withdraw_url = path(
            "<path:object_id>/withdraw/", self.admin_site.admin_view(self.withdraw_view), name="kpis_outcometarget_withdraw"
        )
        return [withdraw_url, *super().get_urls()]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["may_withdraw"] = change and self.has_change_permission(request, obj)
        context["may_report"] = (
            change
            and request.user.has_perm("kpis.add_progressreport")
            and reportable_by(request.user, OutcomeTarget.objects.filter(pk=obj.pk)).exists()
        )
        return super().render_change_form(request, context, add, change, form_url, obj)

    def withdraw_view(self, request, object_id):
        """Ask for the reason, then withdraw the target."""
        target = self.get_object(request, unquote(object_id))
        if target is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_change_permission(request, target):
            raise PermissionDenied
        form = WithdrawalForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                withdraw(target, by=request.user, reason=form.cleaned_data["reason"])
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
            else:
                self.log_change(request, target, [{"changed": {"fields": [str(_("withdrawal"))]}}])
                messages.success(request, _("The target is withdrawn."))
            return HttpResponseRedirect(reverse("admin:kpis_outcometarget_change", args=(target.pk,)))
        context = {**self.admin_site.each_context(request), "title": _("Withdraw the target"), "opts": self.opts, "target": target}
        return TemplateResponse(request, "admin/kpis/outcometarget/withdraw.html", {**context, "form": form})
