"""The commands that import a document and read a goal text: what they write and print, and a sentence for whatever they refuse."""

import io
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation

from budget.models import BudgetAmount, Programme, SourceDocument
from kpis.importers.pr_document.extract import Reading
from kpis.models import ProgrammeMatch, TargetProposal
from tests.factories import UserFactory
from tests.kpis.importers.documents import GOAL, Printed, document

SURVEY = Printed("航路標識調査", "2.5億円", "新規", organisations="通商政策局総務課")


@pytest.fixture
def user(db, division):
    return UserFactory(username="importer")


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "edition.txt"
    path.write_text(document(Printed(), SURVEY), encoding="utf-8")
    return path


def run(*arguments) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("import_pr_document", *map(str, arguments), stdout=out)
    return out.getvalue()


def report_of(tmp_path, *arguments) -> dict:
    run(*arguments, "--report", tmp_path / "report.json")
    return json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))


def counts() -> tuple[int, ...]:
    return tuple(model.history.count() for model in (SourceDocument, Programme, BudgetAmount, TargetProposal, ProgrammeMatch))


# --- import_pr_document -----------------------------------------------------------------------------------------------------------------


def test_a_document_is_loaded_by_the_user(user, file):
    run(file, "--by", "importer")
    assert set(Programme.objects.values_list("title", flat=True)) == {"港湾設備改修事業", "航路標識調査"}
    assert {row.history_user for row in Programme.history.all()} == {user}


def test_it_is_told_in_japanese_what_was_read(user, file):
    printed = run(file, "--by", "importer")
    assert "2事業を読み取りました" in printed
    assert "目標案は2件" in printed
    assert not any(word in printed for word in ("programmes", "Doubt", "proposed"))


def test_the_same_file_again_is_told_to_change_nothing(user, file):
    run(file, "--by", "importer")
    before = counts()
    with translation.override("en"):
        assert "nothing changes" in run(file, "--by", "importer")
    assert counts() == before


def test_the_report_tells_each_programme_with_its_line(user, file, tmp_path):
    told = report_of(tmp_path, file, "--by", "importer")
    assert (told["file"], told["dry_run"], told["is_known"], told["fiscal_year"], told["issuer"]) == (
        "edition.txt",
        False,
        False,
        2024,
        "経済産業省",
    )
    document = SourceDocument.objects.get()
    assert (told["document"], told["sha256"]) == (document.code, document.sha256)
    lines = file.read_text(encoding="utf-8").split("\n")
    assert [(one["title"], one["became"], one["proposals"]) for one in told["programmes"]] == [
        ("港湾設備改修事業", "added", 1),
        ("航路標識調査", "added", 1),
    ]
    assert [lines[one["line"] - 1] for one in told["programmes"]] == [
        "令和6年度予算案額 1.2億円（1.1億円）",
        "令和6年度予算案額 2.5億円（新規）",
    ]
    assert [one["code"] for one in told["programmes"]] == list(Programme.objects.values_list("code", flat=True))


def test_the_report_tells_every_difference_of_a_changed_edition(user, file, tmp_path):
    run(file, "--by", "importer")
    survey = Programme.objects.get(title=SURVEY.title)
    renamed = Printed("航路標識等調査", "2.6億円", "新規", organisations="通商政策局総務課")
    file.write_text(document(renamed, Printed("深海ロボット開発", "3億円", "新規", organisations="")), encoding="utf-8")
    told = report_of(tmp_path, file, "--by", "importer")
    one, other = told["programmes"]
    assert (one["became"], [each["code"] for each in one["candidates"]]) == ("held_back", [survey.code])
    assert one["candidates"][0]["ground"]
    assert ("2.5億円", "2.6億円") in [(each["old"], each["new"]) for each in one["conflicts"]]
    assert (other["became"], other["title"]) == ("added", "深海ロボット開発")
    assert [each["title"] for each in told["gone"]] == ["港湾設備改修事業"]


