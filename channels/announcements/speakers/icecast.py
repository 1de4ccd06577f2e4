"""A mount of Icecast 2.4 or later, as a source client: `/<code>.mp3`, kept on however often it is lost.

The stream is sent by PUT with Basic authentication after `100 Continue`, titles by `/admin/metadata` (Icecast 2.4's
documentation: "Icecast Protocol", "Admin Interface").
"""

from __future__ import annotations

import asyncio
import logging
import socket
from base64 import b64encode
from contextlib import suppress
from urllib.parse import quote, unquote, urlencode, urlsplit

from channels.announcements.speakers.airtime import BITS, RATE, Airtime

log = logging.getLogger(__name__)

#: Seconds that Icecast may take to answer; after a loss it is tried again so late at most.
PATIENCE, REST = 5.0, 15.0

#: A server that has not taken so many octets (ten seconds of sound) is taken for lost; the kernel keeps few beside them.
STUCK, KERNEL = BITS // 8 * 10, 16_384

#: What is played between announcements, as listeners' programmes show it.
BETWEEN = "暂无广播"


class NotTakenError(Exception):
    """Icecast does not take the stream; the text says why."""


class Mount:
    """One stream. `name` is what listeners' programmes show."""

    def __init__(self, url: str, airtime: Airtime, name: str) -> None:
        parts = urlsplit(url)
        self._host, self._tls = parts.hostname or "", parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        self._proof = f"Authorization: Basic {b64encode(user.encode()).decode()}"
        self.airtime = airtime
        self._name = name
        self._path = f"/{airtime.place}.mp3"
        self._writer: asyncio.StreamWriter | None = None
        self._title: str | None = None
        self._telling: asyncio.Task[None] | None = None

    @property
    def on(self) -> bool:
        """Whether Icecast takes the stream."""
        return self._writer is not None

    def send(self, count: int) -> None:
        """The next so many frames."""
        writer = self._writer
        if writer is None:
            return
        if writer.transport.get_write_buffer_size() > STUCK:
            log.warning("icecast %s takes nothing any more; connecting again", self._path)
            writer.transport.abort()
            self._lost()
            return
        writer.write(b"".join(self.airtime.take(count)))
        title = self.airtime.title or BETWEEN
        if title != self._title and (self._telling is None or self._telling.done()):
            self._title = title
            self._telling = asyncio.ensure_future(self._tell(title))

    async def keep(self) -> None:
        """Connect, and again whenever the connection is lost; a reason stands in the log once."""
        rest, said = 1.0, ""
        while True:
            try:
                async with asyncio.timeout(PATIENCE):  # Python 3.11's wait_for may swallow that we are to stop
                    reader, writer = await self._connect()
            except (OSError, EOFError, asyncio.LimitOverrunError, NotTakenError) as error:
                why = str(error) or type(error).__name__
                if why != said:
                    log.warning("icecast %s is not on: %s; trying again", self._path, why)
                said = why
                await asyncio.sleep(rest)
                rest = min(rest * 2, REST)
                continue
            log.info("icecast %s is on", self._path)
            rest, said, self._title, self._writer = 1.0, "", None, writer
            with suppress(OSError):
                while await reader.read(1024):
                    pass
            writer.close()
            log.warning("icecast %s is lost; connecting again", self._path)
            self._lost()
            await asyncio.sleep(rest)

    def _lost(self) -> None:
        self._writer = None
        self.airtime.rewind()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        about = (
            f"Content-Type: audio/mpeg\r\nIce-Public: 0\r\nIce-Name: {self._name}\r\nIce-Bitrate: {BITS // 1000}\r\n"
            f"Ice-Audio-Info: ice-samplerate={RATE};ice-bitrate={BITS // 1000};ice-channels=1\r\n"
        )
        reader, writer = await self._ask("PUT", self._path, f"{about}Expect: 100-continue\r\n")
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL)
        try:
            await self._accepted(reader)
        except BaseException:
            writer.close()
            raise
        return reader, writer

    async def _accepted(self, reader: asyncio.StreamReader) -> None:
        """Read answers until one is final or asks for the stream. Raises NotTakenError."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
        status = head.split(" ", 2)[1:2]
        if status == ["401"]:
            raise NotTakenError("the password is wrong: check icecast_url")
        if status not in (["100"], ["200"]):
            why = (await reader.read(200)).decode("utf-8", "replace").strip()
            raise NotTakenError(f"{head.splitlines()[0]} {why}")

    async def _tell(self, title: str) -> None:
        """Update the title that listeners see; the sound goes on without it."""
        asked = urlencode({"mode": "updinfo", "mount": self._path, "charset": "UTF-8", "song": title}, quote_via=quote)
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await self._ask("GET", f"/admin/metadata?{asked}", "")
                status = (await reader.readline()).split()[1:2]
                writer.close()
            if status != [b"200"]:
                log.info("icecast %s keeps its old title: %s", self._path, b" ".join(status).decode())
        except (OSError, TimeoutError) as error:
            log.info("icecast %s keeps its old title: %s", self._path, error or type(error).__name__)

    async def _ask(self, method: str, path: str, headers: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls or None)
        host = f"{self._host}:{self._port}"
        version = "1.1" if method == "PUT" else "1.0"
        head = (
            f"{method} {path} HTTP/{version}\r\nHost: {host}\r\nUser-Agent: Xiangyin\r\n{self._proof}\r\n{headers}\r\n"
        )
        writer.write(head.encode())
        await writer.drain()
        return reader, writer
