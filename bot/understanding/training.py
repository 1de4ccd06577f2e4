"""Rasa-format training data -> a model. Only `flask train` imports this, and scikit-learn with it."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from bot.understanding.engine import Understanding
from bot.understanding.features import Masks, features, masked, strange
from bot.understanding.found import Analysis
from bot.understanding.lexicon import LONGEST, Lexicon
from bot.understanding.model import Model, Vectorizer, digest
from bot.understanding.query import Slots
from bot.understanding.syllables import Token

_ANNOTATION = re.compile(r"\[(?P<text>[^\]]+)\](?:\((?P<short>[^)]+)\)|(?P<long>\{[^}]*\}))")

#: What a date is read against in training, where only its place in the sentence matters.
ANY_DAY = date(2026, 6, 15)
SEED = 20260601
COST = 1.0
FOLDS = 4

#: A word of jieba's dictionary is everyday from this frequency on, unless it is a proper name by its tag.
_EVERYDAY = 50
_SEVERAL, _TWICE = 3, 2
#: The longest pair of words that is heard as one.
_PAIR = 6
_PROPER = ("nr", "ns", "nt", "nz")

#: Open classes: their values in the data are examples, never a list to look for.
_OPEN = frozenset(
    {
        "village",
        "villages",
        "town",
        "title",
        "voucher",
        "code",
        "plot",
        "period",
        "baseline",
        "amount",
        "unknown_place",
        "own_village",
        "own_town",
        "county",
    }
)


class DataError(Exception):
    """Training data that cannot be used; the text names the file and the mistake."""


@dataclass(frozen=True, slots=True)
class Example:
    """One training sentence with its intent and annotated spans (start, end, entity, value)."""

    text: str
    intent: str
    entities: tuple[tuple[int, int, str, str], ...] = ()
    file: str = ""


@dataclass(frozen=True)
class Data:
    """What a folder of Rasa files says: examples, and names by slot and value from lookups, synonyms, annotations."""

    examples: tuple[Example, ...]
    names: Mapping[str, Mapping[str, tuple[str, ...]]]
    hash: str

    @property
    def slots(self) -> tuple[str, ...]:
        """The entities of the data."""
        return tuple(sorted({entity for e in self.examples for _, _, entity, _ in e.entities} | set(self.names)))

    @property
    def ours(self) -> bool:
        """Whether the entities are this project's slots, so that its own words, dates and places are read too."""
        return bool(self.slots) and set(self.slots) <= set(Slots.__annotations__)


@dataclass(frozen=True)
class Rows:
    """Training sentences as rows of features; `groups` tells which rows are versions of one sentence."""

    matrix: csr_matrix
    labels: Any
    groups: Any
    vocabulary: dict[str, int]
    idf: Any
    first: Any = field(default=None)


def read(path: Path) -> Data:
    """The training data of a Rasa file or folder. Raises DataError."""
    files = sorted([*path.rglob("*.yml"), *path.rglob("*.yaml")]) if path.is_dir() else [path]
    examples: list[Example] = []
    names: dict[str, dict[str, dict[str, None]]] = {}
    synonyms: dict[str, str] = {}
    contents: list[bytes] = []
    for file in files:
        try:
            content = file.read_bytes()
            stored = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
        except (OSError, yaml.YAMLError) as error:
            raise DataError(f"{file}: {error}") from None
        blocks = stored.get("nlu") if isinstance(stored, dict) else None
        if not blocks:
            continue
        contents.append(content)
        for block in blocks:
            lines = _lines(block.get("examples", ""))
            if block.get("intent"):
                examples += [_example(line, str(block["intent"]), file.name) for line in lines if line]
            elif "lookup" in block:
                for line in lines:
                    names.setdefault(str(block["lookup"]), {}).setdefault(line, {})[line] = None
            elif "synonym" in block:
                synonyms |= dict.fromkeys(lines, str(block["synonym"]))
    if len({example.intent for example in examples}) < 2:
        raise DataError(f"{path}: fewer than two intents with examples; a file of Rasa's format has `nlu:` at its top")
    examples = [_with_synonyms(example, synonyms) for example in examples]
    for example in examples:
        for start, end, entity, value in example.entities:
            if entity not in _OPEN:
                names.setdefault(entity, {}).setdefault(value, {})[example.text[start:end]] = None
    for values in names.values():
        for said, value in synonyms.items():
            if value in values:
                values[value][said] = None
        named = {said for value, forms in values.items() for said in forms if said != value}
        for said in named & values.keys():  # of a lookup: only a form of the value that others name
            if list(values[said]) == [said]:
                del values[said]
    return Data(
        tuple(examples),
        {slot: {v: tuple(forms) for v, forms in values.items()} for slot, values in names.items()},
        digest(contents),
    )


