"""Limits that several machines share, in the real Redis of Debian's packages: shared, in time, and let go when it dies."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond

from bot.messages import Address, Message
from channels.base.counting import Counts, Gate, Guard
from tests.channels.conftest import PRICE
from tests.conftest import NOW
from tests.servers import program


class Redis:
    """A Redis of the test's own that keeps nothing on the disk."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._folder = folder
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("redis-server does not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    program("redis-server", "redis-server")
    made = Redis(tmp_path)
    yield made
    made.kill()


def message(text: str, id: str) -> Message:
    return Message(Address("sms", "13900000001"), text, NOW, id=id)


def test_machines_count_together(redis: Redis) -> None:
    one, other = Gate(2, Counts(redis.url)), Gate(2, Counts(redis.url))
    assert [one.admit("sms", "a"), other.admit("sms", "a"), one.admit("sms", "a"), other.admit("sms", "a")] == [
        *("in", "in", "tell", "silent")
    ]
    assert other.admit("sms", "b") == "in"


def test_a_flood_over_two_machines_is_answered_once(redis: Redis) -> None:
    guards = [Guard(Counts(redis.url)) for _ in range(2)]
    verdicts = [guards[n % 2].enough(message("玉米", f"m{n}"), PRICE) for n in range(6)]
    assert verdicts == [None] + ["flood"] * 5
    assert guards[1].enough(message("玉米", "m0"), PRICE) is None, "the first again, after its machine died"


def test_a_window_ends(redis: Redis) -> None:
    counts, second = Counts(redis.url), RateLimitItemPerSecond(1)
    assert [counts.hit(second, "a"), counts.hit(second, "a")] == [True, False]
    time.sleep(1.2)
    assert counts.hit(second, "a")


def test_when_it_dies_messages_are_let_in_and_counted_again_when_it_is_back(redis: Redis, monkeypatch, caplog) -> None:
    monkeypatch.setattr(Counts, "REST", 0.2)
    gate = Gate(1, Counts(redis.url))
    assert [gate.admit("sms", "a") for _ in range(2)] == ["in", "tell"]
    redis.kill()
    assert [gate.admit("sms", "a") for _ in range(5)] == ["in"] * 5
    assert "limits_url" in caplog.text
    redis.start()
    time.sleep(0.3)
    assert [gate.admit("sms", "a") for _ in range(2)] == ["in", "tell"], "a new Redis knows nothing"


def test_one_that_hangs_keeps_nobody_waiting_for_long(redis: Redis, caplog) -> None:
    counts = Counts(redis.url)
    assert counts.hit(RateLimitItemPerMinute(1), "a")
    redis.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        assert all(counts.hit(RateLimitItemPerMinute(1), "a") for _ in range(100))
    finally:
        redis.process.send_signal(signal.SIGCONT)
    assert time.monotonic() - began < 3
    assert caplog.text.count("limits are not counted") == 1


def test_where_there_is_none_at_the_start_messages_are_let_in() -> None:
    gate = Gate(1, Counts("redis://127.0.0.1:1"))
    assert [gate.admit("sms", "a") for _ in range(3)] == ["in"] * 3
