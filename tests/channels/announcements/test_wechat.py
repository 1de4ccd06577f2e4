"""Announcements on WeChat: in parts, within the quota, and at once by the next way where WeChat takes none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from channels.outbox.worker import Worker
from channels.wechat.parts import HINT, MOST
from channels.wechat.sender import sender
from knowledge import database
from knowledge.announcements.audience import Audience
from tests.channels.announcements.told import ME, announce, became, letters, put
from tests.channels.wechat.conftest import USER, Account, open_account, standin  # noqa: F401

LONG = "".join(f"第{number}条，请大家注意防火，不要在野外用火。" for number in range(1, 81))


@pytest.fixture
def account(open_account: Any) -> Account:  # noqa: F811
    made: Account = open_account()
    made.service.people.link("wechat", USER, ME, made.service.time)
    made.ask("你好")
    made.service.time += timedelta(seconds=5)
    return made


def deliver(account: Account, text: str = "停水通知") -> int:
    """An announcement in the outbox, and one step of its worker."""
    letter = put(
        account.service.engine, announce(account.service.engine), "wechat", USER, now=account.service.time, text=text
    )
    step(account)
    return letter


def step(account: Account) -> None:
    way_out = sender(account.service)
    assert way_out
    worker = Worker(account.service.outbox, way_out, lambda: account.service.time)
    worker.step()
    worker.finish()


def follow(account: Account) -> int:
    audience = Audience(database.sessions(account.service.engine))
    return audience.follow(("wechat", "sms", "call"), lambda row, *_: (row.title, 1, None), account.service.time)


def test_a_long_one_comes_in_parts(account: Account) -> None:
    deliver(account, LONG)
    (first,) = account.standin.texts
    assert len(first.encode()) <= MOST
    assert first.endswith(HINT)
    heard, said = first.removesuffix(HINT).rstrip(), HINT
    account.service.time += timedelta(minutes=1)
    for _ in range(5):
        if HINT not in said:
            break
        said = account.ask("更多") or ""
        assert len(said.encode()) <= MOST
        heard += said.removesuffix(HINT).rstrip()
    assert heard == LONG
    assert len(account.service.asked) == 1, "the assistant is not asked for what is left"


def test_more_means_our_own_answer_where_that_was_said_later(account: Account) -> None:
    deliver(account, LONG)
    account.service.time += timedelta(minutes=1)
    account.ask("玉米多少钱")
    account.ask("更多")
    assert account.service.asked[-1].text == "更多"


@pytest.mark.parametrize("code", [45015, 45047, 40003, 48001, 43019])
def test_what_wechat_refuses_goes_by_the_next_way_at_once(account: Account, code: int) -> None:
    account.standin.fail("message/custom/send", code)
    deliver(account)
    assert letters(account.service.engine) == [("wechat", "failed", str(code))]
    assert follow(account) == 1
    assert letters(account.service.engine)[-1][:2] == ("sms", "queued")
    assert follow(account) == 0


def test_who_has_been_silent_for_48_hours_is_not_even_tried(account: Account) -> None:
    account.service.time += timedelta(hours=49)
    deliver(account)
    assert letters(account.service.engine) == [("wechat", "failed", "45015")]
    assert account.standin.texts == []
    assert follow(account) == 1


def test_the_sixth_since_they_wrote_goes_by_the_next_way(account: Account) -> None:
    for number in range(5):
        letter = put(
            account.service.engine,
            announce(account.service.engine, f"通知{number}"),
            "wechat",
            USER,
            now=account.service.time,
        )
        became(account.service.engine, letter, "sent", account.service.time)
    deliver(account)
    assert letters(account.service.engine)[-1] == ("wechat", "failed", "45047")
    assert account.standin.texts == []
    assert follow(account) == 1


def test_what_may_pass_is_tried_again_first(account: Account) -> None:
    account.standin.fail("message/custom/send", 45011)
    deliver(account)
    assert letters(account.service.engine) == [("wechat", "queued", "45011")]
    assert follow(account) == 0
    account.service.time += timedelta(minutes=5)
    step(account)
    assert letters(account.service.engine) == [("wechat", "sent", "")]
