"""What is not told about private persons: who asks by name or for a number, and how that is declined.

Whether a person is named is decided by the question alone, never by looking the name up: otherwise being refused would
itself tell who stands on a list.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.sector import placeless
from bot.understanding.query import Query

HOW_TO_SEE = "名单只给本村村民看：看本村电视页面或到村委会看公示栏；用登记过的手机号发短信来问也行。"

#: Asks for what identifies or reaches a private person.
_PRIVATE = re.compile(
    r"身份证|身份号|证件号|证号|sfz|SFZ|手机|电话|号码|联系方式|联系上|微信号|银行卡|卡号|账号|账户|住址|地址|门牌|住哪|家在哪|全名|真名|实名|出生|年龄|多大岁数|生日"
)
#: … unless it is a number for everybody that is asked for.
_PUBLIC = re.compile(
    r"(?:监督|举报|投诉|咨询|服务|民政[局所]?|村委会?|镇里|办公|管护员?|维修|报修|保洁员?|热线|找谁|找哪个|该找|修的)(?:的|人|师傅)*(?:联系)?(?:电话|手机号?|号码|联系方式)?"
)
_LONG_NUMBER = re.compile(r"\d[\d*xX\- ]{5,}[\dxX]|(?:尾号|末四位|后四位|开头)\D{0,4}\d{3,}|\d{3,}\D{0,4}(?:开头|结尾)")

DATA = Path(__file__).parent.parent / "data" / "disclosure.yml"
#: What follows a short name in a question: 李月家领不领.
_AFTER_A_NAME = frozenset("家是有在能够领吃拿享评算被的和跟也就都咋户")
_NOT_HANZI = re.compile(r"[^一-鿿]+")


@dataclass(frozen=True, slots=True)
class _Words:
    """Characters that begin family names, characters between words, the words that are no name; 老王家."""

    families: frozenset[str]
    little: frozenset[str]
    whole: re.Pattern[str]
    household: re.Pattern[str]


def names_person(query: Query, ctx: Context) -> bool:
    """Whether a question names a person, as far as it can be read from the question alone."""
    text = unicodedata.normalize("NFKC", placeless(query, ctx))
    words = _words()
    if words.household.search(text):
        return True
    parts = words.whole.sub(" ", _NOT_HANZI.sub(" ", text)).split()
    return any(_is_name(part, words) for part in parts)


def asks_private(query: Query) -> bool:
    """Whether a question asks for somebody's number, address or full name, or gives a number to look somebody up by."""
    text = unicodedata.normalize("NFKC", query.text)
    return bool(_PRIVATE.search(_PUBLIC.sub("", text)) or _LONG_NUMBER.search(text))


def refused_person(what: str) -> Reply:
    """Declines to tell anything of one person, whoever asks."""
    return Reply(
        f"个人有没有{what}、身份证号和电话都不能查，也不能按人名查。",
        ("本人的事请带身份证到村委会或镇民政所问。", HOW_TO_SEE),
        intent="denied",
    )


def refused_list(public: str, facts: tuple[Fact, ...], details: tuple[str, ...] = ()) -> Reply:
    """Declines a list that names persons, with the part that is for everybody."""
    return Reply(f"{public}名单不对外村公开。", (*details, HOW_TO_SEE), facts, intent="denied")


def _is_name(part: str, words: _Words) -> bool:
    """Whether a piece that no word explains is a name or holds one: 崔翠莲, 李月, 那崔翠莲."""
    while part and part[0] in words.little and part[0] not in words.families:
        part = part[1:]
    for length in (2, 3):
        name, after = part[:length], part[length : length + 1]
        named = len(name) == length and name[0] in words.families and not words.little.issuperset(name)
        if named and (not after or after in _AFTER_A_NAME):
            return True
    pieces = "".join(" " if character in words.little else character for character in part).split()
    return any(piece[at] in words.families for piece in pieces for at in range(len(piece) - 1))


@cache
def _words(path: Path = DATA) -> _Words:
    stored = yaml.safe_load(path.read_text(encoding="utf-8"))
    longest_first = sorted(stored["words"].split(), key=len, reverse=True)
    families, little = (frozenset(stored[name].replace(" ", "")) for name in ("families", "little"))
    whole = re.compile("|".join(map(re.escape, longest_first)))
    return _Words(families, little, whole, re.compile(f"老[{''.join(families)}](?:家|头|太|汉|婆|爷|奶|二|三|大)"))
