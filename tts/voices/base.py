"""What a voice is: it takes an utterance and gives sound, or says in a sentence why it cannot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tts.pronounce import PAUSES, syllables
from tts.sound import Sound
from tts.speakable import speakable


class VoiceError(Exception):
    """Why a voice did not speak, and what to do; `retryable` where the same call may succeed later."""

    def __init__(self, text: str, retryable: bool = False) -> None:
        super().__init__(text)
        self.retryable = retryable


@dataclass(frozen=True)
class Utterance:
    """What is to be said: in hanzi for voices that read Chinese, in numbered pinyin for those that read sounds."""

    said: str
    pinyin: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many syllables it has."""
        return sum(syllable not in PAUSES for syllable in self.pinyin)


def utterance(text: str, names: Iterable[str] = ()) -> Utterance:
    """A written text, ready to be spoken; `names` of places are read by themselves."""
    said = speakable(text)
    return Utterance(said, tuple(syllables(said, names)))


@dataclass(frozen=True)
class Spoken:
    """The sound, and for each syllable the second at which it begins, where the voice tells."""

    sound: Sound
    onsets: tuple[float, ...] = ()


@dataclass(frozen=True)
class Options:
    """What the operator chose for the voices that need something."""

    sherpa_model: Path | None = None
    gtts: bool = False


class Voice(Protocol):
    """One way to speak."""

    @property
    def version(self) -> str:
        """Name and version of what speaks: a programme made by another is made anew."""

    def problem(self) -> str:
        """What keeps it from speaking and what to do about it; empty where it can speak. Touches no network."""

    def speak(self, words: Utterance, slow: bool = False) -> Spoken:
        """The sound of an utterance. Raises VoiceError."""
