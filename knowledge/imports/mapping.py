"""Mapping files: which column of a department's export is which field, recognised by its headers. Pure but for loading."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.imports import parse
from knowledge.imports.readers import Cells, Grid
from knowledge.places import Places

FOLDER = Path(__file__).parent / "mappings"
FITS = 0.7  # the share of cells that must read as a field's type
HEADER_WITHIN = 12  # a header stands in one of the first rows; above it are titles

_BRACKETS = re.compile(r"[(（\[【]([^)）\]】]*)[)）\]】]")
_COUNTED = frozenset(
    ["个", "人", "户", "盏", "座", "头", "只", "株", "项", "处", "次", "台", "辆", "条", "口", "栋", "间"]
)
_WORD_ENDS = frozenset({"分", "块", "里", "万", "圆", "平方", "百分比", "百分点", "m", "h"})  # 得分 names no unit
_CODES = frozenset({"code", "plot", "voucher", "number", "phone", "route"})
MAPPING_KEYS = frozenset(
    {"dataset", "department", "hints", "signature", "columns", "constants", "private", "as_of", "fields"}
)
FIELD_KEYS = frozenset(
    {"headers", "type", "required", "unit", "unit_headers", "values", "default", "from_name", "code", "name", "town"}
    | {"minimum"}
)
TYPES = frozenset(
    {"text", "number", "percent", "integer", "open_number", "date", "month", "year", "flag", "clock", "phone"}
    | {"private_phone", "list", "village", "place", "town"}
)


class MappingError(Exception):
    """A mapping file that cannot be used; the text names the file and the mistake."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a data set: where it may stand and how it is read."""

    name: str
    type: str = "text"
    headers: tuple[str, ...] = ()
    required: bool = False
    unit: str = ""
    unit_headers: tuple[str, ...] = ()
    values: MappingType[str, str] = field(default_factory=dict)
    default: object = None
    from_name: tuple[re.Pattern[str], ...] = ()
    code: tuple[str, ...] = ()
    place_name: tuple[str, ...] = ()
    town: tuple[str, ...] = ()
    minimum: int | None = 0
    labels: tuple[str, ...] = ()  # headers as written

    @property
    def slots(self) -> dict[str, tuple[str, ...]]:
        """The columns that the field may take: a place has three (its code, its name, its town)."""
        if self.type in {"village", "place"}:
            slots = {f"{self.name}.code": self.code, f"{self.name}.name": self.place_name}
            return slots | {f"{self.name}.town": self.town}
        return {self.name: self.headers} | ({f"{self.name}.unit": self.unit_headers} if self.unit_headers else {})

    @property
    def label(self) -> str:
        """What a clerk calls it: the first of its headers."""
        return (self.labels or (self.name,))[0]

    @property
    def is_code(self) -> bool:
        """Whether the field is a number that names a record or a line, and may be digits alone."""
        return self.name in _CODES


@dataclass(frozen=True, slots=True)
class Mapping:
    """One department export: its data set, what it is recognised by, its fields."""

    name: str
    dataset: str  # "" where the file is known and passed over
    department: str
    fields: MappingType[str, Field]
    hints: tuple[str, ...] = ()
    signature: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()  # for a file without a header: the fields in the order of its columns
    constants: MappingType[str, object] = field(default_factory=dict)
    private: bool = False  # its texts name private persons: telephone numbers in them are masked
    as_of: str = ""  # the field that dates a record


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


def normal(header: object) -> str:
    """A header as it is compared: half width, lower case, without spaces, brackets and their content."""
    return _normal(parse.text(header))


@lru_cache(maxsize=20_000)
def _normal(header: str) -> str:
    plain = unicodedata.normalize("NFKC", header).lower()
    return re.sub(r"[\s:*_/·、.\-—]", "", _BRACKETS.sub("", plain)).rstrip("%")


