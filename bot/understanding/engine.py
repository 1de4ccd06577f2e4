"""Text -> [Query]: normalise, find names, words, dates and numbers, tell the intent. Pure: no I/O, no clock."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, cast

from bot.understanding import dates, syllables
from bot.understanding.features import Masks, features, masked, strange
from bot.understanding.matcher import Matcher, Mention, choose
from bot.understanding.model import Model
from bot.understanding.normalise import chinese_number, normalise, tidy
from bot.understanding.places import PlaceReader
from bot.understanding.query import Names, Query, Slots
from bot.understanding.spelling import Speller
from bot.understanding.syllables import Token

Words = Mapping[str, Any]
Ranked = list[tuple[str, float]]

#: Slots that are only said, never named: their words are looked for as written and leave the text as it is.
SPOKEN = frozenset({"extreme", "direction", "aspect", "side", "indicator", "level"})
FLAGS = frozenset({"own_village", "own_town", "county"})
OWN = FLAGS | {"own_home"}
PLACES = frozenset({"village", "villages", "town", "unknown_place", *FLAGS})

_PATTERNS = (
    ("title", re.compile(r"[“\"「『《‘'](?P<v>[^”\"」』》’'“《]{2,40})[”\"」』》’']")),
    (
        "voucher",
        re.compile(
            r"(?P<v>[记收付转现银]\d{4,8}-\d{4,12}-\d{1,4}|(?<![\d-])\d{4,8}-\d{4,12}-\d{1,4}(?![\d-])"
            r"|(?<=凭证)(?:号(?:码|是)?)?[记收付转现银]?字?第?\d[\d-]{2,30}|[记收付转现银]字?第?\d+(?:-\d+)*号?(?=(?:的|这个|那个)?凭证))"
        ),
    ),
    ("plot", re.compile(r"(?<![A-Za-z\d])(?P<v>\d{6}-?[A-Za-z]\d{1,3}|[A-Za-z]{1,3}\d{1,4}(?=号?地))(?!\d)")),
    ("code", re.compile(r"(?<![A-Za-z\d])(?P<v>[A-Za-z]{1,4}-?\d{3,12})(?!\d)")),
)
_AMOUNT = re.compile(
    r"(?<![\d.几好数])(?P<v>(?:\d+(?:\.\d+)?|[一二两三四五六七八九十百千]+)(?:万|千|百)?(?P<u>公斤|斤|亩|头|只|吨|块钱|元|箱|车|袋|棵|株|岁|平米|平方米|公里|万元))|(?P<half>半亩|半吨|百岁)"
)
_VAGUE = re.compile(r"^一(?=[斤亩头只吨箱车袋棵株]|公斤)")
_SPLIT = re.compile(
    r"[？?！!。；;\n]+|[，,]还有(?![吗没别啥什其])|[，,、\s]*(?:还有一?(?:个事儿?|件事|点)[，,：:]?|另外|再问(?:一下|下|个|问)?|顺便(?:再)?(?:问(?:一下|下|问)?)?|还想(?:再)?问(?:一下|下|问)?|再帮我?(?:查|看)(?:一下|下)?|再一个)[，,：:]?"
)
_CLAUSE = re.compile(r"[，,]")

#: How sure each of two questions must be, among how many likeliest intents of the whole text, and how long a part is a
#: question by itself.
_SURE_APART, _SURE_BY_COMMA, _LIKELY, _A_QUESTION = 0.5, 0.75, 4, 4

_SURE_TOGETHER = 0.98

#: Below this confidence whoever is asked may want to ask back: the other readings are handed on.
_UNSURE = 0.9

#: What asks; a message with two of them may be two questions.
_QUESTION_WORD = re.compile(
    r"多少(?:钱|[户亩个块人头只斤吨元盏度])?|多些钱|多钱|几[点号户家个盏亩头只口条笔天月块]|[啥谁咋]|怎么|什么|哪|何时|多咱|吗|了没|没有(?!的)|(?P<a>[一-鿿])[不没](?P=a)|不(?=$|[，。？！])"
)
_AND = re.compile("^(?:还有一?个?|另外|再就是|以及|跟)")

#: Characters beside a name that make no question of it.
_EMPTY = frozenset("的了呢啊呀吧嘛在是里那这个和跟与")

#: From this length on, with so many clauses, a message tells a story; its question is the last clause.
_STORY = {3: 24, 2: 32}


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found in a text: its tokens, the slots, the spans that are masked, the names' values, its words; the
    hanzi that nothing has read (`rest`), and where a cut would part a word or a name (`joints`).
    """

    text: str
    tokens: list[Token]
    slots: dict[str, Any]
    spans: list[tuple[int, int, str]] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    rest: str = ""
    joints: frozenset[int] = frozenset()

    def apart(self, at: int) -> bool:
        """Whether the text may be cut there: not inside a word or a name."""
        return at not in self.joints

    def features(self, known: Container[str]) -> Iterable[str]:
        """The features by which the intent is told; `known` are the words that the training data have."""
        yield from features(masked(self.tokens, self.spans), self.words, self.values)
        yield strange(self.words, known)


