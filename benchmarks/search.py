"""Times the search page beside a bare page, in one run, as a browser asks for them.

    DATABASE_URL=sqlite:////tmp/seika-m.sqlite3 python benchmarks/search.py [--repeat 15]

The pages take turns. The bare page is that of a search for nothing: all that any page costs, without the search. The first search of a
process, and the first one after something searched was recorded, are told apart: they read the texts. The aim at size M is 100 ms for
the whole page. On a busy machine look at the processor's time beside it.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from statistics import median

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("SEIKA_DEBUG", "false")  # a debugging connection keeps every query
django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402

from kpis import search  # noqa: E402
from kpis.models import OutcomeTarget  # noqa: E402

AIM = 100
QUERIES = {
    "bare page": {},
    "a target's code": {"q": "t-012345"},
    "one word, full-width": {"q": "指標１２３４５"},
    "a programme and a word": {"q": "事業123の推進 成果目標"},
    "an organisation and a word": {"q": "第3局第4課 指標"},
    "nothing": {"q": "どこにもない語"},
    "all targets": {"q": "成果目標"},
    "all targets, last page": {"q": "成果目標", "show": "targets", "page": "last"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the search page beside a bare page.")
    parser.add_argument("--repeat", type=int, default=15)
    repeat = parser.parse_args().repeat
    settings.ALLOWED_HOSTS = ["testserver"]
    pages = -(-OutcomeTarget.objects.count() // 50)
    asked = {name: {**query, **({"page": pages} if "page" in query else {})} for name, query in QUERIES.items()}
    client = Client()
    taken(client, {})
    first = taken(client, {"q": "成果目標"})
    search.forget()
    again = taken(client, {"q": "成果目標"})
    print(f"{OutcomeTarget.objects.count():,} targets; first search of a process {_told(first)}, first one after a change {_told(again)}")
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
    for _round in range(repeat):
        for name, query in asked.items():
            times[name].append(taken(client, query))
    bare = _median(times["bare page"])
    print(f"{'':28}{'median':>10}{'worst':>10}{'beyond bare':>14}{'processor':>12}")
    for name, told in times.items():
        worst = max(wall for wall, _processor in told)
        wall, processor = _median(told)
        print(f"{name:28}{wall:>7.0f} ms{worst:>7.0f} ms{wall - bare[0]:>11.0f} ms{processor:>9.0f} ms")
    slow = [name for name, told in times.items() if _median(told)[0] > AIM]
    sys.exit(f"Slower than {AIM} ms: {', '.join(slow)}" if slow else None)


def taken(client: Client, query: dict) -> tuple[float, float]:
    """Milliseconds until the page is there, and of the processor's time."""
    started = time.perf_counter(), time.process_time()
    answer = client.get("/search/", query)
    elapsed = (time.perf_counter() - started[0]) * 1_000, (time.process_time() - started[1]) * 1_000
    if answer.status_code != 200:
        sys.exit(f"{query}: HTTP {answer.status_code}")
    return elapsed


def _median(told: list[tuple[float, float]]) -> tuple[float, float]:
    walls, processors = zip(*told, strict=True)
    return median(walls), median(processors)


def _told(one: tuple[float, float]) -> str:
    return f"{one[0]:.0f} ms ({one[1]:.0f} of the processor)"


if __name__ == "__main__":
    main()
