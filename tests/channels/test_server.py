"""The production server as a stranger meets it: on the wire, malformed, oversized and hostile, and it goes on."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from tests.conftest import ROOT

TOKEN = "12345"
JSON = {"Content-Type": "application/json"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`flask serve` on the database of a folder, in a process group of its own."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("XIANGYIN_")} | {
        "XIANGYIN_DATABASE_URL": f"sqlite:///{folder / 'server.db'}",
        "XIANGYIN_PORT": str(port),
        "XIANGYIN_TWILIO_AUTH_TOKEN": TOKEN,
        "XIANGYIN_LOG_LEVEL": "error",
    }
    command = [Path(sys.executable).parent / "flask", "serve"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                if ask(port, "GET", "/readyz")[0] == 200:
                    break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A server on an empty database: its port and its database's file."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    with serving(folder, port):
        yield port, folder / "server.db"


def ask(
    port: int, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=headers or {})  # type: ignore[arg-type]
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def raw(port: int, data: bytes) -> bytes:
    """What the server says to these bytes before it hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while part := connection.recv(65536):
            said += part
        return said


def stored(path: Path) -> int:
    with sqlite3.connect(path) as database:
        count: int = database.execute("SELECT count(*) FROM messages").fetchone()[0]
        return count


def goes_on(port: int) -> None:
    body = json.dumps({"sender": f"s{time.monotonic_ns()}", "text": "你好"})
    status, text = ask(port, "POST", "/api/chat", body, JSON)
    assert status == 200, text
    assert json.loads(text)["headline"]


def test_it_serves(server) -> None:
    port, path = server
    before = stored(path)
    goes_on(port)
    assert stored(path) == before + 1
    status, text = ask(port, "GET", "/")
    assert status == 200
    assert "乡音" in text


def test_one_megabyte_is_413_and_the_sender_gets_to_read_it(server) -> None:
    port, path = server
    before = stored(path)
    big = b'{"sender": "a", "text": "' + b"a" * 1_000_000 + b'"}'
    for route in ("/api/chat", "/", "/sms/twilio"):
        for form in (JSON, {"Content-Type": "application/x-www-form-urlencoded"}):
            status, text = ask(port, "POST", route, big, form)
            assert status in (413, 415), (route, form)
            assert "太大" in text or "JSON" in text
    for route in ("/api/chat", "/", "/sms/twilio"):
        chunks = (big[i : i + 10_000] for i in range(0, len(big), 10_000))
        status, text = ask(port, "POST", route, chunks, JSON)
        assert status == 413
        assert "太大" in text
    assert stored(path) == before
    goes_on(port)


@pytest.mark.parametrize("size", [9_000, 100_000, 1_000_000])
def test_a_huge_header_is_refused(server, size: int) -> None:
    port, path = server
    before = stored(path)
    request = f"POST /api/chat HTTP/1.1\r\nHost: a\r\nX-A: {'a' * size}\r\nContent-Length: 0\r\n\r\n"
    try:
        said = raw(port, request.encode())
    except ConnectionError:
        said = b""  # refused before it was all sent
    assert not said or said.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400")), said[:100]
    assert b"Traceback" not in said
    assert stored(path) == before
    goes_on(port)


@pytest.mark.parametrize(
    "data",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,  # TLS spoken to a plain port
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET " + b"/a" * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"POST /api/chat HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"POST /sms/twilio HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b'POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"sender"',
        b"POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\x00\r\nContent-Length: 2\r\n\r\n{}",
        b"GET /%00%ff%c0%af../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /web/../../config.yml HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /web/%2e%2e/%2e%2e/config.yml HTTP/1.1\r\nHost: a\r\n\r\n",
        b"",
    ],
)
def test_what_is_no_request_gets_no_answer_but_4xx(server, data: bytes) -> None:
    port, path = server
    before = stored(path)
    said = raw(port, data)
    assert not said or said.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 505")), said[:200]
    for leak in (b"Traceback", b'File "', b"database_url"):
        assert leak not in said
    assert stored(path) == before
    goes_on(port)


def text_message(port: int, sid: str, sender: str = "13900000000", body: str = "你好") -> tuple[int, str]:
    """Send a signed text message."""
    form = {"From": f"+86{sender}", "To": "+15005550006", "Body": body, "MessageSid": sid, "NumMedia": "0"}
    signature = RequestValidator(TOKEN).compute_signature(f"http://127.0.0.1:{port}/sms/twilio", form)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return ask(port, "POST", "/sms/twilio", urlencode(form), headers)


def test_a_signed_text_message_makes_the_round_trip(server) -> None:
    port, path = server
    before = stored(path)
    status, text = text_message(port, "SM1")
    assert status == 200
    assert "<Message>" in text
    assert text_message(port, "SM1")[1].endswith("<Response />")
    assert stored(path) == before + 1
    form = urlencode({"From": "+8613900000000", "Body": "低保", "MessageSid": "SM2"})
    assert ask(port, "POST", "/sms/twilio", form, {"Content-Type": "application/x-www-form-urlencoded"})[0] == 403
    assert stored(path) == before + 1


def sender_of(sid: str) -> str:
    """A sender for each message: one who sent them all would be taken for a machine."""
    number, turn = sid.removeprefix("SM").split("-")
    return f"139{number}{turn:0>7}"


def test_killed_under_load_it_loses_nothing_and_answers_nothing_twice(tmp_path: Path) -> None:
    """Every answer that was sent is stored; what was cut off is answered once when the gateway sends it again."""
    port = free_port()
    answered: list[str] = []
    cut_off: list[str] = []

    def gateway(number: int) -> None:
        for turn in range(1000):
            sid = f"SM{number}-{turn}"
            try:
                status, text = text_message(port, sid, sender_of(sid))
            except (OSError, http.client.HTTPException):
                cut_off.append(sid)
                return
            assert status == 200
            assert "<Message>" in text
            answered.append(sid)

    with serving(tmp_path, port) as process:
        gateways = [threading.Thread(target=gateway, args=(number,)) for number in range(6)]
        for thread in gateways:
            thread.start()
        deadline = time.monotonic() + 60
        while len(answered) < 30 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        for thread in gateways:
            thread.join()
    assert len(cut_off) == 6
    with sqlite3.connect(tmp_path / "server.db") as database:
        kept = dict(database.execute("SELECT message_id, answered IS NOT NULL FROM messages"))
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert all(kept[sid] for sid in answered)
    assert set(kept) <= {*answered, *cut_off}

    def again(sid: str) -> bool:
        """Whether a message that is sent once more is answered."""
        return "<Message>" in text_message(port, sid, sender_of(sid))[1]

    with serving(tmp_path, port):
        assert not any(again(sid) for sid in answered[:10])
        waiting = {sid for sid in cut_off if not kept.get(sid)}
        deadline = time.monotonic() + 30
        while waiting and time.monotonic() < deadline:
            waiting -= {sid for sid in waiting if again(sid)}
            time.sleep(0.5)
        assert not waiting
        assert not any(again(sid) for sid in cut_off)
    with sqlite3.connect(tmp_path / "server.db") as database:
        rows = database.execute("SELECT count(*), count(DISTINCT message_id), count(answered) FROM messages").fetchone()
    assert rows == (len(answered) + 6,) * 3


def test_clients_that_begin_and_fall_silent_are_hung_up_on(server) -> None:
    """More of them than there are threads: the next one waits until they are let go, and is answered."""
    port, _ = server
    held = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(20)]
    for connection in held:
        connection.sendall(b"POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Le")
    goes_on(port)
    for connection in held:
        connection.close()
    goes_on(port)
