"""What a loudspeaker is told to play and may report: the programme when it is there, the text at once, no second copy."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.announcements.speakers import booth as booths
from channels.announcements.speakers import routes as speakers
from channels.announcements.speakers.booth import Booth, SilentError
from channels.announcements.speakers.watch import Watch
from knowledge import database
from knowledge.announcements import Announcements, Draft
from knowledge.announcements.speakers import Speakers
from knowledge.announcements.staff import Team
from tests.conftest import NOW

VILLAGE, ELSEWHERE, TOWN, COUNTY = "130283116217", "130283105201", "130283116", "130283"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

DRAFT = Draft(
    title="停水通知",
    text="明天上午九点到下午五点停水，请提前存水。",
    publisher="五重安镇政府",
    places=(TOWN,),
    outlets=("speaker", "sms"),
    starts=NOW - HOUR,
    ends=NOW + timedelta(days=3),
)
STORM = replace(DRAFT, title="暴雨", text="马上转移到村委会。", urgency="emergency", starts=NOW - 5 * HOUR)


@dataclass(frozen=True)
class Made:
    file: Path
    sha: str
    seconds: float = 44.4


@dataclass
class Voice:
    """Speaks by writing a file; may be held up, or lose its voice."""

    folder: Path
    spoken: list[str] = field(default_factory=list)
    free: threading.Event = field(default_factory=threading.Event)
    broken: str = ""

    def __call__(self, text: str, publisher: str) -> Made:
        assert self.free.wait(10)
        self.spoken.append(text)
        if self.broken:
            raise SilentError(self.broken)
        sha = f"{len(self.spoken):064x}"
        file = self.folder / f"{sha}.mp3"
        file.write_bytes(b"sound")
        return Made(file, sha)


@dataclass
class County:
    """A service with loudspeakers, its client, and staff."""

    service: Any
    client: Any
    voice: Voice

    def __post_init__(self) -> None:
        sessions = database.sessions(self.service.engine)
        self.announcements = Announcements(sessions)
        team = Team(sessions)
        team.add("甲", "editor", COUNTY, NOW)
        team.add("乙", "approver", COUNTY, NOW)

    def approved(self, draft: Draft = DRAFT) -> int:
        number = self.announcements.compose(draft, "甲", self.service.time)
        self.announcements.approve(number, "乙", self.service.time)
        return number

    def released(self, draft: Draft = STORM) -> int:
        number = self.announcements.compose(draft, "甲", self.service.time)
        self.announcements.release(number, "甲", self.service.time)
        return number

    def playlist(self, village: str = VILLAGE) -> Any:
        return self.client.get(f"/speakers/{village}/playlist.json").get_json()

    def spoken(self, village: str = VILLAGE) -> Any:
        """The playlist once the programmes are made."""
        for item in self.service.speakers.on_air(self.service.time, village):
            self.service.booth.make(item.said)
        return self.playlist(village)

    def m3u(self, village: str = VILLAGE) -> list[str]:
        return self.client.get(f"/speakers/{village}/playlist.m3u").get_data(as_text=True).splitlines()

    def speaker(self, name: str = "东头", village: str = VILLAGE) -> Callable[..., Any]:
        """Adds a loudspeaker; what posts its reports."""
        token = self.service.speakers.add(name, village, self.service.time)

        def post(body: Any = None, to: str = village, token: str | None = token, **more: Any) -> Any:
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
            more = more or {"json": {} if body is None else body}
            return self.client.post(f"/speakers/{to}/report", headers=headers, **more)

        return post


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands still in these tests: what is on the air is looked up anew for each request."""
    monkeypatch.setattr(speakers, "FRESH", 0)


@pytest.fixture
def county(make) -> County:
    service, client = make()
    voice = Voice(service.audio_folder)
    voice.free.set()
    service.speakers = Speakers(database.sessions(service.engine))
    service.booth = Booth(voice, service.audio_folder)
    return County(service, client, voice)


