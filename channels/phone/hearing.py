"""What Twilio heard: a key, words, nothing, or noise; see
https://www.twilio.com/docs/voice/twiml/gather#action
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from unicodedata import normalize

from channels.base.reading import MAX_TEXT, tidy
from channels.phone import prompts

#: Words that the recogniser itself believes in less than this are noise. It says 0 where it has no opinion.
UNSURE = 0.2

Kind = Literal["nothing", "noise", "words", "key", "again", "text", "person", "goodbye", "no_calls", "calls"]

_ORDERS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("again", prompts.AGAIN_WORDS),
    ("text", prompts.TEXT_WORDS),
    ("person", prompts.PERSON_WORDS),
    ("goodbye", prompts.BYE_WORDS),
    ("no_calls", prompts.NO_CALLS_WORDS),
    ("calls", prompts.CALLS_WORDS),
)
_KEYS: dict[str, Kind] = {prompts.SLOWER: "again", prompts.TEXT: "text", prompts.PERSON: "person"}


@dataclass(frozen=True, slots=True)
class Heard:
    """`key` is that of a choice, 0 for none; 99 stands for a key that means nothing."""

    kind: Kind
    text: str = ""
    key: int = 0


def hear(form: Mapping[str, str]) -> Heard:
    """What a request of `<Gather>` says."""
    digits = re.sub(r"[^\d*#]", "", normalize("NFKC", form.get("Digits", "")))
    if digits:
        return _pressed(digits[0])
    text = tidy(form.get("SpeechResult", ""))[:MAX_TEXT].strip()
    if not text:
        return Heard("nothing")
    words = re.sub(r"[\W_]+", "", normalize("NFKC", text))
    if not words or 0 < _confidence(form.get("Confidence", "")) < UNSURE:
        return Heard("noise")
    for kind, pattern in _ORDERS:
        if pattern.fullmatch(words):
            return Heard(kind, text)
    chosen = re.fullmatch(r"(?:我)?(?:要|按|选|选择)?(?:第)?([一二三123])(?:个|号|键|项)?", words)
    return Heard("words", text, "一二三123".index(chosen[1]) % 3 + 1 if chosen else 0)


def _pressed(key: str) -> Heard:
    if key in _KEYS:
        return Heard(_KEYS[key])
    return Heard("key", key=int(key) if key in "123" else 99)


def _confidence(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return 0.0
