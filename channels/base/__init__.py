"""What all channels share: what they are given, and the desk where messages are handed in.

A channel is a function from `Service` to a Flask blueprint: it proves the sender, makes a `Message`, hands it to the
desk and renders the `Reply`. It knows nothing of skills, tables or other channels. Beside this: `refusals` (errors as
sentences), `reading` (what arrived, checked), `places` (the gazetteer as channels see it), `counting` (floods, loops,
fair shares), `persons` (wishes of how to be dealt with), `sending` (the way out).
"""

from __future__ import annotations

import ipaddress
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from flask import Blueprint
from pydantic import SecretStr

from bot.messages import Message, Reply, as_json
from channels.base.counting import Counts, Guard, Share
from channels.base.counting import Gate as Gate
from channels.base.persons import People, Persons, Sent
from channels.base.places import Gazetteer
from channels.base.refusals import http_error
from channels.base.sending import Outbox, Sender

log = logging.getLogger(__name__)

# --- what a channel is given -----------------------------------------------------------------------------------------


class Receipt(Protocol):
    """What became of a message that was handed to the store; see `knowledge.mailbox.Receipt`."""

    @property
    def number(self) -> int: ...
    @property
    def state(self) -> Literal["taken", "busy", "answered"]: ...
    @property
    def reply(self) -> str | None: ...
    @property
    def opted_out(self) -> bool: ...


class Store(Protocol):
    """Where messages are kept; see `knowledge.mailbox.Mailbox`."""

    def receive(self, channel: str, sender: str, said: str, received: datetime, message_id: str | None) -> Any: ...
    def look(self, receipt: Any) -> Any: ...
    def answered(
        self, receipt: Any, reply: str | None, now: datetime, intent: str = "", segments: int | None = None
    ) -> bool: ...
    def give_up(self, receipt: Any) -> None: ...
    def reply_to(self, channel: str, sender: str, message_id: str) -> str | None: ...
    def opt_out(self, channel: str, address: str, now: datetime) -> None: ...
    def opt_in(self, channel: str, address: str) -> None: ...
    def opted_out(self, channel: str, address: str) -> bool: ...
    def delivery(self, channel: str, message_id: str, state: str, detail: str, now: datetime) -> None: ...
    def traffic(self, since: datetime) -> Sequence[Any]: ...


class Settings(Protocol):
    """The settings that channels read; see `config.Settings`."""

    @property
    def public_url(self) -> str: ...
    @property
    def county_name(self) -> str: ...
    @property
    def api_token(self) -> SecretStr | None: ...
    @property
    def metrics_token(self) -> SecretStr | None: ...
    @property
    def twilio_auth_token(self) -> SecretStr | None: ...
    @property
    def rasa_token(self) -> SecretStr | None: ...
    @property
    def tv_token(self) -> SecretStr | None: ...
    @property
    def own_url(self) -> str: ...
    @property
    def kannel_secret(self) -> SecretStr | None: ...
    @property
    def kannel_answers(self) -> str: ...
    @property
    def kannel_send_url(self) -> str: ...
    @property
    def kannel_user(self) -> str: ...
    @property
    def kannel_password(self) -> SecretStr | None: ...
    @property
    def kannel_sender(self) -> str: ...
    @property
    def kannel_per_second(self) -> float: ...
    @property
    def kannel_connections(self) -> int: ...
    @property
    def gammu_database_url(self) -> SecretStr | None: ...
    @property
    def gammu_per_minute(self) -> float: ...
    @property
    def sms_prices(self) -> str: ...
    @property
    def hotline(self) -> str: ...
    @property
    def wechat_token(self) -> SecretStr | None: ...
    @property
    def wechat_app_id(self) -> SecretStr | None: ...
    @property
    def wechat_app_secret(self) -> SecretStr | None: ...
    @property
    def wechat_aes_key(self) -> SecretStr | None: ...
    @property
    def wechat_previous_aes_key(self) -> SecretStr | None: ...
    @property
    def wechat_api_url(self) -> str: ...
    @property
    def twilio_account_sid(self) -> str: ...
    @property
    def twilio_number(self) -> str: ...
    @property
    def twilio_api_url(self) -> str: ...
    @property
    def phone_person(self) -> str: ...
    @property
    def phone_hours(self) -> str: ...
    @property
    def phone_ring_seconds(self) -> int: ...
    @property
    def speaker_silent_minutes(self) -> int: ...
    @property
    def cap_token(self) -> SecretStr | None: ...


