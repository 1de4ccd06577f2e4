"""How a price moves: the change against a day or period before, and the highest and lowest of a period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.price_topic import FRESH, OTHERS, Topic, each, joined, named, none_held
from bot.skills.price_words import amount, average, money, reply, span_facts, unit_said
from bot.skills.prices import compare
from bot.skills.wording import full_day, plain
from bot.understanding.query import Period, Query
from knowledge import prices
from knowledge.prices import Quote, Span

YEAR = timedelta(365)

_MARKETS = ("市场", "哪儿", "哪里", "去哪", "到哪", "啥地方", "什么地方")


def trend(query: Query, ctx: Context) -> Reply:
    """The change against a day or period before, over a period, or against the day, week, month and year before."""
    return joined(each(query, ctx, _change))


def extreme(query: Query, ctx: Context) -> Reply:
    """The days with the highest and the lowest average of a period; of one day, the markets beside each other."""
    period = query.slots.get("period")
    asks_market = any(word in query.text for word in _MARKETS) or (period is not None and period.grain == "day")
    if "market" not in query.slots and asks_market:
        return compare(query, ctx)
    return joined(each(query, ctx, _extreme))


def _change(topic: Topic, query: Query) -> Reply:
    baseline, period = query.slots.get("baseline"), topic.period
    if period and topic.whole and baseline is None:
        return _course(topic, period)
    current = _current(topic, period)
    if current is None:
        assert period is not None
        return none_held(f"没有{named(period, topic.ctx.today)}的", topic.commodity, topic.markets, topic.ctx)
    stale = "，之后没有报价" if period is None and topic.ctx.today - current.day > FRESH else ""
    head = f"{topic.title(current.market)}{topic.said(current.day)}{average(current)}"
    if baseline is None:
        return _four_changes(topic, current, head, stale)
    if baseline.start >= current.day:
        day = replace(baseline, end=baseline.start, grain="day")
        return none_held(f"没有{named(day, topic.ctx.today)}以前可比的", topic.commodity, topic.markets, topic.ctx)
    if baseline.grain in {"week", "month", "span"}:
        end = min(baseline.end, current.day - timedelta(1))
        found = prices.quotes(topic.ctx.session, topic.commodity, [current.market], baseline.start, end)
        spans = prices.spans(quote for quote in found if quote.unit == current.unit)
        if spans:
            against = f"比{topic.mean_told(spans[0], baseline)}{_moved(current, spans[0].average)}"
            details = [f"是和这{len(spans[0].quotes)}天平均价的平均比", topic.line(current)]
            facts = [*span_facts(spans[0]), *_moved_facts(current, spans[0].average)]
            return reply(f"{head}，{against}{stale}。", details, [current], facts)
    else:
        target = baseline.start if baseline.grain == "day" else _in_year(current.day, baseline.start.year)
        other = prices.near(topic.ctx.session, current, target)
        if other:
            against = f"比{topic.said(other.day)}的{average(other)}{_moved(current, other.average)}"
            facts = _moved_facts(current, other.average)
            details = [topic.line(current), topic.line(other), *_share(facts)]
            return reply(f"{head}，{against}{stale}。", details, [current, other], facts)
    when = named(baseline, topic.ctx.today)
    missing = Fact("有无报价", f"没有{when}的报价", "", topic.commodity, current.market, None, current.department)
    market = next(m for m in topic.markets if m.name == current.market)
    held = Fact("最早报价日", full_day(market.first), "", topic.commodity, market.name, market.first, market.department)
    words = f"{head}，没有{when}前后的报价，没法比，最早是{topic.said(market.first)}的{stale}。"
    return reply(words, (), [current], [missing, held])


def _current(topic: Topic, period: Period | None) -> Quote | None:
    """The quote whose change is asked for: the last, or the last of a past period."""
    if period is None:
        return topic.newest(1)[0]
    for market in topic.markets:
        last = prices.last_day(topic.ctx.session, topic.commodity, market.name, period.end)
        if last and (not topic.whole or last >= period.start):
            return prices.quotes(topic.ctx.session, topic.commodity, [market.name], last, last)[0]
    return None


def _four_changes(topic: Topic, current: Quote, head: str, stale: str) -> Reply:
    """Against the quote before, and a week, a month and a year before."""
    marks = (
        ("前一天", current.day - timedelta(1)),
        ("一周前", current.day - timedelta(7)),
        ("一个月前", current.day - timedelta(30)),
        ("去年同期", _in_year(current.day, current.day.year - 1)),
    )
    said, details, facts, told = [], [], [], [current]
    for name, target in marks:
        other = prices.near(topic.ctx.session, current, target)
        if other is None:
            details.append(f"{name}前后没有报价，没法比")
        elif other not in told:
            moved = _moved_facts(current, other.average)
            said.append(f"比{topic.said(other.day)}{_moved(current, other.average)}")
            line = f"{name}（{topic.said(other.day)}）{average(other)}，现在{_moved(current, other.average)}"
            details.append("，".join([line, *_share(moved)]))
            facts += moved
            told.append(other)
    if not said:
        return reply(f"{head}，之前没有报价，没法比{stale}。", details, told)
    words = f"{head}，{'，'.join(said[:2])}{stale}。"
    return replace(reply(words, [*details, topic.line(current)], told, facts), picture=topic.picture(current))


def _course(topic: Topic, period: Period) -> Reply:
    """From the first quote of a period to its last."""
    spans = prices.spans(topic.quotes(period.start, period.end))
    if not spans:
        return none_held(f"没有{named(period, topic.ctx.today)}的", topic.commodity, topic.markets, topic.ctx)
    span = min(spans, key=lambda span: topic.order(span.quotes[0].market))
    first, last = span.quotes[0], span.quotes[-1]
    start = f"{topic.title(first.market)}{topic.said(first.day)}{average(first)}"
    if first is last:
        return reply(f"{start}，这段时间只有这一天有报价，没法比。", (), [first])
    facts = _moved_facts(last, first.average)
    ends = f"最高{topic.said(span.highest.day)}{average(span.highest)}，最低{topic.said(span.lowest.day)}"
    details = [f"其间{ends}{average(span.lowest)}", *_share(facts)]
    headline = f"{start}，{topic.said(last.day)}{average(last)}，{_moved(last, first.average)}。"
    course = reply(headline, details, [last, first, span.highest, span.lowest], facts)
    return replace(course, picture=topic.picture(last, period))


def _moved(current: Quote, before: Decimal) -> str:
    """The change in words. It is the difference of the two prices as they are said, so that it can be checked."""
    step = amount(current.average, current.unit) - amount(before, current.unit)
    if step:
        return f"{'涨' if step > 0 else '跌'}了{plain(abs(step))}元"
    if current.average == before:
        return "持平"
    return f"略{'涨' if current.average > before else '跌'}，差不到一分钱"


def _moved_facts(current: Quote, before: Decimal) -> list[Fact]:
    where = (current.commodity, current.market, current.day, current.department)
    step = amount(current.average, current.unit) - amount(before, current.unit)
    facts = [Fact("涨跌", step, unit_said(current.unit), *where)]
    if before:
        share = (100 * (current.average - before) / before).quantize(Decimal("0.1"), ROUND_HALF_UP)
        facts.append(Fact("涨跌幅", share, "%", *where))
    return facts


def _share(facts: Iterable[Fact]) -> list[str]:
    shares = [fact.value for fact in facts if fact.unit == "%" and isinstance(fact.value, Decimal) and fact.value]
    return [f"{'涨' if share > 0 else '跌'}幅{plain(abs(share))}%" for share in shares]


def _in_year(day: date, year: int) -> date:
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=year)


def _extreme(topic: Topic, query: Query) -> Reply:
    today = topic.ctx.today
    period = topic.period or Period(today - YEAR, today, "span")
    spans = prices.spans(topic.quotes(period.start, period.end))
    if not spans:
        return none_held(f"没有{named(period, today)}的", topic.commodity, topic.markets, topic.ctx)
    spans.sort(key=lambda span: topic.order(span.quotes[0].market))
    wanted = query.slots.get("extreme")
    main, others = spans[0], spans[1 : OTHERS + 1]
    market = main.quotes[0].market
    headline = f"{topic.title(market)}{topic.from_to(main)}，{_ends(main, wanted, topic)}。"
    details = [f"比的是每天的平均价，一共{len(main.quotes)}天报价"]
    top = max(main.quotes, key=lambda quote: quote.high or quote.average)
    if top.high is not None and wanted != "lowest":
        details.append(f"单日最高报到{money(top.high, top.unit)}（{topic.said(top.day)}）")
    bottom = min(main.quotes, key=lambda quote: quote.average if quote.low is None else quote.low)
    if bottom.low is not None and wanted != "highest":
        details.append(f"单日最低报到{money(bottom.low, bottom.unit)}（{topic.said(bottom.day)}）")
    details += [f"{span.quotes[0].market}{_ends(span, wanted, topic)}" for span in others]
    facts = [fact for span in (main, *others) for fact in span_facts(span)]
    return reply(headline, details, [main.quotes[-1], top, bottom], facts)


def _ends(span: Span, wanted: str | None, topic: Topic) -> str:
    parts = []
    if wanted != "lowest":
        parts.append(f"最高是{topic.said(span.highest.day)}，平均{average(span.highest)}")
    if wanted != "highest":
        parts.append(f"最低是{topic.said(span.lowest.day)}，平均{average(span.lowest)}")
    return "；".join(parts)
