"""What every page shares: it answers its own parameters and refuses all others, and many are evaluated on a day.

A page refuses a parameter that it does not know or cannot read, with a sentence and HTTP 400: an ignored filter is a wrong report.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import InvalidPage, Page, Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from budget.forms import DayField, MomentField
from kpis import asof
from kpis.asof import Clocks

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


class ClocksForm(forms.Form):
    """The day that a page is evaluated on, and the moment by which what it reads was recorded."""

    on = DayField(label=gettext_lazy("day"), required=False, help_text=gettext_lazy("Such as 2026-09-01, R8.9.1 or 令和8年9月1日."))
    known_at = MomentField(
        label=gettext_lazy("recorded by"),
        required=False,
        help_text=gettext_lazy("Such as 2026-09-01 17:30, or a day for its end. Blank: what is recorded now."),
    )

    def __init__(self, asked, *, today: date):
        super().__init__(asked)
        # A day that nobody asked for is written into no address, and so moves on with the calendar.
        self.fields["on"].widget.attrs["placeholder"] = today.isoformat()

    def clean_known_at(self):
        asof.refuse_unsettled(self.cleaned_data["known_at"], now=timezone.now())
        return self.cleaned_data["known_at"]


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


class ReportPage(OpenPage):
    """A page with two clocks: it is evaluated on a day, `on` (today by default), from what was recorded by a moment, `known_at` (now).

    All that it reads and renders is as known at that moment.
    """

    parameters = ("on", "known_at")

    def get(self, request, **kwargs):
        today = timezone.localdate()
        self.clocks_form = ClocksForm(request.GET, today=today)
        self.clocks_form.full_clean()
        self.clocks = Clocks(self.clocks_form.cleaned_data.get("on") or today, self.clocks_form.cleaned_data.get("known_at"))
        request.user.is_authenticated  # noqa: B018  (who asks, and may ask, is read as it is now)
        with asof.as_known_at(self.clocks.known_at):
            try:
                response = super().get(request, **kwargs)
            except Http404:
                if self.clocks.known_at is None:
                    raise
                response = TemplateResponse(request, "404.html", {"known_at": self.clocks.known_at}, status=404)
            return response.render() if isinstance(response, TemplateResponse) else response

    def as_known(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines of a file, of the page's moment: they are read when the page itself is long answered."""
        with asof.as_known_at(self.clocks.known_at):
            yield from lines

    @property
    def on(self) -> date:
        return self.clocks.on

    def problems(self):
        yield from super().problems()
        yield from problems_of(self.clocks_form)

    def get_context_data(self, **kwargs):
        today, asked = timezone.localdate(), self.request.GET
        return super().get_context_data(
            on=self.on,
            known_at=self.clocks.known_at,
            clocks_form=self.clocks_form,
            asked_clocks={name: asked[name] for name in ReportPage.parameters if asked.get(name)},
            other_moments=self.other_moments(today),
            **kwargs,
        )

    def other_moments(self, today: date) -> list[tuple[Any, date]]:
        """Moments of the past that a reader may want the page to be known at: their names, and the days at whose ends they lie."""
        moments = [(_("at the end of the day judged"), self.on), (_("at the end of last month"), today.replace(day=1) - timedelta(days=1))]
        return [(name, day) for name, day in moments if day < today and MomentField().clean(day.isoformat()) != self.clocks.known_at]


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


def problems_of_format(request, formats: tuple[str, ...] = ("csv",)) -> Iterable[Problem]:
    """What is wrong with the format that a page is asked for as a file in: one of these, and all pages at once."""
    if request.GET.get("format", "") not in ("", *formats):
        yield Problem("format", _("%(formats)s, or leave it out.") % {"formats": " / ".join(formats)})
    elif request.GET.get("format") and request.GET.get("page"):
        yield Problem("page", _("A file holds all pages: leave it out."))


def csv_file(lines: Iterable[bytes], name: str) -> StreamingHttpResponse:
    """The lines of a CSV, one after the other, as a file of this name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
