"""Matters of the small-power list: how far they have come, until when they are on public notice, who got what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bot.messages import Fact, Reply, Value
from bot.skills import notices, people, where
from bot.skills.base import Context
from bot.skills.lookup import closest
from bot.skills.when import dated, short_day
from bot.skills.wording import fen, yuan
from bot.understanding.query import Query
from knowledge import notices as known_notices
from knowledge import power
from knowledge.places import Place, short_name
from knowledge.power import FINISHED, PUBLICITY
from knowledge.tables import PowerItem

#: So many matters are told one by one.
LISTED = 6

#: Who is given a contract with the village is told to all; who asks for help, a house or the Party, to the village.
_CONTRACT = re.compile("包|招标|投标|采购|租|转让|工程|出让")
_WHO_GOT_IT = re.compile("谁|哪家|多少钱|多少|中标|金额|哪个公司|几万|花了")
_IN_PUBLICITY = re.compile("公示|公告期|征求意见")
_FINISHED = re.compile("办结|办完|办好|办成|完了")
#: The words for stages say how far, not which matter.
_STAGE_WORDS = re.compile("申请|受理|民主评议|评议|公示|审批|批准|办结|通过")
_CODE = re.compile(r"(?<![A-Za-z\d])[A-Za-z]{1,4}\d{3,12}(?!\d)")
#: What a contract is for is named before it: 太阳能路灯招标.
_OBJECT = re.compile("([一-鿿]{2,10}?)(?:招标|招投标|中标|采购|承包)")
_FILLER = re.compile(
    "我们|俺们|咱们|我家|俺家|我|俺|咱|你|您|村委会|大队|村里|村上|全村|村|镇里|镇上|镇|全市|市里|今年|去年|上个?月|本月|这个?月|最近|现在|"
    "那个|这个|那|这|哪一?步|哪步|哪儿|哪里|哪|到底|到|办得?|咋样|怎么样|怎么|咋|啥|什么|程度|环节|情况|进度|事项|事情|事儿?|东西|材料|"
    "批|下来|开了|开|卡|走|递|弄|成|黄|多少|几|有没有|有|没有|没|的|了|在|是|不|吗|呢|请|问|给|查|看|麻烦|一下|时候|谁|和|还|要|能|项目|工程|"
    "结束|步|过|上|里|下|去|被|由|跟|把"
)
#: What villagers call the kinds of matters.
_PLAIN = {"盖房": "宅基地建房", "建房": "宅基地建房", "包山": "荒山承包", "山包": "荒山承包", "招标": "招投标", "中标": "招投标",
          "入党": "党员", "买了啥": "采购", "买啥": "采购"}  # fmt: skip


def stage(query: Query, ctx: Context) -> Reply:
    """How far a matter has come and what comes next; to whom it went and for how much."""
    place, found = _asked(query, ctx)
    if place is None:
        return _which_place(query)
    if not found:
        if "title" in query.slots or "code" in query.slots or _CODE.search(query.text) or _words(query.text, place):
            return _not_held(query, place, ctx)
        return _of_no_such_kind(query, place, ctx) or listed(query, ctx)
    if len(found) == 1:
        return _told(found[0], query, ctx)
    return _several(found, query, place, ctx)


def publicity(query: Query, ctx: Context) -> Reply:
    """Until when a matter is on public notice, how many days are left, and whom to call."""
    place, found = _asked(query, ctx)
    if place is None:
        return _which_place(query)
    if not found:
        if "title" in query.slots or "code" in query.slots or _CODE.search(query.text):
            return _not_held(query, place, ctx)
        every = power.items(ctx.session, place.code)
        return _of_no_such_kind(query, place, ctx) or _in_publicity(place, every, ctx, "")
    noticed = [item for item in found if power.in_publicity(item, ctx.today)]
    if len(noticed) > 1:
        return _in_publicity(place, noticed, ctx, _shared_kind(noticed))
    if len(found) > 1 and not noticed:
        what = _shared_kind(found) or "这类事项"
        words = f"{where.said(place, ctx.places)}有{len(found)}项{what}，今天都不在公示期"
        return _counted(words, found, place, ctx)
    item = (noticed or found)[0]
    end, start = item.publicity_end, item.publicity_start
    name = _name(item, ctx)
    if noticed and end:
        left = (end - ctx.today).days
        rest = f"还有{left}天" if left else "今天是最后一天"
        headline = f"{name}公示到{short_day(end, ctx.today)}，{rest}{_call(item)}。"
    elif start and start > ctx.today:
        headline = f"{name}{dated(start, ctx.today)}才开始公示{_until(item, ctx.today)}{_call(item)}。"
    elif end:
        headline = f"{name}的公示{short_day(end, ctx.today)}已经结束，现在是{power.stage(item)}{_call(item)}。"
    else:
        headline = f"{name}还没到公示，现在是{power.stage(item)}{_call(item)}。"
    return Reply(headline, tuple(_lines(item, ctx)), tuple(_facts(item, ctx)))


def listed(query: Query, ctx: Context) -> Reply:
    """The matters of a place: on public notice today, finished, of a kind, or all that are under way."""
    place, named = _asked(query, ctx)
    if place is None:
        return _which_place(query)
    every = power.items(ctx.session, place.code)
    if not every:
        return _none_of_place(place, ctx)
    if not named and (missing := _of_no_such_kind(query, place, ctx)):
        return missing
    found = named or every
    kind = _shared_kind(named) if named else ""
    if _IN_PUBLICITY.search(query.text):
        return _in_publicity(place, found, ctx, kind)
    period = query.slots.get("period")
    if period and period.start != ctx.today:
        found = [
            item for item in found if any(s.day and period.start <= s.day <= period.end for s in power.steps(item))
        ]
        when = f"{short_day(period.start, ctx.today)}到{short_day(period.end, ctx.today)}有动静的"
    else:
        when = ""
    if _FINISHED.search(query.text):
        return _list(place, [item for item in found if power.stage(item) == FINISHED], f"{when}办结的{kind}", ctx)
    if not named and not when:
        return _list(place, [item for item in found if power.stage(item) != FINISHED], "正在办的", ctx)
    return _list(place, found, f"{when}{kind}", ctx)


# --- which matters are meant -------------------------------------------------------------------------------------------


def _asked(query: Query, ctx: Context) -> tuple[Place | None, list[PowerItem]]:
    """The place that is asked about and the matters of it that the question names: by number, title or kind."""
    spoken = _CODE.search(query.text)
    code = query.slots.get("code") or (spoken[0].upper() if spoken else "")
    if code and (item := power.by_code(ctx.session, code)):
        return ctx.places.get(item.place) or ctx.places.county, [item]
    place = where.asked(query, ctx)
    if place is None or code:
        return place, []
    every = power.items(ctx.session, place.code)
    text = _plainly(query.text)
    titles, kinds = {item.title for item in every}, {item.kind for item in every}
    best = set(closest(replace(query, text=text), sorted(titles | kinds), str, ctx.places))
    found = [item for item in every if item.title in best or item.kind in best]
    wanted = _OBJECT.search(query.text)
    if wanted and not best & titles:  # a kind was found: the thing itself must be of it
        pairs = [word[at : at + 2] for word in _words(wanted[1], place) for at in range(len(word) - 1)]
        found = [item for item in found if not pairs or any(pair in item.title + item.kind for pair in pairs)]
    return place, found


def _plainly(text: str) -> str:
    """A question without the words for stages, with the list's own words beside the villagers'."""
    text = _STAGE_WORDS.sub(" ", text)
    return " ".join([text, *(meant for said, meant in _PLAIN.items() if said in text)])


def _of_no_such_kind(query: Query, place: Place, ctx: Context) -> Reply | None:
    """A kind of matter that occurs elsewhere and not here is said to be missing here."""
    if "title" in query.slots:
        return None
    missing = closest(replace(query, text=_plainly(query.text)), power.kinds(ctx.session), str, ctx.places)
    held = power.items(ctx.session, place.code)
    if not missing or not held:
        return None
    return _none(f"{where.said(place, ctx.places)}没有{'、'.join(missing)}事项。", place, held, ctx)


def _words(text: str, place: Place) -> list[str]:
    """What of a question may name a matter: its words without those that only ask."""
    text = text.replace(place.name, " ").replace(short_name(place.name), " ")
    return [word for word in re.findall("[一-鿿]+", _FILLER.sub(" ", _STAGE_WORDS.sub(" ", text))) if len(word) >= 2]


def _shared_kind(items: Sequence[PowerItem]) -> str:
    kinds = {item.kind for item in items}
    return kinds.pop() if len(kinds) == 1 else ""


# --- wording -----------------------------------------------------------------------------------------------------------


def _which_place(query: Query) -> Reply:
    if "code" in query.slots or _CODE.search(query.text):
        return Reply("没有查到这个编号的事项，请再看看编号写得对不对。")
    return Reply("您问的是哪个村的事？请连镇名和村名一起说。")


def _name(item: PowerItem, ctx: Context) -> str:
    """A matter's title with its village before it, said once."""
    place = ctx.places.get(item.place)
    if place is None:
        return item.title
    title = where.said(place, ctx.places)
    return title + item.title.removeprefix(title).removeprefix(place.name)


