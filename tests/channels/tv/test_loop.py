"""The information channel: what is on the air, and that boxes can receive it. FFmpeg decodes; `transport` reads it again."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from werkzeug.serving import make_server

from app import create_app
from channels.tv import loop, pages
from channels.tv.loop import coding, drawing, hls, schedule, sound, udp
from channels.tv.loop.broadcast import Broadcast, NothingToShowError, streamed
from channels.tv.loop.coding import HD, KINDS, SD, Coder, CodingError, Kind
from channels.tv.loop.drawing import Line
from channels.tv.loop.multiplex import Multiplex
from channels.tv.loop.schedule import TICKER
from channels.tv.pages import Run
from config import Settings
from tests.channels.tv import transport
from tests.channels.tv.conftest import VILLAGE, Flash, Magazine, made
from tests.conftest import NOW
from tests.servers import chromium, program
from tts.sound import Sound, encode
from tts.voices import VoiceError

COUNTY, TOWN = "130283", "130283116"
NAME, PROVIDER = "迁安市信息频道", "迁安市"
ALWAYS = (NAME, "有事请打12345")


@pytest.fixture
def ffmpeg() -> str:
    return program("ffmpeg", "ffmpeg")


def errors(ffmpeg: str, file: Path, *options: str) -> str:
    """What ffmpeg complains about when it decodes everything in a file."""
    command = [ffmpeg, "-v", "error", "-xerror", *options, "-i", str(file), "-map", "0", "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stderr + (f"exit {done.returncode}" if done.returncode else "")


@pytest.fixture(params=list(KINDS))
def kind(request) -> Kind:
    return KINDS[request.param]


def silent(text: str) -> None:
    """No voice."""


def tone(seconds: float) -> bytes:
    """An MP2 file in the format of the loop."""
    times = np.arange(round(seconds * 48_000)) / 48_000
    return encode(Sound((0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32), 48_000), "mp2")


def on_air(magazine: Magazine, place: str = COUNTY, kind: Kind = HD, speak: Any = silent) -> Broadcast:
    return Broadcast(magazine, place, loop.camera(kind), speak, ALWAYS)


def stream(loop_: Broadcast, seconds: int, kind: Kind = HD) -> bytes:
    return b"".join(streamed(islice(loop_.rounds(), seconds), kind, NAME, PROVIDER))


# --- the stream --------------------------------------------------------------------------------------------------------


def test_a_decoder_finds_no_error(ffmpeg, magazine, kind, tmp_path) -> None:
    file = tmp_path / "loop.ts"
    file.write_bytes(stream(on_air(magazine, kind=kind, speak=lambda text: tone(2.2)), 26, kind))
    assert errors(ffmpeg, file, "-err_detect", "+crccheck+bitstream+buffer+explode") == ""


def test_a_decoder_would_find_one(ffmpeg, magazine, tmp_path) -> None:
    whole = bytearray(stream(on_air(magazine), 3))
    video = [at for at in range(0, len(whole), 188) if whole[at + 1 : at + 3] == b"\x01\x00"]
    del whole[video[20] : video[20] + 188]
    file = tmp_path / "broken.ts"
    file.write_bytes(whole)
    assert errors(ffmpeg, file) != ""
    assert transport.read(bytes(whole)).continuity


def test_the_transport_stream_is_as_the_standard_asks(magazine, kind) -> None:
    seconds = 50
    found = transport.read(stream(on_air(magazine, kind=kind), seconds, kind))
    assert found.continuity == []
    assert found.longest_gap < 0.040
    assert found.rate() == pytest.approx([kind.rate] * (len(found.pcrs) - 1), rel=1e-4)
    assert found.services == {(PROVIDER, NAME)}
    assert found.packets[transport.PAT] > 8 * seconds
    assert found.packets[transport.SDT] >= seconds
    video, audio = sorted(found.stamps)
    steps = {after - before for before, after in _pairs([stamp for _, stamp in found.stamps[video]])}
    assert steps == {3600}, "25 pictures a second without a gap"
    steps = {after - before for before, after in _pairs([stamp for _, stamp in found.stamps[audio]])}
    assert all(step % sound.TICKS == 0 for step in steps), "sound without a gap"


def _pairs(values: list[int]) -> Iterator[tuple[int, int]]:
    return pairwise(values)


def test_the_clock_begins_anew_after_26_hours_without_an_error(ffmpeg, magazine, tmp_path) -> None:
    """The stamps have 33 bits (2^33 / 90 kHz = 95,443 s): a channel runs for weeks."""
    units = loop.camera(HD).second(magazine.page(110), 1, Line("玉米"))
    with Multiplex(HD, NAME, PROVIDER) as written:
        written._pictures = 95_440 * coding.RATE
        written._frames = 95_440 * 90_000 // sound.TICKS + 1
        for _ in range(6):
            written.second(units)
    data = written.take()
    file = tmp_path / "wrap.ts"
    file.write_bytes(data)
    found = transport.read(data)
    assert found.pcrs[0][1] > found.pcrs[-1][1]
    assert found.longest_gap < 0.040
    assert found.continuity == []
    assert errors(ffmpeg, file) == ""


def test_everything_arrives_before_it_is_due(magazine, kind) -> None:
    assert transport.read(stream(on_air(magazine, kind=kind), 10, kind)).late(kind.rate) == []


def test_a_second_is_one_picture_and_looks_like_what_was_drawn(magazine, kind) -> None:
    page = magazine.page(110)
    line = Line("玉米1.17元/斤")
    picture = drawing.scaled(drawing.drawn(page, 1, line, "09:41"), kind)
    units = loop.camera(kind).second(page, 1, line, "09:41")
    assert len(units) == coding.RATE
    assert sum(map(len, units[1:])) < len(units[0])
    context = av.CodecContext.create("h264" if kind is HD else "mpeg2video", "r")
    frames = [frame for unit in (*units, *units) for frame in context.decode(av.Packet(unit))] + context.decode(None)
    assert len(frames) == 2 * coding.RATE
    shown = [frame.to_ndarray() for frame in frames]
    assert all(np.array_equal(shown[0], other) for other in shown[1:])
    seen = frames[0].to_ndarray(format="rgb24").astype(float)
    noise = np.mean((seen - picture) ** 2)
    assert 10 * np.log10(255**2 / noise) > 32  # colour at half the pixels alone costs more than the coding: 33 to 34


def test_a_picture_that_is_too_large_is_coded_more_coarsely(kind) -> None:
    noise = np.random.default_rng(1)
    coder = Coder(kind)
    picture = np.kron(noise.integers(0, 256, (kind.height // 8, kind.width // 8, 3)), np.ones((8, 8, 1)))
    fine = coder.second(np.zeros((kind.height, kind.width, 3), np.uint8))
    assert len(coder.second(picture.astype(np.uint8))[0]) <= kind.largest
    assert len(fine[0]) < 20_000
    small = Coder(Kind(kind.name, kind.codec, kind.width, kind.height, kind.aspect, 100_000, kind.quantisers))
    with pytest.raises(CodingError, match="raise the rate"):
        small.second(noise.integers(0, 256, (kind.height, kind.width, 3)).astype(np.uint8))


def test_a_machine_without_the_encoder_is_told_what_to_do(magazine) -> None:
    with pytest.raises(CodingError, match="pip install av"):
        Coder(Kind("hd", "libnothing", 1280, 720, HD.aspect, HD.rate, (20,))).second(np.zeros((720, 1280, 3), np.uint8))


# --- sound -------------------------------------------------------------------------------------------------------------


def test_pages_are_spoken_and_silence_is_between(ffmpeg, magazine, tmp_path) -> None:
    said: list[str] = []

    def speak(text: str) -> bytes:
        said.append(text)
        return tone(3)

    file = tmp_path / "spoken.ts"
    file.write_bytes(stream(on_air(magazine, speak=speak), 25))
    assert said[0] == on_air(magazine).screens()[0].speech
    raw = subprocess.run(
        [ffmpeg, "-v", "error", "-i", str(file), "-vn", "-f", "f32le", "-ac", "1", "-ar", "8000", "-"],
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout
    heard = np.frombuffer(raw, np.float32)
    level = [float(np.abs(heard[at * 800 : at * 800 + 800]).max()) for at in range(len(heard) // 800)]
    loud = [index / 10 for index, value in enumerate(level) if value > 0.1]
    assert loud[0] == pytest.approx(0, abs=0.2)
    assert next(round(second) for second in loud if 4 < second < 25) == 20, "the next screen begins at 20 s"
    assert max(level[40:190]) < 1e-4


def test_a_screen_stands_until_all_is_said(magazine) -> None:
    spoken = on_air(magazine, speak=lambda text: tone(24.5))
    first = spoken.screens()[0]
    assert spoken.length(first) == 26
    assert on_air(magazine).length(first) == 20
    assert sum(moment.at == 0 for moment in spoken.round()) == 26


def test_only_sound_of_the_loops_format_is_taken() -> None:
    frames = sound.frames(tone(1))
    assert {len(frame) for frame in frames} == {384}
    assert 42 <= len(frames) <= 44
    assert sound.silence()[:3] == frames[0][:3]
    with pytest.raises(sound.FormatError, match="frame 0"):
        sound.frames(b"ID3" + bytes(2000))


def test_of_a_table_the_first_lines_are_said_and_of_a_text_all(magazine) -> None:
    first, rest = schedule.order(magazine, COUNTY)[1:3]
    price = "玉米，1.17元/斤，涨0.02"
    assert first.speech.split("\n") == ["菜价粮价", *[price] * 4, "其余的请看屏幕。"]
    assert rest.speech.split("\n") == [price] * 3, "three lines are said, and no title again"
    assert first.page.subpages[0].speech.split("\n") == [price] * 9, "the portal reads all"
    long = "今年玉米每斤一块一毛七，比去年贵了两分，卖粮的乡亲可以到镇上的收购点去问，电话0315-0017903，早上八点开门。"
    magazine.held[110] = made(110, "收粮", [*pages.paragraph(long), *pages.paragraph("来源：粮食局", pages.GREY)])
    assert schedule.order(magazine, COUNTY)[1].speech.split("\n") == ["收粮", long, "来源：粮食局"]


def test_no_figure_on_the_air_is_cut_and_none_is_made(magazine) -> None:
    for count in range(1, 12):
        columns = (pages.Column(14), pages.Column(24, "right"))
        cells = [(f"品种{row}", f"{row}{row}.{row}7元/斤") for row in range(count)]
        rows = [line for row in cells for line in pages.table_row(row, columns)]
        magazine.held[110] = made(110, "价", rows)
        said = schedule.order(magazine, COUNTY)[1].speech
        figures = re.findall(r"[\d.]+元/斤", said)
        assert figures == [price for _, price in cells[: len(figures)]]
        assert len(figures) == (count if count <= 5 else 4)


def test_of_a_course_the_ends_are_said(magazine) -> None:
    bars = [(Run(f"{day}日 "), Run("  ", pages.BLACK, pages.BAR), Run(f"  {day}.5")) for day in range(1, 9)]
    magazine.held[110] = made(110, "走势", [*bars, *pages.paragraph("8天里最低1.5元")])
    assert schedule.order(magazine, COUNTY)[1].speech.split("\n") == ["走势", "1日，1.5", "8日，8.5", "8天里最低1.5元"]


class Mute:
    """A studio whose voice is broken."""

    def make(self, *words: Any, **options: Any) -> None:
        raise VoiceError("no voice")


def test_a_page_that_cannot_be_spoken_is_shown_in_silence(tmp_path, magazine, caplog) -> None:
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'loop.db'}"))
    service = app.extensions["xiangyin"]
    vars(service).update(_announcer=Mute())
    assert service.speech("玉米") is None
    assert "no voice" in caplog.text
    assert next(on_air(magazine, speak=service.speech).round()).spoken == ()
    service.engine.dispose()


def test_the_next_screen_is_spoken_while_one_is_shown(magazine) -> None:
    ahead = threading.Event()

    def speak(text: str) -> None:
        if text.startswith("菜价粮价"):
            ahead.set()

    moments = on_air(magazine, speak=speak).live(lambda: NOW)
    assert next(moments).at == 0
    assert ahead.wait(10)
    moments.close()


# --- what is on the air ------------------------------------------------------------------------------------------------


def shown(magazine: Magazine, place: str) -> list[tuple[int, int]]:
    return [(screen.page.number, screen.number) for screen in schedule.order(magazine, place)]


def test_the_county_shows_what_needs_no_remote_control_and_the_urgent_first(magazine) -> None:
    assert shown(magazine, COUNTY) == [(199, 1), (110, 1), (110, 2), (110, 3)]
    magazine.held[199] = made(199, "应急", pages.paragraph("无"))
    assert shown(magazine, COUNTY)[-1] == (199, 1)


def test_a_town_shows_its_villages_and_a_village_its_town(magazine) -> None:
    magazine.held[830] = made(830, "五重安镇", pages.paragraph("镇政府"), place=TOWN)
    magazine.held[840] = made(840, "别处", pages.paragraph("别处"), place="130283101201")
    assert shown(magazine, TOWN) == [(199, 1), (830, 1), (837, 1), (837, 2)]
    assert shown(magazine, VILLAGE) == [(199, 1), *((837, screen) for screen in range(1, 7)), (830, 1)]


def test_the_air_is_for_everybody_lists_of_persons_never(magazine) -> None:
    """The magazine has a private form of the village's page; a loop must not ask for it."""
    told = [
        run.text for screen in schedule.order(magazine, VILLAGE) for row in screen.page.subpages[0].rows for run in row
    ]
    assert "第1屏" in told
    assert not any("张*" in text for text in told)


