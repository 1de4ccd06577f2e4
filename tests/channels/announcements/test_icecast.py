"""Round trips with the real Icecast, set up by docs/icecast.xml: what is said is heard there, at once, and again after a loss."""

from __future__ import annotations

import http.client
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from channels.announcements.speakers import icecast as mounts
from channels.announcements.speakers.airtime import BITS, FRAME, Library
from channels.announcements.speakers.casting import Cast
from channels.announcements.speakers.icecast import BETWEEN
from tests.channels.announcements.streams import (
    ELSEWHERE,
    RATE,
    SIBLING,
    VILLAGE,
    Icecast,
    Radio,
    likeness,
    listen,
    samples,
    until,
)
from tests.conftest import NOW

MOUNT, OTHER = f"{VILLAGE}.mp3", f"{ELSEWHERE}.mp3"


@dataclass
class Station:
    icecast: Icecast
    radio: Radio
    cast: Cast

    def address(self, mount: str = MOUNT) -> str:
        return f"http://127.0.0.1:{self.icecast.port}/{mount}"


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    monkeypatch.setattr(mounts, "REST", 1.0)
    icecast = Icecast(tmp_path)
    radio = Radio(tmp_path / "audio", NOW.replace(hour=9, minute=1))
    places = [(VILLAGE, "五重安镇万宝沟村"), (SIBLING, "邻村"), (ELSEWHERE, "别村")]
    cast = Cast(icecast.url, places, radio, radio.booth, radio.now)
    stop = threading.Event()
    thread = threading.Thread(target=cast.run, args=(stop,))
    try:
        icecast.start()
        thread.start()
        until(lambda: all(mount.on for mount in cast.mounts))
        yield Station(icecast, radio, cast)
    finally:
        stop.set()
        thread.join()
        icecast.stop()


def test_an_emergency_cuts_in_and_is_heard_as_it_was_made(station: Station, tmp_path: Path) -> None:
    ear, other = tmp_path / "village.raw", tmp_path / "other.raw"
    film, move = "今天下午放电影，请大家都来看，带好小板凳。", "马上转移到村委会。"
    station.radio.prepare(film, title="电影")
    station.radio.prepare(move, "emergency", title="暴雨")
    ears = [listen(station.address(), ear, 34), listen(station.address(OTHER), other, 8)]
    until(lambda: station.icecast.status(MOUNT).get("listeners") == 1)
    ordinary = station.radio.say(film, title="电影")
    until(lambda: station.icecast.status(MOUNT).get("title") == "电影")
    time.sleep(3)
    storm = station.radio.say(move, "emergency", title="暴雨")
    until(lambda: station.icecast.status(MOUNT).get("title") == "紧急：暴雨")
    assert station.icecast.status(OTHER).get("title") == BETWEEN
    assert station.icecast.status(MOUNT).get("server_name") == "五重安镇万宝沟村"
    for each in ears:
        assert each.wait(90) == 0
    heard = samples(ear)
    alike, begun = likeness(heard, station.radio.sound(storm))
    assert alike > 0.99
    first = station.radio.sound(ordinary)
    cut = likeness(heard[: round(begun * RATE)], first[: 2 * RATE])
    assert cut[0] > 0.99  # it had begun
    after = heard[round(begun * RATE) + len(station.radio.sound(storm)) :]
    size = min(len(after), len(first)) - RATE
    assert size > 4 * RATE
    assert likeness(after, first[:size])[0] > 0.99  # and begins again
    assert float(np.abs(samples(other)).max()) < 0.001


def test_it_is_on_the_stream_within_two_seconds(station: Station) -> None:
    """A listener that looks at the octets: the programme's frames come as they are, at the stream's rate."""
    connection = http.client.HTTPConnection("127.0.0.1", station.icecast.port, timeout=10)
    connection.request("GET", f"/{MOUNT}")
    response = connection.getresponse()
    assert response.headers["Content-Type"] == "audio/mpeg"
    response.read(4 * BITS // 8)  # what was sent at once when it connected, and then some
    storm = station.radio.say("马上转移到村委会。", "emergency")
    begun = time.monotonic()
    frames = Library().frames(station.radio.booth.make(storm))
    wanted, heard = b"".join(frames[:40]), b""
    while wanted not in heard:
        heard += response.read1(2000)
        assert time.monotonic() < begun + 10
    late = time.monotonic() - begun - 40 * FRAME  # without the time that its forty frames last
    assert late < 2, late
    connection.close()


def test_a_server_that_comes_back_is_found_again(station: Station, caplog) -> None:
    caplog.set_level(logging.INFO)
    station.icecast.stop()
    until(lambda: not any(mount.on for mount in station.cast.mounts))
    storm = station.radio.say("马上转移到村委会。", "emergency", title="暴雨")
    station.icecast.start()
    until(lambda: all(mount.on for mount in station.cast.mounts))
    until(lambda: station.icecast.status(MOUNT).get("title") == "紧急：暴雨")  # what it missed
    assert station.radio.booth.of(storm)
    lost = [record.message for record in caplog.records if record.message.startswith(f"icecast /{MOUNT} is")]
    assert lost[0].endswith("is lost; connecting again")
    assert lost[-1].endswith("is on")
    assert len(lost) <= 5  # not a line for each trial


def test_a_wrong_password_and_a_mount_in_use_are_said(station: Station, caplog) -> None:
    stop = threading.Event()
    wrong = Cast(station.icecast.url.replace("change-me", "no"), [(VILLAGE, "村")], *_like(station))
    second = Cast(station.icecast.url, [(VILLAGE, "村")], *_like(station))
    threads = [threading.Thread(target=cast.run, args=(stop,)) for cast in (wrong, second)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: "the password is wrong: check icecast_url" in caplog.text)
        until(lambda: "Mountpoint in use" in caplog.text)
        assert not wrong.mounts[0].on
        assert not second.mounts[0].on
        assert "change-me" not in caplog.text
        assert station.cast.mounts[0].on
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_server_that_hangs_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    monkeypatch.setattr(mounts, "STUCK", BITS // 8)
    radio = Radio(tmp_path / "audio", NOW.replace(hour=9, minute=1))
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", 0))
        server.listen()
        url = f"http://source:x@127.0.0.1:{server.getsockname()[1]}"
        cast = Cast(url, [(VILLAGE, "村")], radio, radio.booth, radio.now)
        stop = threading.Event()
        thread = threading.Thread(target=cast.run, args=(stop,))
        thread.start()
        taken = []
        try:
            server.settimeout(60)
            while sum(request.startswith(b"PUT") for _, request in taken) < 2:
                connection, _ = server.accept()
                taken.append((connection, connection.recv(1000)))
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        finally:
            stop.set()
            thread.join()
            for connection, _ in taken:
                connection.close()
    assert f"icecast /{MOUNT} takes nothing any more; connecting again" in caplog.text


def _like(station: Station) -> tuple:
    return station.radio, station.radio.booth, station.radio.now
