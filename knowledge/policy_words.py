"""How a villager's question and a document's section are brought to the same terms. Pure: text in, terms out.

A term is a pair of characters ("低保" of 低保咋办), a single character, or a thing named in data/policy_words.yml, which
both 欠工钱 and 拖欠工资 stand for. Pairs of characters need no dictionary, know every new word, and load in no time.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

DATA = Path(__file__).parent / "data" / "policy_words.yml"
LAWS = Path(__file__).parent / "data" / "law_words.yml"

Aspect = Literal["who", "amount", "how", "documents", "where", "deadline"]
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)

_RUN = re.compile(r"[㐀-鿿]+|[a-z]+|\d+(?:\.\d+)?")
_SPACE = re.compile(r"(?<=[㐀-鿿\d])[ 　]+(?=[㐀-鿿\d])")
_AGE = re.compile(r"([零一二两三四五六七八九十百]+)(?=多?周?岁)")
_LEVEL = re.compile(r"([a-z])[ ]?(?=级)")
_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2}

#: Weight of a term in a question: a named thing says more than two characters, one character little.
THING, PAIR, INSIDE, WEAK, SINGLE = 1.6, 1.0, 0.5, 0.3, 0.2
HARDLY = 0.1


@dataclass(frozen=True, slots=True)
class Words:
    """The lexicon of data/policy_words.yml, ready for use."""

    things: Mapping[str, tuple[tuple[str, str], ...]]  # first two characters -> (surface, thing)
    thing_patterns: tuple[tuple[re.Pattern[str], str], ...]
    fillers: re.Pattern[str]
    filler_characters: frozenset[str]
    generic: frozenset[str]
    asked: Mapping[str, re.Pattern[str]]
    headed: Mapping[str, tuple[str, ...]]
    reads: Mapping[str, re.Pattern[str]]
    kinds_asked: Mapping[str, re.Pattern[str]]
    kinds_read: Mapping[str, re.Pattern[str]]
    flags: Mapping[str, re.Pattern[str]]
    giving: tuple[re.Pattern[str], ...]
    matters: frozenset[str]


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the index sees it. `aspects` are what it asks for, the likeliest first; `kinds` the sorts of value
    it waits for (money, days, date …); `units` are its things and pairs with their weights, each to be found or missed;
    `content` those of them that are not part of the asking itself; `giving` the words for money given that it uses."""

    text: str
    terms: Mapping[str, float]
    units: tuple[tuple[str, float], ...]
    content: frozenset[str]
    aspects: tuple[Aspect, ...]
    kinds: frozenset[str]
    giving: tuple[re.Pattern[str], ...]
    money: bool
    allowed: bool
    penalty: bool


@cache
def words() -> Words:
    """The lexicon, read once."""
    stored: dict[str, Any] = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    things: dict[str, list[tuple[str, str]]] = {}
    patterns: list[tuple[re.Pattern[str], str]] = []
    for thing, surfaces in stored["concepts"].items():
        for surface in surfaces:
            if _is_pattern(surface):
                patterns.append((re.compile(surface[1:-1]), thing))
            elif len(surface) > 1:
                things.setdefault(surface[:2], []).append((surface, thing))
    fillers = sorted(stored["fillers"], key=len, reverse=True)
    aspects = stored["aspects"]
    return Words(
        things={start: tuple(found) for start, found in things.items()},
        thing_patterns=tuple(patterns),
        fillers=re.compile("|".join(re.escape(word) for word in fillers if len(word) > 1)),
        filler_characters=frozenset(word for word in fillers if len(word) == 1),
        generic=frozenset(stored["generic"]),
        asked={name: _any(aspects[name]["asked"]) for name in ASPECTS},
        headed={name: tuple(aspects[name]["heading"]) for name in ASPECTS},
        reads={name: _any(aspects[name]["reads"]) for name in ASPECTS},
        kinds_asked={name: _any(kind["asked"]) for name, kind in stored["kinds"].items()},
        kinds_read={name: _any(kind["reads"]) for name, kind in stored["kinds"].items()},
        flags={
            name: _any(stored[name])
            for name in ("money", "excludes", "allowed", "allowed_reads", "penalty", "penalty_reads")
        },
        giving=tuple(_any([pattern]) for pattern in stored["giving"]),
        matters=frozenset(f"={thing}" for thing in stored["matters"]),
    )


@cache
def villagers_ask() -> Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    """For each law the phrases by which its articles are known and how villagers ask for them (data/law_words.yml)."""
    stored: dict[str, list[dict[str, Any]]] = yaml.safe_load(LAWS.read_text(encoding="utf-8"))
    return {title: tuple((line["at"], tuple(line["asked"])) for line in lines) for title, lines in stored.items()}


def _is_pattern(word: str) -> bool:
    return len(word) > 2 and word.startswith("/") and word.endswith("/")


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p[1:-1] if _is_pattern(p) else re.escape(p)})" for p in patterns))


def plain(text: str) -> str:
    """Half width, lower case, no spaces between characters and figures, ages in figures: 九十二岁 -> 92岁."""
    text = _SPACE.sub("", unicodedata.normalize("NFKC", text).lower())
    text = _LEVEL.sub(r"\1", text)
    return _AGE.sub(lambda found: str(_number(found[1])), text)


