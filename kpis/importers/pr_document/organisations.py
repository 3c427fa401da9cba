"""Names of organisations as a document prints them: cut into units, with item marks, each below the bureau before it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kpis.importers.pr_document.normalise import MARK, plain

LONGEST_NAME = 45  # of an organisation

MINISTRY_NAME = re.compile(r"内閣府|[一-龯]{2,5}省(?!エネ|資源|力)")
LEADER = re.compile(rf"(?:[-・•]\s*)*(?P<mark>{MARK}(?:[\s、,・]*{MARK})*)?[\s・]*(?:(?:担当|所管)[^:()]{{0,4}}:)?\s*")
_NAME = re.compile(r"(?P<stroke>[、,/])?\s*(?P<name>[^、,/\s](?:[^、,/]*[^、,/\s])?)")
_NO_NAME = re.compile(r"[を。「」※]|に[ぁ-ん係向関]|ための")
_UNIT = re.compile(
    r".+?(?:グループ|(?<![A-Za-z])G(?![A-Za-z])|委員会|官房(?!長)|局(?![面長所地])|庁(?!舎|長(?!官官房))|部(?![品分材会長門署族局])"
    r"|課(?![題税金長程])|室(?![内外長])|官付|(?:統括|参事|審議|監理|管理|企画)官(?:\([^()]*\))?(?!付|室))"
)
_WEAK_UNIT = re.compile(r".{1,20}(?:班|係|チーム|センター|所|院|署|会|官|担当|付)")
# Rank of a unit by its last sign: the ministry, an agency, a bureau, a department, a division or office.
MINISTRY, AGENCY, BUREAU, DEPARTMENT, DIVISION = range(5)


@dataclass(frozen=True)
class PrintedOrganisation:
    """An organisation as printed, with its item mark; the path names its units from the top, without the ministry."""

    mark: str
    name: str
    line: int
    path: tuple[str, ...]


@dataclass(frozen=True)
class _Name:
    """A name in a line of organisations, cut into units; apart where a stroke or a comma parts it from the one before."""

    mark: str
    name: str
    line: int
    apart: bool
    units: tuple[str, ...]


def organisations_of(lines: Sequence[tuple[int, str]]) -> tuple[PrintedOrganisation, ...]:
    """The organisations of the lines in order.

    A bureau alone in its line is the beginning of the name in the next line. An office alone after a bureau's division
    belongs to that division where it ends the list. Else a name without a bureau stands below the bureau before it.
    """
    names = [name for line, text in lines for name in _printed_names(line, text)]
    printed = list[PrintedOrganisation]()
    for place, name in enumerate(names):
        before = printed[-1] if printed else None
        if before and _goes_on(before, names[place - 1 : place + 2]):
            printed[-1] = replace(before, name=before.name + name.name, path=before.path + name.units)
            continue
        rank = _rank(name.units[0])
        upper = before if before and rank > BUREAU else None
        above = tuple(unit for unit in upper.path if _rank(unit) < rank) if upper else ()
        printed.append(PrintedOrganisation(name.mark or (upper.mark if upper else ""), name.name, name.line, above + name.units))
    return tuple(replace(each, path=tuple(unit for unit in each.path if _rank(unit) > MINISTRY)) for each in printed)


def _goes_on(before: PrintedOrganisation, names: Sequence[_Name]) -> bool:
    """Whether the second of the names is the rest of the organisation whose last line is the first of them."""
    upper, name, *following = names
    if name.mark or name.apart:
        return False
    last, first = _rank(before.path[-1]), _rank(name.units[0])
    if last < DIVISION:
        return first > last and (first != BUREAU or last == MINISTRY or name.units[0] == "長官官房")
    ends_the_list = not following or following[0].mark != "" or _rank(following[0].units[0]) <= BUREAU
    return _rank(upper.units[0]) <= BUREAU and upper.units[-1].endswith("課") and name.units[0].endswith("室") and ends_the_list


def _printed_names(line: int, text: str) -> Iterator[_Name]:
    """The names in a line of organisations with its item mark, all as printed."""
    bare = plain(text)
    if leader := LEADER.match(bare):
        mark = text[leader.start("mark") : leader.end("mark")].strip() if leader["mark"] else ""
        for found in _NAME.finditer(bare, leader.end()):
            yield _Name(mark, text[found.start("name") : found.end("name")], line, bool(found["stroke"]), _units(found["name"]))


def names_organisations(bare: str) -> bool:
    """Whether a line names organisations and nothing else."""
    if not bare or _NO_NAME.search(bare):
        return False
    names = list(_printed_names(0, bare))
    return bool(names) and all(len(each.name) <= LONGEST_NAME and each.units for each in names)


def _units(bare: str) -> tuple[str, ...]:
    """The units of a name from the top: bureau, department, division. Empty where it is no organisation's name."""
    closed_up = re.sub(r"(?<!官)\([^()]*\)$|\s", "", bare)
    ministry = MINISTRY_NAME.match(closed_up)
    units = [ministry[0]] if ministry else []
    end = len(units[0]) if units else 0
    while found := _UNIT.match(closed_up, end):
        units.append(found[0])
        end = found.end()
    if (rest := closed_up[end:]) and units and _WEAK_UNIT.fullmatch(rest):
        return (*units, rest)
    return () if rest else tuple(units)


def _rank(unit: str) -> int:
    if MINISTRY_NAME.fullmatch(unit):
        return MINISTRY
    if unit.endswith("庁"):
        return AGENCY
    if unit.endswith(("部", "事務局")) and not unit.endswith("本部"):
        return DEPARTMENT
    return BUREAU if unit.endswith(("局", "グループ", "G", "官房", "委員会", "本部")) else DIVISION
