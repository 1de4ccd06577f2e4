"""Offers to buy and to sell: a match for who wants to sell or buy, the nearest first; whether an offer still holds.

The contact has published name and number for that purpose, so both are told in full.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.sector import area, area_of, number, origin, placeless
from bot.skills.wording import day as day_said
from bot.skills.wording import fen, full_day, plain
from bot.understanding.query import Query
from knowledge import trades
from knowledge.tables import Trade

#: So many offers are told beside the first.
OTHERS = 5

_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,4}\d{2,10}(?!\d)")
_SELLING = (
    "谁收",
    "谁要",
    "收购",
    "求购",
    "有收",
    "收不收",
    "想卖",
    "要卖",
    "卖给谁",
    "出手",
    "卖出去",
    "卖哪",
    "往哪卖",
)
#: Says that somebody wants to sell, whatever other words stand in the question.
_TO_SELL = re.compile(
    "有人(?:要|收|买)|没人(?:要|收|买)|谁家?来?(?:要|收|买)(?!卖)|收[一-鿿]{1,4}的|卖给谁|找买家|卖不(?:出去|动|掉)|有没有人(?:要|收|买)|人收|收东西|卖粮|招[一-鿿]{1,4}的|有没有要[一-鿿]{1,4}的"
)
_ANYTHING = re.compile("供求|信息|东西|啥|什么|最近|都有谁|粮")
_BUYING = (
    "谁卖",
    "谁家卖",
    "有卖",
    "想买",
    "要买",
    "哪有卖",
    "供应",
    "出售",
    "上哪买",
    "去哪买",
    "买点",
    "谁家有",
    "谁有",
    "找人",
    "雇",
)


def find(query: Query, ctx: Context) -> Reply:
    """Offers in force for the goods that are named: from buyers for a seller, from sellers for a buyer."""
    county = area(ctx, ctx.places.county.code)
    side = _side(query)
    named = _goods(query, ctx)
    goods = query.slots.get("commodity") or named
    rows = [row for row in trades.of(ctx.session, county.code) if side in (None, row.side)]
    home = query.slots.get("village") or ctx.asker.home
    now = trades.nearest([row for row in rows if trades.in_force(row, ctx.today)], home)
    if not goods:
        return _newest(query, ctx, now)
    for wanted in dict.fromkeys(filter(None, (goods, named))):
        exact = [row for row in now if row.item == wanted] or [r for r in now if trades.same_goods(r.item, wanted)]
        if exact:
            return _found(query, ctx, wanted, side, exact)
    return _none(ctx, goods, side, rows, [row for row in now if trades.akin(row.item, goods)])


def status(query: Query, ctx: Context) -> Reply:
    """Whether the offer of a number is still in force, or on which day it ended."""
    said = _CODE.search(query.text)
    code = (query.slots.get("code") or (said[0] if said else "")).upper()
    if not code:
        return Reply("请说信息编号，编号写在供求信息最前头；没有编号可以直接问“谁收板栗”。")
    row = trades.by_code(ctx.session, code)
    if row is None:
        return Reply("没有这个编号的供求信息，请核对编号。", ("也可以不说编号，直接问谁收、谁卖什么。",))
    source = origin(ctx, row, ledger=True)
    subject = f"{row.code} {row.side}{row.item}"
    facts = [source.fact("发布日期", full_day(row.published), "", subject)]
    name = f"{row.code}（{source.place}{row.side}{row.item}）"
    if row.expires:
        facts.append(source.fact("有效期至", full_day(row.expires), "", subject))
    if trades.in_force(row, ctx.today):
        words, more = _told(row, ctx)
        until = f"，有效到{full_day(row.expires)}" if row.expires else "，没写到哪天为止"
        return Reply(f"{name}还有效{until}。", (f"{words}。",), (*facts, *more))
    assert row.expires is not None  # what has no end has not expired
    return Reply(
        f"{name}已过期，{full_day(row.expires)}到期，不再有效。", ("要找新的，直接问谁收、谁卖什么。",), tuple(facts)
    )


def _side(query: Query) -> str | None:
    """Which offers answer the question; None for both."""
    if _TO_SELL.search(query.text):
        return "求购"
    side = query.slots.get("side")
    if side:
        return side
    if any(word in query.text for word in _SELLING):
        return "求购"
    return "供应" if any(word in query.text for word in _BUYING) else None


def _goods(query: Query, ctx: Context) -> str | None:
    """Goods on offer that the question names, whole or by their last two characters or more."""
    best = ""
    for name in (name for item in trades.items(ctx.session) for name in trades.called(item)):
        for start in range(len(name) - 1):
            tail = name[start:]
            if tail in query.text and len(tail) > len(best):
                best = tail
    return best or next((animal for animal in "猪牛羊鸡鸭鹅兔鱼驴" if animal in placeless(query, ctx)), None)


def _newest(query: Query, ctx: Context, now: Sequence[Trade]) -> Reply:
    """Offers of any goods, where just what there is is asked for."""
    if not now or not _ANYTHING.search(query.text):
        return Reply("您要买卖什么？请连品名一起说，比如“谁收板栗”“想买玉米”。")
    told = [_told(row, ctx) for row in now[: OTHERS + 1]]
    details = tuple(f"{line}。" for line, _ in told[1:])
    return Reply(f"{told[0][0]}。", details, tuple(dict.fromkeys(fact for _, more in told for fact in more)))


def _found(query: Query, ctx: Context, goods: str, side: str | None, rows: Sequence[Trade]) -> Reply:
    asked = area_of(query, ctx) if {"village", "town"} & query.slots.keys() else None
    here = [row for row in rows if asked is None or row.place.startswith(asked.code)]
    before = ""
    if asked and not here:
        before = f"{asked.name}现在没有{side or '买卖'}{goods}的，别处有："
    shown = [*here, *(row for row in rows if row not in here)]
    words, facts = _told(shown[0], ctx)
    details = []
    for row in shown[1 : OTHERS + 1]:
        line, more = _told(row, ctx)
        details.append(f"{line}。")
        facts += more
    source = origin(ctx, shown[0], ledger=True)
    if len(shown) > OTHERS + 1:
        facts.append(Fact("有效信息", len(shown), "条", goods, "", source.as_of, source.source))
        details.append(f"全市现在一共{len(shown)}条，近的在前。")
    return Reply(f"{before}{words}。", tuple(details), tuple(dict.fromkeys(facts)))


def _none(ctx: Context, goods: str, side: str | None, rows: Sequence[Trade], akin: Sequence[Trade]) -> Reply:
    """No offer in force for these goods: what is akin, and when the last one ended."""
    head = f"现在没有有效的{side or '买卖'}{goods}信息"
    if akin:
        words, facts = _told(akin[0], ctx)
        return Reply(f"{head}；相近的有：{words}。", (), tuple(facts))
    old = [row for row in rows if trades.same_goods(row.item, goods) and row.expires]
    if not old:
        return Reply(f"{head}。", ("可以过几天再问，或问价格：“" + goods + "多少钱一斤”。",))
    last = max(old, key=lambda row: row.expires or row.published)
    source = origin(ctx, last, ledger=True)
    assert last.expires is not None  # only such were taken
    fact = source.fact("有效期至", full_day(last.expires), "", f"{last.code} {last.side}{last.item}")
    return Reply(f"{head}，最后一条{full_day(last.expires)}过期了。", ("可以过几天再问。",), (fact,))


def _told(row: Trade, ctx: Context) -> tuple[str, list[Fact]]:
    """One offer in words: where, what, how much, price with its unit, contact, until when."""
    source = origin(ctx, row, ledger=True)
    subject = f"{row.code} {row.side}{row.item}"
    facts = []
    words = f"{source.place}{row.contact}{row.side}{row.item}"
    if row.quantity is not None:
        words += f"{number(row.quantity)}{row.unit}"
        facts.append(source.fact("数量", row.quantity, row.unit, subject))
    price, more = _price(row)
    words += f"，{price}"
    facts += [source.fact(what, value, unit, subject) for what, value, unit in more]
    if row.phone:
        words += f"，电话{row.phone}"
    facts += [source.fact("联系人", row.contact, "", subject), source.fact("联系电话", row.phone, "", subject)]
    if row.expires:
        words += f"，有效到{day_said(row.expires, ctx.today)}"
        facts.append(source.fact("有效期至", full_day(row.expires), "", subject))
    return words, facts


def _price(row: Trade) -> tuple[str, list[tuple[str, Decimal, str]]]:
    """The price as published, a weight's also by the 斤; 面议 where there is none."""
    if row.price is None:
        return "价钱面议", []
    facts = [("价格", row.price, row.price_unit)]
    words = f"{plain(row.price)}{row.price_unit}"
    per = {"元/公斤": Decimal(2), "元/千克": Decimal(2), "元/kg": Decimal(2), "元/吨": Decimal(2000)}.get(
        row.price_unit
    )
    if per and (row.price_unit != "元/吨" or row.price / per >= 1):
        jin = fen(row.price / per)
        words += f"（合{plain(jin)}元/斤）"
        facts.append(("合每斤", jin, "元/斤"))
    return words, facts
