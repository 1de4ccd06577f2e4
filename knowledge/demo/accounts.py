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
    found: list[dict[str, Any]] = []
    paid: set[str] = set()
    for number, day in enumerate(days, 1):
        entry = Draw("entry", village.code, day, number)
        direction, subject, figures = entry.pick(_subjects())
        while subject in paid:
            direction, subject, figures = entry.pick(_subjects())
        if figures.get("monthly"):
            paid.add(subject)
            pay = Draw("pay", village.code, subject)
        else:
            pay = entry
        values = {
            "place": village.code,
            "day": day,
            "direction": direction,
            "subject": subject,
            "summary": entry.pick(figures["says"]),
            "amount": _amount(pay, figures),
            "handler": officer(village, "会计" if entry.chance(70) else "委员"),
            "approver": officer(village, "书记"),
            "voucher": f"记{day:%Y%m}-{tail(village)}-{number:03d}",
        }
        found.append(values)
    return found


def _amount(draw: Draw, figures: dict[str, Any]) -> Decimal:
    if figures.get("fen"):
        return Decimal(draw.between(figures["from"] * 100, figures["to"] * 100)) / 100
    return Decimal(draw.between(figures["from"] // 10, figures["to"] // 10) * 10)


@cache
def officer(village: Place, post: str) -> str:
    """Who holds a post in a village: the same name in all its papers."""
    return people.name(Draw("officer", village.code, post))
