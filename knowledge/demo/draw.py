"""Draws that depend on nothing but what they are for: the same words give the same draws on every day and machine."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

SEED = "xiangyin"

_SPENT = 1 << 64


class Draw:
    """A stream of draws for one thing, for example Draw("price", "玉米", day).

    A figure is never drawn from a stream that other figures share: then yesterday's do not change with tomorrow's.
    """

    __slots__ = ("_refills", "_seed", "_state")

    def __init__(self, *about: object) -> None:
        self._seed = "|".join((SEED, *map(str, about)))
        self._refills = 0
        self._state = self._digest()

    def _digest(self) -> int:
        return int.from_bytes(blake2b(f"{self._seed}#{self._refills}".encode()).digest())

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        if self._state < _SPENT:
            self._refills += 1
            self._state = self._digest()
        self._state, drawn = divmod(self._state, limit)
        return drawn

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True in `percent` of a hundred cases."""
        return self.below(100) < percent

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, each as likely."""
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """`count` different ones of the choices (all where there are fewer), in the order drawn."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]

    def unit(self) -> float:
        """A number from 0 to under 1."""
        return self.below(1_000_000) / 1_000_000

    def tenths(self, low: int, high: int) -> Decimal:
        """A Decimal with one place, from `low`/10 to `high`/10."""
        return Decimal(self.between(low, high)) / 10