class Understanding:
    """The embedded engine. Safe to share between threads; `with_names` gives one for other names."""

    def __init__(self, model: Model, words: Words, names: Names) -> None:
        self.model = model
        self.words = words if model.ours else {}
        self._masks = Masks(model.slots)
        self._known = frozenset(name[1:] for name in model.vocabulary if name[0] == "w")
        said = {
            s: {v: tuple(forms) for v, forms in values.items()} for s, values in self.words.get("names", {}).items()
        }
        self._eye = Matcher({s: v for s, v in said.items() if s in SPOKEN}, by_ear=False)
        elsewhere = {place: (place,) for place in self.words.get("elsewhere", ())}
        named = _merged(
            model.names, {s: v for s, v in said.items() if s not in SPOKEN} | {"elsewhere": elsewhere}, names
        )
        self._ear = Matcher(named, lookalikes=self.words.get("lookalikes", ()))
        self._spelling = Speller(
            model.spelling, (*self.words.get("when", ()), *self.words.get("terms", ()), *_phrases(said))
        )
        self._only_for = {slot: frozenset(intents) for slot, intents in self.words.get("only_for", {}).items()}
        self._places = PlaceReader(self.words, names, model.lexicon)
        self._remembered = lru_cache(maxsize=1024)(self._read)

    def with_names(self, names: Names) -> Understanding:
        """The same model for other names."""
        return Understanding(self.model, self.words, names)

    def parse(self, text: str, today: date) -> list[Query]:
        """The questions of a message, usually one; [] where there is nothing to read."""
        plain = self.plain(text)
        if not re.search(r"[^\W_]", plain):
            return []
        whole = self._query(plain, today)
        if not self.model.ours or "title" in whole.slots:
            return [whole]
        return self._several(whole.text, today) or [whole]

    def plain(self, text: str) -> str:
        """The form of a text that is read."""
        return normalise(text) if self.model.ours else tidy(text)

    def analyse(self, text: str, today: date) -> Analysis:
        """Names, words, dates and numbers of a normalised text."""
        return self._analyse(text, today)

    # --- intent ----------------------------------------------------------------------------------------------------

    def _read(self, text: str, today: date) -> tuple[Analysis, Ranked]:
        """What is in a text, and its intents with their confidence, best first."""
        found = self._analyse(text, today)
        return found, self.model.probabilities(found.features(self._known))

    def _query(self, text: str, today: date, intent: str | None = None) -> Query:
        """The text as one question; of `intent`, if that is known."""
        found, ranked = self._remembered(text, today)
        if self.model.ours and (question := _question_of(found.text)):
            ranked = _both(ranked, self._remembered(question, today)[1])
        if intent:
            ranked = sorted(ranked, key=lambda item: item[0] != intent)
        first, *others = [self._as(found, *each) for each in ranked[:4]]
        unsure = first.confidence < _UNSURE or first.intent == "follow_up"
        return replace(first, alternatives=tuple(ranked[1:4]), others=tuple(others) if unsure else ())

    def _as(self, found: Analysis, intent: str, confidence: float) -> Query:
        """What was found, as a question of an intent with the slots that it may have."""
        slots = {slot: value for slot, value in found.slots.items() if self._belongs(slot, intent)}
        if slots.pop("own_home", False) and not PLACES & slots.keys():
            slots["own_village"] = True
        return Query(intent, cast(Slots, slots), confidence, found.text)

    def _belongs(self, slot: str, intent: str) -> bool:
        allowed = self._only_for.get(slot)
        return allowed is None or intent in allowed

    def _several(self, text: str, today: date) -> list[Query]:
        """Two questions, if the parts of the text are two sure ones about different things; else [].

        A comma parts questions only where the whole text sounds like either of them.
        """
        ranked = self._remembered(text, today)[1][:_LIKELY]
        whole = {intent for intent, _ in ranked}
        by_comma = () if _question_of(text) else ((_CLAUSE, _SURE_BY_COMMA),)
        for pattern, sure in ((_SPLIT, _SURE_APART), *by_comma):
            parts = self._parts(pattern.split(text), today)
            if not 2 <= len(parts) <= 4:
                continue
            queries: list[Query] = []
            details = 0
            for part in parts:
                query = self._query(part, today)
                if query.intent in self.words.get("no_question", ()):
                    continue
                if query.intent == "follow_up" and part == parts[0]:  # 同样是韭菜，哪个市场贵: what it is about
                    return []
                if query.intent == "follow_up" and queries:
                    query = replace(query, intent=queries[-1].intent, slots=_completed(query.slots, queries[-1].slots))
                full = len(part) >= _A_QUESTION
                likely = full if pattern is _SPLIT else query.intent in whole
                likely = likely or (query.intent in whole and bool(query.slots.keys() - SPOKEN))
                details += not full and not likely
                if query.confidence >= sure and likely and not (queries and _continues(queries[-1], query)):
                    queries.append(query)
            if len(queries) >= 2 and len({_topic(query) for query in queries}) >= 2:
                return _two(queries[0], queries[1])
            leads = len(queries) == 1 and details == len(parts) - 1 and queries[0].text == parts[0]
            if leads and queries[0].confidence >= ranked[0][1]:
                asked = self._query(text, today, queries[0].intent)  # 谁收板栗？什么价？ asks of the offer
                return [replace(asked, confidence=queries[0].confidence)]
        return self._run_together(text, today)

    def _parts(self, pieces: Iterable[str], today: date) -> list[str]:
        """The pieces of a text that may be questions; one that only names things belongs to the next."""
        parts: list[str] = []
        topic = ""
        for piece in pieces:
            if not piece or len(re.sub(r"\W", "", piece)) + len(topic) < 2:
                continue
            if self._remembered(piece, today)[0].rest:
                parts.append(topic + piece)
                topic = ""
            else:
                topic += piece
        return [*parts, topic] if topic else parts

    def _run_together(self, text: str, today: date) -> list[Query]:
        """Two questions that nothing parts: 村医是谁末班车几点. Each has its own question word and is very sure."""
        asking = list(_QUESTION_WORD.finditer(text))
        if len(asking) < 2 or len(text) < 2 * _A_QUESTION or _question_of(text):
            return []
        found, ranked = self._remembered(text, today)
        likely = {intent for intent, _ in ranked[:_LIKELY]} - {*self.words.get("no_question", ()), "follow_up"}
        best: tuple[float, list[Query]] = (0.0, [])
        for cut in range(asking[0].end(), asking[-1].start() + 1):
            first, second = text[:cut], _AND.sub("", text[cut:])
            if min(len(first), len(second)) < _A_QUESTION or not found.apart(cut):
                continue
            if not all(_QUESTION_WORD.search(self._remembered(part, today)[0].rest) for part in (first, second)):
                continue
            pair = [self._query(first, today), self._query(second, today)]
            if pair[0].intent == pair[1].intent or not {query.intent for query in pair} <= likely:
                continue
            sure = min(query.confidence for query in pair)
            if sure >= _SURE_TOGETHER and sure > best[0] + 0.01:
                best = sure, pair
        return _two(*best[1]) if best[1] else []

    # --- slots -----------------------------------------------------------------------------------------------------

    def _analyse(self, text: str, today: date) -> Analysis:
        tokens = syllables.tokens(text)
        word_spans = self.model.lexicon.spans(text)
        mentions = self._ear.find(text, tokens, word_spans)
        if self.model.ours:
            mentions = self._plausible(mentions, text, word_spans)
            respelt = self._spelling.respelt(text, tokens, word_spans, choose(mentions))
            if respelt != text:
                text = respelt
                tokens, word_spans = syllables.tokens(text), self.model.lexicon.spans(text)
                mentions = self._plausible(self._ear.find(text, tokens, word_spans), text, word_spans)
        found = _Found(text, tokens, self._masks)
        if self.model.ours:
            self._read_ours(found, mentions, word_spans, today)
        else:
            for mention in choose(mention for mention in mentions if not mention.cost):
                found.take(mention)
                found.slots.setdefault(mention.slot, mention.values[0])
        words = [text[start:end] for start, end in word_spans if found.free(start, end)]
        return Analysis(
            *(found.as_written(), tokens, found.slots, found.spans, found.values, words),
            rest="".join(c for at, c in enumerate(text) if _is_hanzi(c) and c not in _EMPTY and found.free(at, at + 1)),
            joints=frozenset(at for start, end in (*word_spans, *found.taken) for at in range(start + 1, end)),
        )

    def _plausible(self, mentions: Iterable[Mention], text: str, words: Sequence[tuple[int, int]]) -> list[Mention]:
        return [
            mention
            for mention in mentions
            if _readable(mention, text) and not _torn(mention, words) and self._places.plausible(mention, text)
        ]

    def _read_ours(
        self, found: _Found, mentions: list[Mention], word_spans: list[tuple[int, int]], today: date
    ) -> None:
        text, slots = found.text, found.slots
        places = self._places
        story_ends = len(text) - len(_question_of(text) or text)
        chosen = choose(mentions)
        by_span: dict[tuple[int, int], list[Mention]] = {}
        for mention in mentions:
            by_span.setdefault((mention.start, mention.end), []).append(mention)
        for slot, pattern in _PATTERNS:
            for match in pattern.finditer(text):
                start, end = match.span("v")
                if slot in slots or not found.free(start, end):
                    continue
                if slot == "title" and any(m.start == start and m.end == end for m in chosen):
                    continue
                said = match["v"]
                slots[slot] = (
                    said.upper()
                    if slot in {"code", "plot"}
                    else said.removeprefix("号").removeprefix("码").removeprefix("是")
                )
                found.cover(slot, start, end)
                if slot == "code":  # its letters tell what is numbered: ZC an asset, GQ an offer
                    found.values.append(re.sub(r"[^A-Z]", "", slots[slot]))
        outside = [m for m in chosen if found.free(m.start, m.end) and m.slot != "elsewhere"]
        inside = [m for m in chosen if not found.free(m.start, m.end)]
        if "title" in slots:
            for mention in sorted(inside, key=lambda found: -found.start):
                if mention.cost and mention.sure and mention.said in slots["title"]:
                    slots["title"] = slots["title"].replace(mention.said, mention.surface)
        for period in dates.find(_own_apart(text, outside), today):
            if any(
                period.start < m.end and m.start < period.end and m.length > period.end - period.start for m in outside
            ):
                continue
            if found.free(period.start, period.end):
                if period.start >= story_ends:
                    slots.setdefault("baseline" if period.baseline else "period", period.period)
                slot = "baseline" if period.baseline else "period"
                found.cover(slot, period.start, period.end)
        outside = [m for m in outside if found.free(m.start, m.end)]
        goods: list[str] = []
        in_question = any(m.slot == "commodity" and m.start >= story_ends for m in outside)
        for mention in outside:
            for twin in by_span[mention.start, mention.end]:  # 低保 is a policy and a relief: the intent tells which
                if twin.slot == "commodity" and in_question and twin.start < story_ends:
                    continue
                if twin.slot == "commodity":
                    goods += [value for value in twin.values[:1] if value not in goods]
                elif twin.slot in OWN:
                    if twin.start >= story_ends:
                        slots.setdefault(twin.slot, True)
                elif twin.slot not in PLACES and twin.slot != "elsewhere":
                    slots.setdefault(twin.slot, twin.values[0])
            found.take(mention)
        if goods:
            slots["commodity"] = goods[0]
            if len(goods) > 1:
                slots["commodities"] = tuple(goods)
        for match in _AMOUNT.finditer(text):
            said = match[0]
            if found.free(match.start(), match.end()) and not _VAGUE.match(said):
                slots.setdefault("amount", _digits(said))
                found.cover("amount", match.start(), match.end())
        elsewhere = [mention for mention in chosen if mention.slot == "elsewhere"]
        asked = [mention for mention in outside if mention.slot not in FLAGS or mention.start >= story_ends]
        for slot, value in places.read(asked, inside, elsewhere, text, word_spans, found.free, found.cover).items():
            slots[slot] = value
        for slot, value in self._spoken(found).items():
            slots.setdefault(slot, value)

    def _spoken(self, found: _Found) -> dict[str, str]:
        longest: dict[str, Mention] = {}
        for mention in self._eye.find(found.text, found.tokens):
            known = longest.get(mention.slot)
            if known is None or mention.length > known.length:
                longest[mention.slot] = mention
        return {slot: mention.values[0] for slot, mention in longest.items()}


