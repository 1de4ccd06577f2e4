"""What WeChat sends and what it takes back: XML in, XML out. Pure.

Source: developers.weixin.qq.com/doc/subscription/guide/product/message/ (Receiving_standard_messages,
Receiving_event_pushes, Passive_user_reply_message). A DTD is refused, and with it every entity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from channels.base.reading import MAX_NAME, tidy

#: The longest text that is read, in characters; WeChat itself lets nobody write more.
LONGEST = 2048

#: What WeChat writes as the text of a sticker and of whatever else it does not pass on.
NOT_PASSED_ON = "【收到不支持的消息类型，暂无法显示】"


class UnreadableError(ValueError):
    """XML that is none of WeChat's messages."""


def fields(xml: bytes | str) -> dict[str, str]:
    """The fields of a message by name, nested ones left out. Raises UnreadableError."""
    try:
        root = fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:  # LookupError: no such encoding
        raise UnreadableError(f"not XML as WeChat sends it: {type(error).__name__}") from None
    if root.tag != "xml":
        raise UnreadableError("the root is not <xml>")
    return {child.tag: child.text or "" for child in root if not len(child)}


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message or event. `number` is the MsgId, "" in events; `created` counts seconds since 1970.

    `text` is what was written, `media` the id by which a picture or a voice can be fetched for three days, `url` the
    picture's own address; `event` and `key` say what was done and on which entry of the menu. `proven` is False where
    the message came plain though the account seals its messages: its signature does not cover who sent it and what.
    """

    account: str
    openid: str
    kind: str
    created: int
    number: str = ""
    text: str = ""
    media: str = ""
    url: str = ""
    event: str = ""
    key: str = ""
    latitude: str = ""
    longitude: str = ""
    label: str = ""
    proven: bool = True

    @property
    def id(self) -> str:
        """What a repeat has in common: the MsgId; of an event, when it happened (its sender is told apart anyway)."""
        return self.number or f"{self.created} {self.event} {self.key}"[:MAX_NAME]


def read(given: Mapping[str, str]) -> Incoming:
    """The message in a message's fields. Raises UnreadableError where it lacks what every message has."""

    def field(name: str, longest: int = MAX_NAME) -> str:
        return tidy(given.get(name, ""))[:longest].strip()

    created, number, event = field("CreateTime", 12), field("MsgId", 40), field("Event").lower()
    kind = field("MsgType").lower()
    if not (field("ToUserName") and field("FromUserName") and kind and created.isascii() and created.isdigit()):
        raise UnreadableError("ToUserName, FromUserName, MsgType or CreateTime is missing")
    if not (event if kind == "event" else number):
        raise UnreadableError("a message without MsgId, or an event without Event")
    return Incoming(
        account=field("ToUserName"),
        openid=field("FromUserName"),
        kind=kind,
        created=int(created),
        number="" if kind == "event" else number,
        text=field("Content", LONGEST),
        media=field("MediaId", 200),
        url=field("PicUrl", 500),
        event=event,
        key=field("EventKey", 500),
        latitude=field("Location_X", 20),
        longitude=field("Location_Y", 20),
        label=field("Label", 200),
    )


def text_reply(to: Incoming, text: str, now: int) -> str:
    """The XML that answers a message with a text. `now` counts seconds since 1970."""
    return (
        f"<xml><ToUserName>{_cdata(to.openid)}</ToUserName><FromUserName>{_cdata(to.account)}</FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>{_cdata(text)}</Content></xml>"
    )


def sealed_reply(sealed: str, signature: str, timestamp: str, nonce: str) -> str:
    """The XML that carries a sealed answer."""
    return (
        f"<xml><Encrypt>{_cdata(sealed)}</Encrypt><MsgSignature>{_cdata(signature)}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    )


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
