"""Reported faults of household toilets. Householders are for their own village; counts and keepers for everybody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.tables import ToiletRepair

#: How departments write that a fault is mended, and that it is not.
_DONE = re.compile("修好|修复|完成|办结|完毕|完工|解决|已修|已维修|已处理")
_OPEN = re.compile("未|没|待|中|派")


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who looks after a village's toilets, as its latest record says."""

    name: str
    phone: str


def of(session: Session, area: str) -> list[ToiletRepair]:
    """The repairs of an area, the latest reported first."""
    where = within(ToiletRepair.place, area)
    return list(
        session.scalars(select(ToiletRepair).where(where).order_by(ToiletRepair.reported.desc(), ToiletRepair.id))
    )


def is_open(row: ToiletRepair) -> bool:
    """Whether the fault is not mended: without a day of repair, unless the status alone says that it is."""
    return row.fixed is None and (_OPEN.search(row.status) is not None or _DONE.search(row.status) is None)


def of_household(rows: Iterable[ToiletRepair], text: str, day: tuple[date, date] | None) -> list[ToiletRepair]:
    """The repairs of the householders whose names stand in a text, of those reported within days where there are such."""
    named = [row for row in rows if row.head and row.head in text]
    longest = max((len(row.head) for row in named), default=0)
    named = [row for row in named if len(row.head) == longest]
    if day:
        return [row for row in named if day[0] <= row.reported <= day[1]] or named
    return named


def of_family(rows: Iterable[ToiletRepair], text: str) -> list[ToiletRepair]:
    """The repairs of the householders whose family name stands before 家 in a text: 李家厕所修好没."""
    return [row for row in rows if row.head and f"{row.head[0]}家" in text]


def keepers(rows: Sequence[ToiletRepair]) -> list[Keeper]:
    """The keepers of repairs, the latest first."""
    return list(dict.fromkeys(Keeper(row.keeper, row.keeper_phone) for row in rows if row.keeper))
