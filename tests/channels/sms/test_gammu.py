"""Parts of messages joined and made; smsd's tables as they are found; the same on each kind of database."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from bot.messages import Reply
from channels.base.sending import UnreachableError, Wanted
from channels.sms import gammu
from channels.sms.answers import NO_WORDS
from channels.sms.gammu import WAIT, Modem
from channels.sms.modem_parts import CODINGS, Part, concatenation, join, rows_of
from channels.sms.modem_tables import INBOX, MULTIPART, OUTBOX, SENT, connect, flags
from channels.sms.segments import split
from config import Settings
from knowledge import database
from knowledge.outbox import Taken
from knowledge.service_tables import Outgoing
from tests.channels.conftest import PRICE
from tests.conftest import NOW

ASKER = "13912345678"

# --- parts, without any database -------------------------------------------------------------------------------------

HEADERS: list[tuple[str, str, tuple[int, int, int] | None]] = [
    ("8 bits", "050003070201", (7, 2, 1)),
    ("8 bits, small letters", "050003ff0302", (255, 3, 2)),
    ("16 bits", "06080401020302", (258, 3, 2)),
    ("after a port number", "0B05040B8423F0000307FF02", (7, 255, 2)),
    ("no header", "", None),
    ("a port alone", "0605040B8423F0", None),
    ("truncated", "05000307", None),
    ("shorter than it says", "0500030702", None),
    ("no hexadecimal digits", "zz0003070201", None),
    ("an odd digit", "05000307020", None),
    ("part 0", "050003070200", None),
    ("part 3 of 2", "050003070203", None),
    ("1 of 1", "050003070101", None),
    ("a length that runs out", "0500FF070201", None),
    ("an empty element before it", "0700000003070201", (7, 2, 1)),
]


@pytest.mark.parametrize(("udh", "place"), [row[1:] for row in HEADERS], ids=[row[0] for row in HEADERS])
def test_the_header_that_joins_parts(udh: str, place: tuple[int, int, int] | None) -> None:
    assert concatenation(udh) == place


def part(number: int, words: str | bytes, udh: str = "", sender: str = "+8613912345678", **more: Any) -> Part:
    raw = words.encode("utf-16-be") if isinstance(words, str) else words
    values = {"sent": "2026-11-23 10:00:00", "coding": CODINGS["ucs2"], "decoded": "", "done": False, **more}
    return Part(number, sender, udh=udh, text=values.pop("text", raw.hex().upper()), **values)


def udh(place: int, last: int = 2, reference: int = 7) -> str:
    return f"050003{reference:02X}{last:02X}{place:02X}"


EMOJI = "问🌽".encode("utf-16-be")
JOINED: list[tuple[str, list[Part], list[tuple[str, bool]]]] = [
    ("one part", [part(1, "玉米")], [("玉米", True)]),
    ("in order", [part(1, "玉", udh(1)), part(2, "米", udh(2))], [("玉米", True)]),
    ("out of order", [part(1, "米", udh(2)), part(2, "玉", udh(1))], [("玉米", True)]),
    ("16-bit reference", [part(1, "米", "06080400070202"), part(2, "玉", "06080400070201")], [("玉米", True)]),
    ("within a surrogate pair", [part(1, EMOJI[:4], udh(1)), part(2, EMOJI[4:], udh(2))], [("问🌽", True)]),
    ("brought twice", [part(1, "玉", udh(1)), part(2, "玉", udh(1)), part(3, "米", udh(2))], [("玉米", True)]),
    ("the first is missing", [part(1, "米", udh(2))], [("…米", False)]),
    ("the last is missing", [part(1, "玉", udh(1))], [("玉…", False)]),
    ("the middle is missing", [part(1, "玉", udh(1, 3)), part(2, "价", udh(3, 3))], [("玉…价", False)]),
    ("two in the middle", [part(1, "玉", udh(1, 4)), part(2, "价", udh(4, 4))], [("玉…价", False)]),
    (
        "two people with one reference",
        [part(1, "玉", udh(1)), part(2, "猪", udh(1), sender="+8613900000000"), part(3, "米", udh(2))],
        [("玉米", True), ("猪…", False)],
    ),
    (
        "a reference used again",
        [part(1, "玉", udh(1)), part(2, "米", udh(2)), part(3, "猪", udh(1)), part(4, "价", udh(2))],
        [("玉米", True), ("猪价", True)],
    ),
    ("a straggler", [part(1, "玉", udh(1), done=True), part(9, "米", udh(2))], [("玉米", True)]),
    ("all read before", [part(1, "玉", udh(1), done=True), part(2, "米", udh(2), done=True)], []),
    ("brought again after it was read", [part(1, "玉", udh(1), done=True), part(2, "米", udh(2), done=True), part(3, "米", udh(2))], [("玉米", True)]),
    ("no hexadecimal digits", [part(1, "", text="zz", decoded="玉米")], [("玉米", True)]),
    ("truncated within a unit", [part(1, "", text="7389", decoded="玉"), part(2, "", text="73", decoded="?")], [("玉", True), ("?", True)]),
    ("binary", [part(1, b"\x01\x02", coding="8bit")], [("", True)]),
    ("the GSM alphabet", [part(1, "yumi {x}", coding=CODINGS["gsm7"])], [("yumi {x}", True)]),
    ("empty", [part(1, "")], [("", True)]),
    ("very long Chinese", [part(n, "问" * 67, udh(n, 250)) for n in range(1, 251)], [("问" * 67 * 250, True)]),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "messages"), [row[1:] for row in JOINED], ids=[row[0] for row in JOINED])
def test_parts_make_messages(parts: list[Part], messages: list[tuple[str, bool]]) -> None:
    assert [(whole.text, whole.complete) for whole in join(parts)] == messages
    assert [(whole.text, whole.complete) for whole in join(reversed(parts))] == messages


def test_the_same_message_has_the_same_id_however_often_it_comes() -> None:
    once, again = join([part(1, "玉米")]), join([part(2, "玉米")])
    assert once[0].id == again[0].id
    others = [part(1, "玉米", sent="2026-11-23 10:00:01"), part(1, "板栗"), part(1, "玉米", udh(1))]
    assert len({once[0].id, *(join([other])[0].id for other in others)}) == 4


@pytest.mark.parametrize("words", ["好", "问" * 70, "问" * 71, "🌽" * 300, "OK", "a{" * 200, ""])
def test_what_is_divided_can_be_joined(words: str) -> None:
    rows = rows_of(words, 258)
    assert len(rows) == split(words).count
    parts = [
        Part(n, ASKER, "", row["Coding"], row["UDH"], row["Text"], row["TextDecoded"], False)
        for n, row in enumerate(rows, 1)
    ]
    (whole,) = join(parts)
    assert (whole.text, whole.complete) == (words, True)


# --- smsd's tables ---------------------------------------------------------------------------------------------------


class Tables:
    """smsd's tables as smsd itself writes them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.yes, self.no = flags(engine)
        self._number = 0
        INBOX.metadata.drop_all(engine)
        INBOX.metadata.create_all(engine)

    def bring(self, words: str | bytes, udh: str = "", sender: str = "+8613912345678", coding: str = CODINGS["ucs2"], sent: str = "2026-11-23 10:00:00", **more: str) -> None:  # fmt: skip
        self._number += 1
        raw = words.encode("utf-16-be") if isinstance(words, str) else words
        row = {
            **{"ID": self._number, "SenderNumber": sender, "ReceivingDateTime": sent, "Coding": coding, "UDH": udh},
            **{"Text": raw.hex().upper(), "TextDecoded": "", "Processed": self.no, **more},
        }
        with self.engine.begin() as connection:
            connection.execute(INBOX.insert().values(row))

    def unread(self) -> int:
        with self.engine.connect() as connection:
            return len(connection.execute(select(INBOX.c.ID).where(INBOX.c.Processed == self.no)).all())

    def read_again(self) -> None:
        """As if the worker had died before it marked what it answered."""
        with self.engine.begin() as connection:
            connection.execute(INBOX.update().values(Processed=self.no))

    def out(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(OUTBOX)))

    def tell(self, creator: str, *statuses: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(SENT.delete())
            for number, status in enumerate(statuses, 1):
                connection.execute(SENT.insert().values(ID=number, CreatorID=creator, Status=status))


Made = tuple[Modem, Tables, Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, make: Callable[..., Any], tmp_path: Any) -> Iterator[Made]:
    url = f"sqlite:///{tmp_path / 'smsd.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = connect(url)
    service, _ = make(per_minute=6, gammu_database_url=url, sms_prices="*=0.1, 139=0.05")
    modem = gammu.sender(service)
    assert modem
    tables = Tables(engine)
    yield modem, tables, service
    INBOX.metadata.drop_all(engine)
    engine.dispose()


def outgoing(service: Any) -> list[Outgoing]:
    with database.sessions(service.engine)() as session:
        return list(session.scalars(select(Outgoing).order_by(Outgoing.id)))


def look(modem: Modem, service: Any, **later: float) -> int:
    service.later(**(later or {"seconds": 3}))
    return modem.collect()


def test_a_question_is_answered_by_a_row_of_the_outbox(made: Made) -> None:
    modem, tables, service = made
    tables.bring("玉米多少钱")
    assert look(modem, service) == 1
    (message,) = service.asked
    assert (message.address.id, message.resident, message.text) == (ASKER, ASKER, "玉米多少钱")
    (row,) = outgoing(service)
    assert row.text.startswith(PRICE.headline)
    assert (row.address, row.rank, row.segments, str(row.cost)) == (ASKER, 1, 1, "0.05")
    assert tables.unread() == 0
    assert look(modem, service) == 0


def test_a_worker_that_dies_between_answer_and_mark_answers_once(made: Made) -> None:
    modem, tables, service = made
    tables.bring("玉米多少钱")
    look(modem, service)
    tables.read_again()
    look(modem, service, seconds=30)
    assert tables.unread() == 0
    assert len(outgoing(service)) == len(service.asked) == 1


def test_what_the_carrier_brings_twice_is_answered_once(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    modem, tables, service = made
    monkeypatch.setattr(time, "time", lambda: service.time.timestamp())  # noqa: PLW0108 - floods go by the same clock
    tables.bring("玉米多少钱")
    tables.bring("玉米多少钱")
    look(modem, service)
    tables.bring("玉米多少钱")
    look(modem, service, hours=1)
    tables.bring("玉米多少钱", sent="2026-11-23 11:00:00")
    look(modem, service, hours=1)
    assert len(outgoing(service)) == len(service.asked) == 2
    assert tables.unread() == 0


def test_parts_wait_for_each_other_ten_minutes(made: Made) -> None:
    modem, tables, service = made
    tables.bring("玉", udh(1, 3))
    look(modem, service)
    tables.bring("价", udh(3, 3))
    look(modem, service, minutes=9)
    assert look(modem, service, minutes=9) == 0
    assert not service.asked
    tables.bring("米", udh(2, 3))
    assert look(modem, service) == 1
    assert [message.text for message in service.asked] == ["玉米价"]


def test_after_ten_minutes_what_has_come_is_answered_and_a_straggler_completes_it(made: Made) -> None:
    modem, tables, service = made
    tables.bring("玉", udh(1, 3))
    look(modem, service)
    look(modem, service, seconds=WAIT.total_seconds())
    assert [message.text for message in service.asked] == ["玉…"]
    tables.bring("米", udh(2, 3))
    look(modem, service, minutes=5)
    look(modem, service, seconds=WAIT.total_seconds())
    assert len(service.asked) == 1, "a part more, and still not whole: nothing new can be said"
    assert tables.unread() == 0
    tables.bring("价", udh(3, 3))
    look(modem, service)
    assert [message.text for message in service.asked] == ["玉…", "玉米价"]
    assert len(outgoing(service)) == 2


def test_stop_is_confirmed_once_and_obeyed(made: Made) -> None:
    modem, tables, service = made
    tables.bring("TD")
    look(modem, service)
    tables.bring("玉米多少钱")
    look(modem, service)
    tables.read_again()
    look(modem, service, seconds=30)
    assert [row.text for row in outgoing(service)] == ["已退订，不再给您发短信。想恢复，回“恢复”。"]
    assert not service.asked
    assert tables.unread() == 0


def test_binary_and_nothing_get_a_way_on(made: Made) -> None:
    modem, tables, service = made
    tables.bring(b"\x01\x02", coding="8bit")
    tables.bring("  ", sender="+8613900000000")
    look(modem, service)
    assert [row.text for row in outgoing(service)] == [NO_WORDS.headline] * 2
    assert not service.asked


def test_garbled_rows_are_answered_as_far_as_they_can_be_read(made: Made) -> None:
    modem, tables, service = made
    tables.bring("", udh="not a header", Text="73", TextDecoded="玉米\x07价")
    look(modem, service)
    assert [message.text for message in service.asked] == ["玉米价"]


def test_an_answer_that_fails_says_so_once(made: Made) -> None:
    modem, tables, service = made

    def fail(message: Any) -> Reply:
        raise RuntimeError

    service.answer = fail
    tables.bring("玉米多少钱")
    look(modem, service)
    look(modem, service)
    assert [row.text for row in outgoing(service)] == ["系统出了点问题，请过一会儿再试。"]
    assert tables.unread() == 0


def test_a_flood_is_told_once(made: Made) -> None:
    modem, tables, service = made
    for number in range(9):
        tables.bring(f"第{number}问")
    look(modem, service)
    texts = [row.text for row in outgoing(service)]
    assert len(texts) == 7
    assert "太快" in texts[-1]
    assert tables.unread() == 0


# --- out -------------------------------------------------------------------------------------------------------------


def take(service: Any, words: str) -> Taken:
    service.outbox.put([Wanted("sms", ASKER, words, "announcement", segments=split(words).count)], service.time)
    (taken,) = service.outbox.take("gammu", "sms", service.time, 1e9).letters
    return taken


@pytest.mark.parametrize("words", ["好", "明天停水🌽，" * 40, "OK {1}"])
def test_a_message_is_written_with_its_parts_once_an_attempt(made: Made, words: str) -> None:
    modem, tables, service = made
    taken = take(service, words)
    assert modem.has(taken) is False
    modem.send(taken)
    modem.send(taken)
    assert modem.has(taken) is True
    (row,) = tables.out()
    with tables.engine.connect() as connection:
        others = connection.execute(select(MULTIPART).order_by(MULTIPART.c.SequencePosition)).all()
    assert (row.DestinationNumber, row.DeliveryReport) == (ASKER, "yes")
    assert row.MultiPart == (tables.yes if others else tables.no)
    assert [other.SequencePosition for other in others] == list(range(2, len(others) + 2))
    written = [row.Text, *(other.Text for other in others)]
    assert bytes.fromhex("".join(written)).decode("utf-16-be") == words
    again = Taken(taken.number, 2, NOW, taken.created, ASKER, words, 1)
    assert modem.has(again) is False, "another attempt is another message"
    older = Taken(taken.number, 1, NOW, NOW - timedelta(days=9), ASKER, words, 1)
    assert modem.has(older) is False, "the same number in another database of ours is another message"


STATUSES: list[tuple[tuple[str, ...], str, str]] = [
    (("SendingOK", "SendingOK"), "sent", ""),
    (("SendingOKNoReport", "SendingOKNoReport"), "sent", ""),
    (("DeliveryOK", "DeliveryOK"), "delivered", ""),
    (("DeliveryOK",), "sent", ""),
    (("DeliveryOK", "DeliveryPending"), "sent", ""),
    (("DeliveryOK", "DeliveryUnknown"), "sent", ""),
    (("DeliveryOK", "DeliveryFailed"), "failed", "DeliveryFailed"),
    (("SendingOK", "SendingError"), "failed", "SendingError"),
    (("Error",), "failed", "Error"),
    (("a status of another version", "SendingOK"), "sent", ""),
    ((), "sent", ""),
]


@pytest.mark.parametrize(("statuses", "state", "code"), STATUSES, ids=["+".join(row[0]) for row in STATUSES])
def test_what_smsd_tells_of_a_message(made: Made, statuses: tuple[str, ...], state: str, code: str) -> None:
    modem, tables, service = made
    taken = take(service, "问" * 100)
    modem.send(taken)
    service.outbox.sent(taken, service.time)
    tables.tell(tables.out()[0].CreatorID, *statuses)
    look(modem, service)
    (row,) = outgoing(service)
    assert (row.state, row.code) == (state, code)
    assert bool(row.reason) == (state == "failed")
    assert look(modem, service) == 0, "told once"


def test_a_database_that_cannot_be_used_is_said_in_a_sentence_and_tried_later(
    make: Callable[..., Any], tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    service, _ = make(gammu_database_url=f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    modem = gammu.sender(service)
    assert modem
    with caplog.at_level(logging.WARNING):
        assert modem.collect() == modem.collect() == 0
    assert [record.getMessage() for record in caplog.records] == [
        "gammu-smsd's database cannot be used (OperationalError): check gammu_database_url"
    ]
    with pytest.raises(UnreachableError) as raised:
        modem.send(take(service, "好"))
    assert raised.value.chinese == "短信猫的数据库用不了，请检查 gammu_database_url。"


def test_a_modem_is_asked_only_where_its_database_is_set_and_served(make: Callable[..., Any]) -> None:
    service, _ = make()
    assert gammu.sender(service) is None
    service.settings = Settings(gammu_database_url="mysql://smsd@localhost/smsd")
    with pytest.raises(ValueError, match="sqlite:///"):
        gammu.sender(service)
