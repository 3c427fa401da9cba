"""The ledger of what was known when follows the history, whatever order its rows come in, and is rebuilt from it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from budget import append_only, known
from budget.known import FOREVER
from budget.models import KnownOrganisation, Organisation
from kpis.models.targets import KnownOutcomeTarget, KnownProgressReport, KnownYearlyMilestone
from tests.constraints import OUR_APPS, models_of
from tests.factories import OrganisationFactory, OutcomeTargetFactory, ProgressReportFactory, YearlyMilestoneFactory

pytestmark = pytest.mark.django_db

START = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)


def at(minutes) -> datetime:
    return START + timedelta(minutes=minutes)


def told(organisation, name, minutes, kind="~"):
    """A history row for itself, as an import of histories would add it."""
    columns = {"code": organisation.code, "name": name, "kind": organisation.kind, "parent_id": organisation.parent_id}
    return Organisation.history.create(id=organisation.pk, history_date=at(minutes), history_type=kind, **columns)


def ranges(organisation) -> list[tuple]:
    return list(KnownOrganisation.objects.filter(id=organisation.pk).order_by("known_from").values_list("name", "known_from", "known_to"))


@pytest.fixture
def organisation(time_machine):
    time_machine.move_to(at(0), tick=False)
    return OrganisationFactory(name="一")


def test_every_model_with_a_history_has_a_ledger():
    assert {ledger.known_of for ledger in known.ledgers()} == set(models_of(*OUR_APPS))


def test_row_is_known_until_the_next_one_comes(organisation):
    told(organisation, "二", 5)
    told(organisation, "三", 9)
    assert ranges(organisation) == [("一", at(0), at(5)), ("二", at(5), at(9)), ("三", at(9), FOREVER)]


def test_of_one_instant_the_last_row_counts(organisation):
    told(organisation, "二", 0)
    told(organisation, "三", 5)
    told(organisation, "四", 5)
    assert ranges(organisation) == [("二", at(0), at(5)), ("四", at(5), FOREVER)]


def test_deletion_ends_and_begins_nothing(organisation):
    told(organisation, "一", 5, "-")
    assert ranges(organisation) == [("一", at(0), at(5))]
    told(organisation, "二", 9, "+")
    assert ranges(organisation) == [("一", at(0), at(5)), ("二", at(9), FOREVER)]


def test_row_that_comes_late_takes_its_place(organisation):
    told(organisation, "三", 9)
    told(organisation, "二", 5)
    assert ranges(organisation) == [("一", at(0), at(5)), ("二", at(5), at(9)), ("三", at(9), FOREVER)]
    told(organisation, "零", -5, "+")
    assert ranges(organisation)[:2] == [("零", at(-5), at(0)), ("一", at(0), at(5))]


def test_row_with_a_lower_number_does_not_outdo_the_later_one_of_its_instant(organisation):
    later = told(organisation, "三", 5)
    columns = {"code": organisation.code, "name": "二", "kind": organisation.kind, "parent_id": None}
    with append_only.lifted(connection):  # numbers are given in turn: free a lower one
        organisation.history.filter(history_date=at(0)).delete()
    Organisation.history.create(history_id=later.history_id - 1, id=organisation.pk, history_date=at(5), history_type="~", **columns)
    assert ranges(organisation)[-1] == ("三", at(5), FOREVER)


def test_rows_that_come_at_once_are_told_in_their_order(organisation):
    columns = {"code": organisation.code, "kind": organisation.kind, "history_type": "~", "id": organisation.pk}
    rows = [Organisation.history.model(name=name, history_date=at(minutes), **columns) for name, minutes in (("三", 9), ("二", 5))]
    Organisation.history.bulk_create(rows)
    assert ranges(organisation) == [("一", at(0), at(5)), ("二", at(5), at(9)), ("三", at(9), FOREVER)]


def test_what_is_rolled_back_is_not_known(organisation):
    with transaction.atomic():
        told(organisation, "二", 5)
        transaction.set_rollback(True)
    assert ranges(organisation) == [("一", at(0), FOREVER)]


def everything() -> dict:
    return {ledger: list(ledger.objects.order_by("pk").values()) for ledger in known.ledgers()}


def test_ledger_written_anew_is_the_same(organisation):
    told(organisation, "二", 5)
    told(organisation, "三", 5)
    told(organisation, "三", 9, "-")
    YearlyMilestoneFactory()
    report = ProgressReportFactory(target=OutcomeTargetFactory(deadline_year=2030), fiscal_year=2024, accepted=True)
    report.save()
    kept = everything()
    assert all(kept[ledger] for ledger in (KnownOrganisation, KnownOutcomeTarget, KnownProgressReport, KnownYearlyMilestone))
    KnownProgressReport.objects.all().delete()
    KnownOrganisation.objects.update(name="x")
    call_command("rebuild_known", verbosity=0)
    assert everything() == kept
    assert all(list(known.differences(ledger, connection)) == [] for ledger in known.ledgers())


def test_every_difference_is_named(organisation):
    first, second = organisation.history.get(), told(organisation, "二", 5)
    third = told(organisation, "三", 9)
    KnownOrganisation.objects.filter(pk=first.pk).delete()
    KnownOrganisation.objects.filter(pk=second.pk).update(name="x")
    KnownOrganisation.objects.create(pk=10**9, id=organisation.pk, code="x", name="x", kind="office", known_from=at(1), known_to=at(2))
    assert list(known.differences(KnownOrganisation, connection)) == [
        (first.pk, "", known.NO_ROW, known.ROW),
        (second.pk, "name", "x", "二"),
        (10**9, "", known.ROW, known.NO_ROW),
    ]
    assert third.pk < 10**9


# --- Putting the triggers in --------------------------------------------------------------------------------------------------------


def errors() -> list[str]:
    return [error.id for error in run_checks(databases=["default"], include_deployment_checks=True) if error.id == "budget.E002"]


def test_missing_trigger_is_told_by_the_check_and_put_in_by_migrate_with_what_was_missed(organisation):
    name = next(name for name in append_only.present(connection) if name.startswith("budget_historicalorganisation_known_"))
    assert errors() == []
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{' ON budget_historicalorganisation' if connection.vendor == 'postgresql' else ''}")
    told(organisation, "二", 5)
    assert ranges(organisation) == [("一", at(0), FOREVER)]
    assert errors() == ["budget.E002"]
    known.install_after_migrating("default")
    assert errors() == []
    assert ranges(organisation) == [("一", at(0), at(5)), ("二", at(5), FOREVER)]


def test_trigger_for_other_columns_makes_way_for_the_one_of_today(organisation, monkeypatch):
    before = append_only.present(connection)
    monkeypatch.setattr(known, "columns_of", lambda ledger, columns=known.columns_of: [c for c in columns(ledger) if c != "parent_id"])
    known.install(connection)
    after = append_only.present(connection)
    assert len(after) == len(before)
    assert {name.rpartition("_")[0] for name in before - after} == {"budget_historicalorganisation_known"}
    monkeypatch.undo()
    known.install(connection)
    assert append_only.present(connection) == before


def test_row_of_history_stays_untouchable_with_its_ledger(organisation):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        organisation.history.update(name="x")
    assert ranges(organisation) == [("一", at(0), FOREVER)]
