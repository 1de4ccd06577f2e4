"""A gateway as a process of its own that takes every message at once and remembers how often each: a lean HTTP server.

`python -m tests.channels.fast_gateway` prints its port. `/cgi-bin/sendsms` is Kannel's; `/count` tells how many messages
it has taken, `/ledger` each number and how often that message came.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections import Counter
from http.client import HTTPConnection
from typing import ClassVar

#: The number of a message stands in its dlr-url, which is a value of the query: `&id=7` is written `%26id%3D7`.
NUMBER = re.compile(rb"%26id%3D(\d+)")

ACCEPTED = b"0: Accepted for delivery"


class Taking(asyncio.Protocol):
    """One connection: answers each request as soon as it is whole, as long as the other side keeps it open."""

    ledger: ClassVar[Counter[int]] = Counter()
    taken: ClassVar[int] = 0

    def __init__(self) -> None:
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            request, self._read = self._read[:end], self._read[end + 4 :]
            self._transport.write(self._answer(request.split(b" ", 2)[1]))

    def _answer(self, path: bytes) -> bytes:
        if path == b"/count":
            return _response(b"200 OK", b"%d" % Taking.taken)
        if path == b"/ledger":
            return _response(b"200 OK", b"\n".join(b"%d %d" % pair for pair in self.ledger.items()))
        number = NUMBER.search(path)
        if not number:
            return _response(b"400 Bad Request", b"no number")
        self.ledger[int(number[1])] += 1
        Taking.taken += 1
        return _response(b"202 Accepted", ACCEPTED)


def _response(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


class FastGateway:
    """The process, seen from outside. To be stopped."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", __name__]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}/cgi-bin/sendsms"

    def count(self) -> int:
        """How many messages it has taken."""
        return int(self._ask("/count"))

    def ledger(self) -> dict[int, int]:
        """How often each message came."""
        pairs = (line.split() for line in self._ask("/ledger").splitlines())
        return {int(number): int(times) for number, times in pairs}

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _ask(self, path: str) -> str:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Taking, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
