"""What an importer proposes, apart from what is confirmed: targets read from a goal text, and programmes that may go on as others.

A proposal is no target (DOMAIN §3): it is in no list, count or status until a person confirms it. What was read stays as it was read,
beside what was confirmed. `kpis.importers.review` alone writes a decision.
"""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from budget.known import TrackedHistory
from budget.models import Programme, SourceDocument, SourcePassage
from kpis.choices import (
    Accumulation,
    Comparator,
    DeadlineKind,
    Doubt,
    Kind,
    MatchDecision,
    MatchKind,
    ProposalState,
    Term,
)
from kpis.models.targets import OutcomeTarget, programmes_reported_by


def _decided_by_whom(states: tuple[str, ...]) -> Q:
    return Q(decided_by__isnull=False, decided_at__isnull=False) & Q(state__in=states)


def decides_for_all(user) -> bool:
    """Whether the user decides on proposals of every programme, and on which programme is which: an administrator."""
    return user.has_perm("kpis.change_programmematch")


class TargetProposalQuerySet(models.QuerySet):
    def get_by_natural_key(self, code):
        return self.get(code=code)

    def open(self):
        return self.filter(state=ProposalState.OPEN)

    def without_doubts(self):
        """Those that may be confirmed many at once: read whole, with nothing assumed."""
        return self.filter(doubts="")

    def decidable_by(self, user, on: date):
        """Proposals that the user may decide on: an administrator on all, an official on those of the programmes they report on."""
        return self if decides_for_all(user) else self.filter(programme__in=programmes_reported_by(user, on))


def _doubts_of(row) -> list[str]:
    """The doubts of a proposal, or of a row of its history, in words."""
    return [str(Doubt(code).label) for code in row.doubts.split()]


class TargetProposal(models.Model):
    """One commitment that was read in a goal text of a programme. Blank is what could not be read."""

    # What was read, by the names that the fields of a target have.
    READ = (
        "label", "term", "kind", "statement", "indicator", "comparator", "approximate", "value", "value_max", "unit", "accumulation",
        "each_year", "deadline_kind", "deadline_year", "deadline_on", "deadline_offset_years", "deadline_through_nth_year", "deadline_text",
    )  # fmt: skip
    # What was assumed in reading, by the names that a target has for it.
    ASSUMED = ("comparator_assumed", "accumulation_assumed", "programme_end_assumed")

    deadline_event_on = None  # no text tells the day of an event

    code = models.SlugField(_("proposal code"), max_length=60, unique=True)
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="proposals", verbose_name=_("programme"))
    document = models.ForeignKey(
        SourceDocument, models.PROTECT, null=True, blank=True, related_name="proposals", verbose_name=_("source document"),
        help_text=_("None where the text was pasted."),
    )  # fmt: skip
    passage = models.ForeignKey(
        SourcePassage, models.PROTECT, null=True, blank=True, related_name="proposals", verbose_name=_("source passage")
    )
    goal_text = models.TextField(_("goal text"), help_text=_("The whole text that was read, verbatim."))
    starts_at = models.PositiveIntegerField(_("place of its first character in the text"))
    ends_at = models.PositiveIntegerField(_("place after its last character"))
    marks = models.JSONField(
        _("places of what was read"), default=dict, blank=True, help_text=_("By name: first character, and the place after the last.")
    )
    label = models.CharField(_("item mark"), max_length=20, blank=True)
    term = models.CharField(_("term"), max_length=10, choices=Term, default=Term.UNSTATED)
    kind = models.CharField(_("kind"), max_length=15, blank=True, choices=Kind)
    statement = models.TextField(_("target statement"), help_text=_("Verbatim, as the source states it."))
    indicator = models.CharField(_("indicator"), max_length=300, blank=True)
    comparator = models.CharField(_("comparator"), max_length=10, blank=True, choices=Comparator)
    approximate = models.BooleanField(_("approximate"), default=False)
    value = models.DecimalField(_("target value"), max_digits=15, decimal_places=4, null=True, blank=True)
    value_max = models.DecimalField(_("upper value"), max_digits=15, decimal_places=4, null=True, blank=True)
    unit = models.CharField(_("unit"), max_length=40, blank=True)
    accumulation = models.CharField(_("accumulation"), max_length=15, blank=True, choices=Accumulation)
    each_year = models.BooleanField(_("each year"), default=False)
    deadline_kind = models.CharField(_("kind of deadline"), max_length=20, choices=DeadlineKind, default=DeadlineKind.NONE)
    deadline_year = models.PositiveSmallIntegerField(_("deadline year"), null=True, blank=True)
    deadline_on = models.DateField(_("deadline day"), null=True, blank=True)
    deadline_offset_years = models.PositiveSmallIntegerField(_("years after"), null=True, blank=True)
    deadline_through_nth_year = models.BooleanField(_("through the nth year"), default=False)
    deadline_text = models.CharField(_("deadline as stated"), max_length=200, blank=True)
    doubts = models.CharField(_("doubts"), max_length=300, blank=True, help_text=_("Codes with a space between them."))
    resembles = models.ForeignKey(
        OutcomeTarget, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("confirmed target that says nearly the same")
    )

    state = models.CharField(_("state"), max_length=15, choices=ProposalState, default=ProposalState.OPEN, editable=False)
    target = models.OneToOneField(
        OutcomeTarget, models.PROTECT, null=True, blank=True, editable=False, related_name="proposal", verbose_name=_("outcome target")
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True, editable=False)
    decision_note = models.TextField(_("note of the decision"), blank=True, editable=False)

    objects = TargetProposalQuerySet.as_manager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("target proposal")
        verbose_name_plural = _("target proposals")
        ordering = ("code",)
        indexes = (models.Index(fields=["state", "code"], name="kpis_proposal_state_code"),)
        constraints = (
            models.CheckConstraint(
                name="kpis_proposal_became_a_target_only_where_it_is_confirmed",
                condition=Q(state__in=(ProposalState.CONFIRMED, ProposalState.CORRECTED), target__isnull=False)
                | Q(state__in=(ProposalState.OPEN, ProposalState.DISCARDED, ProposalState.SUPERSEDED), target=None),
                violation_error_message=_("A proposal became a target only where it is confirmed."),
            ),
            models.CheckConstraint(
                name="kpis_proposal_decision_says_who_and_when",
                condition=Q(state__in=(ProposalState.OPEN, ProposalState.SUPERSEDED), decided_by=None, decided_at=None)
                | _decided_by_whom((ProposalState.CONFIRMED, ProposalState.CORRECTED, ProposalState.DISCARDED)),
                violation_error_message=_("A decision says who and when."),
            ),
            models.CheckConstraint(
                name="kpis_proposal_is_discarded_with_a_reason",
                condition=~Q(state=ProposalState.DISCARDED) | ~Q(decision_note=""),
                violation_error_message=_("A proposal is discarded with a reason."),
            ),
            models.CheckConstraint(
                name="kpis_proposal_has_its_place_in_the_text",
                condition=Q(ends_at__gt=models.F("starts_at")),
                violation_error_message=_("A proposal has its place in the text."),
            ),
        )

    def __str__(self):
        return f"{self.code} {self.indicator or self.statement[:40]}"

    def natural_key(self):
        return (self.code,)

    natural_key.dependencies = [
        "budget.programme", "budget.sourcedocument", "budget.sourcepassage", "kpis.outcometarget", "accounts.user",
    ]  # fmt: skip

    @property
    def doubts_told(self) -> list[str]:
        """The doubts in words."""
        return _doubts_of(self)

    @staticmethod
    def doubts_in_words(row) -> str:
        """The doubts in the history."""
        return ", ".join(_doubts_of(row))

    @staticmethod
    def marks_in_words(row) -> str:
        """What was marked in the text, in the history."""
        return ", ".join(f"「{row.goal_text[start:end]}」" for start, end in sorted(row.marks.values()))


