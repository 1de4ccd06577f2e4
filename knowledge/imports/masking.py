"""What must never be kept in full: ID-card numbers, bank accounts, private telephone numbers. Pure."""

from __future__ import annotations

import re

_ID = re.compile(r"(?<!\d)(\d{17}[\dXx]|\d{15})(?!\d)")
_CARD = re.compile(r"(?<!\d)(\d{16,19}|\d{4}(?:[ -]\d{4}){3}(?:[ -]?\d{1,3})?)(?!\d)")
_PHONE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})(?!\d)")


def numbers_of_persons(text: str) -> str:
    """The text with ID-card and bank numbers masked: 130***************."""
    text = _ID.sub(lambda found: found[1][:3] + "*" * (len(found[1]) - 3), text)
    return _CARD.sub(lambda found: found[1][:2] + "*" * (len(found[1]) - 2), text)


def private(text: str) -> str:
    """As `numbers_of_persons`, and mobile numbers masked too: 199****6637."""
    return _PHONE.sub(r"\1****\3", numbers_of_persons(text))
