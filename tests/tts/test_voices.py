"""The voices: what they say syllable by syllable, and what they answer where they cannot."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from tts.checks import at_pace, faults
from tts.sound import Sound, encode
from tts.voices import VOICES, Options, VoiceError, utterance, voice
from tts.voices.base import Spoken, Utterance
from tts.voices.espeak import Espeak, spelled

TEXT = "各位村民请注意：明天（11月24日）上午9:00到11:00，在村委会给65岁以上老人打流感疫苗，请带身份证。穷熊用玉米。"

#: The voice's own signs for how syllables begin, by the initials of pinyin.
INITIALS = {
    **{"b": "p", "p": "ph", "m": "m", "f": "f", "d": "t", "t": "th", "n": "n", "l": "l", "g": "k", "k": "kh", "h": "X"},
    **{"j": "tS;", "q": "tS;h", "x": "S;", "zh": "ts.", "ch": "ts.h", "sh": "s.", "r": "z.", "z": "ts", "c": "tsh"},
    **{"s": "s", "y": "j", "w": "w"},
}


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    return Espeak()


def test_the_default_voice_works_and_names_its_version(espeak: Espeak) -> None:
    assert espeak.problem() == ""
    assert espeak.version.startswith("espeak 1.52")
    assert next(iter(VOICES)) == "espeak"


def test_every_syllable_of_mandarin_is_said_as_it_is_written(espeak: Espeak) -> None:
    """Each initial, each tone: no syllable is dropped, read as English or taken for another."""
    from tts.pronounce import UnreadableError, syllables

    known = set()
    for code in range(0x4E00, 0x9FA6):
        try:
            known |= set(syllables(chr(code)))
        except UnreadableError:
            continue
    assert len(known) > 1300
    for syllable in sorted(known):
        (said,) = espeak.phonemes(Utterance(syllable, (syllable,)))
        base = spelled((syllable,)).rstrip("12345.")
        initial = next((base[:size] for size in (2, 1) if base[:size] in INITIALS), "")
        begins = said.replace("'", "").replace(",", "")
        if initial:
            rest = begins.removeprefix(INITIALS[initial])
            assert begins.startswith(INITIALS[initial]), (syllable, said)
            assert rest[:1] not in (".", ";", "h"), (syllable, said)  # ts is not ts., p is not ph
        assert {"1": "55", "2": "35", "3": "214", "4": "51", "5": "11"}[syllable[-1]] in said


@pytest.mark.parametrize("slow", [False, True])
def test_speech_has_all_its_syllables_at_a_good_pace(espeak: Espeak, slow: bool) -> None:
    words = utterance(TEXT)
    spoken = espeak.speak(words, slow)
    assert len(spoken.onsets) == words.count > 40
    assert 2.5 <= words.count / spoken.sound.seconds <= 4.5
    assert faults(spoken, words) == []
    assert float(np.abs(spoken.sound.samples).max()) < 1.0


def test_a_text_without_any_pause_loses_nothing(espeak: Espeak) -> None:
    words = utterance("请各位村民到村部开会" * 80)
    assert len(espeak.speak(words).onsets) == words.count == 800


def test_every_line_of_the_gold_list_is_spoken_whole(espeak: Espeak) -> None:
    from tests.tts.test_speakable import GOLD

    for text, *_ in GOLD:
        words = utterance(text)
        assert len(espeak.speak(words).onsets) == words.count, text


def test_slow_is_slower(espeak: Espeak) -> None:
    words = utterance(TEXT)
    assert espeak.speak(words, slow=True).sound.seconds > 1.15 * espeak.speak(words).sound.seconds


@pytest.mark.parametrize("wrong", [("hello1",), ("xyz3", "ma1"), ("ma1", "b4")])
def test_what_would_be_said_in_english_is_refused(espeak: Espeak, wrong: tuple[str, ...]) -> None:
    with pytest.raises(VoiceError, match="eSpeak NG"):
        espeak.speak(Utterance("?", wrong))


def test_two_threads_speak_without_mixing_their_words(espeak: Espeak) -> None:
    from concurrent.futures import ThreadPoolExecutor

    words = [utterance("通知" * size) for size in (2, 5, 9, 14)]
    with ThreadPoolExecutor(4) as pool:
        for one, spoken in zip(words * 5, pool.map(espeak.speak, words * 5), strict=True):
            assert len(spoken.onsets) == one.count


def test_checks_hear_what_is_wrong() -> None:
    words = utterance("今天下午两点开会请准时参加")
    rate = 22050
    hum = (0.3 * np.sin(np.arange(4 * rate) / 20)).astype(np.float32)
    onsets = tuple(np.arange(words.count) * 0.3)
    assert faults(Spoken(Sound(hum, rate), onsets), words) == []
    assert "syllables were said" in faults(Spoken(Sound(hum, rate), onsets[:-1]), words)[0]
    assert "swallowed" in faults(Spoken(Sound(hum, rate), (0.0, 0.01, *onsets[2:])), words)[0]
    assert "a second" in faults(Spoken(Sound(hum[: 2 * rate], rate)), words)[0]
    assert faults(Spoken(Sound(np.zeros(rate, np.float32), rate)), words) == ["the voice gave silence"]
    gap = hum.copy()
    gap[rate : 3 * rate] = 0
    assert "silence within" in faults(Spoken(Sound(gap, rate)), words)[0]


@pytest.mark.parametrize(
    ("seconds", "after"), [(2.0, 2.0 * 6 / 4.32), (3.0, 3.0), (5.5, 12 / 2.6), (1.0, 1.0), (20.0, 20.0)]
)
def test_speech_that_is_too_quick_or_slow_is_stretched_within_reason(seconds: float, after: float) -> None:
    words = utterance("今天下午两点开会请准时到")
    assert words.count == 12
    wave = (0.3 * np.sin(np.arange(int(seconds * 22050)) / 20)).astype(np.float32)
    onsets = tuple(np.arange(12) * seconds / 12)
    made = at_pace(Spoken(Sound(wave, 22050), onsets), words)
    assert made.sound.seconds == pytest.approx(after, abs=0.06)
    assert made.onsets[-1] == pytest.approx(after * 11 / 12, abs=0.06)


# --- the operator's model --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sherpa_onnx", reason="sherpa-onnx is not installed (requirements-dev.txt has it)")
    from tests.tts import tiny_model

    return tiny_model.make(tmp_path_factory.mktemp("models") / "tiny")


def test_a_model_speaks_in_its_own_process(tiny: Path) -> None:
    from tests.tts.tiny_model import PER_TOKEN, RATE

    made = voice("sherpa", Options(sherpa_model=tiny))
    words = utterance("1.23元/斤")
    sound = made.speak(words).sound
    assert sound.rate == RATE
    assert words.count <= len(sound.samples) / PER_TOKEN <= words.count + 2
    assert made.speak(words, slow=True).sound.seconds == pytest.approx(sound.seconds / 0.8, rel=0.01)
    assert made.version.startswith("sherpa tiny ")


def test_a_model_makes_a_whole_programme(tiny: Path, tmp_path: Path) -> None:
    from tts.programme import Studio

    made = Studio(voice("sherpa", Options(sherpa_model=tiny)), tmp_path).make("每斤1.23元，每斤3.21元。")
    assert made.syllables == 14
    assert made.seconds > 2 * 14 / 4.5


def test_what_a_model_cannot_say_is_named_and_not_left_out(tiny: Path) -> None:
    with pytest.raises(VoiceError, match="cannot say 村、民、玉、米"):
        voice("sherpa", Options(sherpa_model=tiny)).speak(utterance("村民玉米"))


def test_a_broken_model_is_an_error_and_not_a_crash(tiny: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in tiny.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    (broken / "model.onnx").write_bytes(b"\x08\x07not a model")
    with pytest.raises(VoiceError, match="the model broken"):
        voice("sherpa", Options(sherpa_model=broken)).speak(utterance("一"))


def test_a_model_that_gives_no_numbers_is_refused(tiny: Path, tmp_path: Path) -> None:
    from tests.tts import tiny_model

    nothing = tiny_model.make(tmp_path / "nothing", "nan")
    with pytest.raises(VoiceError, match="gave no sound"):
        voice("sherpa", Options(sherpa_model=nothing)).speak(utterance("一"))


def test_a_model_that_hangs_is_ended(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tts.voices.sherpa.TIMEOUT", 0.0)
    monkeypatch.setattr("tts.voices.sherpa.TIMEOUT_SYLLABLE", 0.001)
    with pytest.raises(VoiceError, match="did not speak within") as refused:
        voice("sherpa", Options(sherpa_model=tiny)).speak(utterance("一"))
    assert refused.value.retryable


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ((), "tokens.txt is missing"),
        (("tokens.txt",), "lexicon.txt is missing"),
        (("tokens.txt", "lexicon.txt"), "0 models"),
        (("tokens.txt", "lexicon.txt", "a.onnx", "b.onnx"), "2 models"),
        (("tokens.txt", "lexicon.txt", "a.onnx"), "no lexicon for Chinese"),
    ],
)
def test_a_folder_that_is_no_model_is_told_apart(
    files: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    for name in files:
        (tmp_path / name).write_text("hello h e\n")
    assert said in VOICES["sherpa"](Options(sherpa_model=tmp_path)).problem()


def test_a_voice_without_its_package_or_setting_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "sherpa_model" in VOICES["sherpa"](Options()).problem()
    assert "requirements-voices.txt" in VOICES["sherpa"](Options(sherpa_model=Path("/nowhere"))).problem()
    assert "gtts: true" in VOICES["gtts"](Options()).problem()
    assert "requirements-voices.txt" in VOICES["gtts"](Options(gtts=True)).problem()
    with pytest.raises(VoiceError, match="voice gtts: off"):
        voice("gtts", Options())


# --- the network voice -----------------------------------------------------------------------------------------------


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A stand-in for the gtts package: it writes `answer`, or raises it, and keeps what it was called with."""
    state: dict[str, object] = {"answer": b""}

    class GTTSError(Exception):
        pass

    class Speech:
        def __init__(self, text: str, **options: object) -> None:
            state.update(options, text=text)

        def write_to_fp(self, file: object) -> None:
            if isinstance(state["answer"], Exception):
                raise state["answer"]
            file.write(state["answer"])

    package = types.ModuleType("gtts")
    package.gTTS, package.gTTSError = Speech, GTTSError
    monkeypatch.setitem(sys.modules, "gtts", package)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    return state


