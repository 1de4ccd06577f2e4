"""Days as they stand in notices and lists: always with their date, since it is looked up and passed on."""

from __future__ import annotations

from datetime import date

from bot.skills.wording import full_day

_NEAR = {-1: "昨天", 0: "今天", 1: "明天", 2: "后天"}


def short_day(value: date, today: date) -> str:
    """11月27日, and with its year where that is not this one."""
    return full_day(value) if value.year != today.year else f"{value.month}月{value.day}日"


def dated(value: date, today: date) -> str:
    """11月24日（明天）, 2025年12月3日."""
    near = _NEAR.get((value - today).days)
    return f"{short_day(value, today)}（{near}）" if near else short_day(value, today)
