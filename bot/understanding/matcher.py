"""Known names in a text: as written, by sound, and with one character wrong, lost or doubled. Pure once built."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import NamedTuple

from bot.understanding import syllables
from bot.understanding.query import Names
from bot.understanding.syllables import Token

#: What it costs to lose a character of a name, to double one, and to have a strange one between.
LOST, DOUBLED, STRANGE = 1.1, 0.3, 1.2

#: What it costs to write a character that looks like the right one.
LOOKALIKE = 0.4

#: The most that hearing a name may cost, by its length in syllables. One syllable is never heard, only read.
MOST = {2: 0.85, 3: 1.2}
MOST_LONGER = 1.65

#: From here on a name is only guessed at: whoever uses it asks first where a mistake would matter.
SURE = 0.95

#: Little words that stand for themselves: they are no misspelling of a part of a name.
_LITTLE = frozenset("的得地了是有在和跟我俺咱你您他她它这那么吗呢吧都也还就要会能可到去来不没把给问说想看买卖")
_LITTLE_COST = 0.7

#: A misspelt character that makes an everyday word with its neighbour: 派处所.
_INSIDE_A_WORD = 0.2

#: A name with a stray mark or a blank inside.
BROKEN = 0.05

#: How many characters more a name must cover for each unit of what it costs to hear it: of one more character by its
#: sound, its tone aside, the longer is meant. 板栗秒 is 板栗苗 and not 板栗, 窄基地 is 宅基地 and not 基地.
_BY_SOUND = 2.4

#: A name of one character gives way to a longer one that is heard around it: 贺桃 is 核桃 and not a 桃.
_ONE_CHARACTER = 0.3

_MARKS = re.compile(r"[\W_]+")


class Mention(NamedTuple):
    """A name found in a text: the canonical values it may stand for, and what it cost to hear it (0 = as written).

    `typed` where it was typed as pinyin, in part at least.
    """

    slot: str
    values: tuple[str, ...]
    start: int
    end: int
    cost: float
    said: str
    surface: str
    typed: bool = False

    @property
    def length(self) -> int:
        """Characters of the text that it covers."""
        return self.end - self.start

    @property
    def sure(self) -> bool:
        """Whether it may be taken without asking."""
        return self.cost < SURE


class Utterance:
    """A text made ready to be searched for names: `words` are its everyday words' spans."""

    def __init__(self, text: str, words: Sequence[tuple[int, int]] = ()) -> None:
        self.text = text
        self.words = words
        self.tokens = syllables.tokens(text)
        self.spoken = [token for token in self.tokens if token.surface[0].isalnum()]
        #: its letters and characters without marks, where each stands, and each with the next
        self.plain = "".join([token.surface for token in self.spoken]).lower()
        self.places = [token.start + offset for token in self.spoken for offset in range(len(token.surface))]
        self.pairs = [self.plain[at : at + 2] for at in range(len(self.plain))]
        self.latin = re.search("[!-~]", self.plain) is not None
        #: its sounds; and from each on the first two, those after one that is strange, and those around one
        self.sounds = said = "".join([syllables.sound(token) for token in self.spoken])
        self.openings = [
            (said[at : at + 2], said[at + 1 : at + 3], said[at] + said[at + 2 : at + 3]) for at in range(len(said))
        ]
        #: which of them sound like a neighbour
        self.doubled = {
            near for at, (two, _, _) in enumerate(self.openings) if two[:1] == two[1:] for near in (at, at + 1)
        }
        #: the everyday word that each spoken token belongs to
        self.inside: list[tuple[int, int] | None] = [None] * len(self.spoken)
        index_at = {token.start: index for index, token in enumerate(self.spoken)}
        for start, end in words:
            if start in index_at and end - 1 in index_at:
                first, last = index_at[start], index_at[end - 1] + 1
                self.inside[first:last] = [(first, last)] * (last - first)


@dataclass(frozen=True, slots=True)
class _Entry:
    surface: str
    slot: str
    value: str
    readings: tuple[tuple[str, ...], ...]


