"""One person, many doors: which addresses are proven to be one villager's, and how they want to be spoken to.

Nothing is guessed. A text message or a call proves its number; any other address (a WeChat openid, a browser) is
somebody's only after it has handed in a one-time code that was sent to that number. Opting out is not kept here: it
is a matter between one address and one channel, see `knowledge.mailbox`.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from knowledge import database, memory
from knowledge.database import Sessions
from knowledge.service_tables import Code, Door, OptOut, Person, Proof, Turn

Level = Literal["plain", "slow", "large"]
LEVELS: tuple[Level, ...] = ("plain", "slow", "large")

#: How long a code can be handed in, how often it may be got wrong, and how soon another is sent to the same number or
#: at the wish of the same network; how many are sent to one number a day.
CODE_LASTS = timedelta(minutes=5)
TRIES = 5
CODE_PAUSE = timedelta(minutes=1)
CODES_A_DAY = 10

#: How long a browser counts as its owner's.
PROOF_LASTS = timedelta(days=30)

#: The longest pause that is kept in mind.
LONGEST_PAUSE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Who:
    """Who stands behind an address: the number it has proven, if it has, and their preferences."""

    number: str | None = None
    level: Level = "plain"
    favourite: str = ""


# Built once: every message asks.
_PERSONS = database.table_of(Person)
_PREFERRED = select(_PERSONS.c.level, _PERSONS.c.favourite).where(_PERSONS.c.key == bindparam("key"))


class People:
    """The stored identities. Safe to share between threads and processes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def who(self, channel: str, address: str, number: str | None = None) -> Who:
        """Who writes from an address; `number` is what the channel itself has proven of it."""
        with self._sessions() as session:
            if number is None:
                number = _number(session, channel, address)
            person = session.execute(_PREFERRED, {"key": _key(channel, address, number)}).one_or_none()
        if person is None:
            return Who(number)
        level = next((known for known in LEVELS if known == person.level), LEVELS[0])
        return Who(number, level, person.favourite)

    def registered(self, number: str) -> tuple[str, ...]:
        """The villages in whose residents' list a number stands."""
        with self._sessions() as session:
            return memory.villages_of(session, number)

    def prefer(
        self,
        channel: str,
        address: str,
        number: str | None,
        now: datetime,
        level: Level | None = None,
        favourite: str | None = None,
    ) -> None:
        """Remember how the person behind an address wants to be spoken to, and where; what is None stays as it was."""
        with self._sessions.begin() as session:
            key = _key(channel, address, number or _number(session, channel, address))
            _prefer(session, key, now, level, favourite)

    # --- codes -------------------------------------------------------------------------------------------------------

    def issue(self, holder: str, number: str, network: str | None, now: datetime) -> str | Literal["soon"] | None:
        """A new code of six digits for a number, to be sent to it; what the holder had before counts no more.

        None where nobody registered the number: then nothing is to be sent, and the same has been stored. "soon" where
        number or network had a code less than a minute ago, or the number had its share of the day.
        """
        code = f"{secrets.randbelow(1_000_000):06}"
        salt = secrets.token_hex(16)
        with self._sessions.begin() as session:
            if network and not _turn(session, f"code-network:{_hash(network)}", now, CODE_PAUSE):
                return "soon"
            sent = select(func.count()).where(Code.number == number, Code.issued > now - timedelta(days=1))
            if not _turn(session, f"code:{number}", now, CODE_PAUSE) or (session.scalar(sent) or 0) >= CODES_A_DAY:
                return "soon"
            known = bool(memory.villages_of(session, number))
            digest = _digest(code if known else secrets.token_hex(16), salt)
            session.execute(delete(Code).where(Code.expires < now - timedelta(days=1)))
            session.execute(update(Code).where(Code.holder == holder, Code.used.is_(None)).values(used=now))
            session.add(
                Code(
                    holder=holder, number=number, salt=salt, digest=digest, issued=now, expires=now + CODE_LASTS, tries=0
                )
            )  # fmt: skip
            return code if known else None

    def redeem(self, holder: str, code: str, now: datetime) -> str | None:
        """The number that a code proves, once; None for a wrong, spent or expired code. Each call is one of five tries."""
        latest = select(func.max(Code.id)).where(Code.holder == holder).scalar_subquery()
        with self._sessions.begin() as session:
            tried = (
                update(Code)
                .where(Code.id == latest, Code.used.is_(None), Code.expires > now, Code.tries < TRIES)
                .values(tries=Code.tries + 1)
                .returning(Code.id, Code.number, Code.salt, Code.digest)
            )
            found = session.execute(tried).one_or_none()
            salt, expected = (found.salt, found.digest) if found else ("", "")
            if not hmac.compare_digest(_digest(code, salt), expected) or found is None:
                return None
            session.execute(update(Code).where(Code.id == found.id).values(used=now))
            return str(found.number)

    # --- proven browsers ---------------------------------------------------------------------------------------------

    def admit(self, number: str, now: datetime) -> str:
        """The secret of a browser that has just proven a number; only its hash is kept."""
        token = secrets.token_urlsafe(24)
        with self._sessions.begin() as session:
            session.execute(delete(Proof).where(Proof.expires <= now))
            session.add(Proof(token=_hash(token), number=number, expires=now + PROOF_LASTS))
        return token

    def admitted(self, token: str, now: datetime) -> str | None:
        """The number that the browser with this secret has proven."""
        with self._sessions() as session:
            proof = session.get(Proof, _hash(token))
            return proof.number if proof and proof.expires > now else None

    def dismiss(self, token: str) -> None:
        """Let a browser be nobody's again."""
        with self._sessions.begin() as session:
            session.execute(delete(Proof).where(Proof.token == _hash(token)))

    # --- linked addresses --------------------------------------------------------------------------------------------

    def link(self, channel: str, address: str, number: str, now: datetime) -> None:
        """An address has proven a number. What it preferred becomes its owner's, where they preferred nothing yet."""
        values = {"number": number, "since": now}
        with self._sessions.begin() as session:
            insert = database.insert(session, Door).values(channel=channel, address=address, **values)
            session.execute(insert.on_conflict_do_update(index_elements=["channel", "address"], set_=values))
            before = session.get(Person, f"{channel}:{address}")
            if before and session.get(Person, number) is None:
                _prefer(session, number, now, before.level, before.favourite)
            if before:
                session.delete(before)

    def unlink(self, channel: str, address: str) -> bool:
        """Let an address be nobody's again. False where it was nobody's."""
        with self._sessions.begin() as session:
            gone = delete(Door).where(Door.channel == channel, Door.address == address).returning(Door.number)
            return session.scalar(gone) is not None

    def doors(self, number: str) -> list[tuple[str, str]]:
        """The channels and addresses by which the owner of a number can be reached, the favourite first.

        Those that have opted out are left out.
        """
        with self._sessions() as session:
            linked = session.execute(
                select(Door.channel, Door.address).where(Door.number == number).order_by(Door.since)
            )
            found = [("sms", number), *((channel, address) for channel, address in linked)]
            person = session.get(Person, number)
            closed = {
                (row.channel, row.address)
                for row in session.scalars(select(OptOut).where(OptOut.address.in_([address for _, address in found])))
            }
        favourite = person.favourite if person else ""
        return sorted((door for door in found if door not in closed), key=lambda door: door[0] != favourite)

    # --- what is done only so often ----------------------------------------------------------------------------------

    def turn(self, key: str, now: datetime, pause: timedelta) -> bool:
        """Whether something may be done now that was last done `pause` ago or earlier; then it counts as done now."""
        with self._sessions.begin() as session:
            return _turn(session, key, now, pause)

    def purge(self, now: datetime, before: datetime) -> None:
        """Forget what has expired, and preferences of unknown people from before a moment. Links stay: they are proven."""
        with self._sessions.begin() as session:
            session.execute(delete(Code).where(Code.expires < now - timedelta(days=1)))
            session.execute(delete(Proof).where(Proof.expires <= now))
            session.execute(delete(Turn).where(Turn.at < now - LONGEST_PAUSE))
            session.execute(delete(Person).where(Person.key.contains(":"), Person.touched < before))


