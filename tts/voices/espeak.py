"""eSpeak NG 1.52 out of espeakng-loader's wheel, called through its C interface (speak_lib.h).

It is fed numbered pinyin (`cmn-latn-pinyin`): its own dictionary knows too few words. What it would say is looked at
before it says it: a syllable that it takes for English, drops or gives another tone is refused.
"""

from __future__ import annotations

import ctypes
import re
import threading
from functools import cache
from typing import Any

import numpy as np

from tts.pronounce import PAUSES
from tts.sound import Sound
from tts.voices.base import Options, Spoken, Utterance, VoiceError

VERSION = "1.52"

_VOICE = b"cmn-latn-pinyin+f2"
#: Words a minute: about 3.3 and 2.7 syllables a second with the pauses.
_RATE, _SLOW_RATE = 165, 135
_RANGE = 80
#: eSpeak's own level would clip.
_VOLUME = 70

# of speak_lib.h
_SYNCHRONOUS = 2
_UTF8 = 1
_PARAMETER_RATE, _PARAMETER_VOLUME, _PARAMETER_RANGE = 1, 2, 4
_EVENT_END, _EVENT_WORD = 0, 1

#: Syllables that pypinyin writes and this voice spells otherwise.
_SPELLED = {"n": "en", "m": "mu", "ng": "eng", "hm": "heng", "hng": "heng", "ê": "ei", "wong": "weng"}
#: What the voice calls the five tones.
_TONES = {"1": "55", "2": "35", "3": "214", "4": "51", "5": "11"}
#: eSpeak drops what lies beyond some 300 words of a clause: a pause is made before that.
_LONGEST_CLAUSE = 100
_MARKS = {"，": ",", "。": ".", "！": "!", "？": "?", "：": ":", "；": ";", "、": ","}


class _Event(ctypes.Structure):
    """espeak_EVENT."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


class _Library:
    """The loaded library. It has one state for the whole process: `lock` is held while it is used."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError:
            raise VoiceError("espeakng-loader is not installed: `pip install -r requirements.txt`") from None
        self.lock = threading.Lock()
        try:
            self._c: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise VoiceError(f"eSpeak NG cannot be loaded ({error}): reinstall espeakng-loader") from None
        self._c.espeak_Info.restype = ctypes.c_char_p
        self._c.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._c.espeak_TextToPhonemes.argtypes = (ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int)
        self._c.espeak_Synth.argtypes = (
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int),
            *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
        )
        self.version: str = self._c.espeak_Info(None).decode()
        if not self.version.startswith(VERSION):
            raise VoiceError(f"eSpeak NG is {self.version}, {VERSION} is needed: install the pinned espeakng-loader")
        data = espeakng_loader.get_data_path().encode()
        self.rate: int = self._c.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
        if self.rate <= 0 or self._c.espeak_SetVoiceByName(_VOICE) != 0:
            raise VoiceError("eSpeak NG finds no voice for Mandarin: reinstall espeakng-loader")
        self._samples: list[bytes] = []
        self._onsets: list[float] = []
        self._callback = _CALLBACK(self._take)  # kept: the library holds only its address
        self._c.espeak_SetSynthCallback(self._callback)
        self._c.espeak_SetParameter(_PARAMETER_RANGE, _RANGE, 0)
        self._c.espeak_SetParameter(_PARAMETER_VOLUME, _VOLUME, 0)

    def _take(self, samples: int | None, count: int, events: Any) -> int:
        if samples and count > 0:
            self._samples.append(ctypes.string_at(samples, 2 * count))
        at = 0
        while events[at].type != _EVENT_END:
            if events[at].type == _EVENT_WORD:
                self._onsets.append(events[at].audio_position / 1000)
            at += 1
        return 0

    def phonemes(self, text: str) -> list[str]:
        """How the voice would say the words of a text, in its own phonemes."""
        at = ctypes.c_char_p(text.encode())
        said: list[str] = []
        while at.value:
            said += (self._c.espeak_TextToPhonemes(ctypes.byref(at), _UTF8, 0) or b"").decode().split()
        return said

    def synthesise(self, text: str, rate: int) -> Spoken:
        """The sound of a text, and where its words begin."""
        self._samples.clear()
        self._onsets.clear()
        self._c.espeak_SetParameter(_PARAMETER_RATE, rate, 0)
        encoded = text.encode()
        if self._c.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _UTF8, None, None) != 0:
            raise VoiceError("eSpeak NG refused the text", retryable=True)
        self._c.espeak_Synchronize()
        samples = np.frombuffer(b"".join(self._samples), "<i2").astype(np.float32) / np.float32(32768)
        return Spoken(Sound(samples, self.rate), tuple(self._onsets))


@cache
def _library() -> _Library:
    """The library, loaded once; VoiceError where it cannot be."""
    return _Library()


class Espeak:
    """The default voice."""

    def __init__(self, _options: Options = Options()) -> None:  # noqa: B008  (a frozen value)
        pass

    @property
    def version(self) -> str:
        return f"espeak {_library().version} {_VOICE.decode()} {_RATE}/{_SLOW_RATE}"

    def problem(self) -> str:
        try:
            _library()
        except VoiceError as error:
            return str(error)
        return ""

    def phonemes(self, words: Utterance) -> list[str]:
        """One string of phonemes a syllable. Raises VoiceError where one is dropped, not Mandarin or of another tone."""
        library = _library()
        with library.lock:
            return self._checked(library, words)

    def speak(self, words: Utterance, slow: bool = False) -> Spoken:
        library = _library()
        with library.lock:
            self._checked(library, words)
            return library.synthesise(spelled(words.pinyin), _SLOW_RATE if slow else _RATE)

    @staticmethod
    def _checked(library: _Library, words: Utterance) -> list[str]:
        expected = [syllable for syllable in words.pinyin if syllable not in PAUSES]
        said = library.phonemes(spelled(words.pinyin))
        if len(said) != len(expected):
            raise VoiceError(f"eSpeak NG would say {len(said)} syllables, not {len(expected)}: {words.said[:40]}")
        for syllable, phonemes in zip(expected, said, strict=True):
            tone = re.search(r"\d+", phonemes)
            if "(" in phonemes or not tone or tone.group() != _TONES[syllable[-1]]:
                raise VoiceError(f"eSpeak NG cannot say {syllable} ({phonemes}): {words.said[:40]}")
        return said


def spelled(pinyin: tuple[str, ...]) -> str:
    """Numbered pinyin as this voice wants it."""
    said = ""
    clause = 0
    for syllable in pinyin:
        if syllable in PAUSES:
            said += _MARKS[syllable]
            clause = 0
            continue
        if clause == _LONGEST_CLAUSE:
            said += ","
            clause = 0
        clause += 1
        base = _SPELLED.get(syllable[:-1], syllable[:-1])
        base = re.sub(r"^([jqx])iong$", r"\1ong", base)
        said += f" {base}{syllable[-1]}"
    return said.strip(" ,.:;!?") + "."
