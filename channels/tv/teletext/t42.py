"""A T42 stream: packets of 42 bytes one after another, as VBIT2 and vhs-teletext write and read them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from channels.tv.teletext.packets import Function, Sheet, coded, header


def stream(sheets: Iterable[Sheet]) -> Iterator[bytes]:
    """One round of teletext pages as packets.

    A page is whole when the header of another one comes: a header that is no page parts subpages and ends each magazine.
    """
    last: Sheet | None = None
    for sheet in sheets:
        if last and (last.number == sheet.number or last.magazine != sheet.magazine):
            yield _closing(last.magazine)
        shown = sheet.function is Function.DISPLAY
        yield header(sheet.number, sheet.subcode, sheet.heading.encode("ascii"), erase=True, sequence=shown)
        yield from (coded(sheet.magazine, packet) for packet in sheet.packets)
        last = sheet
    if last:
        yield _closing(last.magazine)


def _closing(magazine: int) -> bytes:
    return header(magazine << 8 | 0xFF, 0x3F7F, b"", sequence=False)
