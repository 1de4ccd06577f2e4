"""What is answered to each kind of message and event."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol

from bot.messages import Address, Fact, Message, Reply
from channels.base import Outcome, Service
from channels.base.opting import wish
from channels.base.reading import tidy
from channels.wechat import parts
from channels.wechat.client import Client
from channels.wechat.errors import ApiError
from channels.wechat.incoming import LONGEST, NOT_PASSED_ON, Incoming

log = logging.getLogger(__name__)

CHANNEL = "wechat"

#: Messages that are not proven: nobody is recognised by the openid in them, and nobody else's wishes are touched.
OPEN = "wechat-open"

GOODBYE = Reply("已退订，不再给您发消息。想恢复，回“恢复”。", intent="opt_out")
WELCOME = Reply(
    "您好，我是乡音。价格、政策、村里账目、通知、办事电话，直接打字问我。",
    ("比如：玉米多少钱一斤；低保怎么办；我们村上月花了多少钱。",),
    intent="opt_in",
)
OPTED_OUT = Reply("您退订了，所以没有回答。想恢复，回“恢复”。", intent="opted_out")
NO_WORDS = Reply("这个我看不懂，请把问题打成字发来，比如：玉米多少钱一斤。", intent="no_words")
PICTURE_KEPT = Reply("照片收到了，已经存下。是哪个村、什么事？请打字说一下。", intent="picture")
PLACE_KEPT = "位置收到了，已经存下。"

#: What somebody who sends a place is taken to ask.
NEAR = "我们村有什么通知"


class Recogniser(Protocol):
    """Speech recognition, which an operator may plug in; none comes with the service.

    Given a voice as WeChat delivers it (AMR, at most 60 s), it returns the words, "" where it hears none.
    """

    def __call__(self, voice: bytes) -> str: ...


class Memory(Protocol):
    """What came in and what was answered; see `knowledge.wechat.Wechat`."""

    def keep(self, openid: str, message_id: str, kind: str, received: datetime, **what: str) -> None: ...
    def last_answer(self, channel: str, openid: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers messages of one account; a repeat changes nothing, so any process may take one up again."""

    service: Service
    memory: Memory
    client: Client | None
    recogniser: Recogniser | None = None

    def answer(self, incoming: Incoming) -> Outcome | None:
        """The outcome for one message; None for an event that needs no answer and is not kept.

        Raises RefusedError where the answer failed.
        """
        match incoming.kind:
            case "text":
                return self._text(incoming, incoming.text)
            case "voice":
                return self._voice(incoming)
            case "image":
                self._keep(incoming, media_id=incoming.media, url=incoming.url)
                return self._told(incoming, PICTURE_KEPT)
            case "location":
                return self._location(incoming)
            case "event":
                return self._event(incoming)
        return self._told(incoming, NO_WORDS)

    def _text(self, incoming: Incoming, text: str) -> Outcome:
        message = self._message(incoming, text)
        match wish(text):
            case "stop":
                return self.service.desk.stop(message, GOODBYE)
            case "start":
                return self.service.desk.start(message, WELCOME)
        if not text or text == NOT_PASSED_ON:
            return self._told(incoming, NO_WORDS)
        rest = self._rest(message.address) if parts.wants_more(text) else None
        return self._received(message, rest, waits=incoming.kind == "event")  # no machine presses our menu

    def _rest(self, address: Address) -> Reply | None:
        """What is left of what was said last, with its facts; None if it was told whole."""
        last = self.memory.last_answer(address.channel, address.id)
        stored: dict[str, Any] = json.loads(last) if last else {"text": "", "facts": []}
        number = self.service.people.who(address.channel, address.id).number
        now = self.service.desk.now()
        if number and (told := self.service.answers.last_words(number, address.channel, address.id, now)):
            stored = {"text": told, "facts": []}  # an announcement was said after it
        rest = parts.split(stored["text"])[1]
        left = Reply(rest, facts=tuple(_fact(values) for values in stored["facts"]), intent="more")
        named = f"\n（来源：{left.source}）"  # the facts name it again
        return replace(left, headline=rest.removesuffix(named)) if rest else None

    def _voice(self, incoming: Incoming) -> Outcome:
        self._keep(incoming, media_id=incoming.media)
        if self.recogniser and self.client:
            try:
                heard = tidy(self.recogniser(self.client.fetch(incoming.media)))[:LONGEST].strip()
            except ApiError as error:
                log.warning("a voice could not be fetched: %s", error)
                heard = ""
            if heard:
                return self._text(incoming, heard)
        hotline = self.service.settings.hotline
        said = f"语音我听不清，请打字，或者拨打{hotline}。"
        return self._told(incoming, Reply(said, intent="voice"))

    def _location(self, incoming: Incoming) -> Outcome:
        """Keep a place, and ask what makes the assistant ask for the village: it then knows what a bare name answers."""
        place = {"latitude": incoming.latitude, "longitude": incoming.longitude, "label": incoming.label}
        self._keep(incoming, **place)
        outcome = self._received(self._message(incoming, NEAR), None)
        reply = outcome.reply
        if outcome.kind != "answered" or reply is None or parts.size(PLACE_KEPT + reply.text) > parts.MOST:
            return outcome  # its rest, if it has one, is told from what is stored
        return replace(outcome, reply=replace(reply, headline=PLACE_KEPT + reply.headline))

    def _event(self, incoming: Incoming) -> Outcome | None:
        match incoming.event:
            case "subscribe":
                return self.service.desk.start(self._message(incoming, ""), WELCOME, waits=True)
            case "unsubscribe":  # nobody hears a goodbye any more
                self.service.desk.stop(self._message(incoming, ""), GOODBYE)
                return None
            case "click":  # an entry of the menu bears its question as its key
                return self._text(incoming, incoming.key)
        return None

    def _told(self, incoming: Incoming, reply: Reply) -> Outcome:
        """Answer with what the channel itself knows."""
        return self._received(self._message(incoming, ""), reply)

    def _received(self, message: Message, say: Reply | None, waits: bool = False) -> Outcome:
        outcome = self.service.desk.receive(message, say=say, waits=waits)
        if outcome.kind == "silent":  # who writes is answered: why there is no answer, and how to have one
            return Outcome("silent", OPTED_OUT)
        return outcome

    def _message(self, incoming: Incoming, text: str) -> Message:
        channel = CHANNEL if incoming.proven else OPEN
        return Message(Address(channel, incoming.openid), text, self.service.desk.now(), id=incoming.id)

    def _keep(self, incoming: Incoming, **what: str) -> None:
        self.memory.keep(incoming.openid, incoming.id, incoming.kind, self.service.desk.now(), **what)


def _fact(values: dict[str, Any]) -> Fact:
    """A fact out of the JSON of a stored answer."""
    as_of = values["as_of"]
    return Fact(**{**values, "as_of": date.fromisoformat(as_of) if as_of else None})
