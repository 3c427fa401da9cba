"""Times every type of page beside a bare Django page of the same server, in one run.

    DATABASE_URL=sqlite:////tmp/seika-m.sqlite3 python benchmarks/pages.py [--repeat 7] [--slowest 3]

The database is one that `benchmarks/generate.py` filled. The pages take turns, in one process, through all middleware and templates; the
bare one answers two letters and costs what any request costs. Each page is told with its queries, the time that the database takes for
them, and its size. Of the slowest the costliest query is shown. A page of more than 150 kB, or a public one of more than 9 queries, fails
the run.
"""

import argparse
import os
import sys
import time
from datetime import date
from pathlib import Path
from statistics import median
from typing import NamedTuple

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("SEIKA_DEBUG", "false")  # a debugging connection keeps every query
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path, reverse  # noqa: E402

from accounts.models import Posting, User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from budget.models import Organisation, OrganisationKind, SourceDocument, SourceText  # noqa: E402
from config.urls import urlpatterns as urls_of_the_site  # noqa: E402
from kpis.models import OutcomeTarget, ProgressReport  # noqa: E402
from kpis.registry import REPORTS  # noqa: E402

QUERIES, KILOBYTES = 9, 150
BARE = "bare page"
ON = {"on": "2026-09-01"}

urlpatterns = [path("bare/", lambda request: HttpResponse("ok")), *urls_of_the_site]


class Taken(NamedTuple):
    """Milliseconds of a page, of these in the database, its queries (milliseconds and SQL), and its bytes."""

    page: float
    database: float
    queries: list[tuple[float, str]]
    size: int


def pages() -> dict[str, tuple[str, dict, str | None]]:
    """By name: the address, its parameters, and the role of who reads it."""
    target = OutcomeTarget.objects.filter(reports__isnull=False).order_by("code").first()
    bureau = Organisation.objects.filter(kind=OrganisationKind.BUREAU).order_by("code").first()
    document = SourceDocument.objects.order_by("code").first()
    report = ProgressReport.objects.order_by("pk").first()
    changelist = "admin:kpis_outcometarget_changelist"
    return {
        BARE: ("/bare/", {}, None),
        "dashboard": (reverse("kpis:dashboard"), ON, None),
        "dashboard, to a reviewer": (reverse("kpis:dashboard"), ON, Role.REVIEWER),
        "index of reports": (reverse("kpis:reports"), {}, None),
        **{f"report: {report.code}": (reverse(f"kpis:{report.url_name}"), ON, None) for report in REPORTS.values()},
        "overdue, of a bureau": (reverse("kpis:overdue"), ON | {"organisation": bureau.code}, None),
        "overdue, as known a year ago": (reverse("kpis:overdue"), ON | {"known_at": "2025-09-01"}, None),
        "revisions": (reverse("kpis:revisions"), {}, None),
        "all targets": (reverse("kpis:targets"), ON, None),
        "a target": (reverse("kpis:target", args=[target.code]), ON, None),
        "a target, to a reviewer": (reverse("kpis:target", args=[target.code]), ON, Role.REVIEWER),
        "programmes": (reverse("kpis:programmes"), ON, None),
        "a programme": (reverse("kpis:programme", args=[target.programme.code]), ON, None),
        "an organisation": (reverse("kpis:organisation", args=[bureau.code]), ON, Role.REVIEWER),
        "a source": (reverse("kpis:source", args=[document.code]), {}, None),
        "search": (reverse("kpis:search"), {"q": "指標12345"}, None),
        "my work, of an official": (reverse("kpis:work"), {}, Role.OFFICIAL),
        "my work, of a reviewer": (reverse("kpis:work"), {}, Role.REVIEWER),
        "yearly round": (reverse("kpis:round"), {}, Role.REVIEWER),
        "changes": (reverse("kpis:changes"), {}, Role.AUDITOR),
        "admin: index": (reverse("admin:index"), {}, Role.ADMINISTRATOR),
        "admin: list of targets": (reverse(changelist), {}, Role.ADMINISTRATOR),
        "admin: a target": (reverse("admin:kpis_outcometarget_change", args=[target.pk]), {}, Role.ADMINISTRATOR),
        "admin: list of results": (reverse("admin:kpis_progressreport_changelist"), {}, Role.OFFICIAL),
        "admin: a result": (reverse("admin:kpis_progressreport_change", args=[report.pk]), {}, Role.REVIEWER),
        "admin: history of a target": (reverse("admin:kpis_outcometarget_history", args=[target.pk]), {}, Role.AUDITOR),
    }


