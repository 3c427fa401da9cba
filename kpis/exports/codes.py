"""The code tables: every code that a file can hold, with its names. They leave the system together with the files."""

from collections.abc import Iterator

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from budget.models import BudgetStage, LeadOrigin, NoAmount
from kpis import choices


class Responsibility(TextChoices):
    """The column `role` of programme_organisations.csv."""

    LEAD = "lead", _("leads the programme")
    RESPONSIBLE = "responsible", _("answers for the programme or one item of it")


# A table is named for the column that holds its codes.
CODE_TABLES = {
    "term": choices.Term,
    "level": choices.Level,
    "kind": choices.Kind,
    "comparator": choices.Comparator,
    "accumulation": choices.Accumulation,
    "deadline_kind": choices.DeadlineKind,
    "no_deadline": choices.NoDeadline,
    "status": choices.Status,
    "grade": choices.Grade,
    "stage": BudgetStage,
    "no_amount": NoAmount,
    "lead_origin": LeadOrigin,
    "role": Responsibility,
}

HEADER = ("table", "code", "label_ja", "label_en")


def code_rows() -> Iterator[tuple[str, object, str, str]]:
    """(table, code, label_ja, label_en), in the order of `HEADER`."""
    for table, codes in CODE_TABLES.items():
        for code in codes:
            with override("ja"):
                japanese = str(code.label)
            with override("en"):
                english = str(code.label)
            yield table, code.value, japanese, english
