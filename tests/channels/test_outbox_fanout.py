"""The outbox under a whole fan-out: batches, several hands, kill -9 between them, two workers, an emergency in between."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from channels.base.sending import Fate, UnreachableError, Wanted
from channels.outbox.hands import REST
from channels.outbox.worker import Worker
from knowledge import database
from knowledge.outbox import Outbox, cancel
from knowledge.outbox_claims import Batch
from tests.channels import outbox_worker
from tests.channels.fast_gateway import FastGateway
from tests.channels.test_outbox import FAST, MINUTE, Clock, rows
from tests.conftest import NOW

SECOND = timedelta(seconds=1)


def wanted(number: int, kind: Any = "announcement", **more: Any) -> Wanted:
    return Wanted("sms", f"139{number:08}", f"第{number}条", kind, f"{kind} {number}", **more)


@pytest.fixture
def outbox(engine: Engine) -> Outbox:
    return Outbox(database.sessions(engine))


@pytest.fixture
def gateway() -> Iterator[FastGateway]:
    started = FastGateway()
    yield started
    started.stop()


# --- batches ---------------------------------------------------------------------------------------------------------


def test_what_is_done_is_stored_and_the_next_are_taken_in_one_transaction(engine: Engine, outbox: Outbox) -> None:
    outbox.put([wanted(number) for number in range(5)], NOW)
    first = outbox.take("kannel", "sms", NOW, FAST, most=3)
    assert [letter.text for letter in first.letters] == ["第0条", "第1条", "第2条"]
    commits: list[Any] = []
    event.listen(engine, "commit", commits.append)
    done = [
        Fate(first.letters[0], "sent"),
        Fate(first.letters[1], "busy", "throttled", "网关忙。"),
        Fate(first.letters[2], "unknown"),
    ]
    second = outbox.take("kannel", "sms", NOW + SECOND, FAST, most=3, done=done)
    assert len(commits) == 1
    assert [letter.text for letter in second.letters] == ["第3条", "第4条"]
    assert second.wait is None, "no more is due"
    assert [row.state for row in rows(engine)] == ["sent", "queued", "sending", "sending", "sending"]
    assert rows(engine)[1].due == NOW + SECOND + 5 * MINUTE


def test_a_mark_that_comes_after_the_report_changes_nothing(engine: Engine, outbox: Outbox) -> None:
    outbox.put([wanted(number) for number in range(2)], NOW)
    letters = outbox.take("kannel", "sms", NOW, FAST, most=2).letters
    outbox.report(letters[0].number, "delivered", "", "", NOW)
    outbox.take("kannel", "sms", NOW, FAST, 0, [Fate(letter, "sent") for letter in letters])
    assert [row.state for row in rows(engine)] == ["delivered", "sent"]


def test_what_another_has_taken_meanwhile_is_not_settled_by_who_had_it(engine: Engine, outbox: Outbox) -> None:
    outbox.put([wanted(0)], NOW)
    (mine,) = outbox.take("kannel", "sms", NOW, FAST).letters
    later = NOW + timedelta(minutes=3)
    outbox.again(outbox.strays("kannel", "sms", later)[0], later)
    (theirs,) = outbox.take("kannel", "sms", later, FAST).letters
    outbox.take("kannel", "sms", later, FAST, 0, [Fate(mine, "refused", "no", "不收。")])
    assert [row.state for row in rows(engine)] == ["sending"]
    outbox.take("kannel", "sms", later, FAST, 0, [Fate(theirs, "sent")])
    assert [(row.state, row.uncertain) for row in rows(engine)] == [("sent", 1)]


@pytest.mark.parametrize(("per_second", "at_once"), [(1, 1), (10, 1), (100, 10), (1000, 100)])
def test_at_most_a_tenth_of_a_second_is_made_up_for(outbox: Outbox, per_second: float, at_once: int) -> None:
    outbox.put([wanted(number, "reply") for number in range(400)], NOW)
    outbox.take("kannel", "sms", NOW, per_second)
    batch = outbox.take("kannel", "sms", NOW + MINUTE, per_second, most=400)
    assert len(batch.letters) == at_once
    assert batch.wait == pytest.approx(1 / per_second)
    assert outbox.take("kannel", "sms", NOW + MINUTE, per_second, most=400) == Batch((), pytest.approx(1 / per_second))


def test_a_pace_is_kept_over_many_batches(outbox: Outbox) -> None:
    outbox.put([wanted(number, "reply", segments=1 + number % 3) for number in range(400)], NOW)
    parts = 0
    for step in range(100):  # two seconds
        batch = outbox.take("kannel", "sms", NOW + step * timedelta(milliseconds=20), 100, most=9)
        parts += sum(letter.segments for letter in batch.letters)
    assert 190 <= parts <= 212


def test_the_next_are_found_by_an_index_among_many(engine: Engine, outbox: Outbox) -> None:
    outbox.put([wanted(number) for number in range(3000)], NOW)
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda *about: asked.append((about[2], about[3])))
    for second in range(3):
        letters = outbox.take("kannel", "sms", NOW + second * SECOND, FAST, 9).letters
        outbox.take("kannel", "sms", NOW, FAST, 0, [Fate(letter, "sent") for letter in letters])
    outbox.strays("kannel", "sms", NOW + timedelta(hours=1))
    outbox.awaited("kannel", "sms", NOW)
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ANALYZE outbox"))
        plans = [
            "\n".join(str(tuple(line)) for line in connection.exec_driver_sql(f"{explain} {statement}", values))
            for statement, values in dict(asked).items()
            if statement.startswith("SELECT") and "outbox" in statement
        ]
    assert len(plans) == 4
    for plan, index in zip(plans, ("queued", "queued", "sending", "sent"), strict=True):
        assert f"outbox_{index}" in plan, plan
        assert "SCAN outbox\n" not in plan


# --- announcements ---------------------------------------------------------------------------------------------------


def test_what_waits_of_an_announcement_can_be_called_back(engine: Engine, outbox: Outbox) -> None:
    outbox.put([wanted(number, announcement=1 + number % 2, person="1") for number in range(8)], NOW)
    taken, _, back = outbox.take("kannel", "sms", NOW, FAST, 3).letters
    for waiting in (2, 0):
        with database.sessions(engine).begin() as session:
            assert cancel(session, 1, "withdrawn", "已撤回。", NOW) == waiting
    outbox.take("kannel", "sms", NOW, FAST, 0, [Fate(taken, "sent"), Fate(back, "busy", "throttled")])
    assert len(outbox.take("kannel", "sms", NOW + timedelta(hours=1), FAST, 9).letters) == 3, (
        "of the other announcement"
    )
    states = [(row.state, row.code) for row in rows(engine) if row.announcement == 1]
    assert states == [("sent", ""), ("failed", "over"), ("failed", "withdrawn"), ("failed", "withdrawn")]
    assert outbox.retry(NOW, ("over", "withdrawn")) == 0


# --- several hands ---------------------------------------------------------------------------------------------------


@dataclass
class Slow:
    """A gateway that takes a while for a message, and knows how many it was busy with at the same time."""

    at_once: int = 8
    answers: list[Exception | None] = field(default_factory=lambda: [None])
    name: str = "kannel"
    channel: str = "sms"
    per_second: float = FAST
    given: list[str] = field(default_factory=list)
    most: int = 0
    now: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def send(self, letter: Any) -> None:
        with self.lock:
            self.given.append(letter.text)
            self.now += 1
            self.most = max(self.most, self.now)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        time.sleep(0.02)
        with self.lock:
            self.now -= 1
        if answer:
            raise answer

    def has(self, letter: Any) -> bool | None:
        return None

    def collect(self) -> int:
        return 0


def run(worker: Worker, until: Any) -> None:
    """Let a worker run until something is so; it ends what it has begun."""
    stop = Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    deadline = time.monotonic() + 60
    while not until() and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_several_hands_send_each_message_once_and_finish_what_they_have_begun(engine: Engine, outbox: Outbox) -> None:
    outbox.put([wanted(number) for number in range(400)], NOW)
    slow = Slow()
    run(Worker(outbox, slow, Clock()), lambda: len(slow.given) > 60)
    states = [row.state for row in rows(engine)]
    assert set(states) == {"sent", "queued"}, "nothing is left in doubt"
    assert states.count("sent") == len(slow.given) == len(set(slow.given)) < 400
    assert slow.most == 8


def test_each_message_that_is_being_sent_is_in_one_hand(engine: Engine, outbox: Outbox) -> None:
    outbox.put([wanted(number) for number in range(200)], NOW)
    slow, held = Slow(), []

    def done() -> bool:
        held.append(sum(row.state == "sending" for row in rows(engine)))
        return len(slow.given) == 200

    run(Worker(outbox, slow, Clock()), done)
    assert 0 < max(held) <= slow.at_once


def test_a_gateway_out_of_reach_stops_all_hands_and_is_tried_with_one(engine: Engine, outbox: Outbox) -> None:
    outbox.put([wanted(number) for number in range(60)], NOW)
    gone = UnreachableError("unreachable", "连不上。", "no")
    slow, clock = Slow(answers=[None] * 20 + [gone]), Clock()
    worker = Worker(outbox, slow, clock)
    run(worker, lambda: len(slow.given) > 20)
    sent = sum(row.state == "sent" for row in rows(engine))
    assert sent == 20
    assert {row.attempts for row in rows(engine) if row.state == "queued"} == {0}
    tried = len(slow.given)
    assert tried <= 20 + slow.at_once
    clock.time += REST
    run(worker, lambda: len(slow.given) > tried)
    assert len(slow.given) == tried + 1, "one is enough to learn that it is still out of reach"
    slow.answers = [None]
    clock.time += REST
    run(worker, lambda: all(row.state == "sent" for row in rows(engine)))
    assert {row.state for row in rows(engine)} == {"sent"}


def test_an_emergency_overtakes_a_queue_of_20000(engine: Engine, outbox: Outbox, gateway: FastGateway) -> None:
    for first in range(0, 20_000, 1000):
        outbox.put([wanted(number) for number in range(first, first + 1000)], NOW)
    worker = outbox_worker.start(engine.url.render_as_string(hide_password=False), gateway.url, MINUTE, per_second=1e6)
    try:
        wait_for(lambda: gateway.count() > 100)
        begun = time.monotonic()
        outbox.put([Wanted("sms", "13900000000", "洪水", "emergency", "flood")], NOW)
        query = text(
            "SELECT state, (SELECT count(*) FROM outbox WHERE state = 'queued') FROM outbox WHERE key = 'flood'"
        )
        while True:
            with engine.connect() as connection:
                state, waiting = connection.execute(query).one()
            if state == "sent":
                break
            time.sleep(0.01)
        assert waiting > 1000, "it did not wait for the others"
        assert time.monotonic() - begun < 2
    finally:
        worker.kill()
        worker.join()


# --- kill -9, and two workers ----------------------------------------------------------------------------------------


def wait_for(met: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def open_rows(engine: Engine) -> int:
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')")
        return int(connection.execute(query).scalar_one())


def test_kills_during_a_fan_out_lose_nothing_and_leave_one_message_a_hand_in_doubt(
    engine: Engine, outbox: Outbox, gateway: FastGateway
) -> None:
    count, hands = 3000, 8
    outbox.put([wanted(number) for number in range(count)], NOW)
    url = engine.url.render_as_string(hide_password=False)
    moments = sorted(random.Random(7).randrange(100, count - 500) for _ in range(3))
    for turn, moment in enumerate([*moments, count]):  # the clock of each worker is beyond the lease of those before
        worker = outbox_worker.start(url, gateway.url, 4 * turn * MINUTE, hands, per_second=1e6)
        try:
            wait_for(lambda: gateway.count() >= moment and (moment < count or not open_rows(engine)))  # noqa: B023
        finally:
            worker.kill()
            worker.join()
        held = sum(row.state == "sending" for row in rows(engine))
        assert held <= hands
        time.sleep(0.3)  # what was asked before the kill is taken before the lease is over
    ledger, stored = gateway.ledger(), rows(engine)
    assert {row.state for row in stored} == {"sent"}
    assert set(ledger) == {row.id for row in stored}, "nothing is lost"
    assert all(ledger[row.id] <= 1 + row.uncertain for row in stored), "what came twice was counted"
    assert sum(row.uncertain for row in stored) <= hands * len(moments)


def test_two_workers_send_no_message_twice(postgres_url: str, gateway: FastGateway, request: Any) -> None:
    engine = database.connect(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.migrate(engine)
    outbox = Outbox(database.sessions(engine))
    workers = [outbox_worker.start(postgres_url, gateway.url, MINUTE, 8, per_second=1e6) for _ in range(2)]
    try:
        for first in range(0, 4000, 500):
            outbox.put([wanted(number) for number in range(first, first + 500)], NOW)
        wait_for(lambda: not open_rows(engine))
    finally:
        for worker in workers:
            worker.kill()
            worker.join()
    ledger = gateway.ledger()
    assert len(ledger) == 4000
    assert set(ledger.values()) == {1}
    assert {row.attempts for row in rows(engine)} == {1}
    engine.dispose()
