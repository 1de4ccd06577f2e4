"""Which mapping fits a table, and which of its columns is which field: by headers, by likeness, by the cells. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from datetime import time
from functools import partial

from knowledge.imports import parse
from knowledge.imports.headers import is_unit, normal, unit_of, without_unit
from knowledge.imports.mapping import Field, Mapping, Mappings
from knowledge.imports.readers import Cells, Grid
from knowledge.places import Places

HEADER_WITHIN = 12  # a header stands in one of the first rows; above it are titles
FITS = 0.7  # the share of cells that must read as a field's type
ALIKE = 0.55  # from this likeness on, a header is taken for another
CLEARLY = 3.0  # by this much a mapping that lacks a column must fit better to speak against one that lacks none
FAINT = 0.25  # enough where nothing else is left
TRIED = 6  # mappings that are compared by likeness too: those that fit best by exact headers
COUNTED = frozenset(
    ["个", "人", "户", "盏", "座", "头", "只", "株", "项", "处", "次", "台", "辆", "条", "口", "栋", "间"]
)


@dataclass(frozen=True, slots=True)
class Match:
    """A mapping laid over a grid: column of each slot, unit said in each header, where the data begin."""

    mapping: Mapping
    columns: MappingType[str, int]
    headers: MappingType[str, str]
    units: MappingType[str, str]
    start: int  # index of the first row of data
    title: str
    score: float
    header: int | None = None  # index of the header row, where there is one
    missing: tuple[str, ...] = ()  # required fields without a column
    fractions: frozenset[str] = frozenset()  # percentages that a spreadsheet holds as 0.45


def matches(grid: Grid, mappings: Mappings, context: str, places: Places) -> list[Match]:
    """The mappings that fit a grid, best first. `context` is the file's path: names in it speak for a mapping."""
    tried = [laid for laid in _tried(grid, mappings, context, places) if laid.score > 0]
    whole = [laid for laid in tried if not laid.missing]
    # a table that lacks a column of its own must not pass for another that happens to be satisfied
    return whole if whole and whole[0].score >= tried[0].score - CLEARLY else []


def nearest(grid: Grid, mappings: Mappings, context: str, places: Places) -> Match | None:
    """The mapping that would fit if a required column were there, for the message that says which is missing."""
    tried = [m for m in _tried(grid, mappings, context, places) if m.score > 0 and len(m.columns) >= 3 and m.missing]
    return next(iter(tried), None)


def _tried(grid: Grid, mappings: Mappings, context: str, places: Places) -> list[Match]:
    looks = Looks(grid, places)
    found = [laid for mapping in mappings.all if mapping.columns and (laid := _lay_headerless(grid, mapping))]
    headers: list[tuple[int | None, Cells]] = (
        [(None, grid.keys)] if grid.keys else [(at, grid.rows[at]) for at in _header_rows(grid)]
    )
    rough = [
        (_hits(mapping, names) + 1.5 * named, -(at or 0), number, mapping, at, header)
        for at, header in headers
        for names in [{form for cell in header for form in (normal(cell), without_unit(normal(cell)))}]
        for number, mapping in enumerate(mappings.all)
        if not mapping.columns
        for named in [_named(mapping, f"{context} {grid.sheet} {_title(grid, at)}")]
    ]
    rough.sort(reverse=True, key=lambda entry: entry[:3])
    found += [_lay(looks, mappings, mapping, header, at, context) for *_, mapping, at, header in rough[:TRIED]]
    return sorted(found, key=lambda laid: laid.score, reverse=True)


def _hits(mapping: Mapping, names: set[str]) -> int:
    slots = (headers for item in mapping.fields.values() for headers in item.slots.values())
    return sum(not names.isdisjoint(headers) for headers in slots) + 10 * _is_signed(mapping, names)


def _is_signed(mapping: Mapping, names: set[str]) -> bool:
    return bool(mapping.signature) and names.issuperset(mapping.signature)


def _named(mapping: Mapping, said: str) -> int:
    return min(sum(hint in said for hint in mapping.hints), 2)


def _title(grid: Grid, at: int | None) -> str:
    """What stands above the header."""
    return " ".join(parse.text(cell) for row in grid.rows[: at or 0] for cell in row if parse.text(cell))


def _header_rows(grid: Grid) -> list[int]:
    """Where a header may stand: not below the second row that is as wide as the table (the first may be its upper half)."""
    top = grid.rows[:HEADER_WITHIN]
    filled = [sum(bool(parse.text(cell)) for cell in row) for row in top]
    wide = [index for index, cells in enumerate(filled) if cells > 0.6 * max(filled)]
    return [index for index in range(wide[1] + 1 if len(wide) > 1 else len(top)) if _may_be_header(top[index])]


