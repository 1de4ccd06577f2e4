"""What the world may read of announcements: those that everybody is told, once they are or have been in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.announcements import _get
from knowledge.announcements.tables import Announcement, AnnouncementEvent
from knowledge.database import Sessions

#: The outlets that everybody hears or sees.
OPEN = frozenset({"speaker", "tv", "web"})

#: The identifier of the message that an announcement is withdrawn ends so.
CANCEL = "-cancel"


@dataclass(frozen=True, slots=True)
class Issued:
    """An announcement as the world reads it: `public` or only ours so far, in place of `replaced`, `cancelled`."""

    row: Announcement
    public: bool
    replaced: Announcement | None = None
    cancelled: bool = False


class Published:
    """Reads what has been issued. Safe to share between threads and processes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def get(self, identifier: str, now: datetime) -> Issued | None:
        """The announcement, or the end of a withdrawn one, of that identifier; None where the world may read none."""
        with self._sessions() as session:
            row = session.scalar(select(Announcement).where(Announcement.identifier == identifier.removesuffix(CANCEL)))
            found = _issued(session, [row], now)[0] if row else None
            if found is None or not found.public:
                return None
            if identifier.endswith(CANCEL):
                return found if found.cancelled else None
            return Issued(found.row, found.public, found.replaced)

    def of(self, number: int, now: datetime) -> Issued:
        """An announcement by its number, a draft too. Raises NotAllowedError where there is none."""
        with self._sessions() as session:
            return _issued(session, [_get(session, number)], now)[0]

    def current(self, now: datetime) -> list[Issued]:
        """What is in force, and the ends of what would be had it not been withdrawn; the latest first.

        The end of an alert is told to the world by its cancellation, not by the announcement that tells villagers.
        """
        open_ = Announcement.state.in_(("scheduled", "going", "withdrawn")), Announcement.ends > now
        with self._sessions() as session:
            rows = session.scalars(select(Announcement).where(*open_).order_by(Announcement.id.desc()))
            found = [each for each in _issued(session, rows.all(), now) if each.public]
        replaced = {each.row.replaces for each in found if not each.cancelled}
        return [
            each for each in found if each.row.id not in replaced and (each.row.alert or {}).get("kind") != "Cancel"
        ]


def _issued(session: Session, rows: Iterable[Announcement], now: datetime) -> list[Issued]:
    rows = list(rows)
    before = [row.replaces for row in rows if row.replaces is not None]
    earlier = {row.id: row for row in session.scalars(select(Announcement).where(Announcement.id.in_(before)))}
    released = _released(session, [*(row.id for row in rows), *earlier])
    issued = []
    for row in rows:
        replaced = earlier.get(row.replaces or 0)
        if replaced and not _public(replaced, released, now):
            replaced = None
        issued.append(Issued(row, _public(row, released, now), replaced, row.state == "withdrawn"))
    return issued


def _public(row: Announcement, released: Mapping[int, datetime], now: datetime) -> bool:
    """Whether it is or was in force for everybody: what goes to members of a group, or to each alone, is not."""
    if row.groups or OPEN.isdisjoint(row.outlets):
        return False
    moments = [moment for moment in (row.approved, released.get(row.id)) if moment]
    return bool(moments) and (since := max(row.starts, min(moments))) <= min(now, row.ended or now) and since < row.ends


def _released(session: Session, numbers: Iterable[int]) -> dict[int, datetime]:
    """When emergencies went out before they were approved."""
    event = AnnouncementEvent
    rows = select(event.announcement, event.at).where(event.what == "released", event.announcement.in_(list(numbers)))
    return {row.announcement: row.at for row in session.execute(rows)}
