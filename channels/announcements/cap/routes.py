"""Alerts in and announcements out, as messages of the Common Alerting Protocol (OASIS CAP 1.2). See docs/alerts.md."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from channels.announcements.cap import feed as cap_feed
from channels.announcements.cap import out as cap_out
from channels.announcements.cap.feed import ATOM_TYPE
from channels.announcements.cap.out import CAP_TYPE, House
from channels.base import Service
from channels.base.reading import bears, whole_body
from channels.base.refusals import RefusedError, http_error, json_response

#: The largest message that is read, in bytes. Those of the field are below 20 KB, polygons included.
MAX_MESSAGE = 256 * 1024


def routes(service: Service) -> Blueprint:
    """`POST /cap`, `GET /cap/<identifier>.xml`, `GET /cap/feed.xml`."""
    blueprint = Blueprint("cap", __name__)

    @blueprint.post("/cap")
    def take() -> ResponseReturnValue:
        """What became of a message. Who bears the token is trusted to have checked the sender that it names."""
        if not bears(service.settings.cap_token):
            raise http_error(403)
        request.max_content_length = MAX_MESSAGE
        receipt = service.alerts.receive(whole_body(), service.desk.now())
        if receipt.outcome == "refused":
            raise RefusedError(
                *(400, "no_alert", f"{receipt.reasons[0]}。请改好再发。"),
                "Not a message of CAP 1.2; the Chinese sentence says what is wrong.",
            )
        return json_response(asdict(receipt))

    @blueprint.get("/cap/<identifier>.xml")
    def one(identifier: str) -> ResponseReturnValue:
        issued = service.published.get(identifier, service.desk.now())
        if issued is None:
            raise RefusedError(
                404,
                "no_message",
                "没有这条公告，或者还没有播发。看 /cap/feed.xml 有哪些。",
                "No such message, or not issued yet; see /cap/feed.xml.",
            )
        return _checked(cap_out.message(issued, house(service)), CAP_TYPE)

    @blueprint.get("/cap/feed.xml")
    def feed() -> ResponseReturnValue:
        now = service.desk.now()
        return _checked(cap_feed.feed(service.published.current(now), house(service), now), ATOM_TYPE)

    return blueprint


def house(service: Any) -> House:
    """Who sends our messages; `service` is a `channels.base.Service`, or the application's own."""
    settings = service.settings
    county = settings.county_name

    def place(code: str) -> str:
        name = service.places.full_name(code)
        return str(name if name == county else f"{county}{name}")

    zone = settings.now().tzinfo
    return House(service.cap_sender, settings.own_url, f"{county}公告", settings.hotline, zone, place)


def _checked(body: bytes, kind: str) -> Response:
    """With a tag, so that who asks again gets it only if it has changed."""
    response = Response(body, content_type=f"{kind}; charset=utf-8")
    response.set_etag(hashlib.sha256(body).hexdigest())
    response.cache_control.no_cache = True
    response.make_conditional(request)
    return response
