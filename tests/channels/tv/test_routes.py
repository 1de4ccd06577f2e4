"""The television over HTTP: what is served, what is refused, who sees a village's private part."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from PIL import Image

from channels.tv import boxes, pages, portal
from config import Settings
from tests.channels.tv.conftest import VILLAGE, Flash, made

TOKEN = "station-secret"


@pytest.fixture
def site(make, magazine):
    service, client = make(tv_token=TOKEN)
    service.magazine = magazine
    return service, client


def test_the_entrance_is_the_index_and_leads_to_pages(site) -> None:
    _, client = site
    answer = client.get("/tv/")
    assert answer.status_code == 200
    assert 'href="pages/110.html"' in answer.text
    for path in ("portal/portal.js", "portal/keys.js", "pages.js", "portal/portal-720.css", "portal/portal-1080.css"):
        assert f'"{path}"' in answer.text
        assert client.get(f"/tv/{path}").status_code == 200, path


@pytest.mark.parametrize(
    ("path", "mimetype"),
    [
        ("/tv/pages/110.html", "text/html"),
        ("/tv/pages/110/2.html", "text/html"),
        ("/tv/pages/110.json", "application/json"),
        ("/tv/pages/110.txt", "text/plain"),
        ("/tv/pages/110.txt?ansi=1", "text/plain"),
        ("/tv/pages/110.png", "image/png"),
        ("/tv/pages/110/3.png?size=1920x1080", "image/png"),
        ("/tv/portal/font.otf", "font/otf"),
        ("/tv/portal/keys.json", "application/json"),
        ("/tv/places.js", "text/javascript"),
    ],
)
def test_pages_are_served_in_every_form(site, path: str, mimetype: str) -> None:
    _, client = site
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == mimetype
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_json_and_pictures_are_what_they_say(site) -> None:
    _, client = site
    whole = client.get("/tv/pages/110.json").json
    assert (whole["number"], len(whole["subpages"]), whole["previous"], whole["next"]) == (110, 3, 102, 192)
    assert client.get("/tv/pages/110/3.json").json["subpages"] == [whole["subpages"][2]]
    image = Image.open(BytesIO(client.get("/tv/pages/110.png").data))
    assert image.size == (1280, 720)
    assert Image.open(BytesIO(client.get("/tv/pages/110.png?size=720x576").data)).size == (720, 576)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/tv/pages/555.json", 404, "没有555页"),
        ("/tv/pages/110/9.png", 404, "只有3屏"),
        ("/tv/pages/110/0.json", 404, "没有第0屏"),
        ("/tv/pages/110.exe", 404, "没有这个地址"),
        ("/tv/pages/110.png?size=9999x9999", 400, "1280x720"),
        ("/tv/portal/../../config.yml", 404, "没有这个地址"),
        ("/tv/portal/nothing.js", 404, "没有这个地址"),
    ],
)
def test_refusals_say_what_to_do(site, path: str, status: int, said: str) -> None:
    _, client = site
    answer = client.get(path)
    assert answer.status_code == status
    assert said in answer.text


def test_private_parts_need_the_token_or_a_box_of_that_village(site) -> None:
    _, client = site
    path = "/tv/pages/837.txt"
    assert "张*" not in client.get(path).text
    for given in ("Bearer wrong", "Bearer", f"Basic {TOKEN}"):
        assert "张*" not in client.get(path, headers={"Authorization": given}).text
    told = client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert "张*" in told.text
    assert "no-store" in told.headers["Cache-Control"]
    assert "ETag" not in told.headers
    key = boxes.key(Settings(tv_token=TOKEN).tv_token, VILLAGE)
    assert "张*" in client.get(f"{path}?box={key}").text
    other = boxes.key(Settings(tv_token=TOKEN).tv_token, "130283116218")
    assert "张*" not in client.get(f"{path}?box={other}").text
    assert "张*" not in client.get(f"{path}?box=").text


def test_a_box_is_bound_by_a_cookie(site) -> None:
    _, client = site
    key = boxes.key(Settings(tv_token=TOKEN).tv_token, VILLAGE)
    bound = client.get(f"/tv/?box={key}")
    assert "HttpOnly" in bound.headers["Set-Cookie"]
    assert "张*" in client.get("/tv/pages/837.txt").text


def test_without_a_token_nothing_private_is_told(make, magazine) -> None:
    service, client = make()
    service.magazine = magazine
    assert "张*" not in client.get("/tv/pages/837.txt", headers={"Authorization": "Bearer "}).text
    assert "张*" not in client.get("/tv/pages/837.txt?box=").text


def test_the_newsflash_is_a_small_script_that_is_hardly_kept(site) -> None:
    service, client = site
    assert client.get("/tv/flash.js").text == "var TV_FLASH = null;\n"
    service.magazine.news = Flash("a1", "森林火险橙色预警", 199)
    answer = client.get("/tv/flash.js?1763")
    said = json.loads(answer.text.removeprefix("var TV_FLASH = ").rstrip(";\n"))
    assert said == {"id": "a1", "text": "森林火险橙色预警", "page": 199}
    assert "max-age=3" in answer.headers["Cache-Control"]


def test_a_place_may_be_asked_for_by_its_code(site) -> None:
    _, client = site
    assert client.get(f"/tv/pages/{VILLAGE}.json").json["number"] == 837
    told = client.get(f"/tv/pages/{VILLAGE}.txt", headers={"Authorization": f"Bearer {TOKEN}"})
    assert "张*" in told.text
    assert client.get("/tv/pages/130283999999.json").status_code == 404


def test_numbers_are_told_in_ranges(site) -> None:
    _, client = site
    assert client.get("/tv/pages.js").text == 'var TV_PAGES = "100,102,110,192,199,837";\n'
    assert portal.ranges([100, 101, 102, 110, 111, 300]) == "100-102,110-111,300"
    assert json.loads(client.get("/tv/places.js").text.removeprefix("var TV_PLACES = ").rstrip(";\n")) == {VILLAGE: 837}


def test_what_a_page_says_is_never_markup(site) -> None:
    service, client = site
    hostile = "<img src=x onerror=1>\"'&"
    service.magazine.held[100] = made(100, hostile, pages.paragraph(hostile))
    shown = client.get("/tv/").text
    assert "<img" not in shown
    assert "&lt;img" in shown


def test_a_box_asks_again_for_what_an_emergency_changes(site) -> None:
    _, client = site
    ages = {
        path: client.get(f"/tv/{path}").cache_control.max_age
        for path in ("flash.js", "pages/199.html", "pages/199.json", "pages/199/1.png", "pages/110.html", "pages.js")
    }
    assert {path for path, age in ages.items() if age <= 5} == set(ages) - {"pages/110.html", "pages.js"}
