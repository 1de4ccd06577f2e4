"""Twilio as a gateway for text messages: what it is asked, what its answers and its reports mean."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from channels import senders
from channels.base.sending import SendError, UncertainError, UnreachableError, Wanted
from channels.outbox.worker import Worker
from channels.sms import twilio_sender
from knowledge import database
from knowledge.service_tables import Outgoing
from tests.channels.twilio import ACCOUNT, post

TOKEN, NUMBER, ASKER = "12345", "+15005550006", "13912345678"
OWN = "https://county.example/xiangyin"
ACCEPTED = (201, '{"sid": "SM1", "status": "queued", "error_code": null}')
STATUS = {
    "SmsSid": "SM1", "SmsStatus": "delivered", "MessageStatus": "delivered", "To": f"+86{ASKER}", "MessageSid": "SM1",
    "AccountSid": ACCOUNT, "From": NUMBER, "ApiVersion": "2010-04-01",
}  # fmt: skip
SET_UP = {"twilio_auth_token": TOKEN, "twilio_account_sid": ACCOUNT, "twilio_number": NUMBER}


def refused(number: int, status: int = 400) -> tuple[int, str]:
    told = {
        "code": number,
        "message": "no",
        "more_info": f"https://www.twilio.com/docs/errors/{number}",
        "status": status,
    }
    return status, json.dumps(told)


class Sending:
    """A service, its client, its way out by Twilio, and a worker that uses it."""

    def __init__(self, make: Any, rest: Any) -> None:
        self.url, self.twilio = rest
        self.service, self.client = make(twilio_api_url=self.url, public_url=f"{OWN}/", **SET_UP)
        self.sender = twilio_sender.sender(self.service)
        self.worker = Worker(self.service.outbox, self.sender, lambda: self.service.time)

    def put(self, text: str = "通知", address: str = ASKER, kind: Any = "announcement") -> None:
        self.service.outbox.put([Wanted("sms", address, text, kind)], self.service.time)

    def send(self, answer: tuple[int, str], **more: Any) -> Outgoing:
        """Have the worker send one message, which Twilio answers so."""
        self.put(**more)
        self.twilio.answers = [answer]
        self.worker.step()
        return self.row()

    def row(self) -> Outgoing:
        with database.sessions(self.service.engine)() as session:
            return session.scalars(select(Outgoing).order_by(Outgoing.id.desc())).first()

    def report(self, number: int, status: str, error: str = "") -> int:
        form = {**STATUS, "MessageStatus": status, **({"ErrorCode": error} if error else {})}
        return post(self.client, f"{OWN}/sms/twilio/status?letter={number}", form, TOKEN).status_code


@pytest.fixture
def sending(make, rest) -> Sending:
    return Sending(make, rest)


# --- sending ---------------------------------------------------------------------------------------------------------


def test_a_message_is_handed_over_and_its_fate_is_told(sending: Sending) -> None:
    row = sending.send(ACCEPTED)
    assert (row.state, row.gateway) == ("sent", "twilio")
    ((path, authorisation, form),) = sending.twilio.requests
    assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert base64.b64decode(authorisation.removeprefix("Basic ")).decode() == f"{ACCOUNT}:{TOKEN}"
    assert form == {
        "To": [f"+86{ASKER}"], "From": [NUMBER], "Body": ["通知"],
        "StatusCallback": [f"{OWN}/sms/twilio/status?letter={row.id}"],
    }  # fmt: skip
    for status in ("queued", "sent", "delivered", "sent"):
        assert sending.report(row.id, status) == 204
    assert sending.row().state == "delivered"


@pytest.mark.parametrize(
    ("address", "dialled"),
    [(ASKER, f"+86{ASKER}"), ("+14158675309", "+14158675309"), ("+861012345678", "+861012345678"), ("10086", "10086")],
)
def test_numbers_are_dialled_as_twilio_wants_them(sending: Sending, address: str, dialled: str) -> None:
    sending.send(ACCEPTED, address=address)
    assert sending.twilio.requests[0][2]["To"] == [dialled]


@pytest.mark.parametrize("text", ["问" * 1600, "🌽𠮷+&=%\n“引号”", "Hello"])
def test_whatever_is_written_arrives_whole(sending: Sending, text: str) -> None:
    assert sending.send(ACCEPTED, text=text).state == "sent"
    assert sending.twilio.requests[0][2]["Body"] == [text]


CASES: list[tuple[str, tuple[int, str], str, str]] = [
    # what it is, Twilio's answer, the state that the message has then, the code
    ("accepted, cut off", (201, '{"sid": "SM1", "sta'), "sent", ""),
    ("accepted, garbled", (201, "<html>"), "sent", ""),
    ("done by a kind of 200", (200, '{"sid": "SM1"}'), "sent", ""),
    ("a page of somebody between us", (200, "<html>please log in</html>"), "sending", ""),
    ("opted out at Twilio", refused(21610), "failed", "opted_out"),
    ("no such number", refused(21211), "failed", "twilio 21211"),
    ("not a mobile", refused(21614), "failed", "twilio 21614"),
    ("a country that is not allowed", refused(21408), "failed", "twilio 21408"),
    ("too long", refused(21617), "failed", "twilio 21617"),
    ("an error of tomorrow", refused(29999), "failed", "twilio 29999"),
    ("refused, garbled", (400, "not json"), "failed", "twilio 0"),
    ("refused, a list", (400, "[1]"), "failed", "twilio 0"),
    ("refused, a word for a number", (400, '{"code": "21610"}'), "failed", "twilio 0"),
    ("too fast", refused(20429, 429), "queued", "throttled"),
    ("too fast, without words", (429, ""), "queued", "throttled"),
    ("too fast for the number", refused(14107), "queued", "throttled"),
    ("the queue of the number is full", refused(21611), "queued", "queue_full"),
    ("the account is closed", refused(20005), "queued", "account"),
    ("our number sends no messages", refused(21606), "queued", "sender"),
    ("it does not like where it is to report", refused(21609), "queued", "callback"),
    ("another's token", refused(20003, 401), "queued", "auth"),
    ("forbidden", (403, ""), "queued", "auth"),
    ("no such account", refused(20404, 404), "queued", "url"),
    ("moved", (301, ""), "queued", "url"),
    ("out of order", (500, ""), "sending", ""),
    ("down", (503, ""), "sending", ""),
    ("hangs up", (0, ""), "sending", ""),
    ("hangs up in the middle", (-1, ""), "sending", ""),
]


@pytest.mark.parametrize(("answer", "state", "code"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_twilio_answers(sending: Sending, answer: tuple[int, str], state: str, code: str) -> None:
    row = sending.send(answer)
    assert (row.state, row.code) == (state, code)
    if code:
        assert row.reason
        assert row.reason.endswith("。")


def test_what_is_our_own_fault_uses_up_no_attempt_and_what_is_the_networks_does(sending: Sending) -> None:
    assert sending.send(refused(21611)).attempts == 0
    sending.service.later(minutes=1)
    sending.twilio.answers = [refused(20429, 429)]
    sending.worker.step()
    assert sending.row().attempts == 1


def test_who_has_opted_out_at_twilio_is_sent_nothing_more(sending: Sending) -> None:
    sending.send(refused(21610))
    assert sending.service.mailbox.opted_out("sms", ASKER)
    sending.service.later(minutes=1)
    row = sending.send(ACCEPTED, text="又一条")
    assert (row.state, row.code) == ("failed", "opted_out")
    assert len(sending.twilio.requests) == 1


def test_an_error_is_of_the_kind_that_says_what_to_do(sending: Sending) -> None:
    kinds = [(refused(21610), SendError), (refused(21611), UnreachableError), ((500, ""), UncertainError)]
    for answer, kind in kinds:
        sending.twilio.answers = [answer]
        with pytest.raises(kind):
            sending.sender.send(SimpleNamespace(number=1, address=ASKER, text="通知"))


def test_twilio_out_of_reach_keeps_the_message(make) -> None:
    row = Sending(make, ("http://127.0.0.1:1", None))
    row.put()
    row.worker.step()
    assert (row.row().state, row.row().code) == ("queued", "unreachable")


# --- reports ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "state", "code"),
    [
        ("undelivered", "30003", "failed", "twilio 30003"),
        ("failed", "21610", "failed", "opted_out"),
        ("undelivered", "30022", "failed", "throttled"),
        ("failed", "", "failed", "twilio 0"),
        ("undelivered", "what?", "failed", "twilio 0"),
        ("read", "", "delivered", ""),
        ("teleported", "", "sent", ""),
        ("accepted", "", "sent", ""),
    ],
)
def test_what_twilio_reports_of_a_message(sending: Sending, status: str, error: str, state: str, code: str) -> None:
    row = sending.send(ACCEPTED)
    assert sending.report(row.id, status, error) == 204
    assert (sending.row().state, sending.row().code) == (state, code)
    assert sending.service.mailbox.opted_out("sms", ASKER) is (error == "21610")


@pytest.mark.parametrize("letter", ["999", "0", "-1", "1e3", "x", "9" * 30, ""])
def test_a_report_on_nothing_changes_nothing(sending: Sending, letter: str) -> None:
    sending.send(ACCEPTED)
    response = post(sending.client, f"{OWN}/sms/twilio/status?letter={letter}", STATUS, TOKEN)
    assert response.status_code == 204
    assert sending.row().state == "sent"


def test_a_report_that_is_forged_or_meant_for_another_is_refused(sending: Sending) -> None:
    row = sending.send(ACCEPTED)
    url = f"{OWN}/sms/twilio/status?letter={row.id}"
    assert post(sending.client, url, STATUS, "54321").status_code == 403
    assert post(sending.client, f"{OWN}/sms/twilio/status", STATUS, TOKEN).status_code == 204
    assert sending.row().state == "sent"


# --- which gateway ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ["twilio", "twilio-voice"]),
        ({"twilio_account_sid": ""}, []),
        ({"twilio_number": ""}, []),
        ({"twilio_auth_token": None}, []),
        ({"kannel_send_url": "http://127.0.0.1:1/cgi-bin/sendsms"}, ["kannel", "twilio-voice"]),
    ],
    ids=str,
)
def test_one_gateway_sends_text_messages_and_a_carriers_goes_first(
    make, settings: dict[str, Any], names: list[str]
) -> None:
    service, _ = make(**{**SET_UP, **settings})
    assert [sender.name for sender in senders(service) if sender.name != "wechat"] == names


def test_a_modem_goes_before_twilio(make) -> None:
    service, _ = make(**SET_UP, gammu_database_url="sqlite:///somewhere.db")
    assert twilio_sender.sender(service) is None
