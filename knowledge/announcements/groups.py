"""Groups of people who are told things together: party members, large growers. A member is a number."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, select

from knowledge.announcements.tables import GroupMember
from knowledge.database import Sessions


class Groups:
    """The groups. Safe to share between threads and processes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def all(self) -> dict[str, int]:
        """How many numbers each group has."""
        counted = select(GroupMember.name, func.count()).group_by(GroupMember.name).order_by(GroupMember.name)
        with self._sessions() as session:
            return {row[0]: row[1] for row in session.execute(counted)}

    def fill(self, name: str, numbers: Collection[str]) -> None:
        """A group is these numbers and no others from now on; with none it is gone."""
        with self._sessions.begin() as session:
            session.execute(delete(GroupMember).where(GroupMember.name == name))
            session.add_all(GroupMember(name=name, person=number) for number in dict.fromkeys(numbers))
