"""What the service itself remembers beside the data: conversations, what could not be answered, what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.tables import Audit, Conversation, Resident, Unanswered


def recall(session: Session, sender: str) -> dict[str, Any] | None:
    """The stored state of one sender's conversation, or None."""
    row = session.get(Conversation, sender)
    return row.state if row else None


def remember(session: Session, sender: str, state: dict[str, Any], now: datetime) -> None:
    """Store the state of one sender's conversation; the caller commits. Of two at once the later one counts."""
    values = {"state": state, "touched": now}
    insert = database.insert(session, Conversation).values(sender=sender, **values)
    session.execute(insert.on_conflict_do_update(index_elements=["sender"], set_=values))


def forget(session: Session, sender: str) -> None:
    """Drop one sender's conversation; the caller commits."""
    session.execute(delete(Conversation).where(Conversation.sender == sender))


def villages_of(session: Session, phone: str) -> tuple[str, ...]:
    """The villages in whose residents' list a number stands, in the order of registration."""
    rows = session.scalars(select(Resident.place).where(Resident.phone == phone).order_by(Resident.id))
    return tuple(dict.fromkeys(rows))


def note_unanswered(session: Session, text: str, reason: str, intent: str, now: datetime) -> None:
    """Keep a message that could not be answered, without its sender; the caller commits."""
    session.add(Unanswered(text=text[:500], reason=reason, intent=intent, seen=now))


def note_refused(session: Session, sender: str, detail: str, now: datetime) -> None:
    """Keep in the audit log that somebody asked for what they may not see; the caller commits."""
    digest = blake2b(sender.encode(), digest_size=16).hexdigest()
    session.add(Audit(at=now, sender=digest, event="refused", detail=detail[:500]))


@dataclass(frozen=True, slots=True)
class UnansweredGroup:
    """Messages that read alike, with their count and the latest time."""

    example: str
    count: int
    reason: str
    last: datetime


def unanswered(session: Session, limit: int = 50) -> Sequence[UnansweredGroup]:
    """What could not be answered, equal texts grouped, the most frequent first."""
    rows = session.execute(
        select(Unanswered.text, func.count(), func.min(Unanswered.reason), func.max(Unanswered.seen))
        .group_by(Unanswered.text)
        .order_by(func.count().desc(), func.max(Unanswered.seen).desc())
        .limit(limit)
    )
    return [UnansweredGroup(text, count, reason, last) for text, count, reason, last in rows]


def purge(session: Session, now: datetime, days: int) -> None:
    """Forget conversations and unanswered messages older than `days`; the caller commits."""
    before = now - timedelta(days=days)
    session.execute(delete(Conversation).where(Conversation.touched < before))
    session.execute(delete(Unanswered).where(Unanswered.seen < before))
