"""The admin's pages of a row, and what a browser sends back of them."""

from django.db import models
from django.urls import reverse


def page_of(row: models.Model, action="change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{action}", args=(row.pk,))


def sent(response, **changes) -> dict:
    """The fields of the page's form and of its inlines as they are shown, with `changes`."""
    forms = [response.context["adminform"].form]
    for inline in response.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    shown = {field.html_name: field.value() for form in forms for field in form}
    return {name: value for name, value in {**shown, **changes}.items() if value is not None and value is not False}


def errors(response) -> dict:
    """The messages of the page's form, by field."""
    return dict(response.context["adminform"].form.errors)