class Matcher:
    """Finds the names of a `Names` mapping. `lookalikes` are groups of characters that are mistaken for each other.

    `by_ear` also as they sound, `tolerant` also with a character lost, strange or of another sound; one that is doubled
    or sounds alike is always heard.
    """

    def __init__(
        self, names: Names, *, by_ear: bool = True, tolerant: bool = True, lookalikes: Iterable[str] = ()
    ) -> None:
        self._alike = frozenset((a, b) for group in lookalikes for a, b in permutations(group, 2))
        self._looks_like: dict[str, list[str]] = defaultdict(list)
        for wrong, right in sorted(self._alike):
            self._looks_like[right].append(wrong)
        exact: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
        sounds: dict[str, list[tuple[_Entry, int | None]]] = defaultdict(list)  # with the character lacking, if one is
        longest_heard = 0
        for slot, values in names.items():
            for value, surfaces in values.items():
                for surface in surfaces:
                    plain = _MARKS.sub("", surface).lower()
                    if not plain:
                        continue
                    exact[plain][slot][value] = None
                    if not by_ear or len(surface) < 2 or not all(_sounds(c) for c in surface):
                        continue
                    entry = _Entry(surface, slot, value, tuple(syllables.likely_readings(c) for c in surface))
                    longest_heard = max(longest_heard, len(surface))
                    for key in self._keys(entry):
                        sounds[key].append((entry, None))
                        for index in _may_be_lost(surface) if tolerant else ():
                            sounds[key[:index] + key[index + 1 :]].append((entry, index))
        self._tolerant = tolerant
        #: as written and by sound; from two characters on the beginning of each is there too
        self._exact: dict[str, Sequence[tuple[str, tuple[str, ...]]]] = dict.fromkeys(_prefixes(exact), ())
        for name, slots in exact.items():
            self._exact[name] = [(slot, tuple(values)) for slot, values in slots.items()]
        self._sounds: dict[str, Sequence[tuple[_Entry, int | None]]] = {
            **dict.fromkeys(_prefixes(sounds), ()),
            **sounds,
        }
        self._longest_heard = longest_heard

    def _keys(self, entry: _Entry) -> set[str]:
        """The sounds under which a name is kept: every way to read it, eight at most, and those of its lookalikes."""
        ways = [
            tuple(dict.fromkeys(syllables.code(said) for said in each)) or (character,)
            for character, each in zip(entry.surface, entry.readings, strict=True)
        ]
        count = 1
        for index, each in enumerate(ways):
            if count * len(each) > 8:
                ways[index] = each[:1]
            count *= len(ways[index])
        keys = {"".join(way) for way in product(*ways)}
        commonest = "".join(way[0] for way in ways)
        for index, character in enumerate(entry.surface):
            for other in self._looks_like.get(character, ()):
                if said := syllables.readings(other):
                    keys.add(commonest[:index] + syllables.code(said[0]) + commonest[index + 1 :])
        return keys

    def find(self, utterance: Utterance) -> list[Mention]:
        """All names of a text, as written and as heard; they may overlap."""
        found = list(self._written(utterance))
        if self._sounds:
            written = {(mention.start, mention.end) for mention in found}
            found += self._heard(utterance, written)
        return found

    def _written(self, utterance: Utterance) -> Iterator[Mention]:
        """Names as written, stray marks left out."""
        plain, places, exact = utterance.plain, utterance.places, self._exact
        size, latin = len(plain), utterance.latin
        for start in [at for at, two in enumerate(utterance.pairs) if two in exact or two[0] in exact]:
            for end in range(start + 1, size + 1):
                hits = exact.get(plain[start:end])
                if hits is None and end > start + 1:
                    break
                if hits and (not latin or _whole_run(plain, start, end)):
                    first, last = places[start], places[end - 1] + 1
                    cost = 0.0 if last - first == end - start else BROKEN
                    said = utterance.text[first:last]
                    for slot, values in hits:
                        yield Mention(slot, values, first, last, cost, said, plain[start:end])

    def _heard(self, utterance: Utterance, written: Container[tuple[int, int]]) -> Iterator[Mention]:
        """Names as they sound, where nothing is `written` that begins and ends there."""
        tokens, inside = utterance.spoken, utterance.inside
        for first in self._beginnings(utterance):
            candidates = self._candidates(utterance, first)
            for size in sorted(candidates):
                if (tokens[first].start, tokens[first + size - 1].end) in written:
                    continue
                guards = [_guard(word, first, first + size) if word else 0.0 for word in inside[first : first + size]]
                yield from self._mentions(candidates[size], tokens[first : first + size], guards, utterance.text)

    def _beginnings(self, utterance: Utterance) -> list[int]:
        """Where a name may begin: most of a text is no name's beginning, which is soon seen."""
        known, openings = self._sounds, enumerate(utterance.openings)
        if self._tolerant:
            return [at for at, (two, after, around) in openings if two in known or after in known or around in known]
        return [at for at, (two, _, _) in openings if two in known or at in utterance.doubled]

    def _candidates(self, utterance: Utterance, first: int) -> dict[int, list[tuple[_Entry, int | None, int | None]]]:
        """Names that what is heard from `first` on may begin with, by how much of it: with the character that each would
        lack, and the one that would be strange.
        """
        heard = utterance.sounds[first : first + self._longest_heard + 1]
        known, count, reach = self._sounds, len(heard), 1
        found: dict[int, list[tuple[_Entry, int | None, int | None]]] = defaultdict(list)
        for size in range(2, count + 1):
            entries = known.get(heard[:size])
            if entries is None:
                break
            reach = size
            for entry, lost in entries:
                found[size].append((entry, lost, None))
        odd: Iterable[int] = range(min(reach + 1, count))
        if not self._tolerant:
            odd = [at for at in odd if first + at in utterance.doubled] if utterance.doubled else ()
        for strange in odd:
            without = heard[:strange] + heard[strange + 1 :]
            for length in range(max(2, strange), count):
                entries = known.get(without[:length])
                if entries is None:
                    break
                within = 0 < strange < length  # else only a character in the place of another
                for entry, lost in entries:
                    if lost == strange or (within and lost is None):
                        found[length + 1].append((entry, lost, strange))
        return found

    def _mentions(
        self,
        candidates: Iterable[tuple[_Entry, int | None, int | None]],
        heard: Sequence[Token],
        guards: Sequence[float],
        text: str,
    ) -> Iterator[Mention]:
        best: dict[tuple[str, str], tuple[float, str]] = {}
        for entry, gap, extra in candidates:
            cost = _cost(entry, gap, extra, heard, guards, self._alike)
            length = len(entry.surface)
            if cost <= MOST.get(length, MOST_LONGER) and cost < best.get((entry.slot, entry.value), (9.0, ""))[0]:
                best[entry.slot, entry.value] = (max(cost, 0.01), entry.surface)
        if not best:
            return
        start, end = heard[0].start, heard[-1].end
        typed = any(token.typed for token in heard)
        for slot in dict.fromkeys(slot for slot, _ in best):
            costs = {value: found for (s, value), found in best.items() if s == slot}
            least, surface = min(costs.values(), key=lambda found: found[0])  # of equals the first that was given
            values = tuple(value for value, (cost, _) in costs.items() if cost <= least + 0.11)
            yield Mention(slot, values, start, end, least, text[start:end], surface, typed)


