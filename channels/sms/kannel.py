"""Text messages by Kannel, the gateway to a carrier: https://www.kannel.org/userguide.shtml

Kannel asks for each message that arrives (`get-url` of its sms-service) and sends what it reads there; it asks again
only where it could not read it. What became of a message it reports afterwards (`dlr-url`). What Kannel must be told
for that stands in `docs/kannel.conf`; how messages of our own go out, in `kannel_sender`.
"""

from __future__ import annotations

import hmac
import logging
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from bot.messages import Address, Message
from channels.base import Service, Settings
from channels.base.reading import bears, phone_number, tidy
from channels.base.refusals import RefusedError, http_error
from channels.sms.answers import CHANNEL, LONGEST, handle, queue, said
from channels.sms.kannel_sender import DLR_MASK, report_url
from channels.sms.segments import encoding

log = logging.getLogger(__name__)

#: A repeat of a message that is still being answered waits so many seconds for that answer.
PATIENCE = 5.0

#: The names that Kannel has for the encodings of text. Any other is tried as UTF-8.
CHARSETS = {
    **dict.fromkeys(("UTF-16BE", "UCS-2", "UCS2", "ISO-10646-UCS-2"), "utf-16-be"),
    **dict.fromkeys(("ISO-8859-1", "LATIN1", "WINDOWS-1252", "CP1252"), "cp1252"),
    **dict.fromkeys(("GB2312", "GBK", "GB18030"), "gb18030"),
}

#: Kannel's delivery states: what they mean for an answer (`knowledge.mailbox.PROGRESS`) and for a message of the outbox.
#: A message that waits at the carrier's (4) has been handed over.
STATES = {
    "1": ("delivered", "delivered", ""),
    "2": ("failed", "failed", "没有送到：对方关机、停机或号码不对。"),
    "4": ("queued", "sent", ""),
    "8": ("sent", "sent", ""),
    "16": ("failed", "failed", "运营商拒绝了这条短信。"),
}


def routes(service: Service) -> Blueprint:
    """`GET /sms/kannel` and `GET /sms/kannel/dlr`."""
    blueprint = Blueprint("sms_kannel", __name__)

    @blueprint.get("/sms/kannel")
    def incoming() -> ResponseReturnValue:
        arguments = _proven(service)
        sender, number = phone_number(_field(arguments, "from")), arguments.get("id", b"").decode("ascii", "ignore")
        message = Message(
            Address(CHANNEL, sender), _text(arguments), service.desk.now(), id=number[:100] or None, resident=sender
        )
        outcome = handle(service, message, PATIENCE)
        if outcome.kind == "busy":
            raise http_error(503)  # Kannel asks again
        text = said(outcome)
        if service.settings.kannel_answers == "outbox":
            if text and (message.id or outcome.kind != "repeat"):
                queue(service, sender, text, message.id)
            text = ""
        return _answer(text, service.settings, message.id)

    @blueprint.get("/sms/kannel/dlr")
    def report() -> ResponseReturnValue:
        arguments = _proven(service)
        number, told = _field(arguments, "id"), _field(arguments, "state")
        if told not in STATES:
            raise http_error(400)
        for_answer, for_outbox, reason = STATES[told]
        words = tidy(arguments.get("detail", b"").decode("utf-8", "replace"))
        now = service.desk.now()
        if "outbox" in arguments:
            if not number.isdecimal():
                raise http_error(400)
            code = f"dlr_{told}" if for_outbox == "failed" else ""
            why = f"{reason}（网关：{words[:100]}）" if reason and words else reason
            service.outbox.report(int(number), for_outbox, code, why, now)
        else:
            service.desk.store.delivery(CHANNEL, number, for_answer, f"{told} {words}".strip(), now)
        return ""  # 200: Kannel takes any other status but 202 for a failure, and reports again

    return blueprint


def _answer(text: str, settings: Settings, number: str | None) -> Response:
    """What Kannel is to send, in plain text; nothing where nothing is to be said.

    A repeat gets its answer again: Kannel repeats only what it could not read. But a Kannel that is killed while it
    waits for an answer has acknowledged the question already and will not ask again: answers that go by the outbox
    (setting kannel_answers) survive that.
    """
    response = Response(text, mimetype="text/plain")
    if text:
        response.headers["X-Kannel-Coding"] = "0" if encoding(text) == "gsm7" else "2"
    if text and number:
        response.headers["X-Kannel-DLR-Mask"] = str(DLR_MASK)
        response.headers["X-Kannel-DLR-URL"] = report_url(settings, id=number)
    return response


def _proven(service: Service) -> dict[str, bytes]:
    """The arguments of a request, as the bytes that they stand for: each message has an encoding of its own.

    Raises RefusedError unless it bears our secret, in its URL or as a bearer token.
    """
    secret = service.settings.kannel_secret
    if secret is None or not secret.get_secret_value():
        raise RefusedError(
            403,
            "closed",
            "短信通道没有开通，请设置 XIANGYIN_KANNEL_SECRET。",
            "This channel is closed: set XIANGYIN_KANNEL_SECRET.",
        )
    pairs = parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    arguments = {name: value.encode("latin-1") for name, value in pairs}
    given = arguments.get("secret", request.headers.get("X-Kannel-Secret", "").encode())
    if not bears(secret) and not hmac.compare_digest(given, secret.get_secret_value().encode()):
        raise RefusedError(
            403,
            "secret",
            "密钥不对：请检查 XIANGYIN_KANNEL_SECRET 和 Kannel 的 get-url。",
            "Wrong secret: check XIANGYIN_KANNEL_SECRET and the get-url of Kannel's sms-service.",
        )
    return arguments


def _field(arguments: dict[str, bytes], name: str) -> str:
    """A field without which the request is none of Kannel's. Raises RefusedError."""
    value = arguments.get(name, b"").decode("utf-8", "replace")
    if not value or len(value) > 100 or tidy(value) != value:
        raise http_error(400)
    return value


def _text(arguments: dict[str, bytes]) -> str:
    """What was written; "" where it is no text at all (coding 1 is binary)."""
    coding, raw = arguments.get("coding", b"").strip(), arguments.get("text", b"")
    charset = arguments.get("charset", b"").decode("ascii", "ignore").strip().upper()
    if coding == b"1" or charset == "8-BIT":
        return ""
    named = CHARSETS.get(charset, "utf-16-be" if coding == b"2" and not charset else "utf-8")
    for candidate in (named, "utf-8"):
        try:
            return tidy(raw.decode(candidate))[:LONGEST].strip()
        except UnicodeDecodeError:
            log.warning("a message of Kannel's is not in the %s that it says", candidate)
    return tidy(raw.decode(named, "replace"))[:LONGEST].strip()
