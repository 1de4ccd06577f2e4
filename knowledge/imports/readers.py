"""Files as departments send them -> tables of cells. Knows encodings and formats, nothing of what columns mean."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import python_calamine
from defusedxml import ElementTree

Cells = Sequence[object]

_SHEETS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_ERROR_CELL = re.compile(r'<c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)(\d+)"[^>]*>(?:<f>.*?</f>|<f/>)?<v>([^<]*)</v>')

TABULAR = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsm", ".ods", ".json"})
MAX_BYTES = 200 * 1024 * 1024


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
    """Text of UTF-8 (with or without BOM), UTF-16 or GB18030, whichever the bytes are."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    if data.startswith(b"\xef\xbb\xbf"):
        return data.decode("utf-8-sig")
    sample = data[:4000]
    if len(sample) > 3 and sample.count(b"\x00") > len(sample) // 4:  # UTF-16 without its mark
        little = sample[1::2].count(0) > sample[0::2].count(0)
        return data.decode("utf-16-le" if little else "utf-16-be")
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    for encoding in ("utf-16-le", "utf-16-be"):  # Chinese UTF-16 without its mark has few zero bytes
        try:
            decoded = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\n" in decoded and decoded.isprintable() is False and "," in decoded:
            return decoded
    raise FileError("文字编码认不出来，请另存为 UTF-8 或 GBK 再导")


def read(path: Path) -> list[Grid]:
    """The tables of a file. Raises FileError with a sentence for the clerk."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileError(f"文件超过{MAX_BYTES // 1024 // 1024}MB，请分成几个文件再导")
        if path.suffix.lower() in {".xlsx", ".xls", ".xlsm", ".ods"}:
            return list(_workbook(path))
        data = decode(path.read_bytes())
    except OSError as error:
        raise FileError(f"打不开：{error.strerror}") from None
    if path.suffix.lower() == ".json":
        return [_json(data)]
    return [_delimited(data)]


def _workbook(path: Path) -> Iterator[Grid]:
    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        errors = _error_cells(path) if path.suffix.lower() in {".xlsx", ".xlsm"} else {}
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            rows = sheet.to_python(skip_empty_area=False)
            for row, column, error in errors.get(name, ()):
                rows[row][column] = error
            _fill_merged(rows, sheet.merged_cell_ranges or [])
            yield Grid(name, rows)
    except (python_calamine.CalamineError, python_calamine.ZipError, zipfile.BadZipFile, KeyError, OSError) as error:
        raise FileError(f"表格打不开，可能损坏或加了密码（{type(error).__name__}）；请用表格软件另存一份再导") from None


def _error_cells(path: Path) -> dict[str, list[tuple[int, int, str]]]:
    """Cells that hold an error (#REF!) by sheet, as (row, column, error): calamine reads them as empty."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    with zipfile.ZipFile(path) as archive:
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {node.get("Id"): str(node.get("Target")).lstrip("/") for node in relations}
        for node in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{_SHEETS}sheet"):
            target = targets.get(node.get(f"{_RELATIONS}id"), "")
            data = archive.read(target if target.startswith("xl/") else f"xl/{target}")
            if b't="e"' in data:
                found[str(node.get("name"))] = [
                    (int(row) - 1, _column(letters), error)
                    for letters, row, error in _ERROR_CELL.findall(data.decode("utf-8", "replace"))
                ]
    return found


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
    first_line = data.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max("\t,;|", key=first_line.count)
    if first_line.count(delimiter) == 0:  # a title above: the delimiter shows further down
        delimiter = max("\t,;|", key=data[:5000].count)
    try:
        rows = list(csv.reader(io.StringIO(data, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise FileError(f"不像用逗号或制表符分开的表：{error}") from None
    return Grid("", rows)


def _json(data: str) -> Grid:
    try:
        tree = json.loads(data, parse_float=lambda digits: digits)  # kept as written: no binary rounding
    except (json.JSONDecodeError, RecursionError) as error:
        raise FileError(f"JSON 不完整：{error if isinstance(error, json.JSONDecodeError) else '套得太深'}") from None
    records = _longest_list(tree)
    if not records:
        raise FileError("JSON 里没有记录的列表")
    keys = tuple(dict.fromkeys(key for record in records for key in record))
    return Grid("", [[_flat(record.get(key)) for key in keys] for record in records], keys=keys)


def _longest_list(tree: Any, depth: int = 0) -> list[dict[str, Any]]:
    """The longest list of objects anywhere in a tree: pages wrap it as they please."""
    if depth > 8:
        return []
    if isinstance(tree, list):
        here = [item for item in tree if isinstance(item, dict)]
        nested = [_longest_list(item, depth + 1) for item in tree[:3] if isinstance(item, list)]
        return max([here, *nested], key=len)
    if isinstance(tree, dict):
        return max((_longest_list(value, depth + 1) for value in tree.values()), key=len, default=[])
    return []


def _flat(value: Any) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value
