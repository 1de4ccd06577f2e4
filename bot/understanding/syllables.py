"""Characters and typed pinyin -> syllables, and how alike two syllables sound to people here. Pure."""

from __future__ import annotations

import importlib.util
import json
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

_TONES = {
    **dict.fromkeys("āēīōūǖ", "1"),
    **dict.fromkeys("áéíóúǘḿń", "2"),
    **dict.fromkeys("ǎěǐǒǔǚň", "3"),
    **dict.fromkeys("àèìòùǜǹ", "4"),
}
_PLAIN = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿê", "aaaaeeeeiiiioooouuuuvvvvvnnnme")

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_RUNS = re.compile(r"[A-Za-z][A-Za-zü]*(?:['’][A-Za-zü]+)*|\d+(?:\.\d+)?")

#: Characters with several readings in everyday speech.
_SEVERAL = frozenset(
    "行长重乐都曲参朝传弹倒调度给冠还会几假间将角觉卡空量露落没蒙磨难宁铺强切塞散色少舍省盛石识似宿提挑通吐为鲜相兴应"
    "与载扎炸涨着正中种转钻藏厦大单地得恶分缝和合荷哄划夹降结解尽禁卷壳看累俩淋笼率论埋冒模泥粘劈屏奇翘扇什数说拓叶要"
    "晕占折症只爪谷洼沓咽薄柏伯剥尾车称澄处差拾喝便咱堡"
)
#: Characters whose commonest reading the table does not give first.
_COMMONEST = {"茄": "qie2", "佛": "fo2", "坻": "di3", "蚌": "beng4", "仔": "zi3"}

#: Codes of syllables are characters from here on; what has no sound is itself.
_FIRST_CODE = 0xE800
SILENT = "\x00"


class Token(NamedTuple):
    """One character of the text, or one syllable of typed pinyin, with where it stands.

    `readings` are its syllables with tones (yu4); a typed syllable has none (yu).
    """

    surface: str
    start: int
    end: int
    readings: tuple[str, ...]
    typed: bool = False


@cache
def _dictionary() -> dict[int, str]:
    """pypinyin's table of characters, loaded alone: the package itself would load its phrases too, for half a second."""
    package = importlib.util.find_spec("pypinyin")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("pypinyin is not installed; see requirements.txt")
    table = Path(package.submodule_search_locations[0]) / "pinyin_dict.json"
    return {int(number): said for number, said in json.loads(table.read_text(encoding="utf-8")).items()}


@lru_cache(maxsize=20_000)
def readings(character: str) -> tuple[str, ...]:
    """The syllables of a character with their tones, the commonest first: 长 -> (zhang3, chang2)."""
    found = [_COMMONEST[character]] if character in _COMMONEST else []
    for said in _dictionary().get(ord(character), "").split(","):
        if said:
            tone = next((_TONES[c] for c in said if c in _TONES), "5")
            found.append(said.translate(_PLAIN) + tone)
    return tuple(dict.fromkeys(found))


def likely_readings(character: str) -> tuple[str, ...]:
    """The readings under which a name may be heard: of most characters one, the others are read so only in old books."""
    said = readings(character)
    return said[:3] if character in _SEVERAL else said[:1]


@lru_cache(maxsize=5_000)
def folded(syllable: str) -> str:
    """A syllable without its tone and without what people here mix up: zh=z, ch=c, sh=s, -ng=-n, n-=l-."""
    plain = syllable.rstrip("12345").replace("ü", "v")
    initial = next((i for i in _INITIALS if plain.startswith(i)), "")
    final = plain[len(initial) :]
    initial = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}.get(initial, initial)
    final = final[:-1] if final.endswith("ng") and final not in {"ong", "iong"} else final
    return initial + {"ue": "ve"}.get(final, final)


@lru_cache(maxsize=5_000)
def parts(syllable: str) -> tuple[str, str]:
    """Initial and final of a folded syllable."""
    initial = next((i for i in _INITIALS if syllable.startswith(i)), "")
    return initial, syllable[len(initial) :]


