"""What villagers answer to an announcement, at the doors of the whole application: 1, 收到, 再听一遍."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from twilio.request_validator import RequestValidator

from app import Service, create_app
from bot.messages import Address, Message
from channels.base import Outcome
from config import Settings
from knowledge.announcements.audience import Audience
from knowledge.tables import Resident, Source
from tests.channels.announcements.told import HOUR, ME, VILLAGE, announce, became, kept, put

TOKEN, OTHER, OPENID = "secret", "13900000002", "oNobodyElse0001"
THANKS = "谢谢，已记下您收到《停水通知》。"


class Town:
    """The application with two residents, and what they write."""

    def __init__(self, service: Service, client: Any) -> None:
        self.service = service
        self.client = client
        self.sent = 0

    @property
    def now(self):
        return self.service.settings.now()

    def announce(self, title: str = "停水通知", to: str = ME, channel: str = "sms", **more: Any) -> int:
        """An announcement that has just been sent to somebody."""
        times = {"starts": self.now - HOUR, "ends": self.now + 24 * HOUR, "created": self.now, "changed": self.now}
        number = announce(self.service.engine, title, **{**times, **more})
        letter = put(self.service.engine, number, channel, OPENID if channel == "wechat" else to, to, self.now)
        became(self.service.engine, letter, "sent", self.now)
        return number

    def text(self, body: str, sender: str = ME, sid: str = "") -> str:
        """A signed text message; what is answered, "" for silence."""
        self.sent += 1
        form = {"From": f"+86{sender}", "To": "+15005550006", "Body": body, "MessageSid": sid or f"SM{self.sent}"}
        signature = RequestValidator(TOKEN).compute_signature("http://localhost/sms/twilio", form)
        response = self.client.post("/sms/twilio", data=form, headers={"X-Twilio-Signature": signature})
        assert response.status_code == 200
        return ElementTree.fromstring(response.data).findtext("Message") or ""

    def chat(self, text: str, channel: str = "wechat", address: str = OPENID, **more: Any) -> Outcome:
        return self.service.desk.receive(Message(Address(channel, address), text, self.now, **more))

    def kept(self) -> list[tuple[int, str, str, str]]:
        return kept(self.service.engine)


@pytest.fixture
def town(migrated: Path, tmp_path: Path) -> Iterator[Town]:
    path = shutil.copy(migrated, tmp_path / "town.db")
    app = create_app(Settings(database_url=f"sqlite:///{path}", twilio_auth_token=TOKEN, api_token=TOKEN))
    service = app.extensions["xiangyin"]
    with service.sessions.begin() as session:
        session.add(
            Source(id=1, dataset="residents", department="政府办", file="a.csv", imported=service.settings.now())
        )
        for row, phone in enumerate((ME, OTHER), 1):
            about = {"key": str(row), "digest": "", "source_id": 1, "source_row": row, "name": "张*"}
            session.add(Resident(phone=phone, place=VILLAGE, subscribed=True, preferred="", **about))
    yield Town(service, app.test_client())
    service.engine.dispose()


@pytest.mark.parametrize("body", ["1", "１", "收到", "好的收到", "知道了"])
def test_a_text_message_confirms(town: Town, body: str) -> None:
    number = town.announce()
    assert town.text(body) == THANKS
    assert town.kept() == [(number, ME, "confirmed", "sms")]
    assert [who.number for who in Audience(town.service.sessions).missed(number)] == [OTHER]


def test_a_repeat_is_not_answered_again(town: Town) -> None:
    number = town.announce()
    assert town.text("1", sid="SMsame") == THANKS
    assert town.text("1", sid="SMsame") == "", "the gateway's own repeat"
    assert town.text("1") == "", "sent twice to be sure"
    assert town.kept() == [(number, ME, "confirmed", "sms")]


def test_nobody_confirms_for_another(town: Town) -> None:
    town.announce()
    town.text("1", OTHER)
    town.client.post("/api/chat", json={"sender": ME, "text": "1"})
    assert town.kept() == []
    answer = town.client.post(
        "/api/chat", json={"sender": ME, "text": "1"}, headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert answer.get_json()["headline"] == THANKS


def test_on_wechat_it_counts_for_the_number_that_is_linked(town: Town) -> None:
    number = town.announce(channel="wechat")
    town.chat("收到")
    assert town.kept() == [], "nobody knows whose openid this is"
    town.service.people.link("wechat", OPENID, ME, town.now)
    outcome = town.chat("收到了")
    assert outcome.reply is not None
    assert outcome.reply.headline == THANKS
    assert town.kept() == [(number, ME, "confirmed", "wechat")]


def test_our_own_numbered_question_is_answered_first_if_it_is_the_later(town: Town) -> None:
    number = town.announce()
    asked = town.text("刘庄子村停电吗")
    assert "1 " in asked, asked
    chosen = town.text("1")
    assert "已记下" not in chosen
    assert town.kept() == []
    assert town.text("收到") == THANKS, "a word is no number"
    assert town.kept() == [(number, ME, "confirmed", "sms")]


def test_an_announcement_that_came_after_our_question_is_what_1_answers(town: Town) -> None:
    asked = town.text("刘庄子村停电吗")
    assert "1 " in asked, asked
    first, second = town.announce(), town.announce("停电通知")
    assert town.text("1") == "谢谢，已记下您收到《停电通知》。"
    assert town.text("1") == THANKS
    assert [row[0] for row in town.kept()] == [first, second]


def test_i_know_after_our_own_answer_is_no_confirmation(town: Town) -> None:
    town.announce()
    town.text("你好")
    town.text("知道了")
    assert town.kept() == []


def test_say_it_again_tells_the_announcement_that_came_last(town: Town) -> None:
    number = town.announce()
    told = town.text("再听一遍")
    assert told.startswith("停水通知（")
    assert "请提前存水" in told
    assert "五重安镇政府" in told
    assert town.kept() == [(number, ME, "heard", "sms")]
    greeting = town.text("你好")
    assert town.text("再说一遍").startswith(greeting.split("\n")[0][:10]), "our own answer was last"
    assert town.text("刚才喇叭说啥").startswith("停水通知（")


@pytest.mark.parametrize(
    "body", ["刚才喇叭说啥", "广播喊的啥没听清", "再放一遍通知", "今天有啥广播", "停水通知再说一遍"]
)
def test_whoever_missed_it_is_told(town: Town, body: str) -> None:
    town.announce()
    reply = town.chat(body, "web", "visitor", village=VILLAGE).reply
    assert reply is not None
    assert reply.headline.startswith("停水通知（")
    assert reply.facts[0].source == "五重安镇政府"
    assert town.kept() == []


def test_the_village_is_asked_once(town: Town) -> None:
    town.announce()
    asked = town.chat("刚才喇叭说啥", "web", "stranger").reply
    assert asked is not None
    assert "哪个村" in asked.headline
    told = town.chat("万宝沟村", "web", "stranger").reply
    assert told is not None
    assert told.headline.startswith("停水通知（")
    again = town.chat("广播再放一遍", "web", "stranger").reply
    assert again is not None
    assert again.headline.startswith("停水通知（")


def test_the_proven_number_of_a_web_visitor_counts(town: Town) -> None:
    number = town.announce()
    reply = town.chat("1", "web", "proven:key", resident=ME).reply
    assert reply is not None
    assert reply.headline == THANKS
    assert town.kept() == [(number, ME, "confirmed", "web")]
