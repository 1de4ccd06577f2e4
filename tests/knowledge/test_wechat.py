"""WeChat's stored parts on both databases: one token for all, an outbox that loses nothing, a quota that counts."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from knowledge import database
from knowledge.mailbox import Mailbox
from knowledge.service_tables import WechatKept, WechatOutgoing, WechatToken
from knowledge.wechat import CHANNELS, LEASE, RENEWAL, Wechat
from tests.conftest import NOW

USER = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
APP = "wx5823bf96d3bd56c7"
SECOND = timedelta(seconds=1)
CHANNEL = CHANNELS[0]


@pytest.fixture
def wechat(engine: Engine) -> Wechat:
    return Wechat(database.sessions(engine))


def outbox(engine: Engine) -> list[tuple[str, str, str, int, str]]:
    with database.sessions(engine)() as session:
        rows = session.scalars(select(WechatOutgoing).order_by(WechatOutgoing.id))
        return [(row.message_id, row.kind, row.state, row.tries, row.reason) for row in rows]


def asked(engine: Engine, said: str = "玉米", number: str = "1", seconds: float = 0, answer: str | None = "{}") -> None:
    mailbox = Mailbox(database.sessions(engine))
    now = NOW + seconds * SECOND
    receipt = mailbox.receive(CHANNEL, USER, said, now, number)
    if answer:
        assert mailbox.answered(receipt, answer, now)


# --- the access token ------------------------------------------------------------------------------------------------


def test_one_of_many_renews_the_token_and_all_find_it(wechat: Wechat) -> None:
    assert wechat.token(APP) is None
    won: list[bool] = []
    gate = threading.Barrier(8)

    def renew() -> None:
        gate.wait()
        won.append(wechat.take_renewal(APP, "", NOW))

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(won) == [False] * 7 + [True]
    wechat.renewed(APP, "T1", NOW + timedelta(hours=2))
    token = wechat.token(APP)
    assert token is not None
    assert (token.value, token.lapses) == ("T1", NOW + timedelta(hours=2))
    assert wechat.token("wx_another") is None


def test_who_saw_an_older_token_does_not_renew_the_new_one(wechat: Wechat) -> None:
    assert wechat.take_renewal(APP, "", NOW)
    wechat.renewed(APP, "T1", NOW)
    assert not wechat.take_renewal(APP, "", NOW)
    assert not wechat.take_renewal(APP, "T0", NOW)
    assert wechat.take_renewal(APP, "T1", NOW)


@pytest.mark.parametrize(("after", "free"), [(SECOND, False), (RENEWAL - SECOND, False), (RENEWAL, True)], ids=str)
def test_a_renewal_whose_process_died_is_taken_over(wechat: Wechat, after: timedelta, free: bool) -> None:
    assert wechat.take_renewal(APP, "", NOW)
    assert wechat.take_renewal(APP, "", NOW + after) is free


def test_a_renewal_that_failed_is_free_at_once_and_the_old_token_stays(wechat: Wechat) -> None:
    wechat.take_renewal(APP, "", NOW)
    wechat.renewed(APP, "T1", NOW)
    assert wechat.take_renewal(APP, "T1", NOW)
    wechat.not_renewed(APP)
    token = wechat.token(APP)
    assert token is not None
    assert token.value == "T1"
    assert wechat.take_renewal(APP, "T1", NOW)


def test_a_clock_that_was_set_back_keeps_nobody_from_renewing(wechat: Wechat) -> None:
    assert wechat.take_renewal(APP, "", NOW + timedelta(days=300))
    assert wechat.take_renewal(APP, "", NOW)


# --- what came in ----------------------------------------------------------------------------------------------------


def test_a_picture_is_kept_once(wechat: Wechat, engine: Engine) -> None:
    for _ in range(4):
        wechat.keep(USER, "7", "image", NOW, media_id="M1", url="http://mmbiz.qpic.cn/1")
    wechat.keep(USER, "8", "location", NOW, latitude="39.99", longitude="118.70", label="河北省迁安市")
    with database.sessions(engine)() as session:
        rows = session.scalars(select(WechatKept).order_by(WechatKept.message_id)).all()
    assert [(row.message_id, row.kind, row.media_id, row.label) for row in rows] == [
        ("7", "image", "M1", ""),
        ("8", "location", "", "河北省迁安市"),
    ]
    assert rows[0].received == NOW


def test_the_last_answer_is_the_senders_own(wechat: Wechat, engine: Engine) -> None:
    assert wechat.last_answer(CHANNEL, USER) is None
    asked(engine, "玉米", "1", 0, '{"text": "一"}')
    asked(engine, "花生", "2", 1, '{"text": "二"}')
    asked(engine, "板栗", "3", 2, None)
    assert wechat.last_answer(CHANNEL, USER) == '{"text": "二"}'
    assert wechat.last_answer(CHANNEL, "somebody else") is None


# --- what goes out ---------------------------------------------------------------------------------------------------


def test_an_owed_answer_becomes_the_text_that_is_sent(wechat: Wechat, engine: Engine) -> None:
    wechat.owe(USER, "1", '{"q": 1}', NOW)
    assert wechat.take(NOW + timedelta(hours=1)) is None, "a question is not sent"
    assert wechat.queue(USER, "1", "text", "玉米1.17元/斤", NOW)
    outgoing = wechat.take(NOW)
    assert outgoing is not None
    assert (outgoing.openid, outgoing.kind, outgoing.content, outgoing.tries) == (USER, "text", "玉米1.17元/斤", 1)
    assert wechat.take(NOW) is None, "it is being sent"
    wechat.sent(outgoing, NOW)
    assert wechat.take(NOW + timedelta(days=1)) is None
    assert outbox(engine) == [("1", "text", "sent", 1, "")]


def test_an_answer_is_queued_once_whoever_has_it(wechat: Wechat, engine: Engine) -> None:
    assert wechat.queue(USER, "1", "text", "一", NOW)
    assert not wechat.queue(USER, "1", "text", "二", NOW)
    wechat.owe(USER, "1", "{}", NOW)
    assert wechat.queue(USER, "1", "image", "price/玉米", NOW), "a picture goes beside it"
    first, second = wechat.take(NOW), wechat.take(NOW)
    assert first is not None
    assert second is not None
    assert (first.content, second.content) == ("一", "price/玉米"), "in the order of queueing"
    wechat.sent(first, NOW)
    assert not wechat.queue(USER, "1", "text", "三", NOW), "nor after it was sent"


def test_what_is_owed_is_taken_up_when_nobody_answers(wechat: Wechat) -> None:
    wechat.owe(USER, "1", "first", NOW)
    wechat.owe(USER, "2", "second", NOW, watched=True)
    assert wechat.owed(NOW + LEASE - SECOND) == []
    later = NOW + LEASE
    taken = wechat.owed(later)
    assert [(owed.message_id, owed.question, owed.ours) for owed in taken] == [
        ("1", "first", True),
        ("2", "second", False),
    ]
    assert wechat.owed(later) == [], "each is somebody's"
    assert wechat.owed(later + LEASE) == taken, "who may die as well"
    wechat.settle(USER, "1")
    assert [owed.message_id for owed in wechat.owed(later + LEASE + LEASE)] == ["2"]


def test_a_promise_outweighs_watching(wechat: Wechat) -> None:
    wechat.owe(USER, "1", "q", NOW, watched=True)
    wechat.owe(USER, "1", "q", NOW)
    wechat.owe(USER, "1", "q", NOW, watched=True)
    assert [owed.ours for owed in wechat.owed(NOW + LEASE)] == [True]


def test_settling_strikes_out_no_answer(wechat: Wechat, engine: Engine) -> None:
    wechat.queue(USER, "1", "text", "一", NOW)
    wechat.settle(USER, "1")
    assert outbox(engine) == [("1", "text", "queued", 0, "")]


def test_a_failure_is_tried_again_when_it_is_due_and_then_no_more(wechat: Wechat, engine: Engine) -> None:
    wechat.queue(USER, "1", "text", "一", NOW)
    first = wechat.take(NOW)
    assert first is not None
    again = NOW + timedelta(minutes=5)
    wechat.failed(first, "-1 微信系统忙", NOW, again)
    assert wechat.take(again - SECOND) is None
    second = wechat.take(again)
    assert second is not None
    assert second.tries == 2
    wechat.failed(second, "45015 " + "很长" * 200, again)
    assert wechat.take(again + timedelta(days=2)) is None
    ((_, _, state, tries, reason),) = outbox(engine)
    assert (state, tries, len(reason)) == ("failed", 2, 200)


def test_a_message_whose_sender_died_is_sent_again_and_counted(wechat: Wechat, engine: Engine) -> None:
    wechat.queue(USER, "1", "text", "一", NOW)
    lost = wechat.take(NOW)
    assert lost is not None
    assert wechat.take(NOW + LEASE - SECOND) is None
    again = wechat.take(NOW + LEASE)
    assert again is not None
    assert again.tries == 2
    wechat.failed(lost, "late news of the first try", NOW + LEASE)
    assert outbox(engine) == [("1", "text", "sending", 2, "")], "only the last try speaks"
    wechat.sent(again, NOW + LEASE)
    assert outbox(engine) == [("1", "text", "sent", 2, "")]


def test_many_senders_take_each_message_once(wechat: Wechat) -> None:
    for number in range(12):
        wechat.queue(USER, str(number), "text", str(number), NOW)
    taken: list[str] = []
    gate = threading.Barrier(4)

    def send() -> None:
        gate.wait()
        while outgoing := wechat.take(NOW):
            taken.append(outgoing.content)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    while outgoing := wechat.take(NOW):
        taken.append(outgoing.content)
    assert sorted(taken, key=int) == [str(number) for number in range(12)]


# --- the quota -------------------------------------------------------------------------------------------------------


def send_one(wechat: Wechat, number: str, seconds: float) -> Any:
    now = NOW + seconds * SECOND
    wechat.queue(USER, number, "text", number, now)
    outgoing = wechat.take(now)
    assert outgoing is not None
    quota = wechat.quota(USER, but=outgoing.id)
    wechat.sent(outgoing, now)
    return quota


def test_the_quota_counts_what_was_sent_since_the_users_last_message(wechat: Wechat, engine: Engine) -> None:
    asked(engine, number="1")
    quotas = [send_one(wechat, f"late {number}", number) for number in range(1, 4)]
    assert [quota.used for quota in quotas] == [0, 1, 2]
    assert {quota.last for quota in quotas} == {NOW}
    asked(engine, number="2", seconds=10)
    quota = send_one(wechat, "late 4", 11)
    assert (quota.used, quota.last) == (0, NOW + 10 * SECOND)
    assert send_one(wechat, "late 5", 12).used == 1


def test_what_failed_costs_no_quota_and_what_is_being_sent_does(wechat: Wechat, engine: Engine) -> None:
    asked(engine)
    for number in ("a", "b", "c"):
        wechat.queue(USER, number, "text", number, NOW)
    first, second, third = (wechat.take(NOW) for _ in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    assert wechat.quota(USER, but=third.id).used == 2
    wechat.failed(first, "48001", NOW)
    assert wechat.quota(USER, but=third.id).used == 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_who_never_wrote_or_opted_out_is_known(wechat: Wechat, engine: Engine, channel: str) -> None:
    wechat.queue(USER, "1", "text", "一", NOW)
    outgoing = wechat.take(NOW)
    assert outgoing is not None
    assert wechat.quota(USER, but=outgoing.id).last is None
    Mailbox(database.sessions(engine)).opt_out(channel, USER, NOW)
    assert wechat.quota(USER, but=outgoing.id).opted_out


def test_what_is_too_old_is_forgotten_but_the_token(wechat: Wechat, engine: Engine) -> None:
    wechat.keep(USER, "1", "image", NOW)
    wechat.keep(USER, "2", "image", NOW + 2 * SECOND)
    wechat.queue(USER, "1", "text", "一", NOW)
    wechat.queue(USER, "2", "text", "二", NOW + 2 * SECOND)
    wechat.take_renewal(APP, "", NOW)
    wechat.purge(NOW + SECOND)
    with database.sessions(engine)() as session:
        assert [row.message_id for row in session.scalars(select(WechatKept))] == ["2"]
        assert len(session.scalars(select(WechatToken)).all()) == 1
    assert [row[0] for row in outbox(engine)] == ["2"]
