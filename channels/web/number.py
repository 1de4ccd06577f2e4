"""A visitor proves their number: a code of six digits goes there by text message and is handed in on the page.

For a number that nobody registered everything is the same, words and time alike, but that nothing is sent.
"""

from __future__ import annotations

import re
import time
from unicodedata import normalize

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from channels.base import Gate, Service, loopback
from channels.base.persons import CODE_SENT, SOON, code_text
from channels.base.reading import phone_number, whole_body
from channels.web.visitor import Visitor, dressed, new_key, visitor

#: Asking for a code takes at least so long, in seconds: longer than storing and sending it does.
LEAST = 0.3

#: So many codes a minute are asked for by way of a reverse proxy that does not tell the visitors' addresses.
BY_PROXY = 30

NO_NUMBER = "这不像手机号，请写11位数字。"
SENT = f"{CODE_SENT.split('。')[0]}。5分钟内填在下面。"
WRONG = "数字不对，或者过期了。最多填五次，错了就再要一次。"


def add_routes(blueprint: Blueprint, service: Service) -> None:
    """`GET` and `POST /number`, `POST /number/code`, `POST /number/out`."""
    proxied = Gate(BY_PROXY)

    @blueprint.get("/number")
    def number() -> ResponseReturnValue:
        who = visitor(service)
        return dressed(_page(service, who), who)

    @blueprint.post("/number")
    def ask_code() -> ResponseReturnValue:
        began = time.monotonic()
        whole_body()
        who = visitor(service)
        who.check_form()
        if not service.texting():
            return dressed(_page(service, who), who)
        written = phone_number(request.form.get("number", ""))
        if not re.fullmatch(r"1\d{10}|\+\d{7,15}", written, re.ASCII):
            return dressed(Response(_page(service, who, NO_NUMBER, wrong=True), 400), who)
        soon = not _send_code(service, who, written, proxied)
        time.sleep(max(0.0, began + LEAST - time.monotonic()))
        page = _page(service, who, SOON if soon else SENT, wrong=soon, asked=True)
        return dressed(Response(page, 429 if soon else 200), who)

    @blueprint.post("/number/code")
    def take_code() -> ResponseReturnValue:
        whole_body()
        who = visitor(service)
        who.check_form()
        code = re.sub(r"\s", "", normalize("NFKC", request.form.get("code", "")))[:12]
        now = service.desk.now()
        proven = service.people.redeem(f"web:{who.key}", code, now)
        if proven is None:
            return dressed(Response(_page(service, who, WRONG, wrong=True, asked=True), 400), who)
        if who.token:
            service.people.dismiss(who.token)
        return dressed(_home(), Visitor(new_key(), proven, service.people.admit(proven, now)))

    @blueprint.post("/number/out")
    def leave() -> ResponseReturnValue:
        whole_body()
        who = visitor(service)
        who.check_form()
        if who.token:
            service.people.dismiss(who.token)
        return dressed(_home(), Visitor(new_key()))


def _send_code(service: Service, who: Visitor, number: str, proxied: Gate) -> bool:
    """Have a code sent, if the number is registered; False where number or network had one a moment ago."""
    network = request.remote_addr or ""
    if loopback(network) and proxied.admit("codes") != "in":
        return False
    code = service.people.issue(f"web:{who.key}", number, None if loopback(network) else network, service.desk.now())
    if code == "soon":
        return False
    if code:
        service.send_text(number, code_text(code))
    return True


def _home() -> Response:
    response = redirect("/", 303)
    assert isinstance(response, Response)
    return response


def _page(service: Service, who: Visitor, told: str = "", wrong: bool = False, asked: bool = False) -> str:
    return render_template(
        "number.html",
        county=service.settings.county_name,
        level=service.people.who("web", who.address.id, who.number).level,
        texting=service.texting(),
        proof=who.form_proof,
        told=told,
        wrong=wrong,
        asked=asked,
    )