class _Found:
    """What has been read of a text so far."""

    def __init__(self, text: str, tokens: list[Token], masks: Masks) -> None:
        self.text = text
        self.tokens = tokens
        self.slots: dict[str, Any] = {}
        self.spans: list[tuple[int, int, str]] = []
        self.values: list[str] = []
        self._masks = masks
        self.taken: list[tuple[int, int]] = []
        self._misspelt: list[Mention] = []

    def free(self, start: int, end: int) -> bool:
        """Whether nothing has been read there."""
        return not any(start < taken_end and taken_start < end for taken_start, taken_end in self.taken)

    def cover(self, slot: str, start: int, end: int) -> None:
        """Mark a stretch as read and mask it for the intent."""
        self.taken.append((start, end))
        if mask := self._masks.of(slot):
            self.spans.append((start, end, mask))

    def as_written(self) -> str:
        """The text with each name that was surely heard as it is written, since skills search by the text's words."""
        text = self.text
        for mention in sorted(self._misspelt, key=lambda found: -found.start):
            text = text[: mention.start] + mention.surface + text[mention.end :]
        return text

    def take(self, mention: Mention) -> None:
        """Mark a name as read."""
        self.cover(mention.slot, mention.start, mention.end)
        if mention.cost and mention.sure:
            self._misspelt.append(mention)
        if mention.slot not in PLACES and self._masks.of(mention.slot):
            self.values.append(mention.values[0])


