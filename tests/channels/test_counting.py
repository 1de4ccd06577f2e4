"""Floods, machines that answer each other, and shares: who is answered, who is not, and who is not kept waiting."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from datetime import timedelta

import pytest
from limits.errors import StorageError
from limits.storage import MemoryStorage

from bot.messages import Address, Choice, Message, Reply
from channels.base import MOST, counting
from channels.base.counting import EQUAL, Counts, Gate, Guard, Share
from config import SettingsError, load
from tests.channels.conftest import PRICE
from tests.conftest import NOW

NOTHING = Reply("没听明白，请换个说法。", intent="out_of_scope")
ALLOWED = EQUAL[0].amount

_count = iter(range(10**6))


def message(text: str, sender: str = "13900000001", channel: str = "sms") -> Message:
    return Message(Address(channel, sender), text, NOW, id=str(next(_count)))


@pytest.fixture
def service(make):
    made, _ = make()
    return made


# --- floods ----------------------------------------------------------------------------------------------------------


def test_a_flood_of_equal_messages_is_not_answered_each_time(service, caplog) -> None:
    kinds = [service.desk.receive(message("玉米多少钱")).kind for _ in range(50)]
    assert kinds == ["answered"] * ALLOWED + ["ignored"] * (50 - ALLOWED)
    assert len(service.stored()) == 50, "nothing is lost"
    assert {row.intent for row in service.stored()} == {"price_latest", "flood"}
    assert "flood" in caplog.text
    assert "13900000001" not in caplog.text


def test_others_and_other_questions_are_answered_meanwhile(service) -> None:
    for _ in range(10):
        service.desk.receive(message("玉米多少钱"))
    assert service.desk.receive(message("花生多少钱")).kind == "answered"
    assert service.desk.receive(message("玉米多少钱", "13900000002")).kind == "answered"


def test_the_same_words_with_another_answer_are_no_flood(service) -> None:
    """还有吗, 更多, 2: what they mean is told by what was answered before."""
    answers = iter(range(100))
    service.answer = lambda _: Reply(f"第{next(answers)}条。", facts=PRICE.facts)
    assert {service.desk.receive(message("还有吗")).kind for _ in range(20)} == {"answered"}


def test_who_waits_on_an_open_line_is_answered_each_time(service) -> None:
    kinds = {service.desk.receive(message("玉米多少钱", channel="web"), waits=True).kind for _ in range(50)}
    assert kinds == {"answered"}


def test_after_a_minute_it_is_answered_again(monkeypatch, service) -> None:
    clock = [time.time()]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    assert [service.desk.receive(message("玉米")).kind for _ in range(ALLOWED + 1)][-1] == "ignored"
    clock[0] += 61
    assert service.desk.receive(message("玉米")).kind == "answered"


# --- loops -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "[自动回复]您好，我现在有事不在", "【自动回复】开会中", "自动回复：稍后联系", "系统自动发送，请勿回复", "您好，本短信请勿直接回复。",
        "Auto-Reply: I am away", "Automatic reply: out", "Out of office", "This is sent by a machine. Do not reply.", "（自动答复）",
    ],
)  # fmt: skip
def test_what_no_person_wrote_is_kept_and_not_answered(service, text: str) -> None:
    assert service.desk.receive(message(text)).kind == "ignored"
    assert service.asked == []
    assert [(row.text, row.intent, row.reply) for row in service.stored()] == [(text, "automatic", None)]


@pytest.mark.parametrize("text", ["玉米多少钱", "怎么设置自动回复", "自动挡车补贴", "啥时候回复我", "请回复"])
def test_what_a_person_writes_is_answered(service, text: str) -> None:
    assert service.desk.receive(message(text)).kind == "answered"


def ping_pong(service, other, rounds: int = 500) -> int:
    """How many answers a machine gets that writes `other(our answer)` whenever we answer."""
    text = "你好"
    for turn in range(rounds):
        outcome = service.desk.receive(message(text))
        if outcome.reply is None:
            return turn
        text = other(outcome.reply.headline, turn)
    return rounds


@pytest.mark.parametrize(
    ("other", "most"),
    [
        (lambda said, turn: "我在开车", ALLOWED + 1),
        (lambda said, turn: said, ALLOWED + 1),
        (lambda said, turn: f"您是第{turn}位，请稍候", 10),
        (lambda said, turn: f"收到：{said}{turn}", 10),
        (lambda said, turn: ("甲", "乙", "丙")[turn % 3], 10),
    ],
)
def test_two_machines_fall_silent(service, caplog, other, most: int) -> None:
    service.answer = lambda _: NOTHING
    assert ping_pong(service, other) <= most
    assert "is not answered" in caplog.text


def test_an_echo_of_our_answers_falls_silent(service) -> None:
    assert ping_pong(service, lambda said, turn: said) <= ALLOWED + 1


def test_a_slow_machine_falls_silent_within_the_hour(monkeypatch) -> None:
    clock = [1_800_000_000.0]  # the beginning of a window of an hour
    monkeypatch.setattr(time, "time", lambda: clock[0])
    guard, answered = Guard(), 0
    for _ in range(60):
        answered += guard.enough(message("我在开车"), NOTHING) is None
        clock[0] += 60
    assert answered <= 20


def test_who_does_not_get_along_is_not_taken_for_a_machine(monkeypatch) -> None:
    clock = [1_800_000_000.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    guard = Guard()
    for n in range(25):
        assert guard.enough(message(f"说法{n}"), NOTHING) is None
        clock[0] += 15


def test_a_question_back_is_no_empty_answer() -> None:
    guard, which = Guard(), Reply("哪个？", choices=(Choice("甲", "甲"), Choice("乙", "乙")))
    assert {guard.enough(message(f"刘庄子{n}"), which) for n in range(50)} == {None}


def test_stopping_is_obeyed_in_a_flood(service) -> None:
    for _ in range(20):
        service.desk.receive(message("玉米"))
    assert service.desk.stop(message("TD"), Reply("已退订。")).kind == "answered"


# --- shares ----------------------------------------------------------------------------------------------------------


def test_a_channel_alone_may_take_all() -> None:
    share = Share(2)
    with ExitStack() as stack:
        assert all(stack.enter_context(share.of("web", True)) for _ in range(20))


def test_a_channel_keeps_to_its_share_while_others_ask() -> None:
    share = Share(2)
    with share.of("sms", False), ExitStack() as stack:
        assert [stack.enter_context(share.of("web", True)) for _ in range(4)] == [True, True, False, False]
        assert stack.enter_context(share.of("api-open", True)), "another has its own"
        assert not stack.enter_context(share.of("api-open", True)), "but all open ones together leave room"
        assert all(stack.enter_context(share.of("sms", False)) for _ in range(20)), "proven ones are never refused"
    with share.of("web", True) as admitted:
        assert admitted, "what is done makes room"


def test_who_has_not_asked_for_a_minute_is_not_waited_for() -> None:
    clock = [0.0]
    share = Share(1, lambda: clock[0])
    with share.of("sms", False):
        pass
    with ExitStack() as stack:
        assert [stack.enter_context(share.of("web", True)) for _ in range(2)] == [True, False]
        clock[0] = 60.0
        assert stack.enter_context(share.of("web", True))


def test_an_attack_on_one_channel_leaves_threads_for_the_others(service) -> None:
    """As many threads as a server process has: a flood of slow questions on the page, then a text message."""
    go_on, at_work = threading.Event(), threading.Semaphore(0)

    def slow(asked: Message) -> Reply:
        if asked.address.channel == "web":
            at_work.release()
            assert go_on.wait(20)
        return PRICE

    service.answer = slow
    assert service.desk.receive(message("早", channel="phone")).kind == "answered"
    kinds: list[str] = []
    threads = [
        threading.Thread(
            target=lambda n=n: kinds.append(
                service.desk.receive(message(f"问{n}", f"v{n}", "web"), network=f"198.51.100.{n}", waits=True).kind
            )
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for _ in range(MOST):
        assert at_work.acquire(timeout=10)
    for _ in range(100):
        if len(kinds) == 8 - MOST:
            break
        time.sleep(0.05)
    assert kinds == ["throttled"] * (8 - MOST), "refused at once, and their threads are free"
    assert service.desk.receive(message("玉米")).kind == "answered"
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert sorted(kinds) == ["answered"] * MOST + ["throttled"] * (8 - MOST)


def test_an_answer_that_fails_gives_its_place_back(service) -> None:
    def fails(asked: Message) -> Reply:
        raise ValueError("secret detail")

    service.answer = fails
    service.desk.receive(message("早", channel="phone"), say=PRICE)
    for n in range(MOST * 2):
        with pytest.raises(Exception, match="failed"):
            service.desk.receive(message(f"问{n}", channel="web"), network="198.51.100.7")
    service.answer = None
    assert service.desk.receive(message("问", channel="web"), network="198.51.100.7").kind == "answered"


# --- where it is counted ---------------------------------------------------------------------------------------------


def test_several_servers_share_their_counts() -> None:
    counts = Counts()
    one, other = Gate(2, counts), Gate(2, counts)
    assert [one.admit("sms", "a"), other.admit("sms", "a"), one.admit("sms", "a"), other.admit("sms", "a")] == [
        *("in", "in", "tell", "silent")
    ]


class Broken(MemoryStorage):
    """Redis that has gone away."""

    def incr(self, *_: object, **__: object) -> int:
        raise StorageError(ConnectionError("connection refused"))


def test_counts_out_of_reach_let_messages_in(monkeypatch, caplog) -> None:
    monkeypatch.setattr(counting, "storage_from_string", lambda *_, **__: Broken())
    gate = Gate(1, Counts("redis://127.0.0.1:1"))
    assert [gate.admit("sms", "a") for _ in range(3)] == ["in"] * 3
    assert "limits_url" in caplog.text


@pytest.mark.parametrize("url", ["redis:", "memory", "http://example.org", "memcached://localhost"])
def test_a_place_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="limits_url"):
        load(environ={"XIANGYIN_LIMITS_URL": url})


def test_the_pause_of_a_callback_is_kept_in_mind_long_enough() -> None:
    from channels.phone.ending import BACK_AGAIN
    from knowledge.identities import CODE_PAUSE, LONGEST_PAUSE

    assert max(BACK_AGAIN, CODE_PAUSE) < LONGEST_PAUSE
    assert timedelta(minutes=10) == BACK_AGAIN
