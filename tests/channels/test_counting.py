"""Floods, machines that answer each other, and shares: who is answered, who is not, and who is not kept waiting."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from limits import RateLimitItemPerHour, RateLimitItemPerMinute

from bot.messages import Address, Choice, Message, Reply
from channels.base import MOST
from channels.base.counting import EQUAL, Counts, Gate, Guard, InProcess, Share
from config import SettingsError, load
from tests.channels.conftest import PRICE
from tests.conftest import NOW

NOTHING = Reply("没听明白，请换个说法。", intent="out_of_scope")
ALLOWED = EQUAL.amount

_count = iter(range(10**6))


def message(text: str, sender: str = "13900000001", channel: str = "sms") -> Message:
    return Message(Address(channel, sender), text, NOW, id=str(next(_count)))


@pytest.fixture
def service(make):
    made, _ = make()
    return made


# --- floods ----------------------------------------------------------------------------------------------------------


def test_a_flood_of_equal_messages_is_answered_once(service, caplog) -> None:
    kinds = [service.desk.receive(message("玉米多少钱")).kind for _ in range(50)]
    assert kinds == ["answered"] + ["ignored"] * 49
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


def test_ten_minutes_later_it_is_answered_again_and_again_once(monkeypatch, service) -> None:
    clock = [time.time()]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    for minutes, kind in ((0, "answered"), (1, "ignored"), (4, "ignored"), (10, "answered"), (10, "ignored")):
        clock[0] = 1_800_000_000.0 + minutes * 60
        assert service.desk.receive(message("玉米")).kind == kind, minutes


def test_what_is_answered_anew_after_a_failure_is_no_flood(monkeypatch, service) -> None:
    """The answer was counted, then the database failed: the gateway's repeat must not be taken for a flood."""
    asked = message("玉米多少钱")
    with monkeypatch.context() as broken:
        broken.setattr(service.desk.store, "answered", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            service.desk.receive(asked)
    service.later(seconds=11)
    assert service.desk.receive(replace(asked, received=service.time)).kind == "answered"
    assert service.desk.receive(message("玉米多少钱")).kind == "ignored"


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
    assert answered <= 12


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


def test_a_machine_that_answers_stop_is_obeyed_and_told_once(service) -> None:
    kinds = []
    for _ in range(5):
        service.desk.store.opt_in("sms", "13900000001")
        kinds.append(service.desk.stop(message("STOP"), Reply("已退订。")).kind)
        assert service.desk.store.opted_out("sms", "13900000001")
    assert kinds == ["answered"] + ["ignored"] * 4


# --- shares ----------------------------------------------------------------------------------------------------------


class Shared:
    """A share whose clock is set."""

    def __init__(self, most: int) -> None:
        self.time = 0.0
        self.share = Share(most, lambda: self.time)
        self.stack = ExitStack()

    def enter(self, channel: str, unproven: bool = True) -> bool:
        return self.stack.enter_context(self.share.of(channel, unproven))


def test_a_channel_alone_may_take_all() -> None:
    shared = Shared(2)
    for _ in range(20):
        assert shared.enter("web")
        shared.time += 1


def test_a_burst_is_let_in_and_an_attack_is_not() -> None:
    shared = Shared(2)
    shared.enter("sms", unproven=False)
    assert all(shared.enter("web") for _ in range(20)), "a moment of many"
    shared.time += Share.BURST
    assert not shared.enter("web")
    assert shared.enter("sms", unproven=False), "proven ones are never refused"
    shared.stack.close()
    assert [shared.enter("web") for _ in range(3)] == [True, True, False], "what is done makes room, and no more"
    shared.stack.close()
    shared.time += Share.STRICT
    shared.enter("sms", unproven=False)
    assert all(shared.enter("web") for _ in range(20)), "it is over"


def test_all_open_channels_together_leave_room() -> None:
    shared = Shared(2)
    shared.enter("sms", unproven=False)
    for channel in ("web", "api-open", "rasa"):
        assert shared.enter(channel)
    shared.time += Share.BURST
    assert not shared.enter("web"), "though it has but one at work"


def test_one_attacked_channel_leaves_another_its_own() -> None:
    shared = Shared(4)
    shared.enter("sms", unproven=False)
    assert all(shared.enter("web") for _ in range(5))
    shared.time += Share.BURST
    assert not shared.enter("web")
    assert shared.enter("api-open")


def test_who_has_not_asked_for_a_while_is_not_waited_for() -> None:
    shared = Shared(1)
    shared.enter("sms", unproven=False)
    shared.enter("web")
    shared.time = Share.BURST
    assert not shared.enter("web")
    shared.time = Share.WAITED_FOR
    assert shared.enter("web")


def test_an_attack_on_one_channel_leaves_threads_for_the_others(service) -> None:
    """As many threads as a server process has: a flood of slow questions on the page, then a text message."""
    go_on, at_work = threading.Event(), threading.Semaphore(0)

    def slow(asked: Message) -> Reply:
        if asked.address.channel == "web":
            at_work.release()
            assert go_on.wait(20)
        return PRICE

    service.answer = slow
    kinds: list[str] = []

    def attack(number: int) -> None:
        asked = message(f"问{number}", f"v{number}", "web")
        kinds.append(service.desk.receive(asked, network=f"198.51.100.{number}", waits=True).kind)

    threads = [threading.Thread(target=attack, args=(number,)) for number in range(MOST * 2)]
    for thread in threads[:MOST]:
        thread.start()
        assert at_work.acquire(timeout=10)
    time.sleep(Share.BURST)
    assert service.desk.receive(message("早", channel="phone")).kind == "answered"
    for thread in threads[MOST:]:
        thread.start()
        thread.join(10)
    assert kinds == ["throttled"] * MOST, "refused at once, and their threads are free"
    assert service.desk.receive(message("玉米")).kind == "answered"
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert sorted(kinds) == ["answered"] * MOST + ["throttled"] * MOST


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


def test_what_has_expired_is_forgotten(monkeypatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    counts, minute, hour = InProcess(), RateLimitItemPerMinute(2), RateLimitItemPerHour(2)
    assert [counts.hit(minute, "a") for _ in range(3)] == [True, True, False]
    assert counts.hit(hour, "a")
    assert counts.hit(minute, "b")
    assert len(counts) == 3
    clock[0] += 61
    assert [counts.hit(minute, "c"), len(counts)] == [True, 2]  # the hour of a, and c
    assert [counts.hit(hour, "a"), counts.hit(hour, "a")] == [True, False]
    assert counts.hit(minute, "a")


@pytest.mark.parametrize("url", ["redis:", "memory", "http://example.org", "memcached://localhost"])
def test_a_place_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="limits_url"):
        load(environ={"XIANGYIN_LIMITS_URL": url})


def test_the_pause_of_a_callback_is_kept_in_mind_long_enough() -> None:
    from channels.phone.ending import BACK_AGAIN
    from knowledge.identities import CODE_PAUSE, LONGEST_PAUSE

    assert max(BACK_AGAIN, CODE_PAUSE) < LONGEST_PAUSE
    assert timedelta(minutes=10) == BACK_AGAIN
