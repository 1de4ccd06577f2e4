"""300 onwards: a page for each town, with its urban committees, and one for each village.

A village's first five screens are always the same, so that 345 and then 2 are its accounts: 1 notices, 2 accounts,
3 subsidies and lists, 4 projects, 5 contacts; from 6 on what there is more of. The words and figures are those of the
chat's answers. Lists of persons stand here only for a box of that village.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.magazine.announced import News, announced, is_for_county, newest, of_notice
from bot.magazine.county_pages import PLACES_SOURCE, numbers_of
from bot.magazine.sheet import (
    Block,
    answer_blocks,
    asked,
    fits,
    nothing,
    page,
    point,
    screens,
    striped,
)
from bot.messages import Asker, Reply
from bot.skills.base import Context
from bot.skills.finance_topic import Topic, entry_line, money, topic_of
from bot.skills.sector import amount, number
from bot.skills.wording import full_day
from bot.understanding.query import Query, Slots
from channels.tv import pages
from channels.tv.pages import CYAN, GREEN, WHITE, YELLOW, Column, Page, Row, Run, Subpage
from knowledge import finance, notices, projects, reliefs, services
from knowledge.finance import EXPENSE, INCOME
from knowledge.places import Place
from knowledge.tables import Project

#: So many notices stand on a village's first screen; so many entries of its accounts are told one by one.
LISTED, ENTRIES = 8, 3
#: So many rows of a town's list stand on a screen.
ROWS = 9

#: What stands on a village's further screens, if there is any: the skills of each, with their titles.
_MORE = (
    (("power_list", "小微权力事项"),),
    (("livability", "村里现状"), ("civilized", "荣誉")),
)


def town_page(ctx: Context, town: Place, numbers: Mapping[str, int]) -> Page:
    """A town: its villages by number, its urban committees, its notices, offices and telephone."""
    number = numbers[town.code]
    region = PLACES_SOURCE
    entries = [
        pages.entry(str(numbers[village.code]), _short(village, 16), width=20)
        for village in ctx.places.villages(town.code)
    ]
    subpages: list[Subpage] = []
    for item in announced(ctx, town.code):
        if not is_for_county(item, ctx):  # those stand on 200 to 299
            subpages += screens(item.blocks, item.source)
    rows = [[row] for row in pages.side_by_side(entries, ROWS)]
    subpages += screens(rows, region, pages.paragraph("按村前的数字，到村里的页", YELLOW))
    committees = sorted(
        (place for place in ctx.places if place.parent == town.code and place.kind == "community"), key=lambda p: p.code
    )
    if committees:
        names = [point(place.name) for place in committees]
        subpages += screens(names, region, pages.paragraph("社区居委会", YELLOW))
    for notice in notices.reaching(ctx.session, town.code, ctx.today):
        if notice.place == town.code and notices.in_force(notice, ctx.today):
            item = of_notice(notice, ctx)
            subpages += screens(item.blocks, item.source)
    blocks, source = _contacts(ctx, town)
    if blocks:
        subpages += screens(blocks, source)
    buses = asked("bus", ctx, town=town.code)
    if buses.facts:
        lines = [point(line) for line in (buses.headline, *buses.details)]
        subpages += screens(lines, buses.source, pages.paragraph(f"{town.name}公交车", YELLOW))
    return page(number, town.name, town.code, ctx.today, region, subpages)


def village_page(ctx: Context, village: Place, at: int, county_news: Sequence[News]) -> Page:
    """A village: the five screens that are always there, and the others.

    Where the context is a resident's, the lists of persons are added, masked. All else stands as everybody may see it: a
    television is looked at by whoever is in the room.
    """
    more: list[Subpage] = []
    resident, ctx = ctx, replace(ctx, asker=Asker())
    fixed = (
        _notices(ctx, village, at, county_news, more),
        _accounts(ctx, village, more),
        _reliefs(resident, village, more),
        _projects(ctx, village, more),
        _village_contacts(ctx, village, more),
    )
    for group in _MORE:
        told = [(asked(intent, ctx, village=village.code), title) for intent, title in group]
        held = [(reply, title) for reply, title in told if reply.facts]
        blocks = [block for reply, title in held for block in answer_blocks(reply, title)]
        if blocks:
            more += screens(blocks, "；".join(dict.fromkeys(reply.source for reply, _ in held)))
    town = ctx.places.get(village.parent or "")
    title = f"{_short(village, 18)} {town.name if town else ''}".rstrip()
    source = _dated(ctx)
    return page(at, title, village.code, ctx.today, source, [*fixed, *more])


def _dated(ctx: Context) -> str:
    return f"{ctx.places.county.name}各部门，见各屏 {ctx.today.isoformat()}"


def _short(place: Place, width: int) -> str:
    return pages.fitted(place.name, width)


def _one(blocks: Sequence[Block], source: str, head: Sequence[Row], more: list[Subpage]) -> Subpage:
    """The first screen of blocks; what does not stand on it goes to the further ones."""
    shown = fits(blocks, source, head) or 1
    screen, *rest = screens(blocks[:shown], source, head)
    more += rest
    if blocks[shown:]:
        more += screens(blocks[shown:], source, head)
    return screen


# --- 1 notices ---------------------------------------------------------------------------------------------------------


def _notices(ctx: Context, village: Place, at: int, county_news: Sequence[News], more: list[Subpage]) -> Subpage:
    """What is announced and in force here, the village's own notices first, each leading to its text."""
    valid = [n for n in notices.reaching(ctx.session, village.code, ctx.today) if notices.in_force(n, ctx.today)]
    found = [*announced(ctx, village.code), *(of_notice(notice, ctx) for notice in valid)]
    if not found:
        reply = asked("notice", ctx, village=village.code)
        source = reply.source or ctx.today.isoformat()
        return screens([pages.paragraph("1 通知", YELLOW), pages.paragraph(reply.headline)], source)[0]
    pages_of = numbers_of(county_news)
    rows: list[Block] = []
    for item in found:
        link = str(pages_of.get(item.key, ""))
        if (item.announced and not link) or village.code in item.places:
            link = f"{at}/{6 + len(more)}"
            more += screens(item.blocks, item.source)
        if len(rows) < LISTED:
            day = pages.padded(f"{item.day.month}.{item.day.day}", 6)
            fg = YELLOW if item.urgent else WHITE
            title = pages.fitted(item.title, pages.WIDTH - 6)
            rows.append([(Run(day, CYAN, pages.NAVY, link), Run(title, fg, pages.NAVY, link))])
    head = pages.paragraph(f"1 通知（{len(found)}条有效）", YELLOW)
    return screens(rows, newest(found).source, head)[0]


