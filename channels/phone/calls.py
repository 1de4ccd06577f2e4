"""The way out by telephone: a villager who rang and hung up is called back, by Twilio's REST API:
https://www.twilio.com/docs/voice/api/call-resource#create-a-call
"""

from __future__ import annotations

from datetime import timedelta

from channels.base import Service
from channels.base.sending import Brings, Letter, SendError
from channels.base.twilio import Account, DeclinedError, account, dialled
from channels.phone import announcement

#: The channel of calls that we make: who wants none has opted out of it.
CHANNEL = "call"

#: Nobody expects to be called back any more after so long; how long we let it ring, in seconds.
STALE = timedelta(minutes=10)
RING = 30


class Caller(Brings):
    """Orders calls."""

    name = "twilio-voice"
    channel = CHANNEL
    per_second = 1.0  # what Twilio gives a new account
    at_once = 1

    def __init__(self, service: Service, account: Account) -> None:
        self._service = service
        self._account = account

    def send(self, letter: Letter) -> None:
        """Order one call. Raises SendError, UnreachableError or UncertainError."""
        announced = announcement.order(self._service, letter)
        if announced is None and self._service.desk.now() - letter.created > STALE:
            raise SendError("stale", "过了十分钟，不再回拨。", "nobody expects this call any more", retryable=False)
        settings = self._service.settings
        order = {
            "To": dialled(letter.address),
            "From": settings.twilio_number,
            "Url": f"{settings.own_url}/phone/call",
            "StatusCallback": f"{settings.own_url}/phone/status?letter={letter.number}",
            "Timeout": str(RING),
            **(announced or {}),
        }
        try:
            self._account.create("Calls", order)
        except DeclinedError as error:
            raise SendError(error.code, "Twilio 不打这个号码。", error.english, retryable=False) from None


def sender(service: Service) -> Caller | None:
    """The way out by telephone, where an account and a number are set."""
    set_up = account(service.settings)
    return Caller(service, set_up) if set_up else None
