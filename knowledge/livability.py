"""A village's five works (五化): its figures, an area's totals and who stands where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.tables import Livability


@dataclass(frozen=True, slots=True)
class Indicator:
    """One figure: what it is called and its unit; `whole` is the indicator that it is a part of."""

    name: str
    label: str
    unit: str
    whole: str | None = None
    share: str = ""  # what part : whole is called


INDICATORS = {
    row.name: row
    for row in (
        Indicator("green_rate", "绿化率", "%"),
        Indicator("road_total", "道路总长", "公里"),
        Indicator("road_hard", "硬化路", "公里", "road_total", "硬化率"),
        Indicator("lamps", "路灯", "盏"),
        Indicator("lamps_lit", "亮着的路灯", "盏", "lamps", "亮灯率"),
        Indicator("toilets", "厕所", "个"),
        Indicator("toilets_renovated", "改过的厕所", "个", "toilets", "改厕率"),
        Indicator("households", "户数", "户"),
        Indicator("population", "人口", "人"),
    )
}

_TENTH = Decimal("0.1")


def of(session: Session, area: str) -> list[Livability]:
    """The villages of an area, in the order of their codes."""
    return list(session.scalars(select(Livability).where(within(Livability.place, area)).order_by(Livability.place)))


def value(row: Livability, name: str) -> Decimal | None:
    """One figure of a village in its indicator's unit, or None where it is not known."""
    found = getattr(row, name)
    return None if found is None else Decimal(found)


def share(row: Livability, name: str) -> Decimal | None:
    """A part of its whole in %, to a tenth: hardened of all roads, lit of all lamps. Rates are returned as they are."""
    indicator = INDICATORS[name]
    part = value(row, name)
    if indicator.whole is None:
        return part
    whole = value(row, indicator.whole)
    return percent(part, whole) if part is not None and whole else None


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """part : whole in %, to a tenth."""
    return (part * 100 / whole).quantize(_TENTH, ROUND_HALF_UP)


def total(rows: Iterable[Livability], name: str) -> tuple[Decimal, int] | None:
    """An indicator's sum over villages (the plain mean, to a tenth, of a rate) and how many villages it is from."""
    values = [found for row in rows if (found := value(row, name)) is not None]
    if not values:
        return None
    summed = sum(values, Decimal(0))
    if INDICATORS[name].unit == "%":
        return (summed / len(values)).quantize(_TENTH, ROUND_HALF_UP), len(values)
    return summed, len(values)


def measured(rows: Sequence[Livability], measure: Callable[[Livability], Decimal | None]) -> dict[str, Decimal]:
    """A measure by village, without the villages of which it is not known."""
    return {row.place: found for row in rows if (found := measure(row)) is not None}
