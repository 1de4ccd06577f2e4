"""Announcements from the first draft to the end: written, approved by a second person, in force, over; with a trace.

    draft ──approve──► scheduled ──its time──► going ──its end──► done
      ▲ └──────────release (emergency)──────────▲ │
      └──change── scheduled                       └─► withdrawn, superseded

Each step is one transaction that is only taken from the state it starts at, so of two people (or workers) at once one
does it. `audience` makes the deliveries, `tables` are the rows.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from knowledge import outbox
from knowledge.announcements import staff
from knowledge.announcements.staff import NotAllowedError
from knowledge.announcements.tables import Announcement, AnnouncementEvent
from knowledge.database import Sessions

Outlet = Literal["speaker", "sms", "call", "wechat", "tv", "web"]
OUTLETS: tuple[Outlet, ...] = ("speaker", "sms", "call", "wechat", "tv", "web")

#: Those that reach one person each, in the order in which they are tried.
PERSONAL: tuple[Outlet, ...] = ("wechat", "sms", "call")


@dataclass(frozen=True, slots=True)
class Draft:
    """What an announcement says, where, when and by what ways; see `tables.Announcement`. Moments have their zone."""

    title: str
    text: str
    publisher: str
    places: tuple[str, ...]
    outlets: tuple[str, ...]
    starts: datetime
    ends: datetime
    short: str = ""
    category: str = "通知"
    urgency: Literal["routine", "emergency"] = "routine"
    groups: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    confirm: bool = False
    replaces: int | None = None
    alert: Mapping[str, Any] | None = field(default=None)


class Announcements:
    """The stored announcements. Safe to share between threads and processes. Methods raise NotAllowedError.

    `who` is the name of a member of staff; "" is the service itself, which may do what a listed sender of alerts may.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    # --- by people ---------------------------------------------------------------------------------------------------

    def compose(self, draft: Draft, who: str, now: datetime) -> int:
        """A new draft; its number."""
        with self._sessions.begin() as session:
            if who:
                staff.check(session, who, draft.places)
            if draft.replaces is not None:
                before = _get(session, draft.replaces)
                if who:
                    staff.check(session, who, before.places)
            identifier = f"xiangyin-{draft.places[0][:6]}-{now:%Y%m%d%H%M%S}-{secrets.token_hex(3)}"
            row = Announcement(identifier=identifier, author=who, created=now, changed=now)
            _fill(row, draft)
            session.add(row)
            session.flush()
            _note(session, row.id, now, who, "composed")
            return row.id

    def change(self, number: int, draft: Draft, who: str, now: datetime) -> None:
        """Other words, places or times, before it goes out: it needs to be approved anew. The trace keeps what was."""
        with self._sessions.begin() as session:
            row = _taken(
                session,
                number,
                ("draft", "scheduled"),
                "已经播发，不能再改。请撤回，或写一份新的代替它（--replaces）。",
            )
            staff.check(session, who, {*row.places, *draft.places})
            before = draft_of(row)
            changed = {name: old for name, old in _plain(before).items() if old != _plain(draft)[name]}
            _fill(row, draft)
            row.state, row.approver, row.approved, row.changed = "draft", "", None, now
            row.author = who  # who changes it last is not who approves it
            _note(session, number, now, who, "changed", json.dumps(changed, ensure_ascii=False))

    def approve(self, number: int, who: str, now: datetime) -> str:
        """A second person agrees; the state that it is in then. An emergency that is out already is approved after."""
        with self._sessions.begin() as session:
            row = _taken(session, number, ("draft", "going", "done"), "现在不能审核。")
            staff.check(session, who, row.places, approving=True)
            if row.approved:
                raise NotAllowedError(f"第{number}号已由{row.approver}审核过。")
            if row.author == who:
                raise NotAllowedError("自己写的不能自己审，请另一位审核人来审。")
            if row.state == "draft" and row.ends <= now:
                raise NotAllowedError("截止时间已过，请先改时间再审。")
            row.approver, row.approved = who, now
            if row.state == "draft":
                row.state = "scheduled"
            _note(session, number, now, who, "approved")
            return row.state

    def reject(self, number: int, who: str, why: str, now: datetime) -> None:
        """A second person does not agree: a draft stays one; what went out as an emergency is withdrawn."""
        with self._sessions.begin() as session:
            row = _taken(session, number, ("draft", "scheduled", "going"), "现在不能退回。")
            staff.check(session, who, row.places, approving=True)
            _note(session, number, now, who, "rejected", why)
            if row.state == "going":
                _end(session, row, "withdrawn", now)
            else:
                row.state, row.approver, row.approved = "draft", "", None

    def release(self, number: int, who: str, now: datetime) -> None:
        """An emergency goes out at once; it is approved after."""
        with self._sessions.begin() as session:
            row = _taken(session, number, ("draft", "scheduled"), "已经播发过了。")
            if who:
                staff.check(session, who, row.places)
            if row.urgency != "emergency":
                raise NotAllowedError("只有紧急的才能先播后审，请先审核。")
            if row.ends <= now:
                raise NotAllowedError("截止时间已过，请先改时间。")
            row.starts = min(row.starts, now)
            _begin(session, row, now)
            _note(session, number, now, who, "released")

    def withdraw(self, number: int, who: str, why: str, now: datetime) -> None:
        """It is no longer in force anywhere; what waits to be sent is not sent."""
        with self._sessions.begin() as session:
            row = _taken(session, number, ("draft", "scheduled", "going"), "已经结束，不用撤回。")
            if who:
                staff.check(session, who, row.places)
            _end(session, row, "withdrawn", now)
            _note(session, number, now, who, "withdrawn", why)

    # --- by time -----------------------------------------------------------------------------------------------------

    def turn(self, now: datetime) -> list[int]:
        """Begin what is due and end what is over; the numbers of those that changed."""
        due = select(Announcement.id).where(Announcement.state == "scheduled", Announcement.starts <= now)
        over = select(Announcement.id).where(Announcement.state == "going", Announcement.ends <= now)
        with self._sessions() as session:
            numbers = [*session.scalars(due.order_by(Announcement.starts, Announcement.id)), *session.scalars(over)]
        turned = []
        for number in numbers:
            with self._sessions.begin() as session:
                row = _claimed(session, number, ("scheduled", "going"))
                if row is None:
                    continue
                if row.ends <= now:
                    missed = row.state == "scheduled"
                    _end(session, row, "done", now)
                    _note(session, number, now, "", "missed" if missed else "done")
                elif row.state == "scheduled":
                    _begin(session, row, now)
                    _note(session, number, now, "", "started")
                else:
                    continue
                turned.append(number)
        return turned

    # --- asked for ---------------------------------------------------------------------------------------------------

    def get(self, number: int) -> Announcement:
        """One announcement. Raises NotAllowedError where there is none."""
        with self._sessions() as session:
            return _get(session, number)

    def listing(self, states: Collection[str] = (), limit: int = 50) -> Sequence[Announcement]:
        """The latest announcements, of these states or of all."""
        rows = select(Announcement).order_by(Announcement.id.desc()).limit(limit)
        if states:
            rows = rows.where(Announcement.state.in_(states))
        with self._sessions() as session:
            return list(session.scalars(rows))

    def trace(self, number: int) -> Sequence[AnnouncementEvent]:
        """What was done with an announcement, in order."""
        rows = select(AnnouncementEvent).where(AnnouncementEvent.announcement == number).order_by(AnnouncementEvent.id)
        with self._sessions() as session:
            return list(session.scalars(rows))

    def showing(self, now: datetime, outlet: str, place: str | None = None) -> list[Announcement]:
        """See the function of that name."""
        with self._sessions() as session:
            return showing(session, now, outlet, place)


