"""How well the importer reads goal texts: against the confirmed targets of the source document, and against real sheets.

    SEIKA_SOURCE_DOCUMENT=… SEIKA_RS_DATA=… python benchmarks/extraction.py [--misses]

On the source document the commitments of each goal section are held against the confirmed targets of `fixtures/meti2024/`.
A reading is right where a confirmed quantitative target of the same programme has its value, unit and comparator; each
target is found once. Deadline and term are counted on those found.

On the sheets of `judgit2022_meti` (another year, by many hands) the published target value and unit stand in columns of
their own, and so does the target year. A value counts as *stated* where the goal text prints its digits (in the unit's
scale), a year where the text prints it in either count. A stated value is right where one reading has it.
"""

import csv
import json
import os
import re
import sys
from collections import Counter
from decimal import Decimal, InvalidOperation
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from kpis.importers.pr_document.extract import Reading, read  # noqa: E402
from kpis.importers.pr_document.normalise import plain  # noqa: E402
from kpis.measures import normal_unit  # noqa: E402

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "meti2024"
_SCALES = {"万": 10**4, "億": 10**8, "兆": 10**12, "千": 10**3, "百万": 10**6}


def rows(name: str) -> list[dict]:
    return [row["fields"] for row in json.loads((FIXTURES / name).read_text(encoding="utf-8"))]


# --- The source document ------------------------------------------------------------------------------------------------------------


def of_source_document(misses: list[str]) -> dict[str, tuple[int, int]]:
    """Precision and recall as (right, of)."""
    lines = Path(os.environ["SEIKA_SOURCE_DOCUMENT"]).read_text(encoding="utf-8").split("\n")
    targets = {}
    for target in rows("07_targets.json"):
        targets.setdefault(target["programme"][0], []).append(target)
    counts: Counter = Counter()
    for passage in rows("05_passages.json"):
        if passage["part"] != "goal":
            continue
        programme = passage["programme"][0]
        readings = read("\n".join(lines[passage["line_from"] - 1 : passage["line_to"]]))
        confirmed = targets.get(programme, [])
        counts["proposals"] += len(readings)
        counts["targets"] += len(confirmed)
        _compare(programme, readings, [target for target in confirmed if target["kind"] == "quantitative"], counts, misses)
    return {
        "precision (value, unit, comparator)": (counts["right"], counts["read"]),
        "recall (value, unit, comparator)": (counts["right"], counts["stated"]),
        "deadline, of those found": (counts["deadline"], counts["right"]),
        "term, of those found": (counts["term"], counts["right"]),
        "accumulation, of those found": (counts["accumulation"], counts["right"]),
        "each year, of those found": (counts["each_year"], counts["right"]),
        "label, of those found": (counts["label"], counts["right"]),
        "proposals per target": (counts["proposals"], counts["targets"]),
    }


def _key(value, value_max, unit: str, comparator: str) -> tuple:
    return value, value_max, normal_unit(unit), comparator


def _compare(programme: str, readings: list[Reading], confirmed: list[dict], counts: Counter, misses: list[str]) -> None:
    left = list(confirmed)
    quantitative = [reading for reading in readings if reading.kind == "quantitative"]
    counts["read"] += len(quantitative)
    counts["stated"] += len(confirmed)
    for reading in quantitative:
        key = _key(reading.value, reading.value_max, reading.unit, reading.comparator)
        alike = [
            t for t in left if key == _key(Decimal(t["value"]), t["value_max"] and Decimal(t["value_max"]), t["unit"], t["comparator"])
        ]
        if not alike:
            misses.append(f"{programme} read and not confirmed: {reading.value} {reading.unit} {reading.comparator} | {reading.quote}")
            continue
        same = [t for t in alike if _deadline_of(t) == _deadline_read(reading) and t["term"] == reading.term]
        target = (same or alike)[0]
        left.remove(target)
        counts["right"] += 1
        for name, told, was in (
            ("deadline", _deadline_of(target), _deadline_read(reading)),
            ("term", target["term"], reading.term),
            (
                "accumulation",
                (target["accumulation"], target["accumulation_assumed"]),
                (reading.accumulation, "accumulation_assumed" in reading.doubts),
            ),
            ("each_year", target["each_year"], reading.each_year),
            ("label", plain(target["label"]), plain(reading.label)),
        ):
            counts[name] += told == was
            if told != was:
                misses.append(f"{target['code']} {name}: confirmed {told}, read {was} | {reading.quote}")
    for target in left:
        misses.append(f"{target['code']} not found: {target['value']} {target['unit']} {target['comparator']} | {target['statement']}")


def _deadline_of(target: dict) -> tuple:
    return target["deadline_kind"], target["deadline_year"], target["deadline_offset_years"], target["deadline_through_nth_year"]


def _deadline_read(reading: Reading) -> tuple:
    return reading.deadline_kind, reading.deadline_year, reading.deadline_offset_years, reading.deadline_through_nth_year


