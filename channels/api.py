"""The API of other systems: one question in JSON, one answer in JSON.

`sender` is only the key of the conversation. Who bears the integrator's token has proven its senders' numbers itself:
their conversations are kept apart from those of senders that anybody may name.
"""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bot.messages import Address, Message, as_json
from channels.base import Service
from channels.base.reading import asked, bears, json_body, phone_number
from channels.base.refusals import RefusedError, http_error, json_response

#: How long a repeat of a request waits for the answer to the first, in seconds.
PATIENCE = 5.0


def routes(service: Service) -> Blueprint:
    """`POST /api/chat`."""
    blueprint = Blueprint("api", __name__)

    @blueprint.post("/api/chat")
    def chat() -> ResponseReturnValue:
        trusted = bears(service.settings.api_token)
        if not trusted and request.headers.get("Authorization", "").lower().startswith("bearer"):
            raise RefusedError(
                401,
                "token",
                "密钥不对，请检查 Authorization 请求头；公开的问题可以不带密钥。",
                "Wrong token: check the Authorization header; public questions need none.",
            )
        question = asked(json_body(), service.places, sender=True)
        sender = phone_number(question.sender) if trusted else question.sender
        message = Message(
            Address("api" if trusted else "api-open", sender),
            question.text,
            service.desk.now(),
            id=question.id,
            village=question.village,
            resident=sender if trusted else None,
        )
        network = None if trusted else request.remote_addr
        outcome = service.desk.receive(message, patience=PATIENCE, network=network, waits=True)
        if outcome.kind == "throttled":
            raise http_error(429)
        if outcome.earlier:
            return json_response(outcome.earlier)
        if outcome.reply is None:
            raise _busy()
        return json_response(as_json(outcome.reply))

    return blueprint


def _busy() -> RefusedError:
    return RefusedError(
        503,
        "busy",
        "这条正在查，请稍等再发一次。",
        "This message is being answered; send it again in a moment.",
        retryable=True,
    )
