"""Write the open data files."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from budget.forms import day_of
from kpis.exports import open_data


class Command(BaseCommand):
    help = "Write the open data files into a directory. A failed export leaves the files of the one before."

    def add_arguments(self, parser):
        parser.add_argument("directory", metavar="DIR", type=Path)
        parser.add_argument("--on", metavar="DATE", help="the day of the statuses, such as 2026-09-01 or 令和8年9月1日; today by default")

    def handle(self, *, directory, on, **options):
        day = day_of(on, option="--on") if on else timezone.localdate()
        try:
            written = open_data.export(Path(directory), on=day)
        except OSError as error:
            raise CommandError(
                _("%(place)s cannot be written (%(error)s). Nothing was written.") % {"place": directory, "error": error.strerror}
            ) from error
        for name, number in written.items():
            self.stdout.write(f"{name}: {number}")
