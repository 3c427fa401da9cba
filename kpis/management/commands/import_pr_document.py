"""Load a ministry's PR document (予算案の事業概要): programmes, budgets, texts, and the targets that its goal texts propose."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from budget.forms import add_by, content_of, user_of, writing
from budget.management.progress import bar
from kpis.importers.pr_document.load import CannotLoad, load
from kpis.importers.pr_document.normalise import NotReadable, decode
from kpis.importers.pr_document.outcome import Outcome, Told
from kpis.importers.pr_document.segment import NotAPrDocument


class Command(BaseCommand):
    help = (
        "Load a ministry's PR document in one transaction: programmes with budgets, organisations and texts, and proposals of targets "
        "for a person to confirm. What a person entered is never overwritten. Running it again on the same file changes nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", type=Path)
        add_by(parser)
        parser.add_argument("--fiscal-year", type=int, metavar="YEAR", help="refuse a document of another budget year, such as 2024")
        parser.add_argument("--issuer", default="", metavar="MINISTRY", help="whose document it is, where the text leaves it open")
        parser.add_argument("--dry-run", action="store_true", help="tell what would change, and change nothing")
        parser.add_argument("--report", type=Path, metavar="FILE.json", help="write all that was read and every difference into a file")

    def handle(self, *, file, by=None, fiscal_year=None, issuer="", dry_run=False, report=None, **options):
        file, user = Path(file), user_of(by)
        if user is None:
            raise CommandError(_("Say with --by who imports the document."))
        content = content_of(file)
        with transaction.atomic():
            try:
                outcome = load(
                    content, decode(content), by=user, issuer=issuer, fiscal_year=fiscal_year, progress=bar(options["verbosity"])
                )
            except (NotReadable, NotAPrDocument, CannotLoad) as error:
                raise CommandError(f"{file}: {error}\n" + _("Nothing was loaded.")) from error
            if report is not None:
                _write(Path(report), outcome.as_dict() | {"file": file.name, "dry_run": dry_run})
            transaction.set_rollback(dry_run)
        for line in _in_words(outcome, dry_run=dry_run):
            self.stdout.write(line)


def _write(report: Path, told: dict) -> None:
    """Write the report. Where that fails nothing is loaded either, and where nothing is loaded an older report stays."""
    with writing(report):
        report.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _in_words(outcome: Outcome, *, dry_run: bool):
    """What happened, a line for each difference."""
    if dry_run:
        yield _("A dry run: nothing was changed.")
    yield _(
        "%(document)s: %(all)s programmes read; %(added)s new, %(known)s known, %(held_back)s held back until a person says which they are."
    ) % {"document": outcome.document, "all": len(outcome.programmes), **outcome.totals}
    yield _("%(proposals)s targets proposed, %(proposals_with_doubts)s of them with doubts.") % outcome.totals
    if outcome.filled_in:
        yield _("Filled in what was blank: %(programmes)s programmes.") % {"programmes": outcome.filled_in}
    for doubt in outcome.doubts:
        yield _("Doubt: %s") % doubt
    for told in outcome.programmes:
        yield from _programme_in_words(told)
    for gone in outcome.gone:
        yield _("No longer printed: %(code)s %(title)s. Nothing of it was changed.") % gone
    if outcome.changes_nothing:
        yield _("This file was imported before; nothing changes.")


def _programme_in_words(told: Told):
    name = f"{told.code or told.number} {told.title}".strip()
    if told.became == "held_back":
        yield _("Held back: %(name)s (line %(line)s) may be:") % {"name": name, "line": told.line}
        for candidate in told.candidates:
            yield f"    {candidate['code']} ({candidate['ground']})"
    for doubt in told.doubts:
        yield _("Doubt: %s") % f"{name} ({told.line}): {doubt}"
    for change in told.altered:
        yield _("Changed: %(name)s, %(what)s %(field)s: %(old)s → %(new)s") % {"name": name, **change.in_short}
    for conflict in told.conflicts:
        yield _("Not changed: %(name)s, %(what)s %(field)s stays %(old)s; the document says %(new)s") % {"name": name, **conflict.in_short}
