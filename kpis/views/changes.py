"""The changes of a period, for auditors and everybody who works with the system: what, old and new, who, when and why."""

from datetime import date, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from budget.forms import DayField, OrganisationField, OrganisationsForm
from kpis import changes
from kpis.filters import BY_CODE
from kpis.models import start_of_day
from kpis.views.base import InsidePage, csv_file, page_of, problems_of, problems_of_format, turned

DAYS_SHOWN = 30


class ChangesForm(OrganisationsForm):
    """Which changes to show. Both days count; where none is asked for, the last days, of a programme all from its first on."""

    since = DayField(label=gettext_lazy("from day"), required=False)
    until = DayField(label=gettext_lazy("to day"), required=False)
    by = forms.CharField(label=gettext_lazy("user name"), required=False)
    model = forms.ChoiceField(label=gettext_lazy("what"), required=False)
    organisation = OrganisationField(label=gettext_lazy("organisation"), empty_label=gettext_lazy("all"))
    programme = forms.ModelChoiceField(required=False, **BY_CODE)
    unusual = forms.ChoiceField(
        label=gettext_lazy("unusual ones"),
        required=False,
        choices=[("", gettext_lazy("all")), *((code, title) for code, (title, _condition, _of) in changes.UNUSUAL.items())],
    )

    def __init__(self, asked, *, today: date):
        super().__init__(asked.copy())
        self.today = today
        names = [(label, capfirst(model._meta.verbose_name)) for label, model in changes.MODELS.items()]
        self.fields["model"].choices = [("", _("all")), *names]

    def clean_by(self):
        name = self.cleaned_data["by"]
        if name and not User.objects.filter(username=name).exists():
            raise ValidationError(_("There is no user of this name."))
        return name

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        programme = cleaned["programme"]
        first = (programme and changes.first_day_of(programme)) or self.today - timedelta(days=DAYS_SHOWN)
        for name, day in (("since", first), ("until", self.today)):
            if cleaned[name] is None:
                cleaned[name], self.data[name] = day, day.isoformat()
        if cleaned["until"] < cleaned["since"]:
            self.add_error("until", _("Not before the first day."))
        return cleaned

    @property
    def wanted(self) -> changes.Wanted:
        asked = self.cleaned_data
        organisation = asked["organisation"]
        return changes.Wanted(
            since=start_of_day(asked["since"]),
            until=start_of_day(asked["until"] + timedelta(days=1)),
            by=User.objects.get(username=asked["by"]) if asked["by"] else None,
            model=asked["model"],
            organisation_ids=frozenset(self.tree.below(organisation)) if organisation else None,
            programme=asked["programme"],
            unusual=asked["unusual"],
        )


class Changes(InsidePage):
    """The changes of a period, fifty on a page, or all of them as CSV."""

    template_name = "kpis/changes.html"
    extra_context = {"section": "changes"}
    parameters = (*ChangesForm.base_fields, "page", "format")

    def problems(self):
        yield from super().problems()
        self.form = ChangesForm(self.request.GET, today=timezone.localdate())
        yield from problems_of(self.form)
        yield from problems_of_format(self.request)

    def answer(self, **kwargs):
        if self.request.GET.get("format") != "csv":
            return super().answer(**kwargs)
        asked = self.form.cleaned_data
        name = f"seika-changes-{asked['since'].isoformat()}-{asked['until'].isoformat()}.csv"
        return csv_file(changes.csv_of(self.form.wanted), name)

    def get_context_data(self, **kwargs):
        page = page_of(changes.rows_of(self.form.wanted), self.request)
        return super().get_context_data(
            form=self.form,
            told=changes.told(page.object_list),
            **turned(page),
            **kwargs,
        )