class Magazine(Protocol):
    """The television's pages; see `bot.magazine.Magazine`. A page is a `channels.tv.pages.Page`."""

    def version(self) -> str: ...
    def numbers(self) -> Sequence[int]: ...
    def place_numbers(self) -> Mapping[str, int]: ...
    def page(self, number: int, resident: bool = False) -> Any: ...
    def pages(self, numbers: Iterable[int] | None = None) -> Iterator[Any]: ...
    def headlines(self, place: str) -> Sequence[str]: ...
    def flash(self) -> Any: ...


class Service(Protocol):
    """What a channel is built on. Its parts are made when first asked for, so routes ask for them in a request."""

    @property
    def settings(self) -> Settings: ...
    @property
    def desk(self) -> Desk: ...
    @property
    def places(self) -> Gazetteer: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def sms_pictures(self) -> Any: ...  # see knowledge.sms_pictures.SmsPictures
    @property
    def wechat(self) -> Any: ...  # see knowledge.wechat.Wechat
    @property
    def magazine(self) -> Magazine: ...
    @property
    def people(self) -> People: ...
    def texting(self) -> bool:
        """Whether a gateway for text messages is set up."""

    def send_text(self, number: str, text: str, key: str | None = None) -> Sent: ...
    def problems(self) -> Sequence[str]: ...
    def picture(self, name: str) -> bytes | None: ...
    def speech(self, text: str) -> bytes | None: ...
    def recording(self, text: str, slow: bool = False) -> Path | None:
        """The file of a text spoken once, as MP3 in `audio_folder`/calls; None where it cannot be spoken."""

    @property
    def speakers(self) -> Any: ...  # see knowledge.announcements.speakers.Speakers
    @property
    def alerts(self) -> Any: ...  # see knowledge.announcements.received.Alerts
    @property
    def published(self) -> Any: ...  # see knowledge.announcements.published.Published
    @property
    def booth(self) -> Any: ...  # see channels.announcements.speakers.booth.Booth
    @property
    def announcements(self) -> Any: ...  # see knowledge.announcements.Announcements
    @property
    def answers(self) -> Any: ...  # see knowledge.announcements.answers.Answers
    @property
    def audio_folder(self) -> Path:
        """Where finished recordings are kept, by the hash of what made them."""


#: How many text messages a reply costs.
Cost = Callable[[Reply], int]

Routes = Callable[[Service], Blueprint]


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of the table of channels: its name, what makes its routes, and the way out where it has a gateway.

    `sender` makes None where the gateway is not set up.
    """

    name: str
    routes: Routes
    sender: Callable[[Service], Sender | None] | None = None


# --- the desk --------------------------------------------------------------------------------------------------------

#: So many messages of one channel of unproven senders are worked on at a time in a process of 8 threads, but for a
#: moment, while other channels are asking.
MOST = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be done with a message: `reply` is to be sent now, None means silence.

    `kind` is "answered", "repeat" (with `earlier`, the JSON of the answer it was given before, if it was given one),
    "busy" (somebody is answering it just now), "silent" (its sender wants nothing more), "ignored" (a flood of equal
    messages, or a machine) or "throttled".
    """

    kind: Literal["answered", "repeat", "busy", "silent", "ignored", "throttled"]
    reply: Reply | None = None
    earlier: dict[str, Any] | None = None


