"""Cells as clerks write them -> values. Pure; each function raises `CellError` with a sentence for the clerk."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

EXCEL_EPOCH = date(1899, 12, 30)
EXCEL_DAYS = range(20000, 80000)  # 1954 to 2119: serials that can be dates of ours

#: What a unit in a header, a title or a unit column multiplies by, to the stored unit.
FACTORS = {
    "元": Decimal(1),
    "万元": Decimal(10000),
    "亿元": Decimal(100000000),
    "千元": Decimal(1000),
    "公里": Decimal(1),
    "千米": Decimal(1),
    "km": Decimal(1),
    "米": Decimal("0.001"),
    "m": Decimal("0.001"),
    "亩": Decimal(1),
    "公顷": Decimal(15),
}

#: Kilograms in the unit of weight that a price is quoted for.
KILOGRAMS = {
    "公斤": Decimal(1),
    "千克": Decimal(1),
    "kg": Decimal(1),
    "斤": Decimal("0.5"),
    "市斤": Decimal("0.5"),
    "500克": Decimal("0.5"),
    "500g": Decimal("0.5"),
    "吨": Decimal(1000),
    "t": Decimal(1000),
    "担": Decimal(50),
    "公担": Decimal(100),
    "两": Decimal("0.05"),
}

_NUMBER = re.compile(
    r"(?:ph值?\s*[:=]?\s*)?[¥]?\s*(?P<number>[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+]?\.\d+)\s*"
    r"(?P<unit>[一-鿿%/a-zμ²³·℃]{0,8})\s*(?:\([^()]*\))?",
    re.IGNORECASE,
)
_DATES = (
    re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ tT]+\d{1,2}[:时].*)?$"),
    re.compile(r"(\d{4})(\d{2})(\d{2})$"),
)
_MONTH = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*月?(?:[-/.]\d{1,2}.*)?$")
_YES = frozenset({"是", "有", "y", "yes", "true", "1", "√", "✓", "已订阅", "订阅", "支持", "能", "可以", "定点"})
_NO = frozenset(
    {"否", "无", "n", "no", "false", "0", "×", "x", "未订阅", "不订阅", "退订", "不支持", "不能", "非定点", "不是"}
)


class CellError(ValueError):
    """A cell that cannot be read; the text is a sentence for the clerk, without the column's name."""


def text(cell: object) -> str:
    """A cell as text: half width where full width was meant, without surrounding or doubled spaces."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _clean(cell)
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(" ")
    return str(cell)


@lru_cache(maxsize=50_000)
def _clean(cell: str) -> str:
    """Full-width digits and letters become half width; Chinese punctuation stays as it is written."""
    folded = "".join(unicodedata.normalize("NFKC", c) if "０" <= c <= "ｚ" or c in "　－．％／：" else c for c in cell)
    return re.sub(r"\s+", " ", folded.replace("\x00", "").replace("\ufeff", "")).strip()


def number(cell: object, *, minimum: Decimal | None = Decimal(0)) -> Decimal | None:
    """A number with thousands separators, a unit or a remark behind it; None where the cell is empty."""
    if isinstance(cell, bool):
        raise CellError("应当是数字")
    if isinstance(cell, (int, float)):
        value = Decimal(repr(cell) if isinstance(cell, float) else cell)
        if not value.is_finite():
            raise CellError("不是数字")
    else:
        stored = text(cell)
        if not stored or stored in {"-", "—", "/", "--"}:
            return None
        value = _number(stored)
    if minimum is not None and value < minimum:
        raise CellError(f"是{value}，不应当小于{minimum}")
    return value


@lru_cache(maxsize=50_000)
def _number(stored: str) -> Decimal:
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", stored))
    if not found:
        raise CellError(f"应当是数字，写的是“{stored[:20]}”")
    try:
        value = Decimal(found["number"].replace(",", ""))
    except InvalidOperation:  # pragma: no cover - the pattern admits only numbers
        raise CellError(f"应当是数字，写的是“{stored[:20]}”") from None
    unit = found["unit"]
    return value * 10000 if unit.startswith("万") else value


def integer(cell: object, *, minimum: int = 0) -> int | None:
    """A whole number; None where the cell is empty."""
    value = number(cell, minimum=Decimal(minimum))
    if value is None:
        return None
    if value != value.to_integral_value():
        raise CellError(f"应当是整数，写的是“{value}”")
    return int(value)


def day(cell: object) -> date | None:
    """A date in any of the usual styles, an Excel serial or a date cell; None where the cell is empty."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _serial(int(cell)) if int(cell) in EXCEL_DAYS else _day(str(int(cell)))
    stored = text(cell)
    return _day(stored) if stored else None


