"""Text -> [Query]: normalise, find names, words, dates and numbers, tell the intent. Pure: no I/O, no clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Any, cast

from bot.understanding import dates, parting
from bot.understanding.features import Masks
from bot.understanding.found import FLAGS, OWN, PLACES, SPOKEN, Analysis, Found, Ranked
from bot.understanding.matcher import BROKEN, SURE, Matcher, Mention, Utterance, choose
from bot.understanding.model import Model
from bot.understanding.normalise import chinese_number, normalise, tidy
from bot.understanding.parting import both
from bot.understanding.places import PlaceReader
from bot.understanding.query import Names, Query, Slots
from bot.understanding.spelling import ASKING, Speller
from bot.understanding.story import question_of

Words = Mapping[str, Any]

_PATTERNS = (
    ("title", re.compile(r"[“\"「『《‘'](?P<v>[^”\"」』》’'“《]{2,40})[”\"」』》’']")),
    (
        "voucher",
        re.compile(
            r"(?P<v>[记收付转现银]\d{4,8}-\d{4,12}-\d{1,4}|(?<![\d-])\d{4,8}-\d{4,12}-\d{1,4}(?![\d-])"
            r"|(?<=凭证)(?:号(?:码|是)?)?[记收付转现银]?字?第?\d[\d-]{2,30}|[记收付转现银]字?第?\d+(?:-\d+)*号?(?=(?:的|这个|那个)?凭证))"
        ),
    ),
    (
        "plot",
        re.compile(
            r"(?<![A-Za-z\d])(?P<v>\d{6}-?[A-Za-z]\d{1,3}|[A-Za-z]{1,3}\d{1,4}(?=号{0,2}[，。！、]?地|号{1,2}[弟递第帝笛]))(?!\d)(?:号{0,2}[，。！、]?[地弟递第帝笛])?"
        ),
    ),
    ("code", re.compile(r"(?<![A-Za-z\d])(?P<v>[A-Za-z]{1,4}-?\d{3,12})(?![\d年月])")),
)
#: Each of them holds a quotation mark or a digit; most messages hold neither.
_SAYS_ONE = re.compile(r"[“\"「『《‘'\d]")
_AMOUNT = re.compile(
    r"(?<![\d.几好数])(?P<v>(?:\d+(?:\.\d+)?|[一二两三四五六七八九十百千]+)(?:万|千|百)?(?P<u>公斤|斤|亩|头|只|吨|块钱|元|箱|车|袋|棵|株|岁|平米|平方米|公里|万元))|(?P<half>半亩|半吨|百岁)"
)
_STRAY = re.compile("(?<=[一-鿿])[，。！、；](?=[一-鿿])")
#: What may have been torn off a place's name: 凤凰台子！村, but not a question about 村里.
_PLACE_ENDS = re.compile("[村镇乡](?![里民委支书医主长]|上(?!上?个?月))")
_LAST = re.compile("上(?:个?月|半年|个?(?:星期|礼拜)|周|季)")
_VAGUE = re.compile(r"^一(?=[斤亩头只吨箱车袋棵株]|公斤)")
#: Below this confidence whoever is asked may want to ask back: the other readings are handed on.
_UNSURE = 0.9

_SAYS_ANYTHING = re.compile(r"[^\W_]")
#: What beside a name makes no question of it.
_SAYS_NOTHING = re.compile("[^一-鿿]|[的了呢啊呀吧嘛在是里那这个和跟与]")


class Understanding:
    """The embedded engine. Safe to share between threads; `with_names` gives one for other names."""

    def __init__(self, model: Model, words: Words, names: Names) -> None:
        self.model = model
        self.words = words if model.ours else {}
        self._masks = Masks(model.slots)
        self._known = frozenset(name[1:] for name in model.vocabulary if name[0] == "w")
        said = {
            s: {v: tuple(forms) for v, forms in values.items()} for s, values in self.words.get("names", {}).items()
        }
        self._eye = Matcher({s: v for s, v in said.items() if s in SPOKEN}, by_ear=False)
        elsewhere = {place: (place,) for place in self.words.get("elsewhere", ())}
        named = _merged(
            model.names, {s: v for s, v in said.items() if s not in SPOKEN} | {"elsewhere": elsewhere}, names
        )
        self._ear = Matcher(named, lookalikes=self.words.get("lookalikes", ()))
        terms = (*self.words.get("terms", ()), *_phrases(said))
        self._when = frozenset(self.words.get("when", ()))
        self._spelling = Speller((*model.spelling, *terms), self.words.get("when", ()))
        self._only_for = {slot: frozenset(intents) for slot, intents in self.words.get("only_for", {}).items()}
        self._places = PlaceReader(self.words, names, model.lexicon)
        self._remembered = lru_cache(maxsize=1024)(self._read)

    def with_names(self, names: Names) -> Understanding:
        """The same model for other names."""
        return Understanding(self.model, self.words, names)

    def parse(self, text: str, today: date) -> list[Query]:
        """The questions of a message, usually one; [] where there is nothing to read."""
        plain = self.plain(text)
        if not _SAYS_ANYTHING.search(plain):
            return []
        whole = self._query(plain, today)
        if not self.model.ours or "title" in whole.slots:
            return [whole]
        found = parting.several(
            whole.text,
            lambda part, intent: self._query(part, today, intent),
            lambda part: self._remembered(part, today),
            self.words.get("no_question", ()),
        )
        return found or [whole]

    def plain(self, text: str) -> str:
        """The form of a text that is read."""
        return self._mended(normalise(text)) if self.model.ours else tidy(text)

    def _mended(self, text: str) -> str:
        """The text without the stray marks that part a word (历！史) or stand before a particle (市场，的)."""
        words = self.model.lexicon

        def mend(found: re.Match[str]) -> str:
            before, after = text[max(found.start() - 2, 0) : found.start()], text[found.end() : found.end() + 4]
            broken = before[-1] + after[0] in words and not (before in words or after[:2] in words)
            torn = found[0] != "，" and (_PLACE_ENDS.match(after) or before[-1] in "的把被比")
            dated = (before[-1] == "年" and re.match("里|.{1,2}月", after)) or any(
                before[-left:] + after[:right] in self._when
                for left in (1, 2)
                for right in (1, 2, 3)
                if left + right > 2
            )
            return "" if broken or torn or dated or before[-1] == "最" or after[0] in "的了吗" else found[0]

        return _STRAY.sub(mend, text)

    def analyse(self, text: str, today: date) -> Analysis:
        """Names, words, dates and numbers of a normalised text."""
        return self._analyse(text, today)

    # --- intent ----------------------------------------------------------------------------------------------------

    def _read(self, text: str, today: date) -> tuple[Analysis, Ranked]:
        """What is in a text, and its intents with their confidence, best first."""
        found = self._analyse(text, today)
        return found, self.model.probabilities(found.features(self._known))

    def _query(self, text: str, today: date, intent: str | None = None) -> Query:
        """The text as one question; of `intent`, if that is known."""
        found, ranked = self._remembered(text, today)
        if self.model.ours and (question := question_of(found.text)):
            ranked = both(ranked, self._remembered(question, today)[1])
        if intent:
            ranked = {intent: ranked[intent], **ranked}
        (first, confidence), *others = islice(ranked.items(), 4)
        unsure = confidence < _UNSURE or first == "follow_up"
        readings = (Query(other, self._slots(found, other), share, found.text) for other, share in others if unsure)
        return Query(first, self._slots(found, first), confidence, found.text, tuple(others), tuple(readings))

    def _slots(self, found: Analysis, intent: str) -> Slots:
        """What was found of the slots that a question of an intent may have."""
        slots = {slot: value for slot, value in found.slots.items() if self._belongs(slot, intent)}
        if slots.pop("own_home", False) and not PLACES & slots.keys():
            slots["own_village"] = True
        return cast(Slots, slots)

    def _belongs(self, slot: str, intent: str) -> bool:
        allowed = self._only_for.get(slot)
        return allowed is None or intent in allowed

    # --- slots -----------------------------------------------------------------------------------------------------

    def _analyse(self, text: str, today: date) -> Analysis:
        said, mentions = self._named(text)
        if self.model.ours:
            chosen = choose(mentions)
            respelt = self._spelling.respelt(said, chosen)
            if respelt != text:
                said, mentions = self._named(respelt)
                chosen = choose(mentions)
            found = Found(said.text, said.tokens, self._masks)
            self._read_ours(found, mentions, chosen, said, today)
        else:
            found = Found(said.text, said.tokens, self._masks)
            for mention in choose(mention for mention in mentions if not mention.cost):
                found.take(mention)
                found.slots.setdefault(mention.slot, mention.values[0])
        left = found.left()
        words = [left[start:end] for start, end in said.words if left[start:end] == said.text[start:end]]
        return Analysis(
            *(found.as_written(), said.tokens, found.slots, found.spans, found.values, words),
            rest=_SAYS_NOTHING.sub("", left),
            whole=(*said.words, *found.taken),
        )

    def _named(self, text: str) -> tuple[Utterance, list[Mention]]:
        """A text made ready, and the names that may stand in it."""
        said = Utterance(text, self.model.lexicon.spans(text))
        mentions = self._ear.find(said)
        return said, self._plausible(mentions, text, said.words) if self.model.ours else mentions

    def _plausible(self, mentions: Iterable[Mention], text: str, words: Sequence[tuple[int, int]]) -> list[Mention]:
        read = []
        mentions = list(mentions)
        places = [mention for mention in mentions if mention.slot in {"village", "town"}]
        for mention in mentions:
            if not _readable(mention, text) or _torn(mention, words):
                continue
            if mention.slot in FLAGS and any(_torn_off(mention, place, text) for place in places):
                continue
            if self._places.plausible(mention, text):
                read.append(mention)
            elif self._places.leads(mention, text):
                read.append(mention._replace(cost=SURE))  # 树行养了多少鸡: to be asked about
        return read

    def _read_ours(
        self, found: Found, mentions: list[Mention], chosen: list[Mention], said: Utterance, today: date
    ) -> None:
        text, slots = found.text, found.slots
        places = self._places
        story_ends = len(text) - len(question_of(text) or text)
        by_span: dict[tuple[int, int], list[Mention]] = {}
        for mention in mentions:
            by_span.setdefault((mention.start, mention.end), []).append(mention)
        for slot, pattern in _PATTERNS if _SAYS_ONE.search(text) else ():
            for match in pattern.finditer(text):
                start, end = match.span()
                if slot in slots or not found.free(start, end):
                    continue
                if slot == "title" and any(m.start == start and m.end == end for m in chosen):
                    continue
                value = match["v"]
                slots[slot] = (
                    value.upper()
                    if slot in {"code", "plot"}
                    else value.removeprefix("号").removeprefix("码").removeprefix("是")
                )
                found.cover(slot, start, end)
                if slot == "code":  # its letters tell what is numbered: ZC an asset, GQ an offer
                    found.values.append(re.sub(r"[^A-Z]", "", slots[slot]))
        outside = [m for m in chosen if found.free(m.start, m.end) and m.slot != "elsewhere"]
        inside = [m for m in chosen if not found.free(m.start, m.end)]
        if "title" in slots:
            for mention in sorted(inside, key=lambda found: -found.start):
                if mention.cost and mention.sure and mention.said in slots["title"]:
                    slots["title"] = slots["title"].replace(mention.said, mention.surface)
        for period in dates.find(text, today):
            if any(
                period.start < m.end and m.start < period.end and m.length > period.end - period.start for m in outside
            ):
                continue
            if found.free(period.start, period.end):
                if period.start >= story_ends:
                    slots.setdefault("baseline" if period.baseline else "period", period.period)
                slot = "baseline" if period.baseline else "period"
                found.cover(slot, period.start, period.end)
        outside = [m for m in outside if found.free(m.start, m.end)]
        goods: list[str] = []
        in_question = any(m.slot == "commodity" and m.start >= story_ends for m in outside)
        for mention in outside:
            for twin in by_span[mention.start, mention.end]:  # 低保 is a policy and a relief: the intent tells which
                if twin.slot == "commodity" and in_question and twin.start < story_ends:
                    continue
                if twin.slot == "commodity":
                    goods += [value for value in twin.values[:1] if value not in goods]
                elif twin.slot in OWN:
                    if twin.start >= story_ends:
                        slots.setdefault(twin.slot, True)
                elif twin.slot not in PLACES and twin.slot != "elsewhere":
                    slots.setdefault(twin.slot, twin.values[0])
            found.take(mention)
        if goods:
            slots["commodity"] = goods[0]
            if len(goods) > 1:
                slots["commodities"] = tuple(goods)
        for match in _AMOUNT.finditer(text):
            if found.free(match.start(), match.end()) and not _VAGUE.match(match[0]):
                slots.setdefault("amount", _digits(match[0]))
                found.cover("amount", match.start(), match.end())
        elsewhere = [mention for mention in chosen if mention.slot == "elsewhere"]
        tells = "，" in text  # where a story without commas ends is only guessed
        asked = [m for m in outside if m.slot not in FLAGS or m.start >= story_ends or not tells]
        for slot, value in places.read(asked, inside, elsewhere, text, said.words, found.free, found.cover).items():
            slots[slot] = value
        for slot, value in self._spoken(said).items():
            slots.setdefault(slot, value)

    def _spoken(self, said: Utterance) -> dict[str, str]:
        longest: dict[str, Mention] = {}
        for mention in self._eye.find(said):
            known = longest.get(mention.slot)
            if known is None or mention.length > known.length:
                longest[mention.slot] = mention
        return {slot: mention.values[0] for slot, mention in longest.items()}


def _phrases(said: Names) -> Iterator[str]:
    """The ways in which spoken slots are said: the longer ones, since short ones sound like too much else, and those that ask."""
    for slot in SPOKEN & said.keys():
        for forms in said[slot].values():
            yield from (form for form in forms if len(form) >= 3 or set(form) & ASKING)


def _merged(trained: Names, said: Names, known: Names) -> dict[str, dict[str, tuple[str, ...]]]:
    """The names to look for: what the data know, with the other forms of them in our words and the training data;
    where the data know nothing of a slot, the training data's own. A value's own name never stands for another value.
    """
    merged: dict[str, dict[str, tuple[str, ...]]] = {}
    # of names said alike, such as a town's and its market's, the first is taken with the others beside it: ours first
    for slot in sorted({*trained, *said, *known}, key=lambda slot: (slot not in PLACES, slot == "elsewhere", slot)):
        values: dict[str, tuple[str, ...]] = {}
        for source in (said.get(slot, {}), known.get(slot, {})):
            for value, forms in source.items():
                values[value] = tuple(dict.fromkeys((*values.get(value, ()), *forms)))
        open_to_training = not known.get(slot)
        for value, forms in trained.get(slot, {}).items():
            if open_to_training or value in values:
                values[value] = tuple(dict.fromkeys((*values.get(value, ()), *forms)))
        merged[slot] = {
            value: tuple(form for form in forms if form == value or form not in known.get(slot, {}))
            for value, forms in values.items()
        }
    return merged


#: What is asked of an office, whose name then may be shortened: 派出电话.
_OF_AN_OFFICE = re.compile(
    "的?(?:今天|明天|[礼星周].{1,2})?(?:电话|号码|几点|上班|下班|在哪|地址|有人|有没有人|开门|关门)"
)

#: What hearing may cost a long name that is not a village's, and a place elsewhere.
_LONG_NAME = 1.2
_BY_EAR_ELSEWHERE = 0.6

#: What hearing 我们村 or 咱家 may cost: 张家 is somebody else's.
_BY_EAR_OWN = 0.5

#: What hearing a place elsewhere of two characters may cost, which must lead the message: 孪州白菜.
_LEADING = 0.4


def _torn(mention: Mention, words: Sequence[tuple[int, int]]) -> bool:
    """Whether the short name of a policy, account or list is the end of one word and the beginning of another: 占地补偿."""
    if mention.length > 2 or mention.slot not in {"policy", "subject", "relief"}:
        return False
    return all(any(start < at < end for start, end in words) for at in (mention.start, mention.end))


def _torn_off(flag: Mention, place: Mention, text: str) -> bool:
    """Whether 各村 or 村上 only begins within a place's name: 高各村, which lacks a character, and 树猩村上个月."""
    if not place.start < flag.start < place.end:
        return False
    if flag.slot == "county":
        return place.end == flag.end
    return place.end == flag.start + 1 and (place.sure or bool(_LAST.match(text, flag.end - 1)))


