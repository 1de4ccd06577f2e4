"""The land and what grows on it: soil tests, yearly statistics, greenhouses, offers to buy and to sell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from knowledge.demo import people
from knowledge.demo.draw import Draw
from knowledge.demo.scene import Row, Scene, every_autumn, pilot, tail

YEARS = 3

#: (sector, indicator, 亩 from and to, crops)
_CROPS = (
    ("种植", "播种面积", (60, 900), ("玉米", "小麦", "花生", "红薯", "大豆", "谷子")),
    ("林果", "种植面积", (30, 700), ("板栗", "安梨", "苹果", "核桃", "桃", "葡萄")),
)
#: animal: (unit, kept from and to)
_ANIMALS = {
    "生猪": ("头", (20, 900)),
    "肉牛": ("头", (4, 160)),
    "奶牛": ("头", (3, 90)),
    "肉羊": ("只", (20, 420)),
    "蛋鸡": ("只", (200, 9000)),
    "肉鸭": ("只", (100, 3000)),
}
_HOUSES = {"日光温室": (120, 200), "春秋大棚": (80, 150), "小拱棚": (20, 60)}  # hundredths of a 亩 each
_GROWN = ("西红柿", "黄瓜", "韭菜", "草莓", "茄子", "香菇")

#: item: (side, quantity from and to, its unit, price from and to in tenths, its unit)
_OFFERS = (
    ("板栗", ("供应", "求购"), (200, 9000), "公斤", (110, 150), "元/公斤"),
    ("红薯", ("供应", "求购"), (500, 20000), "公斤", (16, 28), "元/公斤"),
    ("玉米", ("供应", "求购"), (1000, 50000), "公斤", (21, 25), "元/公斤"),
    ("花生", ("供应", "求购"), (300, 8000), "公斤", (82, 96), "元/公斤"),
    ("安梨", ("供应", "求购"), (500, 15000), "公斤", (36, 52), "元/公斤"),
    ("苹果", ("供应", "求购"), (300, 12000), "公斤", (50, 82), "元/公斤"),
    ("白菜", ("供应", "求购"), (500, 20000), "公斤", (7, 14), "元/公斤"),
    ("草莓", ("供应", "求购"), (50, 900), "公斤", (200, 320), "元/公斤"),
    ("核桃", ("供应", "求购"), (100, 3000), "公斤", (130, 170), "元/公斤"),
    ("笨鸡蛋", ("供应", "求购"), (20, 300), "公斤", (160, 240), "元/公斤"),
    ("仔猪", ("供应", "求购"), (5, 60), "头", (3000, 5200), "元/头"),
    ("山羊", ("供应", "求购"), (3, 40), "只", (8000, 13000), "元/只"),
    ("板栗苗", ("供应", "求购"), (100, 5000), "株", (30, 90), "元/株"),
    ("玉米秸秆", ("供应", "求购"), (5, 80), "吨", (1200, 2600), "元/吨"),
    ("二手三轮车", ("供应",), (1, 1), "辆", (18000, 56000), "元/辆"),
    ("摘果短工", ("求购",), (3, 20), "人", (1000, 1500), "元/人/天"),
)


def soil(scene: Scene) -> Iterator[Row]:
    """Soil samples taken before the last autumn's sowing."""
    begun = every_autumn(scene.today)
    for village in scene.villages:
        for plot in range(1, 9 if pilot(village) else Draw("plots", village.code).between(1, 2) + 1):
            draw = Draw("soil", village.code, plot, begun.year)
            sampled = begun - timedelta(draw.between(1, 40))
            values = {
                "plot": f"{tail(village)}-T{plot:02d}",
                "place": village.code,
                "sampled": sampled,
                "ph": draw.tenths(52, 84),
                "ec": Decimal(draw.between(70, 980)),
                "organic": draw.tenths(70, 340),
                "nitrogen": Decimal(draw.between(40, 180)),
                "phosphorus": draw.tenths(50, 620),
                "potassium": Decimal(draw.between(50, 290)),
                "crop": draw.pick(("玉米", "花生", "板栗", "红薯", "小麦", "蔬菜", "安梨")),
            }
            yield values, sampled


def statistics(scene: Scene) -> Iterator[Row]:
    """Areas and animals of every village in the last three years, each year a little off the year before."""
    day = every_autumn(scene.today)
    for village in scene.villages:
        draw = Draw("farming", village.code)
        kept: list[tuple[str, str, str, str, int]] = []
        for sector, indicator, (low, high), crops in _CROPS:
            for crop in draw.some(crops, 6 if pilot(village) else draw.between(1, 3)):
                kept.append((sector, crop, indicator, "亩", draw.between(low, high)))
        for animal in draw.some(list(_ANIMALS), 5 if pilot(village) else draw.between(1, 2)):
            unit, (low, high) = _ANIMALS[animal]
            number = draw.between(low, high)
            kept.append(("养殖", animal, "存栏", unit, number))
            kept.append(("养殖", animal, "出栏", unit, max(1, number * draw.between(60, 170) // 100)))
        for year in range(day.year - YEARS + 1, day.year + 1):
            for sector, item, indicator, unit, usual in kept:
                percent = Draw("year", village.code, item, indicator, year).between(88, 113)
                values = {
                    "place": village.code,
                    "year": year,
                    "sector": sector,
                    "item": item,
                    "indicator": indicator,
                    "quantity": Decimal(max(1, usual * percent // 100)),
                    "unit": unit,
                }
                yield values, day.replace(year=year)


def greenhouses(scene: Scene) -> Iterator[Row]:
    """Greenhouses of two villages in five and of the pilots."""
    day = every_autumn(scene.today)
    for village in scene.villages:
        draw = Draw("greenhouses", village.code)
        kinds = draw.some(list(_HOUSES), draw.between(1, 2) if draw.chance(40) else 0)
        for kind in list(_HOUSES) if pilot(village) else kinds:
            low, high = _HOUSES[kind]
            count = draw.between(2, 46)
            values = {
                "place": village.code,
                "year": day.year,
                "kind": kind,
                "count": count,
                "vacant": draw.below(count // 2 + 1),
                "area": Decimal(count * draw.between(low, high)) / 100,
                "crops": "、".join(draw.some(_GROWN, 2)),
            }
            yield values, day


def offers(scene: Scene) -> Iterator[Row]:
    """Offers of the last four months: some still in force, some expired."""
    for day in scene.days(120):
        for number in range(1, Draw("offers", day).between(3, 6) + 1):
            draw = Draw("offer", day, number)
            item, sides, (low, high), unit, (cheap, dear), price_unit = draw.pick(_OFFERS)
            step = 100 if high >= 1000 else 10 if high >= 300 else 1
            values = {
                "code": f"GQ{day:%y%m%d}{number:02d}",
                "side": draw.pick(sides),
                "item": item,
                "place": draw.pick(scene.villages).code,
                "quantity": Decimal(max(1, draw.between(low, high) // step) * step),
                "unit": unit,
                "price": None if draw.chance(12) else draw.tenths(cheap, dear),
                "price_unit": price_unit,
                "contact": people.name(draw),
                "phone": people.mobile(draw),
                "published": day,
                "expires": day + timedelta(draw.pick((20, 30, 45))),
            }
            yield values, day
