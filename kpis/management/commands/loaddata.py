"""Django's `loaddata`, completed for this data: derived columns are resolved and checked, and every loaded row has its history.

Plain `loaddata` calls neither `save()` nor the history's receivers: last days would stay empty and changes untold.
"""

from collections import defaultdict
from pathlib import Path

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.management.base import CommandError
from django.core.management.commands import loaddata
from django.core.serializers.base import DeserializationError
from django.db import Error
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from budget.forms import add_by, user_of
from budget.models import Programme, SourceDocument, SourcePassage
from kpis.models import OutcomeTarget, ProgressReport

DERIVED_FROM = {OutcomeTarget, Programme, SourceDocument, SourcePassage}


def _refusal(fixture: str, why: str) -> CommandError:
    return CommandError(f"{fixture}: {why}\n" + _("Nothing was loaded."))


class Command(loaddata.Command):
    help = "Load fixtures; fill and check derived columns, and write the missing history rows. A failed load changes nothing."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        add_by(parser)

    def handle(self, *fixture_labels, by=None, **options):
        self.by = user_of(by)
        self.loaded = defaultdict(dict)  # model -> primary key -> fixture
        self.fixture = ""
        try:
            super().handle(*fixture_labels, **options)
        except (ArithmeticError, DeserializationError, Error, ObjectDoesNotExist, OSError, ValidationError, TypeError, ValueError) as error:
            cause = f" {error.__cause__}" if error.__cause__ and str(error.__cause__) not in str(error) else ""
            raise _refusal(self.fixture or ", ".join(fixture_labels), f"{error}{cause}") from error

    def loaddata(self, fixture_labels):
        super().loaddata(fixture_labels)
        if self.loaded.keys() & DERIVED_FROM:
            self._resolve_targets()
        self._refuse_reports_of_another_kind()
        at = timezone.now()  # of the whole load: at no moment is a part of it known without the rest
        for model, fixtures in self.loaded.items():
            if hasattr(model, "history"):
                self._write_history(model, fixtures, at)

    def find_fixtures(self, fixture_label):
        try:
            return super().find_fixtures(fixture_label)
        except CommandError as error:  # no such file, or none of a known format
            raise _refusal(fixture_label, str(error)) from error

    def load_label(self, fixture_label):
        self.fixture = "/".join(Path(fixture_label).parts[-2:])  # where the files lie on this machine is no part of the history
        super().load_label(fixture_label)

    def save_obj(self, obj):
        if getattr(type(obj.object), "append_only", False):
            why = _("%(model)s is written by commands of its own, never loaded.") % {"model": type(obj.object)._meta.label_lower}
            raise _refusal(self.fixture, why)
        saved = super().save_obj(obj)
        if saved:
            self.loaded[type(obj.object)][obj.object.pk] = self.fixture
        return saved

    def _resolve_targets(self):
        """Fill the derived columns, also of targets whose programme or document was loaded anew; mark what was eased after its last day.

        A fixture that states other derived columns than its terms give is refused.
        """
        fixtures, before, today = self.loaded[OutcomeTarget], self._newest_history(OutcomeTarget), timezone.localdate()
        resolved = []
        for target in OutcomeTarget.objects.using(self.using).select_related("programme", "passage__document"):
            stated, marked, told = target.derived, target.revisions_marked, before.get(target.pk)
            try:
                target.derive()
            except ValueError as error:
                raise _refusal(fixtures.get(target.pk, self.fixture), f"{target.code}: {error}") from error
            if target.pk in fixtures:
                self._refuse_other_than_derived(target, stated, fixtures[target.pk])
            if told is not None:
                target.mark_as_revised(told, today)
            if (stated, marked) != (target.derived, target.revisions_marked):
                fixtures.setdefault(target.pk, self.loaded[Programme].get(target.programme_id, self.fixture))
                resolved.append(target)
        written = (*OutcomeTarget.DERIVED, *OutcomeTarget.MARKED)
        OutcomeTarget.objects.using(self.using).bulk_update(resolved, written, batch_size=500)

    def _refuse_other_than_derived(self, target, stated, fixture):
        for column, told, found in zip(OutcomeTarget.DERIVED, stated, target.derived, strict=True):
            if told is not None and told != found:
                raise _refusal(
                    fixture,
                    _("%(target)s: %(column)s is %(told)s, the stated terms give %(found)s.")
                    % {"target": target.code, "column": column, "told": told, "found": found},
                )

    def _refuse_reports_of_another_kind(self):
        for report in ProgressReport.objects.using(self.using).exclude(kind=F("target__kind")).select_related("target")[:1]:
            raise _refusal(
                self.loaded[ProgressReport].get(report.pk, self.fixture),
                _("%(report)s: kind is %(told)s, its target's is %(found)s.")
                % {"report": report, "told": report.kind, "found": report.target.kind},
            )

    def _newest_history(self, model):
        """Each object's newest history row, by the object's primary key."""
        key = model._meta.pk.attname
        return {getattr(row, key): row for row in model.history.using(self.using).order_by("history_date", "history_id")}

    def _write_history(self, model, fixtures, at):
        """A history row for each loaded row that has none, or whose newest tells something else."""
        history = model.history.using(self.using)
        columns = [field.attname for field in history.model.tracked_fields]
        newest = self._newest_history(model)
        rows = []
        for key, instance in model._base_manager.using(self.using).in_bulk(list(fixtures)).items():
            told = newest.get(key)
            if told is None or any(getattr(told, column) != getattr(instance, column) for column in columns):
                rows.append(
                    history.model(
                        history_date=at,
                        history_type="+" if told is None else "~",
                        history_change_reason=f"loaddata: fixture {fixtures[key]}",
                        history_user=self.by,
                        **{column: getattr(instance, column) for column in columns},
                    )
                )
        history.bulk_create(rows, batch_size=500)
