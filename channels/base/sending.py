"""What sends messages: a `Sender` is the way out through one gateway; what can go wrong with it, as sentences.

A sender is handed a message that is already stored as being sent. It returns once the gateway has taken it, and
otherwise raises what says whether the gateway has it: SendError (it does not take this message), UnreachableError (it
takes none) or UncertainError (nobody knows).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that is to be sent. `key` names what it is for: a key is queued once, however often it is put.

    Emergencies go first, then replies. `cost` is in yuan, None where no price is known.
    """

    channel: str
    address: str
    text: str
    kind: Literal["emergency", "reply", "announcement"]
    key: str | None = None
    segments: int = 1
    cost: Decimal | None = None
    announcement: int | None = None  # the announcement that it carries, to the person (their number) of a place
    person: str = ""
    place: str = ""


class Letter(Protocol):
    """A message to be sent now; see `knowledge.outbox.Taken`."""

    @property
    def number(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def created(self) -> datetime: ...
    @property
    def address(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def segments(self) -> int: ...


class SendError(Exception):
    """The gateway does not have the message: a code for programs, a sentence for staff in Chinese, one for the log.

    `retryable` tells whether the same message may be taken later.
    """

    def __init__(self, code: str, chinese: str, english: str, retryable: bool) -> None:
        super().__init__(english)
        self.code = code
        self.chinese = chinese
        self.english = english
        self.retryable = retryable


class UnreachableError(SendError):
    """The gateway takes no message at all just now: this one keeps its place, and none is handed over for a while."""

    def __init__(self, code: str, chinese: str, english: str) -> None:
        super().__init__(code, chinese, english, retryable=True)


class UncertainError(Exception):
    """The gateway was asked and did not say whether it took the message."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What came of a message that was handed to a gateway.

    `busy` may be taken later, `refused` never; `unreachable` keeps its place, and nobody tries the gateway before
    `until`; of an `unknown` one nobody knows whether the gateway has it.
    """

    letter: Letter
    outcome: Literal["sent", "busy", "refused", "unreachable", "unknown"]
    code: str = ""
    reason: str = ""
    until: datetime | None = None


class Sender(Protocol):
    """The way out through one gateway."""

    @property
    def name(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def per_second(self) -> float:
        """How many parts of messages the gateway takes a second."""

    @property
    def at_once(self) -> int:
        """How many messages it may be handed at the same time, by as many threads; 1 for strictly one after another."""

    def send(self, letter: Letter) -> None:
        """Hand one message to the gateway. Raises SendError, UnreachableError or UncertainError."""

    def has(self, letter: Letter) -> bool | None:
        """Whether the gateway took a message that its worker did not see to the end; None where it cannot tell."""

    def collect(self) -> int:
        """Fetch what a gateway does not bring by itself: messages received, reports. How many there were."""


class Brings:
    """What a sender does whose gateway brings everything by itself and cannot be asked what it has."""

    def collect(self) -> int:
        """Nothing."""
        return 0

    def has(self, letter: Letter) -> bool | None:
        """Not known: a report is all that tells."""
        return None


class Outbox(Protocol):
    """Where messages wait; see `knowledge.outbox.Outbox`."""

    def put(self, letters: Iterable[Wanted], now: datetime) -> int: ...
    def take(
        self, gateway: str, channel: str, now: datetime, per_second: float, most: int = 1, done: Collection[Fate] = ()
    ) -> Any: ...
    def sent(self, taken: Any, now: datetime) -> bool: ...
    def strays(self, gateway: str, channel: str, now: datetime) -> Sequence[Any]: ...
    def again(self, stray: Any, now: datetime, certain: bool = False) -> bool: ...
    def report(self, number: int, state: str, code: str, reason: str, now: datetime) -> bool: ...
    def awaited(self, gateway: str, channel: str, since: datetime) -> Sequence[Any]: ...
    def totals(self, since: datetime) -> Sequence[Any]: ...
