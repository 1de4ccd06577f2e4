"""Who is on the line, from the fields that each of Twilio's requests bears:
https://www.twilio.com/docs/voice/twiml#request-parameters
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from flask import request

from bot.messages import Address, Message
from channels.base.reading import phone_number
from channels.base.refusals import http_error
from channels.base.twilio import field

CHANNEL = "phone"

#: The numbers that stand for a caller who hides theirs: 266696687 spells "anonymous" on the keys, and so on.
HIDDEN = frozenset({"+266696687", "266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "+464"})

#: The longest id of a call; Twilio's have 34 characters.
LONGEST = 64


@dataclass(frozen=True, slots=True)
class Caller:
    """One villager in one call. `number` is None where it is hidden; `proven` tells that the network vouches for it."""

    sid: str
    number: str | None
    proven: bool
    called_by_us: bool

    def message(self, text: str, step: int, now: datetime) -> Message:
        """What was said in a step of the call, as a message."""
        address = Address(CHANNEL, self.number or self.sid)
        return Message(address, text, now, id=f"{self.sid}:{step}", resident=self.number if self.proven else None)


def caller() -> Caller:
    """The villager's end of the call that a request is about. Raises RefusedError for a request that is about none."""
    sid = field("CallSid")
    if len(sid) > LONGEST:
        raise http_error(400)
    called_by_us = request.form.get("Direction", "").startswith("outbound")
    written = field("To" if called_by_us else "From")
    number = None if written in HIDDEN or not re.fullmatch(r"\+?\d{5,15}", written) else phone_number(written)
    vouched = request.form.get("StirVerstat", "")
    return Caller(sid, number, called_by_us or not vouched.startswith("TN-Validation-Failed"), called_by_us)
