"""What the outbox sends by WeChat: within the quota that late answers share, each failure told for what it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from channels.base.sending import SendError, UncertainError, UnreachableError, Wanted
from channels.wechat import client as client_module
from channels.wechat.client import Client
from channels.wechat.late import MOST, WINDOW
from channels.wechat.sender import WechatSender, sender
from knowledge import database
from knowledge.mailbox import Mailbox
from knowledge.outbox import Outbox
from knowledge.wechat import Wechat
from tests.channels.wechat.conftest import USER, Account
from tests.channels.wechat.standin import APP_ID, SECRET, Standin
from tests.conftest import NOW


@dataclass
class Way:
    """The way out on a database of each kind, to a user who has just written."""

    engine: Engine
    standin: Standin
    url: str = ""
    time: datetime = NOW

    def __post_init__(self) -> None:
        sessions = database.sessions(self.engine)
        self.store, self.outbox = Wechat(sessions), Outbox(sessions)
        client = Client(self.url or self.standin.url, APP_ID, SECRET, self.store, lambda: self.time)
        self.sender = WechatSender(client, self.store, lambda: self.time)
        Mailbox(sessions).receive("wechat", USER, "玉米", self.time, "1")

    def take(self, text: str) -> Any:
        """A message of the outbox, taken to be sent."""
        self.outbox.put([Wanted("wechat", USER, text, "emergency")], self.time)
        return self.outbox.take("wechat", "wechat", self.time, 1000.0).letters[0]

    def send(self, text: str) -> None:
        taken = self.take(text)
        self.sender.send(taken)
        assert self.outbox.sent(taken, self.time)
        self.time += timedelta(seconds=1)


@pytest.fixture
def way(engine: Engine, standin: Standin) -> Way:
    return Way(engine, standin)


def test_an_announcement_arrives(way: Way) -> None:
    way.send("明天停电")
    assert way.standin.texts == ["明天停电"]


def test_both_outboxes_share_the_five(way: Way) -> None:
    for number in range(2):
        way.store.queue(USER, f"late{number}", "text", "迟到的回答", way.time)
        late = way.store.take(way.time)
        assert late is not None
        way.store.sent(late, way.time)
    for number in range(MOST - 2):
        way.send(f"通知{number}")
    with pytest.raises(SendError, match="five") as raised:
        way.send("第六条")
    assert (raised.value.code, raised.value.retryable) == ("45047", False)
    assert len(way.standin.texts) == MOST - 2
    assert way.store.quota(USER).used == MOST


def test_who_has_not_written_for_48_hours_is_not_written_to(way: Way) -> None:
    way.time += WINDOW + timedelta(seconds=1)
    with pytest.raises(SendError) as raised:
        way.send("明天停电")
    assert (raised.value.code, raised.value.retryable) == ("45015", False)
    assert way.standin.calls == []


FAULTS: list[tuple[list[int | str], type[Exception], bool | None]] = [
    ([45015], SendError, False),
    ([40003], SendError, False),
    ([48001], SendError, False),
    ([45011], SendError, True),
    ([-1, -1], SendError, True),
    ([40001, 40001], SendError, True),
    (["502"], UncertainError, None),
    (["drop"], UncertainError, None),
    (["cut"], UncertainError, None),
    (["html"], UncertainError, None),
]


@pytest.mark.parametrize(("faults", "kind", "retryable"), FAULTS, ids=str)
def test_each_failure_is_told_for_what_it_is(
    way: Way, faults: list[int | str], kind: type[Exception], retryable: bool | None
) -> None:
    way.standin.fail("message/custom/send", *faults)
    with pytest.raises(kind) as raised:
        way.send("明天停电")
    assert type(raised.value) is kind
    assert getattr(raised.value, "retryable", None) is retryable
    if isinstance(raised.value, SendError):
        assert raised.value.code == str(faults[0])
        assert raised.value.chinese.endswith("。")
    assert way.standin.texts == []


def test_silence_is_uncertain(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    way.send("一")
    monkeypatch.setattr(client_module, "TIMEOUT", 0.3)
    way.standin.fail("message/custom/send", "hang")
    with pytest.raises(UncertainError):
        way.send("二")


def test_nobody_there_keeps_the_message_its_place(engine: Engine, standin: Standin) -> None:
    with pytest.raises(UnreachableError):
        Way(engine, standin, url="http://127.0.0.1:9").send("明天停电")


def test_without_a_secret_there_is_no_way_out(open_account: Any) -> None:
    with_secret: Account = open_account()
    made = sender(with_secret.service)
    assert made is not None
    assert (made.name, made.channel, made.collect(), made.has(None)) == ("wechat", "wechat", 0, None)
    for missing in ("wechat_app_secret", "wechat_app_id"):
        assert sender(open_account(**{missing: None}).service) is None