@lru_cache(maxsize=20_000)
def _day(stored: str) -> date:
    plain = unicodedata.normalize("NFKC", stored)
    for style in _DATES:
        found = style.match(plain)
        if found:
            try:
                return date(*(int(part) for part in found.groups()))
            except ValueError:
                raise CellError(f"写的是“{stored[:20]}”，没有这一天") from None
    if re.fullmatch(r"\d{5}(\.\d+)?", plain) and int(float(plain)) in EXCEL_DAYS:
        return _serial(int(float(plain)))
    raise CellError(f"不是日期，写的是“{stored[:20]}”")


def _serial(days: int) -> date:
    return EXCEL_EPOCH + timedelta(days=days)


def month(cell: object) -> str:
    """A month as 2026-11; "" where the cell is empty."""
    if isinstance(cell, (date, datetime)):
        return f"{cell.year}-{cell.month:02}"
    stored = text(cell)
    if not stored:
        return ""
    if re.fullmatch(r"\d{5}(\.0)?", stored):
        return month(_serial(int(float(stored))))
    found = _MONTH.match(unicodedata.normalize("NFKC", stored))
    if not found or not 1 <= int(found[2]) <= 12:
        raise CellError(f"不是月份，写的是“{stored[:20]}”")
    return f"{found[1]}-{int(found[2]):02}"


def year(cell: object) -> int | None:
    """A year (2026, 2026年); None where the cell is empty."""
    if isinstance(cell, (date, datetime)):
        return cell.year
    stored = text(cell).removesuffix("度").removesuffix("年")
    if not stored:
        return None
    if not re.fullmatch(r"(19|20)\d{2}", stored):
        raise CellError(f"不是年份，写的是“{stored[:20]}”")
    return int(stored)


def yes(cell: object) -> bool | None:
    """是 or 否 in their usual forms; None where the cell is empty."""
    stored = text(cell).lower()
    if not stored:
        return None
    if stored in _YES:
        return True
    if stored in _NO:
        return False
    raise CellError(f"应当写“是”或“否”，写的是“{stored[:20]}”")


def clock(cell: object) -> str:
    """A time of day as 6:46, also from an Excel fraction of a day."""
    if isinstance(cell, float) and 0 <= cell < 1:
        minutes = round(cell * 24 * 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    hour = getattr(cell, "hour", None)
    if hour is not None:
        return f"{hour}:{getattr(cell, 'minute', 0):02}"
    stored = text(cell).replace("：", ":").replace("点半", ":30")
    found = re.match(r"(\d{1,2})\s*[:点时](\d{2})?", stored)
    return f"{int(found[1])}:{found[2] or '00'}" if found else stored


def phone(cell: object) -> str:
    """A telephone number as digits, without +86, spaces and hyphens of a mobile; land lines keep theirs."""
    stored = text(cell)
    digits = re.sub(r"[\s()（）-]", "", stored)
    digits = re.sub(r"^(\+|00)?86(?=1\d{10}$)", "", digits)
    return digits if re.fullmatch(r"1\d{10}", digits) else stored


def weight_unit(said: str) -> tuple[Decimal | None, str]:
    """Kilograms in a price unit and the unit as it is told: 元/斤, 斤 -> (0.5, 元/斤); 盒 -> (None, 元/盒)."""
    unit = unicodedata.normalize("NFKC", said).strip().lower().replace("每", "/")
    unit = unit.rsplit("/", 1)[-1].removeprefix("元") or unit
    kilograms = KILOGRAMS.get(unit)
    return kilograms, f"元/{unit}"
