"""Which records the words of a question name: “火灾困难救助” finds 万宝沟村火灾困难救助, 冷库 finds 集体冷库."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from bot.understanding.query import Query
from knowledge.places import Places, short_name

T = TypeVar("T")

#: What a name may end in without being told apart by it; it is not looked for in the question.
_GENERIC = re.compile("通知书?|公告|公示|提醒|项目|工程|事项")

#: A day says when, not what.
_DATE = re.compile(r"\d{2,4}年度?|\d{1,2}月份?|\d{1,2}[日号]|村")

#: Words of a question that stand before a name without belonging to it.
_WHEN = re.compile("哪一?天|几号|几点|什么时候|啥时候|多咱|今天|明天|后天|昨天|现在|最近|什么|怎么|多少|已经|还没")

#: Characters of a question that do not belong to the name which follows them.
_ASKING = frozenset(
    "的了到在是有给把被和与跟同里上家办修建花批开发谁啥哪几多少我俺咱你您他她这那个些吗呢没不要想问查看说叫做就，。？！：；、 "
)

#: So much of a name in quotation marks must be found: half of it may be another matter.
_QUOTED = 0.6


def closest(query: Query, records: Sequence[T], said: Callable[[T], str], places: Places) -> list[T]:
    """The records that the question names best, in their order; [] where it names none, several if equally good.

    `said` gives a record's name. Words in quotation marks (slot `title`) count alone, else the whole text. Names of
    villages and towns count on neither side. One wrong or missing character in a whole name is forgiven; of a longer
    name a part will do, unless another word stands where the name has its own (篮球场改造 is not 文化广场改造).
    """
    title = query.slots.get("title")
    drop = _Places(places, query)
    asked = drop(title or _WHEN.sub(" ", query.text))
    scored = []
    for record in records:
        name = drop(said(record))
        core = " ".join(_GENERIC.sub(" ", name).split())
        core = core if len(core) >= 2 else name
        found = _matched(core, asked)
        if title and found < _QUOTED * len(_GENERIC.sub("", asked).replace(" ", "")):
            continue
        if found >= 2:
            scored.append((found, found == len(core), record))
    best = max((score[:2] for score in scored), default=None)
    return [record for *score, record in scored if tuple(score) == best]


class _Places:
    """Takes the names of places out of a text: all long ones, and short ones where the question means that place."""

    def __init__(self, places: Places, query: Query) -> None:
        slots = query.slots
        meant = {slots.get("village"), slots.get("town"), *slots.get("villages", ())}
        meant |= {place.parent for code in meant if code and (place := places.get(code))}
        self._names = set(_names(places, meant))
        self._longest = max(map(len, self._names))

    def __call__(self, text: str) -> str:
        """The text without places, dates and 村; a gap of one space is left between what stood apart."""
        kept, start = [], 0
        while start < len(text):
            for end in range(min(len(text), start + self._longest), start + 1, -1):
                if text[start:end] in self._names:
                    kept.append(" ")
                    start = end
                    break
            else:
                kept.append(text[start])
                start += 1
        return " ".join(_DATE.sub("", "".join(kept)).split())


def _names(places: Places, meant: Iterable[str | None]) -> Iterator[str]:
    for place in places:
        short = short_name(place.name)
        yield place.name
        if len(short) >= 3 or place.code in meant:
            yield short


def _matched(core: str, asked: str) -> int:
    """How many characters of a name are asked for; 0 where the question names something else."""
    covered: set[int] = set()
    pairs: set[str] = set()
    for start in range(len(core) - 1):
        pair = core[start : start + 2]
        if " " not in pair and pair not in pairs and pair in asked:  # a word said once counts once
            pairs.add(pair)
            covered |= {start, start + 1}
    if len(covered) == len(core) or core in asked:
        return len(core)
    if len(core) >= 3 and (covered or len(core) == 3) and _one_off(core, asked):
        return len(core) - 1
    if not covered or _other_word_before(core, asked):
        return 0
    return len(covered)


def _one_off(core: str, asked: str) -> bool:
    """Whether the whole name stands in the question but for one character wrong or missing."""
    for wrong in range(len(core)):
        before, after = core[:wrong], core[wrong + 1 :]
        at = asked.find(before)
        while at >= 0:
            rest = at + len(before)
            if asked.startswith(after, rest) or (rest < len(asked) and asked.startswith(after, rest + 1)):
                return True
            at = asked.find(before, at + 1)
    return False


def _other_word_before(core: str, asked: str) -> bool:
    """Whether the longest common run follows one word in the name and another in the question."""
    start, at, size = _longest_run(core, asked)
    own = core[:start].rpartition(" ")[2]
    begin = at
    while begin and asked[begin - 1] not in _ASKING:
        begin -= 1
    other = [character for character in asked[begin:at] if character not in own]
    if not own or not other:
        return False
    return len(other) > 1 or size < _QUOTED * len(core)


def _longest_run(core: str, asked: str) -> tuple[int, int, int]:
    """Where the longest common substring begins in each, and its length."""
    for size in range(len(core), 0, -1):
        for start in range(len(core) - size + 1):
            run = core[start : start + size]
            if " " not in run and (at := asked.find(run)) >= 0:
                return start, at, size
    return 0, 0, 0
