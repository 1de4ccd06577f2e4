"""Kannel's requests as it makes them, what it is answered, and its own answers to what it is given to send."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from sqlalchemy import select

from bot.messages import Reply
from channels.base.sending import SendError, UncertainError, UnreachableError, Wanted
from channels.sms import kannel_sender
from channels.sms.answers import GOODBYE, NO_WORDS, WELCOME
from channels.sms.kannel_sender import KannelSender, report_url
from channels.sms.segments import split
from config import Settings
from knowledge import database
from knowledge.outbox import Taken
from knowledge.service_tables import Delivery, OptOut, Outgoing
from tests.channels.conftest import PRICE
from tests.conftest import NOW

SECRET = "s3cret/+ä"
QUESTION = "玉米多少钱一斤"
ANSWER = (
    "玉米今天1.17元/斤，和昨天一样。\n最低1.15元，最高1.2元。\n问“哪卖最好”可比市场。（来源：农业农村局 2026-11-23）"
)
ID = "3d011097-f886-4c8f-959d-6a685076ad5e"


@pytest.fixture
def made(make):
    return make(kannel_secret=SECRET, public_url="https://xiangyin.example/")


def ask(client, text: bytes | str = QUESTION, secret: str = SECRET, **more: str | None):
    """A request as smsbox makes it from the get-url of docs/kannel.conf: UCS-2 as its octets, percent-encoded."""
    raw = text.encode("utf-16-be") if isinstance(text, str) else text
    fields = {"from": "+8613912345678", "to": "10693283", "id": ID, "charset": "UTF-16BE", "coding": "2", **more}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items() if value is not None)
    return client.get(f"/sms/kannel?secret={quote(secret, safe='')}&text={quote(raw, safe='')}&{query}")


def filled_in(url: str, **codes: str) -> str:
    """A dlr-url with its escape codes filled in as Kannel does."""
    return re.sub(r"%(.)", lambda match: {"%": "%", **codes}[match[1]], url)


def dlr(client, path: str = "/sms/kannel/dlr", secret: str = SECRET, **fields: str):
    return client.get(f"{path}?{urlencode({'secret': secret, **fields})}")


# --- who may call ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/sms/kannel", "/sms/kannel/dlr"])
@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_the_channel_is_closed(make, path: str, secret: str | None) -> None:
    service, client = make(kannel_secret=secret)
    response = client.get(f"{path}?secret=&from=1&text=a&id=1&state=1")
    assert response.status_code == 403
    assert "XIANGYIN_KANNEL_SECRET" in response.get_data(as_text=True)
    assert not service.stored()


@pytest.mark.parametrize("path", ["/sms/kannel", "/sms/kannel/dlr"])
@pytest.mark.parametrize("query", ["", "secret=", "secret=wrong", "secret=s3cret", "Secret=s3cret%2F%2B%C3%A4"])
def test_a_wrong_secret_is_403_and_leaves_no_trace(made, path: str, query: str) -> None:
    service, client = made
    response = client.get(f"{path}?{query}&from=1&text=a&id=1&state=1")
    assert response.status_code == 403
    assert "get-url" in response.get_data(as_text=True)
    assert not service.stored()


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer s3cret"}, {"X-Kannel-Secret": "s3cret"}, {"authorization": "bearer s3cret"}]
)
def test_the_secret_may_stand_in_a_header(make, headers: dict[str, str]) -> None:
    service, client = make(kannel_secret="s3cret")
    assert client.get("/sms/kannel?from=1391234&text=a", headers=headers).status_code == 200
    assert len(service.stored()) == 1


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_only_get_is_served(made, method: str) -> None:
    assert getattr(made[1], method)("/sms/kannel").status_code == 405


# --- what comes in ---------------------------------------------------------------------------------------------------


def test_a_question_is_stored_answered_and_counted(made) -> None:
    service, client = made
    response = ask(client)
    assert response.get_data(as_text=True) == ANSWER
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.headers["X-Kannel-Coding"] == "2", "without it Kannel sends question marks"
    assert response.headers["X-Kannel-DLR-Mask"] == "31"
    (message,) = service.asked
    assert (message.address.channel, message.address.id, message.resident) == ("sms", "13912345678", "13912345678")
    assert (message.text, message.id) == (QUESTION, ID)
    (row,) = service.stored()
    assert (row.segments, row.intent) == (split(ANSWER).count, "price_latest")


UTF16, UTF8 = "utf-16-be", "utf-8"
TEXTS: list[tuple[str, bytes, str | None, str | None, str]] = [
    ("UCS-2", QUESTION.encode(UTF16), "UTF-16BE", "2", QUESTION),
    ("hanzi with octets that are spaces", "上下三不".encode(UTF16), "UTF-16BE", "2", "上下三不"),
    ("hanzi with octets & = % +", "＆☦㴦─☥☫".encode(UTF16), "UTF-16BE", "2", "＆☦㴦─☥☫"),
    ("UCS-2 by another name", QUESTION.encode(UTF16), "UCS-2", "2", QUESTION),
    ("UCS-2 without a charset", QUESTION.encode(UTF16), None, "2", QUESTION),
    ("UCS-2 with an empty charset", QUESTION.encode(UTF16), "", "2", QUESTION),
    ("emoji", "🌽多少钱".encode(UTF16), "UTF-16BE", "2", "🌽多少钱"),
    ("recoded by Kannel (mo-recode)", QUESTION.encode(UTF8), "UTF-8", "0", QUESTION),
    ("UTF-8 in small letters", QUESTION.encode(UTF8), "utf-8", "2", QUESTION),
    ("UTF-8 that is said to be UCS-2", "玉米价".encode(UTF8), "UTF-16BE", "2", "玉米价"),
    ("the GSM alphabet", b"yumi jiage {1+1} @", "UTF-8", "0", "yumi jiage {1+1} @"),
    ("no coding at all", QUESTION.encode(UTF8), None, None, QUESTION),
    ("Latin-1", "déjà".encode("latin-1"), "ISO-8859-1", "0", "déjà"),
    ("GBK", QUESTION.encode("gbk"), "GBK", "0", QUESTION),
    ("a charset that nobody knows", QUESTION.encode(UTF8), "X-KLINGON", "0", QUESTION),
    ("a charset that is no encoding of text", b"yumi", "rot13", "0", "yumi"),
    ("truncated within a character", "玉米".encode(UTF8)[:-1], "UTF-8", "0", "玉\ufffd"),
    ("truncated within a UTF-16 unit", "玉米价".encode(UTF16)[:-1], "UTF-16BE", "2", "玉米\ufffd"),
    ("half a surrogate pair", "玉🌽".encode(UTF16)[:-2], "UTF-16BE", "2", "玉\ufffd"),
    ("controls", "玉\0米\x1b\x08".encode(UTF16), "UTF-16BE", "2", "玉米"),
    ("lines and spaces", " 玉米\n多少钱 \r\n".encode(UTF16), "UTF-16BE", "2", "玉米\n多少钱"),
    ("markup", b"<b>&amp;'; DROP TABLE messages;--", "UTF-8", "0", "<b>&amp;'; DROP TABLE messages;--"),
    ("very long Chinese", ("问" * 9000).encode(UTF16)[:18000], "UTF-16BE", "2", "问" * 1600),
]


@pytest.mark.parametrize(
    ("raw", "charset", "coding", "text"), [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS]
)
def test_whatever_was_written_is_read_in_its_own_encoding(
    made, raw: bytes, charset: str | None, coding: str | None, text: str
) -> None:
    service, client = made
    service.answer = lambda message: Reply(f"您说“{message.text}”")
    response = ask(client, raw, charset=charset, coding=coding)
    assert response.status_code == 200
    assert [row.text for row in service.stored()] == [text]
    answer = response.get_data(as_text=True)
    assert answer.startswith(f"您说“{text}"[:12])
    assert split(answer).count <= 3


@pytest.mark.parametrize(
    ("raw", "charset", "coding"), [(b"\x00\x01\xff\xfe", "8-BIT", "1"), (b"abc", "UTF-8", "1"), (b"", "UTF-8", "0"), (b"\0 ", "UTF-16BE", "2")]
)  # fmt: skip
def test_what_is_no_text_gets_a_way_on_and_never_reaches_the_assistant(
    made, raw: bytes, charset: str, coding: str
) -> None:
    service, client = made
    assert ask(client, raw, charset=charset, coding=coding).get_data(as_text=True) == NO_WORDS.headline
    assert not service.asked
    assert len(service.stored()) == 1


@pytest.mark.parametrize(
    "fields",
    [{"from": None}, {"from": ""}, {"from": "1" * 101}, {"from": "139\x01"}],
    ids=["no sender", "empty sender", "a sender too long", "controls in the sender"],
)
def test_what_is_no_message_is_refused(made, fields: dict[str, str | None]) -> None:
    service, client = made
    response = ask(client, **fields)
    assert response.status_code == 400
    assert response.get_data(as_text=True).startswith("请求读不懂")
    assert not service.stored()


def test_an_answer_of_the_gsm_alphabet_goes_out_in_it(made) -> None:
    service, client = made
    service.answer = lambda message: Reply("OK 12345")
    assert ask(client).headers["X-Kannel-Coding"] == "0"


def test_a_repeat_gets_its_answer_again_and_is_stored_once(made) -> None:
    """Kannel repeats what it could not read: without this an answer whose connection broke would be lost."""
    service, client = made
    assert {ask(client).get_data(as_text=True) for _ in range(3)} == {ANSWER}
    assert len(service.stored()) == len(service.asked) == 1


def test_a_repeated_choice_and_source_are_said_again(made) -> None:
    _, client = made
    first = ask(client, "刘庄子花了多少").get_data(as_text=True)
    assert "1 彭店子乡刘庄子村" in first
    assert ask(client, "刘庄子花了多少").get_data(as_text=True) == first


def test_without_an_id_equal_content_within_four_seconds_is_one_message(made) -> None:
    service, client = made
    first = ask(client, id=None)
    assert "X-Kannel-DLR-URL" not in first.headers
    service.later(seconds=3)
    assert ask(client, id=None).get_data(as_text=True) == ANSWER
    assert len(service.stored()) == 1
    service.later(seconds=5)
    ask(client, id=None)
    assert len(service.stored()) == 2


def test_a_message_that_could_not_be_answered_is_asked_for_again(made) -> None:
    service, client = made

    def fail(message: Any) -> Reply:
        raise RuntimeError

    service.answer = fail
    response = ask(client)
    assert response.status_code == 500, "Kannel asks again for any status but 200 and 202"
    assert "请过一会儿再试" in response.get_data(as_text=True)
    assert "Traceback" not in response.get_data(as_text=True)
    service.answer = None
    assert ask(client).get_data(as_text=True) == ANSWER
    assert len(service.stored()) == 1


def test_a_repeat_that_comes_while_the_first_is_answered_waits_for_it(made) -> None:
    service, client = made
    begun, go = threading.Event(), threading.Event()

    def slow(message: Any) -> Reply:
        begun.set()
        go.wait(10)
        return PRICE

    service.answer = slow
    said: list[str] = []
    first = threading.Thread(target=lambda: said.append(ask(client.application.test_client()).get_data(as_text=True)))
    first.start()
    begun.wait(10)
    threading.Timer(0.3, go.set).start()
    said.append(ask(client).get_data(as_text=True))
    first.join()
    assert said == [ANSWER, ANSWER]
    assert len(service.asked) == 1


@pytest.mark.parametrize("word", ["退订", "TD", "stop", " 回T退订 "])
def test_stop_is_obeyed_and_said_once_then_silence_until_start(made, word: str) -> None:
    service, client = made
    assert ask(client, word).get_data(as_text=True) == GOODBYE.headline
    with database.sessions(service.engine)() as session:
        assert session.get(OptOut, ("sms", "13912345678")) is not None
    silent = ask(client, id="2")
    assert silent.get_data() == b"", "with omit-empty, Kannel sends nothing"
    assert "X-Kannel-DLR-URL" not in silent.headers
    assert ask(client, "恢复", id="3").get_data(as_text=True) == WELCOME.headline
    assert ask(client, id="4").get_data(as_text=True) == ANSWER


def test_a_flood_is_told_once_and_then_not_answered(make) -> None:
    service, client = make(per_minute=2, kannel_secret=SECRET)
    answers = [ask(client, f"问{number}", id=str(number)).get_data(as_text=True) for number in range(5)]
    assert answers[:2] == [ANSWER, ANSWER]
    assert "太快" in answers[2]
    assert answers[3:] == ["", ""]
    assert len(service.stored()) == 2


def test_answers_may_go_by_the_outbox_once_each(make) -> None:
    service, client = make(kannel_secret=SECRET, kannel_answers="outbox", sms_prices="*=0.05")
    for _ in range(3):
        response = ask(client)
        assert (response.status_code, response.get_data()) == (200, b"")
        assert "X-Kannel-DLR-URL" not in response.headers
    for _ in range(2):
        ask(client, "没有编号", id=None)
    with database.sessions(service.engine)() as session:
        first, second = session.scalars(select(Outgoing).order_by(Outgoing.id))
    assert (first.text, first.address, first.rank, str(first.cost)) == (ANSWER, "13912345678", 1, "0.05")
    assert (second.text, second.key) == (ANSWER, None)


# --- delivery reports ------------------------------------------------------------------------------------------------


def test_the_report_url_survives_kannels_escape_codes(made) -> None:
    """Kannel replaces %d and %A in a dlr-url, and %% by a percent sign: the rest must come back as it was."""
    service, client = made
    url = ask(client).headers["X-Kannel-DLR-URL"]
    assert url.startswith("https://xiangyin.example/sms/kannel/dlr?")
    filled = filled_in(url, d="1", A="id%3A7")
    assert client.get(filled.removeprefix("https://xiangyin.example")).status_code == 200
    with database.sessions(service.engine)() as session:
        (row,) = session.scalars(select(Delivery))
    assert (row.channel, row.message_id, row.state, row.detail) == ("sms", ID, "delivered", "1 id:7")


def test_without_a_public_url_kannel_reports_to_this_machine() -> None:
    assert report_url(Settings(kannel_secret="s", port=8123), id="1").startswith(
        "http://127.0.0.1:8123/sms/kannel/dlr?"
    )


STATES = [("1", "delivered", "delivered"), ("2", "failed", "failed"), ("4", "queued", "sent"), ("8", "sent", "sent"), ("16", "failed", "failed")]  # fmt: skip


@pytest.mark.parametrize(("state", "of_answer", "of_outbox"), STATES, ids=[row[0] for row in STATES])
def test_each_state_of_kannel_is_kept_for_answers_and_for_the_outbox(
    made, state: str, of_answer: str, of_outbox: str
) -> None:
    service, client = made
    service.outbox.put([Wanted("sms", "13912345678", "通知", "announcement")], NOW)
    (taken,) = service.outbox.take("kannel", "sms", NOW, 1e9).letters
    response = dlr(client, id=ID, state=state, detail="NACK/no SMSC")
    assert (response.status_code, response.get_data()) == (200, b"")
    assert dlr(client, outbox="1", id=str(taken.number), state=state, detail="NACK/no SMSC").status_code == 200
    with database.sessions(service.engine)() as session:
        (answer,) = session.scalars(select(Delivery))
        (sent,) = session.scalars(select(Outgoing))
    assert (answer.state, answer.detail) == (of_answer, f"{state} NACK/no SMSC")
    assert sent.state == of_outbox
    if of_outbox == "failed":
        assert sent.code == f"dlr_{state}"
        assert sent.reason.endswith("（网关：NACK/no SMSC）")
        assert len(sent.reason) > len("（网关：NACK/no SMSC）"), (
            "a sentence for people stands before the gateway's words"
        )


@pytest.mark.parametrize(
    "fields",
    [{"id": ID, "state": "3"}, {"id": ID, "state": ""}, {"id": ID}, {"state": "1"}, {"id": "x" * 101, "state": "1"}, {"outbox": "1", "id": "one", "state": "1"}, {"id": ID, "state": "%d"}],
)  # fmt: skip
def test_a_garbled_report_is_refused(made, fields: dict[str, str]) -> None:
    assert dlr(made[1], **fields).status_code == 400


def test_a_report_of_a_message_that_is_not_ours_is_taken_and_forgotten(made) -> None:
    assert dlr(made[1], outbox="1", id="4711", state="1").status_code == 200


def test_reports_may_come_twice_and_in_any_order(made) -> None:
    service, client = made
    for state in ("1", "8", "1", "4", "2"):
        assert dlr(client, id=ID, state=state).status_code == 200
    with database.sessions(service.engine)() as session:
        assert [row.state for row in session.scalars(select(Delivery))] == ["delivered"]


# --- what goes out ---------------------------------------------------------------------------------------------------


class Smsbox(ThreadingHTTPServer):
    """Answers every request alike; `seen` are the queries."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.status, self.body, self.broken = 202, b"0: Accepted for delivery", ""
        self.seen: list[dict[str, list[str]]] = []
        self.connections: list[int] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answers(BaseHTTPRequestHandler):
    server: Smsbox

    def do_GET(self) -> None:
        split_url = urlsplit(self.path)
        assert split_url.path == "/cgi-bin/sendsms"
        self.server.seen.append(
            parse_qs(split_url.query, encoding="latin-1", strict_parsing=True, keep_blank_values=True)
        )
        self.server.connections.append(self.client_address[1])
        if self.server.broken == "hangs up":
            self.close_connection = True
            return
        if self.server.broken == "is silent":
            threading.Event().wait(2)
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body) + 10 * (self.server.broken == "is cut off")))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def smsbox() -> Iterator[Smsbox]:
    server = Smsbox()
    yield server
    server.shutdown()
    server.server_close()


