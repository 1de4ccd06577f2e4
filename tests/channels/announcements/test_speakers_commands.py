"""`flask speaker` and what `flask check` says of loudspeakers, on the whole service with its real voice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app import Service, create_app
from config import Settings
from tests.channels.announcements.streams import Icecast, until
from tests.channels.announcements.test_speakers import STORM
from tests.conftest import ROOT

VILLAGE, NAME = "130283116217", "万宝沟村"


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {"database_url": f"sqlite:///{tmp_path / 'speakers.db'}", "audio_folder": str(tmp_path / "audio")}


@pytest.fixture
def app(settings: dict[str, str]) -> Flask:
    return create_app(Settings(**settings))


@pytest.fixture
def flask(app: Flask) -> Callable[..., Result]:
    return lambda *arguments: app.test_cli_runner().invoke(args=arguments)


@pytest.fixture
def service(app: Flask) -> Service:
    made: Service = app.extensions["xiangyin"]
    made.team.add("甲", "approver", "130283", made.settings.now())
    return made


def release(service: Service, **changes: Any) -> int:
    now = service.settings.now()
    draft = replace(STORM, starts=now - timedelta(hours=1), ends=now + timedelta(days=1), **changes)
    number = service.announcements.compose(draft, "甲", now)
    service.announcements.release(number, "甲", now)
    return number


def test_a_loudspeaker_from_its_first_to_its_last_day(flask, app: Flask, service: Service) -> None:
    made = flask("speaker", "add", "东头", "--place", NAME)
    assert made.exit_code == 0
    token = made.stdout.strip()
    assert len(token) == 32
    assert f"/speakers/{VILLAGE}/playlist.json" in made.stderr
    assert flask("speaker", "list").stdout == f"东头\t{VILLAGE}\t五重安镇万宝沟村\tnever\tok\n"
    assert token not in flask("speaker", "list").output
    headers = {"Authorization": f"Bearer {token}"}
    assert (
        app.test_client().post(f"/speakers/{VILLAGE}/report", json={"volume": 80}, headers=headers).status_code == 200
    )
    listed = flask("speaker", "list").stdout
    assert "never" not in listed
    assert listed.endswith("ok\tvolume=80\n")
    assert flask("speaker", "list", "--silent").stdout == ""
    again = flask("speaker", "add", "东头", "--place", VILLAGE)
    assert (again.exit_code, "choose another name" in again.output) == (1, True)
    assert flask("speaker", "remove", "东头").exit_code == 0
    gone = flask("speaker", "remove", "东头")
    assert (gone.exit_code, "flask speaker list" in gone.output) == (1, True)
    assert app.test_client().post(f"/speakers/{VILLAGE}/report", json={}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "东头", "--place", "没有的村"), "no such village"),
        (("add", "东头", "--place", "130283116"), "no such village"),
        (("add", "东头", "--place", "刘庄子村"), "which one?"),
        (("add", "", "--place", NAME), "1 to 40"),
        (("cast",), "set icecast_url"),
        (("rtp", "--group", "239.1.2.3", "--place", NAME), "239.1.2.3:5004"),
        (("rtp", "--group", "239.1.2.3:5004", "--place", "没有的村"), "no such village"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(flask, arguments: tuple[str, ...], said: str) -> None:
    result = flask("speaker", *arguments)
    assert result.exit_code in (1, 2)
    assert said in result.output


def test_to_cast_needs_villages(settings: dict[str, str]) -> None:
    app = create_app(Settings(**settings, icecast_url="http://source:x@127.0.0.1:1"))
    result = app.test_cli_runner().invoke(args=["speaker", "cast"])
    assert result.exit_code == 2
    assert "flask speaker add" in result.output


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "http://127.0.0.1:8000", "http://source@host", "ftp://a:b@c", "http://a:b@c/x"]
)
def test_an_icecast_url_that_cannot_be_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="http://source:PASSWORD@HOST:8000"):
        Settings(icecast_url=url)


def test_check_tells_of_silence_and_of_what_cannot_be_spoken(flask, service: Service) -> None:
    flask("speaker", "add", "东头", "--place", NAME)
    assert "loudspeakers" not in flask("check").output
    with service.sessions.begin() as session:
        from knowledge.announcements.tables import Speaker

        row = session.get(Speaker, "东头")
        assert row
        row.since -= timedelta(minutes=16)
    number = release(service, text="请到龦村来。")
    said = flask("check").output
    assert f"东头 in {VILLAGE} is silent" in said
    assert f"announcement {number} cannot be spoken" in said


def test_the_status_of_an_emergency_names_the_loudspeakers_that_did_not_play_it(flask, service: Service) -> None:
    from knowledge.announcements.tables import AnnouncementEvent, Speaker

    flask("speaker", "add", "东头", "--place", NAME)
    number = release(service)
    assert "大喇叭没播" not in flask("announce", "status", str(number)).output
    with service.sessions.begin() as session:  # ten minutes ago
        for row in session.query(AnnouncementEvent):
            row.at -= timedelta(minutes=10)
        row = session.get(Speaker, "东头")
        assert row
        row.since -= timedelta(hours=1)
    said = flask("announce", "status", str(number)).output
    assert "大喇叭没播：东头（五重安镇万宝沟村）" in said


def test_an_emergency_is_on_the_playlist_at_once_and_spoken_soon(app: Flask, service: Service) -> None:
    """By the real voice; how fast is measured in benchmarks/."""
    client = app.test_client()
    client.get(f"/speakers/{VILLAGE}/playlist.json")
    number = release(service)
    (item,) = until(lambda: client.get(f"/speakers/{VILLAGE}/playlist.json").get_json()["items"], 2)
    assert (item["id"], item["text"]) == (number, STORM.text)
    until(lambda: _made(client))
    (item,) = client.get(f"/speakers/{VILLAGE}/playlist.json").get_json()["items"]
    assert client.get(item["url"]).mimetype == "audio/mpeg"
    assert len(client.get(f"/speakers/{VILLAGE}/playlist.m3u").get_data(as_text=True).splitlines()) == 3


def _made(client: Any) -> bool:
    return all(item["url"] for item in client.get(f"/speakers/{VILLAGE}/playlist.json").get_json()["items"])


def test_the_stream_is_a_command(settings: dict[str, str], flask, service: Service, tmp_path: Path) -> None:
    icecast = Icecast(tmp_path)
    icecast.start()
    environ = {f"XIANGYIN_{name.upper()}": value for name, value in settings.items()} | {
        "XIANGYIN_ICECAST_URL": icecast.url
    }
    flask("speaker", "add", "东头", "--place", NAME)
    command = [sys.executable, "-m", "flask", "speaker", "cast"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environ, stderr=subprocess.PIPE, text=True)
    try:
        until(lambda: icecast.status(f"{VILLAGE}.mp3").get("server_name") == "五重安镇万宝沟村", 60)
        release(service)
        until(lambda: icecast.status(f"{VILLAGE}.mp3").get("title") == "紧急：暴雨", 60)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "Streaming 1 mounts" in log
        assert "change-me" not in log
    finally:
        process.kill()
        icecast.stop()


def test_rtp_is_a_command_that_prints_the_description(settings: dict[str, str]) -> None:
    environ = os.environ | {f"XIANGYIN_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "flask", "speaker", "rtp", "--group", "239.255.12.85:40004", "--place", NAME]
    command += ["--ttl", "3", "--source", "127.0.0.1"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        assert process.stderr
        assert "Sending to" in process.stderr.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        description, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        assert description.startswith("v=0\n")
        assert "c=IN IP4 239.255.12.85/3\n" in description
    finally:
        process.kill()
