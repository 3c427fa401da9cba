"""Each page speaks one language: what stands beside the data is Japanese, or English for who chose it.

Read is what a person sees or a screen reader tells. Left out are the texts that the database holds (names, quotes, reasons), elements
that say themselves to be of another language, and codes.
"""

import re
from collections.abc import Iterable
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models, transaction

from config import messages
from tests.pages import PAGES, looked_at, something_of_everything
from tests.test_access import browser_of, make_world

pytestmark = pytest.mark.django_db

JAPANESE, ENGLISH = re.compile("[ぁ-ヺ一-鿿]"), re.compile("[A-Za-z]{2}")
BRAND = "成果 Seika"
# What both languages write alike: kinds of files and their words, programs, the RS system and its number of a programme.
NAMES = re.compile(r"(?<![A-Za-z])(?:CSV|XLSX|UTF-8|SHA-256|URL|Excel|LibreOffice|PR|RS|true|false|unit)(?![A-Za-z])|予算事業ID")
TOLD = ("alt", "aria-label", "placeholder", "title")  # attributes that are read to people
VOID = {"br", "hr", "img", "input", "link", "meta"}


class Words(HTMLParser):
    """The texts of a page, but codes, and elements that are not shown or are of another language."""

    def __init__(self, language: str):
        super().__init__()
        self.language, self.left_out, self.texts = language, [False], [""]

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        left_out = (
            self.left_out[-1]
            or tag in ("script", "style", "code")
            or given.get("type") == "hidden"
            or "hidden" in (given.get("class") or "").split()
            or given.get("lang", self.language) != self.language
        )
        if not left_out:
            self.texts += [given[name] for name in TOLD if given.get(name)]
            self.texts += [given["value"]] if given.get("type") == "submit" and tag == "input" else []
        if tag not in VOID:
            self.left_out.append(left_out)
        if tag != "mark":  # what a search found is marked within a word
            self.texts.append("")

    def handle_endtag(self, tag):
        if tag not in VOID:
            self.left_out.pop()
        if tag != "mark":
            self.texts.append("")

    def handle_data(self, data):
        if not self.left_out[-1]:
            self.texts[-1] += data


def plain(text: str) -> str:
    return " ".join(text.split())


def texts_of(page: bytes, language: str) -> list[str]:
    words = Words(language)
    words.feed(page.decode())
    words.close()
    assert words.left_out == [False]  # every element that was opened is closed
    return [plain(text) for text in words.texts if text.strip()]


def stored_texts() -> Iterable[str]:
    """Every text that the database holds."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, (models.CharField, models.TextField)) and not field.choices:
                yield from model._base_manager.exclude(**{field.name: ""}).values_list(field.name, flat=True).distinct()


def examples() -> Iterable[str]:
    """Japanese that English sentences show on purpose: how a day is written, what a source says."""
    for message in messages.kept():
        for text in message.id if isinstance(message.id, tuple) else (message.id,):
            yield from (example for example in re.findall(r"[^ ,.;:()“”]+", text) if JAPANESE.search(example))


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        something_of_everything(world)
        stored = {plain(text) for text in stored_texts() if text and (len(text) > 2 or JAPANESE.search(text))}
        asked_for = {"資金", "見つからない語", "soon", "colour"}
        world.data = sorted(stored | asked_for, key=len, reverse=True)
        world.quoted = [*world.data, *examples()]
        yield world
        transaction.set_rollback(True)


def foreign(texts: Iterable[str], letters: re.Pattern, known: list[str]) -> set[str]:
    """The texts in which letters of the other language are left, without what is known."""
    found = set()
    for text in texts:
        left = NAMES.sub("", text.replace(BRAND, ""))
        if not letters.search(left) or (len(left) >= 8 and any(left.rstrip("…") in data for data in known)):  # cut short
            continue
        for data in known:
            left = left.replace(data, "")
        if letters.search(left):
            found.add(text)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_page_speaks_one_language(world, name):
    role, address = looked_at(world, name)
    browser = browser_of(world, role)
    told = {}
    for language in ("ja", "en"):
        browser.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        told[language] = texts_of(browser.get(address).content, language)
    assert (foreign(told["ja"], ENGLISH, world.data), foreign(told["en"], JAPANESE, world.quoted)) == (set(), set())
    assert len(told["ja"]) > 5
