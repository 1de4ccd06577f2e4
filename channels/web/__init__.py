"""The web chat: one plain page in large type that works without JavaScript, and quicker with it.

The page posts to its own address: a form is answered with the page, JSON with JSON. A random key in a cookie is the
conversation; it proves nobody's number, so nothing of `village` scope is told here.
"""

from __future__ import annotations

import re
import secrets

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from bot.messages import Address, Choice, Message, as_json
from channels.base import Outcome, Service
from channels.base.reading import MAX_TEXT, Asked, asked, json_body, whole_body
from channels.base.refusals import RefusedError, http_error, json_response

COOKIE = "xiangyin_chat"
KEPT = 30 * 24 * 3600  # seconds

#: Nothing from elsewhere, nothing inline, no frames.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

EXAMPLES = tuple(Choice(text, text) for text in ("玉米多少钱一斤", "低保怎么办", "镇上几点办公", "最近有什么通知"))


def routes(service: Service) -> Blueprint:
    """`GET` and `POST /`, `GET /web/places.json` and the page's own files under `/web/`."""
    blueprint = Blueprint("web", __name__, static_folder="static", static_url_path="/web", template_folder="templates")

    @blueprint.get("/")
    def page() -> ResponseReturnValue:
        return _dressed(_page(service), _key())

    @blueprint.post("/")
    def ask() -> ResponseReturnValue:
        key = _key()
        if request.mimetype == "application/json":
            outcome = _receive(service, key, asked(json_body(), service.places, sender=False))
            return _dressed(json_response(_shown(outcome)), key)
        whole_body()
        typed = request.form.get("village", "")
        try:
            question = asked(request.form, service.places, sender=False)
            answer = _shown(_receive(service, key, question))
        except RefusedError as refusal:
            page = _page(service, typed, request.form.get("text", ""), refused=refusal.chinese)
            return _dressed(Response(page, refusal.status), key)
        return _dressed(_page(service, typed, question.text, answer), key)

    @blueprint.get("/web/places.json")
    def places() -> ResponseReturnValue:
        """All villages as [code, name with town], for the page's search box; fetched when the box is used."""
        names = [[place.code, service.places.full_name(place.code)] for place in service.places.villages()]
        response = json_response(names)
        response.cache_control.max_age = 24 * 3600
        return response

    return blueprint


def _receive(service: Service, key: str, question: Asked) -> Outcome:
    message = Message(Address("web", key), question.text, service.desk.now(), id=question.id, village=question.village)
    return service.desk.receive(message, patience=5.0, network=request.remote_addr)


def _shown(outcome: Outcome) -> dict[str, object]:
    """What the page shows of an outcome. Raises RefusedError where there is nothing to show."""
    if outcome.kind == "throttled":
        raise http_error(429)
    if outcome.earlier:
        return outcome.earlier
    if outcome.reply is None:
        raise http_error(503)
    return as_json(outcome.reply)


def _page(service: Service, village: str = "", question: str = "", answer: object = None, refused: str = "") -> str:
    return render_template(
        "chat.html",
        county=service.settings.county_name,
        examples=EXAMPLES,
        longest=MAX_TEXT,
        village=village,
        question=question,
        answer=answer,
        refused=refused,
    )


def _key() -> str:
    """The conversation that the browser is in; a new one if it is in none."""
    known = request.cookies.get(COOKIE, "")
    return known if re.fullmatch(r"[\w-]{32}", known, re.ASCII) else secrets.token_urlsafe(24)


def _dressed(content: Response | str, key: str) -> Response:
    response = content if isinstance(content, Response) else Response(content)
    encrypted = request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"
    response.set_cookie(COOKIE, key, max_age=KEPT, secure=encrypted, httponly=True, samesite="Lax")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.cache_control.no_store = True
    return response
