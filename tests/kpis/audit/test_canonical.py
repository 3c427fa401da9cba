"""A row in its canonical form: the same bytes on both databases, worked out by hand."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import User
from budget.models import Organisation
from kpis.audit import canonical
from kpis.models import OutcomeTarget, ProgressReport, TargetProposal
from tests.factories import OrganisationFactory, OutcomeTargetFactory, ProgressReportFactory, TargetProposalFactory, UserFactory

pytestmark = pytest.mark.django_db


def row_of(instance, *columns: str) -> bytes:
    model = type(instance)
    rows = canonical.rows(model, columns or canonical.columns_of(model), connection, first=instance.pk, last=instance.pk)
    ((number, row),) = rows
    assert number == instance.pk
    return row


def test_columns_stand_in_the_order_of_the_model_without_spaces():
    bureau = OrganisationFactory(code="bureau", name="経済産業政策局", kind="bureau")
    division = OrganisationFactory(code="division", name="産業資金課", kind="division", parent=bureau)
    assert row_of(bureau).decode() == f'{{"id":{bureau.pk},"code":"bureau","name":"経済産業政策局","kind":"bureau","parent_id":null}}'
    assert row_of(division, "parent_id", "id").decode() == f'{{"parent_id":{bureau.pk},"id":{division.pk}}}'


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        (None, "null"),
        ("0", '"0"'),
        ("100", '"100"'),
        ("1250.0000", '"1250"'),
        ("35.6", '"35.6"'),
        ("-0.5", '"-0.5"'),
        ("0.0001", '"0.0001"'),
        ("99999999999.9999", '"99999999999.9999"'),
        ("-12345678901.2345", '"-12345678901.2345"'),
    ],
)
def test_figure_is_text_without_trailing_zeros(figure, told):
    target = OutcomeTargetFactory()
    baseline = {} if figure is None else {"baseline_value": Decimal(figure), "baseline_year": 2020}
    OutcomeTarget.objects.filter(pk=target.pk).update(**baseline)
    assert row_of(target, "baseline_value").decode() == f'{{"baseline_value":{told}}}'


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (datetime(2026, 4, 1, tzinfo=UTC), "2026-04-01T00:00:00.000000Z"),
        (datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC), "2026-03-31T23:59:59.999999Z"),
        (datetime(2026, 4, 1, 9, 30, 0, 50, tzinfo=UTC), "2026-04-01T09:30:00.000050Z"),
    ],
)
def test_moment_is_utc_with_six_digits(at, told):
    user = UserFactory(joined_at=at)
    assert row_of(user, "joined_at").decode() == f'{{"joined_at":"{told}"}}'


def test_day_and_truth_are_plain():
    report = ProgressReportFactory(measured_on=date(2026, 3, 31), preliminary=True)
    assert row_of(report, "measured_on", "preliminary").decode() == '{"measured_on":"2026-03-31","preliminary":true}'
    ProgressReport.objects.filter(pk=report.pk).update(measured_on=None, preliminary=False)
    assert row_of(report, "measured_on", "preliminary").decode() == '{"measured_on":null,"preliminary":false}'


@pytest.mark.parametrize("text", ['"引用"', "\\", "一\n二\r\n三\t", "\x01\x1f\x7f", "\u2028\u2029", "😀𠮷", "é", "</script>", "１０％"])
def test_text_is_written_as_json_writes_it(text):
    organisation = OrganisationFactory()
    Organisation.objects.filter(pk=organisation.pk).update(name=text)
    assert row_of(organisation, "name").decode() == json.dumps({"name": text}, ensure_ascii=False, separators=(",", ":"))


def test_keys_of_a_document_are_sorted():
    proposal = TargetProposalFactory()
    TargetProposal.objects.filter(pk=proposal.pk).update(marks=[{"zone": "値", "at": [1, 2], "b": None}])
    assert row_of(proposal, "marks").decode() == '{"marks":[{"at":[1,2],"b":null,"zone":"値"}]}'


def test_users_leave_without_password_and_log_in():
    user = UserFactory(last_login=datetime(2026, 4, 1, tzinfo=UTC))
    assert user.password not in ("", "!")
    told = json.loads(row_of(user))
    assert (told["username"], told["password"], told["last_login"]) == (user.username, "!", None)
    assert list(told) == [field.column for field in User._meta.concrete_fields]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Only SQLite stores what is no figure in a column of figures.")
def test_what_cannot_be_is_told_as_it_is():
    target = OutcomeTargetFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kpis_outcometarget SET baseline_value = 'many', baseline_year = 2020, approximate = 7 WHERE id = %s", [target.pk]
        )
    assert row_of(target, "baseline_value", "approximate").decode() == '{"baseline_value":"many","approximate":7}'


def test_rows_come_in_the_order_of_their_numbers_between_two_of_them():
    first, second, third, fourth = (OrganisationFactory().pk for _ in range(4))
    found = canonical.rows(Organisation, ["id"], connection, first=second, last=third)
    assert [number for number, _row in found] == [second, third]
    assert [number for number, _row in canonical.rows(Organisation, ["id"], connection)] == [first, second, third, fourth]


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ([], []),
        ([1, 1, 1, 1], [[1, 1, 1], [1]]),
        ([4_000_000, 4_000_000, 1], [[4_000_000, 4_000_000], [1]]),
        ([1, 9_000_000, 1], [[1], [9_000_000], [1]]),
    ],
)
def test_slices_are_short_where_rows_are_large(sizes, told):
    assert list(canonical.slices(sizes, int, 3)) == told


def field(model, name):
    return model._meta.get_field(name)


@pytest.mark.parametrize(
    ("of", "read", "refused"),
    [
        (field(Organisation, "id"), [1, 2**63 - 1], ["1", 1.0, True, None, 2**63]),
        (field(Organisation, "parent"), [1, None], ["1", False]),
        (field(Organisation, "name"), ["", "課" * 100], ["課" * 101, "a\0", 1, None]),
        (field(OutcomeTarget, "deadline_year"), [0, 32767, None], [-1, 32768, "2025"]),
        (field(OutcomeTarget, "each_year"), [True, False], [0, 1, "true", None]),
        (
            field(OutcomeTarget, "due_on"),
            ["2026-03-31", None],
            ["2026-02-30", "2026-3-31", "20260331", "2026-03-31T00:00:00", 20260331, ""],
        ),
        (
            field(User, "joined_at"),
            ["2026-04-01T00:00:00.000000Z"],
            ["2026-04-01", "2026-04-01T00:00:00Z", "2026-04-01T00:00:00.000000", "2026-04-01T24:00:01.000000Z", None],
        ),
        (
            field(OutcomeTarget, "value"),
            ["0", "-0.5", "99999999999.9999", None],
            ["1.0", "01", ".5", "1e3", "-0", "0.00001", "123456789012", 1, 1.5, "１", ""],
        ),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else "",
)
def test_a_value_is_read_where_its_column_can_hold_it(of, read, refused):
    reads = canonical.reads(of)
    assert [value for value in read if not reads(value)] == []
    assert [value for value in refused if reads(value)] == []
