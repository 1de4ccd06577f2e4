"""The training data are in order; run by `make check` too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot import data_check, understanding
from bot.assistant import ABOUT_THE_LAST
from bot.skills import SKILLS
from bot.understanding import Understanding, training
from bot.understanding.training import Data
from tests.conftest import ROOT

#: Intents that the conversation answers itself.
ABOUT_THE_CONVERSATION = {*ABOUT_THE_LAST, "follow_up"}


@pytest.fixture(scope="module")
def data() -> Data:
    return training.read(understanding.DATA / "nlu")


@pytest.fixture(scope="module")
def words() -> Mapping[str, Any]:
    return understanding.load_words()


@pytest.fixture(scope="module")
def engine() -> Understanding:
    return understanding.load()


def test_each_intent_has_its_file(data: Data) -> None:
    assert data_check.files(data) == []


def test_each_intent_has_enough_varied_examples(data: Data) -> None:
    assert data_check.enough(data) == []


def test_annotations_are_slots(data: Data) -> None:
    assert data_check.entities(data) == []


def test_no_sentence_stands_twice(data: Data) -> None:
    assert data_check.doubles(data) == []


def test_no_sentence_is_stolen_by_another_intent(data: Data, engine: Understanding) -> None:
    assert data_check.stolen(data, engine) == []


def test_domain_skills_and_documentation_agree(data: Data) -> None:
    about = (ROOT / "docs" / "intents.md").read_text(encoding="utf-8")
    answered = {*SKILLS, *ABOUT_THE_CONVERSATION}
    assert data_check.domain(data, understanding.DATA / "domain.yml", answered, about) == []


def test_the_shipped_model_is_made_from_the_data(data: Data, words: Mapping[str, Any], engine: Understanding) -> None:
    assert data_check.shipped(data, words, engine) == []
    assert understanding.MODEL.stat().st_size < 3_000_000


BAD = """
version: "3.1"
nlu:
- intent: one
  examples: |
    - 玉米多少钱
    - [玉米](colour)多少钱？
    - [花生](commodity)好
    - [白菜](commodity)好
    - [大豆](commodity)好
- intent: two
  examples: |
    - 玉米多少钱
    - 走吧 [
"""


@pytest.fixture
def bad(tmp_path: Path) -> Data:
    file = tmp_path / "one.yml"
    file.write_text(BAD, encoding="utf-8")
    return training.read(file)


def test_each_check_sees_what_is_wrong(
    bad: Data, engine: Understanding, words: Mapping[str, Any], tmp_path: Path
) -> None:
    assert "one.yml: holds one, two" in data_check.files(bad)[0]
    assert any("5 examples, at least" in line for line in data_check.enough(bad))
    assert any("3 of 5 examples read “{commodity}好”" in line for line in data_check.enough(bad))
    assert any("colour" in line for line in data_check.entities(bad))
    assert any("cannot be read" in line for line in data_check.entities(bad))
    assert len(data_check.doubles(bad)) == 2
    assert any("is understood as price_latest" in line for line in data_check.stolen(bad, engine))
    assert "flask train" in data_check.shipped(bad, words, engine)[0]
    domain = tmp_path / "domain.yml"
    domain.write_text("intents: [one, three]\nentities: [commodity]\n", encoding="utf-8")
    wrong = "\n".join(data_check.domain(bad, domain, {"one", "four"}, "`one`"))
    for part in (
        "three has no examples",
        "two is missing",
        "colour is missing",
        "two.yml: no skill",
        "four",
        "docs/intents.md: two",
    ):
        assert part in wrong
