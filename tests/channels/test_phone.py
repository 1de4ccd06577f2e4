"""The telephone: Twilio's own requests, forged, garbled, silent and repeated ones, and what is said back."""

from __future__ import annotations

import base64
import re
import threading
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import pytest
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from bot.messages import Choice, Fact, Message, Reply, as_json
from channels.base.sending import SendError, UncertainError, UnreachableError
from channels.outbox.worker import Worker
from channels.phone import calls, hours, prompts, routes
from channels.phone.ear import TEXT, as_text, clauses, heard, pieces, spoken
from channels.phone.hearing import hear
from channels.phone.speaking import Stand
from knowledge import database
from knowledge.service_tables import Outgoing
from tests.channels.conftest import CHOOSE, PRICE, TODAY
from tests.channels.twilio import ACCOUNT
from tests.channels.twilio import post as signed
from tests.conftest import NOW
from tests.knowledge.test_identities import register

TOKEN = "12345"
BASE = "http://localhost"
KNOWN, STRANGER = "13900000001", "13999999999"
BACK = {"twilio_account_sid": ACCOUNT, "twilio_number": "+15005550006"}

# The fields of an incoming call, of what was said or pressed, and of a call's end, as Twilio sends them.
CALL = {
    "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "CallSid": "CA1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d", "CallStatus": "ringing",
    "CallToken": "%7B%22parentCallInfoToken%22%3A%22eyJhbGciOiJFUzI1NiJ9%22%7D", "Called": "+15005550006", "CalledCity": "",
    "CalledCountry": "US", "CalledState": "CA", "CalledZip": "", "Caller": f"+86{KNOWN}", "CallerCity": "", "CallerCountry": "CN",
    "CallerState": "", "CallerZip": "", "Direction": "inbound", "From": f"+86{KNOWN}", "FromCity": "", "FromCountry": "CN",
    "FromState": "", "FromZip": "", "To": "+15005550006", "ToCity": "", "ToCountry": "US", "ToState": "CA", "ToZip": "",
}  # fmt: skip
SPOKEN = {
    **CALL, "CallStatus": "in-progress", "SpeechResult": "玉米多少钱一斤", "Confidence": "0.9128386", "Language": "zh-CN",
}  # fmt: skip
PRESSED = {**CALL, "CallStatus": "in-progress", "Digits": "1", "FinishedOnKey": "", "msg": "Gather End"}
ENDED = {
    **CALL, "CallStatus": "no-answer", "CallDuration": "0", "Duration": "0", "SequenceNumber": "0",
    "CallbackSource": "call-progress-events", "Timestamp": "Mon, 23 Nov 2026 02:00:00 +0000",
}  # fmt: skip


@pytest.fixture
def made(make):
    service, client = make(twilio_auth_token=TOKEN)
    service.gateway = True
    register(service.engine, KNOWN)
    return service, client


def post(client, path: str, form: dict[str, Any], token: str = TOKEN):
    return signed(client, f"{BASE}{path}", form, token)


class Heard:
    """A step of a call as the caller hears it."""

    def __init__(self, response, path: str) -> None:
        assert response.status_code == 200, response.get_data(as_text=True)
        assert response.content_type == "text/xml; charset=utf-8"
        self.xml = ElementTree.fromstring(response.data)
        assert self.xml.tag == "Response"
        self.said = [e.text or "" for e in self.xml.iter("Say")]
        self.text = "".join(self.said)
        self.tags = [e.tag for e in self.xml]
        self.gather = self.xml.find("Gather")
        self.action = ""
        if self.gather is not None:
            self.action = urlsplit(urljoin(f"{BASE}{path}", self.gather.get("action")))
            self.action = f"{self.action.path}?{self.action.query}"


def step(client, path: str, form: dict[str, Any]) -> Heard:
    return Heard(post(client, path, form), path)


def call(client, **fields: str) -> Heard:
    return step(client, "/phone/call", {**CALL, **fields})


def say(client, after: Heard, words: str, **fields: str) -> Heard:
    return step(client, after.action, {**SPOKEN, "SpeechResult": words, **fields})


def press(client, after: Heard, key: str, **fields: str) -> Heard:
    return step(client, after.action, {**PRESSED, "Digits": key, **fields})


# --- proof -----------------------------------------------------------------------------------------------------------

