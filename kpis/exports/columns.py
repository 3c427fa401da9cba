"""A column of a table that leaves the system: its name in files, its title and definition for people, what it holds.

Page, CSV, XLSX and dictionary are made from the same list of columns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Holds(TextChoices):
    """What the cells of a column hold, as a dictionary says it."""

    TEXT = "text", pgettext_lazy("cells", "text")
    CODE = "code", _("code")
    MEASURE = "measure", _("number, in the unit of the column unit")
    PERCENT = "percent", _("number, in percent")
    COUNT = "count", _("whole number")
    DAYS = "days", _("whole number, in days")
    YEAR = "year", _("fiscal year, by the western year in which it begins")
    DAY = "day", _("day")
    MOMENT = "moment", _("moment with its time zone, as text")
    FLAG = "flag", _("true or false")


@dataclass(frozen=True)
class Column:
    """One column: its ASCII name in files, its title on a page, how a row answers it, and what it means.

    `codes` names the table that explains its codes.
    """

    name: str
    title: Any
    value: Callable[[Any], Any]
    definition: Any = ""
    holds: Holds = Holds.TEXT
    codes: str = ""
