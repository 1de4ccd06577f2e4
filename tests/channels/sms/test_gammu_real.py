"""Round trips with the real gammu-smsd and its dummy phone, on each kind of database that it shares with us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text

from bot.messages import Reply
from channels.base.sending import Wanted
from channels.outbox.worker import Worker
from channels.sms import gammu
from channels.sms.gammu import WAIT
from channels.sms.segments import split
from config import Settings
from knowledge import database
from knowledge.service_tables import Outgoing
from tests.channels.conftest import PRICE
from tests.channels.sms.real_kannel import until
from tests.channels.sms.real_smsd import Smsd, make_tables, needs_smsd

ASKER = "13912345678"


@dataclass
class Whole:
    """smsd and our service; the worker takes a step whenever we look."""

    smsd: Smsd
    service: Any
    worker: Worker
    url: str

    def look(self) -> list[Outgoing]:
        """Our outbox, after the worker has done what there was to do."""
        self.service.later(seconds=3)
        for _ in range(5):
            self.worker.step()
        with database.sessions(self.service.engine)() as session:
            return list(session.scalars(select(Outgoing).order_by(Outgoing.id)))

    def rows(self, query: str) -> list[Any]:
        """What stands in smsd's tables."""
        engine = create_engine(self.url)
        with engine.connect() as connection:
            found = connection.execute(text(query)).all()
        engine.dispose()
        return list(found)

    def sent(self) -> list[tuple[str, str, str]]:
        """What the phone has sent: receiver, header, text."""
        rows = self.rows('SELECT "DestinationNumber", "UDH", "Text" FROM sentitems ORDER BY "ID", "SequencePosition"')
        return [(to, udh, bytes.fromhex(raw).decode("utf-16-be", "surrogatepass")) for to, udh, raw in rows]


@pytest.fixture(params=["sqlite", "postgresql"])
def whole(request: pytest.FixtureRequest, make, tmp_path: Path) -> Iterator[Whole]:
    needs_smsd()
    url = f"sqlite:///{tmp_path / 'phone.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    make_tables(url)
    service, _ = make()
    service.settings = Settings(gammu_database_url=url, gammu_per_minute=60000, sms_prices="*=0.1")
    modem = gammu.sender(service)
    assert modem
    smsd = Smsd(tmp_path, url)
    try:
        smsd.start()
        yield Whole(smsd, service, Worker(service.outbox, modem, lambda: service.time), url)
    finally:
        smsd.stop()


def test_a_question_is_answered_by_the_phone_and_its_delivery_is_known(whole: Whole) -> None:
    whole.smsd.bring("上下三不，玉米多少钱一斤")
    until(lambda: [row.state for row in whole.look()] == ["sent"])
    assert [message.text for message in whole.service.asked] == ["上下三不，玉米多少钱一斤"]
    until(whole.sent)
    ((receiver, header, words),) = whole.sent()
    assert (receiver, header) == (ASKER, "")
    assert words.startswith(PRICE.headline)
    whole.smsd.deliver(ASKER)
    until(lambda: [row.state for row in whole.look()] == ["delivered"])
    (row,) = whole.look()
    assert (row.segments, row.cost, row.uncertain, row.attempts) == (1, row.cost, 0, 1)
    assert str(row.cost) == "0.1"
    assert len(whole.service.stored()) == 1


def test_parts_are_joined_even_within_a_character(whole: Whole) -> None:
    raw = ("问" * 66 + "🌽价").encode("utf-16-be")
    whole.smsd.bring(raw[134:], udh="050003070202")
    whole.smsd.bring(raw[:134], udh="050003070201")
    until(lambda: whole.look() and whole.service.asked)
    assert [message.text for message in whole.service.asked] == ["问" * 66 + "🌽价"]


def test_a_straggler_is_waited_for_ten_minutes_and_completes_its_message_later(whole: Whole) -> None:
    whole.smsd.bring("玉米和", udh="050003080301")
    whole.smsd.bring("多少钱", udh="050003080303")
    until(lambda: len(whole.rows("SELECT 1 FROM inbox")) == 2)
    whole.look()
    assert not whole.service.asked
    whole.service.later(seconds=WAIT.total_seconds())
    until(lambda: whole.look() and whole.service.asked)
    assert [message.text for message in whole.service.asked] == ["玉米和…多少钱"]
    whole.smsd.bring("板栗", udh="050003080302")
    until(lambda: whole.look() and len(whole.service.asked) > 1)
    assert whole.service.asked[1].text == "玉米和板栗多少钱"
    whole.service.time += timedelta(hours=1)
    whole.look()
    assert len(whole.service.asked) == 2


def test_the_gsm_alphabet_and_binary(whole: Whole) -> None:
    whole.smsd.bring("yumi {x} @", coding="Default")
    until(lambda: whole.look() and whole.service.asked)
    whole.smsd.bring(b"\x01\x02\xff", coding="8bit", sender="+8613900000000")
    until(lambda: len(whole.look()) == 2)
    assert [row.text for row in whole.service.stored()] == ["yumi {x} @", ""]
    assert len(whole.service.asked) == 1


def test_a_long_message_of_our_own_goes_in_parts(whole: Whole) -> None:
    notice = "明天停水🌽，" * 40
    whole.service.outbox.put([Wanted("sms", ASKER, notice, "announcement")], whole.service.time)
    until(lambda: whole.look() and len(whole.sent()) == split(notice).count)
    parts = whole.sent()
    assert "".join(words for _, _, words in parts) == notice
    assert [header for _, header, _ in parts] == [
        f"05000301{len(parts):02X}{place:02X}" for place in range(1, len(parts) + 1)
    ]
    whole.smsd.deliver(ASKER)
    until(lambda: [row.state for row in whole.look()] == ["delivered"])


def test_an_opt_out_is_confirmed_and_then_nothing_is_sent(whole: Whole) -> None:
    whole.smsd.bring("退订")
    until(lambda: [row.state for row in whole.look()] == ["sent"])
    whole.service.outbox.put([Wanted("sms", ASKER, "通知", "announcement")], whole.service.time)
    assert [(row.state, row.code) for row in whole.look()] == [("sent", ""), ("failed", "opted_out")]
    until(whole.sent)
    assert [words for _, _, words in whole.sent()] == ["已退订，不再给您发短信。想恢复，回“恢复”。"]


def test_many_questions_and_a_restart_of_smsd(whole: Whole) -> None:
    whole.service.answer = lambda message: Reply(f"您问的是{message.text}。")
    for number in range(10):
        whole.smsd.bring(f"第{number}问", sender=f"+86139000000{number:02}")
    until(lambda: len(whole.look()) >= 3)
    whole.smsd.stop()
    whole.smsd.start()
    until(lambda: whole.look() and len(whole.sent()) == 10, 60)
    assert sorted(whole.sent()) == [(f"139000000{number:02}", "", f"您问的是第{number}问。") for number in range(10)]
    assert len(whole.service.stored()) == 10
