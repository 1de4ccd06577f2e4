"""Seconds of video and sound become an MPEG transport stream of a constant rate, by FFmpeg's muxer.

Its clock (PCR) stands every 35 ms at most (ETSI TS 101 154 asks for 40), its tables ten times a second, the service's
name in UTF-8 as EN 300 468 allows. Teletext is a stream of the same programme (EN 300 472).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from types import TracebackType

import av

from channels.tv.loop import sound
from channels.tv.loop.coding import HD, LEAD, RATE, Kind, Second
from channels.tv.teletext import dvb

#: The clock of time stamps, in hertz; how much of it one picture takes.
CLOCK = 90_000
PICTURE = CLOCK // RATE

#: Milliseconds between two clock references. The muxer may be a packet late.
PCR = 35

#: So many bytes are handed on at once: whole packets, a twelfth of a second.
_BUFFER = 188 * 200

_BASE = Fraction(1, CLOCK)

#: The teletext descriptor as FFmpeg writes it for packets that no encoder of its own made: with 800 for an initial page.
_WRITTEN = dvb.DESCRIPTOR[:-2] + bytes((1 << 3, 0x00))

#: How a programme's table (PMT) begins, behind the byte that points to it.
_TABLE = b"\0\x02\xb0"


class Multiplex:
    """A stream that is being written. `take` gives what is ready; the sound that is queued is sent, then silence.

    `teletext` gives the data of a PES packet for each field, 50 a second, until it ends; without it there is none.
    """

    def __init__(self, kind: Kind, name: str, provider: str, teletext: Iterator[bytes] | None = None) -> None:
        self._out = _Out()
        options = {
            "muxrate": str(kind.rate),
            "pcr_period": str(PCR),
            "mpegts_flags": "initial_discontinuity",  # segments follow each other, and each counts from 0
            "max_delay": str(round(LEAD * 1_000_000)),
            "mpegts_service_type": "advanced_codec_digital_hdtv" if kind is HD else "digital_tv",
        }
        self._container = av.open(self._out, "w", format="mpegts", options=options, buffer_size=_BUFFER)
        self._container.metadata.update(service_name=name, service_provider=provider)
        codec = "h264" if kind is HD else "mpeg2video"
        self._video = self._container.add_mux_stream(codec, rate=RATE, width=kind.width, height=kind.height)
        self._audio = self._container.add_mux_stream("mp2", rate=sound.RATE)
        self._video.time_base = self._audio.time_base = _BASE
        self._fields = teletext or iter(())
        self._text: av.stream.Stream | None = None
        if teletext:
            self._text = self._container.add_mux_stream("dvb_teletext")
            self._text.time_base = _BASE
            self._text.metadata["language"] = dvb.LANGUAGE
        self._pictures = self._frames = 0
        self._queue: deque[bytes] = deque()

    def speak(self, frames: Iterable[bytes]) -> None:
        """Say this after what is still being said."""
        self._queue.extend(frames)

    def second(self, pictures: Second) -> None:
        """One second more."""
        for number, unit in enumerate(pictures):
            at = self._pictures * PICTURE
            while self._frames * sound.TICKS < at + PICTURE:
                self._sound()
            for field in range(at, at + PICTURE, dvb.FIELD):
                if self._text and (data := next(self._fields, None)):
                    self._send(self._text, data, field, dvb.FIELD, True)
            self._send(self._video, unit, at, PICTURE, number == 0)
            self._pictures += 1

    def _sound(self) -> None:
        frame = self._queue.popleft() if self._queue else sound.silence()
        self._send(self._audio, frame, self._frames * sound.TICKS, sound.TICKS, True)
        self._frames += 1

    def _send(self, stream: av.stream.Stream, content: bytes, at: int, length: int, whole: bool) -> None:
        packet = av.Packet(content)
        packet.stream, packet.time_base = stream, _BASE
        packet.pts = packet.dts = at
        packet.duration, packet.is_keyframe = length, whole
        self._container.mux_one(packet)

    def take(self) -> bytes:
        """What has been written since."""
        data = self._out.take()
        if self._text and (at := data.find(_WRITTEN)) >= 0:
            section = data[data.rfind(_TABLE, 0, at) + 1 :]
            section = section[: 3 + (int.from_bytes(section[1:3], "big") & 0xFFF)]
            body = section[:-4].replace(_WRITTEN, dvb.DESCRIPTOR)
            data = data.replace(section, body + dvb.crc(body).to_bytes(4, "big"))
        return data

    def close(self) -> None:
        """Write what is left; `take` gives it."""
        self._container.close()

    def __enter__(self) -> Multiplex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Out:
    """A file that is only written to: FFmpeg must not seek in a stream."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        found = b"".join(self._parts)
        self._parts.clear()
        return found
