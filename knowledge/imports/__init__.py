"""Departments' exports go in: `import_paths` reads files, folders or whole platform exports into the database.

Rows are counted as a clerk counts them: in CSV the header is row 1, in a workbook the row of the sheet, in JSON the n-th
item of the list. One call is one transaction: cut off, the data are as they were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select, text

from knowledge import places as gazetteer
from knowledge.imports.readers import FileError
from knowledge.imports.sheets import import_file
from knowledge.imports.store import Counts, Writer
from knowledge.places import Places
from knowledge.tables import Quarantined

Progress = Callable[[str, int, int], None]  # file, number of the file, number of files


@dataclass(slots=True)
class Summary:
    """What an import did: counts by data set, and the files that could not be read or were refused, with the reason."""

    datasets: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    errors: list[tuple[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The shape of `flask import --json`."""
        return {
            "datasets": [
                {
                    "name": name,
                    "read": counts.read,
                    "stored": counts.stored,
                    "unchanged": counts.unchanged,
                    "quarantined": counts.quarantined,
                }
                for name, counts in sorted(self.datasets.items())
            ],
            "errors": [{"file": file, "reason": reason} for file, reason in self.errors],
        }


def import_paths(
    engine: Engine,
    paths: Sequence[Path],
    now: datetime,
    progress: Progress | None = None,
    places: Places | None = None,
) -> Summary:
    """Import files and folders in one transaction. Bad rows go to quarantine, bad files into `Summary.errors`."""
    files = [(root, file) for path in paths for root, file in _files(path)]
    return _run(engine, files, now, progress, places)


def retry(engine: Engine, now: datetime, progress: Progress | None = None, places: Places | None = None) -> Summary:
    """Read the files again that have rows in quarantine, after a mapping or a file was mended."""
    with engine.connect() as connection:
        found = connection.execute(select(Quarantined.root, Quarantined.file).distinct().order_by(Quarantined.file))
        files = [(Path(root), Path(root) / file) for root, file in found]
    return _run(engine, files, now, progress, places)


def _files(path: Path) -> Iterator[tuple[Path, Path]]:
    """(root, file) of all files to be read; README.md, _* and hidden files are passed over."""
    path = path.resolve()
    if path.is_file() or not path.exists():
        yield path.parent, path
        return
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path).parts
        if (
            file.is_file()
            and not any(part.startswith(("_", ".", "~$")) for part in inside)
            and file.name != "README.md"
        ):
            yield path, file


def _run(
    engine: Engine, files: list[tuple[Path, Path]], now: datetime, progress: Progress | None, places: Places | None
) -> Summary:
    summary = Summary()
    known = places or gazetteer.load()
    with engine.begin() as connection:
        _begin(connection)
        writer = Writer(connection, now)
        for number, (root, file) in enumerate(files, 1):
            name = file.relative_to(root).as_posix()
            if progress:
                progress(name, number, len(files))
            savepoint = connection.begin_nested()
            try:
                writer.release(file)
                results, problems = import_file(writer, root, file, known)
            except FileError as error:
                savepoint.rollback()
                writer.forget()
                summary.errors.append((name, str(error)))
                continue
            savepoint.commit()
            writer.keep()
            for dataset, counts in results:
                summary.datasets[dataset].add(counts)
            summary.errors += [(name, problem) for problem in problems]
        writer.withdraw()
    return summary


def _begin(connection: Connection) -> None:
    """Open the transaction by hand and let one import wait for another.

    SQLite's driver opens none before a savepoint, so that the first file's savepoint would commit by itself.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('xiangyin import'))"))


__all__ = ["Progress", "Summary", "import_paths", "retry"]
