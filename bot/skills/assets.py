"""Collective assets: one by its name, or what a village, a town or the county owns altogether."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.lookup import closest
from bot.skills.sector import (
    Area,
    amount,
    amount_fact,
    area_of,
    asks_standing,
    asks_towns,
    asks_which,
    compared_in_vain,
    none_held,
    not_held,
    number,
    numbered,
    origin,
    origin_of_all,
    rank_said,
    ranked_area,
    ranking,
    wants_highest,
)
from bot.understanding.query import Query
from knowledge import assets
from knowledge.places import short_name
from knowledge.standing import by_town, standings
from knowledge.tables import Asset

#: So many assets stand on lines of their own, so many in a headline.
LINES = 12
SHORT = 3

#: Words that every asset's name may bear; none is told by them.
_GENERIC = re.compile("集体|资产|资源|村里|项目")
_MOST = re.compile("最(?:值钱|贵|大|高|不值钱|便宜|低)")

_WAN = Decimal(10000)

#: What villagers call the use of an asset, by a part of the status.
_STATUS = (
    ("闲", "闲置", ("闲", "空着", "没用", "没人用")),
    ("租", "出租", ("出租", "租出", "租给", "承包")),
    ("自用", "自用", ("自用",)),
    ("合作", "合作经营", ("合作",)),
)


def answer(query: Query, ctx: Context) -> Reply:
    """Value, use and area of an asset; number and value of those of an area; a ranking among villages."""
    if asks_which(query):
        return _ranking(query, ctx)
    area = area_of(query, ctx)
    rows = assets.of(ctx.session, area.code)
    if not rows:
        return none_held(area, "集体资产")
    source = origin_of_all(area, rows)
    if declined := not_held(query, ctx, "集体资产", source):
        return declined
    about_one = replace(query, text=_GENERIC.sub(" ", query.text))
    named = _numbered(query, ctx, rows) or closest(about_one, rows, lambda row: row.title, ctx.places)
    if query.slots.get("title") and not named:
        return none_held(area, f"“{query.slots['title']}”", "可以问“村里有哪些集体资产”。")
    if not named and "code" in query.slots:
        return none_held(area, "这个编号的资产")
    if not named and (thing := _thing(about_one, ctx)):
        return none_held(area, f"{thing}这样的集体资产", "可以问“村里有哪些集体资产”。")
    meant, about = (named, "") if named else _filtered(query, rows)
    if not meant:
        return none_held(area, f"{about}集体资产")
    if named and len(named) <= SHORT:
        return _named(named, ctx)
    reply = _totals(area, about, meant, ctx, query)
    return replace(reply, headline=compared_in_vain(query, reply.headline))


def _numbered(query: Query, ctx: Context, rows: Sequence[Asset]) -> list[Asset]:
    """The asset of a number, wherever in the county it is."""
    if found := numbered(query, rows):
        return found
    return numbered(query, assets.of(ctx.session, ctx.places.county.code)) if "code" in query.slots else []


def _thing(query: Query, ctx: Context) -> str:
    """What the question names that other villages own: 冷库; "" where it names nothing of the kind."""
    names = set()
    for title, code in assets.titles(ctx.session):
        place = ctx.places.get(code)
        name = place.name if place else ""
        names.add(title.removeprefix(name))
    found = closest(query, sorted(names), str, ctx.places)
    return found[0] if found else ""


def _filtered(query: Query, rows: Sequence[Asset]) -> tuple[Sequence[Asset], str]:
    """The assets of the use or kind that is named, and what they are called; all where none is."""
    meant, about = list(rows), ""
    kind = next((row.kind for row in rows if row.kind and row.kind in query.text), None)
    if kind:
        meant, about = [row for row in meant if row.kind == kind], kind
    elif any(word in query.text for word in ("房", "屋")):
        meant, about = [row for row in meant if "房" in row.kind], "房屋"
    for part, usual, words in _STATUS:
        if any(word in query.text for word in words):
            used = [row for row in meant if part in row.status]
            return used, f"{used[0].status if used else usual}的{about}"
    return meant, about


def _named(rows: Sequence[Asset], ctx: Context) -> Reply:
    told = [_told(row, ctx) for row in rows]
    details = [line for _, line, _ in told if line]
    heads = "；".join(words for words, _, _ in told)
    return Reply(f"{heads}。", tuple(details), tuple(fact for _, _, more in told for fact in more))


def _told(row: Asset, ctx: Context) -> tuple[str, str, list[Fact]]:
    """One asset: the headline's words, a line with the rest, its facts."""
    source = origin(ctx, row)
    place = ctx.places.get(row.place)
    name = row.title if place and short_name(place.name) in row.title else f"{source.place}{row.title}"
    words, facts = [], []
    if row.value is not None:
        words.append(f"原值{amount(row.value)}")
        facts.append(amount_fact(source, "原值", row.value, row.title))
    if row.status:
        words.append(f"现在{row.status}")
        facts.append(source.fact("使用状况", row.status, "", row.title))
    if row.area is not None:
        words.append(f"{number(row.area)}平方米")
        facts.append(source.fact("面积", row.area, "平方米", row.title))
    line = []
    if row.location:
        line.append(f"位置{row.location}")
        facts.append(source.fact("位置", row.location, "", row.title))
    if row.contact:
        line.append(f"联系{row.contact}{row.phone}")
        facts += [source.fact("联系人", row.contact, "", row.title), source.fact("联系电话", row.phone, "", row.title)]
    return f"{name}{'，'.join(words)}", "，".join(line), facts