def _now(item: PowerItem, today: date) -> str:
    """Where a matter stands: 正在公示，11月27日结束，还有4天."""
    name = power.stage(item)
    day = power.day_of(item, name)
    if name == PUBLICITY and item.publicity_end:
        if power.in_publicity(item, today):
            left = (item.publicity_end - today).days
            rest = f"还有{left}天" if left else "今天是最后一天"
            return f"正在公示，到{short_day(item.publicity_end, today)}，{rest}"
        if item.publicity_end < today:
            return f"公示{short_day(item.publicity_end, today)}已经结束"
    if name == FINISHED:
        return f"{short_day(day, today)}已经办结" if day else "已经办结"
    since = f"，{short_day(day, today)}{name}" if day else ""
    return f"办到“{name}”这一步{since}"


def _until(item: PowerItem, today: date) -> str:
    return f"，到{short_day(item.publicity_end, today)}" if item.publicity_end else ""


def _call(item: PowerItem) -> str:
    return f"，有意见打{item.hotline}" if item.hotline else ""


def _party(item: PowerItem, ctx: Context) -> str:
    """To whom a matter goes: in full where it is a contract, else a private person only to the village."""
    if _CONTRACT.search(item.kind + item.title):
        return item.counterparty
    return people.told(item.counterparty, item.place, ctx.asker)


