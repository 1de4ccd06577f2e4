"""What is special about prices: one unit of weight, and low ≤ average ≤ high for a row and for a whole file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import permutations
from typing import Any

from knowledge.imports import parse
from knowledge.imports.readers import FileError
from knowledge.imports.rows import RowError

#: From this share of rows out of order on, the columns are wrong and not the rows.
REFUSED_FROM = 0.2
ENOUGH = 10

Quote = tuple[Decimal, Decimal, Decimal]  # low, average, high


def finish(values: dict[str, Any], aliases: Mapping[str, str], unit: str) -> dict[str, Any]:
    """The stored values of one quote: canonical commodity, 元 a kilogram (or a piece), as published beside it.

    `unit` is what the file's title or a header says, for rows without a unit of their own.
    """
    said = values.pop("unit", "") or unit
    if not said:
        raise RowError("没有写价格单位（元/斤、元/公斤还是元/吨）")
    kilograms, published_unit = parse.weight_unit(said)
    low, high, average = (values.get(name) for name in ("low", "high", "average"))
    if average is None:
        if low is None or high is None:
            raise RowError("缺平均价")
        average = (low + high) / 2
    if low is not None and high is not None and low > high:
        raise RowError(f"最低价{_plain(low)}高于最高价{_plain(high)}")
    if (low is not None and average < low) or (high is not None and average > high):
        raise RowError(f"平均价{_plain(average)}不在最低价和最高价之间")
    name = values["published_name"]
    place = Decimal("0.0001")
    divisor = kilograms or Decimal(1)

    def stored(value: Decimal | None) -> Decimal | None:
        return None if value is None else (value / divisor).quantize(place, ROUND_HALF_UP)

    region = " ".join(part for part in (values.pop("province", ""), values.pop("city", "")) if part)
    return values | {
        "commodity": aliases.get(name, name),
        "region": region,
        "low": stored(low),
        "high": stored(high),
        "average": stored(average),
        "unit": "公斤" if kilograms else published_unit.removeprefix("元/"),
        "published_average": average.quantize(place, ROUND_HALF_UP),
        "published_unit": published_unit,
    }


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def refuse_swapped(quotes: Sequence[Quote], headers: Mapping[str, str]) -> None:
    """Refuse a whole file whose (low, average, high) are out of order too often; names the likely swapped columns."""
    if len(quotes) < ENOUGH or _disorder(quotes) < REFUSED_FROM:
        return
    names = ("low", "average", "high")
    best = min(
        permutations(range(3)),
        key=lambda order: (_disorder([(q[order[0]], q[order[1]], q[order[2]]) for q in quotes]), order != (0, 1, 2)),
    )
    share = round(100 * _disorder(quotes))
    left = _disorder([(q[best[0]], q[best[1]], q[best[2]]) for q in quotes])
    moved = [headers.get(names[i], names[i]) for i in range(3) if best[i] != i]
    if moved and left < REFUSED_FROM:
        raise FileError(
            f"整个文件没有收：{share}%的行不是“最低≤平均≤最高”，{'和'.join(f'“{name}”' for name in moved)}"
            "这几列像是写反了；请核对表头，或在对照表里写明哪列是哪个价"
        )
    raise FileError(f"整个文件没有收：{share}%的行不是“最低≤平均≤最高”；请核对最低价、平均价、最高价三列")


def _disorder(quotes: Sequence[Quote]) -> float:
    return sum(not low <= average <= high for low, average, high in quotes) / len(quotes)


def title_unit(texts: Sequence[str]) -> str:
    """A price unit said in a title or a header: （单位：元/斤）, 平均价(元/公斤)."""
    for text in texts:
        found = re.search(
            r"元\s*[/每／]\s*(公斤|千克|市斤|斤|吨|kg|500克|盒|箱|个|袋|头|只|公担|担)", text, re.IGNORECASE
        )
        if found:
            return f"元/{found[1]}"
    return ""
