"""The bytes of a document become text, and its text one spelling.

Only UTF-8 is read: another encoding could be guessed, and a wrong guess is a wrong text. The spelling is
told character for character, so that a place found in the plain text is the same place in the document.
A labelled number (①, Ⅳ) is a mark and never becomes a digit.
"""

import unicodedata
from functools import cache

from django.utils.translation import gettext as _

# Glyphs that turning the PDF into text gave for others.
_MISREAD = {"鉍": "鉱", "步": "歩", "术": "術", "资": "資"}
# Patterns over plain text that several steps know: a year without its 年, and an item mark.
YEAR = r"(?:(?:令和|平成|昭和|大正|明治|R)\s?(?:元|[0-9]{1,2})|[0-9]{4})"
MARK = r"(?:\([0-9]{1,2}\)|[①-⑳]|[0-9]{1,2}[.)](?![0-9]))"

_LABELS = ("No", "Nl")  # ①, ²; Ⅳ


class NotReadable(ValueError):
    """The file is no text that can be read. The message says why, for a person."""


def decode(data: bytes) -> str:
    """The text of a UTF-8 file, without its byte order mark and with each line ended by a line feed alone.

    NotReadable where the file is in another encoding, binary or blank. ISO-2022-JP would pass for UTF-8, but for its escapes.
    """
    if b"\0" in data or b"\x1b" in data:
        raise NotReadable(_("The file is not a text in UTF-8: it is binary or in another encoding."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotReadable(_("The file is not in UTF-8: byte %(place)s cannot be read.") % {"place": error.start + 1}) from error
    if not text.strip("\ufeff \t\r\n\f\v\u3000"):
        raise NotReadable(_("The file holds no text."))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def plain(text: str) -> str:
    """The text in one spelling and of the same length: figures, letters and signs half-width, misread glyphs mended.

    A character without a single counterpart (㈱), a label (①) and every sign that NFKC
    leaves alone (−, ー, 〜) stay as they are; so do line ends.
    """
    return "".join(map(_spelling, text))


@cache
def _spelling(character: str) -> str:
    if unicodedata.category(character) in _LABELS:
        return character
    spelling = unicodedata.normalize("NFKC", _MISREAD.get(character, character))
    return spelling if len(spelling) == 1 else character
