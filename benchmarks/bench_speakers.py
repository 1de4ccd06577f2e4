"""Loudspeakers: how soon an emergency is on a playlist and spoken, playlists a second, what 530 streams cost.

Beside it, in the same minute: bare eSpeak synthesis of the same text, `/healthz`, and a loop that only writes as many
octets to as many sockets.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from app import Service, create_app
from channels.announcements import wording
from channels.announcements.speakers.airtime import BITS, FRAME
from channels.announcements.speakers.casting import TICK, Cast
from config import Settings
from knowledge.announcements import Draft
from tts.voices import utterance
from tts.voices.espeak import Espeak

VILLAGE = "130283116217"
PLAYLIST = f"/speakers/{VILLAGE}/playlist.json"
TEXT = (
    "预计今天夜里到明天上午，我县北部山区有大暴雨，河水上涨很快。请住在河边、沟口、坡下的人马上转移到村委会，"
    "听从村干部安排，不要回去拿东西，不要过河。有困难打电话0315-7612345。请互相转告。"
)
STREAMS, SECONDS = 530, 10.0


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/speakers.db", audio_folder=Path(folder) / "audio")
        app = create_app(settings)
        service: Service = app.extensions["xiangyin"]
        service.team.add("甲", "approver", "130283", settings.now())
        client = app.test_client()
        client.get(PLAYLIST)
        soon(service, client.get)
        requests("playlists a second:      ", lambda: client.get(PLAYLIST), lambda: client.get("/healthz"))
        streams(service)


def soon(service: Service, get: Callable[[str], object]) -> None:
    """An emergency is released, and a loudspeaker asks."""
    draft = draft_of(service)
    espeak, words = Espeak(), utterance(wording.spoken(draft))
    alone = time.perf_counter()
    espeak.speak(words)
    alone = time.perf_counter() - alone
    number = service.announcements.compose(draft, "甲", service.settings.now())
    begun, worked = time.perf_counter(), time.process_time()
    service.announcements.release(number, "甲", service.settings.now())
    listed = None
    while True:
        items = get(PLAYLIST).get_json()["items"]  # type: ignore[attr-defined]
        if items and listed is None:
            listed = time.perf_counter() - begun
        if items and items[0]["url"]:
            break
        time.sleep(0.2)
    spoken, worked = time.perf_counter() - begun, time.process_time() - worked
    said = f"with its programme of {items[0]['seconds']:.0f} s: {spoken:.2f} s ({worked:.2f} s of a core)"
    print(f"emergency, released to listed: {listed:.3f} s; {said}")
    print(f"bare eSpeak synthesis of its text: {alone:.2f} s")


def draft_of(service: Service) -> Draft:
    """An emergency for the county."""
    now = service.settings.now()
    ends = now + timedelta(days=1)
    return Draft("暴雨", TEXT, "迁安市防汛指挥部", ("130283",), ("speaker",), now, ends, urgency="emergency")


def requests(name: str, ours: Callable[[], object], other: Callable[[], object]) -> None:
    """How many of two requests are answered a second, by turns."""
    spent, counts = [0.0, 0.0], [0, 0]
    until = time.perf_counter() + 4
    while time.perf_counter() < until:
        for at, ask in enumerate((ours, other)):
            begun = time.perf_counter()
            for _ in range(20):
                ask()
            spent[at] += time.perf_counter() - begun
            counts[at] += 20
    rates = [count / seconds for count, seconds in zip(counts, spent, strict=True)]
    print(f"{name} {rates[0]:6.0f}   /healthz: {rates[1]:6.0f}   ratio {rates[0] / rates[1]:.2f}")


def streams(service: Service) -> None:
    """All villages are streamed to at once, and all play an emergency; CPU of this process but for the sink's."""
    port = sink()
    codes = [(place.code, place.name) for place in service.places.villages()][:STREAMS]
    stop = threading.Event()
    cast = Cast(f"http://source:x@127.0.0.1:{port}", codes, service.speakers, service.booth, service.settings.now)
    thread = threading.Thread(target=cast.run, args=(stop,))
    thread.start()
    while not all(mount.on for mount in cast.mounts):
        time.sleep(0.1)
    worked, begun = time.process_time(), time.perf_counter()
    time.sleep(SECONDS)
    playing = sum(bool(mount.airtime.title) for mount in cast.mounts)
    ours = (time.process_time() - worked) / (time.perf_counter() - begun)
    stop.set()
    thread.join()
    worked, begun = time.process_time(), time.perf_counter()
    asyncio.run(bare(port, len(codes)))
    alone = (time.process_time() - worked) / (time.perf_counter() - begun)
    print(f"{len(codes)} streams ({playing} playing): {ours * 100:.0f} % of a core with their receivers")
    print(f"as many octets written to as many sockets and received: {alone * 100:.0f} %; ratio {ours / alone:.2f}")


async def bare(port: int, count: int) -> None:
    """Octets at the same rate, a piece a tick."""
    pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    for _, writer in pairs:
        writer.write(b"PUT / HTTP/1.1\r\n\r\n")
    piece = bytes(round(BITS / 8 * TICK))
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        for _, writer in pairs:
            writer.write(piece)
        await asyncio.sleep(TICK)
    for _, writer in pairs:
        writer.close()


class Receiver(asyncio.Protocol):
    """Takes a stream and throws it away."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say that it may come."""
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\n")


def sink() -> int:
    """A server of receivers in a thread of its own; its port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(Receiver, "127.0.0.1", 0, backlog=1000))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    port: int = server.sockets[0].getsockname()[1]
    return port


if __name__ == "__main__":
    print(f"a frame of a stream lasts {FRAME * 1000:.1f} ms")
    main()
