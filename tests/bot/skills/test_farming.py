from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.skills import farming
from bot.understanding.query import Period
from tests.sectors import MUZHUANG, RESIDENT, SHUXING, WANBAOGOU, WUZHONGAN, add, ask, empty, year

OWN = {"village": WANBAOGOU}


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def stat(
        place: str, year: int, item: str, quantity: int, indicator: str = "播种面积", sector: str = "种植"
    ) -> dict[str, Any]:
        unit = "亩" if "面积" in indicator else ("只" if item == "肉羊" else "头")
        return {"place": place, "year": year, "sector": sector, "item": item, "indicator": indicator, "quantity": Decimal(quantity), "unit": unit}  # fmt: skip

    def animals(place: str, year: int, item: str, kept: int, sold: int) -> tuple[dict[str, Any], dict[str, Any]]:
        return stat(place, year, item, kept, "存栏", "养殖"), stat(place, year, item, sold, "出栏", "养殖")

    with empty() as session:
        add(
            session,
            "farming_stats",
            stat(WANBAOGOU, 2026, "玉米", 966),
            stat(WANBAOGOU, 2025, "玉米", 978),
            stat(WANBAOGOU, 2025, "小麦", 579),
            stat(WANBAOGOU, 2026, "小麦", 579),
            stat(WANBAOGOU, 2026, "花生", 84),
            stat(WANBAOGOU, 2026, "安梨", 177, "种植面积", "林果"),
            stat(WANBAOGOU, 2026, "板栗", 654, "种植面积", "林果"),
            stat(MUZHUANG, 2026, "玉米", 34),
            stat(SHUXING, 2026, "玉米", 1000),
            *animals(WANBAOGOU, 2026, "肉牛", 108, 168),
            *animals(WANBAOGOU, 2025, "肉牛", 87, 69),
            *animals(WANBAOGOU, 2026, "奶牛", 32, 34),
            *animals(MUZHUANG, 2026, "肉牛", 200, 20),
            *animals(WANBAOGOU, 2026, "肉羊", 532, 434),
            department="农业农村局",
        )
        yield session


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("玉米种了多少亩", {**OWN, "commodity": "玉米"}, "万宝沟村2026年玉米播种面积966亩。"),
        ("玉米种了多少亩", OWN, "万宝沟村2026年玉米播种面积966亩。"),
        ("2025年玉米种了多少亩", {**OWN, "commodity": "玉米", "period": year(2025)}, "万宝沟村2025年玉米播种面积978亩。"),
        ("去年玉米种了多少亩", {**OWN, "commodity": "玉米"}, "万宝沟村2025年玉米播种面积978亩。"),
        ("2020年玉米种了多少亩", {**OWN, "commodity": "玉米", "period": year(2020)}, "没有万宝沟村2020年玉米的统计，只有2025年、2026年的。"),
        ("玉米比去年多种了多少", {**OWN, "commodity": "玉米"}, "万宝沟村2026年玉米播种面积966亩，比2025年少12亩。"),
        ("小麦比去年多没多", {**OWN, "commodity": "小麦"}, "万宝沟村2026年小麦播种面积579亩，和2025年一样。"),
        ("花生比去年多没多", {**OWN, "commodity": "花生"}, "万宝沟村2026年花生播种面积84亩，没有2025年的花生播种面积，比不了。"),
        ("玉米产量多少", {**OWN, "commodity": "玉米"}, "没有万宝沟村玉米产量的记录，只有播种面积。"),
        ("棉花种了多少亩", {**OWN, "commodity": "棉花"}, "统计里没有万宝沟村棉花的数。"),
        ("种了多少果树", OWN, "万宝沟村2026年种植面积：板栗654亩、安梨177亩。"),
        ("玉米和花生种了多少", {**OWN, "commodity": "玉米", "commodities": ("玉米", "花生")}, "万宝沟村2026年播种面积：玉米966亩、花生84亩。"),
        ("一共种了多少亩", OWN, "万宝沟村2026年一共2460亩：玉米966亩、板栗654亩、小麦579亩、安梨177亩、花生84亩。"),
        ("镇里玉米多少亩", {"town": WUZHONGAN, "commodity": "玉米"}, "五重安镇2026年玉米播种面积1000亩。"),
        ("全市玉米多少亩", {"county": True, "commodity": "玉米"}, "迁安市2026年玉米播种面积2000亩。"),
        ("哪个村玉米种得最多", {"commodity": "玉米", "extreme": "highest"}, "迁安市2026年玉米播种面积最多的是建昌营镇树行村，1000亩；其次五重安镇万宝沟村966亩、五重安镇母庄村34亩。"),
        ("哪个镇玉米种得最少", {"commodity": "玉米", "extreme": "lowest"}, "迁安市2026年玉米播种面积最少的是建昌营镇、五重安镇，1000亩。"),
        ("俺村玉米在全市排第几", {**OWN, "commodity": "玉米", "county": True}, "万宝沟村2026年玉米播种面积966亩，在迁安市从高到低排第2，共3个有统计的村。"),
        ("种了啥", {"village": "130283001201"}, "没有建设村种植统计的记录。"),
    ],
)  # fmt: skip
def test_planting(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, farming.planting, text, **slots).headline == headline


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("肉牛存栏多少", {**OWN, "commodity": "肉牛"}, "万宝沟村2026年肉牛存栏108头。"),
        ("肉牛出栏多少", {**OWN, "commodity": "肉牛"}, "万宝沟村2026年肉牛出栏168头。"),
        ("去年卖了多少肉牛", {**OWN, "commodity": "肉牛"}, "万宝沟村2025年肉牛出栏69头。"),
        ("村里养多少牛", OWN, "万宝沟村2026年存栏一共140头：肉牛108头、奶牛32头。"),
        ("养羊的多吗", OWN, "万宝沟村2026年肉羊存栏532只。"),
        ("全村养多少猪", OWN, "统计里没有万宝沟村猪的数。"),
        ("养殖情况", OWN, "万宝沟村2026年存栏：肉羊532只、肉牛108头、奶牛32头。"),
        ("肉牛比去年多了没", {**OWN, "commodity": "肉牛"}, "万宝沟村2026年肉牛存栏108头，比2025年多21头。"),
        ("镇里养多少肉牛", {"town": WUZHONGAN, "commodity": "肉牛"}, "五重安镇2026年肉牛存栏308头。"),
        ("哪个村养牛最多", {"extreme": "highest"}, "迁安市2026年肉牛、奶牛存栏最多的是五重安镇母庄村，200头；其次五重安镇万宝沟村140头。"),
        ("哪个村养得最多", {"extreme": "highest"}, "您要比哪一样？请说是什么庄稼或牲口，比如“哪个村养猪最多”。"),
    ],
)  # fmt: skip
def test_livestock(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, farming.livestock, text, **slots).headline == headline


