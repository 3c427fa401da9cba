"""The fixtures of fixtures/meti2024 against the document that they were read from.

The document's text is not shipped. Where SEIKA_SOURCE_DOCUMENT names the file, every quote, title, budget
line and number is looked up in it; what needs no document is tested always. The decisions behind the
fixtures are in docs/readings.md.
"""

import hashlib
import json
import os
import re
import unicodedata
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from budget import fiscal
from budget.models import Programme
from kpis.models import OutcomeTarget

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "meti2024").glob("*.json"))

# Numbers of a goal section that are no target's value or deadline, no period of the programme and no item mark:
# the number with what follows it, and why.
EXCEPTIONS = {
    "meti-2024-004": {"6年度～）に定められる": "the plan period in which the evaluation indicators are set, without an end"},
    "meti-2024-008": {"10%以上）に成長": "defines the scale of the new business"},
    "meti-2024-021": {"16%以上増加": "defines which demonstrations count"},
    "meti-2024-023": {"70%以上」に到達": "defines which trainees count", "3程度)に達した": "the level N3 of a language test"},
    "meti-2024-032": {"4年度現在": "year of the baseline", "3,782社": "the baseline"},
    "meti-2024-034": {"1,000万円以上規模": "defines a large project"},
    "meti-2024-039": {"10台以上の自動配送": "defines the system that counts"},
    "meti-2024-040": {
        "4年度から6年度までの3年間の事業であり、最終的には宇宙": "period of item ① alone",
        "6年度までの3年間の事業であり、最終的には宇宙": "period of item ① alone",
        "3年間の事業であり、最終的には宇宙": "period of item ① alone",
        "100kg級": "size of the satellite",
        "6U）": "size of the satellite",
        "4年度から6年度までの3年間の事業であり、最終的には衛星": "period of items ③ and ④ alone",
        "6年度までの3年間の事業であり、最終的には衛星": "period of items ③ and ④ alone",
        "3年間の事業であり、最終的には衛星": "period of items ③ and ④ alone",
    },
    "meti-2024-041": {"2020年5月に": "day on which a centre was set up, in the footnote", "5月に": "day on which a centre was set up"},
    "meti-2024-042": {"7年度まで実証": "how long the trials run"},
    "meti-2024-043": {"5年度以降": "the start of the commitment"},
    "meti-2024-045": {"100歳まで": "part of the commitment's words"},
    "meti-2024-055": {"2013年度比": "base year of the reduction"},
    "meti-2024-061": {"6本の": "number of laws"},
    "meti-2024-069": {"5.0の実現": "the name Society 5.0"},
    "meti-2024-079": {"29年度から半減": "base year of the reduction", "半減する": "the halved figures follow in brackets"},
    "meti-2024-093": {
        "2030年に蓄電池": "year of the quoted plan",
        "150GWh": "capacity in the quoted plan",
        "2030年時点で": "year of the quoted plan",
    },
    "meti-2024-099": {"一人当たり": "per head"},
    "meti-2024-103": {
        "3年のモニタリング": "defines the indicator",
        "3年間の平均": "how the value was computed",
    },
}
UNIT_NOT_PRINTED = {"meti-2024-052-01", "meti-2024-053-01"}  # 「委員数を2以上とする」

NUMBER = re.compile(
    r"(?P<digits>[0-9][0-9,]*(?:\.[0-9]+)?)(?P<scale>万(?!円))?(?P<tenths>割)?"
    r"|半数|半減|[一二三四五六七八九十]+(?:割|件|社|人|年)"
)
ERA_YEAR = r"(?:(?:令和|平成|昭和|明治)(?:元|[0-9]+))"
PERIOD = re.compile(
    rf"(?P<start>{ERA_YEAR})(?:\([0-9]{{4}}\))?年度?から"
    rf"(?:(?P<end>{ERA_YEAR}|[0-9]+)年度?までの?)?(?:(?P<years>[0-9]+)年間)?"
)
MARK = re.compile(r"\([0-9]\)")
CIRCLED = re.compile("[①-⑳]")


def normal(text):
    """Without whitespace and labels, full-width signs as ASCII: what is compared, not what is stored."""
    return unicodedata.normalize("NFKC", re.sub(r"\s", "", CIRCLED.sub("◯", text)))


def closed_up(text):
    return re.sub(r"\s", "", text)


@pytest.fixture(scope="module")
def rows():
    """The fixtures' fields by model name."""
    found = defaultdict(list)
    for path in FIXTURES:
        for row in json.loads(path.read_text(encoding="utf-8")):
            assert "pk" not in row
            found[row["model"]].append(row["fields"])
    return found


@pytest.fixture(scope="module")
def programmes(rows):
    return {row["code"]: row for row in rows["budget.programme"]}


