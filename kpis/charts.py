"""The geometry of what is drawn: the chart of a target, the bars of a budget, the chain of a programme's targets.

Figures go in, whole units of the drawing's own measure come out, from the left and from the top; a small template draws them. A scale has
round ticks (1, 2 or 5 times a power of ten) in exact decimals, so that no figure is bent before it is drawn. What is drawn stands in the
rows beside it too: a drawing decides nothing and shows nothing that its table does not tell.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Generic, TypeVar

from budget.fiscal import fiscal_year_in_two_lines
from kpis import measures
from kpis.choices import Comparator, Grade, Kind, Level, Term

Key = TypeVar("Key", bound=Hashable)

LETTER = 8  # the width of a digit in the drawings' type
BEST_INTERVALS = 5  # between the ticks of a scale


# --- Scales --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tick:
    """A place on a scale and what is written there, of a year in a second line its western number."""

    at: int
    label: str
    below: str = ""


@dataclass(frozen=True)
class Scale:
    """Figures from `low` to `high`, laid on a line from `start` to `end`."""

    low: Decimal
    high: Decimal
    start: int
    end: int

    def at(self, value: Decimal | int) -> int:
        """The place of a figure, to the nearest unit."""
        return int((self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)).quantize(Decimal(1), ROUND_HALF_UP))


def round_step(span: Decimal) -> Decimal:
    """The smallest of 1, 2 and 5 times a power of ten that divides a span above 0 into at most five intervals."""
    power = span.adjusted() - 1
    steps = (Decimal(digit).scaleb(power + more) for more in (0, 1, 2) for digit in (1, 2, 5))
    return next(step for step in steps if step * BEST_INTERVALS >= span)


def round_ticks(values: Iterable[Decimal]) -> list[Decimal]:
    """Round figures that enclose the values, evenly spaced, two at the least; from 0 to 1 where there is no value or 0 alone.

    0 is among them where it costs at most half of the height, so that lengths can be compared.
    """
    figures = list(values) or [Decimal(0)]
    low, high = min(figures), max(figures)
    if low == high:
        low, high = min(low, Decimal(0)), max(high, Decimal(0))
    if low == high:
        high = Decimal(1)
    if 0 < low <= high - low:
        low = Decimal(0)
    if 0 > high >= low - high:
        high = Decimal(0)
    step = round_step(high - low)
    first, last = (low / step).to_integral_value(ROUND_FLOOR), (high / step).to_integral_value(ROUND_CEILING)
    return [step * number for number in range(int(first), int(last) + 1)]


# --- The chart of one target ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """What a target commits to, as far as it is drawn. A qualitative target has no value: its grades 1 and 2 meet it."""

    kind: str
    comparator: str = ""
    value: Decimal | None = None
    value_max: Decimal | None = None
    baseline_value: Decimal | None = None
    baseline_year: int | None = None
    due_fy: int | None = None
    each_year: bool = False

    @property
    def deadline_year(self) -> int | None:
        """None where each year is judged on its own."""
        return None if self.each_year else self.due_fy


@dataclass(frozen=True)
class Figure:
    """An accepted result of a fiscal year: a value, or the number of a grade."""

    year: int
    value: Decimal
    preliminary: bool = False


@dataclass(frozen=True)
class Row:
    """What is known of one fiscal year. `path` is the figure that the year's result is held against on the way; `meets` and `short` say
    whether the result meets the target and whether it is short of the path, None where there is no result, or nothing to hold it against.
    """

    year: int
    result: Decimal | None = None
    preliminary: bool = False
    milestone: Decimal | None = None
    path: Decimal | None = None
    path_is_rounded: bool = False
    meets: bool | None = None
    short: bool | None = None
    is_baseline: bool = False
    is_due: bool = False


@dataclass(frozen=True)
class Point:
    """A figure on the chart; `label` is its number, written at `label_y`."""

    x: int
    y: int
    year: int
    label: str
    label_y: int
    preliminary: bool = False


@dataclass(frozen=True)
class Segment:
    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True)
class GoalLine:
    """The target's own line, at one end of a range or at its one value."""

    y: int
    label: str


