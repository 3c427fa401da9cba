"""The form on which an official enters a result: what it refuses, what it asks once, and what the figure would give."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from budget import history
from budget.fiscal import fiscal_year_name, fiscal_year_of, last_day
from budget.forms import DayField, ReasonForm
from kpis import explain, locks, workflow
from kpis.choices import ACCUMULATIONS, COMPARATORS, NOT_KNOWN
from kpis.models import OutcomeTarget

ASKED_ONCE = {"comparator", "accumulation", "deadline_event_on"}  # what `left_open` can name
_CHOOSE = ("", _("choose"))


@dataclass(frozen=True)
class Preview:
    """What the entered figure would give if it were accepted today."""

    figure: str
    attainment: Decimal | None
    target: OutcomeTarget
    why: str


class ReportForm(ReasonForm):
    """A result of `target`. The page that shows the form says what day it is: `today`."""

    target: OutcomeTarget
    today: date

    comparator = forms.ChoiceField(
        label=_("which way is better"),
        choices=[_CHOOSE, *COMPARATORS],
        help_text=_("The source does not say it, so that it is assumed. Your answer settles it and stands in the history."),
    )
    accumulation = forms.ChoiceField(
        label=_("what the figure counts"),
        choices=[_CHOOSE, *ACCUMULATIONS],
        help_text=_("The source does not say it, so that it is assumed. Your answer settles it and stands in the history."),
    )
    deadline_event_on = DayField(
        label=_("day of the event that the deadline counts from"),
        required=False,
        help_text=_("Once it is known, the deadline is. Leave it blank while the event has not happened."),
    )

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.instance.target = self.target
        self.left_open = self.target.left_open
        for name in ASKED_ONCE:
            if name not in self.left_open:
                del self.fields[name]
            elif not self.instance._state.adding:  # it was asked when the report was begun
                self.fields[name].required = False
        if "value" in self.fields and self.target.unit:
            self.fields["value"].label = f"{self.fields['value'].label} ({self.target.unit})"

    # --- What it refuses ------------------------------------------------------------------------------------------------------------

    def clean_fiscal_year(self):
        year = self.cleaned_data["fiscal_year"]
        if year > fiscal_year_of(self.today):
            raise ValidationError(_("This fiscal year has not begun."))
        return year

    def clean_measured_on(self):
        day, year = self._not_in_the_future("measured_on"), self.cleaned_data.get("fiscal_year") or self.instance.fiscal_year
        if day and year and fiscal_year_of(day) < year:
            raise ValidationError(_("This day lies before the fiscal year of the result."))
        return day

    def clean_deadline_event_on(self):
        return self._not_in_the_future("deadline_event_on")

    def _not_in_the_future(self, name):
        day = self.cleaned_data[name]
        if day and day > self.today:
            raise ValidationError(_("This day is still to come."))
        return day

    def clean(self):
        cleaned = super().clean()
        year = cleaned.get("fiscal_year") or self.instance.fiscal_year
        has_figure = any(cleaned.get(name) is not None for name in ("value", "grade"))
        if year and has_figure and "measured_on" in cleaned and not cleaned["measured_on"] and last_day(year) >= self.today:
            self.add_error("measured_on", _("The fiscal year has not ended: say on which day the figure was measured."))
        if year:
            try:
                locks.refuse_locked(self.target.programme_id, year, self.today)
            except ValidationError as error:
                self.add_error("fiscal_year" if "fiscal_year" in self.fields else None, error)
        # Whether a reason is needed is judged by the terms as they are being settled.
        for name, value in self.settled.items():
            setattr(self.instance.target, name, value)
        for name in ASKED_ONCE - set(self.left_open):
            if self.data.get(self.add_prefix(name)):
                sentence = _("%(what)s was settled meanwhile by somebody else: your answer is not needed any more. Look, and save again.")
                self.add_error(None, sentence % {"what": self.base_fields[name].label})
                self.data = self.data.copy()
                del self.data[self.add_prefix(name)]
        return cleaned

    def _post_clean(self):
        """Also check that the year is reported once: the target is no field of the form, and Django leaves out what is none."""
        super()._post_clean()
        if not self.errors:
            try:
                self.instance.validate_constraints(exclude=self._get_validation_exclusions() - {"target", "fiscal_year"})
                if "_submit" in self.data:
                    self.instance.refuse_without_reason()
            except ValidationError as error:
                self._update_errors(error)

    # --- What it asks once ----------------------------------------------------------------------------------------------------------

    @property
    def settled(self) -> dict:
        """The terms that the answers settle."""
        answers = {name: self.cleaned_data.get(name) for name in self.left_open}
        return {name: answer for name, answer in answers.items() if answer and answer != NOT_KNOWN}

    # --- Saving ---------------------------------------------------------------------------------------------------------------------

    def enter(self, *, by, reason: str):
        """Save the result where the form changed it, told with user and reason, and settle what its answers settle."""
        report = self.instance
        if report._state.adding or set(self.changed_data) & {field.name for field in report._meta.fields}:
            report.reported_by, report.reported_at = by, timezone.now()
            history.explain(report, reason=reason, by=by)
            report.save()
        if self.settled:
            settling = _("settled with the result of %(year)s") % {"year": fiscal_year_name(report.fiscal_year)}
            workflow.settle(report.target, by=by, reason=settling, **self.settled)
        return report

    # --- What the figure would give --------------------------------------------------------------------------------------------------

    @property
    def is_previewed(self) -> bool:
        return self.is_bound and "_preview" in self.data

    def is_valid(self):
        """A preview is never saved: the page comes back with the input and with what it would give."""
        return super().is_valid() and not self.is_previewed

    def preview(self) -> Preview | None:
        """None where the form has errors, or holds no figure."""
        report = self.instance
        found = None if self.errors else workflow.target_if_accepted(report, self.today)
        if found is None:
            return None
        return Preview(
            figure=explain.figure(report.value, report.grade, found.unit),
            attainment=report.attainment,
            target=found,
            why=explain.why(found, self.today, list(found.milestones.all()), settings.SEIKA_RESULTS_DUE)[0],
        )
