"""One row of a department's table -> the values of one record, or the reason why it cannot be taken. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from knowledge.imports import masking, parse
from knowledge.imports.mapping import Field, Match
from knowledge.imports.parse import FACTORS, CellError
from knowledge.imports.readers import Cells
from knowledge.places import Place, Places

_SUMMARY = re.compile(r"^(合\s*计|总\s*计|小\s*计|本页合计|累\s*计|总合计|共计)")
_FOOTNOTE = re.compile(r"^(注|备注|说明|填表|制表|审核|填报|单位负责人|公示期|监督电话)")


class RowError(Exception):
    """Why a row is not taken, as a sentence for the clerk."""


@dataclass(frozen=True, slots=True)
class File:
    """What a file says beside its rows: names that may hold a town, a market or a kind, and its date if it has one."""

    names: tuple[str, ...]  # title, sheet, file name, folders: nearest first
    unit: str  # from the title: （单位：元/斤）
    town: Place | None
    dated: date | None


def is_no_record(row: Cells) -> bool:
    """Blank rows, sums and footnotes are passed over."""
    filled = [stored for cell in row if (stored := parse.text(cell))]
    if not filled:
        return True
    return bool(_SUMMARY.match(filled[0])) or (len(filled) == 1 and bool(_FOOTNOTE.match(filled[0])))


def values_of(row: Cells, laid: Match, file: File, places: Places) -> dict[str, Any]:
    """The values of a row by field. Raises RowError naming the column and what is wrong with it."""
    values: dict[str, Any] = dict(laid.mapping.constants)
    for item in laid.mapping.fields.values():
        try:
            values[item.name] = _value(item, row, laid, file, places)
        except CellError as error:
            raise RowError(f"“{laid.headers.get(item.name, item.name)}”{error}") from None
        if item.required and values[item.name] in (None, ""):
            raise RowError(f"缺“{laid.headers.get(item.name, _label(item))}”")
    return values


def _label(item: Field) -> str:
    return (item.headers or item.place_name or (item.name,))[0]


def _cell(row: Cells, laid: Match, slot: str) -> object:
    column = laid.columns.get(slot)
    return row[column] if column is not None and column < len(row) else None


def _value(item: Field, row: Cells, laid: Match, file: File, places: Places) -> Any:
    if item.type in {"village", "place"}:
        return _place(item, row, laid, file, places)
    cell = _cell(row, laid, item.name)
    unit = laid.units.get(item.name, "") or (file.unit if item.unit and item.name not in laid.units else "")
    value = _typed(item, cell, unit, laid.mapping.private)
    if value in (None, "") and item.name not in laid.columns:
        value = _from_names(item, file)
    if value in (None, ""):
        value = item.default if item.default is not None else value
    if item.type == "town" and isinstance(value, str) and value:
        town = places.town(value)
        if town is None:
            raise CellError(f"“{value}”不在乡镇名单里")
        value = town.code
    return value


def _typed(item: Field, cell: object, unit: str, private: bool) -> Any:
    minimum = None if item.minimum is None else Decimal(item.minimum)
    match item.type:
        case "number":
            value = parse.number(cell, minimum=minimum)
            return (
                None if value is None else (value * _factor(item.unit, unit)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
            )
        case "integer":
            return parse.integer(cell, minimum=item.minimum or 0)
        case "open_number":  # a number, or a word that says there is none yet: 面议
            stored = parse.text(cell)
            return (
                None
                if stored in {"面议", "面谈", "议价", "电议", "协商", "待议"}
                else parse.number(cell, minimum=minimum)
            )
        case "date":
            return parse.day(cell)
        case "month":
            return parse.month(cell)
        case "year":
            return parse.year(cell)
        case "flag":
            return parse.yes(cell)
        case "clock":
            return parse.clock(cell)
        case "phone":
            return parse.phone(cell)
        case "private_phone":
            return masking.private(parse.phone(cell))
        case "list":
            return [part for part in re.split(r"[、,，;；\s]+", parse.text(cell)) if part]
    stored = parse.text(cell)
    if item.values and stored:
        if stored not in item.values:
            raise CellError(f"是“{stored[:20]}”，应当是{'、'.join(dict.fromkeys(item.values.values()))}")
        return item.values[stored]
    return masking.private(stored) if private else masking.numbers_of_persons(stored)


def _factor(base: str, said: str) -> Decimal:
    """What a value in the unit `said` is multiplied by to be in `base`; 1 where nothing usable is said."""
    said, base = said.split("/", maxsplit=1)[0].strip(), base.split("/", maxsplit=1)[0]
    if base in FACTORS and said in FACTORS:
        return FACTORS[said] / FACTORS[base]
    return Decimal(1)


def _from_names(item: Field, file: File) -> str:
    for pattern in item.from_name:
        for name in file.names:
            found = pattern.search(name)
            if found:
                value = found["value"] if "value" in found.groupdict() else found[0]
                return item.values.get(value, value)
    return ""


def _place(item: Field, row: Cells, laid: Match, file: File, places: Places) -> str:
    code = parse.text(_cell(row, laid, f"{item.name}.code")).removesuffix(".0")
    name = parse.text(_cell(row, laid, f"{item.name}.name"))
    town_name = parse.text(_cell(row, laid, f"{item.name}.town"))
    known = places.get(code) if code else None
    if code and (known is None or (item.type == "village" and len(code) != 12)):
        raise RowError(f"村代码“{code[:20]}”不在区划表里")
    town = places.town(town_name) if town_name else None
    if town_name and town is None and not known and town_name != places.county.name:
        raise RowError(f"乡镇“{town_name[:20]}”不在区划表里")
    if known:
        return _agreeing(known, name, places)
    if not name:
        if item.type == "place":
            return (town or places.county).code
        raise RowError("缺村名" if not item.code else "缺村名和村代码")
    found = places.units(name, town.code if town else None)
    if len(found) > 1 and file.town:
        found = [place for place in found if place.parent == file.town.code]
    if not found:
        where = f"{town.name}没有" if town and places.units(name) else "区划表里没有"
        raise RowError(f"{where}“{name[:20]}”这个村")
    if len(found) > 1:
        towns = "、".join(places.by_code[place.parent or ""].name for place in found)
        raise RowError(f"“{name[:20]}”在{towns}都有，这一行没写乡镇")
    return found[0].code


def _agreeing(known: Place, name: str, places: Places) -> str:
    """A code and a name in one row must mean the same place where the name is one of ours."""
    if name and known.kind in {"village", "community"}:
        meant = places.units(name)
        if meant and known not in meant:
            raise RowError(f"村代码是{known.name}的，村名写的是“{name[:20]}”")
    return known.code