def test_a_changed_edition_is_told_in_words(user, file):
    run(file, "--by", "importer")
    file.write_text(document(Printed(draft="1.3億円"), fiscal_year=2024), encoding="utf-8")
    with translation.override("en"):
        printed = run(file, "--by", "importer")
    assert "120000000 → 130000000" in printed
    assert "No longer printed" in printed
    assert SURVEY.title in printed


def test_a_dry_run_writes_nothing_and_tells_the_same(user, file, tmp_path):
    before = counts()
    dry = report_of(tmp_path, file, "--by", "importer", "--dry-run")
    assert counts() == before
    wet = report_of(tmp_path, file, "--by", "importer")
    assert (dry.pop("dry_run"), wet.pop("dry_run")) == (True, False)
    assert dry == wet


def test_a_dry_run_of_a_changed_edition_tells_the_same(user, file, tmp_path):
    run(file, "--by", "importer")
    file.write_text(document(Printed("港湾設備等改修事業"), Printed(SURVEY.title, "9億円", goal="船員の育成を目指す。")), encoding="utf-8")
    before = counts()
    dry = report_of(tmp_path, file, "--by", "importer", "--dry-run")
    assert counts() == before
    wet = report_of(tmp_path, file, "--by", "importer")
    assert {**dry, "dry_run": False} == wet


def test_a_dry_run_says_that_it_is_one(user, file):
    assert run(file, "--by", "importer", "--dry-run").startswith("試行")


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(user, file):
    file.write_bytes(b"\xef\xbb\xbf" + document(Printed()).replace("\n", "\r\n").encode())
    run(file, "--by", "importer")
    assert Programme.objects.get().title == "港湾設備改修事業"


def refused(*arguments) -> str:
    """The sentence that refuses; nothing is written."""
    before = counts()
    with pytest.raises(CommandError) as said:
        run(*arguments)
    assert counts() == before
    return str(said.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "ありません"),
        (document(Printed()).encode("cp932"), "UTF-8"),
        (b"%PDF-1.7\0\1", "UTF-8"),
        ("ご案内\n\n総会を開きます。".encode(), "PR資料"),
        (document(Printed(), ministry="").encode(), "--issuer"),
        (document(Printed()).split("億円（")[0].encode(), "予算"),
    ],
    ids=["empty", "Shift_JIS", "binary", "another text", "no ministry", "cut within the amount"],
)
def test_a_file_that_is_no_such_document_is_refused_in_japanese(user, file, content, told):
    file.write_bytes(content)
    said = refused(file, "--by", "importer")
    assert told in said
    assert str(file) in said
    assert "何も読み込んでいません" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--by", "importer", "--fiscal-year", "2025"), "2025"),
        (("--by", "importer", "--issuer", "海事省"), "海事省"),
        (("--by", "stranger"), "stranger"),
        ((), "--by"),
    ],
)
def test_what_the_options_say_wrongly_is_refused_in_words(user, file, arguments, told):
    assert told in refused(file, *arguments)


def test_a_file_that_is_missing_is_refused_in_words(user, tmp_path):
    assert "missing.txt" in refused(tmp_path / "missing.txt", "--by", "importer")


def test_a_directory_is_refused_in_words(user, tmp_path):
    assert str(tmp_path) in refused(tmp_path, "--by", "importer")


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_loaded(user, file, tmp_path):
    assert "nowhere" in refused(file, "--by", "importer", "--report", tmp_path / "nowhere" / "report.json")


def test_an_earlier_report_outlives_a_refusal(user, file, tmp_path):
    (tmp_path / "report.json").write_text("{}")
    refused(file, "--by", "importer", "--fiscal-year", "2025", "--report", tmp_path / "report.json")
    assert (tmp_path / "report.json").read_text() == "{}"


# --- parse_goal_text --------------------------------------------------------------------------------------------------------------------

