"""An uploaded file is weighed while it is unpacked, defines no entities, and is refused in words."""

import struct
import zipfile
from io import BytesIO

import openpyxl
import pytest
from django.utils import translation

from kpis.importers import workbook
from kpis.importers.entry_book import Refused, read
from kpis.importers.workbook import sheets_of
from tests.kpis.importers.books import filled, patched, with_cell, written

pytestmark = pytest.mark.usefixtures("english")


def refusal(content):
    with pytest.raises(Refused) as caught:
        read(content)
    return str(caught.value)


# What is no workbook


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        ("実績,単位\r\n1,件\r\n".encode(), "text file, such as CSV"),
        ("実績\t単位\r\n".encode("cp932"), "text file, such as CSV"),
        (b"<html><table></table></html>", "text file, such as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old kind (.xls)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "protected with a password"),
        (b"%PDF-1.7 text", "no Excel workbook"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "no Excel workbook"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
        (written()[:-200], "damaged"),
        (written()[:3000] + bytes(300) + written()[3300:], "damaged"),
    ],
)
def test_what_is_no_workbook_is_refused_with_a_hint(content, words):
    assert words in refusal(content)


def package(parts, compression=zipfile.ZIP_DEFLATED):
    file = BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


TYPES = {"[Content_Types].xml": "<Types/>"}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"readme.txt": "a"}, "no Excel workbook"),
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, "OpenDocument file (.ods)"),
        (TYPES | {"xl/workbook.bin": b"\0"}, "binary workbook (.xlsb)"),
        (TYPES | {"xl/vbaProject.bin": b"\0"}, "macros"),
        (TYPES | {"XL/VBAPROJECT.BIN": b"\0"}, "macros"),
        (
            {"[Content_Types].xml": '<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'},
            "macros",
        ),
        (TYPES, "damaged"),
        (TYPES | {"_rels/.rels": "<Relationships>"}, "damaged"),
        (
            TYPES | {"_rels/.rels": '<Relationships><Relationship Id="a" Type="x/officeDocument" Target="gone.xml"/></Relationships>'},
            "damaged",
        ),
    ],
)
def test_another_package_is_refused_with_a_hint(parts, words):
    assert words in refusal(package(parts))


def test_macros_within_a_workbook_are_refused():
    assert "macros" in refusal(patched(add={"xl/vbaProject.bin": b"\0\1"}))


def test_a_workbook_of_others_is_refused():
    book = openpyxl.Workbook()
    book.active.append(["実績", "単位"])

    file = BytesIO()
    book.save(file)
    assert "No sheet has the hidden row" in refusal(file.getvalue())


def test_refusals_are_japanese():
    with translation.override("ja"):
        assert refusal(b"") == "ファイルが空です。"


# What is too much


def test_a_file_of_five_megabytes_is_looked_at_and_a_larger_one_is_not():
    most = 5 * 1024 * 1024

    assert "damaged" in refusal(b"PK" + bytes(most - 2))
    assert refusal(b"PK" + bytes(most - 1)) == "The file is larger than 5 MB. Send it in several files."


def test_a_part_that_unpacks_to_more_than_two_hundred_times_its_size_is_refused():
    bomb = patched(add={"xl/media/image1.png": bytes(11 * 1024 * 1024)})  # zeros shrink to a thousandth

    assert "unpacks to far more" in refusal(bomb)


def test_a_small_part_may_shrink_as_much_as_it_will():
    assert len(read(patched(add={"xl/media/image1.png": bytes(9 * 1024 * 1024)}))) == 1


def test_more_than_fifty_megabytes_in_all_are_refused():
    bomb = patched(add={f"xl/media/image{n}.png": bytes(9 * 1024 * 1024) for n in range(6)})

    assert "unpacks to far more" in refusal(bomb)


