"""A programme's period moves: the deadlines that count from it follow."""

from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils.translation import gettext as _

from budget.history import explain
from budget.models import Programme
from kpis.models import OutcomeTarget


@receiver(post_save, sender=Programme)
def follow_the_programmes_period(instance, created, raw, **_options):
    """Save every target whose derived columns change, with the programme's reason: the move is a revision of each (DOMAIN §4)."""
    if created or raw:
        return
    for target in OutcomeTarget.objects.filter(programme=instance).select_related("passage__document"):
        target.programme = instance
        before = target.derived
        target.derive()
        if target.derived != before:
            explain(
                target,
                reason=_("Programme's period: %s") % (getattr(instance, "_change_reason", None) or "–"),
                by=getattr(instance, "_history_user", None),
            )
            target.save()
