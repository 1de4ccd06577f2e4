"""Cooperatives: by name, by what they grow or buy, or those of a village; members, chair, telephone, income."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.lookup import closest
from bot.skills.sector import (
    Area,
    amount,
    amount_fact,
    area,
    area_of,
    asks_towns,
    asks_which,
    none_held,
    origin,
    origin_of_all,
    placeless,
    ranking,
    year_of,
)
from bot.skills.wording import full_day
from bot.understanding.query import Query
from knowledge import assets
from knowledge.standing import TOWN, by_town
from knowledge.tables import Cooperative

#: So many cooperatives are told beside the first.
OTHERS = 5

_BUYS = ("收购", "收")
_WORK = ((("农机", "拖拉机", "收割", "耕地", "旋地", "机器"), "农机"), (("菜",), "蔬菜"), (("果",), "果"))
_PARTS = re.compile("[、，,和及与]|种植|养殖|收购|销售")
_MOST = re.compile("最|规模大")
_ANYWHERE = re.compile("哪个|哪家|哪些|都有|谁家|谁办")
_COUNTED = ("几个", "多少个", "几家", "多少家")


def answer(query: Query, ctx: Context) -> Reply:
    """The cooperatives that are asked for, the nearest first."""
    slots = query.slots
    home = slots.get("village") or ctx.asker.home
    county = area(ctx, ctx.places.county.code)
    everywhere = assets.cooperatives(ctx.session, county.code, home)
    if not everywhere:
        return none_held(county, "合作社")
    if named := [row for row in everywhere if row.name in query.text]:
        return _told_all(named, ctx)
    asked = area_of(query, ctx) if {"village", "town"} & slots.keys() and not asks_towns(query) else county
    if asks_which(query) and asks_towns(query):
        counts = Counter(row.place for row in everywhere)
        sums = by_town({place: Decimal(count) for place, count in counts.items()})
        origins = {county.code: origin_of_all(county, everywhere)}
        return ranking(ctx, query, county, sums, "合作社", "个", origins, ("最多", "最少"))
    whole = area_of(query, ctx)
    asked = whole if asked is county and len(whole.code) == TOWN else asked
    near = [row for row in everywhere if row.place.startswith(asked.code)]
    product = _product(query, ctx, everywhere)
    if product:
        return _by_product(query, ctx, product, near, everywhere, asked)
    if called := closest(query, [row for row in near if "合作社" in query.text], _core, ctx.places):
        return _told_all(called, ctx)
    if "成立" in query.text and (year := year_of(query, ctx.today)):
        return _founded(year, asked, near, ctx)
    if _MOST.search(query.text):
        by_income = "收入" in query.text or "挣" in query.text
        return _told_all(sorted(near, key=lambda row: -((row.income if by_income else row.members) or 0)), ctx)
    if asked is county and "county" not in slots and home and not _ANYWHERE.search(query.text):
        asked, near = _at_home(ctx, home, everywhere)
    if not near:
        return none_held(asked, "合作社", "可以问“哪个合作社收板栗”这样的。")
    if asked.is_village and len(near) <= OTHERS and not any(word in query.text for word in _COUNTED):
        return _told_all(near, ctx)
    return _counted(asked, near, ctx)


def _at_home(ctx: Context, home: str, everywhere: Sequence[Cooperative]) -> tuple[Area, list[Cooperative]]:
    """The cooperatives of the sender's village, else of the town."""
    for code in (home, home[:TOWN]):
        near = [row for row in everywhere if row.place.startswith(code)]
        if near:
            break
    return area(ctx, code), near


def _founded(year: int, asked: Area, rows: Sequence[Cooperative], ctx: Context) -> Reply:
    """The cooperatives that were founded in a year."""
    found = [row for row in rows if row.founded and row.founded.year == year]
    source = origin_of_all(asked, rows) if rows else None
    if source is None:
        return none_held(asked, "合作社")
    facts = (source.fact("所问年份", f"{year}年"), source.fact("当年成立的合作社", len(found), "个"))
    reply = _told_all(found, ctx) if found else Reply("")
    details = (reply.headline, *reply.details) if found else ()
    return Reply(f"{asked.name}{year}年成立的合作社有{len(found)}个。", details, (*facts, *reply.facts))


