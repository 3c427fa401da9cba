"""When a fiscal year's results can no longer be entered, and for whom they can be after all (DOMAIN §6)."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from budget.fiscal import fiscal_year_name
from budget.known import TrackedHistory
from budget.models import Organisation


class EntryLockManager(models.Manager):
    def get_by_natural_key(self, fiscal_year):
        return self.get(fiscal_year=fiscal_year)


class EntryLock(models.Model):
    """A fiscal year is locked for entry, or was and is open again; its history tells every turn. One row a year."""

    fiscal_year = models.PositiveSmallIntegerField(
        _("fiscal year"), unique=True, error_messages={"unique": _("This year has a lock already.")}
    )
    locked = models.BooleanField(
        _("locked for entry"),
        default=True,
        help_text=_("Officials can no longer enter or submit results of this year; reviewers still decide."),
    )
    reason = models.TextField(_("reason"), help_text=_("Whoever cannot save any more reads it, and the history keeps it."))
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+", verbose_name=_("locked or opened by")
    )
    set_at = models.DateTimeField(_("locked or opened at"), editable=False)

    objects = EntryLockManager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("lock of a fiscal year")
        verbose_name_plural = _("locks of fiscal years")
        ordering = ("-fiscal_year",)
        constraints = (
            models.CheckConstraint(
                name="kpis_lock_is_set_with_a_reason",
                condition=~Q(reason=""),
                violation_error_message=_("A year is locked, or opened again, with a reason."),
            ),
        )

    def __str__(self):
        return fiscal_year_name(self.fiscal_year)

    def natural_key(self):
        return (self.fiscal_year,)

    natural_key.dependencies = ["accounts.user"]

    @property
    def in_words(self) -> str:
        """Who locked the year, when and why: what is said to whoever can no longer save."""
        words = {"year": self, "by": self.set_by, "at": localize(timezone.localtime(self.set_at)), "reason": self.reason}
        return gettext("Results of %(year)s are locked for entry: by %(by)s on %(at)s. Reason: %(reason)s") % words


def holds_on(day: date, through: str = "") -> Q:
    """Whether an exception from a lock, looked at `through` a relation, is in force on a day: its last day counts."""
    return Q(**{f"{through}until_on__gte": day})


class LockExceptionQuerySet(models.QuerySet):
    def get_by_natural_key(self, fiscal_year, organisation):
        return self.get(lock__fiscal_year=fiscal_year, organisation__code=organisation)

    def on(self, day: date):
        """Exceptions in force on a day."""
        return self.filter(holds_on(day))


class LockException(models.Model):
    """An administrator lets an organisation, and all below it, enter results of a locked year until a day."""

    lock = models.ForeignKey(EntryLock, models.PROTECT, related_name="exceptions", verbose_name=_("lock"))
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        verbose_name=_("organisation"),
        help_text=_("It and all below it, for the programmes that they answer for."),
    )
    until_on = models.DateField(_("until"), help_text=_("The last day on which results are entered and submitted."))
    reason = models.TextField(_("reason"))
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+", verbose_name=_("granted by"))
    granted_at = models.DateTimeField(_("granted at"), editable=False)

    objects = LockExceptionQuerySet.as_manager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("exception from a lock")
        verbose_name_plural = _("exceptions from locks")
        ordering = ("lock", "organisation")
        constraints = (
            models.UniqueConstraint(
                name="kpis_lock_excepts_an_organisation_once",
                fields=["lock", "organisation"],
                violation_error_message=_("This organisation has an exception already: move its last day."),
            ),
            models.CheckConstraint(
                name="kpis_lock_exception_has_a_reason",
                condition=~Q(reason=""),
                violation_error_message=_("An exception is granted with a reason."),
            ),
        )

    def __str__(self):
        return f"{self.lock}: {self.organisation}"

    def natural_key(self):
        return (self.lock.fiscal_year, self.organisation.code)

    natural_key.dependencies = ["kpis.entrylock", "budget.organisation", "accounts.user"]
