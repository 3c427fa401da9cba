"""The admin of users, postings and sent reminders, for administrators; auditors read it.

Many postings change at once by the reshuffle: `accounts.reshuffle` is its rule, the page shows what it comes to and asks.
"""

from datetime import date

from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Group
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import Prefetch
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import postings_file, reshuffle
from accounts.forms import NewUserForm, ReshuffleForm
from accounts.models import Posting, SentReminder, User
from accounts.postings_file import Refused
from accounts.reshuffle import Outdated, Plan
from budget.admin.lists import DayFilter, OrganisationFilter, in_words
from budget.admin.records import OnlyShown, RecordAdmin, RecordInline
from budget.forms import ReasonForm
from budget.held import held, hold
from budget.models import Organisation
from budget.table import csv_lines

admin.site.unregister(Group)  # permissions come from postings


class PostingInline(RecordInline):
    model = Posting
    autocomplete_fields = ("organisation",)
    fields = ("organisation", "role", "from_on", "to_on")


class PasswordFilter(admin.SimpleListFilter):
    """Users who were given no password yet."""

    title = gettext_lazy("password")
    parameter_name = "log_in"

    def lookups(self, request, model_admin):
        return [("none", _("users without a password"))]

    def queryset(self, request, queryset):
        return queryset.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX) if self.value() == "none" else queryset


@admin.register(User)
class UserAdmin(RecordAdmin, auth_admin.UserAdmin):
    form = ReasonForm
    add_form = NewUserForm
    list_display = ("username", "name", "email", "is_active", "postings_today")
    list_filter = ("is_active", PasswordFilter, "postings__role")
    search_fields = ("username", "name", "email")
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = ("joined_at",)
    fieldsets = ((None, {"fields": ("username", "name", "email", "is_active", "joined_at")}),)
    add_fieldsets = ((None, {"fields": ("username", "name", "email", "password1", "password2")}),)
    inlines = (PostingInline,)

    def get_queryset(self, request):
        today = Posting.objects.on(timezone.localdate()).select_related("organisation")
        return super().get_queryset(request).prefetch_related(Prefetch("postings", today, to_attr="in_force"))

    @admin.display(description=gettext_lazy("postings today"))
    def postings_today(self, user):
        return "、".join(f"{posting.organisation} {posting.get_role_display()}" for posting in user.in_force)


