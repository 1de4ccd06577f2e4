"""TTI files, a page of teletext each as lines of text: what VBIT2 and QTeletextMaker read. Pure.

PN page and subpage, SC subcode, PS status, CT seconds of a subpage, PF function and coding, OL a packet: its number and
its values with bit 7 set where they are no letters. https://github.com/peterkvt80/vbit2/wiki/Page-files
"""

from __future__ import annotations

from collections.abc import Iterable

from channels.tv.teletext.packets import Coding, Function, Packet, Sheet

#: Status: to be sent (bit 15), drops what was shown before (C4, bit 14), not to be shown in turn (C9, bit 4).
_SENT, _ERASE, _APART = 0x8000, 0x4000, 0x0010

#: Coding of a page that is no text to be shown, by the number in PF.
_HAMMING8 = 3


class TtiError(ValueError):
    """A TTI file that cannot be read; the text says which line."""


def written(sheets: Iterable[Sheet]) -> bytes:
    """The subpages of one page as a file."""
    lines: list[bytes] = []
    for sheet in sheets:
        if not lines:
            lines.append(b"DE,Xiangyin " + sheet.heading.partition(" ")[0].encode("ascii"))
        shown = sheet.function is Function.DISPLAY
        lines += [b"PN,%03X%02X" % (sheet.number, sheet.subcode & 0xFF), b"SC,%04X" % sheet.subcode]
        lines.append(b"PS,%04X" % (_SENT | (_ERASE if shown else _APART)))
        if shown:
            lines += [b"RE,0", b"CT,%d,T" % sheet.seconds]
        else:
            lines.append(b"PF,%d,%d" % (sheet.function, _HAMMING8 if sheet.function is Function.MOT else 0))
        lines += [b"OL,%d,%b" % (packet.number, _line(packet)) for packet in sheet.packets]
    return b"".join(line + b"\r\n" for line in lines)


def files(sheets: Iterable[Sheet]) -> dict[str, bytes]:
    """A file for each page by its name, `P110.tti`; together a folder of pages for VBIT2."""
    pages: dict[int, list[Sheet]] = {}
    for sheet in sheets:
        pages.setdefault(sheet.number, []).append(sheet)
    return {f"P{number:03X}.tti": written(found) for number, found in pages.items()}


def _line(packet: Packet) -> bytes:
    if packet.coding is Coding.TEXT:
        return packet.data
    return bytes(value | 0x40 for value in packet.data)


def read(content: bytes) -> list[Sheet]:
    """The subpages of a file that `written` made, without their headings. Raises TtiError."""
    found: list[Sheet] = []
    number = subcode = seconds = 0
    function = Function.DISPLAY
    packets: list[Packet] = []
    begun = False
    for at, line in enumerate(content.split(b"\r\n"), 1):
        command, _, said = line.partition(b",")
        try:
            if command == b"PN":
                if begun:
                    found.append(Sheet(number, subcode, function, "", seconds, tuple(packets)))
                begun, packets, function, seconds = True, [], Function.DISPLAY, 0
                number = int(said[:3], 16)
            elif command == b"SC":
                subcode = int(said, 16)
            elif command == b"CT":
                seconds = int(said.partition(b",")[0])
            elif command == b"PF":
                function = Function(int(said.partition(b",")[0]))
            elif command == b"OL":
                packets.append(_packet(function, said))
        except ValueError as error:
            raise TtiError(f"line {at}: {error}") from None
    if begun:
        found.append(Sheet(number, subcode, function, "", seconds, tuple(packets)))
    return found


def _packet(function: Function, said: bytes) -> Packet:
    number, _, data = said.partition(b",")
    row = int(number)
    if row <= 25 and function is not Function.MOT:
        return Packet(row, Coding.TEXT, data)
    coding = Coding.NIBBLES if row <= 25 or (row == 27 and data[0] & 0x3F < 4) else Coding.TRIPLETS
    return Packet(row, coding, bytes(value & 0x3F for value in data))