@pytest.fixture(scope="module")
def passages(rows):
    return {row["code"]: row for row in rows["budget.sourcepassage"]}


@pytest.fixture(scope="module")
def targets(rows):
    """The targets of each programme."""
    found = defaultdict(list)
    for row in rows["kpis.outcometarget"]:
        found[row["programme"][0]].append(row)
    return found


@pytest.fixture(scope="module")
def document():
    """The document's lines; line 1 is at index 0."""
    path = os.environ.get("SEIKA_SOURCE_DOCUMENT")
    if not path:
        pytest.skip("SEIKA_SOURCE_DOCUMENT is not set")
    return Path(path).read_bytes().decode("utf-8").split("\n")


@pytest.fixture
def loaded(db):
    call_command("loaddata", *map(str, FIXTURES), verbosity=0)


def lines_of(document, passage):
    return document[passage["line_from"] - 1 : passage["line_to"]]


# With the document


def test_fixture_names_the_very_file(rows, document):
    (source,) = rows["budget.sourcedocument"]
    assert hashlib.sha256("\n".join(document).encode()).hexdigest() == source["sha256"]


def test_every_passage_lies_within_the_document(passages, document):
    assert [row["code"] for row in passages.values() if row["line_to"] > len(document)] == []


def test_every_quote_stands_at_its_lines(passages, document):
    quoted = [row for row in passages.values() if row["quote"]]
    assert [row["code"] for row in quoted if closed_up(row["quote"]) not in closed_up("".join(lines_of(document, row)))] == []


def test_no_line_of_a_quote_could_be_left_off(passages, document):
    quoted = [row for row in passages.values() if row["quote"] and row["line_to"] > row["line_from"]]
    for row in quoted:
        lines = [closed_up(line) for line in lines_of(document, row)]
        assert closed_up(row["quote"]) not in "".join(lines[1:]), row["code"]
        assert closed_up(row["quote"]) not in "".join(lines[:-1]), row["code"]


def test_every_title_stands_at_its_lines(programmes, passages, document):
    for code, programme in programmes.items():
        passage = passages.get(f"{code}-title")
        if passage is None:
            assert programme["title"] == "", code
        else:
            assert closed_up("".join(lines_of(document, passage))).strip("#*") == closed_up(programme["title"]), code


def test_the_document_has_a_programme_for_every_budget_line_in_order(programmes, passages, document):
    budget_lines = [number for number, line in enumerate(document, 1) if line.startswith("令和6年度予算案額")]
    assert budget_lines == [passages[f"{code}-budget"]["line_from"] for code in sorted(programmes)]


def test_every_budget_line_is_told_whole(rows, programmes, passages, document):
    amounts = {(row["programme"][0], row["fiscal_year"], row["stage"]): row for row in rows["budget.budgetamount"]}
    assert len(amounts) == 2 * len(programmes)
    for code in programmes:
        draft, initial = amounts[code, 2024, "draft"], amounts[code, 2023, "initial"]
        (line,) = lines_of(document, passages[f"{code}-budget"])
        told = f"令和6年度予算案額{draft['printed']}({initial['printed']}){draft['note']}"
        assert normal(line).replace("*", "") == normal(told), code


def test_every_printed_organisation_stands_beside_its_mark(rows, passages, document):
    for row in rows["budget.programmeorganisation"]:
        code = row["programme"][0]
        passage, budget_line = passages[f"{code}-organisations"], passages[f"{code}-budget"]["line_from"]
        numbers = range(passage["line_from"], passage["line_to"] + 1)
        text = closed_up("".join(document[number - 1] for number in numbers if number != budget_line))
        assert closed_up(row["printed_name"]) in text, row
        assert closed_up(row["mark"]) in text, row


def test_every_deadline_is_told_in_the_words_of_its_goal_section(targets, passages, document):
    for code, of_programme in targets.items():
        goal = closed_up("".join(lines_of(document, passages[f"{code}-goal"])))
        assert [row["code"] for row in of_programme if closed_up(row["deadline_text"]) not in goal] == []


def test_every_statement_lies_within_its_goal_section(targets, passages):
    for code, of_programme in targets.items():
        goal = passages[f"{code}-goal"]
        for row in of_programme:
            passage = passages[row["passage"][0]]
            assert goal["line_from"] <= passage["line_from"] <= passage["line_to"] <= goal["line_to"], row["code"]


