"""The admin of organisations, source documents and programmes, and the base of every admin page.

Every write is told in the history with user and reason, whichever form or inline it comes through. Nothing is ever deleted.
"""

from collections import defaultdict
from collections.abc import Callable

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models, router, transaction
from django.db.models import Exists, OuterRef
from django.forms import Textarea, TextInput
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from budget.fiscal import day_name, fiscal_year_name
from budget.forms import Choice, DayField, FigureField, FiscalYearField, ReasonForm, RowForm
from budget.history import changes, changes_of, explain
from budget.models import (
    BudgetAmount,
    Organisation,
    Programme,
    ProgrammeOrganisation,
    ProgrammeSuccession,
    SourceDocument,
    SourcePassage,
    SourceText,
    subtree_ids,
)

admin.site.site_title = admin.site.site_header = "成果 Seika"
admin.site.index_title = _("administration")
admin.site.enable_nav_sidebar = False


def is_year(field: models.Field) -> bool:
    return isinstance(field, models.PositiveSmallIntegerField) and field.name.endswith("year")


def in_words(model: type[models.Model], name: str) -> Callable:
    """A column, or a field that is only read, that shows a year, a day or a figure as the forms show it."""
    field = model._meta.get_field(name)

    @admin.display(description=field.verbose_name, ordering=name)
    def column(row):
        value = getattr(row, name)
        if value is None:
            return admin.site.empty_value_display
        if is_year(field) or name.endswith("_fy"):
            return fiscal_year_name(value)
        return day_name(value) if isinstance(field, models.DateField) else f"{value.normalize():f}"

    column.__name__ = name
    return column


class OrganisationFilter(admin.SimpleListFilter):
    """Rows of an organisation and of all below it; `path` leads from a row to its organisation."""

    title = _("organisation")
    parameter_name = "organisation"
    path = ""

    @classmethod
    def by(cls, path: str) -> type["OrganisationFilter"]:
        return type(cls.__name__, (cls,), {"path": path})

    def lookups(self, request, model_admin):
        """The tree, each organisation below its parent and set in from it: many divisions share a name."""
        children = defaultdict(list)
        for node, parent, code, name in Organisation.objects.values_list("id", "parent_id", "code", "name"):
            children[parent].append((node, code, name))

        def below(parent, depth):
            for node, code, name in children[parent]:
                yield code, "\u3000" * depth + name
                yield from below(node, depth + 1)

        return list(below(None, 0))

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        nodes = list(Organisation.objects.values_list("id", "parent_id", "code"))
        roots = [node for node, _parent, code in nodes if code == self.value()]
        return queryset.filter(**{f"{self.path}__in": subtree_ids([node[:2] for node in nodes], roots)})


class FiscalYearFilter(admin.SimpleListFilter):
    """Rows of one fiscal year, the latest first; `path` is the column."""

    title = _("fiscal year")
    parameter_name = "fiscal_year"
    path = ""

    @classmethod
    def by(cls, path: str, title=None) -> type["FiscalYearFilter"]:
        return type(cls.__name__, (cls,), {"path": path, "parameter_name": path, "title": title or cls.title})

    def lookups(self, request, model_admin):
        years = (
            model_admin.model.objects.exclude(**{self.path: None}).order_by(f"-{self.path}").values_list(self.path, flat=True).distinct()
        )
        return [(str(year), fiscal_year_name(year)) for year in years]

    def queryset(self, request, queryset):
        return queryset.filter(**{self.path: int(self.value())}) if (self.value() or "").isdecimal() else queryset


