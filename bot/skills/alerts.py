"""Warnings in force: what, how severe, until when, what is forbidden, whom to call.

That no warning is in force is never turned into a permission: whether burning is allowed, only a record may say.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.sector import Area, area_of
from bot.skills.wording import day as day_said
from bot.skills.wording import full_day
from bot.understanding.query import Query, Slots
from knowledge import alerts
from knowledge.tables import Alert, Notice

SHANGHAI = ZoneInfo("Asia/Shanghai")

#: Events: how we call one, the part of its name by which alerts call it, and what a villager says for it.
_EVENTS = (
    ("森林火险", "火", ("火险", "山火", "森林", "防火", "烧", "上坟", "点火", "用火", "放火", "火", "封山")),
    ("暴雨洪水", "雨", ("暴雨", "大雨", "下雨", "洪水", "山洪")),
    ("大风", "风", ("大风", "刮风", "风")),
    ("雪", "雪", ("雪",)),
    ("雷电", "雷", ("雷",)),
    ("冰雹", "冰雹", ("雹",)),
    ("高温", "高温", ("高温", "中暑")),
    ("寒潮", "寒潮", ("寒潮", "降温", "低温")),
    ("霜冻", "霜", ("霜",)),
    ("大雾", "雾", ("雾",)),
    ("霾", "霾", ("霾",)),
    ("干旱", "旱", ("旱",)),
    ("地质灾害", "地质", ("地质", "滑坡", "泥石流")),
)
_BURNING = re.compile(r"烧|上坟|点火|用火|放炮|放鞭炮|烟花")
#: So many towns of a warning are named in a headline.
NAMED = 4


def answer(query: Query, ctx: Context) -> Reply:
    """The warnings in force for a place, of the kind that is asked for; else that there is none, and how the last ended."""
    area = area_of(query, ctx)
    event = next((part for _, part, words in _EVENTS if any(word in query.text for word in words)), None)
    found = [alert for alert in alerts.active(ctx.session, area.code, ctx.now) if _is(alert, event)]
    if not found:
        return _none(query, ctx, area, event)
    first = found[0]
    words, facts = _told(first, area, ctx)
    forbidden = alerts.forbids_fire(first.instruction)
    if _BURNING.search(query.text) and forbidden:
        words = f"现在不能烧：{words}"
    headline = f"{words}。{forbidden}{'。' if forbidden else ''}"
    details = [first.description, first.instruction] if first.instruction or first.description else []
    if first.contact:
        details.append(f"报警或咨询打{first.contact}。")
    if not area.is_village and first.area_names:
        names = "、".join(first.area_names)
        details.append(f"发布范围：{names}。")
        facts.append(_fact(first, "发布范围", names, area))
    for other in found[1:]:
        line, more = _told(other, area, ctx)
        details.append(f"{line}。{alerts.forbids_fire(other.instruction)}")
        facts += more
    return Reply(headline, tuple(line for line in details if line), tuple(facts))


def told_first(found: list[Alert], ctx: Context) -> tuple[str, list[Fact]]:
    """Alerts in force for the asker's village as words before another answer: 【森林火险橙色预警，到…】."""
    assert ctx.asker.home
    area = area_of(Query("alert", Slots(village=ctx.asker.home)), ctx)
    said, facts = [], []
    for alert in found:
        words, more = _told(alert, area, ctx)
        said.append(f"【{words}】")
        facts += more
    return "".join(said), facts


def _is(alert: Alert, event: str | None) -> bool:
    return event is None or event in alert.event or event in alert.headline


def _told(alert: Alert, area: Area, ctx: Context) -> tuple[str, list[Fact]]:
    """An alert in words: 五重安镇森林火险橙色预警，到11月26日20时."""
    end = _local(alerts.until(alert))
    level = alert.level or alert.severity
    name = alert.headline or f"{alert.event}{level}预警"
    words = f"{_where(alert, area, ctx)}{name}，{_moment(end, ctx.today)}前有效"
    facts = [
        _fact(alert, "预警", name, area),
        _fact(alert, "级别", level, area),
        _fact(alert, "有效到", f"{full_day(end.date())}{end.hour}时{end.minute}分", area),
    ]
    if alert.instruction:
        facts.append(_fact(alert, "防御指南", alert.instruction, area))
    if alert.description:
        facts.append(_fact(alert, "说明", alert.description, area))
    if alert.contact:
        facts.append(_fact(alert, "电话", alert.contact, area))
    if len(alert.areas) > NAMED:
        parts = [code for code in alert.areas if code.startswith(area.code) and len(code) > len(area.code)]
        facts.append(_fact(alert, "发布范围", f"{len(parts)}处", area))
    return words, facts


