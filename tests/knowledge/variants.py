"""Other exports of the same departments: the same records under other headers, units, dates, encodings and file types.

`make` writes what a database holds as a folder of files, each in a form drawn by a seed. Imported again, the records
must be the same. The headers stand in headers.yml beside this file.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.imports.mapping import load_all
from knowledge.places import Places, short_name
from knowledge.tables import DATASETS

HEADERS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "headers.yml").read_text(encoding="utf-8"))
MAPPINGS = {
    m.dataset: m
    for m in reversed(load_all().all)
    if m.dataset and m.dataset != "alerts" and not m.signature and not m.columns  # alerts come as CAP, not as a table
}

#: How a file may be called, with its folder; {market}, {town} and {kind} stand for what it holds.
NAMES = {
    "prices": ["农业局/{market}行情", "市场科/农产品价格（{market}）", "价格监测/{market}2026年11月", "{market}/2026年11月农产品价格"],
    "finance": ["农经/2026年村级收支明细", "三资管理/村务公开账目", "财务公开"],
    "reliefs": ["民政/2026年第三季度社会救助名单", "社会救助/2026年三季度救助对象公示"],
    "livability": ["人居环境/村庄基本情况", "住建/宜居村庄现状统计"],
    "residents": ["办公室/村民联系表", "短信平台/订阅名册"],
}  # fmt: skip
#: Counted and measured fields: the unit that is stored, and others that a department may use.
MONEY = ("元", {"元": 1, "万元": 10000})
UNITS: dict[tuple[str, str], tuple[str, dict[str, int]]] = {
    ("finance", "amount"): MONEY, ("power_items", "amount"): MONEY, ("projects", "budget"): MONEY,
    ("projects", "paid"): MONEY, ("assets", "value"): MONEY, ("cooperatives", "income"): MONEY,
    ("livability", "road_total"): ("公里", {"公里": 1, "米": -1000}),
    ("livability", "road_hard"): ("公里", {"公里": 1, "米": -1000}),
    ("soil_tests", "ec"): ("μS/cm", {"μS/cm": 1, "mS/cm": 1000}),
    ("soil_tests", "organic"): ("g/kg", {"g/kg": 1, "%": 10}),
    ("soil_tests", "nitrogen"): ("mg/kg", {"mg/kg": 1}),
    ("facilities", "area"): ("亩", {"亩": 1}), ("assets", "area"): ("平方米", {"平方米": 1, "㎡": 1}),
    ("livability", "green_rate"): ("%", {"%": 1}), ("projects", "progress"): ("%", {"%": 1}),
}  # fmt: skip
_TITLED = {"元", "万元", "公里", "米", "亩", "平方米", "㎡"}  # units that stand in titles for a whole table
PRICE_UNITS = {"元/公斤": Decimal(1), "元/斤": Decimal("0.5"), "元/500克": Decimal("0.5"), "元/吨": Decimal(1000)}
DAYS: list[Callable[[date], object]] = [
    lambda d: d.isoformat(), lambda d: f"{d.year}/{d.month}/{d.day}", lambda d: f"{d.year}.{d.month}.{d.day}",
    lambda d: d.strftime("%Y%m%d"), lambda d: f"{d.year}年{d.month}月{d.day}日", lambda d: f"{d} 00:00:00",
    lambda d: (d - date(1899, 12, 30)).days,
]  # fmt: skip
EXTRA = {"录入人": "办公室", "数据状态": "有效", "审核状态": "已审核", "填报单位": "综合科", "更新人": "系统"}
FOOTNOTES = ["注：以上数据由各村上报。", "填表人：　　审核人：　　", "数据来源：基层报送"]
ENCODINGS = ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le"]
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")


@dataclass
class Sheet:
    """One table: header and rows of cells, lines above and below, and a town column to merge downwards."""

    header: list[str]
    rows: list[list[object]]
    name: str = ""
    above: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    merged: int | None = None


def records(session: Session, dataset: str, limit: int, offset: int = 0) -> list[dict[str, Any]]:
    """Records of a data set, spread over it, as values by field."""
    model = DATASETS[dataset].model
    ids = list(session.scalars(select(model.id).order_by(model.id)))
    step = max(len(ids) // limit, 1)
    found = session.scalars(select(model).where(model.id.in_(ids[offset % step :: step])).order_by(model.id))
    names = [column.key for column in model.__table__.columns]
    return [{name: getattr(record, name) for name in names} for record in found]


def alike(dataset: str, record: dict[str, Any]) -> tuple[Any, ...]:
    """What must be the same of two records: all but where they stood and in what unit a price was published."""
    apart = {"id", "key", "digest", "source_id", "source_row", "as_of", "published_average", "published_unit"}
    if dataset == "prices":
        apart |= {"region"}
    return tuple(
        (name, value if value is not None else "") for name, value in sorted(record.items()) if name not in apart
    )


def make(
    session: Session, places: Places, folder: Path, seed: int, limit: int = 240
) -> dict[str, list[dict[str, Any]]]:
    """Write a variant of all tabular data sets below `folder`; returns the records that stand in it."""
    written = {}
    for dataset in sorted(MAPPINGS):
        draw = random.Random(f"{seed} {dataset}")
        rows = records(session, dataset, limit, draw.randrange(1000))
        written[dataset] = rows
        for group, part in _split(dataset, rows, draw):
            _write(dataset, group, part, places, folder, draw)
    return written


def _split(dataset: str, rows: list[dict[str, Any]], draw: random.Random) -> list[tuple[str, list[dict[str, Any]]]]:
    """One file, or a file for each market."""
    if dataset == "prices" and draw.random() < 0.6:
        parts = defaultdict(list)
        for row in rows:
            parts[row["market"]].append(row)
        return list(parts.items())
    return [("", rows)]


def _write(
    dataset: str, market: str, rows: list[dict[str, Any]], places: Places, folder: Path, draw: random.Random
) -> None:
    label = DATASETS[dataset].label
    name = draw.choice(NAMES.get(dataset, [f"{label}/{label}_导出", f"{label}2026", f"各科室/{label}汇总表"]))
    name = name.format(market=market or "各市场")
    kind = draw.choice(["csv", "tsv", "txt", "xlsx", "xlsx", "json"])
    style = _Style(dataset, market, kind, places, draw)
    sheets = [style.sheet(group, part) for group, part in _sheets(dataset, rows, kind, draw)]
    path = folder / f"{name}.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "xlsx":
        _workbook(path, sheets)
    elif kind == "json":
        _pages(path, sheets, draw)
    else:
        for number, sheet in enumerate(sheets):
            _delimited(path if len(sheets) == 1 else path.with_stem(f"{path.stem}{sheet.name or number}"), sheet, draw)


def _sheets(
    dataset: str, rows: list[dict[str, Any]], kind: str, draw: random.Random
) -> list[tuple[str, list[dict[str, Any]]]]:
    """All rows on one sheet, or a sheet for each town or each kind of relief."""
    by = "kind" if dataset == "reliefs" and kind != "json" else ("town" if dataset == "finance" else "")
    if not by or draw.random() < 0.4:
        return [("", rows)]
    parts = defaultdict(list)
    for row in rows:
        parts[row["kind"] if by == "kind" else row["place"][:9]].append(row)
    return list(parts.items())


class _Style:
    """How one file writes its records: drawn once a file."""

    def __init__(self, dataset: str, market: str, kind: str, places: Places, draw: random.Random) -> None:
        self.dataset, self.market, self.kind, self.places, self.draw = dataset, market, kind, places, draw
        self.mapping = MAPPINGS[dataset]
        self.english = kind == "json" and dataset in HEADERS["english"] and draw.random() < 0.5
        self.day = draw.choice(DAYS)
        self.dates_as_cells = kind == "xlsx" and draw.random() < 0.5
        self.price_unit = draw.choice(list(PRICE_UNITS))
        self.said_in = draw.choice(["header", "title", "column"]) if kind != "json" else "column"
        self.units = {}
        money = draw.choice(["元", "万元"])
        road = draw.choice(["公里", "米"])
        for (owner, name), (_, units) in UNITS.items():
            if owner == dataset:
                other = next((unit for unit in (money, road) if unit in units), draw.choice(list(units)))
                self.units[name] = next(iter(units)) if self.english else other
        self.code = draw.random() < 0.6
        self.named = not self.code or draw.random() < 0.8
        self.separate_town = draw.random() < 0.6
        self.order: list[str] | None = None
        self.extra = draw.sample(sorted(EXTRA), draw.randrange(3))
        self.serial = draw.random() < 0.5 and kind != "json"
        self.fractions = kind == "xlsx" and draw.random() < 0.5
        self.tail = draw.choice(["bracket", "bracket", "slash", "plain"])
        self.headers: dict[str, str] = {}

    def header(self, slot: str) -> str:
        """The header of a slot, the same on every sheet of a file; no header stands twice."""
        if slot not in self.headers:
            own = HEADERS[self.dataset]
            if self.english:
                words = HEADERS["english"][self.dataset]
                choices = [
                    words.get(slot + "_")
                    if slot == "code" and "code_" in words and not slot.startswith("@")
                    else words.get(slot.lstrip("@"), slot)
                ]
            else:
                choices = HEADERS["place"][slot[1:]] if slot.startswith("@") else own[slot]
            free = [choice for choice in choices if choice not in self.headers.values()]
            self.headers[slot] = self.draw.choice(free or [f"{choices[0]}2"])
        return self.headers[slot]

    def sheet(self, group: str, rows: Sequence[dict[str, Any]]) -> Sheet:
        """One sheet: `group` is the town's code or the kind of relief that it holds, "" where it holds all."""
        fields = [name for name in self.mapping.fields if self._stands(name, group, rows)]
        if self.order is None:
            self.order = [*self.mapping.fields, *(f"+{name}" for name in self.extra)]
            self.draw.shuffle(self.order)
        columns: list[tuple[str, Callable[[dict[str, Any]], object]]] = []
        if self.serial:
            columns.append(("序号", lambda row: 0))
        merged = None
        for name in self.order:
            if name.startswith("+"):
                extra = name[1:]
                columns.append((extra, lambda row, extra=extra: EXTRA[extra]))
            elif name in fields:
                for header, cell in self._columns(name):
                    if self.separate_town and header == self.headers.get("@town"):
                        merged = len(columns)
                    columns.append((header, cell))
        ordered = sorted(rows, key=lambda row: row["place"][:9]) if merged is not None else list(rows)
        cells = [[cell(row) for _, cell in columns] for row in ordered]
        if self.serial:
            for number, line in enumerate(cells, 1):
                line[0] = number
        town = self.places.get(group)
        title = f"{self.market or '迁安市'}{DATASETS[self.dataset].label}统计表"
        above = [title] if self.kind != "json" and self.draw.random() < 0.5 else []
        if self.kind != "json" and self.said_in == "title":
            above = [f"{title}（单位：{self._title_units()}）"] if self._title_units() else above
        if self.dataset == "reliefs":
            above = [f"迁安市2026年第三季度{group or '社会救助对象'}公示表"] if self.kind != "json" else []
        below = [self.draw.choice(FOOTNOTES)] if self.kind != "json" and self.draw.random() < 0.4 else []
        return Sheet([header for header, _ in columns], cells, town.name if town else group, above, below, merged)

    def _stands(self, name: str, group: str, rows: Sequence[dict[str, Any]]) -> bool:
        if name == "market" and self.market:
            return False
        if self.dataset == "reliefs" and name == "kind" and group:
            return False
        if self.dataset == "prices" and name == "unit":
            return self.said_in == "column"
        if name in {"province", "city"}:
            return False
        return self.mapping.fields[name].required or any(row.get(name) not in (None, "") for row in rows)

    def _title_units(self) -> str:
        if self.dataset == "prices":
            return self.price_unit
        return "、".join(unit for unit in dict.fromkeys(self.units.values()) if unit in _TITLED)

    def _columns(self, name: str) -> list[tuple[str, Callable[[dict[str, Any]], object]]]:
        kind = self.mapping.fields[name].type
        if kind in {"village", "place"}:
            return self._place_columns(kind)
        if self.dataset == "prices" and name in {"low", "high", "average"}:
            header = self.header(name)
            if self.said_in == "header":
                header += f"（{self.price_unit}）"
            return [(header, lambda row: self._price(row, name))]
        if self.dataset == "prices" and name == "unit":
            return [(self.header("unit"), self._price_unit)]
        header, unit = self.header(name), self.units.get(name, "")
        titled = self.said_in == "title" and unit in _TITLED
        if unit and not titled and not self.english:
            header += {"bracket": f"（{unit}）", "slash": f"/{unit}", "plain": unit}[self.tail]
        return [(header, lambda row: self._cell(name, kind, row[name], unit))]

    def _place_columns(self, kind: str) -> list[tuple[str, Callable[[dict[str, Any]], object]]]:
        found: list[tuple[str, Callable[[dict[str, Any]], object]]] = []
        form = self.draw.choice([lambda n: n, short_name, lambda n: short_name(n) + "村委会"])
        if kind == "place":
            return [
                (self.header("@town"), lambda row: self._town(row["place"])),
                (self.header("@code"), lambda row: row["place"] if len(row["place"]) == 12 else ""),
            ]
        town = self.separate_town or (not self.code and self.draw.random() < 0.5)
        self.separate_town = town
        if town:
            found.append((self.header("@town"), lambda row: self._town(row["place"])))
        if self.named:
            whole = not town and not self.code

            def village(row: dict[str, Any]) -> str:
                name = self.places.by_code[row["place"]].name
                return self._town(row["place"]) + name if whole else form(name) if name.endswith("村") else name

            found.append((self.header("@name"), village))
        if self.code:
            found.append((self.header("@code"), lambda row: row["place"]))
        return found

    def _town(self, code: str) -> str:
        town = self.places.get(code[:9])
        return town.name if town else ""

    def _price_unit(self, row: dict[str, Any]) -> str:
        return self.price_unit if row["unit"] == "公斤" else f"元/{row['unit']}"

    def _price(self, row: dict[str, Any], name: str) -> object:
        value = row[name]
        if value is None:
            return ""
        return self._number(value * (PRICE_UNITS[self.price_unit] if row["unit"] == "公斤" else 1))

    def _cell(self, name: str, kind: str, value: Any, unit: str) -> object:
        if value is None or value == "":
            return "面议" if kind == "open_number" else ""
        if kind == "percent" and self.fractions:
            return float(value / 100)
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, Decimal):
            factor = UNITS.get((self.dataset, name), ("", {"": 1}))[1].get(unit, 1)
            return self._number(value * -factor if factor < 0 else value / factor)
        if isinstance(value, date):
            return value if self.dates_as_cells else self.day(value)
        if kind == "town":
            return self._town(value)
        if isinstance(value, list):
            return "、".join(value)
        return value

    def _number(self, value: Decimal) -> object:
        text = format(value.normalize(), "f")
        roll = self.draw.random()
        if roll < 0.05:
            return text.translate(FULL_WIDTH)
        if roll < 0.1 and abs(value) >= 1000:
            return f"{value.normalize():,f}"
        return float(value) if self.kind == "xlsx" else text


