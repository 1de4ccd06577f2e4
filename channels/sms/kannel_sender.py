"""The way out by Kannel: its `/cgi-bin/sendsms`, whose answers are those of gw/smsbox.c of Kannel 1.4.5."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from select import select
from socket import socket
from threading import local
from time import monotonic
from urllib.parse import urlencode, urlsplit

from channels.base import Service, Settings
from channels.base.sending import Brings, Letter, SendError, UncertainError, UnreachableError
from channels.sms.answers import CHANNEL
from channels.sms.segments import encoding

#: So many seconds the gateway is waited for: to connect, and for its answer. Shorter than a message's lease.
CONNECT, ANSWER = 10, 30

#: A connection that was not used for so many seconds is not used again: the gateway may be about to close it.
KEPT = 20

#: All delivery states are asked for.
DLR_MASK = 31


def report_url(settings: Settings, **about: str) -> str:
    """Where Kannel reports what became of a message. It fills in %d and %A, and reads %% as a percent sign."""
    secret = settings.kannel_secret
    fixed = urlencode({"secret": secret.get_secret_value() if secret else "", **about}).replace("%", "%%")
    return f"{settings.own_url}/sms/kannel/dlr?{fixed}&state=%d&detail=%A"


class KannelSender(Brings):
    """Hands messages to Kannel, over one connection a thread, which is kept."""

    name = "kannel"
    channel = CHANNEL

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._url = urlsplit(settings.kannel_send_url)
        self._kept = local()
        self.per_second = settings.kannel_per_second
        self.at_once = settings.kannel_connections

    def send(self, letter: Letter) -> None:
        """Hand one message to Kannel. Raises SendError, UnreachableError or UncertainError."""
        connection = self._asked(f"{self._url.path}?{urlencode(self._query(letter))}")
        try:
            response = connection.getresponse()
            status, body = response.status, response.read(1000).decode("utf-8", "replace")
            if not response.isclosed():
                connection.close()
        except (OSError, HTTPException) as error:
            connection.close()
            raise UncertainError(f"{type(error).__name__}: {error}") from None
        self._kept.since = monotonic()
        _check(status, body.strip())

    def _asked(self, path: str) -> HTTPConnection:
        """A connection on which the gateway has been asked for a path. Raises UnreachableError.

        Where the request could not be written to its end, the gateway cannot have read its end: it was surely not
        asked, and is asked again on a new connection. After that, silence is uncertainty.
        """
        connection = self._connection()
        for kept in (connection.sock is not None, False):
            try:
                if connection.sock is None:
                    connection.connect()
                connection.sock.settimeout(ANSWER)
                connection.request("GET", path)
            except OSError as error:
                connection.close()
                if not kept:
                    raise UnreachableError("unreachable", "连不上短信网关。", f"cannot connect: {error}") from None
            else:
                break
        return connection

    def _connection(self) -> HTTPConnection:
        """This thread's connection; closed where the gateway has closed it, or may be about to."""
        connection: HTTPConnection | None = getattr(self._kept, "connection", None)
        if connection is None:
            kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
            connection = self._kept.connection = kind(self._url.hostname or "", self._url.port, timeout=CONNECT)
        elif connection.sock is not None and (monotonic() - self._kept.since > KEPT or _told(connection.sock)):
            connection.close()
        return connection

    def _query(self, letter: Letter) -> dict[str, str | bytes]:
        plain, settings = encoding(letter.text) == "gsm7", self._settings
        password = settings.kannel_password
        sender = {"from": settings.kannel_sender} if settings.kannel_sender else {}
        return {
            "username": settings.kannel_user,
            "password": password.get_secret_value() if password else "",
            "to": letter.address,
            **sender,
            "coding": "0" if plain else "2",
            "charset": "UTF-8" if plain else "UTF-16BE",
            "text": letter.text.encode("utf-8" if plain else "utf-16-be"),
            "dlr-mask": str(DLR_MASK),
            "dlr-url": report_url(settings, outbox="1", id=str(letter.number)),
        }


def _told(sock: socket) -> bool:
    """Whether a gateway that was asked nothing has told something: that it hangs up, mostly."""
    readable, _, _ = select([sock], [], [], 0)
    return bool(readable)


def _check(status: int, said: str) -> None:
    """Raises what an answer of `sendsms` means, unless it means that Kannel has the message."""
    if status == 202:
        return  # "0: Accepted for delivery", "3: Queued for later delivery" or "Sent."
    english = f"HTTP {status} {said[:100]}"
    if status == 403 and "not routable" in said.lower():
        raise SendError("not_routable", "网关没有通往这个号码的路由，请检查号码。", english, retryable=False)
    if status in (401, 403):
        raise UnreachableError("auth", "网关不认用户名或密码，请检查 kannel_user 和 kannel_password。", english)
    if status == 404:
        raise UnreachableError("url", "网关地址不对，请检查 kannel_send_url。", english)
    if status == 400 and "sender missing" in said.lower():
        raise UnreachableError("sender", "网关要知道发送号码，请设置 kannel_sender。", english)
    if status == 400:
        raise SendError("refused", "网关不收这条短信，请检查号码和内容。", english, retryable=False)
    if status in (429, 503):
        raise SendError("throttled", "网关忙，过几分钟再发。", english, retryable=True)
    raise SendError("failed", "网关出错，没有发出去，过几分钟再发。", english, retryable=True)


def sender(service: Service) -> KannelSender | None:
    """The way out by Kannel, where it is set up."""
    return KannelSender(service.settings) if service.settings.kannel_send_url else None
