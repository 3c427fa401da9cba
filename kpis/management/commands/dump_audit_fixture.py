"""Write an audit fixture: everything that is recorded, as files that prove themselves."""

from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from budget.forms import add_by, day_of, user_of, writing
from budget.management.progress import bar
from kpis import explain
from kpis.audit import dump, manifest
from kpis.management.commands.seal_history import refuse_unmigrated


def known_until(told: dict) -> str:
    """The moment of the last row of history, in words."""
    return explain.moment(datetime.fromisoformat(told["known_until"])) if told["known_until"] else "–"


class Command(BaseCommand):
    help = "Write live rows, histories, seals, source texts and code tables of one moment into a directory, for an auditor."

    def add_arguments(self, parser):
        parser.add_argument("directory", metavar="DIR", type=Path, help="a directory that is not there yet, or empty")
        parser.add_argument("--on", metavar="DATE", help="the day that the auditor's figures are judged on; today by default")
        add_by(parser)

    def handle(self, *, directory, on, by, **options):
        refuse_unmigrated()
        day: date = day_of(on, option="--on") if on else timezone.localdate()
        user = user_of(by)
        with writing(directory):
            if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
                raise CommandError(_("%(place)s is there already and is no empty directory. Nothing was written.") % {"place": directory})
            told = dump.dump(directory, origin=dump.origin(by=user, on=day), progress=bar(options["verbosity"]))
        rows = sum(file["rows"] for file in told["files"].values())
        self.stdout.write(
            _("%(files)s files, %(rows)s rows, known until %(known_until)s.")
            % {"files": len(told["files"]), "rows": rows, "known_until": known_until(told)}
        )
        self.stdout.write(_("Head: %(head)s") % {"head": told["head"]})
        self.stdout.write(_("SHA-256 of the manifest: %(sha256)s") % {"sha256": _sha256(directory / manifest.MANIFEST)})


def _sha256(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
