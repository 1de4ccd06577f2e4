"""What goes out beside the answer to a request: late answers and pictures, by the customer-service API.

WeChat allows five messages in the 48 hours after one of the user's; each is counted. A failure that may pass is tried
again after 5 and after 10 minutes, the third is final. One thread a process does it, woken when there is something,
else looking every half minute for what a process that died has left.

A message whose sender dies between WeChat's taking it and our noting it is sent again: nothing can tell. `tries` says so.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import unquote

from channels.base import Outcome
from channels.base.refusals import RefusedError
from channels.wechat import parts
from channels.wechat.client import Client
from channels.wechat.errors import ApiError, api_error
from channels.wechat.incoming import Incoming

log = logging.getLogger(__name__)

#: What WeChat allows after a message of the user's.
MOST = 5
WINDOW = timedelta(hours=48)

#: When a failure is tried again; one more is final.
AGAIN = (timedelta(minutes=5), timedelta(minutes=10))

#: So many seconds pass between two looks at the outbox when nobody wakes us.
EVERY = 30.0


class Outbox(Protocol):
    """What is to be sent; see `knowledge.wechat.Wechat`."""

    def owe(self, openid: str, message_id: str, question: str, now: datetime, watched: bool = False) -> None: ...
    def queue(self, openid: str, message_id: str, kind: str, content: str, now: datetime) -> bool: ...
    def settle(self, openid: str, message_id: str) -> None: ...
    def owed(self, now: datetime) -> Sequence[Any]: ...
    def take(self, now: datetime) -> Any: ...
    def quota(self, openid: str, but: int = 0) -> Any: ...
    def sent(self, outgoing: Any, now: datetime) -> None: ...
    def failed(self, outgoing: Any, reason: str, now: datetime, again: datetime | None = None) -> None: ...


class Late:
    """Keeps what is owed and sends it. Safe to share between threads."""

    def __init__(
        self,
        outbox: Outbox,
        client: Client,
        answer: Callable[[Incoming], Outcome | None],
        picture: Callable[[str], bytes | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._outbox = outbox
        self._client = client
        self._answer = answer
        self._picture = picture
        self._clock = clock
        self._woken = threading.Event()
        self._starting = threading.Lock()
        self._process = 0

    def owe(self, incoming: Incoming, watched: bool = False) -> None:
        """Keep a question that will be answered late, before WeChat is told that we took it."""
        question = json.dumps(asdict(incoming), ensure_ascii=False)
        self._outbox.owe(incoming.openid, incoming.id, question, self._clock(), watched)

    def answered(self, incoming: Incoming, outcome: Outcome | None) -> None:
        """Send the answer that was owed; strike it out where there is none."""
        if outcome and outcome.kind == "busy":
            return  # another process has it now
        if outcome and outcome.reply:
            self._queue_text(incoming, outcome.reply.text)
            self.picture(incoming, outcome.reply.picture)
        else:
            self._outbox.settle(incoming.openid, incoming.id)

    def refused(self, incoming: Incoming, refusal: RefusedError) -> None:
        """Say that the answer failed: who waits is told."""
        self._queue_text(incoming, refusal.chinese)

    def picture(self, incoming: Incoming, path: str | None) -> None:
        """Send a reply's picture (its path) after the text."""
        if path:
            name = unquote(path.removeprefix("/pictures/").removesuffix(".png"))
            self._outbox.queue(incoming.openid, incoming.id, "image", name, self._clock())

    def _queue_text(self, incoming: Incoming, text: str) -> None:
        self._outbox.queue(incoming.openid, incoming.id, "text", parts.split(text)[0], self._clock())

    # --- sending -----------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Have the process's own thread send what is queued, if there is anything."""
        self._woken.set()

    def start(self) -> None:
        """Start the process's own thread, unless it runs."""
        if self._process != os.getpid():  # a thread does not survive the forking of the workers
            with self._starting:
                if self._process != os.getpid():
                    self._process = os.getpid()
                    threading.Thread(target=self._run, name="wechat-late", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._woken.wait(EVERY)
            self._woken.clear()
            try:
                self.work()
            except Exception:
                log.exception("WeChat's late answers: trying again in %d s", EVERY)

    def work(self) -> None:
        """Take up what was left by others, then send whatever is due."""
        for owed in self._outbox.owed(self._clock()):
            self._take_up(owed)
        while outgoing := self._outbox.take(self._clock()):
            self._send(outgoing)

    def _take_up(self, owed: Any) -> None:
        incoming = Incoming(**json.loads(owed.question))
        try:
            outcome = self._answer(incoming)
        except RefusedError as refusal:
            self.refused(incoming, refusal)
            return
        if outcome and outcome.kind == "repeat" and owed.ours and outcome.earlier:
            self._queue_text(incoming, outcome.earlier["text"])
            self.picture(incoming, outcome.earlier.get("picture"))
        else:
            self.answered(incoming, outcome)

    def _send(self, outgoing: Any) -> None:
        now = self._clock()
        quota = self._outbox.quota(outgoing.openid, but=outgoing.id)
        if quota.opted_out:
            self._outbox.failed(outgoing, "opted out", now)
            return
        try:
            check_quota(quota, now)
            if outgoing.kind == "text":
                self._client.send_text(outgoing.openid, outgoing.content)
            else:
                drawn = self._picture(outgoing.content)
                if drawn is None:
                    self._outbox.failed(outgoing, "nothing to draw", now)
                    return
                self._client.send_picture(outgoing.openid, drawn)
        except ApiError as error:
            left = AGAIN[outgoing.tries - 1 :] if error.retryable else ()
            log.warning("WeChat did not take message %d (try %d): %s", outgoing.id, outgoing.tries, error)
            reason = f"{error.code} {error.known.chinese}"
            self._outbox.failed(outgoing, reason, self._clock(), again=self._clock() + left[0] if left else None)
        else:
            self._outbox.sent(outgoing, self._clock())


def check_quota(quota: Any, now: datetime) -> None:
    """Raises ApiError, as WeChat would, where nothing more may be sent to a user now."""
    if quota.last is None or now - quota.last > WINDOW:
        raise api_error(45015)
    if quota.used >= MOST:
        raise api_error(45047)
