"""How a call ended, as Twilio tells it; and who rang and hung up before we answered is called back."""

from __future__ import annotations

from datetime import timedelta

from channels.base import Service
from channels.base.sending import Wanted
from channels.base.twilio import letter
from channels.phone import calls
from channels.phone.who import Caller

#: Who rang and hung up is called back once in so long.
BACK_AGAIN = timedelta(minutes=10)

#: How a call ends that was not answered: https://www.twilio.com/docs/voice/api/call-resource#call-status-values
#: (no-answer since October 2024, canceled before).
UNANSWERED = frozenset({"no-answer", "canceled"})

#: How a call of ours ends, in the words of `knowledge.outbox.PROGRESS`.
ENDED = {"completed": "delivered", **dict.fromkeys(("busy", "no-answer", "failed", "canceled"), "failed")}


def calls_back(service: Service) -> bool:
    """Whether we can call anybody."""
    return bool(service.settings.twilio_account_sid and service.settings.twilio_number)


def ended(service: Service, who: Caller, status: str) -> None:
    """Keep how a call of ours ended; have a registered caller called back who was not answered."""
    now, ours = service.desk.now(), letter()
    if ours is not None:
        state = ENDED.get(status)
        if state:
            code, reason = ("", "") if state == "delivered" else (status, "对方没有接听。")
            service.outbox.report(ours, state, code, reason, now)
        return
    if who.called_by_us or status not in UNANSWERED or not who.number or not calls_back(service):
        return
    if not service.people.registered(who.number) or service.desk.store.opted_out(calls.CHANNEL, who.number):
        return
    if service.people.turn(f"call:{who.number}", now, BACK_AGAIN):
        service.outbox.put([Wanted(calls.CHANNEL, who.number, "回拨", "reply", f"call:{who.sid}")], now)
