"""Print a report as CSV: the rows and columns of its page."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import django_filters
from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.choices import normalize_choices
from django.utils.translation import gettext as _

from budget.forms import writing
from budget.table import csv_lines
from kpis import reports, revisions
from kpis.asof import Clocks, add_clocks, as_known_at
from kpis.choices import OVERDUE
from kpis.filters import ClosedMissFilterSet, OverdueFilterSet, RevisionFilterSet


class Report(NamedTuple):
    """A report that can be printed: its rows as it is asked for, its filters and columns, and what the columns read of each row."""

    rows: Callable[[Clocks, QueryDict], QuerySet]
    filterset: type[django_filters.FilterSet]
    columns: tuple[reports.Column, ...]
    told: Callable[[QuerySet, Clocks], Iterable] = lambda rows, clocks: rows


REPORTS = {
    "overdue": Report(
        lambda clocks, asked: reports.overdue_targets(clocks.on, tuple(asked.getlist("status")) or OVERDUE),
        OverdueFilterSet,
        reports.TARGET_COLUMNS,
    ),
    "closed-misses": Report(
        lambda clocks, asked: reports.closed_misses(clocks.on),
        ClosedMissFilterSet,
        reports.CLOSED_MISS_COLUMNS,
    ),
    "revisions": Report(
        lambda clocks, asked: revisions.revisions(clocks.known_at).select_related("history_user"),
        RevisionFilterSet,
        revisions.COLUMNS,
        revisions.told,
    ),
}
FILTERS = {name: one for report in REPORTS.values() for name, one in report.filterset.base_filters.items()} | OverdueFilterSet.base_filters


class Command(BaseCommand):
    help = "Print a report as CSV: the rows and columns that its page shows, narrowed by the same filters."

    def add_arguments(self, parser):
        parser.add_argument("report", choices=REPORTS)
        add_clocks(parser)
        parser.add_argument("--output", metavar="FILE", type=Path, help="write into a file instead")
        for name, one in FILTERS.items():
            several = isinstance(one, django_filters.MultipleChoiceFilter)
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                dest=name,
                action="append" if several else "store",
                help=_help(one) + ("; may be given again" if several else ""),
            )

    def handle(self, *, report, on, known_at, output, **options):
        clocks = Clocks.of_command(on, known_at, now=timezone.now())
        with as_known_at(clocks.known_at):
            columns, told = REPORTS[report].columns, REPORTS[report].told
            rows = [[column.value(row) for column in columns] for row in told(_rows(REPORTS[report], clocks, options), clocks)]
        lines = csv_lines([column.name for column in columns], rows)
        if output:
            with writing(output):
                Path(output).write_bytes(b"".join(lines))
        elif binary := getattr(self.stdout, "buffer", None):
            binary.write(b"".join(lines))
            binary.flush()
        else:  # a stream of text, as callers within Python give
            self.stdout.write(b"".join(lines).decode(), ending="")


def _help(one: django_filters.Filter) -> str:
    codes = [str(code) for code, _label in normalize_choices(one.extra.get("choices", ()))]
    descending = "; write --sort=-due" if "-due" in codes else ""  # argparse takes a lone -due for an option
    return (" | ".join(codes) or str(one.label)) + descending


def _rows(report: Report, clocks: Clocks, options: dict) -> QuerySet:
    """The rows that the page shows with these filters. CommandError where an option is not understood."""
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
    narrowed = report.filterset(asked, queryset=report.rows(clocks, asked))
    if not narrowed.is_valid():
        raise CommandError(
            "\n".join(f"--{name.replace('_', '-')}: {' '.join(sentences)}" for name, sentences in narrowed.form.errors.items())
        )
    return narrowed.qs
