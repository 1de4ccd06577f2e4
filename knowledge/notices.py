"""Notices of the villages, the towns and the county: which reach a place, which are in force, of which days they speak."""

from __future__ import annotations

import re
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.tables import Notice

#: A notice without a day of expiry is in force for so long.
UNLIMITED = timedelta(days=30)

#: A day of the body before its publication by more than this is one of the next year (published in December).
_LOOKS_BACK = timedelta(days=120)

_DAY = re.compile(r"(?:(?P<year>20\d{2})年)?(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]")


def reaching(session: Session, place: str, today: date) -> list[Notice]:
    """The notices for a place up to a day: its own, its town's and the county's, the nearest level first, then the latest."""
    levels = {place, place[:9], place[:6]}
    found = session.scalars(select(Notice).where(Notice.place.in_(levels), Notice.published <= today))
    return sorted(found, key=_nearest_and_latest)


def inside(session: Session, place: str, today: date) -> list[Notice]:
    """The notices of all villages (and towns) of a town or the county up to a day."""
    areas = Notice.place.in_({place}) | within(Notice.place, place)
    if len(place) == 6:
        areas |= Notice.place.like(f"{place}___")
    found = session.scalars(select(Notice).where(areas, Notice.published <= today))
    return sorted(found, key=_nearest_and_latest)


def titled(session: Session, text: str, today: date) -> list[Notice]:
    """The notices whose whole title stands in a text, of all places, up to a day."""
    titles = session.execute(select(Notice.id, Notice.title).where(Notice.published <= today))
    named = [number for number, title in titles if title in text]  # of thousands, hardly ever more than one
    found = session.scalars(select(Notice).where(Notice.id.in_(named))) if named else ()
    return sorted(found, key=_nearest_and_latest)


def _nearest_and_latest(notice: Notice) -> tuple[int, int, str]:
    return -len(notice.place), -notice.published.toordinal(), notice.code


def ends(notice: Notice) -> date:
    """The last day on which a notice is in force."""
    return notice.expires or notice.published + UNLIMITED


def in_force(notice: Notice, today: date) -> bool:
    """Whether a notice is in force on a day, the day of expiry counted."""
    return notice.published <= today <= ends(notice)


def days(notice: Notice) -> list[date]:
    """The days of which the body speaks, in its order; the day of expiry where it names none."""
    found = []
    for said in _DAY.finditer(notice.body):
        year = int(said["year"] or notice.published.year)
        try:
            day = date(year, int(said["month"]), int(said["day"]))
            if not said["year"] and notice.published - day > _LOOKS_BACK:
                day = day.replace(year=year + 1)
        except ValueError:  # 2月30日: a slip of the clerk's
            continue
        if day not in found:
            found.append(day)
    return found or ([notice.expires] if notice.expires else [])
