"""Shows that nobody's edit is lost: officials edit the same few reports at the same moment, in the admin, over HTTP against gunicorn.

    DATABASE_URL=sqlite:////tmp/trial.sqlite3 python benchmarks/concurrent_edits.py [--clients 8] [--edits 320] [--workers 4] [--port 8123]

An edit adds 1 to the figure and a token of its own to the narrative. Whoever is told that the report was changed meanwhile must find the
own input on that page; then opens the report afresh, edits what stands there now and saves again. In the end the figures have grown by the
number of edits, every token stands in its narrative once, and the history has one row for each edit under the name of who made it. Anything
else fails the run, and so does every answer that is neither a save nor such a conflict.

The database must be empty: it is migrated, filled, and left as it is for a look afterwards.
"""

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from random import Random
from statistics import median
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPErrorProcessor, ProxyHandler, build_opener

import django

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ |= {"SEIKA_ENV": "development", "SEIKA_DEBUG": "false"}  # gunicorn inherits it: plain HTTP, and errors are answered with 500
if not os.environ.get("DATABASE_URL"):
    sys.exit("Name an empty database in DATABASE_URL.")
django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Posting, User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from budget.models import LeadOrigin, Organisation, OrganisationKind, Programme  # noqa: E402
from kpis import deadlines  # noqa: E402
from kpis.choices import Accumulation, Comparator, DeadlineKind, Kind  # noqa: E402
from kpis.models import OutcomeTarget, ProgressReport  # noqa: E402

REPORTS = 4
PASSWORD = "a password for the trial"
SEED = 20240401
TRIES = 100  # of one edit
PAUSE = 0.03  # seconds at most between reading a page and saving it
PATIENCE = 60  # seconds for one answer
STARTING = 30  # seconds for gunicorn to answer, and to stop
WHOLE_RUN = 600  # seconds
CONFLICT = "changed-meanwhile"


# --- The cast -----------------------------------------------------------------------------------------------------------------------


def make_cast(clients: int) -> tuple[list[str], list[int]]:
    """The usernames of the officials of one division, and the keys of the drafts that all of them may edit."""
    division = Organisation.objects.create(code="trial", name="試行課", kind=OrganisationKind.DIVISION)
    programme = Programme.objects.create(code="trial", display_title="試行事業", lead=division, lead_origin=LeadOrigin.ENTERED)
    hashed = make_password(PASSWORD)
    officials = [User.objects.create(username=f"official-{n}", name=f"試行{n}", password=hashed) for n in range(clients)]
    for official in officials:
        Posting.objects.create(user=official, organisation=division, role=Role.OFFICIAL, from_on=date(2020, 4, 1))
    year = deadlines.last_ended_year(timezone.localdate())  # a figure of a year that goes on would need the day it was measured on
    drafts = [
        ProgressReport.objects.create(
            target=_target(programme, n), fiscal_year=year, value=0, reported_by=officials[0], reported_at=timezone.now()
        )
        for n in range(REPORTS)
    ]
    return [official.username for official in officials], [draft.pk for draft in drafts]


def _target(programme: Programme, number: int) -> OutcomeTarget:
    """Due so late that no figure needs a reason."""
    return OutcomeTarget.objects.create(
        code=f"trial-{number}",
        programme=programme,
        kind=Kind.QUANTITATIVE,
        statement="令和22年度までに100万件を目指す。",
        indicator=f"件数{number}",
        comparator=Comparator.AT_LEAST,
        accumulation=Accumulation.LEVEL,
        value=1_000_000,
        unit="件",
        deadline_kind=DeadlineKind.FISCAL_YEAR,
        deadline_year=2040,
    )


# --- The server ---------------------------------------------------------------------------------------------------------------------