def showing(session: Session, now: datetime, outlet: str, place: str | None = None) -> list[Announcement]:
    """The announcements in force on an outlet ("" for any), emergencies first, then the latest; those for `place` only.

    What is for the county is for its towns and villages too, not the other way round. One whose time has come is in
    force whether or not a worker has begun it.
    """
    due = Announcement.state.in_(("scheduled", "going")), Announcement.starts <= now, Announcement.ends > now
    rows = session.scalars(select(Announcement).where(*due)).all()
    replaced = {row.replaces for row in rows}
    found = [
        row
        for row in rows
        if (not outlet or outlet in row.outlets) and row.id not in replaced and (place is None or concerns(row, place))
    ]
    return sorted(found, key=lambda row: (row.urgency != "emergency", -row.starts.timestamp(), -row.id))


def concerns(row: Announcement, place: str) -> bool:
    """Whether an announcement is for a place: for itself, or for what it lies in."""
    return any(place.startswith(code) for code in row.places)


def _get(session: Session, number: int) -> Announcement:
    row = session.get(Announcement, number)
    if row is None:
        raise NotAllowedError(f"没有第{number}号公告。用 flask announce list 看有哪些。")
    return row


def _claimed(session: Session, number: int, states: Collection[str]) -> Announcement | None:
    """An announcement in one of these states, which nobody else changes until this transaction ends."""
    held = update(Announcement).where(Announcement.id == number, Announcement.state.in_(states))
    if session.scalar(held.values(state=Announcement.state).returning(Announcement.id)) is None:
        return None
    return session.get(Announcement, number, populate_existing=True)


def _taken(session: Session, number: int, states: Collection[str], otherwise: str) -> Announcement:
    row = _claimed(session, number, states)
    if row is None:
        known = _get(session, number)
        raise NotAllowedError(f"第{number}号公告{STATES[known.state]}：{otherwise}")
    return row


#: A state as staff read it.
STATES = {
    "draft": "是草稿",
    "scheduled": "已审核，待播发",
    "going": "正在播发",
    "done": "已播完",
    "withdrawn": "已撤回",
    "superseded": "已被新的代替",
}


def _begin(session: Session, row: Announcement, now: datetime) -> None:
    row.state = "going"
    if row.replaces is not None and (before := _claimed(session, row.replaces, ("draft", "scheduled", "going"))):
        _end(session, before, "superseded", now)
        _note(session, before.id, now, row.author, "superseded", str(row.id))


def _end(session: Session, row: Announcement, state: str, now: datetime) -> None:
    """An announcement is over: what waits to be sent of it is not sent."""
    row.state, row.ended = state, now
    reason = {
        "withdrawn": "公告已撤回，不再发送。",
        "superseded": "公告已被新的代替，不再发送。",
        "done": "公告已过期，不再发送。",
    }
    outbox.cancel(session, row.id, state, reason[state], now)


def _fill(row: Announcement, draft: Draft) -> None:
    for name, value in asdict(draft).items():
        setattr(row, name, list(value) if isinstance(value, tuple) else value)


def draft_of(row: Announcement) -> Draft:
    """What a stored announcement says, to be written anew with changes (`dataclasses.replace`)."""
    stored = {name: getattr(row, name) for name in Draft.__dataclass_fields__}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
    }
    return Draft(**values)


def _plain(draft: Draft) -> dict[str, Any]:
    values = asdict(draft)
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _note(session: Session, number: int, now: datetime, who: str, what: str, detail: str = "") -> None:
    session.add(AnnouncementEvent(announcement=number, at=now, who=who, what=what, detail=detail))
