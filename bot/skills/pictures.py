"""Pictures of figures: a price's course, a village's accounts by subject, its five works.

A reply names a picture by its path (`Reply.picture`); the picture is drawn when somebody looks, from the same queries as
the reply. All of it is public: a path opens nothing of `village` scope.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import quote

from bot import charts
from bot.charts import Bar
from bot.skills.base import Context
from bot.skills.price_words import amount, unit_said
from bot.skills.wording import full_day, plain, yuan
from knowledge import finance, livability, prices
from knowledge.finance import EXPENSE, INCOME, Wanted

#: A price is drawn over so many days where no period is asked for.
COURSE = timedelta(days=90)

#: Below so many days with quotes there is no course to be drawn.
ENOUGH = 3

_LONGEST = timedelta(days=3660)


def _path(*parts: str) -> str:
    return "/pictures/" + "/".join(quote(part, safe="") for part in parts) + ".png"


def price_course(commodity: str, market: str, start: date, end: date) -> str:
    """The path of a price's course over days."""
    return _path("price", commodity, market, start.isoformat(), end.isoformat())


def accounts(village: str, direction: str, start: date, end: date) -> str:
    """The path of a village's income or expense by subject."""
    return _path("accounts", village, direction, start.isoformat(), end.isoformat())


def five_works(village: str) -> str:
    """The path of a village's five works."""
    return _path("works", village)


def draw(name: str, ctx: Context) -> bytes | None:
    """The PNG of a path's middle part (price/玉米/…), or None where it names no picture or nothing is held."""
    kind, *parts = name.split("/")
    try:
        match kind, parts:
            case "price", [commodity, market, start, end]:
                return _course(ctx, commodity, market, *_days(start, end))
            case "accounts", [village, direction, start, end] if direction in (INCOME, EXPENSE):
                return _accounts(ctx, village, direction, *_days(start, end))
            case "works", [village]:
                return _works(ctx, village)
    except ValueError:
        return None
    return None


def _days(start: str, end: str) -> tuple[date, date]:
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    if not timedelta(0) <= last - first <= _LONGEST:
        raise ValueError(f"no period: {start} to {end}")
    return first, last


def _course(ctx: Context, commodity: str, market: str, start: date, end: date) -> bytes | None:
    spans = prices.spans(prices.quotes(ctx.session, commodity, [market], start, end))
    if not spans or len(spans[0].quotes) < ENOUGH:
        return None
    found = spans[0].quotes
    unit = unit_said(found[0].unit)
    points = [(quote.day, amount(quote.average, quote.unit)) for quote in found]
    source = f"{found[-1].department} {found[-1].day.isoformat()}"
    return charts.course(f"{market}{commodity}平均价（{unit}）", points, unit, source)


def _accounts(ctx: Context, village: str, direction: str, start: date, end: date) -> bytes | None:
    place = ctx.places.get(village)
    books = finance.books(ctx.session, village, end) if place else None
    sums = finance.by_subject(ctx.session, Wanted(village, start, end, direction)) if books else []
    if place is None or books is None or not sums:
        return None
    rows = [Bar(subject, found.amount, yuan(found.amount)) for subject, found in sums]
    when = f"{full_day(start)}到{full_day(end)}" if start != end else full_day(start)
    return charts.bars(f"{place.name}{direction}：{when}", rows, f"{books.department} {books.as_of.isoformat()}")


def _works(ctx: Context, village: str) -> bytes | None:
    place = ctx.places.get(village)
    found = livability.of(ctx.session, village) if place and len(village) == 12 else []
    if place is None or not found:
        return None
    row = found[-1]
    rows = []
    for name, indicator in livability.INDICATORS.items():
        share = livability.share(row, name) if indicator.whole or indicator.unit == "%" else None
        if share is None:
            continue
        value = livability.value(row, name) or Decimal(0)
        said = f"{plain(value)}{indicator.unit}"
        rows.append(Bar(indicator.label, share, f"{said}（{plain(share)}%）" if indicator.whole else said))
    as_of = f" {row.as_of.isoformat()}" if row.as_of else ""
    return charts.bars(f"{place.name}五化情况", rows, f"{row.source.department}{as_of}", Decimal(100)) if rows else None
