"""Form fields that read what people write, and the form of every admin page: it asks why.

A year and a day are shown and read as officials write them; a figure without the zeros that its column fills up with.
"""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from budget.fiscal import day_name, fiscal_year_name, parse_day, parse_year
from budget.history import Version
from budget.models import Organisation, Tree


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


class MomentField(forms.CharField):
    """A moment in Asia/Tokyo, to the microsecond: a day as `DayField` reads it, and a time. A day alone is its end.

    Gives the moment in UTC, or None.
    """

    default_error_messages = {
        "invalid": _("Write a day and a time such as 2026-09-01 17:30 or 令和8年9月1日 17:30; a day alone is its end.")
    }
    _PARTS = re.compile(
        r"(?P<day>.+?)(?:[T\s]\s*(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]{1,6})?)?)(?P<zone>[+-][0-9]{2}:[0-9]{2}|Z)?)?",
        re.DOTALL,
    )

    def __init__(self, **options):
        super().__init__(**{"empty_value": None, **options})

    def to_python(self, value):
        text = super().to_python(value)
        if text is None:
            return None
        day, at, zone = self._PARTS.fullmatch(unicodedata.normalize("NFKC", text)).groups()
        try:
            hour, _colon, rest = (at or "").partition(":")
            moment = datetime.combine(parse_day(day), time.fromisoformat(f"{hour:0>2}:{rest}") if at else time.max)
            aware = datetime.fromisoformat(f"{moment.isoformat()}{zone}") if zone else timezone.make_aware(moment)
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
        return aware.astimezone(UTC)  # PostgreSQL reads no offset beyond 16 hours


# A tree of so many organisations is offered whole; the whole government's have some 800.
OFFERED_WHOLE = 150


def organisation_choices(tree: Tree, chosen: Organisation | None = None, *, whole: bool = False) -> list[tuple[str, str]]:
    """Code and name of the organisations that a box offers, each below its parent and set in from it: many divisions share a name.

    A large tree is opened along the path to the chosen one, unless the `whole` of it is asked for: the topmost ones are offered, and what
    lies directly below each one on the path, and below whoever stands alone.
    """
    path = set(tree.path_to(chosen)) if chosen else set()
    whole = whole or len(list(tree)) <= OFFERED_WHOLE

    def below(parent, depth):
        nodes = tree.directly_below(parent)
        for node in nodes:
            yield node.code, "\u3000" * depth + node.name
            if whole or node in path or len(nodes) == 1:
                yield from below(node, depth + 1)

    return list(below(None, 0))


class OrganisationField(forms.TypedChoiceField):
    """An organisation, named by its code; None without it. Its form says out of which tree (`OrganisationsForm`)."""

    def __init__(self, *, empty_label="", **options):
        super().__init__(**{"required": False, "empty_value": None, **options})
        self.empty_label = empty_label

    def read_from(self, tree: Tree, code: str | None) -> None:
        """Offer the organisations of a tree, opened along the path to the one of this code; accept all of them."""
        self.coerce, self.valid_value = tree.of_code, lambda value: tree.of_code(value) is not None

        def choices():
            offered = organisation_choices(tree, tree.of_code(code or ""))
            if len(offered) < len(list(tree)):
                offered = [(_("Choose one and show, and what lies below it is offered:"), offered)]
            return [("", self.empty_label), *offered]

        self.choices = choices


class OrganisationsForm(forms.Form):
    """A form whose fields of organisations read one tree together."""

    def __init__(self, *args, tree: Tree | None = None, **options):
        super().__init__(*args, **options)
        self.tree = tree or Tree()
        for name, field in self.fields.items():
            if isinstance(field, OrganisationField):
                field.read_from(self.tree, self.data.get(self.add_prefix(name)))


def day_of(text: str, *, option: str) -> date:
    """The day that a command's option names. CommandError, in words, where it names none."""
    return _read(DayField(), text, option)


def moment_of(text: str, *, option: str) -> datetime:
    """The moment that a command's option names. CommandError, in words, where it names none."""
    return _read(MomentField(), text, option)


def _read(field: forms.Field, text: str, option: str):
    try:
        return field.clean(text)
    except ValidationError as error:
        raise CommandError(f"{option} {text}: {' '.join(error.messages)}") from error


def add_by(parser) -> None:
    """The option of a writing command that says who runs it: `user_of` reads it."""
    parser.add_argument("--by", metavar="USER", help="user name of who runs the command; the history names this user")


def content_of(file: Path) -> bytes:
    """The bytes of the file that a command is given. CommandError, in words, where it cannot be read."""
    with reading(file):
        return file.read_bytes()


