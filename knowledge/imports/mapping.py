"""Mapping files: which column of a department's export is which field. `docs/mappings.md` says how they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.imports import parse
from knowledge.imports.headers import Words, normal

FOLDER = Path(__file__).parent / "mappings"

_CODES = frozenset({"code", "plot", "voucher", "number", "phone", "route"})
MAPPING_KEYS = frozenset(
    {"dataset", "department", "hints", "signature", "columns", "constants", "private", "as_of", "fields"}
)
FIELD_KEYS = frozenset(
    {"headers", "type", "required", "unit", "unit_headers", "values", "default", "from_name", "code", "name", "town"}
    | {"minimum"}
)
TYPES = frozenset(
    {"text", "number", "percent", "integer", "open_number", "date", "moment", "month", "year", "flag", "clock", "phone"}
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
class Mappings:
    """All mapping files of a folder, and what they share: words of one meaning, and columns that are never a field."""

    all: tuple[Mapping, ...]
    words: Words
    ignored: frozenset[str]


@cache
def load_all(folder: Path = FOLDER) -> Mappings:
    """All mapping files of a folder; files named _* hold what several share. Raises MappingError."""
    shared: dict[str, Any] = {}
    for path in sorted(folder.glob("_*.yml")):
        try:
            shared |= yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, TypeError) as error:
            raise MappingError(f"mapping {path.name}: {error}") from None
    return Mappings(
        tuple(load(path, shared) for path in sorted(folder.glob("*.yml")) if not path.name.startswith("_")),
        Words(shared.get("words", {}), shared.get("contrasts", ())),
        frozenset(normal(header) for header in shared.get("ignored", ())),
    )


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
