"""What the spending should achieve: outcome targets, their milestones, and the progress reported on them."""

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from budget.fiscal import calendar_year_name, fiscal_year_name, last_day
from budget.known import TrackedHistory
from budget.models import Programme, SourcePassage
from kpis import deadlines, measures, status
from kpis.choices import OVERDUE, Accumulation, Comparator, DeadlineKind, Grade, Kind, Level, NoDeadline, ReportState, Term


def _all_or_none(*fields: str) -> Q:
    return Q(**{f"{field}__isnull": True for field in fields}) | Q(**{f"{field}__isnull": False for field in fields})


def _measure(name, **options):
    """A figure: 15 digits, 4 of them decimals (DOMAIN §3)."""
    return models.DecimalField(name, max_digits=15, decimal_places=4, null=True, blank=True, **options)


def start_of_day(day: date) -> datetime:
    """The moment at which a day begins in Asia/Tokyo."""
    return timezone.make_aware(datetime.combine(day, time.min))


# More cannot be meant, and leaves the calendar.
MOST_YEARS_AFTER = 100


def programmes_reported_by(user, on: date) -> models.QuerySet[Programme]:
    """The programmes on which the user, as an official, reports on a day: lead and co-responsible organisations both answer for one."""
    if not user.is_authenticated:
        return Programme.objects.none()
    return Programme.objects.answered_for_by(user.organisation_ids_on(on, Role.OFFICIAL))


def with_status(targets: models.QuerySet, on: date, shown: models.QuerySet | None = None) -> models.QuerySet:
    """The status on a day of `targets`, or of history rows of targets: by their terms, and the results that are recorded."""
    return status.annotate(
        targets,
        on=on,
        reports=ProgressReport.objects.all(),
        milestones=YearlyMilestone.objects.all(),
        evidence=Evidence.objects.all(),
        closed_misses=ClosedMiss.objects.closed_on(on),
        results_due=settings.SEIKA_RESULTS_DUE,
        shown=shown,
    )


def stands_on(withdrawn_at: datetime | None, on: date) -> bool:
    """Whether a target stands on a day: it is not withdrawn, or was not yet when the day ended."""
    return withdrawn_at is None or withdrawn_at >= start_of_day(on + timedelta(days=1))


def is_overdue(statuses: tuple[str, ...] = OVERDUE) -> Q:
    """Whether a target that carries its status is overdue: by a miss that nobody closed, or in silence. `statuses` asks for others."""
    return Q(status__in=statuses, miss_closed=False)


def has_no_last_day() -> Q:
    """Whether a target can never be overdue as it stands: it has no last day, and is not judged each year."""
    return Q(due_on=None, each_year=False)


def falls_due(first: date | None, last: date | None) -> Q:
    """Whether a target's last day lies between two days, both included; None is no bound. A target of each year has none that decides."""
    bounds = {"due_on__gte": first, "due_on__lte": last}
    return Q(each_year=False, due_on__isnull=False, **{lookup: day for lookup, day in bounds.items() if day is not None})


class OutcomeTargetQuerySet(models.QuerySet):
    def get_by_natural_key(self, code):
        return self.get(code=code)

    def standing_on(self, on: date):
        """Targets that are not withdrawn, or were not yet on that day: see `stands_on`."""
        return self.filter(Q(withdrawn_at=None) | Q(withdrawn_at__gte=start_of_day(on + timedelta(days=1))))

    def with_status(self, on: date):
        """Each target's status on a day with its marks and inputs; see `kpis.status`."""
        return with_status(self.standing_on(on), on)

    def with_status_where_standing(self, on: date):
        """Also those that are withdrawn: with None for a status, and without its marks."""
        return with_status(self.standing_on(on), on, shown=self)

    def overdue(self, on: date, statuses: tuple[str, ...] = OVERDUE):
        """Targets whose deadline passed with a miss that nobody closed, or in silence.

        `statuses` asks for others that a passed deadline can have.
        """
        return self.filter(status.may_be_overdue(on)).with_status(on).filter(is_overdue(statuses))

    def closed_misses(self, on: date):
        """Targets that missed, and whose miss a reviewer closed."""
        told = self.filter(status.may_be_overdue(on), pk__in=ClosedMiss.objects.closed_on(on).values("target"))
        return told.with_status(on).filter(miss_closed=True)

    def reportable_by(self, user, on: date):
        """Standing targets that the user, as an official, reports on: those of the programmes that the user's organisations answer for."""
        return self.standing_on(on).filter(programme__in=programmes_reported_by(user, on))

    def with_no_last_day(self):
        """Targets that can never be overdue as they stand, with the reason (`NoDeadline`)."""
        reason = models.Case(
            models.When(deadline_kind=DeadlineKind.AFTER_PROGRAMME, then=models.Value(NoDeadline.PROGRAMME_END_NOT_KNOWN)),
            models.When(deadline_kind=DeadlineKind.AFTER_EVENT, then=models.Value(NoDeadline.EVENT_NOT_RECORDED)),
            default=models.Value(NoDeadline.NONE_STATED),
            output_field=models.CharField(),
        )
        return self.filter(has_no_last_day()).annotate(no_deadline=reason)

    def falling_due(self, first: date | None, last: date | None):
        """Targets whose last day lies between two days: see `falls_due`."""
        return self.filter(falls_due(first, last))


