"""Prices: the latest, on a day, over a period; and the markets beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.price_topic import FRESH, OTHERS, Topic, each, joined, named, none_held
from bot.skills.price_words import amount, average, money, quote_facts, reply, span_facts, told
from bot.skills.wording import day as day_said
from bot.skills.wording import full_day
from bot.understanding.query import Period, Query
from knowledge import prices
from knowledge.prices import WEIGHT, Span

#: So many markets are told where they are compared.
COMPARED = 8

_BUYING = ("便宜", "去哪买", "买合算", "买划算", "进货", "最低")


def latest(query: Query, ctx: Context) -> Reply:
    """The price now, on a day, or over a period: at the market named or the county's own, with others beside it."""
    replies = each(query, ctx, _price)
    if len(replies) < 2:
        return joined(replies)
    heads = [reply.facts[0] for reply in replies if reply.facts and reply.facts[0].what in {"平均价", "价格"}]
    shared = {(fact.place, fact.as_of) for fact in heads}
    if len(heads) < len(replies) or len(shared) > 1:
        return joined(replies)
    (market, when), *_ = shared
    brief = "，".join(f"{fact.subject}{fact.value}{fact.unit}" for fact in heads)
    whole = joined(replies)
    said = day_said(when, ctx.today) if when else ""
    return replace(
        whole, headline=f"{market}{said}：{brief}。", details=(*(reply.headline for reply in replies), *whole.details)
    )


def compare(query: Query, ctx: Context) -> Reply:
    """The markets with a quote of a day (or over a period) from the highest to the lowest."""
    slots = query.slots.copy()
    slots.pop("market", None)
    return joined(each(replace(query, slots=slots), ctx, _compare))


def _price(topic: Topic, query: Query) -> Reply:
    period = topic.period
    if period is None or (period.grain == "span" and period.end == topic.ctx.today):
        return _now(topic)
    return _over(topic, period) if topic.whole else _on(topic, period.start)


def _now(topic: Topic) -> Reply:
    found = topic.newest(OTHERS + 1)
    main, others = found[0], found[1:]
    if main.unit != WEIGHT:  # sold by the piece today: an earlier price by weight is told beside it
        weighed = prices.last_day(topic.ctx.session, topic.commodity, main.market, main.day, WEIGHT)
        if weighed:
            others = [*prices.quotes(topic.ctx.session, topic.commodity, [main.market], weighed, weighed)[:1], *others]
    if topic.ctx.today - main.day > FRESH:
        headline = f"{topic.title(main.market)}最近一次报价是{topic.said(main.day)}：{told(main)}，之后没有报价。"
    else:
        headline = f"{topic.title(main.market)}{topic.said(main.day)}{told(main)}。"
    told_now = reply(headline, (topic.line(quote) for quote in others), [main, *others])
    return replace(told_now, picture=topic.picture(main))


def _on(topic: Topic, day: date) -> Reply:
    found = topic.quotes(day, day)
    if not found:
        return _before(topic, day)
    main, others = found[0], found[1 : OTHERS + 1]
    quoting = {quote.market for quote in found}
    silent = [market.name for market in topic.markets[: OTHERS + 1] if market.name not in quoting]
    details = [topic.line(quote) for quote in others]
    if silent:
        details.append(f"{'、'.join(silent)}这天没有报价")
    return reply(f"{topic.title(main.market)}{topic.said(day)}{told(main)}。", details, [main, *others])


def _before(topic: Topic, day: date) -> Reply:
    """No market quoted on this day: says so, with the nearest earlier quote."""
    for market in topic.markets:
        last = prices.last_day(topic.ctx.session, topic.commodity, market.name, day)
        if last:
            break
    else:
        return none_held(f"没有{topic.said(day)}的", topic.commodity, topic.markets, topic.ctx)
    found = prices.quotes(topic.ctx.session, topic.commodity, [market.name], last, last)
    asked = Fact("有无报价", f"{topic.said(day)}没有", "", topic.commodity, market.name, None, market.department)
    words = f"{topic.title(market.name)}{topic.said(day)}没有报价，之前最近一次是{topic.said(last)}：{told(found[0])}。"
    return reply(words, (topic.line(quote) for quote in found[1:]), found, [asked])


