"""Twilio's webhooks: its published signatures, its own forms, what is refused, and what goes back."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from bot.messages import Address, Choice, Message, Reply
from channels.base.reading import phone_number
from channels.sms.answers import GOODBYE, PICTURE_KEPT, WELCOME
from channels.sms.segments import split
from knowledge import database
from knowledge.service_tables import Delivery, OptOut, SmsPicture
from tests.channels.conftest import PRICE
from tests.channels.twilio import post

TOKEN = "12345"
URL = "http://localhost/sms/twilio"
SOURCE = "农业农村局 2026-11-23"

# The fields of a text message and of a picture message as Twilio sends them (numbers from its test range).
TEXT = {
    "ToCountry": "US", "ToState": "MI", "SmsMessageSid": "SM99649d01253fc588396cd1eec8377273", "NumMedia": "0",
    "ToCity": "COLEMAN", "FromZip": "22036", "SmsSid": "SM99649d01253fc588396cd1eec8377273", "FromState": "VA",
    "SmsStatus": "received", "FromCity": "", "Body": "玉米多少钱一斤", "FromCountry": "US", "To": "+15005550006",
    "ToZip": "48612", "NumSegments": "1", "ReferralNumMedia": "0", "MessageSid": "SM99649d01253fc588396cd1eec8377273",
    "AccountSid": "AC00000000000000000000000000000000", "From": "+8613912345678", "ApiVersion": "2010-04-01",
}  # fmt: skip
PICTURE = {
    **TEXT, "Body": "", "NumMedia": "1", "MediaContentType0": "image/jpeg", "MessageSid": "MM0fe83458b74a1f626eb0da4685ab28b5",
    "MediaUrl0": "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM0/Media/ME0",
}  # fmt: skip
STATUS = {
    "SmsSid": "SM1", "SmsStatus": "delivered", "MessageStatus": "delivered", "To": "+8613912345678", "MessageSid": "SM1",
    "AccountSid": "AC00000000000000000000000000000000", "From": "+15005550006", "ApiVersion": "2010-04-01",
}  # fmt: skip


@pytest.fixture
def made(make):
    return make(twilio_auth_token=TOKEN)


def send(client, form: dict[str, Any], url: str = URL, token: str = TOKEN, **headers: str):
    return post(client, url, form, token, **headers)


def said(response) -> str | None:
    """The message in TwiML; None where there is none."""
    assert response.status_code == 200
    assert response.content_type == "text/xml; charset=utf-8"
    root = ElementTree.fromstring(response.data)
    assert root.tag == "Response"
    messages = root.findall("Message")
    assert len(messages) == len(root) <= 1
    return messages[0].text if messages else None


# --- signatures ------------------------------------------------------------------------------------------------------

VECTOR = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}


@pytest.mark.parametrize(
    ("base", "signature"),
    [
        # twilio.com/docs/usage/webhooks/webhooks-security, and the tests of Twilio's own library
        ("https://mycompany.com", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:1234", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("http://mycompany.com:1234", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ],
)
def test_published_signatures_are_accepted_with_and_without_port(make, base: str, signature: str) -> None:
    """The vectors sign /myapp.php: the request is sent there and served by our own view."""
    _, client = make(twilio_auth_token=TOKEN)
    app = client.application
    app.view_functions["vector"] = app.view_functions["sms_twilio.incoming"]
    app.url_map.add(app.url_rule_class("/myapp.php", endpoint="vector", methods=["POST"]))
    good = {"data": VECTOR, "base_url": base, "query_string": "foo=1&bar=2"}
    proven = client.post("/myapp.php", headers={"X-Twilio-Signature": signature}, **good)
    assert proven.status_code == 400, "proven, and then refused: a call is no text message"
    forged = client.post("/myapp.php", headers={"X-Twilio-Signature": signature[:-2] + "A="}, **good)
    assert forged.status_code == 403


@pytest.mark.parametrize(
    ("public_url", "signed"),
    [
        ("", "http://localhost/sms/twilio"),
        ("", "http://localhost:80/sms/twilio"),
        ("https://xiangyin.example", "https://xiangyin.example/sms/twilio"),
        ("https://xiangyin.example/", "https://xiangyin.example/sms/twilio"),
        ("https://xiangyin.example", "https://xiangyin.example:443/sms/twilio"),
        ("https://xiangyin.example:8443", "https://xiangyin.example:8443/sms/twilio"),
        ("https://xiangyin.example:8443", "https://xiangyin.example/sms/twilio"),
        ("https://county.example/xiangyin", "https://county.example/xiangyin/sms/twilio"),
        ("https://xiangyin.example", "http://localhost/sms/twilio"),
    ],
)
def test_the_url_may_be_the_public_one_or_the_one_asked_for(make, public_url: str, signed: str) -> None:
    _, client = make(twilio_auth_token=TOKEN, public_url=public_url)
    signature = RequestValidator(TOKEN).compute_signature(signed, TEXT)
    response = client.post("/sms/twilio", data=TEXT, headers={"X-Twilio-Signature": signature})
    assert PRICE.headline in (said(response) or "")


def test_a_query_in_the_url_is_signed_as_it_was_sent(made) -> None:
    _, client = made
    assert said(send(client, TEXT, url=URL + "?a=%20b&name=%E4%B9%A1"))


FORGED: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("unsigned", {}, TEXT),
    ("empty", {"X-Twilio-Signature": ""}, TEXT),
    ("garbage", {"X-Twilio-Signature": "x" * 28}, TEXT),
    ("another's token", {"X-Twilio-Signature": RequestValidator("54321").compute_signature(URL, TEXT)}, TEXT),
    ("empty token", {"X-Twilio-Signature": RequestValidator("").compute_signature(URL, TEXT)}, TEXT),
    ("another URL", {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(URL + "/else", TEXT)}, TEXT),
    ("altered", {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(URL, TEXT)}, {**TEXT, "From": "+8613900000000"}),
    ("more fields", {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(URL, TEXT)}, {**TEXT, "OptOutType": "STOP"}),
    ("no form", {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(URL, TEXT)}, {}),
    (
        "another host",
        {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature("http://evil.example/sms/twilio", TEXT)},
        TEXT,
    ),
]  # fmt: skip


@pytest.mark.parametrize("path", ["/sms/twilio", "/sms/twilio/status"])
@pytest.mark.parametrize(("headers", "form"), [row[1:] for row in FORGED], ids=[row[0] for row in FORGED])
def test_unsigned_or_forged_is_403_and_leaves_no_trace(
    made, path: str, headers: dict[str, str], form: dict[str, Any]
) -> None:
    service, client = made
    response = client.post(path, data=form, headers=headers)
    assert response.status_code == 403
    assert "签名不对" in response.get_data(as_text=True)
    assert "XIANGYIN_TWILIO_AUTH_TOKEN" in response.get_data(as_text=True)
    assert not service.stored()
    assert not service.asked


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_the_channel_is_closed(make, token: str | None) -> None:
    service, client = make(twilio_auth_token=token)
    for path in ("/sms/twilio", "/sms/twilio/status"):
        signature = RequestValidator("").compute_signature("http://localhost" + path, TEXT)
        response = client.post(path, data=TEXT, headers={"X-Twilio-Signature": signature})
        assert response.status_code == 403
        assert "没有开通" in response.get_data(as_text=True)
    assert not service.stored()


# --- messages --------------------------------------------------------------------------------------------------------


def test_a_text_message_is_stored_answered_and_counted(made) -> None:
    service, client = made
    answer = said(send(client, TEXT))
    assert (
        answer
        == "玉米今天1.17元/斤，和昨天一样。\n最低1.15元，最高1.2元。\n问“哪卖最好”可比市场。（来源：农业农村局 2026-11-23）"
    )
    (message,) = service.asked
    assert (message.address.channel, message.address.id) == ("sms", "13912345678")
    assert message.resident == "13912345678"
    assert message.id == TEXT["MessageSid"]
    assert message.text == "玉米多少钱一斤"
    (row,) = service.stored()
    assert (row.segments, row.intent) == (split(answer).count, "price_latest")
    assert json.loads(row.reply)["headline"] == PRICE.headline


def test_the_message_is_stored_before_it_is_answered(made) -> None:
    service, client = made
    seen: list[Any] = []

    def look(message: Message) -> Reply:
        seen.extend(service.stored())
        return PRICE

    service.answer = look
    send(client, TEXT)
    assert [(row.text, row.answered) for row in seen] == [("玉米多少钱一斤", None)]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+8613912345678", "13912345678"),
        ("008613912345678", "13912345678"),
        ("8613912345678", "13912345678"),
        ("13912345678", "13912345678"),
        ("+86 139 1234 5678", "13912345678"),
        ("+14158675309", "+14158675309"),
        ("+861012345678", "+861012345678"),  # a landline of 10 digits, not a mobile
        ("10086", "10086"),
        ("TWILIO", "TWILIO"),
        ("whatsapp:+14158675309", "whatsapp:+14158675309"),
    ],
)
def test_numbers_are_as_the_residents_list_has_them(written: str, number: str) -> None:
    assert phone_number(written) == number


BODIES: list[tuple[str, str, str | None]] = [
    ("long Chinese", "问" * 1600, "问" * 1600),
    ("longer than Twilio allows", "问" * 2000, "问" * 1600),
    ("emoji", "🌽多少钱🙏🏽", "🌽多少钱🙏🏽"),
    ("rare hanzi", "𠮷野家", "𠮷野家"),
    ("markup", "<Redirect>http://evil.example</Redirect>&amp;", "<Redirect>http://evil.example</Redirect>&amp;"),
    ("SQL", "'; DROP TABLE messages;--", "'; DROP TABLE messages;--"),
    ("NUL and controls", "玉\0米\x1b[0m\x08", "玉米[0m"),
    ("not in XML", "玉\ufffe米\uffff", "玉米"),
    ("replacement characters", "\ufffd\ufffd米", "\ufffd\ufffd米"),
    ("lines and spaces", "  玉米\n多少钱 \r\n", "玉米\n多少钱"),
    ("a plus and an ampersand", "2+3&x=1", "2+3&x=1"),
]


@pytest.mark.parametrize(("body", "text"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES])
def test_whatever_was_written_is_answered_and_comes_back_escaped(made, body: str, text: str) -> None:
    service, client = made
    service.answer = lambda message: Reply(f"您说“{message.text}”")
    answer = said(send(client, {**TEXT, "Body": body}))
    assert [row.text for row in service.stored()] == [text]
    assert answer is not None
    assert answer.startswith(f"您说“{text}"[:20])
    assert split(answer).count <= 3
    assert len(answer) <= 1600


@pytest.mark.parametrize(
    "form", [{**TEXT, "Body": ""}, {**TEXT, "Body": " \n "}, PICTURE, {**TEXT, "Body": "\0"}], ids=str
)
def test_a_message_without_words_asks_for_words(made, form: dict[str, str]) -> None:
    service, client = made
    assert "文字" in (said(send(client, form)) or "")
    assert not service.asked
    assert [row.text for row in service.stored()] == [""]


def kept(service) -> list[tuple[str, str, int, str, str]]:
    with database.sessions(service.engine)() as session:
        rows = session.scalars(select(SmsPicture).order_by(SmsPicture.message_id, SmsPicture.position))
        return [(row.sender, row.message_id, row.position, row.kind, row.url) for row in rows]


def test_pictures_are_kept_before_anything_is_answered_and_once(made) -> None:
    service, client = made
    form = {**PICTURE, "NumMedia": "2", "MediaContentType1": "video/3gpp", "MediaUrl1": PICTURE["MediaUrl0"] + "1"}
    service.desk.store.receive = lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        service.desk.receive(Message(Address("sms", "x"), "", service.time))
    assert send(client, form).status_code == 500
    del service.desk.store.receive
    rows = [
        ("13912345678", form["MessageSid"], 0, "image/jpeg", form["MediaUrl0"]),
        ("13912345678", form["MessageSid"], 1, "video/3gpp", form["MediaUrl1"]),
    ]
    assert kept(service) == rows
    assert said(send(client, form)) == PICTURE_KEPT.headline
    assert split(PICTURE_KEPT.headline).count == 1
    assert said(send(client, form)) is None
    assert kept(service) == rows
    assert [row.intent for row in service.stored()] == ["picture"]


def test_a_picture_with_words_is_kept_and_the_words_are_answered(made) -> None:
    service, client = made
    assert PRICE.headline in (said(send(client, {**PICTURE, "Body": "玉米多少钱"})) or "")
    assert len(kept(service)) == 1
    service.later(days=91)
    service.sms_pictures.purge(service.time - timedelta(days=90))
    assert kept(service) == []


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({"MediaUrl0": "http://api.twilio.com/ME0"}, 0),
        ({"MediaUrl0": "file:///etc/passwd"}, 0),
        ({"MediaUrl0": ""}, 0),
        ({"MediaUrl0": "https://api.twilio.com/" + "x" * 500}, 0),
        ({"NumMedia": "0"}, 0),
        ({"NumMedia": "-1"}, 0),
        ({"NumMedia": "many"}, 0),
        ({"NumMedia": "９"}, 0),
        ({"NumMedia": ""}, 0),
        ({"NumMedia": "3"}, 1),
        ({"MediaContentType0": "x" * 200}, 1),
        ({"NumMedia": "99", **{f"MediaUrl{n}": f"https://api.twilio.com/ME{n}" for n in range(99)}}, 10),
    ],
    ids=lambda value: str(value)[:40],
)
def test_only_pictures_that_can_be_fetched_are_kept_and_so_many(made, change: dict[str, str], count: int) -> None:
    service, client = made
    assert "文字" in (said(send(client, {**PICTURE, **change})) or "")
    assert len(kept(service)) == count


def test_a_message_without_a_body_field_at_all(made) -> None:
    _, client = made
    assert "文字" in (said(send(client, {k: v for k, v in TEXT.items() if k != "Body"})) or "")


@pytest.mark.parametrize(
    "change",
    [
        {"From": ""},
        {"From": None},
        {"MessageSid": ""},
        {"MessageSid": None},
        {"From": "1" * 101},
        {"MessageSid": "S\0M"},
    ],
    ids=str,
)
def test_a_signed_request_that_is_no_message_is_refused(made, change: dict[str, str | None]) -> None:
    service, client = made
    form = {name: value for name, value in {**TEXT, **change}.items() if value is not None}
    response = send(client, form)
    assert response.status_code == 400
    assert "请求读不懂" in response.get_data(as_text=True)
    assert not service.stored()
    assert said(send(client, TEXT)), "the service goes on"


def test_a_body_in_another_encoding_does_not_hurt(made) -> None:
    service, client = made
    raw = urlencode({**TEXT, "Body": "玉米"}, encoding="gbk").encode()
    form = {**TEXT, "Body": "%D3%F1%C3%D7"}  # what is no UTF-8 stays as it was sent
    signature = RequestValidator(TOKEN).compute_signature(URL, form)
    response = client.post(
        "/sms/twilio",
        data=raw,
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    )
    assert said(response)
    assert service.stored()[0].text == form["Body"]


def test_one_megabyte_is_refused_before_it_is_read(made) -> None:
    service, client = made
    response = send(client, {**TEXT, "Body": "a" * 1_000_000})
    assert response.status_code == 413
    assert "内容太大" in response.get_data(as_text=True)
    assert not service.stored()


# --- repeats ---------------------------------------------------------------------------------------------------------


def test_a_repeated_sid_gets_empty_twiml(made) -> None:
    service, client = made
    assert said(send(client, TEXT))
    again = send(client, TEXT)
    assert said(again) is None
    assert again.get_data(as_text=True) == '<?xml version="1.0" encoding="UTF-8"?><Response />'
    service.later(hours=40)
    assert said(send(client, TEXT)) is None
    assert len(service.asked) == len(service.stored()) == 1


def test_the_same_words_under_another_sid_are_another_message_and_answered_once(made) -> None:
    service, client = made
    assert said(send(client, TEXT))
    assert said(send(client, {**TEXT, "MessageSid": "SM2"})) is None
    assert said(send(client, {**TEXT, "MessageSid": "SM3", "Body": "花生多少钱一斤"}))
    assert len(service.stored()) == len(service.asked) == 3


def test_a_repeat_while_the_first_is_being_answered_gets_empty_twiml(made) -> None:
    service, client = made
    asking, go_on = threading.Event(), threading.Event()
    answers: list[str | None] = []

    def slow(message: Message) -> Reply:
        asking.set()
        assert go_on.wait(10)
        return PRICE

    service.answer = slow
    first = threading.Thread(target=lambda: answers.append(said(send(client.application.test_client(), TEXT))))
    first.start()
    assert asking.wait(10)
    assert said(send(client, TEXT)) is None
    go_on.set()
    first.join(10)
    assert answers[0]
    assert len(service.asked) == 1


def test_after_a_crash_the_repeat_is_answered(made) -> None:
    service, client = made
    service.desk.store.receive("sms", "13912345678", "玉米多少钱一斤", service.time, TEXT["MessageSid"])
    assert said(send(client, TEXT)) is None
    service.later(seconds=11)
    assert said(send(client, TEXT))
    assert len(service.stored()) == 1


def test_a_failure_is_told_in_a_sentence_and_the_message_is_kept(made, caplog) -> None:
    service, client = made

    def fails(message: Message) -> Reply:
        raise ValueError("secret detail")

    service.answer = fails
    answer = said(send(client, TEXT))
    assert answer == "系统出了点问题，请过一会儿再试。"
    assert "ValueError" in caplog.text
    assert TEXT["Body"] not in caplog.text
    assert "13912345678" not in caplog.text
    assert [row.answered for row in service.stored()] == [None]


# --- wishes ----------------------------------------------------------------------------------------------------------


def test_stop_and_start_are_obeyed_before_anything_else(made) -> None:
    service, client = made
    number = iter(range(100))

    def text(body: str, **more: str) -> str | None:
        return said(send(client, {**TEXT, "Body": body, "MessageSid": f"SM{next(number)}", **more}))

    assert text("刘庄子花了多少") == "您问的是哪个？回数字。\n1 彭店子乡刘庄子村\n2 上射雁庄乡刘庄子村"
    assert text("TD") == GOODBYE.headline
    assert text("玉米") is None
    assert text("1") is None
    assert text("退订") == GOODBYE.headline
    assert text("玉米", From="+8613900000000"), "others go on"
    assert text("恢复") == WELCOME.headline
    assert text("玉米")
    assert [message.text for message in service.asked] == ["刘庄子花了多少", "玉米", "玉米"]
    assert [row.intent for row in service.stored()][:4] == ["finance_total", "opt_out", "opted_out", "opted_out"]
    assert all(row.answered for row in service.stored())
    assert [row.segments for row in service.stored()][:4] == [1, 1, None, None]


@pytest.mark.parametrize(("kind", "stopped"), [("STOP", True), ("START", False)])
def test_what_twilio_has_obeyed_itself_is_not_said_twice(made, kind: str, stopped: bool) -> None:
    service, client = made
    assert said(send(client, {**TEXT, "Body": "不要了", "OptOutType": kind})) is None
    with database.sessions(service.engine)() as session:
        assert bool(session.scalars(select(OptOut)).all()) is stopped
    assert not service.asked
    assert len(service.stored()) == 1


def test_a_repeated_stop_is_said_once(made) -> None:
    _, client = made
    form = {**TEXT, "Body": "STOP"}
    assert said(send(client, form)) == GOODBYE.headline
    assert said(send(client, form)) is None


# --- floods ----------------------------------------------------------------------------------------------------------


def test_a_throttled_sender_gets_one_sentence_and_others_go_on(make) -> None:
    service, client = make(per_minute=3, twilio_auth_token=TOKEN)
    answers = [said(send(client, {**TEXT, "Body": f"问{n}", "MessageSid": f"SM{n}"})) for n in range(8)]
    assert all(answer and PRICE.headline in answer for answer in answers[:3])
    assert answers[3:] == ["您发得太快了，请过一分钟再问。", None, None, None, None]
    assert said(send(client, {**TEXT, "From": "+8613900000000", "MessageSid": "SM99"}))
    assert said(send(client, {**TEXT, "Body": "TD", "MessageSid": "SM100"})) == GOODBYE.headline, "obeyed all the same"
    assert len(service.stored()) == 5


# --- what became of our answers --------------------------------------------------------------------------------------


def deliveries(service) -> list[tuple[str, str, str]]:
    with database.sessions(service.engine)() as session:
        return [(row.message_id, row.state, row.detail) for row in session.scalars(select(Delivery))]


def test_delivery_is_stored_with_its_final_state_whatever_the_order(made) -> None:
    service, client = made
    for status in ("sent", "delivered", "delivered", "sent", "queued"):
        form = {**STATUS, "MessageStatus": status}
        assert send(client, form, url=URL + "/status").status_code == 204
    assert deliveries(service) == [("SM1", "delivered", "delivered")]


@pytest.mark.parametrize(
    ("form", "stored"),
    [
        ({"MessageStatus": "undelivered", "ErrorCode": "30003"}, ("SM1", "failed", "undelivered 30003")),
        ({"MessageStatus": "failed", "ErrorCode": "21610"}, ("SM1", "failed", "failed 21610")),
        ({"MessageStatus": "read"}, ("SM1", "delivered", "read")),
        ({"MessageStatus": "delivered", "RawDlrDoneDate": "2611231000"}, ("SM1", "delivered", "delivered")),
        ({"MessageStatus": "teleported"}, ("SM1", "queued", "teleported")),
    ],
)
def test_what_twilio_reports(made, form: dict[str, str], stored: tuple[str, str, str]) -> None:
    service, client = made
    assert send(client, {**STATUS, **form}, url=URL + "/status").status_code == 204
    assert deliveries(service) == [stored]


@pytest.mark.parametrize("missing", ["MessageSid", "MessageStatus"])
def test_a_report_of_nothing_is_refused(made, missing: str) -> None:
    service, client = made
    form = {name: value for name, value in STATUS.items() if name != missing}
    assert send(client, form, url=URL + "/status").status_code == 400
    assert deliveries(service) == []


@pytest.mark.parametrize(
    ("public_url", "action"),
    [("https://county.example/xiangyin/", "https://county.example/xiangyin/sms/twilio/status"), ("", None)],
)
def test_an_answer_says_where_its_fate_is_to_be_told(make, public_url: str, action: str | None) -> None:
    _, client = make(twilio_auth_token=TOKEN, public_url=public_url)
    (message,) = ElementTree.fromstring(send(client, TEXT).data)
    assert message.get("action") == action


@pytest.mark.parametrize("path", ["/sms/twilio", "/sms/twilio/status"])
def test_reading_it_with_get_is_refused(made, path: str) -> None:
    _, client = made
    assert client.get(path).status_code == 405


def test_choices_are_numbered_in_the_answer(made) -> None:
    service, client = made
    service.answer = lambda message: Reply("问哪个？", choices=tuple(Choice(f"第{n}", str(n)) for n in range(1, 4)))
    assert said(send(client, TEXT)) == "问哪个？\n1 第1\n2 第2\n3 第3"
