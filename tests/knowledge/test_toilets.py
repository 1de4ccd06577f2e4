from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from knowledge import toilets
from knowledge.tables import ToiletRepair
from knowledge.toilets import Keeper
from tests.sectors import MUZHUANG, WANBAOGOU, WUZHONGAN, add


def repair(
    code: str, head: str, day: date, keeper: str = "杨亮", place: str = WANBAOGOU, **more: Any
) -> dict[str, Any]:
    return {
        "code": code, "place": place, "head": head, "reported": day, "status": "待修", "keeper": keeper, "keeper_phone": "199"
    } | more  # fmt: skip


def test_households_are_found_by_the_name_and_day_that_are_said(session: Session) -> None:
    add(
        session,
        "toilet_repairs",
        repair("1", "王燕", date(2026, 6, 29)),
        repair("2", "王燕", date(2026, 11, 2), keeper="李华"),
        repair("3", "王燕飞", date(2026, 11, 3)),
        repair("4", "曹明", date(2026, 11, 4), place=MUZHUANG),
    )
    rows = toilets.of(session, WUZHONGAN)
    assert [row.code for row in rows] == ["4", "3", "2", "1"]
    assert [row.code for row in toilets.of_household(rows, "王燕家修好没", None)] == ["2", "1"]
    assert [row.code for row in toilets.of_household(rows, "王燕飞家修好没", None)] == ["3"]
    june = (date(2026, 6, 29), date(2026, 6, 29))
    assert [row.code for row in toilets.of_household(rows, "王燕家6月29日报的", june)] == ["1"]
    other = (date(2026, 7, 1), date(2026, 7, 1))
    assert len(toilets.of_household(rows, "王燕家7月1日报的", other)) == 2  # a wrong day hides nothing
    assert toilets.of_household(rows, "赵四家", None) == []
    assert toilets.keepers(toilets.of(session, WANBAOGOU)) == [Keeper("杨亮", "199"), Keeper("李华", "199")]


@pytest.mark.parametrize(
    ("status", "fixed", "is_open"),
    [
        ("待修", None, True),
        ("处理中", None, True),
        ("未修", None, True),
        ("已修好", None, False),
        ("修好", None, False),
        ("维修完成", None, False),
        ("已处理", None, False),
        ("未修复", None, True),
        ("已派单", None, True),
        ("已受理", None, True),
        ("维修中", None, True),
        ("", None, True),
        ("待修", date(2026, 1, 1), False),
    ],
)
def test_a_repair_is_open_until_it_is_mended(status: str, fixed: date | None, is_open: bool) -> None:
    assert toilets.is_open(ToiletRepair(status=status, fixed=fixed)) is is_open
