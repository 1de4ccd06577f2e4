"""Whom an announcement reaches one by one: the deliveries that are made for them, the next way where one failed, who is left.

A delivery is a row of the outbox under the key `a<announcement>:<number>:<channel>`, made in the same transaction that
moves the announcement's cursor: a worker that is killed goes on where it was, and nobody is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.announcements import PERSONAL, _claimed
from knowledge.announcements.tables import Acknowledgement, Announcement, GroupMember, SpeakerPlay
from knowledge.database import Sessions
from knowledge.outbox import Kind, queue
from knowledge.tables import Door, OptOut, Outgoing, Person, Resident

#: What a villager's favourite channel, or the residents' list, calls the outlets.
_NAMES = {
    "phone": "call",
    "电话": "call",
    "电话语音": "call",
    "sms": "sms",
    "短信": "sms",
    "wechat": "wechat",
    "微信": "wechat",
}

_MOBILE = re.compile(r"1\d{10}")

#: "收到请回1" counts for what came so lately.
CONFIRMED_WITHIN = timedelta(hours=48)

#: The words of an announcement on one channel to one address, how many messages it costs, and yuan where that is known.
Shape = Callable[[Announcement, str, str], tuple[str, int, Decimal | None]]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message of an announcement to a person; see `knowledge.outbox.Letter`."""

    channel: str
    address: str
    text: str
    kind: Kind
    key: str | None
    segments: int
    cost: Decimal | None
    announcement: int | None
    person: str
    place: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an announcement has come: messages by channel and state, people who confirmed or heard it again, plays."""

    deliveries: Mapping[tuple[str, str], int]
    confirmed: int
    heard: int
    played: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Missed:
    """Somebody who was not reached: for the village cadre to knock on the door. `number` is unmasked."""

    place: str
    name: str
    number: str
    why: str


class Audience:
    """The people an announcement is for. Safe to share between threads and processes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def spread(self, channels: Collection[str], shape: Shape, now: datetime, size: int = 1000) -> int | None:
        """Make the deliveries of the next `size` residents of the most urgent announcement that is going out.

        `channels` are those that can send. How many messages are new; None where there is nothing to do.
        """
        waiting = select(Announcement.id).where(Announcement.state == "going", Announcement.spread.is_(False))
        with self._sessions() as session:
            urgent = Announcement.urgency != "emergency"
            number = session.scalar(waiting.order_by(urgent, Announcement.starts, Announcement.id).limit(1))
        if number is None:
            return None
        with self._sessions.begin() as session:
            row = _claimed(session, number, ("going",))
            if row is None or row.spread:
                return 0
            ways = _ways(row, channels)
            people = session.execute(_people(row, size)).all() if ways else []
            row.spread = len(people) < size
            if not people:
                return 0
            row.cursor = people[-1].id
            doors = _doors(session, [(person.phone, person.preferred) for person in people], ways)
            letters = {
                person.phone: _parcel(row, doors[person.phone][0], person.phone, person.place, shape)
                for person in people
                if doors[person.phone]
            }
            return queue(session, letters.values(), now)

    def follow(self, channels: Collection[str], shape: Shape, now: datetime, size: int = 500) -> int:
        """Try the next way to those whom a message did not reach; how many messages are new."""
        failed = (
            select(Outgoing)
            .where(Outgoing.state == "failed", Outgoing.announcement.is_not(None), Outgoing.followed.is_(False))
            .order_by(Outgoing.id)
            .limit(size)
        )
        with self._sessions() as session:
            if session.scalar(failed.with_only_columns(Outgoing.id).limit(1)) is None:
                return 0
        with self._sessions.begin() as session:
            rows = session.scalars(failed.with_for_update(skip_locked=True)).all()
            letters = []
            for number in {row.announcement for row in rows}:
                mine = [row for row in rows if row.announcement == number]
                letters += list(self._next(session, number, mine, channels, shape))
            for row in rows:
                row.followed = True
            return queue(session, letters, now)

    def _next(
        self, session: Session, number: int | None, rows: Sequence[Outgoing], channels: Collection[str], shape: Shape
    ) -> Iterable[Parcel]:
        announcement = session.get(Announcement, number)
        if announcement is None or announcement.state != "going":
            return
        numbers = [row.person for row in rows]
        tried = {(row.person, row.channel) for row in session.scalars(_of(number).where(Outgoing.person.in_(numbers)))}
        doors = _doors(session, [(person, "") for person in numbers], _ways(announcement, channels))
        for row in rows:
            left = [door for door in doors[row.person] if (row.person, door[0]) not in tried]
            if left:
                yield _parcel(announcement, left[0], row.person, row.place, shape)

    # --- what people say to it ---------------------------------------------------------------------------------------

    def confirm(self, person: str, channel: str, now: datetime) -> str | None:
        """Somebody says that the latest announcement that asked for it has come; its title, None where none asked."""
        with self._sessions.begin() as session:
            asked = (
                select(Announcement)
                .join(Outgoing, Outgoing.announcement == Announcement.id)
                .where(
                    Announcement.confirm.is_(True), Outgoing.person == person, Outgoing.created > now - CONFIRMED_WITHIN
                )
                .where(Outgoing.state.in_(("sending", "sent", "delivered")))
                .order_by(Outgoing.id.desc())
                .limit(1)
            )
            row = session.scalars(asked).first()
            if row is None:
                return None
            _acknowledge(session, row.id, person, "confirmed", channel, now)
            return row.title

    def heard(self, number: int, person: str, channel: str, now: datetime) -> None:
        """Somebody has listened to an announcement again."""
        with self._sessions.begin() as session:
            _acknowledge(session, number, person, "heard", channel, now)

    # --- what became of it -------------------------------------------------------------------------------------------

    def progress(self, number: int) -> Progress:
        """How far an announcement has come."""
        counted = select(Outgoing.channel, Outgoing.state, func.count(), func.sum(Outgoing.cost))
        said = select(Acknowledgement.what, func.count()).where(Acknowledgement.announcement == number)
        plays = select(func.count()).where(SpeakerPlay.announcement == number, SpeakerPlay.result == "played")
        with self._sessions() as session:
            mine = counted.where(Outgoing.announcement == number)
            rows = session.execute(mine.group_by(Outgoing.channel, Outgoing.state)).all()
            what = {row[0]: row[1] for row in session.execute(said.group_by(Acknowledgement.what))}
            return Progress(
                {(channel, state): count for channel, state, count, _ in rows},
                what.get("confirmed", 0),
                what.get("heard", 0),
                session.scalar(plays) or 0,
                sum((cost for *_, cost in rows if cost is not None), Decimal(0)),
            )

    def missed(self, number: int, place: str = "", limit: int = 10_000) -> list[Missed]:
        """Those of the audience whom no message reached and who did not answer, by village.

        Of an announcement that asks to be confirmed: those who did not. One who cannot be sent anything is among them.
        """
        with self._sessions() as session:
            row = session.get(Announcement, number)
            if row is None:
                return []
            reached = select(Acknowledgement.person).where(
                Acknowledgement.announcement == number, Acknowledgement.person == Resident.phone
            )
            absent = [~exists(reached)]
            if not row.confirm:
                came = _of(number).where(Outgoing.person == Resident.phone, Outgoing.state != "failed")
                absent.append(~exists(came.with_only_columns(Outgoing.id)))
            people = _audience(row).where(Resident.place.startswith(place), *absent)
            found = session.execute(people.order_by(Resident.place, Resident.id).limit(limit)).all()
            reasons: dict[str, str] = {}
            for start in range(0, len(found), 500):
                numbers = [person.phone for person in found[start : start + 500]]
                failed = _of(number).where(Outgoing.person.in_(numbers)).order_by(Outgoing.id)
                reasons |= {sent.person: sent.reason or "还没有回复" for sent in session.scalars(failed)}
            return [
                Missed(person.place, person.name, person.phone, reasons.get(person.phone, "没有能用的联系方式"))
                for person in found
            ]

    def purge(self, before: datetime) -> None:
        """Forget who confirmed or heard what before a moment."""
        with self._sessions.begin() as session:
            session.execute(delete(Acknowledgement).where(Acknowledgement.at < before))


