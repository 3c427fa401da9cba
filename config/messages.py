"""The catalogue of Japanese: which words it needs, and how it is kept (`make messages`).

The words are those of our sources, and those of the libraries that ship without Japanese. English needs no catalogue: it is what the
sources are written in. Babel reads and writes the files, so that nobody needs the gettext programs.
"""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

BASE_DIR = Path(__file__).resolve().parent.parent
PO_FILE = BASE_DIR / "locale/ja/LC_MESSAGES/django.po"
MO_FILE = PO_FILE.with_suffix(".mo")

SOURCES = ("accounts", "budget", "config", "kpis", "templates")
# Libraries whose words reach our pages and that have no Japanese of their own.
LIBRARIES = ("django_filters", "simple_history")

KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def needed() -> Catalog:
    """Every message that the catalogue must have, with the files that use it."""
    catalog = Catalog(locale="ja")
    for folder in SOURCES:
        _collect(catalog, BASE_DIR / folder, folder)
    for library in LIBRARIES:
        _collect(catalog, Path(find_spec(library).origin).parent, library)
    return catalog


def _collect(catalog: Catalog, folder: Path, name: str) -> None:
    for file in sorted(folder.rglob("*")):
        if "migrations" not in file.parts and "tests" not in file.parts:
            for message, context in messages_of(file):
                catalog.add(message, locations=[(f"{name}/{file.relative_to(folder).as_posix()}", 0)], context=context)


def messages_of(file: Path) -> Iterator[tuple]:
    """The messages of a Python source or a template, each with its context."""
    if file.suffix == ".py":
        source = file.read_text(encoding="utf-8")
    elif file.suffix in (".html", ".txt"):
        # Django turns a template into gettext calls between filler; without indentation that reads as Python.
        source = "\n".join(line.lstrip() for line in templatize(file.read_text(encoding="utf-8"), origin=str(file)).split("\n"))
    else:
        return
    for _line, message, _comments, context in extract("python", BytesIO(source.encode()), KEYWORDS, options={"encoding": "utf-8"}):
        yield message, context


def kept() -> Catalog:
    """The catalogue as it is committed."""
    with PO_FILE.open("rb") as file:
        return read_po(file, locale="ja")


def compiled(catalog: Catalog) -> bytes:
    """What belongs into the .mo file."""
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def main() -> None:
    """Add what is new to the .po file, drop what is gone, and compile. A new message waits there empty."""
    catalog = kept()
    catalog.update(needed(), no_fuzzy_matching=True, update_creation_date=False)
    with PO_FILE.open("wb") as file:
        write_po(file, catalog, width=120, sort_output=True, ignore_obsolete=True, include_lineno=False)
    catalog = kept()
    MO_FILE.write_bytes(compiled(catalog))
    empty = [message for message in catalog if message.id and not all(_strings(message))]
    sys.stdout.write(f"{len(catalog)} messages, {len(empty)} without Japanese\n")


def _strings(message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


if __name__ == "__main__":
    main()