def _workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, sheet in enumerate(sheets, 1):
        page = book.create_sheet(sheet.name or f"Sheet{number}")
        for line in sheet.above:
            page.append([line])
        page.append(sheet.header)
        first = page.max_row + 1
        for row in sheet.rows:
            page.append(row)
        if sheet.merged is not None:
            _merge(page, sheet, first)
        for line in sheet.below:
            page.append([])
            page.append([line])
    book.save(path)


def _merge(page: Any, sheet: Sheet, first: int) -> None:
    """Equal cells below each other become one merged cell, as a clerk would have it."""
    column = sheet.merged or 0
    start = 0
    for index in range(1, len(sheet.rows) + 1):
        if index == len(sheet.rows) or sheet.rows[index][column] != sheet.rows[start][column]:
            if index - start > 1:
                page.merge_cells(
                    start_row=first + start, end_row=first + index - 1, start_column=column + 1, end_column=column + 1
                )
            start = index


def _pages(path: Path, sheets: Sequence[Sheet], draw: random.Random) -> None:
    items = [dict(zip(sheet.header, map(_plain, row), strict=True)) for sheet in sheets for row in sheet.rows]
    wraps: list[Callable[[list[dict[str, Any]]], object]] = [
        lambda rows: rows, lambda rows: {"code": 200, "data": {"total": len(rows), "records": rows}},
        lambda rows: {"result": {"page": {"items": rows, "size": len(rows)}}},
    ]  # fmt: skip
    wrap = draw.choice(wraps)
    half = len(items) // 2 if draw.random() < 0.5 else len(items)
    for number, part in enumerate(p for p in (items[:half], items[half:]) if p):
        target = path if half == len(items) else path.with_stem(f"{path.stem}_{number + 1}")
        target.write_text(json.dumps(wrap(part), ensure_ascii=False), encoding=draw.choice(["utf-8", "utf-8-sig"]))


def _delimited(path: Path, sheet: Sheet, draw: random.Random) -> None:
    out = io.StringIO(newline="")
    mark = {"tsv": "\t", "txt": draw.choice("\t|;")}.get(path.suffix[1:], draw.choice(",,,;"))
    writer = csv.writer(out, delimiter=mark)
    width = len(sheet.header)
    for line in sheet.above:
        writer.writerow([line] + [""] * (width - 1) if draw.random() < 0.5 else [line])
    writer.writerow(sheet.header)
    for row in sheet.rows:
        if draw.random() < 0.02:
            writer.writerow([""] * width)
        writer.writerow([_plain(cell) for cell in row])
    for line in sheet.below:
        writer.writerow([line] + [""] * (width - 1))
    encoding = draw.choice(ENCODINGS)
    try:
        raw = out.getvalue().encode(encoding)
    except UnicodeEncodeError:
        raw = out.getvalue().encode("gb18030")
    path.write_bytes(raw)


def _plain(cell: object) -> object:
    return cell.isoformat() if isinstance(cell, date) else cell


__all__ = ["alike", "make", "records"]
