"""What we were just talking about with one sender: follow-ups, a pending question of ours, expiry. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from bot.messages import Fact, Reply
from bot.understanding.query import Period, Query, Slots

#: After this long a message stands alone again; the sender's own village is remembered beyond it.
TOPIC_LASTS = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Pending:
    """A question of ours that waits for an answer: which `slot` of `query` is asked, the values offered in order.

    Where the message itself was unsure, `readings` are what it may have meant, in the order of the options.
    """

    slot: str  # village | text | reading
    options: tuple[str, ...] = ()
    query: Query | None = None
    readings: tuple[Query, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """The memory of one conversation. `home` is the sender's own village as they told it (a claim, no proof).

    `seen` are the identifiers of the alerts that the sender has been told of.
    """

    home: str | None = None
    query: Query | None = None
    reply: Reply | None = None
    pending: Pending | None = None
    touched: datetime | None = None
    seen: tuple[str, ...] = ()

    def fresh(self, now: datetime) -> State:
        """The state as it counts at `now`: once the topic has gone cold only the home village and the alerts seen."""
        if self.touched and now - self.touched <= TOPIC_LASTS:
            return self
        return State(home=self.home, seen=self.seen)


def continue_query(query: Query, before: Query, keeps: tuple[str, ...]) -> Query:
    """A follow-up completed from the question before it: its own slots win, the rest of `keeps` is taken over."""
    slots: dict[str, Any] = {name: value for name, value in before.slots.items() if name in keeps}
    own = dict(query.slots)
    if {"village", "villages", "own_village", "town", "own_town", "county"} & own.keys():
        for name in ("village", "town", "own_village", "own_town", "county"):
            slots.pop(name, None)
    if "commodity" in own:
        slots.pop("commodities", None)
    slots.update(own)
    return replace(query, slots=cast(Slots, slots))


def dump(state: State) -> dict[str, Any]:
    """The state as JSON values."""
    return {
        "home": state.home,
        "query": _dump_query(state.query),
        "reply": _dump_reply(state.reply),
        "pending": state.pending
        and {
            "slot": state.pending.slot,
            "options": list(state.pending.options),
            "query": _dump_query(state.pending.query),
            "readings": [_dump_query(query) for query in state.pending.readings],
        },
        "touched": state.touched and state.touched.isoformat(),
        "seen": list(state.seen),
    }


def load(stored: dict[str, Any] | None) -> State:
    """The state from what `dump` wrote; an empty one from None."""
    if not stored:
        return State()
    pending = stored.get("pending")
    touched = stored.get("touched")
    return State(
        home=stored.get("home"),
        query=_load_query(stored.get("query")),
        reply=_load_reply(stored.get("reply")),
        pending=_load_pending(pending) if pending else None,
        touched=datetime.fromisoformat(touched) if touched else None,
        seen=tuple(stored.get("seen", ())),
    )


def _load_pending(stored: dict[str, Any]) -> Pending:
    readings = tuple(query for each in stored.get("readings", ()) if (query := _load_query(each)))
    return Pending(stored["slot"], tuple(stored["options"]), _load_query(stored["query"]), readings)


def _dump_query(query: Query | None) -> dict[str, Any] | None:
    if query is None:
        return None
    slots: dict[str, Any] = {}
    for name, value in query.slots.items():
        if isinstance(value, Period):
            slots[name] = {
                "start": value.start.isoformat(),
                "end": value.end.isoformat(),
                "grain": value.grain,
                "said": value.said,
            }
        else:
            slots[name] = list(value) if isinstance(value, tuple) else value
    return {"intent": query.intent, "slots": slots, "text": query.text, "confidence": query.confidence}


def _load_query(stored: dict[str, Any] | None) -> Query | None:
    if stored is None:
        return None
    slots: dict[str, Any] = {}
    for name, value in stored["slots"].items():
        if isinstance(value, dict):
            slots[name] = Period(
                date.fromisoformat(value["start"]), date.fromisoformat(value["end"]), value["grain"], value["said"]
            )
        else:
            slots[name] = tuple(value) if isinstance(value, list) else value
    return Query(stored["intent"], cast(Slots, slots), stored["confidence"], stored["text"])


def _dump_reply(reply: Reply | None) -> dict[str, Any] | None:
    """Without choices and picture: those belong to their own turn."""
    if reply is None:
        return None
    facts = [
        {
            "what": fact.what,
            "value": {"decimal": str(fact.value)} if isinstance(fact.value, Decimal) else fact.value,
            "unit": fact.unit,
            "subject": fact.subject,
            "place": fact.place,
            "as_of": fact.as_of and fact.as_of.isoformat(),
            "source": fact.source,
        }
        for fact in reply.facts
    ]
    return {"headline": reply.headline, "details": list(reply.details), "facts": facts, "intent": reply.intent}


def _load_reply(stored: dict[str, Any] | None) -> Reply | None:
    if stored is None:
        return None
    facts = tuple(
        Fact(
            what=fact["what"],
            value=Decimal(fact["value"]["decimal"]) if isinstance(fact["value"], dict) else fact["value"],
            unit=fact["unit"],
            subject=fact["subject"],
            place=fact["place"],
            as_of=date.fromisoformat(fact["as_of"]) if fact["as_of"] else None,
            source=fact["source"],
        )
        for fact in stored["facts"]
    )
    return Reply(stored["headline"], tuple(stored["details"]), facts, intent=stored["intent"])