def _may_be_header(row: Cells) -> bool:
    """Headers are words: two at least, and hardly a cell of figures among them."""
    filled = [stored for cell in row if (stored := parse.text(cell))]
    figures = sum(bool(re.fullmatch(r"[-\d.,/: 年月日]+", stored)) for stored in filled)
    return len(filled) >= 2 and figures <= len(filled) // 6


class Looks:
    """What the cells of a grid look like, column by column: whether they read as a field's type, or are places."""

    def __init__(self, grid: Grid, places: Places) -> None:
        self.grid = grid
        self.places = places
        self._fits: dict[tuple[str, str, int, int], float] = {}
        self._samples: dict[tuple[int, int], list[object]] = {}
        self._places: dict[tuple[str, int, int], float] = {}

    def sample(self, start: int, column: int) -> list[object]:
        """Filled cells below a header: from the first rows, and spread over the rest."""
        if (start, column) not in self._samples:
            self._samples[start, column] = self._sample(start, column)
        return self._samples[start, column]

    def _sample(self, start: int, column: int) -> list[object]:
        below = self.grid.rows[start:]
        rows = [*below[:40], *below[40 :: max(len(below) // 40, 1)]]
        return [row[column] for row in rows if column < len(row) and parse.text(row[column])]

    def fit(self, item: Field, slot: str, start: int, column: int) -> float:
        """The share of cells that read as what the slot holds; 1 where there are none."""
        key = (item.name + item.type + slot, str(len(item.values)), start, column)
        if key not in self._fits:
            sample = self.sample(start, column)
            self._fits[key] = sum(self._reads(item, slot, cell) for cell in sample) / len(sample) if sample else 1.0
        return self._fits[key]

    def _reads(self, item: Field, slot: str, cell: object) -> bool:
        stored = parse.text(cell)
        if slot.endswith(".code"):
            return bool(re.fullmatch(r"\d{6,12}(\.0)?|\d\.\d+[eE]\+\d+", stored))
        if slot.endswith(".unit"):
            return bool(is_unit(stored))
        if slot.endswith((".name", ".town")):
            return not re.fullmatch(r"[-\d.,/: ]+", stored)
        return reads(item, cell)

    def are_phones(self, start: int, column: int) -> bool:
        """Whether the cells are telephone numbers."""
        sample = [parse.phone(cell) for cell in self.sample(start, column)]
        called = sum(bool(re.fullmatch(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}", text)) for text in sample)
        return len(sample) >= 2 and called >= 0.8 * len(sample)

    def are_codes(self, start: int, column: int) -> bool:
        """Whether the cells number the rows' records: each another, of digits with perhaps letters before them."""
        sample = [parse.text(cell) for cell in self.sample(start, column)]
        coded = sum(bool(re.fullmatch(r"[A-Za-z]+[-_]?\d[-\d]*|\d[-\d]{5,}", text)) for text in sample)
        return len(sample) >= 3 and len(set(sample)) >= 0.95 * len(sample) and coded >= 0.9 * len(sample)

    def is_place(self, slot: str, start: int, column: int) -> float:
        """The share of cells that are codes, names or towns of our own places, whatever the header says."""
        key = (slot.rsplit(".", 1)[1], start, column)
        if key not in self._places:
            self._places[key] = self._is_place(slot, [parse.text(cell) for cell in self.sample(start, column)])
        return self._places[key]

    def _is_place(self, slot: str, sample: list[str]) -> float:
        if len(sample) < 2:
            return 0.0
        if slot.endswith(".code"):
            return sum(len(text) == 12 and text in self.places.by_code for text in sample) / len(sample)
        if slot.endswith(".town"):
            return sum(self.places.town(text) is not None for text in sample) / len(sample)
        return sum(bool(self.places.units(text)) for text in sample) / len(sample)


def _lay(looks: Looks, mappings: Mappings, mapping: Mapping, header: Cells, at: int | None, context: str) -> Match:
    """A mapping over one possible header row; a score of 0 where it is no likeness at all."""
    grid = looks.grid
    names = [normal(cell) for cell in header]
    title = _title(grid, at)
    start = 0 if at is None else at + 1
    below = _unit_row(grid, start) if at is not None else ()
    start += bool(below)
    signed = not mapping.signature or [n for n in names if n][: len(mapping.signature)] == list(mapping.signature)
    taken = _Assignment(looks, mappings, mapping, names, start).made() if signed else {}
    columns = {slot: column for slot, (column, _) in taken.items()}
    headers = {slot: parse.text(header[column]) for slot, column in columns.items()}
    units = {
        slot: (below[column] if column < len(below) else "") or unit_of(headers[slot])
        for slot, column in columns.items()
    }
    missing = tuple(i.name for i in mapping.fields.values() if i.required and not _present(i, columns, mapping))
    score = 0.0
    if len(columns) >= 2:
        unread = sum(bool(n) and n not in mappings.ignored and c not in columns.values() for c, n in enumerate(names))
        absent = sum(not _present(item, columns, mapping) for item in mapping.fields.values())
        score = sum(worth for _, worth in taken.values()) + 20.0 * bool(mapping.signature)
        score += 3.0 * _named(mapping, f"{context} {grid.sheet} {title}") - 0.7 * unread - 0.7 * absent
        score -= 3.0 * sum(
            looks.fit(mapping.fields[slot.split(".")[0]], slot, start, column) < FITS
            for slot, column in columns.items()
        )
    fractions = frozenset(
        item.name
        for item in mapping.fields.values()
        if item.type == "percent" and item.name in columns and _are_fractions(grid, start, columns[item.name])
    )
    return Match(mapping, columns, headers, units, start, title, max(score, 0), at, missing, fractions)


class _Assignment:
    """Columns for the slots of one mapping, each with what it is worth: by exact header, by likeness, by the cells."""

    def __init__(self, looks: Looks, mappings: Mappings, mapping: Mapping, names: Sequence[str], start: int) -> None:
        self.looks, self.words, self.mapping, self.start = looks, mappings.words, mapping, start
        self.names = names
        self.slots = {slot: headers for item in mapping.fields.values() for slot, headers in item.slots.items()}
        self.free = [column for column, name in enumerate(names) if name]
        self.ignored = mappings.ignored
        self.taken: dict[str, tuple[int, float]] = {}

    def made(self) -> dict[str, tuple[int, float]]:
        """(column, worth) by slot."""
        self._exact(self.names, 2.0)
        self._exact([without_unit(name) for name in self.names], 1.9)
        self.free = [column for column in self.free if self.names[column] not in self.ignored]
        self._by_closed_words()
        self._alike(ALIKE)
        self._by_cells()
        self._by_what_is_left()
        return self.taken

    def _take(self, slot: str, column: int, worth: float) -> None:
        self.taken[slot] = (column, worth)
        self.free.remove(column)

    def _open(self) -> list[str]:
        return [slot for slot in self.slots if slot not in self.taken]

    def _item(self, slot: str) -> Field:
        return self.mapping.fields[slot.split(".", maxsplit=1)[0]]

    def _exact(self, names: Sequence[str], worth: float) -> None:
        """Where two slots know the same header, the one that names it first in its list takes it."""
        hits = sorted(
            (self.slots[slot].index(names[column]), order, slot, column)
            for order, slot in enumerate(self._open())
            for column in self.free
            if names[column] in self.slots[slot]
        )
        for _, _, slot, column in hits:
            if slot not in self.taken and column in self.free:
                self._take(slot, column, worth)

    def _likeness(self, slot: str, column: int) -> float:
        name = without_unit(self.names[column])
        return max((self.words.likeness(name, known) for known in self.slots[slot]), default=0.0)

    def _alike(self, least: float) -> None:
        """The likest pairs first; the cells must read as the field's type."""
        pairs = sorted(
            (
                (likeness, slot, column)
                for slot in self._open()
                for column in self.free
                if (likeness := self._likeness(slot, column)) >= least
            ),
            reverse=True,
        )
        for likeness, slot, column in pairs:
            if slot not in self.taken and column in self.free and self._fits(slot, column, FITS):
                self._take(slot, column, 1.5 * likeness)

    def _fits(self, slot: str, column: int, least: float) -> bool:
        if slot.endswith((".name", ".town")):
            return self.looks.is_place(slot, self.start, column) >= 0.5
        return self.looks.fit(self._item(slot), slot, self.start, column) >= least

    def _by_closed_words(self) -> None:
        """A field of a few words (收入, 支出) is known by them, whatever its header."""
        for slot in self._open():
            if self._item(slot).values and self._item(slot).required:
                self._only(slot, [c for c in self.free if self._filled(c) and self._fits(slot, c, 0.8)])

    def _by_cells(self) -> None:
        """Columns under unknown headers that their cells give away: places, numbers of records, words of a list."""
        for slot in self._open():
            item = self._item(slot)
            if item.type in {"village", "place"}:
                known = {s for s in item.slots if s in self.taken} - {f"{item.name}.town"}
                if not (slot.endswith(".name") and known):
                    self._best(slot, partial(self.looks.is_place, slot, self.start), 0.8)
            elif item.type == "town" and item.required:
                self._best(slot, partial(self.looks.is_place, f"{slot}.town", self.start), 0.8)
            elif item.type == "phone" and item.required:
                self._only(slot, [c for c in self.free if self.looks.are_phones(self.start, c)])
            elif item.required and item.name == "code":
                self._only(slot, [c for c in self.free if self.looks.are_codes(self.start, c)])
            elif item.required and item.type == "date":
                self._only(slot, [c for c in self.free if self._filled(c) and self._fits(slot, c, 0.9)])

    def _by_what_is_left(self) -> None:
        """A faint likeness is enough for a field that must be there, and where just one column reads as its type."""
        for slot in [slot for slot in self._open() if self._is_wanting(slot)]:
            self._best(slot, partial(self._rest, slot), FAINT)
        for slot in [
            slot for slot in self._open() if self._item(slot).type not in {"text", "list", "village", "place"}
        ]:
            kind = self._item(slot).type
            if sum(self._item(other).type == kind for other in self._open()) == 1:
                fitting = [c for c in self.free if self._filled(c) and self._fits(slot, c, 0.9)]
                self._only(slot, [c for c in fitting if self._likeness(slot, c) >= FAINT])

    def _is_wanting(self, slot: str) -> bool:
        item = self._item(slot)
        return item.required and "." not in slot and not _present(item, {}, self.mapping)

    def _rest(self, slot: str, column: int) -> float:
        return self._likeness(slot, column) if self._filled(column) and self._fits(slot, column, 0.9) else 0.0

    def _filled(self, column: int) -> bool:
        return bool(self.looks.sample(self.start, column))

    def _best(self, slot: str, worth: Callable[[int], float], least: float) -> None:
        likely = max(self.free, key=worth, default=None)
        if likely is not None and worth(likely) >= least:
            self._take(slot, likely, 1.0)

    def _only(self, slot: str, columns: Sequence[int]) -> None:
        if len(columns) == 1:
            self._take(slot, columns[0], 1.0)


def _unit_row(grid: Grid, start: int) -> tuple[str, ...]:
    """The row below the header where it holds nothing but units (元, 公里, 个), else ()."""
    if start >= len(grid.rows):
        return ()
    cells = [parse.text(cell).strip("()（）") for cell in grid.rows[start]]
    filled = [cell for cell in cells if cell]
    if not filled or not all(is_unit(cell) or cell in COUNTED for cell in filled):
        return ()
    return tuple(cells)


def _are_fractions(grid: Grid, start: int, column: int) -> bool:
    """Whether a column of percentages holds fractions: no cell above 1, none with a % sign, and not all of them whole."""
    values = []
    for row in grid.rows[start:]:
        cell = row[column] if column < len(row) else None
        if parse.text(cell).endswith("%"):
            return False
        try:
            value = parse.number(cell, minimum=None)
        except parse.CellError:
            continue
        if value is not None:
            values.append(value)
    return bool(values) and max(values) <= 1 and any(value % 1 for value in values)


def _present(item: Field, columns: MappingType[str, int], mapping: Mapping) -> bool:
    if item.type in {"village", "place"}:
        return f"{item.name}.code" in columns or f"{item.name}.name" in columns
    return item.name in columns or item.name in mapping.constants or bool(item.from_name) or item.default is not None


def reads(item: Field, cell: object) -> bool:
    """Whether a cell reads as the field's type."""
    try:
        match item.type:
            case "number" | "integer" | "percent":
                parse.number(cell, minimum=None)
            case "open_number":
                parse.open_number(cell, minimum=None)
            case "date":
                parse.day(cell)
            case "month":
                parse.month(cell)
            case "year":
                parse.year(cell)
            case "flag":
                parse.yes(cell)
            case "clock":
                return bool(re.match(r"\d{1,2}\s*[:：点时]", parse.text(cell))) or isinstance(cell, (float, time))
            case "phone" | "private_phone":
                return bool(re.search(r"\d{3,}", parse.text(cell)))
            case "text" if item.values:
                return parse.text(cell) in item.values
            case _:
                return item.is_code or not re.fullmatch(r"[-\d.,/:]+", parse.text(cell))
    except parse.CellError:
        return False
    return True


def _lay_headerless(grid: Grid, mapping: Mapping) -> Match | None:
    """A mapping by position: fits where the width is right and the first rows read as their types."""
    rows = [row for row in grid.rows[:30] if any(parse.text(cell) for cell in row)]
    if not rows or any(len(row) != len(mapping.columns) for row in rows):
        return None
    for row in rows:
        if not all(reads(mapping.fields[name], cell) for name, cell in zip(mapping.columns, row, strict=True)):
            return None
    columns = {name: index for index, name in enumerate(mapping.columns)}
    labels = {name: f"第{index}列" for name, index in zip(columns, range(1, len(columns) + 1), strict=True)}
    return Match(mapping, columns, labels, {}, 0, "", 2.0 * len(columns))
