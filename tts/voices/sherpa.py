"""The operator's own sherpa-onnx model (VITS, MeloTTS or Matcha for Chinese), run in a process of its own.

A model is a folder: `*.onnx` (for Matcha also the vocoder, `*vocos*.onnx` or `*hifigan*.onnx`), `tokens.txt`, `lexicon.txt`
and, where it has one, `dict/`. Its lexicon is looked at before it speaks: sherpa-onnx leaves out what it does not know.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tts.pronounce import PAUSES
from tts.sound import Sound
from tts.voices.base import Options, Spoken, Utterance, VoiceError

#: A model is loaded and speaks within so many seconds, and so many more for each syllable.
TIMEOUT, TIMEOUT_SYLLABLE = 60.0, 0.5
_SLOW = 0.8
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class _Files:
    """The files of a model; empty where it has no such file."""

    model: str
    tokens: str
    lexicon: str
    dict_dir: str
    acoustic: str
    vocoder: str


class Sherpa:
    """The operator's voice."""

    def __init__(self, options: Options) -> None:
        self._folder = options.sherpa_model

    @property
    def version(self) -> str:
        """The model's name, and a hash of its files' sizes and times: another model speaks otherwise."""
        assert self._folder
        files = sorted(path for path in self._folder.iterdir() if path.is_file())
        facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        return f"sherpa {self._folder.name} {hashlib.sha256(repr(facts).encode()).hexdigest()[:12]}"

    def problem(self) -> str:
        if self._folder is None:
            return "no model: the setting sherpa_model names the folder of a sherpa-onnx model for Chinese"
        if importlib.util.find_spec("sherpa_onnx") is None:
            return "sherpa-onnx is not installed: `pip install -r requirements-voices.txt`"
        try:
            known = self._known
        except VoiceError as error:
            return str(error)
        return "" if "一" in known else f"{self._files.lexicon}: no lexicon for Chinese: it lacks 一"

    def speak(self, words: Utterance, slow: bool = False) -> Spoken:
        if problem := self.problem():
            raise VoiceError(problem)
        unknown = sorted(
            {char for char in words.said if char not in PAUSES and char != " " and char not in self._known}
        )
        if unknown:
            raise VoiceError(f"the model {self._name} cannot say {'、'.join(unknown)}: use another voice")
        request = vars(self._files) | {"text": words.said, "speed": _SLOW if slow else 1.0}
        sound = self._ask(request, TIMEOUT + TIMEOUT_SYLLABLE * words.count)
        return Spoken(sound)

    def _ask(self, request: dict[str, object], seconds: float) -> Sound:
        command = [sys.executable, "-m", "tts.voices.sherpa_speaker"]
        line = json.dumps(request).encode() + b"\n"
        try:
            run = subprocess.run(command, input=line, capture_output=True, timeout=seconds, cwd=_ROOT, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise VoiceError(f"the model {self._name} did not speak within {seconds:.0f} s", retryable=True) from None
        head, _, body = run.stdout.partition(b"\n")
        try:
            told = json.loads(head)
        except ValueError:
            raise VoiceError(f"the model {self._name} crashed (exit code {run.returncode})") from None
        if "error" in told:
            raise VoiceError(f"the model {self._name} does not speak: {told['error']}")
        samples = np.frombuffer(body[: 4 * told["count"]], "<f4")
        if len(samples) != told["count"] or not len(samples) or not np.isfinite(samples).all():
            raise VoiceError(f"the model {self._name} gave no sound")
        if not 8000 <= told["rate"] <= 48000:
            raise VoiceError(f"the model {self._name} gave {told['rate']} samples a second")
        return Sound(samples, told["rate"])

    @property
    def _name(self) -> str:
        return self._folder.name if self._folder else ""

    @cached_property
    def _files(self) -> _Files:
        """The files of the model's folder. Raises VoiceError where one is missing."""
        assert self._folder
        if not self._folder.is_dir():
            raise VoiceError(f"{self._folder}: no such folder; check the setting sherpa_model")
        for name in ("tokens.txt", "lexicon.txt"):
            if not (self._folder / name).is_file():
                raise VoiceError(f"{self._folder}: {name} is missing: the folder is no sherpa-onnx model for Chinese")
        models = sorted(self._folder.glob("*.onnx"))
        vocoders = [path for path in models if "vocos" in path.name or "hifigan" in path.name]
        acoustic = [path for path in models if path not in vocoders]
        if len(acoustic) != 1:
            raise VoiceError(f"{self._folder}: {len(acoustic)} models (*.onnx), exactly one is needed")
        dictionary = self._folder / "dict"
        folder = str(self._folder.resolve())
        return _Files(
            model="" if vocoders else f"{folder}/{acoustic[0].name}",
            tokens=f"{folder}/tokens.txt",
            lexicon=f"{folder}/lexicon.txt",
            dict_dir=f"{folder}/dict" if dictionary.is_dir() else "",
            acoustic=f"{folder}/{acoustic[0].name}" if vocoders else "",
            vocoder=f"{folder}/{vocoders[0].name}" if vocoders else "",
        )

    @cached_property
    def _known(self) -> frozenset[str]:
        """The characters and letters that the model's lexicon has."""
        try:
            lines = Path(self._files.lexicon).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise VoiceError(f"{self._files.lexicon}: cannot be read: {error}") from None
        words = (line.split(maxsplit=1)[0] for line in lines if line.strip())
        return frozenset(word.upper() for word in words if len(word) == 1)
