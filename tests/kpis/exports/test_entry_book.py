"""The workbook for many results: shown cells locked, entries open, everything text, the same rows the same bytes."""

import zipfile
from io import BytesIO

import openpyxl
import pytest
from django.utils import translation

from kpis.choices import Grade
from kpis.exports.entry_book import COLUMNS, write

PLACES = {column.name: place for place, column in enumerate(COLUMNS, start=1)}
QUOTE = "令和7年度までに、補助事業者全体の付加価値額が年率平均3％以上向上することを目指す。"


def row(**given):
    return {column.name: "" for column in COLUMNS} | {"target_code": "meti-2024-001-01", "statement": QUOTE} | given


def opened(*rows, title="令和7年度の実績", notes=("黄色のセルに書きます。",)):
    return openpyxl.load_workbook(BytesIO(write(rows or [row()], title=title, notes=notes)))


def cell(book, name, number=3):
    return book.worksheets[0].cell(number, PLACES[name])


def test_first_row_holds_the_names_and_is_hidden():
    sheet = opened().worksheets[0]

    assert [found.value for found in sheet[1]] == [column.name for column in COLUMNS]
    assert sheet.row_dimensions[1].hidden


def test_second_row_holds_the_titles_and_stays_in_sight_with_the_columns_up_to_the_indicator():
    sheet = opened().worksheets[0]

    assert [found.value for found in sheet[2]][:-1] == [str(column.title) for column in COLUMNS][:-1]
    assert sheet.freeze_panes == "E3"
    assert sheet["D1"].value == "indicator"


def test_version_is_the_last_column_and_hidden():
    sheet = opened(row(version="progressreport:812 outcometarget:55")).worksheets[0]

    assert sheet["W3"].value == "progressreport:812 outcometarget:55"
    assert (sheet["W1"].value, sheet["X1"].value) == ("version", None)
    assert sheet.column_dimensions["W"].hidden


def test_sheets_have_japanese_names_and_the_lists_are_out_of_sight():
    assert [(sheet.title, sheet.sheet_state) for sheet in opened().worksheets] == [
        ("実績入力", "visible"),
        ("書き方", "visible"),
        ("選択肢", "hidden"),
    ]


def test_words_follow_the_active_language():
    with translation.override("en"):
        book = opened(row(grade="2"))

    assert (book.sheetnames[0], cell(book, "unit", 2).value, cell(book, "grade").value) == ("results to enter", "unit", "target met")


@pytest.mark.parametrize(
    "text", ["=1+1", "@SUM(A1)", "+81", "-5", "35.6", "2026-03-31", "令和8年3月31日", "１，２５０", "{=A1}", "TRUE", "#N/A"]
)
@pytest.mark.parametrize("name", ["previous_result", "value"])
def test_every_text_stays_text(text, name):
    found = cell(opened(row(**{name: text})), name)

    assert (found.value, found.data_type) == (text, "s")


def test_an_address_is_no_link():
    found = cell(opened(row(url="https://www.meti.go.jp/")), "url")

    assert (found.value, found.hyperlink) == ("https://www.meti.go.jp/", None)


def test_line_breaks_are_kept_as_line_feeds():
    assert cell(opened(row(narrative="一\r\n二\r三\n四")), "narrative").value == "一\n二\n三\n四"


def test_a_text_longer_than_a_cell_is_cut_and_not_lost():
    assert cell(opened(row(statement="長" * 40_000)), "statement").value == "長" * 32_766 + "…"


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_entries_alone_are_open_and_text_cells(column):
    found = cell(opened(), column.name)

    assert found.protection.locked is not column.is_entry
    assert (found.number_format == "@") is column.is_entry
    assert found.alignment.wrap_text


def test_sheet_is_protected_without_a_password_but_columns_and_rows_may_be_resized():
    protection = opened().worksheets[0].protection

    assert protection.sheet
    assert protection.password is None
    assert (protection.formatColumns, protection.formatRows, protection.formatCells) == (False, False, True)  # True forbids


def test_an_entry_that_a_row_does_not_ask_for_is_locked_grey_and_blank():
    book = opened(row(value=None, grade=""))
    asked, not_asked = cell(book, "grade"), cell(book, "value")

    assert (not_asked.value, not_asked.protection.locked) == (None, True)
    assert len({not_asked.fill.fgColor.rgb, asked.fill.fgColor.rgb, cell(book, "unit").fill.fgColor.rgb}) == 3


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("grade", "1", "目標超過達成"),
        ("preliminary", "yes", "速報"),
        ("preliminary", "no", "確報"),
        ("comparator", "at_most", "目標値以下（少ないほど良い）"),
        ("accumulation", "not_known", "分からない（推定のままにする）"),
        ("state", "1", "1"),
    ],
)
def test_a_code_is_shown_in_words(name, code, words):
    assert cell(opened(row(**{name: code})), name).value == words


def test_choices_are_offered_as_words_in_every_row():
    book = opened(row(), row())
    entry, _how_to, lists = book.worksheets

    offered = {}
    for found in entry.data_validations.dataValidation:
        assert (found.type, found.showErrorMessage) == ("list", True)
        sheet, _mark, area = found.formula1.rpartition("!")
        assert sheet.strip("'") == lists.title
        offered[str(found.sqref)] = [line[0].value for line in lists[area.replace("$", "")]]
    assert offered["M3:M4"] == [str(grade.label) for grade in Grade]
    assert offered["O3:O4"] == ["速報", "確報"]
    assert [len(words) for words in offered.values()] == [5, 2, 5, 3]


def test_second_sheet_says_how_to_fill_in_each_entry():
    sheet = opened(title="題名", notes=["=注意一", "注意二"]).worksheets[1]
    lines = [(a.value, b.value) for a, b in sheet.iter_rows(max_col=2) if a.value or b.value]

    assert lines[:3] == [("題名", None), (None, "=注意一"), (None, "注意二")]
    assert lines[3:] == [(str(column.title), str(column.help)) for column in COLUMNS if column.is_entry]
    assert all(helped for _title, helped in lines[3:])


def test_the_same_rows_give_the_same_bytes():
    first, second = (write([row(value="1"), row()], title="題名", notes=["注意"]) for _ in range(2))

    assert first == second


def test_file_does_not_say_when_it_was_made():
    with zipfile.ZipFile(BytesIO(write([row()], title="題名", notes=[]))) as archive:
        assert {info.date_time[:3] for info in archive.infolist()} == {(1980, 1, 1)}
        assert archive.read("docProps/core.xml").count(b"2000-01-01T00:00:00Z") == 2


def test_no_rows_make_a_workbook_with_titles_alone():
    book = openpyxl.load_workbook(BytesIO(write([], title="題名", notes=[])))

    assert [found[0].value for found in book.worksheets[0].iter_rows(max_col=1)] == ["target_code", "成果目標のコード"]


def test_a_row_that_lacks_a_column_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError):
        write([{"target_code": "meti-2024-001-01"}], title="題名", notes=[])


def test_a_row_is_as_high_as_its_longest_text():
    # 48 characters wide, so that 24 Japanese signs stand on a line: 240 need ten lines and a spare one.
    sheet = opened(row(statement="字" * 240), row(statement="短い")).worksheets[0]

    assert (sheet.row_dimensions[3].height, sheet.row_dimensions[4].height) == (16 * 11 + 4, 16 * 2 + 4)
