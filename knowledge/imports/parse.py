"""Cells as clerks write them -> values. Pure; each function raises `CellError` with a sentence for the clerk."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from math import isfinite

EXCEL_EPOCH = date(1899, 12, 30)
EXCEL_DAYS = range(20000, 80000)  # 1954 to 2119: serials that can be dates of ours

#: Units by the unit that is stored: what a value in each of them is multiplied by.
UNITS: dict[str, dict[str, Decimal]] = {
    "元": {
        "元": Decimal(1), "圆": Decimal(1), "块": Decimal(1), "千元": Decimal(1000), "万元": Decimal(10000),
        "万": Decimal(10000), "百万元": Decimal(1000000), "亿元": Decimal(100000000),
    },
    "公里": {
        "公里": Decimal(1), "千米": Decimal(1), "km": Decimal(1), "里": Decimal("0.5"), "华里": Decimal("0.5"),
        "米": Decimal("0.001"), "m": Decimal("0.001"), "延米": Decimal("0.001"),
    },
    "亩": {
        "亩": Decimal(1), "公顷": Decimal(15), "ha": Decimal(15), "万亩": Decimal(10000),
        "平方米": Decimal("0.0015"), "㎡": Decimal("0.0015"), "m2": Decimal("0.0015"), "平米": Decimal("0.0015"),
    },
    "平方米": {
        "平方米": Decimal(1), "㎡": Decimal(1), "m2": Decimal(1), "平米": Decimal(1), "平方": Decimal(1),
        "亩": Decimal(2000) / 3, "公顷": Decimal(10000),
    },
    "%": {"%": Decimal(1), "百分比": Decimal(1), "百分点": Decimal(1), "‰": Decimal("0.1")},
    "μs/cm": {"μs/cm": Decimal(1), "us/cm": Decimal(1), "ms/cm": Decimal(1000), "ds/m": Decimal(1000),
              "ms/m": Decimal(10)},
    "g/kg": {"g/kg": Decimal(1), "克/千克": Decimal(1), "克/公斤": Decimal(1), "%": Decimal(10),
             "mg/kg": Decimal("0.001")},
    "mg/kg": {"mg/kg": Decimal(1), "毫克/千克": Decimal(1), "毫克/公斤": Decimal(1), "ppm": Decimal(1),
              "g/kg": Decimal(1000)},
    "分钟": {"分钟": Decimal(1), "分": Decimal(1), "min": Decimal(1), "小时": Decimal(60), "h": Decimal(60)},
}  # fmt: skip

#: Kilograms in the unit of weight that a price is quoted for.
KILOGRAMS = {
    "公斤": Decimal(1),
    "千克": Decimal(1),
    "kg": Decimal(1),
    "斤": Decimal("0.5"),
    "市斤": Decimal("0.5"),
    "500克": Decimal("0.5"),
    "500g": Decimal("0.5"),
    "100克": Decimal("0.1"),
    "50公斤": Decimal(50),
    "50kg": Decimal(50),
    "百斤": Decimal(50),
    "100斤": Decimal(50),
    "吨": Decimal(1000),
    "t": Decimal(1000),
    "担": Decimal(50),
    "公担": Decimal(100),
    "两": Decimal("0.05"),
}

LARGEST = Decimal(10) ** 13  # whole ten-thousandths of it still fit the database
LARGEST_COUNT = 2_000_000_000
LONGEST_NUMBER = 40  # characters of a cell that may be a number

_NUMBER = re.compile(
    r"(?:ph值?\s*[:=]?\s*)?[¥]?\s*(?P<number>[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+]?\.\d+)\s*"
    r"(?P<unit>[一-鿿%/a-zμ²³·℃]{0,8})\s*(?:\([^()]*\))?",
    re.IGNORECASE,
)
_DATES = (
    re.compile(
        r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?"
        r"(?:\s*\(?(?:星期|周)[一二三四五六日天]\)?)?(?:[ tT]+\d{1,2}[:时].*)?$"
    ),
    re.compile(r"(\d{4})(\d{2})(\d{2})$"),
    re.compile(r"(\d{2})年(\d{1,2})月(\d{1,2})日$"),
)
_IN_WORDS = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})[日号]$"
)
_DIGITS = {"〇": 0, "零": 0, "○": 0} | {digit: value for value, digit in enumerate("一二三四五六七八九", 1)}
_TICKS = re.compile(r"(1[5-9]\d{8})(\d{3})?(?:\.0+)?$")  # seconds or milliseconds since 1970, of 2017 to 2033
_LOCAL = timezone(timedelta(hours=8))
_MONTH = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*月?(?:[-/.]\d{1,2}.*)?$")
_UNSTORABLE = re.compile("[\x00\ufeff\ud800-\udfff]")  # NUL, byte order marks, halves of characters
_AGREED_LATER = frozenset({"面议", "面谈", "议价", "电议", "协商", "待议", "价格面议", "另议", "双方协商", "可议"})
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
    return re.sub(r"\s+", " ", _UNSTORABLE.sub("", folded)).strip()


def number(cell: object, *, minimum: Decimal | None = Decimal(0)) -> Decimal | None:
    """A number with thousands separators, a unit or a remark behind it; None where the cell is empty."""
    value, unit = _quantity(cell)
    if value is not None and unit.startswith("万"):
        value *= 10000
    return _checked(value, minimum)


def measure(cell: object, base: str, said: str, *, minimum: Decimal | None = Decimal(0)) -> Decimal | None:
    """A number in the unit `base`; `said` is the unit of its header or title, which a unit in the cell outranks."""
    value, unit = _quantity(cell)
    if value is None:
        return None
    factor = factor_of(base, unit) or (Decimal(10000) if unit.startswith("万") else factor_of(base, said))
    return _checked(value * (factor or Decimal(1)), minimum)


@lru_cache(maxsize=5_000)
def factor_of(base: str, said: str) -> Decimal | None:
    """What a value in the unit `said` is multiplied by to be in `base`; None where `said` is no such unit."""
    units = UNITS.get(base.lower(), {})
    plain = unicodedata.normalize("NFKC", said).lower().strip().removeprefix("人民币")
    return units.get(plain) or units.get(plain.split("/", maxsplit=1)[0])


def _checked(value: Decimal | None, minimum: Decimal | None) -> Decimal | None:
    if value is None:
        return None
    if minimum is not None and value < minimum:
        raise CellError(f"是{value}，不应当小于{minimum}")
    if abs(value) >= LARGEST:
        raise CellError(f"是{value:.3E}，太大了")
    return value


def _quantity(cell: object) -> tuple[Decimal | None, str]:
    """The number of a cell and the unit that the cell itself says ("" mostly)."""
    if isinstance(cell, bool):
        raise CellError("应当是数字")
    if isinstance(cell, (int, float)):
        value = Decimal(repr(cell) if isinstance(cell, float) else cell)
        if not value.is_finite():
            raise CellError("不是数字")
        return value, ""
    stored = text(cell)
    return (None, "") if not stored or stored in {"-", "—", "/", "--", "——"} else _number(stored)


@lru_cache(maxsize=50_000)
def _number(stored: str) -> tuple[Decimal, str]:
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", stored)) if len(stored) <= LONGEST_NUMBER else None
    if not found:
        raise CellError(f"应当是数字，写的是“{stored[:20]}”")
    return Decimal(found["number"].replace(",", "")), found["unit"].lower()


def open_number(cell: object, *, minimum: Decimal | None = Decimal(0)) -> Decimal | None:
    """A number, or None where the cell says that it is still to be agreed: 面议."""
    return None if text(cell) in _AGREED_LATER else number(cell, minimum=minimum)


def integer(cell: object, *, minimum: int = 0, base: str = "", said: str = "") -> int | None:
    """A whole number, in the unit `base` where one is named; None where the cell is empty."""
    low = Decimal(minimum)
    value = measure(cell, base, said, minimum=low) if base else number(cell, minimum=low)
    if value is None:
        return None
    if value != value.to_integral_value():
        raise CellError(f"应当是整数，写的是“{value}”")
    if value > LARGEST_COUNT:
        raise CellError(f"是{value}，太大了")
    return int(value)


def day(cell: object) -> date | None:
    """A date in any of the usual styles, an Excel serial or a date cell; None where the cell is empty."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if isinstance(cell, float) and not isfinite(cell):
            raise CellError("不是日期")
        return _serial(int(cell)) if int(cell) in EXCEL_DAYS else _day(str(int(cell))[:20])
    stored = text(cell)
    return _day(stored[:60]) if stored else None


