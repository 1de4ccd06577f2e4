"""Whom an announcement is for, and the ways that lead to each of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from knowledge.announcements import PERSONAL
from knowledge.announcements.tables import Announcement, GroupMember
from knowledge.service_tables import Door, OptOut, Person
from knowledge.tables import Resident

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


def audience(row: Announcement) -> Any:
    """The residents whom an announcement is for: of its places and groups; ordinary ones only who subscribed.

    That an alert is over is told to everybody, as the alert was.
    """
    within = or_(*(Resident.place.startswith(code) for code in row.places))
    people = select(Resident.id, Resident.phone, Resident.place, Resident.name, Resident.preferred).where(within)
    if row.urgency != "emergency" and (row.alert or {}).get("kind") != "Cancel":
        people = people.where(Resident.subscribed.is_(True))
    if row.groups:
        member = and_(GroupMember.person == Resident.phone, GroupMember.name.in_(row.groups))
        people = people.where(exists(select(GroupMember.person).where(member)))
    return people


def following(row: Announcement, size: int) -> Any:
    """The next residents for whom no deliveries were made yet."""
    return audience(row).where(Resident.id > row.cursor).order_by(Resident.id).limit(size)


def ways(row: Announcement, channels: Collection[str]) -> tuple[str, ...]:
    """The outlets of an announcement that reach one person each, as far as they are among `channels`, in their order."""
    return tuple(way for way in PERSONAL if way in row.outlets and way in channels)


def to(session: Session, people: Sequence[tuple[str, str]], ways: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """The ways to each number, the favourite first: (channel, address). Those that opted out are left out."""
    numbers = [number for number, _ in people]
    linked: dict[str, list[str]] = {}
    linking = select(Door.number, Door.address).where(Door.channel == "wechat", Door.number.in_(numbers))
    for number, address in session.execute(linking.order_by(Door.since)):
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
