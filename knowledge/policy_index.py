"""Finding the section that answers a question, among the county's documents and the national laws. Pure: no database.

A section's score is the sum of three parts, each of about the size of one: how well its words fit (BM25 over the terms of
`policy_words`), how well its document as a whole is about the question's topic (title, keywords, all of its text), and
whether it tells what is asked (who, how much, how, …). `coverage` is the part of the question's own words that the
document knows at all: where it is small, no document answers.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from knowledge import policy_words
from knowledge.policy_words import ASPECTS, Aspect, Question

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a document (谁能领) or one article of a law (第六条)."""

    heading: str
    text: str
    chapter: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One policy document or law, as it is searched and told."""

    kind: Literal["county", "law"]
    title: str
    sections: tuple[Section, ...]
    doc_no: str = ""
    issuer: str = ""
    issued: date | None = None
    effective: date | None = None
    expires: date | None = None
    audience: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A section that was found: its score, and the part (0 to 1) of the question's words that its document (`coverage`)
    and its title, keywords and audience (`topic`) know."""

    document: Document
    section: Section
    score: float
    coverage: float
    topic: float
    missing: frozenset[str] = frozenset()  # matters of their own that the question names and the document does not know


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much. Chosen on the development half of tests/data/policy_pairs.jsonl."""

    k1: float = 1.2
    b: float = 0.4
    heading: float = 4.0  # a word of the heading counts as so many of the text
    chapter: float = 0.7
    topic: float = 1.0  # a word of the title or keywords counts so much in each of the document's sections
    title: float = 4.0
    keyword: float = 4.0
    audience: float = 1.5
    asked: float = 1.6  # what villagers are known to ask of an article
    agreed: float = 0.8  # a known question that asks for the same (who, how much, how long)
    phrase_k1: float = 0.3
    phrase_b: float = 0.2
    document: float = 0.45
    county: float = 0.2  # the county's own documents before the laws
    says_more: float = 2.0  # an article that knows more of what is asked than the county's section before it
    named: float = 0.9  # the document that the conversation is about
    sum: float = 0.5  # a question for money is for the county's documents
    aspect: float = 0.35
    wording: float = 0.5  # a heading whose own characters the question has: 赔多少 rather than 交多少
    aspect_read: float = 0.14  # where only the wording of the text tells the aspect
    value: float = 0.2  # the kind of value that the question waits for stands in the text
    allowed: float = 0.12
    person: float = 0.14  # articles that begin with people and what they may or must do
    foreign: float = 1.5  # a county document whose title, keywords and audience share nothing with the question
    penalty: float = 0.4
    purpose: float = 1.0  # 为了…制定本法 answers nothing
    closing: float = 0.4  # the closing rules (附则)
    authority: float = 0.1  # articles that tell authorities what to do


DEFAULT = Weights()

#: So many of the best sections are looked at again before they are handed out.
REORDERED = 10


class _Postings:
    """BM25 over counted terms: `score` adds up the weights of a question's terms for all rows at once.

    All postings lie in two arrays, those of one term side by side: built in a fraction of the time of a list a term.
    """

    def __init__(self, rows: Sequence[Mapping[str, float]], k1: float, b: float) -> None:
        self.size = len(rows)
        self._numbers: dict[str, int] = {}
        numbers = self._numbers
        terms = array("i", [numbers.setdefault(term, len(numbers)) for row in rows for term in row])
        counts = np.array([count for row in rows for count in row.values()], np.float32)
        lengths = np.array([sum(row.values()) for row in rows] or [1.0], np.float32)
        owners = np.repeat(np.arange(self.size, dtype=np.int32), [len(row) for row in rows])
        held = np.bincount(terms, minlength=len(numbers))
        order = np.argsort(terms, kind="stable")
        norm = k1 * (1 - b + b * lengths / max(float(lengths.mean()), 1e-6))
        self._starts = np.concatenate(([0], np.cumsum(held)))
        self._rows = owners[order]
        self._rare = np.log(1 + (self.size - held + 0.5) / (held + 0.5)).astype(np.float32)
        self._values = (counts * (k1 + 1) / (counts + norm[owners]))[order].astype(np.float32)
        self._values *= np.repeat(self._rare, held)
        self._unknown = math.log(1 + (self.size + 0.5) / 0.5)

    def weight(self, term: str) -> float:
        """How rare a term is; one that no row has is the rarest."""
        number = self._numbers.get(term)
        return self._unknown if number is None else float(self._rare[number])

    def score(self, terms: Mapping[str, float]) -> Vector:
        """The BM25 score of every row, divided by what the known terms could give together."""
        total = np.zeros(self.size, np.float32)
        possible = 1e-6
        for term, weight in terms.items():
            number = self._numbers.get(term)
            if number is None:
                continue
            start, end = self._starts[number], self._starts[number + 1]
            total[self._rows[start:end]] += np.float32(weight) * self._values[start:end]
            possible += weight * float(self._rare[number])
        return total / np.float32(possible)


class PolicyIndex:
    """An index in memory over some documents; unchangeable, so that threads may share it."""

    def __init__(self, documents: Iterable[Document], weights: Weights = DEFAULT) -> None:
        self.documents = tuple(documents)
        self.weights = weights
        self._sections = [(number, s) for number, doc in enumerate(self.documents) for s in doc.sections]
        self._document_of = np.array([number for number, _ in self._sections], np.int32)
        texts = [policy_words.terms(section.text) for _, section in self._sections]
        topics = [self._topic_row(doc) for doc in self.documents]
        self._section_terms = _Postings(
            [
                self._section_row(text, section, topics[number])
                for text, (number, section) in zip(texts, self._sections, strict=True)
            ],
            weights.k1,
            weights.b,
        )
        phrases = [(row, policy_words.question(phrase)) for row, phrase in self._phrases()]
        self._phrase_of = np.array([row for row, _ in phrases], np.int32)
        held = [policy_words.terms(phrase.text) for _, phrase in phrases]
        self._phrase_rows = held
        self._phrase_terms = _Postings(held, weights.phrase_k1, weights.phrase_b)
        self._phrase_asks: dict[str, Vector] = {
            name: np.array([self._asks(row, phrase, name) for row, phrase in phrases], np.float32)
            for name in (*ASPECTS, *policy_words.words().kinds_read)
        }
        bodies: list[Counter[str]] = [Counter() for _ in self.documents]
        for (row, _), terms in zip(phrases, held, strict=True):
            bodies[self._sections[row][0]].update(terms.keys())
        for (number, section), text in zip(self._sections, texts, strict=True):
            bodies[number].update(text.keys())
            bodies[number].update(policy_words.terms(section.heading + "。" + section.chapter).keys())
        self._topics = topics
        self._bodies = bodies
        self._document_terms = _Postings(
            [
                {term: topic.get(term, 0.0) + min(body.get(term, 0), 3) * 0.4 for term in topic.keys() | body.keys()}
                for topic, body in zip(topics, bodies, strict=True)
            ],
            weights.k1,
            weights.b,
        )
        own = [s.heading if policy_words.heading_aspects(s.heading) else "" for _, s in self._sections]
        self._headings = sorted(set(own) - {""})
        numbers = {heading: number for number, heading in enumerate(self._headings)}
        self._heading_of = np.array([numbers.get(heading, len(numbers)) for heading in own], np.int32)
        self._describe()

    def search(self, asked: Question, limit: int = 5, favoured: str | None = None) -> list[Hit]:
        """The best sections, best first. `favoured` is the title of the document that the question names elsewhere."""
        if not self._sections:
            return []
        weights = self.weights
        document = self._document_terms.score(asked.terms)
        for number, doc in enumerate(self.documents):
            if doc.title == favoured:
                document[number] += np.float32(weights.named / weights.document)
            elif doc.kind == "county":
                document[number] += np.float32(self._county_bonus(number, asked) / weights.document)
        score = self._section_terms.score(asked.terms) + np.float32(weights.document) * document[self._document_of]
        score += np.float32(weights.asked) * self._asked(asked)
        score += np.float32(weights.wording) * self._worded(asked)
        score -= self._purpose * np.float32(weights.purpose)
        score -= self._closing * np.float32(weights.closing)
        score -= self._authority * np.float32(weights.authority)
        score += self._person * np.float32(weights.person)
        for name in asked.aspects[:2]:
            score += self._headed[name] * np.float32(weights.aspect)
            score += self._read[name] * np.float32(weights.aspect_read)
        for kind in asked.kinds:
            score += self._kinds[kind] * np.float32(weights.value)
        if asked.allowed:
            score += self._allowing * np.float32(weights.allowed)
        score += self._punishing * np.float32(weights.penalty if asked.penalty else -weights.penalty)
        best = [int(row) for row in np.argsort(-score, kind="stable")[: max(limit, REORDERED)]]
        self._prefer_the_law_that_says_more(best, score, asked)
        return [self._hit(row, float(score[row]), asked) for row in best[:limit]]

    def _prefer_the_law_that_says_more(self, best: list[int], score: Vector, asked: Question) -> None:
        """Puts an article first that knows what is asked, where the county's section before it knows only the topic."""
        kinds = [self.documents[self._sections[row][0]].kind for row in best]
        if asked.money or asked.giving or kinds[0] != "county" or "law" not in kinds:
            return
        law = best[kinds.index("law")]
        if score[best[0]] - score[law] < self.weights.says_more * (self._says(law, asked) - self._says(best[0], asked)):
            best.remove(law)
            best.insert(0, law)

    def _says(self, row: int, asked: Question) -> float:
        """The part of the question's content that a section, its document's topic and the phrases for it know."""
        number, section = self._sections[row]
        known = policy_words.terms(section.text).keys() | self._topics[number].keys()
        for at in np.flatnonzero(self._phrase_of == row) if self.documents[number].kind == "law" else ():
            known |= self._phrase_rows[int(at)].keys()
        worth = {term: self._section_terms.weight(term) for term in asked.content}
        return sum(value for term, value in worth.items() if term in known) / (sum(worth.values()) or 1.0)

    def _county_bonus(self, number: int, asked: Question) -> float:
        """How far a document of the county's own goes before the laws: as far as it knows what is asked about."""
        weights = self.weights
        topic, known = self._shared(number, asked)
        if self._missing(number, asked):
            return -weights.foreign
        if topic > 0.1:
            return weights.county * known + (weights.sum if asked.money else 0.0)
        foreign = weights.foreign * (0.3 if asked.giving or asked.money else 1.0)  # a law seldom gives
        return -foreign * (1 - topic / 0.1)

    def _missing(self, number: int, asked: Question) -> frozenset[str]:
        document = self.documents[number]
        if any(len(name) > 2 and name in asked.text for name in (document.title, *document.keywords)):
            return frozenset()  # the question names the document itself
        own = policy_words.words().matters & asked.terms.keys()
        return frozenset(t for t in own if t not in self._topics[number] and t not in self._bodies[number])

    def _phrases(self) -> Iterator[tuple[int, str]]:
        """What villagers are known to ask, with the section that it asks for."""
        known = policy_words.villagers_ask()
        for row, (number, section) in enumerate(self._sections):
            document = self.documents[number]
            text = "".join(section.text.split())
            if document.kind == "county":  # what a section tells of its document's topic may be asked of it
                yield row, "，".join((document.title, *document.keywords, section.heading, text))
                continue
            for phrase, asked in known.get(document.title, ()):
                if phrase in text:
                    yield from ((row, each) for each in asked)

    def _worded(self, asked: Question) -> Vector:
        """For every section with a heading of its own the part of the heading's characters that the question has."""
        shares = [len(set(heading) & set(asked.text)) / len(set(heading)) for heading in self._headings]
        return np.array([*shares, 0.0], np.float32)[self._heading_of]

    def _asks(self, row: int, phrase: Question, name: str) -> bool:
        number, section = self._sections[row]
        if self.documents[number].kind == "county":
            return name in policy_words.heading_aspects(section.heading)
        return name in phrase.aspects or name in phrase.kinds

    def _asked(self, asked: Question) -> Vector:
        """For every section how well the phrase for it that fits best covers the question."""
        found = np.zeros(len(self._sections), np.float32)
        if self._phrase_of.size:
            score = self._phrase_terms.score(asked.terms)
            agreed = sum((self._phrase_asks[name] for name in (*asked.aspects[:2], *asked.kinds)), start=0 * score)
            score *= 1 + np.float32(self.weights.agreed) * np.minimum(agreed, 1)
            np.maximum.at(found, self._phrase_of, score)
        return found

    def _hit(self, row: int, score: float, asked: Question) -> Hit:
        number, section = self._sections[row]
        topic, known = self._shared(number, asked)
        return Hit(self.documents[number], section, score, known, topic, self._missing(number, asked))

    def _shared(self, number: int, asked: Question) -> tuple[float, float]:
        """The parts of the question's words that a document's topic, and the whole of it, know."""
        topic, known, total = 0.0, 0.0, 1e-6
        for term, weight in asked.units:
            worth = weight * self._document_terms.weight(term)
            total += worth
            if term in self._topics[number]:
                topic += worth
                known += worth
            elif term in self._bodies[number]:
                known += worth
        return topic / total, known / total

    def _section_row(self, text: Mapping[str, float], section: Section, topic: Mapping[str, float]) -> dict[str, float]:
        row: dict[str, float] = dict(text)
        for term in topic:
            row[term] = row.get(term, 0.0) + self.weights.topic
        for words, weight in ((section.heading, self.weights.heading), (section.chapter, self.weights.chapter)):
            for term, count in policy_words.terms(words).items():
                row[term] = row.get(term, 0.0) + weight * count
        return row

    def _topic_row(self, doc: Document) -> dict[str, float]:
        row: dict[str, float] = {}
        weights = self.weights
        parts = [(doc.title, weights.title), (doc.audience, weights.audience)]
        parts += [(word, weights.keyword) for word in doc.keywords]
        for words, weight in parts:
            for term in policy_words.terms(words):
                row[term] = max(row.get(term, 0.0), weight)
        return row

    def _describe(self) -> None:
        """What does not depend on the question: what each section tells, and how."""
        size, lexicon = len(self._sections), policy_words.words()
        none = np.zeros(size, np.float32)
        self._headed: dict[Aspect, Vector] = {name: none.copy() for name in ASPECTS}
        self._read: dict[Aspect, Vector] = {name: none.copy() for name in ASPECTS}
        self._kinds: dict[str, Vector] = {name: none.copy() for name in lexicon.kinds_read}
        self._allowing, self._punishing = none.copy(), none.copy()
        self._purpose, self._closing = none.copy(), none.copy()
        self._authority, self._person = none.copy(), none.copy()
        for row, (number, section) in enumerate(self._sections):
            text = policy_words.plain(section.text)
            headed = policy_words.heading_aspects(section.heading)
            for name in headed:
                self._headed[name][row] = 1
            if not headed:
                for name in policy_words.text_aspects(text):
                    self._read[name][row] = 1
            for kind, pattern in lexicon.kinds_read.items():
                self._kinds[kind][row] = bool(pattern.search(text))
            self._allowing[row] = bool(lexicon.flags["allowed_reads"].search(text))
            if self.documents[number].kind == "law":
                chapter = "".join(section.chapter.split())
                self._purpose[row] = text.startswith("为") and "制定本" in text[:200]
                self._closing[row] = "附则" in chapter
                self._authority[row] = bool(_AUTHORITY.match(text))
                self._person[row] = bool(_PERSON.match(text))
                self._punishing[row] = bool(lexicon.flags["penalty_reads"].search(text)) and (
                    "责任" in chapter or "罚则" in chapter or text.startswith("违反本")
                )


#: An article that begins so tells authorities what to do, or people what they may or must do.
_AUTHORITY = re.compile(
    r"国务院|国家|县级以上|各级|省、自治区|地方|设区的市|[^，。；：]{0,24}(?:人民政府|部门|机构|机关|委员会)[^，。；：]{0,10}(?:应当|负责)"
)
_PERSON = re.compile(
    r"[^，。；：]{0,12}(?:村民|农民|公民|老年人|职工|失业人员|当事人|申请人|残疾人|人员|个人|赡养人|成员|承包方|双方|农户|信访人|"
    r"捐赠人|使用者|养殖者|操作人员|农民工|妇女|夫妻|居民|家庭|户主)"
)
