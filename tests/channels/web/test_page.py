"""The web chat without a browser: what is served, how much, to whom, and that nothing said becomes markup."""

from __future__ import annotations

import gzip
import re
from html.parser import HTMLParser

import pytest

from bot.messages import Choice, Reply
from tests.channels.conftest import PRICE
from tests.conftest import ROOT

STATIC = ROOT / "channels" / "web" / "static"
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7*7 }}",
    "</textarea></form><form action=http://evil.example>",
    "javascript:alert(1)",
]


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(response) -> Page:
    assert response.content_type == "text/html; charset=utf-8"
    return Page(response.get_data(as_text=True))


@pytest.fixture
def made(make):
    return make()


def test_the_first_load_is_small(made) -> None:
    _, client = made
    first = client.get("/")
    files = [client.get(path) for path in ("/web/chat.css", "/web/chat.js", "/web/announcements.js")]
    assert all(response.status_code == 200 for response in (first, *files))
    assert sum(len(response.data) for response in (first, *files)) < 20_000
    linked = {
        value for _, attrs in page(first).elements for name, value in attrs.items() if name in ("src", "href") and value
    }
    assert linked == {"/web/chat.css", "/web/chat.js", "/web/announcements.js", "#text"}, "nothing else is loaded"


def test_the_page_answers_without_javascript(made) -> None:
    service, client = made
    response = client.post("/", data={"text": "玉米多少钱", "village": "万宝沟"})
    assert response.status_code == 200
    shown = page(response)
    assert PRICE.headline in shown.text
    assert PRICE.details[0] in shown.text
    assert "（来源：农业农村局 2026-11-23）" in shown.text
    assert "您问：玉米多少钱" in shown.text
    assert service.asked[0].village == "130283116217"
    assert [i["value"] for i in shown.all("input") if i["name"] == "village"] == ["万宝沟"]


def test_choices_are_buttons_that_send_their_message(made) -> None:
    service, client = made
    shown = page(client.post("/", data={"text": "刘庄子花了多少", "village": ""}))
    offers = [button["value"] for button in shown.all("button") if button.get("name") == "text"]
    assert offers == ["彭店子乡刘庄子村", "上射雁庄乡刘庄子村"]
    client.post("/", data={"text": offers[0], "village": ""})
    assert service.asked[-1].text == "彭店子乡刘庄子村"
    assert service.asked[0].address == service.asked[1].address


def test_the_page_answers_json_with_javascript(made) -> None:
    service, client = made
    body = {"text": "玉米多少钱", "village": "130283116217", "id": "1-a-1"}
    answer = client.post("/", json=body)
    assert answer.get_json()["headline"] == PRICE.headline
    assert client.post("/", json=body).get_json() == answer.get_json()
    assert len(service.stored()) == 1
    refused = client.post("/", json={"text": ""}, headers={"Accept": "application/json"})
    assert refused.status_code == 400
    assert refused.get_json()["error"]["code"] == "text_missing"


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"text": ""}, 400, "缺少"),
        ({}, 400, "缺少"),
        ({"text": "问" * 501}, 413, "最长500个字"),
        ({"text": "玉米\0"}, 400, "不能识别"),
        ({"text": "玉米", "village": "北京"}, 400, "名单里没有“北京”"),
        ({"text": "玉米", "village": "刘庄子"}, 400, "请写上镇名"),
    ],
)
def test_what_is_refused_is_told_on_the_page_and_what_was_typed_stays(made, form, status: int, said: str) -> None:
    service, client = made
    response = client.post("/", data=form)
    assert response.status_code == status
    shown = page(response)
    assert said in shown.text
    assert [i["value"] for i in shown.all("input") if i.get("id") == "village"] == [form.get("village", "")]
    assert not service.stored()


def test_a_failure_is_told_on_the_page(made) -> None:
    service, client = made

    def fails(message):
        raise ValueError("secret detail")

    service.answer = fails
    response = client.post("/", data={"text": "玉米"})
    assert response.status_code == 500
    assert "系统出了点问题" in page(response).text
    assert "secret" not in response.get_data(as_text=True)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_anybody_says_becomes_markup(made, text: str) -> None:
    service, client = made
    service.answer = lambda message: Reply(
        f"您说{text}", (text, message.text), choices=(Choice(text, text),), picture=text, intent=text
    )
    clean = page(client.post("/", data={"text": "无害"}))
    shown = page(client.post("/", data={"text": text, "village": ""}))
    assert f"您问：{text}" in shown.text
    assert [tag for tag, _ in shown.elements] == [tag for tag, _ in clean.elements]
    assert [sorted(attrs) for _, attrs in shown.elements] == [sorted(attrs) for _, attrs in clean.elements]
    assert not shown.all("img"), "a picture is a path of our own"
    refused = page(client.post("/", data={"text": "玉米", "village": text}))
    assert text in refused.text
    assert [tag for tag, _ in refused.elements].count("script") == 2


def test_a_picture_of_our_own_is_shown_with_words_for_it(made) -> None:
    service, client = made
    service.answer = lambda message: Reply("一周涨了0.03元。", picture="/pictures/abc.png")
    (image,) = page(client.post("/", data={"text": "走势"})).all("img")
    assert image == {"src": "/pictures/abc.png", "alt": "一周涨了0.03元。"}


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(made) -> None:
    _, client = made
    for response in (client.get("/"), client.post("/", data={"text": "玉米"}), client.post("/", json={"text": "玉米"})):
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in response.headers["Cache-Control"]
    shown = page(client.get("/"))
    for _, attributes in shown.elements:
        assert not any(name == "style" or name.startswith("on") for name in attributes)
    assert all(script["src"] for script in shown.all("script"))
    assert not shown.all("style")


