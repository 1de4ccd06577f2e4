"""Who is looking at a page, as far as two cookies tell: a conversation that nobody guesses, and a number that is proven.

The cookie of the conversation is made with the first page. The other is made when a code is handed in that was sent to
the number; with it the conversation begins anew, and so it does when the visitor leaves.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import blake2b

from flask import Response, request

from bot.messages import Address
from channels.base import Service
from channels.base.refusals import RefusedError

CONVERSATION, PROOF = "xiangyin_chat", "xiangyin_number"
KEPT = 30 * 24 * 3600  # seconds

#: Nothing from elsewhere, nothing inline, no frames.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser: the key of its conversation, the number it has proven, and the cookie that says so."""

    key: str
    number: str | None = None
    token: str | None = None

    @property
    def address(self) -> Address:
        """Where its messages come from: what was said to a proven visitor is not repeated to an unproven one."""
        return Address("web", f"proven:{self.key}" if self.number else self.key)

    @property
    def form_proof(self) -> str:
        """What a form of ours bears, and no other page can know."""
        return blake2b(self.key.encode(), digest_size=16, person=b"xiangyin-form").hexdigest()

    def check_form(self) -> None:
        """Raises RefusedError unless the form that was sent is from a page of ours, in this browser."""
        if request.cookies.get(CONVERSATION) != self.key:
            raise RefusedError(
                403, "cookies", "请在浏览器设置里允许 Cookie，再试一次。", "Allow cookies and try again."
            )
        if not hmac.compare_digest(request.form.get("proof", "").encode(), self.form_proof.encode()):
            raise RefusedError(403, "form", "页面过期了，请回到首页再来。", "This form is stale; load the page again.")


def visitor(service: Service) -> Visitor:
    """Who sent this request; a new visitor where no cookie is ours."""
    known, token = request.cookies.get(CONVERSATION, ""), request.cookies.get(PROOF, "")
    key = known if _ours(known) else new_key()
    number = service.people.admitted(token, service.desk.now()) if _ours(token) else None
    return Visitor(key, number, token if number else None)


def new_key() -> str:
    """A key that nobody guesses."""
    return secrets.token_urlsafe(24)


def _ours(cookie: str) -> bool:
    return re.fullmatch(r"[\w-]{32}", cookie, re.ASCII) is not None


def dressed(content: Response | str, who: Visitor) -> Response:
    """A response with the visitor's cookies and with what a browser must know to keep it safe."""
    response = content if isinstance(content, Response) else Response(content)
    encrypted = request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"
    cookies = {CONVERSATION: who.key, **({PROOF: who.token} if who.token else {})}
    for name, value in cookies.items():
        response.set_cookie(name, value, max_age=KEPT, secure=encrypted, httponly=True, samesite="Lax")
    if PROOF in request.cookies and not who.token:
        response.delete_cookie(PROOF, secure=encrypted, httponly=True, samesite="Lax")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.cache_control.no_store = True
    return response
