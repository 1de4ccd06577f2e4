"""What a worker does for loudspeakers: speaks announcements before they are asked for, and notices silent loudspeakers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event
from typing import Any, Protocol

from channels.announcements.speakers.booth import Booth, SilentError
from channels.announcements.speakers.playlist import OnAir

log = logging.getLogger(__name__)

#: It looks for new announcements so often, and for silent loudspeakers every so many looks; seconds.
LOOK, ROUND = 0.5, 20

#: After a failure it waits for so many seconds.
REST = 5.0


class Speakers(Protocol):
    """See `knowledge.announcements.speakers.Speakers`."""

    def on_air(self, now: datetime, place: str | None = None) -> Sequence[OnAir]: ...
    def coming(self, now: datetime) -> Sequence[Any]: ...
    def newly_silent(self, now: datetime, limit: timedelta) -> Sequence[Any]: ...
    def silent(self, now: datetime, limit: timedelta) -> Sequence[Any]: ...


class Watch:
    """Looks after the loudspeakers. `limit` is how long one may be silent; several may watch."""

    def __init__(self, speakers: Speakers, booth: Booth, clock: Callable[[], datetime], limit: timedelta) -> None:
        self._speakers = speakers
        self._booth = booth
        self._now = clock
        self._limit = limit

    def run(self, stop: Event) -> None:
        """Watch until told to stop."""
        looks = 0
        while not stop.is_set():
            wait = LOOK
            try:
                self.prepare()
                if looks % ROUND == 0:
                    self.listen()
            except Exception:
                log.exception("the loudspeakers could not be looked after; trying again")
                wait = REST
            looks += 1
            stop.wait(wait)

    def prepare(self) -> None:
        """Have made what loudspeakers play now or will play, without waiting for it."""
        self._booth.begin(self._said())

    def listen(self) -> None:
        """Say once of each loudspeaker that it has fallen silent; its next report says that it is back."""
        for speaker in self._speakers.newly_silent(self._now(), self._limit):
            log.warning(
                "loudspeaker %s in %s is silent: nothing heard since %s; check its power and network",
                *(speaker.name, speaker.place, speaker.seen or speaker.since),
            )

    def problems(self) -> list[str]:
        """What keeps loudspeakers from being heard: those that are silent, and what cannot be spoken. Takes its time."""
        silent = self._speakers.silent(self._now(), self._limit)
        found = [f"{each.name} in {each.place} is silent: check its power and network" for each in silent]
        for said in self._said():
            try:
                self._booth.make(said)
            except SilentError as error:
                found.append(f"announcement {said.id} cannot be spoken: {error}")
        return found

    def _said(self) -> list[Any]:
        now = self._now()
        return [*(each.said for each in self._speakers.on_air(now)), *self._speakers.coming(now)]