def test_sizes_are_counted_and_not_believed():
    """The directory says 1 byte for each part: the file is broken at best, and never unpacked beyond what is allowed."""
    content = bytearray(patched(add={f"xl/media/image{n}.png": bytes(9 * 1024 * 1024) for n in range(6)}))
    place = content.find(b"PK\x01\x02")
    while place >= 0:
        content[place + 24 : place + 28] = struct.pack("<I", 1)
        place = content.find(b"PK\x01\x02", place + 4)

    assert refusal(bytes(content))


def test_more_than_a_thousand_parts_are_refused():
    assert len(read(patched(add={f"custom/{n}": b"" for n in range(900)}))) == 1
    assert "unpacks to far more" in refusal(patched(add={f"custom/{n}": b"" for n in range(1000)}))


def test_a_part_with_more_tags_than_a_sheet_needs_is_refused(monkeypatch):
    monkeypatch.setattr(workbook, "MOST_TAGS", {"xl/worksheets/": 50, "": 10_000})

    assert "unpacks to far more" in refusal(written())


@pytest.mark.parametrize("part", ["xl/styles.xml", "xl/theme/theme1.xml", "custom.xml"])
def test_a_part_that_is_no_sheet_has_fewer_tags(part):
    assert workbook.MOST_TAGS[""] < 200_000
    xml = b"<a>" + b"<b/>" * 200_000 + b"</a>"
    with zipfile.ZipFile(BytesIO(written())) as archive:
        others = {name: archive.read(name) for name in archive.namelist() if name != part}
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**others, part: xml}.items():
            archive.writestr(name, content)
    assert "unpacks to far more" in refusal(file.getvalue())


def test_a_text_longer_than_a_cell_holds_is_refused():
    """However often it is cited: each cell would be given all of it."""
    long = b"<t>" + b"a" * 40_000 + b"</t>"
    assert "unpacks to far more" in refusal(patched(sharedStrings_xml=[("<t>成長率</t>".encode(), long)]))


def test_sheets_that_are_one_part_are_refused():
    again = b'<sheet name="again" sheetId="9" r:id="rId1"/></sheets>'
    assert "unpacks to far more" in refusal(patched(workbook_xml=[(b"</sheets>", again)]))


@pytest.mark.parametrize("formula", ['<f t="array" ref="foo!">1</f>', '<f t="array" ref="FOO">1</f>', '<f t="array">1</f>'])
def test_a_formula_of_no_range_is_refused(formula):
    assert "damaged" in refusal(with_cell(f'<c r="{{r}}">{formula}<v>1</v></c>'))


def test_merged_cells_of_no_range_are_refused():
    assert "damaged" in refusal(patched(sheet1_xml=[(b"</sheetData>", b'</sheetData><!-- <mergeCell ref="ZZZZ"/> -->')]))


def test_many_empty_formatted_rows_do_no_harm():
    rows = b"".join(b'<row r="%d" s="3" customFormat="1"/>' % number for number in range(4, 100_000))

    assert len(read(patched(sheet1_xml=[(b"</sheetData>", rows + b"</sheetData>")]))) == 1


def test_declared_dimensions_are_not_believed():
    assert len(read(patched(sheet1_xml=[(b'<dimension ref="A1:W3"/>', b'<dimension ref="A1:XFD1048576"/>')]))) == 1


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_the_compression_of_workbooks_is_unpacked(compression):
    assert "damaged" in refusal(package(TYPES, compression))


def test_two_parts_of_one_name_are_refused():
    assert "damaged" in refusal(patched(add={"XL/Workbook.xml": b"<workbook/>"}))


# What is harmful or broken within


LAUGHS = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    "part",
    [
        f"{LAUGHS}<a>&c;</a>".encode(),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0"?>\n<!-- x --><!DOCTYPE\na [<!ENTITY % b SYSTEM "http://example.org/b"> %b;]><a/>',
        b"<!DOCTYPE a><a/>",
        f'<?xml version="1.0" encoding="UTF-16"?>{LAUGHS}<a>&c;</a>'.encode("utf-16"),
        f'<?xml version="1.0" encoding="UTF-16LE"?>{LAUGHS}<a/>'.encode("utf-16-le"),
        f'\ufeff<?xml version="1.0" encoding="UTF-16BE"?>{LAUGHS}<a/>'.encode("utf-16-be"),
        f"\ufeff{LAUGHS}<a/>".encode(),
        f'<?xml version="1.0" encoding="iso-8859-1"?>{LAUGHS}<a/>'.encode(),
    ],
)
@pytest.mark.parametrize("name", ["xl/more.xml", "xl/more.bin"])
def test_no_part_may_define_entities(name, part):
    assert "XML entities" in refusal(patched(add={name: part}))


