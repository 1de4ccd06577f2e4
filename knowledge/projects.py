"""Village projects: how far they have come, and their money. Amounts in 元, progress in %."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.tables import Project

DONE = Decimal(100)


@dataclass(frozen=True, slots=True)
class Summary:
    """Several projects taken together; `late` are past their planned end and not done."""

    count: int
    done: int
    late: int
    budget: Decimal
    paid: Decimal


def of(session: Session, area: str) -> list[Project]:
    """The projects of an area, what is not done first, then by their planned end."""
    rows = session.scalars(select(Project).where(within(Project.place, area)).order_by(Project.code)).all()
    return sorted(rows, key=lambda row: (is_done(row), row.planned_end or date.max))


def is_done(row: Project) -> bool:
    """Whether the project has come to its end."""
    return row.progress is not None and row.progress >= DONE


def days_late(row: Project, today: date) -> int:
    """By how many days the planned end has passed without the project being done; 0 if it has not."""
    if is_done(row) or row.planned_end is None:
        return 0
    return max(0, (today - row.planned_end).days)


def summary(rows: Sequence[Project], today: date) -> Summary:
    """Count, progress and money of several projects."""
    return Summary(
        len(rows),
        sum(map(is_done, rows)),
        sum(days_late(row, today) > 0 for row in rows),
        _sum(row.budget for row in rows),
        _sum(row.paid for row in rows),
    )


def _sum(values: Iterable[Decimal | None]) -> Decimal:
    return sum((value for value in values if value is not None), Decimal(0))
