"""For the tests of streams: programmes of the real voice, what is in force as a list, a real Icecast, ffmpeg's ear."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from channels.announcements.speakers.booth import Booth
from tests.conftest import ROOT
from tests.servers import program
from tts.programme import Studio
from tts.sound import decode
from tts.voices import Options, voice

VILLAGE, SIBLING, ELSEWHERE = "130283116217", "130283116218", "130283105201"
TOWN = "130283116"
RATE = 22050


@dataclass
class Said:
    """What `Announcement` is to a stream."""

    id: int
    title: str
    text: str
    starts: datetime
    ends: datetime
    urgency: str = "routine"
    publisher: str = "五重安镇政府"
    short: str = ""
    confirm: bool = False
    hours: tuple[str, ...] = ()
    places: tuple[str, ...] = (TOWN,)


@dataclass
class OnAir:
    said: Said
    began: datetime

    def concerns(self, place: str) -> bool:
        return any(place.startswith(code) for code in self.said.places)


@dataclass
class Radio:
    """What is in force, a clock that runs, and a booth with the real voice."""

    folder: Path
    start: datetime
    listed: list[OnAir] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.studio = Studio(voice("espeak", Options()), self.folder)
        self.booth = Booth(lambda text, sender: self.studio.make(text, sender=sender), self.folder)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=time.monotonic() - self.begun)

    def on_air(self, now: datetime, place: str | None = None) -> Sequence[OnAir]:
        return list(self.listed)

    def coming(self, now: datetime) -> Sequence[Any]:
        return []

    def newly_silent(self, now: datetime, limit: timedelta) -> Sequence[Any]:
        return []

    def prepare(self, text: str, urgency: str = "routine", title: str = "通知") -> None:
        """Have something spoken that will be said."""
        self.booth.make(Said(0, title, text, self.start, self.start, urgency))

    def say(self, text: str, urgency: str = "routine", places: tuple[str, ...] = (TOWN,), title: str = "通知") -> Said:
        """Something in force from now on, spoken already."""
        self.prepare(text, urgency, title)
        now = self.now()
        said = Said(len(self.listed) + 1, title, text, now, now + timedelta(days=1), urgency, places=places)
        self.listed.append(OnAir(said, now))
        return said

    def sound(self, said: Said) -> np.ndarray:
        """The samples of its programme."""
        return decode(self.booth.make(said).file.read_bytes()).samples


def likeness(heard: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    """How alike a stretch of what was heard is to a sound (1: the same), and where it begins, in seconds."""
    size = len(heard) + len(wanted)
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size)), size)[: len(heard)]
    at = int(np.argmax(product))
    part = heard[at : at + len(wanted)]
    norm = float(np.linalg.norm(part) * np.linalg.norm(wanted))
    return float(product[at]) / norm if norm else 0.0, at / RATE


def samples(file: Path) -> np.ndarray:
    """What ffmpeg wrote."""
    return np.fromfile(file, "<f4").astype(np.float64)


def until(what: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true value of a call."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
    return found


def listen(target: str | Path, out: Path, seconds: float, *options: str) -> subprocess.Popen[bytes]:
    """ffmpeg hearing a stream for so many seconds of sound."""
    command = [program("ffmpeg", "ffmpeg"), "-v", "error", "-y", *options, "-i", str(target)]
    return subprocess.Popen([*command, "-t", str(seconds), "-f", "f32le", "-ac", "1", "-ar", str(RATE), str(out)])


class Icecast:
    """The real one, set up by docs/icecast.xml on a free port."""

    def __init__(self, folder: Path) -> None:
        self._program = program("icecast2", "icecast2")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://source:change-me-source@127.0.0.1:{self.port}"
        self._folder = folder / "icecast"
        self._folder.mkdir()
        config = (ROOT / "docs" / "icecast.xml").read_text(encoding="utf-8")
        config = config.replace("<port>8000</port>", f"<port>{self.port}</port><bind-address>127.0.0.1</bind-address>")
        config = config.replace("/var/log/icecast2", str(self._folder))
        self._config = self._folder / "icecast.xml"
        self._config.write_text(config, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        as_user: list[str] = []
        if os.geteuid() == 0:  # Icecast refuses to run as root
            for path in (self._folder, *self._folder.iterdir()):
                shutil.chown(path, "nobody")
            for path in self._folder.parents:
                if path.owner() == "root" and path != Path("/"):
                    path.chmod(path.stat().st_mode | 0o055)
            as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        command = [*as_user, self._program, "-c", str(self._config)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers)

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def log(self) -> str:
        return (self._folder / "error.log").read_text(encoding="utf-8", errors="replace")

    def status(self, mount: str) -> dict[str, Any]:
        """What it tells of a mount; nothing while there is none (its JSON is broken where it has no mounts at all)."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status-json.xsl", timeout=5) as response:
            text = response.read()
        try:
            told = json.loads(text)["icestats"].get("source", [])
        except ValueError:
            return {}
        sources = told if isinstance(told, list) else [told]
        return next((source for source in sources if source["listenurl"].endswith(f"/{mount}")), {})

    def _answers(self) -> bool:
        with socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", self.port)) == 0
