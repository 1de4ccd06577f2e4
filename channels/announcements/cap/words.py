"""What an alert says to villagers: its title, its text, and a short text for messages. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

#: What fits, in characters: a title as staff write it; what happens and what to do, which with the rest are below the
#: 2,000 bytes of a message on WeChat; a short text, which with the rest is within three text messages.
TITLE, WHAT, DO, ALL = 30, 340, 180, 100

_ENDS = "。！？；!?;"

#: What reading an alert makes half width, between hanzi again as it is written there.
_FULL = {";": "；", "?": "？"}
_HALF = re.compile(r"(?<=[一-鿿])[;?]")


class Info(Protocol):
    """What an alert tells; see `knowledge.imports.cap.Info`. Moments are local."""

    @property
    def event(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def headline(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def instruction(self) -> str: ...
    @property
    def responses(self) -> Sequence[str]: ...
    @property
    def onset(self) -> datetime | None: ...
    @property
    def expires(self) -> datetime | None: ...


def alert(info: Info, now: datetime) -> tuple[str, str, str]:
    """Title, text and short text of an alert: what happens, when, what to do; what there is no room for is left out."""
    title = _title(info)
    when = _sentence(f"预计{_at(info.onset, now)}开始") if info.onset and info.onset > now else ""
    until = _sentence(f"有效到{_at(info.expires, now)}") if info.expires else ""
    headline = info.headline if _plain(info.headline) not in (_plain(title), _plain(info.description)) else ""
    said = [_sentence(part) for part in (headline, info.description)]
    times = "".join(part for part in (when, until) if part and part not in info.description)
    text = f"{clip(''.join(said), WHAT)}{clip(_sentence(info.instruction), DO)}{times}" or _sentence(title)
    if len(text) <= ALL:
        return title, text, ""
    do = clip(_sentence(info.instruction), (ALL - len(times)) * 3 // 5)
    what = clip(_sentence(info.description or headline), ALL - len(times) - len(do))
    return title, text, f"{what}{do}{times}"


def all_clear(info: Info | None, title: str) -> tuple[str, str, str]:
    """Title, text and short text of the end of an alert that was titled so; `info` is what its cancellation says."""
    ended = clip(f"解除：{title}", TITLE)
    if info is None:
        return ended, _sentence(f"{title}已经解除"), ""
    named = _title(info) if "解除" in info.headline else ended
    said = f"{clip(_sentence(info.description), WHAT)}{clip(_sentence(info.instruction), DO)}"
    text = said if "解除" in said else f"{_sentence(f'{title}已经解除')}{said}"
    return named, text, "" if len(text) <= ALL else clip(text, ALL)


def clip(text: str, longest: int) -> str:
    """A text of at most so many characters: whole sentences where one fits, else cut with …; "" where nothing fits."""
    if len(text) <= longest:
        return text
    cut = max((place for mark in _ENDS if (place := text.rfind(mark, 0, longest)) > 0), default=-1)
    return text[: cut + 1] if cut >= 0 else f"{text[: longest - 1]}…" if longest > 1 else ""


def _title(info: Info) -> str:
    """The headline, or what it is about where that is too long for a title."""
    named = info.event if info.event.endswith(("预警", "警报", "提示")) else f"{info.event}{info.level}预警"
    if any(response == "AllClear" for response in info.responses) and "解除" not in named:
        named = f"解除{named}"
    return info.headline if 0 < len(info.headline) <= TITLE else clip(named, TITLE)


def _sentence(text: str) -> str:
    text = _HALF.sub(lambda mark: _FULL[mark[0]], text.strip())
    return text if not text or text.endswith(tuple(_ENDS)) else f"{text.rstrip('，、,.：:')}。"


def _plain(text: str) -> str:
    return text.strip().rstrip(_ENDS)


def _at(moment: datetime, now: datetime) -> str:
    """11月26日20时, with minutes and year only where they say something."""
    minutes = f"{moment.minute}分" if moment.minute else ""
    year = f"{moment.year}年" if moment.year != now.year else ""
    return f"{year}{moment.month}月{moment.day}日{moment.hour}时{minutes}"