@admin.register(Posting)
class PostingAdmin(RecordAdmin):
    list_display = ("user", "organisation", "role", in_words(Posting, "from_on"), in_words(Posting, "to_on"))
    list_select_related = ("user", "organisation")
    list_filter = (DayFilter, "role", OrganisationFilter.by("organisation"))
    search_fields = ("user__username", "user__name", "organisation__code", "organisation__name")
    autocomplete_fields = ("user", "organisation")
    fields = ("user", "organisation", "role", "from_on", "to_on")

    def get_urls(self):
        view = self.admin_site.admin_view(self.reshuffle_view)
        return [path("reshuffle/", view, name="accounts_posting_reshuffle"), *super().get_urls()]

    def may_reshuffle(self, request) -> bool:
        return request.user.has_perms(("accounts.add_user", "accounts.add_posting", "accounts.change_posting"))

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {**(extra_context or {}), "may_reshuffle": self.may_reshuffle(request)})

    # --- The reshuffle ----------------------------------------------------------------------------------------------------------------

    def reshuffle_view(self, request):
        """Download the postings of a day, tell what a file of them changes, and carry out what was shown.

        Nothing is kept between the pages: the one that tells holds the file, signed for an hour and for this user.
        """
        if not self.may_reshuffle(request):
            raise PermissionDenied
        if "_confirm" in request.POST:
            return self._confirm(request)
        if request.method != "POST":
            return self._reshuffle_page(request, ReshuffleForm())
        form = ReshuffleForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._reshuffle_page(request, form, status=422)
        on, scope, file = (form.cleaned_data[name] for name in ("on", "scope", "file"))
        if "_download" in request.POST:
            name = f"postings-{on.isoformat()}.csv"
            content = csv_lines(postings_file.COLUMNS, reshuffle.postings_from(on, scope))
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return HttpResponse(b"".join(content), content_type="text/csv; charset=utf-8", headers=headers)
        if not file:
            form.add_error("file", form.fields["file"].error_messages["required"])
            return self._reshuffle_page(request, form, status=422)
        content = file.read(postings_file.LARGEST + 1)
        try:
            lines = postings_file.lines_of(content)
            plan = reshuffle.plan_of(lines, on=on, today=timezone.localdate(), scope=scope, by=request.user)
        except Refused as error:
            return self._reshuffle_page(request, form, refusals=error.refusals, status=422)
        sent = {"name": file.name, "text": content.decode("utf-8-sig"), "on": on.isoformat(), "scope": scope.code if scope else None}
        return self._preview(request, plan, scope, sent)

    def _confirm(self, request):
        """Carry out the plan that the page showed. Where it is no longer the plan, the new one is shown and nothing is written."""
        try:
            sent = held(request.POST.get("plan", ""), of="accounts.reshuffle", by=request.user)
        except signing.SignatureExpired:
            return self._start_again(request, _("More than an hour went by since you were shown what changes. Nothing is saved."))
        except signing.BadSignature:
            return self._start_again(request, _("This is not what you were shown. Nothing is saved."))
        on, scope = date.fromisoformat(sent["on"]), None
        if sent["scope"] is not None:
            scope = Organisation.objects.filter(code=sent["scope"]).first()
            if scope is None:
                return self._start_again(request, _("The organisation is no longer there. Nothing is saved."))
        lines = postings_file.lines_of(sent["text"].encode())
        reason = _("postings file %(name)s") % {"name": sent["name"]}
        try:
            plan = reshuffle.carry_out(
                lines, on=on, today=timezone.localdate(), scope=scope, by=request.user, shown=sent["shown"], reason=reason
            )
        except Outdated as error:
            return self._preview(request, error.plan, scope, sent, is_outdated=True)
        except Refused as error:
            form = ReshuffleForm(initial={"on": on, "scope": sent["scope"] or ReshuffleForm.EVERYWHERE})
            return self._reshuffle_page(request, form, refusals=error.refusals, is_outdated=True, status=409)
        except IntegrityError:  # the same user was made by somebody else while these were being saved
            return self._start_again(request, _("Somebody made one of these users or postings just now. Nothing is saved."))
        told = {"begin": len(plan.begins), "move": len(plan.moves), "end": len(plan.ends)}
        messages.success(request, _("%(begin)s postings begin, %(move)s have another last day, %(end)s end.") % told)
        if plan.new_users:
            address = reverse("admin:accounts_user_changelist", query={PasswordFilter.parameter_name: "none"})
            told = _("%(n)s new users cannot log in before they are given a password:") % {"n": len(plan.new_users)}
            messages.warning(request, format_html('{} <a href="{}">{}</a>', told, address, _("users without a password")))
        return HttpResponseRedirect(reverse("admin:accounts_posting_changelist", query={"on": on.isoformat()}))

    def _preview(self, request, plan: Plan, scope: Organisation | None, sent: dict, is_outdated=False):
        """The page that tells what the file changes, and asks for a word."""
        more = {
            "plan": plan,
            "held": hold({**sent, "shown": plan.fingerprint}, of="accounts.reshuffle", by=request.user),
            "name": sent["name"],
            "scope": scope or _("all organisations"),
            "lists": _lists_of(plan),
            "is_outdated": is_outdated,
            "has_passed": plan.on < timezone.localdate(),
        }
        return self._reshuffle_page(request, None, **more, status=409 if is_outdated else 200)

    def _start_again(self, request, why: str):
        messages.error(request, why)
        return self._reshuffle_page(request, ReshuffleForm(), status=422)

    def _reshuffle_page(self, request, form, *, status=200, **more):
        context = {**self.admin_site.each_context(request), "title": _("Reshuffle of postings"), "opts": self.opts, "form": form, **more}
        return TemplateResponse(request, "admin/accounts/posting/reshuffle.html", context, status=status)


def _lists_of(plan: Plan) -> list[dict]:
    """The postings of a plan as its page lists them: each with the last day that it gets, and the one that it had."""
    return [
        {"code": "begins", "title": _("Begin"), "rows": [(posting, posting.to_on, None) for posting in plan.begins]},
        {"code": "ends", "title": _("End, for the file does not name them"), "rows": _moved(plan.ends), "moves": True},
        {"code": "moves", "title": _("Get another last day"), "rows": _moved(plan.moves), "moves": True},
        {"code": "goes-on", "title": _("Go on"), "rows": [(posting, posting.to_on, None) for posting in plan.goes_on]},
    ]


def _moved(changes) -> list[tuple]:
    return [(change.posting, change.to_on, change.posting.to_on) for change in changes]


@admin.register(SentReminder)
class SentReminderAdmin(OnlyShown, RecordAdmin):
    """What was sent to whom. `send_reminders` alone writes it."""

    list_display = (in_words(SentReminder, "sent_on"), "user", "address", "subject")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__name", "address")
    ordering = ("-sent_on", "-user")
    fields = ("user", "sent_on", "address", "subject", "text")
