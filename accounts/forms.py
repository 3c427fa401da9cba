"""Forms of users and of the reshuffle. A password is set on its own page and never shown."""

from django import forms
from django.contrib.auth.forms import BaseUserCreationForm
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from budget.forms import DayField, ReasonForm, organisation_choices
from budget.models import Organisation, Tree


class NewUserForm(ReasonForm, BaseUserCreationForm):
    class Meta:
        model = User
        fields = ("username", "name", "email")


def _scopes() -> list[tuple[str, str]]:
    return [("", "---------"), (ReshuffleForm.EVERYWHERE, _("all organisations")), *organisation_choices(Tree(), whole=True)]


class ReshuffleForm(forms.Form):
    """A file of postings, the day from which it holds, and the organisation that it is about."""

    EVERYWHERE = "*"  # no organisation has such a code
    required_css_class = "required"

    on = DayField(label=_("from which day"), help_text=_("Such as 令和8年4月1日, R8.4.1 or 2026-04-01."))
    scope = forms.ChoiceField(
        label=_("for which organisation"),
        choices=_scopes,
        help_text=_("With all below it. Postings there that the file does not name end on the eve of the day; others stay as they are."),
    )
    file = forms.FileField(label=_("postings file"), required=False, help_text=_("CSV in UTF-8, as it is downloaded here."))

    def clean_scope(self) -> Organisation | None:
        code = self.cleaned_data["scope"]
        return None if code == self.EVERYWHERE else Organisation.objects.get(code=code)
