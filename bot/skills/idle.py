"""Idle hills, ditches, houses and land on offer: how large, at what price, still to be had or not, whom to call."""

from __future__ import annotations

from collections.abc import Sequence

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.sector import Area, area, area_of, none_held, number, numbered, origin, origin_of_all, placeless
from bot.understanding.query import Query
from knowledge import assets
from knowledge.standing import nearness
from knowledge.tables import IdleResource

#: So many offers are told beside the first.
OTHERS = 5

#: What villagers say for a kind, by a part of the kind's own name.
_KINDS = (
    ("厂", ("厂房", "厂子", "车间"), "厂房"),
    ("房", ("房", "院", "宅", "屋"), "闲房"),
    ("山", ("山", "坡"), "荒山"),
    ("沟", ("沟",), "荒沟"),
    ("滩", ("滩",), "荒滩"),
    ("塘", ("塘", "水面"), "坑塘"),
    ("地", ("地",), "闲地"),
)
_COUNTED = ("几个", "多少", "几处", "几块", "几亩", "几套", "合计", "一共", "总共")


def answer(query: Query, ctx: Context) -> Reply:
    """One resource by its place's name or number; else what is on offer of a kind, the nearest first."""
    slots = query.slots
    home = slots.get("village") or ctx.asker.home
    county = area(ctx, ctx.places.county.code)
    everywhere = assets.idle(ctx.session, county.code, home)
    if not everywhere:
        return none_held(county, "沉睡资源")
    if called := numbered(query, everywhere):
        return _all(called, ctx)
    if "code" in slots:
        return none_held(county, "这个编号的资源")
    asked = area_of(query, ctx) if {"village", "town"} & slots.keys() else county
    within = [row for row in everywhere if row.place.startswith(asked.code)]
    text = placeless(query, ctx)
    meant, kind = _of_kind(text, within)
    called = [row for row in meant or within if row.location and row.location in text]
    if called:
        return _all([row for row in called if row.place == home] or called, ctx)
    if any(word in query.text for word in _COUNTED) and meant and "钱" not in query.text:
        return _counted(asked, meant, kind, ctx)
    offered = [row for row in meant if assets.is_on_offer(row)]
    if offered:
        return _all(offered, ctx)
    return _elsewhere(text, ctx, asked, within, everywhere, home)


def _of_kind(text: str, rows: Sequence[IdleResource]) -> tuple[list[IdleResource], str]:
    """The resources of the kind that is named, and what it is called; all where none is."""
    if exact := [row for row in rows if row.kind in text]:
        return exact, exact[0].kind
    for part, words, said in _KINDS:
        if any(word in text for word in words):
            return [row for row in rows if part in row.kind], said
    return list(rows), "闲置资源"


def _elsewhere(
    text: str,
    ctx: Context,
    asked: Area,
    within: Sequence[IdleResource],
    everywhere: Sequence[IdleResource],
    home: str | None,
) -> Reply:
    """Nothing on offer where it is asked for: says so, with the nearest that is."""
    taken, _ = _of_kind(text, within)
    others, kind = _of_kind(text, everywhere)
    near = [row for row in others if assets.is_on_offer(row) and not row.place.startswith(asked.code)]
    words = f"{asked.name}没有能租的{kind}"
    facts: list[Fact] = []
    if taken:
        source = origin_of_all(asked, taken, ledger=True)
        facts.append(source.fact(f"已有去处的{kind}", len(taken), "处"))
        words += f"，登记的{len(taken)}处都{taken[0].status}"
    if not near:
        held = "、".join(dict.fromkeys(row.kind for row in everywhere))
        facts.append(origin_of_all(asked, everywhere, ledger=True).fact("登记的种类", held))
        return Reply(f"{words}。", (f"登记的有：{held}；别的可以到村委会或镇农经站问。",), tuple(facts))
    close = [row for row in near if nearness(row.place, home) < 2]
    reply = _all(close or near, ctx)
    where = "本镇" if close else "别的镇"
    return Reply(f"{words}；{where}有{reply.headline}", reply.details, (*facts, *reply.facts))


def _all(rows: Sequence[IdleResource], ctx: Context) -> Reply:
    """The first in the headline, others on lines of their own."""
    words, facts = _told(rows[0], ctx)
    details = []
    for row in rows[1 : OTHERS + 1]:
        line, more = _told(row, ctx)
        details.append(f"{line}。")
        facts += more
    source = origin(ctx, rows[0], ledger=True)
    if len(rows) > OTHERS + 1:
        facts.append(Fact("找到的处数", len(rows), "处", "", "", source.as_of, source.source))
        details.append(f"一共找到{len(rows)}处，要别处的请说镇名或村名。")
    return Reply(f"{words}。", tuple(details), tuple(facts))


def _told(row: IdleResource, ctx: Context) -> tuple[str, list[Fact]]:
    source = origin(ctx, row, ledger=True)
    subject = f"{row.location}{row.kind}"
    facts = [source.fact("资源编号", row.code, "", subject)]
    words = [f"{source.place}{subject}"]
    if row.area is not None:
        words[0] += f"{number(row.area)}{row.area_unit}"
        facts.append(source.fact("面积", row.area, row.area_unit, subject))
    if row.status:
        words.append(row.status)
        facts.append(source.fact("状态", row.status, "", subject))
    if row.price is not None:
        words.append(f"意向价{number(row.price)}{row.price_unit}")
        facts.append(source.fact("意向价", row.price, row.price_unit, subject))
    elif assets.is_on_offer(row):
        words.append("价钱面议")
    if row.contact:
        words.append(f"联系{row.contact}{row.phone}")
        facts += [source.fact("联系人", row.contact, "", subject), source.fact("联系电话", row.phone, "", subject)]
    return "，".join(words), facts


def _counted(asked: Area, rows: Sequence[IdleResource], kind: str, ctx: Context) -> Reply:
    """How many there are by status, with their area by unit."""
    source = origin_of_all(asked, rows, ledger=True)
    facts = [source.fact(f"{kind}处数", len(rows), "处")]
    states: dict[str, int] = {}
    for row in rows:
        states[row.status] = states.get(row.status, 0) + 1
    facts += [source.fact(f"{kind}处数", count, "处", state) for state, count in states.items()]
    parts = "、".join(f"{state}{count}处" for state, count in states.items())
    head = f"{asked.name}{kind}{len(rows)}处：{parts}"
    for unit in dict.fromkeys(row.area_unit for row in rows if row.area is not None):
        total = sum(row.area for row in rows if row.area is not None and row.area_unit == unit)
        facts.append(source.fact("面积合计", total, unit))
        head += f"，共{number(total)}{unit}"
    details = []
    for row in [row for row in rows if assets.is_on_offer(row)][:OTHERS]:
        line, more = _told(row, ctx)
        details.append(f"{line}。")
        facts += more
    return Reply(f"{head}。", tuple(details), tuple(facts))
