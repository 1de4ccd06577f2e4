"""Notices of the county, of every town and of the villages: some still hold, some are over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.demo.draw import Draw
from knowledge.demo.scene import Row, Scene, pilot
from knowledge.places import Place

#: How many days lie between two notices of one place.
_RHYTHM = {"county": 9, "town": 14, "village": 75}
_PILOT_RHYTHM = 4
_PUBLISHER = {"county": "人民政府办公室", "village": "村委会"}

BACK = 120


@cache
def _templates() -> dict[str, list[dict[str, Any]]]:
    stored: dict[str, list[dict[str, Any]]] = yaml.safe_load(
        (Path(__file__).parent / "notices.yml").read_text(encoding="utf-8")
    )
    return stored


def notices(mark: str, scene: Scene) -> Iterator[Row]:
    """The notices of the last four months. Each place gives notice in its own rhythm, its kinds in turn."""
    places = [place for place in scene.places if place.kind in {"county", "town", "village"}]
    for place in sorted(places, key=lambda place: place.code):
        rhythm = _PILOT_RHYTHM if pilot(place) else _RHYTHM[place.kind]
        offset = Draw("rhythm", place.code).below(rhythm)
        for day in scene.days(BACK):
            turn, rest = divmod(day.toordinal() + offset, rhythm)
            if rest == 0:
                yield _notice(place, day, turn, mark), day


def _notice(place: Place, day: date, turn: int, mark: str) -> dict[str, Any]:
    templates = _templates()[place.kind]
    draw = Draw("notice", place.code, day)
    template = templates[turn % len(templates)] if pilot(place) or place.kind != "village" else draw.pick(templates)
    expires = day + timedelta(template["days"])
    when = expires - timedelta(draw.below(3))
    return {
        "code": f"TZ{day:%y%m%d}-{place.code}",
        "title": f"{place.name}{template['title']}",
        "body": template["body"].format(
            place=place.name,
            day=f"{when.month}月{when.day}日",
            half=draw.pick(("上午9点", "下午2点")),
            hour=draw.pick(("早上7点半", "上午8点", "上午9点")),
        ),
        "place": place.code,
        "kind": template["kind"],
        "published": day,
        "expires": expires,
        "publisher": _publisher(place) + mark,
    }


def _publisher(place: Place) -> str:
    if place.kind == "town":
        return place.name + ("办事处" if place.name.endswith("街道") else "人民政府")
    return place.name.removesuffix("村" if place.kind == "village" else "") + _PUBLISHER[place.kind]
