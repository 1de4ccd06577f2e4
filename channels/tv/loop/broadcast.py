"""A loop on the air, second by second."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from channels.base import Magazine
from channels.tv.loop import schedule, sound
from channels.tv.loop.coding import Kind, Second
from channels.tv.loop.drawing import Camera, Line
from channels.tv.loop.multiplex import CLOCK, Multiplex
from channels.tv.loop.schedule import TICKER, Screen

#: The MP2 of a text, or None where nothing can say it; see `Service.speech`.
Speak = Callable[[str], bytes | None]

#: Seconds of silence behind what was said.
PAUSE = 1


@dataclass(frozen=True, slots=True)
class Moment:
    """One second: screen number `at` (from 0) of `of`, its pictures, and what begins to be said with it."""

    at: int
    of: int
    pictures: Second
    spoken: Sequence[bytes] = ()


class NothingToShowError(Exception):
    """A place about which the magazine has no page."""


class Broadcast:
    """The loop of one place. `always` are the last lines of the ticker."""

    def __init__(self, magazine: Magazine, place: str, camera: Camera, speak: Speak, always: Sequence[str]) -> None:
        self._magazine = magazine
        self._place = place
        self._camera = camera
        self._speak = speak
        self._always = always
        self._lines: list[Line] = []
        self._since = 0

    def screens(self) -> list[Screen]:
        """One round. Raises NothingToShowError."""
        found = schedule.order(self._magazine, self._place)
        if not found:
            raise NothingToShowError(self._place)
        return found

    def round(self) -> Iterator[Moment]:
        """One round as it is now, without the time of day. Raises NothingToShowError, CodingError."""
        found = self.screens()
        for at in range(len(found)):
            yield from self._shown(found, at, None)

    def rounds(self) -> Iterator[Moment]:
        """Round after round, else as `round`."""
        while True:
            yield from self.round()

    def screen(self, at: int) -> Iterator[Moment]:
        """Screen `at` (from 0) of a round alone; nothing where there is no such screen."""
        found = self.screens()
        self._put(schedule.with_newsflash(self._magazine, schedule.ticker(self._magazine, self._place, self._always)))
        self._since = sum(screen.seconds for screen in found[:at])
        if at < len(found):
            yield from self._shown(found, at, None)

    def length(self, screen: Screen) -> int:
        """Seconds that a screen stands: until all is said."""
        said = -(-len(self._said(screen)) * sound.TICKS // CLOCK)
        return max(screen.seconds, said + PAUSE) if said else screen.seconds

    def live(self, clock: Callable[[], datetime]) -> Iterator[Moment]:
        """Round after round with the time of day and whatever changes meanwhile. Raises NothingToShowError, CodingError.

        A newsflash is in the ticker with the next second; what is urgent comes next, as soon as the screen has been read.
        """
        version, found, at = self._magazine.version(), self.screens(), 0
        ahead = ThreadPoolExecutor(1, "loop")
        try:
            while True:
                ahead.submit(self._speak, found[(at + 1) % len(found)].speech)  # whoever speaks keeps what was said
                yield from self._shown(found, at, clock)
                at += 1
                now = self._magazine.version()
                if now != version:
                    before, version, found = found, now, self.screens()
                    at = _after(before, at, found)
                at %= len(found)
        finally:
            ahead.shutdown(wait=False, cancel_futures=True)

    def _shown(self, found: Sequence[Screen], at: int, clock: Callable[[], datetime] | None) -> Iterator[Moment]:
        screen = found[at]
        said: Sequence[bytes] = self._said(screen)
        told = schedule.ticker(self._magazine, self._place, self._always)
        for second in range(self.length(screen)):
            if second == 0 or clock:
                self._put(schedule.with_newsflash(self._magazine, told))
            line = self._lines[self._since // TICKER % len(self._lines)]
            self._since += 1
            time = clock().strftime("%H:%M") if clock else ""
            yield Moment(at, len(found), self._camera.second(screen.page, screen.number, line, time), said)
            said = ()

    def _put(self, lines: list[Line]) -> None:
        """Let the ticker tell these lines: from the first one on where they are others than before."""
        if lines != self._lines:
            self._lines, self._since = lines, 0

    def _said(self, screen: Screen) -> tuple[bytes, ...]:
        file = self._speak(screen.speech) if screen.speech else None
        return sound.frames(file) if file else ()


def _after(before: Sequence[Screen], at: int, now: Sequence[Screen]) -> int:
    """Where a new round goes on: at what is newly urgent, else behind the screen that was shown last."""
    known = {screen.page.digest for screen in before}
    if now[0].page.priority != "normal" and now[0].page.digest not in known:
        return 0
    last = before[at - 1]
    places = [(screen.page.number, screen.number) for screen in now]
    behind = [place for place, key in enumerate(places) if key == (last.page.number, last.number)]
    return behind[0] + 1 if behind else at


def streamed(
    moments: Iterator[Moment], kind: Kind, name: str, provider: str, teletext: Iterator[bytes] | None = None
) -> Iterator[bytes]:
    """Moments as pieces of a transport stream, one a second and the rest. Raises what the moments raise."""
    with Multiplex(kind, name, provider, teletext) as stream:
        for moment in moments:
            stream.speak(moment.spoken)
            stream.second(moment.pictures)
            yield stream.take()
    yield stream.take()
