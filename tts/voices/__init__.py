"""The voices. VOICES is the table of all of them: a name, and what makes the voice from the operator's options."""

from __future__ import annotations

from collections.abc import Callable

from tts.voices.base import Options, Spoken, Utterance, Voice, VoiceError, utterance
from tts.voices.espeak import Espeak
from tts.voices.gtts import Gtts
from tts.voices.sherpa import Sherpa

VOICES: dict[str, Callable[[Options], Voice]] = {
    "espeak": Espeak,  # the default: offline, installed by pip alone
    "sherpa": Sherpa,  # the operator's own model
    "gtts": Gtts,  # over the network, only where the operator has opted in; blocked in mainland China
}

__all__ = ["VOICES", "Options", "Spoken", "Utterance", "Voice", "VoiceError", "utterance", "voice"]


def voice(name: str, options: Options) -> Voice:
    """The voice of that name, able to speak. Raises VoiceError where it is not."""
    made = VOICES[name](options)
    if problem := made.problem():
        raise VoiceError(f"voice {name}: {problem}")
    return made
