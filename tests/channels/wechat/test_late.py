"""Late answers and pictures: promised before WeChat is told, sent once, within the quota, whatever crashes or fails."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from bot.messages import Message, Reply
from channels.base import Outcome
from channels.base.refusals import http_error
from channels.wechat.client import Client
from channels.wechat.incoming import Incoming
from channels.wechat.late import AGAIN, MOST, WINDOW, Late
from channels.wechat.parts import HINT
from knowledge import database
from knowledge.mailbox import Mailbox
from knowledge.service_tables import WechatOutgoing
from knowledge.wechat import LEASE, Wechat
from tests.channels.conftest import PRICE
from tests.channels.wechat.conftest import SECRET, TOKEN, USER, Account, until
from tests.channels.wechat.standin import APP_ID, Standin
from tests.conftest import NOW

OpenAccount = Callable[..., Account]
ANSWER = PRICE.text
MINUTE = timedelta(minutes=1)


# --- through the callback --------------------------------------------------------------------------------------------


class Slow:
    """An assistant that answers when it is let go."""

    def __init__(self, account: Account, reply: Reply = PRICE) -> None:
        self.account = account
        self.go_on = threading.Event()
        self.reply = reply
        account.service.answer = self

    def __call__(self, message: Message) -> Reply:
        assert self.go_on.wait(30)
        return self.reply

    def finish(self, texts: int) -> None:
        """Let it go, and wait until so many texts have arrived."""
        self.go_on.set()
        until(lambda: len(self.account.standin.texts) >= texts)


@pytest.fixture
def account(open_account: OpenAccount) -> Account:
    """An account that waits a fifth of a second instead of four."""
    return open_account(within=0.2)


def test_an_answer_that_takes_longer_is_sent_late(open_account: OpenAccount, engine: Engine) -> None:
    account = open_account(engine, within=0.2)
    slow = Slow(account)
    started = time.monotonic()
    assert account.ask("玉米") is None, "success at once"
    assert time.monotonic() - started < 4.5
    assert [(kind, state) for kind, state, *_ in account.outbox()] == [("text", "owed")], "promised before WeChat knows"
    slow.finish(1)
    assert account.standin.sent == [{"touser": USER, "msgtype": "text", "text": {"content": ANSWER}}]
    until(lambda: account.outbox() == [("text", "sent", 1, "")])


def test_the_default_leaves_wechat_a_second(open_account: OpenAccount) -> None:
    account = open_account()
    slow = Slow(account)
    started = time.monotonic()
    assert account.ask("玉米") is None
    assert 3.5 < time.monotonic() - started < 5
    slow.finish(1)


def test_four_times_a_slow_question_is_answered_once(account: Account) -> None:
    slow = Slow(account)
    xml = account.xml(Content="玉米")
    assert [account.send(xml) for _ in range(4)] == [None] * 4
    slow.finish(1)
    account.nudge()
    until(lambda: account.outbox() == [("text", "sent", 1, "")])
    account.service.later(seconds=31)
    assert account.send(xml) is None
    assert account.standin.texts == [ANSWER]
    assert len(account.service.asked) == 1


def test_a_long_late_answer_is_one_message_and_goes_on_with_more(account: Account) -> None:
    slow = Slow(account, Reply("第一句。" * 300))
    account.ask("账目")
    slow.finish(1)
    (text,) = account.standin.texts
    assert text.endswith(HINT)
    assert len(text.encode()) <= 2000
    rest = account.ask("更多")
    assert rest is not None
    assert text.removesuffix(f"\n{HINT}") + rest == "第一句。" * 300


def test_a_late_failure_is_told(account: Account) -> None:
    go_on = threading.Event()

    def fails(message: Message) -> Reply:
        assert go_on.wait(30)
        raise ValueError("detail")

    account.service.answer = fails
    assert account.ask("玉米") is None
    go_on.set()
    until(lambda: account.standin.texts == ["系统出了点问题，请过一会儿再试。"])


def test_a_picture_follows_its_text(open_account: OpenAccount) -> None:
    account = open_account()
    account.service.answer = lambda message: Reply("玉米涨了。", picture="/pictures/price/%E7%8E%89%E7%B1%B3/a%2Fb.png")
    assert account.ask("玉米") == "玉米涨了。"
    until(lambda: account.standin.sent)
    assert account.standin.uploaded == ["PNG price/玉米/a/b".encode()]
    assert account.standin.sent == [{"touser": USER, "msgtype": "image", "image": {"media_id": "media1"}}]
    until(lambda: account.outbox() == [("image", "sent", 1, "")])


def test_a_late_picture_comes_after_the_late_text(account: Account) -> None:
    slow = Slow(account, Reply("玉米涨了。", picture="/pictures/price/x.png"))
    assert account.ask("玉米") is None
    slow.finish(1)
    until(lambda: len(account.standin.sent) == 2)
    assert [message["msgtype"] for message in account.standin.sent] == ["text", "image"]


def test_five_late_messages_are_all_that_wechat_allows(account: Account) -> None:
    """All five answers fall after the last question, so they share its quota."""
    slow = Slow(account, Reply("玉米涨了。", picture="/pictures/price/x.png"))
    for number in range(3):
        assert account.ask(f"玉米{number}") is None
    slow.go_on.set()
    until(
        lambda: (
            [state for _, state, *_ in account.outbox() if state in ("sent", "failed")] and len(account.outbox()) == 6
        )
    )
    until(lambda: sorted(row[1] for row in account.outbox()) == ["failed"] + ["sent"] * 5)
    assert len(account.standin.sent) == MOST
    ((_, _, tries, reason),) = [row for row in account.outbox() if row[1] == "failed"]
    assert tries == 1
    assert reason.startswith("45047 ")


def test_retries_after_5_and_10_minutes_and_then_no_more(account: Account) -> None:
    account.standin.fail("message/custom/send", *[61450] * 9)
    slow = Slow(account)
    account.ask("玉米")
    slow.go_on.set()
    until(lambda: account.outbox() and account.outbox()[0][2:] == (1, "61450 微信系统忙，过几分钟再发。"))
    for minutes, tries, state in (
        (4, 1, "queued"),
        (2, 2, "queued"),
        (9, 2, "queued"),
        (2, 3, "failed"),
        (999, 3, "failed"),
    ):
        account.service.later(minutes=minutes)
        account.nudge()
        until(lambda: account.outbox()[0][1:3] == (state, tries))  # noqa: B023
    assert account.standin.calls.count("message/custom/send") == 3


def test_a_retry_that_succeeds(account: Account) -> None:
    account.standin.fail("message/custom/send", "502")
    slow = Slow(account)
    account.ask("玉米")
    slow.go_on.set()
    until(lambda: account.outbox() and account.outbox()[0][1:3] == ("queued", 1))
    account.service.later(minutes=6)
    account.nudge()
    until(lambda: account.standin.texts == [ANSWER])
    until(lambda: account.outbox() == [("text", "sent", 2, "")])


def test_secrets_and_openids_are_in_no_log(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    account.standin.fail("message/custom/send", 40001, "502", 45015)
    account.standin.fail("stable_token", 40125)
    slow = Slow(account)
    for number in range(3):
        account.ask(f"玉米{number}")
    slow.go_on.set()
    until(lambda: len([row for row in account.outbox() if row[2]]) == 3)
    until(lambda: "did not take" in caplog.text)
    for secret in (TOKEN, SECRET, "TOKEN-1", USER, "玉米"):
        assert secret not in caplog.text


# --- by hand ---------------------------------------------------------------------------------------------------------


class Hand:
    """A `Late` that is worked by hand, with answers that a test sets."""

    def __init__(self, engine: Engine, standin: Standin) -> None:
        self.engine = engine
        self.standin = standin
        self.time = NOW
        self.store = Wechat(database.sessions(engine))
        self.mailbox = Mailbox(database.sessions(engine))
        self.drawn: bytes | None = b"png"
        self.answered: list[str] = []
        self.outcome: Outcome | Exception | None = Outcome("answered", Reply("玉米1.17元/斤"))
        client = Client(standin.url, APP_ID, SECRET, self.store, lambda: self.time)
        self.late = Late(self.store, client, self._answer, lambda name: self.drawn, lambda: self.time)

    def _answer(self, incoming: Incoming) -> Outcome | None:
        self.answered.append(incoming.text)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def ask(self, number: str = "1", user: str = USER) -> Incoming:
        """A message of the user's, stored."""
        self.mailbox.receive("wechat", user, "玉米", self.time, number)
        return Incoming("gh_1", user, "text", 1795400000, number, text="玉米")

    def rows(self) -> list[tuple[str, str, int, str]]:
        with database.sessions(self.engine)() as session:
            found = session.query(WechatOutgoing).order_by(WechatOutgoing.id)
            return [(row.kind, row.state, row.tries, row.reason) for row in found]

    def later(self, time: timedelta) -> None:
        self.time += time
        self.late.work()


