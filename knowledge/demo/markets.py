"""Market prices: five markets, each with its own days, unit and names, through the seasons of the year."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

from knowledge.demo.draw import Draw
from knowledge.demo.scene import Row, Scene
from knowledge.imports import prices
from knowledge.names import commodity_aliases
from knowledge.places import short_name

#: What is sold by the piece, with its unit.
BY_PIECE = {"柚子": "元/个"}

#: Several kinds a day: the first market's grades, the wholesale market's origins.
_GRADED = {
    "苹果": ("大果", "中果", "小果"),
    "西红柿": ("硬粉", "软粉"),
    "草莓": ("精品", "统货"),
    "白菜": ("净菜", "毛菜"),
}
_FROM = {"土豆": ("冀", "蒙"), "大葱": ("冀", "鲁"), "苹果": ("鲁", "陕"), "西红柿": ("冀", "辽"), "黄瓜": ("冀", "辽")}

_DAILY = frozenset({"玉米", "白菜", "猪肉", "鸡蛋", "花生", "土豆", "苹果"})  # quoted on every day of the market


@dataclass(frozen=True, slots=True)
class Good:
    """One commodity: 元 a kilogram (or a piece) in an average month, and the level of each month in percent."""

    name: str
    category: str
    base: float
    months: tuple[int, ...]
    wholesale_name: str


@dataclass(frozen=True, slots=True)
class Stall:
    """One market: when it is held, what share of goods it quotes on such a day, its level of prices and its unit."""

    name: str
    open: Callable[[date], bool]
    share: int
    level: float
    unit: str
    categories: frozenset[str] = frozenset()  # all where there are none
    wholesale: bool = False


@cache
def goods() -> tuple[Good, ...]:
    """The commodities of commodities.yml."""
    stored = yaml.safe_load((Path(__file__).parent / "commodities.yml").read_text(encoding="utf-8"))
    return tuple(Good(name, row[0], row[1], tuple(row[2]), row[3] or name) for name, row in stored.items())


def stalls(scene: Scene) -> list[Stall]:
    """A county market, fairs in the two towns with most villages, one in the city above, and Beijing's."""
    county = short_name(scene.places.county.name)
    rural = [town for town in scene.towns if town.name.endswith("镇")]
    rural.sort(key=lambda town: (-len(scene.places.villages(town.code)), town.code))
    first, second = (short_name(town.name) for town in rural[:2])
    staple = frozenset({"粮油", "蔬菜", "干果", "畜禽"})
    return [
        Stall(f"{county}东关市场", lambda day: True, 88, 1.0, "元/公斤"),
        Stall(f"{first}市场", lambda day: day.day % 5 == 3, 80, 0.97, "元/斤", staple),
        Stall(f"{second}市场", lambda day: day.day % 5 == 1, 80, 0.96, "元/公斤", staple),
        Stall("唐山凤南批发市场", lambda day: day.weekday() in {0, 2, 4}, 90, 1.03, "元/公斤", wholesale=True),
        Stall("北京新发地", lambda day: day.weekday() != 6, 75, 1.08, "元/斤", wholesale=True),
    ]


def quotes(scene: Scene) -> Iterator[Row]:
    """The quotes of all markets from `scene.since` to today."""
    aliases = {other: name for name, others in commodity_aliases().items() for other in others}
    for stall in stalls(scene):
        for good in goods():
            if stall.categories and good.category not in stall.categories:
                continue
            unit = BY_PIECE.get(good.name) or _unit(stall, good)
            for day in scene.days():
                if not stall.open(day):
                    continue
                level = season(good, day)
                draw = Draw("price", stall.name, good.name, day)
                if level == 0 or not (good.name in _DAILY or draw.chance(stall.share)):
                    continue
                price = good.base * level * stall.level * _course(good.name, stall.name, day)
                for spec, origin, factor in _kinds(stall, good):
                    values = _quote(stall, good, day, price * factor * (0.985 + 0.03 * draw.unit()), unit, draw)
                    yield prices.finish(values | {"spec": spec, "origin": origin}, aliases, ""), day


def _unit(stall: Stall, good: Good) -> str:
    return "元/吨" if good.category == "粮油" and stall.wholesale and stall.unit == "元/公斤" else stall.unit


def _kinds(stall: Stall, good: Good) -> list[tuple[str, str, float]]:
    """(spec, origin, factor of the price) of the quotes of one day."""
    if stall.wholesale:
        return [("", origin, 1 - 0.05 * i) for i, origin in enumerate(_FROM.get(good.name, ("",)))]
    if stall.share > 80:
        return [(spec, "本地", 1.12 - 0.14 * i) for i, spec in enumerate(_GRADED.get(good.name, ()))] or [
            ("统货", "", 1.0)
        ]
    return [("统货", "本地", 1.0)]


def season(good: Good, day: date) -> float:
    """The level of a day, 1.0 in an average month: between the middles of two months; 0 out of season."""
    month = good.months[day.month - 1]
    if month == 0:
        return 0.0
    step = 1 if day.day > 15 else -1
    other = good.months[(day.month - 1 + step) % 12] or month
    weight = abs(day.day - 15) / 31
    return (month * (1 - weight) + other * weight) / 100


def _course(commodity: str, market: str, day: date) -> float:
    """How a market's price wanders about the season's: at most 7 % in some weeks, and up or down by the year."""
    week, weekday = divmod(day.toordinal(), 7)
    before, after = _week(commodity, week), _week(commodity, week + 1)
    own = _week(commodity + market, week)
    year = 0.96 + 0.08 * _year(commodity, day.year)
    return year * (0.93 + 0.1 * (before + (after - before) * weekday / 7) + 0.04 * own)


@cache
def _week(about: str, week: int) -> float:
    return Draw("week", about, week).unit()


@cache
def _year(commodity: str, year: int) -> float:
    return Draw("year", commodity, year).unit()


def _quote(stall: Stall, good: Good, day: date, kilogram: float, unit: str, draw: Draw) -> dict[str, object]:
    """Low, average and high as the market publishes them, in its own unit and to its own places."""
    factor, places = {"元/公斤": (1.0, 2), "元/斤": (0.5, 2), "元/吨": (1000.0, 0)}.get(unit, (1.0, 1))
    average = Decimal(f"{kilogram * factor:.{places}f}")
    step = Decimal(1).scaleb(-places)
    spread = max(step, Decimal(f"{kilogram * factor * (0.01 + 0.05 * draw.unit()):.{places}f}"))
    return {
        "market": stall.name,
        "published_name": good.wholesale_name if stall.wholesale else good.name,
        "day": day,
        "category": good.category,
        "low": average - spread,
        "high": average + spread,
        "average": average,
        "unit": unit,
    }
