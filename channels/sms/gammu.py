"""Text messages by a modem with a SIM card: https://docs.gammu.org/smsd/ (gammu-smsd, SQL service, table version 17)

gammu-smsd keeps its messages in a database: we read `inbox`, write `outbox` and learn from `sentitems` what became of
them. The worker does all that; there is nothing to call over HTTP. What smsd must be told stands in `docs/smsdrc`.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from bot.messages import Address, Message
from channels.base import Service
from channels.base.reading import phone_number, tidy
from channels.base.refusals import RefusedError
from channels.base.sending import Letter, UnreachableError
from channels.sms.answers import CHANNEL, LONGEST, handle, queue, said
from channels.sms.modem_parts import Part, Whole, join, rows_of
from channels.sms.modem_tables import INBOX, MULTIPART, OUTBOX, SENT, connect, flags
from channels.sms.segments import split

log = logging.getLogger(__name__)

#: The missing parts of a message are waited for so long; then what has come is answered.
WAIT = timedelta(minutes=10)

#: So often smsd's tables are looked at; after they could not be read, so much later.
EVERY, LATER = timedelta(seconds=2), timedelta(seconds=30)

#: So long a delivery report is waited for: carriers keep a message no longer for a phone that is off.
REPORTS = timedelta(days=3)

#: So many rows of `inbox` back a part may stand that completes a message.
BACK = 500

#: What smsd tells of a part, in the words of `knowledge.outbox.PROGRESS`. smsd itself has tried again before that.
STATES = {"DeliveryOK": "delivered", **dict.fromkeys(("SendingError", "Error", "DeliveryFailed"), "failed")}
REASONS = {
    "SendingError": "短信猫没有发出去，请检查信号、余额和SIM卡。",
    "Error": "短信猫没有发出去，请看 gammu-smsd 的日志。",
    "DeliveryFailed": "没有送到：对方关机、停机或号码不对。",
}


def routes(service: Service) -> Blueprint:
    """None: a modem is asked, it does not call."""
    return Blueprint("sms_gammu", __name__)


def sender(service: Service) -> Modem | None:
    """The way out by a modem, where one is set up. Raises ValueError for a database that is not served."""
    url = service.settings.gammu_database_url
    return Modem(service, connect(url.get_secret_value())) if url else None


class Modem:
    """gammu-smsd, seen through its tables."""

    name = "gammu"
    channel = CHANNEL
    at_once = 1

    def __init__(self, service: Service, engine: Engine) -> None:
        self._service = service
        self._engine = engine
        self.per_second = service.settings.gammu_per_minute / 60
        self._next: datetime | None = None
        self._seen: dict[int, datetime] = {}  # when a part that waits for others was first seen
        self._yes, self._no = flags(engine)

    # --- out ---------------------------------------------------------------------------------------------------------

    def send(self, letter: Letter) -> None:
        """Put one message into smsd's outbox, unless it is there. Raises UnreachableError."""
        first, *others = rows_of(letter.text, letter.number)
        try:
            with self._engine.begin() as connection:
                if self._known(connection, letter):
                    return
                row = {
                    **first,
                    "DestinationNumber": letter.address,
                    "CreatorID": _creator(letter),
                    "DeliveryReport": "yes",
                    "MultiPart": self._yes if others else self._no,
                }
                number = connection.execute(OUTBOX.insert().values(row).returning(OUTBOX.c.ID)).scalar_one()
                for place, other in enumerate(others, 2):
                    connection.execute(MULTIPART.insert().values(**other, ID=number, SequencePosition=place))
        except SQLAlchemyError as error:
            raise _unreadable(error) from None

    def has(self, letter: Letter) -> bool | None:
        """Whether smsd has a message, sent or not. Raises UnreachableError."""
        try:
            with self._engine.connect() as connection:
                return self._known(connection, letter)
        except SQLAlchemyError as error:
            raise _unreadable(error) from None

    def _known(self, connection: Connection, letter: Letter) -> bool:
        tables = (OUTBOX, SENT)
        found = (select(table.c.ID).where(table.c.CreatorID == _creator(letter)).limit(1) for table in tables)
        return any(connection.scalar(query) is not None for query in found)

    # --- in ----------------------------------------------------------------------------------------------------------

    def collect(self) -> int:
        """Answer what smsd has received and learn what became of what it sent; how many of both."""
        now = self._service.desk.now()
        if self._next and self._next - LATER <= now < self._next:
            return 0
        try:
            self._next = now + EVERY
            return self._receive(now) + self._reports(now)
        except SQLAlchemyError as error:
            self._next = now + LATER
            log.warning("%s", _unreadable(error).english)
            return 0

    def _receive(self, now: datetime) -> int:
        ready = [whole for whole in join(self._parts()) if whole.complete or self._waited(whole, now)]
        return sum(self._answer(whole, now) for whole in ready)

    def _parts(self) -> list[Part]:
        """What is unread, and what was read shortly before where parts of a message are among it."""
        columns = (
            *(INBOX.c.ID, INBOX.c.SenderNumber, INBOX.c.ReceivingDateTime, INBOX.c.Coding),
            *(INBOX.c.UDH, INBOX.c.Text, INBOX.c.TextDecoded, INBOX.c.Processed),
        )
        with self._engine.connect() as connection:
            unread = connection.execute(select(*columns).where(INBOX.c.Processed == self._no)).all()
            divided = [row for row in unread if row.UDH]
            oldest = min((row.ID for row in divided), default=0)
            read = select(*columns).where(
                INBOX.c.Processed == self._yes,
                INBOX.c.UDH != "",
                INBOX.c.SenderNumber.in_({row.SenderNumber for row in divided}),
                INBOX.c.ID.between(oldest - BACK, oldest + BACK),
            )
            rows = [*unread, *(connection.execute(read).all() if divided else [])]
        return [_part(row, row.Processed == self._yes) for row in rows]

    def _waited(self, whole: Whole, now: datetime) -> bool:
        """Whether the parts of an incomplete message have waited long enough for the others."""
        seen = [self._seen.setdefault(part.number, now) for part in whole.parts if not part.done]
        return now - max(seen) >= WAIT

    def _answer(self, whole: Whole, now: datetime) -> bool:
        """Answer a message and mark its parts as read; False where somebody else is answering it just now."""
        if whole.complete or not any(part.done for part in whole.parts):
            number = phone_number(whole.sender)
            words = tidy(whole.text)[:LONGEST].strip()
            message = Message(Address(CHANNEL, number), words, now, id=whole.id, resident=number)
            try:
                outcome = handle(self._service, message)
            except RefusedError as refusal:
                answer = refusal.chinese
            else:
                if outcome.kind == "busy":
                    return False
                answer = said(outcome)
            if answer:
                queue(self._service, number, answer, whole.id)
        else:
            log.warning("a part of a message came after its message was answered without it, and others still lack")
        numbers = [part.number for part in whole.parts if not part.done]
        with self._engine.begin() as connection:
            connection.execute(INBOX.update().where(INBOX.c.ID.in_(numbers)).values(Processed=self._yes))
        for part in whole.parts:
            self._seen.pop(part.number, None)
        return True

    def _reports(self, now: datetime) -> int:
        letters = self._service.outbox.awaited(self.name, CHANNEL, now - REPORTS)
        awaited = {_creator(letter): letter for letter in letters}
        told: defaultdict[str, list[str]] = defaultdict(list)
        if awaited:
            query = select(SENT.c.CreatorID, SENT.c.Status).where(SENT.c.CreatorID.in_(awaited))
            with self._engine.connect() as connection:
                for creator, status in connection.execute(query):
                    told[creator].append(status)
        news = 0
        for creator, statuses in told.items():
            letter = awaited[creator]
            states = [STATES.get(status, "sent") for status in statuses]
            wrong = next((status for status in statuses if STATES.get(status) == "failed"), "")
            if wrong:
                news += self._service.outbox.report(letter.number, "failed", wrong, REASONS[wrong], now)
            elif states.count("delivered") == split(letter.text).count:
                news += self._service.outbox.report(letter.number, "delivered", "", "", now)
        return news


def _part(row: Any, done: bool) -> Part:
    sender, sent, *rest = (str(value or "") for value in row[1:-1])
    coding, udh, text, decoded = rest
    return Part(row.ID, sender, sent, coding, udh, text, decoded, done)


def _creator(letter: Letter) -> str:
    """What names one attempt to send one message in smsd's tables."""
    return f"xiangyin-{letter.number}-{letter.attempt}-{letter.created.timestamp():.0f}"


def _unreadable(error: SQLAlchemyError) -> UnreachableError:
    english = f"gammu-smsd's database cannot be used ({type(error).__name__}): check gammu_database_url"
    return UnreachableError("modem_database", "短信猫的数据库用不了，请检查 gammu_database_url。", english)
