"""Everyday words that are misspelt or typed as pinyin -> as they are written. Pure once built."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from bot.understanding import syllables
from bot.understanding.matcher import Matcher, Mention, Utterance, choose

#: What hearing a word may cost: a wrong character of its sound, two of them in a longer word.
_MOST = {2: 0.45, 3: 0.8}
_MOST_LONGER = 0.85
#: What it may cost in a short word for a year or a day (今娘), and to hear one wrong character of a longer word for what asks (谁泥道).
_DATE, _ONE = 0.6, 0.45

_QUOTED = re.compile(r"[“\"「『《‘'][^”\"」』》’']*[”\"」』》’']")
_OR_NOT = re.compile("([一-鿿])[不没]\\1")  # 酸不酸
_QUOTES = frozenset("“”\"「」『』《》‘’'")
_TRADES = {"买", "卖"}  # they sound alike, but neither is a misspelling of the other
ASKING = frozenset("哪啥咋谁")  # 哪天 is no misspelt 那天
#: Within quotation marks only words of this length are put right: a title is said as it is.
_LONG = 4

_MARKS = re.compile(r"[\W_]+")
#: What a character is by its neighbour and its sound: 就月 -> 九月, 尚月 -> 上月; 七阅 -> 七月; 2009辗 -> 2009年; 增么 -> 怎么; 鼻去年 -> 比去年.
_BY_NEIGHBOUR = (
    (
        re.compile("(?<![一二三四五六七八九十])[一-鿿](?=月(?![底初末亮饼嫂子]))"),
        {"yi": "一", "er": "二", "san": "三", "si": "四", "wu": "五", "liu": "六", "qi": "七", "ba": "八", "jiu": "九"}
        | {"shi": "十", "shang": "上"},
    ),
    (re.compile("(?<=[一二三四五六七八九十])[一-鿿]"), {"yue": "月"}),
    (re.compile("(?![笔币毕])[一-鿿](?=[去前往]年|上个?月|昨天|前天|上周|年初)"), {"bi": "比"}),
    (re.compile("[一-鿿](?=么)"), {"zen": "怎", "zeng": "怎", "shen": "什", "sen": "什"}),
    (re.compile(r"(?<=\d)[一-鿿](?![一-鿿]*级)"), {"nian": "年", "yue": "月", "hao": "号", "lu": "路"}),
)


class Speller:
    """Knows `words` and those for dates (`when`); leaves names and the short words of what is quoted alone."""

    def __init__(self, words: Iterable[str], when: Collection[str]) -> None:
        self._dates = frozenset(word for word in when if len(word) == 2 and word[1] in "年天")
        known = {word: (word,) for word in (*when, *words) if len(word) >= 2}
        self._matcher = Matcher({"word": known}, tolerant=False)

    def _likely(self, mention: Mention) -> bool:
        """Whether so much may be misspelt of a word."""
        word, said = mention.surface, mention.said
        if not mention.cost:
            return len(word) > 2 or said[0] != said[1]  # 养养 is 养 twice
        most = _DATE if word in self._dates else _MOST.get(len(word), _MOST_LONGER)
        if mention.cost > most or _QUOTES & set(said) or _TRADES in [{*each} for each in zip(said, word, strict=False)]:
            return False
        if len(word) == 2:
            return ASKING & set(said) <= set(word) and said[:1] != said[1:]
        return mention.cost <= _ONE or ASKING & set(said) <= set(word)

    def respelt(self, utterance: Utterance, names: Sequence[Mention]) -> str:
        """The text with misspelt words put right outside `names`, and stray marks taken out of words and names."""
        text = _by_neighbour(utterance.text, utterance.words)
        taken = [(mention.start, mention.end) for mention in names] + [found.span() for found in _OR_NOT.finditer(text)]
        quoted = [found.span() for found in _QUOTED.finditer(text)]
        ends = dict(utterance.words)
        heard = [
            mention
            for mention in self._matcher.find(utterance)
            if self._likely(mention)
            and (mention.cost or ends.get(ends.get(mention.start, 0)) != mention.end)  # a pair as it should be
            and not any(mention.start < end and start < mention.end for start, end in taken)
            and (len(mention.surface) >= _LONG or not any(start <= mention.start < end for start, end in quoted))
        ]
        broken = [
            name for name in names if name.cost and not name.typed and name.length > len(_MARKS.sub("", name.said))
        ]
        if not broken and not any(mention.cost for mention in heard):
            return text
        chosen = choose(heard)
        beside = choose(mention for mention in heard if mention.cost and _beside(mention, chosen))
        for mention in sorted([*chosen, *beside, *broken], key=lambda found: -found.start):
            if mention.cost:
                right = _MARKS.sub("", mention.said) if mention in broken else mention.surface
                text = text[: mention.start] + right + text[mention.end :]
        return text


def _beside(word: Mention, chosen: Iterable[Mention]) -> bool:
    """Whether a misspelt word shares only what is right with those chosen: 郊多少 beside 多少钱."""
    if word.length != len(word.surface):
        return False
    wrong = [word.start + at for at, (a, b) in enumerate(zip(word.said, word.surface, strict=True)) if a != b]
    return not any(
        other.start < word.end and word.start < other.end
        if other.cost
        else any(other.start <= at < other.end for at in wrong)
        for other in chosen
    )


def _by_neighbour(text: str, words: Iterable[tuple[int, int]]) -> str:
    """The text with what belongs to a figure, a time or 么 put right, outside its `words`."""
    inside = {at for start, end in words for at in range(start, end)}
    for pattern, by_sound in _BY_NEIGHBOUR:
        for found in pattern.finditer(text):
            said = syllables.readings(found[0])
            if said and found.start() not in inside:
                right = by_sound.get(said[0].rstrip("12345"), found[0])
                text = text[: found.start()] + right + text[found.end() :]
    return text
