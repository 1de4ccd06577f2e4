"""The one way in: Assistant.answer(Message) -> Reply."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol, cast

from sqlalchemy.orm import Session, sessionmaker

from bot import conversation
from bot.conversation import Pending, State
from bot.messages import Asker, Choice, Fact, Message, Reply
from bot.skills import announcements
from bot.skills.alerts import told_first
from bot.skills.base import Context, Skill
from bot.skills.smalltalk import EXAMPLES
from bot.skills.wording import full_day
from bot.understanding.query import Names, Query, Slots
from knowledge import alerts, freshness, memory
from knowledge.freshness import Freshness
from knowledge.places import Place, Places
from knowledge.tables import DATASETS

#: Below this confidence a message is no question by itself; up to the second we ask which of the likeliest is meant,
#: each with at least the third. On held-out training sentences, noisy ones too, a wrong answer avoided costs two right
#: ones at the second, and more above it.
UNSURE, CERTAIN, OFFERED = 0.35, 0.65, 0.12

#: Below this confidence a question may name a thing that we do not know: it takes over none from the question before.
SURE = 0.9

#: So many alerts are remembered as seen.
SEEN = 20

#: Intents that only make sense about the reply before them.
ABOUT_THE_LAST = frozenset({"repeat", "slower", "more", "detail", "deny"})

#: What a question is about: one that names none of these may mean the thing that the question before it named.
THINGS = frozenset({"commodity", "policy", "relief", "title", "code"})

PLACE_SLOTS = frozenset({"village", "villages", "own_village", "town", "own_town", "county"})


class Parser(Protocol):
    """Understanding, as the assistant sees it: pure, given the day and the names that the data know."""

    def parse(self, text: str, today: date) -> list[Query]:
        """The questions in a text, usually one."""
        ...

    def with_names(self, names: Names) -> Parser:
        """The same parser for other names."""
        ...


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one step of answering may look at and must hand on."""

    ctx: Context
    state: State
    message: Message


