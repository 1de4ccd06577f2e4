"""The sample county: real places, every data set filled with invented figures that say so (样例).

`ensure` fills an empty database and brings the data of one that holds samples up to today. Every value is drawn from
what it is about (`draw.Draw`), so that the same day gives the same county and yesterday's figures stay.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import Connection, Engine, select, text

from knowledge import database
from knowledge import places as gazetteer
from knowledge.demo import (
    accounts,
    alerts,
    farming,
    livable,
    markets,
    matters,
    notices,
    papers,
    registers,
    scene,
    services,
)
from knowledge.demo.scene import DAYS, Row, Scene
from knowledge.imports.store import Taken, Writer
from knowledge.places import Places
from knowledge.tables import DATASETS, Source

#: What tells a sample from a department's own figures, in the name of every source.
MARK = "·样例"

#: Changes with the script: what an earlier one has made is made anew.
SCRIPT = "demo 1"


@dataclass(frozen=True, slots=True)
class Part:
    """One data set of the sample county.

    `made` is the day on which it was last renewed, seen from today; one that `grows` by the day keeps what it has and
    is given the days since.
    """

    dataset: str
    department: str
    make: Callable[[Scene], Iterable[Row]]
    made: Callable[[date], date]
    grows: bool = False
    sheet: str = ""

    @property
    def file(self) -> str:
        """The name that stands for a file of the department's."""
        return f"样例/{DATASETS[self.dataset].label}"


def _policies(places: Places) -> list[Part]:
    return [
        Part(
            "policies",
            places.county.name + path.parent.name,
            partial(papers.paper, path, MARK),
            scene.every_spring,
            sheet=path.stem,
        )
        for path in sorted(papers.FOLDER.glob("*/*.md"))
    ]


def parts(places: Places) -> list[Part]:
    """Everything that the sample county has."""
    return [
        Part("prices", "农业农村局", markets.quotes, scene.every_day, grows=True),
        Part("finance", "农经站", accounts.entries, scene.every_day, grows=True),
        Part("power_items", "纪委监委", matters.items, scene.every_day),
        Part("reliefs", "民政局", registers.reliefs, scene.every_quarter),
        Part("livability", "智慧家园", livable.works, scene.every_half_year),
        Part("projects", "智慧家园", livable.projects, scene.every_month),
        Part("toilet_repairs", "智慧家园", livable.repairs, scene.every_day),
        Part("soil_tests", "农业农村局", farming.soil, scene.every_autumn),
        Part("farming_stats", "农业农村局", farming.statistics, scene.every_autumn),
        Part("facilities", "农业农村局", farming.greenhouses, scene.every_autumn),
        Part("trades", "农业农村局", farming.offers, scene.every_day),
        Part("assets", "农经站", registers.assets, scene.every_spring),
        Part("cooperatives", "农经站", registers.cooperatives, scene.every_spring),
        Part("idle_resources", "农经站", registers.idle, scene.every_quarter),
        Part("role_models", "文明办", registers.role_models, scene.every_half_year),
        Part("civilized_titles", "文明办", registers.titles, scene.every_spring),
        Part("cameras", "公安局", livable.cameras, scene.every_half_year),
        Part("alerts", "应急管理局", partial(alerts.alerts, MARK), scene.every_day),
        Part("notices", "政府办", partial(notices.notices, MARK), scene.every_day),
        Part("residents", "政府办", services.residents, scene.every_half_year),
        Part("offices", "行政审批局", services.offices, scene.every_spring),
        Part("hotlines", "行政审批局", services.hotlines, scene.every_spring),
        Part("clinics", "行政审批局", services.clinics, scene.every_spring),
        Part("bus_routes", "行政审批局", services.buses, scene.every_spring),
        *_policies(places),
    ]


@dataclass(frozen=True, slots=True)
class _Due:
    part: Part
    since: date
    until: date


def ensure(engine: Engine, today: date, interactive: bool = False, places: Places | None = None) -> int:
    """Fill an empty database with the sample county, or bring the samples of one up to today.

    Returns the number of records stored. A data set that holds an import of its own is left alone, and so is a
    database that holds imports but no samples. One transaction: cut off, the database is as before. `interactive`
    shows the progress on the terminal.
    """
    database.migrate(engine)
    known = places or gazetteer.load()
    with engine.connect() as connection:
        if not _due(connection, today, known):
            return 0
    with engine.begin() as connection:
        _lock(connection)
        due = _due(connection, today, known)  # another process may have been quicker
        return _write(connection, due, today, known, interactive)


def _lock(connection: Connection) -> None:
    """Of two processes that fill the same database, one waits for the other and then finds nothing to do."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('xiangyin demo'))"))
    else:
        connection.execute(text("BEGIN IMMEDIATE"))


def _due(connection: Connection, today: date, places: Places) -> list[_Due]:
    """The parts that are missing or behind today, each with the days that are wanted."""
    rows = connection.execute(
        select(Source.dataset, Source.file, Source.sheet, Source.sample, Source.mapping, Source.as_of)
    ).all()
    if rows and not any(row.sample for row in rows):
        return []
    imported = {row.dataset for row in rows if not row.sample}
    stored = {(row.dataset, row.file, row.sheet): row for row in rows if row.sample}
    due = []
    for part in parts(places):
        if part.dataset in imported:
            continue
        made, since = part.made(today), today - timedelta(DAYS)
        before = stored.get((part.dataset, part.file, part.sheet))
        if before and before.mapping == SCRIPT and before.as_of:
            if before.as_of == made or (part.grows and before.as_of > made):
                continue
            if part.grows:
                since = before.as_of + timedelta(1)
        due.append(_Due(part, since, made))
    return due


def _write(connection: Connection, due: Sequence[_Due], today: date, places: Places, interactive: bool) -> int:
    writer = Writer(connection, datetime.now(UTC), sample=True)
    stored = 0
    with Progress(
        TextColumn("样例数据 {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
        transient=True,
        disable=not interactive,
    ) as progress:
        task = progress.add_task("", total=len(due))
        for item in due:
            part = item.part
            dataset = DATASETS[part.dataset]
            progress.update(task, description=dataset.label)
            county = Scene(places, today, item.since)
            rows = [Taken(number, values, as_of) for number, (values, as_of) in enumerate(part.make(county), 1)]
            source = writer.source(part.dataset, part.department + MARK, part.file, part.sheet, SCRIPT, "", item.until)
            counts, _ = writer.write(dataset, source, rows)
            stored += counts.stored
            progress.advance(task)
    return stored


__all__ = ["MARK", "Part", "ensure", "parts"]
