"""When loudspeakers play an announcement, and how loud. Pure.

- An ordinary one is played at its `hours` (07:00, 12:00 and 18:00 where it names none) on each day that it is in force,
  and once as it begins; never between 21:00 and 06:30. An hour within ten minutes of its beginning is the same play.
- An emergency is played as it begins, at any time of the day, every ten minutes in the first hour, then each hour for
  the rest of a day; what lasts longer is played at its hours from then on, by day.
- Nothing is played once it has ended. Emergencies go first, and cut off what is being played.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import chain
from typing import Protocol

HOURS = (time(7), time(12), time(18))

#: From when to when only emergencies are heard.
QUIET_FROM, QUIET_UNTIL = time(21), time(6, 30)

APART = timedelta(minutes=10)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

#: A play that could not be made at its moment is still made for so long.
LATE = timedelta(minutes=10)

#: What is due stands in the `.m3u` for so many seconds at least: who asks twice a minute does not miss it.
WINDOW = 30.0

#: Of a loudspeaker's full volume, in hundredths.
VOLUME = {"emergency": 100, "routine": 70}


class Said(Protocol):
    """What is to be played; see `knowledge.announcements.tables.Announcement`. Moments have their zone."""

    @property
    def urgency(self) -> str: ...
    @property
    def hours(self) -> Sequence[str]: ...
    @property
    def ends(self) -> datetime: ...


def moments(said: Said, began: datetime, since: datetime, until: datetime) -> list[datetime]:
    """When it is played within `since` <= moment < `until`, in order. The zone of `since` is that of the hours.

    `began` is when it was first in force: its start, or when it was released or approved if that was later.
    """
    began = began.astimezone(since.tzinfo)
    last = min(said.ends, until)
    if said.urgency == "emergency":
        calm = began + DAY
        found = chain(_pressing(began), (at for at in _daily(said, calm, last) if at >= calm))
    else:
        daily = (at for at in _daily(said, began, last) if at - began >= APART)
        found = chain(() if quiet(began) else (began,), daily)
    return sorted({at for at in found if since <= at < last})


def due(said: Said, began: datetime, now: datetime, seconds: float) -> bool:
    """Whether a player that asks now is to play it: a play began within its own length, or half a minute."""
    window = timedelta(seconds=max(seconds, WINDOW))
    return bool(moments(said, began, now - window, now + timedelta(microseconds=1)))


def quiet(at: datetime) -> bool:
    """Whether only emergencies are heard at a local moment."""
    return at.time() >= QUIET_FROM or at.time() < QUIET_UNTIL


def _pressing(began: datetime) -> Iterator[datetime]:
    yield from (began + APART * count for count in range(6))
    yield from (began + HOUR * count for count in range(1, 24))


def _daily(said: Said, began: datetime, last: datetime) -> Iterator[datetime]:
    hours = tuple(filter(None, map(_hour, said.hours))) or HOURS
    day = began.date()
    while (midnight := datetime.combine(day, time(), began.tzinfo)) < last:
        for hour in hours:
            at = datetime.combine(day, hour, began.tzinfo)
            if at >= began and not quiet(at):
                yield at
        day = (midnight + DAY).date()


def _hour(written: str) -> time | None:
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", written, re.ASCII)
    return time(int(found[1]), int(found[2])) if found else None
