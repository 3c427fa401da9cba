"""What was known when: beside each history a ledger of the ranges in which its rows were the newest.

A history row says from when something stood; until when, only the row after it tells. The ledger keeps both ends: the columns of each
history row that was the newest of its object for a while, and the range from `known_from` up to, not including, `known_to`. Of rows of
one instant the last one counts; a deletion ends a range and begins none. So a moment of the past is read like the present, by one
condition on one table (`kpis.asof`).

A trigger on the history table is the one writer: whatever adds a row of history, the ledger follows in the same transaction. The triggers
are put in after every `migrate`, where one is missing, and then `rebuild` writes the table's ledger anew.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from sys import modules
from zlib import crc32

from django.apps import apps
from django.core.checks import Error, Tags, register
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from simple_history.models import HistoricalRecords

from budget.append_only import missing_triggers, present

FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
_FOREVER = {"sqlite": f"'{FOREVER:%Y-%m-%d %H:%M:%S}'", "postgresql": f"TIMESTAMPTZ '{FOREVER.isoformat()}'"}
_RANGE = ("known_from", "known_to")
ROW, NO_ROW = "a row", "no row"


class TrackedHistory(HistoricalRecords):
    """A model's history, and its ledger: a model `Known…` beside the history's `Historical…`."""

    def finalize(self, sender, **options):
        super().finalize(sender, **options)
        if sender is self.cls:
            ledger = self._ledger_of(sender)
            setattr(modules[sender.__module__], ledger.__name__, ledger)

    def _ledger_of(self, model: type[models.Model]) -> type[models.Model]:
        columns = self.copy_fields(model)
        for column in columns.values():
            column.primary_key = column.db_index = column._unique = False
        # No field of its own: the number of the history row that it repeats.
        number = models.BigIntegerField(primary_key=True)
        options = {
            "default_permissions": (),
            "verbose_name": f"known {model._meta.model_name}",
            "verbose_name_plural": f"known {model._meta.model_name}",
            "indexes": [models.Index(fields=[*fields, "known_to", "known_from"]) for fields in _ways_in(model)],
        }
        return type(
            f"Known{model.__name__}",
            (models.Model,),
            {
                "__module__": model.__module__,
                "__doc__": f"{model.__name__} as it was known from a moment to another; written by a trigger alone.",
                "known_of": model,
                "history_id": number,
                **columns,
                "known_from": models.DateTimeField(),
                "known_to": models.DateTimeField(),
                "Meta": type("Meta", (), options),
            },
        )


def _ways_in(model: type[models.Model]) -> list[tuple[str, ...]]:
    """The columns by which rows of the live table are looked up, so that those of the ledger are found alike.

    Not those of its other indexes: a range of days among all versions leads SQLite to a worse plan than reading them in their order.
    """
    options = model._meta
    wanted = [(options.pk.name,)]
    wanted += [tuple(constraint.fields) for constraint in options.constraints if isinstance(constraint, models.UniqueConstraint)]
    wanted += [(field.name,) for field in options.concrete_fields if field.unique and not field.primary_key]
    wanted += [(field.name,) for field in options.concrete_fields if field.many_to_one and field.remote_field.related_name != "+"]
    covered = {fields[:1] for fields in wanted if len(fields) > 1}
    return [fields for n, fields in enumerate(wanted) if fields not in wanted[:n] and fields not in covered]


def ledgers() -> list[type[models.Model]]:
    """Every ledger; `known_of` is the model whose past it tells."""
    return [model for model in apps.get_models() if hasattr(model, "known_of")]


def columns_of(ledger: type[models.Model]) -> list[str]:
    """The columns that the ledger repeats from the history."""
    return [field.column for field in ledger._meta.concrete_fields if field.name not in _RANGE and not field.primary_key]


# --- The one writer -----------------------------------------------------------------------------------------------------------------

# What a new row of history does to the ledger. A row that another one of its instant outdoes does nothing.
_FOLLOWS = """
    DELETE FROM {ledger} WHERE {key} = NEW.{key} AND known_from = NEW.history_date;
    UPDATE {ledger} SET known_to = NEW.history_date
        WHERE {key} = NEW.{key} AND known_from < NEW.history_date AND known_to > NEW.history_date;
    INSERT INTO {ledger} (history_id, {columns}, known_from, known_to)
        SELECT NEW.history_id, {new_columns}, NEW.history_date, coalesce(
            (SELECT min(later.history_date) FROM {history} later WHERE later.{key} = NEW.{key} AND later.history_date > NEW.history_date),
            {forever})
        WHERE NEW.history_type <> '-';
