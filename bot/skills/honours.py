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
    is_named,
    none_held,
    not_held,
    origin,
    origin_of_all,
    period_said,
    ranked_area,
    ranking,
    year_of,
)
from bot.skills.wording import full_day
from bot.understanding.query import Query
from knowledge import honours
from knowledge.standing import by_town
from knowledge.tables import CivilizedTitle, RoleModel

#: So many people or titles are told by name.
LINES = 8

#: Asks for several villages' titles, not for one's own.
_SEVERAL = re.compile("几个|多少|哪些|都有谁|有谁|名单|摘牌的")
#: A title that is asked for, with its level where one is said.
_TITLE = re.compile(
    "(?P<level>全国|国家级|河北省|省级|唐山市|市级|县级|迁安市)?"
    "(?P<name>文明村|文明镇|美丽庭院示范村|民主法治示范村|示范村|卫生村|生态村|先进村)"
)
_LEVELS = ("国家级", "全国", "省级", "市级", "县级", "镇级", "村级")
#: A kind of honour that the question names, whether or not there is one of it.
_KIND = re.compile(
    r"(?:中国|全国|河北|省级?|唐山|迁安|身边|最美)?好人|(?:道德|劳动|三八)?模范|劳模|标兵|楷模|好媳妇|好婆婆|最美[一-鿿]{2}"
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
    kinds = list(dict.fromkeys(row.kind for row in everywhere))
    return _counted(query, ctx, asked, here, kinds)


def civilized(query: Query, ctx: Context) -> Reply:
    """The titles of a village and whether it still holds them; how many villages of an area hold which."""
    asked = area_of(query, ctx)
    several = _SEVERAL.search(query.text) and not query.slots.get("own_village") and not is_named(query, ctx)
    if asked.is_village and (several or asks_which(query)):
        asked = ranked_area(query, ctx)
    rows = honours.titles(ctx.session, asked.code)
    if not rows:
        return none_held(asked, "文明称号", "没有命名记录不等于没评，可以问镇政府或村委会。")
    source = origin_of_all(asked, rows)
    if asks_which(query) and asks_towns(query):
        values = Counter(row.place for row in rows if honours.is_held(row))
        sums = by_town({place: Decimal(count) for place, count in values.items()})
        return ranking(ctx, query, asked, sums, "文明称号", "个", {asked.code: source}, ("最多", "最少"))
    year = year_of(query, ctx.today)
    of_year = [row for row in rows if year in (None, row.year)]
    if not of_year:
        return Reply(f"{asked.name}没有{year}年命名的记录。", (), (source.fact("所问年份", f"{year}年"),))
    said = _TITLE.search(query.text)
    meant = [row for row in of_year if said and _is_title(row.title, said)]
    if said and not meant:
        told, facts = _all_titles(asked, of_year, ctx)
        return Reply(f"{asked.name}没有{said[0]}的记录；{told}", (), facts)
    if asked.is_village:
        told, facts = _all_titles(asked, meant or of_year, ctx)
        return Reply(f"{asked.name}：{told}", (), facts)
    return _titles(asked, meant or of_year, ctx)


def _is_title(title: str, said: re.Match[str]) -> bool:
    """Whether a title is the one that is said: its name, and the level where one is said."""
    level = said["level"] or ""
    return said["name"] in title and level.removesuffix("级") in title


def _all_titles(asked: Area, rows: Sequence[CivilizedTitle], ctx: Context) -> tuple[str, tuple[Fact, ...]]:
    told = [_title(row, ctx) for row in rows[:LINES]]
    if asked.is_village:
        return "；".join(text for text, _ in told) + "。", tuple(fact for _, fact in told)
    reply = _titles(asked, rows, ctx)
    return reply.headline, reply.facts


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


def _counted(query: Query, ctx: Context, asked: Area, here: Sequence[RoleModel], kinds: Sequence[str]) -> Reply:
    """How many of an area were honoured: of the kind, level and time that are named, or by kind."""
    period = query.slots.get("period")
    rows = [row for row in here if period is None or (row.awarded and period.start <= row.awarded <= period.end)]
    when = "" if period is None else period_said(period)
    source = origin_of_all(asked, here, ledger=True)
    facts = [source.fact("所问时间", when)] if when else []
    kind = next((name for name in kinds if name in query.text), None)
    level = next((name for name in _LEVELS if name in query.text), None)
    said = _KIND.search(query.text)
    if kind is None and said and said[0] != "好人":
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