def _of(number: int | None) -> Any:
    return select(Outgoing).where(Outgoing.announcement == number)


def _audience(row: Announcement) -> Any:
    """The residents whom an announcement is for: of its places and groups; ordinary ones only who subscribed."""
    within = or_(*(Resident.place.startswith(code) for code in row.places))
    people = select(Resident.id, Resident.phone, Resident.place, Resident.name, Resident.preferred).where(within)
    if row.urgency != "emergency":
        people = people.where(Resident.subscribed.is_(True))
    if row.groups:
        member = and_(GroupMember.person == Resident.phone, GroupMember.name.in_(row.groups))
        people = people.where(exists(select(GroupMember.person).where(member)))
    return people


def _people(row: Announcement, size: int) -> Any:
    return _audience(row).where(Resident.id > row.cursor).order_by(Resident.id).limit(size)


def _ways(row: Announcement, channels: Collection[str]) -> tuple[str, ...]:
    return tuple(way for way in PERSONAL if way in row.outlets and way in channels)


def _doors(
    session: Session, people: Sequence[tuple[str, str]], ways: Collection[str]
) -> dict[str, list[tuple[str, str]]]:
    """The ways to each number, the favourite first: (channel, address). Those that opted out are left out."""
    numbers = [number for number, _ in people]
    linked: dict[str, list[str]] = {}
    doors = select(Door.number, Door.address).where(Door.channel == "wechat", Door.number.in_(numbers))
    for number, address in session.execute(doors.order_by(Door.since)):
        linked.setdefault(number, []).append(address)
    addresses = [*numbers, *(address for each in linked.values() for address in each)]
    optouts = select(OptOut.channel, OptOut.address).where(OptOut.address.in_(addresses))
    closed = {(channel, address) for channel, address in session.execute(optouts)}
    wished = select(Person.key, Person.favourite).where(Person.key.in_(numbers), Person.favourite != "")
    favourites = {key: _NAMES.get(name, "") for key, name in session.execute(wished)}
    found = {}
    for number, listed in people:
        open_doors = [("wechat", address) for address in linked.get(number, [])[-1:]]
        open_doors += [("sms", number)] if _MOBILE.fullmatch(number) else []
        open_doors += [("call", number)]
        favourite = favourites.get(number) or _NAMES.get(listed, "")
        usable = [door for door in open_doors if door[0] in ways and door not in closed]
        found[number] = sorted(usable, key=lambda door: door[0] != favourite)
    return found


def _parcel(row: Announcement, door: tuple[str, str], person: str, place: str, shape: Shape) -> Parcel:
    channel, address = door
    text, segments, cost = shape(row, channel, address)
    kind: Kind = "emergency" if row.urgency == "emergency" else "announcement"
    return Parcel(
        channel, address, text, kind, f"a{row.id}:{person}:{channel}", segments, cost, row.id, person, place
    )  # fmt: skip


def _acknowledge(session: Session, number: int, person: str, what: str, channel: str, now: datetime) -> None:
    values = {"announcement": number, "person": person, "what": what, "channel": channel, "at": now}
    session.execute(database.insert(session, Acknowledgement).values(**values).on_conflict_do_nothing())
