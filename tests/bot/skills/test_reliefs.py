"""Relief lists in words; who may see them is tested in tests/bot/test_disclosure.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.skills import reliefs
from tests.sectors import MUZHUANG, RESIDENT, SHUXING, STRANGER, WANBAOGOU, WUZHONGAN, add, ask, empty, year

LIST = date(2026, 9, 30)


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def household(head: str, place: str, kind: str, persons: int, monthly: str | None) -> dict[str, Any]:
        paid = None if monthly is None else Decimal(monthly)
        return {"kind": kind, "dated": LIST, "place": place, "head": head, "persons": persons, "monthly": paid}

    with empty() as session:
        add(
            session,
            "reliefs",
            household("张一", WANBAOGOU, "农村低保", 2, "500") | {"since": "2026-04"},
            *(household(f"张{n}", WANBAOGOU, "农村低保", 2, "500") for n in "二三四五六七"),
            household("赵明", WANBAOGOU, "五保户", 1, None),
            household("钱明", MUZHUANG, "农村低保", 3, "1200.5"),
            household("孙明", SHUXING, "农村低保", 3, "1200.5"),
            household("李明", SHUXING, "农村低保", 1, "400"),
            as_of=LIST,
            department="民政局",
        )
        yield session


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("俺村多少户低保", {"village": WANBAOGOU, "relief": "农村低保"}, "万宝沟村农村低保7户14人，每月共3500元。"),
        ("低保多少户", {"village": WANBAOGOU}, "万宝沟村农村低保7户14人，每月共3500元。"),
        ("低保五保几户", {"village": WANBAOGOU}, "万宝沟村农村低保7户14人，每月共3500元；五保户1户1人。"),
        ("吃救助的多少户", {"village": WANBAOGOU}, "万宝沟村农村低保7户14人，每月共3500元；五保户1户1人。"),
        ("镇里低保多少户", {"town": WUZHONGAN}, "五重安镇农村低保8户17人，每月共4700.5元。"),
        ("全市低保多少户", {"county": True}, "迁安市农村低保10户21人，每月共6301元。"),
        ("特困有几户", {"village": WANBAOGOU}, "2026年9月30日的公示名单上没有万宝沟村的特困。"),
        ("低保多少户", {"village": "130283116210"}, "2026年9月30日的公示名单上没有宫上村的农村低保。"),
        ("去年低保多少户", {"village": WANBAOGOU, "period": year(2025)}, "没有五重安镇万宝沟村2025年农村低保的记录，现有的是2026年9月30日的。"),
        ("明年低保多少户", {"village": WANBAOGOU, "period": year(2027)}, "2027年还没到，现有的是2026年9月30日的。"),
        ("今年低保多少户", {"village": WANBAOGOU, "period": year(2026)}, "万宝沟村农村低保7户14人，每月共3500元。"),
        ("今年新增了几户低保", {"village": WANBAOGOU}, "新增的：万宝沟村农村低保1户2人，每月共500元。"),
        ("去年新增了几户低保", {"village": WANBAOGOU}, "万宝沟村2025年没有新增的农村低保。"),
        ("取消了几户低保", {"village": WANBAOGOU}, "公示名单只列现在享受的户，看不出谁取消了。万宝沟村农村低保现有7户。"),
        ("因病吃低保的几户", {"village": WANBAOGOU}, "致困原因不按户公开，只有总数：万宝沟村农村低保7户14人，每月共3500元。"),
        ("哪个村低保最多", {"extreme": "highest"}, "迁安市农村低保户数最多的是五重安镇万宝沟村，7户；其次建昌营镇树行村2户、五重安镇母庄村1户。"),
        ("哪个村低保最少", {"extreme": "lowest", "town": WUZHONGAN}, "五重安镇农村低保户数最少的是五重安镇母庄村，1户；其次五重安镇万宝沟村7户。"),
        ("哪个镇低保最多", {"extreme": "highest"}, "迁安市农村低保户数最多的是五重安镇，8户；其次建昌营镇2户。"),
        ("低保多少户", {"village": "130283001201"}, "没有建设村低保的记录。"),
    ],
)  # fmt: skip
def test_counts(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, reliefs.count, text, **slots).headline == headline


def test_how_a_village_stands(data: Session) -> None:
    reply = ask(data, reliefs.count, "俺村低保户数在全市排第几", village=WANBAOGOU, own_village=True, county=True)
    assert reply.headline.startswith("万宝沟村农村低保7户")
    assert reply.details[0] == "户数在迁安市从高到低排第1，共3个有名单的村。"


def test_a_comparison_that_is_not_held_is_said_so(data: Session) -> None:
    reply = ask(data, reliefs.count, "低保比去年多了没", village=WANBAOGOU)
    assert reply.headline == "万宝沟村农村低保7户14人，每月共3500元；没有以前的数，比不了。"
    assert "按2026年9月30日的公示名单。" in reply.details


def test_a_long_list_is_cut_in_the_headline_alone(data: Session) -> None:
    reply = ask(data, reliefs.listed, "谁吃低保", RESIDENT, village=WANBAOGOU)
    assert reply.headline.endswith("：张*2人、张*2人、张*2人、张*2人、张*2人、张*2人等7户。")
    assert len([line for line in reply.details if line == "农村低保 张* 2人 每月500元"]) == 7
    assert {fact.source for fact in reply.facts} == {"民政局"}
    assert {fact.as_of for fact in reply.facts} == {LIST}
    assert {fact.place for fact in reply.facts} == {"五重安镇万宝沟村"}


def test_a_list_of_a_town_is_for_nobody(data: Session) -> None:
    reply = ask(data, reliefs.listed, "全镇低保名单", RESIDENT, town=WUZHONGAN)
    assert reply.intent == "denied"
    assert reply.headline == "五重安镇农村低保8户17人，每月共4700.5元。名单不对外村公开。"


def test_an_empty_list_tells_a_stranger_no_more(data: Session) -> None:
    reply = ask(data, reliefs.listed, "特困名单", STRANGER, village=WANBAOGOU)
    assert reply.intent == "denied"
    assert not ask(data, reliefs.listed, "特困名单", RESIDENT, village=WANBAOGOU).intent


def test_nothing_is_held(session: Session) -> None:
    assert ask(session, reliefs.count, "低保多少户", county=True).headline == "没有迁安市低保的记录。"
    assert ask(session, reliefs.count, "哪个村低保最多").headline == "没有迁安市低保的记录。"
