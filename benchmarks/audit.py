"""Times the dump and the load of an audit fixture against the same rows through the database's own bulk path with JSON coding.

    DATABASE_URL=sqlite:////tmp/seika-m.sqlite3 python benchmarks/audit.py

The database is one that `benchmarks/generate.py` filled. Each step runs in a process of its own, which tells its time and the most memory
that it took; both sides take turns. The bulk path reads with a plain SELECT of each table and writes JSON Lines; it reads these and writes
with executemany (SQLite) or COPY (PostgreSQL), in one transaction, into the same empty tables with the same indexes, and checks nothing.
A load also writes the ledgers of what was known when: the second ratio lets the bulk path write them too, as `rebuild_known` does.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from budget import known  # noqa: E402
from kpis.audit import dump, load  # noqa: E402

AT_ONCE = 2_000
AIM = 2.0
ORIGIN = {"site": "https://seika.example", "by": None, "on": "2026-09-01"}


# --- The steps ----------------------------------------------------------------------------------------------------------------------


def dump_bulk(directory: Path) -> None:
    directory.mkdir()
    connection.ensure_connection()
    for name, model in dump.tables().items():
        columns = _columns(model)
        with (directory / name).open("w", encoding="utf-8") as out, connection.connection.cursor(**_streaming()) as cursor:
            cursor.execute(f"SELECT {', '.join(map(_quoted, columns))} FROM {model._meta.db_table} ORDER BY {model._meta.pk.column}")
            while rows := cursor.fetchmany(AT_ONCE):
                out.writelines(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, default=str) + "\n" for row in rows)


def _columns(model) -> list[str]:
    return [field.column for field in model._meta.concrete_fields]


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _streaming() -> dict:
    return {"name": "bulk", "withhold": True} if connection.vendor == "postgresql" else {"factory": _Closing}


if connection.vendor == "sqlite":
    import sqlite3

    class _Closing(sqlite3.Cursor):
        def __enter__(self):
            return self

        def __exit__(self, *_error):
            self.close()


def load_bulk(directory: Path, *, ledgers: bool) -> None:
    with transaction.atomic(), _without_ledgers(written=ledgers):
        for name, model in dump.tables().items():
            columns = _columns(model)
            with (directory / name).open("rb") as lines:
                while some := list(islice(lines, AT_ONCE)):
                    _write(model._meta.db_table, columns, [list(json.loads(line).values())[: len(columns)] for line in some])


@contextmanager
def _without_ledgers(*, written: bool) -> Iterator[None]:
    if written:
        with known.paused(connection):
            yield
    else:
        paused = known.paused(connection)
        paused.__enter__()  # and never left: the database is thrown away
        yield


def _write(table: str, columns: list[str], rows: list[list]) -> None:
    names = ", ".join(map(_quoted, columns))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copied:
            for row in rows:
                copied.write_row([json.dumps(value) if isinstance(value, list | dict) else value for value in row])
    else:
        values = [[json.dumps(value) if isinstance(value, list | dict) else value for value in row] for row in rows]
        connection.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", values)


STEPS = {
    "dump": lambda directory: dump.dump(directory, origin=ORIGIN),
    "bulk dump": dump_bulk,
    "load": load.load,
    "bulk load": lambda directory: load_bulk(directory, ledgers=False),
    "bulk load with ledgers": lambda directory: load_bulk(directory, ledgers=True),
}


def step(name: str, directory: Path) -> None:
    """One step, timed. Its process does nothing else."""
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA mmap_size = 0")  # pages of a mapped file would be told as the process's own memory
    started = time.perf_counter()
    STEPS[name](directory)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


# --- The run ------------------------------------------------------------------------------------------------------------------------


def taken(name: str, directory: Path, url: str) -> dict[str, float]:
    process = subprocess.run(
        [sys.executable, __file__, "--step", name, "--directory", str(directory)],
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
    )
    if process.returncode:
        sys.exit(f"{name} failed:\n{process.stderr}")
    return json.loads(process.stdout)


@contextmanager
def empty_database(place: Path) -> Iterator[str]:
    """The address of a migrated database without rows, of the same kind as that of the run."""
    if connection.vendor == "sqlite":
        file = place / f"{uuid4().hex}.sqlite3"
        url = f"sqlite:///{file}"
        _migrate(url)
        yield url
        for rest in place.glob(f"{file.name}*"):
            rest.unlink()
        return
    name = f"seika_audit_{uuid4().hex[:12]}"
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            _migrate(url)
            yield url
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _migrate(url: str) -> None:
    manage = Path(settings.BASE_DIR) / "manage.py"
    subprocess.run([sys.executable, manage, "migrate", "--verbosity", "0"], env=os.environ | {"DATABASE_URL": url}, check=True)


def measure(repeat: int) -> None:
    url = os.environ.get("DATABASE_URL", f"sqlite:///{settings.BASE_DIR}/db.sqlite3")
    told: dict[str, list[dict[str, float]]] = {name: [] for name in STEPS}
    with TemporaryDirectory() as made:
        place = Path(made)
        for _ in range(repeat):
            for name in ("bulk dump", "dump"):
                rmtree(place / "bulk", ignore_errors=True)
                rmtree(place / "fixture", ignore_errors=True)
                told[name].append(taken(name, place / ("fixture" if name == "dump" else "bulk"), url))
            for name in ("bulk load", "bulk load with ledgers", "load"):
                with empty_database(place) as other:
                    told[name].append(taken(name, place / "fixture", other))
        rows = sum(content.count(b"\n") for file in (place / "fixture").glob("*.jsonl") for content in [file.read_bytes()])
    print(f"{connection.vendor}, {rows:,} rows, median of {repeat}")
    for name, times in told.items():
        print(f"{name:24} {median(t['seconds'] for t in times):>7.1f} s {max(t['megabytes'] for t in times):>7.0f} MB")
    for name, against in (("dump", "bulk dump"), ("load", "bulk load"), ("load", "bulk load with ledgers")):
        ratio = median(t["seconds"] for t in told[name]) / median(t["seconds"] for t in told[against])
        print(f"{name} / {against}: {ratio:.2f} x, aimed {AIM} x: {'yes' if ratio <= AIM else 'NO'}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    arguments.add_argument("--directory", type=Path, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.step:
        step(options.step, options.directory)
    else:
        measure(options.repeat)
