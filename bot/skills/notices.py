"""Notices: what is in force where one lives, and what a certain one says, for which day, by whom and until when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.messages import Fact, Reply, Value
from bot.skills import where
from bot.skills.base import Context
from bot.skills.lookup import closest
from bot.skills.price_topic import named
from bot.skills.when import dated, short_day
from bot.understanding.query import Period, Query
from knowledge import notices
from knowledge.places import Place, short_name
from knowledge.tables import Notice

#: So many notices are told one by one.
LISTED = 6

#: A headline takes so much of a notice's text, in characters.
_GIST = 40

_WHO = re.compile("谁发|哪发|哪儿发|哪里发|发布单位|谁通知|哪个单位|谁出的")
_UNTIL = re.compile("失效|过期|有效|到哪天|到几号|截止|到啥时候|到什么时候|还算不算|作废")
_WHICH_DAY = re.compile("哪天|哪一天|几号|啥时候|什么时候|多咱|几月几|说的是|何时")

#: What villagers call what notices are about.
_PLAIN = {"没电": "停电", "断电": "停电", "来电": "停电", "没水": "停水", "断水": "停水", "来水": "停水", "开会": "会议",
          "干活": "招工", "打工": "招工", "找活": "招工", "用工": "招工", "演电影": "放电影", "看电影": "放电影", "打针": "疫苗",
          "赶集": "大集", "骗子": "反诈 冒充", "诈骗": "反诈 冒充", "交医保": "医保缴费", "变天": "降温 寒潮", "天冷": "降温"}  # fmt: skip

#: Words that ask for notices without saying about what.
_ASKING = re.compile(
    "大喇叭|喇叭|广播|响|半天|没听清|耳背|有没有|有什么|有啥|最近|近来|近期|现在|今天|昨天|明天|后天|这几天|这两天|上个?月|这个?月|本月|上周|这周|今年|去年|新的?|发了?|出了?|"
    "信儿|消息|动静|通知|公告|通告|告示|事情|事项|事儿?|我们|俺们|咱们|我|俺|咱|你|村委会|大队|村里|村上|村|镇里|镇上|镇|街道|全市|市里|县里|全县|"
    "哪一?天|几号|几点|什么时候|啥时候|多咱|什么|啥|怎么|咋|哪些|哪个|哪|说的是|说|是谁|谁|到|失效|有效|过期|吗|呢|了|没|不|的|里|要|会|有|"
    "看看|看|查|问|告诉|请|一下|给|播|念|听|能|还|都|是|月|日|号|年|个|条|些|和|在|吧|啊|呀"
)


def answer(query: Query, ctx: Context) -> Reply:
    """The notice that is asked for, else those in force where one lives: of the village, its town and the county."""
    place = where.asked(query, ctx)
    exact = _titled(query, place, ctx)
    if exact:
        return _told(_on_the_day(exact, query), query, ctx)
    place = place or ctx.places.get(ctx.asker.home or "") or ctx.places.county
    held = notices.reaching(ctx.session, place.code, ctx.today)
    topic = subject_of(query, place, ctx)
    found = _about(query, topic, held, ctx)
    if not found and place.kind in {"town", "county"}:
        found = _about(query, topic, notices.inside(ctx.session, place.code, ctx.today), ctx)
    if found:
        return _told(_on_the_day(found, query), query, ctx)
    if not held:
        return Reply(f"没有{where.said(place, ctx.places)}的通知。", ("可以问村委会或者镇里值班电话。",))
    return _listed(query, topic, held, place, ctx)


# --- which notices are meant -------------------------------------------------------------------------------------------


def _titled(query: Query, place: Place | None, ctx: Context) -> list[Notice]:
    """The notices whose whole title is said: those that reach the place, else those whose title names their own."""
    said = query.slots.get("title") or query.text
    exact = notices.titled(ctx.session, said, ctx.today)
    if place is None:
        return exact
    nearby = [notice for notice in exact if notice.place in {place.code, place.code[:9], place.code[:6]}]
    return nearby or [n for n in exact if (own := ctx.places.get(n.place)) and short_name(own.name) in n.title]


def subject_of(query: Query, place: Place, ctx: Context) -> str:
    """What the notice is to be about: 停电; "" where notices in general are asked for."""
    text = query.slots.get("title") or query.text
    for code in (place.code, place.code[:9], place.code[:6]):
        if known := ctx.places.get(code):
            text = text.replace(known.name, " ").replace(short_name(known.name), " ")
    words = re.findall("[一-鿿]+", _ASKING.sub(" ", text))
    return max((word for word in words if len(word) >= 2), key=len, default="")


def _about(query: Query, topic: str, held: Sequence[Notice], ctx: Context) -> list[Notice]:
    """The notices about what is asked: by title, else by kind, else by the words of the text; in force ones first."""
    meant = " ".join([query.text, *(words for said, words in _PLAIN.items() if said in query.text)])
    worded = replace(query, text=meant)
    found = closest(worded, held, lambda notice: notice.title, ctx.places)
    if not found:
        of_kind = closest(worded, held, lambda notice: notice.kind, ctx.places)
        found = [notice for notice in of_kind if not _other_of_kind(notice, meant)]
    if not found and topic and "title" not in query.slots:
        found = _mentioning(topic, held)
    if period := query.slots.get("period"):
        # 11月2日发的停电通知 is that one; 明天停电吗 is answered with what there is, and its day
        found = [notice for notice in found if _concerns(notice, period)] or found
    return sorted(found, key=lambda notice: not notices.in_force(notice, ctx.today))


def _other_of_kind(notice: Notice, asked: str) -> bool:
    """Whether the title names another part of its kind than is asked for: 停电 of 停水停电, where 停水 is asked."""
    pairs = [notice.kind[at : at + 2] for at in range(len(notice.kind) - 1)]
    own = [pair for pair in pairs if pair in notice.title]
    return bool(own) and not any(pair in asked for pair in own)


def _mentioning(topic: str, held: Sequence[Notice]) -> list[Notice]:
    """The notices whose text has most of what is asked for, two characters at least."""
    pairs = {topic[at : at + 2] for at in range(len(topic) - 1)}
    scored = [(sum(pair in notice.body for pair in pairs), notice) for notice in held]
    best = max((score for score, _ in scored), default=0)
    return [notice for score, notice in scored if best and score == best]


def _concerns(notice: Notice, period: Period) -> bool:
    """Whether a notice was published in a period or speaks of a day in it."""
    return any(period.start <= day <= period.end for day in (notice.published, *notices.days(notice)))


def _on_the_day(found: list[Notice], query: Query) -> list[Notice]:
    """Of several with one title, those of the day of publication that is said."""
    period = query.slots.get("period")

    def said(notice: Notice) -> bool:
        if period:
            return period.start <= notice.published <= period.end
        return bool(re.search(rf"(?<!\d){notice.published.month}月{notice.published.day}[日号]", query.text))

    return [notice for notice in found if said(notice)] or found


# --- wording -----------------------------------------------------------------------------------------------------------


def _fact(notice: Notice, what: str, value: Value, ctx: Context) -> Fact:
    place = ctx.places.full_name(notice.place)
    return Fact(what, value, "", notice.title, place, notice.published, notice.source.department)


def _facts(notice: Notice, ctx: Context) -> list[Fact]:
    dates = [dated(day, ctx.today) for day in notices.days(notice)]
    facts = [
        _fact(notice, "正文", notice.body, ctx),
        _fact(notice, "发布单位", notice.publisher, ctx),
        _fact(notice, "发布日期", short_day(notice.published, ctx.today), ctx),
        _fact(notice, "说的日期", "、".join(dates), ctx),
    ]
    if notice.expires:
        facts.append(_fact(notice, "失效日期", short_day(notice.expires, ctx.today), ctx))
    return [fact for fact in facts if fact.value]


def _state(notice: Notice, ctx: Context) -> str:
    """Until when a notice is in force, or since when it is not."""
    if notice.expires is None:
        return "没写失效日期"
    if notices.in_force(notice, ctx.today):
        return f"有效到{dated(notice.expires, ctx.today)}"
    return f"{short_day(notice.expires, ctx.today)}已经过期"


def _gist(notice: Notice) -> str:
    """The beginning of the notice's text, as many whole clauses as a headline takes."""
    clauses = re.split("(?<=[。！；，])", notice.body)
    gist = clauses[0]
    for clause in clauses[1:]:
        if len(gist + clause) > _GIST:
            break
        gist += clause
    return gist.rstrip("。！；，")


