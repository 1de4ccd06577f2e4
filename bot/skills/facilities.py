"""Greenhouses: how many of which kind, how many stand empty, how much land, what grows in them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.sector import (
    Origin,
    area_of,
    asks_towns,
    asks_which,
    compared_in_vain,
    none_held,
    number,
    origin,
    origin_of_all,
    ranked_area,
    ranking,
    year_of,
)
from bot.understanding.query import Query
from knowledge import farming
from knowledge.standing import by_town
from knowledge.tables import Facility

#: What villagers call kinds of greenhouse, by a part of the kind's own name.
_KINDS = (
    ("温室", ("温室", "暖棚", "冬棚")),
    ("拱棚", ("小拱棚", "拱棚", "小棚", "矮棚")),
    ("春秋", ("春秋", "冷棚")),
    ("连栋", ("连栋",)),
)
_VACANT = ("闲", "空", "没种", "没人种", "撂")


def answer(query: Query, ctx: Context) -> Reply:
    """The greenhouses of a village or an area, of the kind or the crop that is named; a ranking among villages."""
    which = asks_which(query)
    area = ranked_area(query, ctx) if which else area_of(query, ctx)
    year = year_of(query, ctx.today)
    rows = farming.facilities(ctx.session, area.code, year)
    if not rows and year is not None:
        held = farming.facilities(ctx.session, area.code)
        if held:
            source = origin_of_all(area, held)
            known = (source.fact("所问年份", f"{year}年"), source.fact("有统计的年份", f"{held[0].year}年"))
            return Reply(f"没有{area.name}{year}年大棚的统计，只有{held[0].year}年的。", (), known)
    if not rows:
        return none_held(area, "大棚")
    meant, label = _meant(query, rows)
    if not meant:
        source = origin_of_all(area, rows)
        held_kinds = "、".join(dict.fromkeys(row.kind for row in rows))
        return Reply(
            f"没有{area.name}{label}的记录。", (f"有的是：{held_kinds}。",), (source.fact("有的大棚", held_kinds),)
        )
    if which:
        return _ranking(query, ctx, meant)
    source = origin_of_all(area, meant)
    words: list[str] = []
    facts: list[Fact] = []
    lines: list[str] = []
    kinds = list(dict.fromkeys(row.kind for row in meant))
    for kind in kinds:
        same = [row for row in meant if row.kind == kind]
        told, more = _told(kind, same, ctx, area.full)
        facts += more
        lines.append(told)
        words.append(told)
    years = sorted({row.year for row in meant})
    facts += [source.fact("年份", f"{each}年") for each in years]
    head = f"{area.name}{years[-1]}年" if len(years) == 1 else area.name
    if len(kinds) > 1:
        count, vacant = sum(row.count for row in meant), _vacant(meant)
        facts.append(source.fact("大棚合计", count, "个"))
        head += f"大棚{count}个"
        if vacant is not None:
            facts.append(source.fact("闲置合计", vacant, "个"))
            head += f"，闲着{vacant}个"
        head += _asked_too(query, meant, facts, source)
        details = [f"{line}。" for line in lines]
    else:
        head += words[0]
        details = []
    return Reply(compared_in_vain(query, f"{head}。"), tuple(details), tuple(dict.fromkeys(facts)))


def _meant(query: Query, rows: Sequence[Facility]) -> tuple[list[Facility], str]:
    """The greenhouses of the kind or the crop that is named, and what they are called; all where none is named."""
    text, meant, label = query.text, list(rows), "大棚"
    if named := [row for row in rows if row.kind in text]:
        meant, label = named, named[0].kind
    else:
        for part, words in _KINDS:
            if said := next((word for word in words if word in text), None):
                meant, label = [row for row in rows if part in row.kind], said
                break
    crop = query.slots.get("commodity") or next((row.crops for row in rows if row.crops and row.crops in text), None)
    if crop:
        meant, label = [row for row in meant if crop in row.crops], f"种{crop}的{label}"
    return meant, label


def _told(kind: str, rows: Sequence[Facility], ctx: Context, place: str) -> tuple[str, list[Fact]]:
    """One kind in words: how many, how many are empty, land, crops."""
    first = origin(ctx, rows[0])

    def fact(what: str, value: Decimal | int | str, unit: str = "") -> Fact:
        return Fact(what, value, unit, kind, place, first.as_of, first.source)

    count, vacant = sum(row.count for row in rows), _vacant(rows)
    words, facts = f"{kind}{count}个", [fact("大棚数", count, "个")]
    if vacant is not None:
        words += f"，闲着{vacant}个"
        facts.append(fact("闲置", vacant, "个"))
    areas = [row.area for row in rows if row.area is not None]
    if len(areas) == len(rows):
        total = sum(areas, Decimal(0))
        words += f"，占地{number(total)}亩"
        facts.append(fact("占地", total, "亩"))
    crops = "、".join(dict.fromkeys(row.crops for row in rows if row.crops))
    if crops:
        words += f"，主要种{crops}"
        facts.append(fact("主要作物", crops))
    return words, facts


def _asked_too(query: Query, rows: Sequence[Facility], facts: list[Fact], source: Origin) -> str:
    """The land and the crops of several kinds together, where the question is about them."""
    words = ""
    if any(word in query.text for word in ("占地", "面积", "亩")):
        total = sum((row.area for row in rows if row.area is not None), Decimal(0))
        facts.append(source.fact("占地合计", total, "亩"))
        words += f"，占地{number(total)}亩"
    if any(word in query.text for word in ("种啥", "种什么", "种的", "种些")):
        crops = "、".join(dict.fromkeys(row.crops for row in rows if row.crops))
        facts.append(source.fact("主要作物", crops))
        words += f"，种{crops}" if crops else ""
    return words


def _vacant(rows: Sequence[Facility]) -> int | None:
    """How many are empty, None where that is not known of all."""
    known = [row.vacant for row in rows if row.vacant is not None]
    return sum(known) if len(known) == len(rows) else None


def _ranking(query: Query, ctx: Context, rows: Sequence[Facility]) -> Reply:
    among = ranked_area(query, ctx)
    vacant = any(word in query.text for word in _VACANT)
    values: dict[str, Decimal] = {}
    for row in rows:
        counted = (row.vacant or 0) if vacant else row.count
        values[row.place] = values.get(row.place, Decimal(0)) + counted
    values = by_town(values) if asks_towns(query) else values
    origins = {row.place: origin(ctx, row) for row in rows}
    kinds = list(dict.fromkeys(row.kind for row in rows))
    label = f"{'闲着的' if vacant else ''}{kinds[0] if len(kinds) == 1 else '大棚'}"
    return ranking(ctx, query, among, values, label, "个", origins, ("最多", "最少"))
