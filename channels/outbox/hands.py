"""The hands of a worker: threads that give a gateway one message each, and say what came of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread

from channels.base.sending import Fate, Letter, Sender, SendError, UncertainError, UnreachableError

log = logging.getLogger(__name__)

#: A gateway that is out of reach is left alone for so long.
REST = timedelta(seconds=30)


class Hands:
    """As many threads as a sender may be used by at once; with one, no thread: messages are handed over as they are given."""

    def __init__(self, sender: Sender, clock: Callable[[], datetime]) -> None:
        self._sender = sender
        self._now = clock
        self.count = max(1, sender.at_once)
        self._busy = 0
        self._given: SimpleQueue[Letter | None] = SimpleQueue()
        self._done: SimpleQueue[Fate] = SimpleQueue()
        self._threads: list[Thread] = []

    @property
    def free(self) -> int:
        """How many hands have nothing to do."""
        return self.count - self._busy

    def give(self, letters: Iterable[Letter]) -> None:
        """Have messages handed over, each by a free hand."""
        for letter in letters:
            self._busy += 1
            if self.count == 1:
                self._done.put(self._hand_over(letter))
                continue
            if len(self._threads) < self._busy:
                self._threads.append(Thread(target=self._work, name=f"{self._sender.name} hand"))
                self._threads[-1].start()
            self._given.put(letter)

    def done(self, wait: float, linger: float = 0) -> list[Fate]:
        """What came of messages: waits so many seconds for the first busy hand, and then for the others."""
        fates: list[Fate] = []
        deadline = time.monotonic() + wait
        while self._busy:
            try:
                fates.append(self._done.get(timeout=max(0.0, deadline - time.monotonic())))
            except Empty:
                break
            self._busy -= 1
            if len(fates) == 1:
                deadline = time.monotonic() + linger
        return fates

    def close(self) -> None:
        """End the threads, which have nothing in hand any more."""
        for _ in self._threads:
            self._given.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _work(self) -> None:
        while (letter := self._given.get()) is not None:
            self._done.put(self._hand_over(letter))

    def _hand_over(self, letter: Letter) -> Fate:
        name, number = self._sender.name, letter.number
        try:
            self._sender.send(letter)
        except UnreachableError as error:
            log.warning("%s takes nothing: %s; it is left alone for %d s", name, error.english, REST.total_seconds())
            return Fate(letter, "unreachable", error.code, error.chinese, self._now() + REST)
        except UncertainError as error:
            log.warning("message %d: %s did not say whether it took it: %s", number, name, error)
        except SendError as error:
            log.warning("message %d: %s: %s (%s)", number, name, error.english, error.code)
            return Fate(letter, "busy" if error.retryable else "refused", error.code, error.chinese)
        except Exception:
            log.exception("message %d could not be handed to %s; whether it has it is not known", number, name)
        else:
            return Fate(letter, "sent")
        return Fate(letter, "unknown")