def _phrases(said: Names) -> Iterator[str]:
    """The longer ways in which spoken slots are said: short ones sound like too much else."""
    for slot in SPOKEN & said.keys():
        for forms in said[slot].values():
            yield from (form for form in forms if len(form) >= 3)


def _merged(trained: Names, said: Names, known: Names) -> dict[str, dict[str, tuple[str, ...]]]:
    """The names to look for: what the data know, with the other forms of them in our words and the training data;
    where the data know nothing of a slot, the training data's own. A value's own name never stands for another value.
    """
    merged: dict[str, dict[str, tuple[str, ...]]] = {}
    for slot in {*trained, *said, *known}:
        values: dict[str, tuple[str, ...]] = {}
        for source in (said.get(slot, {}), known.get(slot, {})):
            for value, forms in source.items():
                values[value] = tuple(dict.fromkeys((*values.get(value, ()), *forms)))
        open_to_training = not known.get(slot)
        for value, forms in trained.get(slot, {}).items():
            if open_to_training or value in values:
                values[value] = tuple(dict.fromkeys((*values.get(value, ()), *forms)))
        merged[slot] = {
            value: tuple(form for form in forms if form == value or form not in known.get(slot, {}))
            for value, forms in values.items()
        }
    return merged


def _question_of(text: str) -> str | None:
    """The last clause of a story, where its question stands; None for a text that is no story."""
    if len(text) < min(_STORY.values()):
        return None
    clauses = [clause for clause in _CLAUSE.split(text) if clause]
    if len(clauses) < 2 or len(text) < _STORY[min(len(clauses), 3)]:
        return None
    question = clauses[-1]
    for clause in reversed(clauses[:-1]):
        if len(question) >= 8 and not _QUESTION_WORD.search(clause):
            break
        question = f"{clause}，{question}"
    return question if text.endswith(question) else None


