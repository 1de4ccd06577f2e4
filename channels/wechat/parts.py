"""A long answer in parts that WeChat takes: one now, the others when they are asked for. Pure.

WeChat counts bytes of UTF-8 and cuts off what passes 2,047. A part ends where a line, a sentence or a clause does,
never within a figure; each carries the source and says how to go on.
"""

from __future__ import annotations

import re
import unicodedata

#: The most bytes of one text.
MOST = 2000

HINT = "（没说完，回“更多”接着看）"

#: Words that ask for the next part, compared without spaces and marks.
MORE = frozenset(["更多", "还有", "还有吗", "还有呢", "继续", "接着说", "接着看", "往下", "下一页", "MORE"])

#: Ends of lines, of sentences and of clauses, the best places first. A mark before a Latin letter or a digit ends none.
_ENDS = (r"\n", r"[。！？；…]|[!?;](?![\w/])", r"[，、：]|[,:](?![\w/])")

#: The line that names the source, as `Reply.text` ends with it.
_SOURCE = re.compile(r"\n?(（来源：[^\n]*）)\Z")


def wants_more(text: str) -> bool:
    """Whether a message asks for the next part and for nothing else."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).upper() in MORE


def split(text: str) -> tuple[str, str]:
    """The first part of a text and the rest, "" where there is none. Splitting the rest gives the second part."""
    if size(text) <= MOST:
        return text, ""
    named = _SOURCE.search(text)
    source = named[1] if named and size(named[1]) <= MOST // 4 else ""
    body = text[: named.start()] if named and source else text
    tail = "\n".join(["", *([source] if source else []), HINT])
    stop = _stop(body, MOST - size(tail))
    rest = body[stop:].lstrip()
    return body[:stop].rstrip() + tail, f"{rest}\n{source}" if source else rest


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())


def _stop(text: str, room: int) -> int:
    """Where to cut: as late as `room` bytes allow at the best kind of place that leaves no less than half of them."""
    most = len(text.encode()[:room].decode(errors="ignore"))
    least = len(text.encode()[: room // 2].decode(errors="ignore"))
    for end in _ENDS:
        places = [match.end() for match in re.finditer(end, text[: most + 1]) if least <= match.end() <= most]
        if places:
            return places[-1]
    return next((place for place in range(most, least, -1) if not _within(text, place)), most)


def _within(text: str, place: int) -> bool:
    """Whether a place is inside a figure, a date, a code or a Latin word, before a unit, or inside one character."""
    before, after = text[place - 1], text[place : place + 1]
    joined = after in ("\u200d", "\ufe0f") or before == "\u200d" or (after and unicodedata.category(after)[0] == "M")
    return bool(joined or re.match(r"[\w.,:/%-]", before, re.ASCII))