def gateway(port: int, **settings: Any) -> KannelSender:
    values = {
        "kannel_send_url": f"http://127.0.0.1:{port}/cgi-bin/sendsms",
        "kannel_secret": SECRET,
        "kannel_user": "xiangyin",
        "kannel_password": "p&=%",
        "kannel_sender": "10693283",
        **settings,
    }
    return KannelSender(Settings(**values))


def letter(text: str, address: str = "13912345678") -> Taken:
    return Taken(7, 1, NOW, NOW, address, text, split(text).count)


LETTERS = [
    ("Chinese", "明天停水，请存水。", "2", "UTF-16BE"),
    ("very long Chinese", "问" * 1500, "2", "UTF-16BE"),
    ("hanzi with octets that are spaces, & and +", "上下三不＆☦☫", "2", "UTF-16BE"),
    ("emoji", "🌽" * 40, "2", "UTF-16BE"),
    ("the GSM alphabet", "OK {1+1} @ 50%", "0", "UTF-8"),
]


@pytest.mark.parametrize(("text", "coding", "charset"), [row[1:] for row in LETTERS], ids=[row[0] for row in LETTERS])
def test_what_sendsms_is_asked(smsbox: Smsbox, text: str, coding: str, charset: str) -> None:
    gateway(smsbox.server_port).send(letter(text))
    (seen,) = smsbox.seen
    query = {name: values[0] for name, values in seen.items()}
    assert query.pop("text").encode("latin-1").decode(charset) == text
    reported = parse_qs(urlsplit(filled_in(query.pop("dlr-url"), d="1", A="")).query)
    assert (reported["id"], reported["secret"]) == (["7"], [SECRET])
    assert query == {
        **{"username": "xiangyin", "password": "p&=%", "to": "13912345678", "from": "10693283"},
        **{"coding": coding, "charset": charset, "dlr-mask": "31"},
    }


