"""The search: one box over organisations, programmes and targets, the words that were looked for marked."""

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from budget.models import Programme
from kpis import search
from kpis.models import OutcomeTarget
from kpis.reports import with_what_columns_read
from kpis.views.base import Problem, ReportPage, page_of, problems_of, turned
from kpis.words import words_of

ROWS_SHOWN = 5
KINDS = {"organisations": _("Organisations"), "programmes": _("Programmes"), "targets": _("Outcome targets")}


class SearchForm(forms.Form):
    """What to look for, and which kind of what is found to show whole."""

    q = forms.CharField(max_length=search.LONGEST, required=False)
    show = forms.ChoiceField(choices=[("", ""), *KINDS.items()], required=False)


@dataclass(frozen=True)
class Hits:
    """What was found of one kind: how many, and the rows shown."""

    kind: str
    title: Any
    number: int
    rows: list = field(default_factory=list)


class SearchPage(ReportPage):
    """The first rows of each kind that a search finds; with `show` one kind, page by page."""

    template_name = "kpis/search.html"
    parameters = (*ReportPage.parameters, "q", "show", "page")

    def problems(self):
        yield from super().problems()
        self.form = SearchForm(self.request.GET)
        yield from problems_of(self.form)
        if self.request.GET.get("page") and not self.request.GET.get("show"):
            yield Problem("page", gettext("Only a whole list has pages: say which by show."))

    def get_context_data(self, **kwargs):
        query, show = self.form.cleaned_data["q"], self.form.cleaned_data["show"]
        words = words_of(query)
        context = super().get_context_data(query=query, words=words, **kwargs)
        if not search.is_long_enough(words):
            page_of([], self.request)
            return context | {"is_too_short": bool(words)}
        found = search.search(words, self.on)._asdict()
        if show:
            page = page_of(found[show], self.request)
            whole = Hits(show, KINDS[show], len(found[show]), self.rows(show, page.object_list))
            return context | {"groups": [whole], "whole": whole, **turned(page)}
        groups = [Hits(kind, title, len(found[kind]), self.rows(kind, found[kind][:ROWS_SHOWN])) for kind, title in KINDS.items()]
        return context | {"groups": groups, "number": sum(group.number for group in groups)}

    def rows(self, kind: str, found: list) -> list:
        """The rows that were found, in their order. One query where there are any but organisations."""
        if kind == "organisations" or not found:
            return found
        if kind == "programmes":
            rows = Programme.objects.select_related("lead").filter(pk__in=found)
        else:
            rows = with_what_columns_read(OutcomeTarget.objects.filter(pk__in=found).with_status(self.on))
        return sorted(rows, key=lambda row: found.index(row.pk))
