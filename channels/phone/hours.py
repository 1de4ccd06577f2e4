"""When somebody answers the telephone: `1-5 08:30-12:00 14:00-17:30`, days of the week (1 is Monday) and times. Pure."""

from __future__ import annotations

from datetime import datetime, time

DAYS = "一二三四五六日"


def open_at(hours: str, now: datetime) -> bool:
    """Whether somebody is there at a local time."""
    days, *spans = hours.split()
    first, _, last = days.partition("-")
    if not int(first) <= now.isoweekday() <= int(last or first):
        return False
    return any(_time(span[:5]) <= now.time() < _time(span[6:]) for span in spans)


def said(hours: str) -> str:
    """The same in words: 周一到周五，8点半到12点，14点到17点半."""
    days, *spans = hours.split()
    first, _, last = days.partition("-")
    named = f"周{DAYS[int(first) - 1]}" + (f"到周{DAYS[int(last) - 1]}" if last and last != first else "")
    return "，".join([named, *(f"{_clock(span[:5])}到{_clock(span[6:])}" for span in spans)])


def _time(written: str) -> time:
    return time.fromisoformat(written)


def _clock(written: str) -> str:
    at = _time(written)
    return f"{at.hour}点" + ("" if at.minute == 0 else "半" if at.minute == 30 else f"{at.minute}分")