# --- the playlist ----------------------------------------------------------------------------------------------------


def test_what_is_in_force_for_the_village_emergencies_first(county: County) -> None:
    ordinary = county.approved()
    storm = county.released()
    county.approved(replace(DRAFT, places=(ELSEWHERE,)))
    county.approved(replace(DRAFT, outlets=("sms",)))
    county.approved(replace(DRAFT, starts=NOW + HOUR))
    told = county.spoken()
    assert told["village"] == VILLAGE
    assert told["name"] == "五重安镇万宝沟村"
    assert told["poll"] == 15
    assert [item["id"] for item in told["items"]] == [storm, ordinary]
    first, second = told["items"]
    assert first["urgency"] == "emergency"
    assert first["moments"][:2] == ["2026-11-23T10:00:00+08:00", "2026-11-23T10:10:00+08:00"]
    assert first["volume"] > second["volume"]
    assert (second["title"], second["text"], second["publisher"]) == (DRAFT.title, DRAFT.text, DRAFT.publisher)
    assert (second["from"], second["until"]) == ("2026-11-23T09:00:00+08:00", "2026-11-26T10:00:00+08:00")
    assert second["moments"] == [
        f"2026-11-{moment}:00+08:00"
        for moment in ("23T10:00", "23T12:00", "23T18:00", "24T07:00", "24T12:00", "24T18:00")
    ]  # approved at ten, so not at nine
    assert second["seconds"] == 44.4
    assert second["url"] == f"/audio/{second['sha']}.mp3"
    assert county.client.get(second["url"]).data == b"sound"


def test_who_has_it_is_told_so_until_anything_changes(county: County) -> None:
    number = county.approved()
    path = f"/speakers/{VILLAGE}/playlist.json"
    county.spoken()
    first = county.client.get(path)
    assert first.headers["Cache-Control"] == "no-cache"

    def changed() -> bool:
        nonlocal first
        again = county.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        if again.status_code == 304:
            assert again.data == b""
            assert again.headers["ETag"] == first.headers["ETag"]
            return False
        assert again.headers["ETag"] != first.headers["ETag"]
        first = again
        return True

    assert not changed()
    county.service.later(hours=9)  # past two of its moments
    assert not changed()
    storm = county.released()
    county.spoken()
    assert changed()
    assert not changed()
    county.announcements.withdraw(storm, "甲", "误发", county.service.time)
    assert changed()
    county.service.later(days=3)
    assert changed()
    assert first.get_json()["items"] == []
    county.announcements.withdraw(number, "甲", "", county.service.time)
    assert not changed()


def test_an_emergency_is_listed_while_its_programme_is_made_once(county: County) -> None:
    county.voice.free.clear()
    county.released(replace(STORM, places=(COUNTY,)))
    villages = [VILLAGE, ELSEWHERE, "130283116218"]
    for _ in range(3):
        for village in villages:
            told = county.playlist(village)
            (item,) = told["items"]
            assert item["text"] == STORM.text
            assert (item["sha"], item["url"], item["seconds"]) == (None, None, None)
            assert told["poll"] == 2
            assert county.m3u(village) == ["#EXTM3U"]
    county.voice.free.set()
    shas = {county.spoken(village)["items"][0]["sha"] for village in villages}
    assert len(shas) == 1
    assert county.voice.spoken == ["紧急：暴雨。马上转移到村委会。"]


def test_an_emergency_does_not_wait_behind_what_can_wait(county: County) -> None:
    held = threading.Event()
    record = county.service.booth._record
    county.service.booth._record = lambda text, publisher: record(text, publisher) if "转移" in text else held.wait(10)
    county.approved()
    county.playlist()
    county.released()
    county.playlist()
    county.service.booth.make(county.service.speakers.on_air(NOW, VILLAGE)[0].said)
    assert [bool(item["url"]) for item in county.playlist()["items"]] == [True, False]
    held.set()


