"""Two clocks: every report is judged on a day (`on`), from what was recorded by a moment (`known_at`).

Within `as_known_at` every query of this thread reads, in place of each live table, the rows that were in force at the moment, out of the
ledgers of `budget.known`. The table's name itself is given to them, in front of the statement, so that the same querysets, filters, columns
and status rule serve the present and the past: there is no second rule. Whose rights are asked for stays today's: postings are read live.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Posting
from budget.forms import day_of, moment_of
from budget.known import ledgers

# What is recorded now may be stamped some seconds ago and still be on its way: a moment this young is no fixed past yet.
SETTLES_AFTER = timedelta(seconds=60)


@dataclass(frozen=True)
class Clocks:
    """The day that a report judges, and the moment by which what it reads was recorded; without one it reads what is recorded now."""

    on: date
    known_at: datetime | None = None

    def __str__(self):
        """As a file's name carries them: 2026-09-01, 2026-09-01-known-at-20260831T120000.000000."""
        known_at = self.known_at and timezone.localtime(self.known_at)
        return self.on.isoformat() + (f"-known-at-{known_at:%Y%m%dT%H%M%S.%f}" if known_at else "")

    @classmethod
    def of_command(cls, on: str | None, known_at: str | None, *, now: datetime) -> "Clocks":
        """The clocks that a command is given (`add_clocks`): today and now by default. CommandError, in words, on what cannot be read."""
        moment = moment_of(known_at, option="--known-at") if known_at else None
        try:
            refuse_unsettled(moment, now=now)
        except ValidationError as error:
            raise CommandError(f"--known-at {known_at}: {' '.join(error.messages)}") from error
        return cls(day_of(on, option="--on") if on else timezone.localtime(now).date(), moment)


def add_clocks(parser) -> None:
    """The options of a command that reports."""
    parser.add_argument("--on", metavar="DATE", help="the day of the statuses, such as 2026-09-01 or 令和8年9月1日; today by default")
    parser.add_argument(
        "--known-at",
        metavar="MOMENT",
        help="read what was recorded by then, such as '2026-09-01 17:30' (Asia/Tokyo), a day for its end; now by default",
    )


def refuse_unsettled(known_at: datetime | None, *, now: datetime) -> None:
    """ValidationError where the moment lies in the last minute, or is still to come."""
    if known_at is not None and known_at > now - SETTLES_AFTER:
        last = timezone.localtime(now - SETTLES_AFTER).strftime("%Y-%m-%d %H:%M:%S")
        raise ValidationError(_("What is recorded settles after a minute: ask for %(last)s or an earlier moment.") % {"last": last})


@contextmanager
def as_known_at(moment: datetime | None) -> Iterator[None]:
    """Read what was recorded by the moment, that moment included; with None what is recorded now. Nothing can be written within.

    Within one moment another can be asked for: the innermost counts.
    """
    wrappers = connection.execute_wrappers
    around = [wrapper for wrapper in wrappers if isinstance(wrapper, _Reading)]
    wrappers[:] = [wrapper for wrapper in wrappers if wrapper not in around] + ([_Reading(moment)] if moment else [])
    try:
        yield
    finally:
        wrappers[:] = [wrapper for wrapper in wrappers if not isinstance(wrapper, _Reading)] + around


def moment_read() -> datetime | None:
    """The moment that is read as known at; None where what is recorded now is."""
    return next((wrapper.known_at for wrapper in connection.execute_wrappers if isinstance(wrapper, _Reading)), None)


_BEGINNING = re.compile(r"(EXPLAIN (?:\([^)]*\) |QUERY PLAN )?)?(WITH RECURSIVE )?")
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|MERGE|TRUNCATE)\b", re.IGNORECASE)


class _Reading:
    """Puts the past in front of each statement (an `execute_wrapper`)."""

    def __init__(self, moment: datetime):
        self.known_at = moment
        self.moment = connection.ops.adapt_datetimefield_value(moment)

    def __call__(self, execute: Callable, sql: str, params, many: bool, context: dict):
        if _WRITES.match(sql):
            raise RuntimeError(f"The past is read, not written: {sql}")
        asked = [shadow for table, shadow in _shadows().items() if table in sql]
        if asked:
            beginning = _BEGINNING.match(sql)
            explain, recursive = beginning.groups(default="")
            sql = f"{explain}WITH RECURSIVE {', '.join(asked)}{', ' if recursive else ' '}{sql[beginning.end() :]}"
            params = (*([self.moment] * 2 * len(asked)), *(params or ()))
        return execute(sql, params, many, context)


@cache
def _shadows() -> dict[str, str]:
    """By the quoted name of a live table, what takes its place: a common table expression of the same name and columns.

    What no history tells (the password of a user) is blank.
    """
    return {
        f'"{ledger.known_of._meta.db_table}"': (
            f'"{ledger.known_of._meta.db_table}" AS NOT MATERIALIZED (SELECT {", ".join(_columns(ledger))}'
            f' FROM "{ledger._meta.db_table}" WHERE known_from <= %s AND known_to > %s)'
        )
        for ledger in ledgers()
        if ledger.known_of is not Posting
    }


def _columns(ledger: type[models.Model]) -> Iterator[str]:
    told = {field.column for field in ledger._meta.concrete_fields}
    for field in ledger.known_of._meta.concrete_fields:
        yield f'"{field.column}"' if field.column in told else f"""{"NULL" if field.null else "''"} AS "{field.column}" """.strip()
