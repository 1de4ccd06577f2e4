"""Announcements in force on the web page: beside it as JSON, asked for each minute, and in the page as it is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from channels.base import Service
from channels.base.reading import MAX_NAME, village
from channels.base.refusals import RefusedError, json_response
from channels.web.visitor import Visitor, visitor


def add_routes(blueprint: Blueprint, service: Service) -> None:
    """`GET /announcements?village=CODE` (or its name): `[{"id","title","text","urgency","publisher","from","until"}]`.

    Emergencies first, then the latest. Without a village: what is for that of a proven number, else for the county. It
    has an ETag, so that asking again costs no more than a few bytes.
    """

    blueprint.add_app_template_filter(day, "day")

    @blueprint.get("/announcements")
    def announcements() -> ResponseReturnValue:
        named = request.args.get("village", "")[:MAX_NAME]
        response = json_response(told(service, visitor(service), village(service.places, named)))
        response.headers["X-Content-Type-Options"] = "nosniff"
        return _revalidated(response)


def on_the_page(service: Service, who: Visitor, typed: str) -> list[dict[str, Any]]:
    """The same for a page on which a village is typed, which may be none of ours."""
    try:
        code = village(service.places, typed[:MAX_NAME])
    except RefusedError:
        code = None
    return told(service, who, code)


def told(service: Service, who: Visitor, code: str | None) -> list[dict[str, Any]]:
    """The announcements in force for a village, for those of a proven number, or for the county, as JSON values."""
    homes: Sequence[str] = (code,) if code else ()
    if not homes and who.number:
        homes = service.people.registered(who.number)
    now = service.desk.now()
    rows = {}
    for place in homes or (service.places.county.code,):
        rows.update({row.id: row for row in service.announcements.showing(now, "web", place)})
    in_order = sorted(rows.values(), key=lambda row: (row.urgency != "emergency", -row.starts.timestamp(), -row.id))
    return [
        {
            **{"id": row.id, "title": row.title, "text": row.text, "urgency": row.urgency, "publisher": row.publisher},
            **{"from": row.starts.astimezone(now.tzinfo).isoformat(timespec="minutes")},
            **{"until": row.ends.astimezone(now.tzinfo).isoformat(timespec="minutes")},
        }
        for row in in_order
    ]


def day(moment: str) -> str:
    """The day of a moment as JSON has it: 11月23日."""
    return f"{int(moment[5:7])}月{int(moment[8:10])}日"


def _revalidated(response: Response) -> Response:
    response.add_etag()
    response.cache_control.private = True
    response.cache_control.no_cache = True
    response.vary.add("Cookie")
    response.make_conditional(request)
    return response