PATHS = ["/phone/call", "/phone/heard", "/phone/dialled", "/phone/status"]
VECTOR = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309", "To": "+18005551212"}  # fmt: skip


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
def test_published_signatures_are_accepted_and_altered_ones_are_not(make, base: str, signature: str) -> None:
    """The vectors sign /myapp.php: the request is sent there and served by our own view."""
    _, client = make(twilio_auth_token=TOKEN)
    app = client.application
    app.view_functions["vector"] = app.view_functions["phone.incoming"]
    app.url_map.add(app.url_rule_class("/myapp.php", endpoint="vector", methods=["POST"]))
    good = {"data": VECTOR, "base_url": base, "query_string": "foo=1&bar=2"}
    response = client.post("/myapp.php", headers={"X-Twilio-Signature": signature}, **good)
    assert response.status_code == 200
    assert "您好" in response.get_data(as_text=True)
    assert client.post("/myapp.php", headers={"X-Twilio-Signature": signature[:-2] + "A="}, **good).status_code == 403


@pytest.mark.parametrize("path", PATHS)
def test_unsigned_or_forged_is_403_and_leaves_no_trace(made, path: str) -> None:
    service, client = made
    good = RequestValidator(TOKEN).compute_signature(f"{BASE}{path}", SPOKEN)
    altered = {**SPOKEN, "From": "+8613900000000"}
    cases = [
        (SPOKEN, {}),
        (SPOKEN, {"X-Twilio-Signature": ""}),
        (SPOKEN, {"X-Twilio-Signature": "x" * 28}),
        (SPOKEN, {"X-Twilio-Signature": RequestValidator("54321").compute_signature(f"{BASE}{path}", SPOKEN)}),
        (altered, {"X-Twilio-Signature": good}),
        ({}, {"X-Twilio-Signature": good}),
    ]
    for form, headers in cases:
        response = client.post(path, data=form, headers=headers)
        assert response.status_code == 403
        assert "签名不对" in response.get_data(as_text=True)
    moved = client.post(f"{path}?step=2", data=SPOKEN, headers={"X-Twilio-Signature": good})
    assert moved.status_code == 403, "where a call stands is signed too"
    assert not service.stored()
    assert not service.asked


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_the_channel_is_closed(make, path: str, token: str | None) -> None:
    service, client = make(twilio_auth_token=token)
    assert post(client, path, CALL, token="").status_code == 403
    assert not service.stored()


@pytest.mark.parametrize("path", ["/phone/call", "/phone/heard", "/phone/status"])
@pytest.mark.parametrize(
    "change", [{"CallSid": None}, {"CallSid": ""}, {"CallSid": "C" * 65}, {"From": None}, {"From": "\0"}], ids=str
)
def test_a_signed_request_that_is_no_call_is_refused(made, path: str, change: dict[str, str | None]) -> None:
    service, client = made
    form = {name: value for name, value in {**ENDED, **change}.items() if value is not None}
    assert post(client, path, form).status_code == 400
    assert not service.stored()


def test_one_megabyte_is_refused(made) -> None:
    service, client = made
    assert post(client, "/phone/heard", {**SPOKEN, "SpeechResult": "a" * 1_000_000}).status_code == 413
    assert not service.stored()


# --- the greeting ----------------------------------------------------------------------------------------------------


def test_a_registered_caller_is_greeted_with_their_village(made) -> None:
    service, client = made
    heard_ = call(client)
    assert service.places.full_name("130283116217") in heard_.text
    assert "您好，这里是迁安市乡音。" in heard_.text
    assert [line for line in heard_.said if "按" in line] == [
        f"{c.label}，按{n}。" for n, c in enumerate(prompts.MENU, 1)
    ]
    assert len(prompts.MENU) == 3
    (row,) = service.stored()
    assert (row.channel, row.sender, row.intent) == ("phone", KNOWN, "phone_greeting")


def test_a_stranger_is_greeted_without_one(made) -> None:
    _, client = made
    text = call(client, From=f"+86{STRANGER}").text
    assert "的乡亲" not in text
    assert "您好" in text


@pytest.mark.parametrize("hidden", ["anonymous", "Restricted", "+266696687", "unknown", "client:me", "sip:a@b.example"])
def test_a_caller_who_hides_their_number_is_served_and_nobodys(made, hidden: str) -> None:
    service, client = made
    first = call(client, From=hidden)
    assert "的乡亲" not in first.text
    answer = say(client, first, "玉米多少钱", From=hidden)
    assert "玉米今天" in answer.text
    assert service.asked[0].resident is None
    assert service.asked[0].address.id == CALL["CallSid"]
    assert "看不到您的号码" in press(client, answer, "8", From=hidden).text
    assert service.texts == []


