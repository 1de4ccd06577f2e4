"""The Rasa lane: our data as a Rasa 3.6 project, for real.

Validates, trains, tests and runs it with Rasa itself; lets Rasa's REST channel ask our service (its action server) and
our own channel ask Rasa (`understanding: rasa`); then scores both engines on the same messages.

    .venv/bin/python -m tests.rasa.lane            all data and the config's own epochs
    .venv/bin/python -m tests.rasa.lane --small    300 examples, 30 epochs, for both engines
    .venv/bin/python -m tests.rasa.lane --epochs 50 --intents-only    all data, for a machine with few cores
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import yaml

ROOT = Path(__file__).parent.parent.parent
RASA = ROOT / ".venv-rasa" / "bin" / "rasa"
SMALL_EXAMPLES = 300
SMALL_EPOCHS = 30
#: What is asked through Rasa's channel and through ours. The small form keeps both, or a model of so few examples guesses.
ASKED = ("棒子多少钱一斤", "猪肉多少钱一斤")
TODAY = "2026-11-23"
RASA_PORT, OUR_PORT = 5105, 8105


def say(text: str) -> None:
    print(f"== {text}", flush=True)


def rasa(*arguments: str | Path, folder: Path) -> None:
    """One command of Rasa, in the folder of its project; a failure ends the lane with what it printed."""
    command = [str(RASA), *map(str, arguments)]
    began = time.perf_counter()
    environ = {
        **os.environ,
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:], sep="\n")
        sys.exit(f"rasa {arguments[0]} failed with {done.returncode}")
    say(
        f"rasa {arguments[0]} {arguments[1] if arguments[0] == 'data' else ''} ok in {time.perf_counter() - began:.0f} s"
    )


def project(folder: Path, small: bool, diet: Mapping[str, Any]) -> Path:
    """The Rasa project as it stands in the repository, or a seeded part of it; `diet` are settings of DIETClassifier."""
    for name in ("config.yml", "credentials.yml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "bot" / "data", folder / "bot" / "data")
    shutil.copytree(
        ROOT / "tests" / "rasa", folder / "tests" / "rasa", ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    if small:
        _shrink(folder)
    config = yaml.safe_load((folder / "config.yml").read_text(encoding="utf-8"))
    for component in config["pipeline"]:
        if component["name"] == "DIETClassifier":
            component.update(diet)
    (folder / "config.yml").write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return folder


def _shrink(folder: Path) -> None:
    files = sorted((folder / "bot/data/nlu").glob("*.yml"))
    intents = [path for path in files if "- intent:" in path.read_text(encoding="utf-8")]
    each = SMALL_EXAMPLES // len(intents)
    for path in intents:
        lines = path.read_text(encoding="utf-8").splitlines()
        examples = [line for line in lines if re.match(r"\s+- (?!intent:)", line)]
        kept = set(random.Random(1).sample(examples, min(each, len(examples))))
        kept |= {line for line in examples if re.sub(r"\[(.+?)\]\(.+?\)", r"\1", line).strip("- ") in ASKED}
        path.write_text(
            "\n".join(line for line in lines if line not in examples or line in kept) + "\n", encoding="utf-8"
        )


@contextlib.contextmanager
def server(command: list[str], url: str, environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that serves `url`, until the block ends."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=log.parent, env={**os.environ, **environ}, stdout=file, stderr=file)
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), urlopen(url, timeout=2):
                    break
                if process.poll() is not None:
                    sys.exit(f"{command[0]} ended: {log.read_text(encoding='utf-8', errors='replace')[-3000:]}")
                time.sleep(0.5)
            else:
                sys.exit(f"{command[0]} does not serve {url}")
            yield process
        finally:
            process.terminate()
            process.wait(20)


def post(url: str, body: dict[str, Any], token: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with urlopen(Request(url, json.dumps(body).encode(), headers), timeout=30) as response:
        return json.load(response)


def ask(url: str, sender: str, text: str, read: Callable[[Any], str]) -> str:
    """What comes back for `text`. A model of few examples may be unsure, and our service then asks "您问的是…": answered 1."""
    reply = read(post(url, {"sender": sender, "message": text, "text": text}))
    if "回数字" in reply:
        say(f"{text} -> {reply.splitlines()[0]} -> 1")
        reply = read(post(url, {"sender": sender, "message": "1", "text": "1"}))
    return reply


def conversation(token: str) -> None:
    """Through Rasa's own REST channel: Rasa understands, calls our action, and our answer comes back."""
    rest = f"http://127.0.0.1:{RASA_PORT}/webhooks/rest/webhook"
    text = ask(rest, "lane", ASKED[0], lambda parts: "\n".join(str(part.get("text")) for part in parts))
    assert "玉米" in text, text
    assert "来源" in text, text
    say(f"rasa run: {ASKED[0]} -> {text.splitlines()[0]}")
    with contextlib.suppress(OSError):
        post(f"http://127.0.0.1:{OUR_PORT}/rasa/webhook", {"next_action": "action_xiangyin_answer"}, "wrong")
        sys.exit("a wrong token was let in")


def ours_by_rasa() -> None:
    """Our own channel, which understands by a running Rasa."""
    chat = f"http://127.0.0.1:{OUR_PORT}/api/chat"
    text = ask(chat, "lane", ASKED[1], lambda reply: str(reply["text"]))
    assert "猪肉" in text, text
    assert "来源" in text, text
    say(f"our API over Rasa's /model/parse: {ASKED[1]} -> {text.splitlines()[0]}")


