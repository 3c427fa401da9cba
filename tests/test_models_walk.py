"""What every model of ours has: history, a natural key, words, protection from deletion. A walk finds the model that forgot one."""

import re
from collections.abc import Callable

import pytest
from django.core import serializers
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models.deletion import PROTECT, ProtectedError
from django.utils.functional import Promise

from accounts.models import Posting, SentReminder, User
from budget.history import explain
from budget.models import (
    BudgetAmount,
    Organisation,
    Programme,
    ProgrammeOrganisation,
    ProgrammeSuccession,
    SourceDocument,
    SourcePassage,
    SourceText,
)
from kpis.models import (
    ClosedMiss,
    EntryLock,
    Evidence,
    LockException,
    OutcomeTarget,
    ProgrammeMatch,
    ProgressReport,
    TargetLink,
    TargetProposal,
    YearlyMilestone,
)
from tests.constraints import OUR_APPS, constraints_of, models_of
from tests.factories import (
    BudgetAmountFactory,
    ClosedMissFactory,
    EntryLockFactory,
    EvidenceFactory,
    LockExceptionFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeMatchFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SentReminderFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    TargetProposalFactory,
    UserFactory,
    YearlyMilestoneFactory,
)

MODELS = models_of(*OUR_APPS)
FIELDS = [(model, field) for model in MODELS for field in model._meta.get_fields() if field.concrete]


def a_link():
    programme = ProgrammeFactory()
    return TargetLink.objects.create(
        from_target=OutcomeTargetFactory(programme=programme), to_target=OutcomeTargetFactory(programme=programme)
    )


ROWS: dict[type[models.Model], Callable[[], models.Model]] = {
    User: UserFactory,
    Posting: PostingFactory,
    SentReminder: SentReminderFactory,
    Organisation: OrganisationFactory,
    SourceDocument: SourceDocumentFactory,
    SourceText: lambda: SourceText.objects.create(document=SourceDocumentFactory(), text="一\n二"),
    Programme: ProgrammeFactory,
    ProgrammeOrganisation: lambda: ProgrammeOrganisationFactory(mark="(1)"),
    ProgrammeSuccession: lambda: ProgrammeSuccession.objects.create(predecessor=ProgrammeFactory(), successor=ProgrammeFactory()),
    SourcePassage: lambda: SourcePassageFactory(programme=ProgrammeFactory()),
    BudgetAmount: lambda: BudgetAmountFactory(passage=SourcePassageFactory()),
    OutcomeTarget: lambda: OutcomeTargetFactory(passage=SourcePassageFactory()),
    TargetLink: a_link,
    YearlyMilestone: YearlyMilestoneFactory,
    ProgressReport: lambda: ProgressReportFactory(accepted=True),
    Evidence: EvidenceFactory,
    ClosedMiss: ClosedMissFactory,
    EntryLock: EntryLockFactory,
    LockException: LockExceptionFactory,
    TargetProposal: lambda: TargetProposalFactory(document=SourceDocumentFactory(), passage=SourcePassageFactory()),
    ProgrammeMatch: ProgrammeMatchFactory,
}
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)


def names(fields) -> list[str]:
    return [f"{model.__name__}.{field.name}" for model, field in fields]


def test_walk_knows_a_row_of_every_model():
    assert set(ROWS) == set(MODELS)


# --- History -----------------------------------------------------------------------------------------------------------------------


@every_model
def test_model_has_a_history_of_all_its_columns(model):
    told = {field.name for field in model.history.model.tracked_fields}
    silent = {"password", "last_login"} if model is User else set()

    assert {field.name for field in model._meta.concrete_fields} - told == silent


@every_model
def test_saving_writes_user_and_reason_into_the_history(model, db):
    author, row = UserFactory(), ROWS[model]()

    explain(row, reason="誤記の訂正", by=author)
    row.save()

    told = row.history.latest("history_date", "history_id")
    assert (told.history_type, told.history_user, told.history_change_reason) == ("~", author, "誤記の訂正")


@every_model
def test_a_reason_explains_one_save_alone(model, db):
    row = ROWS[model]()
    explain(row, reason="誤記の訂正", by=UserFactory())
    row.save()

    row.save()

    told = row.history.latest("history_date", "history_id")
    assert (told.history_user, told.history_change_reason) == (None, None)


@every_model
def test_history_leaves_links_of_many_to_many_to_their_own_model(model):
    assert not model.history.model._meta.many_to_many


# --- Natural keys ------------------------------------------------------------------------------------------------------------------


@every_model
def test_natural_key_finds_the_row_again(model, db):
    row = ROWS[model]()

    assert model._default_manager.get_by_natural_key(*row.natural_key()) == row


@every_model
def test_row_comes_back_from_a_fixture_without_its_number(model, db):
    row = ROWS[model]()
    fixture = serializers.serialize("json", [row], use_natural_primary_keys=True, use_natural_foreign_keys=True)

    (read,) = serializers.deserialize("json", fixture)

    row.refresh_from_db()
    columns = [field.attname for field in model._meta.concrete_fields if not isinstance(field, models.DateTimeField)]
    assert {column: getattr(read.object, column) for column in columns} == {column: getattr(row, column) for column in columns}