def test_a_place_without_pages_is_told(magazine) -> None:
    magazine.held = {}
    with pytest.raises(NothingToShowError):
        on_air(magazine).screens()


def test_the_ticker_tells_announcements_and_turns_line_by_line(magazine) -> None:
    magazine.held[201] = made(201, "停水通知：永顺街道周三上午8点到下午5点停水，请提前接水", pages.paragraph("停水"))
    lines = schedule.ticker(magazine, COUNTY, ALWAYS)
    assert [line.text for line in lines[-2:]] == list(ALWAYS)
    assert "".join(line.text for line in lines[:-2]) == magazine.held[201].title
    assert all(pages.cells(line.text) <= pages.WIDTH - 2 and not line.urgent for line in lines)
    pictures = [moment.pictures for moment in islice(on_air(magazine).round(), 20)]
    changed = [second for second in range(1, len(pictures)) if pictures[second] != pictures[second - 1]]
    assert changed == [TICKER]


def test_a_newsflash_takes_the_ticker_within_seconds(magazine) -> None:
    moments = on_air(magazine).live(lambda: NOW)
    for _ in range(3):
        next(moments)
    magazine.news = Flash("f1", "森林火险橙色预警。禁止野外用火。", 199)
    red = drawing.scaled(
        drawing.drawn(magazine.page(199), 1, Line("森林火险橙色预警。禁止野外用火。", True), "10:00"), HD
    )
    assert np.mean(red[640:660, 600:1100, 0]) > 100
    urgent = loop.camera(HD).second(magazine.page(199), 1, Line("森林火险橙色预警。禁止野外用火。", True), _clock(NOW))
    assert next(moments).pictures == urgent
    told = schedule.with_newsflash(magazine, [Line("一"), Line("二")])
    assert [line.text for line in told] == [magazine.news.text, "一", magazine.news.text, "二"]
    assert [line.urgent for line in told] == [True, False, True, False]


