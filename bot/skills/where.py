"""The place that a question is about, and how it is said."""

from __future__ import annotations

from bot.skills.base import Context
from bot.understanding.query import Query
from knowledge.places import Place, Places


def asked(query: Query, ctx: Context) -> Place | None:
    """The village, else the town, else the county that a question names; None where it names none of them."""
    slots = query.slots
    for code in (slots.get("village"), slots.get("town")):
        if code and (place := ctx.places.get(code)):
            return place
    return ctx.places.county if slots.get("county") else None


def town_of(place: Place, places: Places) -> Place | None:
    """The town of a village, a town itself; None for the county."""
    if place.kind in {"village", "community"}:
        return places.get(place.parent or "")
    return place if place.kind == "town" else None


def said(place: Place, places: Places) -> str:
    """A place's name, with its town before it where another town has a village of the same name."""
    alone = place.kind in {"county", "town"} or len(places.units(place.name)) == 1
    return place.name if alone else places.full_name(place.code)