class Assistant:
    """Answers messages from the data. Safe to share between threads.

    `names` collects the names that the data know and `version` tells when they have changed, so that an import is
    understood without a restart.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        parser: Parser,
        skills: Mapping[str, Skill],
        places: Places,
        clock: Callable[[], datetime],
        names: Callable[[Session, Places], Names],
        version: Callable[[Session], str],
    ) -> None:
        self._sessions = sessions
        self._parser = parser
        self._skills = skills
        self._places = places
        self._clock = clock
        self._names = names
        self._version = version
        self._known = ""
        self._lock = threading.Lock()

    def answer(self, message: Message) -> Reply:
        """One reply to one message; remembers the conversation under the message's address."""
        now = self._clock()
        sender = f"{message.address.channel}:{message.address.id}"
        with self._sessions() as session:
            parser = self._current_parser(session)
            state = conversation.load(memory.recall(session, sender)).fresh(now)
            proven = self._proven(session, message)
            ctx = Context(session, now, self._places, self._asker(message, proven, state))
            reply, state = self._respond(_Turn(ctx, state, message), parser)
            reply, state = _led_by_alerts(reply, replace(ctx, asker=self._asker(message, proven, state)), state)
            memory.remember(session, sender, conversation.dump(replace(state, touched=now)), now)
            if reply.intent == "denied":
                memory.note_refused(session, sender, message.text, now)
            session.commit()
        return reply

    def prepare(self) -> None:
        """Learn the names that the data know now rather than with the first message."""
        with self._sessions() as session:
            self._current_parser(session)

    def _current_parser(self, session: Session) -> Parser:
        version = self._version(session)
        if version != self._known:
            with self._lock:
                if version != self._known:
                    self._parser = self._parser.with_names(self._names(session, self._places))
                    self._known = version
        return self._parser

    def _proven(self, session: Session, message: Message) -> tuple[str, ...]:
        """The villages that the sender has proven to be a resident of."""
        told = self._place(message.village)
        if message.operator and told:
            return (told,)
        return memory.villages_of(session, message.resident) if message.resident else ()

    def _asker(self, message: Message, proven: tuple[str, ...], state: State) -> Asker:
        """Who asks: villages only as far as proven, a home as far as told."""
        told = self._place(message.village)
        home = told or state.home or (proven[0] if len(proven) == 1 else None)
        return Asker(proven, home, key=f"{message.address.channel}:{message.address.id}", number=message.resident)

    def _place(self, named: str | None) -> str | None:
        if not named:
            return None
        if self._places.get(named):
            return named
        found = self._places.units(named)
        return found[0].code if len(found) == 1 else None

    # --- one turn ------------------------------------------------------------------------------------------------

    def _respond(self, turn: _Turn, parser: Parser) -> tuple[Reply, State]:
        state, text = turn.state, turn.message.text.strip()
        asked = state.touched if state.pending and state.pending.options else None
        if came := announcements.acknowledged(text, turn.ctx, asked, state.touched):
            return came, replace(state, pending=None)
        if state.pending:
            resolved = self._resolve_pending(turn, parser, text)
            if resolved:
                return resolved
            state = replace(state, pending=None)
            turn = replace(turn, state=state)
        queries = parser.parse(text, turn.ctx.today)
        if not queries:
            return self._decline(turn, Query("out_of_scope", text=text))
        replies: list[Reply] = []
        for query in queries:
            reply, state = self._one(replace(turn, state=state), query)
            replies.append(reply)
            if state.pending:
                break
        return _join(replies), state

    def _resolve_pending(self, turn: _Turn, parser: Parser, text: str) -> tuple[Reply, State] | None:
        """The answer to our own question, or None if the message is about something else."""
        pending = turn.state.pending
        assert pending is not None
        state = replace(turn.state, pending=None)
        chosen = _number(text)
        picked: str | None = None
        if chosen is not None and 1 <= chosen <= len(pending.options):
            picked = pending.options[chosen - 1]
        elif chosen is not None and pending.options:
            return Reply(f"请回1到{len(pending.options)}中的一个数字。"), turn.state
        if pending.slot == "reading":
            picked = picked or (text if text in pending.options else None)
            if picked is None:
                return None
            meant = pending.readings[pending.options.index(picked)]
            return self._one(_Turn(turn.ctx, state, turn.message), meant)
        if pending.slot == "text":
            if picked is None:
                return None
            return self._respond(_Turn(turn.ctx, state, replace(turn.message, text=picked)), parser)
        if picked is None:
            picked = self._named_place(text, pending.options, parser, turn.ctx.today)
        if picked is None or pending.query is None:
            return None
        if pending.query.slots.get("own_village"):
            asker = replace(turn.ctx.asker, home=picked)
            home = _Turn(replace(turn.ctx, asker=asker), replace(state, home=picked), turn.message)
            return self._one(home, pending.query)
        slots: dict[str, Any] = {k: v for k, v in pending.query.slots.items() if k not in PLACE_SLOTS}
        query = replace(pending.query, slots=cast(Slots, slots | {"village": picked}))
        return self._one(replace(turn, state=state), query)

    def _named_place(self, text: str, options: tuple[str, ...], parser: Parser, today: date) -> str | None:
        """The village that an answer names: one of the options by its town or name, else any village of ours."""
        hits = []
        for code in options:
            place = self._places.get(code)
            town = self._places.get(place.parent or "") if place else None
            if town and (town.name in text or town.name.removesuffix("镇").removesuffix("街道") in text):
                hits.append(code)
        if len(hits) == 1:
            return hits[0]
        if len(text) > 16:
            return None
        found = self._places.units(text.removeprefix("我是").removeprefix("俺是").removesuffix("的"))
        if options:
            found = [place for place in found if place.code in options]
        if not found:
            village = next((q.slots.get("village") for q in parser.parse(text, today)), None)
            return village if village and (not options or village in options) else None
        return found[0].code if len(found) == 1 else None

    def _one(self, turn: _Turn, query: Query) -> tuple[Reply, State]:
        state = turn.state
        if query.intent in ABOUT_THE_LAST and not query.slots:
            said = state.touched if state.reply else None
            if query.intent == "repeat" and (told := announcements.again(turn.ctx, said)):
                return told, replace(state, reply=told)
            return self._about_the_last(turn, query)
        query = self._complete(query, state)
        if query.intent not in self._skills:
            return self._decline(turn, query)
        skill = self._skills[query.intent]
        if query.confidence < (CERTAIN if skill.keeps or skill.needs else UNSURE):
            return self._ask_which(turn, query)
        if place := query.slots.get("unknown_place"):
            memory.note_unanswered(turn.ctx.session, query.text, "unknown_place", query.intent, turn.ctx.now)
            county = self._places.county.name
            return (
                Reply(f"“{place}”不在我们{county}的村镇名单里，没有它的记录，不能拿别处的数回您。",
                      (f"要是写错了字，请把镇名和村名再写一遍；我这儿只有{county}的资料。",), intent=query.intent),
                state,
            )  # fmt: skip
        query = self._place_from_home(query, skill, turn.ctx.asker)
        asked = self._ask_place(turn, query, skill)
        if asked:
            return asked
        reply = skill.answer(query, turn.ctx)
        if not reply.intent:
            reply = reply.with_intent(query.intent)
        if skill.dataset and reply.facts and reply.intent == query.intent and "period" not in query.slots:
            reply = _told_if_late(reply, freshness.of(turn.ctx.session, skill.dataset, turn.ctx.today))
        if query.intent == "out_of_scope":
            memory.note_unanswered(turn.ctx.session, query.text, "out_of_scope", query.intent, turn.ctx.now)
        pending = Pending("text", tuple(choice.text for choice in reply.choices)) if reply.choices else None
        topic = query if skill.keeps or skill.needs else state.query
        return reply, replace(state, query=topic, reply=replace(reply, choices=(), picture=None), pending=pending)

    def _complete(self, query: Query, state: State) -> Query:
        """A follow-up takes its intent and missing slots from the question before it."""
        before = state.query
        if before is None or before.intent not in self._skills:
            if query.intent == "follow_up" and query.others:  # nothing went before: what else it is
                following = query.others[0]
                return replace(following, confidence=following.confidence / max(1 - query.confidence, 0.05))
            return query
        keeps = self._skills[before.intent].keeps
        known = query.intent in self._skills
        bare = query.intent == "follow_up" or (query.confidence < UNSURE and bool(query.slots))
        if bare:
            return replace(conversation.continue_query(query, before, keeps), intent=before.intent, confidence=1.0)
        if known and self._skills[query.intent].keeps:
            shared = {name for name in self._skills[query.intent].keeps if name in keeps} - query.slots.keys()
            names_a_thing = THINGS & query.slots.keys() or query.confidence < SURE
            carried = shared & PLACE_SLOTS if names_a_thing else shared & (PLACE_SLOTS | THINGS)
            return conversation.continue_query(query, before, tuple(carried))
        return query

    def _place_from_home(self, query: Query, skill: Skill, asker: Asker) -> Query:
        """ "Our village" and a village that is needed but not named mean the sender's own."""
        named = PLACE_SLOTS & query.slots.keys()
        wants_home = query.slots.get("own_village") or (not named and "village" in skill.needs)
        slots: dict[str, Any] = dict(query.slots)
        home = self._places.get(asker.home or "")
        if wants_home and home:
            slots["village"] = home.code
        if query.slots.get("own_town") and home and home.parent:
            slots.setdefault("town", home.parent)
        return replace(query, slots=cast(Slots, slots))

    def _ask_place(self, turn: _Turn, query: Query, skill: Skill) -> tuple[Reply, State] | None:
        """Ask namesakes apart, or for the village that is missing; None if nothing is missing."""
        slots = query.slots
        candidates = slots.get("villages", ())
        if not candidates and len(turn.ctx.asker.villages) > 1 and slots.get("own_village") and "village" not in slots:
            candidates = turn.ctx.asker.villages
        if candidates:
            mine = [code for code in candidates if code == turn.ctx.asker.home or code in turn.ctx.asker.villages]
            if len(mine) == 1:
                return self._one(turn, _at(query, mine[0]))
            places = [place for code in candidates if (place := self._places.get(code))]
            return self._ask_apart(turn, query, places)
        asks_of_places = bool(PLACE_SLOTS & {*skill.needs, *skill.keeps})
        ours = asks_of_places and (slots.get("own_village") or slots.get("own_town"))
        needs_village = "village" in skill.needs or ours
        if needs_village and not ({"village", "town", "county"} & slots.keys()):
            asking = replace(query, slots=cast(Slots, {**slots, "own_village": True}))
            question = f"您问的是哪个村？请回镇名和村名，比如“{self._example_village()}”。"
            reply = Reply(question, intent=query.intent)
            return reply, replace(turn.state, pending=Pending("village", (), asking))
        return None

    def _example_village(self) -> str:
        villages = self._places.villages()
        return self._places.full_name(villages[0].code) if villages else ""

    def _ask_apart(self, turn: _Turn, query: Query, places: list[Place]) -> tuple[Reply, State]:
        names = [self._places.full_name(place.code) for place in places]
        choices = tuple(Choice(name, name) for name in names)
        if len(places) == 1:  # heard, but not for sure
            question = f"您问的是{names[0]}吗？是就回1，不是请把镇名和村名再说一遍。"
        elif len({place.name for place in places}) > 1:
            question = f"您问的是{'还是'.join(names)}？回数字。"
        else:
            towns = "、".join(name.removesuffix(place.name) for name, place in zip(names, places, strict=True))
            question = f"叫“{places[0].name}”的不止一个，{towns}都有，您问哪个？回数字。"
        reply = Reply(question, choices=choices, intent=query.intent)
        pending = Pending("village", tuple(place.code for place in places), query)
        return reply, replace(turn.state, pending=pending)

    def _ask_which(self, turn: _Turn, query: Query) -> tuple[Reply, State]:
        """Unsure: offer the likeliest meanings as numbered choices, or decline where none is likely."""
        read = query.others or tuple(
            replace(query, intent=name, confidence=share) for name, share in query.alternatives
        )
        offered = [
            each
            for each in (query, *read)
            if (skill := self._skills.get(each.intent)) and (skill.keeps or skill.needs) and each.confidence >= OFFERED
        ][:3]
        enough = len(offered) >= 2 if query.confidence < UNSURE else bool(offered)
        if not enough or (query.confidence < UNSURE and not query.slots):
            return self._decline(turn, query)
        labels = tuple(_label(self._skills[each.intent], each, self._places) for each in offered)
        memory.note_unanswered(turn.ctx.session, query.text, "unsure", query.intent, turn.ctx.now)
        question = "没听准，您问的是哪个？回数字。"
        if len(labels) == 1:
            question = f"没听准，您问的是“{labels[0]}”吗？是就回数字，不是请换个说法。"
        reply = Reply(question, choices=tuple(Choice(label, label) for label in labels), intent=query.intent)
        readings = tuple(replace(each, confidence=1.0, others=(), alternatives=()) for each in offered)
        return reply, replace(turn.state, pending=Pending("reading", labels, readings=readings))

    def _decline(self, turn: _Turn, query: Query) -> tuple[Reply, State]:
        memory.note_unanswered(turn.ctx.session, turn.message.text, "not_understood", query.intent, turn.ctx.now)
        return (
            Reply(f"没听明白，请换个说法。比如：{EXAMPLES[0]}；{EXAMPLES[1]}。", intent="out_of_scope"),
            turn.state,
        )

    def _about_the_last(self, turn: _Turn, query: Query) -> tuple[Reply, State]:
        state, last = turn.state, turn.state.reply
        if last is None:
            return Reply(f"您还没问呢。比如：{EXAMPLES[0]}；{EXAMPLES[1]}。", intent=query.intent), state
        if query.intent in {"repeat", "slower"}:
            return replace(last, details=(), intent=query.intent), state
        if query.intent == "deny":
            memory.note_unanswered(turn.ctx.session, turn.message.text, "denied", query.intent, turn.ctx.now)
            reply = Reply("对不起，没答对。请说全一点：什么东西、哪个村、哪个月。", intent=query.intent)
            return reply, replace(state, query=None, reply=None)
        if not last.details:
            return Reply("就这些了，没有更多记录。", intent=query.intent), state
        reply = replace(last, headline=last.details[0], details=last.details[1:], intent=query.intent)
        return reply, replace(state, reply=replace(last, details=()))


