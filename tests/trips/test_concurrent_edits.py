"""Officials who edit the same reports at the same moment lose nothing: the trial of benchmarks/, in small, on the suite's own database."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.databases import NO_POSTGRES, POSTGRES, new_on_postgresql

ROOT = Path(__file__).resolve().parent.parent.parent
EDITS = 40


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


def trial(url: str) -> str:
    """What the trial prints on an empty database. It ends well, or the test fails with what it printed."""
    options = {"clients": 4, "edits": EDITS, "workers": 2, "port": free_port()}
    process = subprocess.Popen(
        [sys.executable, "benchmarks/concurrent_edits.py", *(f"--{name}={value}" for name, value in options.items())],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        printed, _nothing = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.terminate()  # then it stops its server
        printed, _nothing = process.communicate(timeout=60)
        pytest.fail(f"The trial did not end:\n{printed}")
    assert process.returncode == 0, printed
    return printed


def figure(printed: str, label: str) -> int:
    return int(re.search(rf"^{label} +(\d+)$", printed, re.MULTILINE)[1])


@pytest.fixture
def empty_database(tmp_path):
    """The address of a new database of the kind that the suite runs on."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'trial.sqlite3'}"
        return
    if not POSTGRES:
        pytest.skip(NO_POSTGRES)
    with new_on_postgresql() as url:
        yield url


def test_nobodys_edit_is_lost_and_whoever_meets_another_is_told(empty_database):
    printed = trial(empty_database)

    assert (figure(printed, "saved"), figure(printed, "lost")) == (EDITS, 0), printed
    assert figure(printed, "conflicts told") > 0, printed  # otherwise nobody met, and nothing was shown
