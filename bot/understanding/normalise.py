"""What a villager typed -> one plain form of it. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

MAX_LENGTH = 500

_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f\u00ad]")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf]")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_MARKS = re.compile(r"[\W_]")
_FULL_WIDTH = str.maketrans({",": "，", "?": "？", "!": "！", ";": "；", "~": None})
_THOUSANDS = re.compile(r"(?<=\d)，(?=\d{3}(?!\d))")
_BETWEEN_HANZI = re.compile(r"(?<=[一-鿿])[ 　.．·…_*#@^]+(?=[一-鿿])")
_AROUND_MARKS = re.compile(r"\s*([，。？！；、])\s*")
_PADDING = re.compile(
    r"^(?:(?:你好|您好|喂|在吗|在不|请问(?:一下)?|麻烦(?:问)?(?:一下|您)?|劳驾|打听(?:一下|下|个事)|想问(?:一下|下|问)?|问(?:一下|下|问)|"
    r"老师|同志|大哥|大姐|师傅|闺女|小伙子|那个(?![村镇乡庄市])|那啥|就是|嗯+|哎+|唉+|啊+|呃+|我(?:就)?想(?:知道|问问?|打听)(?:一下|下)?|帮(?:我|俺)(?:查|看)(?:一下|下|查|看)?)[,，。!！?？:：\s]*)+"
)
_TAIL = re.compile(
    r"(?:[,，。\s]*(?:谢谢(?:了|您|你|啊)*|多谢(?:了)?|麻烦(?:了|您了|你了)|辛苦(?:了|您了)|拜托(?:了)?)[!！。.~～\s]*)+$"
)
#: A blank that stands for a comma: between clauses of a message that has no other mark.
_CLAUSES = re.compile(r"(?<=[一-鿿])\s+(?=[一-鿿])")
_SYLLABLES = re.compile(r"[A-Za-z]+|\S")
_A_CLAUSE, _SEVERAL_CLAUSES = 4, 24
#: 那里 for 哪里, where nothing else asks; 那个村的账 is the village that was spoken of.
_WHICH = re.compile(
    r"那(?=[个家些块天边][^，。]*最)|(?<=[在到去上搁])那(?=[里儿边]?(?:$|[办交领买卖报看]))|^那(?=[里儿]?有[卖收没])"
)
_ASKS = re.compile(r"[哪几啥谁咋吗呢么]|多少|多些|多大|多长|多高|怎|什|何|没$|([一-鿿])[不没]\1")
#: 最 in its misspellings, and a mark that parts a code.
_MOST = re.compile(r"[罪醉嘴](?=[多少高低贵大小好差]|便宜)")
#: 村 in its misspellings: 我们存有谁, 凤凰台子存上月.
_VILLAGE = re.compile(
    "(?<=[我咱俺们])(?:寸|存(?=[有里上委今去这哪谁几多种]))|(?<=[一-鿿][一-鿿])[存寸](?=上(?:个?月|半年)|[今去前]年|[一二三四五六七八九十]+月)"
)
#: What is written twice and is never meant so: 七七月, 上个月月最大, 坏了了.
_TWICE = re.compile(
    r"([一二三四五六七八九])\1(?=月)|(?<=[个上本\d一二三四五六七八九十])(月)月(?![红季])|([了吗呢])\3|(?<!目)(的)的(?!确)"
)
#: Numerals as accountants write them.
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾", "一二三四五六七八九十")
_FORMALLY = re.compile("[壹贰叁肆伍陆柒捌玖拾]+(?=[年月日号季亩元块百千万])")
_IN_A_CODE = re.compile(
    r"(?<![A-Za-z])([A-Za-z]{1,4}-?\d+)[。，、！~…·.]+(?=\d)|(?<=\d-)[。，、！~…·.]+(?=\d)|(?<=\d)(?:[。，、！~…·]|\.{2,})+(?=\d*-\d{3})"
)
#: 五保户 without its 保: nobody counts five households.
_FIVE = re.compile("(?<![一二三四五六七八九十百零])五户(?=有{0,2}[多几])|(?<=多少)五户|(?<=几个)五户")
_IN_A_YEAR = re.compile(r"(?<!\d)([12]\d{0,2})[。，、！~…·]+(\d{1,3})(?=年)")  # 202！5年
_DIGITS = dict(zip("零〇一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_UNITS = {"十": 10, "百": 100, "千": 1000}


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


@lru_cache(maxsize=50_000)
def _is_traditional(character: str) -> bool:
    return "一" <= character <= "鿿" and _converter().convert(character) != character


def tidy(text: str) -> str:
    """Half width, simplified, without what carries nothing: emoji, invisible marks, tripled characters, blanks between
    hanzi.
    """
    text = unicodedata.normalize("NFKC", text[: MAX_LENGTH * 2])[:MAX_LENGTH]
    if not text.isalnum():
        text = _EMOJI.sub(" ", _ZERO_WIDTH.sub("", text))
    if any(_is_traditional(character) for character in set(text)):
        text = str(_converter().convert(text))
    if text.isalnum():  # most messages have no mark
        return _REPEATED.sub(r"\1", text)
    text = text.translate(_FULL_WIDTH)
    text = _REPEATED.sub(r"\1", _THOUSANDS.sub("", text))
    text = _AROUND_MARKS.sub(r"\1", _BETWEEN_HANZI.sub("", text))
    return " ".join(text.split())


def normalise(text: str) -> str:
    """`tidy`, and without polite padding or marks around a question."""
    text = tidy(_with_commas(text)).strip(" 。．.，、！~-_")
    text = _FORMALLY.sub(lambda found: found[0].translate(_FORMAL), text)
    text = _FIVE.sub("五保户", text)
    text = _IN_A_YEAR.sub(lambda found: found[1] + found[2] if len(found[1] + found[2]) == 4 else found[0], text)
    text = _TWICE.sub(
        r"\1\2\3\4", _IN_A_CODE.sub(lambda found: found[1] or "", _MOST.sub("最", _VILLAGE.sub("村", text)))
    )
    stripped = _TAIL.sub("", _PADDING.sub("", text))
    text = stripped if stripped == text or len(_MARKS.sub("", stripped)) >= 2 else text
    return text if _ASKS.search(text) else _WHICH.sub("哪", text, count=1)


def _with_commas(text: str) -> str:
    """A story whose clauses only blanks part, with commas for them."""
    if (
        len(text) < _SEVERAL_CLAUSES
        or len(_SYLLABLES.findall(text)) < _SEVERAL_CLAUSES
        or re.search("[,，。；;]", text)
    ):
        return text
    clauses = _CLAUSES.split(text.strip())
    return "，".join(clauses) if len(clauses) > 1 and min(map(len, clauses)) >= _A_CLAUSE else text


def chinese_number(said: str) -> int | None:
    """A whole number in Chinese numerals below a hundred million: 两千三百 -> 2300, 二〇二六 -> 2026."""
    if said.isdigit():
        return int(said)
    if not said or any(c not in _DIGITS and c not in "十百千万" for c in said):
        return None
    if all(c in _DIGITS for c in said):
        return int("".join(str(_DIGITS[c]) for c in said))
    if "万" in said:
        above, _, below = said.partition("万")
        high, low = chinese_number(above), chinese_number(below) if below else 0
        return None if high is None or low is None else high * 10000 + low
    total, digit = 0, 0
    for character in said:
        if character in _DIGITS:
            digit = _DIGITS[character]
        else:
            total += (digit or 1) * _UNITS[character]
            digit = 0
    return total + digit
