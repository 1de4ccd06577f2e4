"""One file -> records in the database: the mapping is found, rows are read, what cannot be taken is put aside."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from knowledge.imports import cap, documents, masking, parse, prices, readers
from knowledge.imports.mapping import load_all
from knowledge.imports.matching import Match, matches, nearest
from knowledge.imports.readers import FileError, Grid
from knowledge.imports.rows import File, RowError, heading_of, is_no_record, values_of
from knowledge.imports.store import Counts, Refused, Taken, Writer, too_long
from knowledge.names import commodity_aliases
from knowledge.places import Place, Places
from knowledge.tables import DATASETS

DOCUMENTS = {".md": ("policies", documents.policy), ".xml": ("alerts", documents.alert)}

_DEPARTMENT = re.compile(r"[一-鿿]{2,12}(局|站|委|委员会|办|办公室|中心|厅|处|联社|协会)$")
_QUARTERS = {"一": 3, "二": 6, "三": 9, "四": 12, "1": 3, "2": 6, "3": 9, "4": 12}


def import_file(writer: Writer, root: Path, path: Path, places: Places) -> tuple[list[tuple[str, Counts]], list[str]]:
    """Import one file: counts by data set, and sentences on sheets that could not be read.

    Raises FileError where nothing of the file can be taken.
    """
    if not path.exists():
        raise FileError("没有这个文件；要是改了名或挪了地方，请按新的路径再导")
    suffix = path.suffix.lower()
    if suffix in DOCUMENTS:
        dataset, read = DOCUMENTS[suffix]
        return [_import_document(writer, root, path, dataset, read)], []
    if suffix not in readers.TABULAR:
        raise FileError(f"不认识“{path.suffix}”这种文件，能收 CSV、TSV、XLSX、XLS、JSON、XML（CAP）和 Markdown")
    digest = sha256(readers.contents(path)).hexdigest()
    context = f"{path.relative_to(root).as_posix()} {root.name}"
    results: list[tuple[str, Counts]] = []
    known = False
    problems = []
    grids = readers.read(path)
    for grid in grids:
        if not any(parse.text(cell) for row in grid.rows for cell in row):
            continue
        found = matches(grid, load_all(), context, places)
        if not found:
            if len(grids) == 1 or _is_table(grid):
                problems.append((f"表页“{grid.sheet}”" if grid.sheet else "") + _unmatched(grid, context, places))
            continue
        laid = _in_order(grid, found)
        known = True
        if laid.mapping.dataset:
            results.append(_import_grid(writer, root, path, digest, grid, laid, places))
    if not known:
        raise FileError(problems[0] if problems else "里面没有认得出的表，请看 docs/mappings.md 怎样添对照表")
    return results, problems


def _is_table(grid: Grid) -> bool:
    """A sheet of notes has few cells a row; only what looks like a table is worth a word."""
    return sum(sum(1 for cell in row if parse.text(cell)) >= 3 for row in grid.rows[:50]) >= 3


def _unmatched(grid: Grid, context: str, places: Places) -> str:
    close = nearest(grid, load_all(), context, places)
    if close is None or not close.mapping.dataset:
        return "表头认不出来，没有一张对照表对得上；请看 docs/mappings.md 怎样添对照表"
    fields = [close.mapping.fields[name] for name in close.missing]
    lacking = "、".join(f"“{field.label}”" for field in fields)
    label = DATASETS[close.mapping.dataset].label
    return f"像是{label}，可是找不到{lacking}这一列；请核对表头，或把它的叫法添到对照表 {close.mapping.name}.yml 里"


def _in_order(grid: Grid, found: Sequence[Match]) -> Match:
    """The best mapping whose low, average and high prices are in order; raises FileError where it is none."""
    refused: FileError | None = None
    for laid in found:
        if laid.mapping.dataset != "prices":
            return laid if refused is None else _raise(refused)
        try:
            prices.refuse_swapped(_quotes(grid, laid), laid.headers)
        except FileError as error:
            refused = refused or error
        else:
            return laid
    return _raise(refused or FileError("表头认不出来"))


def _raise(error: FileError) -> Match:
    raise error


def _quotes(grid: Grid, laid: Match) -> list[prices.Quote]:
    """Low, average and high of all rows that have the three."""
    columns = [laid.columns.get(name) for name in ("low", "average", "high")]
    quotes = []
    for row in grid.rows[laid.start :] if None not in columns else ():
        try:
            low, average, high = (
                parse.number(row[column], minimum=None) if column is not None and column < len(row) else None
                for column in columns
            )
        except parse.CellError:
            continue
        if low is not None and average is not None and high is not None:
            quotes.append((low, average, high))
    return quotes


def _import_grid(
    writer: Writer, root: Path, path: Path, digest: str, grid: Grid, laid: Match, places: Places
) -> tuple[str, Counts]:
    mapping = laid.mapping
    dataset = DATASETS[mapping.dataset]
    name = path.relative_to(root).as_posix()
    file = _file(path, root, grid, laid, places)
    taken, refused = _read_rows(grid, laid, file, places)
    today = writer.now.date()
    dates = [row.as_of for row in taken if row.as_of]
    as_of = min(max(dates) if dates else file.dated or _modified(path, writer.now), today)
    taken = [Taken(row.row, row.values, row.as_of or as_of) for row in taken]
    department = next((folder for folder in file.names if _DEPARTMENT.fullmatch(folder)), mapping.department)
    source = writer.source(mapping.dataset, department, name, grid.sheet, mapping.name, digest, as_of)
    counts, conflicts = writer.write(dataset, source, taken)
    counts.read += len(refused)
    counts.quarantined += len(refused)
    header = _header(grid, laid)
    refused += [Refused(c.row, c.reason, _raw(header, grid.rows[c.row - grid.first])) for c in conflicts]
    writer.quarantine(mapping.dataset, str(root), name, grid.sheet, sorted(refused, key=lambda row: row.row))
    return mapping.dataset, counts


def _read_rows(grid: Grid, laid: Match, file: File, places: Places) -> tuple[list[Taken], list[Refused]]:
    taken: list[Taken] = []
    refused: list[Refused] = []
    finish = FINISH.get(laid.mapping.dataset)
    header = _header(grid, laid)
    repeated = None if grid.keys else header  # a printed table bears its header on every page
    columns = set(laid.columns.values())
    for index in range(laid.start, len(grid.rows)):
        row = grid.rows[index]
        if is_no_record(row) or not any(column < len(row) and parse.text(row[column]) for column in columns):
            continue
        if repeated and [parse.text(cell) for cell in row] == repeated:
            continue
        heading = "" if grid.keys else heading_of(row)
        if heading:
            file = replace(file, names=(heading, *file.names), town=_town_in([heading], places) or file.town)
            continue
        number = grid.first + index
        try:
            values = values_of(row, laid, file, places)
            if finish:
                values = finish(values, laid, file)
            long = too_long(DATASETS[laid.mapping.dataset], values)
            if long:
                raise RowError(f"“{laid.headers.get(long[0], long[0])}”超过{long[1]}个字")
            taken.append(Taken(number, values, values.get(laid.mapping.as_of) if laid.mapping.as_of else None))
        except RowError as error:
            refused.append(Refused(number, masking.private(str(error)), _raw(header, row)))
    return taken, refused


def _header(grid: Grid, laid: Match) -> list[str]:
    return [parse.text(cell) for cell in (grid.keys or (grid.rows[laid.header] if laid.header is not None else ()))]


def _raw(header: Sequence[str], row: Sequence[object]) -> dict[str, str]:
    """A row's cells under their headers, with every number of a person masked."""
    names = list(header) + [""] * (len(row) - len(header))
    return {
        names[i] or f"第{i + 1}列": masking.private(parse.text(cell)[: readers.MAX_CHARACTERS // 500])
        for i, cell in enumerate(row)
    }


def _finish_price(values: dict[str, Any], laid: Match, file: File) -> dict[str, Any]:
    header_unit = prices.title_unit([laid.headers.get(name, "") for name in ("average", "low", "high")])
    return prices.finish(values, _aliases(), header_unit or file.price_unit)


@cache
def _aliases() -> dict[str, str]:
    return {other: name for name, others in commodity_aliases().items() for other in others}


def _finish_relief(values: dict[str, Any], laid: Match, file: File) -> dict[str, Any]:
    return values | {"dated": file.dated}


def _finish_alert(values: dict[str, Any], laid: Match, file: File) -> dict[str, Any]:
    """A weather service's warning of one county as an alert of CAP's shape."""
    code, event, level, sent = (values.pop("code"), values["event"], values["level"], values["sent"])
    return values | {
        "identifier": f"{code} {event} {sent.isoformat()}",
        "sender": laid.mapping.department,
        "status": "Actual",
        "kind": "Alert",
        "scope": "Public",
        "references": [],
        "severity": cap.SEVERITIES[level],
        "effective": sent,
        "publisher": laid.mapping.department,
        "headline": f"{event}{level}预警",
        "description": "",
        "instruction": "",
        "contact": "",
        "areas": [code],
        "area_names": [name] if (name := values.pop("name")) else [],
    }


#: What a data set needs beside its mapping.
FINISH: dict[str, Callable[[dict[str, Any], Match, File], dict[str, Any]]] = {
    "prices": _finish_price,
    "reliefs": _finish_relief,
    "alerts": _finish_alert,
}


def _file(path: Path, root: Path, grid: Grid, laid: Match, places: Places) -> File:
    inside = path.relative_to(root)
    folders = [*inside.parts[:-1]][::-1] or [root.name]
    names = tuple(name for name in (laid.title, grid.sheet, path.stem, *folders) if name)
    return File(
        names,
        prices.title_unit(names),
        tuple(unit for name in names for unit in _units_in(name)),
        _town_in(names, places),
        next((dated for name in names if (dated := dated_in(name))), None),
    )


def _town_in(names: Sequence[str], places: Places) -> Place | None:
    return next((town for name in names for town in places.towns if town.name in name), None)


def _units_in(name: str) -> list[str]:
    """The units that a title or a file name says: （单位：万元、公里）, 收支（万元）."""
    said = re.findall(r"单位\s*[:：]\s*([^\s。;；)）]+)", name) + re.findall(r"[(（]([^()（）:：]{1,6})[)）]", name)
    return [unit for text in said for unit in re.split(r"[,，、]", text)]


def dated_in(name: str) -> date | None:
    """The date that a title or file name says: its day, or the last day of its month, quarter or half year."""
    try:
        whole = re.search(r"(?<!\d)(20\d{2})[-年./_](\d{1,2})[-月./_](\d{1,2})(?!\d)", name) or re.search(
            r"(?<!\d)(20\d{2})(\d{2})(\d{2})(?!\d)", name
        )
        if whole:
            return date(int(whole[1]), int(whole[2]), int(whole[3]))
        quarter = re.search(r"(20\d{2})年?第?([一二三四1-4])季度?", name)
        if quarter:
            return _month_end(int(quarter[1]), _QUARTERS[quarter[2]])
        half = re.search(r"(20\d{2})年(上|下)半年", name)
        if half:
            return _month_end(int(half[1]), 6 if half[2] == "上" else 12)
        month = re.search(r"(?<!\d)(20\d{2})[-年._]?(1[0-2]|0?[1-9])(?:月|(?!\d))", name)
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
        long = too_long(DATASETS[dataset], {field: value for field, value in values.items() if field != "sections"})
        if long:
            raise RowError(f"“{long[0]}”超过{long[1]}个字")
    except RowError as error:
        writer.quarantine(dataset, str(root), name, "", [Refused(1, str(error), {})])
        return dataset, Counts(read=1, quarantined=1)
    department = str(values.get("issuer") or values.get("publisher") or "")[:60]
    as_of = values.get("issued") or (values["sent"].astimezone(writer.now.tzinfo).date() if "sent" in values else None)
    digest = sha256(readers.contents(path)).hexdigest()
    dated = as_of or _modified(path, writer.now)
    source = writer.source(dataset, department, name, "", path.suffix, digest, dated)
    counts, conflicts = writer.write(DATASETS[dataset], source, [Taken(1, values, as_of)])
    writer.quarantine(dataset, str(root), name, "", conflicts)
    return dataset, counts


def _modified(path: Path, now: datetime) -> date:
    """The day on which a file was last written, never later than today."""
    return min(datetime.fromtimestamp(path.stat().st_mtime, now.tzinfo).date(), now.date())