def _totals(area: Area, about: str, rows: Sequence[Asset], ctx: Context, query: Query) -> Reply:
    source = origin_of_all(area, rows)
    total = assets.total(rows)
    facts = [source.fact("资产数", total.count, "项"), amount_fact(source, "原值合计", total.value)]
    head = f"{area.name}{about}集体资产{total.count}项，原值共{amount(total.value)}"
    statuses = [status for status in assets.by_status(rows) if status.name]
    if len(statuses) > 1:
        head += "：" + "、".join(f"{status.name}{status.count}项" for status in statuses)
        for status in statuses:
            facts.append(source.fact("资产数", status.count, "项", status.name))
            facts.append(amount_fact(source, "原值合计", status.value, status.name))
    details = [f"{s.name}{s.count}项，原值{amount(s.value)}" for s in statuses] if len(statuses) > 1 else []
    if total.unvalued:
        facts.append(source.fact("没有原值的", total.unvalued, "项"))
        details.append(f"另有{total.unvalued}项没写原值，没算进去")
    if _MOST.search(query.text):
        top = rows[0] if wants_highest(query) else rows[-1]
        words, _, more = _told(top, ctx)
        head = f"最{'值钱' if top is rows[0] else '不值钱'}的是{words}；{head}"
        facts += more
    if area.is_village:
        ordered = rows if wants_highest(query) else list(reversed(rows))
        for row in ordered[:LINES]:
            words, line, more = _told(row, ctx)
            details.append(f"{words}，{line}" if line else words)
            facts += more
        if asks_standing(query):
            among = ranked_area(query, ctx)
            found = next(s for s in standings(_values(assets.of(ctx.session, among.code))) if s.place == area.code)
            head += f"；原值在{among.name}{rank_said(found.rank, found.of)}村"
            facts += [source.fact("名次", found.rank, "名"), source.fact("参加排名的个数", found.of, "个")]
    return Reply(f"{head}。", tuple(details), tuple(dict.fromkeys(facts)))


def _values(rows: Sequence[Asset]) -> dict[str, Decimal]:
    values: dict[str, Decimal] = {}
    for row in rows:
        values[row.place] = values.get(row.place, Decimal(0)) + (row.value or 0)
    return values


def _ranking(query: Query, ctx: Context) -> Reply:
    among = ranked_area(query, ctx)
    rows = assets.of(ctx.session, among.code)
    if not rows:
        return none_held(among, "集体资产")
    meant, about = _filtered(query, rows)
    values = {place: value / _WAN for place, value in _values(meant).items()}
    values = by_town(values) if asks_towns(query) else values
    origins = {row.place: origin(ctx, row) for row in rows}
    return ranking(ctx, query, among, values, f"{about}集体资产原值", "万元", origins, ("最多", "最少"))