def _deal(item: PowerItem, ctx: Context) -> str:
    """Who got it and for how much; what is not written down is said to be so."""
    role = "承接方" if _CONTRACT.search(item.kind + item.title) else "申请人"
    party = f"{role}{_party(item, ctx)}" if item.counterparty else f"没写{role}"
    return f"{party}，金额{yuan(item.amount)}" if item.amount is not None else f"{party}，没写金额"


def _told(item: PowerItem, query: Query, ctx: Context) -> Reply:
    following = power.following(item)
    now = _now(item, ctx.today)
    headline = f"{_name(item, ctx)}{now}"
    if _WHO_GOT_IT.search(query.text):
        headline = f"{_name(item, ctx)}：{_deal(item, ctx)}；{now}"
    elif following:
        headline += f"；下一步是{following}"
    return Reply(f"{headline}。", tuple(_lines(item, ctx)), tuple(_facts(item, ctx)))


def _lines(item: PowerItem, ctx: Context) -> list[str]:
    """All that is written down about a matter, line by line."""
    lines = [f"{item.kind}，编号{item.code}", _deal(item, ctx)]
    gone = []
    for step in power.steps(item):
        if step.day:
            until = f"到{short_day(step.until, ctx.today)}" if step.until else ""
            gone.append(f"{step.stage}{short_day(step.day, ctx.today)}{until}")
    if gone:
        lines.append("，".join(gone))
    if item.hotline:
        lines.append(f"监督电话{item.hotline}")
    return lines


def _facts(item: PowerItem, ctx: Context) -> list[Fact]:
    def fact(what: str, value: Value, unit: str = "") -> Fact:
        place = ctx.places.full_name(item.place)
        as_of = item.as_of or item.source.as_of
        return Fact(what, value, unit, item.title, place, as_of, item.source.department)

    facts = [fact("当前环节", power.stage(item)), fact("事项编号", item.code), fact("事项类别", item.kind)]
    for step in power.steps(item):
        facts += [fact(f"{step.stage}日期", short_day(day, ctx.today)) for day in (step.day, step.until) if day]
    if power.in_publicity(item, ctx.today) and item.publicity_end:
        facts.append(fact("公示剩余天数", (item.publicity_end - ctx.today).days, "天"))
    if item.amount is not None:
        facts.append(fact("涉及金额", fen(item.amount), "元"))
    if item.counterparty:
        facts.append(fact("相对人", _party(item, ctx)))
    if item.hotline:
        facts.append(fact("监督电话", item.hotline))
    return facts


def _several(found: Sequence[PowerItem], query: Query, place: Place, ctx: Context) -> Reply:
    """Several matters are meant: who got what begins with what is done, else with what is under way."""
    asked_who = bool(_WHO_GOT_IT.search(query.text))
    ordered = sorted(found, key=lambda item: (power.stage(item) == FINISHED) != asked_who)
    told = []
    for item in ordered:
        party = _party(item, ctx) if item.counterparty else ""
        name = _name(item, ctx).removeprefix(where.said(place, ctx.places)) if _titles(found) > 1 else ""
        told.append(f"{name}{party and f'（{party}）'}{_stage_said(item)}")
    lead = _titled(found, place, ctx)
    if asked_who:
        first = ordered[0]
        what = f"其中{_name(first, ctx).removeprefix(where.said(place, ctx.places))}：{_deal(first, ctx)}，{_stage_said(first)}"
    else:
        what = "、".join(told[:3])
    return _counted(f"{lead}有{len(found)}项：{what}", ordered, place, ctx)


