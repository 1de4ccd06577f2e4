"""Seeded noise: what happens to a message between a villager's head and our door.

A noisy message takes two operations or more, at least one of them on a name (goods, village, market …) where the message
has one. Figures and record numbers are left alone: a wrong number is another question. Written for evaluation, apart from
the engine: it shares no table with it.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from knowledge.names import commodity_aliases
from knowledge.places import Places, short_name

Change = Callable[[str, int, int, random.Random], str]

_PADDING = (
    "你好，{}",
    "请问{}",
    "麻烦问一下{}",
    "{}谢谢",
    "那个，{}",
    "老师您好{}",
    "我想问问{}",
    "{}啊",
    "喂 {}",
    "{}，谢谢了",
)
_STRAY = ("，", "。", " ", "…", "！", "~", "、")
_LAST = re.compile("上(?=上?个?(?:月|周|年|星期|礼拜|季))")
_FULL_WIDTH = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}


@cache
def _sounds() -> tuple[dict[str, str], dict[str, list[str]]]:
    """The commonest reading of each everyday character (GB 2312, first level), and the characters of each sound."""
    from pypinyin import Style, pinyin

    characters = [
        bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF)
    ]
    sound_of: dict[str, str] = {}
    alike: dict[str, list[str]] = defaultdict(list)
    for character in filter(None, characters):
        sound = pinyin(character, style=Style.NORMAL)[0][0]
        sound_of[character] = sound
        alike[sound].append(character)
    return sound_of, alike


def _mixed_up(sound: str) -> list[str]:
    """Sounds that people here take for one another: z/zh, c/ch, s/sh, n/l, -n/-ng."""
    near = [sound]
    for flat, curled in (("z", "zh"), ("c", "ch"), ("s", "sh")):
        if sound.startswith(curled):
            near.append(flat + sound[2:])
        elif sound.startswith(flat):
            near.append(curled + sound[1:])
    near += (
        [sound[:-1]]
        if sound.endswith(("ang", "eng", "ing"))
        else [sound + "g"]
        if sound.endswith(("an", "en", "in"))
        else []
    )
    return near


def homophone(text: str, start: int, end: int, chance: random.Random) -> str:
    """One character of text[start:end] becomes another of the same or a mixed-up sound."""
    sound_of, alike = _sounds()
    spots = [i for i in range(start, end) if text[i] in sound_of]
    if not spots:
        return text
    at = chance.choice(spots)
    sounds = _mixed_up(sound_of[text[at]])
    sound = sounds[0] if chance.random() < 0.8 else chance.choice(sounds)
    others = [c for c in alike.get(sound, ()) if c != text[at]]
    return text[:at] + chance.choice(others) + text[at + 1 :] if others else text


def dropped(text: str, start: int, end: int, chance: random.Random) -> str:
    """One character is lost, from a stretch of three at least."""
    if end - start < 3:
        return homophone(text, start, end, chance)
    at = chance.randrange(start, end)
    return text if text[at].isdigit() else text[:at] + text[at + 1 :]


def doubled(text: str, start: int, end: int, chance: random.Random) -> str:
    """One character is typed twice; not the 上 of 上月, since 上上月 is another month."""
    at = chance.randrange(start, end)
    return text if text[at].isdigit() or _LAST.match(text, at) else text[: at + 1] + text[at] + text[at + 1 :]


def romanised(text: str, start: int, end: int, chance: random.Random) -> str:
    """The stretch is typed in pinyin without tones."""
    from pypinyin import lazy_pinyin

    said = text[start:end]
    if not all("一" <= c <= "鿿" for c in said):
        return text
    return text[:start] + chance.choice(("", " ")).join(lazy_pinyin(said)) + text[end:]


def traditional(text: str, start: int, end: int, chance: random.Random) -> str:
    """The whole message in traditional script."""
    from opencc import OpenCC

    return str(OpenCC("s2t").convert(text))


def full_width(text: str, start: int, end: int, chance: random.Random) -> str:
    """Latin letters, digits and marks as wide as a hanzi."""
    return "".join(_FULL_WIDTH.get(c, c) for c in text)


def punctuation(text: str, start: int, end: int, chance: random.Random) -> str:
    """Marks are lost, or a stray one stands between two characters (never inside a figure)."""
    if any(mark in text for mark in "，。？！、,?"):
        return "".join(c for c in text if c not in "，。？！、,?")
    spots = [i for i in range(1, len(text)) if not (text[i - 1].isascii() or text[i].isascii())]
    if not spots:
        return text + "?"
    at = chance.choice(spots)
    return text[:at] + chance.choice(_STRAY) + text[at:]


def padded(text: str, start: int, end: int, chance: random.Random) -> str:
    """Polite words around the message."""
    return chance.choice(_PADDING).format(text)


ON_NAMES: tuple[Change, ...] = (homophone, homophone, dropped, doubled, romanised)
ON_WORDS: tuple[Change, ...] = (homophone, doubled, punctuation, padded, traditional, full_width)


def noisy(example: Mapping[str, Any], places: Places, seed: int) -> str:
    """The text of an evaluation example with two operations or three, one on a name if it has one."""
    chance = random.Random(f"{seed} {example['text']}")
    text = str(example["text"])
    span = _name_in(text, example.get("slots", {}), places, chance)
    changed = text
    if span:
        changed = chance.choice(ON_NAMES)(changed, *span, chance)
    for _ in range(chance.choice((1, 1, 2)) if span else 2):
        words = _free(changed, text, span)
        changed = (
            chance.choice(ON_WORDS)(changed, *chance.choice(words), chance) if words else padded(changed, 0, 0, chance)
        )
    return changed if changed != text else padded(text, 0, 0, chance)


def _name_in(text: str, slots: Mapping[str, Any], places: Places, chance: random.Random) -> tuple[int, int] | None:
    """Where the text says the name of one of its slots."""
    found: list[tuple[int, int]] = []
    for slot, value in slots.items():
        for said in _surfaces(slot, value, places):
            at = text.find(said)
            if len(said) >= 2 and at >= 0:
                found.append((at, at + len(said)))
                break
    return chance.choice(found) if found else None


def _surfaces(slot: str, value: Any, places: Places) -> Sequence[str]:
    if slot in {"village", "town"}:
        place = places.get(value)
        return (place.name, short_name(place.name)) if place else ()
    if slot == "commodity":
        return (value, *sorted(commodity_aliases().get(value, ()), key=len, reverse=True))
    return (value,) if slot in {"market", "subject", "policy", "relief", "office", "route"} else ()


def _free(changed: str, text: str, span: tuple[int, int] | None) -> list[tuple[int, int]]:
    """Stretches of two hanzi or more outside the name, in the changed text."""
    limits = [(0, span[0]), (span[1] + len(changed) - len(text), len(changed))] if span else [(0, len(changed))]
    return [
        (i, i + 2)
        for start, end in limits
        for i in range(max(start, 0), end - 1)
        if all("一" <= c <= "鿿" for c in changed[i : i + 2])
    ]
