"""Pictures of public figures, as replies name them: drawn when somebody looks."""

from __future__ import annotations

from hashlib import blake2b

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from channels.base import Gate, Service
from channels.base.refusals import http_error

#: How long a browser may show a picture without asking again, in seconds; and how many one address may ask for a minute.
KEPT = 300
PER_MINUTE = 120


def routes(service: Service) -> Blueprint:
    """`GET /pictures/<name>.png`."""
    blueprint = Blueprint("pictures", __name__)
    gate = Gate(PER_MINUTE)

    @blueprint.get("/pictures/<path:name>.png")
    def picture(name: str) -> ResponseReturnValue:
        if gate.admit("picture", request.remote_addr or "") != "in":
            raise http_error(429)
        drawn = service.picture(name)
        if drawn is None:
            raise http_error(404)
        response = Response(drawn, mimetype="image/png")
        response.cache_control.public = True
        response.cache_control.max_age = KEPT
        response.set_etag(blake2b(drawn, digest_size=16).hexdigest())
        return response.make_conditional(request)

    return blueprint