def _titles(found: Sequence[PowerItem]) -> int:
    return len({item.title for item in found})


def _titled(found: Sequence[PowerItem], place: Place, ctx: Context) -> str:
    if _titles(found) == 1:
        return _name(found[0], ctx)
    return f"{where.said(place, ctx.places)}{_shared_kind(found) or '这类事'}"


def _stage_said(item: PowerItem) -> str:
    name = power.stage(item)
    return "已办结" if name == FINISHED else f"在{name}"


def _line(item: PowerItem, ctx: Context) -> str:
    return f"{_name(item, ctx)}：{_deal(item, ctx)}；{_now(item, ctx.today)}"


def _counted(words: str, items: Sequence[PowerItem], place: Place, ctx: Context, what: str = "") -> Reply:
    """A reply about several matters with their number as a fact."""
    shown = items[:LISTED]
    first = items[0]
    count = Fact("事项数", len(items), "项", f"{what}小微权力事项", ctx.places.full_name(place.code),
                 first.as_of or first.source.as_of, first.source.department)  # fmt: skip
    details = [_line(item, ctx) for item in shown]
    if len(items) > len(shown):
        details.append("只列了一部分，说出事项名称可以查一件。")
    return Reply(f"{words}。", tuple(details), (count, *(fact for item in shown for fact in _facts(item, ctx))))


def _in_publicity(place: Place, items: Sequence[PowerItem], ctx: Context, kind: str) -> Reply:
    """What is on public notice today, the one that ends first at the head."""
    found = [item for item in items if power.in_publicity(item, ctx.today)]
    found.sort(key=lambda item: (item.publicity_end or date.max, item.code))
    title = where.said(place, ctx.places)
    if not found:
        return _none(f"{title}今天没有正在公示的{kind or '事项'}。", place, items, ctx)
    told = []
    for item in found[:3]:
        name = _name(item, ctx).removeprefix(title)
        told.append(f"{name}到{short_day(item.publicity_end, ctx.today)}" if item.publicity_end else name)
    more = "等" if len(found) > len(told) else ""
    return _counted(f"{title}正在公示的{kind}有{len(found)}项：{'、'.join(told)}{more}", found, place, ctx)


def _list(place: Place, found: Sequence[PowerItem], what: str, ctx: Context) -> Reply:
    title = where.said(place, ctx.places)
    if not found:
        return _none(f"{title}没有{what or '这类'}事项。", place, power.items(ctx.session, place.code), ctx)
    names = list(dict.fromkeys(_name(item, ctx).removeprefix(title) for item in found))
    more = "等" if len(names) > 3 else ""
    return _counted(f"{title}{what}事项有{len(found)}项：{'、'.join(names[:3])}{more}", found, place, ctx, what)


def _none(words: str, place: Place, held: Sequence[PowerItem], ctx: Context) -> Reply:
    """None of what is asked for; as of when the list is, is said with it."""
    if not held:
        return _none_of_place(place, ctx)
    first = held[0]
    fact = Fact("有无", words, "", "小微权力事项", ctx.places.full_name(place.code), first.as_of or first.source.as_of,
                first.source.department)  # fmt: skip
    return Reply(words, (), (fact,))


def _none_of_place(place: Place, ctx: Context) -> Reply:
    return Reply(
        f"没有{where.said(place, ctx.places)}的小微权力事项记录，不能拿别处的事回您。",
        ("可以问村委会，或者看村务公开栏。",),
    )


def _not_held(query: Query, place: Place, ctx: Context) -> Reply:
    """A matter that is not on the list: said so, with what is. A quoted title may be a notice's instead."""
    if (title := query.slots.get("title")) and known_notices.titled(ctx.session, title, ctx.today):
        return notices.answer(query, ctx).with_intent("notice")
    every = power.items(ctx.session, place.code)
    if not every:
        return _none_of_place(place, ctx)
    title = where.said(place, ctx.places)
    asked = (
        query.slots.get("title") or query.slots.get("code") or (code[0] if (code := _CODE.search(query.text)) else "")
    )
    what = f"“{asked}”这件事" if asked else "您问的这件事"
    names = list(dict.fromkeys(_name(item, ctx).removeprefix(title) for item in every))[:LISTED]
    reply = _none(f"{title}的小微权力台账里没有{what}。", place, every, ctx)
    facts = [
        Fact("事项名称", name, "", "小微权力事项", reply.facts[0].place, reply.facts[0].as_of, reply.facts[0].source)
        for name in names
    ]
    return replace(reply, details=(f"台账里有：{'、'.join(names)}。",), facts=(*reply.facts, *facts))
