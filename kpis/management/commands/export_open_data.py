"""Write the open data files."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from budget.fiscal import parse_day
from kpis.exports import open_data


class Command(BaseCommand):
    help = "Write the open data files into a directory. A failed export leaves the files of the one before."

    def add_arguments(self, parser):
        parser.add_argument("directory", metavar="DIR", type=Path)
        parser.add_argument("--on", metavar="DATE", help="the day of the statuses, such as 2026-09-01 or 令和8年9月1日; today by default")

    def handle(self, *, directory, on, **options):
        try:
            written = open_data.export(Path(directory), on=parse_day(on) if on else timezone.localdate())
        except ValueError as error:
            raise CommandError(f"--on: {error}") from error
        except OSError as error:
            raise CommandError(f"{directory}: {error.strerror}. Nothing was written.") from error
        for name, number in written.items():
            self.stdout.write(f"{name}: {number}")
