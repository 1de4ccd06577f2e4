"""Rasa as the engine: its intents and entities with our names; where it fails, the embedded engine answers.

The stand-in here shows the faults that a real Rasa cannot be made to show; the real one runs in `tests.rasa.lane`.
"""

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from bot import understanding
from bot.rasa import RasaParser

TODAY = date(2026, 11, 23)
NAMES = {
    "commodity": {"玉米": ("玉米", "棒子"), "花生": ("花生",)},
    "town": {"130283108": ("蔡园镇",), "130283110": ("沙河驿镇",)},
    "village": {"130283108221": ("刘庄子村",), "130283110218": ("刘庄子村",)},
}


class Stub:
    """A server that answers what it is told to."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, b"{}", []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                stub.asked.append((self.path, json.loads(self.rfile.read(length))))
                self.send_response(stub.status)
                self.end_headers()
                self.wfile.write(stub.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def says(self, text: str, ranking: list[tuple[str, float]], *entities: tuple[str, str, str]) -> None:
        """Let it understand a text: its intents, and (entity, as said, value) for each entity."""
        found = [
            {"entity": e, "start": text.index(said), "end": text.index(said) + len(said), "value": value}
            for e, said, value in entities
        ]
        ranked = [{"name": name, "confidence": confidence} for name, confidence in ranking]
        self.body = json.dumps({"intent": ranked[0], "intent_ranking": ranked, "entities": found}).encode()


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def parser(stub: Stub) -> RasaParser:
    return RasaParser(stub.url, understanding.load()).with_names(NAMES)


def test_intent_and_entities_are_rasas_and_the_names_ours(stub: Stub, parser: RasaParser) -> None:
    text = "沙河驿镇刘庄子村棒子上个月最高多少钱"
    stub.says(
        text, [("price_extreme", 0.9), ("price_latest", 0.05)],
        ("town", "沙河驿镇", "沙河驿镇"), ("village", "刘庄子村", "刘庄子村"), ("commodity", "棒子", "玉米"),
        ("period", "上个月", "上个月"),
    )  # fmt: skip
    (query,) = parser.parse(text, TODAY)
    assert (query.intent, query.confidence, query.alternatives) == ("price_extreme", 0.9, (("price_latest", 0.05),))
    assert query.slots["commodity"] == "玉米"
    assert query.slots["village"] == "130283110218"
    assert query.slots["period"].start == date(2026, 10, 1)
    assert query.slots["extreme"] == "highest"
    assert stub.asked == [("/model/parse", {"text": text})]


def test_a_fallback_is_what_stands_behind_it(stub: Stub, parser: RasaParser) -> None:
    stub.says("嗯嗯玉米", [("nlu_fallback", 0.6), ("price_latest", 0.3)], ("commodity", "玉米", "玉米"))
    (query,) = parser.parse("嗯嗯玉米", TODAY)
    assert (query.intent, query.confidence) == ("price_latest", 0.3)


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"{}"), (200, b"{}"), (200, b"<html>"), (200, b"[]"), (200, b'{"intent_ranking": [1], "entities": []}'),
     (200, b'{"intent_ranking": [{"name": "greet", "confidence": 1}], "entities": [{}]}'), (200, b"\xff\xfe")],
)  # fmt: skip
def test_a_rasa_that_fails_is_stood_in_for(stub: Stub, parser: RasaParser, status: int, body: bytes, caplog) -> None:
    stub.status, stub.body = status, body
    (query,) = parser.parse("棒子多少钱一斤", TODAY)
    assert (query.intent, query.slots["commodity"]) == ("price_latest", "玉米")
    assert "does not answer as it should" in caplog.text


def test_a_rasa_that_is_down_is_stood_in_for(stub: Stub, parser: RasaParser) -> None:
    stub.server.shutdown()
    stub.server.server_close()
    (query,) = parser.parse("棒子多少钱一斤", TODAY)
    assert query.intent == "price_latest"


def test_nothing_to_read_asks_nobody(stub: Stub, parser: RasaParser) -> None:
    assert parser.parse("  ", TODAY) == []
    assert stub.asked == []
