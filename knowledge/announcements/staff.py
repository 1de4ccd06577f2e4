"""Who may work with announcements: rows made by `flask staff add`, each for one role within one place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.announcements.tables import Staff
from knowledge.database import Sessions

ROLES = ("editor", "approver")


class NotAllowedError(Exception):
    """Something that cannot be done, or not by this person: a sentence for staff in Chinese."""


class Team:
    """The staff. Safe to share between threads and processes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def add(self, name: str, role: str, place: str, now: datetime) -> None:
        """Let somebody work with announcements, or change what they may do. Raises ValueError for an unknown role."""
        if role not in ROLES:
            raise ValueError(f"no such role: {role}")
        with self._sessions.begin() as session:
            session.merge(Staff(name=name, role=role, place=place, since=now, until=None))

    def remove(self, name: str, now: datetime) -> bool:
        """Somebody works here no more; what they did keeps their name. False where nobody is called so."""
        with self._sessions.begin() as session:
            known = session.get(Staff, name)
            if known is None or known.until:
                return False
            known.until = now
            return True

    def all(self) -> Sequence[Staff]:
        """Everybody who works here now, by place."""
        with self._sessions() as session:
            return list(session.scalars(select(Staff).where(Staff.until.is_(None)).order_by(Staff.place, Staff.name)))


def check(session: Session, name: str, places: Iterable[str], approving: bool = False) -> None:
    """Raises NotAllowedError unless somebody works here, with that role, for all these places."""
    known = session.get(Staff, name)
    if known is None or known.until:
        raise NotAllowedError(f"没有叫“{name}”的工作人员。请县里用 flask staff add 登记。")
    if approving and known.role != "approver":
        raise NotAllowedError(f"{name}没有审核权限，请找审核人。")
    if not all(place.startswith(known.place) for place in places):
        raise NotAllowedError(f"{name}只管{known.place}范围内的地方，请改范围，或请上一级来办。")