def test_where_the_voice_fails_the_text_is_listed_and_the_log_says_why(county: County, caplog, monkeypatch) -> None:
    county.voice.broken = "no voice today"
    county.released()
    for _ in range(3):
        with pytest.raises(SilentError, match="no voice today"):
            county.spoken()
        told = county.playlist()
        assert told["items"][0]["text"] == STORM.text
        assert told["items"][0]["url"] is None
        assert told["poll"] == 15
    assert len(county.voice.spoken) == 1  # not again at each request
    assert [record.levelno for record in caplog.records if "no voice today" in record.message] == [logging.ERROR]
    county.voice.broken = ""
    monkeypatch.setattr(booths, "RETRY", 0)
    assert county.spoken()["items"][0]["url"]


def test_a_programme_that_was_deleted_is_made_anew(county: County) -> None:
    county.approved()
    before = county.spoken()["items"][0]["sha"]
    (county.service.audio_folder / f"{before}.mp3").unlink()
    assert county.spoken()["items"][0]["sha"] != before


def test_another_process_that_makes_the_same_is_waited_for(county: County, tmp_path: Path) -> None:
    running, most = 0, 0
    lock, entered = threading.Lock(), threading.Event()

    def record(text: str, publisher: str) -> Made:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        entered.wait(0.2)
        with lock:
            running -= 1
        return Made(Path(__file__), "0" * 64)

    threads = [
        threading.Thread(target=Booth(record, tmp_path / "kept").make, args=(STORM,)) for _ in range(3)
    ]  # as many booths as processes
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_what_another_process_made_is_on_the_first_playlist(county: County) -> None:
    county.approved()
    county.released()
    county.spoken()
    county.service.booth = Booth(lambda text, publisher: Made(Path(__file__), "0" * 64), county.service.audio_folder)
    assert all(item["url"] for item in county.playlist()["items"])


