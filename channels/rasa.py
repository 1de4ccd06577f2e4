"""The action endpoint of a Rasa server: Rasa hears the villager, we answer from the data.

Source: the API of Rasa's action server, rasa.com/docs/rasa/action-server/ and its OpenAPI description (Rasa 3.6,
`POST /webhook`): a call names the action in `next_action` and brings the tracker; the answer has `events` and
`responses`; an action that cannot run is answered with 400 and `action_name`, an unknown one with 404.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bot.messages import Address, Message, as_json
from channels.base import Service
from channels.base.reading import MAX_TEXT, bears, json_body, tidy
from channels.base.refusals import http_error, json_response

#: The one action that the domain names: what was asked is answered whole.
ACTION = "action_xiangyin_answer"

#: A call carries the conversation's tracker and the domain beside the message, in bytes.
MAX_CALL = 4 * 1024 * 1024


def routes(service: Service) -> Blueprint:
    """`POST /rasa/webhook`."""
    blueprint = Blueprint("rasa", __name__)

    @blueprint.post("/rasa/webhook")
    def webhook() -> ResponseReturnValue:
        if not bears(service.settings.rasa_token):
            raise http_error(403)
        request.max_content_length = MAX_CALL
        call = json_body()
        action = call.get("next_action")
        if action != ACTION:
            return json_response(
                {"error": f"No action {action!r} here; the domain has {ACTION}.", "action_name": action}, 404
            )
        message = _message(call, service)
        if message is None:
            return json_response(
                {"error": "The tracker has no latest message with a text.", "action_name": action}, 400
            )
        outcome = service.desk.receive(message, patience=5.0, waits=True)
        if outcome.kind == "throttled":
            raise http_error(429)
        shaped = as_json(outcome.reply) if outcome.reply else outcome.earlier
        return json_response({"events": [], "responses": [_response(shaped)] if shaped else []})

    return blueprint


def _message(call: dict[str, Any], service: Service) -> Message | None:
    """The villager's message that the call is about; its sender is whom Rasa says, and proves nothing."""
    tracker = call.get("tracker")
    latest = tracker.get("latest_message") if isinstance(tracker, dict) else None
    text = latest.get("text") if isinstance(latest, dict) else None
    if not isinstance(text, str) or not text.strip():
        return None
    sender = str(call.get("sender_id") or "default")[:100]
    number = latest.get("message_id") if isinstance(latest, dict) else None
    return Message(
        Address("rasa", tidy(sender)),
        tidy(text)[:MAX_TEXT],
        service.desk.now(),
        id=number if isinstance(number, str) and number else None,
    )


def _response(shaped: dict[str, Any]) -> dict[str, Any]:
    """A reply as Rasa's channels show it: the text, and each choice as a button that sends its message."""
    buttons = [{"title": choice["label"], "payload": choice["text"]} for choice in shaped["choices"]]
    return {"text": shaped["text"], "buttons": buttons}
