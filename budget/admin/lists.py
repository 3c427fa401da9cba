"""The lists of the admin: filters that ask nothing of the rows, and pages that nobody counts, so that a list costs the same at any size."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR, ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import EmptyPage, InvalidPage, Page, Paginator
from django.db import DataError, models
from django.utils import timezone
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from budget.fiscal import day_name, fiscal_year_name, fiscal_year_of
from budget.forms import DayField, organisation_choices
from budget.models import Tree


def is_year(field: models.Field) -> bool:
    return isinstance(field, models.PositiveSmallIntegerField) and field.name.endswith("year")


def in_words(model: type[models.Model], name: str) -> Callable:
    """A column, or a field that is only read, that shows a year, a day or a figure as the forms show it; yes or no."""
    field = model._meta.get_field(name)

    @admin.display(description=field.verbose_name)
    def column(row):
        value = getattr(row, name)
        if value is None:
            return admin.site.empty_value_display
        if isinstance(field, models.BooleanField):
            return _("yes") if value else _("no")
        if is_year(field) or name.endswith("_fy"):
            return fiscal_year_name(value)
        return day_name(value) if isinstance(field, models.DateField) else f"{value.normalize():f}"

    column.__name__ = name
    return column


def who_and_when(user, moment) -> str:
    """Who did it, and when in Asia/Tokyo; the sign for nothing where nobody did."""
    return f"{user} {localize(timezone.localtime(moment))}" if user else admin.site.empty_value_display


# --- Pages --------------------------------------------------------------------------------------------------------------------------


class UncountedPage(Page):
    def has_next(self):
        return self.paginator.follows


class UncountedPaginator(Paginator):
    """Turns pages without counting the rows: one row more than a page holds tells whether another page follows."""

    LAST = 10**6  # no database has so many pages, and none can be asked for row 10**19
    follows = False

    def validate_number(self, number):
        try:
            number = int(number)
        except (TypeError, ValueError) as error:
            raise InvalidPage from error
        if not 1 <= number <= self.LAST:
            raise EmptyPage
        return number

    def page(self, number):
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows = list(self.rows(first, first + self.per_page + 1))
        if not rows and number > 1:
            raise EmptyPage
        self.follows = len(rows) > self.per_page
        return UncountedPage(rows[: self.per_page], number, self)

    def rows(self, first: int, last: int) -> models.QuerySet:
        """The rows from one place to before another, as the page shows them."""
        return self.object_list[first:last]


class UncountedChangeList(ChangeList):
    """A list of the admin that is turned page by page and never counted. Its title names what it lists."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.title = capfirst(self.opts.verbose_name_plural)

    def get_results(self, request):
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        try:
            self.page = self.paginator.page(self.page_num)
        except (InvalidPage, OverflowError, DataError) as error:  # no such page, or a number in the address that no database holds
            raise IncorrectLookupParameters from error
        self.result_list = self.page.object_list
        self.result_count = self.full_result_count = len(self.result_list)
        self.show_full_result_count = self.can_show_all = False
        self.show_admin_actions = bool(self.result_list)
        self.multi_page = self.page.has_other_pages()

    @property
    def previous_url(self) -> str:
        return self.get_query_string({PAGE_VAR: self.page.previous_page_number()}) if self.page.has_previous() else ""

    @property
    def next_url(self) -> str:
        return self.get_query_string({PAGE_VAR: self.page.number + 1}) if self.page.has_next() else ""


# --- Filters ------------------------------------------------------------------------------------------------------------------------


class OrganisationFilter(admin.SimpleListFilter):
    """Rows of an organisation and of all below it; `path` leads from a row to its organisation."""

    title = _("organisation")
    parameter_name = "organisation"
    path = ""

    @classmethod
    def by(cls, path: str) -> type["OrganisationFilter"]:
        return type(cls.__name__, (cls,), {"path": path})

    def lookups(self, request, model_admin):
        self.tree = Tree()
        return organisation_choices(self.tree, self.tree.of_code(self.value() or ""))

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        organisation = self.tree.of_code(self.value())
        return queryset.filter(**{f"{self.path}__in": self.tree.below(organisation)}) if organisation else queryset.none()


class FiscalYearFilter(admin.SimpleListFilter):
    """Rows of one fiscal year; `path` is the column. The years around today are offered; any other may stand in the address."""

    title = _("fiscal year")
    parameter_name = "fiscal_year"
    path = ""
    years_ahead, years_back = 10, 10

    @classmethod
    def by(cls, path: str, title=None, years_ahead: int = years_ahead) -> type["FiscalYearFilter"]:
        told = {"path": path, "parameter_name": path, "title": title or cls.title, "years_ahead": years_ahead}
        return type(cls.__name__, (cls,), told)

    def lookups(self, request, model_admin):
        this_year = fiscal_year_of(timezone.localdate())
        return [(str(year), fiscal_year_name(year)) for year in range(this_year + self.years_ahead, this_year - self.years_back - 1, -1)]

    def queryset(self, request, queryset):
        return queryset.filter(**{self.path: int(self.value())}) if (self.value() or "").isdecimal() else queryset


class DayFilter(admin.SimpleListFilter):
    """Rows that are in force on a day (`on` of their QuerySet), written as people write a day; today is one click.

    What is no day is told, beside the box and above the list, and shows no rows: they would be taken for an answer.
    """

    title = _("in force on a day")
    parameter_name = "on"
    template = "admin/day_filter.html"
    refusal = ""

    def __init__(self, request, params, model, model_admin):
        super().__init__(request, params, model, model_admin)
        self.text = (self.value() or "").strip()
        gone = (self.parameter_name, PAGE_VAR, ERROR_FLAG)
        self.others = [(name, value) for name, values in request.GET.lists() if name not in gone for value in values]
        try:
            self.day = DayField(required=False).clean(self.text)
        except ValidationError as error:
            self.day, self.refusal = None, " ".join(error.messages)

    def lookups(self, request, model_admin):
        return [(timezone.localdate().isoformat(), _("today"))]

    def choices(self, changelist):
        yield {"selected": not self.text, "query_string": changelist.get_query_string(remove=[self.parameter_name]), "display": _("All")}
        for value, label in self.lookup_choices:
            chosen = self.day is not None and self.day.isoformat() == value
            yield {"selected": chosen, "query_string": changelist.get_query_string({self.parameter_name: value}), "display": label}

    @property
    def shown(self) -> str:
        """What stands in the box: the day in words, or what was written and is none."""
        return day_name(self.day) if self.day else self.text

    def queryset(self, request, queryset):
        if self.refusal:
            told = gettext("「%(text)s」 is no day, and so no rows are shown. %(how)s") % {"text": self.text, "how": self.refusal}
            messages.error(request, told)
            return queryset.none()
        return queryset.on(self.day) if self.day else queryset
