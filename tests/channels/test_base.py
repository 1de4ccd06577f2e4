"""What all channels share: errors as sentences, a broken channel that leaves the others, floods, PostgreSQL."""

from __future__ import annotations

import threading

import pytest
from flask import Blueprint, Flask, abort
from sqlalchemy import Engine

from bot.messages import Address, Message
from channels import CHANNELS, register
from channels.base import Channel, Gate, Service
from config import Settings
from knowledge.places import Places
from tests.channels import conftest
from tests.channels.conftest import NOW, PRICE


def routes_that_fail(service: Service) -> Blueprint:
    """A channel that breaks while it answers."""
    blueprint = Blueprint("broken", __name__)

    @blueprint.get("/broken/<int:status>")
    def broken(status: int) -> str:
        if status == 0:
            raise RuntimeError("secret detail")
        abort(status)

    return blueprint


def cannot_be_made(service: Service) -> Blueprint:
    raise KeyError("no such library")


@pytest.fixture
def made(make):
    service, _ = make()
    app = Flask("tests", static_folder=None)
    extra = (Channel("impossible", cannot_be_made), Channel("broken", routes_that_fail))
    register(app, service, (*extra, *CHANNELS))
    return service, app.test_client()


def test_one_broken_channel_does_not_stop_the_rest(made, caplog) -> None:
    _, client = made
    assert client.post("/api/chat", json={"sender": "a", "text": "玉米"}).status_code == 200
    assert client.get("/").status_code == 200
    assert client.get("/broken/0").status_code == 500
    assert client.post("/api/chat", json={"sender": "a", "text": "玉米"}).status_code == 200


def test_a_channel_that_cannot_be_made_is_logged_by_name(make, caplog) -> None:
    service, _ = make()
    register(Flask("tests"), service, (Channel("impossible", cannot_be_made),))
    assert "channel impossible is off" in caplog.text


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 418, 422, 429, 431, 500, 502, 503]
)
@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/html,application/xhtml+xml,*/*;q=0.8", "text/plain"]
)
def test_every_error_is_a_sentence_in_two_languages(made, status: int, accept: str) -> None:
    _, client = made
    response = client.get(f"/broken/{status}", headers={"Accept": accept})
    assert response.status_code == status
    if accept == "application/json":
        error = response.get_json()["error"]
        chinese, english = error["message"], error["message_en"]
        assert error["code"]
        assert error["retryable"] is (status == 429 or status >= 500)
    else:
        assert response.content_type == "text/plain; charset=utf-8"
        chinese, english = response.get_data(as_text=True).splitlines()
    assert chinese.endswith("。")
    assert english.isascii()
    assert english.endswith(".")
    assert ("Retry-After" in response.headers) is (status == 429 or status >= 500)


def test_no_stack_trace_but_in_the_log(made, caplog) -> None:
    _, client = made
    response = client.get("/broken/0")
    for leak in ("Traceback", "RuntimeError", "secret", ".py"):
        assert leak not in response.get_data(as_text=True)
    assert "secret detail" in caplog.text
    assert "GET /broken/0 failed" in caplog.text


def test_the_address_of_an_error_does_not_come_back(made) -> None:
    _, client = made
    response = client.get("/<script>alert(1)</script>?q=<b>")
    assert response.status_code == 404
    assert "<" not in response.get_data(as_text=True)


def test_names_of_channels_are_told_apart() -> None:
    names = [channel.name for channel in CHANNELS]
    assert len(set(names)) == len(names)


def test_a_gate_tells_once() -> None:
    gate = Gate(2)
    assert [gate.admit("sms", "a") for _ in range(5)] == ["in", "in", "tell", "silent", "silent"]
    assert gate.admit("sms", "b") == "in"
    assert gate.admit("api", "a") == "in"


def test_the_desk_works_the_same_on_every_database(engine: Engine, gazetteer: Places) -> None:
    service = conftest.Service(Settings(), engine, gazetteer)

    def message(text: str, number: str | None = None) -> Message:
        return Message(Address("sms", "13900000000"), text, NOW, id=number, resident="13900000000")

    desk = service.desk
    assert desk.receive(message("玉米", "1"), cost=lambda reply: 2).reply == PRICE
    repeat = desk.receive(message("玉米", "1"))
    assert repeat.kind == "repeat"
    assert repeat.earlier
    assert repeat.earlier["headline"] == PRICE.headline
    assert desk.stop(message("TD", "2"), PRICE).reply == PRICE
    assert desk.stop(message("TD", "2"), PRICE).kind == "repeat"
    assert desk.receive(message("玉米", "3")).kind == "silent"
    assert desk.receive(message("玉米", "3")).kind == "repeat"
    assert desk.start(message("恢复", "4"), PRICE).reply == PRICE
    assert desk.receive(message("花生", "5")).kind == "answered"
    assert [row.segments for row in service.stored()] == [2, None, None, None, None]


def test_many_threads_get_an_answer_each(engine: Engine, gazetteer: Places) -> None:
    service = conftest.Service(Settings(), engine, gazetteer)
    kinds: list[str] = []

    def talk(number: int) -> None:
        for turn in range(5):
            message = Message(Address("sms", f"1390000000{number}"), f"问{turn}", NOW, id=f"{turn}")
            kinds.append(service.desk.receive(message).kind)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds == ["answered"] * 30
    assert len(service.stored()) == 30


def test_text_that_postgresql_would_refuse_never_reaches_it(engine: Engine, gazetteer: Places) -> None:
    service = conftest.Service(Settings(), engine, gazetteer)
    app = Flask("tests", static_folder=None)
    register(app, service)
    client = app.test_client()
    for text in ("a\0b", "\ud800"):
        for field in ("text", "sender", "id", "village"):
            body = {"sender": "me", "text": "玉米", field: text}
            response = client.post("/api/chat", json=body)
            assert response.status_code == 400
            assert response.get_json()["error"]["code"] in (f"{field}_garbled", f"{field}_unknown")
    assert not service.stored()
