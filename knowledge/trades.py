"""Offers to sell and to buy: which are in force, for which goods, and how near."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.standing import nearness
from knowledge.tables import Trade

_ASIDE = re.compile(r"[（(](.*?)[）)]")


def of(session: Session, area: str) -> list[Trade]:
    """All offers of an area, the latest published first."""
    return list(
        session.scalars(select(Trade).where(within(Trade.place, area)).order_by(Trade.published.desc(), Trade.id))
    )


def by_code(session: Session, code: str) -> Trade | None:
    """The offer with a number, or None."""
    return session.scalar(select(Trade).where(Trade.code == code.upper()))


def in_force(row: Trade, today: date) -> bool:
    """Whether an offer holds on a day; one without an end holds until it is taken down."""
    return row.expires is None or row.expires >= today


def nearest(rows: Iterable[Trade], home: str | None) -> list[Trade]:
    """Offers of the home village first, then of its town, then of the county; within those in their order."""
    return sorted(rows, key=lambda row: nearness(row.place, home))


def items(session: Session) -> list[str]:
    """The goods that are or were on offer."""
    return list(session.scalars(select(Trade.item).distinct().order_by(Trade.item)))


def called(item: str) -> list[str]:
    """What an item is called, and what stands beside it in brackets: 短工（摘果） -> 短工, 摘果."""
    return [name for name in (_ASIDE.sub("", item).strip(), *_ASIDE.findall(item)) if name]


def same_goods(item: str, goods: str) -> bool:
    """Whether an offered item is these goods: 鸡蛋 are 散养鸡蛋 too, but 草莓 are not 草莓苗."""
    return any(name.endswith(goods) or goods.endswith(name) for name in called(item))


def akin(item: str, goods: str) -> bool:
    """Whether an item only has to do with goods: 草莓苗 with 草莓, 玉米秸秆 with 玉米."""
    return not same_goods(item, goods) and any(goods in name or name in goods for name in called(item))
