"""The admin of users, postings and sent reminders, for administrators; auditors read it."""

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.forms import NewUserForm
from accounts.models import Posting, SentReminder, User
from budget.admin.lists import OrganisationFilter, in_words
from budget.admin.records import OnlyShown, RecordAdmin, RecordInline
from budget.forms import ReasonForm

admin.site.unregister(Group)  # permissions come from postings


class PostingInline(RecordInline):
    model = Posting
    autocomplete_fields = ("organisation",)
    fields = ("organisation", "role", "from_on", "to_on")


@admin.register(User)
class UserAdmin(RecordAdmin, auth_admin.UserAdmin):
    form = ReasonForm
    add_form = NewUserForm
    list_display = ("username", "name", "email", "is_active", "postings_today")
    list_filter = ("is_active", "postings__role")
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

    @admin.display(description=_("postings today"))
    def postings_today(self, user):
        return "、".join(f"{posting.organisation} {posting.get_role_display()}" for posting in user.in_force)


class InForceFilter(admin.SimpleListFilter):
    """Postings in force today, or not."""

    title = _("in force today")
    parameter_name = "in_force"

    def lookups(self, request, model_admin):
        return [("yes", _("yes")), ("no", _("no"))]

    def queryset(self, request, queryset):
        today = Posting.objects.on(timezone.localdate()).values("pk")
        match self.value():
            case "yes":
                return queryset.filter(pk__in=today)
            case "no":
                return queryset.exclude(pk__in=today)
        return queryset


@admin.register(Posting)
class PostingAdmin(RecordAdmin):
    list_display = ("user", "organisation", "role", in_words(Posting, "from_on"), in_words(Posting, "to_on"))
    list_select_related = ("user", "organisation")
    list_filter = (InForceFilter, "role", OrganisationFilter.by("organisation"))
    search_fields = ("user__username", "user__name", "organisation__code", "organisation__name")
    autocomplete_fields = ("user", "organisation")
    fields = ("user", "organisation", "role", "from_on", "to_on")


@admin.register(SentReminder)
class SentReminderAdmin(OnlyShown, RecordAdmin):
    """What was sent to whom. `send_reminders` alone writes it."""

    list_display = (in_words(SentReminder, "sent_on"), "user", "address", "subject")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__name", "address")
    ordering = ("-sent_on", "-user")
    fields = ("user", "sent_on", "address", "subject", "text")
