"""Goal texts read into commitments.

The cases of goal_texts.jsonl and goal_texts_of_ministries.jsonl were written by people who had not seen the code. Where
SEIKA_SOURCE_DOCUMENT and SEIKA_RS_DATA name the documents, whole documents are held against what is known of them.
"""

import importlib.util
import json
import os
import time
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.choices import Doubt, Kind
from kpis.importers.pr_document.extract import Reading, read
from kpis.measures import normal_unit

HERE = Path(__file__).parent
KEYS = [
    "label",
    "term",
    "quote",
    "indicator",
    "kind",
    "comparator",
    "approximate",
    "value",
    "value_max",
    "unit",
    "accumulation",
    "each_year",
    "deadline_kind",
    "deadline_year",
    "deadline_offset_years",
    "deadline_text",
    "doubts",
]


def told(text):
    return [json.loads(json.dumps(reading.as_dict())) for reading in read(text)]


def only(text):
    (reading,) = read(text)
    return reading


# --- Cases of others ----------------------------------------------------------------------------------------------------------------

# Why a text is not read as expected, by words that it alone holds.
NOT_READ = {
    "週労働時間60時間以上の雇用者の割合を５％とする": "that fewer long hours are better is nowhere said",
    "半減させる（489万トン→273万トン）": "one goal said twice, as a half and as the amounts in brackets",
    "鉄道209億トンキロ、海運389億トンキロ": "a unit that is no counter of ours, twice",
    "平均76.5%\n目標年度：平成31年度": "the deadline stands in brackets that are never closed, behind the ground of the value",
    "10%以上（当面5％）": "a value for the time being, in brackets",
    "前年度実績以下に抑制する": "a comparator without a figure is no quantitative target",
    "※平成27年度末までのできるだけ早い時期": "notes are not read, and the deadline stands in one",
    "すべての市町村において個別避難計画": "all of them, without a figure",
    "約２／３が": "a fraction with a slash is no figure",
}


def cases(name):
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [pytest.param(case["text"], case["expected"], marks=marks_of(case["text"])) for case in map(json.loads, lines)]


def marks_of(text):
    return [pytest.mark.xfail(strict=True, reason=reason) for words, reason in NOT_READ.items() if words in text]


def agrees(expected, reading):
    """Whether the reading has all that is expected of it; what is not given is left open."""
    given_keys = {key: value for key, value in expected.items() if key != "contains"}
    same = {
        key: normal_unit(reading[key]) == normal_unit(value) if key == "unit" else reading[key] == value
        for key, value in given_keys.items()
    }
    return expected.get("contains", "") in reading["quote"] and all(same.values())


@pytest.mark.parametrize(("text", "expected"), cases("goal_texts.jsonl"))
def test_a_goal_text_is_read_exactly(text, expected):
    readings = told(text)
    assert len(readings) == len(expected)
    for one, reading in zip(expected, readings, strict=True):
        assert agrees(one, reading), (one, reading)


@pytest.mark.parametrize(("text", "expected"), cases("goal_texts_of_ministries.jsonl"))
def test_the_figures_of_any_ministrys_goal_text_are_read(text, expected):
    readings = told(text)
    quantitative = [reading for reading in readings if reading["kind"] == "quantitative"]
    stated = [one for one in expected if one.get("kind", "quantitative") == "quantitative"]
    assert len(quantitative) == len(stated), quantitative
    for one, reading in zip(stated, quantitative, strict=True):
        assert agrees(one, reading), (one, reading)
    assert stated or not expected or readings


# --- Indicator, accumulation, doubts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "indicator"),
    [
        ("令和7年度までに、また商談件数を3件とする。", "商談件数"),
        ("令和13年度の出荷額を3億円とする。", "出荷額"),
        ("港の整備を通じて、利用率を3%とする。", "利用率"),
        ("サービスを通じて成約した件数を3件とする。", "サービスを通じて成約した件数"),
        ("令和7年度までに3件の事業モデルの創出を目指す。", "事業モデルの創出件数"),
        ("国際標準化を3件実現する。", "国際標準化の実現件数"),
        ("支援した企業の3割が目標を達成することを目指す。", "支援した企業のうち目標を達成する割合"),
        ("温室効果ガス排出量を3%削減する。", "温室効果ガス排出量の削減率"),
        ("付加価値額が3%以上向上する。", "付加価値額の向上率"),
        ("総売上額が総予算投入額の150%となる。", "総売上額の総予算投入額に対する割合"),
        ("会合及び委員会をそれぞれ毎年1回開催する。", "会合の開催回数"),
        ("「課題がない」と考える者の割合を3%とする。", "「課題がない」と考える者の割合"),
        ("インターネット回答率を、令和7年調査において50%程度に向上させる。", "インターネット回答率"),
        ("効果が認められたもの:3件", "効果が認められたもの"),
    ],
)
def test_the_indicator_is_a_noun_phrase_of_the_texts_words(text, indicator):
    assert read(text)[0].indicator == indicator


