"""Who works with the system: users, the postings that say where and as what, and the reminders that were sent to them."""

from datetime import date

from django.contrib.auth import models as auth_models
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.roles import Role
from budget.history import explain
from budget.known import TrackedHistory
from budget.models import Organisation, Tree


class UserManager(BaseUserManager):
    def create_user(self, username, password=None, **fields):
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who logs in. What the person may do is said by today's postings; who leaves is deactivated, never deleted."""

    username = models.CharField(
        _("user name"),
        max_length=150,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("This user name is taken.")},
    )
    name = models.CharField(_("name"), max_length=100)
    email = models.EmailField(_("email address"), blank=True)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Who leaves is deactivated, never deleted."))
    joined_at = models.DateTimeField(_("joined at"), default=timezone.now, editable=False)

    # Users of fixtures/demo; their passwords stand in the README.
    DEMONSTRATION_PREFIX = "demo-"

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = UserManager()
    history = TrackedHistory(excluded_fields=["password", "last_login"])

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("username",)

    def __str__(self):
        return self.name or self.username

    def save(self, **options):
        """Save, and tell a new password in the history; a log-in and a renewed hash of the same password are not told."""
        written = set(options.get("update_fields") or ())
        if written and written <= {"password", "last_login"}:
            self.skip_history_when_saving = True
            try:
                return super().save(**options)
            finally:
                del self.skip_history_when_saving
        if self._password is not None and not self._state.adding and not getattr(self, "_change_reason", None):
            explain(self, reason=str(_("password set")))
        return super().save(**options)

    def get_short_name(self):
        return self.name

    @property
    def is_of_demonstration(self) -> bool:
        return self.username.startswith(self.DEMONSTRATION_PREFIX)

    def postings_on(self, day: date) -> list["Posting"]:
        """The user's postings in force on a day, read once for each instance and day."""
        kept = self.__dict__.setdefault("_postings", {})
        if day not in kept:
            kept[day] = list(self.postings.on(day))
        return kept[day]

    def keep_postings(self, day: date, postings: list["Posting"]) -> None:
        """Let those who read the user together with the postings of a day say them."""
        self.__dict__.setdefault("_postings", {})[day] = postings

    def roles_on(self, day: date) -> set[str]:
        return {posting.role for posting in self.postings_on(day)}

    @cached_property
    def tree(self) -> Tree:
        """All organisations as they are now, read once for each instance: its postings and a page's form look at the same ones."""
        return Tree()

    def organisation_ids_on(self, day: date, role: str) -> set[int]:
        """The organisations that the user works for in a role: those of the postings and all below them; none once deactivated.

        Read once for each instance, day and role.
        """
        kept = self.__dict__.setdefault("_organisations", {})
        if (day, role) not in kept:
            roots = [posting.organisation_id for posting in self.postings_on(day) if posting.role == role and self.is_active]
            kept[day, role] = self.tree.below_all(roots) if roots else set()
        return kept[day, role]

    @property
    def is_staff(self) -> bool:
        """Whether the admin opens: any posting in force today."""
        return self.is_active and bool(self.postings_on(timezone.localdate()))

    def get_all_permissions(self, obj=None) -> set[str]:
        return auth_models._user_get_permissions(self, obj, "all")

    def has_perm(self, perm: str, obj=None) -> bool:
        return auth_models._user_has_perm(self, perm, obj)

    def has_perms(self, perm_list, obj=None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return auth_models._user_has_module_perms(self, app_label)


class PostingQuerySet(models.QuerySet):
    def get_by_natural_key(self, username, organisation, role, from_on):
        return self.get(user__username=username, organisation__code=organisation, role=role, from_on=from_on)

    def on(self, day: date):
        """Postings in force on a day: the first and the last day both count."""
        return self.filter(Q(to_on=None) | Q(to_on__gte=day), from_on__lte=day)


class Posting(models.Model):
    """A user works for an organisation in a role, from a day to a day."""

    user = models.ForeignKey(User, models.PROTECT, related_name="postings", verbose_name=_("user"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="postings", verbose_name=_("organisation"))
    role = models.CharField(_("role"), max_length=20, choices=Role)
    from_on = models.DateField(_("first day"))
    to_on = models.DateField(pgettext_lazy("posting", "last day"), null=True, blank=True)

    objects = PostingQuerySet.as_manager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        ordering = ("user", "from_on")
        constraints = (
            models.CheckConstraint(
                name="accounts_posting_does_not_end_before_it_starts",
                condition=Q(to_on=None) | Q(to_on__gte=F("from_on")),
                violation_error_message=_("A posting cannot end before it starts."),
            ),
            models.UniqueConstraint(
                name="accounts_posting_is_told_once",
                fields=["user", "organisation", "role", "from_on"],
                violation_error_message=_("This posting is already there."),
            ),
        )

    def __str__(self):
        return f"{self.user}: {self.organisation} {self.get_role_display()}"

    def natural_key(self):
        return (self.user.username, self.organisation.code, self.role, self.from_on)

    natural_key.dependencies = ["accounts.user", "budget.organisation"]


class SentReminderManager(models.Manager):
    def get_by_natural_key(self, username, sent_on):
        return self.get(user__username=username, sent_on=sent_on)


class SentReminder(models.Model):
    """The reminder that a user was sent for a day, as it was sent. One a day: what stands here is not sent again."""

    user = models.ForeignKey(User, models.PROTECT, related_name="reminders", verbose_name=_("user"))
    sent_on = models.DateField(_("day of the reminder"))
    address = models.EmailField(_("email address"))
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"))

    objects = SentReminderManager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("sent reminder")
        verbose_name_plural = _("sent reminders")
        ordering = ("-sent_on", "user")
        constraints = (
            models.UniqueConstraint(
                name="accounts_reminder_is_sent_once_a_day",
                fields=["sent_on", "user"],
                violation_error_message=_("This user was reminded on that day already."),
            ),
        )

    def __str__(self):
        return f"{self.sent_on} {self.user}"

    def natural_key(self):
        return (self.user.username, self.sent_on)

    natural_key.dependencies = ["accounts.user"]
