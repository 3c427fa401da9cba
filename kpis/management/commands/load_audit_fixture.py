"""Load an audit fixture into an empty database."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError
from django.utils.translation import gettext as _

from budget.forms import reading
from budget.management.progress import bar
from kpis.audit import load
from kpis.audit.manifest import NotAsWritten
from kpis.management.commands.dump_audit_fixture import known_until
from kpis.management.commands.seal_history import refuse_unmigrated


def _refusal(why: str) -> CommandError:
    return CommandError(f"{why}\n" + _("Nothing was loaded."))


class Command(BaseCommand):
    help = "Load an audit fixture, histories included, into a migrated database without rows; from then on it is only read."

    def add_arguments(self, parser):
        parser.add_argument("directory", metavar="DIR", type=Path)

    def handle(self, *, directory, **options):
        refuse_unmigrated()
        try:
            with reading(directory):
                told = load.load(directory, progress=bar(options["verbosity"]))
        except (NotAsWritten, load.NotEmpty, CommandError) as error:
            raise _refusal(str(error)) from error
        except ProgrammingError as error:  # PostgreSQL: no permission
            raise _refusal(_("Run this as the owner of the tables (%(error)s).") % {"error": error}) from error
        rows = sum(file["rows"] for file in told["files"].values())
        self.stdout.write(_("%(rows)s rows are loaded, known until %(known_until)s.") % {"rows": rows, "known_until": known_until(told)})
        self.stdout.write(_("A server that is running already has to be started again: then its pages say that they are a copy."))
