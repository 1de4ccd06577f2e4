from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.skills import assets
from tests.sectors import MUZHUANG, WANBAOGOU, WUZHONGAN, add, ask, empty, year

OWN = {"village": WANBAOGOU}


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def asset(
        code: str, title: str, kind: str, value: str | None, status: str, place: str = WANBAOGOU
    ) -> dict[str, Any]:
        return {
            "code": code, "title": title, "kind": kind, "place": place, "location": "村东", "area": Decimal(3149),
            "value": value and Decimal(value), "status": status, "contact": "李芳", "phone": "19900007839",
        }  # fmt: skip

    with empty() as session:
        add(
            session,
            "assets",
            asset("ZC01", "万宝沟村机井及泵房", "水利设施", "97800", "出租"),
            asset("ZC02", "万宝沟村集体冷库", "经营设施", "1492100", "闲置"),
            asset("ZC03", "万宝沟村旧小学校舍", "房屋", "158400.55", "闲置"),
            asset("ZC04", "万宝沟村办公楼", "房屋", None, "自用"),
            asset("ZC05", "集体果园", "土地", "30000", "合作经营", MUZHUANG),
            department="农经站",
        )
        yield session


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("万宝沟村机井及泵房值多少钱、现在怎么用", OWN, "万宝沟村机井及泵房原值9.78万元，现在出租，3149平方米。"),
        ("冷库闲着没", OWN, "万宝沟村集体冷库原值149.21万元，现在闲置，3149平方米。"),
        ("ZC03是啥", OWN, "万宝沟村旧小学校舍原值158400.55元，现在闲置，3149平方米。"),
        ("办公楼值多少", OWN, "万宝沟村办公楼现在自用，3149平方米。"),
        ("果园谁用着", {"village": MUZHUANG}, "五重安镇母庄村集体果园原值3万元，现在合作经营，3149平方米。"),
        ("“电影院”值多少", {**OWN, "title": "电影院"}, "没有万宝沟村“电影院”的记录。"),
        ("果园值多少", OWN, "没有万宝沟村集体果园这样的集体资产的记录。"),
        ("ZC05是啥", {**OWN, "code": "ZC05"}, "五重安镇母庄村集体果园原值3万元，现在合作经营，3149平方米。"),
        ("ZC99是啥", {**OWN, "code": "ZC99"}, "没有万宝沟村这个编号的资产的记录。"),
        ("集体有几间房", OWN, "万宝沟村房屋集体资产2项，原值共158400.55元：自用1项、闲置1项。"),
        ("村里有多少集体资产", OWN, "万宝沟村集体资产4项，原值共1748300.55元：闲置2项、出租1项、自用1项。"),
        ("哪些集体资产闲着", OWN, "万宝沟村闲置的集体资产2项，原值共1650500.55元。"),
        ("房屋有几处", OWN, "万宝沟村房屋集体资产2项，原值共158400.55元：自用1项、闲置1项。"),
        ("最值钱的资产是啥", OWN, "最值钱的是万宝沟村集体冷库原值149.21万元，现在闲置，3149平方米；万宝沟村集体资产4项，原值共1748300.55元：闲置2项、出租1项、自用1项。"),
        ("合作的集体资产", OWN, "没有万宝沟村合作经营的集体资产的记录。"),
        ("俺村集体资产在镇里排第几", {**OWN, "own_village": True}, "万宝沟村集体资产4项，原值共1748300.55元：闲置2项、出租1项、自用1项；原值在五重安镇从高到低排第1，共2个村。"),
        ("集体资产多少", {"town": WUZHONGAN}, "五重安镇集体资产5项，原值共1778300.55元：闲置2项、出租1项、合作经营1项、自用1项。"),
        ("集体资产多少", {"village": "130283001201"}, "没有建设村集体资产的记录。"),
        ("2020年集体资产多少", {**OWN, "period": year(2020)}, "没有五重安镇万宝沟村2020年集体资产的记录，现有的是2026年11月23日的。"),
        ("哪个村集体资产最多", {"extreme": "highest"}, "迁安市集体资产原值最多的是五重安镇万宝沟村，174.830055万元；其次五重安镇母庄村3万元。"),
    ],
)  # fmt: skip
def test_assets(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, assets.answer, text, **slots).headline == headline


def test_whom_to_call_is_told_in_full(data: Session) -> None:
    assert ask(data, assets.answer, "冷库闲着没", **OWN).details == ("位置村东，联系李芳19900007839",)


def test_what_has_no_value_is_said_not_to_count(data: Session) -> None:
    assert "另有1项没写原值，没算进去" in ask(data, assets.answer, "村里有多少集体资产", **OWN).details
