from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from knowledge import farming
from tests.sectors import COUNTY, MUZHUANG, SHUXING, WANBAOGOU, WUZHONGAN, add


def stat(
    place: str, year: int, item: str, quantity: int, indicator: str = "播种面积", sector: str = "种植"
) -> dict[str, Any]:
    unit = "亩" if "面积" in indicator else "头"
    return {"place": place, "year": year, "sector": sector, "item": item, "indicator": indicator, "quantity": Decimal(quantity), "unit": unit}  # fmt: skip


@pytest.fixture
def farmed(session: Session) -> Session:
    add(
        session,
        "farming_stats",
        stat(WANBAOGOU, 2026, "玉米", 966),
        stat(WANBAOGOU, 2025, "玉米", 978),
        stat(MUZHUANG, 2026, "玉米", 34),
        stat(SHUXING, 2026, "玉米", 1000),
        stat(WANBAOGOU, 2026, "安梨", 177, "种植面积", "林果"),
        stat(WANBAOGOU, 2026, "肉牛", 108, "存栏", "养殖"),
        stat(WANBAOGOU, 2026, "肉牛", 168, "出栏", "养殖"),
        stat(WANBAOGOU, 2026, "生猪", 9, "存栏", ""),
    )
    return session


def test_planting_and_animals_are_kept_apart(farmed: Session) -> None:
    assert {row.item for row in farming.of(farmed, WANBAOGOU, livestock=False)} == {"玉米", "安梨"}
    # an export without a sector tells animals by what is counted of them
    assert {row.item for row in farming.of(farmed, WANBAOGOU, livestock=True)} == {"肉牛", "生猪"}


def test_figures_are_summed_over_an_area(farmed: Session) -> None:
    county, town = (farming.figures(farming.of(farmed, area, livestock=False)) for area in (COUNTY, WUZHONGAN))
    first = county[0]
    assert (first.item, first.year, first.quantity, first.villages) == ("玉米", 2026, Decimal(2000), 3)
    assert [(f.item, f.year, f.quantity) for f in town] == [
        ("玉米", 2026, Decimal(1000)),
        ("安梨", 2026, Decimal(177)),
        ("玉米", 2025, Decimal(978)),
    ]
    assert farming.by_village(farming.of(farmed, MUZHUANG, livestock=False)) == {MUZHUANG: Decimal(34)}


def test_greenhouses_of_the_latest_year_of_each_village(session: Session) -> None:
    add(
        session,
        "facilities",
        {"place": WANBAOGOU, "year": 2025, "kind": "日光温室", "count": 30},
        {"place": WANBAOGOU, "year": 2026, "kind": "日光温室", "count": 34},
        {"place": MUZHUANG, "year": 2025, "kind": "小拱棚", "count": 5},
    )
    assert [(row.year, row.count) for row in farming.facilities(session, WUZHONGAN)] == [(2026, 34), (2025, 5)]
    assert [row.count for row in farming.facilities(session, WUZHONGAN, 2025)] == [30, 5]
    assert farming.facilities(session, WUZHONGAN, 2020) == []