@pytest.fixture
def hand(engine: Engine, standin: Standin) -> Iterator[Hand]:
    return Hand(engine, standin)


@pytest.mark.parametrize("watched", [False, True], ids=["owed", "watched"])
def test_what_a_dead_process_owed_is_answered_by_another(hand: Hand, watched: bool) -> None:
    """It died while it was working the answer out: nobody has it."""
    incoming = hand.ask()
    hand.late.owe(incoming, watched)
    hand.later(LEASE - timedelta(seconds=1))
    assert hand.answered == []
    hand.later(timedelta(seconds=1))
    assert hand.answered == ["玉米"]
    assert hand.standin.texts == ["玉米1.17元/斤"]
    hand.later(timedelta(hours=1))
    assert hand.standin.texts == ["玉米1.17元/斤"]
    assert hand.rows() == [("text", "sent", 1, "")]


def test_what_was_answered_and_not_queued_is_sent_from_the_stored_answer(hand: Hand) -> None:
    hand.late.owe(hand.ask())
    hand.outcome = Outcome("repeat", earlier={"text": "玉米1.17元/斤", "picture": "/pictures/price/x.png"})
    hand.later(LEASE)
    assert hand.standin.texts == ["玉米1.17元/斤"]
    assert hand.standin.uploaded == [b"png"]


