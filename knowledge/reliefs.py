"""Public lists of low-income and supported households: counts for everybody, the names for whoever may see them.

A list is renewed as a whole: of each kind the latest list of a town counts, so that a household that has dropped out
is not counted from an older one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.standing import TOWN, departments
from knowledge.tables import Relief


@dataclass(frozen=True, slots=True)
class Count:
    """Households and persons of one kind of relief; `monthly` in 元 altogether, None where a household has none."""

    kind: str
    households: int
    persons: int
    monthly: Decimal | None
    as_of: date | None
    department: str


def listed(session: Session, area: str, kinds: Collection[str] = (), until: date | None = None) -> list[Relief]:
    """The households on the latest lists of an area, of these kinds (of all where none is given).

    `until` leaves later lists out.
    """
    wanted = [Relief.kind.in_(kinds)] if kinds else []
    held = [Relief.as_of <= until] if until else []
    rows = session.scalars(
        select(Relief).where(within(Relief.place, area[:TOWN]), *wanted, *held).order_by(Relief.id)
    ).all()
    latest: dict[tuple[str, str], date] = {}
    for row in rows:
        name = (row.kind, row.place[:TOWN])
        latest[name] = max(latest.get(name, date.min), row.as_of or date.min)
    current = (row for row in rows if (row.as_of or date.min) == latest[row.kind, row.place[:TOWN]])
    return [row for row in current if row.place.startswith(area)]


def counts(rows: Iterable[Relief]) -> list[Count]:
    """Households by kind, the kind with most households first."""
    groups: dict[str, list[Relief]] = {}
    for row in rows:
        groups.setdefault(row.kind, []).append(row)
    found = [_count(kind, group) for kind, group in groups.items()]
    return sorted(found, key=lambda count: -count.households)


def lists(session: Session, area: str) -> list[tuple[str, date | None, str]]:
    """The lists held of an area's towns: kind, date and department, the latest first."""
    rows = session.scalars(select(Relief).where(within(Relief.place, area[:TOWN]))).all()
    found = {(row.kind, row.as_of, row.source.department) for row in rows}
    return sorted(found, key=lambda item: (item[1] or date.min, item[0]), reverse=True)


def _count(kind: str, rows: Sequence[Relief]) -> Count:
    paid = [row.monthly for row in rows if row.monthly is not None]
    return Count(
        kind,
        len(rows),
        sum(row.persons for row in rows),
        sum(paid, Decimal(0)) if len(paid) == len(rows) else None,
        max((row.as_of for row in rows if row.as_of), default=None),
        departments(list(rows)),
    )
