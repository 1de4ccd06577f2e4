"""Any Rasa-format data -> a model, and its score: the commands as they are called."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine

from app import create_app
from bot import understanding
from bot.understanding import commands, model, training
from bot.understanding.engine import Understanding
from bot.understanding.query import Period, Query
from config import Settings

#: Another project's data: intents and entities that are none of ours, in two files, with every way to annotate.
FOREIGN = {
    "nlu/play.yml": """
version: "3.1"
nlu:
  - intent: music/play
    examples: |
      - 放一首[晴天](song)
      - 我想听[晴天](song)
      - 播放[七里香]{"entity": "song", "value": "七里香"}
      - 来一首[七里香](song)吧
      - 唱个歌
      - 放点音乐
  - synonym: 七里香
    examples: |
      - 七里香这首歌
  - lookup: city
    examples: |
      - 上海
      - 广州
""",
    "nlu/weather.yml": """
version: "3.1"
nlu:
- intent: weather
  examples: |
    - [上海](city)天气怎么样
    - 明天下雨吗
    - 今天冷不冷
    - [广州](city:广州市)热吗
    - 要带伞吗
    - 气温多少度
""",
    "domain.yml": "version: '3.1'\nintents: [music, weather]\n",
}


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    for name, text in FOREIGN.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "data"


@pytest.fixture
def application(tmp_path: Path) -> Flask:
    return create_app(Settings(database_url=f"sqlite:///{tmp_path / 'x.db'}", today=date(2026, 11, 23)))


def run(application: Flask, *arguments: str | Path) -> Result:
    return application.test_cli_runner().invoke(args=[str(argument) for argument in arguments])


def test_examples_and_names_are_read(foreign: Path) -> None:
    data = training.read(foreign)
    assert len(data.examples) == 12
    assert {example.intent for example in data.examples} == {"music/play", "weather"}
    first = data.examples[0]
    assert (first.text, first.entities) == ("放一首晴天", ((3, 5, "song", "晴天"),))
    assert data.names["song"]["七里香"] == ("七里香", "七里香这首歌")
    assert data.names["city"]["广州市"] == ("广州",)
    assert data.slots == ("city", "song")
    assert not data.ours


def test_train_and_evaluate_any_data(application: Flask, foreign: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.npz"
    trained = run(application, "train", "--data", foreign, "--out", out)
    assert trained.exit_code == 0, trained.output
    messages = [
        {"text": "放一首七里香", "intent": "music/play", "slots": {"song": "七里香"}},
        {"text": "广州天气", "intent": "weather", "slots": {"city": "广州市"}},
        {"text": "要带伞吗", "intent": "music/play"},
    ]
    file = tmp_path / "test.jsonl"
    file.write_text("\n".join(json.dumps(m, ensure_ascii=False) for m in messages), encoding="utf-8")
    scored = run(application, "evaluate", "--model", out, file, "--json")
    assert scored.exit_code == 0, scored.output
    result = json.loads(scored.stdout)
    assert result.keys() == {"accuracy", "macro_f1", "slot_f1", "confusions"}
    assert result["accuracy"] == pytest.approx(2 / 3)
    assert result["slot_f1"] == 1
    assert result["confusions"] == [{"expected": "music/play", "predicted": "weather", "count": 1}]
    plain = run(application, "evaluate", "--model", out, file, "--errors")
    assert "music/play -> weather" in plain.output


def test_training_twice_gives_the_same(foreign: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        training.train(training.read(foreign), {}).save(tmp_path / name)
    one, two = (model.load(tmp_path / name) for name in ("one", "two"))
    assert one.vocabulary == two.vocabulary
    assert (one.weights == two.weights).all()
    assert one.temperature == two.temperature
    assert not list(tmp_path.glob("*.part"))


def test_two_intents_of_few_examples_are_enough(tmp_path: Path) -> None:
    file = tmp_path / "nlu.yml"
    file.write_text(
        'version: "3.1"\nnlu:\n- intent: yes\n  examples: |\n    - 是的\n    - 对\n'.replace("yes", '"yes"')
        + '- intent: "no"\n  examples: |\n    - 不是\n    - 不对\n',
        encoding="utf-8",
    )
    made = training.train(training.read(file), {})
    engine = Understanding(made, {}, {})
    assert engine.parse("是的", date(2026, 1, 1))[0].intent == "yes"
    assert engine.parse("不对", date(2026, 1, 1))[0].intent == "no"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("version: '3.1'\nnlu:\n- intent: a\n  examples: |\n    - 好\n", "fewer than two intents"),
        ("nlu: [", "nlu.yml"),
        ('nlu:\n- intent: a\n  examples: |\n    - [好]{"value": "x"}\n', "has no entity"),
        ("just text", "fewer than two intents"),
    ],
)
def test_data_that_cannot_be_used(application: Flask, tmp_path: Path, content: str, problem: str) -> None:
    file = tmp_path / "nlu.yml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(training.DataError, match=problem):
        training.read(file)
    refused = run(application, "train", "--data", file, "--out", tmp_path / "m.npz")
    assert refused.exit_code == 1
    assert problem in refused.output


def test_a_broken_model_says_what_to_do(application: Flask, tmp_path: Path) -> None:
    broken, messages = tmp_path / "broken.npz", tmp_path / "t.jsonl"
    broken.write_bytes(b"nothing")
    messages.write_text('{"text": "玉米", "intent": "x"}', encoding="utf-8")
    refused = run(application, "evaluate", "--model", broken, messages)
    assert refused.exit_code == 1
    assert "flask train" in refused.output


def test_a_broken_file_of_messages_says_its_shape(application: Flask, tmp_path: Path) -> None:
    messages = tmp_path / "t.jsonl"
    messages.write_text('{"text": "玉米"}', encoding="utf-8")
    refused = run(application, "evaluate", messages)
    assert refused.exit_code == 1
    assert '"intent"' in refused.output


def test_scores_count_slots_that_are_named(engine: Understanding) -> None:
    messages = [
        {"text": "玉米今天多少钱", "intent": "price_latest", "slots": {"commodity": "玉米", "period": "2026-11-23/2026-11-23"}},
        {"text": "花生多少钱", "intent": "price_latest", "slots": {}, "unscored": ["commodity"]},
        {"text": "白菜多少钱", "intent": "price_latest", "slots": {"commodity": "土豆"}},
    ]  # fmt: skip
    result = commands.score(engine, messages, date(2026, 11, 23))
    assert (result.slots_right, result.slots_expected, result.slots_found) == (2, 3, 3)
    assert result.accuracy == 1
    assert len(result.errors) == 1


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        ("玉米", [("s", "玉米")]),
        (True, [("s", "True")]),
        (("a", "b"), [("s", "a"), ("s", "b")]),
        (Period(date(2026, 1, 1), date(2026, 1, 2), "span"), [("s", "2026-01-01/2026-01-02")]),
        ({"start": "2026-01-01", "end": "2026-01-02"}, [("s", "2026-01-01/2026-01-02")]),
    ],
)
def test_values_as_pairs(value: object, pairs: list[tuple[str, str]]) -> None:
    assert list(commands.pairs("s", value)) == pairs


def test_a_server_takes_up_a_new_model(foreign: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    training.train(training.read(foreign), {}).save(path)
    served, before = understanding.embedded(path), understanding.version(path)
    assert [query.intent for query in served.parse("要带伞吗", date(2026, 1, 1))] == ["weather"]
    swapped = (foreign / "nlu/weather.yml").read_text(encoding="utf-8").replace("intent: weather", "intent: sky")
    (foreign / "nlu/weather.yml").write_text(swapped, encoding="utf-8")
    training.train(training.read(foreign), {}).save(path)
    assert understanding.version(path) != before
    again: list[Query] = served.with_names({}).parse("要带伞吗", date(2026, 1, 1))
    assert [query.intent for query in again] == ["sky"]
    assert understanding.version(tmp_path / "missing") == ""


def test_serving_needs_neither_scikit_learn_nor_jieba() -> None:
    import subprocess
    import sys

    code = (
        "import sys, datetime; from bot import understanding; e = understanding.embedded();"
        "e.parse('玉米多少钱', datetime.date(2026, 1, 1));"
        "print(sorted({'sklearn', 'scipy', 'jieba', 'pypinyin'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_migrated_database_gives_names(sqlite_engine: Engine, application: Flask) -> None:
    names = application.extensions["xiangyin"].names()
    assert names["village"]
    assert "玉米" in names["commodity"]