@pytest.mark.parametrize("name", ["sheet1_xml", "workbook_xml", "sharedStrings_xml", "styles_xml", "sheet2_xml"])
def test_broken_xml_is_refused(name):
    closing = {"sheet1_xml": b"</worksheet>", "sheet2_xml": b"</worksheet>", "workbook_xml": b"</workbook>"}
    tag = closing.get(name, b"</sst>" if name == "sharedStrings_xml" else b"</styleSheet>")

    assert "damaged" in refusal(patched(**{name: [(tag, b"")]}))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b'<row r="3"', b'<row r="three"'),
        (b'<c r="A3" s="3" t="s"><v>', b'<c r="A3" s="STYLE" t="s"><v>999999'),
        (b'<c r="A3" s="3" t="s">', b'<c r="A3" s="STYLE" t="unknown">'),
        (b'<c r="A3" s="3" t="s">', b'<c r="A3" s="one" t="s">'),
    ],
)
def test_xml_that_is_no_sheet_is_refused(was, becomes):
    assert "damaged" in refusal(patched(sheet1_xml=[(was, becomes)]))


def test_what_is_no_xml_may_lie_beside_it():
    assert len(read(patched(add={"xl/media/image1.png": b"\x89PNG\0", "xl/drawings/vmlDrawing1.vml": b"<xml><br></xml>"}))) == 1


def test_links_to_other_files_are_not_followed():
    outside = b'<Relationship Id="rId99" Type="x/externalLinkPath" Target="file:///etc/passwd" TargetMode="External"/></Relationships>'

    assert len(read(patched(workbook_xml_rels=[(b"</Relationships>", outside)]))) == 1


def test_a_sheet_cannot_lie_outside_the_package():
    assert refusal(patched(workbook_xml_rels=[(b"worksheets/sheet1.xml", b"../../../../etc/passwd")]))


@pytest.mark.parametrize("row", [b'<row r="999999999999"/>', b'<row r="1048577"/>'])
def test_rows_beyond_the_last_are_not_counted_to(row):
    assert "unpacks to far more" in refusal(patched(sheet1_xml=[(b"</sheetData>", row + b"</sheetData>")]))


def test_many_rows_of_blank_cells_at_the_far_end_are_not_looked_at(monkeypatch):
    monkeypatch.setattr(workbook, "MOST_CELLS", 100_000)
    rows = b"".join(b'<row r="%d"><c r="XFD%d" s="1"/></row>' % (number, number) for number in range(4, 200))

    assert "unpacks to far more" in refusal(patched(sheet1_xml=[(b"</sheetData>", rows + b"</sheetData>")]))


# What it gives


def test_sheets_are_found_by_their_relationships():
    content = patched(workbook_xml_rels=[(b'Target="worksheets/sheet1.xml"', b'Target="/xl/worksheets/sheet1.xml"')])

    assert [sheet.name for sheet in sheets_of(content)] == ["results to enter", "how to fill it in", "choices"]


def test_cells_without_addresses_are_counted():
    first = openpyxl.load_workbook(BytesIO(written())).worksheets[0]
    letters = [cell.column_letter for cell in first[3]]

    bare = patched(sheet1_xml=[(f' r="{letter}3"'.encode(), b"") for letter in letters] + [(b'<row r="3" ', b"<row ")])
    assert read(bare)[0].cells["indicator"].address == "D3"
    assert read(bare)[0].cells["indicator"].text == "成長率"


def test_a_workbook_saved_by_openpyxl_is_read():
    assert read(filled(value="12"))[0].cells["value"].text == "12"
