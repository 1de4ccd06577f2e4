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
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from tests.conftest import ROOT

TOKEN = "12345"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """`flask serve` on an empty database: its port and its database's file."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("XIANGYIN_")} | {
        "XIANGYIN_DATABASE_URL": f"sqlite:///{folder / 'server.db'}",
        "XIANGYIN_PORT": str(port),
        "XIANGYIN_TWILIO_AUTH_TOKEN": TOKEN,
        "XIANGYIN_LOG_LEVEL": "error",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([Path(sys.executable).parent / "flask", "serve"], cwd=ROOT, env=environ, stderr=log)
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
        yield port, folder / "server.db"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


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


def test_a_signed_text_message_makes_the_round_trip(server) -> None:
    port, path = server
    before = stored(path)
    form = {"From": "+8613900000000", "To": "+15005550006", "Body": "你好", "MessageSid": "SM1", "NumMedia": "0"}
    signature = RequestValidator(TOKEN).compute_signature(f"http://127.0.0.1:{port}/sms/twilio", form)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    status, text = ask(port, "POST", "/sms/twilio", urlencode(form), headers)
    assert status == 200
    assert "<Message>" in text
    assert ask(port, "POST", "/sms/twilio", urlencode(form), headers)[1].endswith("<Response />")
    assert stored(path) == before + 1
    assert ask(port, "POST", "/sms/twilio", urlencode({**form, "Body": "低保"}), headers)[0] == 403
    assert stored(path) == before + 1


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
