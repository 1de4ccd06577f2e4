"""Finished programmes: loudness against FFmpeg's own meter, the files, what is kept, what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import av
import numpy as np
import pytest

from tts import checks
from tts.loudness import CEILING, TARGET, loudness, normalised, true_peak
from tts.programme import FULL, SINGLE, Layout, Studio, sentences
from tts.sound import FORMATS, Sound, SoundError, decode, encode, missing_encoder
from tts.voices import Options, Spoken, Utterance, VoiceError, voice

TEXT = "各位村民请注意：明天（11月24日）上午9:00到11:00，在村委会给65岁以上老人打流感疫苗，请带身份证。请互相转告。"


def tone(frequency: float, level: float, seconds: float, rate: int) -> Sound:
    """A sine with its peak at a level in dBFS."""
    time = np.arange(round(seconds * rate)) / rate
    return Sound((10 ** (level / 20) * np.sin(2 * np.pi * frequency * time)).astype(np.float32), rate)


def metered(sound: Sound) -> tuple[float, float]:
    """Loudness and true peak by FFmpeg's filter ebur128, out of PyAV's wheel."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=sound.rate, format="flt", layout="mono", time_base=f"1/{sound.rate}")
    meter, sink = graph.add("ebur128", "peak=true:metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(sound.samples.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate, frame.pts = sound.rate, 0
    graph.push(frame)
    graph.push(None)
    told: dict[str, str] = {}
    while True:
        try:
            told |= graph.pull().metadata
        except (av.BlockingIOError, av.EOFError):
            break
    return float(told["lavfi.r128.I"]), 20 * math.log10(float(told["lavfi.r128.true_peak"]))


class Humming:
    """A voice that hums, a syllable in 0.3 s, and counts how often it was asked."""

    version = "humming 1"

    def __init__(self, level: float = 0.2) -> None:
        self.asked = 0
        self.level = level

    def problem(self) -> str:
        return ""

    def speak(self, words: Utterance, slow: bool = False) -> Spoken:
        self.asked += 1
        time = np.arange(int(words.count * 22050 * (0.36 if slow else 0.3))) / 22050
        wave = np.sin(2 * np.pi * 200 * time) * (1 + np.sin(2 * np.pi * 3.3 * time))
        return Spoken(Sound((self.level * wave).astype(np.float32), 22050))


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(voice("espeak", Options()), tmp_path)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_a_sine_of_997_hertz_is_as_loud_as_the_recommendation_says(rate: int) -> None:
    # BS.1770-5, annex 1: 0 dBFS at 997 Hz in one front channel is -3.01 LUFS
    assert loudness(tone(997, -20, 5, rate)) == pytest.approx(-23.01, abs=0.05)
    assert loudness(tone(997, 0, 5, rate)) == pytest.approx(-3.01, abs=0.05)


def test_what_is_quiet_does_not_count() -> None:
    rate = 48000
    loud, quiet = tone(997, -20, 40, rate).samples, tone(997, -40, 10, rate).samples
    assert loudness(Sound(np.concatenate([quiet, loud, quiet]), rate)) == pytest.approx(-23.0, abs=0.1)
    assert loudness(Sound(np.zeros(rate, np.float32), rate)) == -math.inf
    assert loudness(Sound(np.ones(100, np.float32), rate)) == -math.inf


def test_a_peak_between_the_samples_is_found() -> None:
    # a sine of a quarter of the rate whose samples all lie at 45 degrees: they show 3 dB less than the wave
    samples = np.sin(np.pi / 2 * np.arange(4000) + np.pi / 4).astype(np.float32)
    middle = Sound(samples * np.hanning(4000).astype(np.float32), 48000)
    assert 20 * math.log10(float(np.abs(middle.samples).max())) == pytest.approx(-3.0, abs=0.1)
    assert true_peak(middle) == pytest.approx(0.0, abs=0.25)


def test_our_meter_agrees_with_ffmpegs(studio: Studio) -> None:
    chance = np.random.default_rng(3)
    noise = Sound((0.1 * chance.standard_normal(48000 * 8)).astype(np.float32), 48000)
    spoken = decode(studio.make(TEXT).file.read_bytes()).at(48000)
    for sound in (noise, spoken, tone(100, -12, 6, 48000), tone(5000, -12, 6, 48000)):
        level, peak = metered(sound)
        assert loudness(sound) == pytest.approx(level, abs=0.2)
        assert true_peak(sound) == pytest.approx(peak, abs=0.4)


def test_normalising_lowers_peaks_and_keeps_silence() -> None:
    samples = tone(300, -30, 8, 22050).samples.copy()
    samples[22050::22050] = 0.9
    made = normalised(Sound(samples, 22050))
    assert loudness(made) == pytest.approx(TARGET, abs=0.3)
    assert true_peak(made) <= CEILING
    nothing = Sound(np.zeros(22050, np.float32), 22050)
    assert not normalised(nothing).samples.any()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("slow", [False, True])
def test_a_programme_is_as_loud_and_as_long_as_it_should_be(name: str, slow: bool, studio: Studio) -> None:
    made = studio.make(TEXT, sender="迁安市卫生健康局", name=name, slow=slow)
    heard = decode(made.file.read_bytes())
    assert checks.level_faults(heard) == []
    level, peak = metered(heard.at(48000))
    assert level == pytest.approx(TARGET, abs=0.7)
    assert peak <= CEILING + 0.2, "EBU Tech 3341 lets a meter read 0.2 dB too high"
    assert heard.seconds == pytest.approx(made.seconds, abs=0.15)
    assert heard.rate == FORMATS[name].rate
    assert made.syllables == 52
    if name == "amr":
        assert heard.seconds <= 60
        assert made.file.stat().st_size < 2_000_000
        assert made.file.read_bytes().startswith(b"#!AMR\n")


def test_a_programme_says_its_text_twice_and_who_says_it(tmp_path: Path) -> None:
    studio = Studio(Humming(), tmp_path)
    plain = studio.make("今天下午两点开会", layout=Layout(chime=False, repeats=1, signature=False))
    twice = studio.make("今天下午两点开会", layout=Layout(chime=False, repeats=2, signature=False))
    full = studio.make("今天下午两点开会", sender="村委会", layout=FULL)
    assert plain.seconds == pytest.approx(8 * 0.3 + 0.5, abs=0.05)
    assert twice.seconds == pytest.approx(plain.seconds + 8 * 0.3 + 1.2, abs=0.05)
    assert full.seconds == pytest.approx(twice.seconds + 2.2 + 0.5 + 0.8 + 8 * 0.3, abs=0.05)
    assert (
        studio.make("今天下午两点开会", name="amr").sha
        == studio.make("今天下午两点开会", name="amr", layout=SINGLE).sha
    )


def test_the_same_is_not_made_twice_and_what_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    humming = Humming()
    studio = Studio(humming, tmp_path)
    first = studio.make("玉米1.18元/斤", sender="农业农村局")
    assert humming.asked == 2
    again = studio.make("玉米１.18元/斤", sender="农业农村局")  # said alike, though written otherwise
    assert (again, humming.asked) == (first, 2)
    others = [
        studio.make("玉米1.19元/斤", sender="农业农村局"),
        studio.make("玉米1.18元/斤", sender="农业农村局", slow=True),
        studio.make("玉米1.18元/斤", sender="农业农村局", name="wav"),
        studio.make("玉米1.18元/斤", sender="供销社"),
    ]
    assert len({first.sha, *(made.sha for made in others)}) == 5
    first.file.write_bytes(first.file.read_bytes()[:100])
    asked = humming.asked
    assert studio.make("玉米1.18元/斤", sender="农业农村局") == first
    assert humming.asked == asked + 2
    assert first.file.stat().st_size > 1000
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_work_shows_how_far_it_is(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    text = "第一条，开会。第二条，收粮！第三条？"
    Studio(Humming(), tmp_path).make(text, sender="村委会", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert sentences("今天3.5元。明天\n后天！") == ["今天3.5元。", "明天", "后天！"]


def test_what_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path) -> None:
    studio = Studio(Humming(), tmp_path)
    with pytest.raises(VoiceError, match="nothing that can be said"):
        studio.make(" 《》… 😀")
    with pytest.raises(SoundError, match="at most 60 s"):
        studio.make("请各位村民注意" * 40, name="amr")
    with pytest.raises(VoiceError, match="did not say"):
        Studio(Humming(level=0.0), tmp_path).make("今天下午两点开会")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(SoundError, match="cannot be written"):
        Studio(Humming(), tmp_path / "taken" / "audio").make("开会")


def test_a_missing_encoder_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    assert [missing_encoder(name) for name in FORMATS] == [""] * 4
    monkeypatch.setitem(FORMATS, "amr", replace(FORMATS["amr"], codec="libnothing"))
    assert "libnothing" in missing_encoder("amr")
    with pytest.raises(SoundError, match="pip install av"):
        encode(tone(300, -20, 1, 22050), "amr")


@pytest.mark.parametrize("file", [b"", b"<html>", b"\x00" * 5000, b"ID3\x03" + b"\xff" * 100])
def test_what_is_no_sound_is_refused(file: bytes) -> None:
    with pytest.raises(SoundError):
        decode(file)
