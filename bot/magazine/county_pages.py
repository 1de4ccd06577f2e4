"""The county's own pages: index, newsflash, farming and weather, services, help, emergency, announcements."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.magazine.announced import News, emergencies, names, newest, of_notice
from bot.magazine.sheet import (
    Block,
    answer_blocks,
    nothing,
    page,
    screens,
    striped,
    table_head,
)
from bot.messages import Reply
from bot.skills.alerts import answer as alert_answer
from bot.skills.base import Context
from bot.skills.when import short_day
from bot.understanding.query import Query, Slots
from channels.tv import pages
from channels.tv.pages import GREEN, RED, WHITE, YELLOW, Column, Page, Priority, Subpage
from knowledge import alerts, freshness, notices, services
from knowledge.places import Place
from knowledge.tables import DATASETS, Hotline

INDEX, FLASH, TOWNS = 100, 101, 102
WARNINGS, FARMING = 120, 121
SERVICES, HOTLINES, DUTY, BUSES, OFFICES = 150, 151, 152, 153, 154
HELP, FRESHNESS, LEARN = 190, 191, 192
EMERGENCY = 199
ANNOUNCEMENTS, LAST_ANNOUNCEMENT = 200, 299

#: Who made the list of places, see `knowledge.places`.
PLACES_SOURCE = "国家统计局区划名单 2021"

#: So many of the newest notices stand on the newsflash.
LATEST = 5

_FARMING = re.compile("农业|生产|天气|气象|防疫|防火|农技|种植|养殖|预警")
_URGENT = re.compile(r"^(110|119|120|122|12119)$")

#: What everybody may dial where the county's list has no such number.
NATIONAL = (("报警", "110"), ("火警", "119"), ("急救", "120"))


def index(ctx: Context, news: Sequence[News]) -> Page:
    """100: what there is, by number."""
    county = ctx.places.county
    entries = (
        ("110", "菜价粮价"),
        ("120", "天气预警和农事"),
        ("130", "惠农政策"),
        ("140", "医保养老救助"),
        ("150", "办事电话公交"),
        ("200", f"通知公告（{len(news)}条）" if news else "通知公告"),
        ("102", "找我的村"),
        ("101", "快讯"),
        ("199", "应急"),
        ("190", "怎么用遥控器"),
    )
    rows = [pages.entry(number, text) for number, text in entries]
    samples = any(freshness.of(ctx.session, name, ctx.today).sample for name in ("prices", "finance", "notices"))
    blocks: list[Block] = [rows]
    source = f"{county.name}{'（样例数据）' if samples else '各部门'} {ctx.today.isoformat()}"
    return page(INDEX, f"{county.name} 村里村外", county.code, ctx.today, source, screens(blocks, source))


def towns(ctx: Context, numbers: Mapping[str, int]) -> Page:
    """102: the towns with their numbers; from there to the villages."""
    county = ctx.places.county
    entries = [pages.entry(str(numbers[town.code]), town.name, width=20) for town in ctx.places.towns]
    source = PLACES_SOURCE
    head = pages.paragraph("先选镇，再选村", YELLOW)
    blocks = [[row] for row in pages.side_by_side(entries, 9)]
    return page(TOWNS, "找我的村", county.code, ctx.today, source, screens(blocks, source, head))


def flash(ctx: Context, news: Sequence[News]) -> Page:
    """101: emergencies and warnings in force, then what is announced and the newest notices; read aloud in full."""
    county = ctx.places.county
    blocks: list[Block] = []
    sources, said = [], []
    for urgent in emergencies(ctx):
        blocks.append(pages.paragraph(f"{names(urgent, ctx)}：{urgent.title}", YELLOW, RED, str(EMERGENCY)))
        sources.append(urgent.source)
        said.append(urgent.speech)
    if alerts.active(ctx.session, county.code, ctx.now):
        reply = _warnings(ctx)
        blocks.append(pages.paragraph(reply.headline, YELLOW, RED, str(EMERGENCY)))
        sources.append(reply.source)
    latest = sorted((item for item in news if not item.announced), key=lambda item: item.day, reverse=True)[:LATEST]
    for number, item in _numbered(news):
        if item in latest or (item.announced and not item.urgent):
            blocks.append(pages.paragraph(f"{short_day(item.day, ctx.today)} {item.title}", WHITE, link=str(number)))
            said += [item.speech] if item.announced else []
    if told := [item for item in news if item in latest or item.announced]:
        sources.append(newest(told).source)
    if not blocks:
        return page(FLASH, "快讯", county.code, ctx.today, "", nothing("", "现在没有快讯。", ctx.today.isoformat()))
    source = "；".join(dict.fromkeys(sources))
    first, *rest = screens(blocks, source)
    if said:
        first = replace(first, speech="\n".join(["再听一遍。", *said, first.speech]))
    return page(FLASH, "快讯", county.code, ctx.today, source, [first, *rest])


def _numbered(news: Sequence[News]) -> list[tuple[int, News]]:
    """The county's news with their pages, as many as there are pages for."""
    return list(enumerate(news, ANNOUNCEMENTS + 1))[: LAST_ANNOUNCEMENT - ANNOUNCEMENTS]


