"""The small-power list: matters on their way from application to conclusion, some of them on public notice today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from knowledge.demo import people
from knowledge.demo.draw import Draw
from knowledge.demo.scene import Row, Scene, months, next_month, pilot
from knowledge.places import Place

#: kind: (letters of its number, titles, 元 from and to or None, what firm the counterparty is, "" for a person)
_KINDS: dict[str, tuple[str, tuple[str, ...], tuple[int, int] | None, str]] = {
    "低保申请": ("DB", ("农村低保申请", "增加低保人口申请"), None, ""),
    "宅基地审批": ("ZJ", ("翻建住房宅基地申请", "分户建房宅基地申请"), None, ""),
    "困难救助": ("KN", ("大病临时救助申请", "火灾临时救助申请"), (800, 6000), ""),
    "荒山承包": ("HS", ("北山荒坡承包", "东沟荒山承包", "西岭荒坡续包"), (4000, 48000), ""),
    "项目招投标": (
        "ZB",
        ("道路硬化招标", "文化广场改造招标", "排水沟修砌招标", "饮水管网改造招标"),
        (60000, 480000),
        "建筑工程队",
    ),
    "物资采购": ("CG", ("采购垃圾桶", "采购太阳能路灯", "采购防火物资", "采购办公桌椅"), (2400, 38000), "物资商行"),
    "党员发展": ("DY", ("接收预备党员", "预备党员转正"), None, ""),
}

#: A matter's stages and how many days after the one before each is reached, from and to.
_STEPS = (
    ("accepted", "受理", 2, 6),
    ("reviewed", "民主评议", 4, 10),
    ("publicity_start", "公示", 2, 5),
    ("publicity_end", "", 7, 10),
    ("approved", "审批", 1, 6),
    ("finished", "办结", 3, 15),
)
#: Every so many days the pilots begin a matter that is on public notice from the 10th day on: there is always one.
_CYCLE = 8


def items(scene: Scene) -> Iterator[Row]:
    """The matters of the last fourteen months, as far as they have come today."""
    for month in months(scene.today - timedelta(420), scene.today):
        for number, (village, applied) in enumerate(_begun(scene, month), 1):
            if applied <= scene.today:
                yield _item(village, applied, f"{applied:%y%m}{number:03d}", scene.today), scene.today


def _begun(scene: Scene, month: date) -> Iterator[tuple[Place, date]]:
    """The matters of a whole month in the order of their numbers: village and day of application."""
    days = (next_month(month) - month).days
    for village in scene.villages:
        if pilot(village):
            start = -month.toordinal() % _CYCLE
            yield from ((village, month + timedelta(day)) for day in range(start, days, _CYCLE))
            continue
        draw = Draw("matter", village.code, month)
        if draw.chance(12):
            yield village, month + timedelta(draw.below(days))


def _item(village: Place, applied: date, number: str, today: date) -> dict[str, Any]:
    draw = Draw("matter", village.code, applied, number)
    kind = draw.pick(list(_KINDS))
    letters, titles, money, firm = _KINDS[kind]
    who = people.name(draw)
    dates: dict[str, date | None] = {"applied": applied}
    stage, day = "申请", applied
    for name, reached, soonest, latest in _STEPS:
        if pilot(village) and name == "publicity_start":
            day = applied + timedelta(10)
        elif pilot(village) and name == "reviewed":
            day = applied + timedelta(7)
        else:
            day += timedelta(draw.between(soonest, latest))
        planned = name == "publicity_end" and stage == "公示"  # the end is known when the notice is hung out
        dates[name] = day if day <= today or planned else None
        if day <= today:
            stage = reached or stage
    return {
        "code": f"{letters}{number}",
        "kind": kind,
        "place": village.code,
        "title": village.name + draw.pick(titles),
        "amount": Decimal(draw.between(money[0] // 100, money[1] // 100) * 100) if money else None,
        "counterparty": f"{who[0]}氏{firm}" if firm else who,
        **dates,
        "stage": stage,
        "hotline": people.landline("监督", village.parent),
    }
