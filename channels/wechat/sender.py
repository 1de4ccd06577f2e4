"""The way out for messages that the outbox holds for WeChat users: announcements to those who have written lately.

They share the five of the customer-service API with late answers and pictures: see `late`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from channels.base import Service
from channels.base.sending import Brings, Letter, SendError, UncertainError, UnreachableError
from channels.wechat import parts
from channels.wechat.answers import CHANNEL
from channels.wechat.client import Client, client_for
from channels.wechat.errors import UNREACHED, ApiError
from channels.wechat.late import check_quota


class Counted(Protocol):
    """What WeChat counts; see `knowledge.wechat.Wechat`."""

    def quota(self, openid: str, but: int = 0) -> Any: ...


class WechatSender(Brings):
    """Hands messages to the customer-service API."""

    name = "wechat"
    channel = CHANNEL
    per_second = 10.0
    at_once = 4

    def __init__(self, client: Client, counted: Counted, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._counted = counted
        self._clock = clock

    def send(self, letter: Letter) -> None:
        """Hand one message to WeChat; of a long one the first part, the others come on "更多". Raises SendError, UnreachableError or UncertainError."""
        try:
            check_quota(self._counted.quota(letter.address), self._clock())
            self._client.send_text(letter.address, parts.split(letter.text)[0])
        except ApiError as error:
            if error.code == "no connection":
                raise UnreachableError("unreachable", error.known.chinese, error.known.english) from None
            if error.known is UNREACHED:
                raise UncertainError(str(error)) from None
            known = error.known
            raise SendError(str(error.code), known.chinese, known.english, known.retryable) from None


def sender(service: Service) -> WechatSender | None:
    """The way out by WeChat, where the AppSecret is set."""
    client = client_for(service)
    return WechatSender(client, service.wechat, service.desk.now) if client else None