@pytest.mark.parametrize("text", ["令和6年度に15万件を目指す。", "実現に向けた、3件を目指す。", "3以上の領域で開発を目指す。"])
def test_an_indicator_is_blank_rather_than_wrong_and_in_doubt(text):
    assert only(text).indicator == ""
    assert Doubt.INDICATOR_NOT_READ in only(text).doubts


def test_figures_for_two_years_share_their_indicator():
    assert [reading.indicator for reading in read("輸出額を令和7年に2兆円、令和12年に5兆円とする。")] == ["輸出額", "輸出額"]


@pytest.mark.parametrize(
    ("text", "indicator"),
    [
        ("短期的には、統計を公表することを目指す。", "統計の公表"),
        ("国際的な信頼の確保に寄与する。", "国際的な信頼の確保への寄与"),
        ("産業の発展を目指します。", "産業の発展"),
    ],
)
def test_an_aim_without_a_figure_is_named_by_its_words(text, indicator):
    assert (only(text).kind, only(text).indicator) == (Kind.QUALITATIVE, indicator)


@pytest.mark.parametrize(
    ("text", "accumulation", "assumed"),
    [
        ("累計で3件とする。", "running_total", False),
        ("割合を3%とする。", "level", False),
        ("毎年度、商談件数を3件とする。", "level", False),
        ("出荷額及び販売額（合計）を3億円とする。", "level", False),
        ("違反件数を0件まで減らす。", "level", False),
        ("違反件数を0件とする。", "level", True),
        ("ガイドラインを3件策定する。", "running_total", True),
        ("採択（9件目）を目指す。", "running_total", True),
        ("共同開発の実施件数を3件とする。", "level", True),
        ("商談件数を3件とする。", "level", True),
    ],
)
def test_the_accumulation_is_assumed_unless_the_words_rule_it_out(text, accumulation, assumed):
    assert (only(text).accumulation, Doubt.ACCUMULATION_ASSUMED in only(text).doubts) == (accumulation, assumed)


@pytest.mark.parametrize(
    ("text", "comparator"),
    [
        ("利用率を3%とする。", "at_least"),
        ("平均日数を3日とする。", "at_most"),
        ("犯罪の検挙率を3%とする。", "at_least"),
        ("排出量を3%削減する。", "at_least"),
        ("排出量を3トンに削減する。", "at_most"),
        ("在庫を3件まで減らす。", "at_most"),
        ("違反件数をゼロとする。", "at_most"),
    ],
)
def test_less_is_better_where_the_words_say_so(text, comparator):
    assert only(text).comparator == comparator


def test_a_value_that_cannot_be_stored_is_a_doubt():
    reading = only("登録件数を" + "9" * 40 + "件とする。")
    assert (reading.value, Doubt.DOES_NOT_FIT in reading.doubts) == (None, True)


def test_a_sentence_that_goes_on_keeps_the_term():
    assert [reading.term for reading in read("短期的には商談を3件とする。また、成約を5件とする。")] == ["short", "short"]


# --- as_dict ------------------------------------------------------------------------------------------------------------------------


def test_as_dict_tells_the_keys_of_the_interface():
    assert list(Reading(quote="3件").as_dict()) == KEYS


@pytest.mark.parametrize(
    ("text", "value", "value_max"),
    [("7.50%とする。", "7.5", None), ("400件とする。", "400", None), ("60～70件とする。", "60", "70"), ("海外展開を目指す。", None, None)],
)
def test_as_dict_tells_figures_as_decimals_without_trailing_zeros(text, value, value_max):
    (reading,) = told("割合を" + text)
    assert (reading["value"], reading["value_max"]) == (value, value_max)


def test_as_dict_tells_the_year_of_a_stated_day():
    (reading,) = told("令和8年3月31日までに3件とする。")
    assert (reading["deadline_kind"], reading["deadline_year"]) == ("date", 2026)


