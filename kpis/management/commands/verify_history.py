"""Compare what stands in the database with what its history tells, and the history with its seals."""

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kpis.audit import seals, verify
from kpis.management.commands.seal_history import refuse_unmigrated, through
from kpis.models import Seal


class Command(BaseCommand):
    help = (
        "Name every row that says something else than its newest history row, or than follows from its terms, and every seal that does"
        " not hold. Exit status 1 if any."
    )

    def add_arguments(self, parser):
        parser.add_argument("--head", action="store_true", help="only print the SHA-256 of the last seal, for paper or mail")
        parser.add_argument("--expect", metavar="HEAD", help="a head that was noted down earlier: the seals have to go through it")

    def handle(self, *, head, expect, **options):
        refuse_unmigrated()
        if head:
            self.stdout.write(seals.head())
            return
        number = 0
        for found in verify.everything(expect):
            self.stdout.write(str(found))
            number += 1
        if number:
            raise CommandError(ngettext("%(n)s difference.", "%(n)s differences.", number) % {"n": number})
        self.stdout.write(
            _("%(n)s tables and what was known when agree with the history, and every last day with its terms.")
            % {"n": len(seals.models_with_history())}
        )
        self.stdout.write(
            _("%(seals)s seals hold; %(rows)s rows of history are not sealed yet. Head: %(head)s")
            % {"seals": Seal.objects.count(), "rows": seals.unsealed(), "head": seals.head()}
        )
        for line in through(expect):
            self.stdout.write(line)