def _led_by_alerts(reply: Reply, ctx: Context, state: State) -> tuple[Reply, State]:
    """An alert in force for the sender's village leads the next answer, once."""
    if ctx.asker.home is None or reply.intent == "acknowledged":
        return reply, state
    found = [
        alert for alert in alerts.active(ctx.session, ctx.asker.home, ctx.now) if alert.identifier not in state.seen
    ]
    if not found:
        return reply, state
    state = replace(state, seen=(*state.seen, *(alert.identifier for alert in found))[-SEEN:])
    if reply.intent == "alert":
        return reply, state
    words, facts = told_first(found, ctx)
    return replace(reply, headline=f"{words}{reply.headline}", facts=(*reply.facts, *facts)), state


def _told_if_late(reply: Reply, age: Freshness) -> Reply:
    """An answer about now from data that should have been renewed says so."""
    if not age.late or age.as_of is None:
        return reply
    newest = full_day(age.as_of)
    fact = Fact("最新数据日期", newest, "", DATASETS[age.dataset].label, "", age.as_of, age.department)
    headline = f"{reply.headline}（{age.department}的数据晚了，最新到{newest}）"
    return replace(reply, headline=headline, facts=(*reply.facts, fact))


def _at(query: Query, village: str) -> Query:
    slots = {k: v for k, v in query.slots.items() if k not in {"villages", "own_village"}} | {"village": village}
    return replace(query, slots=cast(Slots, slots))


def _number(text: str) -> int | None:
    """The number of a numbered choice: 2, ２, 二, 第二个."""
    text = text.strip(" 　。.!！第个号选").translate(
        str.maketrans("１２３４５６７８９一二三四五六七八九", "123456789" * 2)
    )
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else None


def _label(skill: Skill, query: Query, places: Places) -> str:
    """A choice as a question of its own, so that choosing it can be asked again."""
    village = query.slots.get("village")
    place = places.full_name(village) if village else ""
    thing = query.slots.get("commodity") or query.slots.get("policy") or query.slots.get("relief") or ""
    return f"{place}{thing}{skill.label}"


def _join(replies: list[Reply]) -> Reply:
    """Two answers to two questions in one message, as one reply."""
    if len(replies) == 1:
        return replies[0]
    return Reply(
        " ".join(reply.headline for reply in replies),
        tuple(line for reply in replies for line in reply.details),
        tuple(fact for reply in replies for fact in reply.facts),
        replies[-1].choices,
        intent=replies[0].intent,
    )
