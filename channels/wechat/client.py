"""WeChat's client API as far as we use it: the access token, customer-service messages, media.

Source: developers.weixin.qq.com/doc/service/api/ (getStableAccessToken, sendCustomMessage, uploadTempMedia,
getMedia). The token is one for all processes: who finds it lapsed takes its renewal, the others wait for it. Errors hide
inside HTTP 200; what they mean stands in `errors`. No URL is ever logged or put into an error: it bears the token.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from channels.base import Service
from channels.wechat.errors import ERRORS, ApiError, api_error, unreached

#: How long WeChat may take for one answer, in seconds.
TIMEOUT = 8.0

#: So long before its end a token is renewed: WeChat gives a new one from five minutes before, and the old one still counts.
EARLY = timedelta(minutes=4)

#: How long a process waits for the token that another one is fetching, and for WeChat that is busy, in seconds.
PATIENCE = 20.0
PAUSE = 0.2

#: The most that is read of an answer, in bytes: a voice has at most 2 MB.
LARGEST = 3 * 1024 * 1024


class Token(Protocol):
    """An access token and when it lapses; see `knowledge.wechat.Token`."""

    @property
    def value(self) -> str: ...
    @property
    def lapses(self) -> datetime: ...


class Tokens(Protocol):
    """Where the token is kept for all processes; see `knowledge.wechat.Wechat`."""

    def token(self, app_id: str) -> Token | None: ...
    def take_renewal(self, app_id: str, seen: str, now: datetime) -> bool: ...
    def renewed(self, app_id: str, value: str, lapses: datetime) -> None: ...
    def not_renewed(self, app_id: str) -> None: ...


#: Reads the body of an answer and its content type. Raises ApiError.
Reading = Callable[[bytes, str], Any]


class Client:
    """Calls WeChat's API for one account. Safe to share between threads."""

    def __init__(self, url: str, app_id: str, secret: str, tokens: Tokens, clock: Callable[[], datetime]) -> None:
        self._url = url.rstrip("/")
        self._app_id = app_id
        self._secret = secret
        self._tokens = tokens
        self._clock = clock

    def send_text(self, openid: str, text: str) -> None:
        """A text to one user. Raises ApiError."""
        self._send(openid, "text", content=text)

    def send_picture(self, openid: str, png: bytes) -> None:
        """A picture to one user. Raises ApiError."""
        uploaded = self._call("media/upload", _form("media", "picture.png", "image/png", png), type="image")
        media = uploaded.get("media_id")
        if not isinstance(media, str):
            raise unreached("no media_id")
        self._send(openid, "image", media_id=media)

    def fetch(self, media: str) -> bytes:
        """A voice or picture that a user sent, within three days. Raises ApiError."""
        fetched: bytes = self._call("media/get", None, _media, media_id=media)
        return fetched

    def _send(self, openid: str, kind: str, **what: str) -> None:
        answer = self._call("message/custom/send", _json({"touser": openid, "msgtype": kind, kind: what}))
        if "errcode" not in answer:  # it counts as sent only where WeChat says so
            raise unreached("no errcode")

    # --- calls -------------------------------------------------------------------------------------------------------

    def _call(self, path: str, body: tuple[bytes, str] | None, reading: Reading | None = None, **query: str) -> Any:
        """One call with the token. A refused token is renewed, and a busy WeChat asked again, once."""
        token = self._token()
        for left in (1, 0):
            try:
                return self._ask(f"{path}?{urlencode({'access_token': token, **query})}", body, reading or _values)
            except ApiError as error:
                if not left or not (error.known.renew or error.code == -1):
                    raise
                if error.known.renew:
                    token = self._token(refused=token)
                else:
                    time.sleep(PAUSE)
        raise AssertionError("the second failure is raised")

    def _ask(self, path: str, body: tuple[bytes, str] | None, reading: Reading) -> Any:
        data, kind = body or (None, "")
        request = Request(f"{self._url}/cgi-bin/{path}", data, {"Content-Type": kind} if kind else {})  # noqa: S310 - the setting is http(s)
        try:
            with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
                answer: bytes = response.read(LARGEST)
                answered = response.headers.get_content_type()
        except HTTPError as error:
            error.close()
            raise unreached(f"HTTP {error.code}") from None
        except TimeoutError:
            raise unreached("no answer in time") from None
        except URLError:  # the request was not handed over
            raise unreached("no connection") from None
        except (OSError, HTTPException):
            raise unreached("cut off") from None
        return reading(answer, answered)

    # --- the token ---------------------------------------------------------------------------------------------------

    def _token(self, refused: str = "") -> str:
        """A token that is good for some minutes and is not `refused`. Raises ApiError."""
        deadline = time.monotonic() + PATIENCE
        while True:
            now = self._clock()
            known = self._tokens.token(self._app_id)
            if known and known.value != refused and known.lapses > now + EARLY:
                return known.value
            seen = known.value if known else ""
            if self._tokens.take_renewal(self._app_id, seen, now):
                return self._renew(refused)
            if known and known.value != refused and known.lapses > now:
                return known.value  # somebody is renewing it, and it still counts
            if time.monotonic() > deadline:
                raise unreached("no token in time")
            time.sleep(PAUSE)

    def _renew(self, refused: str) -> str:
        """A new token, stored for all; the caller holds the renewal."""
        try:
            value, seconds = self._fetch_token(force=False)
            if value == refused:  # WeChat itself still takes it for good: it has to be told
                value, seconds = self._fetch_token(force=True)
        except BaseException:
            self._tokens.not_renewed(self._app_id)
            raise
        self._tokens.renewed(self._app_id, value, self._clock() + timedelta(seconds=seconds))
        return value

    def _fetch_token(self, force: bool) -> tuple[str, int]:
        asked = {"grant_type": "client_credential", "appid": self._app_id, "secret": self._secret}
        try:
            answer = self._ask("stable_token", _json({**asked, "force_refresh": force}), _values)
        except ApiError as error:
            if error.code == 40001:  # here it speaks of the secret
                raise ApiError(40001, replace(ERRORS[40125])) from None
            raise
        value, seconds = answer.get("access_token"), answer.get("expires_in")
        if not (isinstance(value, str) and value and isinstance(seconds, int)):
            raise unreached("no token in the answer")
        return value, seconds


