"""One worker of one gateway: takes messages, has them handed over, says what came of them, and begins again.

The worker's own thread alone speaks with the outbox; as many threads as the gateway may be used by at once (`hands`)
speak with the gateway, with one message each. It may be killed at any moment, and there may be several, on one machine
or many: what is whose is told by the outbox.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from channels.base.sending import Fate, Letter, Outbox, Sender
from channels.outbox.hands import Hands

log = logging.getLogger(__name__)

#: With nothing to do, a worker looks again after so many seconds.
IDLE = 1.0

#: Hands are waited for together no longer than so many seconds: an emergency may have come.
LINGER = 0.1

#: So often a worker looks for messages that another one has left behind.
ROUND = timedelta(seconds=20)


class Worker:
    """Empties the outbox through one gateway. `clock` tells the local time."""

    def __init__(self, outbox: Outbox, sender: Sender, clock: Callable[[], datetime]) -> None:
        self._outbox = outbox
        self._sender = sender
        self._now = clock
        self._hands = Hands(sender, clock)
        self._done: list[Fate] = []
        self._answers = False  # a gateway that is new, or was out of reach, is tried with one message first
        self._trial: Letter | None = None
        self._looked: datetime | None = None
        self._cost = 0.0  # how many seconds the last transaction took

    def run(self, stop: Event) -> None:
        """Work until told to stop; what is being handed over is finished first."""
        while not stop.is_set():
            try:
                wait = self.step()
            except Exception:
                log.exception("%s: messages or reports could not be handled; going on", self._sender.name)
                wait = IDLE
            if not self.rest(wait):
                stop.wait(wait)
        self.finish()

    def rest(self, wait: float = 0) -> bool:
        """Wait until a hand is free, or for so many seconds where one is. False where none has anything to do."""
        busy = self._hands.free < self._hands.count
        if busy:
            # To wait for the other hands as long as a transaction takes costs at most one, and mostly saves one.
            self._listen(wait if self._hands.free else IDLE, min(self._cost, LINGER))
        return busy

    def step(self) -> float:
        """Do what is to be done next; how many seconds there is nothing more to begin then, 0 for "go on"."""
        now = self._now()
        if self._looked is None or abs(now - self._looked) >= ROUND:
            self._looked = now
            self._pick_up_strays()
        fetched = self._sender.collect()
        self._listen(0)
        batch = self._take(self._hands.free if self._answers else int(self._hands.free == self._hands.count))
        if not self._answers and batch.letters:
            (self._trial,) = batch.letters
        self._hands.give(batch.letters)
        if self._hands.count == 1 and batch.letters:  # what is known is stored before anything else is looked at
            self._listen(0)
            self._take(0)
        wait = IDLE if batch.wait is None else min(batch.wait, IDLE)
        return 0 if fetched else wait

    def finish(self) -> None:
        """Wait for what is in hand, and store what came of it."""
        while self._hands.free < self._hands.count:
            self._listen(IDLE)
        self._hands.close()
        self._take(0)

    def _listen(self, wait: float, linger: float = 0) -> None:
        for fate in self._hands.done(wait, linger):
            if fate.outcome in ("unreachable", "unknown"):
                self._answers = False
            elif fate.letter is self._trial:
                self._answers = True
            if fate.outcome != "unknown":
                self._done.append(fate)

    def _take(self, most: int) -> Any:
        """What was done is forgotten only when it is stored: a database that fails is told again."""
        sender = self._sender
        begun = time.monotonic()
        batch = self._outbox.take(sender.name, sender.channel, self._now(), sender.per_second, most, self._done)
        self._cost = time.monotonic() - begun
        self._done.clear()
        return batch

    def _pick_up_strays(self) -> None:
        for stray in self._outbox.strays(self._sender.name, self._sender.channel, self._now()):
            has = self._sender.has(stray)
            if has:
                self._outbox.sent(stray, self._now())
                continue
            if self._outbox.again(stray, self._now(), certain=has is False):
                known = "does not have it" if has is False else "may have it already"
                log.warning("message %d was left behind: %s %s", stray.number, self._sender.name, known)
