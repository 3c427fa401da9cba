"""What an official filled in comes back as the texts that the form would get, or as a problem that names its cell."""

from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from django.utils import translation
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.worksheet.formula import ArrayFormula

from kpis.exports.entry_book import COLUMNS
from kpis.importers.entry_book import Problem, Refused, read
from tests.kpis.importers.books import PLACES, filled, patched, with_cell, written

BY_LIBREOFFICE = Path(__file__).parent / "data/entry_book_by_libreoffice.xlsx"

pytestmark = pytest.mark.usefixtures("english")


def entry(content, name="value"):
    """The text of the cell in the first row, which must have no problem."""
    (row,) = read(content)
    assert row.problems == []
    return row.cells[name].text


def problem(content) -> Problem:
    """The one problem of the one row."""
    (row,) = read(content)
    (found,) = row.problems
    return found


def refusal(content):
    with pytest.raises(Refused) as caught:
        read(content)
    return str(caught.value)


# There and back


def test_what_is_written_is_read():
    given = {column.name: f"{column.name}の文" for column in COLUMNS if not column.choices}
    codes = {"grade": "3", "preliminary": "yes", "comparator": "less_than", "accumulation": "running_total"}

    (row,) = read(written(given | codes))
    assert {name: cell.text for name, cell in row.cells.items()} == given | codes
    assert (row.number, row.problems) == (3, [])


def test_every_column_has_a_cell_with_its_address_also_where_it_is_blank():
    (row,) = read(written())

    assert list(row.cells) == [column.name for column in COLUMNS]
    assert (row.cells["value"].address, row.cells["value"].text) == ("L3", "")


@pytest.mark.parametrize("text", ["令和8年3月31日", "１，２５０", "35.6", "1,250", "３５％", "0", "-1.50", "=1+1", "未集計"])
def test_what_was_typed_into_a_text_cell_is_read_as_it_was_typed(text):
    assert entry(with_cell(f'<c r="{{r}}" s="4" t="inlineStr"><is><t>{text}</t></is></c>')) == text


def test_blanks_around_a_text_go_and_line_breaks_within_stay():
    assert entry(filled(narrative="\n\u3000 一行目 \r\n\n二行目\u00a0\n"), "narrative") == "一行目 \n\n二行目"


def test_a_cell_of_blanks_is_blank():
    assert entry(filled(value=" \u3000\n")) == ""


def test_rich_text_is_joined():
    rich = CellRichText("前半", TextBlock(InlineFont(b=True), "太字"), "後半")

    assert entry(filled(narrative=rich), "narrative") == "前半太字後半"


def test_readings_beside_a_shared_text_are_left_out():
    """Japanese Excel keeps what was typed on the keyboard beside the words."""
    rich = "<si><r><t>東京</t></r><r><rPr><b/></rPr><t>都</t></r><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si>".encode()
    content = patched(sharedStrings_xml=[("<si><t>成長率</t></si>".encode(), rich)])

    assert entry(content, "indicator") == "東京都"


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("一_x000D_\n二", "一\n二"),
        ("一_x000d_二", "一\n二"),
        ("_x0041_", "_x0041_"),  # what a person typed
        ("_xD83D_", "_xD83D_"),
    ],
)
def test_signs_that_xml_cannot_hold_are_read(stored, text):
    assert entry(with_cell(f'<c r="{{r}}" t="inlineStr"><is><t>{stored}</t></is></c>', name="narrative"), "narrative") == text


# Numbers


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("35.600000000000001", "35.6"),
        ("0.30000000000000004", "0.3"),
        ("7.0000000000000007E-2", "0.07"),
        ("1E+15", "1000000000000000"),
        ("1.2345678901234501E+18", "1234567890123450000"),
        ("60.0", "60"),
        ("60", "60"),
        ("0", "0"),
        ("-0", "0"),
        ("-1.5", "-1.5"),
        ("1E-4", "0.0001"),
        ("123456789012345.6", "123456789012346"),  # the sixteenth digit: Excel shows fifteen
        ("12345678901234567", "12345678901234567"),
    ],
)
def test_a_number_is_read_as_a_person_would_write_it(stored, text):
    assert entry(with_cell(f'<c r="{{r}}"><v>{stored}</v></c>')) == text


