"""The five works of a village: greening, roads, lamps, toilets, waste; an area's totals, rankings, how a village stands."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills import pictures
from bot.skills.base import Context
from bot.skills.sector import (
    Area,
    Origin,
    area_of,
    asks_standing,
    asks_towns,
    asks_which,
    compared_in_vain,
    none_held,
    not_held,
    number,
    origin,
    origin_of_all,
    rank_said,
    ranked_area,
    ranking,
)
from bot.understanding.query import Query
from knowledge import livability
from knowledge.livability import INDICATORS
from knowledge.standing import TOWN, standings
from knowledge.tables import Livability

#: What a question calls an indicator, where understanding has not said so; the first that stands in it counts.
_WORDS = (
    ("green_rate", ("绿化", "绿地", "栽树")),
    ("lamps_lit", ("亮", "灯")),
    ("road_hard", ("硬化", "水泥", "柏油", "土路")),
    ("road_total", ("道路总长", "多长的路", "路有多长", "路多长", "道路里程")),
    ("road_hard", ("路", "公里")),
    ("toilets_renovated", ("改厕", "改了", "改造", "厕", "茅房")),
    ("waste", ("垃圾", "清运", "卫生")),
    ("population", ("人口", "多少人", "口人", "人最", "人多", "人少")),
    ("households", ("户",)),
)
#: What is told of a whole: the part of it that matters, which is told with its whole.
_PART = {"road_total": "road_hard", "lamps": "lamps_lit", "toilets": "toilets_renovated"}

#: What is told where nothing in particular is asked for, and how it is begun.
_OVERVIEW = {"green_rate": "绿化率", "road_hard": "硬化路", "lamps_lit": "路灯亮", "toilets_renovated": "改厕"}
_UNLIT = "不亮的路灯"
_DARK = ("不亮", "坏", "黑", "灭", "瞎")
_AMOUNT = ("最多", "最少", "最长", "最短", "最大", "最小", "盏", "公里", "几个", "多少个")

#: The ends of a ranking by what is measured.
_ENDS = {"%": ("最高", "最低"), "公里": ("最长", "最短")}


def answer(query: Query, ctx: Context) -> Reply:
    """A figure of a village or an area's total; a ranking among villages; where one village stands."""
    name = _indicator(query)
    if asks_which(query):
        return _ranking(query, ctx, name)
    name = _PART.get(name or "", name)
    area = area_of(query, ctx)
    rows = livability.of(ctx.session, area.code)
    if not rows:
        return none_held(area, "五化现状")
    source = origin_of_all(area, rows)
    if declined := not_held(query, ctx, "五化", source):
        return declined
    words, facts = _village(rows[0], name, source) if area.is_village else _total(rows, name, source)
    if not facts:
        return none_held(area, INDICATORS[name].label if name in INDICATORS else "五化")
    headline, details = f"{area.name}{words}。", []
    if area.is_village and name in INDICATORS:
        line, more = _standing(query, ctx, rows[0], name, area)
        facts += more
        if asks_standing(query) and line:
            headline = f"{headline[:-1]}，{line}。"
        elif line:
            details.append(f"{line}。")
    picture = pictures.five_works(area.code) if area.is_village else None
    return Reply(compared_in_vain(query, headline), tuple(details), tuple(facts), picture=picture)


def _indicator(query: Query) -> str | None:
    """Which figure is asked for; None for all of them."""
    said = query.slots.get("indicator")
    if said in INDICATORS or said == "waste":
        return said
    return next((name for name, words in _WORDS if any(word in query.text for word in words)), None)


def _village(row: Livability, name: str | None, source: Origin) -> tuple[str, list[Fact]]:
    """One figure of a village (with the whole that it is a part of), or all of them, in words."""
    if name == "waste":
        return (f"垃圾{row.waste}", [source.fact("垃圾清运", row.waste)]) if row.waste else ("", [])
    if name:
        return _told(livability.value(row, name), _whole(row, name), name, source)
    words, facts = [], []
    for each, short in _OVERVIEW.items():
        value, whole = livability.value(row, each), _whole(row, each)
        _, more = _told(value, whole, each, source)
        facts += more
        if value is not None:
            words.append(short + number(value) + (f"/{number(whole)}" if whole else "") + INDICATORS[each].unit)
    if row.waste:
        words.append(f"垃圾{row.waste}")
        facts.append(source.fact("垃圾清运", row.waste))
    return "，".join(words), facts


def _whole(row: Livability, name: str) -> Decimal | None:
    whole = INDICATORS[name].whole
    return livability.value(row, whole) if whole else None


def _told(value: Decimal | None, whole: Decimal | None, name: str, source: Origin) -> tuple[str, list[Fact]]:
    """A figure in words and its facts; a part with its whole, and what is missing to it."""
    indicator = INDICATORS[name]
    if value is None:
        return "", []
    facts = [source.fact(indicator.label, value, indicator.unit)]
    if indicator.whole is None or whole is None:
        return f"{indicator.label}{number(value)}{indicator.unit}", facts
    rest, unit = whole - value, indicator.unit
    facts.append(source.fact(INDICATORS[indicator.whole].label, whole, unit))
    facts.append(source.fact(f"{indicator.label}以外的", rest, unit))
    verb, missing = {
        "road_hard": ("硬化了", f"还有{number(rest)}{unit}没硬化"),
        "lamps_lit": ("亮着", f"{number(rest)}{unit}不亮"),
        "toilets_renovated": ("改了", f"还有{number(rest)}{unit}没改"),
    }[name]
    missing = missing if rest > 0 else "全了"
    return f"{INDICATORS[indicator.whole].label}{number(whole)}{unit}，{verb}{number(value)}{unit}，{missing}", facts