def compare(database: str, model: Path) -> None:
    """Both engines on the evaluation set, clean and noisy, trained on the same data; and how long a message takes."""
    import config
    from app import Service
    from bot import understanding
    from bot.rasa import RasaParser
    from bot.understanding.commands import score
    from knowledge import database as databases
    from tests.noise import noisy

    service = Service(config.Settings(database_url=database), databases.connect(database))
    own = understanding.load(model).with_names(service.names())
    theirs = RasaParser(f"http://127.0.0.1:{RASA_PORT}", own)
    today = config.load(environ={"XIANGYIN_TODAY": TODAY}).now().date()
    lines = (ROOT / "tests/data/evaluation.jsonl").read_text(encoding="utf-8").splitlines()
    clean = [json.loads(line) for line in lines]
    rough = [{**example, "text": noisy(example, service.places, 1)} for example in clean]
    print(f"{'':10}{'':8}{'intent':>9}{'macro-F1':>10}{'slot F1':>9}")
    errors = {}
    for name, engine in (("embedded", own), ("rasa", theirs)):
        for kind, messages in (("clean", clean), ("noisy", rough)):
            result = score(engine, messages, today)
            errors[name, kind] = 1 - result.accuracy
            print(f"{name:10}{kind:8}{result.accuracy:9.4f}{result.macro_f1:10.4f}{result.slot_f1:9.4f}", flush=True)
    print(
        f"intent errors on noisy messages, embedded : rasa = {errors['embedded', 'noisy'] / errors['rasa', 'noisy']:.2f}"
    )
    texts = [example["text"] for example in clean[:200]]
    ours = _milliseconds(lambda text: own.parse(text, today), texts)
    parse = f"http://127.0.0.1:{RASA_PORT}/model/parse"
    rasas = _milliseconds(lambda text: post(parse, {"text": text}), texts)
    print(f"one message, median: embedded {ours:.2f} ms, rasa /model/parse {rasas:.1f} ms, {rasas / ours:.0f} times")


def _milliseconds(parse: Callable[[str], object], texts: list[str]) -> float:
    took = []
    for text in texts:
        began = time.perf_counter()
        parse(text)
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--epochs", type=int, help="of DIET's training; the config's own if not given")
    parser.add_argument("--intents-only", action="store_true", help="DIET learns no entities")
    options = parser.parse_args()
    small, epochs = options.small, SMALL_EPOCHS if options.small else options.epochs
    diet: dict[str, Any] = {"random_seed": 1}  # else each run trains another model
    diet |= ({"epochs": epochs} if epochs else {}) | ({"entity_recognition": False} if options.intents_only else {})
    with tempfile.TemporaryDirectory(prefix="xy-rasa-") as temporary:
        folder = project(Path(temporary), small, diet)
        where = ("--config", "config.yml", "--domain", "bot/data/domain.yml", "--data", "bot/data")
        rasa("data", "validate", *where, folder=folder)
        rasa("train", *where, "--out", "models", "--fixed-model-name", "xiangyin", folder=folder)
        rasa(
            "test",
            "core",
            "--stories",
            "tests/rasa",
            "--model",
            "models/xiangyin.tar.gz",
            "--out",
            "results",
            folder=folder,
        )
        if not small and not epochs and not options.intents_only:
            rasa(
                "test",
                "nlu",
                "--nlu",
                "bot/data/nlu",
                "--model",
                "models/xiangyin.tar.gz",
                "--out",
                "results",
                folder=folder,
            )
        model = folder / "ours.npz"
        train = [str(ROOT / ".venv/bin/flask"), "--app", str(ROOT / "app.py"), "train"]
        subprocess.run([*train, "--data", str(folder / "bot/data/nlu"), "--out", str(model)], check=True, cwd=folder)
        token, database = secrets.token_hex(16), f"sqlite:///{folder / 'lane.db'}"
        endpoints = (ROOT / "endpoints.yml").read_text(encoding="utf-8").replace(":8080/", f":{OUR_PORT}/")
        (folder / "endpoints.yml").write_text(endpoints, encoding="utf-8")
        environ = {
            "XIANGYIN_RASA_TOKEN": token, "XIANGYIN_DATABASE_URL": database, "XIANGYIN_PORT": str(OUR_PORT),
            "XIANGYIN_UNDERSTANDING": "rasa", "XIANGYIN_RASA_URL": f"http://127.0.0.1:{RASA_PORT}", "XIANGYIN_TODAY": TODAY,
            "RASA_TELEMETRY_ENABLED": "false", "SQLALCHEMY_SILENCE_UBER_WARNING": "1", "FLASK_APP": str(ROOT / "app.py"),
        }  # fmt: skip
        serve = [str(ROOT / ".venv/bin/flask"), "--app", str(ROOT / "app.py"), "serve", "--demo"]
        run = [str(RASA), "run", "--enable-api", "--port", str(RASA_PORT), "--model", "models/xiangyin.tar.gz",
               "--endpoints", "endpoints.yml", "--credentials", "credentials.yml"]  # fmt: skip
        with (
            server(serve, f"http://127.0.0.1:{OUR_PORT}/healthz", environ, folder / "ours.log"),
            server(run, f"http://127.0.0.1:{RASA_PORT}/", environ, folder / "rasa.log"),
        ):
            if not options.intents_only:  # without entities Rasa has nothing to ask our data for
                conversation(token)
                ours_by_rasa()
            compare(database, model)
    say("the Rasa lane is through")


if __name__ == "__main__":
    main()
