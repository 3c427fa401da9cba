"""A database that was loaded from an audit fixture is a copy: it is read, and nothing writes it any more.

Triggers refuse every change of what the fixture held, whoever asks, on both databases. `of_this_site` says whose copy of when it is.
"""

import json
from datetime import date, datetime
from functools import cache
from typing import NamedTuple

from django.db import connection

from budget import known
from kpis.audit import dump
from kpis.models import AuditCopy

_REFUSAL = "this database is an audit copy and is only read"
_FUNCTION = "seika_copy_is_only_read"
_TRIGGERS = {
    "sqlite": [
        f"CREATE TRIGGER {{name}}_{event.lower()} BEFORE {event} ON {{table}} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for event in ("INSERT", "UPDATE", "DELETE")
    ],
    "postgresql": [f"CREATE TRIGGER {{name}} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {{table}} EXECUTE FUNCTION {_FUNCTION}()"],
}
_POSTGRESQL_FUNCTION = f"""
    CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'restrict_violation';
    END $$
"""


def become(manifest_text: str) -> None:
    """Make the database a copy of the fixture with this manifest, within the transaction that loaded it."""
    AuditCopy.objects.create(pk=1, manifest=manifest_text)
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL_FUNCTION)
        for model in [*dump.tables().values(), *known.ledgers(), AuditCopy]:
            table = model._meta.db_table
            for statement in _TRIGGERS[connection.vendor]:
                cursor.execute(statement.format(name=f"{table}_copy", table=quote(table)))
    of_this_site.cache_clear()


class Copy(NamedTuple):
    """Whose copy of when: the site, who took it (name and user name), until when it knows, and the day that figures are judged on."""

    site: str
    by: tuple[str, str] | None
    known_until: datetime | None
    on: date


@cache
def of_this_site() -> Copy | None:
    """What this database is a copy of; None where it is none.

    Asked once in the life of a process: a server that ran before its database became a copy has to be started again.
    """
    if (copy := AuditCopy.objects.first()) is None:
        return None
    told = json.loads(copy.manifest)
    return Copy(
        site=told["site"],
        by=told["by"] and (told["by"]["name"], told["by"]["user"]),
        known_until=told["known_until"] and datetime.fromisoformat(told["known_until"]),
        on=date.fromisoformat(told["on"]),
    )