def test_the_m3u_holds_what_is_due_now(county: County) -> None:
    county.approved(replace(DRAFT, title="停水\n通知", hours=("12:00",)))
    sha = county.spoken()["items"][0]["sha"]
    response = county.client.get(f"/speakers/{VILLAGE}/playlist.m3u")
    assert response.content_type == "audio/x-mpegurl; charset=utf-8"
    assert response.get_data(as_text=True) == f"#EXTM3U\n#EXTINF:44,停水 通知\nhttp://localhost/audio/{sha}.mp3\n"
    again = county.client.get(response.request.path, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    county.service.later(minutes=1)
    assert county.m3u() == ["#EXTM3U"]
    county.service.later(minutes=119)
    assert len(county.m3u()) == 3
    county.released()
    county.spoken()
    assert [line for line in county.m3u() if line.startswith("#EXTINF")] == [
        "#EXTINF:44,紧急：暴雨",
        "#EXTINF:44,停水 通知",
    ]


def test_the_m3u_names_the_address_that_the_service_is_known_by(make) -> None:
    service, client = make(public_url="https://xiangyin.example/")
    voice = Voice(service.audio_folder)
    voice.free.set()
    service.speakers = Speakers(database.sessions(service.engine))
    service.booth = Booth(voice, service.audio_folder)
    county = County(service, client, voice)
    county.released()
    county.spoken()
    assert county.m3u()[-1].startswith("https://xiangyin.example/audio/")


@pytest.mark.parametrize("village", [TOWN, COUNTY, "130283999999", "1302831162170", "x", "１３０２８３１１６２１７"])
@pytest.mark.parametrize("what", ["playlist.json", "playlist.m3u"])
def test_only_villages_have_playlists(county: County, village: str, what: str) -> None:
    response = county.client.get(f"/speakers/{village}/{what}")
    assert response.status_code == 404
    assert response.get_data(as_text=True).startswith("没有这个村")


def test_hundreds_who_ask_at_once_are_one_look_up(county: County, monkeypatch) -> None:
    monkeypatch.setattr(speakers, "FRESH", 0.2)
    county.released()
    looked = []
    look = county.service.speakers.on_air
    county.service.speakers.on_air = lambda *asked: looked.append(asked) or look(*asked)
    assert [len(county.playlist(village)["items"]) for village in (VILLAGE, ELSEWHERE) * 3] == [1, 0] * 3
    assert len(looked) <= 2
    county.released(replace(STORM, places=(COUNTY,)))
    time.sleep(0.2)
    assert [len(county.playlist(village)["items"]) for village in (VILLAGE, ELSEWHERE)] == [2, 1]


# --- reports ---------------------------------------------------------------------------------------------------------


def test_a_report_is_kept_once(county: County) -> None:
    number = county.released()
    post = county.speaker()
    play = {"announcement": number, "began": "2026-11-23T10:00:02+08:00", "seconds": 44.4, "result": "played"}
    same = play | {"began": "2026-11-23T02:00:02Z"}  # the same moment
    about = {"firmware": "1.2", "volume": 80, "battery": 55.5, "temperature": -12, "wifi": -60, "ok": True}
    response = post(about | {"plays": [play, same, play | {"announcement": 999}]})
    assert response.status_code == 200
    assert response.get_json() == {
        "speaker": "东头", "new": 1, "unknown": [999], "poll": 15, "now": "2026-11-23T10:00:00+08:00",
    }  # fmt: skip
    assert post({"plays": [play]}).get_json()["new"] == 0
    (known,) = county.service.speakers.all()
    assert known.seen == NOW
    assert known.about == about


def test_what_is_told_beyond_what_is_known_is_kept_within_bounds(county: County) -> None:
    post = county.speaker()
    body = {"nested": {"a": ["深"] * 500}, "long": "字" * 9000, "huge": 10**300, "nul": "a\x00b", "half": "\ud800x"}
    body |= {f"z {number}": number for number in range(100)}
    assert post(body).status_code == 200
    assert post(data=b'{"rate": NaN, "more": -Infinity}', content_type="application/json").status_code == 200
    (known,) = county.service.speakers.all()
    assert known.about == {"rate": "NaN", "more": "-Infinity"}
    assert post(body).status_code == 200
    (known,) = county.service.speakers.all()
    assert len(known.about) == 30
    assert len(json.dumps(known.about, ensure_ascii=False)) < 30 * 250
    assert (known.about["nul"], known.about["half"]) == ("ab", "x")


@pytest.mark.parametrize("depth", [100, 330, 480, 900, 950, 990, 1500, 20_000])
def test_what_is_nested_however_deep_is_kept_or_refused(county: County, depth: int) -> None:
    post = county.speaker()
    data = b'{"a": ' + b"[" * depth + b"]" * depth + b"}"
    assert post(data=data, content_type="application/json").status_code in (200, 400)


@pytest.mark.parametrize("token", ["wrong", "", " ", "None", "Bearer"])
def test_a_report_without_the_speaker_s_token_is_refused(county: County, token: str) -> None:
    post = county.speaker()
    assert post({}, token=token).status_code == 403
    assert county.client.post(f"/speakers/{VILLAGE}/report", json={}).status_code == 403
    assert county.service.speakers.all()[0].seen is None


def test_a_token_is_for_one_village_and_ends_with_its_speaker(county: County) -> None:
    post = county.speaker()
    assert post(to=ELSEWHERE).status_code == 403
    assert post(to=TOWN).status_code == 404
    county.service.speakers.remove("东头")
    response = post()
    assert response.status_code == 403
    assert "flask speaker add" in response.get_json()["error"]["message"]


PLAY = {"announcement": 1, "began": "2026-11-23T10:00:00+08:00", "seconds": 40}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"volume": 101}, "volume_wrong"),
        ({"volume": "loud"}, "volume_wrong"),
        ({"battery": True}, "battery_wrong"),
        ({"temperature": -100}, "temperature_wrong"),
        ({"plays": {}}, "plays_wrong"),
        ({"plays": ["x"]}, "plays_wrong"),
        ({"plays": [PLAY | {"announcement": 0}]}, "announcement_wrong"),
        ({"plays": [PLAY | {"announcement": 2**63}]}, "announcement_wrong"),
        ({"plays": [PLAY | {"announcement": "1"}]}, "announcement_wrong"),
        ({"plays": [PLAY | {"announcement": True}]}, "announcement_wrong"),
        ({"plays": [PLAY | {"began": "2026-11-23T10:00:00"}]}, "began_wrong"),
        ({"plays": [PLAY | {"began": "0001-01-01T00:00:00+08:00"}]}, "began_wrong"),
        ({"plays": [PLAY | {"began": 5}]}, "began_wrong"),
        ({"plays": [{"announcement": 1}]}, "began_wrong"),
        ({"plays": [PLAY | {"seconds": -1}]}, "seconds_wrong"),
        ({"plays": [PLAY | {"seconds": 1e300}]}, "seconds_wrong"),
        ({"plays": [PLAY | {"result": ""}]}, "result_wrong"),
        ({"plays": [PLAY | {"result": "x" * 41}]}, "result_wrong"),
        ({"plays": [PLAY] * 201}, "plays_too_many"),
        ([], "not_object"),
    ],
)
def test_a_report_that_cannot_be_is_refused_in_a_sentence(county: County, body: Any, code: str) -> None:
    post = county.speaker()
    response = post(body)
    assert response.status_code in (400, 413)
    error = response.get_json()["error"]
    assert error["code"] == code
    assert re.search(r"[\u4e00-\u9fff].*。$", error["message"])
    assert county.service.speakers.all()[0].seen is None


