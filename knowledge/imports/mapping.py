"""Mapping files: which column of a department's export is which field, recognised by its headers. Pure but for loading."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.imports import parse
from knowledge.imports.readers import Cells, Grid

FOLDER = Path(__file__).parent / "mappings"
HEADER_WITHIN = 12  # a header stands in one of the first rows; above it are titles

_BRACKETS = re.compile(r"[(（\[【]([^)）\]】]*)[)）\]】]")
_KNOWN = frozenset(
    {"headers", "type", "required", "unit", "values", "default", "from_name", "code", "name", "town", "minimum"}
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
    values: MappingType[str, str] = field(default_factory=dict)
    default: object = None
    from_name: tuple[re.Pattern[str], ...] = ()
    code: tuple[str, ...] = ()
    place_name: tuple[str, ...] = ()
    town: tuple[str, ...] = ()
    minimum: int | None = 0

    @property
    def slots(self) -> dict[str, tuple[str, ...]]:
        """The columns that the field may take: a place has three (its code, its name, its town)."""
        if self.type in {"village", "place"}:
            slots = {f"{self.name}.code": self.code, f"{self.name}.name": self.place_name}
            return slots | {f"{self.name}.town": self.town}
        return {self.name: self.headers}


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
    start: int
    title: str
    score: float


def normal(header: object) -> str:
    """A header as it is compared: half width, lower case, without spaces, brackets and their content."""
    return _normal(parse.text(header))


@lru_cache(maxsize=20_000)
def _normal(header: str) -> str:
    plain = unicodedata.normalize("NFKC", header).lower()
    return re.sub(r"[\s:*_/·、.\-—]", "", _BRACKETS.sub("", plain)).rstrip("%")


def unit_of(header: object) -> str:
    """The unit that a header or title says in brackets: 金额（万元） -> 万元, 进度% -> %."""
    plain = unicodedata.normalize("NFKC", parse.text(header))
    found = _BRACKETS.findall(plain)
    if found:
        said = str(found[-1]).strip()
        return re.sub(r"^(单位|计量单位)\s*[::]?\s*", "", said)
    named = re.search(r"单位\s*[::]\s*([^\s,。;)]+)", plain)
    return named[1] if named else ("%" if plain.strip().endswith("%") else "")


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
    unknown = set(stored) - _KNOWN
    if unknown:
        raise ValueError(f"field {name}: unknown key {', '.join(sorted(unknown))}")
    kind = stored.get("type", "text")
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
        values=values,
        default=stored.get("default"),
        from_name=tuple(re.compile(pattern) for pattern in stored.get("from_name", ())),
        code=headers("code"),
        place_name=headers("name"),
        town=headers("town"),
        minimum=stored.get("minimum", 0),
    )


def match(grid: Grid, mappings: Sequence[Mapping], context: str) -> Match | None:
    """The mapping that fits a grid best, or None. `context` is the file's path: names in it speak for a mapping."""
    found: list[Match] = []
    for mapping in mappings:
        if mapping.columns:
            laid = _lay_headerless(grid, mapping)
            if laid:
                found.append(laid)
            continue
        if grid.keys:
            found.append(_lay(grid, mapping, grid.keys, 0, context))
            continue
        for index, row in enumerate(grid.rows[:HEADER_WITHIN]):
            if _may_be_header(row):
                found.append(_lay(grid, mapping, row, index + 1, context))
    usable = [laid for laid in found if laid.score > 0]
    return max(usable, key=lambda laid: laid.score, default=None)


def _may_be_header(row: Cells) -> bool:
    """Headers are words: two at least, and hardly a cell of figures among them."""
    filled = [stored for cell in row if (stored := parse.text(cell))]
    figures = sum(bool(re.fullmatch(r"[-\d.,/: 年月日]+", stored)) for stored in filled)
    return len(filled) >= 2 and figures <= len(filled) // 6


def _lay(grid: Grid, mapping: Mapping, header: Cells, start: int, context: str) -> Match:
    """A mapping over one possible header row; a score of 0 where what it requires is missing."""
    names = [normal(cell) for cell in header]
    title = " ".join(parse.text(cell) for row in grid.rows[: max(start - 1, 0)] for cell in row if parse.text(cell))
    columns = _assign(mapping, names, grid, start)
    headers = {slot: parse.text(header[column]) for slot, column in columns.items()}
    units = {slot: unit_of(text) for slot, text in headers.items()}
    missing = [item for item in mapping.fields.values() if item.required and not _present(item, columns, mapping)]
    signed = not mapping.signature or [n for n in names if n][: len(mapping.signature)] == list(mapping.signature)
    if missing or not signed or len(columns) < 2:
        return Match(mapping, columns, headers, units, start, title, 0)
    named = sum(hint in f"{context} {grid.sheet} {title}" for hint in mapping.hints)
    unread = sum(bool(name) for name in names) - len(columns)
    absent = sum(not _present(item, columns, mapping) for item in mapping.fields.values())
    score = 2.0 * len(columns) + 3.0 * min(named, 2) + 20.0 * bool(mapping.signature) - 0.7 * unread - 0.7 * absent
    return Match(mapping, columns, headers, units, start, title, max(score, 0))