def _readable(mention: Mention, text: str) -> bool:
    """A name of one character is read only where nothing else can be meant: alone, or before its price; a longer one where
    it was heard well enough for its kind.
    """
    if mention.length > 1:
        if mention.cost and mention.slot == "commodity" and _PLACE_ENDS.match(text, mention.end):
            return False  # 彭子镇 is no town of 棒子
        if mention.slot == "elsewhere":
            return mention.cost <= _BY_EAR_ELSEWHERE and (
                len(mention.surface) >= 3 or mention.typed or (not mention.start and mention.cost <= _LEADING)
            )
        if mention.slot in OWN:
            return mention.typed or mention.cost <= (_BY_EAR_OWN if mention.said.isalnum() else BROKEN)
        shortened = mention.slot == "office" and _OF_AN_OFFICE.match(text, mention.end)
        likely = mention.cost <= _LONG_NAME and (len(mention.surface) >= 4 or shortened)
        return bool(mention.sure or mention.slot == "village" or likely)
    alone = not any(_is_hanzi(text[i]) for i in (mention.start - 1, mention.end) if 0 <= i < len(text))
    priced = mention.slot == "commodity" and bool(_PRICED.match(text, mention.end))
    return alone or priced


_PRICED = re.compile(
    r"(?:现在|今天|今儿|最近|昨天)?(?:多少|多些|啥价|什么价|几块|几毛|咋卖|怎么卖|卖|贵|便宜|的?价|涨|跌|行情)"
)


def _is_hanzi(character: str) -> bool:
    return "一" <= character <= "鿿"


def _digits(said: str) -> str:
    found = re.match(r"([一二两三四五六七八九十百千万]+)(.*)", said)
    number = chinese_number(found[1]) if found else None
    return f"{number}{found[2]}" if found and number is not None else said
