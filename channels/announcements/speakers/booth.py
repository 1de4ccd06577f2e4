"""Where announcements are spoken for loudspeakers: each once, in a thread of its own, so that nobody who asks waits.

What is made is kept by the voice's own studio; the booth remembers which file is whose, sees to it that two processes do
not make the same, and that an emergency does not wait behind what can wait.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol

from channels.announcements import wording

log = logging.getLogger(__name__)

#: What could not be spoken is tried again after so many seconds; so many programmes are remembered.
RETRY, MOST = 60.0, 500

#: Seconds in which a programme that is there already is found.
GLANCE = 0.1


class SilentError(Exception):
    """A text cannot be spoken; the text says why."""


class Recording(Protocol):
    """A finished programme; see `tts.programme.Programme`."""

    @property
    def file(self) -> Path: ...
    @property
    def sha(self) -> str: ...
    @property
    def seconds(self) -> float: ...


#: Speaks a text, signed by who says it, as MP3. Raises SilentError.
Record = Callable[[str, str], Recording]


@dataclass
class _Task:
    made: Future[Recording]
    failed: float | None = None


class Booth:
    """Makes the programmes of announcements. Safe to share between threads; `folder` is shared with other processes."""

    def __init__(self, record: Record, folder: Path) -> None:
        self._record = record
        self._folder = folder
        self._lock = Lock()
        self._tasks: dict[tuple[str, str], _Task] = {}
        self._threads = {urgency: ThreadPoolExecutor(1, f"booth {urgency}") for urgency in ("emergency", "routine")}

    def begin(self, all_said: Iterable[wording.Said]) -> None:
        """Have programmes made. What is new here is waited for a moment: another process may have made it."""
        begun = [self._begun(said) for said in all_said]
        wait([made for made, new in begun if new], GLANCE)

    def of(self, said: wording.Said) -> Recording | None:
        """The programme of an announcement if it is there; else None, and it is being made, or failed a minute ago."""
        made, _ = self._begun(said)
        return made.result() if made.done() and not made.exception() else None

    def make(self, said: wording.Said) -> Recording:
        """The programme of an announcement, waited for. Raises SilentError where it cannot be spoken."""
        return self._begun(said)[0].result()

    def pending(self, said: wording.Said) -> bool:
        """Whether the programme of an announcement is just being made."""
        return not self._begun(said)[0].done()

    def _begun(self, said: wording.Said) -> tuple[Future[Recording], bool]:
        """What is made of an announcement, and whether it was begun only now."""
        key = (wording.spoken(said), said.publisher)
        with self._lock:
            task = self._tasks.get(key)
            new = task is None or _spent(task)
            if task is None or new:
                self._tasks.pop(key, None)
                urgency = "emergency" if said.urgency == "emergency" else "routine"
                task = self._tasks[key] = _Task(self._threads[urgency].submit(self._made, urgency, *key))
                while len(self._tasks) > MOST:
                    del self._tasks[next(iter(self._tasks))]
            return task.made, new

    def _made(self, urgency: str, text: str, publisher: str) -> Recording:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            turn = hashlib.sha256(f"{text}\0{publisher}".encode()).hexdigest()[0]
            with (self._folder / f".making-{urgency}-{turn}").open("w") as held:
                fcntl.flock(held, fcntl.LOCK_EX)  # who comes second finds the file
                return self._record(text, publisher)
        except Exception as error:
            with self._lock:
                if task := self._tasks.get((text, publisher)):
                    task.failed = time.monotonic()
            log.error("loudspeakers stay silent: %s; see `flask check` (“%s”)", error, text[:40])
            if isinstance(error, SilentError):
                raise
            raise SilentError(f"{type(error).__name__}: {error}") from error


def _spent(task: _Task) -> bool:
    """Whether a programme must be made again: it failed a while ago, or its file is gone."""
    if task.failed is not None:
        return time.monotonic() - task.failed > RETRY
    return task.made.done() and not task.made.exception() and not task.made.result().file.is_file()
