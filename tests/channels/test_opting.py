"""STOP and START, however they are written, and nothing else."""

import pytest

from channels.base.opting import wish
from channels.sms.answers import GOODBYE, WELCOME
from channels.sms.segments import split


@pytest.mark.parametrize(
    "text",
    ["STOP", "stop", " Stop. ", "UNSUBSCRIBE", "Opt-Out", "stop all", "退订", "退订。", "“退订”", "TD", "td", "ＴＤ", "T", "t", "R",
     "回T退订", "退订！！", "END", "quit", "取消订阅"],
)  # fmt: skip
def test_stop(text: str) -> None:
    assert wish(text) == "stop"


@pytest.mark.parametrize("text", ["START", "start", "unstop", "恢复", "恢复。", "取消退订", "ｓｔａｒｔ"])
def test_start(text: str) -> None:
    assert wish(text) == "start"


@pytest.mark.parametrize(
    "text",
    ["", "玉米", "怎么退订新农合", "stop 玉米", "T恤多少钱", "TD是啥", "恢复供电了吗", "退订后还能问吗", "1", "谢谢", "YES", "R2",
     "公交T站", "。", "🛑"],
)  # fmt: skip
def test_neither(text: str) -> None:
    assert wish(text) is None


def test_what_is_said_to_them_is_one_message() -> None:
    assert split(GOODBYE.text).count == split(WELCOME.text).count == 1
    assert "恢复" in GOODBYE.text
    assert "TD" in WELCOME.text
