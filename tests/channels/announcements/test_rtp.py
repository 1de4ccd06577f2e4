"""RTP as ffmpeg hears it by the description that we print, and packet by packet as RFC 3550 and 2250 have them."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from channels.announcements.speakers import rtp
from channels.announcements.speakers.airtime import SAMPLES, Library
from channels.announcements.speakers.rtp import Group
from tests.channels.announcements.streams import RATE, VILLAGE, Radio, likeness, listen, samples
from tests.conftest import NOW

LOOPBACK = "127.0.0.1"

#: Of Linux; Python names it from 3.12 on or not at all.
IP_RECVTTL = 12


def free_port() -> int:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((LOOPBACK, 0))
            if free.getsockname()[1] % 2 == 0:
                return int(free.getsockname()[1])


def whole_frames(payload: bytes) -> int:
    """How many frames of MPEG-2 Layer III, 48 kbit/s and 22,050 Hz it holds; none may be cut."""
    count, at = 0, 0
    while at < len(payload):
        assert payload[at : at + 2] == b"\xff\xf3"
        at += 156 + (payload[at + 2] >> 1 & 1)
        count += 1
    assert at == len(payload)
    return count


@pytest.fixture
def radio(tmp_path: Path) -> Radio:
    return Radio(tmp_path / "audio", NOW.replace(hour=9, minute=1))


@pytest.fixture
def sending(radio: Radio) -> Iterator[Callable[[Group], None]]:
    stop, threads = threading.Event(), []

    def start(group: Group) -> None:
        arguments = (group, VILLAGE, radio, radio.booth, radio.now, stop)
        threads.append(threading.Thread(target=rtp.run, args=arguments))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("host", ["239.255.12.83", LOOPBACK], ids=["multicast", "one address"])
def test_ffmpeg_hears_what_was_made(radio: Radio, sending, tmp_path: Path, host: str) -> None:
    group = Group(host, free_port(), source=LOOPBACK)
    description = tmp_path / "stream.sdp"
    description.write_text(group.sdp("五重安镇万宝沟村"), encoding="utf-8")
    ear = tmp_path / "heard.raw"
    radio.prepare("马上转移到村委会。", "emergency")
    ffmpeg = listen(description, ear, 20, "-protocol_whitelist", "file,rtp,udp", "-localaddr", LOOPBACK)
    time.sleep(1)
    sending(group)
    time.sleep(2)
    storm = radio.say("马上转移到村委会。", "emergency")
    assert ffmpeg.wait(90) == 0
    wanted = radio.sound(storm)
    alike, begun = likeness(samples(ear), wanted)
    assert alike > 0.99
    assert begun + len(wanted) / RATE < 20


def test_packets_are_as_the_standards_have_them(radio: Radio, sending) -> None:
    group = Group("239.255.12.84", free_port(), ttl=7, source=LOOPBACK)
    storm = radio.say("马上转移到村委会。", "emergency")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("", group.port))
        ear.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group.host) + socket.inet_aton(LOOPBACK)
        )
        ear.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        ear.settimeout(10)
        sending(group)
        begun, packets = time.monotonic(), []
        while len(packets) < 20:
            data, extra, *_ = ear.recvmsg(2000, 100)
            assert (socket.IPPROTO_IP, socket.IP_TTL, struct.pack("i", 7)) in extra
            packets.append(data)
        took = time.monotonic() - begun
    sound = b""
    numbers, times, counts = [], [], []
    for packet in packets:
        first, second, number, stamp, _source, zero, offset = struct.unpack(">BBHIIHH", packet[:16])
        assert first == 0x80  # version 2, nothing else
        assert second & 0x7F == rtp.PAYLOAD
        assert (zero, offset) == (0, 0)
        assert len(packet) <= rtp.PACKET
        numbers.append(number)
        times.append(stamp)
        counts.append(whole_frames(packet[16:]))
        sound += packet[16:]
    assert [(after - before) % 65536 for before, after in pairwise(numbers)] == [1] * 19
    frames = Library().frames(radio.booth.make(storm))
    assert b"".join(frames[:100]) in sound
    ticks = (times[-1] - times[0]) % 2**32
    assert ticks == pytest.approx(sum(counts[:-1]) * SAMPLES * 90000 / RATE, abs=2)
    assert ticks / 90000 == pytest.approx(took, abs=1.5)  # at the speed at which it is heard


def test_the_description_of_a_group() -> None:
    assert Group.of("239.1.2.3:5004", 4, "10.0.0.1").sdp("万宝沟村").split("\r\n") == [
        "v=0",
        "o=- 5004 1 IN IP4 10.0.0.1",
        "s=万宝沟村",
        "c=IN IP4 239.1.2.3/4",
        "t=0 0",
        "m=audio 5004 RTP/AVP 14",
        "a=rtpmap:14 MPA/90000",
        "",
    ]
    assert "c=IN IP4 10.0.0.9\r\n" in Group.of("10.0.0.9:5004").sdp("x")


@pytest.mark.parametrize(
    "written", ["", "239.1.2.3", "239.1.2.3:5005", "239.1.2.300:5004", "host:5004", "1.2.3.4:80", "239.1.2.3:99999"]
)
def test_a_group_that_cannot_be_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Group.of(written)
