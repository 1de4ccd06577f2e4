"""Village projects: how far they have come and what remains; what they cost, what is paid, who builds them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.lookup import closest
from bot.skills.sector import (
    Area,
    amount,
    amount_fact,
    area_of,
    asks_towns,
    asks_which,
    none_held,
    not_held,
    number,
    numbered,
    origin,
    origin_of_all,
    placeless,
    ranked_area,
    ranking,
    wants_highest,
)
from bot.skills.wording import full_day
from bot.understanding.query import Query
from knowledge import projects
from knowledge.places import short_name
from knowledge.standing import by_town
from knowledge.tables import Project

#: So many projects are named in a headline, so many on lines of their own.
SHORT = 5
LINES = 12

#: Kinds of project as departments call them, and what a villager says for them; the first that is said counts.
_KINDS = (
    ("亮化", ("亮化", "路灯", "灯")),
    ("绿化", ("绿化", "栽树", "种树", "植树", "林带")),
    ("净化", ("净化",)),
    ("美化", ("美化", "粉刷", "刷墙")),
    ("硬化", ("硬化", "修路", "路", "修道", "修的道", "条道", "道修")),
)
#: Things that a project must name in its title if they are asked for.
_THINGS = (
    *(
        "厕所",
        "污水",
        "下水道",
        "自来水",
        "管网",
        "管道",
        "垃圾",
        "河道",
        "坑塘",
        "清淤",
        "文化墙",
        "墙",
        "广场",
        "健身",
    ),
    *("游园", "桥", "机井", "水渠", "胡同"),
)

#: Asks for all projects of a kind, not for one whose title has the word.
_OF_KIND = re.compile("(?:绿化|亮化|净化|美化|硬化)(?:类|的)?(?:项目|工程)")

#: Asks for one end of the projects: the dearest, the slowest.
_MOST = re.compile("最(?:贵|多|大|慢|快|拖|便宜|少)|拖得最")
_QUICKEST = re.compile("最快")

_WAN = Decimal(10000)

_Told = Callable[[Project, Context], tuple[str, list[Fact]]]


def progress(query: Query, ctx: Context) -> Reply:
    """Progress in %, what remains, the planned end and whether it has passed."""
    return _answer(query, ctx, _progress, _money)


def money(query: Query, ctx: Context) -> Reply:
    """Budget, what is paid, who builds it and who answers for it."""
    return _answer(query, ctx, _money, _progress)


def _answer(query: Query, ctx: Context, asked: _Told, beside: _Told) -> Reply:
    area = area_of(query, ctx)
    rows = projects.of(ctx.session, area.code)
    if not rows:
        return none_held(area, "五化项目")
    source = origin_of_all(area, rows)
    if declined := not_held(query, ctx, "项目", source, min(row.started or row.as_of or ctx.today for row in rows)):
        return declined
    if asks_which(query) or _MOST.search(query.text):
        return _most(query, ctx, rows, asked)
    if "code" in query.slots and not numbered(query, rows):
        return none_held(area, "这个编号的项目", "编号请照项目公示牌写，也可以直接说项目名字。")
    meant, about = _meant(query, ctx, rows)
    if not meant:
        return none_held(area, f"{about}项目", "可以问“村里有哪些项目”。")
    if len(meant) > 1 and (not area.is_village or len(meant) > LINES):
        return _summed(area, about, meant, ctx)
    if len(meant) > 1:
        return _several(area, about, meant, ctx, asked, beside)
    row = meant[0]
    words, facts = asked(row, ctx)
    more, others = beside(row, ctx)
    facts += [fact for fact in others if fact not in facts]
    return Reply(f"{_name(row, ctx)}{words}。", (f"{more}。",), tuple(facts))


def _meant(query: Query, ctx: Context, rows: Sequence[Project]) -> tuple[Sequence[Project], str]:
    """The projects that are asked for, and what they are called; all where the question names none."""
    if called := numbered(query, rows):
        return called, ""
    of_kind = _OF_KIND.search(query.text)
    named = [] if of_kind else closest(query, rows, lambda row: row.title, ctx.places)
    if named or query.slots.get("title"):
        return named, query.slots.get("title", "")
    text = placeless(query, ctx)
    for thing in _THINGS:
        if thing in text:
            return [row for row in rows if thing in row.title], thing
    for kind, words in _KINDS:
        if any(word in text for word in words):
            same = [row for row in rows if kind in row.kind or any(word in row.title for word in words[:2])]
            return same, kind
    return rows, ""


def _most(query: Query, ctx: Context, rows: Sequence[Project], asked: _Told) -> Reply:
    """The dearest project of an area or the slowest one; the villages whose projects cost most."""
    if asked is _money and asks_which(query):
        among = ranked_area(query, ctx)
        everywhere = projects.of(ctx.session, among.code)
        values: dict[str, Decimal] = {}
        for row in everywhere:
            values[row.place] = values.get(row.place, Decimal(0)) + (row.budget or 0) / _WAN
        origins = {row.place: origin(ctx, row) for row in everywhere}
        values = by_town(values) if asks_towns(query) else values
        return ranking(ctx, query, among, values, "项目预算", "万元", origins, ("最多", "最少"))
    if asked is _money:
        known = [row for row in rows if row.budget is not None]
        ordered = sorted(known, key=lambda row: row.budget or 0, reverse=wants_highest(query))
    else:
        running = [row for row in rows if row.progress is not None and not projects.is_done(row)]
        ordered = sorted(running, key=lambda row: row.progress or 0, reverse=_QUICKEST.search(query.text) is not None)
    if not ordered:
        return none_held(area_of(query, ctx), "在建项目")
    words, facts = asked(ordered[0], ctx)
    return Reply(f"{_name(ordered[0], ctx)}{words}。", (), tuple(facts))


def _name(row: Project, ctx: Context) -> str:
    """A project with its village before it, which its title often bears already."""
    place = ctx.places.get(row.place)
    known = place and short_name(place.name) in row.title
    return row.title if known else f"{ctx.places.full_name(row.place)}{row.title}"


def _short(row: Project, ctx: Context) -> str:
    """A project's title without its village: 主街路灯改造."""
    place = ctx.places.get(row.place)
    name = place.name if place else ""
    return row.title.removeprefix(name) or row.title


