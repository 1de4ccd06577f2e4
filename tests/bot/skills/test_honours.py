from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Asker
from bot.skills import honours
from tests.sectors import MUZHUANG, SHUXING, WANBAOGOU, WUZHONGAN, add, ask, empty, year

OWN = {"village": WANBAOGOU}


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def person(name: str, place: str, kind: str, level: str, day: date, deed: str = "") -> dict[str, Any]:
        return {"name": name, "place": place, "kind": kind, "level": level, "awarded": day, "deed": deed}

    def title(place: str, name: str, year: int, status: str) -> dict[str, Any]:
        return {"place": place, "title": name, "year": year, "status": status}

    with empty() as session:
        add(
            session,
            "role_models",
            person("王子轩", WANBAOGOU, "孝老爱亲", "县级", date(2025, 2, 25), "照顾婆婆十一年。"),
            person("杨树林", WANBAOGOU, "敬业奉献", "镇级", date(2026, 6, 28)),
            person("刘斌", SHUXING, "孝老爱亲", "市级", date(2026, 2, 24)),
            department="文明办",
        )
        add(
            session,
            "civilized_titles",
            title(WANBAOGOU, "迁安市文明村", 2015, "保持"),
            title(WANBAOGOU, "河北省文明村", 2019, "已摘牌"),
            title(SHUXING, "迁安市文明村", 2022, "保持"),
            department="文明办",
        )
        yield session


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("王子轩得过什么先进", OWN, "五重安镇万宝沟村王子轩2025年2月25日获县级“孝老爱亲”。"),
        ("王子轩得过啥奖", {}, "五重安镇万宝沟村王子轩2025年2月25日获县级“孝老爱亲”。"),
        ("刘斌得过啥奖", OWN, "万宝沟村没有这个人的表彰记录，别村有：建昌营镇树行村刘斌2026年2月24日获市级“孝老爱亲”。"),
        ("咱市有几个中国好人", {"county": True}, "没有迁安市“中国好人”这一类的记录；先进典型共3人：孝老爱亲2、敬业奉献1。"),
        ("全市有几个孝老爱亲", {"county": True}, "迁安市“孝老爱亲”2人：刘斌、王子轩。"),
        ("市级孝老爱亲有谁", {"county": True}, "迁安市市级“孝老爱亲”1人：刘斌。"),
        ("省级的有几个", {"county": True}, "迁安市没有省级先进典型的记录。"),
        ("俺村有先进没", OWN, "万宝沟村先进典型2人：杨树林、王子轩。"),
        ("先进典型有多少", {"county": True}, "迁安市先进典型共3人：孝老爱亲2、敬业奉献1。"),
        ("去年评了几个先进", {"county": True, "period": year(2025)}, "迁安市2025年先进典型共1人：孝老爱亲1。"),
        ("2020年评了几个先进", {"county": True, "period": year(2020)}, "没有迁安市2020年先进典型的记录，现有的是2026年11月23日的。"),
        ("有几个敬业奉献的", {"village": SHUXING}, "树行村没有“敬业奉献”的记录。"),
        ("时代楷模有没有", {"county": True}, "没有迁安市“楷模”这一类的记录；先进典型共3人：孝老爱亲2、敬业奉献1。"),
        ("村里有啥好人", OWN, "万宝沟村先进典型2人：杨树林、王子轩。"),
        ("有先进没", {"village": MUZHUANG}, "没有母庄村先进典型的记录。"),
        ("哪个村先进最多", {"extreme": "highest"}, "迁安市先进典型最多的是五重安镇万宝沟村，2人；其次建昌营镇树行村1人。"),
    ],
)  # fmt: skip
def test_people(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, honours.role_model, text, Asker(home=WANBAOGOU), **slots).headline == headline


def test_the_deed_stands_in_the_details(data: Session) -> None:
    reply = ask(data, honours.role_model, "王子轩得过什么先进", **OWN)
    assert reply.details == ("王子轩：照顾婆婆十一年。",)
    assert {fact.source for fact in reply.facts} == {"文明办"}


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("评上文明村没", OWN, "万宝沟村：迁安市文明村（2015年命名，保持）；河北省文明村（2019年命名，已摘牌）。"),
        ("还是河北省文明村不", OWN, "万宝沟村：河北省文明村（2019年命名，已摘牌）。"),
        ("镇里有几个文明村", {"town": WUZHONGAN}, "五重安镇保持着的文明称号1个：迁安市文明村1个；不再保持1个。"),
        ("全市有几个文明村", {"county": True}, "迁安市保持着的文明称号2个：迁安市文明村2个；不再保持1个。"),
        ("评上文明村没", {"village": MUZHUANG}, "没有母庄村文明称号的记录。"),
        (
            "卫生村评上没",
            OWN,
            "万宝沟村没有卫生村的记录；迁安市文明村（2015年命名，保持）；河北省文明村（2019年命名，已摘牌）。",
        ),
        (
            "是不是全国文明村",
            OWN,
            "万宝沟村没有全国文明村的记录；迁安市文明村（2015年命名，保持）；河北省文明村（2019年命名，已摘牌）。",
        ),
        ("文明村有几个", OWN, "迁安市保持着的文明称号2个：迁安市文明村2个；不再保持1个。"),
        ("哪些村是河北省文明村", OWN, "迁安市保持着的文明称号0个：；不再保持1个。"),
        ("2022年评的文明村有哪些", OWN, "迁安市保持着的文明称号1个：迁安市文明村1个；不再保持0个。"),
        ("2018年评的文明村有哪些", OWN, "迁安市没有2018年命名的记录。"),
        ("哪个镇文明村最多", OWN, "迁安市文明称号最多的是建昌营镇、五重安镇，1个。"),
    ],
)
def test_titles(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, honours.civilized, text, Asker(home=WANBAOGOU), **slots).headline == headline


def test_a_towns_titles_are_told_village_by_village(data: Session) -> None:
    reply = ask(data, honours.civilized, "哪些村是文明村", county=True)
    assert reply.details == (
        "建昌营镇树行村：迁安市文明村（2022年命名，保持）",
        "五重安镇万宝沟村：迁安市文明村（2015年命名，保持）",
    )
