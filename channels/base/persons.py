"""What somebody wishes of how we deal with them: slower, larger, by which channel, and that two addresses are theirs.

Such a wish is a message of its own, whole: `以后说慢点`, `字大点`, `以后用微信通知我`, `绑定 13912345678`, `绑定 123456`,
`解绑`. Opting out is not among them: channels obey that before anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol
from unicodedata import normalize

from bot.messages import Message, Reply

Level = Literal["plain", "slow", "large"]

#: What became of a text that was to be sent: "closed" where no gateway is set up.
Sent = Literal["queued", "opted_out", "closed"]


class Texts(Protocol):
    """The way out for text messages; see `app.Service`."""

    def texting(self) -> bool:
        """Whether a gateway for text messages is set up."""

    def send_text(self, number: str, text: str, key: str | None = None) -> Sent:
        """Send a text to a number, unless it opted out; under a `key` once."""


#: The channels whose addresses can be linked to a number by a code.
LINKABLE = frozenset({"wechat"})

CHANNEL_NAMES = {"短信": "sms", "微信": "wechat", "电话": "phone"}

_LATER = r"(以后|往后|今后|从今往后|从现在起)"
_LEVELS: tuple[tuple[Level, re.Pattern[str]], ...] = (
    ("slow", re.compile(rf"{_LATER}(请|都|你)*(给我)?(说|讲|念|读|讲话|说话)?得?慢(一)?(点|些)儿?(说|讲|念|读)?")),
    ("large", re.compile(rf"({_LATER}|请)?(把|都|用)*(字体?)(给我)?(放|调|弄|变|再)?大(一)?(点|些)儿?|{_LATER}?(请|都)?用大字")),
    (
        "plain",
        re.compile(rf"{_LATER}?(请|都)?(正常说|正常讲|正常语速|不用慢|不用那么慢|说快点|用?普通(字|大小)|字(体)?小(一)?点|不用大字)"),
    ),
)  # fmt: skip
_FAVOURITE = re.compile(
    rf"{_LATER}(有事|有通知|有啥事)?(请|都|就)*(用|发|打|走)?(短信|微信|电话)(通知|告诉|联系|找|说|给)?(我|俺)?"
)
_LINK = re.compile(r"绑定(?:手机号?码?|号码|验证码|码)?[是为:]?(\+?\d*)")
_UNLINK = re.compile(r"解绑|解除绑定|取消绑定")

SAID: dict[Level, str] = {
    "slow": "记住了，以后给您慢慢说。想改回来，说“正常说”。",
    "large": "记住了，以后给您用大字。想改回来，说“用普通字”。",
    "plain": "好，改回来了。",
}

ASK_NUMBER = "请发“绑定”加您登记过的手机号，比如：绑定 13900000000。我们给那个号码发6位数字。"
CODE_SENT = "如果这个号码登记过，一分钟内会收到6位数字。收到后在这里发“绑定”加那6位数字。"
SOON = "一分钟只能要一次，请过一会儿再试。"
CLOSED = "现在发不了短信，绑不了。请到村委会登记。"
LINKED = "绑定好了，在这里也认得您了。不想用了，发“解绑”。"
WRONG = "数字不对，或者过期了。请重新发“绑定”加手机号，要一个新的。"
UNLINKED = "已解绑，这里不再认得您的手机号。"
NOT_LINKED = "这里没有绑定过手机号。"
KNOWN_HERE = "您的号码这里本来就认得。要让微信也认得，请在微信里发“绑定”加您的手机号。"
ON_THE_PAGE = "网页上请点“证明手机号”。"


def code_text(code: str) -> str:
    """The text message that brings a code."""
    return f"{code}是您在乡音要的验证码，5分钟内有效。不是您要的就别管它，也别告诉任何人。"


class Who(Protocol):
    """Who stands behind an address; see `knowledge.identities.Who`."""

    @property
    def number(self) -> str | None: ...
    @property
    def level(self) -> Level: ...


class People(Protocol):
    """Where identities are kept; see `knowledge.identities.People`."""

    def who(self, channel: str, address: str, number: str | None = None) -> Who: ...
    def registered(self, number: str) -> tuple[str, ...]: ...
    def prefer(
        self,
        channel: str,
        address: str,
        number: str | None,
        now: datetime,
        level: Level | None = None,
        favourite: str | None = None,
    ) -> None: ...
    def issue(self, holder: str, number: str, network: str | None, now: datetime) -> str | None: ...
    def redeem(self, holder: str, code: str, now: datetime) -> str | None: ...
    def admit(self, number: str, now: datetime) -> str: ...
    def admitted(self, token: str, now: datetime) -> str | None: ...
    def dismiss(self, token: str) -> None: ...
    def link(self, channel: str, address: str, number: str, now: datetime) -> None: ...
    def unlink(self, channel: str, address: str) -> bool: ...
    def turn(self, key: str, now: datetime, pause: timedelta) -> bool: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish: `value` is a channel, or the digits after 绑定."""

    kind: Literal["level", "favourite", "link", "unlink"]
    value: str = ""
    level: Level = "plain"


