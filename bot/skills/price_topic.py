"""What a question about prices is about: commodity, markets and period, or the reply that we hold none of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.messages import Fact, Reply
from bot.skills import pictures
from bot.skills.base import Context
from bot.skills.price_words import amount, money, told
from bot.skills.wording import day as day_said
from bot.skills.wording import full_day, plain
from bot.understanding.query import Period, Query
from knowledge import prices
from knowledge.places import short_name
from knowledge.prices import Market, Quote, Span
from knowledge.tables import DATASETS

#: After so long a price is old: its date is said plainly.
FRESH = timedelta(days=DATASETS["prices"].rhythm_days or 0)

#: So many other markets are told beside the one that is asked for.
OTHERS = 4


@dataclass(frozen=True, slots=True)
class Topic:
    """What is asked about: a commodity, the markets meant (the nearest first) and the period, cut at today."""

    commodity: str
    markets: list[Market]
    period: Period | None
    preface: str
    ctx: Context

    @property
    def whole(self) -> bool:
        """Whether the period is more than one day."""
        return self.period is not None and self.period.grain != "day"

    def order(self, market: str) -> int:
        """The place of a market in the order of nearness."""
        return next(index for index, known in enumerate(self.markets) if known.name == market)

    def quotes(self, start: date, end: date) -> list[Quote]:
        """All quotes of the markets meant, the nearest market first."""
        found = prices.quotes(self.ctx.session, self.commodity, [m.name for m in self.markets], start, end)
        return sorted(found, key=lambda quote: self.order(quote.market))

    def said(self, when: date) -> str:
        """A day as it is said today."""
        return day_said(when, self.ctx.today)

    def newest(self, most: int) -> list[Quote]:
        """The newest quotes of so many of the nearest markets, by market; by weight before by the piece."""
        return prices.newest(self.ctx.session, self.commodity, self.markets[:most])

    def line(self, quote: Quote) -> str:
        """A quote as a line of details: its market, its day, its price."""
        return f"{quote.market}{self.said(quote.day)}{told(quote)}"

    def from_to(self, span: Span) -> str:
        """The first and last day of a span in words."""
        first, last = self.said(span.quotes[0].day), self.said(span.quotes[-1].day)
        return first if first == last else f"{first}到{last}"

    def mean_told(self, span: Span, period: Period) -> str:
        """The mean of a span in words, with its lowest and highest day."""
        unit = span.quotes[0].unit
        low, high = (plain(amount(quote.average, unit)) for quote in (span.lowest, span.highest))
        when = named(period, self.ctx.today) if period.grain in {"month", "year"} else self.from_to(span)
        return f"{when}平均{money(span.average, unit)}" + (f"（每天均价{low}～{high}）" if low != high else "")

    def picture(self, last: Quote, period: Period | None = None) -> str | None:
        """The path of the course of a market's price up to a quote, None where there is too little to draw."""
        market = next(known for known in self.markets if known.name == last.market)
        start = period.start if period else max(market.first, last.day - pictures.COURSE)
        if market.quotes < pictures.ENOUGH or (last.day - start).days < pictures.ENOUGH:
            return None
        return pictures.price_course(self.commodity, last.market, start, last.day)

    def title(self, market: str) -> str:
        """How an answer begins: the market and the commodity."""
        return f"{self.preface}{market}{self.commodity}"


def each(query: Query, ctx: Context, one: Callable[[Topic, Query], Reply]) -> list[Reply]:
    named = query.slots.get("commodities") or tuple(filter(None, [query.slots.get("commodity")]))
    if not named:
        return [Reply("您问什么东西的价钱？请连品名一起说，比如“玉米多少钱一斤”。")]
    topics = [topic_of(commodity, query, ctx) for commodity in dict.fromkeys(named)]
    return [topic if isinstance(topic, Reply) else one(topic, query) for topic in topics]


def joined(replies: Sequence[Reply]) -> Reply:
    if len(replies) == 1:
        return replies[0]
    return Reply(
        "".join(reply.headline for reply in replies),
        tuple(dict.fromkeys(line for reply in replies for line in reply.details)),
        tuple(fact for reply in replies for fact in reply.facts),
    )


def topic_of(commodity: str, query: Query, ctx: Context) -> Topic | Reply:
    """The topic, or the reply that there is nothing to answer from."""
    known = prices.nearest_first(prices.markets(ctx.session, commodity, ctx.today), ctx.places)
    if not known:
        return Reply(
            f"没有{commodity}的市场报价，不能给您价钱。", (f"要买卖可以问供求信息，比如“谁家有{commodity}”。",)
        )
    asked = query.slots.get("market")
    meant = [market for market in known if market.name == asked] if asked else known
    if not meant:
        quoted = known[: OTHERS + 1]
        facts = [Fact("报价市场", m.name, "", commodity, m.name, m.last, m.department) for m in quoted]
        names = "、".join(market.name for market in quoted)
        return Reply(f"{asked}没有{commodity}的报价。", (f"报{commodity}的有：{names}。",), tuple(facts))
    meant, preface = (meant, "") if asked else _at_place(meant, query, ctx)
    period = query.slots.get("period")
    if period:
        first = min(meant, key=lambda market: market.first)
        if period.start > ctx.today:
            return none_held(f"{named(period, ctx.today)}还没到，没有", commodity, meant, ctx)
        if period.end < first.first:
            return none_held(f"没有{named(period, ctx.today)}的", commodity, meant, ctx)
        period = replace(period, end=min(period.end, ctx.today))
    return Topic(commodity, meant, period, preface, ctx)


def _at_place(known: list[Market], query: Query, ctx: Context) -> tuple[list[Market], str]:
    """The markets of a town that is named; of a place without one, all of them and words that say so."""
    slots = query.slots
    code = slots.get("village") or slots.get("town")
    place = ctx.places.get(code or "")
    if place is None or slots.get("own_village") or slots.get("own_town"):
        return known, ""
    town = ctx.places.get(place.parent or "") if place.kind in {"village", "community"} else place
    own = [market for market in known if town and market.name.startswith(short_name(town.name))]
    if own and town is place:
        return own, ""
    return [*own, *(market for market in known if market not in own)], f"{place.name}没有市场报价，"


def named(period: Period, today: date) -> str:
    """A period in words: a day, a month, a year, or from–to."""
    if period.grain == "day":
        return day_said(period.start, today)
    if period.grain == "year":
        return f"{period.start.year}年"
    if period.grain == "month":
        month = f"{period.start.month}月"
        return month if period.start.year == today.year else f"{period.start.year}年{month}"
    return f"{day_said(period.start, today)}到{day_said(min(period.end, max(today, period.start)), today)}"


def none_held(why: str, commodity: str, meant: Sequence[Market], ctx: Context) -> Reply:
    """Declines a period without quotes and says which days are held."""
    first, last = min(meant, key=lambda m: m.first), max(meant, key=lambda m: m.last)
    market = first.name if len(meant) == 1 else ""
    facts = (
        Fact("有无报价", f"{why}报价", "", commodity, market, None, last.department),
        Fact("最早报价日", full_day(first.first), "", commodity, first.name, first.first, first.department),
        Fact("最近报价日", full_day(last.last), "", commodity, last.name, last.last, last.department),
    )
    held = f"{full_day(first.first)}到{day_said(last.last, ctx.today)}"
    return Reply(f"{market}{why}{commodity}报价，只有{held}的。", (), facts)
