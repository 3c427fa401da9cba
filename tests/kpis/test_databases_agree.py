"""The same data gives the same statuses, figures and order on SQLite and on PostgreSQL.

A run of the suite has one database. So two processes answer the same questions, one on each, and their answers are compared.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from kpis.choices import Status
from tests.databases import NO_POSTGRES, POSTGRES, new_on_postgresql

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = [
    pytest.mark.skipif(not POSTGRES, reason=NO_POSTGRES),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="Only on SQLite: it asks both databases, and once is enough"),
]


def asked(url: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.kpis.answers"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answered(process: subprocess.Popen) -> dict:
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return json.loads(out)


@pytest.fixture
def postgres_url():
    with new_on_postgresql() as url:
        yield url


def test_sqlite_and_postgresql_give_the_same_answers(postgres_url, tmp_path):
    processes = [asked(f"sqlite:///{tmp_path / 'answers.sqlite3'}"), asked(postgres_url)]
    sqlite, postgres = (answered(process) for process in processes)

    assert list(sqlite) == list(postgres)
    for question, answer in sqlite.items():
        assert answer == postgres[question], question
    statuses = {line.split(",")[2] for question, lines in sqlite.items() if question.startswith("statuses") for line in lines[1:]}
    assert statuses == set(Status.values)