def test_everything_is_listened_to_in_chinese_by_voice_and_keys(made) -> None:
    _, client = made
    step_ = call(client)
    for _ in range(3):
        assert step_.gather.attrib == {
            "input": "speech dtmf", "language": "zh-CN", "numDigits": "1", "timeout": "6", "speechTimeout": "auto",
            "hints": step_.gather.get("hints"), "action": step_.gather.get("action"), "method": "POST",
            "actionOnEmptyResult": "true",
        }  # fmt: skip
        for said in step_.xml.iter("Say"):
            assert said.get("language") == "zh-CN"
        step_ = say(client, step_, "玉米多少钱")


def test_a_number_that_the_network_calls_forged_opens_nothing(made) -> None:
    service, client = made
    for verdict, resident in (
        ("TN-Validation-Failed-C", None),
        ("TN-Validation-Passed-A", KNOWN),
        ("No-TN-Validation", KNOWN),
    ):
        sid = f"CA-{verdict}"
        first = call(client, CallSid=sid, StirVerstat=verdict)
        say(client, first, "低保名单", CallSid=sid, StirVerstat=verdict)
        assert service.asked[-1].resident == resident


# --- asking ----------------------------------------------------------------------------------------------------------


def test_a_spoken_question_is_answered_with_its_source(made) -> None:
    service, client = made
    answer = say(client, call(client), "玉米多少钱一斤")
    assert answer.said[0] == "玉米今天1.17元一斤，和昨天一样。这是农业农村局 2026年11月23日的数据。"
    assert "再听一遍，按9。" in answer.said[1]
    assert "最低" not in answer.text, "details are for who asks for them"
    (message,) = service.asked
    assert (message.address.channel, message.address.id, message.resident) == ("phone", KNOWN, KNOWN)
    assert message.text == "玉米多少钱一斤"


def test_a_key_of_the_menu_asks_its_question(made) -> None:
    service, client = made
    first = call(client)
    for key, choice in enumerate(prompts.MENU, 1):
        press(client, first, str(key), CallSid="CA-menu")
        sid = f"CA-{key}"
        press(client, call(client, CallSid=sid), str(key), CallSid=sid)
        assert service.asked[-1].text == choice.text


@pytest.mark.parametrize(
    ("words", "chosen"), [("第二个", 1), ("二", 1), ("选一", 0), ("按1", 0), ("我要第二个", 1), ("2", 1)]
)
def test_a_choice_is_made_by_key_or_by_word(made, words: str, chosen: int) -> None:
    service, client = made
    offered = say(client, call(client), "刘庄子花了多少")
    assert offered.said[1:] == ["彭店子乡刘庄子村，按1。", "上射雁庄乡刘庄子村，按2。"]
    service.answer = lambda message: Reply(f"选了{message.text}。")
    assert CHOOSE.choices[chosen].text in say(client, offered, words).text
    again = say(client, call(client, CallSid="CA-2"), "刘庄子", CallSid="CA-2")
    assert again.gather is not None


def test_at_most_three_choices_are_read_out(made) -> None:
    service, client = made
    service.answer = lambda message: Reply("哪个？", choices=tuple(Choice(f"村{n}", f"村{n}") for n in range(9)))
    offered = say(client, call(client), "刘庄子")
    assert len([line for line in offered.said if re.search("按[0-9]", line)]) == 3
    assert "直接说名字" in offered.said[-1]
    assert prompts.WRONG_KEY in press(client, offered, "4").text


@pytest.mark.parametrize("key", ["4", "5", "6", "7", "*", "#", "3"])
def test_a_wrong_key_is_told_and_what_is_offered_is_said_again(made, key: str) -> None:
    service, client = made
    offered = say(client, call(client), "刘庄子花了多少")
    wrong = press(client, offered, key)
    assert wrong.said == [prompts.WRONG_KEY, "彭店子乡刘庄子村，按1。", "上射雁庄乡刘庄子村，按2。", prompts.HELP]
    assert len(service.asked) == 1
    service.answer = lambda message: Reply(f"选了{message.text}。")
    assert "上射雁庄乡刘庄子村" in press(client, wrong, "2").text


def test_several_digits_are_the_first(made) -> None:
    service, client = made
    press(client, call(client), "29")
    assert service.asked[-1].text == prompts.MENU[1].text


# --- silence and noise -----------------------------------------------------------------------------------------------


def test_silence_is_asked_about_twice_and_then_ends_the_call(made) -> None:
    service, client = made
    first = call(client)
    silent = {name: value for name, value in PRESSED.items() if name != "Digits"}
    one = step(client, first.action, silent)
    assert one.said == [prompts.QUIET, prompts.HELP]
    two = step(client, one.action, {**silent, "Digits": "", "SpeechResult": ""})
    assert two.gather is not None
    three = step(client, two.action, silent)
    assert three.tags == ["Say", "Hangup"]
    assert "再见" in three.text
    assert not service.asked