class OutcomeTarget(models.Model):
    """One outcome target (成果目標) of a programme, as its document states it: one indicator, one value, one deadline."""

    # What a target commits to. Changing one of these after the fact is a revision and needs a reason.
    TERMS = (
        "kind", "indicator", "comparator", "value", "value_max", "unit", "accumulation", "each_year",
        "deadline_kind", "deadline_year", "deadline_on", "deadline_offset_years", "deadline_through_nth_year", "deadline_event_on",
    )  # fmt: skip

    DERIVED = ("due_on", "due_fy", "first_year", "last_year")
    MARKED = ("deadline_revised", "revised_after_deadline")

    code = models.SlugField(_("target code"), max_length=60, unique=True)
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="targets", verbose_name=_("programme"))
    label = models.CharField(_("item mark"), max_length=20, blank=True)
    level = models.CharField(_("level"), max_length=10, choices=Level, default=Level.OUTCOME)
    term = models.CharField(_("term"), max_length=10, choices=Term, default=Term.UNSTATED)
    kind = models.CharField(_("kind"), max_length=15, choices=Kind)
    statement = models.TextField(_("target statement"), help_text=_("Verbatim, as the source states it."))
    passage = models.ForeignKey(
        SourcePassage, models.PROTECT, null=True, blank=True, related_name="targets", verbose_name=_("source passage")
    )
    indicator = models.CharField(_("indicator"), max_length=300)
    comparator = models.CharField(_("comparator"), max_length=10, blank=True, choices=Comparator)
    comparator_assumed = models.BooleanField(_("comparator is assumed"), default=False)
    approximate = models.BooleanField(_("approximate"), default=False)
    value = _measure(_("target value"))
    value_max = _measure(_("upper value"), help_text=_("Only for a range."))
    unit = models.CharField(_("unit"), max_length=40, blank=True)
    accumulation = models.CharField(_("accumulation"), max_length=15, blank=True, choices=Accumulation)
    accumulation_assumed = models.BooleanField(_("accumulation is assumed"), default=False)
    baseline_value = _measure(_("baseline value"))
    baseline_year = models.PositiveSmallIntegerField(_("baseline year"), null=True, blank=True)

    # The deadline, in the parts that the source states.
    each_year = models.BooleanField(_("each year"), default=False)
    deadline_kind = models.CharField(_("kind of deadline"), max_length=20, choices=DeadlineKind, default=DeadlineKind.NONE)
    deadline_year = models.PositiveSmallIntegerField(_("deadline year"), null=True, blank=True)
    deadline_on = models.DateField(_("deadline day"), null=True, blank=True)
    deadline_offset_years = models.PositiveSmallIntegerField(
        _("years after"), null=True, blank=True, validators=[MaxValueValidator(MOST_YEARS_AFTER)]
    )
    deadline_through_nth_year = models.BooleanField(
        _("through the nth year"), default=False, help_text=_("n年目まで ends the day before the anniversary.")
    )
    deadline_event_on = models.DateField(_("day of the event"), null=True, blank=True)
    deadline_text = models.CharField(_("deadline as stated"), max_length=200, blank=True)
    programme_end_assumed = models.BooleanField(
        _("programme's end is assumed"), default=False, help_text=_("The text may mean the end of each supported project.")
    )

    # DERIVED by `derive()` alone from the parts above, the programme and the source document.
    due_on = models.DateField(_("last day"), null=True, blank=True, editable=False)
    due_fy = models.PositiveSmallIntegerField(_("fiscal year of the deadline"), null=True, blank=True, editable=False)
    first_year = models.PositiveSmallIntegerField(_("first year judged"), null=True, blank=True, editable=False)
    last_year = models.PositiveSmallIntegerField(_("last year judged"), null=True, blank=True, editable=False)
    # Marks of what became of the terms, set by `mark_as_revised()` alone and never taken back. 期限改定: there was another last day;
    # 期限後改定: value, comparator or deadline changed after the last day.
    deadline_revised = models.BooleanField(_("deadline revised"), default=False, editable=False)
    revised_after_deadline = models.BooleanField(_("revised after the deadline"), default=False, editable=False)

    note = models.TextField(_("note"), blank=True, help_text=_("What was in doubt when the source was read."))
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+", verbose_name=_("withdrawn by")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True, editable=False)
    withdrawal_reason = models.TextField(_("reason of the withdrawal"), blank=True, editable=False)

    objects = OutcomeTargetQuerySet.as_manager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("outcome target")
        verbose_name_plural = _("outcome targets")
        ordering = ("code",)
        permissions = (("close_missed_target", _("Can close missed targets")),)
        indexes = (models.Index(fields=["due_on"], name="kpis_target_due_on"),)
        constraints = (
            models.CheckConstraint(
                name="kpis_target_has_what_its_kind_is_judged_by_and_nothing_else",
                condition=(
                    Q(kind=Kind.QUANTITATIVE, value__isnull=False) & ~Q(comparator="") & ~Q(accumulation="")
                    | Q(kind=Kind.QUALITATIVE, value=None, baseline_value=None, comparator="", accumulation="")
                ),
                violation_error_message=_(
                    "A quantitative target has a value, a comparator and an accumulation; a qualitative one has none of them."
                ),
            ),
            models.CheckConstraint(
                name="kpis_target_has_upper_value_only_within_a_range",
                condition=Q(comparator=Comparator.WITHIN, value_max__isnull=False, value_max__gte=F("value"))
                | (~Q(comparator=Comparator.WITHIN) & Q(value_max=None)),
                violation_error_message=_("Only a range has an upper value, not below the lower one."),
            ),
            models.CheckConstraint(
                name="kpis_target_baseline_has_both_value_and_year",
                condition=_all_or_none("baseline_value", "baseline_year"),
                violation_error_message=_("A baseline has both a value and a year."),
            ),
            models.CheckConstraint(
                name="kpis_target_states_the_parts_that_its_kind_of_deadline_needs",
                condition=(
                    Q(
                        deadline_kind__in=(DeadlineKind.FISCAL_YEAR, DeadlineKind.CALENDAR_YEAR, DeadlineKind.PLAN_PERIOD),
                        deadline_year__isnull=False, deadline_on=None, deadline_offset_years=None,
                    )
                    | Q(deadline_kind=DeadlineKind.DATE, deadline_on__isnull=False, deadline_year=None, deadline_offset_years=None)
                    | Q(
                        deadline_kind__in=(DeadlineKind.AFTER_PROGRAMME, DeadlineKind.AFTER_EVENT),
                        deadline_offset_years__isnull=False, deadline_year=None, deadline_on=None,
                    )
                    | Q(deadline_kind=DeadlineKind.NONE, deadline_year=None, deadline_on=None, deadline_offset_years=None)
                ),
                violation_error_message=_(
                    "A deadline has the part that its kind needs and no other: a year, a day, or a number of years after."
                ),
            ),
            models.CheckConstraint(
                name="kpis_target_has_an_event_only_where_its_deadline_counts_from_it",
                condition=Q(deadline_kind=DeadlineKind.AFTER_EVENT) | Q(deadline_event_on=None, deadline_through_nth_year=False),
                violation_error_message=_("Only a deadline that counts from an event has the event's day."),
            ),
            models.CheckConstraint(
                name="kpis_target_nth_year_after_an_event_counts_from_one",
                condition=Q(deadline_through_nth_year=False) | Q(deadline_offset_years__gte=1),
                violation_error_message=_("The nth year after an event counts from 1."),
            ),
            models.CheckConstraint(
                name="kpis_target_deadline_comes_at_most_a_hundred_years_after",
                condition=Q(deadline_offset_years=None) | Q(deadline_offset_years__lte=MOST_YEARS_AFTER),
                violation_error_message=_("A deadline comes at most 100 years after."),
            ),
            models.CheckConstraint(
                name="kpis_target_last_day_and_its_fiscal_year_stand_together",
                condition=_all_or_none("due_on", "due_fy"),
                violation_error_message=_("A last day and its fiscal year stand together."),
            ),
            models.CheckConstraint(
                name="kpis_target_has_judged_years_only_when_each_year",
                condition=Q(each_year=True) | Q(first_year=None, last_year=None),
                violation_error_message=_("Only a target of each year has years that are judged."),
            ),
            models.CheckConstraint(
                name="kpis_target_withdrawal_says_who_when_and_why",
                condition=Q(withdrawn_by=None, withdrawn_at=None, withdrawal_reason="")
                | (Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False) & ~Q(withdrawal_reason="")),
                violation_error_message=_("A withdrawal says who, when and why."),
            ),
        )  # fmt: skip

    def __str__(self):
        return f"{self.code} {self.indicator}"

    def natural_key(self):
        return (self.code,)

    natural_key.dependencies = ["budget.programme", "budget.sourcepassage", "accounts.user"]

    @property
    def stated_deadline(self) -> deadlines.Stated:
        return deadlines.Stated(
            kind=self.deadline_kind,
            year=self.deadline_year,
            day=self.deadline_on,
            offset_years=self.deadline_offset_years,
            event_on=self.deadline_event_on,
            through_nth_year=self.deadline_through_nth_year,
        )

    @property
    def left_open(self) -> list[str]:
        """The terms that the source leaves open, for an official to settle: assumed ones, and the event that the deadline counts from.

        A range is no question of which way is better.
        """
        assumed = [
            name for name in ("comparator", "accumulation") if getattr(self, f"{name}_assumed") and getattr(self, name) != Comparator.WITHIN
        ]
        unrecorded = self.deadline_kind == DeadlineKind.AFTER_EVENT and self.deadline_event_on is None
        return [*assumed, *(["deadline_event_on"] if unrecorded else [])]

    @property
    def derived(self) -> tuple:
        return tuple(getattr(self, column) for column in self.DERIVED)

    @property
    def revisions_marked(self) -> tuple:
        return tuple(getattr(self, column) for column in self.MARKED)

    def derive(self) -> None:
        """Write the derived columns from what is stated. `save()` calls it; bulk loaders call it themselves."""
        stated, programme = self.stated_deadline, self.programme
        resolved = deadlines.resolve(stated, programme.end_fiscal_year)
        self.due_on, self.due_fy = resolved.due_on, resolved.due_fy
        self.first_year = self.last_year = None
        if self.each_year:
            budget_year = self.passage.document.budget_year if self.passage else None
            self.first_year, self.last_year = deadlines.each_year_run(
                stated, programme.start_fiscal_year, programme.end_fiscal_year, budget_year
            )

    @transaction.atomic
    def save(self, **options):
        if self._state.adding:
            # The programme's period may be moving at this moment: who moves it sees this target, or this target sees the new period.
            period = Programme.objects.select_for_update(no_key=True).values("start_fiscal_year", "end_fiscal_year")
            vars(self.programme).update(period.get(pk=self.programme_id))
        self.derive()
        if not self._state.adding:
            self.deadline_revised = self.revised_after_deadline = False
            self.mark_as_revised(OutcomeTarget.objects.get(pk=self.pk), timezone.localdate())
        super().save(**options)

    def mark_as_revised(self, before, today: date) -> None:
        """Write the marks of a revision of what stood `before`. `save()` calls it; bulk loaders call it themselves."""
        passed = before.due_on is not None and before.due_on < today
        self.deadline_revised |= before.deadline_revised or before.due_on not in (None, self.due_on)
        self.revised_after_deadline |= before.revised_after_deadline or (passed and self.changes_value_or_deadline(before))

    def changes_value_or_deadline(self, before) -> bool:
        """Whether value, comparator or deadline differ from those of `before`."""
        return any(getattr(self, field) != getattr(before, field) for field in ("value", "value_max", "comparator", "due_on"))

    @staticmethod
    def deadline_year_in_words(row) -> str:
        """The deadline's year in the history: only its kind says which year it is."""
        name = calendar_year_name if row.deadline_kind == DeadlineKind.CALENDAR_YEAR else fiscal_year_name
        return name(row.deadline_year)

    def clean(self):
        if self.programme_id and self.deadline_kind:
            with suppress(ValueError):  # the constraints on the parts of a deadline say it, beside the fields
                self.derive()
        if self.pk and self.reports.exclude(kind=self.kind).exists():
            raise ValidationError({"kind": _("The kind stays as it is once results are reported.")})
        if self.each_year and self.first_year is None:
            raise ValidationError({"each_year": _("The programme's first fiscal year or a source document is needed to judge each year.")})


