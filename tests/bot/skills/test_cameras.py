from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Asker
from bot.skills import cameras
from tests.sectors import MUZHUANG, NEIGHBOUR, RESIDENT, STAFF, STRANGER, WANBAOGOU, WUZHONGAN, add, ask, empty, year

OWN = {"village": WANBAOGOU}
SPOTS = ("文化广场", "村西口")


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def camera(code: str, place: str, title: str, status: str) -> dict[str, Any]:
        return {"code": code, "place": place, "title": title, "status": status, "keeper": "杜玉兰"}

    with empty() as session:
        add(
            session,
            "cameras",
            camera("XL1", WANBAOGOU, SPOTS[0], "在线"),
            camera("XL2", WANBAOGOU, SPOTS[1], "离线"),
            camera("XL3", WANBAOGOU, SPOTS[1], "检修"),
            camera("XL4", MUZHUANG, SPOTS[0], "在线"),
            department="公安局",
        )
        yield session


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("村里几个监控，几个在线", OWN, "万宝沟村监控3个，在线1个。"),
        ("全镇几个监控", {"town": WUZHONGAN}, "五重安镇监控4个，在线2个。"),
        ("全市几个监控", {"county": True}, "迁安市监控4个，在线2个。"),
        ("哪个村监控最多", {"extreme": "highest"}, "迁安市监控最多的是五重安镇万宝沟村，3个；其次五重安镇母庄村1个。"),
        ("几个监控", {"village": "130283001201"}, "没有建设村监控的记录。"),
        (
            "2020年几个监控",
            {**OWN, "period": year(2020)},
            "没有五重安镇万宝沟村2020年监控的记录，现有的是2026年11月23日的。",
        ),
    ],
)
def test_counts_are_for_everybody(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, cameras.answer, text, STRANGER, **slots).headline == headline


@pytest.mark.parametrize("asker", [STRANGER, NEIGHBOUR, RESIDENT, STAFF], ids=["stranger", "neighbour", "own", "staff"])
@pytest.mark.parametrize("text", ["监控都装在哪", "哪个监控坏了", "村西口有监控没", "哪里没有监控", "监控点位发我"])
def test_where_a_camera_stands_is_told_to_nobody(data: Session, text: str, asker: Asker) -> None:
    reply = ask(data, cameras.answer, text, asker, **OWN)
    assert reply.headline == "万宝沟村监控3个，在线1个。"
    assert not [spot for spot in (*SPOTS, "XL1", "XL2") if spot in repr(reply)]


def test_what_is_out_of_order_is_for_the_village_itself(data: Session) -> None:
    own = ask(data, cameras.answer, "几个监控", RESIDENT, **OWN)
    assert own.details == ("没在线的：离线1个、检修1个。", "维护人杜玉兰。")
    for asker in (STRANGER, NEIGHBOUR):
        assert ask(data, cameras.answer, "几个监控", asker, **OWN).details == ()
