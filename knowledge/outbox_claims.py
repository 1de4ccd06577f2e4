"""What a worker's one transaction does to the outbox: settles what is done, keeps the gateway's pace, claims what is next.

Statements are built once, on the table and not on objects, and name the states as literals: each state has an index of
its own, which the databases use only where they can read the state in the statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal, Protocol

from sqlalchemy import Connection, bindparam, exists, literal_column, select, update

from knowledge import database
from knowledge.service_tables import OptOut, Outgoing, Pace

#: How long after the first and the second error a message is tried again; the third is final.
RETRIES = (timedelta(minutes=5), timedelta(minutes=10))

#: What a gateway was not given of its pace is made up for so long, since many are taken at once. At less than ten a
#: second nothing is: there the next one waits its whole pause.
CATCH_UP = timedelta(seconds=0.1)

REPLY = 1

_ROWS = database.table_of(Outgoing)
_GONE = database.table_of(OptOut)
_PACES = database.table_of(Pace)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that its taker is to send now, for the `attempt`th time; the claim is `number` and `taken`."""

    number: int
    attempt: int
    taken: datetime
    created: datetime
    address: str
    text: str
    segments: int


class Fate(Protocol):
    """What came of a message that was taken; see `channels.base.sending.Fate`."""

    @property
    def letter(self) -> Any: ...
    @property
    def outcome(self) -> Literal["sent", "busy", "refused", "unreachable", "unknown"]: ...
    @property
    def code(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def until(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that are the taker's from now on, and in how many seconds there may be more: None where no more is due."""

    letters: Sequence[Taken] = ()
    wait: float | None = None


def always(value: str | int) -> Any:
    """A value of ours that stands in the statement itself: no outsider's, since it is written as it is."""
    return literal_column(f"'{value}'" if isinstance(value, str) else str(value))


# --- settling --------------------------------------------------------------------------------------------------------

_THESE = _ROWS.c.id.in_(bindparam("numbers", expanding=True))
_SENDING = _ROWS.c.state == always("sending")
_SENT = (
    update(_ROWS)
    .where(_THESE, _SENDING, _ROWS.c.taken.in_(bindparam("claims", expanding=True)))
    .values(state=always("sent"), sent=bindparam("now"), code="", reason="")
)
_OURS = update(_ROWS).where(_ROWS.c.id == bindparam("number"), _SENDING, _ROWS.c.taken == bindparam("claim"))
_REST = update(_PACES).where(_PACES.c.gateway == bindparam("named")).values(free=bindparam("until"))


def settle(connection: Connection, gateway: str, done: Iterable[Fate], now: datetime) -> None:
    """Store what came of messages, those that are still their taker's: of others a report has told."""
    sent: list[Taken] = []
    for fate in done:
        if fate.outcome == "sent":
            sent.append(fate.letter)
        elif fate.outcome != "unknown":
            hold(connection, fate.letter, **_after(fate, now))
        if fate.until:
            connection.execute(_REST, {"named": gateway, "until": fate.until})
    if sent:
        claims = {"numbers": [letter.number for letter in sent], "claims": list({letter.taken for letter in sent})}
        connection.execute(_SENT, {**claims, "now": now})


def _after(fate: Fate, now: datetime) -> dict[str, Any]:
    problem = {"code": fate.code[:40], "reason": fate.reason[:200]}
    if fate.outcome == "unreachable":  # it keeps its place and has lost no attempt
        return {"state": "queued", "attempts": fate.letter.attempt - 1, **problem}
    if fate.outcome == "busy" and fate.letter.attempt <= len(RETRIES):
        return {"state": "queued", "due": now + RETRIES[fate.letter.attempt - 1], **problem}
    return {"state": "failed", "ended": now, **problem}


def hold(connection: Connection, taken: Taken, **values: Any) -> bool:
    """Change a message that is still its taker's; False where it is no more."""
    claim = {"number": taken.number, "claim": taken.taken}
    return connection.execute(_OURS.values(**values), claim).rowcount == 1


# --- claiming --------------------------------------------------------------------------------------------------------

_DUE = (
    _ROWS.c.channel == bindparam("channel"),
    _ROWS.c.state == always("queued"),
    _ROWS.c.due <= bindparam("now"),
    _ROWS.c.rank <= bindparam("lowest"),
)
_ORDER = (_ROWS.c.rank, _ROWS.c.due, _ROWS.c.id)
_ANY = select(_ROWS.c.id).where(*_DUE).order_by(*_ORDER).limit(1)  # in order, or PostgreSQL may read the whole table
_UNWANTED = exists().where(_GONE.c.channel == _ROWS.c.channel, _GONE.c.address == _ROWS.c.address)
_NEXT = (
    select(
        *(_ROWS.c.id, _ROWS.c.attempts, _ROWS.c.created, _ROWS.c.address, _ROWS.c.text, _ROWS.c.segments),
        (_UNWANTED & (_ROWS.c.rank != REPLY)).label("unwanted"),
        _ROWS.c.followed.label("over"),
    )
    .where(*_DUE)
    .order_by(*_ORDER)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=_ROWS)
)
_CLAIM = (
    update(_ROWS)
    .where(_THESE)
    .values(
        state=always("sending"),
        taken=bindparam("now"),
        gateway=bindparam("named"),
        attempts=_ROWS.c.attempts + 1,
    )
)
_REFUSE = (
    update(_ROWS)
    .where(_THESE)
    .values(state=always("failed"), ended=bindparam("now"), code=bindparam("why"), reason=bindparam("said"))
)
_REASONS = {"opted_out": "对方已退订，不再发送。", "over": "公告已经结束，不再发送。"}


@cache
def _pace(dialect: str) -> Any:
    insert = database.insert_on(dialect, _PACES).values(gateway=bindparam("named"), free=bindparam("now"))
    kept = insert.on_conflict_do_update(index_elements=["gateway"], set_={"gateway": _PACES.c.gateway})
    return kept.returning(_PACES.c.free)


def any_due(connection: Connection, channel: str, lowest: int, now: datetime) -> bool:
    """Whether there is a message to be sent; locks nothing."""
    return connection.scalar(_ANY, {"channel": channel, "now": now, "lowest": lowest}) is not None


def claim(
    connection: Connection, gateway: str, channel: str, lowest: int, now: datetime, per_second: float, most: int
) -> Batch:
    """The next messages for a gateway, at most as many and no more than its pace allows now.

    Other workers of the gateway wait until this transaction ends. Who opted out meanwhile is sent nothing but the reply
    to what they have asked, and what came back of an announcement that is over is not sent again: those have failed.
    """
    free: datetime = connection.execute(_pace(connection.dialect.name), {"named": gateway, "now": now}).scalar_one()
    if free > now:
        return Batch(wait=(free - now).total_seconds())
    free = max(free, now - max(timedelta(), CATCH_UP - timedelta(seconds=1 / per_second)))
    passed = now - free + timedelta.resolution  # a moment is no finer
    most = min(most, int(passed.total_seconds() * per_second) + 1)
    rows = connection.execute(_NEXT, {"channel": channel, "now": now, "lowest": lowest, "most": most}).all()
    letters: list[Taken] = []
    refused: defaultdict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.unwanted or row.over:
            refused["opted_out" if row.unwanted else "over"].append(row.id)
        elif free <= now:
            letters.append(Taken(row.id, row.attempts + 1, now, row.created, row.address, row.text, row.segments))
            free += timedelta(seconds=row.segments / per_second)
    for why, numbers in refused.items():
        connection.execute(_REFUSE, {"numbers": numbers, "now": now, "why": why, "said": _REASONS[why]})
    if letters:
        numbers = [letter.number for letter in letters]
        connection.execute(_CLAIM, {"numbers": numbers, "now": now, "named": gateway})
        connection.execute(_REST, {"named": gateway, "until": free})
    return Batch(letters, max(0.0, (free - now).total_seconds()) if len(rows) == most else None)