def _over(topic: Topic, period: Period) -> Reply:
    """The plain mean of the daily averages of a period, and today's price where the period still runs."""
    spans = prices.spans(topic.quotes(period.start, period.end))
    if not spans:
        return none_held(f"没有{named(period, topic.ctx.today)}的", topic.commodity, topic.markets, topic.ctx)
    spans.sort(key=lambda span: topic.order(span.quotes[0].market))
    main, others = spans[0], spans[1 : OTHERS + 1]
    newest = main.quotes[-1]
    words = f"{topic.title(newest.market)}{topic.mean_told(main, period)}"
    if period.end == topic.ctx.today:
        words += f"，{topic.said(newest.day)}{average(newest)}"
    details = [f"按{topic.from_to(main)}的{len(main.quotes)}天报价算，是每天平均价的平均"]
    details += [f"{span.quotes[0].market}{topic.mean_told(span, period)}" for span in others]
    facts = [fact for span in (main, *others) for fact in span_facts(span)]
    return replace(reply(f"{words}。", details, [newest], facts), picture=topic.picture(newest, period))


def _compare(topic: Topic, query: Query) -> Reply:
    today = topic.ctx.today
    if topic.period and topic.whole:
        start, end = topic.period.start, topic.period.end
    else:
        start = end = topic.period.start if topic.period else max(market.last for market in topic.markets)
    spans = prices.spans(topic.quotes(start, end))
    if not spans:
        return _before(topic, end)
    unit = spans[0].quotes[0].unit  # by weight where anything is
    same = sorted(
        (s for s in spans if s.quotes[0].unit == unit), key=lambda s: (-s.average, topic.order(s.quotes[0].market))
    )
    when = (
        topic.said(start)
        if start == end
        else named(replace(topic.period or Period(start, end, "span"), end=end), today)
    )
    asked = Fact("所问日期", when, "", topic.commodity, "", None, same[0].quotes[0].department)
    facts = [asked, *(fact for span in same[:COMPARED] for fact in _value_facts(span))]
    details = [_value_line(span, topic) for span in same[:COMPARED]]
    if len(same) > COMPARED:
        facts += _value_facts(same[-1])
        details[-1:] = [_value_line(same[-1], topic)]
    quoting = {span.quotes[0].market for span in spans}
    for market in [m for m in topic.markets if m.name not in quoting][:OTHERS]:
        note = f"，最近一次是{topic.said(market.last)}" if end >= market.last else ""
        details.append(f"{market.name}{when}没有报价，没有算进来{note}")
        facts.append(
            Fact("最近报价日", full_day(market.last), "", topic.commodity, market.name, market.last, market.department)
        )
    headline = _compared(
        topic, same, when, any(word in query.text for word in _BUYING) or query.slots.get("extreme") == "lowest"
    )
    if len(same) > 1:
        details.append("没有算路费和损耗，跑远路前先打听一下")
    return Reply(headline, tuple(details), tuple(dict.fromkeys(facts)))


def _compared(topic: Topic, same: Sequence[Span], when: str, buying: bool) -> str:
    top, bottom = same[0].average, same[-1].average
    unit = same[0].quotes[0].unit
    head = f"{topic.preface}{topic.commodity}{when}"
    if len(same) == 1:
        return f"{head}只有{same[0].quotes[0].market}有报价，平均{money(top, unit)}，没法比。"
    if amount(top, unit) == amount(bottom, unit):
        return f"{head}各市场价钱一样，平均都是{money(top, unit)}。"

    def names(value: Decimal) -> str:
        return "、".join(span.quotes[0].market for span in same if span.average == value)

    highest, lowest = f"{names(top)}最高，平均{money(top, unit)}", f"{names(bottom)}最低，{money(bottom, unit)}"
    if buying:
        return f"{head}{names(bottom)}最低，平均{money(bottom, unit)}；{names(top)}最高，{money(top, unit)}。"
    return f"{head}{highest}；{lowest}。"


def _value_line(span: Span, topic: Topic) -> str:
    first = span.quotes[0]
    if len(span.quotes) == 1:
        return topic.line(first)
    return f"{first.market}{topic.from_to(span)}平均{money(span.average, first.unit)}"


def _value_facts(span: Span) -> list[Fact]:
    return quote_facts(span.quotes) if len(span.quotes) == 1 else span_facts(span)
