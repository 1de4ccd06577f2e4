"""POST /api/chat: the contract, who is trusted, what is refused, and that the service goes on after it."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from bot.messages import Message, Reply
from tests.channels.conftest import PRICE

TOKEN = "integrator's secret"
ANSWER_KEYS = {"text", "headline", "details", "facts", "choices", "intent"}


@pytest.fixture
def made(make):
    return make(api_token=TOKEN)


def post(client, token: str | None = None, **body: Any):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post("/api/chat", json=body, headers=headers)


def test_a_question_gets_the_answer_with_its_facts(made) -> None:
    service, client = made
    response = post(client, sender="me", text="玉米多少钱")
    assert response.status_code == 200
    assert response.content_type == "application/json"
    answer = json.loads(response.get_data(as_text=True))
    assert set(answer) == ANSWER_KEYS
    assert answer["headline"] == PRICE.headline
    assert answer["text"].endswith("（来源：农业农村局 2026-11-23）")
    assert answer["facts"][0] == {
        "what": "均价", "value": 1.17, "unit": "元/斤", "subject": "玉米", "place": "迁安市",
        "as_of": "2026-11-23", "source": "农业农村局",
    }  # fmt: skip
    assert answer["facts"][3]["value"] == 3
    assert answer["intent"] == "price_latest"
    assert "玉米今天" in response.get_data(as_text=True), "hanzi are sent as they are"
    (row,) = service.stored()
    assert (row.channel, row.sender, row.text) == ("api-open", "me", "玉米多少钱")
    assert json.loads(row.reply) == answer


def test_choices_and_a_picture_are_handed_on(made) -> None:
    service, client = made
    answer = post(client, sender="me", text="刘庄子花了多少").get_json()
    assert answer["choices"][1] == {"label": "上射雁庄乡刘庄子村", "text": "上射雁庄乡刘庄子村"}
    assert "picture" not in answer
    service.answer = lambda message: Reply("看图。", picture="/pictures/1.png")
    assert post(client, sender="me", text="走势").get_json()["picture"] == "/pictures/1.png"


@pytest.mark.parametrize(
    ("sender", "token", "channel", "resident"),
    [
        ("13912345678", None, "api-open", None),
        ("+86 139-1234-5678", None, "api-open", None),
        ("13912345678", TOKEN, "api", "13912345678"),
        ("+86 139-1234-5678", TOKEN, "api", "13912345678"),
        ("+14158675309", TOKEN, "api", "+14158675309"),
    ],
)
def test_only_the_token_makes_a_sender_a_resident(made, sender: str, token: str, channel: str, resident: str) -> None:
    service, client = made
    assert post(client, token, sender=sender, text="低保名单").status_code == 200
    (message,) = service.asked
    assert message.resident == resident
    assert message.address.channel == channel
    assert not message.operator


def test_what_a_trusted_sender_was_told_is_not_told_to_who_names_the_same_number(made) -> None:
    service, client = made
    service.answer = lambda message: Reply("名单：张*" if message.resident else "只告诉本村人。")
    assert post(client, TOKEN, sender="13912345678", text="低保名单", id="7").get_json()["headline"] == "名单：张*"
    for token, said in ((None, "只告诉本村人。"), (TOKEN, "名单：张*")):
        for number in ("7", None):
            body = {"sender": "13912345678", "text": "低保名单", **({"id": number} if number else {})}
            assert post(client, token, **body).get_json()["headline"] == said


@pytest.mark.parametrize("token", ["wrong", "", TOKEN + "x", TOKEN.upper(), "密钥"])
def test_a_wrong_token_is_refused(made, token: str) -> None:
    service, client = made
    header = f"Bearer {token}".encode().decode("latin-1")
    response = client.post("/api/chat", json={"sender": "a", "text": "b"}, headers={"Authorization": header})
    assert response.status_code == 401
    assert response.get_json()["error"]["code"] == "token"
    assert not service.stored()


def test_with_no_token_set_nobody_is_trusted(make) -> None:
    service, client = make()
    assert post(client, "None", sender="13912345678", text="名单").status_code == 401
    assert post(client, sender="13912345678", text="名单").status_code == 200
    assert service.asked[0].resident is None


@pytest.mark.parametrize(
    "named", ["130283116217", "万宝沟", "万宝沟村", " 万宝沟村委会 ", "{town}万宝沟村", "迁安市万宝沟村"]
)
def test_the_village_is_a_code_or_a_name(made, named: str) -> None:
    service, client = made
    full = service.places.full_name("130283116217")
    response = post(client, sender="me", text="花了多少", village=named.format(town=full.removesuffix("万宝沟村")))
    assert response.status_code == 200, response.get_json()
    assert service.asked[0].village == "130283116217"


@pytest.mark.parametrize("named", [None, "", "  "])
def test_no_village_is_no_village(made, named: str | None) -> None:
    service, client = made
    assert post(client, sender="me", text="花了多少", village=named).status_code == 200
    assert service.asked[0].village is None


GOOD: dict[str, Any] = {"sender": "me", "text": "玉米多少钱"}
REFUSED: list[tuple[str, bytes | dict[str, Any] | list[Any] | str | int | None, int, str]] = [
    ("no text", {"sender": "me"}, 400, "text_missing"),
    ("empty text", {**GOOD, "text": " \n "}, 400, "text_missing"),
    ("null text", {**GOOD, "text": None}, 400, "text_missing"),
    ("no sender", {"text": "玉米"}, 400, "sender_missing"),
    ("empty sender", {**GOOD, "sender": "  "}, 400, "sender_missing"),
    ("text is a number", {**GOOD, "text": 5}, 400, "text_type"),
    ("text is a list", {**GOOD, "text": ["a"]}, 400, "text_type"),
    ("sender is an object", {**GOOD, "sender": {"$ne": ""}}, 400, "sender_type"),
    ("sender is a number", {**GOOD, "sender": 13912345678}, 400, "sender_type"),
    ("village is a number", {**GOOD, "village": 130283116217}, 400, "village_type"),
    ("id is true", {**GOOD, "id": True}, 400, "id_type"),
    ("text too long", {**GOOD, "text": "问" * 501}, 413, "text_too_long"),
    ("sender too long", {**GOOD, "sender": "1" * 101}, 413, "sender_too_long"),
    ("id too long", {**GOOD, "id": "1" * 101}, 413, "id_too_long"),
    ("unknown village", {**GOOD, "village": "北京"}, 400, "village_unknown"),
    ("unknown code", {**GOOD, "village": "110101001001"}, 400, "village_unknown"),
    ("a town is no village", {**GOOD, "village": "130283116"}, 400, "village_unknown"),
    ("two of that name", {**GOOD, "village": "刘庄子"}, 400, "village_ambiguous"),
    ("NUL in text", {**GOOD, "text": "玉米\0"}, 400, "text_garbled"),
    ("NUL in sender", {**GOOD, "sender": "a\0b"}, 400, "sender_garbled"),
    ("NUL in id", {**GOOD, "id": "\0"}, 400, "id_garbled"),
    ("escape sequence", {**GOOD, "text": "\x1b[2J"}, 400, "text_garbled"),
    ("lone surrogate", b'{"sender": "me", "text": "\\ud83d"}', 400, "text_garbled"),
    ("surrogate in sender", b'{"sender": "\\udc00", "text": "a"}', 400, "sender_garbled"),
    ("not JSON", b"text=hello", 400, "not_json"),
    ("cut off", b'{"sender": "me", "text": "\xe7\x8e', 400, "not_json"),
    ("GBK", '{"sender": "me", "text": "玉米"}'.encode("gbk"), 400, "not_json"),
    ("empty body", b"", 400, "not_json"),
    ("deep nesting", b"[" * 30000, 400, "not_json"),
    ("a huge number", b'{"sender": "me", "text": ' + b"9" * 20000 + b"}", 400, "not_json"),
    ("a list", [GOOD], 400, "not_object"),
    ("a string", "玉米", 400, "not_object"),
    ("null", None, 400, "not_object"),
    ("1 MB", {**GOOD, "text": "a" * 1_000_000}, 413, "too_large"),
]


@pytest.mark.parametrize(("body", "status", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused_is_told_and_not_stored(made, body: Any, status: int, code: str) -> None:
    service, client = made
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = client.post("/api/chat", data=data, content_type="application/json")
    assert response.status_code == status
    error = response.get_json()["error"]
    assert error["code"] == code
    assert any("\u4e00" <= c <= "\u9fff" for c in error["message"])
    assert error["message_en"].isascii()
    assert error["retryable"] is False
    assert "Traceback" not in response.get_data(as_text=True)
    assert not service.stored()
    assert not service.asked
    assert post(client, **GOOD).status_code == 200, "the service goes on"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_content_type_is_refused(made, content_type: str) -> None:
    service, client = made
    response = client.post("/api/chat", data=json.dumps(GOOD), content_type=content_type)
    assert response.status_code == 415
    assert "JSON" in response.get_json()["error"]["message"]
    assert not service.stored()


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_another_method_is_refused(made, method: str) -> None:
    _, client = made
    response = getattr(client, method)("/api/chat")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert response.get_json()["error"]["code"] == "method"


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE messages; --",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "%s%n",
        "../../etc/passwd",
        "𠮷野家🌽",
        "a" * 500,
    ],
)
def test_strange_text_is_text(made, text: str) -> None:
    service, client = made
    service.answer = lambda message: Reply(f"您说“{message.text}”")
    answer = post(client, sender="me", text=text).get_json()
    assert answer["headline"] == f"您说“{text}”"
    assert [row.text for row in service.stored()] == [text]


def test_an_id_makes_a_request_safe_to_repeat(made) -> None:
    service, client = made
    first = post(client, sender="me", text="玉米", id="1")
    service.later(hours=40)
    again = post(client, sender="me", text="玉米", id="1")
    assert again.get_json() == first.get_json()
    assert len(service.asked) == len(service.stored()) == 1
    assert post(client, sender="me", text="玉米", id="2").status_code == 200
    assert len(service.asked) == 2


def test_a_repeat_waits_for_the_first_answer(made) -> None:
    service, client = made
    asking, go_on = threading.Event(), threading.Event()

    def slow(message: Message) -> Reply:
        asking.set()
        assert go_on.wait(10)
        return PRICE

    service.answer = slow
    answers: list[Any] = []

    def ask() -> None:
        answers.append(post(client.application.test_client(), sender="me", text="玉米", id="1").get_json())

    first, second = threading.Thread(target=ask), threading.Thread(target=ask)
    first.start()
    assert asking.wait(10)
    second.start()
    second.join(0.3)
    assert second.is_alive(), "it waits"
    go_on.set()
    first.join(10)
    second.join(10)
    assert answers[0] == answers[1]
    assert answers[0]["headline"] == PRICE.headline
    assert len(service.asked) == 1


def test_a_failing_answer_is_a_sentence_and_the_repeat_is_answered(made, caplog) -> None:
    service, client = made

    def fails(message: Message) -> Reply:
        raise KeyError("secret detail")

    service.answer = fails
    response = post(client, sender="me", text="玉米", id="1")
    assert response.status_code == 500
    assert response.get_json()["error"]["retryable"] is True
    assert response.headers["Retry-After"]
    assert "secret" not in response.get_data(as_text=True)
    assert "KeyError" in caplog.text
    assert [row.answered for row in service.stored()] == [None]
    service.answer = None
    assert post(client, sender="me", text="玉米", id="1").get_json()["headline"] == PRICE.headline
    assert len(service.stored()) == 1


def test_a_flood_from_one_sender_is_stopped_and_others_go_on(make) -> None:
    service, client = make(per_minute=5)
    codes = [post(client, sender="flood", text=f"问{n}").status_code for n in range(9)]
    assert codes == [200] * 5 + [429] * 4
    refused = post(client, sender="flood", text="再问")
    assert refused.get_json()["error"]["message"] == "您发得太快了，请过一分钟再问。"
    assert refused.headers["Retry-After"] == "60"
    assert post(client, sender="other", text="玉米").status_code == 200
    assert len(service.stored()) == 6


def test_who_changes_names_is_counted_by_network_address(make) -> None:
    _, client = make(per_minute=5, api_token=TOKEN)

    def ask(number: int, address: str, token: str | None = None) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"sender": f"s{number}", "text": "玉米"}
        return client.post(
            "/api/chat", json=body, headers=headers, environ_base={"REMOTE_ADDR": address}
        ).status_code  # fmt: skip

    assert [ask(n, "203.0.113.7") for n in range(7)] == [200] * 5 + [429] * 2
    assert ask(9, "203.0.113.8") == 200
    assert [ask(n, "127.0.0.1") for n in range(10, 17)] == [200] * 7, "a reverse proxy stands for many"
    assert [ask(n, "203.0.113.7", TOKEN) for n in range(20, 27)] == [200] * 7, "the integrator has proven them"


def test_nothing_is_there_and_nothing_is_said_about_it(made) -> None:
    _, client = made
    response = client.get("/api/nothing")
    assert response.status_code == 404
    assert response.get_json()["error"]["code"] == "not_found"
    plain = client.get("/nothing")
    assert plain.status_code == 404
    assert plain.content_type.startswith("text/plain")
    assert "没有这个地址" in plain.get_data(as_text=True)
