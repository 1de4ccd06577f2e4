"""A call that brings an announcement: who calls, what is announced, twice, in our own voice, and a key for "it came".

The message of the outbox that ordered the call stands in the addresses that Twilio asks at, which it signs. Whether a
person or a machine answered, Twilio tells as `AnsweredBy`: https://www.twilio.com/docs/voice/answering-machine-detection
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Protocol

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from twilio.twiml.voice_response import Gather, VoiceResponse

from channels.base import Service
from channels.base.refusals import http_error
from channels.base.sending import Letter, SendError
from channels.base.twilio import prove
from channels.phone.ear import heard, pieces
from channels.phone.speaking import LANGUAGE, LISTEN, Voice

CAME, AGAIN = "1", "9"
KEYS = f"收到请按{CAME}，再听一遍请按{AGAIN}。"
WRONG_KEY = "这个键没有用。"
OVER = "这条通知已经结束。再见。"
GOODBYE = "再见。"

#: So often an announcement is told in one call.
MOST = 6

#: A recording that is just being made is waited for so many seconds; Twilio waits fifteen.
PATIENCE = 6.0


class Announced(Protocol):
    """See `knowledge.announcements.tables.Announcement`."""

    @property
    def id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def ends(self) -> datetime: ...


def order(service: Service, letter: Letter) -> dict[str, str] | None:
    """What the order of a call has beside the usual where it brings an announcement; None where it brings none.

    Raises SendError where the announcement is over: nobody is to be called for it any more.
    """
    carried = service.answers.carried(letter.number)
    if carried is None:
        return None
    row, _ = carried
    if not _in_force(row, service.desk.now()):
        raise SendError("over", "公告已经结束，不再打电话。", "the announcement is over", retryable=False)
    service.booth.of(row)  # is made while it rings
    url = f"{service.settings.own_url}/phone/announcement?letter={letter.number}"
    return {"Url": url, "MachineDetection": "Enable"}


def add_routes(blueprint: Blueprint, service: Service, voice: Voice) -> None:
    """`POST /phone/announcement?letter=…&time=…`: the first words of such a call, and what follows a key."""

    @blueprint.post("/phone/announcement")
    def announcement() -> ResponseReturnValue:
        prove(service)
        number, times = _whole("letter"), _whole("time", "1")
        carried = service.answers.carried(number)
        if carried is None:
            raise http_error(404)
        row, person = carried
        urgent = "紧急" if row.urgency == "emergency" else ""
        now, key = service.desk.now(), request.form.get("Digits", "")
        by = request.form.get("AnsweredBy", "")
        if by == "fax" or by.startswith("machine"):
            service.outbox.report(number, "failed", "machine", "接电话的是录音机或传真机。", now)
            return _end(voice, "")
        if key == CAME:
            service.answers.acknowledge(row.id, person, "confirmed", "call", now)
            return _end(voice, f"谢谢，已记下您收到“{row.title}”。{GOODBYE}")
        if not _in_force(row, now):
            return _end(voice, OVER)
        if (times > 1 and not key) or times > MOST:
            return _end(voice, GOODBYE)
        response = VoiceResponse()
        gather = response.gather(
            input="dtmf",
            num_digits=1,
            timeout=LISTEN,
            action=f"announcement?letter={number}&time={times + 1}",
            method="POST",
            action_on_empty_result=True,
        )
        if key and key != AGAIN:
            _say(gather, voice, f"{WRONG_KEY}{KEYS}")
            return _xml(response)
        if key == AGAIN:
            service.answers.acknowledge(row.id, person, "heard", "call", now)
        else:
            _say(gather, voice, f"这里是{service.settings.county_name}乡音，有一条{urgent}通知。")
        _tell(gather, service, row)
        _say(gather, voice, KEYS)
        return _xml(response)


def _tell(gather: Gather, service: Service, row: Any) -> None:
    """The announcement twice: the recording that loudspeakers play, or Twilio's voice where there is none."""
    recording, deadline = service.booth.of(row), time.monotonic() + PATIENCE
    while recording is None and service.booth.pending(row) and time.monotonic() < deadline:
        time.sleep(0.1)
        recording = service.booth.of(row)
    if recording:
        gather.play(f"{service.settings.own_url}/audio/{recording.sha}.mp3")
        return
    for again in (False, True):
        if again:
            gather.pause(length=1)
        for piece in pieces(heard(f"{row.title}。{row.text}")):
            gather.say(piece, language=LANGUAGE)


def _in_force(row: Announced, now: datetime) -> bool:
    return row.state == "going" and row.ends > now


def _whole(name: str, otherwise: str = "") -> int:
    """A number in the address. Raises RefusedError where there is none."""
    written = request.args.get(name, otherwise)
    if not (written.isascii() and written.isdecimal() and len(written) < 19):
        raise http_error(400)
    return int(written)


def _say(verb: VoiceResponse | Gather, voice: Voice, text: str) -> None:
    recording = voice(text, False)
    if recording:
        verb.play(recording)
    else:
        verb.say(text, language=LANGUAGE)


def _end(voice: Voice, said: str) -> Response:
    response = VoiceResponse()
    if said:
        _say(response, voice, said)
    response.hangup()
    return _xml(response)


def _xml(response: VoiceResponse) -> Response:
    return Response(str(response), mimetype="text/xml")