def _number(session: Session, channel: str, address: str) -> str | None:
    return session.scalar(select(Door.number).where(Door.channel == channel, Door.address == address))


def _key(channel: str, address: str, number: str | None) -> str:
    return number or f"{channel}:{address}"


def _prefer(session: Session, key: str, now: datetime, level: str | None, favourite: str | None) -> None:
    named: dict[str, Any] = {"touched": now}
    if level is not None:
        named["level"] = level
    if favourite is not None:
        named["favourite"] = favourite
    insert = database.insert(session, Person).values(**{"key": key, "level": "plain", "favourite": "", **named})
    session.execute(insert.on_conflict_do_update(index_elements=["key"], set_=named))


def _turn(session: Session, key: str, now: datetime, pause: timedelta) -> bool:
    insert = database.insert(session, Turn).values(key=key, at=now)
    free = or_(Turn.at <= now - pause, Turn.at > now)  # a clock that was set back holds nobody up
    taken = insert.on_conflict_do_update(index_elements=["key"], set_={"at": now}, where=free)
    return session.scalar(taken.returning(Turn.key)) is not None


def _digest(code: str, salt: str) -> str:
    return blake2b(code.encode(), key=salt.encode(), digest_size=32).hexdigest()


def _hash(secret: str) -> str:
    return blake2b(secret.encode(), digest_size=32).hexdigest()
