"""The base of every admin page: every write is told in the history with user and reason, and nobody's edit is lost.

A page shows a version of its object and of the rows of its inlines: the newest history rows there were. While a form is being saved the row
is locked; where somebody saved another version meanwhile, nothing is saved, and the page comes back with what changed and with the
user's own input. Nothing is ever deleted.
"""

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, router, transaction
from django.forms import Textarea, TextInput
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from budget.admin.lists import UncountedChangeList, UncountedPaginator, in_words, is_year
from budget.forms import Choice, DayField, FigureField, FiscalYearField, ReasonForm, RowForm
from budget.history import Version, changes, changes_of, explain


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


class OnlyShown:
    """A page, or rows of a page, that only shows: what is there is written by steps or commands."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


class _Inline(_Fields):
    form = RowForm
    extra = 1
    can_delete = False


class StackedRecordInline(_Inline, admin.StackedInline):
    """Rows one below the other, with room for the help beside each field."""


class RecordInline(_Inline, admin.TabularInline):
    """Rows as a table."""

    def formfield_for_dbfield(self, db_field, request, **options):
        formfield = super().formfield_for_dbfield(db_field, request, **options)
        if formfield:  # a table's cell has no label of its own
            formfield.widget.attrs["aria-label"] = str(formfield.label)
        return formfield


class RecordAdmin(_Fields, admin.ModelAdmin):
    """An admin page whose every save is told in the history with user and reason."""

    form = ReasonForm
    asks_why = True  # whether the form asks for the reason of the change
    actions = None
    paginator = UncountedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    list_per_page = 50
    save_on_top = False

    def get_changelist(self, request, **options):
        return UncountedChangeList

    def get_list_display(self, request):
        return [self._only_read(name) for name in super().get_list_display(request)]

    # --- The form -------------------------------------------------------------------------------------------------------------------

    def get_readonly_fields(self, request, obj=None):
        """A code never changes: it is an address, the key of files and of fixtures."""
        names = super().get_readonly_fields(request, obj)
        return (*names, "code") if obj and any(field.name == "code" for field in self.opts.fields) else names

    def get_fields(self, request, obj=None):
        return [name for name in super().get_fields(request, obj) if name not in ("change_reason", "version")]

    def sections(self, request, obj=None):
        """The fieldsets without the reason."""
        return super().get_fieldsets(request, obj)

    def get_fieldsets(self, request, obj=None):
        """The sections; who may only read sees years, days and figures in words, who may write is asked why."""
        fieldsets = self.sections(request, obj)
        if self.has_change_permission(request, obj) if obj else self.has_add_permission(request):
            why = (_("change"), {"fields": ["change_reason", "version"]}) if self.asks_why else (None, {"fields": ["version"]})
            return [*fieldsets, why]
        return [(title, {**options, "fields": [self._only_read(name) for name in options["fields"]]}) for title, options in fieldsets]

    def _only_read(self, name):
        if isinstance(name, (list, tuple)):
            return [self._only_read(each) for each in name]
        field = next((f for f in self.opts.fields if f.name == name), None)
        if field and (is_year(field) or type(field) in (models.DateField, models.DecimalField, models.BooleanField)):
            return in_words(self.model, name)
        return name

    def get_form(self, request, obj=None, change=False, **options):
        form = super().get_form(request, obj, change=change, **options)
        form.version_now = str(obj.version) if obj else ""
        return form

    def reason_of(self, form) -> str:
        asked = form.cleaned_data.get("change_reason") if self.asks_why else ""
        return asked or str(_("entered in the admin"))

    # --- Saving ---------------------------------------------------------------------------------------------------------------------

    def changeform_view(self, request, *arguments, **options):
        try:
            return super().changeform_view(request, *arguments, **options)
        except IntegrityError:
            # Somebody saved what this form may not repeat, between its check and its save. A second look finds it and says so.
            self.forget_what_was_locked(request)
            return super().changeform_view(request, *arguments, **options)
        except PermissionDenied:
            if answer := self._came_too_late(request, *arguments, **options):
                return answer
            raise

    def forget_what_was_locked(self, request) -> None:
        """What a page keeps of its transaction beside the object, now that it is rolled back."""

    def get_object(self, request, object_id, from_field=None):
        """The object with its `version`. While a form is being saved its row is locked, and both are read after the lock.

        For a page the version is read before what it shows: one that is older than that costs a needless question, a newer one an edit.
        """
        found = super().get_object(request, object_id, from_field)
        if found is None:
            return None
        if request.method == "POST" and transaction.get_connection(router.db_for_write(self.model)).in_atomic_block:
            found = self.get_queryset(request).select_for_update(of=("self",)).get(pk=found.pk)
            for inline in self.get_inline_instances(request, found):  # some rows have a page of their own beside this one
                list(_belonging(inline.model._base_manager, inline.model, found, inline.fk_name).order_by("pk").select_for_update())
            found.version = self.version_of(request, found)
            return found
        version = self.version_of(request, found)
        found = self.get_queryset(request).get(pk=found.pk)
        found.version = version
        return found

    def save_model(self, request, obj, form, change):
        """Save what the form changed. A form that changed nothing leaves no row in the history."""
        if change and not self.has_changed(form):
            return
        explain(obj, reason=self.reason_of(form), by=request.user)
        super().save_model(request, obj, form, change)

    def has_changed(self, form) -> bool:
        """Whether the form changes a column of the row."""
        return bool(set(form.changed_data) & {field.name for field in self.opts.fields})

    def save_formset(self, request, form, formset, change):
        for row in formset.save(commit=False):
            explain(row, reason=self.reason_of(form), by=request.user)
            row.save()
        formset.save_m2m()

    # --- What changed ---------------------------------------------------------------------------------------------------------------

    def version_of(self, request, obj) -> Version:
        """The version of the object and of the rows of its inlines that a page shows now."""
        return Version.of(obj, [_rows_of(inline.model, obj, inline.fk_name) for inline in self.get_inline_instances(request, obj)])

    def told_of(self, request, obj) -> list[tuple]:
        """(kind, name, change) of all changes of the object and of the rows of its inlines, the newest first."""
        told = [(self.opts.verbose_name, "", change) for change in changes_of(obj)]
        for inline in self.get_inline_instances(request, obj):
            told += _changes_of_rows(inline, obj)
        return sorted(told, key=lambda entry: entry[2].at, reverse=True)

    def told_beside(self, request, obj) -> list[tuple]:
        """Changes of what a page shows beside the object, which its version covers too."""
        return []

    def _told_since(self, request, obj, seen: Version) -> list[tuple]:
        told = [*self.told_of(request, obj), *self.told_beside(request, obj)]
        return sorted((entry for entry in told if seen.is_older_than(entry[2].row)), key=lambda entry: entry[2].at, reverse=True)

    def is_within_reach(self, request, obj) -> bool:
        """Whether the object would be the user's to change, were it open to changes."""
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def why_closed(self, request, obj) -> str:
        """What closes the object to changes besides its own state, in words; '' where nothing does."""
        return ""

    def _came_too_late(self, request, object_id=None, *_arguments, **_options) -> TemplateResponse | None:
        """For who wrote on a page that was closed to changes meanwhile: what happened, and what they wrote. None for everybody else."""
        sent = request.POST.get("version", "")
        found = self.get_object(request, unquote(object_id)) if object_id and sent else None
        why = found and self.why_closed(request, found)
        if found is None or (sent == str(found.version) and not why) or not self.is_within_reach(request, found):
            return None
        labels = {field.name: field.verbose_name for field in self.opts.fields}
        for inline in self.get_inline_instances(request, found):
            labels |= {field.name: field.verbose_name for field in inline.model._meta.fields if field.name != "id"}
        written = [(labels.get(name.rpartition("-")[2]), value) for name, value in request.POST.items() if value]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Not saved: this was closed to changes meanwhile"),
            "opts": self.opts,
            "why_closed": why,
            "object": found,
            "changes": self._told_since(request, found, Version.read(sent)),
            "written": [(label, value) for label, value in written if label],
        }
        return TemplateResponse(request, "admin/came_too_late.html", context, status=409)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        form = context["adminform"].form
        if getattr(form, "is_stale", False):
            seen = Version.read(form.data.get("version", ""))
            context["changed_meanwhile"] = self._told_since(request, obj, seen)
            rows = [row for inline in context["inline_admin_formsets"] for row in inline.formset.initial_forms]
            for one in (form, *rows):
                one.take_over_what_only_others_changed(seen)
            form.data["version"] = form.version_now
        return super().render_change_form(request, context, add, change, form_url, obj)

    def history_view(self, request, object_id, extra_context=None):
        """All changes of the object and of the rows of its inlines, in words, the newest first."""
        found = self.get_object(request, unquote(object_id))
        if found is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, found):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("History: %s") % found,
            "subtitle": None,
            "opts": self.opts,
            "object": found,
            "changes": self.told_of(request, found),
            "has_view_permission": True,
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template or "admin/object_history.html", context)


def _rows_of(model: type[models.Model], parent: models.Model, link: str | None) -> models.QuerySet:
    """The history of the rows that belong to an object; `link` names the foreign key where there are two."""
    return _belonging(model.history, model, parent, link)


def _belonging(rows, model: type[models.Model], parent: models.Model, link: str | None) -> models.QuerySet:
    link = link or next(f.name for f in model._meta.fields if f.related_model is type(parent))
    return rows.filter(**{f"{link}_id": parent.pk})


def _changes_of_rows(inline: admin.TabularInline, parent: models.Model) -> list[tuple]:
    """(kind, name, change) of all rows of an inline, with as many queries for many rows as for one."""
    model = inline.model
    rows = list(_rows_of(model, parent, inline.fk_name).select_related("history_user").order_by("history_date", "history_id"))
    links = [f.name for f in model._meta.fields if f.is_relation]
    names = {row.pk: str(row) for row in model._base_manager.select_related(*links).filter(pk__in={row.id for row in rows})}
    return [(model._meta.verbose_name, names.get(change.row.id, ""), change) for change in changes(rows)][::-1]