class _Fields:
    """What pages and inlines share: fields that read years, days and figures, and no deleting."""

    formfield_overrides = {
        models.DateField: {"form_class": DayField, "widget": TextInput},
        models.DecimalField: {"form_class": FigureField},
        models.TextField: {"widget": Textarea(attrs={"rows": 3, "class": "vLargeTextField"})},
        models.URLField: {"assume_scheme": "https"},
    }

    def formfield_for_dbfield(self, db_field, request, **options):
        if is_year(db_field):
            return FiscalYearField(label=capfirst(db_field.verbose_name), required=not db_field.blank, help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **options)

    def formfield_for_foreignkey(self, db_field, request, **options):
        if db_field.name in self.get_autocomplete_fields(request):
            options.setdefault("widget", Choice(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **options)

    def has_delete_permission(self, request, obj=None):
        return False


class RecordInline(_Fields, admin.TabularInline):
    form = RowForm
    extra = 1
    can_delete = False

    def formfield_for_dbfield(self, db_field, request, **options):
        formfield = super().formfield_for_dbfield(db_field, request, **options)
        if formfield:  # a table's cell has no label of its own
            formfield.widget.attrs["aria-label"] = str(formfield.label)
        return formfield


class RecordAdmin(_Fields, admin.ModelAdmin):
    """An admin page whose every save is told in the history with user and reason."""

    form = ReasonForm
    actions = None
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    save_on_top = False

    def get_object(self, request, object_id, from_field=None):
        """The object; while a form is being saved its row is locked, and read after the lock."""
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST" or not transaction.get_connection(router.db_for_write(self.model)).in_atomic_block:
            return found
        return self.get_queryset(request).select_for_update(of=("self",)).get(pk=found.pk)

    def get_fields(self, request, obj=None):
        return [name for name in super().get_fields(request, obj) if name != "change_reason"]

    def sections(self, request, obj=None):
        """The fieldsets without the reason."""
        return super().get_fieldsets(request, obj)

    def get_fieldsets(self, request, obj=None):
        """The sections; who may only read sees years, days and figures in words, who may write is asked why."""
        fieldsets = self.sections(request, obj)
        if self.has_change_permission(request, obj) if obj else self.has_add_permission(request):
            return [*fieldsets, (_("change"), {"fields": ["change_reason"]})]
        return [(title, {**options, "fields": [self._only_read(name) for name in options["fields"]]}) for title, options in fieldsets]

    def _only_read(self, name):
        if isinstance(name, (list, tuple)):
            return [self._only_read(each) for each in name]
        field = next((f for f in self.opts.fields if f.name == name), None)
        if field and (is_year(field) or type(field) in (models.DateField, models.DecimalField)):
            return in_words(self.model, name)
        return name

    def save_model(self, request, obj, form, change):
        """Save what the form changed. A form that changed nothing leaves no row in the history."""
        if change and not set(form.changed_data) - {"change_reason"}:
            return
        explain(obj, reason=self.reason_of(form), by=request.user)
        super().save_model(request, obj, form, change)

    def save_formset(self, request, form, formset, change):
        for row in formset.save(commit=False):
            explain(row, reason=self.reason_of(form), by=request.user)
            row.save()
        formset.save_m2m()

    def reason_of(self, form) -> str:
        return form.cleaned_data.get("change_reason") or str(_("entered in the admin"))

    def history_view(self, request, object_id, extra_context=None):
        """All changes of the object and of the rows of its inlines, in words, the newest first."""
        found = self.get_object(request, unquote(object_id))
        if found is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, found):
            raise PermissionDenied
        told = [(self.opts.verbose_name, "", change) for change in changes_of(found)]
        for inline in self.get_inline_instances(request, found):
            told += _changes_of_rows(inline, found)
        context = {
            **self.admin_site.each_context(request),
            "title": _("History: %s") % found,
            "subtitle": None,
            "opts": self.opts,
            "object": found,
            "changes": sorted(told, key=lambda entry: entry[2].at, reverse=True),
            "has_view_permission": True,
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template or "admin/object_history.html", context)


def _changes_of_rows(inline: admin.TabularInline, parent: models.Model) -> list[tuple]:
    """(kind, name, change) of all rows of an inline, with as many queries for many rows as for one."""
    model = inline.model
    key = inline.fk_name or next(f.name for f in model._meta.fields if f.related_model is type(parent))
    rows = model.history.filter(**{f"{key}_id": parent.pk}).select_related("history_user").order_by("history_date", "history_id")
    links = [f.name for f in model._meta.fields if f.is_relation]
    names = {row.pk: str(row) for row in model._base_manager.select_related(*links).filter(**{key: parent})}
    return [(model._meta.verbose_name, names.get(change.row.id, ""), change) for change in changes(rows)][::-1]


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
    list_display = ("title", "code", "issuer", "issued", in_words(SourceDocument, "budget_year"), "text_attached")
    list_filter = ("issuer", FiscalYearFilter.by("budget_year", _("budget year")))
    search_fields = ("code", "title", "issuer")
    fields = ("code", "title", "issuer", "issued", "budget_year", "sha256")

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(has_text=Exists(SourceText.objects.filter(document=OuterRef("pk"))))

    @admin.display(description=_("text attached"), boolean=True)
    def text_attached(self, document):
        return document.has_text


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
        in_words(Programme, "start_fiscal_year"),
        in_words(Programme, "end_fiscal_year"),
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
    list_filter = ("document", "part", OrganisationFilter.by("programme__lead"))
    search_fields = ("code", "quote", "programme__code", "programme__display_title")
    autocomplete_fields = ("document", "programme")
    fields = ("code", "document", "programme", "part", "line_from", "line_to", "quote")
