"""The way out by telephone: a villager who rang and hung up is called back, by Twilio's REST API:
https://www.twilio.com/docs/voice/api/call-resource#create-a-call
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlencode, urlsplit

from channels.base import Service
from channels.base.sending import Letter, SendError, UncertainError, UnreachableError

#: The channel of calls that we make: who wants none has opted out of it.
CHANNEL = "call"

#: Nobody expects to be called back any more after so long; how long we let it ring, in seconds.
STALE = timedelta(minutes=10)
RING = 30

#: So many seconds Twilio is waited for. Shorter than a message's lease.
ANSWER = 20


class Caller:
    """Orders calls."""

    name = "twilio-voice"
    channel = CHANNEL
    per_second = 1.0  # what Twilio gives a new account
    at_once = 1

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settings = service.settings

    def collect(self) -> int:
        """Nothing: Twilio brings everything by itself."""
        return 0

    def has(self, letter: Letter) -> bool | None:
        """Twilio is not asked; its report is what tells."""
        return None

    def send(self, letter: Letter) -> None:
        """Order one call. Raises SendError, UnreachableError or UncertainError."""
        if self._service.desk.now() - letter.created > STALE:
            raise SendError("stale", "过了十分钟，不再回拨。", "nobody expects this call any more", retryable=False)
        settings = self._settings
        form = urlencode(
            {
                "To": f"+86{letter.address}" if letter.address.isdigit() and len(letter.address) == 11 else letter.address,
                "From": settings.twilio_number,
                "Url": f"{settings.own_url}/phone/call",
                "StatusCallback": f"{settings.own_url}/phone/status?letter={letter.number}",
                "Timeout": str(RING),
            }
        )  # fmt: skip
        status, body = self._post(f"/2010-04-01/Accounts/{settings.twilio_account_sid}/Calls.json", form)
        _check(status, body)

    def _post(self, path: str, form: str) -> tuple[int, str]:
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
            connection.request("POST", f"{url.path.rstrip('/')}{path}", form, headers)
            response = connection.getresponse()
            return response.status, response.read(2000).decode("utf-8", "replace")
        except (OSError, HTTPException) as error:
            raise UncertainError(f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()


def _check(status: int, body: str) -> None:
    """Raises what Twilio's answer means, unless it means that the call is ordered."""
    if status in (200, 201):
        return
    try:
        code = int(json.loads(body)["code"])
    except (ValueError, KeyError, TypeError):
        code = 0
    english = f"HTTP {status}, Twilio's error {code}"
    if status in (401, 403):
        raise UnreachableError(
            "auth", "Twilio 不认账号，请检查 twilio_account_sid 和 XIANGYIN_TWILIO_AUTH_TOKEN。", english
        )
    if status == 404:
        raise UnreachableError("url", "Twilio 的地址或账号不对，请检查 twilio_api_url。", english)
    if status == 429:
        raise SendError("throttled", "Twilio 忙，过几分钟再打。", english, retryable=True)
    if status < 500:
        raise SendError(f"refused {code}", "Twilio 不打这个号码。", english, retryable=False)
    raise UncertainError(english)


def sender(service: Service) -> Caller | None:
    """The way out by telephone, where an account and a number are set."""
    settings = service.settings
    if not (settings.twilio_account_sid and settings.twilio_number and settings.twilio_auth_token):
        return None
    return Caller(service)