# --- Sheets of another year ---------------------------------------------------------------------------------------------------------


def outcomes() -> list[dict]:
    """The outcomes of the sheets: goal text, unit, target values by year, target years."""
    path = next((Path(os.environ["SEIKA_RS_DATA"]) / "judgit2022_meti").glob("3-1_*.csv"))
    found: dict[tuple, dict] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["種別（アクティビティ・アウトプット・アウトカム）"] != "アウトカム":
                continue
            key = tuple(row[name] for name in list(row)[2:22])
            told = found.setdefault(
                key, {"text": row["アクティビティ／活動目標／成果目標"], "unit": row["単位"], "years": [], "values": {}}
            )
            figures = {int(name): cell for name, cell in row.items() if name and name.isdigit() and cell}
            match row["目標年度／目標値／実績値／達成率"]:
                case "1.目標年度":
                    told["years"] = list(figures)
                case "2.目標値":
                    told["values"] = figures
    return list(found.values())


def _number(cell: str) -> Decimal | None:
    try:
        return Decimal(cell.replace(",", "").rstrip("%％"))
    except InvalidOperation:
        return None


def _whole(value: Decimal, unit: str) -> Decimal:
    scale = re.match(r"百万|[千万億兆]", unit)
    return value * _SCALES[scale[0]] if scale else value


def _printed_figures(text: str) -> set[Decimal]:
    """All numbers that a text prints, with their scale multiplied out, and without."""
    found = set()
    for digits, scale in re.findall(r"(\d[\d,]*(?:\.\d+)?)\s?(百万|[千万億兆割])?", plain(text)):
        number = Decimal(digits.replace(",", "").rstrip("."))
        found |= {number * {"割": 10, **_SCALES}.get(scale, 1)}
    if "半数" in text or "半減" in text:
        found.add(Decimal(50))
    return found


def _printed_years(text: str) -> set[int]:
    flat = plain(text)
    found = {int(year) for year in re.findall(r"(?:19|20)\d\d(?=年)", flat)}
    for era, number in re.findall(r"(令和|平成|[RH])(元|\d{1,2})(?=年)", flat):
        found.add((2018 if era in "令和R" else 1988) + (1 if number == "元" else int(number)))
    return found


def of_sheets(misses: list[str]) -> dict[str, tuple[int, int]]:
    counts: Counter = Counter()
    for outcome in outcomes():
        text, unit = outcome["text"], plain(outcome["unit"])
        readings = read(text)
        counts["outcomes"] += 1
        counts["proposals"] += len(readings)
        years = outcome["years"] or ([max(outcome["values"])] if outcome["values"] else [])
        values = {number for year in years if (number := _number(outcome["values"].get(year, ""))) is not None}
        stated = {value for value in values if _whole(value, unit) in _printed_figures(text) and value}
        if stated:
            counts["stated"] += 1
            read_values = {_whole(v, reading.unit) for reading in readings for v in (reading.value, reading.value_max) if v is not None}
            right = any(_whole(value, unit) in read_values for value in stated)
            counts["value"] += right
            counts["unit"] += right and any(
                _bare(unit) == _bare(reading.unit)
                for reading in readings
                if reading.value is not None and _whole(reading.value, reading.unit) in {_whole(v, unit) for v in stated}
            )
            if not right:
                misses.append(f"value {sorted(map(str, stated))} {unit} read {sorted(map(str, read_values))} | {text!r}")
        if outcome["years"] and (printed := set(outcome["years"]) & _printed_years(text)):
            counts["years stated"] += 1
            right = any(reading.deadline_year in printed for reading in readings)
            counts["year"] += right
            if not right:
                misses.append(f"year {sorted(printed)} read {[reading.deadline_year for reading in readings]} | {text!r}")
    return {
        "stated values right": (counts["value"], counts["stated"]),
        "their unit right too": (counts["unit"], counts["value"]),
        "stated years right": (counts["year"], counts["years stated"]),
        "proposals per target": (counts["proposals"], counts["outcomes"]),
    }


def _bare(unit: str) -> str:
    return re.sub(r"^(?:百万|[千万億兆])|[%％]|\s", lambda found: "%" if found[0] in "%％" else "", plain(unit)).lower()


def main() -> None:
    misses: list[str] = []
    for title, measure, needs in (
        ("The source document", of_source_document, "SEIKA_SOURCE_DOCUMENT"),
        ("Sheets of FY2022", of_sheets, "SEIKA_RS_DATA"),
    ):
        if needs not in os.environ:
            print(f"{title}: {needs} is not set")
            continue
        print(title)
        for name, (right, of) in measure(misses).items():
            print(f"  {name:40} {right:5} of {of:5}  {right / of if of else 0:.3f}")
    if "--misses" in sys.argv:
        print("\n".join(misses))


if __name__ == "__main__":
    main()