@contextmanager
def gunicorn(workers: int, port: int) -> Iterator[str]:
    """The address of a server that answers; it is stopped in any case."""
    with socket.socket() as asked:  # otherwise another server's answer could be taken for ours
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"Port {port} is taken: name another one with --port ({error}).")
    arguments = ["config.wsgi", "--workers", str(workers), "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    server = subprocess.Popen([sys.executable, "-m", "gunicorn", *arguments], cwd=ROOT)
    try:
        _wait_for(server, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(STARTING)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(server: subprocess.Popen, address: str) -> None:
    until = time.monotonic() + STARTING
    said = "it ended"
    while server.poll() is None and time.monotonic() < until:
        try:
            Browser(address, until).get("/admin/login/")
        except Refused as refused:
            said = refused.kind
            time.sleep(0.1)
        else:
            return
    sys.exit(f"gunicorn does not show the log-in page at {address}: {said}.")


# --- A browser ----------------------------------------------------------------------------------------------------------------------


class Form:
    """What a browser would send of a form, and its buttons."""

    def __init__(self):
        self.fields: dict[str, list[str]] = {}
        self.buttons: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self.fields[name][0]

    def __setitem__(self, name: str, value: str) -> None:
        self.fields[name] = [value]

    def add(self, name: str | None, *values: str) -> None:
        if name:
            self.fields.setdefault(name, []).extend(values)

    def pressed(self, button: str) -> bytes:
        """The body of the request once a button is pressed; a button without a name sends nothing. Lines end as HTML says."""
        if button not in self.buttons:
            raise Refused(f"no button {button}")
        fields = self.fields | ({button: [self.buttons[button]]} if button else {})
        sent = {name: [re.sub(r"\r\n|\r|\n", "\r\n", value) for value in values] for name, values in fields.items()}
        return urlencode(sent, doseq=True).encode()


class Page(HTMLParser):
    """The forms of a page, and the ids of its elements."""

    def __init__(self, text: str):
        super().__init__()
        self.ids: set[str] = set()
        self.forms: list[Form] = []
        self._form = Form()  # what stands outside of all forms is sent with none
        self._textarea: list[str] | None = None
        self._options: list[tuple[str, bool]] = []
        self._open: dict[str, str | None] = {}  # the attributes of the textarea or select that is open
        self.feed(text)
        self.close()

    def form_with(self, name: str) -> Form:
        for form in self.forms:
            if name in form.fields:
                return form
        raise Refused(f"no form with {name}")

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids.add(given.get("id") or "")
        match tag:
            case "form":
                self._form = Form()
                self.forms.append(self._form)
            case "input" | "button" if "disabled" not in given:
                self._take(tag, given)
            case "textarea":
                self._textarea, self._open = [], given
            case "select":
                self._options, self._open = [], given
            case "option":
                self._options.append((given.get("value") or "", "selected" in given))

    def _take(self, tag: str, given: dict[str, str | None]) -> None:
        name, value = given.get("name"), given.get("value") or ""
        match given.get("type") or ("submit" if tag == "button" else "text"):
            case "submit":
                self._form.buttons[name or ""] = value
            case "checkbox" | "radio":
                if "checked" in given:
                    self._form.add(name, value if "value" in given else "on")
            case "button" | "reset" | "image" | "file":
                pass
            case _:
                self._form.add(name, value)

    def handle_data(self, data):
        if self._textarea is not None:
            self._textarea.append(data)

    def handle_endtag(self, tag):
        sent = "disabled" not in self._open
        match tag:
            case "form":
                self._form = Form()
            case "textarea" if self._textarea is not None:
                if sent:
                    self._form.add(self._open.get("name"), "".join(self._textarea).removeprefix("\n"))
                self._textarea = None
            case "select" if sent:
                chosen = [value for value, selected in self._options if selected]
                if "multiple" not in self._open:
                    chosen = chosen[-1:] or [value for value, _selected in self._options[:1]]
                self._form.add(self._open.get("name"), *chosen)


class Refused(Exception):
    """An answer that is neither what was asked for nor a conflict told. A kind that begins with 5 is an error of the server."""

    def __init__(self, kind: str):
        super().__init__(kind)
        self.kind = kind


class _AnswersAsTheyAre(HTTPErrorProcessor):
    """Errors are answers, and redirects are not followed."""

    def http_response(self, request, response):
        return response


class Browser:
    """A session of its own: a jar of cookies. It asks nothing after the moment `until`."""

    def __init__(self, address: str, until: float):
        self.address, self.until = address, until
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()), _AnswersAsTheyAre)

    def get(self, path: str) -> Page:
        status, page = self._ask(path)
        if status != 200:
            raise Refused(f"{status} to GET")
        return page

    def post(self, path: str, form: Form, button: str) -> Page | None:
        """The page that came back; None where the answer was a redirect."""
        status, page = self._ask(path, form.pressed(button))
        if status not in (200, 302):
            raise Refused(f"{status} to POST")
        return page if status == 200 else None

    def _ask(self, path: str, body: bytes | None = None) -> tuple[int, Page]:
        left = self.until - time.monotonic()
        if left <= 0:
            raise Refused("out of time")
        try:
            with self._opener.open(self.address + path, body, timeout=min(left, PATIENCE)) as answer:
                return answer.status, Page(answer.read().decode("utf-8", "replace"))
        except (OSError, HTTPException) as error:
            raise Refused(f"no answer to {'GET' if body is None else 'POST'}: {error or type(error).__name__}") from error


