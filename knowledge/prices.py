"""Prices of farm produce: what a market quoted on a day, in 元 a 公斤 (or a piece), and what a stretch of days amounts to.

A market may quote one commodity several times a day: a `Quote` is all of them in one unit, with their span and their
plain mean. Prices by weight and by the piece are never put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.places import Places, short_name
from knowledge.tables import Price, Source

WEIGHT = "公斤"

_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Market:
    """A market that quotes a commodity, with the days of its first and last quote and how many there are."""

    name: str
    first: date
    last: date
    quotes: int
    region: str
    department: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A commodity at a market on a day, in 元 a `unit`. `low` and `high` are None where only an average is published.

    `count` published quotes are in it. `published` is their average in `published_unit`, None where the units differ.
    """

    commodity: str
    market: str
    day: date
    unit: str
    average: Decimal
    low: Decimal | None
    high: Decimal | None
    count: int
    published: Decimal | None
    published_unit: str
    department: str


@dataclass(frozen=True, slots=True)
class Span:
    """Several days of one commodity at one market in one unit. `average` is the plain mean of the daily averages.

    `lowest` and `highest` are the days with the lowest and highest average, the later one where two are equal.
    """

    quotes: tuple[Quote, ...]
    average: Decimal
    lowest: Quote
    highest: Quote


_PRICES, _SOURCES = database.table_of(Price), database.table_of(Source)


def _of_markets() -> Select[Any]:
    """Selects the markets that quoted `commodity` until `until`: built once, for building takes longer than asking."""
    known = (
        select(
            _PRICES.c.market,
            func.min(_PRICES.c.day).label("first"),
            func.max(_PRICES.c.day).label("last"),
            func.count().label("quotes"),
        )
        .where(_PRICES.c.commodity == bindparam("commodity"), _PRICES.c.day <= bindparam("until"))
        .group_by(_PRICES.c.market)
        .subquery()
    )
    other = _PRICES.alias()  # one row of the last day, so that the index alone answers the grouping
    last = (
        select(func.min(other.c.id))
        .where(
            other.c.commodity == bindparam("commodity"), other.c.market == known.c.market, other.c.day == known.c.last
        )
        .scalar_subquery()
    )
    return (
        select(known, _PRICES.c.region, _SOURCES.c.department)
        .select_from(known)
        .join(_PRICES, _PRICES.c.id == last)
        .join(_SOURCES, _PRICES.c.source_id == _SOURCES.c.id)
    )


_MARKETS = _of_markets()

_QUOTED = (
    select(
        _PRICES.c.market, _PRICES.c.day, _PRICES.c.unit, _PRICES.c.low, _PRICES.c.high, _PRICES.c.average,
        _PRICES.c.published_average, _PRICES.c.published_unit, _SOURCES.c.department,
    )
    .join(_SOURCES, _PRICES.c.source_id == _SOURCES.c.id)
    .where(_PRICES.c.commodity == bindparam("commodity"), _PRICES.c.market.in_(bindparam("markets", expanding=True)))
)  # fmt: skip
_BETWEEN = _QUOTED.where(_PRICES.c.day.between(bindparam("start"), bindparam("end")))
_ON_DAYS = _QUOTED.where(_PRICES.c.day.in_(bindparam("days", expanding=True)))


def markets(session: Session, commodity: str, until: date) -> list[Market]:
    """The markets that quoted a commodity up to a day, the most recent first, then the one that quotes most."""
    found = [Market(*row) for row in session.execute(_MARKETS, {"commodity": commodity, "until": until})]
    return sorted(found, key=lambda market: (-market.last.toordinal(), -market.quotes, market.name))


def is_local(market: Market, places: Places) -> bool:
    """Whether a market stands in the county: its name or region says the county, or its name begins with a town's."""
    county = short_name(places.county.name)
    if county in market.name or county in market.region:
        return True
    return not market.region and any(market.name.startswith(short_name(town.name)) for town in places.towns)