def _where(alert: Alert, area: Area, ctx: Context) -> str:
    """The place that is asked for, or those parts of it that an alert is for."""
    parts = [code for code in alert.areas if code.startswith(area.code) and len(code) > len(area.code)]
    names = [place.name for code in parts if (place := ctx.places.get(code))]
    if not names:
        return area.name
    return "、".join(names[:NAMED]) + (f"等{len(names)}处" if len(names) > NAMED else "")


def _fact(alert: Alert, what: str, value: str, area: Area) -> Fact:
    return Fact(what, value, "", alert.event, area.full, _local(alert.sent).date(), alert.publisher)


def _none(query: Query, ctx: Context, area: Area, event: str | None) -> Reply:
    """No such warning is in force: says so, with what became of the last one, and other warnings that are in force."""
    kind = next((name for name, part, _ in _EVENTS if part == event), "")
    details, facts = [], []
    ended = [pair for pair in alerts.cancelled(ctx.session, area.code, ctx.now) if _is(pair[0], event)]
    past = [alert for alert in alerts.expired(ctx.session, area.code, ctx.now) if _is(alert, event)]
    head = f"{area.name}现在没有生效的{kind}预警"
    if ended:
        alert, cancel = ended[0]
        when = _local(cancel.sent)
        name = alert.headline or alert.event
        head += f"，{name}{_moment(when, ctx.today)}已解除"
        facts += [
            _fact(cancel, "解除", name, area),
            _fact(cancel, "解除时间", f"{full_day(when.date())}{when.hour}时{when.minute}分", area),
        ]
        for what, text in (("说明", cancel.description), ("提醒", cancel.instruction)):
            if text:
                details.append(text)
                facts.append(_fact(cancel, what, text, area))
    elif past:
        alert = past[0]
        end = _local(alerts.until(alert))
        name = alert.headline or alert.event
        details.append(f"上一次{name}{_moment(end, ctx.today)}到期。")
        facts += [
            _fact(alert, "上一次预警", name, area),
            _fact(alert, "到期", f"{full_day(end.date())}{end.hour}时{end.minute}分", area),
        ]
    if _BURNING.search(query.text) or event == "火":
        banned = alerts.bans(ctx.session, area.code, ctx.today)
        if banned:
            words, more = _ban(banned[0], ctx)
            facts += more
            if _BURNING.search(query.text):
                head, details = f"现在不能烧：{words}", [f"{head}。", *details]
            else:
                details.append(f"{words}。")
        else:
            details.append("没有预警不等于准烧，烧之前先问村委会。")
    others = alerts.active(ctx.session, area.code, ctx.now)
    for other in others:
        line, more = _told(other, area, ctx)
        details.append(f"另有{line}。")
        facts += more
    return Reply(f"{head}。", tuple(details), tuple(facts))


def _ban(notice: Notice, ctx: Context) -> tuple[str, list[Fact]]:
    """A notice that forbids fire, in words: 大崔庄镇禁止野外用火通告，有效到12月20日，…不准烧秸秆."""
    rule = alerts.forbids_fire(notice.body)
    place = ctx.places.full_name(notice.place)

    def fact(what: str, value: str) -> Fact:
        source = notice.publisher or notice.source.department
        return Fact(what, value, "", notice.title, place, notice.published, source)

    facts = [fact("通告", notice.title), fact("规定", rule)]
    words = notice.title
    if notice.expires:
        words += f"，{day_said(notice.expires, ctx.today)}前有效"
        facts.append(fact("失效日期", full_day(notice.expires)))
    return f"{words}，{rule}", facts


def _local(moment: datetime) -> datetime:
    return moment.astimezone(SHANGHAI)


def _moment(moment: datetime, today: date) -> str:
    minutes = f"{moment.minute}分" if moment.minute else ""
    return f"{day_said(moment.date(), today)}{moment.hour}时{minutes}"
