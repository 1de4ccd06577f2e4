"""The evaluation set is sound, and its noise is noise: seeded, always there, never in a figure."""

import json
import re
from collections import Counter

import pytest

from knowledge.places import Places
from tests.conftest import ROOT
from tests.noise import doubled, dropped, homophone, noisy, romanised, traditional

EXAMPLES = [json.loads(line) for line in (ROOT / "tests/data/evaluation.jsonl").read_text("utf-8").splitlines()]


def test_the_evaluation_set_is_large_varied_and_without_repeats() -> None:
    assert len(EXAMPLES) >= 800
    tags = Counter(example["tag"] for example in EXAMPLES)
    assert set(tags) >= {
        "clean", "typo", "homophone", "pinyin", "dialect", "ellipsis", "long-winded", "two-in-one",
        "other place or year", "out of scope",
    }  # fmt: skip
    assert len({example["text"] for example in EXAMPLES}) == len(EXAMPLES)
    assert len({example["intent"] for example in EXAMPLES}) >= 40


def test_every_message_changes_and_the_same_way_for_the_same_seed(gazetteer: Places) -> None:
    for example in EXAMPLES:
        changed = noisy(example, gazetteer, 1)
        assert changed != example["text"]
        assert changed == noisy(example, gazetteer, 1)
    different = sum(noisy(e, gazetteer, 1) != noisy(e, gazetteer, 2) for e in EXAMPLES)
    assert different > len(EXAMPLES) * 0.8


def test_figures_stay_as_they_are(gazetteer: Places) -> None:
    import unicodedata

    for example in EXAMPLES:
        said = re.findall(r"\d", example["text"])
        assert re.findall(r"\d", unicodedata.normalize("NFKC", noisy(example, gazetteer, 3))) == said, example["text"]


def test_a_named_thing_is_mostly_hit(gazetteer: Places) -> None:
    named = [e for e in EXAMPLES if "万宝沟" in e["text"]]
    assert sum("万宝沟" not in noisy(e, gazetteer, 5) for e in named) > len(named) / 3


@pytest.mark.parametrize(
    ("change", "before", "pattern"),
    [
        (homophone, "玉米", r"^(?!玉米$)..$"),
        (dropped, "万宝沟", r"^(万宝|万沟|宝沟)$"),
        (romanised, "花生", r"^hua ?sheng$"),
        (traditional, "农业", r"^農業$"),
    ],
)
def test_one_operation(change, before: str, pattern: str) -> None:
    import random

    assert re.match(pattern, change(before, 0, len(before), random.Random(1)))


def test_last_month_never_becomes_the_one_before() -> None:
    import random

    assert {doubled("上个月", 0, 3, random.Random(seed)) for seed in range(20)} == {"上个月", "上个个月", "上个月月"}


def test_no_message_of_the_set_is_a_training_sentence() -> None:
    from bot import understanding
    from bot.understanding import training

    def plain(text: str) -> str:
        return re.sub(r"[\W_]", "", text.lower())

    trained = {plain(example.text) for example in training.read(understanding.DATA / "nlu").examples}
    assert [example["text"] for example in EXAMPLES if plain(example["text"]) in trained] == []
