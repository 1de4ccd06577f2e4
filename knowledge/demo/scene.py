"""What the parts of the sample county are made from: the real places, today, and how far back the days are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from knowledge.places import Place, Places

#: One record: its values by field, and the day for which it is true.
Row = tuple[dict[str, Any], date]

#: Villages with much more of everything, so that one can ask at length: real names, invented figures.
PILOTS = frozenset({"130283116217", "130283103203", "130283106205", "130283110210", "130283113204"})

#: So many days back a county begins that is filled today.
DAYS = 400


@dataclass(frozen=True)
class Scene:
    """The county on one day. `since` is the first day that is wanted of data which grow by the day."""

    places: Places
    today: date
    since: date

    @cached_property
    def villages(self) -> list[Place]:
        """All villages in the order of their codes."""
        return self.places.villages()

    @cached_property
    def towns(self) -> tuple[Place, ...]:
        """All towns in the order of their codes."""
        return self.places.towns

    def days(self, back: int | None = None) -> Iterator[date]:
        """The days from `since` (or from `back` days ago) to today."""
        day = self.since if back is None else self.today - timedelta(back)
        while day <= self.today:
            yield day
            day += timedelta(1)


def months(start: date, end: date) -> Iterator[date]:
    """The first days of the months in which the days from `start` to `end` lie."""
    day = start.replace(day=1)
    while day <= end:
        yield day
        day = next_month(day)


def next_month(day: date) -> date:
    """The first day of the month after a day's."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def pilot(place: Place) -> bool:
    """Whether a village is one of those with much more of everything."""
    return place.code in PILOTS


def tail(place: Place) -> str:
    """The last six digits of a village's code, by which the clerks number their papers."""
    return place.code[6:]


# When a data set was last renewed, seen from a day: registers do not change every day.


def every_day(today: date) -> date:
    """Renewed today."""
    return today


def every_month(today: date) -> date:
    """Renewed on the first of the month."""
    return today.replace(day=1)


def every_quarter(today: date) -> date:
    """Renewed on the first day of the quarter."""
    return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)


def every_half_year(today: date) -> date:
    """Renewed on the first of January and of July."""
    return today.replace(month=1 if today.month < 7 else 7, day=1)


def every_autumn(today: date) -> date:
    """Renewed on the first of October, after the harvest."""
    return date(today.year if today.month >= 10 else today.year - 1, 10, 1)


def every_spring(today: date) -> date:
    """Renewed on the first of March, when the year's papers are out."""
    return date(today.year if today.month >= 3 else today.year - 1, 3, 1)