@pytest.mark.parametrize("name", ["chat.js", "announcements.js"])
def test_the_scripts_never_write_markup_and_are_es5(name: str) -> None:
    script = (STATIC / name).read_text(encoding="utf-8")
    for unsafe in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("):
        assert unsafe not in script
    code = re.sub(r"/\*.*?\*/|\"[^\"\n]*\"", "", script, flags=re.DOTALL)
    for newer in (r"\b(let|const|class|async|await)\b", "=>", "`", r"\bfetch\(", r"\bPromise\b", r"\.\.\.", r"\?\."):
        assert not re.search(newer, code), newer


def test_each_browser_has_a_conversation_of_its_own_that_nobody_guesses(made) -> None:
    service, client = made
    cookie = client.get("/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    client.post("/", data={"text": "玉米"})
    client.post("/", data={"text": "花生"})
    other = client.application.test_client()
    other.post("/", data={"text": "玉米"})
    keys = [message.address.id for message in service.asked]
    assert keys[0] == keys[1] != keys[2]
    assert all(len(key) == 32 for key in keys)
    assert all(message.address.channel == "web" and message.resident is None for message in service.asked)


@pytest.mark.parametrize(
    "value", ["", "short", "a" * 33, "../../../../etc/passwd0000000000", "a b" * 10 + "ab", "问" * 32]
)
def test_a_cookie_that_we_did_not_make_is_replaced(made, value: str) -> None:
    service, client = made
    client.set_cookie("xiangyin_chat", value)
    client.post("/", data={"text": "玉米"})
    assert re.fullmatch(r"[\w-]{32}", service.asked[0].address.id, re.ASCII)
    assert service.asked[0].address.id != value


def test_over_https_the_cookie_stays_there(made) -> None:
    _, client = made
    assert "Secure" in client.get("/", base_url="https://xiangyin.example").headers["Set-Cookie"]
    assert "Secure" in client.get("/", headers={"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]


def test_the_places_are_served_once_a_day_and_small(made) -> None:
    service, client = made
    response = client.get("/web/places.json")
    names = response.get_json()
    assert len(names) == len(service.places.villages()) == 530
    assert ["130283116217", service.places.full_name("130283116217")] in names
    assert "max-age=86400" in response.headers["Cache-Control"]
    assert len(gzip.compress(response.data)) < 15_000
    assert len({name for _, name in names}) == 530, "with its town each name is unambiguous"


def test_every_name_that_is_served_is_understood(made) -> None:
    service, client = made
    names = client.get("/web/places.json").get_json()
    for code, name in (names[0], names[265], names[-1], *[pair for pair in names if pair[1].endswith("刘庄子村")]):
        client.post("/", json={"text": f"玉米 {code}", "village": name})
        assert service.asked[-1].village == code


def test_a_page_for_all(made) -> None:
    """Language, labels, the log and a way past the head: what a screen reader goes by."""
    _, client = made
    shown = page(client.get("/"))
    assert shown.all("html")[0]["lang"] == "zh-CN"
    assert shown.all("meta")[1]["name"] == "viewport"
    assert "user-scalable" not in (shown.all("meta")[1]["content"] or "")
    labelled = {label["for"] for label in shown.all("label")}
    fields = [f["id"] for f in (*shown.all("textarea"), *shown.all("input")) if f.get("type") != "hidden"]
    assert set(fields) == labelled
    logs = [attrs for _, attrs in shown.elements if attrs.get("role") == "log"]
    assert [log["aria-live"] for log in logs] == ["polite"]
    assert shown.all("a")[0]["href"] == "#text"
    assert not any("tabindex" in attrs or "autofocus" in attrs for _, attrs in shown.elements)


def test_large_type_and_strong_contrast() -> None:
    css = (STATIC / "chat.css").read_text(encoding="utf-8")
    sizes = [int(size) for size in re.findall(r"(?:font(?:-size)?:\s*)(\d+)px", css)]
    assert sizes
    assert min(sizes) >= 20
    for rule in re.findall(r"\{([^}]*)\}", css):
        text, ground = re.search(r"(?<![-\w])color: (#\w+)", rule), re.search(r"background: (#\w+)", rule)
        if text:
            assert contrast(text[1], ground[1] if ground else "#fff") >= 7, rule
        if ground and not text:
            assert contrast("#111", ground[1]) >= 7, rule


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: (L1 + 0.05) / (L2 + 0.05)."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
        channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_a_flood_is_told_on_the_page(make) -> None:
    _, client = make(per_minute=2)
    codes = [client.post("/", data={"text": f"玉米{n}"}).status_code for n in range(4)]
    assert codes == [200, 200, 429, 429]
    assert "太快了" in page(client.post("/", data={"text": "再问"})).text


def test_one_megabyte_is_refused(made) -> None:
    service, client = made
    response = client.post("/", data={"text": "a" * 1_000_000})
    assert response.status_code == 413
    assert "内容太大" in response.get_data(as_text=True)
    assert not service.stored()