# --- 2 accounts --------------------------------------------------------------------------------------------------------


def _accounts(ctx: Context, village: Place, more: list[Subpage]) -> Subpage:
    """Income and expense of the last month with their subjects; the largest entries on a further screen."""
    topic = topic_of(Query("finance_total", Slots(village=village.code), text=""), ctx)
    if isinstance(topic, Reply):
        return screens([pages.paragraph("2 账目", YELLOW), pages.paragraph(topic.headline)], topic.source)[0]
    source = f"{topic.books.department} {topic.books.as_of.isoformat()}"
    sums = finance.totals(ctx.session, topic.wanted())
    columns = (Column(18), Column(14, "right", GREEN), Column(6, "right"))
    rows = [(f"{way}合计", money(sums[way].amount), f"{sums[way].entries}笔") for way in (INCOME, EXPENSE)]
    subjects = [
        (subject, money(found.amount), f"{found.entries}笔")
        for way in (EXPENSE, INCOME)
        for subject, found in finance.by_subject(ctx.session, topic.wanted(way))
    ]
    head = pages.paragraph(f"2 账目 {topic.when}", YELLOW)
    first = _one(striped([*rows, *subjects], columns), source, head, more)
    more += _largest(topic, source)
    return first


def _largest(topic: Topic, source: str) -> list[Subpage]:
    entries = finance.largest(topic.ctx.session, topic.wanted(EXPENSE), ENTRIES)
    if not entries:
        return []
    head = pages.paragraph(f"{topic.when}大额支出", YELLOW)
    return screens([point(entry_line(entry, topic.ctx)) for entry in entries], source, head)


# --- 3 subsidies and lists ---------------------------------------------------------------------------------------------


