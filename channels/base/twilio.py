"""What the channels by Twilio share: its webhooks, proven by the signature over the URL and the form, and its REST API.

https://www.twilio.com/docs/usage/webhooks/webhooks-security and https://www.twilio.com/docs/usage/requests-to-twilio
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlencode, urlsplit

from flask import request
from twilio.request_validator import RequestValidator

from channels.base import Service, Settings
from channels.base.reading import tidy, whole_body
from channels.base.refusals import RefusedError, http_error
from channels.base.sending import SendError, UncertainError, UnreachableError

#: So many seconds Twilio is waited for. Shorter than a message's lease.
ANSWER = 20


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


def letter() -> int | None:
    """The number of the outbox's message that a report is about, as we wrote it into the address; None for none."""
    written = request.args.get("letter", "")
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 19 else None


# --- the REST API ----------------------------------------------------------------------------------------------------


class DeclinedError(SendError):
    """Twilio does not do this, and tells why: `number` is of https://www.twilio.com/docs/api/errors, 0 for none that it told."""

    def __init__(self, number: int, english: str) -> None:
        super().__init__(f"refused {number}", "Twilio 拒绝了这一条。", english, retryable=False)
        self.number = number


class Account:
    """The account in the settings. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def create(self, what: str, form: Mapping[str, str]) -> None:
        """Have something made: `Calls`, `Messages`. Raises DeclinedError, SendError, UnreachableError or UncertainError."""
        status, body = self._post(f"/2010-04-01/Accounts/{self._settings.twilio_account_sid}/{what}.json", form)
        _check(status, body)

    def _post(self, path: str, form: Mapping[str, str]) -> tuple[int, str]:
        url, token = urlsplit(self._settings.twilio_api_url), self._settings.twilio_auth_token
        secret = f"{self._settings.twilio_account_sid}:{token.get_secret_value() if token else ''}"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}",
        }
        kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        connection = kind(url.hostname or "", url.port, timeout=ANSWER)
        try:
            connection.connect()
        except OSError as error:
            raise UnreachableError("unreachable", "连不上 Twilio。", f"cannot connect: {error}") from None
        try:
            connection.request("POST", f"{url.path.rstrip('/')}{path}", urlencode(form), headers)
            response = connection.getresponse()
            return response.status, response.read(2000).decode("utf-8", "replace")
        except (OSError, HTTPException) as error:
            raise UncertainError(f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()


def account(settings: Settings) -> Account | None:
    """The account, where it, its number and its token are set."""
    whole = settings.twilio_account_sid and settings.twilio_number and settings.twilio_auth_token
    return Account(settings) if whole else None


def dialled(address: str) -> str:
    """A number as Twilio dials it: mainland ones with +86."""
    return f"+86{address}" if re.fullmatch(r"1\d{10}", address, re.ASCII) else address


def _check(status: int, body: str) -> None:
    """Raises what Twilio's answer means, unless it means that it is done."""
    try:
        told = json.loads(body)
    except ValueError:  # garbled, or cut off
        told = None
    values = told if isinstance(told, dict) else {}
    if status == 201 or (status == 200 and values.get("sid")):
        return
    number = values["code"] if isinstance(values.get("code"), int) else 0
    english = f"HTTP {status}, Twilio's error {number}"
    if status in (401, 403):
        raise UnreachableError(
            "auth", "Twilio 不认账号，请检查 twilio_account_sid 和 XIANGYIN_TWILIO_AUTH_TOKEN。", english
        )
    if status == 404 or 300 <= status < 400:
        raise UnreachableError("url", "Twilio 的地址或账号不对，请检查 twilio_api_url。", english)
    if status == 429:
        raise SendError("throttled", "Twilio 忙，过几分钟再试。", english, retryable=True)
    if 400 <= status < 500:
        raise DeclinedError(number, english)
    raise UncertainError(english)
