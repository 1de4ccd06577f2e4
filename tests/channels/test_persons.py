"""Wishes of how to be dealt with: read from whole messages alone, fulfilled for the person, proven by codes."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from twilio.request_validator import RequestValidator

from bot.messages import Address, Message
from channels.base.persons import (
    ASK_NUMBER,
    CLOSED,
    CODE_SENT,
    KNOWN_HERE,
    LINKED,
    NOT_LINKED,
    ON_THE_PAGE,
    SOON,
    UNLINKED,
    WRONG,
    Wish,
    code_text,
    wish,
)
from tests.channels.conftest import PRICE
from tests.knowledge.test_identities import register

KNOWN, UNKNOWN = "13900000001", "13999999999"


@pytest.fixture
def service(make):
    made, _ = make(twilio_auth_token="12345")
    made.gateway = True
    register(made.engine, KNOWN)
    return made


_count = iter(range(10**6))


def say(service, text: str, channel: str = "wechat", address: str = "openid-1", **more: Any):
    """What is answered to a message; the pushing channels of these tests are told apart from pages by `waits`."""
    message = Message(Address(channel, address), text, service.time, id=str(next(_count)), **more)
    return service.desk.receive(message, waits=True).reply


LEVELS = [
    *[(text, "slow") for text in ("以后说慢点", "以后慢点说", "以后请你说慢一点。", "往后都给我说慢些", "今后讲慢点儿", "以后，说得慢一点吧")],
    *[(text, "large") for text in ("字大点", "字大一点！", "以后字大点", "把字体调大一些", "请用大字", "字放大点")],
    *[(text, "plain") for text in ("正常说", "以后正常说", "不用慢", "用普通字", "字小点", "不用大字了")],
]  # fmt: skip


@pytest.mark.parametrize(("text", "level"), LEVELS)
def test_a_level_is_wished_for(text: str, level: str) -> None:
    assert wish(text) == Wish("level", level=level)


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("以后用微信通知我", "wechat"),
        ("以后发短信给我", "sms"),
        ("往后有事打电话找俺", "phone"),
        ("以后有通知请用短信告诉我", "sms"),
    ],
)
def test_a_favourite_channel_is_named(text: str, channel: str) -> None:
    assert wish(text) == Wish("favourite", channel)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("绑定 123456", "123456"), ("绑定123456", "123456"), ("绑定：１２３４５６", "123456"), ("绑定码 123456", "123456"),
        ("绑定 13900000001", KNOWN), ("绑定手机号 139-0000-0001", KNOWN), ("绑定", ""), ("绑定手机", ""),
        ("绑定 +8613900000001", f"+86{KNOWN}"),
    ],
)  # fmt: skip
def test_a_link_is_wished_for(text: str, digits: str) -> None:
    assert wish(text) == Wish("link", digits)


@pytest.mark.parametrize(
    "text",
    [
        "慢点说", "再说一遍", "玉米多少钱", "以后玉米会涨吗", "低保怎么绑定银行卡", "字", "大点", "以后低保慢慢办", "短信", "微信", "",
        "以后", "绑定银行卡 123456", "123456", "慢", "电话多少", "以后通知我", "字大点" * 20, "什么字大", "解绑银行卡", "TD", "退订",
    ],
)  # fmt: skip
def test_other_messages_are_no_wishes(text: str) -> None:
    assert wish(text) is None


@pytest.mark.parametrize("text", ["慢点说", "再说一遍", "玉米多少钱一斤", "以后玉米会涨吗"])
def test_other_messages_go_to_the_assistant(service, text: str) -> None:
    assert say(service, text) == PRICE
    assert service.asked[-1].text == text


def test_a_wish_is_remembered_for_the_person_and_marks_every_answer(service) -> None:
    said = say(service, "以后说慢点", "sms", KNOWN, resident=KNOWN)
    assert "慢慢说" in said.headline
    assert service.asked == []
    assert say(service, "玉米", "sms", KNOWN, resident=KNOWN).manner == "slow"
    assert say(service, "玉米", "phone", KNOWN, resident=KNOWN).manner == "slow"
    assert say(service, "玉米").manner == "", "somebody else"
    say(service, "正常说", "phone", KNOWN, resident=KNOWN)
    assert say(service, "玉米", "sms", KNOWN, resident=KNOWN).manner == ""


def test_a_favourite_is_remembered(service) -> None:
    assert "微信" in say(service, "以后用微信通知我", "sms", KNOWN, resident=KNOWN).headline
    assert service.people.who("sms", KNOWN, KNOWN).favourite == "wechat"


def test_an_openid_becomes_its_owners_by_a_code_alone(service) -> None:
    say(service, "低保名单")
    assert service.asked[-1].resident is None
    assert say(service, f"绑定 {KNOWN}").headline == CODE_SENT
    ((number, text),) = service.texts
    assert number == KNOWN
    code = re.match(r"\d{6}", text)[0]
    say(service, "低保名单")
    assert service.asked[-1].resident is None, "asking for a code proves nothing"
    assert say(service, f"绑定 {code}").headline == LINKED
    say(service, "低保名单")
    assert service.asked[-1].resident == KNOWN
    say(service, "低保名单", address="openid-2")
    assert service.asked[-1].resident is None
    assert say(service, "解绑").headline == UNLINKED
    say(service, "低保名单")
    assert service.asked[-1].resident is None
    assert say(service, "解绑").headline == NOT_LINKED
    assert say(service, f"绑定 {code}").headline == WRONG, "a code is good once"


def test_another_openid_cannot_hand_in_the_code(service) -> None:
    say(service, f"绑定 {KNOWN}")
    code = service.texts[0][1][:6]
    assert say(service, f"绑定 {code}", address="openid-2").headline == WRONG
    assert say(service, f"绑定 {code}").headline == LINKED


def test_nobody_becomes_somebody_by_having_a_villager_text_a_code(service) -> None:
    """The code goes to the number and is handed in at the other door, never the other way round."""
    assert say(service, "绑定 123456", "sms", KNOWN, resident=KNOWN).headline == KNOWN_HERE
    assert service.texts == []


def test_five_tries(service) -> None:
    say(service, f"绑定 {KNOWN}")
    code = service.texts[0][1][:6]
    for n in range(1, 6):
        assert say(service, f"绑定 {(int(code) + n) % 1_000_000:06}").headline == WRONG
    assert say(service, f"绑定 {code}").headline == WRONG


def test_an_unknown_number_is_told_the_same(service) -> None:
    assert say(service, f"绑定 {UNKNOWN}").headline == CODE_SENT
    assert service.texts == []
    assert say(service, f"绑定 {UNKNOWN}").headline == SOON
    assert say(service, f"绑定 {KNOWN}").headline == CODE_SENT
    assert say(service, f"绑定 {KNOWN}").headline == SOON
    service.gateway = False
    assert say(service, f"绑定 {KNOWN}").headline == say(service, f"绑定 {UNKNOWN}").headline == CLOSED


@pytest.mark.parametrize("text", ["绑定", "绑定 12345", "绑定 1234567", "绑定 0315-7612345"])
def test_what_is_no_number_is_asked_for(service, text: str) -> None:
    assert say(service, text).headline == ASK_NUMBER
    assert service.texts == []


def test_where_nothing_is_proven_nothing_is_linked(service) -> None:
    assert say(service, f"绑定 {KNOWN}", "web", "visitor").headline == ON_THE_PAGE
    assert say(service, f"绑定 {KNOWN}", "api-open", KNOWN) == PRICE, "a name that anybody may take"
    assert service.texts == []


def test_a_caller_whom_the_network_does_not_vouch_for_is_nobody(service) -> None:
    say(service, "低保名单", "phone", KNOWN)
    assert service.asked[-1].resident is None


def test_opting_out_of_one_channel_leaves_the_others_and_comes_first(service) -> None:
    say(service, f"绑定 {KNOWN}")
    say(service, f"绑定 {service.texts[0][1][:6]}")
    service.mailbox.opt_out("sms", KNOWN, service.time)
    outcome = service.desk.receive(Message(Address("sms", KNOWN), "以后说慢点", service.time, id="x", resident=KNOWN))
    assert outcome.kind == "silent"
    assert say(service, "玉米").manner == "", "not even a wish is heard"
    assert say(service, "低保名单") == PRICE, "the other door is open"
    service.later(minutes=2)
    assert say(service, f"绑定 {KNOWN}", address="openid-3").headline == CODE_SENT
    assert len(service.texts) == 1, "no code to who wants no texts"


def test_the_text_with_a_code_is_one_text_message_and_warns() -> None:
    text = code_text("012345")
    assert text.startswith("012345")
    assert len(text) <= 70
    assert "别告诉任何人" in text


def test_by_text_message_the_wish_is_answered_as_a_text(make) -> None:
    service, client = make(twilio_auth_token="12345")
    form = {"From": f"+86{KNOWN}", "To": "+15005550006", "Body": "以后用微信通知我", "MessageSid": "SM1"}
    signature = RequestValidator("12345").compute_signature("http://localhost/sms/twilio", form)
    response = client.post("/sms/twilio", data=form, headers={"X-Twilio-Signature": signature})
    assert ElementTree.fromstring(response.data).findtext("Message") == "记住了，以后有事先用微信找您。"
    assert service.stored()[0].intent == "wish_favourite"