Problem = type[Exception] | None
SAID: list[tuple[int, str, Problem, str, bool]] = [
    # as gw/smsbox.c of Kannel 1.4.5 words them
    (202, "0: Accepted for delivery", None, "", False),
    (202, "3: Queued for later delivery", None, "", False),
    (202, "Sent. Message splits: 3", None, "", False),
    (403, "Authorization failed for sendsms", UnreachableError, "auth", True),
    (403, "Not routable. Do not try again.", SendError, "not_routable", False),
    (400, "Sender missing and no global set, rejected", UnreachableError, "sender", True),
    (400, "Empty receiver number not allowed, rejected", SendError, "refused", False),
    (400, "Charset or body misformed, rejected", SendError, "refused", False),
    (500, "Sending failed.", SendError, "failed", True),
    (503, "Temporal failure, try again later.", SendError, "throttled", True),
    # as proxies do
    (401, "", UnreachableError, "auth", True),
    (404, "<html>Not Found</html>", UnreachableError, "url", True),
    (429, "Too Many Requests", SendError, "throttled", True),
    (200, "<html>欢迎使用</html>", SendError, "failed", True),
    (302, "", SendError, "failed", True),
    (502, "\x00\xff garbled", SendError, "failed", True),
]


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "retryable"), SAID, ids=[f"{row[0]} {row[1][:20]}" for row in SAID]
)
def test_what_sendsms_answers(
    smsbox: Smsbox, status: int, body: str, kind: Problem, code: str, retryable: bool
) -> None:
    smsbox.status, smsbox.body = status, body.encode("latin-1", "replace")
    sender = gateway(smsbox.server_port)
    if kind is None:
        sender.send(letter("好"))
        return
    with pytest.raises(kind) as raised:
        sender.send(letter("好"))
    problem = raised.value
    assert isinstance(problem, SendError)
    assert type(problem) is kind
    assert (problem.code, problem.retryable) == (code, retryable)
    assert problem.chinese.endswith("。")
    assert str(status) in problem.english


