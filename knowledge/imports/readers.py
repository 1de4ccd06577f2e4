"""Files as departments send them -> tables of cells. Knows encodings and formats, nothing of what columns mean."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from xml.etree.ElementTree import ParseError

import python_calamine
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

Cells = Sequence[object]

_TOO_WIDE = "表页“{}”大得离谱（角落里是不是有零星的字？），请删掉空白处再导"
_ROWS = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,7})"')
_COLUMNS = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})\d')

_SHEETS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_ERROR_CELL = re.compile(r'<c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)(\d+)"[^>]*>(?:<f>.*?</f>|<f/>)?<v>([^<]*)</v>')

WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".et"})
TABULAR = WORKBOOKS | {".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl"}
MAX_BYTES = 200 * 1024 * 1024
MAX_UNPACKED = 400 * 1024 * 1024  # a workbook is a ZIP archive
MAX_CELLS = 20_000_000  # the readers lay a sheet out whole, from A1 to its last cell
MAX_CHARACTERS = 1_000_000  # of one cell
DELIMITERS = "\t,;|"


class FileError(Exception):
    """A file that cannot be read; the text says why and what to do, for the clerk."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet, file or list as rows of cells. `first` is the number that a clerk gives the first of `rows`.

    `keys` are set where the format itself names the columns (JSON): then there is no header row to be found.
    """

    sheet: str
    rows: Sequence[Cells]
    first: int = 1
    keys: tuple[str, ...] = field(default=())


def decode(data: bytes) -> str:
    """Text of UTF-8 (with or without BOM), UTF-16 or GB18030, whichever the bytes are. Raises FileError."""
    try:
        return _decode(data).replace("\x00", "")
    except UnicodeDecodeError:
        raise FileError("文字编码认不出来，请另存为 UTF-8 或 GBK 再导") from None


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    if data.startswith(b"\xef\xbb\xbf"):
        return data.decode("utf-8-sig")
    sample = data[: 1 << 20]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) > 4 * min(even, odd) + 1:  # UTF-16 without its mark: ASCII has its zero always on one side
        return data.decode("utf-16-le" if odd > even else "utf-16-be")
    if even + odd > len(sample) // 100 + 10:
        raise FileError("不像文字文件，是别的程序的文件改了扩展名吧？请另存为 CSV 或 XLSX 再导")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def contents(path: Path) -> bytes:
    """The bytes of a file. Raises FileError where it is missing, closed to us or too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileError(f"文件超过{MAX_BYTES // 1024 // 1024}MB，请分成几个文件再导")
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"打不开：{error.strerror}") from None


def read(path: Path) -> list[Grid]:
    """The tables of a file. Raises FileError with a sentence for the clerk."""
    raw = contents(path)
    if not raw.strip():
        raise FileError("是空文件")
    if raw.startswith(b"PK\x03\x04"):
        _check_archive(path)
        return list(_workbook(path))
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        return list(_workbook(path))
    if path.suffix.lower() in WORKBOOKS and raw.startswith((b"PK", b"%PDF")):
        raise FileError("表格打不开，可能损坏；请用表格软件另存一份再导")
    data = decode(raw)
    if re.match(r"\s*(<\?xml|<!doctype|<html|<table|<meta)", data[:500], re.IGNORECASE):
        raise FileError("是网页形式的表格，请用表格软件打开后另存为 XLSX 再导")
    if path.suffix.lower() in {".json", ".jsonl"}:
        return _json(data)
    return [_delimited(data)]


#: The column of the place where records are kept under its division code: {"130283": [{…}, …], …}.
PLACE_KEY = "区划代码"
_CODE = re.compile(r"\d{6}|\d{9}|\d{12}")


