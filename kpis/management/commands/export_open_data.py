"""Write the open data files."""

from argparse import ArgumentTypeError
from pathlib import Path

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from budget.forms import writing
from kpis.asof import Clocks, add_clocks
from kpis.exports import open_data


def _directory(text: str) -> Path:
    """An empty name, such as a variable of a shell that is not set, is not the directory that one happens to be in."""
    if not text:
        raise ArgumentTypeError(_("Name a directory."))
    return Path(text)


class Command(BaseCommand):
    help = "Write the open data files into a directory. A failed export leaves the files of the one before."

    def add_arguments(self, parser):
        parser.add_argument("directory", metavar="DIR", type=_directory)
        add_clocks(parser)

    def handle(self, *, directory, on, known_at, **options):
        clocks = Clocks.of_command(on, known_at, now=timezone.now())
        with writing(directory):
            written = open_data.export(Path(directory), clocks)
        for name, number in written.items():
            self.stdout.write(f"{name}: {number}")
