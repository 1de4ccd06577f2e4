"""How fresh each data set is, against the rhythm in which its department should renew it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.tables import DATASETS, Source


@dataclass(frozen=True, slots=True)
class Freshness:
    """The newest day of a data set, who sent it, whether it is sample data, and whether it is late."""

    dataset: str
    as_of: date | None
    department: str
    sample: bool
    late: bool


# Built once: nearly every answer asks.
_SOURCES = database.table_of(Source)
_NEWEST = (
    select(_SOURCES.c.as_of, _SOURCES.c.department, _SOURCES.c.sample)
    .where(_SOURCES.c.dataset == bindparam("dataset"))
    .order_by(func.coalesce(_SOURCES.c.as_of, date.min).desc(), _SOURCES.c.id)
    .limit(1)
)


def of(session: Session, dataset: str, today: date) -> Freshness:
    """The freshness of one data set. An empty one is not late: there is nothing that could be too old."""
    row = session.execute(_NEWEST, {"dataset": dataset}).first()
    if row is None or row.as_of is None:
        return Freshness(dataset, None, "", False, False)
    rhythm = DATASETS[dataset].rhythm_days
    late = rhythm is not None and today - row.as_of > timedelta(days=rhythm)
    return Freshness(dataset, row.as_of, row.department, row.sample, late)