@cache
def all_syllables() -> frozenset[str]:
    """Every syllable of Mandarin without its tone."""
    known = {said.translate(_PLAIN) for word in _dictionary().values() for said in word.split(",") if said}
    return frozenset(s for s in known if re.fullmatch(r"[a-z]{1,6}", s) and re.search(r"[aeiouv]", s)) - {"hm", "hng"}


@cache
def _codes() -> dict[str, str]:
    ordered = sorted({folded(syllable) for syllable in all_syllables()})
    return {syllable: chr(_FIRST_CODE + index) for index, syllable in enumerate(ordered)}


@lru_cache(maxsize=20_000)
def code(reading: str) -> str:
    """One character for a syllable's folded sound, so that sounds are compared and cut like text."""
    return _codes().get(folded(reading), SILENT)


@lru_cache(maxsize=2_000)
def split_pinyin(run: str) -> tuple[str, ...]:
    """A run of letters as syllables (yumijiage -> yu mi jia ge), or () where it is no pinyin. Longest syllables win."""
    run = run.lower().replace("ü", "v")
    best: list[tuple[str, ...] | None] = [()] + [None] * len(run)
    for end in range(1, len(run) + 1):
        for start in range(max(0, end - 6), end):
            before = best[start]
            if before is None or run[start:end] not in all_syllables():
                continue
            candidate = (*before, run[start:end])
            current = best[end]
            if current is None or len(candidate) < len(current):
                best[end] = candidate
    found = best[len(run)]
    return found if found and (len(run) > 1 or run in {"a", "e"}) else ()


def tokens(text: str) -> list[Token]:
    """The text as tokens: characters, and typed pinyin by syllables; other letters and digits run by run."""
    found: list[Token] = []
    at = 0
    for run in _RUNS.finditer(text):
        found += _characters(text, at, run.start())
        found += _typed(run) or (Token(run[0], run.start(), run.end(), readings(run[0]) if len(run[0]) == 1 else ()),)
        at = run.end()
    return [*found, *_characters(text, at, len(text))]


def _characters(text: str, start: int, end: int) -> list[Token]:
    return [Token(c, at, at + 1, readings(c)) for at, c in enumerate(text[start:end], start) if not c.isspace()]


def _typed(run: re.Match[str]) -> list[Token]:
    """The syllables of a run of letters, [] where it is no pinyin."""
    said, found = run[0], []
    if not said[0].isalpha() or (said.isupper() and len(said) < 4):
        return []
    at = 0
    for syllable in split_pinyin(re.sub(r"['’]", "", said)):
        while said[at] in "'’":
            at += 1
        end = min(at + len(syllable), len(said))
        found.append(Token(said[at:end], run.start() + at, run.start() + end, (syllable,), typed=True))
        at = end
    return found


def sound(token: Token) -> str:
    """The code of a token's commonest reading; a token without one is its own surface if it is one character."""
    if token.readings:
        return code(token.readings[0])
    return token.surface if len(token.surface) == 1 else SILENT


@lru_cache(maxsize=50_000)
def nearest(known: tuple[str, ...], heard: tuple[str, ...], typed: bool) -> float:
    """The least `distance` of any reading from another; 9 where there is none."""
    return min((distance(one, other, typed) for one in known for other in heard), default=9.0)


def distance(known: str, heard: str, typed: bool) -> float:
    """How far one syllable is from another: 0.05 typed alike, 0.3 another character of the same sound, 0.4 another
    tone, 0.6 a sound that people mix up, 1 half of it the same, 1.5 nothing."""
    plain, other = known.rstrip("12345"), heard.rstrip("12345")
    if plain == other:
        return 0.05 if typed else 0.3 if known[-1] == heard[-1] else 0.4
    if folded(known) == folded(heard):
        return 0.3 if typed else 0.6
    (initial, final), (other_initial, other_final) = parts(folded(known)), parts(folded(heard))
    return 1.0 if final == other_final or (initial == other_initial and initial) else 1.5
