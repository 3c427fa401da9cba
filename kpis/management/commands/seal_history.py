"""Seal what has been recorded since the last seal."""

from collections.abc import Iterator

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext as _

from budget.forms import add_by, user_of
from kpis import explain
from kpis.audit import copy, seals


def refuse_unmigrated() -> None:
    """CommandError where the database has not the tables of this program."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError(_("The tables are not those of this Seika: run migrate first."))


def through(expected_head: str | None) -> Iterator[str]:
    """That the seals go through the head that was expected, in words; nothing where none was."""
    if expected_head is not None and (seal := seals.goes_through(expected_head)):
        yield _("The seals go through %(head)s: seal %(number)s of %(moment)s.") % {
            "head": seal.sha256,
            "number": seal.number,
            "moment": explain.moment(seal.sealed_at),
        }


class Command(BaseCommand):
    help = "Append seals over the history that has been recorded since the last one, and print the new head. Made for cron."

    def add_arguments(self, parser):
        add_by(parser)

    def handle(self, *, by, **options):
        refuse_unmigrated()
        if copy.of_this_site():
            raise CommandError(_("This site is an audit copy: nothing can be entered or changed here."))
        try:
            added = seals.seal(by=user_of(by), now=timezone.now())
        except seals.DoesNotHold as error:
            raise CommandError(f"{error}\n" + _("Nothing was sealed.")) from error
        except (OperationalError, ProgrammingError) as error:  # PostgreSQL: no lock, or no permission
            raise CommandError(
                _("A history cannot be locked (%(error)s). Run this as the owner of the tables, and while nothing long is being written.")
                % {"error": error}
            ) from error
        self.stdout.write(_("%(seals)s seals over %(rows)s rows.") % {"seals": len(added), "rows": sum(seal.rows for seal in added)})
        self.stdout.write(_("Head: %(head)s") % {"head": seals.head()})
