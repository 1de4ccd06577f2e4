"""The loudspeakers: what is to be heard where, which of them are heard of, what they have played.

A loudspeaker proves itself by a token of which only the hash is kept. One that is removed keeps its row without a token,
so that what it played stays told.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update

from knowledge import database
from knowledge.announcements import concerns, showing
from knowledge.announcements.tables import Announcement, AnnouncementEvent, Speaker, SpeakerPlay
from knowledge.database import Sessions

#: An emergency that a loudspeaker has not played so long after its beginning is a matter for people.
UNPLAYED_AFTER = timedelta(minutes=5)

#: What begins so soon is made ready.
SOON = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OnAir:
    """An announcement for loudspeakers. `began` is when it was first in force: its start, or its release or approval."""

    said: Announcement
    began: datetime

    def concerns(self, place: str) -> bool:
        """Whether it is to be heard in a place."""
        return concerns(self.said, place)


@dataclass(frozen=True, slots=True)
class Play:
    """A loudspeaker has played an announcement for so many seconds; `result` is "played", or what kept it from that."""

    announcement: int
    began: datetime
    seconds: int
    result: str = "played"


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a report: plays that are new, announcements that are none of that place, whether it had been silent."""

    new: int
    unknown: tuple[int, ...]
    back: bool


class Speakers:
    """The loudspeakers. Safe to share between threads and processes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def add(self, name: str, place: str, now: datetime) -> str | None:
        """A new loudspeaker; the token that it reports with, told only now. None where one of that name is there."""
        token = secrets.token_urlsafe(24)
        with self._sessions.begin() as session:
            known = session.get(Speaker, name)
            if known and known.secret:
                return None
            session.merge(
                Speaker(name=name, place=place, secret=_hash(token), since=now, seen=None, about={}, silent=False)
            )
        return token

    def remove(self, name: str) -> bool:
        """Nothing is expected of a loudspeaker any more, and its token is void; False where there is none."""
        gone = update(Speaker).where(Speaker.name == name, Speaker.secret != "").values(secret="", silent=False)
        with self._sessions.begin() as session:
            return session.scalar(gone.returning(Speaker.name)) is not None

    def all(self) -> Sequence[Speaker]:
        """The loudspeakers, by place."""
        with self._sessions() as session:
            rows = select(Speaker).where(Speaker.secret != "").order_by(Speaker.place, Speaker.name)
            return list(session.scalars(rows))

    def bearing(self, place: str, token: str) -> str | None:
        """The name of the loudspeaker of a place that bears a token; None where none does."""
        with self._sessions() as session:
            found = select(Speaker.name).where(Speaker.place == place, Speaker.secret == _hash(token))
            return session.scalar(found)

    # --- what is to be heard -----------------------------------------------------------------------------------------

    def on_air(self, now: datetime, place: str | None = None) -> list[OnAir]:
        """What is in force on loudspeakers, emergencies first; for a place only, or everywhere."""
        with self._sessions() as session:
            rows = showing(session, now, "speaker", place)
            released = _released(session, [row.id for row in rows if row.urgency == "emergency"])
            return [OnAir(row, _began(row, released)) for row in rows]

    def coming(self, now: datetime) -> Sequence[Announcement]:
        """What loudspeakers will play within a day: approved, not begun."""
        later = Announcement.state == "scheduled", Announcement.starts > now, Announcement.starts < now + SOON
        with self._sessions() as session:
            rows = session.scalars(select(Announcement).where(*later).order_by(Announcement.starts)).all()
        return [row for row in rows if "speaker" in row.outlets]

    # --- what they tell ----------------------------------------------------------------------------------------------

    def report(self, name: str, about: Mapping[str, Any], plays: Iterable[Play], now: datetime) -> Heard:
        """A loudspeaker is heard of: what it tells of itself, and plays, each kept once however often it is told."""
        with self._sessions.begin() as session:
            held = update(Speaker).where(Speaker.name == name).values(seen=now).returning(Speaker.silent, Speaker.place)
            silent, place = session.execute(held).one()
            values: dict[str, Any] = {"silent": False} | ({"about": dict(about)} if about else {})
            session.execute(update(Speaker).where(Speaker.name == name).values(**values))
            plays = list(plays)
            numbers = {play.announcement for play in plays}
            rows = session.scalars(select(Announcement).where(Announcement.id.in_(numbers)))
            ours = {row.id for row in rows if concerns(row, place)}
            new = 0
            for play in plays:
                if play.announcement in ours:
                    row = {"speaker": name, "announcement": play.announcement, "began": play.began, "told": now}
                    row |= {"seconds": play.seconds, "result": play.result}
                    once = database.insert(session, SpeakerPlay).values(**row).on_conflict_do_nothing()
                    new += session.scalar(once.returning(SpeakerPlay.announcement)) is not None
            return Heard(new, tuple(sorted(numbers - ours)), silent)

    def purge(self, before: datetime) -> None:
        """Forget the plays that were told before a moment."""
        with self._sessions.begin() as session:
            session.execute(delete(SpeakerPlay).where(SpeakerPlay.told < before))

    # --- what is missing ---------------------------------------------------------------------------------------------

    def silent(self, now: datetime, limit: timedelta) -> Sequence[Speaker]:
        """The loudspeakers that were not heard of for longer than `limit`, by place."""
        with self._sessions() as session:
            rows = select(Speaker).where(*_unheard(now, limit)).order_by(Speaker.place, Speaker.name)
            return list(session.scalars(rows))

    def newly_silent(self, now: datetime, limit: timedelta) -> Sequence[Speaker]:
        """Those that have fallen silent since this was last asked: each is told to one who asks."""
        unheard = _unheard(now, limit)
        fallen = update(Speaker).where(*unheard, Speaker.silent.is_(False)).values(silent=True).returning(Speaker.name)
        with self._sessions() as session:
            if session.scalar(select(Speaker.name).where(*unheard, Speaker.silent.is_(False)).limit(1)) is None:
                return []
        with self._sessions.begin() as session:
            names = list(session.scalars(fallen))
            return list(session.scalars(select(Speaker).where(Speaker.name.in_(names)).order_by(Speaker.place)))

    def unplayed(self, number: int, now: datetime) -> Sequence[Speaker]:
        """The loudspeakers that have not said, five minutes after it began, that they played an emergency."""
        with self._sessions() as session:
            row = session.get(Announcement, number)
            if row is None or row.urgency != "emergency" or "speaker" not in row.outlets:
                return []
            if row.state in ("draft", "scheduled") and (row.state == "draft" or row.starts > now):
                return []
            began = _began(row, _released(session, [number]))
            if min(now, row.ended or now) < began + UNPLAYED_AFTER:
                return []
            played = select(SpeakerPlay.speaker).where(
                SpeakerPlay.announcement == number, SpeakerPlay.result == "played"
            )
            rows = select(Speaker).where(Speaker.secret != "", Speaker.since <= began, Speaker.name.not_in(played))
            found = session.scalars(rows.order_by(Speaker.place, Speaker.name))
            return [speaker for speaker in found if concerns(row, speaker.place)]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _unheard(now: datetime, limit: timedelta) -> tuple[Any, ...]:
    return Speaker.secret != "", func.coalesce(Speaker.seen, Speaker.since) < now - limit


def _released(session: Any, numbers: Sequence[int]) -> dict[int, datetime]:
    """When emergencies were sent out before they were approved."""
    if not numbers:
        return {}
    events = select(AnnouncementEvent.announcement, AnnouncementEvent.at).where(
        AnnouncementEvent.announcement.in_(numbers), AnnouncementEvent.what == "released"
    )
    return {row.announcement: row.at for row in session.execute(events.order_by(AnnouncementEvent.id))}


def _began(row: Announcement, released: Mapping[int, datetime]) -> datetime:
    return max(row.starts, released.get(row.id) or row.approved or row.created)
