"""The words of an announcement on each outlet. Pure."""

from __future__ import annotations

from typing import Protocol

#: What asks for an answer, and the answer.
ASKS = "收到请回1。"
CONFIRMS = "1"


class Said(Protocol):
    """What an announcement says; see `knowledge.announcements.tables.Announcement`."""

    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def short(self) -> str: ...
    @property
    def publisher(self) -> str: ...
    @property
    def urgency(self) -> str: ...
    @property
    def confirm(self) -> bool: ...


def heading(said: Said) -> str:
    """The title, marked where it is urgent."""
    return f"紧急：{said.title}" if said.urgency == "emergency" else said.title


def message(said: Said) -> str:
    """A text message: the short text where there is one, who says it, and whether an answer is awaited."""
    return f"【{heading(said)}】{said.short or said.text}（{said.publisher}）{ASKS if said.confirm else ''}"


def chat(said: Said) -> str:
    """A message on WeChat: the whole text, in lines."""
    lines = [f"【{heading(said)}】", said.text, f"（{said.publisher}）"]
    return "\n".join([*lines, ASKS] if said.confirm else lines)


def spoken(said: Said) -> str:
    """What a loudspeaker or a call says; the signature is the programme's."""
    return f"{_sentence(heading(said))}{_sentence(said.text)}"


def of(said: Said, channel: str) -> str:
    """The words for one person on a channel: sms, wechat or call."""
    return {"sms": message, "wechat": chat, "call": spoken}[channel](said)


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith(("。", "！", "？", "!", "?")) else f"{text}。"
