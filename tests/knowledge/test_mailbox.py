"""A message is stored before it is answered, and answered once, whoever sends it how often and whatever crashes."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from knowledge import database, memory
from knowledge.mailbox import LEASE, Mailbox, Receipt
from knowledge.service_tables import Conversation, Delivery, Inbound, OptOut
from tests.conftest import NOW, ROOT

SENDER = "13900000001"
SECOND = timedelta(seconds=1)


@pytest.fixture
def mailbox(engine: Engine) -> Mailbox:
    return Mailbox(database.sessions(engine))


def stored(engine: Engine) -> list[Inbound]:
    with database.sessions(engine)() as session:
        return list(session.scalars(select(Inbound).order_by(Inbound.id)))


def test_a_message_is_committed_when_it_is_taken(mailbox: Mailbox, engine: Engine) -> None:
    receipt = mailbox.receive("sms", SENDER, "玉米多少钱", NOW, "SM1")
    assert receipt.state == "taken"
    (row,) = stored(engine)
    assert (row.channel, row.sender, row.text, row.message_id) == ("sms", SENDER, "玉米多少钱", "SM1")
    assert row.received == row.taken == NOW
    assert row.answered is None

    assert mailbox.answered(receipt, '{"text": "1.17元"}', NOW + SECOND, "price_latest", 1)
    (row,) = stored(engine)
    assert (row.reply, row.intent, row.segments) == ('{"text": "1.17元"}', "price_latest", 1)
    assert row.answered == NOW + SECOND


@pytest.mark.parametrize(
    ("first", "again", "apart", "repeat"),
    [
        (("sms", SENDER, "玉米", "SM1"), ("sms", SENDER, "玉米", "SM1"), timedelta(hours=47), True),
        (("sms", SENDER, "玉米", "SM1"), ("sms", SENDER, "玉米", "SM1"), timedelta(hours=49), False),
        (("sms", SENDER, "玉米", "SM1"), ("sms", SENDER, "改了", "SM1"), SECOND, True),
        (("sms", SENDER, "玉米", "SM1"), ("sms", SENDER, "玉米", "SM2"), SECOND, False),
        (("sms", SENDER, "玉米", "SM1"), ("sms", "13900000002", "玉米", "SM1"), SECOND, False),
        (("sms", SENDER, "玉米", "SM1"), ("api", SENDER, "玉米", "SM1"), SECOND, False),
        (("sms", SENDER, "玉米", None), ("sms", SENDER, "玉米", None), 4 * SECOND, True),
        (("sms", SENDER, "玉米", None), ("sms", SENDER, "玉米", None), 5 * SECOND, False),
        (("sms", SENDER, "玉米", None), ("sms", SENDER, "花生", None), SECOND, False),
        (("sms", SENDER, "玉米", None), ("sms", "13900000002", "玉米", None), SECOND, False),
        (("sms", SENDER, "玉米", None), ("sms", SENDER, "玉米", "SM1"), SECOND, False),
        # two gateways' clocks may differ: a repeat may bear the earlier time
        (("sms", SENDER, "玉米", None), ("sms", SENDER, "玉米", None), -SECOND, True),
    ],
)
def test_what_counts_as_a_repeat(
    mailbox: Mailbox,
    engine: Engine,
    first: tuple[str, str, str, str | None],
    again: tuple[str, str, str, str | None],
    apart: timedelta,
    repeat: bool,
) -> None:
    def receive(message: tuple[str, str, str, str | None], after: timedelta) -> Receipt:
        channel, sender, text, message_id = message
        return mailbox.receive(channel, sender, text, NOW + after, message_id)

    assert mailbox.answered(receive(first, timedelta()), "答", NOW)
    receipt = receive(again, apart)
    assert (receipt.state, receipt.reply) == (("answered", "答") if repeat else ("taken", None))
    assert len(stored(engine)) == (1 if repeat else 2)


def test_an_id_that_is_used_anew_after_two_days_keeps_the_old_message(mailbox: Mailbox, engine: Engine) -> None:
    mailbox.answered(mailbox.receive("api", SENDER, "玉米", NOW, "1"), "答", NOW)
    mailbox.receive("api", SENDER, "花生", NOW + timedelta(hours=49), "1")
    assert [(row.text, row.message_id) for row in stored(engine)] == [("玉米", None), ("花生", "1")]
    assert mailbox.receive("api", SENDER, "花生", NOW + timedelta(hours=50), "1").state == "taken"  # a crash between
    assert len(stored(engine)) == 2


@pytest.mark.parametrize("message_id", ["SM1", None])
def test_a_repeat_while_the_first_is_being_answered_is_not_answered_too(
    mailbox: Mailbox, message_id: str | None
) -> None:
    first = mailbox.receive("sms", SENDER, "玉米", NOW, message_id)
    repeat = mailbox.receive("sms", SENDER, "玉米", NOW + SECOND, message_id)
    assert repeat.state == "busy"
    assert mailbox.look(repeat).state == "busy"
    mailbox.answered(first, "答", NOW + 2 * SECOND)
    assert (mailbox.look(repeat).state, mailbox.look(repeat).reply) == ("answered", "答")


def test_after_a_crash_the_repeat_is_answered_and_a_late_first_answer_is_not_sent(
    mailbox: Mailbox, engine: Engine
) -> None:
    first = mailbox.receive("sms", SENDER, "玉米", NOW, "SM1")
    second = mailbox.receive("sms", SENDER, "玉米", NOW + LEASE, "SM1")
    third = mailbox.receive("sms", SENDER, "玉米", NOW + LEASE + SECOND, "SM1")
    assert (second.state, third.state) == ("taken", "busy")
    assert not mailbox.answered(first, "迟到的答", NOW + LEASE + SECOND)
    assert mailbox.answered(second, "答", NOW + LEASE + SECOND)
    assert [row.reply for row in stored(engine)] == ["答"]


def test_a_message_given_up_is_answered_when_it_is_repeated(mailbox: Mailbox) -> None:
    first = mailbox.receive("sms", SENDER, "玉米", NOW, "SM1")
    mailbox.give_up(first)
    assert not mailbox.answered(first, "答", NOW)
    again = mailbox.receive("sms", SENDER, "玉米", NOW + SECOND, "SM1")
    assert again.state == "taken"
    mailbox.give_up(first)  # of no effect: it is another's now
    assert mailbox.answered(again, "答", NOW + SECOND)


@pytest.mark.parametrize("message_id", ["SM1", None])
def test_of_many_threads_one_answers(mailbox: Mailbox, engine: Engine, message_id: str | None) -> None:
    states = _at_once(
        12, lambda number: mailbox.receive("sms", SENDER, "玉米", NOW + number * SECOND / 10, message_id).state
    )
    assert Counter(states) == {"taken": 1, "busy": 11}
    assert len(stored(engine)) == 1


def test_of_many_threads_after_a_crash_one_answers(mailbox: Mailbox, engine: Engine) -> None:
    mailbox.receive("sms", SENDER, "玉米", NOW, "SM1")
    late = NOW + 2 * LEASE
    states = _at_once(
        12, lambda number: mailbox.receive("sms", SENDER, "玉米", late + number * SECOND / 10, "SM1").state
    )
    assert Counter(states) == {"taken": 1, "busy": 11}


def test_threads_with_messages_of_their_own_lose_none(mailbox: Mailbox, engine: Engine) -> None:
    def talk(number: int) -> str:
        for turn in range(5):
            receipt = mailbox.receive("sms", f"1390000{number:04}", f"问{turn}", NOW + 10 * turn * SECOND, None)
            assert mailbox.answered(receipt, "答", NOW)
        return "done"

    assert _at_once(8, talk) == ["done"] * 8
    assert len(stored(engine)) == 40


def _at_once(count: int, work: Callable[[int], str]) -> list[str]:
    results: list[str] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        results.append(work(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _race(url: str, start: object, results: object) -> None:
    engine = database.connect(url)
    mailbox = Mailbox(database.sessions(engine))
    start.wait()  # type: ignore[attr-defined]
    with_id = [mailbox.receive("sms", SENDER, "玉米", NOW, f"SM{n}").state for n in range(20)]
    without = [mailbox.receive("sms", SENDER, "玉米", NOW + n * 20 * SECOND, None).state for n in range(20)]
    results.put(Counter([*with_id, *without])["taken"])  # type: ignore[attr-defined]


def test_of_many_processes_one_answers_each_message(engine: Engine) -> None:
    spawn = multiprocessing.get_context("spawn")
    start, results = spawn.Barrier(4), spawn.Queue()
    url = engine.url.render_as_string(hide_password=False)
    processes = [spawn.Process(target=_race, args=(url, start, results)) for _ in range(4)]
    for process in processes:
        process.start()
    taken = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    assert sum(taken) == 40
    assert len(stored(engine)) == 40


KILLED = """
import sys, time
from knowledge import database, memory
from knowledge.mailbox import Mailbox
from tests.conftest import NOW
mailbox = Mailbox(database.sessions(database.connect(sys.argv[1])))
mailbox.receive("sms", "13900000001", "玉米", NOW, "SM1")
print("stored", flush=True)
time.sleep(60)
"""


def test_a_process_killed_while_answering_loses_nothing(engine: Engine, mailbox: Mailbox) -> None:
    url = engine.url.render_as_string(hide_password=False)
    with subprocess.Popen([sys.executable, "-c", KILLED, url], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "stored\n"
        process.send_signal(signal.SIGKILL)
    assert [(row.text, row.answered) for row in stored(engine)] == [("玉米", None)]
    again = mailbox.receive("sms", SENDER, "玉米", NOW + LEASE, "SM1")
    assert again.state == "taken"
    assert mailbox.answered(again, "答", NOW + LEASE)


def test_opting_out_and_in_again(mailbox: Mailbox, engine: Engine) -> None:
    mailbox.opt_out("sms", SENDER, NOW)
    mailbox.opt_out("sms", SENDER, NOW + SECOND)
    assert mailbox.receive("sms", SENDER, "玉米", NOW, "SM1").opted_out
    assert not mailbox.receive("sms", "13900000002", "玉米", NOW, "SM1").opted_out
    assert not mailbox.receive("api", SENDER, "玉米", NOW, "SM1").opted_out
    with database.sessions(engine)() as session:
        assert [row.since for row in session.scalars(select(OptOut))] == [NOW]
    mailbox.opt_in("sms", SENDER)
    mailbox.opt_in("sms", SENDER)
    assert not mailbox.receive("sms", SENDER, "玉米", NOW, "SM2").opted_out


@pytest.mark.parametrize(
    ("reports", "final"),
    [
        (["queued", "sent", "delivered"], "delivered"),
        (["delivered", "sent", "queued"], "delivered"),
        (["sent", "failed", "sent"], "failed"),
        (["delivered", "failed"], "delivered"),
        (["sent", "sent", "sent"], "sent"),
    ],
)
def test_a_delivery_never_goes_back(mailbox: Mailbox, engine: Engine, reports: list[str], final: str) -> None:
    for number, state in enumerate(reports):
        mailbox.delivery("sms", "SM9", state, f"as reported {number}", NOW + number * SECOND)
    with database.sessions(engine)() as session:
        (row,) = session.scalars(select(Delivery))
        assert row.state == final
        assert row.at == NOW + reports.index(final) * SECOND


def test_traffic_counts_by_channel_and_purging_forgets(mailbox: Mailbox, engine: Engine) -> None:
    mailbox.answered(mailbox.receive("sms", SENDER, "一", NOW, "1"), "答", NOW, segments=2)
    mailbox.receive("sms", SENDER, "二", NOW, "2")
    mailbox.receive("api", SENDER, "三", NOW - timedelta(days=2), "3")
    seen = [(t.channel, t.received, t.unanswered, t.segments) for t in mailbox.traffic(NOW - timedelta(days=1))]
    assert seen == [("sms", 2, 1, 2)]
    mailbox.opt_out("sms", SENDER, NOW - timedelta(days=400))
    mailbox.delivery("sms", "SM9", "sent", "", NOW - timedelta(days=2))
    mailbox.purge(NOW - timedelta(days=1))
    assert [row.text for row in stored(engine)] == ["一", "二"]
    with database.sessions(engine)() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
        assert session.scalar(select(func.count()).select_from(OptOut)) == 1


def test_several_messages_of_a_new_sender_at_once_leave_one_conversation(engine: Engine) -> None:
    sessions = database.sessions(engine)

    def turn(number: int) -> str:
        with sessions.begin() as session:
            memory.recall(session, "sms:13900000001")
            memory.remember(session, "sms:13900000001", {"said": number}, NOW + number * SECOND)
        return "done"

    assert _at_once(8, turn) == ["done"] * 8
    with sessions() as session:
        (row,) = session.scalars(select(Conversation))
        assert row.touched == NOW + row.state["said"] * SECOND
