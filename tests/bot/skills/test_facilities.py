from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.skills import facilities
from tests.sectors import MUZHUANG, SHUXING, WANBAOGOU, WUZHONGAN, add, ask, empty, year

OWN = {"village": WANBAOGOU}


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def kind(
        place: str, kind: str, count: int, vacant: int | None, area: str | None, crops: str, year: int = 2026
    ) -> dict[str, Any]:
        return {"place": place, "year": year, "kind": kind, "count": count, "vacant": vacant, "area": area and Decimal(area), "crops": crops}  # fmt: skip

    with empty() as session:
        add(
            session,
            "facilities",
            kind(WANBAOGOU, "日光温室", 34, 0, "31.6", "草莓"),
            kind(WANBAOGOU, "春秋大棚", 21, 2, "35.9", "西红柿"),
            kind(MUZHUANG, "小拱棚", 5, None, None, ""),
            kind(SHUXING, "日光温室", 50, 9, "70", "黄瓜", 2025),
            department="农业农村局",
        )
        yield session


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("有几个大棚", OWN, "万宝沟村2026年大棚55个，闲着2个。"),
        ("有多少个春秋大棚？闲着几个？", OWN, "万宝沟村2026年春秋大棚21个，闲着2个，占地35.9亩，主要种西红柿。"),
        ("暖棚几个", OWN, "万宝沟村2026年日光温室34个，闲着0个，占地31.6亩，主要种草莓。"),
        ("草莓大棚几个", {**OWN, "commodity": "草莓"}, "万宝沟村2026年日光温室34个，闲着0个，占地31.6亩，主要种草莓。"),
        ("草莓小拱棚几个", {**OWN, "commodity": "草莓"}, "没有万宝沟村种草莓的小拱棚的记录。"),
        ("大棚占地多少亩 都种啥", OWN, "万宝沟村2026年大棚55个，闲着2个，占地67.5亩，种草莓、西红柿。"),
        ("大棚比去年多了没", OWN, "万宝沟村2026年大棚55个，闲着2个；没有以前的数，比不了。"),
        ("小拱棚几个", OWN, "没有万宝沟村小拱棚的记录。"),
        ("几个大棚", {"village": MUZHUANG}, "母庄村2026年小拱棚5个。"),
        ("几个大棚", {"village": SHUXING}, "树行村2025年日光温室50个，闲着9个，占地70亩，主要种黄瓜。"),
        ("几个大棚", {"town": WUZHONGAN}, "五重安镇2026年大棚60个。"),
        ("2020年几个大棚", {**OWN, "period": year(2020)}, "没有万宝沟村2020年大棚的统计，只有2026年的。"),
        ("几个大棚", {"village": "130283001201"}, "没有建设村大棚的记录。"),
        ("哪个村大棚最多", {"extreme": "highest"}, "迁安市大棚最多的是五重安镇万宝沟村，55个；其次建昌营镇树行村50个、五重安镇母庄村5个。"),
        ("哪个村温室空得最多", {"extreme": "highest"}, "迁安市闲着的日光温室最多的是建昌营镇树行村，9个；其次五重安镇万宝沟村0个。"),
        ("哪个镇大棚最多", {"extreme": "highest"}, "迁安市大棚最多的是五重安镇，60个；其次建昌营镇50个。"),
    ],
)  # fmt: skip
def test_greenhouses(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, facilities.answer, text, **slots).headline == headline


def test_each_kind_has_a_line(data: Session) -> None:
    reply = ask(data, facilities.answer, "有几个大棚", **OWN)
    assert reply.details == (
        "日光温室34个，闲着0个，占地31.6亩，主要种草莓。",
        "春秋大棚21个，闲着2个，占地35.9亩，主要种西红柿。",
    )
    assert ask(data, facilities.answer, "小拱棚几个", **OWN).details == ("有的是：日光温室、春秋大棚。",)