def unit_of(header: object) -> str:
    """The unit that a header says in brackets or at its end: 金额（万元） -> 万元, 预算/万元, 道路总长公里, 进度%."""
    plain = unicodedata.normalize("NFKC", parse.text(header)).strip()
    found = [str(part).strip() for part in _BRACKETS.findall(plain)]
    said = [re.sub(r"^(计量|金额|价格)?单位\s*[:：]?\s*", "", part) for part in found]
    known = [part for part in said if _is_unit(part)]
    if known or said:
        return (known or said)[-1]
    named = re.search(r"单位\s*[:：]\s*([^\s,。;)]+)", plain)
    return named[1] if named else _tail_unit(plain)


def _is_unit(said: str) -> bool:
    return "元/" in said or any(parse.factor_of(base, said) is not None for base in parse.UNITS)


@cache
def _tails() -> tuple[str, ...]:
    units = {unit for units in parse.UNITS.values() for unit in units} - _WORD_ENDS
    return tuple(sorted(units, key=len, reverse=True))


@lru_cache(maxsize=20_000)
def _tail_unit(plain: str) -> str:
    """A unit at the end of a header without brackets, with at least two characters before it."""
    lower = plain.lower()
    return next((unit for unit in _tails() if lower.endswith(unit) and len(plain) >= len(unit) + 2), "")


def without_unit(name: str) -> str:
    """A compared header without the unit at its end: 金额万元 -> 金额."""
    tail = _tail_unit(name)
    return name.removesuffix(tail) if tail else name


@cache
def load_all(folder: Path = FOLDER) -> tuple[Mapping, ...]:
    """All mapping files of a folder; files named _* hold what several share. Raises MappingError."""
    shared: dict[str, Any] = {}
    for path in sorted(folder.glob("_*.yml")):
        shared |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(load(path, shared) for path in sorted(folder.glob("*.yml")) if not path.name.startswith("_"))


