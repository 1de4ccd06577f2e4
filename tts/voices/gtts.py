"""Google's voice by the gTTS package: over the network, only where the operator has opted in (setting `gtts`).

The texts leave the county's machine, and mainland China blocks the service, so it is never the default. gTTS waits for
ever by itself, and writes whatever page it was given: here each request has a time limit and what comes back is decoded.
"""

from __future__ import annotations

import importlib.util
import io

from tts.sound import SoundError, decode
from tts.voices.base import Options, Spoken, Utterance, VoiceError

#: Seconds for each of the requests that gTTS makes (one for about 100 characters).
TIMEOUT = 10.0
#: Even the quickest voice needs so many seconds for a syllable; a file that is shorter is not what was asked for.
_SHORTEST = 0.08


class Gtts:
    """The opt-in network voice."""

    def __init__(self, options: Options) -> None:
        self._allowed = options.gtts

    @property
    def version(self) -> str:
        from gtts.version import __version__

        return f"gtts {__version__} zh-CN"

    def problem(self) -> str:
        if not self._allowed:
            return "off: it sends the texts to Google; the setting `gtts: true` allows it"
        if importlib.util.find_spec("gtts") is None:
            return "gTTS is not installed: `pip install -r requirements-voices.txt`"
        return ""

    def speak(self, words: Utterance, slow: bool = False) -> Spoken:
        if problem := self.problem():
            raise VoiceError(problem)
        import requests
        from gtts import gTTS, gTTSError

        file = io.BytesIO()
        try:
            gTTS(words.said, lang="zh-CN", slow=slow, lang_check=False, timeout=TIMEOUT).write_to_fp(file)
        except (gTTSError, requests.RequestException) as error:
            raise VoiceError(f"gTTS got no speech from Google ({error}): use another voice", retryable=True) from None
        got = file.getvalue()
        if not got or got.lstrip()[:1] == b"<":
            raise VoiceError("gTTS got a page and no speech: the service is blocked here; use another voice", True)
        try:
            sound = decode(got)
        except SoundError as error:
            raise VoiceError(f"what gTTS got is {error}: use another voice", retryable=True) from None
        if sound.seconds < _SHORTEST * words.count:
            raise VoiceError(f"gTTS got {sound.seconds:.1f} s of speech for {words.count} syllables", retryable=True)
        return Spoken(sound)