@contextmanager
def reading(place: Path) -> Iterator[None]:
    """Read a command's files within. CommandError, in words, where one cannot be read."""
    try:
        yield
    except OSError as error:
        file = error.filename or place
        raise CommandError(_("%(file)s cannot be read (%(error)s).") % {"file": file, "error": error.strerror}) from error


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Write a command's files within. CommandError, in words, where they cannot be written."""
    try:
        yield
    except OSError as error:
        raise CommandError(
            _("%(place)s cannot be written (%(error)s). Nothing was written.") % {"place": place, "error": error.strerror}
        ) from error


def user_of(username: str | None):
    """The user that `--by` names; None without it. CommandError, in words, where there is none, or none that may be here."""
    if username is None:
        return None
    found = get_user_model().objects.filter(username=username, is_active=True).first()
    if found is None:
        raise CommandError(_("--by %(user)s: there is no active user of this name.") % {"user": username})
    return found


class FigureField(forms.DecimalField):
    """A figure shown as it was written, 60 and not 60.0000, and read as people write it: also １，２５０ and ▲5."""

    # A number box of a browser swallows full-width digits and commas without a word.
    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def to_python(self, value):
        if isinstance(value, str):
            if any(unicodedata.category(sign) == "No" for sign in value):  # ① and ² would turn into digits
                raise ValidationError(self.error_messages["invalid"], code="invalid")
            value = re.sub(r"^[▲△−]", "-", unicodedata.normalize("NFKC", value).strip())
            if re.fullmatch(r"[+-]?\d{1,3}([, ]\d{3})+(\.\d+)?", value, re.ASCII):
                value = re.sub("[, ]", "", value)
            if value and not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value, re.ASCII):  # 1e3, 1_000 and ٣ are no figures
                raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)

    def prepare_value(self, value):
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class Choice(AutocompleteSelect):
    """A link chosen by searching, with a name that a screen reader can say."""

    def __init__(self, field, admin_site, **options):
        super().__init__(field, admin_site, attrs={"aria-label": capfirst(field.verbose_name)}, **options)

    @property
    def media(self):
        return super().media + forms.Media(js=("admin/js/autocomplete.js", "choice.js"))

    def optgroups(self, name, value, attrs=None):
        """What an address or a crafted form gives and no key can be is not looked up: the field itself refuses it."""
        return super().optgroups(name, [key for key in value if re.fullmatch(r"[0-9]{1,18}|", str(key), re.ASCII)], attrs)


class _MergingForm(forms.ModelForm):
    """A form that can come back to its user after others saved the same row."""

    def take_over_what_only_others_changed(self, seen: Version) -> None:
        """Let fields that the user left as the page showed them say what stands there now. The user's own input stays."""
        self.data = self.data.copy()
        shown = seen.shown(self.instance)
        for name in (field.name for field in self._meta.model._meta.concrete_fields if field.name in self.fields):
            field, sent = self.fields[name], self[name].data
            if shown is not None and not field.has_changed(getattr(shown, self.instance._meta.get_field(name).attname), sent):
                self._send(name, field.prepare_value(self.get_initial_for_field(field, name)))

    def _send(self, name: str, value) -> None:
        """Make the field say a value, as a browser would send it."""
        if isinstance(self.fields[name].widget, forms.CheckboxInput):
            value = "on" if value else None
        if value is None:
            self.data.pop(self.add_prefix(name), None)
        else:
            self.data[self.add_prefix(name)] = value


class ReasonForm(_MergingForm):
    """A form that asks for the reason of the change; changing one of `reasoned` fields is refused without one.

    It holds the version of the row that its page shows. Where `version_now`, read under the lock, is another one, nothing may be saved.
    """

    reasoned: tuple[str, ...] = ()
    version_now = ""
    is_stale = False

    change_reason = forms.CharField(
        label=_("reason of the change"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        help_text=_("The history keeps it."),
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.initial["version"] = self.version_now

    def clean(self):
        cleaned = super().clean()
        changed = not self.instance._state.adding and set(self.reasoned) & set(self.changed_data)
        if changed and not self.cleaned_data.get("change_reason"):
            self.add_error("change_reason", _("Give the reason: what is laid down here changes."))
        if not self.instance._state.adding and self.cleaned_data.get("version") != self.version_now:
            self.is_stale = True
            self.add_error(
                None, _("This was changed while you had the page open, and nothing of yours is saved yet. Look, and save again.")
            )
        return cleaned


class RowForm(_MergingForm):
    """A row of an inline. Constraints that speak of its parent too are checked here: Django leaves the parent out of them."""

    def _post_clean(self):
        super()._post_clean()
        if not self.errors:
            try:
                self.instance.validate_constraints(exclude=self._get_validation_exclusions())
            except ValidationError as error:
                self._update_errors(error)
