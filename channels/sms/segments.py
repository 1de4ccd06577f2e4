"""What a text message costs, and how a reply is fitted into as few as possible. Pure.

A message has 140 octets. In the default alphabet of GSM 03.38 that is 160 septets alone and 153 in each part of a
longer one (the rest is the header that joins them); a single character outside it turns the whole message into UCS-2:
70 UTF-16 units alone, 67 a part. Characters of the extension table take two septets, those beyond the BMP two units,
and neither pair is ever split between parts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.messages import Reply

#: 3GPP TS 23.038, 6.2.1: the default alphabet (without its escape) and its extension table.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")

Encoding = Literal["gsm7", "ucs2"]

#: Units of a message alone, and of one part of several.
ROOM: dict[Encoding, tuple[int, int]] = {"gsm7": (160, 153), "ucs2": (70, 67)}

#: No answer costs more text messages than this.
MOST = 3

#: What ends a clause: where a sentence may be cut.
STOPS = "。！？；，、：\n!?;,: "
ELLIPSIS = "…"

#: So many characters of a headline are kept before choices are.
LEAST = 30


@dataclass(frozen=True, slots=True)
class Parts:
    """A text as it goes over the air: its encoding and the text of each part."""

    encoding: Encoding
    texts: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many text messages it costs."""
        return len(self.texts)


def encoding(text: str) -> Encoding:
    """The narrowest encoding that holds every character."""
    return "gsm7" if all(c in BASIC or c in EXTENSION for c in text) else "ucs2"


def units(text: str, kind: Encoding) -> int:
    """Length in septets or in UTF-16 units."""
    if kind == "gsm7":
        return len(text) + sum(text.count(c) for c in EXTENSION)
    return len(text) + sum(c > "\uffff" for c in text)


def split(text: str) -> Parts:
    """The parts of a text. An empty text is one empty message."""
    kind = encoding(text)
    alone, part = ROOM[kind]
    if units(text, kind) <= alone:
        return Parts(kind, (text,))
    texts, start, used = [], 0, 0
    for position, character in enumerate(text):
        width = _width(character, kind)
        if used + width > part:
            texts.append(text[start:position])
            start, used = position, 0
        used += width
    return Parts(kind, (*texts, text[start:]))


def _width(character: str, kind: Encoding) -> int:
    if kind == "gsm7":
        return 2 if character in EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1


def fit(reply: Reply, budget: int = 1) -> str:
    """A reply as one text of at most `budget` text messages where its headline allows, and never more than MOST.

    What is kept, the most important first: the headline, source and date, the numbered choices, then as many details as
    still fit. Where headline, source and choices alone are too long for MOST, the headline is cut at the end of a
    clause, never within a figure.
    """
    headline, details = _spaced(reply.headline), [_spaced(line) for line in reply.details]
    choices = [f"{number} {_spaced(choice.label)}" for number, choice in enumerate(reply.choices, 1)]
    source = _source(headline, choices, _spaced(reply.source))
    cost = split(_joined(headline, (), choices, source)).count
    room = min(max(budget, cost), MOST)
    if cost > room:
        return _cut(headline, choices, source, room)
    kept: list[str] = []
    for line in details:
        if split(_joined(headline, [*kept, line], choices, source)).count > room:
            break
        kept.append(line)
    return _joined(headline, kept, choices, source)


def _spaced(text: str) -> str:
    """With plain spaces only: one non-breaking space would turn a Latin message into UCS-2."""
    return re.sub(r"[^\S\n]", " ", text)


def _source(headline: str, choices: Sequence[str], source: str) -> str:
    """The source in brackets, without the word 来源 where that saves a text message."""
    if not source:
        return ""
    full, brief = f"（来源：{source}）", f"（{source}）"
    costs = [split(_joined(headline, (), choices, form)).count for form in (full, brief)]
    return full if costs[0] == costs[1] else brief


def _joined(headline: str, details: Sequence[str], choices: Sequence[str], source: str) -> str:
    lines = [headline, *details, *choices]
    return "\n".join([*lines, source] if choices and source else [*lines[:-1], lines[-1] + source])


def _cut(headline: str, choices: Sequence[str], source: str, room: int) -> str:
    """A text within `room`: the headline shortened; the last choices left off where too little of it would be left."""
    places = [*_between_words(headline), len(headline)]
    least = min(len(headline), LEAST)
    for left in range(len(choices), -1, -1):

        def shortened(stop: int, shown: Sequence[str] = choices[:left]) -> str:
            kept = headline if stop == len(headline) else headline[:stop].rstrip(STOPS) + ELLIPSIS
            return _joined(kept, (), shown, source)

        def cost(stop: int, shortened: Callable[[int], str] = shortened) -> int:
            return split(shortened(stop)).count

        fitting = places[: bisect_right(places, room, key=cost)]
        if fitting and fitting[-1] == len(headline):
            return shortened(len(headline))
        if fitting and fitting[-1] >= least:
            clauses = [stop for stop in _clauses(headline) if fitting[-1] / 2 <= stop <= fitting[-1]]
            return shortened(clauses[-1] if clauses else fitting[-1])
    short = max((stop for stop in places if stop <= least), default=0)
    return "".join(split(headline[:short] + ELLIPSIS + source).texts[:room])


def _clauses(text: str) -> list[int]:
    """Where a clause ends, in order; a comma or point between digits ends none."""
    return [match.end() for match in re.finditer(r"[。！？；，、：\n]|[!?;,:](?!\d)", text)]


def _between_words(text: str) -> list[int]:
    """Where a text may be cut if it must be, in order: never within a figure, a date or a code, nor before its unit."""
    return [place for place in range(1, len(text)) if not re.match(r"[\w.,:/%-]", text[place - 1], re.ASCII)]
