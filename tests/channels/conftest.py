"""A service for channel tests: the real store and gazetteer, an assistant that is a table, and a clock that is set."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from bot.messages import Choice, Fact, Message, Reply
from channels import register
from channels.base import Desk
from channels.base.persons import Persons, Sent
from config import Settings
from knowledge import database
from knowledge.announcements import Announcements
from knowledge.announcements.answers import Answers
from knowledge.announcements.speakers import Speakers
from knowledge.identities import People
from knowledge.mailbox import Mailbox
from knowledge.outbox import Outbox
from knowledge.places import Places
from knowledge.service_tables import Inbound
from knowledge.sms_pictures import SmsPictures
from tests.channels import twilio
from tests.conftest import NOW

TODAY = date(2026, 11, 23)

PRICE = Reply(
    "玉米今天1.17元/斤，和昨天一样。",
    ("最低1.15元，最高1.2元。", "问“哪卖最好”可比市场。"),
    (
        Fact("均价", Decimal("1.17"), "元/斤", "玉米", "迁安市", TODAY, "农业农村局"),
        Fact("最低", Decimal("1.15"), "元/斤", "玉米", "迁安市", TODAY, "农业农村局"),
        Fact("最高", Decimal("1.20"), "元/斤", "玉米", "迁安市", TODAY, "农业农村局"),
        Fact("报价数", 3, "个", "玉米", "迁安市", TODAY, "农业农村局"),
    ),
    intent="price_latest",
)

CHOOSE = Reply(
    "您问的是哪个？回数字。",
    choices=(Choice("彭店子乡刘庄子村", "彭店子乡刘庄子村"), Choice("上射雁庄乡刘庄子村", "上射雁庄乡刘庄子村")),
    intent="finance_total",
)


@dataclass
class Service:
    """What `app.Service` is to channels; `asked` are the messages that reached the assistant."""

    settings: Settings
    engine: Engine
    places: Places
    per_minute: int = 1000
    time: datetime = NOW
    asked: list[Message] = field(default_factory=list)
    answer: Callable[[Message], Reply] | None = None
    wrong: list[str] = field(default_factory=list)

    texts: list[tuple[str, str]] = field(default_factory=list)
    keys: set[str | None] = field(default_factory=set)
    gateway: bool = False
    speaker: Callable[[str, bool], Path | None] | None = None

    def __post_init__(self) -> None:
        self.people = People(database.sessions(self.engine))
        self.outbox = Outbox(database.sessions(self.engine))
        self.sms_pictures = SmsPictures(database.sessions(self.engine))
        self.mailbox = Mailbox(database.sessions(self.engine))
        self.speakers = Speakers(database.sessions(self.engine))
        self.announcements = Announcements(database.sessions(self.engine))
        self.answers = Answers(database.sessions(self.engine))
        persons = Persons(self.people, self)
        self.desk = Desk(self.mailbox, self._answer, lambda: self.time, self.per_minute, persons)

    def recording(self, text: str, slow: bool = False) -> Path | None:
        """Nothing: Twilio's voice reads, unless a test has a `speaker`."""
        return self.speaker(text, slow) if self.speaker else None

    @property
    def audio_folder(self) -> Path:
        """Beside the database of the test."""
        assert self.engine.url.database
        return Path(self.engine.url.database).parent / "audio"

    def problems(self) -> list[str]:
        return self.wrong

    def texting(self) -> bool:
        return self.gateway

    def send_text(self, number: str, text: str, key: str | None = None) -> Sent:
        """What is to be sent stands in `texts`."""
        if self.mailbox.opted_out("sms", number):
            return "opted_out"
        if not self.gateway:
            return "closed"
        if key is None or key not in self.keys:
            self.texts.append((number, text))
        self.keys.add(key)
        return "queued"

    def later(self, **time: float) -> None:
        self.time += timedelta(**time)

    def _answer(self, message: Message) -> Reply:
        self.asked.append(message)
        if self.answer:
            return self.answer(message)
        return CHOOSE if "刘庄子" in message.text else PRICE

    def stored(self) -> list[Inbound]:
        with database.sessions(self.engine)() as session:
            return list(session.scalars(select(Inbound).order_by(Inbound.id)))


@pytest.fixture
def rest() -> Iterator[tuple[str, type[twilio.Rest]]]:
    """Twilio's REST API on this machine."""
    with twilio.serving() as made:
        yield made


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite database, to be copied: migrating takes a hundred times as long."""
    path = tmp_path_factory.mktemp("channels") / "empty.db"
    made = database.connect(f"sqlite:///{path}")
    database.migrate(made)
    made.dispose()
    return path


@pytest.fixture
def make(migrated: Path, tmp_path: Path, gazetteer: Places) -> Iterator[Callable[..., tuple[Service, FlaskClient]]]:
    """Makes a service with settings and its client."""
    engine = database.connect(f"sqlite:///{shutil.copy(migrated, tmp_path / 'channel.db')}")

    def made(per_minute: int = 1000, **settings: Any) -> tuple[Service, FlaskClient]:
        service = Service(Settings(**settings), engine, gazetteer, per_minute)
        app = Flask("tests", static_folder=None)
        register(app, service)
        return service, app.test_client()

    yield made
    engine.dispose()
