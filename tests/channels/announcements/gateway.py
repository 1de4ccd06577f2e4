"""A stand-in for Kannel as a process of its own: takes every message after a while, and writes down whom it was for.

`python -m tests.channels.announcements.gateway FILE [SECONDS]` prints its port. A line of FILE is the moment, the number,
the message's number in the outbox and the text, divided by tabs.
"""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit


@dataclass(frozen=True)
class Accepted:
    """A message that the gateway has taken; `at` is the clock of `time.time`."""

    at: float
    to: str
    number: str
    text: str


def accepted(file: Path) -> list[Accepted]:
    """What a gateway has taken until now."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = (line.split("\t") for line in lines)
    return [Accepted(float(at), to, number, text) for at, to, number, text in rows]


def main() -> None:
    file, seconds = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    lock = threading.Lock()

    class Kannel(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = urlsplit(self.path).query
            values = parse_qs(query, errors="replace")
            raw = next(part for part in query.split("&") if part.startswith("text="))
            encoding = "utf-16-be" if values["coding"] == ["2"] else "utf-8"
            text = unquote_to_bytes(raw.removeprefix("text=").replace("+", " ")).decode(encoding)
            number = parse_qs(urlsplit(values["dlr-url"][0]).query)["id"][0]
            if seconds:
                time.sleep(seconds)
            with lock, file.open("a", encoding="utf-8") as opened:
                opened.write(f"{time.time()}\t{values['to'][0]}\t{number}\t{text.replace(chr(10), ' ')}\n")
            self.send_response(202)
            body = b"0: Accepted for delivery"
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Kannel)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