# --- A client -----------------------------------------------------------------------------------------------------------------------


class Edit(NamedTuple):
    """Who added which token to which report."""

    report: int
    token: str
    username: str


class Client:
    """An official with a browser, who makes edits one after the other and remembers what came of them."""

    def __init__(self, browser: Browser, username: str, edits: list[Edit], draw: Random):
        self.browser, self.username, self.edits, self.draw = browser, username, edits, draw
        self.saved: list[Edit] = []
        self.conflicts = 0
        self.refusals: Counter[str] = Counter()
        self.seconds: list[float] = []

    def log_in(self) -> None:
        try:
            form = self.browser.get("/admin/login/").form_with("password")
            form["username"], form["password"] = self.username, PASSWORD
            if self.browser.post("/admin/login/", form, "") is not None:
                raise Refused("200 to a log-in")
        except Refused as refused:
            self.refusals[refused.kind] += 1

    def work(self) -> None:
        for edit in self.edits:
            try:
                self._make(edit)
            except Refused as refused:
                self.refusals[refused.kind] += 1
            else:
                self.saved.append(edit)

    def _make(self, edit: Edit) -> None:
        """Try until it is saved. A person who is told of a conflict looks again, and so does this one."""
        for _try in range(TRIES):
            if self._is_saved(edit):
                return
            self.conflicts += 1
        raise Refused(f"{TRIES} conflicts in a row")

    def _is_saved(self, edit: Edit) -> bool:
        """Open the page, edit, save. False where a conflict was told as it should be."""
        path = f"/admin/kpis/progressreport/{edit.report}/change/"
        form = self.browser.get(path).form_with("narrative")
        form["value"] = str(Decimal(form["value"]) + 1)
        form["narrative"] = f"{form['narrative']} {edit.token}".strip()
        time.sleep(self.draw.uniform(0, PAUSE))
        started = time.monotonic()
        told = self.browser.post(path, form, "_save")
        self.seconds.append(time.monotonic() - started)
        if told is not None:
            _expect_conflict(told, form)
        return told is None


def _expect_conflict(told: Page, sent: Form) -> None:
    """The page says that there is a conflict, and still holds what was sent."""
    if CONFLICT not in told.ids:
        raise Refused("200 to POST, and no conflict told")
    kept = told.form_with("narrative")
    if any(kept[name] != sent[name] for name in ("value", "narrative")):
        raise Refused("conflict told, and the own input lost")


