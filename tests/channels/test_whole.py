"""The channels of the real application on the county's export: wired, proven and answered from the data."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from twilio.request_validator import RequestValidator

from app import create_app
from channels.sms.segments import split
from config import Settings
from knowledge.tables import Relief, Resident
from tests.conftest import NOW

TOKEN = "secret"


@pytest.fixture(scope="module")
def whole(pack: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The application on a copy of the imported export, since its channels write what they receive."""
    path = tmp_path_factory.mktemp("whole") / "whole.db"
    with sqlite3.connect(str(pack.url.database)) as source, sqlite3.connect(path) as target:
        source.backup(target)
    app = create_app(
        Settings(database_url=f"sqlite:///{path}", today=NOW.date(), api_token=TOKEN, twilio_auth_token=TOKEN)
    )
    yield app.test_client()
    app.extensions["xiangyin"].engine.dispose()


@pytest.fixture(scope="module")
def resident(pack: Engine) -> tuple[str, str]:
    """The number and village of somebody whose village has a relief list and who lives in no other."""
    with Session(pack) as session:
        listed = set(session.scalars(select(Relief.place)))
        phones: dict[str, set[str]] = {}
        for phone, place in session.execute(select(Resident.phone, Resident.place)):
            phones.setdefault(phone, set()).add(place)
    return next((phone, place) for phone, (place, *more) in phones.items() if not more and place in listed)


def ask(client: FlaskClient, text: str, sender: str, token: str | None = None, **more: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = client.post("/api/chat", json={"sender": sender, "text": text, **more}, headers=headers)
    assert response.status_code == 200, response.get_data(as_text=True)
    answer: dict[str, object] = response.get_json()
    return answer


def text_message(client: FlaskClient, body: str, sender: str, sid: str) -> str:
    form = {"From": f"+86{sender}", "To": "+15005550006", "Body": body, "MessageSid": sid}
    signature = RequestValidator(TOKEN).compute_signature("http://localhost/sms/twilio", form)
    response = client.post("/sms/twilio", data=form, headers={"X-Twilio-Signature": signature})
    assert response.status_code == 200
    return ElementTree.fromstring(response.data).findtext("Message") or ""


def test_a_price_comes_back_on_every_channel(whole: FlaskClient) -> None:
    answer = ask(whole, "玉米多少钱一斤", "me")
    assert answer["intent"] == "price_latest"
    headline = str(answer["headline"])
    assert "元/斤" in headline
    assert headline in whole.post("/", data={"text": "玉米多少钱一斤"}).get_data(as_text=True)
    said = text_message(whole, "玉米多少钱一斤", "13900000009", "SM-price")
    assert said.startswith(headline)
    assert "2026-" in said, "the source's date"
    assert split(said).count <= 3


def test_a_list_of_names_is_for_who_has_proven_to_live_there(whole: FlaskClient, resident: tuple[str, str]) -> None:
    phone, village = resident
    question = "我们村低保名单"
    assert ask(whole, question, "me", village=village)["intent"] == "denied"
    strangers = [
        ask(whole, question, phone),
        ask(whole, question, phone, village=village),
        ask(whole, question, "13900000008", TOKEN, village=village),
    ]
    proven = ask(whole, question, phone, TOKEN)
    assert "*" in str(proven["text"])
    strangers.append(ask(whole, "再说一遍", phone))  # another conversation, though the sender has the same name
    for answer in strangers:
        assert "*" not in str(answer["text"]), answer["text"]
    assert "*" in text_message(whole, question, phone, "SM-list")
    assert "*" not in text_message(whole, question, "13900000008", "SM-stranger")


def test_several_questions_of_one_new_sender_at_once_are_all_answered(whole: FlaskClient) -> None:
    codes: list[int] = []
    start = threading.Barrier(6)

    def question(number: int) -> None:
        client = whole.application.test_client()
        start.wait()
        body = {"sender": "hasty", "text": f"你好{number}", "id": str(number)}
        codes.append(client.post("/api/chat", json=body).status_code)

    threads = [threading.Thread(target=question, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 6


def test_ready_only_when_migrated_and_loaded(tmp_path: Path) -> None:
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'new.db'}"))
    client = app.test_client()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "not migrated" in response.get_json()["problems"][0]
    app.extensions["xiangyin"].sessions  # noqa: B018 (migrates)
    assert "model is not loaded" in client.get("/readyz").get_json()["problems"][0]
    app.extensions["xiangyin"].warm()
    assert client.get("/readyz").status_code == 200


def test_not_ready_while_the_database_is_out_of_reach() -> None:
    client = create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing")).test_client()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "not reachable" in response.get_json()["problems"][0]
    assert client.get("/healthz").status_code == 200
    asked = client.post("/api/chat", json={"sender": "a", "text": "玉米"})
    assert asked.status_code == 500
    assert asked.get_json()["error"]["retryable"] is True
