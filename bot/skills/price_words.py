"""How quotes and spans of prices are put into words, and the facts that stand for them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills.wording import fen, full_day, plain
from knowledge.prices import WEIGHT, Quote, Span

_SAME_UNIT = {"元/kg": "元/公斤", "元/千克": "元/公斤"}


def unit_said(unit: str) -> str:
    return "元/斤" if unit == WEIGHT else f"元/{unit}"


def amount(value: Decimal, unit: str) -> Decimal:
    """A stored price as it is said: to the fen, a 斤 for weights."""
    return fen(value / 2 if unit == WEIGHT else value)


def money(value: Decimal, unit: str) -> str:
    return plain(amount(value, unit)) + unit_said(unit)


def average(quote: Quote) -> str:
    return money(quote.average, quote.unit)


def _published(quote: Quote) -> tuple[str, str] | None:
    """The average as published, where that differs from what is said: ("2.33", "元/公斤")."""
    per = quote.average / 2 if quote.unit == WEIGHT else quote.average
    if quote.published is None or abs(quote.published - per) < Decimal("0.001"):
        return None
    value = quote.published if quote.count == 1 else fen(quote.published)
    return plain(value), _SAME_UNIT.get(quote.published_unit, quote.published_unit)


def told(quote: Quote) -> str:
    """A quote in words: 平均1.17元/斤（1.15～1.18），合2.33元/公斤."""
    words = f"{quote.count}个报价平均{average(quote)}" if quote.count > 1 else f"平均{average(quote)}"
    if quote.low is not None and quote.high is not None:
        low, high = amount(quote.low, quote.unit), amount(quote.high, quote.unit)
        if low != high:
            words += f"（{plain(low)}～{plain(high)}）"
        elif quote.count == 1:
            words = average(quote)
    published = _published(quote)
    return words + (f"，合{''.join(published)}" if published else "")


def quote_facts(quotes: Iterable[Quote]) -> list[Fact]:
    facts = []
    for quote in quotes:

        def fact(what: str, value: Decimal | int, unit: str, quote: Quote = quote) -> Fact:
            return Fact(what, value, unit, quote.commodity, quote.market, quote.day, quote.department)

        unit = unit_said(quote.unit)
        facts.append(fact("平均价", amount(quote.average, quote.unit), unit))
        if quote.low is not None and quote.high is not None:
            facts.append(fact("最低价", amount(quote.low, quote.unit), unit))
            facts.append(fact("最高价", amount(quote.high, quote.unit), unit))
        if published := _published(quote):
            facts.append(fact("公布的平均价", Decimal(published[0]), published[1]))
        if quote.count > 1:
            facts.append(fact("报价个数", quote.count, "个"))
    return facts


def reply(headline: str, details: Iterable[str], quotes: Iterable[Quote], facts: Iterable[Fact] = ()) -> Reply:
    return Reply(headline, tuple(details), tuple(dict.fromkeys((*quote_facts(quotes), *facts))))


def span_facts(span: Span) -> list[Fact]:
    first, last = span.quotes[0], span.quotes[-1]
    where = (first.commodity, first.market)
    value = amount(span.average, first.unit)
    return [
        Fact("每天平均价的平均", value, unit_said(first.unit), *where, last.day, last.department),
        Fact("报价天数", len(span.quotes), "天", *where, last.day, last.department),
        Fact("开始日期", full_day(first.day), "", *where, first.day, first.department),
        *quote_facts([span.lowest, span.highest]),
    ]