@pytest.mark.parametrize("stored", ["NaN", "INF", "abc"])
def test_a_file_with_what_is_no_number_of_a_sheet_is_damaged(stored):
    with pytest.raises(Refused, match="damaged"):
        read(with_cell(f'<c r="{{r}}"><v>{stored}</v></c>'))


def test_a_number_beyond_all_numbers_is_none():
    assert entry(with_cell('<c r="{r}"><v>1E+99999999</v></c>')) == "Infinity"  # which the form refuses


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.35, "0%", "35%"),
        (0.356, "0%", "35.6%"),  # shown as 36 %: what is stored counts
        (0.07, "0.00%", "7%"),
        (1.2, "0.0%;[Red]-0.0%", "120%"),
        (0, "0%", "0%"),
        (35, '0"%"', "35"),  # a mere word after the number
        (1250, "#,##0", "1250"),
        (1250, '#,##0"件";[Red]-#,##0"件"', "1250"),
        (0.5, "0.00E+00", "0.5"),
        (12, "[DBNum3]General", "12"),
        (0.75, "# ?/?", "0.75"),
        (12, "[>=10]0;0.0", "12"),
    ],
)
def test_the_format_says_what_a_number_is(value, number_format, text):
    assert entry(filled(value=value, formats={"value": number_format})) == text


def test_a_number_in_a_shown_cell_comes_back_as_text():
    assert entry(filled(fiscal_year=2025), "fiscal_year") == "2025"


def test_a_shown_cell_never_has_a_problem():
    assert entry(filled(goal="=1+1"), "goal") == "=1+1"


# Days

DAY_FORMATS = [
    "yyyy-mm-dd",
    "mm-dd-yy",
    '[$-411]ggge"年"m"月"d"日";@',
    "[$-ja-JP-x-gannen]ggge年m月d日",
    "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy",
]


@pytest.mark.parametrize("name", ["measured_on", "deadline_event_on"])
@pytest.mark.parametrize("number_format", DAY_FORMATS)
def test_a_day_of_excel_is_read_as_iso(name, number_format):
    assert entry(filled(**{name: date(2026, 3, 31)}, formats={name: number_format}), name) == "2026-03-31"


@pytest.mark.parametrize("number", [14, 27, 30, 31, 36, 50, 57, 58])
def test_formats_of_days_that_only_japanese_excel_knows_by_number_are_known(number):
    """Typing 令和8年3月31日 into an ordinary cell gives it format 58, of which the file says no more."""
    days = (date(2026, 3, 31) - date(1899, 12, 30)).days
    content = with_cell(
        f'<c r="{{r}}" s="4"><v>{days}</v></c>', name="measured_on", styles_xml=[(b'numFmtId="49"', b'numFmtId="%d"' % number)]
    )

    assert entry(content, "measured_on") == "2026-03-31"


def test_days_counted_from_1904_are_read():
    def count_from_1904(book):
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904

    content = filled(measured_on=date(2026, 3, 31), formats={"measured_on": "yyyy-mm-dd"}, change=count_from_1904)
    assert entry(content, "measured_on") == "2026-03-31"


@pytest.mark.parametrize("stored", ["2026-03-31", "2026-03-31T00:00:00", "2026-03-31T00:00:00.000Z"])
def test_days_that_a_file_writes_as_iso_are_read(stored):
    assert entry(with_cell(f'<c r="{{r}}" t="d"><v>{stored}</v></c>', name="measured_on"), "measured_on") == "2026-03-31"


def test_a_day_in_a_text_column_is_read_as_iso():
    assert entry(filled(narrative=date(2026, 3, 31), formats={"narrative": "yyyy/m/d"}), "narrative") == "2026-03-31"


def test_a_time_of_day_is_a_problem():
    found = problem(filled(measured_on=datetime(2026, 3, 31, 12, 30), formats={"measured_on": "yyyy/m/d h:mm"}))  # noqa: DTZ001

    assert (found.address, found.column_title) == ("N3", "measured on")
    assert "A time of day" in found.sentence


