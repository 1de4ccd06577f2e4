"""Round trips with the real Kannel: its bearerbox, smsbox and test centre, set up by docs/kannel.conf."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from bot.messages import Message, Reply
from channels.base.sending import Wanted
from channels.outbox import hands
from channels.outbox.worker import Worker
from channels.sms.kannel_sender import KannelSender
from channels.sms.segments import split
from config import Settings
from knowledge import database
from knowledge.service_tables import Delivery, Outgoing
from tests.channels.conftest import PRICE
from tests.channels.sms.real_kannel import OURS, Kannel, needs_kannel, until

LONG = Reply("、".join(f"第{number}个村的账目已经公布" for number in range(1, 60)) + "。", intent="finance_total")


@dataclass
class Whole:
    """Kannel and our service, while our server and a worker run."""

    kannel: Kannel
    service: Any

    def deliveries(self) -> list[Delivery]:
        with database.sessions(self.service.engine)() as session:
            return list(session.scalars(select(Delivery)))

    def outbox(self) -> list[Outgoing]:
        with database.sessions(self.service.engine)() as session:
            return list(session.scalars(select(Outgoing).order_by(Outgoing.id)))


@pytest.fixture
def whole(make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Whole]:
    needs_kannel()
    monkeypatch.setattr(hands, "REST", timedelta(seconds=2))
    service, client = make(kannel_secret="s3cret")
    server = make_server("127.0.0.1", 0, client.application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kannel = Kannel(tmp_path, f"http://127.0.0.1:{server.server_port}", "s3cret", "pass")
    service.settings = Settings(
        kannel_secret="s3cret",
        kannel_send_url=kannel.send_url,
        kannel_user="xiangyin",
        kannel_password="pass",
        kannel_sender=OURS,
        kannel_per_second=1000,
        public_url=f"http://127.0.0.1:{server.server_port}",
    )
    begun = time.monotonic()
    clock = service.time
    stop = Event()

    def now() -> datetime:
        return clock + timedelta(seconds=time.monotonic() - begun)

    sending = Worker(service.outbox, KannelSender(service.settings), now)
    thread = threading.Thread(target=sending.run, args=(stop,))
    try:
        kannel.start()
        thread.start()
        yield Whole(kannel, service)
    finally:
        stop.set()
        if thread.is_alive():
            thread.join()
        kannel.stop()
        server.shutdown()


def test_a_question_in_chinese_is_answered_by_the_carrier(whole: Whole) -> None:
    """上, 下, 三 and 不 have octets in UTF-16 that are line ends and spaces."""
    whole.kannel.bring("上下三不，玉米多少钱一斤")
    until(whole.kannel.carried)
    until(lambda: [row.state for row in whole.deliveries()] == ["delivered"])
    assert [message.text for message in whole.service.asked] == ["上下三不，玉米多少钱一斤"]
    assert whole.service.asked[0].resident == "13912345678"
    assert whole.service.asked[0].id
    ((receiver, header, text),) = whole.kannel.carried()
    assert (receiver, header) == ("+8613912345678", "")
    assert text.startswith(PRICE.headline)
    assert text.endswith("（来源：农业农村局 2026-11-23）")


@pytest.mark.parametrize(
    ("line", "said"),
    [("text yumi jiage {1+1}", "yumi jiage {1+1}"), ("data %00%01%ff", "")],
    ids=["the GSM alphabet", "binary"],
)
def test_other_encodings_come_in_as_kannel_has_them(whole: Whole, line: str, said: str) -> None:
    whole.kannel.bring_lines(1, f"+8613912345678 {OURS} {line}")
    until(whole.kannel.carried)
    assert [row.text for row in whole.service.stored()] == [said]
    if not said:
        assert "我只看得懂文字" in whole.kannel.carried()[0][2]


def test_a_long_answer_goes_in_parts_that_belong_together(whole: Whole) -> None:
    whole.service.answer = lambda message: LONG
    whole.kannel.bring("所有的账")
    until(lambda: len(whole.kannel.carried()) >= 3)
    parts = whole.kannel.carried()
    assert len(parts) == 3, "no answer costs more"
    assert [header[:6] + header[8:] for _, header, _ in parts] == ["0500030301", "0500030302", "0500030303"]
    assert len({header[6:8] for _, header, _ in parts}) == 1
    assert all(split(text).count == 1 for _, _, text in parts)
    assert "".join(text for _, _, text in parts).startswith(LONG.headline[:150])


def test_a_message_of_our_own_reaches_its_final_state(whole: Whole) -> None:
    notice = "明天停水，" * 60
    whole.service.outbox.put(
        [Wanted("sms", "13912345678", notice, "announcement"), Wanted("sms", "9990000", "没有路由", "announcement")],
        whole.service.time,
    )
    until(lambda: {row.state for row in whole.outbox()} == {"delivered", "failed"})
    sent, refused = whole.outbox()
    assert (sent.state, sent.attempts, sent.uncertain) == ("delivered", 1, 0)
    assert (refused.state, refused.attempts) == ("failed", 1)
    assert refused.code in ("not_routable", "dlr_16"), "the refusal and the report race; both are final"
    assert refused.reason
    carried = whole.kannel.carried()
    assert {receiver for receiver, _, _ in carried} == {"13912345678"}
    assert "".join(text for _, _, text in carried) == notice
    assert len(carried) == split(notice).count


def test_many_questions_at_once_are_each_answered_once(whole: Whole) -> None:
    whole.service.answer = lambda message: Reply(f"您的号码是{message.address.id}。")
    whole.kannel.bring_lines(40, f"1391 {OURS} text yumi", "-z", "1")
    until(lambda: len(whole.kannel.carried()) >= 40)
    time.sleep(0.5)
    senders = Counter(row.sender for row in whole.service.stored())
    answered = Counter(receiver for receiver, _, _ in whole.kannel.carried())
    assert senders == answered
    assert sum(answered.values()) == 40


def test_kannel_down_and_up_again_loses_nothing_and_doubles_nothing(whole: Whole) -> None:
    """The carrier is gone, then the gateway, while messages are put all the time; then both are back.

    The carrier stops when it has written down all that it was given: Kannel's protocol with its test centre knows no
    acknowledgement, and what lies on that connection counts as delivered.
    """
    kannel, count = whole.kannel, 60

    def put(numbers: range) -> None:
        wanted = [
            Wanted("sms", f"139{number:08}", f"第{number}条通知", "announcement", f"n{number}") for number in numbers
        ]
        whole.service.outbox.put(wanted, whole.service.time)

    put(range(20))
    until(lambda: len(kannel.carried()) >= 20)
    assert kannel.online()
    kannel.stop("fakesmsc")
    until(lambda: not kannel.online())  # until then it writes to a connection that nobody reads
    put(range(20, 40))
    until(lambda: {row.state for row in whole.outbox()} <= {"sent", "delivered"})  # cutting it off is another test
    kannel.stop("bearerbox", "smsbox")
    put(range(40, count))
    time.sleep(2)
    waiting = [row for row in whole.outbox() if row.state == "queued"]
    assert waiting, "what the gateway could not be given waits"
    assert all(row.attempts == 0 for row in waiting), "and has lost no attempt"
    kannel.start("bearerbox", "smsbox", "fakesmsc")
    until(lambda: {row.state for row in whole.outbox()} == {"delivered"}, 90)
    until(lambda: len(kannel.carried()) >= count, 20)  # the carrier reports before it writes down what it took
    time.sleep(1)
    arrived = Counter(receiver for receiver, _, _ in kannel.carried())
    assert arrived == Counter(f"139{number:08}" for number in range(count))
    assert all(row.uncertain == 0 for row in whole.outbox())


def test_a_question_that_finds_us_down_is_handed_in_again(whole: Whole) -> None:
    failures = iter([True, True, False])

    def stumbling(message: Message) -> Reply:
        if next(failures, False):
            raise RuntimeError("down")
        return PRICE

    whole.service.answer = stumbling
    whole.kannel.bring("玉米多少钱")
    until(whole.kannel.carried)
    time.sleep(1.5)
    assert [text[: len(PRICE.headline)] for _, _, text in whole.kannel.carried()] == [PRICE.headline]
    assert len(whole.service.stored()) == 1


def test_kannel_killed_while_it_waits_for_an_answer_loses_none_that_goes_by_the_outbox(whole: Whole) -> None:
    begun, go = Event(), Event()

    def slow(message: Message) -> Reply:
        begun.set()
        go.wait(30)
        return PRICE

    whole.service.answer = slow
    whole.service.settings = whole.service.settings.model_copy(update={"kannel_answers": "outbox"})
    whole.kannel.bring("玉米多少钱")
    assert begun.wait(30)
    whole.kannel.stop("smsbox", "bearerbox", how=SIGKILL)
    go.set()
    until(lambda: [row.state for row in whole.outbox()] == ["queued"])
    whole.kannel.stop("fakesmsc")
    whole.kannel.start()
    until(lambda: [row.state for row in whole.outbox()] == ["delivered"])
    time.sleep(1)
    assert [text[: len(PRICE.headline)] for _, _, text in whole.kannel.carried()] == [PRICE.headline]
    assert len(whole.service.asked) == 1


def test_smsbox_killed_while_it_sends_loses_nothing(whole: Whole) -> None:
    """What smsbox had not acknowledged is uncertain and comes again after the lease; what it had, is not sent again."""
    kannel, count, hands_of = whole.kannel, 200, whole.service.settings.kannel_connections
    wanted = [Wanted("sms", f"139{number:08}", f"第{number}条", "reply", f"n{number}") for number in range(count)]
    whole.service.outbox.put(wanted, whole.service.time)
    until(lambda: len(kannel.carried()) >= 20)
    kannel.stop("smsbox", how=SIGKILL)
    time.sleep(0.5)
    kannel.start("smsbox")
    until(lambda: sum(row.state in ("sent", "delivered") for row in whole.outbox()) >= count - hands_of, 90)
    unknown = [row for row in whole.outbox() if row.state == "sending"]
    assert len(unknown) <= hands_of, "one message a hand at most was under way"
    delivered = {row.address for row in whole.outbox() if row.state == "delivered"}
    # the carrier reports before it writes down what it took
    until(lambda: {receiver for receiver, _, _ in kannel.carried()} >= delivered, 20)
    assert max(Counter(receiver for receiver, _, _ in kannel.carried()).values()) == 1
