"""The portal in a real Chromium, from files and from a server, by remote control alone."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from channels.tv import pages, portal
from channels.tv.export import export
from tests.channels.tv.conftest import VILLAGE, Flash, made
from tests.servers import chromium, wait

MAPS = json.loads(portal.files()["keys.json"])

#: Sends a key as a box does: its code and nothing else. Chromedriver says a script again to the next page where its own
#: was left before it ended ("Inspected target navigated"), so the key is pressed only on the page that it is meant for.
PRESS = """if (performance.timeOrigin !== arguments[1]) { return; }
var e = new Event("keydown", {bubbles: true, cancelable: true});
e.keyCode = e.which = arguments[0]; document.dispatchEvent(e);"""

#: What stands on the screen: type below 44 px, contrast below 7:1, what is outside the safe area or its own cells.
FAULTS = """
function channel(v) { v /= 255; return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); }
function light(c) { return 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]); }
function rgb(s) { var m = s.match(/[\\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m; }
var found = [], side = arguments[0], top_ = arguments[1], least = arguments[2], seen = 0;
[].forEach.call(document.querySelectorAll(".now i, .now u, #screen > .r i"), function (e) {
  var style = getComputedStyle(e), box = e.getBoundingClientRect(), up = e, ground = null, a, b, ratio, range;
  while (up && !ground) { ground = rgb(getComputedStyle(up).backgroundColor); up = up.parentNode; }
  a = light(rgb(style.color)); b = light(ground);
  ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  seen += 1;
  if (parseFloat(style.fontSize) < least) { found.push(e.textContent + ": " + style.fontSize); }
  if (ratio < 7) { found.push(e.textContent + ": contrast " + ratio.toFixed(2)); }
  range = document.createRange(); range.selectNodeContents(e); box = range.getBoundingClientRect();
  if (box.left < side || box.right > innerWidth - side + 12 || box.top < top_ - 12 || box.bottom > innerHeight - top_ + 12) {
    found.push(e.textContent + ": outside " + [box.left, box.top, box.right, box.bottom]);
  }
});
if (document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight) {
  found.push("scrolls");
}
return [seen, found];
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium("--hide-scrollbars") as made_:
        screen(made_, 1280, 720)
        yield made_


def screen(browser: Any, width: int, height: int) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def open_(browser: Any, url: str) -> None:
    browser.get("about:blank")
    browser.get(url)
    wait(browser, ready)


def ready(browser: Any) -> bool:
    return bool(browser.execute_script("return document.body && document.body.getAttribute('data-ready') === '1'"))


def number(browser: Any) -> int:
    wait(browser, ready)
    return int(browser.execute_script("return document.body.getAttribute('data-number')"))


def shown(browser: Any) -> str:
    return str(browser.execute_script("var s = document.querySelector('.now'); return s ? s.id : ''"))


def over(browser: Any, part: str) -> str:
    """What one of the parts over the screen says, "" where it is not shown."""
    return str(
        browser.execute_script(
            "var e = document.getElementById(arguments[0]); return e.style.display === 'none' ? '' : e.textContent",
            part,
        )
    )


def focus(browser: Any) -> str:
    return str(
        browser.execute_script(
            "return [].map.call(document.querySelectorAll('a.on'), function (a) { return a.textContent; }).join('|')"
        )
    )


def press(browser: Any, *codes: int) -> None:
    for code in codes:
        browser.execute_script(PRESS, code, browser.execute_script("return performance.timeOrigin"))


def keys(box: str, *actions: str) -> list[int]:
    return [MAPS[box]["keys"][action][0] for action in actions]


@pytest.fixture
def files(magazine, tmp_path: Path, browser: Any) -> str:
    """The carousel as files: the portal knows no server."""
    export(magazine, tmp_path)
    url = tmp_path.as_uri()
    open_(browser, f"{url}/index.html")
    browser.execute_script("localStorage.clear()")
    return url


@pytest.fixture
def site(make, magazine, browser: Any) -> Iterator[tuple[Any, str]]:
    service, client = make()
    service.magazine = magazine
    server = make_server("127.0.0.1", 0, client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield service, f"http://127.0.0.1:{server.port}/tv/"
    browser.get("about:blank")
    server.shutdown()
    thread.join()


@pytest.mark.parametrize("box", MAPS)
def test_every_key_of_every_box_does_what_it_says(browser, files, box: str) -> None:
    open_(browser, f"{files}/index.html")
    press(browser, *keys(box, "down"))
    assert focus(browser) == "110|菜价粮价"
    press(browser, *keys(box, "down", "down", "up"))
    assert focus(browser) == "199|应急"
    press(browser, *keys(box, "ok"))
    wait(browser, lambda b: number(b) == 199)
    press(browser, *keys(box, *"110"))
    wait(browser, lambda b: number(b) == 110)
    press(browser, *keys(box, "right"))
    assert shown(browser) == "s2"
    press(browser, *keys(box, "right", "left", "left"))
    assert shown(browser) == "s1"
    press(browser, *keys(box, "left"))
    wait(browser, lambda b: number(b) == 102)
    for digit in "0123456789":
        press(browser, *keys(box, digit))
        assert over(browser, "typed")[0] == digit
        open_(browser, f"{files}/pages/102.html")
    if "red" in MAPS[box]["keys"]:
        press(browser, *keys(box, "red"))
        wait(browser, lambda b: number(b) == 100)
        press(browser, *keys(box, "yellow"))
        wait(browser, lambda b: number(b) == 102)
        press(browser, *keys(box, "blue"))
        assert number(browser) == 102, "no village is known yet: its list is here already"
        press(browser, *keys(box, "green"))
    if "pagedown" in MAPS[box]["keys"]:
        open_(browser, f"{files}/pages/110.html")
        press(browser, *keys(box, "pagedown", "pagedown", "pageup"))
        assert shown(browser) == "s2"
    open_(browser, f"{files}/index.html")
    press(browser, *keys(box, *"199"))
    wait(browser, lambda b: number(b) == 199)
    press(browser, *keys(box, "back"))
    wait(browser, lambda b: number(b) == 100)
    errors = [entry for entry in browser.get_log("browser") if "flash.js" not in entry["message"]]
    assert errors == []


def test_everything_is_reached_by_arrows_and_ok_alone(browser, files) -> None:
    open_(browser, f"{files}/index.html")
    press(browser, 38)  # up from nowhere: the coloured keys
    assert focus(browser) == "首页"
    press(browser, 39, 39, 39)
    assert focus(browser) == "我的村"
    press(browser, 13)
    wait(browser, lambda b: number(b) == 102)
    press(browser, 40, 13)
    wait(browser, lambda b: number(b) == 837)
    press(browser, 38, 39, 39, 39, 13)
    assert "记住了" in over(browser, "told")


def test_a_village_is_remembered_and_blue_leads_there(browser, files) -> None:
    open_(browser, f"{files}/pages/837.html")
    press(browser, 406)
    assert "万宝沟村是您的村" in over(browser, "told")
    open_(browser, f"{files}/pages/110.html")
    press(browser, 406)
    wait(browser, lambda b: number(b) == 837)
    assert browser.execute_script("return localStorage.getItem('tv.village')") == VILLAGE


def test_a_number_that_is_not_there_leads_nowhere(browser, files) -> None:
    open_(browser, f"{files}/index.html")
    press(browser, 53, 53, 53)
    assert "没有555页" in over(browser, "told")
    assert number(browser) == 100
    open_(browser, f"{files}/pages/837.html")
    press(browser, 50)
    assert over(browser, "typed") == "2--"
    wait(browser, lambda b: shown(b) == "s2")  # one digit alone is a screen of this page


def test_a_page_of_many_screens_is_walked_over_its_parts(browser, magazine, tmp_path) -> None:
    screens = [pages.paragraph(f"第{number}屏") for number in range(1, 31)]
    magazine.held[837] = made(837, "万宝沟村", *screens, place=VILLAGE)
    magazine.held[102] = made(102, "找我的村", [pages.entry("837/29", "最后")])
    export(magazine, tmp_path)
    open_(browser, f"{tmp_path.as_uri()}/pages/837.html#12")
    press(browser, 39)
    wait(browser, lambda b: ready(b) and shown(b) == "s13")
    press(browser, 37)
    wait(browser, lambda b: ready(b) and shown(b) == "s12")
    press(browser, 50, 53)
    wait(browser, lambda b: ready(b) and shown(b) == "s25")
    press(browser, 39, 39, 39, 39, 39)
    assert shown(browser) == "s30"
    open_(browser, f"{tmp_path.as_uri()}/pages/102.html")
    press(browser, 40, 13)
    wait(browser, lambda b: ready(b) and shown(b) == "s29")


def test_a_link_to_a_screen_opens_that_screen(browser, files) -> None:
    open_(browser, f"{files}/index.html")
    press(browser, 40, 40, 40, 13)
    wait(browser, lambda b: number(b) == 837)
    assert shown(browser) == "s2"


def test_screens_turn_by_themselves_until_a_key_is_pressed(browser, magazine, tmp_path) -> None:
    from dataclasses import replace

    page = magazine.held[110]
    magazine.held[110] = replace(page, subpages=tuple(replace(subpage, seconds=1) for subpage in page.subpages))
    export(magazine, tmp_path)
    open_(browser, f"{tmp_path.as_uri()}/pages/110.html")
    wait(browser, lambda b: shown(b) == "s2", 6)
    wait(browser, lambda b: shown(b) == "s1", 8)
    press(browser, 40)
    held = shown(browser)
    time.sleep(2.5)
    assert shown(browser) == held


def test_a_newsflash_stands_over_any_page_within_ten_seconds(browser, site, magazine) -> None:
    _, url = site
    open_(browser, f"{url}pages/110.html")
    browser.execute_script("localStorage.clear()")
    begun = time.monotonic()
    magazine.news = Flash("A1", "森林火险橙色预警", 199)
    wait(browser, lambda b: "森林火险橙色预警" in over(b, "flash"), 10)
    assert time.monotonic() - begun < 10
    press(browser, 13)
    wait(browser, lambda b: number(b) == 199)
    assert over(browser, "flash") == ""
    open_(browser, f"{url}pages/110.html")
    time.sleep(1)
    assert over(browser, "flash") == "", "what was read does not come again"
    magazine.news = Flash("A2", "暴雨红色预警", 199)
    wait(browser, lambda b: "暴雨红色预警" in over(b, "flash"), 10)
    press(browser, 8)
    assert over(browser, "flash") == ""
    assert number(browser) == 110


def test_a_long_newsflash_is_seen_whole_and_leaves_the_keys_free(browser, files, magazine, tmp_path) -> None:
    magazine.news = Flash("A4", "万宝沟村、五重安村：" + "上游水库泄洪，河边的人马上往高处撤。" * 3, 199)
    export(magazine, tmp_path)
    open_(browser, f"{files}/pages/110.html")
    wait(browser, lambda b: "万宝沟村" in over(b, "flash"), 10)
    strip, last, keys = browser.execute_script(
        """var f = document.getElementById("flash"), range = document.createRange(), lines;
        range.selectNodeContents(f); lines = range.getClientRects();
        return [f.getBoundingClientRect().bottom, lines[lines.length - 1].top + 49,
                document.querySelector("#screen > .r12").getBoundingClientRect().top];"""
    )
    assert last <= strip <= keys, "nothing is cut off"


def test_a_newsflash_comes_from_files_too(browser, files, magazine, tmp_path) -> None:
    open_(browser, f"{files}/pages/110.html")
    magazine.news = Flash("A3", "大风蓝色预警", 199)
    export(magazine, tmp_path)
    wait(browser, lambda b: "大风蓝色预警" in over(b, "flash"), 10)


def test_an_unknown_remote_control_is_led_to_the_learn_page_and_learned(browser, files) -> None:
    open_(browser, f"{files}/index.html")
    press(browser, 9001, 9002, 9003)
    wait(browser, lambda b: number(b) == 192)
    assert "上" in over(browser, "told")
    press(browser, *range(7001, 7006))  # up, down, left, right, ok
    press(browser, 7101, *range(7201, 7206))  # the digit 1, the colours, back
    wait(browser, lambda b: "学会了" in over(b, "told"))
    press(browser, 7005)
    wait(browser, lambda b: number(b) == 100)
    press(browser, 7002)
    assert focus(browser) == "110|菜价粮价"
    press(browser, 7101, 7101, 7100)
    wait(browser, lambda b: number(b) == 110)
    press(browser, 7201)
    wait(browser, lambda b: number(b) == 100)
    browser.execute_script("localStorage.clear()")


def test_it_reads_the_page_aloud_where_the_box_can_speak(browser, files) -> None:
    open_(browser, f"{files}/pages/110.html")
    browser.execute_script(
        """window.said = []; window.SpeechSynthesisUtterance = function (text) { this.text = text; };
        Object.defineProperty(window, "speechSynthesis", {value: {speaking: false, cancel: function () {},
          speak: function (u) { window.said.push([u.text, u.lang]); }}});"""
    )
    press(browser, 404)
    text, language = browser.execute_script("return window.said[0]")
    assert "玉米" in text
    assert "1.17元/斤" in text
    assert language == "zh-CN"
    browser.execute_script("Object.defineProperty(window, 'SpeechSynthesisUtterance', {value: null})")
    press(browser, 404)
    assert "不会念" in over(browser, "told")


def test_a_text_is_read_aloud_without_a_pause_where_its_line_was_full(browser, magazine, tmp_path) -> None:
    text = "林区和地边一律禁止烧秸秆、上坟烧纸、吸烟，护林员上山值守，发现冒烟立即打12119。"
    magazine.held[102] = made(102, "防火", [*pages.paragraph(text), *pages.paragraph("来源：应急管理局", pages.GREY)])
    export(magazine, tmp_path)
    open_(browser, f"{tmp_path.as_uri()}/pages/102.html")
    browser.execute_script(
        """window.said = []; window.SpeechSynthesisUtterance = function (text) { this.text = text; };
        Object.defineProperty(window, "speechSynthesis", {value: {speaking: false, cancel: function () {},
          speak: function (u) { window.said.push(u.text); }}});"""
    )
    press(browser, 404)
    assert f"，{text}，来源：应急管理局" in browser.execute_script("return window.said[0]")


def test_a_page_of_another_day_shows_its_day(browser, magazine, tmp_path) -> None:
    from datetime import date

    magazine.held[102] = made(102, "昨天的", pages.paragraph("今天有集"), until=date(2020, 3, 1))
    magazine.held[110] = made(110, "没有期限的", pages.paragraph("长期"), until=None)
    export(magazine, tmp_path)
    open_(browser, f"{tmp_path.as_uri()}/pages/102.html")
    assert over(browser, "clock") == "03.01"
    open_(browser, f"{tmp_path.as_uri()}/pages/110.html")
    assert ":" in over(browser, "clock")


def test_it_is_read_without_scripts(browser, files) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(f"{files}/pages/110.html")
        assert "玉米" in browser.find_element("css selector", ".now").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize(
    ("width", "height", "side", "top", "least"), [(1280, 720, 64, 36, 44), (1920, 1080, 96, 54, 66)]
)
def test_pages_of_the_county_are_large_clear_and_within_the_safe_area(
    browser, site, pack, gazetteer, tmp_path, width: int, height: int, side: int, top: int, least: int
) -> None:
    """A sample of the county's real pages; that all of them fit the grid is tested by the page model."""
    import sqlite3

    from bot.magazine import Magazine
    from knowledge import database
    from tests.conftest import NOW

    with sqlite3.connect(pack.url.database) as source, sqlite3.connect(tmp_path / "pack.db") as target:
        source.backup(target)
    engine = database.connect(f"sqlite:///{tmp_path / 'pack.db'}")
    service, url = site
    service.magazine = Magazine(database.sessions(engine), gazetteer, lambda: NOW)
    screen(browser, width, height)
    try:
        for wanted in (100, 102, 110, 116, 131, 151, 199, 200, 820, 837):
            page = service.magazine.page(wanted)
            for sub in range(1, len(page.subpages) + 1):
                open_(browser, f"{url}pages/{wanted}.html#{sub}")
                seen, faults = browser.execute_script(FAULTS, side, top, least)
                assert seen > 4
                assert faults == [], (wanted, sub)
    finally:
        screen(browser, 1280, 720)
        engine.dispose()