@dataclass(frozen=True)
class TargetChart:
    """A chart of `width` by `height`, its figures between `left`, `right`, `top` and `bottom`, and the rows that tell the same."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    values: list[Tick]
    years: list[Tick]
    goal: list[GoalLine]
    results: list[Point]
    steps: list[Segment]  # from a result to that of the next year
    milestones: list[Point]
    baseline: Point | None
    path: list[tuple[int, int]]
    path_is_straight: bool
    deadline: int | None
    of_grades: bool
    begins_at_zero: bool
    rows: list[Row]

    @property
    def path_points(self) -> str:
        """The corners of the path as an SVG polyline wants them."""
        return " ".join(f"{x},{y}" for x, y in self.path)

    @property
    def deadline_is_right(self) -> bool:
        """Whether the deadline stands in the right half, so that its label runs to the left."""
        return self.deadline is not None and 2 * self.deadline > self.left + self.right

    @property
    def labels_fit(self) -> bool:
        """Whether each result has room for its number."""
        widest = LETTER * max((len(point.label) for point in self.results), default=0)
        return all(b.x - a.x >= widest for a, b in pairwise(self.results))

    @property
    def has_final(self) -> bool:
        return any(not point.preliminary for point in self.results)

    @property
    def has_preliminary(self) -> bool:
        return any(point.preliminary for point in self.results)


CHART_WIDTH, CHART_HEIGHT = 640, 352
CHART_TOP, CHART_BOTTOM, CHART_RIGHT = 48, 300, 616
LABEL_ROOM = 30  # above a figure
YEAR_WIDTH = 58  # what a label of a year needs
HALF_A_YEAR = Decimal("0.5")  # beside the first and the last


def target_chart(terms: Terms, results: Sequence[Figure], milestones: Mapping[int, Decimal]) -> TargetChart | None:
    """The chart of a target with its accepted results and its yearly milestones; None where no figure and no year can be drawn.

    A path is drawn where the status rule has one: from milestone to milestone in steps, else straight from the baseline to the target.
    There is none for a range, for grades, and where each year is judged on its own.
    """
    rows = chart_rows(terms, results, milestones)
    if not rows:
        return None
    of_grades = terms.kind == Kind.QUALITATIVE
    figures = [row.result for row in rows if row.result is not None] + list(milestones.values())
    figures += [value for value in (terms.value, terms.value_max, terms.baseline_value) if value is not None]
    ticks = [Decimal(grade) for grade in Grade.values] if of_grades else round_ticks(figures)
    labels = [_number(tick) for tick in ticks]
    left = 24 + LETTER * max(len(label) for label in labels)
    # The best grade has the lowest number, and stands at the top.
    ends = (CHART_TOP, CHART_BOTTOM) if of_grades else (CHART_BOTTOM, CHART_TOP)
    up = Scale(ticks[0], ticks[-1], *ends)
    first, last = rows[0].year, rows[-1].year
    along = Scale(first - HALF_A_YEAR, last + HALF_A_YEAR, left, CHART_RIGHT)

    def point(year: int, value: Decimal, preliminary: bool = False) -> Point:
        y = up.at(value)
        # Above the figure, but below it where the year's milestone stands there, and there is room above the years.
        milestone = up.at(milestones[year]) if year in milestones else None
        is_taken = milestone is not None and 0 <= y - milestone <= LABEL_ROOM
        return Point(along.at(year), y, year, _number(value), y + 22 if is_taken and y + 22 < CHART_BOTTOM else y - 13, preliminary)

    points = [point(row.year, row.result, row.preliminary) for row in rows if row.result is not None]
    path, straight = _path(terms, milestones, last)
    return TargetChart(
        width=CHART_WIDTH,
        height=CHART_HEIGHT,
        left=left,
        right=CHART_RIGHT,
        top=CHART_TOP,
        bottom=CHART_BOTTOM,
        values=[Tick(up.at(tick), label) for tick, label in zip(ticks, labels, strict=True)],
        years=_year_ticks(first, last, along),
        goal=[GoalLine(up.at(value), _number(value)) for value in _goal_values(terms)],
        results=points,
        steps=[Segment(a.x, a.y, b.x, b.y) for a, b in pairwise(points) if b.year == a.year + 1],
        milestones=[point(year, value) for year, value in sorted(milestones.items())],
        baseline=None if terms.baseline_year is None or terms.baseline_value is None else point(terms.baseline_year, terms.baseline_value),
        path=[(along.at(year), up.at(value)) for year, value in path],
        path_is_straight=straight,
        deadline=None if terms.deadline_year is None else along.at(terms.deadline_year),
        of_grades=of_grades,
        begins_at_zero=of_grades or Decimal(0) in ticks,
        rows=rows,
    )


def chart_rows(terms: Terms, results: Sequence[Figure], milestones: Mapping[int, Decimal]) -> list[Row]:
    """One row for each year of which something is known, by the year: results, milestones, baseline, deadline."""
    by_year = {result.year: result for result in results}
    known = {*by_year, *milestones, *(year for year in (terms.baseline_year, terms.deadline_year) if year is not None)}
    return [_row(terms, year, by_year.get(year), milestones) for year in sorted(known)]


def _row(terms: Terms, year: int, result: Figure | None, milestones: Mapping[int, Decimal]) -> Row:
    in_force = max((set_for for set_for in milestones if set_for <= year), default=None)
    has_path = _may_have_path(terms)
    path: Decimal | None = None
    path_is_rounded = False
    if has_path and milestones:
        path = None if in_force is None else milestones[in_force]
    elif has_path and (on_line := _on_line(terms, year)):
        path, path_is_rounded = on_line
    return Row(
        year=year,
        result=None if result is None else result.value,
        preliminary=bool(result and result.preliminary),
        milestone=milestones.get(year),
        path=path,
        path_is_rounded=path_is_rounded,
        meets=None if result is None else _meets(terms, result.value),
        short=None if result is None or path is None else _short(terms, result, path if milestones else None),
        is_baseline=year == terms.baseline_year,
        is_due=year == terms.deadline_year,
    )


def _meets(terms: Terms, value: Decimal) -> bool:
    if terms.kind == Kind.QUALITATIVE or terms.value is None:
        return measures.meets_grade(int(value))
    return measures.meets(terms.comparator, terms.value, terms.value_max, value)


def _short(terms: Terms, result: Figure, milestone: Decimal | None) -> bool | None:
    """By the milestone in force; without one by the straight line itself."""
    if milestone is not None:
        return measures.short_of(terms.comparator, milestone, result.value)
    assert terms.value is not None
    return measures.short_of_line(
        terms.comparator, terms.baseline_value, terms.baseline_year, terms.value, terms.due_fy, result.value, result.year
    )


def _may_have_path(terms: Terms) -> bool:
    return terms.kind == Kind.QUANTITATIVE and terms.comparator != Comparator.WITHIN and not terms.each_year


def _on_line(terms: Terms, year: int) -> measures.OnLine | None:
    return measures.on_line(terms.comparator, terms.baseline_value, terms.baseline_year, terms.value, terms.due_fy, year)


def _path(terms: Terms, milestones: Mapping[int, Decimal], last: int) -> tuple[list[tuple[int, Decimal]], bool]:
    """The corners of the path, (year, figure), and whether it is the straight line."""
    if not _may_have_path(terms):
        return [], False
    if milestones:
        corners: list[tuple[int, Decimal]] = []
        for year, value in sorted(milestones.items()):
            corners += [(year, corners[-1][1]), (year, value)] if corners else [(year, value)]
        return [*corners, (last, corners[-1][1])] if last > corners[-1][0] else corners, False
    if terms.baseline_year is None or terms.baseline_value is None or terms.due_fy is None or terms.value is None:
        return [], False
    if terms.baseline_year >= terms.due_fy:
        return [], False
    return [(terms.baseline_year, terms.baseline_value), (terms.due_fy, terms.value)], True


def _goal_values(terms: Terms) -> list[Decimal]:
    if terms.kind == Kind.QUALITATIVE:
        return [Decimal(Grade.MET)]
    return [value for value in (terms.value, terms.value_max) if value is not None]


def _year_ticks(first: int, last: int, along: Scale) -> list[Tick]:
    """As many years as have room for their labels, evenly spaced; the first and the last year known are the ends."""
    room = max((along.end - along.start) // YEAR_WIDTH, 1)
    every = -(-(last - first + 1) // room)
    return [Tick(along.at(year), *fiscal_year_in_two_lines(year)) for year in range(first, last + 1, every)]


def _number(value: Decimal) -> str:
    return measures.format_value(value, separators=True)


# --- The bars of a budget ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """One amount: where its bar begins and how long it is; `length` None where there is no amount."""

    y: int
    length: int | None


@dataclass(frozen=True)
class BarChart:
    """Horizontal bars from `left` on, one below the other, with a scale above them."""

    width: int
    height: int
    left: int
    top: int
    thickness: int
    bars: list[Bar]
    ticks: list[Tick]

    @property
    def bottom(self) -> int:
        return self.height - 8


BARS_WIDTH, BARS_LEFT, BARS_RIGHT, BARS_TOP = 520, 164, 380, 34
BAR_PITCH, BAR_THICKNESS = 46, 20


def bars(amounts: Sequence[int | None], label: Callable[[Decimal], str]) -> BarChart | None:
    """Bars of amounts of 0 or more, in their order; `label` words a tick. None where no amount is known."""
    known = [Decimal(amount) for amount in amounts if amount is not None]
    if not known:
        return None
    ticks = round_ticks([Decimal(0), *known])
    scale = Scale(ticks[0], ticks[-1], BARS_LEFT, BARS_RIGHT)
    # Three labels at most, so that long ones do not touch.
    shown = ticks[:: -(-len(ticks) // 3)]
    return BarChart(
        width=BARS_WIDTH,
        height=BARS_TOP + BAR_PITCH * len(amounts) + 8,
        left=BARS_LEFT,
        top=BARS_TOP,
        thickness=BAR_THICKNESS,
        bars=[
            Bar(BARS_TOP + BAR_PITCH * number + 14, None if amount is None else scale.at(amount) - BARS_LEFT)
            for number, amount in enumerate(amounts)
        ],
        ticks=[Tick(scale.at(tick), label(tick)) for tick in shown],
    )


# --- The chain of targets ------------------------------------------------------------------------------------------------------------

# From what is done to what it comes to in the end (DOMAIN §3). An output is one whatever its term.
COLUMNS: tuple[str, ...] = (Level.OUTPUT, Term.SHORT, Term.MID, Term.LONG, Term.UNSTATED)

NODE_WIDTH, NODE_HEIGHT = 204, 160
NODE_LETTERS = 25  # half-width ones that fit into a line of a node
COLUMN_GAP, ROW_GAP, HEAD = 44, 28, 40


def column_of(level: str, term: str) -> str:
    """The column of the logic model that a target stands in."""
    return Level.OUTPUT if level == Level.OUTPUT else term


@dataclass(frozen=True)
class Node(Generic[Key]):
    key: Key
    x: int
    y: int


@dataclass(frozen=True)
class Item(Generic[Key]):
    """A line of the nested list. `again`: it stood before, with what it leads to. `opens`: a list of what it leads to follows;
    `closes`: one entry for each list that ends after it."""

    key: Key
    again: bool
    opens: bool
    closes: range


@dataclass(frozen=True)
class LogicModel(Generic[Key]):
    """The drawing of a chain: the columns that hold targets, the targets, the arrows as SVG paths; and the same as a nested list."""

    width: int
    height: int
    columns: list[Tick]  # `label` is one of `COLUMNS`
    nodes: list[Node[Key]]
    arrows: list[str]
    items: list[Item[Key]]
    node_width: int = NODE_WIDTH
    node_height: int = NODE_HEIGHT


def logic_model(columns: Mapping[Key, str], links: Iterable[tuple[Key, Key]]) -> LogicModel[Key]:
    """The chain of targets: `columns` says where each stands, in the order in which they are told; `links` lead from one to another.

    A target stands beside those that lead to it, as near as there is room. A link may lead backwards, within a column, or in a circle;
    one that leads out of the chain is left out.
    """
    drawn = [(a, b) for a, b in dict.fromkeys(links) if a in columns and b in columns and a != b]
    shown = [name for name in COLUMNS if name in columns.values()]
    places = {key: (shown.index(column), row) for key, (column, row) in _rows_of(columns, drawn, shown).items()}
    rows = 1 + max((row for _column, row in places.values()), default=-1)
    return LogicModel(
        width=len(shown) * (NODE_WIDTH + COLUMN_GAP) or COLUMN_GAP,
        height=HEAD + rows * (NODE_HEIGHT + ROW_GAP),
        columns=[Tick(_left_of(number), name) for number, name in enumerate(shown)],
        nodes=[Node(key, _left_of(column), _top_of(row)) for key, (column, row) in places.items()],
        arrows=[_arrow(places[a], places[b]) for a, b in drawn],
        items=nested(list(columns), drawn),
    )


def _rows_of(columns: Mapping[Key, str], links: Sequence[tuple[Key, Key]], shown: Sequence[str]) -> dict[Key, tuple[str, int]]:
    """Column and row of each target, column by column: at the mean row of those before it, or the next free one."""
    led_by = defaultdict(list)
    for a, b in links:
        led_by[b].append(a)
    placed: dict[Key, tuple[str, int]] = {}
    for name in shown:
        here = [key for key, column in columns.items() if column == name]
        wanted: dict[Key, int] = {}
        for key in here:
            before = [placed[other][1] for other in led_by[key] if other in placed]
            wanted[key] = sum(before) // len(before) if before else 0
        free = 0
        # Those that follow from nothing do not push the others down.
        for key in sorted(here, key=lambda key: (not any(other in placed for other in led_by[key]), wanted[key])):
            row = max(free, wanted[key])
            placed[key] = (name, row)
            free = row + 1
    return {key: placed[key] for key in columns}


def _left_of(column: int) -> int:
    return COLUMN_GAP // 2 + column * (NODE_WIDTH + COLUMN_GAP)


def _top_of(row: int) -> int:
    return HEAD + row * (NODE_HEIGHT + ROW_GAP)


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    """From the side of one box to the side of another. What passes other columns runs between their rows."""
    (column, row), (to_column, to_row) = start, end
    y, to_y = _top_of(row) + NODE_HEIGHT // 2, _top_of(to_row) + NODE_HEIGHT // 2
    right, left, to_left, to_right = _left_of(column) + NODE_WIDTH, _left_of(column), _left_of(to_column), _left_of(to_column) + NODE_WIDTH
    half = COLUMN_GAP // 2
    lane = _top_of(row) + NODE_HEIGHT + ROW_GAP // 2
    if to_column == column + 1:
        return f"M{right},{y} C{right + half},{y} {to_left - half},{to_y} {to_left},{to_y}"
    if to_column == column:
        return f"M{right},{y} C{right + half},{y} {right + half},{to_y} {right},{to_y}"
    if to_column > column:
        return f"M{right},{y} L{right + half},{lane} L{to_left - half},{lane} L{to_left},{to_y}"
    return f"M{left},{y} L{left - half},{lane} L{to_right + half},{lane} L{to_right},{to_y}"


def nested(keys: Sequence[Key], links: Iterable[tuple[Key, Key]]) -> list[Item[Key]]:
    """The chain as a nested list, flat: each key with what it leads to below it. It begins with those that follow from nothing; a circle
    that nothing leads to begins with its first. What stood before is named again, and not unfolded again."""
    leads_to = defaultdict(list)
    for a, b in links:
        leads_to[a].append(b)
    led = {b for following in leads_to.values() for b in following}
    told: set[Key] = set()
    lines: list[tuple[int, Key, bool]] = []
    for root in [*(key for key in keys if key not in led), *keys]:
        if root in told:
            continue
        ahead = [(0, root)]
        while ahead:
            depth, key = ahead.pop()
            lines.append((depth, key, key in told))
            if key not in told:
                told.add(key)
                ahead += [(depth + 1, other) for other in reversed(leads_to[key])]
    depths = [depth for depth, _key, _again in lines] + [0]
    return [
        Item(key, again, opens=following > depth, closes=range(max(depth - following, 0)))
        for (depth, key, again), following in zip(lines, depths[1:], strict=True)
    ]


# --- Words in a drawing --------------------------------------------------------------------------------------------------------------


def wrapped(text: str, width: int, lines: int) -> list[str]:
    """The text in at most so many lines, each at most `width` half-width letters wide; what does not fit ends in ….

    A full-width letter is as wide as two. A line ends between letters of Japanese and, where it can, between words.
    """
    found: list[str] = []
    rest = " ".join(text.split())
    while rest and len(found) < lines:
        cut = _fitting(rest, width)
        if cut < len(rest) and len(found) == lines - 1:
            found.append(rest[: _fitting(rest, width - 2)].rstrip() + "…")
            break
        if cut < len(rest) and rest[cut - 1].isascii() and rest[cut].isascii() and rest[cut] != " " and " " in rest[1:cut]:
            cut = rest.rindex(" ", 1, cut)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return found


def _fitting(text: str, width: int) -> int:
    """How many letters of the text fit, at least one."""
    used = 0
    for number, letter in enumerate(text):
        used += letter_width(letter)
        if used > width:
            return max(number, 1)
    return len(text)


def letter_width(text: str) -> int:
    """The width of a text in half-width letters."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in text)
