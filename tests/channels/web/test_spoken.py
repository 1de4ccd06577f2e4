"""An answer read aloud: to whom it was given, and to nobody else."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bot.messages import Reply
from channels.web import spoken
from tests.channels.conftest import PRICE

SHA = "ab" * 32


@pytest.fixture
def made(make):
    service, client = make()
    said: list[tuple[str, bool]] = []

    def speaker(text: str, slow: bool) -> Path:
        said.append((text, slow))
        return service.audio_folder / "calls" / f"{SHA}.mp3"

    service.speaker = speaker
    return service, client, said


def ask(client, id: str, text: str = "玉米多少钱") -> None:
    assert client.post("/", json={"text": text, "id": id}).status_code == 200


def test_who_was_given_an_answer_may_hear_it(made) -> None:
    _, client, said = made
    ask(client, "1-a")
    response = client.get("/spoken?id=1-a")
    assert (response.status_code, response.location) == (302, f"/audio/{SHA}.mp3")
    assert response.headers["Cache-Control"] == "no-store"
    assert said == [("\n".join([PRICE.headline, *PRICE.details]), False)]


def test_another_browser_another_id_and_none_get_nothing(made) -> None:
    _, client, said = made
    ask(client, "1-a")
    assert client.application.test_client().get("/spoken?id=1-a").status_code == 404
    for path in ("/spoken", "/spoken?id=", "/spoken?id=1-b", f"/spoken?id={'x' * 9999}", "/spoken?id=%00"):
        assert client.get(path).status_code == 404, path
    assert said == []


def test_what_a_proven_visitor_was_told_is_not_read_to_who_comes_after(made) -> None:
    """The address of a proven visitor is another one: see `Visitor.address`."""
    service, client, said = made
    ask(client, "1-a")
    client.set_cookie("xiangyin_number", "t" * 32)
    service.people.admitted = lambda token, now: "13900000001"
    assert client.get("/spoken?id=1-a").status_code == 404
    assert said == []


def test_slowly_for_who_wants_it_slowly(made) -> None:
    service, client, said = made
    service.answer = lambda _: Reply("慢慢说。", speech="慢 慢 说", manner="slow")
    ask(client, "1-a")
    client.get("/spoken?id=1-a")
    assert said == [("慢 慢 说", True)]


def test_a_long_answer_is_read_from_its_beginning(made) -> None:
    service, client, said = made
    service.answer = lambda _: Reply("头一句。" * 10, tuple(f"第{n}行，" * 10 for n in range(100)))
    ask(client, "1-a")
    client.get("/spoken?id=1-a")
    assert said[0][0].startswith("头一句。")
    assert "第0行" in said[0][0]
    assert len(said[0][0]) <= spoken.LONGEST
    service.answer = lambda _: Reply("长" * 1000)
    ask(client, "1-b", "另一个")
    client.get("/spoken?id=1-b")
    assert said[1][0] == "长" * spoken.LONGEST


def test_without_a_voice_it_says_so(made) -> None:
    service, client, _ = made
    service.speaker = None
    ask(client, "1-a")
    response = client.get("/spoken?id=1-a")
    assert response.status_code == 503
    assert "念不出来" in response.get_data(as_text=True)


def test_only_some_are_recorded_at_a_time(made) -> None:
    service, client, _ = made
    ask(client, "1-a")
    go_on, at_work = threading.Event(), threading.Semaphore(0)

    def slow(text: str, slow: bool) -> None:
        at_work.release()
        go_on.wait(20)

    service.speaker = slow
    (cookie,) = [c for c in client._cookies.values() if c.key == "xiangyin_chat"]

    def hear() -> int:
        other = client.application.test_client()
        other.set_cookie("xiangyin_chat", cookie.value)
        return other.get("/spoken?id=1-a").status_code

    threads = [threading.Thread(target=hear) for _ in range(spoken.AT_ONCE)]
    for thread in threads:
        thread.start()
        assert at_work.acquire(timeout=10)
    assert hear() == 429
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert hear() == 503, "there is room again"
