"""Counting what comes in: one sender's rate, floods of equal messages, machines that answer each other, fair shares.

Counts are kept in this process, or in Redis where several machines share them (the setting `limits_url`). They shed
load: where they cannot be read, messages are let in.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from threading import Lock
from typing import Any, Literal

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from bot.messages import Message, Reply

log = logging.getLogger(__name__)

#: The same question with the same answer is told once in so long. A flood or a loop repeats within moments, and what was
#: told is still on the screen; who asks again ten minutes later has forgotten it: a person, who is answered.
EQUAL = RateLimitItemPerMinute(1, 5)

#: So many answers that tell nothing (not understood, greetings, thanks) are given one sender: a machine gets no others.
EMPTY = (RateLimitItemPerMinute(10), RateLimitItemPerMinute(30, 30))

#: How telephones and offices mark what no person has written.
AUTOMATIC = re.compile(
    r"^\W*(自动回复|自动答复|系统自动|auto(matic)?[ -]?(reply|response)|out of office)"
    r"|(请勿|请不要|勿)(直接)?(回复|回覆)|系统自动(发送|回复)|do ?not ?reply",
    re.IGNORECASE,
)


class InProcess:
    """Counts in this process: each sender's window begins with its first message.

    The library's own storage looks through all windows every 10 ms, in a thread started for it: at some thousand
    senders an hour that took more time than answering them.
    """

    #: So many seconds pass between two clearings of what has expired.
    CLEARED = 60.0

    def __init__(self) -> None:
        self._lock = Lock()
        self._windows: dict[str, tuple[int, float]] = {}  # how many, and when the window ends
        self._clear_at = 0.0

    def hit(self, item: RateLimitItem, *key: str) -> bool:
        """Count one more; whether it is within the limit."""
        name, now = item.key_for(*key), time.time()
        with self._lock:
            if now >= self._clear_at:
                self._windows = {known: window for known, window in self._windows.items() if window[1] > now}
                self._clear_at = now + self.CLEARED
            count, end = self._windows.get(name, (0, 0.0))
            if end <= now:
                count, end = 0, now + item.get_expiry()
            self._windows[name] = (count + 1, end)
        return count < item.amount

    def __len__(self) -> int:
        """How many windows are kept."""
        return len(self._windows)


class Counts:
    """What was counted in some minutes. `url` is `memory://` or Redis'."""

    #: Redis is waited for so many seconds, and after it failed not asked for so many: each message asks several times.
    PATIENCE, REST = 0.3, 5.0

    def __init__(self, url: str = "memory://") -> None:
        self._limiter = InProcess() if url == "memory://" else self._shared(url)
        self._asked_from = 0.0

    def hit(self, item: RateLimitItem, *key: str) -> bool:
        """Count one more; whether it is within the limit. True where the counts are out of reach."""
        if time.monotonic() < self._asked_from:
            return True
        try:
            return self._limiter.hit(item, *key)
        except StorageError as error:
            self._asked_from = time.monotonic() + self.REST
            log.warning("limits are not counted for %d s: %s; check limits_url", self.REST, error)
            return True

    def _shared(self, url: str) -> FixedWindowRateLimiter:
        from redis.backoff import NoBackoff  # only who shares counts waits for its import
        from redis.retry import Retry

        patience: dict[str, Any] = {"socket_timeout": self.PATIENCE, "socket_connect_timeout": self.PATIENCE}
        patience["retry"] = Retry(NoBackoff(), 0)  # the client's own tries for seconds
        return FixedWindowRateLimiter(storage_from_string(url, wrap_exceptions=True, **patience))


class Gate:
    """Lets one sender through so many times a minute, so that a flood from one does not keep the others waiting.

    Without shared `counts` it counts in this process alone: with several servers a sender gets that much of each.
    """

    def __init__(self, per_minute: int, counts: Counts | None = None) -> None:
        self._counts = counts or Counts()
        self._rate = RateLimitItemPerMinute(per_minute)
        self._once = RateLimitItemPerMinute(1, namespace="told")

    def admit(self, *key: str) -> Literal["in", "tell", "silent"]:
        """Whether to let a message in; if not, whether to say so: once a minute."""
        if self._counts.hit(self._rate, *key):
            return "in"
        return "tell" if self._counts.hit(self._once, *key) else "silent"


class Guard:
    """Tells floods of equal messages and machines from people, on channels where each answer is a message of its own.

    Silence is what breaks a loop: the other machine has nothing to answer then.
    """

    def __init__(self, counts: Counts | None = None) -> None:
        self._counts = counts or Counts()

    def automatic(self, message: Message) -> bool:
        """Whether a message says of itself that no person wrote it."""
        return AUTOMATIC.search(message.text) is not None

    def enough(self, message: Message, reply: Reply) -> Literal["flood", "loop"] | None:
        """Why an answer is better not sent; None for one that is."""
        sender = (message.address.channel, message.address.id)
        pair = blake2b(f"{message.text.strip()}\0{reply.headline}".encode(), digest_size=16).hexdigest()
        first = self._counts.hit(EQUAL, "equal", *sender, pair)
        # a message whose process died before its answer was stored comes again, and has been counted
        known = message.id is not None and not self._counts.hit(EQUAL, "tried", *sender, pair, message.id)
        if not (first or known):
            return "flood"
        tells = reply.facts or reply.choices
        return None if tells or all(self._counts.hit(item, "empty", *sender) for item in EMPTY) else "loop"


class Share:
    """Keeps one channel of unproven senders from taking all threads of a process for long while other channels are asking.

    Each may have `most` messages at work at a time, all unproven ones together half as many again. A burst may go
    beyond that for a moment, unless one was cut off just before. While no other channel asks, there is nobody to keep a
    thread for, and no limit.
    """

    #: Seconds for which more are let in; for which none are after that; after which who has not asked is not waited for.
    BURST, STRICT, WAITED_FOR = 2.0, 10.0, 15.0

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._asked: dict[str, float] = {}
        self._open: Counter[str] = Counter()
        self._full: dict[str, float] = {}  # since when a channel, or "" for all, has had no place left
        self._refused: dict[str, float] = {}  # when a channel was last refused

    @contextmanager
    def of(self, channel: str, unproven: bool) -> Iterator[bool]:
        """Whether a message may be worked on now, while it is."""
        with self._lock:
            now = self._clock()
            self._asked[channel] = now
            admitted = not (unproven and self._others_ask(channel, now) and self._overdone(channel, now))
            if not admitted:
                self._refused[channel] = now
            if unproven and admitted:
                self._open[channel] += 1
                self._note(channel, now)
        try:
            yield admitted
        finally:
            if unproven and admitted:
                with self._lock:
                    self._open[channel] -= 1
                    self._note(channel, self._clock())

    def _others_ask(self, channel: str, now: float) -> bool:
        return any(now - last < self.WAITED_FOR for other, last in self._asked.items() if other != channel)

    def _overdone(self, channel: str, now: float) -> bool:
        since = [self._full[name] for name in (channel, "") if name in self._full]
        strict = now - self._refused.get(channel, -self.STRICT) < self.STRICT
        return bool(since) and (strict or now - min(since) >= self.BURST)

    def _note(self, channel: str, now: float) -> None:
        for name, at_work, most in (
            (channel, self._open[channel], self._most),
            ("", self._open.total(), self._most * 3 // 2),
        ):
            if at_work < most:
                self._full.pop(name, None)
            else:
                self._full.setdefault(name, now)
