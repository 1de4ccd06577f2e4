from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from knowledge import trades
from knowledge.tables import Trade
from tests.sectors import COUNTY, MUZHUANG, SHUXING, WANBAOGOU, add

DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("item", "goods", "same", "akin"),
    [
        ("鸡蛋", "鸡蛋", True, False),
        ("散养鸡蛋", "鸡蛋", True, False),
        ("鸡蛋", "散养鸡蛋", True, False),
        ("草莓苗", "草莓", False, True),
        ("玉米秸秆", "玉米", False, True),
        ("短工（摘果）", "短工", True, False),
        ("短工（摘果）", "摘果", True, False),
        ("板栗", "玉米", False, False),
    ],
)
def test_which_goods_are_the_same(item: str, goods: str, same: bool, akin: bool) -> None:
    assert trades.same_goods(item, goods) is same
    assert trades.akin(item, goods) is akin


def test_an_offer_holds_through_its_last_day() -> None:
    assert trades.in_force(Trade(expires=DAY), DAY)
    assert not trades.in_force(Trade(expires=date(2026, 11, 22)), DAY)
    assert trades.in_force(Trade(expires=None), DAY)


def test_offers_by_number_and_nearness(session: Session) -> None:
    rows = [
        {"code": code, "side": "求购", "item": item, "place": place, "published": published}
        for code, item, place, published in (
            ("GQ1", "板栗", SHUXING, date(2026, 11, 22)),
            ("GQ2", "短工（摘果）", MUZHUANG, date(2026, 11, 1)),
            ("GQ3", "板栗", WANBAOGOU, date(2026, 10, 1)),
            ("GQ4", "板栗", MUZHUANG, date(2026, 11, 20)),
        )
    ]
    add(session, "trades", *rows)
    found = trades.of(session, COUNTY)
    assert [row.code for row in found] == ["GQ1", "GQ4", "GQ2", "GQ3"]
    assert [row.code for row in trades.nearest(found, WANBAOGOU)] == ["GQ3", "GQ4", "GQ2", "GQ1"]
    known = trades.by_code(session, "gq2")
    assert known
    assert known.item == "短工（摘果）"
    assert trades.by_code(session, "GQ9") is None
    assert trades.items(session) == ["板栗", "短工（摘果）"]
