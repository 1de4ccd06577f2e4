"""One row of a department's table -> the values of one record, or the reason why it cannot be taken. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from knowledge.imports import masking, parse
from knowledge.imports.mapping import Field
from knowledge.imports.matching import Match
from knowledge.imports.parse import CellError
from knowledge.imports.readers import Cells
from knowledge.places import Place, Places

_SUMMARY = re.compile(r"^(合\s*计|总\s*计|小\s*计|本[页表]合计|累\s*计|总合计|共\s*计)")
_SUBTOTAL = re.compile(r"^.{0,12}(合计|小计|总计)[:：]?$")
_FOOTNOTE = re.compile(
    r"^[★*※]?(注|备注|说明|填表|制表|审核|复核|填报|编制|单位负责人|负责人|经办|公示期|监督电话|数据来源|资料来源|来源|以上|打印|导出|第\d+页)"
)
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")  # a code that a spreadsheet has rounded: its digits are lost
_TITLED = frozenset({"元", "公里", "亩", "平方米"})  # a title's % or mg/kg says nothing sure of a single column
_COUNTY_WIDE = frozenset({"全市", "全县", "市级", "县级", "市本级", "县本级", "市", "县", "市直", "县直", "全域"})


class RowError(Exception):
    """Why a row is not taken, as a sentence for the clerk."""


@dataclass(frozen=True, slots=True)
class File:
    """What a file says beside its rows: names that may hold a town, a market or a kind, and its date if it has one."""

    names: tuple[str, ...]  # title, sheet, file name, folders: nearest first
    price_unit: str  # 元/斤, where one of the names says it
    units: tuple[str, ...]  # the other units that they say: （单位：万元、公里）
    town: Place | None
    dated: date | None


def is_no_record(row: Cells) -> bool:
    """Blank rows, sums and footnotes are passed over."""
    filled = [stored for cell in row if (stored := parse.text(cell))]
    if not filled:
        return True
    if _SUMMARY.match(filled[0]) or any(_SUBTOTAL.match(stored) for stored in filled[:3]):
        return True
    return len(filled) <= max(len(row) // 3, 1) and bool(_FOOTNOTE.match(filled[0]))


def heading_of(row: Cells) -> str:
    """The text of a row that heads the rows below it (五重安镇, 三、五保户); "" for every other row."""
    filled = [stored for cell in row if (stored := parse.text(cell))]
    same = len(set(filled)) == 1 and re.search(r"[一-鿿]{2}", filled[0]) is not None
    return filled[0] if same and len(row) >= 4 and (len(filled) == 1 or len(filled) == len(row)) else ""


def values_of(row: Cells, laid: Match, file: File, places: Places) -> dict[str, Any]:
    """The values of a row by field. Raises RowError naming the column and what is wrong with it."""
    values: dict[str, Any] = dict(laid.mapping.constants)
    for item in laid.mapping.fields.values():
        try:
            values[item.name] = _value(item, row, laid, file, places)
        except CellError as error:
            raise RowError(f"“{laid.headers.get(item.name, item.label)}”{error}") from None
        if item.required and values[item.name] in (None, ""):
            raise RowError(f"缺“{laid.headers.get(item.name, item.label)}”")
    return values


def _cell(row: Cells, laid: Match, slot: str) -> object:
    column = laid.columns.get(slot)
    return row[column] if column is not None and column < len(row) else None


def _value(item: Field, row: Cells, laid: Match, file: File, places: Places) -> Any:
    if item.type in {"village", "place"}:
        return _place(item, row, laid, file, places)
    cell = _cell(row, laid, item.name)
    value = _typed(item, cell, _unit(item, row, laid, file), laid)
    if value in (None, "") and item.name not in laid.columns:
        value = _from_names(item, file) or value
    if value in (None, ""):
        value = item.default if item.default is not None else value
    return _town(value, places) if item.type == "town" and value else value


def _town(name: str, places: Places) -> str:
    if _is_county(name, places):
        return places.county.code
    town = places.get(name) if name.isdigit() else places.town(name)
    if town is None:
        raise CellError(f"“{name[:20]}”不在乡镇名单里")
    return town.code


def _is_county(name: str, places: Places) -> bool:
    return name in _COUNTY_WIDE or name in {places.county.name, places.county.name[:-1]}


def _unit(item: Field, row: Cells, laid: Match, file: File) -> str:
    """The unit of one number: of the row's own unit column, of the header, or of the title, whichever is nearest."""
    if not item.unit and item.type != "percent":
        return ""
    said = parse.text(_cell(row, laid, f"{item.name}.unit")) or laid.units.get(item.name, "")
    if parse.factor_of(item.unit, said) is not None:
        return said
    if item.unit not in _TITLED:
        return ""
    titled = [unit for unit in file.units if parse.factor_of(item.unit, unit) is not None]
    return item.unit if item.unit in titled else next(iter(titled), "")


def _typed(item: Field, cell: object, unit: str, laid: Match) -> Any:
    minimum = None if item.minimum is None else Decimal(item.minimum)
    match item.type:
        case "number":
            return _stored(parse.measure(cell, item.unit, unit, minimum=minimum))
        case "percent":
            share = parse.measure(cell, "%", unit, minimum=minimum)
            return _stored(share * 100 if share is not None and item.name in laid.fractions else share)
        case "integer":
            return parse.integer(cell, minimum=item.minimum or 0, base=item.unit, said=unit)
        case "open_number":  # a number, or a word that says there is none yet: 面议
            return _stored(parse.open_number(cell, minimum=minimum))
        case "date":
            return parse.day(cell)
        case "moment":
            return parse.moment(cell)
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
    if laid.mapping.private:
        return masking.private(stored)
    return masking.identity(stored) if item.is_code else masking.numbers_of_persons(stored)


def _stored(value: Decimal | None) -> Decimal | None:
    """A number as the database keeps it: four places."""
    try:
        return None if value is None else value.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    except InvalidOperation:
        raise CellError("太大了") from None


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
    if _SCIENTIFIC.fullmatch(code):
        code = ""
    name = parse.text(_cell(row, laid, f"{item.name}.name"))
    town_name = parse.text(_cell(row, laid, f"{item.name}.town"))
    known = (places.get(code) or places.get(places.county.code + code)) if code else None
    if code and (known is None or (item.type == "village" and len(code) != 12)):
        raise RowError(f"村代码“{code[:20]}”不在区划表里")
    town = places.town(town_name) if town_name else None
    if town_name and town is None and not known and not _is_county(town_name, places):
        raise RowError(f"乡镇“{town_name[:20]}”不在区划表里")
    if known:
        return _agreeing(known, name, places)
    if item.type == "place" and (not name or _is_county(name, places) or places.town(name)):
        return (places.town(name) or town or places.county).code
    if not name:
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