def _total(rows: list[Livability], name: str | None, source: Origin) -> tuple[str, list[Fact]]:
    """An area's totals: sums, the plain mean of rates, the ways of waste collection by number of villages."""
    if name == "waste":
        ways: dict[str, int] = {}
        for row in rows:
            if row.waste:
                ways[row.waste] = ways.get(row.waste, 0) + 1
        words = "、".join(f"{way}{count}个村" for way, count in sorted(ways.items(), key=lambda item: -item[1]))
        return f"垃圾清运：{words}", [source.fact("村数", count, "个", way) for way, count in ways.items()]
    told, facts = [], []
    villages = 0
    for each in [name] if name else _OVERVIEW:
        found = livability.total(rows, each)
        if found is None:
            continue
        whole_name = INDICATORS[each].whole
        whole = livability.total(rows, whole_name) if whole_name else None
        words, more = _told(found[0], whole[0] if whole else None, each, source)
        told.append(f"各村平均{words}" if INDICATORS[each].unit == "%" else words)
        facts += more
        villages = max(villages, found[1])
    facts.append(source.fact("村数", villages, "个"))
    return f"{villages}个村" + "，".join(told), facts if told else []


def _measure(query: Query, name: str) -> tuple[str, str, Callable[[Livability], Decimal | None]]:
    """By what villages are ranked: how it is called, its unit, and how it is taken from a village."""
    indicator, part = INDICATORS[name], _PART.get(name, name)
    if part == "lamps_lit" and any(word in query.text for word in _DARK):
        return _UNLIT, "盏", _dark
    if INDICATORS[part].whole and not any(word in query.text for word in _AMOUNT):
        return INDICATORS[part].share, "%", lambda row: livability.share(row, part)
    return indicator.label, indicator.unit, lambda row: livability.value(row, name)


def _dark(row: Livability) -> Decimal | None:
    if row.lamps is None or row.lamps_lit is None:
        return None
    return Decimal(row.lamps - row.lamps_lit)


def _ranking(query: Query, ctx: Context, name: str | None) -> Reply:
    if name is None or name == "waste":
        return Reply("您要比哪一项？可以问：哪个村绿化最好、哪个村路灯坏得最多、哪个村改厕最少。")
    among = ranked_area(query, ctx)
    rows = livability.of(ctx.session, among.code)
    what, unit, measure = _measure(query, name)
    values = _by_town(rows, what, name) if asks_towns(query) else livability.measured(rows, measure)
    if not values:
        return none_held(among, what)
    origins = {row.place: origin(ctx, row) for row in rows}
    if declined := not_held(query, ctx, what, origin_of_all(among, rows)):
        return declined
    return ranking(ctx, query, among, values, what, unit, origins, _ENDS.get(unit, ("最多", "最少")))


def _by_town(rows: list[Livability], what: str, name: str) -> dict[str, Decimal]:
    """A measure by town: sums of what is counted, shares of the sums, the mean of rates."""
    towns: dict[str, list[Livability]] = {}
    for row in rows:
        towns.setdefault(row.place[:TOWN], []).append(row)
    name = name if what == INDICATORS[name].label else _PART.get(name, name)
    whole = INDICATORS[name].whole
    values = {}
    for town, villages in towns.items():
        part = livability.total(villages, name)
        of = livability.total(villages, whole) if whole else None
        if part is None:
            continue
        if what == INDICATORS[name].label:
            values[town] = part[0]
        elif of and of[0]:
            dark = what == _UNLIT
            values[town] = of[0] - part[0] if dark else livability.percent(part[0], of[0])
    return values


def _standing(query: Query, ctx: Context, row: Livability, name: str, area: Area) -> tuple[str, list[Fact]]:
    """Where a village stands in its town (in the county if that is asked), by share where there is one."""
    county = bool(query.slots.get("county")) or any(word in query.text for word in ("全市", "全县", "市里", "县里"))
    among = ctx.places.county.code if county else area.code[:TOWN]
    label = INDICATORS[name].share or INDICATORS[name].label
    values = livability.measured(livability.of(ctx.session, among), lambda other: livability.share(other, name))
    found = next((standing for standing in standings(values) if standing.place == row.place), None)
    if found is None or found.of < 2:
        return "", []
    source = origin_of_all(area, [row])
    unit = "%" if INDICATORS[name].share else INDICATORS[name].unit
    facts = [
        source.fact(label, found.value, unit),
        source.fact("名次", found.rank, "名", label),
        source.fact("参加排名的个数", found.of, "个"),
    ]
    where = ctx.places.full_name(among)
    told = f"{label}{number(found.value)}{unit}，" if INDICATORS[name].share else ""
    return f"{told}在{where}{rank_said(found.rank, found.of)}村", facts
