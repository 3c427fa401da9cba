"""Django's `loaddata`, completed for this data: derived columns are resolved and checked, and every loaded row has its history.

Plain `loaddata` calls neither `save()` nor the history's receivers: last days would stay empty and changes untold.
"""

from collections import defaultdict

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.management.commands import loaddata
from django.core.serializers.base import DeserializationError
from django.db import Error
from django.utils import timezone

from kpis.models import OutcomeTarget

DERIVED = ("due_on", "due_fy", "first_year", "last_year")


class Command(loaddata.Command):
    help = "Load fixtures; fill and check derived columns, and write the missing history rows. A failed load changes nothing."

    def handle(self, *fixture_labels, **options):
        self.loaded = defaultdict(dict)  # model -> primary key -> fixture
        self.fixture = ""
        try:
            super().handle(*fixture_labels, **options)
        except (DeserializationError, Error, ValidationError) as error:
            raise CommandError(f"{self.fixture or ', '.join(fixture_labels)}: {error}\nNothing was loaded.") from error

    def loaddata(self, fixture_labels):
        super().loaddata(fixture_labels)
        self._resolve_targets()
        for model, fixtures in self.loaded.items():
            if hasattr(model, "history"):
                self._write_history(model, fixtures)

    def load_label(self, fixture_label):
        self.fixture = fixture_label
        super().load_label(fixture_label)

    def save_obj(self, obj):
        saved = super().save_obj(obj)
        if saved:
            self.loaded[type(obj.object)][obj.object.pk] = self.fixture
        return saved

    def _resolve_targets(self):
        """Fill the derived columns of loaded targets; refuse a fixture that states others than its terms give."""
        fixtures = self.loaded.get(OutcomeTarget, {})
        resolved = []
        for target in OutcomeTarget.objects.using(self.using).select_related("programme", "passage__document").filter(pk__in=fixtures):
            stated = target.derived
            try:
                target.derive()
            except ValueError as error:
                raise CommandError(f"{fixtures[target.pk]}: {target.code}: {error}\nNothing was loaded.") from error
            for column, told, found in zip(DERIVED, stated, target.derived, strict=True):
                if told is not None and told != found:
                    raise CommandError(
                        f"{fixtures[target.pk]}: {target.code}: {column} is {told}, the stated terms give {found}.\nNothing was loaded."
                    )
            if stated != target.derived:
                resolved.append(target)
        OutcomeTarget.objects.using(self.using).bulk_update(resolved, DERIVED, batch_size=500)

    def _write_history(self, model, fixtures):
        """A history row for each loaded row that has none, or whose newest tells something else."""
        history = model.history.using(self.using)
        columns = [field.attname for field in history.model.tracked_fields]
        key = model._meta.pk.attname
        newest = {getattr(row, key): row for row in history.order_by("history_date", "history_id")}
        rows = []
        for instance in model._base_manager.using(self.using).filter(pk__in=fixtures):
            told = newest.get(instance.pk)
            if told is None or any(getattr(told, column) != getattr(instance, column) for column in columns):
                rows.append(
                    history.model(
                        history_date=timezone.now(),
                        history_type="+" if told is None else "~",
                        history_change_reason=f"loaddata: fixture {fixtures[instance.pk]}",
                        **{column: getattr(instance, column) for column in columns},
                    )
                )
        history.bulk_create(rows, batch_size=500)
