"""A stand-in for WeChat's client API on this machine: tokens, customer-service messages, media, and faults on demand."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

APP_ID, SECRET = "wx5823bf96d3bd56c7", "the-secret-of-the-account"


class Standin:
    """What was called, and what is to be answered. A fault is an errcode, an HTTP status as "502", or a word."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self.uploaded: list[bytes] = []
        self.calls: list[str] = []
        self.raw: list[bytes] = []
        self.faults: dict[str, list[int | str]] = defaultdict(list)
        self.media = {"media_id_of_the_voice": b"#!AMR\n voice"}
        self.expires = 7200
        self.slow = 0.0
        self.keeps = False
        self.lock = threading.Lock()
        self.url = ""

    @property
    def texts(self) -> list[str]:
        """The texts of the customer-service messages."""
        return [message["text"]["content"] for message in self.sent if message["msgtype"] == "text"]

    def fail(self, call: str, *faults: int | str) -> None:
        """Answer the next calls whose path ends so with these faults, in order."""
        self.faults[call] += faults

    def answer(self, path: str, query: dict[str, str], body: bytes, kind: str) -> Any:
        with self.lock:
            call = path.removeprefix("/cgi-bin/")
            self.calls.append(call)
            self.raw.append(body)
            if self.faults[call]:
                fault = self.faults[call].pop(0)
                return {"errcode": fault, "errmsg": f"fault {SECRET}"} if isinstance(fault, int) else fault
            if call == "stable_token":
                return self._token(json.loads(body))
            if query.get("access_token") != (self.tokens or [None])[-1]:
                return {"errcode": 40001, "errmsg": "invalid credential"}
            match call:
                case "message/custom/send":
                    self.sent.append(json.loads(body))
                    return {"errcode": 0, "errmsg": "ok"}
                case "media/upload":
                    assert query["type"] == "image"
                    form = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
                    (part,) = form.get_payload()
                    assert part.get_param("name", header="Content-Disposition") == "media"
                    self.uploaded.append(part.get_payload(decode=True))
                    return {"type": "image", "media_id": f"media{len(self.uploaded)}", "created_at": 1}
                case "media/get":
                    return self.media.get(query["media_id"], {"errcode": 40007, "errmsg": "invalid media_id"})
        return "404"

    def _token(self, asked: dict[str, Any]) -> dict[str, Any]:
        if (asked["appid"], asked["secret"], asked["grant_type"]) != (APP_ID, SECRET, "client_credential"):
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        if not (self.keeps and self.tokens) or asked["force_refresh"]:
            self.tokens.append(f"TOKEN-{len(self.tokens) + 1}")
        time.sleep(self.slow)
        return {"access_token": self.tokens[-1], "expires_in": self.expires}


@contextmanager
def serving() -> Iterator[Standin]:
    """A stand-in that answers on a port of its own."""
    standin = Standin()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._serve()

        def do_GET(self) -> None:
            self._serve()

        def _serve(self) -> None:
            split = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(parse_qsl(split.query))
            found = standin.answer(split.path, query, body, self.headers.get("Content-Type", ""))
            if found == "drop":
                self.close_connection = True
                self.connection.close()
                return
            if found == "hang":
                time.sleep(1.5)
                return
            if isinstance(found, str) and found.isdigit():
                self._write(int(found), "text/html", b"<html>nginx</html>")
            elif found == "html":
                self._write(200, "text/html", b"<html>login to the hotel's network</html>")
            elif found == "cut":
                self._write(200, "application/json", b'{"errcode": 0', length=400)
            elif isinstance(found, str):
                self._write(200, "application/json", found.encode())
            elif isinstance(found, bytes):
                self._write(200, "audio/amr", found)
            else:
                self._write(200, "application/json; encoding=utf-8", json.dumps(found).encode())

        def _write(self, status: int, kind: str, body: bytes, length: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length or len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    standin.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield standin
    finally:
        server.shutdown()
        server.server_close()
