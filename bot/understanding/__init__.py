"""Text -> Query: the embedded engine and its parts. `load` gives it with the model and the words that are shipped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from bot.understanding import model as models
from bot.understanding.engine import Understanding
from bot.understanding.query import Names, Query

DATA = Path(__file__).parent.parent / "data"
MODEL = Path(__file__).parent.parent / "model" / "intents.npz"


class Embedded:
    """The engine with the shipped model, which is read anew when it has been trained anew.

    `version` tells when that is so; whoever holds the engine then asks for it again `with_names`.
    """

    def __init__(self, path: Path, names: Names) -> None:
        self._path = path
        self._engine = load(path, names)

    def parse(self, text: str, today: date) -> list[Query]:
        """The questions of a message, usually one."""
        return self._engine.parse(text, today)

    def with_names(self, names: Names) -> Embedded:
        """The engine with the model as it is stored now, for other names."""
        return Embedded(self._path, names)


def load(path: Path = MODEL, names: Names | None = None) -> Understanding:
    """The engine with a trained model; `names` are what the data know. Raises model.ModelError."""
    return Understanding(models.load(path), load_words(), names or {})


def embedded(path: Path = MODEL) -> Embedded:
    """The engine for a server: it takes up a model that has been trained meanwhile."""
    return Embedded(path, {})


def version(path: Path = MODEL) -> str:
    """Changes whenever the stored model has changed."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ""
    return f"{found.st_mtime_ns} {found.st_size}"


def load_words(path: Path = DATA / "words.yml") -> Mapping[str, Any]:
    """The words that fill slots in every county."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    stored: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader
    return stored


__all__ = ["DATA", "MODEL", "Embedded", "Understanding", "embedded", "load", "load_words", "version"]
