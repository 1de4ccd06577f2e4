"""Everyday words that are misspelt or typed as pinyin -> as they are written. Pure once built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.understanding import syllables
from bot.understanding.matcher import Matcher, Mention, choose
from bot.understanding.syllables import Token

#: What hearing a word may cost: a wrong character of its sound, two of them in a longer word.
_MOST = {2: 0.45, 3: 0.8}
_MOST_LONGER = 0.85

_QUOTED = re.compile(r"[“\"「『《‘'][^”\"」』》’']*[”\"」』》’']")
_OR_NOT = re.compile("([一-鿿])[不没]\\1")  # 酸不酸
_QUOTES = frozenset("“”\"「」『』《》‘’'")
_ASKING = frozenset("哪啥咋谁")  # 哪天 is no misspelt 那天
#: A longer word that sounds the same is meant rather than the shorter one in it: 窄基地 is 宅基地 and not 基地.
_BY_SOUND = 2.4

#: Within quotation marks only words of this length are put right: a title is said as it is.
_LONG = 4

_MARKS = re.compile(r"[\W_]+")
_MEASURES = {"nian": "年", "yue": "月", "hao": "号", "lu": "路"}
_AFTER_FIGURE = re.compile(r"(?<=\d)[一-鿿](?![一-鿿]*级)")


class Speller:
    """Knows the words of the training data and those for dates; leaves names and the short words of what is quoted alone."""

    def __init__(self, words: Iterable[str], when: Iterable[str]) -> None:
        known = {word: (word,) for word in (*when, *words) if len(word) >= 2}
        self._matcher = Matcher({"word": known})

    def respelt(
        self, text: str, tokens: Sequence[Token], words: Sequence[tuple[int, int]], names: Sequence[Mention]
    ) -> str:
        """The text with misspelt words put right outside `names`, and stray marks taken out of words and names."""
        taken = [(mention.start, mention.end) for mention in names] + [found.span() for found in _OR_NOT.finditer(text)]
        quoted = [found.span() for found in _QUOTED.finditer(text)]
        ends = dict(words)
        heard = [
            mention
            for mention in self._matcher.find(text, tokens, words)
            if mention.cost <= _MOST.get(len(mention.surface), _MOST_LONGER)
            and _ASKING & set(mention.said) <= set(mention.surface)
            and not (_QUOTES & set(mention.said))
            and (mention.cost or ends.get(ends.get(mention.start, 0)) != mention.end)  # a pair as it should be
            and not any(mention.start < end and start < mention.end for start, end in taken)
            and (len(mention.surface) >= _LONG or not any(start <= mention.start < end for start, end in quoted))
        ]
        broken = [name for name in names if not name.typed and name.length > len(_MARKS.sub("", name.said))]
        for mention in sorted([*choose(heard, _BY_SOUND), *broken], key=lambda found: -found.start):
            if mention.cost:
                right = _MARKS.sub("", mention.said) if mention in broken else mention.surface
                text = text[: mention.start] + right + text[mention.end :]
        return _AFTER_FIGURE.sub(_measure, text)


def _measure(found: re.Match[str]) -> str:
    """2009辗 -> 2009年: what sounds like a year, a month, a day or a bus line behind a figure is one."""
    said = syllables.readings(found[0])
    return _MEASURES.get(said[0].rstrip("12345"), found[0]) if said else found[0]
