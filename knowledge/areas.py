"""Records of a village, a town or the county, by the prefix of their division code."""

from __future__ import annotations

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute


def within(column: InstrumentedAttribute[str], place: str) -> ColumnElement[bool]:
    """Whether 12-digit codes lie in a county (6 digits), in a town (9), or are the village itself (12).

    A range rather than a pattern, so that the index on the column serves it on every database.
    """
    return column.between(place.ljust(12, "0"), place.ljust(12, "9"))
