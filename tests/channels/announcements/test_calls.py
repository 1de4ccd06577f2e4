"""Telephone calls that bring an announcement: ordered, heard, answered by a key; by a machine, by nobody, too late."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import pytest
from twilio.request_validator import RequestValidator

from app import create_app
from channels.outbox.worker import Worker
from channels.phone import announcement, calls
from config import Settings
from knowledge import database
from knowledge.announcements.audience import Audience
from knowledge.announcements.tables import Announcement
from tests.channels.announcements.told import HOUR, ME, announce, became, kept, letters, put
from tests.channels.test_phone import BACK, BASE, CALL, TOKEN

OURS = {**CALL, "Direction": "outbound-api", "From": "+15005550006", "To": f"+86{ME}", "CallStatus": "in-progress"}


@dataclass
class Booth:
    """A booth whose recording is there from the start, after a while, or never."""

    sha: str = "a" * 64
    ready: int = 0
    asked: list[Any] = field(default_factory=list)

    def of(self, said: Any) -> Any:
        self.asked.append(said)
        return self if self.sha and len(self.asked) > self.ready else None

    def pending(self, said: Any) -> bool:
        return bool(self.sha)


@dataclass
class Line:
    """A service that can call, and the villager's end of the line."""

    service: Any
    client: Any

    def ring(self, letter: int, **fields: str) -> ElementTree.Element:
        return self.ask(f"/phone/announcement?letter={letter}", **fields)

    def ask(self, path: str, **fields: str) -> ElementTree.Element:
        form = {**OURS, **fields}
        signature = RequestValidator(TOKEN).compute_signature(f"{BASE}{path}", form)
        response = self.client.post(path, data=form, headers={"X-Twilio-Signature": signature})
        assert response.status_code == 200, response.get_data(as_text=True)
        return ElementTree.fromstring(response.data)

    def press(self, heard: ElementTree.Element, key: str) -> ElementTree.Element:
        gather = heard.find("Gather")
        assert gather is not None
        assert gather.get("input") == "dtmf"
        at = urlsplit(urljoin(f"{BASE}/phone/announcement", gather.get("action")))
        return self.ask(f"{at.path}?{at.query}", Digits=key)


def said(heard: ElementTree.Element) -> str:
    assert all(say.get("language") == "zh-CN" for say in heard.iter("Say"))
    return "|".join(say.text or "" for say in heard.iter("Say"))


def played(heard: ElementTree.Element) -> list[str]:
    return [play.text or "" for play in heard.iter("Play")]


@pytest.fixture
def line(make) -> Line:
    service, client = make(twilio_auth_token=TOKEN, county_name="迁安市", public_url=BASE, **BACK)
    service.booth = Booth()
    return Line(service, client)


def test_who_calls_what_is_announced_and_which_key_says_that_it_came(line: Line) -> None:
    number = announce(line.service.engine)
    letter = put(line.service.engine, number, "call")
    heard = line.ring(letter, AnsweredBy="human")
    assert said(heard) == "这里是迁安市乡音，有一条通知。|收到请按1，再听一遍请按9。"
    assert played(heard) == [f"{BASE}/audio/{'a' * 64}.mp3"], "the recording says it twice"
    again = line.press(heard, "9")
    assert played(again) == played(heard)
    assert "这里是" not in said(again)
    done = line.press(again, "1")
    assert said(done) == "谢谢，已记下您收到“停水通知”。再见。"
    assert done.find("Hangup") is not None
    assert kept(line.service.engine) == [(number, ME, "confirmed", "call"), (number, ME, "heard", "call")]


def test_without_a_recording_twilio_says_it_twice(line: Line) -> None:
    line.service.booth = Booth(sha="")
    letter = put(line.service.engine, announce(line.service.engine, urgency="emergency"), "call")
    heard = line.ring(letter)
    assert played(heard) == []
    text = "停水通知。明天上午九点到下午五点停水，请提前存水。"
    assert said(heard) == f"这里是迁安市乡音，有一条紧急通知。|{text}|{text}|收到请按1，再听一遍请按9。"


def test_a_recording_that_is_just_being_made_is_waited_for(line: Line) -> None:
    line.service.booth = Booth(ready=3)
    heard = line.ring(put(line.service.engine, announce(line.service.engine), "call"))
    assert len(played(heard)) == 1


def test_a_recording_that_takes_long_is_not(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcement, "PATIENCE", 0.2)
    line.service.booth = Booth(ready=1000)
    assert "停水" in said(line.ring(put(line.service.engine, announce(line.service.engine), "call")))


def test_silence_ends_the_call_and_a_wrong_key_is_told(line: Line) -> None:
    heard = line.ring(put(line.service.engine, announce(line.service.engine), "call"))
    wrong = line.press(heard, "5")
    assert said(wrong) == "这个键没有用。收到请按1，再听一遍请按9。"
    assert played(wrong) == []
    ended = line.press(wrong, "")
    assert said(ended) == "再见。"
    assert ended.find("Hangup") is not None
    assert kept(line.service.engine) == []


def test_nobody_listens_for_ever(line: Line) -> None:
    heard = line.ring(put(line.service.engine, announce(line.service.engine), "call"))
    for _ in range(announcement.MOST - 1):
        heard = line.press(heard, "9")
        assert played(heard)
    assert said(line.press(heard, "9")) == "再见。"


@pytest.mark.parametrize("by", ["machine_start", "machine_end_beep", "fax"])
def test_a_machine_is_not_talked_to_and_the_next_way_is_tried(line: Line, by: str) -> None:
    letter = put(line.service.engine, announce(line.service.engine), "call")
    became(line.service.engine, letter, "sent")
    heard = line.ring(letter, AnsweredBy=by)
    assert [child.tag for child in heard] == ["Hangup"]
    line.service.outbox.report(letter, "delivered", "", "", line.service.time)  # the call is "completed" all the same
    assert letters(line.service.engine) == [("call", "failed", "machine")]