class Desk:
    """Where channels hand in what they received: stored, then answered, each message once.

    `answer` is the assistant. `per_minute` is how many messages of one sender are served a minute. `persons` knows who
    stands behind an address. `counts` are shared with other machines where there are several.
    """

    def __init__(
        self,
        store: Store,
        answer: Callable[[Message], Reply],
        clock: Callable[[], datetime],
        per_minute: int = 3000,
        persons: Persons | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.store = store
        self.now = clock
        self._answer = answer
        self._persons = persons
        self._gate = Gate(per_minute, counts)
        self._guard = Guard(counts)
        self._share = Share(MOST)

    def receive(
        self,
        message: Message,
        cost: Cost | None = None,
        patience: float = 0.0,
        network: str | None = None,
        say: Reply | None = None,
        waits: bool = False,
    ) -> Outcome:
        """Store a message and answer it: with `say` where the channel itself knows the answer, else by the assistant.

        `cost` counts the text messages of a reply. A repeat of a message that is still being answered waits
        `patience` seconds for that answer. `network` is the address that an unproven sender comes from. `waits` tells
        that the sender waits for the answer on an open line, as a page does: then it is answered however often it asks
        the same, and no machine is suspected.
        Raises RefusedError where the answer failed: the message is stored, and a repeat of it will be answered.
        """
        throttled = self._throttle(message, network)
        if throttled:
            return throttled
        with ExitStack() as stack:
            if not stack.enter_context(self._share.of(message.address.channel, network is not None)):
                return Outcome("throttled", Reply(http_error(429).chinese))
            return self._receive(message, cost, patience, say, waits)

    def _receive(self, message: Message, cost: Cost | None, patience: float, say: Reply | None, waits: bool) -> Outcome:
        receipt = self._store(message)
        deadline = time.monotonic() + patience
        while receipt.state == "busy" and time.monotonic() < deadline:
            time.sleep(0.05)
            receipt = self.store.look(receipt)
        if receipt.state != "taken":
            return _repeated(receipt)
        if receipt.opted_out:
            self.store.answered(receipt, None, self.now(), "opted_out")
            return Outcome("silent")
        if not waits and self._guard.automatic(message):
            return self._ignore(receipt, message, "automatic")
        try:
            reply = self._reply(message, say)
        except Exception:
            log.exception("message %d could not be answered; it is kept, and a repeat of it will be", receipt.number)
            self.store.give_up(receipt)
            raise http_error(500) from None
        enough = None if waits else self._guard.enough(message, reply)
        return self._ignore(receipt, message, enough) if enough else self._finish(receipt, reply, cost)

    def _reply(self, message: Message, say: Reply | None) -> Reply:
        """The answer to a message, in the manner that its sender prefers."""
        if self._persons is None:
            return say or self._answer(message)
        address = message.address
        reply = say or self._persons.fulfil(message, self.now())
        who = self._persons.people.who(address.channel, address.id, message.resident)
        if reply is None:
            reply = self._answer(replace(message, resident=who.number))
        return replace(reply, manner=who.level) if who.level != "plain" else reply

    def _ignore(self, receipt: Any, message: Message, why: str) -> Outcome:
        """Keep a message and stay silent, which ends a loop."""
        log.warning("message %d on %s is not answered: %s", receipt.number, message.address.channel, why)
        self.store.answered(receipt, None, self.now(), why)
        return Outcome("ignored")

    def earlier(self, message: Message) -> dict[str, Any] | None:
        """The answer that the message with the same address and id was given, as JSON; None where there is none."""
        stored = self.store.reply_to(message.address.channel, message.address.id, message.id or "")
        return json.loads(stored) if stored else None

    def stop(self, message: Message, goodbye: Reply, cost: Cost | None = None) -> Outcome:
        """Obey a sender who wants nothing more, and say so once."""
        address = message.address
        return self._obey(message, goodbye, cost, lambda: self.store.opt_out(address.channel, address.id, self.now()))

    def start(self, message: Message, welcome: Reply, cost: Cost | None = None, waits: bool = False) -> Outcome:
        """Obey a sender who wants to hear from us again. `waits` is as in `receive`."""
        address = message.address
        return self._obey(message, welcome, cost, lambda: self.store.opt_in(address.channel, address.id), waits)

    def _obey(
        self, message: Message, reply: Reply, cost: Cost | None, wish: Callable[[], None], waits: bool = False
    ) -> Outcome:
        """Do what is wished each time, and say so as any answer is said: a machine may answer us with STOP."""
        receipt = self._store(message)
        if receipt.state != "taken":
            return _repeated(receipt)
        wish()
        enough = None if waits else self._guard.enough(message, reply)
        return self._ignore(receipt, message, enough) if enough else self._finish(receipt, reply, cost)

    def _finish(self, receipt: Any, reply: Reply, cost: Cost | None) -> Outcome:
        """Store the answer; it is only to be sent if the message is still ours."""
        shaped = json.dumps(as_json(reply), ensure_ascii=False)
        stored = self.store.answered(receipt, shaped, self.now(), reply.intent, cost(reply) if cost else None)
        return Outcome("answered", reply) if stored else Outcome("busy")

    def _store(self, message: Message) -> Any:
        address = message.address
        return self.store.receive(address.channel, address.id, message.text, message.received, message.id)

    def _throttle(self, message: Message, network: str | None) -> Outcome | None:
        entries = [self._gate.admit(message.address.channel, message.address.id)]
        if network and not loopback(network):
            entries.append(self._gate.admit("network", network))
        if all(entry == "in" for entry in entries):
            return None
        return Outcome("throttled", Reply(http_error(429).chinese) if "tell" in entries else None)


def loopback(network: str) -> bool:
    """Whether this machine itself is calling: a reverse proxy, which stands for everybody."""
    try:
        return ipaddress.ip_address(network).is_loopback
    except ValueError:  # a socket without an address
        return False


def _repeated(receipt: Receipt) -> Outcome:
    if receipt.state == "busy":
        return Outcome("busy")
    return Outcome("repeat", earlier=json.loads(receipt.reply) if receipt.reply else None)
