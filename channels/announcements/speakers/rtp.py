"""RTP to a multicast group or one address: MPEG audio frames, payload type 14 at 90 kHz (RFC 3550, 3551, 2250).

FFmpeg's muxer makes the packets (several frames each, in all below an Ethernet frame) and the RTCP sender reports on
the port above.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from fractions import Fraction
from threading import Event
from typing import Any
from urllib.parse import urlencode

import av

from channels.announcements.speakers.airtime import FRAME, RATE, SAMPLES, Airtime, Library
from channels.announcements.speakers.booth import Booth
from channels.announcements.speakers.watch import Speakers

#: Of RFC 3551: MPEG audio.
PAYLOAD = 14

#: Octets of a packet at most, and seconds between two looks for frames to send and for announcements.
PACKET, TICK, LOOK = 1316, 0.1, 0.5


class Group:
    """Where a stream goes. `ttl` is how many routers it passes, `source` the address of the network card to use."""

    def __init__(self, host: str, port: int, ttl: int = 1, source: str = "") -> None:
        self.host, self.port, self.ttl, self.source = host, port, ttl, source

    @classmethod
    def of(cls, written: str, ttl: int = 1, source: str = "") -> Group:
        """From `239.1.2.3:5004`. Raises ValueError, saying what is wrong."""
        found = re.fullmatch(r"(\d+\.\d+\.\d+\.\d+):(\d{1,5})", written, re.ASCII)
        if found is None or not 1024 <= int(found[2]) < 65535 or int(found[2]) % 2:
            raise ValueError(f"{written}: write an IPv4 address and an even port above 1023, such as 239.1.2.3:5004")
        ipaddress.IPv4Address(found[1])
        return cls(found[1], int(found[2]), ttl, source)

    @property
    def url(self) -> str:
        """As FFmpeg takes it."""
        options: dict[str, Any] = {"pkt_size": PACKET, "ttl": self.ttl}
        return (
            f"rtp://{self.host}:{self.port}?{urlencode(options | ({'localaddr': self.source} if self.source else {}))}"
        )

    def sdp(self, name: str) -> str:
        """The description of the stream, which a receiver is set up with (RFC 8866)."""
        multicast = ipaddress.IPv4Address(self.host).is_multicast
        lines = (
            "v=0",
            f"o=- {self.port} 1 IN IP4 {self.source or self.host}",
            f"s={name}",
            f"c=IN IP4 {self.host}{f'/{self.ttl}' if multicast else ''}",
            "t=0 0",
            f"m=audio {self.port} RTP/AVP {PAYLOAD}",
            f"a=rtpmap:{PAYLOAD} MPA/90000",
        )
        return "".join(f"{line}\r\n" for line in lines)


class Stream:
    """Packets of frames to a group; to be closed. Raises OSError where the network does not take them."""

    def __init__(self, group: Group) -> None:
        self._out = av.open(group.url, "w", format="rtp")
        self._stream = self._out.add_stream("libmp3lame", rate=RATE, layout="mono")
        self._sent = 0

    def send(self, frames: Iterable[bytes]) -> None:
        """Hand frames to the muxer, which sends them a packet at a time."""
        for frame in frames:
            packet = av.Packet(frame)
            packet.stream = self._stream
            packet.time_base = Fraction(1, RATE)
            packet.pts = packet.dts = self._sent * SAMPLES
            packet.duration = SAMPLES
            self._out.mux(packet)
            self._sent += 1

    def close(self) -> None:
        """Send what is left."""
        self._out.close()


def run(group: Group, place: str, speakers: Speakers, booth: Booth, clock: Callable[[], datetime], stop: Event) -> None:
    """Send what a place hears until told to stop. Raises OSError where the network does not take it."""
    airtime, stream = Airtime(place, booth, Library()), Stream(group)
    begun, sent, looked = time.monotonic(), 0, -LOOK
    try:
        while not stop.is_set():
            elapsed = time.monotonic() - begun
            if elapsed - looked >= LOOK:
                looked = elapsed
                airtime.look(speakers.on_air(clock()), clock())
            count = int(elapsed / FRAME) - sent
            sent += count
            stream.send(airtime.take(min(count, int(2 / FRAME))))
            stop.wait(TICK)
    finally:
        stream.close()
