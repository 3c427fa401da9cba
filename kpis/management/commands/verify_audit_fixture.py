"""Whether an audit fixture, and the database that was loaded from it, are what was written."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from budget.forms import reading
from budget.management.progress import bar
from kpis.audit import verify
from kpis.audit.manifest import NotAsWritten
from kpis.management.commands.seal_history import refuse_unmigrated, through


class Command(BaseCommand):
    help = (
        "Check the files against their manifest, the loaded rows against their histories, seals and terms, and that a second dump gives the"
        " same bytes. Exit status 1 if anything differs."
    )

    def add_arguments(self, parser):
        parser.add_argument("directory", metavar="DIR", type=Path)
        parser.add_argument("--expect", metavar="HEAD", help="a head that was noted down earlier: the seals have to go through it")

    def handle(self, *, directory, expect, **options):
        refuse_unmigrated()
        number = 0
        try:
            with reading(directory):
                for step, findings in verify.fixture(directory, expected_head=expect, progress=bar(options["verbosity"])):
                    found = [str(finding) for finding in findings]
                    told = ngettext("%(n)s difference.", "%(n)s differences.", len(found)) % {"n": len(found)} if found else _("in order")
                    self.stdout.write(f"{step}: {told}")
                    for finding in found:
                        self.stdout.write(f"  {finding}")
                    number += len(found)
        except NotAsWritten as error:
            raise CommandError(str(error)) from error
        if number:
            raise CommandError(ngettext("%(n)s difference.", "%(n)s differences.", number) % {"n": number})
        for line in through(expect):
            self.stdout.write(line)
