"""How many questions a message holds. Pure: readings are handed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from dataclasses import replace
from itertools import islice
from typing import Any, cast

from bot.understanding.found import PLACES, SPOKEN, Analysis, Ranked
from bot.understanding.query import Query, Slots
from bot.understanding.story import CLAUSE, QUESTION_WORD, question_of

#: A text as one question, of an intent if that is known; and what is in a text with its intents, best first.
Reading = Callable[[str, str | None], Query]
Read = Callable[[str], tuple[Analysis, Ranked]]

_SPLIT = re.compile(
    r"[？?！!。；;\n]+|[，,]还有(?![吗没别啥什其])|[，,、\s]*(?:还有一?(?:个事儿?|件事|点)[，,：:]?|另外|再问(?:一下|下|个|问)?|顺便(?:再)?(?:问(?:一下|下|问)?)?|还想(?:再)?问(?:一下|下|问)?|再帮我?(?:查|看)(?:一下|下)?|再一个)[，,：:]?"
)

#: How sure each of two questions must be, among how many likeliest intents of the whole text, and how long a part is a
#: question by itself.
_SURE_APART, _SURE_BY_COMMA, _LIKELY, _A_QUESTION = 0.5, 0.75, 4, 4

#: How sure each of two must be that nothing parts, and how long a text may be to be searched for them.
_SURE_TOGETHER, _TOGETHER = 0.98, 40

_AND = re.compile("(?:还有一?个?(?![没吗别啥什其多])|另外|再就是|以及|跟)")


def several(text: str, query_of: Reading, read: Read, no_question: Container[str]) -> list[Query]:
    """Two questions, if the parts of the text are two sure ones about different things; else [].

    A comma parts questions only where the whole text sounds like either of them.
    """
    ranked = read(text)[1]
    whole = set(islice(ranked, _LIKELY))
    by_comma = () if question_of(text) else ((CLAUSE, _SURE_BY_COMMA),)
    for pattern, sure in ((_SPLIT, _SURE_APART), *by_comma):
        pieces = pattern.split(text)
        if len(pieces) < 2 or not 2 <= len(parts := _parts(pieces, read)) <= 4:
            continue
        queries: list[Query] = []
        details = 0
        for part in parts:
            query = query_of(part, None)
            if query.intent in no_question:
                continue
            if (
                query.intent == "follow_up" and pattern is CLAUSE and part == parts[0]
            ):  # 同样是韭菜，哪个市场贵: what it is about
                return []
            if query.intent == "follow_up" and queries:
                query = replace(query, intent=queries[-1].intent, slots=_completed(query.slots, queries[-1].slots))
            full = len(part) >= _A_QUESTION
            likely = full and (pattern is _SPLIT or query.intent in whole)
            likely = likely or (query.intent in whole and bool(query.slots.keys() - SPOKEN))
            details += not full and not likely
            if query.confidence >= sure and likely and not (queries and _continues(queries[-1], query)):
                queries.append(query)
        if len(queries) >= 2 and len({_topic(query) for query in queries}) >= 2:
            return _two(queries[0], queries[1])
        leads = len(queries) == 1 and details == len(parts) - 1 and queries[0].text == parts[0]
        if leads and queries[0].confidence >= max(ranked.values()):
            asked = query_of(text, queries[0].intent)  # 谁收板栗？什么价？ asks of the offer
            return [replace(asked, confidence=queries[0].confidence)]
    return _run_together(text, query_of, read, no_question)


def _parts(pieces: Iterable[str], read: Read) -> list[str]:
    """The pieces of a text that may be questions; one that only names things belongs to the next."""
    parts: list[str] = []
    topic = ""
    for piece in pieces:
        if not piece or len(re.sub(r"\W", "", piece)) + len(topic) < 2:
            continue
        if read(piece)[0].rest:
            parts.append(topic + piece)
            topic = ""
        else:
            topic += piece
    return [*parts, topic] if topic else parts


def _run_together(text: str, query_of: Reading, read: Read, no_question: Container[str]) -> list[Query]:
    """Two questions that nothing parts: 村医是谁末班车几点. Each has its own question word and is very sure."""
    asking = list(QUESTION_WORD.finditer(text))
    if len(asking) < 2 or not 2 * _A_QUESTION <= len(text) <= _TOGETHER or question_of(text):
        return []
    found, ranked = read(text)
    likely = {intent for intent in islice(ranked, _LIKELY) if intent not in no_question} - {"follow_up"}
    best: tuple[float, list[Query]] = (0.0, [])
    for cut in range(asking[0].end(), asking[-1].start() + 1):
        joined = _AND.match(text, cut)
        first, second = text[:cut], text[joined.end() if joined else cut :]
        if min(len(first), len(second)) < _A_QUESTION or not found.apart(cut):
            continue
        if not all(QUESTION_WORD.search(read(part)[0].rest) for part in (first, second)):
            continue
        pair = [query_of(first, None), query_of(second, None)]
        same = pair[0].intent == pair[1].intent and not _two_things(*pair)
        if same or not (joined or {query.intent for query in pair} <= likely):
            continue
        sure = min(query.confidence for query in pair)
        if sure >= _SURE_TOGETHER and sure > best[0] + 0.01:
            best = sure, pair
    return _two(*best[1]) if best[1] else []


def both(whole: Ranked, part: Ranked) -> Ranked:
    """A story's ranking and its question's as one; the question counts more."""
    shares = {intent: (whole[intent] + 2 * share) / 3 for intent, share in part.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _topic(query: Query) -> tuple[Any, ...]:
    names = ("commodity", "village", "policy", "relief", "office", "indicator", "subject", "period", "aspect")
    return (query.intent, *(query.slots.get(name) for name in names))


def _two_things(first: Query, second: Query) -> bool:
    """Whether two questions of one kind are about two policies: 高龄津贴多少钱危房改造怎么申请."""
    named = [query.slots.get("policy") for query in (first, second)]
    return all(named) and named[0] != named[1]


def _continues(before: Query, query: Query) -> bool:
    """A clause that asks more of the same: no names of its own."""
    new = {slot for slot in query.slots if slot not in SPOKEN and query.slots.get(slot) != before.slots.get(slot)}
    return query.intent == before.intent and not new


def _two(first: Query, second: Query) -> list[Query]:
    """Two questions of one message: the second is asked of the first one's place, and of accounts in its time."""
    carried = {slot: value for slot, value in first.slots.items() if slot in PLACES}
    if PLACES & second.slots.keys():
        carried = {}
    return [first, replace(second, slots=cast(Slots, {**carried, **second.slots}))]


def _completed(own: Slots, before: Slots) -> Slots:
    kept: dict[str, Any] = dict(before)
    if "commodity" in own:
        kept.pop("commodities", None)
    if PLACES & own.keys():
        kept = {slot: value for slot, value in kept.items() if slot not in PLACES}
    return cast(Slots, {**kept, **own})
