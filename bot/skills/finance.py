"""Village accounts: totals and subjects, entries and the largest ones, vouchers; villages beside each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from bot.messages import Choice, Fact, Reply
from bot.skills import pictures, where
from bot.skills.base import Context
from bot.skills.finance_topic import (
    Topic,
    before,
    entry_facts,
    entry_line,
    money,
    money_facts,
    summary_said,
    topic_of,
)
from bot.skills.price_topic import named
from bot.skills.wording import fen, full_day, plain, yuan
from bot.understanding.query import Query
from knowledge import finance
from knowledge.finance import EXPENSE, INCOME, Sum
from knowledge.tables import FinanceEntry

#: So many subjects, entries or villages are told one by one.
LISTED = 5

_RANKING = re.compile("哪个村|哪一个村|哪村|哪些村|哪几个村|啥村|什么村|哪个镇|哪些镇|排第几|排名|排行|第几名")
_TOWNS = re.compile("哪个镇|哪些镇|哪个乡|哪个街道")
_WHAT_FOR = re.compile(
    "花哪|花到哪|花在哪|花在啥|用哪|用在哪|都花|干啥了|干啥用|花啥|哪些方面|哪块|哪方面|最多的是|哪一?项"
)
_LARGEST = re.compile(r"最大|大笔|大额|最多|最高|大头|从大到小|由大到小|排一排|排排|排名|前[几一二三四五六七八九十\d]+")
_SMALLEST = re.compile("最小|最少|最低")
_WHO = re.compile("谁批|谁审|审批|批准|谁签|签字|经手|经办|谁花|谁办|谁花的|谁领")
_BALANCE = re.compile("余额|结余|剩多少|剩下|还有多少|现在有多少钱|存款|存了|欠|外债")
_VOUCHER = re.compile(
    r"[记收付转现银]?字?第?\d{4,8}(?:-\d{1,12})+|[记收付转现银]字?第?\d+(?:-\d+)*|第?\d+号?(?=凭证)|(?<=凭证)号?第?\d+"
)


def total(query: Query, ctx: Context) -> Reply:
    """Income and expense of a period, or of one subject in it; against an earlier period; villages in order."""
    if _RANKING.search(query.text):
        return _ranking(query, ctx)
    topic = topic_of(query, ctx)
    if isinstance(topic, Reply):
        return topic
    if topic.purpose:
        return _not_a_subject(topic)
    if "baseline" in query.slots:
        return _compared(topic, query)
    if topic.thing or _WHO.search(query.text):
        return _one(topic, query)
    return _no_balance(_whole(topic, query)) if _BALANCE.search(query.text) else _whole(topic, query)


def listed(query: Query, ctx: Context) -> Reply:
    """The entries of a period, the latest first; the largest or smallest where those are asked for."""
    topic = topic_of(query, ctx)
    if isinstance(topic, Reply):
        return topic
    if topic.purpose:
        return _not_a_subject(topic)
    smallest = query.slots.get("extreme") == "lowest" or bool(_SMALLEST.search(query.text))
    largest = query.slots.get("extreme") == "highest" or bool(_LARGEST.search(query.text))
    if not (smallest or largest):
        return _entries(topic)
    if not topic.direction and not topic.thing:
        topic = replace(topic, direction=EXPENSE)
    found = finance.largest(ctx.session, topic.wanted(), LISTED, smallest)
    if not found:
        return _nothing(topic)
    first, way = found[0], topic.direction or found[0].direction
    what = f"{topic.thing}{'' if topic.thing.endswith(way) else way}"
    words = f"{_at(first, topic)}{summary_said(first, ctx) or first.subject}，{yuan(first.amount)}"
    headline = f"{topic.title}{topic.when}最{'小' if smallest else '大'}的一笔{what}是{words}。"
    return Reply(headline, _numbered(found, ctx), (topic.fact("期间", topic.when), *entry_facts(found, ctx)))


def voucher(query: Query, ctx: Context) -> Reply:
    """One voucher: what for, when, how much, who handled and who approved it."""
    spoken = _VOUCHER.search(query.text)
    said = query.slots.get("voucher") or (spoken[0] if spoken else "")
    place = where.asked(query, ctx) or ctx.places.get(ctx.asker.home or "")
    if not said:
        return _entry_without_number(query, ctx)
    found = finance.vouchers(ctx.session, said, place.code if place else None)
    if not found and place:
        found = finance.vouchers(ctx.session, said)
    period = query.slots.get("period")
    if period:
        found = [entry for entry in found if period.start <= entry.day <= period.end] or found
    if not found:
        return _no_voucher(said, query, ctx)
    keys = list(dict.fromkeys((entry.place, entry.voucher) for entry in found))
    if len(keys) > 1:
        return _which_voucher(said, found, ctx)
    return _voucher_told(found, ctx)


def _entry_without_number(query: Query, ctx: Context) -> Reply:
    """A payment that is named by what it was for: its entries, with who approved them and their vouchers."""
    if _LARGEST.search(query.text) or "extreme" in query.slots:
        return listed(query, ctx)
    topic = topic_of(query, ctx)
    if isinstance(topic, Topic) and topic.purpose:
        return _not_a_subject(topic)
    if isinstance(topic, Topic) and topic.thing:
        return _one(topic, query)
    return Reply("您问哪张凭证？请把凭证号一起说，或者说是哪个月的什么钱。")


# --- totals ------------------------------------------------------------------------------------------------------------


def _whole(topic: Topic, query: Query) -> Reply:
    """Income and expense of the period, with the largest subjects."""
    sums = finance.totals(topic.ctx.session, replace(topic.wanted(), direction=None))
    if not any(found.entries for found in sums.values()):
        return _nothing(topic)
    ways = [topic.direction] if topic.direction else [INCOME, EXPENSE]
    told = "，".join(f"{way}{money(sums[way].amount)}" for way in ways)
    details = [f"{way}{money(sums[way].amount)}（{sums[way].entries}笔）" for way in (INCOME, EXPENSE)]
    facts = [fact for way in (INCOME, EXPENSE) for fact in money_facts(topic, f"{way}合计", sums[way])]
    headline = f"{topic.title}{topic.when}一共{told}。"
    for way in ways:
        subjects = finance.by_subject(topic.ctx.session, topic.wanted(way))
        if subjects and way == topic.direction and (_WHAT_FOR.search(query.text) or "extreme" in query.slots):
            headline = f"{topic.title}{topic.when}{way}最多的是{subjects[0][0]}，{money(subjects[0][1].amount)}。"
        for subject, found in subjects[:LISTED]:
            details.append(f"{_with_way(subject, way)}{money(found.amount)}（{found.entries}笔）")
            facts += money_facts(topic, f"{way}金额", found, f"{topic.when}{subject}")
    period = topic.period
    picture = pictures.accounts(
        topic.place.code, topic.direction or EXPENSE, period.start, min(period.end, topic.ctx.today)
    )
    return Reply(headline, tuple(details), tuple(facts), picture=picture)


def _no_balance(reply: Reply) -> Reply:
    """The accounts are entries: what is left or owed does not stand in them."""
    return replace(reply, headline=f"公布的账里没有余额和欠款，只有收支。{reply.headline}")


def _one(topic: Topic, query: Query) -> Reply:
    """One subject's total with the number of its entries, and the entries themselves."""
    sums = finance.totals(topic.ctx.session, topic.wanted())
    ways = [way for way, found in sums.items() if found.entries]
    if not ways:
        return _no_such_entry(topic) if topic.thing else _nothing(topic)
    told: list[str] = []
    facts: list[Fact] = []
    for way in ways:
        verb = "" if topic.thing.endswith(way) else "收了" if way == INCOME else "花了"
        told.append(f"{verb}{money(sums[way].amount)}，共{sums[way].entries}笔")
        facts += money_facts(topic, f"{way}合计", sums[way])
    entries = finance.latest(topic.ctx.session, topic.wanted(), LISTED)
    headline = f"{topic.title}{topic.when}{topic.thing}{'；'.join(told)}"
    if _WHO.search(query.text):
        handlers, approvers = finance.people(topic.ctx.session, topic.wanted())
        headline += f"；{_people(handlers, approvers)}"
        facts += [topic.fact("审批人", name) for name in approvers] + [topic.fact("经手人", name) for name in handlers]
    details = [entry_line(entry, topic.ctx) for entry in entries]
    return Reply(f"{headline}。", tuple(details), (*facts, *entry_facts(entries, topic.ctx)))


