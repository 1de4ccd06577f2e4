"""`flask speak` and what `flask check` says of the voices."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from config import Settings
from tts.sound import decode

TEXT = "玉米1.18元/斤，五重安乡大望都庄村开会。"


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(
        Settings(database_url=f"sqlite:///{tmp_path / 'a.db'}", audio_folder=tmp_path / "audio", sherpa_model=tmp_path)
    )


def test_words_are_printed_without_a_file(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["speak", TEXT])
    assert (result.exit_code, result.output) == (0, "玉米每斤一点一八元，五重安乡大望都庄村开会。\n")


@pytest.mark.parametrize(("ending", "options"), [("mp3", []), ("wav", ["--slow"]), ("bin", ["--format", "amr"])])
def test_a_file_is_written(ending: str, options: list[str], app: Flask, tmp_path: Path) -> None:
    file = tmp_path / f"a.{ending}"
    result = app.test_cli_runner().invoke(
        args=["speak", "-", "-o", str(file), "--sender", "村委会", *options], input=TEXT
    )
    assert result.exit_code == 0, result.output
    assert "20 syllables" in result.output
    assert decode(file.read_bytes()).seconds > 5


def test_plain_is_the_text_alone(app: Flask, tmp_path: Path) -> None:
    files = [tmp_path / "plain.wav", tmp_path / "full.wav"]
    for file, options in zip(files, (["--plain"], []), strict=True):
        assert app.test_cli_runner().invoke(args=["speak", TEXT, "-o", str(file), *options]).exit_code == 0
    plain, full = (decode(file.read_bytes()).seconds for file in files)
    assert full > 2 * plain


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["开会", "-o", "a.ogg"], "which format"),
        (["开会", "-o", "a.mp3", "--voice", "gtts"], "gtts: true"),
        (["开会", "-o", "a.mp3", "--voice", "sherpa"], "sherpa"),
        (["……", "-o", "a.mp3"], "nothing that can be said"),
        (["开会" * 200, "-o", "a.amr"], "at most 60 s"),
        (["开会", "-o", "/nowhere/a.mp3"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: list[str], said: str, app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["speak", *arguments])
    assert result.exit_code in (1, 2)
    assert said in result.output
    assert "Traceback" not in result.output


def test_check_says_which_voices_speak(app: Flask) -> None:
    lines = app.test_cli_runner().invoke(args=["check"]).output.splitlines()
    told = {line.split()[1]: line for line in lines if line.startswith("voice ")}
    assert told["espeak"].endswith("speaks the announcements: ok")
    assert told["sherpa"].endswith("missing: the folder is no sherpa-onnx model for Chinese")
    assert "gtts: true" in told["gtts"]
