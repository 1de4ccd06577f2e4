"""A message -> the features by which its intent is told: characters, words and sounds, with names masked. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import pairwise

from bot.understanding.syllables import Token, folded

#: A masked name is one character of the private use area, so that an n-gram holds it like any other.
_FIRST_MASK = 0xE000

#: Slots whose names look alike, so that one mask stands for them all: which one is meant is for the intent to tell.
_ALIKE = {
    "own_village": "village", "unknown_place": "village", "villages": "village", "own_town": "town",
    "relief": "policy", "baseline": "period",
}  # fmt: skip

#: The kinds of features, by the first letter of their names; each kind is brought to its own weight in a message.
KINDS = {"c": 1.0, "w": 0.5, "s": 0.6, "n": 0.4, "u": 0.4}

#: So many words that no example has are told apart; more count like the last.
_STRANGE = 3


class Masks:
    """The characters that stand for the names of each slot."""

    def __init__(self, slots: Iterable[str]) -> None:
        self.slots = tuple(sorted(slots))
        shared = sorted({_ALIKE.get(slot, slot) for slot in self.slots})
        characters = {slot: chr(_FIRST_MASK + index) for index, slot in enumerate(shared)}
        self._of = {
            slot: characters[_ALIKE.get(slot, slot)]
            for slot in {*self.slots, *_ALIKE}
            if _ALIKE.get(slot, slot) in characters
        }

    def of(self, slot: str) -> str | None:
        """The mask of a slot, None for one whose words themselves tell more."""
        return self._of.get(slot)


def masked(tokens: Sequence[Token], spans: Iterable[tuple[int, int, str]]) -> list[Token]:
    """The tokens with each span (start, end, mask) replaced by one token."""
    ordered = sorted(spans)
    if not ordered:
        return list(tokens)
    out: list[Token] = []
    index, open_mask = 0, -1
    for token in tokens:
        while index < len(ordered) and ordered[index][1] <= token.start:
            index += 1
        if index < len(ordered) and ordered[index][0] < token.end and token.start < ordered[index][1]:
            if open_mask != index:
                start, end, mask = ordered[index]
                out.append(Token(mask, start, end, (mask,)))
                open_mask = index
            continue
        out.append(token)
    return out


def features(
    tokens: Sequence[Token], words: Iterable[str] = (), names: Iterable[str] = (), *, characters: bool = True
) -> list[str]:
    """Feature names: c… character n-grams, w… words, s… sound n-grams, n… the names' values; u… is `strange`.

    Typed pinyin has sounds only.
    """
    found: list[str] = []
    if characters:
        text = "^" + "".join(["" if token.typed else _shape(token.surface) for token in tokens]) + "$"
        found += ["c" + one for one in text]
        found += ["c" + one + other for one, other in pairwise(text)]
        found += ["w" + word for word in words]
    heard = ["^", *[said for token in tokens if (said := _sound(token))], "$"]
    found += ["s" + one for one in heard]
    found += [f"s{one} {other}" for one, other in pairwise(heard)]
    named = ["n" + name for name in names]
    return found + (named or ["n"])  # that nothing known is named tells as much as a name


def strange(words: Iterable[str], known: Container[str]) -> str:
    """The feature that tells how many of a message's words no (other) example has: what is new is rarely ours."""
    return f"u{min(sum(word not in known for word in words), _STRANGE)}"


def _shape(surface: str) -> str:
    return "0" if surface[0].isdigit() else surface.lower()


def _sound(token: Token) -> str:
    if not token.readings:
        return "0" if token.surface[0].isdigit() else token.surface.lower() if token.surface.isalnum() else ""
    return folded(token.readings[0])