class ClosedMissQuerySet(models.QuerySet):
    def get_by_natural_key(self, target, fiscal_year, number):
        return self.get(target__code=target, fiscal_year=fiscal_year, number=number)

    def closed_on(self, on: date):
        """Misses that were closed on that day: closed by its end, and not reopened by then."""
        after = start_of_day(on + timedelta(days=1))
        return self.filter(Q(reopened_at=None) | Q(reopened_at__gte=after), closed_at__lt=after)


class ClosedMiss(models.Model):
    """A reviewer's word that a missed target needs no more follow-up (DOMAIN §5): it leaves the overdue list and keeps its status.

    It speaks of one judged fiscal year: a target of each year that misses the next one is overdue again. A miss that is closed again after
    it was reopened has a row more, so that the list of every day in between stays. `kpis.workflow` alone writes it.
    """

    target = models.ForeignKey(OutcomeTarget, models.PROTECT, related_name="closed_misses", verbose_name=_("outcome target"))
    fiscal_year = models.PositiveSmallIntegerField(_("fiscal year judged"))
    number = models.PositiveSmallIntegerField(_("number of the closing"), default=1)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("closed by"))
    closed_at = models.DateTimeField(_("closed at"))
    reason = models.TextField(_("reason for closing"))
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reopened by")
    )
    reopened_at = models.DateTimeField(_("reopened at"), null=True, blank=True)
    reopening_reason = models.TextField(_("reason for reopening"), blank=True)

    objects = ClosedMissQuerySet.as_manager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("closed miss")
        verbose_name_plural = _("closed misses")
        ordering = ("target", "fiscal_year", "number")
        constraints = (
            models.UniqueConstraint(
                name="kpis_miss_closings_of_a_year_are_counted",
                fields=["target", "fiscal_year", "number"],
                violation_error_message=_("This closing is already there."),
            ),
            models.UniqueConstraint(
                name="kpis_miss_is_closed_once_until_it_is_reopened",
                fields=["target", "fiscal_year"],
                condition=Q(reopened_at=None),
                violation_error_message=_("The miss of this year is closed already."),
            ),
            models.CheckConstraint(
                name="kpis_miss_is_closed_with_a_reason",
                condition=~Q(reason=""),
                violation_error_message=_("A miss is closed with a reason."),
            ),
            models.CheckConstraint(
                name="kpis_miss_is_reopened_with_who_when_and_why",
                condition=Q(reopened_by=None, reopened_at=None, reopening_reason="")
                | (Q(reopened_by__isnull=False, reopened_at__isnull=False) & ~Q(reopening_reason="")),
                violation_error_message=_("A reopened miss says who, when and why."),
            ),
            models.CheckConstraint(
                name="kpis_miss_is_not_reopened_before_it_was_closed",
                condition=Q(reopened_at=None) | Q(reopened_at__gte=F("closed_at")),
                violation_error_message=_("A miss cannot be reopened before it was closed."),
            ),
        )

    def __str__(self):
        return f"{self.target.code} {fiscal_year_name(self.fiscal_year)} ({self.number})"

    def natural_key(self):
        return (self.target.code, self.fiscal_year, self.number)

    natural_key.dependencies = ["kpis.outcometarget", "accounts.user"]


