"""The board of a market: which markets there are and what each of them quotes."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from knowledge.prices import Market
from knowledge.tables import Price, Source


def markets(session: Session, until: date) -> list[Market]:
    """All markets that quoted anything up to a day, the most recent first, then the one that quotes most."""
    rows = session.execute(
        select(
            Price.market,
            func.min(Price.day),
            func.max(Price.day),
            func.count(),
            func.max(Price.region),
            func.max(Source.department),
        )
        .join(Source, Price.source_id == Source.id)
        .where(Price.day <= until)
        .group_by(Price.market)
    )
    found = [Market(*row) for row in rows]
    return sorted(found, key=lambda market: (-market.last.toordinal(), -market.quotes, market.name))


def commodities(session: Session, market: str, since: date, until: date) -> list[tuple[str, date]]:
    """What a market quoted from a day to a day, with the last day of each; what it quotes most often first."""
    rows = session.execute(
        select(Price.commodity, func.max(Price.day), func.count().label("quotes"))
        .where(Price.market == market, Price.day.between(since, until))
        .group_by(Price.commodity)
    )
    ordered = sorted(rows, key=lambda row: (-row.quotes, row.commodity))
    return [(row[0], row[1]) for row in ordered]
