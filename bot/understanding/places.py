"""Which place is meant: villages, towns, namesakes, places heard but not sure, places that are none of ours. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.understanding import syllables
from bot.understanding.lexicon import Lexicon
from bot.understanding.matcher import BROKEN, Mention
from bot.understanding.query import Names

_TAILS = ("村", "社区", "居委会", "村委会")
_SUFFIX = re.compile(r"村委会|[村镇乡屯县区省]|街道|(?<!超)(?<!城)(?<!集)(?<!早)(?<!夜)市(?![场里价面民])")

#: Characters that end what stands before a place's name, or begin what stands behind it.
_BOUNDARY = frozenset(
    "问查看在去到的和跟是与及或，。？、；：从离把说对给有我俺咱你您他这那今昨前上下年月日号天了吗呢想要用找住咋啥哪谁着里"
)
_DOING = frozenset("修包管租卖借当给为回进出住过买建种养分盖")
_MODIFIERS = frozenset("东西南北前后大小上下新老中")
_ASKING = re.compile(r"^[哪几各每这那全本某啥]|哪个|什么|多少|几个|[这那]个")

#: Villages are compared, so the place that is named has several.
_AMONG_VILLAGES = re.compile("(?:[哪各几]|哪几?个|哪些|几个|多少个|每个)村")

#: Behind one of these, or to begin with, even one character before 镇 is a name: 在庄镇.
_AT = re.compile("(?:^|[在到])$")

#: A title that a province or a state confers is no place elsewhere: 河北省文明村.
_HONOUR = re.compile("省?级?(?:(?:文明|卫生|生态|示范|先进)[村镇户]|美丽|好人|模范|劳模)")

_MONTH = re.compile("[一二三四五六七八九十]{1,2}月")

#: Who or what of a village is meant, and not its name.
_OFFICER = re.compile("主任|长|支书|书记|干部|民|代表|会计|医|规|务")
_WHICH_VILLAGE = frozenset(
    f"{word}村" for word in "两几邻外同该贵另每各一二三四五六七八九十进出下驻到回离修建并撤合老新大小空包串个些头"
)

#: The most that guessing a village may cost; farther off it is another place.
_GUESS = 1.15

Free = Callable[[int, int], bool]
Cover = Callable[[str, int, int], None]


class PlaceReader:
    """Reads places out of a text in which names have been found."""

    def __init__(self, words: Mapping[str, Any], names: Names, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._ordinary = frozenset(words.get("ordinary", ()))
        self._no_place = frozenset(words.get("no_place", ()))
        self._ours = frozenset(
            form for slot in ("village", "town", "market", "county") for v in names.get(slot, {}).values() for form in v
        )
        self._town_of = {form: code for code, forms in names.get("town", {}).items() for form in forms}
        self._towns = tuple(self._town_of)

    def plausible(self, mention: Mention, text: str) -> bool:
        """Whether a place is meant where its name stands: short ones need a sign, ordinary words a 村 or their town."""
        if mention.slot == "own_village" and mention.said[0] == "村":  # 松村上月: what is left of a name
            return mention.start != 1 or not _is_hanzi(text[0]) or text[0] in _BOUNDARY | _DOING
        if mention.slot == "county" and text[: mention.start].endswith("哪"):  # 哪各村 is 哪个村
            return False
        if mention.slot in {"own_town", "county"} and mention.cost and not mention.typed:  # 重安镇: 俺镇; 哪个村: 各村
            before = text[: mention.start]
            return (_opens(before) and not before.endswith("哪")) or before[-1] in _DOING
        if mention.slot not in {"village", "town"}:
            return True
        before, after = text[: mention.start], text[mention.end :]
        if mention.slot == "town":
            if mention.surface.endswith(("镇", "街道", "乡")):
                return True
            if mention.cost:
                return len(mention.surface) >= 3
            return _opens(before) or _closes(after) or _sounds_like_town(after)
        if before.endswith(self._towns):
            return True
        tailed = mention.surface.endswith(_TAILS) and (mention.typed or mention.said.endswith("村"))
        bare = mention.said.removesuffix("村")
        if mention.cost > BROKEN and not mention.typed:
            if bare in self._lexicon or len(bare) < 2 or mention.cost > _GUESS:
                return False
            named = tailed or after.startswith("村")
            return named or len(mention.surface) >= 3 if mention.sure else named and self._whole(mention, text)
        if tailed or after.startswith(_TAILS):
            return True
        if mention.surface in self._ordinary or mention.surface in self._lexicon:
            return False
        return len(mention.surface) >= 3 or (not mention.typed and _opens(before) and _closes(after))

    def leads(self, mention: Mention, text: str) -> bool:
        """Whether a message begins with a village's name as written, though without 村: too little to be sure."""
        if mention.slot != "village" or mention.cost or mention.start or mention.length < 2:
            return False
        ordinary = mention.surface in self._ordinary or mention.surface in self._lexicon
        return not ordinary and len(text) > mention.end

    def _whole(self, mention: Mention, text: str) -> bool:
        """Whether a guessed village is all of the name that stands there: not 台子村 in 凤凰台子村."""
        tail = mention.end - 1 if mention.said.endswith("村") else mention.end
        start = self._start(text, tail, self._lexicon.spans(text), lambda first, last: True)
        return start >= mention.start

    def read(
        self,
        outside: Sequence[Mention],
        inside: Sequence[Mention],
        elsewhere: Sequence[Mention],
        text: str,
        words: Sequence[tuple[int, int]],
        free: Free,
        cover: Cover,
    ) -> dict[str, Any]:
        """The place slots of a text. `inside` are names within a title: they count where no other place is named."""
        found = self._ours_named(outside, text, words) or self._ours_named(inside, text, words)
        flags = [mention.slot for mention in outside if mention.slot in {"own_village", "own_town", "county"}]
        strange = self._strange(elsewhere, text, words, free, cover)
        if strange and ("village" not in found or self._leads(strange, outside, text)):
            town = {"town": found["town"]} if "town" in found else {}
            return town | {"unknown_place": strange}
        if any(slot in found for slot in ("village", "villages", "town", "unknown_place")):
            return found
        return dict.fromkeys(flags, True)

    def _ours_named(self, mentions: Sequence[Mention], text: str, words: Sequence[tuple[int, int]]) -> dict[str, Any]:
        towns = [value for m in mentions if m.slot == "town" for value in m.values]
        villages = [m for m in mentions if m.slot == "village"]
        if not villages:
            certain = [m for m in mentions if m.slot == "town" and len(m.values) == 1]
            if certain or not towns:
                return {"town": certain[0].values[0]} if certain else {}
            return {"unknown_place": next(m.said for m in mentions if m.slot == "town")}  # 店子镇: of two that end so
        mention = villages[0]
        codes = mention.values
        if mention.said in self._town_of and (_AMONG_VILLAGES.search(text) or _sounds_like_town(text[mention.end :])):
            return {"town": self._town_of[mention.said]}
        within = tuple(code for code in codes if code[:9] in towns)
        codes = within or codes
        doubtful = not mention.sure or (not within and _modified(mention.start, text, words))
        if len(codes) == 1 and not doubtful:
            return {"village": codes[0]}
        return {"villages": tuple(sorted(codes))}

    def _leads(self, strange: str, mentions: Sequence[Mention], text: str) -> bool:
        """Whether a place elsewhere stands right before a village's name: 滦州的刘庄子村 is none of ours."""
        end = text.find(strange) + len(strange)
        return any(m.slot == "village" and text[end : m.start] in {"", "的"} for m in mentions)

    def _strange(
        self, elsewhere: Sequence[Mention], text: str, words: Sequence[tuple[int, int]], free: Free, cover: Cover
    ) -> str | None:
        """A place that is named but is none of ours, as said."""
        for match in _SUFFIX.finditer(text):
            start = self._start(text, match.start(), words, free)
            said = text[start : match.end()]
            least = 1 if match[0] == "村" or (match[0] == "镇" and _AT.search(text[:start])) else 2
            if (
                len(said) - len(match[0]) < least
                or not free(start, match.end())
                or not self._is_name(said, match[0], words, match)
                or (match[0] != "村" and _HONOUR.match(text, match.end()))
            ):
                continue
            cover("unknown_place", start, match.end())
            return said
        for mention in elsewhere:
            if free(mention.start, mention.end) and not _HONOUR.match(text, mention.end):
                cover("unknown_place", mention.start, mention.end)
                return mention.values[0]
        return None

    def _is_name(self, said: str, suffix: str, words: Sequence[tuple[int, int]], match: re.Match[str]) -> bool:
        if said in self._ours or said in self._no_place or any(said.endswith(w) for w in self._no_place if len(w) >= 2):
            return False
        if _ASKING.search(said) or said in _WHICH_VILLAGE:
            return False
        if suffix == "村" and _OFFICER.match(match.string, match.end()):  # 罢免村主任: a word before a title
            before = [start for start, end in words if end == match.start() and end - start >= 2]
            if before:
                return False
        # 农村, 小区, 乡镇: an everyday word that only ends like a place
        return not any(start < match.start() < end for start, end in words)

    @staticmethod
    def _start(text: str, end: int, words: Sequence[tuple[int, int]], free: Free) -> int:
        """Where the name before a suffix begins: at a boundary, else after at most four characters of whole words."""

        def inside(at: int) -> bool:
            return _is_hanzi(text[at]) and free(at, at + 1) and text[at] not in _BOUNDARY

        at = end
        while at > 0 and end - at < 5 and inside(at - 1):
            at -= 1
        if at == 0 or not inside(at - 1):
            return at
        at = end
        while at > 0 and inside(at - 1):
            word = next((span for span in words if span[1] == at), (at - 1, at))
            if end - word[0] > 4:
                break
            at = word[0]
        return at


def _sounds_like_town(after: str) -> bool:
    """Whether a misspelt 镇 follows: 五重安臻."""
    said = syllables.readings(after[0]) if after and _is_hanzi(after[0]) else ()
    return bool(said) and syllables.folded(said[0]) == syllables.folded("zhen4") and after[0] not in "真怎"


def _is_hanzi(character: str) -> bool:
    return "一" <= character <= "鿿"


def _modified(start: int, text: str, words: Sequence[tuple[int, int]]) -> bool:
    """Whether 东, 大, 新 … stands right before a name: 东高各庄村 need not be 高各庄村."""
    if start == 0 or text[start - 1] not in _MODIFIERS:
        return False
    return not any(first < start <= last for first, last in words)


def _opens(before: str) -> bool:
    return not before or before[-1] in _BOUNDARY or not _is_hanzi(before[-1])


def _closes(after: str) -> bool:
    return (
        not after
        or after[0] in _BOUNDARY
        or not _is_hanzi(after[0])
        or bool(_MONTH.match(after))
        or after.startswith(("多少", "花", "收", "修", "低保", "支出"))
    )