def _lines(block: object) -> list[str]:
    if isinstance(block, list):
        return [str(item.get("text", "") if isinstance(item, dict) else item).strip() for item in block]
    return [line.strip()[1:].strip() for line in str(block).splitlines() if line.strip().startswith("-")]


def _example(line: str, intent: str, file: str) -> Example:
    text, entities, at = "", [], 0
    for found in _ANNOTATION.finditer(line):
        text += line[at : found.start()]
        start = len(text)
        text += found["text"]
        if found["short"]:
            entity, _, value = found["short"].partition(":")
        else:
            try:
                extra: dict[str, Any] = yaml.safe_load(found["long"])
                entity, value = str(extra["entity"]), str(extra.get("value", ""))
            except (yaml.YAMLError, KeyError, TypeError):
                raise DataError(f"{file}: annotation {found['long']} in “{line}” has no entity") from None
        entities.append((start, len(text), entity.strip(), value.strip() or found["text"]))
        at = found.end()
    return Example(text + line[at:], intent, tuple(entities), file)


def _with_synonyms(example: Example, synonyms: Mapping[str, str]) -> Example:
    entities = tuple(
        (start, end, entity, synonyms.get(value, value) if value == example.text[start:end] else value)
        for start, end, entity, value in example.entities
    )
    return replace(example, entities=entities)


def everyday_words() -> Lexicon:
    """The everyday words of jieba's dictionary (MIT licence), for the model to carry."""
    import jieba

    words = []
    with Path(jieba.__file__).with_name("dict.txt").open(encoding="utf-8") as file:
        for line in file:
            word, frequency, tag = line.split()
            if 2 <= len(word) <= LONGEST and int(frequency) >= _EVERYDAY and not tag.startswith(_PROPER):
                words.append(word)
    return Lexicon(words)


def _spelling(data: Data, lexicon: Lexicon) -> tuple[str, ...]:
    """The everyday words that stand in several sentences, the most frequent first; then pairs of neighbours, in which
    two wrong characters are heard where either word by itself would be too short.
    """
    words: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for text in {example.text for example in data.examples}:
        spans = lexicon.spans(text)
        words.update({text[start:end] for start, end in spans})
        pairs.update({text[a[0] : b[1]] for a, b in pairwise(spans) if a[1] == b[0] and b[1] - a[0] <= _PAIR})
    return (*_frequent(words, _SEVERAL), *_frequent(pairs, _TWICE))


def _frequent(counts: Counter[str], least: int) -> Iterator[str]:
    """What was counted so often, the most frequent first."""
    return (said for said, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if count >= least)


