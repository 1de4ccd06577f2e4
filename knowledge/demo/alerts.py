"""Weather and fire warnings: one in force today for some towns, the earlier ones expired, one of them cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from knowledge.demo.draw import Draw
from knowledge.demo.scene import PILOTS, Row, Scene
from knowledge.places import Place

BACK = 14

_ZONE = ZoneInfo("Asia/Shanghai")
_SENDER = "sample@alerts.invalid"  # a domain that can never be registered (RFC 2606)

#: months: (event, description, what to do)
_EVENTS = {
    (10, 11, 12, 1, 2, 3, 4, 5): (
        "森林火险",
        "风大物燥，{towns}林区火险等级高。",
        "进山不带火，坟地不烧纸，地边不点荒；看见山火打12119。",
    ),
    (6, 7, 8): ("暴雨", "{towns}有强降雨，沟河水位会上涨。", "不走漫水桥，远离沟边和老房子；房子进水先断电再转移。"),
    (9,): ("大风", "{towns}有6到7级大风。", "关好门窗，棚膜压牢，不在树下和广告牌下停留。"),
}


def alerts(mark: str, scene: Scene) -> Iterator[Row]:
    """The alerts of the last fortnight: each is sent in the evening and holds on the following day.

    Every third one was called off in the afternoon. Today's is not: there is always one in force.
    """
    for day in scene.days(BACK):
        yield _alert(scene, day, mark), day
        if day.toordinal() % 3 == 0 and day < scene.today:
            yield _cancel(scene, day, mark), day


def _moment(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), _ZONE)


def _towns(scene: Scene, day: date) -> list[Place]:
    draw = Draw("alert towns", day)
    pilots = {code[:9] for code in PILOTS}
    chosen = draw.some([town for town in scene.towns if town.code in pilots], 2)
    chosen += draw.some([town for town in scene.towns if town.code not in pilots], 2)
    return sorted(chosen, key=lambda town: town.code)


def _alert(scene: Scene, day: date, mark: str) -> dict[str, Any]:
    event, description, instruction = next(found for months, found in _EVENTS.items() if day.month in months)
    severe = Draw("level", day).chance(30)
    level = "橙色" if severe else "黄色"
    towns = _towns(scene, day)
    county = scene.places.county.name
    return {
        "identifier": f"sample-{day:%Y%m%d}-1",
        "sender": _SENDER,
        "sent": _moment(day - timedelta(1), 17),
        "status": "Actual",
        "kind": "Alert",
        "scope": "Public",
        "references": [],
        "event": event,
        "level": level,
        "severity": "Severe" if severe else "Moderate",
        "effective": _moment(day, 0),
        "expires": _moment(day + timedelta(1), 0),
        "publisher": f"{county}应急管理局{mark}",
        "headline": f"{event}{level}预警（样例）",
        "description": description.format(towns="、".join(town.name for town in towns)),
        "instruction": instruction,
        "contact": "12345",
        "areas": [town.code for town in towns],
        "area_names": [county + town.name for town in towns],
    }


def _cancel(scene: Scene, day: date, mark: str) -> dict[str, Any]:
    alert = _alert(scene, day, mark)
    return alert | {
        "identifier": f"sample-{day:%Y%m%d}-2",
        "sent": _moment(day, 15),
        "kind": "Cancel",
        "references": [alert["identifier"]],
        "level": "解除",
        "severity": "Minor",
        "effective": _moment(day, 15),
        "headline": f"解除{alert['headline']}",
        "description": "天气转好，预警解除。",
        "instruction": "",
    }