def load(path: Path, shared: MappingType[str, Any]) -> Mapping:
    """One mapping file."""
    try:
        stored = yaml.safe_load(path.read_text(encoding="utf-8"))
        _known(stored, MAPPING_KEYS, "mapping")
        fields = {name: _field(name, rest or {}, shared) for name, rest in stored.get("fields", {}).items()}
        return Mapping(
            name=path.stem,
            dataset=stored["dataset"] or "",
            department=stored.get("department", ""),
            fields=fields,
            hints=tuple(stored.get("hints", ())),
            signature=tuple(normal(header) for header in stored.get("signature", ())),
            columns=tuple(stored.get("columns", ())),
            constants=stored.get("constants", {}),
            private=stored.get("private", False),
            as_of=stored.get("as_of", ""),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise MappingError(f"mapping {path.name}: {type(error).__name__}: {error}") from None


def _field(name: str, stored: dict[str, Any], shared: MappingType[str, Any]) -> Field:
    _known(stored, FIELD_KEYS, f"field {name}")
    kind = stored.get("type", "text")
    if kind not in TYPES:
        raise ValueError(f"field {name}: unknown type {kind}, known are {', '.join(sorted(TYPES))}")
    if stored.get("unit") and stored["unit"].lower() not in parse.UNITS:
        raise ValueError(f"field {name}: unknown unit {stored['unit']}, known are {', '.join(parse.UNITS)}")
    place = {**shared.get("village", {}), **stored} if kind in {"village", "place"} else stored

    def headers(key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(normal(header) for header in place.get(key, ())))

    values = {written: value for value, others in stored.get("values", {}).items() for written in (value, *others)}
    return Field(
        name=name,
        type=kind,
        headers=headers("headers"),
        required=stored.get("required", False),
        unit=stored.get("unit", ""),
        unit_headers=headers("unit_headers"),
        values=values,
        default=stored.get("default"),
        from_name=tuple(re.compile(pattern) for pattern in stored.get("from_name", ())),
        code=headers("code"),
        place_name=headers("name"),
        town=headers("town"),
        minimum=stored.get("minimum", 0),
        labels=tuple(str(header) for header in place.get("headers", ()) or place.get("name", ())),
    )


def _known(stored: dict[str, Any], known: frozenset[str], where: str) -> None:
    unknown = set(stored) - known
    if unknown:
        raise ValueError(f"{where}: unknown key {', '.join(sorted(unknown))}, known are {', '.join(sorted(known))}")


def matches(grid: Grid, mappings: Sequence[Mapping], context: str, places: Places) -> list[Match]:
    """The mappings that fit a grid, best first. `context` is the file's path: names in it speak for a mapping."""
    return [laid for laid in _tried(grid, mappings, context, places) if laid.score > 0 and not laid.missing]


def nearest(grid: Grid, mappings: Sequence[Mapping], context: str, places: Places) -> Match | None:
    """The mapping that would fit if a required column were there, for the message that says which is missing."""
    tried = [m for m in _tried(grid, mappings, context, places) if m.score > 0 and len(m.columns) >= 3 and m.missing]
    return next(iter(tried), None)


def _tried(grid: Grid, mappings: Sequence[Mapping], context: str, places: Places) -> list[Match]:
    found: list[Match] = []
    looks = Looks(grid, places)
    for mapping in mappings:
        if mapping.columns:
            laid = _lay_headerless(grid, mapping)
            if laid:
                found.append(laid)
        elif grid.keys:
            found.append(_lay(looks, mapping, grid.keys, 0, context))
        else:
            found += [
                _lay(looks, mapping, row, index + 1, context)
                for index, row in enumerate(grid.rows[:HEADER_WITHIN])
                if _may_be_header(row)
            ]
    return sorted(found, key=lambda laid: laid.score, reverse=True)


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
            return bool(_is_unit(stored))
        if slot.endswith((".name", ".town")):
            return not re.fullmatch(r"[-\d.,/: ]+", stored)
        return reads(item, cell)

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


def _may_be_header(row: Cells) -> bool:
    """Headers are words: two at least, and hardly a cell of figures among them."""
    filled = [stored for cell in row if (stored := parse.text(cell))]
    figures = sum(bool(re.fullmatch(r"[-\d.,/: 年月日]+", stored)) for stored in filled)
    return len(filled) >= 2 and figures <= len(filled) // 6


def _lay(looks: Looks, mapping: Mapping, header: Cells, start: int, context: str) -> Match:
    """A mapping over one possible header row; a score of 0 where it is no likeness at all."""
    grid = looks.grid
    names = [normal(cell) for cell in header]
    title = " ".join(parse.text(cell) for row in grid.rows[: max(start - 1, 0)] for cell in row if parse.text(cell))
    at = None if grid.keys else start - 1
    below = _unit_row(grid, start) if at is not None else ()
    if below:
        start += 1
    columns = _assign(mapping, names, looks, start)
    headers = {slot: parse.text(header[column]) for slot, column in columns.items()}
    units = {
        slot: (below[column] if column < len(below) else "") or unit_of(headers[slot])
        for slot, column in columns.items()
    }
    missing = tuple(i.name for i in mapping.fields.values() if i.required and not _present(i, columns, mapping))
    signed = not mapping.signature or [n for n in names if n][: len(mapping.signature)] == list(mapping.signature)
    if not signed or len(columns) < 2:
        return Match(mapping, columns, headers, units, start, title, 0, at, missing)
    named = sum(hint in f"{context} {grid.sheet} {title}" for hint in mapping.hints)
    unread = sum(bool(name) for name in names) - len(columns)
    absent = sum(not _present(item, columns, mapping) for item in mapping.fields.values())
    unfit = sum(
        looks.fit(mapping.fields[slot.split(".")[0]], slot, start, column) < FITS for slot, column in columns.items()
    )
    score = 2.0 * len(columns) + 3.0 * min(named, 2) + 20.0 * bool(mapping.signature)
    score -= 0.7 * unread + 0.7 * absent + 3.0 * unfit
    fractions = frozenset(
        item.name
        for item in mapping.fields.values()
        if item.type == "percent" and item.name in columns and _are_fractions(grid, start, columns[item.name])
    )
    return Match(mapping, columns, headers, units, start, title, max(score, 0), at, missing, fractions)


def _unit_row(grid: Grid, start: int) -> tuple[str, ...]:
    """The row below the header where it holds nothing but units (元, 公里, 个), else ()."""
    if start >= len(grid.rows):
        return ()
    cells = [parse.text(cell).strip("()（）") for cell in grid.rows[start]]
    filled = [cell for cell in cells if cell]
    if not filled or not all(_is_unit(cell) or cell in _COUNTED for cell in filled):
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


def _assign(mapping: Mapping, names: Sequence[str], looks: Looks, start: int) -> dict[str, int]:
    """Column of each slot: by a header's exact name, by likeness where the cells speak for it, by the cells alone."""
    slots = {slot: headers for item in mapping.fields.values() for slot, headers in item.slots.items()}
    taken: dict[str, int] = {}
    _assign_exact(slots, names, taken)
    _assign_exact(slots, [without_unit(name) for name in names], taken)
    candidates: list[tuple[float, str, int]] = []
    for slot, headers in slots.items():
        if slot in taken:
            continue
        for column, name in enumerate(names):
            if column in taken.values() or len(name) < 2:
                continue
            likeness = max((_likeness(without_unit(name), known) for known in headers), default=0.0)
            if likeness >= 0.5:
                candidates.append((likeness, slot, column))
    for _, slot, column in sorted(candidates, reverse=True):
        item = mapping.fields[slot.split(".")[0]]
        if slot not in taken and column not in taken.values() and looks.fit(item, slot, start, column) >= FITS:
            taken[slot] = column
    _assign_by_cells(mapping, names, looks, start, taken)
    return taken


def _assign_exact(slots: MappingType[str, Sequence[str]], names: Sequence[str], taken: dict[str, int]) -> None:
    """Where two slots know the same header, the one that names it first in its list takes it."""
    hits = sorted(
        (headers.index(name), order, slot, column)
        for order, (slot, headers) in enumerate(slots.items())
        for column, name in enumerate(names)
        if name in headers
    )
    for _, _, slot, column in hits:
        if slot not in taken and column not in taken.values():
            taken[slot] = column


def _assign_by_cells(mapping: Mapping, names: Sequence[str], looks: Looks, start: int, taken: dict[str, int]) -> None:
    """Columns under unknown headers that their cells give away: places, the only dates, words of a closed list."""
    free = [column for column, name in enumerate(names) if name and column not in taken.values()]
    for item in mapping.fields.values():
        if item.type in {"village", "place"}:
            known = [slot for slot in item.slots if slot in taken]
            for slot in item.slots:
                if slot in taken or (slot.endswith(".name") and known and known != [f"{item.name}.town"]):
                    continue
                likely = max(free, key=lambda column: looks.is_place(slot, start, column), default=None)
                if likely is not None and looks.is_place(slot, start, likely) >= 0.8:
                    taken[slot] = likely
                    free.remove(likely)
        elif item.required and item.name not in taken and (item.type == "date" or item.values):
            likely_columns = [c for c in free if looks.sample(start, c) and looks.fit(item, item.name, start, c) >= 0.9]
            if len(likely_columns) == 1:
                taken[item.name] = likely_columns[0]
                free.remove(likely_columns[0])


@lru_cache(maxsize=200_000)
def _likeness(name: str, known: str) -> float:
    """How much of the longer of two headers the shorter one makes up, 0 where its characters are not all in it."""
    short, long = sorted((name, known), key=len)
    if len(short) < 2:
        return 0.0
    if short in long:
        return len(short) / len(long)
    rest = iter(long)
    in_order = all(character in rest for character in short)  # 村编码 in 村庄编码
    return 0.9 * len(short) / len(long) if in_order and len(short) >= 3 else 0.0


def reads(item: Field, cell: object) -> bool:
    """Whether a cell reads as the field's type."""
    try:
        match item.type:
            case "number" | "integer" | "percent":
                parse.number(cell, minimum=None)
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