def test_an_iso_time_of_day_is_a_problem():
    assert "A time of day" in problem(with_cell('<c r="{r}" t="d"><v>2026-03-31T09:00:00</v></c>', name="measured_on")).sentence


@pytest.mark.parametrize(("stored", "words"), [("0", "A time of day"), ("0.5", "A time of day"), ("9999999", "Excel shows an error")])
def test_a_day_outside_the_calendar_is_a_problem(stored, words):
    content = with_cell(f'<c r="{{r}}" s="4"><v>{stored}</v></c>', name="measured_on", styles_xml=[(b'numFmtId="49"', b'numFmtId="14"')])

    assert words in problem(content).sentence


@pytest.mark.parametrize("value", [46112, 8.3, 20260331])
def test_a_bare_number_is_no_day(value):
    found = problem(filled(measured_on=value, formats={"measured_on": "General"}))

    assert found.value == str(value)
    assert "A bare number is no day" in found.sentence


@pytest.mark.parametrize("name", ["value", "grade", "preliminary", "comparator"])
def test_a_date_where_a_figure_or_a_choice_belongs_is_a_problem(name):
    found = problem(filled(**{name: date(2026, 3, 4)}, formats={name: "m/d"}))

    assert found.value == "2026-03-04"
    assert "Excel made a date" in found.sentence


def test_a_time_where_a_figure_belongs_is_a_problem():
    assert "Excel made a date or a time" in problem(filled(value=time(1, 30), formats={"value": "h:mm"})).sentence


# Formulas, errors, truth


@pytest.mark.parametrize("name", [column.name for column in COLUMNS if column.is_entry])
def test_a_formula_is_a_problem_in_every_entry(name):
    found = problem(filled(**{name: "=SUM(A1:A2)"}))

    assert (found.value, found.address) == ("=SUM(A1:A2)", f"{openpyxl.utils.get_column_letter(PLACES[name])}3")
    assert "A formula is no entry" in found.sentence


def test_a_formula_is_a_problem_also_where_its_result_is_stored():
    assert "formula" in problem(with_cell('<c r="{r}"><f>1+1</f><v>2</v></c>')).sentence


@pytest.mark.parametrize("attributes", ['t="array" ref="L3"', 't="shared" si="0"', 't="dataTable" ref="L3:L4" r1="A1"'])
def test_every_kind_of_formula_is_a_problem(attributes):
    assert "formula" in problem(with_cell(f'<c r="{{r}}"><f {attributes}/><v>2</v></c>')).sentence


def test_what_an_array_formula_filled_is_a_problem_in_every_cell():
    def spill(book):
        sheet = book.worksheets[0]
        sheet["L3"] = ArrayFormula("L3:L4", "=A1:A2*2")
        sheet["L4"] = 4

    rows = read(filled(written({"target_code": "a"}, {"target_code": "b"}, {"target_code": "c"}), change=spill))
    assert [[(found.address, "formula" in found.sentence) for found in row.problems] for row in rows] == [
        [("L3", True)],
        [("L4", True)],
        [],
    ]


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#VALUE!", "#REF!"])
def test_an_error_of_excel_is_a_problem(error):
    found = problem(with_cell(f'<c r="{{r}}" t="e"><v>{error}</v></c>'))

    assert (found.value, "Excel shows an error" in found.sentence) == (error, True)


@pytest.mark.parametrize(("value", "code"), [(True, "yes"), (False, "no")])
def test_true_and_false_say_whether_a_figure_is_preliminary(value, code):
    assert entry(filled(preliminary=value), "preliminary") == code


@pytest.mark.parametrize("name", ["value", "grade", "measured_on", "narrative", "comparator"])
def test_true_is_no_other_entry(name):
    found = problem(filled(**{name: True}))

    assert (found.value, found.sentence) == ("TRUE", "TRUE or FALSE is no entry here.")


