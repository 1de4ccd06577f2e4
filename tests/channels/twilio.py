"""Twilio on this machine: its requests, signed as it signs them, and its REST API as far as we use it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

ACCOUNT = "AC" + "0" * 32


def post(client: FlaskClient, url: str, form: dict[str, Any], token: str, **headers: str) -> TestResponse:
    """A webhook: a form, signed for the whole URL. Under a path that we do not know, a proxy takes the path away."""
    signature = RequestValidator(token).compute_signature(url, form)
    parts = urlsplit(url)
    path = parts.path[parts.path.index("/", 1) :] if parts.path.startswith("/xiangyin/") else parts.path
    asked = f"{path}?{parts.query}" if parts.query else path
    return client.post(asked, data=form, headers={"X-Twilio-Signature": signature, **headers})


class Rest(BaseHTTPRequestHandler):
    """The API: `answers` are (status, body) in turn, `requests` what it was asked (path, authorisation, form).

    Status 0 hangs up without a word, -1 in the middle of one.
    """

    answers: ClassVar[list[tuple[int, str]]]
    requests: ClassVar[list[tuple[str, str, dict[str, list[str]]]]]

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.requests.append((self.path, self.headers["Authorization"], parse_qs(form)))
        status, body = self.answers.pop(0)
        if status <= 0:
            self.wfile.write(b"HTTP/1.1 20" * -status)
            self.connection.close()
            return
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving() -> Iterator[tuple[str, type[Rest]]]:
    """The API and its URL."""
    Rest.answers, Rest.requests = [], []
    server = HTTPServer(("127.0.0.1", 0), Rest)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", Rest
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