def test_what_is_missing_of_several_is_said(data: Session) -> None:
    both = ask(data, farming.planting, "玉米高粱种了多少", **OWN, commodity="玉米", commodities=("玉米", "高粱"))
    assert both.headline == "万宝沟村2026年玉米播种面积966亩。"
    assert both.details == ("统计里没有高粱的数。",)
    pigs = ask(data, farming.livestock, "猪和羊哪个养得多", **OWN)
    assert pigs.details[0] == "统计里没有猪的数。"


def test_a_kind_of_a_crop_counts_as_the_crop(session: Session) -> None:
    row = {
        "place": WANBAOGOU,
        "year": 2026,
        "sector": "种植",
        "item": "青贮玉米",
        "indicator": "种植面积",
        "quantity": 8,
        "unit": "亩",
    }
    add(session, "farming_stats", row)
    reply = ask(session, farming.planting, "玉米多少亩", **OWN, commodity="玉米")
    assert reply.headline == "万宝沟村2026年青贮玉米种植面积8亩。"


def test_the_names_of_places_are_no_animals(data: Session) -> None:
    reply = ask(data, farming.livestock, "马兰庄镇和俺村养多少牛", **OWN)
    assert not [line for line in reply.details if "马" in line]


def test_the_whole_town_is_not_the_senders_village(data: Session) -> None:
    reply = ask(data, farming.livestock, "全镇养多少肉牛", RESIDENT, **OWN, commodity="肉牛")
    assert reply.headline == "五重安镇2026年肉牛存栏308头。"
    named = ask(data, farming.livestock, "万宝沟村全镇最多吗 肉牛", RESIDENT, **OWN, commodity="肉牛")
    assert named.headline.startswith("万宝沟村2026年肉牛存栏108头")


def test_the_baseline_that_is_said_is_compared_with(data: Session) -> None:
    baseline = Period(date(2025, 1, 1), date(2025, 12, 31), "year", "2025年")
    reply = ask(data, farming.livestock, "肉牛多了几头", **OWN, commodity="肉牛", baseline=baseline)
    assert reply.headline == "万宝沟村2026年肉牛存栏108头，比2025年多21头。"


def test_the_other_indicator_and_the_number_of_villages_stand_beside(data: Session) -> None:
    reply = ask(data, farming.livestock, "镇里养多少肉牛", town=WUZHONGAN, commodity="肉牛")
    assert reply.details == ("肉牛出栏188头。", "是2个村的合计。")
    fact = reply.facts[0]
    assert (fact.what, fact.value, fact.unit, fact.subject, fact.place, fact.source) == (
        "2026年存栏", 308, "头", "肉牛", "五重安镇", "农业农村局"
    )  # fmt: skip


def test_what_is_held_is_named_where_something_is_not(data: Session) -> None:
    reply = ask(data, farming.livestock, "全村养多少猪", **OWN)
    assert set(reply.details[0].removeprefix("有的是：").rstrip("。").split("、")) == {"肉牛", "奶牛", "肉羊"}
