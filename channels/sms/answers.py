"""What the gateways of text messages share: how a message is answered, and the text of the answer."""

from __future__ import annotations

from datetime import date
from typing import Any

from bot.messages import Choice, Fact, Message, Reply
from channels.base import Outcome, Service
from channels.base.opting import wish
from channels.base.sending import Wanted
from channels.sms.prices import cost as cost_of
from channels.sms.segments import fit, split

#: All gateways of text messages are one channel: who opts out of one has opted out of all.
CHANNEL = "sms"

#: The longest message that is read, in characters.
LONGEST = 1600

GOODBYE = Reply("已退订，不再给您发短信。想恢复，回“恢复”。", intent="opt_out")
WELCOME = Reply("已恢复，有事您直接发短信来问。回TD退订。", intent="opt_in")
PICTURE_KEPT = Reply("照片收到了，已经存下。是哪个村、什么事？请用文字说一下。", intent="picture")
NO_WORDS = Reply("我只看得懂文字，请把问题打成字发来，比如：玉米多少钱一斤。", intent="no_words")


def handle(service: Service, message: Message, patience: float = 0.0) -> Outcome:
    """Obey wishes first, whatever else the message might mean; else answer.

    A repeat of a message that is still being answered waits `patience` seconds for that answer.
    """
    asked = wish(message.text)
    if asked:
        desk = service.desk
        return desk.stop(message, GOODBYE, cost) if asked == "stop" else desk.start(message, WELCOME, cost)
    return service.desk.receive(message, cost=cost, patience=patience, say=None if message.text else NO_WORDS)


def cost(reply: Reply) -> int:
    """How many text messages a reply takes."""
    return split(fit(reply)).count


def said(outcome: Outcome) -> str:
    """The text that is to be sent; "" for nothing. A repeat is given the answer that it got before."""
    if outcome.reply:
        return fit(outcome.reply)
    return fit(_again(outcome.earlier)) if outcome.earlier else ""


def queue(service: Service, number: str, text: str, id: str | None) -> None:
    """Let an answer wait in the outbox; the answer to one message of one sender waits there once."""
    parts, price = cost_of(service.settings.sms_prices, number, text)
    key = f"reply:{CHANNEL}:{number[:40]}:{id[:40]}" if id else None
    service.outbox.put([Wanted(CHANNEL, number, text, "reply", key, parts, price)], service.desk.now())


def _again(stored: dict[str, Any]) -> Reply:
    """What a text message needs of a stored reply."""
    facts = [
        Fact(fact["what"], fact["value"], as_of=_day(fact["as_of"]), source=fact["source"]) for fact in stored["facts"]
    ]
    choices = [Choice(choice["label"], choice["text"]) for choice in stored["choices"]]
    return Reply(stored["headline"], tuple(stored["details"]), tuple(facts), tuple(choices))


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None
