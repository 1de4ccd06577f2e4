"""One worker of one gateway: takes a message, hands it over, says what came of it, and begins again.

It may be killed at any moment, and there may be several, on one machine or many: what is whose is told by the outbox.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event

from channels.base.sending import Letter, Outbox, Sender, SendError, UncertainError, UnreachableError

log = logging.getLogger(__name__)

#: A gateway that is out of reach is left alone for so long.
REST = timedelta(seconds=30)

#: With nothing to do, a worker looks again after so many seconds.
IDLE = 1.0

#: So often a worker looks for messages that another one has left behind.
ROUND = timedelta(seconds=20)


class Worker:
    """Empties the outbox through one gateway. `clock` tells the local time."""

    def __init__(self, outbox: Outbox, sender: Sender, clock: Callable[[], datetime]) -> None:
        self._outbox = outbox
        self._sender = sender
        self._now = clock
        self._looked: datetime | None = None

    def run(self, stop: Event) -> None:
        """Work until told to stop; a message that is being handed over is finished first."""
        while not stop.is_set():
            try:
                wait = self.step()
            except Exception:
                log.exception("%s: a message or report could not be handled; going on", self._sender.name)
                wait = IDLE
            if wait:
                stop.wait(wait)

    def step(self) -> float:
        """Do what is to be done next; how many seconds there is nothing to do then, 0 for "go on"."""
        now = self._now()
        if self._looked is None or abs(now - self._looked) >= ROUND:
            self._looked = now
            self._pick_up_strays()
        fetched = self._sender.collect()
        taken = self._outbox.take(self._sender.name, self._sender.channel, self._now(), self._sender.per_second)
        if taken is None:
            return 0 if fetched else IDLE
        if isinstance(taken, float):
            return min(taken, IDLE)
        self._hand_over(taken)
        return 0

    def _hand_over(self, taken: Letter) -> None:
        name, number = self._sender.name, taken.number
        try:
            self._sender.send(taken)
        except UnreachableError as error:
            log.warning("%s takes nothing: %s; it is left alone for %d s", name, error.english, REST.total_seconds())
            self._outbox.returned(taken, name, error.code, error.chinese, self._now() + REST)
        except UncertainError as error:
            log.warning("message %d: %s did not say whether it took it: %s", number, name, error)
        except SendError as error:
            log.warning("message %d: %s: %s (%s)", number, name, error.english, error.code)
            self._outbox.failed(taken, error.code, error.chinese, error.retryable, self._now())
        else:
            self._outbox.sent(taken, self._now())

    def _pick_up_strays(self) -> None:
        for stray in self._outbox.strays(self._sender.name, self._sender.channel, self._now()):
            has = self._sender.has(stray)
            if has:
                self._outbox.sent(stray, self._now())
                continue
            if self._outbox.again(stray, self._now(), certain=has is False):
                known = "does not have it" if has is False else "may have it already"
                log.warning("message %d was left behind: %s %s", stray.number, self._sender.name, known)