def test_every_number_of_every_goal_section_is_accounted_for(programmes, targets, passages, document):
    unexplained, unused = [], {(code, words) for code, words in _exceptions()}
    for code, programme in programmes.items():
        goal = normal("".join(lines_of(document, passages[f"{code}-goal"])))
        known = list(_spans_of_periods(goal, programme))
        known += [found.span() for found in MARK.finditer(goal)]
        known += [span for row in targets[code] for span in _spans_of(goal, normal(row["deadline_text"]))]
        known += [span for row in targets[code] for span in _spans_of_value(goal, row)]
        for found in NUMBER.finditer(goal):
            if any(start <= found.start() and found.end() <= end for start, end in known):
                continue
            words = [words for words in EXCEPTIONS.get(code, ()) if goal.startswith(normal(words), found.start())]
            if words:
                unused -= {(code, words[0])}
            else:
                unexplained.append((code, goal[max(0, found.start() - 12) : found.end() + 12]))
    assert unexplained == []
    assert not unused, "exceptions that explain nothing"


def test_every_value_is_printed_in_its_statement(rows):
    for row in rows["kpis.outcometarget"]:
        if row["kind"] == "quantitative":
            assert _spans_of_value(normal(row["statement"]), row), row["code"]


def _exceptions():
    return ((code, words) for code, known in EXCEPTIONS.items() for words in known)


def _spans_of(text, words):
    return [found.span() for found in re.finditer(re.escape(words), text)] if words else []


def _amount(found):
    """What a number says; 5割 and 半数 in per cent."""
    if found["digits"] is None:
        return Decimal(50) if found[0] == "半数" else None
    figure = Decimal(found["digits"].replace(",", ""))
    return figure * (10_000 if found["scale"] else 1) * (10 if found["tenths"] else 1)


def _spans_of_value(goal, row):
    """Where the target's own statement in the section prints its value, with its unit."""
    if row["kind"] != "quantitative":
        return []
    statement, unit, spans = normal(row["statement"]), normal(row["unit"]), []
    for begin, end in _spans_of(goal, statement):
        for found in NUMBER.finditer(goal, begin, end):
            in_unit = (
                (unit == "%" and (found["tenths"] or found[0] == "半数"))
                or re.match(rf"(以上の)?(~[0-9]+)?{re.escape(unit)}", goal[found.end() :])
                or row["code"] in UNIT_NOT_PRINTED
            )
            if in_unit and _amount(found) in {Decimal(row[side]) for side in ("value", "value_max") if row[side] is not None}:
                spans.append(found.span())
    return spans


def _spans_of_periods(goal, programme):
    """Where the section tells the programme's period, if it is the one that the programme has."""
    for found in PERIOD.finditer(goal):
        start = fiscal.parse_year(found["start"])
        ends = found["end"]
        if ends and ends.isdecimal():
            ends = found["start"][:2] + ends  # 元年度から6年度まで: of the same era
        end = fiscal.parse_year(ends) if ends else programme["end_fiscal_year"]
        of_programme = (start, end) == (programme["start_fiscal_year"], programme["end_fiscal_year"])
        if of_programme and (not found["years"] or int(found["years"]) == end - start + 1):
            yield found.span()


# Without the document


def test_there_are_113_programmes_and_codes_are_consecutive(programmes, targets):
    assert list(programmes) == [f"meti-2024-{number:03}" for number in range(1, 114)]
    for code in programmes:
        codes = [row["code"] for row in targets[code]]
        assert codes == [f"{code}-{number:02}" for number in range(1, len(codes) + 1)]
        assert codes, f"{code} has no target"


def test_statement_passages_are_consecutive_and_each_serves_a_target(targets, passages):
    for code, of_programme in targets.items():
        used = list(dict.fromkeys(row["passage"][0] for row in of_programme))
        assert used == [f"{code}-s{number:02}" for number in range(1, len(used) + 1)]
        assert used == [row["code"] for row in passages.values() if row["part"] == "statement" and row["programme"] == [code]]


def test_each_passage_quotes_its_targets_statement(rows, passages):
    for row in rows["kpis.outcometarget"]:
        assert passages[row["passage"][0]]["quote"] == row["statement"], row["code"]


def test_every_amount_is_what_is_printed(rows):
    for row in rows["budget.budgetamount"]:
        found = re.fullmatch(r"([0-9.]+)億円", normal(row["printed"]))
        if row["no_amount"]:
            assert row["amount_yen"] is None
            assert row["printed"] == {"new": "新規", "dash": "-億円"}[row["no_amount"]]
        else:
            assert row["amount_yen"] == Decimal(found[1]) * 10**8, row


def test_every_deadline_is_of_the_kind_and_year_that_its_words_say(rows):
    for row in rows["kpis.outcometarget"]:
        words, kind, code = normal(row["deadline_text"]), row["deadline_kind"], row["code"]
        years = re.findall(rf"({ERA_YEAR}|[0-9]{{4}})年(度?)", words)
        if kind in ("fiscal_year", "calendar_year"):
            year, fiscal_sign = years[-1]
            assert fiscal.parse_year(year) == row["deadline_year"], code
            assert (kind == "fiscal_year") == bool(fiscal_sign), code
        elif kind in ("after_programme", "after_event"):
            assert sum(map(int, re.findall(r"([0-9]+)年", words))) == row["deadline_offset_years"], code
            assert row["deadline_through_nth_year"] == ("年目まで" in words), code
        elif kind == "plan_period":
            last = re.findall(r"[~からの]+(?:令和)?([0-9]+)年度", words)
            assert row["deadline_year"] == (fiscal.parse_year(f"令和{last[-1]}") if last else 2027), code  # else 5年間: 令和5年から9年まで
        else:
            assert not years, code


