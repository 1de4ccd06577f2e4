"""What a village owns and offers: collective assets, idle hills, houses and land, and the cooperatives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.standing import nearness
from knowledge.tables import Asset, Cooperative, IdleResource


@dataclass(frozen=True, slots=True)
class Total:
    """Several assets: their number and value in 元; `unvalued` of them have no value."""

    name: str
    count: int
    value: Decimal
    unvalued: int


def of(session: Session, area: str) -> list[Asset]:
    """The collective assets of an area, the most valuable first."""
    rows = session.scalars(select(Asset).where(within(Asset.place, area)).order_by(Asset.id)).all()
    return sorted(rows, key=lambda row: -(row.value or 0))


def titles(session: Session) -> list[tuple[str, str]]:
    """The titles of all assets with their villages."""
    return [(title, place) for title, place in session.execute(select(Asset.title, Asset.place).distinct())]


def total(rows: Sequence[Asset], name: str = "") -> Total:
    """Number and value of assets."""
    values = [row.value for row in rows if row.value is not None]
    return Total(name, len(rows), sum(values, Decimal(0)), len(rows) - len(values))


def by_status(rows: Iterable[Asset]) -> list[Total]:
    """Assets by the use that is made of them, the most frequent first."""
    groups: dict[str, list[Asset]] = {}
    for row in rows:
        groups.setdefault(row.status, []).append(row)
    return sorted((total(group, status) for status, group in groups.items()), key=lambda t: (-t.count, t.name))


def cooperatives(session: Session, area: str, home: str | None = None) -> list[Cooperative]:
    """The cooperatives of an area, those nearest to a home village first, then those with most members."""
    rows = session.scalars(select(Cooperative).where(within(Cooperative.place, area)).order_by(Cooperative.id)).all()
    return sorted(rows, key=lambda row: (nearness(row.place, home), -(row.members or 0)))


def idle(session: Session, area: str, home: str | None = None) -> list[IdleResource]:
    """What lies idle in an area, what is nearest to a home village first, then what is on offer, the cheapest first."""
    rows = session.scalars(select(IdleResource).where(within(IdleResource.place, area)).order_by(IdleResource.id)).all()
    return sorted(
        rows, key=lambda row: (nearness(row.place, home), not is_on_offer(row), row.price is None, row.price or 0)
    )


def is_on_offer(row: IdleResource) -> bool:
    """Whether an idle resource may still be had; one that is being bargained for may."""
    return not row.status.startswith(("已", "在租", "出租中", "承包中"))
