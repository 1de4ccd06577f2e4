"""A text becomes what a loudspeaker plays: a chime, the text twice, who said it; at one loudness; as a file, kept.

A file's name is the hash of all that makes it: the words, the voice, the speed, the layout, the format. The same again is
not made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tts import checks
from tts.loudness import CEILING, TARGET, loudness, normalised, true_peak
from tts.sound import FORMATS, Sound, SoundError, decode, encode, joined, silence
from tts.voices import Spoken, Utterance, Voice, VoiceError, utterance

logger = logging.getLogger(__name__)

#: Raised when the making of a programme changes: what is kept of an older one is made anew.
VERSION = 3

#: Called with what is done and how much there is to do.
Progress = Callable[[int, int], None]

_AFTER_CHIME, _BETWEEN, _BEFORE_SIGNATURE, _AROUND = 0.5, 1.2, 0.8, 0.25
#: Hertz and seconds of the notes of the chime.
_NOTES = ((659.26, 0.45), (783.99, 0.45), (523.25, 1.3))
_CHIME_BELOW = 2.0
#: Sentences are spoken one by one, so that progress is seen; a pause of so many seconds stands between them.
_SENTENCE_PAUSE = 0.35
#: A codec is made up for until it is so near the target, in LU: other meters than ours measure a tenth more or less.
_CLOSE = 0.3
#: And until its peaks are so many dB below the ceiling: EBU Tech 3341 lets a meter read up to 0.2 dB too high, and a codec
#: gives other samples on another processor.
_SPARE = 0.4


@dataclass(frozen=True)
class Layout:
    """What a programme is made of. `repeats`: how often the text is said."""

    chime: bool = True
    repeats: int = 2
    signature: bool = True


#: Loudspeakers repeat; a voice message on the telephone has 60 seconds and can be played again.
FULL = Layout()
SINGLE = Layout(chime=False, repeats=1)


@dataclass(frozen=True)
class Programme:
    """A finished file, and its facts."""

    file: Path
    sha: str
    format: str
    seconds: float
    syllables: int


@dataclass(frozen=True)
class Studio:
    """Makes programmes with one voice and keeps them in a folder. `names`: places that are read by themselves."""

    voice: Voice
    folder: Path
    names: tuple[str, ...] = field(default=(), repr=False)

    def make(
        self,
        text: str,
        *,
        sender: str = "",
        name: str = "mp3",
        slow: bool = False,
        layout: Layout | None = None,
        progress: Progress | None = None,
    ) -> Programme:
        """The programme of a text in a format of FORMATS, signed by its sender.

        The layout is FULL if not given, SINGLE for a format with a longest time. Raises VoiceError where the voice does not
        speak, UnreadableError for hanzi without a reading, SoundError where the format cannot be written.
        """
        layout = layout or (SINGLE if FORMATS[name].longest else FULL)
        body = [utterance(sentence, self.names) for sentence in sentences(text)]
        body = [words for words in body if words.count]
        if not body:
            raise VoiceError("the text holds nothing that can be said")
        signature = utterance(f"以上由{sender}播报。", self.names) if sender and layout.signature else None
        said = [words.pinyin for words in body] + ([signature.pinyin] if signature else [])
        recipe = [VERSION, self.voice.version, said, name, slow, vars(layout)]
        sha = hashlib.sha256(json.dumps(recipe, ensure_ascii=False).encode()).hexdigest()
        file, facts = self.folder / f"{sha}.{name}", self.folder / f"{sha}.{name}.json"
        try:
            kept = json.loads(facts.read_text(encoding="utf-8"))
            if file.stat().st_size == kept["bytes"]:
                return Programme(file, sha, name, kept["seconds"], kept["syllables"])
        except (OSError, ValueError, KeyError):
            pass  # not made yet, or cut off while it was written
        sound = self._recorded(body, signature, layout, slow, progress)
        content = _finished(sound, name)
        count = sum(words.count for words in body)
        _write(file, content)
        told = {"bytes": len(content), "seconds": round(sound.seconds, 3), "syllables": count}
        _write(facts, json.dumps(told).encode())
        return Programme(file, sha, name, told["seconds"], count)

    def _recorded(
        self, body: list[Utterance], signature: Utterance | None, layout: Layout, slow: bool, progress: Progress | None
    ) -> Sound:
        """The programme before its level is set."""
        total = len(body) + bool(signature)
        takes = []
        for at, words in enumerate([*body, *([signature] if signature else [])]):
            takes.append(self._take(words, slow))
            if progress:
                progress(at + 1, total)
        rate = takes[0].sound.rate
        pause = silence(_SENTENCE_PAUSE, rate)
        text = joined([part for take in takes[: len(body)] for part in (take.sound, pause)][:-1])
        parts = [silence(_AROUND, rate)]
        if layout.chime:
            parts += [_chime(rate, loudness(text) - _CHIME_BELOW), silence(_AFTER_CHIME, rate)]
        parts += [part for _ in range(layout.repeats) for part in (text, silence(_BETWEEN, rate))][:-1]
        if signature:
            parts += [silence(_BEFORE_SIGNATURE, rate), takes[-1].sound]
        return joined([*parts, silence(_AROUND, rate)])

    def _take(self, words: Utterance, slow: bool) -> Spoken:
        """One sentence. Raises VoiceError where what was said is not what should have been."""
        spoken = checks.at_pace(self.voice.speak(words, slow), words)
        if faults := checks.faults(spoken, words):
            raise VoiceError(f"the voice did not say “{words.said[:40]}” well: {'; '.join(faults)}")
        return spoken


def sentences(text: str) -> list[str]:
    """A text cut behind its full stops, question and exclamation marks and line ends."""
    return [part.strip() for part in re.split(r"(?<=[。！？!?；\n])", text) if part.strip()]


def _finished(sound: Sound, name: str) -> bytes:
    """The file, at the target loudness as it will be heard: what its codec changes is made up for."""
    if FORMATS[name].rate < sound.rate:
        sound = sound.at(FORMATS[name].rate)  # what a lower rate cannot carry must not count as loudness
    target, ceiling = TARGET + FORMATS[name].loses, CEILING - FORMATS[name].overshoots
    best, faults, off = b"", ["nothing was written"], math.inf
    for _ in range(6):
        content = encode(normalised(sound, target, ceiling), name)
        heard = decode(content)
        lost, over = TARGET - loudness(heard), true_peak(heard) - (CEILING - _SPARE)
        new, miss = checks.level_faults(heard), max(abs(lost) - _CLOSE, over, 0.0)
        if not best or (bool(new), miss) < (bool(faults), off):
            best, faults, off = content, new, miss
        if not math.isfinite(lost) or not (faults or off):
            break
        target += lost
        ceiling -= 1.5 * max(over, 0.0)
    if faults:
        logger.warning("a programme keeps its faults: %s", "; ".join(faults))  # heard all the same
    return best


def _chime(rate: int, level: float) -> Sound:
    """Three notes that ring out, at a loudness in LUFS."""
    length = sum(seconds for _, seconds in _NOTES)
    chime = np.zeros(round(length * rate), np.float64)
    start = 0.0
    for pitch, seconds in _NOTES:
        time = np.arange(len(chime) - round(start * rate)) / rate
        ringing = np.exp(-time / 0.35) * (1 - np.exp(-time / 0.004))
        tone = np.sin(2 * np.pi * pitch * time) + 0.35 * np.sin(4 * np.pi * pitch * time) * np.exp(-time / 0.2)
        chime[round(start * rate) :] += ringing * tone
        start += seconds
    fade = round(0.1 * rate)
    chime[-fade:] *= np.linspace(1, 0, fade)
    sound = Sound((0.2 * chime).astype(np.float32), rate)
    return normalised(sound, level) if np.isfinite(level) else sound


def _write(path: Path, content: bytes) -> None:
    """The whole file or none of it, also when the process is killed meanwhile."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise SoundError(f"{path}: cannot be written: {error.strerror}") from None
