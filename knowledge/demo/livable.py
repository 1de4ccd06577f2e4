"""What a village is like and what is built there: the five works, projects, toilet repairs, cameras."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from knowledge.demo import people
from knowledge.demo.accounts import officer
from knowledge.demo.draw import Draw
from knowledge.demo.scene import (
    Row,
    Scene,
    every_half_year,
    every_month,
    every_quarter,
    months,
    next_month,
    pilot,
    tail,
)
from knowledge.places import Place

_WASTE = ("每天清运", "两天一清运", "每周清运三次")

_WHERE = ("前街", "后街", "东头", "西头", "村部门前", "小学门前")

#: kind: (titles, what remains to be done, most first, who builds it)
_WORKS = {
    "硬化": (("路面硬化", "进地路硬化"), ("铺完最后一段路面", "做路缘石", "划标线"), "路桥施工队"),
    "绿化": (("路旁绿化", "林带栽植"), ("补栽死苗", "砌完树池", "浇越冬水"), "园林绿化队"),
    "亮化": (("太阳能路灯安装", "路灯延伸"), ("立完剩下的灯杆", "接线", "调时控器"), "照明安装队"),
    "净化": (("污水管网铺设", "垃圾收集点新建"), ("挖完支管沟", "盖检查井", "清余土"), "市政工程队"),
    "美化": (("墙面粉刷", "小游园建设"), ("粉完剩下的墙面", "装坐凳", "清场"), "建筑装修队"),
}
_FAULTS = ("冲水桶不出水", "便池堵了", "化粪桶满了", "进水管冻裂", "盖板破损", "门锁坏了")
_CAMERA_SPOTS = ("村口", "村部院内", "小广场", "后街路口", "学校路口", "桥头", "进山卡口")


def works(scene: Scene) -> Iterator[Row]:
    """The five works of every village."""
    day = every_half_year(scene.today)
    for village in scene.villages:
        draw = Draw("livable", village.code)
        homes = draw.between(110, 620)
        road = draw.tenths(24, 130)
        lamps = draw.between(30, 190)
        toilets = homes - draw.below(homes // 8)
        values = {
            "place": village.code,
            "households": homes,
            "population": homes * 3 + draw.below(homes // 2),
            "green_rate": draw.tenths(180, 460),
            "road_total": road,
            "road_hard": road - min(road, draw.tenths(0, 28)),
            "lamps": lamps,
            "lamps_lit": lamps - draw.below(lamps // 6),
            "toilets": toilets,
            "toilets_renovated": toilets - draw.below(toilets // 3),
            "waste": draw.pick(_WASTE),
        }
        yield values, day


def projects(scene: Scene) -> Iterator[Row]:
    """Projects begun in the last eighteen months, as they stand on the first of this month."""
    day = every_month(scene.today)
    quarters = sorted({every_quarter(month) for month in months(scene.today - timedelta(540), scene.today)})
    for quarter in quarters:
        for number, (village, kind) in enumerate(_begun(scene, quarter), 1):
            values = _project(village, kind, f"XM{quarter:%y%m}{number:03d}", quarter, day)
            if values["started"] < day:
                yield values, day


def _begun(scene: Scene, quarter: date) -> Iterator[tuple[Place, str]]:
    for village in scene.villages:
        draw = Draw("projects", village.code, quarter)
        kinds = draw.some(list(_WORKS), 2) if pilot(village) else draw.some(list(_WORKS), int(draw.chance(15)))
        yield from ((village, kind) for kind in kinds)


def _project(village: Place, kind: str, code: str, quarter: date, day: date) -> dict[str, Any]:
    draw = Draw("project", code)
    titles, tasks, firm = _WORKS[kind]
    started = quarter + timedelta(draw.below(85))
    planned = draw.between(60, 240)
    progress = min(100, (day - started).days * 100 // (planned + draw.between(-20, 60)))
    budget = Decimal(draw.between(60, 900) * 500)
    left = tasks if progress < 40 else tasks[1:] if progress < 75 else tasks[2:]
    return {
        "code": code,
        "title": village.name + draw.pick(_WHERE) + draw.pick(titles),
        "place": village.code,
        "kind": kind,
        "budget": budget,
        "paid": budget * min(95, progress * 9 // 10) / 100,
        "contractor": f"{people.name(draw)[0]}氏{firm}",
        "started": started,
        "planned_end": started + timedelta(planned),
        "progress": Decimal(progress),
        "remaining": "、".join(left) if progress < 100 else "无",
        "owner": officer(village, "书记"),
    }


def repairs(scene: Scene) -> Iterator[Row]:
    """Reported faults of toilets of the last nine months, each repaired within a fortnight."""
    for month in months(scene.today - timedelta(270), scene.today):
        number = 0
        for village in scene.villages:
            draw = Draw("repairs", village.code, month)
            for _ in range(draw.between(2, 5) if pilot(village) else int(draw.chance(14))):
                number += 1
                reported = month + timedelta(draw.below((next_month(month) - month).days))
                fixed = reported + timedelta(draw.between(1, 14))
                values = {
                    "code": f"BX{month:%y%m}{number:03d}",
                    "place": village.code,
                    "head": people.name(draw),
                    "fault": draw.pick(_FAULTS),
                    "reported": reported,
                    "fixed": fixed if fixed <= scene.today else None,
                    "status": "已修好" if fixed <= scene.today else "待修",
                    "keeper": officer(village, "管护员"),
                    "keeper_phone": people.mobile(Draw("keeper", village.code)),
                }
                if reported <= scene.today:
                    yield values, reported


def cameras(scene: Scene) -> Iterator[Row]:
    """The cameras of every village."""
    day = every_half_year(scene.today)
    for village in scene.villages:
        draw = Draw("cameras", village.code)
        spots = draw.some(_CAMERA_SPOTS, 6 if pilot(village) else draw.between(1, 4))
        for number, spot in enumerate(spots, 1):
            state = draw.below(100)
            values = {
                "code": f"{tail(village)}-J{number:02d}",
                "place": village.code,
                "title": village.name + spot,
                "status": "在线" if state < 82 else "离线" if state < 92 else "检修",
                "installed": date(draw.between(2019, 2024), draw.between(1, 12), draw.between(1, 28)),
                "keeper": people.name(Draw("camera keeper", village.parent)),
            }
            yield values, day
