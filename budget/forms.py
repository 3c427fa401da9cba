"""Form fields that read what people write, and the form of every admin page: it asks why.

A year and a day are shown and read as officials write them; a figure without the zeros that its column fills up with.
"""

from decimal import Decimal

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from budget.fiscal import day_name, fiscal_year_name, parse_day, parse_year


class FiscalYearField(forms.CharField):
    """A fiscal or calendar year as people write it: 令和7年度, R7, 2025. Gives the western year, or None."""

    default_error_messages = {"invalid": _("Write a year such as 令和7年度, R7 or 2025.")}

    def __init__(self, **options):
        super().__init__(**{"empty_value": None, **options})

    def prepare_value(self, value):
        return fiscal_year_name(value) if isinstance(value, int) else value

    def to_python(self, value):
        if isinstance(value, int):
            return value
        text = super().to_python(value)
        if text is None:
            return None
        try:
            return parse_year(text)
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class DayField(forms.DateField):
    """A day as people write it: 令和7年3月31日, R7.3.31, 2025-03-31."""

    widget = forms.TextInput
    default_error_messages = {"invalid": _("Write a day such as 令和7年3月31日, R7.3.31 or 2025-03-31.")}

    def prepare_value(self, value):
        return value if value is None or isinstance(value, str) else day_name(value)

    def to_python(self, value):
        if not isinstance(value, str) or value in self.empty_values:
            return super().to_python(value)
        try:
            return parse_day(value)
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


def day_of(text: str, *, option: str):
    """The day that a command's option names. CommandError, in words, where it names none."""
    try:
        return DayField().clean(text)
    except ValidationError as error:
        raise CommandError(f"{option} {text}: {' '.join(error.messages)}") from error


class FigureField(forms.DecimalField):
    """A figure shown as it was written: 60, not 60.0000."""

    def prepare_value(self, value):
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class Choice(AutocompleteSelect):
    """A link chosen by searching, with a name that a screen reader can say."""

    def __init__(self, field, admin_site, **options):
        super().__init__(field, admin_site, attrs={"aria-label": capfirst(field.verbose_name)}, **options)

    @property
    def media(self):
        return super().media + forms.Media(js=("admin/js/autocomplete.js", "choice.js"))


class ReasonForm(forms.ModelForm):
    """A form that asks for the reason of the change; changing one of `reasoned` fields is refused without one."""

    reasoned: tuple[str, ...] = ()

    change_reason = forms.CharField(
        label=_("reason of the change"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        help_text=_("The history keeps it."),
    )

    def clean(self):
        cleaned = super().clean()
        changed = not self.instance._state.adding and set(self.reasoned) & set(self.changed_data)
        if changed and not self.cleaned_data.get("change_reason"):
            self.add_error("change_reason", _("Give the reason: what is laid down here changes."))
        return cleaned


class RowForm(forms.ModelForm):
    """A row of an inline. Constraints that speak of its parent too are checked here: Django leaves the parent out of them."""

    def _post_clean(self):
        super()._post_clean()
        if not self.errors:
            try:
                self.instance.validate_constraints(exclude=self._get_validation_exclusions())
            except ValidationError as error:
                self._update_errors(error)
