"""What a stream plays when: at its moments, emergencies at once, what was cut off anew; and frames that fit together."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from channels.announcements.speakers.airtime import FRAME, Airtime, Library, silence
from channels.announcements.speakers.booth import Recording
from tests.channels.announcements.streams import ELSEWHERE, RATE, VILLAGE, OnAir, Said
from tests.conftest import NOW
from tts.sound import FORMATS, Sound, encode

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Made:
    file: Path
    sha: str
    seconds: float = 1.0


@dataclass
class Booth:
    """Programmes that are there, by the number of their announcement."""

    ready: dict[int, Made] = field(default_factory=dict)

    def of(self, said: Any) -> Recording | None:
        return self.ready.get(said.id)


@pytest.fixture
def booth(tmp_path: Path) -> Booth:
    """Two programmes of five seconds."""
    booth = Booth()
    for number in (1, 2):
        time = np.arange(5 * RATE) / RATE
        file = tmp_path / f"{number}.mp3"
        file.write_bytes(encode(Sound((0.3 * np.sin(time * 2000 * number)).astype(np.float32), RATE), "mp3"))
        booth.ready[number] = Made(file, str(number))
    return booth


def said(
    number: int, urgency: str = "routine", began: datetime = NOW, places: tuple[str, ...] = ("130283116",)
) -> OnAir:
    return OnAir(Said(number, f"第{number}", "文", began, NOW + timedelta(days=2), urgency, places=places), began)


def play(airtime: Airtime, on_air: list[OnAir], now: datetime, seconds: float = 1) -> str:
    """A second's worth of frames; the title of what was played in it."""
    airtime.look(on_air, now)
    frames = airtime.take(round(seconds / FRAME))
    assert len(frames) == round(seconds / FRAME)
    return airtime.title


def heard(airtime: Airtime, on_air: list[OnAir], now: datetime, seconds: int) -> list[str]:
    return [play(airtime, on_air, now + SECOND * second) for second in range(seconds)]


def test_it_is_played_once_and_then_at_its_hours(booth: Booth) -> None:
    airtime = Airtime(VILLAGE, booth, Library())
    on_air = [said(1)]
    assert play(airtime, on_air, NOW - MINUTE) == ""
    assert heard(airtime, on_air, NOW, 8) == ["第1"] * 5 + [""] * 3
    assert play(airtime, on_air, NOW + timedelta(hours=2)) == "第1"


def test_another_place_hears_nothing_of_it(booth: Booth) -> None:
    assert play(Airtime(ELSEWHERE, booth, Library()), [said(1)], NOW) == ""


def test_what_is_known_late_is_played_late_and_once(booth: Booth) -> None:
    airtime = Airtime(VILLAGE, booth, Library())
    assert play(airtime, [], NOW) == ""
    assert heard(airtime, [said(1)], NOW + 3 * SECOND, 7) == ["第1"] * 5 + ["", ""]
    assert play(airtime, [said(2, began=NOW - 11 * MINUTE)], NOW + MINUTE) == ""  # too late


def test_a_stream_that_begins_looks_back_a_minute(booth: Booth) -> None:
    assert play(Airtime(VILLAGE, booth, Library()), [said(1)], NOW + 50 * SECOND) == "第1"
    assert play(Airtime(VILLAGE, booth, Library()), [said(1)], NOW + 70 * SECOND) == ""


def test_an_emergency_cuts_in_and_what_it_cut_off_is_played_again(booth: Booth) -> None:
    airtime = Airtime(VILLAGE, booth, Library())
    ordinary, storm = said(1), said(2, "emergency", NOW + 2 * SECOND)
    assert heard(airtime, [ordinary], NOW, 2) == ["第1"] * 2
    both = [storm, ordinary]
    assert heard(airtime, both, NOW + 2 * SECOND, 12) == ["紧急：第2"] * 5 + ["第1"] * 5 + [""] * 2
    assert play(airtime, both, NOW + 2 * SECOND + 10 * MINUTE) == "紧急：第2"