class TargetLinkManager(models.Manager):
    def get_by_natural_key(self, from_target, to_target):
        return self.get(from_target__code=from_target, to_target__code=to_target)


class TargetLink(models.Model):
    """One target leads to another: output → short → mid → long."""

    from_target = models.ForeignKey(OutcomeTarget, models.PROTECT, related_name="leads_to", verbose_name=_("target"))
    to_target = models.ForeignKey(OutcomeTarget, models.PROTECT, related_name="follows_from", verbose_name=_("leads to"))

    objects = TargetLinkManager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("link between targets")
        verbose_name_plural = _("links between targets")
        constraints = (
            models.UniqueConstraint(
                name="kpis_link_is_drawn_once",
                fields=["from_target", "to_target"],
                violation_error_message=_("This link is already there."),
            ),
            models.CheckConstraint(
                name="kpis_target_does_not_lead_to_itself",
                condition=~Q(from_target=F("to_target")),
                violation_error_message=_("A target cannot lead to itself."),
            ),
        )

    def __str__(self):
        return f"{self.from_target.code} → {self.to_target.code}"

    def natural_key(self):
        return (self.from_target.code, self.to_target.code)

    natural_key.dependencies = ["kpis.outcometarget"]

    def clean(self):
        if self.from_target_id and self.to_target_id and self.from_target.programme_id != self.to_target.programme_id:
            raise ValidationError({"to_target": _("Both targets belong to one programme.")})


