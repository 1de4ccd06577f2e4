"""Announcements, who wrote and approved them, whom they reached, and the loudspeakers, as SQLAlchemy models.

What goes to a person stands in the outbox (`knowledge.service_tables.Outgoing`, by its column `announcement`): a delivery is
its row there. What everybody hears or sees (loudspeaker, television, web) has no rows: it is asked for while in force.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from knowledge.database import Base, Moment
from knowledge.tables import BigKey


class Staff(Base):
    """Somebody who works with announcements: an editor writes them, an approver approves those of others too.

    `place` is the code (6, 9 or 12 digits) within which they may do so; `until` is the moment at which they left.
    """

    __tablename__ = "staff"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    role: Mapped[str] = mapped_column(String(10))  # editor, approver
    place: Mapped[str] = mapped_column(String(12))
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)


class Announcement(Base):
    """One announcement. `places` are codes of 6, 9 or 12 digits, `groups` narrow the people, `outlets` say by what way.

    It is in force from `starts` until `ends`. `hours` are the times of the day ("07:00") at which loudspeakers play it.
    `identifier` is its name towards the world (CAP). `cursor` is the last resident that deliveries were made for,
    `spread` tells that they were made for all.
    """

    __tablename__ = "announcements"
    __table_args__ = (Index("announcements_state", "state", "starts"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    identifier: Mapped[str] = mapped_column(String(100), unique=True)
    title: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(Text)
    short: Mapped[str] = mapped_column(Text, default="")  # for text messages, where the text is too long for them
    category: Mapped[str] = mapped_column(String(20), default="通知")
    urgency: Mapped[str] = mapped_column(String(10), default="routine")  # routine, emergency
    publisher: Mapped[str] = mapped_column(String(60))
    places: Mapped[list[str]] = mapped_column(JSON)
    groups: Mapped[list[str]] = mapped_column(JSON, default=list)
    outlets: Mapped[list[str]] = mapped_column(JSON)  # speaker, sms, call, wechat, tv, web
    hours: Mapped[list[str]] = mapped_column(JSON, default=list)
    confirm: Mapped[bool] = mapped_column(default=False)  # "收到请回1"
    starts: Mapped[datetime] = mapped_column(Moment)
    ends: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(12), default="draft")
    author: Mapped[str] = mapped_column(String(40))
    created: Mapped[datetime] = mapped_column(Moment)
    changed: Mapped[datetime] = mapped_column(Moment)
    approver: Mapped[str] = mapped_column(String(40), default="")
    approved: Mapped[datetime | None] = mapped_column(Moment)
    ended: Mapped[datetime | None] = mapped_column(Moment)  # done, withdrawn or superseded
    replaces: Mapped[int | None] = mapped_column(ForeignKey("announcements.id"))
    alert: Mapped[dict[str, Any] | None] = mapped_column(
        JSON
    )  # of an alert: sender, identifier, sent, event, severity …
    cursor: Mapped[int] = mapped_column(BigKey, default=0)
    spread: Mapped[bool] = mapped_column(default=False)


class AnnouncementEvent(Base):
    """One step in the life of an announcement: what was done with it, by whom. Never changed."""

    __tablename__ = "announcement_events"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    announcement: Mapped[int] = mapped_column(ForeignKey("announcements.id"), index=True)
    at: Mapped[datetime] = mapped_column(Moment)
    who: Mapped[str] = mapped_column(String(40), default="")  # "" where the service itself did it
    what: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(Text, default="")


class Acknowledgement(Base):
    """A person has heard an announcement again, or has said that it came. `person` is their number; purged by age."""

    __tablename__ = "acknowledgements"
    announcement: Mapped[int] = mapped_column(ForeignKey("announcements.id"), primary_key=True)
    person: Mapped[str] = mapped_column(String(100), primary_key=True)
    what: Mapped[str] = mapped_column(String(10), primary_key=True)  # confirmed, heard
    channel: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Moment)


class GroupMember(Base):
    """A number that belongs to a group of people who are told things together: party members, large growers."""

    __tablename__ = "group_members"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    person: Mapped[str] = mapped_column(String(100), primary_key=True)


class Speaker(Base):
    """One loudspeaker. `secret` is the hash of the token that it reports with, `seen` when it was last heard of."""

    __tablename__ = "speakers"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    place: Mapped[str] = mapped_column(String(12), index=True)
    secret: Mapped[str] = mapped_column(String(64))
    since: Mapped[datetime] = mapped_column(Moment)
    seen: Mapped[datetime | None] = mapped_column(Moment)
    about: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what it told of itself last
    silent: Mapped[bool] = mapped_column(default=False)  # its silence was noticed


class SpeakerPlay(Base):
    """A loudspeaker has played an announcement, or could not: told by itself, each play once."""

    __tablename__ = "speaker_plays"
    speaker: Mapped[str] = mapped_column(ForeignKey("speakers.name"), primary_key=True)
    announcement: Mapped[int] = mapped_column(ForeignKey("announcements.id"), primary_key=True)
    began: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    seconds: Mapped[int] = mapped_column(default=0)
    result: Mapped[str] = mapped_column(String(40), default="played")
    told: Mapped[datetime] = mapped_column(Moment)
