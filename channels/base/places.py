"""The county's places as channels see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Place(Protocol):
    """One unit of the gazetteer."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def parent(self) -> str | None: ...


class Gazetteer(Protocol):
    """The county's places; see `knowledge.places.Places`."""

    @property
    def county(self) -> Place: ...
    def get(self, code: str) -> Place | None: ...
    def units(self, name: str) -> Sequence[Place]: ...
    def full_name(self, code: str) -> str: ...
    def villages(self) -> Sequence[Place]: ...