def _told(found: Sequence[Notice], query: Query, ctx: Context) -> Reply:
    """The first of the notices, and what others there are."""
    first, others = found[0], found[1 : LISTED + 1]
    published = short_day(first.published, ctx.today)
    by = f"{first.publisher}{published}发的" if first.publisher else f"{published}发的"
    state = _state(first, ctx)
    facts = [fact for notice in (first, *others) for fact in _facts(notice, ctx)]
    preface, aside = "", _aside(first, query, ctx)
    if aside:
        preface = f"{aside}最近一条是"
        facts.append(_fact(first, "所问", aside, ctx))
    asks_day = _WHICH_DAY.search(query.text.replace("到哪天", ""))
    if _WHO.search(query.text) or (_UNTIL.search(query.text) and not asks_day):
        headline = (
            f"{preface}《{first.title}》，是{by}，{state}。" if preface else f"《{first.title}》是{by}，{state}。"
        )
    elif asks_day:
        days = notices.days(first)[:2]
        said = "到".join(dated(day, ctx.today) for day in days) or "没写哪天"
        headline = f"{preface}{first.title}说的是{said}，已经过期。"
        if notices.in_force(first, ctx.today):
            until = "" if first.expires in days else f"，{state}"
            headline = f"{preface}{first.title}说的是{said}{until}：{_gist(first)}。"
    else:
        headline = f"{preface}{first.title}：{_gist(first)}。{state}。"
    details = [first.body, f"{by}，{state}"]
    details += [f"另有{_line(notice, ctx)}" for notice in others]
    return Reply(headline, tuple(details), tuple(dict.fromkeys(facts)))