def readers() -> dict[str | None, Client]:
    """A browser for each role, of somebody of the whole ministry, and one of nobody. Its users stay; they are made once."""
    ministry = Organisation.objects.filter(parent=None).order_by("code").first()
    clients = {None: Client()}
    for role in Role.values:
        user, _made = User.objects.get_or_create(username=f"pages-{role}", defaults={"name": role, "password": "!"})
        Posting.objects.get_or_create(user=user, organisation=ministry, role=role, from_on=date(2020, 4, 1))
        clients[role] = Client()
        clients[role].force_login(user)
    return clients


def ask(client: Client, address: str, parameters: dict) -> Taken:
    queries: list[tuple[float, str]] = []

    def timed(execute, sql, params, many, context):
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            queries.append(((time.perf_counter() - started) * 1_000, sql))

    started = time.perf_counter()
    with connection.execute_wrapper(timed):
        answer = client.get(address, parameters)
        content = answer.content
    elapsed = (time.perf_counter() - started) * 1_000
    if answer.status_code != 200:
        sys.exit(f"{address} {parameters}: HTTP {answer.status_code}")
    return Taken(elapsed, sum(ms for ms, _sql in queries), queries, len(content))


def measure(repeat: int, slowest: int) -> list[str]:
    """Print the table; the reasons why the run fails are given back."""
    asked, clients = pages(), readers()
    taken: dict[str, list[Taken]] = {name: [] for name in asked}
    for round_ in range(repeat + 1):  # the first warms up
        for name, (address, parameters, role) in asked.items():
            found = ask(clients[role], address, parameters)
            if round_:
                taken[name].append(found)
    medians = {name: median(each.page for each in found) for name, found in taken.items()}
    bare = medians[BARE]
    print(f"{connection.vendor}, {OutcomeTarget.objects.count():,} targets, median of {repeat}")
    print(f"{'':32}{'page':>9}{'/ bare':>9}{'in queries':>12}{'queries':>9}{'size':>9}")
    for name, found in taken.items():
        database, size = median(each.database for each in found), found[-1].size / 1_000
        count = len(found[-1].queries)
        print(f"{name:32}{medians[name]:>6.0f} ms{medians[name] / bare:>8.0f}x{database:>9.0f} ms{count:>9}{size:>6.0f} kB")
    for name in sorted(taken, key=lambda name: -medians[name])[:slowest]:
        ms, sql = max(taken[name][-1].queries)
        print(f"\n{name}: its costliest query takes {ms:.0f} ms:\n{sql[:1_500]}")
    public = [name for name, (_address, _parameters, role) in asked.items() if role is None]
    failed = [f"{name}: {len(taken[name][-1].queries)} queries" for name in public if len(taken[name][-1].queries) > QUERIES]
    return failed + [f"{name}: {found[-1].size:,} bytes" for name, found in taken.items() if found[-1].size > KILOBYTES * 1_000]


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Time every type of page beside a bare one.")
    arguments.add_argument("--repeat", type=int, default=7)
    arguments.add_argument("--slowest", type=int, default=3)
    options = arguments.parse_args()
    settings.ALLOWED_HOSTS, settings.ROOT_URLCONF = ["testserver"], "__main__"
    if not SourceText.objects.exists():
        document = SourceDocument.objects.order_by("code").first()
        SourceText.objects.create(document=document, text="\n".join(f"{n}行目の文。" for n in range(8_000)))
    if failed := measure(options.repeat, options.slowest):
        sys.exit("\n".join(failed))
