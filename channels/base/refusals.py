"""Refusals: what is not served, each with a code and a sentence that says what to do next."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)

#: The largest request that is read, in bytes. The longest honest one is a text message with its form: below 20 KB.
MAX_REQUEST = 64 * 1024

#: So much of a larger one is read and thrown away: who is still sending when we hang up never reads why.
DRAINED = 4 * 1024 * 1024


class RefusedError(Exception):
    """A request that is not served: a code for programs, a sentence in Chinese for people and one in English.

    `retryable` tells whether the same request may succeed later; otherwise it must be changed first.
    """

    def __init__(self, status: int, code: str, chinese: str, english: str, retryable: bool = False) -> None:
        super().__init__(english)
        self.status = status
        self.code = code
        self.chinese = chinese
        self.english = english
        self.retryable = retryable

    def as_json(self) -> dict[str, Any]:
        """The body of a JSON response."""
        said = {"code": self.code, "message": self.chinese, "message_en": self.english, "retryable": self.retryable}
        return {"error": said}


def http_error(status: int) -> RefusedError:
    """The refusal for an HTTP status that no channel has worded itself."""
    known = {
        400: (
            "bad_request",
            "请求读不懂，请检查格式后再发。",
            "The request cannot be read; check its form and send it again.",
        ),
        403: ("forbidden", "没有权限，请检查密钥或签名。", "Not allowed; check the token or the signature."),
        404: ("not_found", "没有这个地址，请检查网址。", "There is nothing at this address; check the URL."),
        405: (
            "method",
            "这个地址不支持这种请求方式。",
            "This address does not take this method; see the Allow header.",
        ),
        413: ("too_large", "内容太大，请缩短后再发。", f"Too large; send at most {MAX_REQUEST // 1024} KB."),
        415: ("media_type", "请用 JSON 格式发送。", "Unsupported media type; send application/json."),
        429: ("throttled", "您发得太快了，请过一分钟再问。", "Too many messages; wait a minute and send it again."),
        500: ("failed", "系统出了点问题，请过一会儿再试。", "The service failed; try again later."),
    }
    by_class = {4: known[400], 5: known[500]}
    code, chinese, english = known.get(status) or by_class[status // 100]
    return RefusedError(status, code, chinese, english, retryable=status == 429 or status >= 500)


def json_response(value: object, status: int = 200) -> Response:
    """A response of JSON in UTF-8, hanzi as they are."""
    return Response(json.dumps(value, ensure_ascii=False), status, mimetype="application/json")


def refusal_response(refusal: RefusedError) -> Response:
    """A refusal as the caller can read it: JSON for programs, else two lines of plain text."""
    wants = request.accept_mimetypes.best_match(["text/plain", "text/html", "application/json"])
    if request.path.startswith("/api/") or wants == "application/json":
        response = json_response(refusal.as_json(), refusal.status)
    else:
        response = Response(f"{refusal.chinese}\n{refusal.english}\n", refusal.status, mimetype="text/plain")
    if refusal.code == "too_large" or (request.content_length or 0) > MAX_REQUEST:
        _drain()
    if refusal.retryable:
        response.headers["Retry-After"] = "60" if refusal.status == 429 else "5"
    return response


def _drain() -> None:
    left = min(request.content_length or DRAINED, DRAINED)
    stream = request.environ["wsgi.input"]
    with suppress(Exception):  # each server has errors of its own for a broken stream
        while left > 0 and (data := stream.read(min(left, MAX_REQUEST))):
            left -= len(data)


def install_refusals(app: Flask) -> None:
    """Make every error of an application a sentence; stack traces go to the log alone."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_REQUEST

    @app.errorhandler(RefusedError)
    def refused(refusal: RefusedError) -> Response:
        return refusal_response(refusal)

    @app.errorhandler(HTTPException)
    def not_served(error: HTTPException) -> Any:
        if error.response is not None or not error.code or error.code < 400:
            return error
        response = refusal_response(http_error(error.code))
        for name, value in error.get_headers():
            if name not in response.headers:
                response.headers[name] = value  # Allow, Retry-After
        return response

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return refusal_response(http_error(500))
