"""What has been read of a text: on the way (`Found`) and when it is done (`Analysis`). Pure."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.understanding.features import Masks, features, masked, strange
from bot.understanding.matcher import Mention
from bot.understanding.syllables import Token

#: Intents with their confidence, best first.
Ranked = dict[str, float]

#: Slots that are only said, never named: their words are looked for as written and leave the text as it is.
SPOKEN = frozenset({"extreme", "direction", "aspect", "side", "indicator", "level"})
FLAGS = frozenset({"own_village", "own_town", "county"})
OWN = FLAGS | {"own_home"}
PLACES = frozenset({"village", "villages", "town", "unknown_place", *FLAGS})


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found in a text: its tokens, the slots, the spans that are masked, the names' values, its words; the
    hanzi that nothing has read (`rest`), and the spans of its words and names (`whole`).
    """

    text: str
    tokens: list[Token]
    slots: dict[str, Any]
    spans: list[tuple[int, int, str]] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    rest: str = ""
    whole: Sequence[tuple[int, int]] = ()

    def apart(self, at: int) -> bool:
        """Whether the text may be cut there: not inside a word or a name."""
        return not any(start < at < end for start, end in self.whole)

    def features(self, known: Container[str]) -> list[str]:
        """The features by which the intent is told; `known` are the words that the training data have."""
        return [
            *features(masked(self.tokens, self.spans), self.words, self.values),
            strange(self.words, known),
        ]


class Found:
    """What has been read of a text so far."""

    def __init__(self, text: str, tokens: list[Token], masks: Masks) -> None:
        self.text = text
        self.tokens = tokens
        self.slots: dict[str, Any] = {}
        self.spans: list[tuple[int, int, str]] = []
        self.values: list[str] = []
        self._masks = masks
        self.taken: list[tuple[int, int]] = []
        self._misspelt: list[Mention] = []

    def free(self, start: int, end: int) -> bool:
        """Whether nothing has been read there."""
        return not any(start < taken_end and taken_start < end for taken_start, taken_end in self.taken)

    def cover(self, slot: str, start: int, end: int) -> None:
        """Mark a stretch as read and mask it for the intent."""
        self.taken.append((start, end))
        if mask := self._masks.of(slot):
            self.spans.append((start, end, mask))

    def left(self) -> str:
        """The text with blanks for what has been read."""
        text = self.text
        for start, end in self.taken:
            text = text[:start] + " " * (end - start) + text[end:]
        return text

    def as_written(self) -> str:
        """The text with each name that was surely heard as it is written, since skills search by the text's words."""
        text = self.text
        for mention in sorted(self._misspelt, key=lambda found: -found.start):
            text = text[: mention.start] + mention.surface + text[mention.end :]
        return text

    def take(self, mention: Mention) -> None:
        """Mark a name as read."""
        self.cover(mention.slot, mention.start, mention.end)
        if mention.cost and (mention.sure or mention.slot not in PLACES):
            self._misspelt.append(mention)
        if mention.slot not in PLACES and self._masks.of(mention.slot):
            self.values.append(mention.values[0])
