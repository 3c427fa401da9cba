"""The admin of organisations, source documents, programmes and passages."""

from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from budget.admin.lists import FiscalYearFilter, OrganisationFilter
from budget.admin.records import RecordAdmin, RecordInline
from budget.forms import ReasonForm
from budget.models import (
    BudgetAmount,
    Organisation,
    Programme,
    ProgrammeOrganisation,
    ProgrammeSuccession,
    SourceDocument,
    SourcePassage,
    SourceText,
)


@admin.register(Organisation)
class OrganisationAdmin(RecordAdmin):
    list_display = ("name", "code", "kind", "parent")
    list_select_related = ("parent",)
    list_filter = ("kind", OrganisationFilter.by("pk"))
    search_fields = ("code", "name")
    autocomplete_fields = ("parent",)
    fields = ("code", "name", "kind", "parent")


@admin.register(SourceDocument)
class SourceDocumentAdmin(RecordAdmin):
    list_display = ("title", "code", "issuer", "issued", "budget_year", "text_attached")
    list_filter = ("issuer", FiscalYearFilter.by("budget_year", _("budget year")))
    search_fields = ("code", "title", "issuer")
    fields = ("code", "title", "issuer", "issued", "budget_year", "sha256")

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(has_text=Exists(SourceText.objects.filter(document=OuterRef("pk"))))

    @admin.display(description=_("text attached"))
    def text_attached(self, document):
        return _("yes") if document.has_text else _("no")


class ProgrammeForm(ReasonForm):
    # Deadlines that count from the programme's period move with it.
    reasoned = ("start_fiscal_year", "end_fiscal_year")


class ProgrammeOrganisationInline(RecordInline):
    model = ProgrammeOrganisation
    autocomplete_fields = ("organisation",)
    fields = ("position", "organisation", "mark", "printed_name")


class BudgetAmountInline(RecordInline):
    model = BudgetAmount
    autocomplete_fields = ("passage",)
    fields = ("fiscal_year", "stage", "amount_yen", "no_amount", "printed", "note", "passage")


class PredecessorInline(RecordInline):
    model = ProgrammeSuccession
    fk_name = "successor"
    autocomplete_fields = ("predecessor",)
    fields = ("predecessor", "note")
    verbose_name = _("predecessor")
    verbose_name_plural = _("predecessors")


@admin.register(Programme)
class ProgrammeAdmin(RecordAdmin):
    form = ProgrammeForm
    list_display = (
        "code",
        "display_title",
        "lead",
        "start_fiscal_year",
        "end_fiscal_year",
        "open_ended",
    )
    list_display_links = ("code", "display_title")
    list_select_related = ("lead",)
    list_filter = (
        OrganisationFilter.by("lead"),
        FiscalYearFilter.by("start_fiscal_year", _("first fiscal year")),
        FiscalYearFilter.by("end_fiscal_year", _("last fiscal year")),
        "open_ended",
        "lead_origin",
    )
    search_fields = ("code", "rs_project_id", "display_title", "title")
    autocomplete_fields = ("lead",)
    inlines = (ProgrammeOrganisationInline, BudgetAmountInline, PredecessorInline)
    fieldsets = (
        (None, {"fields": ("code", "display_title", "title", "rs_project_id")}),
        (_("organisation"), {"fields": ("lead", "lead_origin")}),
        (_("period"), {"fields": ("start_fiscal_year", "end_fiscal_year", "open_ended", "period_origin")}),
        (_("contents"), {"fields": ("purpose", "overview", "scheme")}),
    )


@admin.register(SourcePassage)
class SourcePassageAdmin(RecordAdmin):
    list_display = ("code", "document", "programme", "part", "line_from", "line_to")
    list_select_related = ("document", "programme")
    list_filter = ("document", "part")
    ordering = ("code",)
    search_fields = ("code__startswith", "programme__code__startswith")
    search_help_text = _("The beginning of a passage's or a programme's code.")
    autocomplete_fields = ("document", "programme")
    fields = ("code", "document", "programme", "part", "line_from", "line_to", "quote")