def nearest_first(found: Iterable[Market], places: Places) -> list[Market]:
    """The county's own markets first, those that bear its name before those of its towns; else the order is kept."""
    county = short_name(places.county.name)
    return sorted(
        found,
        key=lambda m: (0, -m.last.toordinal(), county not in m.name) if is_local(m, places) else (1, 0, False),
    )


def quotes(session: Session, commodity: str, names: Sequence[str], start: date, end: date) -> list[Quote]:
    """All quotes of a commodity at markets from `start` to `end`, by market and day; by weight before by the piece."""
    asked = {"commodity": commodity, "markets": list(names), "start": start, "end": end}
    return _quotes(commodity, session.execute(_BETWEEN, asked))


def newest(session: Session, commodity: str, asked: Sequence[Market]) -> list[Quote]:
    """The quotes of each market's own last day, by market in the order asked; by weight before by the piece."""
    last = {market.name: market.last for market in asked}
    wanted = {"commodity": commodity, "markets": list(last), "days": list(set(last.values()))}
    rows = session.execute(_ON_DAYS, wanted)
    found = _quotes(commodity, (row for row in rows if row.day == last[row.market]))
    order = list(last)
    return sorted(found, key=lambda quote: order.index(quote.market))


def _quotes(commodity: str, rows: Iterable[Any]) -> list[Quote]:
    """Rows of one commodity as quotes: those of one market, day and unit are one."""
    groups: dict[tuple[str, date, bool, str], list[Any]] = {}
    for row in rows:
        groups.setdefault((row.market, row.day, row.unit != WEIGHT, row.unit), []).append(row)
    found = []
    for (market, day, _, unit), same in sorted(groups.items(), key=lambda item: item[0]):
        published_units = {row.published_unit for row in same}
        lows = [row.average if row.low is None else row.low for row in same]
        highs = [row.average if row.high is None else row.high for row in same]
        ranged = len(same) > 1 or same[0].low is not None or same[0].high is not None
        found.append(
            Quote(
                commodity,
                market,
                day,
                unit,
                mean(row.average for row in same),
                min(lows) if ranged else None,
                max(highs) if ranged else None,
                len(same),
                mean(row.published_average for row in same) if len(published_units) == 1 else None,
                same[0].published_unit if len(published_units) == 1 else "",
                same[0].department,
            )
        )
    return found


def last_day(session: Session, commodity: str, market: str, until: date, unit: str | None = None) -> date | None:
    """The last day up to `until` on which a market quoted a commodity (in `unit`), or None."""
    where = [Price.commodity == commodity, Price.market == market, Price.day <= until]
    if unit:
        where.append(Price.unit == unit)
    return session.scalar(select(Price.day).where(*where).order_by(Price.day.desc()).limit(1))


def near(session: Session, quote: Quote, target: date) -> Quote | None:
    """The quote nearest to `target` of those before `quote`, at its market and in its unit; the earlier of two.

    Farther from the target than a quarter of the way back (at least 3 days, at most 30) it would be another
    season's price: then there is none.
    """
    slack = timedelta(min(30, max(3, (quote.day - target).days // 4)))
    end = min(target + slack, quote.day - timedelta(1))
    found = quotes(session, quote.commodity, [quote.market], target - slack, end)
    same = [other for other in found if other.unit == quote.unit]
    return min(same, key=lambda other: abs((other.day - target).days), default=None)


def spans(found: Iterable[Quote]) -> list[Span]:
    """Quotes by market and unit, by weight before by the piece, else in the order of their first."""
    groups: dict[tuple[str, str], list[Quote]] = {}
    for quote in found:
        groups.setdefault((quote.market, quote.unit), []).append(quote)
    return [
        Span(
            tuple(group),
            mean(quote.average for quote in group),
            max(group, key=lambda quote: (-quote.average, quote.day)),
            max(group, key=lambda quote: (quote.average, quote.day)),
        )
        for _, group in sorted(groups.items(), key=lambda item: item[0][1] != WEIGHT)
    ]


def mean(values: Iterable[Decimal]) -> Decimal:
    """The plain mean, to four places."""
    listed = list(values)
    return (sum(listed, Decimal(0)) / len(listed)).quantize(_PLACES, ROUND_HALF_UP)
