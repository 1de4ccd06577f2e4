"""What tests of the answers share: an announcement that is going out, and its messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from channels.base.sending import Wanted
from knowledge import database
from knowledge.announcements.tables import Acknowledgement, Announcement
from knowledge.outbox import Outbox
from knowledge.service_tables import Outgoing
from tests.conftest import NOW

ME, VILLAGE, TOWN = "13900000001", "130283116217", "130283116"
HOUR = timedelta(hours=1)


def announce(engine: Engine, title: str = "停水通知", **more: Any) -> int:
    """An announcement that is going out; its number."""
    values = {
        **{"identifier": f"test-{title}", "title": title, "text": "明天上午九点到下午五点停水，请提前存水。"},
        **{"publisher": "五重安镇政府", "places": [TOWN], "groups": [], "outlets": ["sms", "wechat", "call", "web"]},
        **{"starts": NOW - HOUR, "ends": NOW + 24 * HOUR, "state": "going", "author": "甲", "created": NOW},
        **{"changed": NOW, "confirm": True, "spread": True, **more},
    }
    with database.sessions(engine).begin() as session:
        row = Announcement(**values)
        session.add(row)
        session.flush()
        return row.id


def put(
    engine: Engine,
    number: int,
    channel: str,
    address: str = ME,
    person: str = ME,
    now: datetime = NOW,
    text: str = "停水通知",
) -> int:
    """A message that carries an announcement to somebody; its number in the outbox."""
    key = f"a{number}:{person}:{channel}"
    letter = Wanted(channel, address, text, "announcement", key, announcement=number, person=person, place=VILLAGE)
    Outbox(database.sessions(engine)).put([letter], now)
    with database.sessions(engine)() as session:
        return session.scalars(select(Outgoing.id).where(Outgoing.key == key)).one()


def became(engine: Engine, letter: int, state: str, at: datetime = NOW) -> None:
    """A message has come so far."""
    with database.sessions(engine).begin() as session:
        row = session.get_one(Outgoing, letter)
        row.state, row.sent = state, at


def kept(engine: Engine) -> list[tuple[int, str, str, str]]:
    """Who said what of which announcement on which channel."""
    columns = Acknowledgement.announcement, Acknowledgement.person, Acknowledgement.what, Acknowledgement.channel
    with database.sessions(engine)() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(*columns))]


def letters(engine: Engine) -> list[tuple[str, str, str]]:
    """The messages in order: channel, state, code."""
    with database.sessions(engine)() as session:
        rows = session.execute(select(Outgoing.channel, Outgoing.state, Outgoing.code).order_by(Outgoing.id))
        return [tuple(row) for row in rows]
