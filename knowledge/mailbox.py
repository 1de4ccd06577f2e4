"""Messages received, each stored before it is answered; their repeats; who wants nothing more; what was delivered.

A message is *taken* by whoever sets out to answer it, and its answer counts only while it is still theirs: so a repeat
that comes meanwhile, or after a crash, is answered once, by whichever process serves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import bindparam, delete, func, select, text, update
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.database import Sessions
from knowledge.service_tables import Delivery, Inbound, OptOut

#: How long a gateway's id means the same message; without an id, how soon after it equal content is a repeat.
ID_COUNTS = timedelta(hours=48)
ECHO = timedelta(seconds=4)

#: An answer that has not come after this long is not coming: a repeat of the message may be answered instead.
LEASE = timedelta(seconds=10)

#: How far a sent message has come. A report never takes one back: reports arrive in any order, and more than once.
PROGRESS = {"queued": 0, "sent": 1, "delivered": 2, "failed": 2}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message that was handed in.

    `state` is "taken" (the caller answers it), "busy" (somebody is answering it) or "answered" (with `reply`, the
    stored answer). `number` and `taken` identify the claim when the answer is handed in.
    """

    number: int
    state: Literal["taken", "busy", "answered"]
    taken: datetime
    reply: str | None = None
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one channel received since a moment, and what it cost."""

    channel: str
    received: int
    unanswered: int
    segments: int


# What every message needs is built once, on the table itself: building a statement, and the bookkeeping of objects that
# nobody keeps, take longer than the database does.
_MESSAGES, _OPT_OUTS = database.table_of(Inbound), database.table_of(OptOut)

#: Changes a message (the columns that it is executed with) while it is still the caller's to answer.
_STILL_HELD = (
    update(_MESSAGES)
    .where(
        _MESSAGES.c.id == bindparam("held_number"),
        _MESSAGES.c.taken == bindparam("held_since"),
        _MESSAGES.c.answered.is_(None),
    )
    .returning(_MESSAGES.c.id)
)
_OPTED_OUT = select(_OPT_OUTS.c.address).where(
    _OPT_OUTS.c.channel == bindparam("channel"), _OPT_OUTS.c.address == bindparam("address")
)


class Mailbox:
    """The stored messages. Safe to share between threads and processes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def receive(self, channel: str, sender: str, said: str, received: datetime, message_id: str | None) -> Receipt:
        """Store a message, or find the one that it repeats; committed when this returns."""
        with self._sessions.begin() as session:
            _one_at_a_time(session, channel, sender)
            stored = {
                **{"channel": channel, "sender": sender, "message_id": message_id, "text": said},
                **{"received": received, "taken": received, "intent": ""},
            }
            number = _insert_new(session, stored)
            if number is None:
                known = select(Inbound).filter_by(channel=channel, sender=sender, message_id=message_id)
                before = session.scalars(known).one()
                if abs(received - before.received) <= ID_COUNTS:
                    return self._repeat(session, before, received)
                before.message_id = None  # the gateway has begun to count anew
                session.flush()
                number = _insert_new(session, stored)
            elif message_id is None:
                echoed = _echoed(session, number, stored)
                if echoed:
                    session.execute(delete(Inbound).where(Inbound.id == number))
                    return self._repeat(session, echoed, received)
            assert number is not None
            return Receipt(number, "taken", received, opted_out=_opted_out(session, channel, sender))

    def _repeat(self, session: Session, before: Inbound, now: datetime) -> Receipt:
        if before.answered:
            return Receipt(before.id, "answered", before.answered, before.reply)
        if before.taken and abs(now - before.taken) < LEASE:
            return Receipt(before.id, "busy", before.taken)
        before.taken = now
        return Receipt(before.id, "taken", now, opted_out=_opted_out(session, before.channel, before.sender))

    def look(self, receipt: Receipt) -> Receipt:
        """The same message as it stands now: a busy one may have been answered."""
        with self._sessions() as session:
            row = session.get(Inbound, receipt.number)
            if row and row.answered:
                return Receipt(row.id, "answered", row.answered, row.reply)
            return receipt

    def answered(
        self, receipt: Receipt, reply: str | None, now: datetime, intent: str = "", segments: int | None = None
    ) -> bool:
        """Store the answer. False if the message was meanwhile taken by another: then this answer is not to be sent."""
        with self._sessions.begin() as session:
            values = {"answered": now, "reply": reply, "intent": intent[:40], "segments": segments}
            return session.scalar(_STILL_HELD, {**values, **_held(receipt)}) is not None

    def give_up(self, receipt: Receipt) -> None:
        """Let go of a message that could not be answered, so that a repeat is answered at once."""
        with self._sessions.begin() as session:
            session.execute(_STILL_HELD, {"taken": None, **_held(receipt)})

    def reply_to(self, channel: str, sender: str, message_id: str) -> str | None:
        """The stored answer to a message that came under an id."""
        known = select(Inbound.reply).filter_by(channel=channel, sender=sender, message_id=message_id)
        with self._sessions() as session:
            return session.scalar(known)

    # --- who wants nothing more --------------------------------------------------------------------------------------

    def opt_out(self, channel: str, address: str, now: datetime) -> None:
        """Send nothing more to this address until `opt_in`."""
        with self._sessions.begin() as session:
            insert = database.insert(session, OptOut).values(channel=channel, address=address, since=now)
            session.execute(insert.on_conflict_do_nothing())

    def opt_in(self, channel: str, address: str) -> None:
        """Send to this address again."""
        with self._sessions.begin() as session:
            session.execute(delete(OptOut).where(OptOut.channel == channel, OptOut.address == address))

    def opted_out(self, channel: str, address: str) -> bool:
        """Whether this address wants nothing from this channel."""
        with self._sessions() as session:
            return _opted_out(session, channel, address)

    # --- what was sent -----------------------------------------------------------------------------------------------

    def delivery(self, channel: str, message_id: str, state: str, detail: str, now: datetime) -> None:
        """Keep how far a sent message has come (a key of PROGRESS), unless it is known to have come further."""
        lower = [name for name, step in PROGRESS.items() if step < PROGRESS[state]]
        with self._sessions.begin() as session:
            values = {"state": state, "detail": detail[:100], "at": now}
            insert = database.insert(session, Delivery).values(channel=channel, message_id=message_id, **values)
            upsert = insert.on_conflict_do_update(
                index_elements=["channel", "message_id"], set_=values, where=Delivery.state.in_(lower)
            )
            session.execute(upsert)

    # --- operations --------------------------------------------------------------------------------------------------

    def traffic(self, since: datetime) -> Sequence[Traffic]:
        """What each channel received since a moment."""
        with self._sessions() as session:
            rows = session.execute(
                select(
                    Inbound.channel,
                    func.count(),
                    func.count().filter(Inbound.answered.is_(None)),
                    func.sum(Inbound.segments),
                )
                .where(Inbound.received >= since)
                .group_by(Inbound.channel)
                .order_by(Inbound.channel)
            )
            return [Traffic(channel, count, waiting, int(cost or 0)) for channel, count, waiting, cost in rows]

    def purge(self, before: datetime) -> None:
        """Forget messages and deliveries from before a moment. Opt-outs stay: they are a promise."""
        with self._sessions.begin() as session:
            session.execute(delete(Inbound).where(Inbound.received < before))
            session.execute(delete(Delivery).where(Delivery.at < before))


