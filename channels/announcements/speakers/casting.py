"""Streams for loudspeakers that hear Icecast: one mount a village. One thread serves all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Event

from channels.announcements.speakers.airtime import FRAME, Airtime, Library
from channels.announcements.speakers.booth import Booth
from channels.announcements.speakers.icecast import Mount
from channels.announcements.speakers.playlist import OnAir
from channels.announcements.speakers.watch import REST, Speakers

log = logging.getLogger(__name__)

#: Frames are sent, and announcements looked for, every so many seconds.
TICK, LOOK = 0.25, 0.5


class Cast:
    """Streams of places. `places` are codes and the names that listeners see; `clock` tells the local time."""

    def __init__(
        self,
        url: str,
        places: Sequence[tuple[str, str]],
        speakers: Speakers,
        booth: Booth,
        clock: Callable[[], datetime],
    ) -> None:
        library = Library()
        self.mounts = [Mount(url, Airtime(code, booth, library), name) for code, name in places]
        self._speakers = speakers
        self._now = clock
        self._on_air: Sequence[OnAir] = ()

    def run(self, stop: Event) -> None:
        """Stream until told to stop."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: Event) -> None:
        tasks = [asyncio.ensure_future(mount.keep()) for mount in self.mounts]
        tasks.append(asyncio.ensure_future(self._keep_looking()))
        loop = asyncio.get_running_loop()
        begun, sent = loop.time(), 0
        try:
            while not stop.is_set():
                count = int((loop.time() - begun) / FRAME) - sent
                sent += count
                now = self._now()
                for mount in self.mounts:
                    if mount.on:
                        mount.airtime.look(self._on_air, now)
                        mount.send(min(count, int(2 / FRAME)))
                await asyncio.sleep(TICK)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_looking(self) -> None:
        """The database is asked in a thread: the sound does not wait for it."""
        while True:
            wait = LOOK
            try:
                self._on_air = await asyncio.to_thread(self._speakers.on_air, self._now())
            except Exception:
                log.exception("the announcements could not be looked up; the streams go on with those that are known")
                wait = REST
            await asyncio.sleep(wait)
