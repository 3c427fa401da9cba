"""Forms of users. A password is set on its own page and never shown."""

from django.contrib.auth.forms import BaseUserCreationForm

from accounts.models import User
from budget.forms import ReasonForm


class NewUserForm(ReasonForm, BaseUserCreationForm):
    class Meta:
        model = User
        fields = ("username", "name", "email")
