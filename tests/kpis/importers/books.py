"""Workbooks as they come back: written, filled in as Excel and its kin store it, and patched where no library writes such a thing."""

import zipfile
from io import BytesIO

import openpyxl

from kpis.exports.entry_book import COLUMNS, write

PLACES = {column.name: place for place, column in enumerate(COLUMNS, start=1)}
ENTRIES = "xl/worksheets/sheet1.xml"


def written(*rows, **given):
    """The bytes of a workbook as it is downloaded; without rows it has one."""
    blank = {column.name: "" for column in COLUMNS}
    rows = [blank | row for row in rows or [{"target_code": "meti-2024-001-01", "fiscal_year": "2025", "indicator": "成長率"} | given]]
    return write(rows, title="実績", notes=[])


def filled(content=None, *, change=None, formats=None, **cells):
    """The bytes of a workbook with entries in its first row of data, or as `change` leaves the sheet; saved by openpyxl."""
    book = openpyxl.load_workbook(BytesIO(content or written()))
    for name, value in cells.items():
        cell = book.worksheets[0].cell(3, PLACES[name])
        cell.value = value
        cell.number_format = (formats or {}).get(name, cell.number_format)
    if change:
        change(book)
    return saved(book)


def saved(book):
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def patched(content=None, *, add=None, **parts):
    """The bytes with parts changed: each by (old, new), by the folder-less name of the part with _ for its dot; `add` are new parts."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(content or written())) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            for was, becomes in parts.get(name.rpartition("/")[2].replace(".", "_"), ()):
                assert was in part, f"{was} is not in {name}"
                part = part.replace(was, becomes)
            new.writestr(name, part)
        for name, part in (add or {}).items():
            new.writestr(name, part)
    return file.getvalue()


def with_cell(xml, *, name="value", **parts):
    """The bytes with one cell of the first row of data in exactly this XML; {r} is its address."""
    address = f"{openpyxl.utils.get_column_letter(PLACES[name])}3"
    content = written()
    with zipfile.ZipFile(BytesIO(content)) as archive:
        sheet = archive.read(ENTRIES)
    begin = sheet.index(f'<c r="{address}"'.encode())
    end = sheet.index(b"/>", begin) + 2
    cell = xml.replace("{r}", address).encode()
    return patched(content, sheet1_xml=[(sheet[begin:end], cell)], **parts)