def test_a_word_between_begins_the_count_anew(made) -> None:
    _, client = made
    quiet = {**SPOKEN, "SpeechResult": ""}
    at = step(client, step(client, call(client).action, quiet).action, quiet)
    at = say(client, at, "玉米多少钱")
    assert step(client, at.action, quiet).gather is not None


@pytest.mark.parametrize(
    ("words", "confidence"),
    [("嗯", "0.05"), ("。。。", "0.9"), (" ", "0.9"), ("…", ""), ("\x00\x08", "0.5"), ("咳咳咳", "0.1999")],
)
def test_noise_is_no_question(made, words: str, confidence: str) -> None:
    service, client = made
    answer = say(client, call(client), words, Confidence=confidence)
    assert answer.said[0] in (prompts.NOISE, prompts.QUIET)
    assert not service.asked


@pytest.mark.parametrize("confidence", ["0.0", "", "1", "nan", "high", "-1"])
def test_a_recogniser_without_an_opinion_is_believed(made, confidence: str) -> None:
    service, client = made
    say(client, call(client), "玉米多少钱", Confidence=confidence)
    assert len(service.asked) == 1


GARBLED = [
    "",
    "?step=&last=&quiet=",
    "?step=x&last=-1",
    "?step=9999999999999",
    "?last=%00",
    "?step=1&step=2",
    "?step=%EF%BC%91",
]


@pytest.mark.parametrize("query", GARBLED)
def test_a_garbled_place_in_the_call_is_taken_as_the_beginning(made, query: str) -> None:
    _, client = made
    call(client)
    answer = step(client, f"/phone/heard{query}", SPOKEN)
    assert "玉米今天" in answer.text


def test_a_request_cut_short_is_asked_to_say_it_again(made) -> None:
    service, client = made
    bare = {"CallSid": CALL["CallSid"], "From": CALL["From"]}
    answer = step(client, "/phone/heard", bare)
    assert answer.said[0] == prompts.QUIET
    assert not service.asked


def test_very_long_speech_is_read_as_far_as_messages_go(made) -> None:
    service, client = made
    say(client, call(client), "问" * 5000)
    assert service.asked[0].text == "问" * 500


# --- hearing it again, as a text, from a person ----------------------------------------------------------------------


@pytest.mark.parametrize("words", ["再说一遍", "没听清", "慢点说", "请再说一次", "你说啥", "再念一遍"])
def test_an_answer_is_said_again_slowly(made, words: str) -> None:
    service, client = made
    answer = say(client, call(client), "玉米多少钱")
    for again in (say(client, answer, words), press(client, answer, "9")):
        parts = [e.text for e in again.gather if e.tag == "Say"]
        assert parts[:2] == ["玉米今天1.17元一斤，", "和昨天一样。"]
        pauses = [e for e in again.gather if e.tag == "Pause"]
        assert len(pauses) == len(clauses(spoken(as_json(PRICE))))
    assert len(service.asked) == 1
    assert "和昨天一样" in say(client, again, words).text, "and once more"


def test_the_greeting_too_is_said_again(made) -> None:
    _, client = made
    assert "您好" in press(client, call(client), "9").text


def test_who_prefers_it_slow_hears_everything_slowly(made) -> None:
    service, client = made
    wished = say(client, call(client), "以后说慢点")
    assert "记住了" in wished.text
    assert not service.asked
    answer = say(client, wished, "玉米多少钱")
    assert [e.tag for e in answer.gather][:4] == ["Say", "Pause", "Say", "Pause"]
    later = call(client, CallSid="CA-later")
    assert "Pause" in [e.tag for e in later.gather]
    say(client, answer, "正常说")
    assert "Pause" not in [e.tag for e in call(client, CallSid="CA-even-later").gather]


@pytest.mark.parametrize("by", ["8", "发短信", "发到手机"])
def test_an_answer_is_sent_as_a_text_once(made, by: str) -> None:
    service, client = made
    answer = say(client, call(client), "玉米多少钱")
    form = {**PRESSED, "Digits": by} if by == "8" else {**SPOKEN, "SpeechResult": by}
    for _ in range(3):
        assert step(client, answer.action, form).said[0] == prompts.SENT
    ((number, text),) = service.texts
    assert number == KNOWN
    assert text.startswith(PRICE.headline)
    assert text.endswith("（来源：农业农村局 2026-11-23）")


def test_there_is_nothing_to_send_before_a_question(made) -> None:
    service, client = made
    assert prompts.NOTHING_YET in press(client, call(client), "8").text
    assert service.texts == []