def numbers_of(news: Sequence[News]) -> dict[str, int]:
    """The pages of the county's news by their keys."""
    return {item.key: number for number, item in _numbered(news)}


def _warnings(ctx: Context) -> Reply:
    return alert_answer(Query("alert", Slots(county=True), text=""), ctx)


def warnings(ctx: Context) -> Page:
    """120: the warnings in force, in full."""
    reply = _warnings(ctx)
    source = reply.source or ctx.today.isoformat()
    county = ctx.places.county
    return page(WARNINGS, "天气和火险预警", county.code, ctx.today, source, screens(answer_blocks(reply), source))


def farming(ctx: Context, news: Sequence[News]) -> Page:
    """121: what the county and the towns say about farming just now."""
    county = ctx.places.county
    inside = notices.inside(ctx.session, county.code, ctx.today)
    of_towns = [n for n in inside if len(n.place) == 9 and notices.in_force(n, ctx.today) and _FARMING.search(n.kind)]
    latest = {n.kind: n for n in sorted(of_towns, key=lambda n: n.published)}  # towns repeat each other
    found = [*(n for n in news if _FARMING.search(n.kind)), *(of_notice(notice, ctx) for notice in latest.values())]
    found.sort(key=lambda n: (-n.day.toordinal(), n.key))
    if not found:
        empty = nothing("", "现在没有农事通知。", ctx.today.isoformat())
        return page(FARMING, "农事通知", county.code, ctx.today, "", empty)
    subpages: list[Subpage] = []
    for item in found:
        subpages += screens(item.blocks, item.source)
    return page(FARMING, "农事通知", county.code, ctx.today, found[0].source, subpages)


def announcements(ctx: Context, news: Sequence[News]) -> dict[int, Page]:
    """200 to 299: the list of what is announced to the county and of its notices, and a page for each."""
    county = ctx.places.county
    shown = _numbered(news)
    if not shown:
        empty = nothing("", f"{county.name}现在没有有效的通知。", ctx.today.isoformat())
        return {ANNOUNCEMENTS: page(ANNOUNCEMENTS, "通知公告", county.code, ctx.today, "", empty)}
    source = newest(news).source
    rows: list[Block] = [
        [pages.entry(str(number), item.title, YELLOW if item.urgent else WHITE)] for number, item in shown
    ]
    found = {ANNOUNCEMENTS: page(ANNOUNCEMENTS, "通知公告", county.code, ctx.today, source, screens(rows, source))}
    for number, item in shown:
        subpages = screens(item.blocks, item.source)
        found[number] = page(number, item.title, county.code, ctx.today, item.source, subpages)
    return found


# --- services ----------------------------------------------------------------------------------------------------------


def service_pages(ctx: Context, numbers: Mapping[str, int]) -> dict[int, Page]:
    """150 to 154: telephone numbers, the towns' duty rooms, buses, where to go with what."""
    county = ctx.places.county
    lines = services.hotlines(ctx.session)
    of_towns = [line for line in lines if _town(line, ctx)]
    shared = [line for line in lines if line not in of_towns]
    entries = [
        ("151", "常用电话"),
        ("152", "各镇值班电话"),
        ("153", "公交车"),
        ("154", "办事单位"),
        ("130", "惠农政策"),
        ("140", "医保养老救助"),
    ]
    source = _of(lines[0]) if lines else ctx.today.isoformat()
    rows: list[Block] = [[pages.entry(number, text)] for number, text in entries]
    found = {SERVICES: page(SERVICES, "办事服务", county.code, ctx.today, source, screens(rows, source))}
    for number, title, listed in ((HOTLINES, "常用电话", shared), (DUTY, "各镇值班电话", of_towns)):
        columns = (Column(24), Column(15, "right", GREEN))
        if listed:
            its = _of(listed[0])
            table = striped([(line.name, line.number) for line in listed], columns)
            subpages = screens(table, its)
        else:
            its, subpages = "", nothing("", "还没有登记电话。", "")
        found[number] = page(number, title, county.code, ctx.today, its, subpages)
    found[BUSES] = _at_the_towns(ctx, BUSES, "公交车", numbers)
    found[OFFICES] = _at_the_towns(ctx, OFFICES, "办事单位", numbers)
    return found


def _town(line: Hotline, ctx: Context) -> Place | None:
    return next((town for town in ctx.places.towns if line.name.startswith(town.name)), None)


def _of(record: Hotline) -> str:
    day = record.as_of or record.source.as_of
    return f"{record.source.department} {day.isoformat()}" if day else record.source.department


def _at_the_towns(ctx: Context, number: int, title: str, numbers: Mapping[str, int]) -> Page:
    """What stands on the towns' own pages: their list."""
    entries = [pages.entry(str(numbers[town.code]), town.name, width=20) for town in ctx.places.towns]
    source = PLACES_SOURCE
    blocks = [[row] for row in pages.side_by_side(entries, 9)]
    head = pages.paragraph("各镇的在镇页上", YELLOW)
    return page(number, title, ctx.places.county.code, ctx.today, source, screens(blocks, source, head))


