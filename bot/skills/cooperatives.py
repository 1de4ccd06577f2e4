"""Cooperatives: by name, by what they grow or buy, or those of a village; members, chair, telephone, income."""

from __future__ import annotations

from collections.abc import Sequence

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
    none_held,
    origin,
    origin_of_all,
)
from bot.skills.wording import full_day
from bot.understanding.query import Query
from knowledge import assets
from knowledge.tables import Cooperative

#: So many cooperatives are told beside the first.
OTHERS = 5

_BUYS = ("收购", "收")
_COUNTED = ("几个", "多少个", "几家", "多少家")


def answer(query: Query, ctx: Context) -> Reply:
    """The cooperatives that are asked for, the nearest first."""
    slots = query.slots
    home = slots.get("village") or ctx.asker.home
    county = area(ctx, ctx.places.county.code)
    everywhere = assets.cooperatives(ctx.session, county.code, home)
    if not everywhere:
        return none_held(county, "合作社")
    named = [row for row in everywhere if row.name in query.text]
    if named:
        return _told_all(named, ctx)
    asked = area_of(query, ctx) if {"village", "town"} & slots.keys() and not asks_towns(query) else county
    near = [row for row in everywhere if row.place.startswith(asked.code)]
    product = slots.get("commodity") or _product(query, everywhere)
    if product:
        return _by_product(query, ctx, product, near, everywhere, asked)
    if called := closest(query, [row for row in near if "合作社" in query.text], _core, ctx.places):
        return _told_all(called, ctx)
    if not near:
        return none_held(asked, "合作社", "可以问“哪个合作社收板栗”这样的。")
    if asked.is_village and len(near) <= OTHERS and not any(word in query.text for word in _COUNTED):
        return _told_all(near, ctx)
    return _counted(asked, near, ctx)


def _core(row: Cooperative) -> str:
    return row.name.removesuffix("合作社").removesuffix("专业")


def _product(query: Query, rows: Sequence[Cooperative]) -> str | None:
    """A product that the question names, as a cooperative's business has it: 养猪 -> 生猪 is found by 猪."""
    for animal in "猪牛羊鸡鸭鱼":
        if animal in query.text and any(animal in row.business or animal in row.name for row in rows):
            return animal
    words = {"农机": "农机", "菜": "蔬菜", "果": "果", "机器": "农机", "拖拉机": "农机"}
    return next((product for said, product in words.items() if said in query.text), None)


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
