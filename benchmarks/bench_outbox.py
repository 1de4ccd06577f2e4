"""How many messages a second go out of the outbox, through one worker and a stand-in for Kannel that only counts.

Beside it, in the same minute: putting them in; the worker's own commits without any gateway; the same requests to the
gateway without any outbox. What is lost between them is the worker. `kill -9` costs at most one message sent twice.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from channels.base.sending import Letter, Sender, Wanted
from channels.outbox.worker import Worker
from channels.sms.kannel_sender import KannelSender
from config import Settings
from knowledge import database
from knowledge.outbox import Outbox, Taken
from tests.conftest import NOW

COUNT = 500
ROUNDS = 3
TEXT = "明天上午九点到下午五点停水，请提前存水。（来源：水务局 2026-11-23）"


class Kannel(BaseHTTPRequestHandler):
    """Takes everything at once."""

    def do_GET(self) -> None:
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b"0: Accepted for delivery")

    def log_message(self, *_: object) -> None:
        pass


class Nowhere:
    """A gateway that costs nothing."""

    name = "kannel"
    channel = "sms"
    per_second = 1e9

    def send(self, letter: Letter) -> None:
        pass

    def has(self, letter: Letter) -> bool | None:
        return None

    def collect(self) -> int:
        return 0


class Stopwatch:
    """Measures a stretch of work: how many a second, and how much of this process's CPU each took."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.cpu: list[float] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.rates.append(COUNT / (time.perf_counter() - wall))
        self.cpu.append((time.process_time() - cpu) / COUNT * 1000)

    def __str__(self) -> str:
        return f"{statistics.median(self.rates):7.0f} a second  ({statistics.median(self.cpu):.1f} ms of CPU each)"


def wanted(turn: int, sender: Sender, number: int) -> Wanted:
    """A message that was never put before."""
    return Wanted("sms", f"139{number:08}", TEXT, "reply", f"{turn} {type(sender).__name__} {number}")


def main() -> None:
    """Print the rates."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Kannel)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/cgi-bin/sendsms"
    kannel = KannelSender(Settings(kannel_send_url=url, kannel_secret="bench", kannel_per_second=1e9))
    put, sent, commits, asked = (Stopwatch() for _ in range(4))
    with tempfile.TemporaryDirectory() as folder:
        engine = database.connect(f"sqlite:///{folder}/bench.db")
        database.migrate(engine)
        outbox = Outbox(database.sessions(engine))
        begun = time.monotonic()

        def clock() -> datetime:
            return NOW + timedelta(seconds=time.monotonic() - begun)

        for turn in range(ROUNDS):
            ways: tuple[tuple[Stopwatch, Sender], ...] = ((sent, kannel), (commits, Nowhere()))
            for watch, sender in ways:
                with put.running():
                    outbox.put([wanted(turn, sender, number) for number in range(COUNT)], clock())
                worker = Worker(outbox, sender, clock)
                with watch.running():
                    for _ in range(COUNT):
                        worker.step()
            with asked.running():
                for _ in range(COUNT):
                    kannel.send(Taken(1, 1, NOW, NOW, "13900000000", TEXT, 1))
        left = [total for total in outbox.totals(NOW - timedelta(days=1)) if total.state != "sent"]
        assert not left, f"not everything was sent: {left}"
        engine.dispose()
    server.shutdown()
    print(f"SQLite, WAL, synchronous=NORMAL; one worker, one gateway, {ROUNDS} x {COUNT} messages")
    print(f"put into the outbox:     {put}")
    print(f"sent, two commits each:  {sent}")
    print(f"the same commits alone:  {commits}")
    print(f"the same requests alone: {asked}, the gateway's part among it")


if __name__ == "__main__":
    main()
