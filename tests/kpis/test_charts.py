"""Geometry of the drawings: scales, the chart of a target, bars of a budget, the chain of targets. Every place is worked out by hand."""

from decimal import Decimal as D

import pytest

from budget.fiscal import fiscal_year_name
from kpis import charts
from kpis.charts import Figure, Terms
from kpis.choices import Comparator, Kind

AT_LEAST_60 = Terms(kind=Kind.QUANTITATIVE, comparator=Comparator.AT_LEAST, value=D(60), due_fy=2025)


def terms(**more) -> Terms:
    return Terms(**{"kind": Kind.QUANTITATIVE, "comparator": Comparator.AT_LEAST, "value": D(60), "due_fy": 2025} | more)


# --- Scales -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "step"),
    [
        ("5", "1"),
        ("5.1", "2"),
        ("10", "2"),
        ("10.5", "5"),
        ("25", "5"),
        ("26", "10"),
        ("1", "0.2"),
        ("0.0001", "0.00002"),
        ("99999999999", "20000000000"),
    ],
)
def test_step_is_the_smallest_round_one_that_makes_at_most_five_intervals(span, step):
    assert charts.round_step(D(span)) == D(step)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([], ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (["0"], ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (["60"], ["0", "20", "40", "60"]),
        (["-60"], ["-60", "-40", "-20", "0"]),
        (["20", "52", "60"], ["0", "20", "40", "60"]),  # 0 costs a third of the height
        (["50", "75"], ["50", "55", "60", "65", "70", "75"]),  # 0 would cost two thirds
        (["25", "50"], ["0", "10", "20", "30", "40", "50"]),  # and here just half
        (["-50", "-25"], ["-50", "-40", "-30", "-20", "-10", "0"]),
        (["-75", "-50"], ["-75", "-70", "-65", "-60", "-55", "-50"]),
        (["-1.5", "4.25"], ["-2", "0", "2", "4", "6"]),
        (["0.0001", "0.0003"], ["0", "0.0001", "0.0002", "0.0003"]),
        (["0", "99999999999.9999"], ["0", "20000000000", "40000000000", "60000000000", "80000000000", "100000000000"]),
        (["99999999999.9998", "99999999999.9999"], [f"99999999999.9998{n}" for n in ("0", "2", "4", "6", "8")] + ["99999999999.9999"]),
    ],
)
def test_ticks_are_round_and_enclose_the_values(values, ticks):
    assert charts.round_ticks(D(value) for value in values) == [D(tick) for tick in ticks]


def test_figure_is_laid_on_its_scale_to_the_nearest_unit():
    scale = charts.Scale(D(0), D(60), 300, 48)

    # 252 units for 60: 4.2 for each.
    assert [scale.at(D(value)) for value in ("0", "60", "30", "20", "1", "-10")] == [300, 48, 174, 216, 296, 342]


# --- The chart of one target ------------------------------------------------------------------------------------------------------


def test_results_are_drawn_at_their_years_and_values():
    chart = charts.target_chart(AT_LEAST_60, [Figure(2022, D(30)), Figure(2023, D(45), preliminary=True)], {})

    # The scale of values has labels of two digits: it begins at 24 + 2 × 8 = 40. From there to 616 lie four years, each 144 wide.
    assert chart.left == 40
    assert [(tick.at, tick.label, tick.below) for tick in chart.years] == [
        (112, "令和4", "2022"),
        (256, "令和5", "2023"),
        (400, "令和6", "2024"),
        (544, "令和7", "2025"),
    ]
    # From 0 at 300 to 60 at 48.
    assert [(tick.at, tick.label) for tick in chart.values] == [(300, "0"), (216, "20"), (132, "40"), (48, "60")]
    assert [(p.x, p.y, p.label, p.preliminary) for p in chart.results] == [(112, 174, "30", False), (256, 111, "45", True)]
    assert [(line.y, line.label) for line in chart.goal] == [(48, "60")]
    assert chart.deadline == 544
    assert chart.deadline_is_right
    assert chart.begins_at_zero
    assert (chart.has_final, chart.has_preliminary) == (True, True)


