"""History is append-only: triggers refuse to change or delete a row of it, whoever asks, on both databases.

The triggers are put in after every `migrate`, and only where they are missing: a migration that rebuilds a table on SQLite drops them
silently. A system check says when one is missing. `lifted` takes them away for a moment; only the tests do so, to empty their database.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.apps import apps
from django.core.checks import Error, Tags, register
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

_FUNCTION = "seika_history_is_append_only"
_REFUSAL = "history is append-only"

_POSTGRESQL_FUNCTION = f"""
    CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{_REFUSAL}: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$
"""
# What refuses on each database: the name of a trigger after the table's, and how it is made.
_TRIGGERS = {
    "sqlite": {
        "no_update": f"BEFORE UPDATE ON {{table}} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}: {{plain}}'); END",
        "no_delete": f"BEFORE DELETE ON {{table}} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}: {{plain}}'); END",
    },
    "postgresql": {
        "no_update_or_delete": f"BEFORE UPDATE OR DELETE ON {{table}} FOR EACH ROW EXECUTE FUNCTION {_FUNCTION}()",
        "no_truncate": f"BEFORE TRUNCATE ON {{table}} FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()",
    },
}


def history_models() -> list[type[models.Model]]:
    """Every model whose rows tell the history of another."""
    return [model for model in apps.get_models() if hasattr(model, "history_object")]


def protected_models() -> list[type[models.Model]]:
    """Every history, and what says of itself that it is `append_only`."""
    return [*history_models(), *(model for model in apps.get_models() if getattr(model, "append_only", False))]


def wanted(connection: BaseDatabaseWrapper) -> dict[str, tuple[str, str]]:
    """The triggers that these need: the table of each, and the statement that makes it, by its name."""
    quote = connection.ops.quote_name
    found = {}
    for model in protected_models():
        table = model._meta.db_table
        for suffix, how in _TRIGGERS[connection.vendor].items():
            name = f"{table}_{suffix}"
            found[name] = table, f"CREATE TRIGGER {quote(name)} {how.format(table=quote(table), plain=table)}"
    return found


def present(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of all triggers that the database has in force."""
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
    }
    with connection.cursor() as cursor:
        cursor.execute(query[connection.vendor])
        return {name for (name,) in cursor.fetchall()}


def install(connection: BaseDatabaseWrapper) -> None:
    """Put in the triggers that are missing, on the tables that are there."""
    tables, there = set(connection.introspection.table_names()), present(connection)
    missing = [statement for name, (table, statement) in wanted(connection).items() if table in tables and name not in there]
    with connection.cursor() as cursor:
        if missing and connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL_FUNCTION)
        for statement in missing:
            cursor.execute(statement)


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Without the triggers for a while."""
    on_table = " ON {}" if connection.vendor == "postgresql" else ""
    quote, there = connection.ops.quote_name, present(connection)
    with connection.cursor() as cursor:
        for name, (table, _statement) in wanted(connection).items():
            if name in there:
                cursor.execute(f"DROP TRIGGER {quote(name)}{on_table.format(quote(table))}")
    try:
        yield
    finally:
        install(connection)


def install_after_migrating(using, **_options) -> None:
    """Receives post_migrate, once for each database."""
    install(connections[using])


@register(Tags.database, deploy=True)
def every_history_table_is_append_only(app_configs, databases=None, **_options) -> list[Error]:
    hint = "Run `manage.py migrate`: it puts the triggers in."
    return missing_triggers(databases, wanted, "History could be changed", hint=hint, id="budget.E001")


def missing_triggers(databases: Iterable[str] | None, wanted: Callable, what: str, **told) -> list[Error]:
    """An error for each database checked (`check --database default`) that lacks one of the triggers that `wanted(connection)` names."""
    return [
        Error(f"{what}: {', '.join(sorted(missing))} missing in {alias}.", **told)
        for alias in databases or ()
        if (missing := set(wanted(connections[alias])) - present(connections[alias]))
    ]
