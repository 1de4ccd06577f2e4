"""Proving a number in a real browser: by keyboard alone, without scripts, checked for accessibility; large type."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.channels.conftest import PRICE
from tests.channels.web.accessibility import violations
from tests.channels.web.test_browser import By, Keys, browser, complaints, log, site  # noqa: F401
from tests.knowledge.test_identities import register
from tests.servers import wait

KNOWN = "13900000001"


@pytest.fixture
def page(browser: Any, site: tuple[Any, str]) -> Any:  # noqa: F811
    service, url = site
    service.gateway = True
    register(service.engine, KNOWN)
    browser.delete_all_cookies()
    yield service, browser, url
    browser.delete_all_cookies()
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def tab_to(browser: Any, wanted: Any) -> Any:  # noqa: F811
    """Press Tab until the wanted element has the focus, as somebody without a mouse does."""
    for _ in range(30):
        focused = browser.switch_to.active_element
        if wanted(focused):
            return focused
        focused.send_keys(Keys.TAB)
    raise AssertionError("it is not reached by Tab")


def prove(service: Any, browser: Any, url: str) -> None:  # noqa: F811
    browser.get(url)
    tab_to(browser, lambda e: e.text == "证明手机号").send_keys(Keys.ENTER)
    wait(browser, lambda b: b.find_elements(By.ID, "number"))
    tab_to(browser, lambda e: e.get_attribute("id") == "number").send_keys(KNOWN, Keys.ENTER)
    wait(browser, lambda b: b.find_elements(By.ID, "code"))
    assert service.texts[-1][0] == KNOWN
    tab_to(browser, lambda e: e.get_attribute("id") == "code").send_keys(service.texts[-1][1][:6], Keys.ENTER)
    wait(browser, lambda b: b.find_elements(By.ID, "out"))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_number_is_proven_and_left_by_keyboard_alone_with_and_without_scripts(page, scripts: bool) -> None:
    service, browser, url = page  # noqa: F811
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
    prove(service, browser, url)
    assert browser.current_url == url
    assert f"尾号{KNOWN[-4:]}" in browser.find_element(By.TAG_NAME, "footer").text
    browser.find_element(By.ID, "text").send_keys("低保名单")
    tab_to(browser, lambda e: e.text == "问一问").send_keys(Keys.ENTER)
    wait(browser, lambda b: PRICE.headline in log(b))
    assert service.asked[-1].resident == KNOWN
    proof = browser.get_cookie("xiangyin_number")
    assert (proof["httpOnly"], proof["sameSite"]) == (True, "Lax")
    tab_to(browser, lambda e: e.text == "退出").send_keys(Keys.ENTER)
    wait(browser, lambda b: not b.find_elements(By.ID, "out") and b.find_elements(By.ID, "text"))
    assert browser.get_cookie("xiangyin_number") is None
    browser.find_element(By.ID, "text").send_keys("低保名单二")
    tab_to(browser, lambda e: e.text == "问一问").send_keys(Keys.ENTER)
    wait(browser, lambda b: PRICE.headline in log(b))
    assert service.asked[-1].resident is None


def test_scripts_cannot_read_the_cookies(page) -> None:
    service, browser, url = page  # noqa: F811
    prove(service, browser, url)
    assert browser.execute_script("return document.cookie") == ""
    assert complaints(browser) == []


class Elsewhere(BaseHTTPRequestHandler):
    """A page of another site that posts to ours as soon as it is looked at."""

    target = ""

    def do_GET(self) -> None:
        page = f'<form method="post" action="{self.target}"><input name="proof" value="x"></form>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"{page}<script>document.forms[0].submit()</script>".encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_form_of_another_site_comes_without_our_cookies(page) -> None:
    service, browser, url = page  # noqa: F811
    prove(service, browser, url)
    Elsewhere.target = f"{url}number/out"
    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        browser.get(f"http://localhost:{server.server_port}/")  # another site than 127.0.0.1
        wait(browser, lambda b: "允许 Cookie" in b.page_source)
    finally:
        server.shutdown()
        thread.join()
    browser.get(url)
    assert browser.find_elements(By.ID, "out"), "still proven"


def test_accessibility_rules_hold_on_each_page(page) -> None:
    service, browser, url = page  # noqa: F811
    browser.get(f"{url}number")
    assert violations(browser) == {}
    browser.find_element(By.ID, "number").send_keys("12345", Keys.ENTER)
    wait(browser, lambda b: "不像手机号" in b.find_element(By.ID, "told").text)
    assert browser.find_element(By.ID, "told").get_attribute("role") == "alert", "read aloud at once"
    assert violations(browser) == {}
    browser.find_element(By.ID, "number").send_keys(KNOWN, Keys.ENTER)
    wait(browser, lambda b: b.find_elements(By.ID, "code"))
    assert violations(browser) == {}
    browser.find_element(By.ID, "code").send_keys("000000" if service.texts[0][1][:6] != "000000" else "1", Keys.ENTER)
    wait(browser, lambda b: "数字不对" in b.find_element(By.ID, "told").text)
    assert violations(browser) == {}
    browser.find_element(By.ID, "code").send_keys(service.texts[0][1][:6], Keys.ENTER)
    wait(browser, lambda b: b.find_elements(By.ID, "out"))
    assert violations(browser) == {}
    browser.find_element(By.ID, "text").send_keys("字大点", Keys.ENTER)
    wait(browser, lambda b: "记住了" in log(b))
    assert browser.find_element(By.TAG_NAME, "body").get_attribute("class") == "large"
    assert violations(browser) == {}


def test_large_type_is_larger_and_fits_a_narrow_screen(page) -> None:
    _, browser, url = page  # noqa: F811
    browser.get(url)

    def size() -> float:
        return float(browser.execute_script("return parseFloat(getComputedStyle(document.body).fontSize)"))

    usual = size()
    browser.find_element(By.ID, "text").send_keys("字大点", Keys.ENTER)
    wait(browser, lambda b: "记住了" in log(b))
    assert size() > usual * 1.3
    browser.get(f"{url}number")
    assert size() > usual * 1.3, "on every page"
    browser.get(url)
    browser.find_element(By.ID, "text").send_keys("问" * 200, Keys.ENTER)
    wait(browser, lambda b: PRICE.headline in log(b))
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    browser.find_element(By.ID, "text").send_keys("用普通字", Keys.ENTER)
    wait(browser, lambda b: "改回来了" in log(b))
    assert size() == usual


def test_a_village_of_a_code_is_kept_for_the_visit(page) -> None:
    service, browser, url = page  # noqa: F811
    name = service.places.full_name("130283116217")
    browser.get(f"{url}?village=130283116217")
    assert browser.find_element(By.ID, "village").get_attribute("value") == name
    browser.get(url)
    assert browser.find_element(By.ID, "village").get_attribute("value") == name
    browser.find_element(By.ID, "text").send_keys("花了多少", Keys.ENTER)
    wait(browser, lambda b: PRICE.headline in log(b))
    assert service.asked[-1].village == "130283116217"
    browser.execute_script("window.localStorage.clear()")