class ProgrammeMatchManager(models.Manager):
    def get_by_natural_key(self, document, number, candidate):
        return self.get(document__code=document, number=number, candidate__code=candidate)


class ProgrammeMatch(models.Model):
    """A printed programme that no title ties to one that is known, and a known one that it may go on from.

    While one of them is open the printed programme is held back: nothing of it is loaded, so that its budget is not counted twice.
    """

    document = models.ForeignKey(SourceDocument, models.PROTECT, related_name="matches", verbose_name=_("source document"))
    number = models.PositiveSmallIntegerField(_("place in the document"))
    printed_title = models.CharField(_("title as printed"), max_length=300, blank=True)
    candidate = models.ForeignKey(Programme, models.PROTECT, related_name="matches", verbose_name=_("known programme"))
    kind = models.CharField(_("kind"), max_length=10, choices=MatchKind)
    ground = models.CharField(_("what speaks for it"), max_length=300)

    decision = models.CharField(_("decision"), max_length=10, choices=MatchDecision, default=MatchDecision.OPEN, editable=False)
    programme = models.ForeignKey(
        Programme, models.PROTECT, null=True, blank=True, editable=False, related_name="+", verbose_name=_("programme that was loaded")
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True, editable=False)
    decision_note = models.TextField(_("note of the decision"), blank=True, editable=False)

    objects = ProgrammeMatchManager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("programme to be matched")
        verbose_name_plural = _("programmes to be matched")
        ordering = ("document", "number", "candidate")
        constraints = (
            models.UniqueConstraint(
                name="kpis_match_is_proposed_once",
                fields=["document", "number", "candidate"],
                violation_error_message=_("This match is already proposed."),
            ),
            models.CheckConstraint(
                name="kpis_match_decision_says_who_and_when",
                condition=Q(decision=MatchDecision.OPEN, decided_by=None, decided_at=None, programme=None)
                | (~Q(decision=MatchDecision.OPEN) & Q(decided_by__isnull=False, decided_at__isnull=False)),
                violation_error_message=_("Who says what a programme is, and when, is told."),
            ),
        )

    def __str__(self):
        return f"{self.printed_title or self.number} → {self.candidate}"

    def natural_key(self):
        return (self.document.code, self.number, self.candidate.code)

    natural_key.dependencies = ["budget.sourcedocument", "budget.programme", "accounts.user"]