def _number(said: str) -> int:
    """A numeral below a thousand: 九十二 -> 92, 百 -> 100."""
    total, digit = 0, 0
    for character in said:
        if character in _DIGITS:
            digit = _DIGITS[character]
        else:
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
    return total + digit


def things_in(text: str) -> Iterator[tuple[str, int, int]]:
    """The things named in a plain text: (thing, start, end); one may lie within another."""
    lexicon = words()
    for start in range(len(text) - 1):
        for surface, thing in lexicon.things.get(text[start : start + 2], ()):
            if text.startswith(surface, start):
                yield f"={thing}", start, start + len(surface)
    for pattern, thing in lexicon.thing_patterns:
        for found in pattern.finditer(text):
            yield f"={thing}", found.start(), found.end()


def terms(text: str) -> Counter[str]:
    """All terms of a document's text, counted."""
    text = plain(text)
    counted: Counter[str] = Counter()
    for run in _RUN.findall(text):
        if run[0].isascii():
            counted[run] += 1
            continue
        counted.update(run)
        counted.update(run[at : at + 2] for at in range(len(run) - 1))
    counted.update(thing for thing, _, _ in things_in(text))
    return counted


def question(text: str, aspect: Aspect | None = None, part: str = "") -> Question:
    """A villager's question. `aspect` is what the conversation was about; it counts where the text asks for nothing itself.
    What the `part` of a story with its question asks for counts before what the whole story seems to.
    """
    lexicon = words()
    text = plain(text)
    weights: dict[str, float] = {}
    units: dict[str, float] = {}
    asking = bytearray(len(text))
    for pattern in lexicon.asked.values():
        for found in pattern.finditer(text):
            asking[found.start() : found.end()] = b"\1" * (found.end() - found.start())
    content: set[str] = set()
    named = bytearray(len(text))
    for thing, start, end in things_in(text):
        weights[thing] = THING
        units[thing] = THING
        if not all(asking[start:end]):
            content.add(thing)
        named[start:end] = b"\1" * (end - start)
    filled = bytearray(len(text))
    for found in lexicon.fillers.finditer(text):
        filled[found.start() : found.end()] = b"\1" * (found.end() - found.start())
    for pattern in lexicon.kinds_asked.values():
        for found in pattern.finditer(text):
            filled[found.start() : found.end()] = b"\1" * (found.end() - found.start())
    for run in _RUN.finditer(text):
        if run[0][0].isascii():
            content.add(run[0])
            weights[run[0]] = max(weights.get(run[0], 0.0), PAIR)
            continue
        for at in range(run.start(), run.end()):
            character, pair = text[at], text[at : at + 2]
            covered = named[at] and not filled[at]
            if not filled[at] and character not in lexicon.filler_characters:
                weights.setdefault(character, SINGLE)
            if at + 1 == run.end() or (filled[at] and filled[at + 1]):
                continue
            weak = filled[at] or filled[at + 1] or bool(lexicon.filler_characters & set(pair))
            inside = covered and named[at + 1]
            weight = INSIDE if inside else WEAK if weak else PAIR
            if weight == PAIR and not (asking[at] and asking[at + 1]):
                content.add(pair)
            weights[pair] = max(weights.get(pair, 0.0), weight)
            if not (named[at] or named[at + 1]) and not (set(pair) <= lexicon.filler_characters):
                units[pair] = max(units.get(pair, 0.0), HARDLY if weak else PAIR)
    for word in lexicon.generic:
        for table in (weights, units):
            if word in table:
                table[word] *= 0.3
    asked = _asked(plain(part)) or _asked(text)
    if not asked and aspect in ASPECTS:
        asked = [aspect]
    return Question(
        text=text,
        terms=weights,
        units=tuple(units.items()),
        content=frozenset(content - lexicon.generic),
        aspects=tuple(asked),
        kinds=frozenset(name for name, pattern in lexicon.kinds_asked.items() if pattern.search(text)),
        giving=tuple(pattern for pattern in lexicon.giving if pattern.search(text)),
        money=bool(lexicon.flags["money"].search(text)),
        allowed=bool(lexicon.flags["allowed"].search(text)),
        penalty=bool(lexicon.flags["penalty"].search(text)),
    )


def _asked(text: str) -> list[Aspect]:
    """What a plain text asks for, the likeliest first."""
    return sorted((name for name in ASPECTS if words().asked[name].search(text)), key=_PRECEDENCE.index)


#: Where a question could be read as asking for several things, the more definite reading leads.
_PRECEDENCE: list[Aspect] = ["documents", "deadline", "where", "amount", "who", "how"]


def heading_aspects(heading: str) -> frozenset[Aspect]:
    """What a section with this heading tells: 补贴标准 -> amount; 申报时间 is about the time, not about how."""
    found = frozenset(name for name in ASPECTS if any(word in heading for word in words().headed[name]))
    return found - {"how"} or found


def text_aspects(text: str) -> frozenset[Aspect]:
    """What a section tells by the way it reads, for those whose heading does not say (the articles of a law)."""
    return frozenset(name for name in ASPECTS if words().reads[name].search(text))