def all_at_once(works: list[Callable[[], None]]) -> None:
    threads = [Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def shared_out(edits: int, username: str, client: int, clients: int, reports: list[int]) -> list[Edit]:
    """A client's edits. All clients take the reports in the same turn, so that they meet."""
    numbers = range(len(range(client, edits, clients)))
    return [Edit(reports[number % len(reports)], f"c{client}-{number}", username) for number in numbers]


# --- What the database says ---------------------------------------------------------------------------------------------------------


def lost_edits(saved: list[Edit]) -> int:
    """Edits that were answered as saved and no longer stand."""
    standing = _standing()
    return sum(not standing[edit.report, edit.token] for edit in saved)


def disagreements(asked: int, saved: list[Edit]) -> list[str]:
    """What the reports and their history tell otherwise than the clients, in sentences."""
    told = []
    grown = sum(ProgressReport.objects.values_list("value", flat=True))
    if grown != asked:
        told.append(f"The figures grew by {grown.normalize():f}, not by {asked}.")
    if wrong := _difference(_standing(), Counter((edit.report, edit.token) for edit in saved)):
        told.append(f"Tokens that stand not once, or were never saved: {wrong}.")
    if wrong := _difference(_history(), Counter(saved)):
        told.append(f"Rows of the history without a saved edit of that user, or the other way round: {wrong}.")
    return told


def _standing() -> Counter[tuple[int, str]]:
    """How often each token stands in the narrative of a report."""
    return Counter((pk, token) for pk, narrative in ProgressReport.objects.values_list("pk", "narrative") for token in narrative.split())


def _history() -> Counter[Edit]:
    """The edits that the history tells: a row's narrative ends with the token of its own edit."""
    rows = ProgressReport.history.exclude(history_type="+").values_list("id", "narrative", "history_user__username")
    return Counter(Edit(pk, narrative.rpartition(" ")[2], username) for pk, narrative, username in rows)


def _difference(found: Counter, expected: Counter) -> int:
    return (found - expected).total() + (expected - found).total()


# --- The trial ----------------------------------------------------------------------------------------------------------------------


def run(clients: int, edits: int, workers: int, port: int) -> bool:
    """Whether the trial went well; its table is printed."""
    until = time.monotonic() + WHOLE_RUN
    call_command("migrate", verbosity=0)
    usernames, reports = make_cast(clients)
    connection.close()
    with gunicorn(workers, port) as address:
        people = [
            Client(Browser(address, until), name, shared_out(edits, name, n, clients, reports), Random(SEED + n))
            for n, name in enumerate(usernames)
        ]
        all_at_once([person.log_in for person in people])
        all_at_once([person.work for person in people])
    return _told(people, edits)


def _told(people: list[Client], asked: int) -> bool:
    saved = [edit for person in people for edit in person.saved]
    seconds = [each for person in people for each in person.seconds] or [0]
    refusals = sum((person.refusals for person in people), Counter())
    errors = sum(number for kind, number in refusals.items() if kind.startswith("5"))
    lost, wrong = lost_edits(saved), disagreements(asked, saved)
    for label, figure in (
        ("database", connection.vendor),
        ("clients", len(people)),
        ("edits asked", asked),
        ("saved", len(saved)),
        ("lost", lost),
        ("conflicts told", sum(person.conflicts for person in people)),
        ("5xx", errors),
        ("other refusals", refusals.total() - errors),
        ("median s of a POST", f"{median(seconds):.3f}"),
        ("worst s of a POST", f"{max(seconds):.3f}"),
    ):
        print(f"{label:<20}{figure:>12}")
    for kind, number in sorted(refusals.items()):
        print(f"Refused {number} times: {kind}.")
    for sentence in wrong:
        print(sentence)
    return not (lost or refusals or wrong)


def main() -> None:
    parser = argparse.ArgumentParser(description="Show on an empty database that concurrent edits are not lost.")
    for option, default in (("--clients", 8), ("--edits", 320), ("--workers", 4), ("--port", 8123)):
        parser.add_argument(option, type=int, default=default)
    options = parser.parse_args()
    if connection.introspection.table_names():
        sys.exit("This database is not empty: name another one in DATABASE_URL.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that gunicorn is stopped then too
    if not run(**vars(options)):
        sys.exit(1)


if __name__ == "__main__":
    main()
