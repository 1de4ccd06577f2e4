"""The outbox: what goes first, what waits, what is tried again, and that several workers and kill -9 do no harm."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.process import BaseProcess
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Engine, select

from channels.base.sending import Fate, SendError, UncertainError, UnreachableError, Wanted
from channels.outbox.hands import REST
from channels.outbox.worker import Worker
from config import SHANGHAI
from knowledge import database
from knowledge.mailbox import Mailbox
from knowledge.outbox import LEASE, Batch, Outbox, Taken, quiet
from knowledge.service_tables import Outgoing
from tests.channels import outbox_worker
from tests.conftest import NOW

MINUTE = timedelta(minutes=1)
FAST = 1e9


def wanted(text: str, kind: Any = "reply", key: str | None = None, **more: Any) -> Wanted:
    return Wanted("sms", more.pop("address", "13912345678"), text, kind, key, **more)


def rows(engine: Engine) -> list[Outgoing]:
    with database.sessions(engine)() as session:
        return list(session.scalars(select(Outgoing).order_by(Outgoing.id)))


def take(outbox: Outbox, now: datetime = NOW) -> Taken:
    """The next message; who opted out is passed over."""
    while not (batch := outbox.take("kannel", "sms", now, FAST)).letters:
        assert batch.wait == 0, "nothing is due"
    return batch.letters[0]


def settle(outbox: Outbox, taken: Taken, outcome: Any, now: datetime = NOW, **more: Any) -> None:
    outbox.take("kannel", "sms", now, FAST, 0, [Fate(taken, outcome, **more)])


@pytest.fixture
def outbox(sqlite_engine: Engine) -> Outbox:
    return Outbox(database.sessions(sqlite_engine))


# --- what goes first, what waits -------------------------------------------------------------------------------------


def test_emergencies_go_first_then_replies_then_announcements(engine: Engine) -> None:
    outbox = Outbox(database.sessions(engine))
    kinds = ("announcement", "reply", "emergency", "announcement", "emergency", "reply")
    outbox.put([wanted(f"{kind}{number}", kind) for number, kind in enumerate(kinds)], NOW)
    order = []
    for second in range(len(kinds)):
        taken = take(outbox, NOW + timedelta(seconds=second))
        order.append(taken.text)
        assert outbox.sent(taken, NOW)
    assert order == ["emergency2", "emergency4", "reply1", "reply5", "announcement0", "announcement3"]
    assert outbox.take("kannel", "sms", NOW + MINUTE, FAST) == Batch()
    assert {row.state for row in rows(engine)} == {"sent"}


@pytest.mark.parametrize(
    ("clock", "silent"),
    [("20:59", False), ("21:00", True), ("23:59", True), ("00:00", True), ("06:29", True), ("06:30", False), ("12:00", False)],
)  # fmt: skip
def test_quiet_hours_keep_announcements_back_and_nothing_else(outbox: Outbox, clock: str, silent: bool) -> None:
    now = datetime.fromisoformat(f"2026-11-23T{clock}:00").replace(tzinfo=SHANGHAI)
    assert quiet(now) is silent
    assert quiet(now.astimezone(tz=None)) is silent
    outbox.put([wanted("停水", "announcement"), wanted("答复"), wanted("洪水", "emergency")], now)
    texts = [take(outbox, now + timedelta(seconds=step)).text for step in range(2)]
    assert texts == ["洪水", "答复"]
    last = outbox.take("kannel", "sms", now + timedelta(seconds=3), FAST)
    assert (last == Batch()) is silent
    if silent:
        morning = now.replace(hour=6, minute=30) + timedelta(days=1)
        assert take(outbox, morning).text == "停水"


def test_what_is_put_twice_under_one_key_is_queued_once(engine: Engine) -> None:
    outbox = Outbox(database.sessions(engine))
    assert outbox.put([wanted("甲", key="reply:1"), wanted("乙", key="reply:2")], NOW) == 2
    assert outbox.put([wanted("甲", key="reply:1"), wanted("丙", key="reply:3")], NOW) == 1
    assert outbox.put([wanted("无名"), wanted("无名")], NOW) == 2
    assert [row.text for row in rows(engine)] == ["甲", "乙", "丙", "无名", "无名"]


def test_a_batch_is_put_whole_or_not_at_all(engine: Engine) -> None:
    outbox = Outbox(database.sessions(engine))
    broken = wanted("甲", "no such kind")
    with pytest.raises(KeyError):
        outbox.put([wanted("好"), broken], NOW)
    assert not rows(engine)


def test_who_opted_out_meanwhile_gets_nothing_but_the_reply_to_what_they_asked(engine: Engine) -> None:
    outbox, mailbox = Outbox(database.sessions(engine)), Mailbox(database.sessions(engine))
    outbox.put([wanted("通知", "announcement"), wanted("洪水", "emergency"), wanted("已退订")], NOW)
    outbox.put([wanted("别人的", "announcement", address="13900000000")], NOW)
    mailbox.opt_out("sms", "13912345678", NOW)
    assert [take(outbox, NOW + timedelta(seconds=step)).text for step in range(2)] == ["已退订", "别人的"]
    refused = {row.text: (row.state, row.code) for row in rows(engine) if row.state == "failed"}
    assert refused == {"通知": ("failed", "opted_out"), "洪水": ("failed", "opted_out")}


def test_a_gateway_is_given_no_more_parts_than_it_takes(engine: Engine) -> None:
    outbox = Outbox(database.sessions(engine))
    outbox.put([wanted("长", segments=3), wanted("短"), wanted("另一条")], NOW)
    first = outbox.take("kannel", "sms", NOW, per_second=2, most=9)
    assert ([letter.text for letter in first.letters], first.wait) == (["长"], pytest.approx(1.5))
    assert outbox.take("kannel", "sms", NOW, per_second=2) == Batch((), pytest.approx(1.5))
    assert outbox.take("kannel", "sms", NOW + timedelta(seconds=1), per_second=2) == Batch((), pytest.approx(0.5))
    assert outbox.take("gammu", "sms", NOW, per_second=2).letters, "another gateway has a pace of its own"
    third = outbox.take("kannel", "sms", NOW + timedelta(seconds=1.5), per_second=2, most=9)
    assert [letter.text for letter in third.letters] == ["另一条"]


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_errors_are_tried_again_after_5_and_10_minutes_and_the_third_is_final(engine: Engine) -> None:
    outbox = Outbox(database.sessions(engine))
    outbox.put([wanted("答复")], NOW)
    now = NOW
    for attempt, minutes in ((1, 5), (2, 10)):
        taken = take(outbox, now)
        assert taken.attempt == attempt
        settle(outbox, taken, "busy", now, code="throttled", reason="网关忙。")
        assert outbox.take("kannel", "sms", now + minutes * MINUTE - timedelta(seconds=1), FAST) == Batch()
        now += minutes * MINUTE
    settle(outbox, take(outbox, now), "busy", now, code="throttled", reason="网关忙。")
    (row,) = rows(engine)
    assert (row.state, row.attempts, row.code, row.reason, row.ended) == ("failed", 3, "throttled", "网关忙。", now)
    assert outbox.take("kannel", "sms", now + timedelta(days=1), FAST) == Batch()
    assert outbox.retry(now, ["refused"]) == 0
    assert outbox.retry(now, ["throttled"]) == 1
    assert take(outbox, now).attempt == 1


def test_a_final_error_is_not_tried_again(engine: Engine) -> None:
    outbox = Outbox(database.sessions(engine))
    outbox.put([wanted("答复")], NOW)
    settle(outbox, take(outbox), "refused", code="not_routable", reason="没有路由。")
    (row,) = rows(engine)
    assert (row.state, row.attempts) == ("failed", 1)


def test_a_gateway_out_of_reach_costs_a_message_no_attempt_and_is_left_alone(engine: Engine) -> None:
    outbox = Outbox(database.sessions(engine))
    outbox.put([wanted("先"), wanted("后")], NOW)
    settle(outbox, take(outbox), "unreachable", code="unreachable", reason="连不上。", until=NOW + MINUTE)
    assert outbox.take("kannel", "sms", NOW, FAST) == Batch((), pytest.approx(60))
    row = rows(engine)[0]
    assert (row.state, row.attempts, row.code) == ("queued", 0, "unreachable")
    again = take(outbox, NOW + MINUTE)
    assert (again.text, again.attempt) == ("先", 1)


def test_a_message_left_behind_is_sent_again_and_counted(engine: Engine) -> None:
    outbox = Outbox(database.sessions(engine))
    outbox.put([wanted("答复")], NOW)
    now = NOW
    for attempt in (1, 2, 3):
        taken = take(outbox, now)
        assert taken.attempt == attempt
        assert outbox.strays("kannel", "sms", now + LEASE) == []
        assert outbox.strays("gammu", "sms", now + LEASE + MINUTE) == []
        now += LEASE + MINUTE
        (stray,) = outbox.strays("kannel", "sms", now)
        assert outbox.again(stray, now)
        assert not outbox.again(stray, now), "two workers find it, one queues it"
        assert not outbox.sent(taken, now), "whoever left it comes too late"
    (row,) = rows(engine)
    assert (row.state, row.code, row.uncertain) == ("failed", "unknown", 3)
    (total,) = outbox.totals(NOW)
    assert total.uncertain == 3


def test_what_the_gateway_surely_does_not_have_is_not_counted_as_uncertain(engine: Engine) -> None:
    outbox = Outbox(database.sessions(engine))
    outbox.put([wanted("答复")], NOW)
    take(outbox)
    (stray,) = outbox.strays("kannel", "sms", NOW + LEASE + MINUTE)
    assert outbox.again(stray, NOW + LEASE + MINUTE, certain=True)
    (row,) = rows(engine)
    assert (row.state, row.uncertain) == ("queued", 0)


@pytest.mark.parametrize("state", ["sent", "delivered", "failed"])
def test_a_report_tells_the_fate_of_a_message_left_behind(engine: Engine, state: str) -> None:
    outbox = Outbox(database.sessions(engine))
    outbox.put([wanted("答复")], NOW)
    taken = take(outbox)
    assert outbox.report(taken.number, state, "", "", NOW)
    assert not outbox.strays("kannel", "sms", NOW + LEASE + MINUTE)
    assert not outbox.sent(taken, NOW)
    (row,) = rows(engine)
    assert (row.state, row.uncertain) == (state, 0)


def test_a_report_that_comes_when_the_message_is_queued_again_stops_it(outbox: Outbox) -> None:
    outbox.put([wanted("答复")], NOW)
    taken = take(outbox)
    outbox.again(outbox.strays("kannel", "sms", NOW + LEASE + MINUTE)[0], NOW)
    assert outbox.report(taken.number, "delivered", "", "", NOW)
    assert outbox.take("kannel", "sms", NOW + timedelta(hours=1), FAST) == Batch()


@pytest.mark.parametrize(
    ("reports", "state"),
    [
        (["sent", "delivered"], "delivered"),
        (["delivered", "sent"], "delivered"),
        (["delivered", "failed"], "delivered"),
        (["failed", "delivered"], "failed"),
        (["sent", "sent"], "sent"),
        (["sent", "failed", "sent"], "failed"),
    ],
)
def test_reports_in_any_order_never_take_a_message_back(engine: Engine, reports: list[str], state: str) -> None:
    outbox = Outbox(database.sessions(engine))
    outbox.put([wanted("答复")], NOW)
    taken = take(outbox)
    for told in reports:
        outbox.report(taken.number, told, "", "", NOW)
    (row,) = rows(engine)
    assert row.state == state


def test_a_report_of_an_unknown_message_is_no_news(outbox: Outbox) -> None:
    assert not outbox.report(4711, "delivered", "", "", NOW)


def test_what_it_cost_is_counted(engine: Engine) -> None:
    outbox = Outbox(database.sessions(engine))
    outbox.put([wanted("甲", segments=2, cost=Decimal("0.1")), wanted("乙", cost=Decimal("0.05")), wanted("丙")], NOW)
    outbox.sent(take(outbox), NOW)
    totals = {total.state: (total.messages, total.segments, total.cost) for total in outbox.totals(NOW)}
    assert totals == {"queued": (2, 2, Decimal("0.05")), "sent": (1, 2, Decimal("0.1"))}
    assert not outbox.totals(NOW + MINUTE)
    outbox.purge(NOW + MINUTE)
    assert not rows(engine)


def test_several_workers_take_each_message_once(engine: Engine) -> None:
    """Four at once, on each kind of database; two others report and put meanwhile."""
    outbox = Outbox(database.sessions(engine))
    outbox.put([wanted(str(number), key=str(number)) for number in range(60)], NOW)
    taken: list[str] = []
    begun = time.monotonic()

    def work() -> None:
        idle = 0
        while idle < 3:
            got = outbox.take("kannel", "sms", NOW + timedelta(seconds=time.monotonic() - begun), FAST, 3)
            if got.letters:
                taken.extend(letter.text for letter in got.letters)
                outbox.sent(got.letters[0], NOW)
                for letter in got.letters:
                    outbox.report(letter.number, "delivered", "", "", NOW)
                idle = 0
            else:
                idle += 1
                time.sleep(0.05)

    def put() -> None:
        for number in range(60, 80):
            outbox.put([wanted(str(number), key=str(number))], NOW)

    threads = [threading.Thread(target=target) for target in (work, work, work, work, put, put)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(taken, key=int) == [str(number) for number in range(80)]
    assert {row.state for row in rows(engine)} == {"delivered"}


# --- the worker ------------------------------------------------------------------------------------------------------


@dataclass
class Gateway:
    """A gateway that answers as it is told, one answer a message; the last one stays."""

    answers: list[Exception | None] = field(default_factory=lambda: [None])
    knows: bool | None = None
    given: list[str] = field(default_factory=list)
    name: str = "kannel"
    channel: str = "sms"
    per_second: float = FAST
    at_once: int = 1

    def send(self, letter: Any) -> None:
        self.given.append(letter.text)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer:
            raise answer

    def has(self, letter: Any) -> bool | None:
        return self.knows

    def collect(self) -> int:
        return 0


@dataclass
class Clock:
    time: datetime = NOW

    def __call__(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time


BUSY = SendError("throttled", "网关忙。", "busy", retryable=True)

OUTCOMES: list[tuple[str, Exception | None, tuple[str, int, str]]] = [
    ("taken", None, ("sent", 1, "")),
    ("refused for good", SendError("refused", "不收。", "no", retryable=False), ("failed", 1, "refused")),
    ("busy", BUSY, ("queued", 1, "throttled")),
    ("out of reach", UnreachableError("unreachable", "连不上。", "no"), ("queued", 0, "unreachable")),
    ("no answer", UncertainError("timed out"), ("sending", 1, "")),
    ("a bug of ours", ValueError("oops"), ("sending", 1, "")),
]


@pytest.mark.parametrize(("answer", "row"), [case[1:] for case in OUTCOMES], ids=[case[0] for case in OUTCOMES])
def test_what_came_of_a_message_is_stored(
    sqlite_engine: Engine, outbox: Outbox, answer: Exception | None, row: tuple[str, int, str]
) -> None:
    outbox.put([wanted("答复")], NOW)
    worker, stop = Worker(outbox, Gateway([answer]), Clock()), Event()
    threading.Timer(0.3, stop.set).start()
    worker.run(stop)
    (stored,) = rows(sqlite_engine)
    assert (stored.state, stored.attempts, stored.code) == row


def test_a_gateway_out_of_reach_is_asked_with_one_message_and_not_with_all(outbox: Outbox) -> None:
    outbox.put([wanted(str(number)) for number in range(50)], NOW)
    gateway, clock = Gateway([UnreachableError("unreachable", "连不上。", "no"), None]), Clock()
    worker = Worker(outbox, gateway, clock)
    for _ in range(10):
        worker.step()
    assert gateway.given == ["0"]
    clock.time += REST
    for _ in range(60):
        worker.step()
    assert gateway.given == ["0", *map(str, range(50))]


@pytest.mark.parametrize(
    ("knows", "given", "uncertain"), [(None, ["答复", "答复"], 1), (True, ["答复"], 0), (False, ["答复", "答复"], 0)]
)
def test_a_stray_is_sent_again_unless_the_gateway_has_it(
    sqlite_engine: Engine, outbox: Outbox, knows: bool | None, given: list[str], uncertain: int
) -> None:
    outbox.put([wanted("答复")], NOW)
    gateway, clock = Gateway([UncertainError("timed out"), None], knows), Clock()
    Worker(outbox, gateway, clock).step()
    clock.time += LEASE + MINUTE
    worker = Worker(outbox, gateway, clock)
    for _ in range(3):
        worker.step()
    assert gateway.given == given
    (row,) = rows(sqlite_engine)
    assert (row.state, row.uncertain) == ("sent", uncertain)


# --- kill -9 ---------------------------------------------------------------------------------------------------------


class Carrier(ThreadingHTTPServer):
    """A stand-in for Kannel that counts, and kills the worker that asks at moments of its choice.

    `moments` are what happens at the nth request: "before" it is taken the worker dies, "after" it is taken the worker
    dies without having heard so.
    """

    daemon_threads = True

    def __init__(self, moments: dict[int, str], outbox: Outbox | None) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.moments = moments
        self.outbox = outbox
        self.worker: BaseProcess | None = None
        self.lock = threading.Lock()
        self.asked = self.answered = 0
        self.taken: list[int] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Asked(BaseHTTPRequestHandler):
    server: Carrier

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.asked += 1
            moment = self.server.moments.get(self.server.asked, "")
        try:
            self._answer(moment)
        except OSError:
            pass  # who asked was killed
        finally:
            with self.server.lock:
                self.server.answered += 1

    def _answer(self, moment: str) -> None:
        query = parse_qs(urlsplit(self.path).query)
        number = int(parse_qs(urlsplit(query["dlr-url"][0]).query)["id"][0])
        carrier = self.server
        if moment == "before":
            return self._kill()
        carrier.taken.append(number)
        if carrier.outbox:
            carrier.outbox.report(number, "delivered", "", "", NOW)
        if moment == "after":
            return self._kill()
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b"0: Accepted for delivery")

    def _kill(self) -> None:
        assert self.server.worker
        self.server.worker.kill()
        self.server.worker.join()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def kills() -> Iterator[list[BaseProcess]]:
    running: list[BaseProcess] = []
    yield running
    for process in running:
        process.kill()
        process.join()


@pytest.mark.parametrize("reporting", [False, True], ids=["silent carrier", "carrier that reports"])
def test_a_worker_killed_at_any_moment_loses_nothing_and_doubles_only_what_it_counted(
    engine: Engine, reporting: bool, kills: list[BaseProcess]
) -> None:
    outbox = Outbox(database.sessions(engine))
    count = 40
    outbox.put([wanted(f"第{number}条", key=str(number)) for number in range(count)], NOW)
    moments = {5: "before", 11: "after", 20: "after", 21: "before"}
    carrier = Carrier(dict(moments), outbox if reporting else None)
    url = engine.url.render_as_string(hide_password=False)
    gateway = f"http://127.0.0.1:{carrier.server_port}/cgi-bin/sendsms"
    chance = random.Random(20261123)
    for ahead in range(0, 400, 4):  # each worker's clock is beyond the lease of the one before
        process = outbox_worker.start(url, gateway, ahead * MINUTE)
        kills.append(process)
        carrier.worker = process
        patience = time.monotonic() + (0.5 + chance.random() if ahead < 16 else 60)
        while process.is_alive() and time.monotonic() < patience:
            if not any(row.state in ("queued", "sending") for row in rows(engine)):
                break
            time.sleep(0.1)
        process.kill()
        process.join()
        time.sleep(0.2)
        while carrier.answered < carrier.asked:  # a lease is longer than a gateway takes for what it was asked
            time.sleep(0.05)
        if not any(row.state in ("queued", "sending") for row in rows(engine)):
            break
    carrier.shutdown()
    carrier.server_close()
    stored = rows(engine)
    assert {row.state for row in stored} <= {"sent", "delivered"}
    times = Counter(carrier.taken)
    assert set(times) == {row.id for row in stored}, "nothing is lost"
    for row in stored:
        assert times[row.id] <= 1 + row.uncertain, "what comes twice was counted as uncertain"
    doubled = sum(times.values()) - count
    killed_after = sum(moment == "after" for moment in moments.values())
    if reporting:
        assert doubled == 0, "a report tells what the killed worker did not hear"
    else:
        assert killed_after <= doubled <= sum(row.uncertain for row in stored)