def test_fixtures_leave_derived_columns_and_keys_to_the_loader(rows):
    derived = {"due_on", "due_fy", "first_year", "last_year"}
    assert [row["code"] for row in rows["kpis.outcometarget"] if derived & set(row)] == []


def test_a_total_that_is_not_written_is_assumed(rows):
    for row in rows["kpis.outcometarget"]:
        if row["accumulation"] == "running_total" and not row["accumulation_assumed"]:
            assert re.search("累計|累積|合計", row["statement"] + row["note"]), row["code"]


def test_links_lead_from_a_nearer_term_to_a_farther_one_under_the_same_mark(rows):
    of_code = {row["code"]: row for row in rows["kpis.outcometarget"]}
    for link in rows["kpis.targetlink"]:
        nearer, farther = of_code[link["from_target"][0]], of_code[link["to_target"][0]]
        assert (nearer["programme"], nearer["label"]) == (farther["programme"], farther["label"]), link
        assert (nearer["term"], farther["term"]) in {("short", "mid"), ("mid", "long"), ("short", "long")}, link


@pytest.mark.usefixtures("loaded")
def test_every_object_is_valid(rows):
    for name, fields in rows.items():
        model = apps.get_model(name)
        assert model.objects.count() == len(fields)
        for each in model.objects.all():
            if isinstance(each, OutcomeTarget):
                each.derive()
            each.full_clean()


@pytest.mark.usefixtures("loaded")
def test_every_lead_lies_under_the_ministry():
    for programme in Programme.objects.select_related("lead"):
        node = programme.lead
        while node.parent:
            node = node.parent
        assert node.code == "meti", programme.code


@pytest.mark.usefixtures("loaded")
def test_due_dates_are_those_worked_out_by_hand():
    worked_out = {
        "meti-2024-001-01": date(2026, 3, 31),  # 令和7年度末まで: FY2025 ends on 31 March 2026
        "meti-2024-005-02": date(2027, 12, 31),  # 令和9年まで: calendar year 2018 + 9
        "meti-2024-010-01": date(2027, 3, 31),  # 第六期中期目標期間（令和5年度～令和8年度）: FY2026
        "meti-2024-020-02": date(2030, 3, 31),  # 事業終了年度から5年間, the programme ends with FY2024
        "meti-2024-032-02": date(2033, 3, 31),  # 事業終了後5年以内, 令和5年から9年まで: FY2027 + 5
        "meti-2024-034-02": date(2024, 3, 31),  # 令和5年度まで: FY2023
        "meti-2024-036-02": date(2050, 12, 31),  # 2050年まで
        "meti-2024-039-04": date(2030, 3, 31),  # 2029年度を目途に
        "meti-2024-087-01": date(2025, 3, 31),  # 助成終了時, 令和2年度から令和6年度まで: FY2024 + 0
        "meti-2024-113-05": date(2035, 3, 31),  # 事業終了後5年経過時点, the programme ends with FY2029
        "meti-2024-008-02": None,  # 計画策定後3年目まで: the event is not recorded
        "meti-2024-049-02": None,  # no deadline; the programme's period is none
    }
    for target in OutcomeTarget.objects.filter(code__in=worked_out):
        target.derive()
        assert target.due_on == worked_out.pop(target.code)
    assert not worked_out


@pytest.mark.usefixtures("loaded")
def test_each_year_targets_run_from_the_budget_year_to_the_stated_or_the_programmes_end():
    runs = {}
    for target in OutcomeTarget.objects.filter(each_year=True):
        target.derive()
        runs[target.code] = (target.first_year, target.last_year)
    assert runs == {
        "meti-2024-003-01": (2024, None),  # 毎年
        "meti-2024-013-01": (2024, None),  # 毎年1回以上, RCEP ministers
        "meti-2024-013-02": (2024, None),  # 毎年1回以上, joint committee
        "meti-2024-024-04": (2024, None),  # 年間3件
        "meti-2024-068-01": (2024, 2026),  # 年間1,200社, 令和4年度から令和8年度まで
        "meti-2024-090-01": (2024, 2032),  # 毎年度, 令和14年まで
        "meti-2024-106-01": (2024, None),  # 年750件
        "meti-2024-106-02": (2024, None),  # 年12,000回以上
    }
