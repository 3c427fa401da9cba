"""Write the open data files."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from kpis.asof import Clocks, add_clocks
from kpis.exports import open_data


class Command(BaseCommand):
    help = "Write the open data files into a directory. A failed export leaves the files of the one before."

    def add_arguments(self, parser):
        parser.add_argument("directory", metavar="DIR", type=Path)
        add_clocks(parser)

    def handle(self, *, directory, on, known_at, **options):
        clocks = Clocks.of_command(on, known_at, now=timezone.now())
        try:
            written = open_data.export(Path(directory), clocks)
        except OSError as error:
            raise CommandError(
                _("%(place)s cannot be written (%(error)s). Nothing was written.") % {"place": directory, "error": error.strerror}
            ) from error
        for name, number in written.items():
            self.stdout.write(f"{name}: {number}")