def _prefixes(names: Iterable[str]) -> Iterator[str]:
    return (name[:size] for name in names for size in range(2, len(name)))


def _may_be_lost(name: str) -> Iterable[int]:
    """Which of its characters a name may lack: none of two, and of three none whose loss leaves 庄村, any village's end."""
    if len(name) < 3:
        return ()
    return (2,) if len(name) == 3 and name[2] == "村" else range(len(name))


def _guard(word: tuple[int, int], first: int, last: int) -> float:
    """What it costs to take a character of an everyday word for a misspelt one: all, unless the name is more than it."""
    return _INSIDE_A_WORD if first <= word[0] and word[1] <= last and word[1] - word[0] < last - first else 9.0


def _cost(
    entry: _Entry,
    gap: int | None,
    extra: int | None,
    heard: Sequence[Token],
    guards: Sequence[float],
    alike: frozenset[tuple[str, str]],
) -> float:
    """What it costs to take the tokens for a name, one of whose characters may be lost (`gap`) or strange (`extra`)."""
    total, same = 0.0, 0
    surface, readings = entry.surface, entry.readings
    if gap is None and extra is not None:
        token = heard[extra]
        doubled = token.surface in [heard[i].surface for i in (extra - 1, extra + 1) if 0 <= i < len(heard)]
        if (guards[extra] and not doubled) or extra in {0, len(heard) - 1}:
            return 9.0
        total += DOUBLED if doubled else STRANGE
        heard, guards = [*heard[:extra], *heard[extra + 1 :]], [*guards[:extra], *guards[extra + 1 :]]
    elif gap is not None and extra is None:
        total += LOST
        surface, readings = surface[:gap] + surface[gap + 1 :], readings[:gap] + readings[gap + 1 :]
    for character, said, token, guard in zip(surface, readings, heard, guards, strict=True):
        if token.surface == character:
            same += 1
            continue
        if not token.typed:
            total += guard
        if (token.surface, character) in alike:
            total += LOOKALIKE
            same += 1
            continue
        total += syllables.nearest(said, token.readings, token.typed)
        if token.typed:
            same += 1
        elif token.surface in _LITTLE and not (token.surface == "和" and token.start == 0):  # nothing stands before it
            total += _LITTLE_COST if len(entry.surface) == 2 else _LITTLE_COST / 2
        if total > MOST_LONGER:
            return 9.0
    if same * 2 < len(entry.surface) and total > 0.3 * len(entry.surface):
        return 9.0
    return total


def _sounds(surface: str) -> bool:
    """Whether a character, a typed syllable or a digit may be part of a name that is heard."""
    return "一" <= surface[0] <= "鿿" or surface.isdigit() or (surface.isascii() and surface.isalpha())


def _whole_run(text: str, start: int, end: int) -> bool:
    """A name that begins or ends with a letter or digit is not cut out of a longer run of them."""
    return not (_joined(text, start) or _joined(text, end))


def _joined(text: str, at: int) -> bool:
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    return (before.isdigit() and after.isdigit()) or (
        before.isascii() and before.isalpha() and after.isascii() and after.isalpha()
    )


def choose(mentions: Iterable[Mention]) -> list[Mention]:
    """A set of mentions none of which overlaps another: longer before shorter, as written before as heard."""

    def rank(mention: Mention) -> tuple[float, float, int]:
        length = mention.end - mention.start
        return (_ONE_CHARACTER if length == 1 else 0.0) - length + _BY_SOUND * mention.cost, mention.cost, mention.start

    chosen: list[Mention] = []
    for mention in sorted(mentions, key=rank):
        if not any(mention.start < other.end and other.start < mention.end for other in chosen):
            chosen.append(mention)
    return sorted(chosen, key=lambda m: m.start)