def test_what_was_only_watched_and_answered_in_time_is_not_sent_again(hand: Hand) -> None:
    hand.late.owe(hand.ask(), watched=True)
    hand.outcome = Outcome("repeat", earlier={"text": "玉米1.17元/斤"})
    hand.later(LEASE)
    assert hand.standin.sent == []
    assert hand.rows() == []


@pytest.mark.parametrize("outcome", [None, Outcome("silent"), Outcome("repeat")], ids=["event", "silent", "no answer"])
def test_what_has_no_answer_is_struck_out(hand: Hand, outcome: Outcome | None) -> None:
    hand.late.owe(hand.ask())
    hand.outcome = outcome
    hand.later(LEASE)
    assert hand.rows() == []


def test_what_is_being_answered_is_left_to_who_does(hand: Hand) -> None:
    hand.late.owe(hand.ask())
    hand.outcome = Outcome("busy")
    hand.later(LEASE)
    assert [(kind, state) for kind, state, *_ in hand.rows()] == [("text", "owed")]
    hand.outcome = Outcome("answered", Reply("二"))
    hand.later(LEASE)
    assert hand.standin.texts == ["二"]


def test_an_answer_that_fails_after_all_is_told(hand: Hand) -> None:
    hand.late.owe(hand.ask())
    hand.outcome = http_error(500)
    hand.later(LEASE)
    assert hand.standin.texts == ["系统出了点问题，请过一会儿再试。"]


