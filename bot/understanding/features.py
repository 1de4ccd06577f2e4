"""A message -> the features by which its intent is told: characters, words and sounds, with names masked. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

from bot.understanding.syllables import Token, folded

#: A masked name is one character of the private use area, so that an n-gram holds it like any other.
_FIRST_MASK = 0xE000

#: Slots whose names look alike, so that one mask stands for them all: which one is meant is for the intent to tell.
_ALIKE = {
    "own_village": "village", "unknown_place": "village", "villages": "village", "own_town": "town",
    "relief": "policy", "baseline": "period",
}  # fmt: skip

CHARACTERS = (1, 2)
SOUNDS = (1, 2)

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
    out: list[Token] = []
    ordered = sorted(spans)
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
) -> Iterator[str]:
    """Feature names: c… character n-grams, w… words, s… sound n-grams, n… the names' values; u… is `strange`.

    Typed pinyin has sounds only.
    """
    if characters:
        text = "^" + "".join("" if token.typed else _shape(token.surface) for token in tokens) + "$"
        for size in CHARACTERS:
            for start in range(len(text) - size + 1):
                yield "c" + text[start : start + size]
        for word in words:
            yield "w" + word
    heard = ["^", *(said for token in tokens if (said := _sound(token))), "$"]
    for size in SOUNDS:
        for start in range(len(heard) - size + 1):
            yield "s" + " ".join(heard[start : start + size])
    found = False
    for name in names:
        found = True
        yield "n" + name
    if not found:  # that nothing known is named tells as much as a name
        yield "n"


def strange(words: Iterable[str], known: Container[str]) -> str:
    """The feature that tells how many of a message's words no (other) example has: what is new is rarely ours."""
    return f"u{min(sum(word not in known for word in words), _STRANGE)}"


def _shape(surface: str) -> str:
    return "0" if surface[0].isdigit() else surface.lower()


def _sound(token: Token) -> str:
    if not token.readings:
        return "0" if token.surface[0].isdigit() else token.surface.lower() if token.surface.isalnum() else ""
    return folded(token.readings[0])