@lru_cache(maxsize=20_000)
def _day(stored: str) -> date:
    plain = unicodedata.normalize("NFKC", stored)
    words = _IN_WORDS.match(plain)
    if words:
        year = int("".join(str(_DIGITS[digit]) for digit in words[1]))
        plain = f"{year}-{_below_hundred(words[2])}-{_below_hundred(words[3])}"
    for style in _DATES:
        found = style.match(plain)
        if found:
            year, month, day_of_month = (int(part) for part in found.groups())
            try:
                return date(year + 2000 if year < 100 else year, month, day_of_month)
            except ValueError:
                raise CellError(f"写的是“{stored[:20]}”，没有这一天") from None
    if re.fullmatch(r"\d{5}(\.\d+)?", plain) and int(float(plain)) in EXCEL_DAYS:
        return _serial(int(float(plain)))
    ticks = _TICKS.match(plain)
    if ticks:
        return datetime.fromtimestamp(int(ticks[1]), _LOCAL).date()
    raise CellError(f"不是日期，写的是“{stored[:20]}”")


def _below_hundred(words: str) -> int:
    """二十三 -> 23, 十一 -> 11, 三 -> 3."""
    tens, ten, ones = words.rpartition("十")
    return (10 * _DIGITS.get(tens, 1) if ten else 0) + _DIGITS.get(ones, 0)


def _serial(days: int) -> date:
    return EXCEL_EPOCH + timedelta(days=days)


def moment(cell: object) -> datetime | None:
    """A point in time with its zone, as ISO 8601 has it (2026-07-21T13:43:01Z); None where the cell is empty."""
    stored = text(cell)
    if not stored:
        return None
    try:
        found = datetime.fromisoformat(stored)
    except ValueError:
        raise CellError(f"时间“{stored[:30]}”不对") from None
    if found.tzinfo is None:
        raise CellError(f"时间“{stored[:30]}”没写时区")
    return found


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
    unit = re.sub(r"\s", "", unicodedata.normalize("NFKC", said).lower()).replace("每", "/")
    unit = unit.rsplit("/", 1)[-1].removeprefix("元") or unit
    kilograms = KILOGRAMS.get(unit)
    return kilograms, f"元/{unit}"
