"""What the service keeps of its own, beside the data: messages in and out, conversations, people, pages, as SQLAlchemy models.

The county's data stand in `knowledge.tables`, announcements in `knowledge.announcements.tables`.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from knowledge.database import Base, Fixed, Moment
from knowledge.tables import BigKey


class Inbound(Base):
    """One received message with its answer. Addresses are unmasked here and purged by age.

    `taken` is when a process last set out to answer it, `reply` the answer as JSON of `bot.messages.as_json`, so that
    a repeated request can be given the same one.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("channel", "sender", "message_id"),
        Index("messages_recent", "channel", "sender", "received"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    sender: Mapped[str] = mapped_column(String(100))
    message_id: Mapped[str | None] = mapped_column(String(100))
    text: Mapped[str] = mapped_column(Text)
    received: Mapped[datetime] = mapped_column(Moment)
    intent: Mapped[str] = mapped_column(String(40), default="")
    reply: Mapped[str | None] = mapped_column(Text)
    segments: Mapped[int | None]
    taken: Mapped[datetime | None] = mapped_column(Moment)
    answered: Mapped[datetime | None] = mapped_column(Moment)


class Conversation(Base):
    """What we were just talking about with one sender, as JSON of `bot.conversation`."""

    __tablename__ = "conversations"
    sender: Mapped[str] = mapped_column(String(130), primary_key=True)  # channel:id
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    touched: Mapped[datetime] = mapped_column(Moment)


class OptOut(Base):
    """A sender who wants nothing more from a channel until START."""

    __tablename__ = "opt_outs"
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    address: Mapped[str] = mapped_column(String(100), primary_key=True)
    since: Mapped[datetime] = mapped_column(Moment)


class Delivery(Base):
    """What a gateway reported of one message that we sent: how far it has come. Kept without the address."""

    __tablename__ = "deliveries"
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))  # queued, sent, delivered, failed
    detail: Mapped[str] = mapped_column(String(100), default="")  # the gateway's own words or error code
    at: Mapped[datetime] = mapped_column(Moment)


def _partial(name: str, *columns: str, where: str) -> Index:
    """An index of the rows in one state: small, and used by both databases where a query names that state literally."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Outgoing(Base):
    """One message on its way out, on whatever channel, from the moment it is wanted to its final state.

    `rank` is the place in the queue (see `knowledge.outbox.RANKS`), `due` the moment before which it is not sent,
    `taken` when its last attempt began. `key` names what it is for, so that the same is never queued twice.
    `uncertain` counts the attempts after which nobody knows whether the gateway has the message. Addresses are unmasked
    here and purged by age.

    `announcement` is the announcement that it carries, to `person` (their number) of `place`; `followed` tells that
    another way to them was tried after it failed.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        _partial("outbox_queued", "channel", "rank", "due", "id", where="state = 'queued'"),
        _partial("outbox_sending", "gateway", "taken", where="state = 'sending'"),
        _partial("outbox_sent", "gateway", "id", where="state = 'sent'"),
        _partial("outbox_failed", "followed", "id", where="state = 'failed' AND announcement IS NOT NULL"),
        _partial("outbox_wechat", "address", where="channel = 'wechat'"),
        Index("outbox_announcement", "announcement", "state"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str | None] = mapped_column(String(100), unique=True)
    channel: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(100))
    text: Mapped[str] = mapped_column(Text)
    rank: Mapped[int]
    segments: Mapped[int] = mapped_column(default=1)  # text messages that it costs
    cost: Mapped[Decimal | None] = mapped_column(Fixed)  # yuan; None where the price table does not say
    state: Mapped[str] = mapped_column(String(10), default="queued")  # queued, sending, sent, delivered, failed
    due: Mapped[datetime] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(default=0)
    uncertain: Mapped[int] = mapped_column(default=0)
    taken: Mapped[datetime | None] = mapped_column(Moment)
    gateway: Mapped[str] = mapped_column(String(20), default="")
    code: Mapped[str] = mapped_column(String(40), default="")  # what went wrong last, for programs
    reason: Mapped[str] = mapped_column(String(200), default="")  # and for people
    created: Mapped[datetime] = mapped_column(Moment)
    sent: Mapped[datetime | None] = mapped_column(Moment)
    ended: Mapped[datetime | None] = mapped_column(Moment)  # delivered or failed
    announcement: Mapped[int | None] = mapped_column(BigKey)
    person: Mapped[str] = mapped_column(String(100), default="")
    place: Mapped[str] = mapped_column(String(12), default="")
    followed: Mapped[bool] = mapped_column(default=False)


class Pace(Base):
    """When a gateway may be given its next message: its own rate limit, shared by all workers."""

    __tablename__ = "paces"
    gateway: Mapped[str] = mapped_column(String(20), primary_key=True)
    free: Mapped[datetime] = mapped_column(Moment)