def test_as_dict_tells_doubts_as_a_list():
    assert told("商談件数を3件とする。")[0]["doubts"] == ["accumulation_assumed"]


# --- Any text -----------------------------------------------------------------------------------------------------------------------

PIECES = [
    *"()（）「」【】。、・①②%～→※\n \t\0\x01\u3000\ud800",
    *(
        "3件",
        "1億5,000万円",
        "10%以上",
        "60～70件",
        "半減",
        "4分の1",
        "三割",
        "9" * 30,
        "1E9",
        "5G",
        "0.1",
        "9999年",
        "99年間",
        "令和99年度に",
    ),
    *(
        "令和7年度までに",
        "令和5年度から令和8年度の",
        "毎年度、",
        "事業終了後5年以内に",
        "採択後3年目までに",
        "令和8年2月30日までに",
        "2030年",
    ),
    *(
        "短期的には、",
        "最終的には",
        "また、",
        "以下を目指す。",
        "(1)",
        "【令和4年度】",
        "- ",
        "割合を",
        "企業の",
        "のうち",
        "A及びBをそれぞれ",
    ),
    *("とする", "を目指す", "し、", "により、", "削減", "を超える", "の創出", "が", "累計", "①", "事業であり、", "こと"),
]
ANY_TEXT = st.one_of(
    st.text(),
    st.text(alphabet=st.characters()),  # lone surrogates among them
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
)


@given(ANY_TEXT)
@settings(max_examples=300, deadline=None)
def test_any_text_is_read(text):
    for reading in read(text):
        start, end = reading.places
        assert text[start:end].replace("\n", "") == reading.quote
        assert reading.quote
        assert all(0 <= first < last <= len(text) for first, last in reading.marks.values())
        assert list(json.loads(json.dumps(reading.as_dict()))) == KEYS


@pytest.mark.parametrize(
    "piece",
    [
        *("1", "(", ")", "()", "1.", "1件、", "1kg/1kg", "(3件)", "年", "から", "の", "、", "と", "し、", " ", "\n", "A及びBをそれぞれ3件"),
        *(
            "令和7年度",
            "支援から5年後に",
            "毎年度、3件",
            "【令和4年度】\n",
            "以下を目指す。\n",
            "また、3件を目指す。",
            "①あを3件\n",
            "3件に",
        ),
    ],
)
def test_a_long_text_of_any_kind_is_read_at_once(piece):
    text = "3件" + (piece * 50_000)[:50_000] + "を3件とする。"
    begun = time.perf_counter()
    read(text)
    assert time.perf_counter() - begun < 8  # about 1 where nothing else runs; minutes where it were quadratic


# --- Whole documents ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def benchmark():
    """benchmarks/extraction.py, which holds readings against what is known of documents."""
    path = Path(__file__).parents[3] / "benchmarks" / "extraction.py"
    spec = importlib.util.spec_from_file_location("extraction", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def needs(name):
    if not os.environ.get(name):
        pytest.skip(f"{name} is not set")


def share(figures, name):
    right, of = figures[name]
    assert of
    return right / of


def test_the_targets_of_the_source_document_are_found(benchmark):
    needs("SEIKA_SOURCE_DOCUMENT")
    found = benchmark.of_source_document([])
    assert share(found, "precision (value, unit, comparator)") >= 0.95
    assert share(found, "recall (value, unit, comparator)") >= 0.90
    for name in ("deadline", "term", "accumulation", "each year", "label"):
        assert share(found, f"{name}, of those found") >= 0.95


def test_every_quote_stands_at_its_lines_of_the_source_document(benchmark):
    needs("SEIKA_SOURCE_DOCUMENT")
    lines = Path(os.environ["SEIKA_SOURCE_DOCUMENT"]).read_text(encoding="utf-8").split("\n")
    quotes = count()
    for passage in benchmark.rows("05_passages.json"):
        if passage["part"] != "goal":
            continue
        section = lines[passage["line_from"] - 1 : passage["line_to"]]
        text = "\n".join(section)
        for reading in read(text):
            first, last = (text.count("\n", 0, place) for place in reading.places)
            assert reading.quote in "".join(section[first : last + 1])
            next(quotes)
    assert next(quotes) > 200


def test_the_targets_of_another_years_sheets_are_found(benchmark):
    needs("SEIKA_RS_DATA")
    found = benchmark.of_sheets([])
    assert share(found, "stated values right") >= 0.85
    assert share(found, "stated years right") >= 0.95
    assert share(found, "proposals per target") <= 1.5
