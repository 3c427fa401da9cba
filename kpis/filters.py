"""How reports and lists are narrowed. The same filters serve the page, the CSV and the command; an unknown parameter is refused."""

import json
from collections.abc import Callable

import django_filters
from django import forms
from django.db.models import F, Lookup, QuerySet
from django.utils.translation import gettext_lazy as _

from budget.forms import DayField, FiscalYearField, OrganisationField, OrganisationsForm
from budget.models import Programme
from kpis import search
from kpis.choices import Kind, NoDeadline, Status, Term
from kpis.models import OutcomeTarget
from kpis.reports import attains_more_than
from kpis.words import words_of

SORTS = (
    ("judged_fy", "due"),
    ("programme__code", "programme"),
    ("programme__lead__code", "organisation"),
    ("status", "status"),
)
SORT_NAMES = (
    ("due", _("earliest deadline first")),
    ("-due", _("latest deadline first")),
    ("programme", _("by programme")),
    ("-programme", _("by programme, backwards")),
    ("organisation", _("by organisation")),
    ("-organisation", _("by organisation, backwards")),
    ("status", _("by status")),
    ("-status", _("by status, backwards")),
)


class FiscalYearFilter(django_filters.Filter):
    field_class = FiscalYearField


class DayFilter(django_filters.Filter):
    field_class = DayField


class OrganisationFilter(django_filters.Filter):
    field_class = OrganisationField


class TargetOrder(django_filters.OrderingFilter):
    """Ties are settled by code, and what has no year comes last, so that pages are the same on every database."""

    def filter(self, targets, value):
        if not value:
            return targets
        keys = [self.get_ordering_value(key) for key in value]
        orders = [F(key[1:]).desc(nulls_last=True) if key.startswith("-") else F(key).asc(nulls_last=True) for key in keys]
        return targets.order_by(*orders, "programme__code", "code")


class OneOf(Lookup):
    """Whether a column holds one of many numbers: a single parameter, whatever their number."""

    prepare_rhs = False

    def as_sql(self, compiler, connection):
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*parameters, self.rhs]

    def as_sqlite(self, compiler, connection):
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", [*parameters, json.dumps(self.rhs)]


def _order(default):
    return TargetOrder(fields=SORTS, choices=SORT_NAMES, label=_("order"), empty_label=default)


def _organisation():
    """An organisation and all below it: what lies `within` it is the filter set's to say."""
    return OrganisationFilter(method="within", label=_("organisation"), empty_label=_("all"))


def _codes(choices, label):
    """Any of some codes, ticked; a row has one of them, and so is found once."""
    return django_filters.MultipleChoiceFilter(choices=choices, label=label, widget=forms.CheckboxSelectMultiple, distinct=False)


def _text():
    """A text whose words are all mentioned: what is alike, and where it is looked for, `kpis.search` says."""
    return django_filters.CharFilter(method="mentioning", label=_("text"), max_length=search.LONGEST)


# A programme, written as its code: a box of all of them would be too long.
BY_CODE = {
    "queryset": Programme.objects.all(),
    "to_field_name": "code",
    "label": _("programme code"),
    "widget": forms.TextInput,
    "error_messages": {"invalid_choice": _("There is no programme of this code.")},
}


def _counted_for(method, label):
    """An organisation that a total names: a link gives it, no box offers it."""
    return OrganisationFilter(method=method, label=label, widget=forms.HiddenInput)


class ReportFilterSet(django_filters.FilterSet):
    """Narrows the rows that a report chooses: first, `OF_TARGETS`, the targets among which it chooses, then what it chose.

    What a target is without its status is asked first: the status is computed for those targets alone.
    """

    OF_TARGETS: tuple[str, ...] = ()

    def __init__(self, *arguments, choose: Callable[[QuerySet], QuerySet] = lambda targets: targets, **options):
        super().__init__(*arguments, **options)
        self.choose = choose

    def filter_queryset(self, queryset):
        def narrowed(rows, names):
            for name in names:
                rows = self.filters[name].filter(rows, self.form.cleaned_data[name])
            return rows

        targets = narrowed(queryset, self.OF_TARGETS)
        return narrowed(self.choose(targets), [name for name in self.filters if name not in self.OF_TARGETS])


