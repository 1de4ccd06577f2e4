"""What people answer to announcements: that one came, that they want it again. Functions on a session; the caller commits.

What was delivered to somebody is found by the keys of its rows in the outbox, which are unique: no search among the
messages of a whole county.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.announcements import PERSONAL, showing
from knowledge.announcements.tables import Acknowledgement, Announcement, GroupMember
from knowledge.database import Sessions
from knowledge.service_tables import Inbound, Outgoing

#: "收到请回1" counts for what came so lately.
CONFIRMED_WITHIN = timedelta(hours=48)

#: What everybody hears or sees anyway, whomever it is for.
PUBLIC = frozenset({"speaker", "tv", "web"})


def delivery(number: int, person: str, channel: str) -> str:
    """The key of an announcement's message to a person on a channel."""
    return f"a{number}:{person}:{channel}"


def confirm(session: Session, person: str, channel: str, now: datetime, after: datetime | None = None) -> str | None:
    """Somebody says that an announcement has come: the latest that asked for it and that they have not confirmed yet.

    Its title; where all are confirmed, the title of the latest again; None where none asked. `after` is a moment before
    which one was sent that does not count.
    """
    said = and_(
        Acknowledgement.announcement == Announcement.id,
        Acknowledgement.person == person,
        Acknowledgement.what == "confirmed",
    )
    asked = (
        _delivered(session, person, now, after, Announcement.confirm.is_(True))
        .outerjoin(Acknowledgement, said)
        .where(Outgoing.created > now - CONFIRMED_WITHIN)
        .order_by(Acknowledgement.person.is_not(None), Outgoing.id.desc())
    )
    row: Announcement | None = session.scalars(asked.limit(1)).first()
    if row is None:
        return None
    acknowledge(session, row.id, person, "confirmed", channel, now)
    return row.title


def latest(session: Session, person: str, now: datetime, after: datetime | None = None) -> Announcement | None:
    """The announcement in force that somebody was sent last; `after` as for `confirm`."""
    told = _delivered(session, person, now, after, Announcement.state == "going", Announcement.ends > now)
    found: Announcement | None = session.scalars(told.order_by(Outgoing.id.desc()).limit(1)).first()
    return found


def _delivered(session: Session, person: str, now: datetime, after: datetime | None, *which: Any) -> Any:
    """The announcements of a kind that somebody was sent: a statement whose rows stand beside their `Outgoing`."""
    lately = Announcement.starts <= now, Announcement.ends > now - CONFIRMED_WITHIN
    numbers = session.scalars(select(Announcement.id).where(*lately, *which)).all()
    keys = [delivery(number, person, channel) for number in numbers for channel in PERSONAL]
    found = select(Announcement).join(Outgoing, Outgoing.announcement == Announcement.id)
    found = found.where(Outgoing.key.in_(keys), Outgoing.state.in_(("sending", "sent", "delivered")))
    if after is not None:
        found = found.where(func.coalesce(Outgoing.sent, Outgoing.taken, Outgoing.created) > after)
    return found


def acknowledge(session: Session, number: int, person: str, what: str, channel: str, now: datetime) -> None:
    """Keep that somebody has "confirmed" an announcement or has "heard" it again; once each."""
    values = {"announcement": number, "person": person, "what": what, "channel": channel, "at": now}
    session.execute(database.insert(session, Acknowledgement).values(**values).on_conflict_do_nothing())


def in_force(session: Session, place: str, person: str | None, now: datetime) -> Sequence[Announcement]:
    """The announcements in force for a place that may be told to somebody, emergencies first, then the latest.

    What only goes to the members of groups is told to them alone.
    """
    found = showing(session, now, "", place)
    inner = [row.id for row in found if row.groups and not PUBLIC & {*row.outlets}]
    if not inner:
        return found
    mine = set(session.scalars(select(GroupMember.name).where(GroupMember.person == person))) if person else set()
    return [row for row in found if row.id not in inner or mine & {*row.groups}]


class Answers:
    """The same for channels, which hold no session. Safe to share between threads and processes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def carried(self, letter: int) -> tuple[Announcement, str] | None:
        """The announcement that a message of the outbox carries, and to whom (their number); None where it carries none."""
        with self._sessions() as session:
            found = session.execute(
                select(Announcement, Outgoing.person)
                .join(Outgoing, Outgoing.announcement == Announcement.id)
                .where(Outgoing.id == letter)
            ).one_or_none()
            return (found[0], found[1]) if found else None

    def last_words(self, person: str, channel: str, address: str, now: datetime) -> str | None:
        """The text of an announcement that we sent somebody on a channel, if nothing else was said there since."""
        with self._sessions() as session:
            answered = select(func.max(Inbound.received)).where(Inbound.channel == channel, Inbound.sender == address)
            after = session.scalar(answered.where(Inbound.reply.is_not(None)))
            told = _delivered(session, person, now, after).where(Outgoing.channel == channel)
            text: str | None = session.scalar(
                told.with_only_columns(Outgoing.text).order_by(Outgoing.id.desc()).limit(1)
            )
            return text

    def acknowledge(self, number: int, person: str, what: str, channel: str, now: datetime) -> None:
        """See the function of that name."""
        with self._sessions.begin() as session:
            acknowledge(session, number, person, what, channel, now)