class YearlyMilestoneManager(models.Manager):
    def get_by_natural_key(self, target, fiscal_year):
        return self.get(target__code=target, fiscal_year=fiscal_year)


class YearlyMilestone(models.Model):
    """The figure (年度別目標値) that a target should have reached in a fiscal year."""

    target = models.ForeignKey(OutcomeTarget, models.PROTECT, related_name="milestones", verbose_name=_("outcome target"))
    fiscal_year = models.PositiveSmallIntegerField(_("fiscal year"))
    value = models.DecimalField(_("milestone value"), max_digits=15, decimal_places=4)
    is_target_year = models.BooleanField(_("a target year"), default=False)

    objects = YearlyMilestoneManager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("yearly milestone")
        verbose_name_plural = _("yearly milestones")
        ordering = ("target", "fiscal_year")
        constraints = (
            models.UniqueConstraint(
                name="kpis_milestone_stands_once_in_a_year",
                fields=["target", "fiscal_year"],
                violation_error_message=_("This target already has a milestone of this year."),
            ),
        )

    def __str__(self):
        return f"{self.target.code} {self.fiscal_year}"

    def natural_key(self):
        return (self.target.code, self.fiscal_year)

    natural_key.dependencies = ["kpis.outcometarget"]

    def clean(self):
        if not self.target_id:
            return
        if self.target.kind == Kind.QUALITATIVE:
            raise ValidationError(_("A qualitative target has no milestones."))
        if self.fiscal_year == self.target.due_fy and self.value != self.target.value:
            raise ValidationError({"value": _("The milestone of the deadline's year is the target value.")})


