"""Services: offices, telephone numbers, village clinics, bus lines; and whether hours as written are now."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.tables import BusRoute, Clinic, Hotline, Office

#: Monday first, as `datetime.weekday` counts.
WEEKDAYS = "一二三四五六日"

_SPAN_OF_DAYS = re.compile(
    "(?:周|星期|礼拜)([一二三四五六日天])\\s*(?:至|到|-|—|~|～)\\s*(?:周|星期|礼拜)?([一二三四五六日天])"
)
_ONE_DAY = re.compile("(?:周|星期|礼拜)([一二三四五六日天])")
_TIME = r"(?P<{0}half>上午|早上?|中午|下午|晚上?)?\s*(?P<{0}hour>\d{{1,2}})(?:[:：](?P<{0}minute>\d{{2}})|[点时](?P<{0}rest>半|\d{{1,2}}分?)?)?"
_SPAN = re.compile(_TIME.format("from_") + r"\s*(?:-|—|–|~|～|至|到)+\s*" + _TIME.format("to_"))


def offices(session: Session, town: str) -> list[Office]:
    """The public offices of a town (9 digits) or the county's own (6), in the order of the list."""
    return list(session.scalars(select(Office).where(Office.place == town).order_by(Office.id)))


def hotlines(session: Session) -> list[Hotline]:
    """All telephone numbers for everybody, in the order of the list."""
    return list(session.scalars(select(Hotline).order_by(Hotline.id)))


def clinics(session: Session, place: str) -> list[Clinic]:
    """The clinics of a village (12 digits), a town (9) or the county (6)."""
    return list(session.scalars(select(Clinic).where(within(Clinic.place, place)).order_by(Clinic.place, Clinic.id)))


def routes(session: Session, town: str | None = None) -> list[BusRoute]:
    """The bus lines that leave a town, or all."""
    found = select(BusRoute).order_by(BusRoute.place, BusRoute.id)
    return list(session.scalars(found.where(BusRoute.place == town) if town else found))


def open_at(hours: str, now: datetime) -> bool | None:
    """Whether hours as they are written (周一至周五 8:30-12:00，13:30-17:30) hold now; None where they cannot be read.

    Holidays do not stand in them.
    """
    today = WEEKDAYS[now.weekday()]
    if not works_on(hours, today):
        return False
    if re.search("24\\s*小时|全天", hours):
        return True
    spans = [(_minutes(found, "from_"), _minutes(found, "to_")) for found in _SPAN.finditer(hours)]
    if not spans:
        return None
    minute = now.hour * 60 + now.minute
    return any(start <= minute < end if start < end else not end <= minute < start for start, end in spans)


def works_on(hours: str, weekday: str) -> bool:
    """Whether hours as they are written hold on a weekday (一 to 日): they name it, or name none."""
    days: set[str] = set()
    for found in _SPAN_OF_DAYS.finditer(hours):
        first, last = (WEEKDAYS.index(day.replace("天", "日")) for day in found.groups())
        days |= set(WEEKDAYS[first : last + 1])
    rest = _SPAN_OF_DAYS.sub("", hours)
    closed = {day.replace("天", "日") for day in re.findall("(?:周|星期|礼拜)([一二三四五六日天])(?=休|不上班)", rest)}
    days |= {day.replace("天", "日") for day in _ONE_DAY.findall(rest)} - closed
    if "工作日" in hours:
        days |= set("一二三四五")
    return weekday not in closed and (not days or weekday in days)


def _minutes(found: re.Match[str], end: str) -> int:
    """The minute of the day of one end of a span: 下午1点半 -> 810."""
    hour, rest = int(found[f"{end}hour"]), found[f"{end}rest"] or ""
    minute = 30 if rest == "半" else int(found[f"{end}minute"] or rest.rstrip("分") or 0)
    half = found[f"{end}half"] or (found["from_half"] if end == "to_" else "") or ""
    return (hour + 12 if half[:1] in {"下", "晚"} and hour < 12 else hour) * 60 + minute
