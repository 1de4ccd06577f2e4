"""110 to 119: the prices of each market, what moved most, and the course of what is quoted most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from bot.magazine.sheet import nothing, page, point, screens, striped, table_head
from bot.skills.base import Context
from bot.skills.pictures import COURSE, ENOUGH
from bot.skills.price_words import amount, average, money, unit_said
from bot.skills.when import short_day
from bot.skills.wording import plain
from channels.tv import pages
from channels.tv.pages import BAR, BLACK, CYAN, GREEN, NAVY, WHITE, YELLOW, Column, Page, Row, Run
from knowledge import price_board, prices
from knowledge.prices import Market, Quote

FIRST = 110
MOVERS, COURSES = 115, 116

#: So many markets have a page, so many commodities a course, so many movers are told each way.
MARKETS, DRAWN, MOVED = MOVERS - FIRST, 4, 4

#: A commodity that was not quoted for so long has left the board.
LATELY = timedelta(days=14)
WEEK = timedelta(days=7)

_COLUMNS = (Column(14), Column(14, "right", GREEN), Column(10, "right"))
_BARS, _LONGEST = 8, 16


@dataclass(frozen=True, slots=True)
class Line:
    """A commodity on the board: its newest quote and the one of a week before, where there is one."""

    quote: Quote
    before: Quote | None

    @property
    def step(self) -> Decimal | None:
        """The change as it is said: between the two prices as they are said."""
        if self.before is None:
            return None
        unit = self.quote.unit
        return amount(self.quote.average, unit) - amount(self.before.average, unit)

    @property
    def share(self) -> Decimal:
        """The change in proportion to the price before."""
        return abs(self.step or Decimal(0)) / (self.before.average if self.before else Decimal(1))

    @property
    def moved(self) -> str:
        """涨0.02, 跌0.1, 平, or nothing where there is no price of a week before."""
        if self.step is None:
            return ""
        return f"{'涨' if self.step > 0 else '跌'}{plain(abs(self.step))}" if self.step else "平"


def made(ctx: Context) -> dict[int, Page]:
    """All pages of prices by number."""
    county = ctx.places.county.code
    every = prices.nearest_first(price_board.markets(ctx.session, ctx.today), ctx.places)[:MARKETS]
    if not every:
        empty = nothing("", "还没有市场报价。", "")
        return {FIRST: page(FIRST, "农产品价格", county, ctx.today, "", empty)}
    boards = {market.name: _board(ctx, market) for market in every}
    found = {}
    for number, market in enumerate(every, FIRST):
        found[number] = _market(ctx, number, market, boards[market.name])
    nearest = every[0]
    found[MOVERS] = _movers(ctx, nearest, boards[nearest.name])
    for number, line in enumerate(boards[nearest.name][:DRAWN], COURSES):
        if drawn := _course(ctx, number, line.quote):
            found[number] = drawn
    return found


def _board(ctx: Context, market: Market) -> list[Line]:
    lines = []
    for commodity, day in price_board.commodities(ctx.session, market.name, market.last - LATELY, ctx.today):
        quote = prices.quotes(ctx.session, commodity, [market.name], day, day)[0]
        lines.append(Line(quote, prices.near(ctx.session, quote, quote.day - WEEK)))
    return lines


def _source(market: Market) -> str:
    return f"{market.department} {market.last.isoformat()}"


def _market(ctx: Context, number: int, market: Market, board: list[Line]) -> Page:
    head = table_head(("品名", "平均价", "比上周"), _COLUMNS)
    rows = []
    for line in board:
        old = line.quote.day != market.last
        name = f"{line.quote.commodity}（{short_day(line.quote.day, ctx.today)}）" if old else line.quote.commodity
        rows.append((name, average(line.quote), line.moved))
    source = _source(market)
    title = f"{market.name}价格 {short_day(market.last, ctx.today)}"
    blocks = striped(rows, _COLUMNS)
    return page(number, title, ctx.places.county.code, ctx.today, source, screens(blocks, source, head))


def _movers(ctx: Context, market: Market, board: list[Line]) -> Page:
    source, blocks = _source(market), []
    ordered = sorted((line for line in board if line.step), key=lambda line: -line.share)
    for up, words in ((True, "涨得多的"), (False, "跌得多的")):
        told = [line for line in ordered if ((line.step or 0) > 0) == up][:MOVED]
        if told:
            rows = [(line.quote.commodity, average(line.quote), line.moved) for line in told]
            blocks += [[*pages.paragraph(words, YELLOW), *(row for block in striped(rows, _COLUMNS) for row in block)]]
    if not blocks:
        blocks = [pages.paragraph("和一星期前比，没有涨跌的。")]
    title = f"一周涨跌 {market.name}"
    return page(MOVERS, title, ctx.places.county.code, ctx.today, source, screens(blocks, source))


def _course(ctx: Context, number: int, last: Quote) -> Page | None:
    """The course of a price: bars of what was quoted, the newest at the foot."""
    found = prices.quotes(ctx.session, last.commodity, [last.market], last.day - COURSE, last.day)
    same = [quote for quote in found if quote.unit == last.unit]
    if len(same) < ENOUGH:
        return None
    shown = _spread(same)
    values = [quote.average for quote in shown]
    low, spread = min(values), (max(values) - min(values)) or Decimal(1)
    rows: list[Row] = []
    for quote in shown:
        length = 3 + round((_LONGEST - 3) * float((quote.average - low) / spread))
        said = plain(amount(quote.average, quote.unit))
        rows.append(
            (
                Run(pages.padded(short_day(quote.day, ctx.today), 9), WHITE),
                Run(" " * length, BLACK, BAR),
                Run(f" {said}", GREEN, NAVY),
            )
        )
    title = f"{last.commodity}价走势（{unit_said(last.unit)}）"
    lowest = min(same, key=lambda quote: quote.average)
    highest = max(same, key=lambda quote: quote.average)
    ends = f"{len(same)}天里最低{money(lowest.average, last.unit)}，最高{money(highest.average, last.unit)}"
    head = pages.paragraph(last.market, CYAN)
    source = f"{last.department} {last.day.isoformat()}"
    subpages = screens([[*head, *rows], point(ends)], source)
    return page(number, title, ctx.places.county.code, ctx.today, source, subpages)


def _spread(quotes: list[Quote]) -> list[Quote]:
    """Eight quotes in equal steps of days, the first and the last among them."""
    if len(quotes) <= _BARS:
        return quotes
    return [quotes[round(index * (len(quotes) - 1) / (_BARS - 1))] for index in range(_BARS)]