class ProgressReportQuerySet(models.QuerySet):
    def get_by_natural_key(self, target, fiscal_year):
        return self.get(target__code=target, fiscal_year=fiscal_year)

    def accepted_figures(self):
        """Reports with a figure that somebody accepted and nobody took down."""
        return self.exclude(accepted_measured_on=None)

    def with_evidence_told(self):
        """Adds `without_evidence`: no statistic or document is given that the figure rests on."""
        return self.annotate(without_evidence=~models.Exists(Evidence.objects.filter(report=models.OuterRef("pk"))))

    def of_standing_targets(self, on: date):
        return self.filter(target__in=OutcomeTarget.objects.standing_on(on))

    def visible_to(self, user):
        """Who works with the system sees every report; everybody else the accepted figures alone."""
        return self.all() if user.is_authenticated and user.has_perm("kpis.view_progressreport") else self.accepted_figures()

    def editable_by(self, user, on: date):
        """Reports on the standing targets that the user, as an official, reports on."""
        return self.filter(target__in=OutcomeTarget.objects.reportable_by(user, on))


class ProgressReport(models.Model):
    """What an official reports of a target for one fiscal year (実績報告), and the figure that a reviewer accepted.

    The figure worked on and the accepted one stand side by side: while an accepted report is corrected, the accepted figure goes on
    counting. `kpis.workflow` is the only writer of the state and of the accepted figure.
    """

    target = models.ForeignKey(OutcomeTarget, models.PROTECT, related_name="reports", verbose_name=_("outcome target"))
    # The target's kind, written by save() alone, so that the database can hold value or grade against it.
    kind = models.CharField(_("kind"), max_length=15, choices=Kind, editable=False)
    fiscal_year = models.PositiveSmallIntegerField(_("fiscal year"), help_text=_("The year of the result, such as 令和7年度, R7 or 2025."))
    value = _measure(
        _("result"), help_text=_("Digits alone, in the indicator's unit. 0 is a result; leave it blank while it is not known.")
    )
    grade = models.PositiveSmallIntegerField(
        _("grade"), null=True, blank=True, choices=Grade, help_text=_("How far the target was met, in the government's five grades.")
    )
    measured_on = models.DateField(
        _("measured on"),
        null=True,
        blank=True,
        help_text=_("The day that the figure speaks of. Blank means the last day of the fiscal year."),
    )
    preliminary = models.BooleanField(_("preliminary"), default=False, help_text=_("The final figure is still to come."))
    narrative = models.TextField(
        _("narrative"), blank=True, help_text=_("What was done and how the figure came about, for readers who do not know the programme.")
    )
    reason = models.TextField(
        _("reason"), blank=True, help_text=_("Required for the deadline's year where the result misses, or exceeds 120 %.")
    )
    state = models.CharField(_("state"), max_length=15, choices=ReportState, default=ReportState.DRAFT, editable=False)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("reported by")
    )
    reported_at = models.DateTimeField(_("reported at"), null=True, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("submitted by")
    )
    submitted_at = models.DateTimeField(_("submitted at"), null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, editable=False)
    decision_note = models.TextField(_("note of the decision"), blank=True, editable=False)
    accepted_value = _measure(_("accepted result"), editable=False)
    accepted_grade = models.PositiveSmallIntegerField(_("accepted grade"), null=True, blank=True, choices=Grade, editable=False)
    accepted_measured_on = models.DateField(_("accepted result measured on"), null=True, blank=True, editable=False)
    accepted_preliminary = models.BooleanField(_("accepted result is preliminary"), default=False, editable=False)

    objects = ProgressReportQuerySet.as_manager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("progress report")
        verbose_name_plural = _("progress reports")
        ordering = ("target", "fiscal_year")
        permissions = (
            ("submit_progressreport", _("Can submit progress reports")),
            ("decide_progressreport", _("Can decide progress reports")),
        )
        indexes = (models.Index(fields=["state", "submitted_at"], name="kpis_report_state_submitted"),)  # what waits, oldest first
        constraints = (
            models.UniqueConstraint(
                name="kpis_report_is_made_once_for_a_year",
                fields=["target", "fiscal_year"],
                violation_error_message=_("This target already has a report of this fiscal year."),
            ),
            models.CheckConstraint(
                name="kpis_report_has_a_value_or_a_grade_as_its_kind_asks",
                condition=Q(kind=Kind.QUANTITATIVE, grade=None, accepted_grade=None)
                | Q(kind=Kind.QUALITATIVE, value=None, accepted_value=None),
                violation_error_message=_("A result is a value or, for a qualitative target, a grade; never both."),
            ),
            models.CheckConstraint(
                name="kpis_report_grade_is_one_of_five",
                condition=(Q(grade=None) | Q(grade__range=(1, 5))) & (Q(accepted_grade=None) | Q(accepted_grade__range=(1, 5))),
                violation_error_message=_("A grade is 1 to 5."),
            ),
            models.CheckConstraint(
                name="kpis_report_says_who_reported_and_when",
                condition=_all_or_none("reported_by", "reported_at"),
                violation_error_message=_("A report says both who reported it and when."),
            ),
            models.CheckConstraint(
                name="kpis_report_says_who_submitted_and_when",
                condition=_all_or_none("submitted_by", "submitted_at"),
                violation_error_message=_("A report says both who submitted it and when."),
            ),
            models.CheckConstraint(
                name="kpis_report_says_who_decided_and_when",
                condition=_all_or_none("decided_by", "decided_at"),
                violation_error_message=_("A report says both who decided it and when."),
            ),
            models.CheckConstraint(
                name="kpis_report_submitted_has_a_figure_and_its_author",
                condition=~Q(state__in=(ReportState.SUBMITTED, ReportState.ACCEPTED))
                | (Q(submitted_by__isnull=False, reported_by__isnull=False) & (Q(value__isnull=False) | Q(grade__isnull=False))),
                violation_error_message=_("A report is submitted with a result, and says who reported it."),
            ),
            models.CheckConstraint(
                name="kpis_report_accepted_figure_is_a_value_or_a_grade_with_its_day",
                condition=Q(accepted_value=None, accepted_grade=None, accepted_measured_on=None, accepted_preliminary=False)
                | Q(accepted_value__isnull=False, accepted_grade=None, accepted_measured_on__isnull=False)
                | Q(accepted_value=None, accepted_grade__isnull=False, accepted_measured_on__isnull=False),
                violation_error_message=_("An accepted result is a value or a grade, with the day it was measured on."),
            ),
            models.CheckConstraint(
                name="kpis_report_accepted_has_a_figure_and_another_decider",
                condition=~Q(state=ReportState.ACCEPTED)
                | (
                    Q(accepted_measured_on__isnull=False, decided_by__isnull=False)
                    & ~Q(decided_by=F("reported_by"))
                    & ~Q(decided_by=F("submitted_by"))
                ),
                violation_error_message=_("Nobody accepts what they reported."),
            ),
            models.CheckConstraint(
                name="kpis_report_returned_has_a_decider_and_a_note",
                condition=~Q(state=ReportState.RETURNED) | (Q(decided_by__isnull=False) & ~Q(decision_note="")),
                violation_error_message=_("A report is returned with a note."),
            ),
            models.CheckConstraint(
                name="kpis_report_taken_down_has_no_accepted_figure",
                condition=~Q(state=ReportState.TAKEN_DOWN) | Q(accepted_measured_on=None),
                violation_error_message=_("A report that is taken down has no accepted result."),
            ),
        )

    def __str__(self):
        return f"{self.target.code} {fiscal_year_name(self.fiscal_year)}"

    def natural_key(self):
        return (self.target.code, self.fiscal_year)

    natural_key.dependencies = ["kpis.outcometarget", "accounts.user"]

    @property
    def is_reopened(self) -> bool:
        """An accepted figure goes on counting while a correction is worked on (訂正中)."""
        return self.accepted_measured_on is not None and self.state != ReportState.ACCEPTED

    @property
    def day_measured(self) -> date:
        return self.measured_on or last_day(self.fiscal_year)

    @property
    def author_ids(self) -> tuple[int, int | None]:
        """Who reported and who submitted it, as it stands: they recall it, and never decide on it."""
        return self.reported_by_id, self.submitted_by_id

    @property
    def has_figure(self) -> bool:
        return self.value is not None or self.grade is not None

    @property
    def meets_target(self) -> bool:
        """Whether the figure that the report holds, accepted or not, meets its target. ValueError where it holds none that fits."""
        target = self.target
        if target.kind == Kind.QUALITATIVE:
            return measures.meets_grade(self.grade)
        return measures.meets(target.comparator, target.value, target.value_max, self.value)

    @property
    def attainment(self) -> Decimal | None:
        """達成率 of the figure that the report holds; None where only met or not met can be said."""
        target = self.target
        if target.kind == Kind.QUALITATIVE or self.value is None:
            return None
        return measures.attainment(target.comparator, target.value, target.baseline_value, self.value)

    def save(self, **options):
        self.kind = self.target.kind
        super().save(**options)

    def clean(self):
        if not self.target_id:
            return
        self.kind = self.target.kind
        if self.target.kind == Kind.QUALITATIVE and self.value is not None:
            raise ValidationError({"value": _("A qualitative target is judged by a grade, not by a value.")})
        if self.target.kind == Kind.QUANTITATIVE and self.grade is not None:
            raise ValidationError({"grade": _("A quantitative target is judged by a value, not by a grade.")})
        if self.state in (ReportState.SUBMITTED, ReportState.ACCEPTED):
            self.refuse_without_reason()

    def refuse_without_reason(self) -> None:
        """ValidationError where the reason is missing. A draft need not have it yet."""
        if self._needs_reason() and not self.reason.strip():
            raise ValidationError({"reason": _("The deadline's year missed its target or exceeded it by more than 20 %: give the reason.")})

    def _needs_reason(self) -> bool:
        """DOMAIN §6: the deadline's year, where it misses or exceeds 120 %."""
        target = self.target
        decides = target.each_year or self.fiscal_year == target.due_fy
        if not decides or not self.has_figure:
            return False
        if target.kind == Kind.QUALITATIVE and self.grade not in Grade.values:
            return False  # the field itself says so
        return not self.meets_target or self._attains_more_than(120)

    def _attains_more_than(self, percent: int) -> bool:
        target = self.target
        return target.kind == Kind.QUANTITATIVE and measures.attains_more_than(
            percent, target.comparator, target.value, target.baseline_value, self.value
        )


class EvidenceManager(models.Manager):
    def get_by_natural_key(self, target, fiscal_year, citation):
        return self.get(report__target__code=target, report__fiscal_year=fiscal_year, citation=citation)


class Evidence(models.Model):
    """The statistic or document that a reported figure rests on (根拠資料・統計)."""

    report = models.ForeignKey(ProgressReport, models.PROTECT, related_name="evidence", verbose_name=_("progress report"))
    citation = models.CharField(
        _("statistic or document"), max_length=300, help_text=_("Its name, as a stranger would look for it, with the page or table.")
    )
    url = models.URLField(_("URL"), max_length=500, blank=True, help_text=_("Where it can be read, if it is published."))

    objects = EvidenceManager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        constraints = (
            models.UniqueConstraint(
                name="kpis_evidence_is_cited_once",
                fields=["report", "citation"],
                violation_error_message=_("This report already cites it."),
            ),
        )

    def __str__(self):
        return self.citation

    def natural_key(self):
        return (*self.report.natural_key(), self.citation)

    natural_key.dependencies = ["kpis.progressreport"]