def client_for(service: Service) -> Client | None:
    """The client of the account in the settings; None without an AppSecret."""
    settings = service.settings
    app_id, secret = settings.wechat_app_id, settings.wechat_app_secret
    if not (app_id and secret):
        return None
    own, hidden = app_id.get_secret_value(), secret.get_secret_value()
    return Client(settings.wechat_api_url, own, hidden, service.wechat, service.desk.now)


def _media(answer: bytes, kind: str) -> bytes:
    """The file in an answer. Raises ApiError where it is none: errors come as JSON."""
    if answer[:1] == b"{":
        _values(answer)
    if not answer or kind.startswith("text/") or kind == "application/json":
        raise unreached("no media")
    return answer


def _values(answer: bytes, _kind: str = "") -> dict[str, Any]:
    """The JSON object in an answer, whatever it is called. Raises ApiError where it is none, or carries an errcode."""
    try:
        values = json.loads(answer)
    except (ValueError, RecursionError):
        raise unreached("no JSON") from None
    if not isinstance(values, dict):
        raise unreached("no JSON object")
    code = values.get("errcode", 0)
    if not isinstance(code, int):
        raise unreached("no errcode")
    if code:
        raise api_error(code)
    return values


def _json(values: dict[str, Any]) -> tuple[bytes, str]:
    """A JSON body, hanzi as they are: WeChat shows the backslashes of escaped ones."""
    return json.dumps(values, ensure_ascii=False).encode(), "application/json; charset=utf-8"


def _form(field: str, name: str, kind: str, data: bytes) -> tuple[bytes, str]:
    """A multipart body of one file."""
    mark = secrets.token_hex(16)
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'
    )
    return head.encode() + data + f"\r\n--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"
