"""Departments' exports go in: `import_paths` reads files, folders or whole platform exports into the database.

Rows are counted as a clerk counts them: in CSV the header is row 1, in a workbook the row of the sheet, in JSON the n-th
item of the list. One call is one transaction: cut off, the data are as they were.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from knowledge import places as gazetteer
from knowledge.imports import documents, masking, parse, prices, readers
from knowledge.imports.mapping import Mapping, Match, load_all, match
from knowledge.imports.readers import FileError, Grid
from knowledge.imports.rows import File, RowError, is_no_record, values_of
from knowledge.imports.store import Counts, Refused, Taken, Writer
from knowledge.names import commodity_aliases
from knowledge.places import Places
from knowledge.tables import DATASETS, Quarantined

Progress = Callable[[str, int, int], None]  # file, number of the file, number of files

_QUARTERS = {"一": 3, "二": 6, "三": 9, "四": 12, "1": 3, "2": 6, "3": 9, "4": 12}


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
        writer = Writer(connection, now)
        for number, (root, file) in enumerate(files, 1):
            name = file.relative_to(root).as_posix()
            if progress:
                progress(name, number, len(files))
            savepoint = connection.begin_nested()
            try:
                for dataset, counts in _import_file(writer, root, file, known):
                    _add(summary.datasets[dataset], counts)
                savepoint.commit()
            except FileError as error:
                savepoint.rollback()
                writer.forget()
                summary.errors.append((name, str(error)))
    return summary


def _add(total: Counts, more: Counts) -> None:
    total.read += more.read
    total.stored += more.stored
    total.unchanged += more.unchanged
    total.quarantined += more.quarantined


def _import_file(writer: Writer, root: Path, file: Path, places: Places) -> list[tuple[str, Counts]]:
    if not file.exists():
        raise FileError("没有这个文件")
    suffix = file.suffix.lower()
    if suffix == ".md":
        return [_import_document(writer, root, file, "policies", documents.policy)]
    if suffix == ".xml":
        return [_import_document(writer, root, file, "alerts", documents.alert)]
    if suffix not in readers.TABULAR:
        raise FileError(f"不认识“{file.suffix}”这种文件，能收 CSV、TSV、XLSX、JSON、XML（CAP）和 Markdown")
    digest = _sha256(file)
    results = []
    unmatched = []
    for grid in readers.read(file):
        if sum(1 for row in grid.rows if any(parse.text(cell) for cell in row)) == 0:
            continue
        laid = match(grid, load_all(), file.relative_to(root).as_posix() + " " + root.name)
        if laid is None:
            unmatched.append(grid.sheet)
        elif laid.mapping.dataset:
            results.append(_import_grid(writer, root, file, digest, grid, laid, places))
    if unmatched and not results:
        raise FileError("表头认不出来：没有一张对照表对得上，请在 knowledge/imports/mappings/ 里添一个")
    return results


def _import_grid(
    writer: Writer, root: Path, path: Path, digest: str, grid: Grid, laid: Match, places: Places
) -> tuple[str, Counts]:
    mapping = laid.mapping
    dataset = DATASETS[mapping.dataset]
    name = path.relative_to(root).as_posix()
    file = _file(path, root, grid, laid, places)
    taken, refused = _read_rows(grid, laid, file, places)
    if mapping.dataset == "prices":
        _check_order(grid, laid, file, places)
    fallback = file.dated or min(_modified(path), writer.now.date())
    dates = [row.as_of for row in taken if row.as_of]
    as_of = file.dated or (min(max(dates), writer.now.date()) if dates else fallback)
    taken = [Taken(row.row, row.values, row.as_of or as_of) for row in taken]
    source = writer.source(mapping.dataset, mapping.department, name, grid.sheet, mapping.name, digest, as_of)
    counts, conflicts = writer.write(dataset, source, taken)
    by_row = {row.row: row for row in taken}
    refused += [
        Refused(c.row, c.reason, {k: masking.private(str(v)) for k, v in by_row[c.row].values.items()})
        for c in conflicts
    ]
    counts.read += len(refused) - len(conflicts)
    counts.quarantined += len(refused) - len(conflicts)
    writer.quarantine(mapping.dataset, str(root), name, grid.sheet, sorted(refused, key=lambda r: r.row))
    return mapping.dataset, counts


def _read_rows(grid: Grid, laid: Match, file: File, places: Places) -> tuple[list[Taken], list[Refused]]:
    taken: list[Taken] = []
    refused: list[Refused] = []
    finish = FINISH.get(laid.mapping.dataset)
    header = [parse.text(cell) for cell in (grid.keys or (grid.rows[laid.start - 1] if laid.start else ()))]
    for index in range(laid.start, len(grid.rows)):
        row = grid.rows[index]
        if is_no_record(row) or (not grid.keys and laid.start and [parse.text(c) for c in row] == header):
            continue
        number = grid.first + index
        try:
            values = values_of(row, laid, file, places)
            if finish:
                values = finish(values, laid, file)
            taken.append(Taken(number, values, values.get(laid.mapping.as_of) if laid.mapping.as_of else None))
        except RowError as error:
            refused.append(Refused(number, str(error), _raw(header, row)))
    return taken, refused


def _raw(header: Sequence[str], row: Sequence[object]) -> dict[str, str]:
    """A row's cells under their headers, with every number of a person masked."""
    names = list(header) + [f"第{n}列" for n in range(len(header) + 1, len(row) + 1)]
    return {names[i] or f"第{i + 1}列": masking.private(parse.text(cell)) for i, cell in enumerate(row)}