KEYS = [
    "label", "term", "quote", "indicator", "kind", "comparator", "approximate", "value", "value_max", "unit", "accumulation", "each_year",
    "deadline_kind", "deadline_year", "deadline_offset_years", "deadline_text", "doubts",
]  # fmt: skip


def parse(*arguments) -> str:
    out = StringIO()
    call_command("parse_goal_text", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def goal_file(tmp_path) -> Path:
    path = tmp_path / "goal.txt"
    path.write_text(GOAL, encoding="utf-8")
    return path


@pytest.fixture
def standard_input(monkeypatch):
    def give(content: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def test_a_goal_text_is_printed_as_json(goal_file):
    (found,) = json.loads(parse(goal_file))
    assert list(found) == KEYS
    assert (found["value"], found["unit"], found["comparator"], found["kind"]) == ("60", "社", "at_least", "quantitative")
    assert (found["deadline_kind"], found["deadline_year"], found["deadline_text"]) == ("fiscal_year", 2026, "令和8年度までに")
    assert (found["quote"], found["value_max"], found["approximate"], found["each_year"]) == (GOAL.rstrip("。"), None, False, False)
    assert isinstance(found["doubts"], list)


def test_a_goal_text_is_read_from_standard_input(goal_file, standard_input):
    standard_input(GOAL.encode())
    assert parse() == parse(goal_file)


def test_a_text_without_a_commitment_prints_an_empty_list(standard_input):
    standard_input("以下を参照。".encode())
    assert json.loads(parse()) == []


def test_of_json_lines_each_gives_a_list_on_a_line_of_its_own(standard_input):
    texts = [GOAL, "以下を参照。", f"①{GOAL}\n②船員の育成を目指す。", ""]
    standard_input("".join(json.dumps(text) + "\n" for text in texts).encode())
    lines = parse("--jsonl").splitlines()
    assert [len(json.loads(line)) for line in lines] == [1, 0, 2, 0]


def test_json_lines_come_from_a_file_too(tmp_path):
    (tmp_path / "goals.jsonl").write_text(json.dumps(GOAL, ensure_ascii=False), encoding="utf-8")
    assert len(json.loads(parse("--jsonl", tmp_path / "goals.jsonl"))) == 1


def test_half_a_character_in_a_json_string_does_not_stop_it(standard_input):
    standard_input(b'"\\ud83d' + GOAL.encode() + b'"\n"' + GOAL.encode() + b'"\n')
    printed = parse("--jsonl")
    assert len(printed.encode("utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        (f'"{GOAL}"\n{GOAL}\n', "Line 2, column 1"),
        (f'"{GOAL}"\n"{GOAL}\n', "Line 2"),
        (f'{{"text": "{GOAL}"}}\n', "Line 1, column 1"),
        ("[]\n", "Line 1"),
        ("12\n", "Line 1"),
        ("null\n", "Line 1"),
    ],
)
def test_a_line_that_is_no_json_string_is_refused_by_its_number_before_anything_is_printed(standard_input, lines, place, english):
    standard_input(lines.encode())
    out = StringIO()
    with pytest.raises(CommandError, match=place):
        call_command("parse_goal_text", "--jsonl", stdout=out)
    assert out.getvalue() == ""


@pytest.mark.parametrize("content", [b"", GOAL.encode("cp932"), b"\0"], ids=["empty", "Shift_JIS", "binary"])
def test_a_text_that_cannot_be_read_is_refused_in_words(standard_input, content):
    standard_input(content)
    with pytest.raises(CommandError):
        parse()


def test_a_goal_file_that_is_missing_is_refused_in_words(tmp_path):
    with pytest.raises(CommandError, match=r"missing\.txt"):
        parse(tmp_path / "missing.txt")


def test_every_key_is_one_of_a_reading():
    assert set(KEYS) <= set(Reading.__dataclass_fields__)
