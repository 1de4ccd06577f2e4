"""Messages on their way out: each is a row from the moment it is wanted until its final state.

A worker *takes* as many messages as it has hands for, hands them to the gateway and says what came of them when it takes
the next. Before the gateway is asked, the rows are committed as `sending`: so a worker that is killed leaves at most one
message a hand of which nobody knows whether the gateway has it. Once its lease is over it is sent again unless a
delivery report has come for it meanwhile, and it is counted as uncertain: these are all that can arrive twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import cache
from itertools import islice
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import delete, false, func, select, update
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.database import Sessions
from knowledge.outbox_claims import REPLY, RETRIES, Batch, Fate, Taken, always, any_due, claim, hold, settle
from knowledge.service_tables import Outgoing

Kind = Literal["emergency", "reply", "announcement"]

#: What goes first.
RANKS: dict[Kind, int] = {"emergency": 0, "reply": REPLY, "announcement": 2}

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
    @property
    def announcement(self) -> int | None: ...
    @property
    def person(self) -> str: ...
    @property
    def place(self) -> str: ...


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

    def __init__(self, sessions: Sessions, lease: timedelta = LEASE) -> None:
        self._sessions = sessions
        self._lease = lease

    def put(self, letters: Iterable[Letter], now: datetime) -> int:
        """Queue messages, all or none; how many are new. Committed when this returns.

        SQLite lets nobody else write meanwhile: a thousand at a time are quick and keep nobody waiting.
        """
        with self._sessions.begin() as session:
            return queue(session, letters, now)

    # --- sending -----------------------------------------------------------------------------------------------------

    def take(
        self,
        gateway: str,
        channel: str,
        now: datetime,
        per_second: float,
        most: int = 1,
        done: Collection[Fate] = (),
    ) -> Batch:
        """In one transaction: store what came of messages taken before, and take at most as many that are due.

        The gateway is given `per_second` parts of messages by all workers together. In quiet hours announcements wait.
        """
        lowest = RANKS["reply"] if quiet(now) else RANKS["announcement"]
        if not done:
            with self._sessions() as session:
                if not (most and any_due(session.connection(), channel, lowest, now)):
                    return Batch()
        with self._sessions.begin() as session:
            connection = session.connection()
            settle(connection, gateway, done, now)
            return claim(connection, gateway, channel, lowest, now, per_second, most) if most else Batch()

    def strays(self, gateway: str, channel: str, now: datetime) -> Sequence[Taken]:
        """Messages whose taker has not said within the lease what came of them."""
        with self._sessions() as session:
            rows = _at(gateway, channel, "sending").where(Outgoing.taken < now - self._lease)
            return [_taken(row) for row in session.scalars(rows.order_by(Outgoing.id).limit(100))]

    def sent(self, taken: Taken, now: datetime) -> bool:
        """The gateway has it. False where the message is no longer the caller's: its fate was told by a report."""
        return self._hold(taken, state="sent", sent=now, code="", reason="")

    def again(self, stray: Taken, now: datetime, certain: bool = False) -> bool:
        """Queue a stray again: counted as uncertain unless it is `certain` that the gateway does not have it."""
        counted = {} if certain else {"uncertain": Outgoing.uncertain + 1}
        if stray.attempt <= len(RETRIES):
            return self._hold(stray, state="queued", due=now, **counted)
        reason = "三次都没有等到网关的回音，不知道对方收到没有。"
        return self._hold(stray, state="failed", ended=now, code="unknown", reason=reason, **counted)

    def _hold(self, taken: Taken, **values: Any) -> bool:
        with self._sessions.begin() as session:
            return hold(session.connection(), taken, **values)

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
        """Queue again, with new attempts, what failed with one of these codes; how many messages.

        What another way was tried for, or what belongs to an announcement that is over, is left.
        """
        again = update(Outgoing).where(
            Outgoing.state == "failed", Outgoing.code.in_(codes), Outgoing.followed.is_(False)
        )
        values = {"state": "queued", "due": now, "attempts": 0, "ended": None}
        with self._sessions.begin() as session:
            return len(session.scalars(again.values(values).returning(Outgoing.id)).all())

    def purge(self, before: datetime) -> None:
        """Forget messages from before a moment, whatever became of them: nobody wants them that late."""
        with self._sessions.begin() as session:
            session.execute(delete(Outgoing).where(Outgoing.created < before))


def queue(session: Session, letters: Iterable[Letter], now: datetime) -> int:
    """Queue messages within the caller's transaction; how many are new."""
    rows = (
        {
            **{"key": letter.key, "channel": letter.channel, "address": letter.address, "text": letter.text},
            **{
                "rank": RANKS[letter.kind],
                "segments": letter.segments,
                "cost": letter.cost,
                "due": now,
                "created": now,
            },
            **{"announcement": letter.announcement, "person": letter.person, "place": letter.place},
        }
        for letter in letters
    )
    insert, new = _insert(database.dialect_of(session)), 0
    while some := list(islice(rows, 1000)):
        new += len(session.connection().execute(insert, some).all())
    return new


def cancel(session: Session, announcement: int, code: str, reason: str, now: datetime) -> int:
    """Within the caller's transaction: what waits of an announcement is not sent any more; how many messages.

    No other way is tried for them, and what a gateway gives back meanwhile is not sent again.
    """
    mine = update(Outgoing).where(Outgoing.announcement == announcement)
    waiting = mine.where(Outgoing.state == always("queued"))
    values = {"state": "failed", "code": code[:40], "reason": reason[:200], "ended": now, "followed": True}
    count: int = session.connection().execute(waiting.values(values)).rowcount
    unsettled = mine.where(Outgoing.state.in_(("sending", "failed")), Outgoing.followed.is_(False))
    session.execute(unsettled.values(followed=True))
    return count


@cache
def _insert(dialect: str) -> Any:
    rows = database.table_of(Outgoing)
    none, nothing = always(0), always("")
    insert = database.insert_on(dialect, rows).values(
        **{"state": always("queued"), "attempts": none, "uncertain": none, "followed": false()},
        **{"gateway": nothing, "code": nothing, "reason": nothing},
    )
    return insert.on_conflict_do_nothing(index_elements=["key"]).returning(rows.c.id)


def _at(gateway: str, channel: str, named: str) -> Any:
    """What is in one state at one gateway: an index leads to it quickly."""
    return select(Outgoing).where(
        Outgoing.channel == channel, Outgoing.state == always(named), Outgoing.gateway == gateway
    )


def _taken(row: Outgoing) -> Taken:
    assert row.taken is not None
    return Taken(row.id, row.attempts, row.taken, row.created, row.address, row.text, row.segments)
