from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from knowledge import assets
from knowledge.assets import Total
from knowledge.tables import IdleResource
from tests.sectors import COUNTY, MUZHUANG, SHUXING, WANBAOGOU, add


def test_assets_by_value_and_use(session: Session) -> None:
    add(
        session,
        "assets",
        {"code": "A", "title": "井", "place": WANBAOGOU, "value": Decimal(10), "status": "自用"},
        {"code": "B", "title": "冷库", "place": WANBAOGOU, "value": Decimal(90), "status": "闲置"},
        {"code": "C", "title": "果园", "place": WANBAOGOU, "value": None, "status": "闲置"},
    )
    rows = assets.of(session, WANBAOGOU)
    assert [row.code for row in rows] == ["B", "A", "C"]
    assert assets.total(rows) == Total("", 3, Decimal(100), 1)
    assert assets.by_status(rows) == [Total("闲置", 2, Decimal(90), 1), Total("自用", 1, Decimal(10), 0)]


def test_cooperatives_near_home_come_first(session: Session) -> None:
    add(
        session,
        "cooperatives",
        {"name": "远社", "place": SHUXING, "members": 500},
        {"name": "邻社", "place": MUZHUANG, "members": 20},
        {"name": "邻大社", "place": MUZHUANG, "members": 30},
        {"name": "本社", "place": WANBAOGOU, "members": None},
    )
    assert [row.name for row in assets.cooperatives(session, COUNTY, WANBAOGOU)] == ["本社", "邻大社", "邻社", "远社"]
    assert next(row.name for row in assets.cooperatives(session, COUNTY)) == "远社"


def test_what_is_idle_near_home_and_still_to_be_had_comes_first(session: Session) -> None:
    def house(code: str, place: str, status: str, price: int | None) -> dict[str, Any]:
        return {"code": code, "place": place, "kind": "闲置农房", "status": status, "price": price}

    add(
        session,
        "idle_resources",
        house("1", SHUXING, "待流转", 1),
        house("2", WANBAOGOU, "已流转", 1),
        house("3", WANBAOGOU, "洽谈中", None),
        house("4", WANBAOGOU, "待流转", 900),
    )
    rows = assets.idle(session, COUNTY, WANBAOGOU)
    assert [row.code for row in rows] == ["4", "3", "2", "1"]
    assert [assets.is_on_offer(row) for row in rows] == [True, True, False, True]
    taken = {"已出租", "已流转", "在租", "出租中"}
    statuses = [*taken, "待流转", "闲置", "洽谈中", ""]
    assert {status for status in statuses if not assets.is_on_offer(IdleResource(status=status))} == taken
