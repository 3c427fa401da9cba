"""The file of postings: what is read in it, and what is refused, with its place."""

from datetime import date

import pytest

from accounts.postings_file import COLUMNS, LARGEST, MOST_LINES, Line, Refused, lines_of
from budget.table import csv_lines

HEADER = ",".join(COLUMNS)
YAMADA = "yamada,山田花子,yamada@example.go.jp,official,division,産業資金課,2026-04-01,"


def refusals(*lines: str, ends="\n") -> list[tuple]:
    """Line, column and value of each refusal."""
    return [(one.line, one.column, one.value) for one in refused("".join(line + ends for line in lines).encode())]


def refused(content: bytes) -> list:
    with pytest.raises(Refused) as caught:
        lines_of(content)
    return caught.value.refusals


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["without a mark", "with a mark"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_line_states_a_posting(mark, ends):
    content = mark + ends.join([HEADER, YAMADA]).encode()
    assert lines_of(content) == [Line(2, "yamada", "山田花子", "yamada@example.go.jp", "official", "division", date(2026, 4, 1), None)]


@pytest.mark.parametrize("written", ["2026-04-01", "2026/4/1", "令和8年4月1日", "R8.4.1", "令和8年4月1日（2026-04-01）"])
def test_days_are_read_as_people_write_them(written):
    [line] = lines_of(f"{HEADER}\nyamada,,,official,division,,{written},".encode())
    assert line.from_on == date(2026, 4, 1)


def test_columns_stand_in_any_order():
    turned = ",".join(reversed(COLUMNS))
    [line] = lines_of(f"{turned}\n2027-03-31,,課の名,division,official,,,yamada\n".encode())
    assert (line.user_name, line.organisation, line.from_on, line.to_on) == ("yamada", "division", None, date(2027, 3, 31))


def test_what_is_written_is_read_again_also_where_a_spreadsheet_would_take_it_for_a_formula():
    names = ["=SUM(A1)", "+81", "-課長", "@yamada", "山田,花子", '山田"花"子']
    rows = [(f"user-{n}", name, None, "official", "division", "課", date(2026, 4, 1), None) for n, name in enumerate(names)]
    content = b"".join(csv_lines(COLUMNS, rows))
    assert b"'=SUM(A1)" in content
    assert [line.name for line in lines_of(content)] == names


def test_rows_of_commas_that_a_spreadsheet_leaves_behind_are_no_postings():
    assert [line.number for line in lines_of(f"{HEADER}\n,,,,,,,\n{YAMADA}\n\n,,,,,,,\n".encode())] == [3]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f"{HEADER}\n{YAMADA}".encode("cp932"), "Shift_JIS"),
        (f"{HEADER}\n{YAMADA}".encode("utf-16"), "UTF-16"),
        (f"{HEADER}\n{YAMADA}".encode("utf-16-be"), "UTF-8"),
        (f"{HEADER}\n{YAMADA}".encode("iso2022_jp"), "UTF-8"),
        (b"PK\x03\x04\x14\x00", "Excel"),
        (f"{HEADER}\nyama\0da".encode(), "UTF-8"),
        (b"x" * (LARGEST + 1), str(LARGEST)),
        (HEADER.encode(), "一件も"),
        (b"", "user_name"),
    ],
    ids=["Shift_JIS", "UTF-16", "UTF-16 without a mark", "JIS", "XLSX", "NUL", "too large", "no posting", "empty"],
)
def test_another_kind_of_file_is_refused_in_words(content, told):
    assert told in str(refused(content)[0])


def test_the_line_that_is_not_utf8_is_named():
    content = f"{HEADER}\n{YAMADA}\n".encode() + "鈴木".encode("cp932")
    assert refused(content)[0].line == 3


def test_the_largest_file_is_read():
    lines = [HEADER, *[YAMADA] * MOST_LINES]
    assert len(lines_of("\n".join(lines).encode())) == MOST_LINES
    assert refusals(*lines, YAMADA) == [(MOST_LINES + 2, "", "")]


def test_a_file_of_exactly_the_largest_size_is_read():
    content = f"{HEADER}\n{YAMADA}".encode()
    assert lines_of(content + b"\n" * (LARGEST - len(content)))


@pytest.mark.parametrize(
    ("header", "wrong"),
    [
        (HEADER.replace("to_on", "until"), [(1, "", "until"), (1, "to_on", "")]),
        (HEADER + ",remarks", [(1, "", "remarks")]),
        (HEADER + ",role", [(1, "", "role")]),
        (HEADER.removesuffix(",to_on"), [(1, "to_on", "")]),
        (HEADER.replace(",", ";"), [(1, "", HEADER.replace(",", ";"))]),
    ],
    ids=["unknown and missing", "one more", "twice", "one less", "semicolons"],
)
def test_line_1_names_each_column_once(header, wrong):
    assert refusals(header, YAMADA) == wrong


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("yamada,,,official,division,,3月末,", ("from_on", "3月末")),
        ("yamada,,,official,division,,,2026-02-30", ("to_on", "2026-02-30")),
        ("yamada,,,official,division,,R8.4.2,R8.4.1", ("to_on", "2026-04-01")),
        (",山田,,official,division,,,", ("user_name", "")),
        ("yamada,,,,division,,,", ("role", "")),
        ("yamada,,,official,,課,,", ("organisation", "")),
        ('yamada,"山田\n花子",,official,division,,,', ("name", "山田\n花子")),
        ("yamada,山田\t花子,,official,division,,,", ("name", "山田\t花子")),
        ("yamada,,,official,division,,", ("", "")),
        ("yamada,,,official,division,,,,x", ("", "")),
        ('yamada,"山田"花子,,official,division,,,', ("", "")),
        ('yamada,"山田,,official,division,,,', ("", "")),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(line, wrong):
    assert refusals(HEADER, YAMADA, line) == [(3, *wrong)]


def test_a_posting_of_one_day_is_read():
    [line] = lines_of(f"{HEADER}\nyamada,,,official,division,,R8.4.1,R8.4.1".encode())
    assert line.from_on == line.to_on == date(2026, 4, 1)


def test_all_that_is_wrong_is_told_at_once_each_at_its_line():
    wrong = refusals(HEADER, "yamada,,,official,division,,昨日,あした", ",,,official,division,,,")
    assert wrong == [(2, "from_on", "昨日"), (2, "to_on", "あした"), (3, "user_name", "")]


def test_a_refusal_says_line_column_value_and_what_was_expected():
    [one] = refused(f"{HEADER}\nyamada,,,official,division,,3月末,".encode())
    assert str(one).startswith("2行目 from_on 「3月末」: ")
    assert "R7.3.31" in str(one)


def test_lines_are_counted_also_after_a_cell_that_holds_line_breaks():
    wrong = refusals(HEADER, 'yamada,"山田\n花\n子",,official,division,,,', "suzuki,,,official,division,,昨日,")
    assert wrong == [(2, "name", "山田\n花\n子"), (5, "from_on", "昨日")]
