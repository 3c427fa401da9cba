"""An audit fixture read and rewritten by its description alone, as somebody would who has the folder and a text editor.

Nothing here asks the program: what it writes is held against this.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from zlib import crc32

MANIFEST = "manifest.json"
Row = dict[str, object]


def canonical(value: object) -> bytes:
    """UTF-8; what is no text (half of a surrogate pair) stays the bytes that it would be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def line_of(row: Row) -> bytes:
    """The row's line, with the CRC-32 that it has to have."""
    told = {key: value for key, value in row.items() if key != "crc32"}
    return canonical(told | {"crc32": f"{crc32(canonical(told)):08x}"})


def sealed(manifest: Row) -> Row:
    """The manifest with the SHA-256 that it has to have."""
    told = {key: value for key, value in manifest.items() if key != "sha256"}
    return told | {"sha256": sha256(canonical(told)).hexdigest()}


@dataclass(frozen=True)
class Fixture:
    folder: Path

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def bytes_of_all(self) -> dict[str, bytes]:
        return {name: (self.folder / name).read_bytes() for name in self.names}

    def bytes_of(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def lines(self, name: str) -> list[bytes]:
        return self.bytes_of(name).splitlines(keepends=True)

    def rows(self, name: str) -> list[Row]:
        return [json.loads(line) for line in self.bytes_of(name).split(b"\n")[:-1]]

    def write_rows(self, name: str, rows: list[Row]) -> None:
        self.write(name, b"".join(line_of(row) + b"\n" for row in rows))

    @property
    def manifest(self) -> Row:
        return json.loads(self.bytes_of(MANIFEST))

    def write_manifest(self, manifest: Row) -> None:
        text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
        self.write(MANIFEST, text.encode("utf-8", "surrogatepass"))

    def forge_manifest(self, **changed: object) -> None:
        """Write the manifest to what the files are, so that only their content tells; with other values where these are given."""
        manifest = self.manifest
        there = [name for name in self.names if name != MANIFEST]
        order = [name for name in manifest["files"] if name in there]
        files = {name: self.bytes_of(name) for name in [*order, *(name for name in there if name not in order)]}
        manifest["files"] = {name: {"rows": content.count(b"\n"), "sha256": sha256(content).hexdigest()} for name, content in files.items()}
        self.write_manifest(sealed(manifest | changed))

    def forge(self, name: str, number: int, **changed: object) -> None:
        """Other values in the row of a line, counted from 1, with every checksum made to fit."""
        rows = self.rows(name)
        assert changed.keys() <= rows[number - 1].keys()
        rows[number - 1] |= changed
        self.write_rows(name, rows)
        self.forge_manifest()

    def forge_alike(self, name: str, number: int, **changed: object) -> None:
        """The same in the newest row of its history: nothing but the rules of the database tells."""
        history = history_of(name)
        key = self.rows(name)[number - 1]["id"]
        newest = max(place for place, row in enumerate(self.rows(history), start=1) if row["id"] == key)
        self.forge(history, newest, **changed)
        self.forge(name, number, **changed)


def history_of(name: str) -> str:
    app, table = name.split(".", 1)
    return f"{app}.historical{table}"


# --- Corruptions at random ---------------------------------------------------------------------------------------------------------

# A corruption changes the fixture and says what it did. What it cannot do with the file that it drew, it leaves.
Corruption = Callable[[Random, Fixture], str]


def _drawn(draw: Random, fixture: Fixture, at_least: int = 1, *, rows: bool = False) -> str:
    """The name of a file of at least so many bytes, or lines; small and large ones alike, now and then the manifest."""
    names = [name for name in fixture.names if not rows or name != MANIFEST]
    return draw.choice([name for name in names if len(fixture.lines(name) if rows else fixture.bytes_of(name)) >= at_least])


def _a_byte_flips(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture)
    content = bytearray(fixture.bytes_of(name))
    place = draw.randrange(len(content))
    content[place] ^= draw.choice([1 << draw.randrange(8), draw.randrange(1, 256)])
    fixture.write(name, bytes(content))
    return f"{name}: byte {place} flips"


def _a_byte_goes(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture)
    content = fixture.bytes_of(name)
    place = draw.randrange(len(content))
    fixture.write(name, content[:place] + content[place + 1 :])
    return f"{name}: byte {place} goes"


def _a_byte_comes(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture, 0)
    content = fixture.bytes_of(name)
    place, byte = draw.randrange(len(content) + 1), draw.choice([draw.randrange(256), *b' \n\r\t"0,\\'])
    fixture.write(name, content[:place] + bytes([byte]) + content[place:])
    return f"{name}: byte {byte} comes at {place}"


def _a_file_is_cut(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture)
    place = draw.randrange(len(fixture.bytes_of(name)))
    fixture.write(name, fixture.bytes_of(name)[:place])
    return f"{name}: cut at {place}"


def _lines_change_places(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture, 2, rows=True)
    lines = fixture.lines(name)
    one, other = draw.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    fixture.write(name, b"".join(lines))
    return f"{name}: lines {one + 1} and {other + 1} change places"


def _a_line_stands_twice(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture, rows=True)
    lines = fixture.lines(name)
    one = draw.randrange(len(lines))
    lines.insert(draw.randrange(len(lines) + 1), lines[one])
    fixture.write(name, b"".join(lines))
    return f"{name}: line {one + 1} stands twice"


def _a_line_goes(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture, rows=True)
    lines = fixture.lines(name)
    one = draw.randrange(len(lines))
    del lines[one]
    fixture.write(name, b"".join(lines))
    return f"{name}: line {one + 1} goes"


def _files_change_contents(draw: Random, fixture: Fixture) -> str:
    one, other = draw.sample([name for name in fixture.names if name != MANIFEST], 2)
    contents = fixture.bytes_of(one), fixture.bytes_of(other)
    fixture.write(one, contents[1])
    fixture.write(other, contents[0])
    return f"{one} and {other} change contents"


def _a_file_is_renamed(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture, 0)
    new = draw.choice([name.upper(), f"{name}.bak", name.replace(".", "_"), f" {name}", "kpis.nothing.jsonl"])
    (fixture.folder / name).rename(fixture.folder / new)
    return f"{name} is renamed {new!r}"


def _a_file_is_emptied(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture)
    fixture.write(name, b"")
    return f"{name} is emptied"


def _a_file_is_no_text(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture)
    place = draw.randrange(len(fixture.bytes_of(name)))
    noise = draw.choice([b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\x00", draw.randbytes(40)])
    fixture.write(name, fixture.bytes_of(name)[:place] + noise + fixture.bytes_of(name)[place + len(noise) :])
    return f"{name}: {noise!r} at {place}"


BLIND: tuple[Corruption, ...] = (
    _a_byte_flips, _a_byte_goes, _a_byte_comes, _a_file_is_cut, _lines_change_places, _a_line_stands_twice, _a_line_goes,
    _files_change_contents, _a_file_is_renamed, _a_file_is_emptied, _a_file_is_no_text,
)  # fmt: skip


def _another_value(draw: Random, value: object) -> object:
    """One of the same kind, or of another."""
    odd = [None, "", 0, -1, 2**70, True, [], {}, "\u0000", "\ud800", "字" * 400, "2026-02-30", "NaN", 1.5, float("nan")]
    alike: list[object] = odd
    match value:
        case bool():
            alike = [not value]
        case int():
            alike = [value + 1, abs(value - 1), -value - 1]
        case str():
            alike = [f"{value}字", value[:-1], value[::-1], f" {value}", value.upper(), value.replace("0", "1"), value.replace("2", "3")]
    return draw.choice(draw.choice([odd, alike]))


def _a_value_is_another(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture, rows=True)
    rows = fixture.rows(name)
    row = draw.choice(rows)
    field = draw.choice([field for field in row if field != "crc32"])
    old, row[field] = row[field], _another_value(draw, row[field])
    fixture.write_rows(name, rows)
    return f"{name}: {field} of row {row.get('id')}: {old!r} → {row[field]!r}"


def _columns_change(draw: Random, fixture: Fixture) -> str:
    name = _drawn(draw, fixture, rows=True)
    rows = fixture.rows(name)
    field = draw.choice([field for field in rows[0] if field != "crc32"])
    how = draw.choice(["named otherwise", "left out", "put last", "joined by another"])
    for row in rows if draw.random() < 0.5 else [draw.choice(rows)]:
        value = row[field]
        match how:
            case "named otherwise":
                told = {f"{key}_" if key == field else key: value for key, value in row.items()}
                row.clear()
                row.update(told)
            case "left out":
                del row[field]
            case "put last":
                del row[field]
                row[field] = value
            case "joined by another":
                row["remark"] = value
    fixture.write_rows(name, rows)
    return f"{name}: {field} is {how}"


def _the_manifest_says_otherwise(draw: Random, fixture: Fixture) -> str:
    """Not its site, day and user: another fixture would say these."""
    key = draw.choice(["format", "version", "known_until", "migrations", "seals", "head", "files"])
    value = fixture.manifest[key]
    other: object = _another_value(draw, value)
    if draw.random() < 0.5 and isinstance(value, list | dict):
        kept = list(value)
        draw.shuffle(kept)
        other = kept[1:] if isinstance(value, list) else {name: value[name] for name in kept[1:]}
    fixture.write_manifest(sealed(fixture.manifest | {key: other}))
    return f"{MANIFEST}: {key} is {str(other)[:60]!r}"


FORGED: tuple[Corruption, ...] = (_a_value_is_another, _columns_change)


def _checked_anew(fixture: Fixture) -> None:
    """Every line that is an object has its CRC-32 again, and the manifest fits the files."""
    for name in fixture.names:
        if name == MANIFEST:
            continue
        lines = []
        for line in fixture.bytes_of(name).split(b"\n"):
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            lines.append(line_of(row) if isinstance(row, dict) else line)
        fixture.write(name, b"\n".join(lines))
    fixture.forge_manifest()


def corruptions(fixture: Fixture, number: int, seed: int) -> Iterator[str]:
    """Corrupt the fixture so many times, each time from what it was; what was done, for each."""
    draw, whole = Random(seed), fixture.bytes_of_all()
    done = 0
    while done < number:
        forged = draw.random() < 0.6
        if forged and draw.random() < 0.15:
            told = _the_manifest_says_otherwise(draw, fixture)
        else:
            told = draw.choice([*BLIND, *FORGED * 5] if forged else BLIND)(draw, fixture)
            if forged and MANIFEST in fixture.names and not told.startswith(MANIFEST):
                _checked_anew(fixture)
                told = f"{told}, and every checksum was made to fit"
        changed = {name for name, _content in fixture.bytes_of_all().items() ^ whole.items()}
        if changed:
            done += 1
            yield told
        for name in changed:
            if name in whole:
                fixture.write(name, whole[name])
            else:
                (fixture.folder / name).unlink()