def train(data: Data, words: Mapping[str, Any]) -> Model:
    """A calibrated linear model of the data; `words` are this project's own, read only where the data's slots are ours."""
    engine = reader(data, words)
    table = rows(engine, data)
    intents = tuple(sorted(set(table.labels)))
    temperature = _temperature(table, intents)
    weights, offsets = _fitted(table.matrix, table.labels, table.groups, len(intents))
    scales = np.abs(weights).max(axis=1) / 127
    whole = np.rint(weights / scales[:, None]).astype(np.int8)
    used = np.flatnonzero(np.abs(whole).any(axis=0))
    ordered = sorted(table.vocabulary, key=table.vocabulary.__getitem__)
    return replace(
        engine.model,
        intents=intents,
        vocabulary={ordered[index]: place for place, index in enumerate(used)},
        idf=table.idf[used],
        weights=np.ascontiguousarray(whole[:, used].T),
        scales=scales.astype(np.float32),
        offsets=offsets.astype(np.float32),
        temperature=temperature,
    )


def fingerprint(data: Data, words: Mapping[str, Any]) -> str:
    """The hash of all that a model is made from: the data and, where they are ours, our words."""
    return digest(
        [data.hash.encode(), json.dumps(words, ensure_ascii=False, sort_keys=True).encode() if data.ours else b""]
    )


def reader(data: Data, words: Mapping[str, Any]) -> Understanding:
    """An engine that knows the data's names but no intent yet."""
    lexicon = everyday_words()
    nothing = Model(
        ("none",), {}, np.zeros(0, np.float32), np.zeros((0, 1), np.int8), np.ones(1, np.float32), np.zeros(1, np.float32), 1.0,
        lexicon, data.slots, data.names, _spelling(data, lexicon), data.ours, fingerprint(data, words),
    )  # fmt: skip
    return Understanding(nothing, words, {})


def analysed(engine: Understanding, example: Example, masks: Masks) -> Analysis:
    """The example as the engine reads it, with those annotated names masked that only other names would show."""
    text = example.text
    plain = engine.plain(text)
    found = engine.analyse(plain, ANY_DAY)
    spans, hidden = list(found.spans), []
    for start, end, entity, _ in example.entities:
        at = start if plain == text else plain.find(text[start:end])
        mask = masks.of(entity)
        if mask and at >= 0:
            stretch = (at, at + end - start)
            if not any(stretch[0] < e and s < stretch[1] for s, e, _ in spans):
                spans.append((*stretch, mask))
                hidden.append(stretch)
    word_spans = engine.model.lexicon.spans(plain)
    taken = [(s, e) for s, e, _ in spans]
    words = [plain[s:e] for s, e in word_spans if not any(s < te and ts < e for ts, te in taken)]
    return replace(found, spans=spans, words=words) if hidden else found


def read_all(engine: Understanding, data: Data) -> list[Analysis]:
    """Each example as the engine reads it."""
    masks = Masks(data.slots)
    return [analysed(engine, example, masks) for example in data.examples]


def shared_words(read: Iterable[Analysis]) -> frozenset[str]:
    """The words of several examples: what another example would know of a message that is not among them."""
    counts = Counter(word for found in read for word in set(found.words))
    return frozenset(word for word, count in counts.items() if count > 1)


def rows(engine: Understanding, data: Data) -> Rows:
    """The data as rows of features: each sentence, and where the data are ours its noisy versions too."""
    chance = random.Random(SEED)  # noqa: S311 - seeded on purpose
    found_rows: list[list[str]] = []
    labels: list[str] = []
    groups: list[int] = []
    distinct: Counter[str] = Counter()
    read = read_all(engine, data)
    known = shared_words(read)
    for number, (example, found) in enumerate(zip(data.examples, read, strict=True)):
        tokens = masked(found.tokens, found.spans)
        plain = list(found.features(known))
        distinct.update(set(plain))
        versions = [plain]
        if data.ours:  # others' messages are taken to be written as their examples are
            new = strange(found.words, known)
            versions.append([*features(tokens, (), found.values, characters=False), new])
            versions += [[*features(noisy, (), found.values), new] for noisy in _noisy(tokens, chance)]
        found_rows += versions
        labels += [example.intent] * len(versions)
        groups += [number] * len(versions)
    kept = sorted(distinct)
    vocabulary = {name: index for index, name in enumerate(kept)}
    total = len(data.examples)
    idf = np.array([np.log((1 + total) / (1 + distinct[name])) + 1 for name in kept], dtype=np.float32)
    idf = idf.astype(np.float16).astype(np.float32)  # as they are stored
    return Rows(_matrix(found_rows, vocabulary, idf), np.array(labels), np.array(groups), vocabulary, idf)


