"""Which villages' private pages a request may see: a box that is bound to its village, or the bearer of the token.

A box's key is made from the setting `tv_token` and the village's code, so that nothing is stored and a new token ends
all keys at once. `/tv/?box=<key>` leaves it in a cookie.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from flask import request
from pydantic import SecretStr

from channels.base.reading import bears

COOKIE = "tv_box"

#: A box stays bound for so long, in seconds: ten years, since nobody types it twice.
KEPT = 10 * 365 * 24 * 3600


def key(token: SecretStr, village: str) -> str:
    """The key of a box in a village: 32 hexadecimal digits."""
    return hmac.new(token.get_secret_value().encode(), f"box:{village}".encode(), sha256).hexdigest()[:32]


def may_see(token: SecretStr | None, village: str) -> bool:
    """Whether this request may see what is told only to the village."""
    if token is None or not token.get_secret_value() or len(village) != 12:
        return False
    given = request.args.get("box") or request.cookies.get(COOKIE, "")
    return bears(token) or hmac.compare_digest(given.encode(), key(token, village).encode())
