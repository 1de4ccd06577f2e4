"""What an alert is to us: who is listed, what is an emergency, what becomes of a part of a message. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

from knowledge.alerts import WITHOUT_END
from knowledge.announcements.tables import Announcement
from knowledge.imports.cap import LEVELS, Info, Message

Outcome = Literal[
    "released",  # an emergency, out at once
    "scheduled",  # approved by its sender: goes out at its time
    "waiting",  # a draft that waits for approval
    "missed",  # over before it came
    "late",  # an update or a cancellation of it came first
    "withdrawn",  # what it cancels is withdrawn
    "stored",  # kept, nobody is told
    "elsewhere",  # for no place of ours
    "ignored",
    "repeat",
    "refused",  # no message of CAP 1.2
]

#: A sender's clock may be so far ahead.
AHEAD = timedelta(minutes=10)

#: An outcome of a part of a message, the strongest first: that is what the message is said to have become.
STRENGTH: tuple[Outcome, ...] = ("released", "scheduled", "waiting", "missed")


class Wording(Protocol):
    """The words of an alert: title, text, and a short text or ""; see `channels.announcements.cap.words`."""

    def alert(self, info: Info, now: datetime, /) -> tuple[str, str, str]: ...
    def all_clear(self, info: Info | None, title: str, /) -> tuple[str, str, str]: ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message: the numbers of the announcements, and why, as sentences for staff."""

    outcome: Outcome
    announcements: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message, for some of our places; `doubts` are why a person has to look at it first."""

    info: Info
    places: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def listed(setting: str) -> dict[str, str]:
    """The publisher's name by sender, "" where none is given, of `id=name, id`."""
    pairs = [part.strip().partition("=") for part in setting.split(",")]
    return {sender.strip(): name.strip() for sender, _, name in pairs if sender.strip()}


def is_emergency(info: Info) -> bool:
    """Whether villagers are told at once: red and orange, unless it is improbable, past, or the end of something."""
    grave = info.severity in ("Extreme", "Severe") or info.level in LEVELS[:2]
    return grave and info.certainty != "Unlikely" and info.urgency != "Past" and "AllClear" not in info.responses


def times(message: Message, info: Info) -> tuple[datetime, datetime]:
    """From when until when it is told: from `effective`, else from when it was sent; a day where it has no end."""
    ends = info.expires or message.sent + WITHOUT_END
    starts = info.effective or message.sent
    return (starts if starts < ends else message.sent), ends


def outcome_of(message: Message, part: Part, told: bool, now: datetime) -> Outcome:
    """What becomes of a part. `told` says that people were told what it updates, so that they are told the news too."""
    starts, ends = times(message, part.info)
    if part.doubts:
        return "waiting"
    if ends <= now:
        return "missed"
    if is_emergency(part.info):
        return "released" if starts <= now + AHEAD else "scheduled"
    return "scheduled" if told else "waiting"


def in_force(row: Announcement, now: datetime) -> bool:
    """Whether people have been told: it is out, or would be shown."""
    return row.ends > now and (row.state == "going" or (row.state == "scheduled" and row.starts <= now))


def about(message: Message, part: Part) -> dict[str, Any]:
    """`Announcement.alert`: what the message was, beside what is said of it."""
    told = asdict(replace(part.info, areas=()))
    kept = ("event", "categories", "responses", "level", "urgency", "severity", "certainty", "contact")
    origin = message.origin
    return {
        "sender": message.sender,
        "identifier": message.identifier,
        "sent": utc(message.sent),
        "kind": message.kind,
        **{name: list(value) if isinstance(value := told[name], tuple) else value for name in kept},
        "unplaced": list(part.unplaced),
        "doubts": list(part.doubts),
        "origin": [origin.sender, origin.identifier, utc(origin.sent)] if origin and not part.doubts else None,
    }


def reference(message: Message) -> str:
    """A message as others refer to it: `sender,identifier,sent`."""
    return f"{message.sender},{message.identifier},{message.sent.isoformat()}"


def utc(moment: datetime | None) -> str:
    """A moment as it is compared with others; "" where it is unknown."""
    return moment.astimezone(UTC).isoformat() if moment else ""


def local(info: Info, now: datetime) -> Info:
    """The same with its moments in the zone of `now`."""

    def at(moment: datetime | None) -> datetime | None:
        return moment.astimezone(now.tzinfo) if moment else None

    return replace(info, effective=at(info.effective), onset=at(info.onset), expires=at(info.expires))
