"""What people answer to announcements, as it is stored: on both databases."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from knowledge import database
from knowledge.announcements import answers
from knowledge.announcements.answers import Answers
from knowledge.announcements.tables import GroupMember
from knowledge.mailbox import Mailbox
from tests.channels.announcements.told import HOUR, ME, VILLAGE, announce, became, kept, put
from tests.conftest import NOW


def test_each_answer_counts_for_the_latest_that_has_none(engine: Engine) -> None:
    first, second, other = announce(engine, "一"), announce(engine, "二"), announce(engine, "三")
    for number, person in ((first, ME), (second, ME), (other, "13900000002")):
        became(engine, put(engine, number, "sms", person, person), "delivered")
    sessions = database.sessions(engine)
    titles = []
    for _ in range(3):
        with sessions.begin() as session:
            titles.append(answers.confirm(session, ME, "sms", NOW))
    assert titles == ["二", "一", "二"]
    assert kept(engine) == [(first, ME, "confirmed", "sms"), (second, ME, "confirmed", "sms")]
    with sessions.begin() as session:
        assert answers.confirm(session, ME, "sms", NOW, after=NOW) is None
        assert answers.confirm(session, ME, "sms", NOW, after=NOW - HOUR) == "二"


def test_a_message_tells_what_it_carries(engine: Engine) -> None:
    number = announce(engine)
    letter = put(engine, number, "call")
    carried = Answers(database.sessions(engine)).carried(letter)
    assert carried is not None
    assert (carried[0].id, carried[0].title, carried[1]) == (number, "停水通知", ME)
    assert Answers(database.sessions(engine)).carried(letter + 1) is None


def test_the_last_words_are_ours_until_something_else_is_said(engine: Engine) -> None:
    sessions = database.sessions(engine)
    known, mailbox = Answers(sessions), Mailbox(sessions)

    def said() -> str | None:
        return known.last_words(ME, "wechat", "openid", NOW + HOUR)

    assert said() is None
    number = announce(engine)
    became(engine, put(engine, number, "wechat", "openid", text="很长的通知"), "sent")
    assert said() == "很长的通知"
    assert known.last_words(ME, "sms", ME, NOW) is None
    receipt = mailbox.receive("wechat", "openid", "玉米", NOW + timedelta(minutes=1), "1")
    assert said() == "很长的通知", "nothing has been answered yet"
    mailbox.answered(receipt, '{"text": "1.17元"}', NOW + timedelta(minutes=1))
    assert said() is None


def test_what_is_in_force_for_a_place_is_told_to_members_or_to_all(engine: Engine) -> None:
    announce(engine, "大家")
    announce(engine, "党员", groups=["党员"], outlets=["sms"])
    sessions = database.sessions(engine)
    with sessions.begin() as session:
        session.add(GroupMember(name="党员", person=ME))
    with sessions() as session:
        told = {who: [row.title for row in answers.in_force(session, VILLAGE, who, NOW)] for who in (None, ME, "1")}
        assert told == {None: ["大家"], ME: ["党员", "大家"], "1": ["大家"]}
        assert answers.in_force(session, "130283", ME, NOW) == []
        latest = answers.latest(session, ME, NOW)
        assert latest is None, "nothing was sent"
