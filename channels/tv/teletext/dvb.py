"""DVB teletext: T42 packets as private PES packets in an MPEG transport stream (ETSI EN 300 472, EN 300 468). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from channels.tv.teletext.packets import HEADERS

PMT_PID, PID = 0x0100, 0x0101
_PROGRAMME, _TRANSPORT = 1, 1

#: Lines of a field that carry teletext; a PES packet carries one field's, 20 ms on the 90 kHz clock.
LINES = 15
FIELD = 90_000 // 50

#: A PES packet is this long for so many lines: a header of 45 bytes, an identifier, 46 bytes a line; a multiple of 184.
_PES = 4 * 184

LANGUAGE = "zho"

#: The teletext descriptor (EN 300 468 clause 6.2.43): Chinese, an initial page, 100.
DESCRIPTOR = bytes((0x56, 5)) + LANGUAGE.encode() + bytes((1 << 3 | 1, 0x00))

_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def transport(packets: Iterable[bytes]) -> Iterator[bytes]:
    """Packets of 42 bytes as a transport stream with its tables, 50 fields a second."""
    counters = {0: 0, PMT_PID: 0, PID: 0}
    for field, data in enumerate(fields(packets)):
        if field % 5 == 0:
            yield _packet(0, counters, b"\0" + _association())
            yield _packet(PMT_PID, counters, b"\0" + _programme())
        yield _clock(field * FIELD, counters[PID])
        pes = _pes(data, (field + 50) * FIELD)
        for at in range(0, len(pes), 184):
            yield _packet(PID, counters, pes[at : at + 184], start=at == 0)


def fields(packets: Iterable[bytes]) -> Iterator[bytes]:
    """The data of a PES packet for each field: its identifier and 15 units, the last ones blank.

    A header ends its field: a decoder has 20 ms to clear the page before its rows come (EN 300 706, page erasure interval).
    """
    held: list[bytes] = []
    for packet in packets:
        held.append(packet)
        if len(held) == LINES or packet[:2] in HEADERS:
            yield _field(held)
            held = []
    if held:
        yield _field(held)


def _field(lines: Iterable[bytes]) -> bytes:
    data = bytearray([0x10])
    for number, line in enumerate(lines):
        # 22 lines a field begin at line 7; parity 1 is the first field; the framing code, then the packet, bit by bit.
        data += bytes((0x02, 0x2C, 0xE0 | (7 + number), 0xE4)) + line.translate(_REVERSED)
    while len(data) < _PES - 45:
        data += bytes((0xFF, 0x2C)) + b"\xff" * 44
    return bytes(data)


def _pes(data: bytes, at: int) -> bytes:
    stamp = bytes(
        (
            0x21 | (at >> 29 & 0x0E),
            *(at >> 22 & 0xFF, at >> 14 & 0xFE | 1),
            *(at >> 7 & 0xFF, at << 1 & 0xFE | 1),
        )
    )
    head = b"\0\0\1\xbd" + (_PES - 6).to_bytes(2, "big") + bytes((0x84, 0x80, 0x24)) + stamp
    return head.ljust(45, b"\xff") + data


def _packet(pid: int, counters: dict[int, int], payload: bytes, start: bool = True) -> bytes:
    counter = counters[pid] = (counters[pid] + 1) & 15
    return bytes((0x47, start << 6 | pid >> 8, pid & 0xFF, 0x10 | counter)) + payload.ljust(184, b"\xff")


def _clock(at: int, counter: int) -> bytes:
    """The programme's clock (PCR) in a packet that carries nothing else."""
    shown = at << 15 | 0x3F << 9  # 33 bits in 1/90000 s, six reserved ones, nine of the extension
    head = bytes((0x47, PID >> 8, PID & 0xFF, 0x20 | counter, 183, 0x10))
    return (head + shown.to_bytes(6, "big")).ljust(188, b"\xff")


def _association() -> bytes:
    return _section(0x00, _TRANSPORT, bytes((0, _PROGRAMME, 0xE0 | PMT_PID >> 8, PMT_PID & 0xFF)))


def _programme() -> bytes:
    stream = bytes((0x06, 0xE0 | PID >> 8, PID & 0xFF, 0xF0, len(DESCRIPTOR))) + DESCRIPTOR
    return _section(0x02, _PROGRAMME, bytes((0xE0 | PID >> 8, PID & 0xFF, 0xF0, 0)) + stream)


def _section(table: int, of: int, body: bytes) -> bytes:
    length = len(body) + 9
    head = bytes((table, 0xB0 | length >> 8, length & 0xFF, of >> 8, of & 0xFF, 0xC1, 0, 0))
    return head + body + crc(head + body).to_bytes(4, "big")


def crc(data: bytes) -> int:
    """The CRC of MPEG-2 sections (ISO/IEC 13818-1, annex A)."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value