def test_results_are_joined_only_from_one_year_to_the_next():
    chart = charts.target_chart(AT_LEAST_60, [Figure(2021, D(30)), Figure(2022, D(45)), Figure(2024, D(50))], {})

    ((x1, x2),) = [(step.x1, step.x2) for step in chart.steps]
    assert (x1, x2) == (chart.results[0].x, chart.results[1].x)


def test_path_is_the_straight_line_where_no_milestone_stands():
    chart = charts.target_chart(terms(baseline_value=D(20), baseline_year=2021), [], {})

    # Five years from 40 to 616, 115.2 each: 2021 at 40 + 57.6, 2025 at 616 - 57.6. 20 lies at 300 - 84.
    assert chart.path_is_straight
    assert chart.path == [(98, 216), (558, 48)]
    assert chart.path_points == "98,216 558,48"
    assert (chart.baseline.x, chart.baseline.y) == (98, 216)


def test_path_goes_in_steps_from_milestone_to_milestone_and_on_to_the_end():
    chart = charts.target_chart(terms(baseline_value=D(0), baseline_year=2021), [], {2022: D(20), 2024: D(40)})

    # 2021 to 2025: 98, 213, 328, 443, 558. 20 at 216, 40 at 132.
    assert not chart.path_is_straight
    assert chart.path == [(213, 216), (443, 216), (443, 132), (558, 132)]
    assert [(point.x, point.y) for point in chart.milestones] == [(213, 216), (443, 132)]


@pytest.mark.parametrize(
    "more",
    [
        {"comparator": Comparator.WITHIN, "value_max": D(70)},
        {"each_year": True},
        {"baseline_year": 2025},
        {"baseline_year": 2026},
        {"due_fy": None},
    ],
    ids=str,
)
def test_no_path_is_drawn_where_the_status_has_none(more):
    chart = charts.target_chart(terms(**{"baseline_value": D(20), "baseline_year": 2021} | more), [Figure(2023, D(30))], {})

    assert chart.path == []
    assert [row.path for row in chart.rows] == [None] * len(chart.rows)
    assert [row.short for row in chart.rows if row.result is not None] == [None]


def test_range_has_a_line_at_each_end():
    chart = charts.target_chart(terms(comparator=Comparator.WITHIN, value=D(20), value_max=D(40)), [Figure(2025, D(60))], {})

    assert [(line.y, line.label) for line in chart.goal] == [(216, "20"), (132, "40")]
    assert [row.meets for row in chart.rows] == [False]


def test_grades_stand_with_the_best_at_the_top():
    chart = charts.target_chart(Terms(kind=Kind.QUALITATIVE, due_fy=2025), [Figure(2023, D(4)), Figure(2024, D(2))], {})

    # Four intervals of 63 between 48 and 300.
    assert [(tick.at, tick.label) for tick in chart.values] == [(48, "1"), (111, "2"), (174, "3"), (237, "4"), (300, "5")]
    assert [(line.y, line.label) for line in chart.goal] == [(111, "2")]
    assert [(point.y, point.label) for point in chart.results] == [(237, "4"), (111, "2")]
    assert [(row.year, row.meets) for row in chart.rows] == [(2023, False), (2024, True), (2025, None)]
    assert chart.begins_at_zero  # a scale of grades needs no 0, and no word on it


def test_negative_figures_are_drawn_below_zero():
    chart = charts.target_chart(terms(comparator=Comparator.AT_MOST, value=D("-2"), baseline_value=D(2), baseline_year=2023), [], {})

    # -2, -1, 0, 1, 2: 63 apart.
    assert [(tick.at, tick.label) for tick in chart.values] == [(300, "-2"), (237, "-1"), (174, "0"), (111, "1"), (48, "2")]
    assert chart.path[0][1] == 48
    assert chart.path[1][1] == 300


