"""TwiML: what is said and how the answer is listened for. A recording of our own voice is played where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response
from twilio.twiml.voice_response import Gather, VoiceResponse

from channels.phone import prompts
from channels.phone.ear import PIECES, clauses, pieces, spoken

LANGUAGE = "zh-CN"

#: Seconds of silence that end a turn, and that a person's telephone rings.
LISTEN, RING = 6, 25

#: Words that callers are likely to say, for the recogniser.
HINTS = "多少钱,低保,通知,再说一遍,人工,发短信,俺村"

#: The address of a recording of a text, spoken slowly or not; None where there is none and the text is to be `<Say>`d.
Voice = Callable[[str, bool], str | None]


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a call stands: the number of the step to come, the step whose answer was the last, how often nothing came."""

    step: int
    last: int = 0
    quiet: int = 0

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Stand:
        """From the address of a request; what is not readable there is taken as the beginning."""
        numbers = [query.get(name, "") for name in ("step", "last", "quiet")]
        step, last, quiet = (int(n) if n.isascii() and n.isdecimal() and len(n) < 4 else 0 for n in numbers)
        return cls(max(step, 1), last, quiet)

    def next(self, quiet: int = 0) -> Stand:
        """One step on, the last answer still being the last."""
        return Stand(self.step + 1, self.last, quiet)

    @property
    def query(self) -> str:
        return urlencode({"step": self.step, "last": self.last, "quiet": self.quiet})


class Speaker:
    """Makes the TwiML of a step."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def answer(self, told: Mapping[str, Any], after: list[str], stand: Stand, slow: bool, ring: int = 0) -> Response:
        """An answer, then what may be done. `ring` is for how many seconds the telephone rings before."""
        response = VoiceResponse()
        if ring:
            response.pause(length=ring)
        gather = self._gather(response, stand)
        text = spoken(told)
        said = pieces(text)
        if slow:
            for clause in clauses("".join(said)):
                self._say(gather, clause, slow=True)
                gather.pause(length=1)
        else:
            for piece in said:
                self._say(gather, piece)
        if len(said) == PIECES and sum(map(len, said)) < len(text):
            self._say(gather, prompts.MORE)
        for line in after:
            self._say(gather, line)
        return _xml(response)

    def listen(self, said: list[str], stand: Stand, text: str | None = None) -> Response:
        """Say something and listen; `text` is sent to the caller by Twilio."""
        response = VoiceResponse()
        if text:
            response.sms(text)
        gather = self._gather(response, stand)
        for line in said:
            self._say(gather, line)
        return _xml(response)

    def connect(self, said: str, number: str, stand: Stand) -> Response:
        """Put the caller through to a person."""
        response = VoiceResponse()
        self._say(response, said)
        response.dial(number, timeout=RING, action=f"dialled?{stand.query}", method="POST")
        return _xml(response)

    def end(self, said: str) -> Response:
        """Say something and hang up."""
        response = VoiceResponse()
        self._say(response, said)
        response.hangup()
        return _xml(response)

    def _gather(self, response: VoiceResponse, stand: Stand) -> Gather:
        return response.gather(
            input="speech dtmf",
            language=LANGUAGE,
            num_digits=1,
            timeout=LISTEN,
            speech_timeout="auto",
            hints=HINTS,
            action=f"heard?{stand.query}",
            method="POST",
            action_on_empty_result=True,
        )

    def _say(self, verb: VoiceResponse | Gather, text: str, slow: bool = False) -> None:
        recording = self._voice(text, slow)
        if recording:
            verb.play(recording)
        else:
            verb.say(text, language=LANGUAGE)


def _xml(response: VoiceResponse) -> Response:
    return Response(str(response), mimetype="text/xml")
