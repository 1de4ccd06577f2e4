"""What the service itself remembers beside the data: conversations, what could not be answered, what was refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.service_tables import Audit, Conversation, Unanswered
from knowledge.tables import Resident

# What every message needs is built once: building a statement takes longer than the database does.
_CONVERSATIONS, _RESIDENTS = database.table_of(Conversation), database.table_of(Resident)
_STATE = select(_CONVERSATIONS.c.state).where(_CONVERSATIONS.c.sender == bindparam("sender"))
_VILLAGES = select(_RESIDENTS.c.place).where(_RESIDENTS.c.phone == bindparam("phone")).order_by(_RESIDENTS.c.id)


def recall(session: Session, sender: str) -> dict[str, Any] | None:
    """The stored state of one sender's conversation, or None."""
    return session.scalar(_STATE, {"sender": sender})


def remember(session: Session, sender: str, state: dict[str, Any], now: datetime) -> None:
    """Store the state of one sender's conversation; the caller commits. Of two at once the later one counts."""
    session.execute(_upsert(database.dialect_of(session)), {"sender": sender, "state": state, "touched": now})


@cache
def _upsert(dialect: str) -> Any:
    insert = database.insert_on(dialect, _CONVERSATIONS)
    new = {"state": insert.excluded.state, "touched": insert.excluded.touched}
    return insert.on_conflict_do_update(index_elements=["sender"], set_=new)


def forget(session: Session, sender: str) -> None:
    """Drop one sender's conversation; the caller commits."""
    session.execute(delete(Conversation).where(Conversation.sender == sender))


def villages_of(session: Session, phone: str) -> tuple[str, ...]:
    """The villages in whose residents' list a number stands, in the order of registration."""
    return tuple(dict.fromkeys(session.scalars(_VILLAGES, {"phone": phone})))


def note_unanswered(session: Session, text: str, reason: str, intent: str, now: datetime) -> None:
    """Keep a message that could not be answered, without its sender; the caller commits."""
    session.add(Unanswered(text=text[:500], reason=reason, intent=intent, seen=now))


def note_refused(session: Session, sender: str, detail: str, now: datetime) -> None:
    """Keep in the audit log that somebody asked for what they may not see; the caller commits."""
    digest = blake2b(sender.encode(), digest_size=16).hexdigest()
    session.add(Audit(at=now, sender=digest, event="refused", detail=detail[:500]))


@dataclass(frozen=True, slots=True)
class UnansweredGroup:
    """Messages that read alike: the most frequent wording, how many there were, the latest time, other wordings."""

    example: str
    count: int
    reason: str
    last: datetime
    others: tuple[str, ...] = ()


#: So much of two texts must be the same pairs of characters for them to be taken for one question.
_ALIKE = 0.5

#: So many different texts are looked at, the most frequent first.
_LOOKED_AT = 2000


def unanswered(session: Session, limit: int = 50) -> list[UnansweredGroup]:
    """What could not be answered, texts that read alike in one group, the most frequent first."""
    rows = session.execute(
        select(Unanswered.text, func.count(), func.min(Unanswered.reason), func.max(Unanswered.seen))
        .group_by(Unanswered.text)
        .order_by(func.count().desc(), func.max(Unanswered.seen).desc())
        .limit(_LOOKED_AT)
    )
    groups: list[tuple[frozenset[str], UnansweredGroup]] = []
    for text, count, reason, last in rows:
        pairs = _pairs(text)
        for number, (known, group) in enumerate(groups):
            if len(pairs & known) >= _ALIKE * len(pairs | known):
                latest = max(group.last, last)
                grown = replace(group, count=group.count + count, last=latest, others=(*group.others, text))
                groups[number] = (known, grown)
                break
        else:
            groups.append((pairs, UnansweredGroup(text, count, reason, last)))
    return sorted((group for _, group in groups), key=lambda group: -group.count)[:limit]


def _pairs(text: str) -> frozenset[str]:
    """The pairs of neighbouring letters of a text; what is no letter is passed over where there are letters."""
    letters = "".join(c for c in text.lower() if c.isalnum()) or text
    return frozenset(a + b for a, b in pairwise(letters)) or frozenset({letters})


def purge(session: Session, now: datetime, days: int) -> None:
    """Forget conversations and unanswered messages older than `days`; the caller commits."""
    before = now - timedelta(days=days)
    session.execute(delete(Conversation).where(Conversation.touched < before))
    session.execute(delete(Unanswered).where(Unanswered.seen < before))