"""
_OUTDONE = """EXISTS (
    SELECT 1 FROM {history} last
    WHERE last.{key} = NEW.{key} AND last.history_date = NEW.history_date AND last.history_id > NEW.history_id)"""
_TRIGGERS = {
    "sqlite": [f"CREATE TRIGGER {{name}} AFTER INSERT ON {{history}} FOR EACH ROW WHEN NOT {_OUTDONE} BEGIN {_FOLLOWS} END"],
    # With the owner's rights: the application's role reads the ledger and writes nothing there.
    "postgresql": [
        f"""CREATE OR REPLACE FUNCTION {{name}}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
        BEGIN
            IF NOT {_OUTDONE} THEN {_FOLLOWS} END IF;
            RETURN NULL;
        END $$""",
        "CREATE TRIGGER {name} AFTER INSERT ON {history} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ],
}
_STALE = {
    "sqlite": ["DROP TRIGGER {name}"],
    "postgresql": ["DROP FUNCTION {name}() CASCADE"],
}
# What the ledger should hold, by the history alone.
_EXPECTED = """
    SELECT history_id, {columns}, history_date AS known_from, known_to FROM (
        SELECT *, coalesce(lead(history_date) OVER (PARTITION BY {key} ORDER BY history_date, history_id), {forever}) AS known_to
        FROM {history}
    ) told WHERE history_type <> '-' AND history_date < known_to"""


def _words(ledger: type[models.Model], connection: BaseDatabaseWrapper) -> dict[str, str]:
    quote, model = connection.ops.quote_name, ledger.known_of
    return {
        "ledger": quote(ledger._meta.db_table),
        "history": quote(model.history.model._meta.db_table),
        "key": quote(model._meta.pk.column),
        "columns": ", ".join(quote(column) for column in columns_of(ledger)),
        "new_columns": ", ".join(f"NEW.{quote(column)}" for column in columns_of(ledger)),
        "forever": _FOREVER[connection.vendor],
    }


@cache
def _prefix(ledger: type[models.Model]) -> str:
    return f"{ledger.known_of.history.model._meta.db_table}_known_"


def _wanted(ledger: type[models.Model], connection: BaseDatabaseWrapper) -> tuple[str, list[str]]:
    """The trigger's name and how it is made. The name tells the columns: where these change, the trigger of old is another one."""
    words = _words(ledger, connection)
    name = f"{_prefix(ledger)}{crc32(''.join(_TRIGGERS[connection.vendor]).format(name='', **words).encode()):08x}"
    return name, [statement.format(name=connection.ops.quote_name(name), **words) for statement in _TRIGGERS[connection.vendor]]


def install(connection: BaseDatabaseWrapper) -> None:
    """Put in the triggers that are missing, on the tables that are there, and write their ledgers anew."""
    tables, there = set(connection.introspection.table_names()), present(connection)
    for ledger in ledgers():
        name, statements = _wanted(ledger, connection)
        if name in there or not {ledger._meta.db_table, ledger.known_of.history.model._meta.db_table} <= tables:
            continue
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            _drop(ledger, there, connection)
            for statement in statements:
                cursor.execute(statement)
            rebuild(ledger, connection)


def _drop(ledger: type[models.Model], there: Iterable[str], connection: BaseDatabaseWrapper) -> None:
    """Take away the ledger's triggers, of whatever columns, out of those that are there."""
    with connection.cursor() as cursor:
        for name in there:
            if name.startswith(_prefix(ledger)):
                for statement in _STALE[connection.vendor]:
                    cursor.execute(statement.format(name=connection.ops.quote_name(name)))


@contextmanager
def paused(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Without the triggers for a while, within a transaction; then the ledgers are written anew. For loads of whole histories."""
    there = present(connection)
    for ledger in ledgers():
        _drop(ledger, there, connection)
    yield
    if connection.vendor == "postgresql":
        connection.check_constraints()  # a table with links that are still to be looked at takes no trigger
    install(connection)


def rebuild(ledger: type[models.Model], connection: BaseDatabaseWrapper) -> None:
    """Write the ledger anew from the history."""
    words = _words(ledger, connection)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("DELETE FROM {ledger}".format(**words))
        cursor.execute(f"INSERT INTO {{ledger}} (history_id, {{columns}}, known_from, known_to) {_EXPECTED}".format(**words))


def differences(ledger: type[models.Model], connection: BaseDatabaseWrapper) -> Iterator[tuple[int, str, object, object]]:
    """(number of the history row, column, what stands in the ledger, what the history gives), by number.

    The column is blank where the ledger lacks a row, or has one too many. Values are as the database gives them.
    """
    words = _words(ledger, connection)
    # As text: SQLite has no type of its own for a moment.
    told = "SELECT history_id, {columns}, CAST(known_from AS text), CAST(known_to AS text) FROM"
    stands, expected = (f"{told} {rows}".format(**words) for rows in ("{ledger}", f"({_EXPECTED}) expected"))
    ours, theirs = (_only_in(one, other, connection) for one, other in ((stands, expected), (expected, stands)))
    columns = [*columns_of(ledger), *_RANGE]
    for number in sorted(ours.keys() | theirs.keys()):
        if number not in ours:
            yield number, "", NO_ROW, ROW
        elif number not in theirs:
            yield number, "", ROW, NO_ROW
        else:
            found = zip(columns, ours[number], theirs[number], strict=True)
            yield from ((number, column, stands, expected) for column, stands, expected in found if stands != expected)


def _only_in(one: str, other: str, connection: BaseDatabaseWrapper) -> dict[int, tuple]:
    """The rows of one query that the other has not, by number."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({one}) one EXCEPT SELECT * FROM ({other}) other")
        return {row[0]: row[1:] for row in cursor.fetchall()}


def install_after_migrating(using, **_options) -> None:
    """Receives post_migrate, once for each database."""
    install(connections[using])


@register(Tags.database, deploy=True)
def every_ledger_is_kept(app_configs, databases=None, **_options) -> list[Error]:
    hint = "Run `manage.py migrate`: it puts the triggers in and writes the ledgers anew."
    return missing_triggers(databases, triggers, "What was known when is not kept", hint=hint, id="budget.E002")


def triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of the triggers that the ledgers need."""
    return [_wanted(ledger, connection)[0] for ledger in ledgers()]