def test_one_point_alone_stands_in_the_middle():
    chart = charts.target_chart(terms(due_fy=None), [Figure(2024, D(60))], {})

    assert [(point.x, point.y) for point in chart.results] == [(328, 48)]  # half way from 40 to 616
    assert chart.deadline is None
    assert chart.steps == []


def test_deadline_without_any_result_is_drawn():
    chart = charts.target_chart(AT_LEAST_60, [], {})

    assert chart.results == []
    assert chart.deadline == 328
    assert [(row.year, row.result, row.is_due) for row in chart.rows] == [(2025, None, True)]


def test_nothing_is_drawn_of_a_target_without_any_year():
    assert charts.target_chart(terms(due_fy=None), [], {}) is None
    assert charts.target_chart(terms(each_year=True), [], {}) is None


def test_each_year_has_no_deadline_but_its_results():
    chart = charts.target_chart(terms(each_year=True, due_fy=2032), [Figure(2024, D(59)), Figure(2025, D(60))], {})

    assert chart.deadline is None
    assert [(row.year, row.meets, row.is_due) for row in chart.rows] == [(2024, False, False), (2025, True, False)]


@pytest.mark.parametrize("value", ["99999999999.9999", "0.0001", "-99999999999.9999", "-0.0001", "0"])
def test_figures_of_any_size_stay_inside_the_chart(value):
    chart = charts.target_chart(terms(value=D(value)), [Figure(2024, D(value)), Figure(2025, D(0))], {2023: D(value)})

    for point in (*chart.results, *chart.milestones):
        assert chart.left < point.x < chart.right
        assert chart.top <= point.y <= chart.bottom
    assert len(chart.values) <= 7
    assert chart.left >= 24 + 8 * max(len(tick.label) for tick in chart.values)


def test_of_many_years_as_many_are_labelled_as_have_room():
    chart = charts.target_chart(terms(due_fy=2050), [Figure(year, D(30)) for year in range(1990, 2024)], {})

    # 576 units have room for 9 labels of 58; of 61 years every seventh is labelled: 1990, 1997, ... 2046.
    assert [tick.below for tick in chart.years] == [str(year) for year in range(1990, 2051, 7)]
    assert all(b.at - a.at >= 58 for a, b in zip(chart.years, chart.years[1:], strict=False))
    assert not chart.labels_fit  # 576 / 61 is less than two digits need


def test_scale_that_does_not_begin_at_zero_says_so():
    chart = charts.target_chart(terms(value=D(75)), [Figure(2024, D(60))], {})

    assert not chart.begins_at_zero


def test_number_of_a_result_gives_way_to_its_milestone():
    results = [Figure(2022, D(0)), Figure(2023, D(38)), Figure(2024, D(50))]
    _first, low, high = charts.target_chart(AT_LEAST_60, results, {2023: D(40), 2024: D(40)}).results

    # 40 lies at 132; 38 at 140.4, so that its number would stand on the milestone; 50 at 90.
    assert (low.y, low.label_y) == (140, 162)
    assert (high.y, high.label_y) == (90, 77)


def test_number_of_a_result_stays_above_the_years():
    (result,) = charts.target_chart(AT_LEAST_60, [Figure(2023, D(0))], {2023: D(0)}).results

    # 0 lies at 300, on the line of the years: below it their labels begin.
    assert (result.y, result.label_y) == (300, 287)


def test_rows_tell_path_and_verdict_by_the_milestone_in_force():
    rows = charts.chart_rows(AT_LEAST_60, [Figure(2021, D(10)), Figure(2023, D(20)), Figure(2024, D(39))], {2022: D(20), 2024: D(40)})

    assert [(row.year, row.result, row.milestone, row.path, row.meets, row.short) for row in rows] == [
        (2021, D(10), None, None, False, None),  # before the first milestone there is no path
        (2022, None, D(20), D(20), None, None),
        (2023, D(20), None, D(20), False, False),  # equal is on the path
        (2024, D(39), D(40), D(40), False, True),
        (2025, None, None, D(40), None, None),
    ]


