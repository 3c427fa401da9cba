"""Settings come from the environment: development needs nothing, production refuses to start half set."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = (
    "SEIKA_ENV",
    "SEIKA_SECRET_KEY",
    "SEIKA_ALLOWED_HOSTS",
    "SEIKA_DEBUG",
    "SEIKA_SSL_REDIRECT",
    "DATABASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "DJANGO_ALLOW_ASYNC_UNSAFE",  # browser tests in the same process set it
)
PRODUCTION = {
    "SEIKA_ENV": "production",
    "SEIKA_SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
    "SEIKA_ALLOWED_HOSTS": "seika.example.go.jp",
}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """A Python process that knows these variables alone."""
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=inherited | environment, capture_output=True, text=True, timeout=120, check=False
    )


def setting(expression: str, **environment: str) -> str:
    """What an expression over the settings `s` prints."""
    done = run("-c", f"from config import settings as s; print({expression})", **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def refusal(**environment: str) -> str:
    """The last line with which the settings refuse to be read."""
    done = run("-c", "import config.settings", **environment)
    assert done.returncode != 0
    return done.stderr.strip().splitlines()[-1]


@pytest.fixture
def production(tmp_path) -> dict[str, str]:
    return PRODUCTION | {"DATABASE_URL": f"sqlite:///{tmp_path / 'production.sqlite3'}"}


# --- What has to be set ------------------------------------------------------------------------------------------------------------


def test_development_needs_nothing_set():
    assert setting("s.PRODUCTION, s.DEBUG, s.ALLOWED_HOSTS, s.DATABASES['default']['NAME'] == str(s.BASE_DIR / 'db.sqlite3')") == (
        "False True ['localhost', '127.0.0.1'] True"
    )


@pytest.mark.parametrize(
    ("variable", "needed"), [("SEIKA_SECRET_KEY", "secret key"), ("SEIKA_ALLOWED_HOSTS", "host names"), ("DATABASE_URL", "database")]
)
@pytest.mark.parametrize("value", [None, ""])
def test_production_refuses_to_start_and_names_what_is_missing(production, variable, needed, value):
    told = production | {variable: value}

    sentence = refusal(**{name: given for name, given in told.items() if given is not None})
    assert sentence.startswith("django.core.exceptions.ImproperlyConfigured: ")
    assert f"{variable} is not set: production needs " in sentence
    assert needed in sentence


def test_production_starts_with_all_three(production):
    assert setting("s.PRODUCTION, s.DEBUG, s.ALLOWED_HOSTS", **production) == "True False ['seika.example.go.jp']"


def test_production_has_no_tracebacks(production):
    assert "SEIKA_DEBUG is true" in refusal(**production, SEIKA_DEBUG="true")


def test_environment_is_one_of_two():
    assert "SEIKA_ENV is 'prodution': set it to development or production." in refusal(SEIKA_ENV="prodution")


def test_hosts_are_separated_by_commas_and_spaces_do_no_harm(production):
    told = production | {"SEIKA_ALLOWED_HOSTS": "one.example, two.example,"}
    assert setting("s.ALLOWED_HOSTS", **told) == "['one.example', 'two.example']"


def test_deployment_check_is_silent_in_production(production):
    done = run("manage.py", "check", "--deploy", "--fail-level", "DEBUG", **production)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "System check identified no issues (0 silenced).\n"


# --- Databases ---------------------------------------------------------------------------------------------------------------------

PRAGMAS = """
import django; django.setup()
from django.db import connection, transaction
with connection.cursor() as cursor:
    for name in ("journal_mode", "synchronous", "busy_timeout", "recursive_triggers", "foreign_keys"):
        print(name, *cursor.execute(f"PRAGMA {name}").fetchone())
seen = []
connection.connection.set_trace_callback(seen.append)
with transaction.atomic():
    pass
print(seen[0])
"""


@pytest.mark.parametrize("query", ["", "?timeout=1"])
def test_any_sqlite_file_is_kept_like_a_system_of_record(tmp_path, query):
    file = tmp_path / "kept.sqlite3"
    done = run("-c", PRAGMAS, DATABASE_URL=f"sqlite:///{file}{query}", DJANGO_SETTINGS_MODULE="config.settings")

    assert done.returncode == 0, done.stderr
    told = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert told["journal_mode"] == "wal"
    assert told["synchronous"] == "2"  # FULL
    assert int(told["busy_timeout"]) >= 20_000
    assert (told["recursive_triggers"], told["foreign_keys"]) == ("1", "1")
    assert told["BEGIN"] == "IMMEDIATE"
    assert sqlite3.connect(file).execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_postgresql_keeps_what_its_address_asks_for():
    address = "postgres://user:secret@db.example:5433/seika?sslmode=verify-full"

    assert setting("sorted(s.DATABASES['default']['OPTIONS'].items())", DATABASE_URL=address) == (
        "[('options', '-c jit=off'), ('sslmode', 'verify-full')]"
    )
    assert setting("s.DATABASES['default']['HOST'], s.DATABASES['default']['PORT']", DATABASE_URL=address) == "db.example 5433"


def test_requests_are_not_wrapped_in_transactions():
    assert setting("s.DATABASES['default'].get('ATOMIC_REQUESTS', False)") == "False"


# --- Pages -------------------------------------------------------------------------------------------------------------------------


def test_pages_may_load_from_this_server_alone(settings):
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    allowed = {source for sources in directives.values() for source in sources}

    assert directives["default-src"] == ["'self'"]
    assert allowed <= {"'self'", "'none'", "data:"}


def test_day_and_language_are_those_of_japan(settings):
    assert (settings.TIME_ZONE, settings.USE_TZ, settings.LANGUAGE_CODE) == ("Asia/Tokyo", True, "ja")
