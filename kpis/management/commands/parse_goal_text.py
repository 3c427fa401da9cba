"""Read a goal text (成果目標) and print what it states as JSON: one object for each commitment."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from budget.forms import content_of
from kpis.importers.pr_document.extract import read
from kpis.importers.pr_document.normalise import NotReadable, decode


class Command(BaseCommand):
    help = "Print what a goal text states as JSON: a list of commitments. With --jsonl, a list on each line for the text of each line."

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", nargs="?", type=Path, help="standard input where none is given")
        parser.add_argument("--jsonl", action="store_true", help="each line is a JSON string; prints one list per line")

    def handle(self, *, file=None, jsonl=False, **options):
        content = sys.stdin.buffer.read() if file is None else content_of(Path(file))
        try:
            text = decode(content)
        except NotReadable as error:
            raise CommandError(str(error)) from error
        if not jsonl:
            self.stdout.write(_read(text, indent=1))
            return
        for one in list(_texts(text)):  # a line that is none is refused before anything is printed
            self.stdout.write(_read(one))


def _read(text: str, **options) -> str:
    """What the text states, as JSON. Half a character, which a JSON string may hold, is escaped again."""
    told = json.dumps([reading.as_dict() for reading in read(text)], ensure_ascii=False, **options)
    return told.encode("utf-8", "backslashreplace").decode("utf-8")


def _texts(text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except json.JSONDecodeError as error:
            raise CommandError(
                _("Line %(line)s, column %(column)s: a JSON string is expected.") % {"line": number, "column": error.colno}
            ) from error
        if not isinstance(found, str):
            raise CommandError(_("Line %(line)s, column %(column)s: a JSON string is expected.") % {"line": number, "column": 1})
        yield found
