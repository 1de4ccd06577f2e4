"""What a place hears on a stream, MP3 frame by frame: announcements at their moments, emergencies at once, else silence.

All that is heard has the form of the programmes (MPEG-2 Layer III, one channel, 22,050 Hz, 48 kbit/s constant), so that
frames of one may follow those of another; a decoder goes on across the seam. Silence borrows no bits from the frames
before it (LAME's reservoir is off), and a programme's first frame does not either.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import av
import numpy as np

from channels.announcements import wording
from channels.announcements.speakers import plays
from channels.announcements.speakers.booth import Booth, Recording
from channels.announcements.speakers.playlist import OnAir

log = logging.getLogger(__name__)

RATE, BITS, SAMPLES = 22050, 48_000, 576

#: Seconds that a frame lasts.
FRAME = SAMPLES / RATE

#: A stream that begins looks back so far for what it should be playing already.
LOOKS_BACK = timedelta(minutes=1)

#: The frames of so many programmes are kept in memory.
KEPT = 32


class Library:
    """What all places share: the frames of programmes, each file read once, and what is due. For one thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[bytes, ...]] = OrderedDict()
        self._asked: tuple[datetime, datetime] | None = None
        self._latest: dict[tuple[int, datetime, datetime], datetime | None] = {}

    def latest(self, each: OnAir, since: datetime, until: datetime) -> datetime | None:
        """When an announcement was last to be played between two moments; hundreds of places ask the same at once."""
        if self._asked != (since, until):
            self._asked = since, until
            self._latest.clear()
        key = each.said.id, each.began, each.said.ends
        if key not in self._latest:
            self._latest[key] = max(plays.moments(each.said, each.began, since, until), default=None)
        return self._latest[key]

    def frames(self, made: Recording) -> tuple[bytes, ...]:
        """The frames of a programme; none, with the reason in the log, where its file cannot be put on the stream."""
        if made.sha not in self._kept:
            self._kept[made.sha] = _read(made.file)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(made.sha)
        return self._kept[made.sha]


@dataclass
class _Play:
    said: Any  # a playlist.Said
    since: datetime
    frames: tuple[bytes, ...] = ()
    at: int = 0

    @property
    def urgent(self) -> bool:
        return bool(self.said.urgency == "emergency")


class Airtime:
    """What one place hears. For one thread."""

    def __init__(self, place: str, booth: Booth, library: Library) -> None:
        self.place = place
        self._booth = booth
        self._library = library
        self._floor: datetime | None = None
        self._taken_up: dict[int, datetime] = {}
        self._waiting: list[_Play] = []
        self._playing: _Play | None = None
        self._silence: Iterator[bytes] = cycle(silence())

    @property
    def title(self) -> str:
        """The heading of what is being played; empty in silence."""
        return wording.heading(self._playing.said) if self._playing else ""

    def look(self, on_air: Sequence[OnAir], now: datetime) -> None:
        """Take up what has become due since the last look, and drop what is no longer in force.

        What is due is often known a moment later than it is due, so that each play is remembered, not each look.
        """
        self._floor = self._floor or now - LOOKS_BACK
        since, until = max(self._floor, now - plays.LATE), now + timedelta(microseconds=1)
        ours = [each for each in on_air if each.concerns(self.place)]
        numbers = {each.said.id for each in ours}
        self._taken_up = {number: moment for number, moment in self._taken_up.items() if number in numbers}
        if self._playing and self._playing.said.id not in numbers:
            self._playing = None
        self._waiting = [each for each in self._waiting if each.said.id in numbers and now - each.since <= plays.LATE]
        busy = {each.said.id for each in (*self._waiting, *filter(None, [self._playing]))}
        for each in ours:
            number, moment = each.said.id, self._library.latest(each, since, until)
            if moment is None or moment <= self._taken_up.get(number, moment - plays.DAY):
                continue
            self._taken_up[number] = moment
            if number not in busy:
                self._waiting.append(_Play(each.said, now))
        self._waiting.sort(key=lambda each: not each.urgent)
        for play in self._waiting:
            if not play.frames and (made := self._booth.of(play.said)):
                play.frames = self._library.frames(made)
        if self._playing and not self._playing.urgent and self._next(urgent=True):
            self.rewind()

    def take(self, count: int) -> list[bytes]:
        """The next so many frames."""
        taken: list[bytes] = []
        while len(taken) < count:
            if self._playing is None and (following := self._next()):
                self._waiting.remove(following)
                self._playing = following
            if self._playing is None:
                taken += [next(self._silence) for _ in range(count - len(taken))]
                break
            part = self._playing.frames[self._playing.at : self._playing.at + count - len(taken)]
            self._playing.at += len(part)
            taken += part
            if self._playing.at >= len(self._playing.frames):
                self._playing = None
        return taken

    def rewind(self) -> None:
        """What is being played was cut off: it is played again from its beginning."""
        if self._playing:
            self._playing.at = 0
            self._waiting.append(self._playing)
            self._waiting.sort(key=lambda each: not each.urgent)
            self._playing = None

    def _next(self, urgent: bool = False) -> _Play | None:
        ready = (each for each in self._waiting if each.frames and (each.urgent or not urgent))
        return next(ready, None)


@cache
def silence() -> tuple[bytes, ...]:
    """Frames of silence, one second and a little, to be repeated."""
    coder: Any = av.CodecContext.create("libmp3lame", "w")
    coder.sample_rate, coder.layout, coder.format = RATE, "mono", "s16p"
    coder.bit_rate, coder.options = BITS, {"reservoir": "0"}
    nothing = np.zeros((1, SAMPLES), np.int16)
    packets: list[bytes] = []
    for number in range(50):
        frame = av.AudioFrame.from_ndarray(nothing, format="s16p", layout="mono")
        frame.sample_rate, frame.pts = RATE, number * SAMPLES
        packets += [bytes(packet) for packet in coder.encode(frame)]
    return tuple(packets[2:])  # the first hold the coder's own beginning


def _read(file: Path) -> tuple[bytes, ...]:
    try:
        with av.open(str(file)) as container:
            stream = container.streams.audio[0]
            if stream.rate != RATE or stream.codec_context.channels != 1 or "mp3" not in stream.codec_context.name:
                log.error("%s is not put on the streams: it is not MP3 of one channel and %d Hz", file.name, RATE)
                return ()
            return tuple(bytes(packet) for packet in container.demux(stream) if packet.size)
    except (av.FFmpegError, OSError, IndexError) as error:
        log.error("%s is not put on the streams: it cannot be read: %s", file.name, error)
        return ()
