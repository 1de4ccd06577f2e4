"""What the WeChat channel keeps beside its messages: the access token, what came in beside texts, what goes out late.

A late answer is first *owed* (its question is stored before WeChat is told that we took the message), then *queued*,
*sending*, *sent* or *failed*. *Watched* is a message that somebody else is answering: if that process dies, it is
taken up like an owed one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select, update
from sqlalchemy.orm import Session

from knowledge import database, service_tables
from knowledge.database import Sessions
from knowledge.service_tables import Inbound, OptOut, WechatKept, WechatOutgoing, WechatToken

#: The names under which the mailbox keeps this channel's messages: proven ones, and those that anybody may have sent.
CHANNELS = ("wechat", "wechat-open")

#: What the outbox sends by, as a literal: so the databases use the index of its addresses.
_SENDS = literal("wechat", literal_execute=True)

#: Who set out to renew the token and is not back after this long will not be.
RENEWAL = timedelta(seconds=15)

#: Who set out to send, or to answer, and is not done after this long has died.
LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and when it lapses."""

    value: str
    lapses: datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One row of the outbox, taken to be sent for the `tries`th time."""

    id: int
    openid: str
    kind: str
    content: str
    tries: int


@dataclass(frozen=True, slots=True)
class Owed:
    """An answer that somebody is still waiting for. `ours` tells that WeChat was told of a late one."""

    id: int
    message_id: str
    question: str
    ours: bool


@dataclass(frozen=True, slots=True)
class Quota:
    """What WeChat counts for one user: their last message, and how many of ours went out since."""

    last: datetime | None
    used: int
    opted_out: bool


class Wechat:
    """The stored parts of the channel. Safe to share between threads and processes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    # --- the access token --------------------------------------------------------------------------------------------

    def token(self, app_id: str) -> Token | None:
        """The token as last stored."""
        with self._sessions() as session:
            row = session.get(WechatToken, app_id)
            return Token(row.token, row.lapses) if row and row.token and row.lapses else None

    def take_renewal(self, app_id: str, seen: str, now: datetime) -> bool:
        """Whether the caller is the one who renews the token `seen` ("" for none): one of all processes at a time."""
        with self._sessions.begin() as session:
            insert = database.insert(session, WechatToken).values(app_id=app_id, token="", taken=now)
            free = or_(
                WechatToken.taken.is_(None), WechatToken.taken <= now - RENEWAL, WechatToken.taken > now + RENEWAL
            )
            taken = insert.on_conflict_do_update(
                index_elements=["app_id"], set_={"taken": now}, where=and_(WechatToken.token == seen, free)
            )
            return session.scalar(taken.returning(WechatToken.app_id)) is not None

    def renewed(self, app_id: str, value: str, lapses: datetime) -> None:
        """Store the new token."""
        self._end_renewal(app_id, token=value, lapses=lapses)

    def not_renewed(self, app_id: str) -> None:
        """Let another process try."""
        self._end_renewal(app_id)

    def _end_renewal(self, app_id: str, **values: object) -> None:
        with self._sessions.begin() as session:
            session.execute(update(WechatToken).where(WechatToken.app_id == app_id).values(taken=None, **values))

    # --- what came in ------------------------------------------------------------------------------------------------

    def keep(self, openid: str, message_id: str, kind: str, received: datetime, **what: str) -> None:
        """Keep a picture, a voice or a place (`media_id`, `url`, `latitude`, `longitude`, `label`); once."""
        blank = {"media_id": "", "url": "", "latitude": "", "longitude": "", "label": ""}
        values = {"openid": openid, "message_id": message_id, "kind": kind, "received": received, **blank, **what}
        with self._sessions.begin() as session:
            session.execute(database.insert(session, WechatKept).values(**values).on_conflict_do_nothing())

    def last_answer(self, channel: str, openid: str) -> str | None:
        """The JSON of the answer that a user was given last."""
        last = select(Inbound.reply).filter_by(channel=channel, sender=openid).where(Inbound.reply.is_not(None))
        with self._sessions() as session:
            return session.scalar(last.order_by(Inbound.received.desc(), Inbound.id.desc()).limit(1))

    # --- what goes out -----------------------------------------------------------------------------------------------

    def owe(self, openid: str, message_id: str, question: str, now: datetime, watched: bool = False) -> None:
        """Keep a question (JSON) whose answer will be late; `watched` where another process is answering it."""
        state = "watched" if watched else "owed"
        with self._sessions.begin() as session:
            insert = _row(session, openid, message_id, "text", question, state, now)
            if watched:
                session.execute(insert.on_conflict_do_nothing())
                return
            session.execute(
                insert.on_conflict_do_update(
                    index_elements=["openid", "message_id", "kind"],
                    set_={"state": "owed", "at": now},
                    where=WechatOutgoing.state == "watched",
                )
            )

    def queue(self, openid: str, message_id: str, kind: str, content: str, now: datetime) -> bool:
        """Have a text or a picture sent; it takes the place of the answer that was owed. False if it is known already."""
        values = {"content": content, "state": "queued", "due": now, "at": now}
        with self._sessions.begin() as session:
            insert = _row(session, openid, message_id, kind, content, "queued", now)
            upsert = insert.on_conflict_do_update(
                index_elements=["openid", "message_id", "kind"],
                set_=values,
                where=WechatOutgoing.state.in_(("owed", "watched")),
            )
            return session.scalar(upsert.returning(WechatOutgoing.id)) is not None

    def settle(self, openid: str, message_id: str) -> None:
        """Strike out what was owed: the answer was given otherwise, or there is none."""
        owed = WechatOutgoing.state.in_(("owed", "watched"))
        with self._sessions.begin() as session:
            session.execute(
                delete(WechatOutgoing).where(
                    WechatOutgoing.openid == openid, WechatOutgoing.message_id == message_id, owed
                )
            )

    def owed(self, now: datetime) -> Sequence[Owed]:
        """The answers that nobody alive seems to be working on, oldest first, each claimed by being read."""
        left = WechatOutgoing.state.in_(("owed", "watched")), WechatOutgoing.at <= now - LEASE
        with self._sessions() as session:
            if session.scalar(select(WechatOutgoing.id).where(*left).limit(1)) is None:
                return []  # as nearly always: nobody need wait for a write
        with self._sessions.begin() as session:
            rows = session.execute(
                update(WechatOutgoing)
                .where(*left)
                .values(at=now)
                .returning(WechatOutgoing.id, WechatOutgoing.message_id, WechatOutgoing.content, WechatOutgoing.state)
            )
            return [Owed(id, message, content, state == "owed") for id, message, content, state in sorted(rows)]

    def take(self, now: datetime) -> Outgoing | None:
        """The next message to be sent, now the caller's; None when nothing is due.

        One whose sender died is taken again: WeChat may have had it already, which nobody can know; `tries` counts it.
        """
        with self._sessions() as session:
            due = select(WechatOutgoing.id, WechatOutgoing.at).where(_due(now)).order_by(WechatOutgoing.id).limit(10)
            found = session.execute(due).all()
        for number, seen in found:
            with self._sessions.begin() as session:
                row = session.execute(
                    update(WechatOutgoing)
                    .where(WechatOutgoing.id == number, WechatOutgoing.at == seen, _due(now))
                    .values(state="sending", at=now, tries=WechatOutgoing.tries + 1)
                    .returning(
                        WechatOutgoing.id,
                        WechatOutgoing.openid,
                        WechatOutgoing.kind,
                        WechatOutgoing.content,
                        WechatOutgoing.tries,
                    )
                ).one_or_none()
            if row:
                return Outgoing(*row)
        return None

    def quota(self, openid: str, but: int = 0) -> Quota:
        """What WeChat has counted for a user so far, in both outboxes, without the row `but` of this one."""
        with self._sessions() as session:
            ours = Inbound.channel.in_(CHANNELS), Inbound.sender == openid
            last = session.scalar(select(func.max(Inbound.received)).where(*ours))
            opted_out = any(session.get(OptOut, (channel, openid)) for channel in CHANNELS)
            if last is None:
                return Quota(None, 0, opted_out)
            counted = select(func.count()).where(
                WechatOutgoing.openid == openid,
                WechatOutgoing.id != but,
                WechatOutgoing.state.in_(("sending", "sent")),
                WechatOutgoing.at >= last,
            )
            told = select(func.count()).where(
                service_tables.Outgoing.channel == _SENDS,
                service_tables.Outgoing.address == openid,
                service_tables.Outgoing.sent >= last,
            )
            return Quota(last, (session.scalar(counted) or 0) + (session.scalar(told) or 0), opted_out)

    def sent(self, outgoing: Outgoing, now: datetime) -> None:
        """WeChat has taken it."""
        self._change(outgoing, state="sent", at=now, reason="")

    def failed(self, outgoing: Outgoing, reason: str, now: datetime, again: datetime | None = None) -> None:
        """WeChat has not taken it: for good, or until it is tried `again`."""
        state = {"state": "queued", "due": again} if again else {"state": "failed"}
        self._change(outgoing, **state, at=now, reason=reason[:200])

    def _change(self, outgoing: Outgoing, **values: object) -> None:
        with self._sessions.begin() as session:
            ours = WechatOutgoing.id == outgoing.id, WechatOutgoing.tries == outgoing.tries
            session.execute(update(WechatOutgoing).where(*ours).values(**values))

    def purge(self, before: datetime) -> None:
        """Forget what is older than a moment. The access token stays."""
        with self._sessions.begin() as session:
            session.execute(delete(WechatKept).where(WechatKept.received < before))
            session.execute(delete(WechatOutgoing).where(WechatOutgoing.at < before))


def _row(session: Session, openid: str, message_id: str, kind: str, content: str, state: str, now: datetime) -> Any:
    values = {"openid": openid, "message_id": message_id, "kind": kind, "content": content, "state": state}
    return database.insert(session, WechatOutgoing).values(**values, tries=0, due=now, at=now, reason="")


def _due(now: datetime) -> ColumnElement[bool]:
    """What may be sent: queued, or in the hands of a sender that died."""
    return or_(
        and_(WechatOutgoing.state == "queued", WechatOutgoing.due <= now),
        and_(WechatOutgoing.state == "sending", WechatOutgoing.at <= now - LEASE),
    )