def _people(handlers: Sequence[str], approvers: Sequence[str]) -> str:
    """Who approved and who handled entries."""
    words = []
    for label, names in (("审批人", approvers), ("经手人", handlers)):
        named_ones = list(dict.fromkeys(filter(None, names)))
        words.append(f"{label}{'、'.join(named_ones)}" if named_ones else f"没写{label}")
    return "，".join(words)


def _with_way(subject: str, way: str) -> str:
    return subject if subject.endswith(way) else f"{subject}{way}"


def _nothing(topic: Topic) -> Reply:
    """The books cover the period and hold no entry in it."""
    what = f"{topic.thing}{topic.direction or '收支'}"
    last = topic.fact("最近一笔", full_day(topic.books.last), "", "收支账")
    headline = f"{topic.title}{topic.when}账上没有{what}记录。"
    return Reply(headline, (f"账记到{full_day(topic.books.last)}",), (topic.fact("有无记录", f"没有{what}"), last))


def _no_such_entry(topic: Topic) -> Reply:
    """The subject occurs in the books, but not in the period."""
    rest = replace(topic, subjects=(), summaries=())
    sums = finance.totals(topic.ctx.session, replace(rest.wanted(), direction=None))
    sums_facts = [fact for way in (INCOME, EXPENSE) for fact in money_facts(rest, f"{way}合计", sums[way])]
    whole = "，".join(f"{way}{money(sums[way].amount)}" for way in (INCOME, EXPENSE))
    headline = f"{topic.title}{topic.when}没有{topic.thing}这项；这段时间一共{whole}。"
    last = finance.latest(topic.ctx.session, replace(topic.wanted(), start=topic.books.first, end=topic.books.last), 1)
    details = [f"{topic.thing}最近一笔：{entry_line(entry, topic.ctx)}" for entry in last]
    return Reply(headline, tuple(details), (*sums_facts, *entry_facts(last, topic.ctx)))


