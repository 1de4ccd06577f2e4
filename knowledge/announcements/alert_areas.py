"""For which of our places an alert is: by the division codes of its areas, or by their names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from knowledge.imports.cap import Area
from knowledge.places import Places, short_name

_WHOLE = frozenset({"", "全境", "境内", "全域", "全市", "全县", "全区"})
_APART = re.compile(r"[、，,;；/\s]+")
_AND = re.compile(r"[和及与]")


def placed(areas: Iterable[Area], places: Places) -> tuple[list[str], list[str]]:
    """The codes (6, 9 or 12 digits) of our places among areas, and the names of areas that cannot be told.

    An area with the code of the province or the prefecture holds the whole county. One whose codes are all of other
    counties is in neither list. One without a code is looked up by its name; a name that several places bear, or none,
    cannot be told.
    """
    county = places.county.code
    codes: set[str] = set()
    unknown: list[str] = []
    for area in areas:
        kept = [_significant(code) for code in area.codes]
        held = {county if county.startswith(code) else code for code in kept if code and _ours(code, county)}
        found = held if held and all(places.get(code) for code in held) else None
        if found is None and kept and not held and all(kept):
            continue  # of other counties
        found = found or _named(area.name, places)
        if found:
            codes |= found
        else:
            unknown.append(area.name or "、".join(area.codes) or "没有写地名")
    return topmost(codes), unknown


def topmost(codes: Iterable[str]) -> list[str]:
    """Codes in order, without those that lie within others of them."""
    among = set(codes)
    return sorted(code for code in among if not any(code[:size] in among for size in (6, 9) if len(code) > size))


def _ours(code: str, county: str) -> bool:
    return county.startswith(code) or code.startswith(county)


def _significant(code: str) -> str:
    """A code without the zeros that fill it up: 130283116000 is a town, 130200 a prefecture, 000000 nothing."""
    for digits in (9, 6):
        if len(code) > digits and not code[digits:].strip("0"):
            code = code[:digits]
    if len(code) == 6:
        code = re.sub(r"(00)+$", "", code)
    return code


def _named(name: str, places: Places) -> set[str] | None:
    """The places that a description names, None where one of them is not surely known."""
    found: set[str] = set()
    for part in _APART.split(name.strip()):
        whole = _one(part, places)
        each = [whole] if whole else [_one(half, places) for half in _AND.split(part)]
        if not all(each):
            return None
        found |= {code for code in each if code}
    return found or None


def _one(name: str, places: Places) -> str | None:
    county = places.county
    within = name.rpartition(county.name)[2] if county.name in name else name
    if county.name in name or name == short_name(county.name):
        if within in _WHOLE or name == short_name(county.name):
            return county.code
    elif not name:
        return None
    town = places.town(within)
    if town:
        return town.code
    units = places.units(within)
    return units[0].code if len(units) == 1 else None
