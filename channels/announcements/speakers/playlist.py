"""What a loudspeaker of a village is to play, as JSON with moments and as a plain list of what is due now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Protocol

from channels.announcements import wording
from channels.announcements.speakers import plays
from channels.announcements.speakers.booth import Booth, Recording

#: A loudspeaker asks again after so many seconds; sooner while a programme is being made.
POLL, POLL_SOON = 15, 2


class Said(wording.Said, plays.Said, Protocol):
    """An announcement; see `knowledge.announcements.tables.Announcement`."""

    @property
    def id(self) -> int: ...
    @property
    def starts(self) -> datetime: ...


class OnAir(Protocol):
    """An announcement in force; see `knowledge.announcements.speakers.OnAir`."""

    @property
    def said(self) -> Any: ...  # a Said
    @property
    def began(self) -> datetime: ...
    def concerns(self, place: str) -> bool: ...


@dataclass(frozen=True)
class Item:
    """An announcement and its programme; None while that is being made, or where the voice fails."""

    said: Said
    began: datetime
    programme: Recording | None

    @property
    def path(self) -> str | None:
        """Where its programme is fetched."""
        return f"/audio/{self.programme.sha}.mp3" if self.programme else None


def items(on_air: Sequence[OnAir], booth: Booth) -> list[Item]:
    """What is to be played, emergencies first."""
    booth.begin(each.said for each in on_air)
    return [Item(each.said, each.began, booth.of(each.said)) for each in on_air]


def as_json(code: str, name: str, played: Sequence[Item], now: datetime, poll: int) -> dict[str, Any]:
    """The playlist of a village. Its moments are those of today and tomorrow, so that it only changes when it must."""
    listed = [_as_json(item, now) for item in played]
    version = hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()[:16]
    return {"village": code, "name": name, "version": version, "poll": poll, "items": listed}


def _as_json(item: Item, now: datetime) -> dict[str, Any]:
    said = item.said
    midnight = datetime.combine(now.date(), time(), now.tzinfo)
    when = plays.moments(said, item.began, midnight - plays.LATE, midnight + 2 * plays.DAY)
    return {
        "id": said.id,
        "title": said.title,
        "text": said.text,
        "publisher": said.publisher,
        "urgency": said.urgency,
        "from": _local(said.starts, now),
        "until": _local(said.ends, now),
        "moments": [_local(moment, now) for moment in when],
        "late": int(plays.LATE.total_seconds()),
        "volume": plays.VOLUME.get(said.urgency, plays.VOLUME["routine"]),
        "seconds": round(item.programme.seconds, 1) if item.programme else None,
        "sha": item.programme.sha if item.programme else None,
        "url": item.path,
    }


def as_m3u(played: Sequence[Item], now: datetime, base: str) -> str:
    """What is due now, for players that only loop a list: EXTM3U in UTF-8, whole addresses; empty between plays."""
    lines = ["#EXTM3U"]
    for item in played:
        made = item.programme
        if made and plays.due(item.said, item.began, now, made.seconds):
            title = " ".join(wording.heading(item.said).split())
            lines += [f"#EXTINF:{round(made.seconds)},{title}", f"{base}{item.path}"]
    return "\n".join([*lines, ""])


def _local(moment: datetime, now: datetime) -> str:
    return moment.astimezone(now.tzinfo).isoformat(timespec="seconds")