def _one_at_a_time(session: Session, channel: str, sender: str) -> None:
    """Let the messages of one sender in one after another, until this transaction ends.

    SQLite has one writer at a time anyway, provided that the transaction begins with a write.
    """
    if database.dialect_of(session) == "postgresql":
        key = {"key": f"{channel}:{sender}"}
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)


def _insert_new(session: Session, values: dict[str, Any]) -> int | None:
    """The number of the stored message; None if its id is known already."""
    number: int | None = session.scalar(_insert_unknown(database.dialect_of(session)), values)
    return number


@cache
def _insert_unknown(dialect: str) -> Any:
    return database.insert_on(dialect, _MESSAGES).on_conflict_do_nothing().returning(_MESSAGES.c.id)


def _echoed(session: Session, number: int, values: dict[str, Any]) -> Inbound | None:
    """The message without an id that this one says again."""
    received: datetime = values["received"]
    same = select(Inbound).filter_by(channel=values["channel"], sender=values["sender"], text=values["text"])
    near = same.where(
        Inbound.message_id.is_(None),
        Inbound.id != number,
        Inbound.received.between(received - ECHO, received + ECHO),
    )
    return session.scalars(near.order_by(Inbound.id.desc()).limit(1)).one_or_none()


def _held(receipt: Receipt) -> dict[str, Any]:
    """What `_STILL_HELD` must know of a claim."""
    return {"held_number": receipt.number, "held_since": receipt.taken}


def _opted_out(session: Session, channel: str, sender: str) -> bool:
    return session.scalar(_OPTED_OUT, {"channel": channel, "address": sender}) is not None
