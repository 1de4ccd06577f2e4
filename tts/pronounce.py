"""Said text -> numbered pinyin, syllable by syllable, with our own phrases over pypinyin's. Pure.

The tones are those of speech for 一 and 不 (一个 yi2 ge4, 不去 bu2 qu4); a third tone before another is left as it is
written: a voice, like a speaker, changes it by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

from pypinyin import Style, lazy_pinyin

from tts.speakable import DATA

PAUSES = "，。！？：；、"

_HANZI = re.compile(r"[一-鿿㐀-䶿]+")
#: A one in these places is a name or a rank and keeps its first tone: 第一, 十一, 一月, 一号.
_ONE_AFTER = "第十零一二三四五六七八九点幺初之周期拜统唯逐万其"
_ONE_BEFORE = "月号日楼组队级区期班等类十零一二三四五六七八九幺"
#: 厂长 is an officer, but not in 工厂长期.
_NO_OFFICER = "(?![期达约久途短度])"
_FIGURES = "零一二三四五六七八九"
_READING = re.compile(r"[a-zê]+[1-5]")


class UnreadableError(ValueError):
    """Hanzi for which no reading is known."""

    def __init__(self, hanzi: str) -> None:
        super().__init__(f"“{hanzi}”里有不知道怎么读的字：请换一个写法")


@dataclass(frozen=True)
class Readings:
    """Phrases with their readings, and names (of places) that are read by themselves, whatever stands around them."""

    names: tuple[str, ...] = ()

    @cached_property
    def _phrases(self) -> dict[str, tuple[str, ...]]:
        phrases = dict(_table("readings.tsv"))
        for name in self.names:
            if len(name) > 1 and name not in phrases and _HANZI.fullmatch(name):
                phrases[name] = tuple(self._by_itself(name, phrases))
        return phrases

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return _alternatives(self._phrases)

    @staticmethod
    def _by_itself(name: str, phrases: dict[str, tuple[str, ...]]) -> list[str]:
        """A name, its parts read as the phrases have them: 五重安乡 with 五重安."""
        return _over(name, _alternatives_of_table(), phrases)

    def syllables(self, said: str) -> list[str]:
        """Numbered pinyin and the marks of PAUSES, in order. Raises UnreadableError for a character without a reading."""
        spoken: list[str] = []
        for part in re.findall(rf"[一-鿿㐀-䶿]+|[A-Z]|[{PAUSES}]", said):
            if part in PAUSES:
                spoken.append(part)
            elif part.isascii():
                spoken += _table("letters.tsv")[part]
            else:
                spoken += _changed(part, _over(part, self._pattern, self._phrases))
        return spoken


def _over(hanzi: str, pattern: re.Pattern[str], phrases: dict[str, tuple[str, ...]]) -> list[str]:
    """The readings of hanzi: pypinyin's, and over them those of the phrases."""
    readings: list[str] = lazy_pinyin(hanzi, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False)
    if len(readings) != len(hanzi):
        raise UnreadableError(hanzi)
    for found in pattern.finditer(hanzi):
        readings[found.start() : found.end()] = phrases[found.group()]
    for at, (char, reading) in enumerate(zip(hanzi, readings, strict=True)):
        if char == "幺":
            readings[at] = "yao1"
        elif char in "只处" and at and hanzi[at - 1] in "一二两三四五六七八九十百千万":
            readings[at] = {"只": "zhi1", "处": "chu4"}[char]
        elif char == "为" and hanzi[at + 1 : at + 2] in tuple("一二两三四五六七八九十零百每幺"):
            readings[at] = "wei2"
        elif not _READING.fullmatch(reading):
            raise UnreadableError(char)
    return readings


def _changed(hanzi: str, readings: list[str]) -> list[str]:
    """一 and 不 with the tone that the syllable after them gives."""
    changed = list(readings)
    for at, char in enumerate(hanzi):
        if char not in "一不" or readings[at].endswith("5"):
            continue
        following = readings[at + 1][-1] if at + 1 < len(readings) else ""
        before, after = hanzi[at - 1 : at], hanzi[at + 1 : at + 2]
        if char == "不":
            changed[at] = "bu2" if following == "4" else "bu4"
        elif not following or (before and before in _ONE_AFTER) or after in _ONE_BEFORE or _decimal(hanzi, at):
            changed[at] = "yi1"
        elif after and after == before:
            changed[at] = "yi5"  # 看一看
        else:
            changed[at] = "yi2" if following in "45" else "yi4"
    return changed


def _decimal(hanzi: str, at: int) -> bool:
    """Whether the figure at this place stands before a decimal point: 一点五, but 一点儿."""
    return hanzi[at + 1 : at + 2] == "点" and hanzi[at + 2 : at + 3] in tuple(_FIGURES)


def _alternatives(phrases: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(phrases, key=len, reverse=True)
    return re.compile("|".join(word + _NO_OFFICER * word.endswith("长") for word in longest_first))


@cache
def _alternatives_of_table() -> re.Pattern[str]:
    return _alternatives(_table("readings.tsv"))


@cache
def _table(name: str) -> dict[str, tuple[str, ...]]:
    """A table of data/: what is read, and how."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {word: tuple(reading.split()) for word, reading in rows}


@lru_cache(maxsize=4)
def _readings(names: tuple[str, ...]) -> Readings:
    return Readings(names)


def syllables(said: str, names: Iterable[str] = ()) -> list[str]:
    """The syllables of a said text; `names` are places that are read by themselves."""
    return _readings(tuple(names)).syllables(said)
