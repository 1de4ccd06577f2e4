"""What a loudspeaker reports, checked: what it tells of itself, what it has played. Pure but for the request."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.base.reading import tidy
from channels.base.refusals import RefusedError

#: So many fields about itself are kept, so long each, in characters; so many plays may be told at once.
FIELDS, FIELD, PLAYS = 30, 200, 200

#: The fields that are figures, and what they lie between: hundredths, hundredths, degrees Celsius.
FIGURES = {"volume": (0, 100), "battery": (0, 100), "temperature": (-60, 150)}

_NUMBER = 2**63 - 1
_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Play:
    """A play that was told; see `knowledge.announcements.speakers.Play`."""

    announcement: int
    began: datetime
    seconds: int
    result: str


def about(body: Mapping[str, Any]) -> dict[str, Any]:
    """What it tells of itself, within bounds. Raises RefusedError for a figure that is none."""
    told: dict[str, Any] = {}
    for name, (least, most) in FIGURES.items():
        if body.get(name) is not None and not _between(body[name], least, most):
            raise _wrong(name, f"要是{least}到{most}之间的数", f"must be a number from {least} to {most}")
    for name, value in list(body.items())[: FIELDS + 1]:
        if name != "plays" and len(told) < FIELDS:
            told[tidy(name)[:FIELD]] = _bounded(value)
    return told


def plays(body: Mapping[str, Any]) -> list[Play]:
    """What it has played. Raises RefusedError, naming what is wrong."""
    told = body.get("plays")
    if told is None:
        return []
    if not isinstance(told, list):
        raise _wrong("plays", "要是数组 […]", "must be an array: [...]")
    if len(told) > PLAYS:
        raise RefusedError(
            413, "plays_too_many", f"plays 一次最多{PLAYS}条，请分几次报。", f"At most {PLAYS} plays at once; send the rest next."
        )  # fmt: skip
    return [_play(each) for each in told]


def _play(told: Any) -> Play:
    if not isinstance(told, dict):
        raise _wrong("plays", "里每一条要是对象 {…}", "must hold objects: {...}")
    number = told.get("announcement")
    if type(number) is not int or not 0 < number <= _NUMBER:
        raise _wrong(
            "announcement", "要是公告的编号（播放单里的 id）", "must be the id in the playlist, a whole number"
        )
    seconds = told.get("seconds", 0)
    if not _between(seconds, 0, _DAY):
        raise _wrong("seconds", f"要是0到{_DAY}之间的数", f"must be a number from 0 to {_DAY}")
    result = told.get("result", "played")
    if not isinstance(result, str) or not 0 < len(tidy(result).strip()) <= 40:
        raise _wrong("result", "播了写 played，没播写原因，最长40个字", "is played, or the reason in 40 characters")
    return Play(number, _moment(told.get("began")), round(seconds), tidy(result).strip())


def _moment(told: Any) -> datetime:
    try:
        began = datetime.fromisoformat(told)
        if began.tzinfo and 1970 <= began.year <= 2200:
            return began
    except (TypeError, ValueError):
        pass
    raise _wrong(
        "began", "要像 2026-11-23T07:00:00+08:00，带时区", "must be like 2026-11-23T07:00:00+08:00, with its zone"
    )


def _between(value: Any, least: float, most: float) -> bool:
    return type(value) in (int, float) and least <= value <= most


def _bounded(value: Any) -> Any:
    """A value that any database keeps: text cut, what is nested as text, no infinities."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e15:
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return tidy(text)[:FIELD]


def _wrong(name: str, chinese: str, english: str) -> RefusedError:
    return RefusedError(
        400, f"{name}_wrong", f"{name} {chinese}，请改了再报。", f"{name} {english}; mend it, report again."
    )
