"""`flask train`: training data -> model. `flask evaluate`: how well a model understands a file of messages."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import with_appcontext

from bot import understanding
from bot.understanding.engine import Understanding
from bot.understanding.model import ModelError
from bot.understanding.query import Period, Query

if TYPE_CHECKING:
    from app import Service


@click.command("train")
@click.option(
    "--data", type=click.Path(exists=True, path_type=Path), help="A Rasa NLU file or folder; ours if not given."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the model goes; ours if not given.")
def train(data: Path | None, out: Path | None) -> None:
    """Make a model from training data. A running server takes up our own new model with the next message."""
    from bot.understanding import training

    began = time.perf_counter()
    try:
        read = training.read(data or understanding.DATA / "nlu")
    except training.DataError as error:
        raise click.ClickException(str(error)) from None
    model = training.train(read, understanding.load_words())
    path = out or understanding.MODEL
    model.save(path)
    size = path.stat().st_size / 1e6
    click.echo(
        f"{len(read.examples)} examples, {len(model.intents)} intents, {len(model.vocabulary)} features: "
        f"{path} ({size:.1f} MB) in {time.perf_counter() - began:.1f} s"
    )


@click.command("evaluate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Ours if not given.")
@click.option("--json", "to_json", is_flag=True, help="Print the scores as JSON.")
@click.option("--errors", is_flag=True, help="Print each message that was not understood as expected.")
@with_appcontext
def evaluate(file: Path, model: Path | None, to_json: bool, errors: bool) -> None:
    """Score a model on FILE: a JSON object a line, {"text", "intent", "slots"}; the top intent counts."""
    service: Service = current_app.extensions["xiangyin"]
    try:
        engine = understanding.load(model or understanding.MODEL)
    except ModelError as error:
        raise click.ClickException(str(error)) from None
    if engine.model.ours:
        engine = engine.with_names(service.names())
    try:
        messages = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        result = score(engine, messages, service.settings.now().date())
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f'{file}: each line is an object with "text" and "intent": {error}') from None
    if to_json:
        click.echo(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        click.echo(
            f"intent accuracy {result.accuracy:.4f}   macro-F1 {result.macro_f1:.4f}   slot F1 {result.slot_f1:.4f}"
        )
        for (expected, predicted), count in result.confusions.most_common(20):
            click.echo(f"{count:5}  {expected} -> {predicted}")
    if errors:
        for line in result.errors:
            click.echo(line, err=to_json)


@dataclass
class Score:
    """Counts of an evaluation."""

    expected: list[str] = field(default_factory=list)
    predicted: list[str] = field(default_factory=list)
    slots_right: int = 0
    slots_expected: int = 0
    slots_found: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        """The share of messages whose intent is right."""
        return sum(a == b for a, b in zip(self.expected, self.predicted, strict=True)) / max(len(self.expected), 1)

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the intents that are expected or predicted."""
        right = Counter(a for a, b in zip(self.expected, self.predicted, strict=True) if a == b)
        wanted, given = Counter(self.expected), Counter(self.predicted)
        every = wanted.keys() | given.keys()
        return sum(2 * right[name] / (wanted[name] + given[name]) for name in every) / max(len(every), 1)

    @property
    def slot_f1(self) -> float:
        """F1 over pairs of slot and value; 1 where none is expected and none found."""
        total = self.slots_expected + self.slots_found
        return 2 * self.slots_right / total if total else 1.0

    @property
    def confusions(self) -> Counter[tuple[str, str]]:
        """How often an intent was taken for another."""
        return Counter((a, b) for a, b in zip(self.expected, self.predicted, strict=True) if a != b)

    def as_json(self) -> dict[str, Any]:
        """The result as the contract of `flask evaluate --json` has it."""
        return {
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "slot_f1": self.slot_f1,
            "confusions": [
                {"expected": expected, "predicted": predicted, "count": count}
                for (expected, predicted), count in self.confusions.most_common()
            ],
        }


def score(engine: Understanding, messages: Iterable[Mapping[str, Any]], today: date) -> Score:
    """Parse each message and count what is right, of two questions in one the first.

    Only slots that the messages name anywhere are counted, and not those in a message's list `unscored`.
    """
    result = Score()
    messages = list(messages)
    counted = {slot for message in messages for slot in message.get("slots") or {}}
    for message in messages:
        queries = engine.parse(message["text"], today) or [Query("", text=message["text"])]
        scored = counted - set(message.get("unscored", ()))
        expected = {pair for slot, value in (message.get("slots") or {}).items() for pair in pairs(slot, value)}
        found = {pair for slot, value in queries[0].slots.items() if slot in scored for pair in pairs(slot, value)}
        result.expected.append(message["intent"])
        result.predicted.append(queries[0].intent)
        if message.get("slots") is not None:
            result.slots_right += len(expected & found)
            result.slots_expected += len(expected)
            result.slots_found += len(found)
        if queries[0].intent != message["intent"] or (message.get("slots") is not None and expected != found):
            result.errors.append(
                f"{message['text']}\t{message['intent']} -> {queries[0].intent} {queries[0].confidence:.2f}\t"
                f"missing {sorted(expected - found)}\textra {sorted(found - expected)}"
            )
    return result


def pairs(slot: str, value: object) -> Iterable[tuple[str, str]]:
    """A slot's value as comparable pairs: a period by its two dates, several values one by one."""
    if isinstance(value, Period):
        yield slot, f"{value.start}/{value.end}"
    elif isinstance(value, Mapping) and "start" in value:
        yield slot, f"{value['start']}/{value['end']}"
    elif isinstance(value, (list, tuple)):
        yield from ((slot, str(each)) for each in value)
    else:
        yield slot, str(value)


COMMANDS = (train, evaluate)