def _reliefs(ctx: Context, village: Place, more: list[Subpage]) -> Subpage:
    """Households and persons by kind for everybody; who they are only for a box of the village, names masked."""
    head = pages.paragraph("3 补贴和名单", YELLOW)
    rows = reliefs.listed(ctx.session, village.code)
    counts = asked("relief_count", ctx, village=village.code)
    if not rows:
        return screens([pages.paragraph(counts.headline)], counts.source or ctx.today.isoformat(), head)[0]
    table = [(found.kind, f"{found.households}户", f"{found.persons}人") for found in reliefs.counts(rows)]
    columns = (Column(20), Column(9, "right", GREEN), Column(9, "right", GREEN))
    blocks = striped(table, columns)
    blocks += [point(line) for line in counts.details]
    blocks += [[pages.entry("140", "医保养老救助政策")], [pages.entry("130", "惠农政策")]]
    if not ctx.asker.may_see(village.code):
        blocks.append(pages.paragraph("名单到村务公开栏看。", GREEN))
        return _one(blocks, counts.source, head, more)
    names = asked("relief_list", ctx, village=village.code)
    blocks.append(pages.paragraph("名单在后面几屏。", GREEN))
    more += screens([point(line) for line in names.details], names.source, pages.paragraph("名单（姓名已遮）", YELLOW))
    return _one(blocks, counts.source, head, more)


# --- 4 projects --------------------------------------------------------------------------------------------------------


def _projects(ctx: Context, village: Place, more: list[Subpage]) -> Subpage:
    """The village's projects: how far they are and what they cost."""
    rows = projects.of(ctx.session, village.code)
    reply = asked("project_progress", ctx, village=village.code)
    if not rows:
        head = pages.paragraph("4 项目", YELLOW)
        return screens([pages.paragraph(reply.headline)], ctx.today.isoformat(), head)[0]
    found = projects.summary(rows, ctx.today)
    late = f"，超期{found.late}个" if found.late else ""
    head = pages.paragraph(f"4 项目 共{found.count}个，完工{found.done}个{late}", YELLOW)
    return _one([_project(row, village) for row in rows], reply.source, head, more)


def _project(row: Project, village: Place) -> Block:
    """A project: how far, what remains, until when, what it costs."""
    title = row.title.removeprefix(village.name) or row.title
    told = [f"{title}：进度{number(row.progress)}%" if row.progress is not None else f"{title}：没有进度记录"]
    if not projects.is_done(row):
        told += [f"还剩{row.remaining}"] if row.remaining not in ("", "无") else []
        told += [f"计划{full_day(row.planned_end)}完工"] if row.planned_end else []
    told += [f"预算{amount(row.budget)}"] if row.budget is not None else []
    told += [f"已付{amount(row.paid)}"] if row.paid is not None else []
    return point("，".join(told))


# --- 5 contacts --------------------------------------------------------------------------------------------------------


def _village_contacts(ctx: Context, village: Place, more: list[Subpage]) -> Subpage:
    """The clinic, the town's duty room and offices."""
    town = ctx.places.get(village.parent or "")
    blocks, source = _contacts(ctx, town) if town else ([], "")
    clinic = asked("clinic", ctx, village=village.code)
    told = [pages.paragraph(clinic.headline)] if clinic.facts else []
    head = pages.paragraph("5 找谁办", YELLOW)
    if not told and not blocks:
        return nothing("5 找谁办", "还没有登记电话。", ctx.today.isoformat())[0]
    return _one([*told, *blocks], source or clinic.source, head, more)


def _contacts(ctx: Context, town: Place) -> tuple[list[Block], str]:
    """A town's duty room and offices: name and telephone, then hours; with their source."""
    blocks: list[Block] = []
    sources = []
    columns = (Column(26), Column(13, "right", GREEN))
    listed: list[tuple[str, str]] = []
    for line in services.hotlines(ctx.session):
        if line.name.startswith(town.name):
            listed.append((line.name, line.number))
            sources.append(_origin(line.source.department, line.as_of or line.source.as_of))
    for office in services.offices(ctx.session, town.code):
        listed.append((office.name.removeprefix(town.name), office.phone))
        sources.append(_origin(office.source.department, office.as_of or office.source.as_of))
    blocks += striped(listed, columns)
    return blocks, "；".join(dict.fromkeys(sources))


def _origin(department: str, day: object) -> str:
    return f"{department} {day}" if day else department
