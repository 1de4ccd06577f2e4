"""Reading what arrived: proofs, phone numbers, and the question that a program or a page sends as JSON or a form."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import category, normalize

from flask import request
from pydantic import SecretStr
from werkzeug.exceptions import HTTPException

from channels.base.places import Gazetteer
from channels.base.refusals import RefusedError, http_error

#: The longest question, in characters. What people write is below 100.
MAX_TEXT = 500

#: The longest sender and message id, in characters.
MAX_NAME = 100


def bears(token: SecretStr | None) -> bool:
    """Whether the request carries this bearer token. False if there is no such token at all."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token is None or not token.get_secret_value() or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), token.get_secret_value().encode())


def phone_number(written: str) -> str:
    """A phone number as the residents' list has it: mainland numbers without +86, others as they are."""
    plain = re.sub(r"[\s\-()]", "", normalize("NFKC", written))
    mainland = re.fullmatch(r"(?:\+|00)?86(1\d{10})", plain)
    return mainland[1] if mainland else plain


def tidy(text: str) -> str:
    """Text without what no database or XML keeps and no villager wrote.

    That is NUL and other controls, halves of surrogate pairs, U+FFFE and U+FFFF.
    """
    return "".join(c for c in text if c in "\n\t" or not (category(c) in ("Cc", "Cs") or c in "\ufffe\uffff"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was sent, checked: `village` is a code of the gazetteer."""

    text: str
    sender: str = ""
    village: str | None = None
    id: str | None = None


def whole_body() -> bytes:
    """The request's body. Raises RefusedError where it is too large or did not arrive whole.

    To be called before `request.form`, which then reads the same bytes.
    """
    try:
        data = request.get_data()
    except HTTPException:
        raise
    except Exception:  # each server has errors of its own for a broken stream
        raise RefusedError(
            400, "cut_off", "内容没有收全，请重发。", "The body did not arrive whole; send it again.", retryable=True
        ) from None
    if request.max_content_length and len(data) >= request.max_content_length:
        raise http_error(413)  # sent in chunks, of which werkzeug reads no more than the limit
    return data


def json_body() -> dict[str, Any]:
    """The request's JSON object. Raises RefusedError where it is none."""
    if request.mimetype != "application/json":
        raise RefusedError(
            415,
            "media_type",
            "请用 JSON 发送，请求头写 Content-Type: application/json。",
            "Send JSON with Content-Type: application/json.",
        )
    data = whole_body()
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise RefusedError(
            400, "not_json", "内容不是正确的 JSON，请用 UTF-8 编码，检查引号和逗号。", "The body is no JSON in UTF-8."
        ) from None
    if not isinstance(body, dict):
        raise RefusedError(400, "not_object", "JSON 最外层要是一个对象 {…}。", "The JSON must be an object: {...}.")
    return body


def asked(body: Mapping[str, Any], places: Gazetteer, sender: bool) -> Asked:
    """The question in a JSON object or a form; `sender` tells whether it must name its sender.

    Raises RefusedError, naming what is missing or wrong.
    """
    text = _string(body, "text", MAX_TEXT, required=True).strip()
    return Asked(
        text,
        _string(body, "sender", MAX_NAME, required=True).strip() if sender else "",
        village(places, _string(body, "village", MAX_NAME)),
        _string(body, "id", MAX_NAME) or None,
    )


def _string(body: Mapping[str, Any], name: str, longest: int, required: bool = False) -> str:
    value = body.get(name)
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise RefusedError(400, f"{name}_type", f"{name} 要是字符串，请加引号。", f"{name} must be a string; quote it.")
    if len(value) > longest:
        raise RefusedError(
            413,
            f"{name}_too_long",
            f"{name} 最长{longest}个字，您发了{len(value)}个字，请缩短后再发。",
            f"{name} may have {longest} characters, not {len(value)}; shorten it.",
        )
    if tidy(value) != value.replace("\r", ""):
        raise RefusedError(
            400,
            f"{name}_garbled",
            f"{name} 里有不能识别的字符，请检查编码后再发。",
            f"{name} has control characters or halves of surrogate pairs; check its encoding.",
        )
    if required and not value.strip():
        raise RefusedError(
            400, f"{name}_missing", f"缺少 {name}，请写上再发。", f"{name} is missing or empty; send it as a string."
        )
    return value


def village(places: Gazetteer, named: str) -> str | None:
    """The code of the village that a code or a name stands for; None where none is named.

    Raises RefusedError for one that is not ours, and for a name that several villages bear.
    """
    named = named.strip()
    if not named:
        return None
    if len(named) == 12 and places.get(named):
        return named
    found = places.units(named)
    if len(found) == 1:
        return found[0].code
    if not found:
        raise RefusedError(
            400,
            "village_unknown",
            f"名单里没有“{named}”，请写村名或12位区划代码。",
            "No such village; give its name or its 12-digit code.",
        )
    several = "、".join(places.full_name(place.code) for place in found)
    raise RefusedError(
        400,
        "village_ambiguous",
        f"有{len(found)}个“{named}”：{several}，请写上镇名。",
        "Several villages bear this name; put the town before it or give the 12-digit code.",
    )