# --- help and emergency ------------------------------------------------------------------------------------------------

_HELP = (
    ("按数字就到", "要看110页，就按1、1、0。自己村是几页，在102页找。"),
    ("方向键和确定键", "上下键选一行，按确定键进去；左右键翻页。"),
    ("四个彩色键", "红键回首页，绿键念给您听，黄键下一页，蓝键到我的村。"),
    ("我的村", "打开自己村的页，按蓝键，就记住了。没有彩色键的，用方向键选最下面一行。"),
    ("遥控器不好使", "按1、9、2，跟着屏幕学一遍键。"),
    ("还是不会", "请村干部帮忙，或者打电话，号码在151页。"),
)


def help_page(ctx: Context) -> Page:
    """190: how to use the remote control."""
    blocks: list[Block] = [[*pages.paragraph(head, YELLOW), *pages.paragraph(text)] for head, text in _HELP]
    source = f"{ctx.places.county.name}信息服务 {ctx.today.isoformat()}"
    return page(HELP, "怎么用遥控器", ctx.places.county.code, ctx.today, source, screens(blocks, source))


def learn_page(ctx: Context) -> Page:
    """192: where the portal learns the keys of a remote control that it does not know."""
    county = ctx.places.county
    blocks: list[Block] = [
        pages.paragraph("跟着屏幕学键", YELLOW),
        pages.paragraph("屏幕说按哪个键，就按哪个键。没有这个键的，等五秒，自己跳过。"),
        [pages.entry("190", "怎么用遥控器")],
    ]
    source = f"{county.name}信息服务 {ctx.today.isoformat()}"
    return page(LEARN, "学遥控器", county.code, ctx.today, source, screens(blocks, source))


def freshness_page(ctx: Context) -> Page:
    """191: from whom each kind of data is, and as of when."""
    columns = (Column(20), Column(19, "right", GREEN))
    rows = []
    for name, dataset in DATASETS.items():
        if dataset.scope == "village":
            continue
        held = freshness.of(ctx.session, name, ctx.today)
        if held.as_of:
            late = "（该更新了）" if held.late else ""
            rows.append((f"{dataset.label}{late}", held.as_of.isoformat()))
    source = f"{ctx.places.county.name}信息服务 {ctx.today.isoformat()}"
    head = table_head(("数据", "截至"), columns)
    subpages = screens(striped(rows, columns), source, head) if rows else nothing("", "还没有收到数据。", source)
    return page(FRESHNESS, "数据截至哪天", ctx.places.county.code, ctx.today, source, subpages)


def emergency(ctx: Context) -> Page:
    """199: the warnings in force in large type and whom to call. It always exists."""
    county = ctx.places.county
    found = alerts.active(ctx.session, county.code, ctx.now)
    subpages: list[Subpage] = []
    sources = []
    announced = emergencies(ctx)
    for item in announced:
        told: list[Block] = [
            pages.heading(item.title),
            pages.paragraph(names(item, ctx)),
            pages.paragraph(item.text),
            pages.paragraph(item.by, GREEN),
        ]
        sources.append(item.source)
        subpages += screens(told, item.source)
    for alert in found:
        name = alert.headline or f"{alert.event}{alert.level}预警"
        large, _, rest = name.partition("（")
        until = alerts.until(alert).astimezone(ctx.now.tzinfo)
        reached = [place.name for code in alert.areas if (place := ctx.places.get(code))] or [county.name]
        source = f"{alert.publisher} {alert.sent.astimezone(ctx.now.tzinfo).date().isoformat()}"
        sources.append(source)
        blocks: list[Block] = [
            [*pages.heading(large), *pages.paragraph(f"（{rest}" if rest else "", YELLOW)],
            pages.paragraph("、".join(reached)),
            pages.paragraph(f"{short_day(until.date(), ctx.today)}{until.hour}时前有效", GREEN),
            *(pages.paragraph(text) for text in (alert.instruction, alert.description) if text),
        ]
        if alert.contact:
            blocks.append(pages.paragraph(f"报警或咨询打{alert.contact}", YELLOW))
        subpages += screens(blocks, source)
    calm = not found and not announced
    subpages += _whom_to_call(ctx, calm)
    priority: Priority = "normal" if calm else "emergency"
    source = "；".join(dict.fromkeys(sources)) or ctx.today.isoformat()
    return page(EMERGENCY, "应急", county.code, ctx.today, source, subpages, priority)


def _whom_to_call(ctx: Context, calm: bool) -> list[Subpage]:
    lines = [line for line in services.hotlines(ctx.session) if _URGENT.match(line.number)]
    rows = [(line.name, line.number) for line in lines] or list(NATIONAL)
    source = _of(lines[0]) if lines else "全国统一号码"
    columns = (Column(24), Column(15, "right", GREEN))
    head = pages.paragraph(f"{ctx.places.county.name}现在没有生效的预警。") if calm else []
    head += pages.paragraph("遇到急事打：", YELLOW)
    return screens(striped(rows, columns), source, head)
