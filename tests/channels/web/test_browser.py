"""The web chat in a real browser: typed, chosen and read by keyboard alone, and checked for accessibility."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from werkzeug.serving import make_server

from bot.messages import Choice, Reply
from tests.channels.conftest import PRICE
from tests.channels.web.accessibility import violations
from tests.servers import chromium, wait
from tts.sound import encode, silence

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium("--window-size=480,900") as made:
        yield made


@pytest.fixture
def site(make) -> Iterator[tuple[Any, str]]:
    """A served page and the service behind it."""
    service, client = make()
    server = make_server("127.0.0.1", 0, client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield service, f"http://127.0.0.1:{server.port}/"
    server.shutdown()
    thread.join()


def log(browser: Any) -> str:
    return str(browser.find_element(By.ID, "log").text)


def complaints(browser: Any) -> list[str]:
    """What the browser says of scripts and of the security policy."""
    return [entry["message"] for entry in browser.get_log("browser") if "favicon" not in entry["message"]]


def test_a_question_is_typed_and_answered_without_loading_the_page_anew(browser, site) -> None:
    service, url = site
    browser.get(url)
    browser.execute_script("window.same = true")
    field = browser.find_element(By.ID, "text")
    field.send_keys("玉米多少钱", Keys.ENTER)
    wait(browser, lambda b: PRICE.headline in log(b))
    assert "您问：玉米多少钱" in log(browser)
    assert PRICE.details[1] in log(browser)
    assert "（来源：农业农村局 2026-11-23）" in log(browser)
    assert browser.execute_script("return window.same") is True
    assert browser.switch_to.active_element == field, "ready for the next question"
    assert field.get_attribute("value") == ""
    field.send_keys("花生呢", Keys.ENTER)
    wait(browser, lambda b: log(b).count(PRICE.headline) == 2)
    assert service.asked[0].address == service.asked[1].address
    assert complaints(browser) == []


def test_a_numbered_choice_is_made_by_keyboard_alone(browser, site) -> None:
    service, url = site
    browser.get(url)
    field = browser.find_element(By.ID, "text")
    field.send_keys("刘庄子花了多少", Keys.ENTER)
    wait(browser, lambda b: "上射雁庄乡刘庄子村" in b.find_element(By.ID, "choices").text)
    field.send_keys(Keys.SHIFT, Keys.TAB)
    chosen = browser.switch_to.active_element
    assert chosen.text == "2　上射雁庄乡刘庄子村"
    service.answer = lambda message: Reply(f"选了{message.text}")
    chosen.send_keys(Keys.ENTER)
    wait(browser, lambda b: "选了上射雁庄乡刘庄子村" in log(b))
    assert not browser.find_elements(By.ID, "choices"), "an old choice is gone"
    field.send_keys("2", Keys.ENTER)
    wait(browser, lambda b: "选了2" in log(b))
    assert complaints(browser) == []


def test_nothing_that_is_said_runs(browser, site) -> None:
    service, url = site
    service.answer = lambda message: Reply(
        message.text, (HOSTILE,), choices=(Choice(HOSTILE, HOSTILE),), picture=HOSTILE
    )
    browser.get(url)
    browser.find_element(By.ID, "text").send_keys(HOSTILE, Keys.ENTER)
    wait(browser, lambda b: log(b).count("onerror") >= 3)
    assert "owned" not in browser.title
    assert not browser.find_elements(By.TAG_NAME, "img")
    assert len(browser.find_elements(By.TAG_NAME, "script")) == 2


def test_a_village_is_found_by_part_of_its_name_and_kept(browser, site) -> None:
    service, url = site
    browser.get(url)
    field = browser.find_element(By.ID, "village")
    field.send_keys("万宝")
    wait(browser, lambda b: b.find_elements(By.CSS_SELECTOR, "#places button"))
    assert "找到1个村" in browser.find_element(By.ID, "status").text
    field.send_keys(Keys.TAB)
    chosen = browser.switch_to.active_element
    name = service.places.full_name("130283116217")
    assert chosen.text == name
    chosen.send_keys(Keys.ENTER)
    assert field.get_attribute("value") == name
    browser.find_element(By.ID, "text").send_keys("花了多少", Keys.ENTER)
    wait(browser, lambda b: PRICE.headline in log(b))
    assert service.asked[0].village == "130283116217"
    browser.get(url)
    assert browser.find_element(By.ID, "village").get_attribute("value") == name
    browser.execute_script("window.localStorage.clear()")


def test_a_refusal_and_a_failure_are_told_and_the_question_stays(browser, site) -> None:
    service, url = site

    def fails(message):
        raise ValueError("secret detail")

    service.answer = fails
    browser.get(url)
    field = browser.find_element(By.ID, "text")
    field.send_keys("玉米多少钱", Keys.ENTER)
    wait(browser, lambda b: "系统出了点问题" in log(b))
    assert field.get_attribute("value") == "玉米多少钱"
    assert "secret" not in browser.page_source


def test_without_a_connection_it_says_so(browser, site) -> None:
    _, url = site
    browser.get(url)
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    )
    try:
        browser.find_element(By.ID, "text").send_keys("玉米", Keys.ENTER)
        wait(browser, lambda b: "没连上" in log(b))
    finally:
        browser.execute_cdp_cmd("Network.disable", {})
    assert browser.find_element(By.ID, "text").get_attribute("value") == "玉米"


def test_it_answers_with_javascript_switched_off(browser, site) -> None:
    _, url = site
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(url)
        browser.find_element(By.ID, "text").send_keys("玉米多少钱")
        browser.find_element(By.CSS_SELECTOR, "#ask button").click()
        wait(browser, lambda b: PRICE.headline in log(b))
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_an_answer_is_read_aloud_and_stopped(browser, site) -> None:
    service, url = site
    folder = service.audio_folder / "calls"
    folder.mkdir(parents=True)
    (folder / f"{'ab' * 32}.mp3").write_bytes(encode(silence(1.5, 22050), "mp3"))
    said: list[str] = []
    service.speaker = lambda text, slow: said.append(text) or folder / f"{'ab' * 32}.mp3"
    browser.get(url)
    browser.find_element(By.ID, "text").send_keys("玉米多少钱", Keys.ENTER)
    wait(browser, lambda b: PRICE.headline in log(b))
    button = browser.find_element(By.CSS_SELECTOR, ".answer button")
    assert button.text == "听一遍"
    button.send_keys(Keys.ENTER)
    assert button.text == "停下"
    wait(browser, lambda b: said)
    wait(browser, lambda b: button.text == "听一遍")
    assert browser.find_element(By.ID, "status").text == "", "it was heard to its end"
    button.click()
    button.click()
    assert button.text == "听一遍", "pressed again, it falls silent"
    service.speaker = None
    browser.get(url)
    browser.find_element(By.ID, "text").send_keys("花生多少钱", Keys.ENTER)
    wait(browser, lambda b: PRICE.headline in log(b))
    browser.find_element(By.CSS_SELECTOR, ".answer button").click()
    wait(browser, lambda b: "念不出来" in b.find_element(By.ID, "status").text)


@pytest.mark.parametrize("asked", [None, "玉米多少钱", "刘庄子花了多少"])
def test_accessibility_rules_hold(browser, site, asked: str | None) -> None:
    _, url = site
    browser.get(url)
    if asked:
        browser.find_element(By.ID, "text").send_keys(asked, Keys.ENTER)
        wait(browser, lambda b: "乡音答：" in log(b))
    assert violations(browser) == {}


def test_a_page_that_breaks_the_rules_is_seen(browser, site) -> None:
    _, url = site
    browser.get(url)
    browser.execute_script(
        """var e = document.createElement("button"); e.style.cssText = "position:fixed;width:20px;height:20px;min-height:0;padding:0";
           document.querySelector("main").appendChild(e);
           e = document.createElement("input"); e.id = "code"; document.querySelector("main").appendChild(e);"""
    )
    assert {"button-name", "label", "covering", "small", "code"} <= set(violations(browser))


def test_everything_stands_within_a_narrow_screen_in_large_type(browser, site) -> None:
    _, url = site
    browser.get(url)
    browser.find_element(By.ID, "text").send_keys("问" * 200, Keys.ENTER)
    wait(browser, lambda b: PRICE.headline in log(b))
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    small = browser.execute_script(
        """return [].filter.call(document.querySelectorAll("body *"), function (e) {
             return e.textContent && parseFloat(getComputedStyle(e).fontSize) < 20; }).length"""
    )
    assert small == 0
    heights = [b.size["height"] for b in browser.find_elements(By.TAG_NAME, "button")]
    assert min(heights) >= 48
