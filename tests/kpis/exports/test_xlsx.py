"""How a table is written as XLSX: what is a number, a day or text in it, and what a reader finds beside the data."""

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from kpis.exports.columns import Column, Holds
from kpis.exports.xlsx import TEXT_LIMIT, write

COLUMNS = (
    Column("name", "名前", lambda row: row, "その名前。"),
    Column("value", "値", lambda row: row, "その値。", Holds.MEASURE),
)
ABOUT = (("報告", "試験"), ("アドレス", "/reports/behind/?on=2026-09-01"))


def written(*rows, columns=COLUMNS, codes=()) -> bytes:
    file = BytesIO()
    write(file, columns, rows, about=ABOUT, codes=codes)
    return file.getvalue()


def cell_of(value):
    return load_workbook(BytesIO(written(("x", value))))["data"]["B2"]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (0, 0),
        (Decimal("0.0000"), 0),
        (Decimal("0.1"), 0.1),
        (Decimal("-12.5000"), -12.5),
        (Decimal("12345678901.2345"), 12345678901.2345),  # 15 digits
        (Decimal("99999999999.9999"), 99999999999.9999),
        (2025, 2025),
    ],
)
def test_number_is_a_number(value, read):
    cell = cell_of(value)

    assert (cell.value, cell.data_type) == (read, "n")


def test_number_of_fifteen_digits_is_written_to_the_last_one():
    sheet = ZipFile(BytesIO(written(("x", Decimal("12345678901.2345"))))).read("xl/worksheets/sheet1.xml").decode()

    assert "<v>12345678901.2345</v>" in sheet


def test_number_of_more_digits_than_a_spreadsheet_keeps_is_text():
    cell = cell_of(Decimal("1234567890123456.7"))

    assert (cell.value, cell.data_type) == ("1234567890123456.7", "s")


@pytest.mark.parametrize("value", [None, ""])
def test_blank_is_blank_and_not_zero(value):
    assert cell_of(value).value is None


@pytest.mark.parametrize("value", [True, False])
def test_true_and_false_are_no_numbers(value):
    cell = cell_of(value)

    assert (cell.value, cell.data_type) == (value, "b")


def test_day_is_a_day():
    cell = cell_of(date(2026, 3, 31))

    assert (cell.value, cell.number_format) == (datetime(2026, 3, 31), "yyyy-mm-dd")  # noqa: DTZ001


@pytest.mark.parametrize(("day", "is_text"), [(date(1900, 12, 31), True), (date(1901, 1, 1), False)])
def test_day_that_spreadsheets_count_wrongly_is_text(day, is_text):
    assert (cell_of(day).value == day.isoformat()) is is_text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "{=1}",
        "https://example.go.jp/",
        "2026-03-31",
        "007",
        " 前後の空白 ",
        "一行目\n二行目",
        "<b>&amp;</b>",
        "<r><t>偽の書式</t></r>",
        "<r></v></c></r>",
        "_x0041_",
        "𠮷野家",
        "\ufffe",
    ],
)
def test_text_stays_the_text_it_is(text):
    cell = cell_of(text)

    read = cell.value.replace("_x005F_x0041_", "_x0041_").replace("_xFFFE_", "\ufffe")  # openpyxl leaves escapes as they are
    assert (read, cell.data_type) == (text, "s")
    assert cell.hyperlink is None


@pytest.mark.parametrize(("length", "is_cut"), [(TEXT_LIMIT, False), (TEXT_LIMIT + 1, True)])
def test_text_that_no_cell_can_hold_ends_in_an_ellipsis(length, is_cut):
    read = cell_of("あ" * length).value

    assert len(read) == TEXT_LIMIT
    assert read.endswith("…") is is_cut


def test_header_stays_in_sight_and_every_column_has_a_filter():
    sheet = load_workbook(BytesIO(written(("x", 1), ("y", 2))))["data"]

    assert [cell.value for cell in sheet[1]] == ["name", "value"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:B3"


def test_table_without_rows_has_its_header():
    sheet = load_workbook(BytesIO(written()))["data"]

    assert [[cell.value for cell in row] for row in sheet.rows] == [["name", "value"]]


@pytest.mark.usefixtures("english")
def test_dictionary_says_what_the_table_is_and_what_its_columns_mean():
    sheet = load_workbook(BytesIO(written()))["dictionary"]

    rows = [[value for value in row if value is not None] for row in sheet.iter_rows(values_only=True)]
    assert rows == [
        ["報告", "試験"],
        ["アドレス", "/reports/behind/?on=2026-09-01"],
        [],
        ["column", "title in Japanese", "title in English", "definition", "holds"],
        ["name", "名前", "名前", "その名前。", "text"],
        ["value", "値", "値", "その値。", "number, in the unit of the column unit"],
    ]


def test_codes_stand_on_a_sheet_of_their_own():
    sheet = load_workbook(BytesIO(written(codes=[("status", "missed", "未達成", "missed")])))["codes"]

    assert list(sheet.values) == [("table", "code", "label_ja", "label_en"), ("status", "missed", "未達成", "missed")]


def test_same_rows_give_the_same_bytes(time_machine):
    time_machine.move_to("2026-09-01")
    first = written(("x", Decimal("1.5")))
    time_machine.move_to("2027-01-01")

    assert written(("x", Decimal("1.5"))) == first