def _aside(notice: Notice, query: Query, ctx: Context) -> str:
    """What is to be said before a notice that is not quite what was asked for: of another day, or expired."""
    period = query.slots.get("period")
    if period and not _concerns(notice, period):
        return f"没有查到{named(period, ctx.today)}的；"
    told = period or query.slots.get("title") or notice.title in query.text
    return "" if told or notices.in_force(notice, ctx.today) else "现在没有有效的；"


def _line(notice: Notice, ctx: Context) -> str:
    return f"{notice.title}：{short_day(notice.published, ctx.today)}发，{_state(notice, ctx)}"


def _listed(query: Query, topic: str, held: Sequence[Notice], place: Place, ctx: Context) -> Reply:
    """The notices in general by level, the nearest first; where a topic has none, that is said before."""
    title = where.said(place, ctx.places)
    period = query.slots.get("period")
    of_period = period and not topic and period.end < ctx.today
    if period and of_period:
        found = [notice for notice in held if period.start <= notice.published <= period.end]
        what = f"{named(period, ctx.today)}发的通知"
    else:
        found = [notice for notice in held if notices.in_force(notice, ctx.today)]
        what = "有效的通知"
    preface = f"没有查到关于“{topic}”的通知；" if topic else ""
    if not found:
        latest = max(held, key=lambda notice: notice.published)
        facts = [_fact(latest, "没有的", what, ctx), *_facts(latest, ctx)]
        headline = f"{title}{preface}没有{what}；最近一条是{_line(latest, ctx)}。"
        return Reply(headline, (latest.body,), tuple(facts))
    counts, facts = [], []
    county = f"{ctx.places.county.name[-1]}里"
    for length, level in ((12, "村里"), (9, "镇街"), (6, county)):
        of_level = [notice for notice in found if len(notice.place) == length]
        if of_level:
            counts.append(f"{level}{len(of_level)}条")
            first = of_level[0]
            at = ctx.places.full_name(first.place)
            facts.append(Fact(f"{level}通知", len(of_level), "条", what, at, first.published, first.source.department))
    names = "、".join(notice.title for notice in found[:2])
    more = "等" if len(found) > 2 else ""
    headline = f"{title}{preface}{what}{'，'.join(counts)}：{names}{more}。"
    shown = found[: 2 * LISTED]
    facts += [fact for notice in shown for fact in _facts(notice, ctx)]
    return Reply(headline, tuple(_line(notice, ctx) for notice in shown), tuple(facts))