def _clock(now: datetime) -> str:
    return now.strftime("%H:%M")


def test_the_clock_goes_by_the_minute(magazine) -> None:
    time = datetime(2026, 11, 23, 9, 41, 58, tzinfo=NOW.tzinfo)
    magazine.news = Flash("f1", "一行", 199)
    times = iter(time + timedelta(seconds=second) for second in range(20))
    moments = on_air(magazine).live(lambda: next(times))
    pictures = [next(moments).pictures for _ in range(4)]
    assert pictures[0] == pictures[1] != pictures[2] == pictures[3]
    assert next(moment.pictures for moment in islice(on_air(magazine).round(), 1)) not in pictures, (
        "a file has no clock"
    )


def test_what_changes_goes_on_air_and_the_urgent_next(magazine) -> None:
    magazine.held[199] = made(199, "应急", pages.paragraph("没有预警"))
    moments = on_air(magazine).live(lambda: NOW)
    for _ in range(20):
        assert (moment := next(moments)).at == 0
    magazine.edition = "2"
    magazine.held[110] = made(110, "新价", pages.paragraph("1"), pages.paragraph("2"), pages.paragraph("3"))
    moment = next(moments)
    assert moment.at == 1
    assert moment.pictures == loop.camera(HD).second(magazine.page(110), 2, Line(ALWAYS[0]), _clock(NOW))
    for _ in range(19):
        next(moments)
    magazine.edition = "3"
    magazine.held[199] = made(199, "应急", pages.paragraph("洪水"), priority="emergency")
    assert next(moments).at == 0


