"""County > town > village by division code: names, aliases, and the namesakes that must be told apart.

The list is the official one of 2021 (National Bureau of Statistics), kept in `data/places.csv` with its notice.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Literal

Kind = Literal["county", "town", "village", "community"]
DATA = Path(__file__).parent / "data"

_VILLAGE_TAILS = (
    *("村民委员会", "村委会", "村民委", "村委"),
    *("社区居民委员会", "社区居委会", "居民委员会", "居委会", "社区", "村"),
)
_TOWN_TAILS = ("街道办事处", "人民政府", "街道", "镇", "乡")
_COUNTY_TAILS = ("自治县", "市", "县")


@dataclass(frozen=True, slots=True)
class Place:
    """One unit of the division list. `parent` is the code one level up."""

    code: str
    name: str
    kind: Kind
    parent: str | None


@lru_cache(4096)
def short_name(name: str) -> str:
    """The name without 村, 村委会, 镇, 街道, 市 …: 万宝沟村委会 -> 万宝沟. One character is never left over."""
    for tails in (_VILLAGE_TAILS, _TOWN_TAILS, _COUNTY_TAILS):
        for tail in tails:
            if name.endswith(tail) and len(name) - len(tail) >= 2:
                return name[: -len(tail)]
    return name


class Places:
    """The gazetteer of one county. Pure once built."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.by_code = {place.code: place for place in places}
        self._units: dict[str, list[Place]] = defaultdict(list)
        self._towns: dict[str, Place] = {}
        for place in self.by_code.values():
            if place.kind == "town":
                for name in {place.name, short_name(place.name)}:
                    self._towns[name] = place
            elif place.kind != "county":
                for name in {place.name, short_name(place.name)}:
                    self._units[name].append(place)

    def __iter__(self) -> Iterator[Place]:
        return iter(self.by_code.values())

    def get(self, code: str) -> Place | None:
        """The place with this code, or None."""
        return self.by_code.get(code)

    @cached_property
    def county(self) -> Place:
        """The county itself."""
        return next(place for place in self if place.kind == "county")

    @cached_property
    def towns(self) -> tuple[Place, ...]:
        """All towns in the order of their codes."""
        return tuple(sorted((p for p in self if p.kind == "town"), key=lambda p: p.code))

    def villages(self, parent: str | None = None) -> list[Place]:
        """All villages (not the urban committees), of one town if its code is given, in the order of their codes."""
        found = (p for p in self if p.kind == "village" and (parent is None or p.parent == parent))
        return sorted(found, key=lambda p: p.code)

    def town(self, name: str) -> Place | None:
        """The town of this name, with or without 镇 or 街道."""
        name = name.strip()
        return self._towns.get(name) or self._towns.get(short_name(name))

    def units(self, name: str, town: str | None = None) -> list[Place]:
        """All villages and committees that `name` may mean; `town` is a code that tells namesakes apart.

        The name may lack 村 or bear 村委会, and may be preceded by its town (五重安镇万宝沟村) or the county.
        """
        name = name.strip()
        for prefix in (self.county.name, short_name(self.county.name)):
            if name.startswith(prefix) and len(name) > len(prefix) + 1:
                name = name[len(prefix) :]
                break
        found = self._exact(name)
        if not found and town is None:
            for length in range(len(name) - 1, 1, -1):
                before = self._towns.get(name[:length])
                if before:
                    town, found = before.code, self._exact(name[length:])
                    if found:
                        break
        return [place for place in found if town is None or place.parent == town]

    def _exact(self, name: str) -> list[Place]:
        full = self._units.get(name)
        if full:
            return full
        base = short_name(name)
        return self._units.get(base) or self._units.get(base + "村") or []

    def namesakes(self) -> dict[str, list[Place]]:
        """Village names that stand in more than one town."""
        names: dict[str, list[Place]] = defaultdict(list)
        for place in self.villages():
            names[place.name].append(place)
        return {name: found for name, found in names.items() if len(found) > 1}

    def full_name(self, code: str) -> str:
        """A place's name with its town before it: 五重安镇万宝沟村. The code itself if it is not ours."""
        place = self.get(code)
        if place is None:
            return code
        parent = self.get(place.parent or "")
        return parent.name + place.name if parent and parent.kind == "town" else place.name


def _village_name(name: str) -> str:
    """The official list writes 万宝沟村委会; people write 万宝沟村."""
    if name.endswith("村委会"):
        base = name.removesuffix("委会")
        return base.removesuffix("村") if base.endswith("村村") else base
    return name


@cache
def load(path: Path = DATA / "places.csv", county: tuple[str, str] = ("130283", "迁安市")) -> Places:
    """The gazetteer from a list with the columns town_code, town, village_code, village."""
    places: dict[str, Place] = {county[0]: Place(county[0], county[1], "county", None)}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            places.setdefault(row["town_code"], Place(row["town_code"], row["town"], "town", county[0]))
            name = _village_name(row["village"])
            kind: Kind = "village" if row["village"].endswith("村委会") else "community"
            places[row["village_code"]] = Place(row["village_code"], name, kind, row["town_code"])
    return Places(places.values())