def _finish_price(values: dict[str, Any], laid: Match, file: File) -> dict[str, Any]:
    header_unit = prices.title_unit([laid.headers.get(name, "") for name in ("average", "low", "high")])
    return prices.finish(values, _aliases(), header_unit or file.unit)


@cache
def _aliases() -> dict[str, str]:
    return {other: name for name, others in commodity_aliases().items() for other in others}


def _finish_relief(values: dict[str, Any], laid: Match, file: File) -> dict[str, Any]:
    return values | {"dated": file.dated}


#: What a data set needs beside its mapping.
FINISH: dict[str, Callable[[dict[str, Any], Match, File], dict[str, Any]]] = {
    "prices": _finish_price,
    "reliefs": _finish_relief,
}


def _check_order(grid: Grid, laid: Match, file: File, places: Places) -> None:
    """Refuse a price file whose low, average and high are in the wrong columns."""
    columns = [laid.columns.get(name) for name in ("low", "average", "high")]
    if None in columns:
        return
    quotes = []
    for row in grid.rows[laid.start :]:
        try:
            quote = [
                parse.number(row[column], minimum=None)
                for column in columns
                if column is not None and column < len(row)
            ]
        except parse.CellError:
            continue
        if len(quote) == 3 and all(value is not None for value in quote):
            quotes.append((quote[0], quote[1], quote[2]))
    prices.refuse_swapped(quotes, laid.headers)  # type: ignore[arg-type]


def _file(path: Path, root: Path, grid: Grid, laid: Match, places: Places) -> File:
    inside = path.relative_to(root)
    folders = [*inside.parts[:-1]][::-1] or [root.name]
    names = tuple(name for name in (laid.title, grid.sheet, path.stem, *folders) if name)
    town = next((town for name in names for town in places.towns if town.name in name), None)
    unit = prices.title_unit(names) if laid.mapping.dataset == "prices" else _title_unit(laid.title)
    return File(names, unit, town, next((dated for name in names if (dated := _dated(name))), None))


def _title_unit(title: str) -> str:
    found = re.search(r"单位\s*[:：]\s*([^\s,，;；)）]+)", title)
    return found[1] if found else ""


def _dated(name: str) -> date | None:
    """The date that a title or file name says: its day, or the last day of its month, quarter or half year."""
    try:
        whole = re.search(r"(20\d{2})[-年./]?(\d{1,2})[-月./]?(\d{1,2})日?", name)
        if whole and 1 <= int(whole[2]) <= 12 and 1 <= int(whole[3]) <= 31:
            return date(int(whole[1]), int(whole[2]), int(whole[3]))
        quarter = re.search(r"(20\d{2})年?第?([一二三四1-4])季度", name)
        if quarter:
            return _month_end(int(quarter[1]), _QUARTERS[quarter[2]])
        half = re.search(r"(20\d{2})年(上|下)半年", name)
        if half:
            return _month_end(int(half[1]), 6 if half[2] == "上" else 12)
        month = re.search(r"(20\d{2})年(\d{1,2})月", name)
        return _month_end(int(month[1]), int(month[2])) if month else None
    except ValueError:
        return None


def _month_end(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def _import_document(
    writer: Writer, root: Path, path: Path, dataset: str, read: Callable[[Path], dict[str, Any]]
) -> tuple[str, Counts]:
    name = path.relative_to(root).as_posix()
    try:
        values = read(path)
    except RowError as error:
        writer.quarantine(dataset, str(root), name, "", [Refused(1, str(error), {})])
        return dataset, Counts(read=1, quarantined=1)
    except OSError as error:
        raise FileError(f"打不开：{error.strerror}") from None
    department = str(values.get("issuer") or values.get("publisher") or "")
    as_of = values.get("issued") or (values["sent"].date() if "sent" in values else None)
    source = writer.source(
        dataset, department, name, "", path.suffix, _sha256(path), as_of or min(_modified(path), writer.now.date())
    )
    counts, _ = writer.write(DATASETS[dataset], source, [Taken(1, values, as_of)])
    writer.quarantine(dataset, str(root), name, "", [])
    return dataset, counts


def _sha256(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _modified(path: Path) -> date:
    return datetime.fromtimestamp(path.stat().st_mtime).astimezone().date()


__all__ = ["Mapping", "Progress", "Summary", "import_paths", "retry"]
