"""Databases besides the suite's own, on the PostgreSQL server that tests may use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

POSTGRES = os.environ.get("SEIKA_POSTGRES_URL", "")
NO_POSTGRES = "SEIKA_POSTGRES_URL names no PostgreSQL server on which a database may be made"


@contextmanager
def new_on_postgresql() -> Iterator[str]:
    """The address of a new database, which is gone afterwards."""
    name = f"seika_test_{uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
