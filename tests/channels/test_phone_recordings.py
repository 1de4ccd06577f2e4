"""The telephone in our own voice: what is played, what is read by Twilio's voice instead, what is kept and for how long."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from app import create_app
from channels.audio import UNHEARD, forget
from channels.phone import prompts, recordings
from channels.phone.recordings import Recordings
from config import Settings
from tests.channels.test_phone import CALL, TOKEN, Heard, call, post, say
from tts.sound import decode

OWN = "https://county.example/xiangyin"


class Speaker:
    """Records by writing an empty file, after a while; `said` is what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[tuple[str, bool]] = []
        self.takes = 0.0
        self.go_on = threading.Event()
        self.fails: Exception | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, text: str, slow: bool) -> Path | None:
        self.said.append((text, slow))
        if self.takes:
            self.go_on.wait(self.takes)
        if self.fails:
            raise self.fails
        file = self.folder / f"{abs(hash((text, slow))):064x}.mp3"
        file.write_bytes(b"ID3")
        file.with_name(f"{file.name}.json").write_text("{}")
        return file


@pytest.fixture
def spoken(make, monkeypatch):
    """A service, its client and its speaker; the prompts are not recorded ahead unless a test asks for it."""
    monkeypatch.setattr(Recordings, "_begin", lambda self: None)
    service, client = make(twilio_auth_token=TOKEN, public_url=OWN)
    service.speaker = Speaker(service.audio_folder / "calls")
    return service, client, service.speaker


def played(step: Heard) -> list[str]:
    return [verb.text or "" for verb in step.xml.iter("Play")]


def test_all_that_is_said_is_played_from_whole_addresses(spoken) -> None:
    _, client, speaker = spoken
    first = call(client)
    assert first.said == []
    assert len(played(first)) == len(speaker.said) == 1 + len(prompts.MENU)
    for url in played(first):
        assert url.startswith(f"{OWN}/audio/")
        assert client.get(urlsplit(url).path.removeprefix("/xiangyin")).data == b"ID3"
    say(client, first, "玉米多少钱")
    count = len(speaker.said)
    assert not say(client, first, "玉米多少钱").said
    assert len(speaker.said) == count, "what was recorded is not recorded again"


def test_what_takes_too_long_is_read_by_twilio_and_played_the_next_time(spoken, monkeypatch) -> None:
    _, client, speaker = spoken
    monkeypatch.setattr(recordings, "PATIENCE", 0.3)
    speaker.takes = 20.0
    began = time.monotonic()
    first = call(client)
    assert time.monotonic() - began < 5, "the patience is that of the whole step, not of each text"
    assert played(first) == []
    assert len(first.said) == 1 + len(prompts.MENU)
    speaker.go_on.set()
    deadline = time.monotonic() + 10
    while not played(call(client)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not call(client).said


@pytest.mark.parametrize("error", [OSError("disk full"), ValueError("anything")])
def test_a_voice_that_fails_is_replaced_and_left_alone_for_a_minute(spoken, monkeypatch, caplog, error) -> None:
    _, client, speaker = spoken
    speaker.fails = error
    assert len(call(client).said) == 1 + len(prompts.MENU)
    count = len(speaker.said)
    speaker.fails = None
    assert call(client).said
    assert len(speaker.said) == count
    monkeypatch.setattr(recordings, "AGAIN", 0.0)
    assert not call(client).said
    assert "您好" not in caplog.text, "what somebody was told is in no log"


def test_the_prompts_are_recorded_ahead(spoken) -> None:
    service, _, speaker = spoken
    made = Recordings(service)
    made.record_prompts()
    assert [text for text, _ in speaker.said] == prompts.fixed("迁安市")
    assert len(set(prompts.fixed("迁安市"))) == len(speaker.said)
    app = Flask("tests")
    with app.test_request_context():
        assert all(made(text, False) for text in (prompts.HELP, prompts.GOODBYE, prompts.ways_on(True)))
    assert len(speaker.said) == len(prompts.fixed("迁安市"))


def test_what_nobody_has_heard_for_a_week_is_forgotten(spoken) -> None:
    _, client, speaker = spoken
    call(client)
    files = sorted(speaker.folder.glob("*.mp3"))
    long_ago = time.time() - UNHEARD - 60
    for file in files:
        os.utime(file, (long_ago, long_ago))
    call(client)  # heard again
    stale = speaker.folder / f"{'0' * 64}.mp3"
    stale.write_bytes(b"ID3")
    stale.with_name(f"{stale.name}.json").write_text("{}")
    os.utime(stale, (long_ago, long_ago))
    forget(speaker.folder.parent, time.time())
    assert sorted(speaker.folder.glob("*.mp3")) == files
    assert sorted(speaker.folder.glob("*.json")) == sorted(file.with_name(f"{file.name}.json") for file in files)
    for file in files:
        file.unlink()
    assert not call(client).said, "a file that is gone is made again"
    assert sorted(speaker.folder.glob("*.mp3")) == files


# --- the real voice --------------------------------------------------------------------------------------------------


@pytest.fixture
def real(tmp_path: Path):
    def opened(token: str = TOKEN):
        settings = Settings(
            database_url=f"sqlite:///{tmp_path / 'voice.db'}", audio_folder=tmp_path / "audio", twilio_auth_token=token
        )
        return create_app(settings)

    return opened


def test_a_recording_is_sound_that_audio_serves_under_a_name_that_nobody_guesses(real, tmp_path: Path) -> None:
    service = real().extensions["xiangyin"]
    text = "玉米今天1.17元一斤。"
    file = service.recording(text)
    assert 1.0 < decode(file.read_bytes()).seconds < 6.0
    response = real().test_client().get(f"/audio/{file.name}")
    assert (response.status_code, response.data) == (200, file.read_bytes())
    assert service.recording(text) == file
    assert decode(service.recording(text, slow=True).read_bytes()).seconds > decode(file.read_bytes()).seconds
    others = real("another token").extensions["xiangyin"].recording(text)
    assert len({file.name, others.name, service.studio().make(text).file.name}) == 3
    assert file.parent == tmp_path / "audio" / "calls"


def test_a_text_that_no_voice_reads_is_left_to_twilio(real, caplog) -> None:
    assert real().extensions["xiangyin"].recording("……") is None
    assert "not recorded" in caplog.text


def test_a_call_through_the_whole_service_is_played(real, monkeypatch) -> None:
    monkeypatch.setattr(recordings, "PATIENCE", 60.0)  # a loaded machine records slowly
    client = real().test_client()
    first = Heard(post(client, "/phone/call", CALL), "/phone/call")
    urls = played(first)
    assert first.said == []
    assert len(urls) == 1 + len(prompts.MENU)
    for url in urls:
        assert url.startswith("http://localhost/audio/"), "without a public URL, the one that was asked for"
        response = client.get(urlsplit(url).path)
        assert response.mimetype == "audio/mpeg"
        assert decode(response.data).seconds > 0.5
