"""`/audio/`: what a player gets, whole and in parts, and that it gets nothing else from the disk."""

from __future__ import annotations

import pytest

SHA = "0123456789abcdef" * 4
SOUND = bytes(range(256)) * 8


@pytest.fixture
def client(make):
    service, client = make()
    (service.audio_folder / "calls").mkdir(parents=True)
    (service.audio_folder / f"{SHA}.mp3").write_bytes(SOUND)
    (service.audio_folder / f"{SHA}.mp3.json").write_text("{}")
    (service.audio_folder.parent / "secret.mp3").write_bytes(b"secret")
    return client


def test_a_recording_is_served_as_what_never_changes(client) -> None:
    response = client.get(f"/audio/{SHA}.mp3")
    assert (response.status_code, response.mimetype, response.data) == (200, "audio/mpeg", SOUND)
    assert response.headers["ETag"] == f'"{SHA}"'
    assert response.cache_control.max_age == 365 * 24 * 3600
    assert response.cache_control.immutable
    assert response.headers["Accept-Ranges"] == "bytes"
    head = client.head(f"/audio/{SHA}.mp3")
    assert (head.status_code, head.content_length, head.data) == (200, len(SOUND), b"")


def test_who_has_it_gets_no_second_copy(client) -> None:
    response = client.get(f"/audio/{SHA}.mp3", headers={"If-None-Match": f'"{SHA}"'})
    assert (response.status_code, response.data) == (304, b"")
    assert client.get(f"/audio/{SHA}.mp3", headers={"If-None-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-99", 0, 100), ("bytes=100-", 100, 2048), ("bytes=-48", 2000, 2048), ("bytes=2000-9999", 2000, 2048)],
)
def test_a_part_of_it(client, asked: str, start: int, stop: int) -> None:
    response = client.get(f"/audio/{SHA}.mp3", headers={"Range": asked})
    assert (response.status_code, response.data) == (206, SOUND[start:stop])
    assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(SOUND)}"


def test_a_part_of_what_has_changed_is_the_whole(client) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert client.get(f"/audio/{SHA}.mp3", headers=headers).data == SOUND


def test_a_part_beyond_its_end_is_refused_in_a_sentence(client) -> None:
    response = client.get(f"/audio/{SHA}.mp3", headers={"Range": "bytes=9999-"})
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{len(SOUND)}"
    assert response.get_data(as_text=True).startswith("请求")


def test_what_was_said_in_a_call_is_served_too(make) -> None:
    service, client = make()
    (service.audio_folder / "calls").mkdir(parents=True)
    (service.audio_folder / "calls" / f"{SHA}.mp3").write_bytes(b"said")
    assert client.get(f"/audio/{SHA}.mp3").data == b"said"


@pytest.mark.parametrize(
    "name",
    [
        f"{'f' * 64}.mp3",
        f"{SHA[:-1]}.mp3",
        f"{SHA.upper()}.mp3",
        f"{SHA}.mp3.json",
        f"{SHA}.wav",
        f"{SHA}%0A.mp3",
        f"{'０' * 64}.mp3",
        "secret.mp3",
        "../secret.mp3",
        "..%2Fsecret.mp3",
        f"calls/{SHA}.mp3",
        "",
    ],
)
def test_anything_else_is_not_there(client, name: str) -> None:
    response = client.get(f"/audio/{name}")
    assert response.status_code == 404
    assert response.get_data(as_text=True).startswith("没有")
