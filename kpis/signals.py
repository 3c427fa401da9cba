"""Deadlines follow what they count from: a programme's period, and the budget year of the document that a target was read from."""

from django.db import models, transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils.translation import gettext as _

from budget.history import explain
from budget.models import Programme, SourceDocument, SourcePassage
from kpis.models import OutcomeTarget


@receiver(post_save, sender=Programme)
def follow_the_programmes_period(instance, created, raw, **_options):
    if not (created or raw):
        _follow(OutcomeTarget.objects.filter(programme=instance), instance, _("Programme's period: %s"))


@receiver(post_save, sender=SourceDocument)
def follow_the_documents_budget_year(instance, created, raw, **_options):
    if not (created or raw):
        _follow(OutcomeTarget.objects.filter(passage__document=instance, each_year=True), instance, _("Source document: %s"))


@receiver(post_save, sender=SourcePassage)
def follow_the_passages_document(instance, created, raw, **_options):
    if not (created or raw):
        _follow(OutcomeTarget.objects.filter(passage=instance, each_year=True), instance, _("Source passage: %s"))


@transaction.atomic
def _follow(targets: models.QuerySet[OutcomeTarget], cause: models.Model, words: str) -> None:
    """Save every target whose derived columns change, with user and reason of the cause: the move is a revision of each (DOMAIN §4)."""
    for target in targets.select_for_update(of=("self",)).select_related("programme", "passage__document"):
        before = target.derived
        target.derive()
        if target.derived != before:
            told = cause.history.latest("history_date", "history_id")
            explain(target, reason=words % (told.history_change_reason or "–"), by=told.history_user)
            target.save()
