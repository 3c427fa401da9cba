"""`verify_history` finds what was written past the history, and names it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budget.models import KnownOrganisation, Organisation, Programme
from kpis.audit import verify
from kpis.audit.verify import Difference
from kpis.models import OutcomeTarget, ProgressReport
from tests.factories import EvidenceFactory, OrganisationFactory, OutcomeTargetFactory, ProgrammeFactory, ProgressReportFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


def found() -> set[Difference]:
    return set(verify.differences())


def told() -> str:
    out = StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("verify_history", stdout=out)
    return f"{out.getvalue()}{ended.value}"


def test_what_was_saved_agrees_with_its_history():
    report = EvidenceFactory(report=ProgressReportFactory(accepted=True)).report
    report.narrative = "年度末の集計。"
    report.save()
    out = StringIO()
    call_command("verify_history", stdout=out)
    assert "agree" in out.getvalue()


@pytest.mark.usefixtures("db")
def test_example_data_agrees_with_its_history():
    call_command("demo", verbosity=0, stdout=StringIO())
    assert found() == set()


def test_value_that_was_written_past_the_history_is_named_with_both_values():
    report = ProgressReportFactory(value=Decimal(60))
    ProgressReport.objects.filter(pk=report.pk).update(value=Decimal(61))

    assert found() == {Difference(ProgressReport, report.pk, "value", Decimal(61), Decimal(60))}
    said = told()
    assert f"kpis.progressreport {report.pk}: value: Decimal('61.0000') ≠ Decimal('60.0000')" in said
    assert said.endswith("1 difference.")


def test_every_field_and_every_row_is_named():
    one, other = OrganisationFactory(name="一"), OrganisationFactory(name="二")
    Organisation.objects.filter(pk__in=(one.pk, other.pk)).update(name="三", kind="office")

    assert found() == {
        Difference(Organisation, row.pk, field, stands, expected)
        for row in (one, other)
        for field, stands, expected in (("name", "三", row.name), ("kind", "office", "division"))
    }


def test_newest_history_row_decides_also_within_one_instant():
    organisation = OrganisationFactory.build()
    for name in ("一", "二"):
        organisation.name, organisation._history_date = name, datetime(2026, 4, 1, tzinfo=UTC)
        organisation.save()
    assert found() == set()


def test_row_without_a_history_is_named():
    row = Organisation(code="unseen", name="裏口課", kind="division")
    Organisation.objects.bulk_create([row])

    assert found() == {Difference(Organisation, row.pk, "", verify.ROW, verify.NO_HISTORY)}
    assert f"budget.organisation {row.pk}: a row ≠ no history" in told()


def test_row_that_is_gone_is_named():
    _first, gone, _last = (OrganisationFactory() for _n in range(3))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM budget_organisation WHERE id = %s", [gone.pk])

    assert found() == {Difference(Organisation, gone.pk, "", verify.NO_ROW, verify.HISTORY)}


def test_last_day_that_does_not_follow_from_the_terms_is_named():
    target = OutcomeTargetFactory(deadline_year=2025)
    OutcomeTarget.objects.filter(pk=target.pk).update(due_on=date(2026, 3, 30))

    # Its history and its terms say the same of it: it is told once.
    assert list(verify.differences()) == [Difference(OutcomeTarget, target.pk, "due_on", date(2026, 3, 30), date(2026, 3, 31))]


def test_last_day_that_did_not_follow_its_programme_is_named():
    programme = ProgrammeFactory(end_fiscal_year=2025)
    target = OutcomeTargetFactory(programme=programme, deadline_year=None, deadline_kind="after_programme", deadline_offset_years=0)
    Programme.objects.filter(pk=programme.pk).update(end_fiscal_year=2026)

    assert found() == {
        Difference(Programme, programme.pk, "end_fiscal_year", 2026, 2025),
        Difference(OutcomeTarget, target.pk, "due_on", date(2026, 3, 31), date(2027, 3, 31)),
        Difference(OutcomeTarget, target.pk, "due_fy", 2025, 2026),
    }


def test_it_reads_slice_by_slice(monkeypatch):
    monkeypatch.setattr(verify, "AT_ONCE", 2)
    organisations = [OrganisationFactory() for _n in range(7)]
    Organisation.objects.filter(pk=organisations[4].pk).update(name="x")

    assert {difference.key for difference in found()} == {organisations[4].pk}


def test_it_costs_the_same_for_any_number_of_rows_up_to_a_slice():
    def asked():
        with CaptureQueriesContext(connection) as queries:
            found()
        return len(queries)

    ProgressReportFactory()
    one = asked()
    for _n in range(19):
        ProgressReportFactory()
    assert asked() == one


def test_ledger_that_was_tampered_with_is_named():
    organisation = OrganisationFactory(name="産業資金課")
    KnownOrganisation.objects.update(name="x")

    assert found() == {Difference(KnownOrganisation, organisation.history.get().pk, "name", "x", "産業資金課")}
