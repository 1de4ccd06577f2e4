"""Pictures that came with text messages (MMS), kept for a report. They themselves stay with the gateway: see `SmsPicture`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete

from knowledge import database
from knowledge.database import Sessions
from knowledge.service_tables import SmsPicture


class SmsPictures:
    """The kept pictures. Safe to share between threads and processes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def keep(self, sender: str, message_id: str, pictures: Iterable[tuple[str, str]], received: datetime) -> None:
        """Keep the pictures of one message, each a content type and an address; once, however often it comes."""
        rows = [
            {"sender": sender, "message_id": message_id, "position": at, "kind": kind, "url": url, "received": received}
            for at, (kind, url) in enumerate(pictures)
        ]
        if not rows:
            return
        with self._sessions.begin() as session:
            session.execute(database.insert(session, SmsPicture).values(rows).on_conflict_do_nothing())

    def purge(self, before: datetime) -> None:
        """Forget pictures from before a moment."""
        with self._sessions.begin() as session:
            session.execute(delete(SmsPicture).where(SmsPicture.received < before))
