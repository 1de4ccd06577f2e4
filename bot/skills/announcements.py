"""Announcements: told again to who missed them, and what people say to one that asks whether it has come.

A villager does not tell an announcement from a notice: who asks for either hears of both, the one that is meant first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from unicodedata import normalize

from bot.messages import Fact, Reply
from bot.skills import notices, where
from bot.skills.base import Context
from bot.skills.lookup import closest
from bot.skills.when import dated, short_day
from bot.understanding.query import Query
from knowledge.announcements import answers
from knowledge.announcements.tables import Announcement
from knowledge.places import Place

#: A headline takes so much of an announcement's text, in characters: three text messages with all the rest.
_ROOM = 120

#: So many others are named.
_OTHERS = 5

#: Words that ask for an announcement again without saying which.
_AGAIN = re.compile(
    "刚才|刚刚|方才|早上|早晨|晚上|黑夜|再?重?新?(播放|播报|播|放|念叨?|说说?|讲|读|听听?|发|来)?(给我|给俺)?一?(遍|回|次)|重播|回放|重放|"
    "没?听(清楚?|全|见|着|到|懂)|应急|紧急|电话|没收到|删了|内容|麻烦|请问|您好|你好|一下|一句|把|那个|那条|这条|再|"
    "广播稿?|大?喇叭|播了?|放放|念念|喊的?|嚷嚷|吵吵|村头|外头|公告|通知|的事"
)
_ALOUD = re.compile("喇叭|广播|播报|喊话")

#: What says that an announcement has come, as a whole message: the number that it asks for, and the same in words.
_NUMBER = re.compile(r"回?1")
_CAME = re.compile(r"1?(好|好的|嗯|行|是|已|已经|我|俺|都)*收到(通知|消息)?了?1?")
_KNOWN = re.compile(r"(好|好的|嗯|行|我|俺|都)*知道了")


def answer(query: Query, ctx: Context) -> Reply:
    """The announcements in force where one lives, the one that is named or the newest first; where there is none, notices."""
    place = _place(query, ctx)
    asked = replace(query, text=_AGAIN.sub(" ", query.text))
    found = answers.in_force(ctx.session, place.code, ctx.asker.number, ctx.now)
    topic = notices.subject_of(asked, place, ctx)
    named = _about(asked, topic, found, ctx)
    if named or (found and not topic):
        return _told(named or found, [row for row in found if row not in named], ctx)
    noticed = notices.answer(asked, ctx)
    if found:
        return _beside(noticed, found, ctx)
    about = f"“{topic}”" if topic and not noticed.facts else ""
    return replace(noticed, headline=f"现在没有正在播的{about}广播。{noticed.headline}")


def or_notices(query: Query, ctx: Context) -> Reply:
    """The notices that are asked for; before them the announcements in force that are about the same."""
    place = _place(query, ctx)
    found = answers.in_force(ctx.session, place.code, ctx.asker.number, ctx.now)
    noticed = notices.answer(query, ctx)
    if not found:
        return noticed
    asked = replace(query, text=_AGAIN.sub(" ", query.text))
    named = _about(asked, notices.subject_of(asked, place, ctx), found, ctx)
    if not named and noticed.facts and not _ALOUD.search(query.text):
        return _beside(noticed, found, ctx)
    told = _told(named or found, [row for row in found if row not in named], ctx)
    if not noticed.facts:
        return told
    return replace(told, details=(*told.details, noticed.headline), facts=(*told.facts, *noticed.facts))


def again(ctx: Context, after: datetime | None) -> Reply | None:
    """What "say it again" means where an announcement is what was said last, after our own last words; None elsewhere."""
    if ctx.asker.number and (row := answers.latest(ctx.session, ctx.asker.number, ctx.now, after)):
        return _told([row], [], ctx)
    if after is None and ctx.asker.home:
        found = answers.in_force(ctx.session, ctx.asker.home, ctx.asker.number, ctx.now)
        return _told(found, found, ctx) if found else None
    return None


def acknowledged(said: str, ctx: Context, asked: datetime | None, spoke: datetime | None) -> Reply | None:
    """The answer to a message that says of an announcement that it has come; None for any other, and where none asked.

    `asked` is when we asked this person to choose by number and had no answer yet: a number answers the later question.
    `spoke` is when we last answered them: "知道了" may be about that.
    """
    words = re.sub(r"[\W_]+", "", normalize("NFKC", said)) if len(said) <= 20 else ""
    if ctx.asker.number is None:
        return None
    if _NUMBER.fullmatch(words):
        after = asked
    elif _CAME.fullmatch(words):
        after = None
    elif _KNOWN.fullmatch(words):
        after = spoke
    else:
        return None
    channel = ctx.asker.key.partition(":")[0]
    title = answers.confirm(ctx.session, ctx.asker.number, channel, ctx.now, after)
    return Reply(f"谢谢，已记下您收到《{title}》。", intent="acknowledged") if title else None


# --- which are meant -------------------------------------------------------------------------------------------------


def _place(query: Query, ctx: Context) -> Place:
    return where.asked(query, ctx) or ctx.places.get(ctx.asker.home or "") or ctx.places.county


def _about(asked: Query, topic: str, found: Sequence[Announcement], ctx: Context) -> list[Announcement]:
    """Those that are named by their title, else those whose text has the words that are asked for."""
    titled = closest(asked, found, lambda row: row.title, ctx.places)
    if titled or len(topic) < 2:
        return titled
    return [row for row in found if topic in row.text or topic in row.title]


# --- wording ---------------------------------------------------------------------------------------------------------


def _told(rows: Sequence[Announcement], others: Sequence[Announcement], ctx: Context) -> Reply:
    """The first of the announcements in full, the names of the others; who is known has heard it then."""
    first = rows[0]
    others = [row for row in (*rows[1:], *others) if row is not first]
    others = list({row.id: row for row in others}.values())[:_OTHERS]
    if ctx.asker.number:
        channel = ctx.asker.key.partition(":")[0]
        answers.acknowledge(ctx.session, first.id, ctx.asker.number, "heard", channel, ctx.now)
    published, gist = short_day(_day(first.starts, ctx), ctx.today), _gist(first)
    rest = f"另有{_named(others)}。" if others else ""
    headline = f"{_title(first)}（{published}发）：{_closed(gist)}{rest}"
    details = [first.text] if gist != first.text.strip() else []
    details += [f"{_title(row)}（{short_day(_day(row.starts, ctx), ctx.today)}发）：{row.text}" for row in others]
    speech = f"{_title(first)}，{first.publisher}{published}发的。{_closed(first.text)}{rest}"
    facts = [fact for row in (first, *others) for fact in _facts(row, ctx)]
    return Reply(headline, tuple(details), tuple(facts), speech=speech, intent="announcement")


def _beside(noticed: Reply, found: Sequence[Announcement], ctx: Context) -> Reply:
    """An answer about notices, and what is announced beside it."""
    facts = [fact for row in found[:_OTHERS] for fact in _facts(row, ctx)]
    lines = [f"{_title(row)}：{row.text}" for row in found[:_OTHERS]]
    return replace(
        noticed,
        headline=f"{noticed.headline}正在播{_named(found[:_OTHERS])}。",
        details=(*noticed.details, *lines),
        facts=(*noticed.facts, *facts),
    )


def _facts(row: Announcement, ctx: Context) -> list[Fact]:
    place = "、".join(ctx.places.full_name(code) for code in row.places[:3])
    published, until = _day(row.starts, ctx), _day(row.ends, ctx)
    said = {
        "正文": row.text,
        "发布单位": row.publisher,
        "发布日期": short_day(published, ctx.today),
        "有效到": dated(until, ctx.today),
    }
    return [Fact(what, value, "", row.title, place, published, row.publisher) for what, value in said.items()]


def _day(moment: datetime, ctx: Context) -> date:
    return moment.astimezone(ctx.now.tzinfo).date()


def _title(row: Announcement) -> str:
    return f"紧急：{row.title}" if row.urgency == "emergency" else row.title


def _named(rows: Sequence[Announcement]) -> str:
    return "".join(f"《{row.title}》" for row in rows)


def _gist(row: Announcement) -> str:
    """The text where a headline has room for it, else what was written for text messages, else its first clauses."""
    text = row.text.strip()
    if len(text) <= _ROOM:
        return text
    if row.short and len(row.short) <= _ROOM:
        return row.short.strip()
    gist = ""
    for clause in re.split("(?<=[。！；，])", text):
        if len(gist + clause) > _ROOM:
            break
        gist += clause
    return (gist or text[:_ROOM]).rstrip("，；")


def _closed(text: str) -> str:
    text = text.strip()
    return text if text.endswith(("。", "！", "？", "!", "?")) else f"{text}。"
