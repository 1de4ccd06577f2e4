"""Announcements on the web page: as JSON, in the page, and in a real browser that looks again by itself."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources
from typing import Any

import pytest

from knowledge import database
from knowledge.announcements.tables import Announcement
from tests.channels.announcements.told import HOUR, ME, TOWN, VILLAGE, announce
from tests.channels.web.test_browser import HOSTILE, By, browser, complaints, site, wait  # noqa: F401
from tests.channels.web.test_page import Page
from tests.conftest import NOW
from tests.knowledge.test_identities import register

COUNTY, ELSEWHERE = "130283", "130283105201"


@pytest.fixture
def made(make):
    return make(county_name="迁安市")


def titles(response: Any) -> list[str]:
    assert response.status_code == 200
    return [one["title"] for one in response.get_json()]


def test_what_is_in_force_for_a_village(made) -> None:
    service, client = made
    number = announce(service.engine)
    response = client.get(f"/announcements?village={VILLAGE}")
    assert response.mimetype == "application/json"
    assert response.get_json() == [
        {
            "id": number, "title": "停水通知", "text": "明天上午九点到下午五点停水，请提前存水。", "urgency": "routine",
            "publisher": "五重安镇政府", "from": "2026-11-23T09:00+08:00", "until": "2026-11-24T10:00+08:00",
        }
    ]  # fmt: skip
    assert titles(client.get("/announcements?village=万宝沟")) == ["停水通知"]
    assert titles(client.get(f"/announcements?village={ELSEWHERE}")) == []
    assert titles(client.get("/announcements")) == [], "it is not for the whole county"


def test_emergencies_first_and_nothing_that_is_not_for_the_web_or_not_in_force(made) -> None:
    service, client = made
    announce(service.engine, "早的", places=[COUNTY], starts=NOW - 5 * HOUR)
    announce(service.engine, "晚的", places=[COUNTY])
    announce(service.engine, "防火", places=[COUNTY], starts=NOW - 9 * HOUR, urgency="emergency")
    announce(service.engine, "喇叭", places=[COUNTY], outlets=["speaker"])
    announce(service.engine, "草稿", places=[COUNTY], state="draft")
    announce(service.engine, "明天", places=[COUNTY], state="scheduled", starts=NOW + HOUR)
    assert titles(client.get("/announcements")) == ["防火", "晚的", "早的"]
    service.time += timedelta(days=2)
    assert titles(client.get("/announcements")) == []


def test_who_has_proven_their_number_sees_those_of_their_village(made) -> None:
    service, client = made
    register(service.engine, ME)
    (home,) = service.people.registered(ME)
    announce(service.engine, places=[home])
    assert titles(client.get("/announcements")) == []
    client.set_cookie("xiangyin_number", service.people.admit(ME, service.time))
    assert titles(client.get("/announcements")) == ["停水通知"]
    assert titles(client.get(f"/announcements?village={ELSEWHERE}")) == [], "a village that is named comes first"


@pytest.mark.parametrize("named", ["北京", "刘庄子", "999999999999", "' OR 1=1 --"])
def test_a_village_that_is_none_of_ours_is_refused(made, named: str) -> None:
    _, client = made
    response = client.get("/announcements", query_string={"village": named}, headers={"Accept": "application/json"})
    assert response.status_code == 400
    assert response.get_json()["error"]["code"] in {"village_unknown", "village_ambiguous"}


def test_asking_again_costs_nothing_until_something_changes(made) -> None:
    service, client = made
    number = announce(service.engine, places=[COUNTY])
    first = client.get("/announcements")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "Set-Cookie" not in first.headers
    again = client.get("/announcements", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    with database.sessions(service.engine).begin() as session:
        session.get_one(Announcement, number).state = "withdrawn"
    changed = client.get("/announcements", headers={"If-None-Match": first.headers["ETag"]})
    assert titles(changed) == []


def test_the_page_shows_them_without_javascript(made) -> None:
    service, client = made
    announce(service.engine, HOSTILE[:60], text=HOSTILE, publisher=HOSTILE[:60], urgency="emergency")
    announce(service.engine, places=[COUNTY])
    response = client.get(f"/?village={VILLAGE}")
    page = Page(response.get_data(as_text=True))
    assert HOSTILE in page.text
    assert not page.all("img")
    assert all("onerror" not in attributes for _, attributes in page.elements)
    assert "紧急：" in page.text
    assert "五重安镇政府，11月23日发" in page.text
    assert page.text.index("停水通知") < page.text.index("您想问什么")
    roles = [attributes["role"] for _, attributes in page.elements if attributes.get("role")]
    assert {"alert", "status", "log"} <= set(roles)
    elsewhere = Page(client.get(f"/?village={ELSEWHERE}").get_data(as_text=True))
    assert HOSTILE not in elsewhere.text
    assert "停水通知" in elsewhere.text
    unknown = client.post("/", data={"text": "玉米", "village": "北京"})
    assert "停水通知" in unknown.get_data(as_text=True), "those of the county where the village is unknown"


def test_the_first_load_stays_within_60_kilobytes(made) -> None:
    service, client = made
    for number in range(10):
        announce(service.engine, f"通知{number}", text="请大家注意安全。" * 60, places=[COUNTY])
    paths = ["/", "/web/chat.css", "/web/chat.js", "/web/announcements.js", "/announcements"]
    assert sum(len(client.get(path).data) for path in paths) < 60_000


# --- in a browser ----------------------------------------------------------------------------------------------------


def told(browser: Any) -> str:  # noqa: F811
    return str(
        browser.execute_script(
            "return [].map.call(document.querySelectorAll('.told'), function (e) { return e.innerText; }).join('')"
        )
    )


def test_they_appear_and_go_and_are_put_away(browser, site) -> None:  # noqa: F811
    service, url = site
    browser.get(url)
    assert told(browser) == ""
    number = announce(service.engine, places=[TOWN], text=HOSTILE)
    browser.get(f"{url}?village={VILLAGE}")
    wait(browser, lambda b: "知道了，收起" in told(b))
    assert "停水通知" in told(browser)
    assert HOSTILE in told(browser)
    urgent = announce(service.engine, "防火", places=[COUNTY], urgency="emergency")
    browser.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
    wait(browser, lambda b: "紧急：防火" in told(b))
    alert = browser.find_element(By.ID, "urgent")
    assert (alert.get_attribute("role"), "防火" in alert.text) == ("alert", True)
    browser.find_element(By.CSS_SELECTOR, f"#told-{number} button").click()
    wait(browser, lambda b: "停水通知" not in told(b))
    assert browser.switch_to.active_element == browser.find_element(By.ID, "text")
    browser.get(f"{url}?village={VILLAGE}")
    wait(browser, lambda b: "知道了" in told(b))
    assert "停水通知" not in told(browser), "what was put away stays away"
    with database.sessions(service.engine).begin() as session:
        session.get_one(Announcement, urgent).state = "withdrawn"
    browser.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
    wait(browser, lambda b: told(b) == "")
    assert browser.title != "owned"
    assert complaints(browser) == []


def test_the_village_that_is_chosen_counts(browser, site) -> None:  # noqa: F811
    service, url = site
    announce(service.engine, "给镇里的", places=[TOWN])
    browser.get(url)
    browser.execute_script("window.localStorage.clear()")
    browser.get(url)
    field = browser.find_element(By.ID, "village")
    field.clear()
    field.send_keys("万宝沟村")
    browser.execute_script("arguments[0].dispatchEvent(new Event('change'))", field)
    wait(browser, lambda b: "给镇里的" in told(b))
    field.clear()
    field.send_keys("没有这村")
    browser.execute_script("arguments[0].dispatchEvent(new Event('change'))", field)
    wait(browser, lambda b: told(b) == "")


def test_accessibility_rules_hold(browser, site) -> None:  # noqa: F811
    axe = resources.files(pytest.importorskip("axe_core_python", reason="axe-core-python is not installed"))
    service, url = site
    announce(service.engine, "给全市的", places=[COUNTY])
    announce(service.engine, "防火令", places=[COUNTY], urgency="emergency")
    browser.get(url)
    wait(browser, lambda b: told(b).count("知道了，收起") == 2)
    browser.execute_script((axe / "axe.min.js").read_text(encoding="utf-8"))
    found = browser.execute_async_script(
        """var done = arguments[0];
        axe.run(document, {rules: {"color-contrast-enhanced": {enabled: true}}})
           .then(done, function (e) { done({violations: [{id: String(e), nodes: []}]}); });"""
    )
    assert {rule["id"]: [node["html"] for node in rule["nodes"]] for rule in found["violations"]} == {}
    small = browser.execute_script(
        """return [].filter.call(document.querySelectorAll(".told *"), function (e) {
             return parseFloat(getComputedStyle(e).fontSize) < 20; }).length"""
    )
    assert small == 0
    assert min(b.size["height"] for b in browser.find_elements(By.CSS_SELECTOR, ".told button")) >= 48
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