def wish(text: str) -> Wish | None:
    """The wish that a message consists of; None for any other message."""
    if len(text) > 40:
        return None
    words = re.sub(r"[^\w+]+", "", normalize("NFKC", text)).removesuffix("吧").removesuffix("了")
    for level, pattern in _LEVELS:
        if pattern.fullmatch(words):
            return Wish("level", level=level)
    if found := _FAVOURITE.fullmatch(words):
        return Wish("favourite", CHANNEL_NAMES[found[5]])
    if found := _LINK.fullmatch(words):
        return Wish("link", found[1])
    return Wish("unlink") if _UNLINK.fullmatch(words) else None


class Persons:
    """Fulfils wishes. `texts` brings codes to their numbers."""

    def __init__(self, people: People, texts: Texts) -> None:
        self.people = people
        self._texts = texts

    def fulfil(self, message: Message, now: datetime) -> Reply | None:
        """The answer to a message that is such a wish, fulfilled; None for any other."""
        wished = wish(message.text)
        if wished is None:
            return None
        said = self._fulfil(wished, message, now)
        return Reply(said, intent=f"wish_{wished.kind}") if said else None

    def _fulfil(self, wished: Wish, message: Message, now: datetime) -> str | None:
        channel, address = message.address.channel, message.address.id
        match wished.kind:
            case "level":
                self.people.prefer(channel, address, message.resident, now, level=wished.level)
                return SAID[wished.level]
            case "favourite":
                self.people.prefer(channel, address, message.resident, now, favourite=wished.value)
                name = next(name for name, known in CHANNEL_NAMES.items() if known == wished.value)
                return f"记住了，以后有事先用{name}找您。"
        if channel in LINKABLE:
            return self._unlink(channel, address) if wished.kind == "unlink" else self._link(wished.value, message, now)
        if channel == "web":
            return ON_THE_PAGE
        return KNOWN_HERE if message.resident else None

    def _unlink(self, channel: str, address: str) -> str:
        return UNLINKED if self.people.unlink(channel, address) else NOT_LINKED

    def _link(self, digits: str, message: Message, now: datetime) -> str:
        channel, address = message.address.channel, message.address.id
        holder = f"{channel}:{address}"
        if len(digits) == 6:
            number = self.people.redeem(holder, digits, now)
            if number is None:
                return WRONG
            self.people.link(channel, address, number, now)
            return LINKED
        mainland = re.fullmatch(r"(?:\+?86)?(1\d{10})", digits)
        if not mainland and not re.fullmatch(r"\+\d{7,15}", digits):
            return ASK_NUMBER
        return self.send_code(holder, mainland[1] if mainland else digits, None, now)

    def send_code(self, holder: str, number: str, network: str | None, now: datetime) -> str:
        """Have a code sent to a number, if it is registered; the answer does not tell whether it is."""
        if not self._texts.texting():
            return CLOSED
        code = self.people.issue(holder, number, network, now)
        if code == "soon":
            return SOON
        if code:
            self._texts.send_text(number, code_text(code))
        return CODE_SENT
