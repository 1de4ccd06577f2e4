"""Text messages by Twilio: https://www.twilio.com/docs/messaging/guides/webhook-request

Twilio sends a form, signed, once, and waits 15 s for TwiML. It reports afterwards what became of our answer. Errors of
its own that it gives for a refusal: 11200 (HTTP status), 12300 (content type); it does not try again.
"""

from __future__ import annotations

import logging
from datetime import datetime

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from twilio.twiml.messaging_response import MessagingResponse

from bot.messages import Address, Message, Reply
from channels.base import Outcome, Service
from channels.base.opting import wish
from channels.base.reading import phone_number, tidy
from channels.base.refusals import RefusedError
from channels.base.twilio import field, letter, prove
from channels.sms.answers import CHANNEL, GOODBYE, NO_WORDS, PICTURE_KEPT, WELCOME, cost
from channels.sms.segments import fit
from channels.sms.twilio_sender import OPTED_OUT, meaning

log = logging.getLogger(__name__)

#: Twilio's own limit for the body of a message, in characters.
LONGEST = 1600

#: So many pictures a message may have at Twilio.
MOST_PICTURES = 10

#: What Twilio reports of a sent message, in the words of `knowledge.mailbox.PROGRESS`.
STATES = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending"), "queued"),
    "sent": "sent",
    **dict.fromkeys(("delivered", "read", "partially_delivered"), "delivered"),
    **dict.fromkeys(("undelivered", "failed", "canceled"), "failed"),
}


def routes(service: Service) -> Blueprint:
    """`POST /sms/twilio` and `POST /sms/twilio/status`."""
    blueprint = Blueprint("sms_twilio", __name__)

    @blueprint.post("/sms/twilio")
    def incoming() -> ResponseReturnValue:
        prove(service)
        sender, sid = phone_number(field("From")), field("MessageSid")
        text = tidy(request.form.get("Body", ""))[:LONGEST].strip()
        message = Message(Address(CHANNEL, sender), text, service.desk.now(), id=sid, resident=sender)
        pictures = _pictures()
        if pictures:
            service.sms_pictures.keep(sender, sid, pictures, message.received)
        try:
            outcome = _handle(service, message, PICTURE_KEPT if pictures else NO_WORDS)
        except RefusedError as refusal:
            return _twiml(refusal.chinese, service)
        return _twiml(fit(outcome.reply) if outcome.reply else None, service)

    @blueprint.post("/sms/twilio/status")
    def status() -> ResponseReturnValue:
        prove(service)
        reported = field("MessageStatus")
        if reported not in STATES:
            log.warning("Twilio reports an unknown message status, %.40r: taken as queued", reported)
        _report(service, field("MessageSid"), reported, STATES.get(reported, "queued"), service.desk.now())
        return "", 204

    return blueprint


def _report(service: Service, sid: str, reported: str, state: str, now: datetime) -> None:
    """Keep what became of an answer, or of a message of the outbox. Who has opted out at Twilio has opted out here."""
    told = request.form.get("ErrorCode", "")
    number = int(told) if told.isascii() and told.isdecimal() and len(told) < 9 else 0
    if number == OPTED_OUT:
        service.desk.store.opt_out(CHANNEL, phone_number(field("To")), now)
    ours = letter()
    if ours is None:
        service.desk.store.delivery(CHANNEL, sid, state, f"{reported} {told}".strip(), now)
    else:
        code, reason = meaning(number) if state == "failed" else ("", "")
        service.outbox.report(ours, state, code, reason, now)


def _pictures() -> list[tuple[str, str]]:
    """The pictures of a message, each its content type and its address: at most as many as Twilio takes."""
    told = request.form.get("NumMedia", "")
    count = int(told) if told.isascii() and told.isdecimal() and len(told) < 4 else 0
    named = [
        (_cut(f"MediaContentType{at}", 100), _cut(f"MediaUrl{at}", 501)) for at in range(min(count, MOST_PICTURES))
    ]
    kept = [(kind, url) for kind, url in named if url.startswith("https://") and len(url) <= 500]
    if len(kept) < count:
        log.warning(
            "%d pictures of a message are not kept: they have no https address, or are too many", count - len(kept)
        )
    return kept


def _cut(name: str, longest: int) -> str:
    return tidy(request.form.get(name, ""))[:longest]


def _handle(service: Service, message: Message, no_words: Reply) -> Outcome:
    """Obey wishes first, whatever else the message might mean; else answer, with `no_words` where it has none."""
    told = request.form.get("OptOutType", "").lower()  # Twilio has obeyed and told the sender itself
    asked = told if told in ("stop", "start") else wish(message.text)
    if asked:
        desk = service.desk
        outcome = desk.stop(message, GOODBYE, cost) if asked == "stop" else desk.start(message, WELCOME, cost)
        return Outcome("silent") if told else outcome
    return service.desk.receive(message, cost=cost, say=None if message.text else no_words)


def _twiml(text: str | None, service: Service) -> Response:
    """The answer; Twilio reports on it at `action`, where it knows an address of ours that it can reach."""
    response, settings = MessagingResponse(), service.settings
    if text:
        response.message(text, action=f"{settings.own_url}/sms/twilio/status" if settings.public_url else None)
    return Response(str(response), mimetype="text/xml")
