"""Words as they are searched for and marked: width and case do not count, everything else does.

A text is folded by NFKC and without case: ＡＢＣ is abc, ｶﾞ is ガ, ㈱ is (株). Hiragana and katakana stay apart, as written. A word is found
where its folded form stands within the folded text.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def words_of(query: str) -> tuple[str, ...]:
    """The folded words of a query, each once, in their order; any space parts them, 全角 ones too."""
    return tuple(dict.fromkeys(folded(query).split()))


def marked(text: str, words: Iterable[str]) -> list[tuple[str, bool]]:
    """`text` in pieces, as it is written, and whether each belongs to one of the folded words. A sign that folds to several (㈱) is
    marked whole where any of them belongs to a word.
    """
    whole = folded(text)
    words = [word for word in words if word in whole]
    if not words:
        return [(text, False)]
    signs = list(_signs(text))
    forms = [folded(sign) for sign in signs]
    if whole != "".join(forms):  # signs of some script that join in another way
        return [(text, True)]
    sign_at = [number for number, form in enumerate(forms) for _ in form]
    hits: set[int] = set()
    for word in words:
        start = whole.find(word)
        while start >= 0:
            hits.update(sign_at[start : start + len(word)])
            start = whole.find(word, start + 1)
    told = groupby(enumerate(signs), key=lambda one: one[0] in hits)
    return [("".join(sign for _number, sign in some), is_hit) for is_hit, some in told]


def _signs(text: str) -> Iterator[str]:
    """The characters of a text, each with the marks that are written after it: those of ｶﾞ are two, and one sign."""
    sign = ""
    for character in text:
        if sign and not unicodedata.combining(unicodedata.normalize("NFKD", character)[0]):
            yield sign
            sign = ""
        sign += character
    if sign:
        yield sign
