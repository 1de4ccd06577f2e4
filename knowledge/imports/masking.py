"""What must never be kept in full: ID-card numbers, bank accounts, private telephone numbers. Pure."""

from __future__ import annotations

import re

_ID = re.compile(r"(?<!\d)(\d{6}[ -]?\d{8}[ -]?\d{3}[\dXx]|\d{15})(?!\d)")
_DATED_ID = re.compile(r"(?<!\d)(\d{6}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx])(?!\d)")
_CARD = re.compile(r"(?<!\d)(\d{16,19}|\d{4}(?:[ -]\d{4}){3}(?:[ -]?\d{1,3})?)(?!\d)")
_PHONE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})(?!\d)")


def numbers_of_persons(text: str) -> str:
    """The text with ID-card and bank numbers masked: 130***************."""
    text = _ID.sub(lambda found: found[1][:3] + "*" * (len(found[1]) - 3), text)
    return _CARD.sub(lambda found: found[1][:2] + "*" * (len(found[1]) - 2), text)


def identity(text: str) -> str:
    """A record's own number, which may be as long as a bank account: masked only where it holds an ID-card number."""
    return _DATED_ID.sub(lambda found: found[1][:3] + "*" * (len(found[1]) - 3), text)


def private(text: str) -> str:
    """As `numbers_of_persons`, and mobile numbers masked too: 199****6637."""
    return _PHONE.sub(r"\1****\3", numbers_of_persons(text))