# Choices


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("grade", "目標達成", "2"),
        ("grade", "target met", "2"),
        ("grade", "2", "2"),
        ("grade", "２", "2"),
        ("grade", 2, "2"),
        ("grade", "2 目標達成", "2"),
        ("grade", " 目標 達成 ", "2"),
        ("preliminary", "速報", "yes"),
        ("preliminary", "Final", "no"),
        ("preliminary", "yes", "yes"),
        ("comparator", "目標値以下（少ないほど良い）", "at_most"),
        ("comparator", "目標値以下(少ないほど良い)", "at_most"),
        ("accumulation", "running_total", "running_total"),
        ("accumulation", "分からない（推定のままにする）", "not_known"),
    ],
)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_words_and_codes_are_chosen_in_either_language(name, text, code, language):
    content = filled(**{name: text})

    with translation.override(language):
        assert entry(content, name) == code


@pytest.mark.parametrize(("name", "text"), [("grade", "6"), ("grade", "0"), ("grade", "達成"), ("grade", 2.5), ("preliminary", "たぶん")])
def test_what_cannot_be_chosen_is_a_problem_that_names_the_choices(name, text):
    found = problem(filled(**{name: text}))

    assert found.value == str(text)
    assert all(str(words) in found.sentence for _code, words in COLUMNS[PLACES[name] - 1].choices)


# Long texts and merged cells


def test_an_entry_may_have_ten_thousand_characters_and_no_more():
    assert entry(filled(narrative="字" * 10_000), "narrative") == "字" * 10_000

    found = problem(filled(narrative="字" * 10_001))
    assert (found.address, found.value) == ("P3", "字" * 100 + "…")
    assert "10000" in found.sentence.replace(",", "")


def test_merged_entries_are_a_problem_of_each_row_that_they_touch():
    content = filled(
        written({"target_code": "a", "value": "1"}, {"target_code": "b"}, {"target_code": "c"}),
        change=lambda book: book.worksheets[0].merge_cells("L3:L4"),
    )

    assert [[(found.address, "merged" in found.sentence) for found in row.problems] for row in read(content)] == [
        [("L3", True)],
        [("L4", True)],
        [],
    ]


def test_merged_shown_cells_are_no_problem():
    content = filled(written({"target_code": "a"}, {"target_code": "b"}), change=lambda book: book.worksheets[0].merge_cells("C3:C4"))

    assert [row.problems for row in read(content)] == [[], []]


def test_ranges_that_overlap_take_no_time():
    ranges = "".join(f'<mergeCell ref="A1:XFD{number}"/>' for number in range(10, 9_000)).encode()

    (row,) = read(patched(sheet1_xml=[(b"</sheetData>", b"</sheetData><mergeCells>" + ranges + b"</mergeCells>")]))
    assert len(row.problems) == sum(column.is_entry for column in COLUMNS)


# Rows and columns wherever they have gone


def three():
    return written(*({"target_code": code, "value": code} for code in "abc"))


def codes(content):
    return [(row.number, row.cells["target_code"].text) for row in read(content)]


def test_rows_have_the_numbers_of_the_sheet():
    assert codes(three()) == [(3, "a"), (4, "b"), (5, "c")]


def test_deleted_rows_are_gone_and_blank_ones_left_out():
    def delete_and_leave_gaps(book):
        book.worksheets[0].delete_rows(4)
        book.worksheets[0].insert_rows(4, 3)

    assert codes(filled(three(), change=delete_and_leave_gaps)) == [(3, "a"), (7, "c")]


def test_the_titles_may_be_sorted_among_the_rows():
    def sort(book):
        book.worksheets[0].move_range("A2:W2", rows=4)

    assert codes(filled(three(), change=sort)) == [(3, "a"), (4, "b"), (5, "c")]


def test_the_row_of_names_may_be_shown_and_moved_down():
    def title_above(book):
        book.worksheets[0].row_dimensions[1].hidden = False
        book.worksheets[0].insert_rows(1, 2)
        book.worksheets[0]["A1"] = "令和7年度の実績"

    assert codes(filled(three(), change=title_above)) == [(5, "a"), (6, "b"), (7, "c")]


def test_columns_may_be_moved():
    def value_to_the_right(book):
        sheet = book.worksheets[0]
        sheet.move_range("L1:L5", cols=20)

    row = read(filled(three(), change=value_to_the_right))[0]
    assert (row.cells["value"].address, row.cells["value"].text) == ("AF3", "a")


