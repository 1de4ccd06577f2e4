"""Teletext packets by ETSI EN 300 706: Hamming 8/4 and 24/18, odd parity, the 42 bytes of a line. Pure.

A packet is kept in the values that it means, before any coding (`Packet.data`, 40 of them): letters of 7 bits, nibbles,
or thirds of 6 bits of an 18-bit triplet, lowest first. A T42 stream carries them coded, a TTI file as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum

#: Bytes of a packet without clock run-in and framing code.
LENGTH = 42
COLUMNS = 40

#: Triplets of a packet X/26, X/27/4 or X/28.
TRIPLETS = 13

#: The subcode that means any subpage in a link.
ANY_SUBPAGE = 0x3F7F


class Coding(Enum):
    """How a packet's 40 bytes are protected (clause 7.1); in `TRIPLETS` and the designated ones the first is 8/4."""

    TEXT = "odd parity"
    NIBBLES = "hamming 8/4"
    TRIPLETS = "hamming 24/18"


class Function(IntEnum):
    """What a page is for (table 3, clause 9.4.2.1)."""

    DISPLAY = 0
    GLOBAL_DRCS = 4
    DRCS = 5
    MOT = 6


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of a page: its number (1 to 28), how it is coded, and its 40 values."""

    number: int
    coding: Coding
    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) != COLUMNS:
            raise ValueError(f"packet {self.number}: {len(self.data)} values, a packet has {COLUMNS}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page as it is sent: `number` 0x100 to 0x8FF, its subcode, what it is for, its heading, its packets in order."""

    number: int
    subcode: int
    function: Function
    heading: str
    seconds: int
    packets: tuple[Packet, ...]

    @property
    def magazine(self) -> int:
        """1 to 8."""
        return self.number >> 8


def hamming8(nibble: int) -> int:
    """Four bits protected by Hamming 8/4 (clause 8.2): bits P1 D1 P2 D2 P3 D3 P4 D4, lowest first."""
    one, two, three, four = (nibble >> bit & 1 for bit in range(4))
    parities = 1 ^ one ^ three ^ four, 1 ^ one ^ two ^ four, 1 ^ one ^ two ^ three
    bits = [parities[0], one, parities[1], two, parities[2], three, 0, four]
    bits[6] = 1 ^ sum(bits) & 1
    return _number(bits)


def hamming24(value: int) -> bytes:
    """18 bits protected by Hamming 24/18 (clause 8.3): parity bits stand at the places 1, 2, 4, 8, 16 and 24."""
    bits = [0] * 25  # places 1 to 24
    at = 0
    for place in range(1, 24):
        if place & (place - 1):
            bits[place] = value >> at & 1
            at += 1
    for power in range(5):
        bits[1 << power] = 1 ^ sum(bits[place] for place in range(1, 24) if place >> power & 1) & 1
    bits[24] = 1 ^ sum(bits) & 1
    return _number(bits[1:]).to_bytes(3, "little")


def parity(letter: int) -> int:
    """Seven bits with the eighth that makes the number of ones odd (clause 8.1)."""
    return letter & 0x7F | (0 if (letter & 0x7F).bit_count() % 2 else 0x80)


def _number(bits: Iterable[int]) -> int:
    return sum(bit << place for place, bit in enumerate(bits))


_HAMMING8 = bytes(map(hamming8, range(16)))
_PARITY = bytes(map(parity, range(256)))


def text(number: int, letters: bytes) -> Packet:
    """A row of letters, filled up with blanks."""
    return Packet(number, Coding.TEXT, letters.ljust(COLUMNS, b" "))


def triplets(number: int, designation: int, values: Sequence[int]) -> Packet:
    """A packet of 13 triplets of 18 bits."""
    thirds = bytes(value >> shift & 0x3F for value in values for shift in (0, 6, 12))
    return Packet(number, Coding.TRIPLETS, bytes([designation]) + thirds)


def column(address: int, mode: int, data: int) -> int:
    """A triplet of X/26 (clause 12.3): address of 6 bits, mode of 5, data of 7."""
    return address | mode << 6 | data << 11


def packed(fields: Iterable[tuple[int, int]]) -> list[int]:
    """Values of so many bits each, one after another from the lowest, as triplets: X/28 (clause 9.4)."""
    whole = at = 0
    for value, bits in fields:
        whole |= value << at
        at += bits
    return [whole >> 18 * index & 0x3FFFF for index in range(TRIPLETS)]


def coded(magazine: int, packet: Packet) -> bytes:
    """The 42 bytes of a packet."""
    data = packet.data
    if packet.coding is Coding.TEXT:
        body = data.translate(_PARITY)
    elif packet.coding is Coding.NIBBLES:
        body = bytes(_HAMMING8[value] for value in data)
    else:
        values = (data[at] | data[at + 1] << 6 | data[at + 2] << 12 for at in range(1, COLUMNS, 3))
        body = bytes([_HAMMING8[data[0]]]) + b"".join(_triplet(value) for value in values)
    return _address(magazine, packet.number) + body


_known: dict[int, bytes] = {}


def _triplet(value: int) -> bytes:
    found = _known.get(value)
    if found is None:
        found = _known[value] = hamming24(value)
    return found


def header(number: int, subcode: int, letters: bytes, erase: bool = True, sequence: bool = True) -> bytes:
    """The 42 bytes of a page's header X/0 (clause 9.3.1). `letters` are the 32 that are shown; Latin, English subset.

    `erase` (C4) drops what was shown before; without `sequence` (C9) the page is not to be shown in turn.
    """
    nibbles = (
        number & 15,
        number >> 4 & 15,
        subcode & 15,
        subcode >> 4 & 7 | erase << 3,
        subcode >> 8 & 15,
        subcode >> 12 & 3,
        (not sequence) << 2,
        0,
    )
    shown = letters[:32].ljust(32, b" ").translate(_PARITY)
    return _address(number >> 8, 0) + bytes(_HAMMING8[nibble] for nibble in nibbles) + shown


def _address(magazine: int, number: int) -> bytes:
    return bytes([_HAMMING8[magazine & 7 | (number & 1) << 3], _HAMMING8[number >> 1]])


#: How the headers of the eight magazines begin.
HEADERS = frozenset(_address(magazine, 0) for magazine in range(1, 9))
