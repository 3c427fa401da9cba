"""One search over organisations, programmes and targets, by their words (`kpis.words`).

Each has words of its own: names, titles, codes, 予算事業ID, the indicator and the quote. It is found where every word of the query stands
in its own words or in those of what it belongs to (the programme, the lead organisation, the organisations above), at least one in its own:
so 「鉱物課 採択件数」 finds the targets of that division, and 「鉱物課」 the division alone.

A list is narrowed to the rows that mention every word of a text, by the same index.

The folded words of everything are an index in the memory of the process, one for each moment that is read, read again when anything is
recorded: no function folds alike on SQLite and PostgreSQL, and a stored column could not tell the past (docs/adr/0009). Every save adds a
row of history and none is ever taken away, so that the number of these rows tells whether an index is still true.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import NamedTuple

from django.db import connection

from budget.models import Organisation, Programme, Tree
from kpis.asof import moment_read
from kpis.models import OutcomeTarget, stands_on
from kpis.words import folded

SHORTEST = 2  # signs that the longest word has at least: a single one stands nearly everywhere
LONGEST = 500  # signs of a whole query


class Found(NamedTuple):
    """What was found, each kind in the order of its codes: the organisations, and the primary keys of the others."""

    organisations: list[Organisation]
    programmes: list[int]
    targets: list[int]


def is_long_enough(words: Sequence[str]) -> bool:
    return any(len(word) >= SHORTEST for word in words)


def search(words: Sequence[str], on: date) -> Found:
    """What the folded `words` find: organisations, programmes, and the targets that stand on the day. One query, and three more where
    something was recorded since.
    """
    index = _index_read()
    organisations = [index.tree[key] for key in index.organisations.holding(words)]
    targets = [key for key in index.targets.holding(words) if stands_on(index.withdrawn_at.get(key), on)]
    return Found(organisations, index.programmes.holding(words), targets)


def programmes_mentioning(words: Sequence[str]) -> list[int]:
    """The keys of the programmes that hold each of the folded words. One query, and three more where something was recorded since."""
    return [key for key, _lead, own in _index_read().programmes.rows if all(word in own for word in words)]


def targets_mentioning(words: Sequence[str]) -> list[int]:
    """The keys of the targets, withdrawn ones too, that hold each of the folded words themselves or by their programme. As many queries."""
    index = _index_read()
    programmes = {key: own for key, _lead, own in index.programmes.rows}
    return [key for key, of, own in index.targets.rows if all(word in own or word in programmes.get(of, "") for word in words)]


def forget() -> None:
    """Drop every index: the next search reads all again."""
    _index.cache_clear()


def _recorded() -> tuple:
    """What tells whether anything searched was recorded since: the number of history rows of each kind, and the newest."""
    tables = [model.history.model._meta.db_table for model in (Organisation, Programme, OutcomeTarget)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f'(SELECT count(*) FROM "{one}"), (SELECT max(history_id) FROM "{one}")' for one in tables))
        return cursor.fetchone()


@dataclass(frozen=True)
class _Kind:
    """All rows of one kind in the order of their codes: (key, key of what it belongs to, folded words).

    They belong to the rows `above`; without it, to one another.
    """

    rows: list[tuple[int, int | None, str]]
    above: "_Kind | None" = None

    @cached_property
    def whole(self) -> dict[int, str]:
        """The words of each row with those of all that it belongs to, by its key."""
        if self.above:
            return {key: f"{words}\n{self.above.whole.get(parent, '')}" for key, parent, words in self.rows}
        parents, own = {row[0]: row[1] for row in self.rows}, {row[0]: row[2] for row in self.rows}
        return {key: "\n".join(own[one] for one in _up(key, parents)) for key in own}

    def holding(self, words: Sequence[str]) -> list[int]:
        """The keys of the rows that the words find."""
        found, whole = self.rows, (self.above or self).whole
        for word in words:
            above = {parent for parent in {row[1] for row in found} if word in whole.get(parent, "")}
            found = [row for row in found if word in row[2] or row[1] in above]
        return [row[0] for row in found if any(word in row[2] for word in words)]


def _up(key: int | None, parents: dict[int, int | None]) -> list[int]:
    """The key, and those of all above it; a circle, whatever is stored, ends."""
    path: list[int] = []
    while key in parents and key not in path:
        path.append(key)
        key = parents[key]
    return path


class _Index(NamedTuple):
    tree: Tree
    organisations: _Kind
    programmes: _Kind
    targets: _Kind
    withdrawn_at: dict[int, datetime]


def _index_read() -> _Index:
    return _index(moment_read(), _recorded())


@lru_cache(4)
def _index(known_at: datetime | None, recorded: tuple) -> _Index:
    """What is recorded, asked within `as_known_at(known_at)`."""
    tree = Tree()
    organisations = _Kind([(node.pk, node.parent_id, _words(node.code, node.name)) for node in sorted(tree, key=lambda node: node.code)])
    read = Programme.objects.order_by().values_list("code", "pk", "lead_id", "display_title", "title", "rs_project_id")
    programmes = _Kind(_rows(read), organisations)
    read = list(OutcomeTarget.objects.order_by().values_list("code", "pk", "programme_id", "indicator", "statement", "withdrawn_at"))
    targets = _Kind(_rows(row[:-1] for row in read), programmes)
    return _Index(tree, organisations, programmes, targets, {row[1]: row[-1] for row in read if row[-1]})


def _rows(read: Iterable[tuple]) -> list[tuple[int, int | None, str]]:
    """Out of (code, key, key of what it belongs to, further texts), in the order of the codes."""
    return [(key, belongs_to, _words(code, *texts)) for code, key, belongs_to, *texts in sorted(read)]


@lru_cache(2**16)  # one index differs little from the other
def _words(*texts: str) -> str:
    return folded("\n".join(texts))
