"""A transport stream as UDP datagrams at its own rate: what a cable head-end's multiplexer takes from the network."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from queue import Queue

#: Seven packets of 188 bytes: the most that an Ethernet frame takes, and what receivers expect.
DATAGRAM = 7 * 188

#: So many seconds are made ahead, so that drawing a page never delays a datagram.
_AHEAD = 3

#: Routers that a multicast may pass.
_HOPS = 16


def address(written: str) -> tuple[str, int] | None:
    """Host and port of `udp://HOST:PORT`; None for anything else."""
    found = re.fullmatch(r"udp://([\w.\-]+):(\d{1,5})", written, re.ASCII)
    return (found[1], int(found[2])) if found and 0 < int(found[2]) < 65536 else None


def send(pieces: Iterable[bytes], to: tuple[str, int], rate: int) -> int:
    """Send pieces at `rate` bits a second until they end; how many bytes that were. Raises OSError, and what they raise."""
    sent, begun = 0, time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _HOPS)
        out.connect(to)
        for datagram in _cut(_ahead(pieces)):
            time.sleep(max(0.0, begun + sent * 8 / rate - time.monotonic()))
            out.send(datagram)
            sent += len(datagram)
    return sent


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        rest += piece
        whole = len(rest) - len(rest) % DATAGRAM
        yield from (rest[at : at + DATAGRAM] for at in range(0, whole, DATAGRAM))
        rest = rest[whole:]
    if rest:
        yield rest


def _ahead(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same pieces, made in a thread of their own."""
    made: Queue[bytes | Exception | None] = Queue(_AHEAD)

    def make() -> None:
        try:
            for piece in pieces:
                made.put(piece)
            made.put(None)
        except Exception as error:  # raised again where it is waited for
            made.put(error)

    threading.Thread(target=make, name="loop", daemon=True).start()
    while (piece := made.get()) is not None:
        if isinstance(piece, Exception):
            raise piece
        yield piece
