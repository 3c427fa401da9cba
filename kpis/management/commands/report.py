"""Print a report as CSV or XLSX: the rows and columns of its page."""

from pathlib import Path

import django_filters
from django.core.management.base import BaseCommand, CommandError
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.choices import normalize_choices
from django.utils.translation import gettext as _

from budget.forms import writing
from kpis.asof import Clocks, add_clocks, as_known_at
from kpis.exports import report_files
from kpis.filters import OutcomeTargetFilterSet
from kpis.registry import REPORTS, Report

# Every filter that some report has. Where they differ, the one of all targets tells what may be asked.
FILTERS = {
    name: one for report in REPORTS.values() for name, one in report.filterset.base_filters.items()
} | OutcomeTargetFilterSet.base_filters


class Command(BaseCommand):
    help = "Print a report as CSV or XLSX: the rows and columns that its page shows, narrowed by the same filters."

    def add_arguments(self, parser):
        parser.add_argument("report", choices=REPORTS)
        add_clocks(parser)
        parser.add_argument("--format", choices=report_files.FORMATS, default="csv", help="csv by default")
        parser.add_argument("--output", metavar="FILE", type=Path, help="write into a file instead")
        for name, one in FILTERS.items():
            several = isinstance(one, django_filters.MultipleChoiceFilter)
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                dest=name,
                action="append" if several else "store",
                help=_help(one) + ("; may be given again" if several else ""),
            )

    def handle(self, *, report, on, known_at, output, format, **options):
        report, clocks = REPORTS[report], Clocks.of_command(on, known_at, now=timezone.now())
        asked = _asked(report, options)
        binary = getattr(self.stdout, "buffer", None)
        if format == "xlsx" and not (output or binary):
            raise CommandError(_("--format xlsx: name a file with --output."))
        with as_known_at(clocks.known_at):
            content = _content(report, clocks, asked, known_at, format)
        if output:
            with writing(output):
                Path(output).write_bytes(content)
        elif binary:
            binary.write(content)
            binary.flush()
        else:  # a stream of text, as callers within Python give
            self.stdout.write(content.decode(), ending="")


def _content(report: Report, clocks: Clocks, asked: QueryDict, known_at: str | None, format: str) -> bytes:
    rows = _rows(report, clocks, asked)
    if format == "csv":
        return b"".join(report_files.csv_of(report, rows, clocks))
    if known_at:
        asked["known_at"] = known_at
    address = report_files.address_of(reverse(report.page), asked, clocks)
    with report_files.xlsx_of(report, rows, clocks, address) as file:
        return file.read()


def _help(one: django_filters.Filter) -> str:
    codes = [str(code) for code, _label in normalize_choices(one.extra.get("choices", ()))]
    descending = "; write --sort=-due" if "-due" in codes else ""  # argparse takes a lone -due for an option
    return (" | ".join(codes) or str(one.label)) + descending


def _asked(report: Report, options: dict) -> QueryDict:
    """The filters that are asked for, as the page is asked for them. CommandError for one that the report has not."""
    asked = QueryDict(mutable=True)
    for name in FILTERS:
        match options.get(name):
            case None:
                continue
            case _ if name not in report.filterset.base_filters:
                raise CommandError(_("--%(option)s: this report has no such filter.") % {"option": name.replace("_", "-")})
            case list() | tuple() as several:
                asked.setlist(name, several)
            case one:
                asked[name] = str(one)
    return asked


def _rows(report: Report, clocks: Clocks, asked: QueryDict):
    """The rows that the page shows with these filters. CommandError where one is not understood."""
    narrowed = report.narrowed(clocks, asked)
    if not narrowed.is_valid():
        raise CommandError(
            "\n".join(f"--{name.replace('_', '-')}: {' '.join(sentences)}" for name, sentences in narrowed.form.errors.items())
        )
    return narrowed.qs
