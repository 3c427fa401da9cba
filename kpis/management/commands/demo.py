"""Fill an empty database with the example data: METI's programmes, and the marked examples of fixtures/demo."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from accounts.models import User
from budget.models import Organisation, Programme

FIXTURES = ("meti2024", "demo")


def fixture_files() -> list[str]:
    """The fixtures in the order in which they are loaded."""
    return [str(file) for folder in FIXTURES for file in sorted((settings.BASE_DIR / "fixtures" / folder).glob("*.json"))]


class Command(BaseCommand):
    help = "Load the example data, into an empty database only. What is there already is kept as it is."

    def add_arguments(self, parser):
        parser.add_argument("--source", metavar="FILE", help="the text of the source document, to be attached")

    def handle(self, *, source, **options):
        if settings.PRODUCTION:
            raise CommandError(_("The example data is not for production."))
        if any(model.objects.exists() for model in (Organisation, Programme, User)):
            self.stdout.write(_("The database already holds data: it is kept, and the example data is not loaded."))
        else:
            self.stdout.write(_("Loading the example data …"))
            call_command("loaddata", *fixture_files(), verbosity=0)
            self.stdout.write(_("Loaded %(number)s programmes. The README tells who may log in.") % {"number": Programme.objects.count()})
        if source:
            call_command("attach_source", source)
