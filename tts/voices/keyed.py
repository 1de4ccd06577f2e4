"""A voice whose recordings nobody finds who does not know its key: for words that are meant for one person."""

from __future__ import annotations

from dataclasses import dataclass

from tts.voices.base import Spoken, Utterance, Voice


@dataclass(frozen=True)
class Keyed:
    """Speaks as `voice` does. The name of a recording is the hash of all that makes it, its voice's version among it.

    So who guesses the words cannot tell by the name whether they were said.
    """

    voice: Voice
    key: str

    @property
    def version(self) -> str:
        """The voice's own, and the key."""
        return f"{self.voice.version} {self.key}"

    def problem(self) -> str:
        """What keeps the voice from speaking."""
        return self.voice.problem()

    def speak(self, words: Utterance, slow: bool = False) -> Spoken:
        """The sound of an utterance. Raises VoiceError."""
        return self.voice.speak(words, slow)
