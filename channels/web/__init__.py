"""The web chat: one plain page in large type that works without JavaScript, and quicker with it.

The page posts to its own address: a form is answered with the page, JSON with JSON. A random key in a cookie is the
conversation; it proves nobody's number: what is of `village` scope is told to who has proven theirs (`number`).
`/?village=CODE`, as a village's QR code has it, sets the village of the visit.
"""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from bot.messages import Choice, Message, as_json
from channels.base import Outcome, Service
from channels.base.reading import MAX_NAME, MAX_TEXT, Asked, asked, json_body, village, whole_body
from channels.base.refusals import RefusedError, http_error, json_response
from channels.web import announcements, number, spoken
from channels.web.visitor import Visitor, dressed, visitor

EXAMPLES = tuple(Choice(text, text) for text in ("玉米多少钱一斤", "低保怎么办", "镇上几点办公", "最近有什么通知"))


def routes(service: Service) -> Blueprint:
    """`GET` and `POST /`, `/number`, `GET /announcements`, `/web/places.json` and the page's own files under `/web/`."""
    blueprint = Blueprint("web", __name__, static_folder="static", static_url_path="/web", template_folder="templates")

    number.add_routes(blueprint, service)
    spoken.add_routes(blueprint, service)
    announcements.add_routes(blueprint, service)

    @blueprint.get("/")
    def page() -> ResponseReturnValue:
        who = visitor(service)
        named = request.args.get("village", "")
        try:
            code = village(service.places, named[:MAX_NAME])
        except RefusedError as refusal:
            return dressed(Response(_page(service, who, refused=refusal.chinese), refusal.status), who)
        return dressed(_page(service, who, service.places.full_name(code) if code else ""), who)

    @blueprint.post("/")
    def ask() -> ResponseReturnValue:
        who = visitor(service)
        if request.mimetype == "application/json":
            outcome = _receive(service, who, asked(json_body(), service.places, sender=False))
            return dressed(json_response(_shown(outcome)), who)
        whole_body()
        typed = request.form.get("village", "")
        try:
            question = asked(request.form, service.places, sender=False)
            answer = _shown(_receive(service, who, question))
        except RefusedError as refusal:
            page = _page(service, who, typed, request.form.get("text", ""), refused=refusal.chinese)
            return dressed(Response(page, refusal.status), who)
        return dressed(_page(service, who, typed, question.text, answer), who)

    @blueprint.get("/web/places.json")
    def places() -> ResponseReturnValue:
        """All villages as [code, name with town], for the page's search box; fetched when the box is used."""
        names = [[place.code, service.places.full_name(place.code)] for place in service.places.villages()]
        response = json_response(names)
        response.cache_control.max_age = 24 * 3600
        return response

    return blueprint


def _receive(service: Service, who: Visitor, question: Asked) -> Outcome:
    message = Message(
        who.address,
        question.text,
        service.desk.now(),
        id=question.id,
        village=question.village,
        resident=who.number,
    )
    network = None if who.number else request.remote_addr
    return service.desk.receive(message, patience=5.0, network=network, waits=True)


def _shown(outcome: Outcome) -> dict[str, object]:
    """What the page shows of an outcome. Raises RefusedError where there is nothing to show."""
    if outcome.kind == "throttled":
        raise http_error(429)
    if outcome.earlier:
        return outcome.earlier
    if outcome.reply is None:
        raise http_error(503)
    return as_json(outcome.reply)


def _page(
    service: Service, who: Visitor, named: str = "", question: str = "", answer: object = None, refused: str = ""
) -> str:
    return render_template(
        "chat.html",
        county=service.settings.county_name,
        level=service.people.who("web", who.address.id, who.number).level,
        number=who.number,
        proof=who.form_proof,
        texting=service.texting(),
        announcements=announcements.on_the_page(service, who, named),
        examples=EXAMPLES,
        longest=MAX_TEXT,
        village=named,
        question=question,
        answer=answer,
        refused=refused,
    )