def _both(whole: Ranked, part: Ranked) -> Ranked:
    """A story's ranking and its question's as one; the question counts more."""
    shares = dict(whole)
    for intent, share in part:
        shares[intent] = (shares.get(intent, 0.0) + 2 * share) / 3
    return sorted(shares.items(), key=lambda item: -item[1])


#: What hearing may cost a long name that is not a village's, and a place elsewhere.
_LONG_NAME = 1.2
_BY_EAR_ELSEWHERE = 0.6

#: A place elsewhere of two characters is heard only where the sounds are the same.
_SAME_SOUND = 0.2


def _torn(mention: Mention, words: Sequence[tuple[int, int]]) -> bool:
    """Whether the short name of a policy, account or list is the end of one word and the beginning of another: 占地补偿."""
    if mention.length > 2 or mention.slot not in {"policy", "subject", "relief"}:
        return False
    return all(any(start < at < end for start, end in words) for at in (mention.start, mention.end))


def _readable(mention: Mention, text: str) -> bool:
    """A name of one character is read only where nothing else can be meant: alone, or before its price."""
    if mention.length > 1:
        if mention.slot == "elsewhere":
            return mention.cost <= _BY_EAR_ELSEWHERE and (
                len(mention.surface) >= 3 or mention.typed or mention.cost <= _SAME_SOUND
            )
        if mention.slot in OWN:
            return mention.cost <= _BY_EAR_ELSEWHERE
        return mention.sure or mention.slot == "village" or (len(mention.surface) >= 4 and mention.cost <= _LONG_NAME)
    alone = not any(_is_hanzi(text[i]) for i in (mention.start - 1, mention.end) if 0 <= i < len(text))
    priced = mention.slot == "commodity" and bool(_PRICED.match(text, mention.end))
    return alone or priced


_PRICED = re.compile(
    r"(?:现在|今天|今儿|最近|昨天)?(?:多少|多些|啥价|什么价|几块|几毛|咋卖|怎么卖|卖|贵|便宜|的?价|涨|跌|行情)"
)


def _own_apart(text: str, names: Iterable[Mention]) -> str:
    """The text with the last character of 庄上 taken out before 上月: 庄上上月 is last month, not the one before."""
    for name in names:
        if name.slot in OWN and text[name.end - 1 : name.end + 1] == "上上":
            text = f"{text[: name.end - 1]} {text[name.end :]}"
    return text


def _is_hanzi(character: str) -> bool:
    return "一" <= character <= "鿿"


def _digits(said: str) -> str:
    found = re.match(r"([一二两三四五六七八九十百千万]+)(.*)", said)
    number = chinese_number(found[1]) if found else None
    return f"{number}{found[2]}" if found and number is not None else said


def _topic(query: Query) -> tuple[Any, ...]:
    names = ("commodity", "village", "policy", "relief", "office", "indicator", "subject", "period", "aspect")
    return (query.intent, *(query.slots.get(name) for name in names))


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
