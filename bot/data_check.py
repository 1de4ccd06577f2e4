"""Whether the training data are in order: run by the tests and by whoever adds a sentence (`python -m bot.data_check`).

Each check returns what is wrong as sentences that name the file; an empty list is good.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bot import understanding
from bot.understanding import training
from bot.understanding.engine import Understanding
from bot.understanding.normalise import normalise, tidy
from bot.understanding.query import Slots
from bot.understanding.training import Data, Example

#: Fewer examples than this do not show how differently people ask.
ENOUGH = 25

#: The share of examples of one intent that may read alike once names and marks are taken out.
ALIKE = 0.5

_MARKS = re.compile(r"[\W_]+")


def files(data: Data) -> list[str]:
    """Each intent has a file of its own name, and no other intent stands in it."""
    by_file: dict[str, set[str]] = defaultdict(set)
    for example in data.examples:
        by_file[example.file].add(example.intent)
    return [
        f"{file}: holds {', '.join(sorted(intents))}; each intent has its own file {{intent}}.yml"
        for file, intents in sorted(by_file.items())
        if intents != {Path(file).stem}
    ]


def enough(data: Data) -> list[str]:
    """Each intent has enough examples, and they are not one sentence with other names."""
    wrong = []
    by_intent: dict[str, list[Example]] = defaultdict(list)
    for example in data.examples:
        by_intent[example.intent].append(example)
    for intent, examples in sorted(by_intent.items()):
        if len(examples) < ENOUGH:
            wrong.append(f"{intent}.yml: {len(examples)} examples, at least {ENOUGH} are needed")
        shapes: dict[str, int] = defaultdict(int)
        for example in examples:
            shapes[shape(example)] += 1
        commonest, count = max(shapes.items(), key=lambda item: item[1])
        if count > ALIKE * len(examples):
            wrong.append(f"{intent}.yml: {count} of {len(examples)} examples read “{commonest}”; vary them")
    return wrong


def shape(example: Example) -> str:
    """The sentence with each annotated name as its slot, without marks: [玉米](commodity)多少钱 -> {commodity}多少钱."""
    text, at = "", 0
    for start, end, entity, _ in sorted(example.entities):
        text += example.text[at:start] + "{" + entity + "}"
        at = end
    return normalise(text + example.text[at:])


def entities(data: Data) -> list[str]:
    """Annotated entities are slots that the skills know, and no annotation is left unread in a text."""
    known = set(Slots.__annotations__)
    wrong = []
    for example in data.examples:
        wrong += [
            f"{example.file}: “{example.text}” annotates {entity}, which is no slot of bot/understanding/query.py"
            for _, _, entity, _ in example.entities
            if entity not in known
        ]
        if any(mark in example.text for mark in "[]{}") or "](" in example.text:
            wrong.append(f"{example.file}: “{example.text}” has an annotation that cannot be read")
    return wrong


def doubles(data: Data) -> list[str]:
    """No sentence stands twice, neither in one intent nor in two."""
    wrong = []
    seen: dict[str, Example] = {}
    for example in data.examples:
        known = seen.setdefault(_MARKS.sub("", tidy(example.text)).lower(), example)
        if known is not example:
            wrong.append(f"{example.file}: “{example.text}” stands in {known.file} as “{known.text}” already")
    return wrong


def stolen(data: Data, engine: Understanding) -> list[str]:
    """Each example is understood as its own intent by the trained model."""
    wrong = []
    read = training.read_all(training.reader(data, engine.words), data)
    known = training.shared_words(read)
    for example, found in zip(data.examples, read, strict=True):
        ranked = engine.model.probabilities(found.features(known))
        best, confidence = next(iter(ranked.items()))
        if best != example.intent:
            wrong.append(f"{example.file}: “{example.text}” is understood as {best} ({confidence:.2f})")
    return wrong


def near(data: Data, words: Mapping[str, Any]) -> list[str]:
    """Examples that a model which has not seen them takes for another intent; worth a look, no error."""
    rows = training.rows(training.reader(data, words), data)
    scores, first, intents = training.held_out(rows)
    guessed = scores.argmax(axis=1)
    true = np.searchsorted(np.array(intents), rows.labels[first])
    return [
        f"{example.file}: “{example.text}” would be taken for {intents[guessed[index]]}"
        for index, example in enumerate(data.examples)
        if guessed[index] != true[index]
    ]


def shipped(data: Data, words: Mapping[str, Any], engine: Understanding) -> list[str]:
    """The shipped model is the one that these data and words give."""
    if engine.model.data != training.fingerprint(data, words):
        return ["bot/model is not made from bot/data as it stands; run `flask train` and commit the model"]
    return []


def domain(data: Data, path: Path, answered: Iterable[str], about: str) -> list[str]:
    """domain.yml names the intents and entities of the data; each intent is answered and stands in docs/intents.md.

    `answered` are the intents that a skill or the conversation answers, `about` the text of docs/intents.md.
    """
    stored = yaml.safe_load(path.read_text(encoding="utf-8"))
    declared = {name if isinstance(name, str) else next(iter(name)) for name in stored.get("intents", ())}
    named = {name if isinstance(name, str) else next(iter(name)) for name in stored.get("entities", ())}
    trained = {example.intent for example in data.examples}
    used = {entity for example in data.examples for _, _, entity, _ in example.entities}
    wrong = [f"domain.yml: intent {name} has no examples" for name in sorted(declared - trained)]
    wrong += [f"domain.yml: intent {name} is missing" for name in sorted(trained - declared)]
    wrong += [f"domain.yml: entity {name} is missing" for name in sorted(used - named)]
    wrong += [f"{name}.yml: no skill answers this intent" for name in sorted(trained - set(answered))]
    wrong += [f"no examples for {name}, which a skill answers" for name in sorted(set(answered) - trained)]
    wrong += [f"docs/intents.md: {name} is missing" for name in sorted(trained) if f"`{name}`" not in about]
    return wrong


def main() -> int:
    """Print what is wrong and what is near to it; 1 where something is wrong."""
    data, words, engine = training.read(understanding.DATA / "nlu"), understanding.load_words(), understanding.load()
    wrong = [
        *files(data),
        *enough(data),
        *entities(data),
        *doubles(data),
        *stolen(data, engine),
        *shipped(data, words, engine),
    ]
    for line in wrong:
        print(line)
    for line in near(data, words):
        print("near:", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
