"""How figures, years and statuses are printed on pages. The rules live in `budget.fiscal`, `kpis.measures` and `kpis.explain`."""

from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from budget import fiscal
from budget.models import BudgetStage, SourceDocument
from kpis import charts, deadlines, explain, measures, reports, words
from kpis.choices import Kind, Level, ReportState, Status, Term
from kpis.exports.codes import CODE_TABLES
from kpis.exports.columns import Holds
from kpis.marks import MARKS, in_words, marks_of
from kpis.registry import REPORTS

register = template.Library()
register.filter(measures.hundred_millions)

_COLUMNS = {column.name: column for column in reports.TARGET_COLUMNS}


@register.filter
def fiscal_year(year):
    """令和7年度（2025年度）; '' for None."""
    return "" if year is None else fiscal.fiscal_year_name(year)


@register.filter
def day(value):
    """令和8年3月31日（2026-03-31）; '' for None."""
    return "" if value is None else fiscal.day_name(value)


@register.filter
def moment(at):
    """令和8年9月1日（2026-09-01） 17:30:00; '' for None."""
    return "" if at is None else explain.moment(at)


@register.filter
def figure(number, unit):
    """1,234.5 件; '' for None."""
    return explain.figure(number, None, unit)


@register.filter
def percent(number):
    """105.3 %; '' for None."""
    return "" if number is None else f"{measures.format_value(number, separators=True)} %"


@register.filter
def signed(number):
    """+3, −2, ±0."""
    return "±0" if number == 0 else f"{number:+,}".replace("-", "−")


@register.filter
def yen(amount):
    """120,000,000円; ¥120,000,000 in English."""
    return f"¥{amount:,}" if get_language() == "en" else f"{amount:,}円"


@register.filter
def budget_stage(code):
    return BudgetStage(code).label


@register.filter
def goal(target):
    """At least 60 件."""
    return explain.goal(target)


@register.filter
def stated_deadline(target):
    return explain.deadline(target)


@register.filter
def no_last_day(target):
    return explain.no_last_day(target)


@register.filter
def result(target):
    """The figure that the target's status rests on; '' where it rests on none."""
    return explain.figure(target.basis_value, target.basis_grade, target.unit)


@register.filter
def previous_result(target):
    """The last accepted result before the year asked for (`kpis.work`)."""
    return explain.figure(target.previous_value, target.previous_grade, target.unit)


@register.filter
def worked_on(report):
    """The figure that a report holds, accepted or not: for those who work with the system."""
    return explain.figure(report.value, report.grade, report.target.unit)


@register.filter
def entry_url(target):
    """The page on which the result of `entry_fy` is entered (`kpis.work`)."""
    return reverse("admin:kpis_progressreport_add", query={"target": target.pk, "fiscal_year": target.entry_fy})


@register.filter
def results_due(fiscal_year):
    """The last day on which the year's results are in time."""
    return deadlines.results_due_on(fiscal_year, settings.SEIKA_RESULTS_DUE)


@register.filter
def report_state(code):
    return ReportState(code).label


@register.filter
def attainment(target):
    """The attainment as the report's column gives it."""
    return percent(_COLUMNS["attainment_percent"].value(target))


@register.filter
def mark_names(row):
    """The names of the marks that go with the figures of a row (`kpis.marks`)."""
    return [str(mark.label) for mark in marks_of(row)]


@register.filter
def marks_in_words(row):
    """The marks behind a figure in a text."""
    return in_words(row)


@register.simple_tag
def marks(row, *codes, prefix=""):
    """The marks that go with the figures of a row, each with its word; with `codes` these alone."""
    told = (mark.label for mark in marks_of(row, prefix) if mark.code in codes or not codes)
    return format_html_join("", ' <span class="mark">{}</span>', ((label,) for label in told))


@register.simple_tag
def mark(code):
    """One mark with its word."""
    return format_html('<span class="mark">{}</span>', MARKS[code].label)


@register.filter
def told(row, column):
    """What a column tells of a row, in words: years and codes by their names, a dash for nothing."""
    value = column.value(row)
    match column.holds:
        case _ if value in (None, ""):
            return "–"
        case Holds.YEAR:
            return fiscal.fiscal_year_name(value)
        case Holds.CODE:
            return CODE_TABLES[column.codes](value).label
        case Holds.FLAG:
            return _("yes") if value else _("no")
        case Holds.MEASURE:
            return figure(value, row.unit)
        case Holds.DAY:
            return value.isoformat()
    return value


@register.simple_tag(takes_context=True)
def defined(context, name, words):
    """The heading of a column: on the page of a report it leads to the column's definition."""
    return format_html('<a href="#column-{}">{}</a>', name, words) if "report" in context else words


@register.simple_tag
def report_list():
    """All reports, for the navigation."""
    return REPORTS.values()


@register.filter
def lines(passage):
    """Lines 12–14 of a passage."""
    one = passage.line_from == passage.line_to
    return (_("line %(first)s") if one else _("lines %(first)s–%(last)s")) % {"first": passage.line_from, "last": passage.line_to}


@register.filter
def source_url(passage):
    """The page that shows the passage at its lines."""
    query = {"from": passage.line_from, "to": passage.line_to}
    return reverse("kpis:source", args=[passage.document.code], query=query, fragment=f"L{passage.line_from}")


# --- In drawings ---------------------------------------------------------------------------------------------------------------------


@register.filter
def of_target(number, target):
    """A figure of a chart: 1,234.5 件, or the grade with its name."""
    if target.kind == Kind.QUALITATIVE:
        return explain.figure(None, int(number), "")
    return explain.figure(number, None, target.unit)


@register.filter
def lines_of_a_node(text, most):
    """The lines of a text in a node of the logic model, at most so many."""
    return charts.wrapped(str(text), charts.NODE_LETTERS, most)


@register.filter
def column_of_target(target):
    return charts.column_of(target.level, target.term)


@register.filter
def column_name(column):
    """The name of a column of the logic model."""
    return Level(column).label if column == Level.OUTPUT else Term(column).label


@register.filter
def status_name(status):
    return Status(status).label


@register.filter
def chip_width(word):
    """How wide the chip of a status is drawn."""
    return 16 + 7 * charts.letter_width(str(word))


@register.filter
def times(number, factor):
    return number * factor


@register.simple_tag
def marked(text, found):
    """The text with the words that were looked for marked (`kpis.words`)."""
    pieces = [(format_html("<mark>{}</mark>", piece) if is_hit else piece,) for piece, is_hit in words.marked(text, found)]
    return format_html_join("", "{}", pieces)


@register.simple_tag
def chip(status):
    """A status as a chip with its word."""
    return format_html('<span class="chip chip-{}">{}</span>', status, Status(status).label)


@register.simple_tag
def filter_fields(form, clocks_form):
    """The fields of a filter in the order in which they are read and reached by Tab: words and organisation, the clocks, from and to,
    what is chosen from a list, what is ticked.
    """
    first = [form[name] for name in ("q", "organisation") if name in form.fields]
    others = [field for field in form.visible_fields() if field.name not in ("q", "organisation")]
    return [*first, *clocks_form, *sorted(others, key=lambda field: (field.use_fieldset, field.widget_type == "select"))]


@register.simple_tag(takes_context=True)
def with_clocks(context, **more):
    """The query of a link that carries on the clocks that its page was asked for; '' where there is nothing to say."""
    query = urlencode(more | context.get("asked_clocks", {}))
    return f"?{query}" if query else ""


@register.simple_tag
def source_documents():
    """The documents that the footer names as sources."""
    return SourceDocument.objects.all()[:10]
