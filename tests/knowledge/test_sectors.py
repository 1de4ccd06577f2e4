"""The sectors' queries on both databases: what is stored comes back the same, by village, town and county."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config import SHANGHAI
from knowledge import alerts, assets, cameras, farming, honours, livability, projects, reliefs, soil, toilets, trades
from tests.conftest import NOW
from tests.sectors import COUNTY, MUZHUANG, SHUXING, WANBAOGOU, WUZHONGAN, add

PLACES = (WANBAOGOU, MUZHUANG, SHUXING)
DAY = date(2026, 9, 30)


@pytest.fixture
def stored(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        for dataset, values in {
            "reliefs": {"kind": "农村低保", "dated": DAY, "head": "张三", "persons": 2, "monthly": Decimal("500.25")},
            "livability": {"green_rate": Decimal("33.3"), "lamps": 10, "lamps_lit": 7},
            "projects": {"title": "路", "progress": Decimal(30), "budget": Decimal("100.5")},
            "toilet_repairs": {"head": "李四", "reported": DAY, "status": "待修", "keeper": "杨亮"},
            "soil_tests": {"plot": "T01", "sampled": DAY, "ph": Decimal("7.3")},
            "farming_stats": {"year": 2026, "sector": "种植", "item": "玉米", "indicator": "面积", "quantity": Decimal("8.5"), "unit": "亩"},
            "facilities": {"year": 2026, "kind": "温室", "count": 3},
            "assets": {"title": "井", "value": Decimal("97800.55"), "status": "出租"},
            "cooperatives": {"name": "社", "members": 5},
            "idle_resources": {"kind": "荒山", "status": "待流转", "price": Decimal(20)},
            "trades": {"side": "求购", "item": "板栗", "published": DAY},
            "role_models": {"name": "王子轩", "kind": "孝老爱亲", "awarded": DAY},
            "civilized_titles": {"title": "文明村", "year": 2015, "status": "保持"},
            "cameras": {"status": "在线"},
        }.items():  # fmt: skip
            coded = {"projects", "toilet_repairs", "assets", "idle_resources", "trades", "cameras"}
            rows = [
                values | {"place": place} | ({"code": f"C{number}"} if dataset in coded else {})
                for number, place in enumerate(PLACES)
            ]
            add(session, dataset, *rows)
        moment = datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI)
        alert = {
            "identifier": "A", "sender": "yjj", "sent": moment, "status": "Actual", "kind": "Alert", "scope": "Public",
            "event": "火险", "effective": moment, "expires": datetime(2026, 11, 26, 20, 0, tzinfo=SHANGHAI),
            "areas": [WUZHONGAN], "area_names": [], "references": [],
        }  # fmt: skip
        add(session, "alerts", alert)
        yield session


@pytest.mark.parametrize(("area", "villages"), [(WANBAOGOU, 1), (WUZHONGAN, 2), (COUNTY, 3), ("130283001", 0)])
def test_records_by_area(stored: Session, area: str, villages: int) -> None:
    found = [
        reliefs.listed(stored, area),
        livability.of(stored, area),
        projects.of(stored, area),
        toilets.of(stored, area),
        soil.latest(stored, area),
        farming.of(stored, area, livestock=False),
        farming.facilities(stored, area),
        assets.of(stored, area),
        assets.cooperatives(stored, area, WANBAOGOU),
        assets.idle(stored, area, WANBAOGOU),
        trades.of(stored, area),
        honours.people(stored, area),
        honours.titles(stored, area),
        cameras.of(stored, area),
    ]
    assert [len(rows) for rows in found] == [villages] * len(found)


def test_sums_are_exact(stored: Session) -> None:
    [count] = reliefs.counts(reliefs.listed(stored, COUNTY))
    assert count.monthly == Decimal("1500.75")
    assert farming.figures(farming.of(stored, COUNTY, livestock=False))[0].quantity == Decimal("25.5")
    assert assets.total(assets.of(stored, COUNTY)).value == Decimal("293401.65")
    assert projects.summary(projects.of(stored, COUNTY), NOW.date()).budget == Decimal("301.5")


def test_alerts_by_time_and_place(stored: Session) -> None:
    assert [alert.identifier for alert in alerts.active(stored, WANBAOGOU, NOW)] == ["A"]
    assert alerts.active(stored, SHUXING, NOW) == []
    assert alerts.active(stored, WANBAOGOU, datetime(2026, 11, 26, 20, 0, tzinfo=SHANGHAI)) == []
