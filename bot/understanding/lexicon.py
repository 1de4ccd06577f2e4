"""The everyday words of Chinese: where a text has one, no name is misheard. Pure once built."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

LONGEST = 4


class Lexicon:
    """A set of words of two to four characters."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words = frozenset(words)

    def __contains__(self, word: object) -> bool:
        return word in self.words

    @cached_property
    def _starts(self) -> dict[str, int]:
        """How words begin, with how long the longest is that begins so."""
        return {word[:2]: len(word) for word in sorted(self.words, key=len)}

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the words of a text stand, as few and as long as they can be; single characters are left out."""
        size, starts, words = len(text), self._starts, self.words
        # best[i]: the fewest pieces from i on; a single character counts like a piece and a little more
        best = [0.0] * (size + 1)
        step = [1] * (size + 1)
        for start in range(size - 1, -1, -1):
            best[start] = best[start + 1] + 1.01
            step[start] = 1
            longest = starts.get(text[start : start + 2])
            if longest:
                for length in range(2, min(longest, size - start) + 1):
                    if text[start : start + length] in words and best[start + length] + 1 < best[start]:
                        best[start] = best[start + length] + 1
                        step[start] = length
        found, at = [], 0
        while at < size:
            if step[at] > 1:
                found.append((at, at + step[at]))
            at += step[at]
        return found
