"""Registers that change slowly: assets, cooperatives, idle resources, relief lists, honours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from knowledge.demo import people
from knowledge.demo.accounts import officer
from knowledge.demo.draw import Draw
from knowledge.demo.scene import Row, Scene, every_half_year, every_quarter, every_spring, pilot, tail
from knowledge.places import short_name

#: kind: (titles, 平方米 from and to, 元 from and to)
_ASSETS = {
    "房屋": (("办公用房", "旧校舍", "集体仓库"), (80, 900), (40_000, 900_000)),
    "土地": (("机动地", "旧砖厂空地"), (2000, 40_000), (60_000, 600_000)),
    "水利设施": (("机井泵房", "蓄水池", "扬水站"), (20, 400), (30_000, 260_000)),
    "经营设施": (("果品冷库", "粮食晾晒场", "屋顶光伏电站"), (120, 2400), (80_000, 1_200_000)),
    "公益设施": (("文化广场", "农家书屋", "老年活动室"), (60, 1800), (20_000, 320_000)),
}
_USES = ("自用", "出租", "闲置", "合作经营")
_SPOTS = ("村东头", "村西头", "后街", "前街路南", "村部旁边", "南河边")

_BUSINESS = {
    "板栗": "板栗收购、分级、储藏",
    "安梨": "安梨种植、冷藏、销售",
    "苹果": "苹果种植、采摘园",
    "花生": "花生收购、榨油",
    "蔬菜": "大棚蔬菜种植、配送",
    "农机": "耕种收农机作业",
    "养猪": "生猪养殖、仔猪供应",
    "养羊": "肉羊养殖、育肥",
    "红薯": "红薯种植、薯苗供应、收购储藏",
}
_LUCKY = ("丰源", "惠民", "绿野", "金穗", "同心", "顺达", "众兴", "福泽")

#: kind: (letters, area from and to, its unit, price from and to, its unit, where)
_IDLE = {
    "闲置农房": ("NF", (70, 260), "平方米", (1500, 9000), "元/年", ("前街", "后街", "东头", "河沿")),
    "荒山": ("SP", (30, 400), "亩", (40, 160), "元/亩/年", ("北山阳坡", "东岭", "西山坡")),
    "荒沟": ("GG", (8, 90), "亩", (30, 120), "元/亩/年", ("东沟", "南沟", "柳树沟")),
    "闲置土地": ("TD", (3, 60), "亩", (300, 900), "元/亩/年", ("南边", "老场院", "河滩")),
}

#: kind: (元 a person and month from and to, persons from and to, since from and to)
_RELIEFS = {
    "农村低保": ((260, 560), (1, 4), (2014, 2025)),
    "特困供养": ((880, 1080), (1, 1), (2016, 2025)),
    "五保户": ((820, 980), (1, 2), (2008, 2015)),
}
_CAUSES = ("因病", "因残", "缺少劳力", "年老无人照料", "因意外事故", "子女上学")

_LOCAL = ("镇级", "县级", "市级")

#: kind: (what for, levels)
_DEEDS = {
    "孝老爱亲": ("照料瘫痪的老人多年，端水喂饭从不嫌累。", _LOCAL),
    "助人为乐": ("多年来义务给村里老人修电器、送菜送药。", _LOCAL),
    "见义勇为": ("跳进水塘救起落水的孩子。", ("市级", "省级")),
    "致富带头": ("带着邻居们一起种果树、跑销路。", _LOCAL),
    "敬业奉献": ("守着村卫生室二十多年，半夜有人叫门也出诊。", _LOCAL),
    "诚实守信": ("捡到的钱包原样还给失主，欠账一分不少还清。", _LOCAL),
    "好媳妇": ("伺候公婆十几年，邻里没有不夸的。", _LOCAL),
    "河北好人": ("收养孤儿，供到大学毕业。", ("省级",)),
    "中国好人": ("三十年守着水库大坝，救过七名落水的人。", ("国家级",)),
}


def assets(scene: Scene) -> Iterator[Row]:
    """Two to four collective assets in every village, more in the pilots."""
    day = every_spring(scene.today)
    for village in scene.villages:
        draw = Draw("assets", village.code)
        for number in range(1, (8 if pilot(village) else draw.between(2, 4)) + 1):
            kind = draw.pick(list(_ASSETS))
            titles, (small, large), (cheap, dear) = _ASSETS[kind]
            values = {
                "code": f"ZC{tail(village)}{number:02d}",
                "title": village.name + draw.pick(titles),
                "kind": kind,
                "place": village.code,
                "location": draw.pick(_SPOTS),
                "area": Decimal(draw.between(small // 10, large // 10) * 10),
                "value": Decimal(draw.between(cheap // 1000, dear // 1000) * 1000),
                "status": draw.pick(_USES),
                "contact": officer(village, "会计"),
                "phone": people.mobile(Draw("accountant", village.code)),
            }
            yield values, day


def cooperatives(scene: Scene) -> Iterator[Row]:
    """A cooperative in every other village, three in the pilots."""
    day = every_spring(scene.today)
    for village in scene.villages:
        draw = Draw("cooperatives", village.code)
        count = 3 if pilot(village) else int(draw.chance(50))
        for business, lucky in zip(draw.some(list(_BUSINESS), count), draw.some(_LUCKY, count), strict=True):
            values = {
                "name": f"{short_name(village.name)}{lucky}{business}专业合作社",
                "place": village.code,
                "business": _BUSINESS[business],
                "founded": date(draw.between(2009, 2023), draw.between(1, 12), draw.between(1, 28)),
                "members": draw.between(8, 160),
                "chair": people.name(draw),
                "phone": people.mobile(draw),
                "income": Decimal(draw.between(12, 620) * 10_000),
            }
            yield values, day


def idle(scene: Scene) -> Iterator[Row]:
    """An idle house or plot in most villages, five in the pilots."""
    day = every_quarter(scene.today)
    for village in scene.villages:
        draw = Draw("idle", village.code)
        for number in range(1, (5 if pilot(village) else draw.below(3)) + 1):
            kind = draw.pick(list(_IDLE))
            letters, (small, large), unit, (cheap, dear), price_unit, where = _IDLE[kind]
            values = {
                "code": f"{letters}{tail(village)}{number}",
                "place": village.code,
                "kind": kind,
                "location": draw.pick(where),
                "area": Decimal(draw.between(small, large)),
                "area_unit": unit,
                "status": draw.pick(("待流转", "待流转", "洽谈中", "已流转")),
                "price": Decimal(draw.between(cheap // 10, dear // 10) * 10),
                "price_unit": price_unit,
                "contact": officer(village, "委员"),
                "phone": people.mobile(draw),
                "registered": every_spring(scene.today) - timedelta(draw.below(300)),
            }
            yield values, day


def reliefs(scene: Scene) -> Iterator[Row]:
    """The relief lists of the quarter, masked as an import leaves them."""
    day = every_quarter(scene.today)
    for village in scene.villages:
        count = 14 if pilot(village) else Draw("reliefs", village.code).between(1, 5)
        for number in range(1, count + 1):
            draw = Draw("relief", village.code, number)
            kind = "五保户" if draw.chance(10) else "特困供养" if draw.chance(16) else "农村低保"
            if pilot(village) and number <= len(_RELIEFS):
                kind = list(_RELIEFS)[number - 1]
            (cheap, dear), (few, many), (early, late) = _RELIEFS[kind]
            persons = draw.between(few, many)
            values = {
                "kind": kind,
                "dated": None,
                "place": village.code,
                "head": people.name(draw),
                "id_number": "130***************",
                "persons": persons,
                "monthly": Decimal(draw.between(cheap // 10, dear // 10) * 10 * persons),
                "since": f"{draw.between(early, late)}-{draw.between(1, 12):02d}",
                "reviewed": day - timedelta(draw.between(2, 20)),
                "cause": draw.pick(_CAUSES),
                "phone": people.masked_mobile(draw),
                "note": "",
            }
            yield values, day


def role_models(scene: Scene) -> Iterator[Row]:
    """People honoured in one village of four and in the pilots."""
    day = every_half_year(scene.today)
    for village in scene.villages:
        draw = Draw("honours", village.code)
        for kind in draw.some(list(_DEEDS), 3 if pilot(village) else int(draw.chance(25))):
            name = people.name(draw)
            deed, levels = _DEEDS[kind]
            values = {
                "name": name,
                "place": village.code,
                "kind": kind,
                "deed": name + deed,
                "level": draw.pick(levels),
                "awarded": date(draw.between(2021, 2025), draw.between(1, 12), draw.between(1, 28)),
            }
            yield values, day


def titles(scene: Scene) -> Iterator[Row]:
    """Titles of honour of three villages in ten and of the pilots."""
    day = every_spring(scene.today)
    known = (f"{scene.places.county.name}文明村", "唐山市文明村", "河北省文明村", "卫生村")
    for village in scene.villages:
        draw = Draw("titles", village.code)
        for title in draw.some(known, 2 if pilot(village) else int(draw.chance(30))):
            values = {
                "place": village.code,
                "title": title,
                "year": draw.between(2018, 2025),
                "status": "已摘牌" if draw.chance(12) else "保持",
            }
            yield values, day