def _progress(row: Project, ctx: Context) -> tuple[str, list[Fact]]:
    source = origin(ctx, row)
    facts = []
    if row.progress is None:
        words = "没有进度记录"
    elif projects.is_done(row):
        words = f"已经完工，进度{number(row.progress)}%"
    else:
        words = f"干到{number(row.progress)}%"
    if row.progress is not None:
        facts.append(source.fact("进度", row.progress, "%", row.title))
    if not projects.is_done(row):
        if row.remaining and row.remaining != "无":
            words += f"，{'' if row.remaining.startswith('剩') else '还剩'}{row.remaining}"
            facts.append(source.fact("剩余工程", row.remaining, "", row.title))
        if row.planned_end:
            words += f"，计划{full_day(row.planned_end)}完工"
            facts.append(source.fact("计划完工", full_day(row.planned_end), "", row.title))
        if overdue := projects.days_late(row, ctx.today):
            words += f"，已晚了{overdue}天"
            facts.append(source.fact("超期天数", overdue, "天", row.title))
    return words, facts


def _money(row: Project, ctx: Context) -> tuple[str, list[Fact]]:
    source = origin(ctx, row)
    words, facts = [], []
    if row.budget is not None:
        words.append(f"预算{amount(row.budget)}")
        facts.append(amount_fact(source, "预算", row.budget, row.title))
    if row.paid is not None:
        words.append(f"已付{amount(row.paid)}")
        facts.append(amount_fact(source, "已付", row.paid, row.title))
    if not words:
        words.append("没有资金记录")
    if row.contractor:
        words.append(f"{row.contractor}施工")
        facts.append(source.fact("施工单位", row.contractor, "", row.title))
    if row.owner:
        words.append(f"责任人{row.owner}")
        facts.append(source.fact("责任人", row.owner, "", row.title))
    return "，".join(words), facts


def _several(
    area: Area,
    about: str,
    rows: Sequence[Project],
    ctx: Context,
    asked: _Told,
    beside: _Told,
) -> Reply:
    """Each project of a village: briefly in the headline, a line for each in the details."""
    source = origin_of_all(area, rows)
    facts, lines, brief = [source.fact("项目数", len(rows), "个")], [], []
    for row in rows:
        words, more = asked(row, ctx)
        other, others = beside(row, ctx)
        facts += [*more, *others]
        lines.append(f"{_short(row, ctx)}：{words}；{other}")
        brief.append(f"{_short(row, ctx)}{'' if row.progress is None else number(row.progress) + '%'}")
    more_than = "等" if len(rows) > SHORT else ""
    told = f"：{'、'.join(brief[:SHORT])}{more_than}"
    if asked is _money:
        found = projects.summary(rows, ctx.today)
        told = f"，预算共{amount(found.budget)}，已付{amount(found.paid)}"
        facts += [amount_fact(source, "预算合计", found.budget), amount_fact(source, "已付合计", found.paid)]
    head = f"{area.name}{about}项目{len(rows)}个{told}。"
    return Reply(head, tuple(lines), tuple(dict.fromkeys(facts)))


def _summed(area: Area, about: str, rows: Sequence[Project], ctx: Context) -> Reply:
    """Many projects taken together."""
    found = projects.summary(rows, ctx.today)
    source = origin_of_all(area, rows)
    facts = (
        source.fact("项目数", found.count, "个"),
        source.fact("完工的", found.done, "个"),
        source.fact("超期没完工的", found.late, "个"),
        amount_fact(source, "预算合计", found.budget),
        amount_fact(source, "已付合计", found.paid),
    )
    head = f"{area.name}{about}项目{found.count}个，完工{found.done}个，超期没完工{found.late}个；"
    head += f"预算共{amount(found.budget)}，已付{amount(found.paid)}。"
    return Reply(head, ("要问哪个项目，请连村名一起说。",), facts)
