"""Alerts that arrive as CAP messages (OASIS CAP 1.2) become announcements; docs/alerts.md says which, and why.

Who sent a message is not proven here: whoever hands it in has proven the line that it came by, and `senders` lists
whose messages of that line are acted on without asking a person first.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Text, cast, select, text
from sqlalchemy.orm import Session

from knowledge.announcements import OUTLETS, Draft, _begin, _end, _fill, _note
from knowledge.announcements import alert_rules as rules
from knowledge.announcements.alert_areas import placed, topmost
from knowledge.announcements.alert_rules import STRENGTH, Outcome, Part, Receipt, Wording
from knowledge.announcements.tables import Announcement
from knowledge.database import Sessions, dialect_of
from knowledge.imports import cap
from knowledge.imports.cap import Info, Message, Reference
from knowledge.imports.readers import FileError
from knowledge.imports.rows import RowError
from knowledge.imports.store import Taken, Writer, too_long
from knowledge.places import Places
from knowledge.tables import DATASETS, Alert

log = logging.getLogger(__name__)

#: The end of an alert is told for so long.
ALL_CLEAR = timedelta(hours=24)

_HANZI = re.compile(r"[一-鿿]")
_OPEN = ("draft", "scheduled", "going")


class Alerts:
    """Where alerts arrive. `own` is our own name as a sender. Safe to share between threads and processes."""

    def __init__(
        self, sessions: Sessions, places: Places, senders: Mapping[str, str], own: str, wording: Wording
    ) -> None:
        self._sessions = sessions
        self._places = places
        self._senders = senders
        self._own = own
        self._wording = wording

    def receive(self, data: bytes, now: datetime) -> Receipt:
        """Take one message. The same message again changes nothing; what is no message of CAP 1.2 is refused."""
        try:
            message = cap.read(data)
            cap.check(message)
        except (FileError, RowError) as error:
            log.warning("an alert was refused: %s", error)
            return Receipt("refused", (), (str(error),))
        with self._sessions.begin() as session:
            _one_at_a_time(session)
            receipt = self._take(session, message, now)
        log.info("alert %s: %s %s", rules.reference(message), receipt.outcome, list(receipt.announcements))
        return receipt

    def _take(self, session: Session, message: Message, now: datetime) -> Receipt:
        known = message.sender in self._senders
        first = (message.origin if known else None) or Reference(message.sender, message.identifier, message.sent)
        if self._own in (message.sender, first.sender):
            return Receipt("ignored", (), ("是本县自己发出去的，转了回来",))
        if message.scope != "Public":
            return Receipt("ignored", (), (f"范围是 {message.scope}，不是给公众的，没有存",))
        if message.status != "Actual" or message.kind in ("Ack", "Error"):
            if known:
                self._keep(session, message, (), now)
            return Receipt("stored" if known else "ignored", (), (f"是 {message.status} {message.kind}，不播",))
        names = [self._name(first, number) for number in range(max(1, len(message.infos)))]
        same = session.scalars(select(Announcement.id).where(Announcement.identifier.in_(names))).all()
        if same:
            return Receipt("repeat", tuple(same))
        doubts = self._doubts(session, message, known, now)
        parts = [part for info in message.infos if (part := self._part(info, doubts))]
        earlier = self._referred(session, message)
        if message.kind == "Cancel" or (message.kind == "Update" and earlier and not parts):
            return self._cancel(session, message, earlier, doubts, names[0], now)
        if not parts:
            return Receipt("elsewhere", (), ("没有本县的地方",))
        sure = not any(part.doubts for part in parts)
        if sure:
            self._keep(session, message, [code for part in parts for code in part.places], now)
            if _ended(session, message):
                return Receipt("late", (), ("更新或解除它的消息先到了",))
        made = [
            self._announce(session, message, part, earlier, name, now)
            for name, part in zip(names, parts, strict=False)  # of an info for others there is no part
        ]
        if sure:
            _supersede(session, earlier, made[0][0], now)
        reasons = [
            why for part in parts for why in (*part.doubts, *(f"没认出的地方：{name}" for name in part.unplaced))
        ]
        outcome = min((outcome for _, outcome in made), key=STRENGTH.index)
        return Receipt(outcome, tuple(row.id for row, _ in made), tuple(dict.fromkeys(reasons)))

    # --- what a message is ---------------------------------------------------------------------------------------------

    def _name(self, first: Reference, number: int = 0) -> str:
        """The identifier of the announcement that a message's part becomes: the same whenever and however it comes."""
        said = f"{first.sender},{first.identifier},{rules.utc(first.sent)}"
        digest = blake2b(said.encode(), digest_size=8).hexdigest()
        return f"xiangyin-{self._places.county.code}-alert-{digest}" + (f"-{number + 1}" if number else "")

    def _doubts(self, session: Session, message: Message, known: bool, now: datetime) -> tuple[str, ...]:
        found = [] if known else [f"发送者“{message.sender}”不在名单里（设置 cap_senders）"]
        if message.sent > now + rules.AHEAD:
            found.append(f"发送时间在将来：{message.sent.isoformat()}")
        if session.scalar(_of(message.sender, [message.identifier]).with_only_columns(Announcement.id).limit(1)):
            found.append("这个编号以前来过，发送时间却不一样")
        return tuple(found)

    def _part(self, info: Info, doubts: tuple[str, ...]) -> Part | None:
        """A part of a message as it concerns us; None where it is for other counties."""
        codes, unknown = placed(info.areas, self._places)
        if info.areas and not codes and not unknown:
            return None
        mine = list(doubts)
        if not codes:
            mine.append(f"认不出是给哪里的（{'；'.join(unknown) or '没有写地方'}），先写成全县，审核前请改")
        if not _HANZI.search(info.headline + info.description + info.event):
            mine.append("没有中文内容")
        return Part(info, tuple(codes), tuple(unknown), tuple(mine))

    def _referred(self, session: Session, message: Message) -> list[Announcement]:
        """The open announcements of the messages that this one refers to: those of its own sender alone."""
        names = [each.identifier for each in message.references if each.sender == message.sender]
        return list(session.scalars(_of(message.sender, names).where(Announcement.state.in_(_OPEN))))

    # --- what becomes of it --------------------------------------------------------------------------------------------

    def _announce(
        self, session: Session, message: Message, part: Part, earlier: Sequence[Announcement], name: str, now: datetime
    ) -> tuple[Announcement, Outcome]:
        starts, ends = rules.times(message, part.info)
        told = any(rules.in_force(row, now) for row in earlier)
        outcome = rules.outcome_of(message, part, told, now)
        title, said, short = self._wording.alert(rules.local(part.info, now), now)
        draft = Draft(
            title,
            said,
            self._publisher(message, part.info),
            part.places or (self._places.county.code,),
            OUTLETS,
            min(starts, now) if outcome == "released" else starts,
            ends,
            short,
            "预警",
            "emergency" if rules.is_emergency(part.info) else "routine",
            replaces=earlier[0].id if earlier else None,
            alert=rules.about(message, part),
        )
        row = self._row(session, draft, name, message, part.doubts, now)
        if outcome == "released":
            _begin(session, row, now)
            _note(session, row.id, now, "", "released")
        elif outcome == "scheduled":
            self._approve(session, row, now)
        elif outcome == "missed":
            _end(session, row, "done", now)
            _note(session, row.id, now, "", "missed")
        return row, outcome

    def _cancel(
        self,
        session: Session,
        message: Message,
        earlier: Sequence[Announcement],
        doubts: tuple[str, ...],
        name: str,
        now: datetime,
    ) -> Receipt:
        """End what a message refers to, and say so where it had been said. In doubt only drafts end."""
        ended = [row for row in earlier if not doubts or row.state == "draft"]
        told = [row for row in earlier if (row not in ended if doubts else rules.in_force(row, now))]
        if not doubts:
            self._keep(session, message, (), now)
        for row in ended:
            _end(session, row, "withdrawn", now)
            _note(session, row.id, now, "", "withdrawn", rules.reference(message))
        numbers = tuple(row.id for row in ended)
        if not told:
            return Receipt("withdrawn" if ended else "ignored" if doubts else "stored", numbers, doubts)
        draft = self._all_clear(message, told, doubts, now)
        row = self._row(session, draft, name, message, doubts, now)
        if not doubts:
            self._approve(session, row, now)
        return Receipt("waiting" if doubts else "withdrawn", (*numbers, row.id), doubts)

    def _all_clear(
        self, message: Message, told: Sequence[Announcement], doubts: tuple[str, ...], now: datetime
    ) -> Draft:
        """To the same places by the same ways."""
        info = message.infos[0] if message.infos else None
        about = info or Info(event=str((told[0].alert or {}).get("event", "")))
        title, said, short = self._wording.all_clear(info and rules.local(info, now), told[0].title)
        return Draft(
            title,
            said,
            self._publisher(message, about) if info else told[0].publisher,
            tuple(topmost(code for row in told for code in row.places)),
            tuple(way for way in OUTLETS if any(way in row.outlets for row in told)),
            now,
            now + ALL_CLEAR,
            short,
            "预警",
            replaces=told[0].id if doubts else None,
            alert=rules.about(message, Part(about, doubts=doubts)),
        )

    def _row(
        self, session: Session, draft: Draft, name: str, message: Message, doubts: Iterable[str], now: datetime
    ) -> Announcement:
        row = Announcement(identifier=name, author="", state="draft", created=now, changed=now)
        _fill(row, draft)
        session.add(row)
        session.flush()
        _note(session, row.id, now, "", "composed", "；".join([rules.reference(message), *doubts]))
        return row

    def _approve(self, session: Session, row: Announcement, now: datetime) -> None:
        """The sender is listed: that is the approval."""
        row.state, row.approved, row.approver = "scheduled", now, row.publisher[:40]
        _note(session, row.id, now, "", "approved", "发送者在名单里")

    def _publisher(self, message: Message, info: Info) -> str:
        return (self._senders.get(message.sender) or info.publisher or message.sender)[:60]

    def _keep(self, session: Session, message: Message, codes: Iterable[str], now: datetime) -> None:
        """Store a message as `flask import` would: the answers and the television know it."""
        values = cap.values(message)
        values["areas"] += [code for code in codes if not any(each.startswith(code) for each in values["areas"])]
        while long := too_long(DATASETS["alerts"], values):
            values[long[0]] = values[long[0]][: long[1] - 1] + "…"
        key, _ = DATASETS["alerts"].identify(values)
        writer = Writer(session.connection(), now, only=(key,))
        day = message.sent.astimezone(now.tzinfo).date()
        file = f"cap/{self._name(Reference(message.sender, message.identifier, message.sent))}.xml"
        source = writer.source("alerts", values["publisher"], file, "", ".xml", "", day)
        writer.write(DATASETS["alerts"], source, [Taken(1, values, day)])


