"""The teletext of a place round after round, as the fields of a stream carry it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from channels.base import Magazine
from channels.tv.loop import schedule
from channels.tv.pages import LayoutError
from channels.tv.teletext import dvb, service, t42

log = logging.getLogger(__name__)


def fields(magazine: Magazine, place: str) -> Iterator[bytes]:
    """The data of PES packets, 50 a second: the pages of a place's loop without end, as they are when a round begins.

    It ends where the place's pages have more different hanzi than teletext can send, which is told in the log.
    """
    version: str | None = None
    made: list[bytes] = []
    while True:
        if (now := magazine.version()) != version:
            version = now
            try:
                made = list(dvb.fields(packets(magazine, place)))
            except LayoutError as error:
                log.warning("the loop of %s has no teletext: %s", place, error)
                return
        if not made:
            return
        yield from made


def packets(magazine: Magazine, place: str) -> Iterator[bytes]:
    """One round as packets of 42 bytes. Raises LayoutError."""
    return t42.stream(service.sheets(schedule.pages_of(magazine, place)))
