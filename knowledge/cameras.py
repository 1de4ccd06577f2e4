"""Cameras of the Snow Bright project, counted. Where a single one stands is nobody's to be told from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.tables import Camera

#: How departments write that a camera works.
_WORKS = ("在线", "正常", "运行", "良好", "完好", "启用")
_YES = frozenset({"是", "开", "有"})


def of(session: Session, area: str) -> list[Camera]:
    """The cameras of an area."""
    return list(session.scalars(select(Camera).where(within(Camera.place, area)).order_by(Camera.id)))


def online(rows: Sequence[Camera]) -> int:
    """How many of the cameras work."""
    return sum(is_online(row) for row in rows)


def is_online(row: Camera) -> bool:
    """Whether a camera works."""
    status = row.status.strip()
    return status.startswith(_WORKS) or status in _YES


def others(rows: Sequence[Camera]) -> list[tuple[str, int]]:
    """The cameras that do not work by status, the most frequent first."""
    return Counter(row.status for row in rows if not is_online(row)).most_common()