def _core(row: Cooperative) -> str:
    return row.name.removesuffix("合作社").removesuffix("专业")


def _product(query: Query, ctx: Context, rows: Sequence[Cooperative]) -> str | None:
    """What the cooperatives asked for deal in: goods that are named, an animal, a kind of work, a part of a business."""
    text = placeless(query, ctx)
    known = [f"{row.business} {row.name}" for row in rows]
    goods = query.slots.get("commodity")
    words = [*([goods] if goods else []), *(animal for animal in "猪牛羊鸡鸭鱼" if animal in text)]
    words += [product for said, product in _WORK if any(word in text for word in said)]
    words += [part for row in rows for part in _PARTS.split(row.business) if len(part) > 1 and part in text]
    return next((word for word in words if any(word in business for business in known)), goods)


def _by_product(
    query: Query,
    ctx: Context,
    product: str,
    near: Sequence[Cooperative],
    everywhere: Sequence[Cooperative],
    asked: Area,
) -> Reply:
    """Those whose business or name has the product; who buys comes first where a buyer is asked for."""

    def of(rows: Sequence[Cooperative]) -> list[Cooperative]:
        found = [row for row in rows if product in row.business or product in row.name]
        if _BUYS[1] in query.text:
            return sorted(found, key=lambda row: _BUYS[0] not in row.business)
        return found

    found, before = of(near), ""
    if not found:
        found = of(everywhere)
        if not found:
            return none_held(asked, f"{product}合作社", "供求信息里也能问谁收、谁卖。")
        before = f"{asked.name}没有{product}合作社，别处有："
    buyers = [row for row in found if _BUYS[0] in row.business]
    reply = _told_all(found, ctx)
    details = reply.details
    if _BUYS[1] in query.text and not buyers:
        details = (f"主营里没写收购{product}，收不收请打电话问。", *details)
    return Reply(before + reply.headline, details, reply.facts)


def _told_all(rows: Sequence[Cooperative], ctx: Context) -> Reply:
    """The first in the headline, others briefly on lines of their own."""
    words, facts = _told(rows[0], ctx)
    details = []
    for row in rows[1 : OTHERS + 1]:
        line, more = _told(row, ctx)
        details.append(f"{line}。")
        facts += more
    return Reply(f"{words}。", tuple(details), tuple(facts))


def _told(row: Cooperative, ctx: Context) -> tuple[str, list[Fact]]:
    source = origin(ctx, row)
    words, facts = [row.name], []
    if row.members is not None:
        words.append(f"社员{row.members}户")
        facts.append(source.fact("社员户数", row.members, "户", row.name))
    if row.chair:
        words.append(f"理事长{row.chair}{row.phone}")
        facts.append(source.fact("理事长", row.chair, "", row.name))
        facts.append(source.fact("联系电话", row.phone, "", row.name))
    if row.business:
        words.append(f"主营{row.business}")
        facts.append(source.fact("主营", row.business, "", row.name))
    if row.income is not None:
        words.append(f"年收入{amount(row.income)}")
        facts.append(amount_fact(source, "年经营收入", row.income, row.name))
    if row.founded:
        facts.append(source.fact("成立日期", full_day(row.founded), "", row.name))
    return "，".join(words), facts


def _counted(asked: Area, rows: Sequence[Cooperative], ctx: Context) -> Reply:
    source = origin_of_all(asked, rows)
    facts = [source.fact("合作社", len(rows), "个")]
    head = f"{asked.name}有合作社{len(rows)}个"
    members = [row.members for row in rows if row.members is not None]
    if members:
        facts.append(source.fact("社员户数合计", sum(members), "户"))
        head += f"，社员共{sum(members)}户"
    details = []
    for row in rows[:OTHERS]:
        line, more = _told(row, ctx)
        details.append(f"{line}。")
        facts += more
    if len(rows) > OTHERS:
        details.append("要问哪一家，请说合作社名字或收什么、种什么。")
    return Reply(f"{head}。", tuple(details), tuple(facts))