def test_one_that_breaks_does_not_keep_the_others(hand: Hand, caplog: pytest.LogCaptureFixture) -> None:
    hand.late.owe(hand.ask("1"))
    hand.outcome = RuntimeError("no database")
    hand.time += LEASE
    with pytest.raises(RuntimeError):
        hand.late.work()
    hand.late.answered(hand.ask("2"), Outcome("answered", Reply("二")))
    hand.late.work()
    assert hand.standin.texts == ["二"]
    hand.outcome = Outcome("answered", Reply("一"))
    hand.later(LEASE)
    assert hand.standin.texts == ["二", "一"]


def test_the_quota_is_renewed_by_the_users_next_message(hand: Hand) -> None:
    for number in range(MOST + 2):
        hand.late.answered(Incoming("gh_1", USER, "text", 1, f"q{number}"), Outcome("answered", Reply(str(number))))
    hand.ask("a message")
    hand.late.work()
    assert hand.standin.texts == ["0", "1", "2", "3", "4"]
    assert [row[1] for row in hand.rows()] == ["sent"] * 5 + ["failed"] * 2
    hand.time += MINUTE
    incoming = hand.ask("another")
    hand.late.answered(incoming, Outcome("answered", Reply("5")))
    hand.late.work()
    assert hand.standin.texts[-1] == "5"


def test_one_users_quota_is_not_anothers(hand: Hand) -> None:
    for user in ("a", "b"):
        for number in range(MOST):
            hand.late.answered(hand.ask(f"{user}{number}", user), Outcome("answered", Reply(f"{user}{number}")))
    hand.late.work()
    assert len(hand.standin.sent) == 2 * MOST


@pytest.mark.parametrize(
    ("after", "sent"),
    [(WINDOW, True), (WINDOW + timedelta(seconds=1), False)],
    ids=["the last second", "a second late"],
)
def test_after_48_hours_nothing_is_sent(hand: Hand, after: timedelta, sent: bool) -> None:
    incoming = hand.ask()
    hand.time += after
    hand.late.answered(incoming, Outcome("answered", Reply("一")))
    hand.late.work()
    assert bool(hand.standin.texts) is sent
    if not sent:
        assert hand.rows() == [("text", "failed", 1, "45015 对方48小时内没有来过消息，微信不让再发。")]
        assert hand.standin.calls == [], "WeChat is not even asked"


def test_who_unfollowed_is_sent_nothing(hand: Hand) -> None:
    hand.late.answered(hand.ask(), Outcome("answered", Reply("一")))
    hand.mailbox.opt_out("wechat", USER, hand.time)
    hand.late.work()
    assert hand.standin.calls == []
    assert hand.rows() == [("text", "failed", 1, "opted out")]


OUTCOMES: list[tuple[str, list[int | str], str, int, int]] = [
    # WeChat's answers in turn; then our state, tries, and the messages that arrived
    ("taken", [], "sent", 1, 1),
    ("token refused once", [40001], "sent", 1, 1),
    ("token lapsed once", [42001], "sent", 1, 1),
    ("busy once", [-1], "sent", 1, 1),
    ("token refused always", [40014] * 6, "failed", 3, 0),
    ("busy for six minutes", [-1, -1], "sent", 2, 1),
    ("busy always", [-1] * 6, "failed", 3, 0),
    ("gateway errors", ["502", "drop"], "sent", 3, 1),
    ("a page of a hotel", ["html"] * 3, "failed", 3, 0),
    ("out of 48 hours", [45015], "failed", 1, 0),
    ("quota used up", [45047], "failed", 1, 0),
    ("no such user", [40003], "failed", 1, 0),
    ("no right to send", [48001], "failed", 1, 0),
    ("too long", [45002], "failed", 1, 0),
    ("unheard of", [123456], "failed", 1, 0),
]