class WechatToken(Base):
    """The access token of one WeChat account, shared by all server processes; `taken` is when one set out to renew it."""

    __tablename__ = "wechat_tokens"
    app_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    token: Mapped[str] = mapped_column(Text, default="")
    lapses: Mapped[datetime | None] = mapped_column(Moment)
    taken: Mapped[datetime | None] = mapped_column(Moment)


class SmsPicture(Base):
    """A picture (or another file) that came with a text message, kept for a report.

    The file itself stays with the gateway, which shows it to who knows the account's password. Senders are unmasked here
    and purged by age.
    """

    __tablename__ = "sms_pictures"
    sender: Mapped[str] = mapped_column(String(100), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(100))  # the content type, as the gateway tells it
    url: Mapped[str] = mapped_column(String(500))
    received: Mapped[datetime] = mapped_column(Moment)


class WechatKept(Base):
    """A picture, a voice or a place that a WeChat user sent, kept for a report. WeChat keeps media for three days."""

    __tablename__ = "wechat_kept"
    openid: Mapped[str] = mapped_column(String(100), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # image, voice, location
    media_id: Mapped[str] = mapped_column(String(200), default="")
    url: Mapped[str] = mapped_column(String(500), default="")
    latitude: Mapped[str] = mapped_column(String(20), default="")
    longitude: Mapped[str] = mapped_column(String(20), default="")
    label: Mapped[str] = mapped_column(String(200), default="")
    received: Mapped[datetime] = mapped_column(Moment)


class WechatOutgoing(Base):
    """What goes to a WeChat user beside the answer to their request: a late answer, a picture.

    `content` is a text, the name of a picture, or (while an answer is owed) the question as JSON; `due` is when it may
    be tried, `at` when its state last changed, `reason` WeChat's errcode and what it means.
    """

    __tablename__ = "wechat_outbox"
    __table_args__ = (
        UniqueConstraint("openid", "message_id", "kind"),
        Index("wechat_outbox_due", "state", "due"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    openid: Mapped[str] = mapped_column(String(100))
    message_id: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20))  # text, image
    content: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))  # watched, owed, queued, sending, sent, failed
    tries: Mapped[int] = mapped_column(default=0)
    due: Mapped[datetime] = mapped_column(Moment)
    at: Mapped[datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(String(200), default="")


class Unanswered(Base):
    """A message that could not be answered, for staff to see what is missing. Kept without its sender."""

    __tablename__ = "unanswered"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(40))
    intent: Mapped[str] = mapped_column(String(40), default="")
    seen: Mapped[datetime] = mapped_column(Moment)


class Audit(Base):
    """What somebody asked for and was not given. `sender` is a keyed hash, never an address."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    sender: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text, default="")


class Person(Base):
    """How somebody wants to be spoken to. `key` is their number, or channel:id where no number is known of them."""

    __tablename__ = "people"
    key: Mapped[str] = mapped_column(String(130), primary_key=True)
    level: Mapped[str] = mapped_column(String(10), default="plain")  # plain, slow, large
    favourite: Mapped[str] = mapped_column(String(20), default="")  # a channel, "" for none named
    touched: Mapped[datetime] = mapped_column(Moment)


class Door(Base):
    """An address on another channel that has proven by a code to be the owner of a number."""

    __tablename__ = "doors"
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    address: Mapped[str] = mapped_column(String(100), primary_key=True)
    number: Mapped[str] = mapped_column(String(100), index=True)
    since: Mapped[datetime] = mapped_column(Moment)


class Code(Base):
    """A one-time code that was sent to a number at the wish of `holder` (channel:id): only its salted hash is kept.

    A code for a number that nobody registered was never sent, and its hash is of nothing.
    """

    __tablename__ = "codes"
    __table_args__ = (Index("codes_holder", "holder", "id"), Index("codes_number", "number", "issued"))
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    holder: Mapped[str] = mapped_column(String(130))
    number: Mapped[str] = mapped_column(String(100))
    salt: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    issued: Mapped[datetime] = mapped_column(Moment)
    expires: Mapped[datetime] = mapped_column(Moment)
    tries: Mapped[int] = mapped_column(default=0)
    used: Mapped[datetime | None] = mapped_column(Moment)


class Proof(Base):
    """A browser that has proven a number: the hash of its secret cookie."""

    __tablename__ = "proofs"
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[str] = mapped_column(String(100), index=True)
    expires: Mapped[datetime] = mapped_column(Moment)


class Turn(Base):
    """When something that may be done only so often was last done, by any process."""

    __tablename__ = "turns"
    key: Mapped[str] = mapped_column(String(130), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment, index=True)


class PageNumber(Base):
    """A television page's number, given to a place (town or village) once and for all: see `knowledge.page_numbers`.

    `edition` counts the numberings, `until` is the day from which its place is no more.
    """

    __tablename__ = "page_numbers"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[str] = mapped_column(String(12), index=True)
    edition: Mapped[int]
    since: Mapped[date]
    until: Mapped[date | None]