# --- over HTTP and on the command line ---------------------------------------------------------------------------------


@pytest.fixture
def site(make, magazine):
    service, client = make()
    service.magazine = magazine
    service.speech = silent
    return service, client


@pytest.mark.parametrize("place", [COUNTY, VILLAGE])
def test_a_head_end_gets_a_transport_stream(site, ffmpeg, tmp_path, place) -> None:
    _, client = site
    answer = client.get(f"/tv/loop/{place}.ts?seconds=2")
    assert answer.status_code == 200
    assert answer.mimetype == "video/mp2t"
    found = transport.read(answer.data)
    assert found.continuity == []
    assert len(found.stamps[min(found.stamps)]) == 2 * coding.RATE
    name = "五重安镇万宝沟村信息频道" if place == VILLAGE else NAME
    assert found.services == {(PROVIDER, name)}


def test_a_live_stream_has_the_speed_at_which_it_is_watched(site, monkeypatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(loop.time, "sleep", slept.append)
    _, client = site
    answer = client.get(f"/tv/loop/{COUNTY}.ts", buffered=False)
    stream_ = answer.iter_encoded()
    for _ in range(10):
        assert next(stream_)
    answer.close()
    assert slept[0] == 0
    assert slept[-1] > 2, "ten seconds were asked for in less than one"


def test_the_number_of_streams_is_bounded_and_they_are_given_back(site) -> None:
    _, client = site
    held = [client.get(f"/tv/loop/{COUNTY}.ts", buffered=False) for _ in range(loop.STREAMS)]
    refused = client.get(f"/tv/loop/{COUNTY}.ts?seconds=1")
    assert refused.status_code == 503
    assert "请过一会儿再试" in refused.text
    assert client.get(f"/tv/loop/{COUNTY}.m3u8").status_code == 503
    held[0].close()
    assert client.get(f"/tv/loop/{COUNTY}.ts?seconds=1").status_code == 200
    for answer in held[1:]:
        answer.close()


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/tv/loop/130283999999.ts", 404, "区划代码"),
        ("/tv/loop/999999.ts", 404, "区划代码"),
        ("/tv/loop/130283101201.ts", 404, "区划代码"),
        ("/tv/loop/x.m3u8", 404, "区划代码"),
        (f"/tv/loop/{COUNTY}.ts?seconds=0", 400, "seconds"),
        (f"/tv/loop/{COUNTY}.ts?seconds=9999999999999", 400, "seconds"),
        (f"/tv/loop/{COUNTY}.ts?seconds=²", 400, "seconds"),
        (f"/tv/loop/{COUNTY}.ts?kind=8k", 400, "hd、sd"),
        (f"/tv/loop/{COUNTY}/99.ts", 404, "网址"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_a_sentence(site, path, status, said) -> None:
    _, client = site
    answer = client.get(path)
    assert answer.status_code == status
    assert said in answer.text


def test_an_empty_magazine_is_refused_and_gives_its_place_back(site) -> None:
    service, client = site
    service.magazine = Magazine()
    for _ in range(loop.STREAMS + 1):
        assert client.get(f"/tv/loop/{COUNTY}.ts?seconds=1").status_code == 404


def test_hls_plays_screen_by_screen(site, ffmpeg, tmp_path) -> None:
    service, client = site
    service.speech = lambda text: tone(20.5)
    answer = client.get(f"/tv/loop/{COUNTY}.m3u8?kind=sd")
    assert answer.mimetype == "application/vnd.apple.mpegurl"
    lines = answer.text.splitlines()
    assert lines[0] == "#EXTM3U"
    assert lines[-1] == "#EXT-X-ENDLIST"
    lengths = [float(line[8:-1]) for line in lines if line.startswith("#EXTINF:")]
    assert lengths == [22.0] * 4
    assert len(lengths) <= hls.SCREENS
    (tmp_path / COUNTY).mkdir()
    for address in [line for line in lines if not line.startswith("#")]:
        part = client.get(f"/tv/loop/{address}")
        assert part.status_code == 200
        found = transport.read(part.data)
        assert found.continuity == []
        assert len(found.stamps[min(found.stamps)]) == 22 * coding.RATE
        (tmp_path / address.partition("?")[0]).write_bytes(part.data)
    file = tmp_path / "loop.m3u8"
    file.write_text(re.sub(r"\?kind=sd", "", answer.text))
    assert errors(ffmpeg, file) == ""


PLAYED = """var video = document.getElementById("loop");
return [video.videoWidth, video.currentTime, video.webkitAudioDecodedByteCount, video.error && video.error.message];"""


def test_a_browser_plays_it(make, magazine) -> None:
    service, client = make()
    service.magazine, service.speech = magazine, silent
    page = f"<video id=loop muted autoplay src=/tv/loop/{COUNTY}.m3u8></video>"
    client.application.add_url_rule("/watch", view_func=lambda: page)
    server = make_server("127.0.0.1", 0, client.application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with chromium() as browser:
            browser.get(f"http://127.0.0.1:{server.server_port}/watch")
            deadline = time.monotonic() + 60
            while (played := browser.execute_script(PLAYED))[1] < 1 and time.monotonic() < deadline:
                time.sleep(0.2)
    finally:
        server.shutdown()
    width, seconds, heard, error = played
    assert error is None
    assert width == HD.width
    assert seconds >= 1
    assert heard > 0


@pytest.fixture
def command(magazine, tmp_path):
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'loop.db'}"))
    service = app.extensions["xiangyin"]
    vars(service).update(magazine=magazine)

    def run(*words: str) -> Any:
        return app.test_cli_runner().invoke(args=["tv", "loop", *words])

    yield run
    service.engine.dispose()


def test_the_command_writes_a_file(command, tmp_path, kind) -> None:
    file = tmp_path / "loop.ts"
    done = command("迁安市", "-o", str(file), "--seconds", "2", "--kind", kind.name, "--silent")
    assert done.exit_code == 0, done.output
    assert NAME in done.stderr
    found = transport.read(file.read_bytes())
    assert found.services == {(PROVIDER, NAME)}
    assert len(found.stamps[min(found.stamps)]) == 2 * coding.RATE


def test_the_command_sends_live_datagrams_at_the_streams_rate(command) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(20)
        got: list[bytes] = []
        done = threading.Event()

        def receive() -> None:
            while sum(map(len, got)) < SD.rate * 2 // 8 - 40_000:
                got.append(receiver.recv(65536))
            done.set()

        threading.Thread(target=receive, daemon=True).start()
        begun = time.monotonic()
        words = (COUNTY, "-o", f"udp://127.0.0.1:{receiver.getsockname()[1]}", "--seconds", "2", "--kind", "sd")
        result = command(*words, "--silent")
        assert result.exit_code == 0, result.output
        assert time.monotonic() - begun > 1.9
        assert done.wait(20)
    assert {len(datagram) for datagram in got} == {udp.DATAGRAM}
    assert transport.read(b"".join(got)).continuity == []


@pytest.mark.parametrize("written", ["udp://", "udp://a", "udp://a:0", "udp://a:70000", "loop.ts", "http://a:1"])
def test_what_is_no_address_is_a_file(written) -> None:
    assert udp.address(written) is None


def test_what_goes_wrong_while_sending_is_told() -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(188)
        raise CodingError("too large")

    with pytest.raises(CodingError, match="too large"):
        udp.send(broken(), ("127.0.0.1", 9), HD.rate)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("刘庄子村", "-o", "x.ts"), "which one?"),
        (("没有这个村", "-o", "x.ts"), "no such place"),
        (("130283101201", "-o", "x.ts"), "no loop"),
        ((COUNTY, "-o", "no/such/folder/x.ts", "--silent"), "choose a file"),
    ],
)
def test_what_the_command_cannot_do_is_said(command, words, said) -> None:
    done = command(*words)
    assert done.exit_code != 0
    assert said in done.output
    assert "Traceback" not in done.output
