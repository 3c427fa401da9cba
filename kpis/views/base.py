"""What every page shares: it answers its own parameters and refuses all others, and many are evaluated on a day.

A page refuses a parameter that it does not know or cannot read, with a sentence and HTTP 400: an ignored filter is a wrong report.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import InvalidPage, Page, Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from budget.forms import DayField

ROWS_PER_PAGE = 50


@dataclass(frozen=True)
class Problem:
    """A parameter that cannot be read, and what is expected of it."""

    parameter: str
    expected: str


class Refused(Exception):
    """The request's parameters cannot be answered."""

    def __init__(self, *problems: Problem):
        self.problems = problems


class DayForm(forms.Form):
    """The day that a page is evaluated on."""

    on = DayField(label=gettext_lazy("day"), required=False, help_text=gettext_lazy("Such as 2026-09-01, R8.9.1 or 令和8年9月1日."))


class OpenPage(TemplateView):
    """A page that answers its own parameters and refuses all others."""

    parameters: tuple[str, ...] = ()
    repeatable: tuple[str, ...] = ()

    def get(self, request, **kwargs):
        try:
            self.refuse(self.problems())
            return self.answer(**kwargs)
        except Refused as refused:
            known = (*self.parameters, *self.repeatable)
            return render(request, "400.html", {"problems": refused.problems, "known": known, **self.beside_problems()}, status=400)

    def answer(self, **kwargs) -> HttpResponse:
        return self.render_to_response(self.get_context_data(**kwargs))

    def beside_problems(self) -> dict[str, Any]:
        """What the page of the refusal shows besides the problems."""
        return {}

    def problems(self) -> Iterable[Problem]:
        """All that is wrong with the parameters."""
        for name, values in self.request.GET.lists():
            if name not in self.parameters and name not in self.repeatable:
                yield Problem(name, _("This page does not know this parameter."))
            elif len(values) > 1 and name not in self.repeatable:
                yield Problem(name, _("Give it once."))

    def refuse(self, problems: Iterable[Problem]) -> None:
        if problems := tuple(problems):
            raise Refused(*problems)


class InsidePage(OpenPage):
    """A page for those who work with the system: a user with a posting in force today."""

    def dispatch(self, request, *arguments, **options):
        if not (request.user.is_authenticated and request.user.is_staff):
            return redirect_to_login(request.get_full_path())
        return super().dispatch(request, *arguments, **options)


class DayPage(OpenPage):
    """A page that is evaluated on a day: `on`, today by default."""

    parameters = ("on",)

    def problems(self):
        yield from super().problems()
        today = timezone.localdate()
        self.day_form = DayForm({"on": self.request.GET.get("on") or today.isoformat()})
        yield from problems_of(self.day_form)
        self.on = self.day_form.cleaned_data.get("on", today)

    def get_context_data(self, **kwargs):
        return super().get_context_data(on=self.on, day_form=self.day_form, asked_on=self.request.GET.get("on"), **kwargs)


def problems_of(form: forms.Form) -> list[Problem]:
    return [Problem(name, " ".join(errors)) for name, errors in form.errors.items()]


def page_of(rows, request) -> Page:
    """The page of `rows` that the request asks for. Refused where there is no such page."""
    paginator = Paginator(rows, ROWS_PER_PAGE)
    try:
        return paginator.page(request.GET.get("page") or 1)
    except InvalidPage:
        raise Refused(Problem("page", _("A number from 1 to %(last)s.") % {"last": paginator.num_pages})) from None


def turned(page: Page) -> dict[str, Any]:
    """What `kpis/_pages.html` needs to turn to the other pages."""
    return {"page": page, "pages": page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)}


def problems_of_format(request) -> Iterable[Problem]:
    """What is wrong with the format that a page is asked for as a file in: CSV alone, and all pages at once."""
    if request.GET.get("format", "") not in ("", "csv"):
        yield Problem("format", _("csv, or leave it out."))
    elif request.GET.get("format") and request.GET.get("page"):
        yield Problem("page", _("A file holds all pages: leave it out."))