def test_straight_line_is_told_by_a_figure_that_judges_as_it_does():
    # A third of the way from 0 to 100: 33.33…, told as about 33.3334. 33 is short of it.
    given = terms(value=D(100), baseline_value=D(0), baseline_year=2022)
    rows = charts.chart_rows(given, [Figure(2023, D(33)), Figure(2024, D(67))], {})

    assert [(row.year, row.path, row.path_is_rounded, row.short) for row in rows] == [
        (2022, None, False, None),
        (2023, D("33.3334"), True, True),
        (2024, D("66.6667"), True, False),
        (2025, D(100), False, None),
    ]
    assert rows[0].is_baseline


# --- Bars -------------------------------------------------------------------------------------------------------------------------


def test_bars_are_as_long_as_their_amounts():
    chart = charts.bars([50, 0, None, 100], lambda tick: f"{tick:f}円")

    # 100 is 380 - 164 = 216 long.
    assert [bar.length for bar in chart.bars] == [108, 0, None, 216]
    assert [bar.y for bar in chart.bars] == [48, 94, 140, 186]
    # Ticks at 0, 20, ... 100: every second has a label.
    assert [(tick.at, tick.label) for tick in chart.ticks] == [(164, "0円"), (250, "40円"), (337, "80円")]
    assert chart.height == 34 + 4 * 46 + 8


@pytest.mark.parametrize("year", [1989, 2019, 2028])
def test_year_of_a_bar_has_room_before_it(year):
    # It ends 10 before the bars; half-width letters are about 7 wide, and the others twice as wide.
    assert charts.bars([1], str).left - 10 >= 7 * charts.letter_width(fiscal_year_name(year))


@pytest.mark.parametrize("amounts", [[], [None]])
def test_no_bars_are_drawn_where_no_amount_is_known(amounts):
    assert charts.bars(amounts, str) is None


def test_amounts_of_zero_alone_have_bars_without_length():
    assert [bar.length for bar in charts.bars([0], str).bars] == [0]


# --- The chain of targets ---------------------------------------------------------------------------------------------------------


def places(model) -> dict:
    """Column and row of each node, counted from 0: a column is 248 wide from 22 on, a row 188 high from 40 on."""
    return {node.key: ((node.x - 22) / 248, (node.y - 40) / 188) for node in model.nodes}


def told(items) -> list[str]:
    """The nested list, each line behind its depth."""
    lines, depth = [], 0
    for item in items:
        lines.append(f"{'-' * depth}{item.key}{' again' if item.again else ''}")
        depth += item.opens - len(item.closes)
    assert depth == 0  # every list that opens is closed
    return lines


def test_output_is_one_whatever_its_term():
    assert charts.column_of("output", "long") == "output"
    assert charts.column_of("outcome", "mid") == "mid"


def test_chain_stands_in_its_columns_side_by_side():
    model = charts.logic_model(
        {"o": "output", "s": "short", "m": "mid", "l": "long", "u": "unstated"}, [("o", "s"), ("s", "m"), ("m", "l")]
    )

    assert [tick.label for tick in model.columns] == ["output", "short", "mid", "long", "unstated"]
    assert places(model) == {"o": (0, 0), "s": (1, 0), "m": (2, 0), "l": (3, 0), "u": (4, 0)}
    assert (model.width, model.height) == (5 * 248, 40 + 188)
    # From the right side of a box (22 + 204) to the left one of the next (22 + 248), at half its height (40 + 80).
    assert model.arrows[0] == "M226,120 C248,120 248,120 270,120"


def test_column_without_targets_is_left_out():
    model = charts.logic_model({"o": "output", "l": "long"}, [("o", "l")])

    assert [tick.label for tick in model.columns] == ["output", "long"]
    assert places(model) == {"o": (0, 0), "l": (1, 0)}