@pytest.mark.parametrize(
    "change", [{"state": "withdrawn"}, {"state": "superseded"}, {"state": "done"}, {"ends": timedelta(hours=-1)}]
)
def test_what_is_over_is_not_told(line: Line, change: dict[str, Any]) -> None:
    number = announce(line.service.engine)
    letter = put(line.service.engine, number, "call")
    with database.sessions(line.service.engine).begin() as session:
        row = session.get_one(Announcement, number)
        for name, value in change.items():
            setattr(row, name, line.service.time + value if isinstance(value, timedelta) else value)
    assert said(line.ring(letter)) == "这条通知已经结束。再见。"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/phone/announcement?letter=99", 404),
        ("/phone/announcement?letter=", 400),
        ("/phone/announcement", 400),
        ("/phone/announcement?letter=-1", 400),
        ("/phone/announcement?letter=1&time=x", 400),
        ("/phone/announcement?letter=" + "9" * 30, 400),
    ],
)
def test_a_call_that_is_none_of_ours(line: Line, path: str, status: int) -> None:
    signature = RequestValidator(TOKEN).compute_signature(f"{BASE}{path}", OURS)
    assert line.client.post(path, data=OURS, headers={"X-Twilio-Signature": signature}).status_code == status


def test_a_forged_key_is_refused(line: Line) -> None:
    letter = put(line.service.engine, announce(line.service.engine), "call")
    path = f"/phone/announcement?letter={letter}"
    form = {**OURS, "Digits": "1"}
    assert line.client.post(path, data=form, headers={"X-Twilio-Signature": "forged"}).status_code == 403
    other = RequestValidator(TOKEN).compute_signature(f"{BASE}/phone/announcement?letter=77", form)
    assert line.client.post(path, data=form, headers={"X-Twilio-Signature": other}).status_code == 403
    assert kept(line.service.engine) == []


# --- ordering --------------------------------------------------------------------------------------------------------


@pytest.fixture
def ordering(make, rest):
    url, twilio = rest
    service, client = make(twilio_auth_token=TOKEN, twilio_api_url=url, public_url=BASE, **BACK)
    service.booth = Booth()
    made = calls.sender(service)
    assert made
    return Line(service, client), twilio, Worker(service.outbox, made, lambda: service.time)


def test_the_call_is_ordered_long_after_ten_minutes_and_asks_who_answers(ordering) -> None:
    line, twilio, worker = ordering
    letter = put(line.service.engine, announce(line.service.engine), "call")
    line.service.later(minutes=50)
    twilio.answers = [(201, '{"sid": "CA9", "status": "queued"}')]
    worker.step()
    ((_, _, form),) = twilio.requests
    assert form["Url"] == [f"{BASE}/phone/announcement?letter={letter}"]
    assert form["StatusCallback"] == [f"{BASE}/phone/status?letter={letter}"]
    assert form["MachineDetection"] == ["Enable"]
    assert form["To"] == [f"+86{ME}"]
    assert len(line.service.booth.asked) == 1, "it is spoken while it rings"


def test_what_is_over_is_not_called_for(ordering) -> None:
    line, twilio, worker = ordering
    put(line.service.engine, announce(line.service.engine, ends=line.service.time + HOUR), "call")
    line.service.later(hours=2)
    worker.step()
    assert twilio.requests == []
    assert letters(line.service.engine) == [("call", "failed", "over")]


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_a_call_that_nobody_takes_is_followed_by_the_next_way(ordering, status: str) -> None:
    line, twilio, worker = ordering
    letter = put(line.service.engine, announce(line.service.engine), "call")
    twilio.answers = [(201, '{"sid": "CA9"}')]
    worker.step()
    path, form = f"/phone/status?letter={letter}", {**OURS, "CallStatus": status}
    signature = RequestValidator(TOKEN).compute_signature(f"{BASE}{path}", form)
    assert line.client.post(path, data=form, headers={"X-Twilio-Signature": signature}).status_code == 204
    assert letters(line.service.engine) == [("call", "failed", status)]
    audience = Audience(database.sessions(line.service.engine))
    made = audience.follow(("sms", "call"), lambda row, channel, address: (row.title, 1, None), line.service.time)
    assert made == 1
    assert letters(line.service.engine)[-1][:2] == ("sms", "queued")


def test_the_real_service_plays_its_own_voice(migrated: Path, tmp_path: Path) -> None:
    """The whole application: what is played is served, and is MP3."""
    path = tmp_path / "whole.db"
    with sqlite3.connect(migrated) as source, sqlite3.connect(path) as target:
        source.backup(target)
    settings = Settings(
        database_url=f"sqlite:///{path}", twilio_auth_token=TOKEN, audio_folder=str(tmp_path / "audio"), **BACK
    )
    app = create_app(settings)
    service = app.extensions["xiangyin"]
    far = service.settings.now() + 24 * HOUR
    number = announce(service.engine, text="停水。", ends=far)
    letter = put(service.engine, number, "call", now=service.settings.now())
    assert service.voice_problems()["espeak"] == ""
    heard = Line(service, app.test_client()).ring(letter)
    play = f"/audio/{service.booth.make(service.announcements.get(number)).sha}.mp3"
    assert f"{service.settings.own_url}{play}" in played(heard)
    recording = app.test_client().get(play)
    assert recording.status_code == 200
    assert recording.mimetype == "audio/mpeg"
    assert len(recording.data) > 5000
    service.engine.dispose()