def _present(item: Field, columns: MappingType[str, int], mapping: Mapping) -> bool:
    if item.type in {"village", "place"}:
        return f"{item.name}.code" in columns or f"{item.name}.name" in columns
    return item.name in columns or item.name in mapping.constants or bool(item.from_name) or item.default is not None


def _assign(mapping: Mapping, names: Sequence[str], grid: Grid, start: int) -> dict[str, int]:
    """Column of each slot: first by a header's exact name, then by likeness where the cells speak for it too."""
    slots = {slot: headers for item in mapping.fields.values() for slot, headers in item.slots.items()}
    taken: dict[str, int] = {}
    for slot, headers in slots.items():
        hits = [(headers.index(name), column) for column, name in enumerate(names) if name in headers]
        hits = [hit for hit in hits if hit[1] not in taken.values()]
        if hits:
            taken[slot] = min(hits)[1]
    candidates: list[tuple[float, str, int]] = []
    for slot, headers in slots.items():
        if slot in taken:
            continue
        for column, name in enumerate(names):
            if column in taken.values() or len(name) < 2:
                continue
            likeness = max((_likeness(name, known) for known in headers), default=0.0)
            if likeness >= 0.5:
                candidates.append((likeness, slot, column))
    for _, slot, column in sorted(candidates, reverse=True):
        if slot in taken or column in taken.values():
            continue
        item = mapping.fields[slot.split(".")[0]]
        if _cells_fit(item, slot, grid, start, column):
            taken[slot] = column
    return taken


@lru_cache(maxsize=200_000)
def _likeness(name: str, known: str) -> float:
    """How much of the longer of two headers the shorter one makes up, 0 where it is no part of it."""
    short, long = sorted((name, known), key=len)
    return len(short) / len(long) if len(short) >= 2 and short in long else 0.0


def _cells_fit(item: Field, slot: str, grid: Grid, start: int, column: int) -> bool:
    """Whether most cells below a header read as the field's type."""
    sample = [row[column] for row in grid.rows[start : start + 40] if column < len(row) and parse.text(row[column])]
    if not sample:
        return True
    if slot.endswith(".code"):
        return sum(bool(re.fullmatch(r"\d{6,12}", parse.text(cell))) for cell in sample) >= 0.7 * len(sample)
    return sum(_reads(item, cell) for cell in sample) >= 0.7 * len(sample)


def _reads(item: Field, cell: object) -> bool:
    try:
        if item.type in {"number", "integer"}:
            parse.number(cell, minimum=None)
        elif item.type == "date":
            parse.day(cell)
        elif item.type == "month":
            parse.month(cell)
        elif item.type == "year":
            parse.year(cell)
        elif item.type == "flag":
            parse.yes(cell)
        elif item.type in {"phone", "private_phone"}:
            return bool(re.search(r"\d{3,}", parse.text(cell)))
        elif item.type == "text" and item.values:
            return parse.text(cell) in item.values
        else:
            return not re.fullmatch(r"[-\d.,/:]+", parse.text(cell)) or slot_may_be_digits(item)
    except parse.CellError:
        return False
    return True


def slot_may_be_digits(item: Field) -> bool:
    """Whether a text field may hold digits alone: numbers of records and telephones."""
    return item.name in {"code", "plot", "voucher", "number", "phone", "route"}


def _lay_headerless(grid: Grid, mapping: Mapping) -> Match | None:
    """A mapping by position: fits where the width is right and the first rows read as their types."""
    rows = [row for row in grid.rows[:30] if any(parse.text(cell) for cell in row)]
    if not rows or any(len(row) != len(mapping.columns) for row in rows):
        return None
    for row in rows:
        if not all(_reads(mapping.fields[name], cell) for name, cell in zip(mapping.columns, row, strict=True)):
            return None
    columns = {name: index for index, name in enumerate(mapping.columns)}
    labels = {name: f"第{index}列" for name, index in zip(columns, range(1, len(columns) + 1), strict=True)}
    return Match(mapping, columns, labels, {}, 0, "", 2.0 * len(columns))
