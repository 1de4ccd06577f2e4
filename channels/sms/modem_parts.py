"""Parts of messages as gammu-smsd keeps them, joined on the way in and made on the way out. Pure.

Each part is a row of its own; the header that joins them is 3GPP TS 23.040, 9.2.3.24: an element 00 (reference of 8
bits) or 08 (of 16), then how many parts there are and which one this is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from channels.sms.segments import split

#: What smsd calls the encodings. In both, `Text` is UTF-16BE in hexadecimal digits.
CODINGS = {"gsm7": "Default_No_Compression", "ucs2": "Unicode_No_Compression"}

#: What stands for a part that did not come.
GAP = "…"


@dataclass(frozen=True, slots=True)
class Part:
    """A row of `inbox`. `sent` is when the carrier's centre took it, as written; `done` whether it was read before."""

    number: int
    sender: str
    sent: str
    coding: str
    udh: str
    text: str
    decoded: str
    done: bool

    @property
    def place(self) -> tuple[int, int, int] | None:
        """Reference, number of parts and which one this is; None for a message of a single part."""
        return concatenation(self.udh)


@dataclass(frozen=True, slots=True)
class Whole:
    """A message: its parts in order, and whether none is missing."""

    parts: tuple[Part, ...]
    complete: bool

    @property
    def sender(self) -> str:
        return self.parts[0].sender

    @property
    def text(self) -> str:
        """What was written; "" where it is no text. A missing part is a "…"."""
        if any(part.coding not in CODINGS.values() for part in self.parts):
            return ""
        places = {part.place[2]: part for part in self.parts if part.place}
        if not places:
            return _decoded(self.parts)
        last = next(part.place[1] for part in self.parts if part.place)
        runs: list[list[Part]] = [[]]
        for place in range(1, last + 1):
            if place in places:
                runs[-1].append(places[place])
            elif runs[-1] or place == 1:
                runs.append([])
        return GAP.join(_decoded(run) for run in runs)

    @property
    def id(self) -> str:
        """The same for the same message, however often a carrier brings it."""
        marked = "\n".join((min(part.sent for part in self.parts), self.parts[0].udh[:8], self.text))
        return blake2b(marked.encode(), digest_size=16).hexdigest()


def concatenation(udh: str) -> tuple[int, int, int] | None:
    """Reference, number of parts, which part, in a user data header of hexadecimal digits; None where it has none."""
    try:
        octets = bytes.fromhex(udh)
    except ValueError:
        return None
    position = 1
    while position + 1 < len(octets):
        element, length = octets[position], octets[position + 1]
        value = octets[position + 2 : position + 2 + length]
        position += 2 + length
        wide = element == 8
        if (element == 0 or wide) and len(value) == length == 3 + wide:
            reference, last, place = int.from_bytes(value[: 1 + wide], "big"), value[-2], value[-1]
            return (reference, last, place) if 1 <= place <= last and last > 1 else None
    return None


def join(parts: Iterable[Part]) -> list[Whole]:
    """The messages that parts make up, in the order in which they began to come.

    A part that was read before is taken in where its message lacks it, and makes no message alone. A part that comes
    again is taken for the same one; another one in its place begins a new message, for references are used again.
    """
    made: list[dict[int, list[Part]]] = []
    keys: list[tuple[str, int, int] | None] = []
    for part in sorted(parts, key=lambda part: part.number):
        if part.place is None:
            keys.append(None)
            made.append({1: [part]})
            continue
        reference, last, place = part.place
        key = (part.sender, reference, last)
        for known, group in zip(keys, made, strict=True):
            if known == key and (place not in group or group[place][0].text == part.text):
                group.setdefault(place, []).append(part)
                break
        else:
            keys.append(key)
            made.append({place: [part]})
    return [
        Whole(tuple(part for place in sorted(group) for part in group[place]), key is None or len(group) == key[2])
        for key, group in zip(keys, made, strict=True)
        if any(not part.done for parts in group.values() for part in parts)
    ]


def rows_of(text: str, reference: int) -> list[dict[str, str]]:
    """A text as rows of `outbox` and `outbox_multipart`: coding, header, and the part itself, in two forms."""
    whole = split(text)
    count = whole.count
    header = "" if count == 1 else f"050003{reference % 256:02X}{count:02X}"
    return [
        {
            "Coding": CODINGS[whole.encoding],
            "UDH": header and f"{header}{place:02X}",
            "Text": part.encode("utf-16-be").hex().upper(),
            "TextDecoded": part,
        }
        for place, part in enumerate(whole.texts, 1)
    ]


def _decoded(parts: Iterable[Part]) -> str:
    """The text of consecutive parts: their octets are joined first, for a pair of surrogates may be split."""
    ordered = {part.place[2] if part.place else 1: part for part in reversed(list(parts))}
    chosen = [ordered[place] for place in sorted(ordered)]
    try:
        return b"".join(bytes.fromhex(part.text) for part in chosen).decode("utf-16-be")
    except ValueError:
        return "".join(part.decoded for part in chosen)
