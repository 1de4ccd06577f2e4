"""Twilio's webhooks: proven by the signature over the URL and the form; see
https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from __future__ import annotations

from flask import request
from twilio.request_validator import RequestValidator

from channels.base import Service
from channels.base.reading import tidy, whole_body
from channels.base.refusals import RefusedError, http_error


def prove(service: Service) -> None:
    """Raises RefusedError unless the request is signed with our token, for the URL as Twilio may have called it."""
    token = service.settings.twilio_auth_token
    if token is None or not token.get_secret_value():
        raise RefusedError(
            403,
            "closed",
            "Twilio 通道没有开通，请设置 XIANGYIN_TWILIO_AUTH_TOKEN。",
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


def field(name: str) -> str:
    """A field without which the request is none of Twilio's. Raises RefusedError."""
    value = request.form.get(name, "")
    if not value or len(value) > 100 or tidy(value) != value:
        raise http_error(400)
    return value
