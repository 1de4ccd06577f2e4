"""The sample county's policy documents: files of policies/, read as an import reads them, with their dates of this year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from knowledge.demo.scene import Row, Scene, every_spring
from knowledge.imports import documents

FOLDER = Path(__file__).parent / "policies"

#: The year of which the files' front matter speaks.
_WRITTEN = 2025


def paper(path: Path, mark: str, scene: Scene) -> Iterator[Row]:
    """One policy: its dates are moved to the running year, {年}, {去年} and {明年} filled in."""
    year = every_spring(scene.today).year
    words = {"{年}": str(year), "{去年}": str(year - 1), "{明年}": str(year + 1)}

    def said(text: str) -> str:
        for word, number in words.items():
            text = text.replace(word, number)
        return text

    values: dict[str, Any] = documents.policy(path)
    for name in ("issued", "effective", "expires"):
        day: date | None = values[name]
        values[name] = day and day.replace(year=day.year + year - _WRITTEN)
    values["issuer"] = scene.places.county.name + values["issuer"] + mark
    values["doc_no"] = said(values["doc_no"])
    values["sections"] = [section | {"text": said(section["text"])} for section in values["sections"]]
    yield values, values["issued"]
