"""An answer read aloud: the page asks for the sound of an answer that this browser was given, by its question's id."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Any

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from bot.messages import Message
from channels.base import Gate, Service
from channels.base.reading import MAX_NAME
from channels.base.refusals import RefusedError, http_error
from channels.web.visitor import visitor

#: So much of an answer is read, in characters: its first minute and a half.
LONGEST = 300

#: So many answers a minute one address may have read, and so many are recorded at a time in a process.
PER_MINUTE, AT_ONCE = 60, 2


def add_routes(blueprint: Blueprint, service: Service) -> None:
    """`GET /spoken?id=…`: to the recording of the answer to this browser's question of that id."""
    gate, places = Gate(PER_MINUTE), BoundedSemaphore(AT_ONCE)

    @blueprint.get("/spoken")
    def spoken() -> ResponseReturnValue:
        asked = Message(visitor(service).address, "", service.desk.now(), id=request.args.get("id", "")[:MAX_NAME])
        answer = service.desk.earlier(asked)
        if answer is None:
            raise http_error(404)
        if gate.admit("spoken", request.remote_addr or "") != "in" or not places.acquire(timeout=2.0):
            raise http_error(429)
        try:
            file = service.recording(_said(answer), answer.get("manner") == "slow")
        finally:
            places.release()
        if file is None:
            raise RefusedError(
                503, "no_voice", "现在念不出来，请看文字。", "No voice can read this; see `flask check`."
            )
        response = redirect(f"/audio/{file.name}")
        response.headers["Cache-Control"] = "no-store"
        return response


def _said(answer: dict[str, Any]) -> str:
    """The answer from its beginning, as many whole lines as there is time for."""
    said = str(answer.get("speech") or answer["headline"])[:LONGEST]
    for line in answer["details"]:
        if len(said) + len(line) > LONGEST:
            break
        said = f"{said}\n{line}"
    return said
