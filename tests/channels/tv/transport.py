"""Reads an MPEG transport stream as ISO/IEC 13818-1 and ETSI EN 300 468 say, apart from FFmpeg: a second witness."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

SIZE = 188
NULL, SDT, PAT, PMT = 0x1FFF, 0x0011, 0x0000, 0x1000


@dataclass
class Stream:
    """What is found in a stream. `ends` are where each PES packet ends; `pcrs` are (byte position, 27 MHz ticks); `stamps` the DTS by PID, in 90 kHz ticks.

    `parts` are the stream type and the descriptors of what the programme consists of, by PID: each form that was told.
    """

    packets: Counter[int] = field(default_factory=Counter)
    continuity: list[str] = field(default_factory=list)
    pcrs: list[tuple[int, int]] = field(default_factory=list)
    stamps: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    ends: dict[int, list[int]] = field(default_factory=dict)
    services: set[tuple[str, str]] = field(default_factory=set)
    programs: set[int] = field(default_factory=set)
    parts: dict[int, set[tuple[int, bytes]]] = field(default_factory=dict)

    @property
    def longest_gap(self) -> float:
        """The longest time between two PCRs, in seconds. Their clock begins anew at 2^33 ticks of 90 kHz."""
        return max((after - before) % (300 << 33) for (_, before), (_, after) in pairwise(self.pcrs)) / 27e6

    def rate(self) -> list[float]:
        """Bits a second between each two PCRs."""
        pairs = zip(self.pcrs, self.pcrs[1:], strict=False)
        return [(there - here) * 8 * 27e6 / (after - before) for (here, before), (there, after) in pairs]

    def late(self, rate: int) -> list[str]:
        """What is whole only after it is due: its last packet comes later, by the clock, than it is to be decoded."""
        found = []
        positions = [at for at, _ in self.pcrs]
        for pid, stamps in self.stamps.items():
            for (_, due), end in zip(stamps, self.ends[pid], strict=True):
                near = max(bisect.bisect(positions, end) - 1, 0)
                arrived = self.pcrs[near][1] / 27e6 + (end - positions[near]) * 8 / rate
                if arrived >= due / 90_000:
                    found.append(f"PID {pid}: {arrived:.3f} s, due at {due / 90_000:.3f} s")
        return found


def read(data: bytes) -> Stream:
    """A whole stream. Raises AssertionError where it is not one."""
    assert data, "empty"
    assert len(data) % SIZE == 0, f"{len(data)} bytes are no whole packets"
    found = Stream()
    last: dict[int, int] = {}
    for at in range(0, len(data), SIZE):
        packet = data[at : at + SIZE]
        assert packet[0] == 0x47, f"no sync byte at {at}"
        assert not packet[1] & 0x80, f"transport error at {at}"
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        found.packets[pid] += 1
        if pid == NULL:
            continue
        _continuity(packet, pid, at, last, found)
        adaptation = packet[3] & 0x20
        if adaptation and packet[4] and packet[5] & 0x10:
            base = int.from_bytes(packet[6:10], "big") << 1 | packet[10] >> 7
            found.pcrs.append((at + 10, base * 300 + ((packet[10] & 1) << 8 | packet[11])))
        payload = packet[5 + packet[4] :] if adaptation else packet[4:]
        if not packet[1] & 0x40 or not packet[3] & 0x10:
            if pid in found.ends and packet[3] & 0x10:
                found.ends[pid][-1] = at + SIZE
            continue
        if pid == SDT:
            found.services.update(_services(payload[1 + payload[0] :]))
        elif pid == PAT:
            section = payload[1 + payload[0] :]
            found.programs.add(int.from_bytes(section[8:10], "big"))
        elif pid == PMT:
            for part, told in _parts(payload[1 + payload[0] :]):
                found.parts.setdefault(part, set()).add(told)
        elif payload[:3] == b"\0\0\1":
            stamp = payload[14:19] if payload[7] & 0x40 else payload[9:14]
            found.stamps.setdefault(pid, []).append((at, _stamp(stamp)))
            found.ends.setdefault(pid, []).append(at + SIZE)
    return found


def _continuity(packet: bytes, pid: int, at: int, last: dict[int, int], found: Stream) -> None:
    """A counter goes on by one with each packet that bears something, and stands where it does not."""
    counter, bears = packet[3] & 15, packet[3] & 0x10
    announced = packet[3] & 0x20 and packet[4] and packet[5] & 0x80
    if pid in last and not announced:
        expected = last[pid] + 1 & 15 if bears else last[pid]
        if counter != expected:
            found.continuity.append(f"PID {pid} at {at}: {counter}, {expected} expected")
    last[pid] = counter


def _stamp(field: bytes) -> int:
    return (
        (field[0] >> 1 & 7) << 30
        | field[1] << 22
        | (field[2] >> 1) << 15
        | field[3] << 7
        | field[4] >> 1
    )  # fmt: skip


def _parts(section: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """PID, stream type and descriptors of each part of a programme (ISO/IEC 13818-1, 2.4.4.8)."""
    assert section[0] == 0x02, "not a PMT"
    end = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF)
    assert _remainder(section[:end]) == 0, "the CRC of the PMT is wrong"
    at = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF)
    while at < end - 4:
        length = int.from_bytes(section[at + 3 : at + 5], "big") & 0xFFF
        yield int.from_bytes(section[at + 1 : at + 3], "big") & 0x1FFF, (section[at], section[at + 5 : at + 5 + length])
        at += 5 + length


def _remainder(section: bytes) -> int:
    """0 for a section with its own CRC (annex A): division of its bits by the polynomial, the first 32 inverted."""
    bits = int.from_bytes(section, "big") ^ 0xFFFFFFFF << 8 * len(section) - 32
    bits <<= 32
    for at in range(8 * len(section) + 31, 31, -1):
        if bits >> at & 1:
            bits ^= 0x104C11DB7 << at - 32
    return bits


def _services(section: bytes) -> Iterator[tuple[str, str]]:
    """Provider and name of each service of an SDT."""
    assert section[0] == 0x42, "not the SDT of this stream"
    end = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF) - 4
    at = 11
    while at < end:
        stop = at + 5 + (int.from_bytes(section[at + 3 : at + 5], "big") & 0xFFF)
        at += 5
        while at < stop:
            tag, length = section[at], section[at + 1]
            if tag == 0x48:
                provider = section[at + 4 : at + 4 + section[at + 3]]
                name = section[at + 5 + section[at + 3] :][: section[at + 4 + section[at + 3]]]
                yield _text(provider), _text(name)
            at += 2 + length


def _text(coded: bytes) -> str:
    """Annex A of EN 300 468: 0x15 announces UTF-8, 0x13 GB2312; without either only ASCII is told here."""
    if coded[:1] == b"\x15":
        return coded[1:].decode()
    return coded[1:].decode("gb2312") if coded[:1] == b"\x13" else coded.decode("ascii")