def test_columns_of_ones_own_are_ignored():
    def add(book):
        for number, text in enumerate(["memo", "メモ", "=A1", "12", ""], start=1):
            book.worksheets[0].cell(number, 30, text)
        book.worksheets[0].cell(9, 30, "下の行のメモ")

    assert codes(filled(three(), change=add)) == [(3, "a"), (4, "b"), (5, "c")]


def test_sheets_may_be_renamed_moved_and_added():
    def rearrange(book):
        book.worksheets[0].title = "私の入力"
        book.move_sheet("私の入力", 2)
        book.create_sheet("計算", 0).append(["実績", 1])

    assert codes(filled(three(), change=rearrange)) == [(3, "a"), (4, "b"), (5, "c")]


def test_entries_below_the_last_row_are_read():
    def add(book):
        book.worksheets[0].cell(40, PLACES["value"], "12")

    row = read(filled(three(), change=add))[-1]
    assert (row.number, row.cells["value"].text, row.cells["target_code"].text) == (40, "12", "")


def test_no_rows_are_read_from_a_sheet_of_titles():
    def empty(book):
        book.worksheets[0].delete_rows(3, 3)

    assert read(filled(three(), change=empty)) == []


def test_missing_columns_are_named():
    def delete(book):
        book.worksheets[0].delete_cols(PLACES["grade"])
        book.worksheets[0].delete_cols(PLACES["value"])

    assert "result (value)、grade (grade)" in refusal(filled(change=delete))


def test_a_column_that_is_there_twice_is_named():
    def copy(book):
        book.worksheets[0].cell(1, 30, "value")

    assert "more than once: result (value)" in refusal(filled(change=copy))


def test_two_sheets_of_results_are_refused():
    def copy(book):
        book.copy_worksheet(book.worksheets[0]).title = "控え"

    assert "results to enter、控え" in refusal(filled(change=copy))


def test_two_thousand_rows_are_read_and_no_more():
    most = [{"target_code": f"t{number}"} for number in range(2000)]

    assert len(read(written(*most))) == 2000
    assert "more than 2000 filled rows" in refusal(written(*most, {"target_code": "t2000"})).replace(",", "")


def test_all_problems_of_a_row_are_told_at_once():
    (row,) = read(filled(value="=1", grade="9", measured_on=1))

    assert [found.address for found in row.problems] == ["L3", "M3", "N3"]


def test_problems_are_told_in_japanese():
    content = filled(measured_on=46112, formats={"measured_on": "General"})

    with translation.override("ja"):
        found = problem(content)
    assert (found.column_title, found.sentence) == (
        "実績の時点",
        "数字だけでは日付として読めません。令和8年3月31日、R8.3.31、2026-03-31のように書いてください。",
    )


# Another program


def test_what_libreoffice_saved_is_read():
    """Filled in, then saved by LibreOffice 7.4, which writes styles, texts and numbers its own way."""
    rows = read(BY_LIBREOFFICE.read_bytes())

    told = [{name: row.cells[name].text for name in PLACES if COLUMNS[PLACES[name] - 1].is_entry and row.cells[name].text} for row in rows]
    assert told == [
        {"value": "2.9", "measured_on": "2026-03-31", "preliminary": "no", "url": "https://www.meti.go.jp/"},
        {"grade": "1", "narrative": "一行目\n二行目"},
        {"value": "１，２５０", "measured_on": "令和8年3月31日", "comparator": "at_least"},
        {"value": "35.6"},
        {"grade": "2"},
        {"value": "35%"},
    ]
    assert [row.problems for row in rows] == [[]] * 6
    assert [row.cells["version"].text for row in rows] == ["progressreport:812 outcometarget:55"] * 6


def test_libreoffice_keeps_what_is_locked_hidden_and_offered():
    book = openpyxl.load_workbook(BY_LIBREOFFICE)
    sheet = book.worksheets[0]

    assert sheet.protection.sheet
    assert (sheet["A3"].protection.locked, sheet["L3"].protection.locked) == (True, False)
    assert (sheet.row_dimensions[1].hidden, sheet.column_dimensions["W"].hidden) == (True, True)
    assert len(sheet.data_validations.dataValidation) == 4
