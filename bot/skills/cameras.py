"""Cameras of the Snow Bright project: how many there are and how many work.

Never where a single one stands, nor which of them is dark, to anybody: this service cannot know whether it is a thief
who asks, and a list of what is not watched would be a guide for one. The village's own people and staff are told how
many are out of order and who looks after them, so that they can have it mended.
"""

from __future__ import annotations

from decimal import Decimal

from bot.messages import Reply
from bot.skills.base import Context
from bot.skills.sector import (
    area_of,
    asks_towns,
    asks_which,
    compared_in_vain,
    none_held,
    not_held,
    origin,
    origin_of_all,
    ranked_area,
    ranking,
)
from bot.understanding.query import Query
from knowledge import cameras
from knowledge.standing import by_town

_WHERE = (
    "在哪",
    "哪里",
    "哪儿",
    "搁哪",
    "位置",
    "什么地方",
    "啥地方",
    "点位",
    "哪个路口",
    "哪几个",
    "哪个",
    "死角",
    "好使",
    "管用",
)
_BROKEN = ("坏", "离线", "不在线", "不亮", "没开", "检修")


def answer(query: Query, ctx: Context) -> Reply:
    """Count and online of a village, a town or the county; a ranking by count."""
    if asks_which(query) and not any(word in query.text for word in _BROKEN):
        return _ranking(query, ctx)
    area = area_of(query, ctx)
    rows = cameras.of(ctx.session, area.code)
    if not rows:
        return none_held(area, "监控")
    source = origin_of_all(area, rows)
    period = query.slots.get("period")
    if (period is None or period.grain != "day") and (declined := not_held(query, ctx, "监控", source)):
        return declined
    online = cameras.online(rows)
    facts = [source.fact("监控", len(rows), "个"), source.fact("在线", online, "个")]
    details = []
    if any(word in query.text for word in _WHERE):
        details.append("监控装在哪、哪个没开不公开，有事要看录像请到派出所。")
    if area.is_village and ctx.asker.may_see(area.code):
        others = cameras.others(rows)
        if others:
            details.append("没在线的：" + "、".join(f"{status}{count}个" for status, count in others) + "。")
            facts += [source.fact("监控", count, "个", status) for status, count in others]
        keepers = "、".join(dict.fromkeys(row.keeper for row in rows if row.keeper))
        if keepers:
            details.append(f"维护人{keepers}。")
            facts.append(source.fact("维护人", keepers))
    headline = compared_in_vain(query, f"{area.name}监控{len(rows)}个，在线{online}个。")
    return Reply(headline, tuple(details), tuple(facts))


def _ranking(query: Query, ctx: Context) -> Reply:
    among = ranked_area(query, ctx)
    rows = cameras.of(ctx.session, among.code)
    values: dict[str, Decimal] = {}
    for row in rows:
        values[row.place] = values.get(row.place, Decimal(0)) + 1
    if not values:
        return none_held(among, "监控")
    origins = {row.place: origin(ctx, row) for row in rows}
    values = by_town(values) if asks_towns(query) else values
    return ranking(ctx, query, among, values, "监控", "个", origins, ("最多", "最少"))
