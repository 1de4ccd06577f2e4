"""Yearly figures of crops and livestock, and greenhouses, summed over a village, a town or the county."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.standing import departments
from knowledge.tables import Facility, FarmingStat, Source

#: The sector's name in which animals stand; every other sector is planting.
ANIMALS = ("养殖", "畜牧", "畜禽", "牧业", "渔业", "水产")


@dataclass(frozen=True, slots=True)
class Figure:
    """One item's indicator in one year, in `unit`, summed over `villages` villages."""

    item: str
    indicator: str
    unit: str
    year: int
    quantity: Decimal
    villages: int
    as_of: date | None
    department: str


@dataclass(frozen=True, slots=True)
class Origin:
    """The department that a figure is from, as of when it was sent."""

    department: str
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Stat:
    """One village's figure of one item in one year, as `FarmingStat` has it.

    The county has thousands: they are read as plain values, which takes a fraction of the time that records take.
    """

    place: str
    year: int
    sector: str
    item: str
    indicator: str
    quantity: Decimal
    unit: str
    as_of: date | None
    source: Origin


def is_livestock(row: Stat) -> bool:
    """Whether a row is of animals: by its sector, or by an indicator that only animals have."""
    return row.sector.startswith(ANIMALS) or row.indicator in {"存栏", "出栏", "存栏量", "出栏量", "年末存栏"}


def of(session: Session, area: str, livestock: bool) -> list[Stat]:
    """The yearly figures of an area's villages: of animals, or of everything that is planted."""
    found = session.execute(
        select(
            FarmingStat.place, FarmingStat.year, FarmingStat.sector, FarmingStat.item, FarmingStat.indicator,
            FarmingStat.quantity, FarmingStat.unit, FarmingStat.as_of, FarmingStat.source_id,
        )
        .where(within(FarmingStat.place, area))
        .order_by(FarmingStat.id)
    ).all()  # fmt: skip
    sources = session.execute(
        select(Source.id, Source.department, Source.as_of).where(Source.dataset == "farming_stats")
    )
    origins = {number: Origin(department, as_of) for number, department, as_of in sources}
    rows = [
        Stat(
            row.place, row.year, row.sector, row.item, row.indicator,
            row.quantity, row.unit, row.as_of, origins[row.source_id],
        )
        for row in found
    ]  # fmt: skip
    return [row for row in rows if is_livestock(row) == livestock]


def figures(rows: Iterable[Stat]) -> list[Figure]:
    """Sums by item, indicator, unit and year; the latest year first, then the largest sums."""
    groups: dict[tuple[str, str, str, int], list[Stat]] = {}
    for row in rows:
        groups.setdefault((row.item, row.indicator, row.unit, row.year), []).append(row)
    found = [
        Figure(
            *name,
            sum((row.quantity for row in group), Decimal(0)),
            len({row.place for row in group}),
            max((row.as_of for row in group if row.as_of), default=None),
            departments(group),
        )
        for name, group in groups.items()
    ]
    return sorted(found, key=lambda figure: (-figure.year, -figure.quantity, figure.item))


def by_village(rows: Iterable[Stat]) -> dict[str, Decimal]:
    """Quantities summed up by village."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row.place] = sums.get(row.place, Decimal(0)) + row.quantity
    return sums


def facilities(session: Session, area: str, year: int | None = None) -> list[Facility]:
    """The greenhouses of an area in a year, by default the latest of each village."""
    rows: Sequence[Facility] = session.scalars(
        select(Facility)
        .where(within(Facility.place, area))
        .order_by(Facility.place, Facility.count.desc(), Facility.id)
    ).all()
    if year is not None:
        return [row for row in rows if row.year == year]
    latest: dict[str, int] = {}
    for row in rows:
        latest[row.place] = max(row.year, latest.get(row.place, row.year))
    return [row for row in rows if row.year == latest[row.place]]
