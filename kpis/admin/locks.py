"""The admin of locks: administrators lock a fiscal year for entry, open it again and grant exceptions; all others read them."""

from datetime import timedelta

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from budget.admin.lists import in_words, who_and_when
from budget.admin.records import RecordAdmin, StackedRecordInline
from budget.forms import ReasonForm, RowForm
from budget.history import explain
from kpis import locks
from kpis.models import EntryLock, LockException

_YEAR = in_words(EntryLock, "fiscal_year")


class LockForm(ReasonForm):
    def clean(self):
        cleaned = super().clean()
        if not self.instance._state.adding and "locked" in self.changed_data and "reason" not in self.changed_data:
            self.add_error("reason", _("Say why: what stands here was said of the turn before."))
        return cleaned


class LockExceptionForm(RowForm):
    def clean_until_on(self):
        day = self.cleaned_data["until_on"]
        if "until_on" in self.changed_data and day < timezone.localdate():
            raise ValidationError(_("This day has passed: the exception would open nothing."))
        return day

    def clean(self):
        cleaned = super().clean()
        if not self.instance._state.adding:
            if "organisation" in self.changed_data:
                self.add_error("organisation", _("An exception stays that of its organisation. Add another one."))
            if "until_on" in self.changed_data and "reason" not in self.changed_data:
                self.add_error("reason", _("Say why: what stands here was said of the day before."))
        return cleaned


class LockExceptionInline(StackedRecordInline):
    model = LockException
    form = LockExceptionForm
    autocomplete_fields = ("organisation",)
    fields = ("organisation", "until_on", "reason", "granted")
    readonly_fields = ("granted",)

    @admin.display(description=_("granted"))
    def granted(self, exception):
        return who_and_when(exception.granted_by, exception.granted_at) if exception.pk else admin.site.empty_value_display


@admin.register(EntryLock)
class EntryLockAdmin(RecordAdmin):
    form = LockForm
    asks_why = False  # a lock and an exception say their reasons themselves
    list_display = (_YEAR, "locked", "reason", "set")
    list_select_related = ("set_by",)
    ordering = ("-fiscal_year",)
    readonly_fields = (_YEAR, "set")
    inlines = (LockExceptionInline,)

    def sections(self, request, obj=None):
        return [(None, {"fields": (_YEAR, "locked", "reason", "set") if obj else ("fiscal_year", "locked", "reason")})]

    def reason_of(self, form):
        return form.cleaned_data["reason"]

    def save_model(self, request, obj, form, change):
        locks.wait_for_entries()
        if self.has_changed(form):
            obj.set_by, obj.set_at = request.user, timezone.now()
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        lock, today = form.instance, timezone.localdate()
        if not lock.locked:  # another lock of the year is a new one: nobody is excepted from it yet, whatever this form said
            for exception in lock.exceptions.on(today):
                exception.until_on = today - timedelta(days=1)
                explain(exception, reason=lock.reason, by=request.user)
                exception.save()

    def save_formset(self, request, form, formset, change):
        for exception in formset.save(commit=False):
            exception.granted_by, exception.granted_at = request.user, timezone.now()
            explain(exception, reason=exception.reason, by=request.user)
            exception.save()
        formset.save_m2m()

    @admin.display(description=_("locked or opened"))
    def set(self, lock):
        return who_and_when(lock.set_by, lock.set_at)