def _noisy(tokens: list[Token], chance: random.Random) -> list[list[Token]]:
    """The same sentence as it arrives: a character lost, doubled, or another one of the same sound."""
    out = []
    for _ in range(2):
        changed = list(tokens)
        for _ in range(chance.choice((1, 1, 2))):
            plain = [
                i
                for i, t in enumerate(changed)
                if t.readings and not t.typed and len(t.surface) == 1 and t.surface < "\ue000"
            ]
            if not plain or len(changed) < 4:
                break
            at = chance.choice(plain)
            what = chance.random()
            if what < 0.3:
                del changed[at]
            elif what < 0.45:
                changed.insert(at, changed[at])
            else:  # another character of the same sound: the character says nothing, the sound stays
                token = changed[at]
                changed[at] = Token("\ufffd", token.start, token.end, token.readings)
        out.append(changed)
    return out


def _matrix(rows: Sequence[Iterable[str]], vocabulary: Mapping[str, int], idf: Any) -> csr_matrix:
    indptr, indices, values, vectorizer = [0], [], [], Vectorizer(vocabulary, idf)
    for row in rows:
        index, value = vectorizer(row)
        indices.append(index)
        values.append(value)
        indptr.append(indptr[-1] + len(index))
    return csr_matrix(
        (np.concatenate(values), np.concatenate(indices), indptr), shape=(len(rows), len(vocabulary)), dtype=np.float32
    )


def _fitted(matrix: csr_matrix, labels: Any, groups: Any, count: int) -> tuple[Any, Any]:
    """Weights and offsets with a row for each intent: two intents share one row in scikit-learn.

    A sentence counts once, however many versions it has.
    """
    fitted = LinearSVC(C=COST * len(np.unique(groups)) / len(groups), random_state=SEED)
    fitted.fit(matrix, labels)
    if count == 2:
        return np.vstack([-fitted.coef_, fitted.coef_]), np.concatenate([-fitted.intercept_, fitted.intercept_])
    return fitted.coef_, fitted.intercept_


def held_out(table: Rows, folds: int = FOLDS) -> tuple[Any, Any, tuple[str, ...]]:
    """Scores of each sentence by models that have not seen it, the row numbers of the sentences, and the intents."""
    first = np.unique(table.groups, return_index=True)[1]
    labels = table.labels[first]
    intents = tuple(sorted(set(labels)))
    scores = np.zeros((len(first), len(intents)), dtype=np.float32)
    for known, held in StratifiedKFold(folds, shuffle=True, random_state=SEED).split(first, labels):
        inside = np.isin(table.groups, table.groups[first[known]])
        weights, offsets = _fitted(table.matrix[inside], table.labels[inside], table.groups[inside], len(intents))
        scores[held] = table.matrix[first[held]] @ weights.T + offsets
    return scores, first, intents


def _temperature(table: Rows, intents: tuple[str, ...]) -> float:
    """The factor on the scores under which held-out sentences are as often right as they say."""
    smallest = min(Counter(table.labels[np.unique(table.groups, return_index=True)[1]]).values())
    if smallest < FOLDS:
        return 4.0
    scores, first, _ = held_out(table)
    true = np.searchsorted(np.array(intents), table.labels[first])

    def loss(temperature: float) -> float:
        logits = scores * temperature
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[np.arange(len(true)), true] - np.log(np.exp(logits).sum(axis=1))
        return float(-chosen.mean())

    return float(min(np.linspace(1, 15, 57), key=loss))
