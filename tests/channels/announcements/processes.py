"""The service as its operator runs it, for tests and benchmarks: server, worker, commands and a gateway, each a process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.orm import Session

from knowledge.tables import Resident, Source
from tests.conftest import NOW, ROOT

#: An ordinary announcement waits at night; what is measured or tested by day has to work whenever it is run.
BY_DAY = "import sys, knowledge.outbox as o; o.quiet = lambda now: False; from flask.cli import main; main()"


@contextmanager
def gateway(file: Path, seconds: float = 0.0) -> Iterator[str]:
    """A gateway that takes each message after so many seconds; its address."""
    command = [sys.executable, "-m", "tests.channels.announcements.gateway", str(file), str(seconds)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/cgi-bin/sendsms"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Station:
    """Commands on one database with the same settings, and what they print in `folder`."""

    def __init__(self, url: str, folder: Path, **settings: object) -> None:
        self.folder = folder
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("XIANGYIN_")}
        self._environ |= {
            "XIANGYIN_DATABASE_URL": url,
            "XIANGYIN_LOG_LEVEL": "warning",
            "XIANGYIN_AUDIO_FOLDER": str(folder / "audio"),
            **{f"XIANGYIN_{name.upper()}": str(value) for name, value in settings.items()},
        }

    def flask(self, *arguments: object) -> str:
        """What a command prints; it must succeed."""
        command = [sys.executable, "-m", "flask", *map(str, arguments)]
        done = subprocess.run(
            command, check=False, cwd=ROOT, env=self._environ, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    @contextmanager
    def running(self, *arguments: str, by_day: bool = False) -> Iterator[subprocess.Popen[bytes]]:
        """A command that runs until it is stopped."""
        program = ["-c", BY_DAY] if by_day else ["-m", "flask"]
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen([sys.executable, *program, *arguments], cwd=ROOT, env=self._environ, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def url(self) -> str:
        """Where its server is."""
        return f"http://127.0.0.1:{self._environ['XIANGYIN_PORT']}"

    def said(self, name: str) -> str:
        """What a running command has printed."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")


def until(true: Callable[[], object], seconds: float = 120, pause: float = 0.05) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(pause)


def settle(session: Session, count: int, places: list[str]) -> None:
    """So many residents, in turn in these places, who subscribed and have a mobile phone each."""
    session.add(Source(id=1, dataset="residents", department="政府办", file="a.csv", imported=NOW))
    session.flush()
    about = {"digest": "", "source_id": 1, "name": "张*", "subscribed": True, "preferred": ""}
    for start in range(0, count, 5000):
        rows = [
            {"key": f"many {at}", "source_row": at, "phone": f"139{at:08}", "place": places[at % len(places)], **about}
            for at in range(start, min(start + 5000, count))
        ]
        session.execute(insert(Resident), rows)
