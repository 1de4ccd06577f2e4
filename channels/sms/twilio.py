"""Text messages by Twilio: https://www.twilio.com/docs/messaging/guides/webhook-request

Twilio sends a form, signed, once, and waits 15 s for TwiML. It reports afterwards what became of our answer. Errors of
its own that it gives for a refusal: 11200 (HTTP status), 12300 (content type); it does not try again.
"""

from __future__ import annotations

import logging

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from bot.messages import Address, Message
from channels.base import Outcome, Service
from channels.base.reading import phone_number, tidy, whole_body
from channels.base.refusals import RefusedError, http_error
from channels.sms.answers import CHANNEL, NO_WORDS, cost
from channels.sms.segments import fit
from channels.sms.wishes import GOODBYE, WELCOME, wish

log = logging.getLogger(__name__)

#: Twilio's own limit for the body of a message, in characters.
LONGEST = 1600

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
        _prove(service)
        sender, sid = phone_number(_field("From")), _field("MessageSid")
        text = tidy(request.form.get("Body", ""))[:LONGEST].strip()
        message = Message(Address(CHANNEL, sender), text, service.desk.now(), id=sid, resident=sender)
        try:
            outcome = _handle(service, message)
        except RefusedError as refusal:
            return _twiml(refusal.chinese)
        return _twiml(fit(outcome.reply) if outcome.reply else None)

    @blueprint.post("/sms/twilio/status")
    def status() -> ResponseReturnValue:
        _prove(service)
        reported = _field("MessageStatus")
        if reported not in STATES:
            log.warning("Twilio reports an unknown message status, %.40r: taken as queued", reported)
        state = STATES.get(reported, "queued")
        detail = " ".join(part for part in (reported, request.form.get("ErrorCode", "")) if part)
        service.desk.store.delivery(CHANNEL, _field("MessageSid"), state, detail, service.desk.now())
        return "", 204

    return blueprint


def _handle(service: Service, message: Message) -> Outcome:
    """Obey wishes first, whatever else the message might mean; else answer."""
    told = request.form.get("OptOutType", "").lower()  # Twilio has obeyed and told the sender itself
    asked = told if told in ("stop", "start") else wish(message.text)
    if asked:
        desk = service.desk
        outcome = desk.stop(message, GOODBYE, cost) if asked == "stop" else desk.start(message, WELCOME, cost)
        return Outcome("silent") if told else outcome
    return service.desk.receive(message, cost=cost, say=None if message.text else NO_WORDS)


def _prove(service: Service) -> None:
    """Raises RefusedError unless the request is signed with our token, for the URL as Twilio may have called it."""
    token = service.settings.twilio_auth_token
    if token is None or not token.get_secret_value():
        raise RefusedError(
            403,
            "closed",
            "短信通道没有开通，请设置 XIANGYIN_TWILIO_AUTH_TOKEN。",
            "This channel is closed: set XIANGYIN_TWILIO_AUTH_TOKEN.",
        )
    whole_body()
    validator = RequestValidator(token.get_secret_value())
    signature = request.headers.get("X-Twilio-Signature", "")
    if not any(validator.validate(url, request.form, signature) for url in _urls(service.settings.public_url)):
        raise RefusedError(
            403,
            "signature",
            "签名不对：请检查 XIANGYIN_TWILIO_AUTH_TOKEN 和 XIANGYIN_PUBLIC_URL。",
            "Wrong signature: check XIANGYIN_TWILIO_AUTH_TOKEN, and that XIANGYIN_PUBLIC_URL is the URL that Twilio calls.",
        )


def _urls(public_url: str) -> list[str]:
    """The URLs that Twilio may have signed: the public one, and the one that was asked for.

    The validator itself tries each with and without port.
    """
    query = b"?" + request.query_string if request.query_string else b""
    tail = request.path + query.decode("latin-1")
    return [base.rstrip("/") + tail for base in (public_url, f"{request.scheme}://{request.host}") if base]


def _field(name: str) -> str:
    """A field without which the request is none of Twilio's. Raises RefusedError."""
    value = request.form.get(name, "")
    if not value or len(value) > 100 or tidy(value) != value:
        raise http_error(400)
    return value


def _twiml(text: str | None) -> Response:
    response = MessagingResponse()
    if text:
        response.message(text)
    return Response(str(response), mimetype="text/xml")
