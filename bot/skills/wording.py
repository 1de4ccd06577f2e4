"""How figures, dates and sources are put into words; shared by the skills, knows no data."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")


def plain(value: Decimal | int) -> str:
    """A number without needless zeros: 98.60 -> 98.6, 120.00 -> 120."""
    if isinstance(value, int):
        return str(value)
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def yuan(value: Decimal) -> str:
    """An amount in 元, rounded half up to the fen and without needless zeros: 3133元, 2024.27元."""
    return f"{plain(fen(value))}元"


def fen(value: Decimal) -> Decimal:
    """Rounded half up to the fen."""
    return value.quantize(FEN, ROUND_HALF_UP)


def day(value: date, today: date) -> str:
    """A date as it is said: 今天, 昨天, 11月3日, and with its year where that is not this one."""
    if value == today:
        return "今天"
    if (today - value).days == 1:
        return "昨天"
    return full_day(value) if value.year != today.year else f"{value.month}月{value.day}日"


def full_day(value: date) -> str:
    """A date with its year: 2026年11月3日."""
    return f"{value.year}年{value.month}月{value.day}日"


def mask_name(name: str) -> str:
    """A private person's name: 张小明 -> 张*."""
    return f"{name[0]}*" if name else ""