def test_opting_out_of_texts_counts_here_too(made) -> None:
    service, client = made
    service.mailbox.opt_out("sms", KNOWN, NOW)
    answer = say(client, call(client), "玉米多少钱")
    assert prompts.OPTED_OUT in press(client, answer, "8").text
    assert service.texts == []
    service.gateway = False
    assert press(client, answer, "8").xml.find("Sms") is None


def test_without_a_gateway_twilio_sends_the_text(made) -> None:
    service, client = made
    service.gateway = False
    sent = press(client, say(client, call(client), "玉米多少钱"), "8")
    assert sent.tags == ["Sms", "Gather"]
    assert sent.xml.findtext("Sms").startswith(PRICE.headline)


def moment(day: int, hour: int, minute: int) -> datetime:
    """A local time in November 2026, whose 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=NOW.tzinfo)


HOURS = "1-5 08:30-12:00 14:00-17:30"


@pytest.mark.parametrize(
    ("at", "person", "connected"),
    [
        (moment(23, 8, 30), "03157000000", True),  # a Monday
        (moment(23, 8, 29), "03157000000", False),
        (moment(23, 12, 0), "03157000000", False),
        (moment(27, 17, 29), "03157000000", True),
        (moment(28, 10, 0), "03157000000", False),  # a Saturday
        (moment(23, 10, 0), "", False),
    ],
)
@pytest.mark.parametrize("by", ["0", "转人工"])
def test_a_person_is_put_through_to_in_office_hours(make, at: datetime, person: str, connected: bool, by: str) -> None:
    service, client = make(twilio_auth_token=TOKEN, phone_person=person, phone_hours=HOURS)
    service.time = at
    first = call(client)
    asked = press(client, first, "0") if by == "0" else say(client, first, by)
    if connected:
        assert asked.tags == ["Say", "Dial"]
        dial = asked.xml.find("Dial")
        assert dial.text == person
        path = urlsplit(urljoin(f"{BASE}/phone/heard", dial.get("action")))
        missed = step(client, f"{path.path}?{path.query}", {**CALL, "DialCallStatus": "no-answer"})
        assert missed.said[0] == prompts.NOT_CONNECTED
        assert missed.gather is not None
        assert step(client, f"{path.path}?{path.query}", {**CALL, "DialCallStatus": "completed"}).tags == [
            "Say",
            "Hangup",
        ]
    else:
        assert "1 2 3 4 5" in asked.text
        assert ("周一到周五，8点半到12点，14点到17点半" in asked.text) is bool(person)
        assert asked.gather is not None
    assert not service.asked


def test_who_is_done_hangs_up(made) -> None:
    service, client = made
    for words in ("再见", "没有了", "谢谢再见", "没事了"):
        assert say(client, call(client, CallSid=f"CA{words}"), words, CallSid=f"CA{words}").tags == ["Say", "Hangup"]
    assert not service.asked


# --- repeats, failures, floods ---------------------------------------------------------------------------------------


def test_a_repeated_request_is_answered_alike_and_asked_once(made) -> None:
    service, client = made
    first = call(client)
    assert post(client, "/phone/call", CALL).data == post(client, "/phone/call", CALL).data
    answers = {post(client, first.action, SPOKEN).data for _ in range(3)}
    assert len(answers) == 1
    assert len(service.asked) == 1
    assert len(service.stored()) == 2
    at = say(client, first, "玉米多少钱一斤")
    say(client, at, "玉米多少钱一斤")
    assert len(service.asked) == 2, "the same words in a later step are a question again"


def test_the_message_is_stored_before_it_is_answered(made) -> None:
    service, client = made
    seen: list[Any] = []

    def look(message: Message) -> Reply:
        seen.extend(row for row in service.stored() if row.message_id == message.id)
        return PRICE

    service.answer = look
    say(client, call(client), "玉米多少钱")
    assert [(row.text, row.answered) for row in seen] == [("玉米多少钱", None)]


def test_a_repeat_while_the_first_is_being_answered_waits_for_the_same_answer(made) -> None:
    service, client = made
    asking, go_on = threading.Event(), threading.Event()

    def slow(message: Message) -> Reply:
        asking.set()
        assert go_on.wait(10)
        return PRICE

    service.answer = slow
    first = call(client)
    heard_: list[str] = []
    threads = [
        threading.Thread(target=lambda: heard_.append(say(client.application.test_client(), first, "玉米").text))
        for _ in range(2)
    ]
    threads[0].start()
    assert asking.wait(10)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert len(heard_) == 2
    assert heard_[0] == heard_[1]
    assert len(service.asked) == 1


def test_a_failure_is_told_in_a_sentence_and_the_call_goes_on(made) -> None:
    service, client = made

    def fails(message: Message) -> Reply:
        raise ValueError("secret detail")

    service.answer = fails
    failed = say(client, call(client), "玉米")
    assert failed.said == [prompts.FAILED]
    service.answer = None
    assert "玉米今天" in say(client, failed, "玉米").text


def test_a_failure_of_our_own_is_told_the_caller_in_chinese(made, caplog) -> None:
    service, client = made

    def fails(number: str) -> tuple[str, ...]:
        raise RuntimeError("secret detail")

    service.people.registered = fails
    response = post(client, "/phone/call", CALL)
    assert Heard(response, "").tags == ["Say", "Hangup"]
    assert "系统出了点问题" in response.get_data(as_text=True)
    assert "secret detail" not in response.get_data(as_text=True)
    assert "secret detail" in caplog.text


def test_a_flood_of_calls_is_told_and_ended(make) -> None:
    _, client = make(per_minute=2, twilio_auth_token=TOKEN)
    kinds = [call(client, CallSid=f"CA{n}").tags for n in range(3)]
    assert kinds == [["Gather"], ["Gather"], ["Say", "Hangup"]]


def test_a_call_that_never_ends_is_ended(made) -> None:
    service, client = made
    assert step(client, "/phone/heard?step=81&last=80&quiet=0", SPOKEN).tags == ["Say", "Hangup"]
    assert not service.asked


def test_what_was_said_comes_back_escaped(made) -> None:
    service, client = made
    service.answer = lambda message: Reply(f"您说{message.text}。")
    response = say(client, call(client), "<Redirect>http://evil.example</Redirect>&amp;")
    assert response.tags == ["Gather"]
    assert "Redirect" not in {e.tag for e in response.xml.iter()}


# --- put for the ear -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("玉米1.17元/斤（合2.34元/公斤）。", "玉米1.17元一斤，合2.34元一公斤。"),
        ("板栗1.06～1.14元/斤", "板栗1.06到1.14元一斤"),
        ("公示到2026-11-03。", "公示到2026年11月3日。"),
        ("办公时间8:30～17:00", "办公时间8点半到17点"),
        ("电话0315-7612345。", "电话0 3 1 5 7 6 1 2 3 4 5。"),
        ("请拨打12345", "请拨打1 2 3 4 5"),
        ("联系人13912345678", "联系人1 3 9 1 2 3 4 5 6 7 8"),
        ("收入12345元", "收入12345元"),
        ("共1234567.50元", "共1234567.50元"),
        ("《低保办法》[试行]{一}<b>", "低保办法，试行，一，b"),
        ("第一行\n第二行\r\n第三行", "第一行。第二行。第三行"),
        ("农业农村局·样例：好…", "农业农村局 样例，好"),
        ("面积120㎡/户", "面积120平方米，户"),
        ("", ""),
        ("（）", ""),
    ],
)
def test_writing_is_put_for_the_ear(written: str, said: str) -> None:
    assert heard(written) == said
    assert not re.search(r"[（）()\[\]{}<>/《》“”\n]", heard(written))


def test_a_reply_says_what_it_was_given_to_say(made) -> None:
    reply = Reply("见图。", speech="玉米一块一毛七一斤", facts=PRICE.facts)
    assert spoken(as_json(reply)).startswith("玉米一块一毛七一斤。这是农业农村局")


def test_long_answers_are_cut_between_sentences_and_ended(made) -> None:
    service, client = made
    service.answer = lambda message: Reply("这是一句不短的话，说的是村里的事。" * 400)
    answer = say(client, call(client), "政策")
    long = [line for line in answer.said if len(line) > 100]
    assert len(long) == 3
    assert all(len(line) <= 500 and line.endswith("。") for line in long)
    assert prompts.MORE in answer.said
    assert len(pieces("无标点" * 400)) == 3
    assert all(len(piece) <= 500 for piece in pieces("无标点" * 400))
    for reply in (service.answer(None), PRICE, CHOOSE):
        assert len(as_text(as_json(reply))) <= TEXT


def test_figures_of_a_text_are_those_of_the_answer() -> None:
    fact = Fact("均价", Decimal("1.17"), "元/斤", "玉米", "迁安市", TODAY, "农业农村局")
    text = as_text(as_json(Reply("玉米1.17元/斤。", ("长" * 300,), (fact,))))
    assert text == "玉米1.17元/斤。（来源：农业农村局 2026-11-23）"


def test_our_own_voice_takes_over_where_it_has_a_recording(make) -> None:
    service, client = make(twilio_auth_token=TOKEN)
    from flask import Flask

    def voice(text: str, slow: bool) -> str | None:
        return f"/audio/{'slow' if slow else 'plain'}.mp3" if "玉米今天" in text else None

    app = Flask("tests", static_folder=None)
    app.register_blueprint(routes(service, voice))
    client = app.test_client()
    answer = say(client, call(client), "玉米多少钱")
    assert answer.gather.findtext("Play") == "/audio/plain.mp3"
    assert "再听一遍，按9。" in answer.text
    assert press(client, answer, "9").gather.findtext("Play") == "/audio/slow.mp3"


@pytest.mark.parametrize("hours_", ["1-5 08:30-12:00", "6 00:00-23:59", "1-7 08:00-20:00"])
def test_hours_in_words(hours_: str) -> None:
    assert hours.said(hours_) in ("周一到周五，8点半到12点", "周六，0点到23点59分", "周一到周日，8点到20点")


@pytest.mark.parametrize(
    "hours_", ["", "8-17", "1-5", "0-5 08:00-12:00", "1-5 8:00-12:00", "1-5 08:00-24:00", "1-5 08:00"]
)
def test_hours_that_cannot_be_read_stop_the_start(hours_: str) -> None:
    from config import SettingsError, load

    with pytest.raises(SettingsError, match="phone_hours"):
        load(environ={"XIANGYIN_PHONE_HOURS": hours_ or " "})


def test_keys_and_orders_are_heard() -> None:
    assert hear({"Digits": "０"}).kind == "person"
    assert hear({"Digits": "abc", "SpeechResult": ""}).kind == "nothing"
    assert hear({"Digits": "", "SpeechResult": "人工湖在哪"}).kind == "words"
    assert hear({"SpeechResult": "再说一遍低保的事"}).kind == "words"
    assert Stand.of({"step": "3", "last": "2", "quiet": "1"}) == Stand(3, 2, 1)


# --- called back -----------------------------------------------------------------------------------------------------


@pytest.fixture
def back(make):
    service, client = make(twilio_auth_token=TOKEN, **BACK)
    register(service.engine, KNOWN)
    return service, client


def queued(service) -> list[Outgoing]:
    with database.sessions(service.engine)() as session:
        return list(session.scalars(select(Outgoing).order_by(Outgoing.id)))


def ended(client, **fields: str) -> None:
    assert post(client, "/phone/status", {**ENDED, **fields}).status_code == 204


def test_a_registered_caller_rings_before_we_answer(back) -> None:
    _, client = back
    first = call(client)
    assert first.tags == ["Pause", "Gather"]
    assert first.xml.find("Pause").get("length") == "4"
    assert call(client, CallSid="CA2", From=f"+86{STRANGER}").tags == ["Gather"]


@pytest.mark.parametrize("status", ["no-answer", "canceled"])
def test_who_hung_up_before_we_answered_is_called_back_once_in_ten_minutes(back, status: str) -> None:
    service, client = back
    for _ in range(3):
        ended(client, CallStatus=status)
    (row,) = queued(service)
    assert (row.channel, row.address, row.state) == ("call", KNOWN, "queued")
    service.later(minutes=9, seconds=59)
    ended(client, CallStatus=status, CallSid="CA-2")
    assert len(queued(service)) == 1
    service.later(seconds=1)
    ended(client, CallStatus=status, CallSid="CA-3")
    assert len(queued(service)) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"From": f"+86{STRANGER}"},
        {"From": "anonymous"},
        {"CallStatus": "completed"},
        {"CallStatus": "in-progress"},
        {"CallStatus": "busy"},
        {"CallStatus": "something new"},
        {"Direction": "outbound-api", "From": "+15005550006", "To": f"+86{KNOWN}"},
    ],
    ids=str,
)
def test_nobody_else_is_called_back(back, fields: dict[str, str]) -> None:
    service, client = back
    ended(client, **fields)
    assert queued(service) == []


def test_without_an_account_nobody_is_called_back(made) -> None:
    service, client = made
    assert call(client).tags == ["Gather"]
    ended(client)
    assert queued(service) == []


def test_who_does_not_want_to_be_called_is_not(back) -> None:
    service, client = back
    assert prompts.NO_CALLS in say(client, call(client), "以后别给我回电话").text
    ended(client, CallSid="CA-2")
    assert queued(service) == []
    assert "您好" in call(client, CallSid="CA-3").text, "who calls is answered"
    assert prompts.CALLS in say(client, call(client, CallSid="CA-4"), "可以给我回电话", CallSid="CA-4").text
    ended(client, CallSid="CA-5")
    assert len(queued(service)) == 1


def test_who_is_called_back_is_told_so_and_known(back) -> None:
    service, client = back
    outbound = {"Direction": "outbound-api", "From": "+15005550006", "To": f"+86{KNOWN}", "CallStatus": "in-progress"}
    first = call(client, **outbound)
    assert "我们打回来了" in first.text
    assert "的乡亲" in first.text
    assert first.tags == ["Gather"]
    say(client, first, "低保名单", **outbound)
    assert service.asked[0].resident == KNOWN


def ordering(make, url: str):
    service, client = make(
        twilio_auth_token=TOKEN, twilio_api_url=url, public_url="https://county.example/xiangyin/", **BACK
    )
    register(service.engine, KNOWN)
    made = calls.sender(service)
    assert made
    signature = RequestValidator(TOKEN).compute_signature("https://county.example/xiangyin/phone/status", ENDED)
    assert client.post("/phone/status", data=ENDED, headers={"X-Twilio-Signature": signature}).status_code == 204
    return service, client, made, Worker(service.outbox, made, lambda: service.time)


def test_the_worker_orders_the_call_and_learns_how_it_ended(make, rest) -> None:
    url, twilio = rest
    service, client, _, worker = ordering(make, url)
    twilio.answers = [(201, '{"sid": "CA9", "status": "queued"}')]
    worker.step()
    ((path, authorisation, form),) = twilio.requests
    assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    assert base64.b64decode(authorisation.removeprefix("Basic ")).decode() == f"{ACCOUNT}:{TOKEN}"
    (row,) = queued(service)
    assert row.state == "sent"
    report = f"https://county.example/xiangyin/phone/status?letter={row.id}"
    assert form == {
        "To": [f"+86{KNOWN}"], "From": ["+15005550006"], "Url": ["https://county.example/xiangyin/phone/call"],
        "StatusCallback": [report], "Timeout": ["30"],
    }  # fmt: skip
    done = {
        **ENDED,
        "Direction": "outbound-api",
        "From": "+15005550006",
        "To": f"+86{KNOWN}",
        "CallStatus": "completed",
    }
    signature = RequestValidator(TOKEN).compute_signature(report, done)
    assert (
        client.post(f"/phone/status?letter={row.id}", data=done, headers={"X-Twilio-Signature": signature}).status_code
        == 204
    )
    assert [row.state for row in queued(service)] == ["delivered"]


def test_a_call_that_nobody_takes_has_failed(make, rest) -> None:
    url, twilio = rest
    service, client, _, worker = ordering(make, url)
    twilio.answers = [(201, "{}")]
    worker.step()
    done = {**ENDED, "Direction": "outbound-api", "From": "+15005550006", "To": f"+86{KNOWN}", "CallStatus": "busy"}
    signature = RequestValidator(TOKEN).compute_signature(f"{BASE}/phone/status?letter=1", done)
    client.post("/phone/status?letter=1", data=done, headers={"X-Twilio-Signature": signature})
    (row,) = queued(service)
    assert (row.state, row.code, row.reason) == ("failed", "busy", "对方没有接听。")


@pytest.mark.parametrize(
    ("status", "body", "error", "retryable"),
    [
        (400, '{"code": 21211, "message": "Invalid To"}', SendError, False),
        (400, "not json", SendError, False),
        (401, '{"code": 20003}', UnreachableError, True),
        (404, '{"code": 20404}', UnreachableError, True),
        (429, '{"code": 20429}', SendError, True),
        (500, "", UncertainError, None),
        (0, "", UncertainError, None),
    ],
)
def test_what_twilio_refuses(
    make, rest, status: int, body: str, error: type[Exception], retryable: bool | None
) -> None:
    url, twilio = rest
    service, _, sender, _ = ordering(make, url)
    (taken,) = service.outbox.take("twilio-voice", "call", service.time, 1).letters
    twilio.answers = [(status, body)]
    with pytest.raises(error) as raised:
        sender.send(taken)
    assert getattr(raised.value, "retryable", None) is retryable


def test_a_call_that_is_ten_minutes_late_is_not_made(make, rest) -> None:
    url, twilio = rest
    service, _, _, worker = ordering(make, url)
    service.later(minutes=10, seconds=1)
    worker.step()
    assert twilio.requests == []
    assert [(row.state, row.code) for row in queued(service)] == [("failed", "stale")]


def test_twilio_out_of_reach_keeps_the_call(make) -> None:
    service, _, _, worker = ordering(make, "http://127.0.0.1:1")
    worker.step()
    assert [(row.state, row.code) for row in queued(service)] == [("queued", "unreachable")]


def test_without_account_or_number_there_is_no_way_out(make) -> None:
    for settings in ({}, {"twilio_account_sid": ACCOUNT}, {"twilio_number": "+15005550006"}):
        service, _ = make(twilio_auth_token=TOKEN, **settings)
        assert calls.sender(service) is None
