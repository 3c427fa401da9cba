"""Write the ledgers of what was known when anew from the histories."""

from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.utils.translation import gettext as _

from budget import known


class Command(BaseCommand):
    help = "Write anew, from the histories alone, what was known when: for ledgers in which verify_history found a difference."

    def handle(self, **options):
        with transaction.atomic():
            for ledger in known.ledgers():
                known.rebuild(ledger, connection)
        self.stdout.write(_("%(n)s ledgers are written anew from their histories.") % {"n": len(known.ledgers())})