def test_target_stands_beside_what_leads_to_it():
    keys = {f"o{n}": "output" for n in range(5)} | {"b": "short", "a": "short", "alone": "short"}
    model = charts.logic_model(keys, [("o3", "b"), ("o4", "b"), ("o0", "a"), ("o2", "a")])

    # a: half way from row 0 to row 2; b: from 3 to 4, cut; what follows from nothing comes after them.
    assert {key: places(model)[key][1] for key in ("a", "b", "alone")} == {"a": 1, "b": 3, "alone": 4}


def test_no_two_targets_share_a_place():
    keys = {n: ("output", "short", "mid", "long", "unstated")[n % 5] for n in range(200)}
    links = [(a, b) for a in range(0, 200, 3) for b in range(0, 200, 7)]
    model = charts.logic_model(keys, links)

    assert len(set(places(model).values())) == 200
    assert max(node.y for node in model.nodes) + 160 <= model.height


def test_link_past_a_column_runs_between_the_rows():
    model = charts.logic_model({"o": "output", "s": "short", "l": "long"}, [("o", "l")])

    # Below row 0: 40 + 160 + 14. Then up to the left side of the third column, 22 + 2 × 248.
    assert model.arrows == ["M226,120 L248,214 L496,214 L518,120"]


def test_link_backwards_leaves_on_the_left_and_arrives_on_the_right():
    model = charts.logic_model({"o": "output", "s": "short"}, [("s", "o")])

    assert model.arrows == ["M270,120 L248,214 L248,214 L226,120"]


def test_link_within_a_column_bends_out_of_it():
    model = charts.logic_model({"a": "short", "b": "short"}, [("a", "b")])

    assert model.arrows == ["M226,120 C248,120 248,308 226,308"]


def test_targets_without_links_are_a_plain_list():
    model = charts.logic_model({"a": "short", "b": "short"}, [])

    assert model.arrows == []
    assert told(model.items) == ["a", "b"]


def test_no_targets_are_an_empty_drawing():
    model = charts.logic_model({}, [])

    assert (model.nodes, model.arrows, model.items, model.columns) == ([], [], [], [])


def test_link_out_of_the_chain_and_one_told_twice_are_not_drawn():
    model = charts.logic_model({"a": "short", "b": "mid"}, [("a", "b"), ("a", "b"), ("a", "withdrawn"), ("withdrawn", "b"), ("a", "a")])

    assert len(model.arrows) == 1
    assert told(model.items) == ["a", "-b"]


def test_list_unfolds_what_is_reached_twice_once():
    items = charts.nested("abcd", [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])

    assert told(items) == ["a", "-b", "--d", "-c", "--d again"]


def test_circle_ends():
    model = charts.logic_model({"a": "short", "b": "mid", "c": "long"}, [("a", "b"), ("b", "c"), ("c", "a")])

    assert told(model.items) == ["a", "-b", "--c", "---a again"]
    assert len(model.arrows) == 3


def test_circle_beside_a_chain_is_told_too():
    assert told(charts.nested("abcd", [("a", "b"), ("c", "d"), ("d", "c")])) == ["a", "-b", "c", "-d", "--c again"]


def test_chain_of_any_depth_is_told():
    items = charts.nested(range(5000), [(n, n + 1) for n in range(4999)])

    assert len(items) == 5000
    assert len(items[-1].closes) == 4999


# --- Words in a drawing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "width", "lines", "found"),
    [
        ("採択件数", 8, 2, ["採択件数"]),
        ("採択件数の合計", 8, 2, ["採択件数", "の合計"]),
        ("採択件数の合計と割合", 8, 2, ["採択件数", "の合計…"]),
        ("採択件数の合計と割合", 8, 1, ["採択件…"]),
        ("companies that grew", 10, 3, ["companies", "that grew"]),
        ("CO2排出量", 6, 2, ["CO2排", "出量"]),
        ("incomprehensible", 6, 2, ["incomp", "rehe…"]),
        ("", 6, 2, []),
        ("採", 1, 1, ["採"]),
    ],
)
def test_text_is_wrapped_by_the_width_of_its_letters(text, width, lines, found):
    assert charts.wrapped(text, width, lines) == found
