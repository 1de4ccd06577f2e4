"""The television: the portal of set-top boxes, and every page as HTML, JSON, text and PNG."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import blake2b

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from channels.base import Gate, Service
from channels.base.refusals import RefusedError, http_error
from channels.tv import boxes, html, pages, png, portal, text
from channels.tv.pages import Page

#: How long a box may show a page without asking again, in seconds; how many pages one address may ask for a minute.
KEPT = 60
#: The newsflash is asked for every 5 s and has to be there within 10, and so have the pages that it leads to.
FLASH_KEPT = 3
URGENT = (101, 199)
PER_MINUTE = 6000  # a cable network may stand behind one address

#: Nothing from elsewhere and nothing inline.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'"

_KINDS = {"json": "application/json", "txt": "text/plain", "png": "image/png", "html": "text/html"}
_FILES = {"js": "text/javascript", "json": "application/json", "css": "text/css", "otf": "font/otf"}


def routes(service: Service) -> Blueprint:
    """`GET /tv/`, `/tv/pages/<n>[/<sub>].json,.txt,.png,.html` and what the portal's pages load."""
    blueprint = Blueprint("tv", __name__)
    gate = Gate(PER_MINUTE)

    @blueprint.get("/tv/")
    def entrance() -> ResponseReturnValue:
        page = _page(service, 100, gate)
        response = _sent(html.document(page, "").encode(), "text/html", False)
        if box := request.args.get("box"):
            encrypted = request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"
            response.set_cookie(
                boxes.COOKIE, box, max_age=boxes.KEPT, secure=encrypted, httponly=True, samesite="Lax", path="/tv"
            )
        return response

    @blueprint.get("/tv/pages/<int:number>.<kind>")
    def whole(number: int, kind: str) -> ResponseReturnValue:
        return _rendered(service, gate, number, None, kind)

    @blueprint.get("/tv/pages/<int:number>/<int:sub>.<kind>")
    def part(number: int, sub: int, kind: str) -> ResponseReturnValue:
        return _rendered(service, gate, number, sub, kind)

    @blueprint.get("/tv/portal/<name>")
    def file(name: str) -> ResponseReturnValue:
        content = portal.files().get(name)
        if content is None:
            raise http_error(404)
        return _sent(content, _FILES[name.rpartition(".")[2]], False)

    @blueprint.get("/tv/<any('pages', 'places', 'flash'):name>.js")
    def script(name: str) -> ResponseReturnValue:
        made = portal.script(name, service.magazine)
        return _sent(made.encode(), _FILES["js"], False, FLASH_KEPT if name == "flash" else KEPT)

    return blueprint


def _page(service: Service, number: int, gate: Gate) -> Page:
    if gate.admit("tv", request.remote_addr or "") != "in":
        raise http_error(429)
    if number >= 10**8:  # a place may be asked for by its code, of which the page number is only an alias
        number = service.magazine.place_numbers().get(str(number), number)
    found: Page | None = service.magazine.page(number)
    if found is None:
        raise RefusedError(
            404, "no_page", f"没有{number}页，请从100页看起。", f"There is no page {number}; 100 is the index."
        )
    return found


def _rendered(service: Service, gate: Gate, number: int, sub: int | None, kind: str) -> Response:
    if kind not in _KINDS:
        raise http_error(404)
    page = _page(service, number, gate)
    private = boxes.may_see(service.settings.tv_token, page.place)
    kept = FLASH_KEPT if number in URGENT else KEPT
    if private:
        page = service.magazine.page(page.number, resident=True) or page
    if sub is not None and not 1 <= sub <= len(page.subpages):
        last = len(page.subpages)
        raise RefusedError(
            404, "no_subpage", f"{number}页只有{last}屏，没有第{sub}屏。", f"Page {number} has subpages 1 to {last}."
        )
    if kind == "json":
        shaped = pages.as_json(page)
        if sub is not None:
            shaped["subpages"] = [shaped["subpages"][sub - 1]]
        return _sent(json.dumps(shaped, ensure_ascii=False).encode(), _KINDS[kind], private, kept)
    if kind == "txt":
        coloured = request.args.get("ansi") not in (None, "", "0")
        said = text.ansi(page, sub) if coloured else text.plain(page, sub)
        return _sent(said.encode(), _KINDS[kind], private, kept)
    if kind == "html":
        return _sent(
            html.document(page, "../" if sub is None else "../../", sub or 1).encode(), _KINDS[kind], private, kept
        )
    size = png.SIZES.get(request.args.get("size", png.HD.name))
    if size is None:
        sizes = "、".join(png.SIZES)
        raise RefusedError(400, "size", f"size 只能是 {sizes}。", f"size must be one of {', '.join(png.SIZES)}.")
    return _sent(_picture(page, sub or 1, size.name), _KINDS[kind], private, kept)


@lru_cache(maxsize=256)
def _picture(page: Page, number: int, size: str) -> bytes:
    return png.render(page, number, png.SIZES[size])


def _sent(content: bytes, mimetype: str, private: bool, kept: int = KEPT) -> Response:
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Vary"] = "Cookie, Authorization"
    if private:
        response.cache_control.no_store = True
        response.cache_control.private = True
        return response
    response.cache_control.max_age = kept
    response.set_etag(blake2b(content, digest_size=16).hexdigest())
    response.make_conditional(request)
    return response