@pytest.mark.parametrize("broken", ["hangs up", "is silent"])
def test_a_gateway_that_does_not_say_whether_it_took_a_message(
    smsbox: Smsbox, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kannel_sender, "ANSWER", 0.5)
    smsbox.broken = broken
    with pytest.raises(UncertainError):
        gateway(smsbox.server_port).send(letter("好"))
    assert len(smsbox.seen) == 1, "asked once: whether to ask again is not the sender's to decide"


def test_an_answer_that_is_cut_off_after_its_status_is_an_answer(smsbox: Smsbox) -> None:
    smsbox.broken = "is cut off"
    gateway(smsbox.server_port).send(letter("好"))


# --- the connection is kept ------------------------------------------------------------------------------------------


@pytest.fixture
def keeping(smsbox: Smsbox, monkeypatch: pytest.MonkeyPatch) -> Smsbox:
    """A gateway that keeps connections open, as Kannel does."""
    monkeypatch.setattr(Answers, "protocol_version", "HTTP/1.1")
    return smsbox


def test_each_thread_keeps_a_connection(keeping: Smsbox) -> None:
    sender = gateway(keeping.server_port)
    for _ in range(3):
        sender.send(letter("好"))
    thread = threading.Thread(target=sender.send, args=(letter("好"),))
    thread.start()
    thread.join()
    assert len(keeping.seen) == 4
    assert len(set(keeping.connections[:3])) == 1
    assert keeping.connections[3] != keeping.connections[0]


