"""Which alerts are in force for a place and time, by the rules of the Common Alerting Protocol (OASIS CAP 1.2).

Only `Actual` alerts of `Public` scope count. An `Update` takes the place of the messages it refers to, a `Cancel` ends
them, if the same sender sent it and it has been sent by then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Text, and_, cast, or_, select
from sqlalchemy.orm import Session

from knowledge.tables import Alert, Notice

#: CAP leaves it to whoever receives an alert without an end how long it holds; warnings are renewed within a day.
WITHOUT_END = timedelta(hours=24)

_FORBIDS = re.compile("禁止|严禁|不得|不准|不许|不要|禁烧|禁火")
_FIRE = re.compile("火|烧|烟|鞭炮")
_SENTENCE = re.compile(r"[；;。\n]")

_SEVERITY = ("Extreme", "Severe", "Moderate", "Minor")
_COUNTY, _TOWN = 6, 9


def active(session: Session, place_code: str, now: datetime) -> list[Alert]:
    """The alerts in force at a moment for a place (6, 9 or 12 digits), the most severe first, then the latest."""
    lasting = or_(Alert.expires > now, and_(Alert.expires.is_(None), Alert.sent > now - WITHOUT_END))
    found = [
        alert
        for alert in session.scalars(select(Alert).where(*_heeded(now), lasting, _near(place_code)))
        if alert.kind in {"Alert", "Update"} and (alert.effective or alert.sent) <= now and concerns(alert, place_code)
    ]
    if not found:
        return []
    since = min(alert.sent for alert in found)
    ended = _ended(session.scalars(select(Alert).where(*_heeded(now), Alert.kind != "Alert", Alert.sent >= since)))
    standing = [alert for alert in found if (alert.sender, alert.identifier) not in ended]
    return sorted(standing, key=lambda alert: (_rank(alert), -alert.sent.timestamp()))


def cancelled(session: Session, place_code: str, now: datetime) -> list[tuple[Alert, Alert]]:
    """Alerts for a place that were cancelled before their time was up, each with its cancellation; the latest first."""
    issued = _issued(session, place_code, now)
    by_id = {(alert.sender, alert.identifier): alert for alert in issued}
    found = []
    for cancel in issued:
        if cancel.kind == "Cancel":
            meant = (by_id.get((cancel.sender, name)) for name in cancel.references)
            found += [(a, cancel) for a in meant if a and now < until(a) and concerns(a, place_code)]
    return sorted(found, key=lambda pair: -pair[1].sent.timestamp())


def expired(session: Session, place_code: str, now: datetime) -> list[Alert]:
    """Alerts for a place whose time is up, the one that ended last first."""
    issued = _issued(session, place_code, now)
    ended = _ended(issued)
    found = [
        alert
        for alert in issued
        if alert.kind in {"Alert", "Update"}
        and (alert.sender, alert.identifier) not in ended
        and until(alert) <= now
        and concerns(alert, place_code)
    ]
    return sorted(found, key=lambda alert: -until(alert).timestamp())


def bans(session: Session, place_code: str, today: date) -> list[Notice]:
    """The notices in force for a place that forbid open fire there, the one that ends last first.

    They are of the place itself, its town or the county; a village has no other record that says what is forbidden
    while no warning is in force.
    """
    wanted = _significant(place_code)
    above = {wanted[:digits] for digits in (_COUNTY, _TOWN, len(wanted))}
    rows = session.scalars(select(Notice).where(Notice.place.in_(above), Notice.published <= today))
    found = [
        row
        for row in rows
        if (row.expires is None or row.expires >= today) and _FIRE.search(row.title) and forbids_fire(row.body)
    ]
    return sorted(found, key=lambda row: row.expires or date.max, reverse=True)


def forbids_fire(text: str) -> str:
    """The first sentence of a text that forbids something about fire, "" where there is none."""
    sentences = (part.strip() for part in _SENTENCE.split(text))
    return next((part for part in sentences if _FORBIDS.search(part) and _FIRE.search(part)), "")


def until(alert: Alert) -> datetime:
    """When an alert ends."""
    return alert.expires or alert.sent + WITHOUT_END


def concerns(alert: Alert, place_code: str) -> bool:
    """Whether an alert's areas hold the place or lie within it; without codes it is taken to concern everybody."""
    wanted = _significant(place_code)
    codes = [_significant(code) for code in alert.areas]
    return not codes or any(wanted.startswith(code) or code.startswith(wanted) for code in codes)


def _heeded(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions on alerts that count at all, sent by a moment."""
    return Alert.status == "Actual", Alert.scope == "Public", Alert.sent <= now


def _near(place_code: str) -> ColumnElement[bool]:
    """Alerts with a code of the place's county among their areas, or with none: a national feed has thousands."""
    areas = cast(Alert.areas, Text)
    return or_(areas.contains(f'"{place_code[:_COUNTY]}'), areas == "[]")


def _issued(session: Session, place_code: str, now: datetime) -> list[Alert]:
    near = or_(_near(place_code), Alert.kind != "Alert")
    return list(session.scalars(select(Alert).where(*_heeded(now), near).order_by(Alert.sent)))


def _ended(issued: Iterable[Alert]) -> set[tuple[str, str]]:
    return {(a.sender, name) for a in issued if a.kind in {"Update", "Cancel"} for name in a.references}


def _significant(code: str) -> str:
    """A code without the zeros that fill it up to 12 digits: 130283116000 is a town."""
    for digits in (_COUNTY, _TOWN):
        if len(code) > digits and not code[digits:].strip("0"):
            return code[:digits]
    return code


def _rank(alert: Alert) -> int:
    return _SEVERITY.index(alert.severity) if alert.severity in _SEVERITY else len(_SEVERITY)
