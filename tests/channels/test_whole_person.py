"""One villager at every door of the real application, on the county's export: what each door proves, it opens."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from twilio.request_validator import RequestValidator

from app import create_app
from bot.messages import Address, Message
from config import Settings
from knowledge.service_tables import Outgoing
from tests.channels.test_whole import resident  # noqa: F401
from tests.conftest import NOW

TOKEN, QUESTION = "secret", "我们村低保名单"


@pytest.fixture
def whole(pack: Engine, tmp_path: Path) -> Iterator[FlaskClient]:
    """The application on a copy of the imported export, with a gateway for text messages."""
    path = tmp_path / "whole.db"
    with sqlite3.connect(str(pack.url.database)) as source, sqlite3.connect(path) as target:
        source.backup(target)
    app = create_app(
        Settings(
            database_url=f"sqlite:///{path}",
            today=NOW.date(),
            twilio_auth_token=TOKEN,
            kannel_send_url="http://127.0.0.1:1/cgi-bin/sendsms",
            sms_prices="*=0.05",
            voice="gtts",  # not allowed here: Twilio's voice reads, and the words stand in the answer
        )
    )
    yield app.test_client()
    app.extensions["xiangyin"].engine.dispose()


def service(client: FlaskClient) -> Any:
    return client.application.extensions["xiangyin"]


def queued(client: FlaskClient) -> list[Outgoing]:
    with service(client).sessions() as session:
        return list(session.scalars(select(Outgoing).order_by(Outgoing.id)))


def form_proof(client: FlaskClient) -> str:
    return re.search(r'name="proof" value="(\w+)"', client.get("/number").get_data(as_text=True))[1]


def test_on_the_page_a_proven_number_opens_the_village_list(whole, resident) -> None:  # noqa: F811
    phone, village = resident
    assert "*" not in whole.post("/", json={"text": QUESTION, "village": village}).get_json()["text"]
    proof = form_proof(whole)
    assert whole.post("/number", data={"number": phone, "proof": proof}).status_code == 200
    (letter,) = queued(whole)
    assert (letter.channel, letter.address, letter.state, letter.segments) == ("sms", phone, "queued", 1)
    done = whole.post("/number/code", data={"code": letter.text[:6], "proof": proof})
    assert done.status_code == 303
    assert "*" in whole.post("/", json={"text": QUESTION}).get_json()["text"]
    whole.post("/number/out", data={"proof": form_proof(whole)})
    assert "*" not in whole.post("/", json={"text": "再说一遍", "village": village}).get_json()["text"]


def test_an_unknown_number_is_sent_nothing(whole) -> None:
    assert whole.post("/number", data={"number": "19999999999", "proof": form_proof(whole)}).status_code == 200
    assert queued(whole) == []


def test_a_linked_openid_is_told_what_its_owner_may_know(whole, resident) -> None:  # noqa: F811
    phone, village = resident
    desk = service(whole).desk
    numbers = iter(range(100))

    def say(text: str) -> str:
        message = Message(Address("wechat", "o-1"), text, desk.now(), id=f"m{next(numbers)}", village=village)
        return desk.receive(message).reply.text

    assert "*" not in say(QUESTION)
    say(f"绑定 {phone}")
    say(f"绑定 {queued(whole)[0].text[:6]}")
    assert "*" in say(QUESTION)
    say("解绑")
    assert "*" not in say("我们村的低保名单")  # in other words: the same answer is not given twice at once


def test_on_the_telephone_a_resident_asks_for_their_own_village(whole, resident) -> None:  # noqa: F811
    phone, village = resident
    call = {"CallSid": "CA1", "From": f"+86{phone}", "To": "+15005550006", "Direction": "inbound"}

    def post(path: str, **fields: str) -> tuple[str, str]:
        form = {**call, **fields}
        signature = RequestValidator(TOKEN).compute_signature(f"http://localhost{path}", form)
        response = whole.post(path, data=form, headers={"X-Twilio-Signature": signature})
        assert response.status_code == 200, response.get_data(as_text=True)
        xml = ElementTree.fromstring(response.data)
        gather = xml.find("Gather")
        assert gather is not None
        return "".join(e.text or "" for e in xml.iter("Say")), f"/phone/{gather.get('action')}"

    said, action = post("/phone/call")
    assert service(whole).places.full_name(village) in said
    said, action = post(action, SpeechResult="玉米多少钱一斤", Confidence="0.9")
    assert "元一斤" in said
    assert "的数据。" in said
    said, action = post(action, SpeechResult="俺村有多少户低保", Confidence="0.9")
    assert re.search(r"\d+户", said)
    said, action = post(action, Digits="8")
    assert "发到您的手机上了" in said
    (letter,) = queued(whole)
    assert letter.address == phone
    assert letter.key == "phone:CA1:2"
    assert letter.cost