@pytest.mark.parametrize(
    ("faults", "state", "tries", "arrived"), [row[1:] for row in OUTCOMES], ids=[row[0] for row in OUTCOMES]
)
def test_what_wechat_answers_decides(hand: Hand, faults: list[int | str], state: str, tries: int, arrived: int) -> None:
    hand.standin.fail("message/custom/send", *faults)
    hand.late.answered(hand.ask(), Outcome("answered", Reply("一")))
    hand.late.work()
    for pause in (*AGAIN, timedelta(hours=1)):
        hand.later(pause)
    ((_, found, tried, reason),) = hand.rows()
    assert (found, tried) == (state, tries)
    assert len(hand.standin.texts) == arrived
    assert bool(reason) is (state == "failed")


def test_a_failed_upload_sends_no_picture_and_is_tried_again(hand: Hand) -> None:
    hand.standin.fail("media/upload", "502")
    hand.late.picture(hand.ask(), "/pictures/price/x.png")
    hand.late.work()
    assert hand.standin.sent == []
    hand.later(AGAIN[0])
    assert [message["msgtype"] for message in hand.standin.sent] == ["image"]


def test_a_picture_with_nothing_to_draw_is_given_up(hand: Hand) -> None:
    hand.drawn = None
    hand.late.picture(hand.ask(), "/pictures/price/x.png")
    hand.late.picture(hand.ask(), None)
    hand.late.work()
    assert hand.rows() == [("image", "failed", 1, "nothing to draw")]


def test_a_message_whose_sender_died_is_sent_again(hand: Hand) -> None:
    hand.late.answered(hand.ask(), Outcome("answered", Reply("一")))
    assert hand.store.take(hand.time)
    hand.late.work()
    assert hand.standin.texts == []
    hand.later(LEASE)
    assert hand.standin.texts == ["一"]
    assert hand.rows() == [("text", "sent", 2, "")]


def test_many_workers_send_each_message_once(hand: Hand) -> None:
    for number in range(10):
        user = f"user{number}"
        hand.late.answered(hand.ask(str(number), user), Outcome("answered", Reply(str(number))))
    gate = threading.Barrier(4)

    def work() -> None:
        gate.wait()
        hand.late.work()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    hand.late.work()
    assert sorted(hand.standin.texts, key=int) == [str(number) for number in range(10)]


def test_a_state_that_somebody_mended_by_hand_is_respected(hand: Hand) -> None:
    hand.late.answered(hand.ask(), Outcome("answered", Reply("一")))
    with database.sessions(hand.engine).begin() as session:
        session.execute(update(WechatOutgoing).values(state="failed", reason="withdrawn"))
    hand.late.work()
    assert hand.standin.texts == []


KILLED = """
import os, sys
from datetime import datetime
from channels.base import Outcome
from channels.wechat.incoming import Incoming
from channels.wechat.late import Late
from config import SHANGHAI
from knowledge import database
from knowledge.mailbox import Mailbox
from knowledge.wechat import Wechat
db, where = sys.argv[1:]
sessions = database.sessions(database.connect(db))
now = lambda: datetime.fromisoformat("2026-11-23T10:00:00+08:00")
Mailbox(sessions).receive("wechat", "o1", "玉米", now(), "1")
class Dies:
    def send_text(self, openid, text):
        os.kill(os.getpid(), 9)
late = Late(Wechat(sessions), Dies(), lambda incoming: None, lambda name: None, now)
late.owe(Incoming("gh_1", "o1", "text", 1, "1", text="玉米"))
if where == "sending":
    from bot.messages import Reply
    late.answered(Incoming("gh_1", "o1", "text", 1, "1"), Outcome("answered", Reply("一")))
    late.work()
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("where", "tries", "text"), [("owing", 1, "玉米1.17元/斤"), ("sending", 2, "一")])
def test_killed_at_any_moment_nothing_is_lost(hand: Hand, where: str, tries: int, text: str) -> None:
    import subprocess
    import sys

    from tests.conftest import ROOT

    url: Any = hand.engine.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", KILLED, url, where], cwd=ROOT, timeout=120, check=False)
    assert done.returncode == -9
    hand.later(LEASE)
    assert hand.standin.texts == [text]
    assert hand.rows() == [("text", "sent", tries, "")]