def _supersede(session: Session, earlier: Iterable[Announcement], by: Announcement, now: datetime) -> None:
    """End what an update takes the place of, but for what it ends itself as it begins later."""
    for row in earlier:
        later = by.state == "scheduled" and by.starts > now and row.id == by.replaces
        if row.state in _OPEN and not later:
            _end(session, row, "superseded", now)
            _note(session, row.id, now, "", "superseded", str(by.id))


def _ended(session: Session, message: Message) -> bool:
    """Whether a message of the same sender that updates or cancels this one is known."""
    rows = select(Alert.references).where(Alert.sender == message.sender, Alert.kind.in_(("Update", "Cancel")))
    rows = rows.where(Alert.status == "Actual", Alert.scope == "Public", Alert.identifier != message.identifier)
    rows = rows.where(cast(Alert.references, Text).contains(message.identifier, autoescape=True))
    return any(message.identifier in names for names in session.scalars(rows))


def _of(sender: str, identifiers: Sequence[str]) -> Any:
    """The announcements that messages of a sender became, the latest first."""
    about = Announcement.alert
    mine = about["sender"].as_string() == sender, about["identifier"].as_string().in_(identifiers)
    return select(Announcement).where(*mine).order_by(Announcement.id.desc())


def _one_at_a_time(session: Session) -> None:
    """Let one message wait for another, so that the same one twice at once is announced once."""
    if dialect_of(session) == "sqlite":
        session.connection().exec_driver_sql("BEGIN IMMEDIATE")
    else:
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('xiangyin alerts'))"))
