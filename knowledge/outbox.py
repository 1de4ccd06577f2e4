"""Messages on their way out: each is a row from the moment it is wanted until its final state.

A worker *takes* one message, hands it to the gateway and says what came of it. Before the gateway is asked, the row is
committed as `sending`: so a worker that is killed leaves exactly one message of which nobody knows whether the gateway
has it. Once its lease is over it is sent again unless a delivery report has come for it meanwhile, and it is counted as
uncertain: these are all the messages that can arrive twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.database import Sessions
from knowledge.tables import OptOut, Outgoing, Pace

Kind = Literal["emergency", "reply", "announcement"]

#: What goes first.
RANKS: dict[Kind, int] = {"emergency": 0, "reply": 1, "announcement": 2}

#: How long after the first and the second error a message is tried again; the third is final.
RETRIES = (timedelta(minutes=5), timedelta(minutes=10))

#: A message that was taken this long ago and of which nothing is known is nobody's any more. Longer than any gateway
#: is waited for.
LEASE = timedelta(minutes=2)

#: Local time at which nothing is sent that can wait.
QUIET_FROM, QUIET_UNTIL = time(21, 0), time(6, 30)
LOCAL = ZoneInfo("Asia/Shanghai")

#: How far a message has come; reports arrive in any order and never take one back.
PROGRESS = {"queued": 0, "sending": 0, "sent": 1, "delivered": 2, "failed": 2}


class Letter(Protocol):
    """A message that is to be sent; see `channels.base.sending.Wanted`."""

    @property
    def channel(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def key(self) -> str | None: ...
    @property
    def segments(self) -> int: ...
    @property
    def cost(self) -> Decimal | None: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that its taker is to send now, for the `attempt`th time; the claim is `number` and `taken`."""

    number: int
    attempt: int
    taken: datetime
    created: datetime
    address: str
    text: str
    segments: int


@dataclass(frozen=True, slots=True)
class Total:
    """How many messages of one channel are in one state; their parts; what they cost in yuan, as far as it is known."""

    channel: str
    state: str
    messages: int
    segments: int
    cost: Decimal
    uncertain: int


def quiet(now: datetime) -> bool:
    """Whether only replies and emergencies are sent now."""
    local = now.astimezone(LOCAL).time()
    return local >= QUIET_FROM or local < QUIET_UNTIL


class Outbox:
    """The messages on their way out. Safe to share between threads and processes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def put(self, letters: Iterable[Letter], now: datetime) -> int:
        """Queue messages, all or none; how many are new. Committed when this returns."""
        with self._sessions.begin() as session:
            return queue(session, letters, now)

    # --- sending -----------------------------------------------------------------------------------------------------

    def take(self, gateway: str, channel: str, now: datetime, per_second: float) -> Taken | float | None:
        """The next message for a gateway, which is the caller's from now on; None where none is due.

        A number is how many seconds the gateway wants to be left alone first: it is given `per_second` parts of
        messages by all workers together.
        """
        waiting = _waiting(channel, now)
        with self._sessions() as session:
            if session.scalar(waiting.with_only_columns(Outgoing.id).limit(1)) is None:
                return None
        with self._sessions.begin() as session:
            free = self._locked(session, gateway, now)
            if free > now:
                return (free - now).total_seconds()
            row = _next(session, waiting, now)
            if row is None:
                return None
            row.state, row.taken, row.gateway, row.attempts = "sending", now, gateway, row.attempts + 1
            pause = timedelta(seconds=row.segments / per_second)
            session.execute(update(Pace).where(Pace.gateway == gateway).values(free=now + pause))
            return _taken(row)

    def _locked(self, session: Session, gateway: str, now: datetime) -> datetime:
        """From when on the gateway may be given a message. Other workers wait until this transaction ends."""
        insert = database.insert(session, Pace).values(gateway=gateway, free=now)
        upsert = insert.on_conflict_do_update(index_elements=["gateway"], set_={"gateway": gateway})
        free: datetime = session.execute(upsert.returning(Pace.free)).scalar_one()
        return free

    def sent(self, taken: Taken, now: datetime) -> bool:
        """The gateway has it. False where the message is no longer the caller's: its fate was told by a report."""
        return self._settle(taken, state="sent", sent=now, code="", reason="")

    def failed(self, taken: Taken, code: str, reason: str, retryable: bool, now: datetime) -> bool:
        """The gateway does not have it: tried again after a while, or failed for good. False as in `sent`."""
        problem = {"code": code[:40], "reason": reason[:200]}
        if retryable and taken.attempt <= len(RETRIES):
            return self._settle(taken, state="queued", due=now + RETRIES[taken.attempt - 1], **problem)
        return self._settle(taken, state="failed", ended=now, **problem)

    def returned(self, taken: Taken, gateway: str, code: str, reason: str, until: datetime) -> bool:
        """The gateway takes nothing: the message keeps its place, and nobody tries the gateway before `until`."""
        with self._sessions.begin() as session:
            session.execute(update(Pace).where(Pace.gateway == gateway).values(free=until))
            problem = {"code": code[:40], "reason": reason[:200]}
            return _settled(session, taken, state="queued", attempts=taken.attempt - 1, **problem)

    def strays(self, gateway: str, channel: str, now: datetime) -> Sequence[Taken]:
        """Messages whose taker has not said within the lease what came of them."""
        with self._sessions() as session:
            rows = _at(gateway, channel, "sending").where(Outgoing.taken < now - LEASE)
            return [_taken(row) for row in session.scalars(rows.order_by(Outgoing.id).limit(100))]

    def again(self, stray: Taken, now: datetime, certain: bool = False) -> bool:
        """Queue a stray again: counted as uncertain unless it is `certain` that the gateway does not have it."""
        counted = {} if certain else {"uncertain": Outgoing.uncertain + 1}
        if stray.attempt <= len(RETRIES):
            return self._settle(stray, state="queued", due=now, **counted)
        reason = "三次都没有等到网关的回音，不知道对方收到没有。"
        return self._settle(stray, state="failed", ended=now, code="unknown", reason=reason, **counted)

    def _settle(self, taken: Taken, **values: Any) -> bool:
        with self._sessions.begin() as session:
            return _settled(session, taken, **values)

    # --- what became of it -------------------------------------------------------------------------------------------

    def report(self, number: int, state: str, code: str, reason: str, now: datetime) -> bool:
        """What the gateway tells of a message: `state` is a key of PROGRESS. False where it is no news."""
        lower = [name for name, step in PROGRESS.items() if step < PROGRESS[state]]
        moment = {"sent": now} if state == "sent" else {"ended": now}
        with self._sessions.begin() as session:
            known = update(Outgoing).where(Outgoing.id == number, Outgoing.state.in_(lower))
            values = {"state": state, "code": code[:40], "reason": reason[:200], **moment}
            return session.scalar(known.values(values).returning(Outgoing.id)) is not None

    def awaited(self, gateway: str, channel: str, since: datetime) -> Sequence[Taken]:
        """The messages that a gateway has and has not yet told the fate of, the oldest first."""
        with self._sessions() as session:
            rows = _at(gateway, channel, "sent").where(Outgoing.created >= since)
            return [_taken(row) for row in session.scalars(rows.order_by(Outgoing.id).limit(1000))]

    def totals(self, since: datetime) -> Sequence[Total]:
        """What was put since a moment, by channel and state."""
        columns = (
            *(Outgoing.channel, Outgoing.state, func.count(), func.sum(Outgoing.segments)),
            *(func.sum(Outgoing.cost), func.sum(Outgoing.uncertain)),
        )
        grouped = select(*columns).where(Outgoing.created >= since).group_by(Outgoing.channel, Outgoing.state)
        with self._sessions() as session:
            rows = session.execute(grouped.order_by(Outgoing.channel, Outgoing.state)).all()
        return [
            Total(channel, state, messages, int(segments), Decimal(cost or 0), int(uncertain))
            for channel, state, messages, segments, cost, uncertain in rows
        ]

    def retry(self, now: datetime, codes: Collection[str]) -> int:
        """Queue again, with new attempts, what failed with one of these codes; how many messages."""
        again = update(Outgoing).where(Outgoing.state == "failed", Outgoing.code.in_(codes))
        values = {"state": "queued", "due": now, "attempts": 0, "ended": None}
        with self._sessions.begin() as session:
            return len(session.scalars(again.values(values).returning(Outgoing.id)).all())

    def purge(self, before: datetime) -> None:
        """Forget messages from before a moment, whatever became of them: nobody wants them that late."""
        with self._sessions.begin() as session:
            session.execute(delete(Outgoing).where(Outgoing.created < before))


