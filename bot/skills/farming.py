"""Crops and livestock by year: a village's figure, an area's sum, against the year before, and who has most."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.sector import (
    Area,
    Origin,
    area_of,
    asks_standing,
    asks_towns,
    asks_which,
    none_held,
    number,
    origin,
    origin_of_all,
    placeless,
    rank_said,
    ranked_area,
    ranking,
    year_of,
)
from bot.understanding.query import Query
from knowledge import farming
from knowledge.farming import Figure, Stat
from knowledge.standing import by_town, standings

#: So many items are told in a headline.
SHORT = 6

#: What an indicator is asked for by; what is usual comes first.
_INDICATORS = {
    True: (("出栏", ("出栏", "卖了", "出了", "宰")), ("存栏", ("存栏", "养", "有多少", "几头", "几只"))),
    False: (("产量", ("产量", "亩产", "打了多少", "收了多少", "总产", "打多少粮")), ("面积", ("面积", "亩", "种"))),
}
_USUAL = {True: "存栏", False: "面积"}
_ANIMALS = "猪牛羊鸡鸭鹅兔驴马鱼蜂"
_AGAINST = re.compile(r"比|同比|涨|增|减|多了|少了|变化")
_TOGETHER = ("一共", "总共", "合计", "总", "全部", "共")


def planting(query: Query, ctx: Context) -> Reply:
    """Area sown or planted, by crop and year."""
    return _answer(query, ctx, livestock=False)


def livestock(query: Query, ctx: Context) -> Reply:
    """Animals kept and sold, by kind and year."""
    return _answer(query, ctx, livestock=True)


def _answer(query: Query, ctx: Context, livestock: bool) -> Reply:
    which = asks_which(query)
    area = ranked_area(query, ctx) if which else area_of(query, ctx)
    what = "养殖" if livestock else "种植"
    rows = farming.of(ctx.session, area.code, livestock)
    if not rows:
        return none_held(area, f"{what}统计")
    about = _of_items(query, placeless(query, ctx), rows, livestock)
    if isinstance(about, str):
        return _not_of(area, about, rows)
    wanted = _of_indicator(query, about, livestock)
    if isinstance(wanted, str):
        held = "、".join(dict.fromkeys(row.indicator for row in about))
        source = origin_of_all(area, about)
        return Reply(f"没有{area.name}{wanted}的记录，只有{held}。", (), (source.fact("有的指标", held),))
    year = year_of(query, ctx.today)
    if year is not None and year not in {row.year for row in wanted}:
        return _other_years(area, year, about, wanted)
    year = year or max(row.year for row in wanted)
    of_year = [row for row in wanted if row.year == year]
    if which:
        return _ranking(query, ctx, area, of_year, year)
    return _told(query, ctx, area, about, of_year, year)


def _of_items(query: Query, text: str, rows: Sequence[Stat], livestock: bool) -> list[Stat] | str:
    """The rows of what is asked for, all where nothing is named; the name itself where there is none of it."""
    slots = query.slots
    items = {row.item for row in rows}
    named = [c for c in slots.get("commodities", ()) or (slots.get("commodity", ""),) if c]
    exact = {item for item in items if item in named or item in text}
    exact = exact or {item for item in items for name in named if len(name) > 1 and name in item}
    if exact:
        return [row for row in rows if row.item in exact]
    said = "".join([*named, text])
    if livestock and (kinds := [animal for animal in _ANIMALS if animal in said]):
        found = [row for row in rows if any(animal in row.item for animal in kinds)]
        return found or "、".join(kinds)
    if named:
        return named[0]
    sectors = {row.sector for row in rows}
    meant = {s for s in sectors if s and s in text and s not in {"种植", "养殖"}}
    if not livestock and "果" in text:
        meant |= {sector for sector in sectors if "果" in sector}
    return [row for row in rows if row.sector in meant] if meant else list(rows)


def _of_indicator(query: Query, rows: Sequence[Stat], livestock: bool) -> list[Stat] | str:
    """The rows of the indicator that is asked for, else of the usual one; its name where there is none of it."""
    for name, words in _INDICATORS[livestock]:
        if any(word in query.text for word in words):
            found = [row for row in rows if name in row.indicator]
            return found or f"{'、'.join(dict.fromkeys(row.item for row in rows)) if len(rows) < 9 else ''}{name}"
    usual = [row for row in rows if _USUAL[livestock] in row.indicator]
    return usual or list(rows)


def _not_of(area: Area, item: str, rows: Sequence[Stat]) -> Reply:
    source = origin_of_all(area, rows)
    held = "、".join(dict.fromkeys(row.item for row in rows))
    return Reply(f"统计里没有{area.name}{item}的数。", (f"有的是：{held}。",), (source.fact("有统计的品种", held),))


def _other_years(area: Area, year: int, about: Sequence[Stat], wanted: Sequence[Stat]) -> Reply:
    """Declines a year that is not held, naming those that are."""
    source = origin_of_all(area, wanted)
    items = list(dict.fromkeys(row.item for row in about))
    item = items[0] if len(items) == 1 else "种养"
    years = sorted({row.year for row in wanted})
    held = "、".join(f"{held}年" for held in years)
    facts = (source.fact("所问年份", f"{year}年"), source.fact("有统计的年份", held))
    return Reply(f"没有{area.name}{year}年{item}的统计，只有{held}的。", (), facts)


def _told(query: Query, ctx: Context, area: Area, about: Sequence[Stat], of_year: Sequence[Stat], year: int) -> Reply:
    source = origin_of_all(area, of_year)
    found = farming.figures(of_year)
    facts = [_fact(source, figure) for figure in found]
    words = "、".join(f"{figure.item}{number(figure.quantity)}{figure.unit}" for figure in found[:SHORT])
    indicator = found[0].indicator if len({figure.indicator for figure in found}) == 1 else ""
    head = f"{area.name}{year}年"
    details = [f"统计里没有{item}的数。" for item in _missing(query, placeless(query, ctx), about)]
    if len(found) == 1:
        only = found[0]
        head += f"{only.item}{only.indicator}{number(only.quantity)}{only.unit}"
    else:
        head += f"{indicator}：{words}" + ("等" if len(found) > SHORT else "")
        details += (
            [
                "、".join(f"{f.item}{f.indicator}{number(f.quantity)}{f.unit}" for f in found[SHORT:]),
            ]
            if len(found) > SHORT
            else []
        )
    if len(found) > 1 and len({figure.unit for figure in found}) == 1 and _sums(query, found):
        total = sum((figure.quantity for figure in found), Decimal(0))
        facts.append(source.fact(f"{year}年合计", total, found[0].unit))
        head = f"{area.name}{year}年{indicator}一共{number(total)}{found[0].unit}：{words}"
        head += "等" if len(found) > SHORT else ""
    changed, more = _changes(query, area, about, found, year)
    if changed and len(found) == 1:
        head += f"，{changed[0]}"
    else:
        details += changed
    facts += more
    others = [
        f
        for f in farming.figures(row for row in about if row.year == year)
        if f not in found and f.item in {g.item for g in found}
    ]
    if others and len(others) <= SHORT:
        details.append("、".join(f"{f.item}{f.indicator}{number(f.quantity)}{f.unit}" for f in others) + "。")
        facts += [_fact(source, figure) for figure in others]
    if not area.is_village:
        villages = len({row.place for row in of_year})
        facts.append(source.fact("村数", villages, "个"))
        details.append(f"是{villages}个村的合计。")
    elif asks_standing(query) and len(found) == 1:
        line, standing = _standing(query, ctx, area, found[0], source)
        head, facts = f"{head}，{line}", [*facts, *standing]
    return Reply(f"{head}。", tuple(details), tuple(dict.fromkeys(facts)))


def _missing(query: Query, text: str, about: Sequence[Stat]) -> list[str]:
    """What is named beside the items that there are figures of."""
    items = "".join(row.item for row in about)
    named = [item for item in query.slots.get("commodities", ()) if item not in items]
    if farming.is_livestock(about[0]):
        named += [animal for animal in _ANIMALS if animal in text and animal not in items + "".join(named)]
    return named


def _sums(query: Query, found: Sequence[Figure]) -> bool:
    """Whether a sum over several items makes sense: of one kind of animal, or because it is asked for."""
    tails = {figure.item[-1] for figure in found}
    return len(tails) == 1 or any(word in query.text for word in _TOGETHER)


def _fact(source: Origin, figure: Figure) -> Fact:
    return source.fact(f"{figure.year}年{figure.indicator}", figure.quantity, figure.unit, figure.item)


def _changes(
    query: Query, area: Area, about: Sequence[Stat], found: Sequence[Figure], year: int
) -> tuple[list[str], list[Fact]]:
    """Against another year: the one that is asked for, by default the year before; only if a change is asked for."""
    baseline = query.slots.get("baseline")
    if baseline is None and not _AGAINST.search(query.text):
        return [], []
    before = baseline.start.year if baseline and baseline.start.year != year else year - 1
    source = origin_of_all(area, about)
    earlier = {(f.item, f.indicator): f for f in farming.figures(about) if f.year == before}
    lines, facts = [], [source.fact("比较的年份", f"{before}年")]
    for figure in found:
        old = earlier.get((figure.item, figure.indicator))
        if old is None:
            lines.append(f"没有{before}年的{figure.item}{figure.indicator}，比不了")
            continue
        change = figure.quantity - old.quantity
        name = figure.item if len(found) > 1 else ""
        word = "多" if change > 0 else "少"
        same = f"{name}和{before}年一样"
        lines.append(f"{name}比{before}年{word}{number(abs(change))}{figure.unit}" if change else same)
        facts += [_fact(source, old), source.fact(f"比{before}年", abs(change), figure.unit, figure.item)]
    return lines, facts


def _ranking(query: Query, ctx: Context, among: Area, rows: Sequence[Stat], year: int) -> Reply:
    units = {row.unit for row in rows}
    if len(units) > 1:
        return Reply("您要比哪一样？请说是什么庄稼或牲口，比如“哪个村养猪最多”。")
    items = list(dict.fromkeys(row.item for row in rows))
    indicators = list(dict.fromkeys(row.indicator for row in rows))
    label = f"{year}年{'、'.join(items) if len(items) <= 2 else ''}{indicators[0]}"
    values = farming.by_village(rows)
    values = by_town(values) if asks_towns(query) else values
    origins = {row.place: origin(ctx, row) for row in rows}
    return ranking(ctx, query, among, values, label, units.pop(), origins, ("最多", "最少"))


def _standing(query: Query, ctx: Context, area: Area, figure: Figure, source: Origin) -> tuple[str, list[Fact]]:
    among = ranked_area(query, ctx)
    rows = [
        row
        for livestock in (True, False)
        for row in farming.of(ctx.session, among.code, livestock)
        if (row.item, row.indicator, row.unit, row.year) == (figure.item, figure.indicator, figure.unit, figure.year)
    ]
    found = next(s for s in standings(farming.by_village(rows)) if s.place == area.code)
    facts = [source.fact("名次", found.rank, "名"), source.fact("参加排名的个数", found.of, "个")]
    return f"在{among.name}{rank_said(found.rank, found.of)}有统计的村", facts
