"""The intent model: a linear classifier over n-grams, kept as arrays. Serving needs numpy alone."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.understanding.features import KINDS
from bot.understanding.lexicon import Lexicon
from bot.understanding.query import Names

Floats = npt.NDArray[np.float32]


class ModelError(Exception):
    """A model file that cannot be read; the text says what to do."""


@dataclass(frozen=True)
class Model:
    """Weights (features × intents) as whole numbers with a scale for each intent, offsets, idf, and the temperature
    that calibrates confidence.

    `slots` are the entities of the training data, `names` their values as the data say them, `spelling` its words;
    `ours` tells that they are this project's slots, so that its own words, dates and places are read too. `data` is the
    training data's hash.
    """

    intents: tuple[str, ...]
    vocabulary: dict[str, int]
    idf: Floats
    weights: npt.NDArray[np.int8]
    scales: Floats
    offsets: Floats
    temperature: float
    lexicon: Lexicon = field(default_factory=Lexicon)
    slots: tuple[str, ...] = ()
    names: Names = field(default_factory=dict)
    spelling: tuple[str, ...] = ()
    ours: bool = False
    data: str = ""

    @cached_property
    def _vectorizer(self) -> Vectorizer:
        return Vectorizer(self.vocabulary, self.idf)

    def scores(self, found: Iterable[str]) -> Floats:
        """The decision value of each intent for the features of one message."""
        indexes, values = self._vectorizer(found)
        if not len(indexes):
            return self.offsets
        summed = values @ self.weights.take(indexes, axis=0).astype(np.float32)
        return np.asarray(summed * self.scales + self.offsets, dtype=np.float32)

    def probabilities(self, found: Iterable[str]) -> dict[str, float]:
        """Intents with their calibrated confidence, best first."""
        raised = self.scores(found) * self.temperature
        raised = np.exp(raised - raised.max())
        shares = (raised / raised.sum()).tolist()
        return {self.intents[at]: shares[at] for at in np.argsort(-raised).tolist()}

    def save(self, path: Path) -> None:
        """Write the model as compressed arrays; nothing in it is code."""
        about = {
            "intents": self.intents,
            "slots": self.slots,
            "names": {
                slot: {value: list(said) for value, said in values.items()} for slot, values in self.names.items()
            },
            "spelling": self.spelling,
            "ours": self.ours,
            "data": self.data,
            "temperature": self.temperature,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            np.savez_compressed(
                file,
                about=_bytes(json.dumps(about, ensure_ascii=False, sort_keys=True)),
                vocabulary=_bytes("\n".join(sorted(self.vocabulary, key=self.vocabulary.__getitem__))),
                lexicon=_bytes("\n".join(sorted(self.lexicon.words))),
                idf=self.idf.astype(np.float16),
                weights=self.weights,
                scales=self.scales,
                offsets=self.offsets,
            )
        part.replace(path)  # a running server reads the old model or the new one, never half of one


def load(path: Path) -> Model:
    """The model that `Model.save` wrote. Raises ModelError."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            about = json.loads(stored["about"].tobytes())
            words = stored["vocabulary"].tobytes().decode().split("\n")
            return Model(
                intents=tuple(about["intents"]),
                vocabulary={word: index for index, word in enumerate(words)},
                idf=stored["idf"].astype(np.float32),
                weights=stored["weights"],
                scales=stored["scales"],
                offsets=stored["offsets"],
                temperature=float(about["temperature"]),
                lexicon=Lexicon(stored["lexicon"].tobytes().decode().split("\n")),
                slots=tuple(about["slots"]),
                names={s: {v: tuple(said) for v, said in values.items()} for s, values in about["names"].items()},
                spelling=tuple(about["spelling"]),
                ours=bool(about["ours"]),
                data=str(about["data"]),
            )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path}: {error}; run `flask train` to make it anew") from None


def digest(parts: Iterable[bytes]) -> str:
    """The hash by which a model knows the data it was made from."""
    summed = hashlib.sha256()
    for part in parts:
        summed.update(len(part).to_bytes(8, "big") + part)
    return summed.hexdigest()[:32]


#: So that a kind of which a message has nothing divides nothing by zero.
_NOT_ZERO = 1e-9


class Vectorizer:
    """Features as (indexes, values): sublinear counts by idf, each kind brought to its own length."""

    def __init__(self, vocabulary: Mapping[str, int], idf: Floats) -> None:
        self._vocabulary = vocabulary
        self._idf = idf.astype(np.float64)
        kinds = {kind: number for number, kind in enumerate(KINDS)}
        self._kinds = np.zeros(len(vocabulary), dtype=np.uint8)  # small: it is looked up for each message
        for name, index in vocabulary.items():
            self._kinds[index] = kinds[name[0]]
        self._weights = np.array(list(KINDS.values()))

    def __call__(self, found: Iterable[str]) -> tuple[npt.NDArray[np.intp], Floats]:
        """Of one message; features that the vocabulary lacks are left out."""
        counts = Counter(map(self._vocabulary.get, found))
        counts.pop(None, 0)
        indexes = np.fromiter(counts, np.intp, len(counts))
        values = self._idf[indexes]
        if max(counts.values(), default=1) > 1:
            values *= 1 + np.log(np.fromiter(counts.values(), np.float64, len(counts)))
        kinds = self._kinds[indexes]
        lengths = np.bincount(kinds, values * values, len(self._weights))
        factors = self._weights / np.sqrt(lengths + _NOT_ZERO)
        return indexes, (values * factors[kinds]).astype(np.float32)


def _bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)
