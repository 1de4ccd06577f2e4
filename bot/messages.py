"""The values that cross rooms: what a villager sent, and what is answered. Imports nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Value = Decimal | int | str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message came from and where the answer goes: a channel's name and the sender's id in it."""

    channel: str
    id: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a channel received it. `id` is the gateway's own id, if it has one.

    `village` is a place the sender named beside the text (a web page's choice, a QR code); it says what
    "our village" means and proves nothing. `resident` is a phone number that the channel itself has proven
    (an SMS sender, an integrator's token): it opens the village scope if the residents' list knows it.
    `operator` is set by the command line alone: whoever runs it holds the database anyway and is answered as
    a resident of `village`.
    """

    address: Address
    text: str
    received: datetime
    id: str | None = None
    village: str | None = None
    resident: str | None = None
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """One stored value that a reply rests on. `value` is in `unit` (or as published, a string)."""

    what: str
    value: Value
    unit: str = ""
    subject: str = ""
    place: str = ""
    as_of: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One numbered way on: `label` is shown, `text` is the message that choosing it stands for."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, written once for all channels.

    `headline` is the answer itself, fit for one text message; `details` are further lines; `facts` carry every
    figure that either of them names. `speech` is set where it must be said otherwise than it is written. `manner` is how
    its receiver prefers to have it: "slow" (spoken slowly), "large" (in large type), "" as usual.
    """

    headline: str
    details: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    choices: tuple[Choice, ...] = ()
    speech: str | None = None
    picture: str | None = None
    intent: str = ""
    manner: str = ""

    @property
    def source(self) -> str:
        """Who published the figures and as of when, e.g. 农业农村局 2026-11-23; "" where there are none.

        Of one department the latest date is told: earlier facts beside it carry theirs in the text.
        """
        latest: dict[str, date | None] = {}
        for fact in self.facts:
            if fact.source:
                known = latest.get(fact.source)
                dates = [d for d in (known, fact.as_of) if d]
                latest[fact.source] = max(dates) if dates else None
        return "；".join(f"{name} {day.isoformat()}" if day else name for name, day in latest.items())

    @property
    def text(self) -> str:
        """The whole reply as lines of plain text: headline, details, choices, source."""
        lines = [self.headline, *self.details]
        lines += [f"{number} {choice.label}" for number, choice in enumerate(self.choices, 1)]
        if self.source:
            lines.append(f"（来源：{self.source}）")
        return "\n".join(lines)

    def with_intent(self, intent: str) -> Reply:
        """The same reply, marked with the intent that it answers."""
        return replace(self, intent=intent)


def as_json(reply: Reply) -> dict[str, Any]:
    """A reply as JSON values, the shape of `POST /api/chat`: whole numbers as integers, dates as YYYY-MM-DD."""
    names = ("what", "value", "unit", "subject", "place", "as_of", "source")
    shaped: dict[str, Any] = {
        "text": reply.text,
        "headline": reply.headline,
        "details": list(reply.details),
        "facts": [{name: _plain(getattr(fact, name)) for name in names} for fact in reply.facts],
        "choices": [{"label": choice.label, "text": choice.text} for choice in reply.choices],
        "intent": reply.intent,
    }
    if reply.picture:
        shaped["picture"] = reply.picture
    if reply.speech:
        shaped["speech"] = reply.speech
    if reply.manner:
        shaped["manner"] = reply.manner
    return shaped


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as far as it is proven.

    `villages` are the 12-digit codes in whose residents' list the asker stands (one phone may serve several
    people of one household); `home` is the village meant by "our village", proven or only named; `number` is the
    proven phone number, where there is one.
    """

    villages: tuple[str, ...] = ()
    home: str | None = None
    staff: bool = False
    key: str = field(default="", compare=False)
    number: str | None = field(default=None, compare=False)

    def may_see(self, village: str) -> bool:
        """Whether records of `village` scope may be told to this asker."""
        return self.staff or village in self.villages
