"""Relief lists: how many households and persons for everybody; who, masked, for the village's own people.

Nobody is told here whether one named person is on a list, and no number of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills import disclosure
from bot.skills.base import Context
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
    origin,
    origin_of_all,
    rank_said,
    ranked_area,
    ranking,
    year_of,
)
from bot.skills.wording import full_day, mask_name
from bot.understanding.query import Query
from knowledge import reliefs
from knowledge.standing import by_town, standings
from knowledge.tables import Relief

#: So many households stand in the headline of a list; the others follow in the details.
SHORT = 6

_GONE = re.compile("取消|停了|停发|退出|清退|退了|不吃了")
_NEW = re.compile("新(?:增|吃上|评上|批|纳入|加|来)")
_CAUSE = re.compile("因病|因残|残疾|大病|因学|因灾|缺劳力|致困|致贫")

#: The part of a kind's name by which it is asked for.
_WORDS = ("低保", "特困", "五保")


def count(query: Query, ctx: Context) -> Reply:
    """Households, persons and the sum a month, by kind; rankings among villages."""
    if disclosure.asks_private(query) or disclosure.names_person(query, ctx):
        return disclosure.refused_person("享受救助")
    if asks_which(query):
        return _ranking(query, ctx)
    area = area_of(query, ctx)
    found = _current(query, ctx, area)
    if isinstance(found, Reply):
        return found
    words, facts = _counted(area, found)
    if _NEW.search(query.text):
        words = f"新增的：{words}"
    if _CAUSE.search(query.text):
        return Reply(f"致困原因不按户公开，只有总数：{words}", (), tuple(facts))
    details: list[str] = []
    if area.is_village and asks_standing(query):
        line, more = _standing(area, query, ctx)
        details.insert(0, line)
        facts += more
    as_of = facts[0].as_of
    if as_of:
        details.append(f"按{full_day(as_of)}的公示名单。")
    return Reply(compared_in_vain(query, words), tuple(details), tuple(facts))


def listed(query: Query, ctx: Context) -> Reply:
    """Who is on a list, names masked: for residents of the village and staff; others get the counts."""
    if disclosure.asks_private(query) or disclosure.names_person(query, ctx):
        return disclosure.refused_person("享受救助")
    area = area_of(query, ctx)
    found = _current(query, ctx, area)
    allowed = area.is_village and ctx.asker.may_see(area.code)
    if isinstance(found, Reply):
        return found if allowed else found.with_intent("denied")
    words, facts = _counted(area, found)
    if not allowed:
        return disclosure.refused_list(words, tuple(facts))
    households = [_household(row, ctx) for row in found]
    facts += [fact for _, _, more in households for fact in more]
    names = "、".join(short for short, _, _ in households[:SHORT])
    more = f"等{len(found)}户" if len(found) > SHORT else ""
    if more:
        facts.append(origin_of_all(area, found).fact("名单户数", len(found), "户"))
    details = (*(line for _, line, _ in households), "姓名按规定遮着，电话和身份证号不公开。")
    return Reply(f"{words[:-1]}：{names}{more}。", tuple(details), tuple(facts))


def _current(query: Query, ctx: Context, area: Area) -> list[Relief] | Reply:
    """The households on the lists that are asked for, or the reply that there is no such list."""
    kinds = _kinds(query, ctx, area)
    label = "、".join(kinds) or "社会救助"
    period = query.slots.get("period")
    rows = reliefs.listed(ctx.session, area.code, kinds, period.end if period else None)
    if rows and _GONE.search(query.text):
        now = origin_of_all(area, rows).fact("名单户数", len(rows), "户", label)
        return Reply(f"公示名单只列现在享受的户，看不出谁取消了。{area.name}{label}现有{len(rows)}户。", (), (now,))
    if rows and _NEW.search(query.text):
        return _since(query, ctx, area, label, rows)
    if rows:
        return not_held(query, ctx, label, origin_of_all(area, rows)) or rows
    later = reliefs.listed(ctx.session, area.code, kinds)
    if later:
        return not_held(query, ctx, label, origin_of_all(area, later)) or later
    lists = reliefs.lists(ctx.session, area.code)
    _, day, department = lists[0] if lists else ("", None, "")
    if day is None:
        return none_held(area, label)
    held = "、".join(dict.fromkeys(kind for kind, _, _ in lists))
    fact = Fact("公示名单", held, "", "", area.full, day, department)
    return Reply(f"{full_day(day)}的公示名单上没有{area.name}的{label}。", (), (fact,))


def _since(query: Query, ctx: Context, area: Area, label: str, rows: list[Relief]) -> list[Relief] | Reply:
    """The households that came onto the list in the year that is asked for, this one by default."""
    year = year_of(query, ctx.today) or ctx.today.year
    found = [row for row in rows if row.since.startswith(str(year))]
    if found:
        return found
    source = origin_of_all(area, rows)
    return Reply(f"{area.name}{year}年没有新增的{label}。", (), (source.fact("所问年份", f"{year}年"),))


def _kinds(query: Query, ctx: Context, area: Area) -> tuple[str, ...]:
    """The kinds of relief that are meant, as the lists call them; () for all."""
    kinds = list(dict.fromkeys(kind for kind, _, _ in reliefs.lists(ctx.session, area.code)))
    said = f"{query.slots.get('relief', '')} {query.text}"
    meant = [kind for kind in kinds if kind in said]
    for word in _WORDS:
        if word in said and not any(word in kind for kind in meant):
            meant += [kind for kind in kinds if word in kind] or [word]
    return tuple(dict.fromkeys(meant))


def _counted(area: Area, rows: Sequence[Relief]) -> tuple[str, list[Fact]]:
    """Counts by kind in words, with their facts."""
    parts, facts = [], []
    for found in reliefs.counts(rows):
        source = origin_of_all(area, [row for row in rows if row.kind == found.kind])
        words = f"{found.kind}{found.households}户{found.persons}人"
        facts.append(source.fact("户数", found.households, "户", found.kind))
        facts.append(source.fact("人数", found.persons, "人", found.kind))
        if found.monthly:
            words += f"，每月共{amount(found.monthly)}"
            facts.append(amount_fact(source, "每月保障金合计", found.monthly, found.kind))
        parts.append(words)
    return f"{area.name}{'；'.join(parts)}。", facts


def _household(row: Relief, ctx: Context) -> tuple[str, str, list[Fact]]:
    """One household: in the headline, on a line of its own, and its facts."""
    name, source = mask_name(row.head), origin(ctx, row)
    facts = [source.fact("保障人口", row.persons, "人", f"{row.kind} {name}")]
    line = f"{row.kind} {name} {row.persons}人"
    if row.monthly is not None:
        line += f" 每月{amount(row.monthly)}"
        facts.append(amount_fact(source, "每月保障金", row.monthly, f"{row.kind} {name}"))
    return f"{name}{row.persons}人", line, facts


def _ranking(query: Query, ctx: Context) -> Reply:
    among = ranked_area(query, ctx)
    kinds = _kinds(query, ctx, among)
    label = "、".join(kinds) or "社会救助"
    rows = reliefs.listed(ctx.session, among.code, kinds)
    if not rows:
        return none_held(among, label)
    if declined := not_held(query, ctx, label, origin_of_all(among, rows)):
        return declined
    origins = {row.place: origin(ctx, row) for row in rows}
    values = _households(rows)
    values = by_town(values) if asks_towns(query) else values
    return ranking(ctx, query, among, values, f"{label}户数", "户", origins, ("最多", "最少"))


def _standing(area: Area, query: Query, ctx: Context) -> tuple[str, list[Fact]]:
    among = ranked_area(query, ctx)
    rows = reliefs.listed(ctx.session, among.code, _kinds(query, ctx, among))
    found = next(s for s in standings(_households(rows)) if s.place == area.code)
    source = origin_of_all(area, rows)
    facts = [source.fact("名次", found.rank, "名"), source.fact("参加排名的个数", found.of, "个")]
    return f"户数在{among.name}{rank_said(found.rank, found.of)}有名单的村。", facts


def _households(rows: Sequence[Relief]) -> dict[str, Decimal]:
    counted: dict[str, Decimal] = {}
    for row in rows:
        counted[row.place] = counted.get(row.place, Decimal(0)) + 1
    return counted
