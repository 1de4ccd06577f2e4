"""Whom an announcement reaches one by one: the deliveries that are made for them, the next way where one failed, who is left.

A delivery is a row of the outbox under the key `a<announcement>:<number>:<channel>`, made in the same transaction that
moves the announcement's cursor: a worker that is killed goes on where it was, and nobody is written twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, exists, func, literal, select
from sqlalchemy.orm import Session

from knowledge.announcements import PERSONAL, _claimed, _get, answers, doors
from knowledge.announcements.tables import Acknowledgement, Announcement, SpeakerPlay
from knowledge.database import Sessions
from knowledge.outbox import Kind, queue
from knowledge.service_tables import Outgoing
from knowledge.tables import Resident

#: The words of an announcement on one channel to one address, how many messages it costs, and yuan where that is known.
Shape = Callable[[Announcement, str, str], tuple[str, int, Decimal | None]]


#: Deliveries are made for so many residents at a time: an emergency waits for no more of an ordinary announcement's.
BATCH = 250

#: Failures after which no other way was tried. The state is a literal: the databases use its own index only then.
UNFOLLOWED = (
    select(Outgoing)
    .where(Outgoing.state == literal("failed", literal_execute=True))
    .where(Outgoing.announcement.is_not(None), Outgoing.followed.is_(False))
    .order_by(Outgoing.id)
)


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
class Reach:
    """Whom an announcement reaches by which channel first: people, messages and yuan (None where no price is known).

    `nobody` is how many have no way that is open.
    """

    people: Mapping[str, int]
    segments: Mapping[str, int]
    cost: Mapping[str, Decimal | None]
    nobody: int


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

    def spread(self, channels: Collection[str], shape: Shape, now: datetime, size: int = BATCH) -> int | None:
        """Make the deliveries of the next `size` residents of the most urgent announcement that is going out.

        `channels` are those that can send: one that could be sent by others waits for a worker that has them. How many
        messages are new; None where there is nothing to do.
        """
        waiting = select(Announcement).where(Announcement.state == "going", Announcement.spread.is_(False))
        with self._sessions() as session:
            urgent = Announcement.urgency != "emergency"
            rows = session.scalars(waiting.order_by(urgent, Announcement.starts, Announcement.id)).all()
        number = next((row.id for row in rows if doors.ways(row, channels) or not doors.ways(row, PERSONAL)), None)
        if number is None:
            return None
        with self._sessions.begin() as session:
            row = _claimed(session, number, ("going",))
            if row is None or row.spread:
                return 0
            ways = doors.ways(row, channels)
            people = session.execute(doors.following(row, size)).all() if ways else []
            row.spread = len(people) < size
            if not people:
                return 0
            row.cursor = people[-1].id
            opened = doors.to(session, [(person.phone, person.preferred) for person in people], ways)
            letters = {
                person.phone: _parcel(row, opened[person.phone][0], person.phone, person.place, shape)
                for person in people
                if opened[person.phone]
            }
            return queue(session, letters.values(), now)

    def follow(self, channels: Collection[str], shape: Shape, now: datetime, size: int = 500) -> int:
        """Try the next way to those whom a message did not reach; how many messages are new."""
        with self._sessions() as session:
            if session.scalar(UNFOLLOWED.with_only_columns(Outgoing.id).limit(1)) is None:
                return 0
        with self._sessions.begin() as session:
            rows = session.scalars(UNFOLLOWED.limit(size).with_for_update(skip_locked=True)).all()
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
        tried = {(row.person, row.channel) for row in session.scalars(_sent_to(announcement.id, numbers))}
        opened = doors.to(session, [(person, "") for person in numbers], doors.ways(announcement, channels))
        for row in rows:
            left = [door for door in opened[row.person] if (row.person, door[0]) not in tried]
            if left:
                yield _parcel(announcement, left[0], row.person, row.place, shape)

    # --- before it goes out ------------------------------------------------------------------------------------------

    def size(self, number: int) -> int:
        """How many numbers an announcement is for."""
        with self._sessions() as session:
            row = _get(session, number)
            counted = doors.audience(row).with_only_columns(func.count(Resident.phone.distinct()))
            return int(session.scalar(counted) or 0)

    def reach(
        self, number: int, channels: Collection[str], shape: Shape, told: Callable[[int], None] = lambda _: None
    ) -> Reach:
        """Whom an announcement would reach by which channel first, and at what cost, if it went out now. Reads only.

        `told` hears after each thousand how many people were looked at.
        """
        people, segments, costs = Counter[str](), Counter[str](), dict[str, Decimal | None]()
        last, looked = "", 0
        while True:
            with self._sessions() as session:  # one a batch: a long reading keeps SQLite's log from being cut
                row = _get(session, number)
                ways = doors.ways(row, channels)
                rest = (
                    doors.audience(row).where(Resident.phone > last).order_by(Resident.phone, Resident.id).limit(1000)
                )
                found = {person.phone: person.preferred for person in session.execute(rest)}
                opened = doors.to(session, list(found.items()), ways)
            for each in opened.values():
                channel = each[0][0] if each else ""
                people[channel] += 1
                if each:
                    _, parts, cost = shape(row, *each[0])
                    segments[channel] += parts
                    before = costs.get(channel, Decimal(0))
                    costs[channel] = None if before is None or cost is None else before + cost
            looked += len(found)
            told(looked)
            if not found:
                nobody = people.pop("", 0)
                return Reach(dict(people), dict(segments), costs, nobody)
            last = next(reversed(found))

    # --- what people say to it ---------------------------------------------------------------------------------------

    def confirm(self, person: str, channel: str, now: datetime) -> str | None:
        """Somebody says that an announcement has come; see `answers.confirm`."""
        with self._sessions.begin() as session:
            return answers.confirm(session, person, channel, now)

    def heard(self, number: int, person: str, channel: str, now: datetime) -> None:
        """Somebody has listened to an announcement again."""
        with self._sessions.begin() as session:
            answers.acknowledge(session, number, person, "heard", channel, now)

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
                keys = [literal(f"a{number}:") + Resident.phone + f":{channel}" for channel in PERSONAL]
                absent.append(~exists().where(Outgoing.key.in_(keys), Outgoing.state != "failed"))
            people = doors.audience(row).where(Resident.place.startswith(place), *absent)
            found = session.execute(people.order_by(Resident.place, Resident.id).limit(limit)).all()
            reasons: dict[str, str] = {}
            for start in range(0, len(found), 500):
                numbers = [person.phone for person in found[start : start + 500]]
                failed = session.scalars(_sent_to(number, numbers).order_by(Outgoing.id))
                reasons |= {sent.person: sent.reason or "还没有回复" for sent in failed}
            return [
                Missed(person.place, person.name, person.phone, reasons.get(person.phone, "没有能用的联系方式"))
                for person in found
            ]

    def purge(self, before: datetime) -> None:
        """Forget who confirmed or heard what before a moment."""
        with self._sessions.begin() as session:
            session.execute(delete(Acknowledgement).where(Acknowledgement.at < before))


def _sent_to(number: int, people: Collection[str]) -> Any:
    """What an announcement sent to these people, found by its keys: not by a search among what it sent to a county."""
    keys = [answers.delivery(number, person, channel) for person in people for channel in PERSONAL]
    return select(Outgoing).where(Outgoing.key.in_(keys))


def _parcel(row: Announcement, door: tuple[str, str], person: str, place: str, shape: Shape) -> Parcel:
    channel, address = door
    text, segments, cost = shape(row, channel, address)
    kind: Kind = "emergency" if row.urgency == "emergency" else "announcement"
    return Parcel(
        channel, address, text, kind, answers.delivery(row.id, person, channel), segments, cost, row.id, person, place
    )  # fmt: skip
