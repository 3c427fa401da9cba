"""Seal what has been recorded since the last seal."""

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError
from django.utils import timezone
from django.utils.translation import gettext as _

from budget.forms import add_by, user_of
from kpis.audit import seals


class Command(BaseCommand):
    help = "Append seals over the history that has been recorded since the last one, and print the new head. Made for cron."

    def add_arguments(self, parser):
        add_by(parser)

    def handle(self, *, by, **options):
        try:
            added = seals.seal(by=user_of(by), now=timezone.now())
        except ProgrammingError as error:  # PostgreSQL: permission denied
            raise CommandError(
                _("The histories cannot be locked: run this as the owner of the tables (%(error)s).") % {"error": error}
            ) from error
        self.stdout.write(_("%(seals)s seals over %(rows)s rows.") % {"seals": len(added), "rows": sum(seal.rows for seal in added)})
        self.stdout.write(_("Head: %(head)s") % {"head": seals.head()})
