"""What a worker does for announcements: begins and ends them, makes their deliveries, tries the next way.

Each step is stored whole or not at all, and the next step is found in the database: a worker may be killed at any
moment, and several may run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from decimal import Decimal
from threading import Event
from typing import Any, Protocol

from channels.announcements import wording

log = logging.getLogger(__name__)

#: With nothing to do, the worker looks again after so many seconds.
IDLE = 0.25

#: How many messages a text is on a channel to an address, and what it costs in yuan where that is known.
Price = Callable[[str, str, str], tuple[int, Decimal | None]]


class Announcements(Protocol):
    """See `knowledge.announcements.Announcements`."""

    def turn(self, now: datetime) -> Sequence[int]: ...


class Audience(Protocol):
    """See `knowledge.announcements.audience.Audience`."""

    def spread(self, channels: Collection[str], shape: Any, now: datetime) -> int | None: ...
    def follow(self, channels: Collection[str], shape: Any, now: datetime) -> int: ...


class Workflow:
    """Carries announcements on. `channels` are those that can send; `clock` tells the local time."""

    def __init__(
        self,
        announcements: Announcements,
        audience: Audience,
        channels: Collection[str],
        price: Price,
        clock: Callable[[], datetime],
    ) -> None:
        self._announcements = announcements
        self._audience = audience
        self.channels = frozenset(channels)
        self._price = price
        self._now = clock

    def run(self, stop: Event) -> None:
        """Work until told to stop."""
        while not stop.is_set():
            try:
                wait = self.step()
            except Exception:
                log.exception("an announcement could not be carried on; going on")
                wait = IDLE
            if wait:
                stop.wait(wait)

    def step(self) -> float:
        """Do what is to be done next; how many seconds there is nothing to do then, 0 for "go on"."""
        for number in self._announcements.turn(self._now()):
            log.info("announcement %d has begun or ended", number)
        made = self._audience.spread(self.channels, self.shape, self._now())
        followed = self._audience.follow(self.channels, self.shape, self._now())
        return IDLE if made is None and not followed else 0

    def shape(self, said: wording.Said, channel: str, address: str) -> tuple[str, int, Decimal | None]:
        """The words of an announcement to an address, how many messages they are, and yuan where that is known."""
        text = wording.of(said, channel)
        return (text, *self._price(channel, address, text))