def hum(seconds: float) -> bytes:
    return encode(Sound((0.3 * np.sin(np.arange(int(seconds * 22050)) / 20)).astype(np.float32), 22050), "mp3")


def test_the_network_voice_waits_no_longer_than_it_should(google: dict[str, object]) -> None:
    google["answer"] = hum(2.0)
    words = utterance("玉米1.18元/斤")
    spoken = voice("gtts", Options(gtts=True)).speak(words, slow=True)
    assert spoken.sound.seconds == pytest.approx(2.0, abs=0.1)
    assert google["timeout"] == 10.0
    assert google["slow"] is True
    assert google["text"] == "玉米每斤一点一八元"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "a page and no speech"),
        (b"<!DOCTYPE html><html>", "a page and no speech"),
        (b"\x00\x01\x02 not sound at all", "use another voice"),
        (hum(0.3), "for 16 syllables"),
    ],
)
def test_what_is_no_speech_is_refused(answer: bytes, said: str, google: dict[str, object]) -> None:
    google["answer"] = answer
    with pytest.raises(VoiceError, match=said) as refused:
        voice("gtts", Options(gtts=True)).speak(utterance("今天下午两点在村委会开会请准时到"))
    assert refused.value.retryable


def test_a_network_that_does_not_answer_is_an_error_in_a_sentence(google: dict[str, object]) -> None:
    import requests

    google["answer"] = requests.ConnectTimeout("timed out")
    with pytest.raises(VoiceError, match="got no speech from Google"):
        voice("gtts", Options(gtts=True)).speak(utterance("开会"))


def pitch(sound: Sound) -> list[int]:
    """The pitch in Hz of each 23 ms that is voiced, by autocorrelation."""
    heard = []
    for at in range(0, len(sound.samples) - 1024, 512):
        window = sound.samples[at : at + 1024].astype(np.float64)
        window -= window.mean()
        if np.abs(window).mean() > 0.02:
            alike = np.correlate(window, window, "full")[1023:]
            lowest = sound.rate // 400
            heard.append(round(sound.rate / (lowest + int(alike[lowest : sound.rate // 70].argmax()))))
    return heard


def test_the_tones_can_be_heard(espeak: Espeak) -> None:
    """High, rising, low then rising, falling; and a third tone before another rises."""
    flat, rising, dipping, falling = (
        pitch(espeak.speak(Utterance("妈", (f"ma{tone}",))).sound)[2:-2] for tone in (1, 2, 3, 4)
    )
    assert max(flat) - min(flat) < 30
    assert rising[-1] > rising[0] + 20
    assert falling[-1] < falling[0] - 20
    assert min(dipping) < min(flat) - 30
    together = pitch(espeak.speak(Utterance("马马", ("ma3", "ma3"))).sound)
    half = len(together) // 3
    assert together[half] > together[0] + 20