def test_a_connection_that_the_gateway_closed_between_two_messages_is_opened_again(
    keeping: Smsbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answers, "timeout", 0.2)  # the gateway hangs up on who is silent for so long
    sender = gateway(keeping.server_port)
    sender.send(letter("好"))
    threading.Event().wait(0.6)
    sender.send(letter("再来"))
    assert len(keeping.seen) == 2
    assert len(set(keeping.connections)) == 2


def test_a_connection_that_was_idle_for_long_is_not_trusted(keeping: Smsbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = gateway(keeping.server_port)
    sender.send(letter("好"))
    monkeypatch.setattr(kannel_sender, "KEPT", -1)
    sender.send(letter("好"))
    assert len(set(keeping.connections)) == 2


@pytest.mark.parametrize("error", [BrokenPipeError, ConnectionResetError])
def test_a_request_that_could_not_be_written_is_written_again(
    keeping: Smsbox, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    """The gateway cannot have read the end of what was never written: it is certain that it does not have it."""
    sender = gateway(keeping.server_port)
    sender.send(letter("好"))
    whole = kannel_sender.HTTPConnection.request
    failures = iter([True])

    def request(self: Any, *arguments: Any) -> None:
        if next(failures, False):
            raise error
        whole(self, *arguments)

    monkeypatch.setattr(kannel_sender.HTTPConnection, "request", request)
    sender.send(letter("再来"))
    assert len(keeping.seen) == 2


def test_a_kept_connection_that_breaks_after_the_request_is_uncertain(keeping: Smsbox) -> None:
    sender = gateway(keeping.server_port)
    sender.send(letter("好"))
    keeping.broken = "hangs up"
    with pytest.raises(UncertainError):
        sender.send(letter("好"))
    assert len(keeping.seen) == 2, "asked once: it may have it"
    keeping.broken = ""
    sender.send(letter("好"))


def test_a_refusal_leaves_the_connection_usable(keeping: Smsbox) -> None:
    sender = gateway(keeping.server_port)
    keeping.status, keeping.body = 400, b"x" * 5000
    with pytest.raises(SendError):
        sender.send(letter("好"))
    keeping.status, keeping.body = 202, b"0: Accepted for delivery"
    for _ in range(2):
        sender.send(letter("好"))
    assert len(keeping.seen) == 3


def test_a_gateway_that_is_not_there_was_not_asked() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(UnreachableError) as raised:
        gateway(port).send(letter("好"))
    assert raised.value.code == "unreachable"


def test_neither_password_nor_secret_stand_in_an_error(smsbox: Smsbox) -> None:
    smsbox.status = 403
    with pytest.raises(UnreachableError) as raised:
        gateway(smsbox.server_port, kannel_password="hunter2").send(letter("好"))
    assert "hunter2" not in repr(raised.value) + str(raised.value)
    assert SECRET not in str(raised.value)


def test_kannel_sends_only_where_its_url_is_set(make) -> None:
    service, _ = make()
    assert kannel_sender.sender(service) is None
    service, _ = make(kannel_send_url="http://127.0.0.1:13013/cgi-bin/sendsms")
    made_sender = kannel_sender.sender(service)
    assert made_sender is not None
    assert made_sender.has(letter("好")) is None
