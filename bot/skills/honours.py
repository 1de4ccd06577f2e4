"""People honoured in public, told in full since they were honoured in public; titles of honour of villages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.sector import (
    Area,
    area,
    area_of,
    asks_towns,
    asks_which,
    none_held,
    not_held,
    origin,
    origin_of_all,
    period_said,
    ranked_area,
    ranking,
)
from bot.skills.wording import full_day
from bot.understanding.query import Query
from knowledge import honours
from knowledge.standing import by_town
from knowledge.tables import CivilizedTitle, RoleModel

#: So many people or titles are told by name.
LINES = 8

_LEVELS = ("国家级", "全国", "省级", "市级", "县级", "镇级", "村级")
#: A kind of honour that the question names, whether or not there is one of it.
_KIND = re.compile(
    r"(?:中国|全国|河北|省级?|唐山|迁安|身边|最美)?好人|(?:道德|劳动|三八)?模范|劳模|标兵|好媳妇|好婆婆|最美[一-鿿]{2,4}?(?=[有几多谁是])"
)


def role_model(query: Query, ctx: Context) -> Reply:
    """What a person was honoured for; how many people of an area were honoured, by kind and level."""
    named_place = bool({"village", "town", "county"} & query.slots.keys())
    county = area(ctx, ctx.places.county.code)
    asked = area_of(query, ctx) if named_place else county
    everywhere = honours.people(ctx.session, county.code)
    here = [row for row in everywhere if row.place.startswith(asked.code)]
    if found := honours.named(here, query.text):
        return _people(found, ctx)
    if asked.code != county.code and (found := honours.named(everywhere, query.text)):
        reply = _people(found, ctx)
        return Reply(f"{asked.name}没有这个人的表彰记录，别村有：{reply.headline}", reply.details, reply.facts)
    if not here:
        return none_held(asked, "先进典型")
    source = origin_of_all(asked, here, ledger=True)
    if declined := not_held(query, ctx, "先进典型", source, min((r.awarded for r in here if r.awarded), default=None)):
        return declined
    if asks_which(query):
        return _most(query, ctx, everywhere)
    return _counted(query, ctx, asked, here)


def civilized(query: Query, ctx: Context) -> Reply:
    """The titles of a village and whether it still holds them; how many villages of an area hold which."""
    asked = area_of(query, ctx)
    rows = honours.titles(ctx.session, asked.code)
    said = [row for row in rows if row.title in query.text]
    if not rows:
        return none_held(asked, "文明称号", "没有命名记录不等于没评，可以问镇政府或村委会。")
    source = origin_of_all(asked, rows)
    if declined := not_held(query, ctx, "文明称号", source, min((r.as_of for r in rows if r.as_of), default=None)):
        return declined
    if asked.is_village:
        told = [_title(row, ctx) for row in said or rows]
        words = "；".join(text for text, _ in told)
        facts = tuple(fact for _, fact in told)
        return Reply(f"{asked.name}：{words}。", (), facts)
    return _titles(asked, said or rows, ctx)


def _people(rows: Sequence[RoleModel], ctx: Context) -> Reply:
    """What people were honoured for: each award in the headline, the deeds in the details."""
    heads, details, facts = [], [], []
    for row in rows[:LINES]:
        source = origin(ctx, row)
        level = row.level
        words = f"{source.place}{row.name}{full_day(row.awarded) if row.awarded else ''}获{level}“{row.kind}”"
        heads.append(words)
        facts.append(source.fact("荣誉", f"{level}{row.kind}", "", row.name))
        if row.awarded:
            facts.append(source.fact("表彰日期", full_day(row.awarded), "", row.name))
        if row.deed:
            details.append(f"{row.name}：{row.deed}")
            facts.append(source.fact("事迹", row.deed, "", row.name))
    return Reply(f"{'；'.join(heads[:3])}。", (*(f"{head}。" for head in heads[3:]), *details), tuple(facts))


def _counted(query: Query, ctx: Context, asked: Area, here: Sequence[RoleModel]) -> Reply:
    """How many of an area were honoured: of the kind, level and time that are named, or by kind."""
    period = query.slots.get("period")
    rows = [row for row in here if period is None or (row.awarded and period.start <= row.awarded <= period.end)]
    when = "" if period is None else period_said(period)
    source = origin_of_all(asked, here, ledger=True)
    facts = [source.fact("所问时间", when)] if when else []
    kinds = list(dict.fromkeys(row.kind for row in here))
    kind = next((name for name in kinds if name in query.text), None)
    level = next((name for name in _LEVELS if name in query.text), None)
    said = _KIND.search(query.text)
    if kind is None and said:
        kind = next((name for name in kinds if said[0] in name or name in said[0]), None)
        if kind is None:
            words, more = _by_kind(rows, asked, ctx)
            return Reply(f"没有{asked.name}“{said[0]}”这一类的记录；{words}。", (), (*facts, *more))
    if kind:
        rows = [row for row in rows if row.kind == kind]
    if level:
        rows = [row for row in rows if row.level == level]
    label = f"{level or ''}{f'“{kind}”' if kind else '先进典型'}"
    facts.append(source.fact("人次", len(rows), "人", label))
    if not rows:
        return Reply(f"{asked.name}{when}没有{label}的记录。", (), tuple(facts))
    names = "、".join(f"{row.name}" for row in rows[:LINES])
    head = f"{asked.name}{when}{label}{len(rows)}人"
    if kind or level or asked.is_village:
        head += f"：{names}{'等' if len(rows) > LINES else ''}"
        facts += [origin(ctx, row).fact("荣誉", f"{row.level}{row.kind}", "", row.name) for row in rows[:LINES]]
        details = [f"{ctx.places.full_name(row.place)}{row.name}，{row.level}{row.kind}" for row in rows[:LINES]]
    else:
        words, more = _by_kind(rows, asked, ctx)
        facts += more
        head, details = f"{asked.name}{when}{words}", []
    return Reply(f"{head}。", tuple(details), tuple(dict.fromkeys(facts)))


def _by_kind(rows: Sequence[RoleModel], asked: Area, ctx: Context) -> tuple[str, list[Fact]]:
    source = origin_of_all(asked, rows, ledger=True)
    kinds = honours.by_kind(rows)
    facts = [source.fact("先进典型", len(rows), "人")]
    facts += [source.fact("人次", count, "人", kind) for kind, count in kinds]
    return f"先进典型共{len(rows)}人：" + "、".join(f"{kind}{count}" for kind, count in kinds), facts


def _most(query: Query, ctx: Context, everywhere: Sequence[RoleModel]) -> Reply:
    among = ranked_area(query, ctx)
    rows = [row for row in everywhere if row.place.startswith(among.code)]
    values = {place: Decimal(count) for place, count in Counter(row.place for row in rows).items()}
    values = by_town(values) if asks_towns(query) else values
    origins = {row.place: origin(ctx, row, ledger=True) for row in rows}
    return ranking(ctx, query, among, values, "先进典型", "人", origins, ("最多", "最少"))


def _title(row: CivilizedTitle, ctx: Context) -> tuple[str, Fact]:
    year = f"{row.year}年" if row.year else ""
    status = row.status or ("保持" if honours.is_held(row) else "")
    fact = origin(ctx, row).fact("称号", f"{year}{row.title}", "", status)
    return f"{row.title}（{f'{year}命名，' if year else ''}{status}）", fact


def _titles(asked: Area, rows: Sequence[CivilizedTitle], ctx: Context) -> Reply:
    """Titles of an area, counted; a town's villages by name."""
    source = origin_of_all(asked, rows)
    held = [row for row in rows if honours.is_held(row)]
    counts = Counter(row.title for row in held).most_common()
    facts = [
        source.fact("保持着的称号", len(held), "个"),
        source.fact("不再保持的称号", len(rows) - len(held), "个"),
        *(source.fact("保持着的称号", count, "个", title) for title, count in counts),
    ]
    words = "、".join(f"{title}{count}个" for title, count in counts)
    head = f"{asked.name}保持着的文明称号{len(held)}个：{words}；不再保持{len(rows) - len(held)}个。"
    details = []
    for row in held[: LINES if len(held) > 2 * LINES else len(held)]:
        text, fact = _title(row, ctx)
        details.append(f"{ctx.places.full_name(row.place)}：{text}")
        facts.append(fact)
    return Reply(head, tuple(details), tuple(facts))