class OutcomeTargetFilterSet(ReportFilterSet):
    """Narrows targets. Reports give them with their status (`with_status`)."""

    OF_TARGETS = ("organisation", "bureau", "lead", "q", "term", "kind", "due_on_from", "due_on_to")

    organisation = _organisation()
    term = _codes(Term, _("term"))
    kind = django_filters.ChoiceFilter(choices=Kind, label=_("kind"), empty_label=_("all"))
    status = _codes(Status, _("status"))
    due_from = FiscalYearFilter(field_name="judged_fy", lookup_expr="gte", label=_("deadline from fiscal year"))
    due_to = FiscalYearFilter(field_name="judged_fy", lookup_expr="lte", label=_("deadline to fiscal year"))
    due_on_from = DayFilter(method="falling_due", label=_("last day from"))
    due_on_to = DayFilter(method="falling_due", label=_("last day to"))
    no_deadline = django_filters.ChoiceFilter(
        choices=(("any", _("any reason")), *NoDeadline.choices), method="lacking", label=_("no last day"), empty_label=_("all")
    )
    bureau = _counted_for("within_bureau", _("counted for the bureau"))
    lead = _counted_for("led_by", _("led by"))
    q = _text()
    sort = _order(default=_("programme code"))

    class Meta:
        model = OutcomeTarget
        fields = ()
        form = OrganisationsForm

    def within(self, targets, name, organisation):
        return targets.filter(programme__lead__in=self.form.tree.below(organisation))

    def within_bureau(self, targets, name, bureau):
        """Those that `reports.totals_by_bureau` counts for the organisation: not all below it, where bureaus lie below."""
        return targets.filter(programme__lead__in=self.form.tree.counted_for(bureau))

    def led_by(self, targets, name, lead):
        return targets.filter(programme__lead=lead)

    def falling_due(self, targets, name, day):
        return targets.falling_due(*((day, None) if name == "due_on_from" else (None, day)))

    def lacking(self, targets, name, reason):
        found = targets.with_no_last_day()
        return found if reason == "any" else found.filter(no_deadline=reason)

    def mentioning(self, targets, name, text):
        return targets.filter(OneOf(F("pk"), search.targets_mentioning(words_of(text))))


class OverdueFilterSet(OutcomeTargetFilterSet):
    """The overdue report's filters: its statuses are those that a passed deadline can have."""

    status = _codes([(code, code.label) for code in (Status.MISSED, Status.UNREPORTED, Status.AWAITING)], _("status"))
    no_deadline = None
    sort = _order(default=_("longest overdue first"))


def filters_of(default_order, *, without=(), **more) -> type[OutcomeTargetFilterSet]:
    """The filters of targets less those that say nothing of a report, with its own beside them.

    `default_order` names the order of the report where none is asked for.
    """
    return type("ReportFilterSet", (OutcomeTargetFilterSet,), dict.fromkeys(without) | more | {"sort": _order(default_order)})


def no_deadline_of(*reasons: NoDeadline) -> django_filters.ChoiceFilter:
    """The filter by the reason of a missing last day, of some reasons alone."""
    choices = [(reason.value, reason.label) for reason in reasons]
    return django_filters.ChoiceFilter(choices=choices, method="lacking", label=_("no last day"), empty_label=_("all"))


def _beyond(targets, name, percent):
    return targets.filter(attains_more_than(int(percent)))


# For the over-achieved targets: further over.
OVER = django_filters.ChoiceFilter(
    choices=(("200", _("more than 200 %")),), method=_beyond, label=_("attainment"), empty_label=_("more than 120 %")
)


class RevisionFilterSet(ReportFilterSet):
    """Narrows revisions (`kpis.revisions`). Organisation and words are those of the target as it stands."""

    WHEN = (("close", _("moved or eased within 90 days of the deadline or after it")), ("late", _("moved or eased after the deadline")))

    when = django_filters.ChoiceFilter(choices=WHEN, method="near", label=_("when"), empty_label=_("all"))
    organisation = _organisation()
    programme = django_filters.ModelChoiceFilter(method="of_programme", **BY_CODE)
    q = _text()

    class Meta:
        model = OutcomeTarget
        fields = ()
        form = OrganisationsForm

    def of_programme(self, rows, name, programme):
        return rows.filter(id__in=OutcomeTarget.objects.filter(programme=programme).values("id"))

    def near(self, rows, name, code):
        return rows.filter(**{code: True})

    def within(self, rows, name, organisation):
        return rows.filter(id__in=OutcomeTarget.objects.filter(programme__lead__in=self.form.tree.below(organisation)).values("id"))

    def mentioning(self, rows, name, text):
        return rows.filter(OneOf(F("id"), search.targets_mentioning(words_of(text))))


class ProgrammeFilterSet(django_filters.FilterSet):
    """Narrows programmes; what is overdue and what is budgeted, those that carry `has_overdue` and `budget_yen`."""

    OVERDUE = (("yes", _("with overdue targets")),)
    BUDGET = (("none", _("no amount recorded")),)

    q = _text()
    organisation = _organisation()
    overdue = django_filters.ChoiceFilter(choices=OVERDUE, method="with_overdue", label=_("overdue targets"), empty_label=_("all"))
    budget = django_filters.ChoiceFilter(choices=BUDGET, method="without_amount", label=_("budget"), empty_label=_("all"))

    class Meta:
        model = Programme
        fields = ()
        form = OrganisationsForm

    def within(self, programmes, name, organisation):
        return programmes.filter(lead__in=self.form.tree.below(organisation))

    def with_overdue(self, programmes, name, code):
        return programmes.filter(has_overdue=True)

    def without_amount(self, programmes, name, code):
        return programmes.filter(budget_yen=None)

    def mentioning(self, programmes, name, text):
        return programmes.filter(OneOf(F("pk"), search.programmes_mentioning(words_of(text))))
