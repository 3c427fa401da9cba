"""Compare what stands in the database with what its history tells."""

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kpis.audit import verify


class Command(BaseCommand):
    help = "Name every row that says something else than its newest history row, or than follows from its terms. Exit status 1 if any."

    def handle(self, **options):
        number = 0
        for difference in verify.differences():
            self.stdout.write(str(difference))
            number += 1
        if number:
            raise CommandError(ngettext("%(n)s difference.", "%(n)s differences.", number) % {"n": number})
        self.stdout.write(
            _("%(n)s tables and what was known when agree with the history, and every last day with its terms.")
            % {"n": len(verify.models_with_history())}
        )
