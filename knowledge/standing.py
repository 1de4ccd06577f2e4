"""Who stands where among villages and towns, and how near they are to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

VILLAGE = 12
TOWN = 9


@dataclass(frozen=True, slots=True)
class Standing:
    """One place among `of`: its value and its rank from 1. Equal values share a rank."""

    place: str
    value: Decimal
    rank: int
    of: int


def standings(values: Mapping[str, Decimal], highest: bool = True) -> list[Standing]:
    """Places by value, the highest (or lowest) first; places with equal values in the order of their codes."""
    ordered = sorted(values.items(), key=lambda item: (-item[1] if highest else item[1], item[0]))
    found: list[Standing] = []
    for number, (place, value) in enumerate(ordered, 1):
        rank = found[-1].rank if found and found[-1].value == value else number
        found.append(Standing(place, value, rank, len(ordered)))
    return found


def by_town(values: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Values of villages summed up by the 9-digit code of their town."""
    sums: dict[str, Decimal] = {}
    for place, value in values.items():
        sums[place[:TOWN]] = sums.get(place[:TOWN], Decimal(0)) + value
    return sums


def nearness(code: str, home: str | None) -> int:
    """How near a place is to a village: 0 the same, 1 the same town, 2 elsewhere in the county."""
    if home and code == home:
        return 0
    return 1 if home and code[:TOWN] == home[:TOWN] else 2


def departments(records: list[Any]) -> str:
    """The departments that records come from, in the order of their first record: 民政局."""
    return "、".join(dict.fromkeys(record.source.department for record in records))