def test_other_reports_are_refused_too(county: County) -> None:
    post = county.speaker()
    assert post(data=b"{", content_type="application/json").status_code == 400
    assert post(data=b"volume=1", content_type="application/x-www-form-urlencoded").status_code == 415
    assert post(data=b"[" * 60000, content_type="application/json").status_code == 400
    assert post(data=b" " * 70_000, content_type="application/json").status_code == 413
    assert county.client.get(f"/speakers/{VILLAGE}/report").status_code == 405


# --- silence ---------------------------------------------------------------------------------------------------------


def test_silence_stands_once_in_the_log_and_so_does_its_end(county: County, caplog) -> None:
    caplog.set_level(logging.INFO)
    post = county.speaker()
    watch = Watch(county.service.speakers, county.service.booth, lambda: county.service.time, 15 * MINUTE)

    def said() -> list[str]:
        watch.listen()
        lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("loudspeaker")]
        caplog.clear()
        return lines

    post()
    assert said() == []
    county.service.later(minutes=16)
    (line,) = said()
    assert "东头" in line
    assert VILLAGE in line
    assert "is silent" in line
    assert said() == []
    post()
    post()
    assert said() == ["loudspeaker 东头 is heard of again"]
    county.service.later(minutes=16)
    assert len(said()) == 1


def test_a_worker_has_announcements_spoken_before_they_are_asked_for(county: County) -> None:
    later = county.approved(replace(DRAFT, starts=NOW + HOUR, title="明天的"))
    now = county.released()
    county.approved(replace(DRAFT, starts=NOW + HOUR, outlets=("sms",)))
    stop = threading.Event()
    watch = Watch(county.service.speakers, county.service.booth, lambda: county.service.time, 15 * MINUTE)
    thread = threading.Thread(target=watch.run, args=(stop,))
    thread.start()
    for number in (later, now):
        county.service.booth.make(county.announcements.get(number))
    stop.set()
    thread.join()
    assert sorted(county.voice.spoken) == sorted(["紧急：暴雨。马上转移到村委会。", f"明天的。{DRAFT.text}"])
