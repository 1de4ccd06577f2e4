"""End to end on the sample county: is the right figure in the reply, is a wrong one ever told with confidence?

Each message of the evaluation set is asked twice: as it stands (or noisy), and with its intent and slots given, so that only
understanding differs between the two. The reply to the second is what is right. Trigger words that the set does not mark
(most, how much, who) are read from the clean text for both.

`wrong` is counted strictly: any reply that bears facts, asks nothing back and whose headline has other figures than the
right one. `told` are those among them that do not say that what was asked is not held (no such document, number, voucher
or record, and whom to ring instead). Both take in replies that no villager would be misled by: one that gives the same
figure among others, and one that reads the message better than the set has it marked.

    PYTHONPATH=. .venv/bin/python benchmarks/bench_answers.py [--errors] [--seed 1 2 3]
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bot import understanding
from bot.assistant import Assistant
from bot.messages import Address, Message, Reply
from bot.skills import SKILLS
from bot.understanding.query import Period, Query
from config import Settings
from knowledge import database, demo, names, places
from tests.noise import noisy
from tests.support import numbers

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 11, 23)
HOME = "130283116217"

#: Intents that answer about what was said before: alone they have no figure.
IN_CONTEXT = {"follow_up", "repeat", "slower", "more", "detail", "deny", "greet", "help", "thanks", "goodbye"}
SPOKEN = {"extreme", "direction", "aspect", "side", "indicator", "level", "policy"}


#: Says that what was asked is not held.
DECLINES = re.compile("没有登记您问的|没有文件|没有您问的|账上没有|没查到|没有查到")


class Given:
    """A parser that is told what the message means."""

    def __init__(self) -> None:
        self.query = Query("out_of_scope")

    def parse(self, text: str, today: date) -> list[Query]:
        return [self.query]

    def with_names(self, known: Any) -> Given:
        return self


def meant(example: dict[str, Any], read: Query) -> Query:
    """The query that an example stands for."""
    slots: dict[str, Any] = {name: value for name, value in read.slots.items() if name in SPOKEN}
    for name in example.get("unscored", ()):
        if name in read.slots:
            slots[name] = read.slots[name]  # type: ignore[literal-required]
    for name, value in example["slots"].items():
        if name in {"period", "baseline"}:
            start, end = (date.fromisoformat(part) for part in value.split("/"))
            slots[name] = Period(start, end, _grain(start, end), "")
        else:
            slots[name] = tuple(value) if isinstance(value, list) else value
    return Query(example["intent"], slots, 1.0, read.text or example["text"])  # type: ignore[arg-type]


def _grain(start: date, end: date) -> Any:
    if start == end:
        return "day"
    if (start.month, start.day, end.month, end.day) == (1, 1, 12, 31):
        return "year"
    if start.day == 1 and (end + timedelta(1)).day == 1 and (end - start).days < 31:
        return "month"
    return "week" if start.weekday() == 0 and (end - start).days == 6 else "span"


def verdict(example: dict[str, Any], right: Reply, given: Reply) -> str:
    """right · wrong (another figure, told as the answer) · other (asked back, declined or passed by)."""
    wanted = numbers(right.headline)
    said = numbers("\n".join((given.headline, *given.details)))
    if right.headline in given.headline or (wanted and wanted <= said and right.intent == given.intent):
        return "right"
    if not right.facts and not given.facts and right.intent == given.intent:
        return "right"  # declined, and so it should be
    if not given.facts or given.choices:
        return "other"
    return "wrong" if numbers(given.headline) != wanted else "other"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--errors", action="store_true")
    options.add_argument("--seed", type=int, nargs="+", default=[1], help="of the noise; a row for each")
    chosen = options.parse_args()
    examples = [json.loads(line) for line in (ROOT / "tests/data/evaluation.jsonl").read_text("utf-8").splitlines()]
    examples = [example for example in examples if example["intent"] not in IN_CONTEXT]
    gazetteer = places.load()
    with tempfile.TemporaryDirectory() as folder:
        engine = database.connect(f"sqlite:///{folder}/county.db")
        settings = Settings(today=TODAY)
        demo.ensure(engine, TODAY, interactive=False)
        sessions = database.sessions(engine)
        with sessions() as session:
            known = names.collect(session, gazetteer)
        reader = understanding.load().with_names(known)
        told = Given()

        def assistant(parser: Any) -> Assistant:
            return Assistant(sessions, parser, SKILLS, gazetteer, settings.now, lambda *_: known, lambda _: "1")

        ours, oracle = assistant(understanding.embedded()), assistant(told)

        def ask(who: Assistant, text: str, sender: str) -> Reply:
            message = Message(Address("bench", sender), text, settings.now(), village=HOME, operator=True)
            return who.answer(message)

        print(f"{'':9}{'messages':>9}{'right':>9}{'wrong':>9}{'told':>9}{'declined as it should be':>28}")
        for seed in (None, *chosen.seed):
            kind = "clean" if seed is None else f"noisy {seed}"
            counts: Counter[str] = Counter()
            declined, told_wrong = [0, 0], 0
            for number, example in enumerate(examples):
                text = example["text"] if seed is None else noisy(example, gazetteer, seed)
                read = reader.parse(example["text"], TODAY)
                told.query = meant(example, read[0] if read else Query("out_of_scope"))
                right = ask(oracle, example["text"], f"right {kind} {number}")
                given = ask(ours, text, f"given {kind} {number}")
                found = verdict(example, right, given)
                counts[found] += 1
                told_wrong += found == "wrong" and not DECLINES.search(given.headline)
                if example["tag"] in {"out of scope", "other place or year"}:
                    declined[0] += found == "right"
                    declined[1] += 1
                if chosen.errors and found != "right":
                    print(
                        f"  {found:6} {text}\n         {given.intent}: {given.headline}\n         not {right.intent}: {right.headline}"
                    )
            total = sum(counts.values())
            shares = f"{counts['right'] / total:9.4f}{counts['wrong'] / total:9.4f}{told_wrong / total:9.4f}"
            print(f"{kind:9}{total:9}{shares}{declined[0] / declined[1]:28.4f}", flush=True)
        engine.dispose()


if __name__ == "__main__":
    main()