@every_model
def test_natural_key_is_loaded_after_what_it_names(model):
    linked = {field.related_model._meta.label_lower for field in model._meta.concrete_fields if field.is_relation} - {
        model._meta.label_lower
    }

    assert linked <= set(getattr(model.natural_key, "dependencies", ()))


# --- Words -------------------------------------------------------------------------------------------------------------------------


@every_model
def test_row_has_a_name_of_its_own(model, db):
    assert type(row := ROWS[model]()).__str__ is not models.Model.__str__
    assert str(row).strip()


@every_model
def test_model_has_a_name_for_people(model):
    assert {"verbose_name", "verbose_name_plural"} <= set(model._meta.original_attrs)


# A link that no page shows by itself: its through model is shown.
NAMED_BY_THEIR_LINKS = {"Programme.organisations"}


def test_every_field_has_a_name_for_people():
    named = [(m, f) for m, f in FIELDS if isinstance(f.verbose_name, Promise)]  # Django's own fallback is no translation

    assert set(names(FIELDS)) - set(names(named)) == {*(f"{model.__name__}.id" for model in MODELS), *NAMED_BY_THEIR_LINKS}


# --- Nothing is deleted ------------------------------------------------------------------------------------------------------------


def test_every_link_protects_what_it_points_to():
    links = [(model, field) for model, field in FIELDS if field.many_to_one or field.one_to_one]

    assert links
    assert names((model, field) for model, field in links if field.remote_field.on_delete is not PROTECT) == []


@every_model
def test_row_that_others_point_to_cannot_be_deleted(model, db):
    row = ROWS[model]()
    for field in model._meta.concrete_fields:
        if field.is_relation and getattr(row, field.name) is not None:
            with pytest.raises(ProtectedError):
                getattr(row, field.name).delete()


def test_many_to_many_goes_through_a_model_with_history():
    links = [(model, field) for model, field in FIELDS if field.many_to_many]

    assert names(links) == ["Programme.organisations"]
    assert all(not field.remote_field.through._meta.auto_created for _, field in links)
    assert all(hasattr(field.remote_field.through, "history") for _, field in links)


# --- Names of columns --------------------------------------------------------------------------------------------------------------

# A moment without the person beside it, and why.
WITHOUT_BY = {
    "User.joined_at": "the first row of the user's history says who entered the user",
}


def test_moment_has_the_person_beside_it():
    moments = [(model, field) for model, field in FIELDS if isinstance(field, models.DateTimeField) and field.name != "last_login"]

    def has_person(model, field):
        try:
            return model._meta.get_field(field.name.removesuffix("_at") + "_by").related_model is User
        except FieldDoesNotExist:
            return False

    assert [name for name in names(moments) if not name.endswith("_at")] == []
    assert set(names((m, f) for m, f in moments if not has_person(m, f))) == set(WITHOUT_BY)


def test_day_is_named_on_and_person_by():
    days = [(m, f) for m, f in FIELDS if isinstance(f, models.DateField) and not isinstance(f, models.DateTimeField)]
    people = [(m, f) for m, f in FIELDS if f.related_model is User]

    assert [name for name in names(days) if not name.endswith("_on")] == []
    assert [name for name in names(people) if not name.endswith(("_by", ".user"))] == []


# A short text that is no code, and what it holds.
FREE_TEXTS = {
    "Programme.rs_project_id": "a number that the RS system gives",
    "SourceDocument.issued": "a date as far as the document tells",
    "ProgrammeOrganisation.mark": "an item's mark as printed",
    "OutcomeTarget.label": "an item's mark as printed",
    "TargetProposal.label": "an item's mark as printed",
}


def test_every_stored_code_has_its_choices():
    short = [(m, f) for m, f in FIELDS if isinstance(f, models.CharField) and f.max_length <= 20 and not isinstance(f, models.SlugField)]
    without = set(names((m, f) for m, f in short if not f.choices))

    assert without == set(FREE_TEXTS)


def test_every_code_fits_its_column_and_is_plain_ascii():
    codes = [(f, code) for _, f in FIELDS if isinstance(f, models.CharField) and f.choices for code, _ in f.flatchoices]

    assert codes
    assert [code for field, code in codes if not re.fullmatch(r"[a-z_]+", code) or len(code) > field.max_length] == []


def test_no_model_stores_a_float_or_a_status():
    assert names((m, f) for m, f in FIELDS if isinstance(f, models.FloatField) or f.name == "status") == []


# --- Constraints -------------------------------------------------------------------------------------------------------------------


def test_constraint_names_are_sentences_that_fit_both_databases_and_say_their_app():
    found = [(model._meta.app_label, constraint.name) for model in MODELS for constraint in model._meta.constraints]

    assert len({name for _, name in found}) == len(found)
    assert [name for app, name in found if len(name) > 63 or not name.startswith(f"{app}_") or name.count("_") < 3] == []


def test_every_constraint_tells_people_what_is_wrong():
    found = constraints_of(*OUR_APPS).values()

    assert [c.name for c in found if c.violation_error_message == c.default_violation_error_message] == []
    assert len({str(c.violation_error_message) for c in found}) == len(found)