def _check_archive(path: Path) -> None:
    """Refuse an archive that would unpack to more than memory holds, whatever its directory says of its sizes."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = 0
            for member in archive.infolist():
                with archive.open(member) as stream:
                    while part := stream.read(1 << 20):
                        unpacked += len(part)
                        if unpacked > MAX_UNPACKED:
                            raise FileError(f"解压后超过{MAX_UNPACKED // 1024 // 1024}MB，请分成几个文件再导")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise FileError(f"表格打不开，可能损坏或加了密码（{type(error).__name__}）；请用表格软件另存一份再导") from None


def _workbook(path: Path) -> Iterator[Grid]:
    try:
        errors = _error_cells(path) if zipfile.is_zipfile(path) else {}
        book = python_calamine.CalamineWorkbook.from_path(path)
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.total_height * sheet.total_width > MAX_CELLS:
                raise FileError(_TOO_WIDE.format(name))
            rows = sheet.to_python(skip_empty_area=False)
            for row, column, error in errors.get(name, ()):
                if row < len(rows) and column < len(rows[row]):
                    rows[row][column] = error
            _fill_merged(rows, sheet.merged_cell_ranges or [])
            yield Grid(name, rows)
    except (
        *(python_calamine.CalamineError, python_calamine.ZipError, zipfile.BadZipFile, KeyError, OSError),
        *(ParseError, DefusedXmlException, ValueError),
    ) as error:
        raise FileError(f"表格打不开，可能损坏或加了密码（{type(error).__name__}）；请用表格软件另存一份再导") from None


def _error_cells(path: Path) -> dict[str, list[tuple[int, int, str]]]:
    """Cells that hold an error (#REF!) by sheet, as (row, column, error): calamine reads them as empty.

    Raises FileError for a sheet that reaches too far: calamine would lay it out whole.
    """
    found: dict[str, list[tuple[int, int, str]]] = {}
    with zipfile.ZipFile(path) as archive:
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {node.get("Id"): str(node.get("Target")).lstrip("/") for node in relations}
        for node in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{_SHEETS}sheet"):
            target = targets.get(node.get(f"{_RELATIONS}id"), "")
            data = archive.read(target if target.startswith("xl/") else f"xl/{target}")
            _check_reach(str(node.get("name")), data)
            if b't="e"' in data:
                found[str(node.get("name"))] = [
                    (int(row) - 1, _column(letters), error)
                    for letters, row, error in _ERROR_CELL.findall(data.decode("utf-8", "replace"))
                ]
    return found


def _check_reach(name: str, data: bytes) -> None:
    last_row = max((int(row) for row in set(_ROWS.findall(data))), default=0)
    last_column = max((_column(letters.decode()) for letters in set(_COLUMNS.findall(data))), default=0)
    if last_row * (last_column + 1) > MAX_CELLS:
        raise FileError(_TOO_WIDE.format(name))


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _fill_merged(rows: list[list[Any]], ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """A cell merged downwards stands for each of its rows; titles merged across are left alone."""
    for (top, left), (bottom, right) in ranges:
        if bottom <= top or right != left:
            continue
        for row in range(top + 1, min(bottom, len(rows) - 1) + 1):
            if left < len(rows[row]):
                rows[row][left] = rows[top][left]


def _delimited(data: str) -> Grid:
    reader = csv.reader(io.StringIO(data, newline=""), delimiter=_delimiter(data))
    csv.field_size_limit(MAX_CHARACTERS)
    try:
        return Grid("", list(reader))
    except csv.Error as error:
        if "field limit" in str(error):
            raise FileError(f"有一格超过{MAX_CHARACTERS // 10000}万字，是不是少了一个引号？") from None
        raise FileError("不像用逗号或制表符分开的表，请另存为 CSV 再导") from None


def _delimiter(data: str) -> str:
    """The character that parts most lines: a comma inside a sentence or a title is rare beside it."""
    lines = [line for line in data[:200_000].splitlines() if line.strip()][:40]
    return max(DELIMITERS, key=lambda mark: median([line.count(mark) for line in lines] or [0]))


def _json(data: str) -> list[Grid]:
    """The lists of records in a file. Several lists of one kind (one a market, one a town) are told apart by their name."""
    try:
        tree = _loads(data)
    except RecursionError:
        raise FileError("JSON 套得太深") from None
    except ValueError:
        try:
            tree = [_loads(line) for line in data.splitlines() if line.strip()]  # a record a line
        except (ValueError, RecursionError):
            raise FileError("JSON 不完整或写错了，请重新导出") from None
    found = list(_lists(tree))
    if not found:
        raise FileError("JSON 里没有记录的列表")
    longest = max(found, key=lambda named: len(named[1]))[1]
    fields = set(longest[0])
    alike = [(name, records) for name, records in found if len(fields & set(records[0])) * 2 > len(fields)]
    if len(alike) > 1 and all(_CODE.fullmatch(name) for name, _ in alike):  # records under the code of their place
        return [_records("", [{PLACE_KEY: name, **record} for name, records in alike for record in records])]
    return [_records(name if len(alike) > 1 else "", records) for name, records in alike]


def _loads(data: str) -> Any:
    return json.loads(data, parse_float=lambda digits: digits)  # kept as written: no binary rounding


def _records(name: str, records: list[dict[str, Any]]) -> Grid:
    keys = tuple(dict.fromkeys(key for record in records for key in record))
    return Grid(name, [[_flat(record.get(key)) for key in keys] for record in records], keys=keys)


def _lists(tree: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """All lists of objects in a tree with the name that each has: pages wrap them as they please."""
    if depth > 8:
        return
    if isinstance(tree, dict):
        yield from _parallel(tree, name)
        for key, value in tree.items():
            yield from _lists(value, str(key), depth + 1)
    elif isinstance(tree, list):
        records = [item for item in tree if isinstance(item, dict) and item]
        inner = [list(_lists(item, name, depth + 1)) for item in records] if len(records) < 1000 else []
        if inner and all(inner) and _scalars(records[0]) < _scalars(inner[0][0][1][0]):
            for found in inner:  # pages in a list: [{"page": 1, "rows": […]}, …]
                yield from found
        elif records:
            yield name, records


def _scalars(record: dict[str, Any]) -> int:
    return sum(not isinstance(value, (list, dict)) for value in record.values())


def _parallel(tree: dict[str, Any], name: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Records written as rows under a list of their columns: {"columns": ["品名", …], "data": [["玉米", …], …]}."""
    named = [v for v in tree.values() if isinstance(v, list) and len(v) > 1 and all(isinstance(x, str) for x in v)]
    rows = [v for v in tree.values() if isinstance(v, list) and v and all(isinstance(x, list) for x in v)]
    if named and rows:
        yield name, [dict(zip(named[0], row, strict=False)) for row in rows[0] if row]


def _flat(value: Any) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value