def test_what_is_withdrawn_stops_at_once(booth: Booth) -> None:
    airtime = Airtime(VILLAGE, booth, Library())
    on_air = [said(1), said(2)]
    assert play(airtime, on_air, NOW) == "第1"
    assert play(airtime, on_air[1:], NOW + SECOND) == "第2"
    assert play(airtime, [], NOW + 2 * SECOND) == ""


def test_a_programme_that_is_not_made_yet_keeps_nothing_waiting(booth: Booth) -> None:
    airtime = Airtime(VILLAGE, booth, Library())
    storm = booth.ready.pop(2)
    both = [said(2, "emergency"), said(1)]
    assert play(airtime, both, NOW) == "第1"
    booth.ready[2] = storm
    assert play(airtime, both, NOW + SECOND) == "紧急：第2"
    never = Airtime(VILLAGE, Booth(), Library())
    assert play(never, both[1:], NOW) == ""
    assert play(never, both[1:], NOW + 11 * MINUTE) == ""
    never._booth = booth
    assert play(never, both[1:], NOW + 12 * MINUTE) == ""  # too late


def test_after_a_loss_it_is_played_from_its_beginning(booth: Booth) -> None:
    airtime = Airtime(VILLAGE, booth, Library())
    heard(airtime, [said(1)], NOW, 3)
    airtime.rewind()
    assert airtime.title == ""
    assert heard(airtime, [said(1)], NOW + MINUTE, 6) == ["第1"] * 5 + [""]


def test_a_clock_that_is_set_back_repeats_nothing(booth: Booth) -> None:
    airtime = Airtime(VILLAGE, booth, Library())
    heard(airtime, [said(1)], NOW, 6)
    assert play(airtime, [said(1)], NOW - 5 * MINUTE) == ""
    assert play(airtime, [said(1)], NOW + SECOND) == ""


def test_frames_are_of_one_rate_and_fit_together_anywhere(booth: Booth) -> None:
    """A decoder that reports every fault hears silence, a programme cut off, silence, the whole one."""
    airtime = Airtime(VILLAGE, booth, Library())
    stream = airtime.take(30)
    airtime.look([said(1)], NOW)
    stream += airtime.take(100)
    airtime.look([], NOW)
    stream += airtime.take(77)
    airtime.look([said(2)], NOW)
    stream += airtime.take(300)
    assert {len(frame) for frame in stream} <= {156, 157}
    assert sum(map(len, stream)) / (len(stream) * FRAME) == pytest.approx(FORMATS["mp3"].bits / 8, rel=0.01)
    coder: Any = av.CodecContext.create("mp3float", "r")
    coder.options = {"err_detect": "explode"}
    sound = np.concatenate([frame.to_ndarray()[0] for part in stream for frame in coder.decode(av.Packet(part))])
    assert len(sound) == len(stream) * 576
    level = [float(np.abs(sound[at * 576 : (at + 1) * 576]).max()) for at in range(len(stream))]
    assert max(level[:28]) < 0.001
    assert min(level[35:128]) > 0.2
    assert max(level[135:205]) < 0.001
    assert min(level[215:390]) > 0.2
    assert max(level[-60:]) < 0.001


def test_silence_is_silent_and_borrows_nothing() -> None:
    assert len(silence()) > 38
    assert {frame[4] for frame in silence()} == {0}  # main_data_begin


def test_what_is_no_programme_is_left_out_with_a_reason(booth: Booth, tmp_path: Path, caplog) -> None:
    (tmp_path / "wide.mp3").write_bytes(encode(Sound(np.zeros(48000, np.float32), 48000), "mp2"))
    (tmp_path / "torn.mp3").write_bytes(b"no sound")
    caplog.set_level(logging.ERROR)
    for name in ("wide", "torn", "gone"):
        booth.ready[1] = Made(tmp_path / f"{name}.mp3", name)
        assert play(Airtime(VILLAGE, booth, Library()), [said(1)], NOW) == ""
        assert f"{name}.mp3 is not put on the streams" in caplog.text
