"""The telephone by Twilio Voice: https://www.twilio.com/docs/voice/twiml, for those who do not write.

Twilio asks for TwiML when a call comes (`/phone/call`), when the caller has said or pressed something (`/phone/heard`)
and when a person was rung for (`/phone/dialled`), and tells how the call ended (`/phone/status`). Where a call stands is
in the addresses that we give it, which it signs when it comes back; what was answered is in the mailbox, under the
call's id and the number of the step: a request that is repeated is answered alike, and asked of the assistant once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from bot.messages import as_json
from channels.base import Outcome, Service
from channels.base.refusals import RefusedError, http_error, refusal_response
from channels.base.twilio import field, prove
from channels.phone import announcement, calls, hours, prompts
from channels.phone.ear import as_text
from channels.phone.ending import calls_back, ended
from channels.phone.hearing import Heard, hear
from channels.phone.recordings import Recordings
from channels.phone.speaking import Speaker, Stand, Voice
from channels.phone.who import Caller, caller

sender = calls.sender

log = logging.getLogger(__name__)

#: A call that has gone on for so many steps is no person's.
MOST_STEPS = 80

#: After so many steps without a word the call is ended.
MOST_QUIET = 3


def routes(service: Service, voice: Voice | None = None) -> Blueprint:
    """`POST /phone/call`, `/phone/heard`, `/phone/dialled` and `/phone/status`. `voice` finds recordings of what is said."""
    blueprint = Blueprint("phone", __name__)
    voice = voice or Recordings(service)
    announcement.add_routes(blueprint, service, voice)
    call = Call(service, Speaker(voice))

    @blueprint.post("/phone/call")
    def incoming() -> ResponseReturnValue:
        prove(service)
        return call.begin(caller())

    @blueprint.post("/phone/heard")
    def heard() -> ResponseReturnValue:
        prove(service)
        return call.go_on(caller(), Stand.of(request.args), hear(request.form))

    @blueprint.post("/phone/dialled")
    def dialled() -> ResponseReturnValue:
        prove(service)
        if request.form.get("DialCallStatus") == "completed":
            return call.speaker.end(prompts.GOODBYE)
        return call.ask(Stand.of(request.args), [prompts.NOT_CONNECTED, prompts.HELP])

    @blueprint.post("/phone/status")
    def status() -> ResponseReturnValue:
        prove(service)
        ended(service, caller(), field("CallStatus"))
        return "", 204

    @blueprint.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        """Who is on the line hears a sentence; Twilio itself would say one in English."""
        if isinstance(error, RefusedError) and error.status < 500:
            return refusal_response(error)
        if isinstance(error, HTTPException):
            return refusal_response(http_error(error.code or 500))
        log.error("%s failed", request.path, exc_info=error)
        return call.speaker.end(prompts.FAILED)

    return blueprint


class Call:
    """What is said in a call, one step after another."""

    def __init__(self, service: Service, speaker: Speaker) -> None:
        self._service = service
        self.speaker = speaker

    def begin(self, who: Caller) -> Response:
        """The greeting. A registered caller rings for a while first: who hangs up meanwhile is called back."""
        service, settings = self._service, self._service.settings
        homes = service.people.registered(who.number) if who.number else ()
        named = [service.places.full_name(code) for code in homes]
        greeting = prompts.greeting(settings.county_name, named, who.called_by_us)
        message = who.message("（来电）", 0, service.desk.now())
        outcome = service.desk.receive(message, say=greeting, waits=True)
        if outcome.kind == "throttled":
            return self.speaker.end(prompts.BUSY)
        ring = settings.phone_ring_seconds if homes and not who.called_by_us and calls_back(service) else 0
        return self._tell(as_json(outcome.reply or greeting), Stand(1, 0), who, ring=ring)

    def go_on(self, who: Caller, stand: Stand, heard: Heard) -> Response:
        """The next step, after what was heard."""
        if stand.step > MOST_STEPS:
            return self.speaker.end(prompts.GOODBYE)
        last = self._told(who, stand)
        key = heard.key
        match heard.kind:
            case "nothing" | "noise":
                return self._quiet(stand, prompts.QUIET if heard.kind == "nothing" else prompts.NOISE)
            case "goodbye":
                return self.speaker.end(prompts.GOODBYE)
            case "person":
                return self._person(stand)
            case "again":
                return self._again(stand, who, last)
            case "text":
                return self._text(stand, who, last)
            case "no_calls" | "calls":
                return self._calls(stand, who, heard.kind == "calls")
        text = heard.text
        if key:
            choices = last["choices"] if last else []
            if key > min(3, len(choices)):
                return self.ask(stand, [prompts.WRONG_KEY, *_offers(last), prompts.HELP])
            text = str(choices[key - 1]["text"])
        return self._answer(stand, who, text)

    def ask(self, stand: Stand, said: list[str]) -> Response:
        """Say something that changes nothing, and listen."""
        return self.speaker.listen(said, stand.next())

    def _answer(self, stand: Stand, who: Caller, text: str) -> Response:
        message = who.message(text, stand.step, self._service.desk.now())
        try:
            outcome = self._service.desk.receive(message, patience=5.0, waits=True)
        except RefusedError:
            return self.ask(stand, [prompts.FAILED])
        if outcome.kind == "throttled":
            return self.speaker.end(prompts.BUSY)
        told = _told(outcome)
        if told is None:
            return self.ask(stand, [prompts.FAILED])
        return self._tell(told, Stand(stand.step + 1, stand.step), who)

    def _tell(self, told: Mapping[str, Any], stand: Stand, who: Caller, slow: bool = False, ring: int = 0) -> Response:
        """An answer, and what may be done then."""
        slow = slow or told.get("manner") == "slow"
        after = _offers(told) or [prompts.ways_on(who.number is not None)]
        return self.speaker.answer(told, after, stand, slow, ring)

    def _told(self, who: Caller, stand: Stand) -> dict[str, Any] | None:
        """The answer that was given last."""
        return self._service.desk.earlier(who.message("", stand.last, self._service.desk.now()))

    def _quiet(self, stand: Stand, said: str) -> Response:
        if stand.quiet + 1 >= MOST_QUIET:
            return self.speaker.end(f"{said}{prompts.GOODBYE}")
        return self.speaker.listen([said, prompts.HELP], stand.next(quiet=stand.quiet + 1))

    def _again(self, stand: Stand, who: Caller, last: Mapping[str, Any] | None) -> Response:
        if last is None:
            return self.ask(stand, [prompts.NOTHING_YET, prompts.HELP])
        return self._tell(last, stand.next(), who, slow=True)

    def _person(self, stand: Stand) -> Response:
        settings = self._service.settings
        if settings.phone_person and hours.open_at(settings.phone_hours, self._service.desk.now()):
            return self.speaker.connect(prompts.CONNECTING, settings.phone_person, stand.next())
        there = hours.said(settings.phone_hours) if settings.phone_person else ""
        return self.ask(stand, [prompts.nobody_there(there, settings.hotline), prompts.HELP])

    def _text(self, stand: Stand, who: Caller, last: Mapping[str, Any] | None) -> Response:
        if not who.number:
            return self.ask(stand, [prompts.NO_NUMBER, prompts.HELP])
        if last is None or stand.last == 0:
            return self.ask(stand, [prompts.NOTHING_YET, prompts.HELP])
        text = as_text(last)
        sent = self._service.send_text(who.number, text, f"phone:{who.sid}:{stand.last}")
        if sent == "opted_out":
            return self.ask(stand, [prompts.OPTED_OUT, prompts.HELP])
        said = [prompts.SENT, prompts.ways_on(texts=False)]
        return self.speaker.listen(said, stand.next(), text=text if sent == "closed" else None)

    def _calls(self, stand: Stand, who: Caller, wanted: bool) -> Response:
        store = self._service.desk.store
        if not who.number:
            return self.ask(stand, [prompts.HELP])
        if wanted:
            store.opt_in(calls.CHANNEL, who.number)
        else:
            store.opt_out(calls.CHANNEL, who.number, self._service.desk.now())
        return self.ask(stand, [prompts.CALLS if wanted else prompts.NO_CALLS, prompts.HELP])


def _offers(told: Mapping[str, Any] | None) -> list[str]:
    return prompts.offered([choice["label"] for choice in told["choices"]]) if told else []


def _told(outcome: Outcome) -> dict[str, Any] | None:
    return as_json(outcome.reply) if outcome.reply else outcome.earlier