def queue(session: Session, letters: Iterable[Letter], now: datetime) -> int:
    """Queue messages within the caller's transaction; how many are new."""
    rows = [
        {
            **{"key": letter.key, "channel": letter.channel, "address": letter.address, "text": letter.text},
            **{"rank": RANKS[letter.kind], "segments": letter.segments, "cost": letter.cost, "state": "queued"},
            **{"due": now, "created": now, "attempts": 0, "uncertain": 0},
            **{"gateway": "", "code": "", "reason": ""},
        }
        for letter in letters
    ]
    insert = database.insert(session, Outgoing).on_conflict_do_nothing(index_elements=["key"])
    return sum(session.scalar(insert.values(**row).returning(Outgoing.id)) is not None for row in rows)


def _waiting(channel: str, now: datetime) -> Any:
    """What is due on a channel, in the order in which it is sent."""
    rows = select(Outgoing).where(Outgoing.channel == channel, Outgoing.state == "queued", Outgoing.due <= now)
    if quiet(now):
        rows = rows.where(Outgoing.rank != RANKS["announcement"])
    return rows.order_by(Outgoing.rank, Outgoing.due, Outgoing.id)


def _next(session: Session, waiting: Any, now: datetime) -> Outgoing | None:
    """The first message that its receiver still wants; those before it have failed for that reason.

    Who opted out meanwhile is sent nothing but the reply to what they have asked.
    """
    while True:
        row: Outgoing | None = session.scalars(waiting.limit(1).with_for_update(skip_locked=True)).one_or_none()
        if row is None or row.rank == RANKS["reply"] or session.get(OptOut, (row.channel, row.address)) is None:
            return row
        row.state, row.code, row.reason, row.ended = "failed", "opted_out", "对方已退订，不再发送。", now
        session.flush()


def _at(gateway: str, channel: str, state: str) -> Any:
    """What is in one state at one gateway; the channel leads to it quickly, by the index."""
    return select(Outgoing).where(Outgoing.channel == channel, Outgoing.state == state, Outgoing.gateway == gateway)


def _taken(row: Outgoing) -> Taken:
    assert row.taken is not None
    return Taken(row.id, row.attempts, row.taken, row.created, row.address, row.text, row.segments)


def _settled(session: Session, taken: Taken, **values: Any) -> bool:
    held = (Outgoing.id == taken.number, Outgoing.state == "sending", Outgoing.taken == taken.taken)
    return session.scalar(update(Outgoing).where(*held).values(**values).returning(Outgoing.id)) is not None
