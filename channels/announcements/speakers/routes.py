"""IP loudspeakers: what one of a village is to play, and what it reports. See docs/speakers.md.

What is shouted in the village is no secret, so that anybody may read the playlist; a report needs its speaker's token.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from threading import Lock

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from channels.announcements.speakers import reports as speaker_reports
from channels.announcements.speakers.playlist import POLL, POLL_SOON, Item, OnAir, as_json, as_m3u, items
from channels.base import Service
from channels.base.places import Place
from channels.base.reading import json_body
from channels.base.refusals import RefusedError, http_error, json_response

log = logging.getLogger(__name__)


#: What is on the air is looked up once for all who ask within so many seconds: hundreds ask when an emergency begins.
FRESH = 0.2


class Listing:
    """What is on the air for one village after another."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = Lock()
        self._known: Sequence[OnAir] = ()
        self._until = 0.0

    def of(self, place: Place) -> list[Item]:
        """What is to be played in a village, emergencies first."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._known = self._service.speakers.on_air(self._service.desk.now())
                self._until = time.monotonic() + FRESH
            known = self._known
        return items([each for each in known if each.concerns(place.code)], self._service.booth)


def routes(service: Service) -> Blueprint:
    """`GET /speakers/<village>/playlist.json`, `.m3u`; `POST /speakers/<village>/report`."""
    blueprint = Blueprint("speakers", __name__)
    listing = Listing(service)

    @blueprint.get("/speakers/<village>/playlist.json")
    def playlist(village: str) -> ResponseReturnValue:
        place = _village(service, village)
        listed = listing.of(place)
        soon = any(item.programme is None and service.booth.pending(item.said) for item in listed)
        name = service.places.full_name(place.code)
        told = as_json(place.code, name, listed, service.desk.now(), POLL_SOON if soon else POLL)
        return _checked(Response(json.dumps(told, ensure_ascii=False), mimetype="application/json"))

    @blueprint.get("/speakers/<village>/playlist.m3u")
    def m3u(village: str) -> ResponseReturnValue:
        listed = listing.of(_village(service, village))
        base = (service.settings.public_url or request.host_url).rstrip("/")
        text = as_m3u(listed, service.desk.now(), base)
        return _checked(Response(text, content_type="audio/x-mpegurl; charset=utf-8"))

    @blueprint.post("/speakers/<village>/report")
    def report(village: str) -> ResponseReturnValue:
        name = service.speakers.bearing(_village(service, village).code, _token())
        if name is None:
            raise RefusedError(
                *(403, "forbidden", "令牌不对。请用 flask speaker add 登记时给的令牌。"),
                "Not the token of a loudspeaker of this village; `flask speaker add` prints it once.",
            )
        body = json_body()
        about, plays = speaker_reports.about(body), speaker_reports.plays(body)
        heard = service.speakers.report(name, about, plays, service.desk.now())
        if heard.back:
            log.info("loudspeaker %s is heard of again", name)
        now = service.desk.now().isoformat(timespec="seconds")
        return json_response({"speaker": name, "new": heard.new, "unknown": heard.unknown, "poll": POLL, "now": now})

    return blueprint


def _village(service: Service, code: str) -> Place:
    place = service.places.get(code) if len(code) == 12 else None
    if place is None:
        raise RefusedError(
            *(404, "no_village", "没有这个村，请用村的12位区划代码。"),
            f"There is no village {code[:20]}; use the 12-digit division code.",
        )
    return place


def _token() -> str:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise http_error(403)
    return given.strip()


def _checked(response: Response) -> Response:
    """Kept by who asks, but asked for anew each time: unchanged is 304 (RFC 9110, 13)."""
    response.add_etag()
    response.cache_control.no_cache = True
    response.make_conditional(request)
    return response
