"""The intent model: a linear classifier over n-grams, kept as arrays. Serving needs numpy alone."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    def _idf(self) -> list[float]:
        return [float(each) for each in self.idf]  # a list is faster to look up in

    def scores(self, found: Iterable[str]) -> Floats:
        """The decision value of each intent for the features of one message."""
        indexes, values = vector(found, self.vocabulary, self._idf)
        if not len(indexes):
            return self.offsets
        summed = values @ self.weights[indexes].astype(np.float32)
        return np.asarray(summed * self.scales + self.offsets, dtype=np.float32)

    def probabilities(self, found: Iterable[str]) -> list[tuple[str, float]]:
        """Intents with their calibrated confidence, best first."""
        raised = self.scores(found) * self.temperature
        raised = np.exp(raised - raised.max())
        shares = raised / raised.sum()
        order = np.argsort(-shares)
        return [(self.intents[at], share) for at, share in zip(order.tolist(), shares[order].tolist(), strict=True)]

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


def vector(
    found: Iterable[str], vocabulary: Mapping[str, int], idf: Sequence[float]
) -> tuple[npt.NDArray[np.intp], Floats]:
    """Features as (indexes, values): sublinear counts by idf, each kind brought to its own length."""
    counts = Counter(found)
    indexes: list[int] = []
    values: list[float] = []
    lengths = dict.fromkeys(KINDS, 0.0)
    kinds: list[str] = []
    for name, count in counts.items():
        index = vocabulary.get(name)
        if index is None:
            continue
        value = (1 + math.log(count) if count > 1 else 1.0) * idf[index]
        indexes.append(index)
        values.append(value)
        kinds.append(name[0])
        lengths[name[0]] += value * value
    factors = {kind: KINDS[kind] / math.sqrt(length) for kind, length in lengths.items() if length}
    scaled = [value * factors[kind] for value, kind in zip(values, kinds, strict=True)]
    return np.array(indexes, dtype=np.intp), np.array(scaled, dtype=np.float32)


def _bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)
