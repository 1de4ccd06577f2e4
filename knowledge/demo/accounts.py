"""The village accounts: a few entries a month in every village, many in the pilots."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.demo import people
from knowledge.demo.draw import Draw
from knowledge.demo.scene import Row, Scene, months, next_month, pilot, tail
from knowledge.places import Place


@cache
def _subjects() -> list[tuple[str, str, dict[str, Any]]]:
    """(direction, subject, its figures), each as often as its weight says."""
    stored = yaml.safe_load((Path(__file__).parent / "accounts.yml").read_text(encoding="utf-8"))
    return [
        (direction, subject, figures)
        for direction, subjects in stored.items()
        for subject, figures in subjects.items()
        for _ in range(figures["weight"])
    ]


def entries(scene: Scene) -> Iterator[Row]:
    """The entries of all villages from `scene.since` to today. A month's vouchers are numbered by day."""
    for village in scene.villages:
        for month in months(scene.since, scene.today):
            for values in _month(village, month):
                if scene.since <= values["day"] <= scene.today:
                    yield values, values["day"]


def _month(village: Place, month: date) -> list[dict[str, Any]]:
    draw = Draw("accounts", village.code, month)
    count = draw.between(18, 26) if pilot(village) else draw.between(1, 3)
    last = next_month(month).toordinal() - 1
    days = sorted(date.fromordinal(draw.between(month.toordinal(), last)) for _ in range(count))
    return [_entry(village, day, number) for number, day in enumerate(days, 1)]


def _entry(village: Place, day: date, number: int) -> dict[str, Any]:
    draw = Draw("entry", village.code, day, number)
    direction, subject, figures = draw.pick(_subjects())
    if figures.get("fen"):
        amount = Decimal(draw.between(figures["from"] * 100, figures["to"] * 100)) / 100
    else:
        amount = Decimal(draw.between(figures["from"] // 10, figures["to"] // 10) * 10)
    return {
        "place": village.code,
        "day": day,
        "direction": direction,
        "subject": subject,
        "summary": draw.pick(figures["says"]),
        "amount": amount,
        "handler": officer(village, "会计" if draw.chance(70) else "委员"),
        "approver": officer(village, "书记"),
        "voucher": f"记{day:%Y%m}-{tail(village)}-{number:03d}",
    }


@cache
def officer(village: Place, post: str) -> str:
    """Who holds a post in a village: the same name in all its papers."""
    return people.name(Draw("officer", village.code, post))