def _not_a_subject(topic: Topic) -> Reply:
    """What is asked for is no subject of the books: said so, with the whole of the period."""
    way = topic.direction or EXPENSE
    found = finance.totals(topic.ctx.session, topic.wanted(way))[way]
    headline = f"{topic.title}的账上没有“{topic.purpose}”这项；{topic.when}一共{way}{money(found.amount)}。"
    subjects = finance.by_subject(topic.ctx.session, topic.wanted(way))
    facts = [topic.fact("没有的科目", topic.purpose), *money_facts(topic, f"{way}合计", found)]
    details = (f"这段时间的科目：{'、'.join(subject for subject, _ in subjects)}",) if subjects else ()
    return Reply(headline, details, tuple(facts))


def _compared(topic: Topic, query: Query) -> Reply:
    """A sum of the period against the same sum of an earlier one."""
    session, way = topic.ctx.session, topic.direction or EXPENSE
    earlier = before(topic, query.slots["baseline"])
    other = replace(topic, period=earlier)
    now = finance.totals(session, topic.wanted(way))[way]
    facts = money_facts(topic, f"{way}合计", now)
    what = f"{topic.thing}{'' if topic.thing.endswith(way) else way}"
    head = f"{topic.title}{topic.when}{what}{money(now.amount)}"
    said = named(earlier, topic.ctx.today)
    if earlier.start < topic.books.first.replace(day=1) or earlier.start >= topic.period.start:
        held = f"账只有{full_day(topic.books.first)}到{full_day(topic.books.last)}的"
        facts += [
            topic.fact("最早一笔", full_day(topic.books.first), "", "收支账"),
            topic.fact("最近一笔", full_day(topic.books.last), "", "收支账"),
            topic.fact("对比的期间", said),
        ]
        return Reply(f"{head}；没有{said}的账可比。", (held,), tuple(facts))
    then = finance.totals(session, other.wanted(way))[way]
    facts += money_facts(other, f"{way}合计", then)
    change = now.amount - then.amount
    facts.append(topic.fact("相差", fen(abs(change)), "元"))
    if not change:
        return Reply(f"{head}，和{said}一样。", (), tuple(facts))
    words = f"比{said}的{money(then.amount)}{'多' if change > 0 else '少'}{yuan(abs(change))}"
    details = []
    if then.amount:
        share = (abs(change) / then.amount * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
        details.append(f"{'多' if change > 0 else '少'}了{plain(share)}%")
        facts.append(topic.fact("相差比例", share, "%"))
    if topic.period.end > topic.books.last and topic.period.grain == "month":
        details.append(f"{topic.when}的账还不到整月，{said}是整月")
    return Reply(f"{head}，{words}。", tuple(details), tuple(facts))


# --- villages beside each other ----------------------------------------------------------------------------------------


def _ranking(query: Query, ctx: Context) -> Reply:
    """The villages (or towns) with the largest or smallest sum, and where one's own stands."""
    own = where.asked(query, ctx) or ctx.places.get(ctx.asker.home or "")
    scope = where.town_of(own, ctx.places) if own and not query.slots.get("county") else None
    towns = bool(_TOWNS.search(query.text))
    if scope is None or towns:
        scope = ctx.places.county
    slots = query.slots.copy()
    slots.pop("village", None)
    slots["town"] = scope.code
    topic = topic_of(replace(query, slots=slots), ctx)
    if isinstance(topic, Reply):
        return topic
    if topic.purpose:
        return _not_a_subject(topic)
    way = topic.direction or EXPENSE
    sums = (finance.by_town if towns else finance.by_village)(ctx.session, topic.wanted(way))
    if not sums:
        return _nothing(replace(topic, direction=way))
    lowest = query.slots.get("extreme") == "lowest" or bool(_SMALLEST.search(query.text))
    if lowest:
        sums.reverse()
    what = f"{topic.thing}{'' if topic.thing.endswith(way) else way}"
    order = "少" if lowest else "多"
    name = _short(sums[0][0], ctx) if scope.kind == "town" else ctx.places.full_name(sums[0][0])
    headline = f"{topic.title}{topic.when}{what}最{order}的是{name}，{money(sums[0][1].amount)}。"
    unit = "镇街" if towns else "村"
    facts = [topic.fact("有账的个数", len(sums), "个")]
    details = [f"{len(sums)}个{unit}有这笔账，从{order}到{'多' if lowest else '少'}："]
    for rank, (code, found) in enumerate(sums[:LISTED], 1):
        details.append(f"{rank}. {ctx.places.full_name(code)} {money(found.amount)}")
        facts += _ranked(topic, way, rank, code, found)
    own_code = own.code[: 9 if towns else 12] if own and own.kind != "county" else ""
    mine = next(((rank, found) for rank, (code, found) in enumerate(sums, 1) if code == own_code), None)
    if mine:
        rank, found = mine
        told = f"{ctx.places.full_name(own_code)}排第{rank}名，{money(found.amount)}"
        facts += _ranked(topic, way, rank, own_code, found)
        if "第几" in query.text or "排" in query.text:
            headline = f"{topic.title}{topic.when}{what}从{order}到{'多' if lowest else '少'}，{told}。"
        elif rank > LISTED:
            details.append(told)
    return Reply(headline, tuple(details), tuple(dict.fromkeys(facts)))


def _short(code: str, ctx: Context) -> str:
    place = ctx.places.get(code)
    return place.name if place else code


def _ranked(topic: Topic, way: str, rank: int, code: str, found: Sum) -> list[Fact]:
    place = topic.ctx.places.full_name(code)
    return [topic.fact("名次", rank, "", "", place), *money_facts(topic, f"{way}合计", found, "", place)]


# --- entries and vouchers ----------------------------------------------------------------------------------------------


def _entries(topic: Topic) -> Reply:
    """How many entries there are, and the latest of them."""
    session = topic.ctx.session
    sums = finance.totals(session, topic.wanted())
    count = sum(found.entries for found in sums.values())
    if not count:
        return _no_such_entry(topic) if topic.thing else _nothing(topic)
    entries = finance.latest(session, topic.wanted(), LISTED)
    ways = [way for way in (INCOME, EXPENSE) if sums[way].entries]
    told = "，".join(f"{way}{money(sums[way].amount)}" for way in ways)
    facts = [fact for way in ways for fact in money_facts(topic, f"{way}合计", sums[way])]
    facts.append(topic.fact("记账笔数", count, "笔"))
    headline = f"{topic.title}{topic.when}{topic.thing}一共{count}笔账，{told}。"
    details = [entry_line(entry, topic.ctx) for entry in entries]
    if count > len(entries):
        details.append("只列了最近的几笔；问“最大的几笔”或者说科目，可以再查。")
    return Reply(headline, tuple(details), (*facts, *entry_facts(entries, topic.ctx)))


def _at(entry: FinanceEntry, topic: Topic) -> str:
    """Where an entry stands: its day, and its village where several are looked at."""
    village = f"{topic.ctx.places.full_name(entry.place)}" if topic.place.code != entry.place else ""
    return f"{village}{entry.day.month}月{entry.day.day}日"


def _numbered(entries: Sequence[FinanceEntry], ctx: Context) -> tuple[str, ...]:
    several = len({entry.place for entry in entries}) > 1
    return tuple(
        f"{ctx.places.full_name(entry.place)} {entry_line(entry, ctx)}" if several else entry_line(entry, ctx)
        for entry in entries
    )


def _voucher_told(entries: Sequence[FinanceEntry], ctx: Context) -> Reply:
    first = entries[0]
    place = ctx.places.get(first.place)
    title = where.said(place, ctx.places) if place else first.place
    people = _people([entry.handler for entry in entries], [entry.approver for entry in entries])
    if len(entries) > 1:
        amount = sum((entry.amount for entry in entries), Decimal(0))
        facts = entry_facts(entries, ctx)
        facts.append(replace(facts[0], what="凭证合计", value=fen(amount)))
        facts.append(replace(facts[0], what="凭证笔数", value=len(entries), unit="笔"))
        headline = f"{title}凭证{first.voucher}有{len(entries)}笔，合计{yuan(amount)}；{people}。"
        return Reply(headline, tuple(entry_line(entry, ctx) for entry in entries), tuple(facts))
    words = f"{full_day(first.day)}{first.subject}{'' if first.subject.endswith(first.direction) else first.direction}"
    what = f"（{summary_said(first, ctx)}）" if first.summary else ""
    headline = f"{title}{words}{yuan(first.amount)}{what}，{people}。"
    return Reply(headline, (f"凭证号{first.voucher}",), tuple(entry_facts(entries, ctx)))


def _no_voucher(said: str, query: Query, ctx: Context) -> Reply:
    place = where.asked(query, ctx) or ctx.places.get(ctx.asker.home or "")
    books = finance.books(ctx.session, place.code if place else ctx.places.county.code, ctx.today)
    if books is None:
        return Reply("没有收支账，查不到这张凭证。")
    title = where.said(place or ctx.places.county, ctx.places)
    held = f"{title}的账只有{full_day(books.first)}到{full_day(books.last)}的，请再看看凭证号写得对不对。"
    full = ctx.places.full_name(place.code) if place else ctx.places.county.name
    facts = [Fact("没有的凭证", said, "", "凭证", full, books.as_of, books.department)]
    for what, day in (("最早一笔", books.first), ("最近一笔", books.last)):
        facts.append(Fact(what, full_day(day), "", "收支账", full, day, books.department))
    return Reply(f"账上没有“{said}”这张凭证。", (held,), tuple(facts))


def _which_voucher(said: str, found: Sequence[FinanceEntry], ctx: Context) -> Reply:
    """Several vouchers may be meant: the latest as numbered choices."""
    shown = list({(entry.place, entry.voucher): entry for entry in found}.values())[:LISTED]
    choices = []
    for entry in shown:
        place = ctx.places.full_name(entry.place)
        choices.append(Choice(f"{place}{entry.voucher}", f"{place}凭证{entry.voucher}是什么钱"))
    facts = [Fact("凭证号", entry.voucher, "", entry.subject, ctx.places.full_name(entry.place), entry.day,
                  entry.source.department) for entry in shown]  # fmt: skip
    return Reply(f"“{said}”有好几张，您问哪张？回数字。", (), tuple(facts), tuple(choices))
