"""People honoured in public, and titles of honour of villages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.tables import CivilizedTitle, RoleModel


def people(session: Session, area: str) -> list[RoleModel]:
    """The people honoured of an area, the latest first."""
    where = within(RoleModel.place, area)
    return list(session.scalars(select(RoleModel).where(where).order_by(RoleModel.awarded.desc(), RoleModel.id)))


def named(rows: Iterable[RoleModel], text: str) -> list[RoleModel]:
    """Those of them whose names stand in a text; the longest names alone where one is part of another."""
    found = [row for row in rows if row.name and row.name in text]
    return [row for row in found if not any(row.name != other.name and row.name in other.name for other in found)]


def by_kind(rows: Iterable[RoleModel]) -> list[tuple[str, int]]:
    """Kinds of honour with their number of awards, the most frequent first."""
    return Counter(row.kind for row in rows).most_common()


def titles(session: Session, area: str) -> list[CivilizedTitle]:
    """The titles of an area's villages, those still held first, then the latest."""
    rows = session.scalars(select(CivilizedTitle).where(within(CivilizedTitle.place, area)).order_by(CivilizedTitle.id))
    return sorted(rows, key=lambda row: (not is_held(row), -(row.year or 0)))


def is_held(row: CivilizedTitle) -> bool:
    """Whether a title is still held; without a status it is."""
    lost = ("摘", "撤", "取消", "失效", "不再", "未通过", "未保持", "除名")
    return not any(word in row.status for word in lost)
