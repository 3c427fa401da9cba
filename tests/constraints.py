"""How tests of constraints are written: tables of rules, each with changes of a valid row that are refused and others that are allowed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

OUR_APPS = ("accounts", "budget", "kpis")


@dataclass(frozen=True)
class Rule:
    """`make` gives a valid row; a value of a change may be a function of that row. `derived`: save() writes the columns, no form does."""

    constraint: str
    make: Callable[[], models.Model]
    refused: Sequence[dict]
    allowed: Sequence[dict]
    derived: bool = False

    @property
    def cases_refused(self) -> list:
        return [pytest.param(self, change, id=f"{self.constraint}-{number}") for number, change in enumerate(self.refused)]

    @property
    def cases_allowed(self) -> list:
        return [pytest.param(self, change, id=f"{self.constraint}-{number}") for number, change in enumerate(self.allowed)]


def models_of(*app_labels: str) -> list[type[models.Model]]:
    """Our own models; neither their histories nor the ledgers that follow these, nor what is only ever added (`append_only`)."""
    every = (model for label in app_labels for model in apps.get_app_config(label).get_models())
    return [model for model in every if not any(hasattr(model, mark) for mark in ("history_object", "known_of", "append_only"))]


def constraints_of(*app_labels: str) -> dict[str, models.BaseConstraint]:
    """The constraints of our own models, by name."""
    ours = models_of(*app_labels)
    return {constraint.name: constraint for model in ours for constraint in model._meta.constraints}


def check_refused(rule: Rule, change: dict) -> None:
    """The database refuses the change and names the constraint; so does the form, with the constraint's message."""
    row, change = _changed(rule, change)
    constraint = constraints_of(*OUR_APPS)[rule.constraint]
    with pytest.raises(IntegrityError, match=_named(constraint, type(row))), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(**change)
    with pytest.raises(ValidationError) as said:
        row.validate_constraints()
    assert str(constraint.violation_error_message) in said.value.messages
    if not rule.derived:
        with pytest.raises(ValidationError):
            row.full_clean()


def check_allowed(rule: Rule, change: dict) -> None:
    row, change = _changed(rule, change)
    assert type(row).objects.filter(pk=row.pk).update(**change) == 1
    row.validate_constraints()


def _changed(rule: Rule, change: dict) -> tuple[models.Model, dict]:
    row = rule.make()
    change = {name: value(row) if callable(value) else value for name, value in change.items()}
    for name, value in change.items():
        setattr(row, name, value)
    return row, change


def _named(constraint: models.BaseConstraint, model: type[models.Model]) -> str:
    """PostgreSQL names every constraint; SQLite names the columns of a unique one."""
    if isinstance(constraint, models.UniqueConstraint):
        columns = (f"{model._meta.db_table}.{model._meta.get_field(name).column}" for name in constraint.fields)
        return f"{constraint.name}|UNIQUE constraint failed: {re.escape(', '.join(columns))}"
    return rf"\b{constraint.name}\b"
