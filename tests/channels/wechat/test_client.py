"""WeChat's client API: one token for all processes, every errcode told apart, and no secret in any log or error."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from channels.wechat import client as module
from channels.wechat.client import Client
from channels.wechat.errors import ERRORS, ApiError, api_error
from knowledge import database
from knowledge.wechat import RENEWAL, Wechat
from tests.channels.wechat.standin import APP_ID, SECRET, Standin, serving
from tests.conftest import NOW, ROOT

USER = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    monkeypatch.setattr(module, "PAUSE", 0.02)
    with serving() as made:
        yield made


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


def client_of(engine: Engine, standin: Standin, clock: Clock, secret: str = SECRET, url: str = "") -> Client:
    return Client(url or standin.url, APP_ID, secret, Wechat(database.sessions(engine)), clock)


@pytest.fixture
def client(sqlite_engine: Engine, standin: Standin, clock: Clock) -> Client:
    return client_of(sqlite_engine, standin, clock)


# --- calls -----------------------------------------------------------------------------------------------------------


def test_a_text_goes_out_with_its_hanzi_as_they_are(client: Client, standin: Standin) -> None:
    client.send_text(USER, "玉米1.17元/斤\n1 “一”")
    assert standin.sent == [{"touser": USER, "msgtype": "text", "text": {"content": "玉米1.17元/斤\n1 “一”"}}]
    assert "玉米".encode() in standin.raw[-1], "WeChat would show the backslashes of escaped ones"
    assert standin.calls == ["stable_token", "message/custom/send"]


def test_a_picture_is_uploaded_and_sent(client: Client, standin: Standin) -> None:
    png = b"\x89PNG\r\n\x1a\n--boundary\r\n" + bytes(range(256)) * 50
    client.send_picture(USER, png)
    assert standin.uploaded == [png]
    assert standin.sent == [{"touser": USER, "msgtype": "image", "image": {"media_id": "media1"}}]


def test_a_voice_is_fetched(client: Client, standin: Standin) -> None:
    assert client.fetch("media_id_of_the_voice") == b"#!AMR\n voice"
    with pytest.raises(ApiError) as raised:
        client.fetch("another")
    assert (raised.value.code, raised.value.retryable) == (40007, False)


# --- the token -------------------------------------------------------------------------------------------------------


def test_the_token_is_fetched_once_and_kept(client: Client, standin: Standin, clock: Clock) -> None:
    for _ in range(3):
        client.send_text(USER, "一")
    clock.time += timedelta(seconds=7200) - module.EARLY - timedelta(seconds=1)
    client.send_text(USER, "一")
    assert standin.tokens == ["TOKEN-1"]
    clock.time += timedelta(seconds=2)
    client.send_text(USER, "一")
    assert standin.tokens == ["TOKEN-1", "TOKEN-2"], "renewed before it lapses"


@pytest.mark.parametrize("code", [40001, 40014, 41001, 42001])
def test_a_refused_token_is_renewed_and_the_call_repeated_once(client: Client, standin: Standin, code: int) -> None:
    client.send_text(USER, "一")
    standin.fail("message/custom/send", code)
    client.send_text(USER, "二")
    assert standin.texts == ["一", "二"]
    assert standin.tokens == ["TOKEN-1", "TOKEN-2"]
    standin.fail("message/custom/send", code, code)
    with pytest.raises(ApiError) as raised:
        client.send_text(USER, "三")
    assert (raised.value.code, raised.value.retryable) == (code, True)
    assert standin.texts == ["一", "二"], "twice is enough"


def test_a_token_that_another_server_made_void_is_replaced(client: Client, standin: Standin) -> None:
    client.send_text(USER, "一")
    standin.tokens.append("somebody else's")
    client.send_text(USER, "二")
    assert standin.tokens == ["TOKEN-1", "somebody else's", "TOKEN-3"]
    assert standin.texts == ["一", "二"]


def test_where_wechat_gives_the_refused_token_again_it_is_told_to_make_another(
    client: Client, standin: Standin
) -> None:
    standin.keeps = True
    client.send_text(USER, "一")
    standin.fail("message/custom/send", 40001)
    client.send_text(USER, "二")
    assert standin.tokens == ["TOKEN-1", "TOKEN-2"]
    asked = [
        json.loads(raw)["force_refresh"]
        for raw, call in zip(standin.raw, standin.calls, strict=True)
        if call == "stable_token"
    ]
    assert asked == [False, False, True]


def test_many_threads_fetch_one_token(engine: Engine, standin: Standin, clock: Clock) -> None:
    """Eight clients of their own, as in eight processes, on both databases."""
    standin.slow = 0.3
    failures: list[BaseException] = []
    gate = threading.Barrier(8)

    def send(number: int) -> None:
        client = client_of(engine, standin, clock)
        gate.wait()
        try:
            client.send_text(USER, str(number))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert standin.tokens == ["TOKEN-1"]
    assert sorted(standin.texts) == [str(number) for number in range(8)]


PROCESS = """
import sys
from datetime import datetime
from channels.wechat.client import Client
from config import SHANGHAI
from knowledge import database
from knowledge.wechat import Wechat
url, db, app_id, secret, name = sys.argv[1:]
tokens = Wechat(database.sessions(database.connect(db)))
Client(url, app_id, secret, tokens, lambda: datetime.now(SHANGHAI)).send_text("o1", name)
"""


def test_many_processes_fetch_one_token(engine: Engine, standin: Standin) -> None:
    standin.slow = 0.5
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", PROCESS, standin.url, url, APP_ID, SECRET]
    running = [subprocess.Popen([*command, str(number)], cwd=ROOT) for number in range(3)]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    assert standin.tokens == ["TOKEN-1"]
    assert sorted(standin.texts) == ["0", "1", "2"]


def test_while_one_renews_the_others_use_the_token_that_still_counts(
    sqlite_engine: Engine, standin: Standin, clock: Clock
) -> None:
    client = client_of(sqlite_engine, standin, clock)
    client.send_text(USER, "一")
    clock.time += timedelta(seconds=7200) - module.EARLY + timedelta(seconds=1)
    assert Wechat(database.sessions(sqlite_engine)).take_renewal(APP_ID, "TOKEN-1", clock.time)
    client.send_text(USER, "二")
    assert standin.tokens == ["TOKEN-1"]


def test_who_renews_and_dies_is_not_waited_for_long(sqlite_engine: Engine, standin: Standin, clock: Clock) -> None:
    assert Wechat(database.sessions(sqlite_engine)).take_renewal(APP_ID, "", clock.time)
    clock.time += RENEWAL
    client_of(sqlite_engine, standin, clock).send_text(USER, "一")
    assert standin.texts == ["一"]


def test_a_token_that_does_not_come_is_an_error_that_passes(
    sqlite_engine: Engine, standin: Standin, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    assert Wechat(database.sessions(sqlite_engine)).take_renewal(APP_ID, "", clock.time)
    with pytest.raises(ApiError) as raised:
        client_of(sqlite_engine, standin, clock).send_text(USER, "一")
    assert raised.value.retryable


@pytest.mark.parametrize(
    "fault", [40125, 40013, 40164, 40243, 50007, 45009, -1, "502", "drop", "html", "[]", '{"x": 1}']
)
def test_a_renewal_that_fails_lets_the_next_try(client: Client, standin: Standin, fault: int | str) -> None:
    standin.fail("stable_token", fault)
    with pytest.raises(ApiError):
        client.send_text(USER, "一")
    client.send_text(USER, "二")
    assert standin.texts == ["二"]


def test_a_wrong_secret_is_final_and_says_which_setting(sqlite_engine: Engine, standin: Standin, clock: Clock) -> None:
    client = client_of(sqlite_engine, standin, clock, secret="wrong")
    for code in (40125, 40001):
        standin.fail("stable_token", code)
        with pytest.raises(ApiError, match="XIANGYIN_WECHAT_APP_SECRET") as raised:
            client.send_text(USER, "一")
        assert not raised.value.retryable


# --- faults ----------------------------------------------------------------------------------------------------------


def test_busy_is_asked_again_once(client: Client, standin: Standin) -> None:
    standin.fail("message/custom/send", -1)
    client.send_text(USER, "一")
    assert standin.texts == ["一"]
    standin.fail("message/custom/send", -1, -1)
    with pytest.raises(ApiError) as raised:
        client.send_text(USER, "二")
    assert (raised.value.code, raised.value.retryable) == (-1, True)
    assert standin.texts == ["一"]


FINAL = [40003, 40004, 40005, 40006, 40007, 40008, 40009, 40013, 40033, 40125, 40137, 40164, 40243, 41004, 43004, 43019,
         44004, 45001, 45002, 45009, 45015, 45047, 48001, 48002, 48004, 50005, 99999]  # fmt: skip
PASSES = [-1, 40001, 40014, 41001, 42001, 45011, 61450]


@pytest.mark.parametrize("code", FINAL)
def test_an_error_that_stays_is_final_and_asked_once(client: Client, standin: Standin, code: int) -> None:
    standin.fail("message/custom/send", code)
    with pytest.raises(ApiError) as raised:
        client.send_text(USER, "一")
    assert (raised.value.code, raised.value.retryable) == (code, False)
    assert standin.calls.count("message/custom/send") == 1


@pytest.mark.parametrize("code", PASSES)
def test_an_error_that_passes_is_retryable(code: int) -> None:
    assert api_error(code).retryable


def test_every_known_code_is_in_one_list_and_has_its_sentences() -> None:
    assert set(ERRORS) == {*FINAL, *PASSES} - {99999}
    for code, known in ERRORS.items():
        assert known.chinese.endswith("。"), code
        assert known.english.endswith("."), code
        assert not known.renew or known.retryable, code


@pytest.mark.parametrize(
    "fault", ["500", "502", "404", "drop", "html", "cut", "[]", "{", '{"errcode": "45015"}', '"x"', "[" * 100_000]
)
def test_what_is_no_answer_of_wechats_passes(client: Client, standin: Standin, fault: str) -> None:
    standin.fail("media/upload", fault)
    with pytest.raises(ApiError) as raised:
        client.send_picture(USER, b"png")
    assert raised.value.retryable
    assert not standin.sent


def test_silence_passes_too(client: Client, standin: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    client.send_text(USER, "一")
    monkeypatch.setattr(module, "TIMEOUT", 0.3)
    standin.fail("message/custom/send", "hang")
    started = time.monotonic()
    with pytest.raises(ApiError, match="no answer in time") as raised:
        client.send_text(USER, "二")
    assert raised.value.retryable
    assert time.monotonic() - started < 5


def test_nobody_there_passes_too(sqlite_engine: Engine, standin: Standin, clock: Clock) -> None:
    with pytest.raises(ApiError, match="no connection") as raised:
        client_of(sqlite_engine, standin, clock, url="http://127.0.0.1:9").send_text(USER, "一")
    assert raised.value.retryable


@pytest.mark.parametrize("fault", [40001, 40125, 45015, 99999, "500", "drop", "html", "cut", "hang"])
def test_neither_token_nor_secret_is_in_a_log_or_an_error(
    client: Client,
    standin: Standin,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fault: int | str,
) -> None:
    caplog.set_level(logging.DEBUG)
    client.send_text(USER, "一")
    monkeypatch.setattr(module, "TIMEOUT", 0.3)
    standin.fail("message/custom/send", fault, fault)
    standin.fail("stable_token", fault)
    with pytest.raises(ApiError) as raised:
        client.send_text(USER, "二")
    said = f"{raised.value!r} {raised.value} {raised.value.__cause__} {caplog.text}"
    for secret in (SECRET, "TOKEN-1", "TOKEN-2", USER):
        assert secret not in said


@pytest.mark.parametrize("fault", [40007, "html", "502", "{", '{"errcode": 0}', ""])
def test_a_voice_that_is_none_is_not_taken_for_one(client: Client, standin: Standin, fault: int | str) -> None:
    standin.fail("media/get", fault)
    with pytest.raises(ApiError):
        client.fetch("media_id_of_the_voice")


@pytest.mark.parametrize("fault", ["html", "{", "{}", "[]", ""])
def test_a_text_counts_as_sent_only_if_wechat_says_so(client: Client, standin: Standin, fault: str) -> None:
    standin.fail("message/custom/send", fault)
    with pytest.raises(ApiError):
        client.send_text(USER, "一")
