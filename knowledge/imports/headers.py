"""Headers of columns: how they are compared, what unit they say, and when two of them mean the same. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache

from knowledge.imports import parse

_BRACKETS = re.compile(r"[(（\[【]([^)）\]】]*)[)）\]】]")
_WORD_ENDS = frozenset({"分", "块", "里", "万", "圆", "平方", "百分比", "百分点", "m", "h"})  # 得分 names no unit
_KINDS_WEIGH = 0.6  # 日期, 编号, 状态 … say less than what they are of

Token = tuple[str, frozenset[str]]  # a word as written, and the groups of words that it belongs to


def normal(header: object) -> str:
    """A header as it is compared: half width, lower case, without spaces, brackets and their content."""
    return _normal(parse.text(header))


@lru_cache(maxsize=20_000)
def _normal(header: str) -> str:
    plain = unicodedata.normalize("NFKC", header).lower()
    return re.sub(r"[\s:*_/·、.\-—]", "", _BRACKETS.sub("", plain)).rstrip("%")


@lru_cache(maxsize=20_000)
def unit_of(header: str) -> str:
    """The unit that a header says in brackets or at its end: 金额（万元） -> 万元, 预算/万元, 道路总长公里, 进度%."""
    plain = unicodedata.normalize("NFKC", header).strip()
    found = [str(part).strip() for part in _BRACKETS.findall(plain)]
    said = [re.sub(r"^(计量|金额|价格)?单位\s*[:：]?\s*", "", part) for part in found]
    known = [part for part in said if is_unit(part)]
    if known or said:
        return (known or said)[-1]
    named = re.search(r"单位\s*[:：]\s*([^\s,。;)]+)", plain)
    return named[1] if named else _tail_unit(plain)


def is_unit(said: str) -> bool:
    """Whether a text is a unit of measure or of a price."""
    return "元/" in said or any(parse.factor_of(base, said) is not None for base in parse.UNITS)


def without_unit(name: str) -> str:
    """A compared header without the unit at its end: 金额万元 -> 金额."""
    tail = _tail_unit(name)
    return name.removesuffix(tail) if tail else name


@cache
def _tails() -> tuple[str, ...]:
    units = {unit for units in parse.UNITS.values() for unit in units} - _WORD_ENDS
    return tuple(sorted(units, key=len, reverse=True))


@lru_cache(maxsize=20_000)
def _tail_unit(plain: str) -> str:
    """A unit at the end of a header without brackets, with at least two characters before it."""
    lower = plain.lower()
    for unit in _tails():
        before = lower.removesuffix(unit)
        if (
            before != lower and len(before) >= 2 and not re.match("[a-z0-9][a-z]", before[-1] + unit)
        ):  # SOMg/kg: not mg/kg
            return unit
    return ""


class Words:
    """Words of headers in groups of one meaning, and the groups that exclude each other.

    The last list of `contrasts` holds the kinds of things that a column may hold (日期, 编号, 金额 …): the last word of
    a header that is of a kind decides what the header is.
    """

    def __init__(self, groups: Mapping[str, Iterable[str]], contrasts: Sequence[Sequence[str]]) -> None:
        belongs: dict[str, set[str]] = {}
        for group, words in groups.items():
            for word in words:
                belongs.setdefault(normal(word), set()).add(group)
        self._groups = {word: frozenset(named) for word, named in belongs.items()}
        self._contrasts = [frozenset(names) for names in contrasts]
        self._kinds = self._contrasts[-1] if self._contrasts else frozenset()
        self._tokens: dict[str, tuple[Token, ...]] = {}
        self._alike: dict[tuple[str, str], float] = {}

    def likeness(self, name: str, known: str) -> float:
        """How surely two compared headers mean the same, 0 to 1."""
        if name == known:
            return 1.0
        pair = (name, known)
        if pair not in self._alike:
            self._alike[pair] = self._likeness(self.tokens(name), self.tokens(known))
        return self._alike[pair]

    def tokens(self, name: str) -> tuple[Token, ...]:
        """The words of a header, longest first; what is no known word stands for itself."""
        if name not in self._tokens:
            self._tokens[name] = self._split(name)
        return self._tokens[name]

    def _split(self, name: str) -> tuple[Token, ...]:
        found = [(word, self._groups.get(word, frozenset({word}))) for word in self._words(name)]
        telling = [token for token in found if token[1] != {""}] or found
        return tuple(token for n, token in enumerate(telling) if not any(token[1] == t[1] for t in telling[:n]))

    def _words(self, name: str) -> list[str]:
        """The header cut so that as few characters as can be are in no known word, then into as few words as can be."""
        best: list[tuple[int, int, list[str]]] = [(0, 0, [])]
        for end in range(1, len(name) + 1):
            ways = []
            for start in range(end):
                word = name[start:end]
                unknown, words, before = best[start]
                known = word in self._groups and not (word.isascii() and name[start - 1 : start].isalpha() and start)
                if known or not (before and before[-1] not in self._groups):
                    ways.append((unknown + (0 if known else len(word)), words + 1, [*before, word]))
            best.append(min(ways, key=lambda way: way[:2]))
        return best[-1][2]

    def _likeness(self, one: Sequence[Token], other: Sequence[Token]) -> float:
        if self._exclude(one, other):
            return 0.0
        kind, known_kind = self._kind(one), self._kind(other)
        if kind and known_kind and not kind & known_kind:
            return 0.0
        left = list(other)
        shared = 0.0
        for token in one:
            equal = next((t for t in left if t[1] & token[1] - {""}), None)
            if equal:
                left.remove(equal)
                shared += self._weight(token) + self._weight(equal)
        whole = sum(map(self._weight, one)) + sum(map(self._weight, other))
        likeness = shared / whole if whole else 0.0
        if kind and known_kind and all(token[1] & self._kinds for token in other):
            likeness = max(likeness, 0.65)  # 服务说明 is a 说明
        return 0.97 * likeness * (1.0 if bool(kind) == bool(known_kind) else 0.8)

    def _exclude(self, one: Sequence[Token], other: Sequence[Token]) -> bool:
        groups = frozenset().union(*(token[1] for token in one))
        others = frozenset().union(*(token[1] for token in other))
        return any(
            groups & contrast and others & contrast and not groups & others & contrast
            for contrast in self._contrasts[:-1]
        )

    def _kind(self, tokens: Sequence[Token]) -> frozenset[str]:
        return next((token[1] & self._kinds for token in reversed(tokens) if token[1] & self._kinds), frozenset())

    def _weight(self, token: Token) -> float:
        return _KINDS_WEIGH if token[1] & self._kinds else 1.0
