"""Soil tests, and what published gradings call their values. The gradings stand in data/soil_grades.yml with their sources.

Units are those of `SoilTest`: EC in μS/cm, organic matter in g/kg, nutrients in mg/kg.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.tables import SoilTest

DATA = Path(__file__).parent / "data" / "soil_grades.yml"

_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Grade:
    """One class of a measure: values from `low` (inclusive) up to `high`; None is open. `level` is the class's number.

    `advice` is general advice for it, "" where there is none; `lacking` tells a nutrient that is short.
    """

    name: str
    low: Decimal | None
    high: Decimal | None
    level: str
    advice: str
    lacking: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a soil sample with its grading and where that is published."""

    name: str
    label: str
    unit: str
    words: tuple[str, ...]
    source: str
    grades: tuple[Grade, ...]

    def grade(self, value: Decimal) -> Grade:
        """The class of a value. A bound belongs to the class above it."""
        return next(g for g in self.grades if (g.low is None or value >= g.low) and (g.high is None or value < g.high))


@dataclass(frozen=True, slots=True)
class Spread:
    """A measure over several plots: plain mean to a hundredth, lowest and highest value, how many plots."""

    mean: Decimal
    low: Decimal
    high: Decimal
    plots: int


@cache
def measures(path: Path = DATA) -> Mapping[str, Measure]:
    """The measures by the name of their column, in the order in which they are told."""
    stored: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["measures"]
    return {name: _measure(name, row) for name, row in stored.items()}


@cache
def salt_tolerance(path: Path = DATA) -> Mapping[str, str]:
    """How well crops stand salt: {"草莓": "怕盐"}; from the source that `salt_source` names."""
    stored = yaml.safe_load(path.read_text(encoding="utf-8"))["salt_tolerance"]["crops"]
    return {crop: word for word, crops in stored.items() for crop in crops}


@cache
def salt_source(path: Path = DATA) -> str:
    """Where the crops' tolerance of salt is published."""
    source: str = yaml.safe_load(path.read_text(encoding="utf-8"))["salt_tolerance"]["source"]
    return source


def latest(session: Session, area: str, days: tuple[date, date] | None = None) -> list[SoilTest]:
    """The latest sample of each plot of an area, by plot; of those taken within days where there are such."""
    taken = [SoilTest.sampled.between(*days)] if days else []
    rows = session.scalars(
        select(SoilTest).where(within(SoilTest.place, area), *taken).order_by(SoilTest.plot, SoilTest.sampled.desc())
    )
    newest: dict[tuple[str, str], SoilTest] = {}
    for row in rows:
        newest.setdefault((row.place, row.plot), row)
    return list(newest.values())


def first_day(session: Session, area: str) -> date | None:
    """The day of the first sample of an area, None where there is none."""
    return session.scalar(select(func.min(SoilTest.sampled)).where(within(SoilTest.place, area)))


def of_plot(session: Session, plot: str, area: str | None = None) -> list[SoilTest]:
    """The samples of a plot, the latest first; a plot may be called by the end of its code (T01) within an area."""
    said = _plain(plot)
    where = [within(SoilTest.place, area)] if area else []
    rows = session.scalars(select(SoilTest).where(*where).order_by(SoilTest.sampled.desc())).all()
    exact = [row for row in rows if _plain(row.plot) == said]
    if exact or area is None:
        return exact
    return [row for row in rows if _plain(row.plot).endswith(said)]


def named(session: Session, text: str) -> str | None:
    """The plot whose code stands in a text, however its parts are joined; the longest code where several do."""
    said = _plain(text)
    plots = session.scalars(select(SoilTest.plot).distinct().order_by(SoilTest.plot))
    return max((plot for plot in plots if _plain(plot) in said), key=len, default=None)


def spread(rows: Iterable[SoilTest], name: str) -> Spread | None:
    """A measure over the samples, or None where none has it."""
    values: Sequence[Decimal] = [value for row in rows if (value := getattr(row, name)) is not None]
    if not values:
        return None
    mean = (sum(values, Decimal(0)) / len(values)).quantize(_HUNDREDTH, ROUND_HALF_UP)
    return Spread(mean, min(values), max(values), len(values))


def _plain(plot: str) -> str:
    return "".join(character for character in plot.upper() if character.isalnum())


def _measure(name: str, row: Mapping[str, Any]) -> Measure:
    grades = []
    for number, grade in enumerate(row["grades"]):
        low = grade.get("from")
        above = row["grades"][number - 1].get("from") if number else None
        grades.append(
            Grade(
                grade["name"],
                None if low is None else Decimal(str(low)),
                None if above is None else Decimal(str(above)),
                grade.get("level", ""),
                grade.get("advice", ""),
                bool(grade.get("lacking")),
            )
        )
    return Measure(name, row["label"], row.get("unit", ""), tuple(row["words"]), row["source"], tuple(grades))
